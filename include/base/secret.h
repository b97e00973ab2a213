/**
 * Secrets read from files: keys, tokens. Never logged, never printed, wiped when released.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct secret;

/**
 * secret_load(path, pos, secret, es):
 * Read a file of 1..64 KiB; trailing CR and LF are cut off. Warns when group or others may read it.
 * Out:     secret  owner frees with secret_free; untouched on failure
 * Returns: RC_OK; RC_CONFIG with an error in es (position pos)
 */
enum rc secret_load(const char *path, struct err_pos pos, struct secret **secret, struct errs *es) MUST_USE;
/* A secret of these bytes, copied, for tools and tests; owner frees. NULL without memory. */
struct secret *secret_of(struct str bytes) MUST_USE;
struct str secret_bytes(const struct secret *s);
void secret_free(struct secret *s);

/* Whole file of at most max bytes into out. RC_NOT_FOUND, RC_DENIED no permission, RC_USAGE a folder, RC_IO, RC_TOO_LARGE, RC_NOMEM. */
enum rc file_read(const char *path, size_t max, struct buf *out) MUST_USE;
/* What is wrong with a file that file_read could not read, for "cannot be read: ..". */
const char *file_problem(enum rc rc);

/**
 * file_write_atomic(path, data, mode):
 * Write beside the target, fsync, rename, fsync the folder.
 */
enum rc file_write_atomic(const char *path, struct str data, unsigned mode) MUST_USE;

/* Make a folder, and those above it, with mode; RC_OK when it is there already. RC_IO: errno says why. */
enum rc file_make_folder(const char *path, unsigned mode) MUST_USE;

#endif
