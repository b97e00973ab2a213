#include "control/command.h"
#include "control/service.h"

static int
run(const struct arguments *a)
{
    const char *const *files;
    const char *path = args_rest(a, &files) ? files[0] : args_text(a, "config");
    struct errs es = {0};
    enum rc rc = service_check(path, &es);

    if (strcmp(args_text(a, "format"), "json") == 0)
        errs_print_json(&es, stdout);
    else if (es.count)
        errs_print(&es, stderr, output_colored(stderr));
    if (rc == RC_OK && strcmp(args_text(a, "format"), "text") == 0)
        printf("%s: ok\n", path);
    errs_free(&es);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    CONFIG_OPTION("The gateway file, when no FILE is given"),
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "json: the problems as an array on standard output"},
    {0},
};

const struct command cmd_check = {
    .name = "check",
    .usage = "[FILE] [--format text|json]",
    .summary = "Check a gateway file and everything it names",
    .text = "Reads the configuration, the policies, keys, enrichment sources and certificates as a start would, and reports all problems with file, "
            "line and "
            "column. Nothing is started, connected to or written.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
