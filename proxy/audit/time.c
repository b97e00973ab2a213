/* Times of entries. Days are counted in eras of 400 years, whose first day is 1 March. */
#include "audit/entry.h"

int64_t
date_to_days(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
date_of_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
    *month = (unsigned)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

static bool
digits(struct str s, size_t at, size_t count, unsigned *n)
{
    unsigned v = 0;

    for (size_t i = at; i < at + count; i++) {
        if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s.ptr[i] - '0');
    }
    *n = v;
    return true;
}

static bool
date_parse(struct str s, int64_t *days)
{
    unsigned y, m, d, real_month, real_day;
    int64_t real_year;

    if (s.len < 10 || !digits(s, 0, 4, &y) || !digits(s, 5, 2, &m) || !digits(s, 8, 2, &d) || s.ptr[4] != '-' || s.ptr[7] != '-')
        return false;
    if (m < 1 || m > 12 || d < 1 || d > 31 || y < 1970)
        return false;
    *days = date_to_days(y, m, d);
    date_of_days(*days, &real_year, &real_month, &real_day);
    return real_month == m && real_day == d;
}

bool
time_parse(struct str s, uint64_t *us)
{
    unsigned h, m, sec, fraction = 0;
    int64_t days;

    if (!date_parse(s, &days))
        return false;
    if (s.len == 10) {
        *us = (uint64_t)days * 86400000000u;
        return true;
    }
    if ((s.len != 20 && s.len != 27) || s.ptr[10] != 'T' || s.ptr[s.len - 1] != 'Z' || s.ptr[13] != ':' || s.ptr[16] != ':')
        return false;
    if (!digits(s, 11, 2, &h) || !digits(s, 14, 2, &m) || !digits(s, 17, 2, &sec) || h > 23 || m > 59 || sec > 60)
        return false;
    if (s.len == 27 && (s.ptr[19] != '.' || !digits(s, 20, 6, &fraction)))
        return false;
    *us = ((uint64_t)days * 86400 + h * 3600u + m * 60u + sec) * 1000000 + fraction;
    return true;
}
