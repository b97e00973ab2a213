#include "enrich_int.h"

/* One owner of attributes while its additions are collected. */
struct owner {
    const struct batch *b;
    struct arena *ar;
    struct edits *edits;
    uint32_t attr_first, attr_end;
    enum place place;
    char *out; /* fields to insert, one after the other */
    size_t len, cap;
    uint32_t added;
};

static enum rc
owner_append(struct owner *o, struct str field)
{
    if (!o->out || o->cap - o->len < field.len) {
        size_t cap = 2 * o->cap > o->len + field.len ? 2 * o->cap : o->len + field.len + 64;
        char *out = arena_grow(o->ar, o->out, o->cap, cap);

        if (!out)
            return RC_NOMEM;
        o->out = out;
        o->cap = cap;
    }
    memcpy(o->out + o->len, field.ptr, field.len);
    o->len += field.len;
    o->added++;
    return RC_OK;
}

static bool
attr_is(const struct owner *o, uint32_t i, enum place place, struct str key)
{
    const struct batch_attr *a = &o->b->attrs[i];

    return a->place == place && a->parent == BATCH_NONE && str_eq(batch_attr_key(o->b, a), key);
}

/* Add one attribute, or put it in the place of those that the owner has under that key. */
static enum rc
owner_add(struct owner *o, const struct addition *add)
{
    bool there = false;

    for (uint32_t i = o->attr_first; i < o->attr_end; i++) {
        if (!attr_is(o, i, o->place, add->key))
            continue;
        if (!add->override)
            return RC_OK;
        enum rc rc = edits_add(o->edits, o->b->attrs[i].field, o->b->attrs[i].end, there ? (struct str){NULL, 0} : add->field);

        if (rc != RC_OK)
            return rc;
        there = true;
    }
    o->added += there;
    return there ? RC_OK : owner_append(o, add->field);
}

static enum rc
owner_add_all(struct owner *o, const struct additions *all)
{
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < all->count && rc == RC_OK; i++)
        rc = owner_add(o, &all->list[i]);
    return rc;
}

/* ---- spans ---- */

/* A field of a span at its top level; the bytes have passed batch_index, the bounds are kept all the same. */
struct span_field {
    uint32_t number, wire;
    uint32_t start, value, end; /* tag, contents, what comes after */
};

static bool
varint_read(const struct batch *b, uint32_t *at, uint32_t end, uint64_t *value)
{
    uint64_t v = 0;

    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = (uint8_t)b->body.ptr[(*at)++];

        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = v;
            return true;
        }
    }
    return false;
}

static bool
field_next(const struct batch *b, uint32_t *at, uint32_t end, struct span_field *f)
{
    uint64_t tag, len = 0;

    f->start = *at;
    if (*at >= end || !varint_read(b, at, end, &tag))
        return false;
    f->number = (uint32_t)(tag >> 3);
    f->wire = (uint32_t)(tag & 7);
    f->value = *at;
    if (f->wire == 0 && !varint_read(b, at, end, &len))
        return false;
    if (f->wire == 2) {
        if (!varint_read(b, at, end, &len))
            return false;
        f->value = *at;
    }
    len = f->wire == 1 ? 8 : f->wire == 5 ? 4 : f->wire == 2 ? len : 0;
    if (len > end - *at)
        return false;
    *at += (uint32_t)len;
    f->end = *at;
    return true;
}

/* Span.start_time_unix_nano = 7, as its eight bytes; NULL when it was not sent. */
static const char *
span_start(const struct batch *b, const struct batch_span *s)
{
    struct span_field f;
    const char *start = NULL;

    for (uint32_t at = s->body; field_next(b, &at, s->end, &f);)
        if (f.number == 7 && f.wire == 1)
            start = b->body.ptr + f.value;
    return start;
}

/* Remove the span's event (Span.events = 11) around an offset. */
static enum rc
event_remove(struct owner *o, const struct batch_span *s, uint32_t off)
{
    struct span_field f;

    for (uint32_t at = s->body; field_next(o->b, &at, s->end, &f);)
        if (f.number == 11 && f.wire == 2 && off >= f.value && off < f.end)
            return edits_remove(o->edits, f.start, f.end);
    return RC_INTERNAL;
}

/* The application's own events for the flag are kept, and ours left out; or taken away. */
static enum rc
event_conflict(struct owner *o, const struct batch_span *s, const struct evaluation *ev, bool *keep)
{
    for (uint32_t i = o->attr_first; i < o->attr_end; i++) {
        if (!attr_is(o, i, PLACE_EVENT_ATTRIBUTE, STR("feature_flag.key")) || !str_eq(batch_attr_string(o->b, i), ev->key))
            continue;
        *keep = !ev->override;
        if (*keep)
            return RC_OK;
        enum rc rc = event_remove(o, s, o->b->attrs[i].field);

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc
outcome_add(struct owner *o, const struct batch_span *s, const struct evaluation *ev, const struct outcome *out)
{
    enum rc rc = RC_OK;
    bool keep = false;

    if (out->event.len) {
        rc = event_conflict(o, s, ev, &keep);
        if (rc == RC_OK && !keep)
            rc = owner_append(o, out->event);
        if (rc == RC_OK && !keep && span_start(o->b, s))
            memcpy(o->out + o->len - out->event.len + out->time_at, span_start(o->b, s), 8);
    }
    if (rc == RC_OK && out->attribute.field.len)
        rc = owner_add(o, &out->attribute);
    return rc;
}

/* The attribute's single value as text; numbers in decimal. Empty: there is none. */
static struct str
unit_text(const struct batch *b, uint32_t attr, char number[BATCH_NUMBER_SIZE])
{
    const struct batch_attr *a = &b->attrs[attr];
    const struct batch_text *t;

    if (a->text_end != a->text_first + 1)
        return (struct str){NULL, 0};
    t = &b->texts[a->text_first];
    if (t->attr != attr || t->field != a->value || t->kind == TEXT_BYTES)
        return (struct str){NULL, 0};
    if (t->kind == TEXT_STRING)
        return batch_text_bytes(b, t);
    return (struct str){number, batch_text_format(b, t, number)};
}

static enum rc
evaluate(struct owner *o, const struct owner *resource, const struct batch_span *s, const struct evaluation *ev)
{
    const struct owner *from = ev->unit.place == PLACE_SPAN_ATTRIBUTE ? o : resource;
    char number[BATCH_NUMBER_SIZE];
    struct str unit = {NULL, 0};
    int chosen = 0;

    for (uint32_t i = from->attr_first; ev->has_unit && i < from->attr_end; i++) {
        if (!attr_is(from, i, ev->unit.place, ev->unit.key))
            continue;
        unit = unit_text(o->b, i, number);
        break;
    }
    if (ev->has_unit && unit.len == 0)
        return RC_OK;
    if (ev->experiment)
        chosen = bucket_choose(&ev->rule, unit);
    return chosen < 0 ? RC_OK : outcome_add(o, s, ev, &ev->outcomes[chosen]);
}

static enum rc
span_enrich(const struct enricher *en, struct owner *o, const struct owner *resource, const struct batch_span *s)
{
    enum rc rc = owner_add_all(o, &en->span);

    for (unsigned i = 0; i < en->evaluation_count && rc == RC_OK; i++)
        rc = evaluate(o, resource, s, &en->evaluations[i]);
    if (rc == RC_OK && o->len)
        rc = edits_add(o->edits, s->body, s->body, (struct str){o->out, o->len});
    return rc;
}

/* ---- resources ---- */

/* ResourceSpans.resource = 1, around the fields; an insertion where there is no Resource. */
static enum rc
resource_create(struct owner *o, const struct batch_resource *r)
{
    char head[6] = {(char)(1 << 3 | 2)};
    size_t n = 1;

    for (size_t len = o->len; n < sizeof(head); len >>= 7) {
        head[n++] = (char)((len & 0x7F) | (len > 0x7F ? 0x80 : 0));
        if (len <= 0x7F)
            break;
    }
    char *field = arena_alloc(o->ar, n + o->len);

    if (!field)
        return RC_NOMEM;
    memcpy(field, head, n);
    memcpy(field + n, o->out, o->len);
    return edits_add(o->edits, r->body, r->body, (struct str){field, n + o->len});
}

static enum rc
resource_enrich(const struct enricher *en, struct owner *o, const struct batch_resource *r)
{
    enum rc rc = owner_add_all(o, &en->resource);

    if (rc != RC_OK || o->len == 0)
        return rc;
    if (r->inner == BATCH_NONE)
        return resource_create(o, r);
    return edits_add(o->edits, r->inner, r->inner, (struct str){o->out, o->len});
}

enum rc
enricher_edits(const struct enricher *en, const struct batch *b, struct arena *ar, struct edits *edits, uint32_t *added)
{
    uint32_t total = 0;
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < b->resource_count && rc == RC_OK; i++) {
        const struct batch_resource *r = &b->resources[i];
        struct owner resource = {.b = b, .ar = ar, .edits = edits, .place = PLACE_RESOURCE_ATTRIBUTE};

        attr_resource_range(b, r, &resource.attr_first, &resource.attr_end);
        rc = resource_enrich(en, &resource, r);
        total += resource.added;
        if (en->span.count + en->evaluation_count == 0)
            continue;
        for (uint32_t s = r->span_first; s < r->span_end && rc == RC_OK; s++) {
            const struct batch_span *span = &b->spans[s];
            struct owner o = {
                .b = b, .ar = ar, .edits = edits, .attr_first = span->attr_first, .attr_end = span->attr_end, .place = PLACE_SPAN_ATTRIBUTE};

            rc = span_enrich(en, &o, &resource, span);
            total += o.added;
        }
    }
    if (rc == RC_OK)
        *added = total;
    return rc;
}

bool
enricher_active(const struct enricher *en)
{
    return en->resource.count + en->span.count + en->evaluation_count > 0;
}

void
enricher_free(struct enricher *en)
{
    if (en)
        arena_free(en->ar);
}
