#include "schema_int.h"

#include <stdio.h>

#include "policies/shapes.h"
#include "policy_test_int.h"

#define SHAPES_MAX 64
#define LISTS_MAX 8
#define DAY_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

/* What is referred to, and so has to be defined. */
struct printer {
    struct json *j;
    const struct conf_shape *shapes[SHAPES_MAX];
    size_t shape_count;
    const char *const *(*lists[LISTS_MAX])(void);
    size_t list_count;
    bool actions, actions_put;
};

/* ---- forms ---- */

void
schema_text(struct json *j)
{
    json_array(j, "type");
    json_cstr(j, NULL, "string");
    json_cstr(j, NULL, "number");
    json_cstr(j, NULL, "boolean");
    json_close_array(j);
}

void
schema_words(struct json *j, const char *const *words)
{
    json_array(j, "enum");
    for (; *words; words++) {
        uint64_t number;

        json_cstr(j, NULL, *words);
        if (str_to_u64(str_of(*words), &number))
            json_u64(j, NULL, number);
    }
    json_close_array(j);
}

void
schema_ref(struct json *j, const char *name)
{
    char ref[128];

    snprintf(ref, sizeof(ref), "#/definitions/%s", name);
    json_object(j, NULL);
    json_cstr(j, "$ref", ref);
    json_close_object(j);
}

/* In an open object: a reference beside which a description can stand. */
static void
put_ref(struct json *j, const char *name)
{
    json_array(j, "allOf");
    schema_ref(j, name);
    json_close_array(j);
}

static const char *
shape_ref(struct printer *p, const struct conf_shape *s)
{
    size_t i = 0;

    while (i < p->shape_count && p->shapes[i] != s)
        i++;
    if (i == p->shape_count && i < SHAPES_MAX)
        p->shapes[p->shape_count++] = s;
    return s->name;
}

static void
list_name(struct printer *p, const char *const *(*words)(void), char out[32])
{
    size_t i = 0;

    while (i < p->list_count && p->lists[i] != words)
        i++;
    if (i == p->list_count && i < LISTS_MAX)
        p->lists[p->list_count++] = words;
    snprintf(out, 32, "words_%zu", i + 1);
}

/* ---- fields ---- */

/* One text of a field that has words, as members of an open object. */
static void
put_word(struct printer *p, const struct conf_field *f)
{
    char name[32];

    if (f->words) {
        schema_words(p->j, f->words);
    } else if (f->words_of) {
        list_name(p, f->words_of, name);
        put_ref(p->j, name);
    } else {
        schema_text(p->j);
    }
}

static void
put_one_or_list(struct printer *p, const struct conf_field *f)
{
    struct json *j = p->j;

    json_array(j, "anyOf");
    json_object(j, NULL);
    put_word(p, f);
    json_close_object(j);
    json_object(j, NULL);
    json_cstr(j, "type", "array");
    json_object(j, "items");
    put_word(p, f);
    json_close_object(j);
    json_close_object(j);
    json_close_array(j);
}

static void
put_either(struct printer *p, const struct conf_field *f)
{
    struct json *j = p->j;

    if (!f->of) {
        p->actions = true;
        put_ref(j, "action");
        return;
    }
    json_array(j, "anyOf");
    json_object(j, NULL);
    schema_words(j, f->words);
    json_close_object(j);
    schema_ref(j, shape_ref(p, f->of));
    json_close_array(j);
}

static void
put_range(struct json *j, const struct conf_field *f)
{
    json_cstr(j, "type", "integer");
    json_u64(j, "minimum", f->min);
    json_u64(j, "maximum", f->max);
}

static void
put_inner(struct printer *p, const struct conf_field *f)
{
    struct json *j = p->j;

    if (f->type == CONF_INNER) {
        put_ref(j, shape_ref(p, f->of));
        return;
    }
    json_cstr(j, "type", f->type == CONF_INNERS ? "array" : "object");
    json_object(j, f->type == CONF_INNERS ? "items" : "additionalProperties");
    put_ref(j, shape_ref(p, f->of));
    json_close_object(j);
}

static void
put_items(struct printer *p, const struct conf_field *f)
{
    struct json *j = p->j;

    json_cstr(j, "type", "array");
    if (!f->of)
        return;
    json_object(j, "items");
    json_array(j, "anyOf");
    json_object(j, NULL);
    schema_text(j);
    json_close_object(j);
    schema_ref(j, shape_ref(p, f->of));
    json_close_array(j);
    json_close_object(j);
}

static void
put_type(struct printer *p, const struct conf_field *f)
{
    struct json *j = p->j;

    switch (f->type) {
    case CONF_TEXT:
        schema_text(j);
        break;
    case CONF_BOOL:
        json_cstr(j, "type", "boolean");
        break;
    case CONF_NUMBER:
        put_range(j, f);
        break;
    case CONF_SHARE:
        json_cstr(j, "type", "number");
        json_u64(j, "minimum", 0);
        json_u64(j, "maximum", 1);
        break;
    case CONF_DAY:
        json_cstr(j, "type", "string");
        json_cstr(j, "pattern", DAY_PATTERN);
        break;
    case CONF_WORD:
        put_word(p, f);
        break;
    case CONF_TEXTS:
    case CONF_WORDS:
        put_one_or_list(p, f);
        break;
    case CONF_INNER:
    case CONF_INNERS:
    case CONF_NAMED:
        put_inner(p, f);
        break;
    case CONF_EITHER:
        put_either(p, f);
        break;
    case CONF_VALUES:
        json_cstr(j, "type", "object");
        break;
    case CONF_ITEMS:
        put_items(p, f);
        break;
    case CONF_ANY:
        break;
    }
}

static void
put_shape(struct printer *p, const struct conf_shape *s)
{
    struct json *j = p->j;
    bool required = false;

    json_object(j, s->name);
    json_cstr(j, "type", "object");
    json_bool(j, "additionalProperties", false);
    json_object(j, "properties");
    for (const struct conf_field *f = s->fields; f->name; f++) {
        json_object(j, f->name);
        json_cstr(j, "description", f->doc);
        put_type(p, f);
        json_close_object(j);
        required |= f->required;
    }
    json_close_object(j);
    if (required) {
        json_array(j, "required");
        for (const struct conf_field *f = s->fields; f->name; f++)
            if (f->required)
                json_cstr(j, NULL, f->name);
        json_close_array(j);
    }
    json_close_object(j);
}

/* ---- words of tables ---- */

/* Suggested; a policy can have detectors of its own. */
static void
put_list(struct json *j, const char *name, const char *const *words)
{
    json_object(j, name);
    json_array(j, "anyOf");
    json_object(j, NULL);
    schema_words(j, words);
    json_close_object(j);
    json_object(j, NULL);
    json_cstr(j, "type", "string");
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

/* In an open object: what stands behind the name of an action. */
static void
put_argument(struct printer *p, const struct shape_argument *a)
{
    struct json *j = p->j;

    if (a->required) {
        put_ref(j, shape_ref(p, a->of));
        return;
    }
    json_array(j, "anyOf");
    json_object(j, NULL);
    json_cstr(j, "type", "null");
    json_close_object(j);
    if (a->of) {
        schema_ref(j, shape_ref(p, a->of));
    } else if (a->example) {
        json_object(j, NULL);
        schema_text(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
put_action_names(struct json *j)
{
    json_object(j, NULL);
    json_array(j, "enum");
    for (const char *const *a = shape_actions(); *a; a++)
        if (!shape_action_argument(*a).required)
            json_cstr(j, NULL, *a);
    json_close_array(j);
    json_close_object(j);
}

/* What an editor offers for actions that need an argument: their names alone are none. */
static void
put_snippets(struct json *j)
{
    json_array(j, "defaultSnippets");
    for (const char *const *a = shape_actions(); *a; a++) {
        const struct shape_argument argument = shape_action_argument(*a);

        if (!argument.required)
            continue;
        json_object(j, NULL);
        json_cstr(j, "label", *a);
        json_object(j, "body");
        json_object(j, *a);
        for (const struct conf_field *f = argument.of->fields; f->name; f++)
            if (f->required)
                json_cstr(j, f->name, "$1");
        json_close_object(j);
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
put_actions(struct printer *p)
{
    struct json *j = p->j;
    char text[240];

    json_object(j, "action");
    put_snippets(j);
    json_array(j, "anyOf");
    put_action_names(j);
    json_object(j, NULL);
    json_cstr(j, "type", "object");
    json_bool(j, "additionalProperties", false);
    json_u64(j, "minProperties", 1);
    json_u64(j, "maxProperties", 1);
    json_object(j, "properties");
    for (const char *const *a = shape_actions(); *a; a++) {
        const struct shape_argument argument = shape_action_argument(*a);

        snprintf(text, sizeof(text), "%s%s", argument.example ? "such as " : "takes no argument", argument.example ? argument.example : "");
        json_object(j, *a);
        json_cstr(j, "description", text);
        put_argument(p, &argument);
        json_close_object(j);
    }
    json_close_object(j);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
}

/* ---- documents ---- */

static void
put_kind(struct printer *p, const struct conf_shape *s)
{
    struct json *j = p->j;

    json_object(j, NULL);
    json_object(j, "if");
    json_array(j, "required");
    json_cstr(j, NULL, "kind");
    json_close_array(j);
    json_object(j, "properties");
    json_object(j, "kind");
    json_cstr(j, "const", s->name);
    json_close_object(j);
    json_close_object(j);
    json_close_object(j);
    json_object(j, "then");
    put_ref(j, shape_ref(p, s));
    json_close_object(j);
    json_close_object(j);
}

/* A file may hold documents of all kinds. */
static void
put_documents(struct printer *p)
{
    static const struct conf_shape *const kinds[] = {&shape_redaction, &shape_residency, &shape_test};
    struct json *j = p->j;

    json_cstr(j, "type", "object");
    json_array(j, "required");
    json_cstr(j, NULL, "apiVersion");
    json_cstr(j, NULL, "kind");
    json_close_array(j);
    json_object(j, "properties");
    json_object(j, "apiVersion");
    json_cstr(j, "const", "spangate/v1");
    json_close_object(j);
    json_object(j, "kind");
    json_array(j, "enum");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_cstr(j, NULL, kinds[i]->name);
    json_close_array(j);
    json_close_object(j);
    json_close_object(j);
    json_array(j, "allOf");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        put_kind(p, kinds[i]);
    json_close_array(j);
    json_object(j, "definitions");
    for (size_t i = 0; i < p->shape_count; i++) { /* grows on the way */
        put_shape(p, p->shapes[i]);
        if (p->actions && !p->actions_put)
            put_actions(p);
        p->actions_put = p->actions;
    }
    for (size_t i = 0; i < p->list_count; i++) {
        char name[32];

        snprintf(name, sizeof(name), "words_%zu", i + 1);
        put_list(j, name, p->lists[i]());
    }
    json_close_object(j);
}

enum rc
schema_print(enum schema_kind kind, struct buf *out)
{
    static const char *const titles[] = {
        [SCHEMA_GATEWAY] = "spangate gateway.yaml", [SCHEMA_POLICY] = "spangate *.policy.yaml", [SCHEMA_TEST] = "spangate *.test.yaml"};
    struct json j = json_begin(out);
    struct printer p = {.j = &j};

    json_object(&j, NULL);
    json_cstr(&j, "$schema", "http://json-schema.org/draft-07/schema#");
    json_cstr(&j, "title", titles[kind]);
    if (kind == SCHEMA_GATEWAY)
        schema_gateway(&j);
    else
        put_documents(&p);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}
