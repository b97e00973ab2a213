/*
 * LMDB: copy on write, one writer, readers that block nobody. A commit writes new pages, fdatasync, then one meta page through a descriptor opened
 * with O_DSYNC; a crash at any point leaves the former state. No flag that weakens this is set.
 */
#include "journal_pages_int.h"
#include "journal_store_int.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define READERS_MAX 126
#define TOTALS_KEY "totals"

/*
 * Address space, not disk. A record just above half a page takes a whole one, and free space is not always contiguous (measured: 13 .. 25 % more than what
 * lives, with payloads of 200 .. 600 KB removed at random); three times the bounds is never reached before them.
 */
#define MAP_FACTOR 3
#define MAP_EXTRA (64u << 20)

enum rc
store_rc(int e)
{
    if (e == 0)
        return RC_OK;
    if (e == MDB_NOTFOUND || e == ENOENT)
        return RC_NOT_FOUND;
    if (e == MDB_MAP_FULL || e == ENOSPC || e == EDQUOT || e == EFBIG)
        return RC_FULL;
    if (e == ENOMEM)
        return RC_NOMEM;
    if (e == MDB_CORRUPTED || e == MDB_PAGE_NOTFOUND || e == MDB_INVALID || e == MDB_VERSION_MISMATCH || e == MDB_INCOMPATIBLE)
        return RC_INTEGRITY;
    return RC_IO;
}

MDB_val
store_key(uint64_t n, struct store_key *k)
{
    n = htobe64(n);
    memcpy(k->be, &n, sizeof(n));
    return (MDB_val){sizeof(k->be), k->be};
}

uint64_t
store_key_value(const MDB_val *v)
{
    uint64_t n = 0;

    if (v->mv_size == sizeof(n))
        memcpy(&n, v->mv_data, sizeof(n));
    return be64toh(n);
}

MDB_val
store_totals_key(void)
{
    static char name[] = TOTALS_KEY;

    return (MDB_val){sizeof(name) - 1, name};
}

static enum rc
complain(struct errs *es, const char *dir, enum rc rc, const char *what, int e)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = dir}, "journal: %s: %s", what, e ? mdb_strerror(e) : rc_text(rc));
    return rc;
}

int
store_read_begin(struct store *s, MDB_txn **txn)
{
    int e = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn), dead;

    if (e == MDB_MAP_RESIZED && s->o.read_only) {
        mdb_env_set_mapsize(s->env, 0); /* take the size that the gate gave it */
        e = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    }
    if (e == MDB_READERS_FULL && mdb_reader_check(s->env, &dead) == 0)
        e = mdb_txn_begin(s->env, NULL, MDB_RDONLY, txn);
    return e;
}

static enum rc
totals_get(struct store *s, MDB_txn *txn, struct totals *t)
{
    MDB_val key = store_totals_key(), value;
    int e = mdb_get(txn, s->meta, &key, &value);

    return e ? store_rc(e) : totals_read((struct str){value.mv_data, value.mv_size}, t);
}

enum rc
store_read_totals(struct store *s, struct totals *t)
{
    MDB_txn *txn;
    int e = store_read_begin(s, &txn);

    if (e)
        return store_rc(e);
    enum rc rc = totals_get(s, txn, t);

    mdb_txn_abort(txn);
    return rc;
}

/* What the records themselves say. */
struct census {
    uint64_t count, first, last;
    uint64_t bytes; /* by add_up */
};

static int
find_ends(MDB_txn *txn, MDB_dbi dbi, struct census *c)
{
    MDB_cursor *cur;
    MDB_val k, v;
    MDB_stat st;
    int e = mdb_stat(txn, dbi, &st);

    *c = (struct census){.count = st.ms_entries};
    if (e || c->count == 0 || (e = mdb_cursor_open(txn, dbi, &cur)))
        return e;
    e = mdb_cursor_get(cur, &k, &v, MDB_FIRST);
    if (e == 0) {
        c->first = store_key_value(&k);
        e = mdb_cursor_get(cur, &k, &v, MDB_LAST);
    }
    if (e == 0)
        c->last = store_key_value(&k);
    mdb_cursor_close(cur);
    return e == MDB_NOTFOUND ? MDB_CORRUPTED : e;
}

static int
add_up(MDB_txn *txn, MDB_dbi dbi, struct census *c)
{
    MDB_cursor *cur;
    MDB_val k, v;
    uint64_t count = 0;
    int e = mdb_cursor_open(txn, dbi, &cur);

    if (e)
        return e;
    for (e = mdb_cursor_get(cur, &k, &v, MDB_FIRST); e == 0; e = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        c->bytes += v.mv_size;
        count++;
    }
    mdb_cursor_close(cur);
    return e == MDB_NOTFOUND && count == c->count ? 0 : MDB_CORRUPTED;
}

/* Payload records are counted and summed (their pages of bytes are not touched); of the entries the ends and the number: a gap shows. */
static enum rc
check_contents(struct store *s, MDB_txn *txn)
{
    struct census payload, audit;
    const struct totals *t = &s->totals;
    int e = find_ends(txn, s->audit, &audit);

    if (e || (e = find_ends(txn, s->payload, &payload)) || (e = add_up(txn, s->payload, &payload)))
        return store_rc(e);
    if (payload.count != t->payload_count || payload.bytes != t->payload_bytes || payload.last >= t->next_id)
        return RC_INTEGRITY;
    if (t->first_seq > t->next_seq || audit.count != t->next_seq - t->first_seq)
        return RC_INTEGRITY;
    if (audit.count && (audit.first != t->first_seq || audit.last + 1 != t->next_seq))
        return RC_INTEGRITY;
    return RC_OK;
}

static int
put_first_totals(struct store *s, MDB_txn *txn)
{
    uint8_t raw[TOTALS_SIZE];
    MDB_val key = store_totals_key(), value = {sizeof(raw), raw};

    totals_write(&(struct totals){.next_id = 1}, raw);
    return mdb_put(txn, s->meta, &key, &value, MDB_NOOVERWRITE);
}

static enum rc
open_databases(struct store *s)
{
    bool ro = s->o.read_only;
    unsigned flags = ro ? 0 : MDB_CREATE;
    MDB_txn *txn;
    int e = mdb_txn_begin(s->env, NULL, ro ? MDB_RDONLY : 0, &txn);

    if (e)
        return store_rc(e);
    if ((e = mdb_dbi_open(txn, "payload", flags, &s->payload)) || (e = mdb_dbi_open(txn, "audit", flags, &s->audit)) ||
        (e = mdb_dbi_open(txn, "meta", flags, &s->meta)))
        goto fail;
    if (!ro && (e = put_first_totals(s, txn)) && e != MDB_KEYEXIST)
        goto fail;
    e = mdb_txn_commit(txn); /* of a read-only one too: it keeps the handles */
    return store_rc(e);
fail:
    mdb_txn_abort(txn);
    return store_rc(e);
}

static enum rc
load_and_check(struct store *s)
{
    MDB_txn *txn;
    int e = store_read_begin(s, &txn);

    if (e)
        return store_rc(e);
    enum rc rc = totals_get(s, txn, &s->totals);

    if (rc == RC_OK && !s->o.read_only)
        rc = check_contents(s, txn);
    mdb_txn_abort(txn);
    return rc == RC_NOT_FOUND ? RC_INTEGRITY : rc;
}

/*
 * A file cut short would kill us with SIGBUS when a lost page is read. Given its length back, it reads as zeros there, which LMDB and the CRCs refuse. (A sound file may be a
 * little short too: pages taken and returned in one transaction are never written.)
 */
static int
restore_length(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;

    if (mdb_env_info(env, &info) || mdb_env_stat(env, &st) || mdb_env_get_fd(env, &fd) || fstat(fd, &file))
        return EIO;
    off_t least = (off_t)(info.me_last_pgno + 1) * st.ms_psize;

    return file.st_size < least && ftruncate(fd, least) ? errno : 0;
}

/* mdb_env_info tells the address of fixed maps only: look for a mapping of our file and size. */
static void
find_map(struct store *s)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    MDB_envinfo info;
    struct stat file;
    char line[4096];
    int fd;

    if (!maps)
        return;
    if (mdb_env_info(s->env, &info) == 0 && mdb_env_get_fd(s->env, &fd) == 0 && fstat(fd, &file) == 0) {
        while (!s->map && fgets(line, sizeof(line), maps)) {
            uintptr_t from, to;
            unsigned long long inode;

            /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
            if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " r--s 0%*[0] %*s %llu", &from, &to, &inode) == 3 && inode == file.st_ino &&
                to - from == info.me_mapsize) {
                s->map = (void *)from; /* NOLINT(performance-no-int-to-ptr) */
                s->map_bytes = to - from;
            }
        }
    }
    fclose(maps);
}

static int
make_durable(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno;
    int e = fsync(fd) ? errno : 0;

    close(fd);
    return e;
}

static int
open_env(struct store *s)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t map = MAP_FACTOR * (s->o.max_bytes + s->o.audit_max_bytes) + MAP_EXTRA;
    int e = mdb_env_create(&s->env);

    if (e || (e = mdb_env_set_maxdbs(s->env, 3)) || (e = mdb_env_set_maxreaders(s->env, READERS_MAX)))
        return e;
    if (!s->o.read_only && (e = mdb_env_set_mapsize(s->env, (size_t)(map / page * page))))
        return e;
    e = mdb_env_open(s->env, s->o.dir, MDB_NOTLS | (s->o.read_only ? MDB_RDONLY : 0), 0600);
    if (e || s->o.read_only)
        return e;
    return (e = restore_length(s->env)) ? e : make_durable(s->o.dir);
}

static enum rc
replay_wal(struct store *s)
{
    enum rc rc = wal_replay(&s->wal, s->totals.next_seq, s->o.entries_below);
    uint64_t next = s->totals.next_seq + s->wal.count;

    if (rc != RC_OK || next >= s->o.entries_below)
        return rc;
    enum wal_mended mended = wal_mend(&s->wal, next);

    s->found = mended == WAL_TORN ? "torn" : mended == WAL_MENDED ? "mended" : NULL;
    if (mended == WAL_TORN)
        log_event(LOG_JOURNAL_TORN, LOG_NUM("seq", next));
    if (mended != WAL_MENDED)
        return RC_OK;
    rc = wal_replay(&s->wal, s->totals.next_seq, s->o.entries_below);
    log_event(LOG_JOURNAL_MENDED, LOG_NUM("seq", next), LOG_NUM("entries", s->totals.next_seq + s->wal.count - next));
    return rc;
}

/* What an earlier run left ahead of LMDB goes there. */
static enum rc
open_wal(struct store *s)
{
    int e = wal_open(&s->wal, s->o.dir, s->o.read_only);

    s->now = s->totals;
    if (e || s->o.read_only)
        return store_rc(e);
    enum rc rc = replay_wal(s);

    if (rc == RC_OK && s->o.entries_below != UINT64_MAX && s->totals.next_seq + s->wal.count < s->o.entries_below)
        rc = RC_INTEGRITY; /* what was answered for is gone: its numbers are not given away again, and what can be read of the file stays as it is */
    if (rc == RC_OK && store_is_ahead(s))
        rc = store_commit(s, NULL, 0);
    if (rc == RC_OK && store_is_ahead(s))
        rc = RC_FULL;
    if (rc == RC_OK)
        rc = store_rc(wal_clear(&s->wal));
    return rc == RC_OK ? store_rc(make_durable(s->o.dir)) : rc;
}

/* A reader leaves them to the gate that has them open; what one that starts meanwhile changes is no damage. */
static enum rc
look_at_pages(const char *dir, bool read_only, struct errs *es)
{
    struct damage d = {0};
    enum rc rc = read_only && !owner_is_absent(dir) ? RC_OK : pages_check(dir, &d);

    if (rc == RC_INTEGRITY && read_only && !owner_is_absent(dir))
        return RC_OK;
    if (rc == RC_INTEGRITY)
        errs_add(
            es, ERR_ERROR, rc, 0, (struct err_pos){.file = dir}, "journal: data.mdb was changed or damaged at page %" PRIu64 ": %s", d.page, d.what);
    else if (rc != RC_OK)
        complain(es, dir, rc, "look at its pages", 0);
    return rc;
}

enum rc
store_open(const struct store_options *o, struct store **out, struct errs *es)
{
    struct store *s = calloc(1, sizeof(*s));
    enum rc rc;
    int e;

    if (!s)
        return complain(es, o->dir, RC_NOMEM, "open", ENOMEM);
    s->o = *o;
    s->wal.fd = -1;
    if ((rc = look_at_pages(o->dir, o->read_only, es)) != RC_OK)
        goto fail;
    if ((e = open_env(s))) {
        rc = complain(
            es, o->dir, store_rc(e), e == ENOMEM ? "open: its address space, three times journal.max_size_mib and audit.max_size_mib" : "open", e);
        goto fail;
    }
    rc = open_databases(s);
    if (rc != RC_OK) {
        complain(es, o->dir, rc, "read its databases", 0);
        goto fail;
    }
    find_map(s);
    rc = load_and_check(s);
    if (rc != RC_OK) {
        complain(es, o->dir, rc, "check its contents", 0);
        goto fail;
    }
    rc = open_wal(s);
    if (rc != RC_OK) {
        complain(es, o->dir, rc, "take over the entries of its write-ahead file", 0);
        goto fail;
    }
    *out = s;
    return RC_OK;
fail:
    store_close(s);
    return rc == RC_FULL ? RC_IO : rc;
}

void
store_close(struct store *s)
{
    if (!s)
        return;
    wal_close(&s->wal);
    if (s->env)
        mdb_env_close(s->env);
    free(s);
}

const struct totals *
store_totals(const struct store *s)
{
    return &s->totals;
}

const struct totals *
store_now(const struct store *s)
{
    return &s->now;
}

bool
store_is_ahead(const struct store *s)
{
    return s->wal.count > 0;
}

const char *
store_found(const struct store *s)
{
    return s->found;
}
