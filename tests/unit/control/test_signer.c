#include "control/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/verify.h"
#include "audit_log.h"
#include "base/secret.h"
#include "base_suite.h"

#define LEAVES 40

/* A key in a folder, the signer that holds it, and a tree to be signed. */
struct desk {
    char dir[64], key_file[128];
    struct note_key key;
    struct signer_core core;
    struct tree_hash leaf[LEAVES];
    struct buf answer;
};

static void
begin(struct desk *d)
{
    struct errs es = {0};

    *d = (struct desk){.dir = "/tmp/spangate-signer-XXXXXX", .answer = BUF_INIT(SIGNER_MESSAGE_MAX)};
    ck_assert_ptr_nonnull(mkdtemp(d->dir));
    snprintf(d->key_file, sizeof(d->key_file), "%s/audit.key", d->dir);
    ck_assert_int_eq(signer_make_key(TEST_ORIGIN, d->key_file, &d->key), RC_OK);
    ck_assert_int_eq(signer_load(&d->core, d->key_file, NULL, &es), RC_OK);
    for (unsigned i = 0; i < LEAVES; i++)
        tree_leaf((struct str){(const char *)&i, sizeof(i)}, &d->leaf[i]);
}

static void
again(struct desk *d)
{
    struct errs es = {0};

    signer_unload(&d->core);
    ck_assert_int_eq(signer_load(&d->core, d->key_file, NULL, &es), RC_OK);
}

static void
end(struct desk *d)
{
    signer_unload(&d->core);
    buf_free(&d->answer);
    test_remove_tree(d->dir);
}

static enum rc
node(void *arg, unsigned level, uint64_t index, struct tree_hash *out)
{
    const struct desk *d = arg;
    struct tree_hash left, right;

    if (level == 0) {
        *out = d->leaf[index];
        return RC_OK;
    }
    (void)!node(arg, level - 1, 2 * index, &left);
    (void)!node(arg, level - 1, 2 * index + 1, &right);
    tree_node(&left, &right, out);
    return RC_OK;
}

static struct str
ask(struct desk *d, struct str request)
{
    buf_clear(&d->answer);
    ck_assert_int_eq(signer_answer(&d->core, request, &d->answer), RC_OK);
    return buf_str(&d->answer);
}

/* Ask for the signature of the first size leaves, with the proof from old. */
static struct str
ask_sign(struct desk *d, uint64_t old, uint64_t size, bool change_root)
{
    static char text[8192];
    const struct tree_source s = {node, d};
    struct tree_hash root;
    struct tree_proof proof;
    struct buf q = BUF_INIT(sizeof(text));

    ck_assert_int_eq(tree_root(&s, size, &root), RC_OK);
    if (tree_prove_consistency(&s, old, size, &proof) != RC_OK)
        proof.count = 0;
    root.bytes[3] ^= (uint8_t)change_root;
    ck_assert_int_eq(buf_printf(&q, "sign %u %u ", (unsigned)old, (unsigned)size), RC_OK);
    ck_assert_int_eq(note_hash_print(&root, &q), RC_OK);
    for (unsigned i = 0; i < proof.count; i++)
        ck_assert_int_eq(note_hash_print(&proof.hash[i], &q), RC_OK);
    memcpy(text, q.ptr, q.len);
    size_t len = q.len;

    buf_free(&q);
    return ask(d, (struct str){text, len});
}

START_TEST(signer_signs_what_continues_the_last_and_nothing_else)
{
    struct desk d;

    begin(&d);
    ck_assert(str_starts(ask_sign(&d, 0, 3, false), STR("signed ")));
    ck_assert(str_starts(ask_sign(&d, 3, 10, false), STR("signed ")));
    ck_assert(str_starts(ask_sign(&d, 10, 10, false), STR("signed "))); /* the same again */
    ck_assert(str_eq(ask_sign(&d, 10, 10, true), STR("refused inconsistent\n")));
    ck_assert(str_eq(ask_sign(&d, 10, 20, true), STR("refused inconsistent\n")));
    ck_assert(str_eq(ask_sign(&d, 3, 20, false), STR("refused size\n")));
    ck_assert(str_eq(ask_sign(&d, 0, 20, false), STR("refused size\n")));
    ck_assert(str_eq(ask_sign(&d, 10, 7, false), STR("refused inconsistent\n")));
    d.leaf[4].bytes[0] ^= 1; /* another history */
    ck_assert(str_eq(ask_sign(&d, 10, 20, false), STR("refused inconsistent\n")));
    d.leaf[4].bytes[0] ^= 1;
    ck_assert(str_starts(ask_sign(&d, 10, 40, false), STR("signed ")));
    end(&d);
}
END_TEST

START_TEST(signer_remembers_what_it_signed)
{
    struct desk d;

    begin(&d);
    ck_assert(str_starts(ask_sign(&d, 0, 12, false), STR("signed ")));
    again(&d);
    ck_assert_uint_eq(d.core.last.size, 12);
    ck_assert(str_eq(ask_sign(&d, 0, 20, false), STR("refused size\n")));
    ck_assert(str_starts(ask_sign(&d, 12, 13, false), STR("signed ")));
    end(&d);
}
END_TEST

START_TEST(signer_refuses_a_checkpoint_that_is_not_its_own)
{
    struct desk d;
    struct note_signer thief;
    struct buf q = BUF_INIT(8192), body = BUF_INIT(4096);
    struct checkpoint c = {STR(TEST_ORIGIN), {12, {{0}}}};

    begin(&d);
    ck_assert(str_starts(ask_sign(&d, 0, 12, false), STR("signed ")));
    ck_assert(str_starts(ask(&d, STR("hello ")), STR("key " TEST_ORIGIN "+")));
    ck_assert_int_eq(note_signer_make(STR(TEST_ORIGIN), NOTE_ED25519, &thief), RC_OK);
    for (unsigned i = 0; i < 2; i++) { /* signed by another key; by ours, but about another tree */
        buf_clear(&q);
        buf_clear(&body);
        ck_assert_int_eq(checkpoint_print(&c, &body), RC_OK);
        ck_assert_int_eq(buf_printf(&q, "hello %.*s\n", (int)body.len, body.ptr), RC_OK);
        ck_assert_int_eq(note_sign(i ? &d.core.signer : &thief, buf_str(&body), 0, &q), RC_OK);
        ck_assert(str_eq(ask(&d, buf_str(&q)), i ? STR("refused inconsistent\n") : STR("refused key\n")));
    }
    buf_free(&q);
    buf_free(&body);
    end(&d);
}
END_TEST

START_TEST(signer_hands_over_to_the_next_key_and_erases_itself)
{
    struct desk d;
    struct note_key next;
    struct stat st;
    char path[160];
    struct buf text = BUF_INIT(8192);

    begin(&d);
    ck_assert(str_starts(ask_sign(&d, 0, 5, false), STR("signed ")));
    ck_assert(str_eq(ask(&d, STR("next")), STR("none\n")));
    snprintf(path, sizeof(path), "%s.next", d.key_file);
    ck_assert_int_eq(signer_make_key("another.example.org/log", path, &next), RC_OK);
    ck_assert(str_starts(ask(&d, STR("next")), STR("refused ")));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(signer_make_key(TEST_ORIGIN, path, &next), RC_OK);
    ck_assert(str_starts(ask(&d, STR("next")), STR("key ")));
    ck_assert_uint_eq(d.core.signer.key.id, d.key.id);
    ck_assert(str_starts(ask(&d, STR("switch")), STR("key ")));
    ck_assert_uint_eq(d.core.signer.key.id, next.id);
    ck_assert_int_ne(stat(path, &st), 0);
    again(&d);
    ck_assert_uint_eq(d.core.signer.key.id, next.id);
    ck_assert_uint_eq(d.core.old.id, d.key.id);
    ck_assert_uint_eq(d.core.last.size, 5);
    ck_assert(str_starts(ask_sign(&d, 5, 6, false), STR("signed ")));
    buf_free(&text);
    end(&d);
}
END_TEST

START_TEST(signer_refuses_what_is_no_request)
{
    static const char *const bad[] = {
        "", "x", "sign", "sign ", "sign 0 1", "sign 0 1 AAAA\n", "sign a b c\n", "hello x", "switches", "sign 0 1 \n\n\n"};
    struct desk d;

    begin(&d);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(str_starts(ask(&d, str_of(bad[i])), STR("refused ")), "%s", bad[i]);
    ck_assert_uint_eq(d.core.last.size, 0);
    end(&d);
}
END_TEST

START_TEST(signer_load_refuses_a_state_that_was_changed)
{
    struct desk d;
    struct errs es = {0};
    struct signer_core other;
    struct buf text = BUF_INIT(8192);
    char path[160];

    begin(&d);
    ck_assert(str_starts(ask_sign(&d, 0, 5, false), STR("signed ")));
    snprintf(path, sizeof(path), "%s.state", d.key_file);
    ck_assert_int_eq(file_read(path, 4096, &text), RC_OK);
    text.ptr[text.len / 2] ^= 1;
    ck_assert_int_eq(file_write_atomic(path, buf_str(&text), 0600), RC_OK);
    ck_assert_int_eq(signer_load(&other, d.key_file, NULL, &es), RC_INTEGRITY);
    ck_assert_int_eq(signer_load(&other, "/nowhere/key", NULL, &es), RC_CONFIG);
    errs_free(&es);
    buf_free(&text);
    end(&d);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &signer_signs_what_continues_the_last_and_nothing_else},
    {"normal", &signer_remembers_what_it_signed},
    {"normal", &signer_hands_over_to_the_next_key_and_erases_itself},
    {"malformed", &signer_refuses_a_checkpoint_that_is_not_its_own},
    {"malformed", &signer_refuses_what_is_no_request},
    {"malformed", &signer_load_refuses_a_state_that_was_changed},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("signer", cases);
}
