/**
 * TLS contexts as faults.md 3.1 wants them: TLS 1.3 unless the configuration says 1.2, client certificate required, no tickets, no
 * renegotiation, no compression, ALPN enforced. A context is immutable and reference-counted; reload makes a new one and swaps.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/conf.h"
#include "base/err.h"

struct ssl_ctx_st;
struct tls;

enum tls_alpn { TLS_ALPN_H2, TLS_ALPN_HTTP11 };

/* The `tls:` node of a receiver or an exporter, read but not yet opened. Strings live as long as the conf_doc. */
struct tls_options {
    const char *cert_file, *key_file, *ca_file, *client_ca_file, *crl_file, *server_name;
    unsigned min_version; /* 0x0303 or 0x0304 */
    bool insecure;        /* exporters and receivers: plaintext; receivers only on loopback */
    const char *identity[4]; /* "spiffe_id", "dns_san", "subject_cn" in the order to try; NULL-terminated */
    const char **allow;   /* globs of identities, NULL-terminated; NULL = every verified client */
    struct err_pos pos;   /* for messages */
};

/**
 * tls_options_read(doc, n, server, o, es):
 * Read a `tls:` node with the Collector's key names. Unknown keys, missing files' names, insecure with other keys: errors.
 */
enum rc tls_options_read(const struct conf_doc *doc, const struct conf_node *n, bool server, struct tls_options *o,
    struct errs *es) MUST_USE;

/**
 * tls_server_new(o, alpn, t, es):
 * Load certificate, key and CA, check that they fit, have not expired and may serve; build a context.
 * Returns: RC_OK; RC_TLS with errors in es
 */
enum rc tls_server_new(const struct tls_options *o, enum tls_alpn alpn, struct tls **t, struct errs *es) MUST_USE;
enum rc tls_client_check(const struct tls_options *o, struct errs *es) MUST_USE;
struct tls *tls_ref(struct tls *t);
void tls_unref(struct tls *t);
struct ssl_ctx_st *tls_ctx(struct tls *t);
const struct tls_options *tls_options(const struct tls *t); /* a copy of what it was made from */

#endif
