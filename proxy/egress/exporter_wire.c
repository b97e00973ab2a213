#include "exporter_wire_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "exporter_int.h"

#define OUT_BYTES (128u * 1024) /* plaintext that waits, with room for a frame of the largest default size */
#define RECORD_BYTES 16384      /* RFC 8446 section 5.1 */
#define READ_BYTES (32u * 1024)
#define READS_MAX 64 /* a call of the loop: one connection does not starve the others */

enum phase { CONNECTING, GREETING, OPEN };

/*
 *   out     [0 .. out_done) encrypted, [out_done .. out_len) waits
 *   The ciphertext is collected by wire_bio (exporter_bio.c) and sent by one call when there is enough.
 */
struct wire {
    struct easy_owner owner;
    struct exporter *e;
    struct wire_user *user;
    enum phase phase;
    unsigned depth; /* callbacks under way: the last one frees a wire that was closed */
    bool closed;
    CURL *easy; /* while CONNECTING */
    struct wire_socket socket;
    SSL *ssl; /* NULL: plaintext */
    struct event readable, writable;
    bool has_events;
    size_t out_len, out_done;
    char peer_sha256[65];
    char out[OUT_BYTES];
    char in[READ_BYTES];
};

static void
release(struct wire *w)
{
    if (w->easy) {
        curl_multi_remove_handle(set_multi(w->e->set), w->easy);
        curl_easy_cleanup(w->easy);
    }
    if (w->has_events) {
        event_del(&w->readable);
        event_del(&w->writable);
    }
    SSL_free(w->ssl);
    wire_socket_fini(&w->socket);
    free(w);
}

static void
leave(struct wire *w)
{
    if (--w->depth == 0 && w->closed)
        release(w);
}

void
wire_close(struct wire *w)
{
    if (w->closed)
        return;
    w->closed = true;
    if (w->depth == 0)
        release(w);
}

static void
fail(struct wire *w, const char *why)
{
    struct wire_user *u = w->user;

    if (w->closed)
        return;
    w->depth++;
    w->closed = true;
    u->on_end(u, why);
    leave(w);
}

/* -- bytes ------------------------------------------------------------------------------------------------------------------------ */

/* NULL: it goes on when the socket is ready. */
static const char *
ssl_trouble(struct wire *w, int result)
{
    int code = SSL_get_error(w->ssl, result);

    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
        return NULL;
    if (code == SSL_ERROR_ZERO_RETURN || code == SSL_ERROR_SYSCALL)
        return "reset";
    return client_tls_trouble(w->ssl);
}

/* Bytes taken, 0 when the socket is full; a failure is found by the next read. */
static size_t
send_some(struct wire *w)
{
    const char *at = w->out + w->out_done;
    size_t len = w->out_len - w->out_done;

    if (!w->ssl)
        return wire_socket_send(&w->socket, at, len);
    ERR_clear_error();
    int n = SSL_write(w->ssl, at, (int)(len < RECORD_BYTES ? len : RECORD_BYTES));

    return n > 0 ? (size_t)n : 0;
}

bool
wire_flush(struct wire *w)
{
    size_t n = 1;

    if (w->phase != OPEN || w->closed)
        return false;
    while (n && w->out_done < w->out_len) {
        n = send_some(w);
        w->out_done += n;
    }
    if (w->out_done == w->out_len)
        w->out_done = w->out_len = 0;
    if (wire_socket_flush(&w->socket) && w->out_len == 0) {
        event_del(&w->writable);
        return true;
    }
    if (!event_pending(&w->writable, EV_WRITE, NULL))
        event_add(&w->writable, NULL);
    return false;
}

bool
wire_write(struct wire *w, struct str head, struct str body)
{
    size_t need = head.len + body.len;

    if (w->closed || need > sizeof(w->out) - w->out_len)
        return false;
    memcpy(w->out + w->out_len, head.ptr, head.len);
    if (body.len)
        memcpy(w->out + w->out_len + head.len, body.ptr, body.len);
    w->out_len += need;
    return true;
}

static ssize_t
receive(struct wire *w, const char **why)
{
    *why = NULL;
    if (!w->ssl) {
        ssize_t n = recv(w->socket.fd, w->in, sizeof(w->in), 0);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            *why = "reset";
        return n;
    }
    ERR_clear_error();
    int n = SSL_read(w->ssl, w->in, sizeof(w->in));

    if (n <= 0)
        *why = ssl_trouble(w, n);
    return n;
}

static void
read_all(struct wire *w)
{
    for (unsigned i = 0; i < READS_MAX && !w->closed; i++) {
        const char *why;
        ssize_t n = receive(w, &why);

        if (n > 0) {
            w->user->on_bytes(w->user, (struct str){w->in, (size_t)n});
            continue;
        }
        if (why)
            fail(w, why);
        return;
    }
    if (!w->closed)
        event_active(&w->readable, EV_READ, 0); /* OpenSSL may hold more than the socket does */
}

/* -- opening ---------------------------------------------------------------------------------------------------------------------- */

static void
opened(struct wire *w)
{
    w->phase = OPEN;
    if (w->ssl)
        client_tls_peer_digest(w->ssl, w->peer_sha256);
    w->user->on_open(w->user);
}

static void
greet(struct wire *w)
{
    ERR_clear_error();
    int result = SSL_do_handshake(w->ssl);
    const char *why = result == 1 ? NULL : ssl_trouble(w, result);

    if (wire_socket_flush(&w->socket)) /* an alert too */
        event_del(&w->writable);
    else
        event_add(&w->writable, NULL);
    if (why)
        fail(w, why);
    else if (result == 1 && !client_tls_speaks_h2(w->ssl))
        fail(w, "alpn");
    else if (result == 1)
        opened(w);
}

/* depth keeps w until leave(): the analyser cannot follow the counter. NOLINTBEGIN(clang-analyzer-unix.Malloc) */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct wire *w = arg;

    (void)fd;
    (void)what;
    w->depth++;
    if (w->phase == GREETING)
        greet(w);
    if (w->phase == OPEN && !w->closed)
        read_all(w);
    leave(w);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct wire *w = arg;

    (void)fd;
    (void)what;
    w->depth++;
    if (w->phase == GREETING)
        greet(w);
    else if (wire_flush(w))
        w->user->on_room(w->user);
    leave(w);
}

/* Plaintext goes to this machine only, whatever the name has resolved to. */
static bool
peer_is_loopback(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof(a);

    if (getpeername(fd, (struct sockaddr *)&a, &len))
        return false;
    if (a.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&a)->sin_addr.s_addr) >> 24 == 127;
    return a.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&a)->sin6_addr);
}

static const char *
begin(struct wire *w, int fd)
{
    struct event_base *base = loop_base(set_loop(w->e->set));

    if (fd < 0 || wire_socket_init(&w->socket, fd) != RC_OK)
        return "memory";
    if (event_assign(&w->readable, base, fd, EV_READ | EV_PERSIST, on_readable, w) ||
        event_assign(&w->writable, base, fd, EV_WRITE | EV_PERSIST, on_writable, w))
        return "memory";
    w->has_events = true;
    if (event_add(&w->readable, NULL))
        return "memory";
    if (w->e->plaintext)
        return peer_is_loopback(fd) ? NULL : "plaintext";
    return client_tls_new(w->e, &w->socket, &w->ssl) == RC_OK ? NULL : "tls_files";
}

/* libcurl has connected, or not. The descriptor is taken from it: from here on the connection is ours. */
static void
on_connected(struct easy_owner *owner, CURLcode code)
{
    struct wire *w = (struct wire *)owner; /* its first member */
    curl_socket_t fd = CURL_SOCKET_BAD;
    const char *why = code == CURLE_OK ? NULL : transport_word(code);

    w->depth++;
    if (!why && curl_easy_getinfo(w->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    curl_multi_remove_handle(set_multi(w->e->set), w->easy);
    curl_easy_cleanup(w->easy);
    w->easy = NULL;
    if (!why)
        why = begin(w, fd);
    if (why) {
        fail(w, why);
    } else if (w->ssl) {
        w->phase = GREETING;
        greet(w);
    } else {
        opened(w);
    }
    leave(w);
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* Names, addresses, which of them answers first: libcurl's part. */
static CURL *
connector(struct wire *w)
{
    CURL *c = curl_easy_init();

    if (c && curl_easy_setopt(c, CURLOPT_URL, w->e->connect_url) == CURLE_OK && curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK && curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)w->e->timeout_ms) == CURLE_OK &&
        curl_easy_setopt(c, CURLOPT_PRIVATE, &w->owner) == CURLE_OK)
        return c;
    curl_easy_cleanup(c);
    return NULL;
}

struct wire *
wire_open(struct exporter *e, struct wire_user *u)
{
    struct wire *w = malloc(sizeof(*w)); /* the buffers stay as they are */

    if (!w)
        return NULL;
    memset(w, 0, offsetof(struct wire, out));
    w->owner.on_done = on_connected;
    w->e = e;
    w->user = u;
    w->socket.fd = -1;
    w->easy = connector(w);
    if (w->easy && curl_multi_add_handle(set_multi(e->set), w->easy) == CURLM_OK)
        return w;
    curl_easy_cleanup(w->easy);
    free(w);
    return NULL;
}

const char *
wire_peer_sha256(const struct wire *w)
{
    return w->peer_sha256;
}
