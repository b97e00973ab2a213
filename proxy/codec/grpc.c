#include "codec/grpc.h"

enum rc
grpc_prefix_read(struct str s, struct grpc_prefix *p)
{
    const unsigned char *b = (const unsigned char *)s.ptr;

    if (s.len < GRPC_PREFIX)
        return RC_AGAIN;
    if (b[0] > 1)
        return RC_MALFORMED;
    p->compressed = b[0] == 1;
    p->len = (uint32_t)b[1] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 8 | b[4];
    return RC_OK;
}

void
grpc_prefix_write(uint8_t out[GRPC_PREFIX], bool compressed, uint32_t len)
{
    out[0] = compressed;
    out[1] = (uint8_t)(len >> 24);
    out[2] = (uint8_t)(len >> 16);
    out[3] = (uint8_t)(len >> 8);
    out[4] = (uint8_t)len;
}

enum rc
grpc_message(struct str body, struct grpc_prefix *p, struct str *message)
{
    struct grpc_prefix prefix;

    if (grpc_prefix_read(body, &prefix) != RC_OK || prefix.len != body.len - GRPC_PREFIX)
        return RC_MALFORMED;
    *p = prefix;
    *message = str_sub(body, GRPC_PREFIX, body.len);
    return RC_OK;
}

bool
grpc_timeout_parse(struct str s, uint64_t *ms)
{
    /* gRPC over HTTP2, "Timeout": at most 8 digits, then the unit. */
    static const struct {
        char unit;
        uint64_t times, per;
    } units[] = {{'H', 3600000, 1}, {'M', 60000, 1}, {'S', 1000, 1}, {'m', 1, 1}, {'u', 1, 1000}, {'n', 1, 1000000}};
    uint64_t value;

    if (s.len < 2 || s.len > 9 || !str_to_u64(str_sub(s, 0, s.len - 1), &value))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == s.ptr[s.len - 1]) {
            *ms = (value * units[i].times + units[i].per - 1) / units[i].per;
            return true;
        }
    }
    return false;
}

enum rc
grpc_message_encode(struct str s, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t start = out->len;

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain = c >= ' ' && c <= '~' && c != '%';
        enum rc rc = plain ? buf_append_byte(out, s.ptr[i]) : buf_append(out, (struct str){escaped, 3});

        if (rc != RC_OK) {
            out->len = start;
            return rc;
        }
    }
    return RC_OK;
}
