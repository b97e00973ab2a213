/**
 * Packs: the policies of policies/packs, as they were when the program was built. A pack is an ordinary policy file; `use: NAME` in a rule stands for its rules,
 * and "pack:NAME" is its name where a policy file is named (program_source.files, `policies:` of a test, sources of the gateway file).
 */
#ifndef POLICIES_PACKS_H
#define POLICIES_PACKS_H

#include "base/str.h"

#define PACK_PREFIX "pack:"

/* By file: "starter.policy.yaml", "demo.yaml"; an empty slice for other names. */
struct str pack_text(const char *file);

/* By name: "pci-dss". An empty slice when there is no such pack. */
struct str pack_policy(struct str name);

/* Names of all packs. */
const char *const *packs_all(size_t *count);

#endif
