/* Which segments of a path name one thing (a user, an order, a session) and which name a kind of things. */
#include "forms_int.h"

#define SEGMENT_BYTES NAME_BYTES
#define RANDOM_BYTES 20 /* a run without a separator as long as this is no word, if it holds a digit or many changes of case */

/* Words with digits in them that name no thing. */
static const char *const technical[] = {"oauth2", "oauth1", "s3", "ec2", "k8s", "i18n", "l10n", "a11y", "sha1", "sha256", "sha512", "md5", "base64",
    "x509", "h264", "h265", "utf8", "ipv4", "ipv6", "http2", "http3", "h2", "h3", "b2b", "b2c", "p2p", "2fa", "3d", "3ds", "3ds2", "4k", "5g",
    "log4j", "log4j2", "neo4j", "web3", "d3", "mp3", "mp4", "jp2", "oidc2", "openapi3", "swagger2", "pkcs12", "x86", "x64", "arm64", "amd64", "win32",
    "win64", "web2", "auth0", "r2", "e2e", "c2c", "m2m", "g2", "v2ray", "php5", "php7", "php8", "html5", "css3", "es6", "json5", "s3n", "s3a", NULL};

struct shape {
    unsigned digits, letters, changes, others; /* changes: between letter and digit, or lower case to upper */
    bool hex;
};

static struct shape
shape_of(struct str s)
{
    struct shape h = {.hex = s.len > 0};

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], before = i ? s.ptr[i - 1] : c;
        bool digit = ascii_digit(c), letter = ascii_alpha(c) || (unsigned char)c >= 0x80;

        h.digits += digit;
        h.letters += letter;
        h.others += !digit && !letter;
        h.hex &= hex_value(c) >= 0;
        h.changes += digit != ascii_digit(before) || (ascii_upper(c) == c && ascii_lower(before) == before && ascii_alpha(c) && ascii_alpha(before));
    }
    return h;
}

/* v1, v2.1, v1beta1, 2024-01-01 of an API is not: only what begins with v. */
static bool
is_version(struct str s)
{
    static const char *const tails[] = {"", "alpha", "beta", "rc", NULL};
    size_t i = 1;

    if (s.len < 2 || s.len > 12 || ascii_lower(s.ptr[0]) != 'v' || !ascii_digit(s.ptr[1]))
        return false;
    while (i < s.len && (ascii_digit(s.ptr[i]) || s.ptr[i] == '.'))
        i++;
    if (i > 7)
        return false;
    if (i == s.len)
        return true;
    size_t from = i;

    while (i < s.len && ascii_alpha(s.ptr[i]))
        i++;
    if (!word_in(str_sub(s, from, i), tails))
        return false;
    while (i < s.len && ascii_digit(s.ptr[i]))
        i++;
    return i == s.len;
}

/* A run of letters and digits without a separator. ${few} other runs stand beside it: 22 in ubuntu-22-04 is a number, 22 in order-22 an id. */
static bool
part_identifies(struct str s, bool in_slug)
{
    struct shape h = shape_of(s);

    if (s.len == 0)
        return false;
    if (h.digits == 0)
        return s.len >= 16 && (h.changes * 3 >= s.len || (h.hex && s.len >= 16));
    if (h.letters == 0)
        return !in_slug || h.digits > 2;
    if (s.len <= 8 && (word_in(s, technical) || is_version(s)))
        return false;
    /* Letters and up to two digits at the end: a word with a number (step2), of more than two letters. */
    if (h.digits <= 2 && h.letters > 2 && h.changes <= 2 && s.len <= RANDOM_BYTES && ascii_digit(s.ptr[s.len - 1]) && ascii_alpha(s.ptr[0]) && !h.hex)
        return false;
    return true;
}

static bool
separates(char c)
{
    return !ascii_alnum(c) && (unsigned char)c < 0x80;
}

/* Each run on its own; a slug has three words or more and begins with one. */
static bool
parts_identify(struct str s)
{
    size_t runs = 0, from = 0;

    for (size_t i = 0; i < s.len; i++)
        runs += !separates(s.ptr[i]) && (i == 0 || separates(s.ptr[i - 1]));
    for (size_t i = 0; i <= s.len; i++) {
        if (i < s.len && !separates(s.ptr[i]))
            continue;
        if (part_identifies(str_sub(s, from, i), runs >= 3 && ascii_alpha(s.ptr[0])))
            return true;
        from = i + 1;
    }
    return false;
}

/* app.js, index.html, main.8f3e2a1b.css: the name of a file of the site, not of a person's. */
static bool
is_asset(struct str s)
{
    static const char *const endings[] = {"js", "mjs", "css", "map", "woff", "woff2", "ttf", "eot", "ico", "svg", NULL};
    size_t dot = s.len;

    while (dot > 0 && s.ptr[dot - 1] != '.')
        dot--;
    return dot > 1 && word_in(str_sub(s, dot, s.len), endings);
}

static struct str
without_ending(struct str s)
{
    static const char *const endings[] = {"mp3", "mp4", "m4a", "m3u8", "7z", "h5", "bz2", "jp2", "3gp", "x3d", NULL};
    size_t dot = s.len;

    while (dot > 0 && s.ptr[dot - 1] != '.')
        dot--;
    return dot > 1 && word_in(str_sub(s, dot, s.len), endings) ? str_sub(s, 0, dot - 1) : s;
}

/* What stands behind /reset/ or /verify/ is a token unless it is a word. */
static bool
looks_like_token(struct str s)
{
    struct shape h = shape_of(s);

    return h.digits > 0 || (s.len >= 16 && h.others == 0) || (h.changes > 0 && s.len >= 8);
}

/* Before a token. */
static bool
token_word(struct str s)
{
    static const char *const words[] = {"reset", "verify", "verification", "confirm", "confirmation", "invite", "invites", "invitation",
        "invitations", "token", "tokens", "magic", "magic-link", "magiclink", "magic_link", "activate", "activation", "unsubscribe", "password-reset",
        "reset-password", "password_reset", "reset_password", "resetpassword", "passwordreset", "share", "shared", "secret", "otp", "session",
        "sessions", "auth", "login", "callback", "key", "keys", "apikey", "recover", "recovery", "accept", "onetime", "one-time", "ticket", "webhook",
        "webhooks", "hooks", "hook", "bot", NULL};

    return word_in(s, words);
}

/* Lower-case letters and what joins words: most segments. */
static bool
plain_word(struct str s)
{
    if (s.len >= 16)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)(s.ptr[i] - 'a') >= 26 && s.ptr[i] != '-' && s.ptr[i] != '_' && s.ptr[i] != '.')
            return false;
    return true;
}

bool
segment_identifies(struct str segment, struct str before)
{
    char buf[SEGMENT_BYTES];
    size_t digits = 0;

    while (digits < segment.len && ascii_digit(segment.ptr[digits]))
        digits++;
    if (digits > 0 && digits == segment.len)
        return true;
    if (plain_word(segment) || form_masked(segment) || segment.ptr[0] == ':' || (segment.ptr[0] == '<' && segment.ptr[segment.len - 1] == '>'))
        return false;
    struct str s = form_decode(segment, buf);

    if (s.len == 0)
        return false;
    if (segment.len > SEGMENT_BYTES || str_find(s, STR("@")) != SIZE_MAX || (s.ptr[0] == '~' && s.len > 1))
        return true;
    if (is_version(s) || is_asset(s))
        return false;
    if (looks_like_token(s) && token_word(before))
        return true;
    s = without_ending(s);

    /* Base64 of enough bytes for an id has separators of its own. */
    return parts_identify(s) || str_find(s, STR("=")) != SIZE_MAX || str_find(s, STR("?")) != SIZE_MAX;
}
