/**
 * Inside the journal: records (bytes only), the store (one open LMDB environment), and who calls what.
 *
 *   journal.c         opens, takes what is posted, reads for other threads
 *   journal_commit.c  the commit thread: gathers a group, has the store commit it, answers; reopens the store after a failure
 *   journal_store.c   opens and checks the environment               journal_write.c   writes one group as one transaction
 *   journal_store_read.c reads it
 *   journal_record.c  how records look                               journal_owner.c   one gate a directory
 *   journal_reader.c  another process reads entries             journal_wal.c     entries that are durable, but not in LMDB yet
 *                                                           journal_wal_mend.c the last of them, when it cannot be read
 *
 * Databases: "payload" and "audit", keys 8 bytes big-endian; "meta" with one record, the totals. Payload ids start at 1, sequence
 * numbers at 0: an entry's seq is its place in the log.
 */
#ifndef EGRESS_JOURNAL_INT_H
#define EGRESS_JOURNAL_INT_H

#include "egress/journal.h"

/*
 * A payload record, all numbers big-endian:
 *   0 version | 1 encoding | 2 destination length u16 | 4 origin length u16 | 6 zero u16 | 8 created_us u64 | 16 spans u32 | 20 zero u32
 *   24 crc32c u32 of key, bytes 0..23 and everything from 28 on | 28 request u64 | 36 destination, origin, bytes
 * Version 1 had no request: destination from 28 on.
 */
#define RECORD_HEADER 36
/* The largest payload: what a 32-bit length of LMDB holds, less than any request limit can reach. */
#define RECORD_BYTES_MAX (1u << 30)

/* false: a name or the bytes are too long to be a record. */
bool record_fits(const struct journal_payload *p);
size_t record_size(const struct journal_payload *p);
/* out has record_size bytes. */
void record_write(const struct journal_payload *p, uint8_t *out);
/* Slices of p point into value. RC_INTEGRITY: p->id is set, everything else empty. */
uint64_t record_created_us(struct str value); /* unchecked; 0 when it cannot be a record */
enum rc record_read(uint64_t id, struct str value, struct journal_payload *p) MUST_USE;

/* An audit record: crc32c of key and entry, then the entry. */
#define ENTRY_CRC 4
#define ENTRY_PARTS_MAX 65000
#define ENTRY_MIDDLE_MAX 64
/* ,"seq":N,"ts":"..." ; its length without the NUL. */
size_t entry_middle(uint64_t seq, uint64_t wall_us, char out[ENTRY_MIDDLE_MAX]);
/* out has ENTRY_CRC + head + middle + tail bytes. */
void entry_write(uint64_t seq, const struct journal_entry *e, struct str middle, uint8_t *out);
enum rc entry_read(uint64_t seq, struct str value, struct str *entry) MUST_USE;

struct totals {
    uint64_t first_seq, next_seq, next_id;              /* entries below first_seq were released */
    uint64_t audit_bytes, payload_bytes, payload_count; /* bytes of whole records */
};
#define TOTALS_SIZE 56
void totals_write(const struct totals *t, uint8_t out[TOTALS_SIZE]);
enum rc totals_read(struct str value, struct totals *t) MUST_USE;

struct store;

struct store_options {
    const char *dir;
    uint64_t max_bytes, audit_max_bytes;
    uint64_t entries_below; /* entries from here on in the write-ahead file were refused, all below were answered for; UINT64_MAX: not known */
    bool read_only;         /* for another process: makes nothing, changes nothing */
};

/**
 * store_open(o, s, es):
 * Open or make the environment and check that totals and contents agree.
 * Returns: RC_OK; RC_NOT_FOUND (read_only) there is none; RC_IO; RC_NOMEM; RC_INTEGRITY
 */
enum rc store_open(const struct store_options *o, struct store **s, struct errs *es) MUST_USE;
void store_close(struct store *s);
/* As LMDB has it, which is what readers see. */
const struct totals *store_totals(const struct store *s);
/* With the entries that are durable, but not in LMDB yet. */
const struct totals *store_now(const struct store *s);
/* journal_stats' found. */
const char *store_found(const struct store *s);
/* Whether there are such. A commit without txs brings them there. */
bool store_is_ahead(const struct store *s);
/* created_us of the oldest payload, 0 when there is none or it cannot be read. */
uint64_t store_oldest_us(struct store *s);

/**
 * store_commit(s, txs, wall_us):
 * Write all of the list (linked by next) durably, as one: into the write-ahead file when there is nothing but entries, else into LMDB together with what is ahead. A tx
 * that does not fit gets RC_FULL (or RC_TOO_LARGE), the others are written.
 * Out:     rc of each tx, ids of what was put
 * Returns: RC_OK the environment is sound, each tx says how it went; else the commit failed: no tx is written, all say so, and the
 *          environment must not be used again (a failed fsync is not retried on the same descriptor)
 */
enum rc store_commit(struct store *s, struct journal_tx *txs, uint64_t wall_us) MUST_USE;
/* From the next commit on, remove entries below until: so many with each that none takes long. */
void store_release(struct store *s, uint64_t until);
/* Whether some are left to remove. */
bool store_has_released(const struct store *s);

/**
 * store_mend(s, next_id):
 * First transaction after a failure: remove payloads from ${next_id} on (a commit that failed may have reached the disk all the same; its
 * senders were told that it did not) and prove that a commit works.
 */
enum rc store_mend(struct store *s, uint64_t next_id) MUST_USE;

/**
 * store_payload_after(s, id, copy, p):
 * The first payload above ${id}. Its record is appended to ${copy}; p's slices point there.
 * Returns: RC_OK; RC_INTEGRITY only p->id is set; RC_NOT_FOUND; RC_IO; RC_NOMEM, RC_TOO_LARGE of copy
 * Thread:  any, also while another commits
 */
enum rc store_payload_after(struct store *s, uint64_t id, struct buf *copy, struct journal_payload *p) MUST_USE;
/* Append the bytes of one payload. The same results. */
enum rc store_payload_bytes(struct store *s, uint64_t id, struct buf *out) MUST_USE;
struct store_span {
    uint64_t from, to;
};
/* The first entry with seq >= from, in the same way. */
enum rc store_entry_from(struct store *s, uint64_t from, struct buf *copy, uint64_t *seq, struct str *entry) MUST_USE;
/* journal_take. */
enum rc store_entries_take(struct store *s, struct store_span span, struct buf *out, uint64_t *next) MUST_USE;
/* As it is on disk now, also for a read-only store. */
enum rc store_read_totals(struct store *s, struct totals *t) MUST_USE;
/* Of a read-only store: behind the newest entry, wherever it is. */
enum rc store_read_next_seq(struct store *s, uint64_t *next) MUST_USE;

/* Where entries_walk takes entries from; as store_entry_from. */
struct entry_source {
    enum rc (*from)(void *arg, uint64_t from, struct buf *copy, uint64_t *seq, struct str *entry);
    void *arg;
};
/* All entries from one on, as journal_entries promises. */
enum rc entries_walk(const struct entry_source *source, uint64_t from, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg) MUST_USE;

/* The lock of the directory: one journal_open at a time, and who holds it. */
enum rc owner_lock(const char *dir, int *fd, struct errs *es) MUST_USE;
enum rc owner_note_made(int fd) MUST_USE; /* data.mdb is durable: from now on it must be there */
bool owner_is_this_process(const char *dir);
bool owner_is_absent(const char *dir); /* no gate has it open just now */
void owner_unlock(int fd);

#endif
