/* What stands in a log directory beside what tlog-tiles says. */
#ifndef AUDIT_READER_INT_H
#define AUDIT_READER_INT_H

#include "audit/reader.h"

/* reader.c keeps it, verify.c and fsck.c use the same. */
#define READER_CHECKPOINT "checkpoint"
#define READER_RETENTION "retention"

/* The file "retention": entries before `until` (a multiple of 256) are not kept; the entry `entry` of the log says so. */
struct retention {
    uint64_t until, entry;
};
enum rc retention_parse(struct str text, struct retention *r) MUST_USE;
enum rc retention_print(struct retention r, struct buf *out) MUST_USE;

/*
 * A key that was replaced: `keys/<id, 8 hex>` is the proof of the entry that announced its successor, in a checkpoint that it signed itself; the entry is beside it,
 * because retention does not keep what is in the log.
 */
#define READER_KEYS "keys"
/* The verifier key that such an entry announces. RC_NOT_FOUND: it is no such entry. */
enum rc rotation_key(struct str entry, struct note_key *key) MUST_USE;
/* The first leaf that is kept from then on, by an entry of retention. RC_NOT_FOUND: it is no such entry. */
enum rc retention_of_entry(struct str entry, uint64_t *until) MUST_USE;

/* Append a small file of the directory. RC_NOT_FOUND, RC_INTEGRITY too large, RC_IO, RC_NOMEM. */
enum rc reader_file(const struct reader *r, const char *path, size_t max, struct buf *out) MUST_USE;

int reader_folder(const struct reader *r);
struct retention reader_retention(const struct reader *r);

#endif
