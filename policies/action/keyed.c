#include "keyed_int.h"

#include "../engine/codes_int.h"

#define KEY_MIN 32 /* bytes: as long as the digest, RFC 2104 section 3 */
#define KEY_HINTS_MAX 8

static const struct program_key *
key_find(const struct action_env *env, const struct conf_node *n)
{
    const char *names[KEY_HINTS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < env->src->key_count; i++) {
        if (str_eq(env->src->keys[i].id, n->text))
            return &env->src->keys[i];
    }
    struct err *e = errs_add(
        env->es, ERR_ERROR, RC_CONFIG, SG_KEY_ID, conf_pos(env->doc, n), "no key %.*s is configured", (int)n->text.len, n->text.ptr);

    /* Ids come as slices; names for the hint must end in NUL. */
    for (size_t i = 0; i < env->src->key_count && count < KEY_HINTS_MAX; i++) {
        char *copy = arena_calloc(env->ar, env->src->keys[i].id.len + 1, 1);

        if (copy && env->src->keys[i].id.len)
            memcpy(copy, env->src->keys[i].id.ptr, env->src->keys[i].id.len);
        if (copy)
            names[count++] = copy;
    }
    err_hint_nearest(e, n->text, names, count);
    return NULL;
}

static enum rc
derive(const struct action_env *env, enum key_use use, struct str id, const struct secret *secret, struct action_key *key)
{
    struct str bytes = secret_bytes(secret);
    enum rc rc;

    key->id = arena_dup(env->ar, id);
    if (!key->id.ptr)
        return RC_NOMEM;
    if (use == KEY_PSEUDONYM)
        rc = token_pseudonym_key(bytes, env->entity, key->bytes);
    else if (use == KEY_SEAL)
        rc = token_seal_key(bytes, key->bytes);
    else
        rc = token_fpe_key(bytes, key->bytes);
    return rc;
}

/* `tenant`: a text, or the resource attribute that holds it. */
static enum rc
read_tenant(const struct action_env *env, const struct conf_node *n, struct action *a)
{
    static const char prefix[] = "resource.attributes.";
    static const char *const places[] = {"resource.", "scope.", "span.", "spanevent.", "spanlink.", "client."};
    struct str text = STR("");

    if (!n)
        return RC_OK;
    if (conf_text(env->doc, n, &text, env->es) != RC_OK)
        return RC_CONFIG;
    bool named = str_starts(text, STR("resource.attributes."));

    if (text.len == 0 || text.len > TOKEN_TENANT_MAX || (named && text.len == sizeof(prefix) - 1))
        return action_refuse(env, n, "tenant is a text of 1 to %d bytes, or resource.attributes.KEY", TOKEN_TENANT_MAX);
    for (size_t i = 0; !named && i < sizeof(places) / sizeof(places[0]); i++)
        if (str_starts(text, str_of(places[i])))
            return action_refuse(env, n, "a tenant is told by an attribute of the resource alone: resource.attributes.KEY");
    struct str copy = arena_dup(env->ar, named ? str_sub(text, sizeof(prefix) - 1, text.len) : text);

    if (!copy.ptr)
        return RC_NOMEM;
    *(named ? &a->tenant_key : &a->tenant) = copy;
    return RC_OK;
}

enum rc
keyed_read(const struct action_env *env, const struct conf_node *arg, enum key_use use, struct action *a, struct action_key *now,
    struct action_key *previous)
{
    const struct conf_node *id = conf_get(arg, "key");
    struct str text;

    if (!id)
        return action_refuse(env, arg, "a key is needed; there is no pseudonym without one");
    enum rc rc = read_tenant(env, conf_get(arg, "tenant"), a);

    if (conf_text(env->doc, id, &text, env->es) != RC_OK)
        return RC_CONFIG;
    const struct program_key *key = key_find(env, id);

    if (!key || rc != RC_OK)
        return key ? rc : RC_CONFIG;
    if (secret_bytes(key->secret).len < KEY_MIN) {
        errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_KEY_SHORT, conf_pos(env->doc, id), "key %s has fewer than %d bytes", text.ptr, KEY_MIN);
        return RC_CONFIG;
    }
    rc = derive(env, use, key->id, key->secret, now);
    return rc == RC_OK && key->previous ? derive(env, use, key->previous_id, key->previous, previous) : rc;
}

enum rc
keyed_read_seal(const struct action_env *env, const struct conf_node *arg, enum key_use use, struct action *a)
{
    enum rc rc = keyed_read(env, arg, use, a, &a->seal.key, &a->seal.previous);

    if (rc != RC_OK)
        return rc;
    if (!token_name_good(a->seal.key.id) || (a->seal.previous.id.ptr && !token_name_good(a->seal.previous.id)))
        return action_refuse(env, arg, "the id of a key in tokens has 1 to %d letters, digits, '.', '_' or '-'", TOKEN_NAME_MAX);
    a->seal.entity = arena_dup(env->ar, env->entity);
    return a->seal.entity.ptr ? RC_OK : RC_NOMEM;
}
