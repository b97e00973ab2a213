#include "net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/metrics.h"
#include "stream_int.h"
#include "tls_int.h"

#define ACCEPTS_PER_ROUND 64
#define ACCEPT_BACKOFF_MS 100 /* after EMFILE: the socket stays readable, waiting is all that helps */
#define RECHECKS_PER_ROUND 32
#define BACKLOG 1024
#define EXPIRY_MS 5000 /* how often it is looked whose certificate has ended meanwhile */

struct listener {
    struct stream_greeter greeter; /* first */
    struct listener_user *user;
    struct loop *loop;
    struct tls *tls;
    uint32_t max_connections;
    int fd, reserve_fd;
    uint16_t port;
    struct event *acceptable;
    struct timer *again, *recheck, *expiry;
    struct stream_list streams;
    unsigned greetings;
    struct metric_cell *accepted;
};

union address {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool
address_parse(const char *text, uint16_t port, union address *a, socklen_t *len)
{
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        *len = sizeof(a->v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        *len = sizeof(a->v6);
        return true;
    }
    return false;
}

static bool
address_loopback(const union address *a)
{
    if (a->sa.sa_family == AF_INET)
        return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static void
refused(struct listener *ln, const struct peer *p, const char *reason)
{
    const char *const labels[] = {"server", "refused", reason};

    metric_add(metric_get(M_HANDSHAKES, labels, 3), 1);
    ln->user->on_refused(ln->user, p, reason);
}

static void
on_failed(struct stream_greeter *g, struct stream *s, const char *reason)
{
    struct listener *ln = (struct listener *)g;

    ln->greetings--;
    refused(ln, stream_peer(s), reason);
}

static const char *
identify(struct stream *s)
{
    const char *reason = "alpn";

    if (!tls_alpn_agreed(stream_tls(s), stream_ssl(s)))
        return reason;
    return peer_identify(stream_ssl(s), tls_options(stream_tls(s)), stream_peer(s), &reason) == RC_OK ? NULL : reason;
}

static void
on_ready(struct stream_greeter *g, struct stream *s)
{
    struct listener *ln = (struct listener *)g;

    if (stream_ssl(s)) {
        const char *reason = identify(s);

        ln->greetings--;
        if (reason) {
            refused(ln, stream_peer(s), reason);
            stream_abort(s);
            return;
        }
        metric_add(ln->accepted, 1);
    }
    ln->user->on_connection(ln->user, s, stream_peer(s));
}

static void
welcome(struct listener *ln, int fd, const struct sockaddr *from)
{
    struct peer p = {0};
    int on = 1;

    peer_address(from, &p);
    if (ln->streams.count >= ln->max_connections || ln->greetings >= LISTENER_HANDSHAKES_MAX) {
        close(fd);
        refused(ln, &p, ln->streams.count >= ln->max_connections ? "connections" : "handshakes");
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (ln->tls)
        ln->greetings++;
    if (stream_accept(ln->loop, &ln->streams, fd, ln->tls, &p, &ln->greeter) != RC_OK) {
        ln->greetings -= ln->tls ? 1 : 0;
        refused(ln, &p, "no_memory");
    }
}

/*
 * Out of descriptors: the connection cannot be accepted, and until it is the socket stays readable. The reserve is given up for a moment to
 * take it and turn it away; then the listener rests.
 */
static void
out_of_descriptors(struct listener *ln)
{
    struct peer p = {0};

    if (ln->reserve_fd >= 0) {
        close(ln->reserve_fd);
        int fd = accept4(ln->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            close(fd);
        ln->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        refused(ln, &p, "descriptors");
    }
    event_del(ln->acceptable);
    timer_set(ln->again, ACCEPT_BACKOFF_MS);
}

static void
on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    struct listener *ln = arg;

    (void)what;
    for (unsigned i = 0; i < ACCEPTS_PER_ROUND; i++) {
        union address from;
        socklen_t len = sizeof(from);
        int fd = accept4(listening, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(ln, fd, &from.sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            out_of_descriptors(ln);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static void
on_again(void *arg)
{
    struct listener *ln = arg;

    if (ln->reserve_fd < 0)
        ln->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (ln->acceptable)
        event_add(ln->acceptable, NULL);
}

/* NULL: may stay. The identity is asked again too: the list of who is allowed may have changed. */
static const char *
recheck_one(struct listener *ln, struct stream *s, struct peer *p)
{
    const char *reason = "";

    if (tls_recheck(ln->tls, stream_ssl(s), &reason) != RC_OK)
        return reason;
    return peer_identify(stream_ssl(s), tls_options(ln->tls), p, &reason) == RC_OK ? NULL : reason;
}

static struct stream *
recheck_next(const struct listener *ln)
{
    struct stream *s = ln->streams.first;

    while (s && (!stream_in_use(s) || !stream_ssl(s) || stream_tls(s) == ln->tls))
        s = stream_next(s);
    return s;
}

static void
on_recheck(void *arg)
{
    struct listener *ln = arg;
    struct stream *s = NULL;

    for (unsigned i = 0; i < RECHECKS_PER_ROUND && (s = recheck_next(ln)); i++) {
        struct peer p = *stream_peer(s);
        const char *reason = recheck_one(ln, s, &p);

        stream_set_tls(s, ln->tls);
        if (reason) {
            refused(ln, &p, reason);
            stream_end(s, "refused");
        }
    }
    if (s)
        timer_set(ln->recheck, 0);
}

/* A connection does not outlive its certificate. */
static void
on_expiry(void *arg)
{
    struct listener *ln = arg;
    uint64_t now_s = clock_wall_us(loop_clock(ln->loop)) / 1000000;

    for (struct stream *s = ln->streams.first, *next; s; s = next) {
        const struct peer *p = stream_peer(s);

        next = stream_next(s); /* it is freed by the sweeper, not before */
        if (!stream_in_use(s) || p->expires_s == 0 || now_s <= p->expires_s)
            continue;
        refused(ln, p, "expired");
        stream_end(s, "refused");
    }
    timer_set(ln->expiry, EXPIRY_MS);
}

static void
on_sweep(void *arg)
{
    struct listener *ln = arg;

    stream_list_sweep(&ln->streams);
}

/* Address in use, no such address, no permission: errno stays for the caller. */
static enum rc
socket_open(struct listener *ln, const union address *a, socklen_t len)
{
    union address bound = {0};
    socklen_t bound_len = sizeof(bound);
    int on = 1;

    ln->fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ln->fd < 0 || setsockopt(ln->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        setsockopt(ln->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        return RC_IO;
    if (a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr)) {
        int off = 0; /* "::" means every address, IPv4 too */

        setsockopt(ln->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(ln->fd, &a->sa, len) != 0 || listen(ln->fd, BACKLOG) != 0 || getsockname(ln->fd, &bound.sa, &bound_len) != 0)
        return RC_IO;
    ln->port = ntohs(bound.sa.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
    return RC_OK;
}

static enum rc
watch(struct listener *ln)
{
    static const char *const labels[] = {"server", "ok", ""};

    ln->accepted = metric_get(M_HANDSHAKES, labels, 3);
    ln->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ln->again = timer_new(ln->loop, on_again, ln);
    ln->recheck = timer_new(ln->loop, on_recheck, ln);
    ln->expiry = timer_new(ln->loop, on_expiry, ln);
    ln->streams.sweeper = timer_new(ln->loop, on_sweep, ln);
    ln->acceptable = event_new(loop_base(ln->loop), ln->fd, EV_READ | EV_PERSIST, on_acceptable, ln);
    if (!ln->again || !ln->recheck || !ln->expiry || !ln->streams.sweeper || !ln->acceptable || event_add(ln->acceptable, NULL) != 0)
        return RC_NOMEM;
    if (ln->tls)
        timer_set(ln->expiry, EXPIRY_MS);
    return RC_OK;
}

enum rc
listener_open(struct loop *l, const struct listener_options *o, struct listener_user *u, struct listener **ln)
{
    union address a;
    socklen_t len = 0;
    struct listener *made;
    enum rc rc;

    if (!address_parse(o->address, o->port, &a, &len) || (!o->tls && !address_loopback(&a)))
        return RC_CONFIG;
    made = calloc(1, sizeof(*made));
    if (!made)
        return RC_NOMEM;
    *made = (struct listener){
        .greeter = {on_ready, on_failed}, .user = u, .loop = l, .max_connections = o->max_connections, .fd = -1, .reserve_fd = -1};
    made->tls = tls_ref(o->tls);
    rc = socket_open(made, &a, len);
    if (rc == RC_OK)
        rc = watch(made);
    if (rc != RC_OK) {
        int saved = errno;

        listener_free(made);
        errno = saved;
        return rc;
    }
    *ln = made;
    return RC_OK;
}

uint16_t
listener_port(const struct listener *ln)
{
    return ln->port;
}

void
listener_set_tls(struct listener *ln, struct tls *t)
{
    if (!t)
        return; /* a listener with TLS never becomes one without */
    tls_unref(ln->tls);
    ln->tls = tls_ref(t);
    timer_set(ln->recheck, 0);
}

static void
greetings_abort(struct listener *ln)
{
    struct stream *s = ln->streams.first;

    while (s) {
        struct stream *next = stream_next(s);

        if (stream_greeting(s))
            stream_abort(s);
        s = next;
    }
    ln->greetings = 0;
}

void
listener_stop(struct listener *ln)
{
    if (ln->acceptable)
        event_free(ln->acceptable);
    ln->acceptable = NULL;
    if (ln->again)
        timer_clear(ln->again);
    if (ln->fd >= 0)
        close(ln->fd);
    ln->fd = -1;
    greetings_abort(ln);
}

void
listener_free(struct listener *ln)
{
    if (!ln)
        return;
    listener_stop(ln);
    for (struct stream *s = ln->streams.first, *next; s; s = next) {
        next = stream_next(s);
        stream_abort(s);
    }
    stream_list_sweep(&ln->streams);
    if (ln->reserve_fd >= 0)
        close(ln->reserve_fd);
    timer_free(ln->again);
    timer_free(ln->recheck);
    timer_free(ln->expiry);
    timer_free(ln->streams.sweeper);
    tls_unref(ln->tls);
    free(ln);
}
