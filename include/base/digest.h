/**
 * Digests, encodings and random bytes: the one home of OpenSSL's EVP in base.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/str.h"

#define SHA256_SIZE 32

enum rc digest_sha256(struct str data, uint8_t out[SHA256_SIZE]) MUST_USE;
/* Of the parts one after the other. */
enum rc digest_sha256_parts(const struct str *parts, size_t count, uint8_t out[SHA256_SIZE]) MUST_USE;

/* SHA-1 over the parts one after the other. For formulas of others that are defined by it, never for integrity. */
#define SHA1_SIZE 20
enum rc digest_sha1(const struct str *parts, size_t count, uint8_t out[SHA1_SIZE]) MUST_USE;

/* HMAC-SHA-256, RFC 2104. key 1..1024 bytes. Fast enough for the hot path: no fetch, no allocation after the first call of a thread. */
enum rc digest_hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_SIZE]) MUST_USE;

/**
 * digest_hmac_sha256_pieces(key, data, out):
 * HMAC-SHA-256 over the SHA-256 of each 4,096 bytes of data, one after the other; the last piece may be shorter. Binds all of data as HMAC-SHA-256 over data itself does (who has other
 * bytes with the same value has a collision of SHA-256), and is several times as fast where pieces can be hashed side by side.
 */
#define DIGEST_PIECE 4096
enum rc digest_hmac_sha256_pieces(struct str key, struct str data, uint8_t out[SHA256_SIZE]) MUST_USE;

/* Lower-case hexadecimal; out holds 2 * data.len bytes, no NUL. */
void digest_hex(struct str data, char *out);
/* Decode; false when odd, or not hexadecimal (either case). out holds s.len / 2 bytes. */
bool digest_unhex(struct str s, uint8_t *out) MUST_USE;

/* Base64, RFC 4648 section 4, padded. */
enum rc digest_base64(struct str data, struct buf *out) MUST_USE;
/* RFC 4648 section 5, without padding. out has room for (data.len + 2) / 3 * 4 bytes. Returns: bytes that were written */
size_t digest_base64url(struct str data, char *out);
/* Accepts the standard and the URL alphabet, padded or not; RC_MALFORMED otherwise, nothing appended. */
enum rc digest_unbase64(struct str s, struct buf *out) MUST_USE;

/* Bytes from the system's generator; RC_IO when there are none. */
enum rc digest_random(void *out, size_t len) MUST_USE;

/* CRC-32C (Castagnoli), RFC 3720 B.4. Start with crc 0. */
uint32_t digest_crc32c(uint32_t crc, struct str data);

/* Seeded 64-bit table hash (xxHash); seed it with digest_random. Not a MAC. */
uint64_t digest_table_hash(struct str data, uint64_t seed);

#endif
