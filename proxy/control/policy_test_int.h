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
#include <stdio.h>

#include "base/arena.h"
#include "base/conf_shape.h"
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

/* A rule of a policy with one of its detectors ("" for rules by key), and whether a test made it find something. */
struct policy_cover {
    struct policy_cover *next;
    const char *policy, *rule, *entity, *detector;
    bool fired;
};

/* What an expectation would have to say; text NULL: absent. */
struct policy_update {
    struct policy_update *next;
    const char *file, *text;
    unsigned line, col;
};

#define WATCHED_MAX 256

/* A run over all files. Its owner is policy_test_main. */
struct policy_test {
    struct arena *ar; /* of the results */
    struct errs es;
    const struct config *config; /* NULL: none was named */
    const regex_t *run;          /* NULL: all tests */
    uint64_t now_s;
    struct policy_result *first, **last;
    size_t count[3];      /* by status */
    size_t suites, empty; /* empty: files without a document of tests */
    struct policy_cover *covers;
    bool coverage; /* wanted */
    unsigned threshold;
    struct policy_update *updates;
    bool update; /* wanted */
    const char *watched[WATCHED_MAX];
    size_t watched_count;
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

/* ---- policy_test_shapes.c ---- */
extern const struct conf_shape shape_test, shape_test_destination, shape_test_strings, shape_test_scope, shape_test_event, shape_test_link,
    shape_test_status, shape_test_span, shape_test_client, shape_test_given, shape_test_finding, shape_test_refused, shape_test_expect,
    shape_test_case;

/* Whether a test of this name is wanted. */
bool test_wanted(const struct policy_test *t, struct str name);
/* Record a result; name and why are copied. */
void test_record(struct test_suite *s, const struct conf_node *n, struct str name, enum test_status status, struct str why);
struct err *test_error(struct test_suite *s, const struct conf_node *n, enum policy_test_code code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* A file whose change calls for another run. */
void test_watch(struct policy_test *t, const char *path);

/* ---- policy_test_cover.c ---- */

/* The suite's program can be covered; then what one text, or one batch, made fire. */
void test_cover_begin(struct test_suite *s);
void test_cover_text(struct test_suite *s, struct str key, struct str text);
void test_cover_batch(struct test_suite *s, const struct batch *b, const struct findings *f, struct arena *ar);
struct policy_coverage {
    size_t rules, rules_fired, detectors, detectors_fired;
    double percent; /* of rules and detectors together */
};
struct policy_coverage test_coverage(const struct policy_test *t);
/* Whether any detector of a rule fired; whether this row is the first of its rule. */
bool test_cover_rule_fired(const struct policy_test *t, const struct policy_cover *c);
bool test_cover_is_first(const struct policy_test *t, const struct policy_cover *c);

/* ---- policy_test_update.c ---- */

/* What stands at ${expect} should be after (a value of OTLP/JSON; NULL: nothing). */
void test_update_add(struct test_suite *s, const struct conf_node *expect, const struct conf_node *after);
/* Show the changes in out, then write them. Returns: how many there were, -1 when a file cannot be written */
int test_update_write(struct policy_test *t, struct buf *out);

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
    bool coverage, update, fail_on_empty;
    unsigned threshold; /* percent of coverage below which the run fails; 0: none */
};

/**
 * policy_test_main(o, files, count, out):
 * Run the tests of the files, append the report to out, print problems of loading on standard error.
 * Returns: an exit code: EXIT_DONE all passed, EXIT_NEGATIVE a test failed or there was none, EXIT_USAGE bad --run, EXIT_CONFIG a file cannot be loaded
 */
int policy_test_main(const struct policy_test_options *o, const char *const *files, size_t count, struct buf *out);

/**
 * policy_test_watch(o, files, count, out):
 * Run, print to out, and run again whenever a test or one of its policies changes, until SIGINT or SIGTERM.
 * Returns: the exit code of the last run
 */
int policy_test_watch(const struct policy_test_options *o, const char *const *files, size_t count, FILE *out);

#endif
