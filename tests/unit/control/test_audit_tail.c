#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base_suite.h"
#include "control/command.h"
#include "egress_journal.h"

extern const struct command cmd_audit_tail;

static char output[1u << 16];

/* Run `audit tail` on the journal; what it prints. */
static const char *
tail(const struct bench_journal *b, const char *option, const char *value, int wanted)
{
    static const struct command *const items[] = {&cmd_audit_tail};
    char *argv[] = {"spangate", "audit", "tail", "--dir", (char *)(uintptr_t)b->dir, (char *)(uintptr_t)option, (char *)(uintptr_t)value, NULL};
    int argc = option ? (value ? 7 : 6) : 5, out = memfd_create("out", 0), old;

    fflush(stdout);
    old = dup(1);
    dup2(out, 1);
    int code = command_dispatch((struct command_list){items, 1}, argc, argv);

    fflush(stdout);
    dup2(old, 1);
    close(old);
    ssize_t n = pread(out, output, sizeof(output) - 1, 0);

    ck_assert_int_ge(n, 0);
    output[n] = '\0';
    close(out);
    ck_assert_int_eq(code, wanted);
    return output;
}

/* The reader is another process in life; here the journal is closed first, because LMDB opens a file once a process. */
static void
end_journal(struct bench_journal *b)
{
    journal_close(b->jn);
    loop_free(b->loop);
}

static enum rc
commit(struct bench_journal *b, struct str head, struct str end)
{
    struct journal_entry e = {head, end};
    struct journal_tx tx = {.entries = &e, .entry_count = 1};

    return bench_commit(b, &tx);
}

START_TEST(audit_tail_prints_a_decision_as_a_line)
{
    struct bench_journal b = {0};

    bench_open(&b);
    ck_assert_int_eq(
        commit(&b,
            STR("{\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/x\"},\"origin\":{\"country\":\"DE\"},\"outcome\":\"partial\","
                "\"reason\":\"unroutable\",\"req\":{\"spans_in\":3},\"route\":[{\"decision\":\"allowed\",\"destination\":\"otlp_grpc/eu\","
                "\"rule\":\"home/1\",\"spans\":2}]"),
            STR(",\"type\":\"request\",\"v\":1}")),
        RC_OK);
    end_journal(&b);
    const char *line = tail(&b, NULL, NULL, EXIT_DONE);
    const char *rest = strstr(line, "Z  ");

    ck_assert(line[0] == '0' || line[0] == '1');
    ck_assert_ptr_nonnull(rest);
    ck_assert_str_eq(rest + 3, "request partial unroutable  spiffe://example.org/x  spans 3  from DE  otlp_grpc/eu allowed 2 by home/1\n");
    ck_assert_ptr_nonnull(
        strstr(tail(&b, "--format", "json", EXIT_DONE), "\"outcome\":\"partial\",\"reason\":\"unroutable\",\"req\":{\"spans_in\":3}"));
    bench_remove_dir(b.dir);
}
END_TEST

static unsigned
lines(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

START_TEST(audit_tail_begins_with_the_last_ten_or_where_told)
{
    struct bench_journal b = {0};
    char from[24];

    bench_open(&b);
    for (unsigned i = 0; i < 13; i++)
        ck_assert_int_eq(bench_entry(&b, i), RC_OK);
    end_journal(&b);
    ck_assert_uint_eq(lines(tail(&b, NULL, NULL, EXIT_DONE)), 10);
    ck_assert_uint_eq(lines(tail(&b, "--from", "0", EXIT_DONE)), 13);
    struct journal_reader *r = NULL;
    struct errs es = {0};

    ck_assert_int_eq(journal_reader_open(b.dir, &r, &es), RC_OK);
    snprintf(from, sizeof(from), "%llu", (unsigned long long)journal_reader_next_seq(r) - 1);
    journal_reader_close(r);
    ck_assert_uint_eq(lines(tail(&b, "--from", from, EXIT_DONE)), 1);
    bench_remove_dir(b.dir);
}
END_TEST

START_TEST(audit_tail_tells_that_there_is_no_journal)
{
    struct bench_journal b = {.dir = "/nonexistent"};

    ck_assert_str_eq(tail(&b, NULL, NULL, EXIT_UNAVAILABLE), "");
    (void)tail(&b, "--from", "x", EXIT_USAGE);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &audit_tail_prints_a_decision_as_a_line},
    {"normal", &audit_tail_begins_with_the_last_ten_or_where_told},
    {"malformed", &audit_tail_tells_that_there_is_no_journal},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("audit_tail", cases);
}
