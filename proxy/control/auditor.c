#include "auditor_int.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"

#define TICK_MS 50
#define PAUSE_FIRST_US 100000u
#define PAUSE_MAX_US 10000000u
#define RETENTION_EVERY_US (UINT64_C(3600) * 1000000)
#define BATCH_MAX ((size_t)4 << 20)
#define KEY_FILE "audit.key"

/* -- the thread ------------------------------------------------------------------------------------------------------------------- */

static void
failed(struct auditor *a, enum rc rc)
{
    const char *why = rc == RC_INTEGRITY ? "audit integrity" : signer_alive(&a->signer) ? "audit log" : "audit signer";

    log_event(rc == RC_INTEGRITY         ? LOG_AUDIT_INTEGRITY
              : signer_alive(&a->signer) ? LOG_AUDIT_FAILED
                                         : LOG_AUDIT_SIGNER_GONE,
        LOG_STR("reason", rc_label(rc)));
    atomic_store(&a->why, why);
    if (signer_alive(&a->signer)) { /* what failed files hold is not known: all of it is read again */
        writer_close(a->writer);
        a->writer = NULL;
    }
    a->pause_us = a->pause_us ? a->pause_us * 2 : PAUSE_FIRST_US;
    if (a->pause_us > PAUSE_MAX_US)
        a->pause_us = PAUSE_MAX_US;
    a->retry_us = clock_mono_us(a->o.clock) + a->pause_us;
}

static bool
try_again(struct auditor *a)
{
    struct errs es = {0};
    enum rc rc = auditor_recover(a, &es);

    for (size_t i = 0; i < es.count; i++)
        log_event(LOG_AUDIT_FAILED, LOG_STR("file", es.list[i].file), LOG_STR("problem", es.list[i].text));
    errs_free(&es);
    if (rc != RC_OK) {
        failed(a, rc);
        return false;
    }
    atomic_store(&a->why, NULL);
    log_event(LOG_AUDIT_RECOVERED, LOG_NUM("entries", writer_published(a->writer)->size));
    return true;
}

/* false: it waits until it is tried again. */
static bool
is_sound(struct auditor *a)
{
    if (atomic_load(&a->why))
        return clock_mono_us(a->o.clock) >= a->retry_us && try_again(a);
    if (signer_alive(&a->signer))
        return true;
    failed(a, RC_IO);
    return false;
}

static void
cover(struct auditor *a, uint64_t to)
{
    enum rc rc = auditor_checkpoint(a, to);

    if (rc != RC_OK)
        failed(a, rc);
    else
        a->pause_us = 0;
}

static bool
is_due(const struct auditor *a, uint64_t waiting, uint64_t now)
{
    const struct config *c = a->o.config;

    return waiting >= c->audit.entries || (waiting && now - a->last_us >= c->audit.every_ms * 1000);
}

static void
take_reload(struct auditor *a)
{
    cover(a, journal_stats(a->o.journal).next_seq);
    if (atomic_load(&a->why))
        return;
    auditor_give_to_anchors(a, true);
    auditor_look_for_key(a);
    auditor_look_for_old_entries(a);
}

static void
on_tick(void *arg)
{
    struct auditor *a = arg;
    uint64_t now = clock_mono_us(a->o.clock), next = journal_stats(a->o.journal).next_seq;

    timer_set(a->tick, TICK_MS);
    if (!is_sound(a))
        return;
    if (is_due(a, next - writer_published(a->writer)->size, now))
        cover(a, next);
    if (!atomic_load(&a->why))
        auditor_give_to_anchors(a, false);
    if (!atomic_load(&a->why))
        auditor_tell_of_abroad(a, false);
    if (!atomic_load(&a->why) && atomic_exchange(&a->reload, false))
        take_reload(a);
    if (!atomic_load(&a->why) && now >= a->retention_us) {
        a->retention_us = now + RETENTION_EVERY_US;
        auditor_look_for_old_entries(a);
    }
}

static void
on_stop(struct letter *letter)
{
    struct auditor *a = (struct auditor *)((char *)letter - offsetof(struct auditor, stop));

    a->retry_us = 0; /* now or never */
    auditor_tell_of_abroad(a, true);
    journal_settle(a->o.journal); /* what we have to say ourselves too */
    if (is_sound(a) || try_again(a))
        cover(a, journal_stats(a->o.journal).next_seq);
    if (a->writer)
        auditor_give_to_anchors(a, true);
    loop_stop(a->loop);
}

static void *
run(void *arg)
{
    struct auditor *a = arg;

    loop_run(a->loop);
    return NULL;
}

/* -- life ------------------------------------------------------------------------------------------------------------------------- */

/* A key that nobody has made before is made here, when none was asked for by name. */
static enum rc
find_key(struct auditor *a, struct errs *es)
{
    const struct config *c = a->o.config;
    char origin[NOTE_NAME_MAX + 1];
    struct note_key key;
    enum rc rc = RC_OK;

    if (c->audit.sign_key_file) {
        snprintf(a->key_file, sizeof(a->key_file), "%s", c->audit.sign_key_file);
        return RC_OK;
    }
    snprintf(a->key_file, sizeof(a->key_file), "%s/" KEY_FILE, c->journal.dir);
    snprintf(origin, sizeof(origin), "%s/spangate", c->node);
    if (access(a->key_file, F_OK) != 0)
        rc = signer_make_key(c->audit.origin ? c->audit.origin : origin, a->key_file, &key);
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, RC_CONFIG, 0, (struct err_pos){.file = a->key_file}, "audit log: a key cannot be made: %s",
            rc == RC_USAGE ? "audit.origin is no name for a key" : rc_text(rc));
    return rc == RC_OK ? RC_OK : RC_CONFIG;
}

static void
tell_open(const struct auditor *a)
{
    struct buf key = BUF_INIT(1024);

    if (note_key_print(&a->signer.key, &key) == RC_OK && buf_append_byte(&key, 0) == RC_OK)
        log_event(LOG_AUDIT_OPEN, LOG_STR("dir", a->o.config->audit.dir), LOG_NUM("entries", writer_size(a->writer)), LOG_STR("key", key.ptr));
    buf_free(&key);
}

static struct auditor *
auditor_new(const struct auditor_options *o)
{
    struct auditor *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->o = *o;
    a->o.config = config_ref(o->config);
    a->batch = BUF_INIT(BATCH_MAX);
    a->signer.key_file = a->key_file;
    a->signer.state_file = o->config->audit.state_file;
    a->m_size = metric_get(M_AUDIT_SIZE, NULL, 0);
    a->m_checkpoint = metric_get(M_AUDIT_CHECKPOINT, NULL, 0);
    a->loop = loop_new(o->clock);
    a->tick = a->loop ? timer_new(a->loop, on_tick, a) : NULL;
    if (!a->tick) {
        auditor_close(a);
        return NULL;
    }
    return a;
}

enum rc
auditor_open(const struct auditor_options *o, struct auditor **out, struct errs *es)
{
    struct auditor *a = auditor_new(o);

    if (!a)
        return RC_NOMEM;
    enum rc rc = find_key(a, es);

    if (rc == RC_OK)
        rc = auditor_recover(a, es);
    if (rc != RC_OK) {
        auditor_close(a);
        return rc;
    }
    metric_set(a->m_size, (int64_t)writer_published(a->writer)->size);
    tell_open(a);
    *out = a;
    return RC_OK;
}

enum rc
auditor_start(struct auditor *a)
{
    sigset_t all, before;

    timer_set(a->tick, 0);
    a->last_us = clock_mono_us(a->o.clock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    a->started = pthread_create(&a->thread, NULL, run, a) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (a->started) {
        pthread_setname_np(a->thread, "audit");
        auditor_reload(a); /* a key that was laid there while the gate was down */
    }
    return a->started ? RC_OK : RC_NOMEM;
}

void
auditor_reload(struct auditor *a)
{
    if (a)
        atomic_store(&a->reload, true);
}

void
auditor_close(struct auditor *a)
{
    if (!a)
        return;
    if (a->started) {
        a->stop.on_delivery = on_stop;
        loop_post(a->loop, &a->stop);
        pthread_join(a->thread, NULL);
        journal_settle(a->o.journal); /* no answer is on its way to our loop any more */
    }
    writer_close(a->writer);
    if (a->lock_fd > 0) {
        (void)flock(a->lock_fd, LOCK_UN); /* a child that was forked meanwhile may still hold the descriptor */
        close(a->lock_fd);
    }
    signer_stop(&a->signer);
    own_entry_free(&a->rotation);
    own_entry_free(&a->retention);
    for (unsigned i = 0; i < AUDITOR_WITNESSES_MAX; i++) {
        own_entry_free(&a->witness[i].entry);
        own_entry_free(&a->anchor[i].entry);
    }
    buf_free(&a->batch);
    if (a->tick)
        timer_free(a->tick);
    if (a->loop)
        loop_free(a->loop);
    config_unref(a->o.config);
    free(a);
}

const char *
auditor_problem(const struct auditor *a)
{
    return a ? atomic_load(&a->why) : NULL;
}
