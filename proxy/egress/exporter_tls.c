/*
 * TLS towards destinations: the rules of net/tls.h, put on libcurl's connections (HTTP) and on our own (gRPC). Files are read for each connection: what was
 * replaced on disk counts from the next one on.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/digest.h"
#include "exporter_int.h"

/* libcurl compares the host too, but is content with a common name. An address is compared with addresses of the certificate only. */
static bool
expect_host(const char *host, SSL_CTX *ctx)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

enum rc
client_tls_setup(const struct exporter *e, SSL_CTX *ctx)
{
    return expect_host(e->host, ctx) ? tls_client_setup(&e->tls, ctx) : RC_TLS;
}

/* A key with a passphrase is refused, not asked for on a terminal. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static bool
load_files(const struct tls_options *o, SSL_CTX *ctx)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (o->ca_file ? SSL_CTX_load_verify_file(ctx, o->ca_file) != 1 : SSL_CTX_set_default_verify_paths(ctx) != 1)
        return false;
    return !o->cert_file || (SSL_CTX_use_certificate_chain_file(ctx, o->cert_file) == 1 &&
                                SSL_CTX_use_PrivateKey_file(ctx, o->key_file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1);
}

static SSL_CTX *
context_new(const struct exporter *e)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        return NULL;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* A resumed session is not verified again: a certificate revoked or expired meanwhile would pass. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); /* the reader goes on until nothing is left */
    if (load_files(&e->tls, ctx) && client_tls_setup(e, ctx) == RC_OK && SSL_CTX_set_alpn_protos(ctx, h2, sizeof(h2)) == 0)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* RFC 6066 section 3: addresses are not server names. */
static bool
name_server(SSL *ssl, const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

    if (address) {
        ASN1_OCTET_STRING_free(address);
        return true;
    }
    return SSL_set_tlsext_host_name(ssl, host) == 1;
}

enum rc
client_tls_new(const struct exporter *e, struct wire_socket *s, SSL **out)
{
    SSL_CTX *ctx = context_new(e);
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    BIO *bio = ssl ? wire_socket_bio(s) : NULL;

    SSL_CTX_free(ctx); /* ssl has its own reference */
    ERR_clear_error();
    if (!bio || !name_server(ssl, e->host)) {
        BIO_free(bio);
        SSL_free(ssl);
        return RC_TLS;
    }
    SSL_set_bio(ssl, bio, bio);
    SSL_set_connect_state(ssl);
    *out = ssl;
    return RC_OK;
}

const char *
client_tls_trouble(SSL *ssl)
{
    unsigned long error = ERR_peek_error();
    const char *word = "tls";

    if (SSL_get_verify_result(ssl) != X509_V_OK)
        word = "certificate";
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)
        word = "alpn";
    ERR_clear_error();
    return word;
}

bool
client_tls_speaks_h2(SSL *ssl)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return str_eq((struct str){(const char *)name, len}, STR("h2"));
}

void
client_tls_peer_digest(SSL *ssl, char hex[65])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const X509 *cert = SSL_get0_peer_certificate(ssl);

    hex[0] = '\0';
    if (!cert || X509_digest(cert, EVP_sha256(), md, &len) != 1 || len != SHA256_SIZE)
        return;
    digest_hex((struct str){(const char *)md, len}, hex);
    hex[64] = '\0';
}
