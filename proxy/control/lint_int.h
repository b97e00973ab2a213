/**
 * `spangate policy lint`: what loads, but is not meant, or will hurt.
 *
 *   lint.c         files, rules against each other, tests, dates; the command
 *   lint_regex.c   what a regular expression is made of
 *   lint_print.c   text, JSON, SARIF 2.1.0, workflow commands
 */
#ifndef CONTROL_LINT_INT_H
#define CONTROL_LINT_INT_H

#include "policies/inspect.h"
#include "tool_int.h"

enum lint_code {
    SG_LINT_NEVER = 901,
    SG_LINT_ALWAYS_TRIED = 902,
    SG_LINT_NESTED = 903,
    SG_LINT_HOSTILE = 904,
    SG_LINT_BOTH_ENDS = 905,
    SG_LINT_REPLACEMENT = 906,
    SG_LINT_SHADOW_UNDATED = 907,
    SG_LINT_SHADOW_OLD = 908,
    SG_LINT_UNTESTED = 909,
    SG_LINT_NO_EFFECT = 910,
    SG_LINT_CHARACTERS = 911
};

#define LINT_SHADOW_DAYS 30

enum lint_format { LINT_TEXT, LINT_JSON, LINT_SARIF, LINT_GITHUB };

struct lint_options {
    struct tool_options tool;
    uint64_t now_s;
    const char *const *ignore; /* SGnnnn */
    size_t ignore_count;
    enum lint_format format;
};

/**
 * lint_main(o, out):
 * Append the report: what the loader says, then what only lint looks at.
 * Returns: EXIT_DONE nothing to say; EXIT_NEGATIVE; EXIT_CONFIG a file that was named cannot be read
 */
int lint_main(const struct lint_options *o, struct buf *out);

/* ---- lint_regex.c: both NUL or not, any bytes ---- */

/* Where a group that can repeat without bound holds nothing but what repeats; SIZE_MAX: nowhere. */
size_t lint_nested_quantifier(struct str regex);
/* Where it means characters outside of ASCII, and matches bytes: \p{..}, \X, a class that holds some, one that repeats; SIZE_MAX: nowhere. */
size_t lint_characters(struct str regex);
/* Whether it begins and ends with .* or .+, anchored nowhere. */
bool lint_open_ends(struct str regex);

/* ---- lint_print.c ---- */
enum rc lint_print(const struct errs *es, enum lint_format format, struct buf *out) MUST_USE;

#endif
