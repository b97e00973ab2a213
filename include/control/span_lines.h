/**
 * A span as people read it: one line for each text, each with the path that policies use.
 *
 *   span.name                                  GET /customers/7
 *   span.attributes.user.email                 alice@example.org
 *   span.attributes.app.map/inner              in a map
 *   span.attributes.app.list[2]                5
 *   spanevent[0].attributes.exception.message  ...
 */
#ifndef CONTROL_SPAN_LINES_H
#define CONTROL_SPAN_LINES_H

#include "codec/batch.h"

struct span_line {
    struct str path;  /* unique within its list */
    struct str value; /* numbers and booleans as decimal text; bytes that are not UTF-8 as "0x" and hexadecimal */
};

struct span_lines {
    struct span_line *list;
    uint32_t count;
};

/**
 * span_lines_of(b, span, ar, out):
 * The lines of one span: name, attributes, events, links, status, in wire order.
 * Out:     out  in ${ar}; values borrow from the batch's body
 * Returns: RC_OK; RC_NOMEM
 */
enum rc span_lines_of(const struct batch *b, uint32_t span, struct arena *ar, struct span_lines *out) MUST_USE;

/* The lines of the resource and the scope of a span. */
enum rc span_lines_around(const struct batch *b, uint32_t span, struct arena *ar, struct span_lines *out) MUST_USE;

/* The value under a path, an empty slice when there is none. */
struct str span_lines_get(const struct span_lines *lines, struct str path);

#endif
