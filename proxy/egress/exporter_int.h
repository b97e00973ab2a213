/**
 * Inside the exporter.
 *
 *   exporter.c          parcels, their order, up and down: no byte of HTTP
 *   exporter_attempt.c  one try, whatever carries it                   exporter_answer.c  what an answer means
 *   exporter_grpc.c     tries as streams of an HTTP/2 connection       exporter_http.c    tries on libcurl's easy handles
 *   exporter_wire.c     that connection                                exporter_set.c     libcurl's multi handle on the loop
 *   exporter_socket.c   OpenSSL on its socket                          exporter_tls.c     TLS of both
 *   exporter_setup.c    endpoint and headers
 *
 *              retryable failure               backoff over
 *   UP ───────────────────────────▶ PAUSED ───────────────▶ IDLE (stays until a parcel comes)
 *   ▲                                 ▲                       │ first parcel
 *   └──────── any other answer ── PROBING ◀───────────────────┘
 *
 * gRPC does not go through libcurl's HTTP/2, for 7.88 sends RST_STREAM behind each stream that ends well (a server with nghttp2's limit of 33 a second
 * closes the connection), loses trailers that are followed by the end of the connection, waits for the timeout when a stream is answered
 * before it is sent whole, and costs 721 us of CPU for a body of 423 KB over TLS.
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
#define CONNECTION_AGE_S 300 /* a connection is made anew after five minutes: certificates, which may have ended, and addresses are looked at again */

enum exporter_state { EXPORTER_UP, EXPORTER_PAUSED, EXPORTER_IDLE, EXPORTER_PROBING };

/* Who is told when an easy handle is done. */
struct easy_owner {
    void (*on_done)(struct easy_owner *o, CURLcode code);
};

/* One try at a time. Its parcel's bytes are [prefix of gRPC][body]. */
struct attempt {
    struct easy_owner owner;
    struct exporter *e;
    struct attempt *next;  /* of the free ones */
    struct parcel *parcel; /* NULL: free */
    struct answer answer;
    uint8_t prefix[GRPC_PREFIX];
    size_t prefix_len, sent; /* sent: of prefix and body */
    uint64_t start_us;
    unsigned epoch;
    const char *refusal; /* why we ended it ourselves, NULL = we did not */
    char peer_cert_sha256[65];

    CURL *easy; /* HTTP */

    /* gRPC */
    struct grpc_conn *conn;
    struct attempt *conn_next, **conn_link;
    struct timer *timer;
    int32_t stream; /* -1: not submitted yet */
    unsigned resends;
    uint64_t heard; /* what the connection had heard when it began */
    bool is_done, is_refused;
    bool is_whole; /* its answer came to its end; HTTP: its head did */
    const char *trouble;
};

struct exporter {
    struct exporter_set *set;
    char *name;
    enum exporter_protocol protocol;
    bool plaintext;
    struct tls_options tls;                /* its files are ours */
    char *host;                            /* what the server's certificate must name */
    char *url, *connect_url;               /* of requests; http://host:port to connect to */
    char *authority;                       /* host:port of requests */
    struct exporter_set *http;             /* HTTP: connections of its own, which end with it; libcurl would use them for the next exporter */
    struct curl_slist *headers[ENCODINGS]; /* HTTP */
    struct curl_slist *connect_to;
    struct grpc_fields *fields[ENCODINGS]; /* gRPC */
    struct grpc_conn *conns, *current;
    uint64_t timeout_ms, initial_backoff_ms, max_backoff_ms;
    const struct clock *clock;

    enum exporter_state state;
    unsigned epoch; /* of the present state: what an attempt of an older one meets says nothing about now */
    uint64_t backoff_ms;
    uint64_t random;
    struct timer *timer;         /* PAUSED: end of the backoff. UP, IDLE: the next parcel that has to wait may be tried */
    struct parcel *first, *last; /* that wait for their attempt, in their order */
    unsigned untold;             /* of them: have not heard that they wait for a destination that is down */
    unsigned queued, active, in_flight;
    struct attempt *free_attempts;
    struct compressor *inflater; /* of answers; made when one is compressed */

    struct metric_cell *m_up, *m_delivered, *m_rejected, *m_retried;
    struct attempt attempts[];
};

/* exporter_set.c */
CURLM *set_multi(struct exporter_set *s);
struct loop *set_loop(struct exporter_set *s);

/* exporter_setup.c: endpoint, TLS files and headers of e. RC_CONFIG, RC_TLS, RC_NOMEM with an error in es. */
enum rc setup_exporter(struct exporter *e, const struct exporter_options *o, struct errs *es) MUST_USE;
void setup_fini(struct exporter *e);
struct header {
    struct str name, value;
};
/* The n-th configured header, already checked. */
struct header setup_header(const struct exporter_options *o, size_t n);

/* exporter_attempt.c */
enum rc attempt_init(struct attempt *a, const struct exporter_options *o) MUST_USE;
void attempt_fini(struct attempt *a);
/* Begin to send a parcel whose body is there. RC_NOMEM. */
enum rc attempt_start(struct attempt *a, struct parcel *p) MUST_USE;
/* End it; its parcel is nobody's. */
void attempt_abandon(struct attempt *a);
/* What came of it. whole: the response has come to its end; else trouble says why not. */
struct verdict attempt_judge(struct attempt *a, bool whole, const char *trouble);
size_t attempt_size(const struct attempt *a);
const char *transport_word(CURLcode code);

/* exporter.c: a carrier has let go of the attempt. */
void exporter_on_finished(struct attempt *a, bool whole, const char *trouble);

/* exporter_http.c, exporter_grpc.c: the two carriers. */
enum rc http_init(struct attempt *a, const struct exporter_options *o) MUST_USE;
void http_fini(struct attempt *a);
enum rc http_start(struct attempt *a) MUST_USE;
void http_abandon(struct attempt *a);
enum rc http_setup(struct exporter *e, const struct exporter_options *o) MUST_USE;
void http_close(struct exporter *e);
enum rc grpc_init(struct attempt *a, const struct exporter_options *o) MUST_USE;
void grpc_fini(struct attempt *a);
enum rc grpc_start(struct attempt *a) MUST_USE;
void grpc_abandon(struct attempt *a);
enum rc grpc_setup(struct exporter *e, const struct exporter_options *o) MUST_USE;
void grpc_close(struct exporter *e);

/* exporter_socket.c: a socket that collects what OpenSSL writes. */
struct wire_socket {
    int fd;
    char *cipher;
    size_t len, done; /* [done .. len) is to be sent */
};
enum rc wire_socket_init(struct wire_socket *s, int fd) MUST_USE;
void wire_socket_fini(struct wire_socket *s);
size_t wire_socket_send(struct wire_socket *s, const char *bytes, size_t len); /* past the collected */
bool wire_socket_flush(struct wire_socket *s);                                 /* true: nothing is left */
struct bio_st *wire_socket_bio(struct wire_socket *s);

/* exporter_tls.c */
struct ssl_st;
struct ssl_ctx_st;
enum rc client_tls_setup(const struct exporter *e, struct ssl_ctx_st *ctx) MUST_USE; /* the rules, on a context of libcurl */
enum rc client_tls_new(const struct exporter *e, struct wire_socket *s, struct ssl_st **ssl) MUST_USE;
const char *client_tls_trouble(struct ssl_st *ssl); /* why it failed: certificate, alpn, tls */
bool client_tls_speaks_h2(struct ssl_st *ssl);
void client_tls_peer_digest(struct ssl_st *ssl, char hex[65]);

#endif
