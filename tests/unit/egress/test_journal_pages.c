/* LMDB's file, changed while nobody had it open: refused with a sentence, or read with nothing missing; never a crash, never a loss without a word. */
#include "egress/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_rng.h"
#include "base_suite.h"
#include "egress_journal.h"

#define ENTRIES 150
#define PAYLOADS 60
#define ROUNDS 300

enum end { SOUND, SEEN, REFUSED, OTHER_RC, MISSING };

struct file {
    char path[160], wal[160];
    char *bytes;
    size_t len;
};

static void
file_keep(struct file *f, const char *dir)
{
    struct stat st;

    snprintf(f->path, sizeof(f->path), "%s/data.mdb", dir);
    snprintf(f->wal, sizeof(f->wal), "%s/entries.wal", dir);
    int fd = open(f->path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    f->len = (size_t)st.st_size;
    f->bytes = malloc(f->len);
    ck_assert_ptr_nonnull(f->bytes);
    ck_assert_int_eq(read(fd, f->bytes, f->len), (ssize_t)f->len);
    close(fd);
}

static void
file_write(const struct file *f, const char *bytes)
{
    int fd = open(f->path, O_WRONLY | O_TRUNC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, f->len), (ssize_t)f->len);
    close(fd);
    (void)unlink(f->wal); /* of the round before; a journal that was closed has nothing in it */
}

/* Several levels, long and short values, a list of free pages. */
static unsigned
fill(struct bench_journal *b)
{
    uint64_t ids[PAYLOADS];
    unsigned kept = 0;

    bench_open(b);
    for (unsigned i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(bench_entry(b, i), RC_OK);
    for (unsigned i = 0; i < PAYLOADS; i++)
        ck_assert_int_eq(bench_put(b, (char)('a' + i % 26), i % 3 ? 40 + 20 * i : 9000 + 100 * i, &ids[i]), RC_OK);
    for (unsigned i = 0; i < PAYLOADS; i++) {
        if (i % 4)
            kept++;
        else
            ck_assert_int_eq(bench_del(b, ids[i]), RC_OK);
    }
    journal_close(b->jn);
    return kept;
}

struct tally {
    unsigned all, bad;
};

static bool
on_payload(void *arg, const struct journal_payload *p)
{
    struct tally *t = arg;

    t->all++;
    t->bad += !p->bytes.ptr;
    return true;
}

static bool
on_entry(void *arg, uint64_t seq, struct str entry)
{
    struct tally *t = arg;

    (void)seq;
    t->all++;
    t->bad += !entry.ptr;
    return true;
}

/* What `audit tail` does with it. */
static void
look(const struct bench_journal *b)
{
    struct journal_reader *r = NULL;
    struct tally e = {0};
    struct errs es = {0};

    if (journal_reader_open(b->dir, &r, &es) == RC_OK) {
        (void)!journal_reader_entries(r, 0, on_entry, &e);
        journal_reader_close(r);
    }
    errs_free(&es);
}

/* What a gate does with it; as a process of its own. */
static enum end
use(struct bench_journal *b, unsigned payloads)
{
    struct tally p = {0}, e = {0};
    struct errs es = {0};

    look(b);
    enum rc rc = journal_open(&b->options, &b->jn, &es);

    if (rc != RC_OK)
        return rc == RC_INTEGRITY && es.count == 1 ? REFUSED : OTHER_RC;
    rc = journal_scan(b->jn, 0, on_payload, &p);
    if (rc == RC_OK)
        rc = journal_entries(b->jn, 0, on_entry, &e);
    if (rc != RC_OK && rc != RC_INTEGRITY)
        return OTHER_RC;
    if (p.all != payloads || e.all != ENTRIES)
        return MISSING;
    for (uint64_t id = 2; id < 12; id++) /* takes from the list of free pages, and adds to it */
        (void)bench_del(b, id);
    (void)bench_put(b, 'z', 30000, NULL);
    (void)bench_entry(b, ENTRIES);
    journal_close(b->jn);
    return p.bad || e.bad ? SEEN : SOUND;
}

static int
use_apart(struct bench_journal *b, unsigned payloads)
{
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit((int)use(b, payloads));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* Where a change does most: heads of pages, offsets of nodes, heads of nodes. */
static size_t
place(struct rng *rng, const struct file *f)
{
    size_t page = rng_below(rng, (uint32_t)(f->len / 4096)) * 4096u;

    switch (rng_below(rng, 4)) {
    case 0:
        return page + rng_below(rng, 16);
    case 1:
        return page + rng_below(rng, 160);
    case 2:
        return rng_below(rng, 2) * 4096 + rng_below(rng, 160);
    default:
        return page + rng_below(rng, 4096);
    }
}

START_TEST(journal_pages_are_refused_or_read_whole_when_changed)
{
    struct bench_journal b = {0};
    struct rng rng = {.state = 11};
    struct file f = {0};
    unsigned ends[5] = {0}, payloads = fill(&b);

    file_keep(&f, b.dir);
    char *changed = malloc(f.len);

    ck_assert_ptr_nonnull(changed);
    ck_assert_int_eq(use_apart(&b, payloads), SOUND << 8);
    for (unsigned i = 0; i < rng_rounds(ROUNDS); i++) {
        memcpy(changed, f.bytes, f.len);
        for (unsigned n = 1 + (i % 3 == 2 ? rng_below(&rng, 40) : 0); n; n--)
            changed[place(&rng, &f)] ^= (char)(1 << rng_below(&rng, 8));
        file_write(&f, changed);
        int status = use_apart(&b, payloads);

        ck_assert_msg(WIFEXITED(status), "round %u: signal %d", i, WTERMSIG(status));
        ck_assert_msg(WEXITSTATUS(status) <= REFUSED, "round %u: end %d", i, WEXITSTATUS(status));
        ends[WEXITSTATUS(status)]++;
    }
    ck_assert_uint_gt(ends[SOUND], 0); /* pages that nobody uses */
    ck_assert_uint_gt(ends[SEEN], 0);
    ck_assert_uint_gt(ends[REFUSED], 0);
    file_write(&f, f.bytes);
    ck_assert_int_eq(use_apart(&b, payloads), SOUND << 8);
    free(changed);
    free(f.bytes);
    ck_assert_int_eq(journal_open(&b.options, &b.jn, &(struct errs){0}), RC_OK);
    bench_close(&b);
}
END_TEST

static const struct case_entry cases[] = {
    {"malformed", &journal_pages_are_refused_or_read_whole_when_changed},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("journal_pages", cases);
}
