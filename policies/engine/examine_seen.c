#include "examine_seen_int.h"

#define SLOTS_MIN 256u
#define SLOTS_MAX 4096u /* 128 KiB: beyond what the caches hold it costs more than it saves */

void
seen_init(struct seen *s, const struct batch *b, struct arena *ar)
{
    uint32_t slots = SLOTS_MIN;

    while (slots < SLOTS_MAX && slots < b->text_count)
        slots *= 2;
    *s = (struct seen){.b = b, .mask = slots - 1, .slots = arena_calloc(ar, slots, sizeof(*s->slots))};
}

void
seen_begin(struct seen *s, uint64_t policies, uint32_t generation)
{
    if (s->slots && s->policies)
        memset(s->slots, 0, (s->mask + 1) * sizeof(*s->slots));
    s->policies = policies;
    s->generation = generation;
}

static uint64_t
load(const char *p, size_t len)
{
    uint64_t v = 0;

    memcpy(&v, p, len);
    return v;
}

/* Only says where to look, so three words of the text will do. */
static uint64_t
mix(struct str text, const struct verdict *v)
{
    uint64_t h = (uint64_t)(uintptr_t)v * 0x9e3779b97f4a7c15u + text.len;

    if (text.len < 8)
        return (h ^ load(text.ptr, text.len)) * 0xff51afd7ed558ccdu;
    h = (h ^ load(text.ptr, 8)) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 32 ^ load(text.ptr + text.len / 2 - 4, 8)) * 0xc4ceb9fe1a85ec53u;
    return (h ^ h >> 29 ^ load(text.ptr + text.len - 8, 8)) * 0xff51afd7ed558ccdu;
}

struct seen_text *
seen_slot(const struct seen *s, const struct batch_text *t, const struct verdict *v, struct str system, bool *known)
{
    struct str text = batch_text_bytes(s->b, t);

    *known = false;
    if (!s->slots || system.len > UINT16_MAX)
        return NULL;
    struct seen_text *slot = &s->slots[mix(text, v) >> 40 & s->mask];
    const char *body = s->b->body.ptr;

    *known = slot->verdict == v && slot->len == t->len && slot->place == t->place && slot->kind == t->kind &&
             str_eq((struct str){body + slot->system, slot->system_len}, system) && memcmp(body + slot->off, text.ptr, text.len) == 0;
    return slot;
}

void
seen_keep(const struct seen *s, struct seen_text *slot, const struct query *q, struct str system, struct seen_findings f)
{
    const struct batch_text *t = &s->b->texts[q->index];

    if (f.count > UINT16_MAX)
        return;
    *slot = (struct seen_text){.verdict = q->verdict,
        .off = t->off,
        .len = t->len,
        .system = system.len ? (uint32_t)(system.ptr - s->b->body.ptr) : 0,
        .first = f.first,
        .count = (uint16_t)f.count,
        .system_len = (uint16_t)system.len,
        .place = t->place,
        .kind = t->kind};
}

enum rc
seen_repeat(struct examiner *ex, const struct seen_text *slot, uint32_t index)
{
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < slot->count && rc == RC_OK; i++) {
        struct finding f = ex->sink->list[slot->first + i];

        f.index = index;
        ex->sink->undecidable += f.rule == RULE_UNDECIDABLE;
        rc = examine_add(ex, &f);
    }
    return rc;
}
