#include "ingress/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/metrics.h"
#include "server_int.h"

const char *
transport_name(enum transport t)
{
    static const char *const names[] = {"grpc", "http/protobuf", "http/json"};

    return names[t];
}

uint64_t
server_now_us(const struct server *s)
{
    return clock_mono_us(s->o.clock);
}

/* Clients that came together need not go together. */
static uint64_t
age_us(void)
{
    uint16_t r = 0;

    if (digest_random(&r, sizeof(r)) != RC_OK)
        r = 0x8000;
    return ((uint64_t)AGE_MS * 9 / 10 + (uint64_t)AGE_MS / 5 * r / 0xffff) * 1000;
}

static void
conn_free(struct conn *c)
{
    c->server->kind->on_gone(c);
    timer_free(c->timer);
    free(c);
}

static void
drained_soon(struct server *s)
{
    if (s->draining && s->conn_count == 0 && s->on_drained)
        timer_set(s->drained, 0);
}

static void
unlink_and_free(struct conn *c)
{
    struct server *s = c->server;

    *(c->prev ? &c->prev->next : &s->conns) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->conn_count--;
    metric_add(s->connections, -1);
    conn_free(c);
    drained_soon(s);
}

void
conn_close(struct conn *c)
{
    stream_close(c->stream);
    unlink_and_free(c);
}

void
conn_abort(struct conn *c)
{
    stream_abort(c->stream);
    unlink_and_free(c);
}

void
conn_gone(struct conn *c)
{
    unlink_and_free(c);
}

static void
on_connection(struct listener_user *u, struct stream *stream, const struct peer *p)
{
    struct server *s = (struct server *)u;
    struct conn *c = calloc(1, s->kind->conn_size);

    if (!c) {
        stream_abort(stream);
        return;
    }
    c->server = s;
    c->stream = stream;
    c->peer = *p;
    c->end_us = server_now_us(s) + age_us();
    c->timer = timer_new(s->loop, s->kind->on_timer, c);
    c->next = s->conns;
    if (c->next)
        c->next->prev = c;
    s->conns = c;
    s->conn_count++;
    metric_add(s->connections, 1);
    stream_set_user(stream, &c->user);
    if (!c->timer || !s->kind->open(c))
        conn_abort(c);
}

static void
on_refused(struct listener_user *u, const struct peer *p, const char *reason)
{
    struct server *s = (struct server *)u;

    s->o.events->on_refused(s->o.events, p, reason);
}

void
conn_refused_request(const struct conn *c, const char *protocol, const char *reason)
{
    struct server_events *ev = c->server->o.events;

    if (ev->on_refused_request)
        ev->on_refused_request(ev, &c->peer, protocol, reason);
}

const char *
refusal_of_status(int status)
{
    static const struct {
        int status;
        const char *word;
    } words[] = {{405, "method"}, {408, "timeout"}, {414, "path_too_long"}, {415, "media_type"}, {431, "head_too_large"}, {501, "encoding"},
        {503, "no_memory"}, {505, "http_version"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].status == status)
            return words[i].word;
    return "malformed";
}

static void
on_drained(void *arg)
{
    struct server *s = arg;
    void (*tell)(void *) = s->on_drained;

    s->on_drained = NULL;
    if (tell)
        tell(s->on_drained_arg);
}

enum rc
server_open(struct loop *l, const struct server_options *o, const struct server_kind *kind, struct server **s)
{
    struct listener_options lo = {o->address, o->port, o->tls, o->max_connections};
    struct server *made = calloc(1, sizeof(*made));
    enum rc rc = RC_NOMEM;

    if (!made)
        return RC_NOMEM;
    made->user = (struct listener_user){on_connection, on_refused};
    made->kind = kind;
    made->o = *o;
    made->o.address = NULL; /* not ours beyond this call */
    made->o.tls = NULL;
    made->loop = l;
    made->refs = 1;
    made->bodies.held_max = o->max_buffered_bytes;
    made->connections = metric_get(M_CONNECTIONS, &kind->label, 1);
    made->drained = timer_new(l, on_drained, made);
    if (made->drained)
        rc = listener_open(l, &lo, &made->user, &made->listener);
    if (rc != RC_OK) {
        int why = errno; /* the caller tells it */

        log_event(LOG_LISTEN_FAILED, LOG_STR("protocol", kind->label), LOG_STR("address", lo.address), LOG_NUM("port", lo.port));
        timer_free(made->drained);
        free(made);
        errno = why;
        return rc;
    }
    *s = made;
    return RC_OK;
}

uint16_t
server_port(const struct server *s)
{
    return listener_port(s->listener);
}

void
server_set_tls(struct server *s, struct tls *t)
{
    listener_set_tls(s->listener, t);
}

void
server_drain(struct server *s, void (*on_done)(void *arg), void *arg)
{
    if (s->draining)
        return;
    s->draining = true;
    s->on_drained = on_done;
    s->on_drained_arg = arg;
    listener_stop(s->listener);
    for (struct conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        s->kind->drain(c);
    }
    drained_soon(s);
}

unsigned
server_connections(const struct server *s)
{
    return s->conn_count;
}

void
server_unref(struct server *s)
{
    if (--s->refs > 0)
        return;
    body_pool_fini(&s->bodies);
    free(s);
}

void
server_free(struct server *s)
{
    if (!s)
        return;
    s->on_drained = NULL;
    for (struct conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        conn_abort(c);
    }
    listener_free(s->listener);
    timer_free(s->drained);
    server_unref(s); /* requests under way: the last reply frees it */
}
