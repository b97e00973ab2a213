/**
 * Audit entries as canonical JSON (keys in byte order, no white space, integers only), cut where the journal puts seq and ts.
 * Never a value from a span: identities, names of rules, places and destinations, counts and digests only.
 */
#ifndef FLOW_RECORD_INT_H
#define FLOW_RECORD_INT_H

#include "base/buf.h"
#include "egress/exporter.h"
#include "flow/flow.h"
#include "net/peer.h"

struct record {
    struct buf head, tail;
};

enum rc record_delivery(struct record *r, const struct snapshot *snap, uint64_t request_id, const char *destination,
    const struct parcel_result *result, uint32_t spans) MUST_USE;
/* request_id 0: not known. */
enum rc record_loss(
    struct record *r, const struct snapshot *snap, const char *destination, uint64_t request_id, uint32_t spans, const char *reason) MUST_USE;
enum rc record_refused_peer(struct record *r, const struct snapshot *snap, const struct peer *p, const char *reason, uint64_t count) MUST_USE;
/* A request that was turned away before the gate saw it: protocol and reason are static words. count: like it, since the entry before. */
enum rc record_refusal(
    struct record *r, const struct snapshot *snap, const struct peer *p, const char *protocol, const char *reason, uint64_t count) MUST_USE;
enum rc record_admin(struct record *r, const struct snapshot *snap, const struct flow_act *act) MUST_USE;
enum rc record_change(struct record *r, const struct snapshot *snap, const struct flow_change *c) MUST_USE;

/* The rules in force from number first on, as many as fit; next is the first that did not. What found nothing is known from these entries. */
enum rc record_rules(struct record *r, const struct snapshot *snap, size_t first, size_t *next) MUST_USE;

/* A time during which a worker took no requests, written when it does again: while it is shut, nothing can be written. */
struct record_interval {
    uint64_t from_us, to_us; /* wall clock */
    uint64_t refused;        /* requests that were told to come back */
    unsigned worker;
    const char *reason; /* label of a result code; NULL: open */
};
enum rc record_closed(struct record *r, const struct snapshot *snap, const struct record_interval *i) MUST_USE;
void record_free(struct record *r);

#endif
