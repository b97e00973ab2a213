#include "audit/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_guard.h"
#include "base_rng.h"
#include "base_suite.h"

/* The example of golang.org/x/mod/sumdb/note. */
#define NEUMANN "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define NEUMANN_SIGNER \
    "PRIVATE+"         \
    "KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define BODY                                                     \
    "If you think cryptography is the answer to your problem,\n" \
    "then you don't know what your problem is.\n"
#define LINE "\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

START_TEST(note_checks_the_known_example)
{
    struct note_key key;
    struct note n;
    uint64_t time = 7;

    ck_assert_int_eq(note_key_parse(STR(NEUMANN), &key), RC_OK);
    ck_assert_int_eq(note_parse(STR(BODY "\n" LINE), &n), RC_OK);
    ck_assert(str_eq(n.body, STR(BODY)));
    ck_assert_uint_eq(n.count, 1);
    ck_assert_int_eq(note_check(&n, &key, &time), RC_OK);
    ck_assert_uint_eq(time, 0);
}
END_TEST

START_TEST(note_signs_the_known_example)
{
    struct note_signer s;
    struct buf line = BUF_INIT(4096), text = BUF_INIT(4096);

    ck_assert_int_eq(note_signer_parse(STR(NEUMANN_SIGNER), &s), RC_OK);
    ck_assert_int_eq(note_sign(&s, STR(BODY), 0, &line), RC_OK);
    ck_assert(str_eq(buf_str(&line), STR(LINE)));
    ck_assert_int_eq(note_signer_print(&s, &text), RC_OK);
    ck_assert(str_eq(buf_str(&text), STR(NEUMANN_SIGNER)));
    buf_clear(&text);
    ck_assert_int_eq(note_key_print(&s.key, &text), RC_OK);
    ck_assert(str_eq(buf_str(&text), STR(NEUMANN)));
    buf_free(&line);
    buf_free(&text);
}
END_TEST

/* Any bit of the note, any length of it: not this key's signature on this body. */
START_TEST(note_refuses_every_changed_bit_and_every_cut)
{
    static const char good[] = BODY "\n" LINE;
    struct note_key key;
    char text[sizeof(good)];
    struct note n;

    ck_assert_int_eq(note_key_parse(STR(NEUMANN), &key), RC_OK);
    for (size_t bit = 0; bit < 8 * (sizeof(good) - 1); bit++) {
        memcpy(text, good, sizeof(good));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        if (note_parse((struct str){text, sizeof(good) - 1}, &n) == RC_OK)
            ck_assert_msg(note_check(&n, &key, NULL) != RC_OK, "bit %zu", bit);
    }
    for (size_t cut = 0; cut < sizeof(good) - 1; cut++) {
        struct guard g;

        ck_assert_msg(note_parse(guard_copy(&g, (struct str){good, cut}), &n) == RC_MALFORMED, "cut at %zu", cut);
        guard_free(&g);
    }
}
END_TEST

START_TEST(note_takes_many_signatures_and_ignores_unknown_keys)
{
    struct note_signer s, other, witness;
    struct buf text = BUF_INIT(NOTE_MAX);
    struct note n;
    uint64_t time = 0;

    ck_assert_int_eq(note_signer_make(STR("log.example.org/a"), NOTE_ED25519, &s), RC_OK);
    ck_assert_int_eq(note_signer_make(STR("log.example.org/a"), NOTE_ED25519, &other), RC_OK);
    ck_assert_int_eq(note_signer_make(STR("witness.example.org"), NOTE_COSIGNATURE, &witness), RC_OK);
    ck_assert_int_eq(buf_append(&text, STR("a body\n\n")), RC_OK);
    for (unsigned i = 0; i < 16; i++)
        ck_assert_int_eq(note_sign(&other, STR("a body\n"), 0, &text), RC_OK);
    ck_assert_int_eq(note_sign(&witness, STR("a body\n"), 1800000000, &text), RC_OK);
    ck_assert_int_eq(note_parse(buf_str(&text), &n), RC_OK);
    ck_assert_uint_eq(n.count, 17);
    ck_assert_int_eq(note_check(&n, &s.key, NULL), RC_NOT_FOUND);
    ck_assert_int_eq(note_check(&n, &other.key, NULL), RC_OK);
    ck_assert_int_eq(note_check(&n, &witness.key, &time), RC_OK);
    ck_assert_uint_eq(time, 1800000000);
    ck_assert_int_eq(note_sign(&s, STR("another body\n"), 0, &text), RC_OK);
    ck_assert_int_eq(note_parse(buf_str(&text), &n), RC_OK);
    ck_assert_int_eq(note_check(&n, &s.key, NULL), RC_INTEGRITY); /* its line, but not its signature of this body */
    for (unsigned i = 0; i < NOTE_SIGNATURES_MAX; i++)
        ck_assert_int_eq(note_sign(&other, STR("a body\n"), 0, &text), RC_OK);
    ck_assert_int_eq(note_parse(buf_str(&text), &n), RC_LIMIT);
    buf_free(&text);
}
END_TEST

START_TEST(note_key_parse_refuses_what_is_no_key)
{
    static const char *const bad[] = {"", "PeterNeumann", "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=", "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW", NEUMANN "\n", NEUMANN "+"};
    struct note_key key;
    struct note_signer s;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(note_key_parse(str_of(bad[i]), &key) == RC_MALFORMED, "%s", bad[i]);
    ck_assert_int_eq(note_signer_parse(STR(NEUMANN), &s), RC_MALFORMED);
    ck_assert_int_eq(note_signer_make(STR("with space"), NOTE_ED25519, &s), RC_USAGE);
    ck_assert_int_eq(note_signer_make(STR("with+plus"), NOTE_ED25519, &s), RC_USAGE);
    ck_assert_int_eq(note_signer_make(STR("with\xE2\x80\x8Aspace"), NOTE_ED25519, &s), RC_USAGE);
    ck_assert_int_eq(note_signer_make(STR(""), NOTE_ED25519, &s), RC_USAGE);
}
END_TEST

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

START_TEST(checkpoint_reads_three_lines_and_nothing_else)
{
    static const char *const bad[] = {"", "o\n", "o\n1\n", "o\n1\n" ROOT, "\n1\n" ROOT "\n", "o\n01\n" ROOT "\n", "o\n+1\n" ROOT "\n",
        "o\n-1\n" ROOT "\n", "o\n1 \n" ROOT "\n", "o\n18446744073709551616\n" ROOT "\n", "o\n1\n" ROOT "\nmore\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
        "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n"};
    static const char good[] = "audit.example.org/spangate/eu-1\n4711\n" ROOT "\n";
    struct checkpoint c = {.tree.size = 5};
    struct buf again = BUF_INIT(4096);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(checkpoint_parse(str_of(bad[i]), &c) == RC_MALFORMED, "%s", bad[i]);
    ck_assert_uint_eq(c.tree.size, 5);
    ck_assert_int_eq(checkpoint_parse(str_of(good), &c), RC_OK);
    ck_assert_uint_eq(c.tree.size, 4711);
    ck_assert_int_eq(checkpoint_print(&c, &again), RC_OK);
    ck_assert(str_eq(buf_str(&again), str_of(good)));
    buf_free(&again);
}
END_TEST

START_TEST(record_proof_reads_back_what_it_prints)
{
    struct record_proof p = {.index = 12, .checkpoint = STR("origin\n20\n" ROOT "\n\n" LINE), .inclusion.count = 5}, back;
    struct buf text = BUF_INIT(NOTE_MAX), again = BUF_INIT(NOTE_MAX);

    for (unsigned i = 0; i < 5; i++)
        memset(p.inclusion.hash[i].bytes, (int)i, TREE_HASH);
    ck_assert_int_eq(record_proof_print(&p, &text), RC_OK);
    ck_assert(str_starts(buf_str(&text), STR("c2sp.org/tlog-proof@v1\nindex 12\nAAAA")));
    ck_assert_int_eq(record_proof_parse(buf_str(&text), &back), RC_OK);
    ck_assert_uint_eq(back.inclusion.count, 5);
    ck_assert_int_eq(record_proof_print(&back, &again), RC_OK);
    ck_assert(str_eq(buf_str(&text), buf_str(&again)));
    for (size_t cut = 0; cut < text.len - back.checkpoint.len; cut++) {
        struct guard g;

        ck_assert_int_eq(record_proof_parse(guard_copy(&g, str_sub(buf_str(&text), 0, cut)), &back), RC_MALFORMED);
        guard_free(&g);
    }
    buf_free(&text);
    buf_free(&again);
}
END_TEST

static void
write_file(const char *dir, const char *name, struct str bytes)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(file_write_atomic(path, bytes, 0600), RC_OK);
}

/* With OpenSSL's command alone: no code of ours reads the note. */
START_TEST(note_of_a_checkpoint_is_verified_by_openssl_alone)
{
    char dir[] = "/tmp/spangate-note-XXXXXX", command[512];
    struct note_signer s;
    struct buf note = BUF_INIT(NOTE_MAX);
    uint8_t spki[NOTE_SPKI];
    const char body[] = "audit.example.org/spangate/eu-1\n4711\n" ROOT "\n";

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(note_signer_make(STR("audit.example.org/spangate/eu-1"), NOTE_ED25519, &s), RC_OK);
    ck_assert_int_eq(buf_printf(&note, "%s\n", body), RC_OK);
    ck_assert_int_eq(note_sign(&s, str_of(body), 0, &note), RC_OK);
    note_key_spki(&s.key, spki);
    write_file(dir, "checkpoint", buf_str(&note));
    write_file(dir, "key.der", (struct str){(const char *)spki, sizeof(spki)});
    for (int changed = 0; changed < 2; changed++) {
        snprintf(command, sizeof(command),
            "cd %s && sed '/^$/,$d' checkpoint | sed 's/4711/%s/' >body && tail -n 1 checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 >sig && "
            "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in body -sigfile sig >out 2>&1",
            dir, changed ? "4712" : "4711");
        ck_assert_int_eq(system(command) == 0, !changed); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    }
    snprintf(command, sizeof(command), "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    buf_free(&note);
}
END_TEST

START_TEST(note_parse_stands_random_changes)
{
    static const char good[] = "o\n1\n" ROOT "\n\n" LINE;
    struct rng rng = {4};
    char text[sizeof(good)];
    struct note n;
    struct checkpoint c;

    for (uint64_t round = rng_rounds(20000); round > 0; round--) {
        memcpy(text, good, sizeof(good));
        for (unsigned k = rng_below(&rng, 4) + 1; k > 0; k--)
            text[rng_below(&rng, sizeof(good) - 1)] = (char)(rng_below(&rng, 2) ? '\n' : (int)rng_below(&rng, 256));
        if (note_parse((struct str){text, sizeof(good) - 1}, &n) == RC_OK && checkpoint_parse(n.body, &c) == RC_OK)
            ck_assert_uint_gt(c.origin.len, 0);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &note_checks_the_known_example},
    {"normal", &note_signs_the_known_example},
    {"normal", &note_takes_many_signatures_and_ignores_unknown_keys},
    {"normal", &checkpoint_reads_three_lines_and_nothing_else},
    {"normal", &record_proof_reads_back_what_it_prints},
    {"normal", &note_of_a_checkpoint_is_verified_by_openssl_alone},
    {"malformed", &note_refuses_every_changed_bit_and_every_cut},
    {"malformed", &note_key_parse_refuses_what_is_no_key},
    {"malformed", &note_parse_stands_random_changes},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("note", cases);
}
