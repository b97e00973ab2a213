/*
 * gate.lock: one gate a directory. It also remembers that a journal was made here, so that data which has vanished is not taken for a new
 * journal. flock goes with the process, however it ends.
 */
#include "base/secret.h"
#include "journal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MADE "made"

static enum rc
complain(struct errs *es, const char *dir, enum rc rc, const char *what)
{
    errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){.file = dir}, "journal: %s", what);
    return rc;
}

static bool
path_of(const char *dir, const char *name, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

    return n > 0 && n < PATH_MAX;
}

/* "PID" or "PID made" */
static void
read_note(int fd, long *pid, bool *made)
{
    char note[64] = "", *end;
    ssize_t n = pread(fd, note, sizeof(note) - 1, 0);

    *pid = n > 0 ? strtol(note, &end, 10) : 0;
    *made = n > 0 && strstr(note, MADE);
}

static bool
write_note(int fd, bool made)
{
    char note[64];
    int n = snprintf(note, sizeof(note), "%ld%s\n", (long)getpid(), made ? " " MADE : "");

    return ftruncate(fd, 0) == 0 && pwrite(fd, note, (size_t)n, 0) == n && fsync(fd) == 0;
}

/* A reader may be asking whether somebody has it: owner_is_absent. */
static bool
lock(int fd)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    for (unsigned tries = 0; tries < 3; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

enum rc
owner_lock(const char *dir, int *out, struct errs *es)
{
    char path[PATH_MAX];
    struct stat data;
    bool made;
    long pid;

    if (file_make_folder(dir, 0700) != RC_OK)
        return complain(es, dir, RC_IO, "the directory cannot be made");
    if (!path_of(dir, "gate.lock", path))
        return complain(es, dir, RC_IO, "the path is too long");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return complain(es, dir, RC_IO, "its gate.lock cannot be opened");
    if (!lock(fd)) {
        enum rc rc = complain(es, dir, RC_BUSY, "another gate has it open");

        close(fd);
        return rc;
    }
    read_note(fd, &pid, &made);
    if (made && path_of(dir, "data.mdb", path) && (stat(path, &data) || data.st_size == 0)) {
        enum rc rc = complain(es, dir, RC_INTEGRITY, "data.mdb is gone; remove the whole directory to begin a new journal");

        close(fd);
        return rc;
    }
    if (!write_note(fd, made)) {
        close(fd);
        return complain(es, dir, RC_IO, "its gate.lock cannot be written");
    }
    *out = fd;
    return RC_OK;
}

enum rc
owner_note_made(int fd)
{
    return write_note(fd, true) ? RC_OK : RC_IO;
}

bool
owner_is_this_process(const char *dir)
{
    char path[PATH_MAX];
    bool made;
    long pid;

    if (!path_of(dir, "gate.lock", path))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    read_note(fd, &pid, &made);
    bool ours = pid == (long)getpid() && flock(fd, LOCK_SH | LOCK_NB) != 0;

    close(fd);
    return ours;
}

bool
owner_is_absent(const char *dir)
{
    char path[PATH_MAX];
    int fd = path_of(dir, "gate.lock", path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool absent = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;

    if (fd >= 0)
        close(fd);
    return absent;
}

void
owner_unlock(int fd)
{
    (void)flock(fd, LOCK_UN); /* a child that was forked meanwhile may still hold the descriptor */
    close(fd);
}
