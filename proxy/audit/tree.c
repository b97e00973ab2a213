#include "audit/tree.h"

#include <stdlib.h>

#include "base/digest.h"

/* A digest over bytes in memory cannot fail; if it does, nothing that follows can be believed. */
static void
must(enum rc rc)
{
    if (rc != RC_OK)
        abort();
}

void
tree_leaf(struct str entry, struct tree_hash *out)
{
    const struct str parts[] = {{"\0", 1}, entry};

    must(digest_sha256_parts(parts, 2, out->bytes));
}

void
tree_node(const struct tree_hash *left, const struct tree_hash *right, struct tree_hash *out)
{
    char both[1 + 2 * TREE_HASH];

    both[0] = 1;
    memcpy(both + 1, left->bytes, TREE_HASH);
    memcpy(both + 1 + TREE_HASH, right->bytes, TREE_HASH);
    must(digest_sha256((struct str){both, sizeof(both)}, out->bytes));
}

void
tree_empty_root(struct tree_hash *out)
{
    must(digest_sha256(STR(""), out->bytes));
}

bool
tree_equal(const struct tree_hash *a, const struct tree_hash *b)
{
    return memcmp(a->bytes, b->bytes, TREE_HASH) == 0;
}

/* Like a carry in binary addition: two subtrees of one height are one of the next. */
void
tree_edge_append_node(struct tree_edge *e, unsigned level, const struct tree_hash *node)
{
    struct tree_hash h = *node;
    unsigned k = level;

    for (; k < TREE_LEVELS - 1 && (e->size >> k & 1); k++)
        tree_node(&e->full[k], &h, &h);
    e->full[k] = h;
    e->size += (uint64_t)1 << level;
}

void
tree_edge_append(struct tree_edge *e, const struct tree_hash *leaf)
{
    tree_edge_append_node(e, 0, leaf);
}

void
tree_edge_root(const struct tree_edge *e, struct tree_hash *root)
{
    bool any = false;

    for (unsigned k = 0; k < TREE_LEVELS; k++) {
        if (!(e->size >> k & 1))
            continue;
        if (any)
            tree_node(&e->full[k], root, root);
        else
            *root = e->full[k];
        any = true;
    }
    if (!any)
        tree_empty_root(root);
}

/* -- proofs ----------------------------------------------------------------------------------------------------------------------- */

static unsigned
bit_length(uint64_t n)
{
    return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}

/* MTH(D[start:end]) for a start that is a multiple of the first complete subtree: those of the binary form of its length, folded from the right. */
static enum rc
range_root(const struct tree_source *s, uint64_t start, uint64_t end, struct tree_hash *root)
{
    bool any = false;

    for (unsigned k = 0; start < end && k < TREE_LEVELS; k++) {
        struct tree_hash h;

        if (!((end - start) >> k & 1))
            continue;
        end -= (uint64_t)1 << k;
        enum rc rc = s->node(s->arg, k, end >> k, &h);

        if (rc != RC_OK)
            return rc;
        if (any)
            tree_node(&h, root, root);
        else
            *root = h;
        any = true;
    }
    if (!any)
        tree_empty_root(root);
    return RC_OK;
}

enum rc
tree_root(const struct tree_source *s, uint64_t size, struct tree_hash *root)
{
    struct tree_hash h = {{0}};
    enum rc rc = range_root(s, 0, size, &h);

    if (rc == RC_OK)
        *root = h;
    return rc;
}

enum rc
tree_edge_load(const struct tree_source *s, uint64_t size, struct tree_edge *e)
{
    struct tree_edge out = {.size = size};

    for (unsigned k = 0; k < TREE_LEVELS; k++) {
        enum rc rc = size >> k & 1 ? s->node(s->arg, k, (size >> k) - 1, &out.full[k]) : RC_OK;

        if (rc != RC_OK)
            return rc;
    }
    *e = out;
    return RC_OK;
}

/* The largest power of two below n, for n > 1. */
static uint64_t
split(uint64_t n)
{
    return (uint64_t)1 << ((bit_length(n - 1) - 1) & 63);
}

/* The hashes come from the root downwards; a proof begins at the leaf. */
static void
turn_round(struct tree_proof *p)
{
    for (unsigned i = 0; i < p->count / 2; i++) {
        struct tree_hash h = p->hash[i];

        p->hash[i] = p->hash[p->count - 1 - i];
        p->hash[p->count - 1 - i] = h;
    }
}

static enum rc
proof_add(struct tree_proof *p, const struct tree_source *s, uint64_t start, uint64_t end)
{
    if (p->count == TREE_PROOF_MAX)
        return RC_INTERNAL;
    return range_root(s, start, end, &p->hash[p->count++]);
}

enum rc
tree_prove_inclusion(const struct tree_source *s, uint64_t index, uint64_t size, struct tree_proof *proof)
{
    uint64_t start = 0, end = size;
    struct tree_proof p = {0};
    enum rc rc = index < size ? RC_OK : RC_USAGE;

    while (rc == RC_OK && end - start > 1) {
        uint64_t middle = start + split(end - start);

        if (index < middle) {
            rc = proof_add(&p, s, middle, end);
            end = middle;
        } else {
            rc = proof_add(&p, s, start, middle);
            start = middle;
        }
    }
    if (rc != RC_OK)
        return rc;
    turn_round(&p);
    *proof = p;
    return RC_OK;
}

/* SUBPROOF(m, D[start:end], b): b is true as long as the old tree's root is what we follow. */
enum rc
tree_prove_consistency(const struct tree_source *s, uint64_t old, uint64_t now, struct tree_proof *proof)
{
    uint64_t start = 0, end = now;
    bool whole = true;
    struct tree_proof p = {0};
    enum rc rc = old <= now ? RC_OK : RC_USAGE;

    while (rc == RC_OK && old != 0 && old != end) {
        uint64_t middle = start + split(end - start);

        if (old <= middle) {
            rc = proof_add(&p, s, middle, end);
            end = middle;
        } else {
            rc = proof_add(&p, s, start, middle);
            start = middle;
            whole = false;
        }
    }
    if (rc == RC_OK && old != 0 && !whole)
        rc = proof_add(&p, s, start, end);
    if (rc != RC_OK)
        return rc;
    turn_round(&p);
    *proof = p;
    return RC_OK;
}

/* -- verification ----------------------------------------------------------------------------------------------------------------- */

enum rc
tree_check_inclusion(const struct tree_hash *leaf, uint64_t index, uint64_t size, const struct tree_proof *proof, const struct tree_hash *root)
{
    uint64_t fn = index, sn = size - 1;
    struct tree_hash r = *leaf;

    if (index >= size)
        return RC_INTEGRITY;
    for (unsigned i = 0; i < proof->count; i++) {
        if (sn == 0)
            return RC_INTEGRITY;
        if (!(fn & 1) && fn != sn) {
            tree_node(&r, &proof->hash[i], &r);
        } else {
            tree_node(&proof->hash[i], &r, &r);
            for (; !(fn & 1) && fn != 0; fn >>= 1)
                sn >>= 1;
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && tree_equal(&r, root) ? RC_OK : RC_INTEGRITY;
}

static bool
range_valid(struct tree_range r)
{
    if (r.start >= r.end)
        return false;
    uint64_t length = r.end - r.start;
    unsigned bits = bit_length(length - 1);

    return bits < 64 ? (r.start & (((uint64_t)1 << bits) - 1)) == 0 : r.start == 0;
}

enum rc
tree_check_subtree_inclusion(
    const struct tree_hash *leaf, uint64_t index, struct tree_range range, const struct tree_proof *proof, const struct tree_hash *root)
{
    if (!range_valid(range) || index < range.start || index >= range.end)
        return RC_INTEGRITY;
    return tree_check_inclusion(leaf, index - range.start, range.end - range.start, proof, root);
}

/* Where the walk stands: first and last leaf of the subtree, last leaf of the tree, all at the level reached. */
struct climb {
    uint64_t fn, sn, tn;
};

static void
climb_up(struct climb *c)
{
    c->fn >>= 1;
    c->sn >>= 1;
    c->tn >>= 1;
}

enum rc
tree_check_subtree_consistency(struct tree_range range, const struct tree_hash *root, const struct tree_state *now, const struct tree_proof *proof)
{
    struct climb c = {range.start, range.end - 1, now->size - 1};
    struct tree_hash fr = *root, sr = *root, empty;
    unsigned i = 0;

    tree_empty_root(&empty);
    if (range.start == range.end && range.end <= now->size) /* of every tree */
        return proof->count == 0 && tree_equal(root, &empty) ? RC_OK : RC_INTEGRITY;
    if (!range_valid(range) || range.end > now->size)
        return RC_INTEGRITY;
    bool last = c.sn == c.tn;

    while (c.fn != c.sn && (last || (c.sn & 1)))
        climb_up(&c);
    if (c.fn != c.sn) {
        if (proof->count == 0)
            return RC_INTEGRITY;
        fr = sr = proof->hash[i++];
    }
    for (; i < proof->count; i++) {
        const struct tree_hash *h = &proof->hash[i];

        if (c.tn == 0)
            return RC_INTEGRITY;
        if ((c.sn & 1) || c.sn == c.tn) {
            if (c.fn < c.sn)
                tree_node(h, &fr, &fr);
            tree_node(h, &sr, &sr);
            while (!(c.sn & 1) && c.sn != 0)
                climb_up(&c);
        } else {
            tree_node(&sr, h, &sr);
        }
        climb_up(&c);
    }
    return c.tn == 0 && tree_equal(&fr, root) && tree_equal(&sr, &now->root) ? RC_OK : RC_INTEGRITY;
}

enum rc
tree_check_consistency(const struct tree_state *old, const struct tree_state *now, const struct tree_proof *proof)
{
    if (old->size == 0)
        return RC_INTEGRITY;
    if (old->size == now->size)
        return proof->count == 0 && tree_equal(&old->root, &now->root) ? RC_OK : RC_INTEGRITY;
    return tree_check_subtree_consistency((struct tree_range){0, old->size}, &old->root, now, proof);
}
