#include "control/span_lines.h"

#include <stdio.h>

#include "base/digest.h"

#define KEY_DEPTH_MAX 40 /* batch_limits: a value is at most 32 deep */

struct maker {
    const struct batch *b;
    struct arena *ar;
    struct span_lines *out;
    uint32_t cap;
    uint32_t events; /* names of events met so far */
};

static struct str
hexadecimal(struct maker *m, struct str bytes)
{
    char *text = arena_alloc(m->ar, 2 + 2 * bytes.len);

    if (!text)
        return (struct str){NULL, 1}; /* line_add takes it for what it is */
    memcpy(text, "0x", 2);
    digest_hex(bytes, text + 2);
    return (struct str){text, 2 + 2 * bytes.len};
}

static struct str
value_of(struct maker *m, const struct batch_text *t)
{
    struct str bytes = batch_text_bytes(m->b, t);
    char number[BATCH_NUMBER_SIZE];

    if (t->kind == TEXT_STRING || (t->kind == TEXT_BYTES && str_utf8_valid(bytes)))
        return bytes;
    if (t->kind == TEXT_BYTES)
        return hexadecimal(m, bytes);
    size_t len = batch_text_format(m->b, t, number);

    return arena_dup(m->ar, (struct str){number, len});
}

static enum rc
append(struct buf *path, struct str s)
{
    return buf_append(path, s);
}

/* ".outer/inner": the keys from the outermost attribute to this one. */
static enum rc
append_keys(struct maker *m, uint32_t attr, struct buf *path)
{
    uint32_t chain[KEY_DEPTH_MAX], n = 0;
    enum rc rc = RC_OK;

    for (uint32_t a = attr; a != BATCH_NONE && n < KEY_DEPTH_MAX; a = m->b->attrs[a].parent)
        chain[n++] = a;
    for (uint32_t i = n; i > 0 && rc == RC_OK; i--) {
        rc = append(path, i == n ? STR(".") : STR("/"));
        if (rc == RC_OK)
            rc = append(path, batch_attr_key(m->b, &m->b->attrs[chain[i - 1]]));
    }
    return rc;
}

/* What an element of a list is called: [i] among the texts that stand directly in the attribute. */
static enum rc
append_element(struct maker *m, uint32_t text, struct buf *path)
{
    uint32_t attr = m->b->texts[text].attr, before = 0, all = 0;

    if (attr == BATCH_NONE)
        return RC_OK;
    for (uint32_t t = m->b->attrs[attr].text_first; t < m->b->attrs[attr].text_end; t++) {
        all += m->b->texts[t].attr == attr;
        before += t < text && m->b->texts[t].attr == attr;
    }
    return all > 1 ? buf_printf(path, "[%u]", before) : RC_OK;
}

static enum rc
append_place(struct maker *m, enum place place, struct buf *path)
{
    struct str name = str_of(place_name(place)), event = STR("spanevent");

    if (place == PLACE_EVENT_NAME)
        m->events++;
    if (!str_starts(name, event))
        return append(path, name);
    return buf_printf(path, "spanevent[%u]%s", m->events ? m->events - 1 : 0, name.ptr + event.len);
}

static bool
taken(const struct maker *m, struct str path)
{
    for (uint32_t i = 0; i < m->out->count; i++)
        if (str_eq(m->out->list[i].path, path))
            return true;
    return false;
}

/* Paths are unique: what stands twice (links, keys sent twice) is numbered from the second on. */
static enum rc
line_add(struct maker *m, struct buf *path, struct str value)
{
    size_t plain = path->len;
    enum rc rc = RC_OK;

    if (m->out->count == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 32;
        void *p = arena_grow(m->ar, m->out->list, m->cap * sizeof(*m->out->list), cap * sizeof(*m->out->list));

        if (!p)
            return RC_NOMEM;
        m->out->list = p;
        m->cap = cap;
    }
    for (unsigned n = 2; rc == RC_OK && taken(m, buf_str(path)); n++) {
        path->len = plain;
        rc = buf_printf(path, "#%u", n);
    }
    struct str kept = arena_dup(m->ar, buf_str(path));

    if (rc != RC_OK || !kept.ptr || (!value.ptr && value.len))
        return rc == RC_OK ? RC_NOMEM : rc;
    m->out->list[m->out->count++] = (struct span_line){kept, value};
    return RC_OK;
}

static enum rc
text_add(struct maker *m, uint32_t text, struct buf *path)
{
    const struct batch_text *t = &m->b->texts[text];

    buf_clear(path);
    enum rc rc = append_place(m, t->place, path);

    if (rc == RC_OK)
        rc = append_keys(m, t->attr, path);
    if (rc == RC_OK)
        rc = append_element(m, text, path);
    return rc == RC_OK ? line_add(m, path, value_of(m, t)) : rc;
}

/* An attribute without any value still has a key. */
static enum rc
bare_add(struct maker *m, uint32_t attr, struct buf *path)
{
    if (m->b->attrs[attr].text_first != m->b->attrs[attr].text_end)
        return RC_OK;
    buf_clear(path);
    enum rc rc = append_place(m, m->b->attrs[attr].place, path);

    if (rc == RC_OK)
        rc = append_keys(m, attr, path);
    return rc == RC_OK ? line_add(m, path, STR("")) : rc;
}

/* Texts and bare attributes that stand in [from, to) of the body and whose place is wanted. */
struct range {
    uint32_t text_first, text_end, attr_first, attr_end;
    uint32_t from, to;
    bool (*wanted)(enum place p);
};

static enum rc
collect(struct maker *m, const struct range *r)
{
    struct buf path = BUF_INIT(1u << 20);
    uint32_t attr = r->attr_first;
    enum rc rc = RC_OK;

    for (uint32_t t = r->text_first; t < r->text_end && rc == RC_OK; t++) {
        const struct batch_text *text = &m->b->texts[t];

        for (; rc == RC_OK && attr < r->attr_end && m->b->attrs[attr].field < text->field; attr++)
            if (m->b->attrs[attr].field >= r->from && m->b->attrs[attr].field < r->to && r->wanted(m->b->attrs[attr].place))
                rc = bare_add(m, attr, &path);
        if (rc == RC_OK && text->field >= r->from && text->field < r->to && r->wanted(text->place))
            rc = text_add(m, t, &path);
    }
    for (; rc == RC_OK && attr < r->attr_end; attr++)
        if (m->b->attrs[attr].field >= r->from && m->b->attrs[attr].field < r->to && r->wanted(m->b->attrs[attr].place))
            rc = bare_add(m, attr, &path);
    buf_free(&path);
    return rc;
}

static bool
of_span(enum place p)
{
    return str_starts(str_of(place_name(p)), STR("span"));
}

static bool
of_resource(enum place p)
{
    return str_starts(str_of(place_name(p)), STR("resource."));
}

static bool
of_scope(enum place p)
{
    return str_starts(str_of(place_name(p)), STR("scope."));
}

enum rc
span_lines_of(const struct batch *b, uint32_t span, struct arena *ar, struct span_lines *out)
{
    const struct batch_span *s = &b->spans[span];
    struct span_lines lines = {0};
    struct maker m = {.b = b, .ar = ar, .out = &lines};
    struct range r = {s->text_first, s->text_end, s->attr_first, s->attr_end, s->field, s->end, of_span};
    enum rc rc = collect(&m, &r);

    if (rc == RC_OK)
        *out = lines;
    return rc;
}

enum rc
span_lines_around(const struct batch *b, uint32_t span, struct arena *ar, struct span_lines *out)
{
    const struct batch_scope *sc = &b->scopes[b->spans[span].scope];
    const struct batch_resource *rs = &b->resources[sc->resource];
    struct span_lines lines = {0};
    struct maker m = {.b = b, .ar = ar, .out = &lines};
    struct range r = {rs->text_first, rs->text_end, rs->attr_first, rs->attr_end, rs->field, rs->end, of_resource};
    enum rc rc = collect(&m, &r);

    r.from = sc->field;
    r.to = sc->end;
    r.wanted = of_scope;
    if (rc == RC_OK)
        rc = collect(&m, &r);
    if (rc == RC_OK)
        *out = lines;
    return rc;
}

struct str
span_lines_get(const struct span_lines *lines, struct str path)
{
    for (uint32_t i = 0; i < lines->count; i++)
        if (str_eq(lines->list[i].path, path))
            return lines->list[i].value;
    return (struct str){0};
}
