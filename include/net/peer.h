/**
 * Who is at the other end of a connection, taken from its verified certificate once, after the handshake.
 */
#ifndef NET_PEER_H
#define NET_PEER_H

#include "base/rc.h"
#include "base/str.h"
#include "net/tls.h"

struct peer {
    char identity[512];   /* "" on plaintext */
    char country[4];      /* subject C, "" when absent, "?" when it is there and cannot be read */
    char address[64];     /* "192.0.2.1" */
    char cidr[72];        /* /24 or /48 of it, for the audit */
    char tls_version[16]; /* "TLSv1.3", "" on plaintext */
    char cert_sha256[65];
    char serial[64];
    char issuer[256];
    char not_after[32]; /* RFC 3339 */
    uint64_t expires_s; /* the same in seconds since 1970; 0: not known */
};

/**
 * peer_identify(ssl, o, p):
 * Fill p from the peer certificate: exactly one URI SAN for a SPIFFE id (scheme spiffe, a path, no percent-encoding, lower-case trust domain), CA:FALSE;
 * else DNS SAN, else CN, in the order of o->identity. Names with NUL or control bytes are refused.
 * Returns: RC_OK; RC_UNAUTH no certificate or no usable name; RC_DENIED not on the allow-list. reason: static word for audit and
 *          metrics, "ok" with RC_OK
 */
enum rc peer_identify(struct ssl_st *ssl, const struct tls_options *o, struct peer *p, const char **reason) MUST_USE;

/* Only the address fields, for plaintext listeners and refused handshakes. */
struct sockaddr;
void peer_address(const struct sockaddr *sa, struct peer *p);

#endif
