/**
 * Tests of policies: documents of kind PolicyTest, run against the policies that they name, in one process, without a network.
 *
 * The story. A file is read, its policies are compiled once. Each string under `detectors` and each case is one test with one result. A case
 * builds a request of one span, routes, examines, redacts and emits it by the same functions as the gate, and then compares: the request before and after are
 * both turned to OTLP/JSON, which the reader of configurations reads, so that what is expected, what was given and what came out are trees of
 * one kind. Nothing is enriched: what enrichment would add is given.
 *
 *   apiVersion: spangate/v1
 *   kind: PolicyTest
 *   policies: [FILE..]                        relative to the test's file; default: the file itself
 *   destinations: {NAME: {jurisdiction, country}}   default: the exporters of --config
 *   defaults: {...}                           given of every case; attributes of the resource are joined
 *   detectors: {ENTITY: {match: [TEXT..], no_match: [TEXT..]}}     TEXT or {key: K, text: T}
 *   cases:
 *     - name: ...
 *       given:  {resource: {KEY: VALUE}, scope: {name, version, attributes}, span: {name, attributes, events, links, status: {message}, trace_state},
 *                destination: NAME, client: {identity, country, configured_country, configured_region}, now: YYYY-MM-DD}
 *       expect: {resource, scope, span (or absent), findings: [{rule, entity, path}], sent_to: [NAME..], refused: [{exporter, rule}]}
 *     - todo: ...
 */
#ifndef CONTROL_POLICY_TEST_INT_H
#define CONTROL_POLICY_TEST_INT_H

#include <regex.h>

#include "base/arena.h"
#include "control/config.h"
#include "policies/examine.h"
#include "policies/redact.h"
#include "policies/residency.h"

/* SGnnnn of this part of the product. */
enum policy_test_code { SG_TEST_DOCUMENT = 701, SG_TEST_DESTINATION = 702, SG_TEST_GIVEN = 703, SG_TEST_EXPECT = 704, SG_TEST_POLICIES = 705 };

enum test_status { TEST_PASSED, TEST_FAILED, TEST_TODO };

struct policy_result {
    struct policy_result *next;
    const char *file, *name;
    unsigned line, col;
    enum test_status status;
    const char *why; /* lines, without the last newline; "" when it passed */
};

/* A run over all files. Its owner is policy_test_main. */
struct policy_test {
    struct arena *ar; /* of the results */
    struct errs es;
    const struct config *config; /* NULL: none was named */
    const regex_t *run;          /* NULL: all tests */
    uint64_t now_s;
    struct policy_result *first, **last;
    size_t count[3]; /* by status */
    bool nomem;
};

/* One document while it runs. */
struct test_suite {
    struct policy_test *t;
    const char *path;
    const struct conf_doc *doc;
    const struct conf_node *root;
    struct arena *ar;
    struct destination_info destinations[PROGRAM_DESTINATIONS_MAX];
    size_t destination_count;
    struct program *prog;
    struct examiner *ex;
};

/* Whether a test of this name is wanted. */
bool test_wanted(const struct policy_test *t, struct str name);
/* Record a result; name and why are copied. */
void test_record(struct test_suite *s, const struct conf_node *n, struct str name, enum test_status status, struct str why);
struct err *test_error(struct test_suite *s, const struct conf_node *n, enum policy_test_code code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- policy_test_load.c ---- */

/* Read one file and run its documents; errors that keep it from running go to t->es. */
void policy_test_file(struct policy_test *t, const char *path);

/* ---- policy_test_build.c ---- */

/**
 * test_build(s, defaults, given, out):
 * Append the request of one span that the two maps describe.
 * Returns: false with errors in t->es (unknown keys, wrong shapes) or t->nomem
 */
bool test_build(struct test_suite *s, const struct conf_node *defaults, const struct conf_node *given, struct buf *out) MUST_USE;

/* ---- policy_test_case.c ---- */
void test_case_run(struct test_suite *s, const struct conf_node *n);

/* ---- policy_test_detectors.c ---- */
void test_detectors_run(struct test_suite *s, const struct conf_node *n);

/* ---- policy_test_match.c ---- */

/* Where a comparison stands: what was given and what came out, NULL where there is nothing. Differences are appended to why, a line each. */
struct comparison {
    struct test_suite *s;
    struct buf *why;
    bool differs;
};
void compare_span(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after);
void compare_resource(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after);
void compare_scope(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after);
void compare_say(struct comparison *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- policy_test_print.c ---- */
enum test_format { TEST_TEXT, TEST_JSON, TEST_JUNIT, TEST_TAP, TEST_GITHUB };
enum rc policy_test_print(const struct policy_test *t, enum test_format format, struct buf *out) MUST_USE;

/* ---- policy_test.c ---- */
struct policy_test_options {
    const char *config, *run; /* NULL: unset */
    enum test_format format;
    bool color;
};

/**
 * policy_test_main(o, files, count, out):
 * Run the tests of the files, append the report to out, print problems of loading on standard error.
 * Returns: an exit code: EXIT_DONE all passed, EXIT_NEGATIVE a test failed or there was none, EXIT_USAGE bad --run, EXIT_CONFIG a file cannot be loaded
 */
int policy_test_main(const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out);

#endif
