/**
 * The shape of a map in a configuration: which keys it has, of which types. One table serves the reader, which refuses every other key, and the JSON Schema
 * that editors complete from, so that the two cannot disagree.
 */
#ifndef BASE_CONF_SHAPE_H
#define BASE_CONF_SHAPE_H

#include "base/conf.h"

enum conf_type {
    CONF_TEXT,   /* a scalar; quoted or not */
    CONF_BOOL,   /* true, false */
    CONF_NUMBER, /* a whole number from min to max */
    CONF_SHARE,  /* 0 to 1 */
    CONF_DAY,    /* YYYY-MM-DD */
    CONF_WORD,   /* one of words */
    CONF_TEXTS,  /* one text or a list of them */
    CONF_WORDS,  /* one of words or a list of them */
    CONF_INNER,  /* a map of the shape `of` */
    CONF_INNERS, /* a list of such maps */
    CONF_NAMED,  /* names to such maps */
    CONF_VALUES, /* names to anything */
    CONF_EITHER, /* one of words, or a map of the shape `of` */
    CONF_ITEMS,  /* a list of anything; with `of`: of texts and of such maps */
    CONF_ANY
};

struct conf_shape;

struct conf_field {
    const char *name;
    enum conf_type type;
    bool required;
    const struct conf_shape *of;
    const char *const *words;             /* NULL-terminated; NULL: any text */
    const char *const *(*words_of)(void); /* words that tables of the program know; they are suggested, other texts are allowed */
    uint64_t min, max;
    const char *doc; /* one line */
};

struct conf_shape {
    const char *name;                /* of the definition in the schema */
    const struct conf_field *fields; /* .name NULL ends */
};

/* As conf_map_check with the names of the shape. */
enum rc conf_shape_check(const struct conf_doc *doc, const struct conf_node *n, const struct conf_shape *s, struct errs *es) MUST_USE;

#endif
