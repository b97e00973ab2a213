/* Bundles, their archives and signatures: any bytes are refused with a reason, or every file lies within them under a good name. */
#include "proxy/control/bundle_int.h"

#include "fuzz.h"

static void
check_files(struct str all, const struct bundle_file *files, size_t count)
{
    FUZZ_CHECK(count <= BUNDLE_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(bundle_path_good(files[i].path));
        FUZZ_CHECK(!all.ptr || (files[i].text.ptr >= all.ptr && files[i].text.ptr + files[i].text.len <= all.ptr + all.len));
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(!str_eq(files[k].path, files[i].path));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size}, trusted;
    struct arena *ar = arena_new((size_t)128 << 20);
    struct minisign_public key = {.id = {0}};
    struct minisign_secret secret;
    struct bundle_file *files = NULL;
    struct errs es = {0};
    struct bundle b;
    const char *why = NULL;
    size_t count = 0;

    if (!ar)
        return 0;
    enum rc rc = tar_read(s, ar, &files, &count, &why);

    FUZZ_CHECK(rc == RC_OK || why);
    if (rc == RC_OK)
        check_files(s, files, count);
    rc = bundle_open(s, (struct err_pos){0}, ar, &b, &es);
    FUZZ_CHECK(rc == RC_OK || es.errors > 0);
    if (rc == RC_OK)
        check_files((struct str){NULL, 0}, b.files, b.file_count);
    FUZZ_CHECK(minisign_verify(&key, 1, STR("data"), s, &trusted, &count) != RC_OK);
    (void)!minisign_read_public(s, &key);
    (void)!minisign_read_secret(s, &secret);
    errs_free(&es);
    arena_free(ar);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    struct bundle_file files[] = {{STR("a.policy.yaml"), STR("kind: x\n")}, {STR("b/a.test.yaml"), STR("")}};
    const struct bundle b = {
        .name = STR("shop"), .revision = 3, .created = STR("now"), .min_engine = STR("0"), .previous = STR(""), .files = files, .file_count = 2};

    if (n == 0)
        return bundle_pack(&b, out) == RC_OK;
    if (n == 1)
        return tar_put(out, files[0].path, files[0].text) == RC_OK && tar_put(out, files[1].path, files[1].text) == RC_OK && tar_end(out) == RC_OK;
    return n == 2 && buf_append(out, STR("untrusted comment: x\n"
                                         "RUQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                         "trusted comment: y\n"
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n")) == RC_OK;
}
