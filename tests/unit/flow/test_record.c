#include "../../../proxy/flow/record_int.h"
#include <stdio.h>

#include "base_suite.h"
#include "flow_gate.h"

static const char policy[] = "apiVersion: spangate/v1\n"
                             "kind: RedactionPolicy\n"
                             "metadata: {name: all, revision: 4, owner: privacy@example.org, controls: [GDPR-Art25]}\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  rules:\n"
                             "    - {id: mail, entity: EMAIL_ADDRESS, action: {replace: \"[mail]\"}}\n"
                             "    - {id: trial, entity: IBAN, mode: shadow, action: {replace: \"[iban]\"}}\n"
                             "---\n"
                             "apiVersion: spangate/v1\n"
                             "kind: ResidencyPolicy\n"
                             "metadata: {name: home, revision: 1}\n"
                             "spec:\n"
                             "  mode: enforce\n"
                             "  origin: [{country: client.certificate.subject.C}]\n"
                             "  routes: [{from: [DE], to: [otlp_grpc/eu]}]\n";

static struct test_gate gate;
static char text[65536];

/* The record as the log would hold it, without seq and ts; its buffers are freed. */
static const char *
take(struct record *r, enum rc rc)
{
    ck_assert_int_eq(rc, RC_OK);
    snprintf(text, sizeof(text), "%.*s%.*s", (int)r->head.len, r->head.ptr, (int)r->tail.len, r->tail.ptr);
    record_free(r);
    return text;
}

START_TEST(record_change_names_both_digests)
{
    static const struct {
        struct flow_change change;
        const char *wanted;
    } cases[] = {
        {{"key", "k1", "aa", "bb", false}, "\"change\":{\"name\":\"k1\",\"new\":\"bb\",\"old\":\"aa\",\"what\":\"key\"}"},
        {{"key", "k1", "aa", NULL, false}, "\"outcome\":\"removed\",\"reason\":\"reload\""},
        {{"key", "k1", NULL, "bb", false}, "\"outcome\":\"added\",\"reason\":\"reload\""},
        {{"key", "k1", NULL, "bb", true}, "\"outcome\":\"in_force\",\"reason\":\"start\",\"type\":\"change\",\"v\":1}"},
    };
    struct record r;

    test_gate_init(&gate, policy);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum rc rc = record_change(&r, gate.snap, &cases[i].change);

        ck_assert_msg(strstr(take(&r, rc), cases[i].wanted) != NULL, "%s in %s", cases[i].wanted, text);
    }
    test_gate_fini(&gate);
}
END_TEST

START_TEST(record_rules_lists_all_of_them)
{
    struct record r;
    size_t next = 0;

    test_gate_init(&gate, policy);
    enum rc rc = record_rules(&r, gate.snap, 0, &next);

    take(&r, rc);
    ck_assert_uint_eq(next, program_rule_count(gate.snap->program));
    ck_assert_ptr_nonnull(strstr(text, "{\"action\":\"replace\",\"entity\":\"EMAIL_ADDRESS\",\"id\":\"all/mail\",\"mode\":\"enforce\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"entity\":\"IBAN\",\"id\":\"all/trial\",\"mode\":\"shadow\"}"));
    ck_assert_ptr_nonnull(strstr(text,
        "{\"controls\":\"GDPR-Art25\",\"kind\":\"RedactionPolicy\",\"mode\":\"enforce\",\"name\":\"all\",\"owner\":\"privacy@example.org\","
        "\"revision\":4}"));
    test_gate_fini(&gate);
}
END_TEST

START_TEST(record_closed_gives_the_interval)
{
    const struct record_interval i = {1000000, 61000000, 17, 3, "full"};
    struct record r;

    test_gate_init(&gate, policy);
    enum rc rc = record_closed(&r, gate.snap, &i);

    ck_assert_ptr_nonnull(strstr(take(&r, rc),
        "\"gate\":{\"closed\":\"1970-01-01T00:00:01.000000Z\",\"opened\":\"1970-01-01T00:01:01.000000Z\",\"refused\":17,\"worker\":3}"));
    ck_assert_ptr_nonnull(strstr(text, "\"outcome\":\"refused\",\"reason\":\"full\",\"type\":\"gate\",\"v\":1}"));
    test_gate_fini(&gate);
}
END_TEST

START_TEST(record_admin_tells_who_and_what)
{
    struct record r;

    test_gate_init(&gate, policy);
    enum rc rc = record_admin(
        &r, gate.snap, &(struct flow_act){.actor = "uid:7", .verb = "reveal", .object = "key \"k\"", .digest = "ab", .result = "ok"});

    ck_assert_ptr_nonnull(strstr(
        take(&r, rc), "{\"admin\":{\"actor\":\"uid:7\",\"digest\":\"ab\",\"object\":\"key \\\"k\\\"\",\"result\":\"ok\",\"verb\":\"reveal\"},"));
    test_gate_fini(&gate);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &record_change_names_both_digests},
    {"normal", &record_rules_lists_all_of_them},
    {"normal", &record_closed_gives_the_interval},
    {"normal", &record_admin_tells_who_and_what},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("record", cases);
}
