#include "codec/grpc.h"

#include "base_guard.h"
#include "base_nomem.h"
#include "base_suite.h"

START_TEST(grpc_prefix_reads_what_it_wrote)
{
    static const uint32_t lengths[] = {0, 1, 255, 256, 65536, 0x01020304, UINT32_MAX};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t bytes[GRPC_PREFIX];
        struct grpc_prefix p = {0};

        grpc_prefix_write(bytes, i % 2, lengths[i]);
        ck_assert_int_eq(grpc_prefix_read((struct str){(char *)bytes, sizeof(bytes)}, &p), RC_OK);
        ck_assert_uint_eq(p.len, lengths[i]);
        ck_assert_int_eq(p.compressed, i % 2);
    }
}
END_TEST

START_TEST(grpc_message_takes_exactly_one)
{
    struct grpc_prefix p = {0};
    struct str m = STR("");

    /* OTLP: an empty response */
    ck_assert_int_eq(grpc_message(STR("\0\0\0\0\0"), &p, &m), RC_OK);
    ck_assert_uint_eq(m.len, 0);
    ck_assert_int_eq(grpc_message(STR("\1\0\0\0\3abc"), &p, &m), RC_OK);
    ck_assert(str_eq(m, STR("abc")));
    ck_assert(p.compressed);
}
END_TEST

START_TEST(grpc_message_refuses_what_lies_about_itself)
{
    static const struct str bad[] = {
        STR("\2\0\0\0\0"), STR("\0\0\0\0\1"), STR("\0\0\0\0\0x"), STR("\0\xff\xff\xff\xff"), STR("\0\0\0\0\1a\0\0\0\0\1b")};
    struct grpc_prefix p = {true, 77};
    struct str m = STR("untouched");

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(grpc_message(bad[i], &p, &m), RC_MALFORMED);
    ck_assert_uint_eq(p.len, 77);
    ck_assert_uint_eq(m.len, 9);
}
END_TEST

START_TEST(grpc_message_refuses_truncation_at_every_byte)
{
    struct str whole = STR("\0\0\0\0\6abcdef");

    for (size_t n = 0; n < whole.len; n++) {
        struct guard g;
        struct str cut = guard_copy(&g, str_sub(whole, 0, n)), m;
        struct grpc_prefix p;

        ck_assert_int_eq(grpc_message(cut, &p, &m), RC_MALFORMED);
        ck_assert_int_eq(grpc_prefix_read(cut, &p), n < GRPC_PREFIX ? RC_AGAIN : RC_OK);
        guard_free(&g);
    }
}
END_TEST

START_TEST(grpc_timeout_parses_every_unit)
{
    static const struct {
        struct str s;
        uint64_t ms;
    } rows[] = {{STR("1H"), 3600000}, {STR("2M"), 120000}, {STR("10S"), 10000}, {STR("500m"), 500}, {STR("1u"), 1}, {STR("1000u"), 1},
        {STR("1001u"), 2}, {STR("1000001n"), 2}, {STR("0n"), 0}, {STR("0S"), 0}, {STR("99999999H"), 359999996400000}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t ms = 1234;

        ck_assert(grpc_timeout_parse(rows[i].s, &ms));
        ck_assert_uint_eq(ms, rows[i].ms);
    }
}
END_TEST

START_TEST(grpc_timeout_refuses_other_forms)
{
    static const struct str bad[] = {
        STR(""), STR("S"), STR("1"), STR("123456789S"), STR("-1S"), STR("1s"), STR("1.5S"), STR(" 1S"), STR("1S "), STR("1SS"), STR("1\0S")};
    uint64_t ms = 1234;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!grpc_timeout_parse(bad[i], &ms), "row %zu", i);
    ck_assert_uint_eq(ms, 1234);
}
END_TEST

START_TEST(grpc_message_encode_leaves_printable_ascii)
{
    struct buf out = BUF_INIT(1000), small = BUF_INIT(2);

    ck_assert_int_eq(grpc_message_encode(STR("a b~ 100%\r\n\0\x7f gr\xc3\xbc\xc3\x9f"), &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("a b~ 100%25%0D%0A%00%7F gr%C3%BC%C3%9F")));
    ck_assert_int_eq(grpc_message_encode(STR("a%"), &small), RC_TOO_LARGE);
    ck_assert_uint_eq(small.len, 0);
    buf_free(&out);
    buf_free(&small);
}
END_TEST

START_TEST(grpc_message_encode_fails_cleanly_without_memory)
{
    if (!nomem_round(1))
        return;
    struct buf out = BUF_INIT(1000);
    enum rc rc = grpc_message_encode(STR("text"), &out);

    ck_assert(nomem_end());
    ck_assert_int_eq(rc, RC_NOMEM);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &grpc_prefix_reads_what_it_wrote},
    {"normal", &grpc_message_takes_exactly_one},
    {"normal", &grpc_timeout_parses_every_unit},
    {"normal", &grpc_message_encode_leaves_printable_ascii},
    {"malformed", &grpc_message_refuses_what_lies_about_itself},
    {"malformed", &grpc_message_refuses_truncation_at_every_byte},
    {"malformed", &grpc_timeout_refuses_other_forms},
    {"nomem", &grpc_message_encode_fails_cleanly_without_memory},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("grpc", cases);
}
