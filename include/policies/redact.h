/**
 * From findings to edits, for one redaction class: overlaps resolved, actions applied.
 */
#ifndef POLICIES_REDACT_H
#define POLICIES_REDACT_H

#include "codec/emit.h"
#include "policies/examine.h"

/* What was done, per rule, for audit and metrics: counts[rule] findings acted on (or that would have been, in shadow mode). */
struct redact_report {
    uint32_t *counts;      /* [program_rule_count], in the arena */
    uint64_t *places;      /* [program_rule_count]: bit set of enum place */
    uint32_t undecidable;
    uint32_t not_allowed;  /* attributes dropped by an allow-list */
    uint32_t uncovered;    /* resources that no enforcing policy covers: their spans must be dropped */
};

/**
 * redact_edits(prog, b, f, class, ar, edits, report):
 * Build the edits of redaction class ${class}.
 * Order of precedence at overlaps: key rules, then severity, earliest, longest, specific before generic, rule order; one action a match.
 * Out:     edits  appended in ascending order; report filled
 * Returns: RC_OK; RC_NOMEM, RC_INTERNAL, RC_UNDECIDABLE (an action could not be carried out): refuse the request
 * Thread:  any; pure
 */
enum rc redact_edits(const struct program *prog, const struct batch *b, const struct findings *f, unsigned class,
    struct arena *ar, struct edits *edits, struct redact_report *report) MUST_USE;

/* The same for one text, for tools: the text as it would leave. */
enum rc redact_text(const struct program *prog, const struct findings *f, unsigned class, struct str text, struct arena *ar,
    struct str *out) MUST_USE;

/* Whether some enforcing RedactionPolicy covers the resource (policies.on_no_match: drop). */
bool program_covers(const struct program *prog, const struct batch *b, uint32_t resource);

#endif
