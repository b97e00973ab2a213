/*
 * A log that is killed, or loses its power, at any step it takes on the disk. A child writes; at the chosen step it forgets what was not synced, in one of the ways in which
 * a disk may, and ends. The parent opens what is left: nothing that was published is lost, nothing is there twice, every checkpoint that was ever seen still fits.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/verify.h"
#include "audit_log.h"
#include "base/secret.h"
#include "base_rng.h"
#include "base_suite.h"

#define UNSYNCED_MAX 600
#define SEEN_MAX 60

struct unsynced {
    char path[96];
    bool data, name; /* which of them is not on the disk yet */
};

/* What the child tells as it goes. */
struct shared {
    struct tree_state published;
};

struct power {
    struct test_log *log;
    struct rng rng;
    unsigned steps_left;
    bool cut; /* the power; else only the process */
    struct unsynced list[UNSYNCED_MAX];
    unsigned count;
    struct buf old_note; /* what the checkpoint was before it was renamed over */
};

static void
folder_of(const char *path, char out[96])
{
    const char *slash = strrchr(path, '/');

    snprintf(out, 96, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

static struct unsynced *
find(struct power *p, const char *path)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(p->list[i].path, path) == 0)
            return &p->list[i];
    ck_assert_uint_lt(p->count, UNSYNCED_MAX);
    snprintf(p->list[p->count].path, sizeof(p->list[0].path), "%s", path);
    p->list[p->count].data = p->list[p->count].name = false;
    return &p->list[p->count++];
}

static void
lose_file(struct power *p, const struct unsynced *u)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", p->log->dir, u->path);
    if (stat(path, &st) != 0)
        return;
    if (strcmp(u->path, "checkpoint") == 0) { /* the rename may not have happened */
        if (u->name && rng_below(&p->rng, 2) && p->old_note.len)
            (void)!file_write_atomic(path, buf_str(&p->old_note), 0644);
        return;
    }
    if (S_ISDIR(st.st_mode))
        return;
    unsigned way = rng_below(&p->rng, 4);

    if (u->name && way == 0)
        (void)unlink(path);
    else if (u->data && way <= 1)
        (void)!truncate(path, (off_t)rng_below(&p->rng, (uint32_t)st.st_size + 1));
    else if (u->data && way == 2 && truncate(path, 0) == 0) /* its length is there, its blocks are not */
        (void)!truncate(path, st.st_size);
}

static void
remember(struct power *p, enum writer_step step, const char *path)
{
    char folder[96];

    switch (step) {
    case WRITER_FILE:
        find(p, path)->data = true;
        find(p, path)->name = true;
        break;
    case WRITER_SYNC:
        find(p, path)->data = false;
        break;
    case WRITER_SYNC_FOLDER:
        for (unsigned i = 0; i < p->count; i++) {
            folder_of(p->list[i].path, folder);
            if (strcmp(folder, path) == 0)
                p->list[i].name = false;
        }
        break;
    case WRITER_RENAME:
        find(p, path)->name = true;
        break;
    case WRITER_FOLDER:
    case WRITER_REMOVE:
        break;
    }
}

static void
on_step(void *arg, enum writer_step step, const char *path)
{
    struct power *p = arg;

    remember(p, step, path);
    if (--p->steps_left > 0)
        return;
    for (unsigned i = 0; p->cut && i < p->count; i++)
        lose_file(p, &p->list[i]);
    _exit(9);
}

static void
child(struct test_log *l, uint64_t seed, struct shared *shared)
{
    struct power *p = calloc(1, sizeof(*p));
    struct errs es = {0};

    ck_assert_ptr_nonnull(p);
    p->log = l;
    p->rng.state = seed;
    p->steps_left = 1 + rng_below(&p->rng, 70);
    p->cut = rng_below(&p->rng, 3) > 0;
    p->old_note = BUF_INIT(NOTE_MAX);
    const struct writer_options o = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1, .on_step = on_step, .arg = p};

    if (writer_open(&o, &l->writer, &es) != RC_OK)
        _exit(1);
    for (;;) {
        buf_clear(&p->old_note);
        (void)!buf_append(&p->old_note, writer_note(l->writer));
        test_log_grow(l, 1 + rng_below(&p->rng, 300), 0);
        shared->published = *writer_published(l->writer);
    }
}

struct seen {
    struct buf note[SEEN_MAX];
    unsigned count;
};

static void
see_checkpoint(struct seen *s, struct str note)
{
    struct buf *slot = &s->note[s->count++ % SEEN_MAX];

    buf_free(slot);
    *slot = BUF_INIT(NOTE_MAX);
    ck_assert_int_eq(buf_append(slot, note), RC_OK);
}

struct expected {
    uint64_t next;
};

static bool
is_expected(void *arg, uint64_t index, struct str entry)
{
    struct expected *e = arg;
    char want[256];
    size_t n = test_log_entry(index, 0, want);

    ck_assert_uint_eq(index, e->next++);
    ck_assert(str_eq(entry, (struct str){want, n}));
    return true;
}

static void
check_after(struct test_log *l, const struct shared *shared, struct seen *seen)
{
    const struct writer_options o = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1};
    struct verify_anchor anchors[SEEN_MAX];
    struct errs es = {0};
    struct verify_result r;
    unsigned kept = seen->count < SEEN_MAX ? seen->count : SEEN_MAX;

    ck_assert_int_eq(writer_open(&o, &l->writer, &es), RC_OK);
    const struct tree_state *now = writer_published(l->writer);

    ck_assert_uint_ge(now->size, shared->published.size);
    if (now->size == 0)
        return;
    for (unsigned i = 0; i < kept; i++)
        anchors[i] = (struct verify_anchor){"seen before", buf_str(&seen->note[i])};
    const struct verify_options v = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1, .anchors = anchors, .anchor_count = kept};
    enum rc rc = verify_log(&v, &r, &es);

    ck_assert_msg(rc == RC_OK, "%s: %s", es.count ? es.list[0].file : "", es.count ? es.list[0].text : rc_text(rc));
    ck_assert_uint_eq(r.entries, now->size);
    see_checkpoint(seen, writer_note(l->writer));
}

static void
check_entries(struct test_log *l, uint64_t from)
{
    struct errs es = {0};
    struct reader *r;
    struct expected e = {from};

    ck_assert_int_eq(reader_open(l->dir, &r, &es), RC_OK);
    ck_assert_int_eq(reader_entries(r, from, UINT64_MAX, is_expected, &e), RC_OK);
    ck_assert_uint_eq(e.next, reader_checkpoint(r)->tree.size);
    reader_close(r);
}

START_TEST(crash_at_any_step_loses_nothing_that_was_published)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct test_log l;
    struct seen seen = {.count = 0};

    ck_assert_ptr_ne(shared, MAP_FAILED);
    test_log_begin(&l);
    for (uint64_t round = 0; round < rng_rounds(60); round++) {
        uint64_t before = writer_published(l.writer)->size;
        int status;

        writer_close(l.writer);
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            child(&l, round * 7919 + 1, shared);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 9, "round %u", (unsigned)round);
        check_after(&l, shared, &seen);
        if (writer_published(l.writer)->size)
            check_entries(&l, before > 600 ? before - 600 : 0);
    }
    ck_assert_uint_gt(writer_published(l.writer)->size, 1000);
    check_entries(&l, 0);
    for (unsigned i = 0; i < SEEN_MAX; i++)
        buf_free(&seen.note[i]);
    munmap(shared, sizeof(*shared));
    test_log_end(&l);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &crash_at_any_step_loses_nothing_that_was_published},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("crash", cases);
}
