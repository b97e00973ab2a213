/**
 * All that is on record, in order: the entries of the audit log, then those in the journal that are not in the log yet. Works beside a running gate.
 */
#ifndef CONTROL_TRAIL_H
#define CONTROL_TRAIL_H

#include "base/err.h"

struct trail;

/* In the journal's folder: a link to the log, made by the gate. */
#define TRAIL_LINK "log"

/**
 * trail_open(dir, t, es):
 * Open the journal in ${dir} and the log that its gate writes; ${dir} may also be a log's folder, which is read alone.
 * Returns: RC_OK; RC_NOT_FOUND; RC_INTEGRITY, RC_IO, RC_NOMEM: error in es
 */
enum rc trail_open(const char *dir, struct trail **t, struct errs *es) MUST_USE;
void trail_close(struct trail *t);
/* The number that the next entry will have. */
uint64_t trail_next(struct trail *t);
/* Call fn for each entry with seq >= from in ascending order until it returns false. Results as journal_entries. */
enum rc trail_entries(struct trail *t, uint64_t from, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg) MUST_USE;

#endif
