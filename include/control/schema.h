/**
 * JSON Schemas (draft-07, which editors read) of the files that people write, printed from the tables that read them.
 */
#ifndef CONTROL_SCHEMA_H
#define CONTROL_SCHEMA_H

#include "base/buf.h"

enum schema_kind { SCHEMA_GATEWAY, SCHEMA_POLICY, SCHEMA_TEST };

/* Append the schema, pretty enough for machines. RC_TOO_LARGE, RC_NOMEM. */
enum rc schema_print(enum schema_kind kind, struct buf *out) MUST_USE;

#endif
