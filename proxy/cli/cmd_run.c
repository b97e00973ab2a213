#include "control/command.h"
#include "control/service.h"

static int
check_only(const char *path)
{
    struct errs es = {0};
    enum rc rc = service_check(path, &es);

    if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    errs_free(&es);
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    const char *path = args_text(a, "config");

    return args_flag(a, "check-only") ? check_only(path) : service_run(path);
}

static const struct option_spec options[] = {
    CONFIG_OPTION("The gateway file"),
    {.name = "check-only", .type = OPTION_FLAG, .help = "Load everything, start nothing"},
    {0},
};

const struct command cmd_run = {
    .name = "run",
    .usage = "[-c FILE] [--check-only]",
    .summary = "Run the gate",
    .text = "Runs in the foreground and logs to standard error.\n\n"
            "SIGHUP reads the configuration, policies, keys and certificates again; when anything in them is not valid, the old ones stay. "
            "SIGTERM and SIGINT stop taking new work, finish what is in flight within 10 s and leave the rest in the journal; a second one stops at "
            "once.\n\n"
            "A service manager that sets NOTIFY_SOCKET is told when the gate is ready.",
    .options = options,
    .run = run,
};
