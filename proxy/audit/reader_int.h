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

int reader_folder(const struct reader *r);
struct retention reader_retention(const struct reader *r);

#endif
