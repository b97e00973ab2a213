/**
 * A byte stream over one accepted connection, TLS or plain, without blocking.
 *
 * The story. A listener accepts a descriptor, makes a stream of it and waits for the handshake; then it hands the stream to a server,
 * which becomes its user. Bytes come in by on_bytes, deciphered, at most LOOP_WIRE_BYTES of ciphertext a call of the loop, so that no
 * connection starves the others. What the user writes is collected and enciphered on stream_flush: whoever builds an answer builds it whole
 * and flushes once. The stream ends by on_end (the other side, an error, a stalled write) or by its user: stream_close sends what
 * is left and lets the other side read it, stream_abort does not.
 *
 * libevent's bufferevent_openssl is not used: it costs two reads and one wake-up a TLS record, cuts writes at 15,000 bytes, and corrupts or stalls under
 * two common OpenSSL modes. This reads 128 KiB at a time.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/rc.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/peer.h"

struct stream;

/* Embedded in whoever uses a stream. In any of the callbacks the user may write, flush, pause, close or abort the stream. */
struct stream_user {
    void (*on_bytes)(struct stream_user *u, struct str bytes); /* borrowed until return */
    void (*on_flushed)(struct stream_user *u);                 /* what was written has left; may be NULL */
    /* The other side has ended, or the stream broke: the last callback. The stream is gone when it returns. why: static word */
    void (*on_end)(struct stream_user *u, const char *why);
};

/* Who gets the bytes from now on. */
void stream_set_user(struct stream *s, struct stream_user *u);

/**
 * stream_write(s, bytes):
 * Add to what will be sent. Nothing leaves before stream_flush.
 * Returns: RC_OK; RC_TOO_LARGE more than STREAM_OUT_MAX waits: the reader is too slow; RC_NOMEM
 */
#define STREAM_OUT_MAX (1024u * 1024)
enum rc stream_write(struct stream *s, struct str bytes) MUST_USE;
/* Send what was written; what the socket does not take follows by itself. */
void stream_flush(struct stream *s);
/* Bytes written that the socket has not taken. */
size_t stream_pending(const struct stream *s);

/* No on_bytes after the current one until resumed; at most one call's worth may still come. The sender is held by TCP. */
void stream_pause(struct stream *s, bool pause);

/* Send what is left, then say the end, then read and forget for at most 2 s, so that the other side can read the answer before a reset. The
 * user hears nothing more. */
void stream_close(struct stream *s);
/* Close now. The user hears nothing more. */
void stream_abort(struct stream *s);

#endif
