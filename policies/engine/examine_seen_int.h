/**
 * Texts of a request that were examined, so that an equal text under the same key is not examined again. It lives as long as the request.
 *
 * Equal means: the same bytes, of the same kind, at the same place, under the same key, for the same policies and, where scanners ask for it, the same
 * system. Nothing is taken from a hash: that only says where to look.
 */
#ifndef ENGINE_EXAMINE_SEEN_INT_H
#define ENGINE_EXAMINE_SEEN_INT_H

#include "examine_int.h"

/* A text that was examined, and its findings. */
struct seen_text {
    const struct verdict *verdict; /* on its key; NULL: nothing here */
    uint32_t off, len;             /* in the body, as all of these */
    uint32_t system;               /* [system_len] */
    uint32_t first;                /* finding */
    uint16_t count;
    uint16_t system_len;
    uint8_t place, kind;
};

struct seen {
    const struct batch *b;
    struct seen_text *slots; /* NULL without memory: nothing is remembered */
    uint32_t mask;
    uint64_t policies;
    uint32_t generation; /* of the key table whose verdicts are meant */
};

/* Room for the texts of b, in ar. */
void seen_init(struct seen *s, const struct batch *b, struct arena *ar);

/* What follows is examined for these policies and with verdicts of this generation; what was seen for others is forgotten. */
void seen_begin(struct seen *s, uint64_t policies, uint32_t generation);

static inline bool
seen_is_for(const struct seen *s, uint64_t policies, uint32_t generation)
{
    return s->policies == policies && s->generation == generation;
}

/**
 * seen_slot(s, t, v, system, known):
 * Where a text under a key with this verdict is remembered.
 * In:      v  one of the key table, of the generation that ${s} is for, or of a place
 * Out:     known  whether an equal text is remembered there
 * Returns: NULL when it cannot be remembered
 */
struct seen_text *seen_slot(const struct seen *s, const struct batch_text *t, const struct verdict *v, struct str system, bool *known);

/* Remember there what was found in a text. system is a slice of the body. */
struct seen_findings {
    uint32_t first, count;
};
void seen_keep(const struct seen *s, struct seen_text *slot, const struct query *q, struct str system, struct seen_findings f);

/* Add the findings of an equal text for the text of this index. RC_NOMEM. */
enum rc seen_repeat(struct examiner *ex, const struct seen_text *slot, uint32_t index) MUST_USE;

#endif
