/**
 * Keys and signatures in the format of minisign, so that its users need none of our tools, and we none of its.
 *
 *   NAME.pub      untrusted comment: ...          sig file   untrusted comment: ...
 *                 base64("Ed" id[8] key[32])                 base64("ED" id[8] signature[64])      Ed25519 over BLAKE2b-512 of the file
 *                                                            trusted comment: ...
 *                                                            base64(signature[64])                 over that signature and the trusted comment
 *
 * Secret keys are read as `minisign -G -W` writes them: not encrypted. Signatures of the older kind, over the file itself, are refused.
 * Source: https://jedisct1.github.io/minisign/, "Signature format", "Public key format", "Secret key format".
 */
#ifndef CONTROL_MINISIGN_INT_H
#define CONTROL_MINISIGN_INT_H

#include "base/buf.h"
#include "base/cipher.h"
#include "base/sign.h"

#define MINISIGN_ID_SIZE 8
#define MINISIGN_TEXT_MAX 4096
#define MINISIGN_ID_HEX (2 * MINISIGN_ID_SIZE + 1)

struct minisign_public {
    uint8_t id[MINISIGN_ID_SIZE];
    uint8_t key[SIGN_PUBLIC];
};

struct minisign_secret {
    struct minisign_public public;
    uint8_t seed[SIGN_SEED];
};

/* A key file, or the base64 line alone. RC_MALFORMED. */
enum rc minisign_read_public(struct str text, struct minisign_public *key) MUST_USE;
/* RC_MALFORMED; RC_UNIMPLEMENTED: it is encrypted; RC_INTEGRITY: its checksum is wrong. */
enum rc minisign_read_secret(struct str text, struct minisign_secret *key) MUST_USE;
/* A new key, and what its two files hold. RC_IO, RC_INTERNAL, RC_NOMEM. */
enum rc minisign_make(struct buf *public_text, struct buf *secret_text) MUST_USE;

/* What the signature file holds. trusted: printable, no line ends. */
enum rc minisign_sign(const struct minisign_secret *key, struct str data, struct str trusted, struct buf *out) MUST_USE;

/**
 * minisign_verify(keys, count, data, signature, trusted, which):
 * In:      signature  what the signature file holds
 * Out:     trusted    the trusted comment, in signature; which: the key
 * Returns: RC_OK; RC_MALFORMED no signature file of the kind above; RC_NOT_FOUND none of the keys has its id; RC_INTEGRITY it does not fit
 */
enum rc minisign_verify(
    const struct minisign_public *keys, size_t count, struct str data, struct str signature, struct str *trusted, size_t *which) MUST_USE;

/* The id that a signature names, as minisign prints it. false: not a signature. */
bool minisign_id_of(struct str signature, char hex[MINISIGN_ID_HEX]);
void minisign_id_text(const uint8_t id[MINISIGN_ID_SIZE], char hex[MINISIGN_ID_HEX]);

#endif
