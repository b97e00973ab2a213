#include "net/tls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base_nomem.h"
#include "base_suite.h"
#include "net_pki.h"

#define H2 "\x02h2"

/* The options for files of b; the server's side. */
static struct tls_options
server_options(const struct pki_basic *b)
{
    return (struct tls_options){.cert_file = b->server_file,
        .key_file = b->server_key,
        .client_ca_file = b->ca_file,
        .min_version = 0x0304,
        .identity = {"spiffe_id", "dns_san", "subject_cn"},
        .pos = {.file = "gateway.yaml", .line = 7, .col = 3}};
}

static bool
said(const struct errs *es, const char *part)
{
    for (size_t i = 0; i < es->count; i++)
        ck_assert_msg(es->list[i].code != 0, "%s", es->list[i].text);
    for (size_t i = 0; i < es->count; i++)
        if (strstr(es->list[i].text, part) || strstr(es->list[i].hint, part))
            return true;
    return false;
}

START_TEST(tls_options_read_takes_the_collectors_names)
{
    static const char text[] = "cert_file: /a.crt\nkey_file: /a.key\nclient_ca_file: /ca.crt\nmin_version: \"1.2\"\n"
                               "identity: [subject_cn, spiffe_id]\nallow: [\"spiffe://example.org/*\", x]\ncrl_file: /r.crl\n";
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    struct tls_options o;

    ck_assert_int_eq(conf_load_text("gateway.yaml", str_of(text), false, &doc, &es), RC_OK);
    ck_assert_int_eq(tls_options_read(doc, conf_root(doc, 0), true, &o, &es), RC_OK);
    ck_assert_str_eq(o.cert_file, "/a.crt");
    ck_assert_str_eq(o.client_ca_file, "/ca.crt");
    ck_assert_str_eq(o.crl_file, "/r.crl");
    ck_assert_ptr_null(o.ca_file);
    ck_assert_uint_eq(o.min_version, 0x0303);
    ck_assert_str_eq(o.identity[0], "subject_cn");
    ck_assert_str_eq(o.identity[1], "spiffe_id");
    ck_assert_ptr_null(o.identity[2]);
    ck_assert_str_eq(o.allow[1], "x");
    ck_assert_ptr_null(o.allow[2]);
    ck_assert_str_eq(o.pos.file, "gateway.yaml");
    tls_options_fini(&o);
    ck_assert_int_eq(tls_options_read(doc, NULL, false, &o, &es), RC_OK); /* an exporter without a node: the system's authorities */
    ck_assert_uint_eq(o.min_version, 0x0304);
    ck_assert(!o.insecure && !o.cert_file);
    tls_options_fini(&o);
    ck_assert_uint_eq(es.count, 0);
    conf_free(doc);
}
END_TEST

START_TEST(tls_options_read_refuses_with_a_hint)
{
    static const struct {
        bool server;
        const char *text, *said;
    } rows[] = {
        {true, "cert_fil: /a\nkey_file: /b\nclient_ca_file: /c\n", "cert_file"},
        {true, "key_file: /b\nclient_ca_file: /c\n", "cert_file is missing"},
        {true, "cert_file: /a\nclient_ca_file: /c\n", "key_file is missing"},
        {true, "cert_file: /a\nkey_file: /b\n", "client_ca_file is missing"},
        {true, "insecure: true\ncert_file: /a\n", "insecure"},
        {true, "insecure: yes please\n", ""},
        {true, "ca_file: /a\n", "ca_file"},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nmin_version: \"1.1\"\n", ""},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nidentity: [spiffe_ids]\n", "spiffe_id"},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nidentity: [dns_san, dns_san]\n", "twice"},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nidentity: []\n", "identity"},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nallow: []\n", "allow"},
        {true, "cert_file: /a\nkey_file: /b\nclient_ca_file: /c\nallow: [\"\"]\n", "empty"},
        {true, "[]\n", ""},
        {false, "cert_file: /a\n", "go together"},
        {false, "insecure_skip_verify: true\n", "insecure"},
        {false, "client_ca_file: /a\n", "ca_file"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf_doc *doc = NULL;
        struct errs es = {0};
        struct tls_options o = {.server_name = "untouched"};

        ck_assert_int_eq(conf_load_text("x.yaml", str_of(rows[i].text), false, &doc, &es), RC_OK);
        ck_assert_msg(tls_options_read(doc, conf_root(doc, 0), rows[i].server, &o, &es) == RC_CONFIG, "row %zu", i);
        ck_assert_msg(es.errors > 0 && said(&es, rows[i].said), "row %zu: %s / %s", i, es.list[0].text, es.list[0].hint);
        ck_assert_uint_gt(es.list[0].line, 0);
        ck_assert_str_eq(o.server_name, "untouched");
        errs_free(&es);
        conf_free(doc);
    }
}
END_TEST

START_TEST(tls_options_read_wants_plaintext_asked_for)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    struct tls_options o;

    ck_assert_int_eq(conf_load_text("x.yaml", STR("insecure: true\n"), false, &doc, &es), RC_OK);
    ck_assert_int_eq(tls_options_read(doc, NULL, true, &o, &es), RC_CONFIG);
    ck_assert(said(&es, "insecure: true"));
    ck_assert_int_eq(tls_options_read(doc, conf_root(doc, 0), true, &o, &es), RC_OK);
    ck_assert(o.insecure);
    tls_options_fini(&o);
    errs_free(&es);
    conf_free(doc);
}
END_TEST

START_TEST(tls_server_new_refuses_material_that_cannot_serve)
{
    static const struct pki_spec old = {.cn = "s", .names = "DNS:localhost", .usage = "serverAuth", .from_days = -9, .to_days = -2};
    static const struct pki_spec early = {.cn = "s", .names = "DNS:localhost", .usage = "serverAuth", .from_days = 2, .to_days = 9};
    static const struct pki_spec weak = {.cn = "s", .names = "DNS:localhost", .usage = "serverAuth", .rsa_bits = 1024};
    static const struct pki_spec old_ca = {.cn = "Old CA", .ca = true, .from_days = -9, .to_days = -2};
    struct pki_basic b;

    pki_basic_make(&b);
    struct pki_cert c_old = pki_issue(&old, &b.ca), c_early = pki_issue(&early, &b.ca), c_weak = pki_issue(&weak, &b.ca),
                    ca_old = pki_issue(&old_ca, NULL);
    struct pki_folder *f = b.folder;
    const char *garbage = pki_write_text(f, "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    const char *empty = pki_write_text(f, "empty", "");
    const char *cut = pki_write_cert(f, "cut.crt", &b.ca);
    struct stat st;

    pki_append_cert(cut, &b.ca);
    ck_assert_int_eq(stat(cut, &st), 0);
    ck_assert_int_eq(truncate(cut, st.st_size - 40), 0); /* a good certificate, then a damaged one */
    const struct {
        const char *cert, *key, *ca, *crl, *said;
    } rows[] = {
        {"/nowhere.crt", b.server_key, b.ca_file, NULL, "cert_file /nowhere.crt: No such file"},
        {b.server_file, "/nowhere.key", b.ca_file, NULL, "key_file /nowhere.key: No such file"},
        {b.server_file, b.server_key, "/nowhere.ca", NULL, "client_ca_file /nowhere.ca: No such file"},
        {b.server_file, b.client_key, b.ca_file, NULL, "is not the key of the certificate"},
        {garbage, b.server_key, b.ca_file, NULL, "cert_file"},
        {b.server_key, b.server_key, b.ca_file, NULL, "holds nothing of that kind in PEM form"},
        {b.server_file, empty, b.ca_file, NULL, "holds no private key in PEM form"},
        {b.server_file, b.server_file, b.ca_file, NULL, "holds no private key in PEM form"},
        {b.server_file, b.server_key, empty, NULL, "holds nothing of that kind in PEM form"},
        {b.server_file, b.server_key, garbage, NULL, "client_ca_file"},
        {b.server_file, b.server_key, cut, NULL, "client_ca_file"},
        {b.server_file, b.server_key, b.client_file, NULL, "not of an authority"},
        {b.client_file, b.client_key, b.ca_file, NULL, "may not be used by a TLS server"},
        {pki_write_cert(f, "old.crt", &c_old), pki_write_key(f, "old.key", &c_old), b.ca_file, NULL, "has expired"},
        {pki_write_cert(f, "early.crt", &c_early), pki_write_key(f, "early.key", &c_early), b.ca_file, NULL, "not yet valid"},
        {pki_write_cert(f, "weak.crt", &c_weak), pki_write_key(f, "weak.key", &c_weak), b.ca_file, NULL, "too small"},
        {b.server_file, b.server_key, pki_write_cert(f, "oldca.crt", &ca_old), NULL, "every authority in it has expired"},
        {b.server_file, b.server_key, b.ca_file, "/nowhere.crl", "crl_file"},
        {b.server_file, b.server_key, b.ca_file, empty, "crl_file"},
        {b.server_file, b.server_key, b.ca_file, pki_write_crl(f, "old.crl", &b.ca, NULL, -1), "revocation list in it has expired"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tls_options o = server_options(&b);
        struct errs es = {0};
        struct tls *t = NULL;

        o.cert_file = rows[i].cert;
        o.key_file = rows[i].key;
        o.client_ca_file = rows[i].ca;
        o.crl_file = rows[i].crl;
        ck_assert_msg(tls_server_new(&o, TLS_ALPN_H2, &t, &es) == RC_TLS, "row %zu", i);
        ck_assert_ptr_null(t);
        ck_assert_msg(said(&es, rows[i].said), "row %zu: %s", i, es.count ? es.list[0].text : "silent");
        ck_assert_uint_eq(es.list[0].line, 7);
        ck_assert_uint_eq(ERR_peek_error(), 0); /* nothing left over for the next handshake of this thread */
        errs_free(&es);
    }
    pki_free(&c_old);
    pki_free(&c_early);
    pki_free(&c_weak);
    pki_free(&ca_old);
    pki_basic_free(&b);
}
END_TEST

/* A key behind a passphrase must not make the daemon wait at a terminal. */
START_TEST(tls_server_new_refuses_an_encrypted_key)
{
    struct pki_basic b;
    struct errs es = {0};
    struct tls *t = NULL;

    pki_basic_make(&b);
    const char *file = pki_write_text(b.folder, "locked.key", "");
    struct tls_options o = server_options(&b);
    FILE *out = fopen(file, "w");

    ck_assert_int_eq(PEM_write_PrivateKey(out, b.server.key, EVP_aes_128_cbc(), (const unsigned char *)"word", 4, NULL, NULL), 1);
    fclose(out);
    o.key_file = file;
    ck_assert_int_eq(tls_server_new(&o, TLS_ALPN_H2, &t, &es), RC_TLS);
    ck_assert(said(&es, "key_file"));
    errs_free(&es);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_server_new_warns_about_a_key_others_may_read)
{
    struct pki_basic b;
    struct errs es = {0};
    struct tls *t = NULL;

    pki_basic_make(&b);
    struct tls_options o = server_options(&b);

    ck_assert_int_eq(chmod(b.server_key, 0644), 0);
    ck_assert_int_eq(tls_server_new(&o, TLS_ALPN_H2, &t, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 1);
    ck_assert(said(&es, "others may read"));
    ck_assert_int_gt(tls_not_after(t), 0);
    ck_assert_str_eq(tls_options(t)->cert_file, o.cert_file);
    ck_assert_ptr_ne(tls_options(t)->cert_file, o.cert_file);
    tls_unref(tls_ref(t));
    tls_unref(t);
    errs_free(&es);
    pki_basic_free(&b);
}
END_TEST

/* One handshake against the server's context; NULL when it succeeded, else the word. */
static const char *
refusal(struct tls *t, SSL_CTX *cctx)
{
    SSL *s = SSL_new(tls_ctx(t)), *c = SSL_new(cctx);
    const char *reason = pki_handshake(s, c) ? NULL : tls_refusal(s);

    ERR_clear_error();
    SSL_free(s);
    SSL_free(c);
    return reason;
}

static struct tls *
server_make(const struct pki_basic *b, const char *crl, unsigned min_version)
{
    struct tls_options o = server_options(b);
    struct errs es = {0};
    struct tls *t = NULL;

    o.crl_file = crl;
    o.min_version = min_version;
    ck_assert_int_eq(tls_server_new(&o, TLS_ALPN_H2, &t, &es), RC_OK);
    return t;
}

START_TEST(tls_refusal_names_what_is_wrong_with_a_client)
{
    static const struct {
        struct pki_spec spec;
        bool stranger; /* signed by an authority nobody knows */
        const char *reason;
    } rows[] = {
        {{.cn = "good", .usage = "clientAuth"}, false, NULL},
        {{.cn = "good", .rsa_bits = 2048}, false, NULL},
        {{.cn = "old", .usage = "clientAuth", .from_days = -9, .to_days = -2}, false, "expired"},
        {{.cn = "early", .usage = "clientAuth", .from_days = 2, .to_days = 9}, false, "not_yet_valid"},
        {{.cn = "server", .usage = "serverAuth"}, false, "wrong_purpose"},
        {{.cn = "stranger", .usage = "clientAuth"}, true, "unknown_ca"},
        {{.cn = "weak", .usage = "clientAuth", .rsa_bits = 1024}, false, "weak_key"},
    };
    static const struct pki_spec other_spec = {.cn = "Other CA", .ca = true};
    struct pki_basic b;

    pki_basic_make(&b);
    struct pki_cert other = pki_issue(&other_spec, NULL);
    struct tls *t = server_make(&b, NULL, 0x0304);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pki_cert c = pki_issue(&rows[i].spec, rows[i].stranger ? &other : &b.ca);
        SSL_CTX *ctx = pki_client_context(&c, H2);
        const char *reason = refusal(t, ctx);

        ck_assert_msg(rows[i].reason ? reason && strcmp(reason, rows[i].reason) == 0 : !reason, "row %zu: %s", i, reason);
        SSL_CTX_free(ctx);
        pki_free(&c);
    }
    tls_unref(t);
    pki_free(&other);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_refusal_names_what_is_wrong_with_a_handshake)
{
    static const struct {
        bool certificate;
        const char *alpn;
        int version;
        const char *reason;
    } rows[] = {
        {true, H2, 0, NULL},
        {true, "\x08http/1.1\x02h2", 0, NULL},
        {false, H2, 0, "no_certificate"},
        {true, "\x08http/1.1", 0, "alpn"},
        {true, H2, TLS1_2_VERSION, "protocol"},
        {true, H2, TLS1_1_VERSION, "protocol"},
    };
    struct pki_basic b;

    pki_basic_make(&b);
    struct tls *t = server_make(&b, NULL, 0x0304);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        SSL_CTX *ctx = pki_client_context(rows[i].certificate ? &b.client : NULL, rows[i].alpn);

        SSL_CTX_set_max_proto_version(ctx, rows[i].version);
        const char *reason = refusal(t, ctx);

        ck_assert_msg(rows[i].reason ? reason && strcmp(reason, rows[i].reason) == 0 : !reason, "row %zu: %s", i, reason);
        SSL_CTX_free(ctx);
    }
    tls_unref(t);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_server_speaks_1_2_only_when_asked_and_forward_secret)
{
    struct pki_basic b;

    pki_basic_make(&b);
    struct tls *t = server_make(&b, NULL, 0x0303);
    SSL_CTX *ctx = pki_client_context(&b.client, H2);

    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    ck_assert_ptr_null(refusal(t, ctx));
    ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, "AES128-SHA:ECDHE-ECDSA-AES128-SHA"), 1);
    ck_assert_str_eq(refusal(t, ctx), "protocol");
    SSL_CTX_free(ctx);
    tls_unref(t);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_server_gives_no_tickets)
{
    struct pki_basic b;
    char byte;

    pki_basic_make(&b);
    struct tls *t = server_make(&b, NULL, 0x0304);
    SSL_CTX *ctx = pki_client_context(&b.client, H2);
    SSL *s = SSL_new(tls_ctx(t)), *c = SSL_new(ctx);

    ck_assert(pki_handshake(s, c));
    ck_assert_int_eq(SSL_write(s, "x", 1), 1);
    ck_assert_int_eq(SSL_read(c, &byte, 1), 1); /* a ticket would have stood before it */
    ck_assert_int_eq(SSL_SESSION_is_resumable(SSL_get0_session(c)), 0);
    ck_assert_str_eq(SSL_get_cipher(s), "TLS_AES_128_GCM_SHA256");
    ck_assert_int_eq(SSL_renegotiate(s), 0);
    SSL_free(s);
    SSL_free(c);
    SSL_CTX_free(ctx);
    tls_unref(t);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_revocation_lists_are_obeyed_and_live_peers_asked_again)
{
    static const struct pki_spec other_spec = {.cn = "Other CA", .ca = true};
    struct pki_basic b;
    const char *reason = NULL;

    pki_basic_make(&b);
    struct pki_cert other = pki_issue(&other_spec, NULL);
    const char *clean = pki_write_crl(b.folder, "clean.crl", &b.ca, NULL, 1), *bad = pki_write_crl(b.folder, "bad.crl", &b.ca, &b.client, 1);
    const char *foreign = pki_write_crl(b.folder, "foreign.crl", &other, NULL, 1);
    struct tls *t_clean = server_make(&b, clean, 0x0304), *t_bad = server_make(&b, bad, 0x0304), *t_foreign = server_make(&b, foreign, 0x0304);
    SSL_CTX *ctx = pki_client_context(&b.client, H2);
    SSL *s = SSL_new(tls_ctx(t_clean)), *c = SSL_new(ctx);

    ck_assert_str_eq(refusal(t_bad, ctx), "revoked");
    ck_assert_str_eq(refusal(t_foreign, ctx), "crl"); /* no list of this authority: nobody can say that it is good */
    ck_assert(pki_handshake(s, c));
    ck_assert_int_eq(tls_recheck(t_clean, s, &reason), RC_OK);
    ck_assert_int_eq(tls_recheck(t_bad, s, &reason), RC_TLS);
    ck_assert_str_eq(reason, "revoked");
    SSL_free(s);
    SSL_free(c);
    SSL_CTX_free(ctx);
    tls_unref(t_clean);
    tls_unref(t_bad);
    tls_unref(t_foreign);
    pki_free(&other);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_client_check_reads_the_exporters_files)
{
    struct pki_basic b;
    struct errs es = {0};

    pki_basic_make(&b);
    struct tls_options o = {.cert_file = b.client_file, .key_file = b.client_key, .ca_file = b.ca_file, .min_version = 0x0304};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    ck_assert_int_eq(tls_client_check(&o, &es), RC_OK);
    ck_assert_uint_eq(es.count, 0);
    ck_assert_int_eq(tls_client_setup(&o, ctx), RC_OK);
    ck_assert_int_eq(SSL_CTX_get_min_proto_version(ctx), TLS1_3_VERSION);
    SSL_CTX_free(ctx);
    o.cert_file = b.server_file;
    o.key_file = b.server_key;
    ck_assert_int_eq(tls_client_check(&o, &es), RC_TLS);
    ck_assert(said(&es, "may not be used by a TLS client"));
    o = (struct tls_options){.ca_file = b.client_file};
    ck_assert_int_eq(tls_client_check(&o, &es), RC_TLS);
    o = (struct tls_options){.insecure = true};
    ck_assert_int_eq(tls_client_check(&o, &es), RC_OK);
    errs_free(&es);
    pki_basic_free(&b);
}
END_TEST

/* OpenSSL tells some failed allocations as bad files: any refusal will do, so long as nothing half-made comes out. */
START_TEST(tls_server_new_survives_each_failed_allocation)
{
    struct pki_basic b;

    pki_basic_make(&b);
    struct tls_options o = server_options(&b);
    struct tls *warm = server_make(&b, NULL, 0x0304); /* what OpenSSL makes once a process */

    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};
        struct tls *t = NULL;
        enum rc rc = tls_server_new(&o, TLS_ALPN_H2, &t, &es);
        bool failed = nomem_end();

        ck_assert_msg(rc == RC_OK ? t != NULL : t == NULL && failed, "allocation %ld: %s", n, rc_label(rc));
        ck_assert_uint_eq(ERR_peek_error(), 0);
        tls_unref(t);
        errs_free(&es);
        if (!failed)
            break;
    }
    tls_unref(warm);
    pki_basic_free(&b);
}
END_TEST

START_TEST(tls_options_read_survives_each_failed_allocation)
{
    static const char text[] = "cert_file: /a.crt\nkey_file: /a.key\nclient_ca_file: /ca.crt\nallow: [a, b]\n";
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    ck_assert_int_eq(conf_load_text("x.yaml", str_of(text), false, &doc, &es), RC_OK);
    for (long n = 1; nomem_round(n); n++) {
        struct tls_options o = {0};
        enum rc rc = tls_options_read(doc, conf_root(doc, 0), true, &o, &es);
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        tls_options_fini(&o);
        if (!failed)
            break;
    }
    conf_free(doc);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &tls_options_read_takes_the_collectors_names},
    {"normal", &tls_server_new_warns_about_a_key_others_may_read},
    {"normal", &tls_server_speaks_1_2_only_when_asked_and_forward_secret},
    {"normal", &tls_server_gives_no_tickets},
    {"normal", &tls_revocation_lists_are_obeyed_and_live_peers_asked_again},
    {"normal", &tls_client_check_reads_the_exporters_files},
    {"malformed", &tls_options_read_refuses_with_a_hint},
    {"malformed", &tls_options_read_wants_plaintext_asked_for},
    {"malformed", &tls_server_new_refuses_material_that_cannot_serve},
    {"malformed", &tls_server_new_refuses_an_encrypted_key},
    {"malformed", &tls_refusal_names_what_is_wrong_with_a_client},
    {"malformed", &tls_refusal_names_what_is_wrong_with_a_handshake},
    {"nomem", &tls_server_new_survives_each_failed_allocation},
    {"nomem", &tls_options_read_survives_each_failed_allocation},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("tls", cases);
}
