#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum rc
buf_reserve(struct buf *b, size_t extra)
{
    size_t need;

    if (__builtin_add_overflow(b->len, extra, &need) || need > b->max)
        return RC_TOO_LARGE;
    if (need <= b->cap)
        return RC_OK;
    size_t cap = b->cap < 128 ? 128 : b->cap > SIZE_MAX / 2 ? need : b->cap * 2;

    if (cap < need)
        cap = need;
    if (cap > b->max)
        cap = b->max;
    char *ptr = realloc(b->ptr, cap);

    if (!ptr)
        return RC_NOMEM;
    b->ptr = ptr;
    b->cap = cap;
    return RC_OK;
}

enum rc
buf_append(struct buf *b, struct str s)
{
    enum rc rc = buf_reserve(b, s.len);

    if (rc == RC_OK && s.len) {
        memcpy(b->ptr + b->len, s.ptr, s.len);
        b->len += s.len;
    }
    return rc;
}

enum rc
buf_append_byte(struct buf *b, char c)
{
    return buf_append(b, (struct str){&c, 1});
}

enum rc
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return RC_INTERNAL;
    enum rc rc = buf_reserve(b, (size_t)n + 1); /* vsnprintf writes a NUL */

    if (rc != RC_OK)
        return rc;
    va_start(ap, fmt);
    vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return RC_OK;
}

void
buf_free(struct buf *b)
{
    free(b->ptr);
    *b = BUF_INIT(b->max);
}

void
buf_free_wipe(struct buf *b)
{
    if (b->ptr)
        explicit_bzero(b->ptr, b->cap);
    buf_free(b);
}
