#include "examine_seen_int.h"

#define SLOTS_MIN 256u
#define SLOTS_MAX 2048u /* 112 KiB: beyond what the caches hold it costs more than it saves */

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

void
seen_keep(const struct seen *s, struct seen_text *slot, const struct query *q, struct str system, struct seen_range found)
{
    const struct batch_text *t = &s->b->texts[q->index];
    const char *p = s->b->body.ptr + t->off;

    if (found.end - found.first > UINT16_MAX)
        return;
    *slot = (struct seen_text){.verdict = q->verdict,
        .head = t->len < 8 ? seen_load_few(p, t->len) : seen_load(p),
        .tail = t->len < 8 ? 0 : seen_load(p + t->len - 8),
        .len = t->len,
        .place = t->place,
        .kind = t->kind,
        .system_len = (uint16_t)system.len,
        .off = t->off,
        .system = system.len ? (uint32_t)(system.ptr - s->b->body.ptr) : 0,
        .first = found.first,
        .count = (uint16_t)(found.end - found.first)};
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
