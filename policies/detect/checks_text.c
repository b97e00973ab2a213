#include <math.h>

#include "checks_int.h"

unsigned
base36_value(char c)
{
    if (ascii_digit(c))
        return (unsigned)(c - '0');
    return ascii_alpha(c) ? (unsigned)(ascii_lower(c) - 'a') + 10 : 36;
}

int
hex_value(char c)
{
    unsigned v = base36_value(c);

    return v < 16 ? (int)v : -1;
}

struct str
match_str(const struct match *m)
{
    return str_sub(m->text, m->start, m->end);
}

struct str
match_group(const struct match *m, unsigned n)
{
    size_t from = m->group[2 * (n - 1)], to = m->group[2 * (n - 1) + 1];

    return from == SIZE_MAX ? (struct str){NULL, 0} : str_sub(m->text, from, to);
}

bool
match_narrow(struct match *m, unsigned n)
{
    if (match_group(m, n).len == 0)
        return false;
    m->start = m->group[2 * (n - 1)];
    m->end = m->group[2 * (n - 1) + 1];
    return true;
}

bool
match_first_group(struct match *m)
{
    return match_narrow(m, 1);
}

/* The word of digits before the space before the match is a number, and not the end of a name: worker-3 has one. */
static bool
number_before(const struct match *m)
{
    size_t k = 2;

    if (match_before(m, 1) != ' ' || !ascii_digit(match_before(m, 2)))
        return false;
    while (ascii_digit(match_before(m, k)))
        k++;
    return !ascii_alpha(match_before(m, k)) && !(strchr("-_#", match_before(m, k)) && ascii_alpha(match_before(m, k + 1)));
}

bool
match_in_row(const struct match *m)
{
    struct str s = match_str(m);

    if (str_find(s, STR(" ")) == SIZE_MAX)
        return false;
    return number_before(m) || (match_after(m, 1) == ' ' && ascii_digit(match_after(m, 2)));
}

bool
match_vouched(struct match *m)
{
    return match_context(m) || (match_formatted(m) && !match_in_row(m));
}

bool
match_not_placeholder(struct match *m)
{
    return !str_placeholder(str_trim(match_str(m)));
}

bool
match_both_cases(struct match *m)
{
    bool upper = false, lower = false;

    for (size_t i = m->start; i < m->end; i++) {
        upper |= m->text.ptr[i] >= 'A' && m->text.ptr[i] <= 'Z';
        lower |= m->text.ptr[i] >= 'a' && m->text.ptr[i] <= 'z';
    }
    return upper && lower;
}

bool
match_mixed(struct match *m)
{
    bool upper = false, lower = false, digit = false;

    for (size_t i = m->start; i < m->end; i++) {
        char c = m->text.ptr[i];

        upper |= c >= 'A' && c <= 'Z';
        lower |= c >= 'a' && c <= 'z';
        digit |= ascii_digit(c);
    }
    return upper && lower && digit;
}

struct str
match_word_before(const struct match *m)
{
    size_t end = m->start;

    while (end > 0 && m->text.ptr[end - 1] != 0 && strchr(" \t:=\"'(#", m->text.ptr[end - 1]))
        end--;
    size_t from = end;

    while (from > 0 && end - from < 32 && (ascii_alnum(m->text.ptr[from - 1]) || m->text.ptr[from - 1] == '_' || m->text.ptr[from - 1] == '-'))
        from--;
    return str_sub(m->text, from, end);
}

char
match_before(const struct match *m, size_t k)
{
    return k <= m->start ? m->text.ptr[m->start - k] : 0;
}

char
match_after(const struct match *m, size_t k)
{
    return m->end + k <= m->text.len ? m->text.ptr[m->end + k - 1] : 0;
}

size_t
str_digits(struct str s, uint8_t *digits, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_digit(s.ptr[i]))
            continue;
        if (n == max)
            return 0;
        digits[n++] = (uint8_t)(s.ptr[i] - '0');
    }
    return n;
}

size_t
match_digits(const struct match *m, uint8_t *digits, size_t max)
{
    return str_digits(match_str(m), digits, max);
}

bool
match_formatted(const struct match *m)
{
    for (size_t i = m->start; i < m->end; i++)
        if (!ascii_digit(m->text.ptr[i]))
            return true;
    return false;
}

/* Whether 36 bytes at ${at} are 8-4-4-4-12 hexadecimal digits. */
static bool
uuid_at(struct str s, size_t at)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? s.ptr[at + i] != '-' : hex_value(s.ptr[at + i]) < 0)
            return false;
    }
    return true;
}

bool
match_in_uuid(const struct match *m)
{
    size_t from = m->start > 35 ? m->start - 35 : 0;

    if (m->end - m->start > 36)
        return false;
    for (size_t at = from; at <= m->start && at + 36 <= m->text.len; at++)
        if (at + 36 >= m->end && uuid_at(m->text, at))
            return true;
    return false;
}

uint64_t
digits_value(const uint8_t *d, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v * 10 + d[i];
    return v;
}

bool
digits_all_equal(const uint8_t *d, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (d[i] != d[0])
            return false;
    return true;
}

static inline char
small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool
str_in_list(struct str s, const char *const *list)
{
    /* The first letters tell nearly all words of a list apart. */
    char first = s.len ? small(s.ptr[0]) : '\0', second = s.len > 1 ? small(s.ptr[1]) : '\0';

    for (; *list; list++) {
        const char *word = *list;

        if (small(word[0]) != first || (first && small(word[1]) != second))
            continue;
        if (str_eq_nocase(s, str_of(word)))
            return true;
    }
    return false;
}

size_t
str_find_nocase(struct str hay, struct str needle)
{
    char first = needle.len ? small(needle.ptr[0]) : '\0';

    for (size_t i = 0; i + needle.len <= hay.len; i++)
        if ((needle.len == 0 || small(hay.ptr[i]) == first) && str_eq_nocase(str_sub(hay, i, i + needle.len), needle))
            return i;
    return SIZE_MAX;
}

bool
date_valid(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year < 100 ? year % 4 == 0 : year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return day <= (unsigned)days[month - 1] + (month == 2 && leap);
}

bool
date_ddmmyy(const uint8_t *d)
{
    return date_valid(d[4] * 10u + d[5], d[2] * 10u + d[3], d[0] * 10u + d[1]);
}

bool
date_yymmdd(const uint8_t *d)
{
    return date_valid(d[0] * 10u + d[1], d[2] * 10u + d[3], d[4] * 10u + d[5]);
}

bool
digits_epoch(const uint8_t *d, size_t n)
{
    return (n == 10 || n == 13 || n == 16 || n == 19) && d[0] == 1;
}

static bool
all_of(struct str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(set, s.ptr[i]) || s.ptr[i] == 0)
            return false;
    return true;
}

/* [X], <X>, (X): what stands in place of a value is written in capitals. */
static bool
bracketed_name(struct str s)
{
    if (s.len < 3)
        return false;
    char open = s.ptr[0], close = s.ptr[s.len - 1];

    if (!((open == '[' && close == ']') || (open == '<' && close == '>') || (open == '{' && close == '}')))
        return false;
    return all_of(str_sub(s, 1, s.len - 1), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-. ");
}

bool
str_placeholder(struct str s)
{
    static const char *const words[] = {
        "redacted", "[redacted]", "<redacted>", "masked", "null", "nil", "none", "undefined", "n/a", "true", "false", "%s", "%v", "%d", "?", NULL};

    if (s.len == 0 || str_in_list(s, words) || bracketed_name(s))
        return true;
    if (all_of(s, "*") || (s.len >= 3 && all_of(s, "xX")) || all_of(s, ".") || all_of(s, "-") || all_of(s, "#"))
        return true;
    return (str_starts(s, STR("${")) && str_find(s, STR("}")) == s.len - 1) || (str_starts(s, STR("{{")) && str_ends(s, STR("}}"))) ||
           str_eq(s, STR("REDACTED:REDACTED"));
}

#define ROUNDING 1e-12 /* 24 bytes, three of each, are 3 bits and not less */

/* What the sum of n * log2(n) over all bytes grows by when one byte is met once more. */
static double
growth(unsigned before)
{
    static const double small[] = {0.0, 2.0, 2.7548875021634682, 3.2451124978365318, 3.6096404744368105, 3.900134529890126, 4.141709450076291,
        4.348515545596772, 4.529325012980809, 4.689955935892815, 4.834466856136643, 4.965802203643605, 5.086166327180322, 5.1972525729722605,
        5.300390025321327, 5.396641065872217};
    double n = before;

    return before < sizeof(small) / sizeof(small[0]) ? small[before] : (n + 1) * log2(n + 1) - n * log2(n);
}

double
str_entropy(struct str s)
{
    uint8_t count[256] = {0}; /* that after byte 256 is never read */
    size_t n = s.len < 256 ? s.len : 256, i = 0;
    double even = 0, odd = 0; /* two sums need not wait for each other */

    for (; i + 1 < n; i += 2) {
        even += growth(count[(unsigned char)s.ptr[i]]++);
        odd += growth(count[(unsigned char)s.ptr[i + 1]]++);
    }
    if (i < n)
        even += growth(count[(unsigned char)s.ptr[i]]);
    return n ? log2((double)n) - (even + odd) / (double)n + ROUNDING : 0;
}

bool
match_shouted(const struct match *m)
{
    for (size_t i = m->start; i < m->end; i++)
        if (m->text.ptr[i] >= 'a' && m->text.ptr[i] <= 'z')
            return false;
    return true;
}

bool
str_names_version(struct str s)
{
    return str_find_nocase(s, STR("version")) != SIZE_MAX || str_find_nocase(s, STR("user_agent")) != SIZE_MAX ||
           str_find_nocase(s, STR("user-agent")) != SIZE_MAX;
}
