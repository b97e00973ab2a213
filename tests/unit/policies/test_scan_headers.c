/* The scanners of headers, cookies, user agents, baggage and tracestate. */
#include "policies_scanning.h"

/* Whole tokens stand nowhere in the sources. */
#define TOKEN              \
    "eyJhbGciOiJIUzI1NiJ9" \
    ".e30"                 \
    ".abc"

#define H "http.request.header."

static const struct scanning_row headers[] = {
    {"Bearer " TOKEN, "Bearer REDACTED", H "authorization"},
    {"Basic Ym9iOnB3", "Basic REDACTED", H "Authorization"},
    {"Basic Ym9iOnB3", "Basic REDACTED", H "proxy_authorization"},
    {"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c", "AWS4-HMAC-SHA256 REDACTED", H "authorization"},
    {"Digest username=\"bob\", response=\"ab\"", "Digest REDACTED", H "authorization"},
    {"abcdef", "REDACTED", H "authorization"},
    {"hunter2 abc", "REDACTED", H "authorization"},
    {"abc", "REDACTED", H "x-api-key"},
    {"abc", "REDACTED", H "x_api_key"},
    {"abc", "REDACTED", H "X-Acme-Access-Token"},
    {"abc", "REDACTED", H "x-acme-signing-key"},
    {"abc", "REDACTED", "rpc.request.metadata.x-session-id"},
    {"abc", "REDACTED", "rpc.grpc.request.metadata.x-user-email"},
    {"abc", "REDACTED", "http.request.headers/x-auth-token"},
    {"a=b; c=d", "a=REDACTED; c=REDACTED", H "cookie"},
    {"id=abc; Path=/; HttpOnly", "id=REDACTED; Path=/; HttpOnly", "http.response.header.set_cookie"},
    {"192.0.2.1, 2001:db8::1,unknown", "REDACTED, REDACTED,unknown", H "x-forwarded-for"},
    {"for = \"_bob\\\"x\" ; proto = https", "for = \"REDACTED\" ; proto = https", H "forwarded"},
    {"192.0.2.1", "REDACTED", H "x_real_ip"},
    {"for=192.0.2.60;proto=http;by=203.0.113.43, for=\"[2001:db8::17]:47011\"", "for=REDACTED;proto=http;by=REDACTED, for=\"REDACTED\"",
        H "forwarded"},
    {"https://u:p@a.example/x/42?token=a", "https://REDACTED:REDACTED@a.example/x/{id}?token=REDACTED", H "referer"},
    {"/orders/42?code=7", "/orders/{id}?code=REDACTED", "http.response.header.location"},
    {"</users/42>; rel=\"next\"", "</users/{id}>; rel=\"next\"", "http.response.header.link"},
    {"curl/7.88.1", "curl/7.*", H "user-agent"},
    {"a=1,b=2", "a=REDACTED,b=REDACTED", H "baggage"},
    {"acme=1,ot=th:8", "acme=REDACTED,ot=th:8", H "tracestate"},
    {"Digest realm=\"x y\", nonce=\"a,b\", qop=auth, opaque=\"c\"", "Digest realm=\"x y\", nonce=\"REDACTED\", qop=auth, opaque=\"REDACTED\"",
        "http.response.header.www-authenticate"},
    {"Negotiate TlRMTVNTUAABAAAAB4IIogAAAAA=", "Negotiate REDACTED", "http.response.header.www-authenticate"},
    {"attachment; filename=\"bob smith.pdf\"", "attachment; filename=\"REDACTED\"", "http.response.header.content-disposition"},
    {"application/json; charset=utf-8", "application/json; charset=utf-8", H "content-type"},
    {"dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZQ==", H "sec-websocket-key"},
    {"authorization, x-api-key", "authorization, x-api-key", "http.response.header.access-control-allow-headers"},
    {"[\"Bearer abc\", \"Basic def\"]", "[\"Bearer REDACTED\", \"Basic REDACTED\"]", H "authorization"},
    {"GET /x?token=a HTTP/1.1\r\nHost: a.example\r\nCookie: a=b\r\nX-Api-Key: k\r\n\r\n",
        "GET /x?token=REDACTED\r\nHost: a.example\r\nCookie: a=REDACTED\r\nX-Api-Key: REDACTED\r\n\r\n", ""},
    {"[\"Bearer a\", hunter2, 7]", "[\"Bearer REDACTED\", REDACTED]", H "authorization"},
    {"Host: a.example\r\nAuthorization: Bearer\r\n hunter2\r\n\thunter3\r\nX-Api-Key: k",
        "Host: a.example\r\nAuthorization: REDACTED\r\nX-Api-Key: REDACTED", ""},
    {":path: /x/42\n:authority: a.example", ":path: /x/{id}\n:authority: a.example", ""},
    {"{\"authorization\":\"Bearer a\",\"accept\":\"b\"}", "{\"authorization\":\"REDACTED\",\"accept\":\"b\"}", "http.request.headers"},
    {"REDACTED", "REDACTED", H "x-api-key"},
    {"[redacted:undecidable]", "[redacted:undecidable]", H "x-api-key"},
    {"", "", H "x-api-key"},
    {NULL, NULL, NULL},
};

static const struct scanning_row cookies[] = {
    {"a=b", "a=REDACTED", NULL},
    {"a=b; c=d;e=f", "a=REDACTED; c=REDACTED;e=REDACTED", NULL},
    {"a=b=c==; path=x", "a=REDACTED; path=REDACTED", NULL},
    {"a=; b", "a=; REDACTED", NULL},
    {"a=\"b c\"; d=\"e;f\"; g=h", "a=\"REDACTED\"; d=\"REDACTED\"; g=REDACTED", NULL},
    {" a = b ;; c=d ", " a = REDACTED ;; c=REDACTED ", NULL},
    {"theme=dark; id=%7B%22u%22%3A1%7D", "theme=REDACTED; id=REDACTED", NULL},
    {"Cookie: a=b", "Cookie: a=REDACTED", ""},
    {"id=a; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=5; Path=/u; Domain=a.example; SameSite=Lax; Secure; Partitioned",
        "id=REDACTED; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=5; Path=/u; Domain=a.example; SameSite=Lax; Secure; Partitioned",
        "http.response.header.set-cookie"},
    {"id=a; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=c; Path=/", "id=REDACTED; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=REDACTED; Path=/",
        "http.response.header.set-cookie"},
    {"path=a; Comment=bob", "path=REDACTED; Comment=REDACTED", "http.response.header.set-cookie"},
    {"Set-Cookie: a=b; HttpOnly\nSet-Cookie: c=d", "Set-Cookie: a=REDACTED; HttpOnly\nSet-Cookie: c=REDACTED", ""},
    {NULL, NULL, NULL},
};

static const struct scanning_row agents[] = {
    {"Mozilla/5.0 (Linux; Android 13; SM-S918B Build/TP1A.220624.014) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.* (Linux; Android 13; *) AppleWebKit/537.* (KHTML, like Gecko) Chrome/112.* Mobile Safari/537.*", NULL},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "Mozilla/5.* (Windows NT 10.*; Win64; x64; rv:109.*) Gecko/* Firefox/115.*", NULL},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.3 Mobile/15E148 Safari/604.1",
        "Mozilla/5.* (iPhone; CPU iPhone OS 16_* like Mac OS X) AppleWebKit/605.* (KHTML, like Gecko) Version/16.* Mobile/15* Safari/604.*", NULL},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7; en-US)", "Mozilla/5.* (Macintosh; Intel Mac OS X 10_*; *)", NULL},
    {"MyApp/3.2 (com.example.app; build:1234; serial 00FF) okhttp/4.9.3", "MyApp/3.* (*; *; *) okhttp/4.*", NULL},
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Mozilla/5.* (compatible; *; +http://www.google.com/bot.html)",
        NULL},
    {"app [FBAN/FBIOS;FBDV/iPhone12,1] x", "app [*] x", NULL},
    {"python-requests/2.31.0 bob@example.com", "python-requests/2.* *", NULL},
    {"grpc-go/1.50", "grpc-go/1.*", NULL},
    {"curl", "curl", NULL},
    {"a (b (c; d) e) f", "a (*) f", NULL},
    {"*", "*", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row baggage[] = {
    {"userId=alice,serverNode=DF%2028;isProduction;ttl=5, k = v ", "userId=REDACTED,serverNode=REDACTED;isProduction;ttl=REDACTED, k = REDACTED ",
        NULL},
    {"a=b=c", "a=REDACTED", NULL},
    {"alice", "REDACTED", NULL},
    {"alice", "REDACTED", "baggage.user_id"},
    {"a=b,c=d", "REDACTED", "baggage.user_id"},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

static const struct scanning_row tracestates[] = {
    {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=REDACTED,congo=REDACTED", NULL},
    {"ot=th:8;rv:0123456789abcd,es=s:0.5", "ot=th:8;rv:0123456789abcd,es=s:0.5", NULL},
    {"ot=user:bob", "ot=REDACTED", NULL},
    {"ot=th:0123456789abcdef0123", "ot=REDACTED", NULL},
    {"a=1,,b=2 , c@d=3", "a=REDACTED,,b=REDACTED , c@d=REDACTED", NULL},
    {"a=1,garbage,b=2", "a=REDACTED,b=REDACTED", NULL},
    {"ot=th:8,B=x", "ot=REDACTED", NULL},
    {"garbage,a=1", "(undecidable)", NULL},
    {"a", "(undecidable)", NULL},
    {"a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9,j=1,k=2,l=3,m=4,n=5,o=6,p=7,q=8,r=9,s=1,t=2,u=3,v=4,w=5,x=6,y=7,z=8,a1=9,b1=1,c1=2,d1=3,e1=4,f1=5,g1=6,h1="
     "7",
        "a=REDACTED,b=REDACTED,c=REDACTED,d=REDACTED,e=REDACTED,f=REDACTED,g=REDACTED,h=REDACTED,i=REDACTED,j=REDACTED,k=REDACTED,l=REDACTED,m="
        "REDACTED,"
        "n=REDACTED,o=REDACTED,p=REDACTED,q=REDACTED,r=REDACTED,s=REDACTED,t=REDACTED,u=REDACTED,v=REDACTED,w=REDACTED,x=REDACTED,y=REDACTED,z="
        "REDACTED,"
        "a1=REDACTED,b1=REDACTED,c1=REDACTED,d1=REDACTED,e1=REDACTED,f1=REDACTED",
        NULL},
    {"", "", NULL},
    {NULL, NULL, NULL},
};

static const struct {
    const char *scanner, *key, *alphabet;
    const struct scanning_row *rows;
} all[] = {
    {"headers", H "authorization", "Bearer :=;,\"\r\n", headers},
    {"cookies", "http.request.header.cookie", "ab=;,\" \r\n", cookies},
    {"user-agent", "user_agent.original", "Aa1/.;()[] _", agents},
    {"baggage", "baggage", "ab=;,% ", baggage},
    {"tracestate", "span.trace_state", "ab1=;,:@ ", tracestates},
};
#define COUNT (sizeof(all) / sizeof(all[0]))

START_TEST(headers_keep_the_structure)
{
    for (size_t i = 0; i < COUNT; i++)
        scanning_rows(all[i].scanner, all[i].key, all[i].rows);
}
END_TEST

START_TEST(headers_take_any_bytes)
{
    for (size_t i = 0; i < COUNT; i++)
        scanning_random(all[i].scanner, all[i].key, all[i].rows, all[i].alphabet);
    scanning_random("headers", "", headers, ": \r\nabCookie=");
    scanning_random("headers", "http.response.header.www-authenticate", headers, "=, \"\\ab");
    scanning_random("cookies", "http.response.header.set-cookie", cookies, "ab=;,\" \r\n");
}
END_TEST

START_TEST(headers_are_linear)
{
    static const char *const units[] = {
        "a", ",", ";", "=", "\"", "a=b;", "a=b,", " ", "(", ")", "[", "a/1.2 ", "\n", "a: b\n", "a=\"", ",a", ", a", "\\"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        for (size_t k = 0; k < COUNT; k++)
            scanning_linear(all[k].scanner, all[k].key, "", units[i]);
        scanning_linear("headers", "", "", units[i]);
        scanning_linear("headers", "http.response.header.set-cookie", "a=b", units[i]);
        scanning_linear("headers", "http.response.header.www-authenticate", "a=b", units[i]);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &headers_keep_the_structure},
    {"malformed", &headers_take_any_bytes},
    {"limits", &headers_are_linear},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_headers", cases);
}
