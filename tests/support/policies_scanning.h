/**
 * Scanners by themselves, without an engine: what a text becomes when each value is replaced by what its kind says.
 */
#ifndef SUPPORT_POLICIES_SCANNING_H
#define SUPPORT_POLICIES_SCANNING_H

#include "base_rng.h"
#include "base_suite.h"
#include "policies/scanner.h"

/* The text with its values replaced; "(undecidable)" when the scanner gives up. Valid until the next call. */
const char *scanning_replace(const char *scanner, const char *key, struct str text, struct str before);

/* What db.system.name says from now on; "" at first. */
void scanning_under(const char *system);

struct scanning_row {
    const char *text, *expected;
    const char *key;
};

/*
 * Each row becomes what is expected, and so that again; cut at every byte, on a guard page, the scanner keeps its contract. Rows end with text NULL; a row
 * without key has ${key}.
 */
void scanning_rows(const char *scanner, const char *key, const struct scanning_row *rows);

/* Random bytes, and mutations of the rows' texts, on guard pages. */
void scanning_random(const char *scanner, const char *key, const struct scanning_row *rows, const char *alphabet);

/* ${unit} repeated to 4 and to 16 times ${bytes}: the time grows with the length, not with its square. */
void scanning_linear(const char *scanner, const char *key, const char *begin, const char *unit);

#endif
