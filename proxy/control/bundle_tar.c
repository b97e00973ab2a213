#include "bundle_int.h"

#include <stdio.h>

#define BLOCK 512

/* POSIX.1-1988 ustar header; numbers are octal text. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2], user[32], group[32], major[8],
        minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* The sum of all bytes with blanks in place of the sum. */
static unsigned
header_sum(const struct header *h)
{
    const unsigned char *p = (const unsigned char *)h;
    unsigned sum = 0;

    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= offsetof(struct header, sum) && i < offsetof(struct header, type) ? ' ' : p[i];
    return sum;
}

static enum rc
put_zeros(struct buf *out, size_t count)
{
    static const char zeros[BLOCK];

    return count ? buf_append(out, (struct str){zeros, count}) : RC_OK;
}

enum rc
tar_put(struct buf *out, struct str path, struct str text)
{
    struct header h = {.type = '0'};

    if (path.len > sizeof(h.name) || text.len > BUNDLE_FILE_MAX)
        return RC_TOO_LARGE;
    memcpy(h.name, path.ptr, path.len);
    memcpy(h.mode, "0000644", 8);
    memcpy(h.uid, "0000000", 8);
    memcpy(h.gid, "0000000", 8);
    memcpy(h.mtime, "00000000000", 12);
    memcpy(h.magic, "ustar", 6);
    memcpy(h.version, "00", 2);
    snprintf(h.size, sizeof(h.size), "%011o", (unsigned)text.len);
    snprintf(h.sum, sizeof(h.sum), "%06o", header_sum(&h) & 0777777);
    h.sum[7] = ' ';
    enum rc rc = buf_append(out, (struct str){(const char *)&h, sizeof(h)});

    if (rc == RC_OK)
        rc = buf_append(out, text);
    return rc == RC_OK ? put_zeros(out, (BLOCK - text.len % BLOCK) % BLOCK) : rc;
}

enum rc
tar_end(struct buf *out)
{
    enum rc rc = put_zeros(out, BLOCK);

    return rc == RC_OK ? put_zeros(out, BLOCK) : rc;
}

static bool
all_zero(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i])
            return false;
    return true;
}

/* Octal digits, then blanks or NULs. */
static bool
octal(const char *p, size_t len, uint64_t *value)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
        v = v * 8 + (uint64_t)(p[i] - '0');
    *value = v;
    if (i == 0 || i > 11)
        return false;
    for (; i < len; i++)
        if (p[i] != ' ' && p[i] != '\0')
            return false;
    return true;
}

static const char *
header_read(const struct header *h, struct str *path, uint64_t *size)
{
    uint64_t sum;

    if (memcmp(h->magic, "ustar", 5) != 0)
        return "it is no archive of the ustar format";
    if (!octal(h->sum, sizeof(h->sum), &sum) || sum != header_sum(h))
        return "a header has a wrong checksum";
    if (h->type != '0' && h->type != '\0')
        return "it holds something else than regular files: links, folders and devices are refused";
    if (h->prefix[0])
        return "a name is longer than 100 bytes";
    if (!octal(h->size, sizeof(h->size), size) || *size > BUNDLE_FILE_MAX)
        return "a file is larger than 4 MiB";
    *path = (struct str){h->name, strnlen(h->name, sizeof(h->name))};
    if (!all_zero(h->name + path->len, sizeof(h->name) - path->len) || !bundle_path_good(*path))
        return "a name is absolute, leads out of the bundle, or has characters that are refused";
    return NULL;
}

static bool
has_path(const struct bundle_file *files, size_t count, struct str path)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(files[i].path, path))
            return true;
    return false;
}

enum rc
tar_read(struct str tar, struct arena *ar, struct bundle_file **files, size_t *count, const char **why)
{
    struct bundle_file *list = arena_calloc(ar, BUNDLE_FILES_MAX, sizeof(*list));
    size_t at = 0, n = 0;

    if (!list)
        return RC_NOMEM;
    *why = "it ends too early";
    while (tar.len - at >= BLOCK && !all_zero(tar.ptr + at, BLOCK)) {
        const char *wrong = "it holds more than 256 files";
        uint64_t size = 0;
        struct str path = STR("");

        if (n < BUNDLE_FILES_MAX)
            wrong = header_read((const struct header *)(const void *)(tar.ptr + at), &path, &size);
        if (!wrong && has_path(list, n, path))
            wrong = "a name stands in it twice";
        if (wrong) {
            *why = wrong;
            return RC_MALFORMED;
        }
        at += BLOCK;
        size_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;

        if (tar.len - at < padded)
            return RC_MALFORMED;
        list[n++] = (struct bundle_file){path, str_sub(tar, at, at + size)};
        if (!all_zero(tar.ptr + at + size, padded - size)) {
            *why = "there are bytes between its files";
            return RC_MALFORMED;
        }
        at += padded;
    }
    if (tar.len - at < 2 * BLOCK)
        return RC_MALFORMED;
    if (!all_zero(tar.ptr + at, tar.len - at)) {
        *why = "there are bytes behind its end";
        return RC_MALFORMED;
    }
    *files = list;
    *count = n;
    return RC_OK;
}
