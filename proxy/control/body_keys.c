#include "body_keys_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"

#define DATE 10 /* "2026-11-22" */
#define KEY_BYTES 32
#define ENDING ".key"

/* Name of a day's file. */
static void
date_of(uint64_t day, char out[CLOCK_RFC3339_SIZE])
{
    clock_rfc3339(day * BODY_KEYS_DAY_US, out);
    out[DATE] = 0;
}

static enum rc
make_key(const char *path)
{
    uint8_t raw[KEY_BYTES];
    char hex[2 * KEY_BYTES];
    enum rc rc = digest_random(raw, sizeof(raw));

    if (rc == RC_OK) {
        digest_hex((struct str){(const char *)raw, sizeof(raw)}, hex);
        rc = file_write_atomic(path, (struct str){hex, sizeof(hex)}, 0400);
    }
    explicit_bzero(raw, sizeof(raw));
    explicit_bzero(hex, sizeof(hex));
    return rc;
}

static enum rc
have_day(struct body_keys *k, const char *dir, uint64_t day, struct errs *es)
{
    unsigned slot = (unsigned)(day % BODY_KEYS_KEPT);
    char date[CLOCK_RFC3339_SIZE], path[4200];
    struct secret *key;
    enum rc rc = RC_OK;

    if (atomic_load(&k->slot[slot].day) == day + 1)
        return RC_OK;
    date_of(day, date);
    snprintf(path, sizeof(path), "%s/%s" ENDING, dir, date);
    if (access(path, F_OK) != 0)
        rc = make_key(path);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, RC_IO, 0, (struct err_pos){.file = path}, "a key for the digests of this day cannot be made: %s", rc_text(rc));
        return RC_IO;
    }
    if (secret_load(path, (struct err_pos){.file = path}, &key, es) != RC_OK)
        return RC_IO;
    atomic_store(&k->slot[slot].day, 0);
    secret_free(atomic_exchange(&k->slot[slot].key, key)); /* of a day that was BODY_KEYS_KEPT days ago */
    atomic_store(&k->slot[slot].day, day + 1);
    return RC_OK;
}

/* Overwritten first: what was there is gone from most disks at once, from all when the blocks are used again. */
static void
erase(int folder, const char *name)
{
    static const char zeros[2 * KEY_BYTES];

    if (fchmodat(folder, name, 0600, 0) != 0)
        return;
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0) {
        if (write(fd, zeros, sizeof(zeros)) == (ssize_t)sizeof(zeros))
            (void)fsync(fd);
        close(fd);
    }
    (void)unlinkat(folder, name, 0);
}

/* Names of days sort as the days do. */
static void
erase_before(const char *dir, const char *date)
{
    DIR *d = opendir(dir);

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        struct str name = str_of(e->d_name);

        if (name.len == DATE + sizeof(ENDING) - 1 && str_ends(name, STR(ENDING)) && memcmp(name.ptr, date, DATE) < 0)
            erase(dirfd(d), e->d_name);
    }
    if (d)
        closedir(d);
}

enum rc
body_keys_turn(struct body_keys *k, const char *dir, uint64_t wall_us, uint64_t retention_us, struct errs *es)
{
    uint64_t today = wall_us / BODY_KEYS_DAY_US;
    char date[CLOCK_RFC3339_SIZE];

    if (file_make_folder(dir, 0700) != RC_OK) {
        errs_add(es, ERR_ERROR, RC_IO, 0, (struct err_pos){.file = dir}, "the folder of the digests' keys cannot be made");
        return RC_IO;
    }
    enum rc rc = have_day(k, dir, today, es);

    if (rc == RC_OK)
        rc = have_day(k, dir, today + 1, es);
    if (rc == RC_OK && retention_us && retention_us < wall_us) {
        date_of((wall_us - retention_us) / BODY_KEYS_DAY_US, date); /* of the last day that may still be needed */
        erase_before(dir, date);
    }
    return rc;
}

void
body_keys_free(struct body_keys *k)
{
    for (unsigned i = 0; i < BODY_KEYS_KEPT; i++) {
        atomic_store(&k->slot[i].day, 0);
        secret_free(atomic_exchange(&k->slot[i].key, NULL));
    }
}
