#include <dirent.h>
#include <stdlib.h>
#include <time.h>

#include "../control/bundle_int.h"
#include "base/clock.h"
#include "base/secret.h"
#include "control/command.h"

#define TEXTS_BYTES_MAX ((size_t)64 << 20)

static int
is_wanted(const struct dirent *e)
{
    struct str name = str_of(e->d_name);

    return name.ptr[0] != '.' && (bundle_is_policy(name) || bundle_is_test(name));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool
add_file(struct bundle *b, struct arena *ar, const char *dir, const char *name, struct errs *es)
{
    struct buf text = BUF_INIT(BUNDLE_FILE_MAX);
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
    struct bundle_file *f = &b->files[b->file_count];
    enum rc rc = n < 0 || (size_t)n >= sizeof(path) ? RC_IO : file_read(path, BUNDLE_FILE_MAX, &text);

    if (rc == RC_OK && !bundle_path_good(str_of(name)))
        rc = RC_USAGE;
    if (rc == RC_OK) {
        f->path = arena_dup(ar, str_of(name));
        f->text = arena_dup(ar, buf_str(&text));
        rc = f->path.ptr && (f->text.ptr || text.len == 0) ? RC_OK : RC_NOMEM;
    }
    if (rc != RC_OK)
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, (struct err_pos){.file = path}, "cannot be packed: %s", rc_text(rc));
    b->file_count += rc == RC_OK;
    buf_free(&text);
    return rc == RC_OK;
}

/* Every policy and every test of a folder. */
static enum rc
read_folder(struct bundle *b, struct arena *ar, const char *dir, struct errs *es)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, is_wanted, by_name);
    bool ok = n > 0 && n <= BUNDLE_FILES_MAX - 1;

    b->files = arena_calloc(ar, BUNDLE_FILES_MAX, sizeof(*b->files));
    if (!ok)
        errs_add(es, ERR_ERROR, RC_CONFIG, SG_BUNDLE, (struct err_pos){.file = dir}, "a folder of 1 to %d policies and tests is wanted",
            BUNDLE_FILES_MAX - 1);
    for (int i = 0; i < n; i++) {
        ok = ok && b->files && add_file(b, ar, dir, entries[i]->d_name, es);
        free(entries[i]);
    }
    free(entries);
    return ok ? RC_OK : RC_CONFIG;
}

/* SOURCE_DATE_EPOCH makes equal inputs give equal bytes (reproducible-builds.org). */
static struct str
created_text(char out[32])
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t s = clock_wall_us(&clock_system) / 1000000;
    struct tm tm;

    if (epoch)
        (void)!str_to_u64(str_of(epoch), &s);
    time_t at = (time_t)s;

    if (!gmtime_r(&at, &tm) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return STR("");
    return str_of(out);
}

/* "sha256:" and the digest of the bundle before. */
static enum rc
previous_text(const char *path, char out[8 + 2 * SHA256_SIZE], struct str *text, struct errs *es)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX);
    uint8_t sum[SHA256_SIZE];
    enum rc rc = file_read(path, BUNDLE_BYTES_MAX, &bytes);

    if (rc == RC_OK)
        rc = digest_sha256(buf_str(&bytes), sum);
    if (rc == RC_OK) {
        memcpy(out, "sha256:", 7);
        digest_hex((struct str){(const char *)sum, sizeof(sum)}, out + 7);
        *text = (struct str){out, 7 + 2 * SHA256_SIZE};
    } else {
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, (struct err_pos){.file = path}, "cannot be read: %s", file_problem(rc));
    }
    buf_free(&bytes);
    return rc;
}

/* What would be refused by the gate is not packed: names, sizes, tests. */
static enum rc
pack(const struct bundle *b, const char *config, const char *path, struct arena *ar, struct errs *es)
{
    struct buf out = BUF_INIT(BUNDLE_BYTES_MAX);
    struct err_pos pos = {.file = path};
    struct bundle check;
    enum rc rc = bundle_test(b, config, pos, es);

    if (rc == RC_OK)
        rc = bundle_pack(b, &out);
    if (rc == RC_OK)
        rc = bundle_open(buf_str(&out), pos, ar, &check, es);
    if (rc == RC_OK)
        rc = file_write_atomic(path, buf_str(&out), 0644);
    if (rc != RC_OK && es->errors == 0)
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, pos, "cannot be written: %s", rc_text(rc));
    if (rc == RC_OK)
        printf("%s\n", path);
    buf_free(&out);
    return rc;
}

static int
run(const struct arguments *a)
{
    struct arena *ar = arena_new(TEXTS_BYTES_MAX);
    struct errs es = {0};
    const char *const *rest;
    char created[32], previous[8 + 2 * SHA256_SIZE], path[4096];
    uint64_t revision = args_number(a, "revision");
    const char *name = args_text(a, "name"), *dir = args_text(a, "output");
    struct bundle b = {.name = str_of(name), .revision = revision, .created = created_text(created), .min_engine = STR(SPANGATE_VERSION)};

    (void)args_rest(a, &rest);
    if (!name || revision == 0) {
        arena_free(ar);
        return usage_error(a, "a bundle needs --name and --revision, which is 1 or more");
    }
    enum rc rc = ar ? read_folder(&b, ar, rest[0], &es) : RC_NOMEM;

    if (rc == RC_OK && args_text(a, "previous"))
        rc = previous_text(args_text(a, "previous"), previous, &b.previous, &es);
    snprintf(path, sizeof(path), "%s/%s-r%llu.tar.gz", dir, name, (unsigned long long)revision);
    if (rc == RC_OK)
        rc = pack(&b, args_text(a, "config"), path, ar, &es);
    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    arena_free(ar);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "name", .type = OPTION_TEXT, .arg = "NAME", .help = "Name of the bundle"},
    {.name = "revision", .type = OPTION_NUMBER, .arg = "N", .fallback = "0", .help = "Must be higher than that of the bundle before"},
    {.name = "previous", .type = OPTION_TEXT, .arg = "FILE", .help = "The bundle before, whose digest is written down"},
    {.name = "output", .letter = 'o', .type = OPTION_TEXT, .arg = "DIR", .fallback = ".", .help = "Where NAME-rN.tar.gz is written"},
    {.name = "config",
        .letter = 'c',
        .type = OPTION_TEXT,
        .arg = "FILE",
        .help = "A gateway file whose exporters are the destinations of tests that name none"},
    {0},
};

const struct command cmd_policy_pack = {
    .name = "policy pack",
    .usage = "DIR --name NAME --revision N [--previous FILE] [-o DIR]",
    .summary = "Pack policies and their tests into a bundle",
    .text =
        "Takes every *.yaml and *.yml of a folder, runs the tests among them, and writes NAME-rN.tar.gz with a manifest of names, sizes and digests. "
        "Equal files and an equal SOURCE_DATE_EPOCH give equal bytes.\n"
        "\n"
        "Sign it with `spangate policy sign`; a gateway file names it under policies.sources as bundle.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
