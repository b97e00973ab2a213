/**
 * What a destination answered, and what it means: the tables of OTLP 1.11 ("Failures", "Retryable Response Codes", "OTLP/gRPC
 * Throttling"). Pure: headers and bytes go in, a verdict comes out.
 */
#ifndef EGRESS_EXPORTER_ANSWER_INT_H
#define EGRESS_EXPORTER_ANSWER_INT_H

#include "codec/compress.h"

#define ANSWER_MAX (4u << 20) /* OTLP 1.11: a longer response is an error that is not retried */
#define RETRY_AFTER_MAX_MS 300000u

struct answer {
    int http_status, grpc_status; /* -1 = none yet */
    bool grpc_type, json_type;    /* what content-type says the body is */
    bool has_details;
    enum encoding encoding; /* of the message or body */
    bool unreadable;        /* ... which is none that we know */
    char retry_after[64];   /* "" = none */
    struct buf details;     /* grpc-status-details-bin, decoded */
    struct buf body;
};

/* Ready for the next response; keeps its memory. A zeroed struct must be reset before use. */
void answer_reset(struct answer *a);
void answer_free(struct answer *a);

/* One field of the header or the trailers; ":status" begins a response. RC_NOMEM. */
enum rc answer_field(struct answer *a, struct str name, struct str value) MUST_USE;
/* The same from a line of HTTP/1.1, the status line included. */
enum rc answer_line(struct answer *a, struct str line) MUST_USE;
/* A piece of the body. RC_TOO_LARGE, RC_NOMEM. */
enum rc answer_body(struct answer *a, struct str piece) MUST_USE;

/**
 * answer_decode(a, grpc, c):
 * Take the compression off the body that has come to its end: gRPC servers answer in the encoding of the request whatever was said to be acceptable.
 * In/out:  c  working memory, made when it is needed first; the caller frees it
 * Returns: RC_OK, the body as it was when it is not compressed; RC_TOO_LARGE beyond ANSWER_MAX, RC_MALFORMED, RC_NOMEM: as it was
 */
enum rc answer_decode(struct answer *a, bool grpc, struct compressor **c) MUST_USE;

enum verdict_kind { VERDICT_DELIVERED, VERDICT_REJECTED, VERDICT_RETRY };

struct verdict {
    enum verdict_kind kind;
    const char *reason;      /* static word */
    uint64_t rejected;       /* spans, of a partial success */
    uint64_t retry_after_ms; /* at most RETRY_AFTER_MAX_MS; 0 = not said */
    bool suspect;            /* the parcel itself may be what the destination cannot take: try others before it */
};

/**
 * answer_judge(a, grpc, whole, wall_us):
 * What a response means for its parcel.
 * In:      whole    the transport delivered it to its end
 *          wall_us  for a Retry-After that is a date
 * Returns: the verdict; retried with the reason "reset" when what there is does not decide: nothing that was not acknowledged is taken for delivered
 */
struct verdict answer_judge(const struct answer *a, bool grpc, bool whole, uint64_t wall_us);

/* "120", or an HTTP-date; clamped to 0 .. RETRY_AFTER_MAX_MS. false: neither. */
bool retry_after_parse(const char *value, uint64_t wall_us, uint64_t *ms);

#endif
