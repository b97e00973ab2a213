#include "ingress_rig.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>

#include "base_nomem.h"

static void
submit(struct request_sink *sink, struct request *rq)
{
    struct rig *r = (struct rig *)sink;

    r->requests++;
    r->transport = rq->transport;
    r->encoding = rq->encoding;
    r->deadline_us = rq->deadline_us;
    snprintf(r->identity, sizeof(r->identity), "%s", rq->peer->identity);
    buf_clear(&r->body);
    if (buf_append(&r->body, rq->body) != RC_OK) { /* on purpose only: see rig_nomem */
        rq->reply(rq, &(struct reply){.rc = RC_NOMEM});
        return;
    }
    if (!r->starved) { /* Check allocates in every assertion */
        ck_assert_uint_eq(rq->received_us, r->clock.fake_mono_us);
        ck_assert(!rq->gone);
    }
    if (!r->hold) {
        rq->reply(rq, &r->answer);
        return;
    }
    ck_assert_uint_lt(r->held_count, RIG_HELD);
    r->held[r->held_count++] = rq;
}

static void
on_refused(struct server_events *ev, const struct peer *p, const char *reason)
{
    struct rig *r = (struct rig *)((char *)ev - offsetof(struct rig, events));

    if (!r->starved)
        ck_assert_str_eq(p->address, "127.0.0.1");
    r->refused++;
    snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

static void
on_refused_request(struct server_events *ev, const struct peer *p, const char *protocol, const char *reason)
{
    struct rig *r = (struct rig *)((char *)ev - offsetof(struct rig, events));

    if (!r->starved)
        ck_assert_str_eq(p->address, "127.0.0.1");
    r->told++;
    snprintf(r->told_protocol, sizeof(r->told_protocol), "%s", protocol);
    snprintf(r->told_reason, sizeof(r->told_reason), "%s", reason);
}

static void
on_drained(void *arg)
{
    struct rig *r = arg;

    r->drained++;
}

void
rig_open(struct rig *r, const struct rig_options *o)
{
    memset(r, 0, sizeof(*r));
    r->sink.submit = submit;
    r->events.on_refused = on_refused;
    r->events.on_refused_request = on_refused_request;
    r->clock = clock_fake(1000000, UINT64_C(1700000000000000));
    r->loop = loop_new(&r->clock);
    r->body = BUF_INIT(64u << 20);
    r->tls = o->tls;
    ck_assert(r->loop);
    ck_assert_int_eq(buf_reserve(&r->body, 65536), RC_OK);
    if (o->tls) {
        struct errs es = {0};

        pki_basic_make(&r->pki);
        struct tls_options to = {
            .cert_file = r->pki.server_file, .key_file = r->pki.server_key, .client_ca_file = r->pki.ca_file, .min_version = 0x0304};

        to.identity[0] = "spiffe_id";
        ck_assert_int_eq(tls_server_new(&to, o->grpc ? TLS_ALPN_H2 : TLS_ALPN_HTTP11, &r->context, &es), RC_OK);
        r->client = pki_client_context(&r->pki.client, o->grpc ? "\x02h2" : "\x08http/1.1");
    }
    struct server_options so = {.address = "127.0.0.1",
        .tls = r->context,
        .max_body_bytes = o->max_body_bytes ? o->max_body_bytes : 1u << 20,
        .max_streams = 100,
        .max_connections = 10,
        .max_buffered_bytes = o->max_buffered_bytes ? o->max_buffered_bytes : 16u << 20,
        .clock = &r->clock,
        .sink = &r->sink,
        .events = &r->events};

    ck_assert_int_eq((o->grpc ? server_grpc_open : server_http_open)(r->loop, &so, &r->server), RC_OK);
}

void
rig_release(struct rig *r)
{
    struct request *held[RIG_HELD];
    unsigned count = r->held_count;

    memcpy(held, r->held, sizeof(held));
    r->held_count = 0; /* a reply may bring the next request */
    for (unsigned i = 0; i < count; i++)
        held[i]->reply(held[i], &r->answer);
}

void
rig_close(struct rig *r)
{
    server_free(r->server);
    rig_release(r); /* to nobody: the server's memory goes with the last */
    loop_free(r->loop);
    buf_free(&r->body);
    if (r->tls) {
        tls_unref(r->context);
        SSL_CTX_free(r->client);
        pki_basic_free(&r->pki);
    }
}

void
rig_drain(struct rig *r)
{
    server_drain(r->server, on_drained, r);
}

void
rig_settle(struct rig *r, struct net_client *c)
{
    for (unsigned idle = 0; idle < 20; idle++) {
        loop_step(r->loop);
        if (c && net_client_pump(c))
            idle = 0;
    }
}

struct starved {
    struct rig *rig;
    long n;
    bool ran, hit;
    _Atomic bool stop;
};

static void *
serve_starved(void *arg)
{
    struct starved *s = arg;

    s->ran = nomem_round(s->n);
    while (!s->stop)
        loop_step(s->rig->loop);
    s->hit = nomem_end();
    return NULL;
}

bool
rig_nomem(struct rig *r, long n, void (*talk)(struct rig *r))
{
    struct starved s = {.rig = r, .n = n};
    pthread_t tid;

    r->starved = true;
    ck_assert_int_eq(pthread_create(&tid, NULL, serve_starved, &s), 0);
    talk(r);
    s.stop = true;
    pthread_join(tid, NULL);
    r->starved = false;
    return s.hit;
}

void
rig_connect(struct rig *r, struct net_client *c)
{
    net_client_open(c, server_port(r->server), r->client);
}
