/**
 * A verification of a log while it goes on: verify_signed.c asks who signed, verify.c goes through the tree.
 */
#ifndef AUDIT_VERIFY_INT_H
#define AUDIT_VERIFY_INT_H

#include "audit/verify.h"
#include "reader_int.h"

struct level {
    uint64_t nodes;
    struct tree_hash hash[TILE_WIDTH]; /* the last nodes % 256, as the entries give them */
};

struct anchor {
    struct tree_state tree;
    const char *name;
};

struct verification {
    const struct verify_options *o;
    struct verify_result *result;
    struct errs *es;
    struct reader *reader;
    struct buf entries, hashes;
    struct level level[TILE_LEVELS];
    struct tree_edge edge; /* for roots at the sizes of anchors */
    struct note_key keys[VERIFY_KEYS_MAX];
    size_t key_count;
    struct anchor anchor[VERIFY_ANCHORS_MAX + VERIFY_KEYS_MAX];
    size_t anchor_count;
    uint64_t held;             /* the largest size at which an anchor fitted: the leaves before it are good */
    uint64_t forked, fork_end; /* the first anchor that did not fit: a leaf of [forked, fork_end) is bad; fork_end 0: all fitted */
    bool trusted;              /* the checkpoint's signature counts: so does its size */
    struct retention retention;
    bool retention_proven;
    size_t errors_before; /* in es, of others */
};

void verify_problem(struct verification *v, const char *file, const char *what);

/* verify_signed.c: what does not fit is a problem; a failure is that it could not be looked at. */
enum rc verify_checkpoint(struct verification *v) MUST_USE;
enum rc verify_take_anchors(struct verification *v) MUST_USE;

#endif
