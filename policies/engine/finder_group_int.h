/**
 * Which patterns share an automaton. The states of a union multiply where patterns progress independently of each other, and hardly grow where they
 * progress together; and an automaton need not be walked through a text that the sieve lets through to none of its patterns. So each pattern is put
 * where it adds least to the estimated time for sample texts: bytes walked, dearer in a large table.
 */
#ifndef ENGINE_FINDER_GROUP_INT_H
#define ENGINE_FINDER_GROUP_INT_H

#include "finder_int.h"
#include "finder_nfa_int.h"
#include "finder_sieve_int.h"

#define GROUP_NONE UINT8_MAX

/* Groups in order: patterns that want no words, words, patterns that want words. */
#define FINDER_PLAIN_END 5
#define FINDER_WORDS_END 7
#define FINDER_GROUPS_MAX 10

/* A pattern to be placed. */
struct placed {
    struct piece piece;
    struct sieve sieve;
    enum finder_kind kind;
    uint8_t group; /* GROUP_NONE: it is left out */
};

/**
 * group_pieces(list, count):
 * In/out:  list  pieces are cut short where that costs no precision on usual texts; groups
 * Returns: RC_OK; RC_NOMEM
 */
enum rc group_pieces(struct placed *list, size_t count) MUST_USE;

#endif
