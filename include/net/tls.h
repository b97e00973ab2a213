/**
 * TLS contexts as faults.md 3.1 wants them: TLS 1.3 unless the configuration says 1.2, client certificate required, no tickets, no
 * renegotiation, no compression, ALPN enforced. A context is immutable and reference-counted; reload makes a new one and swaps.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"

struct ssl_st;
struct ssl_ctx_st;
struct tls;

enum tls_alpn { TLS_ALPN_H2, TLS_ALPN_HTTP11 };

/* What can be wrong with TLS in a configuration (SGnnnn). */
enum tls_code { TLS_E_SETTING = 112, TLS_E_FILE = 113 };

/* The `tls:` node of a receiver or an exporter, read but not yet opened. Strings live as long as the conf_doc. */
struct tls_options {
    const char *cert_file, *key_file, *ca_file, *client_ca_file, *crl_file, *server_name;
    unsigned min_version;    /* 0x0303 or 0x0304 */
    bool insecure;           /* exporters and receivers: plaintext; receivers only on loopback */
    const char *identity[4]; /* "spiffe_id", "dns_san", "subject_cn" in the order to try; NULL-terminated */
    const char **allow;      /* globs of identities, NULL-terminated; NULL = every verified client. Owned: tls_options_fini */
    struct err_pos pos;      /* for messages */
};

/**
 * tls_options_read(doc, n, server, o, es):
 * Read a `tls:` node with the Collector's key names. Unknown keys, missing files' names, insecure with other keys: errors. NULL n: an
 * exporter gets TLS with the system's authorities; a receiver an error, since plaintext must be asked for.
 * Out:     o  released by tls_options_fini; untouched on failure
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 */
enum rc tls_options_read(const struct conf_doc *doc, const struct conf_node *n, bool server, struct tls_options *o, struct errs *es) MUST_USE;
/* The keys of such a node, for schemas. */
const char *const *tls_options_keys(bool server, size_t *count);

/* Release what tls_options_read allocated (the list allow). A zeroed struct is allowed. */
void tls_options_fini(struct tls_options *o);

/**
 * tls_server_new(o, alpn, t, es):
 * Load certificate, key and CA, check that they fit, have not expired and may serve; build a context.
 * Returns: RC_OK; RC_TLS with errors in es; RC_NOMEM
 */
enum rc tls_server_new(const struct tls_options *o, enum tls_alpn alpn, struct tls **t, struct errs *es) MUST_USE;
struct tls *tls_ref(struct tls *t);
void tls_unref(struct tls *t);
struct ssl_ctx_st *tls_ctx(struct tls *t);
const struct tls_options *tls_options(const struct tls *t); /* a copy of what it was made from */
int64_t tls_not_after(const struct tls *t);                 /* of its own certificate, seconds since 1970 */

/**
 * tls_client_check(o, es):
 * The files of an exporter: readable, certificate and key fit, not expired, may be a client; authorities are authorities.
 * Returns: RC_OK; RC_TLS with errors in es; RC_NOMEM
 */
enum rc tls_client_check(const struct tls_options *o, struct errs *es) MUST_USE;

/**
 * tls_client_setup(o, ctx):
 * Put the rules of faults.md 3.1 on a client context that somebody else made (libcurl, in CURLOPT_SSL_CTX_FUNCTION, after it has loaded files
 * and set the host name): versions, ciphers, groups, strict chains, no partial wildcards, no renegotiation, revocation list when there is one.
 * Returns: RC_OK; RC_TLS, the connection must not be made then
 */
enum rc tls_client_setup(const struct tls_options *o, struct ssl_ctx_st *ctx) MUST_USE;

/**
 * tls_recheck(t, ssl):
 * Would the peer of an established connection still be let in by t: chain, revocation, dates, purpose.
 * Returns: RC_OK; RC_TLS, with the reason as a static word
 */
enum rc tls_recheck(struct tls *t, struct ssl_st *ssl, const char **reason) MUST_USE;

/**
 * tls_refusal(ssl):
 * Why a handshake that OpenSSL ended has failed, as a static word for audit and metrics: no_certificate, expired, not_yet_valid, unknown_ca,
 * wrong_purpose, revoked, crl, weak_key, chain, bad_certificate, alpn, protocol, client_alert, closed. Reads the thread's error queue.
 */
const char *tls_refusal(const struct ssl_st *ssl);

#endif
