#include "net/pki.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base_suite.h"
#include "net/peer.h"
#include "net/tls.h"
#include "net_pki.h"

static const struct pki_client clients[] = {
    {"eu", "spiffe://example.org/ns/shop/sa/checkout", "DE"},
    {"plain", "spiffe://example.org/ns/shop/sa/plain", NULL},
};

static char dir[] = "/tmp/spangate-unit-XXXXXX";
static char paths[16][PATH_MAX];

static const char *
path(unsigned slot, const char *name)
{
    snprintf(paths[slot], sizeof(paths[slot]), "%s/%s", dir, name);
    return paths[slot];
}

static void
remove_all(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(dir);
}

static enum rc
make(const struct pki_client *c, size_t count, unsigned days)
{
    struct errs es = {0};
    struct pki_options o = {dir, days, c, count};
    enum rc rc = pki_make(&o, &es);

    ck_assert_uint_eq(es.errors, rc == RC_OK ? 0 : 1);
    errs_free(&es);
    return rc;
}

static SSL_CTX *
client_context(const char *cert, const char *key, const char *authorities)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    X509_VERIFY_PARAM *strict = X509_VERIFY_PARAM_new();

    ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(ctx, cert), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), 1);
    ck_assert_int_eq(SSL_CTX_load_verify_locations(ctx, authorities, NULL), 1);
    ck_assert_int_eq(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2", 3), 0);
    X509_VERIFY_PARAM_set_flags(strict, X509_V_FLAG_X509_STRICT);
    SSL_CTX_set1_param(ctx, strict);
    X509_VERIFY_PARAM_free(strict);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

/* A client with these files against a gate's receiver with those; who the server says it is. */
static enum rc
meet(const struct tls_options *o, SSL_CTX *cctx, const char *host, struct peer *p)
{
    struct errs es = {0};
    struct tls *t = NULL;
    const char *reason;

    ck_assert_int_eq(tls_server_new(o, TLS_ALPN_H2, &t, &es), RC_OK);
    ck_assert_uint_eq(es.warnings, 0);
    SSL *s = SSL_new(tls_ctx(t)), *c = SSL_new(cctx);

    ck_assert_int_eq(SSL_set1_host(c, host), 1);
    enum rc rc = pki_handshake(s, c) ? peer_identify(s, o, p, &reason) : RC_TLS;

    SSL_free(s);
    SSL_free(c);
    SSL_CTX_free(cctx);
    tls_unref(t);
    errs_free(&es);
    return rc;
}

START_TEST(pki_make_serves_mutual_tls_on_both_sides)
{
    struct peer p = {0};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(make(clients, 2, 30), RC_OK);
    struct tls_options gate = {.cert_file = path(0, "server.crt"),
        .key_file = path(1, "server.key"),
        .client_ca_file = path(2, "clients-ca.crt"),
        .min_version = 0x0304,
        .identity = {"spiffe_id"}};
    struct tls_options sink = {.cert_file = path(3, "backend.crt"),
        .key_file = path(4, "backend.key"),
        .client_ca_file = path(5, "backends-ca.crt"),
        .min_version = 0x0304,
        .identity = {"spiffe_id"}};

    ck_assert_int_eq(meet(&gate, client_context(path(6, "eu.crt"), path(7, "eu.key"), path(8, "server-ca.crt")), "localhost", &p), RC_OK);
    ck_assert_str_eq(p.identity, clients[0].identity);
    ck_assert_str_eq(p.country, "DE");
    ck_assert_int_eq(meet(&gate, client_context(path(6, "plain.crt"), path(7, "plain.key"), path(8, "server-ca.crt")), "localhost", &p), RC_OK);
    ck_assert_str_eq(p.country, "");
    ck_assert_int_eq(meet(&sink, client_context(path(6, "egress.crt"), path(7, "egress.key"), path(5, "backends-ca.crt")), "localhost", &p), RC_OK);
    /* the two worlds do not trust each other, and a server's name counts */
    ck_assert_int_eq(meet(&sink, client_context(path(6, "eu.crt"), path(7, "eu.key"), path(5, "backends-ca.crt")), "localhost", &p), RC_TLS);
    ck_assert_int_eq(meet(&gate, client_context(path(6, "eu.crt"), path(7, "eu.key"), path(5, "backends-ca.crt")), "localhost", &p), RC_TLS);
    ck_assert_int_eq(meet(&gate, client_context(path(6, "eu.crt"), path(7, "eu.key"), path(8, "server-ca.crt")), "example.org", &p), RC_TLS);
    remove_all();
}
END_TEST

START_TEST(pki_make_keeps_keys_to_their_owner)
{
    unsigned keys = 0;
    struct dirent *e;
    struct stat st;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(make(clients, 2, 1), RC_OK);
    DIR *d = opendir(dir);

    while ((e = readdir(d))) {
        if (!str_ends(str_of(e->d_name), STR(".key")))
            continue;
        ck_assert_int_eq(fstatat(dirfd(d), e->d_name, &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
        keys++;
    }
    closedir(d);
    ck_assert_uint_eq(keys, 8);
    remove_all();
}
END_TEST

START_TEST(pki_make_overwrites_nothing)
{
    struct stat before, after;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(make(clients, 1, 1), RC_OK);
    ck_assert_int_eq(stat(path(0, "server-ca.key"), &before), 0);
    ck_assert_int_eq(make(clients, 1, 1), RC_IO);
    ck_assert_int_eq(stat(path(0, "server-ca.key"), &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    remove_all();
    ck_assert_int_eq(make(clients, 1, 1), RC_OK); /* makes the folder too */
    ck_assert_int_eq(stat(dir, &after), 0);
    ck_assert_uint_eq(after.st_mode & 07777, 0700);
    remove_all();
    snprintf(dir, sizeof(dir), "/proc/none");
    ck_assert_int_eq(make(clients, 1, 1), RC_IO);
}
END_TEST

START_TEST(pki_make_refuses_what_cannot_be)
{
    static const struct pki_client bad[] = {{"../eu", "spiffe://example.org/a", NULL}, {"", "spiffe://example.org/a", NULL},
        {"server", "spiffe://example.org/a", NULL}, {"eu", "https://example.org/a", NULL}, {"eu", "spiffe://", NULL},
        {"eu", "spiffe://example.org/a,DNS:x", NULL}, {"eu", "spiffe://example.org/a", "Germany"}, {"eu", "spiffe://example.org/a", "de"},
        {"eu", "spiffe://example.org/a", ""}};
    static const struct pki_client twice[] = {{"eu", "spiffe://example.org/a", NULL}, {"eu", "spiffe://example.org/b", NULL}};
    struct stat st;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(make(&bad[i], 1, 1) == RC_USAGE, "row %zu", i);
    ck_assert_int_eq(make(twice, 2, 1), RC_USAGE);
    ck_assert_int_eq(make(clients, 1, 0), RC_USAGE);
    ck_assert_int_eq(make(clients, 1, 3651), RC_USAGE);
    ck_assert_int_eq(make(clients, PKI_CLIENTS_MAX + 1, 1), RC_USAGE);
    ck_assert_int_ne(stat(dir, &st), 0);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &pki_make_serves_mutual_tls_on_both_sides},
    {"normal", &pki_make_keeps_keys_to_their_owner},
    {"normal", &pki_make_overwrites_nothing},
    {"limits", &pki_make_refuses_what_cannot_be},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("pki", cases);
}
