/**
 * Configuration trees: YAML read into nodes that know their line and column. No type is guessed: a scalar stays text until a
 * reader asks for a type ("NO" is Norway). Anchors and aliases are resolved (bounded), merge keys are not. Unknown keys are the reader's
 * to refuse: conf_map_check does it from a list of names.
 *
 * Environment and files: ${env:NAME}, ${env:NAME:-default} and ${file:/path} inside values (not keys) are expanded when the document is
 * read, once; a relative path is relative to the file of the document; "$${" stands for "${". Tags other than !!str are refused.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/err.h"
#include "base/str.h"

enum conf_kind { CONF_NULL, CONF_SCALAR, CONF_LIST, CONF_MAP };

struct conf_node {
    enum conf_kind kind;
    bool quoted;              /* scalar was quoted or a block: never null, number or boolean */
    bool secret;              /* scalar came through ${file:}: not to be printed */
    struct str text;          /* scalar, NUL-terminated one past the end */
    unsigned line, col;       /* from 1 */
    unsigned count;           /* elements of list or map */
    struct conf_node **items; /* list: elements; map: values */
    struct conf_node **keys;  /* map: scalars, unique, in file order */
};

struct conf_doc;

/**
 * conf_load_file(path, doc, es):
 * Read a file of one or more YAML documents (at most 64, 4 MiB, depth 64, 200,000 nodes).
 * Out:     doc  owner frees with conf_free; untouched on failure
 * Returns: RC_OK; RC_CONFIG with errors in es (cannot be read, syntax, duplicate key, unset variable, limits)
 */
enum rc conf_load_file(const char *path, struct conf_doc **doc, struct errs *es) MUST_USE;
/* The same from memory; name is used in messages, and copied. expand = false leaves ${...} as it stands. */
enum rc conf_load_text(const char *name, struct str text, bool expand, struct conf_doc **doc, struct errs *es) MUST_USE;
void conf_free(struct conf_doc *doc);

unsigned conf_count(const struct conf_doc *doc);
const struct conf_node *conf_root(const struct conf_doc *doc, unsigned i);
const char *conf_file(const struct conf_doc *doc);
struct err_pos conf_pos(const struct conf_doc *doc, const struct conf_node *n);

/* The value under key, NULL when the node is no map or has no such key. n may be NULL. */
const struct conf_node *conf_get(const struct conf_node *n, const char *key);

/**
 * conf_map_check(doc, n, names, count, es):
 * n must be a map all of whose keys are among ${names}: one error for each that is not, with the nearest name.
 * Returns: RC_OK; RC_CONFIG
 */
enum rc conf_map_check(const struct conf_doc *doc, const struct conf_node *n, const char *const *names, size_t count, struct errs *es) MUST_USE;

/*
 * Typed readers. NULL n: the value stays what it was (the default), RC_OK. A value of the wrong type or out of range: error in es, RC_CONFIG.
 * Durations: "200ms" "5s" "1m30s" "2h" "7d"; sizes: "16MiB" "64KiB" "1GiB" "512" (bytes).
 */
enum rc conf_bool(const struct conf_doc *doc, const struct conf_node *n, bool *value, struct errs *es) MUST_USE;
enum rc conf_u64(const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es) MUST_USE;
enum rc conf_duration_ms(
    const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es) MUST_USE;
enum rc conf_size(const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es) MUST_USE;
/* A non-null scalar; the slice lives as long as doc and is NUL-terminated. */
enum rc conf_text(const struct conf_doc *doc, const struct conf_node *n, struct str *value, struct errs *es) MUST_USE;
/* The same notations outside of files (command line); false, value untouched, when s is no such thing. */
bool conf_parse_duration_ms(struct str s, uint64_t *value) MUST_USE;
bool conf_parse_size(struct str s, uint64_t *value) MUST_USE;
/* One of names; value is its index. */
enum rc conf_choice(
    const struct conf_doc *doc, const struct conf_node *n, const char *const *names, size_t count, unsigned *value, struct errs *es) MUST_USE;

#endif
