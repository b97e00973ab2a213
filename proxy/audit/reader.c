#include "reader_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHED_TILES 16
#define RETENTION_HEAD "spangate retention v1\n"

struct cached {
    struct tile t; /* width 0: empty */
    struct tree_hash hash[TILE_WIDTH];
};

struct reader {
    int folder;
    char *dir;
    struct buf note;
    struct checkpoint checkpoint;
    struct retention retention;
    struct cached *cache; /* by level and number: neighbours of a proof stand in different slots */
    char where[192];
};

/* Read loosely; the text is right when it is the one that would be written. */
enum rc
retention_parse(struct str text, struct retention *r)
{
    struct buf again = BUF_INIT(256);
    unsigned long long until = 0, entry = 0;
    char copy[128];

    if (text.len >= sizeof(copy))
        return RC_MALFORMED;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    (void)sscanf(copy, RETENTION_HEAD "until %20llu\nentry %20llu\n", &until, &entry); /* NOLINT(cert-err34-c) */
    enum rc rc = retention_print((struct retention){until, entry}, &again);

    if (rc == RC_OK && (!str_eq(buf_str(&again), text) || until % TILE_WIDTH != 0))
        rc = RC_MALFORMED;
    if (rc == RC_OK)
        *r = (struct retention){until, entry};
    buf_free(&again);
    return rc;
}

enum rc
retention_print(struct retention r, struct buf *out)
{
    return buf_printf(out, RETENTION_HEAD "until %llu\nentry %llu\n", (unsigned long long)r.until, (unsigned long long)r.entry);
}

static enum rc
complain(struct errs *es, const char *dir, enum rc rc, const char *what)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = dir}, "audit log: %s", what);
    return rc;
}

/* -- files ------------------------------------------------------------------------------------------------------------------------ */

static enum rc
read_fd(int fd, size_t max, struct buf *out)
{
    struct stat st;
    enum rc rc = RC_IO;

    if (fstat(fd, &st) != 0)
        return rc;
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
        return RC_INTEGRITY;
    rc = buf_reserve(out, (size_t)st.st_size + 1);
    for (size_t got = 0; rc == RC_OK;) {
        ssize_t n = read(fd, out->ptr + out->len, (size_t)st.st_size + 1 - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? RC_IO : RC_OK;
        got += (size_t)n;
        out->len += (size_t)n;
        if (got > (size_t)st.st_size)
            return RC_INTEGRITY; /* it grows: no file of a log does */
    }
    return rc;
}

static enum rc
read_at(int folder, const char *path, size_t max, struct buf *out)
{
    size_t start = out->len;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? RC_NOT_FOUND : errno == ELOOP || errno == ENXIO ? RC_INTEGRITY : RC_IO; /* no file at all */
    enum rc rc = read_fd(fd, max, out);

    close(fd);
    if (rc != RC_OK)
        out->len = start;
    return rc;
}

enum rc
reader_file(const struct reader *r, const char *path, size_t max, struct buf *out)
{
    return read_at(r->folder, path, max, out);
}

static enum rc
at(struct reader *r, enum rc rc, struct tile t, const char *what)
{
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    snprintf(r->where, sizeof(r->where), "%s: %s", path, what);
    return rc;
}

/* Cut what was appended from start on to the first width elements; false when it has not got them. */
static bool
cut_to(struct tile t, struct buf *out, size_t start)
{
    struct str rest = str_sub(buf_str(out), start, out->len), entry;

    if (t.level != TILE_BUNDLE) {
        bool enough = rest.len >= (size_t)t.width * TREE_HASH;

        out->len = enough ? start + (size_t)t.width * TREE_HASH : out->len;
        return enough;
    }
    for (unsigned i = 0; i < t.width; i++)
        if (!tile_bundle_next(&rest, &entry))
            return false;
    out->len = (size_t)(rest.ptr - out->ptr);
    return true;
}

static bool
fits(struct tile t, struct buf *out, size_t start)
{
    size_t before = out->len;

    return cut_to(t, out, start) && out->len == before;
}

/* tlog-tiles "Partial Tiles": they may be removed once the full one is there. */
static enum rc
load_wider(struct reader *r, struct tile t, struct buf *out)
{
    size_t start = out->len;
    char path[TILE_PATH_MAX];

    for (struct tile wide = {t.level, t.n, TILE_WIDTH}; wide.width > t.width; wide.width--) {
        tile_path(wide, path);
        enum rc rc = read_at(r->folder, path, TILE_BUNDLE_MAX, out);

        if (rc == RC_NOT_FOUND)
            continue;
        if (rc != RC_OK)
            return at(r, rc, wide, "cannot be read");
        if (fits(wide, out, start) && cut_to(t, out, start))
            return RC_OK;
        out->len = start;
        return at(r, RC_INTEGRITY, wide, "is damaged");
    }
    return at(r, RC_NOT_FOUND, t, "is not there");
}

enum rc
reader_load(struct reader *r, struct tile t, struct buf *out)
{
    size_t start = out->len;
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    enum rc rc = read_at(r->folder, path, TILE_BUNDLE_MAX, out);

    if (rc == RC_NOT_FOUND && t.width < TILE_WIDTH)
        return load_wider(r, t, out);
    if (rc == RC_OK && !fits(t, out, start)) {
        out->len = start;
        rc = RC_INTEGRITY;
    }
    return rc == RC_OK ? RC_OK : at(r, rc, t, rc == RC_NOT_FOUND ? "is not there" : rc == RC_INTEGRITY ? "is damaged" : "cannot be read");
}

/* -- life ------------------------------------------------------------------------------------------------------------------------- */

static enum rc
load_checkpoint(int folder, struct buf *text, struct checkpoint *c)
{
    struct note n;
    enum rc rc = read_at(folder, READER_CHECKPOINT, NOTE_MAX, text);

    if (rc == RC_OK)
        rc = note_parse(buf_str(text), &n);
    if (rc == RC_OK)
        rc = checkpoint_parse(n.body, c);
    return rc == RC_MALFORMED || rc == RC_LIMIT ? RC_INTEGRITY : rc;
}

static enum rc
load_retention(int folder, struct retention *r)
{
    struct buf text = BUF_INIT(4096);
    enum rc rc = read_at(folder, READER_RETENTION, 256, &text);

    *r = (struct retention){0};
    if (rc == RC_OK)
        rc = retention_parse(buf_str(&text), r);
    buf_free(&text);
    return rc == RC_NOT_FOUND ? RC_OK : rc == RC_MALFORMED ? RC_INTEGRITY : rc;
}

enum rc
reader_refresh(struct reader *r)
{
    struct buf text = BUF_INIT((size_t)NOTE_MAX + 1);
    struct checkpoint c;
    struct retention kept;
    enum rc rc = load_checkpoint(r->folder, &text, &c);

    if (rc == RC_OK)
        rc = load_retention(r->folder, &kept); /* after the checkpoint, which covers the entry that it names */
    if (rc != RC_OK) {
        buf_free(&text);
        return rc;
    }
    buf_free(&r->note);
    r->note = text;
    r->checkpoint = c;
    r->retention = kept;
    return RC_OK;
}

enum rc
reader_open(const char *dir, struct reader **out, struct errs *es)
{
    struct reader *r = calloc(1, sizeof(*r));

    if (!r)
        return complain(es, dir, RC_NOMEM, rc_text(RC_NOMEM));
    r->dir = strdup(dir);
    r->cache = calloc(CACHED_TILES, sizeof(*r->cache));
    r->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum rc rc = !r->dir || !r->cache ? RC_NOMEM : r->folder < 0 ? (errno == ENOENT || errno == ENOTDIR ? RC_NOT_FOUND : RC_IO) : reader_refresh(r);

    if (rc != RC_OK) {
        complain(es, dir, rc,
            rc == RC_NOT_FOUND   ? "there is none (no file \"checkpoint\")"
            : rc == RC_INTEGRITY ? "its checkpoint or retention file is not one"
                                 : rc_text(rc));
        reader_close(r);
        return rc;
    }
    *out = r;
    return RC_OK;
}

void
reader_close(struct reader *r)
{
    if (!r)
        return;
    if (r->folder >= 0)
        close(r->folder);
    buf_free(&r->note);
    free(r->cache);
    free(r->dir);
    free(r);
}

struct str
reader_note(const struct reader *r)
{
    return buf_str(&r->note);
}

const struct checkpoint *
reader_checkpoint(const struct reader *r)
{
    return &r->checkpoint;
}

uint64_t
reader_first(const struct reader *r)
{
    return r->retention.until;
}

const char *
reader_where(const struct reader *r)
{
    return r->where;
}

int
reader_folder(const struct reader *r)
{
    return r->folder;
}

struct retention
reader_retention(const struct reader *r)
{
    return r->retention;
}

/* -- entries ---------------------------------------------------------------------------------------------------------------------- */

static struct tile
bundle_of(const struct reader *r, uint64_t index)
{
    uint64_t n = index / TILE_WIDTH, left = r->checkpoint.tree.size - n * TILE_WIDTH;

    return (struct tile){TILE_BUNDLE, n, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH};
}

struct span_of {
    uint64_t from, to;
    bool (*fn)(void *arg, uint64_t index, struct str entry);
    void *arg;
};

/* false: fn has had enough. */
static bool
walk_bundle(uint64_t first, struct str rest, const struct span_of *s)
{
    struct str entry;

    for (uint64_t i = first; i < s->to && tile_bundle_next(&rest, &entry); i++)
        if (i >= s->from && !s->fn(s->arg, i, entry))
            return false;
    return true;
}

enum rc
reader_entries(struct reader *r, uint64_t from, uint64_t to, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg)
{
    struct span_of s = {from, to < r->checkpoint.tree.size ? to : r->checkpoint.tree.size, fn, arg};
    struct buf bytes = BUF_INIT(TILE_BUNDLE_MAX + 1);
    enum rc rc = RC_OK;

    s.from = s.from > r->retention.until ? s.from : r->retention.until;
    for (uint64_t i = s.from; i < s.to;) {
        struct tile t = bundle_of(r, i);

        buf_clear(&bytes);
        rc = reader_load(r, t, &bytes);
        if (rc == RC_NOT_FOUND) { /* retention may have moved on since the file was read */
            struct retention now;

            if (load_retention(r->folder, &now) == RC_OK && now.until > i) {
                r->retention = now;
                i = now.until;
                rc = RC_OK;
                continue;
            }
            rc = RC_INTEGRITY;
        }
        if (rc != RC_OK || !walk_bundle(t.n * TILE_WIDTH, buf_str(&bytes), &s))
            break;
        i = (t.n + 1) * TILE_WIDTH;
    }
    buf_free(&bytes);
    return rc;
}

struct taken {
    struct buf *out;
    enum rc rc;
};

static bool
take_entry(void *arg, uint64_t index, struct str entry)
{
    struct taken *t = arg;

    (void)index;
    t->rc = buf_append(t->out, entry);
    return true;
}

enum rc
reader_entry(struct reader *r, uint64_t index, struct buf *out)
{
    struct taken t = {out, RC_NOT_FOUND};

    if (index >= r->checkpoint.tree.size)
        return RC_NOT_FOUND;
    enum rc rc = reader_entries(r, index, index + 1, take_entry, &t);

    return rc == RC_OK ? t.rc : rc;
}

/* -- proofs ----------------------------------------------------------------------------------------------------------------------- */

static enum rc
load_hashes(struct reader *r, struct tile t, struct cached *slot)
{
    struct buf bytes = BUF_INIT(TILE_BUNDLE_MAX + 1);
    enum rc rc = reader_load(r, t, &bytes);

    slot->t.width = 0;
    if (rc == RC_OK) {
        memcpy(slot->hash, bytes.ptr, (size_t)t.width * TREE_HASH);
        slot->t = t;
    }
    buf_free(&bytes);
    return rc == RC_NOT_FOUND ? RC_INTEGRITY : rc;
}

static enum rc
node_from_tiles(void *arg, unsigned level, uint64_t index, struct tree_hash *out)
{
    struct reader *r = arg;
    int tile_level = (int)(level / TILE_HEIGHT);
    unsigned inside = level % TILE_HEIGHT, count = 1u << inside;
    uint64_t first = index << inside, nodes = tile_nodes(r->checkpoint.tree.size, tile_level), n = first / TILE_WIDTH;
    struct tile t = {tile_level, n, nodes - n * TILE_WIDTH < TILE_WIDTH ? (unsigned)(nodes - n * TILE_WIDTH) : TILE_WIDTH};
    struct cached *slot = &r->cache[((unsigned)tile_level + n * 3) % CACHED_TILES];
    struct tree_hash row[TILE_WIDTH];

    if (tile_level >= TILE_LEVELS || first + count > nodes)
        return RC_NOT_FOUND;
    enum rc rc = slot->t.width >= t.width && slot->t.level == t.level && slot->t.n == n ? RC_OK : load_hashes(r, t, slot);

    if (rc != RC_OK)
        return rc;
    memcpy(row, slot->hash + first % TILE_WIDTH, (size_t)count * TREE_HASH);
    for (; count > 1; count /= 2)
        for (unsigned i = 0; i < count; i += 2)
            tree_node(&row[i], &row[i + 1], &row[i / 2]);
    *out = row[0];
    return RC_OK;
}

struct tree_source
reader_tree(struct reader *r)
{
    return (struct tree_source){node_from_tiles, r};
}

enum rc
reader_prove(struct reader *r, uint64_t index, struct buf *out)
{
    const struct tree_source s = reader_tree(r);
    struct record_proof p = {.index = index, .checkpoint = reader_note(r)};

    if (index >= r->checkpoint.tree.size)
        return RC_NOT_FOUND;
    enum rc rc = tree_prove_inclusion(&s, index, r->checkpoint.tree.size, &p.inclusion);

    return rc == RC_OK ? record_proof_print(&p, out) : rc;
}
