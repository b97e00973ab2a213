#include <stdio.h>

#include "audit/reader.h"
#include "audit_int.h"

static bool
print_line(void *arg, uint64_t index, struct str entry)
{
    (void)arg;
    (void)index;
    return fwrite(entry.ptr, 1, entry.len, stdout) == entry.len && putchar('\n') != EOF;
}

static int
run(const struct arguments *a)
{
    struct reader *r;
    int code = audit_open(audit_dir(a), &r);

    if (code != EXIT_DONE)
        return code;
    uint64_t to = args_text(a, "to") ? args_number(a, "to") : UINT64_MAX;
    enum rc rc = reader_entries(r, args_number(a, "from"), to, print_line, NULL);

    if (rc == RC_OK && (ferror(stdout) || fflush(stdout) != 0))
        rc = RC_IO;
    if (rc != RC_OK)
        fprintf(stderr, "spangate: %s: %s\n", audit_dir(a), *reader_where(r) ? reader_where(r) : rc_text(rc));
    reader_close(r);
    return exit_code_of(rc);
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    {.name = "from", .type = OPTION_NUMBER, .arg = "INDEX", .help = "First entry (default: the first that is kept)"},
    {.name = "to", .type = OPTION_NUMBER, .arg = "INDEX", .help = "The entry after the last (default: all that the checkpoint covers)"},
    {0},
};

const struct command cmd_audit_export = {
    .name = "audit export",
    .usage = "[DIR] [--from INDEX] [--to INDEX]",
    .summary = "Print the entries of the log, one JSON object a line",
    .text = "The entries as they were hashed, byte for byte. Nothing is verified here: see spangate audit verify.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
