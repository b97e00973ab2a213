/**
 * The journal: LMDB with audit entries, payloads per destination, and counters; written by one commit thread that groups what all workers ask for
 * into one transaction and one fsync.
 *
 * The story. A worker fills a journal_tx (entries to append, payloads to put, payloads to delete) and posts it. The commit thread takes
 * all that are waiting, writes them in one LMDB transaction, commits (fsync), and posts each tx back to its loop with the result. While
 * it commits, the next group gathers; so a lone request waits for one fsync, and a thousand share one.
 *
 * Entries that come alone are made durable in a file of their own, by one write and one flush, and go into LMDB once a second, or when they are read.
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
    const char *dir;          /* made when missing, mode 0700 */
    uint64_t max_bytes;       /* of payloads */
    uint64_t audit_max_bytes; /* of audit entries */
    uint64_t group_delay_us;  /* at most this long a group gathers under load; 5000 */
    const struct clock *clock;
    const char *node;  /* goes into entries by whoever builds them */
    uint64_t retry_ms; /* how often a disk that failed is tried again; 0 = 1000 */
};

/* A payload that waits: redacted, encoded, compressed as it will be sent. */
struct journal_payload {
    uint64_t id; /* assigned by journal_put, strictly increasing */
    struct str destination;
    struct str origin;   /* country of origin and what else a re-evaluation of the route needs, as the flow encodes it */
    uint64_t request_id; /* of its entry; 0: not known */
    uint64_t created_us;
    uint32_t spans;
    uint8_t encoding; /* enum encoding */
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
    struct letter letter;    /* private */
    struct journal_tx *next; /* private */
    struct loop *loop;       /* on_done runs here */
    const struct journal_entry *entries;
    unsigned entry_count;
    struct journal_payload *put;
    unsigned put_count;
    const uint64_t *del;
    unsigned del_count;
    bool lazy;    /* may wait for the next group (deletions) */
    bool patient; /* may wait group_delay for others: who posts it calls journal_hurry as soon as it has nothing else to do */
    enum rc rc;   /* RC_OK durable. Else nothing of it is written: RC_FULL a bound or the disk; RC_TOO_LARGE an entry or name; RC_IO; RC_STOPPING */
    uint64_t seq; /* RC_OK: of its first entry */
    void (*on_done)(struct journal_tx *tx);
};

/**
 * journal_open(o, jn, es):
 * Open or make the environment, check it, start the commit thread. One process at a time has a journal open.
 * Returns: RC_OK; RC_BUSY another has it; RC_IO; RC_INTEGRITY contents and totals disagree, or data that was there is gone; with an error in es
 */
enum rc journal_open(const struct journal_options *o, struct journal **jn, struct errs *es) MUST_USE;
/**
 * journal_post(jn, tx):
 * Have tx committed with the next group. Sequence numbers start at 0 (an entry's seq is its leaf index in the log) and have no gaps.
 * Thread:  any
 */
void journal_post(struct journal *jn, struct journal_tx *tx);
/**
 * journal_hurry(jn):
 * Nothing will be posted soon: what waits is committed now. Under load a group gathers while the workers go on working, and costs one fsync for all that they decided meanwhile;
 * who has nothing left to do does not wait.
 * Thread:  any
 */
void journal_hurry(struct journal *jn);
/* Commit what is posted, stop the thread, close. All on_done are on their way to their loops when it returns. */
void journal_close(struct journal *jn);

/**
 * journal_ready(jn):
 * Whether new work can be recorded now.
 * Returns: RC_OK; RC_FULL no room for entries, or no room on the disk; RC_IO. (No room for payloads shows in the tx that puts one: who needs none is not
 *          held up.) After RC_IO or a full disk it is tried again each retry_ms.
 * Thread:  any; costs one load
 */
enum rc journal_ready(const struct journal *jn);

/**
 * journal_scan(jn, after_id, fn, arg):
 * Call fn for each payload record with id > after_id in ascending order, bytes included, until fn returns false. Strings valid during the call; fn
 * may call the journal.
 * Records whose CRC does not fit are reported with bytes.ptr NULL and nothing but their id.
 * Returns: RC_OK; RC_IO the journal has failed meanwhile; RC_NOMEM
 */
enum rc journal_scan(struct journal *jn, uint64_t after_id, bool (*fn)(void *arg, const struct journal_payload *p), void *arg) MUST_USE;
/* Append one payload's bytes to out; RC_NOT_FOUND, RC_INTEGRITY (CRC), RC_IO, RC_NOMEM, RC_TOO_LARGE. Any thread. */
enum rc journal_load(struct journal *jn, uint64_t id, struct buf *out) MUST_USE;

/**
 * journal_entries(jn, from_seq, fn, arg):
 * Call fn for each committed entry with seq >= from_seq in ascending order until fn returns false. fn may call the journal.
 * An entry whose CRC does not fit is given with ptr NULL.
 * Returns: RC_OK; RC_INTEGRITY after the walk when an entry did not fit; RC_IO; RC_NOMEM
 */
enum rc journal_entries(struct journal *jn, uint64_t from_seq, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg) MUST_USE;

/**
 * journal_take(jn, from, to, out, next):
 * Append the entries [from, to) to ${out}, each as its length in two bytes, big-endian, and its bytes, as long as there is room.
 * Out:     next  the first that was not taken; set unless RC_NOT_FOUND
 * Returns: RC_OK; RC_INTEGRITY entry *next does not fit its CRC, those before it are taken; RC_NOT_FOUND entry from is not there; RC_IO; RC_NOMEM
 * Thread:  any
 */
enum rc journal_take(struct journal *jn, uint64_t from, uint64_t to, struct buf *out, uint64_t *next) MUST_USE;
/**
 * journal_release(jn, until):
 * Entries below ${until} are durable elsewhere: remove them, some with each commit, all of them soon when there are none.
 * Thread:  any
 */
void journal_release(struct journal *jn, uint64_t until);
/* Wait until all that has been posted is committed or refused, and can be read. Not from a loop that it is answered on. */
void journal_settle(struct journal *jn);

/* The same from another process, read-only, also while the gate runs, for `audit tail`. RC_USAGE when this process itself has the journal open; RC_NOT_FOUND. */
struct journal_reader;
enum rc journal_reader_open(const char *dir, struct journal_reader **r, struct errs *es) MUST_USE;
enum rc journal_reader_entries(
    struct journal_reader *r, uint64_t from_seq, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg) MUST_USE;
uint64_t journal_reader_next_seq(struct journal_reader *r);
uint64_t journal_reader_first_seq(struct journal_reader *r);
void journal_reader_close(struct journal_reader *r);

struct journal_stats {
    uint64_t payload_bytes, payload_count, audit_bytes;
    uint64_t payload_bytes_max;
    uint64_t first_seq, next_seq; /* of the entries that are here */
    uint64_t oldest_created_us;   /* of the oldest payload, 0 = none; up to a second old */
    /* Of the newest entries that an earlier run left, when it was opened: "torn" they cannot be read (a write that did not end, of which nobody was told, or damage), "mended" one
     * changed bit of them was put right. NULL: neither. */
    const char *found;
};
struct journal_stats journal_stats(const struct journal *jn);

#endif
