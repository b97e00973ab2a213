#include "control/command.h"
#include "control/config.h"
#include "control/reference.h"

#define REFERENCE_BYTES_MAX ((size_t)4 << 20)

static int
print_table(bool detectors)
{
    static const struct reference_filter all;
    struct buf out = BUF_INIT(REFERENCE_BYTES_MAX);
    size_t count;
    enum rc rc = detectors ? reference_detectors(&all, REFERENCE_MARKDOWN, &out, &count) : reference_codes(&out);

    if (rc == RC_OK && fwrite(out.ptr, 1, out.len, stdout) != out.len)
        rc = RC_IO;
    buf_free(&out);
    return exit_code_of(rc);
}

static int
run(const struct arguments *a)
{
    if (args_flag(a, "detectors") || args_flag(a, "codes"))
        return print_table(args_flag(a, "detectors"));
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
    {.name = "detectors", .type = OPTION_FLAG, .help = "The reference of detectors and scanners, in Markdown"},
    {.name = "codes", .type = OPTION_FLAG, .help = "The reference of error codes, in Markdown"},
    {0},
};

const struct command cmd_man = {
    .name = "man",
    .usage = "[--format man|markdown] [--configuration | --detectors | --codes]",
    .summary = "Print the manual page",
    .text = "Read it with: spangate man | man -l -",
    .options = options,
    .run = run,
};
