#include "policies/redact.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base_suite.h"
#include "codec_tree.h"
#include "policies/detector.h"
#include "policies_program.h"

#define ATTR(key, value) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"" key "\",\"value\":{" value "}}]}]}]}]}"
#define STRING_ATTR(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define DIGITS "    - {id: digits, regex: '[0-9]+', action: {replace: D}}\n"
#define KEYED(keys, action) POLICY("p") "  rules:\n    - {id: k, keys: [" keys "], action: " action "}\n"

static bool
has(const char *out, const char *what)
{
    return strstr(out, what) != NULL;
}

/* ---- overlaps ---- */

/* Two rules that overlap, in both orders: the same answer. */
static void
check_overlap(const char *a, const char *b, const char *text, const char *want)
{
    for (int order = 0; order < 2; order++) {
        char yaml[1024];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), "%s  rules:\n    - {id: r1, %s}\n    - {id: r2, %s}\n", POLICY("p"), order ? b : a, order ? a : b);
        small_open(&g, yaml);
        ck_assert_str_eq(small_text(&g, "k", text), want);
        small_close(&g);
    }
}

#define RX(regex, action, severity) "regex: '" regex "', action: " action ", severity: " severity

START_TEST(redact_takes_the_higher_severity_for_all_that_overlaps)
{
    /* A phone inside of a card must not leave the first digits. */
    check_overlap(RX("[0-9]{4}( [0-9]{4}){3}", "{mask: {keep_last: 4}}", "3"), RX("[0-9]{4} [0-9]{4} [0-9]{4}", "{replace: P}", "1"),
        "x 4111 1111 1111 1111 y", "x **** **** **** 1111 y");
    /* Partly overlapping: the loser's rest goes too. */
    check_overlap(RX("abcd", "{replace: W}", "3"), RX("cdef", "{replace: L}", "1"), "_abcdef_", "_W_");
    check_overlap(RX("abcd", "{replace: L}", "1"), RX("cdef", "{replace: W}", "3"), "_abcdef_", "_W_");
    /* A mask sees its own match, not the union. */
    check_overlap(RX("abcd", "{mask: {keep_last: 1}}", "3"), RX("cdef", "{replace: L}", "1"), "_abcdef_", "_***d_");
}
END_TEST

START_TEST(redact_prefers_earlier_then_longer_then_specific_then_first)
{
    check_overlap(RX("abc", "{replace: E}", "1"), RX("bcdefgh", "{replace: L}", "1"), "abcdefgh", "E");
    check_overlap(RX("abc", "{replace: S}", "1"), RX("abcdef", "{replace: L}", "1"), "abcdefgh", "Lgh");
    check_overlap("regex: 'abc', keys: [k], action: {replace: K}, severity: 1", RX("abc", "{replace: A}", "1"), "abcd", "Kd");
    struct gate_small g;

    small_open(
        &g, POLICY("p") "  rules:\n    - {id: a, regex: 'abc', action: {replace: 1st}}\n    - {id: b, regex: 'abc', action: {replace: 2nd}}\n");
    ck_assert_str_eq(small_text(&g, "k", "abc"), "1st");
    small_close(&g);
}
END_TEST

START_TEST(redact_chains_of_overlaps_are_one)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: a, regex: 'abc', action: {replace: A}, severity: 1}\n    - {id: b, regex: 'cde', action: "
                               "{replace: B}, severity: 3}\n"
                               "    - {id: c, regex: 'efg', action: {replace: C}, severity: 1}\n");
    ck_assert_str_eq(small_text(&g, "k", "_abcdefg_abc_efg"), "_B_A_C");
    ck_assert_str_eq(small_text(&g, "k", "abccde"), "AB"); /* neighbours are two */
    small_close(&g);
}
END_TEST

START_TEST(redact_puts_key_rules_first_whatever_the_severity)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: card, regex: '[0-9]{8}', action: {replace: CARD}, severity: 3}\n"
                               "    - {id: k, keys: [id], action: {replace: KEY}, severity: 0}\n");
    ck_assert_str_eq(small_text(&g, "id", "x 12345678"), "KEY");
    ck_assert_str_eq(small_text(&g, "other", "x 12345678"), "x CARD");
    small_close(&g);
}
END_TEST

/* What a truncation keeps is nobody's privilege: other rules still apply to it. */
START_TEST(redact_examines_what_a_truncation_keeps)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: t, keys: [url], action: {truncate: {to: 24}}}\n" DIGITS);
    ck_assert_str_eq(small_text(&g, "url", "https://x/4111 end, then more"), "https://x/D end, then");
    ck_assert_str_eq(small_text(&g, "url", "https://x.example.org/12345678"), "https://x.example.org/");
    ck_assert_str_eq(small_text(&g, "url", "short"), "short");
    small_close(&g);
}
END_TEST

/* No backend takes an attribute without a name. */
START_TEST(redact_leaves_no_key_empty)
{
    static const char *const actions[] = {"drop", "{truncate: {to: 0}}", "{replace: \"\"}"};
    static const char json[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"a@b.example\",\"value\":{\"kvlistValue\":{"
        "\"values\":[{\"key\":\"c@d.example\",\"value\":{\"stringValue\":\"x\"}}]}}}]}]}]}]}";

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        char yaml[256];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: %s}\n", actions[i]);
        small_open(&g, yaml);
        const char *out = small_pass(&g, 0, json);

        ck_assert_msg(!strstr(out, ".example") && !strstr(out, "\"key\":\"\""), "%s: %s", actions[i], out);
        small_close(&g);
    }
}
END_TEST

/* What was detected does not stay because it is short. */
START_TEST(redact_leaves_nothing_of_a_match_that_a_truncation_would_keep)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {truncate: {to: 10}}}\n");
    ck_assert_str_eq(small_text(&g, "k", "to alice@example.org now"), "to alice@exam now");
    ck_assert_str_eq(small_text(&g, "k", "to a@b.co now"), "to  now");
    ck_assert_str_eq(small_text(&g, "k", "to=a@b.co now"), "to=[redacted] now");
    small_close(&g);
}
END_TEST

START_TEST(redact_a_removal_of_the_attribute_beats_other_key_rules)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, keys: [\"user.*\"], action: mask, severity: 3}\n    - {id: d, keys: [user.id], action: drop, "
                               "severity: 0}\n");
    ck_assert(!has(small_pass(&g, 0, ATTR("user.id", "\"stringValue\":\"bob\"")), "user.id"));
    ck_assert(has(small_pass(&g, 0, ATTR("user.name", "\"stringValue\":\"bob\"")), "***"));
    small_close(&g);
}
END_TEST

/* ---- the holes of the incumbent, by their letters in the notes on it ---- */

#define MIXED                                                                                                                           \
    "\"kvlistValue\":{\"values\":[{\"key\":\"i\",\"value\":{\"intValue\":\"4111\"}},{\"key\":\"d\",\"value\":{\"doubleValue\":4.25}},"  \
    "{\"key\":\"b\",\"value\":{\"boolValue\":true}},{\"key\":\"y\",\"value\":{\"bytesValue\":\"c2VjcmV0\"}},{\"key\":\"l\",\"value\":{" \
    "\"arrayValue\":"                                                                                                                   \
    "{\"values\":[{\"stringValue\":\"one 7\"},{\"stringValue\":\"two\"},{\"arrayValue\":{\"values\":[{\"intValue\":\"8\"}]}}]}}}]}"

START_TEST(hole_a_values_that_are_no_strings_are_examined_and_keep_their_shape)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n" DIGITS);
    const char *out = small_pass(&g, 0, ATTR("m", MIXED));

    ck_assert(!has(out, "4111") && !has(out, "4.25") && !has(out, "one 7") && !has(out, "\"8\""));
    ck_assert(has(out, "kvlistValue") && has(out, "arrayValue") && has(out, "\"two\"") && has(out, "one D") && has(out, "\"boolValue\":true"));
    ck_assert(has(out, "c2VjcmV0"));
    small_close(&g);
}
END_TEST

START_TEST(hole_b_a_key_rule_applies_to_every_leaf_of_any_kind)
{
    struct gate_small g;

    small_open(&g, KEYED("m", "{hash: {key: other-key, format: \"h_{hex16}\"}}"));
    char *first = strdup(small_pass(&g, 0, ATTR("m", MIXED)));

    ck_assert(!has(first, "4111") && !has(first, "4.25") && !has(first, "boolValue") && !has(first, "c2VjcmV0") && !has(first, "one") &&
              !has(first, "two") && !has(first, "intValue"));
    ck_assert(has(first, "kvlistValue") && has(first, "arrayValue"));
    ck_assert_uint_eq(g.report.counts[0], 1); /* one attribute */
    /* Not the hash of an empty string: other values, other tokens. */
    const char *a = strstr(first, "h_"), *b = a ? strstr(a + 2, "h_") : NULL;

    ck_assert(a && b && strncmp(a, b, 18) != 0);
    char one[20];

    memcpy(one, a, 18);
    one[18] = '\0';
    ck_assert(has(small_pass(&g, 0, ATTR("m", "\"intValue\":\"4111\"")), one)); /* a number has one token, nested or not */
    ck_assert(has(small_pass(&g, 0, ATTR("m", "\"stringValue\":\"4111\"")), one));
    free(first);
    small_close(&g);
}
END_TEST

START_TEST(hole_c_a_masked_value_tells_nothing_of_its_lines)
{
    struct gate_small g;

    small_open(&g, KEYED("k", "{replace: \"****\"}"));
    ck_assert_str_eq(small_text(&g, "k", "a\nb\nc"), "****");
    small_close(&g);
    small_open(&g, KEYED("k", "mask"));
    ck_assert_str_eq(small_text(&g, "k", "a\nb\r\nc"), "******");
    small_close(&g);
    small_open(&g, KEYED("k", "{hash: {key: other-key}}"));
    ck_assert_ptr_null(strchr(small_text(&g, "k", "a\nb"), '\n'));
    small_close(&g);
}
END_TEST

START_TEST(hole_d_an_allowed_key_exempts_no_value)
{
    struct gate_small g;

    small_open(&g,
        POLICY("p") "  rules:\n    - {id: k, keys: [app.secret], action: {replace: K}}\n" DIGITS "  keys: {allow: [\"app.*\"], otherwise: drop}\n");
    ck_assert_str_eq(small_text(&g, "app.note", "4111111111111111 a@mycompany.com"), "D a@mycompany.com");
    ck_assert_str_eq(small_text(&g, "app.secret", "x"), "K");
    small_close(&g);
}
END_TEST

START_TEST(hole_e_what_fails_is_redacted_not_passed)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: r, regex: '(?:a|aa|aaa)+(?!.*!)', action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "k", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), "[redacted:undecidable]");
    small_close(&g);
}
END_TEST

START_TEST(hole_g_redaction_adds_nothing_to_resources)
{
    static const char json[] = "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" STRING_ATTR("service.name", "shop") "," STRING_ATTR(
        "note", "17") "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"17\"}]}]}]}";
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n" DIGITS);
    const char *out = small_pass(&g, 0, json);

    ck_assert_str_eq(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" STRING_ATTR("service.name", "shop") "," STRING_ATTR(
                              "note", "D") "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"D\"}]}]}]}");
    small_close(&g);
}
END_TEST

START_TEST(hole_i_the_same_input_gives_the_same_output)
{
    struct gate_small g;
    char *first = NULL;

    for (int run = 0; run < 5; run++) { /* a new key table seed, new tables each time */
        small_open(&g,
            POLICY(
                "p") "  rules:\n    - {id: a, regex: '[a-f0-9]{6}', action: {replace: A}}\n    - {id: b, regex: '[0-9]{4}', action: {replace: B}}\n"
                     "    - {id: c, keys: [\"x*\"], action: {hash: {key: other-key}}}\n    - {id: d, keys: [xy], action: {mask: {keep_last: 2}}}\n");
        const char *out = small_pass(&g, 0,
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"1234ab12345\",\"attributes\":[" STRING_ATTR("xy", "hello") "," STRING_ATTR(
                "z", "123456 1234") "]}]}]}]}");

        if (first)
            ck_assert_str_eq(first, out);
        else
            first = strdup(out);
        small_close(&g);
    }
    free(first);
}
END_TEST

START_TEST(hole_j_forged_redaction_attributes_are_attributes_like_others)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n" DIGITS "  keys: {allow: [ok], otherwise: drop}\n");
    const char *out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[" STRING_ATTR("redaction.masked.keys", "card=4111") "," STRING_ATTR(
            "redaction.redacted.count", "0") "," STRING_ATTR("ok", "[redacted:undecidable] 4111") "]}]}]}]}");

    ck_assert(!has(out, "redaction.") && !has(out, "4111") && has(out, "[redacted:undecidable] D"));
    ck_assert_uint_eq(g.report.not_allowed, 2);
    ck_assert_uint_eq(g.report.undecidable, 0);
    small_close(&g);
}
END_TEST

START_TEST(redact_hashes_values_that_begin_alike_apart)
{
    struct gate_small g;
    char *both, *one;

    small_open(&g, POLICY("p") "  rules:\n    - {id: h, regex: '\\b[0-9]+\\b', action: {hash: {key: other-key, format: \"<{hex16}>\"}}}\n");
    one = strdup(small_text(&g, "k", "42"));
    both = strdup(small_text(&g, "k", "42 and 423 and 42"));
    ck_assert_uint_eq(strlen(both), 3 * 18 + 10);
    ck_assert(strncmp(both, one, 18) == 0 && strncmp(both + 23, one, 18) != 0 && strncmp(both + 46, one, 18) == 0);
    free(one);
    free(both);
    small_close(&g);
}
END_TEST

START_TEST(redact_shows_no_part_of_what_was_encoded)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {mask: {keep_first: 8, keep_last: 4}}}\n");
    ck_assert_str_eq(small_text(&g, "k", "x YWxpY2VAZXhhbXBsZS5vcmc="), "x [redacted:encoded]");
    ck_assert_str_eq(small_text(&g, "k", "x alice%40example.org"), "x alice@ex****e.org");
    small_close(&g);
}
END_TEST

START_TEST(redact_gives_one_pseudonym_however_a_value_is_escaped)
{
    static const char *const spellings[] = {"alice%40example.org", "alice%2540example.org", "alice\\u0040example.org", "alice&#64;example.org",
        "al\xe2\x80\x8bice@example.org",
        ("alice\xef\xbc\xa0"
         "example.org")};
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {hash: {key: other-key, format: \"<{hex32}>\"}}}\n");
    char *plain = strdup(small_text(&g, "k", "alice@example.org"));

    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        ck_assert_str_eq(small_text(&g, "k", spellings[i]), plain);
    free(plain);
    small_close(&g);
}
END_TEST

/* ---- attributes ---- */

START_TEST(redact_drops_attributes_with_all_that_is_nested)
{
    struct gate_small g;
    const char *out;

    small_open(&g, POLICY("p") "  rules:\n    - {id: d, keys: [secret], action: drop}\n" DIGITS);
    out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"n\",\"attributes\":[" STRING_ATTR("a",
            "1") ",{\"key\":\"secret\",\"value\":{"
                 "\"kvlistValue\":{\"values\":[" STRING_ATTR("secret", "17") "," STRING_ATTR("x", "18") "]}}}," STRING_ATTR("b", "2") "]}]}]}]}");
    ck_assert_str_eq(out, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"n\",\"attributes\":[" STRING_ATTR("a", "D") "," STRING_ATTR(
                              "b", "D") "]}]}]}]}");
    ck_assert_uint_eq(g.report.counts[0], 1);
    /* Every occurrence of a key that was sent twice. */
    out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[" STRING_ATTR("secret", "x") "," STRING_ATTR("secret", "y") "]}]}]}]}");
    ck_assert(!has(out, "secret"));
    ck_assert_uint_eq(g.report.counts[0], 2);
    small_close(&g);
}
END_TEST

START_TEST(redact_drops_inside_of_arrays)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: d, keys: [secret], action: drop}\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: drop}\n");
    ck_assert_str_eq(small_pass(&g, 0,
                         ATTR("a", "\"arrayValue\":{\"values\":[{\"stringValue\":\"alice@example.org\"},{\"stringValue\":\"x\"},"
                                   "{\"kvlistValue\":{\"values\":[" STRING_ATTR("secret", "y") "]}}]}")),
        ATTR("a", "\"arrayValue\":{\"values\":[{\"stringValue\":\"\"},{\"stringValue\":\"x\"},{\"kvlistValue\":{}}]}"));
    small_close(&g);
}
END_TEST

START_TEST(redact_closes_with_the_allow_list)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  keys: {allow: [\"http.*\", url.path], otherwise: drop}\n");
    const char *out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" STRING_ATTR(
            "host.name", "h") "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"n\",\"attributes\":[" STRING_ATTR("http.route",
            "r") "," STRING_ATTR("url.path", "p") "," STRING_ATTR("Url.path", "p") "," STRING_ATTR("url.full",
            "f") ",{\"key\":\"http.x\",\"value\":{\"kvlistValue\":{\"values\":[" STRING_ATTR("any", "v") "]}}}]}]}]}]}");

    ck_assert(has(out, "http.route") && has(out, "url.path") && has(out, "any") && !has(out, "host.name") && !has(out, "url.full") &&
              !has(out, "Url.path"));
    ck_assert_uint_eq(g.report.not_allowed, 3);
    ck_assert_uint_eq(g.report.counts[rule_of(g.prog, "keys", NULL)], 3);
    small_close(&g);
    small_open(&g, POLICY("p") "  keys: {allow: [], otherwise: drop}\n");
    ck_assert(!has(small_pass(&g, 0, ATTR("any", "\"stringValue\":\"v\"")), "any"));
    small_close(&g);
    small_open(&g, POLICY("p") "  keys: {allow: [a], otherwise: scan}\n");
    ck_assert(has(small_pass(&g, 0, ATTR("any", "\"stringValue\":\"v\"")), "any"));
    small_close(&g);
}
END_TEST

START_TEST(redact_closing_list_of_a_shadow_policy_only_counts)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n" DIGITS "---\n" POLICY("s") "  mode: shadow\n  keys: {allow: [a], otherwise: drop}\n");
    ck_assert(has(small_pass(&g, 0, ATTR("any", "\"stringValue\":\"v\"")), "any"));
    ck_assert_uint_eq(g.report.not_allowed, 0);
    ck_assert_uint_eq(g.report.counts[rule_of(g.prog, "keys", NULL)], 1);
    small_close(&g);
}
END_TEST

START_TEST(redact_counts_shadow_rules_and_changes_nothing)
{
    static const char text[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"17\",\"attributes\":[" STRING_ATTR(
        "k17", "v 18 19") "]}]}]}]}";
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: s, regex: '[0-9]+', action: {replace: D}, mode: shadow}\n    - {id: k, keys: [\"k*\"], action: "
                               "drop, mode: shadow}\n"
                               "    - {id: o, regex: 'v', action: drop, mode: off}\n");
    ck_assert_str_eq(small_pass(&g, 0, text), text);
    ck_assert_uint_eq(g.report.counts[0], 4);
    ck_assert_uint_eq(g.report.counts[1], 1);
    ck_assert_uint_eq(g.report.counts[2], 0);
    ck_assert_uint_eq(g.report.places[0], (uint64_t)1 << PLACE_SPAN_NAME | (uint64_t)1 << PLACE_SPAN_ATTRIBUTE);
    small_close(&g);
}
END_TEST

START_TEST(redact_changes_keys_that_hold_values)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {replace: MAIL}}\n");
    ck_assert_str_eq(small_pass(&g, 0, ATTR("user.alice@example.org.n", "\"intValue\":\"1\"")), ATTR("user.MAIL.n", "\"intValue\":\"1\""));
    ck_assert_str_eq(small_pass(&g, 0, ATTR("a", "\"kvlistValue\":{\"values\":[" STRING_ATTR("bob%40example.org", "v") "]}")),
        ATTR("a", "\"kvlistValue\":{\"values\":[" STRING_ATTR("MAIL", "v") "]}"));
    small_close(&g);
}
END_TEST

/* ---- entities ---- */

#define ENTITY(attrs, ids, descriptions)                                                                                \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" attrs "],\"entityRefs\":[{\"type\":\"host\",\"idKeys\":[" ids \
    "],\"descriptionKeys\":[" descriptions "]}]},\"scopeSpans\":[{\"spans\":[{\"name\":\"n\"}]}]}]}"

START_TEST(redact_removes_dropped_attributes_from_entities)
{
    struct gate_small g;
    const char *out;

    small_open(&g, KEYED("host.id, \"os.*\"", "drop"));
    out = small_pass(&g, 0,
        ENTITY(STRING_ATTR("host.id", "h") "," STRING_ATTR("host.name", "n") "," STRING_ATTR("os.name", "o"), "\"host.id\",\"host.name\"",
            "\"os.name\",\"gone.before\""));
    ck_assert_str_eq(out, ENTITY(STRING_ATTR("host.name", "n"), "\"host.name\"", "\"gone.before\""));
    /* A nested attribute of that name is none of the resource. */
    out = small_pass(
        &g, 0, ENTITY("{\"key\":\"x\",\"value\":{\"kvlistValue\":{\"values\":[" STRING_ATTR("host.id", "h") "]}}}", "\"host.id\"", "\"x\""));
    ck_assert(has(out, "\"idKeys\":[\"host.id\"]"));
    small_close(&g);
}
END_TEST

START_TEST(redact_renames_keys_in_entities_too)
{
    struct gate_small g;
    const char *out;

    /* Even where the place of entities is not scanned: they must name what is there. */
    small_open(&g, POLICY("p") "  scan: [resource.attributes.*]\n  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {replace: MAIL}}\n");
    out = small_pass(&g, 0, ENTITY(STRING_ATTR("a.bob@example.org", "h"), "\"a.bob@example.org\"", "\"a.bob@example.org\""));
    ck_assert_str_eq(out, ENTITY(STRING_ATTR("a.MAIL", "h"), "\"a.MAIL\"", "\"a.MAIL\""));
    small_close(&g);
    small_open(&g, POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {replace: MAIL}}\n");
    out = small_pass(&g, 0, ENTITY(STRING_ATTR("a.bob@example.org", "h"), "\"a.bob@example.org\"", "\"no.such.eve@example.org\""));
    ck_assert_str_eq(out, ENTITY(STRING_ATTR("a.MAIL", "h"), "\"a.MAIL\"", "\"no.such.MAIL\""));
    small_close(&g);
}
END_TEST

/* ---- what could not be decided ---- */

#define HOSTILE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
#define UNDECIDED(on_error) \
    POLICY("p") "  on_error: " on_error "\n  rules:\n    - {id: r, regex: '(?:a|aa|aaa)+(?!.*!)', action: {replace: N}}\n" DIGITS
#define TWO_SPANS                                                                                                                        \
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"first\",\"attributes\":[" STRING_ATTR("k17", HOSTILE) "," STRING_ATTR( \
        "j", "18") "]},{\"name\":\"second 17\"}]}]}]}"

START_TEST(redact_on_error_redacts_drops_the_span_or_refuses)
{
    struct gate_small g;
    const char *out;

    small_open(&g, UNDECIDED("redact"));
    out = small_pass(&g, 0, TWO_SPANS);
    ck_assert(has(out, "first") && has(out, STRING_ATTR("kD", "[redacted:undecidable]")) && has(out, STRING_ATTR("j", "D")) && has(out, "second D"));
    ck_assert_uint_eq(g.report.undecidable, 1);
    ck_assert_uint_eq(g.report.spans_dropped, 0);
    small_close(&g);
    small_open(&g, UNDECIDED("drop_span"));
    out = small_pass(&g, 0, TWO_SPANS);
    ck_assert_str_eq(out, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"second D\"}]}]}]}");
    ck_assert_uint_eq(g.report.spans_dropped, 1);
    /* Above spans there is no span to drop: the text is redacted. */
    out = small_pass(&g, 0,
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" STRING_ATTR("k", HOSTILE) "]},\"scopeSpans\":[{\"scope\":{\"name\":\"" HOSTILE
                                                                                        "\"},\"spans\":[{\"name\":\"n\"}]}]}]}");
    ck_assert(!has(out, "aaa") && has(out, "\"name\":\"n\""));
    ck_assert_uint_eq(g.report.undecidable, 2);
    /* A key of a span's attribute counts like a text of the span. */
    out = small_pass(&g, 0, ATTR(HOSTILE, "\"intValue\":\"1\""));
    ck_assert_uint_eq(g.report.spans_dropped, 1);
    ck_assert(!has(out, "aaa"));
    small_close(&g);
    small_open(&g, UNDECIDED("refuse"));
    small_pass(&g, 0, TWO_SPANS);
    ck_assert_int_eq(g.rc, RC_UNDECIDABLE);
    small_pass(&g, 0, ATTR("k", "\"stringValue\":\"fine\""));
    ck_assert_int_eq(g.rc, RC_OK);
    small_close(&g);
}
END_TEST

START_TEST(redact_on_error_takes_the_strictest_wish)
{
    struct gate_small g;

    small_open(&g, UNDECIDED("redact") "---\n" POLICY("q") "  on_error: drop_span\n");
    small_pass(&g, 0, TWO_SPANS);
    ck_assert_uint_eq(g.report.spans_dropped, 1);
    small_close(&g);
}
END_TEST

/* A key that cannot be decided, of an attribute without a value at the end of its resource: no text says whose it is. */
START_TEST(redact_on_error_is_asked_of_the_resource_that_holds_the_key)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  match: {resource: {s: a}}\n  on_error: refuse\n"
                               "---\n" POLICY("q") "  on_error: redact\n"
                                                   "  rules:\n" DIGITS);
    small_pass(&g, 0,
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" STRING_ATTR(
            "s", "a") ",{\"key\":\"a%252525252541\"}]},\"scopeSpans\":[{\"spans\":[{}]}]},"
                      "{\"resource\":{\"attributes\":[" STRING_ATTR("s", "b") "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"n\"}]}]}]}");
    ck_assert_int_eq(g.rc, RC_UNDECIDABLE);
    small_close(&g);
}
END_TEST

START_TEST(redact_refuses_classes_that_do_not_exist)
{
    struct program *p = program_of(POLICY("p") "  rules:\n" DIGITS);
    struct arena *ar = arena_new(1u << 20);
    struct findings f = {0};
    struct batch b = {0};
    struct edits edits;
    struct redact_report report;

    edits_init(&edits, ar);
    ck_assert_int_eq(redact_edits(p, &b, &f, program_class_count(p), &edits, &report), RC_INTERNAL);
    arena_free(ar);
    program_unref(p);
}
END_TEST

/* ---- at large ---- */

struct pass_fixture {
    struct program *prog;
    struct examiner *ex;
    struct arena *ar;
};

static struct str
pass_bytes(struct pass_fixture *fx, struct str body, struct buf *out)
{
    struct batch b;
    struct findings f;
    struct edits own, unknown, merged;
    struct redact_report report;

    arena_reset(fx->ar, SIZE_MAX);
    buf_clear(out);
    edits_init(&own, fx->ar);
    edits_init(&unknown, fx->ar);
    ck_assert_int_eq(batch_index(body, &batch_limits_default, fx->ar, &b), RC_OK);
    ck_assert_int_eq(examine_batch(fx->ex, &b, fx->ar, &f), RC_OK);
    ck_assert_int_eq(redact_edits(fx->prog, &b, &f, 0, &own, &report), RC_OK);
    ck_assert_int_eq(edits_remove_unknown(&unknown, &b), RC_OK);
    ck_assert_int_eq(edits_merge(&own, &unknown, fx->ar, &merged), RC_OK);
    ck_assert_int_eq(emit_batch(&b, &merged, out), RC_OK);
    return out->len ? buf_str(out) : STR("");
}

/*
 * Random batches: no address survives anywhere in the bytes, what leaves is a valid request, and a second gate changes nothing. (Rules whose keys are
 * themselves changed could: a key that is renamed is another key.)
 */
static void
check_random(const char *yaml, uint64_t seed)
{
    struct pass_fixture fx = {.prog = program_of(yaml), .ar = arena_new((size_t)512 << 20)};
    struct buf body = BUF_INIT(64u << 20), once = BUF_INIT(64u << 20), twice = BUF_INIT(64u << 20);
    struct rng r = {seed};
    unsigned with = 0;

    fx.ex = examiner_new(fx.prog);
    ck_assert_ptr_nonnull(fx.ex);
    for (uint64_t n = 0; n < rng_rounds(400); n++) {
        buf_clear(&body);
        tree_random(&r, &body);
        struct str in = body.len ? buf_str(&body) : STR("");

        with += str_find(in, STR("@example.org")) != SIZE_MAX;
        struct str out = pass_bytes(&fx, in, &once);

        ck_assert_msg(str_find(out, STR("@example.org")) == SIZE_MAX, "round %llu", (unsigned long long)n);
        tree_request *t = tree_unpack(out);

        ck_assert_ptr_nonnull(t);
        tree_free(t);
        struct str again = pass_bytes(&fx, out, &twice);

        ck_assert_msg(str_eq(again, out), "a second pass changes round %llu", (unsigned long long)n);
    }
    ck_assert_uint_gt(with, 20);
    buf_free(&body);
    buf_free(&once);
    buf_free(&twice);
    examiner_free(fx.ex);
    program_unref(fx.prog);
    arena_free(fx.ar);
}

START_TEST(redact_leaves_no_address_in_random_batches)
{
    check_random(POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[{entity}]\"}}\n", 1);
    check_random(POLICY("p") "  rules:\n    - {id: m, regex: '[^ ]*@example\\.org', action: {hash: {key: other-key}}}\n"
                             "    - {id: k, keys: [\"key.1*\"], action: drop}\n    - {id: h, keys: [\"s*\"], action: {hash: {key: other-key}}}\n",
        2);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &redact_takes_the_higher_severity_for_all_that_overlaps},
    {"normal", &redact_prefers_earlier_then_longer_then_specific_then_first},
    {"normal", &redact_chains_of_overlaps_are_one},
    {"normal", &redact_puts_key_rules_first_whatever_the_severity},
    {"normal", &redact_examines_what_a_truncation_keeps},
    {"normal", &redact_leaves_no_key_empty},
    {"normal", &redact_leaves_nothing_of_a_match_that_a_truncation_would_keep},
    {"normal", &redact_a_removal_of_the_attribute_beats_other_key_rules},
    {"normal", &hole_a_values_that_are_no_strings_are_examined_and_keep_their_shape},
    {"normal", &hole_b_a_key_rule_applies_to_every_leaf_of_any_kind},
    {"normal", &hole_c_a_masked_value_tells_nothing_of_its_lines},
    {"normal", &hole_d_an_allowed_key_exempts_no_value},
    {"normal", &hole_e_what_fails_is_redacted_not_passed},
    {"normal", &hole_g_redaction_adds_nothing_to_resources},
    {"normal", &hole_i_the_same_input_gives_the_same_output},
    {"normal", &hole_j_forged_redaction_attributes_are_attributes_like_others},
    {"normal", &redact_hashes_values_that_begin_alike_apart},
    {"normal", &redact_shows_no_part_of_what_was_encoded},
    {"normal", &redact_gives_one_pseudonym_however_a_value_is_escaped},
    {"normal", &redact_drops_attributes_with_all_that_is_nested},
    {"normal", &redact_drops_inside_of_arrays},
    {"normal", &redact_closes_with_the_allow_list},
    {"normal", &redact_closing_list_of_a_shadow_policy_only_counts},
    {"normal", &redact_counts_shadow_rules_and_changes_nothing},
    {"normal", &redact_changes_keys_that_hold_values},
    {"normal", &redact_removes_dropped_attributes_from_entities},
    {"normal", &redact_renames_keys_in_entities_too},
    {"normal", &redact_leaves_no_address_in_random_batches},
    {"malformed", &redact_on_error_redacts_drops_the_span_or_refuses},
    {"malformed", &redact_on_error_takes_the_strictest_wish},
    {"malformed", &redact_on_error_is_asked_of_the_resource_that_holds_the_key},
    {"malformed", &redact_refuses_classes_that_do_not_exist},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("redact", cases);
}
