/* Which rules, and which of their detectors, found something in a test. */
#include "policies/inspect.h"
#include "policy_test_int.h"

static struct policy_cover *
cover_find(struct policy_test *t, const char *policy, const char *rule, const char *entity, const char *detector)
{
    for (struct policy_cover *c = t->covers; c; c = c->next)
        if (strcmp(c->rule, rule) == 0 && strcmp(c->detector, detector) == 0 && strcmp(c->entity, entity) == 0 && strcmp(c->policy, policy) == 0)
            return c;
    return NULL;
}

static const char *
copy(struct policy_test *t, const char *s)
{
    struct str made = arena_dup(t->ar, (struct str){s, strlen(s) + 1});

    t->nomem |= !made.ptr;
    return made.ptr ? made.ptr : "";
}

/* Several tests of one policy add up; rows outlive the program. */
static void
cover_add(struct policy_test *t, const struct rule_info *r, const char *detector)
{
    if (cover_find(t, r->policy, r->id, r->entity, detector))
        return;
    struct policy_cover *c = arena_calloc(t->ar, 1, sizeof(*c));

    if (!c) {
        t->nomem = true;
        return;
    }
    *c = (struct policy_cover){t->covers, copy(t, r->policy), copy(t, r->id), copy(t, r->entity), copy(t, detector), false};
    t->covers = c;
}

void
test_cover_begin(struct test_suite *s)
{
    if (!s->t->coverage || !s->ex)
        return;
    for (size_t i = program_pattern_count(s->prog); i-- > 0;) {
        struct pattern_info p = program_pattern(s->prog, i);

        for (uint16_t k = 0; k < p.rule_count; k++) {
            struct rule_info r = program_rule(s->prog, p.rules[k]);

            cover_add(s->t, &r, p.id);
        }
    }
    for (size_t i = program_rule_count(s->prog); i-- > 0;) {
        struct rule_info r = program_rule(s->prog, i);

        if (r.mode != RULE_OFF && (program_rule_scope(s->prog, i).by_key || program_rule_scope(s->prog, i).structure))
            cover_add(s->t, &r, "");
    }
}

static void
fire(struct test_suite *s, uint16_t rule, const char *detector)
{
    struct rule_info r = program_rule(s->prog, rule);
    struct policy_cover *c = cover_find(s->t, r.policy, r.id, r.entity, detector);

    if (c)
        c->fired = true;
}

static void
fire_sightings(struct test_suite *s, const struct inspect_in *in, struct arena *ar)
{
    struct sightings seen;

    if (inspect_text(s->prog, in, ar, &seen) != RC_OK) {
        s->t->nomem = true;
        return;
    }
    for (uint32_t i = 0; i < seen.count; i++)
        if (seen.list[i].why == SEEN_FOUND && !seen.list[i].undecidable)
            fire(s, seen.list[i].rule, program_pattern(s->prog, seen.list[i].pattern).id);
}

void
test_cover_text(struct test_suite *s, struct str key, struct str text)
{
    struct arena *ar = s->t->coverage ? arena_new((size_t)16 << 20) : NULL;

    if (ar)
        fire_sightings(s, &(struct inspect_in){.policies = UINT64_MAX, .place = PLACE_SPAN_ATTRIBUTE, .key = key, .text = text}, ar);
    arena_free(ar);
}

void
test_cover_batch(struct test_suite *s, const struct batch *b, const struct findings *f, struct arena *ar)
{
    char number[BATCH_NUMBER_SIZE];

    if (!s->t->coverage)
        return;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->list[i].rule != RULE_UNDECIDABLE)
            fire(s, f->list[i].rule, ""); /* by key, or by a scanner; rules with detectors have no such row */
    for (uint32_t i = 0; i < b->text_count; i++) {
        const struct batch_text *t = &b->texts[i];
        struct str text = batch_text_bytes(b, t);

        if (t->kind != TEXT_STRING && t->kind != TEXT_BYTES) {
            text.len = batch_text_format(b, t, number);
            text.ptr = number;
        }
        const struct inspect_in in = {.policies = inspect_policies(s->prog, b, 0),
            .place = (enum place)t->place,
            .key = t->attr == BATCH_NONE ? STR("") : batch_attr_key(b, &b->attrs[t->attr]),
            .text = text};

        fire_sightings(s, &in, ar);
    }
}

bool
test_cover_rule_fired(const struct policy_test *t, const struct policy_cover *c)
{
    for (const struct policy_cover *o = t->covers; o; o = o->next)
        if (o->fired && strcmp(o->rule, c->rule) == 0 && strcmp(o->policy, c->policy) == 0)
            return true;
    return false;
}

bool
test_cover_is_first(const struct policy_test *t, const struct policy_cover *c)
{
    for (const struct policy_cover *o = t->covers; o != c; o = o->next)
        if (strcmp(o->rule, c->rule) == 0 && strcmp(o->policy, c->policy) == 0)
            return false;
    return true;
}

struct policy_coverage
test_coverage(const struct policy_test *t)
{
    struct policy_coverage out = {.percent = 100};

    for (const struct policy_cover *c = t->covers; c; c = c->next) {
        if (c->detector[0]) {
            out.detectors++;
            out.detectors_fired += c->fired;
        }
        if (test_cover_is_first(t, c)) {
            out.rules++;
            out.rules_fired += test_cover_rule_fired(t, c);
        }
    }
    if (out.rules + out.detectors)
        out.percent = 100.0 * (double)(out.rules_fired + out.detectors_fired) / (double)(out.rules + out.detectors);
    return out;
}
