/**
 * The journal: LMDB with audit entries, payloads per destination, and counters; written by one commit thread that groups what all workers ask for
 * into one transaction and one fsync.
 *
 * The story. A worker fills a journal_tx (entries to append, payloads to put, payloads to delete) and posts it. The commit thread takes
 * all that are waiting, writes them in one LMDB transaction, commits (fsync), and posts each tx back to its loop with the result. While
 * it commits, the next group gathers; so a lone request waits for one fsync, and a thousand share one.
 *
 * Invariant: a payload is in the journal before its sender hears OK, unless its destination has acknowledged it; an audit entry is
 * in the journal before the first byte of its batch leaves.
 */
#ifndef EGRESS_JOURNAL_H
#define EGRESS_JOURNAL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"

struct journal;

struct journal_options {
    const char *dir;           /* made when missing, mode 0700 */
    uint64_t max_bytes;        /* of payloads */
    uint64_t audit_max_bytes;  /* of audit entries */
    uint64_t group_delay_us;   /* at most this long a group gathers under load; 5000 */
    const struct clock *clock;
    const char *node;          /* goes into entries by whoever builds them */
};

/* A payload that waits: redacted, encoded, compressed as it will be sent. */
struct journal_payload {
    uint64_t id;        /* assigned by journal_put, strictly increasing */
    struct str destination;
    struct str origin;  /* country of origin and what else a re-evaluation of the route needs, as the flow encodes it */
    uint64_t created_us;
    uint32_t spans;
    uint8_t encoding;   /* enum encoding */
    struct str bytes;
};

/*
 * An audit entry in canonical JSON without its "seq" and "ts": the journal writes head, then ,"seq":N,"ts":"...", then tail.
 *   head  {"build":"...","conn":{...},...,"route":[...]     (keys below "seq" in byte order)
 *   tail  ,"type":"request","v":1}                          (keys above "ts")
 * Together at most 65,000 bytes (an entry of the log is at most 65,535: audit-format "Files").
 */
struct journal_entry {
    struct str head, tail;
};

/**
 * One atomic set of changes. Strings are borrowed until on_done. The tx belongs to the journal from journal_post to on_done.
 */
struct journal_tx {
    struct letter letter;       /* private */
    struct journal_tx *next;    /* private */
    struct loop *loop;          /* on_done runs here */
    const struct journal_entry *entries;
    unsigned entry_count;
    struct journal_payload *put;
    unsigned put_count;
    const uint64_t *del;
    unsigned del_count;
    bool lazy;                  /* may wait for the next group (deletions) */
    enum rc rc;                 /* RC_OK durable; RC_FULL; RC_IO: nothing of it is written */
    void (*on_done)(struct journal_tx *tx);
};

/* Open or make the environment, check it, start the commit thread. RC_IO, RC_INTEGRITY with an error in es. */
enum rc journal_open(const struct journal_options *o, struct journal **jn, struct errs *es) MUST_USE;
void journal_post(struct journal *jn, struct journal_tx *tx);
/* Commit what is posted, stop the thread, close. */
void journal_close(struct journal *jn);

/* Whether new work can be recorded now; RC_FULL, RC_IO. Cheap, any thread. */
enum rc journal_ready(const struct journal *jn);

/**
 * journal_scan(jn, after_id, fn, arg):
 * Call fn for each payload record with id > after_id in ascending order, bytes included, until fn returns false. Strings valid during the call.
 * Records whose CRC does not fit are reported with bytes.ptr NULL.
 */
enum rc journal_scan(struct journal *jn, uint64_t after_id, bool (*fn)(void *arg, const struct journal_payload *p), void *arg) MUST_USE;
/* One payload's bytes into out; RC_NOT_FOUND, RC_INTEGRITY (CRC). Any thread. */
enum rc journal_load(struct journal *jn, uint64_t id, struct buf *out) MUST_USE;

/* Audit entries, for `audit tail` (also from another process while the gate runs, read-only). */
struct journal_reader;
enum rc journal_reader_open(const char *dir, struct journal_reader **r, struct errs *es) MUST_USE;
enum rc journal_reader_entries(struct journal_reader *r, uint64_t from_seq, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg) MUST_USE;
uint64_t journal_reader_next_seq(struct journal_reader *r);
void journal_reader_close(struct journal_reader *r);

struct journal_stats {
    uint64_t payload_bytes, payload_count, audit_bytes, next_seq, oldest_created_us;
};
struct journal_stats journal_stats(const struct journal *jn);

#endif
