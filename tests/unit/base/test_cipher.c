#include "base/cipher.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base_rng.h"
#include "base_suite.h"

/* Bytes from hexadecimal; the result lives until the next but three. */
static struct str
bytes_of(const char *hex)
{
    static uint8_t space[4][256];
    static unsigned at;
    uint8_t *to = space[at++ % 4];

    ck_assert(digest_unhex(str_of(hex), to));
    return (struct str){(const char *)to, strlen(hex) / 2};
}

static void
check_hex(const uint8_t *data, size_t len, const char *want)
{
    char hex[512] = {0};

    digest_hex((struct str){(const char *)data, len}, hex);
    ck_assert_str_eq(hex, want);
}

/* RFC 5297 appendix A.1 and A.2. */
START_TEST(cipher_siv_gives_rfc_5297_vectors)
{
    uint8_t out[128], back[128];
    struct str ad = bytes_of("101112131415161718191a1b1c1d1e1f2021222324252627"), plain = bytes_of("112233445566778899aabbccddee");
    struct str key = bytes_of("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");

    ck_assert_int_eq(cipher_siv_seal(key, &ad, 1, plain, out), RC_OK);
    check_hex(out, 30, "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    ck_assert_int_eq(cipher_siv_open(key, &ad, 1, (struct str){(char *)out, 30}, back), RC_OK);
    ck_assert_mem_eq(back, plain.ptr, plain.len);

    struct str key2 = bytes_of("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f");
    const struct str three[] = {bytes_of("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100"),
        bytes_of("102030405060708090a0"), bytes_of("09f911029d74e35bd84156c5635688c0")};

    ck_assert_int_eq(cipher_siv_seal(key2, three, 3, STR("this is some plaintext to encrypt using SIV-AES"), out), RC_OK);
    check_hex(
        out, 63, "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d");
}
END_TEST

START_TEST(cipher_siv_opens_nothing_that_was_changed)
{
    const struct str ad[] = {STR("a"), STR("b")}, other[] = {STR("b"), STR("a")}, joined[] = {STR("ab")}, empty[] = {STR("")};
    char key[SIV_KEY_SIZE];
    uint8_t sealed[SIV_TAG_SIZE + 5], back[5];

    memset(key, 7, sizeof(key));
    struct str k = {key, sizeof(key)}, s = {(char *)sealed, sizeof(sealed)};

    ck_assert_int_eq(cipher_siv_seal(k, ad, 2, STR("alice"), sealed), RC_OK);
    ck_assert_int_eq(cipher_siv_open(k, ad, 2, s, back), RC_OK);
    ck_assert_int_eq(cipher_siv_open(k, other, 2, s, back), RC_MALFORMED);
    ck_assert_int_eq(cipher_siv_open(k, joined, 1, s, back), RC_MALFORMED);
    for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
        ck_assert_int_eq(cipher_siv_open(k, ad, 2, s, back), RC_MALFORMED);
        sealed[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t n = 0; n < sizeof(sealed); n++)
        ck_assert_int_eq(cipher_siv_open(k, ad, 2, str_sub(s, 0, n), back), RC_MALFORMED);
    key[3] ^= 1;
    ck_assert_int_eq(cipher_siv_open(k, ad, 2, s, back), RC_MALFORMED);
    ck_assert_int_eq(cipher_siv_seal(k, empty, 1, STR("alice"), sealed), RC_INTERNAL);
    ck_assert_int_eq(cipher_siv_seal(k, ad, 2, STR(""), sealed), RC_INTERNAL);
    ck_assert_int_eq(cipher_siv_seal(STR("short"), ad, 2, STR("alice"), sealed), RC_INTERNAL);
}
END_TEST

static void
check_ff1(const char *key, unsigned radix, const char *tweak, const char *plain, const char *want)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint8_t digits[64];
    char shown[65] = {0};
    size_t len = strlen(plain);

    for (size_t i = 0; i < len; i++)
        digits[i] = (uint8_t)(strchr(alphabet, plain[i]) - alphabet);
    ck_assert_int_eq(cipher_ff1(bytes_of(key), radix, bytes_of(tweak), false, digits, len), RC_OK);
    for (size_t i = 0; i < len; i++)
        shown[i] = alphabet[digits[i]];
    ck_assert_str_eq(shown, want);
    ck_assert_int_eq(cipher_ff1(bytes_of(key), radix, bytes_of(tweak), true, digits, len), RC_OK);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(alphabet[digits[i]], plain[i]);
}

#define K128 "2B7E151628AED2A6ABF7158809CF4F3C"
#define K192 K128 "EF4359D8D580AA4F"
#define K256 K192 "7F036D6F04FC6A94"

/* NIST, "FF1 samples", 1 to 9. */
START_TEST(cipher_ff1_gives_the_samples_of_nist)
{
    static const char t10[] = "39383736353433323130", t11[] = "3737373770717273373737";

    check_ff1(K128, 10, "", "0123456789", "2433477484");
    check_ff1(K128, 10, t10, "0123456789", "6124200773");
    check_ff1(K128, 36, t11, "0123456789abcdefghi", "a9tv40mll9kdu509eum");
    check_ff1(K192, 10, "", "0123456789", "2830668132");
    check_ff1(K192, 10, t10, "0123456789", "2496655549");
    check_ff1(K192, 36, t11, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr");
    check_ff1(K256, 10, "", "0123456789", "6657667009");
    check_ff1(K256, 10, t10, "0123456789", "1001623463");
    check_ff1(K256, 36, t11, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd");
}
END_TEST

START_TEST(cipher_ff1_goes_back_for_every_length_and_radix)
{
    static const unsigned radixes[] = {2, 10, 26, 36, 62, 64};
    uint8_t digits[FF1_LEN_MAX], before[FF1_LEN_MAX];
    struct rng r = {3};

    for (size_t k = 0; k < sizeof(radixes) / sizeof(radixes[0]); k++) {
        for (size_t len = 2; len <= FF1_LEN_MAX; len++) {
            for (size_t i = 0; i < len; i++)
                digits[i] = before[i] = (uint8_t)rng_below(&r, radixes[k]);
            enum rc rc = cipher_ff1(bytes_of(K256), radixes[k], STR("t"), false, digits, len);

            ck_assert_int_eq(rc, cipher_ff1_allowed(radixes[k], len) ? RC_OK : RC_LIMIT);
            if (rc != RC_OK)
                continue;
            for (size_t i = 0; i < len; i++)
                ck_assert_uint_lt(digits[i], radixes[k]);
            ck_assert_int_eq(cipher_ff1(bytes_of(K256), radixes[k], STR("t"), true, digits, len), RC_OK);
            ck_assert_mem_eq(digits, before, len);
        }
    }
}
END_TEST

START_TEST(cipher_ff1_refuses_small_domains)
{
    uint8_t digits[16] = {1, 2, 3, 4, 5, 6};
    char tweak[FF1_TWEAK_MAX + 1] = {0};

    ck_assert(!cipher_ff1_allowed(10, 5));
    ck_assert(cipher_ff1_allowed(10, 6));
    ck_assert(!cipher_ff1_allowed(36, 3));
    ck_assert(cipher_ff1_allowed(36, 4));
    ck_assert(cipher_ff1_allowed(62, 4));
    ck_assert(!cipher_ff1_allowed(26, 4));
    ck_assert(!cipher_ff1_allowed(10, FF1_LEN_MAX + 1));
    ck_assert(!cipher_ff1_allowed(1, 100));
    ck_assert_int_eq(cipher_ff1(bytes_of(K128), 10, STR(""), false, digits, 5), RC_LIMIT);
    ck_assert_int_eq(cipher_ff1(bytes_of(K128), 10, (struct str){tweak, sizeof(tweak)}, false, digits, 6), RC_LIMIT);
    ck_assert_int_eq(cipher_ff1(STR("short"), 10, STR(""), false, digits, 6), RC_INTERNAL);
    digits[2] = 10;
    ck_assert_int_eq(cipher_ff1(bytes_of(K128), 10, STR(""), false, digits, 6), RC_INTERNAL);
}
END_TEST

/* RFC 7693 appendix A; the others are those of b2sum(1). */
START_TEST(cipher_blake2b_gives_known_vectors)
{
    char block[257];
    uint8_t out[BLAKE2B_SIZE];

    cipher_blake2b(STR("abc"), out, 64);
    check_hex(
        out, 64, "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    cipher_blake2b(STR(""), out, 32);
    check_hex(out, 32, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    memset(block, 'x', sizeof(block));
    cipher_blake2b((struct str){block, 128}, out, 32);
    check_hex(out, 32, "164ffb7089bae6f5a62fb0795e751dc9e88eac92e1a5b2fafe93a25abf2d9c3b");
    cipher_blake2b((struct str){block, 257}, out, 64);
    check_hex(
        out, 64, "277871d7679a32a3bed9c5683b726e2d1d40df26a6d80b9ee28391f07f7bed611e82eb6b301c7380f9adb0c1c6689b3bf07ffe3871334b1526cf30e1cc67e03c");
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &cipher_siv_gives_rfc_5297_vectors},
    {"malformed", &cipher_siv_opens_nothing_that_was_changed},
    {"normal", &cipher_ff1_gives_the_samples_of_nist},
    {"normal", &cipher_ff1_goes_back_for_every_length_and_radix},
    {"limits", &cipher_ff1_refuses_small_domains},
    {"normal", &cipher_blake2b_gives_known_vectors},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("cipher", cases);
}
