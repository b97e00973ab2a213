/**
 * The gateway file: what `gateway.yaml` says, read by tables that describe themselves (name, type, default, range, sentence), so that unknown keys are refused
 * with the nearest name and the reference is printed from the same tables.
 *
 * The story. A file is read into one struct config, all its errors are reported with line and column, and nothing outside of it is touched yet:
 * certificates, policies and keys are opened when a snapshot and the TLS contexts are built. A config is immutable and reference-counted; the snapshots made
 * from it keep it alive, because they borrow its strings.
 */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include "audit/note.h"
#include "base/log.h"
#include "base/secret.h"
#include "egress/exporter.h"
#include "flow/snapshot.h"
#include "net/tls.h"

/* "127.0.0.1:4317", "[::1]:4317", "localhost:4317"; address is numeric */
struct config_endpoint {
    char address[64];
    uint16_t port;
    bool loopback, off; /* off: "none" */
    struct err_pos pos;
};

struct config_receiver {
    bool on;
    struct config_endpoint endpoint;
    uint64_t max_body_bytes, max_streams, max_connections; /* connections: of each worker */
    struct tls_options tls;
};

struct config_source {
    const char *dir, *file, *pack, *bundle; /* exactly one of them */
    struct err_pos pos;
};

/* A public key that may sign bundles. */
struct config_trust_key {
    const char *id, *file;
    struct err_pos pos;
};
#define CONFIG_TRUST_MAX 16
enum { TRUST_REFUSE, TRUST_ALLOW };

struct config_key {
    const char *id, *file;
    const char *previous_id, *previous_file, *until; /* NULL: no rotation is going on */
    uint64_t until_s;                                /* end of that day, UTC */
    struct err_pos pos, previous_pos;
};

/* Who is asked to cosign the checkpoints of the audit log; where copies of them go. */
struct config_witness {
    const char *url, *key;
    struct note_key parsed;
    struct err_pos pos;
};

struct config_anchor {
    const char *file, *url; /* exactly one of them */
    uint64_t every_ms;
    struct err_pos pos;
};

struct config_identity {
    const char *match, *country, *region, *service; /* country, region, service: NULL when not given */
};

struct config_exporter {
    const char *name; /* "otlp_grpc/eu" */
    enum exporter_protocol protocol;
    const char *endpoint, *jurisdiction, *country; /* country may be NULL */
    struct tls_options tls;
    uint8_t tls_digest[32]; /* of the files that tls names, as they were when the configuration was read */
    unsigned compression;   /* enum encoding */
    const char **headers;   /* "name: value", NULL-terminated */
    uint64_t timeout_ms, initial_interval_ms, max_interval_ms, max_elapsed_ms, consumers;
    struct err_pos pos;
};

struct config {
    const char *file;
    const char *node;
    uint64_t workers, journal_after_ms;
    struct config_receiver grpc, http;
    const struct conf_node *enrichment; /* NULL = none */
    struct config_source *sources;
    struct config_trust_key *trust_keys; /* none: signatures of bundles are not checked */
    size_t trust_key_count;
    unsigned trust_rollback; /* of bundles whose revision does not rise */
    struct config_key *keys;
    struct config_identity *identities;
    struct config_exporter *exporters;
    size_t source_count, key_count, identity_count, exporter_count;
    unsigned on_invalid, on_no_match;
    struct {
        const char *dir;
        uint64_t max_bytes, group_delay_ms;
    } journal;
    struct {
        uint64_t max_bytes;
        const char *dir, *origin; /* dir NULL: entries stay in the journal */
        uint64_t every_ms, entries;
        const char *sign_key_file, *state_file; /* NULL: made beside the journal; beside the key */
        uint64_t retention_ms;                  /* 0: for ever */
        struct config_witness *witnesses;
        struct config_anchor *anchors;
        size_t witness_count, anchor_count;
    } audit;
    struct config_endpoint metrics, health;
    unsigned log_level, log_format; /* enum log_level, enum log_format */
    struct conf_doc *doc;           /* the document it was read from, for enricher_load */
};

/**
 * config_load(path, config, es):
 * Read and check a gateway file.
 * Out:     config  reference count 1; untouched on failure
 * Returns: RC_OK; RC_CONFIG with all errors of the file in es
 */
enum rc config_load(const char *path, const struct config **config, struct errs *es) MUST_USE;
const struct config *config_ref(const struct config *c);
void config_unref(const struct config *c);

/**
 * config_show(path, defaults, out, es):
 * Print a valid gateway file as it is understood, in YAML: references expanded, secrets hidden; defaults: also what it leaves out.
 * Returns: RC_OK; RC_CONFIG with errors in es, nothing printed
 */
enum rc config_show(const char *path, bool defaults, FILE *out, struct errs *es) MUST_USE;

/**
 * config_snapshot(c, generation, snap, es):
 * generation 0 is a trial; 1 a start, at which a bundle that is refused is replaced by the last good one, with a warning.
 * Compile the policies, load keys and enrichment: everything that requests are decided by. body_key stays NULL: see config_body_key.
 * Out:     snap  reference count 1, holds a reference to c; untouched on failure
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 * Thread:  the control thread; up to 2 s
 */
enum rc config_snapshot(const struct config *c, uint64_t generation, struct snapshot **snap, struct errs *es) MUST_USE;

/**
 * config_keys(c, keys, es):
 * The keys of the configuration with their bytes, without compiling anything.
 * Out:     keys  borrowed from c; CONFIG_KEYS_MAX fit
 * Returns: how many; SIZE_MAX with errors in es
 */
#define CONFIG_KEYS_MAX 64
size_t config_keys(const struct config *c, struct program_key *keys, struct errs *es);

/* The bundles of a configuration whose snapshot is in force now: their revisions are written down beside the journal. */
void config_bundles_accept(const struct config *c);

/**
 * config_body_key(c, create, key, es):
 * The key of the body digests in the audit: the file body.key in the journal's folder. create makes it, random, when there is none.
 * Out:     key  owned by c
 * Returns: RC_OK; RC_CONFIG with an error in es
 */
enum rc config_body_key(const struct config *c, bool create, const struct secret **key, struct errs *es) MUST_USE;

/* What the exporter layer wants to know of exporter i. */
struct exporter_options config_exporter_options(const struct config *c, size_t i, const struct clock *clock);

/* Whether two exporters would behave the same, so that a running one can stay. */
bool config_exporter_same(const struct config_exporter *a, const struct config_exporter *b);

/**
 * config_check_reload(old, new, es):
 * Settings that only a start can change (listeners, workers, journal, ...) must be the same: one error for each that is not.
 */
enum rc config_check_reload(const struct config *old, const struct config *now, struct errs *es) MUST_USE;

/* Reference of the file in Markdown. */
void config_print_reference(FILE *out);

#endif
