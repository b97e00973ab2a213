/* Records and entries are looked at in read transactions, entries that are ahead of LMDB in the write-ahead file. */
#include "journal_store_int.h"

/* A record and the read transaction in which it may be looked at. */
struct found {
    MDB_txn *txn;
    uint64_t key;
    struct str value;
};

static void
found_end(struct found *f)
{
    mdb_txn_abort(f->txn);
}

/* The record with this key, or the first one above it. On failure there is nothing to end. */
static enum rc
find(struct store *s, MDB_dbi dbi, uint64_t from, struct found *f)
{
    struct store_key raw;
    MDB_val k = store_key(from, &raw), v = {0, NULL};
    MDB_cursor *cur;
    int e = store_read_begin(s, &f->txn);

    if (e)
        return store_rc(e);
    e = mdb_cursor_open(f->txn, dbi, &cur);
    if (e == 0) {
        e = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
        mdb_cursor_close(cur);
    }
    f->key = store_key_value(&k);
    f->value = (struct str){v.mv_data, v.mv_size};
    if (e)
        found_end(f);
    return store_rc(e);
}

/* Copied out, so that no read transaction outlives a call: a long one would keep freed pages from being used again. */
static enum rc
copy_record(struct store *s, MDB_dbi dbi, uint64_t *key, struct buf *copy, struct str *value)
{
    struct found f;
    size_t at = copy->len;
    enum rc rc = find(s, dbi, *key, &f);

    if (rc != RC_OK)
        return rc;
    *key = f.key;
    rc = buf_append(copy, f.value);
    found_end(&f);
    if (rc == RC_OK)
        *value = str_sub(buf_str(copy), at, copy->len);
    return rc;
}

enum rc
store_payload_after(struct store *s, uint64_t id, struct buf *copy, struct journal_payload *p)
{
    uint64_t key = id + 1;
    struct str value;

    if (id == UINT64_MAX)
        return RC_NOT_FOUND;
    enum rc rc = copy_record(s, s->payload, &key, copy, &value);

    if (rc == RC_TOO_LARGE) { /* longer than what a record may be: not one of ours */
        *p = (struct journal_payload){.id = key};
        return RC_INTEGRITY;
    }
    return rc == RC_OK ? record_read(key, value, p) : rc;
}

enum rc
store_payload_bytes(struct store *s, uint64_t id, struct buf *out)
{
    struct journal_payload p;
    struct found f;
    enum rc rc = find(s, s->payload, id, &f);

    if (rc != RC_OK)
        return rc;
    rc = f.key == id ? record_read(id, f.value, &p) : RC_NOT_FOUND;
    if (rc == RC_OK)
        rc = buf_append(out, p.bytes);
    found_end(&f);
    return rc;
}

uint64_t
store_oldest_us(struct store *s)
{
    struct found f;
    uint64_t us = 0;

    if (find(s, s->payload, 0, &f) != RC_OK)
        return 0;
    us = record_created_us(f.value);
    found_end(&f);
    return us;
}

/* How often a reader looks again when entries went from the write-ahead file into LMDB meanwhile. */
#define LOOKS 5

/* Where LMDB ends and how many entries are ahead of it. RC_AGAIN: the two do not fit together, one was read before the other changed. */
static enum rc
look_ahead(struct store *s, uint64_t *next_seq)
{
    struct totals t = {0};
    enum rc rc = store_read_totals(s, &t);

    if (rc == RC_OK)
        rc = store_rc(wal_refresh(&s->wal));
    if (rc == RC_OK)
        rc = wal_replay(&s->wal, t.next_seq, UINT64_MAX);
    if (rc == RC_OK)
        *next_seq = t.next_seq;
    return rc == RC_INTEGRITY ? RC_AGAIN : rc;
}

static enum rc
look_until_it_fits(struct store *s, uint64_t *next_seq)
{
    enum rc rc = RC_AGAIN;

    for (unsigned i = 0; i < LOOKS && rc == RC_AGAIN; i++)
        rc = look_ahead(s, next_seq);
    return rc == RC_AGAIN ? RC_INTEGRITY : rc;
}

enum rc
store_read_next_seq(struct store *s, uint64_t *next)
{
    uint64_t end;
    enum rc rc = look_until_it_fits(s, &end);

    if (rc == RC_OK)
        *next = end + s->wal.count;
    return rc;
}

/* What was seen ahead is looked at after LMDB was searched once more: an entry that went there meanwhile is not passed over. */
static enum rc
copy_ahead(struct store *s, uint64_t *seq, struct buf *copy, struct str *value)
{
    struct wal_walk walk = {.w = &s->wal};
    uint64_t from = *seq, n = 0;
    size_t at = copy->len;
    struct str record;
    enum rc rc = look_until_it_fits(s, &n);

    if (rc != RC_OK)
        return rc;
    rc = copy_record(s, s->audit, seq, copy, value);
    if (rc != RC_NOT_FOUND)
        return rc;
    for (; wal_next(&walk, &record); n++) {
        if (n < from)
            continue;
        *seq = n;
        rc = buf_append(copy, record);
        if (rc == RC_OK)
            *value = str_sub(buf_str(copy), at, copy->len);
        return rc;
    }
    return RC_NOT_FOUND;
}

enum rc
store_entry_from(struct store *s, uint64_t from, struct buf *copy, uint64_t *seq, struct str *entry)
{
    struct str value = {NULL, 0};

    *seq = from;
    enum rc rc = copy_record(s, s->audit, seq, copy, &value);

    if (rc == RC_NOT_FOUND && s->o.read_only)
        rc = copy_ahead(s, seq, copy, &value);
    return rc == RC_OK ? entry_read(*seq, value, entry) : rc;
}

static enum rc
take_one(uint64_t seq, struct str value, struct buf *out)
{
    struct str entry;
    enum rc rc = entry_read(seq, value, &entry);

    if (rc != RC_OK)
        return rc;
    if (entry.len > UINT16_MAX)
        return RC_INTEGRITY;
    char len[2] = {(char)(entry.len >> 8), (char)entry.len};

    rc = buf_reserve(out, sizeof(len) + entry.len);
    if (rc == RC_OK)
        rc = buf_append(out, (struct str){len, sizeof(len)});
    return rc == RC_OK ? buf_append(out, entry) : rc;
}

static enum rc
take_with(MDB_cursor *cur, struct store_span span, struct buf *out, uint64_t *next)
{
    struct store_key raw;
    MDB_val k = store_key(span.from, &raw), v;
    int e = mdb_cursor_get(cur, &k, &v, MDB_SET_RANGE);
    uint64_t seq = span.from;
    enum rc rc = RC_OK;

    if (e == MDB_NOTFOUND || (e == 0 && store_key_value(&k) != span.from))
        return RC_NOT_FOUND;
    for (; e == 0 && seq < span.to && rc == RC_OK; seq += rc == RC_OK) {
        if (store_key_value(&k) != seq)
            rc = RC_INTEGRITY;
        else
            rc = take_one(seq, (struct str){v.mv_data, v.mv_size}, out);
        if (rc == RC_OK)
            e = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
    }
    *next = seq;
    if (rc == RC_TOO_LARGE) /* of out */
        return RC_OK;
    return rc != RC_OK ? rc : e == MDB_NOTFOUND ? RC_OK : store_rc(e);
}

enum rc
store_entries_take(struct store *s, struct store_span span, struct buf *out, uint64_t *next)
{
    MDB_txn *txn;
    MDB_cursor *cur;
    int e = store_read_begin(s, &txn);

    if (e)
        return store_rc(e);
    e = mdb_cursor_open(txn, s->audit, &cur);
    if (e) {
        mdb_txn_abort(txn);
        return store_rc(e);
    }
    enum rc rc = take_with(cur, span, out, next);

    mdb_cursor_close(cur);
    mdb_txn_abort(txn);
    return rc;
}
