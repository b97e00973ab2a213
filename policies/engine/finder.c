#include "finder_int.h"

#include <stdlib.h>

#include "finder_dfa_int.h"
#include "finder_widen_int.h"

#define GROUPS_MAX 3
#define SCRATCH_MAX (256u * 1024 * 1024)
#define STEPS_MAX 16384 /* of one request */

#define unlikely(x) __builtin_expect(!!(x), 0)

/* A pattern is always a candidate, or in one of the automata. */
struct finder {
    size_t count;
    size_t *length; /* of the shortest match, by pattern */
    bool *is_always;
    uint16_t *always;
    size_t always_count;
    struct nfa nfa[GROUPS_MAX];
    unsigned groups;
    size_t shortest; /* of all patterns in automata */
};

struct finder_tables {
    const struct finder *f;
    struct dfa dfa[GROUPS_MAX];
    uint32_t steps; /* that may still be worked out */
    uint64_t *hits; /* a bit for each pattern */
    uint16_t *ids;
};

enum { GROUP_LITERAL, GROUP_STRUCTURE };

/* One pattern into the draft of its group. Returns: RC_OK; RC_UNIMPLEMENTED always a candidate; RC_NOMEM */
static enum rc
add_pattern(const struct finder_pattern *pattern, uint16_t number, struct nfa_draft *drafts, size_t *length)
{
    struct piece piece;
    struct ast t;
    bool literal = false;
    enum rc rc = ast_parse(pattern->regex, pattern->caseless, &t);

    if (rc == RC_OK) {
        *length = ast_length(&t, t.root);
        rc = ast_widen(&t, &literal);
    }
    struct nfa_draft *d = &drafts[literal ? GROUP_LITERAL : GROUP_STRUCTURE];

    if (rc == RC_OK)
        rc = piece_build(&t, d->ar, &piece);
    if (rc == RC_OK && piece.nullable)
        rc = RC_UNIMPLEMENTED;
    if (rc == RC_OK)
        rc = nfa_draft_add(d, &piece, number);
    ast_free(&t);
    return rc;
}

static enum rc
compile(struct finder *f, const struct finder_pattern *patterns, struct arena *ar)
{
    struct nfa_draft drafts[2];
    enum rc rc = nfa_draft_init(&drafts[0], ar);

    if (rc == RC_OK)
        rc = nfa_draft_init(&drafts[1], ar);
    f->shortest = SIZE_MAX;
    for (size_t i = 0; i < f->count && rc == RC_OK; i++) {
        rc = add_pattern(&patterns[i], (uint16_t)i, drafts, &f->length[i]);
        f->is_always[i] = rc == RC_UNIMPLEMENTED;
        if (f->is_always[i])
            f->always[f->always_count++] = (uint16_t)i;
        else if (f->length[i] < f->shortest)
            f->shortest = f->length[i];
        rc = rc == RC_UNIMPLEMENTED ? RC_OK : rc;
    }
    for (unsigned g = 0; g < 2 && rc == RC_OK; g++)
        if (drafts[g].count > NFA_ANY + 1)
            rc = nfa_close(&drafts[g], &f->nfa[f->groups++]);
    return rc;
}

enum rc
finder_compile(const struct finder_pattern *patterns, size_t count, struct finder **f)
{
    struct finder *made = calloc(1, sizeof(*made));
    struct arena *ar = arena_new(SCRATCH_MAX);
    enum rc rc = RC_NOMEM;

    if (!made || !ar || count > NFA_NONE)
        goto out;
    made->count = count;
    made->length = calloc(count + 1, sizeof(*made->length));
    made->is_always = calloc(count + 1, sizeof(*made->is_always));
    made->always = calloc(count + 1, sizeof(*made->always));
    if (made->length && made->is_always && made->always)
        rc = compile(made, patterns, ar);
out:
    arena_free(ar);
    if (rc == RC_OK)
        *f = made;
    else
        finder_free(made);
    return rc;
}

void
finder_free(struct finder *f)
{
    if (!f)
        return;
    for (unsigned g = 0; g < GROUPS_MAX; g++)
        nfa_free(&f->nfa[g]);
    free(f->length);
    free(f->is_always);
    free(f->always);
    free(f);
}

bool
finder_always(const struct finder *f, size_t i)
{
    return f->is_always[i];
}

struct finder_tables *
finder_tables_new(const struct finder *f)
{
    struct finder_tables *t = calloc(1, sizeof(*t));
    enum rc rc = RC_OK;

    if (!t)
        return NULL;
    t->f = f;
    t->hits = calloc(f->count / 64 + 1, sizeof(*t->hits));
    t->ids = calloc(f->count + 1, sizeof(*t->ids));
    for (unsigned g = 0; g < f->groups && rc == RC_OK; g++)
        rc = dfa_init(&t->dfa[g], &f->nfa[g]);
    if (!t->hits || !t->ids || rc != RC_OK) {
        finder_tables_free(t);
        return NULL;
    }
    finder_budget(t);
    return t;
}

void
finder_tables_free(struct finder_tables *t)
{
    if (!t)
        return;
    for (unsigned g = 0; g < GROUPS_MAX; g++)
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

/*
 * A flagged cell: work it out when it is unknown, note what it accepts.
 * Returns: whether the budget allowed it; the value without its flag in cell
 */
static bool
settle(struct finder_tables *t, struct dfa *d, uint32_t from, unsigned class, size_t length, uint32_t *cell)
{
    size_t count;

    if (*cell == DFA_UNKNOWN) {
        if (t->steps == 0)
            return false;
        t->steps--;
        *cell = dfa_step(d, from, class);
    }
    if (!(*cell & DFA_FLAG))
        return true;
    const uint16_t *accepts = dfa_accepts(d, *cell, &count);

    for (size_t i = 0; i < count; i++)
        if (t->f->length[accepts[i]] <= length)
            t->hits[accepts[i] / 64] |= 1ull << (accepts[i] % 64);
    *cell &= ~DFA_FLAG;
    return true;
}

static inline uint32_t
look(const struct dfa *d, uint32_t value, unsigned class)
{
    return d->table[((size_t)value << d->shift) + class];
}

/* The automata go through the text side by side: each waits for its own last load only. */
static inline __attribute__((always_inline)) bool
walk(struct finder_tables *t, struct str text, const unsigned groups)
{
    const unsigned char *byte = (const unsigned char *)text.ptr, *end = byte + text.len;
    struct dfa *a = &t->dfa[0], *b = &t->dfa[1], *c = &t->dfa[2];
    uint32_t in_a = a->initial, in_b = groups > 1 ? b->initial : 0, in_c = groups > 2 ? c->initial : 0;
    uint32_t to_a = 0, to_b = 0, to_c = 0;

    for (; byte < end; byte++) {
        to_a = look(a, in_a, a->nfa->class_of[*byte]);
        if (groups > 1)
            to_b = look(b, in_b, b->nfa->class_of[*byte]);
        if (groups > 2)
            to_c = look(c, in_c, c->nfa->class_of[*byte]);
        if (unlikely((to_a | to_b | to_c) & DFA_FLAG)) {
            if ((to_a & DFA_FLAG) && !settle(t, a, in_a, a->nfa->class_of[*byte], text.len, &to_a))
                return false;
            if (groups > 1 && (to_b & DFA_FLAG) && !settle(t, b, in_b, b->nfa->class_of[*byte], text.len, &to_b))
                return false;
            if (groups > 2 && (to_c & DFA_FLAG) && !settle(t, c, in_c, c->nfa->class_of[*byte], text.len, &to_c))
                return false;
        }
        in_a = to_a;
        in_b = to_b;
        in_c = to_c;
    }
    to_a = look(a, in_a, a->nfa->classes);
    if ((to_a & DFA_FLAG) && !settle(t, a, in_a, a->nfa->classes, text.len, &to_a))
        return false;
    to_b = groups > 1 ? look(b, in_b, b->nfa->classes) : 0;
    if ((to_b & DFA_FLAG) && !settle(t, b, in_b, b->nfa->classes, text.len, &to_b))
        return false;
    to_c = groups > 2 ? look(c, in_c, c->nfa->classes) : 0;
    return !(to_c & DFA_FLAG) || settle(t, c, in_c, c->nfa->classes, text.len, &to_c);
}

enum rc
finder_scan(struct finder_tables *t, struct str text, const uint16_t **ids, size_t *count)
{
    const struct finder *f = t->f;
    size_t words = f->count / 64 + 1, n = 0;
    bool whole = true;

    memset(t->hits, 0, words * sizeof(*t->hits));
    if (f->groups == 1 && text.len >= f->shortest)
        whole = walk(t, text, 1);
    else if (f->groups == 2 && text.len >= f->shortest)
        whole = walk(t, text, 2);
    if (!whole)
        return RC_LIMIT;
    for (size_t i = 0; i < f->always_count; i++)
        t->hits[f->always[i] / 64] |= 1ull << (f->always[i] % 64);
    for (size_t w = 0; w < words; w++)
        for (uint64_t left = t->hits[w]; left; left &= left - 1)
            t->ids[n++] = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(left));
    *ids = t->ids;
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
