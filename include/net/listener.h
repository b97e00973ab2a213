/**
 * One listening socket of one worker (SO_REUSEPORT): accepts, makes the handshake, asks who is there, and hands over streams of peers that may talk. What
 * is refused never reaches anybody above: not a byte of it is parsed.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/stream.h"
#include "net/tls.h"

struct listener;

/* Embedded in the owner. */
struct listener_user {
    /* A peer that may talk: take the stream over with stream_set_user, or stream_abort it. */
    void (*on_connection)(struct listener_user *u, struct stream *s, const struct peer *p);
    /* A connection that was refused, or, on an open one, let in no longer. reason: static word, see tls_refusal and peer_identify, and timeout,
     * connections, handshakes, no_memory. p: as much as is known. */
    void (*on_refused)(struct listener_user *u, const struct peer *p, const char *reason);
};

struct listener_options {
    const char *address; /* numeric IPv4 or IPv6 */
    uint16_t port;       /* 0: any */
    struct tls *tls;     /* takes a reference; NULL: plaintext, loopback addresses only */
    uint32_t max_connections;
};
#define LISTENER_HANDSHAKES_MAX 1024u /* under way at a time */

/* Returns: RC_OK; RC_CONFIG not an address, or plaintext elsewhere than on loopback; RC_IO errno says why; RC_NOMEM */
enum rc listener_open(struct loop *l, const struct listener_options *o, struct listener_user *u, struct listener **ln) MUST_USE;
uint16_t listener_port(const struct listener *ln);

/* New connections use t (a reference is taken). Open ones are checked against it, 32 a round of the loop: the peers that it would not let in are
 * refused and their streams end with "refused". */
void listener_set_tls(struct listener *ln, struct tls *t);

/* Accept no more; handshakes under way are given up. Streams stay. */
void listener_stop(struct listener *ln);
/* Close everything; not from within a callback of one of its streams. The users of streams are not told: they have aborted their streams before. */
void listener_free(struct listener *ln);

#endif
