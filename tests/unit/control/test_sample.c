#include "control/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "base_nomem.h"
#include "base_suite.h"
#include "codec/batch.h"

#define BATCHES 20
#define SPANS 512

static struct sample_options
options(void)
{
    return (struct sample_options){.seed = 7, .spans = SPANS, .personal_permille = 50, .country = "DE", .region = "eu-central-1"};
}

static struct batch
indexed(struct str body, struct arena *ar)
{
    struct batch b;

    ck_assert_int_eq(batch_index(body, &batch_limits_default, ar, &b), RC_OK);
    ck_assert_uint_eq(b.unknown_count, 0);
    return b;
}

START_TEST(sampler_gives_the_same_bytes_for_the_same_seed)
{
    struct sample_options o = options();
    struct sampler a, b, c;
    struct buf out[3] = {BUF_INIT(1u << 24), BUF_INIT(1u << 24), BUF_INIT(1u << 24)};

    sampler_init(&a, &o);
    sampler_init(&b, &o);
    o.seed = 8;
    sampler_init(&c, &o);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(sampler_batch(&a, &out[0]), RC_OK);
        ck_assert_int_eq(sampler_batch(&b, &out[1]), RC_OK);
        ck_assert_int_eq(sampler_batch(&c, &out[2]), RC_OK);
    }
    ck_assert(str_eq(buf_str(&out[0]), buf_str(&out[1])));
    ck_assert(!str_eq(buf_str(&out[0]), buf_str(&out[2])));
    for (int i = 0; i < 3; i++)
        buf_free(&out[i]);
}
END_TEST

static int
by_id(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

START_TEST(sampler_makes_batches_of_the_promised_shape)
{
    struct sample_options o = options();
    struct sampler s;
    struct arena *ar = arena_new(1u << 28);
    struct buf out = BUF_INIT(1u << 24);
    static char ids[BATCHES * SPANS][8];
    size_t bytes = 0, attrs = 0, events = 0;

    sampler_init(&s, &o);
    for (size_t i = 0; i < BATCHES; i++) {
        buf_clear(&out);
        arena_reset(ar, 1u << 24);
        ck_assert_int_eq(sampler_batch(&s, &out), RC_OK);
        struct batch b = indexed(buf_str(&out), ar);

        ck_assert_uint_eq(b.resource_count, 1);
        ck_assert_uint_eq(b.scope_count, 3);
        ck_assert_uint_eq(b.span_count, SPANS);
        bytes += out.len;
        for (uint32_t k = 0; k < b.span_count; k++) {
            uint32_t own = 0;

            ck_assert_uint_ne(b.spans[k].trace_id, BATCH_NONE);
            memcpy(ids[i * SPANS + k], out.ptr + b.spans[k].span_id, 8);
            for (uint32_t a = b.spans[k].attr_first; a < b.spans[k].attr_end; a++)
                own += b.attrs[a].place == PLACE_SPAN_ATTRIBUTE && b.attrs[a].parent == BATCH_NONE;
            ck_assert_uint_ge(own, 12);
            ck_assert_uint_le(own, 20);
            attrs += own;
        }
        for (uint32_t t = 0; t < b.text_count; t++)
            events += b.texts[t].place == PLACE_EVENT_NAME;
        uint32_t first = b.resources[0].attr_first, end = b.resources[0].attr_end;

        ck_assert_uint_ne(batch_find_attr(&b, first, end, PLACE_RESOURCE_ATTRIBUTE, STR("cloud.region")), BATCH_NONE);
    }
    ck_assert_uint_ge(bytes / (BATCHES * SPANS), 600);
    ck_assert_uint_le(bytes / (BATCHES * SPANS), 900);
    ck_assert_uint_gt(events, BATCHES * SPANS / 20);
    ck_assert_uint_eq(s.spans, BATCHES * SPANS);
    ck_assert_uint_gt(s.personal * 1000 / s.values, 45);
    ck_assert_uint_lt(s.personal * 1000 / s.values, 55);
    qsort(ids, BATCHES * SPANS, 8, by_id);
    for (size_t i = 1; i < (size_t)BATCHES * SPANS; i++)
        ck_assert(memcmp(ids[i - 1], ids[i], 8) != 0);
    printf("sample: %zu bytes and %.1f attributes a span, %.2f %% of values personal\n", bytes / (BATCHES * SPANS), (double)attrs / (BATCHES * SPANS),
        100.0 * (double)s.personal / (double)s.values);
    buf_free(&out);
    arena_free(ar);
}
END_TEST

struct told {
    unsigned count;
    struct str values[2000];
};

static void
on_personal(void *arg, struct str value)
{
    struct told *t = arg;

    ck_assert_uint_lt(t->count, 2000);
    ck_assert_uint_ge(value.len, 8);
    t->values[t->count++] = (struct str){strndup(value.ptr, value.len), value.len};
}

START_TEST(sampler_tells_each_personal_value_as_it_stands)
{
    static struct told t;
    struct sample_options o = options();
    struct sampler s;
    struct buf out = BUF_INIT(1u << 24);

    sampler_init(&s, &o);
    s.on_personal = on_personal;
    s.arg = &t;
    ck_assert_int_eq(sampler_batch(&s, &out), RC_OK);
    ck_assert_uint_eq(t.count, s.personal);
    ck_assert_uint_gt(t.count, 300);
    for (unsigned i = 0; i < t.count; i++) {
        ck_assert_msg(str_find(buf_str(&out), t.values[i]) != SIZE_MAX, "%s", t.values[i].ptr);
        free((char *)(uintptr_t)t.values[i].ptr);
    }
    buf_free(&out);
}
END_TEST

START_TEST(sampler_makes_nothing_personal_when_told_so)
{
    struct sample_options o = options();
    struct sampler s;
    struct buf out = BUF_INIT(1u << 24);

    o.personal_permille = 0;
    o.country = o.region = NULL;
    sampler_init(&s, &o);
    ck_assert_int_eq(sampler_batch(&s, &out), RC_OK);
    ck_assert_uint_eq(s.personal, 0);
    ck_assert_uint_eq(str_find(buf_str(&out), STR("@example")), SIZE_MAX);
    ck_assert_uint_eq(str_find(buf_str(&out), STR("password")), SIZE_MAX);
    ck_assert_uint_eq(str_find(buf_str(&out), STR("cloud.region")), SIZE_MAX);
    buf_free(&out);
}
END_TEST

START_TEST(sampler_takes_any_number_of_spans)
{
    struct arena *ar = arena_new(1u << 28);

    for (uint32_t n = 0; n < 12; n++) {
        struct sample_options o = options();
        struct sampler s;
        struct buf out = BUF_INIT(1u << 24);

        o.spans = n;
        sampler_init(&s, &o);
        ck_assert_int_eq(sampler_batch(&s, &out), RC_OK);
        ck_assert_uint_eq(indexed(buf_str(&out), ar).span_count, n);
        buf_free(&out);
    }
    arena_free(ar);
}
END_TEST

static bool
luhn(const char *s)
{
    unsigned sum = 0, n = 0;

    for (size_t i = strlen(s); i-- > 0;) {
        if (s[i] == ' ')
            continue;
        unsigned d = (unsigned)(s[i] - '0') * (n++ % 2 + 1);

        sum += d > 9 ? d - 9 : d;
    }
    return n == 16 && sum % 10 == 0;
}

static bool
mod97(const char *s)
{
    char turned[64];
    unsigned rest = 0;

    snprintf(turned, sizeof(turned), "%s%.4s", s + 4, s);
    for (const char *p = turned; *p; p++)
        rest = (*p >= 'A' ? rest * 100 + (unsigned)(*p - 'A' + 10) : rest * 10 + (unsigned)(*p - '0')) % 97;
    return strlen(s) == 22 && rest == 1;
}

START_TEST(sample_personal_has_right_check_digits)
{
    struct sample_rng r = {1};
    char value[SAMPLE_VALUE_SIZE];

    ck_assert(luhn("4111 1111 1111 1111") && !luhn("4111111111111112"));
    ck_assert(mod97("DE44500105175407324931") && !mod97("DE45500105175407324931"));
    for (int i = 0; i < 1000; i++) {
        sample_personal(&r, SAMPLE_CARD, value);
        ck_assert_msg(luhn(value), "%s", value);
        sample_personal(&r, SAMPLE_IBAN, value);
        ck_assert_msg(mod97(value), "%s", value);
        for (int kind = 0; kind < SAMPLE_KIND_COUNT_; kind++) {
            size_t n = sample_personal(&r, (enum sample_kind)kind, value);

            ck_assert_uint_eq(n, strlen(value));
            ck_assert_uint_ge(n, 8);
        }
    }
}
END_TEST

START_TEST(sample_places_fills_every_place)
{
    struct arena *ar = arena_new(1u << 28);
    struct buf out = BUF_INIT(1u << 20);
    struct str value = STR("alice.meyer@example.org");
    struct sample_places o = {.value = value, .number = 4111111111111111, .country = "DE", .region = "eu-central-1", .seed = 3};
    unsigned in_text[PLACE_COUNT_][TEXT_BOOL + 1] = {{0}}, in_key[PLACE_COUNT_] = {0}, nested[PLACE_COUNT_] = {0};

    ck_assert_int_eq(sample_places_batch(&o, &out), RC_OK);
    struct batch b = indexed(buf_str(&out), ar);

    for (uint32_t i = 0; i < b.text_count; i++) {
        const struct batch_text *t = &b.texts[i];
        bool number = (t->kind == TEXT_INT && batch_text_int(&b, t) == o.number) ||
                      (t->kind == TEXT_DOUBLE && (int64_t)batch_text_double(&b, t) == o.number);

        if (number || str_find(batch_text_bytes(&b, t), value) != SIZE_MAX)
            in_text[t->place][t->kind]++;
    }
    for (uint32_t i = 0; i < b.attr_count; i++) {
        bool holds = str_eq(batch_attr_key(&b, &b.attrs[i]), value);

        in_key[b.attrs[i].place] += holds;
        nested[b.attrs[i].place] += holds && b.attrs[i].parent != BATCH_NONE;
    }
    for (int p = 0; p < PLACE_COUNT_; p++) {
        ck_assert_msg(in_text[p][TEXT_STRING] > 0, "%s", place_name((enum place)p));
        if (!place_is_attribute((enum place)p))
            continue;
        ck_assert_msg(in_text[p][TEXT_BYTES] > 2 && in_text[p][TEXT_INT] > 2 && in_text[p][TEXT_DOUBLE] > 2, "%s", place_name((enum place)p));
        ck_assert_msg(in_key[p] > 1 && nested[p] > 0, "%s", place_name((enum place)p));
    }
    buf_free(&out);
    arena_free(ar);
}
END_TEST

START_TEST(sampler_leaves_the_buffer_as_it_was_when_it_is_full)
{
    struct sample_options o = options();
    struct sample_places places = {.value = STR("alice.meyer@example.org")};

    for (size_t max = 0; max < 3000; max += 7) {
        struct sampler s;
        struct buf out = BUF_INIT(max);

        sampler_init(&s, &o);
        ck_assert_int_eq(sampler_batch(&s, &out), RC_TOO_LARGE);
        ck_assert_uint_eq(out.len, 0);
        ck_assert_int_eq(sample_places_batch(&places, &out), RC_TOO_LARGE);
        ck_assert_uint_eq(out.len, 0);
        buf_free(&out);
    }
}
END_TEST

START_TEST(sampler_says_when_memory_ends)
{
    long n;

    for (n = 1; nomem_round(n); n++) {
        struct sample_options o = options();
        struct sampler s;
        struct buf out = BUF_INIT(1u << 24);

        o.spans = 60;
        o.personal_permille = 0; /* values are encoded without a result to report */
        sampler_init(&s, &o);
        enum rc rc = sampler_batch(&s, &out);
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        ck_assert_uint_eq(out.len == 0, failed);
        buf_free(&out);
        if (!failed)
            break;
    }
    ck_assert(n > 5 || !nomem_round(1));
    (void)nomem_end();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &sampler_gives_the_same_bytes_for_the_same_seed},
    {"normal", &sampler_makes_batches_of_the_promised_shape},
    {"normal", &sampler_tells_each_personal_value_as_it_stands},
    {"normal", &sampler_makes_nothing_personal_when_told_so},
    {"normal", &sampler_takes_any_number_of_spans},
    {"normal", &sample_personal_has_right_check_digits},
    {"normal", &sample_places_fills_every_place},
    {"limits", &sampler_leaves_the_buffer_as_it_was_when_it_is_full},
    {"nomem", &sampler_says_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("sample", cases);
}
