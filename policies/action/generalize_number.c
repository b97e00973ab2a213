#include <inttypes.h>
#include <stdio.h>

#include "generalize_int.h"

#define NUMBER_MAX ((uint64_t)1 << 53)

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [-+]digits[.digits]; whole gets the part before the point. */
struct decimal {
    bool minus;
    struct str whole, rest;
};

static bool
decimal_read(struct str value, struct decimal *d)
{
    struct str s = str_trim(value);
    size_t at = 0;

    *d = (struct decimal){.minus = str_starts(s, STR("-"))};
    if (d->minus || str_starts(s, STR("+")))
        s = str_sub(s, 1, s.len);
    while (at < s.len && is_digit(s.ptr[at]))
        at++;
    d->whole = str_sub(s, 0, at);
    d->rest = str_sub(s, at, at);
    if (at < s.len && s.ptr[at] == '.') {
        size_t from = ++at;

        while (at < s.len && is_digit(s.ptr[at]))
            at++;
        d->rest = str_sub(s, from, at);
    }
    return at == s.len && d->whole.len > 0 && d->whole.len <= 40 && d->rest.len <= 40;
}

static bool
has_digit_but_zero(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '0')
            return true;
    return false;
}

/* The largest whole number that is not above the value. */
static bool
floor_read(struct str value, int64_t *out)
{
    struct decimal d;
    uint64_t v;

    if (!decimal_read(value, &d) || !str_to_u64(d.whole, &v) || v > NUMBER_MAX)
        return false;
    *out = d.minus ? -(int64_t)v - has_digit_but_zero(d.rest) : (int64_t)v;
    return true;
}

static int64_t
bucket_of(const struct action *a, int64_t v)
{
    int64_t width = (int64_t)a->generalize.width, low = 0;

    if (!a->generalize.buckets) {
        low = v / width * width;
        return v < 0 && v % width ? low - width : low;
    }
    low = a->generalize.buckets[0];
    for (uint32_t i = 0; i < a->generalize.bucket_count && a->generalize.buckets[i] <= v; i++)
        low = a->generalize.buckets[i];
    return low;
}

static size_t
put(char *p, struct str s)
{
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return s.len;
}

/* The first significant digits; zeros in place of the others, none behind the point. */
static size_t
significant(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    struct decimal d;
    size_t n = 0, left = a->generalize.digits, point;
    bool begun = false;

    if (!decimal_read(value, &d))
        return 0;
    if (d.minus)
        out[n++] = '-';
    for (size_t i = 0; i < d.whole.len; i++) {
        begun |= d.whole.ptr[i] != '0';
        out[n++] = begun && left == 0 ? '0' : d.whole.ptr[i];
        left -= begun && left > 0;
    }
    point = n;
    out[n++] = '.';
    for (size_t i = 0; i < d.rest.len && left > 0; i++) {
        begun |= d.rest.ptr[i] != '0';
        out[n++] = d.rest.ptr[i];
        left -= begun;
    }
    return n == point + 1 ? point : n;
}

size_t
general_number(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    int64_t v;

    if (a->generalize.digits)
        return significant(a, value, out);
    return floor_read(value, &v) ? (size_t)snprintf(out, GENERAL_OUT_MAX, "%" PRId64, bucket_of(a, v)) : 0;
}

/* Cut, not rounded: what was cut once is not changed again, and no place is moved into the next cell of its grid. */
static size_t
one_coordinate(const struct action *a, struct str value, char *out)
{
    struct decimal d;
    size_t n = 0, decimals = a->generalize.digits;
    uint64_t whole;

    if (!decimal_read(value, &d) || !str_to_u64(d.whole, &whole) || whole > 180)
        return 0;
    if (d.minus)
        out[n++] = '-';
    n += put(out + n, d.whole);
    if (d.rest.len < decimals)
        decimals = d.rest.len;
    if (decimals) {
        out[n++] = '.';
        n += put(out + n, str_sub(d.rest, 0, decimals));
    }
    return n;
}

size_t
general_coordinates(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    struct str s = str_trim(value);
    size_t comma = str_find(s, STR(",")), n;

    if (comma == SIZE_MAX)
        return one_coordinate(a, s, out);
    n = one_coordinate(a, str_sub(s, 0, comma), out);
    if (n == 0)
        return 0;
    out[n++] = ',';
    size_t second = one_coordinate(a, str_sub(s, comma + 1, s.len), out + n);

    return second ? n + second : 0;
}

/* "30-34", "90+": what was written here before. */
static bool
band_read(const struct action *a, struct str s, int64_t *low)
{
    size_t dash = str_find(s, STR("-"));
    uint64_t first, last;

    if (str_ends(s, STR("+"))) {
        if (!str_to_u64(str_sub(s, 0, s.len - 1), &first) || first != a->generalize.top)
            return false;
        *low = (int64_t)first;
        return true;
    }
    if (dash == SIZE_MAX || !str_to_u64(str_sub(s, 0, dash), &first) || !str_to_u64(str_sub(s, dash + 1, s.len), &last) ||
        first % a->generalize.width || last < first || last - first != a->generalize.width - 1)
        return false;
    *low = (int64_t)first;
    return true;
}

size_t
general_age(const struct action *a, struct str value, bool number, char out[GENERAL_OUT_MAX])
{
    int64_t width = (int64_t)a->generalize.width, top = a->generalize.top, v;
    struct str s = str_trim(value);
    size_t digits = 0;

    while (digits < s.len && is_digit(s.ptr[digits]))
        digits++;
    /* "34", "34 years", "34yo": the number counts. */
    if (!band_read(a, s, &v) && !(digits == s.len && floor_read(s, &v))) {
        bool unit = digits > 0 && digits <= 3 && s.len - digits <= 12;

        for (size_t i = digits; i < s.len; i++)
            unit &= s.ptr[i] == ' ' || s.ptr[i] == '-' || s.ptr[i] == '.' || ((s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'z');
        if (!unit || !floor_read(str_sub(s, 0, digits), &v))
            return 0;
    }
    if (v < 0 || v > 150)
        return 0;
    v = v >= top ? top : v / width * width;
    if (number || width == 1)
        return (size_t)snprintf(out, GENERAL_OUT_MAX, v == top && !number ? "%" PRId64 "+" : "%" PRId64, v);
    if (v == top)
        return (size_t)snprintf(out, GENERAL_OUT_MAX, "%" PRId64 "+", v);
    return (size_t)snprintf(out, GENERAL_OUT_MAX, "%" PRId64 "-%" PRId64, v, v + width - 1);
}
