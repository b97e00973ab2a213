/*
 * The differential test: for random and mutated batches, walker + edits + emit must agree with protobuf-c unpack -> the same change on the tree -> pack.
 * Edits are chosen by content (a hash of the string, the number, the span id), so that both sides choose alike whatever the order on the wire.
 */
#include "codec/emit.h"

#include <stdio.h>

#include "base_suite.h"
#include "codec_tree.h"

typedef Opentelemetry__Proto__Trace__V1__ResourceSpans tree_resource_spans;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans tree_scope_spans;
typedef Opentelemetry__Proto__Trace__V1__Span tree_span;

static uint32_t
hash(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 16777619u;
    return h ^ h >> 15;
}

/* What becomes of a text: false = stays; else its new value, longer, shorter or empty. */
static bool
new_text(const void *bytes, size_t len, struct buf *out)
{
    uint32_t h = hash(bytes, len);
    static const char filler[] = "*******************************************************************************************************************"
                                 "*********************************************";

    buf_clear(out);
    if (len == 0 || h % 5 != 0)
        return false;
    if (buf_append(out, (struct str){filler, h / 5 % (sizeof(filler) - 1)}) != RC_OK)
        abort();
    return true;
}

static bool
drop_attr(const void *key, size_t len)
{
    return len && hash(key, len) % 9 == 1;
}

static bool
drop_span(const void *id, size_t len)
{
    return len && hash(id, len) % 7 == 0;
}

static bool
drop_number(uint64_t v)
{
    return v % 11 == 3;
}

/* -- the oracle's side ------------------------------------------------------------------------------------------------------------ */

static void
change_string(char **s)
{
    struct buf out = BUF_INIT(1000);

    if (!new_text(*s, strlen(*s), &out))
        return;
    free(*s);
    *s = out.len ? strndup(out.ptr, out.len) : strdup("");
    buf_free(&out);
}

static void change_attrs(tree_attr **list, size_t *count);

static void
become_string(tree_any *v, const char *s)
{
    v->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    v->string_value = strdup(s);
}

static void
change_any(tree_any *v)
{
    struct buf out = BUF_INIT(1000);

    switch ((int)v->value_case) {
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE:
        change_string(&v->string_value);
        break;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE:
        if (new_text(v->bytes_value.data, v->bytes_value.len, &out)) {
            free(v->bytes_value.data);
            v->bytes_value.data = (uint8_t *)strndup(out.len ? out.ptr : "", out.len);
            v->bytes_value.len = out.len;
        }
        break;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE:
        if (drop_number((uint64_t)v->int_value))
            become_string(v, "[number]");
        break;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE:
        for (size_t i = 0; i < v->array_value->n_values; i++)
            change_any(v->array_value->values[i]);
        break;
    case OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE:
        change_attrs(v->kvlist_value->values, &v->kvlist_value->n_values);
        break;
    default:
        break;
    }
    buf_free(&out);
}

static void
change_attrs(tree_attr **list, size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (drop_attr(list[i]->key, strlen(list[i]->key))) {
            opentelemetry__proto__common__v1__key_value__free_unpacked(list[i], NULL);
            continue;
        }
        change_string(&list[i]->key);
        if (list[i]->value)
            change_any(list[i]->value);
        list[kept++] = list[i];
    }
    *count = kept;
}

static void
change_span(tree_span *s)
{
    change_string(&s->name);
    change_string(&s->trace_state);
    change_attrs(s->attributes, &s->n_attributes);
    for (size_t i = 0; i < s->n_events; i++) {
        change_string(&s->events[i]->name);
        change_attrs(s->events[i]->attributes, &s->events[i]->n_attributes);
    }
    for (size_t i = 0; i < s->n_links; i++) {
        change_string(&s->links[i]->trace_state);
        change_attrs(s->links[i]->attributes, &s->links[i]->n_attributes);
    }
    if (s->status)
        change_string(&s->status->message);
}

static void
change_scope(tree_scope_spans *ss)
{
    size_t kept = 0;

    change_string(&ss->schema_url);
    if (ss->scope) {
        change_string(&ss->scope->name);
        change_string(&ss->scope->version);
        change_attrs(ss->scope->attributes, &ss->scope->n_attributes);
    }
    for (size_t i = 0; i < ss->n_spans; i++) {
        if (drop_span(ss->spans[i]->span_id.data, ss->spans[i]->span_id.len)) {
            opentelemetry__proto__trace__v1__span__free_unpacked(ss->spans[i], NULL);
            continue;
        }
        change_span(ss->spans[i]);
        ss->spans[kept++] = ss->spans[i];
    }
    ss->n_spans = kept;
}

/* What an enricher does: one attribute more on each resource, the resource made when it is not there. */
static void
enrich(tree_resource_spans *rs)
{
    if (!rs->resource) {
        rs->resource = calloc(1, sizeof(*rs->resource));
        opentelemetry__proto__resource__v1__resource__init(rs->resource);
    }
    tree_attr *a = calloc(1, sizeof(*a));
    tree_any *v = calloc(1, sizeof(*v));

    opentelemetry__proto__common__v1__key_value__init(a);
    opentelemetry__proto__common__v1__any_value__init(v);
    a->key = strdup("deployment.id");
    a->value = v;
    become_string(v, "blue");
    tree_attr **list = calloc(rs->resource->n_attributes + 1, sizeof(*list));

    list[0] = a;
    if (rs->resource->n_attributes)
        memcpy(list + 1, rs->resource->attributes, rs->resource->n_attributes * sizeof(*list));
    free(rs->resource->attributes);
    rs->resource->attributes = list;
    rs->resource->n_attributes++;
}

static void
change_tree(tree_request *t)
{
    for (size_t i = 0; i < t->n_resource_spans; i++) {
        tree_resource_spans *rs = t->resource_spans[i];

        change_string(&rs->schema_url);
        if (rs->resource) {
            change_attrs(rs->resource->attributes, &rs->resource->n_attributes);
            for (size_t k = 0; k < rs->resource->n_entity_refs; k++) {
                change_string(&rs->resource->entity_refs[k]->schema_url);
                change_string(&rs->resource->entity_refs[k]->type);
                for (size_t n = 0; n < rs->resource->entity_refs[k]->n_id_keys; n++)
                    change_string(&rs->resource->entity_refs[k]->id_keys[n]);
                for (size_t n = 0; n < rs->resource->entity_refs[k]->n_description_keys; n++)
                    change_string(&rs->resource->entity_refs[k]->description_keys[n]);
            }
        }
        enrich(rs);
        for (size_t k = 0; k < rs->n_scope_spans; k++)
            change_scope(rs->scope_spans[k]);
    }
}

/* -- our side --------------------------------------------------------------------------------------------------------------------- */

static struct arena *ar;

static void
edit_texts(const struct batch *b, struct edits *es)
{
    struct buf out = BUF_INIT(1000);
    enum rc rc = RC_OK;

    for (uint32_t i = 0; i < b->text_count && rc == RC_OK; i++) {
        const struct batch_text *t = &b->texts[i];
        struct str s = batch_text_bytes(b, t);

        if (t->kind == TEXT_INT && drop_number((uint64_t)batch_text_int(b, t)))
            rc = edits_set_text(es, b, i, STR("[number]"));
        else if ((t->kind == TEXT_STRING || t->kind == TEXT_BYTES) && new_text(s.ptr, s.len, &out))
            rc = edits_set_text(es, b, i, arena_dup(ar, buf_str(&out)));
    }
    for (uint32_t i = 0; i < b->attr_count && rc == RC_OK; i++) {
        struct str key = batch_attr_key(b, &b->attrs[i]);

        if (drop_attr(key.ptr, key.len))
            rc = edits_remove(es, b->attrs[i].field, b->attrs[i].end);
        else if (new_text(key.ptr, key.len, &out))
            rc = edits_set_key(es, b, i, arena_dup(ar, buf_str(&out)));
    }
    ck_assert_int_eq(rc, RC_OK);
    buf_free(&out);
}

static void
edit_structure(const struct batch *b, struct edits *es, struct buf *space)
{
    enum rc rc = edits_remove_unknown(es, b);

    buf_clear(space);
    ck_assert_int_eq(emit_key_value(space, 1, STR("deployment.id"), STR("blue")), RC_OK);
    struct str attr = arena_dup(ar, buf_str(space));

    buf_clear(space);
    ck_assert_int_eq(emit_len_field(space, 1, attr), RC_OK);
    struct str resource = arena_dup(ar, buf_str(space));

    for (uint32_t i = 0; i < b->resource_count && rc == RC_OK; i++) {
        const struct batch_resource *r = &b->resources[i];

        if (r->inner == BATCH_NONE)
            rc = edits_add(es, r->body, r->body, resource);
        else
            rc = edits_add(es, r->inner, r->inner, attr);
    }
    for (uint32_t i = 0; i < b->span_count && rc == RC_OK; i++)
        if (b->spans[i].span_id != BATCH_NONE && drop_span(b->body.ptr + b->spans[i].span_id, 8))
            rc = edits_remove(es, b->spans[i].field, b->spans[i].end);
    ck_assert_int_eq(rc, RC_OK);
}

/* Canonical bytes: what protobuf-c makes of them, unknown fields and foreign enum values stripped. */
static void
canonical(struct str body, struct buf *out)
{
    tree_request *t = tree_unpack(body);

    ck_assert_ptr_nonnull(t);
    tree_strip(&t->base);
    buf_clear(out);
    tree_pack(t, out);
    tree_free(t);
}

struct tally {
    uint64_t accepted, refused, edits;
};

static void
compare(struct str body, struct tally *tally, struct buf *mine, struct buf *theirs, struct buf *space)
{
    struct edits texts, structure, merged;
    struct batch b;

    arena_reset(ar, 1u << 24);
    if (batch_index(body, &batch_limits_default, ar, &b) != RC_OK) {
        tally->refused++;
        return;
    }
    if (tree_has_nul(body))
        return; /* protobuf-c cuts strings there */
    tally->accepted++;
    edits_init(&texts, ar);
    edits_init(&structure, ar);
    edit_texts(&b, &texts);
    edit_structure(&b, &structure, space);
    ck_assert_int_eq(edits_merge(&structure, &texts, ar, &merged), RC_OK);
    tally->edits += merged.count;
    buf_clear(space);
    ck_assert_int_eq(emit_batch(&b, &merged, space), RC_OK);

    struct batch again;

    ck_assert_int_eq(batch_index(buf_str(space), &batch_limits_default, ar, &again), RC_OK);
    ck_assert_uint_eq(again.unknown_count, 0);
    canonical(buf_str(space), mine);

    tree_request *t = tree_unpack(body);

    ck_assert_ptr_nonnull(t); /* what we accept, protobuf-c accepts */
    tree_strip(&t->base);
    change_tree(t);
    buf_clear(theirs);
    tree_pack(t, theirs);
    tree_free(t);
    ck_assert_msg(str_eq(buf_str(mine), buf_str(theirs)), "walker and protobuf-c disagree (%zu and %zu bytes)", mine->len, theirs->len);
}

static void
mutate(struct rng *r, struct buf *body)
{
    for (uint32_t n = 1 + rng_below(r, 3); n && body->len; n--) {
        uint32_t at = rng_below(r, (uint32_t)body->len);

        switch (rng_below(r, 4)) {
        case 0:
            body->ptr[at] = (char)(body->ptr[at] ^ 1 << rng_below(r, 8));
            break;
        case 1:
            body->ptr[at] = (char)rng_next(r);
            break;
        case 2:
            body->len = at;
            break;
        default:
            memmove(body->ptr + at, body->ptr + at + 1, body->len - at - 1);
            body->len--;
        }
    }
}

START_TEST(emit_agrees_with_protobuf_c_when_batches_are_random_or_mutated)
{
    uint64_t rounds = rng_rounds(120000);
    struct buf body = BUF_INIT(1u << 20), mine = BUF_INIT(1u << 22), theirs = BUF_INIT(1u << 22), space = BUF_INIT(1u << 22);
    struct rng r = {20261122};
    struct tally tally = {0};

    ar = arena_new(1u << 28);
    for (uint64_t i = 0; i < rounds; i++) {
        buf_clear(&body);
        tree_random(&r, &body);
        if (i % 2)
            mutate(&r, &body);
        uint64_t refused = tally.refused;

        compare(buf_str(&body), &tally, &mine, &theirs, &space);
        if (i % 2 == 0)
            ck_assert_uint_eq(refused, tally.refused);
    }
    ck_assert_uint_gt(tally.refused, rounds / 20);
    ck_assert_uint_gt(tally.edits, rounds);
    arena_free(ar);
    buf_free(&body);
    buf_free(&mine);
    buf_free(&theirs);
    buf_free(&space);
}
END_TEST

START_TEST(emit_copies_when_there_are_no_edits)
{
    struct rng r = {3};
    struct buf body = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20);
    struct edits none;
    struct batch b;

    ar = arena_new(1u << 26);
    tree_random(&r, &body);
    ck_assert_int_eq(batch_index(buf_str(&body), &batch_limits_default, ar, &b), RC_OK);
    edits_init(&none, ar);
    ck_assert_int_eq(buf_append(&out, STR("before")), RC_OK);
    ck_assert_int_eq(emit_batch(&b, &none, &out), RC_OK);
    ck_assert(str_eq(str_sub(buf_str(&out), 6, out.len), buf_str(&body)));
    buf_free(&body);
    buf_free(&out);
    arena_free(ar);
}
END_TEST

START_TEST(emit_refuses_edits_that_do_not_stand_on_fields)
{
    struct str body = STR("\x0a\x08\x12\x06\x12\x04\x2a\x02hi");
    static const uint32_t bad[][2] = {{1, 2}, {0, 5}, {6, 9}, {7, 10}, {8, 8}, {9, 9}, {6, 12}, {12, 12}};
    struct buf out = BUF_INIT(1000);
    struct batch b;

    ar = arena_new(1u << 20);
    ck_assert_int_eq(batch_index(body, &batch_limits_default, ar, &b), RC_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct edits es;

        edits_init(&es, ar);
        ck_assert_int_eq(edits_add(&es, bad[i][0], bad[i][1], STR("")), RC_OK);
        ck_assert_msg(emit_batch(&b, &es, &out) == RC_INTERNAL, "row %zu", i);
        ck_assert_uint_eq(out.len, 0);
    }
    buf_free(&out);
    arena_free(ar);
}
END_TEST

START_TEST(emit_fails_without_output_when_the_buffer_is_full)
{
    struct str body = STR("\x0a\x08\x12\x06\x12\x04\x2a\x02hi");
    struct buf out = BUF_INIT(11);
    struct edits es;
    struct batch b;

    ar = arena_new(1u << 20);
    ck_assert_int_eq(batch_index(body, &batch_limits_default, ar, &b), RC_OK);
    edits_init(&es, ar);
    ck_assert_int_eq(edits_set_text(&es, &b, 0, STR("longer")), RC_OK);
    ck_assert_int_eq(emit_batch(&b, &es, &out), RC_TOO_LARGE);
    ck_assert_uint_eq(out.len, 0);
    buf_free(&out);
    arena_free(ar);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &emit_agrees_with_protobuf_c_when_batches_are_random_or_mutated},
    {"normal", &emit_copies_when_there_are_no_edits},
    {"malformed", &emit_refuses_edits_that_do_not_stand_on_fields},
    {"limits", &emit_fails_without_output_when_the_buffer_is_full},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("emit", cases);
}
