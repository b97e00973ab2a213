#include "keyed_int.h"

static const char *const radixes[] = {"10", "26", "36", "62", NULL};

static enum rc
read_shape(const struct action_env *env, const struct conf_node *arg, struct fpe_shape *shape)
{
    static const uint8_t values[] = {10, 26, 36, 62};
    unsigned radix = 0;
    uint64_t first = 0, last = 0;
    enum rc rc_radix = conf_choice(env->doc, conf_get(arg, "radix"), radixes, 4, &radix, env->es);
    enum rc rc_first = conf_u64(env->doc, conf_get(arg, "keep_first"), 0, FPE_KEEP_MAX, &first, env->es);
    enum rc rc_last = conf_u64(env->doc, conf_get(arg, "keep_last"), 0, FPE_KEEP_MAX, &last, env->es);

    if (rc_radix != RC_OK || rc_first != RC_OK || rc_last != RC_OK)
        return RC_CONFIG;
    *shape = (struct fpe_shape){values[radix], (uint32_t)first, (uint32_t)last};
    return RC_OK;
}

/* Entities whose longest value is known: what is left of it must be a domain. */
static enum rc
check_domain(const struct action_env *env, const struct conf_node *arg, const struct fpe_shape *shape)
{
    static const struct {
        const char *entity;
        unsigned digits;
    } longest[] = {{"CREDIT_CARD", 19}, {"US_SSN", 9}, {"IBAN", 34}, {"PHONE_NUMBER", 15}};
    size_t kept = (size_t)shape->keep_first + shape->keep_last;

    for (size_t i = 0; i < sizeof(longest) / sizeof(longest[0]); i++)
        if (str_eq(env->entity, str_of(longest[i].entity)) &&
            (longest[i].digits <= kept || !cipher_ff1_allowed(shape->radix, longest[i].digits - kept)))
            return action_refuse(
                env, arg, "%s keeps so much of %s that fewer than 1,000,000 values are left: that is no encryption", "fpe", longest[i].entity);
    return RC_OK;
}

static const struct conf_field fpe_fields[] = {
    {"key", CONF_TEXT, .required = true, .doc = "Id of a key of the gateway file"},
    {"tenant", CONF_TEXT, .doc = "Keeps apart what equals: a text, or resource.attributes.KEY"},
    {"radix", CONF_WORD, .words = radixes, .doc = "Characters of what is encrypted: digits, letters, both, both in both cases"},
    {"keep_first", CONF_NUMBER, .min = 0, .max = FPE_KEEP_MAX, .doc = "Characters that stay at the start"},
    {"keep_last", CONF_NUMBER, .min = 0, .max = FPE_KEEP_MAX, .doc = "And at the end"},
    {0},
};
static const struct conf_shape fpe_argument = {"action_fpe", fpe_fields};

static enum rc
fpe_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    if (!arg || !conf_get(arg, "key"))
        return action_refuse(env, arg, "fpe needs a key");
    if (conf_shape_check(env->doc, arg, &fpe_argument, env->es) != RC_OK || read_shape(env, arg, &a->seal.shape) != RC_OK ||
        check_domain(env, arg, &a->seal.shape) != RC_OK)
        return RC_CONFIG;
    return keyed_read_seal(env, arg, KEY_FPE, a);
}

static enum rc
fpe_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    const struct token_of of = {a->seal.entity, action_tenant(a, in), a->seal.key.id};
    enum rc rc = token_fpe(a->seal.key.bytes, &of, &a->seal.shape, in->value, ar, out);

    if (rc != RC_LIMIT)
        return rc;
    *out = STR(ACTION_NOT_FPE);
    return RC_OK;
}

const struct action_type action_fpe = {
    .name = "fpe",
    .doc = "Encrypt digits or letters to others of the same number (FF1), in a token that says so; what leaves fewer than 1,000,000 possibilities is "
           "redacted whole.",
    .argument = "{key: cards-2026, radix: 10, keep_first: 6, keep_last: 4}",
    .shape = &fpe_argument,
    .partial = true,
    .read = fpe_read,
    .apply = fpe_apply,
};
