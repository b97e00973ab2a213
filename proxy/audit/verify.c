#include <stdio.h>
#include <stdlib.h>

#include "stray_int.h"
#include "verify_int.h"

#define TRIES 5

void
verify_problem(struct verification *v, const char *file, const char *what)
{
    errs_add(v->es, ERR_ERROR, RC_INTEGRITY, 0, (struct err_pos){.file = file}, "audit log: %s", what);
}

/* A wrong hash further up says no more than the leaf below it that is known to be wrong. */
static bool
explained(const struct verification *v, uint64_t from, uint64_t to)
{
    const struct verify_result *r = v->result;

    return r->first_bad != VERIFY_NO_LEAF && r->first_bad >= from && r->first_bad_to <= to;
}

static void
bad_leaves(struct verification *v, uint64_t from, uint64_t to)
{
    if (from >= v->result->first_bad || explained(v, from, to))
        return;
    v->result->first_bad = from;
    v->result->first_bad_to = to;
}

static void
tile_problem(struct verification *v, struct tile t, const char *what)
{
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    verify_problem(v, path, what);
}

/* -- the tree --------------------------------------------------------------------------------------------------------------------- */

/* Compare a row with its file. What the entries give goes on upwards, whatever the file says. */
static enum rc
check_tile(struct verification *v, int level, unsigned width)
{
    const struct level *l = &v->level[level];
    struct tile t = {level, (l->nodes - 1) / TILE_WIDTH, width};

    buf_clear(&v->hashes);
    enum rc rc = reader_load(v->reader, t, &v->hashes);

    if (rc == RC_IO || rc == RC_NOMEM)
        return rc;
    bool same = rc == RC_OK && memcmp(v->hashes.ptr, l->hash, (size_t)width * TREE_HASH) == 0;

    if (same)
        return RC_OK;
    if (v->o->on_tile)
        v->o->on_tile(v->o->arg, t, l->hash);
    if (rc != RC_OK) {
        tile_problem(v, t, rc == RC_NOT_FOUND ? "is missing" : "is damaged");
        return RC_OK;
    }
    for (unsigned i = 0; i < width; i++) {
        uint64_t leaves = (uint64_t)1 << (TILE_HEIGHT * level), first = (t.n * TILE_WIDTH + i) * leaves;

        if (memcmp(v->hashes.ptr + (size_t)i * TREE_HASH, l->hash[i].bytes, TREE_HASH) == 0)
            continue;
        bad_leaves(v, first, first + leaves - 1);
        tile_problem(v, t, level ? "has another hash than the tiles below it" : "has another hash than the entry");
        break;
    }
    return RC_OK;
}

static void
check_anchors(struct verification *v)
{
    struct tree_hash root = {{0}};

    for (size_t i = 0; i < v->anchor_count; i++) {
        const struct anchor *a = &v->anchor[i];

        if (a->tree.size != v->edge.size)
            continue;
        tree_edge_root(&v->edge, &root);
        if (tree_equal(&root, &a->tree.root)) {
            v->held = v->edge.size;
            continue;
        }
        if (!v->fork_end) {
            v->forked = v->held;
            v->fork_end = a->tree.size ? a->tree.size : 1;
        }
        errs_add(v->es, ERR_ERROR, RC_INTEGRITY, 0, (struct err_pos){.file = a->name}, "audit log: the log had another root at size %llu",
            (unsigned long long)a->tree.size);
    }
}

static bool
anchor_within(const struct verification *v, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < v->anchor_count; i++)
        if (v->anchor[i].tree.size > from && v->anchor[i].tree.size < to)
            return true;
    return false;
}

/* The edge, for anchors: leaf by leaf only where one lies inside. */
static void
grow_edge(struct verification *v, unsigned count)
{
    const struct level *l = &v->level[0];

    for (unsigned i = 0; i < count; i++) {
        tree_edge_append(&v->edge, &l->hash[i]);
        check_anchors(v);
    }
}

/* 256 leaves are in the lowest row: check their tile, and those above that become full with them. */
static enum rc
close_tile(struct verification *v)
{
    uint64_t first = v->level[0].nodes - TILE_WIDTH;
    bool anchored = anchor_within(v, first, first + TILE_WIDTH);
    struct tree_hash row[TILE_WIDTH], root;

    if (anchored)
        grow_edge(v, TILE_WIDTH);
    for (int level = 0; level < TILE_LEVELS && v->level[level].nodes % TILE_WIDTH == 0; level++) {
        enum rc rc = check_tile(v, level, TILE_WIDTH);

        if (rc != RC_OK || level + 1 == TILE_LEVELS)
            return rc;
        memcpy(row, v->level[level].hash, sizeof(row));
        for (unsigned n = TILE_WIDTH; n > 1; n /= 2)
            for (unsigned i = 0; i < n; i += 2)
                tree_node(&row[i], &row[i + 1], &row[i / 2]);
        root = row[0];
        if (level == 0 && !anchored) {
            tree_edge_append_node(&v->edge, TILE_HEIGHT, &root);
            check_anchors(v);
        }
        v->level[level + 1].hash[v->level[level + 1].nodes++ % TILE_WIDTH] = root;
    }
    return RC_OK;
}

/* Hashes of the entries, until the bundle ends. */
static unsigned
hash_entries(struct verification *v, uint64_t first, unsigned width)
{
    struct str rest = buf_str(&v->entries), entry;
    unsigned i = 0;
    uint64_t until;

    for (; i < width && tile_bundle_next(&rest, &entry); i++) {
        tree_leaf(entry, &v->level[0].hash[i]);
        if (first + i == v->retention.entry && retention_of_entry(entry, &until) == RC_OK && until >= v->retention.until)
            v->retention_proven = true;
    }
    v->result->entries += i;
    return i;
}

/* Leaves whose entries are not there or cannot be read: their hashes as the tile says. */
static enum rc
take_hashes(struct verification *v, struct tile bundle, unsigned from)
{
    struct tile t = {0, bundle.n, bundle.width};

    buf_clear(&v->hashes);
    enum rc rc = reader_load(v->reader, t, &v->hashes);

    if (rc == RC_OK)
        memcpy(v->level[0].hash + from, v->hashes.ptr + (size_t)from * TREE_HASH, (size_t)(bundle.width - from) * TREE_HASH);
    else if (rc == RC_NOT_FOUND || rc == RC_INTEGRITY)
        memset(v->level[0].hash + from, 0, (size_t)(bundle.width - from) * TREE_HASH);
    return rc == RC_NOT_FOUND || rc == RC_INTEGRITY ? RC_OK : rc;
}

/* The file of a bundle that does not have the right shape: as much of it as can be read. */
static enum rc
load_damaged(struct verification *v, struct tile t)
{
    char path[TILE_PATH_MAX];

    tile_path(t, path);
    buf_clear(&v->entries);
    return reader_file(v->reader, path, TILE_BUNDLE_MAX, &v->entries);
}

/* Whether retention has removed the bundle since we began: then we begin again, with the newer checkpoint. */
static bool
is_removed_meanwhile(struct verification *v, uint64_t end)
{
    struct retention now = {0, 0};

    buf_clear(&v->hashes);
    return reader_file(v->reader, READER_RETENTION, 256, &v->hashes) == RC_OK && retention_parse(buf_str(&v->hashes), &now) == RC_OK &&
           now.until > v->retention.until && end <= now.until;
}

static enum rc
check_bundle(struct verification *v, struct tile t)
{
    uint64_t first = t.n * TILE_WIDTH;
    unsigned good;

    buf_clear(&v->entries);
    enum rc rc = reader_load(v->reader, t, &v->entries);

    if (rc == RC_NOT_FOUND && first + TILE_WIDTH <= v->retention.until) {
        rc = take_hashes(v, t, 0);
        v->level[0].nodes += t.width;
        return rc == RC_OK && v->hashes.len == 0 && !v->trusted ? RC_NOT_FOUND : rc;
    }
    if (rc == RC_NOT_FOUND && v->es->errors == v->errors_before && is_removed_meanwhile(v, first + t.width))
        return RC_AGAIN;
    bool sound = rc == RC_OK, missing = rc == RC_NOT_FOUND;

    if (rc == RC_INTEGRITY && load_damaged(v, t) != RC_OK)
        buf_clear(&v->entries);
    else if (rc == RC_IO || rc == RC_NOMEM)
        return rc;
    good = hash_entries(v, first, t.width);
    if (!sound) {
        tile_problem(v, t, missing ? "is missing" : "is damaged");
        bad_leaves(v, first + (good < t.width ? good : t.width - 1), first + t.width - 1); /* unless a hash before it differs: check_tile */
    }
    rc = good < t.width ? take_hashes(v, t, good) : RC_OK;
    v->level[0].nodes += t.width;
    return rc == RC_OK && missing && !v->trusted ? RC_NOT_FOUND : rc;
}

static enum rc
check_rest(struct verification *v)
{
    enum rc rc = RC_OK;

    grow_edge(v, (unsigned)(v->level[0].nodes % TILE_WIDTH));
    for (int level = 0; level < TILE_LEVELS && rc == RC_OK; level++)
        if (v->level[level].nodes % TILE_WIDTH)
            rc = check_tile(v, level, (unsigned)(v->level[level].nodes % TILE_WIDTH));
    return rc;
}

static enum rc
check_tree(struct verification *v)
{
    const struct tree_state *signed_tree = &reader_checkpoint(v->reader)->tree;
    uint64_t size = signed_tree->size;
    struct tree_hash root = {{0}};
    enum rc rc = RC_OK;

    check_anchors(v); /* of the empty tree */
    for (uint64_t n = 0; n * TILE_WIDTH < size && rc == RC_OK; n++) {
        uint64_t left = size - n * TILE_WIDTH;

        rc = check_bundle(v, (struct tile){TILE_BUNDLE, n, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH});
        if (rc == RC_OK && left >= TILE_WIDTH)
            rc = close_tile(v);
    }
    if (rc == RC_NOT_FOUND) /* a size that nobody signed leads nowhere */
        return RC_OK;
    if (rc == RC_OK)
        rc = check_rest(v);
    if (rc != RC_OK)
        return rc;
    tree_edge_root(&v->edge, &root);
    v->result->root_fits = tree_equal(&root, &signed_tree->root);
    if (!v->result->root_fits)
        verify_problem(v, READER_CHECKPOINT, "the entries do not have the root that was signed");
    return RC_OK;
}

/* Roots that do not fit say less than a leaf or tile that does not: that leaf or tile is why, when it is one of theirs. */
static void
check_roots(struct verification *v)
{
    struct verify_result *r = v->result;
    uint64_t size = reader_checkpoint(v->reader)->tree.size;

    if (v->fork_end && r->first_bad >= v->forked && r->first_bad < v->fork_end)
        r->first_bad_to = r->first_bad_to < v->fork_end ? r->first_bad_to : v->fork_end - 1;
    else if (v->fork_end)
        bad_leaves(v, v->forked, v->fork_end - 1);
    if (!r->root_fits && size && r->first_bad == VERIFY_NO_LEAF)
        bad_leaves(v, v->held < size ? v->held : 0, size - 1);
}

static void
check_ends(struct verification *v)
{
    uint64_t size = reader_checkpoint(v->reader)->tree.size;

    for (size_t i = 0; i < v->anchor_count; i++) {
        if (v->anchor[i].tree.size <= size)
            continue;
        errs_add(v->es, ERR_ERROR, RC_INTEGRITY, 0, (struct err_pos){.file = v->anchor[i].name},
            "audit log: it had %llu entries then, now it has %llu: it was rolled back", (unsigned long long)v->anchor[i].tree.size,
            (unsigned long long)size);
        bad_leaves(v, size, v->anchor[i].tree.size - 1);
    }
    if (v->retention.until && !v->retention_proven) {
        verify_problem(v, READER_RETENTION, "no entry of the log says that entries were removed");
        bad_leaves(v, 0, v->retention.until - 1);
    }
}

/* What was published earlier must not have been changed either. */
static void
on_stray(void *arg, enum stray kind, const char *path, const struct tile *t)
{
    struct verification *v = arg;
    unsigned height = t && t->level > 0 ? (unsigned)t->level * TILE_HEIGHT : 0;

    if (kind != STRAY_DIFFERS || !t)
        return;
    verify_problem(v, path, "is not the beginning of what the checkpoint covers");
    bad_leaves(v, (t->n * TILE_WIDTH) << height, ((t->n * TILE_WIDTH + t->width) << height) - 1);
}

static enum rc
run(struct verification *v)
{
    enum rc rc = reader_open(v->o->dir, &v->reader, v->es);

    if (rc != RC_OK)
        return rc;
    v->result->tree = reader_checkpoint(v->reader)->tree;
    v->retention = reader_retention(v->reader);
    rc = verify_checkpoint(v);
    if (rc == RC_OK)
        rc = verify_take_anchors(v);
    if (rc == RC_OK)
        rc = check_tree(v);
    if (rc == RC_OK) {
        check_roots(v);
        check_ends(v);
        rc = stray_walk(v->reader, v->o->dir, on_stray, v);
    }
    if (rc == RC_IO)
        errs_add(v->es, ERR_ERROR, RC_IO, 0, (struct err_pos){.file = v->o->dir}, "audit log: %s",
            *reader_where(v->reader) ? reader_where(v->reader) : "cannot be read");
    return rc;
}

enum rc
verify_log(const struct verify_options *o, struct verify_result *result, struct errs *es)
{
    struct verification *v = malloc(sizeof(*v));
    size_t before = es->errors;
    enum rc rc = RC_AGAIN;

    if (!v)
        return RC_NOMEM;
    for (unsigned i = 0; i < TRIES && rc == RC_AGAIN; i++) {
        *result = (struct verify_result){.first_bad = VERIFY_NO_LEAF};
        *v = (struct verification){.o = o, .result = result, .es = es, .errors_before = before};
        v->entries = BUF_INIT(TILE_BUNDLE_MAX + 1);
        v->hashes = BUF_INIT(TILE_BUNDLE_MAX + 1);
        rc = run(v);
        reader_close(v->reader);
        buf_free(&v->entries);
        buf_free(&v->hashes);
    }
    free(v);
    return rc == RC_OK && es->errors > before ? RC_INTEGRITY : rc;
}
