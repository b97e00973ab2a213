/* Writing HTML and SVG into a buffer; the first failure sticks and makes the rest do nothing. */
#ifndef AUDIT_INK_INT_H
#define AUDIT_INK_INT_H

#include "base/buf.h"
#include "base/err.h"

struct ink {
    struct buf *out;
    enum rc rc;
};

void ink_raw(struct ink *k, const char *s);                          /* markup */
void ink_put(struct ink *k, const char *fmt, ...) PRINTF_LIKE(2, 3); /* markup, up to 511 bytes */
void ink_text(struct ink *k, struct str s);                          /* text of any content, escaped; also good in a quoted attribute */

#endif
