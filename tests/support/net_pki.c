#include "net_pki.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define FILES_MAX 64
#define DAY 86400L

struct pki_folder {
    char path[64];
    char *files[FILES_MAX];
    unsigned count;
};

static void
extension_add(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

    ck_assert_msg(ext, "extension %s", value);
    ck_assert_int_eq(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static void
subject_set(X509 *cert, const struct pki_spec *spec)
{
    X509_NAME *name = X509_get_subject_name(cert);

    if (spec->country)
        X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)spec->country, -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"spangate tests", -1, -1, 0);
    if (spec->cn)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)spec->cn, -1, -1, 0);
    if (spec->extra_country)
        X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)spec->country, -1, -1, 0);
    if (spec->extra_cn)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"another", -1, -1, 0);
}

struct pki_cert
pki_issue(const struct pki_spec *spec, const struct pki_cert *issuer)
{
    static long serial = 1000;
    struct pki_cert made = {X509_new(), spec->rsa_bits ? EVP_RSA_gen(spec->rsa_bits) : EVP_EC_gen("P-256")};
    const struct pki_cert *by = issuer ? issuer : &made;
    const char *key_usage = spec->key_usage ? spec->key_usage : spec->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
    bool dated = spec->from_days || spec->to_days;
    X509V3_CTX ctx;

    ck_assert(made.cert && made.key);
    X509_set_version(made.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.cert), (dated ? spec->from_days : -1) * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made.cert), (dated ? spec->to_days : 1) * DAY);
    X509_set_pubkey(made.cert, made.key);
    subject_set(made.cert, spec);
    X509_set_issuer_name(made.cert, X509_get_subject_name(by->cert));
    X509V3_set_ctx(&ctx, by->cert, made.cert, NULL, NULL, 0);
    extension_add(made.cert, &ctx, NID_basic_constraints, spec->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extension_add(made.cert, &ctx, NID_subject_key_identifier, "hash");
    if (issuer)
        extension_add(made.cert, &ctx, NID_authority_key_identifier, "keyid:always");
    if (key_usage[0])
        extension_add(made.cert, &ctx, NID_key_usage, key_usage);
    if (spec->usage)
        extension_add(made.cert, &ctx, NID_ext_key_usage, spec->usage);
    if (spec->names)
        extension_add(made.cert, &ctx, NID_subject_alt_name, spec->names);
    ck_assert_int_gt(X509_sign(made.cert, by->key, EVP_sha256()), 0);
    return made;
}

void
pki_free(struct pki_cert *c)
{
    X509_free(c->cert);
    EVP_PKEY_free(c->key);
    *c = (struct pki_cert){NULL, NULL};
}

struct pki_folder *
pki_folder_make(void)
{
    struct pki_folder *f = calloc(1, sizeof(*f));

    ck_assert(f);
    snprintf(f->path, sizeof(f->path), "/tmp/spangate-pki-XXXXXX");
    ck_assert(mkdtemp(f->path));
    return f;
}

void
pki_folder_remove(struct pki_folder *f)
{
    for (unsigned i = 0; i < f->count; i++) {
        unlink(f->files[i]);
        free(f->files[i]);
    }
    rmdir(f->path);
    free(f);
}

static FILE *
file_new(struct pki_folder *f, const char *name, const char **path)
{
    char *made = NULL;

    ck_assert_uint_lt(f->count, FILES_MAX);
    ck_assert_int_gt(asprintf(&made, "%s/%s", f->path, name), 0);
    f->files[f->count++] = made;
    *path = made;
    FILE *out = fopen(made, "w");

    ck_assert(out);
    ck_assert_int_eq(fchmod(fileno(out), 0600), 0);
    return out;
}

const char *
pki_write_cert(struct pki_folder *f, const char *name, const struct pki_cert *c)
{
    const char *path;
    FILE *out = file_new(f, name, &path);

    ck_assert_int_eq(PEM_write_X509(out, c->cert), 1);
    fclose(out);
    return path;
}

void
pki_append_cert(const char *file, const struct pki_cert *c)
{
    FILE *out = fopen(file, "a");

    ck_assert(out);
    ck_assert_int_eq(PEM_write_X509(out, c->cert), 1);
    fclose(out);
}

const char *
pki_write_key(struct pki_folder *f, const char *name, const struct pki_cert *c)
{
    const char *path;
    FILE *out = file_new(f, name, &path);

    ck_assert_int_eq(PEM_write_PrivateKey(out, c->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(out);
    return path;
}

const char *
pki_write_text(struct pki_folder *f, const char *name, const char *text)
{
    const char *path;
    FILE *out = file_new(f, name, &path);

    fputs(text, out);
    fclose(out);
    return path;
}

const char *
pki_write_crl(struct pki_folder *f, const char *name, const struct pki_cert *issuer, const struct pki_cert *revoked, int to_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *at = X509_gmtime_adj(NULL, -2 * DAY);
    const char *path;
    FILE *out = file_new(f, name, &path);
    X509V3_CTX ctx;

    ck_assert(crl && at);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    X509_CRL_set1_lastUpdate(crl, at);
    X509V3_set_ctx(&ctx, issuer->cert, NULL, NULL, crl, 0);
    X509_EXTENSION *aki = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");

    ck_assert(aki);
    X509_CRL_add_ext(crl, aki, -1);
    X509_EXTENSION_free(aki);
    if (revoked) {
        X509_REVOKED *r = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked->cert));
        X509_REVOKED_set_revocationDate(r, at);
        X509_CRL_add0_revoked(crl, r);
    }
    ck_assert(X509_gmtime_adj(at, to_days * DAY));
    X509_CRL_set1_nextUpdate(crl, at);
    ck_assert_int_gt(X509_CRL_sign(crl, issuer->key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_X509_CRL(out, crl), 1);
    fclose(out);
    ASN1_TIME_free(at);
    X509_CRL_free(crl);
    return path;
}

void
pki_basic_make(struct pki_basic *b)
{
    static const struct pki_spec ca = {.cn = "Test CA", .ca = true};
    static const struct pki_spec server = {.cn = "localhost", .names = "DNS:localhost,IP:127.0.0.1", .usage = "serverAuth"};
    static const struct pki_spec client = {.cn = "checkout", .country = "DE", .names = "URI:" PKI_CLIENT_ID, .usage = "clientAuth"};

    b->folder = pki_folder_make();
    b->ca = pki_issue(&ca, NULL);
    b->server = pki_issue(&server, &b->ca);
    b->client = pki_issue(&client, &b->ca);
    b->ca_file = pki_write_cert(b->folder, "ca.crt", &b->ca);
    b->server_file = pki_write_cert(b->folder, "server.crt", &b->server);
    b->server_key = pki_write_key(b->folder, "server.key", &b->server);
    b->client_file = pki_write_cert(b->folder, "client.crt", &b->client);
    b->client_key = pki_write_key(b->folder, "client.key", &b->client);
}

void
pki_basic_free(struct pki_basic *b)
{
    pki_free(&b->ca);
    pki_free(&b->server);
    pki_free(&b->client);
    pki_folder_remove(b->folder);
}

SSL_CTX *
pki_client_context(const struct pki_cert *c, const char *alpn)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    ck_assert(ctx);
    SSL_CTX_set_security_level(ctx, 0); /* the server is to refuse what is weak, not we */
    if (c) {
        ck_assert_int_eq(SSL_CTX_use_certificate(ctx, c->cert), 1);
        ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, c->key), 1);
    }
    if (alpn)
        ck_assert_int_eq(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)alpn, (unsigned)strlen(alpn)), 0);
    return ctx;
}

bool
pki_handshake(SSL *server, SSL *client)
{
    BIO *a = NULL, *b = NULL;
    int s = 0, c = 0;

    ck_assert_int_eq(BIO_new_bio_pair(&a, 256 * 1024, &b, 256 * 1024), 1);
    SSL_set_bio(server, a, a);
    SSL_set_bio(client, b, b);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    for (unsigned i = 0; i < 8 && !(s == 1 && c == 1); i++) {
        ERR_clear_error();
        c = SSL_do_handshake(client);
        ERR_clear_error();
        s = SSL_do_handshake(server);
        if (s != 1 && SSL_get_error(server, s) != SSL_ERROR_WANT_READ)
            return false; /* the error queue tells why */
    }
    return s == 1 && c == 1;
}
