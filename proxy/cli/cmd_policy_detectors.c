#include "control/command.h"
#include "control/reference.h"
#include "policies/detector.h"

#define REFERENCE_BYTES_MAX ((size_t)4 << 20)

static const char *const formats[] = {[REFERENCE_TEXT] = "text", [REFERENCE_JSON] = "json", [REFERENCE_MARKDOWN] = "markdown"};

static int
run(const struct arguments *a)
{
    const char *const *rest;
    struct reference_filter f = {.category = args_text(a, "category"), .name = args_rest(a, &rest) ? rest[0] : NULL};
    struct buf out = BUF_INIT(REFERENCE_BYTES_MAX);
    unsigned format = 0;
    size_t count = 0;

    while (format + 1 < sizeof(formats) / sizeof(formats[0]) && strcmp(formats[format], args_text(a, "format")) != 0)
        format++;
    enum rc rc = reference_detectors(&f, (enum reference_format)format, &out, &count);

    if (rc == RC_OK && count)
        fwrite(out.ptr, 1, out.len, stdout);
    else if (rc == RC_OK)
        fprintf(stderr, "no detector is named so\n");
    buf_free(&out);
    return rc != RC_OK ? exit_code_of(rc) : count ? EXIT_DONE : EXIT_NEGATIVE;
}

static const struct option_spec options[] = {
    {.name = "category", .type = OPTION_TEXT, .arg = "NAME", .help = "Only of this category: contact, financial, government, ..., scanner"},
    {.name = "format", .type = OPTION_CHOICE, .arg = "text|json|markdown", .fallback = "text", .env = "SPANGATE_FORMAT", .help = "Form of the list"},
    {0},
};

const struct command cmd_policy_detectors = {
    .name = "policy detectors",
    .usage = "[ID|ENTITY] [--category NAME] [--format text|json|markdown]",
    .summary = "List what can be detected",
    .text =
        "One line a detector: id, entity, tier, category, controls, title, and context words in brackets. Tier A counts anywhere, B with a context "
        "word or the value's own separators, C belongs to a country or an industry; S are structured scanners, with the keys that they read.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
