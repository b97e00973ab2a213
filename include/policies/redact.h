/**
 * From findings to edits, for one redaction class: overlaps resolved, actions applied.
 */
#ifndef POLICIES_REDACT_H
#define POLICIES_REDACT_H

#include "codec/emit.h"
#include "policies/examine.h"

/* What was done, per rule, for audit and metrics: counts[rule] findings acted on (or that would have been, in shadow mode). */
struct redact_report {
    uint32_t *counts; /* [program_rule_count], in the arena */
    uint64_t *places; /* [program_rule_count]: bit set of enum place */
    uint32_t undecidable;
    uint32_t not_allowed;   /* attributes dropped by an allow-list */
    uint32_t uncovered;     /* resources that no enforcing policy covers: their spans must be dropped */
    uint32_t spans_dropped; /* spans removed by on_error: drop_span */
};

/*
 * At overlaps one action is taken for all that overlaps: the winner's, on the winner's bytes; the result stands in place of the union. The winner is, in this
 * order: a key rule, the higher severity, the earlier start, the longer match, the more specific rule, the lower number.
 * Undecidable text is replaced by "[redacted:undecidable]", whatever else was found in it; with on_error: drop_span the span goes instead (texts of
 * scopes and resources are redacted), with refuse the request is refused. Shadow rules are counted only.
 * A text that was changed is examined again (findings.by), as the next gate would, until nothing more is found in it.
 */

/**
 * redact_edits(prog, b, f, class, edits, report):
 * Build the edits of redaction class ${class}.
 * In:      edits  new (edits_init); what is made lives in its arena
 * Out:     edits  appended; none stands inside another; report filled
 * Returns: RC_OK; RC_NOMEM, RC_INTERNAL, RC_UNDECIDABLE (an action could not be carried out): refuse the request
 * Thread:  that of findings.by; pure
 */
enum rc redact_edits(const struct program *prog, const struct batch *b, const struct findings *f, unsigned class, struct edits *edits,
    struct redact_report *report) MUST_USE;

/* The same for one text of examine_text, for tools: the text as it would leave; ptr NULL when its attribute is dropped. */
enum rc redact_text(
    const struct program *prog, const struct findings *f, unsigned class, struct str text, struct arena *ar, struct str *out) MUST_USE;

/* Whether some enforcing RedactionPolicy covers the resource (policies.on_no_match: drop). */
bool program_covers(const struct program *prog, const struct batch *b, uint32_t resource);

#endif
