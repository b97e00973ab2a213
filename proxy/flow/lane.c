#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "flow_int.h"

/* -- lanes ------------------------------------------------------------------------------------------------------------------------ */

static bool
is_awaited(const struct flow *f, const struct lane *l)
{
    for (const struct flow_job *job = f->first_job; job; job = job->next)
        for (uint32_t i = 0; i < job->out.payload_count; i++)
            if (job->to[i] == l)
                return true;
    return false;
}

/* A new one; when there are enough, one that no configuration names any more and nothing waits in. */
static struct lane *
lane_unused(struct flow *f)
{
    if (f->lane_count < LANES_MAX) {
        struct lane *l = calloc(1, sizeof(*l));

        if (!l)
            return NULL;
        l->f = f;
        l->destination = -1;
        f->lanes[f->lane_count++] = l;
        return l;
    }
    for (unsigned i = 0; i < f->lane_count; i++) {
        struct lane *l = f->lanes[i];

        if (!l->exporter && l->destination < 0 && !l->count && !l->submitted && !l->unsettled && !l->parcels && !is_awaited(f, l))
            return l;
    }
    return NULL;
}

struct lane *
lane_named(struct flow *f, struct str name)
{
    for (unsigned i = 0; i < f->lane_count; i++)
        if (str_eq(str_of(f->lanes[i]->name), name))
            return f->lanes[i];
    struct lane *l = name.len < sizeof(l->name) ? lane_unused(f) : NULL;

    if (!l)
        return NULL;
    memset(l->name, 0, sizeof(l->name));
    memcpy(l->name, name.ptr, name.len);
    const char *label = l->name;

    l->sent = metric_get(M_SENT_SPANS, &label, 1);
    l->queue = metric_get(M_QUEUE_SIZE, &label, 1);
    return l;
}

struct lane *
lane_of(struct flow *f, uint32_t destination)
{
    for (unsigned i = 0; i < f->lane_count; i++)
        if (f->lanes[i]->destination == (int)destination)
            return f->lanes[i];
    return NULL;
}

/* -- parcels ---------------------------------------------------------------------------------------------------------------------- */

void
parcel_free(struct flow_parcel *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->lane->f->held_bytes -= p->bytes.cap;
    buf_free_wipe(&p->bytes);
    free(p->own_origin);
    free(p);
}

struct flow_parcel *
parcel_new(struct lane *l, enum parcel_state state)
{
    struct flow_parcel *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->lane = l;
    p->state = state;
    p->bytes = BUF_INIT((size_t)INT32_MAX);
    p->next = l->parcels;
    p->link = &l->parcels;
    if (p->next)
        p->next->link = &p->next;
    l->parcels = p;
    return p;
}

void
parcel_to_exporter(struct flow_parcel *p)
{
    p->in_exporter = true;
    exporter_submit(p->lane->exporter, &p->parcel);
}

static enum rc
backlog_return(struct flow_parcel *p)
{
    const struct backlog_item item = {p->parcel.journal_id, p->request_id, p->parcel.spans, p->origin, p->parcel.encoding};

    return lane_backlog_add(p->lane, &item);
}

/* A stored parcel goes back to the backlog: only its number stays in memory. */
static void
parcel_to_backlog(struct flow_parcel *p)
{
    struct lane *l = p->lane;

    if (backlog_return(p) != RC_OK)
        log_event(LOG_INTERNAL, LOG_STR("what", "backlog is full, a payload waits for the next start"), LOG_STR("destination", l->name));
    parcel_free(p);
    lane_pump(l);
}

/* The parcel's job need not wait for it any more. */
static void
parcel_settle(struct flow_parcel *p, enum rc failed)
{
    struct flow_job *job = p->job;

    if (!job)
        return;
    p->job = NULL;
    flow_job_settle(job, 0, failed);
}

static void
on_stored(struct journal_tx *tx)
{
    struct flow_parcel *p = (struct flow_parcel *)((char *)tx - offsetof(struct flow_parcel, tx));
    struct flow *f = p->lane->f;

    if (tx->rc == RC_OK && p->ended) {
        (void)flow_post_note(f, &(struct note_order){.del = p->payload.id, .lane = p->lane});
        f->notes--;
        parcel_free(p);
        flow_check_drained(f);
        return;
    }
    f->notes--;
    if (tx->rc != RC_OK) {
        /* Not durable and not acknowledged: the sender has to come back. What is being sent right now ends without anybody waiting. */
        bool forget = p->ended || !p->in_exporter || exporter_cancel(p->lane->exporter, &p->parcel);

        p->state = PARCEL_SENDING;
        parcel_settle(p, tx->rc);
        if (forget)
            parcel_free(p);
        flow_check_drained(f);
        return;
    }
    p->state = PARCEL_STORED;
    p->parcel.journal_id = p->payload.id;
    parcel_settle(p, RC_OK);
    if (!p->in_exporter || exporter_cancel(p->lane->exporter, &p->parcel))
        parcel_to_backlog(p);
    flow_check_drained(f);
}

static void
parcel_store(struct flow_parcel *p)
{
    struct flow *f = p->lane->f;

    p->state = PARCEL_STORING;
    p->payload = (struct journal_payload){
        .destination = str_of(p->lane->name),
        .origin = parcel_origin(p),
        .request_id = p->request_id,
        .created_us = clock_wall_us(f->o.clock),
        .spans = p->parcel.spans,
        .encoding = p->parcel.encoding,
        .bytes = p->parcel.body,
    };
    p->tx = (struct journal_tx){.loop = f->o.loop, .put = &p->payload, .put_count = 1, .on_done = on_stored};
    f->notes++;
    journal_post(f->o.journal, &p->tx);
}

/* A sender that is told that spans were refused hears so when that is on disk. */
static void
record_end(struct flow_parcel *p, const struct parcel_result *r, uint64_t del, uint64_t rejected)
{
    struct lane *l = p->lane;
    struct flow_job *job = rejected ? p->job : NULL;
    struct record records[2];
    unsigned n = 0, due = 1 + (r->end == PARCEL_REJECTED);

    if (p->denied) /* nothing was tried */
        due--;
    else if (record_delivery(&records[n], l->f->snap, p->request_id, l->name, r, p->parcel.spans) == RC_OK)
        n++;
    else
        record_free(&records[n]);
    if (r->end == PARCEL_REJECTED) {
        if (record_loss(&records[n], l->f->snap, l->name, p->request_id, p->parcel.spans, r->reason) == RC_OK)
            n++;
        else
            record_free(&records[n]);
    }
    if (job)
        p->job = NULL;
    if (job && n < due) {
        flow_job_settle(job, 0, RC_NOMEM);
        job = NULL;
    }
    /* What cannot be recorded stays in the journal: sent again rather than gone without a word. */
    flow_post_note(
        l->f, &(struct note_order){.job = job, .lane = l, .records = records, .count = n, .del = n == due ? del : 0, .rejected = rejected});
}

/* Acknowledged or refused for good. */
static void
parcel_end(struct flow_parcel *p, const struct parcel_result *r)
{
    struct lane *l = p->lane;
    struct flow *f = l->f;
    uint64_t spans = p->parcel.spans;
    uint64_t rejected = r->end == PARCEL_REJECTED ? spans : r->rejected < spans ? r->rejected : spans;
    enum parcel_state state = p->state;

    p->in_exporter = false;
    metric_add(l->sent, (int64_t)(spans - rejected));
    if (rejected) {
        metric_add(metric_get(M_SEND_FAILED_SPANS, (const char *const[]){l->name, r->reason}, 2), (int64_t)rejected);
        log_event(LOG_DELIVERY_REJECTED, LOG_STR("destination", l->name), LOG_STR("reason", r->reason), LOG_NUM("spans", rejected));
    }
    record_end(p, r, state == PARCEL_STORED || state == PARCEL_FROM_BACKLOG ? p->parcel.journal_id : 0, rejected);
    parcel_settle(p, RC_OK);
    if (state == PARCEL_STORING) {
        p->ended = true; /* on_stored deletes it */
        return;
    }
    if (state == PARCEL_FROM_BACKLOG)
        l->submitted--;
    parcel_free(p);
    lane_pump(l);
    flow_check_drained(f);
}

void
parcel_on_result(struct parcel *parcel, const struct parcel_result *r)
{
    struct flow_parcel *p = (struct flow_parcel *)parcel;

    if (r->end != PARCEL_WAITING) {
        parcel_end(p, r);
        return;
    }
    switch (p->state) {
    case PARCEL_SENDING:
        if (p->job) {
            parcel_store(p);
        } else if (exporter_cancel(p->lane->exporter, &p->parcel)) { /* its sender was told to come back */
            p->in_exporter = false;
            parcel_free(p);
        }
        break;
    case PARCEL_STORED:
        if (exporter_cancel(p->lane->exporter, &p->parcel)) {
            p->in_exporter = false;
            parcel_to_backlog(p);
        }
        break;
    case PARCEL_STORING:
    case PARCEL_FROM_BACKLOG:
        break;
    }
}

enum rc
lane_send(struct lane *l, struct flow_job *job, struct gate_payload *payload)
{
    if (!l->exporter || (job->epoch != l->f->epoch && !lane_allows(l, str_of(payload->origin))))
        return RC_STOPPING;
    struct flow_parcel *p = parcel_new(l, PARCEL_SENDING);

    if (!p)
        return RC_NOMEM;
    if (parcel_set_origin(p, str_of(payload->origin)) != RC_OK) {
        parcel_free(p);
        return RC_NOMEM;
    }
    p->job = job;
    p->request_id = job->id;
    p->bytes = payload->bytes;
    payload->bytes = BUF_INIT((size_t)INT32_MAX);
    l->f->held_bytes += p->bytes.cap;
    p->parcel = (struct parcel){
        .body = buf_str(&p->bytes), .encoding = (uint8_t)payload->encoding, .spans = payload->spans, .on_result = parcel_on_result};
    if (exporter_down(l->exporter))
        parcel_store(p);
    else
        parcel_to_exporter(p);
    return RC_OK;
}

void
lane_store_open(struct flow_job *job)
{
    struct flow *f = job->f;

    for (unsigned i = 0; i < f->lane_count; i++)
        for (struct flow_parcel *p = f->lanes[i]->parcels; p; p = p->next)
            if (p->job == job && p->state == PARCEL_SENDING)
                parcel_store(p);
}

/* -- configuration ---------------------------------------------------------------------------------------------------------------- */

/* The lane's exporter was closed and has forgotten its parcels, or serves another policy now: everything stored is asked about anew. */
static void
requeue(struct lane *l, bool closed)
{
    for (struct flow_parcel *p = l->parcels, *next; p; p = next) {
        next = p->next;
        if (!p->in_exporter || !(closed || exporter_cancel(l->exporter, &p->parcel)))
            continue;
        p->in_exporter = false;
        if (p->state == PARCEL_FROM_BACKLOG)
            l->submitted--;
        if (p->state == PARCEL_FROM_BACKLOG || p->state == PARCEL_STORED) {
            if (backlog_return(p) == RC_OK)
                parcel_free(p);
        } else if (p->state == PARCEL_SENDING && p->job) {
            parcel_store(p); /* decided by the policy before; durable, its route is evaluated again before it leaves */
        } else if (p->state == PARCEL_SENDING) {
            parcel_free(p);
        }
    }
}

void
lane_tell_stranded(const struct lane *l)
{
    log_event(LOG_JOURNAL_STRANDED, LOG_STR("destination", l->name), LOG_NUM("payloads", l->count));
    flow_record_admin(l->f, "strand", l->name, "waiting");
}

enum rc
lane_bind(struct flow *f, struct exporter *const *exporters)
{
    size_t n = program_destination_count(f->snap->program);

    for (size_t d = 0; d < n; d++)
        if (!lane_named(f, program_destination(f->snap->program, d)))
            return RC_NOMEM;
    for (unsigned i = 0; i < f->lane_count; i++) {
        struct lane *l = f->lanes[i];
        struct exporter *now = NULL;

        l->destination = -1;
        for (size_t d = 0; d < n; d++) {
            if (!str_eq(str_of(l->name), program_destination(f->snap->program, d)))
                continue;
            l->destination = (int)d;
            now = exporters[d];
        }
        bool closed = l->exporter && l->exporter != now;

        if (l->exporter)
            requeue(l, closed);
        if (l->exporter && !now && (l->count || l->parcels))
            lane_tell_stranded(l);
        l->exporter = now;
    }
    for (unsigned i = 0; i < f->lane_count; i++)
        lane_pump(f->lanes[i]);
    return RC_OK;
}

void
lane_free(struct lane *l)
{
    while (l->parcels)           /* each takes itself off the list, which the analyser does not see */
        parcel_free(l->parcels); /* NOLINT(clang-analyzer-unix.Malloc) */
    free(l->items);
    free(l);
}
