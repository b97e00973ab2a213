/*
 * Inflation of any bytes: bounded by what is allowed and by the ratio, whatever the input says of itself; what comes out can be packed and unpacked again.
 */
#include "base_rng.h"
#include "codec/compress.h"
#include "fuzz.h"

#define MAX ((size_t)4 * 1024 * 1024)

static struct compressor *c;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum encoding all[] = {ENCODING_GZIP, ENCODING_ZSTD};
    struct str in = {(const char *)data, size};

    if (!c)
        c = compressor_new();
    for (int i = 0; i < 2; i++) {
        struct buf out = BUF_INIT(2 * MAX), packed = BUF_INIT(2 * MAX), back = BUF_INIT(2 * MAX);
        enum rc rc = compressor_inflate(c, all[i], in, MAX, &out);

        FUZZ_CHECK(rc == RC_OK || rc == RC_MALFORMED || rc == RC_TOO_LARGE);
        FUZZ_CHECK(rc == RC_OK || out.len == 0);
        FUZZ_CHECK(out.len <= MAX && (out.len <= 1024 * 1024 || out.len <= 100 * size));
        if (rc == RC_OK) {
            FUZZ_CHECK(compressor_deflate(c, all[i], buf_str(&out), &packed) == RC_OK);
            rc = compressor_inflate(c, all[i], buf_str(&packed), MAX, &back);
            FUZZ_CHECK(rc == RC_TOO_LARGE || (rc == RC_OK && str_eq(buf_str(&back), buf_str(&out)))); /* too well packed */
        }
        buf_free(&out);
        buf_free(&packed);
        buf_free(&back);
    }
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    struct rng r = {n + 1};
    char text[6000];
    bool good = true;

    if (n == 20)
        return false;
    if (!c)
        c = compressor_new();
    for (unsigned member = 0; member <= n % 3 && good; member++) {
        size_t len = rng_below(&r, sizeof(text));

        for (size_t i = 0; i < len; i++)
            text[i] = n % 5 ? "span.attributes"[rng_below(&r, 15)] : (char)rng_next(&r);
        good = compressor_deflate(c, n % 2 ? ENCODING_GZIP : ENCODING_ZSTD, (struct str){text, len}, out) == RC_OK;
    }
    return good;
}
