#include "control/trail.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/reader.h"
#include "egress/journal.h"

struct trail {
    struct journal_reader *journal; /* NULL: only the log */
    struct reader *log;             /* NULL: there is none (yet) */
    char log_dir[PATH_MAX];
};

static bool
has(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

    return n > 0 && n < PATH_MAX && access(path, F_OK) == 0;
}

/* The log comes into being with its first checkpoint. */
static enum rc
look_for_log(struct trail *t, struct errs *es)
{
    if (t->log)
        return reader_refresh(t->log);
    return has(t->log_dir, "checkpoint") ? reader_open(t->log_dir, &t->log, es) : RC_OK;
}

enum rc
trail_open(const char *dir, struct trail **out, struct errs *es)
{
    bool alone = has(dir, "checkpoint") && !has(dir, "data.mdb");
    struct trail *t = calloc(1, sizeof(*t));
    enum rc rc = RC_OK;

    if (!t)
        return RC_NOMEM;
    int n = snprintf(t->log_dir, sizeof(t->log_dir), alone ? "%s" : "%s/" TRAIL_LINK, dir);

    if (n < 0 || n >= (int)sizeof(t->log_dir))
        rc = RC_USAGE;
    if (rc == RC_OK && !alone)
        rc = journal_reader_open(dir, &t->journal, es);
    if (rc == RC_OK)
        rc = look_for_log(t, es);
    if (rc != RC_OK) {
        trail_close(t);
        return rc;
    }
    *out = t;
    return RC_OK;
}

void
trail_close(struct trail *t)
{
    if (!t)
        return;
    journal_reader_close(t->journal);
    reader_close(t->log);
    free(t);
}

uint64_t
trail_next(struct trail *t)
{
    uint64_t logged = t->log ? reader_checkpoint(t->log)->tree.size : 0;
    uint64_t next = t->journal ? journal_reader_next_seq(t->journal) : 0;

    return next > logged ? next : logged;
}

struct walk {
    uint64_t next; /* the entry that comes next */
    bool gap, enough;
    bool (*fn)(void *arg, uint64_t seq, struct str entry);
    void *arg;
};

static bool
on_logged(void *arg, uint64_t seq, struct str entry)
{
    struct walk *w = arg;

    w->next = seq + 1;
    w->enough = !w->fn(w->arg, seq, entry);
    return !w->enough;
}

/* An entry that is further on than it should be: those before it went into the log meanwhile. */
static bool
on_journaled(void *arg, uint64_t seq, struct str entry)
{
    struct walk *w = arg;

    w->gap = seq > w->next;
    return !w->gap && on_logged(arg, seq, entry);
}

static enum rc
walk_log(struct trail *t, struct walk *w)
{
    struct errs es = {0};
    enum rc rc = look_for_log(t, &es);

    errs_free(&es);
    if (rc != RC_OK || !t->log)
        return rc;
    rc = reader_entries(t->log, w->next, UINT64_MAX, on_logged, w);
    if (rc == RC_OK && !w->enough && w->next < reader_checkpoint(t->log)->tree.size)
        w->next = reader_checkpoint(t->log)->tree.size; /* beyond the period of retention */
    return rc;
}

enum rc
trail_entries(struct trail *t, uint64_t from, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg)
{
    struct walk w = {.next = from, .fn = fn, .arg = arg};
    enum rc rc = RC_OK;

    do {
        uint64_t before = w.next;
        bool gap = w.gap;

        w.gap = false;
        rc = walk_log(t, &w);
        if (rc == RC_OK && gap && w.next == before && !w.enough) { /* neither has it */
            rc = RC_INTEGRITY;
            break;
        }
        if (rc == RC_OK && !w.enough && t->journal)
            rc = journal_reader_entries(t->journal, w.next, on_journaled, &w);
    } while (rc == RC_OK && w.gap);
    return rc;
}
