/**
 * Encryption over OpenSSL's EVP: deterministic encryption (AES-SIV), format-preserving encryption (FF1), BLAKE2b.
 * Nothing is kept between calls; what held a key is wiped.
 */
#ifndef BASE_CIPHER_H
#define BASE_CIPHER_H

#include "base/rc.h"
#include "base/str.h"

#define SIV_TAG_SIZE 16
#define SIV_KEY_SIZE 64 /* AES-256-SIV; 32 bytes make AES-128-SIV */
#define SIV_AD_MAX 8

/**
 * cipher_siv_seal(key, ad, count, plain, out):
 * AES-SIV: equal inputs give equal outputs, and nothing else is shown of them.
 * In:      key   32, 48 or 64 bytes
 *          ad    up to SIV_AD_MAX strings that must be the same when it is opened; none may be empty
 *          plain not empty
 * Out:     out   SIV_TAG_SIZE + plain.len bytes: the synthetic IV, then the ciphertext; undefined on failure
 * Returns: RC_OK; RC_INTERNAL
 * Source:  RFC 5297
 */
enum rc cipher_siv_seal(struct str key, const struct str *ad, size_t count, struct str plain, uint8_t *out) MUST_USE;

/* The way back. out has room for sealed.len - SIV_TAG_SIZE bytes. RC_MALFORMED: not made with this key and these strings. */
enum rc cipher_siv_open(struct str key, const struct str *ad, size_t count, struct str sealed, uint8_t *out) MUST_USE;

#define FF1_LEN_MAX 128
#define FF1_TWEAK_MAX 768
#define FF1_DOMAIN_MIN 1000000 /* SP 800-38G revision 1, 2nd draft, section 5.2 */

/* Whether radix^len is at least FF1_DOMAIN_MIN and len is within bounds. */
bool cipher_ff1_allowed(unsigned radix, size_t len);

/**
 * cipher_ff1(key, radix, tweak, decrypt, digits, len):
 * FF1 on a string of numerals, in place.
 * In:      key     16, 24 or 32 bytes
 *          radix   2..64; digits are numbers below it
 * Returns: RC_OK; RC_LIMIT the domain is too small, or a length out of bounds: digits untouched; RC_INTERNAL
 * Source:  NIST SP 800-38G, algorithms 7 and 8
 */
enum rc cipher_ff1(struct str key, unsigned radix, struct str tweak, bool decrypt, uint8_t *digits, size_t len) MUST_USE;

/* BLAKE2b without a key; size 1..64 bytes. RFC 7693. */
#define BLAKE2B_SIZE 64
void cipher_blake2b(struct str data, uint8_t *out, size_t size);

#endif
