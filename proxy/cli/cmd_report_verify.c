#include <stdio.h>

#include "audit_int.h"
#include "control/report_build.h"

static int
run(const struct arguments *a)
{
    struct buf text = BUF_INIT(REPORT_MANIFEST_MAX);
    struct note_key keys[VERIFY_KEYS_MAX / 2];
    struct report_manifest m;
    struct errs es = {0};
    const char *const *rest;
    size_t count = 0;
    int code = audit_keys(a, "trust", keys, &count);

    (void)args_rest(a, &rest);
    if (code != EXIT_DONE)
        return code;
    enum rc rc = report_check(rest[0], keys, count, &m, &text, &es);

    if (rc == RC_OK)
        printf("%s: ok: %u files of the report %.*s, %s\n", rest[0], m.files, (int)m.period.len, m.period.ptr,
            count         ? "signed by a trusted key"
            : m.is_signed ? "signed, signature not checked: no --trust"
                          : "unsigned");
    code = rc == RC_MALFORMED ? EXIT_INTEGRITY_FAILED : EXIT_DONE;
    int ended = audit_end(rc, &es);

    buf_free(&text);
    return code != EXIT_DONE ? code : ended;
}

static const struct option_spec options[] = {
    {.name = "trust", .type = OPTION_LIST, .arg = "KEY", .help = "Verifier key that must have signed the report, or a file with it"},
    {0},
};

const struct command cmd_report_verify = {
    .name = "report verify",
    .usage = "DIR [--trust KEY]",
    .summary = "Check the files of a report",
    .text = "Compares each file with the manifest, and the manifest with its signature.\n\nExit code: 0; 4 there is no report; 5 a file or the "
            "signature does not fit.",
    .options = options,
    .rest_min = 1,
    .rest_max = 1,
    .run = run,
};
