/**
 * Inside of the sink: what is taken, and what is printed of it.
 */
#ifndef CONTROL_SINK_INT_H
#define CONTROL_SINK_INT_H

#include "codec/batch.h"
#include "control/sink.h"

extern const struct batch_limits sink_limits;

/* One line a span: trace id, span id, then path="value" of every text, those of the resource and the scope last. RC_NOMEM, RC_TOO_LARGE. */
enum rc sink_print_spans(const struct batch *b, struct arena *ar, struct buf *out) MUST_USE;

/* The span ids in hexadecimal, one a line. */
enum rc sink_print_ids(const struct batch *b, struct buf *out) MUST_USE;

#endif
