#include "tool_int.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "config_int.h"
#include "control/command.h"
#include "policies/packs.h"

#define TOOL_BYTES_MAX ((size_t)256 << 20)
#define FILE_BYTES_MAX ((size_t)4 << 20)

const char *
tool_copy(struct arena *ar, struct str s)
{
    char *p = arena_alloc(ar, s.len + 1);

    if (!p)
        return NULL;
    if (s.len && s.ptr)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

enum rc
tool_file_read(const char *path, struct buf *out)
{
    struct str name = str_of(path);

    if (!str_starts(name, STR(PACK_PREFIX)))
        return file_read(path, FILE_BYTES_MAX, out);
    struct str text = pack_policy(str_sub(name, sizeof(PACK_PREFIX) - 1, name.len));

    return text.ptr ? buf_append(out, text) : RC_NOT_FOUND;
}

enum rc
tool_text_read(const struct tool *t, size_t i, struct buf *out)
{
    return t->texts[i].ptr ? buf_append(out, t->texts[i]) : tool_file_read(t->files[i], out);
}

/* ---- keys ---- */

static bool
key_add(struct tool *t, struct str id)
{
    uint8_t md[SHA256_SIZE];

    for (size_t i = 0; i < t->key_count; i++)
        if (str_eq(t->keys[i].id, id))
            return true;
    const char *name = tool_copy(t->ar, id);

    if (!name || digest_sha256(id, md) != RC_OK)
        return false;
    if (t->key_count == TOOL_KEYS_MAX)
        return true;
    t->secrets[t->key_count] = secret_of((struct str){(const char *)md, sizeof(md)});
    if (!t->secrets[t->key_count])
        return false;
    t->keys[t->key_count] = (struct program_key){.id = {name, id.len}, .secret = t->secrets[t->key_count]};
    t->key_count++;
    return true;
}

/* An action is a map of one name and its argument, and `key` in an argument is the id of a key; two keys are a list. */
static bool
action_keys(struct tool *t, const struct conf_node *action)
{
    static const char *const words[] = {"key", "keys", "previous_key", "old_key"};
    const struct conf_node *arg = action && action->kind == CONF_MAP && action->count == 1 ? action->items[0] : NULL;
    bool ok = true;

    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
        const struct conf_node *n = conf_get(arg, words[w]);

        if (n && n->kind == CONF_SCALAR)
            ok = key_add(t, n->text) && ok;
        for (unsigned i = 0; n && n->kind == CONF_LIST && i < n->count; i++)
            if (n->items[i]->kind == CONF_SCALAR)
                ok = key_add(t, n->items[i]->text) && ok;
    }
    return ok;
}

bool
tool_keys_find(struct tool *t, const struct conf_node *n)
{
    bool ok = action_keys(t, conf_get(n, "action"));

    for (unsigned i = 0; i < n->count; i++)
        ok = tool_keys_find(t, n->items[i]) && ok;
    return ok;
}

bool
tool_keys_read(struct tool *t)
{
    bool ok = true;

    for (size_t i = 0; i < t->file_count; i++) {
        struct buf text = BUF_INIT(FILE_BYTES_MAX);
        struct conf_doc *doc = NULL;
        struct errs es = {0};

        if (tool_text_read(t, i, &text) == RC_OK && conf_load_text(t->files[i], buf_str(&text), false, &doc, &es) == RC_OK) {
            for (unsigned k = 0; k < conf_count(doc); k++)
                ok = tool_keys_find(t, conf_root(doc, k)) && ok;
            conf_free(doc);
        }
        errs_free(&es);
        buf_free(&text);
    }
    return ok;
}

/* ---- files ---- */

static bool
file_add(struct tool *t, const char *before, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s%s", before, name);

    if (t->file_count == TOOL_FILES_MAX || n < 0 || (size_t)n >= sizeof(path)) {
        errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_POLICY, (struct err_pos){.file = name}, "more than %d policy files, or a name too long",
            TOOL_FILES_MAX);
        return false;
    }
    t->files[t->file_count] = tool_copy(t->ar, str_of(path));
    return t->files[t->file_count] && ++t->file_count;
}

/* Tests beside policies are left out, as the gate leaves them out. */
static int
is_policy(const struct dirent *e)
{
    struct str name = str_of(e->d_name);

    return name.ptr[0] != '.' && !str_ends(name, STR(".test.yaml")) && !str_ends(name, STR(".test.yml")) &&
           (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
dir_add(struct tool *t, const char *dir)
{
    struct dirent **entries = NULL;
    char before[4096];
    int n = scandir(dir, &entries, is_policy, by_name);
    bool ok = n > 0;

    snprintf(before, sizeof(before), "%s/", dir);
    if (n <= 0)
        errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_POLICY, (struct err_pos){.file = dir}, "the folder holds no policy");
    for (int i = 0; i < n; i++) {
        ok = ok && file_add(t, before, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* A file, a folder, or the name of a pack; a file of that name comes first. */
static bool
policy_add(struct tool *t, const char *name)
{
    struct stat st;
    size_t count;

    if (stat(name, &st) == 0)
        return S_ISDIR(st.st_mode) ? dir_add(t, name) : file_add(t, "", name);
    if (str_starts(str_of(name), STR(PACK_PREFIX)))
        return file_add(t, "", name);
    if (pack_policy(str_of(name)).ptr)
        return file_add(t, PACK_PREFIX, name);
    const char *const *packs = packs_all(&count);

    err_hint_nearest(errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_POLICY, (struct err_pos){.file = name}, "there is no such file, folder or pack"),
        str_of(name), packs, count);
    return false;
}

static bool
files_of_config(struct tool *t)
{
    struct config_files files = {.count = 0};
    bool ok = config_files_list(t->config, &files, &t->es);

    for (size_t i = 0; i < files.count && ok; i++) {
        ok = file_add(t, "", files.names[i]);
        if (ok)
            t->texts[t->file_count - 1] = files.texts[i];
    }
    config_files_free(&files);
    return ok;
}

/* ---- destinations ---- */

static bool
destination_add(struct tool *t, struct destination_info d)
{
    for (size_t i = 0; i < t->destination_count; i++)
        if (str_eq(t->destinations[i].name, d.name))
            return true;
    if (t->destination_count == PROGRAM_DESTINATIONS_MAX) {
        errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_DESTINATION, (struct err_pos){0}, "more than %d destinations", PROGRAM_DESTINATIONS_MAX);
        return false;
    }
    t->destinations[t->destination_count++] = d;
    return true;
}

/* otlp_grpc/eu=EU/DE */
static bool
destination_parse(struct tool *t, const char *text)
{
    struct str s = str_of(text), rest;
    size_t equals = str_find(s, STR("="));

    if (equals == SIZE_MAX || equals == 0 || equals + 1 == s.len) {
        err_hint(errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_DESTINATION, (struct err_pos){0}, "--destination %s cannot be read", text),
            "NAME=JURISDICTION or NAME=JURISDICTION/COUNTRY, such as otlp_grpc/eu=EU/DE");
        return false;
    }
    struct destination_info d = {.name = {tool_copy(t->ar, str_sub(s, 0, equals)), equals}};

    rest = str_sub(s, equals + 1, s.len);
    size_t slash = str_find(rest, STR("/"));

    d.jurisdiction = slash == SIZE_MAX ? rest : str_sub(rest, 0, slash);
    d.country = slash == SIZE_MAX ? STR("") : str_sub(rest, slash + 1, rest.len);
    return d.name.ptr && destination_add(t, d);
}

/* The names that routes lead to. */
static bool
destinations_guess(struct tool *t, const struct conf_node *root)
{
    const struct conf_node *kind = conf_get(root, "kind"), *routes = conf_get(conf_get(root, "spec"), "routes");
    bool ok = true;

    if (!kind || !str_eq(kind->text, STR("ResidencyPolicy")) || !routes || routes->kind != CONF_LIST)
        return true;
    for (unsigned i = 0; i < routes->count; i++) {
        const struct conf_node *to = conf_get(routes->items[i], "to");

        for (unsigned k = 0; to && k < (to->kind == CONF_LIST ? to->count : 1); k++) {
            struct str name = (to->kind == CONF_LIST ? to->items[k] : to)->text;
            const char *copy = tool_copy(t->ar, name);

            ok = ok && copy && destination_add(t, (struct destination_info){.name = {copy, name.len}, .jurisdiction = STR("?")});
        }
    }
    return ok;
}

static bool
destinations_of_files(struct tool *t)
{
    bool ok = true;

    t->guessed = true;
    for (size_t i = 0; i < t->file_count && ok; i++) {
        struct buf text = BUF_INIT(FILE_BYTES_MAX);
        struct conf_doc *doc = NULL;
        struct errs es = {0};

        if (tool_text_read(t, i, &text) == RC_OK && conf_load_text(t->files[i], buf_str(&text), false, &doc, &es) == RC_OK) {
            for (unsigned k = 0; k < conf_count(doc); k++)
                ok = ok && destinations_guess(t, conf_root(doc, k));
            conf_free(doc);
        }
        errs_free(&es);
        buf_free(&text);
    }
    return ok;
}

static bool
destinations_read(struct tool *t, const struct tool_options *o)
{
    bool ok = true;

    for (size_t i = 0; i < o->destination_count; i++)
        ok = destination_parse(t, o->destinations[i]) && ok;
    for (size_t i = 0; t->config && i < t->config->exporter_count; i++) {
        const struct config_exporter *e = &t->config->exporters[i];

        ok = destination_add(t, (struct destination_info){str_of(e->name), str_of(e->jurisdiction), str_of(e->country)}) && ok;
    }
    return ok && (t->destination_count || destinations_of_files(t));
}

/* ---- all of it ---- */

static bool
sources_read(struct tool *t, const struct tool_options *o)
{
    bool ok = true;

    if (o->config && config_load(o->config, &t->config, &t->es) != RC_OK)
        return false;
    for (size_t i = 0; i < o->policy_count; i++)
        ok = policy_add(t, o->policies[i]) && ok;
    if (ok && o->policy_count == 0 && t->config)
        ok = files_of_config(t);
    if (ok && t->file_count == 0 && o->defaults)
        ok = policy_add(t, PACK_PREFIX "personal-data");
    if (ok && t->file_count == 0) {
        err_hint(errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TOOL_POLICY, (struct err_pos){0}, "no policy is named"),
            "--policy FILE, a folder or the name of a pack; or --config with a gateway file");
        return false;
    }
    return ok && destinations_read(t, o) && tool_keys_read(t);
}

int
tool_open(const struct tool_options *o, struct tool *t)
{
    *t = (struct tool){.ar = arena_new(TOOL_BYTES_MAX)};
    if (!t->ar)
        return EXIT_UNAVAILABLE;
    if (!sources_read(t, o))
        return t->es.errors ? EXIT_CONFIG : EXIT_UNAVAILABLE;
    const struct program_source source = {.files = t->files,
        .texts = t->texts,
        .file_count = t->file_count,
        .destinations = t->destinations,
        .destination_count = t->destination_count,
        .keys = t->keys,
        .key_count = t->key_count};
    enum rc rc = program_compile(&source, &t->prog, &t->es);

    if (rc == RC_OK && t->config)
        rc = enricher_load(t->config->doc, t->config->enrichment, &t->enricher, &t->es);
    if (rc != RC_OK)
        return exit_code_of(rc);
    t->ex = examiner_new(t->prog);
    return t->ex ? EXIT_DONE : EXIT_UNAVAILABLE;
}

void
tool_close(struct tool *t)
{
    examiner_free(t->ex);
    if (t->prog)
        program_unref(t->prog);
    enricher_free(t->enricher);
    for (size_t i = 0; i < t->key_count; i++)
        secret_free(t->secrets[i]);
    config_unref(t->config);
    errs_free(&t->es);
    arena_free(t->ar);
    *t = (struct tool){0};
}

struct tool_options
tool_options_of(const struct arguments *a)
{
    struct tool_options o = {.config = args_text(a, "config")};

    o.policy_count = args_list(a, "policy", &o.policies);
    o.destination_count = args_list(a, "destination", &o.destinations);
    return o;
}

int
tool_report(const struct errs *es, int code)
{
    if (es->errors || (es->count && code == EXIT_DONE))
        errs_print(es, stderr, output_colored(stderr));
    return code;
}

int
tool_print(struct buf *report, int code)
{
    if (report->len)
        fwrite(report->ptr, 1, report->len, stdout); /* a failure is told at the end of every command */
    buf_free_wipe(report);
    return code;
}

enum rc
tool_github_text(struct buf *out, const char *s, bool property)
{
    enum rc rc = RC_OK;

    for (; *s && rc == RC_OK; s++) {
        if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ':' || *s == ',')))
            rc = buf_printf(out, "%%%02X", (unsigned char)*s);
        else
            rc = buf_append_byte(out, *s);
    }
    return rc;
}
