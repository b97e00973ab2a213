/**
 * What the header fields of one gRPC call say (gRPC over HTTP/2, "Requests"). Owns nothing, keeps no text.
 */
#ifndef INGRESS_GRPC_HEAD_H
#define INGRESS_GRPC_HEAD_H

#include "codec/compress.h"
#include "codec/otlp_reply.h"

#define GRPC_HEAD_MAX 16384u /* RFC 9113 section 6.5.2: names, values, and 32 for each field */
#define GRPC_FIELDS_MAX 100u

enum grpc_method { GRPC_UNKNOWN, GRPC_TRACES, GRPC_OTHER_SIGNAL };

/* Zeroed before the first field. */
struct grpc_head {
    size_t bytes;
    unsigned fields;
    bool too_large;
    bool post, grpc, proto; /* method, content type, its message format */
    enum grpc_method method;
    bool encoded;        /* grpc-encoding names something else than identity */
    bool encoding_known; /* meaningful when encoded */
    enum encoding encoding;
    bool has_timeout, timeout_bad;
    uint64_t timeout_ms;
};

void grpc_head_field(struct grpc_head *h, struct str name, struct str value);

/**
 * grpc_head_judge(h, http_status, r):
 * Whether the call is wanted.
 * Out:     http_status  0, or the status of an answer that is not gRPC
 *          r            the refusal, when it is gRPC; untouched otherwise
 * Returns: true when the message is to be read
 */
bool grpc_head_judge(const struct grpc_head *h, int *http_status, struct reply *r) MUST_USE;

#endif
