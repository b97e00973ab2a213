#include <stdlib.h>

#include "audit/entry.h"
#include "base_guard.h"
#include "base_suite.h"

#define HEAD "{\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/x\",\"service\":\"check\\\"out\\u0001\",\"tls\":\"TLSv1.3\"},"
#define TAIL ",\"seq\":7,\"ts\":\"2026-11-22T07:55:13.000123Z\",\"type\":\"request\",\"v\":1}"

static const char full[] = HEAD
    "\"node\":\"n\",\"origin\":{\"country\":\"DE\",\"source\":\"x\"},\"outcome\":\"accepted\",\"policy\":{\"digest\":\"ab\","
    "\"future\":{\"a\":[1,-2,true,{\"b\":\"c\"}],\"z\":false},\"revision\":3,\"rules\":[{\"action\":\"mask\",\"count\":2,"
    "\"entity\":\"IBAN\",\"id\":\"p/iban\",\"mode\":\"enforce\",\"paths\":[\"span.name\",\"span.attributes\"]}],"
    "\"undecidable\":4},\"reason\":\"ok\",\"req\":{\"id\":18446744073709551615,\"spans_in\":5},\"route\":["
    "{\"bytes\":9,\"decision\":\"allowed\",\"destination\":\"otlp_grpc/eu\",\"spans\":5},{\"decision\":\"refused\","
    "\"destination\":\"\xC3\xA4\",\"rule\":\"r\",\"spans\":1}]" TAIL;

static enum rc
scan(struct str s, const struct entry **e)
{
    static struct entry_scanner *sc;

    if (!sc)
        sc = entry_scanner_new();
    ck_assert_ptr_nonnull(sc);
    enum rc rc = entry_scan(sc, s, e);

    return rc;
}

START_TEST(entry_scan_finds_the_fields)
{
    const struct entry *e = NULL;
    struct str rest, path;

    ck_assert_int_eq(scan((struct str){full, sizeof(full) - 1}, &e), RC_OK);
    ck_assert(str_eq(e->conn.identity, STR("spiffe://example.org/x")));
    ck_assert(str_eq(e->conn.service, STR("check\"out\x01")));
    ck_assert(str_eq(e->type, STR("request")));
    ck_assert_uint_eq(e->seq, 7);
    ck_assert_uint_eq(e->ts_us, 1795334113000123u);
    ck_assert_uint_eq(e->req.id, UINT64_MAX);
    ck_assert_uint_eq(e->req.spans_in, 5);
    ck_assert_uint_eq(e->policy.undecidable, 4);
    ck_assert_uint_eq(e->rule_count, 1);
    ck_assert_uint_eq(e->rules[0].count, 2);
    ck_assert(str_eq(e->rules[0].entity, STR("IBAN")));
    rest = e->rules[0].paths;
    ck_assert(entry_path_next(&rest, &path) && str_eq(path, STR("span.name")));
    ck_assert(entry_path_next(&rest, &path) && str_eq(path, STR("span.attributes")));
    ck_assert(!entry_path_next(&rest, &path));
    ck_assert_uint_eq(e->route_count, 2);
    ck_assert_uint_eq(e->routes[0].bytes, 9);
    ck_assert(str_eq(e->routes[1].destination, STR("\xC3\xA4")));
    ck_assert_uint_eq(e->origin_count, 1);
    ck_assert(str_eq(e->origins[0].country, STR("DE")));
    ck_assert_uint_eq(e->policy_count, 0);
}
END_TEST

START_TEST(entry_scan_refuses_every_truncation)
{
    const struct entry *e = NULL;

    for (size_t n = 0; n < sizeof(full) - 1; n++) {
        struct guard g;
        struct str cut = guard_copy(&g, (struct str){full, n});

        ck_assert_msg(scan(cut, &e) == RC_MALFORMED, "%zu bytes", n);
        guard_free(&g);
    }
}
END_TEST

START_TEST(entry_scan_refuses_what_is_not_canonical)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "null",
        "{\"type\":\"x\"}",
        HEAD "\"node\":1" TAIL,
        HEAD "\"node\" :\"n\"" TAIL,
        HEAD "\"node\":\"n\", \"outcome\":\"x\"" TAIL,
        HEAD "\"outcome\":\"x\",\"node\":\"n\"" TAIL,
        HEAD "\"node\":\"n\",\"node\":\"n\"" TAIL,
        HEAD "\"node\":\"\n\"" TAIL,
        HEAD "\"node\":\"\xFF\"" TAIL,
        HEAD "\"node\":\"\\q\"" TAIL,
        HEAD "\"node\":\"\\u00G0\"" TAIL,
        HEAD "\"node\":\"\\ud800\"" TAIL,
        HEAD "\"node\":\"\\u0000\"" TAIL,
        HEAD "\"req\":{\"id\":01}" TAIL,
        HEAD "\"req\":{\"id\":-0}" TAIL,
        HEAD "\"req\":{\"id\":1.5}" TAIL,
        HEAD "\"req\":{\"id\":18446744073709551616}" TAIL,
        HEAD "\"req\":{\"id\":}" TAIL,
        HEAD "\"req\":[]" TAIL,
        HEAD "\"route\":{}" TAIL,
        HEAD "\"route\":[{},]" TAIL,
        HEAD "\"route\":[1]" TAIL,
        HEAD "\"node\":\"n\"" TAIL " ",
        HEAD "\"policy\":{\"rules\":[{\"paths\":{}}]}" TAIL,
        HEAD "\"x\":nul" TAIL,
        HEAD "\"node\":\"n\",\"o\":[[[[[[[[[[[[1]]]]]]]]]]]]" TAIL,
        "{\"seq\":1,\"ts\":\"2026-02-30T00:00:00.000000Z\",\"type\":\"a\"}",
        "{\"seq\":1,\"ts\":\"2026-02-20 00:00:00.000000Z\",\"type\":\"a\"}",
    };
    const struct entry *e = NULL;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(scan(str_of(bad[i]), &e) == RC_MALFORMED, "%s", bad[i]);
}
END_TEST

START_TEST(entry_scan_bounds_an_entry)
{
    static char large[ENTRY_MAX + 1];
    const struct entry *e = NULL;

    ck_assert_int_eq(scan((struct str){large, sizeof(large)}, &e), RC_TOO_LARGE);
}
END_TEST

START_TEST(time_parse_reads_and_refuses)
{
    static const struct {
        const char *text;
        uint64_t us;
    } good[] = {
        {"1970-01-01", 0}, {"1970-01-01T00:00:01Z", 1000000}, {"2024-02-29", 1709164800000000u}, {"2026-07-01T00:00:00.000001Z", 1782864000000001u}};
    static const char *const bad[] = {"", "2026", "2026-13-01", "2025-02-29", "2026-00-10", "2026-01-00", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00+00", "x026-01-01", "1969-12-31"};
    uint64_t us = 42;
    int64_t y;
    unsigned m, d;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert(time_parse(str_of(good[i].text), &us));
        ck_assert_uint_eq(us, good[i].us);
    }
    us = 42;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!time_parse(str_of(bad[i]), &us), "%s", bad[i]);
    ck_assert_uint_eq(us, 42);
    for (int64_t day = 0; day < 200000; day++) {
        date_of_days(day, &y, &m, &d);
        ck_assert_int_eq(date_to_days(y, m, d), day);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &entry_scan_finds_the_fields},
    {"malformed", &entry_scan_refuses_every_truncation},
    {"malformed", &entry_scan_refuses_what_is_not_canonical},
    {"limits", &entry_scan_bounds_an_entry},
    {"normal", &time_parse_reads_and_refuses},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("entry", cases);
}
