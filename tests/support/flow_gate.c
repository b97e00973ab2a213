#include "flow_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/otlp_json.h"

static void
compile(const char *policy, struct program **prog)
{
    char path[] = "/tmp/spangate-test-XXXXXX";
    const char *files[] = {path};
    const struct destination_info destinations[] = {{STR("otlp_grpc/eu"), STR("EU"), STR("DE")}, {STR("otlp_http/us"), STR("US"), STR("US")}};
    const struct program_source src = {.files = files, .file_count = 1, .destinations = destinations, .destination_count = 2};
    struct errs es = {0};
    FILE *f = fdopen(mkstemp(path), "w");

    if (!f || fputs(policy, f) < 0 || fclose(f) != 0)
        abort();
    if (program_compile(&src, prog, &es) != RC_OK) {
        errs_print(&es, stderr, false);
        abort();
    }
    errs_free(&es);
    unlink(path);
}

void
test_gate_init(struct test_gate *g, const char *policy)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    struct errs es = {0};

    if (!s)
        abort();
    compile(policy, &s->program);
    if (enricher_load(NULL, NULL, &s->enricher, &es) != RC_OK)
        abort();
    s->limits = batch_limits_default;
    s->max_body_bytes = (size_t)16 << 20;
    s->jurisdiction[0] = "EU";
    s->jurisdiction[1] = "US";
    s->country[0] = "DE";
    s->country[1] = "US";
    s->node = "test";
    s->build = "0";
    s->refs = 1;
    g->snap = s;
    g->worker = gate_worker_new(s);
    if (!g->worker)
        abort();
}

void
test_gate_fini(struct test_gate *g)
{
    gate_worker_free(g->worker);
    snapshot_unref(g->snap);
}

void
test_gate_process(struct test_gate *g, enum transport t, enum encoding e, struct str body, const char *country, struct gate_outcome *out)
{
    struct buf json = BUF_INIT((size_t)64 << 20), packed = BUF_INIT((size_t)64 << 20);
    struct compressor *c = compressor_new();
    struct peer peer = {.identity = "spiffe://example.org/ns/shop/sa/checkout", .tls_version = "TLSv1.3"};

    snprintf(peer.country, sizeof(peer.country), "%s", country);
    if (t == TRANSPORT_HTTP_JSON && otlp_json_encode(body, &json) != RC_OK)
        abort();
    if (t == TRANSPORT_HTTP_JSON)
        body = buf_str(&json);
    if (!c || compressor_deflate(c, e, body, &packed) != RC_OK)
        abort();
    const struct gate_input in = {
        .transport = t, .encoding = e, .body = buf_str(&packed), .peer = &peer, .request_id = 7, .now_us = 1795000000000000u};

    gate_process(g->worker, &in, out);
    compressor_free(c);
    buf_free(&json);
    buf_free(&packed);
}

struct str
test_gate_payload(const struct gate_outcome *out, uint32_t destination)
{
    for (uint32_t i = 0; i < out->payload_count; i++)
        if (out->payload[i].destination == destination)
            return buf_str(&out->payload[i].bytes);
    return (struct str){NULL, 0};
}
