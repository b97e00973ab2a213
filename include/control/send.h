/**
 * Sending traffic to an OTLP endpoint, as an SDK would: acknowledged, retried by OTLP's rules, measured.
 *
 * The story. Each connection is an exporter of its own with a libcurl multi handle of its own, so that they share nothing. Slots hold one batch each; a slot
 * that is free takes the next batch when the rate allows it. It ends when the traffic has ended and no slot is busy, when a signal comes, or when
 * nothing was acknowledged for too long.
 */
#ifndef CONTROL_SEND_H
#define CONTROL_SEND_H

#include "control/traffic.h"
#include "egress/exporter.h"

#define SEND_CONNECTIONS_MAX 64
#define SEND_IN_FLIGHT_MAX 64
#define SEND_PREPARED_MAX 1024

struct send_options {
    struct exporter_options exporter; /* name, clock, in_flight are filled in */
    unsigned connections, in_flight;  /* in_flight: batches under way on each connection */
    uint64_t spans_per_second;        /* 0 = as fast as it goes */
    uint64_t give_up_ms;              /* without an acknowledgement */
    unsigned prepared;                /* make so many batches first, and send them over and over; 0 = each batch once, made when its turn comes */
    uint64_t prepared_spans;          /* how many spans to send so in all */
    int acked;                        /* descriptor for the ids of acknowledged spans, in hex, one a line; -1: none */
    struct traffic *traffic;
};

struct send_totals {
    uint64_t requests, spans, bytes;            /* acknowledged; bytes of protobuf or JSON before compression */
    uint64_t wire_bytes;                        /* after compression */
    uint64_t partial;                           /* spans that partial successes said were rejected */
    uint64_t rejected_requests, rejected_spans; /* refused for good */
    uint64_t lost_requests, lost_spans;         /* not acknowledged when it ended */
    uint64_t retries;
    uint64_t elapsed_us;
    uint64_t p50_us, p90_us, p99_us, max_us; /* latency of the attempts that were acknowledged */
    char reason[64];                         /* of the newest failure, "" = none */
    enum rc rc;                              /* RC_OK, or why it ended early: RC_TIMEOUT, RC_STOPPING, or the failure of the traffic */
};

/**
 * send_run(l, o, totals, es):
 * Send all of the traffic; runs the loop.
 * Out:     totals  filled in every case
 * Returns: RC_OK: it was tried, see totals; RC_CONFIG (endpoint, TLS files) with errors in es; RC_NOMEM
 */
enum rc send_run(struct loop *l, const struct send_options *o, struct send_totals *totals, struct errs *es) MUST_USE;

#endif
