/**
 * Protobuf wire format: reading and writing of tags, varints and lengths, over plain pointers. Nothing here reads at or beyond end.
 * Source: protobuf encoding guide; RFC-less, field numbers 1 .. 2^29 - 1.
 */
#ifndef CODEC_WIRE_INT_H
#define CODEC_WIRE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2, WIRE_FIXED32 = 5 };

#define WIRE_VARINT_MAX 10
#define WIRE_FIELD_MAX 0x1fffffffu

/* The varint at p; NULL when it does not end before end or in ten bytes, or does not fit 64 bits. */
static inline const uint8_t *
wire_varint(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
    if (p < end && *p < 0x80) {
        *value = *p;
        return p + 1;
    }
    uint64_t v = 0;

    for (unsigned shift = 0; p < end && shift < 70; shift += 7) {
        uint8_t byte = *p++;

        if (shift == 63 && byte > 1)
            return NULL;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = v;
            return p;
        }
    }
    return NULL;
}

/* A length that fits between the varint and end; NULL otherwise. */
static inline const uint8_t *
wire_len(const uint8_t *p, const uint8_t *end, uint32_t *len)
{
    uint64_t v;

    p = wire_varint(p, end, &v);
    if (!p || v > (uint64_t)(end - p))
        return NULL;
    *len = (uint32_t)v;
    return p;
}

/* A tag: field number and wire type; NULL when malformed, out of range, or of a group or reserved wire type. */
static inline const uint8_t *
wire_tag(const uint8_t *p, const uint8_t *end, uint32_t *field, enum wire_type *type)
{
    uint64_t v;

    p = wire_varint(p, end, &v);
    if (!p || v >> 3 == 0 || v >> 3 > WIRE_FIELD_MAX)
        return NULL;
    unsigned t = v & 7;

    if (t != WIRE_VARINT && t != WIRE_FIXED64 && t != WIRE_LEN && t != WIRE_FIXED32)
        return NULL;
    *field = (uint32_t)(v >> 3);
    *type = (enum wire_type)t;
    return p;
}

/* Skip the contents of a field after its tag; NULL when it does not end before end. */
static inline const uint8_t *
wire_skip(const uint8_t *p, const uint8_t *end, enum wire_type type)
{
    uint64_t v;
    uint32_t len;

    switch (type) {
    case WIRE_VARINT:
        return wire_varint(p, end, &v);
    case WIRE_FIXED64:
        return end - p >= 8 ? p + 8 : NULL;
    case WIRE_FIXED32:
        return end - p >= 4 ? p + 4 : NULL;
    case WIRE_LEN:
        p = wire_len(p, end, &len);
        return p ? p + len : NULL;
    }
    return NULL;
}

static inline unsigned
wire_varint_size(uint64_t v)
{
    unsigned n = 1;

    while (v >= 0x80) {
        v >>= 7;
        n++;
    }
    return n;
}

/* Write a varint; returns its length, at most WIRE_VARINT_MAX. */
static inline unsigned
wire_varint_write(uint8_t *out, uint64_t v)
{
    unsigned n = 0;

    while (v >= 0x80) {
        out[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (uint8_t)v;
    return n;
}

#endif
