/**
 * A journal in a directory of its own, with a loop to wait on.
 */
#ifndef SUPPORT_EGRESS_JOURNAL_H
#define SUPPORT_EGRESS_JOURNAL_H

#include "egress/journal.h"

struct bench_journal {
    char dir[64];
    struct journal_options options;
    struct clock clock;
    struct loop *loop;
    struct journal *jn;
    unsigned pending;
};

/* A fresh directory; the journal is open. Fails the test when it cannot. */
void bench_open(struct bench_journal *b);
/* Close the journal and open it again. */
void bench_reopen(struct bench_journal *b);
/* Close, remove the directory. */
void bench_close(struct bench_journal *b);

/* Post tx to this journal, answered on its loop. */
void bench_post(struct bench_journal *b, struct journal_tx *tx);
/* Run the loop until all that was posted is answered. */
void bench_wait(struct bench_journal *b);
/* Post one and wait for it; its rc. */
enum rc bench_commit(struct bench_journal *b, struct journal_tx *tx);
/* An entry {"n":N,"seq":..,"ts":..,"v":1} or a payload of ${size} bytes of ${fill} for "eu" alone. */
enum rc bench_entry(struct bench_journal *b, unsigned n);
enum rc bench_put(struct bench_journal *b, char fill, size_t size, uint64_t *id);
enum rc bench_del(struct bench_journal *b, uint64_t id);
/* Wait until journal_ready says rc. */
void bench_wait_ready(struct bench_journal *b, enum rc rc);

void bench_remove_dir(const char *dir);

#endif
