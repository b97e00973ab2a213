/**
 * `spangate scan`: personal data in recorded spans, for CI.
 *
 *   pii_scan.c    files -> findings, those of a baseline marked
 *   pii_print.c   findings as text, JSON, lines of JSON, SARIF 2.1.0
 *
 * A finding never holds its value unless values were asked for; keys in which something was found stand in paths as [ENTITY]. A baseline names places and
 * entities, not values: nothing in it can be turned back into one.
 */
#ifndef CONTROL_PII_INT_H
#define CONTROL_PII_INT_H

#include "tool_int.h"

enum pii_format { PII_TEXT, PII_JSON, PII_NDJSON, PII_SARIF };

struct pii_finding {
    struct pii_finding *next;
    const char *file;
    unsigned line; /* on which the batch begins */
    const char *path, *entity, *rule, *policy;
    const char *value; /* NULL: not asked for */
    unsigned severity; /* 0 note .. 3 high */
    uint32_t start, end, len;
    bool key, whole, known; /* known: the baseline has it */
};

struct pii_scan {
    struct tool *t;
    bool show_values;
    struct pii_finding *first, **last;
    const struct conf_doc *baseline;   /* NULL = none */
    uint64_t findings, known, dropped; /* dropped: counted, not kept */
    uint64_t by_severity[4];           /* of those that are not known */
    uint64_t batches, spans, texts;
    uint64_t unmatched; /* spans that no enforced policy is for */
};
#define PII_FINDINGS_MAX 200000

extern const char *const pii_severities[4]; /* note, low, medium, high */

struct pii_options {
    struct tool_options tool;
    const char *const *files;
    size_t file_count;
    enum pii_format format;
    unsigned fail_on;           /* severity; 4: never */
    const char *baseline;       /* NULL = none */
    const char *write_baseline; /* NULL = none */
    bool show_values;
};

/**
 * pii_main(o, out):
 * Append the report.
 * Returns: EXIT_DONE; EXIT_NEGATIVE something of severity fail_on or above was found that the baseline does not have; EXIT_CONFIG, EXIT_UNAVAILABLE
 */
int pii_main(const struct pii_options *o, struct buf *out);

enum rc pii_print(const struct pii_scan *s, enum pii_format format, struct buf *out) MUST_USE;
enum rc pii_print_baseline(const struct pii_scan *s, struct buf *out) MUST_USE;

#endif
