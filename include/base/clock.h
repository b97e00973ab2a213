/**
 * Time, replaceable: production code takes a struct clock, tests give their own and move it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t (*mono_us)(const struct clock *); /* never goes back; for timers */
    uint64_t (*wall_us)(const struct clock *); /* microseconds since 1970-01-01 UTC; for records */
    uint64_t fake_mono_us, fake_wall_us;       /* read by clock_fake's functions */
};

extern const struct clock clock_system;

/* A clock that stands still at the given times until the test changes the fields. */
struct clock clock_fake(uint64_t mono_us, uint64_t wall_us);

static inline uint64_t
clock_mono_us(const struct clock *c)
{
    return c->mono_us(c);
}

static inline uint64_t
clock_wall_us(const struct clock *c)
{
    return c->wall_us(c);
}

/**
 * clock_rfc3339(wall_us, out):
 * Write "2026-11-22T07:55:13.000123Z" and a NUL.
 */
#define CLOCK_RFC3339_SIZE 28
void clock_rfc3339(uint64_t wall_us, char out[CLOCK_RFC3339_SIZE]);

#endif
