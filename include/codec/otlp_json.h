/**
 * OTLP/JSON, both directions, driven by the generated descriptors.
 */
#ifndef CODEC_OTLP_JSON_H
#define CODEC_OTLP_JSON_H

#include "base/buf.h"
#include "base/err.h"

/**
 * otlp_json_decode(json, max_depth, out):
 * Read an ExportTraceServiceRequest in JSON (proto3 JSON with OTLP's deviations: ids in hex, enums as numbers or names, lowerCamelCase and
 * snake_case names, 64-bit numbers as strings or numbers, unknown fields ignored) and append it as protobuf.
 * Duplicate members, the same field under both names, or two members of a oneof: RC_DUPLICATE. Strings keep NUL.
 * Out:     out      appended; as it was on failure. unknown  number of unknown members left out
 * Returns: RC_OK; RC_MALFORMED, RC_UTF8, RC_DUPLICATE, RC_DEPTH, RC_NOMEM, RC_TOO_LARGE
 * Promise: the result was produced from the parsed model only; batch_index still has to examine it
 */
enum rc otlp_json_decode(struct str json, unsigned max_depth, struct buf *out, uint64_t *unknown) MUST_USE;

/**
 * otlp_json_encode(body, out):
 * Append a valid ExportTraceServiceRequest (one that batch_index has accepted) as OTLP/JSON.
 */
enum rc otlp_json_encode(struct str body, struct buf *out) MUST_USE;

#endif
