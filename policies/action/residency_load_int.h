/**
 * Reading a ResidencyPolicy: what its parts hand to each other while one document is compiled. Nothing of it outlives residency_load.
 */
#ifndef ACTION_RESIDENCY_LOAD_INT_H
#define ACTION_RESIDENCY_LOAD_INT_H

#include "residency_model_int.h"

/* SGnnnn of this part of the product. */
enum residency_code {
    SG_DESTINATION_PLACE = 501,
    SG_ORIGIN = 502,
    SG_PLACE = 503,
    SG_ROUTE_TO = 504,
    SG_EXPIRES = 505,
    SG_ROUTE = 506,
    SG_RESIDENCY_LIMIT = 507,
    SG_GROUP = 508,
    SG_RESIDENCY_SPEC = 509
};

/* What a list of countries and groups comes to: ever holds those that stay; dated ones leave by themselves. */
#define PLACES_DATED_MAX 8
struct places {
    struct countries ever;
    struct dated {
        int country;
        uint64_t until_s;
    } dated[PLACES_DATED_MAX];
    unsigned dated_count;
};

struct named_places {
    const char *name;
    struct places places;
};

struct residency_load {
    const struct conf_doc *doc;
    const struct program_source *src;
    struct residency *re;
    struct errs *es;
    const char *policy;          /* its name, in re->ar */
    struct named_places *groups; /* [RESIDENCY_GROUPS_MAX], of the document, in re->ar */
    unsigned group_count;
    bool nomem;
};

/* A NUL-terminated copy in the residency's arena; NULL sets nomem. */
const char *load_copy(struct residency_load *ld, struct str s);
struct err *load_error(const struct residency_load *ld, const struct conf_node *n, unsigned code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The elements of a list; a node that is no list stands for a list of itself. NULL past the end. */
const struct conf_node *load_item(const struct conf_node *n, unsigned i);

/* ---- residency_places.c ---- */

/**
 * places_find(ld, text, out):
 * Join the country or group of that name to ${out}: groups of the document come before built-in ones.
 * Returns: false when there is none
 */
bool places_find(const struct residency_load *ld, struct str text, struct places *out);

/* Read a list of countries, groups and, when star is set, "*". All errors go to ld->es. */
void places_read(struct residency_load *ld, const struct conf_node *n, bool star, struct places *out);
/* Every country that may be meant, those that will leave included. */
void places_all(const struct places *p, struct countries *out);
/* Error: no such place, with the nearest names; destinations are among them when to is set. */
void places_unknown(struct residency_load *ld, const struct conf_node *n, struct str text, bool to);

/* Read `groups`. */
void groups_read(struct residency_load *ld, const struct conf_node *n);

/* Fill re->where from the destinations. */
void destinations_read(struct residency_load *ld, const struct conf_node *n);

/* ---- residency_routes.c ---- */

/* Read `routes` into p->rules. */
void routes_read(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p);

#endif
