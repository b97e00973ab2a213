/**
 * What the loop lends to the streams of its thread: memory that is in use only inside one read callback.
 */
#ifndef NET_LOOP_INT_H
#define NET_LOOP_INT_H

#include <stddef.h>

#include "net/loop.h"

/* One recv takes what a 423 KB request leaves in the socket in few calls and still fits the second-level cache beside the body. */
#define LOOP_WIRE_BYTES (128u * 1024)
/* The plaintext of one TLS record: RFC 8446 section 5.1. */
#define LOOP_PLAIN_BYTES (16u * 1024)

struct loop_scratch {
    char wire[LOOP_WIRE_BYTES];
    char plain[LOOP_PLAIN_BYTES];
};

struct loop_scratch *loop_scratch(struct loop *l);

#endif
