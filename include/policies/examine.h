/**
 * Examination: run a program over a batch. The result is a list of findings; nothing is changed here.
 *
 * For each text: candidate finder -> PCRE2 for candidate rules -> validator and context -> finding. For each attribute: key rules and the
 * key allow-list (answers are kept per key in a bounded table with full comparison), and the key's own bytes as a text. Nested keys are matched by
 * themselves and as a path: "user/email". Where a text holds escapes (percent, JSON, HTML), characters of odd width or none, digits of other
 * scripts, base64 or hexadecimal, what they stand for is examined too.
 * Whatever does not end in a clear "match" or "no match" is an undecidable finding over the whole text.
 */
#ifndef POLICIES_EXAMINE_H
#define POLICIES_EXAMINE_H

#include "base/arena.h"
#include "codec/batch.h"
#include "policies/program.h"

struct examiner;

/**
 * examiner_new(prog):
 * The mutable side of a program: automaton tables, PCRE2 match data and JIT stack, key table. Takes a reference to ${prog}.
 * Returns: warmed up and ready; NULL when out of memory
 * Thread:  one at a time; make one a worker, off the data path
 */
struct examiner *examiner_new(struct program *prog) MUST_USE;
void examiner_free(struct examiner *ex);

#define RULE_UNDECIDABLE 0xFFFF /* redact the whole text with the fixed marker */

enum finding_on { FINDING_TEXT, FINDING_KEY, FINDING_ATTRIBUTE };

/* In which form the match was seen: as it stands, through escapes and odd characters, or inside of base64 or hexadecimal digits. */
enum finding_view { VIEW_PLAIN, VIEW_FOLDED, VIEW_DECODED };

/*
 * One match of one rule. index is into batch.texts (FINDING_TEXT: bytes [start,end) of the text, of its decimal form for
 * numbers), or into batch.attrs (FINDING_KEY: bytes of the key; FINDING_ATTRIBUTE: a key rule, or a key allow-list that does not have the key:
 * then rule is the one with the id "keys" of its policy).
 */
struct finding {
    uint32_t index;
    uint32_t start, end;
    uint16_t rule; /* number in the program, or RULE_UNDECIDABLE */
    uint8_t on;    /* enum finding_on */
    uint8_t view;  /* enum finding_view */
    bool whole;    /* the whole text is concerned (key rule, undecidable) */
};

/* Findings of all rules, shadow ones included: first those on attributes and keys by attribute, then those on texts by text and start. */
struct findings {
    struct finding *list;
    uint32_t count, cap;
    uint32_t attr_count; /* list[0 .. attr_count) are on attributes and keys */
    uint64_t bytes_examined;
    uint32_t undecidable;
    struct examiner *by; /* who found them: what stands in place of a text is given to it again; NULL: nobody is asked */
    enum place place;    /* of the text of examine_text, and the key it stands under, borrowed */
    struct str key;
};

/**
 * examine_batch(ex, b, ar, out):
 * Examine every text, every key, of the whole batch.
 * Out:     out  findings of all rules of all policies that match the resource, in ${ar}
 * Returns: RC_OK; RC_NOMEM: refuse the request
 * Promise: after RC_OK each text and key was seen by every active rule to its end, or has an undecidable finding
 * Thread:  the examiner's
 */
enum rc examine_batch(struct examiner *ex, const struct batch *b, struct arena *ar, struct findings *out) MUST_USE;

/* One text under a key at a place, for tools and tests: every policy applies; findings have index 0, key findings are those of ${key}. */
enum rc examine_text(struct examiner *ex, enum place place, struct str key, struct str text, struct arena *ar, struct findings *out) MUST_USE;

#endif
