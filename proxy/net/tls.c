#include "net/tls.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "peer_int.h"
#include "tls_int.h"

/* faults.md 3.1 */
#define VERIFY_DEPTH 4
#define CERT_LIST_MAX (32u * 1024)
#define GROUPS "X25519:P-256:P-384"
/* TLS 1.2 only where asked for, and then forward secret and authenticated. */
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1"
/* AES-128 first: it costs a tenth less than AES-256 and the session lives an hour. */
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

struct tls {
    SSL_CTX *ctx;
    struct tls_options options;
    enum tls_alpn alpn;
    int64_t not_after;
    _Atomic unsigned refs;
};

enum rc
tls_common_setup(SSL_CTX *ctx, unsigned min_version)
{
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_verify_depth(ctx, VERIFY_DEPTH);
    SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
    if (SSL_CTX_set_min_proto_version(ctx, (int)min_version) != 1 || SSL_CTX_set_max_proto_version(ctx, 0) != 1 ||
        SSL_CTX_set1_groups_list(ctx, GROUPS) != 1 || SSL_CTX_set_cipher_list(ctx, CIPHERS_12) != 1 || SSL_CTX_set_ciphersuites(ctx, CIPHERS_13) != 1)
        return RC_TLS;
    return RC_OK;
}

/* RFC 7301 section 3.2: no common protocol is a fatal alert. A client that offers none at all: tls_alpn_agreed. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char h2[] = "\x02h2", http11[] = "\x08http/1.1";
    const struct tls *t = arg;
    const unsigned char *want = t->alpn == TLS_ALPN_H2 ? h2 : http11;
    unsigned want_len = (t->alpn == TLS_ALPN_H2 ? sizeof(h2) : sizeof(http11)) - 1;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, want, want_len, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

bool
tls_alpn_agreed(const struct tls *t, const SSL *ssl)
{
    const unsigned char *chosen;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &chosen, &len);
    return len > 0 || t->alpn == TLS_ALPN_HTTP11;
}

/* OpenSSL forgets a certificate that it refuses: what the record of the refusal needs is noted here. */
static int
on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct peer *p = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);

    if (!ok && p && leaf)
        peer_describe(leaf, p);
    return ok;
}

static enum rc
context_setup(struct tls *t)
{
    SSL_CTX *ctx = t->ctx;

    if (tls_common_setup(ctx, t->options.min_version) != RC_OK || SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"spangate", 8) != 1)
        return RC_TLS;
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, t);
    /* Idle connections hold no record buffers; a write that is tried again may come from a buffer that moved. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return RC_OK;
}

/* Clients are told which authorities they may choose a certificate of. */
static enum rc
announce_authorities(SSL_CTX *ctx, const char *file)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);

    if (!names)
        return RC_NOMEM;
    SSL_CTX_set_client_CA_list(ctx, names);
    return RC_OK;
}

static enum rc
context_load(struct tls *t, struct errs *es)
{
    const struct tls_options *o = &t->options;
    struct tls_report to = {o, es};
    X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
    enum rc pair = tls_load_pair(t->ctx, &to, true);
    enum rc rc = tls_load_authorities(store, "client_ca_file", o->client_ca_file, &to);

    if (rc == RC_OK)
        rc = announce_authorities(t->ctx, o->client_ca_file);
    if (rc == RC_OK && o->crl_file)
        rc = tls_load_crl(store, &to);
    return pair != RC_OK ? pair : rc;
}

static char *
copy(const char *s, bool *ok)
{
    char *c = s ? strdup(s) : NULL;

    if (s && !c)
        *ok = false;
    return c;
}

static bool
options_copy(const struct tls_options *o, struct tls_options *to)
{
    size_t count = 0;
    bool ok = true;

    to->cert_file = copy(o->cert_file, &ok);
    to->key_file = copy(o->key_file, &ok);
    to->ca_file = copy(o->ca_file, &ok);
    to->client_ca_file = copy(o->client_ca_file, &ok);
    to->crl_file = copy(o->crl_file, &ok);
    to->server_name = copy(o->server_name, &ok);
    to->pos = o->pos;
    to->pos.file = copy(o->pos.file, &ok);
    to->min_version = o->min_version;
    to->insecure = o->insecure;
    for (size_t i = 0; i < 3 && o->identity[i]; i++)
        to->identity[i] = copy(o->identity[i], &ok);
    while (o->allow && o->allow[count])
        count++;
    to->allow = o->allow ? calloc(count + 1, sizeof(*to->allow)) : NULL;
    if (o->allow && !to->allow)
        return false;
    for (size_t i = 0; i < count; i++)
        to->allow[i] = copy(o->allow[i], &ok);
    return ok;
}

static void
options_free(struct tls_options *o)
{
    const char *const owned[] = {o->cert_file, o->key_file, o->ca_file, o->client_ca_file, o->crl_file, o->server_name, o->pos.file, o->identity[0],
        o->identity[1], o->identity[2]};

    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
        free((char *)owned[i]);
    for (size_t i = 0; o->allow && o->allow[i]; i++)
        free((char *)o->allow[i]);
    tls_options_fini(o);
}

static int64_t
seconds_of(const ASN1_TIME *at)
{
    struct tm tm = {0};

    return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

enum rc
tls_server_new(const struct tls_options *o, enum tls_alpn alpn, struct tls **t, struct errs *es)
{
    struct tls *made = calloc(1, sizeof(*made));
    enum rc rc = RC_NOMEM;

    if (!made)
        return RC_NOMEM;
    atomic_init(&made->refs, 1);
    made->alpn = alpn;
    if (!options_copy(o, &made->options))
        goto fail;
    made->ctx = SSL_CTX_new(TLS_server_method());
    if (!made->ctx)
        goto fail;
    rc = context_setup(made);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, TLS_E_SETTING, o->pos, "OpenSSL refuses the settings: %s", ERR_reason_error_string(ERR_peek_last_error()));
        goto fail;
    }
    rc = context_load(made, es);
    if (rc != RC_OK)
        goto fail;
    made->not_after = seconds_of(X509_get0_notAfter(SSL_CTX_get0_certificate(made->ctx)));
    *t = made;
    return RC_OK;
fail:
    ERR_clear_error();
    tls_unref(made);
    return rc;
}

struct tls *
tls_ref(struct tls *t)
{
    if (t)
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void
tls_unref(struct tls *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(t->ctx);
    options_free(&t->options);
    free(t);
}

SSL_CTX *
tls_ctx(struct tls *t)
{
    return t->ctx;
}

const struct tls_options *
tls_options(const struct tls *t)
{
    return &t->options;
}

int64_t
tls_not_after(const struct tls *t)
{
    return t->not_after;
}

enum rc
tls_client_check(const struct tls_options *o, struct errs *es)
{
    struct tls_report to = {o, es};
    SSL_CTX *ctx;
    enum rc rc = RC_OK, pair = RC_OK, crl = RC_OK;

    if (o->insecure)
        return RC_OK;
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return RC_NOMEM;
    SSL_CTX_set_security_level(ctx, 2);
    if (o->cert_file)
        pair = tls_load_pair(ctx, &to, false);
    if (o->ca_file)
        rc = tls_load_authorities(SSL_CTX_get_cert_store(ctx), "ca_file", o->ca_file, &to);
    if (o->crl_file)
        crl = tls_load_crl(SSL_CTX_get_cert_store(ctx), &to);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return pair != RC_OK ? pair : rc != RC_OK ? rc : crl;
}

enum rc
tls_client_setup(const struct tls_options *o, SSL_CTX *ctx)
{
    struct errs es = {0};
    struct tls_report to = {o, &es};
    enum rc rc = tls_common_setup(ctx, o->min_version);

    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ctx), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (rc == RC_OK && o->crl_file)
        rc = tls_load_crl(SSL_CTX_get_cert_store(ctx), &to);
    errs_free(&es);
    return rc;
}

enum rc
tls_recheck(struct tls *t, SSL *ssl, const char **reason)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    enum rc rc = RC_TLS;

    *reason = "no_memory";
    if (!store || !leaf || X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(t->ctx), leaf, SSL_get_peer_cert_chain(ssl)) != 1 ||
        X509_STORE_CTX_set_default(store, "ssl_client") != 1 ||
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_CTX_get0_param(t->ctx)) != 1)
        goto out;
    if (X509_verify_cert(store) == 1)
        rc = RC_OK;
    else
        *reason = tls_verify_word(X509_STORE_CTX_get_error(store));
out:
    X509_STORE_CTX_free(store);
    ERR_clear_error();
    return rc;
}
