/*
 * Personal values of the right shape, check digits included: detectors must not be able to tell them from real ones. Tokens are put together
 * here, so that none stands in the sources.
 */
#include <stdio.h>

#include "base/digest.h"
#include "control/sample.h"

uint64_t
sample_next(struct sample_rng *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t
sample_below(struct sample_rng *r, uint32_t n)
{
    return (uint32_t)((sample_next(r) >> 32) * n >> 32);
}

static const char *
pick(struct sample_rng *r, const char *const *list, size_t count)
{
    return list[sample_below(r, (uint32_t)count)];
}
#define PICK(r, list) pick((r), (list), sizeof(list) / sizeof((list)[0]))

static const char *const given_names[] = {"alice", "bruno", "chiara", "diego", "emma", "farid", "greta", "hugo", "ines", "jonas", "karin", "liam"};
static const char *const family_names[] = {"meyer", "rossi", "garcia", "dubois", "novak", "jensen", "smith", "silva", "kowalski", "oneill"};
static const char *const domains[] = {"example.org", "example.com", "mail.example.net", "example.de"};

static void
random_digits(struct sample_rng *r, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('0' + sample_below(r, 10));
}

/* ISO/IEC 7812-1 annex B: the digit that makes a number of n + 1 digits right. */
static char
luhn_digit(const char *digits, size_t n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0') * (i % 2 ? 1 : 2);

        sum += d > 9 ? d - 9 : d;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static int
write_card(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    static const char *const prefixes[] = {"4111", "5500", "4539", "2223", "6011"};
    char d[17] = "";

    memcpy(d, PICK(r, prefixes), 4);
    random_digits(r, d + 4, 11);
    d[15] = luhn_digit(d, 15);
    if (sample_below(r, 2))
        return snprintf(out, SAMPLE_VALUE_SIZE, "%s", d);
    return snprintf(out, SAMPLE_VALUE_SIZE, "%.4s %.4s %.4s %.4s", d, d + 4, d + 8, d + 12);
}

/* ISO 7064 mod 97-10 over BBAN, then "DE00" with D = 13, E = 14. */
static int
write_iban(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    char bban[19] = "", all[32];
    unsigned rest = 0;

    random_digits(r, bban, 18);
    snprintf(all, sizeof(all), "%s131400", bban);
    for (const char *p = all; *p; p++)
        rest = (rest * 10 + (unsigned)(*p - '0')) % 97;
    return snprintf(out, SAMPLE_VALUE_SIZE, "DE%02u%s", 98 - rest, bban);
}

static int
write_ssn(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    unsigned area = 1 + sample_below(r, 665), group = 1 + sample_below(r, 99), serial = 1 + sample_below(r, 9999);

    return snprintf(out, SAMPLE_VALUE_SIZE, "%03u-%02u-%04u", area, group, serial);
}

static int
write_phone(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    unsigned line = sample_below(r, 10000);

    if (sample_below(r, 2))
        return snprintf(out, SAMPLE_VALUE_SIZE, "+49 30 %03u %04u", 200 + sample_below(r, 700), line);
    return snprintf(out, SAMPLE_VALUE_SIZE, "+1 415 555 %04u", line);
}

static int
write_ipv4(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    /* RFC 5737 section 3: the blocks for documentation */
    static const char *const nets[] = {"192.0.2", "198.51.100", "203.0.113"};

    return snprintf(out, SAMPLE_VALUE_SIZE, "%s.%u", PICK(r, nets), 1 + sample_below(r, 254));
}

static size_t
base64url(char *out, size_t at, struct str data)
{
    struct buf text = BUF_INIT(SAMPLE_VALUE_SIZE);

    if (digest_base64(data, &text) == RC_OK) {
        for (size_t i = 0; i < text.len && text.ptr[i] != '=' && at < SAMPLE_VALUE_SIZE - 1; i++)
            out[at++] = text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i];
    }
    buf_free(&text);
    return at;
}

/* RFC 7519 section 3: header.claims.signature */
static int
write_jwt(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE])
{
    char claims[64];
    uint64_t signature[4];
    int n = snprintf(claims, sizeof(claims), "{\"sub\":\"%u\",\"iat\":%u}", sample_below(r, 1000000), 1700000000 + sample_below(r, 100000));
    size_t at = base64url(out, 0, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));

    out[at++] = '.';
    at = base64url(out, at, (struct str){claims, (size_t)n});
    out[at++] = '.';
    for (size_t i = 0; i < 4; i++)
        signature[i] = sample_next(r);
    at = base64url(out, at, (struct str){(const char *)signature, sizeof(signature)});
    out[at] = '\0';
    return (int)at;
}

static int
write_word(struct sample_rng *r, char out[SAMPLE_VALUE_SIZE], bool url)
{
    char word[11] = "";

    for (size_t i = 0; i < sizeof(word) - 1; i++)
        word[i] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[sample_below(r, 56)];
    if (!url)
        return snprintf(out, SAMPLE_VALUE_SIZE, "password=%s", word);
    return snprintf(out, SAMPLE_VALUE_SIZE, "https://%s:%s@%s/", PICK(r, given_names), word, PICK(r, domains));
}

size_t
sample_personal(struct sample_rng *r, enum sample_kind kind, char out[SAMPLE_VALUE_SIZE])
{
    int n = 0;

    switch (kind) {
    case SAMPLE_EMAIL:
    case SAMPLE_KIND_COUNT_:
        n = snprintf(out, SAMPLE_VALUE_SIZE, "%s.%s%u@%s", PICK(r, given_names), PICK(r, family_names), sample_below(r, 1000), PICK(r, domains));
        break;
    case SAMPLE_CARD:
        n = write_card(r, out);
        break;
    case SAMPLE_IBAN:
        n = write_iban(r, out);
        break;
    case SAMPLE_SSN:
        n = write_ssn(r, out);
        break;
    case SAMPLE_PHONE:
        n = write_phone(r, out);
        break;
    case SAMPLE_IPV4:
        n = write_ipv4(r, out);
        break;
    case SAMPLE_IPV6: /* RFC 3849: the prefix for documentation */
        n = snprintf(out, SAMPLE_VALUE_SIZE, "2001:db8:%x:%x::%x", 1 + sample_below(r, 0xfffe), sample_below(r, 0xffff), 1 + sample_below(r, 0xfffe));
        break;
    case SAMPLE_JWT:
        n = write_jwt(r, out);
        break;
    case SAMPLE_PASSWORD:
        n = write_word(r, out, false);
        break;
    case SAMPLE_USERINFO:
        n = write_word(r, out, true);
        break;
    }
    return (size_t)n;
}
