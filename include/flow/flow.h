/**
 * The flow: what one worker does with a request between ingress and egress.
 *
 * The story. Ingress hands over a request (request_sink). The flow asks the gate (gate.h), which decides and makes payloads. It posts the audit entry to
 * the journal; when that is durable, each payload goes to its exporter. The reply is sent when every destination has acknowledged, or
 * has its payload in the journal: a payload whose destination is down goes there at once, any other after journal_after_ms. A refusal posts its audit
 * entry too, and is answered when that is durable. If the journal cannot take an entry, nothing leaves and the sender is told to come back.
 *
 *   submit -> decide -> commit entry -> send ──acknowledged──▶ reply
 *                                        └─ down, or slow ──▶ put payload ──durable──▶ reply ... acknowledged ─▶ delete payload
 *
 * Everything runs on the worker's loop; the only other thread is the journal's.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "egress/exporter.h"
#include "egress/journal.h"
#include "flow/gate.h"
#include "flow/snapshot.h"
#include "ingress/request.h"
#include "ingress/server.h"

struct flow;

struct flow_options {
    struct loop *loop;
    struct journal *journal;
    const struct clock *clock;
    uint64_t journal_after_ms;     /* 100 */
    size_t max_in_flight_bytes;    /* payloads and bodies in memory; beyond it senders hear RC_BUSY */
    unsigned worker, worker_count; /* which of how many; payloads left by an earlier run are shared out by id */
};

/* exporters[i] is destination i of the snapshot's program; the flow does not own them. RC_NOMEM. */
enum rc flow_new(const struct flow_options *o, struct snapshot *snap, struct exporter *const *exporters, struct flow **f) MUST_USE;
struct request_sink *flow_sink(struct flow *f);
/* Refused handshakes and peers go to the audit through this. */
struct server_events *flow_events(struct flow *f);

/**
 * flow_set(f, snap, ex, exporters):
 * From the next request on, decide by ${snap}. ${ex} was made for it off the data path and is taken over. exporters[i] serve its destinations. An exporter that
 * is not used any more was closed by the caller right before: what waited in it is given to its successor of the same name, or waits in the journal.
 * What waits is only sent where the new policy still allows it.
 * Returns: RC_OK; RC_NOMEM nothing is changed (the caller keeps ex), or no lane could be made for a new destination: stop the gate
 * Thread:  the worker's
 */
enum rc flow_set(struct flow *f, struct snapshot *snap, struct examiner *ex, struct exporter *const *exporters) MUST_USE;

/* Deliver what an earlier run left in the journal; routes are evaluated anew under the present policy. Call once, before serving. */
enum rc flow_recover(struct flow *f) MUST_USE;

/* An administrative act for the audit. Strings are borrowed for the call; none of them may come from data that passes through. */
struct flow_act {
    const char *actor;  /* NULL: the gate itself ("local") */
    const char *verb;   /* "start", "stop", "reload", "report", "reveal", ... */
    const char *object; /* a name, or a digest */
    const char *digest; /* SHA-256 of the object in hexadecimal, or NULL */
    const char *result; /* "ok", "refused" */
    /* Told once, on the worker's loop: whether the entry is on disk. Not at all when the flow is freed before. NULL: nobody asks. */
    void (*on_recorded)(void *arg, bool durable);
    void *arg;
};
void flow_record_act(struct flow *f, const struct flow_act *act);
/* The same for what the gate does itself. */
void flow_record_admin(struct flow *f, const char *verb, const char *object, const char *result);

/* What decides about data is another now, or is said to be in force at a start. */
struct flow_change {
    const char *what, *name;             /* "policy", "configuration", "certificate", "key", "software", and which */
    const char *old_digest, *new_digest; /* hexadecimal; NULL: there was none, there is none any more */
    bool at_start;
};
void flow_record_change(struct flow *f, const struct flow_change *c);

/* All rules of the present policies: what the log says of findings is read against this list. */
void flow_record_rules(struct flow *f);

/* Refuse new requests; on_drained when everything accepted is answered. Payloads that wait stay in the journal. */
void flow_drain(struct flow *f, void (*on_drained)(void *arg), void *arg);
void flow_free(struct flow *f);

#endif
