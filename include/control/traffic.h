/**
 * Where `send` gets its batches from: samples, or a file.
 *
 * A file holds ExportTraceServiceRequest messages: as OTLP/JSON, one a line; as one message in protobuf; or as many, each behind its length in
 * four bytes, big-endian, as the Collector's file exporter writes them.
 */
#ifndef CONTROL_TRAFFIC_H
#define CONTROL_TRAFFIC_H

#include "base/buf.h"
#include "base/err.h"

enum traffic_example { TRAFFIC_PII, TRAFFIC_PLAIN, TRAFFIC_PLACES };

struct traffic_options {
    const char *file; /* NULL: samples */
    enum traffic_example example;
    uint64_t seed;
    uint64_t spans;               /* samples in all; places: batches of one span */
    uint32_t batch;               /* spans of a batch */
    const char *country, *region; /* of samples, NULL = not said */
    const char *value;            /* of TRAFFIC_PLACES, and the same as a number */
    int64_t number;
};

struct traffic;
/* RC_OK; RC_NOT_FOUND, RC_IO, RC_TOO_LARGE with an error in es; RC_NOMEM */
enum rc traffic_open(const struct traffic_options *o, struct traffic **t, struct errs *es) MUST_USE;

/**
 * traffic_next(t, out):
 * Append the next batch as protobuf.
 * Returns: RC_OK; RC_NOT_FOUND there is none left; RC_MALFORMED and the like: the file is damaged here; RC_NOMEM, RC_TOO_LARGE
 */
enum rc traffic_next(struct traffic *t, struct buf *out) MUST_USE;
void traffic_free(struct traffic *t);

#endif
