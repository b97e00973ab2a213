/* Secrets without a shape of their own: known by the name before them, or by chance that no word has. */
#include <math.h>

#include "checks_int.h"
#include "pairs_int.h"

#define SECRET_NAMES                                                                                                                             \
    "(?:secret|token|api[_-]?key|(?<![a-z])auth|auth[_-]?key|credentials?|(?:private|access|master|admin)[_-]?key|secret[_-]?key(?:[_-]?base)?|" \
    "client[_-]?secret|"                                                                                                                         \
    "connection[_-]?string|signing[_-]?key|encryption[_-]?key|license[_-]?key|webhook[_-]?secret|consumer[_-]?secret|app[_-]?secret)"

/* The same where the end of the name is known. */
#define SECRET_WORDS "(?:secret|token|credentials?|(?:api|auth|private|access|secret|signing|encryption|license)[_-]?key)"

#define VALUE_MIN 8
#define LONG_VALUE 256

static bool
all_lower(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] < 'a' || s.ptr[i] > 'z') && s.ptr[i] != '_' && s.ptr[i] != '.' && s.ptr[i] != '-')
            return false;
    return true;
}

static bool
all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_digit(s.ptr[i]))
            return false;
    return true;
}

/* Long enough, no placeholder, no word in small letters, no count; and not the same few bytes again and again. */
static bool
looks_secret(struct str s)
{
    if (s.len < VALUE_MIN || str_placeholder(s) || (all_lower(s) && s.len < 20) || (all_digits(s) && s.len < 12))
        return false;
    /* A very long one counts whatever it is: to refuse it would mean to read all of it again from the next name inside it. */
    return s.len > LONG_VALUE || str_entropy(s) >= (s.len < 16 ? 2.5 : 3.0);
}

/* PublicKeyToken=b77a5c561934e089 names an assembly of .NET, public_key= what may be known. */
static bool
after_public(const struct match *m)
{
    static const char *const before[] = {"publickey", "public_key_", "public-key-", "public", "public_", "public-", NULL};

    for (const char *const *b = before; *b; b++) {
        size_t n = strlen(*b);

        if (m->start >= n && str_eq_nocase(str_sub(m->text, m->start - n, m->start), str_of(*b)))
            return true;
    }
    return false;
}

static bool
check_generic(struct match *m)
{
    return !after_public(m) && pair_narrow(m) && looks_secret(match_str(m));
}

static bool
check_flag(struct match *m)
{
    return pair_narrow(m) && looks_secret(match_str(m));
}

static bool
check_element(struct match *m)
{
    return match_narrow(m, 1) && looks_secret(str_trim(match_str(m)));
}

/* No word in small letters, where the rest of a sentence might follow. */
static bool
check_line(struct match *m)
{
    bool env = m->text.ptr[m->start] == 'E';

    return match_narrow(m, 1) && match_not_placeholder(m) && (!env || !all_lower(match_str(m)));
}

/* Names that end so say something about the secret, not the secret. */
static bool
about_secret(struct str key)
{
    static const char *const endings[] = {"name", "id", "version", "url", "uri", "length", "type", "count", "tokens", "endpoint", "expiry", "expires",
        "path", "file", "usage", "ttl", "kind", "status", "provider", "hash", "limit", "size", NULL};

    for (const char *const *e = endings; *e; e++) {
        struct str end = str_of(*e);

        if (key.len >= end.len && str_eq_nocase(str_sub(key, key.len - end.len, key.len), end))
            return true;
    }
    return false;
}

static bool
check_by_key(struct match *m)
{
    return !about_secret(m->key) && looks_secret(str_trim(match_str(m)));
}

/* Entropy by the best that so many bytes of this alphabet could have; hexadecimal is hashes, trace ids and UUIDs, and is left alone. */
static bool
check_entropy(struct match *m)
{
    struct str s = match_str(m);
    bool hexadecimal = true;

    for (size_t i = 0; i < s.len && hexadecimal; i++)
        hexadecimal = hex_value(s.ptr[i]) >= 0 || s.ptr[i] == '-';
    /* That there are letters of both cases and digits, the pattern has seen. */
    return !hexadecimal && str_entropy(s) / log2(s.len < 62 ? (double)s.len : 62.0) >= 0.90;
}

const struct detector detect_secrets[] = {
    {
        ENTRY("sec.generic_kv", "SECRET", "Secret in a name and value pair", TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 2),
        .pattern = SECRET_NAMES PAIR_SEPARATOR "(?:" PAIR_QUOTED "|" PAIR_BARE ")",
        .caseless = true,
        .check = check_generic,
        .examples = EXAMPLES(HIT("api_key=" BODY8 BODY8), HIT("{\"client_secret\": \"" BODY8 "-_.~\"}"), HIT("token: " HEX32),
            HIT("MY_ACCESS_KEY='" BODY8 "xyz'"), HIT("connection_string=\"Endpoint=sb://x;K=" BODY8 "\""), HIT("apikey=abc12345"),
            HIT("SECRET_KEY_BASE=" BODY8 BODY8), HIT("RAILS_MASTER_KEY=" HEX32), MISS("token_type=" BODY8), MISS("token: unexpected"),
            MISS("gen_ai.usage.input_tokens=123456789"), MISS("author: " BODY8), MISS("public_key=" BODY8 BODY8), MISS("secret=REDACTED"),
            MISS("secret_name=" BODY8 BODY8), MISS("keyboard=" BODY8), MISS("token=123456"), MISS("auth_type=" BODY8)),
    },
    {
        ENTRY("sec.secret_flag", "SECRET", "Secret given to a command", TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 2),
        .pattern = "(?<![0-9A-Za-z_-])--?[0-9a-z_-]{0,32}" SECRET_WORDS "[ \\t]{1,4}(?:" PAIR_QUOTED "|(?!-)" PAIR_BARE ")",
        .caseless = true,
        .check = check_flag,
        .examples = EXAMPLES(HIT("run --auth_token " BODY8 BODY8 " now"), HIT("--API_KEY '" BODY8 BODY8 "'"), HIT("--stripe-secret " BODY8 BODY8),
            HIT("-token " BODY8 BODY8), MISS("--token REDACTED"), MISS("--token --verbose"), MISS("--token-file " BODY8 BODY8),
            MISS("--token unexpected"), MISS("x--token " BODY8 BODY8)),
    },
    {
        /* ENV NAME value of a Dockerfile, a part of a form (RFC 7578 section 4.2), and a command that has no other use. */
        ENTRY("sec.secret_line", "SECRET", "Secret in a line that says so", TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 2),
        .pattern = "(?:(?<![0-9A-Za-z_])ENV[ \\t]{1,4}[0-9A-Z_]{0,40}(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|KEY)[ \\t]{1,4}|"
                   "(?<![0-9A-Za-z_])sshpass[ \\t]{1,4}-p[ \\t]{0,4}[\"']?|"
                   "name=\"[0-9A-Za-z_.-]{0,32}(?:[Pp]assword|[Pp]asswd|pwd|[Tt]oken|[Ss]ecret)\"\\r?\\n\\r?\\n)([^\\s\"']{1,256}+)",
        .check = check_line,
        .examples = EXAMPLES(HIT("ENV DB_PASSWORD hunter2"), HIT("[2/5] ENV NPM_TOKEN " BODY8), HIT("sshpass -p hunter2 ssh h"),
            HIT("form-data; name=\"password\"\r\n\r\nabc\r\n--b"), MISS("ENV PASSWORD is not set"), MISS("ENV SORT_KEY name"),
            MISS("name=\"note\"\r\n\r\nabc"), MISS("ENV API_KEY REDACTED")),
    },
    {
        ENTRY("sec.secret_element", "SECRET", "Secret in an XML element", TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 2),
        .pattern = "<(?:[a-z0-9_.-]{1,32}+:)?[a-z0-9_.-]{0,32}?" SECRET_WORDS "(?:[ \\t\\r\\n][^<>]{0,256})?>([^<]{1,1024})",
        .caseless = true,
        .check = check_element,
        .examples = EXAMPLES(HIT("<x-api-key>" BODY8 BODY8 "</x-api-key>"), HIT("<ns:AuthToken a=\"1\">" BODY8 BODY8 "</ns:AuthToken>"),
            HIT("<encryption_key>" BODY8 BODY8 "</encryption_key>"), MISS("<token>REDACTED</token>"), MISS("<tokens>" BODY8 BODY8 "</tokens>"),
            MISS("<token>unexpected</token>"), MISS("<public-key>" BODY8 BODY8 "</public-key>")),
    },
    {
        ENTRY("sec.secret_key", "SECRET", "Value under the key of a secret", TIER_A, "secret", "SOC2-CC6.1 ISO27001-A.8.24", 2),
        .pattern = WHOLE_TEXT,
        .context = WORDS("secret", "api key", "access key", "client secret", "secret key", "private key", "token", "auth token", "access token",
            "refresh token", "id token", "credential", "connection string", "signing key", "encryption key", "bearer"),
        .key_only = true,
        .check = check_by_key,
        .examples = EXAMPLES(HIT_IN("app.api_key", BODY8 BODY8), HIT_IN("user.accessToken", HEX32),
            HIT_IN("db.connection_string", "Server=x;User=y;P=" BODY8), MISS_IN("gen_ai.usage.input_tokens", "123456789"),
            MISS_IN("token.type", "Bearer-like" BODY8), MISS_IN("app.secret_name", BODY8 BODY8), MISS_IN("app.api_key", "REDACTED"),
            MISS_IN("app.key", BODY8 BODY8), MISS_IN("token.name", "unexpected")),
    },
    {
        ENTRY("sec.otp_uri", "OTP_SECRET", "Seed of one-time passwords", TIER_A, "secret", "SOC2-CC6.1", 3),
        .pattern = "otpauth://[^\\s\"'<>]{8,512}",
        .caseless = true,
        .examples = EXAMPLES(HIT("otp"
                                 "auth://totp/Example:alice@example.com?secret=JBSWY3DP"
                                 "EHPK3PXP"),
            HIT("uri=otp"
                "auth://hotp/x?secret=JBSWY3DP"
                "EHPK3PXP&counter=1"),
            MISS("otpauth://x"), MISS("oauth://totp/Example")),
    },
    {
        ENTRY("sec.otp_code", "OTP_CODE", "One-time code", TIER_B, "secret", "SOC2-CC6.1", 2),
        .pattern = "(?<![0-9A-Za-z_])(?:otp|totp|one[- ]time (?:password|passcode|code|pin)|verification code|security pin|2fa code|mfa "
                   "code|authentication code|login code)[\"']?(?: is)?[ \\t]{0,3}[:=]?[ \\t\"']{0,3}"
                   "([0-9]{3}[ -]?[0-9]{3}|[0-9]{4,8})" NUM_END,
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(HIT("Your verification code is 123456"), HIT("otp=9876"), HIT("one-time password: 123 456"),
            MISS("verification code sent"), MISS("otp 123"), MISS("code 123456")),
    },
    {
        ENTRY("sec.recovery_codes", "OTP_SECRET", "Recovery codes", TIER_B, "secret", "SOC2-CC6.1", 3),
        .pattern = WORD_START "[0-9A-Za-z]{4,6}-[0-9A-Za-z]{4,6}(?:[ ,;\\r\\n]{1,3}[0-9A-Za-z]{4,6}-[0-9A-Za-z]{4,6}){0,15}"
                              "(?![0-9A-Za-z_-])",
        .context = WORDS("recovery code", "backup code", "recovery codes", "scratch code"),
        .need_context = true,
        .examples = EXAMPLES(
            HIT("recovery codes: a1b2c-d3e4f g5h6i-j7k8l"), HIT("backup code 1234-5678"), MISS("1234-5678"), MISS("recovery code sent")),
    },
    {
        ENTRY("sec.hash_pw", "PASSWORD_HASH", "Hash of a password", TIER_A, "secret", "GDPR SOC2-CC6.1", 2),
        .pattern = "(?<![0-9A-Za-z_$])(?:\\$2[abxy]\\$[0-9]{2}\\$[0-9A-Za-z./"
                   "]{53}|\\$argon2(?:id|i|d)\\$v=[0-9]{1,3}\\$[^\\s\"'$]{5,40}\\$[0-9A-Za-z+/]{8,128}\\$[0-9A-Za-z+/]{16,128}|"
                   "\\$(?:[156y]|apr1|md5)\\$(?:rounds=[0-9]{1,9}\\$)?[^\\s\"'$]{1,32}\\$[0-9A-Za-z./"
                   "$]{22,128}|pbkdf2[_:](?:sha|hmac)[0-9a-z_-]{1,12}[$:][0-9]{1,8}[$:][^\\s\"'$:]{4,64}[$:][0-9A-Za-z+/=]{16,128}|"
                   "\\{SSHA(?:256|512)?\\}[0-9A-Za-z+/=]{24,128}|scrypt:[0-9]{1,8}:[0-9]{1,3}:[0-9]{1,3}\\$[^\\s\"'$]{4,64}\\$[0-9a-f]{64,256})",
        .examples = EXAMPLES(HIT("$2"
                                 "b$12$" BODY32 BODY8 BODY8 "abcde"),
            HIT("$argon"
                "2id$v=19$m=65536,t=3,p=4$" BODY8 BODY8 "$" BODY32),
            HIT("root:$6"
                "$" BODY8 "$" BODY32 BODY32 ":1"),
            HIT("pbkdf2_sha"
                "256$260000$" BODY8 "$" BODY32 BODY8 "abc="),
            MISS("$2b$12$short"), MISS("$6$"), MISS("cost $6$ each $7$")),
    },
    {
        ENTRY("sec.high_entropy", "HIGH_ENTROPY", "Text that looks random", TIER_C, "secret", "SOC2-CC6.1", 1),
        .pattern = "(?<![0-9A-Za-z_+/-])(?=[0-9a-z_+/-]*+[A-Z])(?=[0-9A-Z_+/-]*+[a-z])(?=[A-Za-z_+/-]*+[0-9])"
                   "[0-9A-Za-z_+/-]{20,256}+={0,2}+(?![0-9A-Za-z_+/=-])",
        .check = check_entropy,
        .examples = EXAMPLES(HIT("x " BODY32),
            HIT("k=" BODY8 "e5F6g7H8"
                "i9J0"),
            MISS(HEX32), MISS(EXAMPLE_UUID), MISS("LibraryWebpageUploadUrlRowStatus"), MISS("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA1")),
    },
    {.id = NULL},
};
