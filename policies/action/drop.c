#include "action.h"

static enum rc
drop_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    (void)env, (void)arg, (void)a;
    return RC_OK;
}

static enum rc
drop_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    (void)a, (void)in, (void)ar;
    *out = (struct str){NULL, 0};
    return RC_OK;
}

const struct action_type action_drop = {
    .name = "drop",
    .doc = "Remove the attribute (rules by key) or the bytes that matched (rules by entity or regex).",
    .removes = true,
    .read = drop_read,
    .apply = drop_apply,
};
