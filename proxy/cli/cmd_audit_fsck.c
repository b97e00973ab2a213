#include <inttypes.h>
#include <stdio.h>

#include "audit/fsck.h"
#include "audit_int.h"

static int
run(const struct arguments *a)
{
    struct note_key keys[VERIFY_KEYS_MAX / 2];
    struct verify_options o = {.dir = audit_dir(a), .keys = keys};
    struct fsck_result r = {.log.first_bad = VERIFY_NO_LEAF};
    struct errs es = {0};
    int code = audit_keys(a, "trust", keys, &o.key_count);

    if (code != EXIT_DONE)
        return code;
    if (o.key_count == 0)
        return usage_error(a, "--trust KEY says whose signature counts");
    enum rc rc = fsck_log(&o, args_flag(a, "repair"), &r, &es);

    if (r.repaired)
        printf("%s: %u files repaired\n", o.dir, r.repaired);
    if (rc == RC_OK)
        printf("%s: ok: %" PRIu64 " entries\n", o.dir, r.log.tree.size);
    else
        audit_print_bad_leaf(o.dir, &r.log);
    fflush(stdout);
    return audit_end(rc, &es);
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    {.name = "trust", .type = OPTION_LIST, .arg = "KEY", .help = "Verifier key of the log, or a file with it"},
    {.name = "repair",
        .type = OPTION_FLAG,
        .help = "Make missing and damaged tiles again from the entries, remove what a crash left; while no gate runs"},
    {0},
};

const struct command cmd_audit_fsck = {
    .name = "audit fsck",
    .usage = "[DIR] --trust KEY [--repair]",
    .summary = "Check every file of the audit log",
    .text =
        "All that spangate audit verify does, and each file: those that do not belong there, that are left over, that are missing. Only what can be "
        "derived "
        "from the entries is repaired, and only when the entries are those that were signed.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
