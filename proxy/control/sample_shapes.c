/*
 * What spans of a shop look like: HTTP at its edge, databases, RPC between its services, messages, work inside. Attribute names are those of the
 * semantic conventions 1.44.
 */
#include <stdio.h>

#include "sample_int.h"

const char *const gen_services[8] = {"cart", "checkout", "catalog", "payment", "shipping", "recommendation", "account", "search"};
const char *const gen_things[7] = {"orders", "products", "customers", "invoices", "sessions", "shipments", "reviews"};

static void
put_server(struct gen *g)
{
    gen_format(g, "server.address", "%s.shop.svc.cluster.local", GEN_PICK(g, gen_services));
    gen_int(g, "server.port", 8080 + gen_below(g, 4));
}

static void
put_work(struct gen *g)
{
    gen_int(g, "thread.id", 10 + gen_below(g, 60));
    gen_format(g, "thread.name", "worker-%u", gen_below(g, 60));
    if (gen_below(g, 2))
        gen_format(g, "app.build", "2026.%u.%u", 1 + gen_below(g, 12), gen_below(g, 200));
}

static void
shape_http_server(struct gen *g, struct shape *sh)
{
    static const char *const methods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE"};
    static const char *const agents[] = {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "okhttp/4.12.0", "curl/8.9.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"};
    const char *method = GEN_PICK(g, methods), *thing = GEN_PICK(g, gen_things);

    sh->kind = KIND_SERVER;
    snprintf(sh->name, sizeof(sh->name), "%s /api/v2/%s/{id}", method, thing);
    gen_text(g, "http.request.method", method);
    gen_text(g, "url.scheme", "https");
    gen_format(g, "url.path", "/api/v2/%s/%u", thing, gen_below(g, 100000));
    if (gen_below(g, 3) == 0)
        gen_open_text(g, "url.query", "page=2&sort=price", "&contact=");
    gen_format(g, "http.route", "/api/v2/%s/{id}", thing);
    gen_int(g, "http.response.status_code", sh->failed ? 500 : 200);
    put_server(g);
    gen_text(g, "network.protocol.version", "2");
    gen_address(g, "client.address");
    gen_text(g, "user_agent.original", GEN_PICK(g, agents));
    gen_int(g, "http.request.body.size", gen_below(g, 20000));
    gen_int(g, "http.response.body.size", gen_below(g, 90000));
    if (g->s->options.country)
        gen_text(g, "geo.country.iso_code", g->s->options.country);
    gen_open_text(g, "app.note", gen_below(g, 2) ? "returning customer" : "first visit", ", ");
    if (gen_personal_due(g))
        gen_personal(g, "user.email", SAMPLE_EMAIL);
    if (gen_below(g, 2))
        gen_format(g, "enduser.pseudo.id", "u%06x", gen_below(g, 0xffffff));
}

static void
shape_http_client(struct gen *g, struct shape *sh)
{
    char url[160];
    const char *service = GEN_PICK(g, gen_services), *thing = GEN_PICK(g, gen_things);

    sh->kind = KIND_CLIENT;
    snprintf(sh->name, sizeof(sh->name), "GET");
    gen_text(g, "http.request.method", "GET");
    snprintf(url, sizeof(url), "https://%s.shop.svc.cluster.local:8443/v1/%s/%u", service, thing, gen_below(g, 100000));
    gen_open_text(g, "url.full", url, "?user=");
    put_server(g);
    gen_int(g, "http.response.status_code", sh->failed ? 503 : 200);
    gen_text(g, "network.protocol.name", "http");
    gen_text(g, "network.protocol.version", "1.1");
    gen_address(g, "network.peer.address");
    gen_int(g, "network.peer.port", 8443);
    gen_text(g, "service.peer.name", service);
    gen_int(g, "http.response.body.size", gen_below(g, 40000));
    gen_format(g, "url.template", "/v1/%s/{id}", thing);
    gen_open_text(g, "app.upstream.note", "cache miss", " for ");
    if (gen_below(g, 4) == 0)
        gen_int(g, "http.request.resend_count", 1 + gen_below(g, 3));
    put_work(g);
}

static void
shape_database(struct gen *g, struct shape *sh)
{
    static const char *const operations[] = {"SELECT", "SELECT", "UPDATE", "INSERT"};
    const char *operation = GEN_PICK(g, operations), *thing = GEN_PICK(g, gen_things);
    char query[200];

    sh->kind = KIND_CLIENT;
    snprintf(sh->name, sizeof(sh->name), "%s %s", operation, thing);
    gen_text(g, "db.system.name", gen_below(g, 3) ? "postgresql" : "mysql");
    gen_format(g, "db.namespace", "shop|%s", thing);
    gen_text(g, "db.collection.name", thing);
    gen_text(g, "db.operation.name", operation);
    snprintf(
        query, sizeof(query), "%s id, status, total FROM %s WHERE tenant = $1 AND state = $2 ORDER BY created_at DESC LIMIT 50", operation, thing);
    gen_open_text(g, "db.query.text", query, " /* owner = '");
    gen_format(g, "db.query.summary", "%s %s", operation, thing);
    gen_int(g, "db.response.returned_rows", gen_below(g, 50));
    gen_text(g, "server.address", "pg-primary.db.svc.cluster.local");
    gen_int(g, "server.port", 5432);
    gen_address(g, "network.peer.address");
    gen_int(g, "network.peer.port", 5432);
    gen_open_text(g, "db.query.parameter.0", "tenant-7", " ");
    gen_format(g, "db.client.connection.pool.name", "%s-pool", thing);
    if (sh->failed)
        gen_text(g, "db.response.status_code", "57014");
    put_work(g);
}

static void
shape_rpc(struct gen *g, struct shape *sh)
{
    static const char *const calls[] = {"Get", "List", "Reserve", "Quote", "Charge"};
    const char *service = GEN_PICK(g, gen_services), *call = GEN_PICK(g, calls);

    sh->kind = gen_below(g, 2) ? KIND_SERVER : KIND_CLIENT;
    snprintf(sh->name, sizeof(sh->name), "shop.%s.v1.Service/%s", service, call);
    gen_text(g, "rpc.system.name", "grpc");
    gen_text(g, "rpc.method", sh->name);
    gen_text(g, "rpc.response.status_code", sh->failed ? "UNAVAILABLE" : "OK");
    put_server(g);
    gen_text(g, "network.protocol.name", "http");
    gen_text(g, "network.protocol.version", "2");
    gen_text(g, "network.transport", "tcp");
    gen_address(g, "network.peer.address");
    gen_int(g, "network.peer.port", 30000 + gen_below(g, 30000));
    gen_format(g, "rpc.request.metadata.x-request-id", "%016llx", (unsigned long long)sample_next(&g->s->rng));
    gen_open_text(g, "app.rpc.argument", "sku 4711, quantity 2", ", ship to ");
    gen_int(g, "app.rpc.attempt", 1 + gen_below(g, 3));
    put_work(g);
}

static void
shape_messaging(struct gen *g, struct shape *sh)
{
    const char *thing = GEN_PICK(g, gen_things);
    bool send = gen_below(g, 2);

    sh->kind = send ? KIND_PRODUCER : KIND_CONSUMER;
    snprintf(sh->name, sizeof(sh->name), "%s shop.%s", send ? "send" : "process", thing);
    gen_text(g, "messaging.system", "kafka");
    gen_format(g, "messaging.destination.name", "shop.%s", thing);
    gen_text(g, "messaging.operation.name", send ? "send" : "process");
    gen_text(g, "messaging.operation.type", send ? "send" : "process");
    gen_uuid(g, "messaging.message.id");
    gen_format(g, "messaging.destination.partition.id", "%u", gen_below(g, 24));
    gen_int(g, "messaging.kafka.offset", 1000000 + gen_below(g, 90000000));
    gen_open_text(g, "messaging.kafka.message.key", "order-key", ":");
    gen_int(g, "messaging.message.body.size", 200 + gen_below(g, 4000));
    gen_format(g, "messaging.client.id", "%s-producer-%u", thing, gen_below(g, 9));
    if (!send)
        gen_format(g, "messaging.consumer.group.name", "%s-workers", thing);
    gen_text(g, "server.address", "kafka-0.kafka.svc.cluster.local");
    gen_int(g, "server.port", 9092);
    gen_open_text(g, "app.message.preview", "{\"type\":\"order.created\",\"version\":3}", " from ");
    put_work(g);
}

/* {"tier":"gold","tags":["a","b"],"score":0.5} as a value with values inside. */
static void
put_context(struct gen *g)
{
    static const char *const tiers[] = {"gold", "silver", "bronze"};
    struct put *p = &g->p;
    struct put_mark kv = put_open(p, g->attributes);

    put_bytes(p, ATTRIBUTE_KEY, STR("app.customer.context"));
    struct put_mark any = put_open(p, ATTRIBUTE_VALUE), map = put_open(p, VALUE_KVLIST);
    uint32_t outer = g->attributes;

    g->attributes = 1; /* KeyValueList.values */
    gen_text(g, "tier", GEN_PICK(g, tiers));
    gen_open_text(g, "remark", "prefers delivery in the evening", ", ");
    g->attributes = outer;
    struct put_mark tags = put_open(p, 1);

    put_bytes(p, ATTRIBUTE_KEY, STR("tags"));
    struct put_mark list_any = put_open(p, ATTRIBUTE_VALUE), list = put_open(p, VALUE_ARRAY);

    for (uint32_t i = gen_below(g, 3) + 1; i > 0; i--) {
        struct put_mark item = put_open(p, 1);

        put_bytes(p, VALUE_STRING, str_of(GEN_PICK(g, gen_things)));
        put_close(p, item);
        gen_count_value(g);
    }
    put_close(p, list);
    put_close(p, list_any);
    put_close(p, tags);
    put_close(p, map);
    put_close(p, any);
    put_close(p, kv);
}

static void
shape_internal(struct gen *g, struct shape *sh)
{
    static const char *const functions[] = {"shop.pricing.Rules.apply", "shop.stock.Allocator.reserve", "shop.mail.Renderer.render"};
    const char *function = GEN_PICK(g, functions);

    sh->kind = KIND_INTERNAL;
    snprintf(sh->name, sizeof(sh->name), "%s", function);
    gen_text(g, "code.function.name", function);
    gen_text(g, "code.file.path", "/srv/app/src/main/java/shop/Rules.java");
    gen_int(g, "code.line.number", 1 + gen_below(g, 900));
    gen_text(g, "feature_flag.key", "new-pricing");
    gen_text(g, "feature_flag.result.variant", gen_below(g, 2) ? "on" : "off");
    gen_int(g, "app.items", gen_below(g, 40));
    gen_open_text(g, "app.step", "rules applied", " for ");
    gen_format(g, "app.currency", "%s", gen_below(g, 2) ? "EUR" : "USD");
    gen_uuid(g, "app.run.id");
    gen_open_text(g, "app.detail", "template order-confirmation rendered", " to ");
    gen_format(g, "app.locale", "%s", gen_below(g, 2) ? "de-DE" : "en-US");
    put_context(g);
    put_work(g);
}

void
gen_shape(struct gen *g, uint32_t scope, struct shape *sh)
{
    typedef void shaper(struct gen * g, struct shape * sh);
    static shaper *const of_scope[3][4] = {{shape_http_server, shape_http_client, shape_http_server, shape_http_client},
        {shape_database, shape_database, shape_rpc, shape_rpc}, {shape_messaging, shape_messaging, shape_internal, shape_rpc}};

    of_scope[scope][gen_below(g, 4)](g, sh);
}
