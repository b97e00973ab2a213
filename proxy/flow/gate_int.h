/**
 * One request on its way through the gate: what the steps of gate.c hand to each other. Everything here lives in the worker's arena and buffers and is
 * forgotten with the request.
 */
#ifndef FLOW_GATE_INT_H
#define FLOW_GATE_INT_H

#include "base/metrics.h"
#include "codec/emit.h"
#include "flow/gate.h"
#include "policies/redact.h"

#define GATE_ORIGINS_MAX 256 /* different decisions in one request; a request with more is refused */

/* What one origin of the request may do; spans of equal origin share it. */
struct gate_origin {
    struct route route;
    uint32_t spans;
    bool uncovered; /* no redaction policy enforces on its resource: nothing leaves */
};

struct gate_worker {
    struct snapshot *snap;
    struct examiner *ex;
    struct compressor *comp;
    struct arena *ar;
    struct buf inflated, decoded, enriched, plain;
    struct metric_cell **rule_cells; /* [program_rule_count], of the present snapshot */
    struct metric_cell *unknown_cell, *bytes_cell, *undecidable_cell;
};

struct gate_job {
    struct gate_worker *w;
    const struct gate_input *in;
    struct gate_outcome *out;
    struct str body; /* protobuf, as the step before left it */
    size_t decoded_bytes;
    uint64_t unknown_fields;
    uint32_t enriched;
    struct batch b;
    struct gate_origin *origins; /* [origin_count] */
    uint32_t origin_count, origin_cap;
    uint8_t *origin_of; /* [span_count] */
    uint32_t *masks;    /* [span_count] destinations */
    uint32_t any;       /* union of masks */
    struct findings findings;
    struct edits *class_edits;     /* [class_count]; only of classes that are used */
    struct redact_report *reports; /* [class_count]; counts NULL when not used */
};

/* gate_route.c: the step "route", and the edits that leave out what destination d may not have. */
enum rc gate_route(struct gate_job *j) MUST_USE;
enum rc gate_select(struct gate_job *j, uint32_t destination, struct edits *es, uint32_t *spans) MUST_USE;
/* The claims (struct route) of all origins of what goes to destination d. */
void gate_payload_origin(const struct gate_job *j, uint32_t destination, char out[GATE_ORIGIN_SIZE]);

/* record.c: the audit entry of a request into out->head and out->tail. */
enum rc gate_record(struct gate_job *j) MUST_USE;

/* gate_count.c: metrics of a request. gate_cells finds the cells of the worker's snapshot. */
enum rc gate_cells(struct gate_worker *w) MUST_USE;
void gate_count(const struct gate_job *j);

/* Findings of rule i in this request, over all classes that were used; places is a bit set of enum place. */
uint32_t gate_rule_count(const struct gate_job *j, size_t rule, uint64_t *places);

#endif
