#include "ink_int.h"

#include <stdarg.h>
#include <stdio.h>

void
ink_raw(struct ink *k, const char *s)
{
    if (k->rc == RC_OK)
        k->rc = buf_append(k->out, str_of(s));
}

void
ink_put(struct ink *k, const char *fmt, ...)
{
    char line[512];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);

    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(line))
        k->rc = k->rc == RC_OK ? RC_INTERNAL : k->rc;
    else if (k->rc == RC_OK)
        k->rc = buf_append(k->out, (struct str){line, (size_t)n});
}

static const char *
entity_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    default:
        return (unsigned char)c >= 0x20 || c == '\n' ? NULL : "\xEF\xBF\xBD"; /* control characters are shown as what they are */
    }
}

void
ink_text(struct ink *k, struct str s)
{
    size_t from = 0;

    for (size_t i = 0; i < s.len && k->rc == RC_OK; i++) {
        const char *as = entity_of(s.ptr[i]);

        if (!as)
            continue;
        k->rc = buf_append(k->out, str_sub(s, from, i));
        ink_raw(k, as);
        from = i + 1;
    }
    if (k->rc == RC_OK)
        k->rc = buf_append(k->out, str_sub(s, from, s.len));
}
