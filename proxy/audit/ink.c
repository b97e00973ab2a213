#include "ink_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"

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

/* What stands for the beginning of s, and how much of it; NULL: it is written as it is. Control characters are shown as what they are. */
static const char *
entity_of(struct str s, size_t *len)
{
    *len = 1;
    switch (s.ptr[0]) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\n':
        return NULL;
    default:
        *len = json_obeyed(s);
        return *len ? "\xEF\xBF\xBD" : NULL;
    }
}

void
ink_text(struct ink *k, struct str s)
{
    size_t from = 0, len;

    for (size_t i = 0; i < s.len && k->rc == RC_OK; i++) {
        const char *as = entity_of(str_sub(s, i, s.len), &len);

        if (!as)
            continue;
        k->rc = buf_append(k->out, str_sub(s, from, i));
        ink_raw(k, as);
        from = i + len;
        i = from - 1;
    }
    if (k->rc == RC_OK)
        k->rc = buf_append(k->out, str_sub(s, from, s.len));
}
