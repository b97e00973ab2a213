/**
 * Signed notes (C2SP signed-note), checkpoints of a log (tlog-checkpoint), cosignatures of witnesses (tlog-cosignature).
 *
 *   audit.example.org/spangate/eu-1     the body: origin, size, root hash in base64
 *   4711
 *   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *                                       an empty line, then a line for each signature: key name, base64(key id || signature)
 *   — audit.example.org/spangate/eu-1 Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
 *
 * A signature covers the body with its last newline. Keys are texts:
 *   verifier  <name>+<key id, 8 hex>+<base64(type || public key)>         signer  PRIVATE+KEY+<name>+<8 hex>+<base64(type || seed)>
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/tree.h"
#include "base/buf.h"
#include "base/sign.h"

#define NOTE_NAME_MAX 255
#define NOTE_SIGNATURES_MAX 64
#define NOTE_MAX (64u * 1024)

enum note_type { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t type; /* enum note_type */
    uint32_t id;  /* of name, type and key */
    uint8_t public_key[SIGN_PUBLIC];
};

struct note_signer {
    struct note_key key;
    uint8_t seed[SIGN_SEED];
};

/* Read a verifier key. RC_MALFORMED: no such text, another type, or an id that is not this key's. */
enum rc note_key_parse(struct str text, struct note_key *key) MUST_USE;
enum rc note_key_print(const struct note_key *key, struct buf *out) MUST_USE;
/* The public key as SubjectPublicKeyInfo in DER (RFC 8410 section 4), as openssl pkeyutl -pubin -keyform DER reads it. */
#define NOTE_SPKI 44
void note_key_spki(const struct note_key *key, uint8_t out[NOTE_SPKI]);

/* A new key of this name. RC_USAGE: no name for a key (1..255 bytes UTF-8, no white space, no plus sign); RC_IO no random bytes. */
enum rc note_signer_make(struct str name, uint8_t type, struct note_signer *signer) MUST_USE;
enum rc note_signer_parse(struct str text, struct note_signer *signer) MUST_USE;
enum rc note_signer_print(const struct note_signer *signer, struct buf *out) MUST_USE;
void note_signer_wipe(struct note_signer *signer);

struct note_signature {
    struct str name;
    uint32_t id;
    struct str base64; /* with the key id in front */
};

/* A note taken apart; everything points into the text. */
struct note {
    struct str body; /* with its last newline */
    unsigned count;
    struct note_signature signature[NOTE_SIGNATURES_MAX];
};

/* RC_MALFORMED; RC_LIMIT more than NOTE_SIGNATURES_MAX signatures. */
enum rc note_parse(struct str text, struct note *n) MUST_USE;

/**
 * note_check(n, key, time):
 * Whether this key has signed.
 * Out:     time  of a cosignature, seconds since 1970; 0 for others. NULL: not wanted
 * Returns: RC_OK; RC_NOT_FOUND this key has not; RC_INTEGRITY a line is said to be of this key, but is not its signature
 */
enum rc note_check(const struct note *n, const struct note_key *key, uint64_t *time) MUST_USE;

/* Append the signature line of signer over the body (which ends in a newline). time: seconds, of a cosignature. */
enum rc note_sign(const struct note_signer *signer, struct str body, uint64_t time, struct buf *out) MUST_USE;

struct checkpoint {
    struct str origin; /* points into the note */
    struct tree_state tree;
};

/* The body of a note as a checkpoint: three lines, nothing else. RC_MALFORMED. */
enum rc checkpoint_parse(struct str body, struct checkpoint *c) MUST_USE;
/* Append such a body. */
enum rc checkpoint_print(const struct checkpoint *c, struct buf *out) MUST_USE;

/* -- a proof for one record (C2SP tlog-proof) ---------------------------------------------------------------------------------- */

struct record_proof {
    uint64_t index;
    struct tree_proof inclusion;
    struct str checkpoint; /* the signed note */
};

enum rc record_proof_print(const struct record_proof *p, struct buf *out) MUST_USE;
enum rc record_proof_parse(struct str text, struct record_proof *p) MUST_USE;

/* Base64 in its one spelling: standard alphabet, padded. Appends a line / reads exactly a hash. */
enum rc note_hash_print(const struct tree_hash *h, struct buf *out) MUST_USE;
enum rc note_hash_parse(struct str text, struct tree_hash *h) MUST_USE;

#endif
