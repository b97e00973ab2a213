#include "../control/eval_int.h"

#define REPORT_BYTES_MAX ((size_t)1 << 30)

static int
run(const struct arguments *a)
{
    struct eval_options o = {.tool = tool_options_of(a), .sender = sender_of(a), .place = args_text(a, "place"), .all = args_flag(a, "all")};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);

    o.file_count = args_rest(a, &o.files);
    o.value.key = args_text(a, "key");
    o.value.value = args_text(a, "value");
    o.value.resource_count = args_list(a, "resource", &o.value.resource);
    o.format = strcmp(args_text(a, "format"), "json") == 0 ? EVAL_JSON : EVAL_TEXT;
    if (!o.value.value == !o.file_count)
        return usage_error(a, "either --value, with --key, or files of spans are wanted");
    for (size_t i = 0; i < o.value.resource_count; i++)
        if (!strchr(o.value.resource[i], '=') || o.value.resource[i][0] == '=')
            return usage_error(a, "--resource wants KEY=VALUE");
    int code = explain_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    TOOL_OPTIONS,
    {.name = "key", .letter = 'k', .type = OPTION_TEXT, .arg = "KEY", .fallback = "value", .help = "Attribute key of the value"},
    {.name = "value", .letter = 'v', .type = OPTION_TEXT, .arg = "TEXT", .help = "A value by itself, in place of files"},
    {.name = "place",
        .type = OPTION_TEXT,
        .arg = "PLACE",
        .fallback = "span.attributes",
        .help = "Where the value stands: span.name, resource.attributes, ..."},
    {.name = "resource", .type = OPTION_LIST, .arg = "KEY=VALUE", .help = "An attribute of the value's resource, for policies that match on it"},
    SENDER_OPTIONS,
    {.name = "all", .type = OPTION_FLAG, .help = "Texts of which there is nothing to say, too"},
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the report"},
    {0},
};

const struct command cmd_policy_explain = {
    .name = "policy explain",
    .usage = "{FILE... | --key KEY --value TEXT} {-p POLICY... | -c FILE}",
    .summary = "Tell why a value was or was not redacted",
    .text = "For each text: the rules that matched, with entity, score, bytes, detector and action, which of them wins where they overlap, what each "
            "destination "
            "gets, and near misses: shapes whose check failed, matches that lack a context word, are held out, stand in a place or under a key that "
            "the rule does "
            "not look at. Then where the span may go, and by which rule.\n"
            "\n"
            "FILE holds OTLP in JSON or protobuf, or a span in YAML as in `given:` of a PolicyTest; - is standard input. The values themselves are "
            "printed. "
            "Keys of hash actions are made from their names, so that tokens differ from those of a gate.",
    .options = options,
    .rest_max = 1000,
    .run = run,
};
