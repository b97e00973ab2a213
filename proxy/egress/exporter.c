#include <stdlib.h>

#include "base/digest.h"
#include "base/log.h"
#include "exporter_int.h"

/* -- order ------------------------------------------------------------------------------------------------------------------------ */

static void
enqueue(struct exporter *e, struct parcel *p, bool in_front)
{
    struct parcel *before = in_front ? NULL : e->last, *after = in_front ? e->first : NULL;

    p->prev = before;
    p->next = after;
    *(before ? &before->next : &e->first) = p;
    *(after ? &after->prev : &e->last) = p;
    e->queued++;
    e->untold += !p->told;
}

static void
dequeue(struct exporter *e, struct parcel *p)
{
    *(p->prev ? &p->prev->next : &e->first) = p->next;
    *(p->next ? &p->next->prev : &e->last) = p->prev;
    p->next = p->prev = NULL;
    e->queued--;
    e->untold -= !p->told;
}

/*
 * The first parcel that may be tried. One that the destination could perhaps not take waits a while of its own (not_before), so that it does not keep
 * the others from their turn; as a probe it is better than none.
 */
static struct parcel *
next_parcel(const struct exporter *e)
{
    uint64_t now = clock_mono_us(e->clock);
    struct parcel *p = e->first;

    while (p && p->not_before_us > now)
        p = p->next;
    return p || e->state == EXPORTER_UP ? p : e->first;
}

/* -- time ------------------------------------------------------------------------------------------------------------------------- */

/* +-50 %: gates that lost the same destination together do not come back together. */
static uint64_t
jitter_ms(struct exporter *e, uint64_t ms)
{
    uint64_t x = e->random; /* xorshift64 (Marsaglia 2003) */

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    e->random = x;
    return ms / 2 + x % (ms + 1);
}

static uint64_t
grown_ms(const struct exporter *e, uint64_t ms)
{
    ms += ms / 2;
    return ms < e->max_backoff_ms ? ms : e->max_backoff_ms;
}

static void
suspend_parcel(struct exporter *e, struct parcel *p)
{
    uint64_t ms = e->initial_backoff_ms;

    for (unsigned i = 1; i < p->attempts && ms < e->max_backoff_ms; i++)
        ms = grown_ms(e, ms);
    p->not_before_us = clock_mono_us(e->clock) + jitter_ms(e, ms) * 1000;
}

/* All that is left waits for its own time: wake up for the first. */
static void
set_timer_for_waiting(struct exporter *e)
{
    uint64_t now = clock_mono_us(e->clock), first = UINT64_MAX;

    for (const struct parcel *p = e->first; p; p = p->next)
        first = p->not_before_us < first ? p->not_before_us : first;
    if (first != UINT64_MAX)
        timer_set(e->timer, first > now ? (first - now + 999) / 1000 : 0);
}

/* -- up and down ------------------------------------------------------------------------------------------------------------------ */

static void
go_up(struct exporter *e)
{
    metric_set(e->m_up, 1);
    if (e->state == EXPORTER_UP)
        return;
    e->state = EXPORTER_UP;
    e->backoff_ms = 0;
    timer_clear(e->timer);
    log_event(LOG_DESTINATION_UP, LOG_STR("destination", e->name));
}

static void
go_down(struct exporter *e, const struct parcel_result *r, uint64_t retry_after_ms)
{
    metric_set(e->m_up, 0);
    if (e->state == EXPORTER_UP)
        log_event(LOG_DESTINATION_DOWN, LOG_STR("destination", e->name), LOG_STR("reason", r->reason), LOG_NUM("http_status", r->http_status),
            LOG_NUM("grpc_status", r->grpc_status), LOG_NUM("retry_after_ms", retry_after_ms));
    e->backoff_ms = e->backoff_ms ? grown_ms(e, e->backoff_ms) : e->initial_backoff_ms;
    e->state = EXPORTER_PAUSED;
    e->epoch++;
    uint64_t wait_ms = jitter_ms(e, e->backoff_ms);

    timer_set(e->timer, wait_ms > retry_after_ms ? wait_ms : retry_after_ms);
}

bool
exporter_down(const struct exporter *e)
{
    return e->state == EXPORTER_PAUSED || e->state == EXPORTER_PROBING;
}

/* Each parcel that has not heard yet, once. Its owner may cancel it, and may submit others, which are told too. */
static void
tell_waiting(struct exporter *e)
{
    while (exporter_down(e) && e->untold) {
        struct parcel *p = e->first;

        while (p->told)
            p = p->next;
        p->told = true;
        e->untold--;
        const struct parcel_result r = {.end = PARCEL_WAITING, .attempt = p->attempts, .http_status = -1, .grpc_status = -1, .reason = "down"};

        p->on_result(p, &r);
    }
}

/* -- attempts --------------------------------------------------------------------------------------------------------------------- */

static void
unload(struct parcel *p)
{
    if (p->loaded && p->on_unload)
        p->on_unload(p);
    p->loaded = false;
}

/* The parcel is its owner's after this, unless it waits. */
static void
tell(struct exporter *e, struct parcel *p, const struct parcel_result *r)
{
    struct metric_cell *const cells[] = {[PARCEL_DELIVERED] = e->m_delivered, [PARCEL_REJECTED] = e->m_rejected, [PARCEL_WAITING] = e->m_retried};

    metric_add(cells[r->end], 1);
    p->on_result(p, r);
}

/* What is stored could not be read: for now, or for good. The destination has no part in it. */
static void
load_failed(struct exporter *e, struct parcel *p, enum rc rc)
{
    struct parcel_result r = {.end = PARCEL_WAITING, .attempt = p->attempts, .http_status = -1, .grpc_status = -1, .reason = "journal"};

    if (rc == RC_NOT_FOUND || rc == RC_INTEGRITY || rc == RC_UNROUTABLE) {
        r.end = PARCEL_REJECTED;
        r.reason = rc == RC_UNROUTABLE ? "route_denied" : "journal";
    } else {
        p->attempts++;
        p->told = true;
        suspend_parcel(e, p);
        enqueue(e, p, false);
    }
    tell(e, p, &r);
}

static enum rc
start(struct exporter *e, struct parcel *p)
{
    struct attempt *a = e->free_attempts;
    enum rc rc = p->on_load ? p->on_load(p) : RC_OK;

    if (rc != RC_OK) {
        load_failed(e, p, rc);
        return rc;
    }
    p->loaded = true;
    rc = attempt_start(a, p);
    if (rc != RC_OK) {
        unload(p);
        load_failed(e, p, rc);
        return rc;
    }
    e->free_attempts = a->next;
    p->in_flight = true;
    a->epoch = e->epoch;
    e->active++;
    return RC_OK;
}

/* Start what may be started. A destination that is down gets one parcel when its backoff is over. */
static void
pump(struct exporter *e)
{
    while (e->free_attempts && (e->state == EXPORTER_UP || e->state == EXPORTER_IDLE)) {
        struct parcel *p = next_parcel(e);

        if (!p)
            break;
        bool probe = e->state == EXPORTER_IDLE;

        dequeue(e, p);
        if (probe)
            e->state = EXPORTER_PROBING;
        if (start(e, p) == RC_OK || !probe)
            continue;
        /* This one cannot be loaded, which says nothing of the destination: again when its own time has come, or with the next that is submitted. */
        if (e->state == EXPORTER_PROBING)
            e->state = EXPORTER_IDLE;
        break;
    }
    if (e->free_attempts && (e->state == EXPORTER_UP || e->state == EXPORTER_IDLE))
        set_timer_for_waiting(e);
    tell_waiting(e);
}

static void
on_timer(void *arg)
{
    struct exporter *e = arg;

    if (e->state == EXPORTER_PAUSED)
        e->state = EXPORTER_IDLE;
    pump(e);
}

static struct parcel_result
result_of(const struct attempt *a, const struct verdict *v)
{
    static const enum parcel_end ends[] = {
        [VERDICT_DELIVERED] = PARCEL_DELIVERED, [VERDICT_REJECTED] = PARCEL_REJECTED, [VERDICT_RETRY] = PARCEL_WAITING};
    struct parcel_result r = {.end = ends[v->kind],
        .attempt = a->parcel->attempts,
        .http_status = a->answer.http_status,
        .grpc_status = a->answer.grpc_status,
        .reason = v->reason,
        .rejected = v->rejected,
        .latency_us = clock_mono_us(a->e->clock) - a->start_us};

    memcpy(r.peer_cert_sha256, a->peer_cert_sha256, sizeof(r.peer_cert_sha256));
    return r;
}

/* What the end of an attempt says about the destination. */
static void
learn(struct exporter *e, unsigned epoch, const struct verdict *v, const struct parcel_result *r)
{
    if (epoch != e->epoch)
        return; /* begun before it went down */
    if (v->kind == VERDICT_RETRY)
        go_down(e, r, v->retry_after_ms);
    else
        go_up(e);
}

void
exporter_on_finished(struct attempt *a, bool whole, const char *trouble)
{
    struct exporter *e = a->e;
    struct parcel *p = a->parcel;
    struct verdict v = attempt_judge(a, whole, trouble);

    p->attempts++;
    p->in_flight = false;
    const struct parcel_result r = result_of(a, &v);

    a->parcel = NULL;
    a->next = e->free_attempts;
    e->free_attempts = a;
    e->active--;
    unload(p);
    learn(e, a->epoch, &v, &r);
    if (v.kind == VERDICT_RETRY) {
        if (v.suspect)
            suspend_parcel(e, p);
        p->told = true;
        enqueue(e, p, !v.suspect);
    }
    tell(e, p, &r);
    pump(e);
}

/* -- public ----------------------------------------------------------------------------------------------------------------------- */

void
exporter_submit(struct exporter *e, struct parcel *p)
{
    p->attempts = 0;
    p->not_before_us = 0;
    p->told = p->loaded = p->in_flight = false;
    enqueue(e, p, false);
    pump(e);
}

bool
exporter_cancel(struct exporter *e, struct parcel *p)
{
    if (p->in_flight)
        return false;
    dequeue(e, p);
    return true;
}

unsigned
exporter_queued(const struct exporter *e)
{
    return e->queued + e->active;
}

static void
take_metrics(struct exporter *e)
{
    const char *result[] = {e->name, "delivered"};

    e->m_up = metric_get(M_EXPORTER_UP, result, 1);
    e->m_delivered = metric_get(M_SEND_ATTEMPTS, result, 2);
    result[1] = "rejected";
    e->m_rejected = metric_get(M_SEND_ATTEMPTS, result, 2);
    result[1] = "retried";
    e->m_retried = metric_get(M_SEND_ATTEMPTS, result, 2);
    metric_set(e->m_up, 1);
}

static struct exporter *
exporter_new(struct exporter_set *s, const struct exporter_options *o)
{
    unsigned n = o->in_flight == 0 ? 1 : o->in_flight < IN_FLIGHT_MAX ? o->in_flight : IN_FLIGHT_MAX;
    struct exporter *e = calloc(1, sizeof(*e) + n * sizeof(e->attempts[0]));

    if (!e)
        return NULL;
    e->set = s;
    e->in_flight = n;
    e->clock = o->clock;
    e->initial_backoff_ms = o->initial_backoff_ms ? o->initial_backoff_ms : 1;
    e->max_backoff_ms = o->max_backoff_ms > e->initial_backoff_ms ? o->max_backoff_ms : e->initial_backoff_ms;
    for (unsigned i = 0; i < n; i++) {
        e->attempts[i].e = e;
        e->attempts[i].next = e->free_attempts;
        e->free_attempts = &e->attempts[i];
    }
    e->name = strdup(o->name);
    e->timer = timer_new(set_loop(s), on_timer, e);
    if (!e->name || !e->timer || digest_random(&e->random, sizeof(e->random)) != RC_OK) {
        exporter_close(e);
        return NULL;
    }
    e->random |= 1;
    return e;
}

enum rc
exporter_open(struct exporter_set *s, const struct exporter_options *o, struct exporter **out, struct errs *es)
{
    struct exporter *e = exporter_new(s, o);

    if (!e)
        return RC_NOMEM;
    enum rc rc = setup_exporter(e, o, es);

    if (rc != RC_OK) {
        exporter_close(e);
        return rc;
    }
    take_metrics(e);
    *out = e;
    return RC_OK;
}

void
exporter_close(struct exporter *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < e->in_flight; i++) {
        struct parcel *p = e->attempts[i].parcel;

        if (p) {
            attempt_abandon(&e->attempts[i]);
            unload(p);
        }
        attempt_fini(&e->attempts[i]);
    }
    setup_fini(e);
    compressor_free(e->inflater);
    timer_free(e->timer);
    free(e->name);
    free(e);
}
