/**
 * Listeners that turn connections into requests: OTLP/gRPC (HTTP/2) and OTLP/HTTP (HTTP/1.1). One server is one listening socket of one worker
 * (SO_REUSEPORT).
 */
#ifndef INGRESS_SERVER_H
#define INGRESS_SERVER_H

#include "ingress/request.h"
#include "net/loop.h"
#include "net/peer.h"
#include "net/tls.h"

/* Told about connections and requests that the sink never sees; for audit and metrics. Fields of p may be empty; words are static. */
struct server_events {
    void (*on_refused)(struct server_events *ev, const struct peer *p, const char *reason);
    /* A request was answered here: protocol "grpc", "http/protobuf", "http/json", or "http" when it is not known. May be NULL. */
    void (*on_refused_request)(struct server_events *ev, const struct peer *p, const char *protocol, const char *reason);
};

struct server_options {
    const char *address;   /* numeric IPv4 or IPv6 */
    uint16_t port;         /* 0: any, see server_port */
    struct tls *tls;       /* NULL: plaintext, loopback addresses only */
    size_t max_body_bytes; /* of a request as received and, by whoever inflates, decoded */
    uint32_t max_streams;  /* concurrent streams of an HTTP/2 connection */
    uint32_t max_connections;
    size_t max_buffered_bytes; /* bodies being received by this server in all */
    const struct clock *clock;
    struct request_sink *sink;
    struct server_events *events;
};

struct server;
/* RC_IO when the address cannot be bound: errno says why. */
enum rc server_grpc_open(struct loop *l, const struct server_options *o, struct server **s) MUST_USE;
enum rc server_http_open(struct loop *l, const struct server_options *o, struct server **s) MUST_USE;
uint16_t server_port(const struct server *s);
/* New connections use this context; takes a reference. */
void server_set_tls(struct server *s, struct tls *t);
/* Stop accepting; tell clients (GOAWAY, Connection: close); finish what is in flight. on_drained is called once, when no connection is left. */
void server_drain(struct server *s, void (*on_drained)(void *arg), void *arg);
unsigned server_connections(const struct server *s);
/* Close everything now; not from within submit or reply. Requests under way are told (gone), and live on until their reply. */
void server_free(struct server *s);

#endif
