/* The tables of OTLP 1.11 "Failures": each answer, and what becomes of the parcel. */
#include "base_suite.h"
#include "egress_exporter.h"

#define ANY 0
struct row {
    struct script script;
    enum parcel_end end;
    const char *reason;
    uint64_t rejected;
    uint64_t from_ms, to_ms; /* WAITING: when it is tried again */
};

/* ExportTraceServiceResponse{partial_success{rejected_spans 3, error_message "denied"}}; google.rpc.Status{14, "overloaded", RetryInfo{5 s}}. */
#define PARTIAL                \
    "\x0a\x0a\x08\x03\x12\x06" \
    "denied"
#define WARNING        \
    "\x0a\x08\x12\x06" \
    "denied"
/* PARTIAL, and nothing, as gzip (RFC 1952). */
#define GZIP_PARTIAL                                           \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3\xe2\xe2\x60" \
    "\x16\x62\x4b\x49\xcd\xcb\x4c\x4d\x01\x00\x9a\xf6\x44\x08\x0c\x00\x00\x00"
#define GZIP_NOTHING "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define RETRY_INFO "grpc-status-details-bin: CA4SCm92ZXJsb2FkZWQaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIBQ\n"
#define BACKOFF 500, 1500

static void
check_row(enum exporter_protocol protocol, const struct row *row, unsigned n)
{
    static char body[300000];
    struct post t;
    struct sent s = sent_make((struct str){body, sizeof(body)});

    post_open(&t, protocol);
    post_serve(&t, &row->script, 1);
    post_exporter(&t);
    uint64_t start_us = clock_mono_us(&clock_system);

    post_submit(&t, &s);
    post_until_results(&t, &s, 1);
    ck_assert_msg(clock_mono_us(&clock_system) - start_us < t.options.timeout_ms * 1000 / 2, "row %u: ended by the timeout", n);
    ck_assert_msg(s.last.end == row->end, "row %u: end %d %s, http %d grpc %d", n, s.last.end, s.last.reason, s.last.http_status, s.last.grpc_status);
    ck_assert_msg(strcmp(s.last.reason, row->reason) == 0, "row %u: %s", n, s.last.reason);
    ck_assert_msg(s.last.rejected == row->rejected, "row %u", n);
    ck_assert_uint_eq(s.last.attempt, 1);
    ck_assert_uint_eq(s.loads, 1);
    ck_assert_uint_eq(s.unloads, 1);
    ck_assert_msg(exporter_down(t.exporter) == (row->end == PARCEL_WAITING), "row %u", n);
    ck_assert_uint_eq(exporter_queued(t.exporter), row->end == PARCEL_WAITING);
    if (row->end == PARCEL_WAITING) {
        post_advance_ms(&t, row->from_ms - 1);
        ck_assert_msg(s.loads == 1, "row %u: too early", n);
        post_advance_ms(&t, row->to_ms - row->from_ms + 1);
        ck_assert_msg(s.loads == 2, "row %u: too late", n);
    }
    post_close(&t);
    ck_assert_uint_eq(s.unloads, s.loads);
}

static const struct row http_rows[] = {
    {{.status = 200}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 202}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = "content-encoding: gzip\n", .body = GZIP_PARTIAL, .body_len = 32}, PARCEL_DELIVERED, "partial", 3, 0, 0},
    {{.status = 200, .headers = "content-encoding: gzip\n", .body = "junk"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 204}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = "Content-Type: application/json\n", .body = "{}"}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = "content-type: application/json\n", .body = "{\"partialSuccess\":{\"rejectedSpans\":\"7\"}}"}, PARCEL_DELIVERED,
        "partial", 7, 0, 0},
    {{.status = 200, .headers = "Content-Type: application/x-protobuf\n", .body = PARTIAL}, PARCEL_DELIVERED, "partial", 3, 0, 0},
    {{.status = 200, .headers = "Content-Type: application/x-protobuf\n", .body = WARNING}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = "Content-Type: text/html\n", .body = "<html>Log in first</html>"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = "Content-Type: application/json\n", .body = "{\"partial"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .filler = 5u << 20}, PARCEL_REJECTED, "too_large", 0, 0, 0},
    {{.status = 301, .headers = "Location: https://localhost:1/\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 400, .body = "bad"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 401}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 403}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 404}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 408}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 413}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 413, .early = true}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 400, .body = "a message that is cut", .end = SCRIPT_CUTS_ANSWER}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 429}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 429, .headers = "Retry-After: 20\n"}, PARCEL_WAITING, "throttled", 0, 20000, 20000},
    {{.status = 429, .headers = "retry-after: 0\n"}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 429, .headers = "Retry-After: 1000000000\n"}, PARCEL_WAITING, "throttled", 0, 300000, 300000},
    {{.status = 429, .headers = "Retry-After: 99999999999999999999999999\n"}, PARCEL_WAITING, "throttled", 0, 300000, 300000},
    {{.status = 429, .headers = "Retry-After: -5\n"}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 429, .headers = "Retry-After: soon\n"}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 429, .headers = "Retry-After: NaN\n"}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 503, .headers = "Retry-After: Sun, 22 Nov 2026 07:55:43 GMT\n"}, PARCEL_WAITING, "throttled", 0, 30000, 30000},
    {{.status = 503, .headers = "Retry-After: Sunday, 22-Nov-26 07:55:43 GMT\n"}, PARCEL_WAITING, "throttled", 0, 30000, 30000},
    {{.status = 503, .headers = "Retry-After: Sun Nov 22 07:55:43 2026\n"}, PARCEL_WAITING, "throttled", 0, 30000, 30000},
    {{.status = 503, .headers = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\n"}, PARCEL_WAITING, "throttled", 0, BACKOFF},
    {{.status = 503, .headers = "Retry-After: Sun, 22 Nov 2099 07:55:43 GMT\n"}, PARCEL_WAITING, "throttled", 0, 300000, 300000},
    {{.status = 500}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 501}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 502}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 503}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 504}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 505}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.end = SCRIPT_CUTS_REQUEST}, PARCEL_WAITING, "reset", 0, BACKOFF},
    {{.status = 200, .filler = 1000, .end = SCRIPT_CUTS_ANSWER}, PARCEL_WAITING, "reset", 0, BACKOFF},
};

START_TEST(exporter_follows_the_table_when_http_answers)
{
    for (unsigned i = 0; i < sizeof(http_rows) / sizeof(http_rows[0]); i++)
        check_row(EXPORTER_HTTP, &http_rows[i], i);
}
END_TEST

#define GRPC "content-type: application/grpc\n"
static const struct row grpc_rows[] = {
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\0", .body_len = 5, .trailers = "grpc-status: 0\n"}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200,
         .headers = "content-type: application/grpc+proto\n",
         .body = "\0\0\0\0\x0c" PARTIAL,
         .body_len = 17,
         .trailers = "grpc-status: 0\n"},
        PARCEL_DELIVERED, "partial", 3, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 0\n"}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\0", .body_len = 5, .trailers = "grpc-status: 0\n", .end = SCRIPT_CLOSES_AFTER},
        PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\x0cjunk", .body_len = 9, .trailers = "grpc-status: 0\n"}, PARCEL_REJECTED, "garbage", 0, 0,
        0},
    {{.status = 200, .headers = GRPC, .body = "\1\0\0\0\0", .body_len = 5, .trailers = "grpc-status: 0\n"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-encoding: gzip\n", .body = "\1\0\0\0\x14" GZIP_NOTHING, .body_len = 25, .trailers = "grpc-status: 0\n"},
        PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-encoding: gzip\n", .body = "\1\0\0\0\x20" GZIP_PARTIAL, .body_len = 37, .trailers = "grpc-status: 0\n"},
        PARCEL_DELIVERED, "partial", 3, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-encoding: gzip\n", .body = "\0\0\0\0\x0c" PARTIAL, .body_len = 17, .trailers = "grpc-status: 0\n"},
        PARCEL_DELIVERED, "partial", 3, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-encoding: gzip\n", .body = "\1\0\0\0\4junk", .body_len = 9, .trailers = "grpc-status: 0\n"},
        PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-encoding: snappy\n", .body = "\1\0\0\0\x14" GZIP_NOTHING, .body_len = 25, .trailers = "grpc-status: 0\n"},
        PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\4junk", .body_len = 9, .trailers = "grpc-status: 0\n"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = "content-type: text/html\ngrpc-status: 0\n", .body = "<html>"}, PARCEL_REJECTED, "garbage", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .filler = 5u << 20, .trailers = "grpc-status: 0\n"}, PARCEL_REJECTED, "too_large", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 1\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC "grpc-status: 2\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 3\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 4\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC "grpc-status: 5\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 6\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 7\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 8\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 8\n" RETRY_INFO}, PARCEL_WAITING, "throttled", 0, 5000, 5000},
    {{.status = 200, .headers = GRPC "grpc-status: 8\ngrpc-status-details-bin: %%%\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 9\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 10\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC "grpc-status: 11\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC "grpc-status: 12\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 13\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 14\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\0", .body_len = 5, .trailers = "grpc-status: 14\n" RETRY_INFO}, PARCEL_WAITING, "throttled",
        0, 5000, 5000},
    {{.status = 200, .headers = GRPC "grpc-status: 15\n"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 200, .headers = GRPC "grpc-status: 16\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: 3\n", .early = true}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC "grpc-status: x\n"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0\0", .body_len = 5}, PARCEL_DELIVERED, "ok", 0, 0, 0},
    {{.status = 200, .headers = GRPC, .body = "\0\0\0\0", .body_len = 4}, PARCEL_REJECTED, "no_status", 0, 0, 0},
    {{.status = 200, .headers = GRPC}, PARCEL_REJECTED, "no_status", 0, 0, 0},
    {{.status = 200, .headers = "content-type: text/html\n", .body = "<html>"}, PARCEL_REJECTED, "no_status", 0, 0, 0},
    {{.status = 404, .headers = "content-type: text/html\n", .body = "<html>"}, PARCEL_REJECTED, "status", 0, 0, 0},
    {{.status = 503, .headers = "content-type: text/html\n", .body = "<html>"}, PARCEL_WAITING, "unavailable", 0, BACKOFF},
    {{.status = 429, .headers = "retry-after: 9\n"}, PARCEL_WAITING, "throttled", 0, 9000, 9000},
    {{.end = SCRIPT_CUTS_REQUEST}, PARCEL_WAITING, "reset", 0, BACKOFF},
    {{.status = 200, .headers = GRPC, .filler = 5000, .end = SCRIPT_CUTS_ANSWER}, PARCEL_WAITING, "reset", 0, BACKOFF},
    {{.end = SCRIPT_RESETS, .rst_code = 2}, PARCEL_WAITING, "reset", 0, BACKOFF},
    {{.end = SCRIPT_RESETS, .rst_code = 8}, PARCEL_WAITING, "reset", 0, BACKOFF},
    {{.end = SCRIPT_RESETS, .rst_code = 11}, PARCEL_WAITING, "reset", 0, BACKOFF},
};

START_TEST(exporter_follows_the_table_when_grpc_answers)
{
    for (unsigned i = 0; i < sizeof(grpc_rows) / sizeof(grpc_rows[0]); i++)
        check_row(EXPORTER_GRPC, &grpc_rows[i], i);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &exporter_follows_the_table_when_http_answers},
    {"normal", &exporter_follows_the_table_when_grpc_answers},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("exporter_answers", cases);
}
