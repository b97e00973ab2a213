/**
 * Writing protobuf by hand: fields are appended to a struct buf in the order of the calls, nested messages between open and close. For what is
 * made from other forms (JSON, samples); a batch that came over the wire is edited, never rewritten (emit.h).
 *
 *   struct put p = {.out = &buf};
 *   struct put_mark span = put_open(&p, 2);
 *   put_bytes(&p, 5, STR("GET /"));
 *   put_close(&p, span);
 *   if (p.rc != RC_OK) ...                the first error sticks; what was appended before it stays
 */
#ifndef CODEC_PUT_H
#define CODEC_PUT_H

#include "base/buf.h"

struct put {
    struct buf *out;
    enum rc rc; /* RC_OK, RC_TOO_LARGE, RC_NOMEM */
};

/* Where the contents of an open message begin. */
struct put_mark {
    size_t contents;
};

/* Wire type 0: unsigned, boolean, enum; signed numbers are converted to uint64_t (two's complement, not zigzag). */
void put_varint(struct put *p, uint32_t field, uint64_t value);
void put_fixed32(struct put *p, uint32_t field, uint32_t value);
void put_fixed64(struct put *p, uint32_t field, uint64_t value);
void put_double(struct put *p, uint32_t field, double value);

/* Wire type 2: string, bytes, or a finished message. */
void put_bytes(struct put *p, uint32_t field, struct str s);

/**
 * put_open(p, field), put_close(p, mark):
 * A message whose length is not known yet. Marks are closed in reverse order.
 */
struct put_mark put_open(struct put *p, uint32_t field) MUST_USE;
void put_close(struct put *p, struct put_mark mark);

#endif
