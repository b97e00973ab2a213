/**
 * Whether the pages of LMDB's file are what LMDB takes them for.
 */
#ifndef EGRESS_JOURNAL_PAGES_INT_H
#define EGRESS_JOURNAL_PAGES_INT_H

#include "journal_int.h"

struct damage {
    uint64_t page;
    const char *what; /* a static sentence */
};

/**
 * pages_check(dir, d):
 * Look at every page of data.mdb that can be reached: numbers, kinds, bounds, nodes, children, values, the list of free pages; none used twice. What stands in
 * records is for their checksums. The folder's lock is held, and the environment not open.
 * Out:     d  set on RC_INTEGRITY
 * Returns: RC_OK, also when there is no file yet; RC_INTEGRITY; RC_IO; RC_NOMEM
 */
enum rc pages_check(const char *dir, struct damage *d) MUST_USE;

#endif
