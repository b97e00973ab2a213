/**
 * JSON and protobuf, either way, for any message of the generated descriptors: proto3 JSON with OTLP's deviations, and the special forms of Any
 * and Duration that google.rpc.Status needs. Source: OTLP 1.11 "JSON Protobuf Encoding"; proto3 JSON mapping.
 */
#ifndef CODEC_JSON_INT_H
#define CODEC_JSON_INT_H

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"

/* Members beyond this many are refused before they become objects in memory (about 200 bytes each). */
#define JSON_VALUES_MAX (1u << 20)

/**
 * json_to_wire(json, m, max_depth, out, unknown):
 * Read one message ${m} and append it as protobuf.
 * In:      max_depth  messages inside messages, this one is 1
 * Out:     out  as it was on failure; unknown  members left out, at every level
 * Returns: RC_OK; RC_MALFORMED, RC_UTF8, RC_DUPLICATE, RC_DEPTH, RC_NOMEM, RC_TOO_LARGE
 */
enum rc json_to_wire(struct str json, const ProtobufCMessageDescriptor *m, unsigned max_depth, struct buf *out, uint64_t *unknown) MUST_USE;

/* Append message ${m} as JSON; fields that the schema does not know are left out. RC_MALFORMED, RC_DEPTH, RC_NOMEM, RC_TOO_LARGE: out as it was. */
enum rc wire_to_json(struct str body, const ProtobufCMessageDescriptor *m, struct buf *out) MUST_USE;

/* The descriptor of what an Any holds; NULL when it is none of rpc.proto's. */
const ProtobufCMessageDescriptor *json_any_type(struct str type_url);

/* Whether a bytes field holds an id, which OTLP writes in hexadecimal; all others are base64. */
bool json_bytes_is_id(const ProtobufCFieldDescriptor *f);

#endif
