/*
 * Flags from a flagd file (https://flagd.dev/schema/v0/flags.json) whose value depends on nothing: a flag with targeting rules is refused, because a value
 * that is guessed would be wrong data. The home of Jansson in this layer.
 */
#include <jansson.h>

#include "enrich_int.h"

struct flag_file {
    struct enrich_load *ld;
    const char *path;
    struct str text;
    struct evaluation base; /* with the unit */
    enum enrich_emit emit;
    const char *set_id;
};

static struct err_pos
text_pos(const struct flag_file *f, size_t off)
{
    struct err_pos pos = {f->path, 1, 1, 1};

    for (size_t i = 0; i < off && i < f->text.len; i++) {
        pos.col++;
        if (f->text.ptr[i] == '\n') {
            pos.line++;
            pos.col = 1;
        }
    }
    return pos;
}

/* Jansson does not say where a value stood: the first place of the quoted key is it, but for keys that are written with escapes or stand twice. */
static struct err_pos
key_pos(const struct flag_file *f, const char *key)
{
    struct str name = str_of(key);

    for (size_t from = 0; from + name.len + 2 <= f->text.len;) {
        size_t at = str_find(str_sub(f->text, from, f->text.len), name);

        if (at == SIZE_MAX)
            break;
        at += from;
        if (at > 0 && f->text.ptr[at - 1] == '"' && at + name.len < f->text.len && f->text.ptr[at + name.len] == '"')
            return text_pos(f, at - 1);
        from = at + 1;
    }
    return (struct err_pos){f->path, 1, 1, 1};
}

static struct err *
flag_error(const struct flag_file *f, const char *key, const char *what)
{
    return errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, key_pos(f, key), "flag \"%.100s\": %s", key, what);
}

static bool
members_known(const struct flag_file *f, const char *flag, json_t *object)
{
    static const char *const names[] = {"state", "variants", "defaultVariant", "targeting", "metadata"};
    const char *key;
    json_t *value;
    bool ok = true;

    json_object_foreach(object, key, value)
    {
        size_t i = 0;

        while (i < 5 && strcmp(names[i], key) != 0)
            i++;
        if (i < 5)
            continue;
        err_hint_nearest(
            errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, key_pos(f, key), "flag \"%.100s\" has no member \"%.60s\"", flag, key),
            str_of(key), names, 5);
        ok = false;
    }
    return ok;
}

static bool
flag_valid(const struct flag_file *f, const char *key, json_t *flag)
{
    json_t *targeting = json_object_get(flag, "targeting"), *chosen = json_object_get(flag, "defaultVariant");
    const char *state = json_string_value(json_object_get(flag, "state")), *what = NULL;

    if (!json_is_object(flag)) {
        flag_error(f, key, "is no object");
        return false;
    }
    if (!members_known(f, key, flag))
        return false;
    if (!state || (strcmp(state, "ENABLED") != 0 && strcmp(state, "DISABLED") != 0))
        what = "state is ENABLED or DISABLED";
    else if (!json_is_object(json_object_get(flag, "variants")))
        what = "variants is an object";
    else if (targeting && !json_is_null(targeting) && !json_is_object(targeting))
        what = "targeting is an object";
    else if (json_object_size(targeting) > 0)
        what = "has targeting rules, which are not evaluated here";
    else if (chosen && !json_is_null(chosen) &&
             (!json_is_string(chosen) || !json_object_get(json_object_get(flag, "variants"), json_string_value(chosen))))
        what = "defaultVariant is none of its variants";
    else if (key[0] == '\0' || strlen(key) > ENRICH_KEY_MAX)
        what = "a flag's key is 1 to 255 bytes";
    else
        return true;
    struct err *e = flag_error(f, key, what);

    if (json_object_size(targeting) > 0)
        err_hint(e, "give the flag an empty targeting, or describe it as a source of type experiment");
    return false;
}

/* A member of the flag's metadata; metadata of the file stands for flags that have none. */
static const char *
metadata_text(json_t *flag, const char *name)
{
    return json_string_value(json_object_get(json_object_get(flag, "metadata"), name));
}

static void
flag_load(const struct flag_file *f, const char *key, json_t *flag)
{
    const char *set_id = metadata_text(flag, "flagSetId"), *chosen = json_string_value(json_object_get(flag, "defaultVariant"));
    struct evaluation_words words = {.key = str_of(key), .provider = STR("flagd"), .version = str_of(metadata_text(flag, "version"))};
    struct evaluation ev = f->base;

    if (!flag_valid(f, key, flag))
        return;
    words.set_id = str_of(set_id ? set_id : f->set_id);
    if (strcmp(json_string_value(json_object_get(flag, "state")), "DISABLED") == 0) {
        words.reason = STR("disabled");
    } else if (chosen) {
        words.reason = STR("static");
        words.variant = str_of(chosen);
    } else {
        words.reason = STR("default"); /* the application's code decides */
    }
    if (words.variant.len > ENRICH_VALUE_MAX || words.set_id.len > ENRICH_VALUE_MAX || words.version.len > ENRICH_VALUE_MAX) {
        flag_error(f, key, "variant, flagSetId and version are at most 4096 bytes");
        return;
    }
    ev.key = enrich_copy(f->ld, words.key);
    ev.outcomes = arena_calloc(f->ld->en->ar, 1, sizeof(*ev.outcomes));
    if (!ev.key.ptr || !ev.outcomes) {
        f->ld->nomem = true;
        return;
    }
    evaluation_outcome(f->ld, f->emit, &words, ev.outcomes);
    evaluation_add(f->ld, key_pos(f, key), &ev);
}

static void
flags_load(struct flag_file *f, json_t *root)
{
    json_t *flags = json_object_get(root, "flags"), *flag;
    const char *key;

    if (!json_is_object(flags)) {
        errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, key_pos(f, "flags"), "a flagd file has an object flags");
        return;
    }
    f->set_id = metadata_text(root, "flagSetId");
    json_object_foreach(flags, key, flag)
    {
        flag_load(f, key, flag);
    }
}

static void
flagd_load(struct enrich_load *ld)
{
    struct flag_file f = {.ld = ld};
    struct str path;
    struct buf text;
    json_error_t error;
    json_t *root;

    ld->where = PLACE_SPAN_ATTRIBUTE;
    if (!evaluation_emit(ld, &f.emit) || !evaluation_unit(ld, "targeting_key", false, &f.base) || !enrich_text(ld, "file", &path) ||
        !enrich_read(ld, conf_get(ld->node, "file"), path.ptr, &text))
        return;
    f.path = path.ptr;
    f.text = buf_str(&text);
    root = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (root)
        flags_load(&f, root);
    else
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG,
            (struct err_pos){f.path, error.line > 0 ? (unsigned)error.line : 1, error.column > 0 ? (unsigned)error.column : 1, 1},
            "not a JSON file: %s", error.text);
    json_decref(root);
    buf_free(&text);
}

static const char *const keys[] = {"file", "targeting_key", "emit", NULL};
const struct enrich_source enrich_flagd = {"flagd", "flags without targeting rules from a flagd file", keys, flagd_load};
