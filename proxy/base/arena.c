#include "base/arena.h"

#include <stdlib.h>

#define ALIGN 16
#define BLOCK_MIN (64u * 1024)

struct block {
    struct block *next;
    size_t size, used; /* of data */
    _Alignas(ALIGN) char data[];
};

struct arena {
    struct block *first, *now; /* blocks after now are empty */
    size_t held, max;
};

struct arena *
arena_new(size_t max_bytes)
{
    struct arena *ar = calloc(1, sizeof(*ar));

    if (ar)
        ar->max = max_bytes;
    return ar;
}

void
arena_free(struct arena *ar)
{
    if (!ar)
        return;
    arena_reset(ar, 0);
    free(ar);
}

static struct block *
block_add(struct arena *ar, size_t need)
{
    size_t size = ar->held < BLOCK_MIN ? BLOCK_MIN : ar->held; /* doubling: few blocks whatever the request */

    if (size < need)
        size = need;
    if (ar->max - ar->held < size)
        size = need;
    if (ar->max < ar->held || ar->max - ar->held < size)
        return NULL;
    struct block *b = malloc(sizeof(*b) + size);

    if (!b)
        return NULL;
    *b = (struct block){.size = size};
    ar->held += size;
    if (ar->now) {
        b->next = ar->now->next;
        ar->now->next = b;
    } else {
        ar->first = b;
    }
    return b;
}

void *
arena_alloc(struct arena *ar, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    while (!ar->now || ar->now->size - ar->now->used < need) {
        struct block *next = ar->now ? ar->now->next : ar->first;

        if (!next || next->size < need)
            next = block_add(ar, need);
        if (!next)
            return NULL;
        ar->now = next;
    }
    void *p = ar->now->data + ar->now->used;

    ar->now->used += need;
    return p;
}

void *
arena_calloc(struct arena *ar, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *p = arena_alloc(ar, bytes);

    return p ? memset(p, 0, bytes) : NULL;
}

void *
arena_grow(struct arena *ar, void *old, size_t old_size, size_t new_size)
{
    size_t have = (old_size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    size_t need = (new_size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *b = ar->now;

    if (old && b && (char *)old + have == b->data + b->used && need >= have && b->size - b->used >= need - have) {
        b->used += need - have;
        return old;
    }
    void *p = arena_alloc(ar, new_size);

    if (p && old && old_size)
        memcpy(p, old, old_size);
    return p;
}

struct str
arena_dup(struct arena *ar, struct str s)
{
    char *p = s.len ? arena_alloc(ar, s.len) : NULL;

    if (p)
        memcpy(p, s.ptr, s.len);
    return (struct str){p, s.len};
}

void
arena_reset(struct arena *ar, size_t keep_bytes)
{
    struct block **link = &ar->first;
    size_t kept = 0;

    while (*link) {
        struct block *b = *link;

        explicit_bzero(b->data, b->used);
        b->used = 0;
        if (kept + b->size <= keep_bytes) {
            kept += b->size;
            link = &b->next;
        } else {
            *link = b->next;
            free(b);
        }
    }
    ar->held = kept;
    ar->now = NULL;
}

size_t
arena_used(const struct arena *ar)
{
    size_t used = 0;

    for (const struct block *b = ar->first; b; b = b->next)
        used += b->used;
    return used;
}

size_t
arena_held(const struct arena *ar)
{
    return ar->held;
}
