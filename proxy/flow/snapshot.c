#include "flow/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>

struct snapshot *
snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void
snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    program_unref(s->program);
    enricher_free(s->enricher);
    if (s->on_free)
        s->on_free(s->owner);
    free(s);
}
