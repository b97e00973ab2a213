#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "control/command.h"
#include "control/send.h"

#define MS(us) ((double)(us) / 1000.0)

static int
traffic_read(const struct arguments *a, struct traffic_options *o)
{
    static const char *const examples[] = {"pii", "plain", "places"};
    uint64_t batch = args_number(a, "batch");

    if (batch < 1 || batch > 100000)
        return usage_error(a, "--batch is 1 to 100000");
    *o = (struct traffic_options){.file = args_text(a, "file"),
        .seed = args_number(a, "seed"),
        .spans = args_number(a, "count"),
        .batch = (uint32_t)batch,
        .country = args_text(a, "country"),
        .region = args_text(a, "region"),
        .value = args_text(a, "value"),
        .number = (int64_t)args_number(a, "number")};
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
        if (strcmp(args_text(a, "example"), examples[i]) == 0)
            o->example = (enum traffic_example)i;
    return EXIT_DONE;
}

static int
send_read(const struct arguments *a, struct send_options *o)
{
    const char *protocol = args_text(a, "protocol"), *endpoint = args_text(a, "endpoint"), *ca = args_text(a, "ca"), *cert = args_text(a, "cert");
    const char *compression = args_text(a, "compression");
    bool grpc = strcmp(protocol, "grpc") == 0;
    uint64_t connections = args_number(a, "connections"), in_flight = args_number(a, "in-flight");
    struct str to = str_of(endpoint);
    uint64_t prepared = args_number(a, "prepared");
    bool plaintext = str_starts(to, STR("http://")) || (!ca && !cert && !str_starts(to, STR("https://")));

    if (prepared > SEND_PREPARED_MAX)
        return usage_error(a, "--prepared is at most %d", SEND_PREPARED_MAX);
    if (connections < 1 || connections > SEND_CONNECTIONS_MAX || in_flight < 1 || in_flight > SEND_IN_FLIGHT_MAX)
        return usage_error(a, "--connections and --in-flight are 1 to %d", SEND_CONNECTIONS_MAX);
    *o = (struct send_options){
        .exporter = {.protocol = grpc ? EXPORTER_GRPC : EXPORTER_HTTP,
            .json = strcmp(protocol, "http/json") == 0,
            .endpoint = endpoint ? endpoint
                        : grpc   ? "localhost:4317"
                                 : "localhost:4318",
            .tls = {.ca_file = ca, .cert_file = cert, .key_file = args_text(a, "key"), .min_version = 0x0304, .insecure = plaintext},
            .timeout_ms = args_number(a, "timeout"),
            .initial_backoff_ms = 1000,
            .max_backoff_ms = 30000},
        .connections = (unsigned)connections,
        .in_flight = (unsigned)in_flight,
        .spans_per_second = args_number(a, "rate"),
        .prepared = (unsigned)prepared,
        .prepared_spans = args_number(a, "count"),
        .give_up_ms = args_number(a, "give-up"),
        .acked = -1};
    if (strcmp(compression, "gzip") == 0)
        o->exporter.compression = ENCODING_GZIP;
    else if (strcmp(compression, "zstd") == 0)
        o->exporter.compression = ENCODING_ZSTD;
    return EXIT_DONE;
}

static void
print_text(const struct send_totals *t)
{
    double seconds = (double)t->elapsed_us / 1e6;

    printf("acknowledged  %" PRIu64 " spans in %" PRIu64 " requests, %" PRIu64 " bytes (%" PRIu64 " on the wire)\n", t->spans, t->requests, t->bytes,
        t->wire_bytes);
    if (t->partial)
        printf("partial       %" PRIu64 " spans of them were rejected\n", t->partial);
    if (t->rejected_requests)
        printf("rejected      %" PRIu64 " spans in %" PRIu64 " requests\n", t->rejected_spans, t->rejected_requests);
    if (t->lost_requests)
        printf("unanswered    %" PRIu64 " spans in %" PRIu64 " requests\n", t->lost_spans, t->lost_requests);
    if (t->retries || t->reason[0])
        printf("trouble       %" PRIu64 " times; the last: %s\n", (t->retries + t->rejected_requests), t->reason);
    printf("time          %.2f s, %.0f spans/s\n", seconds, seconds > 0 ? (double)t->spans / seconds : 0);
    printf("latency       p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms\n", MS(t->p50_us), MS(t->p90_us), MS(t->p99_us), MS(t->max_us));
}

static enum rc
print_json(const struct send_totals *t)
{
    struct buf text = BUF_INIT(8192);
    struct json j = json_begin(&text);

    json_object(&j, NULL);
    json_u64(&j, "spans", t->spans);
    json_u64(&j, "requests", t->requests);
    json_u64(&j, "bytes", t->bytes);
    json_u64(&j, "wire_bytes", t->wire_bytes);
    json_u64(&j, "partial", t->partial);
    json_u64(&j, "rejected_spans", t->rejected_spans);
    json_u64(&j, "rejected_requests", t->rejected_requests);
    json_u64(&j, "unanswered_spans", t->lost_spans);
    json_u64(&j, "unanswered_requests", t->lost_requests);
    json_u64(&j, "retries", t->retries);
    json_cstr(&j, "reason", t->reason);
    json_u64(&j, "elapsed_us", t->elapsed_us);
    json_u64(&j, "spans_per_second", t->elapsed_us ? t->spans * 1000000 / t->elapsed_us : 0);
    json_u64(&j, "p50_us", t->p50_us);
    json_u64(&j, "p90_us", t->p90_us);
    json_u64(&j, "p99_us", t->p99_us);
    json_u64(&j, "max_us", t->max_us);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    if (rc == RC_OK)
        printf("%.*s\n", (int)text.len, text.ptr);
    buf_free(&text);
    return rc;
}

/* What the command ends with: rejected spans are a result, an endpoint that does not answer is not. */
static int
judge(const struct send_totals *t)
{
    if (t->rc == RC_STOPPING)
        return t->lost_requests ? EXIT_UNAVAILABLE : EXIT_DONE;
    if (t->rc != RC_OK)
        fprintf(stderr, "spangate send: %s\n", t->rc == RC_TIMEOUT ? "nothing was acknowledged any more" : rc_text(t->rc));
    if (t->rc == RC_TIMEOUT || t->rc == RC_IO)
        return EXIT_UNAVAILABLE;
    return t->rc != RC_OK || t->rejected_requests || t->partial ? EXIT_NEGATIVE : EXIT_DONE;
}

static int
send_all(const struct arguments *a, struct send_options *o, const struct traffic_options *traffic)
{
    struct errs es = {0};
    struct send_totals totals;
    struct loop *l = loop_new(&clock_system);
    enum rc rc = l ? traffic_open(traffic, &o->traffic, &es) : RC_NOMEM;
    int code;

    if (rc == RC_OK)
        rc = send_run(l, o, &totals, &es);
    if (rc == RC_OK && strcmp(args_text(a, "format"), "json") == 0)
        rc = print_json(&totals);
    else if (rc == RC_OK)
        print_text(&totals);
    if (es.errors)
        errs_print(&es, stderr, output_colored(stderr));
    else if (rc != RC_OK)
        fprintf(stderr, "spangate send: %s\n", rc_text(rc));
    code = rc == RC_OK ? judge(&totals) : exit_code_of(rc);
    traffic_free(o->traffic);
    loop_free(l);
    errs_free(&es);
    return code;
}

static int
run(const struct arguments *a)
{
    const char *acked = args_text(a, "acked");
    struct traffic_options traffic = {0};
    struct send_options o = {.acked = -1};
    int code = traffic_read(a, &traffic);

    if (code == EXIT_DONE)
        code = send_read(a, &o);
    if (code != EXIT_DONE)
        return code;
    if (acked) {
        o.acked = open(acked, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (o.acked < 0) {
            fprintf(stderr, "spangate send: %s: %s\n", acked, strerror(errno));
            return EXIT_UNAVAILABLE;
        }
    }
    log_setup(LOG_ERROR, LOG_TEXT, STDERR_FILENO); /* retries are counted, and told at the end */
    code = send_all(a, &o, &traffic);
    if (o.acked >= 0)
        close(o.acked);
    return code;
}

static const struct option_spec options[] = {
    {.name = "endpoint",
        .letter = 'e',
        .type = OPTION_TEXT,
        .arg = "HOST:PORT|URL",
        .help = "Where to send; default localhost with the protocol's port"},
    {.name = "protocol", .letter = 'p', .type = OPTION_CHOICE, .arg = "grpc|http/protobuf|http/json", .fallback = "grpc", .help = "How OTLP is sent"},
    {.name = "compression", .type = OPTION_CHOICE, .arg = "none|gzip|zstd", .fallback = "none", .help = "Of the bodies"},
    {.name = "cert", .type = OPTION_TEXT, .arg = "FILE", .help = "Client certificate"},
    {.name = "key", .type = OPTION_TEXT, .arg = "FILE", .help = "Its key"},
    {.name = "ca",
        .type = OPTION_TEXT,
        .arg = "FILE",
        .help = "Authority of the server's certificate; without it and https:// plaintext, on loopback"},
    {.name = "count", .letter = 'n', .type = OPTION_NUMBER, .arg = "SPANS", .fallback = "512", .help = "Samples to send"},
    {.name = "batch", .type = OPTION_NUMBER, .arg = "SPANS", .fallback = "512", .help = "Spans of a request"},
    {.name = "rate", .type = OPTION_NUMBER, .arg = "SPANS", .fallback = "0", .help = "Spans a second; 0 = as fast as it goes"},
    {.name = "example",
        .type = OPTION_CHOICE,
        .arg = "pii|places|plain",
        .fallback = "pii",
        .help = "Samples: 5 % personal values; one in every place; none"},
    {.name = "value",
        .type = OPTION_TEXT,
        .arg = "TEXT",
        .fallback = "alice.meyer@example.org",
        .help = "What stands in every place of --example places"},
    {.name = "number", .type = OPTION_NUMBER, .arg = "NUMBER", .fallback = "4111111111111111", .help = "And as its numbers"},
    {.name = "seed", .type = OPTION_NUMBER, .arg = "NUMBER", .fallback = "1", .help = "Same seed, same samples"},
    {.name = "country", .type = OPTION_TEXT, .arg = "CODE", .help = "geo.country.iso_code of samples"},
    {.name = "region", .type = OPTION_TEXT, .arg = "NAME", .help = "cloud.region of samples"},
    {.name = "file", .letter = 'f', .type = OPTION_TEXT, .arg = "FILE", .help = "Send this instead: OTLP/JSON, a request a line, or protobuf"},
    {.name = "acked", .type = OPTION_TEXT, .arg = "FILE", .help = "Append the ids of acknowledged spans in hexadecimal"},
    {.name = "connections", .type = OPTION_NUMBER, .arg = "NUMBER", .fallback = "1", .help = "Connections"},
    {.name = "in-flight", .type = OPTION_NUMBER, .arg = "NUMBER", .fallback = "1", .help = "Requests under way on each"},
    {.name = "prepared",
        .type = OPTION_NUMBER,
        .arg = "BATCHES",
        .fallback = "0",
        .help = "Make so many batches first, then send them over and over: for benchmarks"},
    {.name = "timeout", .type = OPTION_DURATION, .arg = "DURATION", .fallback = "10s", .help = "Of one attempt"},
    {.name = "give-up", .type = OPTION_DURATION, .arg = "DURATION", .fallback = "1m", .help = "End when nothing was acknowledged for so long"},
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the totals"},
    {0},
};

const struct command cmd_send = {
    .name = "send",
    .usage = "[--endpoint HOST:PORT] [--protocol grpc|http/protobuf|http/json] [--count SPANS | --file FILE]",
    .summary = "Send sample traffic or a file to an OTLP endpoint",
    .text = "Sends as an SDK does: requests that may be retried are, by OTLP's rules, until they are acknowledged or nothing was for as long as "
            "--give-up says. "
            "Ends with what was acknowledged and how long that took.\n\n"
            "The samples are the same for the same seed: HTTP, database, RPC and messaging spans of 12 to 20 attributes. Nobody in them exists.\n\n"
            "Exit code: 0 all was acknowledged; 1 something was rejected; 4 the endpoint did not answer.",
    .options = options,
    .run = run,
};
