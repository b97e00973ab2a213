/*
 * What waits in the journal, destination by destination: numbers in memory, bytes on disk. The policy is asked when one is given to the exporter, and again before each attempt, for
 * a route may end while its destination is down. One whose acknowledgement is not durable yet counts as being sent: so many a crash sends twice, and no more.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "flow_int.h"

#define BACKLOG_MAX ((size_t)1 << 24) /* items; the journal's size is the real bound */

/* -- origins ---------------------------------------------------------------------------------------------------------------------- */

uint16_t
flow_origin(struct flow *f, struct str origin)
{
    for (unsigned i = 0; i < f->origin_count; i++)
        if (str_eq(str_of(f->origins[i]), origin))
            return (uint16_t)i;
    char *copy = f->origin_count < ORIGINS_MAX && origin.len ? strndup(origin.ptr, origin.len) : NULL;

    if (!copy)
        return ORIGIN_IN_JOURNAL;
    f->origins[f->origin_count] = copy;
    return (uint16_t)f->origin_count++;
}

enum rc
parcel_set_origin(struct flow_parcel *p, struct str origin)
{
    p->origin = flow_origin(p->lane->f, origin);
    if (p->origin == ORIGIN_IN_JOURNAL && !(p->own_origin = strndup(origin.len ? origin.ptr : "?", origin.len ? origin.len : 1)))
        return RC_NOMEM;
    return RC_OK;
}

struct str
parcel_origin(const struct flow_parcel *p)
{
    return str_of(p->own_origin ? p->own_origin : p->lane->f->origins[p->origin]);
}

static bool
on_origin(void *arg, const struct journal_payload *found)
{
    struct flow_parcel *p = arg;

    if (found->id == p->parcel.journal_id && found->bytes.ptr)
        p->own_origin = strndup(found->origin.len ? found->origin.ptr : "?", found->origin.len ? found->origin.len : 1);
    return false;
}

/* Not one of those in memory: its record has it. */
static enum rc
origin_read(struct flow_parcel *p)
{
    if (p->origin != ORIGIN_IN_JOURNAL || p->own_origin)
        return RC_OK;
    enum rc rc = journal_scan(p->lane->f->o.journal, p->parcel.journal_id - 1, on_origin, p);

    return rc != RC_OK || p->own_origin ? rc : RC_INTEGRITY;
}

bool
lane_allows(const struct lane *l, struct str origin)
{
    const struct flow *f = l->f;

    return residency_mask_of_claims(f->snap->program, origin, clock_wall_us(f->o.clock) / 1000000) & 1u << l->destination;
}

/* -- items ------------------------------------------------------------------------------------------------------------------------ */

enum rc
lane_backlog_add(struct lane *l, const struct backlog_item *item)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct backlog_item *items = cap <= BACKLOG_MAX ? malloc(cap * sizeof(*items)) : NULL;

        if (!items)
            return RC_NOMEM;
        for (size_t i = 0; i < l->count; i++)
            items[i] = l->items[(l->head + i) % l->cap];
        free(l->items);
        l->items = items;
        l->cap = cap;
        l->head = 0;
    }
    l->items[(l->head + l->count++) % l->cap] = *item;
    metric_set(l->queue, (int64_t)(l->count + l->submitted));
    return RC_OK;
}

static void
deny_item(struct lane *l, const struct backlog_item *item)
{
    struct record r;

    if (record_loss(&r, l->f->snap, l->name, item->request_id, item->spans, "route_denied") == RC_OK)
        (void)flow_post_note(l->f, &(struct note_order){.records = &r, .count = 1, .del = item->id, .lane = l});
    else
        record_free(&r);
    log_event(LOG_DELIVERY_REJECTED, LOG_STR("destination", l->name), LOG_STR("reason", "route_denied"), LOG_NUM("spans", item->spans));
}

/* -- sending ---------------------------------------------------------------------------------------------------------------------- */

static enum rc
on_load(struct parcel *parcel)
{
    struct flow_parcel *p = (struct flow_parcel *)parcel;
    enum rc rc = origin_read(p);

    if (rc == RC_OK && !lane_allows(p->lane, parcel_origin(p))) {
        p->denied = true;
        return RC_UNROUTABLE;
    }
    if (rc == RC_OK)
        rc = journal_load(p->lane->f->o.journal, parcel->journal_id, &p->bytes);
    if (rc == RC_OK) {
        p->lane->f->held_bytes += p->bytes.cap;
        parcel->body = buf_str(&p->bytes);
    }
    return rc;
}

static void
on_unload(struct parcel *parcel)
{
    struct flow_parcel *p = (struct flow_parcel *)parcel;

    p->lane->f->held_bytes -= p->bytes.cap;
    buf_free_wipe(&p->bytes);
    parcel->body = (struct str){NULL, 0};
}

/* Whether the next one may be sent. */
static bool
has_room(const struct lane *l)
{
    return l->submitted < BACKLOG_PARALLEL && l->submitted + l->unsettled < BACKLOG_OPEN && !l->f->draining;
}

void
lane_pump(struct lane *l)
{
    while (l->exporter && l->destination >= 0 && l->count && has_room(l)) {
        struct backlog_item item = l->items[l->head];

        if (item.origin != ORIGIN_IN_JOURNAL && !lane_allows(l, str_of(l->f->origins[item.origin]))) {
            l->head = (l->head + 1) % l->cap;
            l->count--;
            deny_item(l, &item);
            continue;
        }
        struct flow_parcel *p = parcel_new(l, PARCEL_FROM_BACKLOG);

        if (!p)
            break; /* tried again with the next result */
        l->head = (l->head + 1) % l->cap;
        l->count--;
        l->submitted++;
        p->origin = item.origin;
        p->request_id = item.request_id;
        p->parcel = (struct parcel){.encoding = item.encoding,
            .spans = item.spans,
            .journal_id = item.id,
            .on_load = on_load,
            .on_unload = on_unload,
            .on_result = parcel_on_result};
        parcel_to_exporter(p);
    }
    metric_set(l->queue, (int64_t)(l->count + l->submitted));
}
