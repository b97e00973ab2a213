/**
 * A program: policies compiled to something immutable that workers share.
 *
 * The story. Policy files (kinds RedactionPolicy, ResidencyPolicy) are read into models, all errors reported with file, line and
 * column, then compiled: every rule becomes one or more patterns; patterns become one superset automaton (the finder) and PCRE2 code; key globs
 * become a key table. A rule has a number, the same everywhere: in findings, in metrics, in the audit entry.
 * A rule of a policy that chooses several entities is several rules here, with one id. `keys.otherwise: drop` is a rule with the id "keys".
 * Destinations with the same set of active rules share a redaction class, so that a batch is examined once whatever the number of destinations.
 */
#ifndef POLICIES_PROGRAM_H
#define POLICIES_PROGRAM_H

#include "base/conf.h"
#include "base/err.h"
#include "base/secret.h"
#include "codec/batch.h"

#define PROGRAM_DESTINATIONS_MAX 32
#define PROGRAM_RULES_MAX 1024

/* What the policies must know of an exporter. Strings are borrowed until program_compile returns, then copied. */
struct destination_info {
    struct str name;         /* "otlp_grpc/eu" */
    struct str jurisdiction; /* "EU", "US", ...: required */
    struct str country;      /* ISO 3166-1, may be empty */
};

struct program_source {
    const char *const *files; /* policy files, in order */
    const struct str *texts;  /* NULL, or one for each file: what it holds, where ptr is not NULL */
    size_t file_count;
    const struct destination_info *destinations; /* bit i of a route mask is destination i */
    size_t destination_count;
    /* Named keys of hash, encrypt and fpe: configuration `keys:`; the secrets outlive the program. */
    const struct program_key {
        struct str id;
        const struct secret *secret;
        struct str previous_id; /* of the key that was used before, while its tokens are still about; previous NULL: there is none */
        const struct secret *previous;
    } * keys;
    size_t key_count;
};

enum rule_mode { RULE_ENFORCE, RULE_SHADOW, RULE_OFF };

/* What reports and metrics say of a rule. */
struct rule_info {
    const char *policy, *id, *entity, *action;
    enum rule_mode mode;
};

struct policy_info {
    const char *name, *kind, *owner, *controls;
    uint64_t revision;
    enum rule_mode mode;
};

struct program;

/**
 * program_compile(src, prog, es):
 * Load, check, compile. All errors of all files are reported.
 * Out:     prog  reference count 1; untouched on failure
 * Returns: RC_OK; RC_CONFIG with errors in es; RC_NOMEM
 * Thread:  control thread; takes up to 2 s
 */
enum rc program_compile(const struct program_source *src, struct program **prog, struct errs *es) MUST_USE;
struct program *program_ref(struct program *p);
void program_unref(struct program *p);

/* SHA-256 over the policy files' bytes in order, lower-case hex, NUL-terminated. */
const char *program_digest(const struct program *p);
size_t program_rule_count(const struct program *p);
struct rule_info program_rule(const struct program *p, size_t i);
size_t program_policy_count(const struct program *p);
struct policy_info program_policy(const struct program *p, size_t i);
size_t program_destination_count(const struct program *p);
/* NUL-terminated one past its end. */
struct str program_destination(const struct program *p, size_t i);
/* The redaction class of a destination, below program_class_count. */
unsigned program_class(const struct program *p, size_t destination);
unsigned program_class_count(const struct program *p);
/* Whether PCRE2 made machine code of every pattern. */
bool program_jit(const struct program *p);

#endif
