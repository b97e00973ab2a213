/*
 * Ways in which personal data has left through redaction elsewhere: values that are no strings, places that are not looked at, allow-lists and failures
 * that let the text through. One case for each, through the whole path from the request's bytes to the bytes that leave.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base_suite.h"
#include "policies_program.h"

#define MAIL "jane.roe@example.org"
#define PAN "4111111111111111"

static const char policy[] = POLICY("holes") "  rules:\n"
                                             "    - {id: blocked, keys: ['blocked.*'], action: {mask: {char: '*'}}}\n"
                                             "    - {id: hashed, keys: ['hashed.*'], action: {hash: {key: pseudonym-2026, format: 'p_{hex16}'}}}\n"
                                             "    - {id: card, entity: CREDIT_CARD, action: {mask: {char: '*', keep_last: 4}}}\n"
                                             "    - {id: secrets, use: secret, action: {replace: '[{entity}]'}}\n"
                                             "    - {id: contact, use: contact, action: {replace: '[{entity}]'}}\n"
                                             "    - {id: government, use: government, action: {replace: '[{entity}]'}}\n"
                                             "    - {id: address, entity: IP_ADDRESS, action: {replace: '[{entity}]'}}\n";

#define BODY_MAX 4096

/* The request around something; the braces of one span are open. */
#define SPAN(inside) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" inside "}]}]}]}"
#define ATTRS(list) SPAN("\"name\":\"GET /orders/{id}\",\"attributes\":[" list "]")
#define ATTR(key, value) "{\"key\":\"" key "\",\"value\":{" value "}}"
#define STRING(s) "\"stringValue\":\"" s "\""
#define LIST(items) "\"arrayValue\":{\"values\":[" items "]}"
#define MAP(items) "\"kvlistValue\":{\"values\":[" items "]}"

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

/* The request goes through under the policy; the result lives until the next call. */
static const char *
leaves(struct gate_small *g, const char *json)
{
    const char *out = small_pass(g, 0, json);

    ck_assert_msg(g->rc == RC_OK, "refused: %s", rc_text(g->rc));
    return out;
}

/* ---- values that are no strings ---- */

START_TEST(holes_nonstring_under_blocked_key)
{
    static const struct {
        const char *json, *value;
    } rows[] = {
        {ATTRS(ATTR("blocked.pin", "\"intValue\":\"83517\"")), "83517"},
        {ATTRS(ATTR("blocked.balance", "\"doubleValue\":83517.25")), "83517"},
        {ATTRS(ATTR("blocked.flag", "\"boolValue\":true")), "true"},
        {ATTRS(ATTR("blocked.raw", "\"bytesValue\":\"ODM1MTc4MzUxNw==\"")), "ODM1MTc4MzUxNw"},
        {ATTRS(ATTR("blocked.list", LIST("{\"intValue\":\"83517\"},{" STRING("secret words") "}"))), "secret words"},
        {ATTRS(ATTR("blocked.list", LIST("{\"intValue\":\"83517\"},{" STRING("secret words") "}"))), "83517"},
        {ATTRS(ATTR("blocked.map", MAP(ATTR("a", STRING("secret words")) "," ATTR("b", "\"intValue\":\"83517\"")))), "secret words"},
        {ATTRS(ATTR("blocked.map", MAP(ATTR("a", STRING("secret words")) "," ATTR("b", "\"intValue\":\"83517\"")))), "83517"},
        {ATTRS(ATTR("outer", MAP(ATTR("blocked.pin", "\"intValue\":\"83517\"")))), "83517"},
    };
    struct gate_small g;

    small_open(&g, policy);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        gone(leaves(&g, rows[i].json), rows[i].value);
    small_close(&g);
}
END_TEST

/* A hash of "" for everything that is no string joins what does not belong together. */
START_TEST(holes_pseudonym_of_a_number_is_not_a_constant)
{
    struct gate_small g;
    char first[BODY_MAX];

    small_open(&g, policy);
    snprintf(first, sizeof(first), "%s", leaves(&g, ATTRS(ATTR("hashed.id", "\"intValue\":\"83517\""))));
    gone(first, "83517");
    stays(first, "p_");
    ck_assert_str_ne(first, leaves(&g, ATTRS(ATTR("hashed.id", "\"intValue\":\"83518\""))));
    ck_assert_str_eq(first, leaves(&g, ATTRS(ATTR("hashed.id", "\"intValue\":\"83517\""))));
    small_close(&g);
}
END_TEST

START_TEST(holes_number_that_is_a_card)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, ATTRS(ATTR("n", "\"intValue\":\"" PAN "\""))), PAN);
    gone(leaves(&g, ATTRS(ATTR("n", "\"intValue\":\"-" PAN "\""))), PAN);
    gone(leaves(&g, ATTRS(ATTR("n", "\"doubleValue\":" PAN))), "4111111");
    gone(leaves(&g, ATTRS(ATTR("n", "\"doubleValue\":" PAN ".0"))), "4111111");
    gone(leaves(&g, ATTRS(ATTR("n", LIST("{\"intValue\":\"1\"},{\"intValue\":\"" PAN "\"}")))), PAN);
    gone(leaves(&g, ATTRS(ATTR("n", MAP(ATTR("deep", MAP(ATTR("pan", "\"intValue\":\"" PAN "\""))))))), PAN);
    small_close(&g);
}
END_TEST

START_TEST(holes_bytes_are_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    /* base64 is how OTLP/JSON writes bytes: "to jane.roe@example.org", and the same behind bytes that are no UTF-8. */
    const char *out = leaves(&g, ATTRS(ATTR("raw", "\"bytesValue\":\"dG8gamFuZS5yb2VAZXhhbXBsZS5vcmc=\"")));

    gone(out, "amFuZS5yb2VAZXhhbXBsZS5vcmc");
    gone(leaves(&g, ATTRS(ATTR("raw", "\"bytesValue\":\"//4gamFuZS5yb2VAZXhhbXBsZS5vcmc=\""))), "amFuZS5yb2VAZXhhbXBsZS5vcmc");
    small_close(&g);
}
END_TEST

/* One finding must not turn a list into one string, nor touch what stands beside it. */
START_TEST(holes_types_stay_around_a_finding)
{
    struct gate_small g;

    small_open(&g, policy);
    const char *out = leaves(&g, ATTRS(ATTR("list", LIST("{\"intValue\":\"7\"},{" STRING(MAIL) "},{\"boolValue\":false}"))));

    gone(out, MAIL);
    stays(out, "\"arrayValue\":{\"values\":[{\"intValue\":\"7\"},{\"stringValue\":\"[EMAIL_ADDRESS]\"},{\"boolValue\":false}]}");
    small_close(&g);
}
END_TEST

START_TEST(holes_values_nested_at_depth)
{
    char json[BODY_MAX * 4];
    struct gate_small g;

    small_open(&g, policy);
    for (unsigned depth = 1; depth <= 12; depth++) {
        size_t n = (size_t)snprintf(
            json, sizeof(json), "%s", "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"attributes\":[{\"key\":\"a\",\"value\":");

        for (unsigned i = 0; i < depth; i++)
            n += (size_t)snprintf(json + n, sizeof(json) - n, "%s",
                i % 2 ? "{\"arrayValue\":{\"values\":[" : "{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":");
        n += (size_t)snprintf(json + n, sizeof(json) - n, "%s", "{\"stringValue\":\"" MAIL "\"}");
        for (unsigned i = depth; i-- > 0;)
            n += (size_t)snprintf(json + n, sizeof(json) - n, "%s", i % 2 ? "]}}" : "}]}}");
        snprintf(json + n, sizeof(json) - n, "%s", "}]}]}]}]}");
        const char *out = leaves(&g, json);

        gone(out, MAIL);
        stays(out, "[EMAIL_ADDRESS]");
    }
    small_close(&g);
}
END_TEST

/* ---- the whole value ---- */

START_TEST(holes_newline_in_a_masked_value)
{
    struct gate_small g;
    char one[BODY_MAX], two[BODY_MAX];

    small_open(&g, policy);
    const char *out = leaves(&g, ATTRS(ATTR("blocked.text", STRING("alpha\\nbravo\\r\\ncharlie\\u2028delta"))));

    gone(out, "alpha");
    gone(out, "bravo");
    gone(out, "charlie");
    gone(out, "delta");
    /* One pseudonym for the whole value, not one a line; and lines that are alike do not show. */
    snprintf(one, sizeof(one), "%s", leaves(&g, ATTRS(ATTR("hashed.text", STRING("alpha\\nalpha")))));
    snprintf(two, sizeof(two), "%s", leaves(&g, ATTRS(ATTR("hashed.text", STRING("alpha\\nbravo")))));
    gone(one, "\\n");
    ck_assert_uint_eq(strlen(one), strlen(two));
    ck_assert_str_ne(one, two);
    small_close(&g);
}
END_TEST

/* ---- what is allowed ---- */

START_TEST(holes_allowed_key_does_not_exempt_its_value)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: card, entity: CREDIT_CARD, action: {mask: {char: '*', keep_last: 4}}}\n"
                               "  keys: {allow: ['app.*'], otherwise: drop}\n");
    const char *out = leaves(&g, ATTRS(ATTR("app.note", STRING(PAN " a@mycompany.example")) "," ATTR("other", STRING("unlisted"))));

    gone(out, PAN);
    gone(out, "unlisted");
    stays(out, "a@mycompany.example");
    small_close(&g);
}
END_TEST

/* A hold-out is for a value that has the shape, not for one that contains it. */
START_TEST(holes_held_out_shape_does_not_exempt_the_rest)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  hold_out: [{keys: [session.id], shape: uuid}]\n"
                               "  rules:\n    - {id: contact, use: contact, action: {replace: X}}\n");
    stays(leaves(&g, ATTRS(ATTR("session.id", STRING("7d444840-9dc0-11d1-b245-5ffdce74fad2")))), "7d444840-9dc0-11d1-b245-5ffdce74fad2");
    gone(leaves(&g, ATTRS(ATTR("session.id", STRING("7d444840-9dc0-11d1-b245-5ffdce74fad2 " MAIL)))), MAIL);
    small_close(&g);
}
END_TEST

START_TEST(holes_blocked_key_wins_over_allowed_key)
{
    struct gate_small g;

    small_open(
        &g, POLICY("p") "  rules:\n    - {id: k, keys: ['app.secret*'], action: {replace: gone}}\n  keys: {allow: ['app.*'], otherwise: drop}\n");
    gone(leaves(&g, ATTRS(ATTR("app.secret_word", STRING("open sesame")))), "sesame");
    small_close(&g);
}
END_TEST

/* ---- texts that a scanner cannot read ---- */

START_TEST(holes_unparsable_sql_does_not_pass)
{
    static const char *const texts[] = {
        "SELECT * FROM t WHERE mail = '" MAIL, "SELECT 'a' || \\\\ '" MAIL "' FROM (((", "\\u0001 " MAIL " ;;; ' \\\" `", "/* " MAIL, "-- " MAIL};
    static const char *const keys[] = {"db.statement", "db.query.text", "app.sql"};
    char json[BODY_MAX];
    struct gate_small g;

    small_open(&g, policy);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            snprintf(json, sizeof(json),
                ATTRS("{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}},{\"key\":\"db.system\",\"value\":{\"stringValue\":\"oracle\"}}"), keys[k],
                texts[i]);
            gone(leaves(&g, json), MAIL);
        }
    }
    small_close(&g);
}
END_TEST

/* Without a known db.system, and for systems that have no sanitizer of their own. */
START_TEST(holes_every_database_system_is_examined)
{
    static const char *const systems[] = {
        "elasticsearch", "opensearch", "cosmosdb", "mssql", "oracle.db", "snowflake", "cassandra", "redis", "mongodb", "unheard-of", ""};
    char json[BODY_MAX];
    struct gate_small g;

    small_open(&g, policy);
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
        snprintf(json, sizeof(json),
            ATTRS("{\"key\":\"db.statement\",\"value\":{\"stringValue\":\"{\\\"query\\\":{\\\"match\\\":{\\\"mail\\\":\\\"" MAIL
                  "\\\",\\\"pan\\\":" PAN "}}}\"}},{\"key\":\"db.system\",\"value\":{\"stringValue\":\"%s\"}}"),
            systems[i]);
        const char *out = leaves(&g, json);

        gone(out, MAIL);
        gone(out, PAN);
    }
    small_close(&g);
}
END_TEST

/* ---- places ---- */

START_TEST(holes_span_name_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, SPAN("\"name\":\"GET /users/" MAIL "\"")), MAIL);
    gone(leaves(&g, SPAN("\"name\":\"pay with " PAN "\",\"kind\":4")), PAN);
    gone(leaves(&g, SPAN("\"name\":\"GET /users/jane.roe%40example.org/edit\",\"kind\":1")), "jane.roe");
    small_close(&g);
}
END_TEST

START_TEST(holes_good_names_stay)
{
    static const char *const names[] = {"GET /orders/{id}", "POST /api/v2/carts/:id/items", "orders process", "checkout.CheckoutService/PlaceOrder",
        "SELECT shop.orders", "HTTP GET", "..", "/health", "SELECT id, name FROM users WHERE id = $1 LIMIT ?"};
    char json[BODY_MAX];
    struct gate_small g;

    small_open(&g, policy);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(json, sizeof(json), SPAN("\"name\":\"%s\""), names[i]);
        stays(leaves(&g, json), names[i]);
        ck_assert_uint_eq(g.findings.count, 0);
    }
    small_close(&g);
}
END_TEST

START_TEST(holes_events_are_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, SPAN("\"events\":[{\"name\":\"sent to " MAIL "\"}]")), MAIL);
    gone(leaves(&g, SPAN("\"events\":[{\"name\":\"exception\",\"attributes\":[" ATTR("exception.message", STRING("no user " MAIL)) "]}]")), MAIL);
    gone(leaves(&g,
             SPAN("\"events\":[{\"name\":\"e\",\"attributes\":[" ATTR("exception.stacktrace", STRING("E: " MAIL "\\n\\tat a.B.c(B.java:1)")) "]}]")),
        MAIL);
    small_close(&g);
}
END_TEST

#define IDS "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\""

START_TEST(holes_links_are_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, SPAN("\"links\":[{" IDS ",\"attributes\":[" ATTR("from", STRING(MAIL)) "]}]")), MAIL);
    gone(leaves(&g, SPAN("\"links\":[{" IDS ",\"traceState\":\"v=" MAIL "\"}]")), MAIL);
    small_close(&g);
}
END_TEST

START_TEST(holes_status_message_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, SPAN("\"status\":{\"code\":2,\"message\":\"card " PAN " declined\"}")), PAN);
    small_close(&g);
}
END_TEST

START_TEST(holes_trace_state_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, SPAN(IDS ",\"traceState\":\"vendor=" MAIL ",other=1\"")), MAIL);
    small_close(&g);
}
END_TEST

START_TEST(holes_scope_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    const char *out = leaves(&g, "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":\"lib by " MAIL "\",\"version\":\"" PAN
                                 "\",\"attributes\":[" ATTR("maintainer", STRING("bob.roe@example.org")) "]},\"spans\":[{\"name\":\"x\"}]}]}]}");

    gone(out, MAIL);
    gone(out, PAN);
    gone(out, "bob.roe");
    small_close(&g);
}
END_TEST

START_TEST(holes_resource_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" ATTR(
                        "host.owner", STRING(MAIL)) "]},\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}"),
        MAIL);
    gone(leaves(&g, "{\"resourceSpans\":[{\"schemaUrl\":\"https://example.org/?m=" MAIL "\",\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}"),
        MAIL);
    small_close(&g);
}
END_TEST

START_TEST(holes_text_of_keys_is_examined)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, ATTRS(ATTR("visits." MAIL, "\"intValue\":\"3\""))), MAIL);
    gone(leaves(&g, ATTRS(ATTR("m", MAP(ATTR(PAN, STRING("x")))))), PAN);
    gone(leaves(&g, ATTRS(ATTR("visits.jane.roe%40example.org", STRING("x")))), "jane.roe");
    small_close(&g);
}
END_TEST

/* ---- what is written beside the data ---- */

/* Nothing is added to the resource: a redaction must not make another resource of it. */
START_TEST(holes_resource_identity_stays)
{
    static const char before[] = "{\"resource\":{\"attributes\":[" ATTR("service.name", STRING("checkout")) "," ATTR(
        "k8s.pod.name", STRING("checkout-7d9f8b6c5-x2x7k")) "]}";
    struct gate_small g;

    small_open(&g, policy);
    const char *out = leaves(
        &g, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" ATTR("service.name", STRING("checkout")) "," ATTR("k8s.pod.name",
                STRING("checkout-7d9f8b6c5-x2x7k")) "]},\"scopeSpans\":[{\"spans\":[{\"attributes\":[" ATTR("a", STRING(MAIL)) "]}]}]}]}");

    gone(out, MAIL);
    stays(out, before);
    gone(out, "redaction.");
    small_close(&g);
}
END_TEST

START_TEST(holes_findings_are_counted)
{
    struct gate_small g;

    small_open(&g, policy);
    leaves(&g, ATTRS(ATTR("a", STRING("from " MAIL " with " PAN)) "," ATTR("blocked.x", STRING("y"))));
    ck_assert_uint_eq(g.report.counts[rule_of(g.prog, "contact", "EMAIL_ADDRESS")], 1);
    ck_assert_uint_eq(g.report.counts[rule_of(g.prog, "card", NULL)], 1);
    ck_assert_uint_eq(g.report.counts[rule_of(g.prog, "blocked", NULL)], 1);
    small_close(&g);
}
END_TEST

/* Key paths that another gate wrote down are data like any other, and a policy can take them out. */
START_TEST(holes_forged_summary_attributes)
{
    struct gate_small g;

    small_open(&g, policy);
    gone(leaves(&g, ATTRS(ATTR("redaction.masked.keys", STRING("user." MAIL ",a")) "," ATTR("redaction.masked.count", "\"intValue\":\"" PAN "\""))),
        MAIL);
    small_close(&g);
    small_open(&g, POLICY("p") "  rules: [{id: summaries, keys: ['redaction.*'], action: drop}]\n");
    gone(leaves(&g, ATTRS(ATTR("redaction.masked.keys", STRING("user.name")) "," ATTR("redaction.ignored.count", "\"intValue\":\"4\""))),
        "redaction.");
    small_close(&g);
}
END_TEST

/* ---- order ---- */

START_TEST(holes_same_input_same_output)
{
    static const char json[] = ATTRS(ATTR("a", STRING("4111 1111 1111 1111 +49 30 901820 " MAIL " 192.0.2.7 password=hunter2hunter2")));
    struct gate_small g;
    char first[BODY_MAX] = "";

    for (unsigned i = 0; i < 2; i++) {
        small_open(&g, policy);
        const char *out = leaves(&g, json);

        ck_assert_str_eq(i ? first : out, out);
        snprintf(first, sizeof(first), "%s", out);
        small_close(&g);
    }
}
END_TEST

START_TEST(holes_second_pass_changes_nothing)
{
    static const char json[] = ATTRS(ATTR("a", STRING("4111 1111 1111 1111 +49 30 901820 " MAIL " 192.0.2.7 password=hunter2hunter2")) "," ATTR(
        "blocked.k", STRING("x\\ny")) "," ATTR("hashed.id", STRING("u17")) "," ATTR("n", "\"intValue\":\"" PAN "\""));
    struct gate_small g;
    char first[BODY_MAX];

    small_open(&g, policy);
    snprintf(first, sizeof(first), "%s", leaves(&g, json));
    ck_assert_str_eq(leaves(&g, first), first);
    small_close(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &holes_nonstring_under_blocked_key},
    {"normal", &holes_pseudonym_of_a_number_is_not_a_constant},
    {"normal", &holes_number_that_is_a_card},
    {"normal", &holes_bytes_are_examined},
    {"normal", &holes_types_stay_around_a_finding},
    {"normal", &holes_values_nested_at_depth},
    {"normal", &holes_newline_in_a_masked_value},
    {"normal", &holes_allowed_key_does_not_exempt_its_value},
    {"normal", &holes_held_out_shape_does_not_exempt_the_rest},
    {"normal", &holes_blocked_key_wins_over_allowed_key},
    {"malformed", &holes_unparsable_sql_does_not_pass},
    {"normal", &holes_every_database_system_is_examined},
    {"normal", &holes_span_name_is_examined},
    {"normal", &holes_good_names_stay},
    {"normal", &holes_events_are_examined},
    {"normal", &holes_links_are_examined},
    {"normal", &holes_status_message_is_examined},
    {"normal", &holes_trace_state_is_examined},
    {"normal", &holes_scope_is_examined},
    {"normal", &holes_resource_is_examined},
    {"normal", &holes_text_of_keys_is_examined},
    {"normal", &holes_resource_identity_stays},
    {"normal", &holes_findings_are_counted},
    {"normal", &holes_forged_summary_attributes},
    {"normal", &holes_same_input_same_output},
    {"normal", &holes_second_pass_changes_nothing},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("holes", cases);
}
