/* One span with the same personal value wherever the schema has room for a text, a key or a number. */
#include <stdio.h>

#include "codec/put.h"
#include "control/sample.h"

struct places {
    const struct sample_places *o;
    struct put p;
    struct buf text; /* value inside of other words */
};

/* The value between words, so that whoever looks for it has to find where it begins and ends. */
static struct str
worded(struct places *s, const char *before, const char *after)
{
    buf_clear(&s->text);
    if (s->p.rc == RC_OK)
        s->p.rc = buf_append(&s->text, str_of(before));
    if (s->p.rc == RC_OK)
        s->p.rc = buf_append(&s->text, s->o->value);
    if (s->p.rc == RC_OK)
        s->p.rc = buf_append(&s->text, str_of(after));
    return buf_str(&s->text);
}

static struct put_mark
open_value(struct places *s, uint32_t field, struct str key)
{
    struct put_mark kv = put_open(&s->p, field);

    put_bytes(&s->p, 1, key);
    return kv;
}

/* AnyValue in field: strings 1, booleans 2, integers 3, doubles 4, lists 5, maps 6, bytes 7. */
static void
put_string(struct places *s, uint32_t field, struct str value)
{
    struct put_mark any = put_open(&s->p, field);

    put_bytes(&s->p, 1, value);
    put_close(&s->p, any);
}

static void
put_raw(struct places *s, uint32_t field)
{
    struct put_mark any = put_open(&s->p, field);

    put_bytes(&s->p, 7, s->o->value);
    put_close(&s->p, any);
}

static void
put_numbers(struct places *s, uint32_t field)
{
    struct put_mark integer = put_open(&s->p, field);

    put_varint(&s->p, 3, (uint64_t)s->o->number);
    put_close(&s->p, integer);
}

static void
put_real(struct places *s, uint32_t field)
{
    struct put_mark real = put_open(&s->p, field);

    put_double(&s->p, 4, (double)s->o->number);
    put_close(&s->p, real);
}

/* [text, number, real, bytes] */
static void
put_list(struct places *s, uint32_t field)
{
    struct put_mark any = put_open(&s->p, field), list = put_open(&s->p, 5);

    put_string(s, 1, worded(s, "in a list ", ""));
    put_numbers(s, 1);
    put_real(s, 1);
    put_raw(s, 1);
    put_close(&s->p, list);
    put_close(&s->p, any);
}

/* {"inner": text, value: "key", "list": [...], "deep": {"deeper": [...]}} */
static void
put_map(struct places *s, uint32_t field)
{
    struct put_mark any = put_open(&s->p, field), map = put_open(&s->p, 6), kv = open_value(s, 1, STR("inner"));

    put_string(s, 2, worded(s, "in a map ", " of values"));
    put_close(&s->p, kv);
    kv = open_value(s, 1, s->o->value);
    put_string(s, 2, STR("the key of a map"));
    put_close(&s->p, kv);
    kv = open_value(s, 1, STR("list"));
    put_list(s, 2);
    put_close(&s->p, kv);
    kv = open_value(s, 1, STR("deep"));
    struct put_mark deep_any = put_open(&s->p, 2), deep = put_open(&s->p, 6), deeper = open_value(s, 1, STR("deeper"));

    put_list(s, 2);
    put_close(&s->p, deeper);
    put_close(&s->p, deep);
    put_close(&s->p, deep_any);
    put_close(&s->p, kv);
    put_close(&s->p, map);
    put_close(&s->p, any);
}

/* Attributes of every kind, as field number field of the open message. */
static void
put_attributes(struct places *s, uint32_t field)
{
    static const struct {
        struct str key;
        void (*put)(struct places *s, uint32_t field);
    } kinds[] = {{STR("app.list"), put_list}, {STR("app.map"), put_map}, {STR("app.bytes"), put_raw}, {STR("app.number"), put_numbers},
        {STR("app.real"), put_real}};
    struct put_mark kv = open_value(s, field, STR("app.note"));

    put_string(s, 2, worded(s, "written by ", " today"));
    put_close(&s->p, kv);
    kv = open_value(s, field, s->o->value);
    put_string(s, 2, STR("the key of an attribute"));
    put_close(&s->p, kv);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        kv = open_value(s, field, kinds[i].key);
        kinds[i].put(s, 2);
        put_close(&s->p, kv);
    }
}

static void
put_plain(struct places *s, uint32_t field, const char *key, const char *value)
{
    if (!value)
        return;
    struct put_mark kv = open_value(s, field, str_of(key));

    put_string(s, 2, str_of(value));
    put_close(&s->p, kv);
}

static void
put_resource(struct places *s)
{
    struct put_mark resource = put_open(&s->p, 1);

    put_plain(s, 1, "service.name", "places");
    put_plain(s, 1, "service.namespace", "shop");
    put_plain(s, 1, "cloud.region", s->o->region);
    put_attributes(s, 1);
    struct put_mark entity = put_open(&s->p, 3);

    put_bytes(&s->p, 1, worded(s, "https://schemas.example.org/entity?u=", ""));
    put_bytes(&s->p, 2, worded(s, "service of ", ""));
    put_bytes(&s->p, 3, s->o->value);
    put_bytes(&s->p, 4, s->o->value);
    put_close(&s->p, entity);
    put_close(&s->p, resource);
}

static void
put_scope(struct places *s)
{
    struct put_mark scope = put_open(&s->p, 1);

    put_bytes(&s->p, 1, worded(s, "library of ", ""));
    put_bytes(&s->p, 2, worded(s, "1.0 ", ""));
    put_attributes(s, 3);
    put_close(&s->p, scope);
}

static void
put_ids(struct places *s, struct sample_rng *r)
{
    uint64_t id[3] = {sample_next(r), sample_next(r), sample_next(r) | 1};

    put_bytes(&s->p, 1, (struct str){(const char *)id, 16});
    put_bytes(&s->p, 2, (struct str){(const char *)(id + 2), 8});
    put_bytes(&s->p, 3, worded(s, "shop=", ""));
}

static void
put_event(struct places *s, uint64_t at)
{
    struct put_mark event = put_open(&s->p, 11);

    put_fixed64(&s->p, 1, at);
    put_bytes(&s->p, 2, worded(s, "mail to ", ""));
    put_attributes(s, 3);
    put_close(&s->p, event);
}

static void
put_span(struct places *s, struct sample_rng *r)
{
    uint64_t start = UINT64_C(1790000000000000000) + sample_next(r) % 1000000000;
    struct put_mark span = put_open(&s->p, 2);

    put_ids(s, r);
    put_bytes(&s->p, 5, worded(s, "GET /customers/", " (profile)"));
    put_varint(&s->p, 6, 2);
    put_fixed64(&s->p, 7, start);
    put_fixed64(&s->p, 8, start + 5000000);
    put_plain(s, 9, "http.request.method", "GET");
    put_plain(s, 9, "geo.country.iso_code", s->o->country);
    put_attributes(s, 9);
    put_event(s, start + 1000);
    struct put_mark link = put_open(&s->p, 13);

    put_ids(s, r);
    put_attributes(s, 4);
    put_close(&s->p, link);
    struct put_mark status = put_open(&s->p, 15);

    put_bytes(&s->p, 2, worded(s, "no invoice for ", ""));
    put_varint(&s->p, 3, 2);
    put_close(&s->p, status);
    put_fixed32(&s->p, 16, 0x101);
    put_close(&s->p, span);
}

enum rc
sample_places_batch(const struct sample_places *o, struct buf *out)
{
    struct places s = {.o = o, .p = {.out = out}, .text = BUF_INIT(1u << 20)};
    struct sample_rng r = {o->seed};
    size_t start = out->len;
    struct put_mark request = put_open(&s.p, 1);

    put_resource(&s);
    struct put_mark scope_spans = put_open(&s.p, 2);

    put_scope(&s);
    put_span(&s, &r);
    put_bytes(&s.p, 3, worded(&s, "https://schemas.example.org/scope?u=", ""));
    put_close(&s.p, scope_spans);
    put_bytes(&s.p, 3, worded(&s, "https://schemas.example.org/resource?u=", ""));
    put_close(&s.p, request);
    buf_free(&s.text);
    if (s.p.rc != RC_OK)
        out->len = start;
    return s.p.rc;
}
