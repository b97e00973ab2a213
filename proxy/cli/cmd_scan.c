#include "../control/pii_int.h"

#define REPORT_BYTES_MAX ((size_t)1 << 30)

static const char *const formats[] = {[PII_TEXT] = "text", [PII_JSON] = "json", [PII_NDJSON] = "ndjson", [PII_SARIF] = "sarif"};

static int
run(const struct arguments *a)
{
    struct pii_options o = {.tool = tool_options_of(a),
        .baseline = args_text(a, "baseline"),
        .write_baseline = args_text(a, "write-baseline"),
        .show_values = args_flag(a, "show-values")};
    struct buf report = BUF_INIT(REPORT_BYTES_MAX);
    unsigned format = 0;

    while (strcmp(formats[format], args_text(a, "format")) != 0)
        format++;
    o.format = (enum pii_format)format;
    while (o.fail_on < 4 && strcmp(pii_severities[o.fail_on], args_text(a, "fail-on")) != 0)
        o.fail_on++;
    o.file_count = args_rest(a, &o.files);
    int code = pii_main(&o, &report);

    return tool_print(&report, code);
}

static const struct option_spec options[] = {
    TOOL_OPTIONS,
    {.name = "fail-on",
        .type = OPTION_CHOICE,
        .arg = "note|low|medium|high|never",
        .fallback = "note",
        .help = "Least severity that makes the exit code 1"},
    {.name = "baseline", .letter = 'b', .type = OPTION_TEXT, .arg = "FILE", .help = "Findings that are known: places and entities"},
    {.name = "write-baseline", .type = OPTION_TEXT, .arg = "FILE", .help = "Write what was found as a baseline, and end with 0"},
    {.name = "show-values", .type = OPTION_FLAG, .help = "Print what was found, too"},
    {.name = "format",
        .type = OPTION_CHOICE,
        .arg = "text|json|ndjson|sarif",
        .fallback = "text",
        .env = "SPANGATE_FORMAT",
        .help = "Form of the report"},
    {0},
};

const struct command cmd_scan = {
    .name = "scan",
    .usage = "FILE... [-p POLICY]... [--fail-on SEVERITY] [--baseline FILE] [--format text|json|ndjson|sarif]",
    .summary = "Find personal data in recorded spans",
    .text = "Looks into OTLP files (JSON, lines of JSON, protobuf, compressed or not) or small spans in YAML, a folder of them, or - for standard "
            "input, and reports "
            "what the policies would find; without a policy, what the pack personal-data finds. Values are not printed unless asked for, and keys in "
            "which "
            "something was found stand as [ENTITY].\n"
            "\n"
            "A baseline names places and entities, never values; paths in it may be globs. Exit code 1: something was found that is not in the "
            "baseline; 3: a "
            "policy or a file cannot be read; 4: a file is not there.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1000,
    .run = run,
};
