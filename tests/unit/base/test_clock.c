#include "base/clock.h"
#include "base_suite.h"

START_TEST(clock_rfc3339_prints_known_times)
{
    static const struct {
        uint64_t wall_us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {951782400000000u, "2000-02-29T00:00:00.000000Z"},
        {951868799999999u, "2000-02-29T23:59:59.999999Z"},
        {951868800000000u, "2000-03-01T00:00:00.000000Z"},
        {1709164800000001u, "2024-02-29T00:00:00.000001Z"},
        {1767225599000000u, "2025-12-31T23:59:59.000000Z"},
        {4107542399000123u, "2100-02-28T23:59:59.000123Z"},
        {4107542400000000u, "2100-03-01T00:00:00.000000Z"},
    };
    char text[CLOCK_RFC3339_SIZE];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_rfc3339(rows[i].wall_us, text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

START_TEST(clock_rfc3339_stays_in_its_array_when_huge)
{
    char text[CLOCK_RFC3339_SIZE + 1] = {0};

    text[CLOCK_RFC3339_SIZE] = '!';
    clock_rfc3339(UINT64_MAX, text);
    ck_assert_uint_eq(strlen(text), CLOCK_RFC3339_SIZE - 1);
    ck_assert_int_eq(text[CLOCK_RFC3339_SIZE], '!');
}
END_TEST

START_TEST(clock_fake_stands_still_until_moved)
{
    struct clock c = clock_fake(5, 7);

    ck_assert_uint_eq(clock_mono_us(&c), 5);
    ck_assert_uint_eq(clock_wall_us(&c), 7);
    c.fake_mono_us += 10;
    ck_assert_uint_eq(clock_mono_us(&c), 15);
}
END_TEST

START_TEST(clock_system_does_not_go_back)
{
    uint64_t a = clock_mono_us(&clock_system), b = clock_mono_us(&clock_system);

    ck_assert(b >= a && a > 0);
    ck_assert(clock_wall_us(&clock_system) > 1700000000000000u);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &clock_rfc3339_prints_known_times},
    {"limits", &clock_rfc3339_stays_in_its_array_when_huge},
    {"normal", &clock_fake_stands_still_until_moved},
    {"normal", &clock_system_does_not_go_back},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("clock", cases);
}
