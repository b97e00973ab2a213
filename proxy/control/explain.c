#include "explain_int.h"

/* Whether attribute a is b or stands around it. */
static bool
is_around(const struct batch *b, uint32_t a, uint32_t inner)
{
    for (; inner != BATCH_NONE; inner = b->attrs[inner].parent)
        if (inner == a)
            return true;
    return false;
}

static enum rc
add(struct explained *e, struct arena *ar, struct finding f)
{
    if (e->f.count == e->f.cap) {
        uint32_t cap = e->f.cap ? 2 * e->f.cap : 8;
        struct finding *list = arena_grow(ar, e->f.list, e->f.count * sizeof(*list), cap * sizeof(*list));

        if (!list)
            return RC_NOMEM;
        e->f.list = list;
        e->f.cap = cap;
    }
    e->f.list[e->f.count++] = f;
    return RC_OK;
}

static uint32_t
resource_of_text(const struct batch *b, uint32_t text)
{
    uint32_t r = 0;

    while (r + 1 < b->resource_count && b->resources[r + 1].text_first <= text)
        r++;
    return r;
}

static uint32_t
resource_of_attr(const struct batch *b, uint32_t attr)
{
    uint32_t r = 0;

    while (r + 1 < b->resource_count && b->resources[r + 1].attr_first <= attr)
        r++;
    return r;
}

static struct str
path_of(struct trial *tr, const struct finding *f)
{
    char path[TRIAL_PATH_SIZE];

    trial_path(&tr->b, f, path);
    return arena_dup(tr->ar, str_of(path));
}

/* "span.attributes.user/email" -> "user/email" */
static struct str
key_of(enum place place, struct str path)
{
    size_t n = strlen(place_name(place));

    return place_is_attribute(place) && path.len > n ? str_sub(path, n + 1, path.len) : str_sub(path, path.len, path.len);
}

enum rc
explain_findings(struct trial *tr, uint32_t text, struct explained *e)
{
    const struct batch *b = &tr->b;
    const struct batch_text *t = &b->texts[text];
    const struct finding at = {.on = FINDING_TEXT, .index = text};
    char number[BATCH_NUMBER_SIZE];
    enum rc rc = RC_OK;

    *e = (struct explained){.path = path_of(tr, &at)};
    e->text = arena_dup(tr->ar, trial_text(b, &at, number));
    if (!e->path.ptr || (e->text.len && !e->text.ptr))
        return RC_NOMEM;
    for (uint32_t i = 0; i < tr->f.count && rc == RC_OK; i++) {
        const struct finding *f = &tr->f.list[i];

        if (f->on == FINDING_TEXT ? f->index == text : f->on == FINDING_ATTRIBUTE && t->attr != BATCH_NONE && is_around(b, f->index, t->attr))
            rc = add(e, tr->ar, *f);
    }
    return rc;
}

enum rc
explain_text(struct trial *tr, uint32_t text, struct explained *e)
{
    enum place place = (enum place)tr->b.texts[text].place;
    enum rc rc = explain_findings(tr, text, e);

    if (rc != RC_OK)
        return rc;
    const struct inspect_in in = {.policies = inspect_policies(tr->t->prog, &tr->b, resource_of_text(&tr->b, text)),
        .place = place,
        .key = key_of(place, e->path),
        .text = e->text};

    return rc == RC_OK ? inspect_text(tr->t->prog, &in, tr->ar, &e->near) : rc;
}

enum rc
explain_key(struct trial *tr, uint32_t attr, struct explained *e)
{
    const struct finding at = {.on = FINDING_KEY, .index = attr};
    const struct batch_attr *a = &tr->b.attrs[attr];
    enum rc rc = RC_OK;

    *e = (struct explained){.path = path_of(tr, &at), .text = batch_attr_key(&tr->b, a), .key = true};
    for (uint32_t i = 0; i < tr->f.count && rc == RC_OK; i++) {
        const struct finding *f = &tr->f.list[i];
        bool bare = f->on == FINDING_ATTRIBUTE && f->index == attr && a->text_first == a->text_end; /* no text tells of it */

        if ((f->on == FINDING_KEY && f->index == attr) || bare)
            rc = add(e, tr->ar, *f);
    }
    if (rc != RC_OK || e->f.count == 0)
        return rc;
    const struct inspect_in in = {.policies = inspect_policies(tr->t->prog, &tr->b, resource_of_attr(&tr->b, attr)),
        .place = (enum place)a->place,
        .key = STR(""),
        .text = e->text};

    return inspect_text(tr->t->prog, &in, tr->ar, &e->near);
}

enum rc
explain_result(const struct trial *tr, const struct explained *e, size_t d, struct str *out)
{
    struct findings f = e->f;

    if (e->key) { /* the key's own bytes are redacted as a text */
        f.list = arena_alloc(tr->ar, (e->f.count + 1) * sizeof(*f.list));
        if (!f.list)
            return RC_NOMEM;
        for (uint32_t i = 0; i < f.count; i++) {
            f.list[i] = e->f.list[i];
            if (f.list[i].on == FINDING_KEY)
                f.list[i].on = FINDING_TEXT;
        }
    }
    return redact_text(tr->t->prog, &f, program_class(tr->t->prog, d), e->text, tr->ar, out);
}

static void
range(const struct explained *e, const struct finding *f, uint32_t *start, uint32_t *end)
{
    *start = f->whole ? 0 : f->start;
    *end = f->whole ? (uint32_t)e->text.len : f->end;
}

size_t
explain_loses_to(const struct trial *tr, const struct explained *e, size_t i)
{
    uint32_t start, end, s, t;

    range(e, &e->f.list[i], &start, &end);
    for (size_t k = 0; k < e->f.count; k++) {
        const struct finding *other = &e->f.list[k];

        range(e, other, &s, &t);
        if (k == i || s >= end || t <= start)
            continue;
        if (other->rule == RULE_UNDECIDABLE)
            return k;
        if (e->f.list[i].rule == RULE_UNDECIDABLE || program_rule(tr->t->prog, other->rule).mode != RULE_ENFORCE)
            continue;
        if (inspect_wins(tr->t->prog, other, &e->f.list[i]))
            return k;
    }
    return SIZE_MAX;
}

bool
explain_is_found(const struct explained *e, const struct sighting *s)
{
    for (uint32_t i = 0; i < e->f.count; i++) {
        const struct finding *f = &e->f.list[i];

        if (f->rule == s->rule && f->on != FINDING_ATTRIBUTE && f->start <= s->start && f->end >= s->end)
            return true;
    }
    return false;
}
