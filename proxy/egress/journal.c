#include <signal.h>
#include <stdlib.h>

#include "journal_thread_int.h"

uint64_t
journal_now_us(void)
{
    return clock_mono_us(&clock_system); /* the condition variable waits on the same clock */
}

uint64_t
journal_tx_bytes(const struct journal_tx *tx)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < tx->entry_count; i++)
        n += tx->entries[i].head.len + tx->entries[i].tail.len;
    for (unsigned i = 0; i < tx->put_count; i++)
        n += tx->put[i].bytes.len;
    return n;
}

static void
on_delivery(struct letter *letter)
{
    struct journal_tx *tx = (struct journal_tx *)letter; /* its first member */

    tx->on_done(tx);
}

void
journal_answer(struct journal_tx *tx)
{
    tx->letter.on_delivery = on_delivery;
    loop_post(tx->loop, &tx->letter);
}

void
journal_post(struct journal *jn, struct journal_tx *tx)
{
    uint64_t now = journal_now_us(), bytes = journal_tx_bytes(tx);
    struct queue *q = &jn->queue;

    tx->next = NULL;
    pthread_mutex_lock(&jn->mu);
    if (jn->stopping) {
        pthread_mutex_unlock(&jn->mu);
        tx->rc = RC_STOPPING;
        journal_answer(tx);
        return;
    }
    /* The thread is told when what it waits for changes: the first of each kind, a full group. It wakes by itself when gathering ends. */
    bool tell = q->count == 0 || (!tx->lazy && (q->eager == 0 || (!tx->patient && q->patient == q->eager))) ||
                (q->bytes < GROUP_BYTES && q->bytes + bytes >= GROUP_BYTES);

    if (q->count == 0)
        q->first_us = now;
    if (!tx->lazy && q->eager == 0)
        q->first_eager_us = now;
    q->last_us = now;
    q->bytes += bytes;
    q->count++;
    q->eager += !tx->lazy;
    q->patient += !tx->lazy && tx->patient;
    jn->posted++;
    *q->tail = tx;
    q->tail = &tx->next;
    pthread_mutex_unlock(&jn->mu);
    if (tell)
        pthread_cond_signal(&jn->wake);
}

void
journal_hurry(struct journal *jn)
{
    struct queue *q = &jn->queue;

    pthread_mutex_lock(&jn->mu);
    bool tell = q->patient && !q->hurry;

    q->hurry = q->hurry || tell;
    pthread_mutex_unlock(&jn->mu);
    if (tell)
        pthread_cond_signal(&jn->wake);
}

static void
take_metrics(struct journal *jn)
{
    struct metric_cell *capacity = metric_get(M_JOURNAL_CAPACITY, NULL, 0);

    metric_set(capacity, (int64_t)jn->store_options.max_bytes);
    jn->m_bytes = metric_get(M_JOURNAL_BYTES, NULL, 0);
    jn->m_oldest = metric_get(M_JOURNAL_OLDEST, NULL, 0);
    jn->m_entries = metric_get(M_AUDIT_RECORDS, NULL, 0);
    jn->m_entries_lost = metric_get(M_AUDIT_ERRORS, NULL, 0);
    jn->m_commits[0] = metric_get(M_COMMITS, (const char *const[]){"ok"}, 1);
    jn->m_commits[1] = metric_get(M_COMMITS, (const char *const[]){"failed"}, 1);
    jn->m_seconds = metric_get_histogram(M_COMMIT_SECONDS, NULL, 0);
}

static int
init_locks(struct journal *jn)
{
    pthread_condattr_t cond;
    pthread_rwlockattr_t rw;

    if (pthread_condattr_init(&cond) || pthread_condattr_setclock(&cond, CLOCK_MONOTONIC) || pthread_cond_init(&jn->wake, &cond))
        return -1;
    if (pthread_rwlockattr_init(&rw) || pthread_rwlockattr_setkind_np(&rw, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) ||
        pthread_rwlock_init(&jn->store_lock, &rw) || pthread_mutex_init(&jn->mu, NULL) || pthread_cond_init(&jn->settled, NULL))
        return -1;
    pthread_condattr_destroy(&cond);
    pthread_rwlockattr_destroy(&rw);
    return 0;
}

/* Signals are the control thread's. */
static int
start_thread(struct journal *jn)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&jn->thread, NULL, journal_commit_run, jn);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e == 0)
        pthread_setname_np(jn->thread, "journal");
    return e;
}

static struct journal *
journal_new(const struct journal_options *o)
{
    struct journal *jn = calloc(1, sizeof(*jn));

    if (!jn)
        return NULL;
    jn->dir = strdup(o->dir);
    if (!jn->dir || init_locks(jn)) {
        free(jn->dir);
        free(jn);
        return NULL;
    }
    jn->lock_fd = -1;
    jn->store_options = (struct store_options){
        .dir = jn->dir, .max_bytes = o->max_bytes, .audit_max_bytes = o->audit_max_bytes, .entries_below = UINT64_MAX};
    jn->group_delay_us = o->group_delay_us;
    jn->retry_after_us = (o->retry_ms ? o->retry_ms : 1000) * 1000;
    jn->clock = o->clock;
    jn->queue.tail = &jn->queue.head;
    take_metrics(jn);
    return jn;
}

static void
journal_free(struct journal *jn)
{
    store_close(jn->store);
    if (jn->lock_fd >= 0)
        owner_unlock(jn->lock_fd);
    pthread_cond_destroy(&jn->wake);
    pthread_cond_destroy(&jn->settled);
    pthread_mutex_destroy(&jn->mu);
    pthread_rwlock_destroy(&jn->store_lock);
    free(jn->dir);
    free(jn);
}

enum rc
journal_open(const struct journal_options *o, struct journal **out, struct errs *es)
{
    struct journal *jn = journal_new(o);

    if (!jn)
        return RC_NOMEM;
    enum rc rc = owner_lock(jn->dir, &jn->lock_fd, es);

    if (rc == RC_OK)
        rc = store_open(&jn->store_options, &jn->store, es);
    if (rc == RC_OK)
        jn->found = store_found(jn->store);
    if (rc == RC_OK)
        rc = owner_note_made(jn->lock_fd);
    if (rc == RC_OK) {
        journal_publish(jn);
        journal_publish_age(jn);
        rc = start_thread(jn) ? RC_NOMEM : RC_OK;
    }
    if (rc != RC_OK) {
        journal_free(jn);
        return rc;
    }
    *out = jn;
    return RC_OK;
}

void
journal_close(struct journal *jn)
{
    if (!jn)
        return;
    pthread_mutex_lock(&jn->mu);
    jn->stopping = true;
    pthread_mutex_unlock(&jn->mu);
    pthread_cond_signal(&jn->wake);
    pthread_join(jn->thread, NULL);
    journal_free(jn);
}

enum rc
journal_ready(const struct journal *jn)
{
    return (enum rc)atomic_load_explicit(&jn->ready, memory_order_relaxed);
}

struct journal_stats
journal_stats(const struct journal *jn)
{
    return (struct journal_stats){.payload_bytes = atomic_load_explicit(&jn->payload_bytes, memory_order_relaxed),
        .payload_count = atomic_load_explicit(&jn->payload_count, memory_order_relaxed),
        .payload_bytes_max = jn->store_options.max_bytes,
        .audit_bytes = atomic_load_explicit(&jn->audit_bytes, memory_order_relaxed),
        .first_seq = atomic_load_explicit(&jn->first_seq, memory_order_relaxed),
        .next_seq = atomic_load_explicit(&jn->next_seq, memory_order_acquire),
        .oldest_created_us = atomic_load_explicit(&jn->oldest_us, memory_order_relaxed),
        .found = jn->found};
}

enum rc
journal_scan(struct journal *jn, uint64_t after_id, bool (*fn)(void *arg, const struct journal_payload *p), void *arg)
{
    struct buf copy = BUF_INIT(RECORD_BYTES_MAX + (1u << 20));
    enum rc rc = RC_OK;

    for (bool more = true; more;) {
        struct journal_payload p;

        buf_clear(&copy);
        pthread_rwlock_rdlock(&jn->store_lock);
        rc = jn->store ? store_payload_after(jn->store, after_id, &copy, &p) : RC_IO;
        pthread_rwlock_unlock(&jn->store_lock);
        if (rc != RC_OK && rc != RC_INTEGRITY)
            break;
        rc = RC_OK;
        after_id = p.id;
        more = fn(arg, &p);
    }
    buf_free(&copy);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

enum rc
journal_load(struct journal *jn, uint64_t id, struct buf *out)
{
    pthread_rwlock_rdlock(&jn->store_lock);
    enum rc rc = jn->store ? store_payload_bytes(jn->store, id, out) : RC_IO;

    pthread_rwlock_unlock(&jn->store_lock);
    return rc;
}

/* Readers look into LMDB: bring what is ahead of it there. When that fails, what is ahead stays in its file, and the store is closed. */
static void
fold(struct journal *jn)
{
    pthread_mutex_lock(&jn->mu);
    uint64_t mine = ++jn->fold_asked;

    pthread_cond_signal(&jn->wake);
    while (jn->fold_done < mine)
        pthread_cond_wait(&jn->settled, &jn->mu);
    pthread_mutex_unlock(&jn->mu);
}

static enum rc
entry_from(void *source, uint64_t from, struct buf *copy, uint64_t *seq, struct str *entry)
{
    struct journal *jn = source;

    pthread_rwlock_rdlock(&jn->store_lock);
    enum rc rc = jn->store ? store_entry_from(jn->store, from, copy, seq, entry) : RC_IO;

    pthread_rwlock_unlock(&jn->store_lock);
    return rc;
}

enum rc
journal_entries(struct journal *jn, uint64_t from_seq, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg)
{
    fold(jn);
    return entries_walk(&(struct entry_source){entry_from, jn}, from_seq, fn, arg);
}

enum rc
journal_take(struct journal *jn, uint64_t from, uint64_t to, struct buf *out, uint64_t *next)
{
    if (to > atomic_load_explicit(&jn->in_lmdb, memory_order_acquire))
        fold(jn);
    pthread_rwlock_rdlock(&jn->store_lock);
    enum rc rc = jn->store ? store_entries_take(jn->store, (struct store_span){from, to}, out, next) : RC_IO;

    pthread_rwlock_unlock(&jn->store_lock);
    return rc;
}

void
journal_release(struct journal *jn, uint64_t until)
{
    atomic_store_explicit(&jn->release, until, memory_order_relaxed);
    pthread_mutex_lock(&jn->mu); /* the thread is not between looking and waiting */
    pthread_mutex_unlock(&jn->mu);
    pthread_cond_signal(&jn->wake);
}

void
journal_settle(struct journal *jn)
{
    pthread_mutex_lock(&jn->mu);
    for (uint64_t all = jn->posted; jn->answered < all;)
        pthread_cond_wait(&jn->settled, &jn->mu);
    pthread_mutex_unlock(&jn->mu);
    fold(jn);
}
