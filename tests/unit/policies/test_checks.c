/* The checksum algorithms, with the worked examples of their standards and issuers. */
#include <stdio.h>

#include "base_suite.h"
#include "policies/detect/checks_int.h"

struct row {
    const char *text;
    bool valid;
};

static size_t
digits(const char *text, uint8_t *d)
{
    return str_digits(str_of(text), d, 40);
}

/* Every other value of each single digit must fail: all these algorithms detect one wrong digit. */
static void
single_errors_fail(bool (*valid)(const uint8_t *, size_t), const char *text)
{
    uint8_t d[40];
    size_t n = digits(text, d);

    ck_assert_msg(valid(d, n), "%s", text);
    for (size_t i = 0; i < n; i++) {
        uint8_t right = d[i];

        for (d[i] = 0; d[i] < 10; d[i]++)
            ck_assert_msg(d[i] == right || !valid(d, n), "%s with %u at %zu", text, d[i], i);
        d[i] = right;
    }
}

START_TEST(luhn_finds_every_wrong_digit)
{
    single_errors_fail(luhn_valid, "4012888888881881");
    single_errors_fail(luhn_valid, "378282246310005");
    single_errors_fail(luhn_valid, "73282932000074");
}
END_TEST

START_TEST(verhoeff_finds_every_wrong_digit)
{
    uint8_t d[40];

    single_errors_fail(verhoeff_valid, "2363");
    single_errors_fail(verhoeff_valid, "234123412346");
    ck_assert(!verhoeff_valid(d, digits("3263", d)));
}
END_TEST

START_TEST(mod11_10_finds_every_wrong_digit)
{
    single_errors_fail(mod11_10_valid, "36574261809");
    single_errors_fail(mod11_10_valid, "33392005961");
    single_errors_fail(mod11_10_valid, "136695976");
}
END_TEST

START_TEST(mod11_2_takes_ten_as_x)
{
    uint8_t d[40];

    single_errors_fail(mod11_2_valid, "360426199101010071");
    size_t n = digits("11010519491231002", d);

    d[n] = 10;
    ck_assert(mod11_2_valid(d, n + 1));
    d[n] = 9;
    ck_assert(!mod11_2_valid(d, n + 1));
}
END_TEST

START_TEST(mod97_is_one_for_valid_numbers)
{
    ck_assert_uint_eq(mod97(STR("WEST12345698765432GB82")), 1);
    ck_assert_uint_eq(mod97(STR("west 1234 5698 7654 32 gb82")), 1);
    ck_assert_uint_eq(mod97(STR("3214282912345698765432161182")), 1);
    ck_assert_uint_eq(mod97(STR("213800KUD8LAJWSQ9D15")), 1);
    ck_assert_uint_ne(mod97(STR("213800KUD8LXJWSQ9D15")), 1);
    ck_assert_uint_eq(mod97_from(mod97(STR("WEST12345698765432")), STR("GB82")), 1);
}
END_TEST

START_TEST(crc32_and_base62_follow_their_vectors)
{
    static const char body[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    ck_assert_uint_eq(crc32_ieee(STR("123456789")), 0xCBF43926u);
    ck_assert_uint_eq(crc32_ieee(STR("")), 0);
    ck_assert_uint_eq(crc32_ieee(str_of(body)), 830433819u);
    ck_assert(base62_is(STR("0uCPlr"), 830433819u));
    ck_assert(!base62_is(STR("0uCPls"), 830433819u));
    ck_assert(!base62_is(STR("CPlr"), 830433819u));
    ck_assert(base62_is(STR("000000"), 0));
    ck_assert(base62_is(STR("z"), 61));
    ck_assert(base62_is(STR("10"), 62));
}
END_TEST

static void
hash_is(struct str text, const char *hex)
{
    uint8_t hash[32];
    char shown[65];

    keccak256(text, hash);
    for (size_t i = 0; i < 32; i++)
        snprintf(shown + 2 * i, 3, "%02x", hash[i]);
    ck_assert_str_eq(shown, hex);
}

/* The first two are Ethereum's constants for the empty code and the empty trie; the third crosses the rate of 136 bytes. */
START_TEST(keccak_follows_its_vectors)
{
    char block[137];

    memset(block, 'a', sizeof(block));
    hash_is(STR(""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    hash_is(STR("\x80"), "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    hash_is(STR("abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    hash_is((struct str){block, 136}, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
    hash_is((struct str){block, 137}, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
}
END_TEST

START_TEST(base58check_finds_wrong_letters)
{
    char address[] = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    ck_assert(base58check_valid(str_of(address)));
    ck_assert(base58check_valid(STR("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy")));
    for (size_t i = 0; address[i]; i++) {
        char right = address[i];

        address[i] = right == 'z' ? 'y' : 'z';
        ck_assert_msg(!base58check_valid(str_of(address)), "wrong at %zu", i);
        address[i] = right;
    }
    ck_assert(!base58check_valid(STR("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN")));
    ck_assert(!base58check_valid(STR("0OIl")));
    ck_assert(!base58check_valid(STR("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")));
}
END_TEST

/* BIP 173 and BIP 350 test vectors. */
START_TEST(bech32_follows_its_vectors)
{
    ck_assert(bech32_valid(STR("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")));
    ck_assert(bech32_valid(STR("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")));
    ck_assert(bech32_valid(STR("A12UEL5L")));
    ck_assert(bech32_valid(STR("a1lqfn3a")));
    ck_assert(!bech32_valid(STR("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")));
    ck_assert(!bech32_valid(STR("bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")));
    ck_assert(!bech32_valid(STR("1pzry9x0s0muk")));
    ck_assert(!bech32_valid(STR("b1o")));
    ck_assert(!bech32_valid(STR("")));
}
END_TEST

START_TEST(base64_peek_decodes_both_alphabets)
{
    char out[8];
    size_t n = 99;

    ck_assert(base64_peek(STR("Zm9vYg=="), out, sizeof(out), &n));
    ck_assert_uint_eq(n, 4);
    ck_assert_mem_eq(out, "foob", 4);
    ck_assert(base64_peek(STR("-_-_"), out, sizeof(out), &n));
    ck_assert_mem_eq(out, "\xfb\xff\xbf", 3);
    ck_assert(base64_peek(STR("+/+/"), out, sizeof(out), &n));
    ck_assert_mem_eq(out, "\xfb\xff\xbf", 3);
    ck_assert(base64_peek(STR("Zm9vYmFyZm9vYmFy"), out, sizeof(out), &n));
    ck_assert_uint_eq(n, 8);
    ck_assert(!base64_peek(STR("Zm 9"), out, sizeof(out), &n));
}
END_TEST

START_TEST(dates_know_months_and_leap_years)
{
    ck_assert(date_valid(2024, 2, 29));
    ck_assert(!date_valid(2023, 2, 29));
    ck_assert(date_valid(2000, 2, 29));
    ck_assert(!date_valid(1900, 2, 29));
    ck_assert(date_valid(0, 2, 29));
    ck_assert(!date_valid(23, 2, 29));
    ck_assert(!date_valid(2024, 13, 1));
    ck_assert(!date_valid(2024, 0, 1));
    ck_assert(!date_valid(2024, 4, 31));
    ck_assert(!date_valid(2024, 4, 0));
}
END_TEST

START_TEST(placeholders_are_not_values)
{
    static const struct row rows[] = {{"REDACTED", true}, {"[PASSWORD]", true}, {"<EMAIL_ADDRESS>", true}, {"****", true}, {"xxxx", true},
        {"${DB_PASSWORD}", true}, {"{{ .Values.pw }}", true}, {"", true}, {"null", true}, {"hunter2", false}, {"<hunter2>", false}, {"***1", false},
        {"${a}b", false}, {"[]", false}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(str_placeholder(str_of(rows[i].text)) == rows[i].valid, "%s", rows[i].text);
}
END_TEST

START_TEST(uuid_is_seen_around_a_match)
{
    struct match m = {.text = STR("id 550e8400-e29b-41d4-a716-446655440000."), .start = 27, .end = 39};

    ck_assert(match_in_uuid(&m));
    m.start = 12;
    m.end = 26;
    ck_assert(match_in_uuid(&m));
    m.text = STR("id 550e8400-e29b-41d4-a716-44665544000g.");
    ck_assert(!match_in_uuid(&m));
    m.text = STR("4111-1111-1111-1111");
    m.start = 0;
    m.end = 19;
    ck_assert(!match_in_uuid(&m));
}
END_TEST

START_TEST(entropy_counts_bits_a_byte)
{
    ck_assert_double_eq_tol(str_entropy(STR("aaaa")), 0, 1e-9);
    ck_assert_double_eq_tol(str_entropy(STR("abab")), 1, 1e-9);
    ck_assert_double_eq_tol(str_entropy(STR("abcdefgh")), 3, 1e-9);
    ck_assert_double_eq_tol(str_entropy(STR("")), 0, 1e-9);
}
END_TEST

START_TEST(digits_refuse_more_than_fit)
{
    uint8_t d[4];

    ck_assert_uint_eq(str_digits(STR("1-2.3 4"), d, 4), 4);
    ck_assert_uint_eq(digits_value(d, 4), 1234);
    ck_assert_uint_eq(str_digits(STR("12345"), d, 4), 0);
    ck_assert(!luhn_valid(d, 0));
    ck_assert(!verhoeff_valid(d, 0));
    ck_assert(!mod11_10_valid(d, 0));
    ck_assert(!mod11_2_valid(d, 0));
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &luhn_finds_every_wrong_digit},
    {"normal", &verhoeff_finds_every_wrong_digit},
    {"normal", &mod11_10_finds_every_wrong_digit},
    {"normal", &mod11_2_takes_ten_as_x},
    {"normal", &mod97_is_one_for_valid_numbers},
    {"normal", &crc32_and_base62_follow_their_vectors},
    {"normal", &keccak_follows_its_vectors},
    {"normal", &base58check_finds_wrong_letters},
    {"normal", &bech32_follows_its_vectors},
    {"normal", &base64_peek_decodes_both_alphabets},
    {"normal", &dates_know_months_and_leap_years},
    {"normal", &placeholders_are_not_values},
    {"normal", &uuid_is_seen_around_a_match},
    {"normal", &entropy_counts_bits_a_byte},
    {"limits", &digits_refuse_more_than_fit},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("checks", cases);
}
