/*
 * One group, one transaction. Nothing of what is found out on the way is kept until the commit has succeeded: totals are a copy, a tx is done
 * only when all are.
 */
#include "journal_store_int.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

/* Pages that were read through the map count as ours until let go; they stay in the page cache. */
#define UNMAP_EVERY_BYTES (4u << 20)
#define LOOK_FOR_READERS_EVERY 256
#define MAP_FULL_TRIES 8
/* About a millisecond. */
#define RELEASED_PER_COMMIT 1024
/* With less than this free a short write means a full disk. */
#define DISK_FULL_BYTES (8u << 20)

struct write {
    struct store *s;
    MDB_txn *txn;
    uint64_t wall_us;
    struct totals t;
    struct journal_tx *culprit; /* the tx being written when something failed */
};

static int
put_payload(struct write *w, struct journal_payload *p)
{
    struct store_key raw;

    p->id = w->t.next_id;
    size_t size = record_size(p);
    MDB_val key = store_key(p->id, &raw), value = {size, NULL};
    int e = mdb_put(w->txn, w->s->payload, &key, &value, MDB_RESERVE | MDB_APPEND);

    if (e)
        return e;
    record_write(p, value.mv_data);
    w->t.next_id++;
    w->t.payload_count++;
    w->t.payload_bytes += size;
    w->s->written_bytes += size;
    return 0;
}

static int
put_entry(struct write *w, const struct journal_entry *entry)
{
    struct store_key raw;
    char middle[ENTRY_MIDDLE_MAX];
    size_t middle_len = entry_middle(w->t.next_seq, w->wall_us, middle);
    size_t size = ENTRY_CRC + entry->head.len + middle_len + entry->tail.len;
    MDB_val key = store_key(w->t.next_seq, &raw), value = {size, NULL};
    int e = mdb_put(w->txn, w->s->audit, &key, &value, MDB_RESERVE | MDB_APPEND);

    if (e)
        return e;
    entry_write(w->t.next_seq, entry, (struct str){middle, middle_len}, value.mv_data);
    w->t.next_seq++;
    w->t.audit_bytes += size;
    w->s->written_bytes += size;
    return 0;
}

static int
put_record(struct write *w, struct str record)
{
    struct store_key raw;
    MDB_val key = store_key(w->t.next_seq, &raw), value = {record.len, (void *)(uintptr_t)record.ptr};
    int e = mdb_put(w->txn, w->s->audit, &key, &value, MDB_APPEND);

    if (e)
        return e;
    w->t.next_seq++;
    w->t.audit_bytes += record.len;
    w->s->written_bytes += record.len;
    return 0;
}

/* What is in the write-ahead file comes before all that is new. */
static int
put_ahead(struct write *w)
{
    struct wal_walk walk = {.w = &w->s->wal};
    struct str record;
    int e = 0;

    while (e == 0 && wal_next(&walk, &record))
        e = put_record(w, record);
    return e;
}

/* 0 for a payload that is not there. */
static int
size_of(struct write *w, uint64_t id, size_t *size)
{
    struct store_key raw;
    MDB_val key = store_key(id, &raw), value = {0, NULL};
    int e = mdb_get(w->txn, w->s->payload, &key, &value);

    *size = value.mv_size;
    return e == MDB_NOTFOUND ? 0 : e;
}

static int
del_payload(struct write *w, uint64_t id)
{
    struct store_key raw;
    MDB_val key = store_key(id, &raw);
    size_t size;
    int e = size_of(w, id, &size);

    if (e || size == 0)
        return e;
    if ((e = mdb_del(w->txn, w->s->payload, &key, NULL)))
        return e;
    w->t.payload_count--;
    w->t.payload_bytes -= size;
    return 0;
}

/* Whether tx keeps the bounds; what it deletes counts as room for what it puts. */
static int
check_room(struct write *w, struct journal_tx *tx)
{
    const struct store_options *o = &w->s->o;
    uint64_t audit = w->t.audit_bytes, payload = w->t.payload_bytes;
    size_t freed;
    int e;

    for (unsigned i = 0; i < tx->entry_count; i++) {
        if (tx->entries[i].head.len > ENTRY_PARTS_MAX || tx->entries[i].tail.len > ENTRY_PARTS_MAX - tx->entries[i].head.len)
            tx->rc = RC_TOO_LARGE;
        audit += ENTRY_CRC + ENTRY_MIDDLE_MAX + tx->entries[i].head.len + tx->entries[i].tail.len;
    }
    for (unsigned i = 0; i < tx->put_count; i++) {
        if (!record_fits(&tx->put[i]))
            tx->rc = RC_TOO_LARGE;
        payload += record_size(&tx->put[i]);
    }
    for (unsigned i = 0; i < tx->del_count && payload > o->max_bytes; i++) {
        if ((e = size_of(w, tx->del[i], &freed)))
            return e;
        payload -= freed <= payload ? freed : payload;
    }
    if (tx->rc == RC_AGAIN && ((tx->entry_count && audit > o->audit_max_bytes) || (tx->put_count && payload > o->max_bytes)))
        tx->rc = RC_FULL;
    return 0;
}

static int
write_tx(struct write *w, struct journal_tx *tx)
{
    int e = check_room(w, tx);

    if (e || tx->rc != RC_AGAIN)
        return e;
    for (unsigned i = 0; i < tx->del_count; i++)
        if ((e = del_payload(w, tx->del[i])))
            return e;
    for (unsigned i = 0; i < tx->put_count; i++)
        if ((e = put_payload(w, &tx->put[i])))
            return e;
    tx->seq = w->t.next_seq;
    for (unsigned i = 0; i < tx->entry_count; i++)
        if ((e = put_entry(w, &tx->entries[i])))
            return e;
    return 0;
}

static int
put_totals(struct write *w)
{
    uint8_t raw[TOTALS_SIZE];
    MDB_val key = store_totals_key(), value = {sizeof(raw), raw};

    totals_write(&w->t, raw);
    return mdb_put(w->txn, w->s->meta, &key, &value, 0);
}

/* The oldest entries that are kept elsewhere by now. */
static int
del_released(struct write *w)
{
    MDB_cursor *cur = NULL;
    MDB_val k, v;
    int e = mdb_cursor_open(w->txn, w->s->audit, &cur);

    for (unsigned i = 0; e == 0 && i < RELEASED_PER_COMMIT && w->t.first_seq < w->s->release && w->t.first_seq < w->t.next_seq; i++) {
        e = mdb_cursor_get(cur, &k, &v, MDB_FIRST);
        if (e == 0 && store_key_value(&k) != w->t.first_seq)
            e = MDB_CORRUPTED;
        size_t size = e ? 0 : v.mv_size;

        if (e || (e = mdb_cursor_del(cur, 0)))
            break;
        w->t.first_seq++;
        w->t.audit_bytes -= size;
    }
    if (cur)
        mdb_cursor_close(cur);
    return e;
}

/* All that is undecided, in one transaction. Either totals are taken over and the txs may be told, or nothing has changed. */
static int
write_group(struct store *s, struct journal_tx *txs, struct write *w)
{
    int e = mdb_txn_begin(s->env, NULL, 0, &w->txn);

    if (e)
        return e;
    w->t = s->totals;
    e = put_ahead(w);
    for (struct journal_tx *tx = txs; tx && e == 0; tx = tx->next) {
        if (tx->rc != RC_AGAIN)
            continue;
        w->culprit = tx;
        e = write_tx(w, tx);
    }
    if (e == 0) {
        w->culprit = NULL;
        e = store_has_released(s) ? del_released(w) : 0;
    }
    if (e || memcmp(&w->t, &s->totals, sizeof(w->t)) == 0) {
        mdb_txn_abort(w->txn);
        return e;
    }
    if ((e = put_totals(w))) {
        mdb_txn_abort(w->txn);
        return e;
    }
    if ((e = mdb_txn_commit(w->txn)))
        return e;
    s->totals = s->now = w->t;
    wal_reset(&s->wal);
    return 0;
}

/* -- entries alone ------------------------------------------------------------------------------------------------------------------ */

/* Whether a group may go into the write-ahead file. */
static bool
is_entries_only(const struct journal_tx *txs)
{
    for (const struct journal_tx *tx = txs; tx; tx = tx->next)
        if (tx->put_count || tx->del_count)
            return false;
    return txs != NULL;
}

/* RC_FULL: there is no room for it. */
static enum rc
append_entry(struct write *w, const struct journal_entry *entry)
{
    char middle[ENTRY_MIDDLE_MAX];
    size_t middle_len = entry_middle(w->t.next_seq, w->wall_us, middle), size = ENTRY_CRC + entry->head.len + middle_len + entry->tail.len;
    uint8_t *record = wal_reserve(&w->s->wal, size);

    if (!record)
        return RC_FULL;
    entry_write(w->t.next_seq, entry, (struct str){middle, middle_len}, record);
    w->t.next_seq++;
    w->t.audit_bytes += size;
    return RC_OK;
}

/* RC_AGAIN: it does not fit in there, nothing is changed. A failure is in e, as of write_group. */
static enum rc
write_ahead(struct store *s, struct journal_tx *txs, struct write *w, int *e)
{
    *e = 0;
    w->t = s->now;
    wal_begin(&s->wal);
    for (struct journal_tx *tx = txs; tx; tx = tx->next) {
        (void)check_room(w, tx); /* looks into the database only when something is deleted */
        tx->seq = w->t.next_seq;
        for (unsigned i = 0; i < tx->entry_count && tx->rc == RC_AGAIN; i++)
            if (append_entry(w, &tx->entries[i]) != RC_OK)
                goto too_much;
    }
    if (w->t.next_seq != s->now.next_seq)
        *e = wal_end(&s->wal, s->now.next_seq, (uint32_t)(w->t.next_seq - s->now.next_seq));
    if (*e == 0)
        s->now = w->t;
    return RC_OK;
too_much:
    for (struct journal_tx *tx = txs; tx; tx = tx->next)
        tx->rc = RC_AGAIN;
    return RC_AGAIN;
}

static void
settle(struct journal_tx *txs, enum rc rc, bool only_growing)
{
    for (struct journal_tx *tx = txs; tx; tx = tx->next)
        if (tx->rc == RC_AGAIN && (!only_growing || tx->put_count || tx->entry_count))
            tx->rc = rc;
}

/* LMDB reports a write that was cut short as EIO. */
static enum rc
failure_of(const struct store *s, int e)
{
    struct statvfs fs;
    enum rc rc = store_rc(e);

    if (rc == RC_IO && statvfs(s->o.dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES)
        rc = RC_FULL;
    return rc == RC_FULL ? RC_FULL : RC_IO;
}

static void
keep_house(struct store *s)
{
    int dead;

    if (++s->commits >= LOOK_FOR_READERS_EVERY) { /* a reader that was killed would hold on to its pages */
        (void)mdb_reader_check(s->env, &dead);
        s->commits = 0;
    }
    if (s->written_bytes < UNMAP_EVERY_BYTES || !s->map)
        return;
    (void)madvise(s->map, s->map_bytes, MADV_DONTNEED);
    s->written_bytes = 0;
}

void
store_release(struct store *s, uint64_t until)
{
    s->release = until;
}

bool
store_has_released(const struct store *s)
{
    return s->totals.first_seq < s->release && s->totals.first_seq < s->totals.next_seq;
}

enum rc
store_commit(struct store *s, struct journal_tx *txs, uint64_t wall_us)
{
    int e = 0, dead;

    for (struct journal_tx *tx = txs; tx; tx = tx->next)
        tx->rc = RC_AGAIN;
    if (is_entries_only(txs)) {
        struct write w = {.s = s, .wall_us = wall_us};

        if (write_ahead(s, txs, &w, &e) == RC_OK) {
            enum rc rc = e ? failure_of(s, e) : RC_OK;

            settle(txs, rc, false);
            return rc;
        }
    }
    for (unsigned i = 0; i < MAP_FULL_TRIES; i++) {
        struct write w = {.s = s, .wall_us = wall_us};

        e = write_group(s, txs, &w);
        if (e != MDB_MAP_FULL)
            break;
        /* Nothing has reached the disk. Who hit the end goes without; when that does not help, all that grow. */
        (void)mdb_reader_check(s->env, &dead);
        if (w.culprit && i < MAP_FULL_TRIES / 2)
            w.culprit->rc = RC_FULL;
        else
            settle(txs, RC_FULL, i < MAP_FULL_TRIES - 2);
    }
    enum rc rc = e == 0 || e == MDB_MAP_FULL ? RC_OK : failure_of(s, e);

    settle(txs, e == MDB_MAP_FULL ? RC_FULL : rc, false);
    if (rc == RC_OK)
        keep_house(s);
    return rc;
}

static int
del_from(struct write *w, uint64_t id)
{
    MDB_cursor *cur = NULL;
    MDB_val v;
    int e = mdb_cursor_open(w->txn, w->s->payload, &cur);

    while (e == 0) {
        struct store_key raw;
        MDB_val key = store_key(id, &raw);

        e = mdb_cursor_get(cur, &key, &v, MDB_SET_RANGE);
        if (e)
            break;
        id = store_key_value(&key);
        e = del_payload(w, id);
    }
    if (cur)
        mdb_cursor_close(cur);
    return e == MDB_NOTFOUND ? 0 : e;
}

enum rc
store_mend(struct store *s, uint64_t next_id)
{
    struct write w = {.s = s};
    int e = mdb_txn_begin(s->env, NULL, 0, &w.txn);

    if (e)
        return failure_of(s, e);
    w.t = s->totals;
    if ((e = del_from(&w, next_id)) || (e = put_totals(&w))) {
        mdb_txn_abort(w.txn);
        return failure_of(s, e);
    }
    if ((e = mdb_txn_commit(w.txn)))
        return failure_of(s, e);
    s->totals = s->now = w.t;
    return RC_OK;
}
