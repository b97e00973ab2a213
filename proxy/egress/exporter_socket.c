/*
 * How OpenSSL reaches the socket of a connection: records are collected and sent together, without SIGPIPE. What was taken and not yet sent is
 * sent as far as OpenSSL knows; wire_socket_flush knows better.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "exporter_int.h"

/* Four records. One send of 64 KiB instead of four of 16: 26 system calls less for a body of 423 KB. */
#define SEND_BYTES (64u * 1024)
#define CIPHER_BYTES (SEND_BYTES + 17u * 1024)

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

enum rc
wire_socket_init(struct wire_socket *s, int fd)
{
    int on = 1;

    *s = (struct wire_socket){.fd = fd, .cipher = malloc(CIPHER_BYTES)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    return s->cipher ? RC_OK : RC_NOMEM;
}

void
wire_socket_fini(struct wire_socket *s)
{
    free(s->cipher);
    if (s->fd >= 0)
        close(s->fd);
}

/* A socket that is broken takes nothing; the next read says why. */
size_t
wire_socket_send(struct wire_socket *s, const char *bytes, size_t len)
{
    ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);

    return n > 0 ? (size_t)n : 0;
}

bool
wire_socket_flush(struct wire_socket *s)
{
    if (s->done < s->len)
        s->done += wire_socket_send(s, s->cipher + s->done, s->len - s->done);
    if (s->done < s->len)
        return false;
    s->done = s->len = 0;
    return true;
}

static int
socket_write(BIO *bio, const char *bytes, int size)
{
    struct wire_socket *s = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (s->len >= SEND_BYTES)
        (void)wire_socket_flush(s);
    size_t room = CIPHER_BYTES - s->len, n = (size_t)size < room ? (size_t)size : room;

    if (n == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    memcpy(s->cipher + s->len, bytes, n);
    s->len += n;
    return (int)n;
}

static int
socket_read(BIO *bio, char *out, int size)
{
    struct wire_socket *s = BIO_get_data(bio);
    ssize_t n = recv(s->fd, out, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)n;
}

static long
socket_ctrl(BIO *bio, int command, long number, void *arg)
{
    (void)bio;
    (void)number;
    (void)arg;
    return command == BIO_CTRL_FLUSH; /* done by wire_socket_flush */
}

static void
method_make(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "exporter");

    if (!m || BIO_meth_set_read(m, socket_read) != 1 || BIO_meth_set_write(m, socket_write) != 1 || BIO_meth_set_ctrl(m, socket_ctrl) != 1) {
        BIO_meth_free(m);
        return;
    }
    method = m;
}

struct bio_st *
wire_socket_bio(struct wire_socket *s)
{
    pthread_once(&once, method_make);
    BIO *bio = method ? BIO_new(method) : NULL;

    if (!bio)
        return NULL;
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    return bio;
}
