/**
 * A log directory in order: all that verify_log says, and every file that is there.
 */
#ifndef AUDIT_FSCK_H
#define AUDIT_FSCK_H

#include "audit/verify.h"

struct fsck_result {
    struct verify_result log;
    unsigned repaired; /* files */
};

/**
 * fsck_log(o, repair, result, es):
 * Verify the log and look at each file. With ${repair}, tiles of hashes that are missing or damaged are made again from the entries, when these have the root
 * that was signed; what a crash left half written is removed. Entries cannot be made again. Only while no gate writes.
 * Returns: as verify_log, after the repair; files that do no harm are warnings in es
 */
enum rc fsck_log(const struct verify_options *o, bool repair, struct fsck_result *result, struct errs *es) MUST_USE;

#endif
