/* What `use:` means besides packs and scanners: categories of detectors, entities, single detectors. */
#include "loader_int.h"
#include "policies/packs.h"

#define DEFAULTS "defaults" /* every detector that is on by default anywhere */

#define NAMES_MAX 64

static size_t
name_add(const char **names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return count;
    if (count < NAMES_MAX)
        names[count++] = name;
    return count;
}

const char *const *
pack_names(struct loader *ld, size_t *count)
{
    const char **names = policy_alloc(ld, NAMES_MAX, sizeof(char *));
    size_t n = 0, detectors, scanner_count, packs;
    const char *const *all_packs = packs_all(&packs);
    const struct detector *const *all = detectors_all(&detectors);
    const struct scanner *const *scanners = scanners_all(&scanner_count);

    for (size_t i = 0; names && i < packs; i++)
        n = name_add(names, n, all_packs[i]);
    if (names)
        n = name_add(names, n, DEFAULTS);
    if (names)
        n = name_add(names, n, SCANNERS_ALL);
    for (size_t i = 0; names && i < scanner_count; i++)
        n = name_add(names, n, scanners[i]->name);
    for (size_t i = 0; names && i < detectors; i++)
        n = name_add(names, n, all[i]->category);
    *count = n;
    return names;
}

/*
 * Whether a detector belongs to what is named: a category, the defaults, an entity, an id. Those of one country or trade (tier C) find too much elsewhere:
 * they are on only when their entity, their id or a pack is named.
 */
static bool
belongs(const struct detector *d, struct str name)
{
    if (str_eq(name, STR(DEFAULTS)))
        return d->tier == TIER_A;
    if (str_eq(name, str_of(d->category)))
        return d->tier != TIER_C;
    return str_eq(name, str_of(d->entity)) || str_eq(name, str_of(d->id));
}

/* One selection for each entity, in the order of the catalogue. */
size_t
pack_find(struct loader *ld, struct str name, struct selection *out, size_t max)
{
    size_t count, n = 0;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count && n < max; i++) {
        size_t seen = 0, k = 0;

        if (!belongs(all[i], name))
            continue;
        while (seen < n && !str_eq(out[seen].entity, str_of(all[i]->entity)))
            seen++;
        if (seen < n)
            continue;
        const struct detector **list = policy_alloc(ld, count, sizeof(struct detector *));

        if (!list)
            return n;
        for (size_t j = i; j < count; j++)
            if (belongs(all[j], name) && strcmp(all[j]->entity, all[i]->entity) == 0)
                list[k++] = all[j];
        out[n++] = (struct selection){.entity = str_of(all[i]->entity), .detectors = list, .detector_count = k};
    }
    return n;
}
