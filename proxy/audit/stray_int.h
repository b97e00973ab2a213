/**
 * The files of a log directory that the checkpoint does not need: partial tiles of earlier checkpoints, what a crash left, what does not belong there.
 */
#ifndef AUDIT_STRAY_INT_H
#define AUDIT_STRAY_INT_H

#include "reader_int.h"

enum stray {
    STRAY_DIFFERS, /* a partial tile or bundle of an earlier checkpoint that is not the beginning of the present one */
    STRAY_BEYOND,  /* about leaves that the checkpoint does not cover yet */
    STRAY_FOREIGN  /* no file of a log */
};

/* Call fn for each; path is relative to the directory. RC_OK; RC_IO; RC_NOMEM. */
enum rc stray_walk(
    struct reader *r, const char *dir, void (*fn)(void *arg, enum stray kind, const char *path, const struct tile *t), void *arg) MUST_USE;

#endif
