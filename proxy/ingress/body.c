#include "body_int.h"

#include <stdlib.h>

#define FIRST_MAX (1u << 20) /* given on a sender's word alone */

/* Sizes of batches vary a little: round up, so that spares fit. */
static size_t
rounded(size_t n)
{
    size_t unit = n < 65536 ? 4096 : 65536;

    return (n + unit - 1) / unit * unit;
}

static size_t
wanted(const struct body *b, size_t need, size_t expected)
{
    size_t cap = b->cap ? 2 * b->cap : FIRST_MAX;

    if (cap > expected)
        cap = expected;
    return rounded(cap > need ? cap : need);
}

/* A spare that is not much too large. */
static bool
spare_take(struct body_pool *pool, size_t cap, struct body *b)
{
    for (unsigned i = 0; i < pool->spare_count; i++) {
        struct body_spare s = pool->spare[i];

        if (s.cap < cap || s.cap / 4 > cap)
            continue;
        pool->spare[i] = pool->spare[--pool->spare_count];
        pool->kept -= s.cap;
        b->ptr = s.ptr;
        b->cap = s.cap;
        return true;
    }
    return false;
}

static void
spare_give(struct body_pool *pool, char *ptr, size_t cap)
{
    /* The oldest goes first: sizes that were asked for lately will be asked for again. */
    while (pool->spare_count && (pool->spare_count == BODY_SPARES || pool->kept + cap > BODY_SPARE_BYTES)) {
        pool->kept -= pool->spare[0].cap;
        free(pool->spare[0].ptr);
        pool->spare_count--;
        memmove(pool->spare, pool->spare + 1, pool->spare_count * sizeof(pool->spare[0]));
    }
    if (cap > BODY_SPARE_BYTES) {
        free(ptr);
        return;
    }
    pool->spare[pool->spare_count++] = (struct body_spare){ptr, cap};
    pool->kept += cap;
}

static enum rc
grow(struct body_pool *pool, struct body *b, size_t need, size_t expected)
{
    struct body larger = {NULL, b->len, wanted(b, need, expected)};

    if (pool->held - b->cap > pool->held_max || larger.cap > pool->held_max - (pool->held - b->cap))
        return RC_BUSY;
    if (!spare_take(pool, larger.cap, &larger))
        larger.ptr = malloc(larger.cap);
    if (!larger.ptr)
        return RC_NOMEM;
    if (b->len)
        memcpy(larger.ptr, b->ptr, b->len);
    pool->held += larger.cap; /* both for a moment, one after the release */
    body_release(pool, b);
    *b = larger;
    return RC_OK;
}

enum rc
body_append(struct body_pool *pool, struct body *b, struct str bytes, size_t expected)
{
    size_t need;

    if (__builtin_add_overflow(b->len, bytes.len, &need))
        return RC_BUSY;
    if (need > b->cap) {
        enum rc rc = grow(pool, b, need, expected);

        if (rc != RC_OK)
            return rc;
    }
    if (bytes.len)
        memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
    b->len = need;
    return RC_OK;
}

void
body_release(struct body_pool *pool, struct body *b)
{
    if (!b->ptr)
        return;
    explicit_bzero(b->ptr, b->len);
    pool->held -= b->cap;
    spare_give(pool, b->ptr, b->cap);
    *b = (struct body){NULL, 0, 0};
}

void
body_pool_fini(struct body_pool *pool)
{
    for (unsigned i = 0; i < pool->spare_count; i++)
        free(pool->spare[i].ptr);
    pool->spare_count = 0;
    pool->kept = 0;
}
