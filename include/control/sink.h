/**
 * An OTLP receiver that decides nothing: it reads what it is sent, prints it, and answers as it was told to. The backend of demonstrations and tests.
 *
 * The story. Two servers (gRPC and HTTP) hand requests to one request_sink. A request is inflated, read as JSON where it is JSON, indexed by the same walk
 * that the gate uses; its span ids are written to a file, its spans to the output; then comes the reply, after a delay if one is wanted.
 */
#ifndef CONTROL_SINK_H
#define CONTROL_SINK_H

#include "ingress/server.h"

enum sink_format { SINK_TEXT, SINK_JSON, SINK_QUIET };

struct sink_options {
    const char *address;                        /* numeric */
    uint16_t grpc_port, http_port;              /* 0: any */
    const char *cert_file, *key_file, *ca_file; /* all of them: mutual TLS; none: plaintext, loopback only */
    enum sink_format format;
    int out;      /* descriptor for what is printed */
    int ids;      /* descriptor for span ids in hex, one a line, written before the reply; -1: none */
    enum rc fail; /* answer the first fail_count requests with this; RC_OK: none */
    uint64_t fail_count;
    uint32_t retry_after_ms; /* said with fail */
    uint64_t delay_ms;       /* before each reply */
};

struct sink_totals {
    uint64_t requests, spans, bytes; /* taken; bytes of decoded bodies */
    uint64_t failed;                 /* answered with an error, wanted or not */
    uint64_t refused;                /* connections */
};

struct sink;

/**
 * sink_open(l, o, s, es):
 * Returns: RC_OK; RC_USAGE, RC_TLS, RC_IO with an error in es; RC_NOMEM
 * Out:     s  owner frees with sink_free
 */
enum rc sink_open(struct loop *l, const struct sink_options *o, struct sink **s, struct errs *es) MUST_USE;
uint16_t sink_grpc_port(const struct sink *s);
uint16_t sink_http_port(const struct sink *s);
struct sink_totals sink_totals(const struct sink *s);
/* Answers what is waiting, closes everything. */
void sink_free(struct sink *s);

/* write(2) all of it. RC_IO: errno says why. */
enum rc sink_write(int fd, struct str bytes) MUST_USE;

#endif
