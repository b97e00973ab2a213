#include "residency_load_int.h"

static void
places_join(struct places *to, const struct places *other)
{
    countries_join(&to->ever, &other->ever);
    for (unsigned i = 0; i < other->dated_count; i++) {
        const struct dated *d = &other->dated[i];
        unsigned at = 0;

        while (at < to->dated_count && to->dated[at].country != d->country)
            at++;
        if (at == PLACES_DATED_MAX)
            continue; /* left out of an allowance; builtin_groups has fewer dated members than this */
        if (at == to->dated_count)
            to->dated[to->dated_count++] = *d;
        else if (to->dated[at].until_s < d->until_s)
            to->dated[at].until_s = d->until_s;
    }
}

static void
builtin_places(const struct builtin_group *g, struct places *out)
{
    memset(out, 0, sizeof(*out));
    group_members(g, &out->ever);
    for (const struct group_end *e = g->ends; e && e->country; e++) {
        int country = country_number(str_of(e->country));

        out->ever.bits[country / 64] &= ~(UINT64_C(1) << (country % 64));
        out->dated[out->dated_count++] = (struct dated){country, e->until_s};
    }
}

bool
places_find(const struct residency_load *ld, struct str text, struct places *out)
{
    struct places found = {0};
    bool upper = text.len == 2 && text.ptr[0] >= 'A' && text.ptr[0] <= 'Z' && text.ptr[1] >= 'A' && text.ptr[1] <= 'Z';
    int country = upper ? country_number(text) : COUNTRY_UNKNOWN;

    if (country != COUNTRY_UNKNOWN) {
        countries_add(&out->ever, country);
        return true;
    }
    for (unsigned i = 0; i < ld->group_count; i++) {
        if (!str_eq(str_of(ld->groups[i].name), text))
            continue;
        places_join(out, &ld->groups[i].places);
        return true;
    }
    for (const struct builtin_group *g = builtin_groups; g->name; g++) {
        if (!str_eq(str_of(g->name), text))
            continue;
        builtin_places(g, &found);
        places_join(out, &found);
        return true;
    }
    return false;
}

void
places_all(const struct places *p, struct countries *out)
{
    *out = p->ever;
    for (unsigned i = 0; i < p->dated_count; i++)
        countries_add(out, p->dated[i].country);
}

void
places_unknown(struct residency_load *ld, const struct conf_node *n, struct str text, bool to)
{
    static const struct {
        const char *given, *meant;
    } slips[] = {{"UK", "GB"}, {"EL", "GR"}, {"USA", "US"}};
    const char *names[PROGRAM_DESTINATIONS_MAX + RESIDENCY_GROUPS_MAX + 8];
    size_t count = 0;
    struct err *e = load_error(ld, n, to ? SG_ROUTE_TO : SG_PLACE,
        to ? "\"%.*s\" is no destination, country or group" : "\"%.*s\" is no country or group", (int)text.len, text.ptr);

    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        if (!str_eq_nocase(text, str_of(slips[i].given)))
            continue;
        err_hint(e, "did you mean %s?", slips[i].meant);
        return;
    }
    if (country_known(text)) {
        err_hint(e, "countries are written in upper case (ISO 3166-1 alpha-2)");
        return;
    }
    for (size_t i = 0; to && i < ld->src->destination_count && i < PROGRAM_DESTINATIONS_MAX; i++) {
        const char *name = load_copy(ld, ld->src->destinations[i].name);

        if (name)
            names[count++] = name;
    }
    for (unsigned i = 0; i < ld->group_count; i++)
        names[count++] = ld->groups[i].name;
    for (const struct builtin_group *g = builtin_groups; g->name; g++)
        names[count++] = g->name;
    err_hint_nearest(e, text, names, count);
}

void
places_read(struct residency_load *ld, const struct conf_node *n, bool star, struct places *out)
{
    const struct conf_node *item;

    memset(out, 0, sizeof(*out));
    for (unsigned i = 0; (item = load_item(n, i)); i++) {
        struct str text;

        if (conf_text(ld->doc, item, &text, ld->es) != RC_OK)
            continue;
        if (star && str_eq(text, STR("*"))) {
            for (int c = 0; c < COUNTRY_CODES; c++)
                countries_add(&out->ever, c);
            continue;
        }
        if (!places_find(ld, text, out))
            places_unknown(ld, item, text, false);
    }
}

static bool
group_name_valid(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '@'))
            return false;
    }
    return name.len > 0 && name.len <= 63 && !country_known(name);
}

void
groups_read(struct residency_load *ld, const struct conf_node *n)
{
    if (!n)
        return;
    if (n->kind != CONF_MAP) {
        load_error(ld, n, SG_GROUP, "groups is a map of names to lists of countries");
        return;
    }
    if (n->count > RESIDENCY_GROUPS_MAX) {
        load_error(ld, n, SG_RESIDENCY_LIMIT, "more than %d groups", RESIDENCY_GROUPS_MAX);
        return;
    }
    for (unsigned i = 0; i < n->count; i++) {
        struct named_places *g = &ld->groups[ld->group_count];

        if (!group_name_valid(n->keys[i]->text)) {
            load_error(ld, n->keys[i], SG_GROUP, "a group's name is 1 to 63 letters, digits or -_.@, and no country's code");
            continue;
        }
        places_read(ld, n->items[i], false, &g->places);
        g->name = load_copy(ld, n->keys[i]->text);
        if (!g->name)
            return;
        ld->group_count++; /* from here on: a group holds those above it, never itself */
    }
}

static void
destination_read(struct residency_load *ld, const struct conf_node *n, unsigned i)
{
    const struct destination_info *info = &ld->src->destinations[i];
    struct countries jurisdiction = {{0}}, *where = &ld->re->where[i];
    struct places places = {0};
    int country = COUNTRY_UNKNOWN;

    memset(where, 0, sizeof(*where));
    if (places_find(ld, info->jurisdiction, &places))
        places_all(&places, &jurisdiction);
    if (info->country.len) {
        country = country_number(info->country);
        if (country == COUNTRY_UNKNOWN) {
            load_error(ld, n, SG_DESTINATION_PLACE, "destination %.*s: \"%.*s\" is no country", (int)info->name.len, info->name.ptr,
                (int)info->country.len, info->country.ptr);
            return;
        }
    }
    if (countries_empty(&jurisdiction) && info->jurisdiction.len)
        return;
    if (country == COUNTRY_UNKNOWN || !countries_has(&jurisdiction, country))
        *where = jurisdiction;
    if (country != COUNTRY_UNKNOWN)
        countries_add(where, country);
}

void
destinations_read(struct residency_load *ld, const struct conf_node *n)
{
    if (ld->src->destination_count > PROGRAM_DESTINATIONS_MAX) {
        load_error(ld, n, SG_RESIDENCY_LIMIT, "more than %d destinations", PROGRAM_DESTINATIONS_MAX);
        return;
    }
    ld->re->destinations = 0;
    for (unsigned i = 0; i < ld->src->destination_count; i++) {
        ld->re->destinations |= UINT32_C(1) << i;
        destination_read(ld, n, i);
    }
}
