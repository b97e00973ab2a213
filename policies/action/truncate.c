#include "action.h"

#include "../engine/codes_int.h"

#define TRUNCATE_MAX 65536

static const struct conf_field truncate_fields[] = {
    {"to", CONF_NUMBER, .min = 0, .max = TRUNCATE_MAX, .required = true, .doc = "Characters that stay"},
    {0},
};
static const struct conf_shape truncate_shape = {"action_truncate", truncate_fields};

static enum rc
truncate_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t to = UINT64_MAX;

    if (arg && conf_shape_check(env->doc, arg, &truncate_shape, env->es) != RC_OK)
        return RC_CONFIG;
    if (conf_u64(env->doc, conf_get(arg, "to"), 0, TRUNCATE_MAX, &to, env->es) != RC_OK)
        return RC_CONFIG;
    if (to == UINT64_MAX) {
        errs_add(env->es, ERR_ERROR, RC_CONFIG, SG_ACTION_ARGUMENT, conf_pos(env->doc, arg ? arg : env->at),
            "action truncate of rule %.*s needs `to`", (int)env->rule.len, env->rule.ptr);
        return RC_CONFIG;
    }
    a->truncate.to = (uint32_t)to;
    return RC_OK;
}

/* A cut behind "\" or in "%2" would take what follows the value into it. */
static size_t
before_escape(struct str value, size_t at)
{
    if (at >= 1 && value.ptr[at - 1] == '%')
        return at - 1;
    if (at >= 2 && value.ptr[at - 2] == '%')
        return at - 2;
    while (at > 0 && value.ptr[at - 1] == '\\')
        at--;
    return at;
}

/* The first code points are left alone, so that other rules still apply to them; what follows is removed. */
static size_t
truncate_kept(const struct action *a, struct str value)
{
    size_t at = 0;

    for (uint32_t n = 0; n < a->truncate.to && at < value.len; n++)
        at += action_point(str_sub(value, at, value.len));
    /* A bracket or a quotation mark that a match has taken with it is not worth a second cut. */
    for (size_t i = at; i < value.len; i++)
        if (value.ptr[i] == '\0' || !strchr(">\"')]};,.", value.ptr[i]))
            return before_escape(value, at);
    return value.len;
}

static enum rc
truncate_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    (void)a, (void)in, (void)ar;
    *out = (struct str){NULL, 0};
    return RC_OK;
}

const struct action_type action_truncate = {
    .name = "truncate",
    .doc = "Keep the first characters only.",
    .argument = "{to: 16}",
    .shape = &truncate_shape,
    .partial = true,
    .read = truncate_read,
    .apply = truncate_apply,
    .kept = truncate_kept,
};
