#include "flow_int.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"

static void
job_free(struct flow_job *job)
{
    struct flow *f = job->f;

    *job->link = job->next;
    if (job->next)
        job->next->link = job->link;
    if (job->slow)
        timer_free(job->slow);
    gate_outcome_free(&job->out);
    f->held_bytes -= job->held_bytes;
    f->jobs--;
    free(job);
    flow_check_drained(f);
}

static void
count_reply(const struct flow_job *job, const struct reply *r)
{
    const char *transport = transport_name(job->rq->transport);
    uint64_t took = clock_mono_us(job->f->o.clock) - job->rq->received_us;
    uint64_t spans = job->out.spans_in;

    metric_add(metric_get(M_REQUESTS, (const char *const[]){transport, rc_label(r->rc)}, 2), 1);
    metric_observe_us(metric_get_histogram(M_REQUEST_SECONDS, &transport, 1), took);
    if (r->rc == RC_OK) {
        uint64_t lost = r->rejected < spans ? r->rejected : spans;

        metric_add(metric_get(M_ACCEPTED_SPANS, (const char *const[]){"otlp", transport}, 2), (int64_t)(spans - lost));
        if (lost)
            metric_add(metric_get(M_REFUSED_SPANS, (const char *const[]){job->rejected ? "rejected" : "unroutable"}, 1), (int64_t)lost);
    } else if (spans) {
        metric_add(metric_get(M_REFUSED_SPANS, (const char *const[]){rc_label(r->rc)}, 1), (int64_t)spans);
    }
}

/* Answer and forget the job; parcels that live on do so without it. */
static void
job_reply(struct flow_job *job, const struct reply *r)
{
    for (unsigned i = 0; i < job->f->lane_count; i++)
        for (struct flow_parcel *p = job->f->lanes[i]->parcels; p; p = p->next)
            if (p->job == job)
                p->job = NULL;
    count_reply(job, r);
    job->rq->reply(job->rq, r);
    job_free(job);
}

static void
job_fail(struct flow_job *job, enum rc rc)
{
    struct reply r = {.rc = rc, .message = str_of(rc_text(rc)), .retry_after_ms = rc_retryable(rc) ? 1000 : 0};

    job_reply(job, &r);
}

static void
job_settled(struct flow_job *job)
{
    struct reply r = job->out.reply;

    if (--job->open > 0)
        return;
    if (job->failed != RC_OK) {
        job_fail(job, job->failed);
        return;
    }
    if (job->rejected) {
        r.rejected += job->rejected;
        r.message = STR("a destination rejected some spans");
        if (r.rejected > job->out.spans_in)
            r.rejected = job->out.spans_in;
    }
    job_reply(job, &r);
}

void
flow_job_settle(struct flow_job *job, uint64_t rejected, enum rc failed)
{
    if (rejected > job->rejected)
        job->rejected = rejected;
    if (failed != RC_OK)
        job->failed = failed;
    job_settled(job);
}

static void
on_slow(void *arg)
{
    lane_store_open(arg);
}

/* -- times when nothing is taken ---------------------------------------------------------------------------------------------------- */

/* Refusals less than this apart are one interval, so that a gate on the edge does not fill its audit with them. */
#define SHUT_PAUSE_US 1000000

/* A request was turned away unseen: nothing about it could be recorded, so the time is. */
static void
shut_note(struct flow *f, enum rc rc)
{
    if (rc == RC_STOPPING)
        return;
    if (!f->shut.reason)
        f->shut = (struct record_interval){.from_us = clock_wall_us(f->o.clock), .worker = f->o.worker, .reason = rc_label(rc)};
    f->shut.refused++;
    f->shut.to_us = clock_wall_us(f->o.clock);
    f->shut_seen_us = clock_mono_us(f->o.clock);
}

/* What could not be written stays open until it can. */
static void
shut_end(struct flow *f)
{
    struct record r;

    if (flow_note_one(f, &r, record_closed(&r, f->snap, &f->shut)))
        f->shut = (struct record_interval){0};
}

/* The entry is on disk: from here on bytes may leave. */
static void
on_recorded(struct journal_tx *tx)
{
    struct flow_job *job = (struct flow_job *)((char *)tx - offsetof(struct flow_job, tx));
    struct flow *f = job->f;

    if (tx->rc != RC_OK) {
        metric_add(metric_get(M_AUDIT_ERRORS, NULL, 0), 1);
        shut_note(f, tx->rc);
        job_fail(job, tx->rc);
        return;
    }
    if (job->out.rc != RC_OK || job->out.payload_count == 0) {
        job_reply(job, &job->out.reply);
        return;
    }
    job->open = job->out.payload_count + 1; /* one is ours, so that the job outlives this function */
    for (uint32_t i = 0; i < job->out.payload_count; i++) {
        enum rc rc = job->to[i] ? lane_send(job->to[i], job, &job->out.payload[i]) : RC_STOPPING;

        if (rc != RC_OK) {
            job->failed = rc;
            job->open--;
        }
    }
    if (job->open > 1) {
        if (f->draining)
            lane_store_open(job);
        else
            timer_set(job->slow, f->o.journal_after_ms);
    }
    job_settled(job);
}

static void
refuse_at_once(struct flow *f, struct request *rq, enum rc rc)
{
    struct reply r = {.rc = rc, .message = str_of(rc_text(rc)), .retry_after_ms = 1000};
    const char *transport = transport_name(rq->transport);

    if (rc == RC_STOPPING) /* no interval: it does not end */
        refusals_add(f->refusals, rq->peer, transport, rc_label(rc));
    else
        shut_note(f, rc);
    metric_add(metric_get(M_REQUESTS, (const char *const[]){transport, rc_label(rc)}, 2), 1);
    rq->reply(rq, &r);
}

static void
decide(struct flow_job *job)
{
    struct flow *f = job->f;
    struct request *rq = job->rq;
    const struct gate_input in = {
        .transport = rq->transport,
        .encoding = rq->encoding,
        .body = rq->body,
        .peer = rq->peer,
        .request_id = job->id,
        .now_us = clock_wall_us(f->o.clock),
    };

    gate_process(f->worker, &in, &job->out);
    job->epoch = f->epoch;
    for (uint32_t i = 0; i < job->out.payload_count; i++)
        job->to[i] = lane_of(f, job->out.payload[i].destination); /* lane_bind has made one for each */
    if (job->out.rc != RC_OK)
        log_event(
            LOG_REQUEST_REFUSED, LOG_NUM("id", job->id), LOG_STR("reason", job->out.reason), LOG_STR("transport", transport_name(rq->transport)));
}

/*
 * Whether the journal can take what is for destinations that are down. Asked before anything leaves: a sender that is told to come back would have the others receive all of it again
 * each time that it does.
 */
static bool
has_room(const struct flow_job *job)
{
    const struct journal_stats stats = journal_stats(job->f->o.journal);
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < job->out.payload_count; i++)
        if (job->to[i] && job->to[i]->exporter && exporter_down(job->to[i]->exporter))
            bytes += job->out.payload[i].bytes.len;
    return bytes == 0 || stats.payload_bytes + bytes <= stats.payload_bytes_max;
}

static void
on_submit(struct request_sink *sink, struct request *rq)
{
    struct flow *f = (struct flow *)((char *)sink - offsetof(struct flow, sink));
    enum rc rc = f->draining ? RC_STOPPING : journal_ready(f->o.journal);
    size_t hold = 2 * rq->body.len + sizeof(struct flow_job);

    if (rc == RC_OK && f->held_bytes + hold > f->o.max_in_flight_bytes && f->held_bytes)
        rc = RC_BUSY;
    struct flow_job *job = rc == RC_OK ? calloc(1, sizeof(*job)) : NULL;

    if (!job) {
        refuse_at_once(f, rq, rc == RC_OK ? RC_NOMEM : rc);
        return;
    }
    if (f->shut.reason && clock_mono_us(f->o.clock) - f->shut_seen_us >= SHUT_PAUSE_US)
        shut_end(f);
    *job = (struct flow_job){.f = f, .rq = rq, .id = f->next_id, .held_bytes = hold};
    f->next_id += f->o.worker_count;
    job->next = f->first_job;
    job->link = &f->first_job;
    if (job->next)
        job->next->link = &job->next;
    f->first_job = job;
    f->jobs++;
    f->held_bytes += hold;
    job->slow = timer_new(f->o.loop, on_slow, job);
    decide(job);
    if (!job->slow || job->out.head.len == 0) { /* no entry could be made: nothing may leave */
        job_fail(job, job->out.rc == RC_OK ? RC_NOMEM : job->out.rc);
        return;
    }
    if (!has_room(job)) {
        refusals_add(f->refusals, rq->peer, transport_name(rq->transport), rc_label(RC_FULL));
        job_fail(job, RC_FULL);
        return;
    }
    job->entry = (struct journal_entry){buf_str(&job->out.head), buf_str(&job->out.tail)};
    job->tx = (struct journal_tx){.loop = f->o.loop, .entries = &job->entry, .entry_count = 1, .patient = true, .on_done = on_recorded};
    journal_post(f->o.journal, &job->tx);
    idle_set(f->idle);
}

static void
on_refused(struct server_events *ev, const struct peer *p, const char *reason)
{
    struct flow *f = (struct flow *)((char *)ev - offsetof(struct flow, events));

    refusals_add(f->refusals, p, NULL, reason);
}

static void
on_refused_request(struct server_events *ev, const struct peer *p, const char *protocol, const char *reason)
{
    struct flow *f = (struct flow *)((char *)ev - offsetof(struct flow, events));

    metric_add(metric_get(M_REQUESTS, (const char *const[]){protocol, reason}, 2), 1);
    refusals_add(f->refusals, p, protocol, reason);
}

static void
on_idle(void *arg)
{
    struct flow *f = arg;

    journal_hurry(f->o.journal);
}

/* -- life ------------------------------------------------------------------------------------------------------------------------- */

enum rc
flow_new(const struct flow_options *o, struct snapshot *snap, struct exporter *const *exporters, struct flow **out)
{
    struct flow *f = calloc(1, sizeof(*f));

    if (!f)
        return RC_NOMEM;
    f->o = *o;
    f->sink.submit = on_submit;
    f->events.on_refused = on_refused;
    f->events.on_refused_request = on_refused_request;
    f->refusals = refusals_new(f);
    f->snap = snapshot_ref(snap);
    f->next_id = clock_wall_us(o->clock) / o->worker_count * o->worker_count + o->worker;
    f->worker = gate_worker_new(snap);
    f->idle = idle_new(o->loop, on_idle, f);
    f->held = timer_new(o->loop, notes_on_timer, f);
    f->origins = calloc(ORIGINS_MAX, sizeof(*f->origins));
    enum rc rc = f->worker && f->origins && f->refusals && f->idle && f->held ? RC_OK : RC_NOMEM;

    if (rc == RC_OK)
        rc = lane_bind(f, exporters);
    if (rc != RC_OK) {
        flow_free(f);
        return rc;
    }
    *out = f;
    return RC_OK;
}

struct request_sink *
flow_sink(struct flow *f)
{
    return &f->sink;
}

struct server_events *
flow_events(struct flow *f)
{
    return &f->events;
}

enum rc
flow_set(struct flow *f, struct snapshot *snap, struct examiner *ex, struct exporter *const *exporters)
{
    struct snapshot *old = f->snap;
    enum rc rc = gate_worker_set(f->worker, snap, ex);

    if (rc != RC_OK)
        return rc;
    f->snap = snapshot_ref(snap);
    f->epoch++;
    rc = lane_bind(f, exporters);
    snapshot_unref(old);
    return rc;
}

static bool
on_left_over(void *arg, const struct journal_payload *p)
{
    struct flow *f = arg;
    struct lane *l;

    if (p->id % f->o.worker_count != f->o.worker)
        return true;
    if (!p->bytes.ptr) { /* its checksum does not fit: it must not be sent */
        struct record r;

        if (record_loss(&r, f->snap, p->destination.len ? "unknown" : "", 0, p->spans, "corrupt") == RC_OK)
            flow_note(f, &r, 1, p->id);
        else
            record_free(&r);
        return true;
    }
    l = lane_named(f, p->destination);
    const struct backlog_item item = {p->id, p->request_id, p->spans, flow_origin(f, p->origin), p->encoding};

    if (!l || lane_backlog_add(l, &item) != RC_OK)
        log_event(LOG_INTERNAL, LOG_STR("what", "a payload of an earlier run waits for the next start"), LOG_NUM("id", p->id));
    return true;
}

enum rc
flow_recover(struct flow *f)
{
    enum rc rc = journal_scan(f->o.journal, 0, on_left_over, f);

    for (unsigned i = 0; i < f->lane_count && rc == RC_OK; i++) {
        if (f->lanes[i]->count && !f->lanes[i]->exporter)
            lane_tell_stranded(f->lanes[i]);
        else if (f->lanes[i]->count)
            log_event(LOG_JOURNAL_BACKLOG, LOG_STR("destination", f->lanes[i]->name), LOG_NUM("payloads", f->lanes[i]->count));
        lane_pump(f->lanes[i]);
    }
    return rc;
}

void
flow_check_drained(struct flow *f)
{
    void (*told)(void *arg) = f->on_drained;

    if (!f->draining || f->jobs || f->notes || !told)
        return;
    f->on_drained = NULL;
    told(f->drained_arg);
}

void
flow_drain(struct flow *f, void (*on_drained)(void *arg), void *arg)
{
    if (f->shut.reason)
        shut_end(f);
    refusals_flush(f->refusals);
    f->draining = true;
    f->on_drained = on_drained;
    f->drained_arg = arg;
    notes_post_held(f); /* once more */
    for (unsigned i = 0; i < f->lane_count; i++) {
        for (struct flow_parcel *p = f->lanes[i]->parcels, *next; p; p = next) {
            next = p->next;
            if (p->job && p->state == PARCEL_SENDING)
                lane_store_open(p->job);
        }
    }
    flow_check_drained(f);
}

void
flow_free(struct flow *f)
{
    if (!f)
        return;
    f->draining = false; /* nobody is told any more */
    notes_free(f);
    while (f->first_job)        /* each takes itself off its list, which the analyser does not see */
        job_free(f->first_job); /* NOLINT(clang-analyzer-unix.Malloc) */
    for (unsigned i = 0; i < f->lane_count; i++)
        lane_free(f->lanes[i]);
    refusals_free(f->refusals);
    idle_free(f->idle);
    timer_free(f->held);
    gate_worker_free(f->worker);
    snapshot_unref(f->snap);
    for (unsigned i = 0; f->origins && i < f->origin_count; i++)
        free(f->origins[i]);
    free(f->origins);
    free(f);
}
