#include "audit/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/entry.h"
#include "audit/reader.h"

#define BUFFER (1u << 20)

struct entry_source {
    int fd; /* of a file of lines, else -1 */
    struct reader *reader;
    char *buffer; /* [BUFFER + ENTRY_MAX + 2] */
};

static enum rc
open_failed(const char *path, struct errs *es)
{
    enum rc rc = errno == ENOENT ? RC_NOT_FOUND : errno == ENOMEM ? RC_NOMEM : RC_IO;

    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.200s cannot be read: %s", path, strerror(errno));
    return rc;
}

/* A file of entries begins with one, or is empty. */
static bool
holds_lines(int fd)
{
    char first;

    return pread(fd, &first, 1, 0) != 1 || first == '{';
}

enum rc
source_open(const char *path, struct entry_source **src, struct errs *es)
{
    struct entry_source *s = calloc(1, sizeof(*s));
    struct stat st;

    if (!s || !(s->buffer = malloc(BUFFER + ENTRY_MAX + 2))) {
        free(s);
        return RC_NOMEM;
    }
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) != 0) {
        enum rc rc = open_failed(path, es);

        source_close(s);
        return rc;
    }
    if (S_ISDIR(st.st_mode)) {
        enum rc rc = reader_open(path, &s->reader, es);

        if (rc != RC_OK) {
            source_close(s);
            return rc;
        }
    }
    if (S_ISREG(st.st_mode) && !holds_lines(s->fd)) {
        errs_add(es, ERR_ERROR, RC_MALFORMED, 0, (struct err_pos){0}, "%.200s is no log and no export of one: it does not begin with an entry", path);
        source_close(s);
        return RC_MALFORMED;
    }
    *src = s;
    return RC_OK;
}

void
source_close(struct entry_source *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    if (s->reader)
        reader_close(s->reader);
    free(s->buffer);
    free(s);
}

/* Give the whole lines of buffer[0, *len) to fn; what is left moves to the front. false: fn has had enough. */
static bool
give_lines(char *buffer, size_t *len, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg)
{
    char *p = buffer, *end = buffer + *len, *newline;
    bool more = true;

    while (more && (newline = memchr(p, '\n', (size_t)(end - p)))) {
        if (newline > p)
            more = fn(arg, SOURCE_NO_INDEX, (struct str){p, (size_t)(newline - p)});
        p = newline + 1;
    }
    *len = (size_t)(end - p);
    memmove(buffer, p, *len);
    return more;
}

static enum rc
lines(struct entry_source *s, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg)
{
    size_t len = 0;
    ssize_t n;

    if (lseek(s->fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return RC_IO;
    while ((n = read(s->fd, s->buffer + len, BUFFER)) > 0) {
        len += (size_t)n;
        if (!give_lines(s->buffer, &len, fn, arg))
            return RC_OK;
        if (len > ENTRY_MAX)
            return RC_TOO_LARGE;
    }
    if (n == 0 && len) { /* a last line without its end */
        s->buffer[len++] = '\n';
        (void)give_lines(s->buffer, &len, fn, arg);
    }
    return n < 0 ? RC_IO : RC_OK;
}

enum rc
source_entries(struct entry_source *s, uint64_t from, bool (*fn)(void *arg, uint64_t index, struct str entry), void *arg)
{
    return s->reader ? reader_entries(s->reader, from, UINT64_MAX, fn, arg) : lines(s, fn, arg);
}

uint64_t
source_size(const struct entry_source *s)
{
    return s->reader ? reader_checkpoint(s->reader)->tree.size : 0;
}

struct reader *
source_reader(const struct entry_source *s)
{
    return s->reader;
}
