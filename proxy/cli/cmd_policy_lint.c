#include <strings.h>

#include "../control/lint_int.h"
#include "base/clock.h"
#include "control/reference.h"

#define REPORT_BYTES_MAX ((size_t)16 << 20)

static const char *const formats[] = {[LINT_TEXT] = "text", [LINT_JSON] = "json", [LINT_SARIF] = "sarif", [LINT_GITHUB] = "github"};

static int
run(const struct arguments *a)
{
    struct lint_options o = {.tool = {.config = args_text(a, "config")}, .now_s = clock_wall_us(&clock_system) / 1000000};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    unsigned format = 0;

    while (strcmp(formats[format], args_text(a, "format")) != 0)
        format++;
    o.format = (enum lint_format)format;
    o.tool.policy_count = args_rest(a, &o.tool.policies);
    o.tool.destination_count = args_list(a, "destination", &o.tool.destinations);
    o.ignore_count = args_list(a, "ignore", &o.ignore);
    for (size_t i = 0; i < o.ignore_count; i++) {
        struct str code = str_of(o.ignore[i]);
        uint64_t number = 0;

        if (code.len != 6 || strncasecmp(code.ptr, "SG", 2) != 0 || !str_to_u64(str_sub(code, 2, code.len), &number) ||
            !reference_code((unsigned)number).summary)
            return usage_error(a, "--ignore wants a code that there is, such as SG0902");
    }
    if (args_text(a, "now")) {
        if (!str_to_day(str_of(args_text(a, "now")), &o.now_s))
            return usage_error(a, "--now is a day, YYYY-MM-DD");
    }
    if (o.tool.policy_count == 0 && !o.tool.config)
        return usage_error(a, "policies are wanted, or --config");
    int code = lint_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    {.name = "config", .letter = 'c', .type = OPTION_TEXT, .arg = "FILE", .help = "A gateway file: its policies when none is named, its exporters"},
    {.name = "destination", .letter = 'd', .type = OPTION_LIST, .arg = "NAME=JURISDICTION", .help = "A destination, such as otlp_grpc/eu=EU/DE"},
    {.name = "ignore", .letter = 'i', .type = OPTION_LIST, .arg = "CODE", .help = "A warning that is not wanted: SG0902"},
    {.name = "now", .type = OPTION_TEXT, .arg = "DATE", .help = "The day that shadow modes are counted to; today when left out"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json|sarif|github",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "Form of the report"},
    {0},
};

const struct command cmd_policy_lint = {
    .name = "policy lint",
    .usage = "{POLICY... | -c FILE} [--ignore CODE]... [--format text|json|sarif|github]",
    .summary = "Find what loads, but is not meant, or will hurt",
    .text = "Loads policies as the gate would and reports what the loader says (unknown keys, entities, places, actions, countries; hashes without a "
            "key; exporters "
            "without a jurisdiction), and what only lint looks at: rules that can never act, regular expressions that are tried on every text, "
            "repeat inside of a "
            "repetition, are slow or come to no end on a hostile text, or begin and end with .*; replacements that are themselves found; shadow "
            "modes without a date "
            "or older than 30 days; policies that no test names.\n"
            "\n"
            "POLICY is a file, a folder or the name of a pack. Exit code 1: there is something to mend; 3: a file that was named cannot be read.",
    .options = options,
    .rest_max = 1000,
    .run = run,
};
