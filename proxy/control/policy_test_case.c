#include <stdio.h>

#include "codec/otlp_json.h"
#include "explain_int.h"
#include "policy_test_int.h"

#define CASE_BYTES_MAX ((size_t)64 << 20)
#define BODY_BYTES_MAX ((size_t)4 << 20)
#define EXPLAIN_BYTES_MAX ((size_t)1 << 18)
#define PATH_SIZE 320

/* One case: what it gives, what became of it. */
struct run {
    struct test_suite *s;
    const struct conf_node *given, *defaults, *expect;
    struct arena *ar;
    struct buf body, sent, why;
    struct batch b;
    struct findings f;
    struct route route;
    struct conf_doc *before, *after; /* after NULL: nothing is sent */
    struct comparison c;
};

static const struct conf_node *
given(const struct run *r, const char *key)
{
    const struct conf_node *n = conf_get(r->given, key);

    return n ? n : conf_get(r->defaults, key);
}

/* ---- trees ---- */

/*
 * OTLP/JSON is YAML but for a few characters that YAML wants escaped: DEL and the controls of Latin-1, U+FEFF, U+FFFE, U+FFFF. They only stand
 * inside of strings.
 */
static enum rc
escape_for_yaml(struct str json, struct buf *out)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < json.len && rc == RC_OK; i++) {
        const uint8_t *p = (const uint8_t *)json.ptr + i;
        size_t left = json.len - i;

        if (p[0] == 0x7F) {
            rc = buf_append(out, STR("\\u007f"));
        } else if (left > 1 && p[0] == 0xC2 && p[1] < 0xA0) {
            rc = buf_printf(out, "\\u00%02x", p[1]);
            i++;
        } else if (left > 2 && p[0] == 0xEF && ((p[1] == 0xBB && p[2] == 0xBF) || (p[1] == 0xBF && p[2] >= 0xBE))) {
            rc = buf_append(out, p[1] == 0xBB ? STR("\\ufeff") : p[2] == 0xBE ? STR("\\ufffe") : STR("\\uffff"));
            i += 2;
        } else {
            rc = buf_append_byte(out, json.ptr[i]);
        }
    }
    return rc;
}

static struct conf_doc *
tree_of(struct run *r, struct str body)
{
    struct buf json = BUF_INIT(8 * BODY_BYTES_MAX), yaml = BUF_INIT(8 * BODY_BYTES_MAX);
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    enum rc rc = otlp_json_encode(body, &json);

    if (rc == RC_OK)
        rc = escape_for_yaml(buf_str(&json), &yaml);
    if (rc == RC_OK)
        rc = conf_load_text("span", buf_str(&yaml), false, &doc, &es);
    if (rc != RC_OK)
        compare_say(&r->c, "the span cannot be shown: %s", es.count ? es.list[0].text : rc_text(rc));
    errs_free(&es);
    buf_free(&json);
    buf_free(&yaml);
    return doc;
}

static const struct conf_node *
first_of(const struct conf_node *n, const char *key)
{
    const struct conf_node *list = conf_get(n, key);

    return list && list->kind == CONF_LIST && list->count ? list->items[0] : NULL;
}

static const struct conf_node *
tree_part(const struct conf_doc *doc, const char *part)
{
    const struct conf_node *rs = doc ? first_of(conf_root(doc, 0), "resourceSpans") : NULL, *ss = first_of(rs, "scopeSpans");

    if (strcmp(part, "resource") == 0)
        return conf_get(rs, "resource");
    return strcmp(part, "scope") == 0 ? conf_get(ss, "scope") : first_of(ss, "spans");
}

/* ---- what the gate does ---- */

static void
text_given(struct run *r, const struct conf_node *map, const char *key, struct str *out)
{
    if (conf_get(map, key) && conf_text(r->s->doc, conf_get(map, key), out, &r->s->t->es) != RC_OK)
        *out = (struct str){NULL, 0};
}

/* "2027-01-31", the start of that day; the present when the case does not say. */
static uint64_t
now_given(struct run *r)
{
    const struct conf_node *n = given(r, "now");
    uint64_t day;

    if (!n)
        return r->s->t->now_s;
    if (n->kind == CONF_SCALAR && str_to_day(n->text, &day))
        return day;
    test_error(r->s, n, SG_TEST_GIVEN, "now is a date, YYYY-MM-DD");
    return 0;
}

static void
case_route(struct run *r)
{
    const struct conf_node *client = given(r, "client");
    struct sender sender = {.now_s = now_given(r)};

    if (client && conf_shape_check(r->s->doc, client, &shape_test_client, &r->s->t->es) != RC_OK)
        return;
    text_given(r, client, "identity", &sender.identity);
    text_given(r, client, "country", &sender.certificate_country);
    text_given(r, client, "configured_country", &sender.configured_country);
    text_given(r, client, "configured_region", &sender.configured_region);
    if (residency_needs_spans(r->s->prog))
        residency_route_span(r->s->prog, &r->b, 0, &sender, &r->route);
    else
        residency_route(r->s->prog, &r->b, 0, &sender, &r->route);
}

static size_t
destination_number(const struct test_suite *s, struct str name)
{
    size_t d = 0;

    while (d < s->destination_count && !str_eq(s->destinations[d].name, name))
        d++;
    return d;
}

static void
destination_unknown(struct test_suite *s, const struct conf_node *n)
{
    const char *names[PROGRAM_DESTINATIONS_MAX];

    for (size_t i = 0; i < s->destination_count; i++)
        names[i] = s->destinations[i].name.ptr;
    err_hint_nearest(test_error(s, n, SG_TEST_DESTINATION, "there is no destination \"%.*s\"", (int)n->text.len, n->text.ptr), n->text, names,
        s->destination_count);
}

static bool
has_residency(const struct program *p)
{
    for (size_t i = 0; i < program_policy_count(p); i++)
        if (strcmp(program_policy(p, i).kind, "ResidencyPolicy") == 0)
            return true;
    return false;
}

/* The redaction class to show: of the destination that the case names, of the first one that the route allows. False: nothing is sent. */
static bool
case_class(struct run *r, unsigned *class)
{
    const struct conf_node *named = given(r, "destination");
    size_t d = 0;

    if (named) {
        d = destination_number(r->s, named->text);
        if (d == r->s->destination_count)
            destination_unknown(r->s, named);
        *class = d < r->s->destination_count ? program_class(r->s->prog, d) : 0;
        return d < r->s->destination_count;
    }
    if (r->route.mask)
        d = (size_t)__builtin_ctz(r->route.mask);
    else if (has_residency(r->s->prog))
        return false;
    *class = program_class(r->s->prog, d);
    return true;
}

static enum rc
case_redact(struct run *r, unsigned class)
{
    struct redact_report report;
    struct edits es;
    enum rc rc;

    edits_init(&es, r->ar);
    rc = redact_edits(r->s->prog, &r->b, &r->f, class, &es, &report);
    return rc == RC_OK ? emit_batch(&r->b, &es, &r->sent) : rc;
}

/* By the stages of the gate. False when the case cannot say anything further. */
static bool
case_process(struct run *r)
{
    unsigned class = 0;
    enum rc rc = batch_index(buf_str(&r->body), &batch_limits_default, r->ar, &r->b);

    if (rc == RC_OK) {
        case_route(r);
        rc = examine_batch(r->s->ex, &r->b, r->ar, &r->f);
    }
    if (rc == RC_OK)
        test_cover_batch(r->s, &r->b, &r->f, r->ar);
    if (rc != RC_OK) {
        compare_say(&r->c, "the request is refused: %s", rc_text(rc));
        return false;
    }
    r->before = tree_of(r, buf_str(&r->body));
    if (!program_covers(r->s->prog, &r->b, 0) || !case_class(r, &class))
        return true;
    rc = case_redact(r, class);
    if (rc == RC_OK)
        r->after = tree_of(r, buf_str(&r->sent));
    else
        compare_say(&r->c, "the request is refused: %s", rc_text(rc));
    return rc == RC_OK;
}

/* ---- what is expected ---- */

/* resource.attributes.user/email: nested keys after a slash. */
static size_t
path_append(const struct run *r, uint32_t attr, char *out, size_t n)
{
    const struct batch_attr *a = &r->b.attrs[attr];
    struct str key = batch_attr_key(&r->b, a);

    if (a->parent != BATCH_NONE)
        n = path_append(r, a->parent, out, n);
    if (n < PATH_SIZE)
        n += (size_t)snprintf(out + n, PATH_SIZE - n, "%s%.*s", a->parent == BATCH_NONE ? "." : "/", (int)key.len, key.ptr);
    return n;
}

static void
finding_path(const struct run *r, const struct finding *f, char out[PATH_SIZE])
{
    uint32_t attr = f->on == FINDING_TEXT ? r->b.texts[f->index].attr : f->index;
    unsigned place = f->on == FINDING_TEXT ? r->b.texts[f->index].place : r->b.attrs[f->index].place;
    size_t n = (size_t)snprintf(out, PATH_SIZE, "%s", place_name((enum place)place));

    if (attr != BATCH_NONE)
        (void)path_append(r, attr, out, n);
}

static struct rule_info
finding_rule(const struct run *r, const struct finding *f)
{
    if (f->rule == RULE_UNDECIDABLE)
        return (struct rule_info){"", "undecidable", "", "redact", RULE_ENFORCE};
    return program_rule(r->s->prog, f->rule);
}

static bool
word_fits(const struct conf_node *expect, const char *word)
{
    return !expect || str_eq(expect->text, str_of(word));
}

static bool
finding_there(struct run *r, const struct conf_node *expect)
{
    for (uint32_t i = 0; i < r->f.count; i++) {
        struct rule_info rule = finding_rule(r, &r->f.list[i]);
        char path[PATH_SIZE];

        finding_path(r, &r->f.list[i], path);
        if (word_fits(conf_get(expect, "rule"), rule.id) && word_fits(conf_get(expect, "entity"), rule.entity) &&
            word_fits(conf_get(expect, "path"), path))
            return true;
    }
    return false;
}

static const char *
word_of(const struct conf_node *n, const char *key)
{
    return conf_get(n, key) ? conf_get(n, key)->text.ptr : "any";
}

static void
check_findings(struct run *r, const struct conf_node *n)
{
    if (n && n->kind != CONF_LIST) {
        test_error(r->s, n, SG_TEST_EXPECT, "findings is a list");
        return;
    }
    if (n && n->count == 0 && r->f.count)
        compare_say(&r->c, "findings: expected none, got %u", r->f.count);
    for (unsigned i = 0; n && i < n->count; i++) {
        const struct conf_node *e = n->items[i];

        if (conf_shape_check(r->s->doc, e, &shape_test_finding, &r->s->t->es) == RC_OK && !finding_there(r, e))
            compare_say(&r->c, "findings: none of rule %s, entity %s, path %s", word_of(e, "rule"), word_of(e, "entity"), word_of(e, "path"));
    }
}

/* Exactly these destinations. */
static void
check_sent_to(struct run *r, const struct conf_node *n)
{
    uint32_t expected = 0;

    if (n && n->kind != CONF_LIST) {
        test_error(r->s, n, SG_TEST_EXPECT, "sent_to is a list of destinations");
        return;
    }
    for (unsigned i = 0; n && i < n->count; i++) {
        size_t d = destination_number(r->s, n->items[i]->text);

        if (d == r->s->destination_count)
            destination_unknown(r->s, n->items[i]);
        else
            expected |= UINT32_C(1) << d;
    }
    for (size_t d = 0; n && d < r->s->destination_count; d++) {
        bool want = expected >> d & 1, is = r->route.mask >> d & 1;

        if (want != is)
            compare_say(&r->c, "sent_to: %s is %s", r->s->destinations[d].name.ptr, is ? "allowed, but not expected" : "not allowed");
    }
}

/* The rule "eu-stays/2", or its policy alone. */
static bool
rule_fits(const struct conf_node *expect, const char *rule)
{
    struct str is = str_of(rule);

    return !expect || str_eq(is, expect->text) || (str_starts(is, expect->text) && is.ptr[expect->text.len] == '/');
}

static void
check_refused(struct run *r, const struct conf_node *n)
{
    if (n && n->kind != CONF_LIST) {
        test_error(r->s, n, SG_TEST_EXPECT, "refused is a list of {exporter, rule}");
        return;
    }
    for (unsigned i = 0; n && i < n->count; i++) {
        const struct conf_node *name = conf_get(n->items[i], "exporter"), *rule = conf_get(n->items[i], "rule");
        size_t d;

        if (conf_shape_check(r->s->doc, n->items[i], &shape_test_refused, &r->s->t->es) != RC_OK)
            continue;
        if (!name) {
            test_error(r->s, n->items[i], SG_TEST_EXPECT, "exporter is missing");
            continue;
        }
        d = destination_number(r->s, name->text);
        if (d == r->s->destination_count)
            destination_unknown(r->s, name);
        else if (r->route.mask >> d & 1)
            compare_say(&r->c, "refused: %s is allowed, by %s", name->text.ptr, r->route.rule[d]);
        else if (!rule_fits(rule, r->route.rule[d]))
            compare_say(&r->c, "refused: %s by %s, not by %s", name->text.ptr, r->route.rule[d] ? r->route.rule[d] : "no policy", rule->text.ptr);
    }
}

static void
case_compare(struct run *r)
{
    const struct conf_node *e = r->expect;
    bool emitted = tree_part(r->after, "span") != NULL;

    if (conf_get(e, "span"))
        compare_span(&r->c, conf_get(e, "span"), tree_part(r->before, "span"), tree_part(r->after, "span"));
    if ((conf_get(e, "resource") || conf_get(e, "scope")) && !emitted)
        compare_say(&r->c, "resource, scope: nothing is sent");
    if (conf_get(e, "resource") && emitted)
        compare_resource(&r->c, conf_get(e, "resource"), tree_part(r->before, "resource"), tree_part(r->after, "resource"));
    if (conf_get(e, "scope") && emitted)
        compare_scope(&r->c, conf_get(e, "scope"), tree_part(r->before, "scope"), tree_part(r->after, "scope"));
    check_findings(r, conf_get(e, "findings"));
    check_sent_to(r, conf_get(e, "sent_to"));
    check_refused(r, conf_get(e, "refused"));
}

/* After the differences: why each text became what it did, what came near, and where the span may go. */
static void
case_explain(struct run *r)
{
    struct tool tool = {.prog = r->s->prog, .ex = r->s->ex, .destination_count = r->s->destination_count};
    struct trial tr = {.t = &tool, .ar = r->ar, .b = r->b, .f = r->f, .routes = &r->route, .routed = has_residency(r->s->prog)};
    struct buf text = BUF_INIT(EXPLAIN_BYTES_MAX);

    memcpy(tool.destinations, r->s->destinations, sizeof(tool.destinations));
    if (explain_print(&tr, &(struct explain_options){.quiet_routes = !tr.routed && program_covers(r->s->prog, &r->b, 0)}, &text) == RC_OK) {
        for (struct str left = buf_str(&text); left.len;) {
            size_t end = str_find(left, STR("\n"));
            struct str line = str_sub(left, 0, end == SIZE_MAX ? left.len : end);

            compare_say(&r->c, "  %.*s", (int)line.len, line.ptr);
            left = end == SIZE_MAX ? str_sub(left, left.len, left.len) : str_sub(left, end + 1, left.len);
        }
    }
    buf_free(&text);
}

/* ---- cases ---- */

static bool
case_checked(struct test_suite *s, const struct conf_node *n)
{
    const struct conf_node *given_node = conf_get(n, "given"), *expect = conf_get(n, "expect");
    struct errs *es = &s->t->es;

    if (conf_shape_check(s->doc, n, &shape_test_case, es) != RC_OK)
        return false;
    if (conf_get(n, "todo"))
        return true;
    if (!conf_get(n, "name") || !expect || (expect->kind == CONF_MAP && expect->count == 0)) {
        test_error(s, n, SG_TEST_DOCUMENT, "a case has a name and expects something");
        return false;
    }
    return (!given_node || conf_shape_check(s->doc, given_node, &shape_test_given, es) == RC_OK) &&
           conf_shape_check(s->doc, expect, &shape_test_expect, es) == RC_OK;
}

void
test_case_run(struct test_suite *s, const struct conf_node *n)
{
    struct run r = {.s = s,
        .given = conf_get(n, "given"),
        .defaults = conf_get(s->root, "defaults"),
        .expect = conf_get(n, "expect"),
        .body = BUF_INIT(BODY_BYTES_MAX),
        .sent = BUF_INIT(2 * BODY_BYTES_MAX),
        .why = BUF_INIT(1 << 16)};
    const struct conf_node *name = conf_get(n, "name") ? conf_get(n, "name") : conf_get(n, "todo");

    if (!case_checked(s, n) || !test_wanted(s->t, name->text))
        return;
    if (conf_get(n, "todo")) {
        test_record(s, n, name->text, TEST_TODO, conf_get(n, "name") ? conf_get(n, "todo")->text : STR(""));
        return;
    }
    size_t errors = s->t->es.errors;

    r.c = (struct comparison){s, &r.why, false};
    r.ar = arena_new(CASE_BYTES_MAX);
    if (r.ar && test_build(s, r.defaults, r.given, &r.body)) {
        if (case_process(&r))
            case_compare(&r);
        if (r.c.differs && r.before)
            case_explain(&r);
        /* A report must not say of a case that it passed when a part of it was not understood. */
        if (s->t->es.errors > errors) {
            r.c.differs = true;
            if (r.why.len == 0)
                (void)!buf_append(&r.why, STR("a part of it cannot be read"));
        }
        test_record(s, n, name->text, r.c.differs ? TEST_FAILED : TEST_PASSED, buf_str(&r.why));
    }
    conf_free(r.before);
    conf_free(r.after);
    arena_free(r.ar);
    buf_free(&r.body);
    buf_free(&r.sent);
    buf_free(&r.why);
}
