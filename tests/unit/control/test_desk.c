#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_suite.h"
#include "control/desk.h"

static char dir[64], seen[8][512];
static unsigned seen_count;
static char last[512];
static bool take = true;

static void
make_dir(void)
{
    strcpy(dir, "/tmp/spangate-desk-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    seen_count = 0;
    take = true;
}

static void
remove_dir(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static bool
on_act(void *arg, const struct desk_item *item)
{
    const struct desk_act *act = &item->act;
    const char *actor = item->actor;

    (void)arg;
    snprintf(last, sizeof(last), "%s", item->file);
    ck_assert_uint_lt(seen_count, 8);
    snprintf(seen[seen_count++], sizeof(seen[0]), "%s %s %s %s %s", actor, act->verb, act->object, act->digest ? act->digest : "-", act->result);
    return take;
}

static enum rc
leave(const char *verb, const char *object, const char *digest)
{
    struct errs es = {0};
    enum rc rc = desk_leave(dir, &(struct desk_act){verb, object, digest, "ok"}, &es);

    errs_free(&es);
    return rc;
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(desk_gives_acts_in_order_once)
{
    char wanted[128];

    make_dir();
    ck_assert_int_eq(leave("report", "2026-Q3/gdpr/report.html", DIGEST), RC_OK);
    ck_assert_int_eq(leave("reveal", "token of key pseudonym", NULL), RC_OK);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 2);
    snprintf(wanted, sizeof(wanted), "uid:%u report 2026-Q3/gdpr/report.html " DIGEST " ok", (unsigned)getuid());
    ck_assert_str_eq(seen[0], wanted);
    ck_assert_ptr_nonnull(strstr(seen[1], " reveal token of key pseudonym - ok"));
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 0);
    remove_dir();
}
END_TEST

START_TEST(desk_keeps_what_was_not_taken)
{
    make_dir();
    ck_assert_int_eq(leave("report", "a", NULL), RC_OK);
    take = false;
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 0);
    take = true;
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 1);
    remove_dir();
}
END_TEST

/* It is gone from the desk when it is in the journal, not before. */
START_TEST(desk_keeps_what_was_not_recorded)
{
    make_dir();
    ck_assert_int_eq(leave("reveal", "a", NULL), RC_OK);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 1);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 0); /* under way */
    desk_settle(last, false);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 1);
    desk_recover(dir); /* after a crash */
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 1);
    desk_settle(last, true);
    desk_recover(dir);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 0);
    remove_dir();
}
END_TEST

START_TEST(desk_refuses_texts_that_are_no_names)
{
    char large[300];

    make_dir();
    memset(large, 'a', sizeof(large));
    large[sizeof(large) - 1] = '\0';
    ck_assert_int_eq(leave("Report", "a", NULL), RC_USAGE);
    ck_assert_int_eq(leave("report", "", NULL), RC_USAGE);
    ck_assert_int_eq(leave("report", "a\nb", NULL), RC_USAGE);
    ck_assert_int_eq(leave("report", "a\"b", NULL), RC_USAGE);
    ck_assert_int_eq(leave("report", large, NULL), RC_USAGE);
    ck_assert_int_eq(leave("report", "a", "0123"), RC_USAGE);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 0);
    remove_dir();
    ck_assert_int_eq(leave("report", "a", NULL), RC_NOT_FOUND);
}
END_TEST

START_TEST(desk_tells_of_a_file_that_is_no_act)
{
    char path[128];

    make_dir();
    ck_assert_int_eq(leave("report", "a", NULL), RC_OK);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 1);
    snprintf(path, sizeof(path), "%s/desk/0.json", dir);
    ck_assert_int_eq(file_write_atomic(path, STR("{\"verb\":\"report\",\"object\":[1]}"), 0600), RC_OK);
    snprintf(path, sizeof(path), "%s/desk/1.json", dir);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    ck_assert_uint_eq(desk_take(dir, on_act, NULL), 2);
    ck_assert_ptr_nonnull(strstr(seen[1], " unreadable desk - refused"));
    ck_assert_ptr_nonnull(strstr(seen[2], " unreadable desk - refused"));
    remove_dir();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &desk_gives_acts_in_order_once},
    {"normal", &desk_keeps_what_was_not_taken},
    {"normal", &desk_keeps_what_was_not_recorded},
    {"malformed", &desk_refuses_texts_that_are_no_names},
    {"malformed", &desk_tells_of_a_file_that_is_no_act},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("desk", cases);
}
