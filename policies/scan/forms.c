#include "forms_int.h"

#include "../action/action.h"

struct form
form_of(const struct scan_in *in, struct scan_out *out, bool strict)
{
    return (struct form){.in = in, .out = out, .t = in->text, .strict = strict};
}

bool
word_in(struct str s, const char *const *list)
{
    char first = s.len ? ascii_lower(s.ptr[0]) : 0;

    for (; *list; list++) {
        size_t i = 0;

        if (**list != first)
            continue;
        while (i < s.len && (*list)[i] == ascii_lower(s.ptr[i]) && s.ptr[i])
            i++;
        if (i == s.len && (*list)[i] == 0)
            return true;
    }
    return false;
}

bool
holds_word(struct str s, const char *const *list)
{
    for (; *list; list++)
        for (size_t i = 0; i < s.len; i++)
            if (s.ptr[i] == **list && starts_word(str_sub(s, i, s.len), *list))
                return true;
    return false;
}

/* {id}, {user_id}: a template or what stood for an id. */
static bool
template_name(struct str s)
{
    if (s.len < 3 || s.ptr[0] != '{' || s.ptr[s.len - 1] != '}')
        return false;
    for (size_t i = 1; i + 1 < s.len; i++)
        if (!ascii_alpha(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '.' && s.ptr[i] != '*')
            return false;
    return true;
}

bool
form_replaced(struct str text)
{
    return str_eq(text, STR(ACTION_UNDECIDABLE));
}

bool
form_masked(struct str s)
{
    char first = s.len ? ascii_lower(s.ptr[0]) : 0;

    /* What begins like this begins no placeholder: nearly every value. */
    if (ascii_digit(first) || (ascii_alpha(first) && !byte_in(first, "rmnutfx")))
        return false;
    return s.len == 0 || template_name(s) || str_placeholder(s) || form_replaced(s);
}

enum rc
form_add(const struct form *f, enum scan_kind kind, size_t start, size_t end)
{
    if (start >= end || form_masked(form_str(f, start, end)))
        return RC_OK;
    return scan_add(f->out, kind, start, end);
}

static enum rc
ignore(void *to, enum scan_kind kind, size_t start, size_t end)
{
    (void)to, (void)kind, (void)start, (void)end;
    return RC_OK;
}

bool
form_lexes(const struct form *f, const struct scanner *s, size_t start, size_t end)
{
    struct scan_out nowhere = {.add = ignore, .depth = f->out->depth};

    return scan_inside(s, f->in, &nowhere, start, end) == RC_OK;
}

enum rc
form_inside_as(const struct form *f, const struct scanner *s, struct str key, enum scan_kind kind, size_t start, size_t end)
{
    struct scan_in in = *f->in;
    struct form as = {.in = &in, .out = f->out, .t = f->t};

    in.key = key;
    if (start >= end)
        return RC_OK;
    if (!form_lexes(&as, s, start, end))
        return form_add(f, kind, start, end);
    return scan_inside(s, &in, f->out, start, end);
}

enum rc
form_inside(const struct form *f, const struct scanner *s, enum scan_kind kind, size_t start, size_t end)
{
    return form_inside_as(f, s, f->in->key, kind, start, end);
}

typedef unsigned char sixteen __attribute__((vector_size(16)));

/* Where the sixteen bytes begin in which the first byte of a set of up to four stands. */
static size_t
find_near(const char *p, size_t start, size_t end, const char *set, size_t n)
{
    sixteen none = {0}, a = none + (unsigned char)set[0], b = none + (unsigned char)set[1];
    sixteen c = none + (unsigned char)set[n > 2 ? 2 : 0], d = none + (unsigned char)set[n > 3 ? 3 : 0], v;
    uint64_t hit[2];

    for (; end - start >= sizeof(v); start += sizeof(v)) {
        memcpy(&v, p + start, sizeof(v));
        v = (sixteen)((v == a) | (v == b) | (v == c) | (v == d));
        memcpy(hit, &v, sizeof(v));
        if (hit[0] | hit[1])
            break;
    }
    return start;
}

size_t
form_find(const struct form *f, size_t start, size_t end, const char *set)
{
    const char *at, *p = f->t.ptr;
    uint64_t bits[2] = {0, 0}; /* sets are of ASCII */
    size_t n = 0;

    if (start >= end)
        return start;
    if (set[0] != 0 && set[1] == 0) {
        at = memchr(p + start, set[0], end - start);
        return at ? (size_t)(at - p) : end;
    }
    for (; set[n]; n++)
        bits[(unsigned char)set[n] >> 6 & 1] |= (uint64_t)1 << (set[n] & 63);
    if (n >= 2 && n <= 4)
        start = find_near(p, start, end, set, n);
    for (; start < end; start++) {
        unsigned char c = (unsigned char)p[start];

        if (c < 0x80 && (bits[c >> 6] >> (c & 63) & 1))
            break;
    }
    return start;
}

size_t
form_skip(const struct form *f, size_t start, size_t end, const char *set)
{
    while (start < end && byte_in(f->t.ptr[start], set))
        start++;
    return start;
}

void
form_trim(const struct form *f, size_t *start, size_t *end)
{
    *start = form_skip(f, *start, *end, " \t\r\n");
    while (*end > *start && byte_in(f->t.ptr[*end - 1], " \t\r\n"))
        --*end;
}

/* One round of percent decoding in place; + is a space in the first round only, or an encoded + would become one. */
static size_t
decode_once(char *s, size_t n, bool plus)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++, to++) {
        int high = s[i] == '%' && i + 2 < n ? hex_value(s[i + 1]) : -1, low = high >= 0 ? hex_value(s[i + 2]) : -1;

        s[to] = low >= 0 ? (char)(high << 4 | low) : plus && s[i] == '+' ? ' ' : s[i];
        i += low >= 0 ? 2 : 0;
    }
    return to;
}

struct str
form_decode(struct str s, char buf[NAME_BYTES])
{
    size_t n = s.len < NAME_BYTES ? s.len : NAME_BYTES;
    bool escaped = false;

    for (size_t i = 0; i < n; i++)
        escaped |= s.ptr[i] == '%' || s.ptr[i] == '+';
    if (!escaped)
        return str_sub(s, 0, n);
    if (n)
        memcpy(buf, s.ptr, n);
    n = decode_once(buf, n, true);
    return (struct str){buf, decode_once(buf, n, false)};
}
