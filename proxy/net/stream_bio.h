/**
 * How OpenSSL reaches the socket of a stream: it reads what was received in bulk, and sends records straight away.
 */
#ifndef NET_STREAM_BIO_H
#define NET_STREAM_BIO_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

struct stream_wire {
    int fd;
    const char *ptr; /* received, not yet read by OpenSSL */
    size_t len;
    bool eof, error; /* of the socket */
};

/* A server's SSL over ${w}, which must outlive it; NULL when out of memory. */
SSL *stream_ssl_new(SSL_CTX *ctx, struct stream_wire *w);

#endif
