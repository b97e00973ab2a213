#include <stdlib.h>

#include "grpc_int.h"

#define ANSWER_MAX (64u << 10) /* our own words: a partial success */

/* The state is set first: whatever comes later for this stream is read over. */
static void
answered(struct call *k)
{
    inbound_drop(k->in);
    k->in = NULL;
    k->state = CALL_ANSWERED;
    k->answered_us = server_now_us(k->conn->base.server);
    h2_guard_answered(&k->conn->guard);
}

static void
answer_reply(struct call *k, const struct reply *r)
{
    answered(k);
    if (answer_grpc(k, r) != RC_OK)
        nghttp2_submit_rst_stream(k->conn->h2, NGHTTP2_FLAG_NONE, k->id, NGHTTP2_INTERNAL_ERROR);
}

static void
say_refused(const struct call *k, const char *reason)
{
    conn_refused_request(&k->conn->base, transport_name(TRANSPORT_GRPC), reason);
}

static void
refuse(struct call *k, enum rc rc, struct str text)
{
    struct reply r = reply_of(rc, text);

    say_refused(k, rc == RC_INTERNAL ? "malformed" : rc_label(rc)); /* gRPC's INTERNAL is said of broken framing too */
    answer_reply(k, &r);
}

static void
on_reply(struct inbound_user *u, const struct reply *r)
{
    struct call *k = (struct call *)u;
    struct grpc_conn *c = k->conn;

    k->in = NULL; /* gone when this returns */
    answer_reply(k, r);
    if (!c->receiving)
        grpc_conn_flush(c);
}

struct call *
call_new(struct grpc_conn *c, int32_t id)
{
    struct call *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->waiter = (struct inbound_user){on_reply};
    k->conn = c;
    k->id = id;
    k->answer = BUF_INIT(ANSWER_MAX);
    k->begun_us = server_now_us(c->base.server);
    k->next = c->calls;
    if (k->next)
        k->next->prev = k;
    c->calls = k;
    c->call_count++;
    return k;
}

void
call_free(struct call *k)
{
    struct grpc_conn *c = k->conn;

    inbound_drop(k->in);
    *(k->prev ? &k->prev->next : &c->calls) = k->next;
    if (k->next)
        k->next->prev = k->prev;
    c->call_count--;
    buf_free(&k->answer);
    free(k);
}

void
call_field(struct call *k, struct str name, struct str value)
{
    if (k->state == CALL_HEAD) /* trailers of a request say nothing to us */
        grpc_head_field(&k->head, name, value);
}

void
call_head_done(struct call *k)
{
    struct reply r;
    int http_status;

    if (k->state != CALL_HEAD)
        return;
    if (k->head.has_timeout && !k->head.timeout_bad)
        k->deadline_us = k->begun_us + k->head.timeout_ms * 1000;
    if (grpc_head_judge(&k->head, &http_status, &r)) {
        k->state = CALL_PREFIX;
        return;
    }
    say_refused(k, http_status                                                       ? refusal_of_status(http_status)
                   : r.rc == RC_UNIMPLEMENTED && k->head.method == GRPC_OTHER_SIGNAL ? "other_signal"
                                                                                     : rc_label(r.rc));
    if (http_status == 0) {
        answer_reply(k, &r);
        return;
    }
    answered(k);
    if (answer_http(k, http_status) != RC_OK)
        nghttp2_submit_rst_stream(k->conn->h2, NGHTTP2_FLAG_NONE, k->id, NGHTTP2_INTERNAL_ERROR);
}

/* The prefix alone tells what need not be read. */
static void
prefix_done(struct call *k)
{
    struct server *s = k->conn->base.server;

    if (grpc_prefix_read((struct str){(const char *)k->prefix, GRPC_PREFIX}, &k->message) != RC_OK) {
        refuse(k, RC_INTERNAL, STR("the compressed flag is neither 0 nor 1"));
    } else if (k->message.compressed && !k->head.encoded) {
        refuse(k, RC_INTERNAL, STR("a compressed message without grpc-encoding"));
    } else if (k->message.len > s->o.max_body_bytes) {
        refuse(k, RC_TOO_LARGE, STR(""));
    } else {
        k->in = inbound_new(&k->conn->base, &k->waiter);
        if (k->in)
            k->state = CALL_MESSAGE;
        else
            refuse(k, RC_NOMEM, STR(""));
    }
}

static struct str
prefix_take(struct call *k, struct str bytes)
{
    size_t n = GRPC_PREFIX - k->prefix_len;

    n = n < bytes.len ? n : bytes.len;
    if (n)
        memcpy(k->prefix + k->prefix_len, bytes.ptr, n);
    k->prefix_len += (unsigned)n;
    if (k->prefix_len == GRPC_PREFIX)
        prefix_done(k);
    return str_sub(bytes, n, bytes.len);
}

void
call_data(struct call *k, struct str bytes)
{
    enum rc rc;

    if (k->state == CALL_PREFIX)
        bytes = prefix_take(k, bytes);
    if (k->state != CALL_MESSAGE || bytes.len == 0)
        return;
    if (bytes.len > k->message.len - k->in->body.len) {
        /* gRPC status codes: request cardinality violation */
        refuse(k, RC_UNIMPLEMENTED, STR("more than one message in a unary call"));
        return;
    }
    rc = inbound_append(k->in, bytes, k->message.len);
    if (rc != RC_OK)
        refuse(k, rc, STR(""));
}

void
call_end(struct call *k)
{
    k->sender_done = true;
    if (k->state == CALL_PREFIX) {
        if (k->prefix_len == 0)
            refuse(k, RC_UNIMPLEMENTED, STR("a unary call without a message"));
        else
            refuse(k, RC_INTERNAL, STR("the message ends within its prefix"));
    } else if (k->state == CALL_MESSAGE && k->in->body.len < k->message.len) {
        refuse(k, RC_INTERNAL, STR("the message is shorter than announced"));
    } else if (k->state == CALL_MESSAGE) {
        k->state = CALL_SUBMITTED;
        inbound_submit(k->in, TRANSPORT_GRPC, k->message.compressed ? k->head.encoding : ENCODING_IDENTITY, k->deadline_us);
    }
}

static bool
body_slow(const struct call *k, uint64_t now_us)
{
    uint64_t elapsed_ms = (now_us - k->begun_us) / 1000, got = k->prefix_len + (k->in ? k->in->body.len : 0);

    return k->state < CALL_SUBMITTED && elapsed_ms > BODY_GRACE_MS && got < (elapsed_ms - BODY_GRACE_MS) * BODY_RATE / 1000;
}

bool
call_tick(struct call *k, uint64_t now_us)
{
    if (k->state == CALL_ANSWERED)
        return now_us - k->answered_us < ANSWER_STALL_MS * UINT64_C(1000);
    if (body_slow(k, now_us) || (k->deadline_us && now_us >= k->deadline_us)) {
        if (k->state < CALL_SUBMITTED)
            say_refused(k, rc_label(RC_TIMEOUT));
        answered(k);
        nghttp2_submit_rst_stream(k->conn->h2, NGHTTP2_FLAG_NONE, k->id, NGHTTP2_CANCEL);
    }
    return true;
}
