/**
 * Inside the exporter.
 *
 *   exporter.c          parcels, their order, up and down: no byte of HTTP
 *   exporter_attempt.c  one try on one libcurl easy handle             exporter_answer.c  what the answer means
 *   exporter_setup.c    endpoint, headers and TLS put on easy handles  exporter_tls.c     OpenSSL's side of a connection
 *   exporter_set.c      the multi handle on the worker's loop
 *
 *              retryable failure               backoff over          nothing waits
 *   UP ───────────────────────────▶ PAUSED ───────────────▶ IDLE ◀──────────────── (stays until a parcel comes)
 *   ▲                                 ▲                       │ first parcel
 *   └──────── any other answer ── PROBING ◀───────────────────┘
 */
#ifndef EGRESS_EXPORTER_INT_H
#define EGRESS_EXPORTER_INT_H

#include <curl/curl.h>

#include "base/metrics.h"
#include "codec/grpc.h"
#include "egress/exporter.h"
#include "exporter_answer_int.h"

#define ENCODINGS 3
#define IN_FLIGHT_MAX 64

enum exporter_state { EXPORTER_UP, EXPORTER_PAUSED, EXPORTER_IDLE, EXPORTER_PROBING };

/* One easy handle, used for one attempt after another. */
struct attempt {
    struct exporter *e;
    struct attempt *next; /* of the free ones */
    CURL *easy;
    struct parcel *parcel; /* NULL: free */
    struct answer answer;
    uint8_t prefix[GRPC_PREFIX];
    size_t prefix_len, sent; /* sent: of prefix and body */
    uint64_t start_us;
    unsigned epoch;
    struct attempt *early_next; /* of those that were answered before all was sent */
    bool is_early;
    const char *refusal; /* why we ended it ourselves, NULL = we did not */
    char peer_cert_sha256[65];
};

struct exporter {
    struct exporter_set *set;
    char *name, *host; /* host: what the server's certificate must name */
    enum exporter_protocol protocol;
    bool plaintext;
    struct tls_options tls; /* crl_file is ours */
    struct curl_slist *headers[ENCODINGS];
    struct curl_slist *connect_to;
    uint64_t initial_backoff_ms, max_backoff_ms;
    const struct clock *clock;

    enum exporter_state state;
    unsigned epoch; /* of the present state: what an attempt of an older one meets says nothing about now */
    uint64_t backoff_ms;
    uint64_t random;
    struct timer *timer;         /* PAUSED: end of the backoff. UP: the next parcel that has to wait may be tried */
    struct parcel *first, *last; /* that wait for their attempt, in their order */
    unsigned untold;             /* of them: have not heard that they wait for a destination that is down */
    unsigned queued, active, in_flight;
    struct attempt *free_attempts;

    struct metric_cell *m_up, *m_delivered, *m_rejected, *m_retried;
    struct attempt attempts[];
};

/* exporter_set.c */
CURLM *set_multi(struct exporter_set *s);
struct loop *set_loop(struct exporter_set *s);
/* From a callback of libcurl: the answer is there while the request is still being sent; end it when libcurl has returned. */
void set_end_early(struct exporter_set *s, struct attempt *a);
void set_forget_early(struct exporter_set *s, struct attempt *a);
struct attempt *attempt_of(CURL *easy);

/* exporter_setup.c: what is the same for all attempts. RC_CONFIG, RC_NOMEM with an error in es. */
enum rc setup_exporter(struct exporter *e, const struct exporter_options *o, struct errs *es) MUST_USE;
void setup_fini(struct exporter *e);

/* exporter_attempt.c */
enum rc attempt_init(struct attempt *a) MUST_USE; /* callbacks; the easy handle is there */
void attempt_fini(struct attempt *a);
/* Begin to send a parcel whose body is there. RC_NOMEM. */
enum rc attempt_start(struct attempt *a, struct parcel *p) MUST_USE;
/* What came of it; the attempt can be used again. */
struct verdict attempt_finish(struct attempt *a, CURLcode code);
void attempt_abandon(struct attempt *a);

/* exporter.c */
void exporter_on_finished(struct attempt *a, CURLcode code);

/* exporter_tls.c */
struct ssl_st;
struct ssl_ctx_st;
enum rc client_tls_setup(const struct exporter *e, struct ssl_ctx_st *ctx) MUST_USE;
bool client_tls_speaks_h2(struct ssl_st *ssl);
void client_tls_peer_digest(struct ssl_st *ssl, char hex[65]);

#endif
