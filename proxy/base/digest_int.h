/* Parts of digest.c that tests reach. */
#ifndef BASE_DIGEST_INT_H
#define BASE_DIGEST_INT_H

#include "base/digest.h"

/* CRC-32C without the CPU's instruction; crc is the inverted register. */
uint32_t digest_crc32c_portable(uint32_t reg, const unsigned char *p, size_t len);

/**
 * digest_lanes(from, count, len, out):
 * SHA-256 of messages of equal length side by side; only when digest_has_lanes.
 * In:      len  at least 1
 * Returns: false when one of them failed; out is undefined then
 * Thread:  any; what a thread needs is made at its first call and freed at its end
 */
#define DIGEST_LANES 16 /* a group that is worth it */
bool digest_has_lanes(void);
bool digest_lanes(const char *const *from, size_t count, size_t len, uint8_t (*out)[SHA256_SIZE]) MUST_USE;

/* digest_hmac_sha256_pieces with or without lanes. */
enum rc digest_hmac_pieces_with(bool lanes, struct str key, struct str data, uint8_t out[SHA256_SIZE]) MUST_USE;

#endif
