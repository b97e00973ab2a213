#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control/command.h"
#include "control/demo.h"

#define COLUMNS_MIN 80
#define COLUMNS_USUAL 100

static unsigned
columns(void)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return COLUMNS_USUAL;
    return w.ws_col < COLUMNS_MIN ? COLUMNS_MIN : w.ws_col;
}

static int
run(const struct arguments *a)
{
    const struct demo_options o = {.keep = args_flag(a, "keep"), .all = args_flag(a, "all"), .color = output_colored(stdout), .columns = columns()};

    return demo_run(&o);
}

static const struct option_spec options[] = {
    {.name = "keep", .type = OPTION_FLAG, .help = "Leave the temporary folder: certificates, configuration, policies, journal, logs"},
    {.name = "all", .letter = 'a', .type = OPTION_FLAG, .help = "Print the texts that did not change, too"},
    {0},
};

const struct command cmd_demo = {
    .name = "demo",
    .usage = "[--keep] [--all]",
    .summary = "See spans go through the gate",
    .text = "Makes certificates, starts an EU and a US backend and the gate between them, all on loopback, and sends spans full of personal data "
            "from an EU and a "
            "US client. Then it prints each span before and after, where it went and why, and looks for everything personal that was "
            "sent in what the backends received.\n\n"
            "Exit code: 0 nothing was found; 1 something leaked or is missing.",
    .options = options,
    .run = run,
};
