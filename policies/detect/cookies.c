/* Sessions and headers that carry credentials. */
#include "checks_int.h"

static bool
check_cookie(struct match *m)
{
    return match_narrow(m, 1) && match_not_placeholder(m);
}

#define SESSION_COOKIES                                                                                                                              \
    "phpsessid|jsessionid|asp\\.net_sessionid|aspsessionid[a-z]{8}|connect\\.sid|session_?id|sess_?id|sid|session|[0-9a-z_]{1,32}_session|"          \
    "[0-9a-z_]{0,32}csrf_?token|xsrf-token|remember_(?:me|token)|auth_?token|access_?token|refresh_?token|id_?token|_?ga_session|sb-[0-9a-z-]{1,40}" \
    "-auth-token"

#define HEADER_WORDS                                                                                                                        \
    "authorization", "proxy authorization", "cookie", "set cookie", "x api key", "x auth token", "x csrf token", "x xsrf token",            \
        "x amz security token", "x goog iap jwt assertion", "x vault token", "private token", "x forwarded authorization", "x client cert", \
        "www authenticate", "x functions key", "subscription key", "x access token", "x session token", "x gitlab token", "x hub signature"

const struct detector detect_cookies[] = {
    {
        ENTRY("sec.session_cookie", "SESSION_COOKIE", "Session cookie", TIER_A, "secret", "GDPR SOC2-CC6.1", 3),
        .pattern = "(?<![0-9A-Za-z_-])(?:(?:__secure-|__host-)[0-9a-z_.-]{1,64}|" SESSION_COOKIES ")=([^;\\s,\"'&<>]{6,4096})",
        .caseless = true,
        .check = check_cookie,
        .examples = EXAMPLES(HIT("Cookie: a=b; PHPSESSID=0123456789abcdef; c=d"), HIT("/x;jsessionid=0A1B2C3D4E5F?y"),
            HIT("connect.sid=s%3Aabcdef.ghi"), HIT("__Host-id=abcdef012345"),
            HIT("_gitlab"
                "_session=" HEX32),
            HIT("sessionid=abcdef012345"), MISS("sessions=abcdef012345"), MISS("PHPSESSID=REDACTED"), MISS("theme=dark; lang=en"), MISS("sid=12")),
    },
    {
        ENTRY("sec.header_key", "SECRET_HEADER", "Header that carries a credential, by its key", TIER_A, "secret", "GDPR SOC2-CC6.1", 3),
        .pattern = WHOLE_TEXT,
        .context = WORDS(HEADER_WORDS),
        .key_only = true,
        .check = match_not_placeholder,
        .examples = EXAMPLES(HIT_IN("http.request.header.authorization", "Token abc"), HIT_IN("http.request.header.x-api-key", "abc"),
            HIT_IN("http.response.header.set_cookie", "a=b; Path=/"), HIT_IN("rpc.grpc.request.metadata.cookie", "a=b"),
            MISS_IN("http.request.header.accept", "text/html"), MISS_IN("http.request.header.authorization", "REDACTED"),
            MISS_IN("cookies.enabled.count", "")),
    },
    {
        ENTRY("sec.header_line", "SECRET_HEADER", "Header that carries a credential, in text", TIER_A, "secret", "GDPR SOC2-CC6.1", 3),
        .pattern = "(?<![0-9A-Za-z_])(?:(?:set-)?cookie2?|x-api-key|x-auth-token|x-access-token|x-[cx]srf-token|x-vault-token|private-token|apikey|x-"
                   "(?:functions|master|admin|service|auth|access)-key|(?:ocp-apim-)?subscription-key|x-"
                   "amz-security-token|x-client-cert)[\"']?[ \\t]{0,3}:[ \\t]{0,3}"
                   "[\"'\\[]{0,2}([^\\r\\n\"'\\]\\\\]{4,8192})",
        .caseless = true,
        .check = check_cookie,
        .examples = EXAMPLES(HIT("Cookie: a=b; c=d"), HIT("x-api-key: 0123abcd\r\nHost: x"), HIT("curl -H 'X-Auth-Token: abcd' x"),
            HIT("\"set-cookie\": [\"id=1; Path=/\"]"), HIT("Ocp-Apim-Subscription-Key: abcd"), HIT("x-functions-key: abcd"),
            MISS("x-cache-key: abcd"), MISS("cookies: enabled"), MISS("Cookie: REDACTED"), MISS("x-api-key-id: abc")),
    },
    {.id = NULL},
};
