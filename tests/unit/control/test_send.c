#include "control/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base_suite.h"
#include "control/sink.h"

/* A sender and a sink on one loop, over loopback, in plaintext. */
struct pair {
    struct loop *loop;
    struct sink *sink;
    int received, acked; /* ids, in memory */
    struct send_totals totals;
};

static void
pair_open(struct pair *p, struct sink_options o)
{
    struct errs es = {0};

    p->loop = loop_new(&clock_system);
    p->received = memfd_create("received", MFD_CLOEXEC);
    p->acked = memfd_create("acked", MFD_CLOEXEC);
    o.address = "127.0.0.1";
    o.format = SINK_QUIET;
    o.out = -1;
    o.ids = p->received;
    ck_assert_int_eq(sink_open(p->loop, &o, &p->sink, &es), RC_OK);
}

static void
pair_close(struct pair *p)
{
    sink_free(p->sink);
    loop_free(p->loop);
    close(p->received);
    close(p->acked);
}

static enum rc
pair_send(struct pair *p, struct send_options o, const struct traffic_options *traffic)
{
    struct errs es = {0};
    char endpoint[64];
    bool grpc = o.exporter.protocol == EXPORTER_GRPC;

    snprintf(endpoint, sizeof(endpoint), "127.0.0.1:%u", grpc ? sink_grpc_port(p->sink) : sink_http_port(p->sink));
    ck_assert_int_eq(traffic_open(traffic, &o.traffic, &es), RC_OK);
    if (!o.exporter.endpoint)
        o.exporter.endpoint = endpoint;
    o.exporter.tls.insecure = true;
    o.exporter.timeout_ms = 10000;
    o.exporter.initial_backoff_ms = 10;
    o.exporter.max_backoff_ms = 20;
    o.connections = o.connections ? o.connections : 1;
    o.in_flight = o.in_flight ? o.in_flight : 1;
    o.give_up_ms = o.give_up_ms ? o.give_up_ms : 20000;
    o.acked = p->acked;
    enum rc rc = send_run(p->loop, &o, &p->totals, &es);

    traffic_free(o.traffic);
    errs_free(&es);
    return rc;
}

static int
by_line(const void *a, const void *b)
{
    return memcmp(a, b, 17);
}

/* The ids of a file, sorted; lines of 16 digits. */
static size_t
ids_of(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size, 0);

    ck_assert_int_ge(n, 0);
    ck_assert_int_eq(n % 17, 0);
    qsort(out, (size_t)n / 17, 17, by_line);
    return (size_t)n;
}

static void
same_ids(const struct pair *p, size_t spans)
{
    static char a[17 * 10000], b[17 * 10000];

    ck_assert_uint_eq(ids_of(p->acked, a, sizeof(a)), spans * 17);
    ck_assert_uint_eq(ids_of(p->received, b, sizeof(b)), spans * 17);
    ck_assert(memcmp(a, b, spans * 17) == 0);
}

START_TEST(send_run_delivers_by_every_protocol_and_encoding)
{
    static const struct {
        enum exporter_protocol protocol;
        bool json;
    } protocols[] = {{EXPORTER_GRPC, false}, {EXPORTER_HTTP, false}, {EXPORTER_HTTP, true}};
    static const struct traffic_options traffic = {.seed = 1, .spans = 250, .batch = 100};

    for (int i = 0; i < 9; i++) {
        struct pair p = {0};
        struct send_options o = {
            .exporter = {.protocol = protocols[i / 3].protocol, .json = protocols[i / 3].json, .compression = (enum encoding)(i % 3)}};

        pair_open(&p, (struct sink_options){0});
        ck_assert_int_eq(pair_send(&p, o, &traffic), RC_OK);
        ck_assert_int_eq(p.totals.rc, RC_OK);
        ck_assert_uint_eq(p.totals.requests, 3);
        ck_assert_uint_eq(p.totals.spans, 250);
        ck_assert_uint_eq(sink_totals(p.sink).spans, 250);
        ck_assert_uint_eq(p.totals.lost_requests + p.totals.rejected_requests + p.totals.partial, 0);
        ck_assert_uint_gt(p.totals.p50_us, 0);
        ck_assert(i % 3 == 0 ? p.totals.wire_bytes == p.totals.bytes : p.totals.wire_bytes < p.totals.bytes / 2);
        if (!protocols[i / 3].json)
            ck_assert_uint_eq(sink_totals(p.sink).bytes, p.totals.bytes);
        same_ids(&p, 250);
        pair_close(&p);
    }
}
END_TEST

START_TEST(send_run_repeats_what_may_be_repeated)
{
    static const struct traffic_options traffic = {.seed = 1, .spans = 50, .batch = 50};
    struct pair p = {0};

    pair_open(&p, (struct sink_options){.fail = RC_BUSY, .fail_count = 2});
    ck_assert_int_eq(pair_send(&p, (struct send_options){.exporter = {.protocol = EXPORTER_HTTP}}, &traffic), RC_OK);
    ck_assert_int_eq(p.totals.rc, RC_OK);
    ck_assert_uint_eq(p.totals.spans, 50);
    ck_assert_uint_ge(p.totals.retries, 2);
    ck_assert_uint_eq(sink_totals(p.sink).failed, 2);
    same_ids(&p, 50);
    pair_close(&p);
}
END_TEST

START_TEST(send_run_gives_up_only_the_batch_that_is_rejected)
{
    static const struct traffic_options traffic = {.seed = 1, .spans = 150, .batch = 50};
    struct pair p = {0};

    pair_open(&p, (struct sink_options){.fail = RC_MALFORMED, .fail_count = 1});
    ck_assert_int_eq(pair_send(&p, (struct send_options){.exporter = {.protocol = EXPORTER_GRPC}}, &traffic), RC_OK);
    ck_assert_int_eq(p.totals.rc, RC_OK);
    ck_assert_uint_eq(p.totals.rejected_spans, 50);
    ck_assert_uint_eq(p.totals.spans, 100);
    same_ids(&p, 100);
    pair_close(&p);
}
END_TEST

START_TEST(send_run_ends_when_nobody_answers)
{
    static const struct traffic_options traffic = {.seed = 1, .spans = 50, .batch = 50};
    struct pair p = {0};
    struct send_options o = {.exporter = {.protocol = EXPORTER_HTTP, .endpoint = "127.0.0.1:1"}, .give_up_ms = 100};

    pair_open(&p, (struct sink_options){0});
    ck_assert_int_eq(pair_send(&p, o, &traffic), RC_OK);
    ck_assert_int_eq(p.totals.rc, RC_TIMEOUT);
    ck_assert_uint_eq(p.totals.lost_spans, 50);
    ck_assert_uint_eq(p.totals.spans, 0);
    ck_assert_ptr_nonnull(strstr(p.totals.reason, "http=-1"));
    same_ids(&p, 0);
    o.exporter.endpoint = "http://192.0.2.1:4318"; /* plaintext is for loopback */
    ck_assert_int_eq(pair_send(&p, o, &traffic), RC_CONFIG);
    pair_close(&p);
}
END_TEST

START_TEST(send_run_sends_prepared_batches_over_and_over)
{
    static const struct traffic_options traffic = {.seed = 1, .spans = 1000, .batch = 50};
    struct send_options o = {.exporter = {.protocol = EXPORTER_HTTP}, .connections = 2, .in_flight = 2, .prepared = 3, .prepared_spans = 1000};
    static char ids[17 * 1000];
    struct pair p = {0};
    size_t different = 1;

    pair_open(&p, (struct sink_options){0});
    ck_assert_int_eq(pair_send(&p, o, &traffic), RC_OK);
    ck_assert_int_eq(p.totals.rc, RC_OK);
    ck_assert_uint_eq(p.totals.requests, 20);
    ck_assert_uint_eq(ids_of(p.received, ids, sizeof(ids)), sizeof(ids));
    for (size_t i = 17; i < sizeof(ids); i += 17)
        different += memcmp(ids + i, ids + i - 17, 17) != 0;
    ck_assert_uint_eq(different, 150);
    pair_close(&p);
}
END_TEST

START_TEST(send_run_keeps_to_its_rate)
{
    static const struct traffic_options traffic = {.seed = 1, .spans = 30, .batch = 10};
    struct pair p = {0};

    pair_open(&p, (struct sink_options){0});
    ck_assert_int_eq(pair_send(&p, (struct send_options){.exporter = {.protocol = EXPORTER_HTTP}, .spans_per_second = 200}, &traffic), RC_OK);
    ck_assert_uint_eq(p.totals.spans, 30);
    ck_assert_uint_ge(p.totals.elapsed_us, 100000); /* the third batch is due after 20 spans */
    pair_close(&p);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &send_run_delivers_by_every_protocol_and_encoding},
    {"normal", &send_run_repeats_what_may_be_repeated},
    {"normal", &send_run_gives_up_only_the_batch_that_is_rejected},
    {"normal", &send_run_ends_when_nobody_answers},
    {"normal", &send_run_sends_prepared_batches_over_and_over},
    {"limits", &send_run_keeps_to_its_rate},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("send", cases);
}
