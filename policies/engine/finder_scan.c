#include <stdlib.h>

#include "finder_dfa_int.h"
#include "finder_impl_int.h"
#include "finder_warm_int.h"

_Static_assert(FINDER_SET_PLAIN == (1u << FINDER_PLAIN_END) - 1 && (FINDER_SET_PLAIN | FINDER_SET_WORDS) == (1u << FINDER_WORDS_END) - 1 &&
                   (FINDER_SET_PLAIN | FINDER_SET_WORDS | FINDER_SET_WANTS) == (1u << FINDER_GROUPS_MAX) - 1,
    "groups are what the sets say");

#define STEPS_MAX 16384 /* of one request */
#define STEPS_TEXT 16   /* more for each text, as far as so many texts */
#define STEPS_TEXTS 32768
#define WARM_TEXTS 1500

struct finder_tables {
    const struct finder *f;
    struct dfa dfa[FINDER_GROUPS_MAX];
    uint32_t steps; /* that may still be worked out */
    uint64_t *hits; /* a bit for each pattern; all clear between scans */
    bool any;       /* of them is set */
    uint64_t shown; /* by the text */
    uint16_t *ids;
};

#define unlikely(x) __builtin_expect(!!(x), 0)

static enum rc
tables_init(struct finder_tables *t, const struct finder *f)
{
    t->f = f;
    t->hits = calloc(f->count / 64 + 1, sizeof(*t->hits));
    t->ids = calloc(f->count + 1, sizeof(*t->ids));
    if (!t->hits || !t->ids)
        return RC_NOMEM;
    for (unsigned g = 0; g < FINDER_GROUPS_MAX; g++) {
        enum rc rc = f->nfa[g].classes ? dfa_init(&t->dfa[g], &f->nfa[g]) : RC_OK;

        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* What is built now need not be built while a request waits. */
static void
warm_up(struct finder_tables *t)
{
    struct warm_rng r = {3};
    const uint16_t *ids;
    size_t count, used = 0;
    char text[WARM_SIZE];

    for (unsigned i = 0; i < WARM_TEXTS; i++) {
        size_t len = warm_usual(&r, text);

        finder_budget(t);
        (void)(finder_scan(t, (struct str){text, len}, &ids, &count) == RC_OK);
    }
    for (size_t i = 0; i < t->f->examples; i++) {
        finder_budget(t);
        (void)(finder_scan(t, (struct str){t->f->example + used, t->f->example_length[i]}, &ids, &count) == RC_OK);
        used += t->f->example_length[i];
    }
}

struct finder_tables *
finder_tables_new(const struct finder *f)
{
    struct finder_tables *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    if (tables_init(t, f) != RC_OK) {
        finder_tables_free(t);
        return NULL;
    }
    warm_up(t);
    finder_budget(t);
    return t;
}

void
finder_tables_free(struct finder_tables *t)
{
    if (!t)
        return;
    for (unsigned g = 0; g < FINDER_GROUPS_MAX; g++)
        dfa_fini(&t->dfa[g]);
    free(t->hits);
    free(t->ids);
    free(t);
}

void
finder_budget(struct finder_tables *t)
{
    t->steps = STEPS_MAX;
}

/* About a microsecond a step: a request of ordinary size has enough, the largest one ends after half a second. */
void
finder_budget_add(struct finder_tables *t, size_t texts)
{
    t->steps += STEPS_TEXT * (uint32_t)(texts < STEPS_TEXTS ? texts : STEPS_TEXTS);
}

/*
 * A flagged cell: work it out when it is unknown, note what it accepts.
 * Returns: the cell without its flag; DFA_UNKNOWN when the budget does not allow it
 */
static __attribute__((noinline)) size_t
settle(struct finder_tables *t, unsigned group, size_t from, unsigned class, size_t cell, size_t length)
{
    struct dfa *d = &t->dfa[group];
    size_t count;

    if (cell == DFA_UNKNOWN) {
        if (t->steps == 0)
            return DFA_UNKNOWN;
        t->steps--;
        cell = dfa_step(d, from, class);
    }
    if (!(cell & DFA_FLAG))
        return cell;
    const uint16_t *accepts = dfa_accepts(d, cell, &count);

    /* The automaton may accept what begins like a match, in a text that was let through for other patterns. */
    for (size_t i = 0; i < count; i++)
        if (t->f->length[accepts[i]] <= length && sieve_passes(&t->f->sieve[accepts[i]], t->shown)) {
            t->hits[accepts[i] / 64] |= 1ull << (accepts[i] % 64);
            t->any = true;
        }
    return cell & ~(size_t)DFA_FLAG;
}

static inline bool
finish(struct finder_tables *t, unsigned group, size_t in, size_t length)
{
    const struct dfa *d = &t->dfa[group];
    size_t to = dfa_look(d->table + d->nfa->classes, in);

    return !(to & DFA_FLAG) || settle(t, group, in, d->nfa->classes, to, length) != DFA_UNKNOWN;
}

/*
 * The automata of some groups go through the text side by side: each waits for its own last load only, so that a second walk costs more than lanes whose
 * tables are not held in registers. Eight were slower.
 */
#define LANES 6

struct lanes {
    const uint16_t *table[LANES];
    size_t in[LANES];
};

/*
 * Go on to the byte at which a cell is flagged, or to the end. Nothing is called and nothing but the lanes is known here, so that they stay in registers;
 * lanes is a constant where this is inlined.
 */
static inline __attribute__((always_inline)) const unsigned char *
run(struct lanes *l, const unsigned char *byte, const unsigned char *end, const unsigned lanes)
{
    const uint16_t *table_a = l->table[0], *table_b = l->table[1], *table_c = l->table[2], *table_d = l->table[3], *table_e = l->table[4],
                   *table_f = l->table[5];
    size_t in_a = l->in[0], in_b = l->in[1], in_c = l->in[2], in_d = l->in[3], in_e = l->in[4], in_f = l->in[5];

    for (; byte < end; byte++) {
        unsigned char now = *byte;
        size_t to_a = dfa_look(table_a + dfa_class(table_a, now), in_a), all = to_a, to_b = 0, to_c = 0, to_d = 0, to_e = 0, to_f = 0;

        if (lanes > 1)
            all |= to_b = dfa_look(table_b + dfa_class(table_b, now), in_b);
        if (lanes > 2)
            all |= to_c = dfa_look(table_c + dfa_class(table_c, now), in_c);
        if (lanes > 3)
            all |= to_d = dfa_look(table_d + dfa_class(table_d, now), in_d);
        if (lanes > 4)
            all |= to_e = dfa_look(table_e + dfa_class(table_e, now), in_e);
        if (lanes > 5)
            all |= to_f = dfa_look(table_f + dfa_class(table_f, now), in_f);
        if (unlikely(all & DFA_FLAG))
            break;
        in_a = to_a;
        in_b = to_b;
        in_c = to_c;
        in_d = to_d;
        in_e = to_e;
        in_f = to_f;
    }
    l->in[0] = in_a;
    if (lanes > 1)
        l->in[1] = in_b;
    if (lanes > 2)
        l->in[2] = in_c;
    if (lanes > 3)
        l->in[3] = in_d;
    if (lanes > 4)
        l->in[4] = in_e;
    if (lanes > 5)
        l->in[5] = in_f;
    return byte;
}

static __attribute__((noinline)) const unsigned char *
run_1(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 1);
}

static __attribute__((noinline)) const unsigned char *
run_2(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 2);
}

static __attribute__((noinline)) const unsigned char *
run_3(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 3);
}

static __attribute__((noinline)) const unsigned char *
run_4(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 4);
}

static __attribute__((noinline)) const unsigned char *
run_5(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 5);
}

static __attribute__((noinline)) const unsigned char *
run_6(struct lanes *l, const unsigned char *byte, const unsigned char *end)
{
    return run(l, byte, end, 6);
}

/* Returns: whether the budget allowed it */
static bool
walk(struct finder_tables *t, struct str text, const uint8_t *group, unsigned lanes)
{
    static const unsigned char *(*const runs[LANES])(struct lanes *, const unsigned char *, const unsigned char *) = {
        run_1, run_2, run_3, run_4, run_5, run_6};
    const unsigned char *byte = (const unsigned char *)text.ptr, *end = byte + text.len;
    struct lanes l;

    for (unsigned i = 0; i < LANES; i++) {
        const struct dfa *d = &t->dfa[group[i < lanes ? i : 0]];

        l.table[i] = d->table;
        l.in[i] = d->initial;
    }
    while ((byte = runs[lanes - 1](&l, byte, end)) < end) {
        for (unsigned i = 0; i < lanes; i++) {
            unsigned class = dfa_class(l.table[i], *byte);
            size_t to = dfa_look(l.table[i] + class, l.in[i]);

            l.in[i] = to & DFA_FLAG ? settle(t, group[i], l.in[i], class, to, text.len) : to;
            if (l.in[i] == DFA_UNKNOWN)
                return false;
        }
        byte++;
    }
    for (unsigned i = 0; i < lanes; i++)
        if (!finish(t, group[i], l.in[i], text.len))
            return false;
    return true;
}

static bool
walk_all(struct finder_tables *t, struct str text, const uint8_t *group, unsigned count)
{
    for (unsigned lanes; count; count -= lanes, group += lanes) {
        lanes = count <= LANES ? count : count < 2 * LANES ? (count + 1) / 2 : LANES;
        if (!walk(t, text, group, lanes))
            return false;
    }
    return true;
}

unsigned
finder_open(struct finder_tables *t, uint64_t shown)
{
    const struct finder *f = t->f;
    unsigned open = 0;

    t->shown = shown;
    for (unsigned gates = gates_open(f->gate, f->gates, shown); gates; gates &= gates - 1)
        open |= 1u << f->gate_of[__builtin_ctz(gates)];
    return open;
}

void
finder_begin(struct finder_tables *t)
{
    for (size_t w = 0; t->any && w <= t->f->count / 64; w++)
        t->hits[w] = 0;
    t->any = false;
}

enum rc
finder_walk(struct finder_tables *t, struct str text, unsigned set)
{
    uint8_t group[FINDER_GROUPS_MAX];
    unsigned groups = 0;

    for (set &= t->f->present; set; set &= set - 1)
        group[groups++] = (uint8_t)__builtin_ctz(set);
    /* No pattern of an automaton matches the empty text. */
    return groups == 0 || text.len == 0 || walk_all(t, text, group, groups) ? RC_OK : RC_LIMIT;
}

unsigned
finder_asked_by(const struct finder *f, size_t i)
{
    return f->asked[i];
}

unsigned
finder_asked(const struct finder_tables *t)
{
    unsigned asked = t->f->asked_always;

    for (size_t w = 0; t->any && w <= t->f->count / 64; w++)
        for (uint64_t left = t->hits[w] & t->f->needed[w]; left; left &= left - 1)
            asked |= t->f->asked[w * 64 + (size_t)__builtin_ctzll(left)];
    return asked;
}

bool
finder_found(const struct finder_tables *t, size_t i)
{
    return t->f->is_always[i] || (t->hits[i / 64] >> (i % 64) & 1);
}

void
finder_hits(struct finder_tables *t, size_t end, const uint16_t **ids, size_t *count)
{
    const struct finder *f = t->f;
    size_t n = 0;

    *ids = t->ids;
    *count = 0;
    if (!t->any && f->always_count == 0)
        return;
    for (size_t i = 0; i < f->always_count; i++)
        t->hits[f->always[i] / 64] |= 1ull << (f->always[i] % 64);
    t->any = true;
    for (size_t w = 0; w * 64 < end; w++) {
        uint64_t left = end - w * 64 >= 64 ? t->hits[w] : t->hits[w] & ((1ull << (end % 64)) - 1);

        for (; left; left &= left - 1)
            t->ids[n++] = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(left));
    }
    *count = n;
}

enum rc
finder_scan(struct finder_tables *t, struct str text, const uint16_t **ids, size_t *count)
{
    finder_begin(t);
    enum rc rc = finder_walk(t, text, finder_open(t, sieve_text(text)));

    *ids = t->ids;
    *count = 0;
    if (rc == RC_OK)
        finder_hits(t, t->f->count, ids, count);
    return rc;
}

struct finder_stats
finder_stats(const struct finder_tables *t)
{
    struct finder_stats s = {.always = t->f->always_count};

    for (unsigned g = 0; g < FINDER_GROUPS_MAX; g++) {
        if (!t->dfa[g].table)
            continue;
        s.states += t->dfa[g].states - 1;
        s.bytes += dfa_bytes(&t->dfa[g]);
        s.flushes += t->dfa[g].flushes;
    }
    return s;
}
