#include "control_tmp.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_suite.h"

static char dir[] = "/tmp/spangate-test-XXXXXX";
static bool made;
static pid_t owner;

static void
clean(void)
{
    DIR *d = getpid() == owner ? opendir(dir) : NULL;

    for (struct dirent *e; d && (e = readdir(d));)
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d) {
        closedir(d);
        (void)rmdir(dir);
    }
}

const char *
tmp_path(const char *name)
{
    static char paths[256][128];
    static unsigned next;
    char *path = paths[next++ % 256];

    if (!made) {
        made = true;
        owner = getpid();
        ck_assert_ptr_nonnull(mkdtemp(dir));
        (void)atexit(clean);
    }
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

const char *
tmp_write_bytes(const char *name, struct str bytes)
{
    const char *path = tmp_path(name);
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, f), bytes.len);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

const char *
tmp_write(const char *name, const char *text)
{
    return tmp_write_bytes(name, str_of(text));
}

static const char *
terminated(struct buf *out)
{
    ck_assert_int_eq(buf_append_byte(out, '\0'), RC_OK);
    out->len--;
    return out->ptr;
}

void
tmp_has(struct buf *out, const char *part)
{
    ck_assert_msg(strstr(terminated(out), part) != NULL, "\"%s\" is not in:\n%s", part, out->ptr);
}

void
tmp_has_not(struct buf *out, const char *part)
{
    ck_assert_msg(strstr(terminated(out), part) == NULL, "\"%s\" is in:\n%s", part, out->ptr);
}

const char *
tmp_take_stderr(void)
{
    const char *path = tmp_path("stderr.txt");

    ck_assert_ptr_nonnull(freopen(path, "w", stderr));
    return path;
}
