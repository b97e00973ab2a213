/*
 * Scanners: the first two bytes choose one, a system and a key, the rest is the text. Ranges ascend, stand inside and do not overlap; kinds are those that were
 * announced. For the languages of databases: the text with its values replaced, scanned again, stays as it is, whatever it was.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "policies/scanner.h"

struct seen {
    const struct scanner *scanner;
    struct str text;
    size_t end;
    struct buf out;
};

static enum rc
see(void *to, enum scan_kind kind, size_t start, size_t end)
{
    struct seen *s = to;

    FUZZ_CHECK(start >= s->end && end > start && end <= s->text.len);
    FUZZ_CHECK(s->scanner->kinds >> kind & 1);
    FUZZ_CHECK(buf_append(&s->out, str_sub(s->text, s->end, start)) == RC_OK);
    FUZZ_CHECK(buf_append(&s->out, str_of(scan_kind_info(kind)->replacement)) == RC_OK);
    s->end = end;
    return RC_OK;
}

static enum rc
pass(const struct scan_in *in, struct seen *s)
{
    struct scan_out out = {.add = see, .to = s};

    s->text = in->text;
    s->end = 0;
    enum rc rc = s->scanner->scan(in, &out);

    FUZZ_CHECK(rc == RC_OK || rc == RC_UNDECIDABLE);
    if (rc == RC_OK)
        FUZZ_CHECK(buf_append(&s->out, str_sub(in->text, s->end, in->text.len)) == RC_OK);
    return rc;
}

/* Others are so for what their language allows, which their own tests show; without a system a text can take another shape. */
static bool
stable(const struct scanner *s, struct str system)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    /* A fuzzer that is led by coverage puts bytes before a value that make another token of it and what stands for it: a slash before a comment. */
    (void)s, (void)system;
    return false;
#else
    static const char *const names[] = {"db", "sql", "redis", "memcached", "documents", "graphql"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(s->name, names[i]) == 0)
            return i > 0 || system.len > 0;
    return false;
#endif
}

static const char *const systems[] = {"", "mysql", "postgresql", "oracle.db", "microsoft.sql_server", "sqlite", "gcp.bigquery", "redis", "memcached",
    "mongodb", "elasticsearch", "neo4j", "influxdb", "cassandra", "snowflake", "other_sql"};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count, keys = 0;
    const struct scanner *const *all = scanners_all(&count);

    if (size < 2)
        return 0;
    struct seen first = {.scanner = all[data[0] % count], .out = BUF_INIT((size_t)1 << 28)}, second = first;

    while (first.scanner->keys[keys])
        keys++;
    char *copy = malloc(size - 2 ? size - 2 : 1); /* of its exact size: a sanitizer sees each byte too far */

    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data + 2, size - 2);
    struct scan_in in = {.text = {copy, size - 2}, .key = str_of(first.scanner->keys[data[1] / 16 % keys]), .system = str_of(systems[data[1] % 16])};

    if (pass(&in, &first) == RC_OK) {
        in.text = first.out.len ? buf_str(&first.out) : STR("");
        /* Where it can be read in two ways now, nothing of it passes: that is no second finding. */
        if (pass(&in, &second) == RC_OK && stable(first.scanner, in.system))
            FUZZ_CHECK(str_eq(buf_str(&first.out), buf_str(&second.out)));
    }
    buf_free(&first.out);
    buf_free(&second.out);
    free(copy);
    return 0;
}

bool
fuzz_seed(unsigned n, struct buf *out)
{
    static const char *const texts[] = {
        "SELECT a, \"b\" FROM t WHERE x = 'it''s' AND y IN (1, -2.5, $1) -- note",
        "SELECT 'it\\'s', \"x\", `y`, [z] /* c */ FROM t # c",
        "CREATE FUNCTION f() AS $f$ SELECT 'x' $f$ LANGUAGE sql",
        "SELECT q'[it's]', E'a\\'b', X'1F', U&'x', 123e4567-e89b-12d3-a456-426614174000",
        "INSERT INTO t (\"a\") VALUES (\"b\", NULL, TRUE); COPY t FROM STDIN;\nx\n\\.\n",
        "SET k \"a b\" EX 5\nHSET h f v\nget x",
        "set k 0 0 5\r\nhello",
        "{\"find\": \"users\", \"filter\": {\"a\": [1, \"b\", null], b: /x/i}, \"cut",
        "db.c.find({_id: ObjectId(\"5\"), d: new Date(1)}).limit(5) // x",
        "GET /i/_doc/7?a=b&c {\"a\": 5}",
        "query Q($a: ID = 5) { u(b: \"x\", c: \"\"\"y\"\"\") { d } } # e",
        "https://u:p@example.org/a/17;jsessionid=x?token=y&b=%41#c=d",
        "Bearer abc, Basic dXNlcjpwYXNz; a=b; Path=/; HttpOnly",
        "<a b=\"c\"><!-- d --><![CDATA[e]]>&amp;</a>",
        "a=b&c=d%20e&f",
        "curl -u user:pass --token=x -H 'Authorization: y' PGPASSWORD=z",
        "java.lang.Error: bad 'x'\n\tat a.b.C.d(C.java:5)\nCaused by: y",
        "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 Chrome/120.0",
        "a=b;c=d,e=f%20g,vendor@sys=h",
    };
    size_t count, total = sizeof(texts) / sizeof(texts[0]);

    (void)scanners_all(&count);
    if (n >= total * count)
        return false;
    FUZZ_CHECK(buf_append_byte(out, (char)(n % count)) == RC_OK);
    FUZZ_CHECK(buf_append_byte(out, (char)(n * 7)) == RC_OK);
    return buf_append(out, str_of(texts[n / count])) == RC_OK;
}
