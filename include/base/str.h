/**
 * Byte slices. A struct str borrows bytes that somebody else owns; it is passed by value, may hold any
 * byte, NUL included, and is never NUL-terminated. ptr may be NULL only when len is 0.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

/* A slice of a string literal (not of a pointer). */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

static inline struct str
str_of(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline struct str
str_sub(struct str s, size_t from, size_t to)
{
    return (struct str){from ? s.ptr + from : s.ptr, to - from}; /* NULL + 0 is undefined */
}

static inline bool
str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool
str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/**
 * str_cmp(a, b):
 * Order by bytes, then by length (the order of canonical JSON keys).
 * Returns: <0, 0, >0
 */
int str_cmp(struct str a, struct str b);

/**
 * str_eq_nocase(a, b):
 * Equality that ignores the case of ASCII letters only.
 */
bool str_eq_nocase(struct str a, struct str b);

/**
 * str_find(hay, needle):
 * Returns: offset of the first ${needle} in ${hay}, SIZE_MAX when there is none; 0 for an empty needle
 */
size_t str_find(struct str hay, struct str needle);

/**
 * str_trim(s):
 * Returns: ${s} without leading and trailing space, tab, CR, LF
 */
struct str str_trim(struct str s);

/**
 * str_to_u64(s, value):
 * Parse all of ${s} as an unsigned decimal number.
 * Returns: true; false (value untouched) when empty, not a digit, or above UINT64_MAX
 */
bool str_to_u64(struct str s, uint64_t *value);

/**
 * str_glob(pattern, s):
 * Match ${s} wholly against ${pattern}; '*' stands for any run of bytes, dots and slashes included;
 * every other byte for itself. Linear in the product of the lengths at worst.
 */
bool str_glob(struct str pattern, struct str s);

/**
 * str_distance(a, b):
 * Edit distance (insert, delete, replace, swap of neighbours), for "did you mean".
 * Returns: the distance; 99 when either is longer than 63 bytes
 */
unsigned str_distance(struct str a, struct str b);

/**
 * str_utf8_valid(s):
 * Whether ${s} is well-formed UTF-8 (Unicode 15 table 3-7: no surrogates, no overlong forms, <= U+10FFFF).
 * NUL is valid here.
 */
bool str_utf8_valid(struct str s);

/**
 * str_to_day(s, seconds):
 * Read "2027-01-31", a day since 1970 that is in the calendar.
 * Out:     seconds  since 1970-01-01 UTC, when the day begins; untouched on failure
 * Returns: whether it is one
 */
bool str_to_day(struct str s, uint64_t *seconds);

#endif
