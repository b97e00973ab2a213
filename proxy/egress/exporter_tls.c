/* libcurl makes the TLS connection; here the rules of net/tls.h are put on it, and it is asked whom it met. */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

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
    static const unsigned char h2[] = {2, 'h', '2'};

    /* libcurl offers http/1.1 beside h2; to a gRPC server that would be a protocol it does not speak. */
    if (e->protocol == EXPORTER_GRPC && SSL_CTX_set_alpn_protos(ctx, h2, sizeof(h2)) != 0)
        return RC_TLS;
    if (!expect_host(e->host, ctx))
        return RC_TLS;
    return tls_client_setup(&e->tls, ctx);
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
