/**
 * The write-ahead file of entries, beside LMDB: what makes an entry durable with one write and one flush. Its form is in journal_wal.c.
 *
 *   wal_begin ── wal_reserve for each entry ── wal_end: durable       store_commit without entries only, or with more ──▶ all of it into LMDB ── wal_reset
 */
#ifndef EGRESS_JOURNAL_WAL_INT_H
#define EGRESS_JOURNAL_WAL_INT_H

#include "journal_int.h"

#define WAL_BYTES ((size_t)512 << 10)
#define WAL_GROUP_HEADER 24u
#define WAL_MAGIC 0xF7534757u

struct wal_group {
    uint64_t seq;
    uint32_t count;
    struct str body;
};
/* The whole group at ${at}; false when none begins there. */
bool wal_group_at(const uint8_t *image, size_t at, struct wal_group *g);
/* Of the group's bytes behind the checksum. */
uint32_t wal_group_crc(const uint8_t *group, size_t body);

struct wal {
    int fd;         /* -1: there is none */
    uint8_t *image; /* WAL_BYTES, as the file is */
    size_t at;      /* behind the groups that are not in LMDB yet */
    uint64_t count; /* entries in them */
    size_t used;    /* of the group that is being made */
};

/* Open or make the file and read it. Returns: an errno; for a read_only one that is not there 0, without image. On failure wal_close it all the same. */
int wal_open(struct wal *w, const char *dir, bool read_only) MUST_USE;
void wal_close(struct wal *w);
/* Nothing is left in it, durably, and its blocks are allocated. An errno. */
int wal_clear(struct wal *w) MUST_USE;
void wal_forget_pages(const char *dir);

/**
 * wal_replay(w, next_seq, below):
 * Find the groups that follow ${next_seq}, where LMDB ends; those from ${below} on were refused and do not count.
 * Out:     at, count
 * Returns: RC_OK; RC_INTEGRITY entries are missing before some that are there
 */
enum rc wal_replay(struct wal *w, uint64_t next_seq, uint64_t below) MUST_USE;
/**
 * wal_mend(w, next_seq):
 * After wal_replay: look at what follows the groups that can be read, where an entry of number ${next_seq} would be.
 * Returns: WAL_NOTHING no group was begun there; WAL_TORN one was, and is not whole; WAL_MENDED it was whole but for one bit, which is put right in the image: replay again
 */
enum wal_mended { WAL_NOTHING, WAL_TORN, WAL_MENDED };
enum wal_mended wal_mend(struct wal *w, uint64_t next_seq) MUST_USE;
/* Read the file anew; an errno. */
int wal_refresh(struct wal *w) MUST_USE;

void wal_begin(struct wal *w);
/* Room for the next record of the group; NULL: the file is full, and wal_begin begins anew. */
uint8_t *wal_reserve(struct wal *w, size_t size) MUST_USE;
/* Write the group and have it durable; an errno: it does not count, and the file must be opened again. */
int wal_end(struct wal *w, uint64_t seq, uint32_t count) MUST_USE;
/* All of it is in LMDB. */
void wal_reset(struct wal *w);

/* All records that are not in LMDB yet, in order, from the seq that LMDB ends with on: struct wal_walk walk = {.w = w}. */
struct wal_walk {
    const struct wal *w;
    size_t at;
    struct str rest;
};
bool wal_next(struct wal_walk *walk, struct str *record);

#endif
