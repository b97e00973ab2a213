#include "enrich_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/secret.h"

#define ENRICH_BYTES_MAX ((size_t)8 << 20)

static const struct enrich_source *const sources[] = {&enrich_static, &enrich_env, &enrich_file, &enrich_podinfo, &enrich_experiment, &enrich_flagd};
#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

struct err *
enrich_error(const struct enrich_load *ld, const struct conf_node *n, unsigned code, const char *fmt, ...)
{
    char text[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return errs_add(ld->es, ERR_ERROR, RC_CONFIG, code, conf_pos(ld->doc, n), "%s", text);
}

struct str
enrich_copy(struct enrich_load *ld, struct str s)
{
    char *copy = arena_alloc(ld->en->ar, s.len + 1);

    if (!copy) {
        ld->nomem = true;
        return (struct str){NULL, 0};
    }
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (struct str){copy, s.len};
}

static bool
attribute_valid(const struct enrich_load *ld, struct err_pos pos, struct str key, struct str value)
{
    const char *why = NULL;

    if (key.len == 0 || key.len > ENRICH_KEY_MAX || !str_utf8_valid(key))
        why = "an attribute's key is 1 to 255 bytes of UTF-8";
    else if (value.len > ENRICH_VALUE_MAX || !str_utf8_valid(value))
        why = "an attribute's value is at most 4096 bytes of UTF-8";
    if (why)
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_ATTRIBUTE, pos, "%s", why);
    return !why;
}

/* Encoded ahead: at run time a field is only copied. */
static bool
addition_encode(struct enrich_load *ld, struct str key, struct str value, struct addition *out)
{
    struct buf field = BUF_INIT(ENRICH_KEY_MAX + ENRICH_VALUE_MAX + 64);
    enum rc rc = emit_key_value(&field, ld->where == PLACE_SPAN_ATTRIBUTE ? 9 : 1, key, value);
    bool ok = false;

    if (rc == RC_OK) {
        *out = (struct addition){enrich_copy(ld, key), enrich_copy(ld, buf_str(&field)), ld->override};
        ok = out->key.ptr && out->field.ptr;
    }
    ld->nomem |= !ok;
    buf_free(&field);
    return ok;
}

/* Between two sources the same rule holds as between a source and the application: the earlier one keeps its attribute, unless the later one overrides. */
void
enrich_add(struct enrich_load *ld, struct err_pos pos, struct str key, struct str value)
{
    struct additions *to = ld->where == PLACE_SPAN_ATTRIBUTE ? &ld->en->span : &ld->en->resource;
    struct addition add;
    unsigned at = 0;

    while (at < to->count && !str_eq(to->list[at].key, key))
        at++;
    if (!attribute_valid(ld, pos, key, value) || (at < to->count && !ld->override))
        return;
    if (at == ENRICH_ATTRIBUTES_MAX) {
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_LIMIT, pos, "more than %d attributes are added", ENRICH_ATTRIBUTES_MAX);
        return;
    }
    if (!addition_encode(ld, key, value, &add))
        return;
    to->list[at] = add;
    to->count += at == to->count;
}

bool
enrich_text(struct enrich_load *ld, const char *key, struct str *value)
{
    const struct conf_node *n = conf_get(ld->node, key);

    if (n)
        return conf_text(ld->doc, n, value, ld->es) == RC_OK;
    enrich_error(ld, ld->node, SG_ENRICH_SOURCE, "%s is missing", key);
    return false;
}

bool
enrich_path(struct enrich_load *ld, const char *key, struct str *value)
{
    const char *file = conf_file(ld->doc), *slash = strrchr(file, '/');
    char full[4096];
    struct str name;

    if (!enrich_text(ld, key, &name))
        return false;
    int dir = slash && name.len && name.ptr[0] != '/' ? (int)(slash + 1 - file) : 0;
    int len = snprintf(full, sizeof(full), "%.*s%.*s", dir, file, (int)name.len, name.ptr);

    if (len < 0 || (size_t)len >= sizeof(full)) {
        enrich_error(ld, conf_get(ld->node, key), SG_ENRICH_FILE, "the path is too long");
        return false;
    }
    *value = enrich_copy(ld, str_of(full));
    return value->ptr != NULL;
}

bool
enrich_read(struct enrich_load *ld, const struct conf_node *n, const char *path, struct buf *out)
{
    enum rc rc;

    *out = BUF_INIT(ENRICH_FILE_MAX + 1);
    rc = file_read(path, ENRICH_FILE_MAX, out);
    if (rc == RC_OK)
        return true;
    enrich_error(ld, n, SG_ENRICH_FILE, "%s cannot be read: %s", path, file_problem(rc));
    buf_free(out);
    return false;
}

/* ---- the enrichment node ---- */

static bool
conflict_read(const struct conf_doc *doc, const struct conf_node *n, bool *override, struct errs *es)
{
    static const char *const names[] = {"keep", "override"};
    unsigned choice = *override;

    if (conf_choice(doc, n, names, 2, &choice, es) != RC_OK)
        return false;
    *override = choice == 1;
    return true;
}

const char *
enrich_type(size_t i, const char *const **keys)
{
    if (i >= SOURCE_COUNT)
        return NULL;
    *keys = sources[i]->keys;
    return sources[i]->type;
}

static const struct enrich_source *
type_find(const struct enrich_load *ld)
{
    const char *names[SOURCE_COUNT];
    struct str type;

    if (!conf_get(ld->node, "type")) {
        enrich_error(ld, ld->node, SG_ENRICH_TYPE, "type is missing");
        return NULL;
    }
    if (conf_text(ld->doc, conf_get(ld->node, "type"), &type, ld->es) != RC_OK)
        return NULL;
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        names[i] = sources[i]->type;
        if (str_eq(type, str_of(names[i])))
            return sources[i];
    }
    err_hint_nearest(enrich_error(ld, conf_get(ld->node, "type"), SG_ENRICH_TYPE, "there is no source of type \"%.*s\"", (int)type.len, type.ptr),
        type, names, SOURCE_COUNT);
    return NULL;
}

static void
source_load(struct enrich_load *ld)
{
    static const char *const places[] = {"resource", "span"};
    const char *keys[16] = {"type", "on_conflict"};
    const struct enrich_source *source;
    size_t count = 2;
    unsigned where = 0;

    if (ld->node->kind != CONF_MAP) {
        enrich_error(ld, ld->node, SG_ENRICH_SOURCE, "a source is a map with a type");
        return;
    }
    source = type_find(ld);
    if (!source)
        return;
    for (const char *const *k = source->keys; *k && count < sizeof(keys) / sizeof(keys[0]); k++)
        keys[count++] = *k;
    if (conf_map_check(ld->doc, ld->node, keys, count, ld->es) != RC_OK ||
        !conflict_read(ld->doc, conf_get(ld->node, "on_conflict"), &ld->override, ld->es) ||
        conf_choice(ld->doc, conf_get(ld->node, "where"), places, 2, &where, ld->es) != RC_OK)
        return;
    ld->where = where == 1 ? PLACE_SPAN_ATTRIBUTE : PLACE_RESOURCE_ATTRIBUTE;
    source->load(ld);
}

static void
sources_load(struct enrich_load *ld, const struct conf_node *n)
{
    const bool override = ld->override;

    if (!n || n->kind == CONF_NULL)
        return;
    if (n->kind != CONF_MAP || n->count > ENRICH_SOURCES_MAX) {
        enrich_error(ld, n, SG_ENRICH_SOURCE, "sources is a map of at most %d sources", ENRICH_SOURCES_MAX);
        return;
    }
    for (unsigned i = 0; i < n->count; i++) {
        ld->node = n->items[i];
        ld->override = override;
        source_load(ld);
    }
}

static struct enricher *
enricher_new(void)
{
    struct arena *ar = arena_new(ENRICH_BYTES_MAX);
    struct enricher *en = ar ? arena_calloc(ar, 1, sizeof(*en)) : NULL;

    if (!en) {
        arena_free(ar);
        return NULL;
    }
    en->ar = ar;
    en->resource.list = arena_calloc(ar, ENRICH_ATTRIBUTES_MAX, sizeof(struct addition));
    en->span.list = arena_calloc(ar, ENRICH_ATTRIBUTES_MAX, sizeof(struct addition));
    en->evaluations = arena_calloc(ar, ENRICH_EVALUATIONS_MAX, sizeof(struct evaluation));
    if (en->resource.list && en->span.list && en->evaluations)
        return en;
    arena_free(ar);
    return NULL;
}

enum rc
enricher_load(const struct conf_doc *doc, const struct conf_node *n, struct enricher **en, struct errs *es)
{
    static const char *const names[] = {"sources", "on_conflict"};
    struct enrich_load ld = {.doc = doc, .en = enricher_new(), .es = es};
    size_t errors = es->errors;

    if (!ld.en)
        return RC_NOMEM;
    if (n && n->kind != CONF_NULL && conf_map_check(doc, n, names, 2, es) == RC_OK &&
        conflict_read(doc, conf_get(n, "on_conflict"), &ld.override, es))
        sources_load(&ld, conf_get(n, "sources"));
    if (es->errors == errors && !ld.nomem) {
        *en = ld.en;
        return RC_OK;
    }
    enricher_free(ld.en);
    return es->errors != errors ? RC_CONFIG : RC_NOMEM;
}
