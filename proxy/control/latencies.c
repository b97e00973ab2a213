#include <stdlib.h>

#include "send_int.h"

#define STEPS 64u /* of one doubling */

/* 0 .. 63 have a bucket each; above, the highest six bits after the first one choose. */
static unsigned
bucket_of(uint64_t us)
{
    if (us < STEPS)
        return (unsigned)us;
    unsigned shift = 57u - (unsigned)__builtin_clzll(us);
    unsigned bucket = (shift + 1) * STEPS + (unsigned)((us >> shift) - STEPS);

    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The largest value that falls into the bucket. */
static uint64_t
bucket_end(unsigned bucket)
{
    if (bucket < STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;

    return ((uint64_t)(STEPS + bucket % STEPS + 1) << shift) - 1;
}

void
latencies_add(struct latencies *l, uint64_t us)
{
    if (!l->buckets)
        l->buckets = calloc(LATENCY_BUCKETS, sizeof(*l->buckets));
    if (!l->buckets)
        return;
    l->buckets[bucket_of(us)]++;
    l->count++;
    if (us > l->max_us)
        l->max_us = us;
}

uint64_t
latencies_at(const struct latencies *l, unsigned permille)
{
    uint64_t wanted = (l->count * permille + 999) / 1000, seen = 0;

    for (unsigned i = 0; l->buckets && i < LATENCY_BUCKETS; i++) {
        seen += l->buckets[i];
        if (seen >= wanted && seen > 0)
            return bucket_end(i) < l->max_us && permille < 1000 ? bucket_end(i) : l->max_us;
    }
    return l->max_us;
}

void
latencies_free(struct latencies *l)
{
    free(l->buckets);
    *l = (struct latencies){0};
}
