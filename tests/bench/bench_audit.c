/*
 * The audit log in one process on one core: entries appended, tiled, made durable and signed each 10,000; then verified from the files. Usage: bench_audit [ENTRIES [BYTES]]
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "audit/verify.h"
#include "audit/writer.h"

#define CHECKPOINT 10000

static void
must(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "bench_audit: %s: %s\n", what, rc_text(rc));
    exit(70);
}

static double
seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
publish(struct writer *w, const struct note_signer *s)
{
    struct checkpoint c = {.origin = str_of(s->key.name)};
    struct buf body = BUF_INIT(4096), note = BUF_INIT(8192);

    must(writer_flush(w), "flush");
    must(writer_state(w, &c.tree), "state");
    must(checkpoint_print(&c, &body), "checkpoint");
    must(buf_printf(&note, "%.*s\n", (int)body.len, body.ptr), "note");
    must(note_sign(s, buf_str(&body), 0, &note), "sign");
    must(writer_publish(w, buf_str(&note)), "publish");
    buf_free(&body);
    buf_free(&note);
}

static void
print(const char *what, uint64_t entries, double wall, double cpu, double target)
{
    double rate = (double)entries / wall;

    printf("%-34s %9.0f entries/s (%.0f of processor time)  target %7.0f  %s\n", what, rate, (double)entries / cpu, target,
        rate >= target ? "reached" : "MISSED");
}

static void
run(const char *dir, uint64_t entries, size_t bytes)
{
    struct note_signer signer;
    struct errs es = {0};
    struct writer *w;
    struct verify_result r;
    char *entry = malloc(bytes + 1);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

    if (!entry)
        must(RC_NOMEM, "entry");
    memset(entry, 'x', bytes);
    must(note_signer_make(STR("bench.example.org/log"), NOTE_ED25519, &signer), "key");
    must(writer_open(&(struct writer_options){.dir = dir, .keys = &signer.key, .key_count = 1}, &w, &es), "open");
    for (uint64_t i = 0; i < entries; i++) {
        entry[snprintf(entry, bytes, "{\"seq\":%llu,\"type\":\"request\",\"text\":\"", (unsigned long long)i)] = 'x';
        must(writer_append(w, (struct str){entry, bytes}), "append");
        if ((i + 1) % CHECKPOINT == 0 || i + 1 == entries)
            publish(w, &signer);
    }
    print("audit log: append, tile, sign", entries, seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, 50000);
    writer_close(w);
    wall = seconds(CLOCK_MONOTONIC);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    must(verify_log(&(struct verify_options){.dir = dir, .keys = &signer.key, .key_count = 1}, &r, &es), "verify");
    print("audit log: verify", r.entries, seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, 500000);
    errs_free(&es);
    free(entry);
}

int
main(int argc, char **argv)
{
    uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : 300000;
    size_t bytes = argc > 2 ? strtoull(argv[2], NULL, 10) : 700;
    char dir[] = "build/bench-audit-XXXXXX", command[128];
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
    if (!mkdtemp(dir))
        must(RC_IO, dir);
    run(dir, entries, bytes < 64 ? 64 : bytes);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command) == 0 ? 0 : 70; /* NOLINT(cert-env33-c) */
}
