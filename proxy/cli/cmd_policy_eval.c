#include "../control/eval_int.h"

#define REPORT_BYTES_MAX ((size_t)1 << 30)

static int
run(const struct arguments *a)
{
    struct eval_options o = {.tool = tool_options_of(a), .sender = sender_of(a), .to = args_text(a, "to")};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    const char *format = args_text(a, "format");

    o.file_count = args_rest(a, &o.files);
    o.format = strcmp(format, "json") == 0 ? EVAL_JSON : strcmp(format, "otlp") == 0 ? EVAL_PLAIN : EVAL_TEXT;
    if (o.format == EVAL_PLAIN && !o.to && o.tool.destination_count + (o.tool.config != NULL) > 1)
        return usage_error(a, "--format otlp is of one destination: name it with --to");
    int code = eval_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    TOOL_OPTIONS,
    SENDER_OPTIONS,
    {.name = "to", .type = OPTION_TEXT, .arg = "NAME", .help = "Only this destination, as if every span were routed there"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json|otlp",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "json: an object a destination, with OTLP/JSON in it; otlp: OTLP/JSON alone"},
    {0},
};

const struct command cmd_policy_eval = {
    .name = "policy eval",
    .usage = "FILE... {-p POLICY... | -c FILE} [--to NAME] [--format text|json|otlp]",
    .summary = "Show what each destination would get of a span",
    .text = "Reads spans and does with them what the gate would do: enriched (with --config), routed, examined, redacted for each destination. FILE "
            "holds OTLP in "
            "JSON or protobuf, or a span in YAML as in `given:` of a PolicyTest; - is standard input.\n"
            "\n"
            "Exit code 1: the gate would refuse the request.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1000,
    .run = run,
};
