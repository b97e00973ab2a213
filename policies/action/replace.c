#include "action.h"

static enum rc
replace_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    struct str text = STR("[{entity}]");
    struct action_parts parts;

    if (conf_text(env->doc, arg, &text, env->es) != RC_OK)
        return RC_CONFIG;
    enum rc rc = action_template(env, arg ? arg : env->at, text, NULL, &parts);

    if (rc == RC_OK)
        a->replace.text = parts.before;
    return rc;
}

static enum rc
replace_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    (void)in, (void)ar;
    *out = a->replace.text;
    return RC_OK;
}

const struct action_type action_replace = {
    .name = "replace",
    .doc = "Put a fixed text in place of the match; {entity} and {rule} are filled in.",
    .argument = "\"<{entity}>\"",
    .read = replace_read,
    .apply = replace_apply,
};
