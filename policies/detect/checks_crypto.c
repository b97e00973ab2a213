/* Checksums of addresses on chains. */
#include "base/digest.h"
#include "checks_int.h"

bool
base58_decode(struct str s, uint8_t *out, size_t len)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    memset(out, 0, len);
    for (size_t i = 0; i < s.len; i++) {
        const char *at = s.ptr[i] ? strchr(digits, s.ptr[i]) : NULL;
        unsigned carry;

        if (!at)
            return false;
        carry = (unsigned)(at - digits);
        for (size_t k = len; k-- > 0; carry >>= 8) {
            carry += 58u * out[k];
            out[k] = (uint8_t)carry;
        }
        if (carry)
            return false;
    }
    /* Each leading 1 is a zero byte. */
    for (size_t i = 0; i < s.len && i < len && s.ptr[i] == '1'; i++)
        if (out[i] != 0)
            return false;
    return true;
}

#define ADDRESS_BYTES 25
#define CHECK_BYTES 4

bool
base58check_valid(struct str s)
{
    uint8_t address[ADDRESS_BYTES], hash[SHA256_SIZE];

    if (s.len < 25 || s.len > 36 || !base58_decode(s, address, sizeof(address)))
        return false;
    if (digest_sha256((struct str){(const char *)address, ADDRESS_BYTES - CHECK_BYTES}, hash) != RC_OK ||
        digest_sha256((struct str){(const char *)hash, sizeof(hash)}, hash) != RC_OK)
        return true;
    return memcmp(hash, address + ADDRESS_BYTES - CHECK_BYTES, CHECK_BYTES) == 0;
}

#define BECH32_CONST 1u
#define BECH32M_CONST 0x2bc830a3u

static uint32_t
bech32_step(uint32_t checksum, unsigned value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = checksum >> 25;

    checksum = (checksum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        checksum ^= top >> i & 1 ? generator[i] : 0;
    return checksum;
}

bool
bech32_valid(struct str s)
{
    static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    size_t separator = s.len;
    uint32_t checksum = 1;
    bool lower = false, upper = false;

    while (separator > 0 && s.ptr[separator - 1] != '1')
        separator--;
    if (separator < 2 || s.len - separator < 6)
        return false;
    separator--;
    for (size_t i = 0; i < s.len; i++) {
        lower |= s.ptr[i] >= 'a' && s.ptr[i] <= 'z';
        upper |= s.ptr[i] >= 'A' && s.ptr[i] <= 'Z';
    }
    for (size_t i = 0; i < separator; i++)
        checksum = bech32_step(checksum, (unsigned char)ascii_lower(s.ptr[i]) >> 5);
    checksum = bech32_step(checksum, 0);
    for (size_t i = 0; i < separator; i++)
        checksum = bech32_step(checksum, (unsigned char)ascii_lower(s.ptr[i]) & 31);
    for (size_t i = separator + 1; i < s.len; i++) {
        const char *at = s.ptr[i] ? strchr(digits, ascii_lower(s.ptr[i])) : NULL;

        if (!at)
            return false;
        checksum = bech32_step(checksum, (unsigned)(at - digits));
    }
    return !(lower && upper) && (checksum == BECH32_CONST || checksum == BECH32M_CONST);
}

static uint64_t
rotate(uint64_t v, unsigned n)
{
    return n ? v << n | v >> (64 - n) : v;
}

/* Keccak-f[1600], FIPS 202 section 3.2: theta, rho and pi, chi, iota; 24 rounds. Turns, lanes and constants as the sections give them. */
static void
keccak_permute(uint64_t a[25])
{
    static const uint8_t turns[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};
    static const uint8_t lanes[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
    static const uint64_t constants[24] = {0x1, 0x8082, 0x800000000000808a, 0x8000000080008000, 0x808b, 0x80000001, 0x8000000080008081,
        0x8000000000008009, 0x8a, 0x88, 0x80008009, 0x8000000a, 0x8000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008};

    for (unsigned round = 0; round < 24; round++) {
        uint64_t c[5], d[5], b[25];
        unsigned from = 1;

        for (unsigned x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (unsigned x = 0; x < 5; x++)
            d[x] = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
        for (unsigned y = 0; y < 25; y += 5)
            for (unsigned x = 0; x < 5; x++)
                a[y + x] ^= d[x];
        b[0] = a[0];
        for (unsigned t = 0; t < 24; t++) {
            b[lanes[t]] = rotate(a[from], turns[t]);
            from = lanes[t];
        }
        for (unsigned y = 0; y < 25; y += 5) {
            a[y] = b[y] ^ (~b[y + 1] & b[y + 2]);
            a[y + 1] = b[y + 1] ^ (~b[y + 2] & b[y + 3]);
            a[y + 2] = b[y + 2] ^ (~b[y + 3] & b[y + 4]);
            a[y + 3] = b[y + 3] ^ (~b[y + 4] & b[y]);
            a[y + 4] = b[y + 4] ^ (~b[y] & b[y + 1]);
        }
        a[0] ^= constants[round];
    }
}

#define RATE 136

static void
absorb(uint64_t state[25], const uint8_t *block)
{
    for (size_t i = 0; i < RATE; i++)
        state[i / 8] ^= (uint64_t)block[i] << (8 * (i % 8));
    keccak_permute(state);
}

void
keccak256(struct str s, uint8_t out[32])
{
    uint64_t state[25] = {0};
    uint8_t last[RATE] = {0};
    size_t at = 0;

    for (; s.len - at >= RATE; at += RATE)
        absorb(state, (const uint8_t *)s.ptr + at);
    if (s.len > at)
        memcpy(last, s.ptr + at, s.len - at);
    last[s.len - at] ^= 0x01;
    last[RATE - 1] ^= 0x80;
    absorb(state, last);
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(state[i / 8] >> (8 * (i % 8)));
}
