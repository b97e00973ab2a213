#include "audit/note.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"

#define PRIVATE "PRIVATE+KEY+"
#define DASH "\xE2\x80\x94 " /* U+2014 and a space */
#define ID_BYTES 4
#define TIME_BYTES 8
#define PROOF_HEAD "c2sp.org/tlog-proof@v1\n"

/* Decode exactly len bytes from their one spelling. */
static bool
unbase64_exact(struct str text, uint8_t *out, size_t len)
{
    struct buf raw = BUF_INIT(4096), again = BUF_INIT(8192);
    bool ok = digest_unbase64(text, &raw) == RC_OK && raw.len == len && digest_base64(buf_str(&raw), &again) == RC_OK &&
              str_eq(buf_str(&again), text);

    if (ok)
        memcpy(out, raw.ptr, len);
    buf_free_wipe(&raw);
    buf_free_wipe(&again);
    return ok;
}

enum rc
note_hash_print(const struct tree_hash *h, struct buf *out)
{
    enum rc rc = digest_base64((struct str){(const char *)h->bytes, TREE_HASH}, out);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

enum rc
note_hash_parse(struct str text, struct tree_hash *h)
{
    return text.len == 44 && unbase64_exact(text, h->bytes, TREE_HASH) ? RC_OK : RC_MALFORMED;
}

/* -- keys ------------------------------------------------------------------------------------------------------------------------- */

/* signed-note "Format": not empty, no plus sign, no Unicode space. The spaces beyond ASCII that UTF-8 names could hold begin with C2, E1, E2, E3. */
static bool
name_valid(struct str name)
{
    static const char *const spaces[] = {
        "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

    if (name.len == 0 || name.len > NOTE_NAME_MAX || !str_utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == '+' || name.ptr[i] == 0x7F)
            return false;
    for (size_t i = 0; i + 3 <= name.len; i++)
        if (memcmp(name.ptr + i, "\xE2\x80", 2) == 0 && (unsigned char)name.ptr[i + 2] >= 0x80 && (unsigned char)name.ptr[i + 2] <= 0x8A)
            return false;
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
        if (str_find(name, str_of(spaces[i])) != SIZE_MAX)
            return false;
    return true;
}

/* signed-note "Signatures": the first bytes of SHA-256(name || 0x0A || type || key). */
static enum rc
key_id(const struct note_key *k, uint32_t *id)
{
    uint8_t md[SHA256_SIZE];
    const char type = (char)k->type;
    const struct str parts[] = {str_of(k->name), STR("\n"), {&type, 1}, {(const char *)k->public_key, SIGN_PUBLIC}};
    enum rc rc = digest_sha256_parts(parts, 4, md);

    if (rc != RC_OK)
        return rc;
    memcpy(id, md, sizeof(*id));
    *id = be32toh(*id);
    return RC_OK;
}

static struct str
cut(struct str *rest, char at)
{
    const char *p = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
    struct str first = p ? (struct str){rest->ptr, (size_t)(p - rest->ptr)} : *rest;

    *rest = p ? str_sub(*rest, first.len + 1, rest->len) : str_sub(*rest, rest->len, rest->len);
    return first;
}

static bool
hex_id(struct str text, uint32_t *id)
{
    uint8_t raw[ID_BYTES];

    if (text.len != 2 * sizeof(raw) || !digest_unhex(text, raw))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
            return false;
    memcpy(id, raw, sizeof(*id));
    *id = be32toh(*id);
    return true;
}

/* <name>+<id>+<base64(type || 32 bytes)>: the part that both kinds of keys have. */
static enum rc
key_text_parse(struct str text, struct note_key *k, uint8_t material[32])
{
    struct str name = cut(&text, '+'), id = cut(&text, '+');
    uint8_t raw[33];

    if (!name_valid(name) || !hex_id(id, &k->id) || !unbase64_exact(text, raw, sizeof(raw)))
        return RC_MALFORMED;
    if (raw[0] != NOTE_ED25519 && raw[0] != NOTE_COSIGNATURE)
        return RC_MALFORMED;
    memcpy(k->name, name.ptr, name.len);
    k->name[name.len] = 0;
    k->type = raw[0];
    memcpy(material, raw + 1, 32);
    explicit_bzero(raw, sizeof(raw));
    return RC_OK;
}

static enum rc
key_text_print(const struct note_key *k, const uint8_t material[32], struct buf *out)
{
    uint8_t raw[33];
    enum rc rc = buf_printf(out, "%s+%08x+", k->name, k->id);

    raw[0] = k->type;
    memcpy(raw + 1, material, 32);
    if (rc == RC_OK)
        rc = digest_base64((struct str){(const char *)raw, sizeof(raw)}, out);
    explicit_bzero(raw, sizeof(raw));
    return rc;
}

enum rc
note_key_parse(struct str text, struct note_key *key)
{
    struct note_key k = {0};
    uint32_t id = 0;
    enum rc rc = key_text_parse(text, &k, k.public_key);

    if (rc == RC_OK)
        rc = key_id(&k, &id);
    if (rc != RC_OK)
        return rc;
    if (id != k.id)
        return RC_MALFORMED;
    *key = k;
    return RC_OK;
}

enum rc
note_key_print(const struct note_key *key, struct buf *out)
{
    return key_text_print(key, key->public_key, out);
}

void
note_key_spki(const struct note_key *key, uint8_t out[NOTE_SPKI])
{
    static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), key->public_key, SIGN_PUBLIC);
}

static enum rc
signer_finish(struct note_signer *s)
{
    enum rc rc = sign_public_key(s->seed, s->key.public_key);

    return rc == RC_OK ? key_id(&s->key, &s->key.id) : rc;
}

enum rc
note_signer_make(struct str name, uint8_t type, struct note_signer *signer)
{
    struct note_signer s = {.key.type = type};

    if (!name_valid(name))
        return RC_USAGE;
    memcpy(s.key.name, name.ptr, name.len);
    enum rc rc = digest_random(s.seed, sizeof(s.seed));

    if (rc == RC_OK)
        rc = signer_finish(&s);
    if (rc == RC_OK)
        *signer = s;
    note_signer_wipe(&s);
    return rc;
}

enum rc
note_signer_parse(struct str text, struct note_signer *signer)
{
    struct note_signer s = {0};

    if (!str_starts(text, STR(PRIVATE)))
        return RC_MALFORMED;
    enum rc rc = key_text_parse(str_sub(text, sizeof(PRIVATE) - 1, text.len), &s.key, s.seed);
    uint32_t id = s.key.id;

    if (rc == RC_OK)
        rc = signer_finish(&s);
    if (rc == RC_OK && id != s.key.id)
        rc = RC_MALFORMED;
    if (rc == RC_OK)
        *signer = s;
    note_signer_wipe(&s);
    return rc;
}

enum rc
note_signer_print(const struct note_signer *signer, struct buf *out)
{
    enum rc rc = buf_append(out, STR(PRIVATE));

    return rc == RC_OK ? key_text_print(&signer->key, signer->seed, out) : rc;
}

void
note_signer_wipe(struct note_signer *signer)
{
    explicit_bzero(signer, sizeof(*signer));
}

/* -- notes ------------------------------------------------------------------------------------------------------------------------ */

/* "— name base64" without its newline. */
static bool
signature_parse(struct str line, struct note_signature *s)
{
    struct buf raw = BUF_INIT(NOTE_MAX), again = BUF_INIT((size_t)2 * NOTE_MAX);

    if (!str_starts(line, STR(DASH)))
        return false;
    line = str_sub(line, sizeof(DASH) - 1, line.len);
    s->name = cut(&line, ' ');
    s->base64 = line;
    bool ok = name_valid(s->name) && digest_unbase64(line, &raw) == RC_OK && raw.len > ID_BYTES && digest_base64(buf_str(&raw), &again) == RC_OK &&
              str_eq(buf_str(&again), line);

    if (ok) {
        memcpy(&s->id, raw.ptr, sizeof(s->id));
        s->id = be32toh(s->id);
    }
    buf_free(&raw);
    buf_free(&again);
    return ok;
}

/* The last empty line ends the body: no signature line is empty. */
static size_t
find_last_gap(struct str text)
{
    for (size_t i = text.len; i >= 2; i--)
        if (text.ptr[i - 1] == '\n' && text.ptr[i - 2] == '\n')
            return i;
    return 0;
}

enum rc
note_parse(struct str text, struct note *n)
{
    size_t gap = text.len <= NOTE_MAX ? find_last_gap(text) : 0;
    struct note out = {.body = {text.ptr, gap ? gap - 1 : 0}};
    struct str rest = {text.ptr + gap, text.len - gap};

    if (gap < 2 || rest.len == 0 || rest.ptr[rest.len - 1] != '\n' || !str_utf8_valid(text))
        return RC_MALFORMED;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' && text.ptr[i] != '\n')
            return RC_MALFORMED;
    while (rest.len) {
        struct str line = cut(&rest, '\n');

        if (out.count == NOTE_SIGNATURES_MAX)
            return RC_LIMIT;
        if (!signature_parse(line, &out.signature[out.count++]))
            return RC_MALFORMED;
    }
    *n = out;
    return RC_OK;
}

/* What a witness signs: tlog-cosignature "Format". */
static enum rc
cosigned_message(struct str body, uint64_t time, struct buf *out)
{
    enum rc rc = buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);

    return rc == RC_OK ? buf_append(out, body) : rc;
}

static enum rc
check_cosignature(struct str body, const struct note_key *key, struct str base64, uint64_t *time)
{
    uint8_t raw[ID_BYTES + TIME_BYTES + SIGN_SIZE];
    struct buf message = BUF_INIT(2 * NOTE_MAX);
    uint64_t t;

    if (!unbase64_exact(base64, raw, sizeof(raw)))
        return RC_INTEGRITY;
    memcpy(&t, raw + ID_BYTES, sizeof(t));
    t = be64toh(t);
    enum rc rc = cosigned_message(body, t, &message);

    if (rc == RC_OK)
        rc = sign_check(key->public_key, buf_str(&message), raw + ID_BYTES + TIME_BYTES);
    buf_free(&message);
    if (rc == RC_OK && time)
        *time = t;
    return rc;
}

static enum rc
check_plain(struct str body, const struct note_key *key, struct str base64, uint64_t *time)
{
    uint8_t raw[ID_BYTES + SIGN_SIZE];

    if (!unbase64_exact(base64, raw, sizeof(raw)))
        return RC_INTEGRITY;
    enum rc rc = sign_check(key->public_key, body, raw + ID_BYTES);

    if (rc == RC_OK && time)
        *time = 0;
    return rc;
}

enum rc
note_check(const struct note *n, const struct note_key *key, uint64_t *time)
{
    enum rc found = RC_NOT_FOUND;

    for (unsigned i = 0; i < n->count; i++) {
        const struct note_signature *s = &n->signature[i];

        if (s->id != key->id || !str_eq(s->name, str_of(key->name)))
            continue;
        found = key->type == NOTE_COSIGNATURE ? check_cosignature(n->body, key, s->base64, time) : check_plain(n->body, key, s->base64, time);
        if (found != RC_OK)
            return found;
    }
    return found;
}

enum rc
note_sign(const struct note_signer *signer, struct str body, uint64_t time, struct buf *out)
{
    uint8_t raw[ID_BYTES + TIME_BYTES + SIGN_SIZE];
    size_t head = signer->key.type == NOTE_COSIGNATURE ? ID_BYTES + TIME_BYTES : ID_BYTES;
    uint32_t id = htobe32(signer->key.id);
    uint64_t t = htobe64(time);
    struct buf message = BUF_INIT(2 * NOTE_MAX);
    size_t start = out->len;
    enum rc rc = signer->key.type == NOTE_COSIGNATURE ? cosigned_message(body, time, &message) : buf_append(&message, body);

    memcpy(raw, &id, sizeof(id));
    memcpy(raw + ID_BYTES, &t, sizeof(t));
    if (rc == RC_OK)
        rc = sign_message(signer->seed, buf_str(&message), raw + head);
    buf_free(&message);
    if (rc == RC_OK)
        rc = buf_printf(out, DASH "%s ", signer->key.name);
    if (rc == RC_OK)
        rc = digest_base64((struct str){(const char *)raw, head + SIGN_SIZE}, out);
    if (rc == RC_OK)
        rc = buf_append_byte(out, '\n');
    if (rc != RC_OK)
        out->len = start;
    return rc;
}

/* -- checkpoints ------------------------------------------------------------------------------------------------------------------ */

/* In decimal, without leading zeros. */
static bool
number_parse(struct str text, uint64_t *n)
{
    return text.len && (text.len == 1 || text.ptr[0] != '0') && str_to_u64(text, n);
}

enum rc
checkpoint_parse(struct str body, struct checkpoint *c)
{
    struct checkpoint out = {.origin = cut(&body, '\n')};
    struct str size = cut(&body, '\n'), root = cut(&body, '\n');

    if (out.origin.len == 0 || body.len != 0 || root.ptr + root.len + 1 != body.ptr || !number_parse(size, &out.tree.size) ||
        note_hash_parse(root, &out.tree.root) != RC_OK)
        return RC_MALFORMED;
    *c = out;
    return RC_OK;
}

enum rc
checkpoint_print(const struct checkpoint *c, struct buf *out)
{
    enum rc rc = buf_printf(out, "%.*s\n%llu\n", (int)c->origin.len, c->origin.ptr, (unsigned long long)c->tree.size);

    return rc == RC_OK ? note_hash_print(&c->tree.root, out) : rc;
}

/* -- proof files ------------------------------------------------------------------------------------------------------------------ */

enum rc
record_proof_print(const struct record_proof *p, struct buf *out)
{
    enum rc rc = buf_printf(out, PROOF_HEAD "index %llu\n", (unsigned long long)p->index);

    for (unsigned i = 0; i < p->inclusion.count && rc == RC_OK; i++)
        rc = note_hash_print(&p->inclusion.hash[i], out);
    if (rc == RC_OK)
        rc = buf_append_byte(out, '\n');
    return rc == RC_OK ? buf_append(out, p->checkpoint) : rc;
}

enum rc
record_proof_parse(struct str text, struct record_proof *p)
{
    struct record_proof out = {0};

    if (!str_starts(text, STR(PROOF_HEAD)))
        return RC_MALFORMED;
    text = str_sub(text, sizeof(PROOF_HEAD) - 1, text.len);
    struct str index = cut(&text, '\n'), line;

    if (!str_starts(index, STR("index ")) || !number_parse(str_sub(index, 6, index.len), &out.index))
        return RC_MALFORMED;
    while ((line = cut(&text, '\n')).len) {
        if (out.inclusion.count == TREE_PROOF_MAX || note_hash_parse(line, &out.inclusion.hash[out.inclusion.count++]) != RC_OK)
            return RC_MALFORMED;
    }
    if (text.len == 0)
        return RC_MALFORMED;
    out.checkpoint = text;
    *p = out;
    return RC_OK;
}
