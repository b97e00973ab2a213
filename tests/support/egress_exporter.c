#include "egress_exporter.h"

#include <check.h>
#include <stdio.h>

void
post_open(struct post *t, enum exporter_protocol protocol)
{
    memset(t, 0, sizeof(*t));
    t->clock = clock_fake(1000000000, UINT64_C(1795334113000000));
    t->loop = loop_new(&t->clock);
    ck_assert_ptr_nonnull(t->loop);
    pki_basic_make(&t->pki);
    t->set = exporter_set_new(t->loop);
    ck_assert_ptr_nonnull(t->set);
    t->options = (struct exporter_options){.name = "test/eu",
        .protocol = protocol,
        .endpoint = t->endpoint,
        .tls = {.ca_file = t->pki.ca_file, .cert_file = t->pki.client_file, .key_file = t->pki.client_key, .min_version = 0x0304},
        .timeout_ms = 20000,
        .initial_backoff_ms = 1000,
        .max_backoff_ms = 30000,
        .in_flight = 4,
        .clock = &t->clock};
}

void
post_serve(struct post *t, const struct script *scripts, unsigned count)
{
    test_server_open(&t->server, &(struct test_server_options){.loop = t->loop,
                                     .h2 = t->options.protocol == EXPORTER_GRPC,
                                     .cert_file = t->pki.server_file,
                                     .key_file = t->pki.server_key,
                                     .client_ca_file = t->pki.ca_file,
                                     .scripts = scripts,
                                     .script_count = count});
    snprintf(t->endpoint, sizeof(t->endpoint), "localhost:%u", t->server.port);
}

void
post_exporter(struct post *t)
{
    struct errs es = {0};
    enum rc rc = exporter_open(t->set, &t->options, &t->exporter, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_int_eq(rc, RC_OK);
    errs_free(&es);
}

void
post_close(struct post *t)
{
    exporter_close(t->exporter);
    exporter_set_free(t->set);
    if (t->server.listener)
        test_server_close(&t->server);
    loop_free(t->loop);
    pki_basic_free(&t->pki);
}

static enum rc
on_load(struct parcel *p)
{
    struct sent *s = (struct sent *)p;

    s->loads++;
    if (s->load_rc == RC_OK)
        p->body = s->loaded;
    return s->load_rc;
}

static void
on_unload(struct parcel *p)
{
    struct sent *s = (struct sent *)p;

    s->unloads++;
    ck_assert_ptr_nonnull(p->body.ptr);
    p->body = (struct str){NULL, 0};
}

static void
on_result(struct parcel *p, const struct parcel_result *r)
{
    static unsigned ends;
    struct sent *s = (struct sent *)p;

    ck_assert_uint_eq(s->ended, 0);
    s->last = *r;
    s->results++;
    if (r->end != PARCEL_WAITING)
        s->ended = ++ends;
    ck_assert_ptr_null(p->body.ptr); /* given back before its owner hears of it */
}

struct sent
sent_make(struct str body)
{
    return (struct sent){.loaded = body, .parcel = {.spans = 1, .on_load = on_load, .on_unload = on_unload, .on_result = on_result}};
}

void
post_submit(struct post *t, struct sent *s)
{
    exporter_submit(t->exporter, &s->parcel);
}

void
post_until_results(struct post *t, const struct sent *s, unsigned results)
{
    while (s->results < results)
        loop_step(t->loop);
}

void
post_until_ended(struct post *t, const struct sent *s)
{
    while (!s->ended)
        loop_step(t->loop);
}

void
post_advance_ms(struct post *t, uint64_t ms)
{
    t->clock.fake_mono_us += ms * 1000;
    t->clock.fake_wall_us += ms * 1000;
    loop_step(t->loop);
}
