/**
 * A snapshot: everything a request is decided by, immutable and reference-counted. A request sees exactly one, from first to last byte.
 */
#ifndef FLOW_SNAPSHOT_H
#define FLOW_SNAPSHOT_H

#include "base/secret.h"
#include "codec/batch.h"
#include "codec/compress.h"
#include "flow/body_keys.h"
#include "policies/enrich.h"
#include "policies/program.h"
#include "policies/residency.h"

/* Configured facts about senders: first glob that matches the identity. */
struct snapshot_origin {
    struct str identity; /* glob */
    struct str country, region;
    struct str service; /* what reports call it, may be empty */
};

struct snapshot {
    struct program *program;   /* owned reference */
    struct enricher *enricher; /* owned */
    struct batch_limits limits;
    size_t max_body_bytes; /* after decompression */
    enum encoding compression[PROGRAM_DESTINATIONS_MAX];
    const char *jurisdiction[PROGRAM_DESTINATIONS_MAX]; /* of destinations, for the audit; owned by `owner` */
    const char *country[PROGRAM_DESTINATIONS_MAX];
    const struct snapshot_origin *origins;
    size_t origin_count;
    const struct body_keys *body_keys; /* instead of body_key, when set: a key a day; outlives all snapshots */
    const struct secret *body_key;     /* HMAC of refused and accepted bodies in the audit; owned by `owner` */
    const char *node, *build;
    uint64_t generation;
    void *owner; /* what holds the strings: released by on_free */
    void (*on_free)(void *owner);
    _Atomic unsigned refs;
};

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* the last one frees program, enricher and owner, then s (malloc'd) */

#endif
