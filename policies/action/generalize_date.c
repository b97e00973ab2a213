#include <stdio.h>

#include "generalize_int.h"

/*
 * Dates as people and programs write them:
 *   1987-03-14  1987/3/14  1987.03.14  19870314  1987-03  1987, each with a time behind it or not
 *   14.03.1987  14-03-1987  3/14/1987  3/14/87  14 Mar 1987  14 March 1987  March 14, 1987  Mar 1987
 * Of day and month that could be either only the year is taken. Two digits of a year are 1930 to 2029.
 */
struct date {
    unsigned year, month, day; /* 0: not known */
};

struct reader {
    struct str s;
    size_t at;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
    return (char)(c | 0x20) >= 'a' && (char)(c | 0x20) <= 'z';
}

static bool
more(const struct reader *r)
{
    return r->at < r->s.len;
}

/* A run of digits; count is 0 when there is none. */
static unsigned
number(struct reader *r, size_t *count)
{
    unsigned v = 0;
    size_t start = r->at;

    for (; more(r) && is_digit(r->s.ptr[r->at]) && r->at - start < 9; r->at++)
        v = v * 10 + (unsigned)(r->s.ptr[r->at] - '0');
    *count = r->at - start;
    return v;
}

/* The month that a word names, in English; 0: none. */
static unsigned
month_word(struct reader *r)
{
    static const char *const names[] = {
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"};
    size_t start = r->at;

    while (more(r) && is_letter(r->s.ptr[r->at]))
        r->at++;
    struct str word = str_sub(r->s, start, r->at);

    for (unsigned i = 0; i < 12 && word.len >= 3; i++) {
        struct str name = str_of(names[i]);

        if (word.len <= name.len && str_eq_nocase(word, str_sub(name, 0, word.len)))
            return i + 1;
    }
    return 0;
}

/* Blanks, commas, points and ordinal endings between the words of a date. No month begins with such letters. */
static void
gap(struct reader *r)
{
    static const char *const endings[] = {"st", "nd", "rd", "th", "of"};

    while (more(r)) {
        size_t step = r->s.ptr[r->at] != '\0' && strchr(" ,.-/", r->s.ptr[r->at]) ? 1 : 0;

        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && step == 0; i++)
            step = r->at > 0 && str_starts(str_sub(r->s, r->at, r->s.len), str_of(endings[i])) ? 2 : 0;
        if (step == 0)
            return;
        r->at += step;
    }
}

static unsigned
whole_year(unsigned year, size_t digits)
{
    return digits == 2 ? year + (year < 30 ? 2000 : 1900) : year;
}

/* A time of day or a zone may follow; anything else makes it another thing. */
static bool
ends_well(const struct reader *r)
{
    if (!more(r))
        return true;
    if (r->s.ptr[r->at] != 'T' && r->s.ptr[r->at] != 't' && r->s.ptr[r->at] != ' ' && r->s.ptr[r->at] != 'Z')
        return false;
    for (size_t i = r->at + 1; i < r->s.len; i++)
        if (!is_digit(r->s.ptr[i]) && (r->s.ptr[i] == '\0' || !strchr(":.,+-ZzTt UCGMAP", r->s.ptr[i])))
            return false;
    return true;
}

/* Year first: "1987", "1987-03", "1987-03-14", "19870314". */
static bool
read_iso(struct reader *r, unsigned first, size_t digits, struct date *d)
{
    size_t n = 0;

    if (digits == 8) {
        *d = (struct date){first / 10000, first / 100 % 100, first % 100};
        return true;
    }
    *d = (struct date){first, 0, 0};
    if (!more(r) || !strchr("-/.", r->s.ptr[r->at]))
        return true;
    char sep = r->s.ptr[r->at++];

    d->month = number(r, &n);
    if (n == 0 || n > 2)
        return false;
    if (!more(r) || r->s.ptr[r->at] != sep)
        return true;
    r->at++;
    d->day = number(r, &n);
    return n == 1 || n == 2;
}

/* Day and month in either order, then the year. */
static bool
read_numeric(struct reader *r, unsigned first, struct date *d)
{
    char sep = r->s.ptr[r->at++];
    size_t n = 0, year_digits = 0;
    unsigned second = number(r, &n);

    if (n == 0 || n > 2 || !more(r) || r->s.ptr[r->at] != sep)
        return false;
    r->at++;
    unsigned year = number(r, &year_digits);

    if (year_digits != 2 && year_digits != 4)
        return false;
    *d = (struct date){.year = whole_year(year, year_digits)};
    if (first > 12 || first == second || sep == '.') /* points are written where the day comes first */
        *d = (struct date){d->year, second, first};
    else if (second > 12)
        *d = (struct date){d->year, first, second};
    else
        return first >= 1 && second >= 1; /* either: the year alone */
    return true;
}

/* "14 March 1987", "March 14, 1987", "March 1987". */
static bool
read_words(struct reader *r, unsigned day, struct date *d)
{
    size_t n = 0;
    unsigned month, value;

    gap(r);
    month = month_word(r);
    if (month == 0)
        return false;
    gap(r);
    value = number(r, &n);
    if (day == 0 && (n == 1 || n == 2)) {
        day = value;
        gap(r);
        value = number(r, &n);
    }
    if (n != 4 && !(n == 2 && day))
        return false;
    *d = (struct date){whole_year(value, n), month, day};
    return true;
}

static bool
date_read(struct str text, struct date *d)
{
    struct reader r = {str_trim(text), 0};
    size_t digits = 0;
    unsigned first = number(&r, &digits);
    bool ok;

    if (digits == 4 || digits == 8)
        ok = read_iso(&r, first, digits, d);
    else if ((digits == 1 || digits == 2) && more(&r) && strchr("./-", r.s.ptr[r.at]) && r.at + 1 < r.s.len && is_digit(r.s.ptr[r.at + 1]))
        ok = read_numeric(&r, first, d);
    else if (digits <= 2)
        ok = read_words(&r, first, d);
    else
        return false;
    return ok && ends_well(&r) && d->year >= 1 && d->year <= 9999 && d->month <= 12 && d->day <= 31 && (d->month || !d->day);
}

size_t
general_date(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    struct str before = STR("before "), text = str_trim(value);
    struct date d;
    int n;

    /* What was written here before. */
    if (a->generalize.not_before && str_starts(text, before))
        text = str_sub(text, before.len, text.len);
    if (!date_read(text, &d))
        return 0;
    if (a->generalize.not_before && (d.year < a->generalize.not_before || str_starts(str_trim(value), before)))
        n = snprintf(out, GENERAL_OUT_MAX, "before %u", a->generalize.not_before);
    else if (a->generalize.date == DATE_YEAR || d.month == 0)
        n = snprintf(out, GENERAL_OUT_MAX, "%04u", d.year);
    else if (a->generalize.date == DATE_MONTH || d.day == 0)
        n = snprintf(out, GENERAL_OUT_MAX, "%04u-%02u", d.year, d.month);
    else
        n = snprintf(out, GENERAL_OUT_MAX, "%04u-%02u-%02u", d.year, d.month, d.day);
    return n > 0 ? (size_t)n : 0;
}
