/**
 * A worker: one thread with its loop, its listeners, its flow and its exporters. It shares nothing with other workers but the snapshot and the journal.
 *
 * The story. The control thread makes a worker whole (worker_open), before its thread starts; from then on it reaches the worker by letters only: an update
 * (another configuration), a drain. The worker answers each by posting the same letter to the control thread's loop.
 */
#ifndef CONTROL_WORKER_INT_H
#define CONTROL_WORKER_INT_H

#include <pthread.h>

#include "changes_int.h"
#include "flow/flow.h"
#include "material_int.h"

/* One exporter and the configuration whose strings it uses. */
struct worker_exporter {
    struct exporter *exporter;
    const struct config *config;
    size_t index; /* in config->exporters */
};

/* Another configuration for a worker. Everything in it is made by the control thread; the worker takes the examiner over and its own references. */
struct worker_update {
    struct letter letter; /* first */
    struct worker *worker;
    const struct material *material; /* stays until the letter is back; NULL: nothing changes, the refusal is recorded */
    struct examiner *examiner;
    const char *record;                   /* digest for the audit, NULL = another worker records it */
    const struct changes *before, *after; /* of the one that records */
    enum rc rc;
};

/* An act of another process for the audit; the worker frees it. */
struct worker_act {
    struct letter letter; /* first */
    struct worker *worker;
    char actor[32], verb[40], object[210], digest[65], result[40];
    char file[]; /* on the desk: settled when the journal has answered */
};

struct worker_drain {
    struct letter letter; /* first */
    struct worker *worker;
    unsigned open; /* listeners and flow that are not drained yet */
    bool record;
};

struct service;

struct worker_setup {
    struct service *service; /* for the callbacks */
    unsigned index, count;
    struct loop *control;
    struct journal *journal;
    const struct clock *clock;
    uint16_t grpc_port, http_port; /* 0: as configured; the first worker finds a port, the others share it */
    /* On the control thread, when a letter is back. */
    void (*on_updated)(struct worker_update *u);
    void (*on_drained)(struct worker_drain *d);
};

struct worker {
    struct worker_setup o;
    pthread_t thread;
    bool started;
    struct loop *loop;
    struct exporter_set *set;
    struct worker_exporter exporters[PROGRAM_DESTINATIONS_MAX];
    size_t exporter_count;
    struct flow *flow;
    struct server *grpc, *http;
    struct worker_update update;
    struct worker_drain drain;
};

/**
 * worker_open(w, o, m, es):
 * Make loop, exporters, flow; take back what an earlier run left; open the listeners. On failure the caller still calls worker_close.
 * Returns: RC_OK; RC_IO an address cannot be bound, RC_CONFIG, RC_NOMEM: error in es
 */
enum rc worker_open(struct worker *w, const struct worker_setup *o, const struct material *m, struct errs *es) MUST_USE;
enum rc worker_start(struct worker *w) MUST_USE;
/* Fill w->update, then post it. */
void worker_post_update(struct worker *w);
/* End the process: one worker could not take what others have taken, and half of the gate must not decide by other policies than the other half. What was
 * acknowledged is in the journal, so that ending at once loses nothing. */
_Noreturn void worker_give_up(const struct worker *w, enum rc rc);
/* Have it recorded; act is malloc'd and taken over. */
void worker_post_act(struct worker *w, struct worker_act *act);
void worker_post_drain(struct worker *w, bool record);
/* Stop the loop and wait for the thread. */
void worker_stop(struct worker *w);
/* After worker_stop and journal_close. */
void worker_close(struct worker *w);

#endif
