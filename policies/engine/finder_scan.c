#include <stdlib.h>

#include "finder_dfa_int.h"
#include "finder_impl_int.h"
#include "finder_warm_int.h"

#define STEPS_MAX 16384 /* of one request */
#define STEPS_TEXT 16   /* more for each text, as far as so many texts */
#define STEPS_TEXTS 32768
#define WARM_TEXTS 1500

struct finder_tables {
    const struct finder *f;
    struct dfa dfa[FINDER_GROUPS_MAX];
    const uint16_t **columns; /* [byte][group]: where the column of the byte's class begins */
    uint32_t steps;           /* that may still be worked out */
    uint64_t *hits;           /* a bit for each pattern */
    uint16_t *ids;
};

#define unlikely(x) __builtin_expect(!!(x), 0)

static enum rc
tables_init(struct finder_tables *t, const struct finder *f)
{
    t->f = f;
    t->hits = calloc(f->count / 64 + 1, sizeof(*t->hits));
    t->ids = calloc(f->count + 1, sizeof(*t->ids));
    t->columns = calloc(256 * (size_t)f->groups + 1, sizeof(*t->columns));
    if (!t->hits || !t->ids || !t->columns)
        return RC_NOMEM;
    for (unsigned g = 0; g < f->groups; g++) {
        enum rc rc = dfa_init(&t->dfa[g], &f->nfa[g]);

        if (rc != RC_OK)
            return rc;
        for (unsigned byte = 0; byte < 256; byte++)
            t->columns[byte * f->groups + g] = t->dfa[g].table + f->nfa[g].class_of[byte];
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
    free(t->columns);
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

    /* The automaton may accept what begins like a match; no match is shorter than its pattern allows. */
    for (size_t i = 0; i < count; i++)
        if (t->f->length[accepts[i]] <= length)
            t->hits[accepts[i] / 64] |= 1ull << (accepts[i] % 64);
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
 * The automata go through the text side by side, each waiting for its own last load only. groups is a constant where this is inlined.
 * Returns: whether the budget allowed it
 */
static inline __attribute__((always_inline)) bool
walk(struct finder_tables *t, struct str text, const unsigned groups)
{
    const unsigned char *byte = (const unsigned char *)text.ptr, *end = byte + text.len;
    const uint16_t *const *columns = t->columns;
    const struct dfa *d = t->dfa;
    size_t in_a = d[0].initial, in_b = d[1].initial, in_c = d[2].initial, in_d = d[3].initial;
    size_t to_a, to_b = 0, to_c = 0, to_d = 0;

    for (; byte < end; byte++) {
        const uint16_t *const *column = columns + (size_t)*byte * groups;

        to_a = dfa_look(column[0], in_a);
        if (groups > 1)
            to_b = dfa_look(column[1], in_b);
        if (groups > 2)
            to_c = dfa_look(column[2], in_c);
        if (groups > 3)
            to_d = dfa_look(column[3], in_d);
        if (unlikely((to_a | to_b | to_c | to_d) & DFA_FLAG)) {
            to_a = to_a & DFA_FLAG ? settle(t, 0, in_a, d[0].nfa->class_of[*byte], to_a, text.len) : to_a;
            to_b = to_b & DFA_FLAG ? settle(t, 1, in_b, d[1].nfa->class_of[*byte], to_b, text.len) : to_b;
            to_c = to_c & DFA_FLAG ? settle(t, 2, in_c, d[2].nfa->class_of[*byte], to_c, text.len) : to_c;
            to_d = to_d & DFA_FLAG ? settle(t, 3, in_d, d[3].nfa->class_of[*byte], to_d, text.len) : to_d;
            if ((to_a | to_b | to_c | to_d) & DFA_FLAG)
                return false;
        }
        in_a = to_a;
        in_b = to_b;
        in_c = to_c;
        in_d = to_d;
    }
    return finish(t, 0, in_a, text.len) && (groups < 2 || finish(t, 1, in_b, text.len)) && (groups < 3 || finish(t, 2, in_c, text.len)) &&
           (groups < 4 || finish(t, 3, in_d, text.len));
}

static bool
walk_all(struct finder_tables *t, struct str text)
{
    switch (t->f->groups) {
    case 0:
        return true;
    case 1:
        return walk(t, text, 1);
    case 2:
        return walk(t, text, 2);
    case 3:
        return walk(t, text, 3);
    default:
        return walk(t, text, FINDER_GROUPS_MAX);
    }
}

enum rc
finder_scan(struct finder_tables *t, struct str text, const uint16_t **ids, size_t *count)
{
    const struct finder *f = t->f;
    size_t n = 0;
    uint64_t any = f->always_count;

    for (size_t w = 0; w <= f->count / 64; w++)
        t->hits[w] = 0;
    if (text.len >= f->shortest && !walk_all(t, text))
        return RC_LIMIT;
    for (size_t w = 0; w <= f->count / 64; w++)
        any |= t->hits[w];
    *ids = t->ids;
    *count = 0;
    if (!any)
        return RC_OK;
    for (size_t i = 0; i < f->always_count; i++)
        t->hits[f->always[i] / 64] |= 1ull << (f->always[i] % 64);
    for (size_t w = 0; w <= f->count / 64; w++)
        for (uint64_t left = t->hits[w]; left; left &= left - 1)
            t->ids[n++] = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(left));
    *count = n;
    return RC_OK;
}

struct finder_stats
finder_stats(const struct finder_tables *t)
{
    struct finder_stats s = {.always = t->f->always_count};

    for (unsigned g = 0; g < t->f->groups; g++) {
        s.states += t->dfa[g].states - 1;
        s.bytes += dfa_bytes(&t->dfa[g]);
        s.flushes += t->dfa[g].flushes;
    }
    return s;
}
