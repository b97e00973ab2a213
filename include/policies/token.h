/**
 * Tokens: what keyed actions put in place of values, and the way back.
 *
 *   EMAIL_ADDRESS(key-2026:u0cJ...kQ)             sealed: AES-SIV, base64url; opens with the key
 *   CREDIT_CARD(key-2026~d6.4~4111115839201111~9f2c41d0)   FF1: class of numerals, how many are kept at both ends, the text, and a check that it was
 *                                                       made here
 *   EMAIL_ADDRESS_key-2026_9f2c41d07b3a55e1...    pseudonym: HMAC-SHA-256; goes back by comparison only
 *
 * The key of each purpose is derived from the secret of the configuration, so that none of them tells anything of another. What keeps entities and
 * tenants apart: associated data of the seal, tweak of FF1, key of the pseudonym.
 * All of these bytes may stand in URLs and JSON strings as they are.
 */
#ifndef POLICIES_TOKEN_H
#define POLICIES_TOKEN_H

#include "base/arena.h"
#include "base/cipher.h"
#include "base/digest.h"

#define TOKEN_NAME_MAX 64    /* entities, key ids */
#define TOKEN_TENANT_MAX 256 /* longer ones stand for their digest */
#define TOKEN_FPE_MAX 256    /* bytes of a value that FF1 is tried on */
#define TOKEN_CHECK_HEX 8

/* Whether an id can stand in tokens: 1..64 letters, digits, '.', '_', '-'. */
bool token_name_good(struct str id);

/* What a value belongs to. */
struct token_of {
    struct str entity, tenant, key_id; /* tenant may be empty */
};

enum token_kind { TOKEN_SEALED, TOKEN_FPE };

struct fpe_shape {
    uint8_t radix; /* 10, 26, 36, 62 */
    uint32_t keep_first, keep_last;
};
#define FPE_KEEP_MAX 64

/* A token in a text. */
struct token {
    enum token_kind kind;
    size_t start, end; /* start: of the longest entity that the text allows */
    struct str entity; /* a suffix of it may be the true one; at least one byte */
    struct str key_id;
    struct str body; /* base64url; TOKEN_FPE: shape, text and check as they stand */
};

/* The first token that begins with its bracket at or after from. */
bool token_next(struct str text, size_t from, struct token *t);
/* The token that holds byte at; a byte of its entity counts. */
bool token_around(struct str text, size_t at, struct token *t);

/* ---- keys ---- */
enum rc token_pseudonym_key(struct str secret, struct str entity, uint8_t out[SHA256_SIZE]) MUST_USE;
/* The key of one tenant, from that of the entity; the same when tenant is empty. */
enum rc token_tenant_key(const uint8_t key[SHA256_SIZE], struct str tenant, uint8_t out[SHA256_SIZE]) MUST_USE;
enum rc token_seal_key(struct str secret, uint8_t out[SIV_KEY_SIZE]) MUST_USE;
/* FF1's 32 bytes, then those of the check. */
#define TOKEN_FPE_KEY_SIZE (2 * SHA256_SIZE)
enum rc token_fpe_key(struct str secret, uint8_t out[TOKEN_FPE_KEY_SIZE]) MUST_USE;

/* ---- canonical forms ---- */
enum canonical { CANONICAL_RAW, CANONICAL_EMAIL, CANONICAL_DIGITS, CANONICAL_ALNUM, CANONICAL_TRIM, CANONICAL_IP, CANONICAL_PHONE };

/* In which form equal values of an entity are equal. */
enum canonical token_canonical(struct str entity);

/**
 * token_pseudonym(key, form, value, ar, mac):
 * HMAC-SHA-256 of the canonical form of ${value}. RC_OK; RC_NOMEM.
 */
enum rc token_pseudonym(const uint8_t key[SHA256_SIZE], enum canonical form, struct str value, struct arena *ar, uint8_t mac[SHA256_SIZE]) MUST_USE;

/* ---- sealed ---- */

/* The whole token, in ar. value is not empty. RC_OK; RC_NOMEM. */
enum rc token_seal(const uint8_t key[SIV_KEY_SIZE], const struct token_of *of, struct str value, struct arena *ar, struct str *out) MUST_USE;
/* RC_OK; RC_NOMEM; RC_MALFORMED: not sealed with this key for this entity and tenant. */
enum rc token_open(const uint8_t key[SIV_KEY_SIZE], const struct token_of *of, struct str body, struct arena *ar, struct str *out) MUST_USE;

/* ---- format-preserving ---- */

/**
 * token_fpe(key, of, shape, value, ar, out):
 * The whole token. Separators (blank - . / : + and round brackets) become hyphens between numerals.
 * Returns: RC_OK; RC_NOMEM; RC_LIMIT: other characters, letters of both cases where the radix has one, or a domain below FF1_DOMAIN_MIN
 */
enum rc token_fpe(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, const struct fpe_shape *shape, struct str value, struct arena *ar,
    struct str *out) MUST_USE;
/* Whether body was made with this key for this entity and tenant. */
bool token_fpe_good(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, struct str body);
/* RC_OK; RC_NOMEM; RC_MALFORMED: as token_fpe_good. */
enum rc token_fpe_open(const uint8_t key[TOKEN_FPE_KEY_SIZE], const struct token_of *of, struct str body, struct arena *ar, struct str *out) MUST_USE;

#endif
