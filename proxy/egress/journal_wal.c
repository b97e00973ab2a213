/*
 * The write-ahead file of entries. A group that brings only entries is one write and one fdatasync here; LMDB would write five pages and flush twice. Once a second, when it is full, or when somebody
 * reads, what stands here goes into LMDB in one transaction, and the file is written from its beginning again.
 *
 *   group, at a multiple of a page:  0 magic | 4 crc32c u32 of all that follows | 8 seq of its first entry u64 | 16 entries u32 | 20 bytes of them u32 | 24 { length u32, record }...
 *
 * Numbers are big-endian; a record is what LMDB holds under its seq. The first group of a pass begins where LMDB ends, each further one where that before it ends; so what an earlier pass
 * left behind is told by its numbers. A group is written only after that before it is durable: one that is torn is the last, and nobody was told of it. A whole one behind one
 * that cannot be read is damage.
 */
#include "journal_wal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/be.h"
#include "base/digest.h"

#define WAL_NAME "entries.wal"
#define PAGE 4096u
#define GROUP_CRC_FROM 8u

static size_t
pages(size_t n)
{
    return (n + PAGE - 1) / PAGE * PAGE;
}

uint32_t
wal_group_crc(const uint8_t *group, size_t body)
{
    return digest_crc32c(0, (struct str){(const char *)group + GROUP_CRC_FROM, WAL_GROUP_HEADER - GROUP_CRC_FROM + body});
}

bool
wal_group_at(const uint8_t *image, size_t at, struct wal_group *g)
{
    if (at + WAL_GROUP_HEADER > WAL_BYTES || be_get32(image + at) != WAL_MAGIC)
        return false;
    size_t body = be_get32(image + at + 20);

    if (body > WAL_BYTES - at - WAL_GROUP_HEADER || be_get32(image + at + 4) != wal_group_crc(image + at, body))
        return false;
    *g = (struct wal_group){be_get64(image + at + 8), be_get32(image + at + 16), {(const char *)image + at + WAL_GROUP_HEADER, body}};
    return true;
}

/* -- the file --------------------------------------------------------------------------------------------------------------------- */

static int
open_file(const char *dir, int flags)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/" WAL_NAME, dir);

    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int
write_all(int fd, const uint8_t *p, size_t len, size_t at)
{
    while (len) {
        ssize_t n = pwrite(fd, p, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        p += n;
        len -= (size_t)n;
        at += (size_t)n;
    }
    return 0;
}

/* What is behind the end of the file reads as zeros. */
static int
read_all(int fd, uint8_t *image)
{
    memset(image, 0, WAL_BYTES);
    for (size_t at = 0; at < WAL_BYTES;) {
        ssize_t n = pread(fd, image + at, WAL_BYTES - at, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        at += (size_t)n;
    }
    return 0;
}

int
wal_open(struct wal *w, const char *dir, bool read_only)
{
    *w = (struct wal){.fd = open_file(dir, read_only ? O_RDONLY : O_RDWR | O_CREAT)};
    if (w->fd < 0)
        return read_only && errno == ENOENT ? 0 : errno;
    w->image = malloc(WAL_BYTES);
    int e = w->image ? read_all(w->fd, w->image) : ENOMEM;

    if (e == 0 && !read_only)
        (void)posix_fadvise(w->fd, 0, 0, POSIX_FADV_RANDOM);
    return e;
}

int
wal_clear(struct wal *w)
{
    w->at = 0;
    w->count = 0;
    memset(w->image, 0, WAL_BYTES);
    /* Its blocks are there from now on: a group changes nothing of the file but its bytes, so that an fdatasync need not write the file system's journal. */
    int e = write_all(w->fd, w->image, WAL_BYTES, 0);

    return e ? e : fdatasync(w->fd) ? errno : 0;
}

void
wal_close(struct wal *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->image);
    *w = (struct wal){.fd = -1};
}

void
wal_forget_pages(const char *dir)
{
    int fd = open_file(dir, O_RDONLY);

    if (fd < 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

/* -- what an earlier run, or another process, has left there ------------------------------------------------------------------------ */

/* Whether the body is ${count} records. */
static bool
body_is_sound(const struct wal_group *g)
{
    struct wal_walk walk = {.rest = g->body};
    struct str record;
    uint32_t n = 0;

    while (wal_next(&walk, &record))
        n++;
    return n == g->count && walk.rest.len == 0;
}

enum rc
wal_replay(struct wal *w, uint64_t next_seq, uint64_t below)
{
    struct wal_group g;

    w->at = 0;
    w->count = 0;
    if (!w->image)
        return RC_OK;
    while (wal_group_at(w->image, w->at, &g) && g.seq == next_seq + w->count && g.seq < below) {
        if (!body_is_sound(&g))
            return RC_INTEGRITY;
        w->count += g.count;
        w->at += pages(WAL_GROUP_HEADER + g.body.len);
    }
    for (size_t at = w->at; at < WAL_BYTES; at += PAGE)
        if (wal_group_at(w->image, at, &g) && g.seq > next_seq + w->count && g.seq < below)
            return RC_INTEGRITY;
    return RC_OK;
}

int
wal_refresh(struct wal *w)
{
    return w->image ? read_all(w->fd, w->image) : 0;
}

/* -- writing a group ---------------------------------------------------------------------------------------------------------------- */

void
wal_begin(struct wal *w)
{
    w->used = WAL_GROUP_HEADER;
}

uint8_t *
wal_reserve(struct wal *w, size_t size)
{
    size_t from = w->at + w->used;

    if (from > WAL_BYTES || size > WAL_BYTES || WAL_BYTES - from < size + 4)
        return NULL;
    be_put32(w->image + from, (uint32_t)size);
    w->used += size + 4;
    return w->image + from + 4;
}

int
wal_end(struct wal *w, uint64_t seq, uint32_t count)
{
    uint8_t *group = w->image + w->at;
    size_t size = pages(w->used);

    if (size > WAL_BYTES - w->at)
        size = WAL_BYTES - w->at;
    memset(group + w->used, 0, size - w->used);
    be_put32(group, WAL_MAGIC);
    be_put64(group + 8, seq);
    be_put32(group + 16, count);
    be_put32(group + 20, (uint32_t)(w->used - WAL_GROUP_HEADER));
    be_put32(group + 4, wal_group_crc(group, w->used - WAL_GROUP_HEADER));
    int e = write_all(w->fd, group, size, w->at);

    if (e || fdatasync(w->fd) != 0)
        return e ? e : errno;
    w->at += size;
    w->count += count;
    return 0;
}

void
wal_reset(struct wal *w)
{
    w->at = 0;
    w->count = 0;
}

/* -- reading ------------------------------------------------------------------------------------------------------------------------ */

/* A walk over one body, or (with w) over all groups that are not in LMDB. */
bool
wal_next(struct wal_walk *walk, struct str *record)
{
    struct wal_group g;

    while (walk->w && walk->rest.len == 0) {
        if (walk->at >= walk->w->at || !wal_group_at(walk->w->image, walk->at, &g))
            return false;
        walk->rest = g.body;
        walk->at += pages(WAL_GROUP_HEADER + g.body.len);
    }
    if (walk->rest.len < 4)
        return false;
    size_t size = be_get32((const uint8_t *)walk->rest.ptr);

    if (size > walk->rest.len - 4)
        return false;
    *record = str_sub(walk->rest, 4, 4 + size);
    walk->rest = str_sub(walk->rest, 4 + size, walk->rest.len);
    return true;
}
