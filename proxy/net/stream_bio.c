#include "stream_bio.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
wire_read(BIO *bio, char *out, int size)
{
    struct stream_wire *w = BIO_get_data(bio);
    size_t n = w->len < (size_t)size ? w->len : (size_t)size;

    BIO_clear_retry_flags(bio);
    if (n == 0) {
        if (w->eof || w->error)
            return w->eof ? 0 : -1;
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(out, w->ptr, n);
    w->ptr += n;
    w->len -= n;
    return (int)n;
}

static int
wire_write(BIO *bio, const char *bytes, int size)
{
    struct stream_wire *w = BIO_get_data(bio);
    ssize_t n = send(w->fd, bytes, (size_t)size, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (n >= 0)
        return (int)n;
    if (errno == EAGAIN || errno == EINTR)
        BIO_set_retry_write(bio);
    else
        w->error = true;
    return -1;
}

static long
wire_ctrl(BIO *bio, int command, long number, void *arg)
{
    const struct stream_wire *w = BIO_get_data(bio);

    (void)number;
    (void)arg;
    if (command == BIO_CTRL_EOF)
        return w->eof;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

static void
method_make(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "stream");

    if (!m || BIO_meth_set_read(m, wire_read) != 1 || BIO_meth_set_write(m, wire_write) != 1 || BIO_meth_set_ctrl(m, wire_ctrl) != 1) {
        BIO_meth_free(m);
        return;
    }
    method = m;
}

SSL *
stream_ssl_new(SSL_CTX *ctx, struct stream_wire *w)
{
    pthread_once(&once, method_make);
    BIO *bio = method ? BIO_new(method) : NULL;
    SSL *ssl = bio ? SSL_new(ctx) : NULL;

    if (!ssl) {
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, w);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}
