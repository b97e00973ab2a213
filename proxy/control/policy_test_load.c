#include <stdio.h>

#include "policies/packs.h"
#include "policy_test_int.h"
#include "tool_int.h"

#define SUITE_BYTES_MAX ((size_t)16 << 20)
#define FILE_BYTES_MAX ((size_t)4 << 20)
#define POLICY_FILES_MAX 64

/* ---- destinations ---- */

static void
destination_read(struct test_suite *s, struct str name, const struct conf_node *n)
{
    struct destination_info d = {.name = name};

    if (conf_shape_check(s->doc, n, &shape_test_destination, &s->t->es) != RC_OK)
        return;
    if (!conf_get(n, "jurisdiction")) {
        test_error(s, n, SG_TEST_DESTINATION, "a destination has a jurisdiction");
        return;
    }
    if (conf_text(s->doc, conf_get(n, "jurisdiction"), &d.jurisdiction, &s->t->es) != RC_OK ||
        (conf_get(n, "country") && conf_text(s->doc, conf_get(n, "country"), &d.country, &s->t->es) != RC_OK))
        return;
    s->destinations[s->destination_count++] = d;
}

static void
destinations_read(struct test_suite *s, const struct conf_node *n)
{
    const struct config *c = s->t->config;

    for (size_t i = 0; !n && c && i < c->exporter_count && i < PROGRAM_DESTINATIONS_MAX; i++)
        s->destinations[s->destination_count++] = (struct destination_info){
            str_of(c->exporters[i].name), str_of(c->exporters[i].jurisdiction), str_of(c->exporters[i].country)};
    if (n && (n->kind != CONF_MAP || n->count > PROGRAM_DESTINATIONS_MAX)) {
        test_error(s, n, SG_TEST_DESTINATION, "destinations is a map of at most %d names", PROGRAM_DESTINATIONS_MAX);
        return;
    }
    for (unsigned i = 0; n && i < n->count; i++)
        destination_read(s, n->keys[i]->text, n->items[i]);
}

/* ---- policies ---- */

/* Relative to the test's file; "pack:NAME" is a pack. */
static void
policy_file_add(struct test_suite *s, struct tool *src, struct str name)
{
    const char *slash = strrchr(s->path, '/');
    char path[4096];

    if (name.len && name.ptr[0] != '/' && slash && !str_starts(name, STR(PACK_PREFIX)))
        snprintf(path, sizeof(path), "%.*s/%.*s", (int)(slash - s->path), s->path, (int)name.len, name.ptr);
    else
        snprintf(path, sizeof(path), "%.*s", (int)name.len, name.ptr);
    src->files[src->file_count] = tool_copy(s->ar, str_of(path));
    s->t->nomem |= !src->files[src->file_count];
    if (!src->files[src->file_count])
        return;
    test_watch(s->t, src->files[src->file_count]);
    src->file_count++;
}

static void
policies_read(struct test_suite *s, struct tool *src, const struct conf_node *n)
{
    if (!n) {
        src->files[src->file_count++] = s->path;
        return;
    }
    if (n->kind != CONF_LIST || n->count == 0 || n->count > POLICY_FILES_MAX) {
        test_error(s, n, SG_TEST_POLICIES, "policies is a list of 1 to %d files", POLICY_FILES_MAX);
        return;
    }
    for (unsigned i = 0; i < n->count; i++) {
        struct str name;

        if (conf_text(s->doc, n->items[i], &name, &s->t->es) == RC_OK)
            policy_file_add(s, src, name);
    }
}

static bool
suite_compile(struct test_suite *s, struct tool *src)
{
    const struct program_source source = {.files = src->files,
        .file_count = src->file_count,
        .destinations = s->destinations,
        .destination_count = s->destination_count,
        .keys = src->keys,
        .key_count = src->key_count};
    enum rc rc = program_compile(&source, &s->prog, &s->t->es);

    if (rc != RC_OK) {
        if (s->destination_count == 0)
            errs_add(&s->t->es, ERR_WARNING, RC_CONFIG, SG_TEST_DESTINATION, conf_pos(s->doc, s->root),
                "the test names no destinations: add `destinations:`, or take the exporters of a gateway file with --config");
        s->t->nomem |= rc == RC_NOMEM;
        return false;
    }
    s->ex = examiner_new(s->prog);
    s->t->nomem |= !s->ex;
    test_cover_begin(s);
    return s->ex != NULL;
}

/* ---- documents ---- */

static void
suite_run(struct test_suite *s)
{
    const struct conf_node *cases = conf_get(s->root, "cases"), *version = conf_get(s->root, "apiVersion");
    struct tool src = {.ar = s->ar};
    size_t errors = s->t->es.errors;

    if (conf_shape_check(s->doc, s->root, &shape_test, &s->t->es) != RC_OK)
        return;
    if (!version || !str_eq(version->text, STR("spangate/v1")))
        err_hint(test_error(s, version ? version : s->root, SG_TEST_DOCUMENT, "unknown apiVersion"), "this version reads spangate/v1");
    if (cases && cases->kind != CONF_LIST)
        test_error(s, cases, SG_TEST_DOCUMENT, "cases is a list");
    destinations_read(s, conf_get(s->root, "destinations"));
    policies_read(s, &src, conf_get(s->root, "policies"));
    s->t->nomem |= !tool_keys_read(&src);
    if (s->t->es.errors == errors && suite_compile(s, &src)) {
        test_detectors_run(s, conf_get(s->root, "detectors"));
        for (unsigned i = 0; cases && i < cases->count; i++)
            test_case_run(s, cases->items[i]);
    }
    examiner_free(s->ex);
    if (s->prog)
        program_unref(s->prog);
    for (size_t i = 0; i < src.key_count; i++)
        secret_free(src.secrets[i]);
}

static void
document_run(struct policy_test *t, const char *path, const struct conf_doc *doc, const struct conf_node *root)
{
    const struct conf_node *kind = conf_get(root, "kind");
    struct test_suite s = {.t = t, .path = path, .doc = doc, .root = root};

    if (!kind || !str_eq(kind->text, STR("PolicyTest")))
        return; /* a policy beside its test */
    t->suites++;
    s.ar = arena_new(SUITE_BYTES_MAX);
    if (s.ar)
        suite_run(&s);
    else
        t->nomem = true;
    arena_free(s.ar);
}

void
policy_test_file(struct policy_test *t, const char *path)
{
    struct buf text = BUF_INIT(FILE_BYTES_MAX);
    struct conf_doc *doc = NULL;
    enum rc rc = file_read(path, FILE_BYTES_MAX, &text);
    size_t before = t->suites;

    test_watch(t, path);
    if (rc != RC_OK)
        errs_add(&t->es, ERR_ERROR, RC_CONFIG, SG_TEST_DOCUMENT, (struct err_pos){.file = path}, "cannot be read: %s", file_problem(rc));
    else if (conf_load_text(path, buf_str(&text), false, &doc, &t->es) == RC_OK) {
        for (unsigned i = 0; i < conf_count(doc); i++)
            document_run(t, path, doc, conf_root(doc, i));
        conf_free(doc);
        t->empty += t->suites == before;
    }
    buf_free(&text);
}
