#include "egress_server.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#define CONTAINER(type, member, p) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define OUT_SOME (256u << 10)
#define HEADERS_MAX 16

/* One request and what is to be said to it. */
struct exchange {
    struct test_conn *conn;
    struct exchange *next;
    const struct script *script;
    int32_t stream;
    struct buf head, body;
    size_t expected; /* HTTP/1.1: content-length */
    bool is_whole, answered;
    size_t told; /* of body and filler */
};

struct test_conn {
    struct stream_user user;
    struct test_conn *next, **link;
    struct test_server *server;
    struct stream *stream;
    nghttp2_session *h2;
    struct exchange *exchanges;
    struct buf in, out; /* HTTP/1.1 */
    size_t out_at;
    bool cut;  /* abort when all is written */
    bool ends; /* close in good order when all is written */
};

static struct exchange *
exchange_new(struct test_conn *c, int32_t stream)
{
    struct test_server *s = c->server;
    struct exchange *x = calloc(1, sizeof(*x));
    unsigned n = s->requests++;

    ck_assert_ptr_nonnull(x);
    x->conn = c;
    x->stream = stream;
    x->script = &s->scripts[n < s->script_count ? n : s->script_count - 1];
    x->head = BUF_INIT(64u << 10);
    x->body = BUF_INIT(64u << 20);
    x->next = c->exchanges;
    c->exchanges = x;
    if (++s->open > s->most_open)
        s->most_open = s->open;
    return x;
}

static void
exchange_free(struct exchange *x)
{
    struct exchange **link = &x->conn->exchanges;

    while (*link != x)
        link = &(*link)->next;
    *link = x->next;
    x->conn->server->open--;
    buf_free(&x->head);
    buf_free(&x->body);
    free(x);
}

static void
conn_free(struct test_conn *c)
{
    while (c->exchanges)
        exchange_free(c->exchanges);
    if (c->h2)
        nghttp2_session_del(c->h2);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}

static void
conn_cut(struct test_conn *c)
{
    stream_abort(c->stream);
    conn_free(c);
}

static void
note_whole(struct exchange *x)
{
    struct test_server *s = x->conn->server;

    s->whole++;
    snprintf(s->head, sizeof(s->head), "%.*s", (int)x->head.len, x->head.ptr ? x->head.ptr : "");
    buf_clear(&s->body);
    ck_assert_int_eq(buf_append(&s->body, buf_str(&x->body)), RC_OK);
}

static bool
is_cut(const struct exchange *x)
{
    char poison = x->conn->server->poison;
    size_t prefix = x->conn->server->h2 ? 5 : 0;

    return (x->script->end == SCRIPT_CUTS_REQUEST && x->body.len) || (poison && x->body.len > prefix && x->body.ptr[prefix] == poison);
}

static size_t
script_body_len(const struct script *sc)
{
    return (sc->body_len ? sc->body_len : sc->body ? strlen(sc->body) : 0) + sc->filler;
}

static size_t
script_body_copy(const struct script *sc, size_t from, uint8_t *out, size_t room)
{
    size_t text = script_body_len(sc) - sc->filler, n = 0;

    for (; n < room && from + n < text; n++)
        out[n] = (uint8_t)sc->body[from + n];
    size_t rest = script_body_len(sc) - from - n;
    size_t zeros = rest < room - n ? rest : room - n;

    memset(out + n, 0, zeros);
    return n + zeros;
}

/* -- HTTP/2 ----------------------------------------------------------------------------------------------------------------------- */

static void h2_send(struct test_conn *c);

static size_t
fields(const char *lines, nghttp2_nv *nv, size_t n)
{
    for (const char *p = lines; p && *p && n < HEADERS_MAX;) {
        const char *colon = strstr(p, ": "), *end = strchr(p, '\n');

        ck_assert(colon && end && colon < end);
        nv[n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)p, (uint8_t *)(uintptr_t)(colon + 2), (size_t)(colon - p), (size_t)(end - colon - 2), 0};
        p = end + 1;
    }
    return n;
}

static ssize_t
h2_body(nghttp2_session *h2, int32_t stream, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct exchange *x = source->ptr;
    const struct script *sc = x->script;
    size_t all = script_body_len(sc), most = sc->end == SCRIPT_CUTS_ANSWER ? all / 2 : all;
    size_t n = script_body_copy(sc, x->told, out, room < most - x->told ? room : most - x->told);
    nghttp2_nv nv[HEADERS_MAX];

    (void)arg;
    x->told += n;
    if (x->told < most)
        return (ssize_t)n;
    if (sc->end == SCRIPT_CUTS_ANSWER) {
        x->conn->cut = true;
        return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (sc->trailers) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(h2, stream, nv, fields(sc->trailers, nv, 0));
    }
    x->conn->ends = sc->end == SCRIPT_CLOSES_AFTER;
    return (ssize_t)n;
}

static void
h2_answer(struct exchange *x)
{
    const struct script *sc = x->script;
    nghttp2_data_provider body = {.source.ptr = x, .read_callback = h2_body};
    char status[8];
    nghttp2_nv nv[HEADERS_MAX];
    bool has_body = script_body_len(sc) || sc->trailers;

    if (x->answered || sc->end == SCRIPT_HANGS)
        return;
    x->answered = true;
    if (sc->end == SCRIPT_GOES_AWAY) {
        nghttp2_submit_goaway(x->conn->h2, 0, x->stream - 2 > 0 ? x->stream - 2 : 0, 0, NULL, 0);
        return;
    }
    if (sc->end == SCRIPT_RESETS) {
        nghttp2_submit_rst_stream(x->conn->h2, 0, x->stream, sc->rst_code);
        return;
    }
    snprintf(status, sizeof(status), "%u", sc->status);
    nv[0] = (nghttp2_nv){(uint8_t *)(uintptr_t) ":status", (uint8_t *)status, 7, strlen(status), 0};
    nghttp2_submit_response(x->conn->h2, x->stream, nv, fields(sc->headers, nv, 1), has_body ? &body : NULL);
}

static int
h2_on_begin(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
    if (f->hd.type == NGHTTP2_HEADERS && f->headers.cat == NGHTTP2_HCAT_REQUEST)
        nghttp2_session_set_stream_user_data(h2, f->hd.stream_id, exchange_new(arg, f->hd.stream_id));
    return 0;
}

static int
h2_on_header(
    nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name, size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
    struct exchange *x = nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);

    (void)flags;
    (void)arg;
    if (x)
        ck_assert_int_eq(buf_printf(&x->head, "%.*s: %.*s\n", (int)name_len, (const char *)name, (int)len, (const char *)value), RC_OK);
    return 0;
}

static int
h2_on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data, size_t len, void *arg)
{
    struct exchange *x = nghttp2_session_get_stream_user_data(h2, stream);
    struct test_conn *c = arg;

    (void)flags;
    if (!x)
        return 0;
    ck_assert_int_eq(buf_append(&x->body, (struct str){(const char *)data, len}), RC_OK);
    if (is_cut(x))
        c->cut = true;
    if (x->script->early)
        h2_answer(x);
    return 0;
}

static int
h2_on_frame(nghttp2_session *h2, const nghttp2_frame *f, void *arg)
{
    struct exchange *x = nghttp2_session_get_stream_user_data(h2, f->hd.stream_id);

    (void)arg;
    if (!x || !(f->hd.flags & NGHTTP2_FLAG_END_STREAM) || (f->hd.type != NGHTTP2_DATA && f->hd.type != NGHTTP2_HEADERS))
        return 0;
    note_whole(x);
    h2_answer(x);
    return 0;
}

static int
h2_on_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *arg)
{
    struct exchange *x = nghttp2_session_get_stream_user_data(h2, stream);

    (void)code;
    (void)arg;
    if (x)
        exchange_free(x);
    return 0;
}

static void
h2_open(struct test_conn *c)
{
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}, {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};

    ck_assert_int_eq(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, h2_on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, h2_on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, h2_on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, h2_on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, h2_on_close);
    ck_assert_int_eq(nghttp2_session_server_new(&c->h2, cb, c), 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, 8 << 20);
    h2_send(c);
}

static void
h2_send(struct test_conn *c)
{
    const uint8_t *bytes;
    ssize_t n = 0;

    do {
        while (stream_pending(c->stream) < OUT_SOME && (n = nghttp2_session_mem_send(c->h2, &bytes)) > 0)
            ck_assert_int_eq(stream_write(c->stream, (struct str){(const char *)bytes, (size_t)n}), RC_OK);
        stream_flush(c->stream);
    } while (stream_pending(c->stream) == 0 && n > 0);
}

/* -- HTTP/1.1 --------------------------------------------------------------------------------------------------------------------- */

static void
h1_send(struct test_conn *c)
{
    while (c->out_at < c->out.len && stream_pending(c->stream) == 0) {
        size_t n = c->out.len - c->out_at;

        if (n > OUT_SOME)
            n = OUT_SOME;
        ck_assert_int_eq(stream_write(c->stream, (struct str){c->out.ptr + c->out_at, n}), RC_OK);
        c->out_at += n;
        stream_flush(c->stream);
    }
}

static void
h1_answer(struct exchange *x)
{
    struct test_conn *c = x->conn;
    const struct script *sc = x->script;
    size_t all = script_body_len(sc), most = sc->end == SCRIPT_CUTS_ANSWER ? all / 2 : all;

    if (x->answered || sc->end == SCRIPT_HANGS)
        return;
    x->answered = true;
    buf_clear(&c->out);
    c->out_at = 0;
    ck_assert_int_eq(buf_printf(&c->out, "HTTP/1.1 %u Whatever\r\nContent-Length: %zu\r\n", sc->status, all), RC_OK);
    for (const char *p = sc->headers; p && *p; p = strchr(p, '\n') + 1)
        ck_assert_int_eq(buf_printf(&c->out, "%.*s\r\n", (int)strcspn(p, "\n"), p), RC_OK);
    ck_assert_int_eq(buf_append(&c->out, STR("\r\n")), RC_OK);
    ck_assert_int_eq(buf_reserve(&c->out, most + 1), RC_OK);
    c->out.len += script_body_copy(sc, 0, (uint8_t *)c->out.ptr + c->out.len, most);
    c->cut = sc->end == SCRIPT_CUTS_ANSWER;
    h1_send(c);
}

static void
h1_body(struct test_conn *c)
{
    struct exchange *x = c->exchanges;

    if (!x)
        return;
    size_t n = x->expected - x->body.len;

    if (n > c->in.len)
        n = c->in.len;
    ck_assert_int_eq(buf_append(&x->body, (struct str){c->in.ptr, n}), RC_OK);
    memmove(c->in.ptr, c->in.ptr + n, c->in.len - n);
    c->in.len -= n;
    if (is_cut(x))
        c->cut = true;
    if (x->script->early)
        h1_answer(x);
    if (x->body.len < x->expected || c->cut || x->is_whole)
        return;
    x->is_whole = true;
    note_whole(x);
    h1_answer(x);
    if (x->answered)
        exchange_free(x);
}

static void
h1_take(struct test_conn *c)
{
    size_t end = str_find(buf_str(&c->in), STR("\r\n\r\n"));

    if (!c->exchanges && end != SIZE_MAX) {
        struct exchange *x = exchange_new(c, 0);

        ck_assert_int_eq(buf_append(&x->head, (struct str){c->in.ptr, end + 2}), RC_OK);
        ck_assert_int_eq(buf_append_byte(&x->head, '\0'), RC_OK);
        const char *len = strstr(x->head.ptr, "Content-Length: ");

        x->head.len--;
        ck_assert_ptr_nonnull(len);
        x->expected = strtoul(len + 16, NULL, 10);
        memmove(c->in.ptr, c->in.ptr + end + 4, c->in.len - end - 4);
        c->in.len -= end + 4;
    }
    h1_body(c);
}

/* -- connections ------------------------------------------------------------------------------------------------------------------ */

static void
finish_round(struct test_conn *c)
{
    if (c->h2)
        h2_send(c);
    else
        h1_send(c);
    if (c->cut && stream_pending(c->stream) == 0)
        conn_cut(c);
    else if (c->ends) {
        stream_close(c->stream);
        conn_free(c);
    }
}

static void
on_bytes(struct stream_user *u, struct str bytes)
{
    struct test_conn *c = CONTAINER(struct test_conn, user, u);

    if (c->h2) {
        if (nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes.ptr, bytes.len) < 0) {
            conn_cut(c);
            return;
        }
    } else {
        ck_assert_int_eq(buf_append(&c->in, bytes), RC_OK);
        h1_take(c);
    }
    finish_round(c);
}

static void
on_flushed(struct stream_user *u)
{
    finish_round(CONTAINER(struct test_conn, user, u));
}

static void
on_end(struct stream_user *u, const char *why)
{
    (void)why;
    conn_free(CONTAINER(struct test_conn, user, u));
}

static void
on_connection(struct listener_user *u, struct stream *stream, const struct peer *p)
{
    struct test_server *s = CONTAINER(struct test_server, user, u);
    struct test_conn *c = calloc(1, sizeof(*c));

    (void)p;
    ck_assert_ptr_nonnull(c);
    s->connections++;
    c->user = (struct stream_user){on_bytes, on_flushed, on_end};
    c->server = s;
    c->stream = stream;
    c->in = c->out = BUF_INIT(64u << 20);
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next)
        c->next->link = &c->next;
    s->conns = c;
    stream_set_user(stream, &c->user);
    if (s->h2)
        h2_open(c);
}

static void
on_refused(struct listener_user *u, const struct peer *p, const char *reason)
{
    (void)p;
    (void)reason;
    CONTAINER(struct test_server, user, u)->refused++;
}

void
test_server_open(struct test_server *s, const struct test_server_options *o)
{
    struct tls_options tls = {.cert_file = o->cert_file, .key_file = o->key_file, .client_ca_file = o->client_ca_file, .min_version = 0x0304};
    struct errs es = {0};

    *s = (struct test_server){.loop = o->loop, .h2 = o->h2, .scripts = o->scripts, .script_count = o->script_count, .body = BUF_INIT(64u << 20)};
    s->user = (struct listener_user){on_connection, on_refused};
    tls.identity[0] = "spiffe_id";
    if (o->cert_file && tls_server_new(&tls, o->h2 ? TLS_ALPN_H2 : TLS_ALPN_HTTP11, &s->tls, &es) != RC_OK) {
        errs_print(&es, stderr, false);
        ck_abort_msg("no server context");
    }
    if (o->no_alpn)
        SSL_CTX_set_alpn_select_cb(tls_ctx(s->tls), NULL, NULL);
    struct listener_options lo = {.address = "127.0.0.1", .tls = s->tls, .max_connections = 64};

    ck_assert_int_eq(listener_open(o->loop, &lo, &s->user, &s->listener), RC_OK);
    s->port = listener_port(s->listener);
}

void
test_server_cut(struct test_server *s)
{
    while (s->conns)
        conn_cut(s->conns);
}

void
test_server_close(struct test_server *s)
{
    test_server_cut(s);
    listener_free(s->listener);
    tls_unref(s->tls);
    buf_free(&s->body);
}
