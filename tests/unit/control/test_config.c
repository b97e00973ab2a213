#include "control/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base_nomem.h"
#include "base_suite.h"

static char dir[] = "/tmp/config-XXXXXX", path[64];

static const char head[] = "version: 1\n"
                           "receivers:\n"
                           "  otlp:\n"
                           "    protocols:\n"
                           "      grpc: {endpoint: '0.0.0.0:4317', tls: &t {cert_file: s.crt, key_file: s.key, client_ca_file: /abs/ca.crt}}\n";
static const char tail[] = "policies: {sources: [{dir: policies.d}]}\n"
                           "journal: {dir: journal}\n";
static const char exporters[] = "exporters:\n"
                                "  otlp_grpc/eu: {endpoint: 'tempo.example.org:4317', jurisdiction: EU, country: DE, tls: {ca_file: b.crt}}\n";

static void
write_file(const char *a, const char *b, const char *c)
{
    char text[8192];
    int n = snprintf(text, sizeof(text), "%s%s%s", a, b, c);

    if (strstr(dir, "XXXXXX"))
        ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/gateway.yaml", dir);
    ck_assert_int_eq(file_write_atomic(path, (struct str){text, (size_t)n}, 0600), RC_OK);
}

static void
clean(void)
{
    unlink(path);
    rmdir(dir);
}

static const struct config *
load(const char *middle)
{
    const struct config *c = NULL;
    struct errs es = {0};

    write_file(head, middle, tail);
    if (config_load(path, &c, &es) != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_ptr_nonnull(c);
    errs_free(&es);
    return c;
}

/* The file must be refused; one of the errors says this, and its hint that. */
static void
refuse_file(const char *what, const char *text, const char *hint)
{
    const struct config *c = NULL;
    struct errs es = {0};
    bool found = false;

    ck_assert_msg(config_load(path, &c, &es) == RC_CONFIG, "accepted: %s", what);
    ck_assert_ptr_null(c);
    for (size_t i = 0; i < es.count; i++)
        found |= strstr(es.list[i].text, text) && (!hint || strstr(es.list[i].hint, hint));
    if (!found)
        errs_print(&es, stderr, false);
    ck_assert_msg(found, "%s: not told: %s", what, text);
    errs_free(&es);
}

static void
refuse(const char *middle, const char *text, const char *hint)
{
    char more[2048];

    snprintf(more, sizeof(more), "%s%s", strstr(middle, "exporters:") ? "" : exporters, middle);
    write_file(head, more, tail);
    refuse_file(middle, text, hint);
}

START_TEST(config_fills_defaults_when_little_is_said)
{
    const struct config *c = load(exporters);
    char want[128];

    ck_assert(c->grpc.on && !c->http.on);
    ck_assert_str_eq(c->grpc.endpoint.address, "0.0.0.0");
    ck_assert_uint_eq(c->grpc.endpoint.port, 4317);
    ck_assert_uint_eq(c->grpc.max_body_bytes, 16u << 20);
    ck_assert_uint_eq(c->grpc.max_streams, 128);
    ck_assert_uint_eq(c->grpc.max_connections, 10000);
    snprintf(want, sizeof(want), "%s/s.crt", dir);
    ck_assert_str_eq(c->grpc.tls.cert_file, want);
    ck_assert_str_eq(c->grpc.tls.client_ca_file, "/abs/ca.crt");
    snprintf(want, sizeof(want), "%s/policies.d", dir);
    ck_assert_uint_eq(c->source_count, 1);
    ck_assert_str_eq(c->sources[0].dir, want);
    ck_assert_uint_ge(c->workers, 1);
    ck_assert_uint_gt(strlen(c->node), 0);
    ck_assert_uint_eq(c->journal_after_ms, 100);
    ck_assert_uint_eq(c->journal.max_bytes, 8192ull << 20);
    ck_assert_uint_eq(c->journal.group_delay_ms, 5);
    ck_assert_uint_eq(c->metrics.port, 8888);
    ck_assert(c->metrics.loopback && c->health.off);
    ck_assert_uint_eq(c->log_level, LOG_INFO);
    ck_assert_uint_eq(c->exporter_count, 1);
    const struct config_exporter *e = &c->exporters[0];

    ck_assert_str_eq(e->name, "otlp_grpc/eu");
    ck_assert_int_eq(e->protocol, EXPORTER_GRPC);
    ck_assert_str_eq(e->country, "DE");
    ck_assert_uint_eq(e->compression, ENCODING_GZIP);
    ck_assert(e->timeout_ms == 10000 && e->initial_interval_ms == 1000 && e->max_interval_ms == 30000 && e->consumers == 4);
    config_unref(c);
    clean();
}
END_TEST

START_TEST(config_reads_every_section)
{
    setenv("CONFIG_TEST_NODE", "gw-1", 1);
    const struct config *c = load("node: ${env:CONFIG_TEST_NODE}\nworkers: 3\njournal_after: 1s\n"
                                  "keys: [{id: k1, file: k1.key}]\n"
                                  "identities: [{match: 'spiffe://*', country: DE}, {match: '*', region: eu-central-1}]\n"
                                  "enrichment: {on_conflict: keep}\n"
                                  "audit: {max_size_mib: 7}\n"
                                  "telemetry: {metrics: {endpoint: '[::1]:0'}, health: {endpoint: none}, logs: {level: debug, format: json}}\n"
                                  "exporters:\n"
                                  "  otlp_http/us:\n"
                                  "    endpoint: https://otlp.example.com\n"
                                  "    jurisdiction: US\n"
                                  "    compression: zstd\n"
                                  "    headers: {x-api-key: v1, other: 'a b'}\n"
                                  "    timeout: 3s\n"
                                  "    retry_on_failure: {initial_interval: 50ms, max_interval: 2s, max_elapsed_time: 0}\n"
                                  "    sending_queue: {num_consumers: 9}\n"
                                  "  otlp_grpc: {endpoint: 'localhost:4317', jurisdiction: EU, tls: {insecure: true}}\n");

    ck_assert_str_eq(c->node, "gw-1");
    ck_assert(c->workers == 3 && c->journal_after_ms == 1000 && c->audit.max_bytes == 7u << 20);
    ck_assert_str_eq(c->keys[0].id, "k1");
    ck_assert_uint_eq(c->keys[0].pos.line, 9);
    ck_assert_uint_eq(c->identity_count, 2);
    ck_assert_str_eq(c->identities[1].region, "eu-central-1");
    ck_assert_ptr_null(c->identities[1].country);
    ck_assert_ptr_nonnull(c->enrichment);
    ck_assert(c->health.off && !c->metrics.off && c->metrics.loopback);
    ck_assert_str_eq(c->metrics.address, "::1");
    ck_assert(c->log_level == LOG_DEBUG && c->log_format == LOG_JSON);
    const struct config_exporter *e = &c->exporters[0];
    struct exporter_options o = config_exporter_options(c, 0, &clock_system);

    ck_assert_str_eq(e->headers[0], "x-api-key: v1");
    ck_assert_str_eq(e->headers[1], "other: a b");
    ck_assert_ptr_null(e->headers[2]);
    ck_assert(o.protocol == EXPORTER_HTTP && o.compression == ENCODING_ZSTD && o.timeout_ms == 3000 && o.initial_backoff_ms == 50);
    ck_assert(o.max_backoff_ms == 2000 && o.in_flight == 9 && o.headers == e->headers && o.clock == &clock_system);
    ck_assert(c->exporters[1].tls.insecure);
    config_unref(c);
    clean();
}
END_TEST

START_TEST(config_refuses_with_the_nearest_name)
{
    static const struct {
        const char *middle, *text, *hint;
    } rows[] = {
        {"exporterz: 1\n", "unknown key \"exporterz\"", "did you mean exporters?"},
        {"exporters: {otlp_grpc/eu: {endpont: 'a:1', jurisdiction: EU}}\n", "unknown key \"endpont\"", "did you mean endpoint?"},
        {"exporters: {otlp_grpc/eu: {endpoint: 'a:1'}}\n", "jurisdiction is missing", NULL},
        {"exporters: {otlp_grpc/eu: {jurisdiction: EU}}\n", "endpoint is missing", NULL},
        {"exporters: {otlp_grpc/eu: ~}\n", "a map is wanted", NULL},
        {"exporters: {}\n", "there is no exporter", NULL},
        {"exporters: {otlp/eu: {endpoint: 'a:1', jurisdiction: EU}}\n", "is not the name of an exporter", "otlp_grpc/NAME"},
        {"exporters: {otlp_grpc/: {endpoint: 'a:1', jurisdiction: EU}}\n", "is not the name of an exporter", NULL},
        {"exporters: {otlp_grpc/a b: {endpoint: 'a:1', jurisdiction: EU}}\n", "is not the name of an exporter", NULL},
        {"exporters: {otlp_grpc: {endpoint: a, jurisdiction: EU}}\n", "not the endpoint", "host:port"},
        {"exporters: {otlp_grpc: {endpoint: 'a:0', jurisdiction: EU}}\n", "not the endpoint", NULL},
        {"exporters: {otlp_grpc: {endpoint: 'a:1/x', jurisdiction: EU}}\n", "not the endpoint", NULL},
        {"exporters: {otlp_http: {endpoint: 'a:1', jurisdiction: EU}}\n", "not the endpoint", "https://"},
        {"exporters: {otlp_http: {endpoint: 'https://u:p@a', jurisdiction: EU}}\n", "not the endpoint", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a/?q', jurisdiction: EU}}\n", "not the endpoint", NULL},
        {"exporters: {otlp_http: {endpoint: 'http://a', jurisdiction: EU}}\n", "do not fit", "insecure"},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, tls: {insecure: true}}}\n", "do not fit", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, country: Germany}}\n", "there is no country Germany", "ISO 3166-1"},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, compression: gzpi}}\n", "gzpi", "did you mean gzip?"},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, headers: {content-type: x}}}\n", "not the name of a header", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, headers: {'a b': x}}}\n", "not the name of a header", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, headers: {a: \"x\\r\\ny: z\"}}}\n", "control characters", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, retry_on_failure: {max_elapsed_time: 5m}}}\n", "out of range", NULL},
        {"exporters: {otlp_http: {endpoint: 'https://a', jurisdiction: EU, retry_on_failure: {initial_interval: 60s}}}\n", "above max_interval",
            NULL},
        {"workers: 0\n", "out of range", "from 1 to 64"},
        {"journal_after: soon\n", "a duration", NULL},
        {"identities: [{match: a}]\n", "needs a country, a region or a service", NULL},
        {"identities: [{match: a, region: mars-1}]\n", "region mars-1 is not known", NULL},
        {"identities: {match: a}\n", "a list is wanted", NULL},
        {"keys: [{id: a, file: x}, {id: a, file: y}]\n", "the key a is there twice", NULL},
        {"keys: [{id: a, file: x, previous: {id: b, file: y}}]\n", "a previous key needs id, file and until", NULL},
        {"keys: [{id: a, file: x, previous: {id: b, file: y, until: 2026-02-30}}]\n", "this is no day", NULL},
        {"keys: [{id: a, file: x, previous: {id: a, file: y, until: 2026-12-31}}]\n", "an id of its own", NULL},
        {"telemetry: {metrics: {endpoint: '0.0.0.0:8888'}}\n", "loopback address only", "health"},
        {"telemetry: {metrics: {endpoint: '127.0.0.1:13133'}, health: {endpoint: 'localhost:13133'}}\n",
            "two listeners have the endpoint 127.0.0.1:13133", NULL},
        {"telemetry: {metrics: {endpoint: 'example.org:1'}}\n", "an address and a port are wanted", NULL},
        {"telemetry: {metrics: {endpoint: '127.0.0.1:65536'}}\n", "an address and a port are wanted", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuse(rows[i].middle, rows[i].text, rows[i].hint);
    clean();
}
END_TEST

START_TEST(config_refuses_folders_that_are_none)
{
    refuse("audit: {dir: gateway.yaml}\n", "gateway.yaml is no folder", NULL);
    refuse("audit: {dir: gateway.yaml/a/b}\n", "gateway.yaml is no folder", NULL);
    config_unref(load("exporters: {otlp_grpc/a: {endpoint: 'a:1', jurisdiction: EU}}\naudit: {dir: a/b/c}\n"));
    clean();
}
END_TEST

START_TEST(config_refuses_what_must_be_there_and_is_not)
{
    static const struct {
        const char *file, *text;
    } rows[] = {
        {"", "one document"},
        {"[]\n", "one document"},
        {"version: 1\n---\nversion: 1\n", "one document"},
        {"version: 2\n", "out of range"},
        {"version: 1\n", "receivers is missing"},
        {"version: 1\n", "policies is missing"},
        {"version: 1\n", "exporters is missing"},
        {"version: 1\n", "journal is missing"},
        {"version: 1\njournal: {}\n", "dir is missing"},
        {"version: 1\nreceivers: {otlp: {protocols: {}}}\n", "neither grpc nor http"},
        {"version: 1\nreceivers: {otlp: {protocols: {grpc: {}}}}\n", "tls is missing"},
        {"version: 1\nreceivers: {otlp: {protocols: {grpc: {endpoint: '0.0.0.0:1', tls: {insecure: true}}}}}\n", "loopback address only"},
        {"version: 1\nreceivers: {otlp: {protocols: {grpc: {endpoint: none, tls: {insecure: true}}}}}\n", "needs an address"},
        {"version: 1\nreceivers: {otlp: {protocols: {grpc: {max_recv_msg_size_mib: 65}}}}\n", "out of range"},
        {"version: 1\npolicies: {sources: []}\n", "no source of policies"},
        {"version: 1\npolicies: {sources: [{}]}\n", "either a dir, a file, a bundle or a pack"},
        {"version: 1\npolicies: {sources: [{dir: a, file: b}]}\n", "either a dir, a file, a bundle or a pack"},
        {"version: 1\npolicies: {sources: [{pack: pci-ds}]}\n", "there is no pack pci-ds"},
        {"version: 1\npolicies: {sources: [{dir: ''}]}\n", "name of a file"},
        {"version: 1\npolicies: {on_no_match: send}\n", "unknown value \"send\""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_file(rows[i].file, "", "");
        refuse_file(rows[i].file, rows[i].text, NULL);
    }
    clean();
}
END_TEST

START_TEST(config_reports_all_errors_in_one_round)
{
    const struct config *c = NULL;
    struct errs es = {0};

    write_file("version: 1\nworkers: 99\nnode: []\n", "receivers: {otlp: {protocols: {http: {endpoint: x, tls: {}}}}}\n", "nonsense: 1\n");
    ck_assert_int_eq(config_load(path, &c, &es), RC_CONFIG);
    ck_assert_uint_ge(es.errors, 7);
    errs_free(&es);
    clean();
}
END_TEST

START_TEST(config_warns_of_plaintext_that_leaves_the_machine)
{
    const struct config *c = NULL;
    struct errs es = {0};

    write_file(head, "exporters: {otlp_grpc: {endpoint: 'a.example:1', jurisdiction: EU, tls: {insecure: true}}}\n", tail);
    ck_assert_int_eq(config_load(path, &c, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    config_unref(c);
    errs_free(&es);
    write_file(head, "exporters: {otlp_grpc: {endpoint: '[::1]:1', jurisdiction: EU, tls: {insecure: true}}}\n", tail);
    ck_assert_int_eq(config_load(path, &c, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 0);
    config_unref(c);
    clean();
}
END_TEST

START_TEST(config_check_reload_tells_what_needs_a_start)
{
    static const char *const changes[] = {"workers: 9\n", "node: other\n", "journal_after: 2s\n", "audit: {max_size_mib: 9}\n",
        "telemetry: {metrics: {endpoint: none}}\n", "telemetry: {health: {endpoint: '127.0.0.1:1'}}\n"};
    char middle[1024];
    const struct config *old = load(exporters), *now;
    struct errs es = {0};

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        snprintf(middle, sizeof(middle), "%s%s", changes[i], exporters);
        now = load(middle);
        ck_assert_msg(config_check_reload(old, now, &es) == RC_CONFIG, "%s", changes[i]);
        ck_assert_uint_eq(es.errors, 1);
        config_unref(now);
        errs_free(&es);
    }
    snprintf(middle, sizeof(middle), "telemetry: {logs: {level: debug}}\nidentities: [{match: a, country: DE}]\n%s", exporters);
    now = load(middle);
    ck_assert_int_eq(config_check_reload(old, now, &es), RC_OK);
    config_unref(now);
    config_unref(old);
    clean();
}
END_TEST

START_TEST(config_exporter_same_sees_other_certificates)
{
    const struct config *a = load(exporters), *b = load(exporters);
    char cert[64];

    ck_assert(config_exporter_same(&a->exporters[0], &b->exporters[0]));
    config_unref(b);
    snprintf(cert, sizeof(cert), "%s/b.crt", dir);
    ck_assert_int_eq(file_write_atomic(cert, STR("another"), 0600), RC_OK);
    b = load(exporters);
    ck_assert(!config_exporter_same(&a->exporters[0], &b->exporters[0]));
    config_unref(b);
    unlink(cert);
    b = load(
        "exporters: {otlp_grpc/eu: {endpoint: 'tempo.example.org:4317', jurisdiction: EU, country: DE, headers: {a: b}, tls: {ca_file: b.crt}}}\n");
    ck_assert(!config_exporter_same(&a->exporters[0], &b->exporters[0]));
    config_unref(b);
    config_unref(a);
    clean();
}
END_TEST

START_TEST(config_references_keep_it_alive)
{
    const struct config *c = load(exporters);

    ck_assert_ptr_eq(config_ref(c), c);
    config_unref(c);
    ck_assert_str_eq(c->exporters[0].name, "otlp_grpc/eu");
    config_unref(c);
    config_unref(NULL);
    clean();
}
END_TEST

START_TEST(config_reference_lists_every_key)
{
    static const char *const keys[] = {"version", "receivers.otlp.protocols.grpc.max_recv_msg_size_mib",
        "exporters.NAME.retry_on_failure.max_interval", "policies.sources[].dir", "telemetry.logs.level", "keys[].id"};
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    config_print_reference(f);
    fclose(f);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char want[128];

        snprintf(want, sizeof(want), "\n| `%s` | ", keys[i]);
        ck_assert_msg(strstr(text, want) != NULL, "%s", keys[i]);
    }
    free(text);
}
END_TEST

START_TEST(config_load_reports_when_memory_fails)
{
    write_file(head, exporters, tail);
    for (long n = 1; nomem_round(n); n++) {
        const struct config *c = NULL;
        struct errs es = {0};
        enum rc rc = config_load(path, &c, &es);
        bool failed = nomem_end();

        ck_assert(rc == RC_OK ? c && !es.errors : !c);
        ck_assert_msg(failed || rc == RC_OK, "allocation %ld", n);
        config_unref(c);
        errs_free(&es);
        if (!failed)
            break;
    }
    clean();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &config_fills_defaults_when_little_is_said},
    {"normal", &config_reads_every_section},
    {"malformed", &config_refuses_with_the_nearest_name},
    {"malformed", &config_refuses_folders_that_are_none},
    {"malformed", &config_refuses_what_must_be_there_and_is_not},
    {"malformed", &config_reports_all_errors_in_one_round},
    {"normal", &config_warns_of_plaintext_that_leaves_the_machine},
    {"normal", &config_check_reload_tells_what_needs_a_start},
    {"normal", &config_exporter_same_sees_other_certificates},
    {"normal", &config_references_keep_it_alive},
    {"normal", &config_reference_lists_every_key},
    {"nomem", &config_load_reports_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("config", cases);
}
