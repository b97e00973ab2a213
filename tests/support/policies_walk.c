#include "policies_walk.h"

#include <stdio.h>

#include "policies/engine/finder_parse_int.h"

struct pen {
    struct rng *r;
    char *out;
    size_t len;
    const struct symset *next; /* what must come if nothing else does */
};

static void
put(struct pen *p, char c)
{
    p->next = NULL;
    if (p->len + 1 < WALK_MAX)
        p->out[p->len++] = c;
}

static void
put_text(struct pen *p, const char *text)
{
    while (*text)
        put(p, *text++);
}

static void
put_member(struct pen *p, const struct symset *set)
{
    unsigned members[256], count = 0;

    for (unsigned c = 0; c < 256; c++)
        if (symset_has(set, c))
            members[count++] = c;
    if (count)
        put(p, (char)members[rng_below(p->r, count)]);
}

static void
walk(struct pen *p, const struct ast *t, uint32_t n)
{
    const struct node *at = &t->list[n];
    uint32_t choice = 0;

    if (at->kind == NODE_SET) {
        put_member(p, &at->set);
    } else if (at->kind == NODE_NEXT) {
        p->next = &at->set;
    } else if (at->kind == NODE_PREV) {
        if (p->len == 0 && !symset_has(&at->set, SYM_EDGE))
            put_member(p, &at->set);
    } else if (at->kind == NODE_REPEAT) {
        uint32_t most = at->max - at->min < 3 ? at->max - at->min : 3, times = at->min + rng_below(p->r, most + 1);

        if (rng_below(p->r, 8) == 0 && at->max - at->min > 3 && at->max < 100)
            times = at->max;
        for (uint32_t i = 0; i < times; i++)
            walk(p, t, at->child);
    } else if (at->kind == NODE_ALT) {
        for (uint32_t c = at->child; c; c = t->list[c].next)
            choice++;
        choice = rng_below(p->r, choice);
        for (uint32_t c = at->child; c; c = t->list[c].next)
            if (choice-- == 0)
                walk(p, t, c);
    } else {
        for (uint32_t c = at->child; c; c = t->list[c].next)
            walk(p, t, c);
    }
}

size_t
walk_pattern(struct rng *r, struct str regex, bool caseless, char out[WALK_MAX])
{
    struct pen p = {.r = r, .out = out};
    struct ast t;

    if (ast_parse(regex, caseless, &t) == RC_OK)
        walk(&p, &t, t.root);
    if (p.next && !symset_has(p.next, SYM_EDGE))
        put_member(&p, p.next);
    ast_free(&t);
    return p.len;
}

static const char specials[] = "ab1 -.\n\0_@:A\xc3\xa9\r\xff,";

static char
special(struct rng *r)
{
    return specials[rng_below(r, sizeof(specials) - 1)];
}

static size_t
insert(struct rng *r, char *text, size_t len, size_t at, char c)
{
    (void)r;
    if (len + 1 >= WALK_MAX)
        return len;
    memmove(text + at + 1, text + at, len - at);
    text[at] = c;
    return len + 1;
}

size_t
walk_mutate(struct rng *r, char text[WALK_MAX], size_t len)
{
    for (uint32_t times = rng_below(r, 4); times; times--) {
        size_t at = rng_below(r, (uint32_t)len + 1);

        switch (rng_below(r, 8)) {
        case 0:
            len = at;
            break;
        case 1:
            memmove(text, text + at, len - at);
            len -= at;
            break;
        case 2:
            if (at < len)
                text[at] = special(r);
            break;
        case 3:
            if (at < len)
                len = insert(r, text, len, at, text[at]);
            break;
        case 4:
            if (at < len) {
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
            }
            break;
        case 5:
            len = insert(r, text, len, 0, special(r));
            break;
        case 6:
            len = insert(r, text, len, len, special(r));
            break;
        default:
            len = insert(r, text, len, at, special(r));
        }
    }
    return len;
}

size_t
walk_alphabet(struct rng *r, struct str regex, char out[WALK_MAX])
{
    size_t len = rng_below(r, 40);

    for (size_t i = 0; i < len; i++)
        out[i] = rng_below(r, 3) && regex.len ? regex.ptr[rng_below(r, (uint32_t)regex.len)] : special(r);
    return len;
}

static void
invent(struct pen *p, unsigned depth)
{
    static const char *const items[] = {"a", "b", "c", "1", "-", " ", ".", "\\d", "\\w", "\\W", "\\s", "[ab]", "[^a]", "[a-c1]", "\\b", "\\B", "^",
        "$", "(?i)", "\\n", "\\.", "\\Qa-\\E", "\\x61", "(?<=a)", "(?<!b)", "(?=b)", "(?![a1])", "(?!ab)", "\\1", "\\z", "[[:alpha:]]", "(?m)",
        "(?s)", "\\N", "_"};
    static const char *const open[] = {"(", "(?:", "(?i:", "(?>", "(?=", "(?!", "(?<=", "(?<!", "(?:", "(?:", "("};
    static const char *const times[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "{9}", "{10,12}", "*?", "++", "{0,2}+", "{0,9}"};

    for (uint32_t n = 1 + rng_below(p->r, 4); n; n--) {
        if (depth && rng_below(p->r, 3) == 0) {
            put_text(p, open[rng_below(p->r, sizeof(open) / sizeof(open[0]))]);
            invent(p, depth - 1);
            for (; rng_below(p->r, 3) == 0;) {
                put(p, '|');
                invent(p, depth - 1);
            }
            put(p, ')');
        } else {
            put_text(p, items[rng_below(p->r, sizeof(items) / sizeof(items[0]))]);
        }
        if (rng_below(p->r, 3) == 0)
            put_text(p, times[rng_below(p->r, sizeof(times) / sizeof(times[0]))]);
    }
}

void
walk_invent(struct rng *r, char out[WALK_MAX])
{
    struct pen p = {.r = r, .out = out};

    invent(&p, 3);
    out[p.len] = '\0';
}
