/**
 * Metrics. metrics.def is the table of families (name, type, label names, help); docs and /metrics are printed from it. A cell
 * is one label combination, made when configuration is read, never on the hot path, and bounded in number. Cells are process-wide
 * and updated with relaxed atomics; a snapshot of the text format is printed by metrics_print.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* metrics.def holds METRIC(constant, type, "name", "label1,label2", "help"). */
enum metric {
#define METRIC(id, type, name, labels, help) id,
#include "base/metrics.def"
#undef METRIC
    METRIC_COUNT_
};

/* One counter or gauge; add and set are lock-free. */
struct metric_cell {
    _Atomic int64_t value;
};

/* Seconds, in buckets 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf. */
#define METRIC_BUCKETS 15
struct metric_histogram {
    _Atomic uint64_t bucket[METRIC_BUCKETS];
    _Atomic uint64_t sum_us;
};

/**
 * metric_get(m, labels, count):
 * The cell of family ${m} with these label values, made when it is new. The same values give the same cell.
 * In:      labels  NUL-terminated values in the order of metrics.def, copied
 * Returns: the cell, valid for the life of the process; a shared overflow cell labelled "other" beyond 2000 cells
 *          a family or without memory; never NULL
 * Thread:  any (takes a lock: not for the hot path)
 */
struct metric_cell *metric_get(enum metric m, const char *const *labels, unsigned count);
struct metric_histogram *metric_get_histogram(enum metric m, const char *const *labels, unsigned count);

static inline void
metric_add(struct metric_cell *c, int64_t n)
{
    atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}

static inline void
metric_set(struct metric_cell *c, int64_t n)
{
    atomic_store_explicit(&c->value, n, memory_order_relaxed);
}

void metric_observe_us(struct metric_histogram *h, uint64_t us);

/**
 * metrics_print(out):
 * Append all cells in the Prometheus text format 0.0.4, families in the order of the table, plus process_* of this process.
 */
enum rc metrics_print(struct buf *out) MUST_USE;

#endif
