#include "control/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base_suite.h"
#include "codec/otlp_json.h"
#include "control/sample.h"
#include "net_client.h"

/* A sink on a fake clock, what it writes in memory, and one client over HTTP/1.1. */
static struct clock clk;
static struct loop *loop;
static struct sink *sink;
static struct net_client client;
static int out, ids;

static void
start(struct sink_options o)
{
    struct errs es = {0};

    clk = clock_fake(1000000, 1700000000000000);
    loop = loop_new(&clk);
    out = memfd_create("out", MFD_CLOEXEC);
    ids = memfd_create("ids", MFD_CLOEXEC);
    o.address = "127.0.0.1";
    o.out = out;
    o.ids = ids;
    ck_assert_int_eq(sink_open(loop, &o, &sink, &es), RC_OK);
    net_client_open(&client, sink_http_port(sink), NULL);
}

static void
end(void)
{
    net_client_close(&client);
    sink_free(sink);
    loop_free(loop);
    close(out);
    close(ids);
}

/* Server and client do what they can. */
static void
settle(void)
{
    for (int quiet = 0; quiet < 20; quiet++) {
        loop_step(loop);
        if (net_client_pump(&client))
            quiet = 0;
    }
}

static void
post(const char *type, const char *encoding, struct str body)
{
    char head[300];
    int n = snprintf(head, sizeof(head),
        "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", type, encoding, body.len);

    buf_clear(&client.in);
    net_client_send(&client, (struct str){head, (size_t)n});
    net_client_send(&client, body);
    settle();
}

/* Of the answer, 0 while there is none. */
static unsigned
status(void)
{
    return client.in.len > 12 ? (unsigned)strtoul(client.in.ptr + 9, NULL, 10) : 0;
}

static struct str
written(int fd)
{
    static char bytes[1 << 20];
    ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

    ck_assert_int_ge(n, 0);
    return (struct str){bytes, (size_t)n};
}

static struct buf
places(void)
{
    struct sample_places o = {.value = STR("alice.meyer@example.org"), .number = 5, .seed = 3};
    struct buf body = BUF_INIT(1u << 20);

    ck_assert_int_eq(sample_places_batch(&o, &body), RC_OK);
    return body;
}

static const char json[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"my \\\"cart\\\"\"}}]},\"scopeSpans\":["
    "{\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"first\"},{\"spanId\":"
    "\"eee19b7ec3c1b175\",\"name\":\"second\",\"attributes\":[{\"key\":\"line\",\"value\":{\"stringValue\":\"a\\nb\"}}]}]}]}]}";

START_TEST(sink_prints_a_line_a_span)
{
    start((struct sink_options){.format = SINK_TEXT});
    post("application/json", "identity", str_of(json));
    ck_assert_uint_eq(status(), 200);
    ck_assert(str_eq(written(out), STR("5b8efff798038103d269b633813fc60c eee19b7ec3c1b174 span.name=\"first\" "
                                       "resource.attributes.service.name=\"my \\\"cart\\\"\"\n"
                                       "- eee19b7ec3c1b175 span.name=\"second\" span.attributes.line=\"a\\nb\" "
                                       "resource.attributes.service.name=\"my \\\"cart\\\"\"\n")));
    ck_assert(str_eq(written(ids), STR("eee19b7ec3c1b174\neee19b7ec3c1b175\n")));
    struct sink_totals t = sink_totals(sink);

    ck_assert_uint_eq(t.requests, 1);
    ck_assert_uint_eq(t.spans, 2);
    ck_assert_uint_eq(t.failed, 0);
    end();
}
END_TEST

START_TEST(sink_takes_every_encoding_and_prints_json)
{
    static const enum encoding all[] = {ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD};
    struct buf body = places(), expected = BUF_INIT(1u << 20);
    struct compressor *c = compressor_new();

    ck_assert_int_eq(otlp_json_encode(buf_str(&body), &expected), RC_OK);
    ck_assert_int_eq(buf_append_byte(&expected, '\n'), RC_OK);
    start((struct sink_options){.format = SINK_JSON});
    for (int i = 0; i < 3; i++) {
        struct buf packed = BUF_INIT(1u << 20);

        ck_assert_int_eq(compressor_deflate(c, all[i], buf_str(&body), &packed), RC_OK);
        post("application/x-protobuf", encoding_name(all[i]), buf_str(&packed));
        ck_assert_uint_eq(status(), 200);
        buf_free(&packed);
    }
    struct str got = written(out);

    ck_assert_uint_eq(got.len, 3 * expected.len);
    for (size_t i = 0; i < 3; i++)
        ck_assert(str_eq(str_sub(got, i * expected.len, (i + 1) * expected.len), buf_str(&expected)));
    ck_assert_uint_eq(sink_totals(sink).bytes, 3 * body.len);
    end();
    compressor_free(c);
    buf_free(&body);
    buf_free(&expected);
}
END_TEST

START_TEST(sink_is_silent_when_quiet)
{
    start((struct sink_options){.format = SINK_QUIET});
    post("application/json", "identity", str_of(json));
    ck_assert_uint_eq(status(), 200);
    ck_assert_uint_eq(written(out).len, 0);
    ck_assert_uint_eq(written(ids).len, 34);
    end();
}
END_TEST

START_TEST(sink_fails_as_often_as_it_is_told)
{
    start((struct sink_options){.format = SINK_QUIET, .fail = RC_FULL, .fail_count = 2, .retry_after_ms = 3000});
    for (int i = 0; i < 3; i++) {
        post("application/json", "identity", str_of(json));
        ck_assert_uint_eq(status(), i < 2 ? 429 : 200);
        ck_assert_int_eq(str_find(buf_str(&client.in), STR("Retry-After: 3\r\n")) != SIZE_MAX, i < 2);
    }
    ck_assert_uint_eq(sink_totals(sink).failed, 2);
    ck_assert_uint_eq(sink_totals(sink).requests, 1);
    ck_assert_uint_eq(written(ids).len, 34); /* nothing is recorded that was refused */
    end();
}
END_TEST

START_TEST(sink_answers_after_its_delay)
{
    start((struct sink_options){.format = SINK_QUIET, .delay_ms = 5000});
    post("application/json", "identity", str_of(json));
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(written(ids).len, 34); /* recorded before the reply */
    clk.fake_mono_us += 4999000;
    settle();
    ck_assert_uint_eq(status(), 0);
    clk.fake_mono_us += 2000;
    settle();
    ck_assert_uint_eq(status(), 200);
    post("application/json", "identity", str_of(json)); /* one that still waits when all is closed */
    end();
}
END_TEST

START_TEST(sink_refuses_what_is_no_batch)
{
    start((struct sink_options){.format = SINK_TEXT});
    post("application/json", "identity", STR("{\"resourceSpans\":1}"));
    ck_assert_uint_eq(status(), 400);
    post("application/x-protobuf", "identity", STR("\x0a\x05"));
    ck_assert_uint_eq(status(), 400);
    post("application/x-protobuf", "gzip", STR("no gzip"));
    ck_assert_uint_eq(status(), 400);
    ck_assert_uint_eq(sink_totals(sink).failed, 3);
    ck_assert_uint_eq(written(out).len + written(ids).len, 0);
    end();
}
END_TEST

START_TEST(sink_open_says_what_is_wrong)
{
    static const struct sink_options bad[] = {
        {.address = "127.0.0.1", .cert_file = "/nonexistent.crt"},
        {.address = "127.0.0.1", .cert_file = "/nonexistent.crt", .key_file = "/nonexistent.key", .ca_file = "/nonexistent.ca"},
        {.address = "192.0.2.1"},
        {.address = "localhost"},
    };

    clk = clock_fake(1000000, 1700000000000000);
    loop = loop_new(&clk);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct errs es = {0};

        ck_assert_int_ne(sink_open(loop, &bad[i], &sink, &es), RC_OK);
        ck_assert_uint_gt(es.errors, 0);
        errs_free(&es);
    }
    loop_free(loop);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &sink_prints_a_line_a_span},
    {"normal", &sink_takes_every_encoding_and_prints_json},
    {"normal", &sink_is_silent_when_quiet},
    {"normal", &sink_fails_as_often_as_it_is_told},
    {"normal", &sink_answers_after_its_delay},
    {"malformed", &sink_refuses_what_is_no_batch},
    {"malformed", &sink_open_says_what_is_wrong},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("sink", cases);
}
