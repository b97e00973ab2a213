/*
 * OTLP/gRPC over HTTP/2 (otlp.md 1.5) by nghttp2: one session a connection, one call a stream.
 *
 * nghttp2 reads from on_bytes and calls back; the callbacks only change calls and queue answers. What is to be sent is taken from it afterwards,
 * whole, and flushed once. Connections are closed there too, never within a callback.
 */
#include <stdlib.h>

#include "grpc_int.h"

/* Large enough that a sender of 423 KB batches never waits for us to open a window over a round trip. */
#define STREAM_WINDOW (4 << 20)
#define CONN_WINDOW (16 << 20)
#define FIRST_UNKNOWN_TYPE 10u /* RFC 9113 section 6 ends with CONTINUATION, 9 */
#define OUT_LIMIT (STREAM_OUT_MAX / 2)
#define DRAIN_WAIT_MS 1000u /* for requests that were on their way when we said that we go */

static struct grpc_conn *
of(void *arg)
{
    return arg;
}

static uint64_t
now_us(const struct grpc_conn *c)
{
    return server_now_us(c->base.server);
}

/* The connection ends for what came on it: on record once, as a request that was refused. */
static void
say_refused(struct grpc_conn *c, const char *reason)
{
    if (!c->told)
        conn_refused_request(&c->base, transport_name(TRANSPORT_GRPC), reason);
    c->told = true;
}

/* Beyond its budget: RFC 9113 section 10.5. */
static int
calm_down(struct grpc_conn *c)
{
    say_refused(c, "flood");
    nghttp2_session_terminate_session(c->h2, NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
}

static int
on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *arg)
{
    struct grpc_conn *c = of(arg);

    (void)h2;
    return h2_guard_frame(&c->guard, hd, now_us(c)) ? 0 : calm_down(c);
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct grpc_conn *c = of(arg);

    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct call *k = call_new(c, frame->hd.stream_id);

    if (!k)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (!c->ticking) {
        c->ticking = true;
        timer_set(c->base.timer, 1000);
    }
    return nghttp2_session_set_stream_user_data(h2, k->id, k);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len,
    uint8_t flags, void *arg)
{
    struct call *k = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);

    (void)flags;
    (void)arg;
    if (k)
        call_field(k, (struct str){(const char *)name, name_len}, (struct str){(const char *)value, value_len});
    return 0;
}

static int
on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
    struct call *k = nghttp2_session_get_stream_user_data(h2, id);

    (void)flags;
    (void)arg;
    if (k)
        call_data(k, (struct str){(const char *)data, len});
    return 0;
}

static void
drain_final(struct grpc_conn *c)
{
    if (c->drain != DRAIN_ANNOUNCED)
        return;
    c->drain = DRAIN_FINAL;
    nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(c->h2), NGHTTP2_NO_ERROR, NULL, 0);
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct grpc_conn *c = of(arg);
    struct call *k = NULL;

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        k = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
        if (k && frame->hd.type == NGHTTP2_HEADERS)
            call_head_done(k);
        if (k && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            call_end(k);
        break;
    case NGHTTP2_SETTINGS:
        c->greeted = true;
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK)
            drain_final(c); /* all that was sent before our announcement came has arrived */
        break;
    default:
        break;
    }
    return 0;
}

static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct grpc_conn *c = of(arg);
    struct call *k;

    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        uint32_t code = frame->rst_stream.error_code;

        /* NO_ERROR and CANCEL are our own wish; the others answer a fault of the client. */
        if (code != NGHTTP2_NO_ERROR && code != NGHTTP2_CANCEL && !h2_guard_take(&c->guard, H2_RESET, now_us(c)))
            return calm_down(c);
    } else if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
        say_refused(c, frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM ? "flood" : "malformed");
    } else if (frame->hd.type == NGHTTP2_HEADERS && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        /* Answered before the request has ended: RFC 9113 section 8.1 lets us ask the client to stop. */
        k = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
        if (k && !k->sender_done)
            nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, k->id, NGHTTP2_NO_ERROR);
    }
    return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t id, uint32_t code, void *arg)
{
    struct call *k = nghttp2_session_get_stream_user_data(h2, id);

    (void)code;
    (void)arg;
    if (k)
        call_free(k);
    return 0;
}

/* Frames of unknown types are asked for only to be counted: nghttp2 would skip them in silence. */
static int
skip_extension(nghttp2_session *h2, void **payload, const nghttp2_frame_hd *hd, void *arg)
{
    (void)h2;
    (void)payload;
    (void)hd;
    (void)arg;
    return NGHTTP2_ERR_CANCEL;
}

static nghttp2_session_callbacks *
callbacks_new(void)
{
    nghttp2_session_callbacks *cb;

    if (nghttp2_session_callbacks_new(&cb) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_unpack_extension_callback(cb, skip_extension);
    return cb;
}

static nghttp2_session *
session_new(struct grpc_conn *c)
{
    nghttp2_session_callbacks *cb = callbacks_new();
    nghttp2_option *opt = NULL;
    nghttp2_session *h2 = NULL;

    if (cb && nghttp2_option_new(&opt) == 0) {
        nghttp2_option_set_no_closed_streams(opt, 1);
        nghttp2_option_set_max_settings(opt, 32);
        nghttp2_option_set_max_outbound_ack(opt, 1000);
        for (unsigned type = FIRST_UNKNOWN_TYPE; type <= UINT8_MAX; type++)
            nghttp2_option_set_user_recv_extension_type(opt, (uint8_t)type);
        if (nghttp2_session_server_new2(&h2, cb, c, opt) != 0)
            h2 = NULL;
    }
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    return h2;
}

static bool
session_greet(struct grpc_conn *c)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->base.server->o.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_HEAD_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };

    return nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0])) == 0 &&
           nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW) == 0;
}

/* Everything that is to be said has been said, to a connection that is at its end. */
static bool
finished(struct grpc_conn *c)
{
    if (!nghttp2_session_want_read(c->h2) && !nghttp2_session_want_write(c->h2))
        return true;
    return c->drain == DRAIN_FINAL && c->call_count == 0 && !nghttp2_session_want_write(c->h2);
}

void
grpc_conn_flush(struct grpc_conn *c)
{
    const uint8_t *frame;
    ssize_t n;

    while (stream_pending(c->base.stream) < OUT_LIMIT && (n = nghttp2_session_mem_send(c->h2, &frame)) != 0) {
        if (n < 0 || stream_write(c->base.stream, (struct str){(const char *)frame, (size_t)n}) != RC_OK) {
            c->leaked = n < 0;
            conn_abort(&c->base);
            return;
        }
    }
    if (finished(c)) {
        conn_close(&c->base);
        return;
    }
    stream_flush(c->base.stream);
    /* A client that does not take what we say is not listened to either, until the stream's stall timer ends it. */
    stream_pause(c->base.stream, stream_pending(c->base.stream) >= OUT_LIMIT);
}

static void
on_bytes(struct stream_user *u, struct str bytes)
{
    struct grpc_conn *c = (struct grpc_conn *)u;
    ssize_t n;

    c->seen_us = now_us(c);
    c->receiving = true;
    n = nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes.ptr, bytes.len);
    c->receiving = false;
    if (n < 0) { /* a flood that nghttp2 counts, no HTTP/2 at all, no memory; its own GOAWAY, if any, is still sent */
        say_refused(c, n == NGHTTP2_ERR_FLOODED ? "flood" : n == NGHTTP2_ERR_NOMEM ? "no_memory" : "malformed");
        nghttp2_session_terminate_session(c->h2, n == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    }
    grpc_conn_flush(c);
}

static void
on_flushed(struct stream_user *u)
{
    grpc_conn_flush((struct grpc_conn *)u);
}

static void
on_end(struct stream_user *u, const char *why)
{
    (void)why;
    conn_gone((struct conn *)u);
}

/* Two steps (RFC 9113 section 6.8): first a GOAWAY that refuses nothing, then, when the ping tells that it has arrived, the last stream. */
static void
drain_begin(struct grpc_conn *c)
{
    if (c->drain != DRAIN_NO)
        return;
    c->drain = DRAIN_ANNOUNCED;
    c->drain_us = now_us(c);
    nghttp2_submit_shutdown_notice(c->h2);
    nghttp2_submit_ping(c->h2, NGHTTP2_FLAG_NONE, NULL);
    c->ticking = true;
    timer_set(c->base.timer, DRAIN_WAIT_MS);
}

static void
timer_next(struct grpc_conn *c, uint64_t now)
{
    uint64_t wait = c->base.end_us > now ? (c->base.end_us - now) / 1000 + 1 : 1;

    c->ticking = c->call_count > 0 || c->drain != DRAIN_NO;
    if (c->ticking)
        wait = 1000;
    else if (!c->greeted)
        wait = HEAD_MS;
    else if (wait > IDLE_MS)
        wait = IDLE_MS;
    timer_set(c->base.timer, wait);
}

static bool
calls_tick(struct grpc_conn *c, uint64_t now)
{
    struct call *next;
    bool fine = true;

    for (struct call *k = c->calls; k; k = next) {
        next = k->next;
        fine = call_tick(k, now) && fine;
    }
    return fine;
}

static void
on_timer(void *arg)
{
    struct grpc_conn *c = arg;
    uint64_t now = now_us(c), quiet_ms = (now - c->seen_us) / 1000;

    if (!c->greeted && quiet_ms >= HEAD_MS) {
        conn_abort(&c->base);
        return;
    }
    if (!calls_tick(c, now))
        nghttp2_session_terminate_session(c->h2, NGHTTP2_ENHANCE_YOUR_CALM);
    else if (c->call_count == 0 && quiet_ms >= IDLE_MS)
        nghttp2_session_terminate_session(c->h2, NGHTTP2_NO_ERROR);
    else if (now >= c->base.end_us)
        drain_begin(c);
    if (c->drain == DRAIN_ANNOUNCED && now - c->drain_us >= DRAIN_WAIT_MS * UINT64_C(1000))
        drain_final(c);
    timer_next(c, now);
    grpc_conn_flush(c);
}

static bool
grpc_open(struct conn *base)
{
    struct grpc_conn *c = (struct grpc_conn *)base;

    base->user = (struct stream_user){on_bytes, on_flushed, on_end};
    c->seen_us = now_us(c);
    h2_guard_init(&c->guard, c->seen_us);
    c->h2 = session_new(c);
    if (!c->h2 || !session_greet(c))
        return false;
    timer_next(c, c->seen_us);
    grpc_conn_flush(c);
    return true;
}

static void
grpc_drain(struct conn *base)
{
    struct grpc_conn *c = (struct grpc_conn *)base;

    drain_begin(c);
    grpc_conn_flush(c);
}

static void
grpc_on_gone(struct conn *base)
{
    struct grpc_conn *c = (struct grpc_conn *)base;

    while (c->calls)
        call_free(c->calls);
    /* nghttp2 1.52 that runs out of memory while it sends keeps a DATA item that it has freed, and would free it again. */
    if (!c->leaked)
        nghttp2_session_del(c->h2);
}

static const struct server_kind kind = {"grpc", sizeof(struct grpc_conn), grpc_open, on_timer, grpc_drain, grpc_on_gone};

enum rc
server_grpc_open(struct loop *l, const struct server_options *o, struct server **s)
{
    return server_open(l, o, &kind, s);
}
