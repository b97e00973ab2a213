#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls_int.h"

#define CERTS_MAX 1000

/* The sentence of OpenSSL's last error, for people. */
static const char *
last_reason(void)
{
    unsigned long first = ERR_peek_error();
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    if (ERR_GET_LIB(first) == ERR_LIB_PEM && ERR_GET_REASON(first) == PEM_R_NO_START_LINE)
        text = "holds nothing of that kind in PEM form";
    else if (ERR_GET_LIB(first) == ERR_LIB_OSSL_DECODER)
        text = "holds no private key in PEM form";
    else if (ERR_GET_LIB(first) == ERR_LIB_X509 && ERR_GET_REASON(first) == X509_R_KEY_VALUES_MISMATCH)
        text = "is not the key of the certificate in cert_file";
    else if (ERR_GET_LIB(first) == ERR_LIB_CRYPTO || (ERR_GET_LIB(first) == ERR_LIB_PEM && ERR_GET_REASON(first) == PEM_R_BAD_PASSWORD_READ))
        text = "is encrypted: take the password off it, openssl pkey -in FILE";
    ERR_clear_error();
    return text ? text : "not readable";
}

static enum rc
complain(const struct tls_report *to, const char *key, const char *file, const char *what)
{
    errs_add(to->es, ERR_ERROR, RC_TLS, TLS_E_FILE, to->o->pos, "%s %s: %s", key, file, what);
    return RC_TLS;
}

static void
warn(const struct tls_report *to, const char *key, const char *file, const char *what)
{
    errs_add(to->es, ERR_WARNING, RC_TLS, TLS_E_FILE, to->o->pos, "%s %s: %s", key, file, what);
}

static BIO *
open_file(const struct tls_report *to, const char *key, const char *file)
{
    errno = 0;
    BIO *in = BIO_new_file(file, "r");

    if (!in)
        complain(to, key, file, errno ? strerror(errno) : "cannot be opened");
    ERR_clear_error();
    return in;
}

/* No terminal is ever asked for a passphrase. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static enum rc
check_leaf(X509 *leaf, const struct tls_report *to, bool server)
{
    const char *key = "cert_file", *file = to->o->cert_file;

    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) <= 0)
        return complain(to, key, file, "the certificate has expired");
    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) >= 0)
        return complain(to, key, file, "the certificate is not yet valid");
    if (X509_check_purpose(leaf, server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, 0) != 1)
        return complain(
            to, key, file, server ? "the certificate may not be used by a TLS server" : "the certificate may not be used by a TLS client");
    return RC_OK;
}

static void
check_mode(const struct tls_report *to)
{
    struct stat st;

    if (stat(to->o->key_file, &st) == 0 && st.st_mode & 077)
        warn(to, "key_file", to->o->key_file, "group or others may read it");
}

enum rc
tls_load_pair(SSL_CTX *ctx, const struct tls_report *to, bool server)
{
    BIO *cert = open_file(to, "cert_file", to->o->cert_file), *key = open_file(to, "key_file", to->o->key_file);

    BIO_free(cert);
    BIO_free(key);
    if (!cert || !key)
        return RC_TLS;
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, to->o->cert_file) != 1)
        return complain(to, "cert_file", to->o->cert_file, last_reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, to->o->key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return complain(to, "key_file", to->o->key_file, last_reason());
    check_mode(to);
    return check_leaf(SSL_CTX_get0_certificate(ctx), to, server);
}

static enum rc
add_authority(X509_STORE *store, X509 *ca, const char *key, const char *file, const struct tls_report *to)
{
    if (X509_check_ca(ca) != 1)
        return complain(to, key, file, "holds a certificate that is not of an authority (basic constraints CA:TRUE)");
    return X509_STORE_add_cert(store, ca) == 1 ? RC_OK : RC_NOMEM;
}

enum rc
tls_load_authorities(X509_STORE *store, const char *key, const char *file, const struct tls_report *to)
{
    BIO *in = open_file(to, key, file);
    unsigned count = 0, valid = 0;
    enum rc rc = RC_OK;
    X509 *ca;

    if (!in)
        return RC_TLS;
    while (rc == RC_OK && count < CERTS_MAX && (ca = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL))) {
        count++;
        valid += X509_cmp_current_time(X509_get0_notAfter(ca)) > 0;
        rc = add_authority(store, ca, key, file, to);
        X509_free(ca);
    }
    BIO_free(in);
    /* The end of a PEM file is the error "no start line"; another one is a damaged certificate behind good ones. */
    if (rc == RC_OK && (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
        rc = complain(to, key, file, count == CERTS_MAX ? "holds too many certificates" : last_reason());
    ERR_clear_error();
    if (rc == RC_OK && valid == 0)
        rc = complain(to, key, file, "every authority in it has expired");
    else if (rc == RC_OK && valid < count)
        warn(to, key, file, "an authority in it has expired");
    return rc;
}

/* An outdated list would refuse every client in the handshake; better to say so before anything runs on it. */
static enum rc
add_crl(X509_STORE *store, X509_CRL *crl, const struct tls_report *to)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

    if (next && X509_cmp_current_time(next) <= 0)
        return complain(to, "crl_file", to->o->crl_file, "a revocation list in it has expired");
    return X509_STORE_add_crl(store, crl) == 1 ? RC_OK : RC_NOMEM;
}

enum rc
tls_load_crl(X509_STORE *store, const struct tls_report *to)
{
    BIO *in = open_file(to, "crl_file", to->o->crl_file);
    unsigned count = 0;
    enum rc rc = RC_OK;
    X509_CRL *crl;

    if (!in)
        return RC_TLS;
    while (rc == RC_OK && count < CERTS_MAX && (crl = PEM_read_bio_X509_CRL(in, NULL, no_passphrase, NULL))) {
        count++;
        rc = add_crl(store, crl, to);
        X509_CRL_free(crl);
    }
    BIO_free(in);
    if (rc == RC_OK && (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
        rc = complain(to, "crl_file", to->o->crl_file, last_reason());
    ERR_clear_error();
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return rc;
}
