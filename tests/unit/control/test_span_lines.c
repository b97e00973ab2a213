#include "control/span_lines.h"

#include "base_nomem.h"
#include "base_suite.h"
#include "codec/otlp_json.h"
#include "control/sample.h"

static const char json[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"cart\"}}]},\"scopeSpans\":["
    "{\"scope\":{\"name\":\"one\"},\"spans\":[{\"name\":\"first\"},{\"name\":\"second\",\"attributes\":["
    "{\"key\":\"plain\",\"value\":{\"stringValue\":\"text\"}},{\"key\":\"number\",\"value\":{\"intValue\":\"-5\"}},{\"key\":\"bare\",\"value\":{}},"
    "{\"key\":\"list\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"},{\"boolValue\":true},{\"doubleValue\":0.5}]}}},"
    "{\"key\":\"map\",\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"in\",\"value\":{\"stringValue\":\"b\"}},{\"key\":\"deep\",\"value\":"
    "{\"kvlistValue\":{\"values\":[{\"key\":\"er\",\"value\":{\"bytesValue\":\"/w==\"}}]}}}]}}},"
    "{\"key\":\"plain\",\"value\":{\"stringValue\":\"twice\"}}],"
    "\"events\":[{\"name\":\"e0\",\"attributes\":[{\"key\":\"x\",\"value\":{\"stringValue\":\"c\"}}]},{\"name\":\"e1\",\"attributes\":["
    "{\"key\":\"x\",\"value\":{\"bytesValue\":\"ZA==\"}}]}],\"links\":[{\"traceState\":\"s\"},{\"traceState\":\"t\"}],"
    "\"status\":{\"message\":\"bad\"}}]},"
    "{\"scope\":{\"name\":\"two\",\"version\":\"2\"},\"spans\":[{\"name\":\"third\"}]}],\"schemaUrl\":\"u\"}]}";

static struct arena *ar;
static struct buf body;

static struct batch
indexed(void)
{
    struct batch b;
    uint64_t unknown;

    ar = arena_new(1u << 24);
    body = BUF_INIT(1u << 20);
    ck_assert_int_eq(otlp_json_decode(str_of(json), 64, &body, &unknown), RC_OK);
    ck_assert_int_eq(batch_index(buf_str(&body), &batch_limits_default, ar, &b), RC_OK);
    return b;
}

static void
expect(const struct span_lines *l, const char *const rows[][2], uint32_t count)
{
    for (uint32_t i = 0; i < count && i < l->count; i++) {
        ck_assert_msg(str_eq(l->list[i].path, str_of(rows[i][0])), "line %u: %.*s", i, (int)l->list[i].path.len, l->list[i].path.ptr);
        ck_assert_msg(str_eq(l->list[i].value, str_of(rows[i][1])), "line %u: %.*s", i, (int)l->list[i].value.len, l->list[i].value.ptr);
    }
    ck_assert_uint_eq(l->count, count);
}

START_TEST(span_lines_name_every_text_by_its_path)
{
    static const char *const rows[][2] = {{"span.name", "second"}, {"span.attributes.plain", "text"}, {"span.attributes.number", "-5"},
        {"span.attributes.bare", ""}, {"span.attributes.list[0]", "a"}, {"span.attributes.list[1]", "true"}, {"span.attributes.list[2]", "0.5"},
        {"span.attributes.map/in", "b"}, {"span.attributes.map/deep/er", "0xff"}, {"span.attributes.plain#2", "twice"}, {"spanevent[0].name", "e0"},
        {"spanevent[0].attributes.x", "c"}, {"spanevent[1].name", "e1"}, {"spanevent[1].attributes.x", "d"}, {"spanlink.trace_state", "s"},
        {"spanlink.trace_state#2", "t"}, {"span.status.message", "bad"}};
    struct batch b = indexed();
    struct span_lines l;

    ck_assert_int_eq(span_lines_of(&b, 1, ar, &l), RC_OK);
    expect(&l, rows, sizeof(rows) / sizeof(rows[0]));
    ck_assert(str_eq(span_lines_get(&l, STR("spanevent[1].name")), STR("e1")));
    ck_assert_uint_eq(span_lines_get(&l, STR("spanevent[2].name")).len, 0);
}
END_TEST

START_TEST(span_lines_around_are_those_of_the_own_scope)
{
    static const char *const first[][2] = {{"resource.attributes.service.name", "cart"}, {"resource.schema_url", "u"}, {"scope.name", "one"}};
    static const char *const third[][2] = {
        {"resource.attributes.service.name", "cart"}, {"resource.schema_url", "u"}, {"scope.name", "two"}, {"scope.version", "2"}};
    struct batch b = indexed();
    struct span_lines l;

    ck_assert_int_eq(span_lines_around(&b, 0, ar, &l), RC_OK);
    expect(&l, first, 3);
    ck_assert_int_eq(span_lines_around(&b, 2, ar, &l), RC_OK);
    expect(&l, third, 4);
}
END_TEST

START_TEST(span_lines_show_every_text_of_a_full_span)
{
    struct sample_places o = {.value = STR("alice.meyer@example.org"), .number = 4111111111111111, .region = "eu-central-1"};
    struct buf out = BUF_INIT(1u << 20);
    struct batch b;
    struct span_lines of, around;

    ar = arena_new(1u << 24);
    ck_assert_int_eq(sample_places_batch(&o, &out), RC_OK);
    ck_assert_int_eq(batch_index(buf_str(&out), &batch_limits_default, ar, &b), RC_OK);
    ck_assert_int_eq(span_lines_of(&b, 0, ar, &of), RC_OK);
    ck_assert_int_eq(span_lines_around(&b, 0, ar, &around), RC_OK);
    ck_assert_uint_eq(of.count + around.count, b.text_count);
    buf_free(&out);
}
END_TEST

START_TEST(span_lines_say_when_memory_ends)
{
    struct batch b = indexed();
    long n;

    for (n = 1; nomem_round(n); n++) {
        struct arena *own = arena_new(1u << 20);
        struct span_lines l = {.count = 77};
        enum rc rc = own ? span_lines_of(&b, 1, own, &l) : RC_NOMEM;
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        ck_assert_uint_eq(l.count, failed ? 77 : 17);
        arena_free(own);
        if (!failed)
            break;
    }
    for (size_t max = 0; max < 5000; max += 16) {
        struct arena *own = arena_new(max);
        struct span_lines l = {.count = 77};
        enum rc rc = span_lines_of(&b, 1, own, &l);

        ck_assert(rc == RC_NOMEM ? l.count == 77 : l.count == 17);
        arena_free(own);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &span_lines_name_every_text_by_its_path},
    {"normal", &span_lines_around_are_those_of_the_own_scope},
    {"normal", &span_lines_show_every_text_of_a_full_span},
    {"nomem", &span_lines_say_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("span_lines", cases);
}
