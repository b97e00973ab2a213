/**
 * What the tools for policy authors share: policies opened as the gate would open them, spans read from files, and the stages of the gate on one batch.
 *
 *   tool.c        policies by file, folder, name of a pack, or gateway file -> program, examiner
 *   span_file.c   OTLP in JSON or binary, or a small span in YAML -> batches
 *   trial.c       one batch: index, route, examine; then, for each destination, what would leave
 */
#ifndef CONTROL_TOOL_INT_H
#define CONTROL_TOOL_INT_H

#include "base/arena.h"
#include "base/conf.h"
#include "control/command.h"
#include "control/config.h"
#include "policies/examine.h"
#include "policies/redact.h"
#include "policies/residency.h"

/* SGnnnn of the tools. */
enum tool_code { SG_TOOL_INPUT = 801, SG_TOOL_DESTINATION = 802, SG_TOOL_POLICY = 803, SG_TOOL_UNCOVERED = 804 };

#define TOOL_FILES_MAX 256
#define TOOL_KEYS_MAX 64

struct tool_options {
    const char *config; /* gateway file; NULL = none */
    const char *const *policies;
    size_t policy_count;
    const char *const *destinations; /* NAME=JURISDICTION[/COUNTRY] */
    size_t destination_count;
    bool defaults; /* without a policy: the detectors that are on by default, each replaced */
};

/* Policies and what they are compiled from. Keys of hash actions are made from their names: tools need no secret, and tokens are the same everywhere. */
struct tool {
    struct arena *ar;
    struct errs es;
    const struct config *config;
    const char *files[TOOL_FILES_MAX];
    struct str texts[TOOL_FILES_MAX]; /* of files in bundles, borrowed from config; ptr NULL: the file is to be read */
    size_t file_count;
    struct destination_info destinations[PROGRAM_DESTINATIONS_MAX];
    size_t destination_count;
    bool guessed; /* destinations are the names in routes, their jurisdiction is not known */
    struct program_key keys[TOOL_KEYS_MAX];
    struct secret *secrets[TOOL_KEYS_MAX];
    size_t key_count;
    struct program *prog;
    struct examiner *ex;
    struct enricher *enricher;
};

/**
 * tool_open(o, t):
 * Returns: EXIT_DONE; EXIT_CONFIG, EXIT_UNAVAILABLE with errors in t->es; tool_close in every case
 */
int tool_open(const struct tool_options *o, struct tool *t) MUST_USE;
void tool_close(struct tool *t);
/* The options that all tools have, and what was given of them. */
#define TOOL_OPTIONS                                                                                                                               \
    {.name = "policy", .letter = 'p', .type = OPTION_LIST, .arg = "FILE", .help = "A policy file, a folder of them, or the name of a pack"},       \
        {.name = "config",                                                                                                                         \
            .letter = 'c',                                                                                                                         \
            .type = OPTION_TEXT,                                                                                                                   \
            .arg = "FILE",                                                                                                                         \
            .help = "A gateway file: its policies when none is named, its exporters"},                                                             \
    {                                                                                                                                              \
        .name = "destination", .letter = 'd', .type = OPTION_LIST, .arg = "NAME=JURISDICTION", .help = "A destination, such as otlp_grpc/eu=EU/DE" \
    }
struct tool_options tool_options_of(const struct arguments *a);

/* Print what is in es, if anything; code again. */
int tool_report(const struct errs *es, int code);

/* Print what a tool found to standard output and wipe it; code again. */
int tool_print(struct buf *report, int code);
/* Append text with the escapes of workflow commands: of data, or of a property, where colon and comma are escaped, too. */
enum rc tool_github_text(struct buf *out, const char *s, bool property) MUST_USE;

/* A NUL-terminated copy in the arena; NULL without memory. */
const char *tool_copy(struct arena *ar, struct str s);

/* Every key that an action names below a node: made from nothing but its id. False without memory. */
bool tool_keys_find(struct tool *t, const struct conf_node *n) MUST_USE;
/* Those of all files; what is wrong with a file is told by program_compile. */
bool tool_keys_read(struct tool *t) MUST_USE;
/* The text of a policy file or of "pack:NAME". */
enum rc tool_file_read(const char *path, struct buf *out) MUST_USE;
/* The text of file i of t. */
enum rc tool_text_read(const struct tool *t, size_t i, struct buf *out) MUST_USE;

/* ---- span_file.c ---- */

struct span_file;

/**
 * span_file_open(path, f, es):
 * Open a file of spans, "-" for standard input: OTLP/JSON (one message, or one a line), protobuf (one message, or many, each behind its length in four bytes),
 * any of these compressed with gzip or zstd, or documents in YAML as in `given:` of a PolicyTest.
 * Returns: RC_OK; RC_NOT_FOUND, RC_IO, RC_TOO_LARGE, RC_MALFORMED with an error in es; RC_NOMEM
 */
enum rc span_file_open(const char *path, struct span_file **f, struct errs *es) MUST_USE;
void span_file_close(struct span_file *f);

/* The next batch as protobuf, appended. RC_NOT_FOUND at the end; RC_MALFORMED and the like with an error in es. */
enum rc span_file_next(struct span_file *f, struct buf *out, struct errs *es) MUST_USE;
/* The line on which the newest batch begins; 1 in binary files. */
unsigned span_file_line(const struct span_file *f);
/* What the newest document of YAML said of its sender and destination; NULL in other files. */
const struct conf_node *span_file_given(const struct span_file *f);

/* Files of spans behind a path: the file itself, or every file in a folder, by name. The names are in ar; RC_NOT_FOUND with an error. */
enum rc span_files_list(const char *path, struct arena *ar, const char ***names, size_t *count, struct errs *es) MUST_USE;

/* ---- trial.c, trial_each.c ---- */

/* One batch as the gate would treat it. */
struct trial {
    struct tool *t;
    struct arena *ar;
    struct buf body; /* as it came, then as it was enriched */
    struct batch b;
    struct findings f;
    struct route *routes; /* of each span */
    bool routed;          /* a ResidencyPolicy decides; else every destination gets everything */
};

enum rc trial_init(struct trial *tr, struct tool *t) MUST_USE;
void trial_fini(struct trial *tr);

/* Take body (copied), enrich, index, route, examine. What an earlier run left is gone. */
enum rc trial_run(struct trial *tr, struct str body, const struct sender *sender) MUST_USE;

/* Number of destinations; without any there is one that stands for all. */
size_t trial_destinations(const struct trial *tr);
const char *trial_destination(const struct trial *tr, size_t d);
bool trial_allowed(const struct trial *tr, uint32_t span, size_t d);

/**
 * trial_emit(tr, d, routed_only, out, spans):
 * Append what destination d would get; routed_only leaves out spans that may not go there.
 * Out:     spans  that are in it
 * Returns: RC_OK; RC_UNDECIDABLE and others: the gate would refuse the request
 */
enum rc trial_emit(struct trial *tr, size_t d, bool routed_only, struct buf *out, uint32_t *spans) MUST_USE;

/* Whether an enforcing policy covers the resource of a span. */
bool trial_covered(const struct trial *tr, uint32_t span);

/* "span.attributes.user/email": the path of what a finding is on. */
#define TRIAL_PATH_SIZE 512
void trial_path(const struct batch *b, const struct finding *f, char out[TRIAL_PATH_SIZE]);
/* The bytes that a finding is on: the text (its decimal form in number), or the key. */
struct str trial_text(const struct batch *b, const struct finding *f, char number[BATCH_NUMBER_SIZE]);

/* Of the sender, as options and files say it. */
#define SENDER_OPTIONS                                                                                                  \
    {.name = "identity", .type = OPTION_TEXT, .arg = "NAME", .help = "Of the client, as its certificate would say it"}, \
    {                                                                                                                   \
        .name = "country", .type = OPTION_TEXT, .arg = "CODE",                                                          \
        .help = "Subject C of the client's certificate, or of identities: in the gateway file"                          \
    }
struct sender sender_of(const struct arguments *a);

/* What a tool does with each batch. */
struct batch_source {
    const char *path;
    unsigned line;
    const struct conf_node *given; /* a document in YAML; NULL */
};
struct batch_visitor {
    enum rc (*on_batch)(void *to, struct trial *tr, const struct batch_source *from);
    void *to;
};

/**
 * trial_each(t, paths, count, sender, v):
 * Run every batch of every file through the stages.
 * Returns: RC_OK; RC_NOT_FOUND, RC_MALFORMED, ... with an error in t->es when a file cannot be read to its end; what the visitor returns
 */
enum rc trial_each(struct tool *t, const char *const *paths, size_t count, const struct sender *sender, const struct batch_visitor *v) MUST_USE;

/* Microseconds are too coarse for rules. */
uint64_t tool_now_ns(void);

#endif
