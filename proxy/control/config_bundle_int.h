/* Bundles as a source of policies. */
#ifndef CONTROL_CONFIG_BUNDLE_INT_H
#define CONTROL_CONFIG_BUNDLE_INT_H

#include "bundle_int.h"
#include "config_int.h"

/**
 * config_bundle_load(c, source, ar, b, es):
 * Read a bundle, check its signature, its revision and its own tests.
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 */
enum rc config_bundle_load(const struct config *c, const struct config_source *source, struct arena *ar, struct bundle *b, struct errs *es) MUST_USE;

#endif
