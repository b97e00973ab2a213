#include "stray_int.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATH_SIZE 512
#define DEPTH_MAX 12 /* tile/entries/x000/x000/.../000.p/1 */

struct walk {
    struct reader *reader;
    size_t prefix; /* length of the directory's name and a slash */
    struct buf a, b;
    void (*fn)(void *arg, enum stray kind, const char *path, const struct tile *t);
    void *arg;
};

static bool
is_known(struct str path)
{
    if (str_eq(path, STR(READER_CHECKPOINT)) || str_eq(path, STR(READER_RETENTION)))
        return true;
    if (!str_starts(path, STR(READER_KEYS "/")))
        return false;
    struct str name = str_sub(path, sizeof(READER_KEYS), path.len);

    return name.len == 8 || (name.len == 14 && str_ends(name, STR(".entry")));
}

/* Whether the file is the beginning of what the checkpoint covers at its place. A file that has gone meanwhile is. */
static enum rc
compare(struct walk *w, struct tile t, unsigned present, bool *same)
{
    struct tile whole = {t.level, t.n, present};
    char path[TILE_PATH_MAX];

    *same = true;
    buf_clear(&w->a);
    buf_clear(&w->b);
    tile_path(t, path);
    enum rc rc = reader_file(w->reader, path, TILE_BUNDLE_MAX, &w->a);

    if (rc == RC_OK)
        rc = reader_load(w->reader, whole, &w->b);
    if (rc == RC_NOT_FOUND) /* the whole one is missed elsewhere */
        return RC_OK;
    if (rc == RC_OK && t.level != TILE_BUNDLE)
        *same = w->a.len == (size_t)t.width * TREE_HASH && w->a.len <= w->b.len && memcmp(w->a.ptr, w->b.ptr, w->a.len) == 0;
    if (rc == RC_OK && t.level == TILE_BUNDLE) {
        struct str rest = buf_str(&w->b), entry;
        unsigned i = 0;

        while (i < t.width && tile_bundle_next(&rest, &entry))
            i++;
        size_t len = w->b.len - rest.len;

        *same = i == t.width && w->a.len == len && memcmp(w->a.ptr, w->b.ptr, len) == 0;
    }
    return rc == RC_INTEGRITY ? RC_OK : rc;
}

static enum rc
on_file(struct walk *w, const char *path)
{
    uint64_t size = reader_checkpoint(w->reader)->tree.size, nodes;
    struct tile t;
    bool same;

    if (is_known(str_of(path)))
        return RC_OK;
    if (!tile_of_path(str_of(path), &t)) {
        w->fn(w->arg, STRAY_FOREIGN, path, NULL);
        return RC_OK;
    }
    nodes = tile_nodes(size, t.level);
    if (t.n * TILE_WIDTH + t.width > nodes) {
        w->fn(w->arg, STRAY_BEYOND, path, &t);
        return RC_OK;
    }
    uint64_t left = nodes - t.n * TILE_WIDTH;
    unsigned present = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH;

    if (t.width == present) /* the one that counts */
        return RC_OK;
    enum rc rc = compare(w, t, present, &same);

    if (rc == RC_OK && !same)
        w->fn(w->arg, STRAY_DIFFERS, path, &t);
    return rc;
}

static enum rc
walk_folder(struct walk *w, const char *folder, unsigned depth)
{
    DIR *d = opendir(folder);
    char path[PATH_SIZE];
    struct stat st;
    enum rc rc = RC_OK;

    for (struct dirent *e = d ? readdir(d) : NULL; e && rc == RC_OK; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        int n = snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);

        if (n < 0 || n >= PATH_SIZE || lstat(path, &st) != 0)
            continue; /* gone meanwhile, or longer than any of ours */
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            rc = walk_folder(w, path, depth + 1);
        else
            rc = on_file(w, path + w->prefix);
    }
    if (d)
        closedir(d);
    return rc;
}

enum rc
stray_walk(struct reader *r, const char *dir, void (*fn)(void *arg, enum stray kind, const char *path, const struct tile *t), void *arg)
{
    struct walk w = {
        .reader = r, .prefix = strlen(dir) + 1, .a = BUF_INIT(TILE_BUNDLE_MAX + 1), .b = BUF_INIT(TILE_BUNDLE_MAX + 1), .fn = fn, .arg = arg};
    enum rc rc = walk_folder(&w, dir, 0);

    buf_free(&w.a);
    buf_free(&w.b);
    return rc;
}
