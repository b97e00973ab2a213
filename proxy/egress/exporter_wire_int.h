/**
 * One connection to a destination: libcurl finds and connects, OpenSSL encrypts, the loop says when.
 *
 *   CONNECTING ──▶ GREETING ──▶ OPEN
 *        └────────────┴──────────┴──on_end──▶ gone
 */
#ifndef EGRESS_EXPORTER_WIRE_INT_H
#define EGRESS_EXPORTER_WIRE_INT_H

#include "base/str.h"

struct exporter;
struct wire;

/* Embedded in whoever uses a connection. Each may write, flush, and close the wire. */
struct wire_user {
    void (*on_open)(struct wire_user *u);                    /* the other side has shown who it is, and speaks h2 */
    void (*on_bytes)(struct wire_user *u, struct str bytes); /* borrowed until return */
    void (*on_room)(struct wire_user *u);                    /* all that was written has left */
    void (*on_end)(struct wire_user *u, const char *why);    /* the last callback; the wire is gone when it returns */
};

/* Begin to connect to e's endpoint. NULL without memory. */
struct wire *wire_open(struct exporter *e, struct wire_user *u);
/* The user hears nothing more. */
void wire_close(struct wire *w);

/**
 * wire_write(w, head, body):
 * Take both or neither; they leave with wire_flush.
 * Returns: true; false no room, on_room will come after a flush
 */
bool wire_write(struct wire *w, struct str head, struct str body);
/* Send. True when all has left. */
bool wire_flush(struct wire *w);
/* SHA-256 of the server's certificate in hexadecimal; "" on plaintext and before it is open. */
const char *wire_peer_sha256(const struct wire *w);

#endif
