#include "base/buf.h"

#include "base_nomem.h"
#include "base_suite.h"

START_TEST(buf_appends_in_order)
{
    struct buf b = BUF_INIT(1000);

    ck_assert_int_eq(buf_append(&b, STR("one")), RC_OK);
    ck_assert_int_eq(buf_append(&b, STR("")), RC_OK);
    ck_assert_int_eq(buf_append_byte(&b, '\0'), RC_OK);
    ck_assert_int_eq(buf_printf(&b, "%d-%s", 42, "x"), RC_OK);
    ck_assert(str_eq(buf_str(&b), STR("one\0"
                                      "42-x")));
    buf_clear(&b);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_uint_gt(b.cap, 0);
    buf_free(&b);
    ck_assert_ptr_null(b.ptr);
    ck_assert_int_eq(buf_append(&b, STR("again")), RC_OK);
    buf_free_wipe(&b);
    buf_free_wipe(&b);
}
END_TEST

START_TEST(buf_leaves_the_contents_when_full)
{
    for (size_t max = 0; max < 20; max++) {
        struct buf b = BUF_INIT(max);

        while (buf_append(&b, STR("abc")) == RC_OK)
            ;
        ck_assert_uint_eq(b.len, max / 3 * 3);
        ck_assert_uint_le(b.cap, max);
        ck_assert_int_eq(buf_append(&b, STR("abc")), RC_TOO_LARGE);
        ck_assert_int_eq(buf_printf(&b, "%s", "longer than all"), max - b.len >= 16 ? RC_OK : RC_TOO_LARGE);
        ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), RC_TOO_LARGE);
        buf_free(&b);
    }
}
END_TEST

START_TEST(buf_leaves_the_contents_when_memory_fails)
{
    for (long n = 1; nomem_round(n); n++) {
        struct buf b = BUF_INIT(1u << 20);
        enum rc rc = RC_OK;
        size_t done = 0;

        for (; done < 1000 && rc == RC_OK; done += rc == RC_OK)
            rc = buf_append(&b, STR("abc"));
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        ck_assert_uint_eq(b.len, 3 * done);
        buf_free(&b);
        if (!failed)
            break;
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &buf_appends_in_order},
    {"limits", &buf_leaves_the_contents_when_full},
    {"nomem", &buf_leaves_the_contents_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("buf", cases);
}
