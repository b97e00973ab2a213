/*
 * SHA-256 (FIPS 180-4 section 6.2) of sixteen messages of equal length side by side, word i of all of them in one register. One message after the other waits for the latency of
 * each round, even with the processor's own instructions for SHA: sixteen at a time are done in a quarter of the time.
 */
#include "digest_int.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw")))
#define BLOCK 64
/* Truth tables for vpternlogd: bit 4a + 2b + c is the answer for a, b, c. */
#define XOR3 0x96
#define CHOOSE 0xCA
#define MAJORITY 0xE8

static const uint32_t round_key[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

bool
digest_has_lanes(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

/* w[r] holds 16 words of message r; after it, w[i] holds word i of 16 messages. */
INLINE void
transpose(__m512i w[16])
{
    __m512i t[16];

    for (unsigned i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);
    }
    for (unsigned i = 0; i < 16; i += 4) {
        w[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        w[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        w[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        w[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (unsigned i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(w[i], w[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(w[i], w[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(w[i + 8], w[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(w[i + 8], w[i + 12], 0xdd);
    }
    for (unsigned i = 0; i < 4; i++) {
        w[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        w[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        w[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        w[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

INLINE __m512i
add(__m512i a, __m512i b)
{
    return _mm512_add_epi32(a, b);
}

/* One round, and the word of the schedule that comes sixteen rounds later in the place of the one that was used. */
INLINE void
step(__m512i s[8], __m512i w[16], unsigned i, uint32_t key)
{
    __m512i a = s[-i & 7], b = s[(1 - i) & 7], c = s[(2 - i) & 7], e = s[(4 - i) & 7], f = s[(5 - i) & 7], g = s[(6 - i) & 7], h = s[(7 - i) & 7];
    __m512i e_mixed = _mm512_ternarylogic_epi32(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25), XOR3);
    __m512i a_mixed = _mm512_ternarylogic_epi32(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22), XOR3);
    __m512i rest = add(add(h, add(w[i], _mm512_set1_epi32((int)key))), _mm512_ternarylogic_epi32(e, f, g, CHOOSE));

    s[(3 - i) & 7] = add(add(s[(3 - i) & 7], rest), e_mixed);
    s[(7 - i) & 7] = add(add(rest, e_mixed), add(a_mixed, _mm512_ternarylogic_epi32(a, b, c, MAJORITY)));
    __m512i x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    __m512i low = _mm512_ternarylogic_epi32(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), _mm512_srli_epi32(x, 3), XOR3);
    __m512i high = _mm512_ternarylogic_epi32(_mm512_ror_epi32(y, 17), _mm512_ror_epi32(y, 19), _mm512_srli_epi32(y, 10), XOR3);

    w[i] = add(add(w[i], low), add(w[(i + 9) & 15], high));
}

/* Each step with its number as a constant, so that all words stay in registers. */
INLINE void
sixteen_steps(__m512i s[8], __m512i w[16], const uint32_t *key)
{
    step(s, w, 0, key[0]);
    step(s, w, 1, key[1]);
    step(s, w, 2, key[2]);
    step(s, w, 3, key[3]);
    step(s, w, 4, key[4]);
    step(s, w, 5, key[5]);
    step(s, w, 6, key[6]);
    step(s, w, 7, key[7]);
    step(s, w, 8, key[8]);
    step(s, w, 9, key[9]);
    step(s, w, 10, key[10]);
    step(s, w, 11, key[11]);
    step(s, w, 12, key[12]);
    step(s, w, 13, key[13]);
    step(s, w, 14, key[14]);
    step(s, w, 15, key[15]);
}

INLINE void
compress(__m512i state[8], __m512i w[16])
{
    __m512i s[8];

    for (unsigned i = 0; i < 8; i++)
        s[i] = state[i];
    for (unsigned i = 0; i < 64; i += 16)
        sixteen_steps(s, w, round_key + i);
    for (unsigned i = 0; i < 8; i++)
        state[i] = add(state[i], s[i]);
}

/* The last block of a message whose length is a multiple of a block: a bit, zeros, the length in bits. */
INLINE void
compress_padding(__m512i state[8], size_t len)
{
    __m512i w[16];

    for (unsigned i = 0; i < 16; i++)
        w[i] = _mm512_setzero_si512();
    w[0] = _mm512_set1_epi32((int)0x80000000);
    w[15] = _mm512_set1_epi32((int)(uint32_t)(len * 8));
    compress(state, w);
}

WIDE void
digest_lanes(const char *const from[DIGEST_LANES], size_t len, uint8_t out[DIGEST_LANES][SHA256_SIZE])
{
    const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    __m512i state[8], w[16];
    uint32_t words[8][DIGEST_LANES];

    for (unsigned i = 0; i < 8; i++)
        state[i] = _mm512_set1_epi32((int)start[i]);
    for (size_t at = 0; at < len; at += BLOCK) {
        for (unsigned r = 0; r < DIGEST_LANES; r++)
            w[r] = _mm512_shuffle_epi8(_mm512_loadu_si512(from[r] + at), swap);
        transpose(w);
        compress(state, w);
    }
    compress_padding(state, len);
    for (unsigned i = 0; i < 8; i++)
        _mm512_storeu_si512(words[i], state[i]);
    for (unsigned r = 0; r < DIGEST_LANES; r++)
        for (unsigned i = 0; i < 8; i++) {
            uint32_t v = __builtin_bswap32(words[i][r]);

            memcpy(out[r] + 4 * i, &v, sizeof(v));
        }
}
#else
bool
digest_has_lanes(void)
{
    return false;
}

void
digest_lanes(const char *const from[DIGEST_LANES], size_t len, uint8_t out[DIGEST_LANES][SHA256_SIZE])
{
    (void)from, (void)len, (void)out;
}
#endif
