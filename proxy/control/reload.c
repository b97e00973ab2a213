/*
 * A reload: everything is read, checked and made beside what runs; then each worker swaps. While workers are taking it, a further SIGHUP is remembered, so that
 * there are never more than two configurations.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "service_int.h"

void
service_log_problems(const struct errs *es)
{
    for (size_t i = 0; i < es->count; i++) {
        const struct err *e = &es->list[i];
        char code[16];

        snprintf(code, sizeof(code), "SG%04u", e->code);
        log_event(e->level == ERR_ERROR ? LOG_CONFIG_PROBLEM : LOG_CONFIG_WARNING, LOG_STR("code", code), LOG_STR("file", e->file),
            LOG_NUM("line", e->line), LOG_NUM("column", e->col), LOG_STR("problem", e->text), LOG_STR("hint", e->hint));
    }
}

static void
drop_examiners(struct service *s)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        examiner_free(s->workers[i].update.examiner);
        s->workers[i].update.examiner = NULL;
    }
}

static void
refuse(struct service *s, struct errs *es, enum rc rc)
{
    service_log_problems(es);
    log_event(LOG_RELOAD_REFUSED, LOG_STR("reason", rc_label(rc)), LOG_NUM("errors", es->errors));
    metric_set(metric_get(M_RELOAD_OK, NULL, 0), 0);
    errs_free(es);
    drop_examiners(s);
    material_free(&s->next);
    changes_free(&s->next_changes);
    s->updates_open = 1;
    s->workers[0].update = (struct worker_update){.record = program_digest(s->now.snap->program)};
    worker_post_update(&s->workers[0]);
}

/* Off the data path: examiners warm up here, not in the workers. */
static enum rc
make_examiners(struct service *s)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        struct worker_update *u = &s->workers[i].update;

        *u = (struct worker_update){.material = &s->next, .examiner = examiner_new(s->next.snap->program)};
        if (!u->examiner) {
            drop_examiners(s);
            return RC_NOMEM;
        }
    }
    return RC_OK;
}

static enum rc
prepare(struct service *s, struct errs *es)
{
    enum rc rc = material_load(s->path, s->generation + 1, &s->next, es);

    if (rc == RC_OK)
        rc = config_check_reload(s->now.config, s->next.config, es);
    if (rc == RC_OK)
        rc = service_body_key(s, &s->next, false, es);
    if (rc == RC_OK)
        rc = changes_read(&s->next, &s->next_changes);
    return rc == RC_OK ? make_examiners(s) : rc;
}

/* sd_notify(3): the time tells this reload's READY=1 from an earlier one's. */
static void
tell_reloading(void)
{
    char state[64];

    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_mono_us(&clock_system));
    notify_manager(state);
}

void
service_reload(struct service *s)
{
    struct errs es = {0};

    if (s->stopping)
        return;
    if (s->updates_open) {
        s->reload_again = true;
        return;
    }
    tell_reloading();
    enum rc rc = prepare(s, &es);

    if (rc != RC_OK) {
        refuse(s, &es, rc);
        return;
    }
    service_log_problems(&es); /* warnings */
    errs_free(&es);
    s->updates_open = s->worker_count;
    s->workers[0].update.record = program_digest(s->next.snap->program);
    s->workers[0].update.before = &s->changes;
    s->workers[0].update.after = &s->next_changes;
    worker_post_update(&s->workers[0]); /* it records the reload; the others follow, so that the record stands before their decisions */
}

static void
take_next(struct service *s)
{
    struct material old = s->now;

    s->now = s->next;
    s->next = (struct material){0};
    changes_free(&s->changes);
    s->changes = s->next_changes;
    s->next_changes = (struct changes){0};
    s->generation++;
    log_setup((enum log_level)s->now.config->log_level, (enum log_format)s->now.config->log_format, 2);
    material_count(&old, &s->now);
    config_bundles_accept(s->now.config);
    metric_set(metric_get(M_RELOAD_OK, NULL, 0), 1);
    metric_set(metric_get(M_RELOAD_TIME, NULL, 0), (int64_t)(clock_wall_us(&clock_system) / 1000000));
    log_event(LOG_RELOADED, LOG_NUM("generation", s->generation), LOG_STR("digest", program_digest(s->now.snap->program)));
    material_free(&old);
    service_trim();
}

static void
reload_done(struct service *s, bool taken)
{
    if (taken)
        take_next(s);
    auditor_reload(s->auditor);
    notify_manager("READY=1");
    if (s->reload_again) {
        s->reload_again = false;
        service_reload(s);
    }
}

void
service_on_updated(struct worker_update *u)
{
    struct service *s = u->worker->o.service;

    if (u->rc != RC_OK && u->worker == &s->workers[0]) { /* the others have not been asked yet: the old one stays everywhere */
        refuse(s, &(struct errs){0}, u->rc);
        return;
    }
    if (u->rc != RC_OK)
        worker_give_up(u->worker, u->rc);
    for (unsigned i = 1; u->material && u->worker == &s->workers[0] && i < s->worker_count; i++)
        worker_post_update(&s->workers[i]);
    if (--s->updates_open == 0)
        reload_done(s, u->material != NULL);
}
