/* BLAKE2b, RFC 7693: OpenSSL 3.0 has the 64-byte form only, key files of minisign want 32 bytes. */
#include "base/cipher.h"

#define BLOCK 128
#define ROUNDS 12

static const uint64_t start[8] = {0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1, 0x510E527FADE682D1,
    0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};

/* RFC 7693 section 2.7; rounds 10 and 11 begin anew. */
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint64_t
rotate(uint64_t v, unsigned by)
{
    return v >> by | v << (64 - by);
}

static void
mix(uint64_t *v, const uint8_t at[4], uint64_t x, uint64_t y)
{
    uint64_t *a = &v[at[0]], *b = &v[at[1]], *c = &v[at[2]], *d = &v[at[3]];

    *a += *b + x;
    *d = rotate(*d ^ *a, 32);
    *c += *d;
    *b = rotate(*b ^ *c, 24);
    *a += *b + y;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 63);
}

static void
compress(uint64_t h[8], const uint8_t block[BLOCK], uint64_t bytes, bool last)
{
    static const uint8_t lanes[8][4] = {
        {0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15}, {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}};
    uint64_t m[16] = {0}, v[16];

    for (size_t i = 0; i < BLOCK; i++)
        m[i / 8] |= (uint64_t)block[i] << 8 * (i % 8);
    memcpy(v, h, 64);
    memcpy(v + 8, start, 64);
    v[12] ^= bytes;
    if (last)
        v[14] = ~v[14];
    for (size_t r = 0; r < ROUNDS; r++)
        for (size_t k = 0; k < 8; k++)
            mix(v, lanes[k], m[sigma[r % 10][2 * k]], m[sigma[r % 10][2 * k + 1]]);
    for (size_t i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

void
cipher_blake2b(struct str data, uint8_t *out, size_t size)
{
    uint64_t h[8];
    size_t at = 0;
    uint8_t block[BLOCK];

    memcpy(h, start, sizeof(h));
    h[0] ^= 0x01010000 ^ size;
    for (; data.len - at > BLOCK; at += BLOCK)
        compress(h, (const uint8_t *)data.ptr + at, at + BLOCK, false);
    memset(block, 0, sizeof(block));
    if (data.len > at)
        memcpy(block, data.ptr + at, data.len - at);
    compress(h, block, data.len, true);
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(h[i / 8] >> 8 * (i % 8));
}
