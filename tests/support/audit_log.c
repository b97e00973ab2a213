#include "audit_log.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static void
open_writer(struct test_log *l)
{
    struct errs es = {0};
    const struct writer_options o = {.dir = l->dir, .keys = &l->signer.key, .key_count = 1};
    enum rc rc = writer_open(&o, &l->writer, &es);

    ck_assert_msg(rc == RC_OK, "%s: %s", rc_label(rc), es.count ? es.list[0].text : "");
    errs_free(&es);
}

void
test_log_begin(struct test_log *l)
{
    *l = (struct test_log){.dir = "/tmp/spangate-audit-XXXXXX"};
    if (access("/dev/shm", W_OK) == 0) /* an fsync costs nothing there */
        snprintf(l->dir, sizeof(l->dir), "/dev/shm/spangate-audit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(l->dir));
    ck_assert_int_eq(note_signer_make(STR(TEST_ORIGIN), NOTE_ED25519, &l->signer), RC_OK);
    open_writer(l);
}

size_t
test_log_entry(uint64_t index, unsigned salt, char out[256])
{
    int n = snprintf(out, 256,
        "{\"node\":\"test\",\"outcome\":\"%.*s\",\"seq\":%llu,\"ts\":\"2026-11-%02u:00:00.000000Z\",\"type\":\"request\",\"v\":%u}",
        (int)(index * 7 % 40), "accepted-accepted-accepted-accepted-accepted", (unsigned long long)index, (unsigned)(index / 256 % 28 + 1), salt + 1);

    return (size_t)n;
}

void
test_log_sign(struct test_log *l, const struct note_signer *by, struct buf *out)
{
    struct checkpoint c = {.origin = str_of(l->signer.key.name)};
    struct buf body = BUF_INIT(4096);

    *out = BUF_INIT(NOTE_MAX);
    ck_assert_int_eq(writer_state(l->writer, &c.tree), RC_OK);
    ck_assert_int_eq(checkpoint_print(&c, &body), RC_OK);
    ck_assert_int_eq(buf_append(out, buf_str(&body)), RC_OK);
    ck_assert_int_eq(buf_append_byte(out, '\n'), RC_OK);
    ck_assert_int_eq(note_sign(by, buf_str(&body), 0, out), RC_OK);
    buf_free(&body);
}

void
test_log_grow(struct test_log *l, uint64_t count, unsigned salt)
{
    struct buf note;
    char entry[256];

    for (uint64_t i = 0; i < count; i++) {
        size_t n = test_log_entry(writer_size(l->writer), salt, entry);

        ck_assert_int_eq(writer_append(l->writer, (struct str){entry, n}), RC_OK);
    }
    ck_assert_int_eq(writer_flush(l->writer), RC_OK);
    test_log_sign(l, &l->signer, &note);
    ck_assert_int_eq(writer_publish(l->writer, buf_str(&note)), RC_OK);
    buf_free(&note);
}

void
test_log_reopen(struct test_log *l)
{
    writer_close(l->writer);
    open_writer(l);
}

void
test_log_end(struct test_log *l)
{
    writer_close(l->writer);
    test_remove_tree(l->dir);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void
test_remove_tree(const char *dir)
{
    ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void
copy_file(const char *from, const char *to)
{
    struct buf bytes = BUF_INIT((size_t)64 << 20);
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_read(from, (size_t)64 << 20, &bytes), RC_OK);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
    buf_free(&bytes);
}

void
test_copy_tree(const char *from, const char *to)
{
    DIR *d = opendir(from);
    char a[512], b[512];
    struct stat st;

    ck_assert_ptr_nonnull(d);
    (void)mkdir(to, 0755);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(a, sizeof(a), "%s/%s", from, e->d_name);
        snprintf(b, sizeof(b), "%s/%s", to, e->d_name);
        ck_assert_int_eq(stat(a, &st), 0);
        if (S_ISDIR(st.st_mode))
            test_copy_tree(a, b);
        else
            copy_file(a, b);
    }
    closedir(d);
}
