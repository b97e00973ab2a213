#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "control/command.h"
#include "control/desk.h"
#include "service_int.h"

#define BUFFERED_MAX ((size_t)64 << 20) /* bodies being received, and payloads in flight: at least four of the largest */
#define LARGEST(a, b) ((a) > (b) ? (a) : (b))

/* -- exporters -------------------------------------------------------------------------------------------------------------------- */

static struct worker_exporter *
exporter_like(struct worker *w, const struct config_exporter *wanted)
{
    for (size_t i = 0; i < w->exporter_count; i++)
        if (config_exporter_same(&w->exporters[i].config->exporters[w->exporters[i].index], wanted))
            return &w->exporters[i];
    return NULL;
}

static void
exporter_drop(struct worker_exporter *e)
{
    if (e->exporter)
        exporter_close(e->exporter);
    config_unref(e->config);
    *e = (struct worker_exporter){0};
}

/* Those of w that fit stay, the others are opened: into out. On failure out holds only what was opened anew, to be dropped. */
static enum rc
exporters_plan(struct worker *w, const struct config *c, struct worker_exporter *out, struct errs *es)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < c->exporter_count && rc == RC_OK; i++) {
        struct worker_exporter *old = exporter_like(w, &c->exporters[i]);
        struct exporter_options o = config_exporter_options(c, i, w->o.clock);

        if (old) {
            out[i] = *old;
            continue;
        }
        rc = exporter_open(w->set, &o, &out[i].exporter, es);
        if (rc == RC_OK)
            out[i] = (struct worker_exporter){out[i].exporter, config_ref(c), i};
    }
    return rc;
}

static bool
exporter_in(const struct worker_exporter *list, size_t count, const struct exporter *e)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].exporter == e)
            return true;
    return false;
}

/* Drop those of from that are not in keep. */
static void
exporters_drop(struct worker_exporter *from, size_t from_count, const struct worker_exporter *keep, size_t keep_count)
{
    for (size_t i = 0; i < from_count; i++)
        if (from[i].exporter && !exporter_in(keep, keep_count, from[i].exporter))
            exporter_drop(&from[i]);
}

/* -- letters ---------------------------------------------------------------------------------------------------------------------- */

_Noreturn void
worker_give_up(const struct worker *w, enum rc rc)
{
    log_event(LOG_WORKER_FAILED, LOG_NUM("worker", w->o.index), LOG_STR("reason", rc_label(rc)));
    _exit(EXIT_INTERNAL);
}

static void
update_take(struct worker *w, struct worker_update *u, const struct worker_exporter *next, size_t count)
{
    struct exporter *exporters[PROGRAM_DESTINATIONS_MAX];

    for (size_t i = 0; i < count; i++)
        exporters[i] = next[i].exporter;
    /* The new ones are open by now: an address is not used again for another exporter while the flow still compares it. */
    exporters_drop(w->exporters, w->exporter_count, next, count);
    memcpy(w->exporters, next, count * sizeof(*next));
    w->exporter_count = count;
    enum rc rc = flow_set(w->flow, u->material->snap, u->examiner, exporters);

    if (rc != RC_OK)
        worker_give_up(w, rc);
    u->examiner = NULL;
    if (w->grpc && u->material->grpc_tls)
        server_set_tls(w->grpc, u->material->grpc_tls);
    if (w->http && u->material->http_tls)
        server_set_tls(w->http, u->material->http_tls);
}

/* Nothing is changed unless RC_OK is returned. */
static enum rc
update_apply(struct worker *w, struct worker_update *u)
{
    const struct config *c = u->material->config;
    struct worker_exporter next[PROGRAM_DESTINATIONS_MAX] = {{0}};
    struct errs es = {0};
    enum rc rc = exporters_plan(w, c, next, &es);

    service_log_problems(&es);
    errs_free(&es);
    if (rc != RC_OK) {
        exporters_drop(next, c->exporter_count, w->exporters, w->exporter_count);
        return rc;
    }
    if (u->record) { /* before the first decision by the new policies */
        flow_record_admin(w->flow, "reload", u->record, "ok");
        changes_record(w->flow, u->before, u->after);
    }
    update_take(w, u, next, c->exporter_count);
    if (u->record)
        flow_record_rules(w->flow);
    return RC_OK;
}

static void
on_updated(struct letter *letter)
{
    struct worker_update *u = (struct worker_update *)letter;

    u->worker->o.on_updated(u);
}

static void
on_update(struct letter *letter)
{
    struct worker_update *u = (struct worker_update *)letter;

    u->rc = RC_OK;
    if (u->material)
        u->rc = update_apply(u->worker, u);
    else
        flow_record_admin(u->worker->flow, "reload", u->record, "refused");
    letter->on_delivery = on_updated;
    loop_post(u->worker->o.control, letter);
}

void
worker_post_update(struct worker *w)
{
    w->update.worker = w;
    w->update.letter.on_delivery = on_update;
    loop_post(w->loop, &w->update.letter);
}

static void
on_act_recorded(void *arg, bool durable)
{
    struct worker_act *a = arg;

    desk_settle(a->file, durable);
    free(a);
}

static void
on_act(struct letter *letter)
{
    struct worker_act *a = (struct worker_act *)letter;

    flow_record_act(a->worker->flow, &(struct flow_act){.actor = a->actor,
                                         .verb = a->verb,
                                         .object = a->object,
                                         .digest = *a->digest ? a->digest : NULL,
                                         .result = a->result,
                                         .on_recorded = on_act_recorded,
                                         .arg = a});
}

void
worker_post_act(struct worker *w, struct worker_act *act)
{
    act->worker = w;
    act->letter.on_delivery = on_act;
    loop_post(w->loop, &act->letter);
}

static void
on_drained(struct letter *letter)
{
    struct worker_drain *d = (struct worker_drain *)letter;

    d->worker->o.on_drained(d);
}

static void
on_part_drained(void *arg)
{
    struct worker *w = arg;

    if (--w->drain.open > 0)
        return;
    w->drain.letter.on_delivery = on_drained;
    loop_post(w->o.control, &w->drain.letter);
}

static void
on_drain(struct letter *letter)
{
    struct worker *w = ((struct worker_drain *)letter)->worker;

    w->drain.open = 1u + (w->grpc != NULL) + (w->http != NULL);
    if (w->drain.record)
        flow_record_admin(w->flow, "stop", w->o.count > 1 ? "all workers" : "worker", "ok");
    if (w->grpc)
        server_drain(w->grpc, on_part_drained, w);
    if (w->http)
        server_drain(w->http, on_part_drained, w);
    flow_drain(w->flow, on_part_drained, w);
}

void
worker_post_drain(struct worker *w, bool record)
{
    w->drain = (struct worker_drain){.letter.on_delivery = on_drain, .worker = w, .record = record};
    loop_post(w->loop, &w->drain.letter);
}

/* -- life ------------------------------------------------------------------------------------------------------------------------- */

static enum rc
listen_on(struct worker *w, const struct config_receiver *r, bool grpc, struct tls *tls, struct errs *es)
{
    uint16_t shared = grpc ? w->o.grpc_port : w->o.http_port;
    struct server **s = grpc ? &w->grpc : &w->http;
    const struct server_options o = {
        .address = r->endpoint.address,
        .port = shared ? shared : r->endpoint.port,
        .tls = tls,
        .max_body_bytes = r->max_body_bytes,
        .max_streams = (uint32_t)r->max_streams,
        .max_connections = (uint32_t)r->max_connections,
        .max_buffered_bytes = LARGEST(BUFFERED_MAX, 4 * r->max_body_bytes),
        .clock = w->o.clock,
        .sink = flow_sink(w->flow),
        .events = flow_events(w->flow),
    };
    enum rc rc = grpc ? server_grpc_open(w->loop, &o, s) : server_http_open(w->loop, &o, s);

    if (rc != RC_OK)
        errs_add(
            es, ERR_ERROR, rc, 0, r->endpoint.pos, "cannot listen on %s port %u: %s", o.address, o.port, rc == RC_IO ? strerror(errno) : rc_text(rc));
    return rc;
}

static enum rc
make_flow(struct worker *w, const struct material *m)
{
    const struct config *c = m->config;
    size_t largest = LARGEST(c->grpc.max_body_bytes, c->http.max_body_bytes);
    struct exporter *exporters[PROGRAM_DESTINATIONS_MAX];
    const struct flow_options o = {
        .loop = w->loop,
        .journal = w->o.journal,
        .clock = w->o.clock,
        .journal_after_ms = c->journal_after_ms,
        .max_in_flight_bytes = LARGEST(BUFFERED_MAX, 4 * largest),
        .worker = w->o.index,
        .worker_count = w->o.count,
    };

    for (size_t i = 0; i < w->exporter_count; i++)
        exporters[i] = w->exporters[i].exporter;
    enum rc rc = flow_new(&o, m->snap, exporters, &w->flow);

    return rc == RC_OK ? flow_recover(w->flow) : rc;
}

enum rc
worker_open(struct worker *w, const struct worker_setup *o, const struct material *m, struct errs *es)
{
    const struct config *c = m->config;
    size_t before = es->errors;

    *w = (struct worker){.o = *o};
    w->loop = loop_new(o->clock);
    w->set = w->loop ? exporter_set_new(w->loop) : NULL;
    enum rc rc = w->set ? exporters_plan(w, c, w->exporters, es) : RC_NOMEM;

    w->exporter_count = c->exporter_count;
    if (rc == RC_OK)
        rc = make_flow(w, m);
    if (rc == RC_OK && c->grpc.on)
        rc = listen_on(w, &c->grpc, true, m->grpc_tls, es);
    if (rc == RC_OK && c->http.on)
        rc = listen_on(w, &c->http, false, m->http_tls, es);
    if (rc != RC_OK && es->errors == before)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = c->file}, "worker %u: %s", o->index, rc_text(rc));
    return rc;
}

static void *
run(void *arg)
{
    struct worker *w = arg;

    loop_run(w->loop);
    return NULL;
}

/* Signals are the control thread's: none may interrupt a worker. */
enum rc
worker_start(struct worker *w)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return w->started ? RC_OK : RC_NOMEM;
}

void
worker_stop(struct worker *w)
{
    if (!w->started)
        return;
    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    w->started = false;
}

void
worker_close(struct worker *w)
{
    if (w->grpc)
        server_free(w->grpc);
    if (w->http)
        server_free(w->http);
    for (size_t i = 0; i < w->exporter_count; i++)
        exporter_drop(&w->exporters[i]);
    flow_free(w->flow);
    if (w->set)
        exporter_set_free(w->set);
    if (w->loop)
        loop_free(w->loop);
    *w = (struct worker){0};
}
