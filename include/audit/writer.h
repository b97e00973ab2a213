/**
 * Writing a log directory (C2SP tlog-tiles): entries in, tiles and bundles out, a checkpoint when it was signed.
 *
 *   append ... append ─▶ flush ─▶ state ─▶ (somebody signs) ─▶ publish
 *                        bundles: files and folders are on disk, then the tiles      then the checkpoint, replaced whole
 *
 * Nothing on disk changes what the published checkpoint covers. What lies beyond it is written again, with the same bytes, by whoever opens the log after a
 * crash. After any failure only writer_close may be called: what the failed file holds is not known.
 */
#ifndef AUDIT_WRITER_H
#define AUDIT_WRITER_H

#include "audit/note.h"
#include "audit/tree.h"
#include "base/err.h"

struct writer;

/* What has just been done to the disk; for tests that crash there. */
enum writer_step { WRITER_FOLDER, WRITER_FILE, WRITER_SYNC, WRITER_SYNC_FOLDER, WRITER_RENAME, WRITER_REMOVE };

struct writer_options {
    const char *dir;             /* made when missing */
    const struct note_key *keys; /* one of them has signed the checkpoint that is there */
    size_t key_count;
    void (*on_step)(void *arg, enum writer_step step, const char *path); /* NULL, or told of each step; path is relative to dir */
    void *arg;
};

/**
 * writer_open(o, w, es):
 * Open or begin a log. Of one that is there, the checkpoint and the right edge of the tree are verified: all hashes on the way from the last leaf to the root,
 * and the entries of the last bundle.
 * Returns: RC_OK; RC_INTEGRITY what is there is not what the checkpoint says; RC_IO, RC_FULL, RC_NOMEM: with an error in es
 */
enum rc writer_open(const struct writer_options *o, struct writer **w, struct errs *es) MUST_USE;
void writer_close(struct writer *w);

/* Entries appended so far; what the checkpoint on disk covers, and its note ("" when there is none). */
uint64_t writer_size(const struct writer *w);
const struct tree_state *writer_published(const struct writer *w);
struct str writer_note(const struct writer *w);

/* Add the next leaf, 1 .. 65,535 bytes. RC_OK; RC_TOO_LARGE; RC_IO, RC_FULL a file could not be written. */
enum rc writer_append(struct writer *w, struct str entry) MUST_USE;
/* Make all that was appended durable. RC_OK; RC_IO, RC_FULL. */
enum rc writer_flush(struct writer *w) MUST_USE;
/* Size and root of all that was appended. */
enum rc writer_state(struct writer *w, struct tree_state *now) MUST_USE;
/* After writer_flush: proof that the present tree continues the one of size old; the root at a former size. RC_USAGE when there was no such size. */
enum rc writer_prove(struct writer *w, uint64_t old, struct tree_proof *proof) MUST_USE;
enum rc writer_root_at(struct writer *w, uint64_t size, struct tree_hash *root) MUST_USE;

/**
 * writer_publish(w, note):
 * Replace the checkpoint with this signed note about the present size.
 * Returns: RC_OK it is on disk; RC_USAGE it is about another tree, or something is not flushed; RC_IO, RC_FULL
 */
enum rc writer_publish(struct writer *w, struct str note) MUST_USE;

/**
 * writer_keep_from(w, until, entry):
 * Retention: remove the bundles of entries before ${until} (a multiple of 256, all of it published). The tiles stay, so that the tree can still be verified;
 * entry is the index of the published entry that says so. A crash on the way leaves what the next call completes.
 */
enum rc writer_keep_from(struct writer *w, uint64_t until, uint64_t entry) MUST_USE;
/* The first entry that is kept. */
uint64_t writer_first(const struct writer *w);

#endif
