/**
 * The part of a peer that stands in its certificate whatever comes of it.
 */
#ifndef NET_PEER_INT_H
#define NET_PEER_INT_H

#include <openssl/x509.h>

#include "net/peer.h"

/* Country, digest, serial, issuer, end of validity; for accepted and refused certificates alike. */
void peer_describe(X509 *cert, struct peer *p);

#endif
