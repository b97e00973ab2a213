/*
 * Routing of a batch: each resource (or span, where a policy asks for span attributes) has an origin; spans of equal origin share a decision.
 */
#include <stdio.h>

#include "gate_int.h"

static struct sender
sender_of(const struct gate_job *j)
{
    const struct peer *p = j->in->peer;
    const struct snapshot *snap = j->w->snap;
    struct sender s = {.now_s = j->in->now_us / 1000000};

    if (!p)
        return s;
    s.identity = str_of(p->identity);
    s.certificate_country = str_of(p->country);
    for (size_t i = 0; i < snap->origin_count; i++) {
        if (!str_glob(snap->origins[i].identity, s.identity))
            continue;
        s.configured_country = snap->origins[i].country;
        s.configured_region = snap->origins[i].region;
        break;
    }
    return s;
}

static bool
same_decision(const struct route *a, const struct route *b)
{
    return a->mask == b->mask && strcmp(a->country, b->country) == 0 && strcmp(a->claims, b->claims) == 0 && a->source == b->source &&
           str_eq(a->region, b->region) && memcmp(a->rule, b->rule, sizeof(a->rule)) == 0 &&
           memcmp(a->mechanism, b->mechanism, sizeof(a->mechanism)) == 0;
}

/* The number of this decision among those of the request. */
static enum rc
origin_number(struct gate_job *j, const struct route *r, bool uncovered, uint8_t *number)
{
    for (uint32_t i = 0; i < j->origin_count; i++) {
        if (j->origins[i].uncovered == uncovered && same_decision(&j->origins[i].route, r)) {
            *number = (uint8_t)i;
            return RC_OK;
        }
    }
    if (j->origin_count == GATE_ORIGINS_MAX)
        return RC_LIMIT;
    if (j->origin_count == j->origin_cap) { /* nearly always there is one */
        uint32_t cap = j->origin_cap ? j->origin_cap * 4 : 4;
        struct gate_origin *more = arena_grow(j->w->ar, j->origins, j->origin_cap * sizeof(*more), cap * sizeof(*more));

        if (!more)
            return RC_NOMEM;
        j->origins = more;
        j->origin_cap = cap;
    }
    j->origins[j->origin_count] = (struct gate_origin){.route = *r, .uncovered = uncovered};
    *number = (uint8_t)j->origin_count++;
    return RC_OK;
}

static enum rc
route_resource(struct gate_job *j, uint32_t resource, const struct sender *sender, bool by_span)
{
    const struct program *prog = j->w->snap->program;
    const struct batch_resource *r = &j->b.resources[resource];
    bool uncovered = !program_covers(prog, &j->b, resource);
    struct route route;
    uint8_t number = 0;

    for (uint32_t s = r->span_first; s < r->span_end; s++) {
        if (by_span || s == r->span_first) {
            memset(&route, 0, sizeof(route));
            if (by_span)
                residency_route_span(prog, &j->b, s, sender, &route);
            else
                residency_route(prog, &j->b, resource, sender, &route);
            if (uncovered)
                route.mask = 0;
            enum rc rc = origin_number(j, &route, uncovered, &number);

            if (rc != RC_OK)
                return rc;
        }
        j->origin_of[s] = number;
        j->masks[s] = j->origins[number].route.mask;
        j->origins[number].spans++;
    }
    return RC_OK;
}

enum rc
gate_route(struct gate_job *j)
{
    const struct program *prog = j->w->snap->program;
    const struct sender sender = sender_of(j);
    uint32_t spans = j->b.span_count;
    enum rc rc = RC_OK;

    j->origin_of = arena_alloc(j->w->ar, spans + 1);
    j->masks = arena_calloc(j->w->ar, spans + 1, sizeof(*j->masks));
    if (!j->origin_of || !j->masks)
        return RC_NOMEM;
    for (uint32_t i = 0; i < j->b.resource_count && rc == RC_OK; i++)
        rc = route_resource(j, i, &sender, residency_needs_spans(prog));
    if (rc == RC_OK)
        rc = residency_join_traces(prog, &j->b, j->masks, j->w->ar);
    if (rc != RC_OK)
        return rc;
    for (uint32_t s = 0; s < spans; s++) {
        j->any |= j->masks[s];
        j->out->spans_unroutable += j->masks[s] == 0;
    }
    return j->out->spans_unroutable && residency_on_unroutable(prog) == UNROUTABLE_REFUSE ? RC_UNROUTABLE : RC_OK;
}

static uint32_t
allowed(const struct gate_job *j, uint32_t first, uint32_t end, uint32_t bit)
{
    uint32_t n = 0;

    for (uint32_t s = first; s < end; s++)
        n += (j->masks[s] & bit) != 0;
    return n;
}

/* Leave out the spans of one scope that may not go to the destination; the whole scope when none may. */
static enum rc
select_scope(struct gate_job *j, uint32_t scope, uint32_t bit, struct edits *es)
{
    const struct batch_scope *sc = &j->b.scopes[scope];
    uint32_t kept = allowed(j, sc->span_first, sc->span_end, bit);
    enum rc rc = RC_OK;

    if (kept == 0)
        return edits_remove(es, sc->field, sc->end);
    if (kept == sc->span_end - sc->span_first)
        return RC_OK;
    for (uint32_t s = sc->span_first; s < sc->span_end && rc == RC_OK; s++)
        if (!(j->masks[s] & bit))
            rc = edits_remove(es, j->b.spans[s].field, j->b.spans[s].end);
    return rc;
}

enum rc
gate_select(struct gate_job *j, uint32_t destination, struct edits *es, uint32_t *spans)
{
    uint32_t bit = 1u << destination, total = 0;
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < j->b.resource_count && rc == RC_OK; i++) {
        const struct batch_resource *r = &j->b.resources[i];
        uint32_t kept = allowed(j, r->span_first, r->span_end, bit);

        total += kept;
        if (kept == 0) /* OTLP 1.11 "Responses": empty envelopes are not sent on */
            rc = edits_remove(es, r->field, r->end);
        for (uint32_t c = r->scope_first; kept && c < r->scope_end && rc == RC_OK; c++)
            rc = select_scope(j, c, bit, es);
    }
    *spans = total;
    return rc;
}

void
gate_payload_origin(const struct gate_job *j, uint32_t destination, char out[GATE_ORIGIN_SIZE])
{
    bool seen[GATE_ORIGINS_MAX] = {false};

    out[0] = 0;
    for (uint32_t s = 0; s < j->b.span_count; s++) {
        if (!(j->masks[s] & 1u << destination) || seen[j->origin_of[s]])
            continue;
        seen[j->origin_of[s]] = true;
        claims_join(out, GATE_ORIGIN_SIZE, j->origins[j->origin_of[s]].route.claims);
    }
    if (out[0] == 0)
        snprintf(out, GATE_ORIGIN_SIZE, "?");
}
