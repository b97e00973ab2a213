#include "codec/put.h"

#include "wire_int.h"

static void
put_raw(struct put *p, const void *bytes, size_t len)
{
    if (p->rc == RC_OK)
        p->rc = buf_append(p->out, (struct str){bytes, len});
}

static void
put_tag(struct put *p, uint32_t field, enum wire_type type)
{
    uint8_t bytes[WIRE_VARINT_MAX];

    put_raw(p, bytes, wire_varint_write(bytes, (uint64_t)field << 3 | (unsigned)type));
}

static void
put_number(struct put *p, uint64_t value)
{
    uint8_t bytes[WIRE_VARINT_MAX];

    put_raw(p, bytes, wire_varint_write(bytes, value));
}

static void
put_little_endian(struct put *p, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    put_raw(p, bytes, size);
}

void
put_varint(struct put *p, uint32_t field, uint64_t value)
{
    put_tag(p, field, WIRE_VARINT);
    put_number(p, value);
}

void
put_fixed32(struct put *p, uint32_t field, uint32_t value)
{
    put_tag(p, field, WIRE_FIXED32);
    put_little_endian(p, value, 4);
}

void
put_fixed64(struct put *p, uint32_t field, uint64_t value)
{
    put_tag(p, field, WIRE_FIXED64);
    put_little_endian(p, value, 8);
}

void
put_double(struct put *p, uint32_t field, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    put_fixed64(p, field, bits);
}

void
put_bytes(struct put *p, uint32_t field, struct str s)
{
    put_tag(p, field, WIRE_LEN);
    put_number(p, s.len);
    put_raw(p, s.ptr, s.len);
}

/* One byte is kept for the length; a longer one moves the contents when the message is closed. */
struct put_mark
put_open(struct put *p, uint32_t field)
{
    put_tag(p, field, WIRE_LEN);
    put_raw(p, "", 1);
    return (struct put_mark){p->out->len};
}

void
put_close(struct put *p, struct put_mark mark)
{
    if (p->rc != RC_OK)
        return;
    uint8_t length[WIRE_VARINT_MAX];
    size_t len = p->out->len - mark.contents;
    unsigned n = wire_varint_write(length, len);

    p->rc = buf_reserve(p->out, n - 1);
    if (p->rc != RC_OK)
        return;
    char *contents = p->out->ptr + mark.contents;

    if (n > 1)
        memmove(contents + n - 1, contents, len);
    memcpy(contents - 1, length, n);
    p->out->len += n - 1;
}
