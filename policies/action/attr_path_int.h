/**
 * Finding attributes. Paths to one, as policies and the configuration write them: span.attributes.user.id, resource.attributes["cloud.region"].
 */
#ifndef ACTION_ATTR_PATH_INT_H
#define ACTION_ATTR_PATH_INT_H

#include "codec/batch.h"

struct attr_path {
    enum place place; /* one whose place_is_attribute */
    struct str key;   /* slice of the path, not empty */
};

/**
 * attr_path_parse(text, path):
 * Returns: false (path untouched) when the text names no attribute of a place
 */
bool attr_path_parse(struct str text, struct attr_path *path);

/* The attributes of the Resource message, nested ones included: one run among all those below the ResourceSpans. */
void attr_resource_range(const struct batch *b, const struct batch_resource *r, uint32_t *first, uint32_t *end);

#endif
