#include "base/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* ---- AES-SIV ---- */

/*
 * A context with the key and the associated strings taken in. OpenSSL before 3.0.10 leaves empty ones out of the authentication (CVE-2023-2975): they
 * are refused.
 */
static EVP_CIPHER_CTX *
siv_begin(struct str key, const struct str *ad, size_t count, bool seal, const uint8_t *tag)
{
    const char *name = key.len == 32 ? "AES-128-SIV" : key.len == 48 ? "AES-192-SIV" : key.len == 64 ? "AES-256-SIV" : NULL;
    EVP_CIPHER *cipher = name && count <= SIV_AD_MAX ? EVP_CIPHER_fetch(NULL, name, NULL) : NULL;
    EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
    int n, ok = ctx && EVP_CipherInit_ex(ctx, cipher, NULL, (const uint8_t *)key.ptr, NULL, seal) == 1;

    if (ok && tag)
        ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SIV_TAG_SIZE, (void *)(uintptr_t)tag) == 1;
    for (size_t i = 0; i < count && ok; i++)
        ok = ad[i].len > 0 && ad[i].len < INT32_MAX && EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)ad[i].ptr, (int)ad[i].len) == 1;
    EVP_CIPHER_free(cipher);
    if (ok)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

enum rc
cipher_siv_seal(struct str key, const struct str *ad, size_t count, struct str plain, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = plain.len > 0 && plain.len < INT32_MAX ? siv_begin(key, ad, count, true, NULL) : NULL;
    int n = 0;

    if (!ctx)
        return RC_INTERNAL;
    bool ok = EVP_CipherUpdate(ctx, out + SIV_TAG_SIZE, &n, (const uint8_t *)plain.ptr, (int)plain.len) == 1 && (size_t)n == plain.len &&
              EVP_CipherFinal_ex(ctx, out + SIV_TAG_SIZE + n, &n) == 1 && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SIV_TAG_SIZE, out) == 1;

    EVP_CIPHER_CTX_free(ctx);
    return ok ? RC_OK : RC_INTERNAL;
}

enum rc
cipher_siv_open(struct str key, const struct str *ad, size_t count, struct str sealed, uint8_t *out)
{
    if (sealed.len <= SIV_TAG_SIZE || sealed.len >= INT32_MAX)
        return RC_MALFORMED;
    size_t len = sealed.len - SIV_TAG_SIZE;
    EVP_CIPHER_CTX *ctx = siv_begin(key, ad, count, false, (const uint8_t *)sealed.ptr);
    int n = 0, rest = 0;

    if (!ctx)
        return RC_INTERNAL;
    bool ok = EVP_CipherUpdate(ctx, out, &n, (const uint8_t *)sealed.ptr + SIV_TAG_SIZE, (int)len) == 1 && (size_t)n == len &&
              EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;

    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        OPENSSL_cleanse(out, len);
    return ok ? RC_OK : RC_MALFORMED;
}

/* ---- FF1 ---- */

#define BLOCK 16
#define HALF_MAX (FF1_LEN_MAX / 2)
#define NUMBER_MAX 64 /* bytes of a half as a number: 64 numerals of six bits are 48 */

/* numerals to a big-endian number of exactly size bytes; returns the bytes that hold more than zeros. */
static size_t
number_of(const uint8_t *digits, size_t len, unsigned radix, uint8_t *out, size_t size)
{
    size_t used = 0;

    memset(out, 0, size);
    for (size_t i = 0; i < len; i++) {
        unsigned carry = digits[i];

        for (size_t k = size; k-- > 0;) {
            carry += out[k] * radix;
            out[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    while (used < size && out[used] == 0)
        used++;
    return size - used;
}

/* The lowest len numerals of a big-endian number, which is destroyed. */
static void
numerals_of(uint8_t *number, size_t size, unsigned radix, uint8_t *digits, size_t len)
{
    for (size_t i = len; i-- > 0;) {
        unsigned rest = 0;

        for (size_t k = 0; k < size; k++) {
            rest = rest << 8 | number[k];
            number[k] = (uint8_t)(rest / radix);
            rest %= radix;
        }
        digits[i] = (uint8_t)rest;
    }
}

/* digits = digits +- other, modulo radix^len. */
static void
numerals_add(uint8_t *digits, const uint8_t *other, size_t len, unsigned radix, bool subtract)
{
    unsigned carry = 0;

    for (size_t i = len; i-- > 0;) {
        unsigned v = subtract ? digits[i] + radix - other[i] - carry : digits[i] + other[i] + carry;

        carry = subtract ? v < radix : v >= radix;
        digits[i] = (uint8_t)(v % radix);
    }
}

struct ff1 {
    EVP_CIPHER_CTX *aes; /* ECB */
    unsigned radix;
    struct str tweak;
    size_t b, d;            /* bytes of a half, bytes of a round's output */
    uint8_t after_p[BLOCK]; /* CBC-MAC state behind P */
};

static bool
aes_block(EVP_CIPHER_CTX *aes, const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    int n = 0;

    return EVP_EncryptUpdate(aes, out, &n, in, BLOCK) == 1 && n == BLOCK;
}

/* CBC-MAC goes on with whole blocks. */
static bool
mac_blocks(EVP_CIPHER_CTX *aes, uint8_t state[BLOCK], const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i += BLOCK) {
        for (size_t k = 0; k < BLOCK; k++)
            state[k] ^= data[i + k];
        if (!aes_block(aes, state, state))
            return false;
    }
    return true;
}

/* Steps 6.i to 6.v: y as numerals, from the half that is not changed. */
static bool
ff1_round(const struct ff1 *f, unsigned round, const uint8_t *half, size_t len, uint8_t *y, size_t y_len)
{
    uint8_t q[FF1_TWEAK_MAX + BLOCK + 1 + NUMBER_MAX], s[NUMBER_MAX + 2 * BLOCK], r[BLOCK], block[BLOCK];
    size_t t = f->tweak.len, zeros = (BLOCK - (t + f->b + 1) % BLOCK) % BLOCK, n = t + zeros;

    if (t)
        memcpy(q, f->tweak.ptr, t);
    memset(q + t, 0, zeros);
    q[n++] = (uint8_t)round;
    number_of(half, len, f->radix, q + n, f->b);
    memcpy(r, f->after_p, BLOCK);
    bool ok = mac_blocks(f->aes, r, q, n + f->b);

    memcpy(s, r, BLOCK);
    for (size_t j = 1; j * BLOCK < f->d && ok; j++) {
        memcpy(block, r, BLOCK);
        block[BLOCK - 1] ^= (uint8_t)j; /* at most five blocks */
        ok = aes_block(f->aes, block, s + j * BLOCK);
    }
    numerals_of(s, f->d, f->radix, y, y_len);
    OPENSSL_cleanse(q, sizeof(q));
    OPENSSL_cleanse(s, sizeof(s));
    OPENSSL_cleanse(r, sizeof(r));
    return ok;
}

static bool
ff1_rounds(struct ff1 *f, bool decrypt, uint8_t *digits, size_t len)
{
    uint8_t y[HALF_MAX + 1], a[HALF_MAX + 1], b[HALF_MAX + 1];
    size_t u = len / 2, v = len - u;
    bool ok = true;

    memcpy(a, digits, u);
    memcpy(b, digits + u, v);
    for (unsigned i = 0; i < 10 && ok; i++) {
        unsigned round = decrypt ? 9 - i : i;
        size_t m = round % 2 ? v : u; /* of the half that changes: A forwards, B backwards */
        uint8_t *change = decrypt ? b : a, *other = decrypt ? a : b, kept[HALF_MAX + 1];

        ok = ff1_round(f, round, other, len - m, y, m);
        numerals_add(change, y, m, f->radix, decrypt);
        memcpy(kept, change, m);
        memcpy(change, other, len - m);
        memcpy(other, kept, m);
    }
    memcpy(digits, a, u);
    memcpy(digits + u, b, v);
    OPENSSL_cleanse(a, sizeof(a));
    OPENSSL_cleanse(b, sizeof(b));
    return ok;
}

bool
cipher_ff1_allowed(unsigned radix, size_t len)
{
    uint64_t domain = 1;

    if (radix < 2 || radix > 64 || len < 2 || len > FF1_LEN_MAX)
        return false;
    for (size_t i = 0; i < len && domain < FF1_DOMAIN_MIN; i++)
        domain *= radix;
    return domain >= FF1_DOMAIN_MIN;
}

static EVP_CIPHER_CTX *
aes_new(struct str key)
{
    const EVP_CIPHER *cipher = key.len == 16 ? EVP_aes_128_ecb() : key.len == 24 ? EVP_aes_192_ecb() : key.len == 32 ? EVP_aes_256_ecb() : NULL;
    EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;

    if (ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, (const uint8_t *)key.ptr, NULL) == 1 && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

enum rc
cipher_ff1(struct str key, unsigned radix, struct str tweak, bool decrypt, uint8_t *digits, size_t len)
{
    uint8_t largest[HALF_MAX + 1], number[NUMBER_MAX];
    size_t u = len / 2, v = len - u, t = tweak.len;

    if (!cipher_ff1_allowed(radix, len) || t > FF1_TWEAK_MAX)
        return RC_LIMIT;
    for (size_t i = 0; i < len; i++)
        if (digits[i] >= radix)
            return RC_INTERNAL;
    struct ff1 f = {.aes = aes_new(key), .radix = radix, .tweak = tweak};

    if (!f.aes)
        return RC_INTERNAL;
    memset(largest, (int)radix - 1, v);
    f.b = number_of(largest, v, radix, number, sizeof(number));
    f.d = 4 * ((f.b + 3) / 4) + 4;
    const uint8_t p[BLOCK] = {1, 2, 1, 0, 0, (uint8_t)radix, 10, (uint8_t)u, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
        (uint8_t)len, (uint8_t)(t >> 24), (uint8_t)(t >> 16), (uint8_t)(t >> 8), (uint8_t)t};
    bool ok = mac_blocks(f.aes, f.after_p, p, sizeof(p)) && ff1_rounds(&f, decrypt, digits, len);

    EVP_CIPHER_CTX_free(f.aes);
    return ok ? RC_OK : RC_INTERNAL;
}
