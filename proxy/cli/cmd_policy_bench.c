#include "../control/policy_bench_int.h"

#define REPORT_BYTES_MAX ((size_t)64 << 20)

static int
run(const struct arguments *a)
{
    struct policy_bench_options o = {.tool = tool_options_of(a),
        .spans = args_number(a, "spans"),
        .top = (unsigned)args_number(a, "top"),
        .stress = !args_flag(a, "no-stress"),
        .json = strcmp(args_text(a, "format"), "json") == 0};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);

    o.corpus_count = args_rest(a, &o.corpus);
    int code = policy_bench_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    TOOL_OPTIONS,
    {.name = "spans", .type = OPTION_NUMBER, .arg = "N", .fallback = "2048", .help = "Sample spans, when no corpus is named"},
    {.name = "top", .type = OPTION_NUMBER, .arg = "N", .fallback = "20", .help = "Rows of the text report; 0: all"},
    {.name = "no-stress", .type = OPTION_FLAG, .help = "Leave out the hostile texts"},
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the report"},
    {0},
};

const struct command cmd_policy_bench = {
    .name = "policy bench",
    .usage = "[CORPUS...] {-p POLICY... | -c FILE} [--top N] [--format text|json]",
    .summary = "Measure what each rule costs",
    .text = "Runs the patterns of all rules over recorded spans, or over sample traffic, and tells for each: time a text, its share, how many texts "
            "the finder leaves to "
            "it (candidates) and how many matches were confirmed, and its worst time on texts of 4 KiB that are made to hurt.\n"
            "\n"
            "Exit code 1: a pattern took longer than a millisecond on such a text, or came to no end.",
    .options = options,
    .rest_max = 1000,
    .run = run,
};
