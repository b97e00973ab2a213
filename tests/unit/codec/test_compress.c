#include "codec/compress.h"

#include <zstd.h>

#include "base_guard.h"
#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"

#define MIB (1024u * 1024)

static const enum encoding packed[] = {ENCODING_GZIP, ENCODING_ZSTD};
#define PACKED (sizeof(packed) / sizeof(packed[0]))

/* Text with the redundancy of a batch, or noise. */
static struct str
sample(size_t len, bool noise)
{
    struct rng r = {len + 1};
    char *p = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        p[i] = noise ? (char)rng_next(&r) : "http.request.method GET "[rng_below(&r, 6) + i % 18];
    return (struct str){p, len};
}

static struct buf
deflated(enum encoding e, struct str in)
{
    struct compressor *c = compressor_new();
    struct buf out = BUF_INIT(1u << 28);

    ck_assert_int_eq(compressor_deflate(c, e, in, &out), RC_OK);
    compressor_free(c);
    return out;
}

static enum rc
inflated(enum encoding e, struct str in, size_t max, struct buf *out)
{
    struct compressor *c = compressor_new();
    size_t before = out->len;
    enum rc rc = compressor_inflate(c, e, in, max, out);

    if (rc != RC_OK)
        ck_assert_uint_eq(out->len, before);
    compressor_free(c);
    return rc;
}

static enum rc
refusal(enum encoding e, struct str in, size_t max)
{
    struct buf out = BUF_INIT(1u << 28);
    enum rc rc = inflated(e, in, max, &out);

    buf_free(&out);
    return rc;
}

START_TEST(encoding_parse_knows_its_names)
{
    enum encoding e = ENCODING_ZSTD;

    ck_assert_int_eq(encoding_parse(STR(""), &e), RC_OK);
    ck_assert_int_eq(e, ENCODING_IDENTITY);
    ck_assert_int_eq(encoding_parse(STR("GZip"), &e), RC_OK);
    ck_assert_int_eq(e, ENCODING_GZIP);
    ck_assert_int_eq(encoding_parse(STR("x-gzip"), &e), RC_OK);
    ck_assert_int_eq(e, ENCODING_GZIP);
    ck_assert_int_eq(encoding_parse(STR("zstd"), &e), RC_OK);
    ck_assert_int_eq(e, ENCODING_ZSTD);
    ck_assert_int_eq(encoding_parse(STR("gzip, gzip"), &e), RC_ENCODING);
    ck_assert_int_eq(encoding_parse(STR("br"), &e), RC_ENCODING);
    ck_assert_int_eq(e, ENCODING_ZSTD);
    ck_assert_str_eq(encoding_name(ENCODING_GZIP), "gzip");
    ck_assert_str_eq(encoding_name(ENCODING_ZSTD), "zstd");
    ck_assert_str_eq(encoding_name(ENCODING_IDENTITY), "identity");
}
END_TEST

START_TEST(compressor_gives_back_what_it_took)
{
    static const size_t sizes[] = {0, 1, 2, 100, 65535, 65536, 300000, 3 * MIB};
    static const enum encoding all[] = {ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < 6; k++) {
            struct str in = sample(sizes[i], k % 2);
            struct buf middle = deflated(all[k / 2], in), out = BUF_INIT(8 * MIB);

            ck_assert_int_eq(buf_append(&out, STR("before")), RC_OK);
            ck_assert_int_eq(inflated(all[k / 2], buf_str(&middle), in.len + (in.len == 0), &out), RC_OK);
            ck_assert(str_eq(str_sub(buf_str(&out), 6, out.len), in));
            ck_assert(str_starts(buf_str(&out), STR("before")));
            buf_free(&middle);
            buf_free(&out);
            free((char *)(uintptr_t)in.ptr);
        }
    }
}
END_TEST

START_TEST(compressor_deflate_appends_and_compresses)
{
    struct str in = sample(200000, false);
    struct buf out = BUF_INIT(MIB);
    struct compressor *c = compressor_new();

    for (size_t k = 0; k < PACKED; k++) {
        size_t before = out.len;

        ck_assert_int_eq(compressor_deflate(c, packed[k], in, &out), RC_OK);
        ck_assert_uint_lt(out.len - before, in.len / 2);
    }
    compressor_free(c);
    buf_free(&out);
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_inflates_every_member)
{
    struct buf in = BUF_INIT(MIB), out = BUF_INIT(MIB);

    for (size_t k = 0; k < PACKED; k++) {
        buf_clear(&in);
        buf_clear(&out);
        for (unsigned i = 0; i < 50; i++) {
            struct str part = sample(i * 37, i % 3 == 0);
            struct buf one = deflated(packed[k], part);

            ck_assert_int_eq(buf_append(&in, buf_str(&one)), RC_OK);
            buf_free(&one);
            free((char *)(uintptr_t)part.ptr);
        }
        ck_assert_int_eq(inflated(packed[k], buf_str(&in), 37 * 50 * 49 / 2, &out), RC_OK);
        ck_assert_uint_eq(out.len, 37 * 50 * 49 / 2);
    }
    buf_free(&in);
    buf_free(&out);
}
END_TEST

START_TEST(compressor_skips_zstd_skippable_frames)
{
    struct buf in = BUF_INIT(MIB), one = deflated(ENCODING_ZSTD, STR("payload")), out = BUF_INIT(MIB);

    ck_assert_int_eq(buf_append(&in, STR("\x5a\x2a\x4d\x18\x03\0\0\0abc")), RC_OK);
    ck_assert_int_eq(buf_append(&in, buf_str(&one)), RC_OK);
    ck_assert_int_eq(inflated(ENCODING_ZSTD, buf_str(&in), 100, &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("payload")));
    buf_free(&in);
    buf_free(&one);
    buf_free(&out);
}
END_TEST

START_TEST(compressor_refuses_truncation_at_every_byte)
{
    struct str in = sample(3000, false);

    for (size_t k = 0; k < PACKED; k++) {
        struct buf whole = deflated(packed[k], in);

        for (size_t n = 0; n < whole.len; n++) {
            struct guard g;
            struct str cut = guard_copy(&g, str_sub(buf_str(&whole), 0, n));

            ck_assert_int_eq(refusal(packed[k], cut, MIB), RC_MALFORMED);
            guard_free(&g);
        }
        buf_free(&whole);
    }
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_refuses_a_wrong_checksum)
{
    struct str in = sample(3000, true);

    for (size_t k = 0; k < PACKED; k++) {
        struct buf whole = deflated(packed[k], in);
        size_t trailer = packed[k] == ENCODING_GZIP ? 8 : 4; /* RFC 1952: CRC32, ISIZE; RFC 8878: Content_Checksum */

        for (size_t i = whole.len - trailer; i < whole.len; i++) {
            whole.ptr[i] ^= 1;
            ck_assert_int_eq(refusal(packed[k], buf_str(&whole), MIB), RC_MALFORMED);
            whole.ptr[i] ^= 1;
        }
        /* noise is stored as it is: a flipped byte of it is seen by the checksum alone */
        whole.ptr[whole.len / 2] ^= 1;
        ck_assert_int_eq(refusal(packed[k], buf_str(&whole), MIB), RC_MALFORMED);
        buf_free(&whole);
    }
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_refuses_trailing_bytes)
{
    static const struct str tails[] = {STR("x"), STR("\0"), STR("\x1f\x8b"), STR("\x28\xb5\x2f\xfd"), STR("trailing garbage of some length")};

    for (size_t k = 0; k < PACKED; k++) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            struct buf in = deflated(packed[k], STR("payload"));

            ck_assert_int_eq(buf_append(&in, tails[i]), RC_OK);
            ck_assert_int_eq(refusal(packed[k], buf_str(&in), MIB), RC_MALFORMED);
            buf_free(&in);
        }
    }
}
END_TEST

START_TEST(compressor_refuses_what_is_not_of_the_encoding)
{
    struct buf gzip = deflated(ENCODING_GZIP, STR("payload")), zstd = deflated(ENCODING_ZSTD, STR("payload"));

    ck_assert_int_eq(refusal(ENCODING_GZIP, STR(""), MIB), RC_MALFORMED);
    ck_assert_int_eq(refusal(ENCODING_ZSTD, STR(""), MIB), RC_MALFORMED);
    ck_assert_int_eq(refusal(ENCODING_GZIP, buf_str(&zstd), MIB), RC_MALFORMED);
    ck_assert_int_eq(refusal(ENCODING_ZSTD, buf_str(&gzip), MIB), RC_MALFORMED);
    /* zstd 0.7, a format before RFC 8878 */
    ck_assert_int_eq(refusal(ENCODING_ZSTD, STR("\x27\xb5\x2f\xfd\0\0\0\0\0\0\0\0"), MIB), RC_MALFORMED);
    buf_free(&gzip);
    buf_free(&zstd);
}
END_TEST

START_TEST(compressor_survives_flipped_bits)
{
    struct str in = sample(2000, false);
    struct rng r = {7};

    for (size_t k = 0; k < PACKED; k++) {
        struct buf whole = deflated(packed[k], in);

        for (unsigned i = 0; i < 3000; i++) {
            size_t at = rng_below(&r, (uint32_t)whole.len);
            char bit = (char)(1 << rng_below(&r, 8));

            whole.ptr[at] ^= bit;
            struct guard g;
            struct str copy = guard_copy(&g, buf_str(&whole));
            struct buf out = BUF_INIT(MIB);

            if (inflated(packed[k], copy, MIB, &out) == RC_OK) /* a bit that says nothing, such as gzip's OS byte */
                ck_assert(str_eq(buf_str(&out), in));
            buf_free(&out);
            guard_free(&g);
            whole.ptr[at] ^= bit;
        }
        buf_free(&whole);
    }
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_inflate_stops_at_max)
{
    struct str in = sample(50000, false);

    for (size_t k = 0; k < PACKED; k++) {
        struct buf whole = deflated(packed[k], in), small = BUF_INIT(49999);

        ck_assert_int_eq(refusal(packed[k], buf_str(&whole), 50000), RC_OK);
        ck_assert_int_eq(refusal(packed[k], buf_str(&whole), 49999), RC_TOO_LARGE);
        ck_assert_int_eq(refusal(packed[k], buf_str(&whole), 1), RC_TOO_LARGE);
        ck_assert_int_eq(refusal(packed[k], buf_str(&whole), 0), RC_TOO_LARGE);
        ck_assert_int_eq(inflated(packed[k], buf_str(&whole), 50000, &small), RC_TOO_LARGE);
        /* two members that are too much together only */
        struct buf twice = BUF_INIT(MIB);

        ck_assert_int_eq(buf_append(&twice, buf_str(&whole)), RC_OK);
        ck_assert_int_eq(buf_append(&twice, buf_str(&whole)), RC_OK);
        ck_assert_int_eq(refusal(packed[k], buf_str(&twice), 99999), RC_TOO_LARGE);
        ck_assert_int_eq(refusal(packed[k], buf_str(&twice), 100000), RC_OK);
        buf_free(&twice);
        buf_free(&whole);
        buf_free(&small);
    }
    ck_assert_int_eq(refusal(ENCODING_IDENTITY, in, 50000), RC_OK);
    ck_assert_int_eq(refusal(ENCODING_IDENTITY, in, 49999), RC_TOO_LARGE);
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_refuses_bombs)
{
    char *zeros = calloc(1, 16 * MIB);

    for (size_t k = 0; k < PACKED; k++) {
        struct buf bomb = deflated(packed[k], (struct str){zeros, 16 * MIB}), mild = deflated(packed[k], (struct str){zeros, MIB});

        ck_assert_uint_lt(bomb.len, 16 * MIB / 100);
        ck_assert_int_eq(refusal(packed[k], buf_str(&bomb), 64 * MIB), RC_TOO_LARGE);
        ck_assert_int_eq(refusal(packed[k], buf_str(&mild), 64 * MIB), RC_OK); /* the ratio counts beyond 1 MiB only */
        buf_free(&bomb);
        buf_free(&mild);
    }
    free(zeros);
}
END_TEST

START_TEST(compressor_refuses_a_bomb_that_hides_its_size)
{
    size_t len = 8 * MIB;
    char *zeros = calloc(1, len), *to = malloc(ZSTD_compressBound(len));
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_inBuffer in = {zeros, len, 0};
    ZSTD_outBuffer out = {to, ZSTD_compressBound(len), 0};

    ck_assert(!ZSTD_isError(ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0)));
    while (ZSTD_compressStream2(z, &out, &in, ZSTD_e_end) != 0)
        continue;
    ck_assert_uint_eq(ZSTD_getFrameContentSize(to, out.pos), ZSTD_CONTENTSIZE_UNKNOWN);
    ck_assert_int_eq(refusal(ENCODING_ZSTD, (struct str){to, out.pos}, 64 * MIB), RC_TOO_LARGE);
    ZSTD_freeCCtx(z);
    free(zeros);
    free(to);
}
END_TEST

START_TEST(compressor_deflate_stops_at_the_end_of_its_buffer)
{
    struct str in = sample(5000, true);
    struct compressor *c = compressor_new();
    struct buf small = BUF_INIT(4000);

    ck_assert_int_eq(compressor_deflate(c, ENCODING_GZIP, in, &small), RC_TOO_LARGE);
    ck_assert_int_eq(compressor_deflate(c, ENCODING_ZSTD, in, &small), RC_TOO_LARGE);
    ck_assert_int_eq(compressor_deflate(c, ENCODING_IDENTITY, in, &small), RC_TOO_LARGE);
    ck_assert_uint_eq(small.len, 0);
    compressor_free(c);
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

START_TEST(compressor_says_when_memory_ends)
{
    struct str in = sample(300000, false);
    long n = 1;

    for (size_t k = 0; k < PACKED; k++) {
        for (n = 1; nomem_round(n); n++) {
            struct buf middle = BUF_INIT(MIB), out = BUF_INIT(MIB);
            struct compressor *c = compressor_new();
            enum rc rc = c ? compressor_deflate(c, packed[k], in, &middle) : RC_NOMEM;

            if (rc == RC_OK)
                rc = compressor_inflate(c, packed[k], buf_str(&middle), MIB, &out);
            bool failed = nomem_end();

            ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
            ck_assert_uint_eq(out.len, failed ? 0 : in.len);
            compressor_free(c);
            buf_free(&middle);
            buf_free(&out);
            if (!failed)
                break;
        }
    }
    ck_assert(n > 5 || !nomem_round(1));
    (void)nomem_end();
    free((char *)(uintptr_t)in.ptr);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &encoding_parse_knows_its_names},
    {"normal", &compressor_gives_back_what_it_took},
    {"normal", &compressor_deflate_appends_and_compresses},
    {"normal", &compressor_inflates_every_member},
    {"normal", &compressor_skips_zstd_skippable_frames},
    {"malformed", &compressor_refuses_truncation_at_every_byte},
    {"malformed", &compressor_refuses_a_wrong_checksum},
    {"malformed", &compressor_refuses_trailing_bytes},
    {"malformed", &compressor_refuses_what_is_not_of_the_encoding},
    {"malformed", &compressor_survives_flipped_bits},
    {"limits", &compressor_inflate_stops_at_max},
    {"limits", &compressor_refuses_bombs},
    {"limits", &compressor_refuses_a_bomb_that_hides_its_size},
    {"limits", &compressor_deflate_stops_at_the_end_of_its_buffer},
    {"nomem", &compressor_says_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("compress", cases);
}
