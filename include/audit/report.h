/**
 * Reports for auditors, made from the entries of a log and from nothing else.
 *
 * The story. A report covers a period. report_add looks at each entry once and counts in bounded memory (tables by name, with a row for what did not fit);
 * report_finish turns the counts into a document: sections of sentences, tables and charts. The document is printed as HTML, JSON, CSV or OSCAL. Nothing
 * in it depends on the clock, the locale or the machine: same entries, same options, same bytes.
 *
 *   entries ──report_add──▶ counts, evidence ──report_finish──▶ document ──report_print_*──▶ bytes
 */
#ifndef AUDIT_REPORT_H
#define AUDIT_REPORT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/rc.h"
#include "base/str.h"

/* -- period ----------------------------------------------------------------------------------------------------------------------- */

enum report_step { STEP_HOUR, STEP_DAY, STEP_WEEK, STEP_MONTH };

struct report_period {
    uint64_t from_us, to_us; /* [from, to), microseconds since 1970, UTC */
    enum report_step step;   /* of charts over time */
    char label[48];          /* as given */
};

/**
 * period_parse(text, p):
 * "2026-Q3", "2026-07", "2026", "2026-07-04", or "2026-07-01..2026-09-30", both days included. At most twenty years.
 */
bool period_parse(struct str text, struct report_period *p) MUST_USE;

/* -- what is asked for ------------------------------------------------------------------------------------------------------------ */

enum report_profile { PROFILE_GDPR, PROFILE_HIPAA, PROFILE_PCI, PROFILE_SOC2, PROFILE_ISO27001, PROFILE_DPDP, PROFILE_US_28CFR202, PROFILE_COUNT_ };
/* "gdpr", ...; and in full: "GDPR - Regulation (EU) 2016/679". */
const char *profile_name(enum report_profile p);
const char *profile_title(enum report_profile p);
/* One profile's bit, all bits for "all", 0: no such name. */
unsigned profile_mask(struct str name);

/* What the product knows of an entity of its detectors. */
struct report_entity {
    const char *entity, *title, *category; /* "IBAN", "International bank account number", "financial" */
    const char *controls;                  /* "GDPR HIPAA-J": HIPAA-A..R are the identifiers of 45 CFR 164.514(b)(2)(i) */
};

/* Statements of whoever is responsible; they are printed as such. NULL = not stated. */
struct report_about {
    const char *controller, *contact, *officer, *purposes, *subjects, *recipients, *erasure, *measures;
};

/* What was found out about the log itself before its entries were counted. */
struct report_log {
    const char *origin;     /* NULL: entries came as lines, without a log around them */
    uint64_t size;          /* of the checkpoint */
    const char *root;       /* base64 */
    const char *checkpoint; /* the signed note */
    const char *verifier;   /* key that verified it, "" = nobody did */
    bool verified;          /* every leaf hashes to this root */
    const char *problem;    /* NULL, or what does not fit */
    uint64_t bad_leaf;      /* SOURCE_NO_INDEX: none */
    uint64_t first;         /* index of the first entry that is kept */
    unsigned cosignatures;  /* that were checked, by the keys of witnesses */
};

struct report_options {
    struct report_period period;
    unsigned profiles; /* bits of enum report_profile */
    const struct report_entity *entities;
    size_t entity_count;
    struct report_about about;
};

struct report;

/* Strings of the options are borrowed until report_free. RC_NOMEM. */
enum rc report_new(const struct report_options *o, struct report **r) MUST_USE;
void report_free(struct report *r);

/**
 * report_add(r, index, bytes):
 * Count one entry, in the order of the log. What cannot be read is counted as that.
 * In:      index  of the leaf; SOURCE_NO_INDEX when only the entry knows
 * Returns: RC_OK; RC_NOMEM
 */
enum rc report_add(struct report *r, uint64_t index, struct str bytes) MUST_USE;

/**
 * report_finish(r, log, samples, proof, arg):
 * Make the document. proof appends the tlog-proof of a leaf, or returns false; it is asked for up to REPORT_SAMPLES leaves chosen by the root. NULL: no proofs.
 */
#define REPORT_SAMPLES 8
enum rc report_finish(struct report *r, const struct report_log *log, bool (*proof)(void *arg, uint64_t index, struct buf *out), void *arg) MUST_USE;

/* Entries of the period, and all that were given. */
uint64_t report_entries(const struct report *r);
/* Controls that are not satisfied. */
unsigned report_failed_controls(const struct report *r);

/* -- what comes out --------------------------------------------------------------------------------------------------------------- */

enum rc report_print_html(const struct report *r, struct buf *out) MUST_USE;
enum rc report_print_json(const struct report *r, struct buf *out) MUST_USE;
enum rc report_print_oscal(const struct report *r, struct buf *out) MUST_USE;

/* One file for each table: name is "transfers.csv". RC_NOT_FOUND behind the last. */
enum rc report_print_csv(const struct report *r, size_t n, char name[80], struct buf *out) MUST_USE;
/* Proofs that stand in the appendix: name is "leaf-4711.tlog-proof". RC_NOT_FOUND behind the last. */
enum rc report_print_proof(const struct report *r, size_t n, char name[80], struct buf *out) MUST_USE;

#endif
