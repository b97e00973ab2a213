#include "egress/journal.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base_suite.h"
#include "egress_fault.h"
#include "egress_journal.h"

#define SEEN_MAX 4096
struct seen {
    unsigned count;
    uint64_t ids[SEEN_MAX];
    bool bad[SEEN_MAX];
    char last[256];
};

static bool
see_entry(void *arg, uint64_t seq, struct str entry)
{
    struct seen *s = arg;

    ck_assert_uint_lt(s->count, SEEN_MAX);
    s->bad[s->count] = !entry.ptr;
    s->ids[s->count++] = seq;
    snprintf(s->last, sizeof(s->last), "%.*s", (int)entry.len, entry.ptr ? entry.ptr : "");
    return true;
}

static bool
see_payload(void *arg, const struct journal_payload *p)
{
    struct seen *s = arg;

    ck_assert_uint_lt(s->count, SEEN_MAX);
    s->bad[s->count] = !p->bytes.ptr;
    s->ids[s->count++] = p->id;
    return true;
}

static int64_t
commits(void)
{
    return metric_get(M_COMMITS, (const char *const[]){"ok"}, 1)->value;
}

START_TEST(journal_writes_seq_and_time_into_entries)
{
    struct bench_journal b = {0};
    struct seen s = {0};

    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 41), RC_OK);
    b.clock.fake_wall_us += 1000000;
    ck_assert_int_eq(bench_entry(&b, 42), RC_OK);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_str_eq(s.last, "{\"n\":42,\"seq\":1,\"ts\":\"2026-11-22T07:55:14.000123Z\",\"v\":1}");
    bench_close(&b);
}
END_TEST

START_TEST(journal_numbers_on_when_reopened)
{
    struct bench_journal b = {0};
    struct seen s = {0};
    uint64_t id = 0, before = 0;

    bench_open(&b);
    for (unsigned i = 0; i < 30; i++) {
        ck_assert_int_eq(bench_entry(&b, i), RC_OK);
        ck_assert_int_eq(bench_put(&b, 'a', 100, &id), RC_OK);
        ck_assert_uint_gt(id, before);
        before = id;
        ck_assert_int_eq(bench_del(&b, id), RC_OK);
        if (i % 10 == 9)
            bench_reopen(&b);
    }
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 30);
    for (unsigned i = 0; i < 30; i++)
        ck_assert_uint_eq(s.ids[i], i);
    ck_assert_uint_eq(journal_stats(b.jn).next_seq, 30);
    ck_assert_uint_eq(journal_stats(b.jn).payload_count, 0);
    ck_assert_uint_eq(journal_stats(b.jn).payload_bytes, 0);
    bench_close(&b);
}
END_TEST

static bool
check_payload(void *arg, const struct journal_payload *p)
{
    unsigned *count = arg;

    ++*count;
    ck_assert(str_eq(p->destination, STR("eu")) && str_eq(p->origin, STR("DE")));
    ck_assert_uint_eq(p->created_us, 7);
    ck_assert_uint_eq(p->spans, 3);
    ck_assert_uint_eq(p->encoding, 1);
    ck_assert_uint_eq(p->bytes.len, 1000 * *count);
    for (size_t i = 0; i < p->bytes.len; i++)
        ck_assert_int_eq(p->bytes.ptr[i], 'a' + (char)*count);
    return true;
}

START_TEST(journal_gives_payloads_back_in_order)
{
    struct bench_journal b = {0};
    struct buf out = BUF_INIT(1u << 20);
    unsigned count = 0;
    uint64_t ids[20];

    bench_open(&b);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(bench_put(&b, (char)('a' + i + 1), 1000 * (i + 1), &ids[i]), RC_OK);
    bench_reopen(&b);
    ck_assert_int_eq(journal_scan(b.jn, 0, check_payload, &count), RC_OK);
    ck_assert_uint_eq(count, 20);
    ck_assert_int_eq(buf_append(&out, STR("12345")), RC_OK);
    ck_assert_int_eq(journal_load(b.jn, ids[4], &out), RC_OK);
    ck_assert_uint_eq(out.len, 5 + 5000);
    ck_assert_int_eq(memcmp(out.ptr, "12345ffff", 9), 0);
    ck_assert_int_eq(bench_del(&b, ids[4]), RC_OK);
    ck_assert_int_eq(journal_load(b.jn, ids[4], &out), RC_NOT_FOUND);
    ck_assert_uint_eq(out.len, 5 + 5000);
    buf_free(&out);
    bench_close(&b);
}
END_TEST

START_TEST(journal_scan_goes_on_where_it_was_told)
{
    struct bench_journal b = {0};
    struct seen s = {0};
    uint64_t ids[5];

    bench_open(&b);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(bench_put(&b, 'x', 10, &ids[i]), RC_OK);
    ck_assert_int_eq(journal_scan(b.jn, ids[2], see_payload, &s), RC_OK);
    ck_assert_uint_eq(s.count, 2);
    ck_assert_uint_eq(s.ids[0], ids[3]);
    ck_assert_uint_eq(s.ids[1], ids[4]);
    ck_assert_int_eq(journal_scan(b.jn, UINT64_MAX, see_payload, &s), RC_OK);
    ck_assert_uint_eq(s.count, 2);
    bench_close(&b);
}
END_TEST

/* The delay would be an hour. */
START_TEST(journal_commits_at_once_when_tx_is_alone)
{
    struct bench_journal b = {.options.group_delay_us = UINT64_C(3600) * 1000000};

    bench_open(&b);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(bench_entry(&b, i), RC_OK);
    bench_close(&b);
}
END_TEST

START_TEST(journal_commits_at_once_when_group_is_large)
{
    struct bench_journal b = {.options.group_delay_us = UINT64_C(3600) * 1000000};
    static char bytes[600 << 10];
    struct journal_payload p[3];
    struct journal_tx tx[3];

    bench_open(&b);
    fault_hold();
    for (unsigned i = 0; i < 3; i++) {
        p[i] = (struct journal_payload){.destination = STR("eu"), .bytes = {bytes, sizeof(bytes)}};
        tx[i] = (struct journal_tx){.put = &p[i], .put_count = 1};
        bench_post(&b, &tx[i]);
        if (i == 0)
            fault_wait_held();
    }
    fault_release();
    bench_wait(&b);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(tx[i].rc, RC_OK);
    bench_close(&b);
}
END_TEST

/* What arrives while a commit runs is one group: the first and the rest, two commits. */
START_TEST(journal_groups_what_waits)
{
    struct bench_journal b = {.options.group_delay_us = 1000};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};
    struct journal_tx tx[100];
    struct seen s = {0};

    bench_open(&b);
    int64_t before = commits();

    fault_hold();
    for (unsigned i = 0; i < 100; i++) {
        tx[i] = (struct journal_tx){.entries = &e, .entry_count = 1, .lazy = i % 3 == 2};
        bench_post(&b, &tx[i]);
        if (i == 0)
            fault_wait_held();
    }
    fault_release();
    bench_wait(&b);
    ck_assert_int_eq(commits() - before, 2);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 100);
    bench_close(&b);
}
END_TEST

START_TEST(journal_commits_lazy_tx_when_nothing_else_comes)
{
    struct bench_journal b = {.options.group_delay_us = UINT64_C(3600) * 1000000};
    uint64_t id = 0;

    bench_open(&b);
    ck_assert_int_eq(bench_put(&b, 'x', 10, &id), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &(struct journal_tx){.del = &id, .del_count = 1, .lazy = true}), RC_OK);
    ck_assert_uint_eq(journal_stats(b.jn).payload_count, 0);
    bench_close(&b);
}
END_TEST

START_TEST(journal_commits_what_is_posted_when_closed)
{
    struct bench_journal b = {0};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};
    struct journal_tx tx[10];
    struct seen s = {0};

    bench_open(&b);
    for (unsigned i = 0; i < 10; i++) {
        tx[i] = (struct journal_tx){.entries = &e, .entry_count = 1, .lazy = true};
        bench_post(&b, &tx[i]);
    }
    bench_reopen(&b);
    bench_wait(&b);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 10);
    bench_close(&b);
}
END_TEST

#define POSTERS 4
#define POSTS 300
struct poster {
    pthread_t thread;
    struct bench_journal *b;
    unsigned n, ok;
};

static void *
poster_run(void *arg)
{
    struct poster *p = arg;
    struct bench_journal mine = {.jn = p->b->jn, .loop = loop_new(&clock_system)};
    uint64_t ids[8] = {0};

    for (unsigned i = 0; i < POSTS; i += 8) {
        char heads[8][32];
        struct journal_entry e[8];
        struct journal_payload pay[8];
        struct journal_tx tx[8];

        for (unsigned k = 0; k < 8; k++) {
            e[k] = (struct journal_entry){{heads[k], (size_t)snprintf(heads[k], 32, "{\"n\":%u", p->n + i + k)}, STR(",\"v\":1}")};
            pay[k] = (struct journal_payload){.destination = STR("eu"), .bytes = STR("payload")};
            tx[k] = (struct journal_tx){.entries = &e[k], .entry_count = 1, .put = &pay[k], .put_count = 1, .del = &ids[k], .del_count = ids[k] != 0};
            bench_post(&mine, &tx[k]);
            (void)journal_ready(mine.jn);
        }
        bench_wait(&mine);
        for (unsigned k = 0; k < 8; k++) {
            p->ok += tx[k].rc == RC_OK;
            ids[k] = pay[k].id;
        }
        struct buf out = BUF_INIT(100);

        ck_assert_int_eq(journal_load(mine.jn, ids[0], &out), RC_OK);
        buf_free(&out);
    }
    loop_free(mine.loop);
    return NULL;
}

START_TEST(journal_serves_threads_that_post_together)
{
    struct bench_journal b = {.options.group_delay_us = 500};
    struct poster p[POSTERS];
    struct seen *s = calloc(1, sizeof(*s));
    unsigned ok = 0;

    bench_open(&b);
    for (unsigned i = 0; i < POSTERS; i++) {
        p[i] = (struct poster){.b = &b, .n = i * 1000};
        ck_assert_int_eq(pthread_create(&p[i].thread, NULL, poster_run, &p[i]), 0);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(p[i].thread, NULL);
        ok += p[i].ok;
    }
    ck_assert_uint_eq(ok, POSTERS * ((POSTS + 7) / 8) * 8);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, s), RC_OK);
    ck_assert_uint_eq(s->count, ok);
    for (unsigned i = 0; i < s->count; i++)
        ck_assert_uint_eq(s->ids[i], i);
    ck_assert_uint_eq(journal_stats(b.jn).payload_count, POSTERS * 8);
    free(s);
    bench_close(&b);
}
END_TEST

/* A gate in another process writes entries when a byte comes, answers with one, and ends when the pipe closes. */
static void
gate_in_child(struct bench_journal *b, int from_parent, int to_parent)
{
    char c;

    bench_open(b);
    ck_assert_int_eq(write(to_parent, b->dir, sizeof(b->dir)), sizeof(b->dir));
    for (unsigned n = 0; read(from_parent, &c, 1) == 1; n++) {
        ck_assert_int_eq(bench_entry(b, n), RC_OK);
        ck_assert_int_eq(write(to_parent, &c, 1), 1);
    }
    bench_close(b);
    _exit(0);
}

START_TEST(journal_reader_follows_a_gate_in_another_process)
{
    struct bench_journal b = {0};
    int down[2], up[2], status;
    char dir[sizeof(b.dir)], c = 'x';
    struct journal_reader *r = NULL;
    struct errs es = {0};

    ck_assert(pipe(down) == 0 && pipe(up) == 0);
    pid_t pid = fork();

    if (pid == 0) {
        close(down[1]);
        gate_in_child(&b, down[0], up[1]);
    }
    ck_assert_int_eq(read(up[0], dir, sizeof(dir)), sizeof(dir));
    ck_assert_int_eq(journal_reader_open(dir, &r, &es), RC_OK);
    for (unsigned i = 0; i < 50; i++) {
        struct seen s = {0};

        ck_assert(write(down[1], &c, 1) == 1 && read(up[0], &c, 1) == 1);
        ck_assert_uint_eq(journal_reader_next_seq(r), i + 1);
        ck_assert_int_eq(journal_reader_entries(r, i, see_entry, &s), RC_OK);
        ck_assert_uint_eq(s.count, 1);
        ck_assert_uint_eq(s.ids[0], i);
    }
    journal_reader_close(r);
    close(down[1]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    close(down[0]), close(up[0]), close(up[1]);
}
END_TEST

START_TEST(journal_reader_is_refused_in_the_gate_itself)
{
    struct bench_journal b = {0};
    struct journal_reader *r = NULL;
    struct seen s = {0};
    struct errs es = {0};

    bench_open(&b);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    ck_assert_int_eq(journal_reader_open(b.dir, &r, &es), RC_USAGE);
    journal_close(b.jn);
    ck_assert_int_eq(journal_reader_open(b.dir, &r, &es), RC_OK);
    ck_assert_int_eq(journal_reader_entries(r, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 1);
    journal_reader_close(r);
    ck_assert_int_eq(journal_reader_open("/nonexistent/journal", &r, &es), RC_NOT_FOUND);
    errs_free(&es);
    loop_free(b.loop);
    bench_remove_dir(b.dir);
}
END_TEST

START_TEST(journal_is_refused_to_a_second_gate)
{
    struct bench_journal b = {0};
    struct journal *second = NULL;
    struct errs es = {0};

    bench_open(&b);
    ck_assert_int_eq(journal_open(&b.options, &second, &es), RC_BUSY);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    errs_free(&es);
    bench_close(&b);
}
END_TEST

START_TEST(journal_refuses_only_the_tx_that_is_over_the_bound)
{
    struct bench_journal b = {.options.max_bytes = 10000};
    struct journal_entry e = {STR("{\"n\":1"), STR(",\"v\":1}")};
    static char bytes[9000];
    struct journal_payload p[3];
    struct journal_tx tx[3];
    uint64_t id;

    bench_open(&b);
    fault_hold();
    for (unsigned i = 0; i < 3; i++) {
        p[i] = (struct journal_payload){.destination = STR("eu"), .bytes = {bytes, i == 1 ? sizeof(bytes) : 600}};
        tx[i] = (struct journal_tx){.entries = &e, .entry_count = 1, .put = &p[i], .put_count = 1};
    }
    ck_assert_uint_eq(b.pending, 0);
    struct journal_tx first = {.entries = &e, .entry_count = 1};

    bench_post(&b, &first);
    fault_wait_held();
    for (unsigned i = 0; i < 3; i++)
        bench_post(&b, &tx[i]);
    fault_release();
    bench_wait(&b);
    ck_assert_int_eq(tx[0].rc, RC_OK);
    ck_assert_int_eq(tx[1].rc, RC_OK);
    ck_assert_int_eq(tx[2].rc, RC_FULL);
    ck_assert_uint_eq(journal_stats(b.jn).next_seq, 3);
    ck_assert_uint_eq(journal_stats(b.jn).payload_count, 2);
    ck_assert_int_eq(journal_ready(b.jn), RC_OK);
    ck_assert_int_eq(bench_put(&b, 'x', 9000, NULL), RC_FULL);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    ck_assert_int_eq(bench_del(&b, p[1].id), RC_OK);
    ck_assert_int_eq(bench_put(&b, 'x', 9000, &id), RC_OK);
    /* What a tx deletes is room for what it puts. */
    ck_assert_int_eq(bench_commit(&b, &(struct journal_tx){.put = &p[1], .put_count = 1, .del = &id, .del_count = 1}), RC_OK);
    bench_close(&b);
}
END_TEST

START_TEST(journal_is_not_ready_when_entries_are_full)
{
    struct bench_journal b = {.options.audit_max_bytes = 100000};
    static char text[30000];
    struct journal_entry e = {{text, sizeof(text)}, STR(",\"v\":1}")};
    struct journal_tx tx = {.entries = &e, .entry_count = 1};

    memset(text, '1', sizeof(text));
    bench_open(&b);
    ck_assert_int_eq(journal_ready(b.jn), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    ck_assert_int_eq(journal_ready(b.jn), RC_FULL);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_FULL);
    ck_assert_uint_eq(journal_stats(b.jn).next_seq, 3);
    bench_reopen(&b);
    ck_assert_int_eq(journal_ready(b.jn), RC_FULL);
    bench_close(&b);
}
END_TEST

START_TEST(journal_refuses_what_is_too_long)
{
    struct bench_journal b = {0};
    static char text[70000];
    struct journal_entry e = {{text, 60000}, {text, 5000}};
    struct journal_payload p = {.destination = {text, 65536}, .bytes = STR("x")};
    struct journal_tx entry = {.entries = &e, .entry_count = 1}, put = {.put = &p, .put_count = 1};
    struct seen s = {0};

    memset(text, '1', sizeof(text));
    bench_open(&b);
    ck_assert_int_eq(bench_commit(&b, &entry), RC_OK);
    e.tail.len++;
    ck_assert_int_eq(bench_commit(&b, &entry), RC_TOO_LARGE);
    ck_assert_int_eq(bench_commit(&b, &put), RC_TOO_LARGE);
    p.destination.len--;
    ck_assert_int_eq(bench_commit(&b, &put), RC_OK);
    p.destination = STR("eu");
    p.bytes.len = SIZE_MAX / 2;
    ck_assert_int_eq(bench_commit(&b, &put), RC_TOO_LARGE);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 1);
    bench_close(&b);
}
END_TEST

/* Eight times the bound goes through: freed pages are used again, the file does not grow without end. */
START_TEST(journal_file_stays_near_its_bound)
{
    struct bench_journal b = {.options.max_bytes = 16u << 20};
    uint64_t ids[64] = {0}, oldest = 0, next = 0;
    char path[128];

    bench_open(&b);
    for (unsigned i = 0; i < 320; i++) {
        while (bench_put(&b, 'x', 300000 + i * 7919 % 250000, &ids[next % 64]) == RC_FULL)
            ck_assert_int_eq(bench_del(&b, ids[oldest++ % 64]), RC_OK);
        next++;
    }
    snprintf(path, sizeof(path), "%s/data.mdb", b.dir);
    FILE *f = fopen(path, "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    ck_assert_int_lt(ftell(f), 26 << 20);
    fclose(f);
    bench_close(&b);
}
END_TEST

/* 3000 entries in a few transactions: more than one commit removes. */
static void
write_many(struct bench_journal *b, unsigned count)
{
    struct journal_entry e[100];

    for (unsigned i = 0; i < 100; i++)
        e[i] = (struct journal_entry){STR("{\"n\":1"), STR(",\"v\":1}")};
    for (unsigned i = 0; i < count; i += 100)
        ck_assert_int_eq(bench_commit(b, &(struct journal_tx){.entries = e, .entry_count = 100}), RC_OK);
}

static void
wait_first(struct bench_journal *b, uint64_t first)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (unsigned i = 0; i < 5000 && journal_stats(b->jn).first_seq != first; i++)
        nanosleep(&pause, NULL);
    ck_assert_uint_eq(journal_stats(b->jn).first_seq, first);
}

START_TEST(journal_gives_entries_away_in_one_piece)
{
    struct bench_journal b = {0};
    struct buf out = BUF_INIT(1u << 20), small = BUF_INIT(200);
    uint64_t next = 0;

    bench_open(&b);
    write_many(&b, 300);
    ck_assert_int_eq(journal_take(b.jn, 0, 300, &out, &next), RC_OK);
    ck_assert_uint_eq(next, 300);
    const unsigned char *p = (const unsigned char *)out.ptr;

    for (unsigned i = 0; i < 300; i++) {
        size_t len = (size_t)(p[0] << 8 | p[1]);
        char want[32];
        int n = snprintf(want, sizeof(want), "{\"n\":1,\"seq\":%u,", i);

        ck_assert_mem_eq(p + 2, want, (size_t)n);
        p += 2 + len;
    }
    ck_assert_ptr_eq(p, out.ptr + out.len);
    ck_assert_int_eq(journal_take(b.jn, 10, 300, &small, &next), RC_OK); /* as many as there is room for */
    ck_assert_uint_gt(next, 11);
    ck_assert_uint_lt(next, 15);
    ck_assert_int_eq(journal_take(b.jn, 300, 400, &out, &next), RC_NOT_FOUND);
    buf_free(&out);
    buf_free(&small);
    bench_close(&b);
}
END_TEST

START_TEST(journal_removes_what_was_released)
{
    struct bench_journal b = {0};
    struct buf out = BUF_INIT(1u << 20);
    struct seen s = {0};
    uint64_t next = 0;

    bench_open(&b);
    write_many(&b, 3000);
    uint64_t full = journal_stats(b.jn).audit_bytes;

    journal_release(b.jn, 2990);
    wait_first(&b, 2990);
    ck_assert_uint_lt(journal_stats(b.jn).audit_bytes, full / 100);
    ck_assert_int_eq(journal_take(b.jn, 2989, 3000, &out, &next), RC_NOT_FOUND);
    bench_reopen(&b);
    ck_assert_uint_eq(journal_stats(b.jn).first_seq, 2990);
    ck_assert_int_eq(journal_entries(b.jn, 0, see_entry, &s), RC_OK);
    ck_assert_uint_eq(s.count, 10);
    ck_assert_uint_eq(s.ids[0], 2990);
    journal_release(b.jn, 5000); /* no further than there are entries */
    wait_first(&b, 3000);
    ck_assert_uint_eq(journal_stats(b.jn).audit_bytes, 0);
    bench_reopen(&b);
    ck_assert_int_eq(bench_entry(&b, 1), RC_OK);
    ck_assert_uint_eq(journal_stats(b.jn).first_seq, 3000);
    ck_assert_uint_eq(journal_stats(b.jn).next_seq, 3001);
    buf_free(&out);
    bench_close(&b);
}
END_TEST

START_TEST(journal_has_room_again_when_entries_were_released)
{
    struct bench_journal b = {.options.audit_max_bytes = 100000};
    static char text[30000];
    struct journal_entry e = {{text, sizeof(text)}, STR(",\"v\":1}")};
    struct journal_tx tx = {.entries = &e, .entry_count = 1};

    memset(text, '1', sizeof(text));
    bench_open(&b);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    ck_assert_int_eq(journal_ready(b.jn), RC_FULL);
    journal_release(b.jn, 2);
    bench_wait_ready(&b, RC_OK);
    ck_assert_int_eq(bench_commit(&b, &tx), RC_OK);
    journal_settle(b.jn);
    bench_close(&b);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &journal_gives_entries_away_in_one_piece},
    {"normal", &journal_removes_what_was_released},
    {"limits", &journal_has_room_again_when_entries_were_released},
    {"normal", &journal_writes_seq_and_time_into_entries},
    {"normal", &journal_numbers_on_when_reopened},
    {"normal", &journal_gives_payloads_back_in_order},
    {"normal", &journal_scan_goes_on_where_it_was_told},
    {"normal", &journal_commits_at_once_when_tx_is_alone},
    {"normal", &journal_commits_at_once_when_group_is_large},
    {"normal", &journal_groups_what_waits},
    {"normal", &journal_commits_lazy_tx_when_nothing_else_comes},
    {"normal", &journal_commits_what_is_posted_when_closed},
    {"normal", &journal_serves_threads_that_post_together},
    {"normal", &journal_reader_follows_a_gate_in_another_process},
    {"malformed", &journal_reader_is_refused_in_the_gate_itself},
    {"malformed", &journal_is_refused_to_a_second_gate},
    {"limits", &journal_refuses_only_the_tx_that_is_over_the_bound},
    {"limits", &journal_is_not_ready_when_entries_are_full},
    {"limits", &journal_refuses_what_is_too_long},
    {"limits", &journal_file_stays_near_its_bound},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("journal", cases);
}
