/**
 * The shapes of policy documents: what their readers accept, and what the JSON Schema says.
 */
#ifndef POLICIES_SHAPES_H
#define POLICIES_SHAPES_H

#include "base/conf_shape.h"

extern const struct conf_shape shape_redaction, shape_residency; /* whole documents */
extern const struct conf_shape shape_metadata, shape_redaction_spec, shape_match, shape_hold_out, shape_detector, shape_detector_builtin,
    shape_detector_custom, shape_rule, shape_keys, shape_allow;
extern const struct conf_shape shape_residency_spec, shape_origin, shape_unknown_origin, shape_route;

/* The argument of an action, for schemas. */
struct shape_argument {
    const char *example;         /* NULL: it takes none */
    const struct conf_shape *of; /* NULL: it is a text */
    bool required;
};

/* Names of actions, NULL-terminated, and what they take. */
const char *const *shape_actions(void);
struct shape_argument shape_action_argument(const char *name);

#endif
