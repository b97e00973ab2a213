/**
 * How much of each kind of frame one HTTP/2 connection may send: the budget of faults.md, against floods that cost the sender little and us
 * much. nghttp2 limits some of it too; what it does not see or does not limit is limited here.
 */
#ifndef INGRESS_H2_GUARD_H
#define INGRESS_H2_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

enum h2_budget { H2_PING, H2_SETTINGS, H2_RESET, H2_WINDOW, H2_EMPTY, H2_OTHER, H2_BUDGETS };

struct h2_guard {
    struct h2_bucket {
        uint32_t milli; /* thousandths of frames left */
        uint64_t at_us; /* when it was filled last */
    } bucket[H2_BUDGETS];
};

void h2_guard_init(struct h2_guard *g, uint64_t now_us);

/* A frame has begun to arrive. False: beyond the budget. */
bool h2_guard_frame(struct h2_guard *g, const nghttp2_frame_hd *hd, uint64_t now_us);

/* One more of a kind that is not counted by its arrival: a stream that we reset for its sender's fault. */
bool h2_guard_take(struct h2_guard *g, enum h2_budget kind, uint64_t now_us);

/* A request was answered: clients may ping to measure the path, and open the window, once more for each. */
void h2_guard_answered(struct h2_guard *g);

#endif
