#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_suite.h"
#include "control/command.h"
#include "proxy/control/policy_test_int.h"

static char dir[] = "/tmp/spangate-policy-test-XXXXXX";
static char test_path[64];

#define POLICY                                                                                                                                 \
    "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n  on_error: drop_span\n  match: {resource: {team: shop}}\n  " \
    "rules:\n"                                                                                                                                 \
    "    - {id: email, entity: EMAIL_ADDRESS, action: {hash: {key: k1, format: \"email_{hex16}\"}}}\n"                                         \
    "    - {id: us-ip, entity: IP_ADDRESS, when: destination.jurisdiction != \"EU\", action: {replace: IP}}\n"                                 \
    "    - {id: gone, keys: [gone.*], action: drop}\n"                                                                                         \
    "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stay}\nspec:\n  routes:\n"                                          \
    "    - {from: [EEA], to: [eu]}\n    - {id: scc, from: [US], to: [us, eu], expires: 2027-01-01}\n"

#define HEAD                                                                                                                                 \
    "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [p.policy.yaml]\ndestinations: {eu: {jurisdiction: EU}, us: {jurisdiction: US}}\n" \
    "defaults: {resource: {team: shop, geo.country.iso_code: DE}}\n"

static void
write_file(const char *name, const char *text)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* Run one test file of this text beside the policy; the report, NUL-terminated, in out. */
static int
run_with(const char *text, struct policy_test_options o, struct buf *out)
{
    const char *files[] = {test_path};

    write_file("p.policy.yaml", POLICY);
    write_file("t.test.yaml", text);
    buf_clear(out);
    int code = policy_test_main(&o, files, 1, out);

    ck_assert_int_eq(buf_append_byte(out, '\0'), RC_OK);
    return code;
}

static int
run_text(const char *text, struct buf *out)
{
    return run_with(text, (struct policy_test_options){.format = TEST_TEXT}, out);
}

static void
has(const struct buf *out, const char *part)
{
    ck_assert_msg(strstr(out->ptr, part) != NULL, "\"%s\" is not in:\n%s", part, out->ptr);
}

START_TEST(policy_test_passes_what_holds)
{
    struct buf out = BUF_INIT(1 << 20);
    int code = run_text(HEAD
        "detectors: {EMAIL_ADDRESS: {match: [a@example.org, {key: k, text: b@example.org}], no_match: [plain]}}\n"
        "cases:\n"
        "  - name: forms of expectations\n"
        "    given:\n"
        "      scope: {name: lib, version: '2', attributes: {s: a@example.org}}\n"
        "      span:\n"
        "        name: n\n"
        "        trace_state: a=b\n"
        "        attributes: {mail: a@example.org, gone.x: 1, n: {int: -7}, d: {double: 1.5}, b: {bool: true}, word: unchanged, raw: {bytes: xyz},\n"
        "          list: [a@example.org, {int: 1}], map: {k: {l: v}}, odd: \"\\x7f\\u0085\\uFEFF\"}\n"
        "        events: [{name: e1}, {name: e2, attributes: {m: a@example.org}}]\n"
        "        links: [{trace_state: x=y, attributes: {k: v}}]\n"
        "        status: {message: sorry}\n"
        "    expect:\n"
        "      resource: {team: unchanged, other: absent}\n"
        "      scope: {name: unchanged, version: '2', attributes: {s: {regex: '^email_'}}}\n"
        "      span:\n"
        "        name: n\n"
        "        trace_state: unchanged\n"
        "        attributes: {mail: {regex: '^email_[0-9a-f]{16}$'}, gone.x: absent, n: {int: -7}, d: {double: 1.5}, b: {bool: true}, word: "
        "'unchanged',\n"
        "          raw: unchanged, list: [{regex: '^email_'}, unchanged], map: {k: {l: v}}, odd: unchanged}\n"
        "        events: [{name: e1}, {name: unchanged, attributes: {m: {regex: email}}}]\n"
        "        links: [{trace_state: unchanged, attributes: {k: v}}]\n"
        "        status: {message: unchanged}\n"
        "      findings: [{rule: email, entity: EMAIL_ADDRESS, path: span.attributes.mail}, {path: spanevent.attributes.m}, {rule: gone, path: "
        "span.attributes.gone.x}]\n"
        "      sent_to: [eu]\n"
        "      refused: [{exporter: us, rule: stay}]\n"
        "  - todo: later\n",
        &out);

    ck_assert_str_eq(out.ptr, "4 passed, 0 failed, 1 todo\n");
    ck_assert_int_eq(code, EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_fails_what_does_not_hold)
{
    static const struct {
        const char *given, *expect, *why;
    } rows[] = {
        {"span: {attributes: {a: b@example.org}}", "span: {attributes: {a: unchanged}}",
            "span.attributes.a: expected \"b@example.org\", unchanged, got \"email_"},
        {"span: {attributes: {a: x}}", "span: {attributes: {a: absent}}", "span.attributes.a: expected nothing, got \"x\""},
        {"span: {attributes: {a: x}}", "span: {attributes: {a: y}}", "span.attributes.a: expected \"y\", got \"x\""},
        {"span: {attributes: {a: x}}", "span: {attributes: {b: unchanged}}", "span.attributes.b: expected unchanged, but it was not given"},
        {"span: {attributes: {a: x}}", "span: {attributes: {a: {regex: '^y'}}}", "span.attributes.a: expected a match of /^y/, got \"x\""},
        {"span: {attributes: {a: '7'}}", "span: {attributes: {a: {int: 7}}}", "span.attributes.a: expected int 7, got \"7\""},
        {"span: {attributes: {a: [x]}}", "span: {attributes: {a: [x, y]}}", "span.attributes.a: expected a list of as many values, got arrayValue"},
        {"span: {attributes: {a: {m: {n: x}}}}", "span: {attributes: {a: {m: {n: y}}}}", "span.attributes.a/m/n: expected \"y\", got \"x\""},
        {"span: {attributes: {a: x}}", "span: {attributes: {a: {m: x}}}", "span.attributes.a: expected a map, got \"x\""},
        {"span: {name: x}", "span: {events: [{name: e}]}", "event 1: there is none"},
        {"span: {name: x}", "span: {name: y}", "span.name: expected \"y\", got \"x\""},
        {"span: {name: x}", "span: absent", "span: expected none, but it is sent"},
        {"resource: {team: other}", "span: {name: x}", "span: it is not sent"},
        {"resource: {team: other}", "scope: {name: x}", "resource, scope: nothing is sent"},
        {"resource: {team: other}", "span: {name: x}", "no enforcing RedactionPolicy matches the resource"},
        {"span: {name: b@example.org}", "findings: []", "findings: expected none, got 1"},
        {"span: {name: x}", "findings: [{rule: email, path: span.name}]", "findings: none of rule email, entity any, path span.name"},
        {"span: {name: x}", "sent_to: []", "sent_to: eu is allowed, but not expected"},
        {"span: {name: x}", "sent_to: [eu, us]", "sent_to: us is not allowed"},
        {"span: {name: x}", "refused: [{exporter: eu}]", "refused: eu is allowed, by stay/1"},
        {"span: {name: x}", "refused: [{exporter: us, rule: sta}]", "refused: us by stay, not by sta"},
    };
    struct buf out = BUF_INIT(1 << 20);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[2048];

        snprintf(text, sizeof(text), HEAD "cases:\n  - name: one\n    given: {%s}\n    expect: {%s}\n", rows[i].given, rows[i].expect);
        ck_assert_int_eq(run_text(text, &out), EXIT_NEGATIVE);
        has(&out, rows[i].why);
        has(&out, "t.test.yaml:7  one\n");
        has(&out, "0 passed, 1 failed\n");
    }
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_fails_strings_of_detectors)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(run_text(HEAD "detectors: {EMAIL_ADDRESS: {match: [plain], no_match: [a@example.org]}}\n", &out), EXIT_NEGATIVE);
    has(&out, "EMAIL_ADDRESS matches \"plain\"\n     it was not found");
    has(&out, "EMAIL_ADDRESS does not match \"a@example.org\"\n     it was found");
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_shows_the_class_of_the_destination)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(
        run_text(HEAD "cases:\n"
                      "  - {name: eu, given: {span: {attributes: {a: 203.0.113.7}}}, expect: {span: {attributes: {a: unchanged}}}}\n"
                      "  - {name: us, given: {destination: us, span: {attributes: {a: 203.0.113.7}}}, expect: {span: {attributes: {a: IP}}}}\n",
            &out),
        EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_knows_the_client_and_the_day)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(run_text(HEAD "cases:\n"
                                   "  - {name: before, given: {resource: {geo.country.iso_code: US}, now: 2026-12-31}, expect: {sent_to: [us, eu]}}\n"
                                   "  - {name: after, given: {resource: {geo.country.iso_code: US}, now: 2027-01-01}, expect: {sent_to: [], refused: "
                                   "[{exporter: us, rule: stay}]}}\n"
                                   "  - {name: certificate, given: {resource: {geo.country.iso_code: US}, now: 2026-12-31, client: {country: FR}}, "
                                   "expect: {sent_to: [eu]}}\n"
                                   "  - {name: configured, given: {now: 2026-12-31, client: {identity: x, configured_region: cn-north-1}}, expect: "
                                   "{sent_to: [], span: absent}}\n",
                         &out),
        EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_runs_only_what_is_asked_for)
{
    struct buf out = BUF_INIT(1 << 20);
    const char *text = HEAD "detectors: {EMAIL_ADDRESS: {match: [plain]}}\ncases:\n  - {name: first good, expect: {sent_to: [eu]}}\n  - {name: "
                            "second, expect: {sent_to: [us]}}\n";

    ck_assert_int_eq(run_with(text, (struct policy_test_options){.run = "^first (good|bad)$"}, &out), EXIT_DONE);
    ck_assert_str_eq(out.ptr, "1 passed, 0 failed\n");
    ck_assert_int_eq(run_with(text, (struct policy_test_options){.run = "nothing"}, &out), EXIT_NEGATIVE);
    has(&out, "there is no test");
    ck_assert_int_eq(run_with(text, (struct policy_test_options){.run = "("}, &out), EXIT_USAGE);
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_reports_in_every_format)
{
    static const struct {
        enum test_format format;
        const char *parts[5];
    } rows[] = {
        {TEST_JSON, {"{\"passed\":1,\"failed\":1,\"todo\":1,\"tests\":[", "\"name\":\"a <b> & \\\"c\\\"\"",
                        "\"status\":\"failed\",\"message\":\"sent_to: eu is allowed, but not expected\\nsent_to: us", "\"status\":\"todo\"", NULL}},
        {TEST_JUNIT, {"tests=\"3\" failures=\"1\" skipped=\"1\"", "name=\"a &lt;b&gt; &amp; &quot;c&quot;\" line=\"9\"",
                         "<failure message=\"sent_to: eu is", "<skipped", NULL}},
        {TEST_TAP, {"TAP version 14\n1..3\n", "ok 1 - good \\# 1\n", "not ok 2 - a <b>", "\n# sent_to: eu is", "not ok 3 - later # TODO\n"}},
        {TEST_GITHUB, {"::error file=", ",line=9,col=5,title=a <b> & \"c\"::sent_to: eu is allowed, but not expected%0A",
                          "1 passed, 1 failed, 1 todo\n", NULL, NULL}},
    };
    struct buf out = BUF_INIT(1 << 20);
    const char *text = HEAD
        "cases:\n  - {name: 'good # 1', expect: {sent_to: [eu]}}\n\n  - {name: 'a <b> & \"c\"', expect: {sent_to: [us]}}\n  - todo: later\n";

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(run_with(text, (struct policy_test_options){.format = rows[i].format}, &out), EXIT_NEGATIVE);
        for (size_t k = 0; k < 5 && rows[i].parts[k]; k++)
            has(&out, rows[i].parts[k]);
    }
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_refuses_files_it_cannot_load)
{
    static const char *const bad[] = {
        "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [nowhere.yaml]\ncases: []\n",
        "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [p.policy.yaml]\ncases: []\n", /* the policy names destinations */
        "apiVersion: spangate/v2\nkind: PolicyTest\npolicies: [p.policy.yaml]\n",
        "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: []\n",
        HEAD "case: []\n",
        HEAD "cases: {}\n",
        HEAD "cases:\n  - {name: x}\n",
        HEAD "cases:\n  - {name: x, expect: {}}\n",
        HEAD "cases:\n  - {given: {}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {spam: {}}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {span: {nam: x}}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {span: {attributes: [1]}}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {span: {attributes: {a: {int: x}}}}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {span: {events: {}}}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {now: tomorrow}, expect: {sent_to: []}}\n",
        HEAD "cases:\n  - {name: x, given: {destination: asia}, expect: {sent_to: [eu]}}\n",
        HEAD "cases:\n  - {name: x, given: {client: {name: x}}, expect: {sent_to: [eu]}}\n",
        HEAD "cases:\n  - {name: x, expect: {sent_to: [asia]}}\n",
        HEAD "cases:\n  - {name: x, expect: {sent: [eu]}}\n",
        HEAD "cases:\n  - {name: x, expect: {refused: [{rule: x}]}}\n",
        HEAD "cases:\n  - {name: x, expect: {findings: {}}}\n",
        HEAD "cases:\n  - {name: x, expect: {span: {attribute: {}}}}\n",
        HEAD "cases:\n  - {name: x, given: {span: {attributes: {a: b}}}, expect: {span: {attributes: {a: {regex: '('}}}}}\n",
        HEAD "detectors: {EMAIL_ADRESS: {match: [x]}}\n",
        HEAD "detectors: {EMAIL_ADDRESS: {matches: [x]}}\n",
        HEAD "detectors: []\n",
        "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [p.policy.yaml]\ndestinations: {eu: {country: DE}}\n",
        "a: [\n",
    };
    struct buf out = BUF_INIT(1 << 20);

    /* What is said on standard error is not this test's. */
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(run_text(bad[i], &out) == EXIT_CONFIG, "row %zu", i);
    const char *missing[] = {"/nowhere/at-all.test.yaml"};
    const struct policy_test_options o = {.format = TEST_TEXT}, no_config = {.config = "/nowhere/gateway.yaml"};

    ck_assert_int_eq(policy_test_main(&o, missing, 1, &out), EXIT_CONFIG);
    ck_assert_int_eq(policy_test_main(&no_config, missing, 1, &out), EXIT_CONFIG);
    buf_free(&out);
}
END_TEST

/* The exit code says so, and so must a report that is read without it. */
START_TEST(policy_test_never_passes_a_case_that_it_cannot_read)
{
    static const char *const bad[] = {
        "given: {span: {name: x}}, expect: {span: {name: {regex: '('}}}", "given: {now: 2026-02-30, span: {name: x}}, expect: {span: {name: x}}"};
    struct buf out = BUF_INIT(1u << 20);
    char text[1024];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), HEAD "cases:\n  - {name: a, %s}\n", bad[i]);
        ck_assert_int_eq(run_text(text, &out), EXIT_CONFIG);
        has(&out, "0 passed, 1 failed");
        has(&out, "a part of it cannot be read");
    }
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_says_when_there_is_no_test)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(run_text(POLICY, &out), EXIT_NEGATIVE);
    has(&out, "there is no test");
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_passes_the_starter_pack)
{
    static const char *const files[] = {"policies/packs/starter.test.yaml"};
    const struct policy_test_options o = {.format = TEST_TEXT};
    struct buf out = BUF_INIT(1 << 20);
    int code = policy_test_main(&o, files, 1, &out);

    ck_assert_int_eq(buf_append_byte(&out, '\0'), RC_OK);
    ck_assert_msg(code == EXIT_DONE, "%s", out.ptr);
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_explains_what_failed)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(
        run_text(HEAD
            "cases: [{name: c, given: {span: {name: x, attributes: {m: a@example.org, n: \"1.2.3\"}}}, expect: {span: {attributes: {m: kept}}}}]\n",
            &out),
        EXIT_NEGATIVE);
    has(&out, "span.attributes.m: expected \"kept\", got \"email_");
    has(&out, "  span.attributes.m  \"a@example.org\"  -> \"email_");
    has(&out, "matched    email (p r1, enforce)  entity EMAIL_ADDRESS");
    has(&out, "route: origin DE (");
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_counts_what_found_something)
{
    struct buf out = BUF_INIT(1 << 20);
    static const char some[] = HEAD "detectors: {EMAIL_ADDRESS: {match: [a@example.org]}}\n"
                                    "cases: [{name: c, given: {span: {name: x, attributes: {gone.x: y}}}, expect: {span: {name: unchanged}}}]\n";

    ck_assert_int_eq(run_with(some, (struct policy_test_options){.coverage = true}, &out), EXIT_DONE);
    has(&out, "2 of 3 rules, 1 of 4 detectors found something\n");
    has(&out, "no test for rule p/us-ip\n");
    ck_assert_int_eq(run_with(some, (struct policy_test_options){.threshold = 90}, &out), EXIT_NEGATIVE);
    has(&out, "below the threshold");
    ck_assert_int_eq(run_with(some, (struct policy_test_options){.coverage = true, .format = TEST_JSON}, &out), EXIT_DONE);
    has(&out, "\"coverage\":{\"percent\":42,\"rules\":3,\"rules_fired\":2,");
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_rewrites_expectations_when_asked)
{
    struct buf out = BUF_INIT(1 << 20);
    FILE *f;
    char now[4096] = "";

    ck_assert_int_eq(
        run_with(HEAD "cases:\n"
                      "  - name: one\n"
                      "    given: {span: {name: n, attributes: {m: a@example.org, gone.x: v, k: \"a\\\"b\", z: z}}}\n"
                      "    expect: {span: {name: 'old ''name''', attributes: {m: unchanged, gone.x: \"v\", k: plain text, z: absent}}}  # said\n"
                      "  - name: two\n"
                      "    given: {span: {name: m}}\n"
                      "    expect:\n"
                      "      span:\n"
                      "        name: other name   # said too\n",
            (struct policy_test_options){.update = true}, &out),
        EXIT_DONE);
    has(&out, "-        name: other name   # said too\n+        name: \"m\"   # said too\n");
    has(&out, "6 expectations rewritten");
    has(&out, "2 passed, 0 failed");
    f = fopen(test_path, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(fread(now, 1, sizeof(now) - 1, f), 0);
    fclose(f);
    ck_assert_ptr_nonnull(strstr(now, "expect: {span: {name: \"n\", attributes: {m: \"email_"));
    ck_assert_ptr_nonnull(strstr(now, "\", gone.x: absent, k: \"a\\\"b\", z: \"z\"}}}  # said\n"));
    buf_free(&out);
}
END_TEST

START_TEST(policy_test_leaves_alone_what_is_more_than_a_value)
{
    struct buf out = BUF_INIT(1 << 20);

    ck_assert_int_eq(
        run_with(HEAD "cases: [{name: c, given: {span: {name: x}}, expect: {span: {name: {regex: '^y$'}}, findings: [{rule: email}]}}]\n",
            (struct policy_test_options){.update = true}, &out),
        EXIT_NEGATIVE);
    has(&out, "0 passed, 1 failed");
    ck_assert_int_eq(run_with("apiVersion: spangate/v1\nkind: Other\n", (struct policy_test_options){.fail_on_empty = true}, &out), EXIT_NEGATIVE);
    buf_free(&out);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &policy_test_passes_what_holds},
    {"normal", &policy_test_fails_what_does_not_hold},
    {"normal", &policy_test_fails_strings_of_detectors},
    {"normal", &policy_test_shows_the_class_of_the_destination},
    {"normal", &policy_test_knows_the_client_and_the_day},
    {"normal", &policy_test_runs_only_what_is_asked_for},
    {"normal", &policy_test_reports_in_every_format},
    {"malformed", &policy_test_refuses_files_it_cannot_load},
    {"malformed", &policy_test_never_passes_a_case_that_it_cannot_read},
    {"normal", &policy_test_says_when_there_is_no_test},
    {"normal", &policy_test_passes_the_starter_pack},
    {"normal", &policy_test_explains_what_failed},
    {"normal", &policy_test_counts_what_found_something},
    {"normal", &policy_test_rewrites_expectations_when_asked},
    {"normal", &policy_test_leaves_alone_what_is_more_than_a_value},
    {NULL, NULL},
};

int
main(void)
{
    char path[96];

    if (!mkdtemp(dir))
        return EXIT_FAILURE;
    snprintf(test_path, sizeof(test_path), "%s/t.test.yaml", dir);
    int rc = suite_run("policy_test", cases);

    unlink(test_path);
    snprintf(path, sizeof(path), "%s/p.policy.yaml", dir);
    unlink(path);
    rmdir(dir);
    return rc;
}
