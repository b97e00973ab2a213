/* What the audit commands share. */
#ifndef CLI_AUDIT_INT_H
#define CLI_AUDIT_INT_H

#include "audit/verify.h"
#include "control/command.h"

/* A file of a log's size of things: keys, notes, proofs, one entry. */
#define AUDIT_FILE_MAX ((size_t)1 << 20)

/**
 * audit_keys(a, option, keys, count):
 * Read the verifier keys given with a list option, each as its text or as a file that holds it.
 * Returns: EXIT_DONE; EXIT_USAGE or EXIT_CONFIG, told on standard error
 */
int audit_keys(const struct arguments *a, const char *option, struct note_key keys[VERIFY_KEYS_MAX / 2], size_t *count);

/* Read a file; EXIT_DONE, or an exit code, told on standard error. */
int audit_read_file(const char *path, struct buf *out);

/* The directory: the positional argument, or --dir. */
const char *audit_dir(const struct arguments *a);

/* The option that names the directory, for tables. */
#define AUDIT_DIR_OPTION                                                                                                  \
    {                                                                                                                     \
        .name = "dir", .type = OPTION_TEXT, .arg = "DIR", .fallback = "/var/lib/spangate/audit", .env = "SPANGATE_AUDIT", \
        .help = "Folder of the log"                                                                                       \
    }

/* Open a log; EXIT_DONE, or an exit code, told on standard error. */
struct reader;
int audit_open(const char *dir, struct reader **r);

/* A line that names the first bad leaf, or the leaves that it is among; nothing when there is none. */
void audit_print_bad_leaf(const char *dir, const struct verify_result *r);

/* Print problems to standard error; the exit code of rc. */
int audit_end(enum rc rc, struct errs *es);

#endif
