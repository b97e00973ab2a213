/**
 * Many pieces as one automaton over symbol classes.
 *
 * Position START stands before the text; ANY is entered by every byte and begins matches anywhere. A match that must begin beside certain
 * bytes is begun by a position that those bytes enter (a context). A match that must end beside certain symbols ends in a position that those
 * symbols enter, so that acceptance never looks ahead; the edge of the text is such a symbol and is fed once, at the end.
 *
 *   START --> contexts, ANY, matches at the start        ANY --> contexts, ANY, matches anywhere        context --> matches beside it
 */
#ifndef ENGINE_FINDER_NFA_INT_H
#define ENGINE_FINDER_NFA_INT_H

#include "finder_piece_int.h"

#define NFA_START 0
#define NFA_ANY 1
#define NFA_NONE UINT16_MAX
#define NFA_POSITIONS_MAX 60000

struct nfa {
    uint32_t count, words; /* positions; 64-bit words of a set of positions */
    unsigned classes;      /* of bytes, the most frequent first; the edge is class number `classes` */
    uint8_t class_of[256];
    uint16_t *accept;    /* the pattern that is accepted on entering a position, or NFA_NONE */
    uint32_t *follow_at; /* follow[follow_at[p] .. follow_at[p + 1]) */
    uint16_t *follow;
    uint64_t *match; /* [classes + 1][words]: the positions that a class enters */
};

struct edge {
    uint32_t from, to;
};

struct nfa_draft {
    struct arena *ar;
    struct symset *set;
    uint16_t *accept;
    uint8_t *depth; /* as in the piece; 0 for contexts and ends */
    uint32_t count, cap;
    struct edge *edges;
    uint32_t edge_count, edge_cap;
    uint32_t *contexts; /* positions */
    uint32_t context_count;
    enum rc rc; /* the first error */
};

/* The draft's memory is the arena's. */
enum rc nfa_draft_init(struct nfa_draft *d, struct arena *ar) MUST_USE;

/* Add a pattern. Returns: RC_OK; RC_UNIMPLEMENTED there is no room for it; RC_NOMEM */
enum rc nfa_draft_add(struct nfa_draft *d, const struct piece *p, uint16_t pattern) MUST_USE;

/* Make the automaton; owner calls nfa_free. Returns: RC_OK; RC_NOMEM */
enum rc nfa_close(const struct nfa_draft *d, struct nfa *nfa) MUST_USE;
void nfa_free(struct nfa *nfa);

#endif
