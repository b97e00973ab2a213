/**
 * Child processes of our own binary, for the demonstration. A child dies with its parent; it is ended by its id.
 */
#ifndef CONTROL_CHILD_INT_H
#define CONTROL_CHILD_INT_H

#include <sys/types.h>

#include "base/buf.h"

#define CHILD_TEXT_MAX ((size_t)64 * 1024 * 1024)

struct child {
    pid_t pid;       /* 0: none */
    int from;        /* pipe with what it prints, -1 when it has ended */
    struct buf text; /* all that came from it */
};

struct child_spec {
    const char *const *argv; /* without the program's own name; NULL-terminated */
    bool errors;             /* read its standard error; else its standard output */
    const char *log;         /* file for the other one */
    const char *dir;         /* to run in; NULL: where we are */
};

/* Start this same program. RC_OK; RC_IO, RC_NOMEM. */
enum rc child_start(struct child *c, const struct child_spec *spec) MUST_USE;

/**
 * child_read(list, count, done, arg, within_ms):
 * Read what the children print until done(arg), or until all of them have ended.
 * Returns: RC_OK; RC_TIMEOUT; RC_STOPPING child_interrupted; RC_IO all ended and done(arg) is still false; RC_TOO_LARGE
 */
enum rc child_read(struct child *const *list, size_t count, bool (*done)(void *arg), void *arg, uint64_t within_ms) MUST_USE;

/* SIGTERM, read what still comes, wait; SIGKILL after 15 s. Returns: its exit code, 128 + signal when one ended it, -1 when there is none */
int child_stop(struct child *c);
/* Wait for it to end by itself, as long as it takes. */
int child_wait(struct child *c);
void child_free(struct child *c);

/* Set by SIGINT and SIGTERM after child_catch_signals. */
bool child_interrupted(void);
void child_catch_signals(void);

#endif
