#include "residency_model_int.h"

/*
 * Spans of one trace are brought together by sorting: the sender chooses the ids, and must not be able to choose the time this takes (so no hash table, and
 * heap sort, which has no bad inputs).
 */
static int
trace_order(const struct batch *b, uint32_t x, uint32_t y)
{
    return memcmp(b->body.ptr + b->spans[x].trace_id, b->body.ptr + b->spans[y].trace_id, 16);
}

static void
heap_sink(const struct batch *b, uint32_t *order, uint32_t at, uint32_t count)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && trace_order(b, order[child + 1], order[child]) > 0)
            child++;
        if (trace_order(b, order[at], order[child]) >= 0)
            return;
        uint32_t span = order[at];

        order[at] = order[child];
        order[child] = span;
    }
}

static void
traces_sort(const struct batch *b, uint32_t *order, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        heap_sink(b, order, i, count);
    for (uint32_t i = count; i-- > 1;) {
        uint32_t span = order[0];

        order[0] = order[i];
        order[i] = span;
        heap_sink(b, order, 0, i);
    }
}

static bool
join_wanted(const struct residency *re)
{
    for (unsigned i = 0; re && i < re->policy_count; i++)
        if (re->policies[i].mode == RULE_ENFORCE && re->policies[i].whole_trace)
            return true;
    return false;
}

enum rc
residency_join(const struct residency *re, const struct batch *b, uint32_t *masks, struct arena *ar)
{
    uint32_t count = 0;

    if (!join_wanted(re) || b->span_count == 0)
        return RC_OK;
    uint32_t *order = arena_calloc(ar, b->span_count, sizeof(*order));

    if (!order)
        return RC_NOMEM;
    for (uint32_t i = 0; i < b->span_count; i++)
        if (b->spans[i].trace_id != BATCH_NONE)
            order[count++] = i;
    traces_sort(b, order, count);
    for (uint32_t first = 0, end; first < count; first = end) {
        uint32_t mask = UINT32_MAX;

        for (end = first; end < count && trace_order(b, order[first], order[end]) == 0; end++)
            mask &= masks[order[end]];
        for (uint32_t i = first; i < end; i++)
            masks[order[i]] = mask;
    }
    return RC_OK;
}
