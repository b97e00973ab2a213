#include "minisign_int.h"

#include <stdio.h>

#include "base/digest.h"

#define COMMENT "untrusted comment: "
#define TRUSTED "trusted comment: "
#define PUBLIC_SIZE (2 + MINISIGN_ID_SIZE + SIGN_PUBLIC)
#define SIGNATURE_SIZE (2 + MINISIGN_ID_SIZE + SIGN_SIZE)
#define SALT_SIZE 32
#define LIMITS_SIZE 16
#define CHECKSUM_SIZE 32

/* The secret key's file. Sizes are those of its bytes. */
struct secret_layout {
    char algorithm[2]; /* "Ed" */
    char kdf[2];       /* NUL NUL: not encrypted; "Sc": scrypt */
    char checksum[2];  /* "B2" */
    char salt[SALT_SIZE];
    char limits[LIMITS_SIZE];
    uint8_t id[MINISIGN_ID_SIZE];
    uint8_t seed[SIGN_SEED];
    uint8_t public[SIGN_PUBLIC];
    uint8_t sum[CHECKSUM_SIZE]; /* BLAKE2b-256 of algorithm, id, seed, public */
};
_Static_assert(sizeof(struct secret_layout) == 158, "bytes of the file");

struct sig {
    uint8_t id[MINISIGN_ID_SIZE];
    uint8_t signature[SIGN_SIZE], global[SIGN_SIZE];
    struct str trusted;
};

/* The next line without its end. false: there is none. */
static bool
take_line(struct str *rest, struct str *line)
{
    size_t end = str_find(*rest, STR("\n"));

    if (rest->len == 0)
        return false;
    *line = str_sub(*rest, 0, end < rest->len ? end : rest->len);
    *rest = str_sub(*rest, end < rest->len ? end + 1 : rest->len, rest->len);
    if (str_ends(*line, STR("\r")))
        line->len--;
    return true;
}

/* Exactly size bytes of base64, padded: there is one way to write a signature. */
static bool
unbase64(struct str line, void *out, size_t size)
{
    struct buf raw = BUF_INIT(MINISIGN_TEXT_MAX);
    bool ok = line.len == (size + 2) / 3 * 4 && digest_unbase64(line, &raw) == RC_OK && raw.len == size;

    if (ok)
        memcpy(out, raw.ptr, size);
    buf_free_wipe(&raw);
    return ok;
}

/* The base64 line behind an untrusted comment, or without one. */
static bool
key_line(struct str text, struct str *line)
{
    if (!take_line(&text, line))
        return false;
    return !str_starts(*line, STR("untrusted comment:")) || take_line(&text, line);
}

enum rc
minisign_read_public(struct str text, struct minisign_public *key)
{
    uint8_t raw[PUBLIC_SIZE];
    struct str line;

    if (!key_line(text, &line) || !unbase64(str_trim(line), raw, sizeof(raw)) || raw[0] != 'E' || raw[1] != 'd')
        return RC_MALFORMED;
    memcpy(key->id, raw + 2, MINISIGN_ID_SIZE);
    memcpy(key->key, raw + 2 + MINISIGN_ID_SIZE, SIGN_PUBLIC);
    return RC_OK;
}

static void
secret_sum(const struct secret_layout *s, uint8_t sum[CHECKSUM_SIZE])
{
    char data[2 + MINISIGN_ID_SIZE + SIGN_SEED + SIGN_PUBLIC];

    memcpy(data, s->algorithm, 2);
    memcpy(data + 2, s->id, sizeof(s->id));
    memcpy(data + 2 + sizeof(s->id), s->seed, sizeof(s->seed));
    memcpy(data + 2 + sizeof(s->id) + sizeof(s->seed), s->public, sizeof(s->public));
    cipher_blake2b((struct str){data, sizeof(data)}, sum, CHECKSUM_SIZE);
    explicit_bzero(data, sizeof(data));
}

enum rc
minisign_read_secret(struct str text, struct minisign_secret *key)
{
    static const uint8_t none[CHECKSUM_SIZE]; /* what minisign 0.11 writes into keys that are not encrypted; the public key proves them too */
    struct secret_layout s;
    uint8_t sum[CHECKSUM_SIZE], public[SIGN_PUBLIC];
    struct str line;
    enum rc rc = RC_OK;

    if (!key_line(text, &line) || !unbase64(str_trim(line), &s, sizeof(s)) || memcmp(s.algorithm, "Ed", 2) != 0 || memcmp(s.checksum, "B2", 2) != 0)
        return RC_MALFORMED;
    if (memcmp(s.kdf, "\0\0", 2) != 0)
        rc = RC_UNIMPLEMENTED;
    secret_sum(&s, sum);
    if (rc == RC_OK && ((memcmp(sum, s.sum, sizeof(sum)) != 0 && memcmp(none, s.sum, sizeof(none)) != 0) ||
                           sign_public_key(s.seed, public) != RC_OK || memcmp(public, s.public, sizeof(public)) != 0))
        rc = RC_INTEGRITY;
    if (rc == RC_OK) {
        memcpy(key->seed, s.seed, sizeof(key->seed));
        memcpy(key->public.id, s.id, sizeof(s.id));
        memcpy(key->public.key, s.public, sizeof(s.public));
    }
    explicit_bzero(&s, sizeof(s));
    return rc;
}

void
minisign_id_text(const uint8_t id[MINISIGN_ID_SIZE], char hex[MINISIGN_ID_HEX])
{
    for (size_t i = 0; i < MINISIGN_ID_SIZE; i++) /* as a little-endian number */
        snprintf(hex + 2 * i, 3, "%02X", id[MINISIGN_ID_SIZE - 1 - i]);
}

static enum rc
put_line(struct buf *out, const void *bytes, size_t size)
{
    enum rc rc = digest_base64((struct str){bytes, size}, out);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
minisign_make(struct buf *public_text, struct buf *secret_text)
{
    struct secret_layout s = {.algorithm = {'E', 'd'}, .checksum = {'B', '2'}};
    uint8_t raw[PUBLIC_SIZE] = {'E', 'd'};
    char hex[MINISIGN_ID_HEX];
    enum rc rc = digest_random(s.id, sizeof(s.id));

    if (rc == RC_OK)
        rc = digest_random(s.seed, sizeof(s.seed));
    if (rc == RC_OK)
        rc = sign_public_key(s.seed, s.public);
    secret_sum(&s, s.sum);
    memcpy(raw + 2, s.id, sizeof(s.id));
    memcpy(raw + 2 + sizeof(s.id), s.public, sizeof(s.public));
    minisign_id_text(s.id, hex);
    if (rc == RC_OK)
        rc = buf_printf(public_text, COMMENT "minisign public key %s\n", hex);
    if (rc == RC_OK)
        rc = put_line(public_text, raw, sizeof(raw));
    if (rc == RC_OK)
        rc = buf_printf(secret_text, COMMENT "minisign secret key %s\n", hex);
    if (rc == RC_OK)
        rc = put_line(secret_text, &s, sizeof(s));
    explicit_bzero(&s, sizeof(s));
    return rc;
}

static bool
is_comment(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F) /* minisign's own comment has tabs */
            return false;
    return s.len < 1024;
}

enum rc
minisign_sign(const struct minisign_secret *key, struct str data, struct str trusted, struct buf *out)
{
    uint8_t hash[BLAKE2B_SIZE], raw[SIGNATURE_SIZE] = {'E', 'D'}, global[SIGN_SIZE];
    uint8_t signed_bytes[SIGN_SIZE + 1024];

    if (!is_comment(trusted))
        return RC_USAGE;
    cipher_blake2b(data, hash, sizeof(hash));
    memcpy(raw + 2, key->public.id, MINISIGN_ID_SIZE);
    enum rc rc = sign_message(key->seed, (struct str){(char *)hash, sizeof(hash)}, raw + 2 + MINISIGN_ID_SIZE);

    memcpy(signed_bytes, raw + 2 + MINISIGN_ID_SIZE, SIGN_SIZE);
    if (trusted.len)
        memcpy(signed_bytes + SIGN_SIZE, trusted.ptr, trusted.len);
    if (rc == RC_OK)
        rc = sign_message(key->seed, (struct str){(char *)signed_bytes, SIGN_SIZE + trusted.len}, global);
    if (rc == RC_OK)
        rc = buf_append(out, STR(COMMENT "signature from spangate secret key\n"));
    if (rc == RC_OK)
        rc = put_line(out, raw, sizeof(raw));
    if (rc == RC_OK)
        rc = buf_printf(out, TRUSTED "%.*s\n", (int)trusted.len, trusted.len ? trusted.ptr : "");
    return rc == RC_OK ? put_line(out, global, sizeof(global)) : rc;
}

static bool
sig_read(struct str text, struct sig *s)
{
    uint8_t raw[SIGNATURE_SIZE];
    struct str line;

    if (text.len > MINISIGN_TEXT_MAX || !take_line(&text, &line) || !str_starts(line, STR(COMMENT)))
        return false;
    if (!take_line(&text, &line) || !unbase64(line, raw, sizeof(raw)) || raw[0] != 'E' || raw[1] != 'D')
        return false;
    memcpy(s->id, raw + 2, MINISIGN_ID_SIZE);
    memcpy(s->signature, raw + 2 + MINISIGN_ID_SIZE, SIGN_SIZE);
    if (!take_line(&text, &line) || !str_starts(line, STR(TRUSTED)))
        return false;
    s->trusted = str_sub(line, sizeof(TRUSTED) - 1, line.len);
    return is_comment(s->trusted) && take_line(&text, &line) && unbase64(line, s->global, sizeof(s->global)) && text.len == 0;
}

bool
minisign_id_of(struct str signature, char hex[MINISIGN_ID_HEX])
{
    struct sig s;

    if (!sig_read(signature, &s))
        return false;
    minisign_id_text(s.id, hex);
    return true;
}

enum rc
minisign_verify(const struct minisign_public *keys, size_t count, struct str data, struct str signature, struct str *trusted, size_t *which)
{
    uint8_t hash[BLAKE2B_SIZE], signed_bytes[SIGN_SIZE + 1024];
    struct sig s;
    size_t k = 0;

    if (!sig_read(signature, &s))
        return RC_MALFORMED;
    while (k < count && memcmp(keys[k].id, s.id, sizeof(s.id)) != 0)
        k++;
    if (k == count)
        return RC_NOT_FOUND;
    cipher_blake2b(data, hash, sizeof(hash));
    memcpy(signed_bytes, s.signature, sizeof(s.signature));
    if (s.trusted.len)
        memcpy(signed_bytes + sizeof(s.signature), s.trusted.ptr, s.trusted.len);
    if (sign_check(keys[k].key, (struct str){(char *)hash, sizeof(hash)}, s.signature) != RC_OK ||
        sign_check(keys[k].key, (struct str){(char *)signed_bytes, sizeof(s.signature) + s.trusted.len}, s.global) != RC_OK)
        return RC_INTEGRITY;
    *trusted = s.trusted;
    *which = k;
    return RC_OK;
}
