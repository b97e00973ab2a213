/**
 * A client for tests: one connection over loopback, TLS or plain, that never blocks, so that server and client run in one thread: the test
 * steps the server's loop and pumps its clients in turn.
 */
#ifndef SUPPORT_NET_CLIENT_H
#define SUPPORT_NET_CLIENT_H

#include <openssl/ssl.h>

#include "base/buf.h"

struct net_client {
    int fd;
    SSL *ssl;
    struct buf out, in; /* out: not yet taken by the socket; in: everything received */
    size_t chunk;       /* largest piece to send at a time; 0: all of it */
    size_t read_max;    /* stop reading when in holds so much; 0: never */
    bool ready;         /* handshake done, as the client sees it */
    bool closed;        /* the server has ended in good order */
    bool broken;        /* reset, or an alert */
};

/* Connect; ctx NULL: plain. Any failure fails the test. */
void net_client_open(struct net_client *c, uint16_t port, SSL_CTX *ctx);
void net_client_send(struct net_client *c, struct str bytes);
/* What can be done without waiting: handshake, send, receive. True when anything was. */
bool net_client_pump(struct net_client *c);
void net_client_close(struct net_client *c);

#endif
