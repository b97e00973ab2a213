#include <stdlib.h>

#include "gate_int.h"

static const char *
mode_name(enum rule_mode mode)
{
    return mode == RULE_SHADOW ? "shadow" : mode == RULE_OFF ? "off" : "enforce";
}

enum rc
gate_cells(struct gate_worker *w)
{
    const struct program *prog = w->snap->program;
    size_t n = program_rule_count(prog);
    struct metric_cell **cells = calloc(n + 1, sizeof(struct metric_cell *));

    if (!cells)
        return RC_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct rule_info r = program_rule(prog, i);
        const char *labels[] = {r.policy, r.id, r.entity ? r.entity : "", mode_name(r.mode)};

        cells[i] = metric_get(M_FINDINGS, labels, 4);
    }
    free(w->rule_cells);
    w->rule_cells = cells;
    w->unknown_cell = metric_get(M_UNKNOWN_FIELDS, NULL, 0);
    w->bytes_cell = metric_get(M_SCAN_BYTES, NULL, 0);
    w->undecidable_cell = metric_get(M_REDACTION_ERRORS, (const char *const[]){"undecidable"}, 1);
    return RC_OK;
}

uint32_t
gate_rule_count(const struct gate_job *j, size_t rule, uint64_t *places)
{
    uint32_t most = 0;

    *places = 0;
    for (unsigned c = 0; j->reports && c < program_class_count(j->w->snap->program); c++) {
        if (!j->reports[c].counts)
            continue;
        if (j->reports[c].counts[rule] > most)
            most = j->reports[c].counts[rule];
        *places |= j->reports[c].places[rule];
    }
    return most;
}

static void
count_routes(const struct gate_job *j)
{
    const struct program *prog = j->w->snap->program;

    for (uint32_t i = 0; i < j->origin_count; i++) {
        const struct gate_origin *o = &j->origins[i];

        for (uint32_t d = 0; d < program_destination_count(prog); d++) {
            const char *name = program_destination(prog, d).ptr; /* NUL-terminated by the program */
            const char *labels[] = {*o->route.country ? o->route.country : "unknown", name, o->route.mask & 1u << d ? "allowed" : "refused"};

            metric_add(metric_get(M_RESIDENCY, labels, 3), o->spans);
        }
    }
}

void
gate_count(const struct gate_job *j)
{
    const struct gate_worker *w = j->w;
    uint64_t places;

    metric_add(w->unknown_cell, (int64_t)j->unknown_fields);
    metric_add(w->bytes_cell, (int64_t)j->findings.bytes_examined);
    metric_add(w->undecidable_cell, j->findings.undecidable);
    count_routes(j);
    if (!j->reports)
        return;
    for (size_t i = 0; i < program_rule_count(w->snap->program); i++) {
        uint32_t n = gate_rule_count(j, i, &places);

        if (n)
            metric_add(w->rule_cells[i], n);
    }
}
