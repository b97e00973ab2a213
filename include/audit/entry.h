/**
 * An audit entry, read: canonical JSON into the fields that queries and reports ask for.
 *
 * The story. Entries are canonical JSON (keys in byte order, no white space, integers only), so one pass with a sorted list of the known keys finds every
 * field without building a tree. The pass is strict: what is not canonical JSON is no entry. Keys that are not known are checked and skipped, so that newer
 * entries can be read.
 */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include <stdint.h>

#include "base/rc.h"
#include "base/str.h"

#define ENTRY_MAX 65535

struct entry_rule {
    struct str id, entity, action, mode;
    uint64_t count;
    struct str paths; /* the inside of the array as it stands: "a","b"; names of places hold no quotes */
};

struct entry_route {
    struct str destination, country, jurisdiction, decision, rule, mechanism, reference, expires;
    struct str origin; /* country, where an entry has several origins */
    uint64_t spans, bytes;
};

struct entry_origin {
    struct str country, region, source;
    uint64_t spans;
};

struct entry_policy {
    struct str name, kind, mode, owner, controls;
    uint64_t revision;
};

/* Texts are empty and numbers 0 where an entry does not have the field. Valid until the next entry_scan. */
struct entry {
    struct str type, outcome, reason, node, build, ts;
    uint64_t seq, version, count; /* count: handshakes that the entry stands for */
    uint64_t ts_us;               /* microseconds since 1970, UTC */
    struct {
        struct str identity, service, cert, serial, issuer, not_after, cidr, tls;
    } conn;
    struct {
        struct str protocol, encoding;
        uint64_t id, spans_in, spans_out, resources, bytes_wire, bytes_decoded;
    } req;
    struct {
        struct str digest;
        uint64_t revision, added, not_allowed, undecidable, unknown_fields, rules_left_out;
    } policy;
    struct {
        struct str destination, cert;
        uint64_t attempt, accepted, rejected, latency_us;
        uint64_t status; /* of HTTP or gRPC; 0 where it is negative */
    } delivery;
    struct {
        struct str destination, reason;
        uint64_t spans;
    } loss;
    struct {
        struct str actor, verb, object, digest, result;
    } admin;
    struct {
        struct str what, name, old_digest, new_digest;
    } change;
    struct {
        struct str closed, opened;
        uint64_t refused, worker;
    } gate;
    struct {
        struct str old_key, new_key; /* verifier keys of the log */
    } key;
    struct {
        struct str kind, to;
        uint64_t ok, failed, size; /* size: of the checkpoint that it got last */
    } anchor;
    struct {
        struct str before;
        uint64_t until; /* leaf */
    } retention;
    const struct entry_rule *rules;
    const struct entry_route *routes;
    const struct entry_origin *origins; /* "origin" too */
    const struct entry_policy *policies;
    uint32_t rule_count, route_count, origin_count, policy_count;
};

struct entry_scanner;
struct entry_scanner *entry_scanner_new(void) MUST_USE;
void entry_scanner_free(struct entry_scanner *sc);

/**
 * entry_scan(sc, bytes, e):
 * Read one entry. Its texts point into bytes, or into the scanner where they had to be unescaped.
 * Returns: RC_OK; RC_MALFORMED not canonical JSON, or without type, seq and ts; RC_TOO_LARGE; RC_NOMEM
 */
enum rc entry_scan(struct entry_scanner *sc, struct str bytes, const struct entry **e) MUST_USE;

/* The next name in entry_rule.paths; false at the end. Start with rest = paths. */
bool entry_path_next(struct str *rest, struct str *path);

/**
 * time_parse(s, us):
 * "2026-11-22T07:55:13.000123Z", "2026-11-22T07:55:13Z" or "2026-11-22".
 * Returns: false, us untouched, for anything else and for days that do not exist
 */
bool time_parse(struct str s, uint64_t *us) MUST_USE;
/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. month 1..12, day 1..31. */
int64_t date_to_days(int64_t year, unsigned month, unsigned day);
void date_of_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
