/**
 * One pattern as an automaton without empty moves (Glushkov): every position is a set of bytes; a match is a walk over positions.
 *
 * An assertion lies between two positions. It is kept as a mask over pairs of categories of symbols: bit 8 * left + right says that the
 * assertion holds between a symbol of category left and one of category right. Category 7 is the edge of the text. A pattern with assertions about
 * more than seven categories of bytes loses the last ones.
 */
#ifndef ENGINE_FINDER_PIECE_INT_H
#define ENGINE_FINDER_PIECE_INT_H

#include "base/arena.h"
#include "finder_parse_int.h"

#define CATEGORY_EDGE 7
#define MASK_ALL UINT64_MAX

struct link {
    uint32_t from, to;
    uint64_t mask;
};

struct links {
    struct link *list;
    uint32_t count, cap;
};

#define PIECE_DEPTH_MAX 250

struct piece {
    struct symset category[8];
    unsigned categories; /* of bytes */
    struct symset *set;  /* of each position */
    uint8_t *depth;      /* of each position: the least number of bytes from the beginning of a match, 1 .. PIECE_DEPTH_MAX; 0 = unreachable */
    uint32_t count, cap;
    struct links follow;
    struct links first; /* .to begins a match */
    struct links last;  /* .from ends one */
    uint8_t end_depth;  /* positions at this depth end a match; 0 = none */
    bool nullable;      /* matches without a byte: always a candidate */
};

/**
 * piece_build(t, ar, p):
 * Counters above what can be afforded become open-ended.
 * Out:     p  in the arena
 * Returns: RC_OK; RC_UNIMPLEMENTED too many positions however short the counters are; RC_NOMEM
 */
enum rc piece_build(const struct ast *t, struct arena *ar, struct piece *p) MUST_USE;

/**
 * piece_cut(p, depth):
 * A match ends with its byte number ${depth}, whatever would follow: positions at that depth end a match, and those beyond go.
 */
void piece_cut(struct piece *p, uint8_t depth);

/* The categories of bytes that a set meets, as a mask of bits. */
unsigned piece_categories(const struct piece *p, struct symset set);

#endif
