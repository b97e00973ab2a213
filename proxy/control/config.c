#include <stdatomic.h>
#include <stdlib.h>

#include "config_int.h"

#define ARENA_MAX (16u << 20)

static struct config_owner *
owner_of(const struct config *c)
{
    return (struct config_owner *)(uintptr_t)c; /* config is its first member */
}

static void
owner_free(struct config_owner *o)
{
    tls_options_fini(&o->config.grpc.tls);
    tls_options_fini(&o->config.http.tls);
    for (size_t i = 0; i < o->config.exporter_count; i++)
        tls_options_fini(&o->config.exporters[i].tls);
    for (size_t i = 0; i < o->secret_count; i++)
        secret_free(o->secrets[i]);
    free(o->secrets);
    secret_free(o->body_key);
    conf_free(o->config.doc);
    arena_free(o->bundle_ar);
    arena_free(o->ar);
    free(o);
}

static struct config_owner *
owner_new(const char *path, struct errs *es)
{
    struct config_owner *o = calloc(1, sizeof(*o));

    if (o) {
        o->refs = 1;
        o->ar = arena_new(ARENA_MAX);
    }
    if (!o || !o->ar) {
        free(o);
        errs_add(es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){.file = path}, "%s", rc_text(RC_NOMEM));
        return NULL;
    }
    return o;
}

enum rc
config_load(const char *path, const struct config **config, struct errs *es)
{
    struct config_owner *o = owner_new(path, es);
    size_t before = es->errors;

    if (!o)
        return RC_CONFIG;
    if (conf_load_file(path, &o->config.doc, es) != RC_OK)
        goto fail;
    struct config_reader r = {o->config.doc, o->ar, es};
    const struct conf_node *root = conf_root(o->config.doc, 0);

    o->config.file = conf_file(o->config.doc);
    if (conf_count(o->config.doc) != 1 || root->kind != CONF_MAP) {
        config_refuse(&r, CONFIG_E_VALUE, root, "a gateway file is one document, a map");
        goto fail;
    }
    section_read(&r, root, &config_root_section, &o->config);
    if (es->errors != before)
        goto fail;
    *config = &o->config;
    return RC_OK;

fail:
    owner_free(o);
    return RC_CONFIG;
}

const struct config *
config_ref(const struct config *c)
{
    atomic_fetch_add_explicit(&owner_of(c)->refs, 1, memory_order_relaxed);
    return c;
}

void
config_unref(const struct config *c)
{
    if (c && atomic_fetch_sub_explicit(&owner_of(c)->refs, 1, memory_order_acq_rel) == 1)
        owner_free(owner_of(c));
}

struct exporter_options
config_exporter_options(const struct config *c, size_t i, const struct clock *clock)
{
    const struct config_exporter *e = &c->exporters[i];

    return (struct exporter_options){
        .name = e->name,
        .protocol = e->protocol,
        .endpoint = e->endpoint,
        .tls = e->tls,
        .compression = (enum encoding)e->compression,
        .headers = e->headers,
        .timeout_ms = e->timeout_ms,
        .initial_backoff_ms = e->initial_interval_ms,
        .max_backoff_ms = e->max_interval_ms,
        .in_flight = (unsigned)e->consumers,
        .clock = clock,
    };
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_tls(const struct tls_options *a, const struct tls_options *b)
{
    return same_text(a->cert_file, b->cert_file) && same_text(a->key_file, b->key_file) && same_text(a->ca_file, b->ca_file) &&
           same_text(a->crl_file, b->crl_file) && same_text(a->server_name, b->server_name) && a->min_version == b->min_version &&
           a->insecure == b->insecure;
}

static bool
same_list(const char *const *a, const char *const *b)
{
    static const char *const none[] = {NULL};

    a = a ? a : none;
    b = b ? b : none;
    while (*a && *b && strcmp(*a, *b) == 0)
        a++, b++;
    return !*a && !*b;
}

bool
config_exporter_same(const struct config_exporter *a, const struct config_exporter *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->endpoint, b->endpoint) == 0 && same_tls(&a->tls, &b->tls) &&
           memcmp(a->tls_digest, b->tls_digest, sizeof(a->tls_digest)) == 0 && a->compression == b->compression &&
           same_list(a->headers, b->headers) && a->timeout_ms == b->timeout_ms && a->initial_interval_ms == b->initial_interval_ms &&
           a->max_interval_ms == b->max_interval_ms && a->consumers == b->consumers;
}

static bool
same_endpoint(const struct config_endpoint *a, const struct config_endpoint *b)
{
    return a->off == b->off && a->port == b->port && strcmp(a->address, b->address) == 0;
}

static bool
same_receiver(const struct config_receiver *a, const struct config_receiver *b)
{
    if (!a->on || !b->on)
        return a->on == b->on;
    return same_endpoint(&a->endpoint, &b->endpoint) && a->max_body_bytes == b->max_body_bytes && a->max_streams == b->max_streams &&
           a->max_connections == b->max_connections && a->tls.insecure == b->tls.insecure;
}

enum rc
config_check_reload(const struct config *old, const struct config *now, struct errs *es)
{
    const struct {
        const char *name;
        bool same;
    } rows[] = {
        {"receivers.otlp.protocols.grpc", same_receiver(&old->grpc, &now->grpc)},
        {"receivers.otlp.protocols.http", same_receiver(&old->http, &now->http)},
        {"node", strcmp(old->node, now->node) == 0},
        {"workers", old->workers == now->workers},
        {"journal_after", old->journal_after_ms == now->journal_after_ms},
        {"journal", strcmp(old->journal.dir, now->journal.dir) == 0 && old->journal.max_bytes == now->journal.max_bytes &&
                        old->journal.group_delay_ms == now->journal.group_delay_ms},
        {"audit", config_audit_same(old, now)},
        {"telemetry.metrics", same_endpoint(&old->metrics, &now->metrics)},
        {"telemetry.health", same_endpoint(&old->health, &now->health)},
    };
    size_t before = es->errors;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!rows[i].same)
            err_hint(errs_add(es, ERR_ERROR, RC_CONFIG, CONFIG_E_RELOAD, (struct err_pos){.file = now->file}, "%s cannot be changed by a reload",
                         rows[i].name),
                "start the gate anew");
    return es->errors == before ? RC_OK : RC_CONFIG;
}
