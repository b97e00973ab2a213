/* Batches: ids, times, the tree of messages around the attributes. */
#include <stdio.h>

#include "sample_int.h"

#define DAY_NS UINT64_C(1790000000000000000) /* a day in 2026 */
#define SPANS_OF_A_TRACE 8

/* Field numbers of OTLP's trace.proto, as far as a sample has them. */
enum {
    REQUEST_RESOURCE_SPANS = 1,
    RESOURCE_SPANS_RESOURCE = 1,
    RESOURCE_SPANS_SCOPE_SPANS = 2,
    RESOURCE_SPANS_SCHEMA_URL = 3,
    SCOPE_SPANS_SCOPE = 1,
    SCOPE_SPANS_SPANS = 2,
    RESOURCE_ATTRIBUTES = 1,
    SCOPE_NAME = 1,
    SCOPE_VERSION = 2,
    SPAN_TRACE_ID = 1,
    SPAN_SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_EVENTS = 11,
    SPAN_LINKS = 13,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,
    EVENT_TIME = 1,
    EVENT_NAME = 2,
    EVENT_ATTRIBUTES = 3,
    LINK_ATTRIBUTES = 4,
    LINK_FLAGS = 6,
    STATUS_MESSAGE = 2,
    STATUS_CODE = 3
};

static void
put_exception(struct gen *g, uint64_t at)
{
    static const char *const types[] = {"java.lang.IllegalStateException", "java.sql.SQLTimeoutException", "shop.payment.DeclinedException"};
    const char *type = GEN_PICK(g, types);
    struct buf trace = BUF_INIT(4000);
    struct put_mark event = put_open(&g->p, SPAN_EVENTS);

    g->attributes = EVENT_ATTRIBUTES;
    put_fixed64(&g->p, EVENT_TIME, at);
    put_bytes(&g->p, EVENT_NAME, STR("exception"));
    gen_text(g, "exception.type", type);
    gen_open_text(g, "exception.message", "request could not be completed", " for ");
    enum rc rc = buf_printf(&trace, "%s: request could not be completed\n", type);

    for (uint32_t i = 8 + gen_below(g, 12); i > 0 && rc == RC_OK; i--)
        rc = buf_printf(&trace, "\tat shop.%s.%s.handle(%s.java:%u)\n", GEN_PICK(g, gen_services), GEN_PICK(g, gen_things), GEN_PICK(g, gen_things),
            1 + gen_below(g, 700));
    if (g->p.rc == RC_OK)
        g->p.rc = rc;
    gen_attribute(g, "exception.stacktrace", buf_str(&trace));
    put_close(&g->p, event);
    buf_free(&trace);
}

static void
put_event(struct gen *g, uint64_t at)
{
    struct put_mark event = put_open(&g->p, SPAN_EVENTS);

    g->attributes = EVENT_ATTRIBUTES;
    put_fixed64(&g->p, EVENT_TIME, at);
    put_bytes(&g->p, EVENT_NAME, gen_below(g, 2) ? STR("cache.lookup") : STR("retry"));
    gen_open_text(g, "app.event.detail", "key not present", ": ");
    gen_int(g, "app.event.count", gen_below(g, 10));
    put_close(&g->p, event);
}

static void
put_ids(struct gen *g, uint64_t high, uint64_t low, uint64_t id)
{
    uint64_t trace[2] = {high, low};

    put_bytes(&g->p, SPAN_TRACE_ID, (struct str){(const char *)trace, sizeof(trace)});
    put_bytes(&g->p, SPAN_SPAN_ID, (struct str){(const char *)&id, sizeof(id)});
}

static void
put_link(struct gen *g)
{
    struct put_mark link = put_open(&g->p, SPAN_LINKS);

    put_ids(g, sample_next(&g->s->rng), sample_next(&g->s->rng), sample_next(&g->s->rng) | 1);
    g->attributes = LINK_ATTRIBUTES;
    gen_text(g, "messaging.operation.type", "send");
    put_fixed32(&g->p, LINK_FLAGS, 1);
    put_close(&g->p, link);
}

static void
put_rest(struct gen *g, const struct shape *sh)
{
    if (sh->failed)
        put_exception(g, sh->end - 1000);
    if (gen_below(g, 8) == 0)
        put_event(g, sh->start + 1000);
    if (sh->kind == KIND_CONSUMER && gen_below(g, 2))
        put_link(g);
    if (sh->failed) {
        struct put_mark status = put_open(&g->p, SPAN_STATUS);

        put_bytes(&g->p, STATUS_MESSAGE, STR("request could not be completed"));
        put_varint(&g->p, STATUS_CODE, 2);
        put_close(&g->p, status);
    }
    put_fixed32(&g->p, SPAN_FLAGS, 0x101); /* sampled; whether the parent is remote is known */
}

/* The ids of one trace and the newest span of it, which is the next one's parent. */
struct trace {
    uint64_t high, low, parent;
    uint32_t spans;
};

static void
put_span(struct gen *g, struct trace *t, uint32_t scope)
{
    struct shape sh = {.failed = gen_below(g, 20) == 0, .start = g->s->now_ns};
    struct put_mark span = put_open(&g->p, SCOPE_SPANS_SPANS);
    uint64_t id = sample_next(&g->s->rng) | 1;

    if (t->spans++ % SPANS_OF_A_TRACE == 0)
        *t = (struct trace){sample_next(&g->s->rng) | 1, sample_next(&g->s->rng), 0, t->spans};
    sh.end = sh.start + 200000 + gen_below(g, 80000000);
    g->s->now_ns += 50000 + gen_below(g, 200000);
    put_ids(g, t->high, t->low, id);
    if (gen_below(g, 8) == 0)
        put_bytes(&g->p, SPAN_TRACE_STATE, STR("shop=t61rcWkgMzE"));
    if (t->parent)
        put_bytes(&g->p, SPAN_PARENT, (struct str){(const char *)&t->parent, sizeof(t->parent)});
    t->parent = id;
    g->attributes = SPAN_ATTRIBUTES;
    gen_shape(g, scope, &sh);
    put_bytes(&g->p, SPAN_NAME, str_of(sh.name));
    put_varint(&g->p, SPAN_KIND, sh.kind);
    put_fixed64(&g->p, SPAN_START, sh.start);
    put_fixed64(&g->p, SPAN_END, sh.end);
    put_rest(g, &sh);
    put_close(&g->p, span);
    g->s->spans++;
}

static void
put_resource(struct gen *g)
{
    const char *service = GEN_PICK(g, gen_services);
    struct put_mark resource = put_open(&g->p, RESOURCE_SPANS_RESOURCE);

    g->attributes = RESOURCE_ATTRIBUTES;
    gen_text(g, "service.name", service);
    gen_text(g, "service.namespace", "shop");
    gen_format(g, "service.version", "3.%u.%u", gen_below(g, 20), gen_below(g, 20));
    gen_uuid(g, "service.instance.id");
    gen_text(g, "deployment.environment.name", "production");
    gen_text(g, "telemetry.sdk.language", "java");
    if (g->s->options.region)
        gen_text(g, "cloud.region", g->s->options.region);
    gen_format(g, "k8s.pod.name", "%s-7d9f8b6c5-%05x", service, gen_below(g, 0xfffff));
    gen_text(g, "k8s.namespace.name", "shop");
    gen_format(g, "host.name", "node-%u", gen_below(g, 200));
    put_close(&g->p, resource);
}

void
sampler_init(struct sampler *s, const struct sample_options *o)
{
    *s = (struct sampler){.options = *o, .rng = {o->seed}, .now_ns = o->start_ns ? o->start_ns : DAY_NS};
}

enum rc
sampler_batch(struct sampler *s, struct buf *out)
{
    static const struct {
        struct str name, version;
    } scopes[3] = {
        {STR("io.opentelemetry.http"), STR("2.9.0")}, {STR("io.opentelemetry.jdbc-and-grpc"), STR("2.9.0")}, {STR("shop.core"), STR("3.1")}};
    struct gen g = {.s = s, .p = {.out = out}};
    struct trace t = {0};
    size_t start = out->len;
    struct put_mark request = put_open(&g.p, REQUEST_RESOURCE_SPANS);

    put_resource(&g);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t count = s->options.spans / 3 + (i < s->options.spans % 3);

        if (count == 0)
            continue;
        struct put_mark scope_spans = put_open(&g.p, RESOURCE_SPANS_SCOPE_SPANS), scope = put_open(&g.p, SCOPE_SPANS_SCOPE);

        put_bytes(&g.p, SCOPE_NAME, scopes[i].name);
        put_bytes(&g.p, SCOPE_VERSION, scopes[i].version);
        put_close(&g.p, scope);
        while (count-- > 0)
            put_span(&g, &t, i);
        put_close(&g.p, scope_spans);
    }
    put_bytes(&g.p, RESOURCE_SPANS_SCHEMA_URL, STR("https://opentelemetry.io/schemas/1.44.0"));
    put_close(&g.p, request);
    if (g.p.rc != RC_OK)
        out->len = start;
    return g.p.rc;
}
