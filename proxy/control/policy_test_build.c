/* From what a test gives, in YAML, to the request that an SDK would send. */
#include <stdlib.h>

#include "codec/put.h"
#include "policy_test_int.h"

struct builder {
    struct test_suite *s;
    struct put p;
    bool ok;
};

static void value_put(struct builder *b, uint32_t field, const struct conf_node *n);

static bool
names_checked(struct builder *b, const struct conf_node *n, const struct conf_shape *shape)
{
    if (!n)
        return false;
    if (conf_shape_check(b->s->doc, n, shape, &b->s->t->es) == RC_OK)
        return true;
    b->ok = false;
    return false;
}

static void
text_put(struct builder *b, uint32_t field, const struct conf_node *n)
{
    struct str text;

    if (!n)
        return;
    if (conf_text(b->s->doc, n, &text, &b->s->t->es) == RC_OK)
        put_bytes(&b->p, field, text);
    else
        b->ok = false;
}

/* KeyValue */
static void
attr_put(struct builder *b, uint32_t field, struct str key, const struct conf_node *value)
{
    struct put_mark m = put_open(&b->p, field);

    put_bytes(&b->p, 1, key);
    value_put(b, 2, value);
    put_close(&b->p, m);
}

/* {int: 7} and its like: AnyValue.int_value = 3, .double_value = 4, .bool_value = 2, .bytes_value = 7. */
static bool
typed_put(struct builder *b, const struct conf_node *n)
{
    static const char *const types[] = {"int", "double", "bool", "bytes"};
    const struct conf_node *v = n->count == 1 ? n->items[0] : NULL;
    size_t type = 0;
    char *end;

    while (v && type < 4 && !str_eq(n->keys[0]->text, str_of(types[type])))
        type++;
    if (!v || type == 4 || v->kind != CONF_SCALAR)
        return false;
    if (type == 3) {
        put_bytes(&b->p, 7, v->text);
        return true;
    }
    if (type == 2) {
        bool value = false;

        b->ok &= conf_bool(b->s->doc, v, &value, &b->s->t->es) == RC_OK;
        put_varint(&b->p, 2, value);
        return true;
    }
    if (type == 0)
        put_varint(&b->p, 3, (uint64_t)strtoll(v->text.ptr, &end, 10));
    else
        put_double(&b->p, 4, strtod(v->text.ptr, &end));
    if (v->text.len == 0 || *end) {
        test_error(b->s, v, SG_TEST_GIVEN, "not a number");
        b->ok = false;
    }
    return true;
}

/* AnyValue: a scalar is a string, a list an array, {int: 7} a number, every other map a list of keys and values. */
static void
value_put(struct builder *b, uint32_t field, const struct conf_node *n)
{
    struct put_mark m = put_open(&b->p, field), inner;

    if (n->kind == CONF_SCALAR) {
        put_bytes(&b->p, 1, n->text);
    } else if (n->kind == CONF_LIST) {
        inner = put_open(&b->p, 5);
        for (unsigned i = 0; i < n->count; i++)
            value_put(b, 1, n->items[i]);
        put_close(&b->p, inner);
    } else if (n->kind == CONF_MAP && !typed_put(b, n)) {
        inner = put_open(&b->p, 6);
        for (unsigned i = 0; i < n->count; i++)
            attr_put(b, 1, n->keys[i]->text, n->items[i]);
        put_close(&b->p, inner);
    }
    put_close(&b->p, m);
}

static bool
is_map(struct builder *b, const struct conf_node *n)
{
    if (!n || n->kind == CONF_MAP)
        return n != NULL;
    test_error(b->s, n, SG_TEST_GIVEN, "attributes are a map of keys to values");
    b->ok = false;
    return false;
}

static void
attrs_put(struct builder *b, uint32_t field, const struct conf_node *n)
{
    for (unsigned i = 0; is_map(b, n) && i < n->count; i++)
        attr_put(b, field, n->keys[i]->text, n->items[i]);
}

/* Those of the defaults that the case does not give itself, then those of the case. */
static void
resource_put(struct builder *b, const struct conf_node *defaults, const struct conf_node *given)
{
    struct put_mark m = put_open(&b->p, 1);

    for (unsigned i = 0; is_map(b, defaults) && i < defaults->count; i++)
        if (!conf_get(given, defaults->keys[i]->text.ptr))
            attr_put(b, 1, defaults->keys[i]->text, defaults->items[i]);
    attrs_put(b, 1, given);
    put_close(&b->p, m);
}

static void
scope_put(struct builder *b, const struct conf_node *n)
{
    if (!names_checked(b, n, &shape_test_scope))
        return;
    struct put_mark m = put_open(&b->p, 1);

    text_put(b, 1, conf_get(n, "name"));
    text_put(b, 2, conf_get(n, "version"));
    attrs_put(b, 3, conf_get(n, "attributes"));
    put_close(&b->p, m);
}

static void
event_put(struct builder *b, const struct conf_node *n)
{
    if (!names_checked(b, n, &shape_test_event))
        return;
    struct put_mark m = put_open(&b->p, 11);

    put_fixed64(&b->p, 1, 1);
    text_put(b, 2, conf_get(n, "name"));
    attrs_put(b, 3, conf_get(n, "attributes"));
    put_close(&b->p, m);
}

static void
link_put(struct builder *b, const struct conf_node *n)
{
    if (!names_checked(b, n, &shape_test_link))
        return;
    struct put_mark m = put_open(&b->p, 13);

    put_bytes(&b->p, 1, STR("\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10"));
    put_bytes(&b->p, 2, STR("\1\2\3\4\5\6\7\10"));
    text_put(b, 3, conf_get(n, "trace_state"));
    attrs_put(b, 4, conf_get(n, "attributes"));
    put_close(&b->p, m);
}

static void
list_put(struct builder *b, const struct conf_node *n, void (*put)(struct builder *, const struct conf_node *))
{
    if (n && n->kind != CONF_LIST) {
        test_error(b->s, n, SG_TEST_GIVEN, "events and links are lists");
        b->ok = false;
        return;
    }
    for (unsigned i = 0; n && i < n->count; i++)
        put(b, n->items[i]);
}

static void
status_put(struct builder *b, const struct conf_node *n)
{
    if (!names_checked(b, n, &shape_test_status))
        return;
    struct put_mark m = put_open(&b->p, 15);

    text_put(b, 2, conf_get(n, "message"));
    put_varint(&b->p, 3, 2);
    put_close(&b->p, m);
}

static void
span_put(struct builder *b, const struct conf_node *n)
{
    struct put_mark m = put_open(&b->p, 2);

    put_bytes(&b->p, 1, STR("\20\21\22\23\24\25\26\27\20\21\22\23\24\25\26\27"));
    put_bytes(&b->p, 2, STR("\20\21\22\23\24\25\26\27"));
    if (names_checked(b, n, &shape_test_span)) {
        text_put(b, 3, conf_get(n, "trace_state"));
        text_put(b, 5, conf_get(n, "name"));
        attrs_put(b, 9, conf_get(n, "attributes"));
        list_put(b, conf_get(n, "events"), event_put);
        list_put(b, conf_get(n, "links"), link_put);
        status_put(b, conf_get(n, "status"));
    }
    put_close(&b->p, m);
}

static const struct conf_node *
either(const struct conf_node *given, const struct conf_node *defaults, const char *key)
{
    return conf_get(given, key) ? conf_get(given, key) : conf_get(defaults, key);
}

bool
test_build(struct test_suite *s, const struct conf_node *defaults, const struct conf_node *given, struct buf *out)
{
    struct builder b = {.s = s, .p = {.out = out}, .ok = true};
    struct put_mark rs = put_open(&b.p, 1), ss;

    resource_put(&b, conf_get(defaults, "resource"), conf_get(given, "resource"));
    ss = put_open(&b.p, 2);
    scope_put(&b, either(given, defaults, "scope"));
    span_put(&b, either(given, defaults, "span"));
    put_close(&b.p, ss);
    put_close(&b.p, rs);
    s->t->nomem |= b.p.rc != RC_OK;
    return b.ok && b.p.rc == RC_OK;
}
