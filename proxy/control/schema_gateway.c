/* The gateway file: its tables are those of config_tables.c. */
#include <stdio.h>

#include "config_checks_int.h"
#include "config_int.h"
#include "policies/enrich.h"
#include "schema_int.h"

#define SECTIONS_MAX 64
#define EXPANDED "\\$\\{" /* ${env:NAME}: what it becomes is not known here */

/* Sections by the path of their keys, those that are referred to first. */
struct sections {
    const struct section *list[SECTIONS_MAX];
    char names[SECTIONS_MAX][96];
    size_t count;
};

static const char *
section_ref(struct sections *s, const char *outer, const struct field *f)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i] == f->section)
            return s->names[i];
    if (s->count == SECTIONS_MAX)
        return "";
    snprintf(s->names[s->count], sizeof(s->names[0]), "%s%s%s", outer, outer[0] ? "." : "", f->name);
    s->list[s->count] = f->section;
    return s->names[s->count++];
}

static void
put_ref(struct json *j, const char *name)
{
    json_array(j, "allOf");
    schema_ref(j, name);
    json_close_array(j);
}

/* A number, or what stands for one. */
static void
put_number(struct json *j, const struct field *f)
{
    json_array(j, "anyOf");
    json_object(j, NULL);
    json_cstr(j, "type", "integer");
    if (f->min < f->max) {
        json_u64(j, "minimum", f->min);
        json_u64(j, "maximum", f->max);
    }
    json_close_object(j);
    json_object(j, NULL);
    json_cstr(j, "type", "string");
    json_cstr(j, "pattern", EXPANDED);
    json_close_object(j);
    json_close_array(j);
}

static void
put_pattern(struct json *j, const char *pattern)
{
    json_cstr(j, "type", "string");
    json_cstr(j, "pattern", pattern);
}

static void
put_duration(struct json *j)
{
    json_array(j, "anyOf");
    json_object(j, NULL);
    json_u64(j, "const", 0);
    json_close_object(j);
    json_object(j, NULL);
    put_pattern(j, "^([0-9]+(ms|s|m|h|d))+$|^0$|" EXPANDED);
    json_close_object(j);
    json_close_array(j);
}

static void
put_list_of(struct json *j, const char *const *words)
{
    json_cstr(j, "type", "array");
    json_u64(j, "minItems", 1);
    json_object(j, "items");
    if (words)
        schema_words(j, words);
    else
        schema_text(j);
    json_close_object(j);
}

/* In an open object: one key of TLS. */
static void
put_tls_key(struct json *j, const char *key)
{
    static const char *const versions[] = {"1.2", "1.3", NULL}, *const identities[] = {"spiffe_id", "dns_san", "subject_cn", NULL};

    if (strcmp(key, "insecure") == 0) {
        json_cstr(j, "type", "boolean");
    } else if (strcmp(key, "identity") == 0) {
        put_list_of(j, identities);
    } else if (strcmp(key, "allow") == 0) {
        put_list_of(j, NULL);
    } else if (strcmp(key, "min_version") == 0) {
        json_array(j, "anyOf"); /* 1.3 without quotes is read as the text that it is */
        json_object(j, NULL);
        schema_words(j, versions);
        json_close_object(j);
        json_object(j, NULL);
        json_cstr(j, "type", "number");
        json_close_object(j);
        json_close_array(j);
    } else {
        schema_text(j);
    }
}

static const char *const conflicts[] = {"keep", "override", NULL};

/* A key of a map with one of some words. */
static void
put_words(struct json *j, const char *key, const char *const *words)
{
    json_object(j, key);
    schema_words(j, words);
    json_close_object(j);
}

/* For each type of source: the keys that its map may have. */
static void
put_source_types(struct json *j)
{
    const char *const *keys;
    const char *type;

    json_array(j, "allOf");
    for (size_t i = 0; (type = enrich_type(i, &keys)) != NULL; i++) {
        json_object(j, NULL);
        json_object(j, "if");
        json_object(j, "properties");
        json_object(j, "type");
        json_cstr(j, "const", type);
        json_close_object(j);
        json_close_object(j);
        json_close_object(j);
        json_object(j, "then");
        json_object(j, "propertyNames");
        json_array(j, "enum");
        json_cstr(j, NULL, "type");
        json_cstr(j, NULL, "on_conflict");
        for (; *keys; keys++)
            json_cstr(j, NULL, *keys);
        json_close_array(j);
        json_close_object(j);
        json_close_object(j);
        json_close_object(j);
    }
    json_close_array(j);
}

static void
put_source(struct json *j)
{
    static const char *const places[] = {"resource", "span", NULL}, *const emits[] = {"span_event", "attributes", "both", NULL};
    const char *types[16] = {NULL}, *const * keys;

    for (size_t i = 0; i + 1 < sizeof(types) / sizeof(types[0]) && enrich_type(i, &keys); i++)
        types[i] = enrich_type(i, &keys);
    json_cstr(j, "type", "object");
    json_array(j, "required");
    json_cstr(j, NULL, "type");
    json_close_array(j);
    json_object(j, "properties");
    put_words(j, "type", types);
    put_words(j, "on_conflict", conflicts);
    put_words(j, "where", places);
    put_words(j, "emit", emits);
    json_close_object(j);
    put_source_types(j);
}

/* In an open object: the enrichment section, which reads itself. */
static void
put_enrichment(struct json *j)
{
    json_cstr(j, "type", "object");
    json_bool(j, "additionalProperties", false);
    json_object(j, "properties");
    put_words(j, "on_conflict", conflicts);
    json_object(j, "sources");
    json_array(j, "anyOf");
    json_object(j, NULL);
    json_cstr(j, "type", "null");
    json_close_object(j);
    json_object(j, NULL);
    json_cstr(j, "type", "object");
    json_object(j, "additionalProperties");
    put_source(j);
    json_close_object(j);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
    json_close_object(j);
}

/* What reads itself: TLS has a list of keys, a list or a map is one, the rest can be anything. */
static void
put_custom(struct json *j, const struct field *f)
{
    bool server = f->read == config_read_server_tls;
    size_t count;

    if (f->read == config_read_version)
        json_u64(j, "const", 1);
    if (f->read == config_read_enrichment)
        put_enrichment(j);
    if (f->read == config_read_headers) {
        json_cstr(j, "type", "object");
        json_object(j, "additionalProperties");
        schema_text(j);
        json_close_object(j);
    }
    if (!server && f->read != config_read_client_tls)
        return;
    const char *const *keys = tls_options_keys(server, &count);

    json_cstr(j, "type", "object");
    json_bool(j, "additionalProperties", false);
    json_object(j, "properties");
    for (size_t i = 0; i < count; i++) {
        json_object(j, keys[i]);
        put_tls_key(j, keys[i]);
        json_close_object(j);
    }
    json_close_object(j);
}

static void
put_type(struct json *j, struct sections *s, const char *name, const struct field *f)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_PATH:
        schema_text(j);
        break;
    case FIELD_NUMBER:
    case FIELD_MIB:
        put_number(j, f);
        break;
    case FIELD_DURATION:
        put_duration(j);
        break;
    case FIELD_CHOICE:
        schema_words(j, f->choices);
        break;
    case FIELD_ENDPOINT:
        put_pattern(j, ":[0-9]+$|^none$|" EXPANDED);
        break;
    case FIELD_SECTION:
        put_ref(j, section_ref(s, name, f));
        break;
    case FIELD_LIST:
    case FIELD_NAMED:
        json_cstr(j, "type", f->type == FIELD_LIST ? "array" : "object");
        json_object(j, f->type == FIELD_LIST ? "items" : "additionalProperties");
        put_ref(j, section_ref(s, name, f));
        json_close_object(j);
        break;
    case FIELD_CUSTOM:
        put_custom(j, f);
        break;
    }
}

/* A key with nothing behind it is one that is left out. */
static void
put_field(struct json *j, struct sections *s, const char *name, const struct field *f)
{
    json_object(j, f->name);
    json_cstr(j, "description", f->doc);
    if (f->required) {
        put_type(j, s, name, f);
    } else {
        json_array(j, "anyOf");
        json_object(j, NULL);
        put_type(j, s, name, f);
        json_close_object(j);
        json_object(j, NULL);
        json_cstr(j, "type", "null");
        json_close_object(j);
        json_close_array(j);
    }
    if (f->fallback)
        json_cstr(j, "default", f->fallback);
    json_close_object(j);
}

/* Members of an open object. */
static void
put_section(struct json *j, struct sections *s, const char *name, const struct section *sec)
{
    bool required = false;

    json_cstr(j, "type", "object");
    json_bool(j, "additionalProperties", false);
    json_object(j, "properties");
    for (const struct field *f = sec->fields; f->name; f++) {
        put_field(j, s, name, f);
        required |= f->required;
    }
    json_close_object(j);
    if (!required)
        return;
    json_array(j, "required");
    for (const struct field *f = sec->fields; f->name; f++)
        if (f->required)
            json_cstr(j, NULL, f->name);
    json_close_array(j);
}

void
schema_gateway(struct json *j)
{
    struct sections s = {.count = 0};

    put_section(j, &s, "", &config_root_section);
    json_object(j, "definitions");
    for (size_t i = 0; i < s.count; i++) { /* grows on the way */
        json_object(j, s.names[i]);
        put_section(j, &s, s.names[i], s.list[i]);
        json_close_object(j);
    }
    json_close_object(j);
}
