#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t
read_us(clockid_t id)
{
    struct timespec ts = {0};

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static uint64_t
system_mono(const struct clock *c)
{
    (void)c;
    return read_us(CLOCK_MONOTONIC);
}

static uint64_t
system_wall(const struct clock *c)
{
    (void)c;
    return read_us(CLOCK_REALTIME);
}

static uint64_t
fake_mono(const struct clock *c)
{
    return c->fake_mono_us;
}

static uint64_t
fake_wall(const struct clock *c)
{
    return c->fake_wall_us;
}

const struct clock clock_system = {system_mono, system_wall, 0, 0};

struct clock
clock_fake(uint64_t mono_us, uint64_t wall_us)
{
    return (struct clock){fake_mono, fake_wall, mono_us, wall_us};
}

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar, counted in years that begin in March, so that the leap day is the last. */
static void
civil_from_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
    uint64_t z = days + 719468; /* days from 0000-03-01 */
    uint64_t era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;

    *day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *year = (unsigned)(yoe + era * 400 + (*month <= 2));
}

static char *
put(char *at, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

void
clock_rfc3339(uint64_t wall_us, char out[CLOCK_RFC3339_SIZE])
{
    uint64_t seconds = wall_us / 1000000u;
    unsigned year, month, day, second = (unsigned)(seconds % 86400u);
    char *at = out;

    civil_from_days(seconds / 86400u, &year, &month, &day);
    at = put(at, year > 9999 ? 9999 : year, 4); /* four digits: RFC 3339 section 1 */
    *at++ = '-';
    at = put(at, month, 2);
    *at++ = '-';
    at = put(at, day, 2);
    *at++ = 'T';
    at = put(at, second / 3600, 2);
    *at++ = ':';
    at = put(at, second / 60 % 60, 2);
    *at++ = ':';
    at = put(at, second % 60, 2);
    *at++ = '.';
    at = put(at, (unsigned)(wall_us % 1000000u), 6);
    *at++ = 'Z';
    *at = '\0';
}
