#include "audit/fsck.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit_log.h"
#include "base/secret.h"
#include "base_suite.h"

static enum rc
check(const struct test_log *l, bool repair, struct fsck_result *r, size_t *warnings)
{
    const struct verify_options o = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1};
    struct errs es = {0};
    enum rc rc = fsck_log(&o, repair, r, &es);

    ck_assert_int_eq(rc == RC_INTEGRITY, es.errors > 0);
    if (warnings)
        *warnings = es.warnings;
    errs_free(&es);
    return rc;
}

static void
write_over(const struct test_log *l, const char *name, struct str bytes)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", l->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

static void
remove_file(const struct test_log *l, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", l->dir, name);
    ck_assert_int_eq(unlink(path), 0);
}

/* A log that has grown in steps: partial tiles of former checkpoints are there. */
static void
grow_in_steps(struct test_log *l)
{
    test_log_begin(l);
    for (unsigned i = 0; i < 9; i++)
        test_log_grow(l, 77, 0);
}

START_TEST(fsck_makes_missing_and_damaged_tiles_again)
{
    static const char *const tiles[] = {"tile/0/000", "tile/0/001", "tile/0/002.p/181", "tile/1/000.p/2"};
    struct test_log l;
    struct fsck_result r;

    grow_in_steps(&l);
    ck_assert_int_eq(check(&l, false, &r, NULL), RC_OK);
    for (unsigned way = 0; way < 2; way++) {
        for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
            if (way)
                write_over(&l, tiles[i], STR("damaged"));
            else
                remove_file(&l, tiles[i]);
        }
        ck_assert_int_eq(check(&l, false, &r, NULL), RC_INTEGRITY);
        ck_assert_int_eq(check(&l, true, &r, NULL), RC_OK);
        ck_assert_uint_ge(r.repaired, 4);
        ck_assert_int_eq(check(&l, false, &r, NULL), RC_OK);
    }
    test_log_end(&l);
}
END_TEST

START_TEST(fsck_does_not_make_up_entries)
{
    struct test_log l;
    struct fsck_result r;

    grow_in_steps(&l);
    remove_file(&l, "tile/entries/001");
    remove_file(&l, "tile/0/000");
    ck_assert_int_eq(check(&l, true, &r, NULL), RC_INTEGRITY);
    ck_assert_uint_eq(r.log.first_bad, 256);
    test_log_end(&l);
}
END_TEST

START_TEST(fsck_finds_changed_files_of_former_checkpoints)
{
    struct test_log l;
    struct fsck_result r;
    struct verify_result v;
    struct errs es = {0};

    grow_in_steps(&l);
    const struct verify_options o = {.dir = l.dir, .keys = &l.signer.key, .key_count = 1};

    write_over(&l, "tile/0/002.p/27", STR("changed")); /* of 539 entries, the checkpoint before the last but one */
    ck_assert_int_eq(verify_log(&o, &v, &es), RC_INTEGRITY);
    ck_assert_int_eq(check(&l, true, &r, NULL), RC_OK); /* it is of no use: the present one has it all */
    ck_assert_int_eq(verify_log(&o, &v, &(struct errs){0}), RC_OK);
    errs_free(&es);
    test_log_end(&l);
}
END_TEST

START_TEST(fsck_tells_of_files_that_do_not_belong_there)
{
    struct test_log l;
    struct fsck_result r;
    size_t warnings;

    grow_in_steps(&l);
    write_over(&l, "tile/0/009", STR("beyond"));
    write_over(&l, "notes.txt", STR("foreign"));
    write_over(&l, "checkpoint.new", STR("cut sh"));
    ck_assert_int_eq(check(&l, false, &r, &warnings), RC_OK);
    ck_assert_uint_eq(warnings, 3);
    ck_assert_int_eq(check(&l, true, &r, &warnings), RC_OK);
    ck_assert_uint_eq(r.repaired, 2);
    ck_assert_uint_eq(warnings, 1);
    test_log_end(&l);
}
END_TEST

START_TEST(fsck_needs_nothing_after_a_writer_was_stopped_anywhere)
{
    struct test_log l;
    struct fsck_result r;
    size_t warnings;

    grow_in_steps(&l);
    write_over(&l, "tile/0/002.p/200", STR("cut"));
    write_over(&l, "tile/entries/002.p/200", STR("cut"));
    write_over(&l, "tile/0/003", STR("cut"));
    test_log_reopen(&l);
    test_log_grow(&l, 300, 0);
    ck_assert_int_eq(check(&l, false, &r, &warnings), RC_OK);
    ck_assert_uint_eq(warnings, 0);
    test_log_end(&l);
}
END_TEST

START_TEST(fsck_says_that_a_gate_is_in_the_way)
{
    struct test_log l;
    struct fsck_result r;
    struct errs es = {0};

    test_log_begin(&l);
    test_log_grow(&l, 10, 0);
    const struct verify_options o = {.dir = l.dir, .keys = &l.signer.key, .key_count = 1};
    int fd = open(l.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    ck_assert_int_eq(fsck_log(&o, true, &r, &es), RC_BUSY);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_ptr_nonnull(strstr(es.list[0].text, "a gate writes it"));
    errs_free(&es);
    close(fd);
    test_log_end(&l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &fsck_makes_missing_and_damaged_tiles_again},
    {"normal", &fsck_needs_nothing_after_a_writer_was_stopped_anywhere},
    {"malformed", &fsck_does_not_make_up_entries},
    {"malformed", &fsck_finds_changed_files_of_former_checkpoints},
    {"malformed", &fsck_tells_of_files_that_do_not_belong_there},
    {"limits", &fsck_says_that_a_gate_is_in_the_way},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("fsck", cases);
}
