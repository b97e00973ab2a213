/**
 * Texts that redaction changed, changed until the next gate would change nothing.
 */
#ifndef ENGINE_REDACT_AGAIN_INT_H
#define ENGINE_REDACT_AGAIN_INT_H

#include "examine_again_int.h"
#include "resolve_int.h"

/* Of one run. */
struct redact_again {
    struct examiner *ex; /* NULL: nothing is examined again */
    bool begun;
    uint32_t *counts; /* of a pass */
    uint64_t *places;
};

/* A text that was changed, and the findings for which it was. */
struct settling {
    struct again at;
    const struct finding *list;
    size_t count;
};

/**
 * redact_settle(g, rd, s, now):
 * In/Out:  now  what stands in place of the text, and then what must stand there
 * Returns: RC_OK; RC_NOMEM, RC_UNDECIDABLE
 */
enum rc redact_settle(struct redact_again *g, const struct redaction *rd, const struct settling *s, struct str *now) MUST_USE;

/* At the end of the run. */
void redact_again_end(struct redact_again *g);

#endif
