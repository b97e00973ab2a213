/**
 * A complete request, handed by ingress to whoever decides (a request_sink that control fills in). ingress knows nothing of what happens
 * then; it only knows that reply is called exactly once, on the same loop.
 */
#ifndef INGRESS_REQUEST_H
#define INGRESS_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/compress.h"
#include "codec/otlp_reply.h"

struct peer; /* net/peer.h */

enum transport { TRANSPORT_GRPC, TRANSPORT_HTTP_PROTOBUF, TRANSPORT_HTTP_JSON };
const char *transport_name(enum transport t); /* "grpc", "http/protobuf", "http/json" */

struct request {
    enum transport transport;
    enum encoding encoding;  /* of body */
    struct str body;         /* as received (gRPC: the message without its prefix); valid until reply */
    const struct peer *peer; /* who sent it; valid until reply */
    uint64_t received_us;    /* monotonic, last byte */
    uint64_t deadline_us;    /* monotonic; 0 = none (grpc-timeout) */
    bool gone;               /* the sender went away; reply is still to be called, and answers nobody */

    /* Exactly once; r is borrowed. The request is gone afterwards. */
    void (*reply)(struct request *rq, const struct reply *r);
};

struct request_sink {
    /* Takes the request over; reply may be called before this returns, or later from the same loop. */
    void (*submit)(struct request_sink *sink, struct request *rq);
};

#endif
