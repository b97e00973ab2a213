/*
 * Texts made to slip through: several rules on the same bytes, values behind encodings and odd characters, patterns that cannot be run to their end,
 * policies that say nothing. One case for each, through the whole path.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base_rng.h"
#include "base_suite.h"
#include "policies/detector.h"
#include "policies_program.h"

#define MAIL "jane.roe@example.org"
#define PAN "4111111111111111"

static const char policy[] = POLICY("hostile") "  rules:\n"
                                               "    - {id: card, entity: CREDIT_CARD, action: {mask: {char: '*', keep_last: 4}}}\n"
                                               "    - {id: iban, entity: IBAN, action: {replace: '[{entity}]'}}\n"
                                               "    - {id: secrets, use: secret, action: {replace: '[{entity}]'}}\n"
                                               "    - {id: government, use: government, action: {replace: '[{entity}]'}}\n"
                                               "    - {id: contact, use: contact, action: {replace: '[{entity}]'}}\n";

static void
gone(const char *out, const char *value)
{
    ck_assert_msg(strstr(out, value) == NULL, "%s is still in %s", value, out);
}

static void
stays(const char *out, const char *value)
{
    ck_assert_msg(strstr(out, value) != NULL, "%s is not in %s", value, out);
}

struct row {
    const char *text, *value; /* value must be gone */
};

static void
check_rows(const char *yaml, const struct row *rows, size_t count)
{
    struct gate_small g;

    small_open(&g, yaml);
    for (size_t i = 0; i < count; i++)
        gone(small_text(&g, "app.text", rows[i].text), rows[i].value);
    small_close(&g);
}

#define CHECK_ROWS(...)                                           \
    do {                                                          \
        static const struct row rows[] = {__VA_ARGS__};           \
        check_rows(policy, rows, sizeof(rows) / sizeof(rows[0])); \
    } while (0)

/* ---- several rules on the same bytes ---- */

START_TEST(holes_allowed_and_blocked_in_one_value)
{
    struct gate_small g;

    small_open(&g, policy);
    const char *out = small_text(&g, "app.text", PAN " a@mycompany.example https://shop.example.org/ok");

    gone(out, PAN);
    gone(out, "a@mycompany");
    stays(out, "https://shop.example.org/ok");
    small_close(&g);
}
END_TEST

START_TEST(holes_overlapping_patterns_in_both_orders)
{
    static const char *const rules[] = {
        "    - {id: a, regex: 'abc[0-9]+', action: {replace: A}}\n", "    - {id: b, regex: '[0-9]+xyz', action: {replace: B}}\n"};

    for (int order = 0; order < 2; order++) {
        char yaml[512];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), "%s  rules:\n%s%s", POLICY("p"), rules[order], rules[!order]);
        small_open(&g, yaml);
        ck_assert_str_eq(small_text(&g, "k", "<abc12345xyz>"), "<A>");
        small_close(&g);
    }
}
END_TEST

/* A shorter value inside a longer one: each has its own pseudonym, and neither is replaced inside the other's. */
START_TEST(holes_hash_of_a_number_inside_a_number)
{
    struct gate_small g;
    char both[256], longer[256];

    small_open(&g, POLICY("p") "  rules:\n    - {id: n, regex: '(?<![0-9A-Za-z_])[0-9]{2,3}(?![0-9A-Za-z_])', action: {hash: {key: pseudonym-2026, "
                               "format: 'h_{hex16}'}}}\n");
    snprintf(both, sizeof(both), "%s", small_text(&g, "k", "42 and 423 and 42"));
    snprintf(longer, sizeof(longer), "%s", small_text(&g, "k", "423"));
    stays(both, longer);
    ck_assert_int_eq(memcmp(both, longer, strlen(longer)) != 0, 1);
    ck_assert_int_eq(memcmp(both, strstr(both, " and ") + 5 + strlen(longer) + 5, strlen(longer)), 0);
    small_close(&g);
}
END_TEST

/* ---- policies ---- */

START_TEST(holes_empty_list_of_keys_does_not_switch_off_the_rest)
{
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(
        program_try(POLICY("p") "  rules:\n    - {id: k, keys: [], action: drop}\n    - {id: c, use: contact, action: {replace: X}}\n", &p, &es),
        RC_CONFIG);
    ck_assert_ptr_null(p);
    errs_free(&es);
}
END_TEST

START_TEST(holes_unknown_action_is_refused)
{
    static const char *const actions[] = {
        "delet", "{mask: {chr: '*'}}", "{hash: {}}", "{hash: {algorithm: md5}}", "{hash: {key: not-there}}", "allow"};

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct errs es = {0};
        struct program *p = NULL;
        char yaml[512];

        snprintf(yaml, sizeof(yaml), "%s  rules:\n    - {id: k, keys: [a], action: %s}\n", POLICY("p"), actions[i]);
        ck_assert_msg(program_try(yaml, &p, &es) == RC_CONFIG, "action %s is accepted", actions[i]);
        errs_free(&es);
    }
}
END_TEST

/* What reaches the match limit is redacted whole. */
START_TEST(holes_match_limit_redacts)
{
    char text[2048];
    struct gate_small g;

    memset(text, 'a', sizeof(text));
    memcpy(text, MAIL " ", sizeof(MAIL));
    text[sizeof(text) - 2] = '!';
    text[sizeof(text) - 1] = '\0';
    small_open(&g, POLICY("p") "  rules:\n    - {id: slow, regex: '(?:a|aa|aaa)+(?!.*!)', action: {replace: X}}\n");
    const char *out = small_text(&g, "k", text);

    gone(out, "aaaa");
    gone(out, MAIL);
    stays(out, "undecidable");
    small_close(&g);
}
END_TEST

START_TEST(holes_long_values_are_examined_or_redacted)
{
    size_t len = 100000;
    char *text = malloc(len + 1);
    struct gate_small g;

    ck_assert_ptr_nonnull(text);
    small_open(&g, policy);
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < len; i++)
            text[i] = "x 1%"[kind == 2 ? i % 2 : kind];
        text[len] = '\0';
        memcpy(text + len / 2, " " MAIL " ", sizeof(MAIL) + 1);
        gone(small_text(&g, "app.text", text), MAIL);
    }
    small_close(&g);
    free(text);
}
END_TEST

/* Best of three, of one text that repeats what an earlier gate has left. */
static uint64_t
marker_us(struct gate_small *g, size_t len)
{
    static const char unit[] = "<PASSWORD>abcd1234 ";
    uint64_t best = UINT64_MAX;
    char *text = malloc(len + 1);

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < len; i++)
        text[i] = unit[i % (sizeof(unit) - 1)];
    text[len] = '\0';
    for (int i = 0; i < 3; i++) {
        uint64_t start = clock_mono_us(&clock_system), took;

        stays(small_text(g, "app.text", text), "abcd1234");
        took = clock_mono_us(&clock_system) - start;
        best = took < best ? took : best;
    }
    free(text);
    return best;
}

/* Four times the bytes: a square would take sixteen times as long, every time. */
START_TEST(holes_markers_in_great_numbers_take_no_square)
{
    struct gate_small g;
    uint64_t quarter = 0, whole = 0;

    small_open(&g, POLICY("p") "  rules:\n    - {id: pw, entity: PASSWORD, action: {replace: '<PASSWORD>'}}\n");
    for (int i = 0; i < 5; i++) {
        quarter = marker_us(&g, 30000);
        whole = marker_us(&g, 120000);
        if (whole < 20000 || whole < 9 * quarter)
            break;
    }
    ck_assert_msg(whole < 20000 || whole < 9 * quarter, "%llu then %llu us", (unsigned long long)quarter, (unsigned long long)whole);
    small_close(&g);
}
END_TEST

#define MANY_SPANS 600
#define MANY_ATTRS 20

/* A request full of identifiers that are all different is ordinary: no budget may run out on it. */
START_TEST(holes_many_identifiers_in_one_request)
{
    static const char *const alphabets[] = {
        "0123456789abcdef", "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", "0123456789.-:abcdef"};
    size_t cap = (size_t)MANY_SPANS * (MANY_ATTRS * 96 + 64) + 256, n = 0;
    char *json = malloc(cap);
    struct rng r = {4};
    struct gate_small g;

    ck_assert_ptr_nonnull(json);
    n += (size_t)snprintf(json + n, cap - n, "%s", "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
    for (unsigned i = 0; i < MANY_SPANS; i++) {
        n += (size_t)snprintf(json + n, cap - n, "%s{\"attributes\":[", i ? "," : "");
        for (unsigned k = 0; k < MANY_ATTRS; k++) {
            n += (size_t)snprintf(json + n, cap - n, "%s{\"key\":\"id%u\",\"value\":{\"stringValue\":\"", k ? "," : "", k);
            for (unsigned c = 0; c < 12 + k; c++)
                json[n++] = alphabets[k % 4][rng_below(&r, (uint32_t)strlen(alphabets[k % 4]))];
            n += (size_t)snprintf(json + n, cap - n, "%s", "\"}}");
        }
        n += (size_t)snprintf(json + n, cap - n, "%s", "]}");
    }
    snprintf(json + n, cap - n, "%s", "]}]}]}");
    small_open(&g, policy);
    small_pass(&g, 0, json);
    ck_assert_int_eq(g.rc, RC_OK);
    ck_assert_uint_eq(g.findings.undecidable, 0);
    small_close(&g);
    free(json);
}
END_TEST

/* ---- numbers that must not be taken for others ---- */

START_TEST(holes_ssn_with_zeros)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(small_text(&g, "app.text", "ssn 536-90-0099"), "536-90-0099");
    gone(small_text(&g, "app.text", "ssn 001-01-0001"), "001-01-0001");
    stays(small_text(&g, "app.text", "part 536-90-0000"), "536-90-0000");
    stays(small_text(&g, "app.text", "part 000-90-4399"), "000-90-4399");
    stays(small_text(&g, "app.text", "part 536-00-4399"), "536-00-4399");
    small_close(&g);
}
END_TEST

START_TEST(holes_card_next_to_other_numbers)
{
    CHECK_ROWS({"1700000000000 4111 1111 1111 1111 200", "1111 1111 1111"}, {"amount 5 4111111111111111 7", PAN},
        {"4111-1111-1111-1111-2024", "1111-1111-1111"}, {"x=4111111111111111&y=1", PAN}, {"(4111111111111111)", PAN},
        {"4111 1111 1111 1111,5500-0000-0000-0004", "0000-0000"});
}
END_TEST

/* ---- what stands next to a value ---- */

START_TEST(holes_neighbours_in_other_scripts)
{
    CHECK_ROWS({"\xe5\x8d\xa1\xe5\x8f\xb7" PAN "\xe8\xb0\xa2\xe8\xb0\xa2", PAN}, {"\xd0\xba\xd0\xb0\xd1\x80\xd1\x82\xd0\xb0" PAN "\xd1\x8b", PAN},
        {"\xe8\x81\x94\xe7\xb3\xbb" MAIL "\xe3\x80\x82", MAIL}, {"\xc3\xa9" PAN "\xc3\xa9", PAN}, {"\xe3\x80\x8c" MAIL "\xe3\x80\x8d", MAIL},
        {"SSN\xef\xbc\x9a"
         "536-90-4399\xe3\x81\xa7\xe3\x81\x99",
            "536-90-4399"},
        {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" MAIL "\xd7\xa9", MAIL});
}
END_TEST

/* A look-alike in front must not keep the rest of an address. */
START_TEST(holes_homoglyph_in_an_address)
{
    CHECK_ROWS({"\xd0\xb0lice.roe@example.org", "lice.roe@"}, {"j\xd0\xb0ne@ex\xd0\xb0mple.org", "ne@ex"});
}
END_TEST

/* ---- behind other characters ---- */

START_TEST(holes_zero_width_inside_a_secret)
{
    CHECK_ROWS({"gh\xe2\x80\x8bp_0000000000000000000000000000000000000 gh\xe2\x80\x8bp_" /* the checksum of thirty A */
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                "0uCPlr",
                   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"pass\xe2\x80\x8bword=hunter2hunter2", "hunter2hunter2"}, {"password=hun\xe2\x80\x8dter2hun\xef\xbb\xbfter2", "ter2hun"},
        {"4111\xe2\x80\x8b"
         "1111\xe2\x81\xa0"
         "1111\xc2\xad"
         "1111",
            "4111"},
        {"jane.roe\xe2\x80\x8b@example.org", "jane.roe"},
        {"4\xcc\x81"
         "111111111111111",
            "111111111111111"});
}
END_TEST

START_TEST(holes_digits_and_letters_of_other_width)
{
    CHECK_ROWS({"\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
                "111111111111",
                   "111111111111"},
        {"jane.roe\xef\xbc\xa0"
         "example.org",
            "jane.roe"},
        {"4111\xc2\xa0"
         "1111\xe2\x80\xaf"
         "1111\xe3\x80\x80"
         "1111",
            "4111"},
        {"4111\xe2\x80\x93"
         "1111\xe2\x80\x93"
         "1111\xe2\x80\x93"
         "1111",
            "4111"},
        {"\xd9\xa4\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1\xd9\xa1",
            "\xd9\xa4\xd9\xa1\xd9\xa1"});
}
END_TEST

/* ---- behind encodings ---- */

START_TEST(holes_percent_encoding)
{
    CHECK_ROWS({"/u?m=jane.roe%40example.org", "jane.roe"}, {"/u?m=jane.roe%2540example.org", "jane.roe"},
        {"/u?m=jane%2Eroe%252540example.org", "jane%2Eroe"}, {"c=4111+1111+1111+1111&x=1", "4111"}, {"c=%34111111111111111", "111111111111111"},
        {"m=%u006aane.roe%u0040example.org", "ane.roe"}, {"100% of jane.roe%40example.org %zz", "jane.roe"});
}
END_TEST

START_TEST(holes_percent_encoded_name_of_a_parameter)
{
    CHECK_ROWS({"/x?%61pi_key=deadbeefdeadbeef&y=1", "deadbeefdeadbeef"}, {"/x?p%61ssword=hunter2hunter2", "hunter2hunter2"},
        {"/x?X-Amz-%53ignature=0a1b2c3d4e5f", "0a1b2c3d4e5f"}, {"/x?%2561pi_key=deadbeefdeadbeef", "deadbeefdeadbeef"});
}
END_TEST

START_TEST(holes_json_in_json)
{
    CHECK_ROWS({"{\"a\":{\"mail\":\"" MAIL "\"}}", MAIL}, {"{\"body\":\"{\\\"mail\\\":\\\"" MAIL "\\\"}\"}", MAIL},
        {"{\"body\":\"{\\\"b\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"hunter2hunter2\\\\\\\"}\\\"}\"}", "hunter2hunter2"},
        {"{\"m\":\"jane.roe\\u0040example.org\"}", "jane.roe"}, {"{\"c\":\"\\u0034111111111111111\"}", "111111111111111"},
        {"{\"m\":\"\\u006a\\u0061\\u006e\\u0065@example.org\"}", "example.org"}, {"{\"c\":4111111111111111}", PAN}, {"{\"truncated\":\"" MAIL, MAIL});
}
END_TEST

START_TEST(holes_html_entities)
{
    CHECK_ROWS({"jane.roe&#64;example.org", "jane.roe"}, {"jane.roe&#x40;example.org", "jane.roe"},
        {"jane.roe&commat;example&period;org", "jane.roe"}, {"4111&nbsp;1111&nbsp;1111&nbsp;1111", "4111&nbsp;1111"},
        {"&lt;b&gt;" MAIL "&lt;/b&gt;", MAIL}, {"&#52;111111111111111", "111111111111111"});
}
END_TEST

START_TEST(holes_base64)
{
    /* The address; in base64 again; in the other alphabet without its filling; the card with a word of context outside. */
    CHECK_ROWS({"amFuZS5yb2VAZXhhbXBsZS5vcmc=", "amFuZS5yb2VA"}, {"YW1GdVpTNXliMlZBWlhoaGJYQnNaUzV2Y21jPQ==", "YW1GdVpTNXliMlZB"},
        {"/f/amFuZS5yb2VAZXhhbXBsZS5vcmc/x", "amFuZS5yb2VA"}, {"v=NDExMTExMTExMTExMTExMQ==", "NDExMTExMTExMTExMTExMQ"},
        {"ssn NTM2OTA0Mzk5LCBvaw==", "NTM2OTA0Mzk5"}, {"t=NTM2LTkwLTQzOTk=", "NTM2LTkwLTQzOTk"},
        {"a=YWJj;b=amFuZS5yb2VAZXhhbXBsZS5vcmc=;c=1", "amFuZS5yb2VA"});
}
END_TEST

START_TEST(holes_hexadecimal)
{
    CHECK_ROWS({"6a616e652e726f65406578616d706c652e6f7267", "6a616e652e726f65"}, {"0x34313131313131313131313131313131", "3431313131"},
        {"ssn 3533362d39302d34333939", "3533362d3930"}, {"\\x6a616e652e726f65406578616d706c652e6f7267", "6a616e652e726f65"});
}
END_TEST

/* Compressed data cannot be looked into. */
START_TEST(holes_compressed_bytes_are_redacted)
{
    struct gate_small g;

    small_open(&g, policy);
    const char *out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"raw\",\"value\":{\"bytesValue\":"
        "\"H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==\"}}]}]}]}]}");

    ck_assert_int_eq(g.rc, RC_OK);
    gone(out, "H4sIAAAA");
    small_close(&g);
}
END_TEST

/* Bytes need not be UTF-8: some read a character that is written longer than need be. */
START_TEST(holes_overlong_characters_in_bytes)
{
    struct gate_small g;

    small_open(&g, policy);
    const char *out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"raw\",\"value\":{\"bytesValue\":"
        "\"bWFpbCBqYW5lLnJvZeCBgGV4YW1wbGUub3JnIG5vdw==\"}}]}]}]}]}");

    ck_assert_int_eq(g.rc, RC_OK);
    gone(out, "bWFpbCBqYW5lLnJvZeCBgGV4YW1wbGUub3JnIG5vdw==");
    small_close(&g);
}
END_TEST

/* Whatever may stand between the parts of a context word, the finder lets stand there. */
START_TEST(holes_context_words_with_any_separator)
{
    static const char separators[] = DETECTOR_SEPARATORS;
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: h, detector: health.insurance_member_id, action: {replace: '[id]'}}\n");
    for (size_t i = 0; separators[i]; i++) {
        char text[64];

        snprintf(text, sizeof(text), "health%cplan AMT5H1GR1SD", separators[i]);
        gone(small_text(&g, "app.text", text), "AMT5H1GR1SD");
    }
    small_close(&g);
}
END_TEST

/* More layers than are taken off: nobody can say what is in it. */
START_TEST(holes_too_many_layers_are_redacted)
{
    CHECK_ROWS({"m=jane.roe%25252525252540example.org", "jane.roe"}, {"%252525252534111111111111111", "111111111111111"},
        {"mail jane.roe&amp;amp;amp;amp;#64;example.org", "jane.roe"},
        {"V1RJNWRXUkhSbXBrUTBKeFdWYzFiRXh1U25aYVZVSnNaVWRHZEdOSGVHeE1iVGw1V25sQ2VtSXlPWFZKU0VKeldsZEdlbHBSUFQw"
         "PQ==",
            "V1RJNWRXUkhSbXBrUTBKeFdW"},
        {"3336363133363331333636353336333533323635333733323336363633363335333433303336333533373338333633313336"
         "363433373330333636333336333533323635333636363337333233363337",
            "333636313336333133363635"});
}
END_TEST

/* What looks like the beginning of an escape keeps no other one from being read. */
START_TEST(holes_paths_that_look_like_escapes)
{
    CHECK_ROWS({"C:\\users\\jane to jane.roe&#64;example.org", "jane.roe"}, {"C:\\users\\jane to jane.roe%40example.org", "jane.roe"},
        {"to jane.roe&#x00000000000040;example.org", "jane.roe"});
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &holes_allowed_and_blocked_in_one_value},
    {"normal", &holes_overlapping_patterns_in_both_orders},
    {"normal", &holes_hash_of_a_number_inside_a_number},
    {"malformed", &holes_empty_list_of_keys_does_not_switch_off_the_rest},
    {"malformed", &holes_unknown_action_is_refused},
    {"limits", &holes_match_limit_redacts},
    {"limits", &holes_many_identifiers_in_one_request},
    {"limits", &holes_long_values_are_examined_or_redacted},
    {"limits", &holes_markers_in_great_numbers_take_no_square},
    {"normal", &holes_ssn_with_zeros},
    {"normal", &holes_card_next_to_other_numbers},
    {"normal", &holes_neighbours_in_other_scripts},
    {"normal", &holes_homoglyph_in_an_address},
    {"normal", &holes_zero_width_inside_a_secret},
    {"normal", &holes_digits_and_letters_of_other_width},
    {"normal", &holes_percent_encoding},
    {"normal", &holes_percent_encoded_name_of_a_parameter},
    {"normal", &holes_json_in_json},
    {"normal", &holes_html_entities},
    {"normal", &holes_base64},
    {"normal", &holes_hexadecimal},
    {"normal", &holes_compressed_bytes_are_redacted},
    {"malformed", &holes_overlong_characters_in_bytes},
    {"normal", &holes_context_words_with_any_separator},
    {"limits", &holes_too_many_layers_are_redacted},
    {"malformed", &holes_paths_that_look_like_escapes},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("holes_hostile", cases);
}
