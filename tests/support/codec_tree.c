#include "codec_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/batch.h"

/* Written straight to the wire, back to front: no length has to be known before its contents. */
struct back {
    uint8_t *p, *start;
    struct rng *r;
    uint64_t serial;
};

static void
put_bytes(struct back *w, const void *bytes, size_t len)
{
    if ((size_t)(w->p - w->start) < len)
        abort();
    w->p -= len;
    memcpy(w->p, bytes, len);
}

static void
put_varint(struct back *w, uint64_t v)
{
    uint8_t tmp[10];
    size_t n = 0;

    do {
        tmp[n++] = (uint8_t)(v >= 0x80 ? v | 0x80 : v);
        v >>= 7;
    } while (v);
    put_bytes(w, tmp, n);
}

static void
put_tag(struct back *w, uint32_t field, uint32_t type)
{
    put_varint(w, field << 3 | type);
}

/* Close a message whose contents stand between w->p and end. */
static void
put_len(struct back *w, uint32_t field, const uint8_t *end)
{
    put_varint(w, (uint64_t)(end - w->p));
    put_tag(w, field, 2);
}

static bool
maybe(struct back *w, uint32_t percent)
{
    return rng_below(w->r, 100) < percent;
}

static void
put_string(struct back *w, uint32_t field)
{
    static const char *const before[] = {"s", "key.", "alice",
        ("gr\xc3\xbc\xc3\x9f"
         "e "),
        "\xe6\x97\xa5\xe6\x9c\xac",
        "a rather long text that takes more than one hundred and twenty-seven bytes, so that its length needs two bytes on the wire: number "};
    char tmp[256];
    int n = snprintf(tmp, sizeof(tmp), "%s%llu%s", before[rng_below(w->r, 6)], (unsigned long long)++w->serial, maybe(w, 10) ? "@example.org" : "");
    const uint8_t *end = w->p;

    put_bytes(w, tmp, (size_t)n);
    put_len(w, field, end);
}

static void
put_fixed(struct back *w, uint32_t field, uint32_t type)
{
    uint64_t v = rng_next(w->r);

    put_bytes(w, &v, type == 1 ? 8 : 4);
    put_tag(w, field, type);
}

static void
put_unknown(struct back *w)
{
    if (!maybe(w, 3))
        return;
    const uint8_t *end = w->p;

    put_bytes(w, "unseen", 6);
    put_len(w, 20 + rng_below(w->r, 3000), end);
}

static void put_attr(struct back *w, uint32_t field, unsigned depth);

static void
put_any(struct back *w, uint32_t field, unsigned depth)
{
    const uint8_t *end = w->p, *inner;
    uint32_t kind = rng_below(w->r, depth > 3 ? 6 : 8);
    double d = (double)rng_below(w->r, 1000000) / 64.0;

    put_unknown(w);
    switch (kind) {
    case 0: /* empty */
        break;
    case 1:
        put_varint(w, rng_below(w->r, 2));
        put_tag(w, 2, 0);
        break;
    case 2:
        put_varint(w, maybe(w, 20) ? 0 - (uint64_t)(w->serial += 3) : (w->serial += 3));
        put_tag(w, 3, 0);
        break;
    case 3:
        put_bytes(w, &d, 8);
        put_tag(w, 4, 1);
        break;
    case 6:
    case 7:
        inner = w->p;
        for (uint32_t n = rng_below(w->r, 4); n; n--) {
            if (kind == 6)
                put_any(w, 1, depth + 1);
            else
                put_attr(w, 1, depth + 1);
        }
        put_len(w, kind == 6 ? 5 : 6, inner);
        break;
    default:
        put_string(w, kind == 4 ? 7 : 1);
    }
    put_len(w, field, end);
}

static void
put_attr(struct back *w, uint32_t field, unsigned depth)
{
    const uint8_t *end = w->p;
    bool swapped = maybe(w, 5);

    put_unknown(w);
    if (swapped && maybe(w, 90))
        put_string(w, 1);
    if (maybe(w, 97))
        put_any(w, 2, depth);
    if (!swapped && maybe(w, 97))
        put_string(w, 1);
    put_len(w, field, end);
}

static void
put_attrs(struct back *w, uint32_t field, uint32_t most)
{
    for (uint32_t n = rng_below(w->r, most + 1); n; n--)
        put_attr(w, field, 0);
}

static void
put_id(struct back *w, uint32_t field, size_t len)
{
    uint64_t id[2] = {rng_next(w->r), rng_next(w->r)};
    const uint8_t *end = w->p;

    if (maybe(w, 5))
        return;
    put_bytes(w, id, maybe(w, 3) ? 0 : len);
    put_len(w, field, end);
}

static void
put_link_or_event(struct back *w, bool link)
{
    const uint8_t *end = w->p;

    put_unknown(w);
    put_attrs(w, link ? 4 : 3, 3);
    if (maybe(w, 50))
        put_string(w, link ? 3 : 2);
    if (link) {
        put_id(w, 2, 8);
        put_id(w, 1, 16);
        put_fixed(w, 6, 5);
    } else {
        put_fixed(w, 1, 1);
    }
    put_len(w, link ? 13 : 11, end);
}

static void
put_status(struct back *w)
{
    const uint8_t *end = w->p;

    if (maybe(w, 50)) {
        put_varint(w, rng_below(w->r, 4)); /* 3 is outside of the schema */
        put_tag(w, 3, 0);
    }
    if (maybe(w, 50))
        put_string(w, 2);
    put_len(w, 15, end);
}

static void
put_span(struct back *w)
{
    const uint8_t *end = w->p;

    put_unknown(w);
    if (maybe(w, 60))
        put_status(w);
    for (uint32_t n = rng_below(w->r, 3); n; n--)
        put_link_or_event(w, true);
    for (uint32_t n = rng_below(w->r, 3); n; n--)
        put_link_or_event(w, false);
    put_attrs(w, 9, 8);
    put_fixed(w, 8, 1);
    put_fixed(w, 7, 1);
    put_varint(w, rng_below(w->r, 7)); /* 6 is outside of the schema */
    put_tag(w, 6, 0);
    if (maybe(w, 95))
        put_string(w, 5);
    put_id(w, 4, 8);
    if (maybe(w, 30))
        put_string(w, 3);
    put_id(w, 2, 8);
    put_id(w, 1, 16);
    put_fixed(w, 16, 5);
    put_len(w, 2, end);
}

static void
put_scope_spans(struct back *w)
{
    const uint8_t *end = w->p, *inner;

    put_unknown(w);
    if (maybe(w, 40))
        put_string(w, 3);
    for (uint32_t n = rng_below(w->r, 5); n; n--)
        put_span(w);
    if (maybe(w, 80)) {
        inner = w->p;
        put_attrs(w, 3, 2);
        if (maybe(w, 80))
            put_string(w, 2);
        put_string(w, 1);
        put_len(w, 1, inner);
    }
    put_len(w, 2, end);
}

static void
put_entity(struct back *w)
{
    const uint8_t *end = w->p;

    put_string(w, 4);
    put_string(w, 3);
    put_string(w, 2);
    put_string(w, 1);
    put_len(w, 3, end);
}

void
tree_random(struct rng *r, struct buf *out)
{
    static uint8_t space[1 << 20];
    struct back w = {space + sizeof(space), space, r, rng_next(r) % 100000};
    const uint8_t *end = w.p;

    for (uint32_t n = rng_below(r, 4); n; n--) {
        const uint8_t *stop = w.p, *inner;

        put_unknown(&w);
        if (maybe(&w, 40))
            put_string(&w, 3);
        for (uint32_t k = rng_below(r, 3); k; k--)
            put_scope_spans(&w);
        if (maybe(&w, 90)) {
            inner = w.p;
            if (maybe(&w, 20))
                put_entity(&w);
            put_attrs(&w, 1, 6);
            put_len(&w, 1, inner);
        }
        put_len(&w, 1, stop);
    }
    if (buf_append(out, (struct str){(const char *)w.p, (size_t)(end - w.p)}) != RC_OK)
        abort();
}

tree_request *
tree_unpack(struct str body)
{
    return opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, body.len, (const uint8_t *)body.ptr);
}

void
tree_free(tree_request *t)
{
    if (t)
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(t, NULL);
}

void
tree_pack(tree_request *t, struct buf *out)
{
    size_t n = opentelemetry__proto__collector__trace__v1__export_trace_service_request__get_packed_size(t);

    if (buf_reserve(out, n + 1) != RC_OK)
        abort();
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__pack(t, (uint8_t *)out->ptr + out->len);
    out->len += n;
}

static void
strip_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    void *member = (char *)m + f->offset;

    if (f->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *e = f->descriptor;
        int *value = member;

        if (*value < 0 || *value > e->values[e->n_values - 1].value)
            *value = 0;
    }
    if (f->type != PROTOBUF_C_TYPE_MESSAGE)
        return;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t n = *(size_t *)((char *)m + f->quantifier_offset);

        for (size_t i = 0; i < n; i++)
            tree_strip((*(ProtobufCMessage ***)member)[i]);
        return;
    }
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *(uint32_t *)((char *)m + f->quantifier_offset) != f->id)
        return;
    if (*(ProtobufCMessage **)member)
        tree_strip(*(ProtobufCMessage **)member);
}

void
tree_strip(ProtobufCMessage *m)
{
    for (unsigned i = 0; i < m->n_unknown_fields; i++)
        free(m->unknown_fields[i].data);
    free(m->unknown_fields);
    m->unknown_fields = NULL;
    m->n_unknown_fields = 0;
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        strip_field(m, &m->descriptor->fields[i]);
}

bool
tree_has_nul(struct str body)
{
    struct arena *ar = arena_new(1u << 26);
    struct batch b;
    bool nul = false;

    if (!ar || batch_index(body, &batch_limits_default, ar, &b) != RC_OK)
        abort();
    for (uint32_t i = 0; i < b.text_count; i++)
        nul = nul || (b.texts[i].kind == TEXT_STRING && memchr(b.body.ptr + b.texts[i].off, 0, b.texts[i].len));
    for (uint32_t i = 0; i < b.attr_count; i++)
        nul = nul || (b.attrs[i].key_len && memchr(b.body.ptr + b.attrs[i].key_off, 0, b.attrs[i].key_len));
    arena_free(ar);
    return nul;
}
