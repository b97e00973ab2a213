/*
 * Texts made from grammars, with values planted where values stand, in every way in which they can be written there, cut off anywhere: no part of a planted value
 * survives its scanner.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policies_scanning.h"

#define ROUNDS 20000
#define MARK "Zq7x" /* how each planted value goes on behind what may begin it */
#define TEXT_MAX 4096

struct maker {
    struct rng rng;
    char text[TEXT_MAX];
    size_t len;
};

static void
put(struct maker *m, const char *s)
{
    size_t n = strlen(s);

    ck_assert_uint_lt(m->len + n, TEXT_MAX);
    memcpy(m->text + m->len, s, n);
    m->len += n;
}

static const char *
one_of(struct maker *m, const char *const *list)
{
    uint32_t n = 0;

    while (list[n])
        n++;
    return list[rng_below(&m->rng, n)];
}

#define ONE(m, ...) one_of((m), (const char *const[]){__VA_ARGS__, NULL})

/* A piece of a text: '%' before no hexadecimal digit is a planted value, '~' white space, '^' a value that is written with other bytes in it, which ${odd} lists. */
static void
fill(struct maker *m, const char *form, const char *const *odd)
{
    for (; *form; form++) {
        char c[2] = {*form, 0};
        bool planted = *form == '%' && !(form[1] && strchr("0123456789abcdefABCDEF", form[1]));

        if (*form == '^')
            put(m, one_of(m, odd));
        if (planted || *form == '^')
            put(m, MARK);
        if (*form == '^')
            put(m, one_of(m, odd));
        else if (*form == '~')
            put(m, ONE(m, " ", "\n", "  ", "\t"));
        else if (!planted && *form != '^')
            put(m, c);
    }
}

/* ---- SQL ---- */

static const char *const sql_any[] = {"", "", " ", "''", "a ", "\xc3\xa9", "--", "/*", "*/", ";", "\"", "`", "[", "]", "$$", "$1", "?", ":x", "E",
    "\xe5\x8f\xb7", "\n", "\r\n", "(", ")", "#", "@", "%", "SELECT ", " FROM ", "''''", "N", "{", "}", "=", "1", "\xf0\x9f\x98\x80", NULL};
static const char *const sql_escaped[] = {"", "\\'", "\\\\", "\\n", "''", "\\\\''", " ", "\\\"", "--", NULL};
static const char *const sql_dollar[] = {"", "'", "''", "\"", "$", "$1", "\\", "--", "/*", "$x", NULL};
static const char *const sql_oracle[] = {"", "'", "''", "\"", "\\", "--", "/*", "[", "(", NULL};
static const char *const comment[] = {"", "'", "\"", " ", "--", "`", "\\", "$$", NULL};
static const char *const nested[] = {"", "'", "/* ' */", "/* \" /* x */ */", " ", NULL};

struct dialect {
    const char *system;
    const char *const *names;   /* how identifiers are written */
    const char *const *strings; /* forms of literals that take sql_any */
    bool escapes, dollar, oracle, nests, hash, slashes;
};

static const struct dialect dialects[] = {
    {"postgresql", (const char *const[]){"users", "\"users\"", "\"we ird\"", "public.users", "\"a\".\"b\"", NULL},
        (const char *const[]){"'^'", "N'^'", "U&'^'", "B'^'", "X'^'", "'^'::text", "DATE '^'", "INTERVAL '^'", NULL}, false, true, false, true, false,
        false},
    {"mysql", (const char *const[]){"users", "`users`", "`we ird`", "db.users", NULL},
        (const char *const[]){"N'^'", "_utf8'^'", "x'^'", "b'^'", NULL}, true, false, false, false, true, false},
    {"microsoft.sql_server", (const char *const[]){"users", "[users]", "[we ird]", "dbo.users", "[dbo].[users]", "#tmp", NULL},
        (const char *const[]){"'^'", "N'^'", NULL}, false, false, false, true, false, false},
    {"oracle.db", (const char *const[]){"users", "\"users\"", "hr.users", NULL}, (const char *const[]){"'^'", "N'^'", "DATE '^'", NULL}, false, false,
        true, false, false, false},
    {"sqlite", (const char *const[]){"users", "\"users\"", "`users`", "[users]", NULL}, (const char *const[]){"'^'", "x'^'", NULL}, false, false,
        false, false, false, false},
    {"snowflake", (const char *const[]){"users", "\"users\"", "db.public.users", NULL}, (const char *const[]){"N'^'", NULL}, true, false, false,
        false, false, true},
    {"", (const char *const[]){"users", "db.users", NULL}, (const char *const[]){"'%'", "N'%'", NULL}, false, false, false, false, false, false},
};

static void
sql_literal(struct maker *m, const struct dialect *d)
{
    switch (rng_below(&m->rng, 8)) {
    case 0:
        if (d->dollar) {
            const char *tag = ONE(m, "$$", "$q$", "$body$");

            put(m, tag);
            fill(m, "^", sql_dollar);
            put(m, " ");
            put(m, tag);
            return;
        }
        break;
    case 1:
        if (d->oracle) {
            fill(m, ONE(m, "q'[^]'", "q'{^}'", "Q'<^>'", "nq'!^!'", "q'|^|'"), sql_oracle);
            return;
        }
        break;
    case 2:
        if (d->escapes || d->dollar) {
            fill(m, d->dollar ? "E'^'" : "'^'", sql_escaped);
            return;
        }
        break;
    case 3:
        put(m, ONE(m, "7", "-7", "0x7f", "1e5", ".5", "1.5e-3", "NULL"));
        return;
    default:
        break;
    }
    fill(m, one_of(m, d->strings), sql_any);
}

static void
sql_comment(struct maker *m, const struct dialect *d)
{
    switch (rng_below(&m->rng, 6)) {
    case 0:
        fill(m, "/*^*/", d->nests ? nested : comment);
        break;
    case 1:
        fill(m, "-- ^\n", comment);
        break;
    case 2:
        if (d->hash)
            fill(m, "# ^\n", comment);
        if (d->slashes)
            fill(m, "// ^\n", comment);
        break;
    default:
        break;
    }
    put(m, ONE(m, " ", "\n", "\t"));
}

static void
make_sql(struct maker *m, const char **key)
{
    const struct dialect *d = &dialects[rng_below(&m->rng, sizeof(dialects) / sizeof(dialects[0]))];
    uint32_t n = 1 + rng_below(&m->rng, 3);

    *key = "db.query.text";
    scanning_under(d->system);
    put(m, ONE(m, "SELECT id FROM ", "DELETE FROM ", "select a.* from "));
    put(m, one_of(m, d->names));
    put(m, " WHERE");
    for (uint32_t i = 0; i < n; i++) {
        sql_comment(m, d);
        put(m, i ? ONE(m, "AND ", "OR ") : "");
        put(m, one_of(m, d->names));
        put(m, ONE(m, " = ", "=", " LIKE ", " IN (1, ", " <> ", " BETWEEN 1 AND "));
        bool list = m->text[m->len - 2] == ',';

        sql_literal(m, d);
        put(m, list ? ")" : "");
    }
    sql_comment(m, d);
    put(m, ONE(m, "", ";", "LIMIT 5"));
}

/* ---- the others ---- */

static const char *const json_odd[] = {
    "", "\\\"", "\\\\", "\\u0022", "\\n", " ", "{", "}", "[", "]", ",", ":", "'", "\xc3\xa9", "\\/", "\\\\\\\"", "//", "/*", NULL};
static const char *const blank[] = {"", " ", "a ", "\xc3\xa9", "-", ".", "_", NULL};

/* An object with planted values at any depth. ${form}: of the values that are planted. */
static void
make_value(struct maker *m, const char *const *forms, unsigned depth)
{
    uint32_t n = 1 + rng_below(&m->rng, 3), what = rng_below(&m->rng, depth ? 4 : 2);

    if (what < 2) {
        fill(m, one_of(m, forms), json_odd);
        return;
    }
    put(m, what == 2 ? "{" : "[");
    for (uint32_t i = 0; i < n; i++) {
        fill(m, what == 2 ? ONE(m, "\"a\":", "\"name\" : ", "\"$match\":", "\"password\":", "\"a\":") : "", blank);
        make_value(m, forms, depth - 1);
        put(m, i + 1 < n ? ONE(m, ",", ", ", " ,\n") : "");
    }
    put(m, what == 2 ? "}" : "]");
}

static void
make_json(struct maker *m, const char **key)
{
    static const char *const forms[] = {"\"^\"", "\"%\"", "\"^\"", "7", "true", "null", "\"\"", NULL};

    *key = "app.body";
    put(m, ONE(m, "{\"x\":", "[", "{\"x\": 1, \"y\":", "\xef\xbb\xbf{\"x\":", " \n[1,"));
    bool list = memchr(m->text, '[', m->len) != NULL;

    make_value(m, forms, 4);
    put(m, list ? "]" : "}");
    put(m, ONE(m, "", "\n", "\n{\"a\":\"" MARK "\"}"));
}

static void
make_documents(struct maker *m, const char **key)
{
    static const char *const forms[] = {"\"^\"", "'%'", "\"%\"", "7", "{\"$oid\": \"%\"}", "{\"$date\": \"%\"}", "ObjectId(\"%\")", "ISODate(\"%\")",
        "{\"$regex\": \"%\", \"$options\": \"i\"}", "NumberLong(7)", "{\"$where\": \"this.a == '%'\"}", NULL};

    *key = "db.query.text";
    scanning_under("mongodb");
    put(m,
        ONE(m, "{\"find\": \"users\", \"filter\":", "db.users.find({a:", "{\"aggregate\": \"u\", \"pipeline\":", "{\"query\":{\"match\":{\"name\":"));
    size_t braces = 0;

    for (size_t i = 0; i < m->len; i++)
        braces += m->text[i] == '{';
    bool call = m->text[0] == 'd';

    make_value(m, forms, 3);
    while (braces-- > 0)
        put(m, "}");
    put(m, call ? ")" : "");
}

static void
make_graphql(struct maker *m, const char **key)
{
    static const char *const string[] = {"", "\\\"", "\\\\", " ", "#", "{", "}", "\\u0022", "'", "\xc3\xa9", NULL};
    static const char *const block[] = {"", "\"", "\"\" ", "\\\"\"\"", "\\", "\n", "#", "{", "\\\"\"\"\"", "\\\\\"\"\"", NULL};
    static const char *const forms[] = {"\"^\"", "[\"^\", 7]", "{x: \"^\", y: 1.5e3}", "-7", "ENUM", "$v", NULL};
    uint32_t n = 1 + rng_below(&m->rng, 3);

    *key = "graphql.document";
    put(m, ONE(m, "query Q($v: ID) { user(", "{ a(", "mutation M { set("));
    for (uint32_t i = 0; i < n; i++) {
        put(m, ONE(m, "name: ", "b:", "in :"));
        if (rng_below(&m->rng, 3) == 0)
            fill(m, "\"\"\"^ \"\"\"", block);
        else
            fill(m, one_of(m, forms), string);
        put(m, i + 1 < n ? ONE(m, ", ", " ", "\n") : ")");
        fill(m, rng_below(&m->rng, 4) ? "" : "# ^\n", comment);
    }
    put(m, " { id } }");
}

static void
make_redis(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "\\\"", "\\\\", " ", "'", "\xc3\xa9", "\\x00", NULL};
    uint32_t n = 1 + rng_below(&m->rng, 2);

    *key = "db.query.text";
    scanning_under("redis");
    for (uint32_t i = 0; i < n; i++) {
        fill(m,
            ONE(m, "SET k \"^\"", "SETEX k 60 \"^\"", "HSET h f \"^\" g %", "AUTH %", "AUTH bob %", "HELLO 3 AUTH bob %", "LPUSH l % \"^\"",
                "MSET a % b \"^\"", "EVAL \"^\" 1 k %", "XADD s * f \"^\"", "ZADD z NX 1 %", "APPEND k %", "GETSET k \"^\"",
                "CONFIG SET requirepass %", "ACL SETUSER bob on >%", "MIGRATE h 1 k 0 5 AUTH %", "SADD s % %", "LINSERT l BEFORE % \"^\"",
                "JSON.SET k $ \"^\"", "PUBLISH c \"^\"", "PFADD p %", "FOO.BAR % \"^\"", "GEOADD g 1.5 2.5 %", "SET k % EX 5"),
            odd);
        put(m, i + 1 < n ? "\n" : "");
    }
}

static void
make_memcached(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "\r\n", " ", "get a\r\n", "\xff\xfe", "\x80", "\xc3\xa9", "\x01", NULL};

    *key = "memcached.command";
    scanning_under("memcached");
    fill(m,
        ONE(m, "set k 0 60 5\r\n^\r\n", "add k 0 60 5 noreply\r\n^", "cas k 0 0 5 7\r\n^", "ms k 5 T60\r\n^", "append k 0 0 3\n^", "foo % ^",
            "^\r\nset k"),
        odd);
}

static void
make_url(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "%40", "%2540", "%2F", ".", "-", "%", "%zz", "+", "!", "*", "~", "%00", "\xc3\xa9", "'", NULL};
    static const char *const word[] = {"", ".", "-", "_", "%40", "!", NULL};

    *key = "url.full";
    if (rng_below(&m->rng, 4) == 0) {
        fill(m,
            ONE(m, "postgres://u:^@h/db", "mongodb+srv://u:^@h1,h2/db?a=1", "redis://:^@h:6379/0", "jdbc:sqlserver://h;user=u;password=^",
                "amqp://u:^@[::1]:5672/v", "jdbc:oracle:thin:u/^@//h:1521/s", "https://u:^@[2001:db8::1]:8443/a", "https:\\\\u:%@h\\a",
                "ftp://%@h/a"),
            word);
        return;
    }
    put(m, ONE(m, "https://h.example", "http://u:" MARK "@h.example:8080", "//h.example", "", "https://xn--80ak6aa92e.com", "https://[::1]:80"));
    put(m, ONE(m, "/a/b", "/a/" MARK "1234567890abcdef/b", "/users/" MARK "@x.example", "/reset/" MARK "1234abcd", "/", "/a;jsessionid=" MARK "/b",
               "/a;v=1;sid=" MARK));
    put(m, "?a=1");
    fill(m,
        ONE(m, "&token=^", "&access_token=^&b=2", "&Signature=^", "&X-Amz-Signature=%", "&api%5Fkey=^", "&%74oken=^", "&user[password]=^", "&email=^",
            "&code=^;state=^", "&next=https%3A%2F%2Fh%2F%3Ftoken%3D%", "&sig=^", "&PASSWORD=^", "&q=%40" MARK "%40x.example", "&pwd=%",
            "&session.id=^"),
        odd);
    fill(m, ONE(m, "", "#access_token=^&x=1", "#/a?token=^", "#id_token=^", "#top"), odd);
}

static void
make_headers(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "=", "+", "/", ".", "-", "~", "\"", " ", "\t", NULL};

    switch (rng_below(&m->rng, 6)) {
    case 0:
        *key = "http.request.header.authorization";
        fill(m,
            ONE(m, "Bearer ^", "Basic ^", "Digest username=\"%\", response=\"^\"", "^", "AWS4-HMAC-SHA256 Credential=%/x, Signature=%", "bearer\t%",
                "Token token=\"^\""),
            odd);
        break;
    case 1:
        *key = "http.request.header.x-api-key";
        fill(m, "^", odd);
        break;
    case 2:
        *key = "http.request.header.x-forwarded-for";
        fill(m, ONE(m, "%", "%, 192.0.2.1", "192.0.2.1, % ,%", "\"[%]:80\"", "%,unknown"), odd);
        break;
    case 3:
        *key = "http.request.header.forwarded";
        fill(m, ONE(m, "for=%;by=%;proto=https", "For=\"[%]:4711\"", "for=%, for=\"%\";host=h", "for = \"%\\\"%\""), odd);
        break;
    case 4:
        *key = "http.request.headers";
        fill(m,
            ONE(m, "Host: h\r\nAuthorization: Bearer ^\r\nX-Api-Key: ^\r\n", "authorization: ^\nAccept: */*", "Cookie: a=%; b=%\r\nX-Auth-Token:^"),
            odd);
        break;
    default:
        *key = "rpc.request.metadata.authorization";
        fill(m, "^", odd);
        break;
    }
}

static void
make_cookies(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "=", "\\\"", " ", "%3B", "+", "/", "'", NULL};
    bool set = rng_below(&m->rng, 2);

    *key = set ? "http.response.header.set-cookie" : "http.request.header.cookie";
    if (set)
        fill(m,
            ONE(m, "sid=^; Path=/; HttpOnly", "sid=\"^\"; Max-Age=60", "a=%; Secure, b=^; Path=/", "%", "sid = ^ ;SameSite=Lax",
                "__Host-x=^;Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
            odd);
    else
        fill(m, ONE(m, "a=^; b=^", "a=\"^\"; b=%", "%", "a=;b=^", "a=^;;b=1", "path=%; a=%", "=^"), odd);
}

static void
make_xml(struct maker *m, const char **key)
{
    static const char *const text[] = {"", "&amp;", "&lt;", "&#60;", " ", "]]", "\n", ">", "'", "\"", "&x;", "\xc3\xa9", NULL};
    static const char *const attribute[] = {"", "&quot;", " ", ">", "/", "&#34;", "'", "=", NULL};
    static const char *const cdata[] = {"", "<", "]]", "]>", "&", "<b>", "<!--", "\"", NULL};
    uint32_t n = 1 + rng_below(&m->rng, 4);

    *key = "app.body";
    put(m, ONE(m, "<?xml version=\"1.0\"?>\n<r>", "<r>", "<s:Envelope xmlns:s=\"u\">", "\n<r a=\"1\">"));
    for (uint32_t i = 0; i < n; i++)
        switch (rng_below(&m->rng, 7)) {
        case 0:
            fill(m, "<a b=\"^\" c = \"^\"/>", attribute);
            break;
        case 1:
            fill(m, "<![CDATA[^]]>", cdata);
            break;
        case 2:
            fill(m, "<!--^-->", cdata);
            break;
        case 3:
            fill(m, "<?pi ^ ?>", attribute);
            break;
        case 4:
            fill(m, "<n:a><b>^</b>^</n:a>", text);
            break;
        case 5:
            put(m, "<script>var a = '<" MARK "';</script>");
            break;
        default:
            fill(m, "<a>^</a>^", text);
            break;
        }
    put(m, ONE(m, "</r>", "", "</s:Envelope>"));
}

static void
make_form(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "%3D", "%26", "+", "%40", "=", "%", "%2", "\xc3\xa9", "{", "\"", NULL};

    *key = "app.body";
    put(m, "x=1");
    fill(m, ONE(m, "&password=^", "&a=^&b=^", "&a[b][]=^", "&=^", "&%61=^", "&a=1&a=^", "&b=^&"), odd);
}

static void
make_multipart(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "\r\n", "--", "\r\n--", " ", "\"", "\r\n\r\n", NULL};

    *key = "app.body";
    fill(m, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n^\r\n", odd);
    fill(m, ONE(m, "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\n^\r\n", ""), odd);
    put(m, ONE(m, "--b--\r\n", ""));
}

static void
make_shell(struct maker *m, const char **key)
{
    static const char *const dq[] = {"", "\\\"", " ", "$x", "'", ";", "|", "&", NULL};
    static const char *const bare[] = {"", "=", ".", "-", "@", "/", ":", NULL};

    *key = "process.command_line";
    put(m, ONE(m, "run ", "/usr/bin/x -v ", "sudo ", "FOO=1 ", "sh -c '", "docker run -e A=1 "));
    bool quoted = m->text[m->len - 1] == '\'';

    if (quoted)
        fill(m, ONE(m, "x --password=%", "x --token %", "curl -u bob:% h"), bare);
    else
        fill(m,
            ONE(m, "--password=^", "--password ^", "--token=^ -v", "-psecret --api-key ^", "PGPASSWORD=^ psql", "--client-secret=^",
                "--auth-token ^ x"),
            bare);
    if (!quoted)
        fill(m, ONE(m, "", " --password \"^\"", " --secret=\"^\" x", " -H \"Authorization: Bearer ^\""), dq);
    put(m, quoted ? "'" : ONE(m, "", " && ls", " | cat", "; true"));
}

static void
make_baggage(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", "%20", "%3D", "=", "+", "\"", " ", "%2C", NULL};

    *key = "baggage";
    fill(m, ONE(m, "a=^", "a=^,b=^", "a = ^ ; p = ^ , c=^", "%", "a=^;b;c=^", ",a=^", "a=^\r\nb=^"), odd);
}

static void
make_tracestate(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", ":", ";", "/", " ", "-", "@", NULL};

    *key = "span.trace_state";
    fill(m, ONE(m, "v=^", "v=^,w=^", "a@b=^, c=^", "ot=th:8;rv:0123456789abcd,v=^", "ot=p:^", "v=^,bad,^", "v=^,A=^"), odd);
}

static void
make_stack(struct maker *m, const char **key)
{
    static const char *const odd[] = {"", " ", "\\'", "\\\"", ":", ",", "(", ")", "/", NULL};

    *key = "exception.message";
    fill(m,
        ONE(m, "E: invalid value '^'", "E: cannot parse \"^\"", "Key (mail)=(^) already exists.", "bad input `%`: no",
            "E: x\nCaused by: F: '^' is wrong", "token=%", "password: %", "Failing row contains (1, ^, null).",
            "[SQL: SELECT a FROM t WHERE b = '%']", "see https://u:%@h/a?token=%", "user %@x.example not found", "ValueError: '%\n",
            "open /home/%/x: no such file", "E: \"%\" and '%'"),
        odd);
    put(m, ONE(m, "", "\n\tat a.b.C.run(C.java:1)", "\n  File \"/srv/x.py\", line 3, in f", "\n    at f (/srv/x.js:1:2)",
               "\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/srv/x.go:3 +0x1d"));
}

/* ---- the check ---- */

struct lexer {
    const char *scanner;
    void (*make)(struct maker *m, const char **key);
    bool cut; /* what is cut off is a value as well */
};

static void
check_lexer(const struct lexer *l)
{
    const char *seed = getenv("SPANGATE_TEST_SEED");
    struct maker m = {.rng = {seed ? strtoull(seed, NULL, 10) : 20261122}};
    unsigned failures = 0;
    uint64_t undecidable = 0, rounds = rng_rounds(ROUNDS);

    for (uint64_t i = 0; i < rounds; i++) {
        const char *key = NULL;

        m.len = 0;
        scanning_under("");
        l->make(&m, &key);
        if (l->cut && rng_below(&m.rng, 3) == 0)
            m.len -= rng_below(&m.rng, (uint32_t)m.len);
        const char *got = scanning_replace(l->scanner, key, (struct str){m.text, m.len}, (struct str){NULL, 0});

        undecidable += strcmp(got, "(undecidable)") == 0;
        if (strstr(got, MARK) && ++failures <= 12)
            fprintf(stderr, "%s %s:\n  %.*s\n  -> %s\n", l->scanner, key, (int)m.len, m.text, got);
    }
    scanning_under("");
    ck_assert_uint_eq(failures, 0);
    ck_assert_uint_lt(undecidable, rounds * 2 / 3); /* or nothing was shown */
}

#define PLANTED(name, scanner, make, cut)                       \
    START_TEST(planted_##name)                                  \
    {                                                           \
        check_lexer(&(const struct lexer){scanner, make, cut}); \
    }                                                           \
    END_TEST

PLANTED(sql, "db", make_sql, true)
PLANTED(json, "json-strict", make_json, true)
PLANTED(documents, "db", make_documents, true)
PLANTED(graphql, "graphql", make_graphql, true)
PLANTED(redis, "redis", make_redis, true)
PLANTED(memcached, "memcached", make_memcached, true)
PLANTED(url, "url", make_url, false)
PLANTED(headers, "headers", make_headers, true)
PLANTED(cookies, "cookies", make_cookies, true)
PLANTED(xml, "xml-strict", make_xml, true)
PLANTED(form, "form-strict", make_form, true)
PLANTED(multipart, "multipart-strict", make_multipart, true)
PLANTED(shell, "shell", make_shell, false)
PLANTED(baggage, "baggage", make_baggage, true)
PLANTED(tracestate, "tracestate", make_tracestate, true)
PLANTED(stack, "stack", make_stack, false)

static const struct case_entry cases[] = {
    {"normal", &planted_sql},
    {"normal", &planted_json},
    {"normal", &planted_documents},
    {"normal", &planted_graphql},
    {"normal", &planted_redis},
    {"normal", &planted_memcached},
    {"normal", &planted_url},
    {"normal", &planted_headers},
    {"normal", &planted_cookies},
    {"normal", &planted_xml},
    {"normal", &planted_form},
    {"normal", &planted_multipart},
    {"normal", &planted_shell},
    {"normal", &planted_baggage},
    {"normal", &planted_tracestate},
    {"normal", &planted_stack},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_planted", cases);
}
