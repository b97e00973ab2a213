#include "codec/put.h"

#include "wire_int.h"

#define TAG_MAX 5

/* Room for size more bytes, to be written and added to len by the caller; NULL once something has failed. */
static uint8_t *
room(struct put *p, size_t size)
{
    if (p->rc == RC_OK)
        p->rc = buf_reserve(p->out, size);
    return p->rc == RC_OK ? (uint8_t *)p->out->ptr + p->out->len : NULL;
}

static unsigned
tag_write(uint8_t *out, uint32_t field, enum wire_type type)
{
    return wire_varint_write(out, (uint64_t)field << 3 | (unsigned)type);
}

static void
put_little_endian(struct put *p, uint32_t field, uint64_t value, unsigned size)
{
    uint8_t *to = room(p, TAG_MAX + 8);

    if (!to)
        return;
    unsigned n = tag_write(to, field, size == 8 ? WIRE_FIXED64 : WIRE_FIXED32);

    for (unsigned i = 0; i < size; i++)
        to[n++] = (uint8_t)(value >> (8 * i));
    p->out->len += n;
}

void
put_varint(struct put *p, uint32_t field, uint64_t value)
{
    uint8_t *to = room(p, TAG_MAX + WIRE_VARINT_MAX);

    if (!to)
        return;
    unsigned n = tag_write(to, field, WIRE_VARINT);

    n += wire_varint_write(to + n, value);
    p->out->len += n;
}

void
put_fixed32(struct put *p, uint32_t field, uint32_t value)
{
    put_little_endian(p, field, value, 4);
}

void
put_fixed64(struct put *p, uint32_t field, uint64_t value)
{
    put_little_endian(p, field, value, 8);
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
    uint8_t *to = s.len > SIZE_MAX / 2 ? NULL : room(p, TAG_MAX + WIRE_VARINT_MAX + s.len);

    if (!to)
        return;
    unsigned n = tag_write(to, field, WIRE_LEN);

    n += wire_varint_write(to + n, s.len);
    if (s.len)
        memcpy(to + n, s.ptr, s.len);
    p->out->len += n + s.len;
}

/* One byte is kept for the length; a longer one moves the contents when the message is closed. */
struct put_mark
put_open(struct put *p, uint32_t field)
{
    uint8_t *to = room(p, TAG_MAX + 1);

    if (to) {
        unsigned n = tag_write(to, field, WIRE_LEN);

        to[n] = 0;
        p->out->len += n + 1;
    }
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
