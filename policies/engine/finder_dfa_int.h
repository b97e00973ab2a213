/**
 * Lazy determinisation of one automaton into a bounded table.
 *
 * A state is a set of positions. Its row has a cell for each class and one for the edge of the text. A cell holds the next state's number
 * times two, plus one when the scan must look at it: the state accepts something, or the cell is not known yet (DFA_UNKNOWN; state 0 is never used).
 *
 *   cell = table[(value << shift) + class]      value: a cell without its flag
 */
#ifndef ENGINE_FINDER_DFA_INT_H
#define ENGINE_FINDER_DFA_INT_H

#include "finder_nfa_int.h"

#define DFA_FLAG 1u
#define DFA_UNKNOWN 1u

/* members: positions, ascending; then the patterns it accepts */
struct dfa_state {
    uint32_t at;
    uint16_t members, accepts;
};

struct dfa {
    const struct nfa *nfa;
    uint16_t *table;
    unsigned shift;
    uint32_t states, states_max;
    struct dfa_state *state;
    uint16_t *pool;
    uint32_t pool_used, pool_max;
    uint16_t *index; /* open addressing: state numbers, 0 = free */
    uint32_t index_mask;
    uint64_t *bits;   /* the set being built */
    uint32_t initial; /* value */
    size_t flushes;
};

/* Returns: RC_OK; RC_NOMEM. Owner calls dfa_fini whatever is returned. */
enum rc dfa_init(struct dfa *d, const struct nfa *nfa) MUST_USE;
void dfa_fini(struct dfa *d);

/**
 * dfa_step(d, value, class):
 * Work out an unknown cell. When the table is full it is flushed first: all values but the one returned are void then.
 * Returns: the cell
 */
uint32_t dfa_step(struct dfa *d, uint32_t value, unsigned class);

static inline const uint16_t *
dfa_accepts(const struct dfa *d, uint32_t cell, size_t *count)
{
    const struct dfa_state *s = &d->state[cell >> 1];

    *count = s->accepts;
    return d->pool + s->at + s->members;
}

/* Bytes in use. */
size_t dfa_bytes(const struct dfa *d);

#endif
