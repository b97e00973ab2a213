/**
 * Answers of OTLP/HTTP as bytes (otlp.md 1.2).
 */
#ifndef INGRESS_HTTP_ANSWER_H
#define INGRESS_HTTP_ANSWER_H

#include "base/buf.h"
#include "codec/otlp_reply.h"

struct http_answer {
    int status;
    const struct reply *reply; /* becomes the body, and Retry-After; NULL: only the status has something to say */
    bool text;                 /* body as text/plain: there is no media type to answer in */
    bool json;                 /* else protobuf */
    bool head_only;            /* the request was HEAD: RFC 9110 section 9.3.2 */
    bool close;                /* the connection ends with this answer */
};

/* Append the whole response. RC_NOMEM, RC_TOO_LARGE. */
enum rc http_answer_write(const struct http_answer *a, uint64_t wall_us, struct buf *out) MUST_USE;

#endif
