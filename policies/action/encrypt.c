#include "keyed_int.h"

static enum rc
encrypt_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    static const char *const names[] = {"key", "tenant"};

    if (!arg || !conf_get(arg, "key"))
        return action_refuse(env, arg, "encrypt needs a key");
    if (conf_map_check(env->doc, arg, names, 2, env->es) != RC_OK)
        return RC_CONFIG;
    return keyed_read_seal(env, arg, KEY_SEAL, a);
}

static enum rc
encrypt_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    const struct token_of of = {a->seal.entity, action_tenant(a, in), a->seal.key.id};

    *out = in->value;
    return in->value.len ? token_seal(a->seal.key.bytes, &of, in->value, ar, out) : RC_OK;
}

const struct action_type action_encrypt = {
    .name = "encrypt",
    .doc = "Put a token in place of the value that `spangate reveal` opens with the key: AES-SIV, bound to entity, tenant and key; equal values stay "
           "equal.",
    .argument = "{key: reveal-2026, tenant: shop}",
    .read = encrypt_read,
    .apply = encrypt_apply,
};
