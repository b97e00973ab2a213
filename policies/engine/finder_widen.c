#include "finder_widen_int.h"

#include <math.h>
#include <stdlib.h>

#define WIDE 160      /* bytes in a set that says next to nothing */
#define FLAT_MAX 1024 /* items of one branch */
#define LITERAL_RUN 3
#define MUCH 8 /* bits of surprise */

/* One branch: what stands one after the other, groups opened up. */
struct branch {
    uint32_t item[FLAT_MAX];
    size_t from, to; /* the items that are kept */
};

static bool
is_assertion(const struct ast *t, uint32_t n)
{
    return t->list[n].kind >= NODE_PREV;
}

size_t
ast_length(const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];
    size_t length = at->kind == NODE_ALT ? SIZE_MAX : 0;

    if (at->kind == NODE_SET)
        return 1;
    if (at->kind == NODE_REPEAT) {
        size_t one = at->min ? ast_length(t, at->child) : 0;

        return __builtin_mul_overflow(one, at->min, &length) ? SIZE_MAX : length;
    }
    for (uint32_t c = at->child; c; c = t->list[c].next) {
        size_t one = ast_length(t, c);

        if (at->kind == NODE_ALT)
            length = one < length ? one : length;
        else if (__builtin_add_overflow(length, one, &length))
            length = SIZE_MAX;
    }
    return length;
}

/* Shares in ten thousand, rounded; only their order of magnitude matters. */
double
symset_share(const struct symset *set)
{
    unsigned share = 0;

    for (unsigned c = 0; c < SYM_EDGE; c++) {
        if (!symset_has(set, c))
            continue;
        if ((c >= 'a' && c <= 'z') || c == ' ')
            share += 250;
        else if ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '/')
            share += 150;
        else if (c >= 'A' && c <= 'Z')
            share += 40;
        else
            share += c > 32 && c < 127 ? 15 : 2;
    }
    return share < 10000 ? share / 10000.0 : 1.0;
}

/* Bits of surprise when the node is met in a text. */
static double
surprise(const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];
    double sum = 0, least = -1;

    if (at->kind == NODE_SET)
        return -log2(symset_share(&at->set) + 1e-6);
    if (at->kind == NODE_REPEAT)
        return at->min ? surprise(t, at->child) * (at->min < 16 ? at->min : 16) : 0;
    for (uint32_t c = at->child; c; c = t->list[c].next) {
        double one = surprise(t, c);

        sum += one;
        if (least < 0 || one < least)
            least = one;
    }
    return at->kind == NODE_ALT ? least : sum;
}

/*
 * The longest run of fixed bytes (letters in both cases count as fixed) that every match holds: at its beginning, its end, anywhere.
 * whole: the match is nothing but that run.
 */
struct run {
    unsigned head, best, tail;
    bool whole;
};

static struct run
run_then(struct run a, struct run b)
{
    struct run r = {.head = a.whole ? a.head + b.head : a.head, .tail = b.whole ? b.tail + a.tail : b.tail, .whole = a.whole && b.whole};

    r.best = a.tail + b.head;
    r.best = r.best > a.best ? r.best : a.best;
    r.best = r.best > b.best ? r.best : b.best;
    return r;
}

static struct run
run_or(struct run a, struct run b)
{
    struct run r = {.head = a.head < b.head ? a.head : b.head, .best = a.best < b.best ? a.best : b.best, .tail = a.tail < b.tail ? a.tail : b.tail};

    r.whole = a.whole && b.whole && a.best == b.best;
    return r;
}

static bool
is_fixed(struct symset s)
{
    unsigned first = 0;

    if (symset_count(s) > 2)
        return false;
    while (!symset_has(&s, first))
        first++;
    return symset_count(s) == 1 || (first >= 'A' && first <= 'Z' && symset_has(&s, first + 32));
}

static struct run
run_of(const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];
    struct run r = {.whole = true}, one;

    if (at->kind == NODE_SET)
        return symset_is_empty(at->set) || !is_fixed(at->set) ? (struct run){0} : (struct run){1, 1, 1, true};
    if (at->kind == NODE_REPEAT) {
        one = at->min ? run_of(t, at->child) : (struct run){0};
        for (uint32_t i = 0; i < at->min && i < LITERAL_RUN; i++)
            r = run_then(r, one);
        return at->max == at->min && at->min <= LITERAL_RUN ? r : run_then(run_then(r, (struct run){0}), at->min ? one : (struct run){0});
    }
    for (uint32_t c = at->child; c; c = t->list[c].next) {
        one = run_of(t, c);
        r = at->kind != NODE_ALT ? run_then(r, one) : c == at->child ? one : run_or(r, one);
    }
    return r;
}

static bool
is_literal(const struct ast *t, const struct branch *b, size_t from, size_t to)
{
    struct run r = {.whole = true};

    for (size_t i = from; i < to; i++)
        r = run_then(r, run_of(t, b->item[i]));
    return r.best >= LITERAL_RUN;
}

static bool
flatten(const struct ast *t, uint32_t n, struct branch *b)
{
    const struct node *at = &t->list[n];

    if (at->kind == NODE_EMPTY)
        return true;
    if (at->kind != NODE_CAT) {
        if (b->to == FLAT_MAX)
            return false;
        b->item[b->to++] = n;
        return true;
    }
    for (uint32_t c = at->child; c; c = t->list[c].next)
        if (!flatten(t, c, b))
            return false;
    return true;
}

static bool
is_wide(const struct ast *t, uint32_t n)
{
    uint32_t child = t->list[n].child;

    return t->list[n].kind == NODE_REPEAT && t->list[child].kind == NODE_SET && symset_count(t->list[child].set) >= WIDE;
}

/* A repetition whose length says nothing about what is beyond it: the pattern is cut there, and one part is kept. */
static bool
is_gap(const struct ast *t, const struct branch *b, size_t i)
{
    const struct node *at = &t->list[b->item[i]];

    if (at->kind != NODE_REPEAT || at->max <= 8)
        return false;
    return is_wide(t, b->item[i]) || (at->min >= 8 && is_literal(t, b, b->from, i));
}

/* Keep the part between two gaps that surprises most. A gap of a narrow set belongs to the part before it. */
static void
keep_rarest(const struct ast *t, struct branch *b)
{
    struct branch best = *b;
    size_t end = b->to;
    double most = -1;

    for (size_t i = b->from; i <= end; i++) {
        double now = 0;

        if (i < end && !is_gap(t, b, i))
            continue;
        b->to = i < end && !is_wide(t, b->item[i]) ? i + 1 : i;
        for (size_t k = b->from; k < b->to; k++)
            now += surprise(t, b->item[k]);
        if (now > most) {
            most = now;
            best.from = b->from;
            best.to = b->to;
        }
        b->from = i + 1;
    }
    b->from = best.from;
    b->to = best.to;
}

/*
 * A repetition at an end of the pattern needs no more than its minimum: the text around a match holds the rest. Assertions outside of it go
 * with it when its neighbour inside cannot be part of it: it then stands where the run of its bytes begins (ends) anyway.
 * Returns: whether the item became nothing
 */
static bool
shorten(struct ast *t, uint32_t n)
{
    struct node *at = &t->list[n];

    at->min = at->min < 20 ? at->min : 20;
    at->max = at->min;
    return at->min == 0;
}

static bool
may_shorten(const struct ast *t, const struct branch *b, size_t i, bool bare, size_t inner)
{
    const struct node *at = &t->list[b->item[i]];

    if (at->kind != NODE_REPEAT)
        return false;
    if (bare)
        return true;
    if (inner < b->from || inner >= b->to || at->max == at->min || t->list[at->child].kind != NODE_SET || ast_nullable(t, b->item[inner]))
        return false;
    struct symset near = inner > i ? ast_first(t, b->item[inner]) : ast_last(t, b->item[inner]);

    return !symset_meet(t->list[at->child].set, near);
}

static void
trim_front(struct ast *t, struct branch *b)
{
    size_t i = b->from;

    while (i < b->to && is_assertion(t, b->item[i]))
        i++;
    if (i == b->to || !may_shorten(t, b, i, i == b->from, i + 1))
        return;
    b->from = i;
    if (!shorten(t, b->item[i]))
        return;
    b->from++;
    trim_front(t, b);
}

static void
trim_back(struct ast *t, struct branch *b)
{
    size_t i = b->to;

    while (i > b->from && is_assertion(t, b->item[i - 1]))
        i--;
    if (i == b->from || !may_shorten(t, b, i - 1, i == b->to, i - 2))
        return;
    b->to = i;
    if (!shorten(t, b->item[i - 1]))
        return;
    b->to--;
    trim_back(t, b);
}

/* Literals are rare enough without what must stand beside them. */
static void
drop_assertions(const struct ast *t, struct branch *b)
{
    while (b->from < b->to && is_assertion(t, b->item[b->from]))
        b->from++;
    while (b->from < b->to && is_assertion(t, b->item[b->to - 1]))
        b->to--;
}

/* Whether a branch is one choice with nothing but assertions around it; its place. */
static bool
is_choice(const struct ast *t, const struct branch *b, size_t *at)
{
    size_t others = 0;

    for (size_t i = b->from; i < b->to; i++) {
        if (is_assertion(t, b->item[i]))
            continue;
        *at = i;
        others++;
    }
    return others == 1 && t->list[b->item[*at]].kind == NODE_ALT;
}

static enum rc
no_room(const struct ast *t)
{
    return t->count >= AST_NODES_MAX ? RC_UNIMPLEMENTED : RC_NOMEM;
}

/* What is left of a branch becomes an alternative of ${to}. */
static enum rc
keep(struct ast *t, const struct branch *b, uint32_t to)
{
    for (size_t i = b->from; i < b->to; i++)
        t->list[b->item[i]].next = i + 1 < b->to ? b->item[i + 1] : 0;
    uint32_t made = ast_add(t, (struct node){.kind = NODE_CAT, .child = b->from < b->to ? b->item[b->from] : 0});

    if (!made)
        return no_room(t);
    t->list[made].next = t->list[to].child;
    t->list[to].child = made;
    return RC_OK;
}

static double
surprise_of(const struct ast *t, const struct branch *b)
{
    double sum = 0;

    for (size_t i = b->from; i < b->to; i++)
        sum += surprise(t, b->item[i]);
    return sum;
}

/*
 * Lookahead at the beginning stands where the match does. Where it tells much more than the match, it is followed in place of it.
 * Its nodes are of no other branch: copies of an assertion leave it behind.
 */
static enum rc
take_ahead(const struct ast *t, struct branch *b)
{
    size_t i = b->from;

    while (i < b->to && is_assertion(t, b->item[i]) && !t->list[b->item[i]].ahead)
        i++;
    if (i == b->to || !is_assertion(t, b->item[i]))
        return RC_OK;
    struct branch *ahead = malloc(sizeof(*ahead));

    if (!ahead)
        return RC_NOMEM;
    *ahead = (struct branch){.to = i - b->from};
    memcpy(ahead->item, b->item + b->from, ahead->to * sizeof(b->item[0]));
    if (flatten(t, t->list[b->item[i]].ahead, ahead)) {
        keep_rarest(t, ahead);
        if (surprise_of(t, ahead) > surprise_of(t, b) + MUCH)
            *b = *ahead;
    }
    free(ahead);
    return RC_OK;
}

static enum rc
widen_branch(struct ast *t, struct branch *b, uint32_t to)
{
    keep_rarest(t, b);
    enum rc rc = take_ahead(t, b);

    if (rc != RC_OK)
        return rc;
    if (is_literal(t, b, b->from, b->to))
        drop_assertions(t, b);
    trim_front(t, b);
    trim_back(t, b);
    return keep(t, b, to);
}

/* The same assertion again, for another branch. */
static enum rc
append_copy(struct ast *t, struct branch *b, uint32_t n)
{
    struct node copy = t->list[n];

    copy.next = 0;
    copy.ahead = 0;
    if (b->to == FLAT_MAX)
        return RC_UNIMPLEMENTED;
    b->item[b->to] = ast_add(t, copy);
    return b->item[b->to++] ? RC_OK : no_room(t);
}

static enum rc widen(struct ast *t, struct branch *b, uint32_t to);

/* (assertions)(?:x|y)(assertions) is (assertions)x(assertions) or (assertions)y(assertions), and each is widened for itself. */
static enum rc
widen_choice(struct ast *t, const struct branch *b, size_t at, uint32_t to)
{
    struct branch *one = malloc(sizeof(*one));
    enum rc rc = one ? RC_OK : RC_NOMEM;
    uint32_t next;

    for (uint32_t c = t->list[b->item[at]].child; c && rc == RC_OK; c = next) {
        next = t->list[c].next;
        one->from = one->to = 0;
        for (size_t i = b->from; i < at && rc == RC_OK; i++)
            rc = append_copy(t, one, b->item[i]);
        if (rc == RC_OK && !flatten(t, c, one))
            rc = RC_UNIMPLEMENTED;
        for (size_t i = at + 1; i < b->to && rc == RC_OK; i++)
            rc = append_copy(t, one, b->item[i]);
        if (rc == RC_OK)
            rc = widen(t, one, to);
    }
    free(one);
    return rc;
}

static enum rc
widen(struct ast *t, struct branch *b, uint32_t to)
{
    size_t at = 0;

    return is_choice(t, b, &at) ? widen_choice(t, b, at, to) : widen_branch(t, b, to);
}

enum rc
ast_widen(struct ast *t)
{
    struct branch *b = calloc(1, sizeof(*b));
    uint32_t to = b ? ast_add(t, (struct node){.kind = NODE_ALT}) : 0;
    enum rc rc = to ? RC_OK : no_room(t);

    if (rc == RC_OK)
        rc = flatten(t, t->root, b) ? widen(t, b, to) : RC_UNIMPLEMENTED;
    free(b);
    if (rc == RC_OK)
        t->root = to;
    return rc;
}
