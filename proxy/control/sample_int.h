/**
 * Inside of the sample generator: attributes are appended to the message that is open, each of them counted, some of them personal.
 */
#ifndef CONTROL_SAMPLE_INT_H
#define CONTROL_SAMPLE_INT_H

#include "codec/put.h"
#include "control/sample.h"

enum span_kind { KIND_INTERNAL = 1, KIND_SERVER, KIND_CLIENT, KIND_PRODUCER, KIND_CONSUMER };

/* A batch being written. */
struct gen {
    struct sampler *s;
    struct put p;
    uint32_t attributes; /* field number of attributes in the message that is open */
};

/* One span while its fields are chosen. */
struct shape {
    enum span_kind kind;
    bool failed;
    char name[120];
    uint64_t start, end;
};

/* Fields of KeyValue and AnyValue. */
enum { ATTRIBUTE_KEY = 1, ATTRIBUTE_VALUE = 2, VALUE_STRING = 1, VALUE_INT = 3, VALUE_ARRAY = 5, VALUE_KVLIST = 6 };

uint32_t gen_below(struct gen *g, uint32_t n);
const char *gen_pick(struct gen *g, const char *const *list, size_t count);
#define GEN_PICK(g, list) gen_pick((g), (list), sizeof(list) / sizeof((list)[0]))
extern const char *const gen_services[8], *const gen_things[7];

void gen_attribute(struct gen *g, const char *key, struct str value);
void gen_text(struct gen *g, const char *key, const char *value);
void gen_format(struct gen *g, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4);
void gen_int(struct gen *g, const char *key, uint64_t value);
void gen_uuid(struct gen *g, const char *key);

/* A text in which people end up: now and then something personal follows it, after joint. A joint of '?' or '&' makes it part of a URL. */
void gen_open_text(struct gen *g, const char *key, const char *plain, const char *joint);

/* A personal value of its own; the caller has asked gen_personal_due. */
void gen_personal(struct gen *g, const char *key, enum sample_kind kind);

/* An address, of a person or of a socket. */
void gen_address(struct gen *g, const char *key);
void gen_count_value(struct gen *g);

/* Whether the next value is to be personal; if so it counts as one. */
bool gen_personal_due(struct gen *g);

/* The attributes of one span of the scope (0 .. 2); fills kind and name. sample_shapes.c */
void gen_shape(struct gen *g, uint32_t scope, struct shape *sh);

#endif
