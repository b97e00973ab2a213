#include "codec/batch.h"

#include "schema_int.h"
#include "wire_int.h"

const struct batch_limits batch_limits_default = {
    .depth = 64,
    .value_depth = 16,
    .resources = 10000,
    .spans = 100000,
    .attrs_per_owner = 1000,
    .attrs = 4000000,
    .texts = 8000000,
};

#define STACK_MAX 65 /* depth 64 and the request itself */
#define UNKNOWN_MAX 65536

/* A message that is being read. */
struct frame {
    const uint8_t *end;
    uint32_t seen;       /* singular fields met so far */
    uint32_t attrs;      /* attributes directly inside */
    uint32_t attr;       /* innermost attribute, BATCH_NONE outside of one */
    uint8_t message;     /* enum schema_message */
    uint8_t place;       /* enum place of attribute values below */
    uint8_t value_depth; /* AnyValues around */
};

struct walk {
    const struct schema *schema;
    const struct batch_limits *limits;
    struct arena *ar;
    const uint8_t *base;
    struct batch b;
    uint32_t resource_cap, scope_cap, span_cap, attr_cap, text_cap, unknown_cap;
    uint32_t resource_max, scope_max, span_max, attr_max, text_max;
    struct frame *top;
    struct frame stack[STACK_MAX];
};

static uint32_t
offset(const struct walk *w, const uint8_t *p)
{
    return (uint32_t)(p - w->base);
}

/* Make room for one more element of an array of the index. */
static enum rc
grow(struct walk *w, void *array, uint32_t count, uint32_t *cap, uint32_t max, size_t size)
{
    void *old;

    if (count < *cap)
        return RC_OK;
    if (count >= max)
        return RC_LIMIT;
    uint32_t more = *cap > max / 2 ? max : *cap * 2;

    if (more < 16)
        more = max < 16 ? max : 16;
    memcpy(&old, array, sizeof(old));
    void *p = arena_grow(w->ar, old, (size_t)count * size, (size_t)more * size);

    if (!p)
        return RC_NOMEM;
    memcpy(array, &p, sizeof(p));
    *cap = more;
    return RC_OK;
}

#define GROW(w, what, max) grow((w), &(w)->b.what##s, (w)->b.what##_count, &(w)->what##_cap, (max), sizeof(*(w)->b.what##s))

static enum rc
add_unknown(struct walk *w, const uint8_t *field, const uint8_t *end)
{
    enum rc rc = grow(w, &w->b.unknown, w->b.unknown_count, &w->unknown_cap, UNKNOWN_MAX, sizeof(*w->b.unknown));

    if (rc == RC_OK)
        w->b.unknown[w->b.unknown_count++] = (struct batch_unknown){offset(w, field), offset(w, end)};
    return rc;
}

static enum rc
add_text(struct walk *w, const uint8_t *field, const uint8_t *value, const uint8_t *end, struct batch_text t)
{
    if (w->b.text_count >= w->text_cap) {
        enum rc rc = GROW(w, text, w->text_max);

        if (rc != RC_OK)
            return rc;
    }
    t.off = offset(w, value);
    t.len = (uint32_t)(end - value);
    t.field = offset(w, field);
    t.attr = w->top->attr;
    w->b.texts[w->b.text_count++] = t;
    return RC_OK;
}

static enum rc
enter_resource_spans(struct walk *w, const struct batch_resource *range)
{
    enum rc rc = GROW(w, resource, w->resource_max);

    if (rc != RC_OK)
        return rc;
    struct batch_resource *r = &w->b.resources[w->b.resource_count++];

    *r = *range;
    r->inner = r->inner_end = BATCH_NONE;
    r->attr_first = w->b.attr_count;
    r->text_first = w->b.text_count;
    r->scope_first = w->b.scope_count;
    r->span_first = w->b.span_count;
    return RC_OK;
}

static enum rc
enter_scope_spans(struct walk *w, const struct batch_resource *range)
{
    enum rc rc = GROW(w, scope, w->scope_max);

    if (rc != RC_OK)
        return rc;
    w->b.scopes[w->b.scope_count++] = (struct batch_scope){
        .field = range->field,
        .body = range->body,
        .end = range->end,
        .inner = BATCH_NONE,
        .inner_end = BATCH_NONE,
        .span_first = w->b.span_count,
        .resource = w->b.resource_count - 1,
    };
    return RC_OK;
}

static enum rc
enter_span(struct walk *w, const struct batch_resource *range)
{
    enum rc rc = GROW(w, span, w->span_max);

    if (rc != RC_OK)
        return rc;
    w->b.spans[w->b.span_count++] = (struct batch_span){
        .field = range->field,
        .body = range->body,
        .end = range->end,
        .text_first = w->b.text_count,
        .attr_first = w->b.attr_count,
        .trace_id = BATCH_NONE,
        .span_id = BATCH_NONE,
        .scope = w->b.scope_count - 1,
    };
    return RC_OK;
}

static enum rc
enter_attr(struct walk *w, const struct batch_resource *range, struct frame *parent, struct frame *f)
{
    if (++parent->attrs > w->limits->attrs_per_owner)
        return RC_LIMIT;
    enum rc rc = GROW(w, attr, w->attr_max);

    if (rc != RC_OK)
        return rc;
    f->attr = w->b.attr_count;
    w->b.attrs[w->b.attr_count++] = (struct batch_attr){
        .field = range->field,
        .end = range->end,
        .key_field = BATCH_NONE,
        .value = BATCH_NONE,
        .value_end = BATCH_NONE,
        .parent = parent->attr,
        .text_first = w->b.text_count,
        .place = f->place,
    };
    return RC_OK;
}

/* Begin a message field at [field, body, end); its frame goes on top. */
static enum rc
enter(struct walk *w, uint8_t message, const uint8_t *field, const uint8_t *body, const uint8_t *end)
{
    struct frame *parent = w->top;
    struct frame *f = parent + 1;
    const struct batch_resource range = {.field = offset(w, field), .body = offset(w, body), .end = offset(w, end)};
    enum rc rc = RC_OK;

    if ((size_t)(f - w->stack) >= w->limits->depth)
        return RC_DEPTH;
    f->end = end;
    f->seen = f->attrs = 0;
    f->attr = parent->attr;
    f->message = message;
    f->place = w->schema->attribute_place[message] == PLACE_COUNT_ ? parent->place : w->schema->attribute_place[message];
    f->value_depth = parent->value_depth;
    switch ((enum schema_message)message) {
    case MSG_RESOURCE_SPANS:
        rc = enter_resource_spans(w, &range);
        break;
    case MSG_SCOPE_SPANS:
        rc = enter_scope_spans(w, &range);
        break;
    case MSG_SPAN:
        rc = enter_span(w, &range);
        break;
    case MSG_RESOURCE:
        w->b.resources[w->b.resource_count - 1].inner = range.body;
        w->b.resources[w->b.resource_count - 1].inner_end = range.end;
        break;
    case MSG_SCOPE:
        w->b.scopes[w->b.scope_count - 1].inner = range.body;
        w->b.scopes[w->b.scope_count - 1].inner_end = range.end;
        break;
    case MSG_KEY_VALUE:
        rc = enter_attr(w, &range, parent, f);
        break;
    case MSG_ANY_VALUE:
        if (++f->value_depth > w->limits->value_depth)
            return RC_DEPTH;
        if (parent->message == MSG_KEY_VALUE) {
            w->b.attrs[f->attr].value = range.body;
            w->b.attrs[f->attr].value_end = range.end;
        }
        break;
    case MSG_ENTITY:
        if (++parent->attrs > w->limits->attrs_per_owner)
            return RC_LIMIT;
        break;
    case MSG_REQUEST:
    case MSG_EVENT:
    case MSG_LINK:
    case MSG_STATUS:
    case MSG_ARRAY:
    case MSG_KVLIST:
    case MSG_COUNT_:
        break;
    }
    if (rc == RC_OK)
        w->top = f;
    return rc;
}

/*
 * Nearly every attribute is a key, then a value with one text in it: read in one go, without frames. Anything else, errors included, is left to the
 * general walk; nothing is changed then.
 *
 *   [tag_key len key][tag_value len [value_tag (len) text]]
 */
static bool
attr_usual(struct walk *w, const uint8_t *field, const uint8_t *p, const uint8_t *end, enum rc *rc)
{
    const struct schema *schema = w->schema;
    struct frame *owner = w->top;
    uint32_t key_len, any_len, len;
    uint64_t number;

    if (end - p < 4 || *p != schema->tag_key)
        return false;
    const uint8_t *key = wire_len(p + 1, end, &key_len);

    if (!key || end - key < (ptrdiff_t)key_len + 4 || key[key_len] != schema->tag_value)
        return false;
    const uint8_t *any = wire_len(key + key_len + 1, end, &any_len);

    if (!any || any + any_len != end || any_len < 2)
        return false;
    unsigned kind = schema->value_tag[*any];
    const uint8_t *value = any + 1;

    if (kind == 1 + TEXT_STRING || kind == 1 + TEXT_BYTES) {
        value = wire_len(value, end, &len);
        if (!value || value + len != end)
            return false;
    } else if (kind == 1 + TEXT_DOUBLE) {
        if (end - value != 8)
            return false;
    } else if (kind == 0 || wire_varint(value, end, &number) != end) {
        return false;
    }
    if ((size_t)(owner + 2 - w->stack) >= w->limits->depth || owner->value_depth >= w->limits->value_depth)
        return false;
    if (owner->attrs >= w->limits->attrs_per_owner || w->b.attr_count >= w->attr_cap || w->b.text_count >= w->text_cap)
        return false;
    if (!str_utf8_valid((struct str){(const char *)key, key_len}) ||
        (kind == 1 + TEXT_STRING && !str_utf8_valid((struct str){(const char *)value, (size_t)(end - value)}))) {
        *rc = RC_UTF8;
        return true;
    }
    uint8_t place = schema->attribute_place[owner->message];
    uint32_t at = offset(w, field), number_of = w->b.attr_count++, text = w->b.text_count++;

    if (place == PLACE_COUNT_)
        place = owner->place;
    owner->attrs++;
    w->b.attrs[number_of] = (struct batch_attr){
        .field = at,
        .end = offset(w, end),
        .key_off = offset(w, key),
        .key_len = key_len,
        .key_field = offset(w, p),
        .value = offset(w, any),
        .value_end = offset(w, end),
        .parent = owner->attr,
        .text_first = text,
        .text_end = text + 1,
        .place = place,
    };
    w->b.texts[text] = (struct batch_text){
        .off = offset(w, value),
        .len = (uint32_t)(end - value),
        .field = offset(w, any),
        .attr = number_of,
        .place = place,
        .kind = (uint8_t)(kind - 1),
        .field_number = (uint16_t)(*any >> 3),
    };
    *rc = RC_OK;
    return true;
}

/* The message on top has ended. */
static void
leave(struct walk *w)
{
    struct batch *b = &w->b;

    switch ((enum schema_message)w->top->message) {
    case MSG_RESOURCE_SPANS:
        b->resources[b->resource_count - 1].attr_end = b->attr_count;
        b->resources[b->resource_count - 1].text_end = b->text_count;
        b->resources[b->resource_count - 1].scope_end = b->scope_count;
        b->resources[b->resource_count - 1].span_end = b->span_count;
        break;
    case MSG_SCOPE_SPANS:
        b->scopes[b->scope_count - 1].span_end = b->span_count;
        break;
    case MSG_SPAN:
        b->spans[b->span_count - 1].attr_end = b->attr_count;
        b->spans[b->span_count - 1].text_end = b->text_count;
        break;
    case MSG_KEY_VALUE:
        b->attrs[w->top->attr].text_end = b->text_count;
        break;
    case MSG_REQUEST:
    case MSG_RESOURCE:
    case MSG_ENTITY:
    case MSG_SCOPE:
    case MSG_EVENT:
    case MSG_LINK:
    case MSG_STATUS:
    case MSG_ANY_VALUE:
    case MSG_ARRAY:
    case MSG_KVLIST:
    case MSG_COUNT_:
        break;
    }
    w->top--;
}

/* A field that is not a message, [value, end) after its tag and length. */
static enum rc
leaf(struct walk *w, const struct schema_field *sf, uint32_t number, const uint8_t *field, const uint8_t *value, const uint8_t *end)
{
    const struct frame *f = w->top;
    struct batch_text t = {.place = f->place, .field_number = (uint16_t)number};
    struct str s = {(const char *)value, (size_t)(end - value)};
    uint64_t v = 0;

    switch ((enum schema_action)sf->action) {
    case ACT_NUMBER: /* varints are uint32: what is longer is cut by readers, not by the wire */
        if (sf->wire == WIRE_VARINT)
            (void)wire_varint(value, end, &v);
        return v <= UINT32_MAX ? RC_OK : add_unknown(w, field, end);
    case ACT_ENUM:
        (void)wire_varint(value, end, &v);
        return v <= sf->enum_max ? RC_OK : add_unknown(w, field, end);
    case ACT_TRACE_ID:
        if (s.len != 0 && s.len != 16)
            return RC_MALFORMED;
        if (s.len && f->message == MSG_SPAN)
            w->b.spans[w->b.span_count - 1].trace_id = offset(w, value);
        return RC_OK;
    case ACT_SPAN_ID:
    case ACT_PARENT_ID:
        if (s.len != 0 && s.len != 8)
            return RC_MALFORMED;
        if (s.len && sf->action == ACT_SPAN_ID)
            w->b.spans[w->b.span_count - 1].span_id = offset(w, value);
        return RC_OK;
    case ACT_KEY:
        if (!str_utf8_valid(s))
            return RC_UTF8;
        w->b.attrs[f->attr].key_field = offset(w, field);
        w->b.attrs[f->attr].key_off = offset(w, value);
        w->b.attrs[f->attr].key_len = (uint32_t)s.len;
        return RC_OK;
    case ACT_TEXT:
        /* An entity's keys count with what they refer to, the attributes of the resource around. */
        if (sf->single == 0 && ++(w->top - 1)->attrs > w->limits->attrs_per_owner)
            return RC_LIMIT;
        t.place = sf->place;
        t.kind = TEXT_STRING;
        break;
    case ACT_VALUE_TEXT:
        t.kind = TEXT_STRING;
        break;
    case ACT_VALUE_BYTES:
        t.kind = TEXT_BYTES;
        break;
    case ACT_VALUE_INT:
        t.kind = TEXT_INT;
        break;
    case ACT_VALUE_DOUBLE:
        t.kind = TEXT_DOUBLE;
        break;
    case ACT_VALUE_BOOL:
        t.kind = TEXT_BOOL;
        break;
    case ACT_UNKNOWN:
    case ACT_MESSAGE:
        return RC_INTERNAL;
    }
    if (t.kind == TEXT_STRING && !str_utf8_valid(s))
        return RC_UTF8;
    return add_text(w, field, value, end, t);
}

/* Read one field at *pos; messages go on the stack, everything else is done here. */
static enum rc
field_read(struct walk *w, const uint8_t **pos)
{
    struct frame *f = w->top;
    const uint8_t *field = *pos, *p, *end;
    uint32_t number, len;
    enum wire_type type;

    p = wire_tag(field, f->end, &number, &type);
    if (!p)
        return RC_MALFORMED;
    const struct schema_field *sf = number < SCHEMA_FIELDS ? &w->schema->field[f->message][number] : NULL;

    if (!sf || sf->action == ACT_UNKNOWN) {
        end = wire_skip(p, f->end, type);
        if (!end)
            return RC_MALFORMED;
        *pos = end;
        return add_unknown(w, field, end);
    }
    if (type != sf->wire)
        return RC_MALFORMED;
    if (f->seen & sf->single)
        return RC_DUPLICATE;
    f->seen |= sf->single;
    if (type == WIRE_LEN) {
        p = wire_len(p, f->end, &len);
        if (!p)
            return RC_MALFORMED;
        end = p + len;
        if (sf->action == ACT_MESSAGE) {
            enum rc rc;

            if (sf->message == MSG_KEY_VALUE && attr_usual(w, field, p, end, &rc)) {
                *pos = end;
                return rc;
            }
            *pos = p;
            return enter(w, sf->message, field, p, end);
        }
    } else {
        end = wire_skip(p, f->end, type);
        if (!end)
            return RC_MALFORMED;
    }
    *pos = end;
    return leaf(w, sf, number, field, p, end);
}

static uint32_t
at_most(uint32_t limit, size_t wanted)
{
    return wanted < limit ? (uint32_t)wanted : limit;
}

/* First sizes fit usual traffic, so that arrays rarely move; an attribute takes 9 bytes of wire or more, a text 2. */
static void
size_arrays(struct walk *w, size_t body)
{
    w->resource_max = w->limits->resources;
    w->scope_max = w->limits->spans;
    w->span_max = w->limits->spans;
    w->attr_max = at_most(w->limits->attrs, 1024 + body / 4);
    w->text_max = at_most(w->limits->texts, 1024 + body / 2);
    w->attr_cap = at_most(w->attr_max, 16 + body / 40);
    w->text_cap = at_most(w->text_max, 16 + body / 32);
    w->span_cap = at_most(w->span_max, 16 + body / 256);
    w->b.attrs = arena_alloc(w->ar, w->attr_cap * sizeof(*w->b.attrs));
    w->b.texts = arena_alloc(w->ar, w->text_cap * sizeof(*w->b.texts));
    w->b.spans = arena_alloc(w->ar, w->span_cap * sizeof(*w->b.spans));
}

enum rc
batch_index(struct str body, const struct batch_limits *limits, struct arena *ar, struct batch *b)
{
    struct walk *w = arena_alloc(ar, sizeof(*w));

    if (!body.ptr)
        body = STR(""); /* an empty request is legal; pointers into it must be too */
    const uint8_t *pos = (const uint8_t *)body.ptr;

    if (!w)
        return RC_NOMEM;
    if (body.len > INT32_MAX)
        return RC_TOO_LARGE;
    memset(w, 0, offsetof(struct walk, stack));
    w->schema = schema_get();
    w->limits = limits;
    w->ar = ar;
    w->base = pos;
    w->b.body = body;
    size_arrays(w, body.len);
    if (!w->b.attrs || !w->b.texts || !w->b.spans)
        return RC_NOMEM;
    w->top = w->stack;
    w->stack[0] = (struct frame){.end = pos + body.len, .attr = BATCH_NONE, .message = MSG_REQUEST, .place = PLACE_COUNT_};
    for (;;) {
        while (pos == w->top->end) {
            if (w->top == w->stack) {
                *b = w->b;
                return RC_OK;
            }
            leave(w);
        }
        enum rc rc = field_read(w, &pos);

        if (rc != RC_OK)
            return rc;
    }
}
