/**
 * Content encodings: identity, gzip (libdeflate in, ISA-L level 1 out), zstd. Output is always bounded; sizes that the input claims are never trusted.
 */
#ifndef CODEC_COMPRESS_H
#define CODEC_COMPRESS_H

#include "base/buf.h"

enum encoding { ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_ZSTD };

/* From a Content-Encoding or grpc-encoding value (case-insensitive, "" and "identity" are identity). RC_ENCODING when unknown or a list. */
enum rc encoding_parse(struct str name, enum encoding *e) MUST_USE;
const char *encoding_name(enum encoding e);

/* Working memory, reused; one a worker. */
struct compressor;
struct compressor *compressor_new(void) MUST_USE;
void compressor_free(struct compressor *c);

/**
 * compressor_inflate(c, e, in, max, out):
 * Decode all of ${in}: every gzip member, every zstd frame.
 * In:      max  largest decoded size; beyond 1 MiB of output a ratio above 100:1 is refused too
 * Out:     out  appended; as it was on failure
 * Returns: RC_OK; RC_TOO_LARGE over max or ratio; RC_MALFORMED bad data, bad checksum, truncated, trailing bytes; RC_NOMEM
 */
enum rc compressor_inflate(struct compressor *c, enum encoding e, struct str in, size_t max, struct buf *out) MUST_USE;

/* Append in encoded with e (gzip: ISA-L level 1; zstd: level 1; identity: a copy). RC_NOMEM, RC_TOO_LARGE. */
enum rc compressor_deflate(struct compressor *c, enum encoding e, struct str in, struct buf *out) MUST_USE;

#endif
