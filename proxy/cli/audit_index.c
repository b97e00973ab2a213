#include "audit_index_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/reader.h"
#include "audit/source.h"

#define PROGRESS_ENTRIES 100000

struct filler {
    struct index *ix;
    uint64_t seen;
    bool progress;
    enum rc rc;
};

static bool
on_entry(void *arg, uint64_t index, struct str entry)
{
    struct filler *f = arg;

    f->rc = index_add(f->ix, index, entry);
    if (++f->seen % PROGRESS_ENTRIES == 0 && f->progress)
        fprintf(stderr, "\r%" PRIu64 " entries", f->seen);
    return f->rc == RC_OK;
}

static enum rc
fill(struct index_job *job, struct entry_source *src, struct index *ix, struct errs *es)
{
    struct filler f = {.ix = ix, .progress = isatty(2)};
    uint64_t before = index_next(ix);
    enum rc rc = source_entries(src, before, on_entry, &f);

    if (rc == RC_OK)
        rc = f.rc;
    if (rc == RC_OK)
        rc = index_commit(ix);
    if (f.progress && f.seen >= PROGRESS_ENTRIES)
        fputc('\n', stderr);
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.200s: %s", job->log, *index_problem(ix) ? index_problem(ix) : rc_text(rc));
    job->added = index_next(ix) - before;
    return rc;
}

static enum rc
index_file(struct index_job *job)
{
    size_t n = strlen(job->log);

    while (n > 1 && job->log[n - 1] == '/')
        n--;
    int len = job->path ? snprintf(job->file, sizeof(job->file), "%s", job->path)
                        : snprintf(job->file, sizeof(job->file), "%.*s.sqlite", (int)n, job->log);

    return len > 0 && (size_t)len < sizeof(job->file) ? RC_OK : RC_USAGE;
}

/* A log never shrinks: an index that knows more is of another time, unless somebody added to both since we looked. */
static enum rc
check_size(struct index_job *job, struct entry_source *src, const struct index *ix, struct errs *es)
{
    enum rc rc = index_next(ix) > job->size ? reader_refresh(source_reader(src)) : RC_OK;

    job->size = source_size(src);
    if (rc == RC_OK && index_next(ix) > job->size) {
        rc = RC_INTEGRITY;
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0},
            "%.200s knows %" PRIu64 " entries, the log has %" PRIu64 ": it was rolled back, or the index is to be rebuilt", job->file, index_next(ix),
            job->size);
    }
    return rc;
}

enum rc
audit_index_open(struct index_job *job, struct index **out, struct errs *es)
{
    struct entry_source *src = NULL;
    struct index *ix = NULL;
    char origin[NOTE_NAME_MAX + 1] = "";
    enum rc rc = index_file(job);

    if (rc == RC_OK)
        rc = source_open(job->log, &src, es);
    if (rc == RC_OK && source_reader(src)) {
        const struct checkpoint *c = reader_checkpoint(source_reader(src));

        snprintf(origin, sizeof(origin), "%.*s", (int)c->origin.len, c->origin.ptr);
        job->size = source_size(src);
    }
    if (rc == RC_OK)
        rc = index_open(job->file, origin, job->mode, &ix, es);
    if (rc == RC_OK && source_reader(src))
        rc = check_size(job, src, ix, es);
    if (rc == RC_OK && job->mode != INDEX_READ)
        rc = fill(job, src, ix, es);
    source_close(src);
    if (rc != RC_OK) {
        index_close(ix);
        return rc;
    }
    *out = ix;
    return RC_OK;
}
