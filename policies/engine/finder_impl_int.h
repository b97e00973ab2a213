/**
 * A compiled finder, as finder.c makes it and finder_scan.c reads it.
 */
#ifndef ENGINE_FINDER_IMPL_INT_H
#define ENGINE_FINDER_IMPL_INT_H

#include "finder_group_int.h"
#include "finder_int.h"

/* A pattern is always a candidate, or in one of the automata. */
struct finder {
    size_t count;
    size_t *length;      /* of the shortest match, by pattern */
    struct sieve *sieve; /* by pattern */
    bool *is_always;
    uint16_t *always; /* ascending */
    size_t always_count;
    struct nfa nfa[FINDER_GROUPS_MAX];   /* those that hold nothing have no classes */
    struct gate gate[FINDER_GROUPS_MAX]; /* of the automata that hold something, one after the other */
    uint8_t gate_of[FINDER_GROUPS_MAX];  /* the automaton of each gate */
    uint64_t *needed;                    /* a bit for each pattern: FINDER_WORDS_NEEDED */
    uint16_t *asked;                     /* the automata that they ask for, as a set of bits; by pattern */
    unsigned asked_always;               /* by those that are always candidates */
    unsigned gates;
    unsigned present; /* automata that hold something, as a set of bits */
    char *example;    /* texts that patterns match, one after the other: what tables are warmed up with */
    uint16_t *example_length;
    size_t examples;
};

#endif
