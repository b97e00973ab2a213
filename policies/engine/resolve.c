#include "resolve_int.h"

#include "../action/attr_path_int.h"
#include "examine_int.h"
#include "fold_int.h"

void
redaction_count(const struct redaction *rd, uint16_t rule, unsigned place)
{
    rd->report->counts[rule]++;
    rd->report->places[rule] |= (uint64_t)1 << place;
}

/* ---- which finding wins ---- */

static bool
is_key_rule(const struct finding *f)
{
    return f->on == FINDING_ATTRIBUTE;
}

/*
 * The value that a scanner names is replaced as a whole, whatever is found in it; and no part of a value may be kept where structure is known, because
 * it would be a value again.
 */
static bool
covers(const struct rule *scanner, const struct rule *other, const struct finding *value, const struct finding *found)
{
    return scanner->structure && ((value->start <= found->start && value->end >= found->end) || other->action.type->partial);
}

bool
redaction_better(const struct redaction *rd, const struct finding *a, const struct finding *b)
{
    const struct rule *ra = &rd->prog->rules[a->rule], *rb = &rd->prog->rules[b->rule];

    if (is_key_rule(a) != is_key_rule(b))
        return is_key_rule(a);
    if (ra->structure != rb->structure && (covers(ra, rb, a, b) || covers(rb, ra, b, a)))
        return ra->structure;
    if (ra->severity != rb->severity)
        return ra->severity > rb->severity;
    if (a->start != b->start)
        return a->start < b->start;
    if (a->end != b->end)
        return a->end > b->end;
    if (ra->specific != rb->specific)
        return ra->specific > rb->specific;
    return a->rule < b->rule;
}

/* ---- what the winner sees ---- */

/* A match that was seen through escapes: the value behind them, so that one address has one pseudonym however it is written. */
static enum rc
unfold(struct str s, struct arena *ar, struct str *out)
{
    struct fold_view view = {0};
    enum rc rc = RC_OK;

    for (unsigned pass = 0; pass < FOLD_PASSES && fold_wanted(s) && rc == RC_OK; pass++) {
        bool changed = false;

        rc = fold_pass(s, NULL, false, &view, &changed);
        if (rc != RC_OK || !changed)
            break;
        s = arena_dup(ar, (struct str){view.bytes, view.len});
        if (view.len && !s.ptr)
            rc = RC_NOMEM;
    }
    fold_free(&view);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

/* The resource's value of the attribute that keeps tenants apart; empty when it has none. */
static struct str
tenant_of(const struct redaction *rd, const struct action *a, char number[BATCH_NUMBER_SIZE])
{
    const struct batch_resource *r = rd->b && a->tenant_key.len ? &rd->b->resources[rd->resource] : NULL;
    uint32_t first = 0, end = 0;

    if (r)
        attr_resource_range(rd->b, r, &first, &end);
    uint32_t attr = r ? batch_find_attr(rd->b, first, end, PLACE_RESOURCE_ATTRIBUTE, a->tenant_key) : BATCH_NONE;
    struct str value = attr != BATCH_NONE ? batch_attr_string(rd->b, attr) : STR("");

    if (value.ptr)
        return value;
    /* A number is the tenant of its decimal form; a list or a map that of its bytes. */
    const struct batch_attr *at = &rd->b->attrs[attr];
    const struct batch_text *t = &rd->b->texts[at->text_first];

    if (at->text_end == at->text_first + 1 && t->attr == attr && t->field == at->value && t->kind != TEXT_BYTES)
        return (struct str){number, batch_text_format(rd->b, t, number)};
    return at->value != BATCH_NONE ? str_sub(rd->b->body, at->value, at->value_end) : STR("");
}

/* Whether something must stand where a match went: it was not a word of a sentence, nor the whole text. */
static bool
is_needed(struct str text, const struct finding *f)
{
    size_t at = f->start;

    if (f->end - f->start == text.len)
        return false;
    while (at > 0 && text.ptr[at - 1] == ' ')
        at--;
    if (at == 0)
        return false;
    char c = text.ptr[at - 1];
    bool word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;

    return !(at < f->start && (word || strchr(",.;!?)", c)));
}

/* Whether quotes stand around [start, end), escaped ones too. */
static bool
is_quoted(struct str text, const struct finding *f)
{
    size_t after = f->end;

    while (after < text.len && text.ptr[after] == '\\')
        after++;
    if (f->start == 0 || after == text.len)
        return false;
    return (text.ptr[after] == '"' || text.ptr[after] == '\'') && text.ptr[f->start - 1] == text.ptr[after];
}

/* What is left of a value that a scanner named: the text around it stays one of its kind. */
static struct str
dropped_value(const struct rule *r, struct str text, const struct finding *f)
{
    bool whole = f->start == 0 && f->end == text.len;

    return whole || is_quoted(text, f) ? STR("") : str_of(scan_kind_info(r->kind)->dropped);
}

static enum rc
act(const struct redaction *rd, struct str text, const struct finding *f, struct str *out)
{
    const struct action *a = &rd->prog->rules[f->rule].action;
    struct str value = str_sub(text, f->start, f->end);
    bool own = is_key_rule(f) && a->type->is_own && a->type->is_own(a, text, f->start, f->end);

    if (own || (is_key_rule(f) && own_holds(rd->prog->own, text, f->start, f->end))) {
        *out = value; /* an earlier gate has been here */
        return RC_OK;
    }
    if (rd->prog->rules[f->rule].structure && a->type == &action_drop) {
        *out = dropped_value(&rd->prog->rules[f->rule], text, f);
        return RC_OK;
    }
    if (f->view == VIEW_DECODED && a->type->partial) {
        *out = STR(ACTION_ENCODED);
        return RC_OK;
    }
    if (f->view == VIEW_FOLDED) {
        enum rc rc = unfold(value, rd->ar, &value);

        if (rc != RC_OK)
            return rc;
    }
    char number[BATCH_NUMBER_SIZE];
    const struct action_in in = {.value = value, .tenant = tenant_of(rd, a, number), .number = rd->number};
    enum rc rc = a->type->apply(a, &in, rd->ar, out);

    if (rc == RC_OK && out->len == 0 && !is_key_rule(f) && !(a->type->kept && f->view == VIEW_PLAIN && !f->whole) && is_needed(text, f))
        *out = STR(ACTION_DROPPED);
    /* Bytes from behind escapes need not be characters. */
    if (rc == RC_OK && f->view == VIEW_FOLDED && !str_utf8_valid(*out))
        *out = STR(ACTION_ENCODED);
    return rc;
}

/* ---- clusters ---- */

struct output {
    struct arena *ar;
    char *ptr;
    size_t len, cap;
};

static enum rc
put(struct output *o, struct str s)
{
    if (o->cap - o->len < s.len) {
        size_t cap = o->len + s.len + o->cap / 2;
        char *p = arena_grow(o->ar, o->ptr, o->len, cap);

        if (!p)
            return RC_NOMEM;
        o->ptr = p;
        o->cap = cap;
    }
    if (s.len)
        memcpy(o->ptr + o->len, s.ptr, s.len);
    o->len += s.len;
    return RC_OK;
}

/* A text with what was found in it. */
struct found {
    struct str text;
    unsigned place;
    const struct finding *list;
    size_t count;
};

/*
 * The findings that act, without what their actions leave alone; counts those of shadow rules on the way.
 * undecidable: one of them is.
 */
static size_t
gather(const struct redaction *rd, const struct found *in, struct finding *out, bool *undecidable)
{
    const struct finding *list = in->list;
    size_t n = 0;

    for (size_t i = 0; i < in->count; i++) {
        struct finding f = list[i];

        if (f.rule == RULE_UNDECIDABLE) {
            *undecidable = true;
            continue;
        }
        const struct rule *r = &rd->prog->rules[f.rule];

        if (!rule_acts(rd, r)) {
            if (r->mode == RULE_SHADOW && (r->classes >> rd->class & 1) && !is_key_rule(&f))
                redaction_count(rd, f.rule, in->place);
            continue;
        }
        if (f.whole) {
            f.start = 0;
            f.end = (uint32_t)in->text.len;
        }
        f.whole = false;
        if (r->action.type->kept && f.view == VIEW_PLAIN) {
            size_t kept = r->action.type->kept(&r->action, str_sub(in->text, f.start, f.end));

            /* A value that was detected does not stay because it is short. */
            f.whole = kept == f.end - f.start && !is_key_rule(&f) && !r->structure;
            f.start += f.whole ? 0 : (uint32_t)kept;
        }
        if (f.start < f.end)
            out[n++] = f;
    }
    return n;
}

/* Everything from list[at] on that hangs together; returns the index after it. */
static size_t
cluster(const struct redaction *rd, const struct finding *list, size_t at, size_t count, const struct finding **winner, uint32_t *end)
{
    *winner = &list[at];
    *end = list[at].end;
    for (at++; at < count && list[at].start < *end; at++) {
        if (list[at].end > *end)
            *end = list[at].end;
        if (redaction_better(rd, &list[at], *winner))
            *winner = &list[at];
    }
    return at;
}

enum rc
resolve_text(const struct redaction *rd, struct str text, unsigned place, const struct finding *list, size_t count, struct str *out)
{
    struct output o = {.ar = rd->ar};
    struct finding *acting = arena_alloc(rd->ar, (count + 1) * sizeof(*acting));
    bool undecidable = false;
    size_t at = 0;

    if (!acting)
        return RC_NOMEM;
    size_t n = gather(rd, &(struct found){text, place, list, count}, acting, &undecidable);

    if (undecidable) {
        rd->report->undecidable++;
        *out = STR(ACTION_UNDECIDABLE);
        return RC_OK;
    }
    enum rc rc = findings_sort(acting, n, rd->ar); /* what actions leave alone has moved some starts */

    for (size_t i = 0; i < n && rc == RC_OK;) {
        const struct finding *winner;
        uint32_t start = acting[i].start, end;
        struct str instead = {NULL, 0};

        i = cluster(rd, acting, i, n, &winner, &end);
        rc = put(&o, str_sub(text, at, start));
        if (rc == RC_OK)
            rc = act(rd, text, winner, &instead);
        if (rc == RC_OK)
            rc = put(&o, instead);
        if (!is_key_rule(winner))
            redaction_count(rd, winner->rule, place);
        at = end;
    }
    if (rc == RC_OK && n)
        rc = put(&o, str_sub(text, at, text.len));
    if (rc == RC_OK)
        *out = n ? (struct str){o.ptr ? o.ptr : "", o.len} : text;
    return rc;
}
