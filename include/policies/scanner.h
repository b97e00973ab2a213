/**
 * Structured scanners: which bytes of a text that is written in a language (SQL, a URL, a header, a JSON body) are values, and which are structure.
 *
 * Detectors look for what a value looks like; a scanner knows where values stand, whatever they look like. It is a lexer, never a parser that gives up:
 * what it cannot lex, it reports as undecidable and the text is replaced whole. It changes nothing: it names ranges, each of a kind, and the rule
 * that asked for it says what is done with them. Detectors still see the whole text, values and structure.
 *
 * A scanner is one file with one const entry; scan/scanners.def lists them, scan_kinds.def the kinds of values.
 */
#ifndef POLICIES_SCANNER_H
#define POLICIES_SCANNER_H

#include "base/rc.h"
#include "base/str.h"

#include <stdint.h>

/* KIND(name, entity, replacement, dropped, severity): a kind of value, its entity in policies, what stands for it when the rule names no action, or drop. */
enum scan_kind {
#define KIND(name, entity, replacement, dropped, severity) SCAN_##name,
#include "policies/scan_kinds.def"
#undef KIND
    SCAN_KIND_COUNT_
};
_Static_assert(SCAN_KIND_COUNT_ <= 64, "a set of kinds is one uint64_t");

struct scan_kind_info {
    const char *entity, *replacement;
    const char *dropped; /* by action drop, where the value did not stand between quotes */
    unsigned severity;
};
const struct scan_kind_info *scan_kind_info(enum scan_kind kind);

struct scan_in {
    struct str text;   /* any bytes */
    struct str key;    /* attribute key or place name it stands under, nested keys joined by '/'; may be empty */
    struct str system; /* db.system.name or db.system of the same span; empty when there is none, or the scanner does not ask for it */
    struct str before; /* the text before it in the same array: a flag whose value this is; ptr NULL when there is none */
};

/* Where findings go. offset and depth are those of a text inside of a text. */
struct scan_out {
    enum rc (*add)(void *to, enum scan_kind kind, size_t start, size_t end);
    void *to;
    size_t offset;
    unsigned depth;
};
#define SCAN_DEPTH 3 /* JSON inside of JSON, a URL inside of a header */

struct scanner {
    const char *name;        /* "sql": what `use:` writes */
    const char *title;       /* one line */
    const char *const *keys; /* globs of attribute keys and place names that it reads when the rule names no keys; NULL-terminated */
    uint64_t kinds;          /* set of enum scan_kind that it may report, those of scanners that it calls included */
    bool wants_system;       /* scan_in.system is looked up for it */
    bool part;               /* another scanner calls it where it belongs: `use: scanners` leaves it out */

    /**
     * scan(in, out):
     * Name every value of ${in}: ranges are not empty, in ascending order, and do not overlap.
     * Returns: RC_OK; RC_UNDECIDABLE the text is not of this language or cannot be lexed to its end: replace it whole; RC_NOMEM
     * Promise: pure; linear in the text; no allocation; reads within the text whatever it holds
     */
    enum rc (*scan)(const struct scan_in *in, struct scan_out *out);
};

const struct scanner *const *scanners_all(size_t *count);
const struct scanner *scanner_find(struct str name); /* NULL when there is none */
#define SCANNERS_ALL "scanners"                      /* in `use:`: all but those that are part of others */

/* In scanner.kinds. */
#define SCAN_SET(kind) ((uint64_t)1 << SCAN_##kind)

/* For scanners. start and end are of the text that is being scanned. RC_OK for an empty range, which is not reported. */
enum rc scan_add(struct scan_out *out, enum scan_kind kind, size_t start, size_t end) MUST_USE;

/**
 * scan_inside(s, in, out, start, end):
 * Scan [start, end) of ${in} with another scanner, under the same key.
 * Returns: as scan; RC_UNDECIDABLE too when texts are nested deeper than SCAN_DEPTH: the caller then reports the whole range as a value of its own
 */
enum rc scan_inside(const struct scanner *s, const struct scan_in *in, struct scan_out *out, size_t start, size_t end) MUST_USE;

#endif
