/**
 * Paths to one attribute, as policies and the configuration write them: span.attributes.user.id, resource.attributes["cloud.region"].
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

#endif
