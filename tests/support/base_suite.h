/**
 * One main for Check programs: a test file defines its cases and lists them in one table.
 *
 *   static const struct case_entry cases[] = {{"normal", &str_finds}, {"malformed", &str_refuses}, {NULL, NULL}};
 *   int main(void) { return suite_run("str", cases); }
 */
#ifndef SUPPORT_BASE_SUITE_H
#define SUPPORT_BASE_SUITE_H

#include <check.h>

struct case_entry {
    const char *tcase;        /* normal, malformed, limits, nomem */
    const TTest *const *test; /* START_TEST defines a pointer: give its address */
};

/* Run all cases (no fork when CK_FORK=no); the exit code for main. */
int suite_run(const char *name, const struct case_entry *cases);

#endif
