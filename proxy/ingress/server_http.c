/*
 * OTLP/HTTP (otlp.md 1.1, 1.2) over HTTP/1.1. A connection takes one request at a time:
 *
 *   HEAD ──head complete──▶ BODY ──complete──▶ WAIT ──reply──▶ ANSWERED ──flushed──▶ HEAD, or the end
 *    │                       │                                   ▲
 *    └─ framing is not       └─ refused: its body was read over, │
 *       to be trusted           or is not worth it ──────────────┘
 */
#include <stdio.h>
#include <stdlib.h>

#include "http1.h"
#include "http_answer.h"
#include "server_int.h"

#define READ_OVER_MAX (1u << 20) /* of the body of a request that is refused by its head, so that the connection can go on */
#define LATER_MAX (512u << 10)   /* pipelined bytes; reading is paused after the first */

enum http_state { HTTP_HEAD, HTTP_BODY, HTTP_WAIT, HTTP_ANSWERED };

struct http_request {
    bool json, known_media, head_only, keep_alive, chunked, other_signal;
    enum encoding encoding;
    enum rc refused;      /* by its head; RC_OK: it is wanted */
    uint64_t length, got; /* of the body; length counts unless chunked */
    struct http1_chunks chunks;
};

struct http_conn {
    struct conn base;           /* first */
    struct inbound_user waiter; /* for the reply in WAIT */
    enum http_state state;
    struct buf head; /* as far as it came, when it comes in pieces */
    size_t scanned;
    struct buf later; /* received in WAIT */
    struct http_request rq;
    struct inbound *in;
    uint64_t begun_us; /* first byte of the head, then of the body; 0: idle */
    uint64_t seen_us;  /* last byte, or last answer */
    bool submitting;   /* the sink is being called: the answer waits until it returns */
    bool last;         /* the connection ends with the present request */
    bool failed;       /* an answer could not be written */
};

static uint64_t
now_us(const struct http_conn *c)
{
    return server_now_us(c->base.server);
}

static void
timer_idle(struct http_conn *c)
{
    uint64_t now = now_us(c), age = c->base.end_us > now ? (c->base.end_us - now) / 1000 + 1 : 1;

    timer_set(c->base.timer, age < IDLE_MS ? age : IDLE_MS);
}

static void
answer(struct http_conn *c, struct http_answer *a)
{
    struct buf out = BUF_INIT(STREAM_OUT_MAX);

    inbound_drop(c->in);
    c->in = NULL;
    c->last = c->last || a->close;
    a->close = c->last;
    a->head_only = c->rq.head_only;
    if (http_answer_write(a, clock_wall_us(c->base.server->o.clock), &out) != RC_OK || stream_write(c->base.stream, buf_str(&out)) != RC_OK)
        c->failed = true;
    buf_free(&out);
    c->state = HTTP_ANSWERED;
}

/* Nothing after this can be read with certainty: plain text, and the end. */
static void
answer_status(struct http_conn *c, int status)
{
    struct http_answer a = {.status = status, .text = true, .close = true};

    conn_refused_request(&c->base, "http", refusal_of_status(status));
    answer(c, &a);
}

static void
answer_reply(struct http_conn *c, const struct reply *r)
{
    const struct http_request *rq = &c->rq;
    struct http_answer a = {.status = rc_http_status(r->rc),
        .reply = r,
        .text = !rq->known_media || r->rc == RC_METHOD || r->rc == RC_MEDIA_TYPE,
        .json = rq->json,
        .close = !rq->keep_alive || c->base.server->draining || now_us(c) >= c->base.end_us};

    answer(c, &a);
}

static void
answer_rc(struct http_conn *c, enum rc rc)
{
    struct reply r = reply_of(rc, STR(""));
    const char *protocol = !c->rq.known_media ? "http" : transport_name(c->rq.json ? TRANSPORT_HTTP_JSON : TRANSPORT_HTTP_PROTOBUF);

    conn_refused_request(&c->base, protocol, rc == RC_UNIMPLEMENTED && c->rq.other_signal ? "other_signal" : rc_label(rc));
    answer_reply(c, &r);
}

/* False: the connection has ended. */
static bool
answer_end(struct http_conn *c)
{
    if (c->failed) {
        conn_abort(&c->base);
        return false;
    }
    if (c->last) {
        conn_close(&c->base);
        return false;
    }
    stream_flush(c->base.stream);
    c->state = HTTP_HEAD;
    c->scanned = 0;
    c->begun_us = 0;
    c->seen_us = now_us(c);
    timer_idle(c);
    return true;
}

/* Path, then method, then type: the order in which the Collector looks. */
static enum rc
head_judge(struct http_conn *c, const struct http1_head *h)
{
    if (!str_eq(h->path, STR("/v1/traces")))
        return RC_UNIMPLEMENTED;
    if (!str_eq(h->method, STR("POST")))
        return RC_METHOD;
    if (!c->rq.known_media)
        return RC_MEDIA_TYPE;
    if (encoding_parse(h->encoding, &c->rq.encoding) != RC_OK)
        return RC_ENCODING;
    if (h->length > c->base.server->o.max_body_bytes)
        return RC_TOO_LARGE;
    return RC_OK;
}

static void
body_refuse(struct http_conn *c, enum rc rc)
{
    c->last = true; /* its rest is not read */
    answer_rc(c, rc);
}

/* RFC 9110 section 10.1.1: the sender waits for a word before it sends the body. */
static void
say_continue(struct http_conn *c)
{
    if (stream_write(c->base.stream, STR("HTTP/1.1 100 Continue\r\n\r\n")) != RC_OK)
        c->failed = true;
    stream_flush(c->base.stream);
}

static void
request_begin(struct http_conn *c, const struct http1_head *h)
{
    bool body = h->chunked || h->length > 0;
    struct http_request *rq = &c->rq;

    *rq = (struct http_request){.json = h->media == MEDIA_JSON,
        .known_media = h->media == MEDIA_JSON || h->media == MEDIA_PROTOBUF,
        .head_only = str_eq(h->method, STR("HEAD")),
        .other_signal = str_eq(h->path, STR("/v1/logs")) || str_eq(h->path, STR("/v1/metrics")) || str_eq(h->path, STR("/v1development/profiles")),
        .keep_alive = h->keep_alive,
        .chunked = h->chunked,
        .length = h->length};
    c->begun_us = now_us(c);
    rq->refused = head_judge(c, h);
    if (rq->refused != RC_OK && (h->length > READ_OVER_MAX || (body && h->expect_continue))) {
        body_refuse(c, rq->refused);
        return;
    }
    if (rq->refused == RC_OK) {
        c->in = inbound_new(&c->base, &c->waiter);
        if (!c->in) {
            body_refuse(c, RC_NOMEM);
            return;
        }
        if (body && h->expect_continue)
            say_continue(c);
    }
    c->state = HTTP_BODY;
    if (body)
        timer_set(c->base.timer, BODY_GRACE_MS);
}

static void
head_parse(struct http_conn *c, struct str head)
{
    struct http1_head h;
    int status = http1_head_parse(head, &h);

    if (status == 200)
        request_begin(c, &h);
    else
        answer_status(c, status);
}

/* Mostly the whole head is in the first bytes; else it is collected. */
static void
head_take(struct http_conn *c, struct str *bytes)
{
    size_t kept = c->head.len, room = HTTP1_HEAD_MAX - kept, len = 0;
    struct str fresh = str_sub(*bytes, 0, bytes->len < room ? bytes->len : room), all;

    if (!c->begun_us) {
        c->begun_us = now_us(c);
        c->rq = (struct http_request){0};
    }
    if (kept && buf_append(&c->head, fresh) != RC_OK) {
        answer_status(c, 503);
        return;
    }
    all = kept ? buf_str(&c->head) : fresh;
    enum rc rc = http1_head_end(all, &c->scanned, &len);

    if (rc == RC_OK) {
        *bytes = str_sub(*bytes, len - kept, bytes->len);
        head_parse(c, str_sub(all, 0, len));
        buf_clear(&c->head);
    } else if (rc == RC_MALFORMED || all.len == HTTP1_HEAD_MAX) {
        answer_status(c, rc == RC_MALFORMED ? 400 : 431);
    } else if (!kept) {
        if (buf_append(&c->head, fresh) != RC_OK)
            answer_status(c, 503);
        timer_set(c->base.timer, HEAD_MS);
        *bytes = STR("");
    } else {
        *bytes = STR("");
    }
}

static void
body_piece(struct http_conn *c, struct str piece)
{
    struct http_request *rq = &c->rq;
    size_t max = c->base.server->o.max_body_bytes;
    enum rc rc;

    rq->got += piece.len;
    if (rq->refused != RC_OK) {
        if (rq->got > READ_OVER_MAX)
            body_refuse(c, rq->refused);
        return;
    }
    if (rq->got > max) {
        body_refuse(c, RC_TOO_LARGE);
        return;
    }
    rc = inbound_append(c->in, piece, (size_t)(rq->chunked ? rq->got : rq->length));
    if (rc != RC_OK)
        body_refuse(c, rc);
}

static void
body_done(struct http_conn *c)
{
    struct inbound *in = c->in;

    if (c->rq.refused != RC_OK) {
        answer_rc(c, c->rq.refused);
        return;
    }
    c->state = HTTP_WAIT;
    c->submitting = true;
    inbound_submit(in, c->rq.json ? TRANSPORT_HTTP_JSON : TRANSPORT_HTTP_PROTOBUF, c->rq.encoding, 0);
    c->submitting = false;
}

static void
body_take_length(struct http_conn *c, struct str *bytes)
{
    uint64_t left = c->rq.length - c->rq.got;
    size_t n = bytes->len < left ? bytes->len : (size_t)left;
    struct str piece = str_sub(*bytes, 0, n);

    *bytes = str_sub(*bytes, n, bytes->len);
    if (n)
        body_piece(c, piece);
    if (c->state == HTTP_BODY && c->rq.got == c->rq.length)
        body_done(c);
}

static void
body_take_chunks(struct http_conn *c, struct str *bytes)
{
    struct str piece = {0};
    enum rc rc = RC_OK;

    while (c->state == HTTP_BODY && (rc = http1_chunks_read(&c->rq.chunks, bytes, &piece)) == RC_OK)
        body_piece(c, piece);
    if (c->state != HTTP_BODY)
        return;
    if (rc == RC_MALFORMED)
        answer_status(c, 400);
    else if (c->rq.chunks.state == CHUNK_DONE)
        body_done(c);
}

/* A request that comes before the answer to the last one waits; so does its sender. */
static void
keep_for_later(struct http_conn *c, struct str bytes)
{
    if (bytes.len == 0)
        return;
    if (buf_append(&c->later, bytes) != RC_OK) {
        conn_abort(&c->base);
        return;
    }
    stream_pause(c->base.stream, true);
}

/* The connection may be gone when this returns. */
static void
consume(struct http_conn *c, struct str bytes)
{
    for (;;) {
        if (c->state == HTTP_ANSWERED) {
            if (!answer_end(c))
                return;
        } else if (c->state == HTTP_WAIT) {
            keep_for_later(c, bytes);
            return;
        } else if (c->state == HTTP_HEAD) {
            if (bytes.len == 0)
                return;
            head_take(c, &bytes);
        } else {
            (c->rq.chunked ? body_take_chunks : body_take_length)(c, &bytes);
            if (c->state == HTTP_BODY)
                return; /* wants more */
        }
    }
}

static void
on_bytes(struct stream_user *u, struct str bytes)
{
    struct http_conn *c = (struct http_conn *)u;

    c->seen_us = now_us(c);
    consume(c, bytes);
}

static void
on_reply(struct inbound_user *u, const struct reply *r)
{
    struct http_conn *c = (struct http_conn *)((char *)u - offsetof(struct http_conn, waiter));
    struct buf later = c->later;

    c->in = NULL; /* gone when this returns */
    answer_reply(c, r);
    if (c->submitting)
        return; /* consume is at work and goes on */
    c->later = BUF_INIT(LATER_MAX);
    stream_pause(c->base.stream, false);
    consume(c, buf_str(&later));
    buf_free_wipe(&later);
}

static void
on_end(struct stream_user *u, const char *why)
{
    struct http_conn *c = (struct http_conn *)u;

    (void)why;
    conn_gone(&c->base);
}

static bool
body_slow(const struct http_conn *c, uint64_t now)
{
    uint64_t elapsed_ms = (now - c->begun_us) / 1000;

    return elapsed_ms > BODY_GRACE_MS && c->rq.got < (elapsed_ms - BODY_GRACE_MS) * BODY_RATE / 1000;
}

static void
on_timer(void *arg)
{
    struct http_conn *c = arg;
    uint64_t now = now_us(c);

    if (c->state == HTTP_BODY && !body_slow(c, now)) {
        timer_set(c->base.timer, 1000);
    } else if (c->state == HTTP_BODY || (c->state == HTTP_HEAD && c->begun_us)) {
        answer_status(c, 408);
        answer_end(c);
    } else if (c->state == HTTP_HEAD && (now - c->seen_us >= IDLE_MS * UINT64_C(1000) || now >= c->base.end_us)) {
        conn_close(&c->base);
    } else {
        timer_idle(c); /* a request is being decided: it takes the time it takes */
    }
}

static bool
http_open(struct conn *base)
{
    struct http_conn *c = (struct http_conn *)base;

    base->user = (struct stream_user){on_bytes, NULL, on_end};
    c->waiter = (struct inbound_user){on_reply};
    c->head = BUF_INIT(HTTP1_HEAD_MAX);
    c->later = BUF_INIT(LATER_MAX);
    c->seen_us = now_us(c);
    timer_idle(c);
    return true;
}

static void
http_drain(struct conn *base)
{
    struct http_conn *c = (struct http_conn *)base;

    if (c->state == HTTP_HEAD && !c->begun_us)
        conn_close(base);
    else
        c->last = true;
}

static void
http_on_gone(struct conn *base)
{
    struct http_conn *c = (struct http_conn *)base;

    inbound_drop(c->in);
    buf_free_wipe(&c->head);
    buf_free_wipe(&c->later);
}

static const struct server_kind kind = {"http", sizeof(struct http_conn), http_open, on_timer, http_drain, http_on_gone};

enum rc
server_http_open(struct loop *l, const struct server_options *o, struct server **s)
{
    return server_open(l, o, &kind, s);
}
