#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"
#include "codec_tree.h"
#include "policies/enrich.h"
#include "policies_spans.h"

#define KV(...) ((const struct kv[]){__VA_ARGS__, {NULL, NULL}})
#define NONE ((const struct kv[]){{NULL, NULL}})

/* ---- files ---- */

static char dir[] = "/tmp/spangate-enrich-XXXXXX", path[64];

static const char *
file_with(const char *name, const char *text)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

/* ---- loading ---- */

static enum rc
load(const char *yaml, struct enricher **en, struct errs *es)
{
    struct conf_doc *doc = NULL;

    ck_assert_int_eq(conf_load_text("gw.yaml", str_of(yaml), false, &doc, es), RC_OK);
    enum rc rc = enricher_load(doc, conf_root(doc, 0), en, es);

    conf_free(doc);
    return rc;
}

static struct enricher *
loaded(const char *fmt, const char *arg)
{
    struct enricher *en = NULL;
    struct errs es = {0};
    char yaml[4096];

    /* The one %s of a source's text is the path of its file. */
    const char *at = strstr(fmt, "%s");

    if (at)
        snprintf(yaml, sizeof(yaml), "%.*s%s%s", (int)(at - fmt), fmt, arg, at + 2);
    else
        snprintf(yaml, sizeof(yaml), "%s", fmt);
    if (load(yaml, &en, &es) != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_uint_eq(es.errors, 0);
    ck_assert_ptr_nonnull(en);
    errs_free(&es);
    return en;
}

/* ---- what comes out ---- */

struct result {
    struct arena *ar;
    struct buf in, out;
    struct batch b;
    uint32_t added;
};

static void
result_free(struct result *r)
{
    arena_free(r->ar);
    buf_free(&r->in);
    buf_free(&r->out);
}

static void
enrich_bytes(const struct enricher *en, struct result *r)
{
    struct batch b = spans_index(&r->in, r->ar);
    struct edits es;

    edits_init(&es, r->ar);
    ck_assert_int_eq(enricher_edits(en, &b, r->ar, &es, &r->added), RC_OK);
    ck_assert_int_eq(emit_batch(&b, &es, &r->out), RC_OK);
    r->b = spans_index(&r->out, r->ar);
}

static struct result
enrich(const struct enricher *en, const struct kv *resource, const struct span_spec *spans)
{
    struct result r = {.ar = arena_new(1 << 22), .in = BUF_INIT(1 << 20), .out = BUF_INIT(1 << 20)};

    spans_append(&r.in, resource, spans);
    enrich_bytes(en, &r);
    return r;
}

/* All string values of a key at a place below a span or a resource, separated by "|". */
static const char *
values(const struct result *r, uint32_t first, uint32_t end, enum place place, const char *key)
{
    static char out[512];
    size_t n = 0;

    out[0] = '\0';
    for (uint32_t i = first; i < end; i++) {
        struct str v = batch_attr_string(&r->b, i);

        if (r->b.attrs[i].place == place && str_eq(batch_attr_key(&r->b, &r->b.attrs[i]), str_of(key)))
            n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", n ? "|" : "", (int)v.len, v.ptr);
    }
    return out;
}

static const char *
of_resource(const struct result *r, unsigned i, const char *key)
{
    return values(r, r->b.resources[i].attr_first, r->b.resources[i].attr_end, PLACE_RESOURCE_ATTRIBUTE, key);
}

static const char *
of_span(const struct result *r, unsigned i, const char *key)
{
    return values(r, r->b.spans[i].attr_first, r->b.spans[i].attr_end, PLACE_SPAN_ATTRIBUTE, key);
}

static const char *
of_event(const struct result *r, unsigned i, const char *key)
{
    return values(r, r->b.spans[i].attr_first, r->b.spans[i].attr_end, PLACE_EVENT_ATTRIBUTE, key);
}

static const struct span_spec one_span[] = {{.name = "s", .trace = 1}, {.name = NULL}};

/* ---- resources ---- */

START_TEST(enrich_adds_static_attributes_to_resources)
{
    struct enricher *en = loaded("sources:\n  a: {type: static, set: {cloud.region: eu-central-1, deployment.id: 42}}\n", NULL);
    struct result r = enrich(en, KV({"service.name", "shop"}, {"cloud.region", "us-east-1"}), one_span);

    ck_assert(enricher_active(en));
    ck_assert_uint_eq(r.added, 1);
    ck_assert_str_eq(of_resource(&r, 0, "cloud.region"), "us-east-1");
    ck_assert_str_eq(of_resource(&r, 0, "deployment.id"), "42");
    ck_assert_str_eq(of_resource(&r, 0, "service.name"), "shop");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_creates_a_resource_where_there_is_none)
{
    struct enricher *en = loaded("sources:\n  a: {type: static, set: {k: v}}\n", NULL);
    struct result r = enrich(en, NULL, one_span);

    ck_assert_uint_ne(r.b.resources[0].inner, BATCH_NONE);
    ck_assert_str_eq(of_resource(&r, 0, "k"), "v");
    result_free(&r);
    r = enrich(en, NONE, one_span);
    ck_assert_str_eq(of_resource(&r, 0, "k"), "v");
    result_free(&r);
    enricher_free(en);
    /* A length of more than one byte. */
    en = loaded("sources:\n  a: {type: static, set: {k: '%s'}}\n",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
    r = enrich(en, NULL, one_span);
    ck_assert_uint_eq(strlen(of_resource(&r, 0, "k")), 130);
    ck_assert_uint_eq(r.b.span_count, 1);
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_overrides_every_attribute_of_the_key_when_asked)
{
    struct enricher *en = loaded("on_conflict: override\nsources:\n  a: {type: static, set: {k: new}}\n"
                                 "  b: {type: static, on_conflict: keep, set: {other: x, k: newer}}\n",
        NULL);
    struct result r = enrich(en, KV({"k", "1"}, {"a", "b"}, {"k", "2"}, {"other", "mine"}), one_span);

    ck_assert_str_eq(of_resource(&r, 0, "k"), "new");
    ck_assert_str_eq(of_resource(&r, 0, "other"), "mine");
    ck_assert_str_eq(of_resource(&r, 0, "a"), "b");
    ck_assert_uint_eq(r.added, 1);
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_lets_a_later_source_win_only_when_it_overrides)
{
    struct enricher *en = loaded("sources:\n  a: {type: static, set: {k: first, l: first}}\n  b: {type: static, set: {k: second}}\n"
                                 "  c: {type: static, on_conflict: override, set: {l: third}}\n",
        NULL);
    struct result r = enrich(en, NONE, one_span);

    ck_assert_str_eq(of_resource(&r, 0, "k"), "first");
    ck_assert_str_eq(of_resource(&r, 0, "l"), "third");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_adds_static_attributes_to_spans)
{
    struct enricher *en = loaded("sources:\n  a: {type: static, where: span, set: {k: v, l: w}}\n", NULL);
    const struct span_spec spans[] = {{.name = "a", .attrs = KV({"k", "mine"})}, {.name = "b"}, {.name = NULL}};
    struct result r = enrich(en, KV({"k", "of the resource"}), spans);

    ck_assert_uint_eq(r.added, 3);
    ck_assert_str_eq(of_span(&r, 0, "k"), "mine");
    ck_assert_str_eq(of_span(&r, 0, "l"), "w");
    ck_assert_str_eq(of_span(&r, 1, "k"), "v");
    ck_assert_str_eq(of_resource(&r, 0, "l"), "");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_does_nothing_without_sources)
{
    struct enricher *en = NULL;
    struct errs es = {0};

    ck_assert_int_eq(enricher_load(NULL, NULL, &en, &es), RC_OK);
    ck_assert(!enricher_active(en));
    struct result r = enrich(en, KV({"a", "b"}), one_span);

    ck_assert_uint_eq(r.added, 0);
    ck_assert(str_eq(buf_str(&r.in), buf_str(&r.out)));
    result_free(&r);
    enricher_free(en);
    enricher_free(NULL);
}
END_TEST

/* ---- environment and files ---- */

START_TEST(enrich_reads_the_environment_as_sdks_do)
{
    setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=lost, a.b=x%20y%2Cz ,k%3D1=%C3%BC,,empty=", 1);
    setenv("OTEL_SERVICE_NAME", "cart", 1);
    struct enricher *en = loaded("sources: {e: {type: env}}\n", NULL);
    struct result r = enrich(en, NONE, one_span);

    ck_assert_uint_eq(r.added, 4);
    ck_assert_str_eq(of_resource(&r, 0, "service.name"), "cart");
    ck_assert_str_eq(of_resource(&r, 0, "a.b"), "x y,z");
    ck_assert_str_eq(of_resource(&r, 0, "k=1"), "\xc3\xbc");
    result_free(&r);
    enricher_free(en);
    unsetenv("OTEL_SERVICE_NAME");
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
    en = loaded("sources: {e: {type: env}}\n", NULL);
    ck_assert(!enricher_active(en));
    enricher_free(en);
}
END_TEST

START_TEST(enrich_refuses_a_malformed_environment)
{
    static const char *const bad[] = {"novalue", "a=%", "a=%4", "a=%4x", "=v", "a=%ff", "ok=1,%=2"};

    unsetenv("OTEL_SERVICE_NAME");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct enricher *en = NULL;
        struct errs es = {0};

        setenv("OTEL_RESOURCE_ATTRIBUTES", bad[i], 1);
        ck_assert_msg(load("sources: {e: {type: env}}\n", &en, &es) == RC_CONFIG, "%s", bad[i]);
        ck_assert_ptr_null(en);
        ck_assert_uint_eq(es.errors, 1);
        errs_free(&es);
    }
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
}
END_TEST

START_TEST(enrich_reads_lines_and_values_of_files)
{
    const char *f = file_with("lines", "# comment\n\ndeployment.environment.name: staging\r\n  vcs.ref:  a:b \nempty:\n");
    struct enricher *en = loaded("sources: {f: {type: file, file: '%s'}}\n", f);
    struct result r = enrich(en, NONE, one_span);

    ck_assert_uint_eq(r.added, 3);
    ck_assert_str_eq(of_resource(&r, 0, "deployment.environment.name"), "staging");
    ck_assert_str_eq(of_resource(&r, 0, "vcs.ref"), "a:b");
    result_free(&r);
    enricher_free(en);
    en = loaded("sources: {f: {type: file, key: deployment.id, where: span, file: '%s'}}\n", file_with("value", "d-17\n"));
    r = enrich(en, NONE, one_span);
    ck_assert_str_eq(of_span(&r, 0, "deployment.id"), "d-17");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_reads_annotations_of_a_pod)
{
    file_with("annotations", "kubernetes.io/config.seen=\"2026-11-22T08:00:00Z\"\n"
                             "resource.opentelemetry.io/service.name=\"check\\\"out\\n\\u00fc\\U0001f600\\x41\\\\\"\n"
                             "resource.opentelemetry.io/k8s.cluster.name=\"eu-1\"\n");
    struct enricher *en = loaded("sources: {p: {type: podinfo, dir: '%s'}}\n", dir);
    struct result r = enrich(en, NONE, one_span);

    ck_assert_uint_eq(r.added, 2);
    ck_assert_str_eq(of_resource(&r, 0, "service.name"), "check\"out\n\xc3\xbc\xf0\x9f\x98\x80"
                                                         "A\\");
    ck_assert_str_eq(of_resource(&r, 0, "k8s.cluster.name"), "eu-1");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_refuses_malformed_annotations)
{
    static const char *const bad[] = {"", "\"", "x", "\"a\"b\"", "\"\\\"", "\"\\q\"", "\"\\x4\"", "\"\\u12\"", "\"\\ud800\"", "\"\\U00110000\"",
        "\"\\Uffffffff\"", "\"\\xff\"", "\"a", "a\""};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct enricher *en = NULL;
        struct errs es = {0};
        char text[128], yaml[128];

        snprintf(text, sizeof(text), "other=1\nresource.opentelemetry.io/k=%s\n", bad[i]);
        file_with("annotations", text);
        snprintf(yaml, sizeof(yaml), "sources: {p: {type: podinfo, dir: '%s'}}\n", dir);
        ck_assert_msg(load(yaml, &en, &es) == RC_CONFIG, "%s", bad[i]);
        ck_assert_uint_eq(es.errors, 1);
        ck_assert_uint_eq(es.list[0].line, 2);
        errs_free(&es);
    }
}
END_TEST

/* ---- experiments ---- */

#define EXPERIMENT                                                                                                                  \
    "sources:\n  x: {type: experiment, algorithm: growthbook_v2, key: cta, seed: seed, unit: span.attributes.user, set_id: autumn," \
    " variants: {control: 1, treatment: 3}%s}\n"

START_TEST(enrich_adds_the_variant_of_an_experiment_as_an_event)
{
    struct enricher *en = loaded(EXPERIMENT, "");
    /* growthbook_v2 with seed "seed": a stands at 0.0505, b at 0.2696. */
    const struct span_spec spans[] = {{.name = "a", .attrs = KV({"user", "a"}), .start_ns = 0x1122334455667788},
        {.name = "b", .attrs = KV({"user", "b"})}, {.name = "none"}, {.name = "empty", .attrs = KV({"user", ""})}, {.name = NULL}};
    struct result r = enrich(en, NONE, spans);

    ck_assert_uint_eq(r.added, 2);
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), "control");
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.result.variant"), "treatment");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.key"), "cta");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.provider.name"), "growthbook");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.reason"), "split");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.set.id"), "autumn");
    ck_assert_str_eq(of_span(&r, 0, "feature_flag.cta.variant"), "");
    ck_assert_uint_eq(r.b.spans[2].text_end - r.b.spans[2].text_first, 1); /* the name alone */

    tree_request *t = tree_unpack(buf_str(&r.out));

    ck_assert_ptr_nonnull(t);
    ck_assert_str_eq(t->resource_spans[0]->scope_spans[0]->spans[0]->events[0]->name, "feature_flag.evaluation");
    ck_assert_uint_eq(t->resource_spans[0]->scope_spans[0]->spans[0]->events[0]->time_unix_nano, 0x1122334455667788);
    ck_assert_uint_eq(t->resource_spans[0]->scope_spans[0]->spans[1]->events[0]->time_unix_nano, 0);
    tree_free(t);
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_adds_the_variant_as_an_attribute_when_asked)
{
    struct enricher *en = loaded(EXPERIMENT, ", emit: attributes");
    const struct span_spec spans[] = {
        {.name = "a", .attrs = KV({"user", "a"})}, {.name = "b", .attrs = KV({"user", "b"}, {"feature_flag.cta.variant", "mine"})}, {.name = NULL}};
    struct result r = enrich(en, NONE, spans);

    ck_assert_uint_eq(r.added, 1);
    ck_assert_str_eq(of_span(&r, 0, "feature_flag.cta.variant"), "control");
    ck_assert_str_eq(of_span(&r, 1, "feature_flag.cta.variant"), "mine");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.key"), "");
    result_free(&r);
    enricher_free(en);
    en = loaded(EXPERIMENT, ", emit: both, on_conflict: override");
    r = enrich(en, NONE, spans);
    ck_assert_uint_eq(r.added, 4);
    ck_assert_str_eq(of_span(&r, 1, "feature_flag.cta.variant"), "treatment");
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.key"), "cta");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_keeps_the_events_of_the_application)
{
    const struct span_spec spans[] = {
        {.name = "a", .attrs = KV({"user", "a"}), .event = KV({"feature_flag.key", "cta"}, {"feature_flag.result.variant", "theirs"})},
        {.name = "b", .attrs = KV({"user", "b"}), .event = KV({"feature_flag.key", "other"})}, {.name = NULL}};
    struct enricher *en = loaded(EXPERIMENT, "");
    struct result r = enrich(en, NONE, spans);

    ck_assert_uint_eq(r.added, 1);
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), "theirs");
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.key"), "cta|other");
    result_free(&r);
    enricher_free(en);
    en = loaded(EXPERIMENT, ", on_conflict: override");
    r = enrich(en, NONE, spans);
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), "control");
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.key"), "cta|other");
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_takes_the_unit_from_the_resource_and_from_numbers)
{
    struct enricher *en = loaded(
        "sources:\n  x: {type: experiment, algorithm: unleash, key: gr1, unit: resource.attributes.tenant, variants: {on: 73}}\n", NULL);
    struct result r = enrich(en, KV({"tenant", "123"}), one_span); /* stands at 73 */

    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), "on");
    result_free(&r);
    r = enrich(en, KV({"tenant", "124"}), one_span);
    result_free(&r);
    /* The same unit as an int_value, and inside an array, which is no unit. */
    static const char *const any[] = {"\x18\x7b", "\x2a\x07\x0a\x05\x0a\x03"
                                                  "123"};

    for (unsigned i = 0; i < 2; i++) {
        struct buf attr = BUF_INIT(256), res = BUF_INIT(256), rs = BUF_INIT(256), span = BUF_INIT(64), scope = BUF_INIT(64);

        r = (struct result){.ar = arena_new(1 << 20), .in = BUF_INIT(4096), .out = BUF_INIT(4096)};
        ck_assert_int_eq(emit_len_field(&attr, 1, STR("tenant")), RC_OK);
        ck_assert_int_eq(emit_len_field(&attr, 2, str_of(any[i])), RC_OK);
        ck_assert_int_eq(emit_len_field(&res, 1, buf_str(&attr)), RC_OK);
        ck_assert_int_eq(emit_len_field(&span, 5, STR("s")), RC_OK);
        ck_assert_int_eq(emit_len_field(&scope, 2, buf_str(&span)), RC_OK);
        ck_assert_int_eq(emit_len_field(&rs, 2, buf_str(&scope)), RC_OK); /* the spans before the Resource */
        ck_assert_int_eq(emit_len_field(&rs, 1, buf_str(&res)), RC_OK);
        ck_assert_int_eq(emit_len_field(&r.in, 1, buf_str(&rs)), RC_OK);
        enrich_bytes(en, &r);
        ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), i == 0 ? "on" : "");
        result_free(&r);
        buf_free(&attr);
        buf_free(&res);
        buf_free(&rs);
        buf_free(&span);
        buf_free(&scope);
    }
    enricher_free(en);
}
END_TEST

/* ---- flagd ---- */

#define FLAGS                                                                                                                                 \
    "{\n \"$schema\": \"https://flagd.dev/schema/v0/flags.json\",\n \"flags\": {\n"                                                           \
    "  \"banner\": {\"state\": \"ENABLED\", \"variants\": {\"on\": true, \"off\": false}, \"defaultVariant\": \"off\", \"targeting\": {}},\n" \
    "  \"limit\": {\"state\": \"DISABLED\", \"variants\": {\"a\": 1}, \"defaultVariant\": \"a\"},\n"                                          \
    "  \"code\": {\"state\": \"ENABLED\", \"variants\": {\"a\": 1}, \"metadata\": {\"version\": \"v7\", \"flagSetId\": \"own\"}}\n"           \
    " },\n \"metadata\": {\"flagSetId\": \"shop\"}\n}\n"

START_TEST(enrich_adds_flags_of_a_flagd_file)
{
    struct enricher *en = loaded(
        "sources:\n  f: {type: flagd, targeting_key: span.attributes.user, file: '%s', emit: both}\n", file_with("flags", FLAGS));
    const struct span_spec spans[] = {{.name = "a", .attrs = KV({"user", "a"})}, {.name = "b"}, {.name = NULL}};
    struct result r = enrich(en, NONE, spans);

    ck_assert_uint_eq(r.added, 4); /* three events, one attribute: only one flag has a variant */
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.key"), "banner|limit|code");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.reason"), "static|disabled|default");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.result.variant"), "off");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.set.id"), "shop|shop|own");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.version"), "v7");
    ck_assert_str_eq(of_event(&r, 0, "feature_flag.provider.name"), "flagd|flagd|flagd");
    ck_assert_str_eq(of_span(&r, 0, "feature_flag.banner.variant"), "off");
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.key"), "");
    result_free(&r);
    enricher_free(en);
    en = loaded("sources:\n  f: {type: flagd, file: '%s'}\n", path);
    r = enrich(en, NONE, spans);
    ck_assert_str_eq(of_event(&r, 1, "feature_flag.key"), "banner|limit|code"); /* no unit is asked for */
    result_free(&r);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_refuses_flags_that_it_cannot_evaluate)
{
    static const struct {
        const char *flag, *text;
    } rows[] = {
        {"{\"state\": \"ENABLED\", \"variants\": {}, \"targeting\": {\"if\": [true, \"a\"]}}",
            "flag \"f\": has targeting rules, which are not evaluated here"},
        {"{\"state\": \"ENABLED\", \"variants\": {}, \"targeting\": 1}", "flag \"f\": targeting is an object"},
        {"{\"state\": \"enabled\", \"variants\": {}}", "flag \"f\": state is ENABLED or DISABLED"},
        {"{\"variants\": {}}", "flag \"f\": state is ENABLED or DISABLED"},
        {"{\"state\": \"ENABLED\"}", "flag \"f\": variants is an object"},
        {"{\"state\": \"ENABLED\", \"variants\": {\"a\": 1}, \"defaultVariant\": \"b\"}", "flag \"f\": defaultVariant is none of its variants"},
        {"{\"state\": \"ENABLED\", \"variants\": {\"a\": 1}, \"defaultVariant\": 1}", "flag \"f\": defaultVariant is none of its variants"},
        {"{\"state\": \"ENABLED\", \"variants\": {\"a\": 1}, \"targetting\": {}}", NULL},
        {"[]", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct enricher *en = NULL;
        struct errs es = {0};
        char text[512], yaml[256];

        snprintf(text, sizeof(text), "{\"flags\": {\n  \"f\": %s}}", rows[i].flag);
        snprintf(yaml, sizeof(yaml), "sources: {f: {type: flagd, file: '%s'}}\n", file_with("bad", text));
        ck_assert_int_eq(load(yaml, &en, &es), RC_CONFIG);
        ck_assert_uint_eq(es.errors, 1);
        if (rows[i].text)
            ck_assert_str_eq(es.list[0].text, rows[i].text);
        ck_assert_str_eq(es.list[0].file, path);
        ck_assert_uint_gt(es.list[0].col, 1);
        ck_assert_msg(es.list[0].line == 2, "row %zu: line %u", i, es.list[0].line);
        errs_free(&es);
    }
}
END_TEST

START_TEST(enrich_refuses_a_flagd_file_cut_at_any_byte)
{
    const size_t full = strlen(FLAGS) - 1; /* without the last newline it is whole */

    for (size_t len = 0; len < full; len++) {
        struct enricher *en = NULL;
        struct errs es = {0};
        char text[1024], yaml[256];

        snprintf(text, sizeof(text), "%.*s", (int)len, FLAGS);
        snprintf(yaml, sizeof(yaml), "sources: {f: {type: flagd, file: '%s'}}\n", file_with("cut", text));
        if (load(yaml, &en, &es) != RC_CONFIG || es.errors != 1)
            ck_abort_msg("cut at %zu is taken", len);
        errs_free(&es);
    }
}
END_TEST

/* ---- errors ---- */

START_TEST(enrich_load_says_where_and_what)
{
    static const struct {
        const char *yaml, *text, *hint;
        unsigned line, col;
    } rows[] = {
        {"sources: {a: {type: statik, set: {}}}", "there is no source of type \"statik\"", "did you mean static?", 1, 21},
        {"sources: {a: {set: {}}}", "type is missing", "", 1, 14},
        {"sources: {a: 1}", "a source is a map with a type", "", 1, 14},
        {"sources: []", "sources is a map of at most 64 sources", "", 1, 10},
        {"sources: {a: {type: static}}", "set is a map of attributes", "", 1, 14},
        {"sources: {a: {type: static, set: {'': v}}}", "an attribute's key is 1 to 255 bytes of UTF-8", "", 1, 39},
        {"sources: {a: {type: file}}", "file is missing", "", 1, 14},
        {"sources: {a: {type: file, file: /nowhere/at-all}}", NULL, "", 1, 33},
        {"sources: {a: {type: podinfo}}", "dir is missing", "", 1, 14},
        {"sources: {a: {type: flagd}}", "file is missing", "", 1, 14},
        {"sources: {a: {type: flagd, file: x, targeting_key: user}}", "targeting_key is span.attributes.KEY or resource.attributes.KEY", NULL, 1, 52},
        {"sources: {a: {type: experiment, key: k, unit: span.attributes.u, variants: {a: 1}}}", "algorithm is missing", "", 1, 14},
        {"sources: {a: {type: experiment, algorithm: flagd, unit: span.attributes.u, variants: {a: 1}}}", "key is missing", "", 1, 14},
        {"sources: {a: {type: experiment, algorithm: flagd, key: k, variants: {a: 1}}}", "unit is missing", "", 1, 14},
        {"sources: {a: {type: experiment, algorithm: flagd, key: k, unit: span.attributes.u, variants: {}}}",
            "variants is a map of 1 to 64 names to weights", "", 1, 94},
        {"sources: {a: {type: experiment, algorithm: flagd, key: k, unit: span.attributes.u, variants: {a: 0}}}",
            "the weights add up to 0, which is not within 1 and 2147483647", "", 1, 94},
        {"sources: {a: {type: experiment, algorithm: unleash, key: k, unit: span.attributes.u, variants: {a: 60, b: 41}}}",
            "the weights add up to 101, which is not within 1 and 100", "", 1, 96},
        {"sources: {a: {type: experiment, algorithm: flagd, key: k, salt: s, unit: span.attributes.u, variants: {a: 1}}}",
            "only launchdarkly has a salt", "", 1, 65},
        {"sources: {a: {type: experiment, algorithm: launchdarkly, key: k, unit: span.attributes.u, variants: {a: 1}}}",
            "launchdarkly has either a salt or a seed", "", 1, 14},
        {"sources: {a: {type: experiment, algorithm: flagd, key: k, coverage: 50, unit: span.attributes.u, variants: {a: 1}}}",
            "only growthbook has a coverage", "", 1, 69},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct enricher *en = NULL;
        struct errs es = {0};

        ck_assert_msg(load(rows[i].yaml, &en, &es) == RC_CONFIG, "row %zu", i);
        ck_assert_ptr_null(en);
        ck_assert_msg(es.errors == 1, "row %zu: %zu errors", i, es.errors);
        if (rows[i].text)
            ck_assert_str_eq(es.list[0].text, rows[i].text);
        if (rows[i].hint)
            ck_assert_str_eq(es.list[0].hint, rows[i].hint);
        ck_assert_msg(es.list[0].line == rows[i].line && es.list[0].col == rows[i].col, "row %zu at %u:%u", i, es.list[0].line, es.list[0].col);
        errs_free(&es);
    }
}
END_TEST

START_TEST(enrich_load_refuses_unknown_keys_and_words)
{
    static const char *const bad[] = {"source: {}", "sources: {a: {type: static, sett: {}}}", "sources: {a: {type: env, file: x}}",
        "on_conflict: replace", "sources: {a: {type: static, where: scope, set: {}}}", "sources: {a: {type: static, set: {a: [1]}}}",
        "sources: {a: {type: experiment, algorithm: murmur, key: k, unit: span.attributes.u, variants: {a: 1}}}",
        "sources: {a: {type: experiment, algorithm: flagd, key: k, unit: span.attributes.u, variants: {a: x}}}",
        "sources: {a: {type: experiment, algorithm: flagd, key: k, where: span, unit: span.attributes.u, variants: {a: 1}}}",
        "sources: {a: {type: flagd, emit: events, file: x}}", "[]"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct enricher *en = NULL;
        struct errs es = {0};

        ck_assert_msg(load(bad[i], &en, &es) == RC_CONFIG, "%s", bad[i]);
        ck_assert_uint_eq(es.errors, 1);
        ck_assert_uint_eq(es.list[0].line, 1);
        errs_free(&es);
    }
}
END_TEST

START_TEST(enrich_load_has_limits)
{
    struct buf yaml = BUF_INIT(1 << 20);
    struct enricher *en = NULL;
    struct errs es = {0};

    ck_assert_int_eq(buf_append(&yaml, STR("sources:\n  a:\n    type: static\n    set:\n")), RC_OK);
    for (unsigned i = 0; i < 257; i++)
        ck_assert_int_eq(buf_printf(&yaml, "      k%u: v\n", i), RC_OK);
    ck_assert_int_eq(buf_append_byte(&yaml, '\0'), RC_OK);
    ck_assert_int_eq(load(yaml.ptr, &en, &es), RC_CONFIG);
    ck_assert_str_eq(es.list[0].text, "more than 256 attributes are added");
    errs_free(&es);
    buf_free(&yaml);
}
END_TEST

START_TEST(enrich_edits_says_nomem_at_every_size_of_arena)
{
    struct enricher *en = loaded("on_conflict: override\n" EXPERIMENT "  s: {type: static, set: {k: v, l: w}}\n"
                                 "  t: {type: static, where: span, set: {k: v}}\n",
        ", emit: both");
    const struct span_spec spans[] = {
        {.name = "a", .attrs = KV({"user", "a"}, {"k", "x"}), .event = KV({"feature_flag.key", "cta"})}, {.name = NULL}};
    struct arena *index = arena_new(1 << 20);
    struct buf in = BUF_INIT(1 << 16);
    unsigned failed = 0;

    spans_append(&in, NULL, spans);
    struct batch b = spans_index(&in, index);

    for (size_t max = 1; max < 1 << 20; max = max * 3 / 2 + 1) {
        struct arena *ar = arena_new(max);
        struct edits es;
        uint32_t added = 99;

        edits_init(&es, ar);
        enum rc rc = enricher_edits(en, &b, ar, &es, &added);

        ck_assert(rc == RC_OK || rc == RC_NOMEM);
        ck_assert(rc == RC_OK || added == 99);
        failed += rc != RC_OK;
        arena_free(ar);
    }
    ck_assert_uint_gt(failed, 3);
    buf_free(&in);
    arena_free(index);
    enricher_free(en);
}
END_TEST

START_TEST(enrich_load_survives_every_failing_allocation)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    char yaml[1024];

    file_with("flags", FLAGS);
    snprintf(yaml, sizeof(yaml),
        "sources:\n  a: {type: static, set: {k: v}}\n  f: {type: flagd, file: '%s', emit: both}\n"
        "  x: {type: experiment, algorithm: flagd, key: k, unit: span.attributes.u, variants: {a: 1, b: 2}, emit: both}\n",
        path);
    ck_assert_int_eq(conf_load_text("gw", str_of(yaml), false, &doc, &es), RC_OK);
    for (long n = 1; nomem_round(n); n++) {
        struct enricher *en = NULL;
        enum rc rc = enricher_load(doc, conf_root(doc, 0), &en, &es);
        bool failed = nomem_end();

        /* Without memory the readers of files make errors of their own. */
        ck_assert(failed ? rc == RC_NOMEM || rc == RC_CONFIG : rc == RC_OK);
        ck_assert((en == NULL) == failed);
        enricher_free(en);
        if (!failed)
            break;
    }
    errs_free(&es);
    conf_free(doc);
}
END_TEST

/* Whatever a batch holds, what comes out is a batch again, and a second pass finds everything there. */
START_TEST(enrich_makes_valid_batches_of_random_ones)
{
    struct enricher *en = loaded(
        EXPERIMENT "  s: {type: static, set: {k: v, l: w}}\n  t: {type: static, where: span, set: {user: someone}}\n", ", emit: both");
    struct rng rng = {7};
    struct arena *ar = arena_new(1 << 26);

    for (uint64_t i = 0; i < rng_rounds(300); i++) {
        struct buf in = BUF_INIT(1 << 22), out = BUF_INIT(1 << 22), again = BUF_INIT(1 << 22);
        struct batch b;
        struct edits es;
        uint32_t added;

        tree_random(&rng, &in);
        if (batch_index(buf_str(&in), &batch_limits_default, ar, &b) == RC_OK) {
            edits_init(&es, ar);
            ck_assert_int_eq(enricher_edits(en, &b, ar, &es, &added), RC_OK);
            ck_assert_int_eq(emit_batch(&b, &es, &out), RC_OK);
            b = spans_index(&out, ar);
            edits_init(&es, ar);
            ck_assert_int_eq(enricher_edits(en, &b, ar, &es, &added), RC_OK); /* now the spans have a user */
            ck_assert_int_eq(emit_batch(&b, &es, &again), RC_OK);
            b = spans_index(&again, ar);
            edits_init(&es, ar);
            ck_assert_int_eq(enricher_edits(en, &b, ar, &es, &added), RC_OK);
            ck_assert_uint_eq(added, 0);
        }
        buf_free(&in);
        buf_free(&out);
        buf_free(&again);
        arena_reset(ar, SIZE_MAX);
    }
    arena_free(ar);
    enricher_free(en);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &enrich_adds_static_attributes_to_resources},
    {"normal", &enrich_creates_a_resource_where_there_is_none},
    {"normal", &enrich_overrides_every_attribute_of_the_key_when_asked},
    {"normal", &enrich_lets_a_later_source_win_only_when_it_overrides},
    {"normal", &enrich_adds_static_attributes_to_spans},
    {"normal", &enrich_does_nothing_without_sources},
    {"normal", &enrich_reads_the_environment_as_sdks_do},
    {"malformed", &enrich_refuses_a_malformed_environment},
    {"normal", &enrich_reads_lines_and_values_of_files},
    {"normal", &enrich_reads_annotations_of_a_pod},
    {"malformed", &enrich_refuses_malformed_annotations},
    {"normal", &enrich_adds_the_variant_of_an_experiment_as_an_event},
    {"normal", &enrich_adds_the_variant_as_an_attribute_when_asked},
    {"normal", &enrich_keeps_the_events_of_the_application},
    {"normal", &enrich_takes_the_unit_from_the_resource_and_from_numbers},
    {"normal", &enrich_adds_flags_of_a_flagd_file},
    {"malformed", &enrich_refuses_flags_that_it_cannot_evaluate},
    {"malformed", &enrich_refuses_a_flagd_file_cut_at_any_byte},
    {"malformed", &enrich_load_says_where_and_what},
    {"malformed", &enrich_load_refuses_unknown_keys_and_words},
    {"limits", &enrich_load_has_limits},
    {"nomem", &enrich_load_survives_every_failing_allocation},
    {"nomem", &enrich_edits_says_nomem_at_every_size_of_arena},
    {"normal", &enrich_makes_valid_batches_of_random_ones},
    {NULL, NULL},
};

static void
remove_files(void)
{
    static const char *const names[] = {"lines", "value", "annotations", "flags", "bad", "cut"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int
main(void)
{
    if (!mkdtemp(dir))
        return EXIT_FAILURE;
    int rc = suite_run("enrich", cases);

    remove_files();
    return rc;
}
