#include "base/str.h"

int
str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

size_t
str_find(struct str hay, struct str needle)
{
    if (needle.len == 0)
        return 0;
    const char *at = hay.len ? memmem(hay.ptr, hay.len, needle.ptr, needle.len) : NULL;

    return at ? (size_t)(at - hay.ptr) : SIZE_MAX;
}

static bool
blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
    while (s.len && blank(s.ptr[0]))
        s = str_sub(s, 1, s.len);
    while (s.len && blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool
str_to_u64(struct str s, uint64_t *value)
{
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *value = v;
    return true;
}

/* Greedy with one point of return: a later '*' makes an earlier one irrelevant. */
bool
str_glob(struct str pattern, struct str s)
{
    size_t p = 0, i = 0, star = SIZE_MAX, resume = 0;

    while (i < s.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            resume = i;
        } else if (p < pattern.len && pattern.ptr[p] == s.ptr[i]) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

#define DISTANCE_MAX 64

unsigned
str_distance(struct str a, struct str b)
{
    unsigned row[3][DISTANCE_MAX] = {{0}};

    if (a.len >= DISTANCE_MAX || b.len >= DISTANCE_MAX)
        return 99;
    for (unsigned j = 0; j <= b.len; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned best = up[j - 1] + (lower(a.ptr[i - 1]) != lower(b.ptr[j - 1]));

            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]) && up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a.len % 3][b.len];
}

/* Length of the well-formed sequence at p (Unicode 15, table 3-7); 0 when there is none. */
static size_t
utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char lead = p[0], low = 0x80, high = 0xBF;
    size_t n;

    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        n = 2;
    else if (lead >= 0xE0 && lead <= 0xEF)
        n = 3;
    else if (lead >= 0xF0 && lead <= 0xF4)
        n = 4;
    else
        return 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

/* Whether no byte has its high bit: overlapping words, no loop over single bytes. */
static bool
all_ascii(const unsigned char *p, size_t len)
{
    uint64_t high = 0, word;
    uint32_t half[2];

    if (len >= 8) {
        for (size_t i = 0; i + 8 <= len; i += 8) {
            memcpy(&word, p + i, 8);
            high |= word;
        }
        memcpy(&word, p + len - 8, 8);
        return ((high | word) & 0x8080808080808080u) == 0;
    }
    if (len >= 4) {
        memcpy(&half[0], p, 4);
        memcpy(&half[1], p + len - 4, 4);
        return ((half[0] | half[1]) & 0x80808080u) == 0;
    }
    for (size_t i = 0; i < len; i++)
        high |= p[i];
    return high < 0x80;
}

bool
str_utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (all_ascii(p, s.len))
        return true;
    for (size_t i = 0; i < s.len;) {
        size_t n = utf8_sequence(p + i, s.len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static bool
leap_year(unsigned y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

bool
str_to_day(struct str s, uint64_t *seconds)
{
    static const unsigned days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t y, m, d, days = 0;

    if (s.len != 10 || s.ptr[4] != '-' || s.ptr[7] != '-' || !str_to_u64(str_sub(s, 0, 4), &y) || !str_to_u64(str_sub(s, 5, 7), &m) ||
        !str_to_u64(str_sub(s, 8, 10), &d))
        return false;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > days_in[m - 1] + (m == 2 && leap_year((unsigned)y) ? 1U : 0U))
        return false;
    for (unsigned i = 1970; i < y; i++)
        days += leap_year(i) ? 366 : 365;
    for (unsigned i = 1; i < m; i++)
        days += days_in[i - 1] + (i == 2 && leap_year((unsigned)y) ? 1U : 0U);
    *seconds = (days + d - 1) * 86400;
    return true;
}
