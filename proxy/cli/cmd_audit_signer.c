#include <fcntl.h>

#include "control/command.h"
#include "control/signer.h"

static int
run(const struct arguments *a)
{
    if (!args_text(a, "key"))
        return usage_error(a, "--key is needed");
    if (fcntl(SIGNER_FD, F_GETFD) < 0)
        return usage_error(a, "the gate starts this command by itself, with its socket");
    return signer_run(args_text(a, "key"), args_text(a, "state"));
}

static const struct option_spec options[] = {
    {.name = "key", .type = OPTION_TEXT, .arg = "FILE", .help = "The private key"},
    {.name = "state", .type = OPTION_TEXT, .arg = "FILE", .help = "What was signed last (default: FILE of --key with .state)"},
    {0},
};

const struct command cmd_audit_signer = {
    .name = "audit signer",
    .usage = "--key FILE [--state FILE]",
    .summary = "Sign checkpoints for a gate (started by the gate)",
    .text = "The process that alone holds the key of the audit log. It signs a checkpoint only with the proof that the log has grown from the last "
            "one that "
            "it "
            "signed, and keeps that one on disk. It has no network.",
    .options = options,
    .run = run,
};
