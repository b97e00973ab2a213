/**
 * Examination: run a program over a batch. The result is a list of findings; nothing is changed here.
 *
 * For each text: candidate finder -> PCRE2 for candidate rules -> validator and context -> finding. For each attribute: key rules and the
 * key allow-list (answers are kept per key in a bounded table with full comparison), and the key's own bytes as a text.
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
#define RULE_NOT_ALLOWED 0xFFFE /* key is not on the allow-list and otherwise: drop */

enum finding_on { FINDING_TEXT, FINDING_KEY, FINDING_ATTRIBUTE };

/*
 * One match of one rule. index is into batch.texts (FINDING_TEXT: bytes [start,end) of the text, of its decimal form for
 * numbers), or into batch.attrs (FINDING_KEY: bytes of the key; FINDING_ATTRIBUTE: a key rule that wants the whole value).
 */
struct finding {
    uint32_t index;
    uint32_t start, end;
    uint16_t rule;
    uint8_t on;
    bool whole; /* the whole text is concerned (key rule, undecidable) */
};

/* Lists in the order of the batch: by text, then by start. by_text[i]..by_text[i+1] are those of text i; the same for attrs. */
struct findings {
    struct finding *list;
    uint32_t count, cap;
    uint64_t bytes_examined;
    uint32_t undecidable;
};

/**
 * examine_batch(ex, b, ar, out):
 * Examine every text, every key, of the whole batch.
 * Out:     out  findings of all rules of all policies that match the resource, in ${ar}, grouped by owner in wire order: for each span (then scope, resource)
 * Returns: RC_OK; RC_NOMEM: refuse the request
 * Promise: after RC_OK each text and key was seen by every active rule to its end, or has an undecidable finding
 * Thread:  the examiner's
 */
enum rc examine_batch(struct examiner *ex, const struct batch *b, struct arena *ar, struct findings *out) MUST_USE;

/* One text under a key at a place, for tools and tests; findings have index 0. */
enum rc examine_text(struct examiner *ex, enum place place, struct str key, struct str text, struct arena *ar,
    struct findings *out) MUST_USE;

#endif
