#include <stdio.h>

#include "control/command.h"
#include "control/config.h"

static int
run(const struct arguments *a)
{
    const char *const *files;
    const char *path = args_rest(a, &files) ? files[0] : args_text(a, "config");
    struct errs es = {0};
    enum rc rc = config_show(path, args_flag(a, "defaults"), stdout, &es);

    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    CONFIG_OPTION("The gateway file, when no FILE is given"),
    {.name = "defaults", .type = OPTION_FLAG, .help = "What the file leaves to defaults, too"},
    {0},
};

const struct command cmd_config_print = {
    .name = "config print",
    .usage = "[FILE] [--defaults]",
    .summary = "Print a gateway file as it is understood",
    .text = "Aliases and references to the environment stand as their values. Headers for destinations, and values that come from files, stand as "
            "(secret). Files that the gateway file names are not read: spangate check does that.\n\n"
            "Exit code: 0; 3 the file is not valid.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
