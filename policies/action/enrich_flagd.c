/*
 * Flags from a flagd file (https://flagd.dev/schema/v0/flags.json) whose value depends on nothing: a flag with targeting rules is refused, because a value
 * that is guessed would be wrong data. flagd reads JSON and YAML; the reader of configurations reads both, and says where an error is.
 */
#include "enrich_int.h"

struct flag_file {
    struct enrich_load *ld;
    const struct conf_doc *doc;
    struct evaluation base; /* with the unit */
    enum enrich_emit emit;
    struct str set_id;
};

static struct err *
flag_error(const struct flag_file *f, const struct conf_node *at, struct str key, const char *what)
{
    return errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, conf_pos(f->doc, at), "flag \"%.*s\": %s", (int)(key.len < 100 ? key.len : 100),
        key.ptr, what);
}

static bool
is_text(const struct conf_node *n, const char *text)
{
    return n && n->kind == CONF_SCALAR && str_eq(n->text, str_of(text));
}

static bool
given(const struct conf_node *n)
{
    return n && n->kind != CONF_NULL;
}

static bool
flag_valid(const struct flag_file *f, const struct conf_node *name, const struct conf_node *flag)
{
    static const char *const names[] = {"state", "variants", "defaultVariant", "targeting", "metadata"};
    const struct conf_node *state = conf_get(flag, "state"), *variants = conf_get(flag, "variants"), *targeting = conf_get(flag, "targeting"),
                           *chosen = conf_get(flag, "defaultVariant"), *at = flag;
    const char *what = NULL;

    if (conf_map_check(f->doc, flag, names, 5, f->ld->es) != RC_OK)
        return false;
    if (!is_text(state, "ENABLED") && !is_text(state, "DISABLED")) {
        at = state;
        what = "state is ENABLED or DISABLED";
    } else if (!variants || variants->kind != CONF_MAP) {
        at = variants;
        what = "variants is an object";
    } else if (given(targeting) && targeting->kind != CONF_MAP) {
        at = targeting;
        what = "targeting is an object";
    } else if (given(targeting) && targeting->count > 0) {
        at = targeting;
        what = "has targeting rules, which are not evaluated here";
    } else if (given(chosen) && (chosen->kind != CONF_SCALAR || !conf_get(variants, chosen->text.ptr) || chosen->text.len > ENRICH_KEY_MAX)) {
        at = chosen;
        what = "defaultVariant is none of its variants";
    } else if (name->text.len == 0 || name->text.len > ENRICH_KEY_MAX) {
        what = "a flag's key is 1 to 255 bytes";
    }
    if (!what)
        return true;
    struct err *e = flag_error(f, at ? at : flag, name->text, what);

    if (given(targeting) && targeting->kind == CONF_MAP && targeting->count > 0)
        err_hint(e, "give the flag an empty targeting, or describe it as a source of type experiment");
    return false;
}

/* A member of metadata as text, empty when it is not there. */
static struct str
metadata_text(const struct flag_file *f, const struct conf_node *n, const char *name)
{
    const struct conf_node *value = conf_get(conf_get(n, "metadata"), name);

    if (!value || value->kind != CONF_SCALAR)
        return (struct str){NULL, 0};
    if (value->text.len <= ENRICH_KEY_MAX)
        return value->text;
    errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, conf_pos(f->doc, value), "%s is at most 255 bytes", name);
    return (struct str){NULL, 0};
}

static void
flag_load(const struct flag_file *f, const struct conf_node *name, const struct conf_node *flag)
{
    struct evaluation_words words = {.key = name->text, .provider = STR("flagd")};
    struct evaluation ev = f->base;

    if (!flag_valid(f, name, flag))
        return;
    words.set_id = metadata_text(f, flag, "flagSetId");
    words.version = metadata_text(f, flag, "version");
    if (words.set_id.len == 0)
        words.set_id = f->set_id; /* the file's metadata stands for flags that have none */
    if (is_text(conf_get(flag, "state"), "DISABLED")) {
        words.reason = STR("disabled");
    } else if (given(conf_get(flag, "defaultVariant"))) {
        words.reason = STR("static");
        words.variant = conf_get(flag, "defaultVariant")->text;
    } else {
        words.reason = STR("default"); /* the application's code decides */
    }
    ev.key = enrich_copy(f->ld, words.key);
    ev.outcomes = arena_calloc(f->ld->en->ar, 1, sizeof(*ev.outcomes));
    if (!ev.key.ptr || !ev.outcomes) {
        f->ld->nomem = true;
        return;
    }
    evaluation_outcome(f->ld, f->emit, &words, ev.outcomes);
    evaluation_add(f->ld, conf_pos(f->doc, name), &ev);
}

static void
flags_load(struct flag_file *f, const struct conf_node *root)
{
    static const char *const names[] = {"$schema", "flags", "metadata", "$evaluators"};
    const struct conf_node *flags = conf_get(root, "flags");

    if (conf_map_check(f->doc, root, names, 4, f->ld->es) != RC_OK)
        return;
    if (!flags || flags->kind != CONF_MAP) {
        errs_add(f->ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, conf_pos(f->doc, flags ? flags : root), "a flagd file has an object flags");
        return;
    }
    f->set_id = metadata_text(f, root, "flagSetId");
    for (unsigned i = 0; i < flags->count; i++)
        flag_load(f, flags->keys[i], flags->items[i]);
}

static void
flagd_load(struct enrich_load *ld)
{
    struct flag_file f = {.ld = ld};
    struct conf_doc *doc = NULL;
    struct str path;
    struct buf text;

    ld->where = PLACE_SPAN_ATTRIBUTE;
    if (!evaluation_emit(ld, &f.emit) || !evaluation_unit(ld, "targeting_key", false, &f.base) || !enrich_path(ld, "file", &path) ||
        !enrich_read(ld, conf_get(ld->node, "file"), path.ptr, &text))
        return;
    enum rc rc = conf_load_text(path.ptr, buf_str(&text), false, &doc, ld->es);

    if (rc == RC_OK && conf_count(doc) == 1) {
        f.doc = doc;
        flags_load(&f, conf_root(doc, 0));
    } else if (rc == RC_OK) {
        errs_add(ld->es, ERR_ERROR, RC_CONFIG, SG_ENRICH_FLAG, (struct err_pos){path.ptr, 1, 1, 1}, "a flagd file is one document");
    }
    ld->nomem |= rc == RC_NOMEM;
    conf_free(doc);
    buf_free(&text);
}

static const char *const keys[] = {"file", "targeting_key", "emit", NULL};
const struct enrich_source enrich_flagd = {"flagd", "flags without targeting rules from a flagd file", keys, flagd_load};
