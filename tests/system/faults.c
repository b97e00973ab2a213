/*
 * A disk and a clock that fail on demand, preloaded before the gate: what the file named by $FAULT says is done to files below $FAULT_UNDER.
 *   write ERRNO | sync ERRNO | create ERRNO | torn (half of a write, then ENOSPC)        clock SECONDS    (CLOCK_REALTIME is off by so much)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long
fault(const char *what)
{
    const char *path = getenv("FAULT");
    char text[64] = "";
    int saved = errno;
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        ssize_t n = syscall(SYS_read, fd, text, sizeof(text) - 1);

        text[n > 0 ? n : 0] = '\0';
        syscall(SYS_close, fd);
    }
    errno = saved;
    return strncmp(text, what, strlen(what)) == 0 ? strtol(text + strlen(what), NULL, 10) : 0;
}

static int
ours(int fd)
{
    const char *under = getenv("FAULT_UNDER");
    char link[32], path[512];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);

    path[n > 0 ? n : 0] = '\0';
    return under && strstr(path, under) != NULL;
}

static int
fails(const char *what, int fd)
{
    long e = fault(what);

    if (e <= 0 || !ours(fd))
        return 0;
    errno = (int)e;
    return 1;
}

ssize_t
write(int fd, const void *buf, size_t n)
{
    return fails("write ", fd) ? -1 : REAL(write)(fd, buf, n);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t at)
{
    if (fails("write ", fd))
        return -1;
    if (fails("torn ", fd)) {
        REAL(pwrite)(fd, buf, n / 2, at);
        errno = ENOSPC;
        return -1;
    }
    return REAL(pwrite)(fd, buf, n, at);
}

ssize_t
pwritev(int fd, const struct iovec *v, int count, off_t at)
{
    if (fails("write ", fd))
        return -1;
    if (fails("torn ", fd)) {
        REAL(pwrite)(fd, v[0].iov_base, v[0].iov_len / 2, at);
        errno = ENOSPC;
        return -1;
    }
    return REAL(pwritev)(fd, v, count, at);
}

int
fsync(int fd)
{
    return fails("sync ", fd) ? -1 : REAL(fsync)(fd);
}

int
fdatasync(int fd)
{
    return fails("sync ", fd) ? -1 : REAL(fdatasync)(fd);
}

int
ftruncate(int fd, off_t size)
{
    return fails("write ", fd) ? -1 : REAL(ftruncate)(fd, size);
}

int
open(const char *path, int flags, ...)
{
    const char *under = getenv("FAULT_UNDER");
    long e = flags & O_CREAT ? fault("create ") : 0;
    va_list ap;

    va_start(ap, flags);
    int mode = flags & O_CREAT ? va_arg(ap, int) : 0;

    va_end(ap);
    if (e > 0 && under && strstr(path, under)) {
        errno = (int)e;
        return -1;
    }
    return REAL(open)(path, flags, mode);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, id, t);

    if (rc == 0 && id == CLOCK_REALTIME)
        t->tv_sec += fault("clock ");
    return rc;
}

time_t
time(time_t *out)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}
