/**
 * Detectors: what personal data and secrets look like. A family is one file with one const table of entries; detect/families.def lists the
 * families. A detector is a pattern (PCRE2 syntax, byte mode, ASCII classes), a validator that sees each match, and context words.
 * The engine's candidate finder is built from the same pattern, so a detector needs no prefilter of its own.
 *
 * How a detector is run over a text: find the pattern; fill a struct match; ask check. When it counts, [start, end) as check left it is the
 * finding, and the search goes on at that end. When it does not, the search goes on one byte after the start of the match (or where check says that the next
 * one may begin): a wrong match must not hide a right one that begins inside it.
 */
#ifndef POLICIES_DETECTOR_H
#define POLICIES_DETECTOR_H

#include "base/str.h"

/* One match of a pattern, as the validator sees it. It may narrow [start, end), never widen it beyond the text. */
struct match {
    struct str text;   /* the whole text */
    struct str key;    /* attribute key (or place name) the text stands under */
    size_t start, end; /* what will be redacted */
    size_t group[8];   /* start,end of capture groups 1..4; SIZE_MAX when unset */
    bool context;      /* known to have context; validators ask match_context */
    size_t begin;      /* where the pattern began to match, before the validator */
    size_t again;      /* a validator that says no may say: nor to any match that begins before here; 0: it does not know */
    /* Whose words may stand before the match, which is looked at when a validator asks; NULL: none does. */
    const struct detector *ask;
};

enum tier {
    TIER_A, /* on by default anywhere */
    TIER_B, /* needs a context word or a separator-formatted value; the validator asks match_context */
    TIER_C  /* locale or industry pack */
};

struct detector_example {
    const char *text;
    bool hit;
    const char *key; /* NULL: no key */
};

struct detector {
    const char *id;     /* "contact.email": stable, from the catalogue */
    const char *entity; /* "EMAIL_ADDRESS": the name in policies; several detectors may share one */
    const char *title;  /* "E-mail address" */
    enum tier tier;
    const char *category; /* contact, financial, government, health, network, secret */
    const char *controls; /* "GDPR HIPAA-F PCI-DSS-3.4.1": comma-free list */
    const char *pattern;
    bool caseless;
    const char *const
        *context;        /* lower-case words, NULL-terminated; NULL = none. Interior separators are ignored: "social security" = social_security */
    bool need_context;   /* without context no match counts */
    const char *vouched; /* without context no match counts but one that holds one of these marks behind its first byte; NULL: that is not known */
    bool key_only;       /* without a context word in the key itself no match counts: the pattern need not be run */
    bool (*check)(struct match *m);          /* NULL = every match counts; pure, linear in the match */
    unsigned severity;                       /* 0 note .. 3 secret or card; decides overlaps */
    uint64_t first[4];                       /* bytes that context words begin with, by detector_ready; all 0: not looked for yet */
    const struct detector_example *examples; /* .text NULL ends; built so that no token-shaped literal stands in the tree */
};

/* All detectors of the product, in the order of families.def. */
const struct detector *const *detectors_all(size_t *count);

/* By id or by entity; nth counts those that have that name (entities can be shared). NULL when there is no nth. */
const struct detector *detector_find(struct str name, size_t nth);

/**
 * Names for "did you mean": ids and entities, without doubles.
 */
const char *const *detector_names(size_t *count);

/* What may stand, or not, where a context word has a space; also the inside of a character class. */
#define DETECTOR_SEPARATORS " _./:+'-"

/* How far before a match a context word counts, in characters. */
#define DETECTOR_CONTEXT_CHARS 50

/* Make a word of context from one of any case, in place: letters that detector_context takes for the same as small ones. */
void detector_lower(char *word);

/**
 * detector_context(d, key, text, start):
 * Whether one of the context words of ${d} stands in ${key}, or ends in the DETECTOR_CONTEXT_CHARS characters before ${start}.
 * A word stands where letters and digits do not run on at either end, except that a change of case (memberId) and a plural s end it too;
 * case (of Latin, Greek, Cyrillic letters), and separators between its parts, are ignored; a word in brackets of a marker, [PHONE_NUMBER], is none. False when the detector has no words.
 */
bool detector_context(const struct detector *d, struct str key, struct str text, size_t start);

/* Make a copy of a detector ready to be asked for context often: what its words begin with is noted. */
void detector_ready(struct detector *d);

/* The same for the key alone. */
bool detector_key_context(const struct detector *d, struct str key);

/* Whether a match has context: few validators need to know, and few matches get that far. */
static inline bool
match_context(const struct match *m)
{
    return m->context || (m->ask && detector_context(m->ask, STR(""), m->text, m->begin));
}

#endif
