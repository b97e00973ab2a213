#include "action.h"

#include "../engine/codes_int.h"

#define KEY_MIN 32     /* bytes: as long as the digest, RFC 2104 section 3 */
#define VALUE_MAX 4096 /* longer ones are canonicalised in the arena */
#define TOKEN_HEX 32   /* digits from which, with the key id, a token cannot be something else */

/* In which form equal values are equal. */
static enum canonical
canonical_of(struct str entity)
{
    static const struct {
        const char *entity;
        enum canonical form;
    } forms[] = {
        {"EMAIL_ADDRESS", CANONICAL_EMAIL},
        {"CREDIT_CARD", CANONICAL_DIGITS},
        {"PHONE_NUMBER", CANONICAL_DIGITS},
        {"US_SSN", CANONICAL_DIGITS},
        {"IBAN", CANONICAL_ALNUM},
        {"IP_ADDRESS", CANONICAL_TRIM},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (str_eq(entity, str_of(forms[i].entity)))
            return forms[i].form;
    return CANONICAL_RAW;
}

static const struct program_key *
key_find(const struct action_env *env, const struct conf_node *n)
{
    const char *names[8];
    size_t count = 0;

    for (size_t i = 0; i < env->src->key_count; i++) {
        if (str_eq(env->src->keys[i].id, n->text))
            return &env->src->keys[i];
    }
    struct err *e = errs_add(
        env->es, ERR_ERROR, RC_CONFIG, SG_KEY_ID, conf_pos(env->doc, n), "no key %.*s is configured", (int)n->text.len, n->text.ptr);

    /* Ids come as slices; names for the hint must end in NUL. */
    for (size_t i = 0; i < env->src->key_count && count < 8; i++) {
        char *copy = arena_calloc(env->ar, env->src->keys[i].id.len + 1, 1);

        if (copy && env->src->keys[i].id.len)
            memcpy(copy, env->src->keys[i].id.ptr, env->src->keys[i].id.len);
        if (copy)
            names[count++] = copy;
    }
    err_hint_nearest(e, n->text, names, count);
    return NULL;
}

/* The key of one entity: two entities with one value get tokens that cannot be linked. */
static enum rc
derive(const struct action_env *env, const struct program_key *key, uint8_t out[SHA256_SIZE])
{
    static const char label[] = "spangate/pseudonym/v1"; /* its NUL separates it from the entity */
    char info[sizeof(label) + 128];
    struct str entity = env->entity;

    if (entity.len > sizeof(info) - sizeof(label))
        return RC_INTERNAL;
    memcpy(info, label, sizeof(label));
    if (entity.len)
        memcpy(info + sizeof(label), entity.ptr, entity.len);
    return digest_hmac_sha256(secret_bytes(key->secret), (struct str){info, sizeof(label) + entity.len}, out);
}

static enum rc
argument_error(const struct action_env *env, const struct conf_node *n, const char *text)
{
    errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, n ? n : env->at), "action hash of rule %.*s: %s",
        (int)env->rule.len, env->rule.ptr, text);
    return RC_CONFIG;
}

static enum rc
hash_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    static const char *const names[] = {"key", "format"};
    const struct conf_node *id = conf_get(arg, "key"), *format = conf_get(arg, "format");
    struct str text = STR("{entity}_{keyid}_{hex32}"), keyid;
    struct action_parts parts;

    if (!arg || !id)
        return argument_error(env, arg, "a key is needed; there is no hash without one");
    enum rc rc_map = conf_map_check(env->doc, arg, names, 2, env->es);

    if (conf_text(env->doc, id, &keyid, env->es) != RC_OK || conf_text(env->doc, format, &text, env->es) != RC_OK || rc_map != RC_OK)
        return RC_CONFIG;
    const struct program_key *key = key_find(env, id);

    if (!key)
        return RC_CONFIG;
    if (secret_bytes(key->secret).len < KEY_MIN) {
        errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_KEY_SHORT, conf_pos(env->doc, id), "key %s has fewer than %d bytes", keyid.ptr, KEY_MIN);
        return RC_CONFIG;
    }
    enum rc rc = action_template(env, format ? format : arg, text, keyid.ptr, &parts);

    if (rc != RC_OK)
        return rc;
    if (parts.hex == 0)
        return argument_error(env, format ? format : arg, "the format needs {hexN} with an even N from 16 to 64");
    a->hash.before = parts.before;
    a->hash.after = parts.after;
    a->hash.hex = (uint8_t)parts.hex;
    a->hash.named = parts.named;
    a->hash.canonical = (uint8_t)canonical_of(env->entity);
    return derive(env, key, a->hash.key);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static size_t
canonical_write(enum canonical form, struct str v, char *out)
{
    size_t n = 0, at = 0;

    if (form == CANONICAL_EMAIL)
        for (size_t i = 0; i < v.len; i++)
            at = v.ptr[i] == '@' ? i : at;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];

        if (form == CANONICAL_DIGITS && !is_digit(c))
            continue;
        if (form == CANONICAL_ALNUM && !is_digit(c) && !(lower(c) >= 'a' && lower(c) <= 'z'))
            continue;
        out[n++] = form == CANONICAL_ALNUM || (form == CANONICAL_EMAIL && i > at) ? lower(c) : c;
    }
    return n;
}

static enum rc
hash_apply(const struct action *a, struct str value, struct arena *ar, struct str *out)
{
    enum canonical form = (enum canonical)a->hash.canonical;
    char small[VALUE_MAX], hex[2 * SHA256_SIZE];
    uint8_t mac[SHA256_SIZE];
    struct str data = form == CANONICAL_RAW ? value : str_trim(value);

    if (form != CANONICAL_RAW && form != CANONICAL_TRIM) {
        char *buf = data.len <= sizeof(small) ? small : arena_alloc(ar, data.len);

        if (!buf)
            return RC_NOMEM;
        size_t n = canonical_write(form, data, buf);

        if (n) /* a key rule may name an attribute that holds something else: then the bytes themselves count */
            data = (struct str){buf, n};
    }
    enum rc rc = digest_hmac_sha256((struct str){(const char *)a->hash.key, sizeof(a->hash.key)}, data, mac);

    if (rc != RC_OK)
        return rc;
    size_t before = a->hash.before.len, after = a->hash.after.len, digits = a->hash.hex;
    char *p = arena_alloc(ar, before + digits + after);

    if (!p)
        return RC_NOMEM;
    digest_hex((struct str){(const char *)mac, sizeof(mac)}, hex);
    if (before)
        memcpy(p, a->hash.before.ptr, before);
    memcpy(p + before, hex, digits);
    if (after)
        memcpy(p + before + digits, a->hash.after.ptr, after);
    *out = (struct str){p, before + digits + after};
    return RC_OK;
}

static bool
token_at(const struct action *a, struct str text, size_t at)
{
    size_t digits = at + a->hash.before.len, after = digits + a->hash.hex;

    if (!str_starts(str_sub(text, at, text.len), a->hash.before) || text.len < after || !str_starts(str_sub(text, after, text.len), a->hash.after))
        return false;
    for (size_t i = digits; i < after; i++)
        if (!is_digit(text.ptr[i]) && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    return true;
}

/* Only a token that names its key is long and particular enough not to be somebody's own identifier. */
static bool
hash_is_own(const struct action *a, struct str text, size_t start, size_t end)
{
    size_t len = a->hash.before.len + a->hash.hex + a->hash.after.len;

    if (!a->hash.named || a->hash.hex < TOKEN_HEX || end - start > len)
        return false;
    for (size_t at = end > len ? end - len : 0; at <= start; at++)
        if (token_at(a, text, at))
            return true;
    return false;
}

const struct action_type action_hash = {
    .name = "hash",
    .doc = "Put a pseudonym in place of the value: HMAC-SHA-256 with a key of the entity's own, so that equal values stay equal.",
    .argument = "{key: pseudonym-2026, format: \"{entity}_{keyid}_{hex32}\"}",
    .read = hash_read,
    .apply = hash_apply,
    .is_own = hash_is_own,
};
