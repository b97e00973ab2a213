/**
 * The gRPC server inside: connections and their calls.
 *
 *   HEAD ──wanted──▶ PREFIX ──5 bytes──▶ MESSAGE ──END_STREAM──▶ SUBMITTED ──reply──▶ ANSWERED ──stream closed──▶ gone
 *    └───────────────── refused: answered before the sender has ended ────────────────▶ ┘
 */
#ifndef INGRESS_GRPC_INT_H
#define INGRESS_GRPC_INT_H

#include <nghttp2/nghttp2.h>

#include "codec/grpc.h"
#include "grpc_head.h"
#include "h2_guard.h"
#include "server_int.h"

enum drain_state { DRAIN_NO, DRAIN_ANNOUNCED, DRAIN_FINAL };

struct grpc_conn {
    struct conn base; /* first */
    nghttp2_session *h2;
    struct h2_guard guard;
    struct call *calls;
    unsigned call_count;
    enum drain_state drain;
    uint64_t drain_us, seen_us;
    bool greeted;   /* the client's SETTINGS have come */
    bool receiving; /* nghttp2 is at work: what is to be sent waits until it returns */
    bool ticking;   /* the timer rings within a second */
    bool told;      /* that the connection is ended for what it sent */
    bool leaked;    /* the session is not safe to delete */
};

enum call_state { CALL_HEAD, CALL_PREFIX, CALL_MESSAGE, CALL_SUBMITTED, CALL_ANSWERED };

struct call {
    struct inbound_user waiter; /* first */
    struct grpc_conn *conn;
    struct call *prev, *next;
    int32_t id;
    enum call_state state;
    struct grpc_head head;
    uint8_t prefix[GRPC_PREFIX];
    unsigned prefix_len;
    struct grpc_prefix message; /* as announced */
    struct inbound *in;
    uint64_t begun_us, deadline_us, answered_us;
    bool sender_done;  /* END_STREAM was received */
    struct buf answer; /* the message of a success, with its prefix */
    size_t answer_sent;
};

struct call *call_new(struct grpc_conn *c, int32_t id) MUST_USE;
void call_free(struct call *k);

/* What nghttp2 has read, in order: fields, the end of the head, bytes, the end of the stream. */
void call_field(struct call *k, struct str name, struct str value);
void call_head_done(struct call *k);
void call_data(struct call *k, struct str bytes);
void call_end(struct call *k);

/* Once a second: give up what is too late or too slow. False: the client does not take its answer, the connection should end. */
bool call_tick(struct call *k, uint64_t now_us);

/* Hand an answer to nghttp2, which sends it when the connection is flushed. RC_NOMEM: the stream is reset. */
enum rc answer_http(struct call *k, int status);
enum rc answer_grpc(struct call *k, const struct reply *r);

/* Send what nghttp2 has to send. The connection may be gone when this returns. */
void grpc_conn_flush(struct grpc_conn *c);

#endif
