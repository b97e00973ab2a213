#include "canonical_int.h"

#include <arpa/inet.h>

#include "policies/detector.h"

#define IP_FORM_MAX (3 + 16)

enum canonical
token_canonical(struct str entity)
{
    static const struct {
        const char *entity;
        enum canonical form;
    } forms[] = {
        {"EMAIL_ADDRESS", CANONICAL_EMAIL},
        {"CREDIT_CARD", CANONICAL_DIGITS},
        {"PHONE_NUMBER", CANONICAL_PHONE},
        {"US_SSN", CANONICAL_DIGITS},
        {"IBAN", CANONICAL_ALNUM},
        {"IP_ADDRESS", CANONICAL_IP},
        {"MAC_ADDRESS", CANONICAL_ALNUM},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (str_eq(entity, str_of(forms[i].entity)))
            return forms[i].form;
    const struct detector *d = detector_find(entity, 0);

    /* Numbers of the state and of banks are written with blanks, hyphens and points, in capitals or not. */
    return d && strcmp(d->category, "government") == 0 ? CANONICAL_ALNUM : CANONICAL_RAW;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ---- addresses ---- */

/* The address as text; false when it is too long to be one. */
static bool
address_text(struct str value, char out[ADDRESS_MAX])
{
    struct str s = str_trim(value);
    size_t end = str_find(s, STR("/"));

    s.len = end < s.len ? end : s.len;
    if (str_starts(s, STR("["))) {
        end = str_find(s, STR("]"));
        if (end == SIZE_MAX)
            return false;
        s = str_sub(s, 1, end);
    } else {
        size_t colon = str_find(s, STR(":"));

        if (colon != SIZE_MAX && str_find(str_sub(s, colon + 1, s.len), STR(":")) == SIZE_MAX)
            s.len = colon; /* one colon: a port */
    }
    end = str_find(s, STR("%"));
    s.len = end < s.len ? end : s.len;
    if (s.len == 0 || s.len >= ADDRESS_MAX || memchr(s.ptr, '\0', s.len))
        return false;
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}

size_t
address_parse(struct str value, uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96 */
    char text[ADDRESS_MAX];

    if (value.len == 0 || !address_text(value, text))
        return 0;
    if (inet_pton(AF_INET, text, bytes) == 1)
        return 4;
    if (inet_pton(AF_INET6, text, bytes) != 1)
        return 0;
    if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
        return 16;
    memmove(bytes, bytes + sizeof(mapped), 4);
    return 4;
}

/* ---- forms ---- */

static size_t
write_plain(enum canonical form, struct str v, char *out)
{
    size_t n = 0, at = 0;

    if (form == CANONICAL_EMAIL)
        for (size_t i = 0; i < v.len; i++)
            at = v.ptr[i] == '@' ? i : at;
    for (size_t i = 0; i < v.len; i++) {
        char c = v.ptr[i];

        if ((form == CANONICAL_DIGITS || form == CANONICAL_PHONE) && !is_digit(c))
            continue;
        if (form == CANONICAL_ALNUM && !is_digit(c) && !(lower(c) >= 'a' && lower(c) <= 'z'))
            continue;
        out[n++] = form == CANONICAL_ALNUM || (form == CANONICAL_EMAIL && i > at) ? lower(c) : c;
    }
    return n;
}

/* E.164 without its plus: "00" is a way to dial it, and ten digits of the North American plan have the country code 1. */
static struct str
phone_form(struct str digits, bool plus)
{
    if (!plus && str_starts(digits, STR("00")))
        return str_sub(digits, 2, digits.len);
    return digits;
}

static bool
is_nanp(struct str d, bool plus)
{
    return !plus && d.len == 10 && d.ptr[0] >= '2' && d.ptr[3] >= '2';
}

static enum rc
ip_form(struct str value, struct arena *ar, struct str *out)
{
    uint8_t bytes[16];
    size_t len = address_parse(value, bytes);
    char *p = len ? arena_alloc(ar, IP_FORM_MAX) : NULL;

    if (len == 0) {
        *out = str_trim(value);
        return RC_OK;
    }
    if (!p)
        return RC_NOMEM;
    memcpy(p, len == 4 ? "ip4" : "ip6", 3);
    memcpy(p + 3, bytes, len);
    *out = (struct str){p, 3 + len};
    return RC_OK;
}

enum rc
canonical_form(enum canonical form, struct str value, struct arena *ar, struct str *out)
{
    struct str data = form == CANONICAL_RAW ? value : str_trim(value);

    if (form == CANONICAL_IP)
        return ip_form(value, ar, out);
    if (form == CANONICAL_RAW || form == CANONICAL_TRIM) {
        *out = data;
        return RC_OK;
    }
    char *p = arena_alloc(ar, data.len + 2);

    if (!p)
        return RC_NOMEM;
    size_t n = write_plain(form, data, p + 1);
    struct str got = {p + 1, n};
    bool plus = str_starts(data, STR("+"));

    if (form == CANONICAL_PHONE && is_nanp(got, plus)) {
        p[0] = '1';
        got = (struct str){p, n + 1};
    } else if (form == CANONICAL_PHONE) {
        got = phone_form(got, plus);
    }
    *out = got.len ? got : data; /* a key rule may name an attribute that holds something else: then the bytes themselves count */
    return RC_OK;
}
