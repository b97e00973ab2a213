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
replace_apply(const struct action *a, struct str value, struct arena *ar, struct str *out)
{
    (void)value, (void)ar;
    *out = a->replace.text;
    return RC_OK;
}

/* "/home/[USER]/x", where the detector takes "[USER" for a name: the bytes are the policy's, not somebody's. */
static bool
replace_is_own(const struct action *a, struct str text, size_t start, size_t end)
{
    struct str own = a->replace.text;

    if (own.len < end - start)
        return false;
    size_t spare = own.len - (end - start);
    size_t from = start > spare ? start - spare : 0, to = text.len - end > spare ? end + spare : text.len;

    return own.len > 0 && str_find(str_sub(text, from, to), own) != SIZE_MAX;
}

const struct action_type action_replace = {
    .name = "replace",
    .doc = "Put a fixed text in place of the match; {entity} and {rule} are filled in.",
    .argument = "\"<{entity}>\"",
    .read = replace_read,
    .apply = replace_apply,
    .is_own = replace_is_own,
};
