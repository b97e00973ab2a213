#ifndef CONTROL_SCHEMA_INT_H
#define CONTROL_SCHEMA_INT_H

#include "base/json.h"
#include "control/schema.h"

/* Members of a schema object that is open: the common forms. */
void schema_text(struct json *j);                            /* a scalar of any kind */
void schema_words(struct json *j, const char *const *words); /* enum; words that are digits are numbers, too */
void schema_ref(struct json *j, const char *name);           /* {"$ref": "#/definitions/name"}, as an element or a member of allOf */

/* "definitions" and what the document itself is, of the gateway file. */
void schema_gateway(struct json *j);

#endif
