/**
 * The candidate finder: says which patterns may match a text. What it accepts is a superset of each pattern by
 * construction, so "not a candidate" is proof of "no match"; PCRE2 (confirm_int.h) decides about candidates.
 *
 * Two stages. The sieve (finder_sieve_int.h) looks at each byte once and tells which patterns the text can match at all by the letters, marks, digits and
 * lengths that it shows. Patterns are parsed to NFAs over bytes and joined into a few automata, those together that the sieve lets through together and that
 * progress together (finder_group_int.h); an automaton is walked only through texts that the sieve lets through to one of its patterns. Automata are
 * determinised lazily into bounded tables, one set a worker. Long counters become open-ended, lookaround and back-references are dropped,
 * word boundaries are kept where they cost little. A pattern without a useful superset is always a candidate.
 * Source: ARCHITECTURE.md "How texts are examined".
 */
#ifndef ENGINE_FINDER_INT_H
#define ENGINE_FINDER_INT_H

#include "base/rc.h"
#include "base/str.h"
#include "finder_sieve_int.h"

enum finder_kind {
    FINDER_PLAIN,
    FINDER_WANTS_WORDS, /* of no interest but where a context word stands; is taken as FINDER_PLAIN when nearly every text may match it */
    FINDER_WORDS,       /* the words of one detector */
    FINDER_WORDS_NEEDED /* the words of one that wants them */
};

struct finder_pattern {
    struct str regex; /* PCRE2 syntax, already accepted by confirm_compile */
    bool caseless;
    enum finder_kind kind;
    uint16_t owner; /* FINDER_WORDS_NEEDED: the pattern that wants them */
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

/*
 * The same in steps, for a caller that knows what the text shows. Automata are a set of bits; those of FINDER_WORDS are walked when somebody asks for words,
 * those of FINDER_WANTS_WORDS when a word of one of their patterns was found. Every pattern that is in an automaton that was not walked is left out.
 */
#define FINDER_SET_PLAIN 0x1Fu
#define FINDER_SET_WORDS 0x60u
#define FINDER_SET_WANTS 0x380u
/* Which may find something in a text that shows this; holds for this text's walks until it is called for another one. */
unsigned finder_open(struct finder_tables *t, uint64_t shown);
/* A new text. */
void finder_begin(struct finder_tables *t);
/* Returns: RC_OK; RC_LIMIT as for finder_scan */
enum rc finder_walk(struct finder_tables *t, struct str text, unsigned set) MUST_USE;
/* The automata that are to be walked when words i, of FINDER_WORDS_NEEDED, are found; of all that were found. */
unsigned finder_asked_by(const struct finder *f, size_t i);
unsigned finder_asked(const struct finder_tables *t);
/* Whether pattern i was found. */
bool finder_found(const struct finder_tables *t, size_t i);
/* All that was found since finder_begin, as for finder_scan, below number ${end}. */
void finder_hits(struct finder_tables *t, size_t end, const uint16_t **ids, size_t *count);

struct finder_stats {
    size_t states, bytes, flushes, always;
};
struct finder_stats finder_stats(const struct finder_tables *t);

#endif
