/**
 * Small requests for tests of policies, written with the product's own field writers.
 */
#ifndef SUPPORT_POLICIES_SPANS_H
#define SUPPORT_POLICIES_SPANS_H

#include "codec/batch.h"
#include "base/buf.h"

struct kv {
    const char *key, *value; /* key NULL ends a list */
};

struct span_spec {
    const char *name;       /* NULL ends a list */
    const struct kv *attrs; /* NULL: none */
    char trace;             /* every byte of the trace id; 0 = no ids are sent */
    uint64_t start_ns;      /* 0 = not sent */
    const struct kv *event; /* attributes of an event "feature_flag.evaluation"; NULL: no event */
};

/* Append one ResourceSpans; resource NULL: without a Resource. */
void spans_append(struct buf *out, const struct kv *resource, const struct span_spec *spans);

/* Index with the default limits; fails the test when that does not succeed. */
struct batch spans_index(const struct buf *request, struct arena *ar);

#endif
