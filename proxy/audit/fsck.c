#include "audit/fsck.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "files_int.h"
#include "stray_int.h"

struct repair {
    struct files files;
    enum rc rc;
    unsigned count;
};

static void
write_tile(void *arg, struct tile t, const struct tree_hash *hash)
{
    struct repair *r = arg;
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    if (r->rc == RC_OK)
        r->rc = files_write(&r->files, path, (struct str){(const char *)hash, (size_t)t.width * TREE_HASH});
    r->count += r->rc == RC_OK;
}

/* Files that are no more than a copy of others, or were never finished. */
static void
remove_stray(void *arg, enum stray kind, const char *path, const struct tile *t)
{
    struct repair *r = arg;

    (void)t;
    if (kind == STRAY_FOREIGN && !str_ends(str_of(path), STR(".new")))
        return;
    if (r->rc == RC_OK)
        r->rc = files_remove(&r->files, path);
    r->count += r->rc == RC_OK;
}

static void
tell_stray(void *arg, enum stray kind, const char *path, const struct tile *t)
{
    static const char *const texts[] = {[STRAY_DIFFERS] = "is not the beginning of what the checkpoint covers",
        [STRAY_BEYOND] = "is about entries that the checkpoint does not cover yet",
        [STRAY_FOREIGN] = "does not belong to the log"};

    (void)t;
    errs_add(arg, kind == STRAY_DIFFERS ? ERR_ERROR : ERR_WARNING, RC_INTEGRITY, 0, (struct err_pos){.file = path}, "audit log: %s", texts[kind]);
}

static enum rc
walk(const char *dir, void (*fn)(void *arg, enum stray kind, const char *path, const struct tile *t), void *arg, struct errs *es)
{
    struct reader *reader;
    enum rc rc = reader_open(dir, &reader, es);

    if (rc != RC_OK)
        return rc;
    rc = stray_walk(reader, dir, fn, arg);
    reader_close(reader);
    return rc;
}

/* Once without a change, to know that the entries are those that were signed; then the tiles. */
static enum rc
repair_log(const struct verify_options *o, struct fsck_result *result)
{
    struct repair r = {.files = {.folder = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};
    struct verify_options with = *o;
    struct verify_result log;
    struct errs none = {0};
    enum rc rc = verify_log(o, &log, &none);

    if (r.files.folder < 0)
        return RC_IO;
    if (flock(r.files.folder, LOCK_EX | LOCK_NB) != 0) { /* a gate writes it */
        close(r.files.folder);
        return RC_BUSY;
    }
    with.on_tile = write_tile;
    with.arg = &r;
    if (rc == RC_INTEGRITY && log.root_fits && *log.signer.name)
        rc = verify_log(&with, &log, &none);
    if (rc == RC_OK || rc == RC_INTEGRITY)
        rc = log.root_fits && *log.signer.name ? walk(o->dir, remove_stray, &r, &none) : RC_OK;
    if (rc == RC_OK)
        rc = r.rc;
    if (rc == RC_OK)
        rc = files_sync(&r.files);
    files_drop(&r.files);
    close(r.files.folder);
    errs_free(&none);
    result->repaired = r.count;
    return rc;
}

enum rc
fsck_log(const struct verify_options *o, bool repair, struct fsck_result *result, struct errs *es)
{
    struct fsck_result out = {.repaired = 0};
    enum rc rc = repair ? repair_log(o, &out) : RC_OK;

    if (rc == RC_BUSY)
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = o->dir}, "audit log: a gate writes it: it can be repaired when that has stopped");
    if (rc == RC_OK)
        rc = verify_log(o, &out.log, es);
    if (rc == RC_OK || rc == RC_INTEGRITY) {
        enum rc walked = walk(o->dir, tell_stray, es, es);

        rc = walked == RC_OK ? (es->errors ? RC_INTEGRITY : rc) : walked;
        *result = out;
    }
    return rc;
}
