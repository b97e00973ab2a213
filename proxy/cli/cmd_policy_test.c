#include "../control/policy_test_int.h"
#include "../control/tool_int.h"
#include "control/command.h"

#define REPORT_BYTES_MAX ((size_t)64 << 20)

static const char *const formats[] = {"text", "json", "junit", "tap", "github"};

static int
run(const struct arguments *a)
{
    struct policy_test_options o = {.config = args_text(a, "config"), .run = args_text(a, "run"), .color = output_colored(stderr)};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    const char *const *files;
    size_t count = args_rest(a, &files);
    unsigned format = 0;

    while (strcmp(formats[format], args_text(a, "format")) != 0)
        format++;
    o.format = (enum test_format)format;
    o.coverage = args_flag(a, "coverage");
    o.threshold = (unsigned)args_number(a, "threshold");
    o.update = args_flag(a, "update");
    o.fail_on_empty = args_flag(a, "fail-on-empty");
    if (o.threshold > 100)
        return usage_error(a, "--threshold is a share in percent");
    if (args_flag(a, "watch"))
        return o.update ? usage_error(a, "--watch and --update exclude each other") : policy_test_watch(&o, files, count, stdout);
    int code = policy_test_main(&o, files, count, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    {.name = "run", .type = OPTION_TEXT, .arg = "REGEX", .help = "Only tests whose name matches the extended regular expression"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json|junit|tap|github",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "Form of the report"},
    {.name = "config",
        .letter = 'c',
        .type = OPTION_TEXT,
        .arg = "FILE",
        .help = "A gateway file whose exporters are the destinations of tests that name none"},
    {.name = "coverage", .type = OPTION_FLAG, .help = "Tell which rules, and which of their detectors, found something in no test"},
    {.name = "threshold",
        .type = OPTION_NUMBER,
        .arg = "PERCENT",
        .fallback = "0",
        .help = "Coverage below which the run fails; turns --coverage on"},
    {.name = "watch", .type = OPTION_FLAG, .help = "Run again whenever a test or one of its policies changes, until SIGINT"},
    {.name = "update", .type = OPTION_FLAG, .help = "Write what came out into expectations that failed, after showing the difference"},
    {.name = "fail-on-empty", .type = OPTION_FLAG, .help = "Fail when a file holds no tests"},
    {0},
};

const struct command cmd_policy_test = {
    .name = "policy test",
    .usage = "FILE... [--run REGEX] [--format text|json|junit|tap|github] [--coverage] [--watch | --update] [-c FILE]",
    .summary = "Run the tests of policies",
    .text = "Reads documents of kind PolicyTest, compiles the policies that they name, and runs each string under `detectors` and each case: routed, "
            "examined and "
            "redacted as the gate would do it, without a network. Keys of hash actions are made from their names, so that tokens are the same "
            "everywhere.\n"
            "\n"
            "The text report shows what failed, and why each text became what it did, as `policy explain` does, and a summary. --update rewrites "
            "expectations that are one value on one line, shows each change, and runs again. Exit code 0: all passed; 1: a test failed, "
            "or there was "
            "none; 3: a file cannot be loaded.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1000,
    .run = run,
};
