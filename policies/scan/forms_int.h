/**
 * What the scanners of URLs, headers, bodies, commands and the like share: names that announce a secret, values that are masked already, and ranges of a
 * text that is being scanned.
 *
 * The scanners work on ranges of one text and recurse into parts of it with a bound; scan_inside is for texts of another language.
 */
#ifndef SCAN_FORMS_INT_H
#define SCAN_FORMS_INT_H

#include "../detect/checks_int.h"
#include "policies/scanner.h"

/* A text that is being scanned. */
struct form {
    const struct scan_in *in;
    struct scan_out *out;
    struct str t;   /* in->text */
    bool strict;    /* every value, not only those of secret names */
    unsigned depth; /* of recursion within this scanner */
};
#define FORM_DEPTH 3

static inline bool
byte_in(char c, const char *set)
{
    for (; *set; set++)
        if (*set == c)
            return true;
    return false;
}

static inline bool
byte_alnum(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10;
}

/* As str_starts, of a word whose length nobody knows. */
static inline bool
starts_word(struct str s, const char *word)
{
    size_t i = 0;

    while (i < s.len && word[i] && s.ptr[i] == word[i])
        i++;
    return word[i] == 0;
}

/* As str_eq, of a word whose length nobody knows. */
static inline bool
is_word(struct str s, const char *word)
{
    size_t i = 0;

    while (i < s.len && word[i] && s.ptr[i] == word[i])
        i++;
    return word[i] == 0 && i == s.len;
}

struct form form_of(const struct scan_in *in, struct scan_out *out, bool strict);
static inline struct str
form_str(const struct form *f, size_t start, size_t end)
{
    return str_sub(f->t, start, end);
}
/* Report [start, end) unless it is empty or masked already. */
enum rc form_add(const struct form *f, enum scan_kind kind, size_t start, size_t end) MUST_USE;
/* Scan [start, end) with another scanner; where that gives up, or texts are nested too deep, report it whole as ${kind}. */
enum rc form_inside(const struct form *f, const struct scanner *s, enum scan_kind kind, size_t start, size_t end) MUST_USE;
/* The same range under another key. */
enum rc form_inside_as(const struct form *f, const struct scanner *s, struct str key, enum scan_kind kind, size_t start, size_t end) MUST_USE;
/* Whether ${s} can scan the range to its end. */
bool form_lexes(const struct form *f, const struct scanner *s, size_t start, size_t end);
/* The first byte of [start, end) that is in the set, which holds no letters and digits, or not in it; end when there is none. */
size_t form_find(const struct form *f, size_t start, size_t end, const char *set);
size_t form_skip(const struct form *f, size_t start, size_t end, const char *set);
/* Shrink the range by white space at both ends. */
void form_trim(const struct form *f, size_t *start, size_t *end);
/* Whether s stands in the list, case ignored: as str_in_list, sooner. */
bool word_in(struct str s, const char *const *list);
/* Whether one of the list stands anywhere in s. */
bool holds_word(struct str s, const char *const *list);

/* What stands in place of a value already: REDACTED, ?, ***, {id}, [ENTITY], the marker of what could not be decided. */
bool form_masked(struct str s);
/* The whole text was replaced: nothing is left to scan. */
bool form_replaced(struct str text);

/* What the name of a value says of it. */
enum name_class {
    NAME_PLAIN,
    NAME_SECRET,   /* password, accessToken, user_email, ssn: the value is a secret or personal */
    NAME_NAME,     /* "name": personal where it is somebody's */
    NAME_SOMEBODY, /* user, customer: what is called name inside of it is personal */
};
/* Case, and what is neither letter nor digit, are ignored. Of a path such as user[password] or a.b.password the last part counts too. */
enum name_class name_classify(struct str name);
static inline bool
name_is_secret(struct str name)
{
    return name_classify(name) == NAME_SECRET;
}
/* Names of keys in the environment and of flags: also what ends in key or pass, but not password-file, token-url. */
bool name_is_secret_flag(struct str name);

/* What is known of the values of a key, an element, an object. */
enum {
    FORM_HIDDEN = 2,   /* all of them go */
    FORM_SOMEBODY = 4, /* what is called name is somebody's */
    FORM_NAMED = 8,    /* {"name": "password", "value": ...}: what is called value goes */
};
/* The flags of what stands under ${name} within something of flags ${within}. */
uint8_t form_flags(uint8_t within, struct str name);
/* "name", "key", "field": its value is the name of what is called value beside it. */
bool name_introduces(struct str name);

/* Decode percent escapes, twice-encoded ones too, and + as space, into buf if there are any; what is longer is cut off. */
#define NAME_BYTES 96
struct str form_decode(struct str s, char buf[NAME_BYTES]);

/* Whether a segment of a path, percent escapes decoded, names one thing: digits, UUID, hexadecimal, e-mail, random token; ${before} is
 * the segment before it, /reset/ for instance (url_path.c). */
bool segment_identifies(struct str segment, struct str before);

/* name=value pairs of a query, a form or a fragment (url.c). */
enum pair_kinds { PAIRS_URL, PAIRS_BODY };
enum rc form_pairs(struct form *f, size_t start, size_t end, const char *separators, enum pair_kinds kinds) MUST_USE;

extern const struct scanner scanner_url, scanner_headers, scanner_cookies, scanner_user_agent, scanner_body, scanner_body_strict, scanner_json,
    scanner_json_strict, scanner_xml, scanner_xml_strict, scanner_form, scanner_form_strict, scanner_multipart, scanner_multipart_strict,
    scanner_shell, scanner_baggage, scanner_tracestate;

#define URL_KINDS (SCAN_SET(URL_USERINFO) | SCAN_SET(URL_QUERY_SECRET) | SCAN_SET(URL_QUERY_VALUE) | SCAN_SET(URL_PATH_ID) | SCAN_SET(URL_PARAMETER))
#define BODY_KINDS (SCAN_SET(BODY_VALUE) | SCAN_SET(BODY_SECRET) | SCAN_SET(BODY_NUMBER))
#define HEADER_KINDS                                                                                                        \
    (URL_KINDS | SCAN_SET(HEADER_SECRET) | SCAN_SET(COOKIE_VALUE) | SCAN_SET(USER_AGENT_DETAIL) | SCAN_SET(BAGGAGE_VALUE) | \
        SCAN_SET(TRACESTATE_VALUE))

#endif
