/*
 * The widest finder: every pattern may match every text. Slow and safe; the automaton takes its place (this file is removed then).
 */
#include <stdlib.h>

#include "finder_int.h"

struct finder {
    size_t count;
};

struct finder_tables {
    size_t count;
    uint16_t ids[];
};

enum rc
finder_compile(const struct finder_pattern *patterns, size_t count, struct finder **f)
{
    struct finder *made = malloc(sizeof(*made));

    (void)patterns;
    if (!made)
        return RC_NOMEM;
    made->count = count;
    *f = made;
    return RC_OK;
}

void
finder_free(struct finder *f)
{
    free(f);
}

bool
finder_always(const struct finder *f, size_t i)
{
    return i < f->count;
}

struct finder_tables *
finder_tables_new(const struct finder *f)
{
    struct finder_tables *t = malloc(sizeof(*t) + f->count * sizeof(t->ids[0]));

    if (!t)
        return NULL;
    t->count = f->count;
    for (size_t i = 0; i < f->count; i++)
        t->ids[i] = (uint16_t)i;
    return t;
}

void
finder_tables_free(struct finder_tables *t)
{
    free(t);
}

void
finder_budget(struct finder_tables *t)
{
    (void)t;
}

enum rc
finder_scan(struct finder_tables *t, struct str text, const uint16_t **ids, size_t *count)
{
    (void)text;
    *ids = t->ids;
    *count = t->count;
    return RC_OK;
}

struct finder_stats
finder_stats(const struct finder_tables *t)
{
    return (struct finder_stats){.always = t->count};
}
