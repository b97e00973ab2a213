#include "ingress_grpc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct grpc_result *
result_of(struct grpc_client *g, int32_t id)
{
    ck_assert_int_lt(id / 2, GRPC_CALLS);
    return &g->result[id / 2];
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len,
    uint8_t flags, void *arg)
{
    struct grpc_result *res = result_of(arg, frame->hd.stream_id);
    struct str n = {(const char *)name, name_len};
    int len = (int)value_len;
    const char *v = (const char *)value;

    (void)h2;
    (void)flags;
    if (str_eq(n, STR(":status")))
        res->http = atoi(v);
    else if (str_eq(n, STR("grpc-status")))
        res->status = atoi(v);
    else if (str_eq(n, STR("grpc-message")))
        snprintf(res->message, sizeof(res->message), "%.*s", len, v);
    else if (str_eq(n, STR("grpc-status-details-bin")))
        snprintf(res->details, sizeof(res->details), "%.*s", len, v);
    else if (str_eq(n, STR("grpc-accept-encoding")))
        snprintf(res->accept_encoding, sizeof(res->accept_encoding), "%.*s", len, v);
    return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg)
{
    (void)h2;
    (void)flags;
    ck_assert_int_eq(buf_append(&result_of(arg, id)->data, (struct str){(const char *)data, len}), RC_OK);
    return 0;
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
    struct grpc_client *g = arg;

    (void)h2;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        g->goaway = true;
        g->goaway_code = frame->goaway.error_code;
        g->goaway_last = frame->goaway.last_stream_id;
    } else if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_RESPONSE && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        result_of(g, frame->hd.stream_id)->headers_only = true;
    }
    return 0;
}

static int
on_close(nghttp2_session *h2, int32_t id, uint32_t code, void *arg)
{
    struct grpc_result *res = result_of(arg, id);

    (void)h2;
    res->closed = true;
    res->code = code;
    return 0;
}

void
grpc_client_open(struct rig *r, struct grpc_client *g)
{
    nghttp2_session_callbacks *cb;

    memset(g, 0, sizeof(*g));
    rig_connect(r, &g->net);
    ck_assert_int_eq(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    ck_assert_int_eq(nghttp2_session_client_new(&g->h2, cb, g), 0);
    nghttp2_session_callbacks_del(cb);
    ck_assert_int_eq(nghttp2_submit_settings(g->h2, NGHTTP2_FLAG_NONE, NULL, 0), 0);
}

static ssize_t
read_body(nghttp2_session *h2, int32_t id, uint8_t *out, size_t size, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct grpc_client *g = arg;
    size_t at = (size_t)source->fd, n = g->body[at].len - g->sent[at];

    (void)h2;
    (void)id;
    if (n == 0 && g->open_end[at])
        return NGHTTP2_ERR_DEFERRED;
    n = n < size ? n : size;
    if (n)
        memcpy(out, g->body[at].ptr + g->sent[at], n);
    g->sent[at] += n;
    if (g->sent[at] == g->body[at].len && !g->open_end[at])
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static const struct grpc_field defaults[] = {{":method", "POST"}, {":scheme", "https"}, {":path", GRPC_TRACES_PATH}, {":authority", "localhost"},
    {"te", "trailers"}, {"content-type", "application/grpc"}, {NULL, NULL}};
#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]) - 1)

static const struct grpc_field *
override_of(const char *name, const struct grpc_field *overrides)
{
    for (; overrides && overrides->name; overrides++)
        if (strcmp(overrides->name, name) == 0)
            return overrides;
    return NULL;
}

static void
add(nghttp2_nv *nv, size_t *count, const struct grpc_field *f)
{
    if (f->value)
        nv[(*count)++] = (nghttp2_nv){(uint8_t *)f->name, (uint8_t *)f->value, strlen(f->name), strlen(f->value), NGHTTP2_NV_FLAG_NONE};
}

unsigned
grpc_client_call(struct grpc_client *g, struct str body, const struct grpc_field *overrides, bool open_end)
{
    unsigned at = (unsigned)nghttp2_session_get_next_stream_id(g->h2) / 2;
    nghttp2_data_provider data = {{.fd = (int)at}, read_body};
    nghttp2_nv nv[256];
    size_t count = 0;

    ck_assert_uint_lt(at, GRPC_CALLS);
    g->result[at] = (struct grpc_result){.http = -1, .status = -1, .data = BUF_INIT(1u << 20)};
    g->body[at] = body;
    g->open_end[at] = open_end;
    for (size_t i = 0; i < DEFAULTS; i++) {
        const struct grpc_field *over = override_of(defaults[i].name, overrides);

        add(nv, &count, over ? over : &defaults[i]);
    }
    for (; overrides && overrides->name && count < 256; overrides++)
        if (!override_of(overrides->name, defaults))
            add(nv, &count, overrides);
    ck_assert_int_gt(nghttp2_submit_request(g->h2, NULL, nv, count, &data, NULL), 0);
    return at;
}

bool
grpc_client_pump(struct grpc_client *g)
{
    const uint8_t *out;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(g->h2, &out)) > 0)
        net_client_send(&g->net, (struct str){(const char *)out, (size_t)n});
    bool any = net_client_pump(&g->net);

    if (g->net.in.len)
        ck_assert_int_eq(nghttp2_session_mem_recv(g->h2, (const uint8_t *)g->net.in.ptr, g->net.in.len), (ssize_t)g->net.in.len);
    buf_clear(&g->net.in);
    return any;
}

void
grpc_client_settle(struct rig *r, struct grpc_client *g)
{
    for (unsigned idle = 0; idle < 20; idle++) {
        if (grpc_client_pump(g))
            idle = 0;
        loop_step(r->loop);
    }
}

void
grpc_client_close(struct grpc_client *g)
{
    for (unsigned i = 0; i < GRPC_CALLS; i++)
        buf_free(&g->result[i].data);
    nghttp2_session_del(g->h2);
    net_client_close(&g->net);
}
