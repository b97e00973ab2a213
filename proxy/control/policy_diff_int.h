/**
 * `spangate policy diff`: what another version of policies changes.
 *
 *   policy_diff_rules.c   the files: rules that were added, removed, changed
 *   policy_diff.c         recorded spans: texts that would be treated otherwise, routes that would change; the report
 */
#ifndef CONTROL_POLICY_DIFF_INT_H
#define CONTROL_POLICY_DIFF_INT_H

#include "explain_int.h"

enum change_kind { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };

/* A rule, or what a policy says outside of its rules (rule ""). */
struct rule_change {
    struct rule_change *next;
    enum change_kind kind;
    const char *policy, *rule;
    const char *what; /* CHANGE_CHANGED: "action: drop -> mask"; else what the rule asks for */
};

struct rule_changes {
    struct arena *ar;
    struct rule_change *first, **last;
    size_t count[3];
};

/**
 * rule_changes_find(old, now, c):
 * Compare the documents of two sets of files. The order of rules matters only between rules that overlap, and is not compared.
 * Returns: RC_OK; RC_CONFIG a file cannot be read (program_compile has told); RC_NOMEM
 */
enum rc rule_changes_find(const struct tool *old, const struct tool *now, struct rule_changes *c) MUST_USE;

enum policy_diff_format { DIFF_TEXT, DIFF_JSON };

struct policy_diff_options {
    struct tool_options tool; /* without policies */
    const char *old, *now;    /* file, folder or pack */
    const char *const *corpus;
    size_t corpus_count;
    struct sender sender;
    enum policy_diff_format format;
    bool show_values;
};

/* Append the report. EXIT_DONE nothing differs; EXIT_NEGATIVE; EXIT_CONFIG, EXIT_UNAVAILABLE. */
int policy_diff_main(const struct policy_diff_options *o, struct buf *out);

#endif
