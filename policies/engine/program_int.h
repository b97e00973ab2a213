/**
 * What a program is made of. Everything but the finder, PCRE2's code and residency lies in one arena; nothing changes after program_compile.
 *
 *   policies[] <- rules[] (policy, key globs, action, places, classes)
 *                  ^  ^
 *   patterns[] ----+  +---- key globs of rules by key        patterns: one for each detector or regex, shared by rules
 *      ^                                                   uses: a scanner under key globs, feeding the rules of its kinds
 *   finder (patterns that a text's bytes decide)  +  key_patterns[] (patterns that only count under certain keys)
 */
#ifndef ENGINE_PROGRAM_INT_H
#define ENGINE_PROGRAM_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/digest.h"
#include "allow_int.h"
#include "confirm_int.h"
#include "finder_int.h"
#include "policies/detector.h"
#include "policies/program.h"
#include "policies/scanner.h"
#include "../action/own.h"
#include "../action/residency_int.h"

#define PROGRAM_POLICIES_MAX 64 /* a set of policies is one uint64_t */
#define PROGRAM_PATTERNS_MAX 2048
#define PROGRAM_USES_MAX 256
#define PROGRAM_FILES_MAX_BYTES (32u << 20)
#define PLACES_ALL ((1u << PLACE_COUNT_) - 1)
_Static_assert(PLACE_COUNT_ < 32, "a set of places is one uint32_t");

struct globs {
    struct str *list;
    size_t count;
};

/* Values of one resource attribute under which a policy applies. */
struct policy_match {
    struct str key;
    struct globs values;
};

enum shape { SHAPE_UUID, SHAPE_HEX };

/* Identifiers that survive: under these keys, and of this shape. */
struct hold_out {
    struct globs keys;
    enum shape shape;
};

enum on_error { ON_ERROR_REDACT, ON_ERROR_DROP_SPAN, ON_ERROR_REFUSE };

struct policy {
    const char *name, *kind, *owner, *controls;
    uint64_t revision;
    enum rule_mode mode;
    bool redacts;               /* kind RedactionPolicy; the members below are its own */
    struct policy_match *match; /* all must hold; none: every resource */
    size_t match_count;
    uint32_t places;
    enum on_error on_error;
    struct hold_out *hold;
    size_t hold_count;
    bool closed; /* keys.otherwise: drop */
    struct globs allow;
    struct allow_list values; /* that its rules let through */
    uint16_t closing_rule;    /* stands for keys.otherwise in findings and reports */
};

struct rule {
    const char *id, *entity;
    uint8_t policy;
    enum rule_mode mode;
    uint8_t severity; /* 0..3 */
    uint8_t specific; /* 0 pack, 1 entity, 2 regex, 3 restricted to keys */
    bool by_key;      /* the whole value of the keys; else its patterns, under the keys if there are any */
    bool structure;   /* values of a kind that scanners report; its keys are those of the uses */
    enum scan_kind kind;
    uint32_t places, destinations, classes;
    struct globs keys; /* lower-case */
    struct action action;
    struct allow_list allow; /* matches that are none */
};

/* A scanner that runs over texts under some keys for rules of one id. */
struct scan_use {
    const struct scanner *scanner;
    uint16_t number; /* of the scanner */
    uint16_t rule;   /* any of its rules: policy, mode, places are the same */
    uint16_t rules[SCAN_KIND_COUNT_];
    struct globs keys; /* lower-case; names of places among them */
};

#define NO_WORDS UINT16_MAX

struct pattern {
    struct detector det; /* a copy: pattern, check, context words, severity */
    struct str regex;
    struct confirm *confirm;
    unsigned value_group; /* group `value` of a regex of the policy: what is redacted; 0 = the match */
    uint16_t *rules;
    uint16_t rule_count;
    uint64_t policies; /* of its rules */
    uint32_t places;
    uint64_t vouched; /* one of these bits of the sieve is shown where a match may count without context; 0: none does */
    uint16_t words;   /* number of its context words in the finder; NO_WORDS: there is none */
    /* What it was made from, so that rules can share it. */
    const struct detector *base;
    const struct local_detector *local;
};

/* In pattern.vouched: whatever stands in a match. Every text is taken to show it. */
#define VOUCHED_ALWAYS SIEVE_BIT(SIEVE_DIGITS)

struct program {
    _Atomic unsigned refs;
    struct arena *ar;
    char digest[2 * SHA256_SIZE + 1];
    struct policy *policies;
    struct rule *rules;
    struct pattern *patterns;
    size_t policy_count, rule_count, pattern_count;
    /* The finder's patterns: first those of patterns[], then the context words, one pattern for all those of a detector. */
    struct finder *finder;
    uint16_t *finder_patterns; /* pattern of each number below finder_count */
    size_t finder_count;
    uint16_t *key_patterns;
    size_t key_pattern_count;
    struct scan_use *uses; /* by scanner */
    size_t use_count;
    struct own *own; /* what the actions of all rules put into data */
    bool tenants;    /* an action asks for an attribute of the resource */
    struct str destinations[PROGRAM_DESTINATIONS_MAX];
    uint8_t class_of[PROGRAM_DESTINATIONS_MAX];
    size_t destination_count;
    unsigned class_count;
    struct residency *residency;
};

/* The policies, as a set, that match a resource; shadow ones included. */
uint64_t program_policies_of(const struct program *p, const struct batch *b, uint32_t resource);

/* Whether one of globs matches s wholly. */
bool globs_match(const struct globs *g, struct str s);

/**
 * pattern_next(p, scratch, t, from, m):
 * The next match of a pattern that its context and validator confirm.
 * Out:     m     the match as the validator left it; never empty
 *          work  bytes that were looked at are taken off; at 0 the pattern is undecidable
 * Returns: RC_OK; RC_NOT_FOUND; RC_UNDECIDABLE
 */
struct pattern_text {
    struct str text, key;
    bool key_context; /* detector_key_context of the pattern and key */
    bool no_words;    /* known not to hold a context word of the pattern */
    uint64_t *work;
};
enum rc pattern_next(const struct pattern *p, struct confirm_scratch *scratch, const struct pattern_text *t, size_t from, struct match *m) MUST_USE;

#endif
