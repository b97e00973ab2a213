/**
 * `spangate policy new`: a policy to begin with, and its test.
 */
#ifndef CONTROL_POLICY_NEW_INT_H
#define CONTROL_POLICY_NEW_INT_H

#include <stddef.h>

struct policy_new_options {
    const char *name, *dir, *owner;
    const char *const *packs; /* none: personal-data */
    size_t pack_count;
};

/**
 * policy_new(o):
 * Write DIR/NAME.policy.yaml and DIR/NAME.test.yaml; tell on standard output what was written.
 * Returns: EXIT_DONE; EXIT_USAGE a wrong name, an unknown pack, a file that is there already; EXIT_UNAVAILABLE
 */
int policy_new(const struct policy_new_options *o);

#endif
