/**
 * Programs from policy text, and spans through them, for tests of the policy engine.
 *
 * Destinations: 0 "otlp_grpc/eu" (EU, DE), 1 "otlp_http/us" (US, US). Keys: "pseudonym-2026" and "other-key", 32 bytes each, and "short-key".
 */
#ifndef SUPPORT_POLICIES_PROGRAM_H
#define SUPPORT_POLICIES_PROGRAM_H

#include "policies/redact.h"

#define CLASS_EU 0

/* "apiVersion..kind..metadata..spec:" before lines of spec, which are indented by two spaces. */
#define POLICY(name) "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: " name "}\nspec:\n"

/* What a program of these files is made from; files is borrowed. */
struct program_source program_source_of(const char *const *files, size_t count);

/* A file with this text; its path is put in place of the X in path, and the caller unlinks it. */
#define TEMPORARY "/tmp/spangate-test-XXXXXX"
void temporary_file(char *path, const char *text);

/* Compile; the result of program_compile. yaml may hold several documents. */
enum rc program_try(const char *yaml, struct program **p, struct errs *es);

/* Compile; fails the test, with the errors printed, when that does not succeed. */
struct program *program_of(const char *yaml);

/* For `use: [..]`, every detector: of the locale packs each by its id, of the others by category. */
const char *program_names(void);

/* The number of a rule by id (and entity, when it is not NULL); fails the test when there is none. */
uint16_t rule_of(const struct program *p, const char *id, const char *entity);

/* A gate in small: JSON -> index -> examine -> redact -> emit -> JSON. One examiner for all calls. */
struct gate_small {
    struct program *prog;
    struct examiner *ex;
    struct arena *ar;
    struct redact_report report; /* of the last call, in ar */
    struct findings findings;
    struct buf json;
    enum rc rc;
};

void small_open(struct gate_small *g, const char *yaml);
void small_close(struct gate_small *g);

/* What leaves for a destination, as JSON; "" with g->rc set when the request is refused. Valid until the next call. */
const char *small_pass(struct gate_small *g, unsigned destination, const char *json);

/* One span attribute (or, with key NULL, the span's name) through the gate for destination 0. Valid until the next call. */
const char *small_text(struct gate_small *g, const char *key, const char *value);

#endif
