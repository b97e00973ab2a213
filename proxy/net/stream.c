#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <openssl/err.h>

#include "base/buf.h"
#include "base/log.h"
#include "loop_int.h"
#include "stream_bio.h"
#include "stream_int.h"

#define OUT_KEEP (64u * 1024) /* memory a drained stream may hold */
#define RECORD_MAX 16384u     /* RFC 8446 section 5.1 */

/*
 * GREETING ──▶ OPEN ──stream_close──▶ CLOSING ──all sent──▶ LINGERING ──▶ GONE
 *     └───────────┴──────── the other side, an error, stream_abort ─────────┘
 */
enum phase { GREETING, OPEN, CLOSING, LINGERING, GONE };

/*
 *   wire   ciphertext that was received and not yet read by OpenSSL: in the loop's scratch during on_readable, in left (a copy) when reading
 *          was paused half-way. OpenSSL takes a record's header and body from it as they come and keeps what is incomplete itself.
 *   out    [0 .. out_done) sent, [out_done .. len) waits; with TLS plaintext
 */
struct stream {
    struct loop *loop;
    struct stream_list *list;
    struct stream *prev, *next;
    struct stream_greeter *greeter;
    struct stream_user *user;
    int fd;
    enum phase phase;
    bool paused;
    const char *broken; /* a write failed: to be ended from the loop */
    SSL *ssl;
    struct tls *tls;
    struct event readable, writable;
    struct timer *timer; /* handshake, then stalled write, then lingering */
    struct stream_wire wire;
    char *left;
    struct buf out;
    size_t out_done;
    struct peer peer;
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_timer(void *arg);

static void
stream_free(struct stream *s)
{
    SSL_free(s->ssl);
    tls_unref(s->tls);
    timer_free(s->timer);
    free(s->left);
    buf_free(&s->out);
    free(s);
}

void
stream_list_sweep(struct stream_list *list)
{
    while (list->gone) {
        struct stream *s = list->gone;

        list->gone = s->next;
        stream_free(s);
    }
}

/* The descriptor goes at once, the memory when the callbacks that may still have it in hand are done: see stream_list. */
static void
destroy(struct stream *s)
{
    if (s->phase == GONE)
        return;
    s->phase = GONE;
    s->user = NULL;
    event_del(&s->readable);
    event_del(&s->writable);
    timer_clear(s->timer);
    close(s->fd);
    *(s->prev ? &s->prev->next : &s->list->first) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->list->count--;
    s->next = s->list->gone;
    s->list->gone = s;
    timer_set(s->list->sweeper, 0);
}

void
stream_end(struct stream *s, const char *why)
{
    struct stream_user *u = s->user;
    bool greeting = s->phase == GREETING;

    if (s->phase == GONE)
        return;
    s->user = NULL;
    log_event(LOG_CONN_CLOSED, LOG_STR("reason", why));
    if (greeting)
        s->greeter->on_failed(s->greeter, s, why);
    destroy(s);
    if (u)
        u->on_end(u, why);
}

enum rc
stream_accept(struct loop *l, struct stream_list *list, int fd, struct tls *t, const struct peer *p, struct stream_greeter *g)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s)
        goto fail;
    *s = (struct stream){.loop = l, .list = list, .greeter = g, .fd = fd, .phase = GREETING, .wire = {.fd = fd}, .out = BUF_INIT(STREAM_OUT_MAX)};
    s->peer = *p;
    s->tls = tls_ref(t);
    s->timer = timer_new(l, on_timer, s);
    s->ssl = t && s->timer ? stream_ssl_new(tls_ctx(t), &s->wire) : NULL;
    if (!s->timer || (t && !s->ssl) || event_assign(&s->readable, loop_base(l), fd, EV_READ | EV_PERSIST, on_readable, s) != 0 ||
        event_assign(&s->writable, loop_base(l), fd, EV_WRITE | EV_PERSIST, on_writable, s) != 0 || event_add(&s->readable, NULL) != 0)
        goto fail;
    s->next = list->first;
    if (s->next)
        s->next->prev = s;
    list->first = s;
    list->count++;
    if (s->ssl) {
        SSL_set_app_data(s->ssl, &s->peer);
        timer_set(s->timer, STREAM_GREETING_MS);
    } else {
        s->phase = OPEN;
        g->on_ready(g, s);
    }
    return RC_OK;
fail:
    if (s)
        stream_free(s);
    close(fd);
    return RC_NOMEM;
}

/* What SSL_get_error cannot say in one word. ERR_clear_error stood before the call that failed. */
static const char *
ssl_trouble(struct stream *s, int result)
{
    int code = SSL_get_error(s->ssl, result);

    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
        return NULL;
    if (code == SSL_ERROR_ZERO_RETURN || s->wire.eof)
        return "closed";
    return s->wire.error ? "reset" : "tls";
}

static void
greet(struct stream *s)
{
    ERR_clear_error();
    int result = SSL_do_handshake(s->ssl);

    if (result == 1) {
        timer_clear(s->timer);
        SSL_set_app_data(s->ssl, NULL);
        s->phase = OPEN;
        s->greeter->on_ready(s->greeter, s);
        return;
    }
    if (ssl_trouble(s, result)) {
        const char *reason = tls_refusal(s->ssl);

        ERR_clear_error();
        stream_end(s, reason);
    }
}

static void
deliver_tls(struct stream *s)
{
    char *plain = loop_scratch(s->loop)->plain;

    while (s->phase == OPEN && s->user && !s->paused) {
        ERR_clear_error();
        int n = SSL_read(s->ssl, plain, LOOP_PLAIN_BYTES);

        if (n <= 0) {
            const char *why = ssl_trouble(s, n);

            if (why)
                stream_end(s, why);
            return;
        }
        s->user->on_bytes(s->user, (struct str){plain, (size_t)n});
    }
}

static void
deliver_plain(struct stream *s)
{
    struct str bytes = {s->wire.ptr, s->wire.len};

    if (s->phase != OPEN || !s->user || s->paused)
        return;
    s->wire.len = 0;
    if (bytes.len)
        s->user->on_bytes(s->user, bytes);
    else if (s->wire.eof || s->wire.error)
        stream_end(s, s->wire.eof ? "closed" : "reset");
}

static void
wire_fill(struct stream *s)
{
    char *scratch = loop_scratch(s->loop)->wire;
    ssize_t n = recv(s->fd, scratch, LOOP_WIRE_BYTES, 0);

    if (n > 0) {
        s->wire.ptr = scratch;
        s->wire.len = (size_t)n;
    } else if (n == 0) {
        s->wire.eof = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        s->wire.error = true;
    }
}

/* The scratch is somebody else's after this callback: what a pause left in it is copied. */
static void
wire_keep(struct stream *s)
{
    if (s->phase == GONE)
        return;
    if (s->wire.len == 0 || s->phase != OPEN) {
        free(s->left);
        s->left = NULL;
        s->wire.len = 0;
    } else if (!s->left) {
        s->left = malloc(s->wire.len);
        if (!s->left) {
            stream_end(s, "no_memory");
            return;
        }
        memcpy(s->left, s->wire.ptr, s->wire.len);
        s->wire.ptr = s->left;
    }
}

/* Nobody listens any more: read and forget, so that the kernel does not answer unread bytes with a reset that overtakes our answer. */
static void
discard(struct stream *s)
{
    wire_fill(s);
    s->wire.len = 0;
    if (!s->wire.eof && !s->wire.error)
        return;
    if (s->phase == LINGERING || s->wire.error)
        destroy(s);
    else
        event_del(&s->readable); /* half closed: it may still read */
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;

    (void)fd;
    (void)what;
    if (s->broken) {
        stream_end(s, s->broken);
    } else if (s->phase == CLOSING || s->phase == LINGERING) {
        discard(s);
    } else if (!s->paused) {
        if (!s->left)
            wire_fill(s);
        if (s->phase == GREETING)
            greet(s);
        if (s->ssl)
            deliver_tls(s);
        else
            deliver_plain(s);
        wire_keep(s);
    }
}

/* One record, or what a plain socket takes; bytes sent, 0 when it would block, -1 with s->broken set. */
static ssize_t
send_some(struct stream *s)
{
    const char *at = s->out.ptr + s->out_done;
    size_t len = s->out.len - s->out_done;

    if (!s->ssl) {
        ssize_t n = send(s->fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            s->broken = "reset";
        return n >= 0 ? n : s->broken ? -1 : 0;
    }
    ERR_clear_error();
    int n = SSL_write(s->ssl, at, (int)(len < RECORD_MAX ? len : RECORD_MAX));

    if (n > 0)
        return n;
    s->broken = ssl_trouble(s, n);
    ERR_clear_error();
    return s->broken ? -1 : 0;
}

/* True when nothing is left. */
static bool
send_all(struct stream *s)
{
    size_t before = s->out_done;
    ssize_t n = 1;

    while (n > 0 && s->out_done < s->out.len) {
        n = send_some(s);
        s->out_done += n > 0 ? (size_t)n : 0;
    }
    if (s->out_done == s->out.len) {
        buf_clear(&s->out);
        s->out_done = 0;
        if (s->out.cap > OUT_KEEP)
            buf_free(&s->out);
        return true;
    }
    bool waiting = event_pending(&s->writable, EV_WRITE, NULL);

    if (n == 0 && (!waiting || s->out_done > before)) {
        event_add(&s->writable, NULL);
        timer_set(s->timer, STREAM_STALL_MS);
    }
    return false;
}

/* All of it is sent: say the end, and wait for the other side to say it too. */
static void
linger(struct stream *s)
{
    if (s->wire.eof) {
        destroy(s);
        return;
    }
    ERR_clear_error();
    if (s->ssl && SSL_shutdown(s->ssl) < 0)
        ERR_clear_error();
    shutdown(s->fd, SHUT_WR);
    s->phase = LINGERING;
    event_add(&s->readable, NULL);
    timer_set(s->timer, STREAM_LINGER_MS);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct stream *s = arg;

    (void)fd;
    (void)what;
    if (send_all(s)) {
        event_del(&s->writable);
        timer_clear(s->timer);
        if (s->phase == CLOSING)
            linger(s);
        else if (s->user && s->user->on_flushed)
            s->user->on_flushed(s->user);
    } else if (s->broken) {
        stream_end(s, s->broken);
    }
}

static void
on_timer(void *arg)
{
    struct stream *s = arg;

    stream_end(s, s->phase == GREETING ? "timeout" : "stalled");
}

void
stream_set_user(struct stream *s, struct stream_user *u)
{
    s->user = u;
}

enum rc
stream_write(struct stream *s, struct str bytes)
{
    if (s->out_done > s->out.len / 2) {
        memmove(s->out.ptr, s->out.ptr + s->out_done, s->out.len - s->out_done);
        s->out.len -= s->out_done;
        s->out_done = 0;
    }
    return buf_append(&s->out, bytes);
}

void
stream_flush(struct stream *s)
{
    if (s->phase != OPEN || s->broken || s->out.len == 0)
        return;
    if (!send_all(s) && s->broken)
        event_active(&s->readable, EV_READ, 0); /* its user is in the middle of something: told by the loop */
}

size_t
stream_pending(const struct stream *s)
{
    return s->out.len - s->out_done;
}

void
stream_pause(struct stream *s, bool pause)
{
    if (s->phase != OPEN || s->paused == pause)
        return;
    s->paused = pause;
    if (pause) {
        event_del(&s->readable);
        return;
    }
    event_add(&s->readable, NULL);
    if (s->left)
        event_active(&s->readable, EV_READ, 0);
}

void
stream_close(struct stream *s)
{
    if (s->phase != OPEN)
        return;
    s->user = NULL;
    s->phase = CLOSING;
    s->paused = false;
    event_add(&s->readable, NULL);
    if (s->broken || (!send_all(s) && s->broken))
        destroy(s);
    else if (s->out.len == 0)
        linger(s);
}

void
stream_abort(struct stream *s)
{
    destroy(s);
}

bool
stream_greeting(const struct stream *s)
{
    return s->phase == GREETING;
}

bool
stream_in_use(const struct stream *s)
{
    return s->phase == OPEN && s->user;
}

SSL *
stream_ssl(struct stream *s)
{
    return s->ssl;
}

struct peer *
stream_peer(struct stream *s)
{
    return &s->peer;
}

struct stream *
stream_next(const struct stream *s)
{
    return s->next;
}

struct tls *
stream_tls(const struct stream *s)
{
    return s->tls;
}

void
stream_set_tls(struct stream *s, struct tls *t)
{
    tls_unref(s->tls);
    s->tls = tls_ref(t);
}
