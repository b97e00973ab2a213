/**
 * Verifying a log directory from its files and a public key alone, as a stream: one bundle and one tile a level are in memory.
 *
 * The story. The checkpoint must be signed by a key that is trusted, or by one that a trusted key has announced in the log (rotation). Then every entry is
 * hashed, every tile of every level is compared with what the entries give, and at the end the root is compared with the one that was signed. Anchors are
 * checkpoints that were kept elsewhere: the tree must have had their root at their size, so that a log that was cut or forked shows. Entries that retention
 * has removed count by their hashes, when an entry of the log says that they were removed.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/note.h"
#include "audit/tile.h"
#include "audit/tree.h"
#include "base/err.h"

#define VERIFY_KEYS_MAX 64
#define VERIFY_ANCHORS_MAX 64

/* A checkpoint that was kept elsewhere. */
struct verify_anchor {
    const char *name; /* for messages */
    struct str note;
};

struct verify_options {
    const char *dir;
    const struct note_key *keys; /* trusted */
    size_t key_count;
    const struct note_key *witnesses; /* each of them must have cosigned the checkpoint */
    size_t witness_count;
    const struct verify_anchor *anchors;
    size_t anchor_count;
    /* NULL, or given each tile of hashes that is missing or differs from what the entries give; for repair. */
    void (*on_tile)(void *arg, struct tile t, const struct tree_hash *hash);
    void *arg;
};

#define VERIFY_NO_LEAF UINT64_MAX

struct verify_result {
    struct tree_state tree; /* of the checkpoint */
    uint64_t entries;       /* that were hashed; tree.size less those that retention has removed */
    uint64_t first_bad;     /* leaf, or VERIFY_NO_LEAF */
    uint64_t first_bad_to;  /* the last leaf that it may be, when only a subtree is known */
    bool root_fits;         /* what the entries give is what was signed */
    struct note_key signer; /* whose signature it is */
    uint64_t witnessed;     /* seconds since 1970, the newest cosignature; 0 = none asked for */
};

/**
 * verify_log(o, result, es):
 * Verify all of it; goes on after a problem, to find the first bad leaf.
 * Out:     result  set also for RC_INTEGRITY
 * Returns: RC_OK; RC_INTEGRITY with errors in es, each with its file; RC_NOT_FOUND there is no log; RC_USAGE an anchor or a limit; RC_IO, RC_NOMEM
 */
enum rc verify_log(const struct verify_options *o, struct verify_result *result, struct errs *es) MUST_USE;

/**
 * verify_record(proof, entry, keys, count, c):
 * Verify one record by a proof file and its bytes, nothing else.
 * Out:     c  the checkpoint in the proof, pointing into it
 * Returns: RC_OK; RC_MALFORMED no proof file; RC_NOT_FOUND none of the keys has signed its checkpoint; RC_INTEGRITY a signature or the path does not fit
 */
enum rc verify_record(struct str proof, struct str entry, const struct note_key *keys, size_t count, struct checkpoint *c) MUST_USE;

/* A checkpoint signed by one of these keys whose name is its origin. RC_OK; RC_MALFORMED; RC_INTEGRITY a line of such a key is false; RC_NOT_FOUND none signed. */
enum rc verify_note(struct str note, const struct note_key *keys, size_t count, struct checkpoint *c, struct note_key *signer) MUST_USE;

#endif
