#include "finder_dfa_int.h"

#include <stdlib.h>

#define VALUES 65536u           /* of a cell: 512 KiB of rows */
#define POOL_MAX (4096u * 1024) /* positions and patterns of all states */

static void
empty(struct dfa *d)
{
    memset(d->index, 0, (d->index_mask + 1) * sizeof(*d->index));
    d->states = 1;
    d->pool_used = 0;
}

static uint32_t
hash_members(const uint16_t *list, uint32_t count)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ count;

    for (uint32_t i = 0; i < count; i++)
        h = (h ^ list[i]) * 0xff51afd7ed558ccdu ^ h >> 29;
    return (uint32_t)(h >> 32);
}

/* The set in d->bits as a list at the end of the pool. */
static uint32_t
list_members(struct dfa *d)
{
    uint16_t *out = d->pool + d->pool_used;
    uint32_t count = 0;

    for (uint32_t w = 0; w < d->nfa->words; w++)
        for (uint64_t left = d->bits[w]; left; left &= left - 1)
            out[count++] = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(left));
    return count;
}

static uint32_t
list_accepts(struct dfa *d, uint32_t members)
{
    uint16_t *out = d->pool + d->pool_used;
    uint32_t count = 0;

    for (uint32_t i = 0; i < members; i++) {
        uint16_t pattern = d->nfa->accept[out[i]];

        /* Positions of one pattern stand together. */
        if (pattern != NFA_NONE && (count == 0 || out[members + count - 1] != pattern))
            out[members + count++] = pattern;
    }
    return count;
}

/* The cell for the set in d->bits; DFA_UNKNOWN when there is no room for a new state. */
static size_t
intern(struct dfa *d)
{
    if (d->pool_max - d->pool_used < 2 * d->nfa->count)
        return DFA_UNKNOWN;
    uint32_t members = list_members(d), slot = hash_members(d->pool + d->pool_used, members) & d->index_mask;

    for (; d->index[slot]; slot = (slot + 1) & d->index_mask) {
        const struct dfa_state *s = &d->state[d->index[slot]];

        if (s->members == members && memcmp(d->pool + s->at, d->pool + d->pool_used, members * sizeof(*d->pool)) == 0)
            return d->index[slot] * d->stride | (s->accepts != 0);
    }
    if (d->states == d->states_max)
        return DFA_UNKNOWN;

    uint32_t made = d->states++, accepts = list_accepts(d, members);
    uint16_t *row = d->table + (size_t)made * d->stride * 4;

    for (unsigned c = 0; c <= d->nfa->classes; c++)
        row[c] = DFA_UNKNOWN;
    d->state[made] = (struct dfa_state){d->pool_used, (uint16_t)members, (uint16_t)accepts};
    d->pool_used += members + accepts;
    d->index[slot] = (uint16_t)made;
    return made * d->stride | (accepts != 0);
}

static void
intern_start(struct dfa *d)
{
    memset(d->bits, 0, d->nfa->words * sizeof(*d->bits));
    d->bits[NFA_START / 64] |= 1ull << (NFA_START % 64);
    d->initial = intern(d);
}

/* Whether b accepts what a does not. Both lists ascend. */
static bool
accepts_more(const struct dfa *d, const struct dfa_state *a, const struct dfa_state *b)
{
    const uint16_t *of_a = d->pool + a->at + a->members, *of_b = d->pool + b->at + b->members;
    uint32_t k = 0;

    for (uint32_t i = 0; i < b->accepts; i++) {
        while (k < a->accepts && of_a[k] < of_b[i])
            k++;
        if (k == a->accepts || of_a[k] != of_b[i])
            return true;
    }
    return false;
}

size_t
dfa_step(struct dfa *d, size_t value, unsigned class)
{
    const struct nfa *n = d->nfa;
    const struct dfa_state *s = &d->state[value / d->stride];
    const uint64_t *match = n->match + (size_t) class * n->words;

    memset(d->bits, 0, n->words * sizeof(*d->bits));
    for (uint32_t i = 0; i < s->members; i++) {
        uint16_t from = d->pool[s->at + i];

        for (uint32_t e = n->follow_at[from]; e < n->follow_at[from + 1]; e++) {
            uint16_t to = n->follow[e];

            d->bits[to / 64] |= match[to / 64] & 1ull << (to % 64);
        }
    }
    size_t cell = intern(d);

    if (cell != DFA_UNKNOWN) {
        /* Who came to a state was told what it accepts. */
        if (cell & DFA_FLAG && !accepts_more(d, s, &d->state[cell / d->stride]))
            cell &= ~(size_t)DFA_FLAG;
        d->table[(size_t)value * 4 + class] = (uint16_t)cell;
        return cell;
    }
    d->flushes++;
    empty(d);
    cell = intern(d);
    intern_start(d);
    return cell;
}

enum rc
dfa_init(struct dfa *d, const struct nfa *nfa)
{
    uint32_t slots = 1;

    *d = (struct dfa){.nfa = nfa, .pool_max = POOL_MAX};
    d->stride = (nfa->classes / 8 + 1) * 2;
    d->states_max = (uint32_t)(VALUES / d->stride);
    if (d->pool_max < 16 * nfa->count)
        d->pool_max = 16 * nfa->count;
    while (slots < 2 * d->states_max)
        slots *= 2;
    d->index_mask = slots - 1;
    uint8_t *table = aligned_alloc(64, DFA_CLASSES + (size_t)VALUES * 8);

    d->table = table ? (uint16_t *)(void *)(table + DFA_CLASSES) : NULL;
    d->state = malloc(d->states_max * sizeof(*d->state));
    d->pool = malloc(d->pool_max * sizeof(*d->pool));
    d->index = malloc(slots * sizeof(*d->index));
    d->bits = malloc(nfa->words * sizeof(*d->bits));
    if (!d->table || !d->state || !d->pool || !d->index || !d->bits)
        return RC_NOMEM;
    memcpy(table, nfa->class_of, DFA_CLASSES);
    empty(d);
    intern_start(d);
    return RC_OK;
}

void
dfa_fini(struct dfa *d)
{
    if (d->table)
        free((uint8_t *)d->table - DFA_CLASSES);
    free(d->state);
    free(d->pool);
    free(d->index);
    free(d->bits);
    *d = (struct dfa){0};
}

size_t
dfa_bytes(const struct dfa *d)
{
    return d->states * (d->stride * 8 + sizeof(*d->state)) + d->pool_used * sizeof(*d->pool) + (d->index_mask + 1) * sizeof(*d->index);
}
