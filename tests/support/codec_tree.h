/**
 * Random batches as protobuf-c trees: the oracle's side of tests of the codec.
 */
#ifndef SUPPORT_CODEC_TREE_H
#define SUPPORT_CODEC_TREE_H

#include "base/buf.h"
#include "base_rng.h"
#include "trace_service.pb-c.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest tree_request;
typedef Opentelemetry__Proto__Common__V1__AnyValue tree_any;
typedef Opentelemetry__Proto__Common__V1__KeyValue tree_attr;

/* A random request in protobuf; every string and integer in it is different, so that edits can be chosen by content. */
void tree_random(struct rng *r, struct buf *out);

/* Unpack; NULL when protobuf-c refuses. Free with tree_free. */
tree_request *tree_unpack(struct str body);
void tree_free(tree_request *t);
void tree_pack(tree_request *t, struct buf *out);

/* Remove unknown fields everywhere, and enum values outside of the schema. */
void tree_strip(ProtobufCMessage *m);

/* Whether any string of the wire bytes holds a NUL, where protobuf-c would cut it. */
bool tree_has_nul(struct str body);

#endif
