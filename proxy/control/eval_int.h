/**
 * `spangate policy explain` and `policy eval`.
 */
#ifndef CONTROL_EVAL_INT_H
#define CONTROL_EVAL_INT_H

#include "tool_int.h"

enum eval_format { EVAL_TEXT, EVAL_JSON, EVAL_PLAIN }; /* plain: OTLP/JSON of one destination and nothing else */

struct eval_value {
    const char *key, *value; /* value NULL: files are given */
    const char *const *resource;
    size_t resource_count; /* KEY=VALUE */
    enum place place;      /* set from options.place */
};

struct eval_options {
    struct tool_options tool;
    struct sender sender;
    const char *const *files;
    size_t file_count;
    struct eval_value value;
    const char *place, *to; /* to: only this destination, as if routed there */
    enum eval_format format;
    bool all;
};

/* Append the report. Returns: EXIT_DONE; EXIT_CONFIG a policy or file cannot be read; EXIT_NEGATIVE the gate would refuse the request */
int explain_main(const struct eval_options *o, struct buf *out);
int eval_main(const struct eval_options *o, struct buf *out);

#endif
