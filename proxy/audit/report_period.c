#include <stdio.h>

#include "report_int.h"

#define DAY_US 86400000000u
#define HOUR_US 3600000000u
#define DAYS_MAX (20 * 366)

/* Monday of the week that holds a day: 1970-01-01 was a Thursday. */
static int64_t
week_of(int64_t days)
{
    return (days + 3) / 7;
}

static int64_t
month_of(int64_t days)
{
    int64_t y;
    unsigned m, d;

    date_of_days(days, &y, &m, &d);
    return y * 12 + (int64_t)m - 1;
}

static bool
numbers(struct str s, unsigned *year, unsigned *month, unsigned *quarter)
{
    uint64_t y, n;

    if (s.len < 4 || !str_to_u64(str_sub(s, 0, 4), &y) || y < 1970 || y > 9000)
        return false;
    *year = (unsigned)y;
    *month = *quarter = 0;
    if (s.len == 4)
        return true;
    if (s.len != 7 || s.ptr[4] != '-')
        return false;
    if (s.ptr[5] == 'Q') {
        *quarter = (unsigned)(s.ptr[6] - '0');
        return *quarter >= 1 && *quarter <= 4;
    }
    if (!str_to_u64(str_sub(s, 5, 7), &n) || n < 1 || n > 12)
        return false;
    *month = (unsigned)n;
    return true;
}

/* The days of one part: a day, a month, a quarter, a year. */
static bool
part_parse(struct str s, int64_t *from, int64_t *to)
{
    unsigned year, month, quarter;
    uint64_t us;

    if (s.len == 10 && time_parse(s, &us)) {
        *from = (int64_t)(us / DAY_US);
        *to = *from + 1;
        return true;
    }
    if (!numbers(s, &year, &month, &quarter))
        return false;
    unsigned first = quarter ? 3 * quarter - 2 : month ? month : 1, length = quarter ? 3 : month ? 1 : 12, end = first + length;

    *from = date_to_days(year, first, 1);
    *to = end > 12 ? date_to_days((int64_t)year + 1, end - 12, 1) : date_to_days(year, end, 1);
    return true;
}

bool
period_parse(struct str text, struct report_period *p)
{
    size_t dots = str_find(text, STR(".."));
    int64_t from, to, second_from, second_to;

    if (text.len >= sizeof(p->label))
        return false;
    if (dots == SIZE_MAX) {
        if (!part_parse(text, &from, &to))
            return false;
    } else {
        if (!part_parse(str_sub(text, 0, dots), &from, &to) || !part_parse(str_sub(text, dots + 2, text.len), &second_from, &second_to))
            return false;
        to = second_to;
    }
    if (to <= from || to - from > DAYS_MAX)
        return false;
    *p = (struct report_period){.from_us = (uint64_t)from * DAY_US, .to_us = (uint64_t)to * DAY_US};
    p->step = to - from <= 2 ? STEP_HOUR : to - from <= 100 ? STEP_DAY : to - from <= 400 ? STEP_WEEK : STEP_MONTH;
    memcpy(p->label, text.ptr, text.len);
    return true;
}

static int64_t
step_number(const struct report_period *p, uint64_t us)
{
    int64_t days = (int64_t)(us / DAY_US);

    switch (p->step) {
    case STEP_HOUR:
        return (int64_t)(us / HOUR_US);
    case STEP_DAY:
        return days;
    case STEP_WEEK:
        return week_of(days);
    case STEP_MONTH:
        return month_of(days);
    }
    return 0;
}

uint32_t
period_step(const struct report_period *p, uint64_t us)
{
    return (uint32_t)(step_number(p, us) - step_number(p, p->from_us));
}

uint32_t
period_steps(const struct report_period *p)
{
    return period_step(p, p->to_us - 1) + 1;
}

void
period_step_label(const struct report_period *p, uint32_t step, char out[24])
{
    int64_t number = step_number(p, p->from_us) + step, year;
    unsigned month, day;

    if (p->step == STEP_MONTH) {
        snprintf(out, 24, "%04d-%02d", (int)(number / 12 % 10000), (int)(number % 12 + 1));
        return;
    }
    date_of_days(p->step == STEP_HOUR ? number / 24 : p->step == STEP_WEEK ? number * 7 - 3 : number, &year, &month, &day);
    int n = snprintf(out, 24, "%04d-%02u-%02u", (int)(year % 10000), month, day);

    if (p->step == STEP_HOUR && n > 0)
        snprintf(out + n, 24 - (size_t)n, " %02dh", (int)(number % 24));
}
