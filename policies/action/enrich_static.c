#include "enrich_int.h"

static void
static_load(struct enrich_load *ld)
{
    const struct conf_node *set = conf_get(ld->node, "set");

    if (!set || set->kind != CONF_MAP) {
        enrich_error(ld, set ? set : ld->node, SG_ENRICH_SOURCE, "set is a map of attributes");
        return;
    }
    for (unsigned i = 0; i < set->count; i++) {
        struct str value;

        if (conf_text(ld->doc, set->items[i], &value, ld->es) == RC_OK)
            enrich_add(ld, conf_pos(ld->doc, set->items[i]), set->keys[i]->text, value);
    }
}

static const char *const keys[] = {"where", "set", NULL};
const struct enrich_source enrich_static = {"static", "attributes written in the configuration", keys, static_load};
