/**
 * Building a report from a log directory into a folder of files, and checking such a folder.
 *
 *   report.html  report.json  report.oscal.json  report.pdf  csv/TABLE.csv  proofs/leaf-N.tlog-proof
 *   report.manifest   what it is about and the SHA-256 of each file; a signed note when a key was given
 */
#ifndef CONTROL_REPORT_BUILD_H
#define CONTROL_REPORT_BUILD_H

#include "audit/note.h"
#include "audit/report.h"
#include "base/err.h"

enum { REPORT_HTML = 1, REPORT_JSON = 2, REPORT_CSV = 4, REPORT_OSCAL = 8, REPORT_PDF = 16 };
#define REPORT_MANIFEST "report.manifest"
#define REPORT_MANIFEST_MAX ((size_t)1 << 20)
#define REPORT_FILE_MAX ((size_t)256 << 20)

struct report_job {
    const char *log; /* folder of a log, or a file of entries */
    const char *out; /* folder, made when missing */
    unsigned formats;
    struct report_period period;
    unsigned profiles;
    const char *profiles_text, *formats_text;
    const char *about;   /* file with statements of the controller, or NULL */
    const char *signer;  /* file with a signer key, or NULL */
    const char *journal; /* of the gate that shall record the report; NULL: none */
    const struct note_key *trust;
    size_t trust_count;
    const struct note_key *witnesses; /* each must have cosigned; only with trust */
    size_t witness_count;
    bool progress; /* tell on standard error how far it is */
};

struct report_done {
    uint64_t entries;
    unsigned files, failed_controls;
    bool verified, is_signed, recorded, pdf_missing;
    char digest[65]; /* of the manifest's body */
};

/**
 * report_build(job, done, es):
 * Read, count, verify, write.
 * Out:     done  what there is now
 * Returns: RC_OK, also with errors in es that took nothing but the PDF or the record; RC_CONFIG the file of statements or the key; RC_NOT_FOUND, RC_IO,
 *          RC_INTEGRITY the log cannot be read (a log that does not verify is reported as that), RC_NOMEM
 */
enum rc report_build(const struct report_job *job, struct report_done *done, struct errs *es) MUST_USE;

/* What a manifest says. */
struct report_manifest {
    struct str text; /* all of it */
    struct str body; /* what is signed */
    struct str period, profiles, log, size, root;
    unsigned files;
    bool is_signed;
};

/* RC_MALFORMED: no such text. It points into text. */
enum rc report_manifest_read(struct str text, struct report_manifest *m) MUST_USE;

/**
 * report_check(dir, keys, count, m, text, es):
 * Whether the files are those of the manifest, and one of the keys has signed it (no keys: the signature is not looked at).
 * Out:     m, pointing into text
 * Returns: RC_OK; RC_INTEGRITY with each file that differs in es; RC_NOT_FOUND there is no report; RC_MALFORMED, RC_IO
 */
enum rc report_check(
    const char *dir, const struct note_key *keys, size_t count, struct report_manifest *m, struct buf *text, struct errs *es) MUST_USE;

/**
 * pdf_print(html, pdf, when_us, es):
 * Have a headless Chromium print a page, without network; dates in the file become when_us, so that the same page gives the same file.
 * Returns: RC_OK; RC_NOT_FOUND no Chromium is installed; RC_TIMEOUT; RC_IO: with an error in es
 */
enum rc pdf_print(const char *html, const char *pdf, uint64_t when_us, struct errs *es) MUST_USE;

#endif
