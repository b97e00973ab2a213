/* The scanners of URLs, headers, bodies, commands and the like through whole policies: chosen by their keys, acted on, found by nobody again. */
#include <jansson.h>
#include <string.h>

#include "base_suite.h"
#include "policies_program.h"

#define ALL "  rules:\n    - {id: forms, use: scanners}\n"
#define STRICT "  rules:\n    - {id: forms, use: [url-strict, body-strict]}\n"
#define SPAN(fields) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" fields "}]}]}]}"
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

struct row {
    const char *key, *text, *expected;
};

static const struct row rows[] = {
    {"url.full", "https://u:p@h.example/users/42?sig=a&q=b#access_token=c",
        "https://REDACTED:REDACTED@h.example/users/{id}?sig=REDACTED&q=b#access_token=REDACTED"},
    {"http.url", "https://h.example/?token=a", "https://h.example/?token=REDACTED"},
    {"http.target", "/reset/aB3dE5gH?x=1", "/reset/{id}?x=1"},
    {"url.query", "token=a&b=c", "token=REDACTED&b=c"},
    {"http.route", "/users/{id}", "/users/{id}"},
    {NULL, "GET /users/42", "GET /users/{id}"},
    {NULL, "checkout 42", "checkout 42"},
    {"http.request.header.authorization", "Bearer abc", "Bearer REDACTED"},
    {"http.request.header.X_Api_Key", "abc", "REDACTED"},
    {"http.request.header.cookie", "a=b; c=d", "a=REDACTED; c=REDACTED"},
    {"http.response.header.set-cookie", "a=b; Path=/; Secure", "a=REDACTED; Path=/; Secure"},
    {"http.request.header.x-forwarded-for", "192.0.2.1, 192.0.2.2", "REDACTED, REDACTED"},
    {"http.request.header.referer", "https://h.example/?code=1", "https://h.example/?code=REDACTED"},
    {"rpc.request.metadata.x-session-token", "abc", "REDACTED"},
    {"user_agent.original", "App/3.2 (SM-S918B) x", "App/3.* (*) x"},
    {"baggage.user", "bob", "REDACTED"},
    {"http.request.header.baggage", "user=bob;p=q", "user=REDACTED;p=REDACTED"},
    {"http.request.header.tracestate", "acme=bob,ot=th:8", "acme=REDACTED,ot=th:8"},
    {"http.request.body.content", "{\"email\":\"x\",\"pin\":1234,\"n\":5}", "{\"email\":\"REDACTED\",\"pin\":0,\"n\":5}"},
    {"http.request.body.content", "a=b&password=c", "a=b&password=REDACTED"},
    {"http.response.body.content", "<a><token>x</token></a>", "<a><token>REDACTED</token></a>"},
    {"http.response.body.content", "some prose", "?"},
    {"gen_ai.tool.call.arguments", "{\"user_email\":\"x\",\"city\":\"Oslo\"}", "{\"user_email\":\"REDACTED\",\"city\":\"Oslo\"}"},
    {"process.command_line", "mysql -psecret -h db", "mysql -pREDACTED -h db"},
    {"process.environment_variable.DB_PASSWORD", "x", "REDACTED"},
    {"exception.message", "no user 'bob'", "no user '?'"},
    {"exception.message", "SELECT * FROM t WHERE a = 'x'", "SELECT * FROM t WHERE a = ?"},
    {"exception.stacktrace", "E: bad 'x'\n\tat a.B.c(B.java:12)", "E: bad '?'\n\tat a.B.c(B.java:12)"},
    {"app.note", "https://u:p@h.example/?token=a", "https://u:p@h.example/?token=a"},
};

START_TEST(forms_are_read_under_their_keys)
{
    struct gate_small g;

    small_open(&g, POLICY("p") ALL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_str_eq(small_text(&g, rows[i].key, rows[i].text), rows[i].expected);
        ck_assert_str_eq(small_text(&g, rows[i].key, rows[i].expected), rows[i].expected);
        ck_assert_msg(g.findings.count == 0, "found again: %s", rows[i].expected);
    }
    small_close(&g);
}
END_TEST

START_TEST(forms_stand_beside_detectors)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: forms, use: scanners}\n    - {id: all, use: defaults, action: {replace: \"[{entity}]\"}}\n");
    ck_assert_str_eq(
        small_text(&g, "url.full", "https://h.example/?a=bob@example.com&token=bob@example.com"), "https://h.example/?a=REDACTED&token=REDACTED");
    ck_assert_str_eq(small_text(&g, "http.request.body.content", "{\"note\":\"bob@example.com\",\"card\":4111111111111111}"),
        "{\"note\":\"[EMAIL_ADDRESS]\",\"card\":0}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char once[512];

        ck_assert_uint_lt(strlen(small_text(&g, rows[i].key, rows[i].text)), sizeof(once));
        memcpy(once, g.json.ptr, strlen(g.json.ptr) + 1);
        ck_assert_str_eq(small_text(&g, rows[i].key, once), once);
        ck_assert_msg(g.findings.count == 0, "found again: %s", once);
    }
    small_close(&g);
}
END_TEST

START_TEST(forms_go_strict_when_asked)
{
    struct gate_small g;

    small_open(&g, POLICY("p") STRICT);
    ck_assert_str_eq(small_text(&g, "url.query", "q=a&page=2"), "q=REDACTED&page=REDACTED");
    ck_assert_str_eq(small_text(&g, "http.request.body.content", "{\"a\":\"b\",\"c\":[1,true,null]}"), "{\"a\":\"?\",\"c\":[0,0,null]}");
    ck_assert_str_eq(small_text(&g, "http.request.body.content", "a=b"), "a=?");
    small_close(&g);
}
END_TEST

/* Whatever is done with a number, JSON stays JSON. */
START_TEST(forms_keep_json_whole_with_any_action)
{
    static const char *const actions[] = {
        "{replace: \"<{entity}>\"}", "{hash: {key: pseudonym-2026}}", "{mask: {keep_last: 1}}", "drop", "{truncate: {to: 1}}"};
    char policy[256];
    struct gate_small g;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        snprintf(policy, sizeof(policy), POLICY("p") "  rules:\n    - {id: forms, use: json, action: %s}\n", actions[i]);
        small_open(&g, policy);
        const char *out = small_text(&g, "http.request.body.content", "{\"ssn\":536904399,\"pin\":true,\"password\":\"abc\",\"n\":7}");
        json_t *v = json_loads(out, 0, NULL);

        ck_assert_msg(v != NULL, "%s", out);
        ck_assert(json_integer_value(json_object_get(v, "ssn")) == 0 && json_integer_value(json_object_get(v, "pin")) == 0);
        ck_assert_str_ne(json_string_value(json_object_get(v, "password")), "abc");
        ck_assert(json_integer_value(json_object_get(v, "n")) == 7);
        json_decref(v);
        small_close(&g);
    }
}
END_TEST

/* What an action has put there is not found again, by any scanner. */
START_TEST(forms_do_not_find_what_actions_put)
{
    static const char *const actions[] = {
        "{replace: \"<{entity}>\"}", "{replace: \"[{entity}]\"}", "{hash: {key: pseudonym-2026}}", "{mask: {}}", "drop"};
    char policy[256], once[2048];
    struct gate_small g;

    for (size_t k = 0; k < sizeof(actions) / sizeof(actions[0]); k++) {
        snprintf(policy, sizeof(policy), POLICY("p") "  rules:\n    - {id: forms, use: scanners, action: %s}\n", actions[k]);
        small_open(&g, policy);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            ck_assert_uint_lt(strlen(small_text(&g, rows[i].key, rows[i].text)), sizeof(once));
            memcpy(once, g.json.ptr, strlen(g.json.ptr) + 1);
            ck_assert_msg(strcmp(small_text(&g, rows[i].key, once), once) == 0, "%s: %s -> %s -> %s", actions[k], rows[i].text, once, g.json.ptr);
        }
        small_close(&g);
    }
}
END_TEST

static void
passes(struct gate_small *g, const char *json, const char *has, const char *has_not)
{
    const char *out = small_pass(g, 0, json);

    ck_assert_int_eq(g->rc, RC_OK);
    ck_assert_msg(strstr(out, has) != NULL, "%s\nnot in %s", has, out);
    ck_assert_msg(strstr(out, has_not) == NULL, "%s\nin %s", has_not, out);
}

START_TEST(forms_are_read_in_every_place)
{
    struct gate_small g;

    small_open(&g, POLICY("p") ALL);
    passes(&g, SPAN("\"name\":\"GET /users/4711\""), "GET /users/{id}", "4711");
    passes(&g, SPAN("\"traceState\":\"acme=bob\""), "acme=REDACTED", "bob");
    passes(&g, SPAN("\"links\":[{\"traceState\":\"acme=bob\"}]"), "acme=REDACTED", "bob");
    passes(&g, SPAN("\"status\":{\"message\":\"no user 'bob'\"}"), "no user '?'", "bob");
    passes(&g, SPAN("\"events\":[{\"name\":\"exception\",\"attributes\":[" TEXT("exception.message", "no user 'bob'") "]}]"), "no user '?'", "bob");
    passes(&g,
        SPAN("\"attributes\":[{\"key\":\"http.request.header.authorization\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"Basic "
             "bob\"},{\"stringValue\":\"Bearer bob\"}]}}}]"),
        "Bearer REDACTED", "bob");
    small_close(&g);
}
END_TEST

/* A flag in one element, its value in the next. */
START_TEST(forms_read_arguments_in_arrays)
{
    struct gate_small g;

    small_open(&g, POLICY("p") ALL);
    passes(&g,
        SPAN("\"attributes\":[{\"key\":\"process.command_args\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"app\"},{\"stringValue\":\"-"
             "-password\"},"
             "{\"stringValue\":\"hunter2 x\"},{\"stringValue\":\"--host\"},{\"stringValue\":\"db\"}]}}}]"),
        "\"--host\"", "hunter2");
    ck_assert(strstr(g.json.ptr, "\"db\"") && strstr(g.json.ptr, "\"app\""));
    small_close(&g);
}
END_TEST

START_TEST(forms_replace_what_is_not_of_the_language)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: forms, use: [json, xml]}\n");
    ck_assert_str_eq(small_text(&g, "http.request.body.content", "hello"), "[redacted:undecidable]");
    ck_assert_str_eq(small_text(&g, "http.request.body.content", "[redacted:undecidable]"), "[redacted:undecidable]");
    ck_assert_uint_eq(g.findings.count, 0);
    small_close(&g);
    small_open(&g, POLICY("p") ALL);
    ck_assert_str_eq(small_text(&g, "http.request.header.tracestate", "garbage"), "[redacted:undecidable]");
    passes(&g, SPAN("\"traceState\":\"garbage\""), "[redacted:undecidable]", "garbage");
    small_close(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &forms_are_read_under_their_keys},
    {"normal", &forms_stand_beside_detectors},
    {"normal", &forms_go_strict_when_asked},
    {"normal", &forms_keep_json_whole_with_any_action},
    {"normal", &forms_do_not_find_what_actions_put},
    {"normal", &forms_are_read_in_every_place},
    {"normal", &forms_read_arguments_in_arrays},
    {"malformed", &forms_replace_what_is_not_of_the_language},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_forms", cases);
}
