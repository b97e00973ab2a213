/**
 * Audit entries as canonical JSON (keys in byte order, no white space, integers only), cut where the journal puts seq and ts.
 * Never a value from a span: identities, names of rules, places and destinations, counts and digests only.
 */
#ifndef FLOW_RECORD_INT_H
#define FLOW_RECORD_INT_H

#include "base/buf.h"
#include "egress/exporter.h"
#include "flow/snapshot.h"
#include "net/peer.h"

struct record {
    struct buf head, tail;
};

enum rc record_delivery(struct record *r, const struct snapshot *snap, uint64_t request_id, const char *destination,
    const struct parcel_result *result, uint32_t spans) MUST_USE;
enum rc record_loss(struct record *r, const struct snapshot *snap, const char *destination, uint32_t spans, const char *reason) MUST_USE;
enum rc record_refused_peer(struct record *r, const struct snapshot *snap, const struct peer *p, const char *reason, uint64_t count) MUST_USE;
enum rc record_admin(struct record *r, const struct snapshot *snap, const char *verb, const char *object, const char *result) MUST_USE;
void record_free(struct record *r);

#endif
