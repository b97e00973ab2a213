/*
 * The commit thread. It sleeps until a tx waits, decides how long the group may gather, has the store commit it and answers.
 *
 *   post ──▶ queue ──▶ [gathering] ──▶ store_commit ──▶ letters to the loops
 *                                        └─ failed ──▶ store closed; everything refused; each retry_ms: open, check, mend
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "journal_thread_int.h"
#include "journal_wal_int.h"

#define GROUP_BYTES_MAX (64u << 20) /* LMDB keeps the pages of a transaction in memory */
#define LAZY_US 20000u
#define QUIET_PART 50u /* of group_delay: with no arrival for so long a group is complete */
#define RELEASE_US 200000u
#define FOLD_US 1000000u /* how long entries stay in the write-ahead file only */
#define AGE_US 1000000u  /* how often the age of the oldest payload is measured while some wait */

/*
 * When the queue is to be committed. Patient ones wait until their posters have nothing else to do. Of the others, one that comes alone, after one that came alone, is not kept
 * waiting; under load the group stays open while more arrive. At most group_delay after the first (time it waited behind the former commit included).
 */
static uint64_t
group_due_us(const struct journal *jn)
{
    const struct queue *q = &jn->queue;

    if (q->count == 0)
        return UINT64_MAX;
    if (jn->stopping || !jn->store || q->bytes >= GROUP_BYTES)
        return 0;
    if (q->eager == 0)
        return q->first_us + LAZY_US;
    if (q->patient == q->eager)
        return q->hurry ? 0 : q->first_eager_us + jn->group_delay_us;
    if (q->eager == 1 && jn->last_group <= 1)
        return 0;
    uint64_t end = q->first_eager_us + jn->group_delay_us, quiet = q->last_us + jn->group_delay_us / QUIET_PART;

    return quiet < end ? quiet : end;
}

/* When there is something to do without a queue. */
static uint64_t
chore_due_us(const struct journal *jn)
{
    if (jn->fold_asked != jn->fold_done)
        return 0;
    if (!jn->store)
        return jn->retry_us;
    uint64_t age = atomic_load_explicit(&jn->payload_count, memory_order_relaxed) ? jn->age_us : UINT64_MAX;

    store_release(jn->store, atomic_load_explicit(&jn->release, memory_order_relaxed));
    uint64_t release = store_has_released(jn->store) ? jn->release_us : UINT64_MAX, first = release < age ? release : age;

    return store_is_ahead(jn->store) && jn->fold_us < first ? jn->fold_us : first;
}

static void
queue_forget(struct queue *q, const struct journal_tx *tx)
{
    q->eager -= !tx->lazy;
    q->patient -= !tx->lazy && tx->patient;
    q->count--;
}

static struct journal_tx *
queue_take(struct journal *jn)
{
    struct queue *q = &jn->queue;
    struct journal_tx *first = q->head, *tx = first;
    uint64_t bytes = journal_tx_bytes(tx);

    for (; tx->next && bytes + journal_tx_bytes(tx->next) <= GROUP_BYTES_MAX; tx = tx->next) {
        bytes += journal_tx_bytes(tx->next);
        queue_forget(q, tx);
    }
    queue_forget(q, tx);
    q->bytes -= bytes;
    q->hurry = q->hurry && tx->next;
    q->head = tx->next;
    if (!q->head)
        q->tail = &q->head;
    tx->next = NULL;
    return first;
}

static void
wait_until(struct journal *jn, uint64_t us)
{
    if (us == UINT64_MAX) {
        pthread_cond_wait(&jn->wake, &jn->mu);
        return;
    }
    struct timespec at = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};

    pthread_cond_timedwait(&jn->wake, &jn->mu, &at);
}

/* The next group. NULL: a chore is due, or (stop) the queue is empty and none will come. */
static struct journal_tx *
group_wait(struct journal *jn, bool *stop)
{
    struct journal_tx *group = NULL;

    pthread_mutex_lock(&jn->mu);
    for (;;) {
        uint64_t now = journal_now_us(), due = group_due_us(jn), chore = chore_due_us(jn);

        *stop = jn->stopping && jn->queue.count == 0;
        if (*stop || (chore <= now && (chore == 0 || !jn->store || due > now))) /* removals never keep a group waiting */
            break;
        if (due <= now) {
            group = queue_take(jn);
            break;
        }
        wait_until(jn, due < chore ? due : chore);
    }
    pthread_mutex_unlock(&jn->mu);
    return group;
}

void
journal_publish_age(struct journal *jn)
{
    uint64_t wall = clock_wall_us(jn->clock), oldest = jn->store && store_totals(jn->store)->payload_count ? store_oldest_us(jn->store) : 0;

    atomic_store_explicit(&jn->oldest_us, oldest, memory_order_relaxed);
    metric_set(jn->m_oldest, oldest && wall > oldest ? (int64_t)((wall - oldest) / 1000000) : 0);
    jn->age_us = journal_now_us() + AGE_US;
}

static void
set_ready(struct journal *jn, enum rc rc)
{
    enum rc before = (enum rc)atomic_exchange(&jn->ready, rc);

    if (rc != RC_OK && before == RC_OK)
        log_event(LOG_JOURNAL_FAILED, LOG_STR("reason", rc_label(rc)));
    if (rc == RC_OK && before != RC_OK)
        log_event0(LOG_JOURNAL_RECOVERED);
}

/* What the store says, for other threads. */
void
journal_publish(struct journal *jn)
{
    const struct totals *t = store_totals(jn->store), *ahead = store_now(jn->store);

    atomic_store_explicit(&jn->payload_bytes, t->payload_bytes, memory_order_relaxed);
    atomic_store_explicit(&jn->payload_count, t->payload_count, memory_order_relaxed);
    atomic_store_explicit(&jn->audit_bytes, ahead->audit_bytes, memory_order_relaxed);
    atomic_store_explicit(&jn->first_seq, t->first_seq, memory_order_relaxed);
    atomic_store_explicit(&jn->in_lmdb, t->next_seq, memory_order_release);
    atomic_store_explicit(&jn->next_seq, ahead->next_seq, memory_order_release);
    metric_set(jn->m_bytes, (int64_t)t->payload_bytes);
    jn->sound_next_id = t->next_id;
    jn->sound_next_seq = ahead->next_seq;
    bool room = ahead->audit_bytes + ENTRY_CRC + ENTRY_PARTS_MAX + ENTRY_MIDDLE_MAX <= jn->store_options.audit_max_bytes;

    set_ready(jn, room ? RC_OK : RC_FULL);
}

static void
store_drop(struct journal *jn, enum rc why)
{
    pthread_rwlock_wrlock(&jn->store_lock);
    store_close(jn->store);
    jn->store = NULL;
    pthread_rwlock_unlock(&jn->store_lock);
    atomic_store(&jn->failure, why);
    jn->retry_us = journal_now_us() + jn->retry_after_us;
    set_ready(jn, why);
}

/* After a failed write the page cache may hold what the disk does not: read it again. The write-ahead file has its own. */
static void
forget_pages(const char *dir)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/data.mdb", dir);
    int fd = n > 0 && n < PATH_MAX ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static void
store_retry(struct journal *jn)
{
    struct errs es = {0};
    struct store *s = NULL;

    forget_pages(jn->dir);
    wal_forget_pages(jn->dir);
    jn->store_options.entries_below = jn->sound_next_seq;
    enum rc rc = store_open(&jn->store_options, &s, &es);

    errs_free(&es);
    if (rc == RC_OK)
        rc = store_mend(s, jn->sound_next_id);
    if (rc != RC_OK) {
        store_close(s);
        atomic_store(&jn->failure, rc == RC_FULL ? RC_FULL : RC_IO);
        jn->retry_us = journal_now_us() + jn->retry_after_us;
        return;
    }
    pthread_rwlock_wrlock(&jn->store_lock);
    jn->store = s;
    pthread_rwlock_unlock(&jn->store_lock);
    journal_publish(jn);
}

static void
group_refuse(struct journal *jn, struct journal_tx *txs)
{
    for (struct journal_tx *tx = txs; tx; tx = tx->next)
        tx->rc = (enum rc)atomic_load(&jn->failure);
}

static void
group_commit(struct journal *jn, struct journal_tx *txs)
{
    if (!jn->store) {
        group_refuse(jn, txs);
        return;
    }
    uint64_t start = journal_now_us(), seq = store_now(jn->store)->next_seq;
    bool was_ahead = store_is_ahead(jn->store);
    enum rc rc = store_commit(jn->store, txs, clock_wall_us(jn->clock));

    metric_observe_us(jn->m_seconds, journal_now_us() - start);
    metric_add(jn->m_commits[rc != RC_OK], 1);
    if (rc != RC_OK) {
        store_drop(jn, rc);
        return;
    }
    if (txs)
        jn->release_us = journal_now_us() + RELEASE_US;
    if (!was_ahead || !txs)
        jn->fold_us = journal_now_us() + FOLD_US;
    metric_add(jn->m_entries, (int64_t)(store_now(jn->store)->next_seq - seq));
    journal_publish(jn);
}

/* Removals go with the commits of others; alone only when there have been none for a while. */
static void
release_commit(struct journal *jn)
{
    group_commit(jn, NULL);
    if (!jn->store || !store_has_released(jn->store))
        jn->release_us = journal_now_us() + RELEASE_US;
}

/* What is ahead goes into LMDB, with some removals. */
static void
fold(struct journal *jn)
{
    if (jn->store && store_is_ahead(jn->store))
        group_commit(jn, NULL);
}

static void
fold_asked(struct journal *jn)
{
    pthread_mutex_lock(&jn->mu);
    uint64_t asked = jn->fold_asked;

    pthread_mutex_unlock(&jn->mu);
    if (asked == jn->fold_done)
        return;
    fold(jn);
    pthread_mutex_lock(&jn->mu);
    jn->fold_done = asked;
    pthread_mutex_unlock(&jn->mu);
    pthread_cond_broadcast(&jn->settled);
}

static void
chores(struct journal *jn)
{
    uint64_t now = journal_now_us();

    if (!jn->store && now >= jn->retry_us)
        store_retry(jn);
    else if (jn->store && store_is_ahead(jn->store) && now >= jn->fold_us)
        fold(jn);
    else if (jn->store && store_has_released(jn->store) && now >= jn->release_us)
        release_commit(jn);
}

static void
group_answer(struct journal *jn, struct journal_tx *txs)
{
    struct journal_tx *next;
    unsigned eager = 0, count = 0;

    for (struct journal_tx *tx = txs; tx; tx = next) {
        next = tx->next; /* tx is its owner's again once posted */
        eager += !tx->lazy;
        count++;
        if (tx->rc != RC_OK)
            metric_add(jn->m_entries_lost, tx->entry_count);
        journal_answer(tx);
    }
    jn->last_group = eager ? eager : jn->last_group;
    pthread_mutex_lock(&jn->mu);
    jn->answered += count;
    pthread_mutex_unlock(&jn->mu);
    pthread_cond_broadcast(&jn->settled);
}

void *
journal_commit_run(void *arg)
{
    struct journal *jn = arg;

    for (bool stop = false; !stop;) {
        struct journal_tx *group = group_wait(jn, &stop);

        if (group) {
            group_commit(jn, group);
            group_answer(jn, group);
        } else if (!stop) {
            chores(jn);
        }
        fold_asked(jn);
        if (!stop && journal_now_us() >= jn->age_us)
            journal_publish_age(jn);
    }
    fold(jn);
    return NULL;
}
