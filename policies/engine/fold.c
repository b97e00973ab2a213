#include "fold_int.h"

#include <stdlib.h>

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly digits hexadecimal digits at s[at]. */
static bool
hex_at(struct str s, size_t at, size_t digits, uint32_t *value)
{
    uint32_t v = 0;

    if (s.len < at || s.len - at < digits)
        return false;
    for (size_t i = at; i < at + digits; i++) {
        int h = hex_value(s.ptr[i]);

        if (h < 0)
            return false;
        v = v << 4 | (uint32_t)h;
    }
    *value = v;
    return true;
}

/* One unit of the text at s[0]: a code point, or a byte that is to be taken as it is. */
struct unit {
    size_t len;
    uint32_t value;
    bool byte;  /* value is a raw byte */
    bool folds; /* not what the text itself shows */
};

/*
 * "%C3%A9", "\xc3\xa9": octets, which are those of UTF-8; an octet above 0x7F that is a part of no such sequence stands for itself, as in Python's "\xa0" and in
 * what escape() of old scripts gives. width: of one escape; it ends in the two digits of v.
 */
static struct unit
octets(struct str s, size_t width, uint32_t v)
{
    size_t n = v < 0xC2 ? 1 : v < 0xE0 ? 2 : v < 0xF0 ? 3 : v < 0xF5 ? 4 : 1;
    uint32_t cp = n > 1 ? v & (0xFFu >> (n + 1)) : v, next;

    for (size_t i = 1; i < n; i++) {
        if (s.len < (i + 1) * width || memcmp(s.ptr + i * width, s.ptr, width - 2) != 0 || !hex_at(s, (i + 1) * width - 2, 2, &next) ||
            (next & 0xC0) != 0x80)
            return (struct unit){width, v, false, true};
        cp = cp << 6 | (next & 0x3F);
    }
    return (struct unit){n * width, cp, v < 0x80, true};
}

/* "\u0041", with the second half of a surrogate pair when there is one. */
static struct unit
unicode_escape(struct str s)
{
    uint32_t hi, lo;

    if (!hex_at(s, 2, 4, &hi))
        return (struct unit){1, (unsigned char)s.ptr[0], true, false};
    if (hi >= 0xD800 && hi < 0xDC00 && s.len >= 12 && s.ptr[6] == '\\' && s.ptr[7] == s.ptr[1] && hex_at(s, 8, 4, &lo) && lo >= 0xDC00 && lo < 0xE000)
        return (struct unit){12, 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00), false, true};
    return (struct unit){6, hi, false, true};
}

/* RFC 8259 section 7; \x41 and \' are JavaScript's. */
static struct unit
backslash(struct str s)
{
    static const char from[] = "\"\\/'bfnrt", to[] = "\"\\/'  \n\r\t";
    struct unit plain = {1, '\\', true, false};
    const char *found;
    uint32_t v;

    if (s.len < 2)
        return plain;
    if (s.ptr[1] == 'u')
        return unicode_escape(s);
    if (s.ptr[1] == 'x')
        return hex_at(s, 2, 2, &v) ? octets(s, 4, v) : plain;
    found = s.ptr[1] ? strchr(from, s.ptr[1]) : NULL;
    return found ? (struct unit){2, (unsigned char)to[found - from], true, true} : plain;
}

/* RFC 3986 section 2.1, and the %uXXXX of old scripts. */
static struct unit
percent(struct str s)
{
    uint32_t v;

    if (hex_at(s, 1, 2, &v))
        return octets(s, 3, v);
    if (s.len > 1 && (s.ptr[1] | 0x20) == 'u' && hex_at(s, 2, 4, &v))
        return (struct unit){6, v, false, true};
    return (struct unit){1, '%', true, false};
}

/* "&#64;", "&#x40;", the five names of XML 1.0 section 4.6, and those of HTML for what stands in addresses and numbers. */
static struct unit
ampersand(struct str s)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}, {"&commat;", '@'},
        {"&period;", '.'}, {"&plus;", '+'}, {"&hyphen;", '-'}, {"&dash;", '-'}, {"&lowbar;", '_'}, {"&colon;", ':'}, {"&equals;", '='},
        {"&sol;", '/'}, {"&percnt;", '%'}, {"&num;", '#'}};
    struct unit plain = {1, '&', true, false};
    uint32_t v = 0;
    size_t i = 2;

    if (s.len < 4)
        return plain;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]) && s.ptr[1] != '#'; n++)
        if (names[n].name[1] == s.ptr[1] && str_starts(s, str_of(names[n].name)))
            return (struct unit){strlen(names[n].name), (unsigned char)names[n].c, true, true};
    if (s.ptr[1] != '#')
        return plain;
    bool hex = (s.ptr[2] | 0x20) == 'x';

    for (i += hex; i < s.len && s.ptr[i] != ';'; i++) {
        int h = hex_value(s.ptr[i]);

        if (h < 0 || (!hex && h > 9))
            return plain;
        v = v * (hex ? 16 : 10) + (uint32_t)h;
        if (v > 0x10FFFF)
            return plain;
    }
    if (i == (size_t)2 + hex || i >= s.len || s.ptr[i] != ';')
        return plain;
    return (struct unit){i + 1, v, false, true};
}

/* A UTF-8 sequence; bytes that are none stand for themselves. */
static struct unit
sequence(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t n = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    uint32_t cp = n ? p[0] & (0xFFu >> (n + 1)) : 0;

    if (n == 0 || n > s.len)
        return (struct unit){1, p[0], true, false};
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return (struct unit){1, p[0], true, false};
        cp = cp << 6 | (p[i] & 0x3F);
    }
    return (struct unit){n, cp, false, false};
}

static struct unit
next_unit(struct str s)
{
    switch (s.ptr[0]) {
    case '%':
        return percent(s);
    case '\\':
        return backslash(s);
    case '&':
        return ampersand(s);
    default:
        return (unsigned char)s.ptr[0] < 0x80 ? (struct unit){1, (unsigned char)s.ptr[0], true, false} : sequence(s);
    }
}

static size_t
utf8_write(uint32_t cp, char *out)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xF0) | cp);
    return n;
}

static enum rc
view_reserve(struct fold_view *v, size_t len)
{
    if (len + 1 <= v->cap)
        return RC_OK;
    size_t cap = v->cap ? v->cap : 4096;

    while (cap < len + 1)
        cap *= 2;
    char *bytes = realloc(v->bytes, cap);

    if (!bytes)
        return RC_NOMEM;
    v->bytes = bytes;
    uint32_t *map = realloc(v->map, cap * sizeof(*map));

    if (!map)
        return RC_NOMEM;
    v->map = map;
    v->cap = cap;
    return RC_OK;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a unit becomes: FOLD_DROP, a code point, or a byte. */
static uint32_t
unit_folded(const struct unit *u, const struct fold_view *out)
{
    if (u->value == 0)
        return FOLD_DROP;
    if (u->byte)
        return u->value;
    if (u->value >= 0x0300 && u->value <= 0x036F) /* an accent on a digit hides the digit, on a letter it belongs there */
        return out->len && is_digit(out->bytes[out->len - 1]) ? FOLD_DROP : u->value;
    return fold_point(u->value);
}

/*
 * a=b+c, and GB82+WEST+1234: whether a + is how a form writes a space. Right behind the = it is itself, of a telephone number.
 */
struct form {
    bool pair;   /* a = stands before in this word */
    bool groups; /* this word is groups with a + between them */
    size_t word; /* where the word ends that was looked at last */
    char last;
};

static bool
word_ends(char c)
{
    return (unsigned char)c <= ' ' || c == '"' || c == '<' || c == '>';
}

static void
form_step(struct form *f, char c)
{
    if (c == '=')
        f->pair = true;
    else if (word_ends(c))
        f->pair = f->groups = false;
    f->last = c;
}

#define GROUP_MAX 8

/*
 * Whether spaces are + in the word around ${at}. Base64 has a + too, but no percent signs; without those it takes two of them, and a short group
 * of capitals and digits between them or at the end.
 */
static bool
word_of_groups(struct str s, size_t at, size_t *end)
{
    size_t pluses = 0, group = at;
    bool plain = false, digit = false, found = false, escape = false;

    for (size_t i = at; i > 0 && !escape && !word_ends(s.ptr[i - 1]); i--)
        escape = s.ptr[i - 1] == '%';
    for (*end = at; *end < s.len && !word_ends(s.ptr[*end]); (*end)++) {
        char c = s.ptr[*end];

        if (c == '+') {
            found |= pluses && plain && digit && *end - group <= GROUP_MAX;
            pluses++;
            group = *end + 1;
            plain = true;
            digit = false;
            continue;
        }
        escape |= c == '%';
        digit |= is_digit(c);
        plain = plain && (is_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.');
    }
    return escape || (pluses > 1 && (found || (plain && digit && *end - group <= GROUP_MAX)));
}

static bool
form_space(struct form *f, struct str s, size_t at)
{
    if (s.ptr[at] != '+')
        return false;
    if (f->pair && f->last != '=')
        return true;
    if (at >= f->word)
        f->groups = word_of_groups(s, at, &f->word);
    return f->groups && (is_digit(f->last) || ((f->last | 0x20) >= 'a' && (f->last | 0x20) <= 'z') || memchr("-_.~)%", f->last, 6));
}

/*
 * What stands in JSON was written before JSON was: % and & wait for the next pass, or a token that holds them would be seen in no form of its own. "C:\users" is no
 * escape, and would keep them waiting for ever.
 */
static bool
is_json(struct str s)
{
    uint32_t v;

    for (size_t at = 0, next; (next = str_find(str_sub(s, at, s.len), STR("\\u"))) != SIZE_MAX; at += next + 2)
        if (hex_at(s, at + next + 2, 4, &v))
            return true;
    return false;
}

/* Bytes at which something to fold can start. */
static bool
may_fold(unsigned char c)
{
    return c >= 0x80 || c == '%' || c == '\\' || c == '&' || c == 0;
}

enum rc
fold_pass(struct str in, const uint32_t *map, bool form, struct fold_view *out, bool *changed)
{
    struct form pair = {0};
    bool any = false, json = is_json(in);

    if (in.len > FOLD_TEXT_MAX)
        return RC_LIMIT;
    enum rc rc = view_reserve(out, in.len);

    if (rc != RC_OK)
        return rc;
    out->len = 0;
    for (size_t i = 0; i < in.len;) {
        if (!form && !may_fold((unsigned char)in.ptr[i])) {
            out->bytes[out->len] = in.ptr[i];
            out->map[out->len++] = map ? map[i] : (uint32_t)i;
            i++;
            continue;
        }
        struct unit u = next_unit(str_sub(in, i, in.len));

        if (json && (in.ptr[i] == '%' || in.ptr[i] == '&'))
            u = (struct unit){1, (unsigned char)in.ptr[i], true, false};
        if (form && form_space(&pair, in, i))
            u = (struct unit){1, ' ', true, true};
        form_step(&pair, in.ptr[i]);
        uint32_t folded = unit_folded(&u, out), from = map ? map[i] : (uint32_t)i;
        char bytes[4];
        size_t n = 0;

        if (folded != FOLD_DROP && u.byte)
            bytes[n++] = (char)folded;
        else if (folded != FOLD_DROP)
            n = utf8_write(folded, bytes);
        any |= u.folds || folded != u.value || (!u.byte && n != u.len); /* longer than need be: no UTF-8, but read as such by some */
        for (size_t k = 0; k < n; k++) {
            out->bytes[out->len] = bytes[k];
            out->map[out->len++] = from;
        }
        i += u.len;
    }
    out->map[out->len] = map ? map[in.len] : (uint32_t)in.len;
    *changed = any;
    return RC_OK;
}

static size_t
first_fold_slow(struct str s, size_t i)
{
    while (i < s.len && !may_fold((unsigned char)s.ptr[i]))
        i++;
    return i;
}

#if defined(__SSE2__)
#include <emmintrin.h>

static unsigned
fold_mask(__m128i v)
{
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('%')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));

    hit = _mm_or_si128(hit, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('&')), _mm_cmpeq_epi8(v, _mm_setzero_si128())));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(hit, v)); /* the sign of a byte above 0x7F is a hit of its own */
}

static __m128i
load16(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static __m128i
load8(const char *p)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)p);
}

/* Short texts are read twice over rather than byte by byte. */
static size_t
first_fold(struct str s)
{
    size_t i = 0;

    if (s.len < 8)
        return first_fold_slow(s, 0);
    if (s.len < 16)
        return fold_mask(_mm_unpacklo_epi64(load8(s.ptr), load8(s.ptr + s.len - 8))) ? first_fold_slow(s, 0) : s.len;
    for (; i + 16 < s.len; i += 16) {
        unsigned mask = fold_mask(load16(s.ptr + i));

        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    unsigned mask = fold_mask(load16(s.ptr + s.len - 16));

    return mask ? s.len - 16 + (size_t)__builtin_ctz(mask) : s.len;
}
#else
static size_t
first_fold(struct str s)
{
    return first_fold_slow(s, 0);
}
#endif

bool
fold_wanted(struct str s)
{
    for (size_t i = first_fold(s); i < s.len; i++) {
        if ((unsigned char)s.ptr[i] >= 0x80 || s.ptr[i] == 0)
            return true;
        if (may_fold((unsigned char)s.ptr[i]) && next_unit(str_sub(s, i, s.len)).folds)
            return true;
    }
    return false;
}

bool
fold_form_wanted(struct str s)
{
    struct form pair = {0};

    if (s.len == 0 || !memchr(s.ptr, '+', s.len))
        return false;
    for (size_t i = 0; i < s.len; form_step(&pair, s.ptr[i]), i++)
        if (form_space(&pair, s, i))
            return true;
    return false;
}

bool
fold_hides(struct str s)
{
    for (size_t i = first_fold(s); i < s.len; i++)
        if ((s.ptr[i] == '%' || s.ptr[i] == '\\' || s.ptr[i] == '&') && next_unit(str_sub(s, i, s.len)).len > 2)
            return true;
    return false;
}

void
fold_free(struct fold_view *v)
{
    free(v->bytes);
    free(v->map);
    *v = (struct fold_view){0};
}
