/* Findings in order. A merge sort: stable, never quadratic, and its memory is the request's. */
#include "examine_int.h"

static int
order(const struct finding *a, const struct finding *b)
{
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static void
merge(const struct finding *from, struct finding *to, size_t lo, size_t mid, size_t hi)
{
    size_t i = lo, j = mid;

    for (size_t k = lo; k < hi; k++)
        to[k] = j == hi || (i < mid && order(&from[i], &from[j]) <= 0) ? from[i++] : from[j++];
}

enum rc
findings_sort(struct finding *list, size_t count, struct arena *ar)
{
    size_t sorted = 1;

    while (sorted < count && order(&list[sorted - 1], &list[sorted]) <= 0)
        sorted++;
    if (sorted >= count)
        return RC_OK;
    struct finding *spare = arena_alloc(ar, count * sizeof(*spare)), *from = list, *to = spare;

    if (!spare)
        return RC_NOMEM;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t lo = 0; lo < count; lo += 2 * width) {
            size_t mid = lo + width < count ? lo + width : count, hi = lo + 2 * width < count ? lo + 2 * width : count;

            merge(from, to, lo, mid, hi);
        }
        struct finding *swap = from;

        from = to;
        to = swap;
    }
    if (from != list)
        memcpy(list, from, count * sizeof(*list));
    return RC_OK;
}
