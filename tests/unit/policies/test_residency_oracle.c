/*
 * residency_decide against a naive evaluator over random rule sets: 100,000 of them, times SPANGATE_TEST_ROUNDS. The evaluator keeps rules as the
 * words they were written in and asks, for every policy, every claim and every destination, the sentence of residency.h anew; it shares no code and no
 * table with the product.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base_rng.h"
#include "base_suite.h"
#include "policies/action/residency_model_int.h"
#include "policies_spans.h"

#define TERMS 4
#define DAY 86400ULL
#define UK_END 1956096000ULL

static const char *const countries[] = {"DE", "FR", "NO", "IS", "US", "GB", "CN", "IN", "JP", "BR"};
/* The ten that rules name, and one for all the others of each kind that only a group holds. */
static const char *const everyone[] = {"DE", "FR", "NO", "IS", "US", "GB", "CN", "IN", "JP", "BR", "IT", "LI", "KR", "RU"};
static const char *const groups[] = {"EU", "EEA", "eu-adequacy@2026-02", "us-concern@2025-04", "G1", "G2"};
static const char *const dates[] = {NULL, NULL, NULL, "2026-11-22", "2027-01-01", "2031-12-27", "2040-02-29"};
static const uint64_t date_s[] = {0, 0, 0, 1795305600, 1798761600, UK_END, 2214086400};
static const uint64_t nows[] = {0, 1795305599, 1795305600, 1798761599, 1798761600, UK_END - 1, UK_END, 2213999999, 2214086400};
static const char *const regions[][2] = {{"eu-central-1", "DE"}, {"us-east-1", "US"}, {"europe-west2", "GB"}, {"norwayeast", "NO"}, {"rack-7", NULL}};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct text_list {
    const char *item[TERMS];
    unsigned count;
};

struct naive_route {
    struct text_list from, to;
    bool deny;
    unsigned date;
};

enum asked { ASK_CERT, ASK_CONF, ASK_CONF_REGION, ASK_GEO, ASK_REGION, ASK_SPAN, ASK_COUNT };

struct naive_policy {
    unsigned mode; /* 0 enforces */
    enum asked origins[ASK_COUNT];
    unsigned origin_count;    /* 0: the default order */
    struct text_list unknown; /* empty: denied */
    struct text_list g1, g2;
    struct naive_route routes[6];
    unsigned route_count;
};

struct naive_destination {
    char name[4];
    const char *jurisdiction, *country; /* country may be NULL */
};

struct world {
    struct naive_policy policies[3];
    unsigned policy_count;
    struct naive_destination destinations[6];
    unsigned destination_count;
    const char *cert, *conf, *conf_region, *geo[2], *region, *span;
    uint64_t now;
};

/* ---- the naive evaluator ---- */

static bool
in_words(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = strstr(list, word); p; p = strstr(p + 1, word))
        if ((p == list || p[-1] == ' ') && (p[n] == '\0' || p[n] == ' '))
            return true;
    return false;
}

static bool in_list(const struct world *w, const struct naive_policy *p, const struct text_list *l, const char *country, bool dated);

/* dated: a membership that has an end counts only before it. */
static bool
in_term(const struct world *w, const struct naive_policy *p, const char *term, const char *country, bool dated)
{
    if (strcmp(term, "*") == 0 || strcmp(term, country) == 0)
        return true;
    if (strcmp(term, "EU") == 0)
        return in_words("DE FR IT", country);
    if (strcmp(term, "EEA") == 0)
        return in_words("DE FR NO IS IT LI", country);
    if (strcmp(term, "us-concern@2025-04") == 0)
        return in_words("CN RU", country);
    if (strcmp(term, "eu-adequacy@2026-02") == 0 && strcmp(country, "GB") == 0)
        return !dated || (w->now != 0 && w->now < UK_END);
    if (strcmp(term, "eu-adequacy@2026-02") == 0)
        return in_words("JP BR KR", country);
    if (strcmp(term, "G1") == 0)
        return in_list(w, p, &p->g1, country, dated);
    if (strcmp(term, "G2") == 0)
        return in_list(w, p, &p->g2, country, dated);
    return false;
}

static bool
in_list(const struct world *w, const struct naive_policy *p, const struct text_list *l, const char *country, bool dated)
{
    for (unsigned i = 0; i < l->count; i++)
        if (in_term(w, p, l->item[i], country, dated))
            return true;
    return false;
}

/* Whether a destination answers to a country: built-in groups only, whatever policies call the same. */
static bool
answers_to(const struct naive_destination *d, const char *country)
{
    static const struct naive_policy none;
    static const struct world any;

    if (d->country && in_term(&any, &none, d->jurisdiction, d->country, false))
        return strcmp(d->country, country) == 0;
    return (d->country && strcmp(d->country, country) == 0) || in_term(&any, &none, d->jurisdiction, country, false);
}

static bool
leads_to(const struct world *w, const struct naive_policy *p, const struct naive_route *r, const struct naive_destination *d)
{
    for (unsigned i = 0; i < r->to.count; i++) {
        const char *term = r->to.item[i];
        bool all = true, any = false;

        if (strcmp(term, d->name) == 0 || strcmp(term, "*") == 0)
            return true;
        if (term[0] == 'd' && term[1] >= '0' && term[1] <= '9')
            continue;
        for (size_t c = 0; c < COUNT(everyone); c++) {
            if (!answers_to(d, everyone[c]))
                continue;
            all &= in_term(w, p, term, everyone[c], !r->deny);
            any |= in_term(w, p, term, everyone[c], !r->deny);
        }
        if (r->deny ? any : all && any)
            return true;
    }
    return false;
}

static bool
may_go(const struct world *w, const struct naive_policy *p, const char *country, const struct naive_destination *d)
{
    bool allowed = false;

    for (unsigned i = 0; i < p->route_count; i++) {
        const struct naive_route *r = &p->routes[i];
        bool alive = !dates[r->date] || (w->now != 0 && w->now < date_s[r->date]);

        if (!in_list(w, p, &r->from, country, !r->deny) || !leads_to(w, p, r, d))
            continue;
        if (r->deny)
            return false;
        allowed |= alive;
    }
    return allowed;
}

static bool
is_country(const char *s)
{
    for (size_t i = 0; i < COUNT(countries); i++)
        if (strcmp(countries[i], s) == 0)
            return true;
    return false;
}

/* May it go there when the origin is not known: for every country of the group. */
static bool
may_go_unknown(const struct world *w, const struct naive_policy *p, const struct naive_destination *d)
{
    if (p->unknown.count == 0)
        return false;
    for (size_t c = 0; c < COUNT(everyone); c++)
        if (in_list(w, p, &p->unknown, everyone[c], false) && !may_go(w, p, everyone[c], d))
            return false;
    return true;
}

/* Claims of a policy: countries, or "?" for one that is none. */
static unsigned
claims_of(const struct world *w, const struct naive_policy *p, const char *claims[16])
{
    static const enum asked order[] = {ASK_CERT, ASK_CONF, ASK_CONF_REGION, ASK_GEO, ASK_REGION};
    unsigned n = 0;

    for (unsigned i = 0; i < (p->origin_count ? p->origin_count : COUNT(order)); i++) {
        const char *region = NULL;

        switch (p->origin_count ? p->origins[i] : order[i]) {
        case ASK_CERT:
            if (w->cert)
                claims[n++] = w->cert;
            break;
        case ASK_CONF:
            if (w->conf)
                claims[n++] = w->conf;
            break;
        case ASK_CONF_REGION:
            region = w->conf_region;
            break;
        case ASK_GEO:
            for (unsigned g = 0; g < 2; g++)
                if (w->geo[g])
                    claims[n++] = w->geo[g];
            break;
        case ASK_REGION:
            region = w->region;
            break;
        case ASK_SPAN:
            if (w->span)
                claims[n++] = w->span;
            break;
        case ASK_COUNT:
            break;
        }
        for (size_t r = 0; region && r < COUNT(regions); r++)
            if (strcmp(regions[r][0], region) == 0 && regions[r][1])
                claims[n++] = regions[r][1];
    }
    return n;
}

static uint32_t
naive_mask(const struct world *w, char country[4])
{
    uint32_t mask = (1U << w->destination_count) - 1;
    bool enforced = false;

    country[0] = '\0';
    for (unsigned i = 0; i < w->policy_count; i++) {
        const struct naive_policy *p = &w->policies[i];
        const char *claims[16];
        unsigned n = p->mode == 0 ? claims_of(w, p, claims) : 0;

        if (p->mode != 0)
            continue;
        enforced = true;
        if (n && is_country(claims[0]) && !country[0])
            snprintf(country, 4, "%s", claims[0]);
        for (unsigned d = 0; d < w->destination_count; d++) {
            bool may = n > 0 || may_go_unknown(w, p, &w->destinations[d]);

            for (unsigned c = 0; c < n; c++)
                may &= is_country(claims[c]) ? may_go(w, p, claims[c], &w->destinations[d]) : may_go_unknown(w, p, &w->destinations[d]);
            if (!may)
                mask &= ~(1U << d);
        }
    }
    return enforced ? mask : 0;
}

/* ---- random worlds ---- */

static const char *
one_of(struct rng *r, const char *const *list, size_t count)
{
    return list[rng_below(r, (uint32_t)count)];
}

static const char *
maybe_country(struct rng *r)
{
    uint32_t x = rng_below(r, 10);

    return x < 5 ? NULL : x == 5 ? "ZZ" : one_of(r, countries, COUNT(countries));
}

static struct text_list
places(struct rng *r, unsigned least, size_t group_count)
{
    struct text_list l = {.count = least + rng_below(r, TERMS - least)};

    for (unsigned i = 0; i < l.count; i++)
        l.item[i] = rng_below(r, 2) ? one_of(r, groups, group_count) : one_of(r, countries, COUNT(countries));
    return l;
}

static void
random_route(struct rng *r, const struct world *w, struct naive_route *route)
{
    route->deny = rng_below(r, 4) == 0;
    route->date = route->deny ? 0 : rng_below(r, COUNT(dates));
    route->from = places(r, 1, COUNT(groups));
    if (rng_below(r, 6) == 0)
        route->from.item[0] = "*";
    route->to = places(r, 1, COUNT(groups));
    for (unsigned i = 0; i < route->to.count; i++)
        if (rng_below(r, 2))
            route->to.item[i] = w->destinations[rng_below(r, w->destination_count)].name;
    if (route->deny && rng_below(r, 8) == 0)
        route->to.item[0] = "*";
}

static void
random_policy(struct rng *r, const struct world *w, struct naive_policy *p)
{
    p->mode = rng_below(r, 8) < 6 ? 0 : 1 + rng_below(r, 2);
    p->origin_count = rng_below(r, 2) ? 0 : 1 + rng_below(r, ASK_COUNT - 1);
    for (unsigned i = 0; i < p->origin_count; i++)
        p->origins[i] = (enum asked)rng_below(r, ASK_COUNT);
    p->g1 = places(r, 0, 4);
    p->g2 = places(r, 0, 5);
    if (rng_below(r, 2))
        p->unknown = places(r, 1, COUNT(groups));
    p->route_count = rng_below(r, COUNT(p->routes) + 1);
    for (unsigned i = 0; i < p->route_count; i++)
        random_route(r, w, &p->routes[i]);
}

static void
random_world(struct rng *r, struct world *w)
{
    static const char *const jurisdictions[] = {"EU", "EEA", "US", "GB", "DE", "NO", "CN", "eu-adequacy@2026-02", "JP"};

    memset(w, 0, sizeof(*w));
    w->destination_count = 1 + rng_below(r, COUNT(w->destinations));
    for (unsigned i = 0; i < w->destination_count; i++) {
        snprintf(w->destinations[i].name, sizeof(w->destinations[i].name), "d%u", i);
        w->destinations[i].jurisdiction = one_of(r, jurisdictions, COUNT(jurisdictions));
        w->destinations[i].country = rng_below(r, 2) ? one_of(r, countries, COUNT(countries)) : NULL;
    }
    w->policy_count = 1 + rng_below(r, 5) / 3 + rng_below(r, 6) / 5;
    for (unsigned i = 0; i < w->policy_count; i++)
        random_policy(r, w, &w->policies[i]);
}

static void
random_sender(struct rng *r, struct world *w)
{
    w->cert = maybe_country(r);
    w->conf = maybe_country(r);
    w->geo[0] = maybe_country(r);
    w->geo[1] = rng_below(r, 4) == 0 ? maybe_country(r) : NULL;
    w->span = maybe_country(r);
    w->region = rng_below(r, 2) ? regions[rng_below(r, COUNT(regions))][0] : NULL;
    w->conf_region = rng_below(r, 3) == 0 ? regions[rng_below(r, COUNT(regions))][0] : NULL;
    w->now = nows[rng_below(r, COUNT(nows))];
}

/* ---- the same world as the product reads it ---- */

/* Check writes a file at each of its assertions: too slow for millions. */
static void
must(enum rc rc)
{
    if (rc != RC_OK)
        ck_abort_msg("%s", rc_text(rc));
}

static void
list_print(struct buf *out, const struct text_list *l)
{
    for (unsigned i = 0; i < l->count; i++)
        must(buf_printf(out, "%s\"%s\"", i ? ", " : "", l->item[i]));
}

static void
policy_print(struct buf *out, const struct naive_policy *p)
{
    static const char *const modes[] = {"enforce", "shadow", "\"off\""};
    static const char *const sources[] = {"country: client.certificate.subject.C", "country: client.identity", "cloud_region: client.identity",
        "country: resource.attributes.geo.country.iso_code", "cloud_region: resource.attributes.cloud.region",
        "country: span.attributes.geo.country.iso_code"};

    must(buf_printf(out, "---\nmetadata: {name: p}\nspec:\n  mode: %s\n  groups:\n    G1: [", modes[p->mode]));
    list_print(out, &p->g1);
    must(buf_printf(out, "]\n    G2: ["));
    list_print(out, &p->g2);
    must(buf_printf(out, "]\n"));
    for (unsigned i = 0; i < p->origin_count; i++)
        must(buf_printf(out, "%s    - {%s}\n", i ? "" : "  origin:\n", sources[p->origins[i]]));
    if (p->unknown.count) {
        must(buf_printf(out, "  unknown_origin:\n    treat_as: ["));
        list_print(out, &p->unknown);
        must(buf_printf(out, "]\n"));
    }
    must(buf_printf(out, p->route_count ? "  routes:\n" : "  routes: []\n"));
    for (unsigned i = 0; i < p->route_count; i++) {
        const struct naive_route *r = &p->routes[i];

        must(buf_printf(out, "    - {from: ["));
        list_print(out, &r->from);
        must(buf_printf(out, "], to: ["));
        list_print(out, &r->to);
        must(buf_printf(out, "]%s", r->deny ? ", deny: true" : ""));
        must(buf_printf(out, dates[r->date] ? ", expires: %s}\n" : "}\n", dates[r->date]));
    }
}

static struct residency *
world_load(const struct world *w, struct buf *yaml)
{
    struct destination_info info[6];
    const struct program_source src = {.destinations = info, .destination_count = w->destination_count};
    struct residency *re = NULL;
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    for (unsigned i = 0; i < w->destination_count; i++)
        info[i] = (struct destination_info){
            str_of(w->destinations[i].name), str_of(w->destinations[i].jurisdiction), str_of(w->destinations[i].country)};
    buf_clear(yaml);
    for (unsigned i = 0; i < w->policy_count; i++)
        policy_print(yaml, &w->policies[i]);
    must(conf_load_text("p", buf_str(yaml), false, &doc, &es));
    for (unsigned i = 0; i < conf_count(doc); i++)
        if (residency_load(doc, conf_root(doc, i), &src, &re, &es) != RC_OK)
            errs_print(&es, stderr, false);
    if (es.errors)
        ck_abort_msg("%.*s", (int)yaml->len, yaml->ptr);
    conf_free(doc);
    errs_free(&es);
    return re;
}

/* Route the sender's one span; geo.country.iso_code of the resource may stand twice. */
static struct route
world_route(const struct world *w, const struct residency *re, struct arena *ar, struct buf *body)
{
    struct kv resource[5] = {{NULL, NULL}}, span[2] = {{NULL, NULL}};
    const struct span_spec spans[] = {{.name = "s", .attrs = span}, {.name = NULL}};
    const struct sender sender = {
        .certificate_country = str_of(w->cert), .configured_country = str_of(w->conf), .configured_region = str_of(w->conf_region), .now_s = w->now};
    unsigned n = 0;
    struct route r;

    for (unsigned g = 0; g < 2; g++)
        if (w->geo[g])
            resource[n++] = (struct kv){"geo.country.iso_code", w->geo[g]};
    if (w->region)
        resource[n++] = (struct kv){"cloud.region", w->region};
    if (w->span)
        span[0] = (struct kv){"geo.country.iso_code", w->span};
    buf_clear(body);
    spans_append(body, resource, spans);
    struct batch b = spans_index(body, ar);

    residency_decide(re, &b, 0, 0, &sender, &r);
    arena_reset(ar, SIZE_MAX);
    return r;
}

START_TEST(residency_decides_as_a_naive_evaluator_does)
{
    struct rng rng = {20261122};
    struct buf yaml = BUF_INIT(1 << 20), body = BUF_INIT(1 << 16);
    struct arena *ar = arena_new(1 << 20);
    uint64_t allowed = 0, partly = 0;
    struct world w;

    for (uint64_t i = 0; i < rng_rounds(100000); i++) {
        random_world(&rng, &w);
        struct residency *re = world_load(&w, &yaml);

        for (unsigned k = 0; k < 4; k++) {
            char country[4];

            random_sender(&rng, &w);
            uint32_t want = naive_mask(&w, country);
            struct route r = world_route(&w, re, ar, &body);

            if (r.mask != want || strcmp(r.country, country) != 0)
                ck_abort_msg("round %llu.%u: mask %x, expected %x; country \"%s\", expected \"%s\"; now %llu\n%.*s", (unsigned long long)i, k, r.mask,
                    want, r.country, country, (unsigned long long)w.now, (int)yaml.len, yaml.ptr);
            if (residency_mask(re, str_of(r.claims), w.now) != want)
                ck_abort_msg("round %llu.%u: claims %s may go to %x later, %x now\n%.*s", (unsigned long long)i, k, r.claims,
                    residency_mask(re, str_of(r.claims), w.now), want, (int)yaml.len, yaml.ptr);
            allowed += want != 0;
            partly += want != 0 && want != (1U << w.destination_count) - 1;
        }
        residency_free(re);
    }
    /* The worlds are worth asking about: neither everything nor nothing is allowed. */
    ck_assert_uint_gt(allowed, rng_rounds(100000) / 3);
    ck_assert_uint_gt(partly, rng_rounds(100000) / 8);
    arena_free(ar);
    buf_free(&yaml);
    buf_free(&body);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &residency_decides_as_a_naive_evaluator_does},
    {NULL, NULL},
};

int
main(void)
{
    /* Arenas come and go by the hundred thousand: keep their memory. */
    mallopt(M_MMAP_THRESHOLD, 1 << 26);
    mallopt(M_TRIM_THRESHOLD, 1 << 26);
    return suite_run("residency_oracle", cases);
}
