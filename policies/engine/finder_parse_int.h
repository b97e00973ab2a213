/**
 * From a pattern to a tree that matches at least what the pattern matches.
 *
 * Symbols are the 256 bytes and EDGE: what stands before the first byte of a text and after its last one. A tree has no lookaround: an
 * assertion about one neighbouring symbol is kept as a set, all others are dropped. A back-reference becomes a copy of its group. Whatever
 * this parser does not know for certain makes the pattern unknown, and it is tried on every text.
 * Source: pcre2pattern(3) 10.42, in byte mode, newline LF.
 */
#ifndef ENGINE_FINDER_PARSE_INT_H
#define ENGINE_FINDER_PARSE_INT_H

#include "base/rc.h"
#include "base/str.h"

#define SYM_EDGE 256
#define SYM_COUNT 257

struct symset {
    uint64_t w[5];
};

static inline bool
symset_has(const struct symset *s, unsigned sym)
{
    return s->w[sym >> 6] >> (sym & 63) & 1;
}

static inline void
symset_add(struct symset *s, unsigned sym)
{
    s->w[sym >> 6] |= 1ull << (sym & 63);
}

static inline struct symset
symset_range(unsigned low, unsigned high)
{
    struct symset s = {{0}};

    for (unsigned sym = low; sym <= high; sym++)
        symset_add(&s, sym);
    return s;
}

static inline struct symset
symset_or(struct symset a, struct symset b)
{
    for (unsigned i = 0; i < 5; i++)
        a.w[i] |= b.w[i];
    return a;
}

static inline struct symset
symset_and(struct symset a, struct symset b)
{
    for (unsigned i = 0; i < 5; i++)
        a.w[i] &= b.w[i];
    return a;
}

/* All symbols that are not in s. */
static inline struct symset
symset_not(struct symset s)
{
    for (unsigned i = 0; i < 5; i++)
        s.w[i] = ~s.w[i];
    s.w[4] &= 1;
    return s;
}

/* All bytes that are not in s; never EDGE. */
static inline struct symset
symset_bytes_not(struct symset s)
{
    s = symset_not(s);
    s.w[4] = 0;
    return s;
}

static inline bool
symset_is_empty(struct symset s)
{
    return (s.w[0] | s.w[1] | s.w[2] | s.w[3] | s.w[4]) == 0;
}

static inline bool
symset_eq(struct symset a, struct symset b)
{
    return memcmp(a.w, b.w, sizeof(a.w)) == 0;
}

static inline bool
symset_meet(struct symset a, struct symset b)
{
    return !symset_is_empty(symset_and(a, b));
}

static inline bool
symset_within(struct symset part, struct symset whole)
{
    return symset_eq(symset_and(part, whole), part);
}

static inline unsigned
symset_count(struct symset s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 5; i++)
        n += (unsigned)__builtin_popcountll(s.w[i]);
    return n;
}

enum node_kind {
    NODE_EMPTY,
    NODE_SET,    /* one byte of set */
    NODE_CAT,    /* children one after the other */
    NODE_ALT,    /* one of the children */
    NODE_REPEAT, /* its one child, min to max times */
    NODE_PREV,   /* the symbol before is in set */
    NODE_NEXT,   /* the symbol after is in set */
    NODE_WORD,   /* \b */
    NODE_INSIDE  /* \B */
};

#define REPEAT_MANY UINT32_MAX
#define AST_NODES_MAX 20000

/* Nodes name each other by index; 0 is no node. Every node has one parent. */
struct node {
    enum node_kind kind;
    uint32_t child, next;
    uint32_t min, max;
    uint32_t ahead; /* NODE_NEXT: what stands there in full, of no tree; 0 = not known. Only the sieve reads it */
    struct symset set;
};

struct ast {
    struct node *list;
    uint32_t count, cap;
    uint32_t root;
};

/**
 * ast_parse(regex, caseless, t):
 * Out:     t  owner calls ast_free, whatever is returned
 * Returns: RC_OK; RC_UNIMPLEMENTED the pattern is unknown; RC_NOMEM
 */
enum rc ast_parse(struct str regex, bool caseless, struct ast *t) MUST_USE;
void ast_free(struct ast *t);

/* A new node; 0 when there is no memory, or AST_NODES_MAX nodes. The first node of a tree is never used. */
uint32_t ast_add(struct ast *t, struct node n);

/* Whether a node can match without a byte, its assertions taken as true. */
bool ast_nullable(const struct ast *t, uint32_t n);
/* At least the bytes that a match of the node can begin with, end with. */
struct symset ast_first(const struct ast *t, uint32_t n);
struct symset ast_last(const struct ast *t, uint32_t n);
/* All bytes that it can hold. */
struct symset ast_bytes(const struct ast *t, uint32_t n);

/* [0-9A-Za-z_] */
struct symset symset_word(void);

/* ---- between finder_parse.c and finder_class.c ---- */

/* Bytes of a pattern with the flags in force. */
struct reader {
    struct str re;
    size_t at;
    unsigned flags;
};
enum { FLAG_CASELESS = 1, FLAG_MULTILINE = 2, FLAG_DOTALL = 4, FLAG_EXTENDED = 8 };

static inline bool
reader_sees(const struct reader *r, const char *word)
{
    return str_starts(str_sub(r->re, r->at, r->re.len), str_of(word));
}

static inline bool
reader_takes(struct reader *r, const char *word)
{
    if (!reader_sees(r, word))
        return false;
    r->at += strlen(word);
    return true;
}

/* With the other case of every letter, when the flags say so. ASCII: PCRE2's built-in tables are those of the C locale. */
struct symset class_fold(struct symset s, unsigned flags);

/**
 * class_read(r, set): a bracketed class, from behind its [ to behind its ].
 * class_read_escape(r, set): an escape that stands for one byte or a set of bytes, from behind its backslash.
 * Returns: false when it is not known for certain; set then is untouched
 */
bool class_read(struct reader *r, struct symset *set) MUST_USE;
bool class_read_escape(struct reader *r, bool in_class, struct symset *set) MUST_USE;

#endif
