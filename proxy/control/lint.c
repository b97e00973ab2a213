#include "lint_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define STRESS_LIMIT_NS 1000000u
#define ARENA_MAX ((size_t)64 << 20)

struct lint {
    const struct lint_options *o;
    struct tool t;
    struct tool known; /* the whole catalogue, to try replacements on */
    struct arena *ar;
    /* of the document that is looked at */
    const struct conf_doc *doc;
    const char *policy;
};

static struct err *warn(struct lint *l, const struct conf_node *n, enum lint_code code, const char *fmt, ...) PRINTF_LIKE(4, 5);

static struct err *
warn(struct lint *l, const struct conf_node *n, enum lint_code code, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return errs_add(&l->t.es, ERR_WARNING, RC_CONFIG, code, conf_pos(l->doc, n), "%s", text);
}

/* ---- regular expressions ---- */

static size_t
pattern_of(const struct program *p, struct str regex)
{
    for (size_t i = 0; i < program_pattern_count(p); i++) {
        struct pattern_info info = program_pattern(p, i);

        if (info.custom && str_eq(info.regex, regex))
            return i;
    }
    return SIZE_MAX;
}

static void
lint_hostile(struct lint *l, const struct conf_node *n, size_t pattern)
{
    struct inspector *in = inspector_new(l->t.prog);
    uint64_t texts, bytes, ns;

    if (!in)
        return;
    inspector_stress(in, pattern, tool_now_ns);
    const struct pattern_cost *c = &inspector_costs(in, &texts, &bytes, &ns)[pattern];

    if (c->undecidable)
        err_hint(warn(l, n, SG_LINT_HOSTILE, "comes to no end on a hostile text of %d bytes: such texts are redacted whole", INSPECT_STRESS_BYTES),
            "two quantifiers can take the same bytes; make the classes disjoint, or the first one possessive");
    else if (c->stress_ns > STRESS_LIMIT_NS)
        warn(l, n, SG_LINT_HOSTILE, "takes %.1f ms on a hostile text of %d bytes", (double)c->stress_ns / 1e6, INSPECT_STRESS_BYTES);
    inspector_free(in);
}

/* Texts that have nothing in common but that traces are full of them: what is a candidate in each of them is one nearly everywhere. */
static bool
tried_everywhere(struct lint *l, size_t pattern)
{
    static const char *const usual[] = {"GET /orders/7 HTTP/1.1", "true", "200", "checkout", "10.1.2.3:8080", "0.25"};
    struct inspector *in = inspector_new(l->t.prog);
    uint64_t texts = 0, bytes, ns, candidates = 0;

    for (size_t i = 0; in && i < sizeof(usual) / sizeof(usual[0]); i++)
        inspector_text(in, STR("value"), str_of(usual[i]), tool_now_ns);
    if (in)
        candidates = inspector_costs(in, &texts, &bytes, &ns)[pattern].candidates;
    inspector_free(in);
    return texts && candidates == texts;
}

static void
lint_regex(struct lint *l, const struct conf_node *n)
{
    size_t pattern = n && n->kind == CONF_SCALAR ? pattern_of(l->t.prog, n->text) : SIZE_MAX;

    if (pattern == SIZE_MAX)
        return;
    if (program_pattern(l->t.prog, pattern).always || tried_everywhere(l, pattern))
        err_hint(warn(l, n, SG_LINT_ALWAYS_TRIED, "no literal of it is compulsory: it is tried on every text"),
            "begin with a literal, or with a class that is not everything");
    size_t nested = lint_nested_quantifier(n->text);

    if (nested != SIZE_MAX)
        err_hint(warn(l, n, SG_LINT_NESTED, "a group that repeats holds nothing but what repeats, at byte %zu", nested), "(a+)+ is a+; or (a++)+");
    size_t characters = lint_characters(n->text);

    if (characters != SIZE_MAX)
        err_hint(warn(l, n, SG_LINT_CHARACTERS, "bytes are matched, and it means a character outside of ASCII at byte %zu", characters),
            "write the characters out: (?:é|è)");
    if (lint_open_ends(n->text))
        err_hint(warn(l, n, SG_LINT_BOTH_ENDS, "begins and ends with .*"), "a match needs none of them: leave them out");
    lint_hostile(l, n, pattern);
}

/* ---- replacements ---- */

static void
lint_replacement(struct lint *l, const struct conf_node *rule, size_t number)
{
    static const char *const catalogue[] = {"pack:personal-data"};
    const struct tool_options all = {.policies = catalogue, .policy_count = 1};
    const struct conf_node *action = conf_get(rule, "action"), *text = conf_get(action, "replace");
    struct findings f = {0};

    if (!text || text->kind != CONF_SCALAR || strcmp(program_rule(l->t.prog, number).action, "replace") != 0)
        return;
    arena_reset(l->ar, ARENA_MAX);
    if (!l->known.ex && tool_open(&all, &l->known) != EXIT_DONE)
        return;
    if (examine_text(l->known.ex, PLACE_SPAN_ATTRIBUTE, STR("value"), text->text, l->ar, &f) != RC_OK)
        return;
    for (uint32_t i = 0; i < f.count; i++) {
        if (f.list[i].rule == RULE_UNDECIDABLE || f.list[i].on != FINDING_TEXT)
            continue;
        warn(l, text, SG_LINT_REPLACEMENT, "the replacement is itself found as %s", program_rule(l->known.prog, f.list[i].rule).entity);
        return;
    }
}

/* ---- rules that cannot act ---- */

static bool
is_list_of(const struct rule_scope *outer, const struct rule_scope *inner)
{
    for (size_t i = 0; i < inner->key_count; i++) {
        bool held = false;

        for (size_t k = 0; k < outer->key_count && !held; k++)
            held = str_glob(outer->keys[k], inner->keys[i]);
        if (!held)
            return false;
    }
    return true;
}

/* Whether whatever rule b finds is rule a's already: a comes first there, and acts. */
static bool
takes_all_of(const struct program *p, size_t a, size_t b)
{
    struct rule_scope sa = program_rule_scope(p, a), sb = program_rule_scope(p, b);
    struct rule_info ia = program_rule(p, a), ib = program_rule(p, b);

    if (sa.structure || sb.structure || sa.policy != sb.policy || ia.mode != RULE_ENFORCE || ib.mode == RULE_OFF || (sb.places & ~sa.places) ||
        (sb.destinations & ~sa.destinations))
        return false;
    if (sa.by_key && sa.key_count && sb.key_count)
        return is_list_of(&sa, &sb) && (sb.by_key ? sa.severity >= sb.severity : strcmp(ia.action, "drop") == 0);
    /* The same entity everywhere, no less severe; a rule under keys is the more specific one. */
    return !sa.by_key && !sb.by_key && strcmp(ia.entity, ib.entity) == 0 && sa.key_count == 0 && sb.key_count == 0 && sa.severity >= sb.severity;
}

/* The earlier rule that leaves nothing to any rule of this id; SIZE_MAX: there is none. */
static size_t
shadowed_by(const struct program *p, unsigned policy, const char *id)
{
    size_t by = SIZE_MAX;
    bool any = false;

    for (size_t b = 0; b < program_rule_count(p); b++) {
        size_t a = 0;

        if (program_rule_scope(p, b).policy != policy || strcmp(program_rule(p, b).id, id) != 0)
            continue;
        while (a < b && !(strcmp(program_rule(p, a).id, id) != 0 && takes_all_of(p, a, b)))
            a++;
        if (a == b)
            return SIZE_MAX;
        by = a;
        any = true;
    }
    return any ? by : SIZE_MAX;
}

/* ---- dates ---- */

static void
lint_shadow(struct lint *l, const struct conf_node *n, const char *what)
{
    const struct conf_node *mode = conf_get(n, "mode"), *since = conf_get(n, "since");
    uint64_t begin;

    if (!mode || !str_eq(mode->text, STR("shadow")))
        return;
    /* A day to come is none since which it holds. */
    if (!since || since->kind != CONF_SCALAR || !str_to_day(since->text, &begin) || begin > l->o->now_s + 86400) {
        err_hint(warn(l, mode, SG_LINT_SHADOW_UNDATED, "%s is in shadow mode, and nobody knows since when", what), "since: YYYY-MM-DD");
        return;
    }
    int64_t days = ((int64_t)l->o->now_s - (int64_t)begin) / 86400;

    if (days > LINT_SHADOW_DAYS)
        err_hint(warn(l, mode, SG_LINT_SHADOW_OLD, "%s has been in shadow mode for %lld days", what, (long long)days), "enforce it, or remove it");
}

/* ---- a policy ---- */

static void
lint_rule(struct lint *l, const struct conf_node *rule, unsigned policy)
{
    const struct program *p = l->t.prog;
    const struct conf_node *id = conf_get(rule, "id");
    char what[96];

    if (!id)
        return;
    snprintf(what, sizeof(what), "rule %s", id->text.ptr);
    lint_shadow(l, rule, what);
    lint_regex(l, conf_get(rule, "regex"));
    for (size_t i = 0; i < program_rule_count(p); i++) {
        if (program_rule_scope(p, i).policy != policy || strcmp(program_rule(p, i).id, id->text.ptr) != 0)
            continue;
        lint_replacement(l, rule, i);
        break;
    }
    size_t by = shadowed_by(p, policy, id->text.ptr);

    if (by != SIZE_MAX)
        warn(l, id, SG_LINT_NEVER, "rule %s can never act: rule %s comes first wherever it would", id->text.ptr, program_rule(p, by).id);
}

/* An enforced policy is what lets data leave: one without a rule that acts lets it leave as it came. */
static void
lint_effect(struct lint *l, const struct conf_node *name, unsigned policy)
{
    const struct program *p = l->t.prog;

    if (policy == program_policy_count(p) || program_policy(p, policy).mode != RULE_ENFORCE)
        return;
    for (size_t i = 0; i < program_rule_count(p); i++)
        if (program_rule_scope(p, i).policy == policy && program_rule(p, i).mode == RULE_ENFORCE)
            return;
    err_hint(warn(l, name, SG_LINT_NO_EFFECT, "nothing in policy %s is enforced: what it covers leaves as it came", name->text.ptr),
        "fine while rules are watched in shadow mode");
}

static void
lint_policy(struct lint *l, const struct conf_node *root)
{
    const struct conf_node *spec = conf_get(root, "spec"), *rules = conf_get(spec, "rules"), *detectors = conf_get(spec, "detectors");
    const struct conf_node *name = conf_get(conf_get(root, "metadata"), "name");
    unsigned number = 0;

    if (!name)
        return;
    while (number < program_policy_count(l->t.prog) && strcmp(program_policy(l->t.prog, number).name, name->text.ptr) != 0)
        number++;
    lint_shadow(l, spec, "the policy");
    lint_effect(l, name, number);
    for (unsigned i = 0; detectors && i < detectors->count; i++)
        lint_regex(l, conf_get(detectors->items[i], "regex"));
    for (unsigned i = 0; rules && rules->kind == CONF_LIST && i < rules->count; i++)
        lint_rule(l, rules->items[i], number);
}

/* ---- tests ---- */

static const char *
base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool
is_kind(const struct conf_node *root, const char *kind)
{
    const struct conf_node *n = conf_get(root, "kind");

    return n && str_eq(n->text, str_of(kind));
}

/* Whether a document of tests in this file names the policy file; the file itself when it names none. */
static bool
tests_name(const char *test, const char *policy)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    bool found = false;

    if (conf_load_file(test, &doc, &es) == RC_OK) {
        for (unsigned i = 0; i < conf_count(doc) && !found; i++) {
            const struct conf_node *list = conf_get(conf_root(doc, i), "policies");

            if (!is_kind(conf_root(doc, i), "PolicyTest"))
                continue;
            found = !list && strcmp(test, policy) == 0;
            for (unsigned k = 0; list && list->kind == CONF_LIST && k < list->count && !found; k++)
                found = list->items[k]->kind == CONF_SCALAR && strcmp(base_of(list->items[k]->text.ptr), base_of(policy)) == 0;
        }
        conf_free(doc);
    }
    errs_free(&es);
    return found;
}

/* In the file itself, or beside it: shop.policy.yaml has shop.test.yaml. */
static bool
is_tested(const char *path)
{
    char test[4096];
    size_t len = strlen(path);
    static const char *const endings[] = {".policy.yaml", ".policy.yml", ".yaml", ".yml"};

    if (tests_name(path, path))
        return true;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (!str_ends(str_of(path), str_of(endings[i])))
            continue;
        snprintf(test, sizeof(test), "%.*s.test.yaml", (int)(len - strlen(endings[i])), path);
        if (access(test, R_OK) == 0 && tests_name(test, path))
            return true;
    }
    return false;
}

/* ---- files ---- */

static void
lint_file(struct lint *l, const char *path)
{
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    bool policies = false;

    if (tool_file_read(path, &text) == RC_OK && conf_load_text(path, buf_str(&text), false, &doc, &es) == RC_OK) {
        l->doc = doc;
        for (unsigned i = 0; i < conf_count(doc); i++) {
            const struct conf_node *root = conf_root(doc, i);

            if (is_kind(root, "RedactionPolicy"))
                lint_policy(l, root);
            else if (is_kind(root, "ResidencyPolicy"))
                lint_shadow(l, conf_get(root, "spec"), "the policy");
            policies |= is_kind(root, "RedactionPolicy") || is_kind(root, "ResidencyPolicy");
        }
        if (policies && !str_starts(str_of(path), STR("pack:")) && !is_tested(path))
            err_hint(warn(l, conf_root(doc, 0), SG_LINT_UNTESTED, "no test names this file"),
                "write NAME.test.yaml beside it: spangate policy new shows how");
        conf_free(doc);
    }
    l->doc = NULL;
    errs_free(&es);
    buf_free(&text);
}

static bool
is_ignored(const struct lint_options *o, unsigned code)
{
    char name[16];

    snprintf(name, sizeof(name), "SG%04u", code);
    for (size_t i = 0; i < o->ignore_count; i++)
        if (strcasecmp(o->ignore[i], name) == 0)
            return true;
    return false;
}

/* Warnings only: what does not load cannot be ignored. */
static void
drop_ignored(struct errs *es, const struct lint_options *o)
{
    size_t kept = 0;

    for (size_t i = 0; i < es->count; i++) {
        if (es->list[i].level == ERR_WARNING && is_ignored(o, es->list[i].code)) {
            es->warnings--;
            continue;
        }
        es->list[kept++] = es->list[i];
    }
    es->count = kept;
}

/* The loader warns of replacements too, without their place: said once is enough. routes_only: nothing is missing where nothing redacts. */
static void
drop_doubles(struct errs *es, bool routes_only)
{
    size_t kept = 0;
    bool placed = false;

    for (size_t i = 0; i < es->count; i++)
        placed |= es->list[i].code == SG_LINT_REPLACEMENT;
    for (size_t i = 0; i < es->count; i++) {
        if ((placed && es->list[i].code == 425) || (routes_only && es->list[i].code == 407)) {
            es->warnings--;
            continue;
        }
        es->list[kept++] = es->list[i];
    }
    es->count = kept;
}

/* A ResidencyPolicy by itself is the half of something. */
static bool
only_routes(const struct program *p)
{
    for (size_t i = 0; i < program_policy_count(p); i++)
        if (strcmp(program_policy(p, i).kind, "ResidencyPolicy") != 0)
            return false;
    return program_policy_count(p) > 0;
}

static int
by_place(const void *a, const void *b)
{
    const struct err *x = a, *y = b;
    int file = strcmp(x->file, y->file);

    return file ? file : x->line != y->line ? (x->line < y->line ? -1 : 1) : x->col != y->col ? (x->col < y->col ? -1 : 1) : 0;
}

static bool
unreadable(const struct errs *es)
{
    for (size_t i = 0; i < es->count; i++)
        if (es->list[i].level == ERR_ERROR && (es->list[i].code == 1 || es->list[i].code == 408 || es->list[i].code == SG_TOOL_POLICY))
            return true;
    return false;
}

int
lint_main(const struct lint_options *o, struct buf *out)
{
    struct lint l = {.o = o};
    int code = tool_open(&o->tool, &l.t);

    if (code == EXIT_DONE) {
        l.ar = arena_new(ARENA_MAX);
        code = l.ar ? EXIT_DONE : EXIT_UNAVAILABLE;
    }
    for (size_t i = 0; code == EXIT_DONE && i < l.t.file_count; i++)
        lint_file(&l, l.t.files[i]);
    drop_doubles(&l.t.es, l.t.prog && only_routes(l.t.prog));
    drop_ignored(&l.t.es, o);
    if (l.t.es.count)
        qsort(l.t.es.list, l.t.es.count, sizeof(*l.t.es.list), by_place);
    if (code != EXIT_UNAVAILABLE)
        code = lint_print(&l.t.es, o->format, out) != RC_OK ? EXIT_UNAVAILABLE
               : unreadable(&l.t.es)                        ? EXIT_CONFIG
               : l.t.es.errors + l.t.es.warnings            ? EXIT_NEGATIVE
                                                            : EXIT_DONE;
    arena_free(l.ar);
    tool_close(&l.known);
    tool_close(&l.t);
    return code;
}
