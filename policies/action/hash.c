#include "keyed_int.h"

#define TOKEN_HEX 32 /* digits from which, with the key id, a token cannot be something else */

/* The parts of the format with the id of the previous key in it. */
static enum rc
read_previous(const struct action_env *env, const struct conf_node *n, struct str text, struct action *a)
{
    char id[TOKEN_NAME_MAX + 1];
    struct str old = a->hash.previous.id;
    struct action_parts parts;

    if (!old.ptr || !a->hash.named)
        return RC_OK;
    if (old.len > TOKEN_NAME_MAX)
        return action_refuse(env, n, "the id of the previous key is longer than %d bytes", TOKEN_NAME_MAX);
    memcpy(id, old.ptr, old.len);
    id[old.len] = '\0';
    enum rc rc = action_template(env, n, text, id, &parts);

    if (rc == RC_OK) {
        a->hash.old_before = parts.before;
        a->hash.old_after = parts.after;
    }
    return rc;
}

static const struct conf_field hash_fields[] = {
    {"key", CONF_TEXT, .required = true, .doc = "Id of a key of the gateway file"},
    {"tenant", CONF_TEXT, .doc = "Keeps apart what equals: a text, or resource.attributes.KEY"},
    {"format", CONF_TEXT, .doc = "With {hexN} in it, and {entity}, {rule}, {keyid}"},
    {0},
};
static const struct conf_shape hash_shape = {"action_hash", hash_fields};

static enum rc
hash_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    const struct conf_node *format = conf_get(arg, "format"), *at = format ? format : arg;
    struct str text = STR("{entity}_{keyid}_{hex32}"), keyid;
    struct action_parts parts;

    if (!arg || !conf_get(arg, "key"))
        return action_refuse(env, arg, "hash needs a key; there is no hash without one");
    enum rc rc_map = conf_shape_check(env->doc, arg, &hash_shape, env->es);

    if (conf_text(env->doc, conf_get(arg, "key"), &keyid, env->es) != RC_OK || conf_text(env->doc, format, &text, env->es) != RC_OK ||
        rc_map != RC_OK)
        return RC_CONFIG;
    enum rc rc = keyed_read(env, arg, KEY_PSEUDONYM, a, &a->hash.key, &a->hash.previous);

    if (rc == RC_OK)
        rc = action_template(env, at, text, keyid.ptr, &parts);
    if (rc != RC_OK)
        return rc;
    if (parts.hex == 0)
        return action_refuse(env, at, "the format needs {hexN} with an even N from 16 to 64");
    if (!parts.named || parts.hex < TOKEN_HEX)
        a->hash.check = parts.hex < 24 ? 4 : 8;
    a->hash.before = parts.before;
    a->hash.after = parts.after;
    a->hash.hex = (uint8_t)parts.hex;
    a->hash.named = parts.named;
    a->hash.canonical = (uint8_t)token_canonical(env->entity);
    rc = read_previous(env, at, text, a);
    if (rc != RC_OK || a->tenant.len == 0)
        return rc;
    rc = token_tenant_key(a->hash.key.bytes, a->tenant, a->hash.key.bytes);
    return rc == RC_OK ? token_tenant_key(a->hash.previous.bytes, a->tenant, a->hash.previous.bytes) : rc;
}

/* The last digits, from those before them. */
static enum rc
check_digits(const struct action *a, const struct action_key *key, const char *digits, char check[2 * SHA256_SIZE])
{
    uint8_t mac[SHA256_SIZE];
    enum rc rc = digest_hmac_sha256(
        (struct str){(const char *)key->bytes, SHA256_SIZE}, (struct str){digits, (size_t)a->hash.hex - a->hash.check}, mac);

    if (rc == RC_OK)
        digest_hex((struct str){(const char *)mac, sizeof(mac)}, check);
    return rc;
}

static enum rc
hash_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    char hex[2 * SHA256_SIZE], check[2 * SHA256_SIZE];
    uint8_t key[SHA256_SIZE], mac[SHA256_SIZE];
    enum rc rc = RC_OK;

    memcpy(key, a->hash.key.bytes, sizeof(key));
    if (a->tenant_key.len)
        rc = token_tenant_key(key, in->tenant, key);
    if (rc == RC_OK)
        rc = token_pseudonym(key, (enum canonical)a->hash.canonical, in->value, ar, mac);
    explicit_bzero(key, sizeof(key));
    if (rc != RC_OK)
        return rc;
    size_t before = a->hash.before.len, after = a->hash.after.len, digits = a->hash.hex;
    char *p = arena_alloc(ar, before + digits + after);

    if (!p)
        return RC_NOMEM;
    digest_hex((struct str){(const char *)mac, sizeof(mac)}, hex);
    if (a->hash.check && check_digits(a, &a->hash.key, hex, check) != RC_OK)
        return RC_INTERNAL;
    if (a->hash.check)
        memcpy(hex + digits - a->hash.check, check, a->hash.check);
    if (before)
        memcpy(p, a->hash.before.ptr, before);
    memcpy(p + before, hex, digits);
    if (after)
        memcpy(p + before + digits, a->hash.after.ptr, after);
    *out = (struct str){p, before + digits + after};
    return RC_OK;
}

/*
 * Of a format without the key's id, or with few digits: "user_507f1f77bcf86cd7" can be somebody's own identifier, only the check tells. The others are known
 * to the whole program (own.h).
 */
static bool
hash_is_own(const struct action *a, struct str text, size_t start, size_t end)
{
    struct str value = str_sub(text, start, end);
    size_t digits = a->hash.before.len, behind = digits + a->hash.hex;
    char check[2 * SHA256_SIZE];

    if (!a->hash.check || value.len != behind + a->hash.after.len || !str_starts(value, a->hash.before) || !str_ends(value, a->hash.after))
        return false;
    struct str given = str_sub(value, behind - a->hash.check, behind);
    const struct action_key *keys[] = {&a->hash.key, &a->hash.previous};

    for (size_t i = 0; i < 2; i++)
        if (keys[i]->id.ptr && check_digits(a, keys[i], value.ptr + digits, check) == RC_OK && str_eq(given, (struct str){check, a->hash.check}))
            return true;
    return false;
}

const struct action_type action_hash = {
    .name = "hash",
    .doc = "Put a pseudonym in place of the value: HMAC-SHA-256 with a key of the entity's and the tenant's own, so that equal values stay equal.",
    .argument = "{key: pseudonym-2026, tenant: resource.attributes.service.namespace, format: \"{entity}_{keyid}_{hex32}\"}",
    .shape = &hash_shape,
    .read = hash_read,
    .apply = hash_apply,
    .is_own = hash_is_own,
};
