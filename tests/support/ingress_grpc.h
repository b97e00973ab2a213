/**
 * A gRPC client for tests: nghttp2 over a net_client.
 */
#ifndef SUPPORT_INGRESS_GRPC_H
#define SUPPORT_INGRESS_GRPC_H

#include <nghttp2/nghttp2.h>

#include "ingress_rig.h"

#define GRPC_CALLS 32
#define GRPC_TRACES_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

struct grpc_field {
    const char *name, *value;
};

/* What came back on one stream. -1: not told. */
struct grpc_result {
    int http, status;
    char message[256], details[512], accept_encoding[64];
    struct buf data;
    bool headers_only, closed; /* Trailers-Only; the stream is closed */
    uint32_t code;             /* with which */
};

struct grpc_client {
    struct net_client net;
    nghttp2_session *h2;
    struct grpc_result result[GRPC_CALLS]; /* of stream 2i+1 */
    struct str body[GRPC_CALLS];
    size_t sent[GRPC_CALLS];
    bool open_end[GRPC_CALLS]; /* the body does not end the stream */
    bool goaway;
    uint32_t goaway_code;
    int32_t goaway_last;
};

void grpc_client_open(struct rig *r, struct grpc_client *g);
/* The body, prefix included, is borrowed. Default fields where overrides name none; a value of NULL leaves one out. Returns its index. */
unsigned grpc_client_call(struct grpc_client *g, struct str body, const struct grpc_field *overrides, bool open_end);
/* What the client can do without waiting. True when anything was done. */
bool grpc_client_pump(struct grpc_client *g);
/* Let both sides do what they can. */
void grpc_client_settle(struct rig *r, struct grpc_client *g);
void grpc_client_close(struct grpc_client *g);

#endif
