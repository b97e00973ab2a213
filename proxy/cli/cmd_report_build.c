#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_int.h"
#include "control/report_build.h"

/* Words of a list with commas; 0: one of them is unknown. */
static unsigned
formats_of(struct str list)
{
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {{"html", REPORT_HTML}, {"json", REPORT_JSON}, {"csv", REPORT_CSV}, {"oscal", REPORT_OSCAL}, {"pdf", REPORT_PDF}};
    unsigned bits = 0;

    while (list.len) {
        size_t comma = str_find(list, STR(","));
        struct str word = str_trim(str_sub(list, 0, comma == SIZE_MAX ? list.len : comma));
        unsigned bit = 0;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            bit |= str_eq(word, str_of(known[i].name)) ? known[i].bit : 0;
        if (bit == 0)
            return 0;
        bits |= bit;
        list = comma == SIZE_MAX ? (struct str){0} : str_sub(list, comma + 1, list.len);
    }
    return bits;
}

static unsigned
profiles_of(struct str list)
{
    unsigned bits = 0;

    while (list.len) {
        size_t comma = str_find(list, STR(","));
        unsigned one = profile_mask(str_trim(str_sub(list, 0, comma == SIZE_MAX ? list.len : comma)));

        if (one == 0)
            return 0;
        bits |= one;
        list = comma == SIZE_MAX ? (struct str){0} : str_sub(list, comma + 1, list.len);
    }
    return bits;
}

static int
told(const struct report_job *job, const struct report_done *done, struct errs *es)
{
    int code = done->pdf_missing ? EXIT_UNAVAILABLE : EXIT_DONE;

    for (size_t i = 0; i < es->count; i++)
        fprintf(stderr, "spangate: %s\n", es->list[i].text);
    if (!done->recorded)
        fputs("spangate: so the report is not recorded in the log (--journal names the gate's)\n", stderr);
    errs_free(es);
    printf("%s: %u files from %" PRIu64 " entries, %u controls not satisfied; log %s, report %s\nsha256 %s\n", job->out, done->files, done->entries,
        done->failed_controls,
        !done->verified    ? "not verified"
        : job->trust_count ? "verified"
                           : "consistent, its signature not checked (--trust)",
        done->is_signed ? "signed" : "unsigned", done->digest);
    return code;
}

static int
run(const struct arguments *a)
{
    const char *period = args_text(a, "period");
    struct note_key keys[VERIFY_KEYS_MAX / 2], witnesses[VERIFY_KEYS_MAX / 2];
    struct report_done done = {0};
    struct errs es = {0};
    struct report_job job = {
        .log = audit_dir(a),
        .out = args_text(a, "out"),
        .formats = formats_of(str_of(args_text(a, "format"))),
        .profiles = profiles_of(str_of(args_text(a, "profile"))),
        .profiles_text = args_text(a, "profile"),
        .about = args_text(a, "about"),
        .signer = args_text(a, "sign"),
        .journal = args_text(a, "journal"),
        .trust = keys,
        .witnesses = witnesses,
        .progress = isatty(2),
    };

    if (!period || !job.out)
        return usage_error(a, "--period and --out say what and where");
    if (!period_parse(str_of(period), &job.period))
        return usage_error(a, "%s is no period: 2026-Q3, 2026-07, 2026, 2026-07-04 or 2026-07-01..2026-09-30", period);
    if (!job.formats || !job.profiles)
        return job.formats
                   ? usage_error(a, "--profile: gdpr, hipaa, pci, soc2, iso27001, dpdp, us-28cfr202 or all is wanted, not \"%s\"", job.profiles_text)
                   : usage_error(a, "--format: html, json, csv, oscal or pdf is wanted, not \"%s\"", args_text(a, "format"));
    int code = audit_keys(a, "trust", keys, &job.trust_count);

    if (code == EXIT_DONE)
        code = audit_keys(a, "witness", witnesses, &job.witness_count);
    if (code == EXIT_DONE && job.witness_count && !job.trust_count)
        code = usage_error(a, "--witness goes with --trust");
    if (code != EXIT_DONE)
        return code;
    enum rc rc = report_build(&job, &done, &es);

    return rc == RC_OK ? told(&job, &done, &es) : audit_end(rc, &es);
}

static const struct option_spec options[] = {
    AUDIT_DIR_OPTION,
    {.name = "period", .letter = 'p', .type = OPTION_TEXT, .arg = "PERIOD", .help = "2026-Q3, 2026-07, 2026, a day, or 2026-07-01..2026-09-30 (UTC)"},
    {.name = "profile",
        .type = OPTION_TEXT,
        .arg = "LIST",
        .fallback = "all",
        .help = "gdpr, hipaa, pci, soc2, iso27001, dpdp, us-28cfr202, with commas; or all"},
    {.name = "format", .type = OPTION_TEXT, .arg = "LIST", .fallback = "html,json", .help = "html, json, csv, oscal, pdf, with commas"},
    {.name = "out", .letter = 'o', .type = OPTION_TEXT, .arg = "DIR", .help = "Folder for the files"},
    {.name = "trust", .type = OPTION_LIST, .arg = "KEY", .help = "Verifier key of the log, or a file with it: the log is verified while it is read"},
    {.name = "witness", .type = OPTION_LIST, .arg = "KEY", .help = "Verifier key of a witness that must have cosigned the log's checkpoint"},
    {.name = "about",
        .type = OPTION_TEXT,
        .arg = "FILE",
        .help = "YAML: controller, contact, officer, purposes, subjects, recipients, erasure, measures"},
    {.name = "sign", .type = OPTION_TEXT, .arg = "FILE", .help = "Signer key for the report, as audit keygen makes it"},
    {.name = "journal",
        .type = OPTION_TEXT,
        .arg = "DIR",
        .fallback = "/var/lib/spangate/journal",
        .env = "SPANGATE_JOURNAL",
        .help = "Journal of the gate that records the report in its log"},
    {0},
};

const struct command cmd_report_build = {
    .name = "report build",
    .usage = "[DIR] --period PERIOD --out DIR [--profile LIST] [--format LIST] [--trust KEY] [--sign FILE]",
    .summary = "Build a report for auditors",
    .text = "Reads the audit log, a folder or a file of entries (one a line), and counts "
            "nothing else. The same entries give the same files. report.manifest holds "
            "the SHA-256 of each, signed when a key is given; the gate records that of the "
            "manifest in its log.\n\n"
            "Exit code: 0; 3 the file of statements or a key cannot be read; 4 the log cannot be read, or "
            "a PDF was asked for and there is no Chromium: the other files are made; 5 the log is damaged beyond reading.",
    .options = options,
    .rest_max = 1,
    .run = run,
};
