#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>

#include "base_nomem.h"
#include "base_suite.h"

static char text[1u << 20];

static const char *
printed(void)
{
    struct buf b = BUF_INIT(sizeof(text) - 1);

    ck_assert_int_eq(metrics_print(&b), RC_OK);
    memcpy(text, b.ptr, b.len);
    text[b.len] = '\0';
    buf_free(&b);
    return text;
}

#define LABELS(...) (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

START_TEST(metric_get_gives_the_same_cell_for_the_same_labels)
{
    struct metric_cell *a = metric_get(M_REQUESTS, LABELS("grpc", "0")), *b = metric_get(M_REQUESTS, LABELS("grpc", "3"));

    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_eq(a, metric_get(M_REQUESTS, LABELS("grpc", "0")));
    metric_add(a, 2);
    metric_add(a, 3);
    metric_set(b, 9);
    ck_assert_ptr_nonnull(strstr(printed(), "# TYPE spangate_receiver_requests_total counter\n"
                                            "spangate_receiver_requests_total{transport=\"grpc\",code=\"0\"} 5\n"
                                            "spangate_receiver_requests_total{transport=\"grpc\",code=\"3\"} 9\n"));
}
END_TEST

START_TEST(metrics_print_escapes_label_values)
{
    char longer[400];

    memset(longer, 'v', sizeof(longer));
    longer[255] = (char)0xc3; /* the cut at 256 falls inside a character */
    longer[256] = (char)0xbc;
    longer[399] = '\0';
    metric_set(metric_get(M_SENT_SPANS, LABELS("a\"b\\c\nd")), 1);
    metric_set(metric_get(M_SENT_SPANS, LABELS(longer)), 2);
    longer[255] = '\0';
    char want[500];

    snprintf(want, sizeof(want), "{exporter=\"%s\"} 2\n", longer);
    ck_assert_ptr_nonnull(strstr(printed(), "spangate_exporter_sent_spans_total{exporter=\"a\\\"b\\\\c\\nd\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(text, want));
}
END_TEST

START_TEST(metrics_print_writes_cumulative_buckets)
{
    struct metric_histogram *h = metric_get_histogram(M_COMMIT_SECONDS, NULL, 0);

    metric_observe_us(h, 0);
    metric_observe_us(h, 500);
    metric_observe_us(h, 501);
    metric_observe_us(h, 10000001);
    const char *p = printed();

    ck_assert_ptr_nonnull(strstr(p, "_bucket{le=\"0.0005\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(p, "_bucket{le=\"0.001\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(p, "_bucket{le=\"10\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(p, "_bucket{le=\"+Inf\"} 4\n"));
    ck_assert_ptr_nonnull(strstr(p, "spangate_journal_commit_duration_seconds_sum 10.001002\n"));
    ck_assert_ptr_nonnull(strstr(p, "spangate_journal_commit_duration_seconds_count 4\n"));
    metric_observe_us(metric_get_histogram(M_REQUEST_SECONDS, LABELS("http")), 3000);
    ck_assert_ptr_nonnull(strstr(printed(), "_seconds_bucket{transport=\"http\",le=\"0.005\"} 1\n"));
}
END_TEST

START_TEST(metrics_print_tells_of_this_process)
{
    const char *p = printed(), *at = strstr(p, "\nprocess_resident_memory_bytes ");
    double value;

    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, " process_resident_memory_bytes %lf", &value), 1);
    ck_assert(value > 100000 && value < 1e12);
    at = strstr(p, "\nprocess_start_time_seconds ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, " process_start_time_seconds %lf", &value), 1);
    ck_assert(value > 1.6e9);
    ck_assert_ptr_nonnull(strstr(p, "\nprocess_open_fds "));
}
END_TEST

START_TEST(metric_get_shares_one_cell_beyond_the_maximum)
{
    char value[16];

    for (int i = 0; i < 2000; i++) {
        snprintf(value, sizeof(value), "v%d", i);
        metric_add(metric_get(M_QUEUE_SIZE, LABELS(value)), 1);
    }
    struct metric_cell *a = metric_get(M_QUEUE_SIZE, LABELS("new")), *b = metric_get(M_QUEUE_SIZE, LABELS("newer"));

    ck_assert_ptr_eq(a, b);
    metric_set(a, 77);
    ck_assert_ptr_nonnull(
        strstr(printed(), "spangate_exporter_queue_size{exporter=\"v1999\"} 1\nspangate_exporter_queue_size{exporter=\"other\"} 77\n"));
    ck_assert_ptr_ne(a, metric_get(M_QUEUE_SIZE, LABELS("v5")));
}
END_TEST

static void *
count_up(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++)
        metric_add(metric_get(M_SCAN_BYTES, NULL, 0), 1);
    return NULL;
}

START_TEST(metric_add_loses_nothing_between_threads)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, count_up, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    ck_assert_ptr_nonnull(strstr(printed(), "\nspangate_scan_bytes_total 40000\n"));
}
END_TEST

START_TEST(metrics_print_respects_the_maximum)
{
    struct buf b = BUF_INIT(50);

    metric_add(metric_get(M_SCAN_BYTES, NULL, 0), 1);
    ck_assert_int_eq(metrics_print(&b), RC_TOO_LARGE);
    buf_free(&b);
}
END_TEST

START_TEST(metric_get_gives_the_shared_cell_when_memory_fails)
{
    for (long n = 1; nomem_round(n); n++) {
        char value[24];

        snprintf(value, sizeof(value), "nomem-%ld", n);
        struct metric_cell *c = metric_get(M_EXPORTER_UP, LABELS(value));
        bool failed = nomem_end();

        ck_assert_ptr_nonnull(c);
        if (!failed)
            break;
        metric_set(c, 55);
        ck_assert_ptr_nonnull(strstr(printed(), "spangate_exporter_up{exporter=\"other\"} 55\n"));
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &metric_get_gives_the_same_cell_for_the_same_labels},
    {"normal", &metrics_print_escapes_label_values},
    {"normal", &metrics_print_writes_cumulative_buckets},
    {"normal", &metrics_print_tells_of_this_process},
    {"limits", &metric_get_shares_one_cell_beyond_the_maximum},
    {"normal", &metric_add_loses_nothing_between_threads},
    {"limits", &metrics_print_respects_the_maximum},
    {"nomem", &metric_get_gives_the_shared_cell_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("metrics", cases);
}
