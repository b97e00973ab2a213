/*
 * LMDB believes its file: a changed bit in a page sends it to memory that is not there. So each page that it could come to is looked at first, with
 * pread, while gate.lock keeps others away. Form of the file: mdb.c of LMDB 0.9 (MDB_page, MDB_node, MDB_meta, MDB_db).
 *
 *   page    pgno 8 | pad 2 | flags 2 | lower 2 | upper 2 (overflow: pages 4) | offsets of nodes, 2 each ... [upper .. end) nodes
 *   node    lo 2 | hi 2 | flags 2 | key size 2 | key | value; a branch keeps its child's number in lo, hi and flags
 *   meta    page's head | magic 4 | version 4 | address 8 | map size 8 | two db: the free list and the names | last page 8 | transaction 8
 *   db      pad 4 (of the free list's: page size) | flags 2 | depth 2 | branch, leaf and overflow pages 8 each | entries 8 | root 8
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_pages_int.h"

#define HEAD 16u
#define NODE 8u
#define META 136u
#define DB 48u
#define MAGIC 0xBEEFC0DEu
#define VERSION 1u
#define PAGE_MIN 512u
#define PAGE_MAX 65536u
#define DEPTH_MAX 32u
#define NAMES_MAX 8u
#define KEY_MAX 511u                     /* MDB_MAXKEYSIZE */
#define BEYOND_MAX (UINT64_C(256) << 20) /* pages that were taken and returned in one transaction are never written */
#define NONE UINT64_MAX

enum { P_BRANCH = 0x01, P_LEAF = 0x02, P_OVERFLOW = 0x04, P_META = 0x08, P_KIND = 0x6f };
enum { F_BIG = 0x01, F_DB = 0x02 };
enum tree { TREE_FREE, TREE_NAMES, TREE_RECORDS };

struct db {
    uint64_t entries, root;
    unsigned flags, depth;
};

struct walk {
    int fd;
    size_t size;         /* of a page */
    uint64_t last, file; /* page; bytes */
    uint8_t *seen;       /* a bit a page: in use, or free */
    uint8_t *pages;      /* room for a page a level */
    uint64_t count;      /* leaf nodes of the present tree */
    unsigned depth;      /* of the present tree */
    enum tree tree;
    uint8_t before[KEY_MAX]; /* the last key, in the order of the tree */
    size_t before_len;
    enum { FIRST, RECORD, SEPARATOR } before_is;
    unsigned name_count;
    struct db names[NAMES_MAX];
    struct damage *damage;
};

static uint64_t
number(const uint8_t *p, unsigned bytes)
{
    uint64_t n = 0;

    memcpy(&n, p, bytes); /* the file is in the order of the machine that made it */
    return n;
}

static enum rc
damaged(struct walk *w, uint64_t page, const char *what)
{
    *w->damage = (struct damage){page, what};
    return RC_INTEGRITY;
}

static bool
read_at(int fd, void *out, size_t len, uint64_t at)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, (char *)out + done, len - done, (off_t)(at + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* Take a page for one use; it has no second one. */
static enum rc
claim(struct walk *w, uint64_t page)
{
    if (page < 2 || page > w->last)
        return damaged(w, page, "there is no such page, and another one points to it");
    if (w->seen[page / 8] & 1u << page % 8)
        return damaged(w, page, "it is used twice");
    w->seen[page / 8] |= (uint8_t)(1u << page % 8);
    return RC_OK;
}

static enum rc
load(struct walk *w, uint64_t page, unsigned kind, uint8_t *out)
{
    enum rc rc = claim(w, page);

    if (rc != RC_OK)
        return rc;
    if (!read_at(w->fd, out, w->size, page * w->size))
        return damaged(w, page, "it cannot be read");
    if (number(out, 8) != page || (number(out + 10, 2) & P_KIND) != kind)
        return damaged(w, page, "it is not the page that should be there");
    return RC_OK;
}

/* The pages of a value that is too long for a leaf. */
static enum rc
overflow_check(struct walk *w, uint64_t page, uint64_t bytes)
{
    uint64_t least = (HEAD - 1 + bytes) / w->size + 1;
    uint8_t head[HEAD];
    enum rc rc = claim(w, page);

    if (rc != RC_OK)
        return rc;
    if (!read_at(w->fd, head, sizeof(head), page * w->size))
        return damaged(w, page, "it cannot be read");
    uint64_t pages = number(head + 12, 4);

    if (number(head, 8) != page || (number(head + 10, 2) & P_KIND) != P_OVERFLOW || pages < least)
        return damaged(w, page, "it is not the page that should be there");
    for (uint64_t i = 1; i < pages && rc == RC_OK; i++)
        rc = claim(w, page + i);
    return rc;
}

/* A record of the free list: how many, then their numbers, falling. */
static enum rc
free_check(struct walk *w, uint64_t page, const uint8_t *list, uint64_t bytes)
{
    uint64_t count = bytes >= 8 ? number(list, 8) : NONE, before = NONE;

    if (count > bytes / 8 - 1)
        return damaged(w, page, "a list of free pages does not fit");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t one = number(list + 8 * i, 8);
        enum rc rc = one < before ? claim(w, one) : damaged(w, page, "a list of free pages is out of order");

        if (rc != RC_OK)
            return rc;
        before = one;
    }
    return RC_OK;
}

static enum rc
free_load(struct walk *w, uint64_t page, uint64_t first, uint64_t bytes)
{
    uint8_t *list = bytes <= (w->last + 2) * 8 + w->size ? malloc(bytes) : NULL;
    enum rc rc;

    if (!list)
        return bytes > (w->last + 2) * 8 + w->size ? damaged(w, page, "a list of free pages does not fit") : RC_NOMEM;
    rc = read_at(w->fd, list, bytes, first * w->size + HEAD) ? free_check(w, page, list, bytes) : damaged(w, first, "it cannot be read");
    free(list);
    return rc;
}

/* Numbers in the free list's tree, bytes in the others. */
static int
key_compare(const struct walk *w, const uint8_t *key, size_t len)
{
    if (w->tree == TREE_FREE) {
        uint64_t a = number(w->before, 8), b = number(key, 8);

        return a < b ? -1 : a > b;
    }
    int order = memcmp(w->before, key, len < w->before_len ? len : w->before_len);

    return order ? order : w->before_len < len ? -1 : w->before_len > len;
}

/* Keys rise; the first record behind a separator may be equal to it. */
static enum rc
key_check(struct walk *w, uint64_t page, const uint8_t *key, size_t len, bool record)
{
    if (len == 0 || len > KEY_MAX || (w->tree == TREE_FREE && len != 8))
        return damaged(w, page, "a key does not fit");
    int order = w->before_is == FIRST ? -1 : key_compare(w, key, len);

    if (order > 0 || (order == 0 && w->before_is != SEPARATOR))
        return damaged(w, page, "its keys are out of order");
    memcpy(w->before, key, len);
    w->before_len = len;
    w->before_is = record ? RECORD : SEPARATOR;
    return RC_OK;
}

static struct db
db_read(const uint8_t *p)
{
    return (struct db){
        .flags = (unsigned)number(p + 4, 2), .depth = (unsigned)number(p + 6, 2), .entries = number(p + 32, 8), .root = number(p + 40, 8)};
}

/* The value of a leaf's node, or where it is. */
static enum rc
value_check(struct walk *w, uint64_t page, const uint8_t *node, size_t room)
{
    uint64_t bytes = number(node, 2) | number(node + 2, 2) << 16;
    unsigned flags = (unsigned)number(node + 4, 2);
    const uint8_t *value = node + NODE + number(node + 6, 2);
    uint64_t here = flags & F_BIG ? 8 : bytes;

    if (number(node + 6, 2) + here > room || (flags & ~(unsigned)(F_BIG | F_DB)) != 0 || ((flags & F_DB) != 0) != (w->tree == TREE_NAMES))
        return damaged(w, page, "a record does not fit");
    w->count++;
    if (w->tree == TREE_NAMES) {
        if (flags & F_BIG || bytes != DB || w->name_count == NAMES_MAX)
            return damaged(w, page, "a record does not fit");
        w->names[w->name_count++] = db_read(value);
        return RC_OK;
    }
    if (flags & F_BIG) {
        uint64_t first = number(value, 8);
        enum rc rc = overflow_check(w, first, bytes);

        return rc == RC_OK && w->tree == TREE_FREE ? free_load(w, page, first, bytes) : rc;
    }
    return w->tree == TREE_FREE ? free_check(w, page, value, bytes) : RC_OK;
}

static enum rc page_check(struct walk *w, uint64_t page, unsigned level);

static enum rc
node_check(struct walk *w, uint64_t page, const uint8_t *bytes, unsigned level, unsigned i)
{
    size_t at = number(bytes + HEAD + 2 * i, 2), upper = number(bytes + 14, 2);

    if (at < upper || at % 2 || at + NODE > w->size || at + NODE + number(bytes + at + 6, 2) > w->size)
        return damaged(w, page, "a node lies outside of it");
    bool leaf = level == w->depth;
    enum rc rc = leaf || i > 0 ? key_check(w, page, bytes + at + NODE, number(bytes + at + 6, 2), leaf)
                               : RC_OK; /* the first of a branch has no key */

    if (rc != RC_OK)
        return rc;
    if (!leaf)
        return page_check(w, number(bytes + at, 2) | number(bytes + at + 2, 2) << 16 | number(bytes + at + 4, 2) << 32, level + 1);
    return value_check(w, page, bytes + at, w->size - at - NODE);
}

/* As deep as the tree says, which is at most DEPTH_MAX. NOLINTNEXTLINE(misc-no-recursion) */
static enum rc
page_check(struct walk *w, uint64_t page, unsigned level)
{
    uint8_t *bytes = w->pages + (level - 1) * w->size;
    enum rc rc = load(w, page, level < w->depth ? P_BRANCH : P_LEAF, bytes);

    if (rc != RC_OK)
        return rc;
    size_t lower = number(bytes + 12, 2), upper = number(bytes + 14, 2);
    unsigned count = (unsigned)((lower - HEAD) / 2);

    if (lower < HEAD || lower % 2 || upper < lower || upper > w->size || count < (level < w->depth ? 2u : 1u))
        return damaged(w, page, "its bounds are wrong");
    for (unsigned i = 0; i < count && rc == RC_OK; i++)
        rc = node_check(w, page, bytes, level, i);
    return rc;
}

static enum rc
tree_check(struct walk *w, const struct db *db, enum tree tree)
{
    bool empty = db->root == NONE;
    unsigned flags = tree == TREE_FREE ? 0 : db->flags; /* the free list's are those of the environment */

    w->tree = tree;
    w->depth = db->depth;
    w->count = 0;
    w->before_is = FIRST;
    if (flags != 0 || db->depth > DEPTH_MAX || empty != (db->depth == 0))
        return damaged(w, empty ? 0 : db->root, "the head of a tree is wrong");
    enum rc rc = empty ? RC_OK : page_check(w, db->root, 1);

    if (rc == RC_OK && w->count != db->entries)
        rc = damaged(w, empty ? 0 : db->root, "a tree has lost records");
    return rc;
}

struct meta {
    uint64_t last, txn;
    struct db free, names;
};

static enum rc
meta_read(struct walk *w, unsigned page, struct meta *m)
{
    uint8_t raw[HEAD + META];

    if (!read_at(w->fd, raw, sizeof(raw), page * (uint64_t)w->size))
        return damaged(w, page, "it cannot be read");
    const uint8_t *p = raw + HEAD;

    if (number(raw, 8) != page || (number(raw + 10, 2) & P_KIND) != P_META || number(p, 4) != MAGIC || number(p + 4, 4) != VERSION ||
        number(p + 8, 8) != 0 || number(p + 24, 4) != w->size)
        return damaged(w, page, "it is not the page that should be there");
    *m = (struct meta){.free = db_read(p + 24), .names = db_read(p + 24 + DB), .last = number(p + 24 + 2 * DB, 8), .txn = number(p + 32 + 2 * DB, 8)};
    return RC_OK;
}

/* The later of two; transactions write them in turn. */
static enum rc
meta_find(struct walk *w, struct meta *m)
{
    struct meta pair[2];
    enum rc rc = meta_read(w, 0, &pair[0]);

    if (rc == RC_OK)
        rc = meta_read(w, 1, &pair[1]);
    if (rc != RC_OK)
        return rc;
    unsigned late = pair[1].txn > pair[0].txn;
    uint64_t apart = pair[late].txn - pair[!late].txn;

    if (apart > 1 || (apart == 1 && pair[late].txn % 2 != late) || (apart == 0 && pair[0].txn != 0))
        return damaged(w, late, "the numbers of the last two transactions do not follow each other");
    *m = pair[late];
    return m->last >= 1 && m->last <= (w->file + BEYOND_MAX) / w->size ? RC_OK : damaged(w, late, "its bounds are wrong");
}

static enum rc
walk_file(struct walk *w)
{
    struct meta m;
    uint8_t raw[4];

    if (!read_at(w->fd, raw, sizeof(raw), HEAD + 24))
        return damaged(w, 0, "it cannot be read");
    w->size = number(raw, 4);
    if (w->size < PAGE_MIN || w->size > PAGE_MAX || (w->size & (w->size - 1)) != 0)
        return damaged(w, 0, "it is not the page that should be there");
    enum rc rc = meta_find(w, &m);

    if (rc != RC_OK)
        return rc;
    w->last = m.last;
    w->seen = calloc(m.last / 8 + 1, 1);
    w->pages = malloc(DEPTH_MAX * w->size);
    if (!w->seen || !w->pages)
        return RC_NOMEM;
    rc = tree_check(w, &m.names, TREE_NAMES);
    for (unsigned i = 0; i < w->name_count && rc == RC_OK; i++)
        rc = tree_check(w, &w->names[i], TREE_RECORDS);
    return rc == RC_OK ? tree_check(w, &m.free, TREE_FREE) : rc;
}

enum rc
pages_check(const char *dir, struct damage *damage)
{
    struct walk w = {.damage = damage};
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s/data.mdb", dir);

    w.fd = n > 0 && n < PATH_MAX ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (w.fd < 0)
        return errno == ENOENT ? RC_OK : RC_IO;
    enum rc rc = fstat(w.fd, &st) == 0 ? RC_OK : RC_IO;

    w.file = rc == RC_OK ? (uint64_t)st.st_size : 0;
    if (w.file > 0)
        rc = walk_file(&w);

    free(w.seen);
    free(w.pages);
    close(w.fd);
    return rc;
}
