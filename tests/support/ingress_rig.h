/**
 * A server in this process, on a fake clock, with a sink that notes what it gets and answers as it is told.
 */
#ifndef SUPPORT_INGRESS_RIG_H
#define SUPPORT_INGRESS_RIG_H

#include "base/buf.h"
#include "ingress/server.h"
#include "net_client.h"
#include "net_pki.h"

#define RIG_HELD 16

struct rig {
    struct request_sink sink; /* first */
    struct server_events events;
    struct clock clock;
    struct loop *loop;
    struct server *server;
    bool tls;
    struct pki_basic pki;
    struct tls *context;
    SSL_CTX *client;
    struct reply answer; /* given to each request */
    bool hold;           /* keep requests for rig_release */
    struct request *held[RIG_HELD];
    unsigned held_count, requests, refused, told, drained; /* told: of a refused request, the last by: */
    char told_protocol[24], told_reason[32];
    bool starved;    /* within rig_nomem */
    struct buf body; /* of the last request */
    enum transport transport;
    enum encoding encoding;
    uint64_t deadline_us;
    char identity[512], reason[32];
};

struct rig_options {
    bool grpc, tls;
    size_t max_body_bytes, max_buffered_bytes; /* 0: 1 MiB, 16 MiB */
};

void rig_open(struct rig *r, const struct rig_options *o);
void rig_close(struct rig *r); /* replies to what is held, first */
/* Give the held requests r->answer. */
void rig_release(struct rig *r);
void rig_drain(struct rig *r);
/* Server and client do what they can, until nothing moves. c may be NULL. */
void rig_settle(struct rig *r, struct net_client *c);
void rig_connect(struct rig *r, struct net_client *c);

/* Serve from another thread, in which the n-th allocation fails, while talk, here, is a client. True when one was failed. */
bool rig_nomem(struct rig *r, long n, void (*talk)(struct rig *r));

#endif
