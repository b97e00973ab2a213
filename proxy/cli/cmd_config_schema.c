#include "control/command.h"
#include "control/schema.h"

#define SCHEMA_BYTES_MAX ((size_t)4 << 20)

static const char *const kinds[] = {[SCHEMA_GATEWAY] = "gateway", [SCHEMA_POLICY] = "policy", [SCHEMA_TEST] = "test"};

static int
run(const struct arguments *a)
{
    struct buf out = BUF_INIT(SCHEMA_BYTES_MAX);
    unsigned kind = 0;

    while (kind + 1 < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[kind], args_text(a, "kind")) != 0)
        kind++;
    enum rc rc = schema_print((enum schema_kind)kind, &out);

    if (rc == RC_OK && fwrite(out.ptr, 1, out.len, stdout) != out.len)
        rc = RC_IO;
    buf_free(&out);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    {.name = "kind",
        .type = OPTION_CHOICE,
        .arg = "gateway|policy|test",
        .fallback = "gateway",
        .help = "Of gateway.yaml, *.policy.yaml or *.test.yaml"},
    {0},
};

const struct command cmd_config_schema = {
    .name = "config schema",
    .usage = "[--kind gateway|policy|test]",
    .summary = "Print the JSON Schema of a file, for editors",
    .text = "Draft-07, made from the tables that read the file. An editor with yaml-language-server takes it from a comment in the first line of the "
            "file:\n"
            "\n"
            "  # yaml-language-server: $schema=policy.schema.json",
    .options = options,
    .run = run,
};
