/*
 * Encoded runs. RFC 4648 sections 4, 5 and 8: base64 of either alphabet, and hexadecimal.
 *
 *   GET /files/YWxpY2VAZXhhbXBsZS5vcmc=/x     one run of the alphabet; decoding is tried at its start and after each separator in it
 *       |run..............................|
 */
#include "fold_int.h"

#define RUN_MIN DECODE_RUN_MIN
#define HEX_MIN 16
#define TEXT_MIN 12     /* as many bytes must look like text before a run counts as one, or all when there are fewer */
#define BASE64_SHORT 14 /* characters of a run that is filled up to 16 with = */

/* 0..63: value of a base64 character; 64: none. */
static const uint8_t base64_values[256] = {
#define N4 64, 64, 64, 64
#define N16 N4, N4, N4, N4
    N16,
    N16,
    N4,
    N4,
    64,
    64,
    64,
    62,
    64,
    62,
    64,
    63,
    52,
    53,
    54,
    55,
    56,
    57,
    58,
    59,
    60,
    61,
    64,
    64,
    N4,
    64,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    64,
    64,
    64,
    64,
    63,
    64,
    26,
    27,
    28,
    29,
    30,
    31,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    42,
    43,
    44,
    45,
    46,
    47,
    48,
    49,
    50,
    51,
    64,
    64,
    64,
    64,
    64,
    N16,
    N16,
    N16,
    N16,
    N16,
    N16,
    N16,
    N16,
};

static unsigned
value_of(char c)
{
    return base64_values[(unsigned char)c];
}

static bool
looks_like_text(unsigned c)
{
    return (c >= 0x20 && c != 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

/* ---- runs ---- */

#if defined(__SSE2__)
#include <emmintrin.h>

/* Bytes of 16 that are outside of the alphabet. Signed comparisons after a shift of the range to the bottom do for unsigned ones. */
static unsigned
outside(const char *p)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i letters = _mm_add_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8((char)(128 - 'a')));
    const __m128i digits = _mm_add_epi8(v, _mm_set1_epi8((char)(128 - '0')));
    __m128i in = _mm_or_si128(_mm_cmplt_epi8(letters, _mm_set1_epi8(-128 + 26)), _mm_cmplt_epi8(digits, _mm_set1_epi8(-128 + 10)));

    in = _mm_or_si128(in, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('-')), _mm_cmpeq_epi8(v, _mm_set1_epi8('/'))));
    in = _mm_or_si128(in, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('_')), _mm_cmpeq_epi8(v, _mm_set1_epi8('+'))));
    in = _mm_or_si128(in, _mm_cmpeq_epi8(v, _mm_set1_epi8('=')));
    return (unsigned)_mm_movemask_epi8(in) ^ 0xFFFF;
}
#else
static unsigned
outside(const char *p)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < 16; i++)
        mask |= (value_of(p[i]) == 64 && p[i] != '=' ? 1u : 0u) << i;
    return mask;
}
#endif

/* The next maximal run of at least RUN_MIN characters of the alphabet, = among them; shorter ones lie inside of one block, or of two. */
static bool
next_run(struct str s, size_t from, struct decode_run *run)
{
    size_t start = from, at = from;

    for (; at + 16 <= s.len; at += 16) {
        unsigned mask = outside(s.ptr + at);

        if (mask == 0)
            continue;
        size_t end = at + (size_t)__builtin_ctz(mask);

        if (end - start >= RUN_MIN) {
            *run = (struct decode_run){start, end};
            return true;
        }
        start = at + 32 - (size_t)__builtin_clz(mask);
    }
    if (at < s.len && s.len >= 16) {
        /* The rest, seen in the last 16 bytes; what is not there counts as outside. */
        unsigned mask = outside(s.ptr + s.len - 16) >> (16 - (s.len - at)) | ~0u << (s.len - at);
        size_t end = at + (size_t)__builtin_ctz(mask);

        if (end - start < RUN_MIN)
            return false; /* another one would have to lie in fewer than 16 bytes */
        at = end;
    }
    *run = (struct decode_run){start, at};
    return at >= start + RUN_MIN;
}

/* ---- decoding ---- */

/* Bytes above 0x7F must be UTF-8; the last character may go on behind them. */
static bool
is_text(const char *first, size_t count)
{
    for (size_t n = count; n + 4 > count && n > 0; n--)
        if ((n == count || (unsigned char)first[n] >= 0xC2) && str_utf8_valid((struct str){first, n}))
            return true;
    return false;
}

static size_t
decode_base64(struct str s, char *out)
{
    size_t n = 0;
    uint32_t acc = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < s.len; i++) {
        acc = acc << 6 | value_of(s.ptr[i]);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        out[n++] = (char)(acc >> bits & 0xFF);
    }
    return n;
}

/* Characters before the = that ends a value, or all. */
static size_t
base64_len(struct str s)
{
    size_t n = 0;

    while (n < s.len && s.ptr[n] != '=')
        n++;
    return n;
}

/*
 * Whether a text may go on with this byte, where so many bytes of a character are still to come: most of what str_utf8_valid finds out later. Nearly every
 * identifier ends at the second byte or the third.
 */
static inline bool
goes_on(unsigned c, unsigned *to_come)
{
    if (*to_come) {
        --*to_come;
        return c >= 0x80 && c < 0xC0;
    }
    *to_come = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    return looks_like_text(c) && (c < 0x80 || c >= 0xC2);
}

/* Whether the first 16 characters decode to text: nearly every identifier ends in the first group. What follows may be anything. */
static bool
base64_begins(struct str s)
{
    char first[TEXT_MIN];
    unsigned a = value_of(s.ptr[0]), b = value_of(s.ptr[1]), to_come = 0;

    if ((a | b) & 64 || !goes_on(a << 2 | b >> 4, &to_come))
        return false;
    unsigned c = value_of(s.ptr[2]), d = value_of(s.ptr[3]);

    if ((c | d) & 64 || !goes_on((b << 4 & 0xFF) | c >> 2, &to_come) || !goes_on((c << 6 & 0xFF) | d, &to_come))
        return false;
    struct str head = str_sub(s, 0, s.len < 16 ? s.len : 16);
    size_t n = base64_len(head);

    if (n < BASE64_SHORT)
        return false;
    n = decode_base64(str_sub(head, 0, n), first);
    for (size_t i = 3; i < n; i++)
        if (!goes_on((unsigned char)first[i], &to_come))
            return false;
    return is_text(first, n);
}

/* Value of a hexadecimal digit; -1: none. */
static const int16_t hex_values[256] = {
#define H4 -1, -1, -1, -1
#define H16 H4, H4, H4, H4
    H16,
    H16,
    H16,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    -1,
    -1,
    H4,
    -1,
    10,
    11,
    12,
    13,
    14,
    15,
    -1,
    H4,
    H4,
    H16,
    -1,
    10,
    11,
    12,
    13,
    14,
    15,
    -1,
    H4,
    H4,
    H16,
    H16,
    H16,
    H16,
    H16,
    H16,
    H16,
    H16,
    H16,
};

/* The byte that two characters stand for; negative: none. */
static inline int
hex_byte(const char *p)
{
    int hi = hex_values[(unsigned char)p[0]], lo = hex_values[(unsigned char)p[1]];

    return (hi | lo) < 0 ? -1 : hi << 4 | lo;
}

static bool
hex_begins(struct str s)
{
    char first[TEXT_MIN];
    unsigned to_come = 0;
    size_t n = 0;

    for (; n < TEXT_MIN && 2 * n + 1 < s.len; n++) {
        int byte = hex_byte(s.ptr + 2 * n);

        if (byte < 0 && n >= HEX_MIN / 2)
            break;
        if (byte < 0 || !goes_on((unsigned)byte, &to_come))
            return false;
        first[n] = (char)byte;
    }
    return is_text(first, n);
}

static size_t
decode_hex(struct str s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < s.len; i += 2) {
        int byte = hex_byte(s.ptr + i);

        if (byte < 0)
            break;
        out[n++] = (char)byte;
    }
    return n < HEX_MIN / 2 ? 0 : n;
}

#define LINE_MIN 60 /* RFC 2045 section 6.8: lines of up to 76 characters; RFC 7468 section 2: of 64 */

/* What goes on in the next line, when this one, of ${width} characters, ends at s[at]: where that begins. 0: nothing. */
static size_t
next_line(struct str s, size_t at, size_t width)
{
    if (width < LINE_MIN || width % 4 != 0)
        return 0;
    if (at < s.len && s.ptr[at] == '\r')
        at++;
    if (at + 1 >= s.len || s.ptr[at] != '\n' || value_of(s.ptr[at + 1]) & 64)
        return 0;
    return at + 1;
}

/* A value that begins at s[at], in as many lines as it has. Returns its end; len: of what was decoded. */
static size_t
decode_lines(struct str s, size_t at, char *out, size_t *len)
{
    size_t width = 0, next = at, n = 0;

    *len = 0;
    do {
        for (n = 0; next + n < s.len && !(value_of(s.ptr[next + n]) & 64) && (width == 0 || n <= width);)
            n++;
        if (width && n > width)
            break; /* no longer one of the same kind */
        *len += decode_base64(str_sub(s, next, next + n), out + *len);
        at = next + n;
        width = width ? width : n;
        next = n == width ? next_line(s, at, width) : 0;
    } while (next);
    while (at < s.len && s.ptr[at] == '=')
        at++;
    return at;
}

/* After these decoding is tried anew; x because of 0x41. */
static const bool separator[256] = {['/'] = true, ['-'] = true, ['_'] = true, ['+'] = true, ['='] = true, ['x'] = true, ['X'] = true};

/* The first place in the run where decoding gives text. */
static bool
decode_run(struct str s, struct decode_run *run, char *out, size_t *len)
{
    for (size_t i = run->start; i + RUN_MIN <= run->end; i++) {
        if (i > run->start && !separator[(unsigned char)s.ptr[i - 1]])
            continue;
        struct str part = str_sub(s, i, run->end);

        *len = hex_begins(part) ? decode_hex(part, out) : 0;
        if (*len == 0 && base64_begins(part))
            run->end = decode_lines(s, i, out, len);
        if (*len) {
            run->start = i;
            return true;
        }
    }
    return false;
}

bool
decode_next(struct str s, size_t from, struct decode_run *run, char *out, size_t *len)
{
    struct decode_run found;

    while (next_run(s, from, &found)) {
        from = found.end;
        if (!decode_run(s, &found, out, len))
            continue;
        *run = found;
        return true;
    }
    return false;
}
