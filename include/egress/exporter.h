/**
 * Exporters: one destination as one worker sees it. A parcel is a finished payload; the exporter delivers it, or says why not.
 *
 * The story. Each worker has an exporter per destination on one libcurl multi handle. A parcel is tried at once when the destination is up. A
 * retryable answer puts the destination into backoff (1 s .. 30 s, x1.5, jitter +-50 %, Retry-After and RetryInfo honoured up to 300 s, without an end); while
 * it is down, one parcel at a time is tried. A final answer (400, ...) ends the parcel: the flow records the loss.
 *
 * Order is kept, but for a parcel that the destination could perhaps not take (a reset or timeout while it was sent, 502, 503, 504 or UNAVAILABLE without a
 * word about when): it goes behind the others and waits a backoff of its own, so that it cannot keep them from their turn.
 */
#ifndef EGRESS_EXPORTER_H
#define EGRESS_EXPORTER_H

#include "base/str.h"
#include "codec/compress.h"
#include "net/loop.h"
#include "net/tls.h"

enum exporter_protocol { EXPORTER_GRPC, EXPORTER_HTTP };

struct exporter_options {
    const char *name; /* "otlp_grpc/eu" */
    enum exporter_protocol protocol;
    bool json;            /* parcels are OTLP/JSON; with EXPORTER_HTTP */
    const char *endpoint; /* host:port or https://host[:port][/path]; path /v1/traces is added for HTTP when absent */
    struct tls_options tls;
    enum encoding compression;
    const char *const *headers;                  /* "name: value", NULL-terminated */
    uint64_t timeout_ms;                         /* of one attempt */
    uint64_t initial_backoff_ms, max_backoff_ms; /* 1000, 30000 */
    unsigned in_flight;                          /* parallel attempts, default 4 */
    const struct clock *clock;
};

struct parcel;
enum parcel_end {
    PARCEL_DELIVERED, /* acknowledged; rejected may be > 0 (partial success) */
    PARCEL_REJECTED,  /* final refusal: never to be retried */
    PARCEL_WAITING    /* not delivered now: destination is down. The parcel stays with the exporter and will be tried again */
};

struct parcel_result {
    enum parcel_end end;
    unsigned attempt;
    int http_status, grpc_status; /* -1 = none */
    /* A static word. DELIVERED: ok, partial. REJECTED: status, no_status, garbage, too_large, journal (it cannot be read), route_denied (on_load). WAITING: throttled, unavailable, reset,
     * timeout, connect, dns, tls, tls_files, certificate, alpn, plaintext, memory, journal, down. */
    const char *reason;
    uint64_t rejected;
    uint64_t latency_us;
    char peer_cert_sha256[65];
};

struct parcel {
    struct parcel *next, *prev; /* private */
    struct str body;            /* message, already compressed; borrowed until the end; empty when on_load must supply it */
    uint8_t encoding;           /* enum encoding of body: what was stored under another configuration is sent as it is */
    uint32_t spans;
    uint64_t journal_id; /* 0: not in the journal */
    unsigned attempts;   /* private, like the next two lines */
    uint64_t not_before_us;
    bool told, loaded, in_flight;
    /* Bring body back from the journal before an attempt; RC_OK sets body, on_unload gives it back. RC_UNROUTABLE: it may not go there any more. NULL: body is always there. */
    enum rc (*on_load)(struct parcel *p);
    void (*on_unload)(struct parcel *p);
    /* Called for each attempt that ended, and once with PARCEL_WAITING when the parcel is queued behind a destination that is down; then also from within
     * exporter_submit. After DELIVERED or REJECTED the exporter has forgotten the parcel. on_unload comes before. It may submit and cancel, not close. */
    void (*on_result)(struct parcel *p, const struct parcel_result *r);
};

struct exporter_set; /* curl multi of one worker */
struct exporter;

/* All exporters are closed before their set is freed. */
struct exporter_set *exporter_set_new(struct loop *l) MUST_USE;
void exporter_set_free(struct exporter_set *s);
/* RC_CONFIG endpoint or headers; RC_TLS certificate files; RC_NOMEM; with errors in es. Nothing of o is needed afterwards but the clock. */
enum rc exporter_open(struct exporter_set *s, const struct exporter_options *o, struct exporter **e, struct errs *es) MUST_USE;
void exporter_submit(struct exporter *e, struct parcel *p);
/* Take a parcel back that is not being sent right now: forgotten without on_result. False when an attempt is in flight. Allowed inside on_result. */
bool exporter_cancel(struct exporter *e, struct parcel *p);
/* True when the last attempt failed and backoff runs: parcels should be journaled at once. */
bool exporter_down(const struct exporter *e);
/* Waiting and in flight. */
unsigned exporter_queued(const struct exporter *e);
/* Ends attempts in flight; parcels are forgotten without on_result (those that are loaded are given to on_unload). */
void exporter_close(struct exporter *e);

#endif
