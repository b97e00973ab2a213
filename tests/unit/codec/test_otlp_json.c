#include "codec/otlp_json.h"

#include "base_guard.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "codec/put.h"
#include "codec_tree.h"

typedef Opentelemetry__Proto__Trace__V1__Span span;

#define DEPTH 64

static enum rc
decode(struct str json, struct buf *out, uint64_t *unknown)
{
    return otlp_json_decode(json, DEPTH, out, unknown);
}

static enum rc
refusal(struct str json)
{
    struct buf out = BUF_INIT(1u << 24);
    uint64_t unknown = 77;
    enum rc rc = decode(json, &out, &unknown);

    if (rc != RC_OK) {
        ck_assert_uint_eq(out.len, 0);
        ck_assert_uint_eq(unknown, 77);
    }
    buf_free(&out);
    return rc;
}

/* JSON to a tree by way of protobuf-c. */
static tree_request *
tree(struct str json)
{
    struct buf out = BUF_INIT(1u << 24);
    uint64_t unknown;

    ck_assert_int_eq(decode(json, &out, &unknown), RC_OK);
    tree_request *t = tree_unpack(out.len ? buf_str(&out) : STR(""));

    ck_assert_ptr_nonnull(t);
    buf_free(&out);
    return t;
}

static struct str
format(struct buf *out, const char *before, const char *inside, const char *after)
{
    buf_clear(out);
    ck_assert_int_eq(buf_printf(out, "%s%s%s", before, inside, after), RC_OK);
    return buf_str(out);
}

/* One span with these members. */
static tree_request *
span_tree(const char *members, span **s)
{
    struct buf json = BUF_INIT(1u << 20);
    tree_request *t = tree(format(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{", members, "}]}]}]}"));

    buf_free(&json);
    *s = t->resource_spans[0]->scope_spans[0]->spans[0];
    return t;
}

static enum rc
span_refusal(const char *members)
{
    struct buf json = BUF_INIT(1u << 20);
    enum rc rc = refusal(format(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{", members, "}]}]}]}"));

    buf_free(&json);
    return rc;
}

static const char everything[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"checkout\"}}],"
    "\"droppedAttributesCount\":1,\"entityRefs\":[{\"schemaUrl\":\"u\",\"type\":\"service\",\"idKeys\":[\"service.name\",\"b\"],"
    "\"descriptionKeys\":[\"c\"]}]},"
    "\"scopeSpans\":[{\"scope\":{\"name\":\"lib\",\"version\":\"1.2\",\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":true}}],"
    "\"droppedAttributesCount\":2},"
    "\"spans\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\",\"traceState\":\"a=b\","
    "\"parentSpanId\":\"00f067aa0ba902b8\",\"name\":\"GET /\",\"kind\":2,\"startTimeUnixNano\":\"1544712660000000000\","
    "\"endTimeUnixNano\":\"18446744073709551615\",\"attributes\":["
    "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},{\"key\":\"d\",\"value\":{\"doubleValue\":0.1}},"
    "{\"key\":\"b\",\"value\":{\"bytesValue\":\"AP/+\"}},{\"key\":\"none\",\"value\":{}},"
    "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"\"},{\"boolValue\":false},{\"intValue\":\"0\"}]}}},"
    "{\"key\":\"m\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"n\",\"value\":{\"doubleValue\":\"NaN\"}}]}}}],"
    "\"droppedAttributesCount\":3,\"events\":[{\"timeUnixNano\":\"5\",\"name\":\"e\",\"attributes\":[{\"key\":\"x\",\"value\":{\"stringValue\":"
    "\"tab\\tquote\\\"nul\\u0000end\"}}],\"droppedAttributesCount\":4}],\"droppedEventsCount\":5,"
    "\"links\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"00f067aa0ba902b7\",\"traceState\":\"c=d\","
    "\"attributes\":[{\"key\":\"y\",\"value\":{\"stringValue\":\"z\"}}],\"droppedAttributesCount\":6,\"flags\":769}],\"droppedLinksCount\":7,"
    "\"status\":{\"message\":\"failed\",\"code\":2},\"flags\":257}],\"schemaUrl\":\"https://example.org/1\"}],"
    "\"schemaUrl\":\"https://example.org/2\"}]}";

START_TEST(otlp_json_comes_back_the_same_when_every_field_is_set)
{
    struct buf wire = BUF_INIT(1u << 20), json = BUF_INIT(1u << 20);
    uint64_t unknown = 1;

    ck_assert_int_eq(decode(str_of(everything), &wire, &unknown), RC_OK);
    ck_assert_uint_eq(unknown, 0);
    ck_assert_int_eq(otlp_json_encode(buf_str(&wire), &json), RC_OK);
    ck_assert(str_eq(buf_str(&json), str_of(everything)));
    buf_free(&wire);
    buf_free(&json);
}
END_TEST

START_TEST(otlp_json_decode_gives_the_values_that_were_written)
{
    tree_request *t = tree(str_of(everything));
    span *s = t->resource_spans[0]->scope_spans[0]->spans[0];
    tree_any **v = (tree_any *[]){s->attributes[0]->value, s->attributes[1]->value, s->attributes[2]->value};

    ck_assert_str_eq(t->resource_spans[0]->resource->entity_refs[0]->id_keys[1], "b");
    ck_assert_uint_eq(s->trace_id.len, 16);
    ck_assert_mem_eq(s->trace_id.data, "\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36", 16);
    ck_assert_mem_eq(s->parent_span_id.data, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb8", 8);
    ck_assert_int_eq(s->kind, 2);
    ck_assert_uint_eq(s->start_time_unix_nano, 1544712660000000000u);
    ck_assert_uint_eq(s->end_time_unix_nano, UINT64_MAX);
    ck_assert_int_eq(v[0]->int_value, INT64_MIN);
    ck_assert(v[1]->double_value == 0.1);
    ck_assert_uint_eq(v[2]->bytes_value.len, 3);
    ck_assert_mem_eq(v[2]->bytes_value.data, "\x00\xff\xfe", 3);
    ck_assert_int_eq(s->attributes[3]->value->value_case, 0);
    ck_assert_uint_eq(s->attributes[4]->value->array_value->n_values, 3);
    ck_assert_int_eq(s->attributes[4]->value->array_value->values[0]->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE);
    ck_assert_uint_eq(s->flags, 257);
    ck_assert_uint_eq(s->links[0]->flags, 769);
    ck_assert_uint_eq(s->status->code, 2);
    tree_free(t);
}
END_TEST

START_TEST(otlp_json_decode_takes_snake_case_and_upper_case_ids)
{
    span *s;
    tree_request *t = tree(
        STR("{\"resource_spans\":[{\"scope_spans\":[{\"spans\":[{\"trace_id\":\"4BF92F3577B34DA6A3CE929D0E0E4736\",\"span_id\":"
            "\"00F067AA0BA902B7\",\"start_time_unix_nano\":7,\"attributes\":[{\"key\":\"k\",\"value\":{\"string_value\":\"v\"}}]}]}]}]}"));

    s = t->resource_spans[0]->scope_spans[0]->spans[0];
    ck_assert_uint_eq(s->trace_id.data[0], 0x4B);
    ck_assert_uint_eq(s->start_time_unix_nano, 7);
    ck_assert_str_eq(s->attributes[0]->value->string_value, "v");
    tree_free(t);
}
END_TEST

START_TEST(otlp_json_decode_takes_the_number_forms_of_proto3)
{
    static const struct {
        const char *members;
        uint64_t start;
        uint32_t dropped;
        int kind;
    } rows[] = {
        {"\"startTimeUnixNano\":5,\"droppedAttributesCount\":\"6\",\"kind\":\"SPAN_KIND_SERVER\"", 5, 6, 2},
        {"\"startTimeUnixNano\":5.0,\"droppedAttributesCount\":6e0,\"kind\":\"3\"", 5, 6, 3},
        {"\"startTimeUnixNano\":\"1e3\",\"droppedAttributesCount\":4294967295,\"kind\":99", 1000, UINT32_MAX, 99},
        {"\"startTimeUnixNano\":1.5e18,\"droppedAttributesCount\":-0,\"kind\":-1", 1500000000000000000u, 0, -1},
        {"\"startTimeUnixNano\":null,\"droppedAttributesCount\":null,\"kind\":null,\"events\":null,\"status\":null,\"traceId\":null", 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        span *s;
        tree_request *t = span_tree(rows[i].members, &s);

        ck_assert_uint_eq(s->start_time_unix_nano, rows[i].start);
        ck_assert_uint_eq(s->dropped_attributes_count, rows[i].dropped);
        ck_assert_int_eq((int)s->kind, rows[i].kind);
        tree_free(t);
    }
}
END_TEST

START_TEST(otlp_json_decode_takes_doubles_and_both_base64_alphabets)
{
    span *s;
    tree_request *t = span_tree("\"attributes\":[{\"value\":{\"doubleValue\":\"-Infinity\"}},{\"value\":{\"doubleValue\":\"2.5e-3\"}},"
                                "{\"value\":{\"doubleValue\":3}},{\"value\":{\"bytesValue\":\"-_8\"}},{\"value\":{\"bytesValue\":\"+/8=\"}},"
                                "{\"value\":{\"bytesValue\":\"\"}}]",
        &s);

    ck_assert(s->attributes[0]->value->double_value < -1e308);
    ck_assert(s->attributes[1]->value->double_value == 0.0025);
    ck_assert(s->attributes[2]->value->double_value == 3);
    ck_assert_mem_eq(s->attributes[3]->value->bytes_value.data, "\xfb\xff", 2);
    ck_assert_mem_eq(s->attributes[4]->value->bytes_value.data, "\xfb\xff", 2);
    ck_assert_int_eq(s->attributes[5]->value->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE);
    tree_free(t);
}
END_TEST

START_TEST(otlp_json_decode_counts_what_it_leaves_out)
{
    struct buf out = BUF_INIT(1000);
    uint64_t unknown = 0;

    ck_assert_int_eq(
        decode(STR("{\"resourceSpans\":[{\"later\":{\"deep\":[1,2]},\"scopeSpans\":[{\"spans\":[{\"TraceId\":\"x\",\"start_timeUnixNano\":1,"
                   "\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValueStrindex\":3}}]}]}]}],\"resource-spans\":true}"),
            &out, &unknown),
        RC_OK);
    ck_assert_uint_eq(unknown, 5);
    buf_free(&out);
}
END_TEST

START_TEST(otlp_json_decode_writes_nothing_for_an_empty_request)
{
    struct buf out = BUF_INIT(1000);
    uint64_t unknown;

    ck_assert_int_eq(decode(STR("{}"), &out, &unknown), RC_OK);
    ck_assert_int_eq(decode(STR(" {\"resourceSpans\":[]}\n"), &out, &unknown), RC_OK);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(otlp_json_encode(STR(""), &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("{}")));
    buf_free(&out);
}
END_TEST

START_TEST(otlp_json_encode_gathers_repeated_fields_that_stand_apart)
{
    struct buf wire = BUF_INIT(1000), json = BUF_INIT(1000);
    struct put p = {.out = &wire};
    struct put_mark rs = put_open(&p, 1), ss = put_open(&p, 2), sp = put_open(&p, 2);

    put_bytes(&p, 11,
        STR("\x12\x01"
            "a")); /* event a, a field that nobody knows, event b */
    put_varint(&p, 200, 1);
    put_bytes(&p, 11,
        STR("\x12\x01"
            "b"));
    put_close(&p, sp);
    put_close(&p, ss);
    put_close(&p, rs);
    ck_assert_int_eq(p.rc, RC_OK);
    ck_assert_int_eq(otlp_json_encode(buf_str(&wire), &json), RC_OK);
    ck_assert(str_eq(buf_str(&json), STR("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"events\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]}]}]}")));
    buf_free(&wire);
    buf_free(&json);
}
END_TEST

/* What protobuf-c makes of a body, in canonical form. */
static struct buf
canonical(struct str body)
{
    struct buf out = BUF_INIT(1u << 24);
    tree_request *t = tree_unpack(body.len ? body : STR(""));

    ck_assert_ptr_nonnull(t);
    ck_assert_int_eq(buf_reserve(&out, 1), RC_OK); /* an empty request is packed to nothing */
    tree_strip(&t->base);
    tree_pack(t, &out);
    tree_free(t);
    return out;
}

START_TEST(otlp_json_agrees_with_protobuf_c_about_random_batches)
{
    struct rng r = {20};
    uint64_t rounds = rng_rounds(2000);

    for (uint64_t i = 0; i < rounds; i++) {
        struct buf body = BUF_INIT(1u << 24), json = BUF_INIT(1u << 24), back = BUF_INIT(1u << 24);
        uint64_t unknown;

        tree_random(&r, &body);
        ck_assert_int_eq(otlp_json_encode(buf_str(&body), &json), RC_OK);
        ck_assert(str_utf8_valid(buf_str(&json)));
        ck_assert_int_eq(decode(buf_str(&json), &back, &unknown), RC_OK);
        ck_assert_uint_eq(unknown, 0);
        struct buf expected = canonical(buf_str(&body)), found = canonical(buf_str(&back));

        ck_assert(str_eq(buf_str(&expected), buf_str(&found)));
        buf_free(&expected);
        buf_free(&found);
        buf_free(&body);
        buf_free(&json);
        buf_free(&back);
    }
}
END_TEST

START_TEST(otlp_json_decode_refuses_what_is_no_json_or_has_the_wrong_type)
{
    static const struct str bad[] = {STR(""), STR("["), STR("[]"), STR("1"), STR("null"), STR("\"\""), STR("{}{}"), STR("{}x"), STR("{]"),
        STR("\xef\xbb\xbf{}"), STR("{\"resourceSpans\":{}}"), STR("{\"resourceSpans\":[[]]}"), STR("{\"resourceSpans\":[null]}"),
        STR("{\"resourceSpans\":[1]}"), STR("{'a':1}"), STR("{\"a\":1,}"), STR("{\"a\":NaN}"), STR("{\"a\":1e999}"), STR("}"),
        STR("{\"a\\u0000\":1}"), STR("{\"a\":\"\\ud800\"}"), STR("{\"a\":\"\n\"}")};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(refusal(bad[i]) == RC_MALFORMED, "row %zu: %s", i, rc_label(refusal(bad[i])));
}
END_TEST

START_TEST(otlp_json_decode_refuses_values_out_of_range)
{
    static const char *const bad[] = {"\"kind\":2147483648", "\"kind\":\"SPAN_KIND_OTHER\"", "\"kind\":1.5", "\"kind\":true", "\"kind\":\"\"",
        "\"startTimeUnixNano\":-1", "\"startTimeUnixNano\":\"-1\"", "\"startTimeUnixNano\":\"18446744073709551616\"", "\"startTimeUnixNano\":\"1 \"",
        "\"startTimeUnixNano\":\" 1\"", "\"startTimeUnixNano\":\"0x1\"", "\"startTimeUnixNano\":\"+1\"", "\"startTimeUnixNano\":\"inf\"",
        "\"startTimeUnixNano\":\"1\\u0000\"", "\"startTimeUnixNano\":1e20", "\"startTimeUnixNano\":\"\"", "\"startTimeUnixNano\":\"-\"",
        "\"startTimeUnixNano\":{}", "\"flags\":4294967296", "\"droppedEventsCount\":-1", "\"name\":1", "\"name\":[\"a\"]", "\"traceId\":\"xyz\"",
        "\"traceId\":\"abc\"", "\"traceId\":7", "\"attributes\":{}", "\"status\":[]", "\"attributes\":[{\"key\":\"k\",\"value\":\"v\"}]",
        "\"attributes\":[{\"value\":{\"boolValue\":\"true\"}}]", "\"attributes\":[{\"value\":{\"bytesValue\":\"*\"}}]",
        "\"attributes\":[{\"value\":{\"bytesValue\":\"a\"}}]", "\"attributes\":[{\"value\":{\"bytesValue\":[1]}}]",
        "\"attributes\":[{\"value\":{\"intValue\":\"9223372036854775808\"}}]", "\"attributes\":[{\"value\":{\"intValue\":\"-9223372036854775809\"}}]",
        "\"attributes\":[{\"value\":{\"intValue\":0.5}}]", "\"attributes\":[{\"value\":{\"doubleValue\":\"nan\"}}]",
        "\"attributes\":[{\"value\":{\"doubleValue\":\"1e999\"}}]", "\"attributes\":[{\"value\":{\"doubleValue\":true}}]"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(span_refusal(bad[i]) == RC_MALFORMED, "%s: %s", bad[i], rc_label(span_refusal(bad[i])));
}
END_TEST

START_TEST(otlp_json_decode_refuses_doubles)
{
    static const char *const bad[] = {"\"name\":\"a\",\"name\":\"b\"", "\"traceId\":\"aa\",\"trace_id\":\"bb\"",
        "\"trace_id\":null,\"traceId\":\"bb\"", "\"attributes\":[],\"attributes\":[]",
        "\"attributes\":[{\"value\":{\"stringValue\":\"a\",\"intValue\":1}}]", "\"attributes\":[{\"value\":{\"intValue\":1,\"int_value\":1}}]",
        "\"attributes\":[{\"value\":{\"kvlistValue\":{},\"arrayValue\":{}}}]", "\"other\":1,\"other\":2"};
    span *s;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(span_refusal(bad[i]) == RC_DUPLICATE, "%s: %s", bad[i], rc_label(span_refusal(bad[i])));
    tree_free(span_tree("\"attributes\":[{\"value\":{\"stringValue\":null,\"intValue\":1}}]", &s));
}
END_TEST

START_TEST(otlp_json_decode_refuses_what_is_not_utf8)
{
    ck_assert_int_eq(span_refusal("\"name\":\"\xff\""), RC_UTF8);
    ck_assert_int_eq(span_refusal("\"name\":\"\xc0\x80\""), RC_UTF8);
    ck_assert_int_eq(span_refusal("\"name\":\"\xed\xa0\x80\""), RC_UTF8);
    ck_assert_int_eq(span_refusal("\"\xff\":1"), RC_UTF8);
}
END_TEST

START_TEST(otlp_json_decode_refuses_truncation_at_every_byte)
{
    for (size_t n = 0; n < sizeof(everything) - 1; n++) {
        struct guard g;
        struct str cut = guard_copy(&g, (struct str){everything, n});

        ck_assert_msg(refusal(cut) == RC_MALFORMED, "cut at %zu: %s", n, rc_label(refusal(cut)));
        guard_free(&g);
    }
}
END_TEST

START_TEST(otlp_json_encode_refuses_truncation_at_every_byte)
{
    struct buf wire = BUF_INIT(1u << 20), json = BUF_INIT(1u << 20);
    uint64_t unknown;

    ck_assert_int_eq(decode(str_of(everything), &wire, &unknown), RC_OK);
    for (size_t n = 1; n < wire.len; n++) {
        struct guard g;
        struct str cut = guard_copy(&g, str_sub(buf_str(&wire), 0, n));

        ck_assert_int_eq(otlp_json_encode(cut, &json), RC_MALFORMED);
        ck_assert_uint_eq(json.len, 0);
        guard_free(&g);
    }
    /* a singular field sent twice; a field of another wire type */
    ck_assert_int_eq(otlp_json_encode(STR("\x0a\x04\x1a\x00\x1a\x00"), &json), RC_MALFORMED);
    ck_assert_int_eq(otlp_json_encode(STR("\x08\x01"), &json), RC_MALFORMED);
    buf_free(&wire);
    buf_free(&json);
}
END_TEST

/* {"arrayValue":{"values":[ ... ]}} n times around an integer, as an attribute. */
static struct buf
nested(unsigned n)
{
    struct buf out = BUF_INIT(1u << 24);

    ck_assert_int_eq(buf_append(&out, STR("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"value\":")), RC_OK);
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(buf_append(&out, STR("{\"arrayValue\":{\"values\":[")), RC_OK);
    ck_assert_int_eq(buf_append(&out, STR("{\"intValue\":1}")), RC_OK);
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(buf_append(&out, STR("]}}")), RC_OK);
    ck_assert_int_eq(buf_append(&out, STR("}]}}]}")), RC_OK);
    return out;
}

START_TEST(otlp_json_decode_bounds_depth)
{
    /* request, ResourceSpans, Resource, KeyValue, AnyValue: 5; each list adds two */
    for (unsigned depth = 5; depth < 64; depth++) {
        unsigned fits = (depth - 5) / 2;
        struct buf good = nested(fits), deep = nested(fits + 1), out = BUF_INIT(1u << 20);
        uint64_t unknown;

        ck_assert_int_eq(otlp_json_decode(buf_str(&good), depth, &out, &unknown), RC_OK);
        ck_assert_int_eq(otlp_json_decode(buf_str(&deep), depth, &out, &unknown), RC_DEPTH);
        buf_free(&good);
        buf_free(&deep);
        buf_free(&out);
    }
    struct buf hostile = nested(100000), brackets = BUF_INIT(1u << 21);

    ck_assert_int_eq(refusal(buf_str(&hostile)), RC_DEPTH);
    for (unsigned i = 0; i < 1000000; i++)
        ck_assert_int_eq(buf_append_byte(&brackets, '['), RC_OK);
    ck_assert_int_eq(refusal(buf_str(&brackets)), RC_DEPTH);
    buf_free(&hostile);
    buf_free(&brackets);
}
END_TEST

START_TEST(otlp_json_encode_bounds_depth)
{
    struct buf in = BUF_INIT(1u << 20), out = BUF_INIT(1u << 20), next = BUF_INIT(1u << 20);
    enum rc rc = RC_OK;

    /* ArrayValue in AnyValue in ArrayValue ..., below ResourceSpans.resource.attributes[].value */
    for (unsigned i = 0; i < 2000 && rc == RC_OK; i++) {
        static const uint32_t around[] = {1, 1, 1, 2}; /* from the outside: request, ResourceSpans, Resource, KeyValue */
        struct str contents = buf_str(&in);
        struct buf whole = BUF_INIT(1u << 20);
        struct put p = {.out = &whole};
        struct put_mark mark[4];

        for (unsigned k = 0; k < 4; k++)
            mark[k] = put_open(&p, around[k]);
        p.rc = buf_append(&whole, contents);
        for (unsigned k = 4; k-- > 0;)
            put_close(&p, mark[k]);
        ck_assert_int_eq(p.rc, RC_OK);
        buf_clear(&out);
        rc = otlp_json_encode(buf_str(&whole), &out);
        buf_free(&whole);
        struct put q = {.out = &next};

        buf_clear(&next);
        struct put_mark list = put_open(&q, 5);

        put_bytes(&q, 1, contents);
        put_close(&q, list);
        buf_clear(&in);
        ck_assert_int_eq(buf_append(&in, buf_str(&next)), RC_OK);
    }
    ck_assert_int_eq(rc, RC_DEPTH);
    ck_assert_uint_eq(out.len, 0);
    buf_free(&in);
    buf_free(&out);
    buf_free(&next);
}
END_TEST

START_TEST(otlp_json_decode_bounds_values_and_output)
{
    struct buf many = BUF_INIT(1u << 24), small = BUF_INIT(100);
    uint64_t unknown = 77;

    ck_assert_int_eq(buf_append(&many, STR("{\"x\":[0")), RC_OK);
    for (unsigned i = 0; i < 1u << 20; i++)
        ck_assert_int_eq(buf_append(&many, STR(",0")), RC_OK);
    ck_assert_int_eq(buf_append(&many, STR("]}")), RC_OK);
    ck_assert_int_eq(refusal(buf_str(&many)), RC_TOO_LARGE);
    ck_assert_int_eq(decode(str_of(everything), &small, &unknown), RC_TOO_LARGE);
    ck_assert_uint_eq(small.len, 0);
    ck_assert_uint_eq(unknown, 77);
    buf_free(&many);
    buf_free(&small);
}
END_TEST

START_TEST(otlp_json_says_when_memory_ends)
{
    struct buf in = BUF_INIT(1u << 20);
    long n;

    /* one name long enough for buffers of every kind to grow while it is read */
    ck_assert_int_eq(buf_printf(&in, "{\"resourceSpans\":[{\"schemaUrl\":\"%0300000d\"},%s", 7, strchr(everything, '[') + 1), RC_OK);
    for (n = 1; nomem_round(n); n++) {
        struct buf wire = BUF_INIT(1u << 20), json = BUF_INIT(1u << 20);
        uint64_t unknown;
        enum rc rc = decode(buf_str(&in), &wire, &unknown);

        if (rc == RC_OK)
            rc = otlp_json_encode(buf_str(&wire), &json);
        bool failed = nomem_end();

        ck_assert_msg(rc == (failed ? RC_NOMEM : RC_OK), "allocation %ld: %s", n, rc_label(rc));
        ck_assert(failed || str_eq(buf_str(&in), buf_str(&json)));
        buf_free(&wire);
        buf_free(&json);
        if (!failed)
            break;
    }
    ck_assert(n > 8 || !nomem_round(1));
    (void)nomem_end();
    buf_free(&in);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &otlp_json_comes_back_the_same_when_every_field_is_set},
    {"normal", &otlp_json_decode_gives_the_values_that_were_written},
    {"normal", &otlp_json_decode_takes_snake_case_and_upper_case_ids},
    {"normal", &otlp_json_decode_takes_the_number_forms_of_proto3},
    {"normal", &otlp_json_decode_takes_doubles_and_both_base64_alphabets},
    {"normal", &otlp_json_decode_counts_what_it_leaves_out},
    {"normal", &otlp_json_decode_writes_nothing_for_an_empty_request},
    {"normal", &otlp_json_encode_gathers_repeated_fields_that_stand_apart},
    {"normal", &otlp_json_agrees_with_protobuf_c_about_random_batches},
    {"malformed", &otlp_json_decode_refuses_what_is_no_json_or_has_the_wrong_type},
    {"malformed", &otlp_json_decode_refuses_values_out_of_range},
    {"malformed", &otlp_json_decode_refuses_doubles},
    {"malformed", &otlp_json_decode_refuses_what_is_not_utf8},
    {"malformed", &otlp_json_decode_refuses_truncation_at_every_byte},
    {"malformed", &otlp_json_encode_refuses_truncation_at_every_byte},
    {"limits", &otlp_json_decode_bounds_depth},
    {"limits", &otlp_json_encode_bounds_depth},
    {"limits", &otlp_json_decode_bounds_values_and_output},
    {"nomem", &otlp_json_says_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("otlp_json", cases);
}
