#include <stdio.h>

#include "../control/bundle_int.h"
#include "base/secret.h"
#include "control/command.h"

#define UNPACKED_MAX ((size_t)128 << 20)
#define KEYS_MAX 16

static enum rc
read_keys(const char *const *paths, size_t count, struct minisign_public *keys, struct errs *es)
{
    for (size_t i = 0; i < count; i++) {
        struct buf text = BUF_INIT(MINISIGN_TEXT_MAX);
        enum rc rc = file_read(paths[i], MINISIGN_TEXT_MAX, &text);

        if (rc == RC_OK)
            rc = minisign_read_public(buf_str(&text), &keys[i]);
        buf_free(&text);
        if (rc == RC_OK)
            continue;
        errs_add(es, ERR_ERROR, RC_CONFIG, SG_BUNDLE_SIGNATURE, (struct err_pos){.file = paths[i]}, "this is no public key: %s", rc_text(rc));
        return RC_CONFIG;
    }
    return RC_OK;
}

static enum rc
verify(const char *path, const struct minisign_public *keys, size_t count, struct errs *es)
{
    struct buf bytes = BUF_INIT(BUNDLE_BYTES_MAX), signature = BUF_INIT(MINISIGN_TEXT_MAX);
    struct arena *ar = arena_new(UNPACKED_MAX);
    struct err_pos pos = {.file = path};
    struct str trusted;
    struct bundle b;
    char beside[4096];
    enum rc rc = ar ? file_read(path, BUNDLE_BYTES_MAX, &bytes) : RC_NOMEM;

    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, SG_BUNDLE, pos, "cannot be read: %s", file_problem(rc));
        goto out;
    }
    snprintf(beside, sizeof(beside), "%s" BUNDLE_SIGNATURE, path);
    bool there = file_read(beside, MINISIGN_TEXT_MAX, &signature) == RC_OK;

    rc = bundle_trust((struct bundle_signers){keys, count}, buf_str(&bytes), there ? buf_str(&signature) : (struct str){NULL, 0}, pos, &trusted, es);
    if (rc == RC_OK)
        rc = bundle_open(buf_str(&bytes), pos, ar, &b, es);
    if (rc == RC_OK)
        printf("%s: ok\n%.*s\n", path, (int)trusted.len, trusted.ptr);
out:
    arena_free(ar);
    buf_free(&bytes);
    buf_free(&signature);
    return rc;
}

static int
run(const struct arguments *a)
{
    struct minisign_public keys[KEYS_MAX];
    struct errs es = {0};
    const char *const *rest, *const *paths;
    size_t count = args_list(a, "trust", &paths);

    (void)args_rest(a, &rest);
    if (count == 0 || count > KEYS_MAX)
        return usage_error(a, "--trust KEY names the public key; 1 to %d of them", KEYS_MAX);
    enum rc rc = read_keys(paths, count, keys, &es);

    if (rc == RC_OK)
        rc = verify(rest[0], keys, count, &es);
    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "trust", .type = OPTION_LIST, .arg = "KEY", .help = "A public key file that may have signed it; repeat it for more"},
    {0},
};

const struct command cmd_policy_verify = {
    .name = "policy verify",
    .usage = "BUNDLE --trust KEY...",
    .summary = "Check the signature and the contents of a bundle",
    .text = "Checks BUNDLE.minisig first and looks into the bundle only then: names, sizes and digests are held against its manifest. What the gate "
            "would "
            "refuse is refused here, revisions and tests excepted, which the gate knows.\n"
            "\n"
            "Exit code 0: it is good; 5: it is not.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
