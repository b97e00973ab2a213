/**
 * References printed from the product's own tables: detectors and scanners, error codes.
 */
#ifndef CONTROL_REFERENCE_H
#define CONTROL_REFERENCE_H

#include <stdio.h>

#include "base/buf.h"

enum reference_format { REFERENCE_TEXT, REFERENCE_JSON, REFERENCE_MARKDOWN };

struct reference_filter {
    const char *category; /* NULL = all */
    const char *name;     /* an id or an entity; NULL = all */
};

/**
 * reference_detectors(f, format, out, count):
 * Detectors in the order of the catalogue, then scanners.
 * Out:     count  rows that fit the filter
 * Returns: RC_OK; RC_TOO_LARGE, RC_NOMEM
 */
enum rc reference_detectors(const struct reference_filter *f, enum reference_format format, struct buf *out, size_t *count) MUST_USE;

/* One error code; summary NULL when there is no such number. */
struct reference_code {
    unsigned number;
    const char *summary, *advice;
};
struct reference_code reference_code(unsigned number);

/* All of them in Markdown. */
enum rc reference_codes(struct buf *out) MUST_USE;

#endif
