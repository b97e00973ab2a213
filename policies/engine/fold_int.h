/**
 * The folded view of a text: what a reader would see behind percent signs, JSON and HTML escapes, full-width forms, digits of other scripts,
 * odd spaces and dashes, and characters without width. Rules match on it as they match on the text itself; each byte knows
 * where it comes from, so that what is redacted are the original bytes.
 */
#ifndef ENGINE_FOLD_INT_H
#define ENGINE_FOLD_INT_H

#include "base/rc.h"
#include "base/str.h"

#define FOLD_TEXT_MAX (1u << 20) /* longer texts with something to fold are undecidable */
#define FOLD_PASSES 3            /* percent signs inside percent signs */

struct fold_view {
    char *bytes;
    uint32_t *map; /* map[i]: offset in the original text of what byte i came from; map[len]: the end */
    size_t len, cap;
};

/* Whether fold_pass could change s: one look at each byte. */
bool fold_wanted(struct str s);

/**
 * fold_pass(in, map, form, out, changed):
 * Take one layer off.
 * In:      map   of in's bytes to the original, NULL = in is the original
 *          form  a + in the value of a pair (a=b+c), or between groups (GB82+WEST+1234), is a space, as forms write it
 * Out:     out   a view that is reused: its memory grows (malloc), the owner calls fold_free; changed = false: out is of no interest
 * Returns: RC_OK; RC_NOMEM; RC_LIMIT when in is longer than FOLD_TEXT_MAX
 */
enum rc fold_pass(struct str in, const uint32_t *map, bool form, struct fold_view *out, bool *changed) MUST_USE;

/* Whether form makes a difference to fold_pass: a + that may be a space. */
bool fold_form_wanted(struct str s);

/* Whether an escape is left that could hide any byte (%41, \u0041, &#65;): asked after the last pass. */
bool fold_hides(struct str s);
void fold_free(struct fold_view *v);

/**
 * decode_next(s, from, run, out, len):
 * The next run of at least DECODE_RUN_MIN characters of base64 (= that fills it up included) or hex that decodes to text.
 * In:      from  where to look on; 0 at first
 * Out:     run   [start, end) of the run in s; out holds the decoded bytes (it needs 3/4 of s.len), len their number
 * Returns: false when there is none (out, len undefined)
 */
#define DECODE_RUN_MIN 16
struct decode_run {
    size_t start, end;
};
bool decode_next(struct str s, size_t from, struct decode_run *run, char *out, size_t *len);

/* What a code point above ASCII is read as: the digit, letter or mark that it looks like; FOLD_DROP one without width; else itself. */
#define FOLD_DROP UINT32_MAX
uint32_t fold_point(uint32_t cp);

#endif
