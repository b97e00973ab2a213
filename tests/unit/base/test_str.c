#include "base/str.h"
#include "base_suite.h"

START_TEST(str_glob_matches_runs_of_any_byte)
{
    ck_assert(str_glob(STR("http.*"), STR("http.request.header.cookie")));
    ck_assert(str_glob(STR("*"), STR("")));
    ck_assert(str_glob(STR("a*b*c"), STR("a-b-b-c")));
    ck_assert(str_glob(STR("spiffe://*/sa/*"), STR("spiffe://x/ns/y/sa/z")));
    ck_assert(!str_glob(STR("http.*"), STR("https")));
    ck_assert(!str_glob(STR("a*b"), STR("a*bc")));
    ck_assert(!str_glob(STR(""), STR("x")));
}
END_TEST

START_TEST(str_to_u64_refuses_overflow_and_signs)
{
    uint64_t v = 7;

    ck_assert(str_to_u64(STR("18446744073709551615"), &v));
    ck_assert_uint_eq(v, UINT64_MAX);
    ck_assert(!str_to_u64(STR("18446744073709551616"), &v));
    ck_assert(!str_to_u64(STR("-1"), &v));
    ck_assert(!str_to_u64(STR(""), &v));
    ck_assert(!str_to_u64(STR("1 "), &v));
    ck_assert_uint_eq(v, UINT64_MAX);
}
END_TEST

START_TEST(str_to_day_knows_the_calendar)
{
    static const char *const none[] = {"", "2026-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00", "1969-12-31",
        "2026-1-01", "2026-01-01 ", "20260101", "2026-01-0x"};
    uint64_t s = 7;

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        ck_assert_msg(!str_to_day(str_of(none[i]), &s), "%s", none[i]);
    ck_assert_uint_eq(s, 7);
    ck_assert(str_to_day(STR("1970-01-01"), &s) && s == 0);
    ck_assert(str_to_day(STR("2024-02-29"), &s) && s == 1709164800);
    ck_assert(str_to_day(STR("2026-11-22"), &s) && s == 1795305600);
}
END_TEST

START_TEST(str_utf8_valid_follows_table_3_7)
{
    static const struct {
        struct str s;
        bool valid;
    } rows[] = {
        {STR(""), true},
        {STR("plain ascii text, long enough"), true},
        {STR("gr\xc3\xbc\xc3\x9f"), true},
        {STR("\xf0\x9f\x98\x80"), true},
        {STR("a\0b"), true},
        {STR("\xed\x9f\xbf"), true},
        {STR("\xf4\x8f\xbf\xbf"), true},
        {STR("\xc0\x80"), false},
        {STR("\xe0\x9f\xbf"), false},
        {STR("\xed\xa0\x80"), false},
        {STR("\xf4\x90\x80\x80"), false},
        {STR("\xf5\x80\x80\x80"), false},
        {STR("\x80"), false},
        {STR("abcdefgh\xc3"), false},
        {STR("\xe2\x82"), false},
        {STR("\xf0\x8f\xbf\xbf"), false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(str_utf8_valid(rows[i].s) == rows[i].valid, "row %zu", i);
}
END_TEST

START_TEST(str_distance_counts_edits)
{
    ck_assert_uint_eq(str_distance(STR("EMAIL_ADRESS"), STR("EMAIL_ADDRESS")), 1);
    ck_assert_uint_eq(str_distance(STR("ab"), STR("ba")), 1);
    ck_assert_uint_eq(str_distance(STR(""), STR("abc")), 3);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &str_glob_matches_runs_of_any_byte},
    {"malformed", &str_to_u64_refuses_overflow_and_signs},
    {"normal", &str_to_day_knows_the_calendar},
    {"malformed", &str_utf8_valid_follows_table_3_7},
    {"normal", &str_distance_counts_edits},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("str", cases);
}
