#include "egress_journal.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILL_MAX (4u << 20)

static void
journal_up(struct bench_journal *b)
{
    struct errs es = {0};
    enum rc rc = journal_open(&b->options, &b->jn, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_int_eq(rc, RC_OK);
    errs_free(&es);
}

/* Memory where there is enough: what is tested here does not depend on how long an fsync takes. */
static const char *
where(void)
{
    struct statvfs fs;

    if (statvfs("/dev/shm", &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize > 1u << 30 && access("/dev/shm", W_OK) == 0)
        return "/dev/shm";
    return "/tmp";
}

void
bench_open(struct bench_journal *b)
{
    snprintf(b->dir, sizeof(b->dir), "%s/spangate-journal-XXXXXX", where());
    ck_assert_ptr_nonnull(mkdtemp(b->dir));
    b->clock = clock_fake(1000000, UINT64_C(1795334113000123));
    if (!b->options.max_bytes)
        b->options.max_bytes = 64u << 20;
    if (!b->options.audit_max_bytes)
        b->options.audit_max_bytes = 64u << 20;
    if (!b->options.retry_ms)
        b->options.retry_ms = 20;
    b->options.dir = b->dir;
    b->options.clock = &b->clock;
    b->loop = loop_new(&clock_system);
    ck_assert_ptr_nonnull(b->loop);
    journal_up(b);
}

void
bench_reopen(struct bench_journal *b)
{
    journal_close(b->jn);
    journal_up(b);
}

void
bench_remove_dir(const char *dir)
{
    DIR *d = opendir(dir);

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(dir);
}

void
bench_close(struct bench_journal *b)
{
    journal_close(b->jn);
    loop_free(b->loop);
    bench_remove_dir(b->dir);
}

/* The waiting bench, for on_done: one a thread. */
static _Thread_local struct bench_journal *waiting;

static void
on_done(struct journal_tx *tx)
{
    (void)tx;
    if (--waiting->pending == 0)
        loop_stop(waiting->loop);
}

void
bench_post(struct bench_journal *b, struct journal_tx *tx)
{
    waiting = b;
    tx->loop = b->loop;
    tx->on_done = on_done;
    b->pending++;
    journal_post(b->jn, tx);
}

void
bench_wait(struct bench_journal *b)
{
    waiting = b;
    if (b->pending)
        loop_run(b->loop);
    ck_assert_uint_eq(b->pending, 0);
}

enum rc
bench_commit(struct bench_journal *b, struct journal_tx *tx)
{
    bench_post(b, tx);
    bench_wait(b);
    return tx->rc;
}

enum rc
bench_entry(struct bench_journal *b, unsigned n)
{
    char head[32];
    struct journal_entry e = {.head = {head, (size_t)snprintf(head, sizeof(head), "{\"n\":%u", n)}, .tail = STR(",\"v\":1}")};

    return bench_commit(b, &(struct journal_tx){.entries = &e, .entry_count = 1});
}

enum rc
bench_put(struct bench_journal *b, char fill, size_t size, uint64_t *id)
{
    static char bytes[FILL_MAX];
    struct journal_payload p = {.destination = STR("eu"), .origin = STR("DE"), .created_us = 7, .spans = 3, .encoding = 1, .bytes = {bytes, size}};

    ck_assert_uint_le(size, sizeof(bytes));
    memset(bytes, fill, size);
    enum rc rc = bench_commit(b, &(struct journal_tx){.put = &p, .put_count = 1});

    if (rc == RC_OK && id)
        *id = p.id;
    return rc;
}

enum rc
bench_del(struct bench_journal *b, uint64_t id)
{
    return bench_commit(b, &(struct journal_tx){.del = &id, .del_count = 1});
}

static void
on_poll(void *arg)
{
    loop_stop(arg);
}

void
bench_wait_ready(struct bench_journal *b, enum rc rc)
{
    struct timer *poll = timer_new(b->loop, on_poll, b->loop);

    while (journal_ready(b->jn) != rc) {
        timer_set(poll, 5);
        loop_run(b->loop);
    }
    timer_free(poll);
}
