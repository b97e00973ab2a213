#include "base/conf.h"
#include "base_suite.h"
#include "control_tmp.h"
#include "proxy/control/pii_int.h"

#define SPAN                                                                                                                              \
    "span:\n  name: GET\n  attributes: {user.email: alice@example.org, note: \"card 4111 1111 1111 1111\", list: [x, bob@example.org],\n" \
    "    \"to carol@example.org\": x, \"dave@example.org\": {inner: eve@example.org}}\n"

static int
scan(const char *const *files, size_t count, struct pii_options o, struct buf *out)
{
    o.files = files;
    o.file_count = count;
    buf_clear(out);
    return pii_main(&o, out);
}

START_TEST(pii_scan_finds_without_showing_values)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *files[] = {tmp_write("s.yaml", SPAN)};

    for (unsigned format = PII_TEXT; format <= PII_SARIF; format++) {
        ck_assert_int_eq(scan(files, 1, (struct pii_options){.format = (enum pii_format)format}, &out), EXIT_NEGATIVE);
        tmp_has(&out, "span.attributes.user.email");
        tmp_has(&out, "CREDIT_CARD");
        tmp_has(&out, "span.attributes.[EMAIL_ADDRESS]/inner");
        for (const char *const *name = (const char *const[]){"alice", "bob@", "carol", "dave", "eve@", "4111", NULL}; *name; name++)
            tmp_has_not(&out, *name);
        ck_assert_int_eq(scan(files, 1, (struct pii_options){.format = (enum pii_format)format, .show_values = true}, &out), EXIT_NEGATIVE);
        tmp_has(&out, "alice@example.org");
    }
    buf_free(&out);
}
END_TEST

START_TEST(pii_scan_writes_json_that_can_be_read)
{
    struct buf out = BUF_INIT(1u << 20);
    struct errs es = {0};
    const char *files[] = {tmp_write("s.yaml", SPAN)};

    for (unsigned format = PII_JSON; format <= PII_SARIF; format++) {
        struct conf_doc *doc = NULL;

        (void)scan(files, 1, (struct pii_options){.format = (enum pii_format)format}, &out);
        struct str first = buf_str(&out);

        if (format == PII_NDJSON)
            first = str_sub(first, 0, str_find(first, STR("\n")));
        ck_assert_int_eq(conf_load_text("report", first, false, &doc, &es), RC_OK);
        const struct conf_node *root = conf_root(doc, 0);

        if (format == PII_SARIF) {
            const struct conf_node *run = conf_get(root, "runs")->items[0], *result = conf_get(run, "results")->items[0];

            ck_assert_str_eq(conf_get(root, "version")->text.ptr, "2.1.0");
            ck_assert_ptr_nonnull(conf_get(conf_get(conf_get(run, "tool"), "driver"), "rules"));
            ck_assert_ptr_nonnull(conf_get(conf_get(result, "message"), "text"));
            ck_assert_uint_eq(conf_get(result, "locations")->count, 1);
        }
        conf_free(doc);
    }
    buf_free(&out);
}
END_TEST

START_TEST(pii_scan_fails_from_the_severity_that_was_asked_for)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *mail[] = {tmp_write("m.yaml", "span: {attributes: {user.email: alice@example.org}}\n")},
               *none[] = {tmp_write("n.yaml", "span: {name: x}\n")};

    ck_assert_int_eq(scan(mail, 1, (struct pii_options){.fail_on = 0}, &out), EXIT_NEGATIVE);
    ck_assert_int_eq(scan(mail, 1, (struct pii_options){.fail_on = 3}, &out), EXIT_DONE);
    ck_assert_int_eq(scan(mail, 1, (struct pii_options){.fail_on = 4}, &out), EXIT_DONE);
    ck_assert_int_eq(scan(none, 1, (struct pii_options){.fail_on = 0}, &out), EXIT_DONE);
    tmp_has(&out, "0 findings in 1 spans");
    buf_free(&out);
}
END_TEST

START_TEST(pii_scan_knows_what_a_baseline_has)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *files[] = {tmp_write("s.yaml", SPAN)}, *baseline = tmp_path("baseline.json");

    ck_assert_int_eq(scan(files, 1, (struct pii_options){.write_baseline = baseline}, &out), EXIT_DONE);
    ck_assert_int_eq(scan(files, 1, (struct pii_options){.baseline = baseline}, &out), EXIT_DONE);
    tmp_has(&out, "0 findings");
    files[0] = tmp_write("s.yaml", SPAN "  status: {message: frank@example.org}\n");
    ck_assert_int_eq(scan(files, 1, (struct pii_options){.baseline = baseline}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "1 findings in 1 spans");
    tmp_has(&out, "span.status.message");
    (void)tmp_take_stderr();
    ck_assert_int_eq(scan(files, 1, (struct pii_options){.baseline = tmp_write("bad.json", "{\"a\": 1}")}, &out), EXIT_CONFIG);
    ck_assert_int_eq(scan(files, 1, (struct pii_options){.baseline = tmp_path("none.json")}, &out), EXIT_UNAVAILABLE);
    buf_free(&out);
}
END_TEST

START_TEST(pii_scan_uses_the_policies_that_are_named)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *files[] = {tmp_write("s.yaml", SPAN)};
    const char *const policies[] = {
        tmp_write("p.policy.yaml", "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec: {rules: [{id: card, "
                                   "entity: CREDIT_CARD, severity: 0, action: drop}]}\n")};

    ck_assert_int_eq(scan(files, 1, (struct pii_options){.tool = {.policies = policies, .policy_count = 1}}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "1 findings in 1 spans: 0 high, 0 medium, 0 low, 1 note");
    buf_free(&out);
}
END_TEST

START_TEST(pii_scan_refuses_damaged_files)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *files[] = {tmp_write("s.json", "{\"resourceSpans\": [}")};

    (void)tmp_take_stderr();
    ck_assert_int_eq(scan(files, 1, (struct pii_options){0}, &out), EXIT_CONFIG);
    files[0] = tmp_path("none");
    ck_assert_int_eq(scan(files, 1, (struct pii_options){0}, &out), EXIT_UNAVAILABLE);
    files[0] = tmp_write_bytes("cut.pb", (struct str){"\0\0\1\0\12", 5});
    ck_assert_int_eq(scan(files, 1, (struct pii_options){0}, &out), EXIT_CONFIG);
    buf_free(&out);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &pii_scan_finds_without_showing_values},
    {"normal", &pii_scan_writes_json_that_can_be_read},
    {"normal", &pii_scan_fails_from_the_severity_that_was_asked_for},
    {"normal", &pii_scan_knows_what_a_baseline_has},
    {"normal", &pii_scan_uses_the_policies_that_are_named},
    {"malformed", &pii_scan_refuses_damaged_files},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("pii_scan", cases);
}
