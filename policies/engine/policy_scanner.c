/* `use: sql`: a structured scanner under its keys. One rule for each kind of value, all of one id, and a use for each scanner that feeds them. */
#include "loader_int.h"

bool
scanners_named(struct str name, uint64_t *set)
{
    size_t count;
    const struct scanner *const *all = scanners_all(&count);
    bool found = str_eq(name, STR(SCANNERS_ALL));

    for (size_t i = 0; i < count; i++) {
        if (found ? all[i]->part : !str_eq(name, str_of(all[i]->name)))
            continue;
        *set |= (uint64_t)1 << i;
        if (!found)
            return true;
    }
    return found;
}

size_t
scanners_select(uint64_t set, struct selection *out, size_t max)
{
    size_t count, n = 0;
    const struct scanner *const *all = scanners_all(&count);
    uint64_t kinds = 0;

    for (size_t i = 0; i < count; i++)
        if (set >> i & 1)
            kinds |= all[i]->kinds;
    for (unsigned kind = 0; kind < SCAN_KIND_COUNT_ && n < max; kind++) {
        const struct scan_kind_info *info = scan_kind_info((enum scan_kind)kind);

        if (kinds >> kind & 1)
            out[n++] = (struct selection){.entity = str_of(info->entity),
                .replacement = info->replacement,
                .severity = info->severity,
                .structure = true,
                .kind = (enum scan_kind)kind};
    }
    return n;
}

static struct globs
keys_of(struct loader *ld, const struct scanner *s)
{
    struct globs g = {0};

    while (s->keys[g.count])
        g.count++;
    g.list = policy_alloc(ld, g.count, sizeof(*g.list));
    for (size_t i = 0; g.list && i < g.count; i++)
        g.list[i] = str_of(s->keys[i]);
    return g.list ? g : (struct globs){0};
}

void
scanners_use(struct loader *ld, const struct conf_node *n, uint64_t set, const struct globs *keys, size_t first_rule)
{
    struct program *p = ld->prog;
    size_t count;
    const struct scanner *const *all = scanners_all(&count);

    while (first_rule < p->rule_count && !p->rules[first_rule].structure)
        first_rule++;
    for (size_t i = 0; i < count && ld->fatal == RC_OK; i++) {
        if (!(set >> i & 1) || first_rule == p->rule_count || p->rules[first_rule].mode == RULE_OFF)
            continue;
        if (!p->uses)
            p->uses = policy_alloc(ld, PROGRAM_USES_MAX, sizeof(*p->uses));
        if (!p->uses)
            return;
        if (p->use_count == PROGRAM_USES_MAX) {
            policy_error(ld, n, SG_TOO_MANY, "more than %d uses of scanners", PROGRAM_USES_MAX);
            return;
        }
        /* Uses of one scanner stand together, so that a text is scanned once for all of them. */
        size_t at = p->use_count++;

        for (; at > 0 && p->uses[at - 1].number > i; at--)
            p->uses[at] = p->uses[at - 1];
        struct scan_use *u = &p->uses[at];

        *u = (struct scan_use){.scanner = all[i], .number = (uint16_t)i, .keys = keys->count ? *keys : keys_of(ld, all[i])};
        memset(u->rules, 0xff, sizeof(u->rules));
        u->rule = (uint16_t)first_rule;
        for (size_t r = first_rule; r < p->rule_count; r++)
            if (p->rules[r].structure)
                u->rules[p->rules[r].kind] = (uint16_t)r;
    }
}
