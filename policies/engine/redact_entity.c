#include "redact_int.h"

#include "../action/attr_path_int.h"

static bool
is_entity_key(const struct batch_text *t)
{
    return t->place == PLACE_ENTITY_ID_KEY || t->place == PLACE_ENTITY_DESCRIPTION_KEY;
}

static bool
is_dropped(const struct run *run, uint32_t attr)
{
    for (size_t i = 0; i < run->dropped_count && run->dropped[i] <= attr; i++)
        if (run->dropped[i] == attr)
            return true;
    return false;
}

const struct renamed *
redact_renamed(const struct run *run, uint32_t attr)
{
    size_t lo = 0, hi = run->renamed_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (run->renamed[mid].attr < attr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < run->renamed_count && run->renamed[lo].attr == attr ? &run->renamed[lo] : NULL;
}

static enum rc
settle(struct run *run, uint32_t text)
{
    if (run->settled_count == run->settled_cap) {
        size_t cap = run->settled_cap ? run->settled_cap * 2 : 16;
        uint32_t *list = arena_grow(run->rd.ar, run->settled, run->settled_count * sizeof(*list), cap * sizeof(*list));

        if (!list)
            return RC_NOMEM;
        run->settled = list;
        run->settled_cap = cap;
    }
    run->settled[run->settled_count++] = text;
    return RC_OK;
}

/* What becomes of an entity's reference to a key of its resource. */
static enum rc
follow_key(struct run *run, const struct batch_resource *r, uint32_t text)
{
    const struct batch_text *t = &run->b->texts[text];
    const struct renamed *renamed = NULL;
    uint32_t first, end;
    bool gone = false;

    attr_resource_range(run->b, r, &first, &end); /* not those of spans: they may be very many */
    for (uint32_t i = first; i < end; i++) {
        const struct batch_attr *a = &run->b->attrs[i];

        if (a->place != PLACE_RESOURCE_ATTRIBUTE || a->parent != BATCH_NONE || !str_eq(batch_attr_key(run->b, a), batch_text_bytes(run->b, t)))
            continue;
        const struct renamed *now = redact_renamed(run, i);

        if (!now && !is_dropped(run, i))
            return RC_OK; /* another attribute of this key stays */
        renamed = now ? now : renamed;
        gone = true;
    }
    if (!gone)
        return RC_OK;
    enum rc rc = settle(run, text);

    if (rc != RC_OK)
        return rc;
    if (renamed)
        return edits_set_text(run->edits, run->b, text, renamed->key);
    return edits_remove(run->edits, t->field, t->off + t->len);
}

uint32_t
redact_resource_of(const struct batch *b, uint32_t attr)
{
    uint32_t lo = 0, hi = b->resource_count;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (b->resources[mid].attr_first <= attr)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static bool
concerns(const struct run *run, uint32_t attr)
{
    return run->b->attrs[attr].place == PLACE_RESOURCE_ATTRIBUTE && run->b->attrs[attr].parent == BATCH_NONE;
}

static enum rc
follow_keys(struct run *run, uint32_t resource)
{
    const struct batch_resource *r = &run->b->resources[resource];
    enum rc rc = RC_OK;

    for (uint32_t i = r->text_first; i < r->text_end && rc == RC_OK; i++)
        if (is_entity_key(&run->b->texts[i]))
            rc = follow_key(run, r, i);
    return rc;
}

enum rc
redact_entities(struct run *run)
{
    uint32_t done = BATCH_NONE;
    size_t d = 0, n = 0;
    enum rc rc = RC_OK;

    /* Both lists ascend, so that resources come in order. */
    while ((d < run->dropped_count || n < run->renamed_count) && rc == RC_OK) {
        bool drop = n == run->renamed_count || (d < run->dropped_count && run->dropped[d] < run->renamed[n].attr);
        uint32_t attr = drop ? run->dropped[d++] : run->renamed[n++].attr;

        if (!concerns(run, attr))
            continue;
        uint32_t resource = redact_resource_of(run->b, attr);

        if (resource != done)
            rc = follow_keys(run, resource);
        done = resource;
    }
    return rc;
}
