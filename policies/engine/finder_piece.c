#include "finder_piece_int.h"

#define COUNTER_MAX 8 /* above: open-ended */
#define CHAIN_MAX 72  /* a counter that can only be entered once at a time is cheap */
#define POSITIONS_MAX 400
#define LINKS_MAX 12000

/*
 * What a part of the pattern contributes: the positions it can begin and end with, each with the mask of assertions on the way, and the mask under
 * which it matches without a byte (0: never).
 */
struct frag {
    struct links first, last;
    uint64_t null;
};

/*
 * What can stand before a part: a superset. boundary: \b stands right before it. origin: what can stand before the whole match;
 * used: the bytes that the match can hold up to this part.
 */
struct entry {
    struct symset prev, origin, used;
    bool boundary, origin_boundary;
};

struct builder {
    const struct ast *t;
    struct arena *ar;
    struct piece *p;
    uint32_t counter_max;
    enum rc rc;
};

static struct frag build(struct builder *b, uint32_t n, struct entry e);

static void
add_link(struct builder *b, struct links *l, struct link link)
{
    if (b->rc != RC_OK || link.mask == 0)
        return;
    if (l->count == LINKS_MAX) {
        b->rc = RC_UNIMPLEMENTED;
        return;
    }
    if (l->count == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 4;
        struct link *list = arena_grow(b->ar, l->list, l->cap * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            b->rc = RC_NOMEM;
            return;
        }
        l->list = list;
        l->cap = cap;
    }
    l->list[l->count++] = link;
}

/* A list of its own that holds a, then b under a mask. */
static struct links
join(struct builder *b, struct links a, struct links more, uint64_t mask)
{
    struct links l = {0};

    for (uint32_t i = 0; i < a.count; i++)
        add_link(b, &l, a.list[i]);
    for (uint32_t i = 0; i < more.count; i++)
        add_link(b, &l, (struct link){more.list[i].from, more.list[i].to, more.list[i].mask & mask});
    return l;
}

static void
connect(struct builder *b, const struct links *last, const struct links *first)
{
    for (uint32_t i = 0; i < last->count; i++)
        for (uint32_t k = 0; k < first->count && b->rc == RC_OK; k++)
            add_link(b, &b->p->follow, (struct link){last->list[i].from, first->list[k].to, last->list[i].mask & first->list[k].mask});
}

static struct frag
then(struct builder *b, struct frag x, struct frag y)
{
    struct frag r = {.null = x.null & y.null};

    connect(b, &x.last, &y.first);
    r.first = x.null ? join(b, x.first, y.first, x.null) : x.first;
    r.last = y.null ? join(b, y.last, x.last, y.null) : y.last;
    return r;
}

static struct frag
nothing(void)
{
    return (struct frag){.null = MASK_ALL};
}

static struct frag
build_set(struct builder *b, struct symset set)
{
    struct piece *p = b->p;
    struct frag r = {0};
    uint32_t made = p->count;

    if (made == POSITIONS_MAX) {
        b->rc = RC_UNIMPLEMENTED;
        return r;
    }
    if (made == p->cap) {
        uint32_t cap = p->cap ? p->cap * 2 : 32;
        struct symset *list = arena_grow(b->ar, p->set, p->cap * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            b->rc = RC_NOMEM;
            return r;
        }
        p->set = list;
        p->cap = cap;
    }
    p->set[p->count++] = set;
    add_link(b, &r.first, (struct link){made, made, MASK_ALL});
    add_link(b, &r.last, (struct link){made, made, MASK_ALL});
    return r;
}

/* Whether the set is a union of categories, its edge apart. */
static bool
is_told(const struct piece *p, struct symset set)
{
    for (unsigned c = 0; c < p->categories; c++)
        if (symset_meet(p->category[c], set) && !symset_within(p->category[c], set))
            return false;
    return true;
}

static uint64_t
assertion_mask(const struct piece *p, const struct node *at)
{
    struct symset word = symset_word(), set = at->kind >= NODE_WORD ? word : at->set;
    uint64_t mask = 0;

    if (!is_told(p, set))
        return MASK_ALL;
    for (unsigned left = 0; left <= CATEGORY_EDGE; left++) {
        for (unsigned right = 0; right <= CATEGORY_EDGE; right++) {
            bool l = symset_meet(p->category[left], set), r = symset_meet(p->category[right], set), holds;

            if (at->kind == NODE_PREV || at->kind == NODE_NEXT)
                holds = at->kind == NODE_PREV ? l : r;
            else
                holds = (l != r) == (at->kind == NODE_WORD);
            mask |= (uint64_t)holds << (8 * left + right);
        }
    }
    return mask;
}

/* Whether a symbol of ${prev}, with \b behind it when boundary says so, cannot be in ${set}. */
static bool
is_outside(struct symset prev, bool boundary, struct symset set)
{
    if (boundary && symset_within(set, symset_word()))
        prev = symset_and(prev, symset_not(symset_word()));
    return !symset_meet(prev, set);
}

/*
 * A counter is walked by one thread at a time, and costs no more states than it is long, when it can only be entered from outside of its own
 * set, or when a match can only begin outside of all that it may hold up to the counter's end.
 */
static uint32_t
counter_limit(const struct builder *b, const struct node *at, struct entry e)
{
    struct symset set = b->t->list[at->child].set;

    if (b->t->list[at->child].kind != NODE_SET || b->counter_max < COUNTER_MAX)
        return b->counter_max;
    if (is_outside(e.prev, e.boundary, set) || is_outside(e.origin, e.origin_boundary, symset_or(e.used, set)))
        return CHAIN_MAX;
    return b->counter_max;
}

static struct frag
build_repeat(struct builder *b, const struct node *at, struct entry e)
{
    uint32_t limit = counter_limit(b, at, e), min = at->min, max = at->max;
    struct frag r = nothing(), one = nothing();

    if (max > 1) {
        e.prev = symset_or(e.prev, ast_last(b->t, at->child));
        e.used = symset_or(e.used, ast_bytes(b->t, at->child));
        e.boundary = false;
    }
    if (max > b->counter_max && max != min)
        max = REPEAT_MANY; /* a maximum tells little */
    if (min > limit) {
        min = limit;
        max = REPEAT_MANY;
    }
    for (uint32_t i = 0; i < min && b->rc == RC_OK; i++) {
        one = build(b, at->child, e);
        r = then(b, r, one);
    }
    if (max == REPEAT_MANY && min == 0) {
        one = build(b, at->child, e);
        r = one;
        r.null = MASK_ALL;
    }
    if (max == REPEAT_MANY) {
        connect(b, &one.last, &one.first);
        return r;
    }
    for (uint32_t i = min; i < max && b->rc == RC_OK; i++) {
        one = build(b, at->child, e);
        one.null = MASK_ALL;
        r = then(b, r, one);
    }
    return r;
}

static struct entry
entry_behind(const struct builder *b, uint32_t n, struct entry e)
{
    const struct node *at = &b->t->list[n];
    bool begun = !symset_is_empty(e.used);

    if (at->kind == NODE_EMPTY || at->kind == NODE_NEXT || at->kind == NODE_INSIDE)
        return e;
    if (at->kind == NODE_WORD) {
        e.boundary = true;
        e.origin_boundary |= !begun;
        return e;
    }
    if (at->kind == NODE_PREV) {
        e.prev = symset_and(e.prev, at->set);
        e.origin = begun ? e.origin : symset_and(e.origin, at->set);
        return e;
    }
    e.prev = symset_or(ast_nullable(b->t, n) ? e.prev : (struct symset){{0}}, ast_last(b->t, n));
    e.boundary = false;
    e.used = symset_or(e.used, ast_bytes(b->t, n));
    return e;
}

static struct frag
build(struct builder *b, uint32_t n, struct entry e)
{
    const struct node *at = &b->t->list[n];
    struct frag r = nothing();

    if (b->rc != RC_OK)
        return r;
    switch (at->kind) {
    case NODE_EMPTY:
        return r;
    case NODE_SET:
        return build_set(b, at->set);
    case NODE_REPEAT:
        return build_repeat(b, at, e);
    case NODE_CAT:
        for (uint32_t c = at->child; c; c = b->t->list[c].next) {
            r = then(b, r, build(b, c, e));
            e = entry_behind(b, c, e);
        }
        return r;
    case NODE_ALT:
        r.null = 0;
        for (uint32_t c = at->child; c; c = b->t->list[c].next) {
            struct frag one = build(b, c, e);

            r = (struct frag){join(b, r.first, one.first, MASK_ALL), join(b, r.last, one.last, MASK_ALL), r.null | one.null};
        }
        return r;
    case NODE_PREV:
    case NODE_NEXT:
    case NODE_WORD:
    case NODE_INSIDE:
    default:
        r.null = assertion_mask(b->p, at);
        return r;
    }
}

/* Split the categories by a set, if there is room for what comes of it. */
static void
categorise(struct piece *p, struct symset set)
{
    unsigned need = p->categories;
    struct symset bytes = symset_and(set, symset_range(0, 255));

    for (unsigned c = 0; c < p->categories; c++)
        need += symset_meet(p->category[c], bytes) && !symset_within(p->category[c], bytes);
    if (need > CATEGORY_EDGE)
        return;
    for (unsigned c = 0, end = p->categories; c < end; c++) {
        if (!symset_meet(p->category[c], bytes) || symset_within(p->category[c], bytes))
            continue;
        p->category[p->categories++] = symset_and(p->category[c], symset_bytes_not(bytes));
        p->category[c] = symset_and(p->category[c], bytes);
    }
}

static void
categorise_ast(const struct ast *t, uint32_t n, struct piece *p)
{
    const struct node *at = &t->list[n];

    if (at->kind == NODE_WORD || at->kind == NODE_INSIDE)
        categorise(p, symset_word());
    else if (at->kind == NODE_PREV || at->kind == NODE_NEXT)
        categorise(p, at->set);
    for (uint32_t c = at->child; c; c = t->list[c].next)
        categorise_ast(t, c, p);
}

unsigned
piece_categories(const struct piece *p, struct symset set)
{
    unsigned mask = 0;

    for (unsigned c = 0; c < p->categories; c++)
        mask |= (unsigned)symset_meet(p->category[c], set) << c;
    return mask;
}

void
piece_cut(struct piece *p, uint8_t depth)
{
    struct links *follow = &p->follow, *last = &p->last;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < follow->count; i++)
        if (p->depth[follow->list[i].from] < depth && p->depth[follow->list[i].from] != 0)
            follow->list[kept++] = follow->list[i];
    follow->count = kept;
    kept = 0;
    for (uint32_t i = 0; i < last->count; i++)
        if (p->depth[last->list[i].from] < depth)
            last->list[kept++] = last->list[i];
    last->count = kept;
    p->end_depth = depth;
}

/* Breadth first from the first positions. A pattern that goes deeper than can be measured is cut there. */
static enum rc
measure_depth(struct piece *p, struct arena *ar)
{
    bool more = true;

    p->depth = arena_calloc(ar, p->count + 1, sizeof(*p->depth));
    if (!p->depth)
        return RC_NOMEM;
    for (uint32_t i = 0; i < p->first.count; i++)
        p->depth[p->first.list[i].to] = 1;
    for (uint8_t depth = 1; more && depth < PIECE_DEPTH_MAX; depth++) {
        more = false;
        for (uint32_t i = 0; i < p->follow.count; i++) {
            struct link l = p->follow.list[i];

            if (p->depth[l.from] != depth || p->depth[l.to] != 0)
                continue;
            p->depth[l.to] = (uint8_t)(depth + 1);
            more = true;
        }
    }
    if (more)
        piece_cut(p, PIECE_DEPTH_MAX);
    return RC_OK;
}

enum rc
piece_build(const struct ast *t, struct arena *ar, struct piece *p)
{
    struct builder b = {.t = t, .ar = ar, .p = p, .rc = RC_UNIMPLEMENTED};
    struct entry anywhere = {.prev = symset_range(0, SYM_EDGE), .origin = symset_range(0, SYM_EDGE)};

    for (b.counter_max = COUNTER_MAX; b.counter_max && b.rc == RC_UNIMPLEMENTED; b.counter_max /= 2) {
        *p = (struct piece){.category = {symset_range(0, 255)}, .categories = 1};
        categorise_ast(t, t->root, p);
        p->category[CATEGORY_EDGE] = symset_range(SYM_EDGE, SYM_EDGE);
        b.rc = RC_OK;
        struct frag whole = build(&b, t->root, anywhere);

        p->first = whole.first;
        p->last = whole.last;
        p->nullable = whole.null != 0;
    }
    return b.rc == RC_OK ? measure_depth(p, ar) : b.rc;
}
