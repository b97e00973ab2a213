#include "base/digest.h"

#include <stdlib.h>

#include "base_suite.h"
#include "proxy/base/digest_int.h"

static void
check_hex(const uint8_t *md, const char *want)
{
    char text[2 * SHA256_SIZE + 1] = {0};

    digest_hex((struct str){(const char *)md, SHA256_SIZE}, text);
    ck_assert_str_eq(text, want);
}

START_TEST(digest_sha256_gives_fips_180_vectors)
{
    uint8_t md[SHA256_SIZE];

    ck_assert_int_eq(digest_sha256(STR(""), md), RC_OK);
    check_hex(md, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_int_eq(digest_sha256(STR("abc"), md), RC_OK);
    check_hex(md, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

/* RFC 4231 section 4, test cases 1, 2, 3, 4, 6 and 7 (5 is about truncation). */
START_TEST(digest_hmac_gives_rfc_4231_vectors)
{
    char k0b[20], kaa[131], kinc[25], ddd[50], dcd[50];
    uint8_t md[SHA256_SIZE];

    memset(k0b, 0x0b, sizeof(k0b));
    memset(kaa, 0xaa, sizeof(kaa));
    memset(ddd, 0xdd, sizeof(ddd));
    memset(dcd, 0xcd, sizeof(dcd));
    for (size_t i = 0; i < sizeof(kinc); i++)
        kinc[i] = (char)(i + 1);
    const struct {
        struct str key, data;
        const char *mac;
    } rows[] = {
        {{k0b, 20}, STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{kaa, 20}, {ddd, 50}, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{kinc, 25}, {dcd, 50}, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {{kaa, 131}, STR("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{kaa, 131},
            STR("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
                "hashed before being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(digest_hmac_sha256(rows[i].key, rows[i].data, md), RC_OK);
        check_hex(md, rows[i].mac);
    }
}
END_TEST

/* By its definition. */
static void
hmac_pieces_slowly(struct str key, struct str data, uint8_t out[SHA256_SIZE])
{
    static uint8_t list[64 * SHA256_SIZE];
    size_t n = 0;

    for (size_t at = 0; at < data.len; at += DIGEST_PIECE, n++) {
        size_t end = at + DIGEST_PIECE < data.len ? at + DIGEST_PIECE : data.len;

        ck_assert_int_eq(digest_sha256(str_sub(data, at, end), list + n * SHA256_SIZE), RC_OK);
    }
    ck_assert_int_eq(digest_hmac_sha256(key, (struct str){(char *)list, n * SHA256_SIZE}, out), RC_OK);
}

START_TEST(digest_hmac_of_pieces_is_the_hmac_of_their_digests)
{
    static char data[40 * DIGEST_PIECE];
    const struct str key = STR("0123456789abcdef");
    uint8_t want[SHA256_SIZE], got[SHA256_SIZE];

    ck_assert_int_eq(digest_random(data, sizeof(data)), RC_OK);
    for (size_t pieces = 0; pieces <= 40; pieces++)
        for (int more = -1; more <= 1; more++) {
            size_t len = pieces * DIGEST_PIECE + (size_t)more;

            if (len > sizeof(data))
                continue;
            hmac_pieces_slowly(key, (struct str){data, len}, want);
            for (int lanes = 0; lanes <= digest_has_lanes(); lanes++) {
                ck_assert_int_eq(digest_hmac_pieces_with(lanes != 0, key, (struct str){data, len}, got), RC_OK);
                ck_assert_mem_eq(got, want, sizeof(want));
            }
            ck_assert_int_eq(digest_hmac_sha256_pieces(key, (struct str){data, len}, got), RC_OK);
            ck_assert_mem_eq(got, want, sizeof(want));
        }
}
END_TEST

/* openssl dgst gives the same: docs/auditor.md has the command. */
START_TEST(digest_hmac_of_pieces_gives_a_value_computed_elsewhere)
{
    static char data[10000];
    uint8_t md[SHA256_SIZE];

    memset(data, 'a', sizeof(data));
    ck_assert_int_eq(digest_hmac_sha256_pieces(STR("\x01\x02\x03\x04"), (struct str){data, sizeof(data)}, md), RC_OK);
    check_hex(md, "6f98f445aae343c667c10bd7a3c1ea89f8089accbf12302c750d8f897335be8c");
}
END_TEST

/* Sixteen different messages, so that none can take another's place. */
START_TEST(digest_lanes_are_those_of_each_message)
{
    static char data[DIGEST_LANES][320];
    const char *from[DIGEST_LANES];
    uint8_t got[DIGEST_LANES][SHA256_SIZE], want[SHA256_SIZE];

    if (!digest_has_lanes())
        return;
    ck_assert_int_eq(digest_random(data, sizeof(data)), RC_OK);
    for (size_t len = 1; len <= sizeof(data[0]); len++) {
        for (unsigned i = 0; i < DIGEST_LANES; i++)
            from[i] = data[i];
        unsigned count = 1 + (unsigned)len % DIGEST_LANES;

        ck_assert(digest_lanes(from, count, len, got));
        for (unsigned i = 0; i < count; i++) {
            ck_assert_int_eq(digest_sha256((struct str){data[i], len}, want), RC_OK);
            ck_assert_mem_eq(got[i], want, sizeof(want));
        }
    }
}
END_TEST

START_TEST(digest_hmac_refuses_keys_outside_its_limits)
{
    static const char key[1025];
    uint8_t md[SHA256_SIZE] = {1, 2, 3};

    ck_assert_int_eq(digest_hmac_sha256(STR(""), STR("x"), md), RC_INTERNAL);
    ck_assert_int_eq(digest_hmac_sha256((struct str){key, 1025}, STR("x"), md), RC_INTERNAL);
    ck_assert_int_eq(digest_hmac_sha256_pieces(STR(""), STR("x"), md), RC_INTERNAL);
    ck_assert_int_eq(md[2], 3);
    ck_assert_int_eq(digest_hmac_sha256((struct str){key, 1024}, STR("x"), md), RC_OK);
}
END_TEST

/* RFC 3720 B.4 and the check value of the algorithm. */
START_TEST(digest_crc32c_gives_rfc_3720_vectors)
{
    char zero[32] = {0}, ones[32], up[32];

    memset(ones, 0xff, sizeof(ones));
    for (size_t i = 0; i < sizeof(up); i++)
        up[i] = (char)i;
    ck_assert_uint_eq(digest_crc32c(0, (struct str){zero, 32}), 0x8a9136aau);
    ck_assert_uint_eq(digest_crc32c(0, (struct str){ones, 32}), 0x62a8ab43u);
    ck_assert_uint_eq(digest_crc32c(0, (struct str){up, 32}), 0x46dd794eu);
    ck_assert_uint_eq(digest_crc32c(0, STR("123456789")), 0xe3069283u);
    ck_assert_uint_eq(digest_crc32c(0, STR("")), 0);
    ck_assert_uint_eq(digest_crc32c(digest_crc32c(0, STR("1234")), STR("56789")), 0xe3069283u);
}
END_TEST

START_TEST(digest_crc32c_is_the_same_without_the_instruction)
{
    unsigned char bytes[100];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    for (size_t from = 0; from < 9; from++)
        for (size_t to = from; to <= sizeof(bytes); to++)
            ck_assert_uint_eq(~digest_crc32c_portable(~7u, bytes + from, to - from), digest_crc32c(7, (struct str){(char *)bytes + from, to - from}));
}
END_TEST

START_TEST(digest_base64_gives_rfc_4648_vectors)
{
    static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = BUF_INIT(100), back = BUF_INIT(100);

        ck_assert_int_eq(digest_base64(str_of(rows[i][0]), &b), RC_OK);
        ck_assert(str_eq(buf_str(&b), str_of(rows[i][1])));
        ck_assert_int_eq(digest_unbase64(buf_str(&b), &back), RC_OK);
        ck_assert(str_eq(buf_str(&back), str_of(rows[i][0])));
        buf_clear(&back);
        while (b.len && b.ptr[b.len - 1] == '=')
            b.len--;
        ck_assert_int_eq(digest_unbase64(buf_str(&b), &back), RC_OK);
        ck_assert(str_eq(buf_str(&back), str_of(rows[i][0])));
        buf_free(&b);
        buf_free(&back);
    }
    struct buf url = BUF_INIT(10);

    ck_assert_int_eq(digest_unbase64(STR("-__-"), &url), RC_OK);
    ck_assert(str_eq(buf_str(&url), STR("\xfb\xff\xfe")));
    buf_free(&url);
}
END_TEST

START_TEST(digest_unbase64_appends_nothing_when_malformed)
{
    static const char *const rows[] = {"Z", "Zg=", "Zg===", "Z===", "=", "Zm9v=", "Zm 9", "Zm9vZ", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zg=g"};
    struct buf b = BUF_INIT(100);

    ck_assert_int_eq(buf_append(&b, STR("kept")), RC_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(digest_unbase64(str_of(rows[i]), &b) == RC_MALFORMED, "%s", rows[i]);
        ck_assert(str_eq(buf_str(&b), STR("kept")));
    }
    buf_free(&b);
}
END_TEST

START_TEST(digest_base64_respects_the_maximum)
{
    struct buf b = BUF_INIT(7);

    ck_assert_int_eq(digest_base64(STR("foob"), &b), RC_TOO_LARGE);
    ck_assert_uint_eq(b.len, 0);
    buf_free(&b);
}
END_TEST

START_TEST(digest_unhex_inverts_hex)
{
    uint8_t out[3] = {9, 9, 9};

    ck_assert(digest_unhex(STR("00fFa5"), out));
    ck_assert(out[0] == 0 && out[1] == 0xff && out[2] == 0xa5);
    ck_assert(!digest_unhex(STR("00f"), out));
    ck_assert(!digest_unhex(STR("0g"), out));
    ck_assert(!digest_unhex(STR("0@"), out));
    ck_assert_uint_eq(out[1], 0xff);
}
END_TEST

START_TEST(digest_random_fills_everything)
{
    unsigned char bytes[64] = {0}, again[64] = {0}, zero[16] = {0};

    ck_assert_int_eq(digest_random(bytes, sizeof(bytes)), RC_OK);
    ck_assert_int_eq(digest_random(again, sizeof(again)), RC_OK);
    ck_assert(memcmp(bytes, again, sizeof(bytes)) != 0);
    ck_assert(memcmp(bytes + 48, zero, 16) != 0);
}
END_TEST

START_TEST(digest_table_hash_depends_on_seed)
{
    ck_assert(digest_table_hash(STR("a"), 1) == digest_table_hash(STR("a"), 1));
    ck_assert(digest_table_hash(STR("a"), 1) != digest_table_hash(STR("a"), 2));
    ck_assert(digest_table_hash(STR("a"), 1) != digest_table_hash(STR("b"), 1));
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &digest_sha256_gives_fips_180_vectors},
    {"normal", &digest_hmac_gives_rfc_4231_vectors},
    {"normal", &digest_hmac_of_pieces_is_the_hmac_of_their_digests},
    {"normal", &digest_hmac_of_pieces_gives_a_value_computed_elsewhere},
    {"normal", &digest_lanes_are_those_of_each_message},
    {"limits", &digest_hmac_refuses_keys_outside_its_limits},
    {"normal", &digest_crc32c_gives_rfc_3720_vectors},
    {"normal", &digest_crc32c_is_the_same_without_the_instruction},
    {"normal", &digest_base64_gives_rfc_4648_vectors},
    {"malformed", &digest_unbase64_appends_nothing_when_malformed},
    {"limits", &digest_base64_respects_the_maximum},
    {"malformed", &digest_unhex_inverts_hex},
    {"normal", &digest_random_fills_everything},
    {"normal", &digest_table_hash_depends_on_seed},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("digest", cases);
}
