#include <stdlib.h>

#include "journal_int.h"

enum rc
entries_walk(const struct entry_source *source, uint64_t from, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg)
{
    struct buf copy = BUF_INIT(1u << 20);
    enum rc result = RC_OK, rc = RC_OK;

    for (bool more = true; more;) {
        struct str entry = {NULL, 0};
        uint64_t seq;

        buf_clear(&copy);
        rc = source->from(source->arg, from, &copy, &seq, &entry);
        if (rc != RC_OK && rc != RC_INTEGRITY)
            break;
        result = rc == RC_OK ? result : rc;
        rc = RC_OK;
        more = fn(arg, seq, entry) && seq != UINT64_MAX;
        from = seq + 1;
    }
    buf_free(&copy);
    return rc == RC_OK || rc == RC_NOT_FOUND ? result : rc;
}

struct journal_reader {
    struct store *store;
};

enum rc
journal_reader_open(const char *dir, struct journal_reader **out, struct errs *es)
{
    struct journal_reader *r = calloc(1, sizeof(*r));
    enum rc rc = RC_NOMEM;

    if (!r)
        return rc;
    if (owner_is_this_process(dir)) {
        /* LMDB's locks are fcntl's: a second environment, closed, would take them from the first (lmdb.h, "Caveats"). */
        errs_add(es, ERR_ERROR, RC_USAGE, 0, (struct err_pos){.file = dir}, "journal: this process has it open already");
        rc = RC_USAGE;
        goto fail;
    }
    rc = store_open(&(struct store_options){.dir = dir, .read_only = true}, &r->store, es);
    if (rc != RC_OK)
        goto fail;
    *out = r;
    return RC_OK;
fail:
    free(r);
    return rc;
}

static enum rc
entry_from(void *source, uint64_t from, struct buf *copy, uint64_t *seq, struct str *entry)
{
    return store_entry_from(source, from, copy, seq, entry);
}

enum rc
journal_reader_entries(struct journal_reader *r, uint64_t from_seq, bool (*fn)(void *arg, uint64_t seq, struct str entry), void *arg)
{
    return entries_walk(&(struct entry_source){entry_from, r->store}, from_seq, fn, arg);
}

uint64_t
journal_reader_next_seq(struct journal_reader *r)
{
    uint64_t next;

    return store_read_next_seq(r->store, &next) == RC_OK ? next : 0;
}

uint64_t
journal_reader_first_seq(struct journal_reader *r)
{
    struct totals t;

    return store_read_totals(r->store, &t) == RC_OK ? t.first_seq : 0;
}

void
journal_reader_close(struct journal_reader *r)
{
    if (!r)
        return;
    store_close(r->store);
    free(r);
}
