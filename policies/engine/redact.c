#include "redact_int.h"

#include "examine_int.h"

/* ---- owners ---- */

/* The span that holds an attribute, BATCH_NONE when it belongs to a scope or resource. Spans' attributes ascend. */
static uint32_t
span_of_attr(const struct batch *b, uint32_t attr)
{
    uint32_t lo = 0, hi = b->span_count;

    if (hi == 0)
        return BATCH_NONE;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (b->spans[mid].attr_first <= attr)
            lo = mid;
        else
            hi = mid;
    }
    return b->spans[lo].attr_first <= attr && attr < b->spans[lo].attr_end ? lo : BATCH_NONE;
}

static uint32_t
resource_of_text(const struct batch *b, uint32_t text)
{
    uint32_t lo = 0, hi = b->resource_count;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (b->resources[mid].text_first <= text)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* Only actions that keep tenants apart ask for it. */
static void
know_resource(struct run *run, uint32_t resource)
{
    run->rd.b = run->rd.prog->tenants ? run->b : NULL;
    run->rd.resource = resource;
}

/* ---- what could not be decided ---- */

/* The strictest wish of the enforcing policies of a resource. */
static enum on_error
on_error_of(const struct program *prog, const struct batch *b, uint32_t resource)
{
    uint64_t set = program_policies_of(prog, b, resource);
    enum on_error wish = ON_ERROR_REDACT;

    for (size_t i = 0; i < prog->policy_count; i++)
        if ((set >> i & 1) && prog->policies[i].mode == RULE_ENFORCE && prog->policies[i].on_error > wish)
            wish = prog->policies[i].on_error;
    return wish;
}

static enum rc
drop_span(struct run *run, uint32_t span)
{
    if (!run->gone)
        run->gone = arena_calloc(run->rd.ar, run->b->span_count, 1);
    if (!run->gone)
        return RC_NOMEM;
    if (run->gone[span])
        return RC_OK;
    run->gone[span] = 1;
    run->rd.report->spans_dropped++;
    return edits_remove(run->edits, run->b->spans[span].field, run->b->spans[span].end);
}

/* An undecidable key counts like an undecidable text of its owner. */
static enum rc
deal_with_undecidable(struct run *run)
{
    const struct findings *f = run->f;
    uint32_t asked = BATCH_NONE; /* the resource that wish is of: findings come by resource */
    enum on_error wish = ON_ERROR_REDACT;
    enum rc rc = RC_OK;

    if (f->undecidable == 0)
        return RC_OK;
    for (uint32_t i = 0; i < f->count && rc == RC_OK; i++) {
        const struct finding *u = &f->list[i];

        if (u->rule != RULE_UNDECIDABLE)
            continue;
        uint32_t span = u->on == FINDING_TEXT ? examine_span_of_text(run->b, u->index) : span_of_attr(run->b, u->index);
        uint32_t resource = u->on == FINDING_TEXT ? resource_of_text(run->b, u->index) : redact_resource_of(run->b, u->index);

        if (resource != asked)
            wish = on_error_of(run->rd.prog, run->b, resource);
        asked = resource;
        if (wish == ON_ERROR_REFUSE)
            return RC_UNDECIDABLE;
        if (wish == ON_ERROR_DROP_SPAN && span != BATCH_NONE)
            rc = drop_span(run, span);
    }
    return rc;
}

static bool
is_gone(const struct run *run, uint32_t span)
{
    return run->gone && span != BATCH_NONE && run->gone[span];
}

/* ---- attributes ---- */

static bool
is_closing(const struct program *prog, uint16_t rule)
{
    const struct policy *p = &prog->policies[prog->rules[rule].policy];

    return p->closed && p->closing_rule == rule;
}

/* Key rules on one attribute: whether it goes, and else which one acts on its texts. Counts all that act or would act. */
static bool
weigh_key_rules(struct run *run, const struct finding *list, size_t count, const struct finding **best)
{
    const struct program *prog = run->rd.prog;
    unsigned place = run->b->attrs[list->index].place;
    bool goes = false, closed = false;

    for (size_t i = 0; i < count; i++) {
        if (list[i].on != FINDING_ATTRIBUTE)
            continue;
        const struct rule *r = &prog->rules[list[i].rule];

        if (r->mode == RULE_SHADOW && (r->classes >> run->rd.class & 1))
            redaction_count(&run->rd, list[i].rule, place);
        if (!rule_acts(&run->rd, r))
            continue;
        if (r->action.type->removes) {
            goes = true;
            closed |= is_closing(prog, list[i].rule);
            redaction_count(&run->rd, list[i].rule, place);
        } else if (!*best || redaction_better(&run->rd, &list[i], *best)) {
            *best = &list[i];
        }
    }
    run->rd.report->not_allowed += closed;
    if (!goes && *best)
        redaction_count(&run->rd, (*best)->rule, place);
    return goes;
}

static enum rc
spread(struct run *run, const struct finding *f)
{
    const struct batch_attr *a = &run->b->attrs[f->index];
    size_t need = run->wide_count + (a->text_end - a->text_first);

    if (need == run->wide_count)
        return RC_OK;
    if (need > run->wide_cap) {
        size_t cap = need + run->wide_cap;
        struct finding *list = arena_grow(run->rd.ar, run->wide, run->wide_count * sizeof(*list), cap * sizeof(*list));

        if (!list)
            return RC_NOMEM;
        run->wide = list;
        run->wide_cap = cap;
    }
    for (uint32_t t = a->text_first; t < a->text_end; t++) {
        struct finding *w = &run->wide[run->wide_count++];

        *w = *f;
        w->index = t;
    }
    return RC_OK;
}

/* ---- what the next gate sees ---- */

static uint64_t
policies_of(struct run *run, uint32_t resource)
{
    if (run->policies_resource != resource)
        run->policies = program_policies_of(run->rd.prog, run->b, resource);
    run->policies_resource = resource;
    return run->policies;
}

static enum rc
settle_key(struct run *run, const struct batch_attr *a, uint32_t attr, struct str *now)
{
    const struct settling s = {.at = {.b = run->b,
                                   .policies = run->again.ex ? policies_of(run, redact_resource_of(run->b, attr)) : 0,
                                   .index = attr,
                                   .attr = BATCH_NONE,
                                   .on = FINDING_KEY,
                                   .place = a->place}};

    return redact_settle(&run->again, &run->rd, &s, now);
}

static enum rc
settle_text(struct run *run, const struct finding *list, size_t count, struct str *now)
{
    const struct batch_text *t = &run->b->texts[list->index];
    const struct renamed *renamed = t->attr != BATCH_NONE && run->b->attrs[t->attr].parent == BATCH_NONE ? redact_renamed(run, t->attr) : NULL;
    const struct settling s = {.at = {.b = run->b,
                                   .policies = run->again.ex ? policies_of(run, resource_of_text(run->b, list->index)) : 0,
                                   .index = list->index,
                                   .attr = t->attr,
                                   .key = renamed ? renamed->key : (struct str){NULL, 0},
                                   .on = FINDING_TEXT,
                                   .place = t->place,
                                   .number = run->rd.number,
                                   .opaque = t->kind == TEXT_BYTES},
        .list = list,
        .count = count};

    return redact_settle(&run->again, &run->rd, &s, now);
}

/* Findings in the bytes of a key: list holds those of one attribute, of both kinds. */
static enum rc
redact_key(struct run *run, const struct finding *list, size_t count)
{
    const struct batch_attr *a = &run->b->attrs[list->index];
    struct str key = batch_attr_key(run->b, a), now = key;
    size_t first = 0;

    while (first < count && list[first].on != FINDING_KEY)
        first++;
    if (first == count)
        return RC_OK;
    know_resource(run, run->rd.prog->tenants ? redact_resource_of(run->b, list->index) : 0);
    run->rd.number = false;
    enum rc rc = resolve_text(&run->rd, key, a->place, list + first, count - first, &now);

    if (rc == RC_OK && !str_eq(key, now))
        rc = settle_key(run, a, list->index, &now);
    if (now.len == 0 && key.len)
        now = STR(ACTION_DROPPED); /* OpenTelemetry specification, "Attribute": a key is not empty */
    if (rc != RC_OK || str_eq(key, now))
        return rc;
    run->renamed[run->renamed_count++] = (struct renamed){list->index, now};
    return edits_set_key(run->edits, run->b, list->index, now);
}

static enum rc
redact_attr(struct run *run, const struct finding *list, size_t count, uint32_t *gone_until)
{
    const struct batch_attr *a = &run->b->attrs[list->index];
    const struct finding *best = NULL;

    if (a->field < *gone_until || is_gone(run, span_of_attr(run->b, list->index)))
        return RC_OK;
    if (weigh_key_rules(run, list, count, &best)) {
        run->dropped[run->dropped_count++] = list->index;
        *gone_until = a->end;
        return edits_remove(run->edits, a->field, a->end);
    }
    enum rc rc = best ? spread(run, best) : RC_OK;

    return rc == RC_OK ? redact_key(run, list, count) : rc;
}

static size_t
group_end(const struct finding *list, size_t at, size_t count)
{
    size_t end = at + 1;

    while (end < count && list[end].index == list[at].index)
        end++;
    return end;
}

static enum rc
redact_attrs(struct run *run)
{
    const struct finding *list = run->f->list;
    size_t count = run->f->attr_count;
    uint32_t gone_until = 0;
    enum rc rc = RC_OK;

    if (count == 0)
        return RC_OK;
    run->dropped = arena_alloc(run->rd.ar, count * sizeof(*run->dropped));
    run->renamed = arena_alloc(run->rd.ar, count * sizeof(*run->renamed));
    if (!run->dropped || !run->renamed)
        return RC_NOMEM;
    for (size_t i = 0; i < count && rc == RC_OK;) {
        size_t end = group_end(list, i, count);

        rc = redact_attr(run, &list[i], end - i, &gone_until);
        i = end;
    }
    return rc;
}

/* ---- texts ---- */

/* Findings on texts and spread key rules in one list, key rules of a text before its findings. */
static enum rc
join_texts(struct run *run, const struct finding **list, size_t *count)
{
    size_t texts = run->f->count - run->f->attr_count;

    *list = texts ? run->f->list + run->f->attr_count : run->f->list;
    *count = texts;
    if (run->wide_count == 0)
        return RC_OK;
    struct finding *all = arena_alloc(run->rd.ar, (texts + run->wide_count) * sizeof(*all));

    if (!all)
        return RC_NOMEM;
    memcpy(all, run->wide, run->wide_count * sizeof(*all));
    if (texts)
        memcpy(all + run->wide_count, *list, texts * sizeof(*all));
    *list = all;
    *count = texts + run->wide_count;
    return findings_sort(all, *count, run->rd.ar);
}

static enum rc
redact_one(struct run *run, const struct finding *list, size_t count)
{
    const struct batch_text *t = &run->b->texts[list->index];
    char number[BATCH_NUMBER_SIZE];
    struct str text = batch_text_bytes(run->b, t), now;

    run->rd.number = t->kind != TEXT_STRING && t->kind != TEXT_BYTES;
    if (run->rd.number)
        text = (struct str){number, batch_text_format(run->b, t, number)};
    know_resource(run, run->rd.prog->tenants ? resource_of_text(run->b, list->index) : 0);
    enum rc rc = resolve_text(&run->rd, text, t->place, list, count, &now);

    if (rc == RC_OK && !str_eq(text, now))
        rc = settle_text(run, list, count, &now);
    if (rc != RC_OK || str_eq(text, now))
        return rc;
    rc = run->rd.number ? edits_set_number(run->edits, run->b, list->index, now) : RC_MALFORMED;
    return rc == RC_MALFORMED ? edits_set_text(run->edits, run->b, list->index, now) : rc;
}

static enum rc
redact_texts(struct run *run)
{
    const struct finding *list;
    size_t count, gone = 0, settled = 0;
    enum rc rc = join_texts(run, &list, &count);

    for (size_t i = 0; i < count && rc == RC_OK;) {
        size_t end = group_end(list, i, count);
        const struct batch_text *t = &run->b->texts[list[i].index];

        while (gone < run->dropped_count && run->b->attrs[run->dropped[gone]].end <= t->field)
            gone++;
        while (settled < run->settled_count && run->settled[settled] < list[i].index)
            settled++;
        bool inside = gone < run->dropped_count && run->b->attrs[run->dropped[gone]].field <= t->field;
        bool done = settled < run->settled_count && run->settled[settled] == list[i].index;

        if (!inside && !done && !is_gone(run, examine_span_of_text(run->b, list[i].index)))
            rc = redact_one(run, &list[i], end - i);
        i = end;
    }
    return rc;
}

/* ---- entry points ---- */

static enum rc
report_init(const struct program *prog, struct arena *ar, struct redact_report *report)
{
    *report = (struct redact_report){0};
    report->counts = arena_calloc(ar, prog->rule_count + 1, sizeof(*report->counts));
    report->places = arena_calloc(ar, prog->rule_count + 1, sizeof(*report->places));
    return report->counts && report->places ? RC_OK : RC_NOMEM;
}

enum rc
redact_edits(
    const struct program *prog, const struct batch *b, const struct findings *f, unsigned class, struct edits *edits, struct redact_report *report)
{
    struct redact_report done;
    struct run run = {.rd = {.prog = prog, .class = class, .ar = edits->ar, .report = &done},
        .b = b,
        .f = f,
        .edits = edits,
        .again = {.ex = f->by},
        .policies_resource = BATCH_NONE};
    enum rc rc = class < prog->class_count ? report_init(prog, edits->ar, &done) : RC_INTERNAL;

    if (rc == RC_OK)
        rc = deal_with_undecidable(&run);
    if (rc == RC_OK)
        rc = redact_attrs(&run);
    if (rc == RC_OK)
        rc = redact_entities(&run);
    if (rc == RC_OK)
        rc = redact_texts(&run);
    for (uint32_t i = 0; i < b->resource_count && rc == RC_OK; i++)
        done.uncovered += !program_covers(prog, b, i);
    redact_again_end(&run.again);
    if (rc == RC_OK)
        *report = done;
    return rc;
}

enum rc
redact_text(const struct program *prog, const struct findings *f, unsigned class, struct str text, struct arena *ar, struct str *out)
{
    struct redact_report report;
    struct redaction rd = {.prog = prog, .class = class, .ar = ar, .report = &report};
    struct finding *list = arena_alloc(ar, (f->count + 1) * sizeof(*list));
    enum rc rc = class < prog->class_count ? report_init(prog, ar, &report) : RC_INTERNAL;
    size_t n = 0;

    if (!list)
        return RC_NOMEM;
    if (rc != RC_OK)
        return rc;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct finding *one = &f->list[i];

        if (one->on == FINDING_KEY)
            continue;
        if (one->on == FINDING_ATTRIBUTE && rule_acts(&rd, &prog->rules[one->rule]) && prog->rules[one->rule].action.type->removes) {
            *out = (struct str){NULL, 0};
            return RC_OK;
        }
        list[n++] = *one;
    }
    struct redact_again again = {.ex = f->by};
    const struct settling s = {.at = {.key = f->key, .on = FINDING_TEXT, .place = (uint8_t)f->place, .opaque = true}, .list = list, .count = n};

    rc = findings_sort(list, n, ar);
    if (rc == RC_OK)
        rc = resolve_text(&rd, text, PLACE_SPAN_ATTRIBUTE, list, n, out);
    if (rc == RC_OK && !str_eq(text, *out))
        rc = redact_settle(&again, &rd, &s, out);
    redact_again_end(&again);
    return rc;
}
