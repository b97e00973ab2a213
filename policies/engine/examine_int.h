/**
 * The parts of an examiner.
 *
 *   examine.c        the batch: which policies, which attributes, which texts
 *   examine_key.c    a key: rules by key, allow-lists, the key's own bytes -> verdict, kept in the key table
 *   examine_scan.c   a text: its views, candidates, matches -> findings
 *   examine_use.c    a text under a scanner's keys: its values -> findings
 */
#ifndef ENGINE_EXAMINE_INT_H
#define ENGINE_EXAMINE_INT_H

#include "fold_int.h"
#include "keytable_int.h"
#include "policies/examine.h"

#define DECODE_DEPTH 2 /* base64 inside of base64 */
#define PATH_SCRATCH 4096
#define RESTED_SLOTS 4096u

struct examiner {
    struct program *prog;
    struct finder_tables *tables;
    struct confirm_scratch *scratch;
    struct keytable *keys;
    uint16_t *all;                       /* 0, 1, .. finder_count - 1: every pattern is a candidate */
    struct key place_keys[PLACE_COUNT_]; /* names of places stand in for keys where there are none */
    struct verdict place_verdicts[PLACE_COUNT_];
    uint16_t *place_lists[PLACE_COUNT_];
    bool quiet[BATCH_NUMBER_SIZE]; /* no pattern matches in an integer of so many characters, unless the key says so */
    /* of the call that is running */
    struct arena *ar;
    struct findings *sink;
    uint64_t work;        /* bytes that PCRE2 may still look at */
    uint32_t system_span; /* system is that of this span; BATCH_NONE: of none yet */
    struct str system;
    /* views of the text that is being scanned; they shrink again at the end of a batch */
    struct fold_view fold[2 * (DECODE_DEPTH + 1)];
    struct buf decoded[DECODE_DEPTH + 1]; /* the last only to see that there is more */
    /* verdict that is being made */
    uint16_t rules[PROGRAM_RULES_MAX], patterns[PROGRAM_PATTERNS_MAX], contexts[PROGRAM_PATTERNS_MAX];
    uint16_t uses[PROGRAM_USES_MAX], wanted[PROGRAM_USES_MAX];
    struct key_finding own[KEYTABLE_OWN_MAX];
    char path[PATH_SCRATCH];
    /* of texts that were examined again */
    uint64_t rested_seed;
    uint64_t rested[RESTED_SLOTS];
};

/* What is scanned, for whom, and under which key. */
struct query {
    uint64_t policies;
    uint32_t index;                /* of the findings */
    uint8_t on;                    /* enum finding_on */
    uint8_t place;                 /* enum place */
    bool any_place;                /* a key: the rules' places are asked when the verdict is used */
    bool number;                   /* the decimal form of one: nothing can be hidden in it */
    bool integer;                  /* digits and a sign */
    bool opaque;                   /* any bytes, compressed data among them; else UTF-8 */
    struct str text;               /* as it stands, set by examine_scan */
    const struct verdict *verdict; /* on the key */
    /* The key, by itself or where to find it. */
    const struct batch *b;
    uint32_t attr;
    struct key key;
    bool key_known;
};

/* Whether a rule is in force for these policies at this place. */
static inline bool
rule_in_force(const struct rule *r, uint64_t policies, unsigned place)
{
    return r->mode != RULE_OFF && (policies >> r->policy & 1) && (r->places >> place & 1);
}

/* ---- examine_scan.c ---- */

/**
 * examine_scan(ex, q, text):
 * Examine one text in all its views; findings go to ex->sink, sorted.
 * Returns: RC_OK, an undecidable finding included; RC_NOMEM
 */
enum rc examine_scan(struct examiner *ex, struct query *q, struct str text) MUST_USE;
void examine_trim(struct examiner *ex); /* give back what long texts needed */
enum rc examine_add(struct examiner *ex, const struct finding *f) MUST_USE;

/* Fill in q->key. RC_NOMEM. */
enum rc examine_know_key(struct examiner *ex, struct query *q) MUST_USE;
/* Whether a rule wants what may be found in this text; the key is known. */
bool examine_rule_wants(struct examiner *ex, const struct query *q, const struct rule *r);
/* Whether a rule or its policy lets a match of these bytes through. */
bool examine_allowed(const struct program *prog, const struct rule *r, struct str value);
/* Whether [start, end) of the text is what a rule's action has put there. */
bool examine_action_owns(const struct action *a, struct str text, const struct finding *f);
/* Whether the name of a key stands in the text; if so, whether a match lies in a pseudonym of any rule: it is the value of none. */

/* ---- examine_use.c ---- */

/**
 * examine_uses(ex, q):
 * Run the scanners of q->verdict over q->text.
 * Returns: RC_OK; RC_NOMEM; RC_UNDECIDABLE: the whole text goes
 */
enum rc examine_uses(struct examiner *ex, struct query *q) MUST_USE;
/* What scanners of the text's key are told: db.system.name of its span; empty when none of them asks or there is none. */
struct str examine_system(struct examiner *ex, const struct query *q);
/* The span that holds a text, BATCH_NONE when it belongs to a scope or resource. */
uint32_t examine_span_of_text(const struct batch *b, uint32_t text);

/* ---- examine_key.c ---- */

/* The key of an attribute with those above it; valid until the next call. path.ptr is NULL without memory. */
struct key examine_nested_key(struct examiner *ex, const struct batch *b, uint32_t attr);

static inline struct key
examine_key_of(struct examiner *ex, const struct batch *b, uint32_t attr)
{
    struct str leaf = batch_attr_key(b, &b->attrs[attr]);

    return b->attrs[attr].parent == BATCH_NONE ? (struct key){leaf, leaf.len} : examine_nested_key(ex, b, attr);
}

/* What key detectors and context words say of a key: the parts patterns and contexts of a verdict. */
void examine_key_words(const struct program *prog, struct str key, uint16_t *patterns, uint16_t *contexts, struct verdict *v);
/* The verdict on a key; NULL without memory. Valid until the next call. */
const struct verdict *examine_key(struct examiner *ex, const struct key *k, struct verdict *scratch);

/* ---- order.c ---- */

/* Sort by index, start, longest first, rule. RC_NOMEM. */
enum rc findings_sort(struct finding *list, size_t count, struct arena *ar) MUST_USE;

#endif
