#include "control/command.h"
#include "control/config.h"

static int
run(const struct arguments *a)
{
    if (args_flag(a, "configuration"))
        config_print_reference(stdout);
    else if (strcmp(args_text(a, "format"), "markdown") == 0)
        commands_print_reference(commands_all(), stdout);
    else
        commands_print_manual(commands_all(), stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_UNAVAILABLE;
}

static const struct option_spec options[] = {
    {.name = "format", .type = OPTION_CHOICE, .arg = "man|markdown", .fallback = "man", .help = "The manual page, or the reference in Markdown"},
    {.name = "configuration", .type = OPTION_FLAG, .help = "The reference of the gateway file, in Markdown"},
    {0},
};

const struct command cmd_man = {
    .name = "man",
    .usage = "[--format man|markdown] [--configuration]",
    .summary = "Print the manual page",
    .text = "Read it with: spangate man | man -l -",
    .options = options,
    .run = run,
};
