/* From a configuration to what requests are decided by. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "config_bundle_int.h"
#include "policies/packs.h"

#define BUNDLES_BYTES_MAX ((size_t)256 << 20)
#define BODY_KEY_FILE "body.key"

void
config_files_free(struct config_files *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->names[i]);
}

/* before: what stands before the name, "pack:" or a folder. */
static bool
file_add(struct config_files *l, const struct config_source *s, const char *before, const char *name, struct errs *es)
{
    char *path = NULL;

    if (l->count == CONFIG_FILES_MAX) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_SOURCE, s->pos, "more than %d policy files", CONFIG_FILES_MAX);
        return false;
    }
    if (asprintf(&path, "%s%s%s", before, before == s->dir ? "/" : "", name) < 0) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_SOURCE, s->pos, "%s", rc_text(RC_NOMEM));
        return false;
    }
    l->names[l->count++] = path;
    return true;
}

static int
is_policy(const struct dirent *e)
{
    struct str name = str_of(e->d_name);

    if (name.ptr[0] == '.' || str_ends(name, STR(".test.yaml")) || str_ends(name, STR(".test.yml")))
        return 0;
    return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml"));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* not by the locale: the order decides between rules */
}

static bool
dir_add(struct config_files *l, const struct config_source *s, struct errs *es)
{
    struct dirent **entries = NULL;
    int n = scandir(s->dir, &entries, is_policy, by_name);
    bool ok = n > 0;

    if (n < 0)
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_SOURCE, s->pos, "the folder %s cannot be read: %m", s->dir);
    else if (n == 0)
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_SOURCE, s->pos, "the folder %s holds no policy", s->dir);
    for (int i = 0; i < n; i++) {
        ok = ok && file_add(l, s, s->dir, entries[i]->d_name, es);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* What bundles hold lives as long as the configuration. */
static bool
bundles_begin(struct config_owner *o)
{
    if (!o->bundle_ar)
        o->bundle_ar = arena_new(BUNDLES_BYTES_MAX);
    o->bundles = o->bundle_ar ? arena_calloc(o->bundle_ar, o->config.source_count + 1, sizeof(*o->bundles)) : NULL;
    o->bundle_count = 0;
    return o->bundles != NULL;
}

static bool
bundle_add(struct config_owner *o, struct config_files *l, const struct config_source *s, struct errs *es)
{
    struct bundle *b = &o->bundles[o->bundle_count];
    bool ok = config_bundle_load(&o->config, s, o->bundle_ar, b, es) == RC_OK;

    for (size_t i = 0; ok && i < b->file_count; i++) {
        char name[BUNDLE_NAME_MAX + 2];

        if (!bundle_is_policy(b->files[i].path))
            continue;
        snprintf(name, sizeof(name), "/%.*s", (int)b->files[i].path.len, b->files[i].path.ptr);
        ok = file_add(l, s, s->bundle, name, es);
        if (ok)
            l->texts[l->count - 1] = b->files[i].text.len ? b->files[i].text : STR("");
    }
    o->bundle_count += ok;
    return ok;
}

static bool
source_add(struct config_owner *o, struct config_files *l, const struct config_source *s, struct errs *es)
{
    if (s->bundle)
        return bundle_add(o, l, s, es);
    if (s->dir)
        return dir_add(l, s, es);
    return s->pack ? file_add(l, s, PACK_PREFIX, s->pack, es) : file_add(l, s, "", s->file, es);
}

bool
config_files_list(const struct config *c, struct config_files *l, struct errs *es)
{
    struct config_owner *o = (struct config_owner *)(uintptr_t)c;
    bool ok = bundles_begin(o);

    for (size_t i = 0; i < c->source_count && o->bundles; i++)
        ok = source_add(o, l, &c->sources[i], es) && ok;
    return ok;
}

static bool
load_key(const char *id, const char *file, struct err_pos pos, struct secret **secret, struct errs *es)
{
    if (secret_load(file, pos, secret, es) != RC_OK)
        return false;
    if (secret_bytes(*secret).len < 16) {
        err_hint(errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_VALUE, pos, "the key %s is shorter than 16 bytes", id), "openssl rand -hex 32");
        return false;
    }
    if (secret_bytes(*secret).len > 1024) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_VALUE, pos, "the key %s is longer than 1,024 bytes", id);
        return false;
    }
    return true;
}

/* The key before this one, until its day. */
static bool
load_previous(const struct config_key *key, struct secret **secret, struct errs *es)
{
    if (!key->previous_id)
        return true;
    if (clock_wall_us(&clock_system) / 1000000 >= key->until_s) {
        err_hint(errs_add(es, ERR_WARNING, RC_CONFIG, CONFIG_E_VALUE, key->previous_pos, "the rotation of the key %s is over since %s", key->id,
                     key->until),
            "remove `previous`; tokens of %s are text like any other now", key->previous_id);
        return true;
    }
    return load_key(key->previous_id, key->previous_file, key->previous_pos, secret, es);
}

/* Keys belong to the configuration, because the program borrows them. Of each the present one, then the one before or NULL. */
static bool
load_keys(struct config_owner *o, struct program_key *keys, struct errs *es)
{
    const struct config *c = &o->config;
    bool ok = true;

    if (!o->secrets && c->key_count) {
        o->secrets = calloc(2 * c->key_count, sizeof(struct secret *));
        if (!o->secrets)
            return false;
        o->secret_count = 2 * c->key_count;
        for (size_t i = 0; i < c->key_count; i++) {
            bool now = load_key(c->keys[i].id, c->keys[i].file, c->keys[i].pos, &o->secrets[2 * i], es);
            bool before = load_previous(&c->keys[i], &o->secrets[2 * i + 1], es);

            ok = ok && now && before;
        }
    }
    for (size_t i = 0; ok && i < c->key_count; i++)
        keys[i] = (struct program_key){
            .id = str_of(c->keys[i].id),
            .secret = o->secrets[2 * i],
            .previous_id = str_of(c->keys[i].previous_id),
            .previous = o->secrets[2 * i + 1],
        };
    return ok;
}

size_t
config_keys(const struct config *c, struct program_key *keys, struct errs *es)
{
    return load_keys((struct config_owner *)(uintptr_t)c, keys, es) ? c->key_count : SIZE_MAX;
}

static enum rc
compile(struct config_owner *o, const struct config_files *files, struct program **prog, struct errs *es)
{
    const struct config *c = &o->config;
    struct destination_info destinations[PROGRAM_DESTINATIONS_MAX];
    struct program_key keys[CONFIG_KEYS_MAX];

    if (!load_keys(o, keys, es))
        return RC_CONFIG;
    for (size_t i = 0; i < c->exporter_count; i++)
        destinations[i] = (struct destination_info){
            str_of(c->exporters[i].name), str_of(c->exporters[i].jurisdiction), str_of(c->exporters[i].country)};
    const struct program_source source = {
        .files = (const char *const *)files->names,
        .texts = files->texts,
        .file_count = files->count,
        .destinations = destinations,
        .destination_count = c->exporter_count,
        .keys = keys,
        .key_count = c->key_count,
    };

    return program_compile(&source, prog, es);
}

/* All is well formed, and nothing would ever be sent there. */
static void
warn_of_unreached(const struct config *c, const struct program *prog, struct errs *es)
{
    uint32_t reached = residency_reached(prog, clock_wall_us(&clock_system) / 1000000);

    for (size_t i = 0; i < c->exporter_count; i++)
        if (!(reached >> i & 1))
            err_hint(errs_add(es, ERR_WARNING, RC_CONFIG, CONFIG_E_UNREACHED, c->exporters[i].pos, "no route leads to %s: nothing is sent there",
                         c->exporters[i].name),
                "a ResidencyPolicy says where data may go; spangate config init writes one");
}

static void
on_snapshot_free(void *owner)
{
    config_unref(owner);
}

static const struct snapshot_origin *
origins_new(struct config_owner *o)
{
    const struct config *c = &o->config;
    struct snapshot_origin *origins = arena_calloc(o->ar, c->identity_count + 1, sizeof(*origins));

    for (size_t i = 0; origins && i < c->identity_count; i++)
        origins[i] = (struct snapshot_origin){
            str_of(c->identities[i].match), str_of(c->identities[i].country), str_of(c->identities[i].region), str_of(c->identities[i].service)};
    return origins;
}

static struct snapshot *
snapshot_new(struct config_owner *o, uint64_t generation)
{
    const struct config *c = &o->config;
    struct snapshot *s = calloc(1, sizeof(*s));
    const struct snapshot_origin *origins = origins_new(o);

    if (!s || !origins) {
        free(s);
        return NULL;
    }
    *s = (struct snapshot){
        .limits = batch_limits_default,
        .max_body_bytes = c->grpc.max_body_bytes > c->http.max_body_bytes ? c->grpc.max_body_bytes : c->http.max_body_bytes,
        .origins = origins,
        .origin_count = c->identity_count,
        .node = c->node,
        .build = SPANGATE_VERSION,
        .generation = generation,
        .owner = o,
        .on_free = on_snapshot_free,
        .refs = 1,
    };
    for (size_t i = 0; i < c->exporter_count; i++) {
        s->compression[i] = (enum encoding)c->exporters[i].compression;
        s->jurisdiction[i] = c->exporters[i].jurisdiction;
        s->country[i] = c->exporters[i].country;
    }
    (void)config_ref(c);
    return s;
}

enum rc
config_snapshot(const struct config *c, uint64_t generation, struct snapshot **snap, struct errs *es)
{
    struct config_owner *o = (struct config_owner *)(uintptr_t)c;
    struct config_files files = {.count = 0};
    struct snapshot *s = snapshot_new(o, generation);
    enum rc rc = s ? RC_OK : RC_NOMEM, enriched = RC_OK;

    o->starting = generation == 1;
    if (rc == RC_OK) {
        enriched = enricher_load(c->doc, c->enrichment, &s->enricher, es); /* both: all errors are told in one round */
        rc = config_files_list(c, &files, es) ? compile(o, &files, &s->program, es) : RC_CONFIG;
    }
    config_files_free(&files);
    if (rc == RC_OK)
        rc = enriched;
    if (rc != RC_OK) {
        snapshot_unref(s);
        return rc;
    }
    warn_of_unreached(c, s->program, es);
    *snap = s;
    return RC_OK;
}

static enum rc
body_key_make(const char *path)
{
    uint8_t raw[32];
    char hex[2 * sizeof(raw)];
    enum rc rc = digest_random(raw, sizeof(raw));

    if (rc == RC_OK) {
        digest_hex((struct str){(const char *)raw, sizeof(raw)}, hex);
        rc = file_write_atomic(path, (struct str){hex, sizeof(hex)}, 0400);
    }
    explicit_bzero(raw, sizeof(raw));
    explicit_bzero(hex, sizeof(hex));
    return rc;
}

enum rc
config_body_key(const struct config *c, bool create, const struct secret **key, struct errs *es)
{
    struct config_owner *o = (struct config_owner *)(uintptr_t)c;
    struct err_pos pos = {.file = c->file};
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/" BODY_KEY_FILE, c->journal.dir);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_VALUE, pos, "the name of the journal's folder is too long");
        return RC_CONFIG;
    }
    if (create && access(path, F_OK) != 0) {
        enum rc rc = body_key_make(path);

        if (rc != RC_OK) {
            errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_VALUE, pos, "%s cannot be written: %s", path, rc_text(rc));
            return RC_CONFIG;
        }
    }
    if (!o->body_key && secret_load(path, pos, &o->body_key, es) != RC_OK)
        return RC_CONFIG;
    *key = o->body_key;
    return RC_OK;
}
