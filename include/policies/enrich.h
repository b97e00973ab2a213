/**
 * Enrichment: attributes that the gate adds before it examines. Configured by `enrichment:` of the gateway file; the values are read when the
 * configuration is loaded (environment, files, flag files), never while a batch is processed.
 */
#ifndef POLICIES_ENRICH_H
#define POLICIES_ENRICH_H

#include "base/conf.h"
#include "codec/emit.h"

struct enricher;

/**
 * enricher_load(doc, n, en, es):
 * Read the `enrichment` node (NULL: an enricher that adds nothing).
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 */
enum rc enricher_load(const struct conf_doc *doc, const struct conf_node *n, struct enricher **en, struct errs *es) MUST_USE;
void enricher_free(struct enricher *en);

/**
 * enricher_edits(en, b, ar, edits, added):
 * Edits that add (or, with on_conflict: override, replace) attributes on resources and spans, and span events for flags.
 * Out:     added  number of attributes and events added
 * Returns: RC_OK; RC_NOMEM
 * Thread:  any; pure; reads only
 * Promise: the result must be emitted and indexed again before it is examined, so that what was added is examined too
 */
enum rc enricher_edits(const struct enricher *en, const struct batch *b, struct arena *ar, struct edits *edits, uint32_t *added) MUST_USE;

/* Types of sources, and the keys of their maps beside type and on_conflict, NULL-terminated; for schemas. NULL past the last. */
const char *enrich_type(size_t i, const char *const **keys);

/* Whether anything is ever added: false spares the second pass. */
bool enricher_active(const struct enricher *en);

/*
 * Bucketing: which variant of an experiment a unit (a user, a session) sees, as the feature-flag systems compute it. Deterministic, with public vectors. The
 * unit is hashed as UTF-8 bytes; SDKs in JavaScript hash UTF-16 in places, so that units outside of ASCII can land elsewhere there.
 */
enum bucketing {
    BUCKET_UNLEASH,
    BUCKET_UNLEASH_VARIANT,
    BUCKET_GROWTHBOOK_V1,
    BUCKET_GROWTHBOOK_V2,
    BUCKET_LAUNCHDARKLY,
    BUCKET_FLAGD,
    BUCKET_COUNT_
};

struct bucket_rule {
    enum bucketing algorithm;
    struct str key;          /* of the experiment or flag */
    struct str seed;         /* unleash: groupId; growthbook: seed; flagd: prefix of the unit. Empty: key */
    struct str salt;         /* launchdarkly only: "key.salt.unit" is hashed; empty: "seed.unit" is */
    const uint32_t *weights; /* [count], of the variants in order */
    unsigned count;
    uint32_t total;    /* what the weights are shares of, at least their sum and at least 1; units in what is left over see no variant */
    uint32_t coverage; /* growthbook only: percent of each variant's share that takes part, 0..100 */
};

/* The index of the unit's variant, -1 when it sees none. */
int bucket_choose(const struct bucket_rule *rule, struct str unit);

/* Where the unit stands: unleash 1..100, unleash_variant 1..total, flagd 0..total-1, growthbook and launchdarkly 0..1; -1 when it cannot be computed. */
double bucket_position(const struct bucket_rule *rule, struct str unit);

/* The algorithm's name in configurations, and the total that is meant when none is given (0: the sum of the weights). */
const char *bucket_name(enum bucketing algorithm);
uint32_t bucket_total(enum bucketing algorithm);

#endif
