#include "checks_int.h"

bool
luhn_valid(const uint8_t *d, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned v = d[n - 1 - i];

        if (i % 2)
            v = v > 4 ? 2 * v - 9 : 2 * v;
        sum += v;
    }
    return n > 1 && sum % 10 == 0;
}

int
digits_weigh(const uint8_t *d, const int8_t *w, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += d[i] * w[i];
    return sum;
}

int
digits_weigh_sums(const uint8_t *d, const int8_t *w, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += d[i] * w[i] / 10 + d[i] * w[i] % 10;
    return sum;
}

unsigned
mod11_digit(const uint8_t *d, const int8_t *w, size_t n, unsigned ten, unsigned eleven)
{
    unsigned digit = 11 - (unsigned)digits_weigh(d, w, n) % 11;

    return digit == 11 ? eleven : digit == 10 ? ten : digit;
}

unsigned
mod97_from(unsigned remainder, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned v = base36_value(s.ptr[i]);

        if (v < 10)
            remainder = (remainder * 10 + v) % 97;
        else if (v < 36)
            remainder = (remainder * 100 + v) % 97;
    }
    return remainder;
}

unsigned
mod97(struct str s)
{
    return mod97_from(0, s);
}

bool
mod11_10_valid(const uint8_t *d, size_t n)
{
    unsigned p = 10;

    for (size_t i = 0; i + 1 < n; i++) {
        p = (p + d[i]) % 10;
        p = 2 * (p ? p : 10) % 11;
    }
    return n > 1 && (11 - p) % 10 == d[n - 1];
}

bool
mod11_2_valid(const uint8_t *d, size_t n)
{
    unsigned p = 0;

    for (size_t i = 0; i + 1 < n; i++)
        p = (p + d[i]) * 2 % 11;
    return n > 1 && (p + d[n - 1]) % 11 == 1;
}

/* The dihedral group D5: products of 0..4 (rotations) and 5..9 (reflections). */
static unsigned
d5_times(unsigned a, unsigned b)
{
    if (a < 5)
        return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + (a + 10 - b) % 5 : (a + 10 - b) % 5;
}

bool
verhoeff_valid(const uint8_t *d, size_t n)
{
    static const uint8_t permutation[] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
    unsigned c = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned v = d[n - 1 - i];

        for (size_t k = 0; k < i % 8; k++)
            v = permutation[v];
        c = d5_times(c, v);
    }
    return n > 1 && c == 0;
}
