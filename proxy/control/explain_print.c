#include <stdio.h>

#include "base/json.h"
#include "explain_int.h"

#define NEAR_MAX 6 /* of one text; the rest is counted */
#define BARE_SCORE "0.40"

static const char *const mode_words[] = {[RULE_ENFORCE] = "enforce", [RULE_SHADOW] = "shadow", [RULE_OFF] = "off"};
static const char *const view_words[] = {
    [VIEW_PLAIN] = "", [VIEW_FOLDED] = "  seen through escapes or odd characters", [VIEW_DECODED] = "  seen inside of base64 or hexadecimal digits"};
static const char *const why_words[] = {[SEEN_FOUND] = "found",
    [SEEN_INVALID] = "validator failed",
    [SEEN_CONTEXT] = "needs context",
    [SEEN_HELD_OUT] = "held out",
    [SEEN_PLACE] = "not in scan",
    [SEEN_KEYS] = "other keys",
    [SEEN_POLICY] = "policy does not apply"};

/* ---- facts ---- */

static const struct program *
program_of(const struct trial *tr)
{
    return tr->t->prog;
}

/* The sighting that a finding came from: it knows the detector and the score. */
static const struct sighting *
origin_of(const struct explained *e, const struct finding *f)
{
    for (uint32_t i = 0; i < e->near.count; i++) {
        const struct sighting *s = &e->near.list[i];

        if (s->why == SEEN_FOUND && s->rule == f->rule && s->start <= f->end && s->end >= f->start)
            return s;
    }
    return NULL;
}

static const char *
score_of(const struct trial *tr, const struct sighting *s)
{
    return !s || s->context || !program_pattern(program_of(tr), s->pattern).context ? "1.00" : BARE_SCORE;
}

static uint64_t
revision_of(const struct program *p, uint16_t rule)
{
    return program_policy(p, program_rule_scope(p, rule).policy).revision;
}

/* A near miss that says something: not what another sighting of the same rule found there, and not a rule of a policy that is not meant. */
static bool
is_near(const struct explained *e, uint32_t i)
{
    const struct sighting *s = &e->near.list[i];

    if (s->why == SEEN_FOUND || explain_is_found(e, s))
        return false;
    for (uint32_t k = 0; k < e->near.count; k++) {
        const struct sighting *o = &e->near.list[k];

        if (o->why == SEEN_FOUND && o->rule == s->rule && o->start <= s->start && o->end >= s->end)
            return false;
        if (k < i && o->rule == s->rule && o->why == s->why)
            return false; /* once a rule and reason */
    }
    return true;
}

static enum rc
put_quoted(struct buf *out, struct str s)
{
    enum rc rc = buf_append_byte(out, '"');

    if (rc == RC_OK)
        rc = json_escape(out, s);
    return rc == RC_OK ? buf_append_byte(out, '"') : rc;
}

/* ---- text ---- */

static enum rc
put_destinations(const struct trial *tr, uint16_t rule, struct buf *out)
{
    uint32_t set = program_rule_scope(program_of(tr), rule).destinations;
    uint32_t all = tr->t->destination_count >= 32 ? UINT32_MAX : (1u << tr->t->destination_count) - 1;
    const char *comma = "  only for ";
    enum rc rc = RC_OK;

    for (size_t d = 0; (set & all) != all && d < tr->t->destination_count && rc == RC_OK; d++) {
        if (!(set >> d & 1))
            continue;
        rc = buf_printf(out, "%s%s", comma, trial_destination(tr, d));
        comma = ", ";
    }
    return rc == RC_OK && (set & all) == 0 && all ? buf_append(out, STR("  for no destination")) : rc;
}

static enum rc
put_finding(const struct trial *tr, const struct explained *e, size_t i, const char *indent, struct buf *out)
{
    const struct finding *f = &e->f.list[i];
    size_t winner = explain_loses_to(tr, e, i);

    if (f->rule == RULE_UNDECIDABLE)
        return buf_printf(out, "%sundecidable  a rule could not run to its end, or the value is encoded too deeply: all of it is redacted\n", indent);
    struct rule_info r = program_rule(program_of(tr), f->rule);
    const struct sighting *s = f->on == FINDING_ATTRIBUTE ? NULL : origin_of(e, f);
    enum rc rc = buf_printf(out, "%s%s  %s (%s r%llu, %s)  entity %s  score %s", indent, r.mode == RULE_SHADOW ? "shadow   " : "matched  ", r.id,
        r.policy, (unsigned long long)revision_of(program_of(tr), f->rule), mode_words[r.mode], r.entity, score_of(tr, s));

    if (rc == RC_OK && f->on == FINDING_ATTRIBUTE)
        rc = buf_append(out, STR("  by key, whole value"));
    else if (rc == RC_OK)
        rc = buf_printf(out, "  bytes %u-%u%s", f->start, f->end, view_words[f->view]);
    if (rc == RC_OK && s)
        rc = buf_printf(out, "  detector %s", program_pattern(program_of(tr), s->pattern).id);
    if (rc == RC_OK)
        rc = put_destinations(tr, f->rule, out);
    if (rc == RC_OK && winner != SIZE_MAX && e->f.list[winner].rule != RULE_UNDECIDABLE)
        rc = buf_printf(
            out, "\n%scovered    rule %s comes first where they overlap", indent, program_rule(program_of(tr), e->f.list[winner].rule).id);
    else if (rc == RC_OK)
        rc = buf_printf(out, "\n%saction     %s%s", indent, r.action, r.mode == RULE_SHADOW ? ", counted only" : "");
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

static enum rc
put_words(const char *const *words, struct buf *out)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; words && words[i] && i < 4 && rc == RC_OK; i++)
        rc = buf_printf(out, "%s%s", i ? ", " : "", words[i]);
    return rc == RC_OK && words && words[0] && words[1] && words[2] && words[3] && words[4] ? buf_append(out, STR(", ...")) : rc;
}

static enum rc
put_reason(const struct trial *tr, const struct sighting *s, struct buf *out)
{
    struct pattern_info p = program_pattern(program_of(tr), s->pattern);
    struct rule_scope scope = program_rule_scope(program_of(tr), s->rule);
    enum rc rc = RC_OK;

    switch ((enum sighting_why)s->why) {
    case SEEN_INVALID:
        return buf_printf(out, "%s shape, its check failed (%s)", p.entity, p.id);
    case SEEN_CONTEXT:
        rc = buf_printf(out, "%s shape (%s), but one of these words must stand in the key or before it: ", p.entity, p.id);
        return rc == RC_OK ? put_words(p.context, out) : rc;
    case SEEN_HELD_OUT:
        return buf_printf(out, "%s, kept by hold_out: the key and the shape of the value are those of an identifier", p.entity);
    case SEEN_PLACE:
        return buf_printf(out, "%s, but the rule or its policy does not scan this place", p.entity);
    case SEEN_KEYS:
        return buf_printf(out, "%s, but the rule is limited to keys: %.*s%s", p.entity, scope.key_count ? (int)scope.keys[0].len : 0,
            scope.key_count ? scope.keys[0].ptr : "", scope.key_count > 1 ? ", ..." : "");
    case SEEN_POLICY:
        return buf_printf(out, "%s, but the policy's `match` is not that of this resource", p.entity);
    case SEEN_FOUND:
    case SEEN_WHY_COUNT_:
        break;
    }
    return buf_append(out, STR("already the output of an action"));
}

static enum rc
put_near(const struct trial *tr, const struct explained *e, const char *indent, struct buf *out)
{
    uint32_t more = 0, shown = 0;
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < e->near.count && rc == RC_OK; i++) {
        const struct sighting *s = &e->near.list[i];

        if (!is_near(e, i))
            continue;
        if (shown == NEAR_MAX) {
            more++;
            continue;
        }
        shown++;
        rc = buf_printf(out, "%snear miss  %s: ", indent, program_rule(program_of(tr), s->rule).id);
        if (rc == RC_OK)
            rc = put_reason(tr, s, out);
        if (rc == RC_OK)
            rc = buf_printf(out, "  bytes %u-%u\n", s->start, s->end);
    }
    return rc == RC_OK && more ? buf_printf(out, "%snear miss  %u more\n", indent, more) : rc;
}

/* What destinations get: one answer when all get the same. */
static enum rc
put_results(const struct trial *tr, const struct explained *e, struct buf *out)
{
    struct str first, other;
    bool same = true;
    enum rc rc = explain_result(tr, e, 0, &first);

    for (size_t d = 1; d < trial_destinations(tr) && rc == RC_OK && same; d++) {
        rc = explain_result(tr, e, d, &other);
        same = rc == RC_OK && (first.ptr && other.ptr ? str_eq(first, other) : !first.ptr && !other.ptr);
    }
    for (size_t d = 0; d < (same ? 1 : trial_destinations(tr)) && rc == RC_OK; d++) {
        rc = explain_result(tr, e, d, &other);
        if (rc == RC_OK)
            rc = buf_append(out, d ? STR(" ;") : STR(" "));
        if (rc == RC_OK && !other.ptr)
            rc = buf_append(out, STR(" -> dropped"));
        else if (rc == RC_OK && str_eq(other, e->text))
            rc = buf_append(out, STR("  kept"));
        else if (rc == RC_OK && (rc = buf_append(out, STR(" -> "))) == RC_OK)
            rc = put_quoted(out, other);
        if (rc == RC_OK && !same)
            rc = buf_printf(out, " (%s)", trial_destination(tr, d));
    }
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
explain_print_text(struct trial *tr, const struct explained *e, const char *indent, struct buf *out)
{
    char inner[16];
    enum rc rc = buf_append(out, str_of(indent));

    if (rc == RC_OK)
        rc = json_visible(out, e->path);
    if (rc == RC_OK)
        rc = buf_append(out, e->key ? STR(" (its key)  ") : STR("  "));
    snprintf(inner, sizeof(inner), "%s  ", indent);
    if (rc == RC_OK)
        rc = put_quoted(out, e->text);
    if (rc == RC_OK)
        rc = put_results(tr, e, out);
    for (size_t i = 0; i < e->f.count && rc == RC_OK; i++)
        rc = put_finding(tr, e, i, inner, out);
    return rc == RC_OK ? put_near(tr, e, inner, out) : rc;
}

enum rc
explain_print_route(const struct trial *tr, uint32_t span, struct buf *out)
{
    const struct route *r = &tr->routes[span];
    const char *word = "  -> ";
    enum rc rc = RC_OK;

    if (!trial_covered(tr, span))
        return buf_append(out, STR("route: nowhere: no enforcing RedactionPolicy matches the resource\n"));
    if (!tr->routed)
        return buf_append(out, STR("route: no ResidencyPolicy is given; with none the gate sends nothing\n"));
    rc = buf_printf(out, "route: origin %s (%s%s%.*s)", r->country[0] ? r->country : "unknown", r->source, r->region.len ? " " : "",
        (int)r->region.len, r->region.len ? r->region.ptr : "");
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t d = 0; d < tr->t->destination_count && rc == RC_OK; d++) {
            if ((r->mask >> d & 1) == pass)
                continue;
            rc = buf_printf(out, "%s%s (%s)", word, trial_destination(tr, d), r->rule[d] ? r->rule[d] : "no policy");
            word = ", ";
        }
        word = " ; refused ";
    }
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

/* ---- JSON ---- */

static void
json_finding(struct json *j, const struct trial *tr, const struct explained *e, size_t i)
{
    const struct finding *f = &e->f.list[i];
    static const char *const views[] = {"plain", "folded", "decoded"};

    json_object(j, NULL);
    if (f->rule == RULE_UNDECIDABLE) {
        json_bool(j, "undecidable", true);
        json_close_object(j);
        return;
    }
    struct rule_info r = program_rule(program_of(tr), f->rule);
    const struct sighting *s = f->on == FINDING_ATTRIBUTE ? NULL : origin_of(e, f);
    size_t winner = explain_loses_to(tr, e, i);

    json_cstr(j, "rule", r.id);
    json_cstr(j, "policy", r.policy);
    json_u64(j, "revision", revision_of(program_of(tr), f->rule));
    json_cstr(j, "mode", mode_words[r.mode]);
    json_cstr(j, "entity", r.entity);
    json_cstr(j, "action", r.action);
    json_cstr(j, "score", score_of(tr, s));
    if (s)
        json_cstr(j, "detector", program_pattern(program_of(tr), s->pattern).id);
    json_bool(j, "by_key", f->on == FINDING_ATTRIBUTE);
    json_u64(j, "start", f->whole ? 0 : f->start);
    json_u64(j, "end", f->whole ? e->text.len : f->end);
    json_cstr(j, "view", views[f->view]);
    if (winner != SIZE_MAX && e->f.list[winner].rule != RULE_UNDECIDABLE)
        json_cstr(j, "covered_by", program_rule(program_of(tr), e->f.list[winner].rule).id);
    json_close_object(j);
}

static void
json_explained(struct json *j, struct trial *tr, const struct explained *e)
{
    struct str result;

    json_object(j, NULL);
    json_text(j, "path", e->path);
    json_bool(j, "key", e->key);
    json_text(j, "value", e->text);
    json_array(j, "results");
    for (size_t d = 0; d < trial_destinations(tr); d++) {
        if (explain_result(tr, e, d, &result) != RC_OK)
            continue;
        json_object(j, NULL);
        json_cstr(j, "destination", trial_destination(tr, d));
        json_cstr(j, "outcome", !result.ptr ? "dropped" : str_eq(result, e->text) ? "kept" : "changed");
        if (result.ptr)
            json_text(j, "value", result);
        json_close_object(j);
    }
    json_close_array(j);
    json_array(j, "findings");
    for (size_t i = 0; i < e->f.count; i++)
        json_finding(j, tr, e, i);
    json_close_array(j);
    json_array(j, "near_misses");
    for (uint32_t i = 0; i < e->near.count; i++) {
        const struct sighting *s = &e->near.list[i];

        if (!is_near(e, i))
            continue;
        json_object(j, NULL);
        json_cstr(j, "rule", program_rule(program_of(tr), s->rule).id);
        json_cstr(j, "entity", program_pattern(program_of(tr), s->pattern).entity);
        json_cstr(j, "detector", program_pattern(program_of(tr), s->pattern).id);
        json_cstr(j, "why", why_words[s->why]);
        json_u64(j, "start", s->start);
        json_u64(j, "end", s->end);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void
json_routes(struct json *j, const struct trial *tr)
{
    json_array(j, "routes");
    for (uint32_t s = 0; s < tr->b.span_count; s++) {
        const struct route *r = &tr->routes[s];

        json_object(j, NULL);
        json_u64(j, "span", s);
        json_bool(j, "covered", trial_covered(tr, s));
        json_cstr(j, "origin", r->country);
        json_cstr(j, "source", r->source ? r->source : "");
        json_array(j, "destinations");
        for (size_t d = 0; d < trial_destinations(tr); d++) {
            json_object(j, NULL);
            json_cstr(j, "name", trial_destination(tr, d));
            json_bool(j, "allowed", trial_allowed(tr, s, d));
            json_cstr(j, "rule", r->rule[d] ? r->rule[d] : "");
            json_close_object(j);
        }
        json_close_array(j);
        json_close_object(j);
    }
    json_close_array(j);
}

/* ---- a batch ---- */

static bool
worth_telling(const struct explained *e, bool all)
{
    bool near = false;

    for (uint32_t i = 0; i < e->near.count && !near; i++)
        near = is_near(e, i);
    return all || e->f.count || near;
}

static enum rc
print_one(struct trial *tr, const struct explained *e, struct json *j, struct buf *out)
{
    if (!j)
        return explain_print_text(tr, e, "", out);
    json_explained(j, tr, e);
    return j->rc;
}

static enum rc
print_all(struct trial *tr, const struct explain_options *o, struct json *j, struct buf *out)
{
    struct explained e;
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < tr->b.attr_count && rc == RC_OK; i++) {
        rc = explain_key(tr, i, &e);
        if (rc == RC_OK && e.f.count)
            rc = print_one(tr, &e, j, out);
    }
    for (uint32_t i = 0; i < tr->b.text_count && rc == RC_OK; i++) {
        rc = explain_text(tr, i, &e);
        if (rc == RC_OK && worth_telling(&e, o->all))
            rc = print_one(tr, &e, j, out);
    }
    return rc;
}

enum rc
explain_print(struct trial *tr, const struct explain_options *o, struct buf *out)
{
    struct json j = json_begin(out);
    enum rc rc;

    if (!o->json) {
        rc = print_all(tr, o, NULL, out);
        for (uint32_t s = 0; s < tr->b.span_count && rc == RC_OK && !o->quiet_routes; s++)
            rc = explain_print_route(tr, s, out);
        return rc;
    }
    json_object(&j, NULL);
    json_array(&j, "texts");
    rc = print_all(tr, o, &j, out);
    json_close_array(&j);
    json_routes(&j, tr);
    json_close_object(&j);
    if (rc == RC_OK)
        rc = json_finish(&j);
    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}
