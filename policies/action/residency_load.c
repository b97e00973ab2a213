#include "residency_load_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "attr_path_int.h"
#include "policies/shapes.h"

/* All policies of a program; most of it is RESIDENCY_RULES_MAX rules for each. */
#define RESIDENCY_BYTES_MAX ((size_t)16 << 20)

const char *
load_copy(struct residency_load *ld, struct str s)
{
    char *copy = arena_alloc(ld->re->ar, s.len + 1);

    if (!copy) {
        ld->nomem = true;
        return NULL;
    }
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct err *
load_error(const struct residency_load *ld, const struct conf_node *n, unsigned code, const char *fmt, ...)
{
    char text[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return errs_add(ld->es, ERR_ERROR, RC_CONFIG, code, conf_pos(ld->doc, n), "%s", text);
}

const struct conf_node *
load_item(const struct conf_node *n, unsigned i)
{
    if (!n || n->kind == CONF_NULL)
        return NULL;
    if (n->kind != CONF_LIST)
        return i == 0 ? n : NULL;
    return i < n->count ? n->items[i] : NULL;
}

/* ---- origin ---- */

static void
origin_source(struct residency_load *ld, const struct conf_node *n, struct str text, struct origin *o)
{
    static const char *const names[] = {"client.certificate.subject.C", "client.identity", "resource.attributes.geo.country.iso_code",
        "resource.attributes.cloud.region", "span.attributes.geo.country.iso_code"};
    struct attr_path path;

    o->source = load_copy(ld, text);
    if (str_eq(text, STR("client.certificate.subject.C")) && !o->region) {
        o->from = ORIGIN_CERTIFICATE;
    } else if (str_eq(text, STR("client.identity"))) {
        o->from = ORIGIN_CONFIGURED;
    } else if (attr_path_parse(text, &path) && (path.place == PLACE_RESOURCE_ATTRIBUTE || path.place == PLACE_SPAN_ATTRIBUTE)) {
        const char *key = load_copy(ld, path.key);

        o->from = path.place == PLACE_SPAN_ATTRIBUTE ? ORIGIN_SPAN : ORIGIN_RESOURCE;
        o->key = str_of(key);
    } else {
        struct err *e = load_error(
            ld, n, SG_ORIGIN, "%s \"%.*s\" is not known", o->region ? "source of a region" : "source of a country", (int)text.len, text.ptr);

        err_hint_nearest(e, text, names, sizeof(names) / sizeof(names[0]));
    }
}

static void
origin_read(struct residency_load *ld, const struct conf_node *n, struct origin *o)
{
    struct str text;

    if (conf_shape_check(ld->doc, n, &shape_origin, ld->es) != RC_OK)
        return;
    if (n->count != 1) {
        load_error(ld, n, SG_ORIGIN, "an origin has one of country and cloud_region");
        return;
    }
    o->region = str_eq(n->keys[0]->text, STR("cloud_region"));
    if (conf_text(ld->doc, n->items[0], &text, ld->es) == RC_OK)
        origin_source(ld, n->items[0], text, o);
}

/* The order that the product gives: what the sender cannot choose comes first. The second name of the country is that of older conventions. */
static const struct origin origins_default[] = {
    {ORIGIN_CERTIFICATE, false, {NULL, 0}, "client.certificate.subject.C"},
    {ORIGIN_CONFIGURED, false, {NULL, 0}, "client.identity"},
    {ORIGIN_CONFIGURED, true, {NULL, 0}, "client.identity"},
    {ORIGIN_RESOURCE, false, {"geo.country.iso_code", 20}, "resource.attributes.geo.country.iso_code"},
    {ORIGIN_RESOURCE, false, {"geo.country_iso_code", 20}, "resource.attributes.geo.country_iso_code"},
    {ORIGIN_RESOURCE, true, {"cloud.region", 12}, "resource.attributes.cloud.region"},
};

static void
origins_read(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p)
{
    struct origin *origins;

    if (!n) {
        p->origins = origins_default;
        p->origin_count = sizeof(origins_default) / sizeof(origins_default[0]);
        return;
    }
    if (n->kind != CONF_LIST || n->count == 0 || n->count > RESIDENCY_ORIGINS_MAX) {
        load_error(ld, n, SG_ORIGIN, "origin is a list of 1 to %d sources", RESIDENCY_ORIGINS_MAX);
        return;
    }
    origins = arena_calloc(ld->re->ar, n->count, sizeof(*origins));
    if (!origins) {
        ld->nomem = true;
        return;
    }
    for (unsigned i = 0; i < n->count; i++)
        origin_read(ld, n->items[i], &origins[i]);
    p->origins = origins;
    p->origin_count = n->count;
}

static void
unknown_read(struct residency_load *ld, const struct conf_node *n, struct residency_policy *p)
{
    struct places places;
    struct str text;

    p->unknown_denied = true;
    if (!n)
        return;
    if (n->kind == CONF_SCALAR) {
        if (conf_text(ld->doc, n, &text, ld->es) == RC_OK && !str_eq(text, STR("deny")))
            load_error(ld, n, SG_RESIDENCY_SPEC, "unknown_origin is deny or {treat_as: COUNTRY or GROUP}");
        return;
    }
    if (conf_shape_check(ld->doc, n, &shape_unknown_origin, ld->es) != RC_OK)
        return;
    if (!load_item(conf_get(n, "treat_as"), 0)) {
        load_error(ld, n, SG_RESIDENCY_SPEC, "unknown_origin is deny or {treat_as: COUNTRY or GROUP}");
        return;
    }
    places_read(ld, conf_get(n, "treat_as"), false, &places);
    places_all(&places, &p->unknown_as);
    p->unknown_denied = false;
}

/* ---- document ---- */

static void
spec_read(struct residency_load *ld, const struct conf_node *spec, struct residency_policy *p)
{
    static const char *const modes[] = {"enforce", "shadow", "off"}, *const scopes[] = {"span", "trace"}, *const ends[] = {"drop", "refuse"};
    unsigned mode = 0, scope = 0, end = 0;
    bool ok;

    if (conf_shape_check(ld->doc, spec, &shape_residency_spec, ld->es) != RC_OK && spec->kind != CONF_MAP)
        return;
    ok = conf_choice(ld->doc, conf_get(spec, "mode"), modes, 3, &mode, ld->es) == RC_OK;
    ok &= conf_choice(ld->doc, conf_get(spec, "trace_scope"), scopes, 2, &scope, ld->es) == RC_OK;
    ok &= conf_choice(ld->doc, conf_get(spec, "on_unroutable"), ends, 2, &end, ld->es) == RC_OK;
    if (ok) {
        p->mode = mode == 0 ? RULE_ENFORCE : mode == 1 ? RULE_SHADOW : RULE_OFF;
        p->whole_trace = scope == 1;
        p->on_unroutable = end == 0 ? UNROUTABLE_DROP : UNROUTABLE_REFUSE;
    }
    if (ld->re->policy_count == 0)
        destinations_read(ld, spec);
    groups_read(ld, conf_get(spec, "groups"));
    origins_read(ld, conf_get(spec, "origin"), p);
    claims_tag(p);
    unknown_read(ld, conf_get(spec, "unknown_origin"), p);
    if (conf_get(spec, "routes"))
        routes_read(ld, conf_get(spec, "routes"), p);
    else
        load_error(ld, spec, SG_ROUTE, "a ResidencyPolicy has routes: without any, nothing may leave");
}

static struct residency *
residency_new(void)
{
    struct residency *re = calloc(1, sizeof(*re));

    if (!re)
        return NULL;
    re->ar = arena_new(RESIDENCY_BYTES_MAX);
    if (!re->ar) {
        free(re);
        return NULL;
    }
    group_members(&builtin_groups[BUILTIN_EEA], &re->eea);
    return re;
}

void
residency_free(struct residency *r)
{
    if (!r)
        return;
    arena_free(r->ar);
    free(r);
}

static enum rc
policy_read(struct residency_load *ld, const struct conf_node *root)
{
    const struct conf_node *spec = conf_get(root, "spec"), *name = conf_get(conf_get(root, "metadata"), "name");
    struct residency_policy p = {0};
    size_t errors = ld->es->errors;

    if (!spec) {
        load_error(ld, root, SG_RESIDENCY_SPEC, "a ResidencyPolicy has a spec");
        return RC_CONFIG;
    }
    if (ld->re->policy_count == RESIDENCY_POLICIES_MAX) {
        load_error(ld, root, SG_RESIDENCY_LIMIT, "more than %d residency policies", RESIDENCY_POLICIES_MAX);
        return RC_CONFIG;
    }
    ld->policy = load_copy(ld, name && name->kind == CONF_SCALAR && name->text.len ? name->text : STR("residency"));
    ld->groups = arena_calloc(ld->re->ar, RESIDENCY_GROUPS_MAX, sizeof(*ld->groups));
    if (!ld->policy || !ld->groups)
        return RC_NOMEM;
    p.name = ld->policy;
    spec_read(ld, spec, &p);
    if (ld->es->errors != errors)
        return RC_CONFIG;
    if (ld->nomem)
        return RC_NOMEM;
    ld->re->policies[ld->re->policy_count++] = p;
    return RC_OK;
}

enum rc
residency_load(const struct conf_doc *doc, const struct conf_node *root, const struct program_source *src, struct residency **r, struct errs *es)
{
    struct residency_load ld = {.doc = doc, .src = src, .re = *r ? *r : residency_new(), .es = es};
    enum rc rc;

    if (!ld.re)
        return RC_NOMEM;
    rc = policy_read(&ld, root);
    if (rc == RC_OK)
        *r = ld.re;
    else if (ld.re != *r)
        residency_free(ld.re);
    return rc;
}
