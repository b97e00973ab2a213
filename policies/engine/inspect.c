#include "policies/inspect.h"

#include "fold_int.h"
#include "program_int.h"
#include "resolve_int.h"

#define INSPECT_DECODED_MAX (1u << 20)

size_t
program_pattern_count(const struct program *p)
{
    return p->pattern_count;
}

/* The number of a pattern in the finder; SIZE_MAX when it is not there. */
static size_t
finder_number(const struct program *p, size_t pattern)
{
    for (size_t i = 0; i < p->finder_count; i++)
        if (p->finder_patterns[i] == pattern)
            return i;
    return SIZE_MAX;
}

struct pattern_info
program_pattern(const struct program *p, size_t i)
{
    const struct pattern *pat = &p->patterns[i];
    size_t number = finder_number(p, i);

    return (struct pattern_info){
        .id = pat->det.id,
        .entity = pat->det.entity,
        .title = pat->det.title,
        .regex = pat->regex,
        .context = pat->det.context,
        .custom = pat->base == NULL,
        .always = number != SIZE_MAX && finder_always(p->finder, number),
        .need_context = pat->det.need_context,
        .key_only = pat->det.key_only,
        .validated = pat->det.check != NULL,
        .rules = pat->rules,
        .rule_count = pat->rule_count,
    };
}

struct rule_scope
program_rule_scope(const struct program *p, size_t i)
{
    const struct rule *r = &p->rules[i];

    return (struct rule_scope){.keys = r->keys.list,
        .key_count = r->keys.count,
        .places = r->places,
        .destinations = r->destinations,
        .policy = r->policy,
        .severity = r->severity,
        .by_key = r->by_key,
        .structure = r->structure};
}

uint64_t
inspect_policies(const struct program *p, const struct batch *b, uint32_t resource)
{
    return program_policies_of(p, b, resource);
}

bool
inspect_wins(const struct program *p, const struct finding *a, const struct finding *b)
{
    const struct redaction rd = {.prog = p};

    return redaction_better(&rd, a, b);
}

/* ---- sightings ---- */

struct look {
    const struct program *p;
    const struct inspect_in *in;
    struct confirm_scratch *scratch;
    struct str key_small, leaf_small; /* lower case, as rules have their keys */
    struct str leaf;
    struct arena *ar;
    struct sightings *out;
};

/* A form of the text: its bytes and where they come from. */
struct form {
    struct str bytes;
    const uint32_t *map;
    enum finding_view view;
    uint32_t start, end; /* VIEW_DECODED */
};

static bool
held_out(const struct look *lk, const struct rule *r)
{
    const struct policy *p = &lk->p->policies[r->policy];

    for (size_t i = 0; i < p->hold_count; i++) {
        struct str s = lk->in->text;
        bool dashes = p->hold[i].shape == SHAPE_UUID, fits = dashes ? s.len == 36 : s.len == 16 || s.len == 32;

        for (size_t k = 0; k < s.len && fits; k++) {
            char c = s.ptr[k];
            bool hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');

            fits = dashes && (k == 8 || k == 13 || k == 18 || k == 23) ? c == '-' : hex;
        }
        if (fits && (globs_match(&p->hold[i].keys, lk->in->key) || globs_match(&p->hold[i].keys, lk->leaf)))
            return true;
    }
    return false;
}

static enum sighting_why
rule_why(const struct look *lk, const struct rule *r)
{
    if (!(lk->in->policies >> r->policy & 1))
        return SEEN_POLICY;
    if (!(r->places >> lk->in->place & 1))
        return SEEN_PLACE;
    if (r->keys.count && !globs_match(&r->keys, lk->key_small) && !globs_match(&r->keys, lk->leaf_small))
        return SEEN_KEYS;
    return held_out(lk, r) ? SEEN_HELD_OUT : SEEN_FOUND;
}

static enum rc
add(struct look *lk, struct sighting s)
{
    struct sightings *out = lk->out;

    if (out->count == SIGHTINGS_MAX)
        return RC_OK;
    for (uint32_t i = 0; i < out->count; i++) {
        const struct sighting *o = &out->list[i];

        if (o->rule == s.rule && o->pattern == s.pattern && o->why == s.why && o->start <= s.start && o->end >= s.end)
            return RC_OK; /* the same through another view, or a tail of what was refused before */
    }
    if (!out->list)
        out->list = arena_alloc(lk->ar, SIGHTINGS_MAX * sizeof(*out->list));
    if (!out->list)
        return RC_NOMEM;
    out->list[out->count++] = s;
    return RC_OK;
}

static enum rc
add_rules(struct look *lk, size_t pattern, struct sighting s)
{
    const struct pattern *pat = &lk->p->patterns[pattern];
    enum rc rc = RC_OK;
    uint8_t why = s.why;

    s.pattern = (uint16_t)pattern;
    for (uint16_t i = 0; i < pat->rule_count && rc == RC_OK; i++) {
        enum sighting_why of_rule = rule_why(lk, &lk->p->rules[pat->rules[i]]);

        s.rule = pat->rules[i];
        s.why = why == SEEN_FOUND ? (uint8_t)of_rule : why;
        if (why == SEEN_FOUND || of_rule == SEEN_FOUND) /* two reasons are one too many */
            rc = add(lk, s);
    }
    return rc;
}

static struct sighting
at_form(const struct form *f, size_t start, size_t end)
{
    struct sighting s = {.view = (uint8_t)f->view, .start = (uint32_t)start, .end = (uint32_t)end};

    if (f->view == VIEW_DECODED) {
        s.start = f->start;
        s.end = f->end;
    } else if (f->map) {
        s.start = f->map[start];
        s.end = f->map[end];
    }
    return s;
}

/* Why a match does not count; m is narrowed as the validator wants it. */
static enum sighting_why
match_why(const struct pattern *p, struct match *m, const struct confirm_match *cm)
{
    m->start = cm->start;
    m->end = cm->end;
    memcpy(m->group, cm->group, sizeof(m->group));
    m->begin = cm->start;
    m->context = p->det.context && (detector_key_context(&p->det, m->key) || detector_context(&p->det, STR(""), m->text, cm->start));
    if (p->det.need_context && !m->context)
        return SEEN_CONTEXT;
    if (p->value_group && m->group[2 * p->value_group - 2] != SIZE_MAX) {
        m->start = m->group[2 * p->value_group - 2];
        m->end = m->group[2 * p->value_group - 1];
    }
    if (p->det.check && !p->det.check(m)) {
        m->start = cm->start;
        m->end = cm->end;
        return SEEN_INVALID;
    }
    return SEEN_FOUND;
}

static enum rc
look_pattern(struct look *lk, const struct form *f, size_t pattern)
{
    const struct pattern *p = &lk->p->patterns[pattern];
    struct match m = {.text = f->bytes, .key = lk->in->key};
    struct confirm_match cm;
    size_t from = 0;
    enum rc rc = RC_OK;

    if (p->rule_count == 0 || (p->det.key_only && !detector_key_context(&p->det, lk->in->key)))
        return RC_OK;
    for (unsigned n = 0; n < 64 && rc == RC_OK; n++) {
        rc = confirm_next(p->confirm, lk->scratch, f->bytes, from, &cm);
        if (rc == RC_NOT_FOUND)
            return RC_OK;
        if (rc == RC_UNDECIDABLE)
            return add_rules(lk, pattern, (struct sighting){.end = (uint32_t)lk->in->text.len, .undecidable = true});
        if (rc != RC_OK)
            return rc;
        enum sighting_why why = match_why(p, &m, &cm);

        if (m.start >= m.end || m.end > f->bytes.len) {
            m.start = cm.start;
            m.end = cm.end;
        }
        struct sighting s = at_form(f, m.start, m.end);

        s.why = (uint8_t)why;
        s.context = m.context;
        rc = add_rules(lk, pattern, s);
        from = why == SEEN_FOUND ? m.end : cm.start + 1;
    }
    return rc;
}

static enum rc
look_form(struct look *lk, const struct form *f)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < lk->p->pattern_count && rc == RC_OK; i++)
        rc = look_pattern(lk, f, i);
    return rc;
}

/* What stands in base64 or hexadecimal digits. */
static enum rc
look_decoded(struct look *lk, const struct form *f)
{
    struct decode_run run;
    size_t len, from = 0;
    enum rc rc = RC_OK;

    if (f->bytes.len < DECODE_RUN_MIN || f->bytes.len > INSPECT_DECODED_MAX)
        return RC_OK;
    char *out = arena_alloc(lk->ar, f->bytes.len);

    if (!out)
        return RC_NOMEM;
    while (rc == RC_OK && decode_next(f->bytes, from, &run, out, &len)) {
        struct form inner = {.bytes = {out, len}, .view = VIEW_DECODED};

        inner.start = f->map ? f->map[run.start] : (uint32_t)run.start;
        inner.end = f->map ? f->map[run.end] : (uint32_t)run.end;
        rc = look_form(lk, &inner);
        from = run.end;
    }
    return rc;
}

static enum rc
look_folded(struct look *lk, struct form f)
{
    struct fold_view views[2] = {{0}};
    enum rc rc = RC_OK;

    for (unsigned pass = 0; pass < FOLD_PASSES && fold_wanted(f.bytes) && rc == RC_OK; pass++) {
        struct fold_view *v = &views[pass % 2];
        bool changed = false;

        rc = fold_pass(f.bytes, f.map, false, v, &changed);
        if (rc != RC_OK || !changed)
            break;
        f = (struct form){.bytes = {v->bytes, v->len}, .map = v->map, .view = VIEW_FOLDED};
        rc = look_form(lk, &f);
        if (rc == RC_OK)
            rc = look_decoded(lk, &f);
    }
    fold_free(&views[0]);
    fold_free(&views[1]);
    return rc == RC_LIMIT ? RC_OK : rc; /* too long to be folded: the engine says undecidable */
}

static struct str
small(struct arena *ar, struct str s)
{
    char *p = arena_alloc(ar, s.len + 1);

    for (size_t i = 0; p && i < s.len; i++)
        p[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
    return (struct str){p, p ? s.len : 0};
}

enum rc
inspect_text(const struct program *p, const struct inspect_in *in, struct arena *ar, struct sightings *out)
{
    struct form plain = {.bytes = in->text};
    struct look lk = {.p = p, .in = in, .scratch = confirm_scratch_new(), .ar = ar, .out = out, .leaf = in->key};

    *out = (struct sightings){0};
    while (str_find(lk.leaf, STR("/")) != SIZE_MAX)
        lk.leaf = str_sub(lk.leaf, str_find(lk.leaf, STR("/")) + 1, lk.leaf.len);
    lk.key_small = small(ar, in->key);
    lk.leaf_small = small(ar, lk.leaf);
    if (!lk.scratch || !lk.key_small.ptr || !lk.leaf_small.ptr) {
        confirm_scratch_free(lk.scratch);
        return RC_NOMEM;
    }
    enum rc rc = look_form(&lk, &plain);

    if (rc == RC_OK)
        rc = look_decoded(&lk, &plain);
    if (rc == RC_OK)
        rc = look_folded(&lk, plain);
    confirm_scratch_free(lk.scratch);
    return rc;
}
