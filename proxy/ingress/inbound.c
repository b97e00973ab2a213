#include <stdlib.h>

#include "server_int.h"

static void
inbound_free(struct inbound *in)
{
    struct server *s = in->server;

    body_release(&s->bodies, &in->body);
    free(in);
    server_unref(s);
}

struct reply
reply_of(enum rc rc, struct str text)
{
    struct reply r = {.rc = rc, .message = text.len ? text : str_of(rc_text(rc))};

    r.retry_after_ms = rc_retryable(rc) ? RETRY_AFTER_MS : 0;
    return r;
}

static void
reply(struct request *rq, const struct reply *r)
{
    struct inbound *in = (struct inbound *)rq;
    struct inbound_user *u = in->user;
    struct reply full = *r;

    if (!rc_retryable(full.rc))
        full.retry_after_ms = 0;
    else if (full.retry_after_ms == 0)
        full.retry_after_ms = RETRY_AFTER_MS;
    in->user = NULL;
    if (u)
        u->on_reply(u, &full);
    inbound_free(in);
}

struct inbound *
inbound_new(struct conn *c, struct inbound_user *u)
{
    struct inbound *in = calloc(1, sizeof(*in));

    if (!in)
        return NULL;
    in->server = c->server;
    in->server->refs++;
    in->user = u;
    in->peer = c->peer;
    in->rq.peer = &in->peer;
    in->rq.reply = reply;
    return in;
}

enum rc
inbound_append(struct inbound *in, struct str bytes, size_t expected)
{
    return body_append(&in->server->bodies, &in->body, bytes, expected);
}

void
inbound_submit(struct inbound *in, enum transport t, enum encoding e, uint64_t deadline_us)
{
    in->submitted = true;
    in->rq.transport = t;
    in->rq.encoding = e;
    in->rq.body = (struct str){in->body.ptr, in->body.len};
    in->rq.received_us = server_now_us(in->server);
    in->rq.deadline_us = deadline_us;
    in->server->o.sink->submit(in->server->o.sink, &in->rq);
}

void
inbound_drop(struct inbound *in)
{
    if (!in)
        return;
    in->user = NULL;
    in->rq.gone = true;
    if (!in->submitted)
        inbound_free(in);
}
