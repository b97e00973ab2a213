#include "net/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/secret.h"

#define SERIAL_BITS 127
#define BACKDATE_SECONDS 3600 /* clocks of containers differ */
#define DAY_SECONDS 86400

/* A certificate with its key; names and usage are for leaves. */
struct entity {
    const char *file; /* without .crt and .key */
    const char *common_name, *country;
    const char *names; /* subjectAltName */
    const char *usage; /* extendedKeyUsage; NULL: an authority */
    X509 *cert;
    EVP_PKEY *key;
};

struct maker {
    const struct pki_options *o;
    struct errs *es;
    int dir;
};

static enum rc
complain(const struct maker *m, enum rc rc, const char *what, const char *why)
{
    errs_add(m->es, ERR_ERROR, rc, 0, (struct err_pos){.file = m->o->dir}, "%s: %s", what, why);
    return rc;
}

static enum rc
complain_crypto(const struct maker *m, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return complain(m, RC_TLS, what, why ? why : "failed in the crypto library");
}

static bool
subject_add(X509_NAME *name, const char *field, const char *value)
{
    return !value || X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool
extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = value ? X509V3_EXT_conf_nid(NULL, &ctx, nid, value) : NULL;
    bool good = !value || (ext && X509_add_ext(cert, ext, -1) == 1);

    X509_EXTENSION_free(ext);
    return good;
}

static bool
serial_set(X509 *cert)
{
    BIGNUM *bn = BN_new();
    bool good = bn && BN_rand(bn, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert));

    BN_free(bn);
    return good;
}

/* RFC 5280 sections 4.1 and 4.2, as strict verifiers want them. */
static bool
fill(const struct entity *e, const struct entity *issuer, unsigned days)
{
    X509 *ca = issuer ? issuer->cert : e->cert;
    X509_NAME *subject = X509_get_subject_name(e->cert);
    bool leaf = e->usage != NULL;

    return X509_set_version(e->cert, X509_VERSION_3) == 1 && serial_set(e->cert) && subject_add(subject, "C", e->country) &&
           subject_add(subject, "CN", e->common_name) && X509_set_issuer_name(e->cert, X509_get_subject_name(ca)) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(e->cert), -BACKDATE_SECONDS) &&
           X509_gmtime_adj(X509_getm_notAfter(e->cert), (long)days * DAY_SECONDS) && X509_set_pubkey(e->cert, e->key) == 1 &&
           extension_add(e->cert, ca, NID_basic_constraints, leaf ? "critical,CA:FALSE" : "critical,CA:TRUE,pathlen:0") &&
           extension_add(e->cert, ca, NID_key_usage, leaf ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign") &&
           extension_add(e->cert, ca, NID_ext_key_usage, e->usage) && extension_add(e->cert, ca, NID_subject_key_identifier, "hash") &&
           extension_add(e->cert, ca, NID_authority_key_identifier, issuer ? "keyid:always" : NULL) &&
           extension_add(e->cert, ca, NID_subject_alt_name, e->names) && X509_sign(e->cert, issuer ? issuer->key : e->key, EVP_sha256()) > 0;
}

static FILE *
create(const struct maker *m, const struct entity *e, const char *suffix, mode_t mode)
{
    char name[NAME_MAX + 1];

    snprintf(name, sizeof(name), "%s%s", e->file, suffix);
    int fd = openat(m->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (!f) {
        complain(m, RC_IO, name, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return f;
}

static enum rc
store(const struct maker *m, const struct entity *e)
{
    FILE *key = create(m, e, ".key", 0600);
    FILE *cert = key ? create(m, e, ".crt", 0644) : NULL;
    bool good = key && cert && PEM_write_PrivateKey(key, e->key, NULL, NULL, 0, NULL, NULL) == 1 && PEM_write_X509(cert, e->cert) == 1;

    if (key && fclose(key) != 0)
        good = false;
    if (cert && fclose(cert) != 0)
        good = false;
    if (!key || !cert)
        return RC_IO; /* said already */
    return good ? RC_OK : complain(m, RC_IO, e->file, "cannot be written");
}

/* Make, sign, write. issuer NULL: signed by itself. The caller releases e. */
static enum rc
issue(const struct maker *m, struct entity *e, const struct entity *issuer)
{
    e->cert = X509_new();
    e->key = EVP_EC_gen("P-256");
    if (!e->cert || !e->key || !fill(e, issuer, m->o->days))
        return complain_crypto(m, e->file);
    return store(m, e);
}

static void
release(struct entity *e)
{
    X509_free(e->cert);
    EVP_PKEY_free(e->key);
}

static enum rc
issue_leaf(const struct maker *m, struct entity e, const struct entity *issuer)
{
    enum rc rc = issue(m, &e, issuer);

    release(&e);
    return rc;
}

#define LOCAL_NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"

static enum rc
make_servers(const struct maker *m)
{
    struct entity ca = {.file = "server-ca", .common_name = "spangate dev server CA"};
    enum rc rc = issue(m, &ca, NULL);

    if (rc == RC_OK)
        rc = issue_leaf(m, (struct entity){.file = "server", .common_name = "spangate", .names = LOCAL_NAMES, .usage = "serverAuth"}, &ca);
    release(&ca);
    return rc;
}

static enum rc
make_clients(const struct maker *m)
{
    struct entity ca = {.file = "clients-ca", .common_name = "spangate dev clients CA"};
    enum rc rc = issue(m, &ca, NULL);

    for (size_t i = 0; i < m->o->client_count && rc == RC_OK; i++) {
        const struct pki_client *c = &m->o->clients[i];
        char names[600];

        snprintf(names, sizeof(names), "URI:%s", c->identity);
        rc = issue_leaf(
            m, (struct entity){.file = c->name, .common_name = c->name, .country = c->country, .names = names, .usage = "clientAuth"}, &ca);
    }
    release(&ca);
    return rc;
}

static enum rc
make_backends(const struct maker *m)
{
    struct entity ca = {.file = "backends-ca", .common_name = "spangate dev backends CA"};
    struct entity backend = {.file = "backend", .common_name = "backend", .names = LOCAL_NAMES, .usage = "serverAuth"};
    struct entity egress = {
        .file = "egress", .common_name = "spangate", .names = "URI:spiffe://example.org/ns/spangate/sa/egress", .usage = "clientAuth"};
    enum rc rc = issue(m, &ca, NULL);

    if (rc == RC_OK)
        rc = issue_leaf(m, backend, &ca);
    if (rc == RC_OK)
        rc = issue_leaf(m, egress, &ca);
    release(&ca);
    return rc;
}

static bool
consists_of(const char *s, const char *marks, size_t max)
{
    size_t len = strlen(s);

    for (size_t i = 0; i < len; i++) {
        bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z');

        if (!letter && !(s[i] >= '0' && s[i] <= '9') && !strchr(marks, s[i]))
            return false;
    }
    return len > 0 && len <= max;
}

static bool
country_valid(const char *s)
{
    return s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && !s[2];
}

static bool
taken(const struct pki_options *o, size_t i)
{
    static const char *const own[] = {"server-ca", "server", "clients-ca", "backends-ca", "backend", "egress"};

    for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
        if (strcmp(o->clients[i].name, own[k]) == 0)
            return true;
    for (size_t k = 0; k < i; k++)
        if (strcmp(o->clients[i].name, o->clients[k].name) == 0)
            return true;
    return false;
}

static enum rc
check(const struct maker *m)
{
    const struct pki_options *o = m->o;

    if (o->days < 1 || o->days > 3650)
        return complain(m, RC_USAGE, "days", "1 to 3650 are possible");
    if (o->client_count > PKI_CLIENTS_MAX)
        return complain(m, RC_USAGE, "clients", "too many");
    for (size_t i = 0; i < o->client_count; i++) {
        const struct pki_client *c = &o->clients[i];

        if (!consists_of(c->name, "-_", 64))
            return complain(m, RC_USAGE, c->name, "a client's name is up to 64 letters, digits, dashes and underscores");
        if (taken(o, i))
            return complain(m, RC_USAGE, c->name, "the name is taken");
        if (!str_starts(str_of(c->identity), STR("spiffe://")) || !consists_of(c->identity + 9, "-_./", 500))
            return complain(m, RC_USAGE, c->name, "the identity is not a SPIFFE id such as spiffe://example.org/ns/shop/sa/checkout");
        if (c->country && !country_valid(c->country))
            return complain(m, RC_USAGE, c->name, "a country is two upper-case letters");
    }
    return RC_OK;
}

enum rc
pki_make(const struct pki_options *o, struct errs *es)
{
    struct maker m = {o, es, -1};
    enum rc rc = check(&m);

    if (rc != RC_OK)
        return rc;
    if (file_make_folder(o->dir, 0700) != RC_OK)
        return complain(&m, RC_IO, "mkdir", strerror(errno));
    m.dir = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m.dir < 0)
        return complain(&m, RC_IO, "open", strerror(errno));
    rc = make_servers(&m);
    if (rc == RC_OK)
        rc = make_clients(&m);
    if (rc == RC_OK)
        rc = make_backends(&m);
    close(m.dir);
    return rc;
}
