#include "control/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../../proxy/control/send_int.h"
#include "base_suite.h"
#include "codec/batch.h"
#include "control/sample.h"

static struct traffic *
opened(const struct traffic_options *o)
{
    struct errs es = {0};
    struct traffic *t = NULL;

    ck_assert_int_eq(traffic_open(o, &t, &es), RC_OK);
    ck_assert_uint_eq(es.count, 0);
    return t;
}

static uint32_t
spans_in(struct str body)
{
    struct arena *ar = arena_new(1u << 26);
    struct batch b;

    ck_assert_int_eq(batch_index(body, &batch_limits_default, ar, &b), RC_OK);
    uint32_t n = b.span_count;

    arena_free(ar);
    return n;
}

START_TEST(traffic_cuts_samples_into_batches)
{
    static const uint32_t expected[] = {100, 100, 50};
    struct traffic *t = opened(&(struct traffic_options){.seed = 1, .spans = 250, .batch = 100});
    struct buf out = BUF_INIT(1u << 24);

    for (int i = 0; i < 3; i++) {
        buf_clear(&out);
        ck_assert_int_eq(traffic_next(t, &out), RC_OK);
        ck_assert_uint_eq(spans_in(buf_str(&out)), expected[i]);
    }
    buf_clear(&out);
    ck_assert_int_eq(traffic_next(t, &out), RC_NOT_FOUND);
    ck_assert_int_eq(traffic_next(t, &out), RC_NOT_FOUND);
    ck_assert_uint_eq(out.len, 0);
    buf_free(&out);
    traffic_free(t);
}
END_TEST

START_TEST(traffic_of_places_has_the_value_and_other_ids)
{
    struct traffic *t = opened(&(struct traffic_options){.example = TRAFFIC_PLACES, .seed = 1, .spans = 2, .batch = 100, .value = "MARKER77"});
    struct buf out[2] = {BUF_INIT(1u << 20), BUF_INIT(1u << 20)};

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(traffic_next(t, &out[i]), RC_OK);
        ck_assert_uint_eq(spans_in(buf_str(&out[i])), 1);
        ck_assert_uint_ne(str_find(buf_str(&out[i]), STR("MARKER77")), SIZE_MAX);
    }
    ck_assert(!str_eq(buf_str(&out[0]), buf_str(&out[1])));
    ck_assert_int_eq(traffic_next(t, &out[0]), RC_NOT_FOUND);
    buf_free(&out[0]);
    buf_free(&out[1]);
    traffic_free(t);
}
END_TEST

/* What a file of these bytes gives: spans of each batch, then how it ends. */
static enum rc
read_file(struct str bytes, uint32_t *spans, unsigned *count)
{
    char name[] = "/tmp/spangate-traffic-XXXXXX";
    int fd = mkstemp(name);
    struct buf out = BUF_INIT(1u << 24);
    enum rc rc;

    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
    struct traffic *t = opened(&(struct traffic_options){.file = name});

    unlink(name);
    *count = 0;
    while ((rc = traffic_next(t, &out)) == RC_OK) {
        spans[(*count)++] = spans_in(buf_str(&out));
        buf_clear(&out);
    }
    buf_free(&out);
    traffic_free(t);
    return rc;
}

#define LINE "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]}]}"

START_TEST(traffic_reads_files_of_every_form)
{
    struct sample_options o = {.seed = 1, .spans = 7};
    struct sampler s;
    struct buf body = BUF_INIT(1u << 20), many = BUF_INIT(1u << 20);
    uint32_t spans[10];
    unsigned count;

    ck_assert_int_eq(read_file(STR(LINE "\n\n  " LINE "\r\n" LINE), spans, &count), RC_NOT_FOUND);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(spans[2], 2);
    sampler_init(&s, &o);
    ck_assert_int_eq(sampler_batch(&s, &body), RC_OK);
    ck_assert_int_eq(read_file(buf_str(&body), spans, &count), RC_NOT_FOUND);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(spans[0], 7);
    for (int i = 0; i < 3; i++) {
        char prefix[4] = {0, 0, (char)(body.len >> 8), (char)body.len};

        ck_assert_int_eq(buf_append(&many, (struct str){prefix, 4}), RC_OK);
        ck_assert_int_eq(buf_append(&many, buf_str(&body)), RC_OK);
    }
    ck_assert_int_eq(read_file(buf_str(&many), spans, &count), RC_NOT_FOUND);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(read_file(STR(""), spans, &count), RC_NOT_FOUND);
    ck_assert_uint_eq(count, 0);
    /* damaged: the last one is cut */
    ck_assert_int_eq(read_file(str_sub(buf_str(&many), 0, many.len - 1), spans, &count), RC_MALFORMED);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(read_file(str_sub(buf_str(&many), 0, body.len + 6), spans, &count), RC_MALFORMED);
    ck_assert_int_eq(read_file(STR(LINE "\n{\"resourceSpans\":\n"), spans, &count), RC_MALFORMED);
    ck_assert_uint_eq(count, 1);
    buf_free(&body);
    buf_free(&many);
}
END_TEST

START_TEST(traffic_open_names_the_file_that_cannot_be_read)
{
    struct errs es = {0};
    struct traffic *t = NULL;

    ck_assert_int_eq(traffic_open(&(struct traffic_options){.file = "/nonexistent"}, &t, &es), RC_NOT_FOUND);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_ptr_null(t);
    errs_free(&es);
}
END_TEST

START_TEST(latencies_are_right_within_their_buckets)
{
    struct latencies l = {0};

    ck_assert_uint_eq(latencies_at(&l, 500), 0);
    for (uint64_t us = 1; us <= 100000; us++)
        latencies_add(&l, us);
    ck_assert_uint_ge(latencies_at(&l, 500), 50000);
    ck_assert_uint_le(latencies_at(&l, 500), 50800);
    ck_assert_uint_ge(latencies_at(&l, 990), 99000);
    ck_assert_uint_le(latencies_at(&l, 990), 100000);
    ck_assert_uint_eq(latencies_at(&l, 1000), 100000);
    latencies_free(&l);
    latencies_add(&l, 7);
    ck_assert_uint_eq(latencies_at(&l, 1), 7);
    ck_assert_uint_eq(latencies_at(&l, 999), 7);
    latencies_free(&l);
}
END_TEST

START_TEST(latencies_take_any_number)
{
    struct latencies l = {0};

    for (unsigned shift = 0; shift < 64; shift++) {
        latencies_add(&l, UINT64_C(1) << shift);
        latencies_add(&l, (UINT64_C(1) << shift) - 1);
    }
    latencies_add(&l, UINT64_MAX);
    ck_assert_uint_eq(l.count, 129);
    ck_assert_uint_eq(latencies_at(&l, 1000), UINT64_MAX);
    latencies_free(&l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &traffic_cuts_samples_into_batches},
    {"normal", &traffic_of_places_has_the_value_and_other_ids},
    {"normal", &traffic_reads_files_of_every_form},
    {"malformed", &traffic_open_names_the_file_that_cannot_be_read},
    {"normal", &latencies_are_right_within_their_buckets},
    {"limits", &latencies_take_any_number},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("traffic", cases);
}
