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

/* Keccak-f[1600], FIPS 202 section 3.2: theta, rho and pi, chi, iota; 24 rounds. The round constants come from the LFSR of section 3.2.5. */
static void
keccak_permute(uint64_t a[25])
{
    uint8_t lfsr = 1;

    for (int round = 0; round < 24; round++) {
        uint64_t c[5], b[25];
        unsigned x = 1, y = 0, shift = 0;

        for (unsigned i = 0; i < 5; i++)
            c[i] = a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20];
        for (unsigned i = 0; i < 25; i++)
            a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
        b[0] = a[0];
        for (unsigned t = 1; t <= 24; t++) {
            unsigned next = (2 * x + 3 * y) % 5;

            shift = (shift + t) % 64;
            b[y + 5 * next] = rotate(a[x + 5 * y], shift);
            x = y;
            y = next;
        }
        for (unsigned i = 0; i < 25; i++)
            a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        for (unsigned j = 0; j < 7; j++) {
            a[0] ^= (uint64_t)(lfsr & 1) << ((1u << j) - 1);
            lfsr = (uint8_t)(lfsr << 1 ^ (lfsr & 0x80 ? 0x71 : 0));
        }
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
