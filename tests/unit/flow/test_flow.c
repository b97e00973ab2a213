#include "flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "codec/emit.h"
#include "egress_journal.h"
#include "egress_server.h"

#define REDACTS                                                                                                              \
    "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: all, revision: 1}\nspec:\n  mode: enforce\n  rules:\n" \
    "    - {id: email, entity: EMAIL_ADDRESS, action: {replace: '[email]'}}\n---\n"
#define ROUTES_UNTIL                                                                                                 \
    "apiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stays, revision: 1}\nspec:\n  mode: enforce\n" \
    "  origin: [{country: client.certificate.subject.C}]\n  routes: [{from: [DE], to: ["
#define ROUTES(to) ROUTES_UNTIL to "]}]\n"

static const struct script http_ok[] = {{.status = 200}};

/* One worker with a journal; destinations eu and us are servers here. */
struct rig {
    struct bench_journal b;
    struct test_server server[2]; /* eu, us */
    struct exporter_set *set;
    struct exporter *exporter[2];
    struct flow *flow;
    struct buf body;
    struct peer peer;
};

struct asked {
    struct request rq;
    struct reply reply;
    unsigned replies;
};

static const char *names[] = {"eu", "us"};

/* order: which of the two is destination 0. */
static struct snapshot *
snapshot_make(const char *policy, unsigned first)
{
    char path[] = "/tmp/spangate-test-XXXXXX";
    const char *files[] = {path};
    struct destination_info d[2] = {{str_of(names[0]), STR("EU"), STR("DE")}, {str_of(names[1]), STR("US"), STR("US")}};
    struct snapshot *s = calloc(1, sizeof(*s));
    struct errs es = {0};
    FILE *f = fdopen(mkstemp(path), "w");

    ck_assert(s && f && fputs(policy, f) >= 0 && fclose(f) == 0);
    if (first == 1) {
        struct destination_info swap = d[0];

        d[0] = d[1];
        d[1] = swap;
    }
    const struct program_source src = {.files = files, .file_count = 1, .destinations = d, .destination_count = 2};

    if (program_compile(&src, &s->program, &es) != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_ptr_nonnull(s->program);
    ck_assert_int_eq(enricher_load(NULL, NULL, &s->enricher, &es), RC_OK);
    errs_free(&es);
    unlink(path);
    s->limits = batch_limits_default;
    s->max_body_bytes = (size_t)16 << 20;
    s->node = "test";
    s->build = "0";
    s->refs = 1;
    return s;
}

static void
set_policy(struct rig *r, const char *policy, unsigned first)
{
    struct snapshot *s = snapshot_make(policy, first);
    struct exporter *exporters[2] = {r->exporter[first], r->exporter[1 - first]};

    if (!r->flow) {
        const struct flow_options o = {.loop = r->b.loop,
            .journal = r->b.jn,
            .clock = &clock_system,
            .journal_after_ms = 60000,
            .max_in_flight_bytes = (size_t)64 << 20,
            .worker_count = 1};

        ck_assert_int_eq(flow_new(&o, s, exporters, &r->flow), RC_OK);
    } else {
        struct examiner *ex = examiner_new(s->program);

        ck_assert_ptr_nonnull(ex);
        ck_assert_int_eq(flow_set(r->flow, s, ex, exporters), RC_OK);
    }
    snapshot_unref(s);
}

static void
rig_open(struct rig *r, const char *policy)
{
    struct errs es = {0};
    struct buf span = BUF_INIT(4096), spans = BUF_INIT(4096);

    memset(r, 0, sizeof(*r));
    bench_open(&r->b);
    r->set = exporter_set_new(r->b.loop);
    ck_assert_ptr_nonnull(r->set);
    for (unsigned i = 0; i < 2; i++) {
        char endpoint[64];

        test_server_open(&r->server[i], &(struct test_server_options){.loop = r->b.loop, .scripts = http_ok, .script_count = 1});
        snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", r->server[i].port);
        const struct exporter_options o = {.name = names[i],
            .protocol = EXPORTER_HTTP,
            .endpoint = endpoint,
            .tls = {.insecure = true},
            .timeout_ms = 20000,
            .initial_backoff_ms = 1000,
            .max_backoff_ms = 30000,
            .clock = &clock_system};

        ck_assert_int_eq(exporter_open(r->set, &o, &r->exporter[i], &es), RC_OK);
    }
    set_policy(r, policy, 0);
    r->body = BUF_INIT(4096);
    ck_assert_int_eq(emit_len_field(&span, 5, STR("GET /")), RC_OK);
    ck_assert_int_eq(emit_len_field(&spans, 2, buf_str(&span)), RC_OK);
    buf_clear(&span);
    ck_assert_int_eq(emit_len_field(&span, 2, buf_str(&spans)), RC_OK);
    ck_assert_int_eq(emit_len_field(&r->body, 1, buf_str(&span)), RC_OK);
    buf_free(&span);
    buf_free(&spans);
    r->peer = (struct peer){.identity = "checkout", .country = "DE", .tls_version = "TLSv1.3"};
}

static void
rig_close(struct rig *r)
{
    for (unsigned i = 0; i < 2; i++)
        exporter_close(r->exporter[i]);
    journal_settle(r->b.jn); /* it still reads what the flow would free */
    flow_free(r->flow);
    exporter_set_free(r->set);
    for (unsigned i = 0; i < 2; i++)
        test_server_close(&r->server[i]);
    buf_free(&r->body);
    bench_close(&r->b);
}

static void
on_reply(struct request *rq, const struct reply *reply)
{
    struct asked *a = (struct asked *)rq;

    a->reply = *reply;
    a->replies++;
}

/* The request is decided when this returns; its entry is with the journal, whose answer the loop has not heard. */
static void
ask(struct rig *r, struct asked *a)
{
    *a = (struct asked){.rq = {.transport = TRANSPORT_HTTP_PROTOBUF, .body = buf_str(&r->body), .peer = &r->peer, .reply = on_reply}};
    flow_sink(r->flow)->submit(flow_sink(r->flow), &a->rq);
    ck_assert_uint_eq(a->replies, 0);
}

static void
until_replied(struct rig *r, const struct asked *a)
{
    while (!a->replies)
        loop_step(r->b.loop);
}

START_TEST(flow_sends_where_the_policy_says)
{
    struct rig r;
    struct asked a;

    rig_open(&r, REDACTS ROUTES("eu"));
    ask(&r, &a);
    until_replied(&r, &a);
    ck_assert_int_eq(a.reply.rc, RC_OK);
    ck_assert_uint_eq(r.server[0].whole, 1);
    ck_assert_uint_eq(r.server[1].requests, 0);
    rig_close(&r);
}
END_TEST

/* What was decided goes to the destination that was meant, whatever its number is when the entry is on disk. */
static bool
add_entry(void *arg, uint64_t seq, struct str entry)
{
    struct buf *all = arg;

    (void)seq;
    return buf_append(all, entry) == RC_OK && buf_append_byte(all, '\n') == RC_OK;
}

/* Lines with both texts, and the sum of their "count". */
static unsigned
entries_with(struct rig *r, const char *one, const char *other, uint64_t *sum)
{
    struct buf all = BUF_INIT((size_t)1 << 24);
    struct str left;
    unsigned n = 0;

    *sum = 0;
    journal_settle(r->b.jn);
    ck_assert_int_eq(journal_entries(r->b.jn, 0, add_entry, &all), RC_OK);
    for (left = buf_str(&all); left.len;) {
        size_t end = str_find(left, STR("\n"));
        struct str line = str_sub(left, 0, end);
        size_t at = str_find(line, STR("\"count\":"));

        left = str_sub(left, end + 1, left.len);
        if (at == SIZE_MAX || str_find(line, str_of(one)) == SIZE_MAX || str_find(line, str_of(other)) == SIZE_MAX)
            continue;
        n++;
        *sum += strtoull(line.ptr + at + 8, NULL, 10);
    }
    buf_free(&all);
    return n;
}

static void
on_drained(void *arg)
{
    *(bool *)arg = true;
}

/* A flood fills nothing, and none of it is left uncounted. */
START_TEST(flow_bounds_the_entries_about_refusals)
{
    struct rig r;
    bool drained = false;
    uint64_t sum, started = clock_mono_us(&clock_system);

    rig_open(&r, REDACTS ROUTES("eu"));
    struct server_events *ev = flow_events(r.flow);

    for (unsigned i = 0; i < 20000; i++) {
        struct peer p = r.peer;

        ev->on_refused_request(ev, &p, "http/json", "other_signal");
        ev->on_refused(ev, &p, "expired");
        snprintf(p.identity, sizeof(p.identity), "spiffe://example.org/%u", i);
        ev->on_refused_request(ev, &p, "grpc", "too_large");
    }
    flow_drain(r.flow, on_drained, &drained);
    while (!drained)
        loop_step(r.b.loop);
    uint64_t seconds = 2 + (clock_mono_us(&clock_system) - started) / 1000000;

    ck_assert_uint_le(entries_with(&r, "\"type\":\"refusal\"", "\"reason\":\"other_signal\"", &sum), seconds);
    ck_assert_uint_eq(sum, 20000);
    ck_assert_uint_le(entries_with(&r, "\"type\":\"handshake\"", "\"reason\":\"expired\"", &sum), seconds);
    ck_assert_uint_eq(sum, 20000);
    ck_assert_uint_le(entries_with(&r, "\"type\":\"refusal\"", "\"protocol\":\"grpc\"", &sum), 128 * seconds);
    ck_assert_uint_eq(sum, 20000);
    ck_assert_uint_eq(entries_with(&r, "\"identity\":\"checkout\"", "\"type\":\"refusal\"", &sum) > 0, true);
    rig_close(&r);
}
END_TEST

/* What comes after a pause has an entry of its own, at once. */
START_TEST(flow_writes_a_refusal_at_once)
{
    struct rig r;
    uint64_t sum;

    rig_open(&r, REDACTS ROUTES("eu"));
    struct server_events *ev = flow_events(r.flow);

    ev->on_refused_request(ev, &r.peer, "http", "method");
    ck_assert_uint_eq(entries_with(&r, "refusal", "\"reason\":\"method\"", &sum), 1);
    ck_assert_uint_eq(sum, 1);
    ev->on_refused_request(ev, &r.peer, "http", "method");
    ev->on_refused_request(ev, &r.peer, "http", "method");
    ev->on_refused_request(ev, &r.peer, "http", "media_type");
    ck_assert_uint_eq(entries_with(&r, "refusal", "\"reason\":\"method\"", &sum), 1);
    ck_assert_uint_eq(entries_with(&r, "refusal", "\"reason\":\"media_type\"", &sum), 1);
    while (entries_with(&r, "refusal", "\"reason\":\"method\"", &sum) < 2) /* the timer of a second */
        loop_step(r.b.loop);
    ck_assert_uint_eq(sum, 3);
    rig_close(&r);
}
END_TEST

/* Each allocation in turn is the one that fails: the entry is written a second later. */
START_TEST(flow_counts_a_refusal_when_memory_ends)
{
    static char reason[64][16];
    struct rig r;
    uint64_t sum;
    long rounds = 0;

    rig_open(&r, REDACTS ROUTES("eu"));
    struct server_events *ev = flow_events(r.flow);

    for (long n = 1; n < 64 && nomem_round(n); n++) {
        snprintf(reason[n], sizeof(reason[n]), "reason_%ld", n);
        ev->on_refused_request(ev, &r.peer, "http", reason[n]);
        if (!nomem_end())
            break;
        rounds = n;
    }
    for (long n = 1; n <= rounds; n++) {
        char text[32];

        snprintf(text, sizeof(text), "\"reason\":\"%s\"", reason[n]);
        while (entries_with(&r, "refusal", text, &sum) == 0) /* the timer of a second */
            loop_step(r.b.loop);
        ck_assert_uint_eq(sum, 1);
    }
    rig_close(&r);
}
END_TEST

START_TEST(flow_keeps_the_destination_when_a_reload_renumbers_them)
{
    struct rig r;
    struct asked a;

    rig_open(&r, REDACTS ROUTES("eu"));
    ask(&r, &a);
    set_policy(&r, REDACTS ROUTES("eu"), 1);
    until_replied(&r, &a);
    ck_assert_int_eq(a.reply.rc, RC_OK);
    ck_assert_uint_eq(r.server[1].requests, 0);
    ck_assert_uint_eq(r.server[0].whole, 1);
    rig_close(&r);
}
END_TEST

/* Nothing has left yet: the policy that is in force when it could is asked, and the sender comes back. */
START_TEST(flow_asks_the_new_policy_when_a_reload_comes_before_the_first_byte)
{
    struct rig r;
    struct asked a;

    rig_open(&r, REDACTS ROUTES("us"));
    ask(&r, &a);
    set_policy(&r, REDACTS ROUTES("eu"), 0);
    until_replied(&r, &a);
    ck_assert_int_ne(a.reply.rc, RC_OK);
    ck_assert(rc_retryable(a.reply.rc));
    ck_assert_uint_eq(r.server[0].requests, 0);
    ck_assert_uint_eq(r.server[1].requests, 0);
    rig_close(&r);
}
END_TEST

/* A request that ends its body while the gate is ending. */
START_TEST(flow_records_what_comes_while_it_drains)
{
    struct rig r;
    struct asked a;
    bool drained = false;
    uint64_t sum;

    rig_open(&r, REDACTS ROUTES("eu"));
    ask(&r, &a); /* something to wait for */
    flow_drain(r.flow, on_drained, &drained);
    struct asked late = {.rq = {.transport = TRANSPORT_HTTP_PROTOBUF, .body = buf_str(&r.body), .peer = &r.peer, .reply = on_reply}};

    flow_sink(r.flow)->submit(flow_sink(r.flow), &late.rq);
    ck_assert_uint_eq(late.replies, 1);
    ck_assert_int_eq(late.reply.rc, RC_STOPPING);
    while (!drained)
        loop_step(r.b.loop);
    ck_assert_int_eq(a.reply.rc, RC_OK);
    ck_assert_uint_eq(entries_with(&r, "\"type\":\"refusal\"", "\"reason\":\"stopping\"", &sum), 1);
    rig_close(&r);
}
END_TEST

/* However often destinations are given other names, also while something waits for the first of them. */
START_TEST(flow_goes_on_when_destinations_are_renamed_without_end)
{
    struct rig r;
    struct asked a;
    char name[16], policy[1024];

    rig_open(&r, REDACTS ROUTES("eu"));
    ask(&r, &a);
    for (unsigned n = 0; n < 600; n++) {
        snprintf(name, sizeof(name), "eu%u", n);
        names[0] = name;
        snprintf(policy, sizeof(policy), "%s%s%s%s", REDACTS, ROUTES_UNTIL, name, "]}]\n");
        set_policy(&r, policy, 0); /* fails the test when it is not RC_OK */
    }
    until_replied(&r, &a);
    ck_assert(rc_retryable(a.reply.rc)); /* there is no "eu" any more */
    ask(&r, &a);
    until_replied(&r, &a);
    ck_assert_int_eq(a.reply.rc, RC_OK);
    ck_assert_uint_eq(r.server[0].whole, 1);
    names[0] = "eu";
    rig_close(&r);
}
END_TEST

static void
on_act_recorded(void *arg, bool durable)
{
    *(int *)arg = durable ? 1 : -1;
}

START_TEST(flow_tells_when_an_act_is_on_disk)
{
    struct rig r;
    int told = 0;

    rig_open(&r, REDACTS ROUTES("eu"));
    const struct flow_act act = {.verb = "reveal", .object = "x", .result = "ok", .on_recorded = on_act_recorded, .arg = &told};
    uint64_t seq = journal_stats(r.b.jn).next_seq;

    flow_record_act(r.flow, &act);
    ck_assert_int_eq(told, 0);
    while (!told)
        loop_step(r.b.loop);
    ck_assert_int_eq(told, 1);
    ck_assert_uint_eq(journal_stats(r.b.jn).next_seq, seq + 1);
    rig_close(&r);
}
END_TEST

static const struct case_entry cases[] = {
    {"limits", &flow_bounds_the_entries_about_refusals},
    {"normal", &flow_writes_a_refusal_at_once},
    {"nomem", &flow_counts_a_refusal_when_memory_ends},
    {"normal", &flow_sends_where_the_policy_says},
    {"normal", &flow_keeps_the_destination_when_a_reload_renumbers_them},
    {"normal", &flow_asks_the_new_policy_when_a_reload_comes_before_the_first_byte},
    {"normal", &flow_records_what_comes_while_it_drains},
    {"limits", &flow_goes_on_when_destinations_are_renamed_without_end},
    {"normal", &flow_tells_when_an_act_is_on_disk},
    {NULL, NULL},
};

int
main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT, STDERR_FILENO);
    return suite_run("flow", cases);
}
