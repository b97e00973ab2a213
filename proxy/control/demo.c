#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/command.h"
#include "policies/packs.h"
#include "demo_int.h"
#include "net/pki.h"

#define READY_MS 20000
#define ARRIVE_MS 20000
#define ARENA_MAX ((size_t)256 * 1024 * 1024)
#define PATH_SIZE 160

static void say(const struct demo *d, const char *what, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
say(const struct demo *d, const char *what, const char *fmt, ...)
{
    va_list ap;

    printf("%s%-13s%s ", d->o->color ? "\033[1m" : "", what, d->o->color ? "\033[0m" : "");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

static const char *
path(const struct demo *d, const char *name, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/%s", d->dir, name);
    return out;
}

/* -- the folder -------------------------------------------------------------------------------------------------------------------- */

static int
remove_one(const char *file, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(file);
}

static enum rc
folder_make(struct demo *d)
{
    const char *tmp = getenv("TMPDIR");

    if (snprintf(d->dir, sizeof(d->dir), "%s/spangate-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp") >= (int)sizeof(d->dir))
        snprintf(d->dir, sizeof(d->dir), "/tmp/spangate-demo-XXXXXX");
    if (mkdtemp(d->dir))
        return RC_OK;
    fprintf(stderr, "spangate demo: %s: %s\n", d->dir, strerror(errno));
    d->dir[0] = '\0';
    return RC_IO;
}

static void
folder_end(const struct demo *d)
{
    if (!d->dir[0])
        return;
    if (d->o->keep)
        say(d, "kept", "%s", d->dir);
    else
        nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static enum rc
write_pack(const struct demo *d, const char *name)
{
    char file[PATH_SIZE];

    return file_write_atomic(path(d, name, file), pack_text(name), 0600);
}

static enum rc
files_write(const struct demo *d)
{
    static const struct pki_client clients[] = {
        {"client-eu", "spiffe://example.org/ns/shop/sa/checkout", "DE"},
        {"client-us", "spiffe://example.org/ns/shop/sa/storefront", "US"},
    };
    char dir[PATH_SIZE];
    const struct pki_options pki = {path(d, "pki", dir), 1, clients, 2};
    struct errs es = {0};
    enum rc rc = pki_make(&pki, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, d->o->color);
    errs_free(&es);
    if (rc == RC_OK)
        rc = write_pack(d, "starter.policy.yaml");
    if (rc == RC_OK)
        rc = write_pack(d, "eu-stays.policy.yaml");
    if (rc == RC_OK)
        rc = write_pack(d, "demo.yaml");
    for (unsigned i = 0; i < DEMO_REQUESTS && rc == RC_OK; i++) {
        char name[32], file[PATH_SIZE];

        snprintf(name, sizeof(name), "request-%u.pb", i + 1);
        rc = file_write_atomic(path(d, name, file), buf_str(&d->requests[i].wire), 0600);
    }
    return rc;
}

/* -- the processes ----------------------------------------------------------------------------------------------------------------- */

static bool
has_line(void *arg)
{
    return str_find(buf_str(&((struct child *)arg)->text), STR("\n")) != SIZE_MAX;
}

/* The number behind the n-th name=, 0 when there is none. */
static unsigned
number_after(struct str text, struct str name)
{
    size_t at = str_find(text, name);
    uint64_t value = 0;

    if (at == SIZE_MAX)
        return 0;
    text = str_sub(text, at + name.len, text.len);
    for (size_t n = 0; n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9' && value < 100000; n++)
        value = value * 10 + (uint64_t)(text.ptr[n] - '0');
    return (unsigned)value;
}

static enum rc
sink_start(struct demo *d, struct demo_sink *s)
{
    static const char *const argv[] = {"sink", "--grpc", "0", "--http", "0", "--cert", "pki/backend.crt", "--key", "pki/backend.key", "--ca",
        "pki/backends-ca.crt", "--format", "json", NULL};
    char log[PATH_SIZE], name[32];

    snprintf(name, sizeof(name), "sink-%s.log", s->name);
    const struct child_spec spec = {.argv = argv, .log = path(d, name, log), .dir = d->dir};
    struct child *c = &s->child;
    enum rc rc = child_start(c, &spec);

    if (rc == RC_OK)
        rc = child_read(&c, 1, has_line, c, READY_MS);
    if (rc != RC_OK)
        return rc;
    s->grpc_port = number_after(buf_str(&c->text), STR("grpc="));
    s->http_port = number_after(buf_str(&c->text), STR("http="));
    return s->grpc_port && s->http_port ? RC_OK : RC_IO;
}

static bool
is_started(void *arg)
{
    return str_find(buf_str(&((struct child *)arg)->text), STR("event=started")) != SIZE_MAX;
}

static struct str
line_with(struct str text, struct str word)
{
    size_t at = str_find(text, word);

    if (at == SIZE_MAX)
        return STR("");
    text = str_sub(text, at, text.len);
    size_t end = str_find(text, STR("\n"));

    return end == SIZE_MAX ? text : str_sub(text, 0, end);
}

static enum rc
gate_start(struct demo *d)
{
    static const char *const argv[] = {"run", "--config", "demo.yaml", NULL};
    char log[PATH_SIZE], eu[16], us[16];
    const struct child_spec spec = {.argv = argv, .errors = true, .log = path(d, "gate.out", log), .dir = d->dir};
    struct child *c = &d->gate;

    snprintf(eu, sizeof(eu), "%u", d->sinks[0].grpc_port);
    snprintf(us, sizeof(us), "%u", d->sinks[1].http_port);
    if (setenv("SPANGATE_DEMO_EU", eu, 1) != 0 || setenv("SPANGATE_DEMO_US", us, 1) != 0)
        return RC_NOMEM;
    enum rc rc = child_start(c, &spec);

    if (rc == RC_OK)
        rc = child_read(&c, 1, is_started, c, READY_MS);
    if (rc != RC_OK)
        return rc;
    d->grpc_port = number_after(line_with(buf_str(&c->text), STR("protocol=otlp_grpc")), STR("port="));
    d->http_port = number_after(line_with(buf_str(&c->text), STR("protocol=otlp_http")), STR("port="));
    return d->grpc_port && d->http_port ? RC_OK : RC_IO;
}

static bool
has_ended(void *arg)
{
    return ((struct child *)arg)->from < 0;
}

/* One request, by `send`, as a client would. What it says about rejected spans is no failure: one request is meant to be kept back. */
static enum rc
request_send(struct demo *d, unsigned i)
{
    const struct demo_request *r = &d->requests[i];
    bool grpc = strcmp(r->protocol, "grpc") == 0;
    char endpoint[64], cert[64], key[64], file[32], log[PATH_SIZE];
    const char *const argv[] = {"send", "--endpoint", endpoint, "--protocol", r->protocol, "--compression", r->compression, "--cert", cert, "--key",
        key, "--ca", "pki/server-ca.crt", "--file", file, NULL};
    const struct child_spec spec = {.argv = argv, .log = path(d, "send.log", log), .dir = d->dir};
    struct child c, *list = &c;

    snprintf(endpoint, sizeof(endpoint), "https://localhost:%u", grpc ? d->grpc_port : d->http_port);
    snprintf(cert, sizeof(cert), "pki/%s.crt", r->client);
    snprintf(key, sizeof(key), "pki/%s.key", r->client);
    snprintf(file, sizeof(file), "request-%u.pb", i + 1);
    enum rc rc = child_start(&c, &spec);

    if (rc != RC_OK)
        return rc;
    rc = child_read(&list, 1, has_ended, &c, READY_MS);
    int code = rc == RC_OK ? child_wait(&c) : child_stop(&c);

    child_free(&c);
    return rc == RC_OK && code != EXIT_DONE && code != EXIT_NEGATIVE ? RC_IO : rc;
}

/* -- waiting until all has arrived ------------------------------------------------------------------------------------------------- */

static uint32_t
lines_of(const struct child *c)
{
    uint32_t n = 0;

    for (size_t i = 0; i < c->text.len; i++)
        n += c->text.ptr[i] == '\n';
    return n;
}

/* The German shop's requests and that from Paris go to the EU, the US shop's to both: 5 and 2, behind the line with the ports. */
static bool
all_arrived(void *arg)
{
    const struct demo *d = arg;

    return lines_of(&d->sinks[0].child) >= 6 && lines_of(&d->sinks[1].child) >= 3;
}

static enum rc
traffic_run(struct demo *d)
{
    struct child *children[] = {&d->sinks[0].child, &d->sinks[1].child, &d->gate};
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < DEMO_REQUESTS && rc == RC_OK; i++)
        rc = request_send(d, i);
    if (rc == RC_OK)
        rc = child_read(children, 3, all_arrived, d, ARRIVE_MS);
    return rc == RC_TIMEOUT ? RC_OK : rc; /* what is missing is counted and shown */
}

static void
count_missing(struct demo *d)
{
    for (unsigned i = 0; i < DEMO_REQUESTS; i++) {
        const struct batch *b = &d->requests[i].batch, *r;
        uint32_t at;

        for (uint32_t k = 0; k < b->span_count && !d->requests[i].stays; k++)
            d->missing += !demo_find_span(&d->sinks[0], b, k, &r, &at) && !demo_find_span(&d->sinks[1], b, k, &r, &at);
    }
}

static enum rc
start(struct demo *d)
{
    enum rc rc = folder_make(d);

    if (rc == RC_OK)
        rc = demo_traffic(d);
    if (rc == RC_OK)
        rc = files_write(d);
    if (rc == RC_OK)
        say(d, "certificates", "%s/pki, good for a day", d->dir);
    for (int i = 0; i < 2 && rc == RC_OK; i++)
        rc = sink_start(d, &d->sinks[i]);
    if (rc == RC_OK)
        say(d, "backends", "EU: gRPC on port %u; US: HTTP on port %u; both with mutual TLS", d->sinks[0].grpc_port, d->sinks[1].http_port);
    if (rc == RC_OK)
        rc = gate_start(d);
    if (rc == RC_OK)
        say(d, "gate", "gRPC on port %u, HTTP on port %u, client certificates required", d->grpc_port, d->http_port);
    return rc;
}

static enum rc
finish(struct demo *d)
{
    int gate = child_stop(&d->gate), eu = child_stop(&d->sinks[0].child), us = child_stop(&d->sinks[1].child);
    enum rc rc = demo_received(d);

    if (rc == RC_OK)
        rc = demo_audit(d);
    if (rc != RC_OK)
        return rc;
    count_missing(d);
    demo_find_leaks(d);
    rc = demo_print_requests(d);
    demo_print_end(d);
    if (rc == RC_OK && (gate != 0 || eu != 0 || us != 0)) {
        fprintf(stderr, "spangate demo: a process did not end well: gate %d, sinks %d and %d\n", gate, eu, us);
        rc = RC_INTERNAL;
    }
    return rc;
}

static void
release(struct demo *d)
{
    char file[PATH_SIZE];

    child_free(&d->gate);
    if (d->o->keep && d->dir[0] && file_write_atomic(path(d, "gate.log", file), buf_str(&d->gate.text), 0600) != RC_OK)
        fprintf(stderr, "spangate demo: %s: %s\n", file, strerror(errno));
    for (int i = 0; i < 2; i++) {
        child_free(&d->sinks[i].child);
        for (uint32_t k = 0; k < d->sinks[i].count; k++)
            buf_free_wipe(&d->sinks[i].wire[k]);
    }
    for (unsigned i = 0; i < DEMO_REQUESTS; i++)
        buf_free_wipe(&d->requests[i].wire);
    for (uint32_t i = 0; i < d->entry_count; i++)
        conf_free(d->entries[i]);
    arena_free(d->ar);
    folder_end(d);
    free(d);
}

int
demo_run(const struct demo_options *o)
{
    struct demo *d = calloc(1, sizeof(*d));
    int code;

    if (!d)
        return EXIT_INTERNAL;
    d->o = o;
    d->ar = arena_new(ARENA_MAX);
    d->sinks[0] = (struct demo_sink){.name = "eu", .destination = "otlp_grpc/eu", .jurisdiction = "EU"};
    d->sinks[1] = (struct demo_sink){.name = "us", .destination = "otlp_http/us", .jurisdiction = "US"};
    child_catch_signals();
    enum rc rc = d->ar ? start(d) : RC_NOMEM;

    if (rc == RC_OK)
        rc = traffic_run(d);
    if (rc == RC_OK)
        rc = finish(d);
    code = rc == RC_OK ? d->leaks || d->missing ? EXIT_NEGATIVE : EXIT_DONE : exit_code_of(rc);
    if (rc != RC_OK) {
        fprintf(stderr, "spangate demo: %s\n", rc_text(rc));
        fprintf(stderr, "%.*s", (int)d->gate.text.len, d->gate.text.len ? d->gate.text.ptr : "");
    }
    release(d);
    return code;
}
