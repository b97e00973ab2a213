#include "base/err.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_nomem.h"
#include "base_suite.h"

static char *
printed(const struct errs *es, bool json)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(f);
    if (json)
        errs_print_json(es, f);
    else
        errs_print(es, f, false);
    fclose(f);
    return text;
}

START_TEST(errs_print_shows_line_and_caret)
{
    char path[] = "/tmp/err-XXXXXX";
    int fd = mkstemp(path);
    struct errs es = {0};
    char want[1000];

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(file_write_atomic(path, STR("first\n\tgr\xc3\xbc\xc3\x9f: EMAIL_ADRESS # x\x1b[m\n"), 0600), RC_OK);
    struct err *e = errs_add(&es, ERR_ERROR, RC_CONFIG, 412, (struct err_pos){path, 2, 8, 12}, "unknown entity %s", "EMAIL_ADRESS");

    err_hint(e, "did you mean %s?", "EMAIL_ADDRESS");
    errs_add(&es, ERR_WARNING, RC_CONFIG, 0, (struct err_pos){0}, "no place");
    char *text = printed(&es, false);

    snprintf(want, sizeof(want),
        "error[SG0412]: unknown entity EMAIL_ADRESS\n  --> %s:2:8\n    2 | \tgr\xc3\xbc\xc3\x9f: EMAIL_ADRESS # x?[m\n"
        "      | \t      ^^^^^^^^^^^^\n   hint: did you mean EMAIL_ADDRESS?\nwarning: no place\n1 error, 1 warning\n",
        path);
    ck_assert_str_eq(text, want);
    free(text);
    errs_free(&es);
    unlink(path);
}
END_TEST

START_TEST(errs_print_json_is_one_array)
{
    struct errs es = {0};

    errs_add(&es, ERR_ERROR, RC_CONFIG, 3, (struct err_pos){"a.yaml", 4, 5, 1}, "say \"no\"");
    char *text = printed(&es, true);

    ck_assert_str_eq(text,
        "[{\"level\":\"error\",\"code\":\"SG0003\",\"file\":\"a.yaml\",\"line\":4,\"column\":5,\"message\":\"say \\\"no\\\"\",\"hint\":\"\"}]\n");
    free(text);
    errs_free(&es);
}
END_TEST

START_TEST(errs_add_counts_what_it_cannot_keep)
{
    struct errs es = {0};

    for (unsigned i = 0; i < ERRS_MAX + 50; i++)
        err_hint(errs_add(&es, ERR_ERROR, RC_CONFIG, 1, (struct err_pos){0}, "number %u", i), "hint");
    ck_assert_uint_eq(es.count, ERRS_MAX);
    ck_assert_uint_eq(es.errors, ERRS_MAX + 50);
    char *text = printed(&es, false);

    ck_assert_ptr_nonnull(strstr(text, "50 more not shown\n150 errors, 0 warnings\n"));
    free(text);
    errs_free(&es);
}
END_TEST

START_TEST(errs_add_cuts_what_is_too_long)
{
    char longer[1000];
    struct errs es = {0};

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    struct err *e = errs_add(&es, ERR_ERROR, RC_CONFIG, 1, (struct err_pos){longer, 1, 1, 1}, "%s", longer);

    err_hint(e, "%s", longer);
    ck_assert_uint_eq(strlen(e->text), sizeof(e->text) - 1);
    ck_assert_uint_eq(strlen(e->hint), sizeof(e->hint) - 1);
    ck_assert_uint_eq(strlen(e->file), sizeof(e->file) - 1);
    errs_free(&es);
}
END_TEST

START_TEST(err_hint_nearest_names_the_nearest_or_lists)
{
    static const char *const names[] = {"endpoint", "tls", "headers", "a", "b", "c", "d", "e", "f"};
    struct err e = {0};

    err_hint_nearest(&e, STR("endpont"), names, 9);
    ck_assert_str_eq(e.hint, "did you mean endpoint?");
    err_hint_nearest(&e, STR("compression"), names, 9);
    ck_assert_str_eq(e.hint, "known: endpoint, tls, headers, a, b, c, d, e, ...");
    err_hint_nearest(&e, STR("compression"), names, 2);
    ck_assert_str_eq(e.hint, "known: endpoint, tls");
}
END_TEST

START_TEST(errs_add_counts_when_memory_fails)
{
    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};

        for (int i = 0; i < 20; i++)
            err_hint(errs_add(&es, ERR_WARNING, RC_CONFIG, 1, (struct err_pos){0}, "x"), "h");
        bool failed = nomem_end();

        ck_assert_uint_eq(es.warnings, 20);
        ck_assert(failed == (es.count < 20));
        errs_free(&es);
        if (!failed)
            break;
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &errs_print_shows_line_and_caret},
    {"normal", &errs_print_json_is_one_array},
    {"limits", &errs_add_counts_what_it_cannot_keep},
    {"limits", &errs_add_cuts_what_is_too_long},
    {"normal", &err_hint_nearest_names_the_nearest_or_lists},
    {"nomem", &errs_add_counts_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("err", cases);
}
