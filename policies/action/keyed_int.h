/* What actions with a key share. */
#ifndef ACTION_KEYED_INT_H
#define ACTION_KEYED_INT_H

#include "action.h"

enum key_use { KEY_PSEUDONYM, KEY_SEAL, KEY_FPE };

/**
 * keyed_read(env, arg, use, a, now, previous):
 * Read `key` and `tenant` of an argument, and derive the key and, in a rotation, the one before it.
 * Out:     a     its tenant
 * Returns: RC_OK; RC_CONFIG with errors; RC_NOMEM, RC_INTERNAL
 */
enum rc keyed_read(const struct action_env *env, const struct conf_node *arg, enum key_use use, struct action *a, struct action_key *now,
    struct action_key *previous) MUST_USE;

/* The same for actions whose tokens can be opened: into a->seal, with the entity; names of keys are those that may stand in a token. */
enum rc keyed_read_seal(const struct action_env *env, const struct conf_node *arg, enum key_use use, struct action *a) MUST_USE;

#endif
