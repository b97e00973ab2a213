#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base_suite.h"
#include "policies_program.h"

#define RULES                                                                                                                             \
    "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[m]\"}, allow: [a@x.org, {domain: [Example.org, corp.example]}, " \
    "{prefix: \"test-\"}, {suffix: \"@y.org\"}]}\n"                                                                                       \
    "    - {id: i, entity: IP_ADDRESS, action: {replace: \"[i]\"}, allow: [{cidr: [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.7]}]}\n"        \
    "    - {id: c, entity: CREDIT_CARD, action: {replace: \"[c]\"}}\n"

START_TEST(allow_lets_single_matches_through)
{
    static const struct {
        const char *text, *out;
    } rows[] = {
        {"a@x.org b@x.org", "a@x.org [m]"},
        {"A@x.org", "[m]"},
        {"bob@example.org bob@mail.EXAMPLE.org bob@badexample.org", "bob@example.org bob@mail.EXAMPLE.org [m]"},
        {"bob@example.org.evil.net", "[m]"},
        {"bob@corp.example", "bob@corp.example"},
        {"test-1@z.org xtest-1@z.org", "test-1@z.org [m]"},
        {"bob@y.org", "bob@y.org"},
        {"10.1.2.3 11.1.2.3 192.0.2.7 192.0.2.8", "10.1.2.3 [i] 192.0.2.7 [i]"},
        {"2001:db8:1::5 2001:db9:1::5", "2001:db8:1::5 [i]"},
        {"::ffff:10.1.2.3", "::ffff:10.1.2.3"},
        /* One allowed match exempts nothing but itself. */
        {"4111111111111111 a@x.org", "[c] a@x.org"},
        {"bob%40example.org eve%40z.org", "bob%40example.org [m]"},
    };
    struct gate_small g;

    small_open(&g, POLICY("p") RULES);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(small_text(&g, "k", rows[i].text), rows[i].out);
    small_close(&g);
}
END_TEST

/* Values that stay, but are not to be read in the policy. */
START_TEST(allow_knows_values_by_their_digest)
{
    struct gate_small g;
    uint8_t raw[2][SHA256_SIZE];
    char hex[2][2 * SHA256_SIZE + 1] = {{0}}, yaml[1024];

    ck_assert_int_eq(digest_sha256(STR("carol@corp.test"), raw[0]), RC_OK);
    ck_assert_int_eq(digest_sha256(STR("192.0.2.7"), raw[1]), RC_OK);
    for (int i = 0; i < 2; i++)
        digest_hex((struct str){(const char *)raw[i], SHA256_SIZE}, hex[i]);
    snprintf(yaml, sizeof(yaml),
        POLICY("p") "  allow: [{sha256: [%s, %s]}]\n  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[m]\"}}\n"
                    "    - {id: i, entity: IP_ADDRESS, action: {replace: \"[i]\"}}\n",
        hex[0], hex[1]);
    small_open(&g, yaml);
    ck_assert_str_eq(small_text(&g, "k", "carol@corp.test Carol@corp.test xcarol@corp.test"), "carol@corp.test [m] [m]");
    ck_assert_str_eq(small_text(&g, "k", "192.0.2.7 192.0.2.8"), "192.0.2.7 [i]");
    ck_assert_str_eq(small_text(&g, "k", hex[0]), hex[0]);
    small_close(&g);
}
END_TEST

START_TEST(allow_of_a_policy_holds_for_its_rules_alone)
{
    struct gate_small g;

    small_open(&g, POLICY("p") "  allow: [a@x.org]\n  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[m]\"}}\n");
    ck_assert_str_eq(small_text(&g, "k", "a@x.org b@x.org"), "a@x.org [m]");
    small_close(&g);
    small_open(&g, POLICY("p") "  allow: [a@x.org]\n  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[m]\"}}\n---\n" POLICY(
                       "q") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: {replace: \"[q]\"}}\n");
    ck_assert_str_eq(small_text(&g, "k", "a@x.org"), "[q]");
    small_close(&g);
}
END_TEST

START_TEST(allow_refuses_what_it_cannot_mean)
{
    static const char *const wrong[] = {"{x: y}", "[{exact: \"\"}]", "[{cidr: 10.0.0.0/33}]", "[{cidr: example.org}]", "[{regex: x}]", "[[a]]",
        "[{sha256: 12ab}]", "[{sha256: zz4f2b8c0d1e3a5f7b9c2d4e6f8a0b1c3d5e7f9a1b2c3d4e5f6a7b8c9d0e1f2a}]"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char yaml[512];
        struct errs es = {0};
        struct program *p = NULL;

        snprintf(yaml, sizeof(yaml), POLICY("p") "  rules:\n    - {id: m, entity: EMAIL_ADDRESS, action: drop, allow: %s}\n", wrong[i]);
        ck_assert_msg(program_try(yaml, &p, &es) == RC_CONFIG, "%s", wrong[i]);
        errs_free(&es);
    }
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_try(POLICY("p") "  rules:\n    - {id: m, keys: [k], action: drop, allow: [x]}\n", &p, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].code, 429);
    errs_free(&es);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &allow_lets_single_matches_through},
    {"normal", &allow_knows_values_by_their_digest},
    {"normal", &allow_of_a_policy_holds_for_its_rules_alone},
    {"malformed", &allow_refuses_what_it_cannot_mean},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("allow", cases);
}
