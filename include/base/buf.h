/**
 * Growable bytes, born with a maximum.
 *
 *   ptr [ 0 .. len ) written   [ len .. cap ) free     len <= cap <= max
 *
 * A zeroed struct with a max is a valid empty buffer. The owner calls buf_free.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "base/rc.h"
#include "base/str.h"

struct buf {
    char *ptr;
    size_t len, cap, max;
};

#define BUF_INIT(max_bytes) ((struct buf){NULL, 0, 0, (max_bytes)})

/**
 * buf_reserve(b, extra):
 * Make room for ${extra} more bytes.
 * Returns: RC_OK; RC_TOO_LARGE over max; RC_NOMEM. The contents are unchanged in every case.
 */
enum rc buf_reserve(struct buf *b, size_t extra) MUST_USE;
enum rc buf_append(struct buf *b, struct str s) MUST_USE;
enum rc buf_append_byte(struct buf *b, char c) MUST_USE;

/* Append formatted text; same results as buf_append. */
enum rc buf_printf(struct buf *b, const char *fmt, ...) MUST_USE PRINTF_LIKE(2, 3);

static inline struct str
buf_str(const struct buf *b)
{
    return (struct str){b->ptr, b->len};
}

/* Forget the contents, keep the memory. */
static inline void
buf_clear(struct buf *b)
{
    b->len = 0;
}

/* Release the memory; the buffer is empty and usable again. wipe overwrites it first. */
void buf_free(struct buf *b);
void buf_free_wipe(struct buf *b);

#endif
