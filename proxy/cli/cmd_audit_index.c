#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_index_int.h"

static int
run(const struct arguments *a)
{
    struct index_job job = {.log = audit_dir(a), .path = args_text(a, "index"), .mode = args_flag(a, "rebuild") ? INDEX_REBUILD : INDEX_UPDATE};
    struct index *ix = NULL;
    struct errs es = {0};
    enum rc rc = audit_index_open(&job, &ix, &es);

    if (rc == RC_OK)
        printf("%s: %" PRIu64 " entries, %" PRIu64 " of them new\n", job.file, index_next(ix), job.added);
    index_close(ix);
    return audit_end(rc, &es);
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    AUDIT_INDEX_OPTION,
    {.name = "rebuild", .type = OPTION_FLAG, .help = "Throw the index away and make it from the log alone"},
    {0},
};

const struct command cmd_audit_index = {
    .name = "audit index",
    .usage = "[DIR] [--rebuild]",
    .summary = "Index the audit log for queries",
    .text = "Adds what is new in the log, a folder or a file of entries (one a line), to a SQLite file beside it. The index holds nothing "
            "that the log does not say.\n\nExit code: 0; 4 the log or the index cannot be read or written; 5 the index is of another log, or "
            "damaged: --rebuild.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
