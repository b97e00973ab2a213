#include "attr_path_int.h"
#include "residency_model_int.h"

#include <stdio.h>

/*
 * Deciding about one owner under one policy. mask starts as every destination and only ever loses bits, one claim after the other; whoever takes
 * a destination away writes his name beside it, and nobody writes there again.
 */
#define CLAIMS_SIZE 32

struct verdict {
    const struct residency *re;
    const struct residency_policy *policy;
    uint64_t now_s;
    uint32_t mask;
    struct countries seen;  /* countries that have been claimed: the second time changes nothing */
    bool answered, unknown; /* an origin has answered; unknown has been claimed */
    char claims[CLAIMS_SIZE];
    struct route *route; /* rule, mechanism, reference are written there */
};

static bool
rule_alive(const struct residency_rule *rule, uint64_t now_s)
{
    return rule->until_s == UNTIL_EVER || (now_s != 0 && now_s < rule->until_s);
}

/* "intra": the data stays in its country, or inside the EEA. */
static const char *
mechanism_of(const struct verdict *v, const struct residency_rule *rule, int country, unsigned d)
{
    const struct countries *where = &v->re->where[d], *eea = &v->re->eea;
    struct countries origin = {{0}};

    if (rule->mechanism)
        return rule->mechanism;
    countries_add(&origin, country);
    if (countries_inside(where, &origin) || (countries_has(eea, country) && countries_inside(where, eea)))
        return "intra";
    return NULL;
}

static void
destination_denied(struct verdict *v, unsigned d, const char *rule)
{
    v->mask &= ~(UINT32_C(1) << d);
    v->route->rule[d] = rule;
    v->route->mechanism[d] = v->route->reference[d] = NULL;
    v->route->until_s[d] = 0;
}

static void
claim_country(struct verdict *v, int country)
{
    const struct residency_rule *allow[PROGRAM_DESTINATIONS_MAX] = {NULL}, *deny[PROGRAM_DESTINATIONS_MAX] = {NULL};
    uint32_t allowed = 0, denied = 0;

    if (countries_has(&v->seen, country))
        return;
    countries_add(&v->seen, country);
    for (unsigned i = 0; i < v->policy->rule_count; i++) {
        const struct residency_rule *rule = &v->policy->rules[i], **by = rule->deny ? deny : allow;
        uint32_t *got = rule->deny ? &denied : &allowed;

        if (!countries_has(&rule->from, country) || !rule_alive(rule, v->now_s))
            continue;
        for (uint32_t fresh = rule->to & ~*got; fresh; fresh &= fresh - 1)
            by[__builtin_ctz(fresh)] = rule;
        *got |= rule->to;
    }
    for (uint32_t left = v->mask; left; left &= left - 1) {
        unsigned d = (unsigned)__builtin_ctz(left);

        if (denied >> d & 1)
            destination_denied(v, d, deny[d]->name);
        else if (!(allowed >> d & 1))
            destination_denied(v, d, v->policy->name);
        else if (!v->route->rule[d]) {
            v->route->rule[d] = allow[d]->name;
            v->route->mechanism[d] = mechanism_of(v, allow[d], country, d);
            v->route->reference[d] = allow[d]->reference;
            v->route->until_s[d] = allow[d]->until_s == UNTIL_EVER ? 0 : allow[d]->until_s;
        }
    }
}

static void
claim_unknown(struct verdict *v)
{
    if (v->unknown)
        return;
    v->unknown = true;
    if (v->policy->unknown_denied) {
        for (uint32_t left = v->mask; left; left &= left - 1)
            destination_denied(v, (unsigned)__builtin_ctz(left), v->policy->name);
        return;
    }
    for (int c = 0; c < COUNTRY_CODES; c++)
        if (countries_has(&v->policy->unknown_as, c))
            claim_country(v, c);
}

/* Note a claim: each country once, "?" for unknown; "*", which is nowhere allowed, alone for more than fit. */
static void
claim_note(struct verdict *v, int country)
{
    char code[3] = "?";
    size_t len = strlen(v->claims);

    if (country != COUNTRY_UNKNOWN)
        country_code(country, code);
    if (v->claims[0] == '*' || str_find((struct str){v->claims, len}, str_of(code)) != SIZE_MAX)
        return;
    if (len + 4 > sizeof(v->claims)) {
        memcpy(v->claims, "*", 2);
        return;
    }
    if (len)
        v->claims[len++] = ',';
    memcpy(v->claims + len, code, strlen(code) + 1);
}

/* One value that an origin gave. */
static void
claim(struct verdict *v, const struct origin *o, struct str value)
{
    struct str stated = str_trim(value);
    int country = country_number(o->region ? region_country(stated) : stated);

    if (country == COUNTRY_UNKNOWN && o->region)
        return;
    if (!v->answered && !v->route->source) {
        v->route->source = country == COUNTRY_UNKNOWN ? "unknown" : o->source;
        if (country != COUNTRY_UNKNOWN)
            country_code(country, v->route->country);
        if (o->region)
            v->route->region = value;
    }
    v->answered = true;
    claim_note(v, country);
    if (country == COUNTRY_UNKNOWN)
        claim_unknown(v);
    else
        claim_country(v, country);
}

/* Every attribute of that key speaks: a second one cannot hide behind the first. */
static void
claim_attributes(struct verdict *v, const struct origin *o, const struct batch *b, uint32_t first, uint32_t end, enum place place)
{
    for (uint32_t i = first; i < end; i++) {
        const struct batch_attr *a = &b->attrs[i];

        if (a->place == place && a->parent == BATCH_NONE && str_eq(batch_attr_key(b, a), o->key))
            claim(v, o, batch_attr_string(b, i));
    }
}

static void
origin_ask(struct verdict *v, const struct origin *o, const struct batch *b, uint32_t resource, uint32_t span, const struct sender *sender)
{
    struct str configured = o->region ? sender->configured_region : sender->configured_country;
    uint32_t first, end;

    switch (o->from) {
    case ORIGIN_CERTIFICATE:
        if (sender->certificate_country.len)
            claim(v, o, sender->certificate_country);
        return;
    case ORIGIN_CONFIGURED:
        if (configured.len)
            claim(v, o, configured);
        return;
    case ORIGIN_RESOURCE:
        attr_resource_range(b, &b->resources[resource], &first, &end);
        claim_attributes(v, o, b, first, end, PLACE_RESOURCE_ATTRIBUTE);
        return;
    case ORIGIN_SPAN:
        if (span != BATCH_NONE)
            claim_attributes(v, o, b, b->spans[span].attr_first, b->spans[span].attr_end, PLACE_SPAN_ATTRIBUTE);
        return;
    }
}

/* The policies' verdicts joined: what one of them denied stays denied, with its name. */
static void
route_join(const struct residency *re, struct route *r, uint32_t before, const struct route *next)
{
    r->mask = before & next->mask;
    for (unsigned d = 0; d < PROGRAM_DESTINATIONS_MAX && re->destinations >> d; d++) {
        bool lost = (before >> d & 1) && !(next->mask >> d & 1);

        if (r->rule[d] && !lost)
            continue;
        r->rule[d] = next->rule[d];
        r->mechanism[d] = next->mechanism[d];
        r->reference[d] = next->reference[d];
        r->until_s[d] = next->until_s[d];
    }
    if (r->country[0] == '\0' && next->source) {
        memcpy(r->country, next->country, sizeof(r->country));
        r->source = next->source;
        r->region = next->region;
    }
}

/* What the origins of each policy said: once when it is the same for all, else under the policies' tags. */
struct said {
    const struct residency_policy *by[RESIDENCY_POLICIES_MAX];
    char claims[RESIDENCY_POLICIES_MAX][CLAIMS_SIZE];
    unsigned count;
};

static void
claims_tell(const struct said *said, struct route *r)
{
    char section[CLAIMS_SIZE + sizeof(said->by[0]->tag) + 1];
    bool same = true, too_many = false;

    for (unsigned i = 0; i < said->count; i++) {
        same = same && strcmp(said->claims[i], said->claims[0]) == 0;
        too_many = too_many || said->claims[i][0] == '*';
    }
    for (unsigned i = 0; i < said->count && !(same && i); i++) {
        snprintf(section, sizeof(section), "%s%s%s", same ? "" : said->by[i]->tag, same ? "" : ":", said->claims[i]);
        claims_join(r->claims, sizeof(r->claims), too_many ? "*" : section);
    }
}

void
residency_decide(const struct residency *re, const struct batch *b, uint32_t resource, uint32_t span, const struct sender *sender, struct route *r)
{
    uint32_t mask = re ? re->destinations : 0;
    struct said said;

    said.count = 0;
    memset(r, 0, sizeof(*r));
    for (unsigned i = 0; re && i < re->policy_count; i++) {
        const struct residency_policy *p = &re->policies[i];
        struct route next = {0};
        struct verdict v = {.re = re, .policy = p, .now_s = sender->now_s, .mask = re->destinations, .route = &next};

        if (p->mode != RULE_ENFORCE)
            continue;
        for (unsigned o = 0; o < p->origin_count; o++)
            origin_ask(&v, &p->origins[o], b, resource, span, sender);
        if (!v.answered) {
            claim_note(&v, COUNTRY_UNKNOWN);
            claim_unknown(&v);
        }
        next.mask = v.mask;
        route_join(re, r, mask, &next);
        mask = r->mask;
        said.by[said.count] = p;
        memcpy(said.claims[said.count++], v.claims, sizeof(v.claims));
    }
    claims_tell(&said, r);
    r->mask = said.count ? mask : 0;
    if (!r->source)
        r->source = "unknown";
}

/* Whether all claims that are for this policy could be asked. */
static bool
claims_ask(struct verdict *v, struct str claims)
{
    struct claims_walk walk = {.left = claims, .tag = claims_has_section(claims, v->policy->tag) ? v->policy->tag : NULL};
    struct str stated;
    bool any = false;

    for (; claims_next(&walk, &stated); any = true) {
        int country = country_number(stated);

        if (str_eq(stated, STR("?")))
            claim_unknown(v);
        else if (country == COUNTRY_UNKNOWN)
            return false;
        else
            claim_country(v, country);
    }
    return any;
}

uint32_t
residency_mask(const struct residency *re, struct str claims, uint64_t now_s)
{
    uint32_t mask = re ? re->destinations : 0;
    bool enforced = false;

    for (unsigned i = 0; re && i < re->policy_count; i++) {
        struct route route = {0};
        struct verdict v = {.re = re, .policy = &re->policies[i], .now_s = now_s, .mask = re->destinations, .route = &route};

        if (v.policy->mode != RULE_ENFORCE)
            continue;
        enforced = true;
        mask &= claims_ask(&v, claims) ? v.mask : 0;
    }
    return enforced ? mask : 0;
}
