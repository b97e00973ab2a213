/**
 * HTTP/1.1 requests as bytes (RFC 9112): the head and chunked bodies. Strict: whatever two readers could understand in two ways is refused. Owns
 * no memory and no socket.
 */
#ifndef INGRESS_HTTP1_H
#define INGRESS_HTTP1_H

#include "base/rc.h"
#include "base/str.h"

#define HTTP1_HEAD_MAX 16384u
#define HTTP1_TARGET_MAX 8192u
#define HTTP1_FIELDS_MAX 100u

enum http1_media { MEDIA_NONE, MEDIA_PROTOBUF, MEDIA_JSON, MEDIA_OTHER };

struct http1_head {
    struct str method, path; /* path: without the query; slices of the head */
    struct str encoding;     /* Content-Encoding, "" when absent */
    enum http1_media media;
    bool chunked, has_length, keep_alive, expect_continue;
    uint64_t length;
    unsigned fields;
};

/**
 * http1_head_end(s, scanned, len):
 * Look for the end of the head in what was received so far.
 * In/out:  scanned  how much of s earlier calls have seen; 0 at first
 * Out:     len      of the head with its empty line
 * Returns: RC_OK; RC_AGAIN not yet there; RC_MALFORMED a CR or LF that stands alone (RFC 9112 section 2.2 permits, we do not)
 */
enum rc http1_head_end(struct str s, size_t *scanned, size_t *len) MUST_USE;

/**
 * http1_head_parse(head, h):
 * Returns: 200; else the status to refuse with (400, 414, 417, 431, 501, 505), after which nothing on the connection can be trusted
 */
int http1_head_parse(struct str head, struct http1_head *h) MUST_USE;

enum http1_chunk_state { CHUNK_SIZE, CHUNK_EXT, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF, CHUNK_LAST_CR, CHUNK_LAST_LF, CHUNK_DONE };
struct http1_chunks {
    enum http1_chunk_state state; /* zeroed: before the first chunk */
    uint64_t left;                /* of the chunk */
    unsigned digits, ext;
};

/**
 * http1_chunks_read(c, in, data):
 * Take the next piece of a chunked body off ${in}.
 * Out:     data  what belongs to the body, not empty; untouched otherwise
 * Returns: RC_OK data was found, call again; RC_AGAIN in is used up, or the body is complete (state CHUNK_DONE); RC_MALFORMED. Trailers
 *          are malformed: no sender of OTLP has any, and they are a way to smuggle.
 */
enum rc http1_chunks_read(struct http1_chunks *c, struct str *in, struct str *data) MUST_USE;

#endif
