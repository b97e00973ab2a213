/**
 * One run of redact_edits.
 *
 *   redact.c         attributes that go, keys that change, texts -> edits
 *   redact_again.c   what was changed is examined again
 *   redact_entity.c  entities name attributes by their keys: what goes or changes there must do so here
 */
#ifndef ENGINE_REDACT_INT_H
#define ENGINE_REDACT_INT_H

#include "redact_again_int.h"
#include "resolve_int.h"

struct renamed {
    uint32_t attr;
    struct str key;
};

/* All lists are in ascending order, sized for the worst case of the findings. */
struct run {
    struct redaction rd;
    const struct batch *b;
    const struct findings *f;
    struct edits *edits;
    uint8_t *gone;     /* [span_count]: dropped by on_error; NULL when none is */
    uint32_t *dropped; /* attributes that go, none inside another or in a dropped span */
    size_t dropped_count;
    struct renamed *renamed;
    size_t renamed_count;
    struct finding *wide; /* key rules, spread over the texts of their attribute */
    size_t wide_count, wide_cap;
    uint32_t *settled; /* texts of entities that were dealt with */
    size_t settled_count, settled_cap;
    struct redact_again again;
    uint32_t policies_resource; /* policies are those of this one; BATCH_NONE: of none yet */
    uint64_t policies;
};

/* The resource that holds an attribute. */
uint32_t redact_resource_of(const struct batch *b, uint32_t attr);

/* What an attribute's key became; NULL: it is as it was. */
const struct renamed *redact_renamed(const struct run *run, uint32_t attr);

/* Edit the entities of every resource that loses or renames an attribute. RC_NOMEM. */
enum rc redact_entities(struct run *run) MUST_USE;

#endif
