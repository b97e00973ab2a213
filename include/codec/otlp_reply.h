/**
 * The small messages of OTLP: responses, google.rpc.Status with details. Packed and unpacked by protobuf-c.
 */
#ifndef CODEC_OTLP_REPLY_H
#define CODEC_OTLP_REPLY_H

#include "base/buf.h"

/* What a sender is told, whatever the transport. */
struct reply {
    enum rc rc;
    uint64_t rejected;       /* spans; with RC_OK: partial success */
    uint32_t retry_after_ms; /* 0 = not said; only with retryable codes */
    struct str message;      /* our own words, never text of a span; borrowed */
};

/* ExportTraceServiceResponse as protobuf or JSON; empty message when nothing was rejected and there is no message. */
enum rc otlp_reply_encode(const struct reply *r, bool json, struct buf *out) MUST_USE;

/* google.rpc.Status{code, message, details: BadRequest for 3, RetryInfo when retry_after_ms} as protobuf or JSON. */
enum rc otlp_status_encode(const struct reply *r, bool json, struct buf *out) MUST_USE;

/* What a destination answered. */
struct upstream_reply {
    uint64_t rejected;
    uint32_t retry_after_ms; /* from RetryInfo, at most 300,000; 0 = none */
    bool has_retry_info;
    int status_code; /* google.rpc code */
};
/* Decode a response message; at most 4 MiB; garbage is RC_MALFORMED. */
enum rc otlp_reply_decode(struct str body, bool json, struct upstream_reply *r) MUST_USE;
enum rc otlp_status_decode(struct str body, bool json, struct upstream_reply *r) MUST_USE;

#endif
