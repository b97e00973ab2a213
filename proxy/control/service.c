#include "service_int.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "control/command.h"
#include "control/trail.h"
#include "control/desk.h"

static const int signal_numbers[SIGNALS_COUNT] = {SIGHUP, SIGTERM, SIGINT};

/* To a person when the gate does not start, else to the log. */
static void
tell_problems(struct errs *es, enum rc rc)
{
    if (rc == RC_OK)
        service_log_problems(es);
    else
        errs_print(es, stderr, output_colored(stderr));
    errs_free(es);
}

enum rc
service_check(const char *path, struct errs *es)
{
    struct material m = {0};
    enum rc rc = material_load(path, 0, &m, es);

    material_free(&m);
    return rc;
}

/* Payloads are in our memory: no core file, no debugger of the same user, no log of TLS secrets. Descriptors as many as we may have. */
static enum rc
harden(struct errs *es)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        errs_add(es, ERR_ERROR, RC_INTERNAL, 0, (struct err_pos){0}, "core files cannot be switched off: %m");
        return RC_INTERNAL;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* fewer connections then */
    }
    /* libcurl would write the secrets of its connections to a file that is named there. */
    if (unsetenv("SSLKEYLOGFILE") != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        errs_add(es, ERR_ERROR, RC_INTERNAL, 0, (struct err_pos){0}, "the environment cannot be made safe: %m");
        return RC_INTERNAL;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow (RLIMIT_FSIZE) is a full disk: EFBIG */
    return RC_OK;
}

/* -- stop ------------------------------------------------------------------------------------------------------------------------- */

void
service_stop_now(struct service *s)
{
    loop_stop(s->loop);
}

static void
on_drained(struct worker_drain *d)
{
    struct service *s = d->worker->o.service;

    if (--s->drains_open == 0)
        service_stop_now(s);
}

static void
on_drain_limit(void *arg)
{
    struct service *s = arg;

    log_event(LOG_STOPPED, LOG_STR("reason", "time limit"), LOG_NUM("workers_not_drained", s->drains_open));
    service_stop_now(s);
}

static void
drain(struct service *s)
{
    if (s->stopping) {
        service_stop_now(s);
        return;
    }
    s->stopping = true;
    log_event0(LOG_STOPPING);
    notify_manager("STOPPING=1");
    s->drains_open = s->worker_count;
    timer_set(s->drain_limit, DRAIN_MS);
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_post_drain(&s->workers[i], i == 0);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)what;
    if (number == SIGHUP)
        service_reload(arg);
    else
        drain(arg);
}

/* -- start ------------------------------------------------------------------------------------------------------------------------ */

static bool
on_act(void *arg, const struct desk_item *item)
{
    struct service *s = arg;
    size_t len = strlen(item->file) + 1;
    struct worker_act *a = calloc(1, sizeof(*a) + len);
    const struct desk_act *act = &item->act;

    if (!a)
        return false;
    memcpy(a->file, item->file, len);
    snprintf(a->actor, sizeof(a->actor), "%s", item->actor);
    snprintf(a->verb, sizeof(a->verb), "%s", act->verb);
    snprintf(a->object, sizeof(a->object), "%s", act->object);
    snprintf(a->digest, sizeof(a->digest), "%s", act->digest ? act->digest : "");
    snprintf(a->result, sizeof(a->result), "%s", act->result);
    worker_post_act(&s->workers[0], a);
    return true;
}

static void
on_desk(void *arg)
{
    struct service *s = arg;

    if (s->listening && !s->stopping && journal_ready(s->journal) == RC_OK)
        (void)desk_take(s->now.config->journal.dir, on_act, s);
    timer_set(s->desk, DESK_MS);
}

/* A new day has a new key, made a day ahead. */
static enum rc
turn_keys(struct service *s, const struct config *c, struct errs *es)
{
    char dir[PATH_MAX];
    int n = snprintf(dir, sizeof(dir), "%s/body-keys", c->journal.dir);

    if (n < 0 || n >= PATH_MAX)
        return RC_CONFIG;
    return body_keys_turn(&s->body_keys, dir, clock_wall_us(&clock_system), c->audit.retention_ms * 1000, es);
}

static void
on_turn(void *arg)
{
    struct service *s = arg;
    struct errs es = {0};

    timer_set(s->turn, TURN_MS);
    if (s->auditor)
        (void)!turn_keys(s, s->now.config, &es);
    service_log_problems(&es);
    errs_free(&es);
}

static enum rc
control_open(struct service *s)
{
    s->loop = loop_new(&clock_system);
    s->desk = s->loop ? timer_new(s->loop, on_desk, s) : NULL;
    if (!s->desk)
        return RC_NOMEM;
    timer_set(s->desk, 0);
    s->turn = timer_new(s->loop, on_turn, s);
    if (!s->turn)
        return RC_NOMEM;
    timer_set(s->turn, TURN_MS);
    s->drain_limit = s->loop ? timer_new(s->loop, on_drain_limit, s) : NULL;
    for (size_t i = 0; i < SIGNALS_COUNT && s->drain_limit; i++) {
        s->signals[i] = evsignal_new(loop_base(s->loop), signal_numbers[i], on_signal, s);
        if (!s->signals[i] || event_add(s->signals[i], NULL) != 0)
            return RC_NOMEM;
    }
    return s->drain_limit ? RC_OK : RC_NOMEM;
}

enum rc
service_body_key(struct service *s, const struct material *m, bool create, struct errs *es)
{
    if (!s->auditor)
        return config_body_key(m->config, create, &m->snap->body_key, es);
    m->snap->body_keys = &s->body_keys;
    return turn_keys(s, m->config, es);
}

/* Whoever reads the journal finds the log from there. */
static enum rc
link_log(const struct config *c, struct errs *es)
{
    char link[PATH_MAX], target[PATH_MAX];
    int n = snprintf(link, sizeof(link), "%s/" TRAIL_LINK, c->journal.dir);

    if (n > 0 && n < PATH_MAX && realpath(c->audit.dir, target) && (unlink(link) == 0 || errno == ENOENT) && symlink(target, link) == 0)
        return RC_OK;
    errs_add(es, ERR_ERROR, RC_IO, 0, (struct err_pos){.file = c->journal.dir}, "the link to the audit log cannot be made: %m");
    return RC_IO;
}

static enum rc
journal_start(struct service *s, struct errs *es)
{
    const struct config *c = s->now.config;
    const struct journal_options o = {
        .dir = c->journal.dir,
        .max_bytes = c->journal.max_bytes,
        .audit_max_bytes = c->audit.max_bytes,
        .group_delay_us = c->journal.group_delay_ms * 1000,
        .clock = &clock_system,
        .node = c->node,
    };
    enum rc rc = journal_open(&o, &s->journal, es);

    if (rc == RC_OK && c->audit.dir) {
        const struct auditor_options log = {.config = c, .journal = s->journal, .clock = &clock_system, .build = SPANGATE_VERSION};

        rc = auditor_open(&log, &s->auditor, es);
        if (rc == RC_OK)
            rc = link_log(c, es);
    }
    if (rc == RC_OK)
        desk_recover(c->journal.dir);
    return rc == RC_OK ? service_body_key(s, &s->now, true, es) : rc;
}

static void
log_listener(const char *protocol, const struct config_receiver *r, uint16_t port)
{
    log_event(LOG_LISTENING, LOG_STR("protocol", protocol), LOG_STR("address", r->endpoint.address), LOG_NUM("port", port),
        LOG_STR("tls", r->tls.insecure ? "no" : "yes"));
}

static enum rc
workers_open(struct service *s, struct errs *es)
{
    const struct config *c = s->now.config;
    struct worker_setup o = {.count = (unsigned)c->workers,
        .service = s,
        .control = s->loop,
        .journal = s->journal,
        .clock = &clock_system,
        .on_updated = service_on_updated,
        .on_drained = on_drained};
    enum rc rc = RC_OK;

    s->workers = calloc(o.count, sizeof(*s->workers));
    for (; s->workers && s->worker_count < o.count && rc == RC_OK; s->worker_count++) {
        struct worker *w = &s->workers[s->worker_count];

        o.index = s->worker_count;
        rc = worker_open(w, &o, &s->now, es);
        if (rc == RC_OK && w->grpc)
            o.grpc_port = server_port(w->grpc);
        if (rc == RC_OK && w->http)
            o.http_port = server_port(w->http);
    }
    if (rc == RC_OK && s->workers && c->grpc.on)
        log_listener("otlp_grpc", &c->grpc, o.grpc_port);
    if (rc == RC_OK && s->workers && c->http.on)
        log_listener("otlp_http", &c->http, o.http_port);
    return s->workers ? rc : RC_NOMEM;
}

static enum rc
admin_start(struct service *s, struct errs *es)
{
    const struct config *c = s->now.config;
    enum rc rc = c->metrics.off ? RC_OK : admin_open(s, &c->metrics, true, &s->admin[0], es);

    if (rc == RC_OK && !c->health.off)
        rc = admin_open(s, &c->health, false, &s->admin[1], es);
    return rc;
}

static enum rc
threads_start(struct service *s, struct errs *es)
{
    if (changes_read(&s->now, &s->changes) != RC_OK)
        return RC_NOMEM;
    flow_record_admin(s->workers[0].flow, "start", program_digest(s->now.snap->program), "ok");
    if (journal_stats(s->journal).found)
        flow_record_admin(s->workers[0].flow, "recover", "journal", journal_stats(s->journal).found);
    changes_record(s->workers[0].flow, NULL, &s->changes);
    flow_record_rules(s->workers[0].flow);
    if (s->auditor && auditor_start(s->auditor) != RC_OK)
        return RC_NOMEM;
    for (unsigned i = 0; i < s->worker_count; i++) {
        if (worker_start(&s->workers[i]) == RC_OK)
            continue;
        errs_add(es, ERR_ERROR, RC_NOMEM, 0, (struct err_pos){0}, "worker %u: its thread cannot be started", i);
        return RC_NOMEM;
    }
    return RC_OK;
}

static void
count_start(struct service *s)
{
    const char *version = SPANGATE_VERSION;

    metric_set(metric_get(M_BUILD_INFO, &version, 1), 1);
    metric_set(metric_get(M_RELOAD_OK, NULL, 0), 1);
    metric_set(metric_get(M_RELOAD_TIME, NULL, 0), (int64_t)(clock_wall_us(&clock_system) / 1000000));
    material_count(NULL, &s->now);
}

static enum rc
start(struct service *s, struct errs *es)
{
    enum rc rc = harden(es);

    if (rc == RC_OK)
        rc = control_open(s);
    if (rc == RC_OK)
        rc = journal_start(s, es);
    if (rc == RC_OK)
        rc = workers_open(s, es);
    if (rc == RC_OK)
        rc = admin_start(s, es);
    if (rc == RC_OK)
        rc = threads_start(s, es);
    if (rc != RC_OK && es->errors == 0)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "cannot start: %s", rc_text(rc));
    return rc;
}

/* Threads first, then the journal, which answers into the workers' loops, then what is theirs. */
static void
finish(struct service *s)
{
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_stop(&s->workers[i]);
    if (s->auditor) {
        journal_settle(s->journal);
        auditor_close(s->auditor);
    }
    if (s->journal)
        journal_close(s->journal);
    for (unsigned i = 0; i < s->worker_count; i++) {
        examiner_free(s->workers[i].update.examiner);
        worker_close(&s->workers[i]);
    }
    free(s->workers);
    for (size_t i = 0; i < 2; i++)
        admin_close(s->admin[i]);
    for (size_t i = 0; i < SIGNALS_COUNT; i++)
        if (s->signals[i])
            event_free(s->signals[i]);
    if (s->turn)
        timer_free(s->turn);
    if (s->drain_limit)
        timer_free(s->drain_limit);
    if (s->desk)
        timer_free(s->desk);
    changes_free(&s->changes);
    changes_free(&s->next_changes);
    if (s->loop)
        loop_free(s->loop);
    material_free(&s->next);
    material_free(&s->now);
    body_keys_free(&s->body_keys);
}

void
service_trim(void)
{
#if defined(__GLIBC__)
    (void)malloc_trim(0);
#endif
}

int
service_run(const char *path)
{
    struct service s = {.path = path, .generation = 1};
    struct errs es = {0};
    enum rc rc = material_load(path, 1, &s.now, &es);

    if (rc == RC_OK) {
        log_setup((enum log_level)s.now.config->log_level, (enum log_format)s.now.config->log_format, 2);
        rc = start(&s, &es);
    }
    tell_problems(&es, rc);
    if (rc == RC_OK) {
        s.listening = true;
        config_bundles_accept(s.now.config);
        count_start(&s);
        service_trim();
        log_event(LOG_STARTED, LOG_STR("version", SPANGATE_VERSION), LOG_NUM("workers", s.worker_count), LOG_NUM("pid", getpid()),
            LOG_STR("digest", program_digest(s.now.snap->program)));
        notify_manager("READY=1");
        loop_run(s.loop);
    }
    finish(&s);
    if (rc == RC_OK)
        log_event0(LOG_STOPPED);
    return exit_code_of(rc);
}
