/**
 * The gate: what happens to one request between its last byte and the commit, as one pure function. No socket, no clock, no global: a snapshot, bytes and
 * a sender go in; payloads per destination, an audit entry and a reply come out, or a refusal. Everything that tests, fuzzers and benchmarks
 * want of the product's promises 1 and 2 can be asked here.
 *
 *   inflate -> (JSON ->) validate+index -> enrich (emit, index again) -> route -> examine -> redact per class -> emit and deflate per destination
 *
 * Any failure on the way refuses the whole request: no payload, a reply that says so, an audit entry that says why.
 */
#ifndef FLOW_GATE_H
#define FLOW_GATE_H

#include "codec/compress.h"
#include "codec/otlp_reply.h"
#include "flow/snapshot.h"
#include "ingress/request.h"
#include "net/peer.h"
#include "policies/examine.h"

/* The mutable side of one worker: examiner, compressor, arena, output buffers. Pooled, reused for every request. */
struct gate_worker;
struct gate_worker *gate_worker_new(struct snapshot *snap) MUST_USE;
void gate_worker_free(struct gate_worker *w);
/* Take another snapshot; its examiner was made off the data path and is taken over. RC_NOMEM: nothing is changed, the caller keeps ex. */
enum rc gate_worker_set(struct gate_worker *w, struct snapshot *snap, struct examiner *ex) MUST_USE;

struct gate_input {
    enum transport transport;
    enum encoding encoding;
    struct str body;
    const struct peer *peer; /* NULL: plaintext */
    uint64_t request_id;
    uint64_t now_us; /* wall clock: routes expire */
};

#define GATE_ORIGIN_SIZE 1024 /* all countries fit */

struct gate_payload {
    uint32_t destination;
    uint32_t spans;
    enum encoding encoding;        /* of bytes */
    struct buf bytes;              /* compressed as the destination wants it; owned by the outcome until taken */
    char origin[GATE_ORIGIN_SIZE]; /* every country that an origin of it stated, "DE,NO"; "?" = unknown: for journal_payload.origin */
};

struct gate_outcome {
    enum rc rc;                   /* RC_OK: reply success once committed; else the refusal */
    const char *reason;           /* static word */
    uint32_t spans_in, spans_out; /* out: spans with at least one destination */
    uint32_t spans_unroutable;    /* no destination may have them */
    uint32_t spans_dropped;       /* by a policy's on_error: drop_span */
    uint32_t payload_count;
    struct gate_payload payload[PROGRAM_DESTINATIONS_MAX];
    struct buf head, tail; /* audit entry, journal_entry */
    struct reply reply;    /* message static or in the worker's arena: valid until the next gate_process */
};

/**
 * gate_process(w, in, out):
 * Decide about one request.
 * Out:     out  always filled; the caller frees it with gate_outcome_free
 * Promise: out->payload_count is 0 unless out->rc is RC_OK; each payload's bytes are the emitted form of fully examined, allowed spans
 * Thread:  the worker's
 */
void gate_process(struct gate_worker *w, const struct gate_input *in, struct gate_outcome *out);
void gate_outcome_free(struct gate_outcome *out);

#endif
