/**
 * One POST and its answer, waited for: for threads that may wait (checkpoints to witnesses and anchors).
 */
#ifndef EGRESS_HTTP_POST_H
#define EGRESS_HTTP_POST_H

#include "base/buf.h"

#define HTTP_POST_REPLY_MAX ((size_t)64 << 10)

struct http_post {
    const char *url; /* http:// or https://; the system's authorities */
    const char *content_type;
    struct str body;
    uint64_t timeout_ms; /* for all of it */
};

struct http_reply {
    long status;
    struct buf body; /* the caller frees it */
};

/**
 * http_post(q, r):
 * Send it; no redirect is followed, nothing is sent twice.
 * Out:     r  set on RC_OK: there was an answer, whatever its status
 * Returns: RC_OK; RC_TLS; RC_TIMEOUT; RC_TOO_LARGE an answer of more than HTTP_POST_REPLY_MAX; RC_IO; RC_NOMEM
 */
enum rc http_post(const struct http_post *q, struct http_reply *r) MUST_USE;

#endif
