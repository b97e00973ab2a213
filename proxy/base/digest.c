/*
 * SHA-256 is used through OpenSSL's block interface, with its state on the stack: EVP of 3.0 allocates, locks and looks
 * up a provider for each digest, which costs more than the digest of a short text.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digest_int.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#define SHA256_BLOCK 64

enum rc
digest_sha256(struct str data, uint8_t out[SHA256_SIZE])
{
    SHA256_CTX ctx;
    uint8_t md[SHA256_SIZE];

    if (!SHA256_Init(&ctx) || !SHA256_Update(&ctx, data.ptr, data.len) || !SHA256_Final(md, &ctx))
        return RC_INTERNAL;
    memcpy(out, md, sizeof(md));
    return RC_OK;
}

enum rc
digest_sha256_parts(const struct str *parts, size_t count, uint8_t out[SHA256_SIZE])
{
    SHA256_CTX ctx;
    uint8_t md[SHA256_SIZE];
    bool ok = SHA256_Init(&ctx) != 0;

    for (size_t i = 0; ok && i < count; i++)
        ok = SHA256_Update(&ctx, parts[i].ptr, parts[i].len) != 0;
    if (!ok || !SHA256_Final(md, &ctx))
        return RC_INTERNAL;
    memcpy(out, md, sizeof(md));
    return RC_OK;
}

enum rc
digest_sha1(const struct str *parts, size_t count, uint8_t out[SHA1_SIZE])
{
    SHA_CTX ctx;
    uint8_t md[SHA1_SIZE];
    bool ok = SHA1_Init(&ctx) != 0;

    for (size_t i = 0; ok && i < count; i++)
        ok = SHA1_Update(&ctx, parts[i].ptr, parts[i].len) != 0;
    if (!ok || !SHA1_Final(md, &ctx))
        return RC_INTERNAL;
    memcpy(out, md, sizeof(md));
    return RC_OK;
}

/* HMAC, RFC 2104 section 2: H(key ^ opad, H(key ^ ipad, data)). */
struct hmac {
    uint8_t block[SHA256_BLOCK]; /* the key, padded with zeros */
    SHA256_CTX ctx;              /* of the digest that is being made */
};

static bool
hmac_pad(struct hmac *h, uint8_t pad)
{
    uint8_t padded[SHA256_BLOCK];

    for (size_t i = 0; i < SHA256_BLOCK; i++)
        padded[i] = h->block[i] ^ pad;
    bool ok = SHA256_Init(&h->ctx) && SHA256_Update(&h->ctx, padded, sizeof(padded));

    OPENSSL_cleanse(padded, sizeof(padded));
    return ok;
}

static bool
hmac_begin(struct hmac *h, struct str key)
{
    memset(h->block, 0, sizeof(h->block));
    if (key.len == 0 || key.len > 1024)
        return false;
    if (key.len <= SHA256_BLOCK)
        memcpy(h->block, key.ptr, key.len);
    else if (digest_sha256(key, h->block) != RC_OK)
        return false;
    return hmac_pad(h, 0x36);
}

static enum rc
hmac_end(struct hmac *h, bool ok, uint8_t out[SHA256_SIZE])
{
    uint8_t inner[SHA256_SIZE], md[SHA256_SIZE];

    ok = ok && SHA256_Final(inner, &h->ctx) && hmac_pad(h, 0x5C) && SHA256_Update(&h->ctx, inner, sizeof(inner)) && SHA256_Final(md, &h->ctx);
    OPENSSL_cleanse(h, sizeof(*h));
    if (!ok)
        return RC_INTERNAL;
    memcpy(out, md, sizeof(md));
    return RC_OK;
}

enum rc
digest_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_SIZE])
{
    struct hmac h;
    bool ok = hmac_begin(&h, key) && SHA256_Update(&h.ctx, data.ptr, data.len);

    return hmac_end(&h, ok, out);
}

/* Fewer than this many pieces are done sooner one after the other. */
#define LANES_WORTH 6

/* Digests of the first pieces of data, DIGEST_LANES at most. Returns: bytes that they are of; 0: it failed. */
static size_t
hash_pieces(bool lanes, struct str data, uint8_t out[DIGEST_LANES][SHA256_SIZE], size_t *count)
{
    size_t whole = data.len / DIGEST_PIECE, n = whole < DIGEST_LANES ? whole : DIGEST_LANES, done = n * DIGEST_PIECE;
    const char *from[DIGEST_LANES];

    if (lanes && n >= LANES_WORTH) {
        for (size_t i = 0; i < n; i++)
            from[i] = data.ptr + i * DIGEST_PIECE;
        if (!digest_lanes(from, n, DIGEST_PIECE, out))
            return 0;
    } else {
        for (size_t i = 0; i < n; i++)
            if (digest_sha256(str_sub(data, i * DIGEST_PIECE, (i + 1) * DIGEST_PIECE), out[i]) != RC_OK)
                return 0;
    }
    if (n < DIGEST_LANES && done < data.len) { /* the short one at the end */
        if (digest_sha256(str_sub(data, done, data.len), out[n++]) != RC_OK)
            return 0;
        done = data.len;
    }
    *count = n;
    return done;
}

enum rc
digest_hmac_pieces_with(bool lanes, struct str key, struct str data, uint8_t out[SHA256_SIZE])
{
    uint8_t digests[DIGEST_LANES][SHA256_SIZE];
    struct hmac h;
    bool ok = hmac_begin(&h, key);

    for (size_t count = 0; ok && data.len;) {
        size_t done = hash_pieces(lanes, data, digests, &count);

        ok = done && SHA256_Update(&h.ctx, digests, count * SHA256_SIZE);
        data = str_sub(data, done, data.len);
    }
    return hmac_end(&h, ok, out);
}

enum rc
digest_hmac_sha256_pieces(struct str key, struct str data, uint8_t out[SHA256_SIZE])
{
    return digest_hmac_pieces_with(digest_has_lanes(), key, data, out);
}

void
digest_hex(struct str data, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < data.len; i++) {
        unsigned char c = (unsigned char)data.ptr[i];

        *out++ = digits[c >> 4];
        *out++ = digits[c & 15];
    }
}

static int
unhex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
digest_unhex(struct str s, uint8_t *out)
{
    if (s.len % 2)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (unhex_digit(s.ptr[i]) < 0)
            return false;
    for (size_t i = 0; i < s.len; i += 2)
        out[i / 2] = (uint8_t)(unhex_digit(s.ptr[i]) << 4 | unhex_digit(s.ptr[i + 1]));
    return true;
}

enum rc
digest_base64(struct str data, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)data.ptr;

    if (data.len > SIZE_MAX / 2)
        return RC_TOO_LARGE;
    enum rc rc = buf_reserve(out, (data.len + 2) / 3 * 4);

    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < data.len; i += 3) {
        size_t left = data.len - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        char *at = out->ptr + out->len;

        at[0] = digits[v >> 18];
        at[1] = digits[v >> 12 & 63];
        at[2] = left > 1 ? digits[v >> 6 & 63] : '=';
        at[3] = left > 2 ? digits[v & 63] : '=';
        out->len += 4;
    }
    return RC_OK;
}

size_t
digest_base64url(struct str data, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned v = 0, bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < data.len; i++) {
        v = (v << 8 | (unsigned char)data.ptr[i]) & 0xFFFF;
        for (bits += 8; bits >= 6; bits -= 6)
            out[n++] = digits[v >> (bits - 6) & 63];
    }
    if (bits)
        out[n++] = digits[v << (6 - bits) & 63];
    return n;
}

static int
unbase64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

enum rc
digest_unbase64(struct str s, struct buf *out)
{
    size_t start = out->len, digits = s.len;
    unsigned v = 0, bits = 0;

    while (digits && s.len - digits < 2 && s.ptr[digits - 1] == '=')
        digits--;
    if (digits % 4 == 1 || (digits != s.len && s.len % 4 != 0))
        return RC_MALFORMED;
    enum rc rc = buf_reserve(out, digits / 4 * 3 + 2);

    if (rc != RC_OK)
        return rc;
    for (size_t i = 0; i < digits; i++) {
        int d = unbase64_digit(s.ptr[i]);

        if (d < 0)
            goto malformed;
        v = v << 6 | (unsigned)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out->ptr[out->len++] = (char)(v >> bits & 0xFF);
            v &= (1u << bits) - 1;
        }
    }
    if (v != 0) /* bits past the last byte: another spelling of the same bytes, RFC 4648 section 3.5 */
        goto malformed;
    return RC_OK;

malformed:
    out->len = start;
    return RC_MALFORMED;
}

enum rc
digest_random(void *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)out + done, len - done, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return RC_IO;
        done += (size_t)n;
    }
    return RC_OK;
}

/* Reflected polynomial 0x82F63B78, four bits a step: sixteen entries instead of 256, for CPUs without the instruction. */
uint32_t
digest_crc32c_portable(uint32_t reg, const unsigned char *p, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78,
        0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

    for (size_t i = 0; i < len; i++) {
        reg ^= p[i];
        reg = reg >> 4 ^ table[reg & 15];
        reg = reg >> 4 ^ table[reg & 15];
    }
    return reg;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t reg, const unsigned char *p, size_t len)
{
    uint64_t wide = reg;

    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    reg = (uint32_t)wide;
    for (; len; p++, len--)
        reg = _mm_crc32_u8(reg, *p);
    return reg;
}
#endif

uint32_t
digest_crc32c(uint32_t crc, struct str data)
{
    const unsigned char *p = (const unsigned char *)data.ptr;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc32c_sse42(~crc, p, data.len);
#endif
    return ~digest_crc32c_portable(~crc, p, data.len);
}

uint64_t
digest_table_hash(struct str data, uint64_t seed)
{
    return XXH3_64bits_withSeed(data.ptr, data.len, seed);
}
