#include "codec/emit.h"

#include <stdlib.h>

#include "schema_int.h"
#include "wire_int.h"

void
edits_init(struct edits *es, struct arena *ar)
{
    *es = (struct edits){.ar = ar};
}

/* By place; an insertion before what starts at the same byte; of two replacements the wider one first. */
static int
edit_order(const struct edit *a, const struct edit *b)
{
    if (a->off != b->off)
        return a->off < b->off ? -1 : 1;
    bool insert_a = a->off == a->end, insert_b = b->off == b->end;

    if (insert_a != insert_b)
        return insert_a ? -1 : 1;
    return a->end == b->end ? 0 : a->end > b->end ? -1 : 1;
}

/* Whether e stands inside of, or is the same as, the replacement outer that starts at or before it. */
static bool
edit_inside(const struct edit *outer, const struct edit *e)
{
    if (outer->off == outer->end)
        return false;
    if (e->off == e->end)
        return e->off > outer->off && e->off <= outer->end;
    return e->off >= outer->off && e->end <= outer->end;
}

enum rc
edits_add(struct edits *es, uint32_t off, uint32_t end, struct str bytes)
{
    struct edit e = {off, end, bytes};

    if (off > end || bytes.len > INT32_MAX)
        return RC_INTERNAL;
    if (es->count == es->cap) {
        uint32_t cap = es->cap ? es->cap * 2 : 64;
        struct edit *list = arena_grow(es->ar, es->list, es->count * sizeof(*list), cap * sizeof(*list));

        if (!list)
            return RC_NOMEM;
        es->list = list;
        es->cap = cap;
    }
    if (es->count && edit_order(&es->list[es->count - 1], &e) > 0)
        es->unsorted = true;
    es->list[es->count++] = e;
    return RC_OK;
}

enum rc
edits_remove(struct edits *es, uint32_t off, uint32_t end)
{
    return edits_add(es, off, end, (struct str){NULL, 0});
}

enum rc
edits_remove_unknown(struct edits *es, const struct batch *b)
{
    for (uint32_t i = 0; i < b->unknown_count; i++) {
        enum rc rc = edits_remove(es, b->unknown[i].field, b->unknown[i].end);

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* "tag length contents" in the arena; ptr is NULL without memory. */
static struct str
len_field(struct arena *ar, uint32_t number, struct str contents)
{
    char *p = arena_alloc(ar, 2 * WIRE_VARINT_MAX + contents.len);
    size_t n = 0;

    if (!p)
        return (struct str){NULL, 0};
    n += wire_varint_write((uint8_t *)p, (uint64_t)number << 3 | WIRE_LEN);
    n += wire_varint_write((uint8_t *)p + n, contents.len);
    if (contents.len)
        memcpy(p + n, contents.ptr, contents.len);
    return (struct str){p, n + contents.len};
}

enum rc
edits_set_text(struct edits *es, const struct batch *b, uint32_t text, struct str value)
{
    const struct batch_text *t = &b->texts[text];
    bool keeps = t->kind == TEXT_STRING || t->kind == TEXT_BYTES;
    struct str field = len_field(es->ar, keeps ? t->field_number : 1, value); /* AnyValue.string_value = 1 */

    return field.ptr ? edits_add(es, t->field, t->off + t->len, field) : RC_NOMEM;
}

/* Digits, a sign, a point: neither blanks nor exponents, nor zeros that say nothing. */
static bool
plain_number(struct str s, bool point)
{
    size_t at = str_starts(s, STR("-")), digits = 0, points = 0;

    if (at + 1 < s.len && s.ptr[at] == '0' && s.ptr[at + 1] != '.')
        return false;
    for (; at < s.len; at++) {
        digits += s.ptr[at] >= '0' && s.ptr[at] <= '9';
        points += s.ptr[at] == '.';
        if (s.ptr[at] == '.' && digits == 0)
            return false;
    }
    return digits > 0 && digits <= 18 && points <= point && digits + points + str_starts(s, STR("-")) == s.len && s.ptr[s.len - 1] != '.';
}

enum rc
edits_set_number(struct edits *es, const struct batch *b, uint32_t text, struct str value)
{
    const struct batch_text *t = &b->texts[text];
    bool real = t->kind == TEXT_DOUBLE;
    char number[32] = {0}, *p;
    size_t n = 0;

    if ((t->kind != TEXT_INT && !real) || !plain_number(value, real))
        return RC_MALFORMED;
    memcpy(number, value.ptr, value.len);
    p = arena_alloc(es->ar, 2 * WIRE_VARINT_MAX + sizeof(double));
    if (!p)
        return RC_NOMEM;
    n = wire_varint_write((uint8_t *)p, real ? 4 << 3 | WIRE_FIXED64 : 3 << 3 | WIRE_VARINT); /* AnyValue.int_value = 3, double_value = 4 */
    if (real) {
        double v = strtod(number, NULL);

        memcpy(p + n, &v, sizeof(v));
        n += sizeof(v);
    } else {
        n += wire_varint_write((uint8_t *)p + n, (uint64_t)strtoll(number, NULL, 10));
    }
    return edits_add(es, t->field, t->off + t->len, (struct str){p, n});
}

enum rc
edits_set_key(struct edits *es, const struct batch *b, uint32_t attr, struct str key)
{
    const struct batch_attr *a = &b->attrs[attr];

    if (a->key_field == BATCH_NONE)
        return RC_INTERNAL;
    struct str field = len_field(es->ar, 1, key); /* KeyValue.key = 1 */

    return field.ptr ? edits_add(es, a->key_field, a->key_off + a->key_len, field) : RC_NOMEM;
}

static int
edit_compare(const void *a, const void *b)
{
    return edit_order(a, b);
}

/* qsort is not stable, but equal edits only occur as insertions at one place, whose order has no meaning. */
static void
edits_sort(struct edits *es)
{
    if (es->unsorted)
        qsort(es->list, es->count, sizeof(*es->list), edit_compare);
    es->unsorted = false;
}

enum rc
edits_merge(struct edits *a, struct edits *b, struct arena *ar, struct edits *out)
{
    const struct edit *outer = NULL;
    uint32_t i = 0, j = 0, n = 0;
    struct edit *list = arena_alloc(ar, ((size_t)a->count + b->count + 1) * sizeof(*list));

    if (!list)
        return RC_NOMEM;
    edits_sort(a);
    edits_sort(b);
    while (i < a->count || j < b->count) {
        const struct edit *e;

        if (j == b->count || (i < a->count && edit_order(&a->list[i], &b->list[j]) <= 0))
            e = &a->list[i++];
        else
            e = &b->list[j++];
        if (outer && edit_inside(outer, e))
            continue;
        list[n] = *e;
        if (e->off != e->end)
            outer = &list[n];
        n++;
    }
    *out = (struct edits){.ar = ar, .list = list, .count = n, .cap = a->count + b->count + 1};
    return RC_OK;
}

enum rc
emit_len_field(struct buf *out, uint32_t field, struct str contents)
{
    uint8_t head[2 * WIRE_VARINT_MAX];
    size_t n = wire_varint_write(head, (uint64_t)field << 3 | WIRE_LEN);

    n += wire_varint_write(head + n, contents.len);
    enum rc rc = buf_reserve(out, n + contents.len);

    if (rc == RC_OK)
        rc = buf_append(out, (struct str){(const char *)head, n});
    return rc == RC_OK ? buf_append(out, contents) : rc;
}

static size_t
len_field_size(size_t contents)
{
    return 1 + wire_varint_size(contents) + contents;
}

enum rc
emit_key_value(struct buf *out, uint32_t field, struct str key, struct str value)
{
    size_t any = len_field_size(value.len);
    size_t inner = len_field_size(key.len) + len_field_size(any);
    uint8_t head[4 * WIRE_VARINT_MAX];
    size_t n = wire_varint_write(head, (uint64_t)field << 3 | WIRE_LEN);

    n += wire_varint_write(head + n, inner);
    enum rc rc = buf_reserve(out, n + inner);

    if (rc != RC_OK)
        return rc;
    rc = buf_append(out, (struct str){(const char *)head, n});
    if (rc == RC_OK)
        rc = emit_len_field(out, 1, key);            /* KeyValue.key */
    n = wire_varint_write(head, 2u << 3 | WIRE_LEN); /* KeyValue.value */
    n += wire_varint_write(head + n, any);
    if (rc == RC_OK)
        rc = buf_append(out, (struct str){(const char *)head, n});
    return rc == RC_OK ? emit_len_field(out, 1, value) : rc; /* AnyValue.string_value */
}

/*
 * Emission walks the body again, but only down into messages that hold an edit; everything else is copied in runs.
 *
 *   frame:  [pos ... copied ...][field that is edited -> bytes][field with an edit inside -> tag, length, frame][... copied ... end)
 */
struct emit {
    const struct schema *schema;
    const uint8_t *base;
    const struct edit *next, *last;
    struct buf *out;
    size_t total; /* out never gets longer than this, were it not for length prefixes that grow */
    size_t grown; /* bytes by which they grew */
};

static void
copy(struct emit *em, const uint8_t *from, const uint8_t *to)
{
    if (to == from) /* also: out may have no memory yet */
        return;
    memcpy(em->out->ptr + em->out->len, from, (size_t)(to - from));
    em->out->len += (size_t)(to - from);
}

/* Write the bytes of the edit at the front of the list and go on to the next. */
static void
apply(struct emit *em)
{
    struct str bytes = em->next->bytes;

    if (bytes.len)
        memcpy(em->out->ptr + em->out->len, bytes.ptr, bytes.len);
    em->out->len += bytes.len;
    em->next++;
}

/* Put the right length before the frame that was just written at [body, out->len); old_size bytes were left for it. */
static enum rc
fix_length(struct emit *em, size_t body, unsigned old_size)
{
    struct buf *out = em->out;
    size_t len = out->len - body;
    unsigned size = wire_varint_size(len);

    if (size > old_size) {
        em->grown += size - old_size;
        if (em->total + em->grown > out->cap) {
            enum rc rc = buf_reserve(out, em->total + em->grown - out->len);

            if (rc != RC_OK)
                return rc;
        }
    }
    if (size != old_size) {
        memmove(out->ptr + body - old_size + size, out->ptr + body, len);
        out->len = out->len - old_size + size;
    }
    wire_varint_write((uint8_t *)out->ptr + body - old_size, len);
    return RC_OK;
}

static bool
edit_before(const struct emit *em, const uint8_t *end)
{
    return em->next < em->last && em->base + em->next->off < end;
}

static bool
insertion_at(const struct emit *em, const uint8_t *p)
{
    return em->next < em->last && em->next->off == em->next->end && em->base + em->next->off == p;
}

static enum rc
emit_frame(struct emit *em, unsigned message, const uint8_t *pos, const uint8_t *end, unsigned depth)
{
    const uint8_t *run = pos; /* what is to be copied starts here */

    if (depth > 64)
        return RC_INTERNAL;
    while (insertion_at(em, pos))
        apply(em);
    /* An insertion at end belongs to an empty message that ends there: look into the last field too. */
    while (pos < end && (edit_before(em, end) || insertion_at(em, end))) {
        uint32_t number, len = 0;
        enum wire_type type;
        const uint8_t *field = pos, *body = wire_tag(pos, end, &number, &type);
        const uint8_t *tag_end = body;

        if (body && type == WIRE_LEN)
            body = wire_len(body, end, &len);
        pos = !body ? NULL : type == WIRE_LEN ? body + len : wire_skip(body, end, type);
        if (!pos)
            return RC_INTERNAL;
        const uint8_t *at = em->base + em->next->off;

        if (at == field && em->next->end > em->next->off) {
            if (em->base + em->next->end != pos)
                return RC_INTERNAL; /* not on field boundaries */
            copy(em, run, field);
            apply(em);
            run = pos;
            continue;
        }
        /* An insertion at this field's end stands in an empty message at its end; a replacement there is the next field's. */
        if (at > pos || (at == pos && !insertion_at(em, pos)))
            continue;
        const struct schema_field *sf = number < SCHEMA_FIELDS ? &em->schema->field[message][number] : NULL;

        if (!sf || sf->action != ACT_MESSAGE || type != WIRE_LEN || at < body)
            return RC_INTERNAL;
        copy(em, run, body); /* tag and old length */
        size_t start = em->out->len;
        enum rc rc = emit_frame(em, sf->message, body, pos, depth + 1);

        if (rc == RC_OK)
            rc = fix_length(em, start, (unsigned)(body - tag_end));
        if (rc != RC_OK)
            return rc;
        run = pos;
    }
    copy(em, run, end);
    return RC_OK;
}

enum rc
emit_batch(const struct batch *b, struct edits *edits, struct buf *out)
{
    size_t before = out->len, added = 0;

    edits_sort(edits);
    for (uint32_t i = 0; i < edits->count; i++)
        added += edits->list[i].bytes.len;
    enum rc rc = buf_reserve(out, b->body.len + added);

    if (rc != RC_OK || (b->body.len == 0 && added == 0))
        return rc;
    struct emit em = {
        .schema = schema_get(),
        .base = (const uint8_t *)b->body.ptr,
        .next = edits->list,
        .last = edits->count ? edits->list + edits->count : edits->list,
        .out = out,
        .total = before + b->body.len + added,
    };
    rc = emit_frame(&em, MSG_REQUEST, em.base, em.base + b->body.len, 0);
    if (rc == RC_OK && em.next != em.last)
        rc = RC_INTERNAL;
    if (rc != RC_OK)
        out->len = before;
    return rc;
}
