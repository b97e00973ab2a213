/**
 * Streams as their listener sees them.
 */
#ifndef NET_STREAM_INT_H
#define NET_STREAM_INT_H

#include <openssl/ssl.h>

#include "net/stream.h"
#include "net/tls.h"

#define STREAM_GREETING_MS 10000u /* a handshake */
#define STREAM_STALL_MS 30000u    /* a write that makes no progress */
#define STREAM_LINGER_MS 2000u

/* All streams of a listener, from accept to close. Those that are gone keep their memory until the loop's next round, when the sweeper calls
 * stream_list_sweep: whoever had one in hand when it ended may look at it once more. */
struct stream_list {
    struct stream *first, *gone;
    unsigned count;
    struct timer *sweeper;
};
void stream_list_sweep(struct stream_list *list);

/* Embedded in the listener: what becomes of handshakes. In both calls the stream is still there, in neither may it be kept. */
struct stream_greeter {
    /* The handshake is complete: give the stream a user, or stream_abort it. */
    void (*on_ready)(struct stream_greeter *g, struct stream *s);
    void (*on_failed)(struct stream_greeter *g, struct stream *s, const char *reason);
};

/**
 * stream_accept(l, list, fd, t, p, g):
 * Make a stream of ${fd}, which is the stream's from now on, success or not. A plain stream is ready before this returns.
 * In:      t  context; NULL plain
 *          p  its address; copied
 * Returns: RC_OK; RC_NOMEM
 */
enum rc stream_accept(struct loop *l, struct stream_list *list, int fd, struct tls *t, const struct peer *p, struct stream_greeter *g) MUST_USE;

bool stream_greeting(const struct stream *s); /* still in the handshake */
SSL *stream_ssl(struct stream *s);            /* NULL: plain */
struct peer *stream_peer(struct stream *s);
struct stream *stream_next(const struct stream *s);

/* The context that has accepted this peer last, and whether it has a user who can be told. */
struct tls *stream_tls(const struct stream *s);
bool stream_in_use(const struct stream *s);
/* Take a later context's word for it. */
void stream_set_tls(struct stream *s, struct tls *t);
/* End it, telling its user why. */
void stream_end(struct stream *s, const char *why);

#endif
