/**
 * What tools ask of a program beyond findings: which patterns came near, and why they did not count; what a pattern costs. Nothing here decides about data.
 *
 * A sighting is one match of one pattern for one rule, whatever became of it. The engine's finder is left out: every pattern is run over every view of the
 * text, so that sightings are also an independent look at what the engine found.
 */
#ifndef POLICIES_INSPECT_H
#define POLICIES_INSPECT_H

#include "policies/examine.h"

struct pattern_info {
    const char *id, *entity, *title; /* of the detector; of a regex of a policy its name */
    struct str regex;
    const char *const *context; /* words, NULL-terminated; NULL = none */
    bool custom;                /* a regex of a policy */
    bool always;                /* the finder cannot rule it out: it is tried on every text */
    bool need_context, key_only, validated;
    const uint16_t *rules; /* that it serves; none: they are off */
    uint16_t rule_count;
};

size_t program_pattern_count(const struct program *p);
struct pattern_info program_pattern(const struct program *p, size_t i);

/* Where a rule looks and for whom. */
struct rule_scope {
    const struct str *keys; /* lower-case globs */
    size_t key_count;
    uint32_t places, destinations; /* sets; destinations is UINT32_MAX without a condition */
    unsigned policy;               /* number */
    unsigned severity;
    bool by_key;    /* the whole value under its keys */
    bool structure; /* values that scanners report, under the keys of the scanners */
};
struct rule_scope program_rule_scope(const struct program *p, size_t i);

/* The policies, as a set, that apply to a resource of a batch. */
uint64_t inspect_policies(const struct program *p, const struct batch *b, uint32_t resource);

enum sighting_why {
    SEEN_FOUND,    /* it counts */
    SEEN_INVALID,  /* the validator refuses it */
    SEEN_CONTEXT,  /* it needs a context word */
    SEEN_HELD_OUT, /* an identifier that the policy keeps */
    SEEN_PLACE,    /* the rule does not look here */
    SEEN_KEYS,     /* the rule is limited to other keys */
    SEEN_POLICY,   /* the policy does not apply to this resource */
    SEEN_WHY_COUNT_
};

struct sighting {
    uint16_t pattern, rule;
    uint32_t start, end; /* of the text */
    uint8_t why;         /* enum sighting_why */
    uint8_t view;        /* enum finding_view */
    bool context;        /* a context word supports it */
    bool undecidable;    /* the pattern came to no end */
};

struct inspect_in {
    uint64_t policies; /* that apply, as a set */
    enum place place;
    struct str key; /* the path of keys, "user/email"; empty at places that are no attribute */
    struct str text;
};

struct sightings {
    struct sighting *list;
    uint32_t count;
};
#define SIGHTINGS_MAX 512

/**
 * inspect_text(p, in, ar, out):
 * All sightings in one text, at most SIGHTINGS_MAX.
 * Returns: RC_OK; RC_NOMEM
 */
enum rc inspect_text(const struct program *p, const struct inspect_in *in, struct arena *ar, struct sightings *out) MUST_USE;

/* Whether a is acted on where a and b overlap (redact.h). */
bool inspect_wins(const struct program *p, const struct finding *a, const struct finding *b);

/* What one pattern cost over a set of texts. */
struct pattern_cost {
    uint64_t texts;      /* it was run on */
    uint64_t candidates; /* texts that the finder leaves to it */
    uint64_t matches;    /* confirmed */
    uint64_t ns;         /* spent on the candidates */
    uint64_t stress_ns;  /* the slowest hostile text of INSPECT_STRESS_BYTES */
    bool undecidable;    /* it came to no end on one of them */
};
#define INSPECT_STRESS_BYTES 4096

struct inspector;
struct inspector *inspector_new(struct program *p) MUST_USE;
void inspector_free(struct inspector *in);

/* Run every pattern that is a candidate on the text, and the finder before them. now_ns: a clock. */
void inspector_text(struct inspector *in, struct str key, struct str text, uint64_t (*now_ns)(void));

/* Run one pattern over texts made to hurt: long runs of what it is made of, its own examples broken at the end. */
void inspector_stress(struct inspector *in, size_t pattern, uint64_t (*now_ns)(void));

/* What the scanners of the program's rules cost, each under its keys. */
struct scanner_cost {
    const char *scanner;
    uint16_t rule; /* any that it serves */
    uint64_t texts, values, ns;
};
const struct scanner_cost *inspector_scanners(const struct inspector *in, size_t *count);

/* Figures so far; finder_ns is the walk of the automata over all texts. */
const struct pattern_cost *inspector_costs(const struct inspector *in, uint64_t *texts, uint64_t *bytes, uint64_t *finder_ns);

#endif
