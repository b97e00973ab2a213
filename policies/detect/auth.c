/* Credentials of HTTP: tokens and authorization headers. */
#include "checks_int.h"

/* Base64 of a JSON object that says how it is signed or encrypted (RFC 7519 section 5). */
static bool
jose_header(struct str encoded)
{
    char json[768];
    size_t len = 0;

    if (!base64_peek(encoded, json, sizeof(json), &len))
        return false;
    struct str s = {json, len};

    return str_starts(s, STR("{")) && (len == sizeof(json) || str_find(s, STR("\"alg\"")) != SIZE_MAX || str_find(s, STR("\"enc\"")) != SIZE_MAX);
}

/* A token that is itself in base64. */
static bool
encoded_jwt(struct str s)
{
    char inner[2048];
    size_t len = 0;

    if (!base64_peek(s, inner, sizeof(inner), &len))
        return false;
    size_t dot = str_find((struct str){inner, len}, STR("."));

    return dot != SIZE_MAX ? jose_header((struct str){inner, dot}) : len == sizeof(inner);
}

/* Three parts, or two and a dot (unsigned), or two of which the second is JSON too: cut short by an attribute limit, it still says who. */
static bool
check_jwt(struct match *m)
{
    struct str s = match_str(m);
    size_t dot = str_find(s, STR("."));

    if (s.ptr[0] == 'Z')
        return encoded_jwt(s);
    if (dot == SIZE_MAX || !jose_header(str_sub(s, 0, dot)))
        return false;
    struct str rest = str_sub(s, dot + 1, s.len);

    return str_find(rest, STR(".")) != SIZE_MAX || str_starts(rest, STR("eyJ"));
}

static bool
check_bearer(struct match *m)
{
    static const char *const prose[] = {"authentication", "authorization", "authorisation", "certificate", "certificates", "challenge", "credential",
        "credentials", "instrument", "instruments", "required", "security", "securityscheme", "token_type", "tokenauth", "unauthorized", "tokens-are",
        "assertion", NULL};

    return match_narrow(m, 1) && !str_in_list(match_str(m), prose) && !str_placeholder(match_str(m));
}

static bool
check_basic(struct match *m)
{
    char text[512];
    size_t len = 0;

    if (!match_narrow(m, 1) || !base64_peek(match_str(m), text, sizeof(text), &len))
        return false;
    return str_find((struct str){text, len}, STR(":")) != SIZE_MAX;
}

/* With a scheme, all that follows it; without one, a word that is long and holds a digit: no prose. */
static bool
check_authorization(struct match *m)
{
    if (match_group(m, 1).len)
        return match_narrow(m, 1) && !str_placeholder(match_str(m));
    if (!match_narrow(m, 2))
        return false;
    for (size_t i = m->start; i < m->end; i++)
        if (ascii_digit(m->text.ptr[i]))
            return true;
    return false;
}

#define TOKEN68 "[A-Za-z0-9._~+/-]"

const struct detector detect_auth[] = {
    {
        .id = "sec.jwt",
        .entity = "JWT",
        .title = "JSON Web Token",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "(?<![0-9A-Za-z_-])(?:eyJ[A-Za-z0-9_-]{8,}+\\.[A-Za-z0-9_-]{2,}+(?:\\.[A-Za-z0-9_-]*+){0,3}|ZXlK[A-Za-z0-9+/_-]{32,}+={0,2})",
        .check = check_jwt,
        .severity = 3,
        .examples = EXAMPLES(HIT("ey"
                                 "JhbGciOiJIUzI1NiJ9"
                                 "."
                                 "ey"
                                 "JzdWIiOiIxIn0"
                                 ".c2lnbmF0dXJlc2ln"),
            HIT("t=ey"
                "JhbGciOiJub25lIn0"
                "."
                "ey"
                "JzdWIiOiIxIn0"
                "."),
            HIT("cut ey"
                "JhbGciOiJIUzI1NiJ9"
                "."
                "ey"
                "JzdWIiOiIxIn0"),
            HIT("ZX"
                "lKaGJHY2lPaUpJVXpJMU5pSjkuZXlKemRXSWlPaUl4SW4wLmMybG4="),
            MISS("ey"
                 "JmaWxlIjoiYS5iIn0"
                 ".ey"
                 "JzdWIiOiIxIn0"
                 ".c2ln"),
            MISS("eyJhbGciOiJIUzI1NiJ9"),
            MISS("ZX"
                 "lKMFpYTjBJam9pZG1Gc2RXVWlmUT09aaaaaa"),
            MISS("ey"
                 "Jnot.base.64!")),
    },
    {
        .id = "sec.bearer",
        .entity = "AUTH_HEADER",
        .title = "Bearer token",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = WORD_START "bearer[ \\t:=]{1,4}(" TOKEN68 "{8,}+=*+)",
        .caseless = true,
        .check = check_bearer,
        .severity = 3,
        .examples = EXAMPLES(HIT("Authorization: Bearer abcdef0123456789"), HIT("bearer mF_9.B5f-4.1JqM"), HIT("BEARER mysecrettoken"),
            MISS("Bearer authentication"), MISS("Bearer REDACTED"), MISS("forbearer abcdef0123456789"), MISS("bearer short")),
    },
    {
        .id = "sec.basic_auth",
        .entity = "AUTH_HEADER",
        .title = "Basic credentials",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = WORD_START "basic[ \\t:=]{1,4}([A-Za-z0-9+/_-]{6,}+={0,2})",
        .caseless = true,
        .check = check_basic,
        .severity = 3,
        .examples = EXAMPLES(HIT("Authorization: Basic QWxhZGRpbjpvcGVu"
                                 "IHNlc2FtZQ=="),
            HIT("basic dXNlcjpwYXNz"), MISS("Basic authentication"), MISS("basic features of"), MISS("basic QWxhZGRpbg==")),
    },
    {
        .id = "sec.authorization",
        .entity = "AUTH_HEADER",
        .title = "Authorization header",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "authorization[\"']?[ \\t]{0,3}[:=][ "
                   "\\t]{0,3}[\"']?(?:(?:token|apikey|api-key|digest|negotiate|ntlm|hmac|hawk|oauth|signature|key|privatekey|"
                   "splunk|aws4-hmac-sha256|sharedkey|sharedaccesssignature)[ \\t]{1,4}([^\\r\\n'<>\\\\]{4,2048})|(" TOKEN68 "{16,}+=*+))",
        .caseless = true,
        .check = check_authorization,
        .severity = 3,
        .examples = EXAMPLES(HIT("Authorization: Token 0123456789abcdef"),
            HIT("authorization: Digest username=\"Mufasa\", response=\"6629fae49393\""), HIT("'Authorization': 'ApiKey Zm9vOmJhcg'"),
            HIT("Authorization=0123456789abcdefXYZ"), MISS("authorization: failed"), MISS("authorization_url=https"),
            MISS("authorization: misconfiguration"), MISS("Authorization: Token REDACTED")),
    },
    {.id = NULL},
};
