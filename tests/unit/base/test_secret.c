#include "base/secret.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_nomem.h"
#include "base_suite.h"

static char dir[] = "/tmp/secret-XXXXXX";

static const char *
file_with(struct str data, unsigned mode)
{
    static char path[100];

    if (strstr(dir, "XXXXXX"))
        ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    ck_assert_int_eq(file_write_atomic(path, data, mode), RC_OK);
    return path;
}

static void
remove_all(const char *path)
{
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0); /* fails when something was left beside the target */
}

START_TEST(secret_load_cuts_the_line_end_and_nothing_else)
{
    const char *path = file_with(STR(" key \r\n\n"), 0400);
    struct errs es = {0};
    struct secret *s = NULL;

    ck_assert_int_eq(secret_load(path, (struct err_pos){0}, &s, &es), RC_OK);
    ck_assert(str_eq(secret_bytes(s), STR(" key ")));
    ck_assert_uint_eq(es.warnings, 0);
    secret_free(s);
    secret_free(NULL);
    remove_all(path);
}
END_TEST

START_TEST(secret_load_warns_when_others_may_read)
{
    const char *path = file_with(STR("key"), 0644);
    struct errs es = {0};
    struct secret *s = NULL;

    ck_assert_int_eq(secret_load(path, (struct err_pos){"g.yaml", 3, 4, 1}, &s, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    ck_assert_uint_eq(es.list[0].line, 3);
    secret_free(s);
    errs_free(&es);
    remove_all(path);
}
END_TEST

START_TEST(secret_load_refuses_empty_missing_and_large)
{
    static char large[64 * 1024 + 1];
    struct errs es = {0};
    struct secret *s = NULL;

    memset(large, 'k', sizeof(large));
    const char *path = file_with(STR("\n\n"), 0400);

    ck_assert_int_eq(secret_load(path, (struct err_pos){0}, &s, &es), RC_CONFIG);
    ck_assert_int_eq(secret_load("/nonexistent/x", (struct err_pos){0}, &s, &es), RC_CONFIG);
    ck_assert_int_eq(secret_load(dir, (struct err_pos){0}, &s, &es), RC_CONFIG);
    path = file_with((struct str){large, sizeof(large)}, 0400);
    ck_assert_int_eq(secret_load(path, (struct err_pos){0}, &s, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 4);
    ck_assert_ptr_null(s);
    path = file_with((struct str){large, sizeof(large) - 1}, 0400);
    ck_assert_int_eq(secret_load(path, (struct err_pos){0}, &s, &es), RC_OK);
    ck_assert_uint_eq(secret_bytes(s).len, sizeof(large) - 1);
    secret_free(s);
    errs_free(&es);
    remove_all(path);
}
END_TEST

START_TEST(file_read_tells_full_from_too_large)
{
    const char *path = file_with(STR("12345"), 0600);
    struct buf b = BUF_INIT(8);

    ck_assert_int_eq(buf_append(&b, STR("abc")), RC_OK);
    ck_assert_int_eq(file_read(path, 4, &b), RC_TOO_LARGE);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_int_eq(file_read(path, 5, &b), RC_OK);
    ck_assert(str_eq(buf_str(&b), STR("abc12345")));
    ck_assert_int_eq(file_read(path, 5, &b), RC_TOO_LARGE); /* the buffer's maximum */
    ck_assert_uint_eq(b.len, 8);
    ck_assert_uint_le(b.cap, b.max);
    ck_assert_int_eq(file_read("/nonexistent/x", 5, &b), RC_NOT_FOUND);
    ck_assert_int_eq(file_read("/", 5, &b), RC_USAGE);
    ck_assert_str_eq(file_problem(RC_USAGE), "it is a folder");
    ck_assert_str_eq(file_problem(RC_NOMEM), rc_text(RC_NOMEM));
    buf_free(&b);
    remove_all(path);
}
END_TEST

START_TEST(file_write_atomic_replaces_and_sets_the_mode)
{
    const char *path = file_with(STR("old"), 0600);
    struct buf b = BUF_INIT(100);
    struct stat st;

    ck_assert_int_eq(file_write_atomic(path, STR("new"), 0640), RC_OK);
    ck_assert_int_eq(file_read(path, 100, &b), RC_OK);
    ck_assert(str_eq(buf_str(&b), STR("new")));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    buf_free(&b);
    remove_all(path);
}
END_TEST

START_TEST(file_write_atomic_leaves_nothing_when_it_fails)
{
    const char *path = file_with(STR("x"), 0600);
    char folder[150];

    ck_assert_int_eq(file_write_atomic("/nonexistent/x", STR("x"), 0600), RC_NOT_FOUND);
    snprintf(folder, sizeof(folder), "%s/folder", dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(file_write_atomic(folder, STR("x"), 0600), RC_IO); /* a file cannot replace a folder */
    ck_assert_int_eq(rmdir(folder), 0);
    remove_all(path);
}
END_TEST

START_TEST(secret_load_reports_when_memory_fails)
{
    const char *path = file_with(STR("key"), 0400);

    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};
        struct secret *s = NULL;
        enum rc rc = secret_load(path, (struct err_pos){0}, &s, &es);
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_CONFIG : RC_OK);
        ck_assert(failed ? es.errors == 1 && !s : s != NULL);
        secret_free(s);
        errs_free(&es);
        if (!failed)
            break;
    }
    remove_all(path);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &secret_load_cuts_the_line_end_and_nothing_else},
    {"normal", &secret_load_warns_when_others_may_read},
    {"malformed", &secret_load_refuses_empty_missing_and_large},
    {"limits", &file_read_tells_full_from_too_large},
    {"normal", &file_write_atomic_replaces_and_sets_the_mode},
    {"malformed", &file_write_atomic_leaves_nothing_when_it_fails},
    {"nomem", &secret_load_reports_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("secret", cases);
}
