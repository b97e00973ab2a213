#include "net_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#define CLIENT_MAX (128u << 20)

void
net_client_open(struct net_client *c, uint16_t port, SSL_CTX *ctx)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;

    *c = (struct net_client){.out = BUF_INIT(CLIENT_MAX), .in = BUF_INIT(CLIENT_MAX)};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(c->fd, 0);
    signal(SIGPIPE, SIG_IGN);                                                /* OpenSSL writes without MSG_NOSIGNAL */
    ck_assert_int_eq(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0); /* the kernel accepts for the listener */
    ck_assert_int_eq(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    c->ready = !ctx;
    if (!ctx)
        return;
    c->ssl = SSL_new(ctx);
    ck_assert(c->ssl);
    /* The socket is set not to block afterwards: connect is simpler so. */
    BIO *bio = BIO_new_socket(c->fd, BIO_NOCLOSE);

    BIO_set_nbio(bio, 1);
    ck_assert_int_eq(BIO_socket_nbio(c->fd, 1), 1);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_connect_state(c->ssl);
    SSL_set_mode(c->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
}

void
net_client_send(struct net_client *c, struct str bytes)
{
    ck_assert_int_eq(buf_append(&c->out, bytes), RC_OK);
}

/* Bytes done, 0 nothing now, -1 the end (closed or broken is set). */
static ssize_t
outcome(struct net_client *c, ssize_t n)
{
    int code;

    if (n > 0)
        return n;
    if (!c->ssl) {
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        *(n == 0 ? &c->closed : &c->broken) = true;
        return -1;
    }
    code = SSL_get_error(c->ssl, (int)n);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
        return 0;
    *(code == SSL_ERROR_ZERO_RETURN ? &c->closed : &c->broken) = true;
    return -1;
}

static bool
pump_out(struct net_client *c)
{
    size_t len = c->chunk && c->chunk < c->out.len ? c->chunk : c->out.len;
    ssize_t n;

    if (len == 0)
        return false;
    ERR_clear_error();
    n = c->ssl ? SSL_write(c->ssl, c->out.ptr, (int)len) : send(c->fd, c->out.ptr, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!c->ssl && n < 0 && errno != EAGAIN) {
        c->out.len = 0; /* reset by the server; what it said before may still be read */
        return false;
    }
    n = c->ssl && n <= 0 && SSL_get_error(c->ssl, (int)n) != SSL_ERROR_WANT_WRITE ? (c->out.len = 0, 0) : n;
    if (n <= 0)
        return false;
    memmove(c->out.ptr, c->out.ptr + n, c->out.len - (size_t)n);
    c->out.len -= (size_t)n;
    return true;
}

static bool
pump_in(struct net_client *c)
{
    bool any = false;
    ssize_t n = 1;

    while (n > 0 && !(c->read_max && c->in.len >= c->read_max)) {
        ck_assert_int_eq(buf_reserve(&c->in, 16384), RC_OK);
        ERR_clear_error();
        n = c->ssl ? SSL_read(c->ssl, c->in.ptr + c->in.len, 16384) : recv(c->fd, c->in.ptr + c->in.len, 16384, MSG_DONTWAIT);
        n = outcome(c, n);
        c->in.len += n > 0 ? (size_t)n : 0;
        any = any || n != 0;
    }
    return any;
}

bool
net_client_pump(struct net_client *c)
{
    bool any = false;

    if (c->closed || c->broken)
        return false;
    if (!c->ready) {
        ERR_clear_error();
        ssize_t n = outcome(c, SSL_do_handshake(c->ssl));

        c->ready = n > 0;
        any = n != 0;
    }
    if (c->ready) {
        any = pump_out(c) || any;
        any = pump_in(c) || any;
    }
    return any;
}

void
net_client_close(struct net_client *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    buf_free(&c->out);
    buf_free(&c->in);
}
