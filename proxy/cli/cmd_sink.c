#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "control/command.h"
#include "control/sink.h"

/* The result code that is answered with this HTTP or gRPC status; the table's first. */
static bool
status_find(uint64_t status, enum rc *rc)
{
    for (int i = 1; i < RC_COUNT_; i++) {
        if (status != (uint64_t)(status >= 100 ? rc_http_status((enum rc)i) : rc_grpc_status((enum rc)i)))
            continue;
        *rc = (enum rc)i;
        return true;
    }
    return false;
}

/* CODE or CODE:COUNT */
static bool
fail_parse(const char *text, struct sink_options *o)
{
    struct str s = str_of(text);
    size_t colon = str_find(s, STR(":"));
    uint64_t status;

    o->fail_count = UINT64_MAX;
    if (colon != SIZE_MAX && !str_to_u64(str_sub(s, colon + 1, s.len), &o->fail_count))
        return false;
    return str_to_u64(colon == SIZE_MAX ? s : str_sub(s, 0, colon), &status) && status_find(status, &o->fail);
}

static int
options_read(const struct arguments *a, struct sink_options *o)
{
    const char *fail = args_text(a, "fail"), *ids = args_text(a, "ids");
    uint64_t grpc = args_number(a, "grpc"), http = args_number(a, "http"), retry_after = args_number(a, "retry-after");

    if (grpc > UINT16_MAX || http > UINT16_MAX)
        return usage_error(a, "a port is 0 to 65535");
    *o = (struct sink_options){.address = args_text(a, "address"),
        .grpc_port = (uint16_t)grpc,
        .http_port = (uint16_t)http,
        .cert_file = args_text(a, "cert"),
        .key_file = args_text(a, "key"),
        .ca_file = args_text(a, "ca"),
        .format = strcmp(args_text(a, "format"), "json") == 0 ? SINK_JSON : SINK_TEXT,
        .out = STDOUT_FILENO,
        .ids = -1,
        .retry_after_ms = retry_after > UINT32_MAX ? UINT32_MAX : (uint32_t)retry_after,
        .delay_ms = args_number(a, "delay")};
    if (args_flag(a, "quiet"))
        o->format = SINK_QUIET;
    if (fail && !fail_parse(fail, o))
        return usage_error(a, "--fail is a status such as 503 (HTTP) or 14 (gRPC), with :COUNT if it is to end, not \"%s\"", fail);
    if (ids) {
        o->ids = open(ids, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (o->ids < 0) {
            fprintf(stderr, "spangate sink: %s: %s\n", ids, strerror(errno));
            return EXIT_UNAVAILABLE;
        }
    }
    return EXIT_DONE;
}

static enum rc say(const struct sink_options *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

static enum rc
say(const struct sink_options *o, const char *fmt, ...)
{
    char line[256];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    return n < 0 ? RC_INTERNAL : sink_write(o->out, (struct str){line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1});
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    loop_stop(arg);
}

static enum rc
serve(struct loop *l, const struct sink_options *o, struct errs *es)
{
    struct event *ends[2] = {evsignal_new(loop_base(l), SIGTERM, on_signal, l), evsignal_new(loop_base(l), SIGINT, on_signal, l)};
    struct sink *s = NULL;
    enum rc rc = RC_NOMEM;

    if (ends[0] && ends[1] && event_add(ends[0], NULL) == 0 && event_add(ends[1], NULL) == 0)
        rc = sink_open(l, o, &s, es);
    if (rc == RC_OK)
        rc = say(o, "listening grpc=%u http=%u\n", sink_grpc_port(s), sink_http_port(s));
    if (rc == RC_OK) {
        loop_run(l);
        struct sink_totals t = sink_totals(s);

        rc = say(o, "total requests=%" PRIu64 " spans=%" PRIu64 " bytes=%" PRIu64 " failed=%" PRIu64 " refused=%" PRIu64 "\n", t.requests, t.spans,
            t.bytes, t.failed, t.refused);
    }
    sink_free(s);
    for (int i = 0; i < 2; i++)
        if (ends[i])
            event_free(ends[i]);
    return rc;
}

static int
run(const struct arguments *a)
{
    struct sink_options o = {.ids = -1};
    struct errs es = {0};
    int code = options_read(a, &o);

    if (code != EXIT_DONE)
        return code;
    signal(SIGPIPE, SIG_IGN);
    struct loop *l = loop_new(&clock_system);
    enum rc rc = l ? serve(l, &o, &es) : RC_NOMEM;

    if (es.errors)
        errs_print(&es, stderr, output_colored(stderr));
    else if (rc != RC_OK)
        fprintf(stderr, "spangate sink: %s\n", rc_text(rc));
    errs_free(&es);
    loop_free(l);
    if (o.ids >= 0)
        close(o.ids);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "address", .type = OPTION_TEXT, .arg = "IP", .fallback = "127.0.0.1", .help = "Address to listen on; other than loopback needs TLS"},
    {.name = "grpc", .type = OPTION_NUMBER, .arg = "PORT", .fallback = "4317", .help = "Port for OTLP/gRPC; 0 takes any"},
    {.name = "http", .type = OPTION_NUMBER, .arg = "PORT", .fallback = "4318", .help = "Port for OTLP/HTTP; 0 takes any"},
    {.name = "cert", .type = OPTION_TEXT, .arg = "FILE", .help = "Certificate; with --key and --ca: mutual TLS"},
    {.name = "key", .type = OPTION_TEXT, .arg = "FILE", .help = "Its key"},
    {.name = "ca", .type = OPTION_TEXT, .arg = "FILE", .help = "Authority of the clients' certificates"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "A line a span, or OTLP/JSON, a line a request"},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .help = "Count only"},
    {.name = "ids", .type = OPTION_TEXT, .arg = "FILE", .help = "Append the id of each span in hexadecimal, before the reply"},
    {.name = "fail", .type = OPTION_TEXT, .arg = "CODE[:COUNT]", .help = "Answer all requests, or the first COUNT, with this HTTP or gRPC status"},
    {.name = "retry-after", .type = OPTION_DURATION, .arg = "DURATION", .fallback = "0s", .help = "Say with --fail when to try again"},
    {.name = "delay", .type = OPTION_DURATION, .arg = "DURATION", .fallback = "0s", .help = "Wait before each reply"},
    {0},
};

const struct command cmd_sink = {
    .name = "sink",
    .usage = "[--grpc PORT] [--http PORT] [--cert FILE --key FILE --ca FILE] [--format text|json]",
    .summary = "Receive OTLP and print the spans",
    .text = "A backend for first steps, demonstrations and tests: it takes OTLP/gRPC and OTLP/HTTP (protobuf and JSON, gzip and zstd) and prints "
            "what it gets. "
            "The first line names the ports: \"listening grpc=PORT http=PORT\"; SIGTERM ends it, and the last line has the totals.\n\n"
            "As text each span is a line: trace id, span id, then every text by its path, as policies name it. Span ids that are lost "
            "or come twice are found with --ids.",
    .options = options,
    .run = run,
};
