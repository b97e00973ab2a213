#include "egress/exporter.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"
#include "codec/compress.h"
#include "egress_exporter.h"

#define GRPC_OK                                                                                                                           \
    {                                                                                                                                     \
        .status = 200, .headers = "content-type: application/grpc\n", .body = "\0\0\0\0\0", .body_len = 5, .trailers = "grpc-status: 0\n" \
    }
static const struct script grpc_ok[] = {GRPC_OK};
static const struct script http_ok[] = {{.status = 200}};

static void
fill(char *bytes, size_t len, uint64_t seed)
{
    struct rng rng = {.state = seed};

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)rng_next(&rng);
}

static void
check_head(const struct test_server *s, const char *line, bool there)
{
    ck_assert_msg((strstr(s->head, line) != NULL) == there, "\"%s\" in\n%s", line, s->head);
}

/* -- what is sent ----------------------------------------------------------------------------------------------------------------- */

START_TEST(exporter_sends_grpc_as_otlp_wants_it)
{
    static char body[3000000];
    static const char *const headers[] = {"X-Tenant: shop", "api-key: k 1", NULL};
    static const size_t sizes[] = {0, 1, 16384, 423000, sizeof(body)};
    struct post t;

    fill(body, sizeof(body), 1);
    post_open(&t, EXPORTER_GRPC);
    t.options.headers = headers;
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct sent s = sent_make((struct str){body, sizes[i]});
        struct grpc_prefix {
            uint8_t flag, len[4];
        } * prefix;

        s.parcel.encoding = i % 2 ? ENCODING_GZIP : ENCODING_IDENTITY;
        post_submit(&t, &s);
        post_until_ended(&t, &s);
        ck_assert_int_eq(s.last.end, PARCEL_DELIVERED);
        ck_assert_int_eq(s.last.http_status, 200);
        ck_assert_int_eq(s.last.grpc_status, 0);
        ck_assert_uint_eq(t.server.body.len, 5 + sizes[i]);
        prefix = (void *)t.server.body.ptr;
        ck_assert_uint_eq(prefix->flag, i % 2);
        ck_assert_uint_eq((size_t)prefix->len[0] << 24 | (size_t)prefix->len[1] << 16 | (size_t)prefix->len[2] << 8 | prefix->len[3], sizes[i]);
        ck_assert_int_eq(memcmp(t.server.body.ptr + 5, body, sizes[i]), 0);
        check_head(&t.server, ":method: POST\n", true);
        check_head(&t.server, ":path: /opentelemetry.proto.collector.trace.v1.TraceService/Export\n", true);
        check_head(&t.server, ":scheme: https\n", true);
        check_head(&t.server, "content-type: application/grpc\n", true);
        check_head(&t.server, "te: trailers\n", true);
        check_head(&t.server, "grpc-timeout: 20000m\n", true);
        check_head(&t.server, "grpc-accept-encoding: identity\n", true);
        check_head(&t.server, "grpc-encoding: gzip\n", i % 2);
        check_head(&t.server, "x-tenant: shop\n", true);
        check_head(&t.server, "api-key: k 1\n", true);
        check_head(&t.server, "user-agent: spangate/", true);
        check_head(&t.server, "\naccept:", false);
        check_head(&t.server, "expect:", false);
    }
    ck_assert_uint_eq(t.server.connections, 1);
    post_close(&t);
}
END_TEST

START_TEST(exporter_sends_http_as_otlp_wants_it)
{
    static char body[3000000];
    static const size_t sizes[] = {0, 1, 70000, 423000, sizeof(body)};
    struct post t;

    fill(body, sizeof(body), 2);
    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, http_ok, 1);
    post_exporter(&t);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct sent s = sent_make((struct str){body, sizes[i]});

        s.parcel.encoding = i % 2 ? ENCODING_ZSTD : ENCODING_IDENTITY;
        post_submit(&t, &s);
        post_until_ended(&t, &s);
        ck_assert_int_eq(s.last.end, PARCEL_DELIVERED);
        ck_assert_int_eq(s.last.http_status, 200);
        ck_assert_int_eq(s.last.grpc_status, -1);
        ck_assert_uint_eq(t.server.body.len, sizes[i]);
        ck_assert_int_eq(memcmp(t.server.body.ptr ? t.server.body.ptr : "", body, sizes[i]), 0);
        check_head(&t.server, "POST /v1/traces HTTP/1.1\r\n", true);
        check_head(&t.server, "Host: localhost:", true);
        check_head(&t.server, "Content-Type: application/x-protobuf\r\n", true);
        check_head(&t.server, "Content-Encoding: zstd\r\n", i % 2);
        check_head(&t.server, "Accept-Encoding", false);
        check_head(&t.server, "Expect:", false);
        check_head(&t.server, "Transfer-Encoding", false);
    }
    ck_assert_uint_eq(t.server.connections, 1);
    post_close(&t);
}
END_TEST

/* A connection was checked by the rules of the exporter that made it: by its files, its revocation list. */
START_TEST(exporter_uses_no_connection_of_a_former_one)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sent s = sent_make(STR("x")), again = sent_make(STR("y"));
        struct post t;

        post_open(&t, i ? EXPORTER_GRPC : EXPORTER_HTTP);
        post_serve(&t, i ? grpc_ok : http_ok, 1);
        post_exporter(&t);
        post_submit(&t, &s);
        post_until_ended(&t, &s);
        exporter_close(t.exporter);
        post_exporter(&t);
        post_submit(&t, &again);
        post_until_ended(&t, &again);
        ck_assert_int_eq(again.last.end, PARCEL_DELIVERED);
        ck_assert_uint_eq(t.server.connections, 2);
        post_close(&t);
    }
}
END_TEST

START_TEST(exporter_takes_the_path_of_the_endpoint)
{
    struct sent s = sent_make(STR("x"));
    struct post t;
    char url[128];

    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, http_ok, 1);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/api/v2/otlp", t.server.port);
    t.options.endpoint = url;
    post_exporter(&t);
    post_submit(&t, &s);
    post_until_ended(&t, &s);
    check_head(&t.server, "POST /api/v2/otlp HTTP/1.1\r\n", true);
    post_close(&t);
}
END_TEST

START_TEST(exporter_speaks_plaintext_on_loopback)
{
    static char body[400000];

    for (unsigned i = 0; i < 2; i++) {
        struct sent s[3] = {sent_make((struct str){body, sizeof(body)}), sent_make(STR("x")), sent_make(STR("y"))};
        struct post t;
        char url[64];

        post_open(&t, i ? EXPORTER_HTTP : EXPORTER_GRPC);
        t.pki.server_file = NULL;
        post_serve(&t, i ? http_ok : grpc_ok, 1);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u", t.server.port);
        t.options.endpoint = url;
        t.options.tls = (struct tls_options){.insecure = true};
        post_exporter(&t);
        for (unsigned k = 0; k < 3; k++) {
            post_submit(&t, &s[k]);
            post_until_ended(&t, &s[k]);
            ck_assert_int_eq(s[k].last.end, PARCEL_DELIVERED);
            ck_assert_str_eq(s[k].last.peer_cert_sha256, "");
        }
        post_close(&t);
    }
}
END_TEST

/* Four at a time, as streams of one connection. */
START_TEST(exporter_multiplexes_grpc_on_one_connection)
{
    static char body[200000];
    struct sent s[40];
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    for (unsigned i = 0; i < 40; i++) {
        s[i] = sent_make((struct str){body, sizeof(body)});
        post_submit(&t, &s[i]);
    }
    ck_assert_uint_eq(exporter_queued(t.exporter), 40);
    for (unsigned i = 0; i < 40; i++) {
        post_until_ended(&t, &s[i]);
        ck_assert_int_eq(s[i].last.end, PARCEL_DELIVERED);
        ck_assert_uint_eq(s[i].results, 1);
    }
    ck_assert_uint_eq(exporter_queued(t.exporter), 0);
    ck_assert_uint_eq(t.server.connections, 1);
    ck_assert_uint_eq(t.server.requests, 40);
    ck_assert_uint_gt(t.server.most_open, 1);
    ck_assert_uint_le(t.server.most_open, 4);
    post_close(&t);
}
END_TEST

START_TEST(exporter_connects_again_when_the_server_closed_meanwhile)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sent s[2] = {sent_make(STR("first")), sent_make(STR("second"))};
        struct post t;

        post_open(&t, i ? EXPORTER_HTTP : EXPORTER_GRPC);
        post_serve(&t, i ? http_ok : grpc_ok, 1);
        post_exporter(&t);
        post_submit(&t, &s[0]);
        post_until_ended(&t, &s[0]);
        test_server_cut(&t.server);
        post_submit(&t, &s[1]);
        post_until_results(&t, &s[1], 1);
        ck_assert_int_eq(s[1].last.end, PARCEL_DELIVERED);
        ck_assert_uint_eq(t.server.connections, 2);
        post_close(&t);
    }
}
END_TEST

/* What the server has surely not looked at is no failure of the destination. */
START_TEST(exporter_sends_again_at_once_what_was_refused)
{
    static const struct script scripts[][3] = {
        {{.end = SCRIPT_RESETS, .rst_code = 7}, {.end = SCRIPT_RESETS, .rst_code = 7}, GRPC_OK},
        {GRPC_OK, {.end = SCRIPT_GOES_AWAY}, GRPC_OK},
        {{.end = SCRIPT_GOES_AWAY}, GRPC_OK, GRPC_OK},
    };

    for (unsigned i = 0; i < 3; i++) {
        struct sent s[2] = {sent_make(STR("first")), sent_make(STR("second"))};
        struct post t;

        post_open(&t, EXPORTER_GRPC);
        post_serve(&t, scripts[i], 3);
        post_exporter(&t);
        for (unsigned k = 0; k < 2; k++) {
            post_submit(&t, &s[k]);
            post_until_results(&t, &s[k], 1);
            ck_assert_int_eq(s[k].last.end, PARCEL_DELIVERED);
            ck_assert_uint_eq(s[k].last.attempt, 1);
            ck_assert_uint_eq(s[k].loads, 1);
        }
        ck_assert_uint_eq(t.server.connections, i ? 2 : 1);
        post_close(&t);
    }
}
END_TEST

START_TEST(exporter_gives_up_when_refused_for_ever)
{
    static const struct script refuses[] = {{.end = SCRIPT_RESETS, .rst_code = 7}};
    struct sent s = sent_make(STR("x"));
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, refuses, 1);
    post_exporter(&t);
    post_submit(&t, &s);
    post_until_results(&t, &s, 1);
    ck_assert_int_eq(s.last.end, PARCEL_WAITING);
    ck_assert_str_eq(s.last.reason, "reset");
    ck_assert_uint_eq(t.server.requests, 4);
    post_close(&t);
}
END_TEST

/* More streams than a server lets be reset in one breath (nghttp2 takes 1000, then 33 a second): none of ours is. */
START_TEST(exporter_leaves_streams_that_ended_alone)
{
    static struct sent s[1500];
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    for (unsigned i = 0; i < 1500; i++) {
        s[i] = sent_make(STR("x"));
        post_submit(&t, &s[i]);
    }
    for (unsigned i = 0; i < 1500; i++) {
        post_until_results(&t, &s[i], 1);
        ck_assert_int_eq(s[i].last.end, PARCEL_DELIVERED);
    }
    ck_assert_uint_eq(t.server.connections, 1);
    post_close(&t);
}
END_TEST

/* After an hour the next request goes over a new connection; what is under way on the old one is left in peace. */
START_TEST(exporter_makes_a_new_connection_when_the_old_one_is_old)
{
    struct sent s[3] = {sent_make(STR("a")), sent_make(STR("b")), sent_make(STR("c"))};
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    for (unsigned i = 0; i < 3; i++) {
        post_submit(&t, &s[i]);
        post_until_ended(&t, &s[i]);
        ck_assert_int_eq(s[i].last.end, PARCEL_DELIVERED);
        ck_assert_uint_eq(t.server.connections, i < 2 ? 1 : 2);
        post_advance_ms(&t, i ? 3600 * 1000 : 1000);
    }
    post_close(&t);
}
END_TEST

START_TEST(exporter_ignores_proxies_of_the_environment)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"};
    struct sent s = sent_make(STR("x"));
    struct post t;

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    post_submit(&t, &s);
    post_until_results(&t, &s, 1);
    ck_assert_int_eq(s.last.end, PARCEL_DELIVERED);
    post_close(&t);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
}
END_TEST

/* -- who is there ----------------------------------------------------------------------------------------------------------------- */

START_TEST(exporter_tells_whose_certificate_it_saw)
{
    unsigned char *der = NULL;
    uint8_t md[SHA256_SIZE];
    char hex[65] = "";
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    post_serve(&t, grpc_ok, 1);
    post_exporter(&t);
    int len = i2d_X509(t.pki.server.cert, &der);

    ck_assert_int_eq(digest_sha256((struct str){(char *)der, (size_t)len}, md), RC_OK);
    digest_hex((struct str){(char *)md, sizeof(md)}, hex);
    OPENSSL_free(der);
    for (unsigned i = 0; i < 3; i++) { /* the connection is the same each time */
        struct sent s = sent_make(STR("x"));

        post_submit(&t, &s);
        post_until_ended(&t, &s);
        ck_assert_str_eq(s.last.peer_cert_sha256, hex);
    }
    post_close(&t);
}
END_TEST

enum wrong { WRONG_CA, WRONG_NAME, ONLY_CN, EXPIRED, NOT_A_SERVER, REVOKED, NO_ALPN, OLD_TLS, NO_CLIENT_CERT };

static void
make_wrong(struct post *t, enum wrong wrong)
{
    static const struct pki_spec specs[] = {
        [WRONG_CA] = {.cn = "localhost", .names = "DNS:localhost", .usage = "serverAuth"},
        [WRONG_NAME] = {.cn = "localhost", .names = "DNS:other.example", .usage = "serverAuth"},
        [ONLY_CN] = {.cn = "localhost", .usage = "serverAuth"},
        [EXPIRED] = {.cn = "localhost", .names = "DNS:localhost", .usage = "serverAuth", .from_days = -10, .to_days = -1},
        [NOT_A_SERVER] = {.cn = "localhost", .names = "DNS:localhost", .usage = "clientAuth"},
    };
    static const struct pki_spec ca = {.cn = "Other CA", .ca = true};
    struct pki_cert other = {0}, made = {0};

    if (wrong <= NOT_A_SERVER) {
        other = pki_issue(&ca, NULL);
        made = pki_issue(&specs[wrong], wrong == WRONG_CA ? &other : &t->pki.ca);
        pki_free(&other);
    }
    if (wrong == WRONG_CA || wrong == WRONG_NAME || wrong == ONLY_CN) {
        t->pki.server_file = pki_write_cert(t->pki.folder, "w.crt", &made);
        t->pki.server_key = pki_write_key(t->pki.folder, "w.key", &made);
    }
    post_serve(t, t->options.protocol == EXPORTER_GRPC ? grpc_ok : http_ok, 1);
    SSL_CTX *ctx = tls_ctx(t->server.tls);

    if (wrong == EXPIRED || wrong == NOT_A_SERVER) { /* the server side would refuse to load it */
        ck_assert_int_eq(SSL_CTX_use_certificate(ctx, made.cert), 1);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, made.key), 1);
    }
    if (made.cert)
        pki_free(&made);
    if (wrong == REVOKED)
        t->options.tls.crl_file = pki_write_crl(t->pki.folder, "ca.crl", &t->pki.ca, &t->pki.server, 5);
    if (wrong == NO_ALPN)
        SSL_CTX_set_alpn_select_cb(ctx, NULL, NULL);
    if (wrong == OLD_TLS) {
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
        SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    }
    if (wrong == NO_CLIENT_CERT)
        t->options.tls.cert_file = t->options.tls.key_file = NULL;
}

static void
check_wrong(enum exporter_protocol protocol, enum wrong wrong, const char *reason)
{
    struct sent s = sent_make(STR("a span that must not leave"));
    struct post t;

    post_open(&t, protocol);
    make_wrong(&t, wrong);
    t.server.h2 = t.server.h2 && wrong != NO_ALPN; /* whatever comes would be taken for HTTP/1.1 */
    post_exporter(&t);
    post_submit(&t, &s);
    post_until_results(&t, &s, 1);
    ck_assert_msg(s.last.end == PARCEL_WAITING, "%d: end %d", wrong, s.last.end);
    ck_assert_msg(strcmp(s.last.reason, reason) == 0, "%d: %s", wrong, s.last.reason);
    ck_assert(exporter_down(t.exporter));
    for (unsigned i = 0; i < 20; i++)
        loop_step(t.loop);
    ck_assert_uint_eq(t.server.requests, 0);
    post_close(&t);
}

START_TEST(exporter_sends_nothing_when_the_server_is_the_wrong_one)
{
    static const struct {
        enum wrong wrong;
        const char *reason;
    } rows[] = {{WRONG_CA, "certificate"}, {WRONG_NAME, "certificate"}, {ONLY_CN, "certificate"}, {EXPIRED, "certificate"},
        {NOT_A_SERVER, "certificate"}, {REVOKED, "certificate"}, {OLD_TLS, "tls"}};

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_wrong(EXPORTER_GRPC, rows[i].wrong, rows[i].reason);
        check_wrong(EXPORTER_HTTP, rows[i].wrong, rows[i].reason);
    }
}
END_TEST

START_TEST(exporter_sends_nothing_when_h2_is_not_agreed)
{
    check_wrong(EXPORTER_GRPC, NO_ALPN, "alpn");
}
END_TEST

START_TEST(exporter_waits_when_the_server_refuses_its_certificate)
{
    check_wrong(EXPORTER_HTTP, NO_CLIENT_CERT, "reset");
}
END_TEST

START_TEST(exporter_checks_server_name_instead_of_the_endpoint)
{
    static const struct pki_spec spec = {.cn = "x", .names = "DNS:collector.example", .usage = "serverAuth"};
    struct sent s = sent_make(STR("x"));
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    struct pki_cert made = pki_issue(&spec, &t.pki.ca);

    t.pki.server_file = pki_write_cert(t.pki.folder, "w.crt", &made);
    t.pki.server_key = pki_write_key(t.pki.folder, "w.key", &made);
    pki_free(&made);
    post_serve(&t, grpc_ok, 1);
    t.options.tls.server_name = "collector.example";
    post_exporter(&t);
    post_submit(&t, &s);
    post_until_results(&t, &s, 1);
    ck_assert_int_eq(s.last.end, PARCEL_DELIVERED);
    check_head(&t.server, ":authority: collector.example:", true);
    post_close(&t);
}
END_TEST

/* -- options ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(exporter_refuses_endpoints_and_headers_that_are_wrong)
{
    static const struct {
        enum exporter_protocol protocol;
        const char *endpoint, *header;
        bool insecure;
    } rows[] = {
        {EXPORTER_GRPC, "http://example.org:4317", NULL, false},
        {EXPORTER_GRPC, "example.org:4317", NULL, true},
        {EXPORTER_HTTP, "http://localhost.example.org", NULL, false},
        {EXPORTER_HTTP, "http://127.0.0.1.example.org/", NULL, false},
        {EXPORTER_HTTP, "http://0.0.0.0/", NULL, false},
        {EXPORTER_HTTP, "ftp://example.org", NULL, false},
        {EXPORTER_HTTP, "file:///etc/passwd", NULL, false},
        {EXPORTER_HTTP, "https://user:word@example.org", NULL, false},
        {EXPORTER_HTTP, "https://example.org/?q=1", NULL, false},
        {EXPORTER_HTTP, "https://example.org/#f", NULL, false},
        {EXPORTER_HTTP, "https://", NULL, false},
        {EXPORTER_HTTP, "", NULL, false},
        {EXPORTER_HTTP, "https://example.org:99999", NULL, false},
        {EXPORTER_HTTP, "https://exa mple.org", NULL, false},
        {EXPORTER_GRPC, "https://example.org:4317/path", NULL, false},
        {EXPORTER_HTTP, "https://localhost:1", NULL, true},
        {EXPORTER_HTTP, "https://localhost:1", "no colon", false},
        {EXPORTER_HTTP, "https://localhost:1", "a b: c", false},
        {EXPORTER_HTTP, "https://localhost:1", ": c", false},
        {EXPORTER_HTTP, "https://localhost:1", "x:", false},
        {EXPORTER_HTTP, "https://localhost:1", "x: a\r\nHost: b", false},
        {EXPORTER_HTTP, "https://localhost:1", "Content-Type: text/plain", false},
        {EXPORTER_HTTP, "https://localhost:1", "grpc-encoding: snappy", false},
        {EXPORTER_HTTP, "https://localhost:1", "transfer-encoding: chunked", false},
    };
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *headers[] = {rows[i].header, NULL};
        struct exporter_options o = t.options;
        struct exporter *e = NULL;
        struct errs es = {0};

        o.protocol = rows[i].protocol;
        o.endpoint = rows[i].endpoint;
        o.headers = headers;
        o.tls.insecure = rows[i].insecure;
        ck_assert_msg(exporter_open(t.set, &o, &e, &es) == RC_CONFIG, "row %u", i);
        ck_assert_msg(es.errors == 1 && !e, "row %u", i);
        errs_free(&es);
    }
    struct exporter_options o = t.options;
    struct errs es = {0};

    o.endpoint = "localhost:4317";
    o.tls.ca_file = "/nonexistent";
    ck_assert_int_eq(exporter_open(t.set, &o, &t.exporter, &es), RC_TLS);
    errs_free(&es);
    post_close(&t);
}
END_TEST

START_TEST(exporter_opens_or_says_that_memory_is_short)
{
    struct post t;

    post_open(&t, EXPORTER_GRPC);
    snprintf(t.endpoint, sizeof(t.endpoint), "localhost:4317");
    t.options.tls = (struct tls_options){.insecure = true}; /* certificates are read by net, and tested there */
    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};
        struct exporter *e = NULL;
        enum rc rc = exporter_open(t.set, &t.options, &e, &es);
        bool failed = nomem_end();

        ck_assert_msg((rc == RC_OK) == (e != NULL), "allocation %ld", n);
        ck_assert_msg(failed || rc == RC_OK, "allocation %ld: %s", n, rc_label(rc));
        exporter_close(e);
        errs_free(&es);
        if (!failed)
            break;
    }
    post_close(&t);
}
END_TEST

/* Whatever allocation fails when a parcel is handed over, it is delivered later. */
static bool
delivers_without_allocation(struct post *t, long n)
{
    struct sent s = sent_make(STR("x"));
    bool more = nomem_round(n);

    if (more)
        post_submit(t, &s);
    bool failed = nomem_end();

    while (more && !s.ended)
        post_advance_ms(t, 10);
    ck_assert(!more || s.last.end == PARCEL_DELIVERED);
    return more && failed;
}

START_TEST(exporter_delivers_later_when_memory_is_short)
{
    for (unsigned i = 0; i < 2; i++) {
        bool more = true;

        for (long n = 1; more; n++) {
            struct post t;

            post_open(&t, i ? EXPORTER_HTTP : EXPORTER_GRPC);
            post_serve(&t, i ? http_ok : grpc_ok, 1);
            post_exporter(&t);
            more = delivers_without_allocation(&t, n);
            post_close(&t);
        }
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &exporter_sends_grpc_as_otlp_wants_it},
    {"normal", &exporter_sends_http_as_otlp_wants_it},
    {"normal", &exporter_uses_no_connection_of_a_former_one},
    {"normal", &exporter_takes_the_path_of_the_endpoint},
    {"normal", &exporter_speaks_plaintext_on_loopback},
    {"normal", &exporter_multiplexes_grpc_on_one_connection},
    {"normal", &exporter_connects_again_when_the_server_closed_meanwhile},
    {"normal", &exporter_sends_again_at_once_what_was_refused},
    {"limits", &exporter_gives_up_when_refused_for_ever},
    {"limits", &exporter_leaves_streams_that_ended_alone},
    {"normal", &exporter_makes_a_new_connection_when_the_old_one_is_old},
    {"normal", &exporter_ignores_proxies_of_the_environment},
    {"normal", &exporter_tells_whose_certificate_it_saw},
    {"normal", &exporter_checks_server_name_instead_of_the_endpoint},
    {"malformed", &exporter_sends_nothing_when_the_server_is_the_wrong_one},
    {"malformed", &exporter_sends_nothing_when_h2_is_not_agreed},
    {"malformed", &exporter_waits_when_the_server_refuses_its_certificate},
    {"malformed", &exporter_refuses_endpoints_and_headers_that_are_wrong},
    {"nomem", &exporter_opens_or_says_that_memory_is_short},
    {"nomem", &exporter_delivers_later_when_memory_is_short},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("exporter", cases);
}
