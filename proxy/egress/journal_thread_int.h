/**
 * The journal as its threads share it.
 */
#ifndef EGRESS_JOURNAL_THREAD_INT_H
#define EGRESS_JOURNAL_THREAD_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "journal_int.h"

#define GROUP_BYTES (1u << 20) /* enough for one fsync */

struct queue {
    struct journal_tx *head, **tail;
    uint64_t bytes;
    unsigned count, eager, patient; /* patient ones are eager too */
    bool hurry;
    uint64_t first_us, first_eager_us, last_us; /* when they were posted */
};

struct journal {
    struct store_options store_options;
    uint64_t group_delay_us, retry_after_us;
    const struct clock *clock;
    char *dir;
    int lock_fd;
    const char *found; /* when it was opened */
    pthread_t thread;

    pthread_mutex_t mu; /* queue, stopping */
    pthread_cond_t wake;
    struct queue queue;
    bool stopping;
    uint64_t posted, answered; /* txs */
    uint64_t fold_asked, fold_done;
    pthread_cond_t settled;

    /* Readers of other threads hold it shared; exclusive while the store is replaced. NULL: it failed. */
    pthread_rwlock_t store_lock;
    struct store *store;

    /* The commit thread's. */
    unsigned last_group;
    uint64_t retry_us, age_us, release_us, fold_us, sound_next_id, sound_next_seq;

    _Atomic int ready, failure; /* enum rc: what journal_ready says; why there is no store */
    _Atomic uint64_t release;   /* entries below it may go */
    _Atomic uint64_t payload_bytes, payload_count, audit_bytes, first_seq, next_seq, oldest_us;
    _Atomic uint64_t in_lmdb; /* entries below it can be read there; those up to next_seq are durable too */
    struct metric_cell *m_bytes, *m_oldest, *m_entries, *m_entries_lost, *m_commits[2];
    struct metric_histogram *m_seconds;
};

/* The clock of everything that waits here; the condition variable is on it too. */
uint64_t journal_now_us(void);
/* Hand a tx back to its loop with its rc. */
void journal_answer(struct journal_tx *tx);
/* What a tx adds to a group. */
uint64_t journal_tx_bytes(const struct journal_tx *tx);

/* Take over what the store says, for other threads and metrics. */
void journal_publish(struct journal *jn);
void journal_publish_age(struct journal *jn);
void *journal_commit_run(void *jn);

#endif
