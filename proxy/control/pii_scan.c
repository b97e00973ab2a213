#include "pii_int.h"

#include <stdio.h>

#include "base/digest.h"
#include "policies/inspect.h"

#define BASELINE_MAX ((size_t)4 << 20)
#define REPORT_MAX ((size_t)1 << 30)
#define UNDECIDABLE "UNDECIDABLE"

const char *const pii_severities[4] = {"note", "low", "medium", "high"};

/* ---- what a finding is called ---- */

static const struct finding *
key_finding(const struct trial *tr, uint32_t attr)
{
    for (uint32_t i = 0; i < tr->f.attr_count; i++)
        if (tr->f.list[i].on == FINDING_KEY && tr->f.list[i].index == attr)
            return &tr->f.list[i];
    return NULL;
}

static const char *
entity_of(const struct trial *tr, const struct finding *f)
{
    return f->rule == RULE_UNDECIDABLE ? UNDECIDABLE : program_rule(tr->t->prog, f->rule).entity;
}

/* As trial_path, but a key in which something was found does not stand there. */
static size_t
append_keys(const struct pii_scan *s, const struct trial *tr, uint32_t attr, char *out, size_t n)
{
    const struct batch_attr *a = &tr->b.attrs[attr];
    const struct finding *on_key = s->show_values ? NULL : key_finding(tr, attr);
    struct str key = batch_attr_key(&tr->b, a);

    if (a->parent != BATCH_NONE)
        n = append_keys(s, tr, a->parent, out, n);
    const char *slash = a->parent == BATCH_NONE ? "." : "/";

    if (n < TRIAL_PATH_SIZE)
        n += on_key ? (size_t)snprintf(out + n, TRIAL_PATH_SIZE - n, "%s[%s]", slash, entity_of(tr, on_key))
                    : (size_t)snprintf(out + n, TRIAL_PATH_SIZE - n, "%s%.*s", slash, (int)key.len, key.ptr);
    return n < TRIAL_PATH_SIZE ? n : TRIAL_PATH_SIZE - 1;
}

static void
path_of(const struct pii_scan *s, const struct trial *tr, const struct finding *f, char out[TRIAL_PATH_SIZE])
{
    uint32_t attr = f->on == FINDING_TEXT ? tr->b.texts[f->index].attr : f->index;
    unsigned place = f->on == FINDING_TEXT ? tr->b.texts[f->index].place : tr->b.attrs[f->index].place;
    size_t n = (size_t)snprintf(out, TRIAL_PATH_SIZE, "%s", place_name((enum place)place));

    if (attr != BATCH_NONE)
        (void)append_keys(s, tr, attr, out, n);
}

/* ---- findings ---- */

static bool
in_baseline(const struct pii_scan *s, const char *path, const char *entity)
{
    const struct conf_node *list = s->baseline ? conf_get(conf_root(s->baseline, 0), "known") : NULL;

    for (unsigned i = 0; list && list->kind == CONF_LIST && i < list->count; i++) {
        const struct conf_node *p = conf_get(list->items[i], "path"), *e = conf_get(list->items[i], "entity");

        if (p && e && str_glob(p->text, str_of(path)) && str_eq(e->text, str_of(entity)))
            return true;
    }
    return false;
}

static bool
same_text(const struct finding *a, const struct finding *b)
{
    return a->on == FINDING_TEXT ? b->on == FINDING_TEXT && a->index == b->index : b->on != FINDING_TEXT && a->index == b->index;
}

/* Where findings on one text overlap, the one that would be acted on stands for all. Findings are in the order of their texts. */
static bool
is_covered(const struct trial *tr, uint32_t i)
{
    const struct finding *f = &tr->f.list[i];
    uint32_t first = i, end = i + 1;

    while (first > 0 && same_text(f, &tr->f.list[first - 1]))
        first--;
    while (end < tr->f.count && same_text(f, &tr->f.list[end]))
        end++;
    for (uint32_t k = first; k < end; k++) {
        const struct finding *o = &tr->f.list[k];

        if (k == i || o->on != f->on || o->rule == RULE_UNDECIDABLE || f->rule == RULE_UNDECIDABLE)
            continue;
        if (f->on != FINDING_ATTRIBUTE && (o->start >= f->end || o->end <= f->start))
            continue;
        if (inspect_wins(tr->t->prog, o, f) || (!inspect_wins(tr->t->prog, f, o) && k < i))
            return true;
    }
    return false;
}

static enum rc
add(struct pii_scan *s, const struct trial *tr, const struct finding *f, const struct batch_source *from)
{
    bool decided = f->rule != RULE_UNDECIDABLE;
    struct rule_info rule = decided ? program_rule(tr->t->prog, f->rule) : (struct rule_info){.policy = "", .id = "", .entity = UNDECIDABLE};
    unsigned severity = decided ? program_rule_scope(tr->t->prog, f->rule).severity & 3 : 2;
    char path[TRIAL_PATH_SIZE], number[BATCH_NUMBER_SIZE];

    path_of(s, tr, f, path);
    bool known = in_baseline(s, path, rule.entity);

    s->findings++;
    s->known += known;
    s->by_severity[severity] += !known;
    if (s->findings > PII_FINDINGS_MAX) {
        s->dropped++;
        return RC_OK;
    }
    struct pii_finding *p = arena_calloc(s->t->ar, 1, sizeof(*p));
    struct str text = trial_text(&tr->b, f, number), value = f->whole ? text : str_sub(text, f->start, f->end);

    if (!p)
        return RC_NOMEM;
    *p = (struct pii_finding){.file = from->path,
        .line = from->line,
        .path = tool_copy(s->t->ar, str_of(path)),
        .entity = rule.entity,
        .rule = rule.id,
        .policy = rule.policy,
        .value = s->show_values ? tool_copy(s->t->ar, value) : NULL,
        .severity = severity,
        .start = f->whole ? 0 : f->start,
        .end = f->whole ? (uint32_t)text.len : f->end,
        .len = (uint32_t)text.len,
        .key = f->on == FINDING_KEY,
        .whole = f->whole,
        .known = known};
    *s->last = p;
    s->last = &p->next;
    return p->path && (p->value || !s->show_values) ? RC_OK : RC_NOMEM;
}

static enum rc
on_batch(void *to, struct trial *tr, const struct batch_source *from)
{
    struct pii_scan *s = to;
    enum rc rc = RC_OK;

    s->batches++;
    s->spans += tr->b.span_count;
    s->texts += tr->b.text_count;
    for (uint32_t i = 0; i < tr->b.span_count; i++)
        s->unmatched += !trial_covered(tr, i);
    for (uint32_t i = 0; i < tr->f.count && rc == RC_OK; i++)
        if (!is_covered(tr, i))
            rc = add(s, tr, &tr->f.list[i], from);
    return rc;
}

/* ---- the command ---- */

/* A baseline is JSON of ours, which the reader of configurations reads too. */
static enum rc
baseline_read(const char *path, struct conf_doc **doc, struct errs *es)
{
    struct buf text = BUF_INIT(BASELINE_MAX);
    enum rc rc = file_read(path, BASELINE_MAX, &text);

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, SG_TOOL_INPUT, (struct err_pos){.file = path}, "%s", rc_text(rc));
    else
        rc = conf_load_text(path, buf_str(&text), false, doc, es);
    if (rc == RC_OK && !conf_get(conf_root(*doc, 0), "known")) {
        errs_add(es, ERR_ERROR, RC_CONFIG, SG_TOOL_INPUT, (struct err_pos){.file = path}, "not a baseline: it has no list `known`");
        rc = RC_CONFIG;
    }
    buf_free(&text);
    return rc;
}

static enum rc
baseline_write(const struct pii_scan *s, const char *path)
{
    struct buf text = BUF_INIT(BASELINE_MAX);
    enum rc rc = pii_print_baseline(s, &text);

    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&text), 0644);
    if (rc != RC_OK)
        errs_add(&s->t->es, ERR_ERROR, rc, SG_TOOL_INPUT, (struct err_pos){.file = path}, "the baseline cannot be written: %s", rc_text(rc));
    buf_free(&text);
    return rc;
}

static bool
fails(const struct pii_scan *s, unsigned fail_on)
{
    uint64_t n = 0;

    for (unsigned i = fail_on; i < 4; i++)
        n += s->by_severity[i];
    return n > 0;
}

/* Nothing found where nothing was looked for is no good news. */
static void
warn_of_unmatched(const struct pii_scan *s)
{
    bool enforced = false;

    for (size_t i = 0; i < program_policy_count(s->t->prog); i++)
        enforced |= program_policy(s->t->prog, i).mode == RULE_ENFORCE;
    if (enforced && s->unmatched)
        err_hint(errs_add(&s->t->es, ERR_WARNING, RC_CONFIG, SG_TOOL_UNCOVERED, (struct err_pos){0},
                     "no policy is for %llu of %llu spans: nothing was looked for in them", (unsigned long long)s->unmatched,
                     (unsigned long long)s->spans),
            "`match` of the policies asks for other resources");
}

static int
scan(struct pii_scan *s, const struct pii_options *o, struct buf *out)
{
    const struct sender nobody = {.now_s = 1};
    const struct batch_visitor v = {on_batch, s};
    struct conf_doc *baseline = NULL;
    enum rc rc = o->baseline ? baseline_read(o->baseline, &baseline, &s->t->es) : RC_OK;

    s->baseline = baseline;
    if (rc == RC_OK)
        rc = trial_each(s->t, o->files, o->file_count, &nobody, &v);
    if (rc == RC_OK)
        rc = pii_print(s, o->format, out);
    if (rc == RC_OK)
        warn_of_unmatched(s);
    if (rc == RC_OK && o->write_baseline)
        rc = baseline_write(s, o->write_baseline);
    conf_free(baseline);
    if (rc != RC_OK)
        return rc == RC_MALFORMED || rc == RC_UTF8 || rc == RC_DUPLICATE || rc == RC_LIMIT || rc == RC_DEPTH ? EXIT_CONFIG
               : rc == RC_NOT_FOUND                                                                          ? EXIT_UNAVAILABLE
                                                                                                             : exit_code_of(rc);
    return !o->write_baseline && fails(s, o->fail_on) ? EXIT_NEGATIVE : EXIT_DONE;
}

int
pii_main(const struct pii_options *o, struct buf *out)
{
    struct tool_options to = o->tool;
    struct tool t;

    to.defaults = true;
    int code = tool_open(&to, &t);
    struct pii_scan s = {.t = &t, .show_values = o->show_values};

    s.last = &s.first;
    enricher_free(t.enricher); /* what the gate would add is not in the file */
    t.enricher = NULL;
    if (code == EXIT_DONE)
        code = scan(&s, o, out);
    tool_report(&t.es, code);
    tool_close(&t);
    return code;
}
