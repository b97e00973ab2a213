/**
 * `spangate policy bench`: what each rule costs on recorded or sample texts, and on texts made to hurt.
 */
#ifndef CONTROL_POLICY_BENCH_INT_H
#define CONTROL_POLICY_BENCH_INT_H

#include "policies/inspect.h"
#include "tool_int.h"

struct policy_bench_options {
    struct tool_options tool;
    const char *const *corpus; /* none: sample traffic */
    size_t corpus_count;
    uint64_t spans; /* of sample traffic */
    unsigned top;   /* rows; 0 = all */
    bool json, stress;
};

/* Append the report. EXIT_DONE; EXIT_NEGATIVE a pattern came to no end on a hostile text, or took longer than a millisecond; EXIT_CONFIG, EXIT_UNAVAILABLE. */
int policy_bench_main(const struct policy_bench_options *o, struct buf *out);

#endif
