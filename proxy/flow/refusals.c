/*
 * Who was turned away before there was anything to decide: handshakes, and requests that their head or their framing refused. One entry at once, so that it is on record when it
 * happens; what comes like it, from the same sender for the same reason, is counted, and written as one entry a second with its number. However many come, a
 * worker writes at most REFUSALS_MAX entries and as many again in a second. Nothing here comes from the request itself.
 */
#include "refusals_int.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "flow_int.h"

#define NAMED_MAX 64                  /* senders and reasons that are told apart */
#define REFUSALS_MAX (NAMED_MAX + 64) /* then reasons alone: all there are fit */
#define LATE_MAX 100                  /* at a stop, each by itself */
#define TICK_MS 1000

struct refusal {
    struct peer peer;
    const char *protocol; /* NULL: a handshake */
    const char *reason;   /* static */
    uint64_t hidden;      /* since the last entry */
    bool used;
};

struct refusals {
    struct flow *f;
    struct timer *tick;
    bool ticking;
    unsigned late;
    struct refusal list[REFUSALS_MAX];
};

static bool
write_entry(struct flow *f, const struct peer *p, const char *protocol, const char *reason, uint64_t count)
{
    struct record r;
    enum rc rc = protocol ? record_refusal(&r, f->snap, p, protocol, reason, count) : record_refused_peer(&r, f->snap, p, reason, count);

    return flow_note_one(f, &r, rc);
}

/* What could not be written stays counted until it can. */
static void
write_hidden(struct refusals *rs)
{
    for (unsigned i = 0; i < REFUSALS_MAX; i++) {
        struct refusal *x = &rs->list[i];

        if (x->used && x->hidden == 0)
            x->used = false;
        else if (x->used && write_entry(rs->f, &x->peer, x->protocol, x->reason, x->hidden))
            x->hidden = 0;
    }
}

static void
tick_soon(struct refusals *rs)
{
    if (rs->ticking)
        return;
    rs->ticking = true;
    timer_set(rs->tick, TICK_MS);
}

static void
on_tick(void *arg)
{
    struct refusals *rs = arg;

    rs->ticking = false;
    if (journal_ready(rs->f->o.journal) == RC_OK)
        write_hidden(rs);
    for (unsigned i = 0; i < REFUSALS_MAX; i++)
        if (rs->list[i].used)
            tick_soon(rs);
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
is_same(const struct refusal *x, const struct peer *p, const char *protocol, const char *reason)
{
    return x->used && same_text(x->reason, reason) && same_text(x->protocol, protocol) && strcmp(x->peer.cidr, p->cidr) == 0 &&
           strcmp(x->peer.identity, p->identity) == 0 && strcmp(x->peer.cert_sha256, p->cert_sha256) == 0;
}

/* The one like it in [from, to), or a free one; NULL: neither. */
static struct refusal *
find(struct refusals *rs, unsigned from, unsigned to, const struct refusal *like)
{
    struct refusal *unused = NULL;

    for (unsigned i = from; i < to; i++) {
        if (is_same(&rs->list[i], &like->peer, like->protocol, like->reason))
            return &rs->list[i];
        if (!unused && !rs->list[i].used)
            unused = &rs->list[i];
    }
    return unused;
}

static void
log_refusal(const struct refusal *x)
{
    if (x->protocol)
        log_event(LOG_REQUEST_REFUSED, LOG_STR("reason", x->reason), LOG_STR("transport", x->protocol), LOG_STR("identity", x->peer.identity));
    else
        log_event(LOG_HANDSHAKE_REFUSED, LOG_STR("reason", x->reason), LOG_STR("peer", x->peer.cidr), LOG_STR("identity", x->peer.identity));
}

void
refusals_add(struct refusals *rs, const struct peer *p, const char *protocol, const char *reason)
{
    static const struct peer nobody;
    struct flow *f = rs->f;
    const struct refusal like = {.peer = p ? *p : nobody, .protocol = protocol, .reason = reason}, plain = {.protocol = protocol, .reason = reason};

    if (f->draining) { /* nobody waits for the timer any more */
        if (rs->late++ < LATE_MAX)
            (void)write_entry(f, &like.peer, protocol, reason, 1);
        return;
    }
    struct refusal *x = find(rs, 0, NAMED_MAX, &like);
    bool named = x != NULL;

    if (!x)
        x = find(rs, NAMED_MAX, REFUSALS_MAX, &plain);
    if (!x) /* no place: as many reasons as that there are not */
        x = &rs->list[REFUSALS_MAX - 1];
    if (x->used) {
        x->hidden++;
        return;
    }
    *x = named ? like : plain;
    x->used = true;
    log_refusal(x);
    x->hidden = journal_ready(f->o.journal) != RC_OK || !write_entry(f, &x->peer, protocol, reason, 1);
    tick_soon(rs);
}

void
refusals_flush(struct refusals *rs)
{
    write_hidden(rs);
}

struct refusals *
refusals_new(struct flow *f)
{
    struct refusals *rs = calloc(1, sizeof(*rs));

    if (!rs)
        return NULL;
    rs->f = f;
    rs->tick = timer_new(f->o.loop, on_tick, rs);
    if (!rs->tick) {
        free(rs);
        return NULL;
    }
    return rs;
}

void
refusals_free(struct refusals *rs)
{
    if (!rs)
        return;
    timer_free(rs->tick);
    free(rs);
}
