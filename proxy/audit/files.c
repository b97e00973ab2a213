#include "files_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rc
failure(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? RC_FULL : RC_IO;
}

static void
told(const struct files *f, enum writer_step step, const char *path)
{
    if (f->on_step)
        f->on_step(f->arg, step, path);
}

static enum rc
sync_folder(struct files *f, const char *path)
{
    int fd = openat(f->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return RC_IO;
    enum rc rc = fsync(fd) == 0 ? RC_OK : RC_IO;

    close(fd);
    if (rc == RC_OK)
        told(f, WRITER_SYNC_FOLDER, path);
    return rc;
}

static enum rc
sync_folders(struct files *f)
{
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < f->folder_count && rc == RC_OK; i++)
        rc = sync_folder(f, f->folders[i]);
    f->folder_count = 0;
    return rc;
}

/* The folder that a name was added to is to be synced. */
static enum rc
note_folder(struct files *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[FILES_PATH_MAX] = ".";

    if (slash)
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    for (unsigned i = 0; i < f->folder_count; i++)
        if (strcmp(f->folders[i], folder) == 0)
            return RC_OK;
    enum rc rc = f->folder_count == FILES_FOLDERS_MAX ? sync_folders(f) : RC_OK;

    if (rc == RC_OK)
        memcpy(f->folders[f->folder_count++], folder, sizeof(folder));
    return rc;
}

static enum rc
make_folders(struct files *f, const char *path)
{
    char part[FILES_PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
        if (mkdirat(f->folder, part, 0755) != 0) {
            if (errno == EEXIST)
                continue;
            return failure();
        }
        told(f, WRITER_FOLDER, part);
        enum rc rc = note_folder(f, part);

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc
write_all(int fd, struct str data)
{
    for (size_t done = 0; done < data.len;) {
        ssize_t n = write(fd, data.ptr + done, data.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? RC_FULL : failure();
        done += (size_t)n;
    }
    return RC_OK;
}

static enum rc
create(struct files *f, const char *path, int *out)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(f->folder, path, flags, 0644);

    if (fd < 0 && errno == ENOENT) {
        enum rc rc = make_folders(f, path);

        if (rc != RC_OK)
            return rc;
        fd = openat(f->folder, path, flags, 0644);
    }
    if (fd < 0)
        return failure();
    *out = fd;
    return RC_OK;
}

enum rc
files_write(struct files *f, const char *path, struct str data)
{
    int fd;
    enum rc rc = f->open_count == FILES_OPEN_MAX ? files_sync(f) : RC_OK;

    if (rc == RC_OK)
        rc = create(f, path, &fd);
    if (rc != RC_OK)
        return rc;
    rc = write_all(fd, data);
    if (rc == RC_OK)
        rc = note_folder(f, path);
    if (rc != RC_OK) {
        close(fd);
        return rc;
    }
    /* On its way to the disk while the next ones are written: the fsync of the first then finds all of them there. */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    f->open[f->open_count].fd = fd;
    snprintf(f->open[f->open_count].path, FILES_PATH_MAX, "%s", path);
    f->open_count++;
    told(f, WRITER_FILE, path);
    return RC_OK;
}

enum rc
files_sync(struct files *f)
{
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < f->open_count; i++) {
        if (rc == RC_OK && fsync(f->open[i].fd) != 0)
            rc = failure();
        if (close(f->open[i].fd) != 0 && rc == RC_OK)
            rc = failure();
        if (rc == RC_OK)
            told(f, WRITER_SYNC, f->open[i].path);
    }
    f->open_count = 0;
    return rc == RC_OK ? sync_folders(f) : rc;
}

enum rc
files_replace(struct files *f, const char *path, struct str data)
{
    char beside[FILES_PATH_MAX];

    snprintf(beside, sizeof(beside), "%s.new", path);
    enum rc rc = files_write(f, beside, data);

    if (rc == RC_OK)
        rc = files_sync(f);
    if (rc != RC_OK)
        return rc;
    if (renameat(f->folder, beside, f->folder, path) != 0)
        return failure();
    told(f, WRITER_RENAME, path);
    rc = note_folder(f, path);
    return rc == RC_OK ? files_sync(f) : rc;
}

enum rc
files_remove(struct files *f, const char *path)
{
    if (unlinkat(f->folder, path, 0) != 0)
        return errno == ENOENT ? RC_OK : RC_IO;
    told(f, WRITER_REMOVE, path);
    return RC_OK;
}

enum rc
files_remove_folder(struct files *f, const char *path)
{
    int fd = openat(f->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    char name[FILES_PATH_MAX];
    enum rc rc = RC_OK;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? RC_OK : RC_IO;
    if (!d) {
        close(fd);
        return RC_NOMEM;
    }
    for (struct dirent *e = readdir(d); e && rc == RC_OK; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        int n = snprintf(name, sizeof(name), "%s/%s", path, e->d_name);

        rc = n > 0 && (size_t)n < sizeof(name) ? files_remove(f, name) : RC_IO;
    }
    closedir(d);
    if (rc == RC_OK && unlinkat(f->folder, path, AT_REMOVEDIR) != 0)
        rc = errno == ENOENT ? RC_OK : RC_IO;
    return rc;
}

void
files_drop(struct files *f)
{
    for (unsigned i = 0; i < f->open_count; i++)
        close(f->open[i].fd);
    f->open_count = f->folder_count = 0;
}
