/**
 * What is known of attribute keys. Traces repeat a few hundred keys for ever, so that what the rules say of a key is asked once and kept. Keys are
 * compared whole; the table has a fixed size and starts anew when it is full. Spans of one kind send their keys in one order: each entry remembers which key came
 * after it, and that one is tried before any hash is computed.
 *
 *   slots[hash] -> entry {key bytes, verdict}      bytes, rules, patterns and key findings lie in one pool
 */
#ifndef ENGINE_KEYTABLE_INT_H
#define ENGINE_KEYTABLE_INT_H

#include "program_int.h"

/* A match in the key's own bytes. */
struct key_finding {
    uint32_t start, end;
    uint16_t rule;
    uint8_t view;
};

struct verdict {
    uint64_t not_allowed;          /* policies whose allow-list does not have the key */
    const uint16_t *rules;         /* rules by key that match */
    const uint16_t *patterns;      /* key_only patterns that are to be tried on the value */
    const uint16_t *contexts;      /* patterns for which a context word stands in the key, ascending */
    const struct key_finding *own; /* in the key's bytes */
    const uint16_t *uses;          /* uses of scanners, ascending */
    unsigned asked;                /* automata of the finder that those ask for: of patterns that want words */
    uint16_t rule_count, pattern_count, context_count, own_count, use_count;
    bool undecidable; /* the key's own bytes */
    bool plain;       /* nothing of all that but contexts and uses */
};

/* A key: at the top, or nested: then path is that of all keys from the top, joined by '/', and ends in leaf. */
struct key {
    struct str path;
    size_t leaf_len;
};

#define KEYTABLE_KEY_MAX 512 /* longer keys are not kept */
#define KEYTABLE_OWN_MAX 64  /* nor keys with more findings */

struct keytable;
struct keytable *keytable_new(void) MUST_USE;
void keytable_free(struct keytable *kt);

/* What is known of a key; NULL when nothing is. Valid until the table starts anew. */
const struct verdict *keytable_find(struct keytable *kt, const struct key *k);

/* How often the table has started anew: verdicts of an older generation are gone. */
uint32_t keytable_generation(const struct keytable *kt);

/* Keep a verdict (a copy). Returns what is kept, or ${v} itself when it is not kept. */
const struct verdict *keytable_add(struct keytable *kt, const struct key *k, const struct verdict *v);

#endif
