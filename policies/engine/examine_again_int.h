/**
 * Examining what redaction made of a text, before it leaves: the next gate must find nothing more in it.
 */
#ifndef ENGINE_EXAMINE_AGAIN_INT_H
#define ENGINE_EXAMINE_AGAIN_INT_H

#include "examine_int.h"

/* Where the text stands. */
struct again {
    const struct batch *b; /* NULL: a text of examine_text */
    uint64_t policies;     /* of its resource; not asked without b */
    uint32_t index;        /* of the text, or of the attribute whose key it is */
    uint32_t attr;         /* that holds it, BATCH_NONE */
    struct str key;        /* of the attribute when it has another one now, and without b; else ptr NULL */
    uint8_t on;            /* FINDING_TEXT, FINDING_KEY */
    uint8_t place;
    bool number, opaque; /* as in struct query */
};

/* Before the texts of a batch (NULL: of one text) are examined again: what that may cost, and where findings lie. */
void examine_again_begin(struct examiner *ex, const struct batch *b, struct arena *ar);
void examine_again_end(struct examiner *ex);

/* What is found, and where to remember that it was nothing. */
struct again_found {
    struct findings findings; /* key rules are not among them */
    uint64_t *slot;           /* NULL: it cannot be remembered */
    uint64_t mark;            /* what the slot would hold */
};

/**
 * examine_again(ex, a, text, class, out):
 * Examine ${text} as if it had come in the place of ${a}. Replacements make texts equal that were not, so the examiner remembers hashes of those in which nothing
 * more was found: of them alone a hash may be believed, for their values are gone already.
 * Out:     out  in ex->ar; untouched on failure
 * Returns: RC_OK; RC_NOT_FOUND an equal text was at rest; RC_NOMEM
 */
enum rc examine_again(struct examiner *ex, const struct again *a, struct str text, unsigned class, struct again_found *out) MUST_USE;

#endif
