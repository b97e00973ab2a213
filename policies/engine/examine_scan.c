#include <stdlib.h>

#include "examine_int.h"

#define KEEP_BYTES 65536 /* of a view's memory, between batches */

/* One form of a text, and how its bytes lie in the text. */
struct view {
    struct str bytes;
    const uint32_t *map; /* NULL: as they are */
    enum finding_view kind;
    uint32_t start, end; /* VIEW_DECODED: where the encoded run stands */
    struct str before;   /* VIEW_DECODED: what stands before it, for words of context */
    unsigned depth;      /* of decoding */
    uint64_t shown;      /* set by scan_view */
    uint64_t inside;     /* the same of a match behind its first byte; VOUCHED_ALWAYS */
    size_t last_end;     /* behind the start of the last "</", 0: there is none; once it was looked for */
    bool has_last_end;
};

enum rc
examine_add(struct examiner *ex, const struct finding *f)
{
    struct findings *s = ex->sink;

    if (s->count == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 64;
        struct finding *list = arena_grow(ex->ar, s->list, s->count * sizeof(*list), cap * sizeof(*list));

        if (!list)
            return RC_NOMEM;
        s->list = list;
        s->cap = cap;
    }
    s->list[s->count++] = *f;
    return RC_OK;
}

/* ---- keys ---- */

enum rc
examine_know_key(struct examiner *ex, struct query *q)
{
    if (q->key_known)
        return RC_OK;
    if (q->b && q->attr != BATCH_NONE)
        q->key = examine_key_of(ex, q->b, q->attr);
    q->key_known = true;
    return q->key.path.ptr ? RC_OK : RC_NOMEM;
}

static struct str
leaf(const struct key *k)
{
    return str_sub(k->path, k->path.len - k->leaf_len, k->path.len);
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Rules by key are asked regardless of case. */
static bool
scope_matches(struct examiner *ex, const struct query *q, const struct globs *keys)
{
    size_t len = q->key.path.len;
    char *p = arena_alloc(ex->ar, len + 1);

    if (!p)
        return true; /* more redaction, not less */
    for (size_t i = 0; i < len; i++)
        p[i] = lower(q->key.path.ptr[i]);
    struct str path = {p, len};

    return globs_match(keys, path) || (q->key.leaf_len < len && globs_match(keys, str_sub(path, len - q->key.leaf_len, len)));
}

/* ---- hold-outs ---- */

static bool
has_shape(struct str s, enum shape shape)
{
    bool dashes = shape == SHAPE_UUID;

    if (dashes ? s.len != 36 : s.len != 16 && s.len != 32)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
        char c = lower(s.ptr[i]);

        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

static bool
held_out(const struct examiner *ex, const struct query *q, const struct rule *r)
{
    const struct policy *p = &ex->prog->policies[r->policy];

    if (q->on != FINDING_TEXT)
        return false;
    for (size_t i = 0; i < p->hold_count; i++) {
        const struct hold_out *h = &p->hold[i];

        if (has_shape(q->text, h->shape) && (globs_match(&h->keys, q->key.path) || globs_match(&h->keys, leaf(&q->key))))
            return true;
    }
    return false;
}

/* ---- matches ---- */

bool
examine_rule_wants(struct examiner *ex, const struct query *q, const struct rule *r)
{
    if (!(q->policies >> r->policy & 1) || (!q->any_place && !(r->places >> q->place & 1)))
        return false;
    if (r->keys.count && (q->any_place || !scope_matches(ex, q, &r->keys)))
        return false;
    return !held_out(ex, q, r);
}

static struct finding
place_match(const struct query *q, const struct view *v, const struct match *m)
{
    struct finding f = {.index = q->index, .on = q->on, .view = (uint8_t)v->kind, .start = (uint32_t)m->start, .end = (uint32_t)m->end};

    if (v->kind == VIEW_DECODED) {
        f.start = v->start;
        f.end = v->end;
    } else if (v->map) {
        f.start = v->map[m->start];
        f.end = v->map[m->end];
    }
    return f;
}

bool
examine_action_owns(const struct action *a, struct str text, const struct finding *f)
{
    return a->type->is_own && a->type->is_own(a, text, f->start, f->end);
}

/* Whether a match is nothing but what rules have put there, as it stands or behind escapes that were added since. */
static bool
in_own(const struct program *prog, const struct query *q, const struct view *v, const struct match *m, const struct finding *f)
{
    return own_holds(prog->own, q->text, f->start, f->end) || (v->kind == VIEW_FOLDED && own_holds(prog->own, v->bytes, m->start, m->end));
}

bool
examine_allowed(const struct program *prog, const struct rule *r, struct str value)
{
    const struct policy *p = &prog->policies[r->policy];

    return (r->allow.count && allow_has(&r->allow, value)) || (p->values.count && allow_has(&p->values, value));
}

/* Whether an element ends at or behind this place. Looked for once in a view: matches may be as many as bytes. */
static bool
element_ends(struct view *v, size_t from)
{
    for (size_t at = v->bytes.len; !v->has_last_end && at > 1 && v->last_end == 0; at--)
        if (v->bytes.ptr[at - 2] == '<' && v->bytes.ptr[at - 1] == '/')
            v->last_end = at - 1;
    v->has_last_end = true;
    return v->last_end > from;
}

/*
 * "password=<PASSWORD>, after": what was put there reads like the start of an element. It is none where it stands as a value, or where no element ends.
 */
static bool
is_false_element(const struct program *prog, struct view *v, const struct match *m)
{
    size_t end = v->bytes.ptr[m->begin] == '<' ? own_piece(prog->own, v->bytes, m->begin) : 0;

    if (end == 0 || end > m->start || v->bytes.ptr[end - 1] != '>')
        return false;
    if (m->begin > 0 && v->bytes.ptr[m->begin - 1] != '\0' && strchr(">=:\"'/", v->bytes.ptr[m->begin - 1]))
        return true;
    return !element_ends(v, end);
}

static enum rc
add_match(struct examiner *ex, const struct query *q, struct view *v, const struct match *m, const struct pattern *p)
{
    struct finding f = place_match(q, v, m);
    enum rc rc = RC_OK;

    if (in_own(ex->prog, q, v, m, &f) || is_false_element(ex->prog, v, m))
        return RC_OK;
    for (uint16_t i = 0; i < p->rule_count && rc == RC_OK; i++) {
        const struct rule *r = &ex->prog->rules[p->rules[i]];

        if (!examine_rule_wants(ex, q, r) || examine_action_owns(&r->action, q->text, &f) ||
            examine_allowed(ex->prog, r, str_sub(v->bytes, m->start, m->end)))
            continue;
        f.rule = p->rules[i];
        rc = examine_add(ex, &f);
    }
    return rc;
}

/* A pattern that could not be run to its end. For shadow rules alone nothing may change: they get a finding of their own. */
static enum rc
undecided(struct examiner *ex, const struct query *q, const struct pattern *p)
{
    enum rc rc = RC_OK;

    for (uint16_t i = 0; i < p->rule_count; i++) {
        const struct rule *r = &ex->prog->rules[p->rules[i]];

        if (r->mode == RULE_ENFORCE && examine_rule_wants(ex, q, r))
            return RC_UNDECIDABLE;
    }
    for (uint16_t i = 0; i < p->rule_count && rc == RC_OK; i++) {
        struct finding f = {.index = q->index, .on = q->on, .end = (uint32_t)q->text.len, .rule = p->rules[i], .whole = true};

        if (examine_rule_wants(ex, q, &ex->prog->rules[p->rules[i]]))
            rc = examine_add(ex, &f);
    }
    return rc;
}

static bool
pattern_wanted(struct examiner *ex, const struct query *q, const struct pattern *p)
{
    if (!(p->policies & q->policies) || (!q->any_place && !(p->places >> q->place & 1)))
        return false;
    for (uint16_t i = 0; i < p->rule_count; i++)
        if (examine_rule_wants(ex, q, &ex->prog->rules[p->rules[i]]))
            return true;
    return false;
}

static bool
context_in_key(const struct query *q, uint16_t pattern)
{
    for (uint16_t i = 0; i < q->verdict->context_count; i++)
        if (q->verdict->contexts[i] == pattern)
            return true;
    return false;
}

/* Whether the context words of a view were looked for; unknown: they could not be. */
enum words { WORDS_LATER, WORDS_KNOWN, WORDS_UNKNOWN };

static bool
words_stand(struct examiner *ex, const struct view *v, enum words *w, uint16_t number)
{
    if (*w == WORDS_LATER)
        *w = finder_walk(ex->tables, v->bytes, finder_open(ex->tables, v->shown) & FINDER_SET_WORDS) == RC_OK ? WORDS_KNOWN : WORDS_UNKNOWN;
    return *w == WORDS_UNKNOWN || finder_found(ex->tables, number);
}

/* A word before an encoded value speaks of the value. */
static bool
context_before(const struct examiner *ex, const struct view *v, const struct pattern *p, enum words w)
{
    if (v->before.len == 0 || (w != WORDS_UNKNOWN && p->words != NO_WORDS && !finder_found(ex->tables, p->words)))
        return false;
    return detector_context(&p->det, STR(""), v->before, v->before.len);
}

static enum rc
try_pattern(struct examiner *ex, struct query *q, struct view *v, enum words *w, uint16_t id)
{
    const struct pattern *p = &ex->prog->patterns[id];
    bool key_context = p->det.context && (context_in_key(q, id) || context_before(ex, v, p, *w));
    /* Where context only helps, the few that get that far look for it themselves. */
    bool ask = p->words != NO_WORDS && !key_context && (p->det.need_context || *w == WORDS_KNOWN);
    bool no_words = ask && !words_stand(ex, v, w, p->words);

    /* What needs context cannot count where no word of it stands in key or text; nor what no mark can vouch for. */
    if (no_words && !(v->inside & p->vouched))
        return RC_OK;
    enum rc rc = examine_know_key(ex, q);
    struct pattern_text t = {.text = v->bytes, .key = q->key.path, .key_context = key_context, .no_words = no_words, .work = &ex->work};
    size_t from = 0;
    struct match m;

    if (rc != RC_OK || !pattern_wanted(ex, q, p))
        return rc;
    for (;;) {
        rc = pattern_next(p, ex->scratch, &t, from, &m);
        if (rc == RC_NOT_FOUND)
            return RC_OK;
        if (rc == RC_UNDECIDABLE)
            return undecided(ex, q, p);
        if (rc == RC_OK)
            rc = add_match(ex, q, v, &m, p);
        if (rc != RC_OK)
            return rc;
        from = m.end;
    }
}

/* The words that stand right before an encoded value are found as if they stood in it; what they show is not what it shows. */
static enum rc
find_before(struct examiner *ex, const struct view *v)
{
    size_t from = v->before.len;

    for (unsigned n = 0; from > 0 && n <= DETECTOR_CONTEXT_CHARS; from--)
        n += ((unsigned char)v->before.ptr[from - 1] & 0xC0) != 0x80;
    struct str near = str_sub(v->before, from, v->before.len);

    return finder_walk(ex->tables, near, finder_open(ex->tables, sieve_text(near)) & FINDER_SET_WORDS);
}

/* Ask the finder. Patterns that want context are asked where a key, a word or what stands before an encoded value may give it. */
static enum rc
find(struct examiner *ex, const struct query *q, const struct view *v, enum words *w)
{
    enum rc rc = RC_OK;

    finder_begin(ex->tables);
    if (v->before.len)
        rc = find_before(ex, v);
    unsigned open = finder_open(ex->tables, v->shown), wants = open & FINDER_SET_WANTS & ~q->verdict->asked;
    unsigned now = open & (FINDER_SET_PLAIN | q->verdict->asked);

    if (wants)
        now |= open & FINDER_SET_WORDS;
    if (now & FINDER_SET_WORDS || !(open & FINDER_SET_WORDS))
        *w = WORDS_KNOWN;
    if (rc == RC_OK && now)
        rc = finder_walk(ex->tables, v->bytes, now);
    if (rc == RC_OK && wants)
        wants &= finder_asked(ex->tables);
    return rc == RC_OK && wants ? finder_walk(ex->tables, v->bytes, wants) : rc;
}

static enum rc
scan_view(struct examiner *ex, struct query *q, struct view *v)
{
    const struct program *prog = ex->prog;
    const uint16_t *ids = ex->all;
    size_t count = prog->finder_count;
    enum words w = WORDS_LATER;

    v->has_last_end = false;
    v->last_end = 0;
    v->shown = q->integer && v->kind == VIEW_PLAIN ? sieve_integer(v->bytes.len) : sieve_text(v->bytes);
    v->inside = VOUCHED_ALWAYS | (q->integer && v->kind == VIEW_PLAIN ? 0 : v->shown); /* an integer holds no mark but its sign */
    enum rc rc = find(ex, q, v, &w);

    if (rc == RC_OK)
        finder_hits(ex->tables, prog->finder_count, &ids, &count);
    else if (rc == RC_LIMIT)
        w = WORDS_UNKNOWN;
    else
        return rc;
    rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = try_pattern(ex, q, v, &w, prog->finder_patterns[ids[i]]);
    for (uint16_t i = 0; i < q->verdict->pattern_count && rc == RC_OK; i++)
        rc = try_pattern(ex, q, v, &w, q->verdict->patterns[i]);
    return rc;
}

/* ---- views ---- */

static enum rc scan_deeper(struct examiner *ex, struct query *q, const struct view *v);

static bool
fold_shown(const struct view *v)
{
    return v->shown & SIEVE_BIT(SIEVE_FOLDS) && fold_wanted(v->bytes);
}

/* Take layers off one by one; each may show something that the next one hides again. */
static enum rc
scan_folded(struct examiner *ex, struct query *q, const struct view *v, bool form, struct view *last)
{
    struct view now = *v;

    for (unsigned pass = 0; pass < FOLD_PASSES && (fold_shown(&now) || (form && pass == 0)); pass++) {
        struct fold_view *out = &ex->fold[2 * v->depth + pass % 2];
        bool changed = false;
        enum rc rc = fold_pass(now.bytes, now.map, form && pass == 0, out, &changed);

        if (rc == RC_LIMIT)
            return RC_UNDECIDABLE;
        if (rc != RC_OK)
            return rc;
        if (!changed)
            break;
        now.bytes = (struct str){out->bytes, out->len};
        now.map = out->map;
        now.kind = v->kind == VIEW_DECODED ? VIEW_DECODED : VIEW_FOLDED;
        rc = scan_view(ex, q, &now);
        if (rc != RC_OK)
            return rc;
    }
    *last = now;
    return now.shown & SIEVE_BIT(SIEVE_FOLDS) && fold_hides(now.bytes) ? RC_UNDECIDABLE : RC_OK;
}

static enum rc
scan_decoded(struct examiner *ex, struct query *q, const struct view *v)
{
    struct decode_run run;
    size_t len, from = 0;

    if (!(v->shown & SIEVE_BIT(SIEVE_BASE64)))
        return RC_OK;
    struct buf *out = &ex->decoded[v->depth];

    if (out->cap < v->bytes.len) {
        out->max = SIZE_MAX / 2;
        if (buf_reserve(out, v->bytes.len) != RC_OK)
            return RC_NOMEM;
    }
    while (decode_next(v->bytes, from, &run, out->ptr, &len)) {
        if (v->depth == DECODE_DEPTH)
            return RC_UNDECIDABLE; /* deeper than we look */
        struct view inner = {.bytes = {out->ptr, len}, .kind = VIEW_DECODED, .depth = v->depth + 1, .before = v->before};

        if (run.start)
            inner.before = str_sub(v->bytes, 0, run.start);
        bool mapped = v->kind != VIEW_DECODED && v->map;

        inner.start = v->kind == VIEW_DECODED ? v->start : mapped ? v->map[run.start] : (uint32_t)run.start;
        inner.end = v->kind == VIEW_DECODED ? v->end : mapped ? v->map[run.end] : (uint32_t)run.end;
        enum rc rc = scan_view(ex, q, &inner);

        if (rc == RC_OK)
            rc = scan_deeper(ex, q, &inner);
        if (rc != RC_OK)
            return rc;
        from = run.end;
    }
    return RC_OK;
}

/* What may be hidden in a view that itself has been scanned. Depth is bounded by DECODE_DEPTH. */
static enum rc
scan_deeper(struct examiner *ex, struct query *q, const struct view *v)
{
    struct view folded = *v;
    enum rc rc = RC_OK;

    /* A + is itself, or the space of a form: both are looked at. */
    if (v->shown & SIEVE_BIT(SIEVE_PLUS) && fold_form_wanted(v->bytes))
        rc = scan_folded(ex, q, v, true, &folded);
    if (rc == RC_OK)
        folded = *v;
    if (rc == RC_OK && fold_shown(v))
        rc = scan_folded(ex, q, v, false, &folded);
    if (rc == RC_OK && v->shown & SIEVE_BIT(SIEVE_BASE64))
        rc = scan_decoded(ex, q, v);
    if (rc == RC_OK && folded.bytes.ptr != v->bytes.ptr)
        rc = scan_decoded(ex, q, &folded);
    return rc;
}

/* Findings of several views: in order, those that another one of the same rule holds left out. */
static enum rc
tidy(struct examiner *ex, uint32_t first)
{
    struct findings *s = ex->sink;
    uint32_t kept = first;
    enum rc rc = findings_sort(s->list + first, s->count - first, ex->ar);

    for (uint32_t i = first; i < s->count && rc == RC_OK; i++) {
        const struct finding *f = &s->list[i];
        bool held = false;

        for (uint32_t k = kept; k > first && kept - k < 8 && !held; k--)
            held = s->list[k - 1].rule == f->rule && s->list[k - 1].start <= f->start && s->list[k - 1].end >= f->end;
        if (!held)
            s->list[kept++] = *f;
    }
    if (rc == RC_OK)
        s->count = kept;
    return rc;
}

/* Compressed data cannot be looked into here. RFC 1952 section 2.3.1, RFC 8878 section 3.1.1. */
static bool
is_compressed(struct str s)
{
    return str_starts(s, STR("\x1f\x8b\x08")) || str_starts(s, STR("\x28\xb5\x2f\xfd"));
}

enum rc
examine_scan(struct examiner *ex, struct query *q, struct str text)
{
    struct view v = {.bytes = text};
    struct findings *sink = ex->sink;
    uint32_t first = sink->count;
    enum rc rc = RC_UNDECIDABLE;

    q->text = text;
    sink->bytes_examined += text.len;
    if (!q->opaque || !is_compressed(text))
        rc = scan_view(ex, q, &v);
    if (rc == RC_OK && !q->number)
        rc = scan_deeper(ex, q, &v);
    if (rc == RC_OK && q->verdict->use_count && !q->number)
        rc = examine_uses(ex, q);
    if (rc == RC_UNDECIDABLE) {
        struct finding f = {.index = q->index, .on = q->on, .end = (uint32_t)text.len, .rule = RULE_UNDECIDABLE, .whole = true};

        sink->count = first;
        sink->undecidable++;
        return examine_add(ex, &f);
    }
    return rc == RC_OK && sink->count > first + 1 ? tidy(ex, first) : rc;
}

void
examine_trim(struct examiner *ex)
{
    for (size_t i = 0; i < sizeof(ex->fold) / sizeof(ex->fold[0]); i++)
        if (ex->fold[i].cap > KEEP_BYTES)
            fold_free(&ex->fold[i]);
    for (size_t i = 0; i <= DECODE_DEPTH; i++)
        if (ex->decoded[i].cap > KEEP_BYTES)
            buf_free_wipe(&ex->decoded[i]);
}
