#include "control/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/otlp_json.h"
#include "sink_int.h"

#define BODY_MAX ((size_t)64 * 1024 * 1024) /* OTLP 1.11: the limit recommended for servers */
#define BUFFERED_MAX ((size_t)256 * 1024 * 1024)
#define ARENA_MAX ((size_t)1024 * 1024 * 1024)
#define ARENA_KEEP ((size_t)16 * 1024 * 1024)
#define JSON_DEPTH 64

/* Generous: a backend takes what the gate lets through. */
const struct batch_limits sink_limits = {
    .depth = 64, .value_depth = 32, .resources = 100000, .spans = 1000000, .attrs_per_owner = 100000, .attrs = 10000000, .texts = 10000000};

/* A request that waits for its reply. */
struct pending {
    struct pending *next, **link;
    struct sink *sink;
    struct request *rq;
    struct timer *timer;
    struct reply reply;
};

struct sink {
    struct request_sink base;
    struct server_events events;
    struct sink_options o;
    struct loop *loop;
    struct server *grpc, *http;
    struct compressor *compressor;
    struct arena *arena;
    struct buf body, wire, text;
    struct pending *pending;
    struct sink_totals totals;
};

enum rc
sink_write(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return RC_IO;
        bytes = str_sub(bytes, (size_t)n, bytes.len);
    }
    return RC_OK;
}

static enum rc
read_body(struct sink *s, const struct request *rq, struct str *wire)
{
    uint64_t unknown;

    buf_clear(&s->body);
    buf_clear(&s->wire);
    enum rc rc = compressor_inflate(s->compressor, rq->encoding, rq->body, BODY_MAX, &s->body);

    *wire = buf_str(&s->body);
    if (rc != RC_OK || rq->transport != TRANSPORT_HTTP_JSON)
        return rc;
    rc = otlp_json_decode(buf_str(&s->body), JSON_DEPTH, &s->wire, &unknown);
    *wire = buf_str(&s->wire);
    return rc;
}

static enum rc
print(struct sink *s, const struct batch *b)
{
    enum rc rc = RC_OK;

    buf_clear(&s->text);
    if (s->o.format == SINK_QUIET)
        return RC_OK;
    if (s->o.format == SINK_TEXT) {
        rc = sink_print_spans(b, s->arena, &s->text);
    } else {
        rc = otlp_json_encode(b->body, &s->text);
        if (rc == RC_OK)
            rc = buf_append_byte(&s->text, '\n');
    }
    return rc == RC_OK ? sink_write(s->o.out, buf_str(&s->text)) : rc;
}

static enum rc
record_ids(struct sink *s, const struct batch *b)
{
    buf_clear(&s->text);
    if (s->o.ids < 0)
        return RC_OK;
    enum rc rc = sink_print_ids(b, &s->text);

    return rc == RC_OK ? sink_write(s->o.ids, buf_str(&s->text)) : rc;
}

static enum rc
take(struct sink *s, const struct request *rq)
{
    struct str wire;
    struct batch b;

    arena_reset(s->arena, ARENA_KEEP);
    enum rc rc = read_body(s, rq, &wire);

    if (rc == RC_OK)
        rc = batch_index(wire, &sink_limits, s->arena, &b);
    if (rc == RC_OK)
        rc = record_ids(s, &b);
    if (rc == RC_OK)
        rc = print(s, &b);
    if (rc != RC_OK)
        return rc;
    s->totals.requests++;
    s->totals.spans += b.span_count;
    s->totals.bytes += wire.len;
    return RC_OK;
}

static void
answer(struct pending *p)
{
    if (p->next)
        p->next->link = p->link;
    *p->link = p->next;
    p->rq->reply(p->rq, &p->reply);
    timer_free(p->timer);
    free(p);
}

static void
on_delay(void *arg)
{
    answer(arg);
}

/* Reply now, or later; without memory for later, now. */
static void
reply_with(struct sink *s, struct request *rq, struct reply reply)
{
    struct pending *p = s->o.delay_ms ? calloc(1, sizeof(*p)) : NULL;

    if (p)
        p->timer = timer_new(s->loop, on_delay, p);
    if (!p || !p->timer) {
        free(p);
        rq->reply(rq, &reply);
        return;
    }
    p->sink = s;
    p->rq = rq;
    p->reply = reply;
    p->next = s->pending;
    p->link = &s->pending;
    if (p->next)
        p->next->link = &p->next;
    s->pending = p;
    timer_set(p->timer, s->o.delay_ms);
}

static void
submit(struct request_sink *base, struct request *rq)
{
    struct sink *s = (struct sink *)base; /* base is the first member */
    struct reply reply = {.rc = RC_OK};

    if (s->o.fail != RC_OK && s->o.fail_count > 0) {
        s->o.fail_count--;
        reply.rc = s->o.fail;
        reply.retry_after_ms = rc_retryable(reply.rc) ? s->o.retry_after_ms : 0;
    } else {
        reply.rc = take(s, rq);
    }
    s->totals.failed += reply.rc != RC_OK;
    reply_with(s, rq, reply);
}

static void
on_refused(struct server_events *ev, const struct peer *p, const char *reason)
{
    struct sink *s = (struct sink *)(void *)((char *)ev - offsetof(struct sink, events));

    (void)p;
    (void)reason;
    s->totals.refused++;
}

static enum rc
tls_open(const struct sink_options *o, enum tls_alpn alpn, struct tls **t, struct errs *es)
{
    const struct tls_options tls = {.cert_file = o->cert_file,
        .key_file = o->key_file,
        .client_ca_file = o->ca_file,
        .min_version = 0x0304,
        .identity = {"spiffe_id", "dns_san", "subject_cn"}};

    if (!o->cert_file && !o->key_file && !o->ca_file)
        return RC_OK;
    if (o->cert_file && o->key_file && o->ca_file)
        return tls_server_new(&tls, alpn, t, es);
    errs_add(es, ERR_ERROR, RC_USAGE, 0, (struct err_pos){0}, "mutual TLS needs a certificate, its key and the authority of the clients");
    return RC_USAGE;
}

typedef enum rc server_opener(struct loop *l, const struct server_options *o, struct server **s);

static enum rc
server_start(struct sink *s, server_opener *opener, enum tls_alpn alpn, uint16_t port, struct server **server, struct errs *es)
{
    struct tls *tls = NULL;
    enum rc rc = tls_open(&s->o, alpn, &tls, es);
    const struct server_options o = {.address = s->o.address,
        .port = port,
        .tls = tls,
        .max_body_bytes = BODY_MAX,
        .max_streams = 128,
        .max_connections = 1024,
        .max_buffered_bytes = BUFFERED_MAX,
        .clock = loop_clock(s->loop),
        .sink = &s->base,
        .events = &s->events};

    if (rc != RC_OK)
        return rc;
    errno = 0;
    rc = opener(s->loop, &o, server);
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%s port %u: %s", o.address, port, rc == RC_IO && errno ? strerror(errno) : rc_text(rc));
    tls_unref(tls);
    return rc;
}

enum rc
sink_open(struct loop *l, const struct sink_options *o, struct sink **sink, struct errs *es)
{
    struct sink *s = calloc(1, sizeof(*s));

    if (!s)
        return RC_NOMEM;
    s->base.submit = submit;
    s->events.on_refused = on_refused;
    s->o = *o;
    s->loop = l;
    s->compressor = compressor_new();
    s->arena = arena_new(ARENA_MAX);
    s->body = s->wire = BUF_INIT(BODY_MAX);
    s->text = BUF_INIT(8 * BODY_MAX);
    enum rc rc = s->compressor && s->arena ? RC_OK : RC_NOMEM;

    if (rc == RC_OK)
        rc = server_start(s, server_grpc_open, TLS_ALPN_H2, o->grpc_port, &s->grpc, es);
    if (rc == RC_OK)
        rc = server_start(s, server_http_open, TLS_ALPN_HTTP11, o->http_port, &s->http, es);
    if (rc == RC_OK)
        *sink = s;
    else
        sink_free(s);
    return rc;
}

uint16_t
sink_grpc_port(const struct sink *s)
{
    return server_port(s->grpc);
}

uint16_t
sink_http_port(const struct sink *s)
{
    return server_port(s->http);
}

struct sink_totals
sink_totals(const struct sink *s)
{
    return s->totals;
}

void
sink_free(struct sink *s)
{
    if (!s)
        return;
    for (struct pending *p = s->pending, *next; p; p = next) {
        next = p->next;
        answer(p);
    }
    if (s->grpc)
        server_free(s->grpc);
    if (s->http)
        server_free(s->http);
    compressor_free(s->compressor);
    arena_free(s->arena);
    buf_free_wipe(&s->body);
    buf_free_wipe(&s->wire);
    buf_free_wipe(&s->text);
    free(s);
}
