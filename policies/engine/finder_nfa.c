#include "finder_nfa_int.h"

#include <stdlib.h>

#include "finder_widen_int.h"

#define EDGES_MAX 4000000
#define CONTEXTS_MAX 256

static uint32_t
add_position(struct nfa_draft *d, struct symset set, uint16_t accept)
{
    if (d->rc != RC_OK)
        return 0;
    if (d->count == d->cap) {
        uint32_t cap = d->cap ? d->cap * 2 : 256;
        struct symset *sets = arena_grow(d->ar, d->set, d->cap * sizeof(*sets), cap * sizeof(*sets));
        uint16_t *accepts = arena_grow(d->ar, d->accept, d->cap * sizeof(*accepts), cap * sizeof(*accepts));
        uint8_t *depths = arena_grow(d->ar, d->depth, d->cap, cap);

        if (!sets || !accepts || !depths) {
            d->rc = RC_NOMEM;
            return 0;
        }
        d->set = sets;
        d->accept = accepts;
        d->depth = depths;
        d->cap = cap;
    }
    d->set[d->count] = set;
    d->accept[d->count] = accept;
    d->depth[d->count] = 0;
    return d->count++;
}

static void
add_edge(struct nfa_draft *d, uint32_t from, uint32_t to)
{
    if (d->rc != RC_OK)
        return;
    if (d->edge_count == d->edge_cap) {
        uint32_t cap = d->edge_cap ? d->edge_cap * 2 : 1024;
        struct edge *list = arena_grow(d->ar, d->edges, d->edge_cap * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            d->rc = RC_NOMEM;
            return;
        }
        d->edges = list;
        d->edge_cap = cap;
    }
    d->edges[d->edge_count++] = (struct edge){from, to};
}

/* The position that a byte of the set enters from anywhere. */
static uint32_t
context_of(struct nfa_draft *d, struct symset set)
{
    for (uint32_t i = 0; i < d->context_count; i++)
        if (symset_eq(d->set[d->contexts[i]], set))
            return d->contexts[i];
    if (d->context_count == CONTEXTS_MAX)
        return NFA_ANY; /* begins more often than it must */
    uint32_t made = add_position(d, set, NFA_NONE);

    add_edge(d, NFA_START, made);
    add_edge(d, NFA_ANY, made);
    d->contexts[d->context_count++] = made;
    return made;
}

enum rc
nfa_draft_init(struct nfa_draft *d, struct arena *ar)
{
    struct symset none = {{0}}, bytes = symset_range(0, 255);

    *d = (struct nfa_draft){.ar = ar};
    d->contexts = arena_calloc(ar, CONTEXTS_MAX, sizeof(*d->contexts));
    if (!d->contexts)
        return RC_NOMEM;
    add_position(d, none, NFA_NONE);
    add_position(d, bytes, NFA_NONE);
    add_edge(d, NFA_START, NFA_ANY);
    add_edge(d, NFA_ANY, NFA_ANY);
    return d->rc;
}

/*
 * Positions of a piece become one or several of the automaton: a position about whose categories an assertion beside it differs is split
 * into one for each category, so that every assertion is decided by which positions are beside it.
 */
struct splitter {
    struct nfa_draft *d;
    const struct piece *p;
    uint16_t pattern;
    uint8_t *categories; /* of each position */
    bool *split;
    uint32_t *at;      /* variants of position i: [at[i] .. at[i + 1]) */
    uint32_t *number;  /* of each variant in the automaton */
    uint8_t *side;     /* its categories */
    uint32_t ends[16]; /* end positions made for this pattern */
    unsigned end_count;
};

static unsigned
row(uint64_t mask, unsigned left, unsigned rights)
{
    return (unsigned)(mask >> (8 * left)) & rights;
}

static void
mark_split(struct splitter *s, const struct link *l, unsigned lefts, unsigned rights)
{
    int first = -1;

    for (unsigned c = 0; c <= CATEGORY_EDGE; c++) {
        unsigned now = row(l->mask, c, rights);

        if (!(lefts >> c & 1))
            continue;
        if (now != 0 && now != rights)
            s->split[l->to] = true;
        if (first >= 0 && now != (unsigned)first)
            s->split[l->from] = true;
        first = (int)now;
    }
}

static void
mark_splits(struct splitter *s)
{
    const struct piece *p = s->p;
    unsigned all = (1u << p->categories) - 1, edge = 1u << CATEGORY_EDGE;

    for (uint32_t i = 0; i < p->count; i++)
        s->categories[i] = (uint8_t)piece_categories(p, p->set[i]);
    for (uint32_t i = 0; i < p->follow.count; i++)
        mark_split(s, &p->follow.list[i], s->categories[p->follow.list[i].from], s->categories[p->follow.list[i].to]);
    for (uint32_t i = 0; i < p->first.count; i++) {
        struct link l = p->first.list[i];

        for (unsigned c = 0; c <= CATEGORY_EDGE; c++)
            if ((all | edge) >> c & 1)
                mark_split(s, &l, 1u << c, s->categories[l.to]);
    }
    for (uint32_t i = 0; i < p->last.count; i++) {
        struct link l = p->last.list[i];

        for (unsigned c = 0; c <= CATEGORY_EDGE; c++)
            if ((all | edge) >> c & 1)
                mark_split(s, &l, s->categories[l.from], 1u << c);
    }
}

static void
add_variants(struct splitter *s)
{
    const struct piece *p = s->p;
    uint32_t made = 0;

    for (uint32_t i = 0; i < p->count; i++) {
        bool whole = !s->split[i], beyond = p->depth[i] == 0 || (p->end_depth && p->depth[i] > p->end_depth);

        s->at[i] = made;
        for (unsigned c = 0; c < p->categories && !beyond; c++) {
            if (!(s->categories[i] >> c & 1))
                continue;
            s->side[made] = whole ? s->categories[i] : (uint8_t)(1u << c);
            s->number[made] = add_position(
                s->d, whole ? p->set[i] : symset_and(p->set[i], p->category[c]), p->depth[i] == p->end_depth ? s->pattern : NFA_NONE);
            s->d->depth[s->number[made++]] = p->depth[i];
            if (whole)
                break;
        }
    }
    s->at[p->count] = made;
}

static unsigned
lowest(unsigned mask)
{
    return (unsigned)__builtin_ctz(mask);
}

static bool
holds(uint64_t mask, unsigned left, unsigned right)
{
    return mask >> (8 * left + right) & 1;
}

static void
add_follow(struct splitter *s, const struct link *l)
{
    for (uint32_t x = s->at[l->from]; x < s->at[l->from + 1]; x++)
        for (uint32_t y = s->at[l->to]; y < s->at[l->to + 1]; y++)
            if (holds(l->mask, lowest(s->side[x]), lowest(s->side[y])))
                add_edge(s->d, s->number[x], s->number[y]);
}

static void
add_first(struct splitter *s, const struct link *l)
{
    const struct piece *p = s->p;

    for (uint32_t y = s->at[l->to]; y < s->at[l->to + 1]; y++) {
        unsigned right = lowest(s->side[y]);
        struct symset beside = {{0}};

        for (unsigned c = 0; c < p->categories; c++)
            if (holds(l->mask, c, right))
                beside = symset_or(beside, p->category[c]);
        if (holds(l->mask, CATEGORY_EDGE, right))
            add_edge(s->d, NFA_START, s->number[y]);
        if (symset_count(beside) == 256)
            add_edge(s->d, NFA_ANY, s->number[y]);
        else if (!symset_is_empty(beside))
            add_edge(s->d, context_of(s->d, beside), s->number[y]);
    }
}

static void
add_end(struct splitter *s, uint32_t from, struct symset beside)
{
    struct nfa_draft *d = s->d;
    uint32_t made;

    for (unsigned i = 0; i < s->end_count; i++) {
        if (!symset_eq(d->set[s->ends[i]], beside))
            continue;
        add_edge(d, from, s->ends[i]);
        return;
    }
    made = add_position(d, beside, s->pattern);
    add_edge(d, from, made);
    if (s->end_count < sizeof(s->ends) / sizeof(s->ends[0]))
        s->ends[s->end_count++] = made;
}

static void
add_last(struct splitter *s, const struct link *l)
{
    const struct piece *p = s->p;

    for (uint32_t x = s->at[l->from]; x < s->at[l->from + 1] && s->d->rc == RC_OK; x++) {
        unsigned left = lowest(s->side[x]);
        struct symset beside = {{0}};

        for (unsigned c = 0; c < p->categories; c++)
            if (holds(l->mask, left, c))
                beside = symset_or(beside, p->category[c]);
        if (holds(l->mask, left, CATEGORY_EDGE))
            symset_add(&beside, SYM_EDGE);
        if (symset_count(beside) == SYM_COUNT)
            s->d->accept[s->number[x]] = s->pattern;
        else if (!symset_is_empty(beside))
            add_end(s, s->number[x], beside);
    }
}

enum rc
nfa_draft_add(struct nfa_draft *d, const struct piece *p, uint16_t pattern)
{
    struct splitter s = {.d = d, .p = p, .pattern = pattern};
    uint32_t most = p->count * p->categories;
    uint32_t edges = (p->follow.count + p->first.count * 2 + p->last.count) * p->categories * p->categories;

    if (d->count + 2 * most + CONTEXTS_MAX > NFA_POSITIONS_MAX || d->edge_count + edges > EDGES_MAX)
        return RC_UNIMPLEMENTED;
    s.categories = arena_calloc(d->ar, p->count + 1, sizeof(*s.categories));
    s.split = arena_calloc(d->ar, p->count + 1, sizeof(*s.split));
    s.at = arena_calloc(d->ar, p->count + 1, sizeof(*s.at));
    s.number = arena_calloc(d->ar, most + 1, sizeof(*s.number));
    s.side = arena_calloc(d->ar, most + 1, sizeof(*s.side));
    if (!s.categories || !s.split || !s.at || !s.number || !s.side)
        return RC_NOMEM;
    mark_splits(&s);
    add_variants(&s);
    for (uint32_t i = 0; i < p->follow.count; i++)
        add_follow(&s, &p->follow.list[i]);
    for (uint32_t i = 0; i < p->first.count; i++)
        add_first(&s, &p->first.list[i]);
    for (uint32_t i = 0; i < p->last.count; i++)
        add_last(&s, &p->last.list[i]);
    return d->rc;
}

/* Bytes that no position tells apart share a class. The most frequent come first, so that the used part of a row is dense. */
static void
make_classes(const struct nfa_draft *d, struct nfa *nfa)
{
    unsigned raw[256] = {0}, count = 1, rank[256] = {0};
    struct symset members[256] = {{{0}}};
    double share[256];

    for (uint32_t p = 0; p < d->count; p++) {
        if (p && symset_eq(d->set[p], d->set[p - 1]))
            continue;
        unsigned inside[256] = {0}; /* new number + 1 of the part of a class that is in the set */
        unsigned seen[256] = {0};   /* how many of its bytes are outside */

        for (unsigned c = 0; c < 256; c++)
            seen[raw[c]] += !symset_has(&d->set[p], c);
        for (unsigned c = 0; c < 256; c++) {
            unsigned old = raw[c];

            if (!symset_has(&d->set[p], c) || seen[old] == 0)
                continue;
            if (!inside[old])
                inside[old] = ++count; /* number count - 1, kept with 1 added */
            raw[c] = inside[old] - 1;
        }
    }
    for (unsigned c = 0; c < 256; c++)
        symset_add(&members[raw[c]], c);
    for (unsigned k = 0; k < count; k++)
        share[k] = symset_share(&members[k]);
    for (unsigned k = 0; k < count; k++)
        for (unsigned o = 0; o < count; o++)
            rank[k] += share[o] > share[k] || (!(share[o] < share[k]) && o < k);
    for (unsigned c = 0; c < 256; c++)
        nfa->class_of[c] = (uint8_t)rank[raw[c]];
    nfa->classes = count;
}

static void
make_match(const struct nfa_draft *d, struct nfa *nfa)
{
    unsigned sample[SYM_COUNT];

    for (unsigned c = 0; c < 256; c++)
        sample[nfa->class_of[c]] = c;
    sample[nfa->classes] = SYM_EDGE;
    for (unsigned k = 0; k <= nfa->classes; k++)
        for (uint32_t p = 0; p < d->count; p++)
            nfa->match[k * nfa->words + p / 64] |= (uint64_t)symset_has(&d->set[p], sample[k]) << (p % 64);
}

static void
make_follow(const struct nfa_draft *d, struct nfa *nfa)
{
    for (uint32_t i = 0; i < d->edge_count; i++)
        nfa->follow_at[d->edges[i].from + 1]++;
    for (uint32_t p = 0; p < d->count; p++)
        nfa->follow_at[p + 1] += nfa->follow_at[p];
    /* Filled from the back, each start moves to its place: afterwards follow_at[p] is the start again. */
    for (uint32_t i = d->edge_count; i > 0; i--)
        nfa->follow[--nfa->follow_at[d->edges[i - 1].from + 1]] = (uint16_t)d->edges[i - 1].to;
    for (uint32_t p = 0; p < d->count; p++)
        nfa->follow_at[p] = nfa->follow_at[p + 1];
    nfa->follow_at[d->count] = d->edge_count;
}

enum rc
nfa_close(const struct nfa_draft *d, struct nfa *nfa)
{
    *nfa = (struct nfa){.count = d->count, .words = (d->count + 63) / 64};
    make_classes(d, nfa);
    nfa->accept = malloc(d->count * sizeof(*nfa->accept));
    nfa->follow_at = calloc(d->count + 1, sizeof(*nfa->follow_at));
    nfa->follow = malloc(d->edge_count * sizeof(*nfa->follow));
    nfa->match = calloc((size_t)(nfa->classes + 1) * nfa->words, sizeof(*nfa->match));
    if (!nfa->accept || !nfa->follow_at || !nfa->follow || !nfa->match) {
        nfa_free(nfa);
        return RC_NOMEM;
    }
    memcpy(nfa->accept, d->accept, d->count * sizeof(*nfa->accept));
    make_match(d, nfa);
    make_follow(d, nfa);
    return RC_OK;
}

void
nfa_free(struct nfa *nfa)
{
    free(nfa->accept);
    free(nfa->follow_at);
    free(nfa->follow);
    free(nfa->match);
    *nfa = (struct nfa){0};
}
