/* Credentials in URLs. */
#include "checks_int.h"

/* Names whose values the semantic conventions redact by default, and ours; case is ignored. Sorted by nothing: the list is short. */
#define SEMCONV_NAMES "x-amz-signature|x-amz-credential|x-amz-security-token|awsaccesskeyid|signature|sig|x-goog-signature"
#define OUR_NAMES                                                                                                                                    \
    "x-goog-credential|token|access_token|accesstoken|refresh_token|id_token|auth_token|code|state|api_key|apikey|api-key|key|secret|client_secret|" \
    "password|passwd|pwd|auth|jwt|session|session_id|sessionid|sid|otp|email|phone|ssn|dob|subscription-key|private_token"

static const char *const query_names[] = {"x-amz-signature", "x-amz-credential", "x-amz-security-token", "awsaccesskeyid", "signature", "sig",
    "x-goog-signature", "x-goog-credential", "token", "access_token", "accesstoken", "refresh_token", "id_token", "auth_token", "code", "state",
    "api_key", "apikey", "api-key", "key", "secret", "client_secret", "password", "passwd", "pwd", "auth", "jwt", "session", "session_id",
    "sessionid", "sid", "otp", "email", "phone", "ssn", "dob", "subscription-key", "private_token", NULL};

#define NAME_MAX_BYTES 48

/* Percent-decode a name, twice-encoded ones too (%2541 -> %41 -> A). Returns its length, 0 when it is too long. */
static size_t
name_decode(struct str s, char *out)
{
    size_t n = s.len;

    if (n > 3 * NAME_MAX_BYTES)
        return 0;
    memcpy(out, s.ptr, n);
    for (int round = 0; round < 2; round++) {
        size_t to = 0;

        for (size_t i = 0; i < n; i++, to++) {
            int high = out[i] == '%' && i + 2 < n ? hex_value(out[i + 1]) : -1, low = high >= 0 ? hex_value(out[i + 2]) : -1;

            out[to] = low >= 0 ? (char)(high << 4 | low) : out[i];
            i += low >= 0 ? 2 : 0;
        }
        n = to;
    }
    return n;
}

/* The text begins with the name: it is a query only when the key says so or another pair follows. */
static bool
text_is_query(const struct match *m)
{
    static const char *const keys[] = {"query", "url", "uri", "target", "body", "form", "fragment", NULL};

    for (const char *const *k = keys; *k; k++)
        if (str_find_nocase(m->key, str_of(*k)) != SIZE_MAX)
            return true;
    return match_after(m, 1) == '&';
}

static bool
check_query(struct match *m)
{
    char name[3 * NAME_MAX_BYTES];

    if (!strchr("?&;#", m->text.ptr[m->start]) && !text_is_query(m))
        return false;
    if (match_group(m, 2).len) {
        size_t n = name_decode(match_group(m, 2), name);

        if (!str_in_list((struct str){name, n}, query_names))
            return false;
        return match_narrow(m, 3) && !str_placeholder(match_str(m));
    }
    return match_narrow(m, 1) && !str_placeholder(match_str(m));
}

static bool
all_masked(struct str s)
{
    size_t colon = str_find(s, STR(":"));

    return str_placeholder(s) || (colon != SIZE_MAX && str_placeholder(str_sub(s, 0, colon)) && str_placeholder(str_sub(s, colon + 1, s.len)));
}

/* Whether the scheme before :// is one of a database or a broker, where people forget to encode a password. */
static bool
after_database(const struct match *m)
{
    static const char *const schemes[] = {"postgres", "postgresql", "mysql", "mariadb", "mongodb", "mongodb+srv", "redis", "rediss", "amqp", "amqps",
        "mssql", "sqlserver", "clickhouse", "oracle", "cockroachdb", "nats", "kafka", "ldap", "ldaps", "ftp", "sftp", "smtp", "smtps", NULL};
    size_t end = m->start - 3, from = end;

    while (from > 0 && end - from < 16 && (ascii_alnum(m->text.ptr[from - 1]) || m->text.ptr[from - 1] == '+'))
        from--;
    return str_in_list(str_sub(m->text, from, end), schemes);
}

/* ssh://git@host names a service, not a person. */
static bool
check_userinfo(struct match *m)
{
    if (!match_narrow(m, 1) && !match_narrow(m, 2) && !match_narrow(m, 3))
        return false;
    if (match_group(m, 3).len && !after_database(m))
        return false;
    return !all_masked(match_str(m)) && !str_eq(match_str(m), STR("git"));
}

#define AUTHORITY_BYTE "[^\\s/?#\"'<>\\\\`@]"

const struct detector detect_url[] = {
    {
        .id = "sec.url_userinfo",
        .entity = "URL_USERINFO",
        .title = "User and password in a URL",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        /* To the last @ of the authority; in the DSN of a database, where people forget to encode, a password may hold / ? # too. */
        .pattern = "(?:://|(?<![0-9A-Za-z+/:])//)([^\\s/?#\"'<>\\\\`@:]{0,256}:" AUTHORITY_BYTE "{0,256}+(?:@" AUTHORITY_BYTE
                   "{1,256}+(?=@)){0,2})@|://(" AUTHORITY_BYTE
                   "{1,256}+)@|://([^\\s/\"'<>`@:]{0,128}:[^\\s\"'<>`@]{1,256}(?:@[^\\s/\"'<>`@]{1,256}(?=@)){0,2})@",
        .check = check_userinfo,
        .severity = 3,
        .examples = EXAMPLES(HIT("https://bob:hunter2@example.com/"), HIT("postgres://admin:s3cr3t@db:5432/x"),
            HIT("mongodb+srv://u:p%40ss@c.mongodb.net"), HIT("redis://:pa55@cache:6379"), HIT("https://jane@example.com/x"),
            HIT("postgres://u:p/w?d@db/x"), HIT("amqp://u:p@ss@mq"), HIT("//bob:hunter2@example.com/x"), MISS("https://example.com/@user"),
            MISS("https://example.com:8080/a@b"), MISS("https://REDACTED:REDACTED@example.com/"), MISS("ssh://git@example.com/r"),
            MISS("// see foo@bar"), MISS("https://***:***@example.com")),
    },
    {
        .id = "sec.url_query",
        .entity = "URL_QUERY_SECRET",
        .title = "Signature, credential or personal value in a URL query",
        .tier = TIER_A,
        .category = "secret",
        .controls = "GDPR SOC2-CC6.1",
        .pattern = "(?:[?&;#]|" TEXT_START ")(?:(?:" SEMCONV_NAMES "|" OUR_NAMES
                   ")=([^\\s\"'<>&#]++)|([A-Za-z0-9_.~-]{0,40}+%(?:[A-Za-z0-9_.~%-]){2,100}+)=([^\\s\"'<>&#?]++))",
        .caseless = true,
        .check = check_query,
        .severity = 3,
        .examples = EXAMPLES(HIT("https://b.s3.amazonaws.com/k?X-Amz-Signature=0a1b2c&x=1"), HIT("/cb?code=abc123&state=xyz"),
            HIT("https://h/#access_token=abc&x=1"), HIT("/x?a=1&s%69g=abc"), HIT("/x?%61pi_key=abc"), HIT("/x?s%2569g=abc"),
            HIT_IN("url.query", "sig=abc"), HIT("token=abc&user=1"), HIT("?AWSAccessKeyId=abc"), MISS("/x?q=1&page=2"), MISS("/x?sig="),
            MISS("code=5"), MISS("state=open"), MISS("/x?sig=REDACTED"), MISS("/x?a%20b=c"), MISS("/x?keyword=c"), MISS("?monkey=1")),
    },
    {.id = NULL},
};
