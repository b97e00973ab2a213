#include <stdio.h>

#include "base/json.h"
#include "policy_test_int.h"
#include "tool_int.h"

static const char *const status_words[] = {"passed", "failed", "todo"};

/* The next line of why; false after the last one. */
static bool
line_next(const char **left, struct str *line)
{
    const char *end = strchr(*left, '\n');

    if (**left == '\0')
        return false;
    *line = end ? (struct str){*left, (size_t)(end - *left)} : str_of(*left);
    *left = end ? end + 1 : *left + line->len;
    return true;
}

static enum rc
print_coverage(const struct policy_test *t, const char *before, struct buf *out)
{
    struct policy_coverage c = test_coverage(t);
    enum rc rc = RC_OK;

    if (!t->coverage)
        return RC_OK;
    rc = buf_printf(out, "%scoverage %.1f %%: %zu of %zu rules, %zu of %zu detectors found something%s\n", before, c.percent, c.rules_fired, c.rules,
        c.detectors_fired, c.detectors, c.percent < t->threshold ? ", below the threshold" : "");
    for (const struct policy_cover *p = t->covers; p && rc == RC_OK; p = p->next) {
        if (test_cover_is_first(t, p) && !test_cover_rule_fired(t, p))
            rc = buf_printf(out, "%s  no test for rule %s/%s\n", before, p->policy, p->rule);
        if (rc == RC_OK && p->detector[0] && !p->fired && test_cover_rule_fired(t, p))
            rc = buf_printf(out, "%s  no test for %s of rule %s/%s (%s)\n", before, p->entity, p->policy, p->rule, p->detector);
    }
    return rc;
}

/* Only what failed, and a summary. */
static enum rc
print_text(const struct policy_test *t, struct buf *out)
{
    enum rc rc = RC_OK;

    for (const struct policy_result *r = t->first; r && rc == RC_OK; r = r->next) {
        const char *left = r->why;
        struct str line;

        if (r->status != TEST_FAILED)
            continue;
        rc = buf_printf(out, "FAIL %s:%u  %s\n", r->file, r->line, r->name);
        while (rc == RC_OK && line_next(&left, &line))
            rc = buf_printf(out, "     %.*s\n", (int)line.len, line.ptr);
    }
    if (rc == RC_OK)
        rc = buf_printf(out, "%zu passed, %zu failed", t->count[TEST_PASSED], t->count[TEST_FAILED]);
    if (rc == RC_OK && t->count[TEST_TODO])
        rc = buf_printf(out, ", %zu todo", t->count[TEST_TODO]);
    if (rc == RC_OK)
        rc = buf_printf(out, t->first ? "\n" : ": there is no test\n");
    return rc == RC_OK ? print_coverage(t, "", out) : rc;
}

static void
json_coverage(struct json *j, const struct policy_test *t)
{
    struct policy_coverage c = test_coverage(t);

    json_object(j, "coverage");
    json_u64(j, "percent", (uint64_t)c.percent);
    json_u64(j, "rules", c.rules);
    json_u64(j, "rules_fired", c.rules_fired);
    json_u64(j, "detectors", c.detectors);
    json_u64(j, "detectors_fired", c.detectors_fired);
    json_array(j, "missing");
    for (const struct policy_cover *p = t->covers; p; p = p->next) {
        if (p->fired)
            continue;
        json_object(j, NULL);
        json_cstr(j, "policy", p->policy);
        json_cstr(j, "rule", p->rule);
        json_cstr(j, "entity", p->entity);
        json_cstr(j, "detector", p->detector);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static enum rc
print_json(const struct policy_test *t, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    for (unsigned i = 0; i < 3; i++)
        json_u64(&j, status_words[i], t->count[i]);
    json_array(&j, "tests");
    for (const struct policy_result *r = t->first; r; r = r->next) {
        json_object(&j, NULL);
        json_cstr(&j, "file", r->file);
        json_u64(&j, "line", r->line);
        json_u64(&j, "column", r->col);
        json_cstr(&j, "name", r->name);
        json_cstr(&j, "status", status_words[r->status]);
        json_cstr(&j, "message", r->why);
        json_close_object(&j);
    }
    json_close_array(&j);
    if (t->coverage)
        json_coverage(&j, t);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* Text in XML; controls that XML 1.0 cannot hold (section 2.2) become question marks. */
static enum rc
xml_text(struct buf *out, const char *s)
{
    enum rc rc = RC_OK;

    for (; *s && rc == RC_OK; s++) {
        switch (*s) {
        case '&':
            rc = buf_append(out, STR("&amp;"));
            break;
        case '<':
            rc = buf_append(out, STR("&lt;"));
            break;
        case '>':
            rc = buf_append(out, STR("&gt;"));
            break;
        case '"':
            rc = buf_append(out, STR("&quot;"));
            break;
        case '\n':
            rc = buf_append(out, STR("&#10;"));
            break;
        default:
            rc = buf_append_byte(out, (unsigned char)*s < 0x20 && *s != '\t' ? '?' : *s);
        }
    }
    return rc;
}

static enum rc
xml_attr(struct buf *out, const char *name, const char *value)
{
    enum rc rc = buf_printf(out, " %s=\"", name);

    if (rc == RC_OK)
        rc = xml_text(out, value);
    return rc == RC_OK ? buf_append_byte(out, '"') : rc;
}

static enum rc
print_testcase(const struct policy_result *r, struct buf *out)
{
    enum rc rc = buf_append(out, STR("    <testcase"));

    if (rc == RC_OK)
        rc = xml_attr(out, "classname", r->file);
    if (rc == RC_OK)
        rc = xml_attr(out, "name", r->name);
    if (rc == RC_OK)
        rc = buf_printf(out, " line=\"%u\"", r->line);
    if (rc == RC_OK && r->status == TEST_PASSED)
        return buf_append(out, STR("/>\n"));
    if (rc == RC_OK)
        rc = buf_append(out, r->status == TEST_FAILED ? STR("><failure") : STR("><skipped"));
    if (rc == RC_OK)
        rc = xml_attr(out, "message", r->why);
    return rc == RC_OK ? buf_append(out, STR("/></testcase>\n")) : rc;
}

static enum rc
print_junit(const struct policy_test *t, struct buf *out)
{
    size_t all = t->count[0] + t->count[1] + t->count[2];
    enum rc rc = buf_printf(out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"spangate policy test\" tests=\"%zu\" failures=\"%zu\" "
        "skipped=\"%zu\">\n",
        all, t->count[TEST_FAILED], t->count[TEST_TODO]);

    for (const struct policy_result *r = t->first; r && rc == RC_OK; r = r->next)
        rc = print_testcase(r, out);
    return rc == RC_OK ? buf_append(out, STR("  </testsuite>\n</testsuites>\n")) : rc;
}

/* A name in TAP: # starts a directive there. */
static enum rc
tap_name(struct buf *out, const char *s)
{
    enum rc rc = RC_OK;

    for (; *s && rc == RC_OK; s++) {
        if (*s == '#' || *s == '\\')
            rc = buf_append_byte(out, '\\');
        if (rc == RC_OK)
            rc = buf_append_byte(out, *s == '\n' ? ' ' : *s);
    }
    return rc;
}

static enum rc
print_tap(const struct policy_test *t, struct buf *out)
{
    enum rc rc = buf_printf(out, "TAP version 14\n1..%zu\n", t->count[0] + t->count[1] + t->count[2]);
    size_t number = 0;

    for (const struct policy_result *r = t->first; r && rc == RC_OK; r = r->next) {
        const char *left = r->why;
        struct str line;

        rc = buf_printf(out, "%s %zu - ", r->status == TEST_PASSED ? "ok" : "not ok", ++number);
        if (rc == RC_OK)
            rc = tap_name(out, r->name);
        if (rc == RC_OK)
            rc = buf_append(out, r->status == TEST_TODO ? STR(" # TODO\n") : STR("\n"));
        while (rc == RC_OK && line_next(&left, &line))
            rc = buf_printf(out, "# %.*s\n", (int)line.len, line.ptr);
    }
    return rc == RC_OK ? print_coverage(t, "# ", out) : rc;
}

static enum rc
print_github(const struct policy_test *t, struct buf *out)
{
    enum rc rc = RC_OK;

    for (const struct policy_result *r = t->first; r && rc == RC_OK; r = r->next) {
        if (r->status != TEST_FAILED)
            continue;
        rc = buf_append(out, STR("::error file="));
        if (rc == RC_OK)
            rc = tool_github_text(out, r->file, true);
        if (rc == RC_OK)
            rc = buf_printf(out, ",line=%u,col=%u,title=", r->line, r->col);
        if (rc == RC_OK)
            rc = tool_github_text(out, r->name, true);
        if (rc == RC_OK)
            rc = buf_append(out, STR("::"));
        if (rc == RC_OK)
            rc = tool_github_text(out, r->why, false);
        if (rc == RC_OK)
            rc = buf_append_byte(out, '\n');
    }
    if (rc == RC_OK)
        rc = buf_printf(out, "%zu passed, %zu failed, %zu todo\n", t->count[TEST_PASSED], t->count[TEST_FAILED], t->count[TEST_TODO]);
    return rc == RC_OK ? print_coverage(t, "", out) : rc;
}

enum rc
policy_test_print(const struct policy_test *t, enum test_format format, struct buf *out)
{
    switch (format) {
    case TEST_TEXT:
        return print_text(t, out);
    case TEST_JSON:
        return print_json(t, out);
    case TEST_JUNIT:
        return print_junit(t, out);
    case TEST_TAP:
        return print_tap(t, out);
    case TEST_GITHUB:
        return print_github(t, out);
    }
    return RC_INTERNAL;
}
