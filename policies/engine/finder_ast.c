#include "finder_parse_int.h"

#include <stdlib.h>

uint32_t
ast_add(struct ast *t, struct node n)
{
    if (t->count == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 64;
        struct node *list = cap <= AST_NODES_MAX * 2 ? realloc(t->list, cap * sizeof(*list)) : NULL;

        if (!list)
            return 0;
        t->list = list;
        t->cap = cap;
    }
    if (t->count >= AST_NODES_MAX)
        return 0;
    t->list[t->count] = n;
    return t->count++;
}

void
ast_free(struct ast *t)
{
    free(t->list);
    *t = (struct ast){0};
}

bool
ast_nullable(const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];

    if (at->kind == NODE_SET)
        return false;
    if (at->kind == NODE_REPEAT)
        return at->min == 0 || ast_nullable(t, at->child);
    if (at->kind != NODE_CAT && at->kind != NODE_ALT)
        return true;
    for (uint32_t c = at->child; c; c = t->list[c].next)
        if (ast_nullable(t, c) != (at->kind == NODE_CAT))
            return at->kind == NODE_ALT;
    return at->kind == NODE_CAT;
}

/* The union of what the children contribute: in a CAT those up to (from) the first (last) that is not nullable. */
static struct symset
border(const struct ast *t, uint32_t n, bool at_end)
{
    const struct node *at = &t->list[n];
    struct symset s = {{0}};

    if (at->kind == NODE_SET)
        return at->set;
    if (at->kind == NODE_REPEAT)
        return at->max ? border(t, at->child, at_end) : s;
    if (at->kind != NODE_CAT && at->kind != NODE_ALT)
        return s;
    for (uint32_t c = at->child; c; c = t->list[c].next) {
        bool solid = at->kind == NODE_CAT && !ast_nullable(t, c);
        struct symset one = border(t, c, at_end);

        s = solid && at_end ? one : symset_or(s, one);
        if (solid && !at_end)
            break;
    }
    return s;
}

struct symset
ast_first(const struct ast *t, uint32_t n)
{
    return border(t, n, false);
}

struct symset
ast_last(const struct ast *t, uint32_t n)
{
    return border(t, n, true);
}

struct symset
ast_bytes(const struct ast *t, uint32_t n)
{
    struct symset s = {{0}};

    if (t->list[n].kind == NODE_SET)
        return t->list[n].set;
    for (uint32_t c = t->list[n].child; c; c = t->list[c].next)
        s = symset_or(s, ast_bytes(t, c));
    return s;
}
