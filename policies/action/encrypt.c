#include "keyed_int.h"

static const struct conf_field encrypt_fields[] = {
    {"key", CONF_TEXT, .required = true, .doc = "Id of a key of the gateway file"},
    {"tenant", CONF_TEXT, .doc = "Keeps apart what equals: a text, or resource.attributes.KEY"},
    {0},
};
static const struct conf_shape encrypt_shape = {"action_encrypt", encrypt_fields};

static enum rc
encrypt_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    if (!arg || !conf_get(arg, "key"))
        return action_refuse(env, arg, "encrypt needs a key");
    if (conf_shape_check(env->doc, arg, &encrypt_shape, env->es) != RC_OK)
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
    .shape = &encrypt_shape,
    .read = encrypt_read,
    .apply = encrypt_apply,
};
