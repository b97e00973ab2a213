/*
 * The open tile of each level is in memory (a row), and the open bundle. A row that is full is written, its root goes into the row above.
 */
#include "audit/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/tile.h"
#include "base/secret.h"
#include "files_int.h"
#include "reader_int.h"

#define BUNDLE_RESERVE ((size_t)256 << 10)
#define QUEUE_MAX 64
#define BEYOND_MISSING_MAX 128 /* files are written in order; so many missing in a row: there are no more */

/* A full tile that waits until the bundles that it is about are on disk. */
struct queued {
    struct tile t;
    struct tree_hash hash[TILE_WIDTH];
};

struct row {
    uint64_t nodes; /* at this level, those of full tiles too; row holds the last nodes % 256 */
    struct tree_hash hash[TILE_WIDTH];
};

struct writer {
    struct files files;
    struct row row[TILE_LEVELS];
    struct buf bundle;
    struct queued *queue;
    unsigned queue_count;
    uint64_t flushed;                  /* size at the last flush */
    struct tree_state published;       /* size 0 and no note: none yet */
    uint64_t cleaned[TILE_LEVELS + 1]; /* full tiles at each level whose forerunners' partial files are gone; the last are bundles */
    struct buf note;
    struct retention retention;
};

static enum rc
complain(struct errs *es, const char *dir, enum rc rc, const char *what)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = dir}, "audit log: %s", what);
    return rc;
}

static struct str
row_bytes(const struct row *r, unsigned width)
{
    return (struct str){(const char *)r->hash, (size_t)width * TREE_HASH};
}

static enum rc
write_tile(struct writer *w, struct tile t, struct str bytes)
{
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    return files_write(&w->files, path, bytes);
}

/* -- append ----------------------------------------------------------------------------------------------------------------------- */

/* The root over 256 hashes; they are used up. */
static void
row_root(struct tree_hash *hash, struct tree_hash *root)
{
    for (unsigned n = TILE_WIDTH; n > 1; n /= 2)
        for (unsigned i = 0; i < n; i += 2)
            tree_node(&hash[i], &hash[i + 1], &hash[i / 2]);
    *root = hash[0];
}

/* Bundles, files and folders, then the tiles. */
static enum rc
settle(struct writer *w)
{
    enum rc rc = files_sync(&w->files);

    for (unsigned i = 0; i < w->queue_count && rc == RC_OK; i++)
        rc = write_tile(w, w->queue[i].t, (struct str){(const char *)w->queue[i].hash, TILE_BYTES});
    w->queue_count = 0;
    return rc == RC_OK ? files_sync(&w->files) : rc;
}

/* Put a hash at the end of a row; when that fills it, its tile is queued and its root goes one level up. */
static enum rc
push(struct writer *w, const struct tree_hash *leaf)
{
    struct tree_hash h = *leaf;

    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct row *r = &w->row[level];

        r->hash[r->nodes++ % TILE_WIDTH] = h;
        if (r->nodes % TILE_WIDTH)
            return RC_OK;
        enum rc rc = w->queue_count == QUEUE_MAX ? settle(w) : RC_OK;

        if (rc != RC_OK)
            return rc;
        struct queued *q = &w->queue[w->queue_count++];

        q->t = (struct tile){(int)level, r->nodes / TILE_WIDTH - 1, TILE_WIDTH};
        memcpy(q->hash, r->hash, sizeof(q->hash));
        row_root(r->hash, &h);
    }
    return RC_FULL;
}

enum rc
writer_append(struct writer *w, struct str entry)
{
    char len[2] = {(char)(entry.len >> 8), (char)entry.len};
    struct tree_hash leaf;
    enum rc rc = entry.len > 0 && entry.len <= TILE_ENTRY_MAX ? buf_append(&w->bundle, (struct str){len, 2}) : RC_TOO_LARGE;

    if (rc == RC_OK)
        rc = buf_append(&w->bundle, entry);
    if (rc != RC_OK)
        return rc;
    tree_leaf(entry, &leaf);
    uint64_t n = w->row[0].nodes;

    if (n % TILE_WIDTH == TILE_WIDTH - 1) { /* entries before the hashes of them */
        rc = write_tile(w, (struct tile){TILE_BUNDLE, n / TILE_WIDTH, TILE_WIDTH}, buf_str(&w->bundle));
        buf_clear(&w->bundle);
    }
    return rc == RC_OK ? push(w, &leaf) : rc;
}

uint64_t
writer_size(const struct writer *w)
{
    return w->row[0].nodes;
}

/* -- flush and publish ------------------------------------------------------------------------------------------------------------ */

static enum rc
write_partials(struct writer *w)
{
    uint64_t size = writer_size(w);
    enum rc rc = RC_OK;

    for (int level = 0; level < TILE_LEVELS && rc == RC_OK; level++) {
        uint64_t nodes = tile_nodes(size, level);

        if (nodes % TILE_WIDTH && nodes != tile_nodes(w->flushed, level))
            rc = write_tile(w, (struct tile){level, nodes / TILE_WIDTH, (unsigned)(nodes % TILE_WIDTH)},
                row_bytes(&w->row[level], (unsigned)(nodes % TILE_WIDTH)));
    }
    return rc;
}

enum rc
writer_flush(struct writer *w)
{
    uint64_t size = writer_size(w);
    enum rc rc = RC_OK;

    if (size == w->flushed)
        return RC_OK;
    if (size % TILE_WIDTH)
        rc = write_tile(w, (struct tile){TILE_BUNDLE, size / TILE_WIDTH, (unsigned)(size % TILE_WIDTH)}, buf_str(&w->bundle));
    if (rc == RC_OK)
        rc = settle(w);
    if (rc == RC_OK)
        rc = write_partials(w);
    if (rc == RC_OK)
        rc = files_sync(&w->files);
    if (rc == RC_OK)
        w->flushed = size;
    return rc;
}

/* From the path of a tile to that of the folder of its partial forms; there is room for it. */
static void
partial_folder(char path[TILE_PATH_MAX + 8])
{
    memcpy(path + strlen(path), ".p", sizeof(".p"));
}

/* Partial files of the tile before the last full one are of no use to anybody: the full one was there for a whole tile's time. */
static enum rc
remove_partials(struct writer *w, int level)
{
    uint64_t full = tile_nodes(w->published.size, level) / TILE_WIDTH, *done = &w->cleaned[level == TILE_BUNDLE ? TILE_LEVELS : level];
    char path[TILE_PATH_MAX + 8];
    enum rc rc = RC_OK;

    for (; *done + 1 < full && rc == RC_OK; ++*done) {
        tile_path((struct tile){level, *done, TILE_WIDTH}, path);
        partial_folder(path);
        rc = files_remove_folder(&w->files, path);
    }
    return rc;
}

static enum rc
checkpoint_of(struct str note, struct checkpoint *c)
{
    struct note n;
    enum rc rc = note_parse(note, &n);

    return rc == RC_OK ? checkpoint_parse(n.body, c) : rc;
}

enum rc
writer_publish(struct writer *w, struct str note)
{
    struct checkpoint c;
    struct tree_state now;
    struct buf copy = BUF_INIT(NOTE_MAX);
    enum rc rc = checkpoint_of(note, &c);

    if (rc == RC_OK)
        rc = writer_state(w, &now);
    if (rc == RC_OK)
        rc = w->flushed == now.size && c.tree.size == now.size && tree_equal(&c.tree.root, &now.root) ? buf_append(&copy, note) : RC_USAGE;
    if (rc == RC_OK)
        rc = files_replace(&w->files, READER_CHECKPOINT, note);
    if (rc != RC_OK) {
        buf_free(&copy);
        return rc;
    }
    buf_free(&w->note);
    w->note = copy;
    w->published = now;
    for (int level = TILE_BUNDLE; level < TILE_LEVELS && rc == RC_OK; level++)
        rc = remove_partials(w, level);
    return rc;
}

const struct tree_state *
writer_published(const struct writer *w)
{
    return &w->published;
}

struct str
writer_note(const struct writer *w)
{
    return buf_str(&w->note);
}

/* -- the tree --------------------------------------------------------------------------------------------------------------------- */

static void
fold(struct tree_hash *row, unsigned count)
{
    for (; count > 1; count /= 2)
        for (unsigned i = 0; i < count; i += 2)
            tree_node(&row[i], &row[i + 1], &row[i / 2]);
}

/* From the row when it is in there, else from the file of the full tile. */
static enum rc
node_of_writer(void *arg, unsigned level, uint64_t index, struct tree_hash *out)
{
    struct writer *w = arg;
    unsigned tile_level = level / TILE_HEIGHT, inside = level % TILE_HEIGHT, count = 1u << inside;
    uint64_t first = index << inside, n = first / TILE_WIDTH;
    struct tree_hash hash[TILE_WIDTH];
    char path[TILE_PATH_MAX];

    if (tile_level >= TILE_LEVELS || first + count > w->row[tile_level].nodes)
        return RC_USAGE;
    if (n == w->row[tile_level].nodes / TILE_WIDTH) {
        memcpy(hash, w->row[tile_level].hash + first % TILE_WIDTH, (size_t)count * TREE_HASH);
    } else {
        tile_path((struct tile){(int)tile_level, n, TILE_WIDTH}, path);
        int fd = openat(w->files.folder, path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            return errno == ENOENT ? RC_INTEGRITY : RC_IO;
        ssize_t got = pread(fd, hash, (size_t)count * TREE_HASH, (off_t)(first % TILE_WIDTH * TREE_HASH));

        close(fd);
        if (got != (ssize_t)((size_t)count * TREE_HASH))
            return got < 0 ? RC_IO : RC_INTEGRITY;
    }
    fold(hash, count);
    *out = hash[0];
    return RC_OK;
}

enum rc
writer_root_at(struct writer *w, uint64_t size, struct tree_hash *root)
{
    const struct tree_source s = {node_of_writer, w};

    return size <= writer_size(w) ? tree_root(&s, size, root) : RC_USAGE;
}

enum rc
writer_state(struct writer *w, struct tree_state *now)
{
    struct tree_state out = {.size = writer_size(w)};
    enum rc rc = writer_root_at(w, out.size, &out.root);

    if (rc == RC_OK)
        *now = out;
    return rc;
}

enum rc
writer_prove(struct writer *w, uint64_t old, struct tree_proof *proof)
{
    const struct tree_source s = {node_of_writer, w};

    return tree_prove_consistency(&s, old, writer_size(w), proof);
}

/* -- retention -------------------------------------------------------------------------------------------------------------------- */

/* The bundle and what may be left of its partial forms. */
static enum rc
remove_bundle(struct writer *w, uint64_t n)
{
    char path[TILE_PATH_MAX + 8];

    tile_path((struct tile){TILE_BUNDLE, n, TILE_WIDTH}, path);
    enum rc rc = files_remove(&w->files, path);

    partial_folder(path);
    return rc == RC_OK ? files_remove_folder(&w->files, path) : rc;
}

enum rc
writer_keep_from(struct writer *w, uint64_t until, uint64_t entry)
{
    struct retention r = {until, entry};
    uint64_t from = w->retention.until;
    struct buf text = BUF_INIT(256);

    if (until % TILE_WIDTH || until < from || until > w->published.size || entry >= w->published.size)
        return RC_USAGE;
    enum rc rc = retention_print(r, &text);

    if (rc == RC_OK)
        rc = files_replace(&w->files, READER_RETENTION, buf_str(&text));
    buf_free(&text);
    if (rc == RC_OK)
        w->retention = r;
    for (uint64_t n = from / TILE_WIDTH; n < until / TILE_WIDTH && rc == RC_OK; n++)
        rc = remove_bundle(w, n);
    return rc;
}

uint64_t
writer_first(const struct writer *w)
{
    return w->retention.until;
}

/* -- open ------------------------------------------------------------------------------------------------------------------------- */

static enum rc
check_signed(const struct writer_options *o, struct str note)
{
    struct note n;
    struct checkpoint c;
    enum rc rc = note_parse(note, &n);

    if (rc == RC_OK)
        rc = checkpoint_parse(n.body, &c);
    if (rc != RC_OK)
        return RC_INTEGRITY;
    for (size_t i = 0; i < o->key_count; i++) {
        if (!str_eq(c.origin, str_of(o->keys[i].name)))
            continue;
        rc = note_check(&n, &o->keys[i], NULL);
        if (rc != RC_NOT_FOUND)
            return rc;
    }
    return RC_INTEGRITY;
}

static enum rc
load_rows(struct writer *w, struct reader *r, uint64_t size)
{
    struct buf bytes = BUF_INIT(TILE_BUNDLE_MAX + 1);
    enum rc rc = RC_OK;

    for (int level = 0; level < TILE_LEVELS && rc == RC_OK; level++) {
        uint64_t nodes = tile_nodes(size, level);
        unsigned width = (unsigned)(nodes % TILE_WIDTH);

        w->row[level].nodes = nodes;
        w->cleaned[level] = nodes / TILE_WIDTH;
        buf_clear(&bytes);
        if (width)
            rc = reader_load(r, (struct tile){level, nodes / TILE_WIDTH, width}, &bytes);
        if (width && rc == RC_OK)
            memcpy(w->row[level].hash, bytes.ptr, (size_t)width * TREE_HASH);
    }
    w->cleaned[TILE_LEVELS] = size / TILE_WIDTH;
    if (rc == RC_OK && size % TILE_WIDTH)
        rc = reader_load(r, (struct tile){TILE_BUNDLE, size / TILE_WIDTH, (unsigned)(size % TILE_WIDTH)}, &w->bundle);
    buf_free(&bytes);
    return rc == RC_NOT_FOUND ? RC_INTEGRITY : rc;
}

/* Hashes of the entries in the open bundle against the open tile. */
static enum rc
check_bundle(const struct writer *w)
{
    struct str rest = buf_str(&w->bundle), entry;

    for (unsigned i = 0; i < w->row[0].nodes % TILE_WIDTH; i++) {
        struct tree_hash leaf;

        if (!tile_bundle_next(&rest, &entry))
            return RC_INTEGRITY;
        tree_leaf(entry, &leaf);
        if (!tree_equal(&leaf, &w->row[0].hash[i]))
            return RC_INTEGRITY;
    }
    return rest.len ? RC_INTEGRITY : RC_OK;
}

static enum rc
load(struct writer *w, const struct writer_options *o, struct errs *es)
{
    struct reader *r;
    struct tree_state now;
    struct errs none = {0};
    enum rc rc = reader_open(o->dir, &r, &none);

    errs_free(&none);
    if (rc == RC_NOT_FOUND)
        return RC_OK;
    if (rc != RC_OK)
        return complain(es, o->dir, rc, "its checkpoint cannot be read");
    rc = check_signed(o, reader_note(r));
    if (rc != RC_OK) {
        complain(es, o->dir, rc, "its checkpoint is not signed by this gate's key");
        goto end;
    }
    w->published = reader_checkpoint(r)->tree;
    w->retention = reader_retention(r);
    w->flushed = w->published.size;
    rc = buf_append(&w->note, reader_note(r));
    if (rc == RC_OK)
        rc = load_rows(w, r, w->published.size);
    if (rc == RC_OK)
        rc = check_bundle(w);
    if (rc == RC_OK)
        rc = writer_state(w, &now);
    if (rc == RC_OK && !tree_equal(&now.root, &w->published.root))
        rc = RC_INTEGRITY;
    if (rc != RC_OK)
        complain(es, o->dir, rc, *reader_where(r) ? reader_where(r) : "the newest tiles do not have the root that the checkpoint says");
end:
    reader_close(r);
    return rc;
}

static bool
exists(const struct writer *w, const char *path)
{
    return faccessat(w->files.folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What was being written when we were stopped, at one level: it may be cut short, and would be taken for a former state once the log has grown past it. */
static enum rc
clear_level(struct writer *w, int level)
{
    uint64_t nodes = tile_nodes(w->published.size, level);
    char path[TILE_PATH_MAX + 8];
    enum rc rc = RC_OK;

    for (unsigned width = (unsigned)(nodes % TILE_WIDTH) + 1; width < TILE_WIDTH && rc == RC_OK; width++) {
        tile_path((struct tile){level, nodes / TILE_WIDTH, width}, path);
        rc = files_remove(&w->files, path);
    }
    for (uint64_t n = nodes / TILE_WIDTH, missing = 0; missing < BEYOND_MISSING_MAX && rc == RC_OK; n++, missing++) {
        tile_path((struct tile){level, n, TILE_WIDTH}, path);
        if (exists(w, path)) {
            rc = files_remove(&w->files, path);
            missing = 0;
        }
        partial_folder(path);
        if (rc == RC_OK && n > nodes / TILE_WIDTH && exists(w, path)) {
            rc = files_remove_folder(&w->files, path);
            missing = 0;
        }
    }
    return rc;
}

/* Bundles that retention was about to remove: it goes upwards, so that what is left ends where the kept ones begin. */
static enum rc
clear_removed(struct writer *w)
{
    char path[TILE_PATH_MAX];
    enum rc rc = RC_OK;

    for (uint64_t n = w->retention.until / TILE_WIDTH; n-- > 0 && rc == RC_OK;) {
        tile_path((struct tile){TILE_BUNDLE, n, TILE_WIDTH}, path);
        if (!exists(w, path))
            break;
        rc = remove_bundle(w, n);
    }
    return rc;
}

static enum rc
clear_beyond(struct writer *w, const char *dir, struct errs *es)
{
    enum rc rc = clear_removed(w);

    for (int level = TILE_BUNDLE; level < TILE_LEVELS && rc == RC_OK; level++)
        rc = clear_level(w, level);
    return rc == RC_OK ? RC_OK : complain(es, dir, rc, "what was left half written cannot be removed");
}

enum rc
writer_open(const struct writer_options *o, struct writer **out, struct errs *es)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (!w)
        return complain(es, o->dir, RC_NOMEM, rc_text(RC_NOMEM));
    w->files = (struct files){.folder = -1, .on_step = o->on_step, .arg = o->arg};
    w->bundle = BUF_INIT(TILE_BUNDLE_MAX);
    w->note = BUF_INIT(NOTE_MAX);
    w->queue = calloc(QUEUE_MAX, sizeof(*w->queue));
    enum rc rc = w->queue ? file_make_folder(o->dir, 0755) : RC_NOMEM;

    if (rc == RC_OK)
        w->files.folder = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rc != RC_NOMEM && w->files.folder < 0)
        rc = complain(es, o->dir, RC_IO, "its folder cannot be made or opened");
    if (rc == RC_OK)
        rc = buf_reserve(&w->bundle, BUNDLE_RESERVE);
    if (rc == RC_OK)
        rc = load(w, o, es);
    if (rc == RC_OK)
        rc = clear_beyond(w, o->dir, es);
    if (rc != RC_OK) {
        writer_close(w);
        return rc;
    }
    *out = w;
    return RC_OK;
}

void
writer_close(struct writer *w)
{
    if (!w)
        return;
    files_drop(&w->files);
    if (w->files.folder >= 0)
        close(w->files.folder);
    buf_free(&w->bundle);
    buf_free(&w->note);
    free(w->queue);
    free(w);
}
