/*
 * Encoded runs. RFC 4648 sections 4, 5 and 8: base64 of either alphabet, and hexadecimal.
 *
 *   GET /files/YWxpY2VAZXhhbXBsZS5vcmc=/x     one run of the alphabet; decoding is tried at its start and after each separator in it
 *       |run..............................|
 */
#include "fold_int.h"

#define RUN_MIN 16
#define HEX_MIN 32
#define TEXT_MIN 12 /* as many bytes must look like text before a run counts as one */

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

static int
hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
looks_like_text(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x80 || (u >= 0x20 && u != 0x7F) || u == '\t' || u == '\n' || u == '\r';
}

/* Both decoders stop early, with 0, when the first bytes are no text: nearly every identifier ends here. */
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
        out[n] = (char)(acc >> bits & 0xFF);
        if (n < TEXT_MIN && !looks_like_text(out[n]))
            return 0;
        n++;
    }
    return n < TEXT_MIN ? 0 : n;
}

static size_t
decode_hex(struct str s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < s.len; i += 2) {
        int hi = hex_of(s.ptr[i]), lo = hex_of(s.ptr[i + 1]);

        if (hi < 0 || lo < 0)
            break;
        out[n] = (char)(hi << 4 | lo);
        if (n < TEXT_MIN && !looks_like_text(out[n]))
            return 0;
        n++;
    }
    return n < HEX_MIN / 2 ? 0 : n;
}

/* Bytes above 0x7F must be UTF-8 where it was decided; behind that anything may follow. A character may stand across the border. */
static bool
is_text(struct str s)
{
    for (size_t n = TEXT_MIN; n < TEXT_MIN + 4 && n <= s.len; n++)
        if (str_utf8_valid((struct str){s.ptr, n}))
            return true;
    return false;
}

/* After these decoding is tried anew; x because of 0x41. */
static bool
is_separator(char c)
{
    return c == '/' || c == '-' || c == '_' || c == '+' || c == 'x' || c == 'X';
}

/* The first place in the run where decoding gives text. */
static bool
decode_run(struct str s, struct decode_run *run, char *out, size_t *len)
{
    for (size_t i = run->start; i + RUN_MIN <= run->end; i++) {
        if (i > run->start && !is_separator(s.ptr[i - 1]))
            continue;
        struct str part = str_sub(s, i, run->end);

        *len = part.len >= HEX_MIN ? decode_hex(part, out) : 0;
        if (*len == 0 || !is_text((struct str){out, *len}))
            *len = decode_base64(part, out);
        if (*len && is_text((struct str){out, *len})) {
            run->start = i;
            return true;
        }
    }
    return false;
}

/* The maximal run of the alphabet around s[at], not before from. */
static struct decode_run
run_around(struct str s, size_t from, size_t at)
{
    struct decode_run run = {at, at + 1};

    while (run.start > from && value_of(s.ptr[run.start - 1]) < 64)
        run.start--;
    while (run.end < s.len && value_of(s.ptr[run.end]) < 64)
        run.end++;
    return run;
}

bool
decode_next(struct str s, size_t from, struct decode_run *run, char *out, size_t *len)
{
    /* Every run of 16 covers one of the probed places. */
    for (size_t at = from + RUN_MIN - 1; at < s.len; at += RUN_MIN) {
        if (value_of(s.ptr[at]) == 64)
            continue;
        struct decode_run found = run_around(s, from, at);

        if (found.end - found.start >= RUN_MIN && decode_run(s, &found, out, len)) {
            while (found.end < s.len && s.ptr[found.end] == '=')
                found.end++;
            *run = found;
            return true;
        }
        at = found.end - 1; /* the loop adds RUN_MIN: the next run starts after this one */
        from = found.end;
    }
    return false;
}

bool
decode_wanted(struct str s)
{
    for (size_t at = RUN_MIN - 1; at < s.len; at += RUN_MIN) {
        if (value_of(s.ptr[at]) == 64)
            continue;
        struct decode_run run = run_around(s, 0, at);

        if (run.end - run.start >= RUN_MIN)
            return true;
    }
    return false;
}
