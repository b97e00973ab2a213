#include <stdio.h>
#include <stdlib.h>

#include "base_suite.h"
#include "codec/emit.h"
#include "codec_tree.h"
#include "flow_gate.h"

#define MARKER "CANARY0123456789abcdef"
#define NUMBER 87300912345678

static const char policy[] = "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: all, revision: 3}\nspec:\n  mode: enforce\n  rules:\n"
                             "    - {id: marker, regex: 'CANARY[0-9a-f]{16}', action: {replace: '[marker]'}}\n"
                             "    - {id: number, regex: '87300912345678', action: {replace: '[number]'}}\n"
                             "    - {id: email, entity: EMAIL_ADDRESS, action: {replace: '[email]'}}\n"
                             "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stays, revision: 1}\nspec:\n  mode: enforce\n"
                             "  origin: [{country: client.certificate.subject.C}, {cloud_region: resource.attributes.cloud.region}]\n"
                             "  routes:\n    - {from: [DE], to: [otlp_grpc/eu]}\n    - {from: [US], to: [otlp_http/us]}\n    - {from: [FR], to: "
                             "[otlp_grpc/eu, otlp_http/us]}\n";

static struct str
keep(struct buf *b)
{
    return buf_str(b);
}

/* Append "number { pieces }" where pieces were written into inner. */
static void
wrap(struct buf *out, uint32_t number, struct buf *inner)
{
    if (emit_len_field(out, number, keep(inner)) != RC_OK)
        abort();
    buf_free(inner);
}

#define NEW_BUF BUF_INIT(1u << 20)

static void
text(struct buf *out, uint32_t number, const char *s)
{
    if (emit_len_field(out, number, str_of(s)) != RC_OK)
        abort();
}

/* Attributes with a marker as key, string, bytes, number, double, inside an array and a map. */
static void
attributes(struct buf *out, uint32_t number)
{
    struct buf any = NEW_BUF, kv = NEW_BUF, list = NEW_BUF, item = NEW_BUF, map = NEW_BUF;
    uint8_t varint[16] = {0x18};
    double d = (double)NUMBER;
    size_t n = 1;

    if (emit_key_value(out, number, STR("key." MARKER), STR("value")) != RC_OK ||
        emit_key_value(out, number, STR("a"), STR("x " MARKER " y")) != RC_OK)
        abort();
    text(&kv, 1, "bytes");
    text(&any, 7, "\1\2" MARKER);
    wrap(&kv, 2, &any);
    wrap(out, number, &kv);
    for (uint64_t v = NUMBER; v; v >>= 7)
        varint[n++] = (uint8_t)((v & 0x7f) | (v >> 7 ? 0x80 : 0));
    kv = NEW_BUF;
    text(&kv, 1, "int");
    if (emit_len_field(&kv, 2, (struct str){(const char *)varint, n}) != RC_OK)
        abort();
    wrap(out, number, &kv);
    kv = NEW_BUF;
    any = NEW_BUF;
    text(&kv, 1, "double");
    if (buf_append_byte(&any, 0x21) != RC_OK || buf_append(&any, (struct str){(const char *)&d, 8}) != RC_OK)
        abort();
    wrap(&kv, 2, &any);
    wrap(out, number, &kv);
    /* [ "marker", { "marker": "marker" } ] */
    text(&item, 1, MARKER);
    wrap(&list, 1, &item);
    if (emit_key_value(&map, 1, STR(MARKER), STR(MARKER)) != RC_OK)
        abort();
    item = NEW_BUF;
    wrap(&item, 6, &map);
    wrap(&list, 1, &item);
    any = NEW_BUF;
    wrap(&any, 5, &list);
    kv = NEW_BUF;
    text(&kv, 1, "nested");
    wrap(&kv, 2, &any);
    wrap(out, number, &kv);
}

/* One span with the marker in every place of the schema. */
static void
all_places(struct buf *out, const char *region)
{
    struct buf rs = NEW_BUF, resource = NEW_BUF, entity = NEW_BUF, ss = NEW_BUF, scope = NEW_BUF, span = NEW_BUF, event = NEW_BUF, link = NEW_BUF,
               status = NEW_BUF;

    if (region && emit_key_value(&resource, 1, STR("cloud.region"), str_of(region)) != RC_OK)
        abort();
    attributes(&resource, 1);
    for (uint32_t i = 1; i <= 4; i++)
        text(&entity, i, MARKER);
    wrap(&resource, 3, &entity);
    wrap(&rs, 1, &resource);
    text(&scope, 1, MARKER);
    text(&scope, 2, MARKER);
    attributes(&scope, 3);
    wrap(&ss, 1, &scope);
    text(&span, 1, "0123456789abcdef");
    text(&span, 2, "01234567");
    text(&span, 3, MARKER);
    text(&span, 5, MARKER);
    attributes(&span, 9);
    text(&event, 2, MARKER);
    attributes(&event, 3);
    wrap(&span, 11, &event);
    text(&link, 1, "0123456789abcdef");
    text(&link, 3, MARKER);
    attributes(&link, 4);
    wrap(&span, 13, &link);
    text(&status, 2, MARKER);
    wrap(&span, 15, &status);
    text(&span, 99, MARKER); /* a field that the schema does not know */
    wrap(&ss, 2, &span);
    text(&ss, 3, MARKER);
    wrap(&rs, 2, &ss);
    text(&rs, 3, MARKER);
    wrap(out, 1, &rs);
}

static bool
holds_marker(struct str s)
{
    char number[32];
    double d = (double)NUMBER;
    uint8_t varint[10];
    size_t n = 0;

    snprintf(number, sizeof(number), "%lld", (long long)NUMBER);
    for (uint64_t v = NUMBER; v; v >>= 7)
        varint[n++] = (uint8_t)((v & 0x7f) | (v >> 7 ? 0x80 : 0));
    return str_find(s, STR(MARKER)) != SIZE_MAX || str_find(s, str_of(number)) != SIZE_MAX || str_find(s, (struct str){(char *)&d, 8}) != SIZE_MAX ||
           str_find(s, (struct str){(char *)varint, n}) != SIZE_MAX;
}

static unsigned
occurrences(struct str s, struct str word)
{
    unsigned n = 0;

    for (size_t at; (at = str_find(s, word)) != SIZE_MAX; n++)
        s = str_sub(s, at + word.len, s.len);
    return n;
}

START_TEST(gate_lets_no_marker_out_of_any_place)
{
    static const enum transport transports[] = {TRANSPORT_GRPC, TRANSPORT_HTTP_PROTOBUF, TRANSPORT_HTTP_JSON};
    static const enum encoding encodings[] = {ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD};
    struct buf body = NEW_BUF;
    struct test_gate g;

    all_places(&body, NULL);
    ck_assert(holds_marker(buf_str(&body)));
    test_gate_init(&g, policy);
    for (size_t t = 0; t < 3; t++) {
        for (size_t e = 0; e < 3; e++) {
            struct gate_outcome out;

            test_gate_process(&g, transports[t], encodings[e], buf_str(&body), "DE", &out);
            ck_assert_int_eq(out.rc, RC_OK);
            ck_assert_uint_eq(out.payload_count, 1);
            struct str sent = test_gate_payload(&out, 0);

            ck_assert(!holds_marker(sent));
            ck_assert(!holds_marker(buf_str(&out.head)));
            ck_assert(!holds_marker(buf_str(&out.tail)));
            ck_assert(!holds_marker(out.reply.message));
            /* 13 single places, and 6 in each of the 5 lists of attributes: key, string, bytes, list, map's key and value */
            ck_assert_uint_eq(occurrences(sent, STR("[marker]")), 13 + 5 * 6);
            ck_assert_uint_eq(occurrences(sent, STR("[number]")), 5 * 2);
            gate_outcome_free(&out);
        }
    }
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

START_TEST(gate_refuses_and_sends_nothing_when_the_body_is_bad)
{
    static const struct {
        struct str body;
        enum transport t;
        enum rc rc;
    } rows[] = {
        {STR("\x0a\x05" MARKER), TRANSPORT_GRPC, RC_MALFORMED},
        {STR("not protobuf " MARKER), TRANSPORT_GRPC, RC_MALFORMED},
        {STR("\x0a\x04\x1a\x02\xc3\x28"), TRANSPORT_GRPC, RC_UTF8},
    };
    struct test_gate g;

    test_gate_init(&g, policy);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gate_outcome out;

        test_gate_process(&g, rows[i].t, ENCODING_IDENTITY, rows[i].body, "DE", &out);
        ck_assert_int_eq(out.rc, rows[i].rc);
        ck_assert_uint_eq(out.payload_count, 0);
        ck_assert_int_eq(out.reply.rc, rows[i].rc);
        ck_assert(!holds_marker(buf_str(&out.head)));
        ck_assert(!holds_marker(out.reply.message));
        ck_assert(str_find(buf_str(&out.head), STR("\"outcome\":\"refused\"")) != SIZE_MAX);
        gate_outcome_free(&out);
    }
    test_gate_fini(&g);
}
END_TEST

/* A batch of three resources: each destination gets what it may have, nothing else, and no empty envelopes. */
START_TEST(gate_splits_a_batch_of_mixed_origins_by_resource)
{
    struct buf body = NEW_BUF;
    struct test_gate g;
    struct gate_outcome out;
    struct arena *ar = arena_new(1u << 24);
    struct batch b;

    all_places(&body, "eu-central-1");
    all_places(&body, "us-east-1");
    all_places(&body, "eu-west-3");
    all_places(&body, "nowhere-9");
    test_gate_init(&g, policy);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "", &out);
    ck_assert_int_eq(out.rc, RC_OK);
    ck_assert_uint_eq(out.payload_count, 2);
    ck_assert_uint_eq(out.spans_in, 4);
    ck_assert_uint_eq(out.spans_unroutable, 1);
    ck_assert_uint_eq(out.reply.rejected, 1);
    for (uint32_t d = 0; d < 2; d++) {
        struct str sent = test_gate_payload(&out, d);

        ck_assert_int_eq(batch_index(sent, &batch_limits_default, ar, &b), RC_OK);
        ck_assert_uint_eq(b.resource_count, 2); /* DE and FR, US and FR */
        ck_assert_uint_eq(b.span_count, 2);
        ck_assert(str_find(sent, d ? STR("eu-central-1") : STR("us-east-1")) == SIZE_MAX);
        ck_assert(str_find(sent, STR("nowhere-9")) == SIZE_MAX);
        ck_assert(str_find(sent, STR("eu-west-3")) != SIZE_MAX);
    }
    ck_assert(str_find(buf_str(&out.head), STR("nowhere-9")) == SIZE_MAX); /* an attribute's text is not repeated */
    /* each origin has its own decision about each destination */
    ck_assert(
        str_find(buf_str(&out.head), STR("\"decision\":\"allowed\",\"destination\":\"otlp_grpc/eu\",\"jurisdiction\":\"EU\",\"mechanism\":\"intra\","
                                         "\"origin\":\"FR\"")) != SIZE_MAX);
    ck_assert(str_find(buf_str(&out.head),
                  STR("\"decision\":\"refused\",\"destination\":\"otlp_grpc/eu\",\"jurisdiction\":\"EU\",\"origin\":\"US\"")) != SIZE_MAX);
    gate_outcome_free(&out);
    arena_free(ar);
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

START_TEST(gate_sends_nothing_when_no_destination_is_allowed)
{
    struct buf body = NEW_BUF;
    struct test_gate g;
    struct gate_outcome out;

    all_places(&body, NULL);
    test_gate_init(&g, policy);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "CN", &out);
    ck_assert_int_eq(out.rc, RC_OK);
    ck_assert_uint_eq(out.payload_count, 0);
    ck_assert_uint_eq(out.reply.rejected, 1);
    ck_assert_uint_gt(out.reply.message.len, 0);
    ck_assert(str_find(buf_str(&out.head), STR("\"outcome\":\"unroutable\"")) != SIZE_MAX);
    gate_outcome_free(&out);

    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, STR(""), "CN", &out); /* OTLP 1.11: an empty request is a success */
    ck_assert_int_eq(out.rc, RC_OK);
    ck_assert_uint_eq(out.payload_count, 0);
    ck_assert_uint_eq(out.reply.rejected, 0);
    gate_outcome_free(&out);
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

/* No policy covers the resource: on_no_match is drop, there is no way around it. */
START_TEST(gate_sends_nothing_when_no_policy_covers_the_resource)
{
    struct buf body = NEW_BUF;
    struct test_gate g;
    struct gate_outcome out;
    char narrow[sizeof(policy) + 100];
    const char *spec = strstr(policy, "  mode: enforce\n");

    snprintf(narrow, sizeof(narrow), "%.*s  match: {resource: {service.namespace: [payments]}}\n%s", (int)(spec - policy), policy, spec);
    all_places(&body, NULL);
    test_gate_init(&g, narrow);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "DE", &out);
    ck_assert_uint_eq(out.payload_count, 0);
    ck_assert_uint_eq(out.spans_unroutable, 1);
    gate_outcome_free(&out);
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

/* What leaves is decided once: the gate, given its own output, changes nothing. */
START_TEST(gate_changes_nothing_the_second_time)
{
    struct rng r = {99};
    struct buf body = BUF_INIT(1u << 22);
    struct test_gate g;

    test_gate_init(&g, policy);
    for (unsigned i = 0; i < 300; i++) {
        struct gate_outcome first, second;

        buf_clear(&body);
        tree_random(&r, &body);
        test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "DE", &first);
        ck_assert_int_eq(first.rc, RC_OK);
        struct str once = test_gate_payload(&first, 0);

        test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, once, "DE", &second);
        ck_assert_int_eq(second.rc, RC_OK);
        ck_assert(str_eq(once, test_gate_payload(&second, 0)));
        gate_outcome_free(&first);
        gate_outcome_free(&second);
    }
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

START_TEST(gate_writes_a_canonical_entry)
{
    struct buf body = NEW_BUF, entry = NEW_BUF;
    struct test_gate g;
    struct gate_outcome out;

    all_places(&body, NULL);
    test_gate_init(&g, policy);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "DE", &out);
    ck_assert_int_eq(buf_append(&entry, buf_str(&out.head)), RC_OK);
    ck_assert_int_eq(buf_append(&entry, buf_str(&out.tail)), RC_OK);
    ck_assert(str_starts(buf_str(&entry), STR("{\"build\":\"0\",\"conn\":{\"identity\":\"spiffe://")));
    ck_assert(str_ends(buf_str(&entry), STR(",\"type\":\"request\",\"v\":1}")));
    ck_assert(str_find(buf_str(&entry), STR("\"origin\":{\"country\":\"DE\",\"source\":\"client.certificate.subject.C\"}")) != SIZE_MAX);
    ck_assert(
        str_find(buf_str(&entry),
            STR("{\"action\":\"replace\",\"count\":43,\"entity\":\"marker\",\"id\":\"all/marker\",\"mode\":\"enforce\",\"paths\":[")) != SIZE_MAX);
    ck_assert(str_find(buf_str(&entry), STR("\"spans_in\":1,\"spans_out\":1}")) != SIZE_MAX);
    ck_assert(str_find(buf_str(&entry), STR("\"unknown_fields\":1}")) != SIZE_MAX);
    ck_assert(str_find(buf_str(&entry), STR("\"decision\":\"refused\",\"destination\":\"otlp_http/us\"")) != SIZE_MAX);
    gate_outcome_free(&out);
    test_gate_fini(&g);
    buf_free(&body);
    buf_free(&entry);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &gate_lets_no_marker_out_of_any_place},
    {"malformed", &gate_refuses_and_sends_nothing_when_the_body_is_bad},
    {"normal", &gate_splits_a_batch_of_mixed_origins_by_resource},
    {"normal", &gate_sends_nothing_when_no_destination_is_allowed},
    {"normal", &gate_sends_nothing_when_no_policy_covers_the_resource},
    {"normal", &gate_changes_nothing_the_second_time},
    {"normal", &gate_writes_a_canonical_entry},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("gate", cases);
}
