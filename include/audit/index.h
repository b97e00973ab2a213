/**
 * The index: a SQLite file over the entries of a log, for questions. It holds nothing that the log does not say, and is made again from the log alone.
 *
 * A file that was made by another version, or of another log, is refused; it is thrown away and rebuilt, never mended.
 */
#ifndef AUDIT_INDEX_H
#define AUDIT_INDEX_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct index;

enum index_mode {
    INDEX_READ,   /* the file must be there */
    INDEX_UPDATE, /* made when missing */
    INDEX_REBUILD /* made anew */
};

/**
 * index_open(path, origin, mode, ix, es):
 * In:      origin  name of the log, "" for a file of lines
 * Returns: RC_OK; RC_NOT_FOUND; RC_INTEGRITY of another log or version, or damaged; RC_IO, RC_NOMEM: with an error in es
 */
enum rc index_open(const char *path, const char *origin, enum index_mode mode, struct index **ix, struct errs *es) MUST_USE;
void index_close(struct index *ix);

/* The first leaf that is not in it. */
uint64_t index_next(const struct index *ix);

/**
 * index_add(ix, leaf, bytes):
 * Add an entry; those below index_next are left out. Entries that cannot be read are added as type "unreadable". What was added is there after index_commit.
 * In:      leaf  SOURCE_NO_INDEX: as the entry says
 */
enum rc index_add(struct index *ix, uint64_t leaf, struct str bytes) MUST_USE;
enum rc index_commit(struct index *ix) MUST_USE;
/* The sentence of the last failure. */
const char *index_problem(const struct index *ix);

/* What is asked for; empty texts and zeroes ask for nothing. Globs: '*' any run, '?' one byte. */
struct index_filter {
    uint64_t from_us, to_us; /* [from, to); to 0: no end */
    const char *service, *identity, *rule, *entity, *destination, *outcome, *type, *reason;
    uint64_t limit; /* rows at most */
    bool newest_first;
};

struct index_row {
    uint64_t leaf, us, spans, findings;
    struct str type, outcome, reason, identity, service, destination;
};

/* Call fn for each entry that fits until it returns false. RC_OK; RC_IO, RC_NOMEM. */
enum rc index_query(struct index *ix, const struct index_filter *f, bool (*fn)(void *arg, const struct index_row *row), void *arg) MUST_USE;

#endif
