/* Parts of digest.c that tests reach. */
#ifndef BASE_DIGEST_INT_H
#define BASE_DIGEST_INT_H

#include "base/digest.h"

/* CRC-32C without the CPU's instruction; crc is the inverted register. */
uint32_t digest_crc32c_portable(uint32_t reg, const unsigned char *p, size_t len);

/*
 * SHA-256 of messages of equal length, a multiple of 64 bytes, side by side. Only when digest_has_lanes: the processor has AVX-512.
 */
#define DIGEST_LANES 16
bool digest_has_lanes(void);
void digest_lanes(const char *const from[DIGEST_LANES], size_t len, uint8_t out[DIGEST_LANES][SHA256_SIZE]);

/* digest_hmac_sha256_pieces with or without lanes. */
enum rc digest_hmac_pieces_with(bool lanes, struct str key, struct str data, uint8_t out[SHA256_SIZE]) MUST_USE;

#endif
