/**
 * The desk: how another process has an act of its own written into the audit log, a report that it made, a value that it revealed. The journal belongs to the
 * gate, so the act is laid on the desk, a folder beside the journal's files that only its owner may enter, as one small file; the gate takes it from there
 * within seconds, or at its next start. The actor is whom the file belongs to: nobody can speak for another.
 */
#ifndef CONTROL_DESK_H
#define CONTROL_DESK_H

#include "base/err.h"

struct desk_act {
    const char *verb;   /* "report", "reveal", "export": lower-case letters */
    const char *object; /* printable ASCII, at most 200 bytes, no quotes or backslashes */
    const char *digest; /* SHA-256 in hexadecimal, or NULL */
    const char *result; /* "ok", "refused", "failed" */
};

/**
 * desk_leave(journal_dir, act, es):
 * Lay an act on the desk of the gate whose journal is in journal_dir. Durable on return.
 * Returns: RC_OK; RC_USAGE a text that may not be recorded; RC_IO, RC_NOT_FOUND there is no such folder: error in es
 */
enum rc desk_leave(const char *journal_dir, const struct desk_act *act, struct errs *es) MUST_USE;

/* An act that lies on the desk. */
struct desk_item {
    const char *actor; /* "uid:1000" */
    const char *file;  /* for desk_settle */
    struct desk_act act;
};

/**
 * desk_take(journal_dir, fn, arg):
 * Call fn for each act on the desk, in the order they were laid there; fn returns whether it was taken: it is not given again until it is settled.
 * A file that is no act is given with .verb "unreadable".
 * Returns: how many were taken
 */
unsigned desk_take(const char *journal_dir, bool (*fn)(void *arg, const struct desk_item *item), void *arg);

/* What became of an act that was taken: it is durable in the journal, and its file goes; or it is not, and lies on the desk again. */
void desk_settle(const char *file, bool recorded);

/* At a start, before desk_take: acts that were taken and not settled lie on the desk again. One that was recorded right before a crash is recorded twice. */
void desk_recover(const char *journal_dir);

#endif
