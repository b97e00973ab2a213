/**
 * Certificates made on the spot, good ones and bad ones. Any failure fails the test.
 */
#ifndef SUPPORT_NET_PKI_H
#define SUPPORT_NET_PKI_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

struct pki_cert {
    X509 *cert;
    EVP_PKEY *key;
};

struct pki_spec {
    const char *cn, *country; /* NULL: none */
    const char *names;        /* subjectAltName, "URI:spiffe://example.org/x,DNS:localhost"; NULL: none */
    const char *usage;        /* extendedKeyUsage, "clientAuth"; NULL: none */
    const char *key_usage;    /* NULL: digitalSignature, for authorities keyCertSign and cRLSign; "": none */
    bool ca;
    int from_days, to_days; /* from now; 0, 0: yesterday to tomorrow */
    unsigned rsa_bits;      /* 0: P-256 */
    bool extra_cn;          /* the common name twice */
    bool extra_country;     /* the country twice */
};

/* Signed by issuer, by itself when NULL. */
struct pki_cert pki_issue(const struct pki_spec *spec, const struct pki_cert *issuer);
void pki_free(struct pki_cert *c);

/* A folder that is gone after pki_folder_remove, and files in it. The names returned are valid until then. */
struct pki_folder;
struct pki_folder *pki_folder_make(void);
void pki_folder_remove(struct pki_folder *f);
const char *pki_write_cert(struct pki_folder *f, const char *name, const struct pki_cert *c);
/* Appends to the file of a certificate written before: chains and pools. */
void pki_append_cert(const char *file, const struct pki_cert *c);
const char *pki_write_key(struct pki_folder *f, const char *name, const struct pki_cert *c);
/* A revocation list of issuer with at most one entry. */
const char *pki_write_crl(struct pki_folder *f, const char *name, const struct pki_cert *issuer, const struct pki_cert *revoked, int to_days);
const char *pki_write_text(struct pki_folder *f, const char *name, const char *text);

/* What nearly every test needs: an authority, a server, a client, as files. */
struct pki_basic {
    struct pki_folder *folder;
    struct pki_cert ca, server, client;
    const char *ca_file, *server_file, *server_key, *client_file, *client_key;
};
void pki_basic_make(struct pki_basic *b);
void pki_basic_free(struct pki_basic *b);
#define PKI_CLIENT_ID "spiffe://example.org/ns/shop/sa/checkout"

/* Handshake of two SSLs in memory. True when both are done; the server's SSL then knows its peer. */
bool pki_handshake(SSL *server, SSL *client);
/* A client context that presents c (NULL: nothing) and trusts every server; alpn in wire form, "\x02h2". */
SSL_CTX *pki_client_context(const struct pki_cert *c, const char *alpn);

#endif
