/**
 * The candidate finder: says in one pass over a text which patterns may match it. What it accepts is a superset of each pattern by
 * construction, so "not a candidate" is proof of "no match"; PCRE2 (confirm_int.h) decides about candidates.
 *
 * Patterns are parsed to an NFA over bytes, joined into two automata (structural patterns; patterns anchored in a literal of three bytes or more), and
 * determinised lazily into bounded tables, one pair a worker. Counters above 8 become open-ended, lookaround and back-references are dropped,
 * word boundaries are kept where they cost little. A pattern without a useful superset is always a candidate.
 * Source: ARCHITECTURE.md "How texts are examined".
 */
#ifndef ENGINE_FINDER_INT_H
#define ENGINE_FINDER_INT_H

#include "base/rc.h"
#include "base/str.h"

struct finder_pattern {
    struct str regex; /* PCRE2 syntax, already accepted by confirm_compile */
    bool caseless;
};

struct finder;
/**
 * finder_compile(patterns, count, f):
 * Pattern i has number i. A pattern that this parser does not understand is an always-candidate, never an error.
 * Returns: RC_OK; RC_NOMEM
 */
enum rc finder_compile(const struct finder_pattern *patterns, size_t count, struct finder **f) MUST_USE;
void finder_free(struct finder *f);
/* True when pattern i is tried on every text (policy lint says so). */
bool finder_always(const struct finder *f, size_t i);

/* The tables of one worker. They grow to a fixed cap (states and bytes) and are then flushed and rebuilt. */
struct finder_tables;
struct finder_tables *finder_tables_new(const struct finder *f) MUST_USE;
void finder_tables_free(struct finder_tables *t);

/* Restore the budget of states that one request may have built. */
void finder_budget(struct finder_tables *t);

/* Add what so many texts may need: identifiers that are all different lead to new states nearly at each of their bytes. */
void finder_budget_add(struct finder_tables *t, size_t texts);

/**
 * finder_scan(t, text, ids, count):
 * The patterns that may match somewhere in ${text}.
 * Out:     ids  ascending, without doubles, always-candidates included; valid until the next call
 * Returns: RC_OK; RC_LIMIT the budget is used up: the caller must treat every pattern as a candidate
 */
enum rc finder_scan(struct finder_tables *t, struct str text, const uint16_t **ids, size_t *count) MUST_USE;

struct finder_stats {
    size_t states, bytes, flushes, always;
};
struct finder_stats finder_stats(const struct finder_tables *t);

#endif
