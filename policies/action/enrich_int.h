/**
 * Enrichment inside: what sources leave behind, and how a source is read.
 *
 * Everything that can be encoded ahead is: an enricher is a list of finished fields for resources, one for spans, and the evaluations, which choose one of
 * several finished fields by a unit found on the span. A source type is one file with one const table entry.
 */
#ifndef ACTION_ENRICH_INT_H
#define ACTION_ENRICH_INT_H

#include "attr_path_int.h"
#include "base/arena.h"
#include "policies/enrich.h"

#define ENRICH_SOURCES_MAX 64
#define ENRICH_ATTRIBUTES_MAX 256 /* for resources, and for spans */
#define ENRICH_EVALUATIONS_MAX 256
#define ENRICH_VARIANTS_MAX 64
#define ENRICH_KEY_MAX 255
#define ENRICH_VALUE_MAX 4096
#define ENRICH_FILE_MAX ((size_t)1 << 20)

/* SGnnnn of this part of the product. */
enum enrich_code {
    SG_ENRICH_TYPE = 601,
    SG_ENRICH_LIMIT = 602,
    SG_ENRICH_ATTRIBUTE = 603,
    SG_ENRICH_ENVIRONMENT = 604,
    SG_ENRICH_FILE = 605,
    SG_ENRICH_UNIT = 606,
    SG_ENRICH_EXPERIMENT = 607,
    SG_ENRICH_FLAG = 608,
    SG_ENRICH_SOURCE = 609
};

/* One attribute, encoded as a field of its owner (Resource.attributes = 1, Span.attributes = 9). */
struct addition {
    struct str key, field;
    bool override;
};

struct additions {
    struct addition *list; /* [ENRICH_ATTRIBUTES_MAX], unique keys */
    unsigned count;
};

/* What one variant adds: an event, an attribute, or both; ptr NULL: not that. time_at is where the event's time stands in its field. */
struct outcome {
    struct str event;
    size_t time_at;
    struct addition attribute;
};

/* A flag or an experiment: one of several outcomes for each span that has the unit. */
struct evaluation {
    struct str key;
    bool override;
    bool has_unit; /* without: outcome 0 for every span */
    struct attr_path unit;
    struct bucket_rule rule; /* of experiments: more than one outcome is chosen by it */
    bool experiment;
    struct outcome *outcomes;
};

struct enricher {
    struct arena *ar; /* of everything below */
    struct additions resource, span;
    struct evaluation *evaluations; /* [ENRICH_EVALUATIONS_MAX], unique keys */
    unsigned evaluation_count;
};

/* One source while it is read. */
struct enrich_load {
    const struct conf_doc *doc;
    struct enricher *en;
    struct errs *es;
    const struct conf_node *node; /* the source's map */
    bool override;
    enum place where; /* PLACE_RESOURCE_ATTRIBUTE or PLACE_SPAN_ATTRIBUTE */
    bool nomem;
};

struct enrich_source {
    const char *type;
    const char *help;
    const char *const *keys; /* those of its map beside type and on_conflict, NULL-terminated */
    void (*load)(struct enrich_load *ld);
};

extern const struct enrich_source enrich_static, enrich_env, enrich_file, enrich_podinfo, enrich_experiment, enrich_flagd;

/* ---- for sources: enrich_load.c ---- */

struct err *enrich_error(const struct enrich_load *ld, const struct conf_node *n, unsigned code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* A copy in the enricher's arena, with a NUL behind it; .ptr NULL sets nomem. */
struct str enrich_copy(struct enrich_load *ld, struct str s);

/* Add one attribute of the source. pos is where the value comes from, for errors. */
void enrich_add(struct enrich_load *ld, struct err_pos pos, struct str key, struct str value);

/* The text under key of the source's map, required; false with an error when it is not there. */
bool enrich_text(struct enrich_load *ld, const char *key, struct str *value);

/* The same for the name of a file or folder: a relative one is relative to the document's file. */
bool enrich_path(struct enrich_load *ld, const char *key, struct str *value);

/* The whole file into out (owner frees); false with an error at n. */
bool enrich_read(struct enrich_load *ld, const struct conf_node *n, const char *path, struct buf *out);

/* ---- for experiments and flags: enrich_evaluation.c ---- */

enum enrich_emit { EMIT_SPAN_EVENT, EMIT_ATTRIBUTES, EMIT_BOTH };

/* Attribute names: semantic conventions v1.44, feature_flag.*; empty ones are left out. */
struct evaluation_words {
    struct str key, provider, variant, reason, set_id, version;
};

/* Read `emit`, and the unit's path under name (required or not). */
bool evaluation_emit(struct enrich_load *ld, enum enrich_emit *emit);
bool evaluation_unit(struct enrich_load *ld, const char *name, bool required, struct evaluation *ev);
/* Encode what one outcome adds. */
void evaluation_outcome(struct enrich_load *ld, enum enrich_emit emit, const struct evaluation_words *words, struct outcome *out);
/* Take the finished evaluation into the enricher, by the rule of conflicts. */
void evaluation_add(struct enrich_load *ld, struct err_pos pos, const struct evaluation *ev);

#endif
