#include "../control/policy_diff_int.h"

#define REPORT_BYTES_MAX ((size_t)256 << 20)

static int
run(const struct arguments *a)
{
    struct policy_diff_options o = {.tool = {.config = args_text(a, "config")}, .sender = sender_of(a), .show_values = args_flag(a, "show-values")};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    const char *const *sides;

    o.tool.destination_count = args_list(a, "destination", &o.tool.destinations);
    (void)args_rest(a, &sides);
    o.old = sides[0];
    o.now = sides[1];
    o.corpus_count = args_list(a, "against", &o.corpus);
    o.format = strcmp(args_text(a, "format"), "json") == 0 ? DIFF_JSON : DIFF_TEXT;
    int code = policy_diff_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    {.name = "against", .letter = 'a', .type = OPTION_LIST, .arg = "CORPUS", .help = "Recorded spans to try both on: files or folders"},
    {.name = "config", .letter = 'c', .type = OPTION_TEXT, .arg = "FILE", .help = "A gateway file, for its exporters and enrichment"},
    {.name = "destination", .letter = 'd', .type = OPTION_LIST, .arg = "NAME=JURISDICTION", .help = "A destination, such as otlp_grpc/eu=EU/DE"},
    SENDER_OPTIONS,
    {.name = "show-values", .type = OPTION_FLAG, .help = "Print the first value of each kind, before and after"},
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the report"},
    {0},
};

const struct command cmd_policy_diff = {
    .name = "policy diff",
    .usage = "OLD NEW [--against CORPUS]... [-c FILE] [--format text|json]",
    .summary = "Compare two versions of policies",
    .text = "OLD and NEW are files, folders or packs. Tells which rules were added, removed or changed, and with --against which texts of recorded "
            "spans would be "
            "treated otherwise, by which rules, and how many spans would be routed otherwise. Values are not printed unless asked for.\n"
            "\n"
            "Exit code 1: something differs.",
    .options = options,
    .rest_min = 2,
    .rest_max = 2,
    .run = run,
};
