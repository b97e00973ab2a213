/* The write-ahead file of entries: what is durable there survives, what is torn was never acknowledged, what is damaged is told. */
#include "egress/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base_suite.h"
#include "egress_fault.h"
#include "egress_journal.h"
#include "proxy/egress/journal_wal_int.h"

#define PAGE 4096

struct seen {
    unsigned count;
    unsigned long long n[64];
    const char *found;
};

static bool
see(void *arg, uint64_t seq, struct str entry)
{
    struct seen *s = arg;

    ck_assert_uint_eq(seq, s->count);
    ck_assert_uint_lt(s->count, 64);
    ck_assert_ptr_nonnull(entry.ptr);
    ck_assert_int_eq(sscanf(entry.ptr, "{\"n\":%llu", &s->n[s->count++]), 1);
    return true;
}

static int64_t
commits(void)
{
    return metric_get(M_COMMITS, (const char *const[]){"ok"}, 1)->value;
}

static void
write_once_and_die(struct bench_journal *b, unsigned count)
{
    bench_open(b);
    journal_close(b->jn);
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (journal_open(&b->options, &b->jn, &(struct errs){0}) != RC_OK)
            _exit(1);
        for (unsigned i = 0; i < count; i++)
            if (bench_entry(b, i) != RC_OK)
                _exit(2);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

static void
path_of(const struct bench_journal *b, const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", b->dir, name);
}

static void
load(const struct bench_journal *b, const char *name, struct buf *out)
{
    char path[256];
    struct stat st;

    path_of(b, name, path);
    int fd = open(path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    *out = BUF_INIT(64u << 20);
    ck_assert_int_eq(buf_reserve(out, (size_t)st.st_size), RC_OK);
    ck_assert_int_eq(read(fd, out->ptr, (size_t)st.st_size), st.st_size);
    out->len = (size_t)st.st_size;
    close(fd);
}

static void
store(const struct bench_journal *b, const char *name, struct str bytes)
{
    char path[256];

    path_of(b, name, path);
    int fd = open(path, O_WRONLY | O_TRUNC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

static void
end(struct bench_journal *b)
{
    loop_free(b->loop);
    bench_remove_dir(b->dir);
}

/* Entries 0 .. count-1, one a group, by a process that ends without a word. Nothing of them is in LMDB: a machine that was held up for so long that they went there begins again. */
static void
write_and_die(struct bench_journal *b, unsigned count)
{
    const struct bench_journal fresh = *b;

    for (unsigned i = 0; i < 20; i++) {
        struct buf lmdb;

        *b = fresh;
        write_once_and_die(b, count);
        load(b, "data.mdb", &lmdb);
        bool folded = str_find(buf_str(&lmdb), STR("{\"n\":0")) != SIZE_MAX;

        buf_free(&lmdb);
        if (!folded)
            return;
        end(b);
    }
    ck_abort_msg("the machine is held up all the time");
}

static enum rc
open_with(struct bench_journal *b, struct seen *s)
{
    struct errs es = {0};
    enum rc rc = journal_open(&b->options, &b->jn, &es);

    ck_assert_int_eq(rc != RC_OK, es.errors > 0);
    errs_free(&es);
    *s = (struct seen){.found = rc == RC_OK ? journal_stats(b->jn).found : NULL};
    if (rc != RC_OK)
        return rc;
    ck_assert_int_eq(journal_entries(b->jn, 0, see, s), RC_OK);
    journal_close(b->jn);
    return rc;
}

START_TEST(journal_has_entries_of_a_process_that_died)
{
    struct bench_journal b = {0};
    struct seen s;

    write_and_die(&b, 20);
    ck_assert_int_eq(open_with(&b, &s), RC_OK);
    ck_assert_uint_eq(s.count, 20);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_uint_eq(s.n[i], i);
    ck_assert_int_eq(open_with(&b, &s), RC_OK); /* not a second time */
    ck_assert_uint_eq(s.count, 20);
    end(&b);
}
END_TEST

START_TEST(journal_reader_sees_entries_that_are_not_in_lmdb)
{
    struct bench_journal b = {0};
    struct journal_reader *r = NULL;
    struct seen s = {0};

    write_and_die(&b, 20);
    ck_assert_int_eq(journal_reader_open(b.dir, &r, &(struct errs){0}), RC_OK);
    ck_assert_uint_eq(journal_reader_next_seq(r), 20);
    ck_assert_int_eq(journal_reader_entries(r, 0, see, &s), RC_OK);
    ck_assert_uint_eq(s.count, 20);
    s.count = 17;
    ck_assert_int_eq(journal_reader_entries(r, 17, see, &s), RC_OK);
    ck_assert_uint_eq(s.count, 20);
    ck_assert_int_eq(journal_reader_entries(r, 20, see, &s), RC_OK);
    ck_assert_uint_eq(s.count, 20);
    journal_reader_close(r);
    end(&b);
}
END_TEST

/* Any place where the last group may have been cut: the entries before it are there, and nothing else. Any bit of it that was changed: it is there too. */
START_TEST(journal_leaves_out_a_group_that_is_torn)
{
    struct bench_journal b = {0};
    struct buf lmdb, wal;
    struct seen s;

    write_and_die(&b, 3);
    load(&b, "data.mdb", &lmdb);
    load(&b, "entries.wal", &wal);
    char *last = wal.ptr + 2 * PAGE;
    size_t used = PAGE;

    while (last[used - 1] == 0)
        used--;
    for (size_t i = 0; i < used; i++) {
        char was = last[i];

        store(&b, "data.mdb", buf_str(&lmdb));
        last[i] = (char)(was ^ 1 << i % 8);
        store(&b, "entries.wal", i % 2 ? buf_str(&wal) : str_sub(buf_str(&wal), 0, 2 * PAGE + i));
        ck_assert_int_eq(open_with(&b, &s), RC_OK);
        ck_assert_uint_eq(s.count, i % 2 ? 3 : 2);
        ck_assert_pstr_eq(s.found, i % 2 ? "mended" : i < 16 ? NULL : "torn");
        last[i] = was;
    }
    buf_free(&lmdb);
    buf_free(&wal);
    end(&b);
}
END_TEST

START_TEST(journal_tells_when_a_group_before_the_last_is_damaged)
{
    struct bench_journal b = {0};
    struct buf lmdb, wal;
    struct seen s;

    write_and_die(&b, 3);
    load(&b, "data.mdb", &lmdb);
    load(&b, "entries.wal", &wal);
    for (size_t i = 0; i < 2 * PAGE; i += i % PAGE < 60 ? 1 : PAGE - 60) {
        store(&b, "data.mdb", buf_str(&lmdb));
        wal.ptr[i] = (char)(wal.ptr[i] ^ 4);
        store(&b, "entries.wal", buf_str(&wal));
        ck_assert_int_eq(open_with(&b, &s), RC_INTEGRITY);
        wal.ptr[i] = (char)(wal.ptr[i] ^ 4);
    }
    buf_free(&lmdb);
    buf_free(&wal);
    end(&b);
}
END_TEST

/* Groups of an earlier pass stand behind the present ones. */
START_TEST(journal_does_not_take_an_earlier_pass_for_the_present_one)
{
    struct bench_journal b = {0};
    struct buf old, lmdb;
    struct seen s;

    write_and_die(&b, 8);
    load(&b, "entries.wal", &old);
    ck_assert_int_eq(open_with(&b, &s), RC_OK);
    load(&b, "data.mdb", &lmdb);
    store(&b, "entries.wal", buf_str(&old)); /* as if we had been stopped between the commit and the emptying */
    ck_assert_int_eq(open_with(&b, &s), RC_OK);
    ck_assert_uint_eq(s.count, 8);
    buf_free(&old);
    buf_free(&lmdb);
    end(&b);
}
END_TEST

/* The data base of yesterday beside the file of today: entries are missing. */
START_TEST(journal_tells_when_its_data_base_was_rolled_back)
{
    struct bench_journal b = {0};
    struct buf lmdb;
    struct seen s;

    bench_open(&b);
    journal_close(b.jn);
    load(&b, "data.mdb", &lmdb);
    ck_assert_int_eq(journal_open(&b.options, &b.jn, &(struct errs){0}), RC_OK);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    journal_settle(b.jn);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    journal_close(b.jn);
    store(&b, "data.mdb", buf_str(&lmdb));
    ck_assert_int_eq(open_with(&b, &s), RC_INTEGRITY);
    buf_free(&lmdb);
    end(&b);
}
END_TEST

/* What was refused is not there after the next start either. */
START_TEST(journal_does_not_bring_back_an_entry_that_was_refused)
{
    struct bench_journal b = {0};
    struct seen s;

    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    fault_arm(FAULT_FDATASYNC, EIO, 1, 0); /* it is written, but not flushed */
    ck_assert_int_eq(bench_entry(&b, 77), RC_IO);
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    journal_close(b.jn);
    ck_assert_int_eq(open_with(&b, &s), RC_OK);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_uint_eq(s.n[1], 1);
    end(&b);
}
END_TEST

/* A disk that forgets, after a failure, what it said was durable: no second entry gets the number of the first. */
START_TEST(journal_gives_no_number_away_twice)
{
    struct bench_journal b = {0};
    struct buf wal;
    struct seen s = {0};

    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 0), RC_OK);
    load(&b, "entries.wal", &wal);
    store(&b, "entries.wal", STR("gone"));
    fault_arm(FAULT_FDATASYNC, EIO, 1, 0);
    ck_assert_int_eq(bench_entry(&b, 77), RC_IO);
    for (unsigned i = 0; i < 20; i++) {
        usleep(50000);
        ck_assert_int_ne(journal_ready(b.jn), RC_OK);
    }
    ck_assert_int_eq(bench_entry(&b, 78), RC_IO);
    store(&b, "entries.wal", buf_str(&wal));
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    ck_assert_int_eq(journal_entries(b.jn, 0, see, &s), RC_OK);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_uint_eq(s.n[1], 1);
    buf_free(&wal);
    bench_close(&b);
}
END_TEST

/* More than the file holds, in one group and in many. */
START_TEST(journal_goes_on_when_the_file_is_full)
{
    static char text[60000];
    struct bench_journal b = {0};
    struct journal_entry e[20];
    struct journal_tx tx = {.entries = e, .entry_count = 20};
    struct seen s = {0};

    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"n\":7,\"t\":\"", 12);
    bench_open(&b);
    for (unsigned i = 0; i < 20; i++)
        e[i] = (struct journal_entry){{text, sizeof(text)}, STR("\",\"v\":1}")};
    ck_assert_int_eq(bench_entry(&b, 7), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    ck_assert_uint_eq(tx.seq, 1);
    tx.entry_count = 1;
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
        ck_assert_uint_eq(tx.seq, 21 + i);
    }
    ck_assert_int_eq(journal_entries(b.jn, 0, see, &s), RC_OK);
    ck_assert_uint_eq(s.count, 41);
    bench_close(&b);
}
END_TEST

/* The delay would be an hour. */
START_TEST(journal_keeps_a_group_of_patient_ones_open_until_told)
{
    struct bench_journal b = {.options.group_delay_us = UINT64_C(3600) * 1000000};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};
    struct journal_tx tx[5];

    bench_open(&b);
    int64_t before = commits();

    journal_hurry(b.jn); /* nothing waits: it is forgotten */
    for (unsigned i = 0; i < 5; i++) {
        tx[i] = (struct journal_tx){.entries = &e, .entry_count = 1, .patient = true};
        bench_post(&b, &tx[i]);
    }
    journal_hurry(b.jn);
    bench_wait(&b);
    ck_assert_int_eq(commits() - before, 1);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(tx[i].rc, RC_OK);
    bench_close(&b);
}
END_TEST

START_TEST(journal_commits_patient_ones_when_the_delay_is_over)
{
    struct bench_journal b = {.options.group_delay_us = 2000};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};

    bench_open(&b);
    ck_assert_int_eq(bench_commit(&b, &(struct journal_tx){.entries = &e, .entry_count = 1, .patient = true}), RC_OK);
    bench_close(&b);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &journal_has_entries_of_a_process_that_died},
    {"normal", &journal_reader_sees_entries_that_are_not_in_lmdb},
    {"normal", &journal_keeps_a_group_of_patient_ones_open_until_told},
    {"normal", &journal_commits_patient_ones_when_the_delay_is_over},
    {"malformed", &journal_leaves_out_a_group_that_is_torn},
    {"malformed", &journal_tells_when_a_group_before_the_last_is_damaged},
    {"malformed", &journal_does_not_take_an_earlier_pass_for_the_present_one},
    {"malformed", &journal_tells_when_its_data_base_was_rolled_back},
    {"limits", &journal_does_not_bring_back_an_entry_that_was_refused},
    {"limits", &journal_gives_no_number_away_twice},
    {"limits", &journal_goes_on_when_the_file_is_full},
    {NULL, NULL},
};

int
main(void)
{
    log_setup(LOG_ERROR, LOG_TEXT, STDERR_FILENO);
    return suite_run("journal_wal", cases);
}
