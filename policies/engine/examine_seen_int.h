/**
 * Texts of a request that were examined, so that an equal text under the same key is not examined again. It lives as long as the request.
 *
 * Equal means: the same bytes, of the same kind, at the same place, under the same key, for the same policies and, where scanners ask for it, the same
 * system. Nothing is taken from a hash: that only says where to look.
 */
#ifndef ENGINE_EXAMINE_SEEN_INT_H
#define ENGINE_EXAMINE_SEEN_INT_H

#include "examine_int.h"

/* A text that was examined, and its findings. */
struct seen_text {
    const struct verdict *verdict; /* on its key; NULL: nothing here */
    uint64_t head, tail;           /* its first and last 8 bytes; fewer than 8: all of them and 0 */
    uint32_t len;
    uint8_t place, kind;
    uint16_t system_len;
    uint32_t off, system; /* in the body */
    uint32_t first;       /* finding */
    uint16_t count;
};

struct seen {
    const struct batch *b;
    struct seen_text *slots; /* NULL without memory: nothing is remembered */
    uint32_t mask;
    uint64_t policies;
    uint32_t generation; /* of the key table whose verdicts are meant */
};

/* Room for the texts of b, in ar. */
void seen_init(struct seen *s, const struct batch *b, struct arena *ar);

/* What follows is examined for these policies and with verdicts of this generation; what was seen for others is forgotten. */
void seen_begin(struct seen *s, uint64_t policies, uint32_t generation);

static inline bool
seen_is_for(const struct seen *s, uint64_t policies, uint32_t generation)
{
    return s->policies == policies && s->generation == generation;
}

/* The bytes that a text is told by first. */
static inline uint64_t
seen_load(const char *p)
{
    uint64_t v;

    memcpy(&v, p, 8);
    return v;
}

/* Fewer than 8 bytes; no two texts of one length give the same. */
static inline uint64_t
seen_load_few(const char *p, size_t len)
{
    uint32_t first, last;

    if (len >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        return (uint64_t)last << 32 | first;
    }
    if (len == 0)
        return 0;
    return (uint64_t)(unsigned char)p[0] << 16 | (uint64_t)(unsigned char)p[len / 2] << 8 | (unsigned char)p[len - 1];
}

/**
 * seen_slot(s, t, v, system, known):
 * Where a text is remembered, or would be.
 * In:      v       one of the key table, of the generation that ${s} is for, or of a place
 *          system  what scanners are told, a slice of the body
 * Out:     known   whether an equal text is remembered there
 * Returns: NULL when it cannot be remembered
 */
static inline struct seen_text *
seen_slot(const struct seen *s, const struct batch_text *t, const struct verdict *v, struct str system, bool *known)
{
    const char *body = s->b->body.ptr, *p = body + t->off;
    bool few = t->len < 8;
    uint64_t head = few ? seen_load_few(p, t->len) : seen_load(p), tail = few ? 0 : seen_load(p + t->len - 8);
    uint64_t h = (uint64_t)(uintptr_t)v * 0x9e3779b97f4a7c15u + t->len; /* only says where to look, so three words of the text will do */

    if (!s->slots || system.len > UINT16_MAX)
        return NULL;
    h = (h ^ head) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 32 ^ (few ? 0 : seen_load(p + t->len / 2 - 4))) * 0xc4ceb9fe1a85ec53u;
    h = (h ^ h >> 29 ^ tail) * 0xff51afd7ed558ccdu;
    struct seen_text *slot = &s->slots[h >> 40 & s->mask];

    *known = slot->verdict == v && slot->head == head && slot->tail == tail && slot->len == t->len && slot->place == t->place &&
             slot->kind == t->kind && slot->system_len == system.len &&
             (system.len == 0 || memcmp(body + slot->system, system.ptr, system.len) == 0) &&
             (t->len <= 16 || memcmp(body + slot->off, p, t->len) == 0);
    return slot;
}

/* Remember there the findings of the text of ${q}. */
struct seen_range {
    uint32_t first, end;
};
void seen_keep(const struct seen *s, struct seen_text *slot, const struct query *q, struct str system, struct seen_range found);

/* Add the findings of an equal text for the text of this index. RC_NOMEM. */
enum rc seen_repeat(struct examiner *ex, const struct seen_text *slot, uint32_t index) MUST_USE;

#endif
