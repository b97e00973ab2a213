#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX (64u * 1024)

struct secret {
    size_t len;
    char bytes[];
};

static enum rc
read_all(int fd, size_t max, struct buf *out)
{
    size_t start = out->len;

    for (;;) {
        enum rc rc = buf_reserve(out, 1);

        if (rc != RC_OK)
            return rc;
        ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EISDIR ? RC_USAGE : RC_IO;
        if (n == 0)
            return RC_OK;
        out->len += (size_t)n;
        if (out->len - start > max)
            return RC_TOO_LARGE;
    }
}

enum rc
file_read(const char *path, size_t max, struct buf *out)
{
    size_t start = out->len;
    struct buf wide = *out; /* one byte more, to tell a full file from one that is too large */
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? RC_NOT_FOUND : errno == EACCES || errno == EPERM ? RC_DENIED : RC_IO;
    if (wide.max < SIZE_MAX)
        wide.max++;
    enum rc rc = read_all(fd, max, &wide);

    close(fd);
    if (rc == RC_OK && wide.len > out->max)
        rc = RC_TOO_LARGE;
    out->ptr = wide.ptr;
    out->cap = wide.cap < out->max ? wide.cap : out->max;
    out->len = rc == RC_OK ? wide.len : start;
    return rc;
}

const char *
file_problem(enum rc rc)
{
    static const struct {
        enum rc rc;
        const char *text;
    } known[] = {{RC_NOT_FOUND, "there is no such file"}, {RC_DENIED, "no permission"}, {RC_USAGE, "it is a folder"}, {RC_IO, "the disk failed"},
        {RC_TOO_LARGE, "it is larger than such a file can be"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].rc == rc)
            return known[i].text;
    return rc_text(rc);
}

static enum rc
write_all(int fd, struct str data)
{
    for (size_t done = 0; done < data.len;) {
        ssize_t n = write(fd, data.ptr + done, data.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return RC_IO;
        done += (size_t)n;
    }
    return RC_OK;
}

static enum rc
sync_folder(const char *path)
{
    char *slash, dir[4096];
    int n = snprintf(dir, sizeof(dir), "%s", path);

    if (n < 0 || (size_t)n >= sizeof(dir))
        return RC_IO;
    slash = strrchr(dir, '/');
    if (!slash)
        strcpy(dir, ".");
    else
        slash[slash == dir] = '\0';
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return RC_IO;
    enum rc rc = fsync(fd) == 0 ? RC_OK : RC_IO;

    close(fd);
    return rc;
}

enum rc
file_write_atomic(const char *path, struct str data, unsigned mode)
{
    char beside[4096];
    int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);

    if (n < 0 || (size_t)n >= sizeof(beside))
        return RC_IO;
    int fd = mkostemp(beside, O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? RC_NOT_FOUND : RC_IO;
    enum rc rc = write_all(fd, data);

    if (rc == RC_OK && (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0))
        rc = RC_IO;
    if (close(fd) != 0 && rc == RC_OK)
        rc = RC_IO;
    if (rc == RC_OK && rename(beside, path) != 0)
        rc = RC_IO;
    if (rc != RC_OK) {
        unlink(beside);
        return rc;
    }
    return sync_folder(path);
}

static void
warn_if_open(const char *path, struct err_pos pos, struct errs *es)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0)
        return;
    struct err *e = errs_add(es, ERR_WARNING, RC_CONFIG, 21, pos, "others than the owner may read the secret %s", path);

    err_hint(e, "chmod 0400 %s", path);
}

enum rc
secret_load(const char *path, struct err_pos pos, struct secret **secret, struct errs *es)
{
    struct buf text = BUF_INIT(SECRET_MAX + 1);
    enum rc rc = buf_reserve(&text, text.max); /* at once: growing would leave copies behind */

    if (rc == RC_OK)
        rc = file_read(path, SECRET_MAX, &text);
    while (rc == RC_OK && text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    struct secret *s = rc == RC_OK && text.len ? malloc(sizeof(*s) + text.len) : NULL;

    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, RC_CONFIG, 20, pos, "the secret %s cannot be read: %s", path, file_problem(rc));
    else if (text.len == 0)
        errs_add(es, ERR_ERROR, RC_CONFIG, 20, pos, "the secret %s is empty", path);
    else if (!s)
        errs_add(es, ERR_ERROR, RC_CONFIG, 20, pos, "the secret %s cannot be read: %s", path, rc_text(RC_NOMEM));
    if (s) {
        s->len = text.len;
        memcpy(s->bytes, text.ptr, text.len);
        warn_if_open(path, pos, es);
    }
    buf_free_wipe(&text);
    if (!s)
        return RC_CONFIG;
    *secret = s;
    return RC_OK;
}

struct secret *
secret_of(struct str bytes)
{
    struct secret *s = malloc(sizeof(*s) + bytes.len);

    if (!s)
        return NULL;
    s->len = bytes.len;
    if (bytes.len)
        memcpy(s->bytes, bytes.ptr, bytes.len);
    return s;
}

struct str
secret_bytes(const struct secret *s)
{
    return (struct str){s->bytes, s->len};
}

void
secret_free(struct secret *s)
{
    if (!s)
        return;
    explicit_bzero(s->bytes, s->len);
    free(s);
}

enum rc
file_make_folder(const char *path, unsigned mode)
{
    char part[4096];
    size_t len = strlen(path);

    if (len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return RC_IO;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, mode) != 0 && errno != EEXIST)
            return RC_IO;
    }
    return RC_OK;
}
