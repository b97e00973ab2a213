#include <stdio.h>

#include "../control/bundle_int.h"
#include "base/secret.h"
#include "control/command.h"

#define UNPACKED_MAX ((size_t)128 << 20)

/* What the signature says of the bundle beside being one. */
static enum rc
describe(struct str bytes, const char *path, char out[512], struct errs *es)
{
    struct arena *ar = arena_new(UNPACKED_MAX);
    struct bundle b;
    enum rc rc = ar ? bundle_open(bytes, (struct err_pos){.file = path}, ar, &b, es) : RC_NOMEM;

    if (rc == RC_OK)
        snprintf(out, 512, "bundle:%.*s revision:%llu sha256:%s", (int)b.name.len, b.name.ptr, (unsigned long long)b.revision, b.sha256);
    arena_free(ar);
    return rc;
}

static enum rc
sign(const char *path, const char *key_path, struct errs *es)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX), key_text = BUF_INIT(MINISIGN_TEXT_MAX), out = BUF_INIT(MINISIGN_TEXT_MAX);
    struct minisign_secret key;
    char comment[512], beside[4096];
    enum rc rc = file_read(key_path, MINISIGN_TEXT_MAX, &key_text);

    if (rc == RC_OK)
        rc = minisign_read_secret(buf_str(&key_text), &key);
    if (rc != RC_OK) {
        err_hint(errs_add(es, ERR_ERROR, rc, SG_BUNDLE_SIGNATURE, (struct err_pos){.file = key_path}, "this key cannot sign: %s", rc_text(rc)),
            rc == RC_UNIMPLEMENTED ? "it is encrypted: sign with `minisign -S -m FILE`, or make one with `spangate policy keygen`"
                                   : "`spangate policy keygen` or `minisign -G -W` make one");
        goto out;
    }
    rc = file_read(path, BUNDLE_BYTES_MAX, &bytes);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, (struct err_pos){.file = path}, "cannot be read: %s", file_problem(rc));
        goto out;
    }
    rc = describe(buf_str(&bytes), path, comment, es);
    if (rc == RC_OK)
        rc = minisign_sign(&key, buf_str(&bytes), str_of(comment), &out);
    snprintf(beside, sizeof(beside), "%s" BUNDLE_SIGNATURE, path);
    if (rc == RC_OK)
        rc = file_write_atomic(beside, buf_str(&out), 0644);
    if (rc == RC_OK)
        printf("%s\n", beside);
    else if (es->errors == 0)
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE_SIGNATURE, (struct err_pos){.file = beside}, "cannot be written: %s", rc_text(rc));
out:
    explicit_bzero(&key, sizeof(key));
    buf_free(&bytes);
    buf_free_wipe(&key_text);
    buf_free(&out);
    return rc;
}

static int
run(const struct arguments *a)
{
    struct errs es = {0};
    const char *const *rest;

    (void)args_rest(a, &rest);
    if (!args_text(a, "key"))
        return usage_error(a, "--key FILE names the secret key");
    enum rc rc = sign(rest[0], args_text(a, "key"), &es);

    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "key", .type = OPTION_TEXT, .arg = "FILE", .help = "The secret key, of `spangate policy keygen` or `minisign -G -W`"},
    {0},
};

const struct command cmd_policy_sign = {
    .name = "policy sign",
    .usage = "BUNDLE --key FILE",
    .summary = "Sign a bundle",
    .text = "Writes BUNDLE.minisig: a signature that minisign verifies too. Its trusted comment names bundle, revision and digest.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
