/**
 * Everything that is made from one reading of the configuration: the file itself, TLS contexts, the snapshot. `check` makes it and throws it away; a
 * start and a reload hand it to the workers.
 */
#ifndef CONTROL_MATERIAL_INT_H
#define CONTROL_MATERIAL_INT_H

#include "control/config.h"

struct material {
    const struct config *config;
    struct tls *grpc_tls, *http_tls; /* NULL: no such receiver, or plaintext */
    struct snapshot *snap;
};

/**
 * material_load(path, generation, m, es):
 * Read, check and open everything that the file names, without a side effect.
 * Out:     m  owner frees with material_free; untouched on failure
 * Returns: RC_OK; RC_CONFIG with all errors in es; RC_NOMEM
 */
enum rc material_load(const char *path, uint64_t generation, struct material *m, struct errs *es) MUST_USE;
void material_free(struct material *m);

/* Metrics about policies and certificates: what was true (old, may be NULL) and what is now. */
void material_count(const struct material *old, const struct material *now);

#endif
