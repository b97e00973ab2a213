/**
 * Result codes, one table for the whole product (rc.def): what a function returns, what a metric is labelled
 * with, what a sender is told. RC_OK is 0.
 */
#ifndef BASE_RC_H
#define BASE_RC_H

#include <stdbool.h>

enum rc {
#define RC(name, label, http, grpc, retry, text) name,
#include "base/rc.def"
#undef RC
    RC_COUNT_
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

const char *rc_label(enum rc rc);
const char *rc_text(enum rc rc);
int rc_http_status(enum rc rc);
int rc_grpc_status(enum rc rc);
bool rc_retryable(enum rc rc);

#endif
