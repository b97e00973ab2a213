/**
 * The open LMDB environment, shared by the three files that touch it.
 */
#ifndef EGRESS_JOURNAL_STORE_INT_H
#define EGRESS_JOURNAL_STORE_INT_H

#include <lmdb.h>

#include "journal_int.h"
#include "journal_wal_int.h"

struct store {
    MDB_env *env;
    MDB_dbi payload, audit, meta;
    struct store_options o;
    struct totals totals; /* of the last commit; only the committing thread reads and writes it */
    struct totals now;    /* with the entries that are durable in the write-ahead file only */
    struct wal wal;
    const char *found; /* about the newest entries that an earlier run left; NULL: nothing is the matter with them */
    void *map;         /* where the file is mapped; NULL: not known */
    size_t map_bytes;
    uint64_t written_bytes; /* since the map was last let go */
    uint64_t release;       /* entries below it may go */
    unsigned commits;       /* since stale readers were last looked for */
};

enum rc store_rc(int lmdb_error);
/* A transaction for reading, to be aborted; an error of LMDB. */
int store_read_begin(struct store *s, MDB_txn **txn) MUST_USE;
struct store_key {
    uint8_t be[8];
};
/* A key and the value that points to it. */
MDB_val store_key(uint64_t n, struct store_key *k);
uint64_t store_key_value(const MDB_val *v);
/* The one record of meta. */
MDB_val store_totals_key(void);

#endif
