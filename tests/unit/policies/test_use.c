#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base_suite.h"
#include "policies/scanner.h"
#include "policies_program.h"

/* Rules that use scanners, through the whole engine. */

#define SQL "  rules:\n    - {id: sql, use: sql}\n"
#define SPAN(attributes) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"n\",\"attributes\":[" attributes "]}]}]}]}"
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define INT(key, value) "{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"

/* Two readings of '\' that are equally good. */
#define DOUBTFUL "'\\''\\'\\'"

static void
passes(struct gate_small *g, const char *json, const char *has)
{
    const char *out = small_pass(g, 0, json);

    ck_assert_int_eq(g->rc, RC_OK);
    ck_assert_msg(strstr(out, has) != NULL, "%s\nnot in %s", has, out);
}

START_TEST(use_makes_a_rule_of_each_kind)
{
    struct gate_small g;

    small_open(&g, POLICY("p") SQL);
    ck_assert_uint_eq(program_rule_count(g.prog), 2);
    ck_assert_str_eq(program_rule(g.prog, rule_of(g.prog, "sql", "SQL_LITERAL")).action, "replace");
    ck_assert_str_eq(small_text(&g, "db.query.text", "SELECT 'a', 5 /* b */ FROM t"), "SELECT ?, ? /*?*/ FROM t");
    ck_assert_str_eq(small_text(&g, "db.Statement", "SELECT 5"), "SELECT ?");
    ck_assert_str_eq(small_text(&g, "other", "SELECT 5"), "SELECT 5");
    ck_assert_uint_eq(g.findings.count, 0);
    small_close(&g);
}
END_TEST

START_TEST(use_reads_the_keys_and_places_of_the_rule)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: s, use: sql, keys: [\"app.*\", span.name], action: {replace: \"<{entity}>\"}}\n");
    ck_assert_str_eq(small_text(&g, "app.sql", "SELECT 5"), "SELECT <SQL_LITERAL>");
    ck_assert_str_eq(small_text(&g, "db.query.text", "SELECT 5"), "SELECT 5");
    ck_assert_str_eq(small_text(&g, NULL, "SELECT 'a' FROM t"), "SELECT <SQL_LITERAL> FROM t");
    passes(&g,
        SPAN("{\"key\":\"app\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"x\",\"value\":{\"stringValue\":\"SELECT 5\"}},"
             "{\"key\":\"app.y\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"SELECT 6\"},{\"stringValue\":\"SELECT 7\"}]}}}]}}}"),
        "\"SELECT 5\"");
    ck_assert_uint_eq(g.findings.count, 2); /* elements of an array, under a nested key that matches by itself */
    small_close(&g);
    small_open(&g, POLICY("p") "  scan: [span.name]\n" SQL);
    passes(&g, SPAN(TEXT("db.statement", "SELECT 5")), "SELECT 5");
    small_close(&g);
}
END_TEST

START_TEST(use_leaves_numbers_alone)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: s, use: sql, keys: [\"*\"]}\n");
    passes(&g, SPAN(INT("n", "42")), "\"intValue\":\"42\"");
    small_close(&g);
}
END_TEST

START_TEST(use_tells_the_scanner_the_system_of_the_span)
{
    struct gate_small g;

    small_open(&g, POLICY("p") SQL);
    passes(&g, SPAN(TEXT("db.statement", "SELECT \\\"a b\\\"") "," TEXT("db.system", "mysql")), "SELECT ?\"");
    passes(
        &g, SPAN(TEXT("db.system.name", "postgresql") "," TEXT("db.system", "mysql") "," TEXT("db.statement", "SELECT \\\"a b\\\"")), "\\\"a b\\\"");
    /* of this span, not of the one before */
    passes(&g,
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[" TEXT("db.system", "postgresql") "," TEXT("db.statement",
            "SELECT \\\"p q\\\"") "]},{\"attributes\":[" TEXT("db.system", "mysql") "," TEXT("db.statement", "SELECT \\\"m n\\\"") "]}]}]}]}",
        "\\\"p q\\\"");
    ck_assert_uint_eq(g.findings.count, 1);
    small_close(&g);
}
END_TEST

START_TEST(use_is_decided_once_for_all_policies)
{
    struct gate_small g;

    small_open(&g, POLICY("p") SQL
        "---\n" POLICY("q") "  mode: shadow\n  rules:\n    - {id: shadow, use: [sql, defaults], keys: [db.statement], action: drop}\n");
    ck_assert_str_eq(small_text(&g, "db.statement", "SELECT 5"), "SELECT ?");
    ck_assert_uint_eq(g.findings.count, 2);
    ck_assert_uint_eq(g.findings.list[0].rule, rule_of(g.prog, "sql", "SQL_LITERAL"));
    ck_assert_uint_eq(g.findings.list[1].rule, rule_of(g.prog, "shadow", "SQL_LITERAL"));
    small_close(&g);
}
END_TEST

START_TEST(use_replaces_the_whole_value_whatever_is_found_in_it)
{
    static const char rules[] = POLICY("p") "  rules:\n    - {id: card, entity: CREDIT_CARD, action: {mask: {keep_last: 4}}}\n"
                                            "    - {id: email, entity: EMAIL_ADDRESS, action: {hash: {key: pseudonym-2026}}}\n"
                                            "    - {id: sql, use: sql}\n";
    static const char *const texts[] = {"SELECT 1 FROM t WHERE pan = '4111 1111 1111 1111' AND mail = 'bob@example.org'",
        "SELECT 1 WHERE pan = 4111111111111111", "SELECT 1 WHERE pan = 4111-1111-1111-1111", "SELECT bob@example.org, '5500005555555559'"};
    struct gate_small g;

    small_open(&g, rules);
    ck_assert_str_eq(small_text(&g, "db.statement", texts[0]), "SELECT ? FROM t WHERE pan = ? AND mail = ?");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char once[512];

        snprintf(once, sizeof(once), "%s", small_text(&g, "db.statement", texts[i]));
        ck_assert_ptr_null(strstr(once, "1111"));
        ck_assert_str_eq(small_text(&g, "db.statement", once), once);
    }
    small_close(&g);
}
END_TEST

START_TEST(use_gives_way_to_rules_by_key)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: k, keys: [db.statement], action: {replace: gone}}\n    - {id: sql, use: sql}\n");
    ck_assert_str_eq(small_text(&g, "db.statement", "SELECT 5"), "gone");
    small_close(&g);
}
END_TEST

START_TEST(use_names_what_is_unknown)
{
    struct program *p = NULL;
    struct errs es = {0};

    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: s, use: sqll}\n", &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 1);
    errs_free(&es);
}
END_TEST

START_TEST(use_warns_of_actions_that_keep_a_part)
{
    struct program *p = NULL;
    struct errs es = {0};

    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: s, use: db, action: {mask: {keep_last: 4}}}\n", &p, &es), RC_OK);
    ck_assert_uint_eq(es.errors, 0);
    ck_assert_uint_eq(es.count, 1);
    program_unref(p);
    errs_free(&es);
    es = (struct errs){0};
    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: s, use: db, action: {mask: {char: \"#\"}}}\n", &p, &es), RC_OK);
    ck_assert_uint_eq(es.count, 0);
    program_unref(p);
    errs_free(&es);
}
END_TEST

START_TEST(use_of_all_scanners_leaves_out_parts)
{
    struct gate_small g;
    size_t count, n = 0;
    const struct scanner *const *all = scanners_all(&count);

    for (size_t i = 0; i < count; i++) {
        n += all[i]->part;
        ck_assert_ptr_nonnull(all[i]->keys);
        ck_assert_msg(all[i]->kinds != 0, "%s reports nothing", all[i]->name);
        ck_assert_ptr_eq(scanner_find(str_of(all[i]->name)), all[i]);
    }
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_gt(count, n);
    small_open(&g, POLICY("p") "  rules:\n    - {id: s, use: scanners}\n");
    for (size_t i = 1; i < program_rule_count(g.prog); i++) /* a kind is one rule, however many scanners report it */
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(program_rule(g.prog, i).entity, program_rule(g.prog, k).entity);
    small_close(&g);
}
END_TEST

START_TEST(use_that_cannot_decide_takes_the_whole_text)
{
    struct gate_small g;

    small_open(&g, POLICY("p") SQL);
    ck_assert_str_eq(small_text(&g, "db.statement", DOUBTFUL), "[redacted:undecidable]");
    ck_assert_str_eq(small_text(&g, "db.statement", "[redacted:undecidable]"), "[redacted:undecidable]");
    ck_assert_uint_eq(g.findings.count, 0);
    small_close(&g);
    small_open(&g, POLICY("p") "  rules:\n    - {id: sql, use: sql, mode: shadow}\n");
    ck_assert_str_eq(small_text(&g, "db.statement", DOUBTFUL), DOUBTFUL);
    ck_assert_uint_eq(g.findings.count, 1);
    ck_assert_uint_eq(g.findings.undecidable, 0);
    ck_assert(g.findings.list[0].whole);
    small_close(&g);
}
END_TEST

START_TEST(use_respects_off_and_hold_outs)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  hold_out:\n    - {keys: [\"db.*\"], shape: uuid}\n  rules:\n    - {id: sql, use: sql, mode: enforce}\n"
                               "    - {id: none, use: sql, keys: [a], mode: off}\n");
    ck_assert_str_eq(small_text(&g, "db.statement", "123e4567-e89b-12d3-a456-426614174000"), "123e4567-e89b-12d3-a456-426614174000");
    ck_assert_str_eq(small_text(&g, "db.statement", "a = 123e4567-e89b-12d3-a456-426614174000"), "a = ?");
    ck_assert_str_eq(small_text(&g, "a", "SELECT 5"), "SELECT 5");
    small_close(&g);
}
END_TEST

START_TEST(use_takes_a_text_with_too_many_values_whole)
{
    static char text[400000];
    struct gate_small g;

    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "1,", 2);
    small_open(&g, POLICY("p") SQL);
    ck_assert_str_eq(small_text(&g, "db.statement", text), "[redacted:undecidable]");
    text[100000] = '\0';
    ck_assert_int_eq(strncmp(small_text(&g, "db.statement", text), "?,?,?", 5), 0);
    small_close(&g);
}
END_TEST

/* What replacements bring to light is found before it leaves: lines that were two, what stood behind escapes. */
START_TEST(use_leaves_nothing_for_the_next_gate)
{
    static const char rules[] = POLICY("p") "  rules:\n    - {id: all, use: defaults, action: {replace: \"[{entity}]\"}}\n"
                                            "    - {id: ip, entity: IP_ADDRESS, severity: high, action: generalize}\n    - {id: stack, use: stack}\n";
    static const char *const texts[] = {"E: value 2606%3A2c10%3A51e2%3A2a49%3A%3A1 was rejected\n\tat com.example.Main.run(Main.java:42)\n",
        "E: invalid MRZ 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10です'\n\tat a.b.C(D.java:1)\n",
        "cannot open /home/4111%201111%201111%201111/x: no such file", "token=(connect.sid=s%3Aabcdef.ghi), 7"};
    struct gate_small g;

    small_open(&g, rules);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *once = strdup(small_text(&g, "exception.stacktrace", texts[i]));

        ck_assert_str_ne(once, texts[i]);
        ck_assert_str_ne(once, "[redacted:undecidable]");
        ck_assert_str_eq(small_text(&g, "exception.stacktrace", once), once);
        free(once);
    }
    small_close(&g);
}
END_TEST

/* Equal outputs are examined once; under another key or system they are other texts. */
START_TEST(use_looks_again_under_the_same_key)
{
    struct gate_small g;

    small_open(&g,
        POLICY("p") "  rules:\n    - {id: mail, entity: EMAIL_ADDRESS, action: {replace: \"5\"}}\n    - {id: sql, use: sql, keys: [db.statement]}\n");
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(small_text(&g, "other", "a @ is alice%40example.org"), "a @ is 5");
        ck_assert_str_eq(small_text(&g, "db.statement", "SELECT alice%40example.org FROM t"), "SELECT ? FROM t");
    }
    small_close(&g);
}
END_TEST

/* What is dropped leaves a text of its kind. */
START_TEST(use_drops_values_and_keeps_the_text_well_formed)
{
    static const struct {
        const char *key, *text, *expected;
    } rows[] = {
        {"db.statement", "SELECT 'a', 5, x/* hi */FROM t WHERE b IN (1,'2') -- bob", "SELECT ?, ?, x FROM t WHERE b IN (?,?)  "},
        {"db.statement", "HSET users:1 name bob mail \"a b\"", "HSET users:1 name ? mail ?"},
        {"db.statement", "{\"find\": \"u\", \"filter\": {\"name\": \"bob\", \"n\": 5}}",
            "{\"find\": \"u\", \"filter\": {\"name\": \"\", \"n\": null}}"},
        {"graphql.document", "{ user(id: 5, name: \"bob\", of: [1, 2]) { a } } # bob", "{ user(id: null, name: \"\", of: [null, null]) { a } } #"},
        {"graphql.document", "{ a(b: \"\"\"x \"q\" y\"\"\") }", "{ a(b: \"\"\"\"\"\") }"},
        {"url.full", "https://bob:pw@h.example/users/12345/x;sid=1?token=abc&q=1&email=a@b.c#access_token=xyz",
            "https://@h.example/users/{id}/x;sid=?token=&q=1&email=#access_token="},
        {"http.request.header.authorization", "Bearer abcdefgh", "Bearer "},
        {"http.request.header.x-api-key", "abcdefgh", ""},
        {"http.request.header.cookie", "a=b; sid=\"xyz\"", "a=; sid=\"\""},
        {"http.request.header.forwarded", "for=\"192.0.2.1\";proto=https", "for=\"\";proto=https"},
        {"user_agent.original", "Mozilla/5.0 (Linux; Android 10; SM-G960F) Chrome/100.0.1.2", "Mozilla/5.* (Linux; Android 10; *) Chrome/100.*"},
        {"baggage", "userId=alice,node=DF%2028;p=x", "userId=,node=;p="},
        {"http.request.header.tracestate", "v=abc,w=def", "v=-,w=-"},
        {"http.request.body.content", "{\"password\": \"x\\\"y\", \"pin\": 1234, \"s\": \"{\\\"password\\\": \\\"abc\\\"}\"}",
            "{\"password\": \"\", \"pin\": null, \"s\": \"{\\\"password\\\": \\\"\\\"}\"}"},
        {"app.strict", "{\"a\": \"x\", \"n\": 5.5, \"b\": [true, \"y\"]}", "{\"a\": \"\", \"n\": null, \"b\": [null, \"\"]}"},
        {"app.strict", "<a b=\"x\" c='y'>text<d/><![CDATA[z]]></a>", "<a b=\"\" c=''><d/><![CDATA[]]></a>"},
        {"app.strict", "a=1&password=x&b", "a=&password=&b"},
        {"process.command_line", "mysql -psecret --password=abc --token \"x y\" -e \"select 1\"",
            "mysql -p'' --password='' --token \"\" -e \"select ?\""},
        {"exception.message", "E: invalid 'bob' at line 5, value 77 for key \"x\", token=abc",
            "E: invalid '' at line 5, value ? for key \"x\", token=?"},
    };
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: s, use: scanners, action: drop}\n"
                               "    - {id: t, use: body-strict, keys: [app.strict], action: drop}\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_str_eq(small_text(&g, rows[i].key, rows[i].text), rows[i].expected);
        ck_assert_str_eq(small_text(&g, rows[i].key, rows[i].expected), rows[i].expected);
    }
    small_close(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &use_makes_a_rule_of_each_kind},
    {"normal", &use_reads_the_keys_and_places_of_the_rule},
    {"normal", &use_leaves_numbers_alone},
    {"normal", &use_tells_the_scanner_the_system_of_the_span},
    {"normal", &use_is_decided_once_for_all_policies},
    {"normal", &use_replaces_the_whole_value_whatever_is_found_in_it},
    {"normal", &use_gives_way_to_rules_by_key},
    {"normal", &use_leaves_nothing_for_the_next_gate},
    {"normal", &use_drops_values_and_keeps_the_text_well_formed},
    {"normal", &use_looks_again_under_the_same_key},
    {"normal", &use_of_all_scanners_leaves_out_parts},
    {"malformed", &use_warns_of_actions_that_keep_a_part},
    {"malformed", &use_names_what_is_unknown},
    {"malformed", &use_that_cannot_decide_takes_the_whole_text},
    {"limits", &use_respects_off_and_hold_outs},
    {"limits", &use_takes_a_text_with_too_many_values_whole},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("use", cases);
}
