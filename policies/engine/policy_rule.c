#include <stdio.h>

#include "loader_int.h"
#include "policies/packs.h"

/*
 * A rule of a policy document while it is read. It becomes one rule of the program for each selection. A rule of a pack is read for the rule whose `use` names
 * the pack: it has that one's id, is narrowed by its mode, places, condition and keys, and its action and severity come first.
 */
struct draft {
    const struct conf_doc *doc;
    const struct conf_node *n;
    const struct draft *outer; /* NULL: the policy's own */
    struct str id;
    struct globs keys;
    enum rule_mode mode;
    uint32_t places, destinations;
    bool has_severity;
    unsigned severity;
    struct selection *sel;
    size_t sel_count;
    uint64_t scanners;
};

static const struct local_detector *
local_find(const struct loader *ld, struct str name)
{
    const struct local_detector *d = ld->detectors;

    while (d && !str_eq(d->name, name))
        d = d->next;
    return d;
}

static void
unknown_entity(struct loader *ld, const struct conf_node *n, struct str name)
{
    const char *names[512];
    size_t count = 0, builtin;
    const char *const *known = detector_names(&builtin);

    for (const struct local_detector *d = ld->detectors; d && count < 64; d = d->next)
        names[count++] = d->name.ptr;
    for (size_t i = 0; i < builtin && count < 512; i++)
        names[count++] = known[i];
    err_hint_nearest(policy_error(ld, n, SG_ENTITY, "unknown entity %.*s", (int)name.len, name.ptr), name, names, count);
}

/* Selections of an entity or detector named in a rule. */
static void
select_named(struct loader *ld, const struct conf_node *n, struct str name, struct draft *d)
{
    const struct local_detector *local = local_find(ld, name);

    if (d->sel_count == SELECTIONS_MAX)
        return;
    struct selection *sel = &d->sel[d->sel_count];

    if (local && local->custom) {
        *sel = (struct selection){.entity = local->name, .local = local};
        d->sel_count++;
        return;
    }
    if (!detector_find(name, 0)) {
        unknown_entity(ld, n, name);
        return;
    }
    /* An id selects one detector, an entity all that have it; both are what pack_find does. */
    size_t got = pack_find(ld, name, sel, SELECTIONS_MAX - d->sel_count);

    for (size_t i = 0; i < got; i++)
        sel[i].local = local ? local : local_find(ld, sel[i].entity);
    d->sel_count += got;
}

static void
select_entities(struct loader *ld, const struct conf_node *n, const char *what, struct draft *d)
{
    struct str *list = NULL;
    size_t count = policy_texts(ld, n, what, &list);

    for (size_t i = 0; i < count; i++)
        select_named(ld, n->kind == CONF_LIST ? n->items[i] : n, list[i], d);
}

static void
select_packs(struct loader *ld, const struct conf_node *n, struct draft *d)
{
    struct str *list = NULL;
    size_t count = policy_texts(ld, n, "use", &list), known;
    const char *const *names = pack_names(ld, &known);

    for (size_t i = 0; i < count; i++) {
        struct selection *sel = &d->sel[d->sel_count];

        if (pack_policy(list[i]).ptr || scanners_named(list[i], &d->scanners))
            continue;
        size_t got = pack_find(ld, list[i], sel, SELECTIONS_MAX - d->sel_count);

        if (got == 0)
            err_hint_nearest(policy_error(ld, n->kind == CONF_LIST ? n->items[i] : n, SG_USE, "unknown pack %s", list[i].ptr), list[i], names, known);
        for (size_t k = 0; k < got; k++)
            sel[k].local = local_find(ld, sel[k].entity);
        d->sel_count += got;
    }
    d->sel_count += scanners_select(d->scanners, &d->sel[d->sel_count], SELECTIONS_MAX - d->sel_count);
}

/* `entity` is a selector, or the label of what `regex` finds. */
static void
select_regex(struct loader *ld, struct draft *d)
{
    const struct conf_node *label = conf_get(d->n, "entity");
    struct str entity = label ? policy_name(ld, label, "an entity") : d->id;

    d->sel[0] = (struct selection){.entity = entity, .local = policy_inline_regex(ld, d->n, entity)};
    d->sel_count = d->sel[0].local ? 1 : 0;
}

static void
read_selectors(struct loader *ld, struct draft *d)
{
    const struct conf_node *keys = conf_get(d->n, "keys"), *entity = conf_get(d->n, "entity"), *use = conf_get(d->n, "use");
    const struct conf_node *detector = conf_get(d->n, "detector"), *regex = conf_get(d->n, "regex");

    d->keys = policy_globs(ld, keys, "keys", true);
    if (!keys && d->outer)
        d->keys = d->outer->keys;
    if ((entity && !regex) + (use != NULL) + (detector != NULL) + (regex != NULL) > 1) {
        policy_error(ld, d->n, SG_CONFLICT, "rule %s: entity, use, detector and regex exclude each other", d->id.ptr);
        return;
    }
    if (!regex && (conf_get(d->n, "context") || conf_get(d->n, "min_score")))
        policy_error(ld, d->n, SG_CONFLICT, "rule %s: context and min_score belong to a regex", d->id.ptr);
    if (regex)
        select_regex(ld, d);
    else if (entity || detector)
        select_entities(ld, entity ? entity : detector, entity ? "entity" : "detector", d);
    else if (use)
        select_packs(ld, use, d);
    else if (keys && d->keys.count)
        d->sel[d->sel_count++] = (struct selection){.entity = STR("KEY"), .severity = 1};
    else if (!keys)
        policy_error(ld, d->n, SG_RULE_EMPTY, "rule %s says nothing: it needs keys, entity, use, detector or regex", d->id.ptr);
    if (d->sel_count == SELECTIONS_MAX) /* or more: what did not fit would never be looked for */
        policy_error(ld, d->n, SG_TOO_MANY, "rule %s names %d entities or more", d->id.ptr, SELECTIONS_MAX);
}

static enum rule_mode
narrower(enum rule_mode a, enum rule_mode b)
{
    return a > b ? a : b; /* enforce < shadow < off */
}

static void
read_scope(struct loader *ld, struct draft *d)
{
    static const char *const levels[] = {"0", "1", "2", "3", "note", "low", "medium", "high"};
    const struct conf_node *places = conf_get(d->n, "places"), *severity = conf_get(d->n, "severity");
    unsigned level = 0;

    d->mode = narrower(policy_mode(ld, conf_get(d->n, "mode"), RULE_ENFORCE), d->outer ? d->outer->mode : ld->policy->mode);
    d->places = policy_places(ld, places, PLACES_ALL) & (d->outer ? d->outer->places : ld->policy->places);
    if (places && d->places == 0 && !d->outer)
        policy_error(ld, places, SG_PLACE, "rule %s is restricted to places that the policy does not scan", d->id.ptr);
    d->destinations = policy_when(ld, conf_get(d->n, "when"));
    policy_since(ld, conf_get(d->n, "since"));
    if (d->outer)
        d->destinations &= d->outer->destinations;
    if (severity && conf_choice(ld->doc, severity, levels, 8, &level, ld->es) == RC_OK) {
        d->has_severity = true;
        d->severity = level % 4;
    }
    if (d->outer && d->outer->has_severity) {
        d->has_severity = true;
        d->severity = d->outer->severity;
    }
}

/* Room for one more rule; NULL with an error when there is none. */
static struct rule *
rule_add(struct loader *ld, const struct conf_node *n)
{
    struct program *p = ld->prog;

    if (p->rule_count == PROGRAM_RULES_MAX) {
        policy_error(ld, n, SG_TOO_MANY, "more than %d rules, counting one for each entity", PROGRAM_RULES_MAX);
        return NULL;
    }
    if (p->rule_count == ld->rule_cap) {
        size_t cap = ld->rule_cap ? ld->rule_cap * 2 : 64;
        struct rule *list = arena_grow(p->ar, p->rules, p->rule_count * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            ld->fatal = RC_NOMEM;
            return NULL;
        }
        p->rules = list;
        ld->rule_cap = cap;
    }
    struct rule *r = &p->rules[p->rule_count];

    *r = (struct rule){.policy = (uint8_t)(ld->policy - p->policies), .places = PLACES_ALL, .destinations = UINT32_MAX};
    return r;
}

static bool
read_action(struct loader *ld, const struct draft *d, const struct selection *sel, struct rule *r)
{
    const struct conf_node *n = conf_get(d->n, "action");
    const struct conf_doc *doc = d->doc;

    for (const struct draft *o = d->outer; o; o = o->outer) {
        if (!conf_get(o->n, "action"))
            continue;
        n = conf_get(o->n, "action");
        doc = o->doc;
    }
    struct action_env env = {.src = ld->src, .doc = doc, .es = ld->es, .ar = ld->prog->ar, .at = n, .rule = d->id, .entity = sel->entity};

    if (sel->replacement && !n) {
        r->action = (struct action){.type = &action_replace};
        r->action.replace.text = str_of(sel->replacement);
        return true;
    }
    if (!n) {
        policy_error(ld, d->n, SG_MISSING, "rule %s has no action", d->id.ptr);
        return false;
    }
    enum rc rc = action_read(&env, n, &r->action);

    if (rc == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    /* A number of JSON becomes a number, or null when it is dropped, whatever the action: a word without quotes would break it. */
    if (rc == RC_OK && sel->structure && sel->kind == SCAN_BODY_NUMBER && r->action.type != &action_drop) {
        r->action = (struct action){.type = &action_replace};
        r->action.replace.text = str_of(sel->replacement);
    }
    return rc == RC_OK;
}

static unsigned
severity_of(const struct draft *d, const struct selection *sel)
{
    unsigned severity = sel->severity;

    if (d->has_severity)
        return d->severity;
    if (sel->local && (sel->local->custom || sel->local->has_severity))
        return sel->local->det.severity;
    for (size_t i = 0; i < sel->detector_count; i++)
        severity = sel->detectors[i]->severity > severity ? sel->detectors[i]->severity : severity;
    return severity < 3 ? severity : 3;
}

/* What the rule allows, and what the rules allow that use its pack. */
static void
read_allow(struct loader *ld, const struct draft *d, struct rule *r)
{
    const struct conf_doc *doc = ld->doc;

    for (const struct draft *o = d; o; o = o->outer) {
        ld->doc = o->doc;
        policy_allow(ld, conf_get(o->n, "allow"), &r->allow);
    }
    ld->doc = doc;
    if (r->by_key && conf_get(d->n, "allow"))
        policy_error(ld, conf_get(d->n, "allow"), SG_ALLOW, "rule %s takes whole values by their keys: allow is for what detectors find", d->id.ptr);
}

/* One rule of the program. False when the next selection would only repeat the error. */
static bool
rule_make(struct loader *ld, const struct draft *d, const struct selection *sel)
{
    struct rule *r = rule_add(ld, d->n);

    if (!r || !read_action(ld, d, sel, r))
        return false;
    r->id = d->id.ptr;
    r->entity = policy_dup(ld, sel->entity).ptr;
    r->mode = d->mode;
    r->places = d->places;
    r->destinations = d->destinations;
    if (!sel->structure)
        r->keys = d->keys;
    r->structure = sel->structure;
    r->kind = sel->kind;
    r->by_key = sel->detector_count == 0 && !sel->local && !sel->structure;
    read_allow(ld, d, r);
    r->severity = (uint8_t)severity_of(d, sel);
    r->specific = r->keys.count || r->structure ? 3 : sel->local && sel->local->custom ? 2 : sel->replacement || conf_get(d->n, "use") ? 0 : 1;
    size_t number = ld->prog->rule_count++;

    if (sel->local && sel->local->custom)
        pattern_of_regex(ld, sel->local, number);
    for (size_t i = 0; i < sel->detector_count; i++)
        pattern_of_detector(ld, sel->detectors[i], sel->local, number);
    return true;
}

static void
check_twice(struct loader *ld, const struct conf_node *list, unsigned at, struct str id)
{
    for (unsigned i = 0; i < at; i++) {
        const struct conf_node *other = conf_get(list->items[i], "id");

        if (other && str_eq(other->text, id)) {
            err_hint(policy_error(ld, conf_get(list->items[at], "id"), SG_RULE_TWICE, "rule %s is there already", id.ptr), "first at line %u",
                other->line);
            return;
        }
    }
}

/* The rules of a pack, each as a part of this one. What else the pack's spec says (hold_out, keys, match) holds where the pack is a policy of its own. */
static void
use_pack(struct loader *ld, const struct draft *d, const struct conf_node *n, struct str name)
{
    const struct loader before = *ld;
    struct conf_doc *doc = NULL;
    char file[80];

    if (ld->pack_depth == PACK_DEPTH_MAX) {
        policy_error(ld, n, SG_USE, "packs use packs deeper than %d", PACK_DEPTH_MAX);
        return;
    }
    snprintf(file, sizeof(file), PACK_PREFIX "%.*s", (int)name.len, name.ptr);
    enum rc rc = conf_load_text(file, pack_policy(name), false, &doc, ld->es);

    if (rc == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    if (rc != RC_OK)
        return;
    const struct conf_node *spec = conf_get(conf_root(doc, 0), "spec");

    ld->doc = doc;
    ld->outer = d;
    ld->pack_depth++;
    policy_detectors(ld, conf_get(spec, "detectors"));
    policy_rules(ld, conf_get(spec, "rules"));
    ld->doc = before.doc;
    ld->detectors = before.detectors;
    ld->outer = before.outer;
    ld->pack_depth = before.pack_depth;
    conf_free(doc);
}

static void
use_packs(struct loader *ld, const struct draft *d)
{
    const struct conf_node *use = conf_get(d->n, "use");

    for (unsigned i = 0; use && i < (use->kind == CONF_LIST ? use->count : 1) && ld->fatal == RC_OK; i++) {
        const struct conf_node *n = use->kind == CONF_LIST ? use->items[i] : use;

        if (n->kind == CONF_SCALAR && pack_policy(n->text).ptr)
            use_pack(ld, d, n, n->text);
    }
}

/* What is kept of a value is one again, and replaced by the next gate. */
static void
warn_of_parts(struct loader *ld, const struct draft *d, size_t first)
{
    const struct rule *rules = ld->prog->rules;

    for (size_t i = first; i < ld->prog->rule_count; i++) {
        const struct action *a = &rules[i].action;
        bool all = a->type == &action_mask && a->mask.keep_first == 0 && a->mask.keep_last == 0;

        if (!rules[i].structure || !a->type->partial || all)
            continue;
        policy_warning(ld, conf_get(d->n, "action"), SG_REPLACEMENT,
            "rule %s: %s keeps a part of what scanners find, which a second gate finds again", d->id.ptr, a->type->name);
        return;
    }
}

/* Keys are those of attributes; only scanners know names of other places. */
static void
check_keys_have_place(struct loader *ld, const struct draft *d)
{
    if (d->outer || d->scanners || d->places == 0 || !conf_get(d->n, "keys"))
        return;
    for (unsigned p = 0; p < PLACE_COUNT_; p++)
        if (place_is_attribute((enum place)p) && (d->places >> p & 1))
            return;
    policy_error(ld, conf_get(d->n, "keys"), SG_PLACE, "rule %s looks under keys, and in no place that has any", d->id.ptr);
}

static void
read_rule(struct loader *ld, const struct conf_node *list, unsigned at, struct selection *sel)
{
    struct draft d = {.doc = ld->doc, .n = list->items[at], .outer = ld->outer, .sel = sel};

    if (!policy_map_check(ld, d.n, &shape_rule) && d.n->kind != CONF_MAP)
        return;
    if (!conf_get(d.n, "id")) {
        policy_error(ld, d.n, SG_MISSING, "a rule needs an id");
        return;
    }
    d.id = policy_name(ld, conf_get(d.n, "id"), "a rule's id");
    if (d.id.len)
        check_twice(ld, list, at, d.id);
    if (d.outer)
        d.id = d.outer->id;
    read_scope(ld, &d);
    read_selectors(ld, &d);
    check_keys_have_place(ld, &d);
    size_t first = ld->prog->rule_count;

    for (size_t i = 0; i < d.sel_count && ld->fatal == RC_OK; i++)
        if (!rule_make(ld, &d, &d.sel[i]))
            return;
    scanners_use(ld, d.n, d.scanners, &d.keys, first);
    warn_of_parts(ld, &d, first);
    use_packs(ld, &d);
}

void
policy_rules(struct loader *ld, const struct conf_node *n)
{
    struct selection *sel = n ? policy_alloc(ld, SELECTIONS_MAX, sizeof(*sel)) : NULL;

    if (!sel)
        return;
    if (n->kind != CONF_LIST) {
        policy_error(ld, n, SG_MISSING, "rules is a list");
        return;
    }
    for (unsigned i = 0; i < n->count && ld->fatal == RC_OK; i++)
        read_rule(ld, n, i, sel);
}

uint16_t
policy_closing_rule(struct loader *ld)
{
    struct rule *r = rule_add(ld, NULL);

    if (!r)
        return 0;
    r->id = "keys";
    r->entity = "KEY_NOT_ALLOWED";
    r->mode = ld->policy->mode;
    r->places = ld->policy->places;
    r->by_key = true;
    r->severity = 3;
    r->action = (struct action){.type = &action_drop};
    return (uint16_t)ld->prog->rule_count++;
}
