/**
 * Between the policy loader (engine) and residency: ResidencyPolicy documents stand in the same files as redaction policies.
 * The loader checks apiVersion, kind and metadata, and keeps metadata for program_policy(); residency reads spec, and metadata.name
 * for the name of its decisions.
 */
#ifndef ACTION_RESIDENCY_INT_H
#define ACTION_RESIDENCY_INT_H

#include "base/conf.h"
#include "policies/program.h"

struct residency; /* all ResidencyPolicy documents of a program, immutable once loaded */

/**
 * residency_load(doc, root, src, r, es):
 * Read one ResidencyPolicy document; called once for each, in file order. Everything kept is copied: doc and src end before the program.
 * In:      root  the document's root node, a map whose metadata has been checked
 *          src   destinations for the names in routes; bit i of a mask is src->destinations[i]
 * Out:     r     in/out: NULL for the first document, made then; later documents are added. With several policies all must allow:
 *                the destinations of a resource are the intersection. Unchanged on failure.
 * Returns: RC_OK; RC_CONFIG with all errors of the document in es; RC_NOMEM
 */
enum rc residency_load(
    const struct conf_doc *doc, const struct conf_node *root, const struct program_source *src, struct residency **r, struct errs *es) MUST_USE;

/* NULL is allowed. */
void residency_free(struct residency *r);

/* What was loaded; NULL when the program has no ResidencyPolicy: then nothing may leave. Defined in engine/program.c. */
const struct residency *program_residency(const struct program *p);

#endif
