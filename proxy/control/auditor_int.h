/**
 * The auditor: one thread that takes committed entries out of the journal, writes them into the log directory (audit/writer.h), has checkpoints signed
 * (control/signer.h), and lets the journal forget what is in the log.
 *
 *   journal ──entries──▶ auditor ──▶ bundles, tiles ──▶ signer ──▶ witnesses ──▶ checkpoint ──▶ journal_release, anchors
 *
 * A checkpoint each `every`, or when `entries` wait, at a reload and at the stop. Whatever fails, entries stay in the journal until a published checkpoint
 * covers them; the auditor begins again from what is on disk. The checkpoint never goes back: the signer sees to that.
 */
#ifndef CONTROL_AUDITOR_INT_H
#define CONTROL_AUDITOR_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/writer.h"
#include "base/metrics.h"
#include "control/config.h"
#include "control/signer.h"
#include "egress/journal.h"

#define AUDITOR_WITNESSES_MAX 16

struct auditor_options {
    const struct config *config; /* a reference is held */
    struct journal *journal;
    const struct clock *clock;
    const char *build;
};

/* An entry of the auditor's own, on its way through the journal into the log. */
struct own_entry {
    struct journal_tx tx; /* first */
    struct auditor *auditor;
    struct buf head, tail;
    struct journal_entry entry;
    enum { OWN_NONE, OWN_POSTED, OWN_COMMITTED } state; /* committed: tx.seq is its index */
};

/* What is known of a witness or anchor. */
struct abroad {
    uint64_t size;             /* of the checkpoint that it knows, by what it says */
    uint64_t got;              /* of the last that it took: cosigned, written */
    uint64_t due_us, pause_us; /* when it is asked again; after a failure, how long it is left alone */
    /* for the log itself: what went since its last entry */
    uint64_t ok, failed, told_ok, told_failed, told_us; /* told: by the entry that is on its way */
    bool told, told_fine, fine;                         /* told: at all; fine: the last one went */
    enum rc why;
    struct own_entry entry;
};

struct auditor {
    struct auditor_options o;
    char key_file[4096];
    struct signer signer;
    struct writer *writer; /* NULL: it failed */
    int lock_fd;           /* of the log's folder, once it is ours; 0: not yet */
    struct buf batch;      /* entries from the journal */

    pthread_t thread;
    bool started, stopping;
    struct loop *loop;
    struct timer *tick;
    struct letter stop;
    _Atomic bool reload; /* wanted */

    uint64_t last_us;            /* of the last checkpoint; monotonic */
    uint64_t retry_us, pause_us; /* after a failure */
    uint64_t retention_us;       /* when it is looked for entries to remove */
    _Atomic(const char *) why;   /* for readyz; NULL: all is well */

    struct own_entry rotation, retention;
    uint64_t retention_until;
    struct abroad witness[AUDITOR_WITNESSES_MAX], anchor[AUDITOR_WITNESSES_MAX];
    struct metric_cell *m_size, *m_checkpoint;
};

/**
 * auditor_open(o, a, es):
 * Start the signer, open the log and bring it up to what was signed; nothing runs yet.
 * Returns: RC_OK; RC_INTEGRITY log, journal and signer do not agree; RC_CONFIG the key; RC_IO, RC_FULL, RC_NOMEM: error in es
 */
enum rc auditor_open(const struct auditor_options *o, struct auditor **a, struct errs *es) MUST_USE;
/* Start the thread. */
enum rc auditor_start(struct auditor *a) MUST_USE;
/* A checkpoint now; look for a next key and for entries to remove. Any thread. */
void auditor_reload(struct auditor *a);
/* After journal_settle: put all entries that there are into the log, end. NULL is allowed. */
void auditor_close(struct auditor *a);
/* What is wrong, for readyz; NULL when nothing is. Any thread. */
const char *auditor_problem(const struct auditor *a);

/* -- auditor_log.c: the auditor's thread, or before it runs ----------------------------------------------------------------------- */

/* Open what is closed: writer, signer; check that they agree. */
enum rc auditor_recover(struct auditor *a, struct errs *es) MUST_USE;
/* Cover entries below ${to} by published checkpoints. After a failure auditor_failed has been called. */
enum rc auditor_checkpoint(struct auditor *a, uint64_t to) MUST_USE;
/* Sign and publish the present size. */
enum rc auditor_publish(struct auditor *a) MUST_USE;

/* -- auditor_own.c ---------------------------------------------------------------------------------------------------------------- */

void auditor_look_for_key(struct auditor *a);
void auditor_look_for_old_entries(struct auditor *a);
/* Entries about witnesses and anchors whose time has come, or about all that have something to tell. */
void auditor_tell_of_abroad(struct auditor *a, bool all);
/* Go on with what waits for a checkpoint. */
enum rc auditor_go_on(struct auditor *a) MUST_USE;
void own_entry_free(struct own_entry *e);

/* -- auditor_abroad.c ------------------------------------------------------------------------------------------------------------- */

/* Append cosignatures of the witnesses that answer to the signed note. RC_INTEGRITY: one of them has seen a longer log. */
enum rc auditor_ask_witnesses(struct auditor *a, struct buf *note) MUST_USE;
/* Give the published checkpoint to those whose time has come, or to all. */
void auditor_give_to_anchors(struct auditor *a, bool all);

#endif
