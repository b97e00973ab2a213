#include "bundle_int.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/command.h"
#include "policy_test_int.h"

#define REPORT_BYTES_MAX ((size_t)16 << 20)

static int
on_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* One file below dir; its folders are made. */
static enum rc
write_file(const char *dir, const struct bundle_file *f, char path[4096])
{
    int n = snprintf(path, 4096, "%s/%.*s", dir, (int)f->path.len, f->path.ptr);

    if (n < 0 || n >= 4096)
        return RC_IO;
    for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return RC_IO;
        *slash = '/';
    }
    FILE *out = fopen(path, "wx");
    bool ok = out && (f->text.len == 0 || fwrite(f->text.ptr, 1, f->text.len, out) == f->text.len);

    if (out && fclose(out) != 0)
        ok = false;
    return ok ? RC_OK : RC_IO;
}

/* Tests read their policies by name: the verified files stand in a folder of their own while they run. */
static enum rc
run_tests(const struct bundle *b, const char *dir, const char *config, struct buf *report, int *code)
{
    char *paths[BUNDLE_FILES_MAX];
    size_t count = 0;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < b->file_count && rc == RC_OK; i++) {
        char path[4096];

        rc = write_file(dir, &b->files[i], path);
        if (rc != RC_OK || !bundle_is_test(b->files[i].path))
            continue;
        paths[count] = strdup(path);
        if (paths[count])
            count++;
        else
            rc = RC_NOMEM;
    }
    const struct policy_test_options o = {.config = config, .format = TEST_TEXT};

    if (rc == RC_OK)
        *code = policy_test_main(&o, (const char *const *)paths, count, report);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    return rc;
}

static bool
has_tests(const struct bundle *b)
{
    for (size_t i = 0; i < b->file_count; i++)
        if (bundle_is_test(b->files[i].path))
            return true;
    return false;
}

enum rc
bundle_test(const struct bundle *b, const char *config, struct err_pos pos, struct errs *es)
{
    const char *base = getenv("TMPDIR");
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    char dir[512];
    int code = EXIT_INTERNAL;

    if (!has_tests(b)) {
        errs_add(es, ERR_WARNING, RC_CONFIG, SG_BUNDLE_TESTS, pos, "the bundle has no tests of its own");
        return RC_OK;
    }
    snprintf(dir, sizeof(dir), "%s/spangate-bundle-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(dir)) {
        errs_add(es, ERR_ERROR, RC_IO, SG_BUNDLE_TESTS, pos, "no folder for the bundle's tests can be made: %m");
        return RC_IO;
    }
    enum rc rc = run_tests(b, dir, config, &report, &code);

    nftw(dir, on_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE_TESTS, pos, "the bundle's tests cannot be written down: %s", rc_text(rc));
    } else if (code != EXIT_DONE) {
        struct str text = str_trim(buf_str(&report));

        err_hint(errs_add(es, ERR_ERROR, RC_CONFIG, SG_BUNDLE_TESTS, pos, "the bundle is refused: its own tests fail"), "%.*s",
            (int)(text.len < 200 ? text.len : 200), text.len ? text.ptr : "");
        rc = RC_CONFIG;
    }
    buf_free(&report);
    return rc;
}
