#include "material_int.h"

#include "base/metrics.h"

static bool
server_tls(const struct config_receiver *r, enum tls_alpn alpn, struct tls **t, struct errs *es)
{
    return !r->on || r->tls.insecure || tls_server_new(&r->tls, alpn, t, es) == RC_OK;
}

enum rc
material_load(const char *path, uint64_t generation, struct material *m, struct errs *es)
{
    struct material out = {0};
    enum rc rc = config_load(path, &out.config, es);

    if (rc != RC_OK)
        return rc;
    const struct config *c = out.config;
    bool ok = server_tls(&c->grpc, TLS_ALPN_H2, &out.grpc_tls, es); /* each is tried: all errors in one round */

    ok = server_tls(&c->http, TLS_ALPN_HTTP11, &out.http_tls, es) && ok;
    for (size_t i = 0; i < c->exporter_count; i++)
        ok = (c->exporters[i].tls.insecure || tls_client_check(&c->exporters[i].tls, es) == RC_OK) && ok;
    rc = config_snapshot(c, generation, &out.snap, es);
    if (rc != RC_OK || !ok) {
        material_free(&out);
        return rc == RC_NOMEM ? RC_NOMEM : RC_CONFIG;
    }
    *m = out;
    return RC_OK;
}

void
material_free(struct material *m)
{
    snapshot_unref(m->snap);
    tls_unref(m->grpc_tls);
    tls_unref(m->http_tls);
    config_unref(m->config);
    *m = (struct material){0};
}

static void
count_policies(const struct material *m, int64_t value)
{
    static const char *const modes[] = {[RULE_ENFORCE] = "enforce", [RULE_SHADOW] = "shadow", [RULE_OFF] = "off"};
    const struct program *p = m->snap->program;
    char revision[24];

    for (size_t i = 0; i < program_policy_count(p); i++) {
        struct policy_info info = program_policy(p, i);

        snprintf(revision, sizeof(revision), "%llu", (unsigned long long)info.revision);
        metric_set(metric_get(M_POLICY_INFO, (const char *const[]){info.name, revision, program_digest(p), modes[info.mode]}, 4), value);
    }
}

void
material_count(const struct material *old, const struct material *now)
{
    if (old)
        count_policies(old, 0);
    count_policies(now, 1);
    metric_set(metric_get(M_REGEX_JIT, NULL, 0), program_jit(now->snap->program));
    for (size_t i = 0; i < now->config->exporter_count; i++)
        metric_set(metric_get(M_QUEUE_CAPACITY, &now->config->exporters[i].name, 1), (int64_t)now->config->journal.max_bytes);
    if (now->grpc_tls)
        metric_set(metric_get(M_CERT_NOT_AFTER, (const char *const[]){"server", "otlp_grpc"}, 2), tls_not_after(now->grpc_tls));
    if (now->http_tls)
        metric_set(metric_get(M_CERT_NOT_AFTER, (const char *const[]){"server", "otlp_http"}, 2), tls_not_after(now->http_tls));
}
