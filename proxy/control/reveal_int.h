/**
 * The way back from tokens to values, for those who hold the keys.
 *
 * A text is read, every token in it that names one of the keys is opened, and the value stands in its place. Sealed and format-preserving tokens open by
 * themselves; a pseudonym is only recognised as that of a value that somebody names (a candidate). Which tenant a token belongs to is not written in it: all
 * tenants that are given are tried.
 */
#ifndef CONTROL_REVEAL_INT_H
#define CONTROL_REVEAL_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"

struct reveal_key {
    struct str id;
    const struct secret *secret;
};

struct reveal_job {
    const struct reveal_key *keys;
    const struct str *tenants; /* beside none */
    const struct str *candidates;
    size_t key_count, tenant_count, candidate_count;
    bool json; /* the text is JSON: values are escaped */
};

struct reveal_counts {
    size_t tokens; /* seen */
    size_t opened;
    size_t failed;       /* a key of this name is there, but it or the tenant is another */
    size_t unknown;      /* no key of this name */
    char unknown_id[65]; /* the first of these */
};

/**
 * reveal_text(job, text, out, counts):
 * Append the text with its tokens opened; those that cannot be opened stay.
 * Returns: RC_OK; RC_NOMEM, RC_TOO_LARGE
 */
enum rc reveal_text(const struct reveal_job *job, struct str text, struct buf *out, struct reveal_counts *counts) MUST_USE;

#endif
