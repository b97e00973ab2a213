/**
 * The bodies that a server is receiving or has handed over: each contiguous, bounded in sum, their memory pooled. A body holds personal
 * data: it is wiped when it is released.
 */
#ifndef INGRESS_BODY_INT_H
#define INGRESS_BODY_INT_H

#include "base/rc.h"
#include "base/str.h"

#define BODY_SPARES 8u
#define BODY_SPARE_BYTES (4u << 20) /* memory kept for reuse */

/*
 *   held  = sum of the caps of all bodies in use    <= held_max
 *   kept  = sum of the caps of the spares           <= BODY_SPARE_BYTES
 */
struct body_pool {
    size_t held, held_max, kept;
    unsigned spare_count;
    struct body_spare {
        char *ptr;
        size_t cap;
    } spare[BODY_SPARES];
};

struct body {
    char *ptr;
    size_t len, cap;
};

/**
 * body_append(pool, b, bytes, expected):
 * Add bytes. Memory is taken in steps, so that a sender that announces much and sends little costs little.
 * In:      expected  how long the body will be; b->len + bytes.len when nobody knows
 * Returns: RC_OK; RC_BUSY the pool's bodies would be too much in sum; RC_NOMEM. The body is unchanged then.
 */
enum rc body_append(struct body_pool *pool, struct body *b, struct str bytes, size_t expected) MUST_USE;

/* Wipe, and give the memory back. */
void body_release(struct body_pool *pool, struct body *b);
void body_pool_fini(struct body_pool *pool);

#endif
