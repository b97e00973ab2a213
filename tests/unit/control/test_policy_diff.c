#include "base_suite.h"
#include "control_tmp.h"
#include "proxy/control/policy_bench_int.h"
#include "proxy/control/policy_diff_int.h"

#define HEAD "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p, revision: "
#define OLD                                                                                      \
    HEAD "1}\nspec:\n  rules:\n    - {id: email, entity: EMAIL_ADDRESS, action: {replace: E}}\n" \
         "    - {id: ip, entity: IP_ADDRESS, action: {replace: I}}\n    - {id: gone, keys: [gone], action: drop}\n"
#define NEW                                                                                                 \
    HEAD "2}\nspec:\n  rules:\n    - {id: email, entity: EMAIL_ADDRESS, action: {mask: {keep_first: 1}}}\n" \
         "    - {id: ip, entity: IP_ADDRESS, action: {replace: I}}\n    - {id: card, entity: CREDIT_CARD, action: drop}\n"
#define CORPUS                                                                                                                            \
    "span: {name: x, attributes: {user.email: alice@example.org, gone: v, card: \"4111 1111 1111 1111\", client.address: 203.0.113.7}}\n" \
    "---\nspan: {name: y, attributes: {user.email: bob@example.org}}\n"

static int
diff(const char *old, const char *now, struct policy_diff_options o, struct buf *out)
{
    static const char *corpus[1];

    o.old = tmp_write("old.policy.yaml", old);
    o.now = tmp_write("new.policy.yaml", now);
    corpus[0] = tmp_write("corpus.yaml", CORPUS);
    o.corpus = corpus;
    o.corpus_count = 1;
    buf_clear(out);
    return policy_diff_main(&o, out);
}

START_TEST(policy_diff_tells_of_rules_and_of_values)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(diff(OLD, NEW, (struct policy_diff_options){0}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "rules: 1 added, 1 removed, 2 changed\n");
    tmp_has(&out, "~ p  revision: 1 -> 2\n");
    tmp_has(&out, "~ p/email  action: {replace: E} -> {mask: {keep_first: 1}}\n");
    tmp_has(&out, "- p/gone  {id: gone, keys: [gone], action: drop}\n");
    tmp_has(&out, "+ p/card  {id: card,");
    tmp_has(&out, "spans: 2, texts: 7, treated otherwise: 4,");
    tmp_has(&out, "2 x span.attributes.user.email  changed by email -> changed by email");
    tmp_has(&out, "1 x span.attributes.gone  dropped by gone -> kept by no rule");
    tmp_has(&out, "1 x span.attributes.card  kept by no rule -> changed by card");
    tmp_has_not(&out, "alice");
    tmp_has_not(&out, "client.address");
    ck_assert_int_eq(diff(OLD, NEW, (struct policy_diff_options){.show_values = true, .format = DIFF_JSON}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "\"value\":\"alice@example.org\",\"old\":{\"outcome\":\"changed\",\"rules\":\"email\",\"value\":\"E\"}");
    buf_free(&out);
}
END_TEST

START_TEST(policy_diff_is_quiet_when_nothing_differs)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(diff(OLD, OLD, (struct policy_diff_options){0}, &out), EXIT_DONE);
    tmp_has(&out, "rules: 0 added, 0 removed, 0 changed\n");
    tmp_has(&out, "treated otherwise: 0, routed otherwise: 0 spans\n");
    buf_free(&out);
}
END_TEST

#define ROUTE(to)                                                                                                                                    \
    "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stay}\nspec:\n  unknown_origin: {treat_as: DE}\n  routes: [{from: [DE], " \
    "to: [" to "]}]\n"

START_TEST(policy_diff_tells_of_routes)
{
    static const char *const destinations[] = {"eu=EU", "us=US"};
    struct policy_diff_options o = {.tool = {.destinations = destinations, .destination_count = 2}};
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(diff(OLD ROUTE("eu"), OLD ROUTE("us"), o, &out), EXIT_NEGATIVE);
    tmp_has(&out, "~ stay  routes: ");
    tmp_has(&out, "routed otherwise: 2 spans\n");
    o.tool.destination_count = 0; /* names in routes stand in */
    ck_assert_int_eq(diff(OLD ROUTE("eu"), OLD ROUTE("eu"), o, &out), EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(policy_diff_refuses_what_cannot_be_loaded)
{
    struct buf out = BUF_INIT(1u << 20);

    (void)tmp_take_stderr();
    ck_assert_int_eq(diff(OLD, "kind: Redaction\n", (struct policy_diff_options){0}, &out), EXIT_CONFIG);
    ck_assert_int_eq(diff("{", OLD, (struct policy_diff_options){0}, &out), EXIT_CONFIG);
    buf_free(&out);
}
END_TEST

START_TEST(policy_bench_counts_candidates_and_matches)
{
    const char *corpus[] = {tmp_write("corpus.yaml", CORPUS)}, *policies[] = {tmp_write("old.policy.yaml", OLD)};
    struct policy_bench_options o = {.tool = {.policies = policies, .policy_count = 1}, .corpus = corpus, .corpus_count = 1, .json = true};
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(policy_bench_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "{\"spans\":2,\"texts\":7,");
    tmp_has(&out, "\"rule\":\"email\",\"entity\":\"EMAIL_ADDRESS\",\"detector\":\"contact.email\"");
    tmp_has(&out, "\"candidates\":2,\"matches\":2,");
    o.json = false;
    o.corpus_count = 0;
    o.spans = 256;
    o.stress = true;
    o.top = 1;
    buf_clear(&out);
    (void)policy_bench_main(&o, &out);
    tmp_has(&out, "256 spans, ");
    tmp_has(&out, "more rows, cheaper");
    buf_free(&out);
}
END_TEST

START_TEST(policy_bench_finds_a_pattern_that_comes_to_no_end)
{
    const char *policies[] = {tmp_write("slow.policy.yaml", HEAD "1}\nspec:\n  rules: [{id: slow, regex: '(a+)+b', action: drop}]\n")};
    struct policy_bench_options o = {.tool = {.policies = policies, .policy_count = 1}, .spans = 256, .stress = true};
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(policy_bench_main(&o, &out), EXIT_NEGATIVE);
    tmp_has(&out, "undecidable on a hostile text");
    buf_free(&out);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &policy_diff_tells_of_rules_and_of_values},
    {"normal", &policy_diff_is_quiet_when_nothing_differs},
    {"normal", &policy_diff_tells_of_routes},
    {"normal", &policy_bench_counts_candidates_and_matches},
    {"limits", &policy_bench_finds_a_pattern_that_comes_to_no_end},
    {"malformed", &policy_diff_refuses_what_cannot_be_loaded},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("policy_diff", cases);
}
