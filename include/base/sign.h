/**
 * Ed25519 (RFC 8032) by OpenSSL: keys as their 32 raw bytes, signatures as their 64.
 */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include <stdint.h>

#include "base/rc.h"
#include "base/str.h"

#define SIGN_SEED 32   /* the private key, RFC 8032 section 5.1.5 */
#define SIGN_PUBLIC 32 /* the public key */
#define SIGN_SIZE 64   /* a signature */

/* RC_OK; RC_INTERNAL. */
enum rc sign_public_key(const uint8_t seed[SIGN_SEED], uint8_t public_key[SIGN_PUBLIC]) MUST_USE;
enum rc sign_message(const uint8_t seed[SIGN_SEED], struct str message, uint8_t signature[SIGN_SIZE]) MUST_USE;

/* Returns: RC_OK; RC_INTEGRITY it is not this key's signature of this message, or no such key can be */
enum rc sign_check(const uint8_t public_key[SIGN_PUBLIC], struct str message, const uint8_t signature[SIGN_SIZE]) MUST_USE;

#endif
