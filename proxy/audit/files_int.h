/**
 * Files of a log directory: written now, durable after files_sync. Many small files share the waiting: all are given to the disk first, then each is waited for.
 */
#ifndef AUDIT_FILES_INT_H
#define AUDIT_FILES_INT_H

#include "audit/writer.h"
#include "base/buf.h"

#define FILES_OPEN_MAX 128
#define FILES_FOLDERS_MAX 64
#define FILES_PATH_MAX 80

struct files {
    int folder; /* the log's */
    void (*on_step)(void *arg, enum writer_step step, const char *path);
    void *arg;
    unsigned open_count, folder_count;
    struct {
        int fd;
        char path[FILES_PATH_MAX];
    } open[FILES_OPEN_MAX];
    char folders[FILES_FOLDERS_MAX][FILES_PATH_MAX]; /* with new names in them; "." is the log's own */
};

/* Make or replace a file (never one that a checkpoint covers). RC_OK; RC_IO, RC_FULL. */
enum rc files_write(struct files *f, const char *path, struct str data) MUST_USE;
/* Wait for all of them, then for the folders that name them. After a failure nothing that was written counts. */
enum rc files_sync(struct files *f) MUST_USE;
/* Write, fsync, rename, fsync the folder: the file is there whole, before or after. */
enum rc files_replace(struct files *f, const char *path, struct str data) MUST_USE;
/* Remove a file; it need not be there. */
enum rc files_remove(struct files *f, const char *path) MUST_USE;
/* Remove a folder of files ("tile/0/000.p"); it need not be there. */
enum rc files_remove_folder(struct files *f, const char *path) MUST_USE;
/* Close what is open. */
void files_drop(struct files *f);

#endif
