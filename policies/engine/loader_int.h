/**
 * Reading RedactionPolicy documents into a program that is being built. Every function reports all errors it can find and goes on;
 * whether anything was wrong is counted in errs. Only lack of memory ends the work: it sticks in loader.fatal.
 */
#ifndef ENGINE_LOADER_INT_H
#define ENGINE_LOADER_INT_H

#include "codes_int.h"
#include "policies/shapes.h"
#include "program_int.h"

/* A detector of one policy: a regex of its own, or a built-in with other options. */
struct local_detector {
    struct local_detector *next;
    struct str name;
    bool custom;
    struct detector det; /* custom: id, entity, context; else only what overrides */
    struct str regex;
    const struct conf_node *regex_node;
    bool has_severity, need_context;
};

/* Pattern x serves rule y; sorted out when all policies are read. */
struct pairing {
    uint16_t pattern, rule;
};

struct loader {
    const struct program_source *src;
    struct program *prog;
    struct errs *es;
    enum rc fatal; /* RC_OK, RC_NOMEM */
    struct pairing *pairings;
    size_t pairing_count, pairing_cap;
    size_t policy_cap, rule_cap, pattern_cap;
    /* of the document being read */
    const struct conf_doc *doc;
    struct policy *policy;
    struct local_detector *detectors;
    const struct draft *outer; /* the rule whose `use` is being read from a pack; NULL outside of packs */
    unsigned pack_depth;
};
#define PACK_DEPTH_MAX 4 /* packs that use packs */

/* One thing that the selectors of a rule choose: built-in detectors of one entity, a detector of the policy, a regex, or keys alone. */
struct selection {
    struct str entity; /* label of the rule; also {entity} */
    const struct detector *const *detectors;
    size_t detector_count;
    const struct local_detector *local; /* custom, or the options of the built-in ones */
    const char *replacement;            /* of a scanner, for rules without action; NULL = none */
    unsigned severity;                  /* without detectors */
    bool structure;                     /* values of one kind that scanners report */
    enum scan_kind kind;
};
#define SELECTIONS_MAX 512

/* ---- policy_load.c ---- */

/* Read all files; on return errors are in ld->es, lack of memory in ld->fatal. */
void policy_files(struct loader *ld);
/* Read one document's spec. */
void policy_spec(struct loader *ld, const struct conf_node *spec);

/* ---- policy_detector.c ---- */
void policy_detectors(struct loader *ld, const struct conf_node *n);
/* The regex that stands in a rule itself, with its context. NULL without memory. */
struct local_detector *policy_inline_regex(struct loader *ld, const struct conf_node *rule, struct str entity);

/* ---- policy_rule.c ---- */
void policy_rules(struct loader *ld, const struct conf_node *n);
/* A rule that stands for keys.otherwise: drop. Returns its number. */
uint16_t policy_closing_rule(struct loader *ld);

/* ---- policy_pattern.c ---- */
void pattern_of_detector(struct loader *ld, const struct detector *d, const struct local_detector *local, size_t rule);
void pattern_of_regex(struct loader *ld, const struct local_detector *local, size_t rule);

/* ---- policy_scanner.c ---- */

/* Add the scanners that `use: NAME` means to a set of their numbers. False when the name is none. */
bool scanners_named(struct str name, uint64_t *set);
/* One selection for each kind that they may report. */
size_t scanners_select(uint64_t set, struct selection *out, size_t max);
/* Let them feed the rules from first_rule on, under these keys; under their own when there are none. */
void scanners_use(struct loader *ld, const struct conf_node *n, uint64_t set, const struct globs *keys, size_t first_rule);

/* ---- policy_allow.c ---- */

/* Append what n allows; n may be NULL. */
void policy_allow(struct loader *ld, const struct conf_node *n, struct allow_list *l);

/* ---- policy_text.c: small readers ---- */
struct err *policy_error(struct loader *ld, const struct conf_node *n, enum policy_code code, const char *fmt, ...) PRINTF_LIKE(4, 5);
struct err *policy_warning(struct loader *ld, const struct conf_node *n, enum policy_code code, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool policy_map_check(struct loader *ld, const struct conf_node *n, const struct conf_shape *shape);
void *policy_alloc(struct loader *ld, size_t count, size_t size);
struct str policy_dup(struct loader *ld, struct str s); /* NUL-terminated; empty when there is no memory */
struct str policy_dup_lower(struct loader *ld, struct str s);
/* A name for metrics and reports: 1..64 of [A-Za-z0-9._/-]. Empty with an error when it is none. */
struct str policy_name(struct loader *ld, const struct conf_node *n, const char *what);
/* One scalar or a list of at least one; an empty list is an error. */
size_t policy_texts(struct loader *ld, const struct conf_node *n, const char *what, struct str **list);
struct globs policy_globs(struct loader *ld, const struct conf_node *n, const char *what, bool lower);
enum rule_mode policy_mode(struct loader *ld, const struct conf_node *n, enum rule_mode otherwise);
/* The day since when a mode holds, YYYY-MM-DD: for people and for lint; only its form is checked. */
void policy_since(struct loader *ld, const struct conf_node *n);
/* A list of places; otherwise when n is NULL. */
uint32_t policy_places(struct loader *ld, const struct conf_node *n, uint32_t otherwise);

/* ---- policy_when.c ---- */

/* The destinations for which a condition holds, as a set; all when n is NULL. */
uint32_t policy_when(struct loader *ld, const struct conf_node *n);

/* ---- policy_pack.c ---- */

/* What `use: NAME` means when NAME is a category, an entity or a detector. Fills up to max selections; 0 when the name is unknown. */
size_t pack_find(struct loader *ld, struct str name, struct selection *out, size_t max);
/* Packs and categories, for hints. */
const char *const *pack_names(struct loader *ld, size_t *count);

#endif
