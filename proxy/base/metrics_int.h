#ifndef BASE_METRICS_INT_H
#define BASE_METRICS_INT_H

#include "base/buf.h"

/* Append the process_* families: what every Prometheus client library exports. */
enum rc metrics_print_process(struct buf *out) MUST_USE;

#endif
