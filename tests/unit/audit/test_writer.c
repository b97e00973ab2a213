#include "audit/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_log.h"
#include "base/secret.h"
#include "base_suite.h"

static struct reader *
open_reader(const struct test_log *l)
{
    struct errs es = {0};
    struct reader *r = NULL;

    ck_assert_int_eq(reader_open(l->dir, &r, &es), RC_OK);
    errs_free(&es);
    return r;
}

struct expected {
    uint64_t next;
    unsigned salt;
};

static bool
is_expected(void *arg, uint64_t index, struct str entry)
{
    struct expected *e = arg;
    char want[256];
    size_t n = test_log_entry(index, e->salt, want);

    ck_assert_uint_eq(index, e->next++);
    ck_assert(str_eq(entry, (struct str){want, n}));
    return true;
}

/* Every entry is there, and every leaf, proven to be in the checkpoint. */
static void
check_log(const struct test_log *l, uint64_t size)
{
    struct reader *r = open_reader(l);
    const struct checkpoint *c = reader_checkpoint(r);
    const struct tree_source s = reader_tree(r);
    struct expected e = {0, 0};
    struct tree_hash root, leaf, again;
    struct tree_proof p;
    char text[256];

    ck_assert_uint_eq(c->tree.size, size);
    ck_assert_int_eq(reader_entries(r, 0, UINT64_MAX, is_expected, &e), RC_OK);
    ck_assert_uint_eq(e.next, size);
    ck_assert_int_eq(tree_root(&s, size, &root), RC_OK);
    ck_assert(tree_equal(&root, &c->tree.root));
    for (uint64_t i = 0; i < size; i += 1 + size / 50) {
        tree_leaf((struct str){text, test_log_entry(i, 0, text)}, &leaf);
        ck_assert_int_eq(s.node(s.arg, 0, i, &again), RC_OK);
        ck_assert(tree_equal(&leaf, &again));
        ck_assert_int_eq(tree_prove_inclusion(&s, i, size, &p), RC_OK);
        ck_assert_int_eq(tree_check_inclusion(&leaf, i, size, &p, &c->tree.root), RC_OK);
    }
    reader_close(r);
}

START_TEST(writer_makes_logs_that_read_back_at_every_size_near_a_tile)
{
    static const uint64_t steps[] = {1, 1, 253, 1, 1, 1, 250, 4, 1, 300, 700};
    struct test_log l;
    uint64_t size = 0;

    test_log_begin(&l);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        test_log_grow(&l, steps[i], 0);
        size += steps[i];
        check_log(&l, size);
        if (i % 2)
            test_log_reopen(&l);
    }
    test_log_end(&l);
}
END_TEST

START_TEST(writer_puts_files_where_the_specification_says)
{
    const struct {
        const char *path;
        off_t size; /* 0: of no fixed size; -1: is not there */
    } files[] = {{"checkpoint", 0}, {"tile/0/000", 8192}, {"tile/0/255", 8192}, {"tile/0/256.p/44", 44 * 32L}, {"tile/1/000", 8192},
        {"tile/1/001.p/0", -1}, {"tile/1/001", -1}, {"tile/2/000.p/1", 32}, {"tile/3/000.p/1", -1}, {"tile/entries/255", 0},
        {"tile/entries/256.p/44", 0}};
    struct test_log l;
    char path[256];
    struct stat st;

    test_log_begin(&l);
    test_log_grow(&l, 65536 + 44, 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", l.dir, files[i].path);
        ck_assert_msg((stat(path, &st) == 0) == (files[i].size >= 0), "%s", path);
        if (files[i].size > 0)
            ck_assert_int_eq(st.st_size, files[i].size);
    }
    check_log(&l, 65536 + 44);
    test_log_end(&l);
}
END_TEST

START_TEST(writer_proves_growth_from_every_earlier_checkpoint)
{
    struct test_log l;
    struct tree_state old[40], now;
    struct tree_proof p;

    test_log_begin(&l);
    for (unsigned i = 0; i < 40; i++) {
        test_log_grow(&l, 1 + i * 3, 0);
        ck_assert_int_eq(writer_state(l.writer, &old[i]), RC_OK);
    }
    now = old[39];
    for (unsigned i = 0; i < 40; i++) {
        struct tree_hash root;

        ck_assert_int_eq(writer_prove(l.writer, old[i].size, &p), RC_OK);
        ck_assert_int_eq(tree_check_consistency(&old[i], &now, &p), RC_OK);
        ck_assert_int_eq(writer_root_at(l.writer, old[i].size, &root), RC_OK);
        ck_assert(tree_equal(&root, &old[i].root));
    }
    ck_assert_int_eq(writer_prove(l.writer, now.size + 1, &p), RC_USAGE);
    test_log_end(&l);
}
END_TEST

START_TEST(writer_writes_the_same_again_after_a_start_without_publishing)
{
    struct test_log l;
    char entry[256];

    test_log_begin(&l);
    test_log_grow(&l, 200, 0);
    for (uint64_t i = 200; i < 700; i++)
        ck_assert_int_eq(writer_append(l.writer, (struct str){entry, test_log_entry(i, 0, entry)}), RC_OK);
    ck_assert_int_eq(writer_flush(l.writer), RC_OK);
    test_log_reopen(&l); /* what was not published is appended anew */
    ck_assert_uint_eq(writer_size(l.writer), 200);
    test_log_grow(&l, 500, 0);
    check_log(&l, 700);
    test_log_end(&l);
}
END_TEST

START_TEST(writer_refuses_a_checkpoint_about_another_tree)
{
    struct test_log l;
    struct buf note;
    char entry[256];

    test_log_begin(&l);
    test_log_grow(&l, 3, 0);
    test_log_sign(&l, &l.signer, &note);
    ck_assert_int_eq(writer_append(l.writer, (struct str){entry, test_log_entry(3, 0, entry)}), RC_OK);
    ck_assert_int_eq(writer_publish(l.writer, buf_str(&note)), RC_USAGE);
    buf_free(&note);
    test_log_sign(&l, &l.signer, &note);
    ck_assert_int_eq(writer_publish(l.writer, buf_str(&note)), RC_USAGE); /* not flushed */
    ck_assert_int_eq(writer_flush(l.writer), RC_OK);
    ck_assert_int_eq(writer_publish(l.writer, buf_str(&note)), RC_OK);
    buf_free(&note);
    check_log(&l, 4);
    test_log_end(&l);
}
END_TEST

static void
refuses_after(const struct test_log *l, const char *path)
{
    const struct writer_options o = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1};
    struct buf before = BUF_INIT(1 << 20), bytes = BUF_INIT(1 << 20);
    struct errs es = {0};
    struct writer *w = NULL;
    char full[256];

    snprintf(full, sizeof(full), "%s/%s", l->dir, path);
    ck_assert_int_eq(file_read(full, 1 << 20, &before), RC_OK);
    for (size_t i = 0; i < before.len; i += 1 + before.len / 97) {
        buf_clear(&bytes);
        ck_assert_int_eq(buf_append(&bytes, buf_str(&before)), RC_OK);
        bytes.ptr[i] ^= 4;
        ck_assert_int_eq(file_write_atomic(full, buf_str(&bytes), 0644), RC_OK);
        ck_assert_msg(writer_open(&o, &w, &es) == RC_INTEGRITY, "%s, byte %zu", path, i);
        ck_assert_uint_ge(es.errors, 1);
        errs_free(&es);
        es = (struct errs){0};
    }
    ck_assert_int_eq(file_write_atomic(full, (struct str){before.ptr, before.len - 1}, 0644), RC_OK);
    ck_assert_int_eq(writer_open(&o, &w, &es), RC_INTEGRITY);
    ck_assert_int_eq(unlink(full), 0);
    if (strcmp(path, "checkpoint") != 0)
        ck_assert_int_eq(writer_open(&o, &w, &es), RC_INTEGRITY);
    ck_assert_int_eq(file_write_atomic(full, buf_str(&before), 0644), RC_OK);
    ck_assert_int_eq(writer_open(&o, &w, &es), RC_OK);
    writer_close(w);
    errs_free(&es);
    buf_free(&before);
    buf_free(&bytes);
}

START_TEST(writer_refuses_a_log_whose_edge_was_changed)
{
    struct test_log l;

    test_log_begin(&l);
    test_log_grow(&l, 300, 0);
    refuses_after(&l, "checkpoint");
    refuses_after(&l, "tile/0/001.p/44");
    refuses_after(&l, "tile/1/000.p/1");
    refuses_after(&l, "tile/entries/001.p/44");
    test_log_end(&l);
}
END_TEST

START_TEST(writer_refuses_a_log_of_another_key)
{
    struct test_log l;
    struct note_signer other;
    struct errs es = {0};
    struct writer *w = NULL;

    test_log_begin(&l);
    test_log_grow(&l, 5, 0);
    ck_assert_int_eq(note_signer_make(STR(TEST_ORIGIN), NOTE_ED25519, &other), RC_OK);
    const struct writer_options o = {.dir = l.dir, .keys = &other.key, .key_count = 1};

    ck_assert_int_eq(writer_open(&o, &w, &es), RC_INTEGRITY);
    errs_free(&es);
    test_log_end(&l);
}
END_TEST

START_TEST(writer_takes_entries_of_every_length_and_none_longer)
{
    static const size_t lengths[] = {1, 2, 255, 256, 257, 65534, 65535};
    struct test_log l;
    struct buf note;
    char *text = malloc(65536);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 65536);
    test_log_begin(&l);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        ck_assert_int_eq(writer_append(l.writer, (struct str){text, lengths[i]}), RC_OK);
    ck_assert_int_eq(writer_append(l.writer, (struct str){text, 65536}), RC_TOO_LARGE);
    ck_assert_int_eq(writer_append(l.writer, STR("")), RC_TOO_LARGE);
    for (unsigned i = 0; i < 300; i++) /* a bundle as large as they come */
        ck_assert_int_eq(writer_append(l.writer, (struct str){text, 65535}), RC_OK);
    ck_assert_int_eq(writer_flush(l.writer), RC_OK);
    test_log_sign(&l, &l.signer, &note);
    ck_assert_int_eq(writer_publish(l.writer, buf_str(&note)), RC_OK);
    struct reader *r = open_reader(&l);
    struct buf one = BUF_INIT(1 << 20);

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        buf_clear(&one);
        ck_assert_int_eq(reader_entry(r, i, &one), RC_OK);
        ck_assert_uint_eq(one.len, lengths[i]);
    }
    ck_assert_int_eq(reader_entry(r, 307, &one), RC_NOT_FOUND);
    reader_close(r);
    buf_free(&one);
    buf_free(&note);
    free(text);
    test_log_end(&l);
}
END_TEST

START_TEST(writer_keeps_hashes_of_what_retention_removes)
{
    struct test_log l;
    struct tree_hash root;
    struct expected e = {512, 0};

    test_log_begin(&l);
    test_log_grow(&l, 1000, 0);
    ck_assert_int_eq(writer_keep_from(l.writer, 100, 999), RC_USAGE);
    ck_assert_int_eq(writer_keep_from(l.writer, 1024, 999), RC_USAGE);
    ck_assert_int_eq(writer_keep_from(l.writer, 512, 1000), RC_USAGE);
    ck_assert_int_eq(writer_keep_from(l.writer, 512, 999), RC_OK);
    struct reader *r = open_reader(&l);
    const struct tree_source s = reader_tree(r);
    struct buf one = BUF_INIT(4096);

    ck_assert_uint_eq(reader_first(r), 512);
    ck_assert_int_eq(reader_entries(r, 0, UINT64_MAX, is_expected, &e), RC_OK);
    ck_assert_uint_eq(e.next, 1000);
    ck_assert_int_eq(tree_root(&s, 1000, &root), RC_OK);
    ck_assert(tree_equal(&root, &reader_checkpoint(r)->tree.root));
    ck_assert_int_eq(reader_entry(r, 511, &one), RC_NOT_FOUND);
    ck_assert_int_eq(reader_entry(r, 512, &one), RC_OK);
    ck_assert_int_eq(reader_prove(r, 3, &one), RC_OK);
    reader_close(r);
    char left[256];

    snprintf(left, sizeof(left), "%s/tile/entries/001", l.dir);
    ck_assert_int_eq(file_write_atomic(left, STR("stopped before it was removed"), 0644), RC_OK);
    test_log_reopen(&l);
    ck_assert_uint_eq(writer_first(l.writer), 512);
    ck_assert_int_ne(access(left, F_OK), 0);
    buf_free(&one);
    test_log_end(&l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &writer_makes_logs_that_read_back_at_every_size_near_a_tile},
    {"normal", &writer_puts_files_where_the_specification_says},
    {"normal", &writer_proves_growth_from_every_earlier_checkpoint},
    {"normal", &writer_writes_the_same_again_after_a_start_without_publishing},
    {"normal", &writer_keeps_hashes_of_what_retention_removes},
    {"malformed", &writer_refuses_a_checkpoint_about_another_tree},
    {"malformed", &writer_refuses_a_log_whose_edge_was_changed},
    {"malformed", &writer_refuses_a_log_of_another_key},
    {"limits", &writer_takes_entries_of_every_length_and_none_longer},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("writer", cases);
}
