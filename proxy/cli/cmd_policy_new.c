#include "../control/policy_new_int.h"
#include "control/command.h"

static int
run(const struct arguments *a)
{
    struct policy_new_options o = {.dir = args_text(a, "dir"), .owner = args_text(a, "owner")};
    const char *const *rest;

    (void)args_rest(a, &rest);
    o.name = rest[0];
    o.pack_count = args_list(a, "pack", &o.packs);
    return policy_new(&o);
}

static const struct option_spec options[] = {
    {.name = "pack",
        .type = OPTION_LIST,
        .arg = "NAME",
        .help = "A pack to use, such as pci-dss, hipaa-18, gdpr-eu, country-dach; personal-data when none is named"},
    {.name = "dir", .type = OPTION_TEXT, .arg = "DIR", .fallback = ".", .help = "Where the files are written"},
    {.name = "owner", .type = OPTION_TEXT, .arg = "NAME", .fallback = "privacy@example.org", .help = "Who answers for the policy"},
    {0},
};

const struct command cmd_policy_new = {
    .name = "policy new",
    .usage = "NAME [--pack NAME]... [--dir DIR]",
    .summary = "Write a policy to begin with, and its test",
    .text = "Writes NAME.policy.yaml, with a rule for each pack, and NAME.test.yaml, with an example for the first entities. A file that is there "
            "already is left "
            "alone.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
