/* Destinations that are down, slow or choosy. */
#include <stdlib.h>

#include "base_suite.h"
#include "egress_exporter.h"

static const struct script ok[] = {{.status = 200}};
static const struct script hangs[] = {{.end = SCRIPT_HANGS}};
static const struct script down_twice[] = {{.status = 503}, {.status = 503}, {.status = 200}};

/* Advance until an attempt is made; how long it took. */
static uint64_t
ms_until_load(struct post *t, const struct sent *s)
{
    unsigned loads = s->loads;
    uint64_t ms = 0;

    for (; s->loads == loads; ms += 10) {
        ck_assert_uint_lt(ms, 400000);
        post_advance_ms(t, 10);
    }
    return ms;
}

START_TEST(exporter_backs_off_longer_each_time_when_down)
{
    struct sent s = sent_make(STR("x"));
    struct post t;
    uint64_t base = 1000;

    post_open(&t, EXPORTER_HTTP);
    snprintf(t.endpoint, sizeof(t.endpoint), "localhost:1");
    post_exporter(&t);
    ck_assert(!exporter_down(t.exporter));
    post_submit(&t, &s);
    for (unsigned i = 1; i <= 14; i++) {
        post_until_results(&t, &s, i);
        ck_assert_int_eq(s.last.end, PARCEL_WAITING);
        ck_assert_str_eq(s.last.reason, "connect");
        ck_assert_uint_eq(s.last.attempt, i);
        ck_assert_int_eq(s.last.http_status, -1);
        ck_assert(exporter_down(t.exporter));
        uint64_t ms = ms_until_load(&t, &s);

        ck_assert_msg(ms + 10 >= base / 2 && ms <= base + base / 2 + 10, "attempt %u: %lu ms of %lu", i, (unsigned long)ms, (unsigned long)base);
        ck_assert(exporter_down(t.exporter));
        base = base + base / 2 < 30000 ? base + base / 2 : 30000;
    }
    post_close(&t);
}
END_TEST

START_TEST(exporter_jitters_so_that_gates_do_not_come_together)
{
    uint64_t seen[6];
    unsigned distinct = 0;

    for (unsigned i = 0; i < 6; i++) {
        struct sent s = sent_make(STR("x"));
        struct post t;

        post_open(&t, EXPORTER_HTTP);
        snprintf(t.endpoint, sizeof(t.endpoint), "localhost:1");
        post_exporter(&t);
        post_submit(&t, &s);
        post_until_results(&t, &s, 1);
        seen[i] = ms_until_load(&t, &s);
        bool known = false;

        for (unsigned k = 0; k < i; k++)
            known = known || seen[k] == seen[i];
        distinct += !known;
        post_close(&t);
    }
    ck_assert_uint_gt(distinct, 1);
}
END_TEST

/* Nine are told once that they wait, one at a time is tried; then all go, in the order in which they came. */
START_TEST(exporter_probes_with_one_parcel_when_down)
{
    static const char bodies[] = "0123456789";
    struct sent s[10];
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    t.options.in_flight = 1;
    post_serve(&t, down_twice, 3);
    post_exporter(&t);
    for (unsigned i = 0; i < 10; i++) {
        s[i] = sent_make((struct str){bodies + i, 1});
        post_submit(&t, &s[i]);
    }
    ck_assert_uint_eq(s[9].results, 0);
    post_until_results(&t, &s[0], 1);
    for (unsigned i = 1; i < 10; i++) {
        ck_assert_uint_eq(s[i].results, 1);
        ck_assert_int_eq(s[i].last.end, PARCEL_WAITING);
        ck_assert_str_eq(s[i].last.reason, "down");
        ck_assert_uint_eq(s[i].last.attempt, 0);
        ck_assert_uint_eq(s[i].loads, 0);
    }
    /* A 503 without a word about when may be the parcel's fault: the next is tried. */
    post_advance_ms(&t, 1500);
    ck_assert_uint_eq(s[1].loads, 1);
    while (s[1].results < 2)
        loop_step(t.loop);
    ck_assert_uint_eq(t.server.requests, 2);
    struct sent late = sent_make(STR("z"));

    post_submit(&t, &late);
    ck_assert_uint_eq(late.results, 1);
    ck_assert_uint_eq(exporter_queued(t.exporter), 11);
    post_advance_ms(&t, 2250);
    ck_assert_uint_eq(s[2].loads, 1);
    post_until_ended(&t, &s[2]);
    ck_assert(!exporter_down(t.exporter));
    for (unsigned i = 0; i < 10; i++) {
        post_advance_ms(&t, 1000); /* the two that failed wait for their own time */
        post_until_ended(&t, &s[i]);
        ck_assert_int_eq(s[i].last.end, PARCEL_DELIVERED);
        ck_assert_uint_le(s[i].results, 3);
    }
    post_until_ended(&t, &late);
    ck_assert_uint_eq(exporter_queued(t.exporter), 0);
    ck_assert_uint_eq(t.server.most_open, 1);
    post_close(&t);
}
END_TEST

START_TEST(exporter_keeps_the_order_when_the_destination_says_when)
{
    static const struct script throttled[] = {{.status = 429, .headers = "Retry-After: 7\n"}, {.status = 200}};
    static const char bodies[] = "0123";
    struct sent s[4];
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    t.options.in_flight = 1;
    post_serve(&t, throttled, 2);
    post_exporter(&t);
    for (unsigned i = 0; i < 4; i++) {
        s[i] = sent_make((struct str){bodies + i, 1});
        post_submit(&t, &s[i]);
    }
    post_until_results(&t, &s[0], 1);
    post_advance_ms(&t, 6999);
    ck_assert_uint_eq(s[0].loads, 1);
    post_advance_ms(&t, 1);
    ck_assert_uint_eq(s[0].loads, 2);
    for (unsigned i = 0; i < 4; i++) {
        post_until_ended(&t, &s[i]);
        ck_assert(i == 0 || s[i - 1].ended < s[i].ended);
    }
    post_close(&t);
}
END_TEST

START_TEST(exporter_sends_at_once_when_backoff_ended_with_nothing_waiting)
{
    static const struct script scripts[] = {{.status = 503}, {.status = 400}, {.status = 200}};
    struct sent a = sent_make(STR("a")), b = sent_make(STR("b"));
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, scripts, 3);
    post_exporter(&t);
    post_submit(&t, &a);
    post_until_results(&t, &a, 1);
    ck_assert(exporter_cancel(t.exporter, &a.parcel));
    ck_assert_uint_eq(exporter_queued(t.exporter), 0);
    post_advance_ms(&t, 1500);
    ck_assert(!exporter_down(t.exporter));
    post_submit(&t, &b);
    ck_assert_uint_eq(b.loads, 1);
    ck_assert(exporter_down(t.exporter)); /* until it is answered */
    ck_assert(!exporter_cancel(t.exporter, &b.parcel));
    post_until_ended(&t, &b); /* a refusal is an answer too */
    ck_assert_int_eq(b.last.end, PARCEL_REJECTED);
    ck_assert(!exporter_down(t.exporter));
    post_close(&t);
}
END_TEST

/* One parcel kills each connection it is sent on: all others are delivered before long. */
START_TEST(exporter_delivers_others_when_one_parcel_is_poison)
{
    struct sent s[20];
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, ok, 1);
    t.server.poison = '!';
    post_exporter(&t);
    for (unsigned i = 0; i < 20; i++) {
        s[i] = sent_make(i == 0 ? STR("!boom") : STR("fine"));
        post_submit(&t, &s[i]);
    }
    for (unsigned i = 1; i < 20; i++) {
        for (unsigned turn = 0; !s[i].ended; turn++) {
            ck_assert_uint_lt(turn, 2000);
            post_advance_ms(&t, 10);
            loop_step(t.loop);
        }
        ck_assert_int_eq(s[i].last.end, PARCEL_DELIVERED);
    }
    ck_assert_uint_eq(s[0].ended, 0);
    while (s[0].results < 5)
        post_advance_ms(&t, 10);
    ck_assert_str_eq(s[0].last.reason, "reset");
    post_close(&t);
}
END_TEST

START_TEST(exporter_gives_up_an_attempt_when_time_is_over)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sent s = sent_make(STR("x"));
        struct post t;

        post_open(&t, i ? EXPORTER_HTTP : EXPORTER_GRPC);
        t.options.timeout_ms = 50;
        post_serve(&t, hangs, 1);
        post_exporter(&t);
        post_submit(&t, &s);
        while (!s.results)
            post_advance_ms(&t, i ? 0 : 1); /* libcurl's time is real */
        ck_assert_int_eq(s.last.end, PARCEL_WAITING);
        ck_assert_str_eq(s.last.reason, "timeout");
        post_close(&t);
    }
}
END_TEST

/* A destination that hangs holds its own parcels, nobody else's. */
START_TEST(exporter_does_not_wait_for_other_destinations)
{
    struct sent stuck[8], s[20];
    struct post t;
    struct test_server other;
    struct exporter *first;
    char endpoint[64];

    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, hangs, 1);
    post_exporter(&t);
    first = t.exporter;
    for (unsigned i = 0; i < 8; i++) {
        stuck[i] = sent_make(STR("stuck"));
        exporter_submit(first, &stuck[i].parcel);
    }
    test_server_open(&other, &(struct test_server_options){.loop = t.loop,
                                 .cert_file = t.pki.server_file,
                                 .key_file = t.pki.server_key,
                                 .client_ca_file = t.pki.ca_file,
                                 .scripts = ok,
                                 .script_count = 1});
    snprintf(endpoint, sizeof(endpoint), "localhost:%u", other.port);
    t.options.endpoint = endpoint;
    t.options.name = "test/us";
    post_exporter(&t);
    for (unsigned i = 0; i < 20; i++) {
        s[i] = sent_make(STR("fine"));
        post_submit(&t, &s[i]);
    }
    for (unsigned i = 0; i < 20; i++)
        post_until_ended(&t, &s[i]);
    while (t.server.most_open < 4)
        loop_step(t.loop);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(stuck[i].results, 0);
    exporter_close(first);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(stuck[i].results, 0);
        ck_assert_uint_eq(stuck[i].loads, stuck[i].unloads);
    }
    test_server_close(&other);
    post_close(&t);
}
END_TEST

START_TEST(exporter_skips_parcels_that_cannot_be_loaded)
{
    struct sent gone = sent_make(STR("gone")), later = sent_make(STR("later")), fine = sent_make(STR("fine"));
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    post_serve(&t, ok, 1);
    post_exporter(&t);
    gone.load_rc = RC_NOT_FOUND;
    later.load_rc = RC_IO;
    post_submit(&t, &gone);
    post_submit(&t, &later);
    post_submit(&t, &fine);
    ck_assert_int_eq(gone.last.end, PARCEL_REJECTED);
    ck_assert_str_eq(gone.last.reason, "journal");
    ck_assert_int_eq(later.last.end, PARCEL_WAITING);
    ck_assert(!exporter_down(t.exporter));
    post_until_ended(&t, &fine);
    ck_assert_int_eq(fine.last.end, PARCEL_DELIVERED);
    later.load_rc = RC_OK;
    post_advance_ms(&t, 2000);
    post_until_ended(&t, &later);
    ck_assert_int_eq(later.last.end, PARCEL_DELIVERED);
    post_close(&t);
}
END_TEST

/* The probe itself cannot be loaded: another is taken, the destination is not judged by it. */
START_TEST(exporter_probes_with_another_when_the_first_cannot_be_loaded)
{
    struct sent a = sent_make(STR("a")), b = sent_make(STR("b"));
    static const struct script scripts[] = {{.status = 429}, {.status = 200}};
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    t.options.in_flight = 1;
    post_serve(&t, scripts, 2);
    post_exporter(&t);
    post_submit(&t, &a);
    post_submit(&t, &b);
    post_until_results(&t, &a, 1);
    a.load_rc = RC_IO;
    while (!b.ended)
        post_advance_ms(&t, 50);
    ck_assert_int_eq(b.last.end, PARCEL_DELIVERED);
    ck_assert(!exporter_down(t.exporter));
    a.load_rc = RC_OK;
    while (!a.ended)
        post_advance_ms(&t, 50);
    ck_assert_int_eq(a.last.end, PARCEL_DELIVERED);
    post_close(&t);
}
END_TEST

/* An owner that takes its parcel back as soon as it hears that it waits, and gives the exporter another. */
struct owner {
    struct sent sent;
    struct post *t;
    struct owner *instead;
    unsigned told;
};

static void
on_told(struct parcel *p, const struct parcel_result *r)
{
    struct owner *o = (struct owner *)p;

    o->told++;
    if (r->end != PARCEL_WAITING)
        return;
    ck_assert(exporter_cancel(o->t->exporter, p));
    if (o->instead)
        exporter_submit(o->t->exporter, &o->instead->sent.parcel);
}

START_TEST(exporter_allows_cancel_and_submit_when_it_tells)
{
    struct owner o[10] = {0}, instead[10] = {0};
    struct post t;

    post_open(&t, EXPORTER_HTTP);
    snprintf(t.endpoint, sizeof(t.endpoint), "localhost:1");
    post_exporter(&t);
    for (unsigned i = 0; i < 10; i++) {
        instead[i] = (struct owner){.sent = sent_make(STR("y")), .t = &t};
        instead[i].sent.parcel.on_result = on_told;
        o[i] = (struct owner){.sent = sent_make(STR("x")), .t = &t, .instead = &instead[i]};
        o[i].sent.parcel.on_result = on_told;
        exporter_submit(t.exporter, &o[i].sent.parcel);
    }
    while (exporter_queued(t.exporter))
        loop_step(t.loop);
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_uint_eq(o[i].told, 1);
        ck_assert_uint_eq(instead[i].told, 1);
        ck_assert_uint_eq(o[i].sent.loads, o[i].sent.unloads);
    }
    post_close(&t);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &exporter_backs_off_longer_each_time_when_down},
    {"normal", &exporter_jitters_so_that_gates_do_not_come_together},
    {"normal", &exporter_probes_with_one_parcel_when_down},
    {"normal", &exporter_keeps_the_order_when_the_destination_says_when},
    {"normal", &exporter_sends_at_once_when_backoff_ended_with_nothing_waiting},
    {"normal", &exporter_delivers_others_when_one_parcel_is_poison},
    {"normal", &exporter_gives_up_an_attempt_when_time_is_over},
    {"normal", &exporter_does_not_wait_for_other_destinations},
    {"malformed", &exporter_skips_parcels_that_cannot_be_loaded},
    {"malformed", &exporter_probes_with_another_when_the_first_cannot_be_loaded},
    {"normal", &exporter_allows_cancel_and_submit_when_it_tells},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("exporter_backoff", cases);
}
