/* What patterns need, worked out from their trees: true of every text of the tree's language, so of every text in which a pattern matches. */
#include "finder_sieve_int.h"

#include <stdlib.h>

#define COUNT_MAX 1000 /* counts stop here: what is counted in texts ends at SIEVE_TEXT_MAX */

/*
 * What is known of runs of one kind: `whole` if all is of the kind; how many bytes of it at the beginning, at the end, and side by side somewhere; how many
 * of those that a digit is among, and whether one is among those at the beginning (at the end), or further on in their run. Of runs of joined digits only
 * the digits are counted.
 */
struct run {
    uint16_t begin, end, most, mixed;
    bool whole, begin_digit, end_digit;
};

/* One way to match. empty: without a byte. first, last: what its first and last byte are for certain, LETTER or DIGIT. */
struct way {
    uint64_t bits;
    uint16_t length, digits, upper;
    bool empty;
    uint8_t first, last;
    struct run base64, word, join, hex;
};
#define LETTER 1
#define DIGIT 2
#define CHOICE_MAX 3

struct ways {
    struct way list[SIEVE_NEEDS];
    unsigned count; /* none: it never matches */
};

static uint16_t
least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static uint16_t
most(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

static uint16_t
plus(uint16_t a, uint16_t b)
{
    return least((uint16_t)(a + b), COUNT_MAX);
}

static uint16_t
times(uint16_t a, uint32_t n)
{
    return n > COUNT_MAX ? (a ? COUNT_MAX : 0) : (uint16_t)(a * n > COUNT_MAX ? COUNT_MAX : a * n);
}

/* ---- runs ---- */

static struct run
run_cat(struct run a, uint16_t a_length, struct run b, uint16_t b_length)
{
    uint16_t joint = plus(a.end, b.begin);

    return (struct run){
        .begin = a.whole ? plus(a_length, b.begin) : a.begin,
        .end = b.whole ? plus(a.end, b_length) : b.end,
        .most = most(joint, most(a.most, b.most)),
        .mixed = most(a.end_digit || b.begin_digit ? joint : 0, most(a.mixed, b.mixed)),
        .whole = a.whole && b.whole,
        .begin_digit = a.begin_digit || (a.whole && b.begin_digit),
        .end_digit = b.end_digit || (b.whole && a.end_digit),
    };
}

static struct run
run_or(struct run a, struct run b)
{
    return (struct run){
        .begin = least(a.begin, b.begin),
        .end = least(a.end, b.end),
        .most = least(a.most, b.most),
        .mixed = least(a.mixed, b.mixed),
        .whole = a.whole && b.whole,
        .begin_digit = a.begin_digit && b.begin_digit,
        .end_digit = a.end_digit && b.end_digit,
    };
}

static struct run
run_times(struct run a, uint16_t length, uint32_t n)
{
    uint16_t all = times(length, n);

    if (n == 0)
        return (struct run){.whole = a.whole};
    if (a.whole)
        return (struct run){all, all, all, a.begin_digit ? all : 0, true, a.begin_digit, a.end_digit};
    return a;
}

/* ---- ways ---- */

static const struct way nothing = {.empty = true, .base64.whole = true, .word.whole = true, .join.whole = true, .hex.whole = true};

/* The bit, when a digit is beside a letter where a ends and b begins. */
static uint64_t
beside(const struct way *a, const struct way *b)
{
    return (a->last | b->first) == (LETTER | DIGIT) && a->last && b->first ? SIEVE_BIT(SIEVE_BESIDE) : 0;
}

static struct way
way_cat(const struct way *a, const struct way *b)
{
    return (struct way){
        .bits = a->bits | b->bits | beside(a, b),
        .empty = a->empty && b->empty,
        .first = a->empty ? b->first : a->first,
        .last = b->empty ? a->last : b->last,
        .length = plus(a->length, b->length),
        .digits = plus(a->digits, b->digits),
        .hex = run_cat(a->hex, a->length, b->hex, b->length),
        .upper = plus(a->upper, b->upper),
        .base64 = run_cat(a->base64, a->length, b->base64, b->length),
        .word = run_cat(a->word, a->length, b->word, b->length),
        .join = run_cat(a->join, a->digits, b->join, b->digits),
    };
}

/* What both need. */
static struct way
way_or(const struct way *a, const struct way *b)
{
    return (struct way){
        .bits = a->bits & b->bits,
        .empty = a->empty && b->empty,
        .first = a->first & b->first,
        .last = a->last & b->last,
        .length = least(a->length, b->length),
        .digits = least(a->digits, b->digits),
        .hex = run_or(a->hex, b->hex),
        .upper = least(a->upper, b->upper),
        .base64 = run_or(a->base64, b->base64),
        .word = run_or(a->word, b->word),
        .join = run_or(a->join, b->join),
    };
}

/* At least n times. */
static struct way
way_times(const struct way *a, uint32_t n)
{
    return (struct way){
        .bits = (n ? a->bits : 0) | (n > 1 ? beside(a, a) : 0),
        .empty = a->empty,
        .first = n ? a->first : 0,
        .last = n ? a->last : 0,
        .length = times(a->length, n),
        .digits = times(a->digits, n),
        .hex = run_times(a->hex, a->length, n),
        .upper = times(a->upper, n),
        .base64 = run_times(a->base64, a->length, n),
        .word = run_times(a->word, a->length, n),
        .join = run_times(a->join, a->digits, n),
    };
}

static bool
run_within(struct run a, struct run b)
{
    return a.begin <= b.begin && a.end <= b.end && a.most <= b.most && a.mixed <= b.mixed && a.whole == b.whole && a.begin_digit <= b.begin_digit &&
           a.end_digit <= b.end_digit;
}

/* Whether b needs all that a needs. */
static bool
way_within(const struct way *a, const struct way *b)
{
    return (a->bits & ~b->bits) == 0 && a->length <= b->length && a->digits <= b->digits && a->upper <= b->upper && a->empty == b->empty &&
           (a->first & ~b->first) == 0 && (a->last & ~b->last) == 0 && run_within(a->hex, b->hex) && run_within(a->base64, b->base64) &&
           run_within(a->word, b->word) && run_within(a->join, b->join);
}

static uint64_t
need_of(const struct way *w)
{
    uint64_t bits = w->bits | sieve_steps(&sieve_digits, SIEVE_DIGITS, w->digits) | sieve_steps(&sieve_length, SIEVE_LENGTH, w->length);

    bits |= (uint64_t)(w->upper >= 1) << SIEVE_UPPER | (uint64_t)(w->upper >= 4) << SIEVE_UPPER_4 | (uint64_t)(w->hex.most >= 12) << SIEVE_HEX_12;
    bits |= (uint64_t)(w->word.mixed >= 7) << SIEVE_MIXED_7 | (uint64_t)(w->word.mixed >= 9) << SIEVE_MIXED_9;
    bits |= (uint64_t)(w->word.mixed >= 14) << SIEVE_MIXED_14 | (uint64_t)(w->base64.mixed >= 20) << SIEVE_MIXED_20;
    bits |= sieve_steps(&sieve_joined, SIEVE_JOINED, w->join.most) | sieve_steps(&sieve_base64, SIEVE_BASE64, w->base64.most);
    return bits | sieve_steps(&sieve_word, SIEVE_WORD, w->word.most);
}

/* How much a need rules out, roughly: marks and capitals more than the steps of what is counted. */
static unsigned
weight_of(uint64_t need)
{
    uint64_t counted = (~(uint64_t)0 << SIEVE_LENGTH) | (uint64_t)0x3FF << SIEVE_DIGITS;

    return (unsigned)__builtin_popcountll(need) + 3 * (unsigned)__builtin_popcountll(need & ~counted);
}

static void
ways_remove(struct ways *w, unsigned i)
{
    w->list[i] = w->list[--w->count];
}

static void ways_add(struct ways *w, const struct way *one);

/* Make room: the two that are most alike become one. */
static void
ways_join(struct ways *w)
{
    unsigned first = 0, second = 1, best = 0;

    for (unsigned i = 0; i < w->count; i++) {
        for (unsigned k = i + 1; k < w->count; k++) {
            struct way both = way_or(&w->list[i], &w->list[k]);
            unsigned weight = weight_of(need_of(&both)) + 1;

            if (weight <= best)
                continue;
            best = weight;
            first = i;
            second = k;
        }
    }
    struct way both = way_or(&w->list[first], &w->list[second]);

    ways_remove(w, second);
    ways_remove(w, first);
    ways_add(w, &both);
}

static void
ways_add(struct ways *w, const struct way *one)
{
    for (unsigned i = 0; i < w->count; i++)
        if (way_within(&w->list[i], one))
            return;
    for (unsigned i = w->count; i > 0; i--)
        if (way_within(one, &w->list[i - 1]))
            ways_remove(w, i - 1);
    if (w->count == SIEVE_NEEDS) {
        ways_join(w); /* recursion ends: there is room then */
        ways_add(w, one);
        return;
    }
    w->list[w->count++] = *one;
}

static void
ways_cat(struct ways *a, const struct ways *b)
{
    struct ways made = {.count = 0};

    for (unsigned i = 0; i < a->count; i++) {
        for (unsigned k = 0; k < b->count; k++) {
            struct way both = way_cat(&a->list[i], &b->list[k]);

            ways_add(&made, &both);
        }
    }
    *a = made;
}

/* ---- the tree ---- */

static struct run
run_of_one(bool is, bool digit)
{
    return (struct run){is, is, is, is && digit, is, is && digit, is && digit};
}

static void
ways_of_bytes(const struct symset *set, struct ways *w)
{
    struct sieve_sign all = {UINT64_MAX, true, true, true, true, true, true};

    for (unsigned c = 0; c < 256; c++) {
        if (!symset_has(set, c))
            continue;
        struct sieve_sign s = sieve_sign((unsigned char)c);

        all.bits &= s.bits;
        all.digit &= s.digit;
        all.hex &= s.hex;
        all.upper &= s.upper;
        all.base64 &= s.base64;
        all.word &= s.word;
        all.join &= s.join;
    }
    uint8_t kind = all.digit ? DIGIT : all.word && all.bits & SIEVE_BIT(SIEVE_LETTER) ? LETTER : 0;
    struct way one = {
        .bits = all.bits,
        .length = 1,
        .digits = all.digit,
        .upper = all.upper,
        .first = kind,
        .last = kind,
        .base64 = run_of_one(all.base64, all.digit),
        .word = run_of_one(all.word, all.digit),
        .join = {.begin = all.digit, .end = all.digit, .most = all.digit, .whole = all.join},
        .hex = run_of_one(all.hex, all.digit),
    };

    ways_add(w, &one);
}

/* Whether a set is of a few bytes that each show something, but nothing in common: each is a way then. */
static bool
is_choice(const struct symset *set)
{
    uint64_t common = UINT64_MAX;

    if (symset_count(*set) > CHOICE_MAX)
        return false;
    for (unsigned c = 0; c < 256; c++) {
        if (!symset_has(set, c))
            continue;
        uint64_t bits = sieve_sign((unsigned char)c).bits;

        common &= bits;
        if (!bits)
            return false;
    }
    return common == 0;
}

static void
ways_of_set(const struct symset *set, struct ways *w)
{
    w->count = 0;
    if (symset_has(set, SYM_EDGE) || symset_is_empty(*set)) {
        w->list[w->count++] = (struct way){0}; /* a byte or none; or no text has it, and asking nothing is safe */
        return;
    }
    if (!is_choice(set)) {
        ways_of_bytes(set, w);
        return;
    }
    for (unsigned c = 0; c < 256; c++) {
        struct symset one = symset_range(c, c);

        if (symset_has(set, c))
            ways_of_bytes(&one, w);
    }
}

static void ways_of(const struct ast *t, uint32_t n, struct ways *w);

static void
ways_of_repeat(const struct ast *t, const struct node *at, struct ways *w)
{
    struct ways child;

    w->count = 1;
    w->list[0] = nothing;
    if (at->max == 0)
        return;
    ways_of(t, at->child, &child);
    if (child.count == 0) {
        w->count = at->min == 0;
        return;
    }
    struct way all = child.list[0];

    for (unsigned i = 1; i < child.count; i++)
        all = way_or(&all, &child.list[i]);
    if (at->min == 1 && at->max == 1) {
        *w = child;
        return;
    }
    w->list[0] = way_times(&all, at->min);
    if (at->min >= 1 && child.count > 1) { /* the first time is one of the ways */
        struct way rest = way_times(&all, at->min - 1);
        struct ways more = {.list = {rest}, .count = 1};

        *w = child;
        ways_cat(w, &more);
    }
}

/* A digit that stands ahead in a run of a kind is among the run that goes on from here. */
static struct run
run_ahead(struct run a)
{
    return (struct run){.whole = true, .begin_digit = a.begin_digit, .end_digit = a.begin_digit};
}

/* What stands ahead is part of the text, but may be part of the match too: it is no longer for it, and nothing is added up. */
static void
ways_of_ahead(const struct ast *t, const struct node *at, struct ways *w)
{
    struct ways child;

    ways_of(t, at->ahead, &child);
    w->count = 0;
    for (unsigned i = 0; i < child.count; i++) {
        struct way one = nothing;

        one.bits = need_of(&child.list[i]);
        one.word = run_ahead(child.list[i].word);
        one.base64 = run_ahead(child.list[i].base64);
        ways_add(w, &one);
    }
}

static void
ways_of(const struct ast *t, uint32_t n, struct ways *w)
{
    const struct node *at = &t->list[n];
    struct ways child;

    if (at->kind == NODE_NEXT && at->ahead) {
        ways_of_ahead(t, at, w);
        return;
    }
    if (at->kind == NODE_SET) {
        ways_of_set(&at->set, w);
        return;
    }
    if (at->kind == NODE_REPEAT) {
        ways_of_repeat(t, at, w);
        return;
    }
    w->count = at->kind != NODE_ALT;
    w->list[0] = nothing;
    if (at->kind != NODE_CAT && at->kind != NODE_ALT)
        return;
    for (uint32_t c = at->child; c; c = t->list[c].next) {
        ways_of(t, c, &child);
        if (at->kind == NODE_CAT)
            ways_cat(w, &child);
        else
            for (unsigned i = 0; i < child.count; i++)
                ways_add(w, &child.list[i]);
    }
}

/* ---- needs ---- */

void
sieve_add(uint64_t *need, unsigned *count, unsigned max, uint64_t one)
{
    for (unsigned i = 0; i < *count; i++)
        if ((need[i] & ~one) == 0)
            return;
    for (unsigned i = *count; i > 0; i--)
        if ((one & ~need[i - 1]) == 0)
            need[i - 1] = need[--*count];
    if (*count < max) {
        need[(*count)++] = one;
        return;
    }
    unsigned first = 0, second = 1, best = 0;

    for (unsigned i = 0; i < *count; i++) {
        for (unsigned k = i + 1; k < *count; k++) {
            unsigned weight = weight_of(need[i] & need[k]) + 1;

            if (weight <= best)
                continue;
            best = weight;
            first = i;
            second = k;
        }
    }
    uint64_t both = need[first] & need[second];

    need[second] = need[--*count];
    need[first] = need[--*count];
    sieve_add(need, count, max, both);
    sieve_add(need, count, max, one);
}

struct sieve
sieve_tree(const struct ast *t)
{
    struct sieve s = {.count = 0};
    struct ways w;

    ways_of(t, t->root, &w);
    for (unsigned i = 0; i < w.count; i++)
        sieve_add(s.need, &s.count, SIEVE_NEEDS, need_of(&w.list[i]));
    return s;
}

struct sieve
sieve_both(const struct sieve *a, const struct sieve *b)
{
    struct sieve s = {.count = 0};

    for (unsigned i = 0; i < a->count; i++)
        for (unsigned k = 0; k < b->count; k++)
            sieve_add(s.need, &s.count, SIEVE_NEEDS, a->need[i] | b->need[k]);
    return s;
}

/* ---- gates ---- */

void
gate_add(struct gate *g, const struct sieve *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        sieve_add(g->need, &g->count, GATE_NEEDS, s->need[i]);
        sieve_add(g->all, &g->all_count, GATE_ALL, s->need[i]);
    }
}

static int
by_bits(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    int more = __builtin_popcountll(x) - __builtin_popcountll(y);

    return more ? more : (x > y) - (x < y);
}

void
gate_close(struct gate *g)
{
    qsort(g->all, g->all_count, sizeof(g->all[0]), by_bits);
    for (unsigned i = g->count; i < GATE_NEEDS; i++)
        g->need[i] = g->count ? g->need[0] : UINT64_MAX;
    for (unsigned i = g->all_count; i < GATE_ALL; i++)
        g->all[i] = g->all_count ? g->all[0] : UINT64_MAX;
}
