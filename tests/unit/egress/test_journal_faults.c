/* What the journal holds when the disk, the file or the process fails. */
#include "egress/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_nomem.h"
#include "base_rng.h"
#include "base_suite.h"
#include "egress_fault.h"
#include "egress_journal.h"

struct count {
    unsigned entries, bad;
    uint64_t next, bad_key;
};

static bool
count_entry(void *arg, uint64_t seq, struct str entry)
{
    struct count *c = arg;

    ck_assert_uint_eq(seq, c->next);
    c->next = seq + 1;
    c->entries++;
    if (!entry.ptr) {
        c->bad++;
        c->bad_key = seq;
    }
    return true;
}

static bool
count_payload(void *arg, const struct journal_payload *p)
{
    struct count *c = arg;

    ck_assert_uint_ge(p->id, c->next);
    c->next = p->id + 1;
    c->entries++;
    if (!p->bytes.ptr) {
        c->bad++;
        c->bad_key = p->id;
    }
    return true;
}

/* Entries 0 .. n-1 and no other. */
static void
check_entries(struct bench_journal *b, unsigned n)
{
    struct count c = {0};

    ck_assert_int_eq(journal_entries(b->jn, 0, count_entry, &c), RC_OK);
    ck_assert_uint_eq(c.entries, n);
    ck_assert_uint_eq(c.bad, 0);
}

/* One failing call: the tx is refused, so is all that follows, until the journal has been opened anew; then numbering goes on without a gap. */
static void
check_failing_disk(enum fault_call call, int error, enum rc expected)
{
    struct bench_journal b = {0};
    uint64_t id = 0, later = 0;

    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    ck_assert_int_eq(bench_put(&b, 'a', 100000, &id), RC_OK);
    fault_arm(call, error, 1, 0);
    ck_assert_int_eq(bench_put(&b, 'b', 100000, NULL), expected);
    ck_assert_uint_eq(fault_hits(call), 1);
    ck_assert_int_eq(journal_ready(b.jn), expected);
    ck_assert_int_eq(bench_entry(&b, 1), expected);
    ck_assert_int_eq(bench_del(&b, id), expected);
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(journal_load(b.jn, id, &out), RC_IO);
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(journal_load(b.jn, id, &out), RC_OK);
    ck_assert_uint_eq(out.len, 100000);
    buf_free(&out);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    ck_assert_int_eq(bench_put(&b, 'c', 100000, &later), RC_OK);
    ck_assert_uint_gt(later, id);
    check_entries(&b, 2);
    ck_assert_uint_eq(journal_stats(b.jn).payload_count, 2);
    bench_reopen(&b);
    check_entries(&b, 2);
    bench_close(&b);
}

START_TEST(journal_refuses_and_recovers_when_fsync_fails)
{
    check_failing_disk(FAULT_FDATASYNC, EIO, RC_IO);
}
END_TEST

START_TEST(journal_refuses_and_recovers_when_a_write_fails)
{
    check_failing_disk(FAULT_PWRITE, EIO, RC_IO);
    check_failing_disk(FAULT_WRITEV, EIO, RC_IO);
}
END_TEST

START_TEST(journal_is_full_when_the_disk_is)
{
    check_failing_disk(FAULT_PWRITE, ENOSPC, RC_FULL);
    check_failing_disk(FAULT_WRITEV, ENOSPC, RC_FULL);
    check_failing_disk(FAULT_PWRITE, EDQUOT, RC_FULL);
}
END_TEST

START_TEST(journal_stays_closed_while_the_disk_fails)
{
    struct bench_journal b = {0};

    bench_open(&b);
    fault_arm(FAULT_FDATASYNC, EIO, 3, 0);
    ck_assert_int_eq(bench_entry(&b, 0), RC_IO);
    bench_wait_ready(&b, RC_OK); /* one more failed in the first attempts to mend it */
    ck_assert_uint_eq(fault_hits(FAULT_FDATASYNC), 3);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    check_entries(&b, 1);
    bench_close(&b);
}
END_TEST

/* A file that may not grow (RLIMIT_FSIZE gives EFBIG and short writes). */
START_TEST(journal_is_full_when_the_file_may_not_grow)
{
    struct bench_journal b = {0};
    struct rlimit old, limit;
    uint64_t id = 0;
    enum rc rc;

    signal(SIGXFSZ, SIG_IGN);
    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    ck_assert_int_eq(bench_put(&b, 'a', 300000, &id), RC_OK);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 1u << 20;
    setrlimit(RLIMIT_FSIZE, &limit);
    rc = bench_put(&b, 'b', 3u << 20, NULL);
    ck_assert(rc == RC_FULL || rc == RC_IO);
    setrlimit(RLIMIT_FSIZE, &old);
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(bench_put(&b, 'b', 3u << 20, NULL), RC_OK);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    check_entries(&b, 2);
    bench_close(&b);
}
END_TEST

/*
 * The commit reaches the disk, but we are told that it did not: the meta page is written, its success hidden, and LMDB cannot put the old one back. The payload
 * of the refused tx is removed; its entry, which a reader may have seen, stays, and numbering goes on behind it.
 */
START_TEST(journal_removes_payloads_of_a_commit_that_was_called_failed)
{
    struct bench_journal b = {0};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};
    struct journal_payload p = {.destination = STR("eu"), .bytes = STR("refused")};
    struct journal_tx tx = {.entries = &e, .entry_count = 1, .put = &p, .put_count = 1};
    struct count c = {0};
    uint64_t id = 0;

    bench_open(&b);
    ck_assert_int_eq(bench_put(&b, 'a', 10, &id), RC_OK);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    /* Small commits: the pages go out by writev; pwrite is the meta page's. */
    fault_arm(FAULT_PWRITE, EIO, 2, 1);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_IO);
    ck_assert_uint_eq(fault_hits(FAULT_PWRITE), 2);
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(journal_scan(b.jn, 0, count_payload, &c), RC_OK);
    ck_assert_uint_eq(c.entries, 1);
    ck_assert_uint_eq(c.next, id + 1);
    ck_assert_uint_eq(journal_stats(b.jn).next_seq, 2);
    ck_assert_int_eq(bench_entry(&b, 2), RC_OK);
    check_entries(&b, 3);
    bench_close(&b);
}
END_TEST

/* Where ${what} stands in data.mdb; each place, as old pages keep copies. */
static unsigned
find_in_file(const char *path, struct str what, off_t *places, unsigned max)
{
    struct buf file = BUF_INIT(64u << 20);
    unsigned n = 0;
    int fd = open(path, O_RDONLY);
    char block[65536];

    ck_assert_int_ge(fd, 0);
    for (ssize_t got; (got = read(fd, block, sizeof(block))) > 0;)
        ck_assert_int_eq(buf_append(&file, (struct str){block, (size_t)got}), RC_OK);
    close(fd);
    for (size_t from = 0; n < max;) {
        size_t at = str_find(str_sub(buf_str(&file), from, file.len), what);

        if (at == SIZE_MAX)
            break;
        places[n++] = (off_t)(from + at);
        from += at + what.len;
    }
    buf_free(&file);
    return n;
}

static void
flip_bit(const char *path, off_t at, unsigned bit)
{
    int fd = open(path, O_RDWR);
    char c;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &c, 1, at), 1);
    c = (char)(c ^ (1 << bit));
    ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

#define RECORD_HEADER_SIZE 36

START_TEST(journal_finds_every_flipped_bit_of_a_payload)
{
    struct bench_journal b = {0};
    struct rng rng = {.state = 5};
    static char marker[6000];
    struct journal_payload p = {.destination = STR("eu"), .origin = STR("DE"), .bytes = {marker, sizeof(marker)}};
    char path[128];
    off_t at;
    uint64_t id;

    for (size_t i = 0; i < sizeof(marker); i++)
        marker[i] = (char)rng_next(&rng);
    bench_open(&b);
    ck_assert_int_eq(bench_put(&b, 'a', 100, NULL), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &(struct journal_tx){.put = &p, .put_count = 1}), RC_OK);
    id = p.id;
    ck_assert_int_eq(bench_put(&b, 'b', 100, NULL), RC_OK);
    snprintf(path, sizeof(path), "%s/data.mdb", b.dir);
    ck_assert_uint_eq(find_in_file(path, p.bytes, &at, 1), 1);
    at -= RECORD_HEADER_SIZE + 4;
    for (unsigned i = 0; i < RECORD_HEADER_SIZE * 8 + 200; i++) {
        unsigned bit = i < RECORD_HEADER_SIZE * 8 ? i : RECORD_HEADER_SIZE * 8 + rng_below(&rng, (4 + sizeof(marker)) * 8);
        struct count c = {0};
        struct buf out = BUF_INIT(1u << 20);

        journal_close(b.jn);
        flip_bit(path, at + bit / 8, bit % 8);
        ck_assert_int_eq(journal_open(&b.options, &b.jn, &(struct errs){0}), RC_OK);
        ck_assert_int_eq(journal_scan(b.jn, 0, count_payload, &c), RC_OK);
        ck_assert_uint_eq(c.entries, 3);
        ck_assert_uint_eq(c.bad, 1);
        ck_assert_uint_eq(c.bad_key, id);
        ck_assert_int_eq(journal_load(b.jn, id, &out), RC_INTEGRITY);
        ck_assert_uint_eq(out.len, 0);
        flip_bit(path, at + bit / 8, bit % 8);
        buf_free(&out);
    }
    ck_assert_int_eq(bench_del(&b, id), RC_OK);
    bench_close(&b);
}
END_TEST

START_TEST(journal_finds_a_flipped_bit_of_an_entry)
{
    struct bench_journal b = {0};
    char path[128];
    off_t places[64];

    bench_open(&b);
    for (unsigned i = 1000; i < 1003; i++)
        ck_assert_int_eq(bench_entry(&b, i), RC_OK);
    snprintf(path, sizeof(path), "%s/data.mdb", b.dir);
    journal_close(b.jn);
    unsigned n = find_in_file(path, STR("{\"n\":1001,\"seq\":1"), places, 64);

    ck_assert_uint_ge(n, 1);
    for (unsigned i = 0; i < n; i++)
        flip_bit(path, places[i] + 6, 3);
    ck_assert_int_eq(journal_open(&b.options, &b.jn, &(struct errs){0}), RC_OK);
    struct count c = {0};

    ck_assert_int_eq(journal_entries(b.jn, 0, count_entry, &c), RC_INTEGRITY);
    ck_assert_uint_eq(c.entries, 3);
    ck_assert_uint_eq(c.bad, 1);
    ck_assert_uint_eq(c.bad_key, 1);
    bench_close(&b);
}
END_TEST

/* In a child, so that a crash is seen as one. 0: refused, or every record that is given is whole. */
static int
try_open(struct bench_journal *b)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct errs es = {0};
        struct count c = {0};

        if (journal_open(&b->options, &b->jn, &es) != RC_OK)
            _exit(es.errors ? 1 : 3);
        enum rc rc = journal_scan(b->jn, 0, count_payload, &c);

        journal_close(b->jn);
        _exit(rc == RC_OK && c.bad == 0 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

START_TEST(journal_says_when_its_file_was_cut)
{
    struct bench_journal b = {0};
    struct stat st;
    char path[128];

    bench_open(&b);
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(bench_put(&b, 'a', 20000, NULL), RC_OK);
        ck_assert_int_eq(bench_entry(&b, i), RC_OK);
    }
    journal_close(b.jn);
    snprintf(path, sizeof(path), "%s/data.mdb", b.dir);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(try_open(&b), 0);
    for (off_t len = st.st_size - 4096; len >= 0; len -= 4096) {
        ck_assert_int_eq(truncate(path, len), 0);
        int result = try_open(&b);

        ck_assert_msg(result == 1 || result == 2, "cut to %ld: %d", (long)len, result);
    }
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(try_open(&b), 1);
    loop_free(b.loop);
    bench_remove_dir(b.dir);
}
END_TEST

/*
 * kill -9. The writer tells each acknowledged entry and payload, and each deletion before it asks for it, in words of the pipe:
 *   kind << 56 | number
 */
enum { TOLD_ENTRY = 1, TOLD_PUT, TOLD_DEL, TOLD_GONE };
#define IN_FLIGHT 16

struct work {
    struct journal_tx tx;
    struct journal_entry e;
    struct journal_payload p;
    char head[32];
    uint64_t del, n;
};

static struct {
    struct bench_journal *b;
    int pipe;
    uint64_t next;
    struct rng rng;
    char bytes[40000];
} killed;

static void
tell(unsigned kind, uint64_t number)
{
    uint64_t word = (uint64_t)kind << 56 | number;

    if (write(killed.pipe, &word, sizeof(word)) != sizeof(word))
        _exit(0);
}

static void work_post(struct work *w);

static void
on_work_done(struct journal_tx *tx)
{
    struct work *w = (struct work *)tx;

    if (tx->rc != RC_OK)
        _exit(9);
    if (w->del)
        tell(TOLD_GONE, w->del);
    tell(TOLD_ENTRY, w->n);
    if (tx->put_count)
        tell(TOLD_PUT, w->p.id);
    work_post(w);
}

static void
work_post(struct work *w)
{
    w->n = killed.next++;
    w->del = w->tx.put_count && rng_below(&killed.rng, 2) ? w->p.id : 0;
    w->e = (struct journal_entry){{w->head, (size_t)snprintf(w->head, sizeof(w->head), "{\"n\":%llu", (unsigned long long)w->n)}, STR(",\"v\":1}")};
    w->p = (struct journal_payload){.destination = STR("eu"), .bytes = {killed.bytes, rng_below(&killed.rng, sizeof(killed.bytes))}};
    w->tx = (struct journal_tx){.loop = killed.b->loop, .entries = &w->e, .entry_count = 1, .put = &w->p, .on_done = on_work_done};
    w->tx.put_count = rng_below(&killed.rng, 3) == 0;
    w->tx.del = &w->del;
    w->tx.del_count = w->del != 0;
    w->tx.lazy = rng_below(&killed.rng, 8) == 0;
    if (w->del)
        tell(TOLD_DEL, w->del);
    journal_post(killed.b->jn, &w->tx);
}

static void
write_until_killed(struct bench_journal *b, int pipe_fd, uint64_t first, uint64_t seed)
{
    static struct work work[IN_FLIGHT];

    killed.b = b;
    killed.pipe = pipe_fd;
    killed.next = first;
    killed.rng.state = seed;
    if (journal_open(&b->options, &b->jn, &(struct errs){0}) != RC_OK)
        _exit(8);
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        work_post(&work[i]);
    loop_run(b->loop);
    _exit(7);
}

#define NUMBERS 100000
struct told {
    bool entry[NUMBERS], put[NUMBERS], del[NUMBERS], gone[NUMBERS], found_entry[NUMBERS], found[NUMBERS];
    uint64_t next;       /* seq */
    uint64_t first_free; /* above all entries that were found */
};

static bool
tick_entry(void *arg, uint64_t seq, struct str entry)
{
    struct told *t = arg;
    unsigned long long n;

    if (seq != t->next++ || !entry.ptr)
        ck_abort_msg("entry %llu comes before entry %llu, or is damaged", (unsigned long long)seq, (unsigned long long)t->next - 1);
    if (sscanf(entry.ptr, "{\"n\":%llu,", &n) != 1 || n >= NUMBERS || t->found_entry[n])
        ck_abort_msg("entry %llu is another's", (unsigned long long)seq);
    t->found_entry[n] = true;
    t->first_free = n >= t->first_free ? n + 1 : t->first_free;
    return true;
}

static bool
tick_payload(void *arg, const struct journal_payload *p)
{
    struct told *t = arg;

    if (!p->bytes.ptr || p->id >= NUMBERS)
        ck_abort_msg("payload %llu is damaged", (unsigned long long)p->id);
    t->found[p->id] = true;
    return true;
}

static void
hear(struct told *t, uint64_t word)
{
    uint64_t n = word & 0xffffffffffffff;
    bool *const lists[] = {NULL, t->entry, t->put, t->del, t->gone};

    ck_assert(word >> 56 >= TOLD_ENTRY && word >> 56 <= TOLD_GONE && n < NUMBERS);
    lists[word >> 56][n] = true;
}

static void
check_told(struct bench_journal *b, struct told *t)
{
    t->next = 0;
    memset(t->found_entry, 0, sizeof(t->found_entry));
    memset(t->found, 0, sizeof(t->found));
    ck_assert_int_eq(journal_open(&b->options, &b->jn, &(struct errs){0}), RC_OK);
    ck_assert_int_eq(journal_entries(b->jn, 0, tick_entry, t), RC_OK);
    ck_assert_int_eq(journal_scan(b->jn, 0, tick_payload, t), RC_OK);
    ck_assert_uint_eq(journal_stats(b->jn).next_seq, t->next);
    journal_close(b->jn);
    for (unsigned i = 0; i < NUMBERS; i++) { /* an assertion is a write(2): not for each */
        if (t->entry[i] && !t->found_entry[i])
            ck_abort_msg("entry %u is lost", i);
        if (t->put[i] && !t->del[i] && !t->found[i])
            ck_abort_msg("payload %u is lost", i);
        if (t->gone[i] && t->found[i])
            ck_abort_msg("payload %u is back", i);
    }
}

START_TEST(journal_keeps_what_was_acknowledged_when_killed)
{
    struct bench_journal b = {.options = {.group_delay_us = 300, .max_bytes = 256u << 20}};
    struct told *t = calloc(1, sizeof(*t));
    struct rng rng = {.state = 77};
    uint64_t word;

    bench_open(&b);
    journal_close(b.jn);
    for (unsigned round = 0; round < rng_rounds(20); round++) {
        uint64_t first = t->first_free;
        unsigned words = rng_below(&rng, 250);
        int fds[2], status;

        ck_assert_int_eq(pipe(fds), 0);
        pid_t pid = fork();

        if (pid == 0) {
            close(fds[0]);
            write_until_killed(&b, fds[1], first, round);
        }
        close(fds[1]);
        for (unsigned i = 0; i < words && read(fds[0], &word, sizeof(word)) == sizeof(word); i++)
            hear(t, word);
        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFSIGNALED(status), "the writer ended with %d", WEXITSTATUS(status));
        while (read(fds[0], &word, sizeof(word)) == sizeof(word))
            hear(t, word);
        close(fds[0]);
        check_told(&b, t);
    }
    ck_assert_uint_gt(t->next, 100);
    free(t);
    loop_free(b.loop);
    bench_remove_dir(b.dir);
}
END_TEST

START_TEST(journal_opens_or_says_that_memory_is_short)
{
    struct bench_journal b = {0};

    bench_open(&b);
    ck_assert_int_eq(bench_put(&b, 'a', 10000, NULL), RC_OK);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    journal_close(b.jn);
    for (long n = 1; nomem_round(n); n++) {
        struct errs es = {0};

        b.jn = NULL;
        enum rc rc = journal_open(&b.options, &b.jn, &es);
        bool failed = nomem_end();

        ck_assert_msg((rc == RC_OK) == (b.jn != NULL), "allocation %ld", n);
        ck_assert_msg(failed || rc == RC_OK, "allocation %ld: %s", n, rc_label(rc));
        if (b.jn)
            journal_close(b.jn);
        errs_free(&es);
        if (!failed)
            break;
    }
    ck_assert_int_eq(journal_open(&b.options, &b.jn, &(struct errs){0}), RC_OK);
    check_entries(&b, 1);
    bench_close(&b);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &journal_keeps_what_was_acknowledged_when_killed},
    {"limits", &journal_refuses_and_recovers_when_fsync_fails},
    {"limits", &journal_refuses_and_recovers_when_a_write_fails},
    {"limits", &journal_is_full_when_the_disk_is},
    {"limits", &journal_stays_closed_while_the_disk_fails},
    {"limits", &journal_is_full_when_the_file_may_not_grow},
    {"limits", &journal_removes_payloads_of_a_commit_that_was_called_failed},
    {"malformed", &journal_finds_every_flipped_bit_of_a_payload},
    {"malformed", &journal_finds_a_flipped_bit_of_an_entry},
    {"malformed", &journal_says_when_its_file_was_cut},
    {"nomem", &journal_opens_or_says_that_memory_is_short},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("journal_faults", cases);
}
