/**
 * What the files of proxy/net share about certificates.
 */
#ifndef NET_TLS_INT_H
#define NET_TLS_INT_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* Problems are reported one by one into es, at the place of the configuration that named the file. */
struct tls_report {
    const struct tls_options *o;
    struct errs *es;
};

/* Certificate chain and key into ctx: readable, they fit, dates, purpose. */
enum rc tls_load_pair(SSL_CTX *ctx, const struct tls_report *to, bool server) MUST_USE;
/* Certificates of a file into the store; each must be an authority, one at least not expired. */
enum rc tls_load_authorities(X509_STORE *store, const char *key, const char *file, const struct tls_report *to) MUST_USE;
/* Revocation lists into the store, and the flags that make them count. */
enum rc tls_load_crl(X509_STORE *store, const struct tls_report *to) MUST_USE;

/* Versions, ciphers, groups, options that servers and clients have in common. */
enum rc tls_common_setup(SSL_CTX *ctx, unsigned min_version) MUST_USE;

/* RFC 9113 section 3.3: HTTP/2 over TLS is negotiated. A client that offers no protocol at all may speak HTTP/1.1 only. */
bool tls_alpn_agreed(const struct tls *t, const SSL *ssl);

/* A static word for an X509_V_ERR code. */
const char *tls_verify_word(long code);

#endif
