/**
 * Counting by name in bounded memory.
 *
 *   names   text -> number from 1; number 0 is what did not fit any more, "(others)"
 *   tally   up to TALLY_KEYS numbers -> up to TALLY_VALUES counters; the row of all zeroes takes what did not fit
 *
 * The order of rows is that of their first appearance: same entries, same order.
 */
#ifndef AUDIT_TALLY_INT_H
#define AUDIT_TALLY_INT_H

#include <stdint.h>

#include "base/rc.h"
#include "base/str.h"

#define NAMES_MAX 100000u
#define NAMES_BYTES_MAX (16u << 20)
#define TALLY_KEYS 8
#define TALLY_VALUES 12
#define TALLY_ROWS_MAX 50000u

struct names {
    struct str *items; /* [count]; [0] is "(others)" */
    uint32_t count, cap;
    uint32_t *slots; /* numbers; 0 = free */
    uint32_t slot_count;
    char *text; /* [NAMES_BYTES_MAX], so that texts stay where they are */
    size_t text_len;
    uint64_t left_out;
};

enum rc names_init(struct names *n) MUST_USE;
void names_fini(struct names *n);
/* The number of s, 0 when it does not fit any more; RC_NOMEM sticks in *rc. */
uint32_t names_add(struct names *n, struct str s, enum rc *rc);
static inline struct str
names_text(const struct names *n, uint32_t number)
{
    return n->items[number];
}

struct tally_row {
    uint32_t key[TALLY_KEYS];
    uint64_t value[TALLY_VALUES];
};

struct tally {
    unsigned keys;
    uint32_t max;
    struct tally_row *rows; /* [count] */
    uint32_t count, cap;
    uint32_t *slots; /* row + 1; 0 = free */
    uint32_t slot_count;
    uint64_t left_out; /* keys that went to the row of all zeroes, calls counted */
};

void tally_init(struct tally *t, unsigned keys, uint32_t max);
void tally_fini(struct tally *t);
void tally_clear(struct tally *t);
/* The counters of key[0..keys); NULL without memory. They stay where they are until the next tally_at. */
uint64_t *tally_at(struct tally *t, const uint32_t *key);
/* Put the rows in order of value[by], largest first, then of the names of their keys; nothing can be added afterwards. by >= TALLY_VALUES: by names alone. */
void tally_sort(struct tally *t, const struct names *n, unsigned by);

#endif
