/**
 * Lazy determinisation of one automaton into a bounded table.
 *
 * A state is a set of positions. Its row has a cell for each class and one for the edge of the text. A cell holds where the next state's row
 * begins, in units of eight bytes (always an even number), plus one when the scan must look at it: the state accepts something, or the cell is not
 * known yet (DFA_UNKNOWN; row 0 is never used).
 *
 *   cell = (table + class)[4 * value]      value: a cell without its flag; one load from one cell to the next
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

#define DFA_CLASSES 256 /* bytes before the table: the class of each byte, so that one register leads to both */

struct dfa {
    const struct nfa *nfa;
    uint16_t *table;
    size_t stride; /* of rows, as values count */
    uint32_t states, states_max;
    struct dfa_state *state;
    uint16_t *pool;
    uint32_t pool_used, pool_max;
    uint16_t *index; /* open addressing: state numbers, 0 = free */
    uint32_t index_mask;
    uint64_t *bits; /* the set being built */
    size_t initial; /* value */
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
size_t dfa_step(struct dfa *d, size_t value, unsigned class);

static inline unsigned
dfa_class(const uint16_t *table, unsigned char byte)
{
    return ((const uint8_t *)table - DFA_CLASSES)[byte];
}

/* The cell of a state in a column: table + class. */
static inline size_t
dfa_look(const uint16_t *column, size_t value)
{
    /* The column is known before the value is. Kept apart from it, nothing but the load itself stands between two values. */
    __asm__("" : "+r"(column));
    size_t cell = column[value * 4];

    /* Wide from here on: else it is kept as sixteen bits, and widened once more in the chain from one load to the next. */
    __asm__("" : "+r"(cell));
    return cell;
}

static inline const uint16_t *
dfa_accepts(const struct dfa *d, size_t cell, size_t *count)
{
    const struct dfa_state *s = &d->state[cell / d->stride];

    *count = s->accepts;
    return d->pool + s->at + s->members;
}

/* Bytes in use. */
size_t dfa_bytes(const struct dfa *d);

#endif
