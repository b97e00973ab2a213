/**
 * A seeded generator for tests (splitmix64): the same seed gives the same test on every machine.
 */
#ifndef SUPPORT_BASE_RNG_H
#define SUPPORT_BASE_RNG_H

#include <stdint.h>
#include <stdlib.h>

struct rng {
    uint64_t state;
};

static inline uint64_t
rng_next(struct rng *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. n-1 */
static inline uint32_t
rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(rng_next(r) % n);
}

/* How often a randomised test repeats: SPANGATE_TEST_ROUNDS multiplies it. */
static inline uint64_t
rng_rounds(uint64_t rounds)
{
    const char *factor = getenv("SPANGATE_TEST_ROUNDS");

    return factor && *factor ? rounds * strtoull(factor, NULL, 10) : rounds;
}

#endif
