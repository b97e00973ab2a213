/**
 * Where entries come from, for what reads them: a log directory, or a file of entries, one a line, as `audit export` and `audit tail --format json` write it.
 */
#ifndef AUDIT_SOURCE_H
#define AUDIT_SOURCE_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct entry_source;

#define SOURCE_NO_INDEX UINT64_MAX

/**
 * source_open(path, src, es):
 * A folder is a log; anything else a file of lines, which cannot be verified.
 * Returns: RC_OK; RC_NOT_FOUND, RC_IO, RC_INTEGRITY, RC_NOMEM with an error in es
 */
enum rc source_open(const char *path, struct entry_source **src, struct errs *es) MUST_USE;
void source_close(struct entry_source *src);

/**
 * source_entries(src, from, fn, arg):
 * Call fn for each entry with index >= from in ascending order until it returns false. index is SOURCE_NO_INDEX in a file of lines, where from is ignored.
 * Returns: RC_OK; RC_INTEGRITY a part is missing or damaged; RC_IO; RC_TOO_LARGE a line that is no entry; RC_NOMEM
 */
enum rc source_entries(struct entry_source *src, uint64_t from, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg) MUST_USE;

/* Entries that the checkpoint covers; 0 for a file of lines. */
uint64_t source_size(const struct entry_source *src);

/* NULL for a file of lines. */
struct reader;
struct reader *source_reader(const struct entry_source *src);

#endif
