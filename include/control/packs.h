/**
 * The files of policies/packs, as they were when the program was built.
 */
#ifndef CONTROL_PACKS_H
#define CONTROL_PACKS_H

#include "base/str.h"

/* "starter.policy.yaml", "eu-stays.policy.yaml", "demo.yaml"; an empty slice for other names. */
struct str pack_text(const char *name);

#endif
