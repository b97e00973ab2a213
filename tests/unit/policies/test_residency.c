#include <stdio.h>
#include <stdlib.h>

#include "base_nomem.h"
#include "base_suite.h"
#include "policies/action/residency_model_int.h"
#include "policies_program.h"
#include "policies_spans.h"

static const struct destination_info eu_us[] = {
    {{"otlp_grpc/eu", 12}, {"EU", 2}, {NULL, 0}},
    {{"otlp_http/us", 12}, {"US", 2}, {NULL, 0}},
};
static const struct program_source two = {.destinations = eu_us, .destination_count = 2};

#define EU_ONLY 1U
#define US_ONLY 2U

#define HEAD "apiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: eu-stays}\nspec:\n"
#define STAYS                                       \
    "  routes:\n"                                   \
    "    - {from: [EEA, CH], to: [otlp_grpc/eu]}\n" \
    "    - {from: [US], to: [otlp_http/us, otlp_grpc/eu], mechanism: scc, reference: 'c-17'}\n"

static enum rc
load(struct residency **re, const char *yaml, const struct program_source *src, struct errs *es)
{
    struct conf_doc *doc = NULL;
    enum rc rc = RC_OK;

    ck_assert_int_eq(conf_load_text("p.yaml", str_of(yaml), false, &doc, es), RC_OK);
    for (unsigned i = 0; i < conf_count(doc) && rc == RC_OK; i++)
        rc = residency_load(doc, conf_root(doc, i), src, re, es);
    conf_free(doc);
    return rc;
}

static struct residency *
loaded(const char *yaml, const struct program_source *src)
{
    struct residency *re = NULL;
    struct errs es = {0};

    if (load(&re, yaml, src, &es) != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_uint_eq(es.errors, 0);
    ck_assert_ptr_nonnull(re);
    errs_free(&es);
    return re;
}

/* Route one resource (or, with span attributes, one span) with these attributes. */
static struct route
route(const struct residency *re, const struct kv *resource, const struct kv *span, struct sender sender)
{
    const struct span_spec spans[] = {{.name = "s", .attrs = span, .trace = 1}, {.name = NULL}};
    struct buf body = BUF_INIT(1 << 16);
    struct arena *ar = arena_new(1 << 20);
    struct route r;

    spans_append(&body, resource, spans);
    struct batch b = spans_index(&body, ar);

    residency_decide(re, &b, 0, span ? 0 : BATCH_NONE, &sender, &r);
    r.region = (struct str){NULL, r.region.len}; /* points into body */
    buf_free(&body);
    arena_free(ar);
    return r;
}

static struct sender
from_certificate(const char *country)
{
    return (struct sender){.certificate_country = str_of(country), .now_s = 1800000000};
}

#define NONE ((const struct kv[]){{NULL, NULL}})
#define KV(...) ((const struct kv[]){__VA_ARGS__, {NULL, NULL}})

/* ---- tables ---- */

START_TEST(country_known_holds_the_249_codes)
{
    unsigned known = 0;

    for (char a = 'A'; a <= 'Z'; a++) {
        for (char b = 'A'; b <= 'Z'; b++) {
            const char code[2] = {a, b};

            known += country_known((struct str){code, 2});
        }
    }
    ck_assert_uint_eq(known, 249);
    ck_assert(country_known(STR("NO")) && country_known(STR("AD")) && country_known(STR("ZW")) && country_known(STR("de")));
    ck_assert(!country_known(STR("UK")) && !country_known(STR("EU")) && !country_known(STR("XX")) && !country_known(STR("D")));
    ck_assert(!country_known(STR("")) && !country_known(STR("DEU")) && !country_known(STR("D\0")));
}
END_TEST

START_TEST(region_country_knows_three_clouds)
{
    static const char *const rows[][2] = {{"eu-central-1", "DE"}, {"me-central-1", "AE"}, {"me-central1", "QA"}, {"af-south-1", "ZA"},
        {"westus3", "US"}, {"westeurope", "NL"}, {"northeurope", "IE"}, {"europe-west10", "DE"}, {"EU-CENTRAL-1", "DE"}, {"us-gov-west-1", "US"},
        {"uksouth", "GB"}, {"eastasia", "HK"}, {"europe-west1", "BE"}, {"ap-southeast-2", "AU"}, {"australiacentral2", "AU"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(str_eq(region_country(str_of(rows[i][0])), str_of(rows[i][1])), "%s", rows[i][0]);
    ck_assert_uint_eq(region_country(STR("eu-central-9")).len, 0);
    ck_assert_uint_eq(region_country(STR("eu")).len, 0);
    ck_assert_uint_eq(region_country(STR("")).len, 0);
    ck_assert_uint_eq(region_country(STR("a-region-whose-name-is-longer-than-any-other")).len, 0);
}
END_TEST

START_TEST(builtin_groups_have_their_members)
{
    struct countries eu, eea;
    unsigned count[2] = {0, 0};

    group_members(&builtin_groups[BUILTIN_EU], &eu);
    group_members(&builtin_groups[BUILTIN_EEA], &eea);
    for (int c = 0; c < COUNTRY_CODES; c++) {
        count[0] += countries_has(&eu, c);
        count[1] += countries_has(&eea, c);
    }
    ck_assert_uint_eq(count[0], 27);
    ck_assert_uint_eq(count[1], 30);
    ck_assert(countries_inside(&eu, &eea) && !countries_inside(&eea, &eu));
    ck_assert(countries_has(&eea, country_number(STR("NO"))) && !countries_has(&eu, country_number(STR("NO"))));
    for (const struct builtin_group *g = builtin_groups; g->name; g++) {
        ck_assert_uint_eq(strlen(g->members) % 2, 0);
        for (const char *m = g->members; *m; m += 2)
            ck_assert_msg(country_known((struct str){m, 2}), "%s: %.2s", g->name, m);
    }
}
END_TEST

/* ---- decisions ---- */

START_TEST(residency_allows_what_a_route_names)
{
    struct residency *re = loaded(HEAD STAYS, &two);
    struct route r = route(re, KV({"cloud.region", "eu-central-1"}), NULL, (struct sender){0});

    ck_assert_uint_eq(r.mask, EU_ONLY);
    ck_assert_str_eq(r.country, "DE");
    ck_assert_str_eq(r.source, "resource.attributes.cloud.region");
    ck_assert_uint_eq(r.region.len, 12);
    ck_assert_str_eq(r.rule[0], "eu-stays/1");
    ck_assert_str_eq(r.mechanism[0], "intra");
    ck_assert_str_eq(r.rule[1], "eu-stays");
    ck_assert_ptr_null(r.mechanism[1]);

    r = route(re, KV({"geo.country.iso_code", "us"}), NULL, (struct sender){0});
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    ck_assert_str_eq(r.country, "US");
    ck_assert_str_eq(r.mechanism[0], "scc");
    ck_assert_str_eq(r.reference[1], "c-17");
    ck_assert_str_eq(r.rule[1], "eu-stays/2");
    residency_free(re);
}
END_TEST

START_TEST(residency_denies_when_nobody_names_the_origin)
{
    struct residency *re = loaded(HEAD STAYS, &two);

    struct route r = route(re, NULL, NULL, (struct sender){0});
    ck_assert_uint_eq(r.mask, 0);
    ck_assert_str_eq(r.country, "");
    ck_assert_str_eq(r.source, "unknown");
    ck_assert_str_eq(r.rule[0], "eu-stays");
    r = route(re, KV({"cloud.region", "home-1"}), NULL, (struct sender){0});
    ck_assert_uint_eq(r.mask, 0);
    r = route(re, KV({"geo.country.iso_code", "BR"}), NULL, (struct sender){0});
    ck_assert_uint_eq(r.mask, 0);
    ck_assert_str_eq(r.country, "BR");
    residency_free(re);
}
END_TEST

START_TEST(residency_denies_everything_without_an_enforcing_policy)
{
    struct residency *re = loaded(HEAD "  mode: shadow\n" STAYS "---\n" HEAD "  mode: \"off\"\n" STAYS, &two);
    struct route r = route(re, KV({"cloud.region", "us-east-1"}), NULL, from_certificate("US"));

    ck_assert_uint_eq(r.mask, 0);
    r = route(NULL, KV({"cloud.region", "us-east-1"}), NULL, from_certificate("US"));
    ck_assert_uint_eq(r.mask, 0);
    ck_assert_str_eq(r.source, "unknown");
    residency_free(re);
}
END_TEST

START_TEST(residency_narrows_to_the_intersection_when_origins_disagree)
{
    struct residency *re = loaded(HEAD STAYS, &two);
    struct route r = route(re, KV({"cloud.region", "us-east-1"}), NULL, from_certificate("DE"));

    ck_assert_uint_eq(r.mask, EU_ONLY);
    ck_assert_str_eq(r.country, "DE");
    ck_assert_str_eq(r.source, "client.certificate.subject.C");
    ck_assert_str_eq(r.claims, "DE,US");
    r = route(re, KV({"cloud.region", "us-east-1"}), NULL, from_certificate("US"));
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    r = route(re, KV({"geo.country.iso_code", "CN"}), NULL, from_certificate("US"));
    ck_assert_uint_eq(r.mask, 0);
    /* Several attributes of one key all speak. */
    r = route(re, KV({"geo.country.iso_code", "US"}, {"geo.country.iso_code", "DE"}), NULL, (struct sender){0});
    ck_assert_uint_eq(r.mask, EU_ONLY);
    /* A country that is none is not ignored; a region that is not in the tables says nothing. */
    r = route(re, KV({"geo.country.iso_code", "Germany"}), NULL, from_certificate("US"));
    ck_assert_uint_eq(r.mask, 0);
    ck_assert_str_eq(r.claims, "US,?");
    r = route(re, KV({"cloud.region", "rack-7"}), NULL, from_certificate("US"));
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    residency_free(re);
}
END_TEST

START_TEST(residency_asks_configuration_before_attributes)
{
    struct residency *re = loaded(HEAD STAYS, &two);
    struct route r = route(re, KV({"cloud.region", "us-east-1"}), NULL, (struct sender){.configured_country = STR("FR")});

    ck_assert_str_eq(r.country, "FR");
    ck_assert_str_eq(r.source, "client.identity");
    ck_assert_uint_eq(r.mask, EU_ONLY);
    r = route(re, NULL, NULL, (struct sender){.configured_region = STR("westus2")});
    ck_assert_str_eq(r.country, "US");
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    r = route(re, NULL, NULL, (struct sender){.configured_region = STR("westus2"), .configured_country = STR("DE")});
    ck_assert_uint_eq(r.mask, EU_ONLY);
    residency_free(re);
}
END_TEST

START_TEST(residency_takes_an_explicit_deny_over_every_allow)
{
    struct residency *re = loaded(HEAD "  routes:\n"
                                       "    - {from: ['*'], to: [otlp_grpc/eu, otlp_http/us]}\n"
                                       "    - {id: no-us, from: [EEA], to: [US], deny: true}\n",
        &two);
    struct route r = route(re, NULL, NULL, from_certificate("NO"));

    ck_assert_uint_eq(r.mask, EU_ONLY);
    ck_assert_str_eq(r.rule[1], "eu-stays/no-us");
    r = route(re, NULL, NULL, from_certificate("JP"));
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    ck_assert_ptr_null(r.mechanism[0]);
    residency_free(re);
}
END_TEST

START_TEST(residency_ends_a_route_on_its_day)
{
    struct residency *re = loaded(HEAD "  routes:\n"
                                       "    - {from: [DE], to: [otlp_http/us], mechanism: scc, expires: 2027-01-01}\n",
        &two);
    const uint64_t day = 1798761600; /* 2027-01-01T00:00:00Z */

    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("DE"), .now_s = day - 1}).mask, US_ONLY);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("DE"), .now_s = day}).mask, 0);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("DE"), .now_s = 0}).mask, 0);
    residency_free(re);
}
END_TEST

START_TEST(residency_ends_what_a_dated_group_holds)
{
    static const struct destination_info uk_jp[] = {
        {{"uk", 2}, {"GB", 2}, {NULL, 0}},
        {{"jp", 2}, {"JP", 2}, {NULL, 0}},
    };
    const struct program_source src = {.destinations = uk_jp, .destination_count = 2};
    struct residency *re = loaded(HEAD "  routes: [{from: [EEA, eu-adequacy@2026-02], to: [eu-adequacy@2026-02], mechanism: adequacy}]\n", &src);
    const uint64_t end = 1956096000; /* 2031-12-27T00:00:00Z */

    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("DE"), .now_s = end - 1}).mask, 3);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("DE"), .now_s = end}).mask, 2);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("GB"), .now_s = end - 1}).mask, 3);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){.certificate_country = STR("GB"), .now_s = end}).mask, 0);
    residency_free(re);
}
END_TEST

START_TEST(residency_reads_places_in_to_strictly)
{
    /* A data centre in Germany run from the United States: for allowing it is in both, for denying in either. */
    static const struct destination_info rows[] = {
        {{"a", 1}, {"US", 2}, {"DE", 2}},
        {{"b", 1}, {"EU", 2}, {"DE", 2}},
        {{"c", 1}, {"EU", 2}, {NULL, 0}},
    };
    const struct program_source src = {.destinations = rows, .destination_count = 3};
    struct residency *re = loaded(HEAD "  groups: {BOTH: [EEA, US]}\n  routes:\n    - {from: [DE], to: [EEA]}\n    - {from: [FR], to: [DE]}\n"
                                       "    - {from: [IT], to: [BOTH]}\n    - {from: [IT], to: [US], deny: true}\n",
        &src);

    ck_assert_uint_eq(route(re, NULL, NULL, from_certificate("DE")).mask, 6);
    ck_assert_uint_eq(route(re, NULL, NULL, from_certificate("FR")).mask, 2);
    ck_assert_uint_eq(route(re, NULL, NULL, from_certificate("IT")).mask, 6);
    residency_free(re);
}
END_TEST

START_TEST(residency_treats_unknown_as_every_country_of_a_group)
{
    struct residency *re = loaded(HEAD "  unknown_origin: {treat_as: EU}\n" STAYS, &two);

    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){0}).mask, EU_ONLY);
    ck_assert_uint_eq(route(re, KV({"geo.country.iso_code", "??"}), NULL, from_certificate("US")).mask, EU_ONLY);
    residency_free(re);
    re = loaded(HEAD "  unknown_origin: {treat_as: US}\n" STAYS, &two);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){0}).mask, EU_ONLY | US_ONLY);
    residency_free(re);
    /* One member that may go nowhere keeps the whole group at home. */
    re = loaded(HEAD "  unknown_origin: {treat_as: [EU, BR]}\n" STAYS, &two);
    ck_assert_uint_eq(route(re, NULL, NULL, (struct sender){0}).mask, 0);
    residency_free(re);
}
END_TEST

START_TEST(residency_joins_policies_by_intersection)
{
    struct residency *re = loaded(HEAD STAYS "---\nkind: ResidencyPolicy\nmetadata: {name: second}\nspec:\n"
                                             "  routes: [{from: ['*'], to: [otlp_http/us]}]\n",
        &two);
    struct route r = route(re, NULL, NULL, from_certificate("US"));

    ck_assert_uint_eq(r.mask, US_ONLY);
    ck_assert_str_eq(r.rule[0], "second");
    ck_assert_str_eq(r.rule[1], "eu-stays/2");
    r = route(re, NULL, NULL, from_certificate("DE"));
    ck_assert_uint_eq(r.mask, 0);
    ck_assert_str_eq(r.rule[0], "second");
    ck_assert_str_eq(r.rule[1], "eu-stays");
    residency_free(re);
}
END_TEST

START_TEST(residency_mask_answers_for_one_country)
{
    struct residency *re = loaded(
        HEAD "  unknown_origin: {treat_as: CH}\n" STAYS "---\n" HEAD "  routes: [{from: ['*'], to: [otlp_http/us, otlp_grpc/eu]}]\n", &two);

    ck_assert_uint_eq(residency_mask(re, STR("US"), 0), EU_ONLY | US_ONLY);
    ck_assert_uint_eq(residency_mask(re, STR("NO"), 0), EU_ONLY);
    ck_assert_uint_eq(residency_mask(re, STR("BR"), 0), 0);
    ck_assert_uint_eq(residency_mask(re, STR("?"), 0), 0); /* denied by the second policy */
    ck_assert_uint_eq(residency_mask(re, STR(""), 0), 0);
    ck_assert_uint_eq(residency_mask(re, STR("*"), 0), 0);
    ck_assert_uint_eq(residency_mask(NULL, STR("US"), 0), 0);
    residency_free(re);
}
END_TEST

/* Policies that ask different origins: what one of them heard is no claim to the other, now or later. */
START_TEST(residency_claims_keep_policies_apart)
{
    const char *policies = HEAD "  origin: [{country: client.certificate.subject.C}]\n" STAYS "---\n" HEAD
                                "  origin: [{cloud_region: resource.attributes.cloud.region}]\n"
                                "  unknown_origin: {treat_as: DE}\n  routes: [{from: [DE, US], to: [otlp_grpc/eu]}]\n";
    struct residency *re = loaded(policies, &two), *other = loaded(HEAD "  origin: [{country: client.identity}]\n" STAYS, &two);
    struct route r = route(re, KV({"cloud.region", "us-east-1"}), NULL, from_certificate("DE")),
                 unknown = route(re, NULL, NULL, from_certificate("DE"));
    char joined[128] = "";

    ck_assert_uint_eq(r.mask, EU_ONLY);
    ck_assert_uint_eq(residency_mask(re, str_of(r.claims), 0), EU_ONLY);
    ck_assert_uint_eq(unknown.mask, EU_ONLY);
    ck_assert_uint_eq(residency_mask(re, str_of(unknown.claims), 0), EU_ONLY);
    claims_join(joined, sizeof(joined), r.claims);
    claims_join(joined, sizeof(joined), unknown.claims);
    claims_join(joined, sizeof(joined), r.claims);
    ck_assert_uint_eq(residency_mask(re, str_of(joined), 0), EU_ONLY);
    ck_assert_uint_eq(strlen(joined), strlen(r.claims) + 2); /* ",?" */
    /* A policy that asks otherwise than both hears all of it: unknown goes nowhere. */
    ck_assert_uint_eq(residency_mask(other, str_of(joined), 0), 0);
    ck_assert_uint_eq(residency_mask(other, str_of(r.claims), 0), EU_ONLY);
    residency_free(re);
    residency_free(other);
}
END_TEST

START_TEST(residency_claims_that_do_not_fit_go_nowhere)
{
    struct residency *re = loaded(HEAD STAYS, &two);
    char out[8] = "";

    claims_join(out, sizeof(out), "DE,FR");
    ck_assert_uint_eq(residency_mask(re, str_of(out), 0), EU_ONLY);
    claims_join(out, sizeof(out), "IT");
    ck_assert_str_eq(out, "*");
    claims_join(out, sizeof(out), "DE");
    ck_assert_str_eq(out, "*");
    ck_assert_uint_eq(residency_mask(re, str_of(out), 0), 0);
    for (const char *const *bad = (const char *const[]){";", ":", "DE;:", "DE,", "D", "12345678:", "DE US", NULL}; *bad; bad++)
        ck_assert_uint_eq(residency_mask(re, str_of(*bad), 0) & ~(uint32_t)EU_ONLY, 0);
    residency_free(re);
}
END_TEST

START_TEST(residency_claims_end_when_there_are_too_many)
{
    struct residency *re = loaded(HEAD STAYS, &two);
    struct kv attrs[20] = {{NULL, NULL}};

    for (unsigned i = 0; i < 10; i++)
        attrs[i] = (struct kv){"geo.country.iso_code", (const char *[]){"DE", "FR", "IT", "ES", "NL", "BE", "PL", "SE", "FI", "DK"}[i]};
    ck_assert_str_eq(route(re, attrs, NULL, (struct sender){0}).claims, "DE,FR,IT,ES,NL,BE,PL,SE,FI,DK");
    for (unsigned i = 10; i < 19; i++)
        attrs[i] = (struct kv){"geo.country.iso_code", "AT"};
    struct route r = route(re, attrs, NULL, (struct sender){0});

    ck_assert_str_eq(r.claims, "*");
    ck_assert_uint_eq(r.mask, EU_ONLY);
    residency_free(re);
}
END_TEST

START_TEST(residency_reads_span_attributes_when_asked)
{
    struct residency *re = loaded(HEAD "  origin:\n    - {country: span.attributes.geo.country.iso_code}\n"
                                       "    - {cloud_region: 'resource.attributes[\"cloud.region\"]'}\n" STAYS,
        &two);
    struct route r = route(re, KV({"cloud.region", "us-east-1"}), KV({"geo.country.iso_code", "NO"}), (struct sender){0});

    ck_assert_uint_eq(r.mask, EU_ONLY);
    ck_assert_str_eq(r.country, "NO");
    ck_assert_str_eq(r.source, "span.attributes.geo.country.iso_code");
    r = route(re, KV({"cloud.region", "us-east-1"}), KV({"other", "x"}), (struct sender){0});
    ck_assert_uint_eq(r.mask, EU_ONLY | US_ONLY);
    /* The certificate is not asked by this policy. */
    r = route(re, NULL, KV({"other", "x"}), from_certificate("DE"));
    ck_assert_uint_eq(r.mask, 0);
    residency_free(re);
}
END_TEST

START_TEST(residency_keeps_a_trace_together_when_asked)
{
    const struct span_spec spans[] = {{.name = "a", .trace = 1}, {.name = "b", .trace = 2}, {.name = "c", .trace = 1}, {.name = "d"},
        {.name = "e", .trace = 2}, {.name = "f"}, {.name = NULL}};
    static const uint32_t before[] = {3, 3, 1, 2, 3, 3}, joined[] = {1, 3, 1, 2, 3, 3};
    struct residency *each = loaded(HEAD STAYS, &two), *whole = loaded(HEAD "  trace_scope: trace\n" STAYS, &two);
    struct buf body = BUF_INIT(1 << 16);
    struct arena *ar = arena_new(1 << 20);
    uint32_t masks[6];

    spans_append(&body, NULL, spans);
    struct batch b = spans_index(&body, ar);

    ck_assert_uint_eq(b.span_count, 6);
    memcpy(masks, before, sizeof(masks));
    ck_assert_int_eq(residency_join(each, &b, masks, ar), RC_OK);
    ck_assert_mem_eq(masks, before, sizeof(masks));
    ck_assert_int_eq(residency_join(whole, &b, masks, ar), RC_OK);
    ck_assert_mem_eq(masks, joined, sizeof(masks));
    struct arena *none = arena_new(1);

    ck_assert_int_eq(residency_join(whole, &b, masks, none), RC_NOMEM);
    arena_free(none);
    arena_free(ar);
    buf_free(&body);
    residency_free(each);
    residency_free(whole);
}
END_TEST

START_TEST(residency_answers_for_a_program)
{
    static const struct {
        const char *spec;
        bool spans;
        enum unroutable end;
    } rows[] = {
        {"  on_unroutable: drop\n  routes: []\n", false, UNROUTABLE_DROP},
        {"  on_unroutable: refuse\n  routes: []\n", false, UNROUTABLE_REFUSE},
        {"  mode: shadow\n  origin: [{country: span.attributes.c}]\n  routes: []\n", false, UNROUTABLE_REFUSE},
        {"  origin: [{country: span.attributes.c}]\n  trace_scope: trace\n" STAYS, true, UNROUTABLE_DROP},
    };
    const struct span_spec spans[] = {
        {.name = "a", .attrs = KV({"c", "US"}), .trace = 1}, {.name = "b", .attrs = KV({"c", "DE"}), .trace = 1}, {.name = NULL}};
    const struct sender sender = {.now_s = 1};
    struct buf body = BUF_INIT(1 << 16);
    struct arena *ar = arena_new(1 << 20);

    spans_append(&body, NONE, spans);
    struct batch b = spans_index(&body, ar);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[1024];

        snprintf(yaml, sizeof(yaml), HEAD "%s", rows[i].spec);
        struct program *p = program_of(yaml);
        uint32_t masks[2];
        struct route r;

        ck_assert(residency_needs_spans(p) == rows[i].spans);
        ck_assert_int_eq(residency_on_unroutable(p), rows[i].end);
        for (uint32_t s = 0; s < 2; s++) {
            residency_route_span(p, &b, s, &sender, &r);
            masks[s] = r.mask;
        }
        ck_assert_uint_eq(masks[0], i == 3 ? 3 : 0);
        ck_assert_int_eq(residency_join_traces(p, &b, masks, ar), RC_OK);
        ck_assert_uint_eq(masks[0], i == 3 ? 1 : 0);
        residency_route(p, &b, 0, &sender, &r);
        ck_assert_uint_eq(r.mask, 0);
        ck_assert_uint_eq(residency_mask_of_claims(p, STR("US"), 1), i == 3 ? 3 : 0);
        program_unref(p);
    }
    struct program *p = program_of(POLICY("none") "  rules: []\n");

    ck_assert(!residency_needs_spans(p));
    ck_assert_int_eq(residency_on_unroutable(p), UNROUTABLE_REFUSE);
    ck_assert_uint_eq(residency_mask_of_claims(p, STR("DE"), 1), 0);
    program_unref(p);
    arena_free(ar);
    buf_free(&body);
}
END_TEST

/* For those who forget a route, or the day on which it ends. */
START_TEST(residency_reached_knows_where_no_route_leads)
{
    static const struct {
        const char *spec;
        uint64_t now;
        uint32_t reached;
    } rows[] = {
        {"  routes: [{from: [EEA], to: [otlp_grpc/eu]}]\n", 1, 1},
        {"  routes: [{from: [EEA], to: [otlp_grpc/eu]}, {from: [US], to: [otlp_http/us, otlp_grpc/eu]}]\n", 1, 3},
        {"  routes: [{from: [EEA], to: [otlp_grpc/eu], expires: 2020-01-01}, {from: [US], to: [otlp_http/us]}]\n", 1577836799, 3},
        {"  routes: [{from: [EEA], to: [otlp_grpc/eu], expires: 2020-01-01}, {from: [US], to: [otlp_http/us]}]\n", 1577836800, 2},
        {"  routes: [{from: [EEA], to: [otlp_grpc/eu], deny: true}]\n", 1, 0},
        {"  mode: shadow\n  routes: [{from: [EEA], to: [otlp_grpc/eu]}]\n", 1, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[1024];

        snprintf(yaml, sizeof(yaml), HEAD "%s", rows[i].spec);
        struct program *p = program_of(yaml);

        ck_assert_msg(residency_reached(p, rows[i].now) == rows[i].reached, "row %zu", i);
        program_unref(p);
    }
    struct program *p = program_of(POLICY("none") "  rules: []\n");

    ck_assert_uint_eq(residency_reached(p, 1), 0);
    program_unref(p);
}
END_TEST

START_TEST(residency_load_survives_every_failing_allocation)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    ck_assert_int_eq(
        conf_load_text("p", STR(HEAD "  groups: {G: [DE, FR]}\n  origin: [{country: span.attributes.c}]\n" STAYS), false, &doc, &es), RC_OK);
    for (long n = 1; nomem_round(n); n++) {
        struct residency *re = NULL;
        enum rc rc = residency_load(doc, conf_root(doc, 0), &two, &re, &es);
        bool failed = nomem_end();

        ck_assert_int_eq(rc, failed ? RC_NOMEM : RC_OK);
        ck_assert((re == NULL) == failed);
        residency_free(re);
        if (!failed)
            break;
    }
    ck_assert_uint_eq(es.errors, 0);
    conf_free(doc);
}
END_TEST

/* ---- errors ---- */

START_TEST(residency_load_says_where_and_what)
{
    static const struct {
        const char *spec, *text, *hint;
        unsigned line, col;
    } rows[] = {
        {"  routes: [{from: [DE], to: [otlp_grpc/ue]}]\n", "\"otlp_grpc/ue\" is no destination, country or group", "did you mean otlp_grpc/eu?", 5,
            30},
        {"  routes: [{from: [EAA], to: [otlp_grpc/eu]}]\n", "\"EAA\" is no country or group", "did you mean EEA?", 5, 20},
        {"  routes: [{from: [UK], to: [otlp_grpc/eu]}]\n", "\"UK\" is no country or group", "did you mean GB?", 5, 20},
        {"  routes: [{from: [de], to: [otlp_grpc/eu]}]\n", "\"de\" is no country or group",
            "countries are written in upper case (ISO 3166-1 alpha-2)", 5, 20},
        {"  routes: [{from: [DE], to: ['*']}]\n", "only a denying route may say \"*\" in to: an allowing one names where data may go", "", 5, 30},
        {"  routes: [{from: [DE]}]\n", "a route has from and to", "", 5, 12},
        {"  routes: [{from: [], to: [US]}]\n", "a route has from and to", "", 5, 12},
        {"  routes: [{from: [DE], to: [US], expires: 2027-02-29}]\n", "expires is a date, YYYY-MM-DD; the route ends when that day begins (UTC)", "",
            5, 44},
        {"  routes: [{from: [DE], to: [US], deny: true, expires: 2027-02-28}]\n",
            "expires does not go with deny: a denial needs no ground and has no end", "", 5, 56},
        {"  mode: enforce\n", "a ResidencyPolicy has routes: without any, nothing may leave", "", 5, 3},
        {"  routes: {}\n", "routes is a list", "", 5, 11},
        {"  routes: []\n  origin: [{country: resource.attribute.x}]\n", "source of a country \"resource.attribute.x\" is not known", NULL, 6, 22},
        {"  routes: []\n  origin: [{cloud_region: client.certificate.subject.C}]\n",
            "source of a region \"client.certificate.subject.C\" is not known", NULL, 6, 27},
        {"  routes: []\n  origin: []\n", "origin is a list of 1 to 32 sources", "", 6, 11},
        {"  routes: []\n  unknown_origin: allow\n", "unknown_origin is deny or {treat_as: COUNTRY or GROUP}", "", 6, 19},
        {"  routes: []\n  unknown_origin: {treat_as: []}\n", "unknown_origin is deny or {treat_as: COUNTRY or GROUP}", "", 6, 19},
        {"  routes: []\n  unknown_origin: {treat_as: '*'}\n", "\"*\" is no country or group", NULL, 6, 30},
        {"  routes: []\n  groups: {NO: [DE]}\n", "a group's name is 1 to 63 letters, digits or -_.@, and no country's code", "", 6, 12},
        {"  routes: []\n  groups: {A: [B], B: [DE]}\n", "\"B\" is no country or group", NULL, 6, 16},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct residency *re = NULL;
        struct errs es = {0};
        char yaml[1024];

        snprintf(yaml, sizeof(yaml), HEAD "%s", rows[i].spec);
        ck_assert_msg(load(&re, yaml, &two, &es) == RC_CONFIG, "row %zu", i);
        ck_assert_ptr_null(re);
        ck_assert_uint_eq(es.errors, 1);
        ck_assert_str_eq(es.list[0].text, rows[i].text);
        if (rows[i].hint)
            ck_assert_str_eq(es.list[0].hint, rows[i].hint);
        ck_assert_msg(es.list[0].line == rows[i].line && es.list[0].col == rows[i].col, "row %zu at %u:%u", i, es.list[0].line, es.list[0].col);
        ck_assert_uint_ne(es.list[0].code, 0);
        errs_free(&es);
    }
}
END_TEST

START_TEST(residency_load_refuses_unknown_keys_with_the_nearest_name)
{
    struct residency *re = NULL;
    struct errs es = {0};

    ck_assert_int_eq(load(&re, HEAD "  route: []\n" STAYS, &two, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_str_eq(es.list[0].hint, "did you mean routes?");
    errs_free(&es);
}
END_TEST

START_TEST(residency_load_refuses_places_that_cannot_be_told)
{
    static const struct destination_info rows[] = {{{"a", 1}, {"on-premises", 11}, {NULL, 0}}, {{"b", 1}, {"EU", 2}, {"ZZ", 2}}};
    const struct program_source one = {.destinations = rows, .destination_count = 1}, bad = {.destinations = rows + 1, .destination_count = 1};
    struct residency *re = NULL;
    struct errs es = {0};

    ck_assert_int_eq(load(&re, HEAD "  routes: [{from: [DE], to: [EU]}]\n", &one, &es), RC_CONFIG);
    ck_assert_int_eq(load(&re, HEAD "  routes: [{from: [DE], to: [CN], deny: true}]\n", &one, &es), RC_CONFIG);
    ck_assert_int_eq(load(&re, HEAD "  routes: [{from: [DE], to: [b]}]\n", &bad, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 3);
    ck_assert_int_eq(load(&re, HEAD "  routes: [{from: [DE], to: [a]}]\n", &one, &es), RC_OK);
    errs_free(&es);
    residency_free(re);
}
END_TEST

START_TEST(residency_load_leaves_the_first_policies_when_a_later_one_fails)
{
    struct residency *re = loaded(HEAD STAYS, &two), *same = re;
    struct errs es = {0};

    ck_assert_int_eq(load(&re, HEAD "  routes: [{from: [DE], to: [nowhere]}]\n", &two, &es), RC_CONFIG);
    ck_assert_ptr_eq(re, same);
    ck_assert_uint_eq(route(re, NULL, NULL, from_certificate("US")).mask, EU_ONLY | US_ONLY);
    errs_free(&es);
    residency_free(re);
}
END_TEST

START_TEST(residency_load_has_limits)
{
    static const struct destination_info many[PROGRAM_DESTINATIONS_MAX + 1];
    const struct program_source src = {.destinations = many, .destination_count = PROGRAM_DESTINATIONS_MAX + 1};
    struct residency *re = NULL;
    struct errs es = {0};

    ck_assert_int_eq(load(&re, HEAD "  routes: []\n", &src, &es), RC_CONFIG);
    for (unsigned i = 0; i < RESIDENCY_POLICIES_MAX; i++)
        ck_assert_int_eq(load(&re, HEAD "  routes: []\n", &two, &es), RC_OK);
    ck_assert_int_eq(load(&re, HEAD "  routes: []\n", &two, &es), RC_CONFIG);
    errs_free(&es);
    residency_free(re);

    struct buf yaml = BUF_INIT(1 << 20);

    ck_assert_int_eq(buf_append(&yaml, STR(HEAD "  routes:\n")), RC_OK);
    for (unsigned i = 0; i <= RESIDENCY_RULES_MAX; i++)
        ck_assert_int_eq(buf_append(&yaml, STR("    - {from: [DE], to: [otlp_grpc/eu]}\n")), RC_OK);
    ck_assert_int_eq(buf_append_byte(&yaml, '\0'), RC_OK);
    es = (struct errs){0};
    re = NULL;
    ck_assert_int_eq(load(&re, yaml.ptr, &two, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_ptr_null(re);
    errs_free(&es);
    buf_free(&yaml);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &country_known_holds_the_249_codes},
    {"normal", &region_country_knows_three_clouds},
    {"normal", &builtin_groups_have_their_members},
    {"normal", &residency_allows_what_a_route_names},
    {"normal", &residency_denies_when_nobody_names_the_origin},
    {"normal", &residency_denies_everything_without_an_enforcing_policy},
    {"normal", &residency_narrows_to_the_intersection_when_origins_disagree},
    {"normal", &residency_asks_configuration_before_attributes},
    {"normal", &residency_takes_an_explicit_deny_over_every_allow},
    {"normal", &residency_ends_a_route_on_its_day},
    {"normal", &residency_ends_what_a_dated_group_holds},
    {"normal", &residency_reads_places_in_to_strictly},
    {"normal", &residency_treats_unknown_as_every_country_of_a_group},
    {"normal", &residency_joins_policies_by_intersection},
    {"normal", &residency_mask_answers_for_one_country},
    {"normal", &residency_claims_keep_policies_apart},
    {"limits", &residency_claims_that_do_not_fit_go_nowhere},
    {"limits", &residency_claims_end_when_there_are_too_many},
    {"normal", &residency_reads_span_attributes_when_asked},
    {"normal", &residency_keeps_a_trace_together_when_asked},
    {"normal", &residency_answers_for_a_program},
    {"normal", &residency_reached_knows_where_no_route_leads},
    {"nomem", &residency_load_survives_every_failing_allocation},
    {"malformed", &residency_load_says_where_and_what},
    {"malformed", &residency_load_refuses_unknown_keys_with_the_nearest_name},
    {"malformed", &residency_load_refuses_places_that_cannot_be_told},
    {"malformed", &residency_load_leaves_the_first_policies_when_a_later_one_fails},
    {"limits", &residency_load_has_limits},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("residency", cases);
}
