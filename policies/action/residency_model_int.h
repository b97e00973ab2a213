/**
 * The model behind residency.h: what a ResidencyPolicy is once it is compiled, and the tables of countries.
 *
 *   residency -> policies[] -> origins[]  asked in this order
 *                           -> rules[]    a route of the file is one rule, or several when its parts end on different days
 *
 * A rule is true for a country and a destination: from holds the country, to holds the destination, now is before until.
 */
#ifndef ACTION_RESIDENCY_MODEL_INT_H
#define ACTION_RESIDENCY_MODEL_INT_H

#include "residency_int.h"
#include "base/arena.h"
#include "policies/residency.h"

#define RESIDENCY_POLICIES_MAX 32
#define RESIDENCY_ORIGINS_MAX 32
#define RESIDENCY_RULES_MAX 2048
#define RESIDENCY_GROUPS_MAX 128

/* A set of countries: one bit for each pair of letters, AA..ZZ. */
#define COUNTRY_CODES (26 * 26)
struct countries {
    uint64_t bits[(COUNTRY_CODES + 63) / 64];
};
#define COUNTRY_UNKNOWN (-1)

static inline void
countries_add(struct countries *c, int country)
{
    c->bits[country / 64] |= UINT64_C(1) << (country % 64);
}

static inline bool
countries_has(const struct countries *c, int country)
{
    return (c->bits[country / 64] >> (country % 64) & 1) != 0;
}

void countries_join(struct countries *to, const struct countries *other);
bool countries_meet(const struct countries *a, const struct countries *b);   /* have one in common */
bool countries_inside(const struct countries *a, const struct countries *b); /* a is not empty and all of it is in b */
bool countries_empty(const struct countries *c);

/**
 * country_number(code):
 * Returns: 0 .. COUNTRY_CODES - 1 for a code of ISO 3166-1 alpha-2 in either case; COUNTRY_UNKNOWN
 */
int country_number(struct str code);
void country_code(int country, char out[3]);

#define UNTIL_EVER UINT64_MAX

/* A group that every policy knows; members stand as codes without separators. */
struct builtin_group {
    const char *name, *members;
    const struct group_end {
        const char *country; /* a member that leaves by itself ... */
        uint64_t until_s;    /* ... at this time; allowing routes through the group end with it */
    } * ends;                /* .country NULL ends; NULL: none */
    const char *source;
};
enum { BUILTIN_EU, BUILTIN_EEA };                   /* the first ones of the table */
extern const struct builtin_group builtin_groups[]; /* .name NULL ends */
void group_members(const struct builtin_group *g, struct countries *out);

enum origin_from { ORIGIN_CERTIFICATE, ORIGIN_CONFIGURED, ORIGIN_RESOURCE, ORIGIN_SPAN };

struct origin {
    enum origin_from from;
    bool region;        /* names a cloud region, not a country */
    struct str key;     /* attribute's */
    const char *source; /* as the policy writes it */
};

struct residency_rule {
    struct countries from;
    uint32_t to;
    bool deny;
    uint64_t until_s; /* UNTIL_EVER; of allowing rules only */
    const char *name, *mechanism, *reference;
};

struct residency_policy {
    const char *name;
    char tag[9]; /* of its name and its origins: its own part of claims */
    enum rule_mode mode;
    const struct origin *origins;
    unsigned origin_count;
    bool unknown_denied;
    struct countries unknown_as;
    struct residency_rule *rules; /* room for the next power of two */
    unsigned rule_count;
    bool whole_trace;
    enum unroutable on_unroutable;
};

struct residency {
    struct arena *ar; /* of everything below */
    struct residency_policy policies[RESIDENCY_POLICIES_MAX];
    unsigned policy_count;
    uint32_t destinations; /* mask of all */
    /*
     * Where each destination is: its country alone when the jurisdiction holds that country or is not given; else country and jurisdiction together (a
     * foreign operator reaches into its data centres). Empty: neither is a place.
     */
    struct countries where[PROGRAM_DESTINATIONS_MAX];
    struct countries eea;
};

/**
 * residency_decide(re, b, resource, span, sender, r):
 * What residency_route and residency_route_span are made of. re NULL: nothing may leave. span BATCH_NONE: the resource alone.
 */
void residency_decide(
    const struct residency *re, const struct batch *b, uint32_t resource, uint32_t span, const struct sender *sender, struct route *r);

/* As residency_mask_of_claims. */
uint32_t residency_mask(const struct residency *re, struct str claims, uint64_t now_s);

/* residency_claims.c: struct route's claims as text. */
void claims_tag(struct residency_policy *p); /* once name and origins are there */
bool claims_has_section(struct str claims, const char *tag);
/* All that is for the policy of this tag, and what is for all; tag NULL: everything. struct claims_walk walk = {.left = claims, .tag = tag}. */
struct claims_walk {
    struct str left, section;
    const char *tag;
};
bool claims_next(struct claims_walk *walk, struct str *claim);

/* As residency_join_traces. */
enum rc residency_join(const struct residency *re, const struct batch *b, uint32_t *masks, struct arena *ar) MUST_USE;

#endif
