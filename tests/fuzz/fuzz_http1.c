/*
 * HTTP/1.1 requests: the head, then a chunked body. Read in pieces of any size or at once, the answer is the same; what is accepted is read again from what was
 * understood of it.
 */
#include <stdlib.h>

#include "../../proxy/ingress/http1.h"
#include "fuzz.h"

/* The whole head when there is one; the first byte chooses how it comes. */
static enum rc
find_head(struct str s, size_t step, size_t *len)
{
    size_t scanned = 0;
    enum rc rc = RC_AGAIN;

    for (size_t got = step < s.len ? step : s.len;; got = got + step < s.len ? got + step : s.len) {
        rc = http1_head_end(str_sub(s, 0, got), &scanned, len);
        FUZZ_CHECK(scanned <= got);
        if (rc != RC_AGAIN || got == s.len)
            return rc;
    }
}

static void
check_head(struct str head)
{
    struct http1_head h;

    if (http1_head_parse(head, &h) != 200)
        return;
    FUZZ_CHECK(h.method.ptr >= head.ptr && h.path.ptr + h.path.len <= head.ptr + head.len);
    FUZZ_CHECK(h.path.len > 0 && h.path.ptr[0] == '/' && h.path.len <= HTTP1_TARGET_MAX);
    FUZZ_CHECK(!(h.chunked && h.has_length) && h.fields <= HTTP1_FIELDS_MAX);
    FUZZ_CHECK(memchr(head.ptr, '\0', head.len) == NULL);
}

static enum rc
read_chunks(struct str in, size_t step, struct buf *body, size_t *taken)
{
    struct http1_chunks c = {0};
    enum rc rc = RC_AGAIN;

    *taken = 0;
    while (*taken < in.len && c.state != CHUNK_DONE && rc == RC_AGAIN) {
        size_t end = *taken + step < in.len ? *taken + step : in.len;
        struct str piece = str_sub(in, *taken, end), data;

        while ((rc = http1_chunks_read(&c, &piece, &data)) == RC_OK) {
            FUZZ_CHECK(data.len > 0 && data.ptr >= in.ptr && data.ptr + data.len <= in.ptr + in.len);
            FUZZ_CHECK(buf_append(body, data) == RC_OK);
        }
        *taken = end - piece.len;
        FUZZ_CHECK(rc == RC_AGAIN || rc == RC_MALFORMED);
        FUZZ_CHECK(rc == RC_MALFORMED || piece.len == 0 || c.state == CHUNK_DONE);
    }
    return c.state == CHUNK_DONE ? RC_OK : rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = BUF_INIT((size_t)1 << 26), pieces = BUF_INIT((size_t)1 << 26);
    size_t a = 0, b = 0;

    if (size == 0)
        return 0;
    struct str s = {(const char *)data + 1, size - 1};
    size_t step = 1 + data[0];
    enum rc rc = find_head(s, s.len ? s.len : 1, &a);

    FUZZ_CHECK(find_head(s, step, &b) == rc && (rc != RC_OK || a == b));
    if (rc == RC_OK) {
        FUZZ_CHECK(a <= s.len);
        check_head(str_sub(s, 0, a));
        s = str_sub(s, a, s.len);
    }
    rc = read_chunks(s, s.len ? s.len : 1, &once, &a);
    FUZZ_CHECK(read_chunks(s, step, &pieces, &b) == rc);
    FUZZ_CHECK(rc != RC_OK || (a == b && str_eq(buf_str(&once), buf_str(&pieces))));
    buf_free(&once);
    buf_free(&pieces);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const seeds[] = {
        "\x05POST /v1/traces?a=b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nhello\r\n0a\r\n0123456789\r\n0\r\n\r\n",
        "\x40POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\nConnection: close, x\r\nExpect: "
        "100-continue\r\n\r\nabc",
        "\x01GET / HTTP/1.0\r\n\r\n",
        "\x02"
        "FFFFFFFF\r\nx",
    };

    return n < sizeof(seeds) / sizeof(seeds[0]) && buf_append(out, str_of(seeds[n])) == RC_OK;
}
