/**
 * The Merkle tree of RFC 6962 and RFC 9162 section 2.1: hashes, roots, proofs and their verification. Pure: no file, no allocation.
 *
 *   leaf hash = SHA-256(0x00 || entry)      node hash = SHA-256(0x01 || left || right)      root of nothing = SHA-256("")
 *
 * Levels count from the leaves: the node (k, i) is the root of the complete subtree over leaves [i * 2^k, (i + 1) * 2^k).
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include <stdint.h>

#include "base/rc.h"
#include "base/str.h"

#define TREE_HASH 32
#define TREE_LEVELS 64
#define TREE_PROOF_MAX 65

struct tree_hash {
    uint8_t bytes[TREE_HASH];
};

void tree_leaf(struct str entry, struct tree_hash *out);
void tree_node(const struct tree_hash *left, const struct tree_hash *right, struct tree_hash *out);
void tree_empty_root(struct tree_hash *out);
bool tree_equal(const struct tree_hash *a, const struct tree_hash *b);

/**
 * The right edge of a tree that grows: all that is needed to append and to tell the root.
 * Invariant: full[k] is set when bit k of size is; it is the node (k, (size >> k) - 1).
 */
struct tree_edge {
    uint64_t size;
    struct tree_hash full[TREE_LEVELS];
};

/* Append a leaf hash. A zeroed edge is the empty tree. */
void tree_edge_append(struct tree_edge *e, const struct tree_hash *leaf);
/* Append the root of a complete subtree of 2^level leaves; size must be a multiple of 2^level. */
void tree_edge_append_node(struct tree_edge *e, unsigned level, const struct tree_hash *node);
void tree_edge_root(const struct tree_edge *e, struct tree_hash *root);

/* Where nodes of complete subtrees come from. node returns RC_OK, or what made it impossible: passed on by the functions below. */
struct tree_source {
    enum rc (*node)(void *arg, unsigned level, uint64_t index, struct tree_hash *out);
    void *arg;
};

struct tree_proof {
    unsigned count;
    struct tree_hash hash[TREE_PROOF_MAX];
};

/* The root over the first size leaves. */
enum rc tree_root(const struct tree_source *s, uint64_t size, struct tree_hash *root) MUST_USE;
/* The edge at this size, to append from. */
enum rc tree_edge_load(const struct tree_source *s, uint64_t size, struct tree_edge *e) MUST_USE;
/* Proof that leaf index is in the tree of this size, RFC 9162 section 2.1.3.1. RC_USAGE unless index < size. */
enum rc tree_prove_inclusion(const struct tree_source *s, uint64_t index, uint64_t size, struct tree_proof *proof) MUST_USE;
/* Proof that the tree of size now continues that of size old, RFC 9162 section 2.1.4.1. Empty for old 0 and old == now; RC_USAGE unless old <= now. */
enum rc tree_prove_consistency(const struct tree_source *s, uint64_t old, uint64_t now, struct tree_proof *proof) MUST_USE;

/* RFC 9162 section 2.1.3.2. Returns: RC_OK; RC_INTEGRITY it proves no such thing */
enum rc tree_check_inclusion(
    const struct tree_hash *leaf, uint64_t index, uint64_t size, const struct tree_proof *proof, const struct tree_hash *root) MUST_USE;

/* A tree of one size. */
struct tree_state {
    uint64_t size;
    struct tree_hash root;
};

/* RFC 9162 section 2.1.4.2, with the empty proof between equal trees. From the empty tree nothing can be proven: RC_INTEGRITY. */
enum rc tree_check_consistency(const struct tree_state *old, const struct tree_state *now, const struct tree_proof *proof) MUST_USE;

/**
 * The leaves [start, end) as a subtree: start is a multiple of the least power of two that is not below end - start
 * (draft-ietf-plants-merkle-tree-certs section 4.1).
 */
struct tree_range {
    uint64_t start, end;
};

/* As above for a leaf in a subtree; index counts from the start of the log. */
enum rc tree_check_subtree_inclusion(
    const struct tree_hash *leaf, uint64_t index, struct tree_range range, const struct tree_proof *proof, const struct tree_hash *root) MUST_USE;
/* That the subtree with this root is part of the tree now (section 4.4.3 of that draft). */
enum rc tree_check_subtree_consistency(
    struct tree_range range, const struct tree_hash *root, const struct tree_state *now, const struct tree_proof *proof) MUST_USE;

#endif
