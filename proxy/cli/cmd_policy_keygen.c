#include <stdio.h>
#include <unistd.h>

#include "../control/minisign_int.h"
#include "base/secret.h"
#include "control/command.h"

static int
run(const struct arguments *a)
{
    struct buf public = BUF_INIT(MINISIGN_TEXT_MAX), secret = BUF_INIT(MINISIGN_TEXT_MAX);
    const char *const *rest;
    char public_path[4096], secret_path[4096];

    (void)args_rest(a, &rest);
    snprintf(public_path, sizeof(public_path), "%s.pub", rest[0]);
    snprintf(secret_path, sizeof(secret_path), "%s.key", rest[0]);
    if (access(public_path, F_OK) == 0 || access(secret_path, F_OK) == 0)
        return usage_error(a, "%s or %s is there already", public_path, secret_path);
    enum rc rc = minisign_make(&public, &secret);

    if (rc == RC_OK)
        rc = file_write_atomic(secret_path, buf_str(&secret), 0600);
    if (rc == RC_OK)
        rc = file_write_atomic(public_path, buf_str(&public), 0644);
    if (rc == RC_OK)
        printf("%s\n%s\n", public_path, secret_path);
    else
        fprintf(stderr, "%s: %s\n", rest[0], rc_text(rc));
    buf_free(&public);
    buf_free_wipe(&secret);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {{0}};

const struct command cmd_policy_keygen = {
    .name = "policy keygen",
    .usage = "NAME",
    .summary = "Make a key that signs bundles",
    .text = "Writes NAME.key, which signs and stays where bundles are made, and NAME.pub, which the gateway file names under policies.trust.keys. "
            "Both are "
            "in the format of minisign; the secret key is not encrypted, as after `minisign -G -W`.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
