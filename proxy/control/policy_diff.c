#include "policy_diff_int.h"

#include <stdio.h>

#include "base/json.h"

#define TREATMENTS_MAX 100000
#define RULES_SIZE 256
#define SHOWN_SIZE 160

/* Texts under one path that the two treat otherwise in the same way. */
struct treatment {
    struct treatment *next;
    const char *path, *destination;
    const char *old_rules, *now_rules;
    const char *old_outcome, *now_outcome;     /* kept, changed, dropped */
    const char *value, *old_value, *now_value; /* of the first; NULL: not asked for */
    const char *file;
    unsigned line;
    uint64_t count;
};

struct diff {
    const struct policy_diff_options *o;
    struct tool old, now;
    struct trial other; /* of now; that of old is the visitor's */
    struct rule_changes changes;
    struct treatment *first, **last;
    size_t treatments;
    uint64_t texts, spans, batches, differing, routes;
    bool lost; /* more treatments than are kept */
};

/* ---- texts ---- */

/* Dropped is the same as dropped only. */
static bool
same(struct str a, struct str b)
{
    return a.ptr && b.ptr ? str_eq(a, b) : !a.ptr && !b.ptr;
}

static const char *
outcome(struct str before, struct str after)
{
    return !after.ptr ? "dropped" : str_eq(before, after) ? "kept" : "changed";
}

/* Ids of the enforced rules that found something for the destination. */
static void
rules_of(const struct trial *tr, const struct explained *e, size_t d, char out[RULES_SIZE])
{
    size_t n = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < e->f.count; i++) {
        const struct finding *f = &e->f.list[i];
        bool decided = f->rule != RULE_UNDECIDABLE;
        struct rule_info r = decided ? program_rule(tr->t->prog, f->rule) : (struct rule_info){.id = "undecidable"};
        uint32_t set = decided ? program_rule_scope(tr->t->prog, f->rule).destinations : UINT32_MAX;
        char *there = strstr(out, r.id);

        if (r.mode != RULE_ENFORCE || (tr->t->destination_count && !(set >> d & 1)))
            continue;
        if (there && (there == out || there[-1] == ' ') && (there[strlen(r.id)] == ',' || !there[strlen(r.id)]))
            continue;
        int len = snprintf(out + n, RULES_SIZE - n, "%s%s", n ? ", " : "", r.id);

        n = len < 0 || n + (size_t)len >= RULES_SIZE ? n : n + (size_t)len;
        out[n] = '\0';
    }
}

static const char *
shown(struct diff *df, struct str s)
{
    char out[SHOWN_SIZE];

    if (!s.ptr)
        return "(dropped)";
    snprintf(out, sizeof(out), "%.*s", (int)s.len, s.ptr);
    return tool_copy(df->old.ar, str_of(out));
}

/* What a text became on both sides. */
struct pair {
    struct str old, now;
    char old_rules[RULES_SIZE], now_rules[RULES_SIZE];
};

static enum rc
treatment_add(struct diff *df, const struct explained *e, const char *destination, const struct pair *p, const struct batch_source *from)
{
    const char *a = outcome(e->text, p->old), *b = outcome(e->text, p->now);
    struct arena *ar = df->old.ar;

    df->differing++;
    for (struct treatment *t = df->first; t; t = t->next) {
        if (!str_eq(str_of(t->path), e->path) || strcmp(t->destination, destination) != 0 || strcmp(t->old_outcome, a) != 0 ||
            strcmp(t->now_outcome, b) != 0 || strcmp(t->old_rules, p->old_rules) != 0 || strcmp(t->now_rules, p->now_rules) != 0)
            continue;
        t->count++;
        return RC_OK;
    }
    if (df->treatments == TREATMENTS_MAX) {
        df->lost = true;
        return RC_OK;
    }
    struct treatment *t = arena_calloc(ar, 1, sizeof(*t));

    if (!t)
        return RC_NOMEM;
    *t = (struct treatment){.path = tool_copy(ar, e->path),
        .destination = destination,
        .old_rules = tool_copy(ar, str_of(p->old_rules)),
        .now_rules = tool_copy(ar, str_of(p->now_rules)),
        .old_outcome = a,
        .now_outcome = b,
        .file = from->path,
        .line = from->line,
        .count = 1};
    if (df->o->show_values) {
        t->value = shown(df, e->text);
        t->old_value = shown(df, p->old);
        t->now_value = shown(df, p->now);
    }
    df->treatments++;
    *df->last = t;
    df->last = &t->next;
    return t->path && t->old_rules && t->now_rules ? RC_OK : RC_NOMEM;
}

static enum rc
compare_text(struct diff *df, struct trial *old, uint32_t text, const struct batch_source *from)
{
    struct explained a, b;
    struct pair p;
    enum rc rc = explain_findings(old, text, &a);

    if (rc == RC_OK)
        rc = explain_findings(&df->other, text, &b);
    for (size_t d = 0; d < trial_destinations(old) && rc == RC_OK && (a.f.count || b.f.count); d++) {
        rc = explain_result(old, &a, d, &p.old);
        if (rc == RC_OK)
            rc = explain_result(&df->other, &b, d, &p.now);
        if (rc != RC_OK || same(p.old, p.now))
            continue;
        rules_of(old, &a, d, p.old_rules);
        rules_of(&df->other, &b, d, p.now_rules);
        rc = treatment_add(df, &a, trial_destination(old, d), &p, from);
    }
    return rc;
}

static enum rc
on_batch(void *to, struct trial *old, const struct batch_source *from)
{
    struct diff *df = to;
    enum rc rc = trial_run(&df->other, buf_str(&old->body), &df->o->sender);

    df->batches++;
    df->spans += old->b.span_count;
    df->texts += old->b.text_count;
    for (uint32_t i = 0; i < old->b.text_count && rc == RC_OK; i++)
        rc = compare_text(df, old, i, from);
    for (uint32_t s = 0; s < old->b.span_count && rc == RC_OK; s++)
        df->routes += trial_covered(old, s) != trial_covered(&df->other, s) || old->routed != df->other.routed ||
                      (old->routed && old->routes[s].mask != df->other.routes[s].mask);
    return rc;
}

/* ---- the report ---- */

static const char signs[] = {'+', '-', '~'};
static const char *const kinds[] = {"added", "removed", "changed"};

static enum rc
print_text(const struct diff *df, struct buf *out)
{
    const size_t *n = df->changes.count;
    enum rc rc = buf_printf(out, "rules: %zu added, %zu removed, %zu changed\n", n[CHANGE_ADDED], n[CHANGE_REMOVED], n[CHANGE_CHANGED]);

    for (const struct rule_change *c = df->changes.first; c && rc == RC_OK; c = c->next)
        rc = buf_printf(out, "  %c %s%s%s  %s\n", signs[c->kind], c->policy, c->rule[0] ? "/" : "", c->rule, c->what);
    if (rc != RC_OK || df->o->corpus_count == 0)
        return rc;
    rc = buf_printf(out, "spans: %llu, texts: %llu, treated otherwise: %llu, routed otherwise: %llu spans\n", (unsigned long long)df->spans,
        (unsigned long long)df->texts, (unsigned long long)df->differing, (unsigned long long)df->routes);
    for (const struct treatment *t = df->first; t && rc == RC_OK; t = t->next) {
        rc = buf_printf(out, "  %llu x %s  %s by %s -> %s by %s", (unsigned long long)t->count, t->path, t->old_outcome,
            t->old_rules[0] ? t->old_rules : "no rule", t->now_outcome, t->now_rules[0] ? t->now_rules : "no rule");
        if (rc == RC_OK && df->old.destination_count)
            rc = buf_printf(out, "  (%s)", t->destination);
        if (rc == RC_OK)
            rc = buf_printf(out, "  first %s:%u\n", t->file, t->line);
        if (rc == RC_OK && t->value)
            rc = buf_printf(out, "      value %s\n      old   %s\n      new   %s\n", t->value, t->old_value, t->now_value);
    }
    return rc == RC_OK && df->lost ? buf_printf(out, "  only the first %d kinds are listed\n", TREATMENTS_MAX) : rc;
}

static void
json_side(struct json *j, const char *key, const char *what, const char *rules, const char *value)
{
    json_object(j, key);
    json_cstr(j, "outcome", what);
    json_cstr(j, "rules", rules);
    if (value)
        json_cstr(j, "value", value);
    json_close_object(j);
}

static enum rc
print_json(const struct diff *df, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_array(&j, "rules");
    for (const struct rule_change *c = df->changes.first; c; c = c->next) {
        json_object(&j, NULL);
        json_cstr(&j, "change", kinds[c->kind]);
        json_cstr(&j, "policy", c->policy);
        json_cstr(&j, "rule", c->rule);
        json_cstr(&j, "what", c->what);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_u64(&j, "spans", df->spans);
    json_u64(&j, "texts", df->texts);
    json_u64(&j, "treated_otherwise", df->differing);
    json_u64(&j, "routed_otherwise", df->routes);
    json_array(&j, "treatments");
    for (const struct treatment *t = df->first; t; t = t->next) {
        json_object(&j, NULL);
        json_cstr(&j, "path", t->path);
        json_cstr(&j, "destination", t->destination);
        json_u64(&j, "count", t->count);
        json_cstr(&j, "file", t->file);
        json_u64(&j, "line", t->line);
        if (t->value)
            json_cstr(&j, "value", t->value);
        json_side(&j, "old", t->old_outcome, t->old_rules, t->old_value);
        json_side(&j, "new", t->now_outcome, t->now_rules, t->now_value);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* ---- the command ---- */

/* Both sides must know the same destinations in the same order, so that they can be compared one by one. */
static int
open_sides(struct diff *df)
{
    struct tool_options o = df->o->tool;
    const char *names[PROGRAM_DESTINATIONS_MAX];
    char text[PROGRAM_DESTINATIONS_MAX][256];
    int code;

    o.policies = &df->o->now;
    o.policy_count = 1;
    code = tool_open(&o, &df->now);
    if (code != EXIT_DONE)
        return code;
    for (size_t d = 0; df->now.guessed && d < df->now.destination_count; d++) {
        snprintf(text[d], sizeof(text[d]), "%s=%.*s", program_destination(df->now.prog, d).ptr, (int)df->now.destinations[d].jurisdiction.len,
            df->now.destinations[d].jurisdiction.ptr);
        names[d] = text[d];
    }
    if (df->now.guessed) {
        o.destinations = names;
        o.destination_count = df->now.destination_count;
    }
    o.policies = &df->o->old;
    return tool_open(&o, &df->old);
}

static enum rc
compare(struct diff *df)
{
    const struct batch_visitor v = {on_batch, df};
    enum rc rc;

    df->changes = (struct rule_changes){.ar = df->old.ar};
    df->changes.last = &df->changes.first;
    rc = rule_changes_find(&df->old, &df->now, &df->changes);
    enricher_free(df->now.enricher); /* the batch was enriched already when it is run a second time */
    df->now.enricher = NULL;
    if (rc == RC_OK)
        rc = trial_init(&df->other, &df->now);
    if (rc == RC_OK && df->o->corpus_count)
        rc = trial_each(&df->old, df->o->corpus, df->o->corpus_count, &df->o->sender, &v);
    trial_fini(&df->other);
    return rc;
}

int
policy_diff_main(const struct policy_diff_options *o, struct buf *out)
{
    struct diff df = {.o = o};
    int code;

    df.last = &df.first;
    code = open_sides(&df);
    if (code == EXIT_DONE) {
        enum rc rc = compare(&df);

        if (rc == RC_OK)
            rc = o->format == DIFF_JSON ? print_json(&df, out) : print_text(&df, out);
        code = rc == RC_MALFORMED || rc == RC_UTF8 || rc == RC_DUPLICATE ? EXIT_CONFIG : rc == RC_NOT_FOUND ? EXIT_UNAVAILABLE : exit_code_of(rc);
    }
    if (code == EXIT_DONE && (df.changes.first || df.differing || df.routes))
        code = EXIT_NEGATIVE;
    tool_report(&df.now.es, code == EXIT_NEGATIVE ? EXIT_DONE : code);
    tool_report(&df.old.es, code == EXIT_NEGATIVE ? EXIT_DONE : code);
    tool_close(&df.old);
    tool_close(&df.now);
    return code;
}
