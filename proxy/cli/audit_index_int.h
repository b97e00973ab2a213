/* What `audit index` and `audit query` share. */
#ifndef CLI_AUDIT_INDEX_INT_H
#define CLI_AUDIT_INDEX_INT_H

#include "audit/index.h"
#include "audit_int.h"

#define AUDIT_INDEX_OPTION                                                                                             \
    {                                                                                                                  \
        .name = "index", .type = OPTION_TEXT, .arg = "FILE", .help = "The index (default: beside the log, DIR.sqlite)" \
    }

struct index_job {
    const char *log, *path; /* path NULL: beside the log */
    enum index_mode mode;   /* INDEX_READ: nothing is added */
    char file[4100];        /* out: where it is */
    uint64_t added, size;   /* out; size of the log, 0 when it is a file of lines */
};

/* Open the index of a log and add what is new, with progress on standard error. */
enum rc audit_index_open(struct index_job *job, struct index **ix, struct errs *es) MUST_USE;

#endif
