#include "codec/batch.h"

#include "../../../proxy/codec/wire_int.h"
#include "base_guard.h"
#include "base_suite.h"
#include "codec/emit.h"
#include "codec_tree.h"

static struct arena *ar;
static struct arena *made; /* of hand-made messages */

static void
setup(void)
{
    if (!ar)
        ar = arena_new(1u << 28);
    arena_reset(ar, 1u << 22);
}

static enum rc
index_of(struct str body, struct batch *b)
{
    setup();
    return batch_index(body, &batch_limits_default, ar, b);
}

static struct str
keep(struct buf *out)
{
    if (!made)
        made = arena_new(1u << 26);
    struct str s = arena_dup(made, buf_str(out));

    buf_free(out);
    return s;
}

/* "tag len contents" from pieces, for hand-made messages. */
static struct str
field(uint32_t number, struct str contents)
{
    struct buf out = BUF_INIT(1u << 24);

    if (emit_len_field(&out, number, contents) != RC_OK)
        abort();
    return keep(&out);
}

static struct str
join(struct str a, struct str b)
{
    struct buf out = BUF_INIT(1u << 24);

    if (buf_append(&out, a) != RC_OK || buf_append(&out, b) != RC_OK)
        abort();
    return keep(&out);
}

static struct str
span_with(struct str contents)
{
    return field(1, field(2, field(2, contents)));
}

static struct str
attr_with(struct str any)
{
    return span_with(field(9, join(field(1, STR("k")), field(2, any))));
}

START_TEST(batch_index_finds_each_part_when_well_formed)
{
    struct str attr = join(field(1, STR("user.email")), field(2, field(1, STR("a@b.example"))));
    struct str span = join(join(field(1, STR("0123456789abcdef")), field(2, STR("01234567"))), join(field(5, STR("GET /")), field(9, attr)));
    struct str body = field(1, join(field(1, field(1, attr)), field(2, join(field(1, field(1, STR("lib"))), field(2, span)))));
    struct batch b;

    ck_assert_int_eq(index_of(body, &b), RC_OK);
    ck_assert_uint_eq(b.resource_count, 1);
    ck_assert_uint_eq(b.scope_count, 1);
    ck_assert_uint_eq(b.span_count, 1);
    ck_assert_uint_eq(b.attr_count, 2);
    ck_assert_uint_eq(b.text_count, 4);
    ck_assert_uint_eq(b.texts[0].place, PLACE_RESOURCE_ATTRIBUTE);
    ck_assert_uint_eq(b.texts[1].place, PLACE_SCOPE_NAME);
    ck_assert_uint_eq(b.texts[2].place, PLACE_SPAN_NAME);
    ck_assert_uint_eq(b.texts[3].place, PLACE_SPAN_ATTRIBUTE);
    ck_assert(str_eq(batch_text_bytes(&b, &b.texts[3]), STR("a@b.example")));
    ck_assert(str_eq(batch_attr_key(&b, &b.attrs[1]), STR("user.email")));
    ck_assert(str_eq(batch_attr_string(&b, 1), STR("a@b.example")));
    ck_assert_uint_eq(batch_find_attr(&b, 0, b.attr_count, PLACE_SPAN_ATTRIBUTE, STR("user.email")), 1);
    ck_assert_uint_eq(b.spans[0].attr_first, 1);
    ck_assert_uint_eq(b.spans[0].text_first, 2);
    ck_assert_int_eq(memcmp(b.body.ptr + b.spans[0].trace_id, "0123456789abcdef", 16), 0);
    ck_assert_int_eq(index_of(STR(""), &b), RC_OK);
    ck_assert_uint_eq(b.resource_count, 0);
}
END_TEST

START_TEST(batch_index_refuses_malformed_messages)
{
    static const struct {
        struct str bytes; /* inside a span */
        enum rc rc;
    } rows[] = {
        {STR("\x0a\x10short"), RC_MALFORMED}, /* length past the end */
        {STR("\x0a\x03xyz"), RC_MALFORMED},   /* trace id of 3 bytes */
        {STR("\x12\x09"
             "123456789"),
            RC_MALFORMED},                                                       /* span id of 9 bytes */
        {STR("\x2b\x00"), RC_MALFORMED},                                         /* group */
        {STR("\x2e\x00"), RC_MALFORMED},                                         /* wire type 6 */
        {STR("\x2f\x00"), RC_MALFORMED},                                         /* wire type 7 */
        {STR("\x02\x00"), RC_MALFORMED},                                         /* field 0 */
        {STR("\xfa\xff\xff\xff\x10\x00"), RC_MALFORMED},                         /* field number 2^29 and above */
        {STR("\x28\x01"), RC_MALFORMED},                                         /* name as a number */
        {STR("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), RC_MALFORMED},     /* length above 64 bits */
        {STR("\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), RC_MALFORMED}, /* varint of 11 bytes */
        {STR("\x39\x01\x02"), RC_MALFORMED},                                     /* fixed64 cut short */
        {STR("\x2a\x02\xc3\x28"), RC_UTF8},
        {STR("\x2a\x01"
             "a\x2a\x01"
             "b"),
            RC_DUPLICATE},
        {STR("\x7a\x00\x7a\x00"), RC_DUPLICATE},                 /* status twice */
        {STR("\x4a\x06\x12\x04\x0a\x00\x0a\x00"), RC_DUPLICATE}, /* string_value twice */
        {STR("\x4a\x06\x12\x04\x0a\x00\x10\x01"), RC_DUPLICATE}, /* two members of the oneof */
        {STR("\x4a\x04\x0a\x00\x0a\x00"), RC_DUPLICATE},         /* key twice */
        {STR("\x4a\x04\x12\x00\x12\x00"), RC_DUPLICATE},         /* value twice */
    };
    struct batch b = {.span_count = 77};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(index_of(span_with(rows[i].bytes), &b) == rows[i].rc, "row %zu", i);
        ck_assert_uint_eq(b.span_count, 77); /* untouched */
    }
}
END_TEST

START_TEST(batch_index_counts_unknown_fields_and_enum_values)
{
    struct batch b;

    ck_assert_int_eq(index_of(span_with(STR("\x30\x09\xa2\x06\x03"
                                            "abc\x2a\x01x")),
                         &b),
        RC_OK);
    ck_assert_uint_eq(b.unknown_count, 2);
    ck_assert_uint_eq(b.text_count, 1);

    struct edits es;
    struct buf out = BUF_INIT(1000);

    edits_init(&es, ar);
    ck_assert_int_eq(edits_remove_unknown(&es, &b), RC_OK);
    ck_assert_int_eq(emit_batch(&b, &es, &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), span_with(STR("\x2a\x01x"))));
    buf_free(&out);
}
END_TEST

/* A count is a uint32 for those who read it: what the wire holds beyond that is never sent on. */
START_TEST(batch_index_takes_counts_that_are_too_long_for_unknown)
{
    struct batch b;

    ck_assert_int_eq(index_of(span_with(STR("\x50\xff\xff\xff\xff\x0f\x60\xff\xff\xff\xff\x0f\x70\x00")), &b), RC_OK);
    ck_assert_uint_eq(b.unknown_count, 0);
    ck_assert_int_eq(index_of(span_with(STR("\x50\x80\x80\x80\x80\x10\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x70\x00")), &b), RC_OK);
    ck_assert_uint_eq(b.unknown_count, 2);
}
END_TEST

START_TEST(batch_index_bounds_entities_and_their_keys)
{
    struct batch_limits few = batch_limits_default;
    struct str keys = join(field(3, STR("a")), field(4, STR("b")));
    struct batch b;

    few.attrs_per_owner = 3;
    setup();
    ck_assert_int_eq(batch_index(field(1, field(1, field(3, keys))), &few, ar, &b), RC_OK);
    ck_assert_int_eq(batch_index(field(1, field(1, field(3, join(keys, field(3, STR("c")))))), &few, ar, &b), RC_LIMIT);
    ck_assert_int_eq(batch_index(field(1, field(1, join(field(3, keys), field(3, STR(""))))), &few, ar, &b), RC_LIMIT);
    ck_assert_int_eq(batch_index(field(1, field(1, join(field(3, keys), field(1, STR(""))))), &few, ar, &b), RC_LIMIT);
}
END_TEST

START_TEST(batch_index_bounds_depth_and_width)
{
    struct str any = field(1, STR("x"));
    struct batch_limits few = batch_limits_default;
    struct batch b;

    for (unsigned depth = 1; depth < 2000; depth++) {
        enum rc rc = index_of(attr_with(any), &b);

        ck_assert_int_eq(rc, depth <= batch_limits_default.value_depth ? RC_OK : RC_DEPTH);
        any = field(5, field(1, any));
        if (depth > 40 && depth < 1900)
            depth += 100;
    }
    few.spans = 3;
    setup();
    struct str spans = join(join(field(2, STR("")), field(2, STR(""))), field(2, STR("")));

    ck_assert_int_eq(batch_index(field(1, field(2, spans)), &few, ar, &b), RC_OK);
    ck_assert_int_eq(batch_index(field(1, field(2, join(spans, field(2, STR(""))))), &few, ar, &b), RC_LIMIT);
    few.attrs_per_owner = 2;
    struct str attrs = join(field(9, STR("")), field(9, STR("")));

    ck_assert_int_eq(batch_index(span_with(attrs), &few, ar, &b), RC_OK);
    ck_assert_int_eq(batch_index(span_with(join(attrs, field(9, STR("")))), &few, ar, &b), RC_LIMIT);
    few.resources = 1;
    ck_assert_int_eq(batch_index(join(field(1, STR("")), field(1, STR(""))), &few, ar, &b), RC_LIMIT);
}
END_TEST

START_TEST(batch_index_reads_nothing_beyond_its_body_when_cut_anywhere)
{
    struct rng r = {11};
    struct buf body = BUF_INIT(1u << 20);

    for (unsigned round = 0; round < 20; round++) {
        struct guard g;
        struct batch b;

        buf_clear(&body);
        tree_random(&r, &body);
        for (size_t cut = 0; cut <= body.len && cut < 3000; cut++) {
            struct str s = guard_copy(&g, (struct str){body.ptr, cut});
            enum rc rc = index_of(s, &b);

            ck_assert(rc == RC_OK || rc == RC_MALFORMED || rc == RC_UTF8);
            guard_free(&g);
        }
    }
    buf_free(&body);
}
END_TEST

START_TEST(batch_index_fails_cleanly_when_memory_ends)
{
    struct rng r = {5};
    struct buf body = BUF_INIT(1u << 20);
    enum rc rc = RC_NOMEM;

    while (body.len < 4000) {
        buf_clear(&body);
        tree_random(&r, &body);
    }
    for (size_t max = 0; rc != RC_OK && max < 1u << 22; max += 997) {
        struct arena *small = arena_new(max);
        struct batch b;

        rc = batch_index(buf_str(&body), &batch_limits_default, small, &b);
        ck_assert(rc == RC_OK || rc == RC_NOMEM);
        arena_free(small);
    }
    ck_assert_int_eq(rc, RC_OK);
    buf_free(&body);
}
END_TEST

START_TEST(batch_text_format_writes_numbers_as_people_do)
{
    static const struct {
        struct str any;
        const char *text;
    } rows[] = {
        {STR("\x18\x2a"), "42"},
        {STR("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "-1"},
        {STR("\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), "-9223372036854775808"},
        {STR("\x10\x01"), "true"},
        {STR("\x10\x00"), "false"},
        {STR("\x10\xf8\xac\xd1\x91\x01"), "305419896"}, /* a truth for those who read it, and a number on the wire */
        {STR("\x21\x00\x00\x00\x00\x00\x00\xf8\x3f"), "1.5"},
        {STR("\x21\x00\x80\xe0\x37\x79\xc3\x41\x43"), "10000000000000000"},
        {STR("\x21\x9a\x99\x99\x99\x99\x99\xb9\x3f"), "0.1"},
        {STR("\x21\x00\x00\x00\x00\x00\x00\xf0\x7f"), "inf"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[BATCH_NUMBER_SIZE + 1];
        struct batch b;

        ck_assert_int_eq(index_of(attr_with(rows[i].any), &b), RC_OK);
        text[batch_text_format(&b, &b.texts[0], text)] = 0;
        if (rows[i].text[0] == '1' && rows[i].text[1] == '0')
            ck_assert_msg(strlen(text) >= 16 && strspn(text, "0123456789") == strlen(text), "%s", text);
        else
            ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &batch_index_finds_each_part_when_well_formed},
    {"malformed", &batch_index_refuses_malformed_messages},
    {"malformed", &batch_index_counts_unknown_fields_and_enum_values},
    {"malformed", &batch_index_takes_counts_that_are_too_long_for_unknown},
    {"limits", &batch_index_bounds_depth_and_width},
    {"limits", &batch_index_bounds_entities_and_their_keys},
    {"malformed", &batch_index_reads_nothing_beyond_its_body_when_cut_anywhere},
    {"nomem", &batch_index_fails_cleanly_when_memory_ends},
    {"normal", &batch_text_format_writes_numbers_as_people_do},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("batch", cases);
}
