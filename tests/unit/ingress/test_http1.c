#include <stdlib.h>

#include "base_suite.h"
#include "proxy/ingress/http1.h"

/* A copy whose last byte is the last byte of its allocation: reading past it is seen by the sanitizer. */
static struct str
exact(struct str s)
{
    char *p = malloc(s.len ? s.len : 1);

    if (s.len)
        memcpy(p, s.ptr, s.len);
    return (struct str){p, s.len};
}

#define HEAD \
    "POST /v1/traces?a=b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: Chunked\r\nContent-Encoding: gzip\r\n\r\n"

START_TEST(http1_head_end_finds_the_end_at_every_split)
{
    struct str whole = STR(HEAD "body");

    for (size_t cut = 0; cut <= whole.len; cut++) {
        size_t scanned = 0, len = 0;
        struct str first = exact(str_sub(whole, 0, cut));
        enum rc rc = http1_head_end(first, &scanned, &len);

        ck_assert_int_eq(rc, cut < sizeof(HEAD) - 1 ? RC_AGAIN : RC_OK);
        ck_assert_uint_le(scanned, cut);
        if (rc == RC_AGAIN)
            ck_assert_int_eq(http1_head_end(whole, &scanned, &len), RC_OK);
        ck_assert_uint_eq(len, sizeof(HEAD) - 1);
        free((char *)first.ptr);
    }
}
END_TEST

START_TEST(http1_head_end_refuses_lone_line_ends)
{
    static const struct str rows[] = {STR("a\n"), STR("\n"), STR("a\rb"), STR("a\r\r\n"), STR("a\r\n\n"), STR("a\r\n\r\r\n")};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t scanned = 0, len = 0;

        ck_assert_msg(http1_head_end(rows[i], &scanned, &len) == RC_MALFORMED, "row %zu", i);
    }
}
END_TEST

START_TEST(http1_head_parse_reads_what_matters)
{
    struct str head = exact(STR(HEAD));
    struct http1_head h;

    ck_assert_int_eq(http1_head_parse(head, &h), 200);
    ck_assert(str_eq(h.method, STR("POST")));
    ck_assert(str_eq(h.path, STR("/v1/traces")));
    ck_assert(str_eq(h.encoding, STR("gzip")));
    ck_assert_int_eq(h.media, MEDIA_JSON);
    ck_assert(h.chunked && !h.has_length && h.keep_alive && !h.expect_continue);
    ck_assert_uint_eq(h.fields, 4);
    free((char *)head.ptr);
    ck_assert_int_eq(
        http1_head_parse(STR("GET / HTTP/1.1\r\nhost:\r\nconnection: a, CLOSE ,b\r\ncontent-length: 18446744073709551615\r\n\r\n"), &h), 200);
    ck_assert(!h.keep_alive && h.has_length);
    ck_assert_uint_eq(h.length, UINT64_MAX);
    ck_assert_int_eq(h.media, MEDIA_NONE);
}
END_TEST

/* Whatever a head is cut or changed to, parsing stays within it. */
START_TEST(http1_head_parse_survives_every_byte)
{
    struct str good = STR(HEAD);

    for (size_t at = 0; at < good.len; at++) {
        for (int byte = 0; byte < 256; byte += 5) {
            struct str head = exact(good);
            struct http1_head h;

            ((char *)head.ptr)[at] = (char)byte;
            int status = http1_head_parse(head, &h);

            ck_assert(status == 200 || (status >= 400 && status <= 505));
            free((char *)head.ptr);
        }
    }
}
END_TEST

#define CHUNKED "5;ext=\"x\"\r\nhello\r\n6\r\n world\r\nA\r\n0123456789\r\n0\r\n\r\n"

START_TEST(http1_chunks_read_joins_at_every_split)
{
    struct str whole = STR(CHUNKED "next");

    for (size_t cut = 0; cut <= whole.len; cut++) {
        struct http1_chunks c = {0};
        char got[64];
        size_t len = 0;

        for (unsigned part = 0; part < 2; part++) {
            struct str piece = {0}, copy = exact(part ? str_sub(whole, cut, whole.len) : str_sub(whole, 0, cut)), in = copy;

            while (http1_chunks_read(&c, &in, &piece) == RC_OK) {
                ck_assert_uint_gt(piece.len, 0);
                memcpy(got + len, piece.ptr, piece.len);
                len += piece.len;
            }
            if (c.state == CHUNK_DONE)
                ck_assert_uint_eq(in.len, part ? (cut < sizeof(CHUNKED) - 1 ? 4 : whole.len - cut) : cut - (sizeof(CHUNKED) - 1));
            else
                ck_assert_uint_eq(in.len, 0);
            free((char *)copy.ptr);
        }
        ck_assert_int_eq(c.state, CHUNK_DONE);
        ck_assert(str_eq((struct str){got, len}, STR("hello world0123456789")));
    }
}
END_TEST

START_TEST(http1_chunks_read_bounds_extensions_in_sum)
{
    struct http1_chunks c = {0};
    struct str piece;
    enum rc rc = RC_AGAIN;
    unsigned chunks = 0;

    while (rc != RC_MALFORMED && chunks < 2000) {
        struct str in = STR("1;abc\r\nx\r\n");

        while ((rc = http1_chunks_read(&c, &in, &piece)) == RC_OK)
            ;
        chunks++;
    }
    ck_assert_uint_eq(chunks, 342); /* 1024 / 3, and one */
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &http1_head_end_finds_the_end_at_every_split},
    {"normal", &http1_head_parse_reads_what_matters},
    {"normal", &http1_chunks_read_joins_at_every_split},
    {"malformed", &http1_head_end_refuses_lone_line_ends},
    {"malformed", &http1_head_parse_survives_every_byte},
    {"limits", &http1_chunks_read_bounds_extensions_in_sum},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("http1", cases);
}
