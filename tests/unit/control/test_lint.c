#include "base_suite.h"
#include "control_tmp.h"
#include "proxy/control/lint_int.h"

#define NOW 1795305600 /* 2026-11-22 */
#define HEAD "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n"
#define TEST "---\napiVersion: spangate/v1\nkind: PolicyTest\ncases: [{todo: x}]\n"

static int
lint_with(const char *text, struct lint_options o, struct buf *out)
{
    static const char *policies[1];

    policies[0] = tmp_write("p.policy.yaml", text);
    o.tool.policies = policies;
    o.tool.policy_count = 1;
    o.now_s = NOW;
    buf_clear(out);
    return lint_main(&o, out);
}

static void
says(const char *rules, unsigned code, const char *part)
{
    struct buf out = BUF_INIT(1u << 20);
    char text[2048], word[32];

    snprintf(text, sizeof(text), HEAD "%s" TEST, rules);
    ck_assert_msg(lint_with(text, (struct lint_options){0}, &out) == EXIT_NEGATIVE, "%s", rules);
    snprintf(word, sizeof(word), "[SG%04u]", code);
    tmp_has(&out, word);
    tmp_has(&out, part);
    buf_free(&out);
}

static void
quiet(const char *rules)
{
    struct buf out = BUF_INIT(1u << 20);
    char text[2048];

    snprintf(text, sizeof(text), HEAD "%s" TEST, rules);
    int code = lint_with(text, (struct lint_options){0}, &out);

    tmp_has(&out, "");
    ck_assert_msg(code == EXIT_DONE, "%s\n%s", rules, out.ptr);
    buf_free(&out);
}

START_TEST(lint_finds_regular_expressions_that_hurt)
{
    says("  rules: [{id: r, regex: '[A-Za-z0-9.,; -]+', action: drop}]\n", 902, "tried on every text");
    says("  rules: [{id: r, regex: 'x(a+)+b', action: drop}]\n", 903, "repeats");
    says("  rules: [{id: r, regex: '(a|b|ab)*c(a|b|ab)*d(a|b|ab)*e', action: drop}]\n", 904, "hostile");
    says("  rules: [{id: r, regex: '.*secret.*', action: drop}]\n", 905, "begins and ends with .*");
    says("  detectors: {L: {regex: '.*secret.*'}}\n  rules: [{id: r, entity: L, action: drop}]\n", 905, "p.policy.yaml:5:26");
    says("  rules: [{id: r, regex: 'x\\p{Lu}y', action: drop}]\n", 911, "at byte 1");
    says("  rules: [{id: r, regex: 'caf[x\xc3\xa9]', action: drop}]\n", 911, "at byte 3");
    says("  rules: [{id: r, regex: 'No\xc3\xabl\xc3\xa9+', action: drop}]\n", 911, "write the characters out");
    quiet("  rules: [{id: r, regex: 'No\xc3\xabl(?:\xc3\xa9|\xc3\xa8)+ [\\w]', action: drop}]\n");
    quiet("  rules: [{id: r, regex: 'LY-\\d{8}(?:\\.\\d+)*', action: drop}]\n");
}
END_TEST

START_TEST(lint_finds_rules_that_can_never_act)
{
    says("  rules: [{id: a, keys: [http.*], action: drop}, {id: b, keys: [http.url, http.host], action: {replace: x}}]\n", 901,
        "rule b can never act: rule a");
    says("  rules: [{id: a, entity: IBAN, action: drop}, {id: b, entity: IBAN, action: {mask: {keep_last: 4}}}]\n", 901, "rule b can never act");
    says("  rules: [{id: a, keys: [k.*], action: drop}, {id: b, entity: IBAN, keys: [k.iban], action: drop}]\n", 901, "rule b can never act");
    says("  rules: [{id: a, keys: [\"user?\"], action: drop}]\n", 432, "? stands for itself");
    says("  rules: []\n", 910, "nothing in policy p is enforced");
    says("  rules: [{id: a, entity: IBAN, mode: shadow, since: 2026-11-20, action: drop}]\n", 910, "leaves as it came");
    says("  keys: {allow: [a], otherwise: scan}\n", 910, "leaves as it came");
    quiet("  keys: {allow: [a], otherwise: drop}\n");
    quiet("  rules: [{id: a, keys: [http.url], action: drop}, {id: b, keys: [http.*], action: {replace: x}}]\n");
    quiet("  rules: [{id: a, entity: IBAN, keys: [k], action: drop}, {id: b, entity: IBAN, action: {mask: {keep_last: 4}}}]\n");
    quiet("  rules: [{id: a, entity: IBAN, mode: shadow, since: 2026-11-20, action: drop}, {id: b, entity: IBAN, action: drop}]\n");
}
END_TEST

START_TEST(lint_finds_replacements_shadows_and_what_is_not_tested)
{
    struct buf out = BUF_INIT(1u << 20);

    says("  rules: [{id: a, entity: IBAN, action: {replace: nobody@example.org}}]\n", 906, "found as EMAIL_ADDRESS");
    says("  rules: [{id: a, entity: IBAN, mode: shadow, action: drop}]\n", 907, "nobody knows since when");
    says("  rules: [{id: a, entity: IBAN, mode: shadow, since: 2026-10-01, action: drop}]\n", 908, "for 52 days");
    says("  rules: [{id: a, entity: IBAN, mode: shadow, since: 2027-10-01, action: drop}]\n", 907, "nobody knows since when");
    says("  mode: shadow\n  since: 2026-10-01\n  rules: [{id: a, entity: IBAN, action: drop}]\n", 908, "the policy");
    says("  rules: [{id: a, entity: IBAN, since: yesterday, action: drop}]\n", 428, "YYYY-MM-DD");
    quiet("  rules: [{id: a, entity: IBAN, mode: shadow, since: 2026-10-25, action: drop}, {id: b, entity: CREDIT_CARD, action: drop}]\n");
    ck_assert_int_eq(lint_with(HEAD "  rules: [{id: a, entity: IBAN, action: drop}]\n", (struct lint_options){0}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "warning[SG0909]: no test names this file");
    (void)tmp_write("p.test.yaml", "apiVersion: spangate/v1\nkind: PolicyTest\npolicies: [p.policy.yaml]\n");
    ck_assert_int_eq(lint_with(HEAD "  rules: [{id: a, entity: IBAN, action: drop}]\n", (struct lint_options){0}, &out), EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(lint_says_what_the_loader_says)
{
    says("  rules: [{id: a, entity: IBANN, action: drop}]\n", 412, "did you mean IBAN?");
    says("  rules: [{id: a, entity: IBAN, action: dropp}]\n", 413, "did you mean drop?");
    says("  rules: [{id: a, entity: IBAN, acton: drop}]\n", 8, "unknown key");
    says("  rules: [{id: a, entity: IBAN, places: [span.nam], action: drop}]\n", 415, "span.name");
    says("  rules: [{id: a, entity: IBAN, when: destination.country == \"XX\", action: drop}]\n", 419, "no country");
    says("  rules: [{id: a, entity: IBAN, action: hash}]\n", 414, "");
}
END_TEST

START_TEST(lint_prints_in_each_format)
{
    static const char text[] = HEAD "  rules: [{id: r, regex: '.*secret.*', action: drop}]\n" TEST;
    static const char *const ignore[] = {"SG0905"};
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(lint_with(text, (struct lint_options){.format = LINT_JSON}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "\"code\":\"SG0905\"");
    ck_assert_int_eq(lint_with(text, (struct lint_options){.format = LINT_SARIF}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "\"version\":\"2.1.0\"");
    tmp_has(&out, "\"ruleId\":\"SG0905\",\"level\":\"warning\"");
    ck_assert_int_eq(lint_with(text, (struct lint_options){.format = LINT_GITHUB}, &out), EXIT_NEGATIVE);
    tmp_has(&out, "p.policy.yaml,line=5,col=26,title=SG0905::begins and ends with .*");
    ck_assert_int_eq(lint_with(text, (struct lint_options){.ignore = ignore, .ignore_count = 1}, &out), EXIT_DONE);
    buf_free(&out);
}
END_TEST

START_TEST(lint_reports_files_that_cannot_be_read)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *policies[] = {tmp_path("none.yaml")};
    struct lint_options o = {.tool = {.policies = policies, .policy_count = 1}};

    ck_assert_int_eq(lint_main(&o, &out), EXIT_CONFIG);
    tmp_has(&out, "no such file");
    buf_free(&out);
}
END_TEST

START_TEST(lint_reads_the_structure_of_regular_expressions)
{
    static const struct {
        const char *regex;
        bool nested, open;
    } list[] = {{"(a+)+", true, false}, {"(a*)*b", true, false}, {"(?:a+|b)+", true, false}, {"((a+))+", true, false}, {"(\\w+\\s?)+", true, false},
        {"(a++)+", false, false}, {"(?>a+)+", false, false}, {"(\\d+-)+", false, false}, {"(ab)+", false, false}, {"[(a+)+]x", false, false},
        {"\\(a+\\)+", false, false}, {"(a+){2,3}", false, false}, {"(a+){2,}", true, false}, {".*a.*", false, true}, {"(.*a.*)", false, true},
        {"(?i).+?a.+", false, true}, {"a.*b", false, false}, {".*", false, false}, {".*a\\.*", false, false}, {"(", false, false},
        {"[", false, false}, {"\\", false, false}, {"(?", false, false}, {"a{", false, false}, {"x{1,", false, false}, {"(?<n", false, false}};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        ck_assert_msg((lint_nested_quantifier(str_of(list[i].regex)) != SIZE_MAX) == list[i].nested, "%s", list[i].regex);
        ck_assert_msg(lint_open_ends(str_of(list[i].regex)) == list[i].open, "%s", list[i].regex);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &lint_finds_regular_expressions_that_hurt},
    {"normal", &lint_finds_rules_that_can_never_act},
    {"normal", &lint_finds_replacements_shadows_and_what_is_not_tested},
    {"normal", &lint_says_what_the_loader_says},
    {"normal", &lint_prints_in_each_format},
    {"malformed", &lint_reports_files_that_cannot_be_read},
    {"malformed", &lint_reads_the_structure_of_regular_expressions},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("lint", cases);
}
