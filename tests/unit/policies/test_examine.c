#include "policies/examine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "codec/otlp_json.h"
#include "policies/detector.h"
#include "policies/engine/keytable_int.h"
#include "policies_program.h"

/* One rule that finds CANARY and digits after it. */
#define CANARY_RULE "  rules:\n    - {id: canary, regex: 'CANARY[0-9]{2}', action: {replace: \"<gone>\"}}\n"

/* A canary in each place of the schema; numbers and bytes are in other tests. */
static const char everywhere[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"CANARY01\"}}],"
    "\"entityRefs\":[{\"schemaUrl\":\"CANARY02\",\"type\":\"CANARY03\",\"idKeys\":[\"CANARY04\"],\"descriptionKeys\":[\"CANARY05\"]}]},"
    "\"schemaUrl\":\"CANARY06\",\"scopeSpans\":[{\"scope\":{\"name\":\"CANARY07\",\"version\":\"CANARY08\","
    "\"attributes\":[{\"key\":\"CANARY09\",\"value\":{\"stringValue\":\"x CANARY10 y\"}}]},\"schemaUrl\":\"CANARY11\",\"spans\":[{"
    "\"traceState\":\"CANARY12\",\"name\":\"CANARY13\",\"attributes\":[{\"key\":\"nested\",\"value\":{\"kvlistValue\":{\"values\":["
    "{\"key\":\"CANARY14\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"CANARY15\"},{\"kvlistValue\":{\"values\":["
    "{\"key\":\"deep\",\"value\":{\"stringValue\":\"CANARY16\"}}]}}]}}}]}}}],"
    "\"events\":[{\"name\":\"CANARY17\",\"attributes\":[{\"key\":\"e\",\"value\":{\"stringValue\":\"CANARY18\"}}]}],"
    "\"links\":[{\"traceId\":\"01010101010101010101010101010101\",\"spanId\":\"0202020202020202\",\"traceState\":\"CANARY19\","
    "\"attributes\":[{\"key\":\"l\",\"value\":{\"stringValue\":\"CANARY20\"}}]}],\"status\":{\"message\":\"CANARY21\"}}]}]}]}";

START_TEST(examine_finds_in_every_place)
{
    struct gate_small g;
    uint64_t places = 0;

    small_open(&g, POLICY("p") CANARY_RULE);
    const char *out = small_pass(&g, 0, everywhere);

    ck_assert_ptr_null(strstr(out, "CANARY"));
    ck_assert_uint_eq(g.findings.count, 21);
    ck_assert_uint_eq(g.findings.attr_count, 2); /* the two in keys */
    ck_assert_uint_eq(g.report.counts[0], 21);
    places = g.report.places[0];
    for (unsigned p = 0; p < PLACE_COUNT_; p++)
        ck_assert_msg(places >> p & 1, "nothing found in %s", place_name((enum place)p));
    small_close(&g);
}
END_TEST

START_TEST(examine_leaves_places_alone_that_are_not_scanned)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  scan: [span.name, \"spanevent.*\"]\n" CANARY_RULE);
    const char *out = small_pass(&g, 0, everywhere);

    ck_assert_uint_eq(g.findings.count, 3);
    ck_assert_ptr_null(strstr(out, "CANARY13"));
    ck_assert_ptr_null(strstr(out, "CANARY17"));
    ck_assert_ptr_null(strstr(out, "CANARY18"));
    ck_assert_ptr_nonnull(strstr(out, "CANARY21"));
    small_close(&g);
    small_open(&g, POLICY("p") "  rules:\n    - {id: r, regex: CANARY, places: [span.status.message], action: drop}\n");
    out = small_pass(&g, 0, everywhere);
    ck_assert_uint_eq(g.findings.count, 1);
    ck_assert_ptr_null(strstr(out, "CANARY21"));
    small_close(&g);
}
END_TEST

#define ATTR(key, value) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"" key "\",\"value\":{" value "}}]}]}]}]}"

START_TEST(examine_reads_numbers_in_decimal)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: n, regex: '4111[0-9]{12}|-17|2\\.5|true', action: {replace: N}}\n");
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"intValue\":\"4111111111111111\"")), "\"stringValue\":\"N\""));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"intValue\":\"-17\"")), "\"stringValue\":\"N\""));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"doubleValue\":2.5")), "\"stringValue\":\"N\""));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"boolValue\":true")), "\"stringValue\":\"N\""));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"boolValue\":false")), "\"boolValue\":false"));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("k", "\"intValue\":\"42\"")), "\"intValue\":\"42\""));
    small_close(&g);
}
END_TEST

START_TEST(examine_reads_bytes)
{
    struct gate_small g;
    struct buf enc = BUF_INIT(1024), json = BUF_INIT(4096);

    small_open(&g, POLICY("p") CANARY_RULE);
    ck_assert_int_eq(digest_base64(STR("\x01\x02 CANARY33 \xff"), &enc), RC_OK);
    ck_assert_int_eq(buf_printf(&json, ATTR("k", "\"bytesValue\":\"%.*s\""), (int)enc.len, enc.ptr), RC_OK);
    ck_assert_int_eq(buf_append_byte(&json, '\0'), RC_OK);
    small_pass(&g, 0, json.ptr);
    ck_assert_uint_eq(g.findings.count, 1);
    ck_assert_uint_eq(g.findings.list[0].start, 3);
    ck_assert_uint_eq(g.findings.list[0].end, 11);
    buf_free(&enc);
    buf_free(&json);
    small_close(&g);
}
END_TEST

/* gzip and zstd inside of bytes: what cannot be looked into does not pass. */
START_TEST(examine_cannot_decide_about_compressed_bytes)
{
    struct gate_small g;

    small_open(&g, POLICY("p") CANARY_RULE);
    const char *out = small_pass(&g, 0, ATTR("k", "\"bytesValue\":\"H4sIAAAAAAAAAw==\""));

    ck_assert_uint_eq(g.findings.undecidable, 1);
    ck_assert_ptr_null(strstr(out, "H4sI"));
    out = small_pass(&g, 0, ATTR("k", "\"bytesValue\":\"KLUv/SAA\""));
    ck_assert_uint_eq(g.findings.undecidable, 1);
    small_close(&g);
}
END_TEST

/* ---- keys ---- */

START_TEST(examine_matches_keys_regardless_of_case_nested_by_leaf_and_path)
{
    static const struct {
        const char *keys, *json;
        unsigned hits;
    } rows[] = {
        {"http.request.header.*", ATTR("http.request.header.cookie", "\"stringValue\":\"x\""), 1},
        {"http.request.header.authorization", ATTR("http.request.header.Authorization", "\"stringValue\":\"x\""), 1},
        {"Secret.Key", ATTR("secret.key", "\"stringValue\":\"x\""), 1},
        {"email", ATTR("user", "\"kvlistValue\":{\"values\":[{\"key\":\"email\",\"value\":{\"stringValue\":\"x\"}}]}"), 1},
        {"user/email", ATTR("user", "\"kvlistValue\":{\"values\":[{\"key\":\"email\",\"value\":{\"stringValue\":\"x\"}}]}"), 1},
        {"user/*", ATTR("user", "\"kvlistValue\":{\"values\":[{\"key\":\"email\",\"value\":{\"stringValue\":\"x\"}}]}"), 1},
        {"other/email", ATTR("user", "\"kvlistValue\":{\"values\":[{\"key\":\"email\",\"value\":{\"stringValue\":\"x\"}}]}"), 0},
        {"user", ATTR("user/email", "\"stringValue\":\"x\""), 0},
        {"a/b/c",
            ATTR("a", "\"arrayValue\":{\"values\":[{\"kvlistValue\":{\"values\":[{\"key\":\"b\",\"value\":{\"kvlistValue\":{\"values\":["
                      "{\"key\":\"c\",\"value\":{\"stringValue\":\"x\"}}]}}}]}}]}"),
            1},
        {"*", ATTR("", "\"stringValue\":\"x\""), 1},
        {"emai", ATTR("email", "\"stringValue\":\"x\""), 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[256];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: k, keys: [\"%s\"], action: {replace: GONE}}\n", rows[i].keys);
        small_open(&g, yaml);
        for (int twice = 0; twice < 2; twice++) { /* the second answer comes from the table */
            const char *out = small_pass(&g, 0, rows[i].json);

            ck_assert_msg(g.report.counts[0] == rows[i].hits, "row %zu: %u", i, g.report.counts[0]);
            ck_assert_msg((strstr(out, "GONE") != NULL) == (rows[i].hits > 0), "row %zu", i);
        }
        small_close(&g);
    }
}
END_TEST

/* A key "a/b" at the top and b under a are two things. */
START_TEST(examine_tells_nested_keys_from_keys_with_slashes)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: leaf, keys: [b], action: {replace: GONE}}\n");
    small_pass(&g, 0, ATTR("a/b", "\"stringValue\":\"x\""));
    ck_assert_uint_eq(g.report.counts[0], 0);
    small_pass(&g, 0, ATTR("a", "\"kvlistValue\":{\"values\":[{\"key\":\"b\",\"value\":{\"stringValue\":\"x\"}}]}"));
    ck_assert_uint_eq(g.report.counts[0], 1);
    small_pass(&g, 0, ATTR("a/b", "\"stringValue\":\"x\""));
    ck_assert_uint_eq(g.report.counts[0], 0);
    small_close(&g);
}
END_TEST

START_TEST(examine_restricts_a_regex_to_its_keys)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: r, keys: [app.*], regex: '[0-9]+', action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "app.id", "a17b"), "aNb");
    ck_assert_str_eq(small_text(&g, "App.Id", "a17b"), "aNb");
    ck_assert_str_eq(small_text(&g, "other.id", "a17b"), "a17b");
    ck_assert_str_eq(small_text(&g, NULL, "a17b"), "a17b");
    ck_assert_ptr_nonnull(
        strstr(small_pass(&g, 0, ATTR("app.x", "\"kvlistValue\":{\"values\":[{\"key\":\"y\",\"value\":{\"intValue\":\"7\"}}]}")), "\"N\""));
    ck_assert_ptr_nonnull(
        strstr(small_pass(&g, 0, ATTR("x", "\"kvlistValue\":{\"values\":[{\"key\":\"y\",\"value\":{\"intValue\":\"7\"}}]}")), "\"7\""));
    ck_assert_ptr_nonnull(strstr(small_pass(&g, 0, ATTR("app.x", "\"arrayValue\":{\"values\":[{\"stringValue\":\"7\"}]}")), "\"N\""));
    small_close(&g);
}
END_TEST

/* The table of keys is smaller than the number of keys here; its answers must not depend on what is in it. */
START_TEST(examine_answers_alike_when_the_key_table_overflows)
{
    struct gate_small g;
    struct buf json = BUF_INIT(8u << 20);
    unsigned hits = 0;

    small_open(&g, POLICY("p") "  rules:\n    - {id: k, keys: [\"*.7\"], action: {replace: GONE}}\n");
    for (int round = 0; round < 2; round++) {
        hits = 0;
        for (int batch = 0; batch < 8; batch++) {
            buf_clear(&json);
            ck_assert_int_eq(buf_append(&json, STR("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[")), RC_OK);
            for (int i = 0; i < 900; i++)
                ck_assert_int_eq(buf_printf(&json, "%s{\"key\":\"key.%d.%d\",\"value\":{\"intValue\":\"1\"}}", i ? "," : "", i, batch), RC_OK);
            ck_assert_int_eq(buf_append(&json, STR("]}]}]}]}")), RC_OK);
            ck_assert_int_eq(buf_append_byte(&json, '\0'), RC_OK);
            small_pass(&g, 0, json.ptr);
            hits += g.report.counts[0];
        }
        ck_assert_uint_eq(hits, 900);
    }
    buf_free(&json);
    small_close(&g);
}
END_TEST

START_TEST(keytable_returns_what_was_put_in)
{
    static const uint16_t rules[] = {7, 9};
    static const struct key_finding own[] = {{1, 3, 2, 0}};
    struct keytable *kt = keytable_new();
    struct verdict v = {.not_allowed = 5, .rules = rules, .rule_count = 2, .own = own, .own_count = 1};
    struct key top = {STR("a/b"), 3}, nested = {STR("a/b"), 1};

    ck_assert_ptr_nonnull(kt);
    ck_assert_ptr_null(keytable_find(kt, &top));
    const struct verdict *kept = keytable_add(kt, &top, &v);

    ck_assert_ptr_ne(kept, &v);
    ck_assert_ptr_eq(keytable_find(kt, &top), kept);
    ck_assert_ptr_null(keytable_find(kt, &nested));
    ck_assert_uint_eq(kept->not_allowed, 5);
    ck_assert_uint_eq(kept->rules[1], 9);
    ck_assert_uint_eq(kept->own[0].end, 3);
    char *big = calloc(KEYTABLE_KEY_MAX + 1, 1);
    struct key too_long = {{big, KEYTABLE_KEY_MAX + 1}, KEYTABLE_KEY_MAX + 1};

    ck_assert_ptr_eq(keytable_add(kt, &too_long, &v), &v); /* not kept */
    for (unsigned i = 0; i < 20000; i++) {
        char name[16];
        struct key k = {{name, (size_t)snprintf(name, sizeof(name), "k%u", i)}, 0};

        k.leaf_len = k.path.len;
        v.not_allowed = i;
        keytable_add(kt, &k, &v);
        ck_assert_ptr_nonnull(keytable_find(kt, &k));
        ck_assert_uint_eq(keytable_find(kt, &k)->not_allowed, i);
    }
    free(big);
    keytable_free(kt);
}
END_TEST

/* ---- policies and resources ---- */

#define RESOURCE(attrs, name) \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" attrs "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"" name "\"}]}]}]}"
#define STRING_ATTR(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

START_TEST(examine_applies_policies_that_match_the_resource)
{
    static const struct {
        const char *json;
        bool covered;
    } rows[] = {
        {RESOURCE(STRING_ATTR("service.namespace", "payments"), "CANARY01"), true},
        {RESOURCE(STRING_ATTR("service.namespace", "checkout-eu"), "CANARY01"), true},
        {RESOURCE(STRING_ATTR("service.namespace", "checkout"), "CANARY01"), false},
        {RESOURCE(STRING_ATTR("service.name", "payments"), "CANARY01"), false},
        {RESOURCE("", "CANARY01"), false},
        /* Sent twice: the reading that brings more rules counts. */
        {RESOURCE(STRING_ATTR("service.namespace", "x") "," STRING_ATTR("service.namespace", "payments"), "CANARY01"), true},
    };
    struct gate_small g;

    small_open(&g, POLICY("p") "  match: {resource: {service.namespace: [payments, \"checkout-*\"]}}\n" CANARY_RULE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *out = small_pass(&g, 0, rows[i].json);

        ck_assert_msg(g.report.uncovered == !rows[i].covered, "row %zu", i);
        ck_assert_msg((strstr(out, "CANARY") == NULL) == rows[i].covered, "row %zu", i);
    }
    small_close(&g);
}
END_TEST

START_TEST(examine_asks_for_all_attributes_of_a_match)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  match: {resource: {a: x, n: \"17\"}}\n" CANARY_RULE);
    small_pass(&g, 0, RESOURCE(STRING_ATTR("a", "x") ",{\"key\":\"n\",\"value\":{\"intValue\":\"17\"}}", "s"));
    ck_assert_uint_eq(g.report.uncovered, 0);
    small_pass(&g, 0, RESOURCE(STRING_ATTR("a", "x"), "s"));
    ck_assert_uint_eq(g.report.uncovered, 1);
    small_close(&g);
}
END_TEST

/* Two policies, each for its own resources, in one batch: the key table must not carry answers across. */
START_TEST(examine_keeps_policies_apart_in_one_batch)
{
    static const char yaml[] =
        POLICY("a") "  match: {resource: {s: a}}\n  rules:\n    - {id: ra, keys: [k], action: {replace: FROM_A}}\n---\n" POLICY(
            "b") "  match: {resource: {s: b}}\n  rules:\n    - {id: rb, keys: [k], action: {replace: FROM_B}}\n";
    static const char json[] = "{\"resourceSpans\":["
                               "{\"resource\":{\"attributes\":[" STRING_ATTR("s", "a") "]},\"scopeSpans\":[{\"spans\":[{\"attributes\":[" STRING_ATTR(
                                   "k", "v1") "]}]}]},"
                                              "{\"resource\":{\"attributes\":[" STRING_ATTR(
                                                  "s", "b") "]},\"scopeSpans\":[{\"spans\":[{\"attributes\":[" STRING_ATTR("k",
                                                  "v2") "]}]}]},"
                                                        "{\"resource\":{\"attributes\":[" STRING_ATTR("s",
                                                            "c") "]},\"scopeSpans\":[{\"spans\":[{\"attributes\":[" STRING_ATTR("k", "v3") "]}]}]}]}";
    struct gate_small g;

    small_open(&g, yaml);
    const char *out = small_pass(&g, 0, json);

    ck_assert_ptr_nonnull(strstr(out, "FROM_A"));
    ck_assert_ptr_nonnull(strstr(out, "FROM_B"));
    ck_assert_ptr_nonnull(strstr(out, "v3"));
    ck_assert_uint_eq(g.report.counts[0], 1);
    ck_assert_uint_eq(g.report.counts[1], 1);
    ck_assert_uint_eq(g.report.uncovered, 1);
    small_close(&g);
}
END_TEST

START_TEST(examine_holds_out_identifiers_of_the_right_shape_only)
{
    static const char yaml[] = POLICY("p") "  hold_out:\n    - {keys: [session.id], shape: uuid}\n    - {keys: [\"*.trace_id\"], shape: hex}\n"
                                           "  rules:\n    - {id: d, regex: '[0-9]{4}', action: {replace: N}}\n";
    struct gate_small g;

    small_open(&g, yaml);
    ck_assert_str_eq(small_text(&g, "session.id", "3f250400-4f89-41d3-9a0c-0305e82c3301"), "3f250400-4f89-41d3-9a0c-0305e82c3301");
    ck_assert_str_eq(small_text(&g, "session.id", "3f250400-4f89-41d3-9a0c-0305e82c330112"), "3fN00-4f89-41d3-9a0c-Ne82cN12");
    ck_assert_str_eq(small_text(&g, "session.id", "4111"), "N");
    ck_assert_str_eq(small_text(&g, "user.id", "3f250400-4f89-41d3-9a0c-0305e82c3301"), "3fN00-4f89-41d3-9a0c-Ne82cN");
    ck_assert_str_eq(small_text(&g, "app.trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), "4bf92f3577b34da6a3ce929d0e0e4736");
    ck_assert_str_eq(small_text(&g, "app.trace_id", "4bf92f3577b34da6a3ce929d0e0e473x"), "4bf92fNb34da6a3ce929d0e0e473x");
    small_close(&g);
}
END_TEST

/* ---- context ---- */

#define CONTEXT_POLICY                                                                                           \
    POLICY("p")                                                                                                  \
    "  detectors:\n    MINE: {regex: 'LY-[0-9]{4}', context: [loyalty card, member, Club_No], min_score: 0.5}\n" \
    "  rules:\n    - {id: m, entity: MINE, action: {replace: N}}\n"

START_TEST(examine_asks_for_context_in_key_or_close_before)
{
    static const struct {
        const char *key, *text;
        bool hit;
    } rows[] = {
        {"k", "LY-1234", false},
        {"k", "loyalty card LY-1234", true},
        {"k", "Loyalty-Card: LY-1234", true},
        {"k", "loyaltyCard LY-1234", true},
        {"k", "loyalty_card=LY-1234", true},
        {"app.member.id", "LY-1234", true},
        {"app.memberId", "LY-1234", true},
        {"k", "club no: LY-1234", true},
        {"clubNo", "LY-1234", true},
        {"k", "LY-1234 is a member", false},
        {"k", "remembering LY-1234", false},
        {"k", "member ........................................ LY-1234", true},
        {"k", "member ...................................................... LY-1234", false},
    };
    struct gate_small g;

    small_open(&g, CONTEXT_POLICY);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg((strstr(small_text(&g, rows[i].key, rows[i].text), "LY-1234") == NULL) == rows[i].hit, "row %zu: %s", i, g.json.ptr);
    /* A key above counts too. */
    const char *out = small_pass(
        &g, 0, ATTR("member", "\"kvlistValue\":{\"values\":[{\"key\":\"number\",\"value\":{\"stringValue\":\"LY-1234\"}}]}"));

    ck_assert_ptr_null(strstr(out, "LY-1234"));
    small_close(&g);
}
END_TEST

START_TEST(examine_redacts_only_the_group_value)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: r, regex: 'pin=(?<value>[0-9]+);', action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "k", "pin=1234; pin=5;"), "pin=N; pin=N;");
    small_close(&g);
    small_open(&g, POLICY("p") "  rules:\n    - {id: r, regex: 'pin=(?<id>[0-9]+);', action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "k", "pin=1234; pin=5;"), "N N");
    small_close(&g);
}
END_TEST

START_TEST(examine_cuts_whole_characters)
{
    struct gate_small g;

    /* In byte mode a negated class can end inside of a character. */
    small_open(&g, POLICY("p") "  rules:\n    - {id: r, regex: 'x[^ ]{1}', action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "k",
                         "ax\xc3\xbc"
                         "b"),
        "aNb");
    ck_assert_str_eq(small_text(&g, "k",
                         "ax\xf0\x9f\x98\x80"
                         "b"),
        "aNb");
    small_close(&g);
}
END_TEST

/* ---- what cannot be decided ---- */

#define HOSTILE_RULE "    - {id: hostile, regex: '(?:a|aa|aaa)+(?!.*!)', action: {replace: N}%s}\n"

static void
hostile_policy(char *yaml, size_t size, const char *head, const char *tail)
{
    snprintf(yaml, size, "%s%s  rules:\n" HOSTILE_RULE, POLICY("p"), head, tail);
}

static const char hostile_text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

START_TEST(examine_redacts_whole_when_the_match_limit_is_hit)
{
    struct gate_small g;
    char yaml[512];

    hostile_policy(yaml, sizeof(yaml), "", "");
    small_open(&g, yaml);
    ck_assert_str_eq(small_text(&g, "k", hostile_text), "[redacted:undecidable]");
    ck_assert_uint_eq(g.findings.undecidable, 1);
    ck_assert_uint_eq(g.findings.count, 1);
    ck_assert_uint_eq(g.findings.list[0].rule, RULE_UNDECIDABLE);
    ck_assert_str_eq(small_text(&g, "k", "baa."), "bN.");
    ck_assert_uint_eq(g.findings.undecidable, 0);
    small_close(&g);
}
END_TEST

START_TEST(examine_undecidable_shadow_rule_changes_nothing)
{
    struct gate_small g;
    char yaml[512];

    hostile_policy(yaml, sizeof(yaml), "", ", mode: shadow");
    small_open(&g, yaml);
    ck_assert_str_eq(small_text(&g, "k", hostile_text), hostile_text);
    ck_assert_uint_eq(g.findings.undecidable, 0);
    ck_assert_uint_eq(g.findings.count, 1);
    small_close(&g);
}
END_TEST

START_TEST(examine_undecidable_key_is_replaced)
{
    struct gate_small g;
    char yaml[512], json[512];

    hostile_policy(yaml, sizeof(yaml), "", "");
    small_open(&g, yaml);
    snprintf(json, sizeof(json), ATTR("%s", "\"intValue\":\"1\""), hostile_text);
    for (int twice = 0; twice < 2; twice++) {
        const char *out = small_pass(&g, 0, json);

        ck_assert_ptr_null(strstr(out, "aaa"));
        ck_assert_ptr_nonnull(strstr(out, "[redacted:undecidable]"));
        ck_assert_uint_eq(g.findings.undecidable, 1);
    }
    small_close(&g);
}
END_TEST

/* A request has a budget of bytes for PCRE2: hostile input ends in redaction, not in minutes. */
START_TEST(examine_ends_when_its_budget_is_used_up)
{
    struct gate_small g;
    struct buf json = BUF_INIT(32u << 20);

    small_open(&g,
        POLICY(
            "p") "  rules:\n    - {id: a, regex: 'x[a-z]{1,30}y\\b', action: {replace: N}}\n    - {id: b, regex: 'x[a-z]{1,31}z\\b', action: "
                 "{replace: N}}\n"
                 "    - {id: c, regex: 'x[a-z]{1,32}q\\b', action: {replace: N}}\n    - {id: d, regex: 'x[a-z]{1,33}w\\b', action: {replace: N}}\n");
    ck_assert_int_eq(buf_append(&json, STR("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[")), RC_OK);
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(buf_printf(&json, "%s{\"key\":\"k%d\",\"value\":{\"stringValue\":\"", i ? "," : "", i), RC_OK);
        for (int k = 0; k < 20000; k++) /* each a match that looks at a few bytes only, four rules over */
            ck_assert_int_eq(buf_append(&json, STR("xay xaz xaq xaw ")), RC_OK);
        ck_assert_int_eq(buf_append(&json, STR("\"}}")), RC_OK);
    }
    ck_assert_int_eq(buf_append(&json, STR("]}]}]}]}")), RC_OK);
    ck_assert_int_eq(buf_append_byte(&json, '\0'), RC_OK);
    const char *out = small_pass(&g, 0, json.ptr);

    ck_assert_uint_gt(g.findings.undecidable, 0);
    ck_assert_uint_lt(g.findings.undecidable, 40);
    ck_assert_ptr_null(strstr(out, "xay"));
    ck_assert_ptr_null(strstr(out, "xaw"));
    buf_free(&json);
    small_close(&g);
}
END_TEST

/* ---- views ---- */

START_TEST(examine_sees_through_escapes_and_encodings)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"to alice%40example.org now", "to N now"},
        {"to alice%2540example.org now", "to N now"},
        {"{\\\"m\\\":\\\"alice\\u0040example.org\\\"}", "{\\\"m\\\":\\\"N\\\"}"},
        {"a alice&#64;example.org b", "a N b"},
        {"alice\xef\xbc\xa0"
         "example.org",
            "N"},
        {"al\xe2\x80\x8bice@exam\xc2\xadple.org", "N"},
        {"mail=YWxpY2VAZXhhbXBsZS5vcmc= end", "mail=N end"},
        {"mail=YWxpY2VAZXhhbXBsZS5vcmc%3D end", "mail=N end"},
        {"616c696365406578616d706c652e6f7267", "N"},
        {"V1d4cFkyVkFaWGhoYlhCc1pTNXZjbWM9", "N"}, /* base64 of base64 */
        {"\xc3\xbc"
         "ber alice@example.org",
            "\xc3\xbc"
            "ber N"},
        {"gr\xc3\xbc\xc3\x9f"
         "e 100%25 \\n",
            "gr\xc3\xbc\xc3\x9f"
            "e 100%25 \\n"},
        {"no mail in %20 here\\n", "no mail in %20 here\\n"},
    };
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {replace: N}}\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(small_text(&g, "k", rows[i].in), rows[i].out);
    small_close(&g);
}
END_TEST

/* What stands before an encoded value is text, whatever the value is made of. */
START_TEST(examine_takes_words_before_an_encoded_value_for_its_context)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"block card no 34303030303030303030303030303030303036 now", "block card no C now"},
        {"card number NDAwMDAwMDAwMDAwMDAwMDAwNg== is lost", "card number C is lost"},
        {"block 34303030303030303030303030303030303036 now", "block 34303030303030303030303030303030303036 now"},
    };
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: c, entity: CREDIT_CARD, action: {replace: C}}\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(small_text(&g, "k", rows[i].in), rows[i].out);
    small_close(&g);
}
END_TEST

START_TEST(examine_cannot_decide_about_escapes_without_end)
{
    struct gate_small g;

    small_open(&g, POLICY("p") CANARY_RULE);
    ck_assert_str_eq(small_text(&g, "k", "a%2525252540b"), "[redacted:undecidable]");
    ck_assert_str_eq(small_text(&g, "k", "a%252540b"), "a%252540b");
    small_close(&g);
}
END_TEST

START_TEST(examine_cannot_decide_about_long_texts_with_escapes)
{
    struct gate_small g;
    struct buf text = BUF_INIT(4u << 20);

    small_open(&g, POLICY("p") CANARY_RULE);
    for (int i = 0; i < (1 << 20) + 1; i++)
        ck_assert_int_eq(buf_append_byte(&text, ' '), RC_OK);
    ck_assert_int_eq(buf_append_byte(&text, '\0'), RC_OK);
    ck_assert_uint_eq(strlen(small_text(&g, "k", text.ptr)), text.len - 1); /* nothing to fold: any length is fine */
    memcpy(text.ptr, "%41", 3);
    ck_assert_str_eq(small_text(&g, "k", text.ptr), "[redacted:undecidable]");
    buf_free(&text);
    small_close(&g);
}
END_TEST

/* ---- detectors ---- */

START_TEST(examine_tries_key_detectors_under_their_keys)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: r, entity: PASSWORD, action: {replace: N}}\n");
    ck_assert_str_eq(small_text(&g, "db.password", "hunter2"), "N");
    ck_assert_str_eq(small_text(&g, "db.name", "hunter2"), "hunter2");
    const char *out = small_pass(&g, 0, ATTR("password", "\"arrayValue\":{\"values\":[{\"stringValue\":\"hunter2\"},{\"intValue\":\"314159\"}]}"));

    ck_assert_ptr_null(strstr(out, "hunter2"));
    ck_assert_ptr_null(strstr(out, "314159"));
    out = small_pass(&g, 0, ATTR("login", "\"kvlistValue\":{\"values\":[{\"key\":\"passwd\",\"value\":{\"stringValue\":\"hunter2\"}}]}"));
    ck_assert_ptr_null(strstr(out, "hunter2"));
    small_close(&g);
}
END_TEST

/* The engine runs a detector as its own test does: every example is a hit or a miss through the whole machinery. */
START_TEST(examine_agrees_with_the_examples_of_all_detectors)
{
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count; i++) {
        char yaml[256];
        struct gate_small g;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: r, detector: %s, action: {replace: \"[{entity}]\"}}\n", all[i]->id);
        small_open(&g, yaml);
        for (const struct detector_example *e = all[i]->examples; e && e->text; e++) {
            const char *out = small_text(&g, e->key ? e->key : "", e->text);
            bool hit = g.findings.count > g.findings.attr_count;

            if (e->hit)
                ck_assert_msg(hit && strcmp(out, e->text) != 0, "%s misses %s", all[i]->id, e->text);
            else /* in its folded and decoded views a text may hold more than in its own bytes */
                ck_assert_msg(!hit || g.findings.list[g.findings.attr_count].view != VIEW_PLAIN, "%s hits %s", all[i]->id, e->text);
        }
        small_close(&g);
    }
}
END_TEST

/* ---- limits and memory ---- */

START_TEST(examine_refuses_when_the_arena_is_full)
{
    struct program *p = program_of(POLICY("p") CANARY_RULE);
    struct examiner *ex = examiner_new(p);
    struct buf body = BUF_INIT(1u << 20);
    struct arena *big = arena_new((size_t)16 << 20);
    struct findings f;
    struct batch b;
    uint64_t unknown;
    bool refused = false, done = false;

    ck_assert_int_eq(otlp_json_decode(str_of(everywhere), 64, &body, &unknown), RC_OK);
    ck_assert_int_eq(batch_index(buf_str(&body), &batch_limits_default, big, &b), RC_OK);
    for (size_t size = 0; size < 65536 && !done; size += 64) {
        struct arena *ar = arena_new(size);
        enum rc rc = examine_batch(ex, &b, ar, &f);

        ck_assert(rc == RC_OK || rc == RC_NOMEM);
        refused |= rc == RC_NOMEM;
        done = rc == RC_OK;
        if (done)
            ck_assert_uint_eq(f.count, 21);
        arena_free(ar);
    }
    ck_assert(refused && done);
    arena_free(big);
    buf_free(&body);
    examiner_free(ex);
    program_unref(p);
}
END_TEST

START_TEST(examiner_new_survives_every_allocation_that_fails)
{
    struct program *p = program_of(POLICY("p") CANARY_RULE);

    for (long n = 1; nomem_round(n); n++) {
        struct examiner *ex = examiner_new(p);
        bool failed = nomem_end();

        ck_assert(failed || ex != NULL);
        examiner_free(ex);
        if (!failed)
            break;
    }
    program_unref(p);
}
END_TEST

START_TEST(examine_survives_every_allocation_that_fails)
{
    struct program *p = program_of(POLICY("p") "  rules:\n    - {id: m, regex: '[a-z]+@[a-z]+\\.org', action: {hash: {key: other-key}}}\n");
    static const char text[] = "mail=YWxpY2VAZXhhbXBsZS5vcmc= or al\xe2\x80\x8bice%2540example.org";
    struct arena *ar = arena_new((size_t)1 << 20);

    for (long n = 1; nomem_round(n); n++) {
        struct findings f = {.count = 77};

        nomem_end();
        struct examiner *ex = examiner_new(p); /* new buffers each time: they are what can fail */

        ck_assert_ptr_nonnull(ex);
        (void)nomem_round(n);
        enum rc rc = examine_text(ex, PLACE_SPAN_ATTRIBUTE, STR("k"), str_of(text), ar, &f);
        struct str out = STR("untouched");

        if (rc == RC_OK)
            rc = redact_text(p, &f, 0, str_of(text), ar, &out);
        bool failed = nomem_end();

        ck_assert(rc == RC_OK || (failed && rc == RC_NOMEM));
        if (rc == RC_OK)
            ck_assert_uint_eq(f.count, 2);
        examiner_free(ex);
        arena_reset(ar, 0);
        if (!failed)
            break;
    }
    arena_free(ar);
    program_unref(p);
}
END_TEST

START_TEST(examine_sees_percent_signs_inside_of_json)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: t, regex: '(?<![0-9A-Za-z])TOK%[0-9A-F]{2}x{6}', action: {replace: \"[t]\"}}\n");
    ck_assert_str_eq(small_text(&g, "note", "TOK%41xxxxxx"), "[t]");
    ck_assert_str_eq(small_text(&g, "note", "\\\\u0020TOK%41xxxxxx"), "\\\\u0020[t]"); /* seen after JSON and before % */
    small_close(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &examine_sees_percent_signs_inside_of_json},
    {"normal", &examine_finds_in_every_place},
    {"normal", &examine_leaves_places_alone_that_are_not_scanned},
    {"normal", &examine_reads_numbers_in_decimal},
    {"normal", &examine_reads_bytes},
    {"normal", &examine_matches_keys_regardless_of_case_nested_by_leaf_and_path},
    {"normal", &examine_tells_nested_keys_from_keys_with_slashes},
    {"normal", &examine_restricts_a_regex_to_its_keys},
    {"normal", &keytable_returns_what_was_put_in},
    {"normal", &examine_applies_policies_that_match_the_resource},
    {"normal", &examine_asks_for_all_attributes_of_a_match},
    {"normal", &examine_keeps_policies_apart_in_one_batch},
    {"normal", &examine_holds_out_identifiers_of_the_right_shape_only},
    {"normal", &examine_asks_for_context_in_key_or_close_before},
    {"normal", &examine_redacts_only_the_group_value},
    {"normal", &examine_cuts_whole_characters},
    {"normal", &examine_sees_through_escapes_and_encodings},
    {"normal", &examine_tries_key_detectors_under_their_keys},
    {"normal", &examine_agrees_with_the_examples_of_all_detectors},
    {"malformed", &examine_cannot_decide_about_compressed_bytes},
    {"malformed", &examine_redacts_whole_when_the_match_limit_is_hit},
    {"malformed", &examine_undecidable_shadow_rule_changes_nothing},
    {"malformed", &examine_undecidable_key_is_replaced},
    {"normal", &examine_takes_words_before_an_encoded_value_for_its_context},
    {"malformed", &examine_cannot_decide_about_escapes_without_end},
    {"limits", &examine_answers_alike_when_the_key_table_overflows},
    {"limits", &examine_ends_when_its_budget_is_used_up},
    {"limits", &examine_cannot_decide_about_long_texts_with_escapes},
    {"nomem", &examine_refuses_when_the_arena_is_full},
    {"nomem", &examiner_new_survives_every_allocation_that_fails},
    {"nomem", &examine_survives_every_allocation_that_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("examine", cases);
}
