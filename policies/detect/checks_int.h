/**
 * What validators share: reading digits out of a match, boundaries, dates, and the checksum algorithms of identity and account numbers.
 * Everything here is pure; digits are values 0..9, not characters.
 */
#ifndef DETECT_CHECKS_INT_H
#define DETECT_CHECKS_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/detector.h"

/*
 * Boundaries are ASCII: a neighbour of 0x80 or above (CJK, accents) never hides a match. NUM_ variants are for bare numbers: they also refuse
 * the integer or fraction part of a decimal number.
 */
#define WORD_START "(?<![0-9A-Za-z_])"
#define WORD_END "(?![0-9A-Za-z_])"
#define NUM_START "(?<![0-9A-Za-z_])(?<![0-9]\\.)"
#define NUM_END "(?![0-9A-Za-z_])(?!\\.[0-9])"
/* For values written in groups: not a part of a longer chain of digit groups either. */
#define GROUPS_START "(?<![0-9A-Za-z_])(?<![0-9][.-])"
#define GROUPS_END "(?![0-9A-Za-z_])(?![.-][0-9])"
/* For detectors that look at the key only. */
#define TEXT_START "(?<![\\x00-\\xFF])"
#define WHOLE_TEXT TEXT_START "[\\x00-\\xFF]++"
#define TEXT_END "(?![\\x00-\\xFF])"
/*
 * A value without a shape of its own, behind its name; under a key that names it there is a second entry, key_only. A bare "forty letters and digits"
 * anywhere would keep the finder busy with every hash. The value must be group 1.
 */
#define NAMED(names) "(?:" names ")[0-9A-Za-z_ .-]{0,24}[\"'\\\\\\]]{0,3}[ \\t]{0,3}(?:=>|[:=])?[ \\t]{0,3}[\"'\\\\]{0,2}(?<![0-9A-Za-z+/_-])"

/* Tables of entries. */
/* clang-format off */
#define ENTRY(id_, entity_, title_, tier_, category_, controls_, severity_) \
    .id = id_, .entity = entity_, .title = title_, .tier = tier_, .category = category_, .controls = controls_, .severity = severity_
#define SECRET(id_, entity_, title_) ENTRY(id_, entity_, title_, TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 3)
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HIT(example) {example, true, NULL}
#define MISS(example) {example, false, NULL}
#define HIT_IN(key, example) {example, true, key}
#define MISS_IN(key, example) {example, false, key}
/* clang-format on */
/* What numbers of people, of taxpayers and of the insured are called in English anywhere. */
#define PERSON_ID_WORDS                                                                                                                           \
    "national id", "national identity", "national identification", "national number", "identity number", "identity card", "id number", "id card", \
        "personal id", "personal number", "personal identity", "personal identification", "personal code", "citizen id"
#define TAX_ID_WORDS \
    "tax id", "tax number", "tax no", "tax code", "tax identification", "taxpayer id", "taxpayer number", "taxpayer identification", "tin"
#define SOCIAL_ID_WORDS "social security", "social insurance"
#define EXAMPLES(...) ((const struct detector_example[]){__VA_ARGS__, {NULL, false, NULL}})

/* ---- matches (checks_text.c) ---- */

struct str match_str(const struct match *m);
/* The text of capture group n (1..4); empty with ptr NULL when unset. */
struct str match_group(const struct match *m, unsigned n);
/* Narrow the match to group n; false when it is unset or empty. */
bool match_narrow(struct match *m, unsigned n);
/* As check: the value is group 1. */
bool match_first_group(struct match *m);
/* Groups with spaces between them, and another number right before or behind: a row of numbers, not one of them. */
bool match_in_row(const struct match *m);
/* As check: every match with a context word, or that is written in groups and not in a row. */
bool match_vouched(struct match *m);
/* As check of key-only detectors: the value says something. */
bool match_not_placeholder(struct match *m);
/* The word of letters, digits, _ and - that ends right before the match, spaces and : = ( and quotes between them skipped. */
struct str match_word_before(const struct match *m);
/* Letters of both cases. */
bool match_both_cases(struct match *m);
/* Letters of both cases and digits: what a random token has, and neither a hash in hexadecimal nor a word. */
bool match_mixed(struct match *m);
/* The byte k places before the start (k = 1: the one just before), or after the end; 0 outside the text. */
char match_before(const struct match *m, size_t k);
char match_after(const struct match *m, size_t k);
/* Digits of the match in order, everything else skipped. Returns their count, or 0 when there are more than ${max}. */
size_t match_digits(const struct match *m, uint8_t *digits, size_t max);
/* Whether a byte that is no digit stands in the match: the value is written in groups. */
bool match_formatted(const struct match *m);
/* No lower-case ASCII letter stands in the match. Hashes in names (k8s, git) are lower case, identity numbers mostly not. */
bool match_shouted(const struct match *m);
/* The match is a part of 8-4-4-4-12 hexadecimal digits. */
bool match_in_uuid(const struct match *m);

static inline bool
ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
ascii_alpha(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool
ascii_alnum(char c)
{
    return ascii_digit(c) || ascii_alpha(c);
}

static inline char
ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static inline char
ascii_upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* 0..9, a..z or A..Z as 10..35; 36 for anything else. */
unsigned base36_value(char c);
/* -1 unless hexadecimal. */
int hex_value(char c);
size_t str_digits(struct str s, uint8_t *digits, size_t max);
uint64_t digits_value(const uint8_t *d, size_t n);
bool digits_all_equal(const uint8_t *d, size_t n);
/* Whether s stands in list (NULL-terminated, lower case), ASCII case ignored. */
bool str_in_list(struct str s, const char *const *list);
/* Offset of the lower-case ASCII needle, case ignored; SIZE_MAX when absent. */
size_t str_find_nocase(struct str hay, struct str needle);
/* A Gregorian date; two-digit years (< 100) are leap when divisible by 4. */
bool date_valid(unsigned year, unsigned month, unsigned day);
/* Six digits as a date, two-digit year; month may carry an offset already removed. */
bool date_ddmmyy(const uint8_t *d);
bool date_yymmdd(const uint8_t *d);
/* Bare digits that may be a time stamp of 2001..2033, in seconds (10 digits), ms (13), us (16) or ns (19). */
bool digits_epoch(const uint8_t *d, size_t n);
/* A value that hides one already: REDACTED, [X], <X>, ***, a variable such as ${X}, null. */
bool str_placeholder(struct str s);
/* Shannon entropy in bits a byte, of at most the first 256 bytes. */
double str_entropy(struct str s);
/* The value of key (or the key of a pair) names a version. */
bool str_names_version(struct str s);

/* ---- digits (checks_digits.c) ---- */

/* Mod 10, doubling every second digit from the right (ISO/IEC 7812-1 annex B). */
bool luhn_valid(const uint8_t *d, size_t n);
/* Sum of d[i] * w[i]. */
int digits_weigh(const uint8_t *d, const int8_t *w, size_t n);
/* Sum of d[i] * w[i], the digits of each product added instead of the product. */
int digits_weigh_sums(const uint8_t *d, const int8_t *w, size_t n);
/* ISO 7064 mod 97-10 over letters (10..35) and digits; anything else is skipped. Returns the remainder. */
unsigned mod97(struct str s);
unsigned mod97_from(unsigned remainder, struct str s);
/* ISO 7064 mod 11,10, check digit last. */
bool mod11_10_valid(const uint8_t *d, size_t n);
/* ISO 7064 mod 11-2, check digit last (10 = X). */
bool mod11_2_valid(const uint8_t *d, size_t n);
/* Verhoeff, check digit last. */
bool verhoeff_valid(const uint8_t *d, size_t n);

/* The check digit 11 - sum % 11, with what 10 and 11 stand for; weights for n digits. */
unsigned mod11_digit(const uint8_t *d, const int8_t *w, size_t n, unsigned ten, unsigned eleven);

/* ---- codes (checks_codes.c) ---- */

/* CRC-32 (IEEE 802.3), of zip and PNG. */
uint32_t crc32_ieee(struct str s);
/* Whether ${text} is ${value} in base 62 (0-9A-Za-z), padded with zeros to its length. */
bool base62_is(struct str text, uint32_t value);
/* Decode base64 (either alphabet, padding optional) into at most ${max} bytes; the rest is not looked at. False on a foreign byte. */
bool base64_peek(struct str s, char *out, size_t max, size_t *len);

/* Bytes of base 58 (Bitcoin's alphabet), big-endian, exactly ${len} of them; false when the text is not of that size. */
bool base58_decode(struct str s, uint8_t *out, size_t len);
/* Version and hash with the first four bytes of their double SHA-256: 25 bytes. True too when the digest cannot be computed. */
bool base58check_valid(struct str s);
/* bech32 (BIP 173) or bech32m (BIP 350), human-readable part included. */
bool bech32_valid(struct str s);
/* Keccak-256 as Ethereum uses it (before FIPS 202 padding). */
void keccak256(struct str s, uint8_t out[32]);

/* ---- accounts (iban.c) ---- */

/* Country, structure and check digits; narrows the match to the number. */
bool check_iban(struct match *m);

/* ---- cards (card.c) ---- */

/* Issuer range, length and Luhn. */
bool card_number_valid(const uint8_t *d, size_t n);

/* Bodies of tokens in examples: a whole token stands nowhere in the sources. */
#define BODY8 "a1B2c3D4"
#define BODY32       \
    BODY8 "e5F6g7H8" \
          "i9J0k1L2" \
          "m3N4o5P6"
#define HEX8 "0a1b2c3d"
#define HEX32       \
    HEX8 "4e5f6071" \
         "8293a4b5" \
         "c6d7e8f9"
#define SHOUT8 "A1B2C3D4"
#define SHOUT32       \
    SHOUT8 "E5F6G7H8" \
           "I9J0K1L2" \
           "M3N4O5P6"
#define EXAMPLE_UUID HEX8 "-4e5f-4071-8293-a4b5c6d7e8f9"

#endif
