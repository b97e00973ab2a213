/**
 * A throw-away public key infrastructure for demonstrations and tests: ECDSA P-256, made in a moment, good for some days. Nothing that it makes belongs
 * into production: the keys of its authorities lie beside their certificates.
 *
 *   server-ca.crt   .key      signs the gate's server certificate
 *   server.crt      .key      the gate: localhost, 127.0.0.1, ::1
 *   clients-ca.crt  .key      signs the clients' certificates
 *   NAME.crt        .key      a client: SPIFFE id, country in its subject
 *   backends-ca.crt .key      signs what follows
 *   backend.crt     .key      a backend's server: localhost, 127.0.0.1, ::1
 *   egress.crt      .key      what the gate presents to backends
 */
#ifndef NET_PKI_H
#define NET_PKI_H

#include "base/err.h"

#define PKI_CLIENTS_MAX 64

struct pki_client {
    const char *name;     /* of its files: letters, digits, dash, underscore */
    const char *identity; /* "spiffe://example.org/ns/shop/sa/checkout" */
    const char *country;  /* subject C, two letters; NULL = none */
};

struct pki_options {
    const char *dir; /* made when missing, mode 0700 */
    unsigned days;   /* 1 .. 3650 */
    const struct pki_client *clients;
    size_t client_count;
};

/**
 * pki_make(o, es):
 * Make all of it. No file is overwritten. Keys are readable by their owner alone.
 * Returns: RC_OK; RC_USAGE (a name, identity, country or number of days that cannot be), RC_IO (a file exists or cannot be written), RC_TLS, with errors in es
 * Thread:  any
 */
enum rc pki_make(const struct pki_options *o, struct errs *es) MUST_USE;

#endif
