/**
 * gRPC message framing (5-byte prefix) and header values. Source: gRPC over HTTP2 protocol document.
 */
#ifndef CODEC_GRPC_H
#define CODEC_GRPC_H

#include "base/buf.h"

#define GRPC_PREFIX 5

struct grpc_prefix {
    bool compressed;
    uint32_t len;
};

/* Read the prefix of a message; RC_AGAIN with fewer than 5 bytes, RC_MALFORMED for a flag above 1. */
enum rc grpc_prefix_read(struct str s, struct grpc_prefix *p) MUST_USE;
void grpc_prefix_write(uint8_t out[GRPC_PREFIX], bool compressed, uint32_t len);

/**
 * grpc_message(body, p, message):
 * The one message of a unary call: body must be exactly prefix and message.
 * Returns: RC_OK; RC_MALFORMED when it ends early, lies about its length, or a second message follows
 */
enum rc grpc_message(struct str body, struct grpc_prefix *p, struct str *message) MUST_USE;

/* "10S" "500m" ...: 1-8 digits and a unit of H M S m u n; false when malformed. Result in ms, rounded up. */
bool grpc_timeout_parse(struct str s, uint64_t *ms);

/* grpc-message: percent-encoding of everything but printable ASCII without '%'. */
enum rc grpc_message_encode(struct str s, struct buf *out) MUST_USE;

#endif
