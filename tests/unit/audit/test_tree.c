#include "audit/tree.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base_suite.h"

/* The usual eight leaves of RFC 6962 implementations, in hexadecimal. */
static const char *const leaves[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
#define LEAVES 8

static void
leaf_of(size_t i, struct tree_hash *out)
{
    uint8_t raw[16];
    struct str hex = str_of(leaves[i]);

    ck_assert(digest_unhex(hex, raw));
    tree_leaf((struct str){(const char *)raw, hex.len / 2}, out);
}

static void
check_hash(const struct tree_hash *h, const char *want)
{
    char text[2 * TREE_HASH + 1] = {0};

    digest_hex((struct str){(const char *)h->bytes, TREE_HASH}, text);
    ck_assert_str_eq(text, want);
}

/* A tree in memory: all nodes of complete subtrees, by definition. */
struct grove {
    const struct tree_hash *leaf;
    uint64_t count;
};

static enum rc
grove_node(void *arg, unsigned level, uint64_t index, struct tree_hash *out)
{
    const struct grove *g = arg;
    uint64_t width = (uint64_t)1 << level;
    struct tree_hash left, right;

    if ((index + 1) * width > g->count)
        return RC_NOT_FOUND;
    if (level == 0) {
        *out = g->leaf[index];
        return RC_OK;
    }
    ck_assert_int_eq(grove_node(arg, level - 1, 2 * index, &left), RC_OK);
    ck_assert_int_eq(grove_node(arg, level - 1, 2 * index + 1, &right), RC_OK);
    tree_node(&left, &right, out);
    return RC_OK;
}

/* MTH by its definition, RFC 6962 section 2.1. */
static void
root_by_definition(const struct tree_hash *leaf, uint64_t n, struct tree_hash *out)
{
    struct tree_hash left, right;
    uint64_t k = 1;

    if (n == 0) {
        tree_empty_root(out);
        return;
    }
    if (n == 1) {
        *out = leaf[0];
        return;
    }
    while (2 * k < n)
        k *= 2;
    root_by_definition(leaf, k, &left);
    root_by_definition(leaf + k, n - k, &right);
    tree_node(&left, &right, out);
}

START_TEST(tree_gives_the_known_roots)
{
    struct tree_hash leaf[LEAVES], root;
    struct tree_edge e = {0};
    const struct {
        size_t size;
        const char *root;
    } known[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };

    for (size_t i = 0; i < LEAVES; i++)
        leaf_of(i, &leaf[i]);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct tree_source s = {grove_node, &(struct grove){leaf, known[i].size}};

        while (e.size < known[i].size)
            tree_edge_append(&e, &leaf[e.size]);
        tree_edge_root(&e, &root);
        check_hash(&root, known[i].root);
        ck_assert_int_eq(tree_root(&s, known[i].size, &root), RC_OK);
        check_hash(&root, known[i].root);
    }
}
END_TEST

START_TEST(tree_proves_that_seven_continue_four)
{
    struct tree_hash leaf[LEAVES];
    struct tree_proof p;
    uint8_t want[TREE_HASH];
    bool found = false;

    for (size_t i = 0; i < LEAVES; i++)
        leaf_of(i, &leaf[i]);
    struct tree_source s = {grove_node, &(struct grove){leaf, 7}};

    ck_assert_int_eq(tree_prove_consistency(&s, 4, 7, &p), RC_OK);
    ck_assert(digest_unhex(STR("837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"), want));
    for (unsigned i = 0; i < p.count; i++)
        found = found || memcmp(p.hash[i].bytes, want, sizeof(want)) == 0;
    ck_assert(found);
}
END_TEST

#define GROWN 70

static void
grow(struct tree_hash leaf[GROWN])
{
    for (unsigned i = 0; i < GROWN; i++)
        tree_leaf((struct str){(const char *)&i, sizeof(i)}, &leaf[i]);
}

START_TEST(tree_agrees_with_its_definition_at_every_size)
{
    struct tree_hash leaf[GROWN], want, root;
    struct tree_edge e = {0}, loaded;

    grow(leaf);
    for (uint64_t n = 0; n <= GROWN; n++) {
        struct tree_source s = {grove_node, &(struct grove){leaf, n}};

        root_by_definition(leaf, n, &want);
        tree_edge_root(&e, &root);
        ck_assert(tree_equal(&root, &want));
        ck_assert_int_eq(tree_edge_load(&s, n, &loaded), RC_OK);
        tree_edge_root(&loaded, &root);
        ck_assert(tree_equal(&root, &want));
        if (n < GROWN)
            tree_edge_append(&e, &leaf[n]);
    }
}
END_TEST

/* Any bit changed, any hash too few or too many, any other index or size: no proof. */
static void
refuse_changed_inclusion(const struct tree_hash *leaf, uint64_t i, uint64_t n, const struct tree_proof *good, const struct tree_hash *root)
{
    struct tree_proof p = *good;

    for (unsigned k = 0; k < good->count; k++) {
        p = *good;
        p.hash[k].bytes[i % TREE_HASH] ^= (uint8_t)(1u << n % 8);
        ck_assert_int_eq(tree_check_inclusion(leaf, i, n, &p, root), RC_INTEGRITY);
    }
    p = *good;
    p.hash[p.count++] = *root;
    ck_assert_int_eq(tree_check_inclusion(leaf, i, n, &p, root), RC_INTEGRITY);
    p = *good;
    if (p.count) {
        p.count--;
        ck_assert_int_eq(tree_check_inclusion(leaf, i, n, &p, root), RC_INTEGRITY);
    }
    ck_assert_int_eq(tree_check_inclusion(leaf, n, n, good, root), RC_INTEGRITY);
    if (n > 1)
        ck_assert_int_eq(tree_check_inclusion(leaf, i ^ 1, n, good, root), RC_INTEGRITY);
}

START_TEST(tree_proves_every_leaf_and_nothing_else)
{
    struct tree_hash leaf[GROWN], root;
    struct tree_proof p;

    grow(leaf);
    for (uint64_t n = 1; n <= GROWN; n++) {
        struct tree_source s = {grove_node, &(struct grove){leaf, n}};

        root_by_definition(leaf, n, &root);
        for (uint64_t i = 0; i < n; i++) {
            ck_assert_int_eq(tree_prove_inclusion(&s, i, n, &p), RC_OK);
            ck_assert_int_eq(tree_check_inclusion(&leaf[i], i, n, &p, &root), RC_OK);
            refuse_changed_inclusion(&leaf[i], i, n, &p, &root);
        }
        ck_assert_int_eq(tree_prove_inclusion(&s, n, n, &p), RC_USAGE);
    }
}
END_TEST

static void
refuse_changed_consistency(const struct tree_state *old, const struct tree_state *now, const struct tree_proof *good)
{
    struct tree_proof p = *good;
    struct tree_state other = *old;

    for (unsigned k = 0; k < good->count; k++) {
        p = *good;
        p.hash[k].bytes[now->size % TREE_HASH] ^= (uint8_t)(1u << old->size % 8);
        ck_assert_int_eq(tree_check_consistency(old, now, &p), RC_INTEGRITY);
    }
    p = *good;
    p.hash[p.count++] = now->root;
    ck_assert_int_eq(tree_check_consistency(old, now, &p), RC_INTEGRITY);
    other.root.bytes[0] ^= 1;
    ck_assert_int_eq(tree_check_consistency(&other, now, good), RC_INTEGRITY);
    other = *now;
    other.root.bytes[31] ^= 1;
    ck_assert_int_eq(tree_check_consistency(old, &other, good), RC_INTEGRITY);
    if (old->size < now->size)
        ck_assert_int_eq(tree_check_consistency(now, old, good), RC_INTEGRITY);
}

START_TEST(tree_proves_that_it_only_grows)
{
    struct tree_hash leaf[GROWN];
    struct tree_proof p;

    grow(leaf);
    for (uint64_t n = 1; n <= GROWN; n++) {
        struct tree_source s = {grove_node, &(struct grove){leaf, n}};
        struct tree_state now = {.size = n}, old;

        root_by_definition(leaf, n, &now.root);
        for (uint64_t m = 1; m <= n; m++) {
            old.size = m;
            root_by_definition(leaf, m, &old.root);
            ck_assert_int_eq(tree_prove_consistency(&s, m, n, &p), RC_OK);
            ck_assert_int_eq(tree_check_consistency(&old, &now, &p), RC_OK);
            refuse_changed_consistency(&old, &now, &p);
        }
        ck_assert_int_eq(tree_prove_consistency(&s, 0, n, &p), RC_OK);
        ck_assert_uint_eq(p.count, 0);
        ck_assert_int_eq(tree_prove_consistency(&s, n + 1, n, &p), RC_USAGE);
    }
}
END_TEST

/* A source whose nodes cost nothing, to stand at the end of the numbers. */
static enum rc
any_node(void *arg, unsigned level, uint64_t index, struct tree_hash *out)
{
    (void)arg;
    memset(out, 0, sizeof(*out));
    out->bytes[0] = (uint8_t)level;
    memcpy(out->bytes + 8, &index, sizeof(index));
    return RC_OK;
}

START_TEST(tree_proofs_stay_within_their_bound_at_huge_sizes)
{
    const struct tree_source s = {any_node, NULL};
    const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX / 2, ((uint64_t)1 << 63), ((uint64_t)1 << 63) + 1};
    struct tree_proof p;

    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(tree_prove_inclusion(&s, sizes[i] - 1, sizes[i], &p), RC_OK);
        ck_assert_int_eq(tree_prove_inclusion(&s, 0, sizes[i], &p), RC_OK);
        ck_assert_uint_le(p.count, TREE_PROOF_MAX);
        ck_assert_int_eq(tree_prove_consistency(&s, sizes[i] / 2 + 1, sizes[i], &p), RC_OK);
        ck_assert_uint_le(p.count, TREE_PROOF_MAX);
        ck_assert_int_eq(tree_prove_consistency(&s, sizes[i] - 1, sizes[i], &p), RC_OK);
    }
}
END_TEST

START_TEST(tree_appends_whole_subtrees)
{
    struct tree_hash leaf[GROWN], want, root, node;
    struct tree_edge e = {0};

    grow(leaf);
    for (uint64_t n = 0; n < 64; n += 16) {
        struct tree_source s = {grove_node, &(struct grove){leaf, GROWN}};

        ck_assert_int_eq(s.node(s.arg, 4, n / 16, &node), RC_OK);
        tree_edge_append_node(&e, 4, &node);
    }
    root_by_definition(leaf, 64, &want);
    tree_edge_root(&e, &root);
    ck_assert(tree_equal(&root, &want));
}
END_TEST

START_TEST(tree_refuses_ranges_that_are_no_subtrees)
{
    struct tree_hash leaf[GROWN], root;
    struct tree_proof none = {0};

    grow(leaf);
    const struct tree_range bad[] = {{0, 0}, {2, 1}, {1, 3}, {2, 5}, {6, 9}};

    root_by_definition(leaf, GROWN, &root);
    const struct tree_state now = {GROWN, root};

    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(tree_check_subtree_inclusion(&leaf[0], bad[i].start, bad[i], &none, &leaf[0]), RC_INTEGRITY);
        ck_assert_int_eq(tree_check_subtree_consistency(bad[i], &root, &now, &none), RC_INTEGRITY);
    }
    ck_assert_int_eq(tree_check_subtree_consistency((struct tree_range){0, GROWN}, &root, &now, &none), RC_OK);
    ck_assert_int_eq(tree_check_subtree_consistency((struct tree_range){0, GROWN + 1}, &root, &now, &none), RC_INTEGRITY);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &tree_gives_the_known_roots},
    {"normal", &tree_proves_that_seven_continue_four},
    {"normal", &tree_agrees_with_its_definition_at_every_size},
    {"normal", &tree_proves_every_leaf_and_nothing_else},
    {"normal", &tree_proves_that_it_only_grows},
    {"normal", &tree_appends_whole_subtrees},
    {"malformed", &tree_refuses_ranges_that_are_no_subtrees},
    {"limits", &tree_proofs_stay_within_their_bound_at_huge_sizes},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("tree", cases);
}
