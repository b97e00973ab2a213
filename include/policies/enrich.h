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
enum rc enricher_edits(const struct enricher *en, const struct batch *b, struct arena *ar, struct edits *edits,
    uint32_t *added) MUST_USE;

/* Whether anything is ever added: false spares the second pass. */
bool enricher_active(const struct enricher *en);

/*
 * Bucketing, interfaces.md 3.3; each is deterministic and has public vectors. unit is hashed as UTF-8 bytes.
 * Returns the index of the variant, or -1 when the unit is outside the experiment (weights do not add up to everything).
 */
enum bucketing { BUCKET_UNLEASH, BUCKET_UNLEASH_VARIANT, BUCKET_GROWTHBOOK_V1, BUCKET_GROWTHBOOK_V2, BUCKET_LAUNCHDARKLY, BUCKET_FLAGD };
int bucket_choose(enum bucketing algorithm, struct str key, struct str seed, struct str unit, const uint32_t *weights, unsigned count);
/* The raw position of a unit, for vectors: unleash 1..100 (variant 1..total), growthbook and launchdarkly 0..1. */
double bucket_position(enum bucketing algorithm, struct str key, struct str seed, struct str unit, uint32_t total);

#endif
