/* Scanners: where the values of a structured text stand. */
#include "examine_int.h"

#define RANGES_MAX 65536 /* in one text; what has more values goes as a whole */

uint32_t
examine_span_of_text(const struct batch *b, uint32_t text)
{
    uint32_t lo = 0, hi = b->span_count;

    if (hi == 0)
        return BATCH_NONE;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (b->spans[mid].text_first <= text)
            lo = mid;
        else
            hi = mid;
    }
    return b->spans[lo].text_first <= text && text < b->spans[lo].text_end ? lo : BATCH_NONE;
}

/* ---- what a scanner may know beside the text ---- */

/* Semantic conventions 1.44.0: db.system.name, before 1.26 db.system. */
static struct str
find_system(const struct batch *b, const struct batch_span *s)
{
    struct str old = {NULL, 0};

    for (uint32_t i = s->attr_first; i < s->attr_end; i++) {
        const struct batch_attr *a = &b->attrs[i];
        bool now = a->key_len == 14;

        if ((!now && a->key_len != 9) || a->place != PLACE_SPAN_ATTRIBUTE || a->parent != BATCH_NONE)
            continue;
        if (!str_eq(batch_attr_key(b, a), now ? STR("db.system.name") : STR("db.system")))
            continue;
        struct str name = batch_attr_string(b, i);

        if (now && name.len)
            return name;
        old = now ? old : name;
    }
    return old;
}

/* Texts come in order: it is nearly always the span of the last one, or the next. */
static uint32_t
span_of(const struct examiner *ex, const struct query *q)
{
    uint32_t hint = ex->system_span;

    for (uint32_t i = hint; hint != BATCH_NONE && i < q->b->span_count && i <= hint + 1; i++)
        if (q->b->spans[i].text_first <= q->index && q->index < q->b->spans[i].text_end)
            return i;
    return examine_span_of_text(q->b, q->index);
}

struct str
examine_system(struct examiner *ex, const struct query *q)
{
    bool wanted = false;

    for (uint16_t i = 0; i < q->verdict->use_count && !wanted; i++)
        wanted = ex->prog->uses[q->verdict->uses[i]].scanner->wants_system;
    if (!wanted)
        return (struct str){NULL, 0};
    uint32_t span = q->b ? span_of(ex, q) : BATCH_NONE;

    if (span == BATCH_NONE)
        return (struct str){NULL, 0};
    if (span != ex->system_span) {
        ex->system_span = span;
        ex->system = find_system(q->b, &q->b->spans[span]);
    }
    return ex->system;
}

static struct str
before(const struct query *q)
{
    if (!q->b || q->attr == BATCH_NONE || q->index == 0)
        return (struct str){NULL, 0};
    const struct batch_text *t = &q->b->texts[q->index - 1];

    return t->attr == q->attr && t->kind == TEXT_STRING ? batch_text_bytes(q->b, t) : (struct str){NULL, 0};
}

/* ---- one scanner, for all its uses ---- */

struct collector {
    struct examiner *ex;
    const struct query *q;
    const uint16_t *uses;
    size_t count;
    size_t end;    /* of the last range */
    size_t ranges; /* seen */
};

/* "?" and the like: too short to be known as one's own elsewhere, but not as a whole value. */
static bool
is_replaced(const struct rule *r, enum scan_kind kind, struct str value)
{
    const struct action *a = &r->action;

    return (a->type == &action_replace && str_eq(value, a->replace.text)) ||
           (a->type == &action_drop && str_eq(value, str_of(scan_kind_info(kind)->dropped)));
}

static enum rc
add_value(void *to, enum scan_kind kind, size_t start, size_t end)
{
    struct collector *c = to;
    const struct program *prog = c->ex->prog;
    struct finding f = {.index = c->q->index, .on = c->q->on, .start = (uint32_t)start, .end = (uint32_t)end};
    enum rc rc = RC_OK;

    /* A scanner that breaks its contract is one that did not run. */
    if (start < c->end || end <= start || end > c->q->text.len || ++c->ranges > RANGES_MAX)
        return RC_UNDECIDABLE;
    c->end = end;
    if (own_holds(prog->own, c->q->text, start, end))
        return RC_OK;
    for (size_t i = 0; i < c->count && rc == RC_OK; i++) {
        f.rule = prog->uses[c->uses[i]].rules[kind];
        if (f.rule >= prog->rule_count)
            return RC_UNDECIDABLE;
        if (!is_replaced(&prog->rules[f.rule], kind, str_sub(c->q->text, start, end)) &&
            !examine_action_owns(&prog->rules[f.rule].action, c->q->text, &f) &&
            !examine_allowed(prog, &prog->rules[f.rule], str_sub(c->q->text, start, end)))
            rc = examine_add(c->ex, &f);
    }
    return rc;
}

/* The text is not of the scanner's language. For shadow rules alone nothing may change: they get a finding of their own. */
static enum rc
undecided(struct examiner *ex, const struct query *q, const uint16_t *uses, size_t count)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < count; i++)
        if (ex->prog->rules[ex->prog->uses[uses[i]].rule].mode == RULE_ENFORCE)
            return RC_UNDECIDABLE;
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        struct finding f = {.index = q->index, .on = q->on, .end = (uint32_t)q->text.len, .rule = ex->prog->uses[uses[i]].rule, .whole = true};

        rc = examine_add(ex, &f);
    }
    return rc;
}

static enum rc
run_scanner(struct examiner *ex, const struct query *q, const uint16_t *uses, size_t count)
{
    const struct scanner *s = ex->prog->uses[uses[0]].scanner;
    struct collector c = {.ex = ex, .q = q, .uses = uses, .count = count};
    struct scan_in in = {.text = q->text, .key = q->key.path, .before = before(q)};
    struct scan_out out = {.add = add_value, .to = &c};
    uint32_t first = ex->sink->count;

    if (s->wants_system)
        in.system = examine_system(ex, q);
    enum rc rc = s->scan(&in, &out);

    if (rc == RC_OK || rc == RC_NOMEM)
        return rc;
    ex->sink->count = first;
    return undecided(ex, q, uses, count);
}

enum rc
examine_uses(struct examiner *ex, struct query *q)
{
    const struct verdict *v = q->verdict;
    uint16_t *wanted = ex->wanted;
    enum rc rc = examine_know_key(ex, q);

    /* What an earlier gate has put in place of the whole text. */
    if (q->text.len == 0 || own_holds(ex->prog->own, q->text, 0, q->text.len))
        return rc;
    for (size_t i = 0, end; i < v->use_count && rc == RC_OK; i = end) {
        size_t n = 0;

        for (end = i; end < v->use_count && ex->prog->uses[v->uses[end]].number == ex->prog->uses[v->uses[i]].number; end++)
            if (examine_rule_wants(ex, q, &ex->prog->rules[ex->prog->uses[v->uses[end]].rule]))
                wanted[n++] = v->uses[end];
        if (n)
            rc = run_scanner(ex, q, wanted, n);
    }
    return rc;
}
