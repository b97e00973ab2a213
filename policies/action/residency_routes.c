#include "policies/shapes.h"
#include "residency_load_int.h"

#include <stdio.h>

/* Where a route may lead: destinations for good, and those that a dated member of a group holds in. */
struct targets {
    uint32_t ever, dated;
    uint64_t until_s[PROGRAM_DESTINATIONS_MAX]; /* of dated */
};

struct route_head {
    bool deny;
    uint64_t until_s;
    const char *name, *mechanism, *reference;
};

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * A country or group in `to`. Allowing wants every country that the destination answers to inside; denying is content with one. The dated members of
 * a group that allows hold a destination in only until the first of those it needs has left.
 */
static void
targets_place(struct residency_load *ld, const struct conf_node *n, const struct places *places, bool deny, struct targets *t)
{
    struct countries all;

    places_all(places, &all);
    for (unsigned d = 0; d < ld->src->destination_count; d++) {
        const struct countries *where = &ld->re->where[d];
        uint64_t until = UNTIL_EVER;

        if (countries_empty(where)) {
            struct err *e = load_error(ld, n, SG_DESTINATION_PLACE,
                "whether destination %.*s is there cannot be told: its jurisdiction \"%.*s\" is no country or group",
                (int)ld->src->destinations[d].name.len, ld->src->destinations[d].name.ptr, (int)ld->src->destinations[d].jurisdiction.len,
                ld->src->destinations[d].jurisdiction.ptr);

            err_hint(e, "name destinations in this route, or give the exporter a country or group as jurisdiction");
            return;
        }
        if (deny ? countries_meet(where, &all) : countries_inside(where, &places->ever))
            t->ever |= UINT32_C(1) << d;
        if (deny || !countries_inside(where, &all))
            continue;
        for (unsigned i = 0; i < places->dated_count; i++)
            if (countries_has(where, places->dated[i].country) && !countries_has(&places->ever, places->dated[i].country))
                until = earlier(until, places->dated[i].until_s);
        if (!(t->dated >> d & 1) || t->until_s[d] < until)
            t->until_s[d] = until;
        t->dated |= UINT32_C(1) << d;
    }
}

static void
targets_read(struct residency_load *ld, const struct conf_node *n, bool deny, struct targets *t)
{
    const struct conf_node *item;

    for (unsigned i = 0; (item = load_item(n, i)); i++) {
        struct places places = {0};
        struct str text;
        unsigned d = 0;

        if (conf_text(ld->doc, item, &text, ld->es) != RC_OK)
            continue;
        while (d < ld->src->destination_count && !str_eq(ld->src->destinations[d].name, text))
            d++;
        if (d < ld->src->destination_count)
            t->ever |= UINT32_C(1) << d;
        else if (str_eq(text, STR("*")) && deny)
            t->ever |= ld->re->destinations;
        else if (str_eq(text, STR("*")))
            load_error(ld, item, SG_ROUTE_TO, "only a denying route may say \"*\" in to: an allowing one names where data may go");
        else if (places_find(ld, text, &places))
            targets_place(ld, item, &places, deny, t);
        else
            places_unknown(ld, item, text, true);
    }
    t->dated &= ~t->ever;
}

static void
rule_add(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p, struct residency_rule rule)
{
    const unsigned count = p->rule_count;

    if (rule.to == 0 || countries_empty(&rule.from))
        return;
    if (count == RESIDENCY_RULES_MAX) {
        load_error(ld, n, SG_RESIDENCY_LIMIT, "routes come to more than %d rules", RESIDENCY_RULES_MAX);
        return;
    }
    if ((count & (count - 1)) == 0) { /* full: room doubles at each power of two */
        struct residency_rule *more = arena_grow(ld->re->ar, p->rules, count * sizeof(rule), (count ? 2 * count : 1) * sizeof(rule));

        if (!more) {
            ld->nomem = true;
            return;
        }
        p->rules = more;
    }
    p->rules[p->rule_count++] = rule;
}

/* All destinations of one origin: the lasting ones in one rule, each dated one in its own. */
static void
rules_from(
    struct residency_load *ld, const struct conf_node *n, struct residency_policy *p, const struct residency_rule *part, const struct targets *t)
{
    struct residency_rule rule = *part;

    rule.to = t->ever;
    rule_add(ld, n, p, rule);
    for (uint32_t left = t->dated; left; left &= left - 1) {
        unsigned d = (unsigned)__builtin_ctz(left);

        rule.to = UINT32_C(1) << d;
        rule.until_s = earlier(part->until_s, t->until_s[d]);
        rule_add(ld, n, p, rule);
    }
}

static void
route_expand(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p, const struct route_head *head,
    const struct places *from, const struct targets *to)
{
    struct residency_rule rule = {.from = from->ever,
        .deny = head->deny,
        .until_s = head->until_s,
        .name = head->name,
        .mechanism = head->mechanism,
        .reference = head->reference};

    if (head->deny) {
        places_all(from, &rule.from);
        rules_from(ld, n, p, &rule, to);
        return;
    }
    rules_from(ld, n, p, &rule, to);
    for (unsigned i = 0; i < from->dated_count; i++) {
        rule.from = (struct countries){{0}};
        countries_add(&rule.from, from->dated[i].country);
        rule.until_s = earlier(head->until_s, from->dated[i].until_s);
        rules_from(ld, n, p, &rule, to);
    }
}

static const char *
route_name(struct residency_load *ld, const struct conf_node *id, unsigned number)
{
    char name[200];
    struct str text = {NULL, 0};

    if (id && conf_text(ld->doc, id, &text, ld->es) != RC_OK)
        return NULL;
    if (text.len)
        snprintf(name, sizeof(name), "%s/%.*s", ld->policy, (int)text.len, text.ptr);
    else
        snprintf(name, sizeof(name), "%s/%u", ld->policy, number);
    return load_copy(ld, str_of(name));
}

static void
head_read(struct residency_load *ld, const struct conf_node *n, unsigned number, struct route_head *head)
{
    static const char *const mechanisms[] = {"intra", "adequacy", "scc", "bcr", "derogation", "consent", "not-personal"};
    static const char *const of_allowing[] = {"mechanism", "reference", "expires"};
    const struct conf_node *expires = conf_get(n, "expires"), *mechanism = conf_get(n, "mechanism");
    struct str text = {NULL, 0};
    unsigned choice;

    head->until_s = UNTIL_EVER;
    head->name = route_name(ld, conf_get(n, "id"), number);
    if (conf_bool(ld->doc, conf_get(n, "deny"), &head->deny, ld->es) != RC_OK)
        return;
    for (size_t i = 0; head->deny && i < sizeof(of_allowing) / sizeof(of_allowing[0]); i++)
        if (conf_get(n, of_allowing[i]))
            load_error(
                ld, conf_get(n, of_allowing[i]), SG_ROUTE, "%s does not go with deny: a denial needs no ground and has no end", of_allowing[i]);
    if (mechanism && conf_choice(ld->doc, mechanism, mechanisms, sizeof(mechanisms) / sizeof(mechanisms[0]), &choice, ld->es) == RC_OK)
        head->mechanism = mechanisms[choice];
    if (conf_get(n, "reference") && conf_text(ld->doc, conf_get(n, "reference"), &text, ld->es) == RC_OK)
        head->reference = load_copy(ld, text);
    if (expires && conf_text(ld->doc, expires, &text, ld->es) == RC_OK && !str_to_day(text, &head->until_s))
        load_error(ld, expires, SG_EXPIRES, "expires is a date, YYYY-MM-DD; the route ends when that day begins (UTC)");
}

static void
route_read(struct residency_load *ld, const struct conf_node *n, unsigned number, struct residency_policy *p)
{
    struct route_head head = {0};
    struct places from = {0};
    struct targets to = {0};
    size_t errors = ld->es->errors;

    if (conf_shape_check(ld->doc, n, &shape_route, ld->es) != RC_OK)
        return;
    if (!load_item(conf_get(n, "from"), 0) || !load_item(conf_get(n, "to"), 0)) {
        load_error(ld, n, SG_ROUTE, "a route has from and to");
        return;
    }
    head_read(ld, n, number, &head);
    places_read(ld, conf_get(n, "from"), true, &from);
    targets_read(ld, conf_get(n, "to"), head.deny, &to);
    if (ld->es->errors == errors)
        route_expand(ld, n, p, &head, &from, &to);
}

void
routes_read(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p)
{
    if (n->kind != CONF_LIST) {
        load_error(ld, n, SG_ROUTE, "routes is a list");
        return;
    }
    for (unsigned i = 0; i < n->count; i++)
        route_read(ld, n->items[i], i + 1, p);
}
