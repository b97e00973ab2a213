/* `detectors:` of a test: strings that an entity must, or must not, be found in. */
#include <stdio.h>

#include "policies/detector.h"
#include "policy_test_int.h"

/* The entity of a rule: by its own name, or by that of one of its detectors. */
static struct str
entity_of(struct str name)
{
    const struct detector *d = detector_find(name, 0);

    return d ? str_of(d->entity) : name;
}

static bool
rules_have(const struct program *p, struct str entity)
{
    for (size_t i = 0; i < program_rule_count(p); i++)
        if (str_eq(str_of(program_rule(p, i).entity), entity))
            return true;
    return false;
}

static void
entity_unknown(struct test_suite *s, const struct conf_node *key)
{
    const char *names[PROGRAM_RULES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < program_rule_count(s->prog); i++)
        names[count++] = program_rule(s->prog, i).entity;
    err_hint_nearest(test_error(s, key, SG_TEST_DOCUMENT, "no rule of these policies finds %s", key->text.ptr), key->text, names, count);
}

/* One string: {key: K, text: T}, or the text alone under a key that says nothing. */
static void
string_run(struct test_suite *s, const struct conf_node *n, struct str entity, bool match)
{
    static const char *const names[] = {"key", "text"};
    const struct conf_node *text = n->kind == CONF_MAP ? conf_get(n, "text") : n, *key = conf_get(n, "key");
    struct findings f = {0};
    char name[256], why[256] = "";
    bool found = false;

    if (n->kind == CONF_MAP && conf_map_check(s->doc, n, names, 2, &s->t->es) != RC_OK)
        return;
    if (!text || text->kind != CONF_SCALAR) {
        test_error(s, n, SG_TEST_DOCUMENT, "a string, or {key, text}, is needed");
        return;
    }
    snprintf(name, sizeof(name), "%.*s %s \"%.*s\"", (int)entity.len, entity.ptr, match ? "matches" : "does not match", (int)text->text.len,
        text->text.ptr);
    if (!test_wanted(s->t, str_of(name)))
        return;
    struct arena *ar = arena_new((size_t)16 << 20);

    test_cover_text(s, key ? key->text : STR("test.value"), text->text);
    if (!ar || examine_text(s->ex, PLACE_SPAN_ATTRIBUTE, key ? key->text : STR("test.value"), text->text, ar, &f) != RC_OK)
        s->t->nomem = true;
    for (uint32_t i = 0; i < f.count; i++) {
        bool decided = f.list[i].rule != RULE_UNDECIDABLE;

        if (!decided)
            snprintf(why, sizeof(why), "undecidable: a rule could not run to its end");
        found |= f.list[i].on == FINDING_TEXT && decided && str_eq(str_of(program_rule(s->prog, f.list[i].rule).entity), entity);
    }
    if (found != match && !why[0])
        snprintf(why, sizeof(why), found ? "it was found" : "it was not found");
    test_record(s, n, str_of(name), why[0] ? TEST_FAILED : TEST_PASSED, str_of(why));
    arena_free(ar);
}

static void
strings_run(struct test_suite *s, const struct conf_node *list, struct str entity, bool match)
{
    if (list && list->kind != CONF_LIST) {
        test_error(s, list, SG_TEST_DOCUMENT, "a list of strings is needed");
        return;
    }
    for (unsigned i = 0; list && i < list->count; i++)
        string_run(s, list->items[i], entity, match);
}

void
test_detectors_run(struct test_suite *s, const struct conf_node *n)
{
    if (n && n->kind != CONF_MAP) {
        test_error(s, n, SG_TEST_DOCUMENT, "detectors is a map of entities");
        return;
    }
    for (unsigned i = 0; n && i < n->count; i++) {
        struct str entity = entity_of(n->keys[i]->text);

        if (conf_shape_check(s->doc, n->items[i], &shape_test_strings, &s->t->es) != RC_OK)
            continue;
        if (!rules_have(s->prog, entity)) {
            entity_unknown(s, n->keys[i]);
            continue;
        }
        strings_run(s, conf_get(n->items[i], "match"), entity, true);
        strings_run(s, conf_get(n->items[i], "no_match"), entity, false);
    }
}
