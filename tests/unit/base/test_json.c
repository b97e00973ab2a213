#include "base/json.h"
#include "base_nomem.h"
#include "base_suite.h"

START_TEST(json_writes_nested_values)
{
    struct buf b = BUF_INIT(1000);
    struct json j = json_begin(&b);

    json_object(&j, NULL);
    json_u64(&j, "max", UINT64_MAX);
    json_i64(&j, "min", INT64_MIN);
    json_array(&j, "list");
    json_object(&j, NULL);
    json_close_object(&j);
    json_bool(&j, NULL, true);
    json_cstr(&j, NULL, "a\"b");
    json_close_array(&j);
    json_bool(&j, "no", false);
    json_close_object(&j);
    ck_assert_int_eq(json_finish(&j), RC_OK);
    ck_assert(str_eq(buf_str(&b), STR("{\"max\":18446744073709551615,\"min\":-9223372036854775808,\"list\":[{},true,\"a\\\"b\"],\"no\":false}")));
    buf_free(&b);
}
END_TEST

START_TEST(json_escapes_controls_and_replaces_bad_utf8)
{
    struct buf b = BUF_INIT(1000);

    ck_assert_int_eq(json_escape(&b, STR("\x01\b\f\n\r\t\"\\/\x7f gr\xc3\xbc \xc3( \xed\xa0\x80 \xf0\x9f\x98\x80 \xe2\x82")), RC_OK);
    ck_assert(str_eq(buf_str(&b), STR("\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\x7f gr\xc3\xbc \xEF\xBF\xBD( \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD "
                                      "\xf0\x9f\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD")));
    buf_free(&b);
}
END_TEST

START_TEST(json_visible_shows_what_a_terminal_would_obey)
{
    struct buf b = BUF_INIT(200);

    ck_assert_int_eq(json_visible(&b, STR("\"gr\xc3\xbcn\"\\ \x1b[2J\x7f\xc2\x9b"
                                          "1m\xc2\xa0\n\xff"
                                          "\xe2\x80\x8e\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa9\xe2\x80\x94\xe2\x81\xaa")),
        RC_OK);
    ck_assert_int_eq(buf_append_byte(&b, 0), RC_OK);
    ck_assert_str_eq(
        b.ptr, "\"gr\xc3\xbcn\"\\ \\u001b[2J\\u007f\\u009b1m\xc2\xa0\\u000a\xef\xbf\xbd\\u200e\\u202e\\u2028\\u2069\xe2\x80\x94\xe2\x81\xaa");
    buf_free(&b);
}
END_TEST

START_TEST(json_canonical_refuses_keys_out_of_order)
{
    struct buf b = BUF_INIT(1000);
    struct json j = json_begin_canonical(&b);

    json_object(&j, NULL);
    json_object(&j, "a");
    json_u64(&j, "z", 1);
    json_close_object(&j);
    json_u64(&j, "b", 1);
    json_close_object(&j);
    ck_assert_int_eq(json_finish(&j), RC_OK);

    static const char *const wrong[][2] = {{"b", "a"}, {"a", "a"}};

    for (int i = 0; i < 2; i++) {
        buf_clear(&b);
        j = json_begin_canonical(&b);
        json_object(&j, NULL);
        json_u64(&j, wrong[i][0], 1);
        json_u64(&j, wrong[i][1], 1);
        json_close_object(&j);
        ck_assert_int_eq(json_finish(&j), RC_INTERNAL);
    }
    buf_free(&b);
}
END_TEST

START_TEST(json_finish_reports_wrong_use)
{
    struct buf b = BUF_INIT(1000);
    struct json j = json_begin(&b);

    ck_assert_int_eq(json_finish(&j), RC_INTERNAL); /* nothing written */
    j = json_begin(&b);
    json_object(&j, NULL);
    ck_assert_int_eq(json_finish(&j), RC_INTERNAL); /* not closed */
    j = json_begin(&b);
    json_object(&j, NULL);
    json_u64(&j, NULL, 1);
    ck_assert_int_eq(j.rc, RC_INTERNAL); /* no key */
    j = json_begin(&b);
    json_array(&j, NULL);
    json_close_object(&j);
    ck_assert_int_eq(j.rc, RC_INTERNAL);
    j = json_begin(&b);
    json_u64(&j, NULL, 1);
    json_u64(&j, NULL, 1);
    ck_assert_int_eq(j.rc, RC_INTERNAL); /* two documents */
    buf_free(&b);
}
END_TEST

START_TEST(json_refuses_depth_beyond_the_maximum)
{
    struct buf b = BUF_INIT(1000);
    struct json j = json_begin(&b);

    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        json_array(&j, NULL);
    ck_assert_int_eq(j.rc, RC_OK);
    json_array(&j, NULL);
    ck_assert_int_eq(j.rc, RC_INTERNAL);
    buf_free(&b);
}
END_TEST

START_TEST(json_keeps_the_first_error_when_the_buffer_is_full)
{
    for (size_t max = 0; max < 15; max++) {
        struct buf b = BUF_INIT(max);
        struct json j = json_begin(&b);

        json_object(&j, NULL);
        json_cstr(&j, "key", "v\"lue");
        json_close_object(&j);
        ck_assert_int_eq(json_finish(&j), RC_TOO_LARGE);
        ck_assert_uint_le(b.len, max);
        buf_free(&b);
    }
}
END_TEST

START_TEST(json_reports_when_memory_fails)
{
    for (long n = 1; nomem_round(n); n++) {
        struct buf b = BUF_INIT(4096);
        struct json j = json_begin(&b);

        json_array(&j, NULL);
        for (int i = 0; i < 100; i++)
            json_cstr(&j, NULL, "some text \n");
        json_close_array(&j);
        enum rc rc = json_finish(&j);
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        buf_free(&b);
        if (!failed)
            break;
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &json_writes_nested_values},
    {"malformed", &json_escapes_controls_and_replaces_bad_utf8},
    {"malformed", &json_visible_shows_what_a_terminal_would_obey},
    {"normal", &json_canonical_refuses_keys_out_of_order},
    {"malformed", &json_finish_reports_wrong_use},
    {"limits", &json_refuses_depth_beyond_the_maximum},
    {"limits", &json_keeps_the_first_error_when_the_buffer_is_full},
    {"nomem", &json_reports_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("json", cases);
}
