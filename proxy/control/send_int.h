/**
 * Latencies in buckets 1.6 % wide: bounded memory however long it runs.
 */
#ifndef CONTROL_SEND_INT_H
#define CONTROL_SEND_INT_H

#include <stdint.h>

#define LATENCY_BUCKETS 2048 /* 64 for each doubling: beyond an hour */

struct latencies {
    uint64_t *buckets, count, max_us;
};

/* Without memory it is not counted. */
void latencies_add(struct latencies *l, uint64_t us);

/* The latency that permille of all did not exceed; 1000 is the largest; 0 when there is none. */
uint64_t latencies_at(const struct latencies *l, unsigned permille);
void latencies_free(struct latencies *l);

#endif
