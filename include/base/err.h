/**
 * Errors for people: code, place in a file, sentence, hint. Cold paths (configuration, policies, certificates) collect
 * all errors of their input in one list, so that a file is mended in one round.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdio.h>

#include "base/rc.h"
#include "base/str.h"

enum err_level { ERR_ERROR, ERR_WARNING };

struct err {
    enum err_level level;
    enum rc rc;
    unsigned code;      /* SGnnnn, 0 = none; the number is stable and documented */
    char file[192];     /* "" = no file */
    unsigned line, col; /* from 1; 0 = unknown */
    unsigned width;     /* columns to underline, at least 1 */
    char text[320];     /* one sentence, no full stop */
    char hint[240];     /* "" = none */
};

/* Grows to ERRS_MAX entries; what comes after is counted only. */
#define ERRS_MAX 100
struct errs {
    struct err *list;
    size_t count, cap;
    size_t errors, warnings; /* all that were added, kept or not */
};

/* Where an error is, as found by the reader of a file. */
struct err_pos {
    const char *file;
    unsigned line, col, width;
};

/**
 * errs_add(es, level, rc, code, pos, fmt, ...):
 * Add one error. Never fails: without memory it is counted only.
 * Returns: the entry, to set its hint; a scratch entry when it was counted only, never NULL
 */
struct err *errs_add(struct errs *es, enum err_level level, enum rc rc, unsigned code, struct err_pos pos, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* Set the hint of an entry. */
void err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * err_hint_nearest(e, given, names, count):
 * Hint "did you mean X?" when one of ${names} is near ${given}; else list up to eight of them.
 */
void err_hint_nearest(struct err *e, struct str given, const char *const *names, size_t count);

/**
 * errs_print(es, out, color):
 * Print all entries with the offending source line and a caret, then "1 error, 0 warnings".
 */
void errs_print(const struct errs *es, FILE *out, bool color);

/* The same as one JSON array of objects {level,code,file,line,column,message,hint}. */
void errs_print_json(const struct errs *es, FILE *out);
void errs_free(struct errs *es);

#endif
