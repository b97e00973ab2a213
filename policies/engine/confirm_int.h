/**
 * PCRE2: the one that says that a pattern does match, and where. Byte mode, JIT, match limit 10,000. Anything but "match" and "no match" is undecidable.
 */
#ifndef ENGINE_CONFIRM_INT_H
#define ENGINE_CONFIRM_INT_H

#include "base/err.h"
#include "base/str.h"

struct confirm; /* one compiled pattern, immutable, shared by workers */

/**
 * confirm_compile(regex, caseless, pos, c, es):
 * Refuses patterns that can match the empty string, \K, callouts, recursion, and patterns above 4 KiB.
 * Returns: RC_OK; RC_CONFIG with an error in es (at pos, col moved to the offset inside the pattern)
 */
enum rc confirm_compile(struct str regex, bool caseless, struct err_pos pos, struct confirm **c, struct errs *es) MUST_USE;
void confirm_free(struct confirm *c);
/* Bound what all places where a match may begin cost together, 1 ms for 4 KiB: for a pattern that was not tried on hostile texts before. */
void confirm_bound(struct confirm *c);
bool confirm_jit(const struct confirm *c);
/* The number of a named group, 0 when there is none. */
unsigned confirm_group(const struct confirm *c, const char *name);

struct confirm_scratch; /* match data and JIT stack of one worker */
struct confirm_scratch *confirm_scratch_new(void) MUST_USE;
void confirm_scratch_free(struct confirm_scratch *s);

#define CONFIRM_GROUPS 4
struct confirm_match {
    size_t start, end;
    size_t group[2 * CONFIRM_GROUPS]; /* start,end of groups 1..4, SIZE_MAX when unset */
};

/**
 * confirm_next(c, s, text, from, m):
 * The first match that starts at or after ${from}.
 * Returns: RC_OK m is set; RC_NOT_FOUND no further match; RC_UNDECIDABLE a limit or error of PCRE2: redact the whole text
 */
enum rc confirm_next(const struct confirm *c, struct confirm_scratch *s, struct str text, size_t from, struct confirm_match *m) MUST_USE;

#endif
