/**
 * Patterns for tests and benchmarks of the engine: what personal data and secrets look like (the first ones are the most usual), and the syntax of PCRE2.
 */
#ifndef SUPPORT_POLICIES_PATTERNS_H
#define SUPPORT_POLICIES_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

struct sample_pattern {
    const char *regex;
    bool caseless;
};

/* Patterns of data, at least 100. */
extern const struct sample_pattern data_patterns[];
extern const size_t data_pattern_count;

/* Patterns of syntax: each holds a construct that the others do not. */
extern const struct sample_pattern syntax_patterns[];
extern const size_t syntax_pattern_count;

#endif
