/**
 * What the two servers have in common: connections and the requests that come out of them.
 *
 *   server ──▶ conn (one a connection) ──▶ inbound (one a request being received or answered)
 *
 * A connection may end while its requests are still being decided: such a request is told so (request.gone) and lives on, with its body and its
 * peer, until its reply, which nobody reads. The server's memory waits for the last of them.
 */
#ifndef INGRESS_SERVER_INT_H
#define INGRESS_SERVER_INT_H

#include "body_int.h"
#include "ingress/server.h"
#include "net/listener.h"

/* faults.md row 21 */
#define HEAD_MS 10000u       /* to send a request's head, or the first bytes of HTTP/2 */
#define BODY_GRACE_MS 10000u /* then at least BODY_RATE bytes a second */
#define BODY_RATE 1024u
#define IDLE_MS 300000u
#define ANSWER_STALL_MS 30000u /* an answer that its reader does not take */
#define AGE_MS 3600000u        /* a connection, give or take a tenth: it bounds how long a revoked peer may stay */
#define RETRY_AFTER_MS 1000u   /* where the one who refused did not say */

struct conn {
    struct stream_user user; /* first */
    struct server *server;
    struct conn *prev, *next;
    struct stream *stream;
    struct timer *timer;
    uint64_t end_us; /* of its life, by age */
    struct peer peer;
};

/* One protocol. */
struct server_kind {
    const char *label; /* of metrics */
    size_t conn_size;
    /* Set up a zeroed connection whose conn part is filled in. False: it cannot be served; what was made is released by on_gone. */
    bool (*open)(struct conn *c);
    void (*on_timer)(void *conn);
    /* Finish what is under way, then conn_close. */
    void (*drain)(struct conn *c);
    /* Drop requests, release what open made; the conn part is the server's. */
    void (*on_gone)(struct conn *c);
};

struct server {
    struct listener_user user; /* first */
    const struct server_kind *kind;
    struct server_options o;
    struct loop *loop;
    struct listener *listener;
    struct conn *conns;
    unsigned conn_count, refs; /* refs: itself, and every inbound */
    struct body_pool bodies;
    bool draining;
    struct timer *drained;
    void (*on_drained)(void *arg);
    void *on_drained_arg;
    struct metric_cell *connections;
};

enum rc server_open(struct loop *l, const struct server_options *o, const struct server_kind *kind, struct server **s) MUST_USE;
void server_unref(struct server *s);
uint64_t server_now_us(const struct server *s);

/* Tell that a request was refused here, by a static word. */
void conn_refused_request(const struct conn *c, const char *protocol, const char *reason);
/* The word for a status that is answered without a result code. */
const char *refusal_of_status(int status);

/* The end of a connection: c is gone after each of them. conn_close lets the other side read what was written. */
void conn_close(struct conn *c);
void conn_abort(struct conn *c);
void conn_gone(struct conn *c); /* its stream has ended by itself */

/* Whoever waits for the reply to an inbound. */
struct inbound_user {
    /* r is complete: retry_after_ms is set where, and only where, retrying makes sense. The inbound is gone when this returns. */
    void (*on_reply)(struct inbound_user *u, const struct reply *r);
};

struct inbound {
    struct request rq; /* first */
    struct server *server;
    struct inbound_user *user; /* NULL: the sender is gone */
    struct body body;
    struct peer peer;
    bool submitted;
};

/* NULL: out of memory. */
struct inbound *inbound_new(struct conn *c, struct inbound_user *u) MUST_USE;
/* As body_append. */
enum rc inbound_append(struct inbound *in, struct str bytes, size_t expected) MUST_USE;
/* To the sink. on_reply may run before this returns. deadline_us 0: none. */
void inbound_submit(struct inbound *in, enum transport t, enum encoding e, uint64_t deadline_us);
/* The sender went away, or was answered otherwise. NULL is allowed. */
void inbound_drop(struct inbound *in);

/* A reply of our own, complete as on_reply wants it; text "": the code's sentence. */
struct reply reply_of(enum rc rc, struct str text);

#endif
