#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "policies_program.h"
#include "policies_scanning.h"

#define KEY "db.query.text"

/* ---- Redis ---- */

static const struct scanning_row redis[] = {
    {"SET user:1 \"hello world\" EX 60 NX", "SET user:1 ? EX ? NX", NULL},
    {"auth bob s3cret", "auth ?", NULL},
    {"HELLO 3 AUTH bob pw SETNAME me", "HELLO ? AUTH ? SETNAME ?", NULL},
    {"HSET user:1 name Bob email bob@x.com", "HSET user:1 name ? email ?", NULL},
    {"MSET a 1 b 2 c \"x y\"", "MSET a ? b ? c ?", NULL},
    {"MSET a 1\nFOO.BAR bob 2 jane", "MSET a ?", NULL},
    {"LINSERT l BEFORE pivot value", "LINSERT l BEFORE ?", NULL},
    {"GEOADD loc NX 13.36 38.11 Palermo", "GEOADD loc NX ?", NULL},
    {"ZADD board GT CH 5 bob 7 ann", "ZADD board GT CH ?", NULL},
    {"CONFIG SET requirepass s3cret", "CONFIG SET requirepass ?", NULL},
    {"EVAL \"return redis.call('set','a','bob')\" 1 k v", "EVAL ?", NULL},
    {"MIGRATE h 6379 key 0 5000 AUTH pw KEYS a b", "MIGRATE ? AUTH ? KEYS ?", NULL},
    {"XADD s * user bob mail x@y.z", "XADD s * ?", NULL},
    {"set k hello\nget k2\nnot a command\nDEL a b", "set k ?\nget k2\n?\nDEL a b", NULL},
    {"SET k \"two\nlines\" EX 5", "SET k ? EX ?", NULL},
    {"SET k 'it\\'s secret", "SET k ?", NULL},
    {"FT.SEARCH idx \"@name:bob\" LIMIT 0 5", "FT.SEARCH ?", NULL},
    {"UNKNOWN foo bar", "UNKNOWN ?", NULL},
    {"bob@example.com foo", "?", NULL},
    {"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret", "?", NULL},
    {"BLPOP a b 5", "BLPOP a b ?", NULL},
    {"GET", "GET", NULL},
    {NULL, NULL, NULL},
};

START_TEST(redis_keeps_commands_keys_and_options)
{
    scanning_rows("redis", KEY, redis);
    scanning_random("redis", KEY, redis, "abSETGetk \n\"'\\*$12");
    scanning_linear("redis", KEY, "SET k ", "\" ");
    scanning_linear("redis", KEY, "MSET ", "a b ");
    scanning_linear("redis", KEY, "", "\nget x");
}
END_TEST

START_TEST(redis_takes_everything_behind_an_unknown_command)
{
    struct rng r = {7};

    for (uint64_t round = 0; round < rng_rounds(5000); round++) {
        char name[12] = {0}, text[64];

        for (int i = 0; i < 8; i++)
            name[i] = (char)('G' + rng_below(&r, 8));
        snprintf(text, sizeof(text), "%s PLANTED1 \"PLANTED2\"\nPLANTED3", name);
        ck_assert_ptr_null(strstr(scanning_replace("redis", KEY, str_of(text), (struct str){NULL, 0}), "PLANTED"));
    }
}
END_TEST

/* ---- Memcached ---- */

START_TEST(memcached_keeps_the_first_line)
{
    static const struct scanning_row rows[] = {
        {"set k 0 60 5\r\nhello\r\nget x", "set k 0 60 5\r\n?", NULL},
        {"set k 0 0 5 hello world", "set k 0 0 5 ?", NULL},
        {"get a b c", "get a b c", NULL},
        {"gat 60 a b", "gat 60 a b", NULL},
        {"cas k 0 0 5 123 noreply\r\nx", "cas k 0 0 5 123 noreply\r\n?", NULL},
        {"ms k 5 T0 Oabc\r\nhello", "ms k 5 T0 ?\r\n?", NULL},
        {"incr k 5", "incr k ?", NULL},
        {"set k x 0 5", "set k ? 0 5", NULL},
        {"unknown k v", "?", NULL},
        {NULL, NULL, NULL},
    };

    scanning_rows("memcached", KEY, rows);
    scanning_random("memcached", KEY, rows, "setgamk \r\n01");
    scanning_linear("memcached", KEY, "get ", "a ");
}
END_TEST

/* ---- documents ---- */

static const struct scanning_row documents[] = {
    {"{\"find\": \"users\", \"filter\": {\"name\": \"Bob\", \"age\": {\"$gt\": 5}, \"ok\": true, \"x\": null}, \"$db\": \"shop\"}",
        "{\"find\": \"users\", \"filter\": {\"name\": \"?\", \"age\": {\"$gt\": ?}, \"ok\": ?, \"x\": ?}, \"$db\": \"shop\"}", NULL},
    {"{\"find\": \"bob smith\", \"filter\": {\"find\": \"bob\"}}", "{\"find\": \"?\", \"filter\": {\"find\": \"?\"}}", NULL},
    {"db.users.find({name: 'Bob Smith', _id: ObjectId(\"5f1\"), d: new Date(\"2020\"), r: /^bob$/i}).sort({a: -1}).limit(10)",
        "db.users.find({name: '?', _id: ObjectId(\"?\"), d: new Date(\"?\"), r: ?}).sort({a: ?}).limit(?)", NULL},
    {"db.getCollection('users').updateOne({_id: 5}, {$set: {\"a.b\": [1, \"x\", {c: \"y\"}]}})",
        "db.getCollection('users').updateOne({_id: ?}, {$set: {\"a.b\": [?, \"?\", {c: \"?\"}]}})", NULL},
    {"aggregate users [{\"$match\": {\"city\": \"Rome\"}}]", "aggregate users [{\"$match\": {\"city\": \"?\"}}]", NULL},
    {"{\"a\": {\"b\": 12, \"cut", "{\"a\": {\"b\": ?, \"?", NULL},
    {"{\"a\": \"cut\\", "{\"a\": \"?", NULL},
    {"{name: Bob Smith, age: 5}", "{name: ?, age: ?}", NULL},
    {"{$where: function() { return this.x == 'bob' }}", "{$where: function() { ? '?' }}", NULL},
    {"{\"a\": 1}\n{\"b\": \"x\"}\n", "{\"a\": ?}\n{\"b\": \"?\"}\n", NULL},
    {"{ /* note bob */ \"a\": 1, // more\n \"b\": 2}", "{ /*?*/ \"a\": ?, //?\n \"b\": ?}", NULL},
    {"POST /users/_search {\"query\": {\"match\": {\"name\": \"bob\"}}}", "POST /users/_search {\"query\": {\"match\": {\"name\": \"?\"}}}", NULL},
    {"GET /users/_doc/bob?routing=x&pretty", "GET /users/_doc/??routing=?&pretty", NULL},
    {"GET /users/type/17", "GET /users/type/?", NULL},
    {"{\"index\":{\"_index\":\"users\",\"_id\":\"5\"}}\n{\"name\":\"Bob\"}", "{\"index\":{\"_index\":\"users\",\"_id\":\"?\"}}\n{\"name\":\"?\"}",
        NULL},
    {"[1, 2, \"x\"]", "[?, ?, \"?\"]", NULL},
    {"{\"a\": 1} trailing words", "{\"a\": ?} ?", NULL},
    {"db['users'].find({a: 1}).toArray();\nuse shop", "db['users'].find({a: ?}).toArray();\nuse shop", NULL},
    {NULL, NULL, NULL},
};

START_TEST(documents_keep_keys)
{
    scanning_rows("documents", KEY, documents);
    scanning_random("documents", KEY, documents, "{}[]():,\"'\\/ ab1_$.?&=\n");
    scanning_linear("documents", KEY, "", "{");
    scanning_linear("documents", KEY, "{", "\"a\":");
    scanning_linear("documents", KEY, "", "\"a\"");
    scanning_linear("documents", KEY, "{", "a ");
    scanning_linear("documents", KEY, "{", "a \n");
    scanning_linear("documents", KEY, "", "/a");
    scanning_linear("documents", KEY, "", "/*");
    scanning_linear("documents", KEY, "[", "/");
    scanning_linear("documents", KEY, "", "a.b,");
    scanning_linear("documents", KEY, "", "http://a/ ");
}
END_TEST

/* A document of random shape whose every value is known. */
static void
document(struct rng *r, struct buf *out, unsigned depth, unsigned *n)
{
    static const char *const values[] = {"\"Zq%uv\"", "\"a \\\"Zq%uv\\\" b\"", "9%u", "-9%u.25", "\"{\\\"x\\\": \\\"Zq%u\\\"}\"", "\"Zq%u: , } ]\""};
    uint32_t count = 1 + rng_below(r, 4), kind = rng_below(r, 4);
    bool list = kind == 0;

    ck_assert_int_eq(buf_append_byte(out, list ? '[' : '{'), RC_OK);
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            ck_assert_int_eq(buf_append(out, rng_below(r, 2) ? STR(", ") : STR(",\n")), RC_OK);
        if (!list)
            ck_assert_int_eq(buf_printf(out, kind == 1 ? "key_%u: " : "\"key %u\" : ", i), RC_OK);
        if (depth && rng_below(r, 3) == 0) {
            document(r, out, depth - 1, n);
            continue;
        }
        uint32_t v = rng_below(r, 6);
        char text[64];
        const char *from = values[v], *at = strstr(from, "%u");

        snprintf(text, sizeof(text), "%.*s%u%s", (int)(at - from), from, 777000 + (*n)++ % 1000, at + 2);
        ck_assert_int_eq(buf_append(out, str_of(text)), RC_OK);
    }
    ck_assert_int_eq(buf_append_byte(out, list ? ']' : '}'), RC_OK);
}

START_TEST(documents_leave_no_planted_value)
{
    struct rng r = {20261122};
    struct buf text = BUF_INIT(1u << 20);

    for (uint64_t round = 0; round < rng_rounds(5000); round++) {
        unsigned n = 0;

        buf_clear(&text);
        document(&r, &text, 4, &n);
        size_t cut = rng_below(&r, 2) ? text.len : rng_below(&r, (uint32_t)text.len + 1);
        const char *out = scanning_replace("documents", KEY, (struct str){text.ptr, cut}, (struct str){NULL, 0});

        ck_assert_msg(!strstr(out, "777") && !strstr(out, "Zq"), "\n %.*s\n-> %s", (int)cut, text.ptr, out);
        for (unsigned i = 0; i < 4 && cut == text.len; i++) { /* no key is lost */
            char key[16];

            snprintf(key, sizeof(key), "key %u\" :", i);
            ck_assert(!memmem(text.ptr, text.len, key, strlen(key)) == !strstr(out, key));
        }
    }
    buf_free(&text);
}
END_TEST

/* ---- GraphQL ---- */

START_TEST(graphql_keeps_names_enumerations_and_variables)
{
    static const struct scanning_row rows[] = {
        {"query Q($id: ID = 5) { u(id: $id, n: \"Bob \\\"x\\\"\", r: ADMIN, f: -1.5e3) @include(if: true) { f1 ...F } } # bob",
            "query Q($id: ID = ?) { u(id: $id, n: \"?\", r: ADMIN, f: ?) @include(if: true) { f1 ...F } } #?", NULL},
        {"{ u(id: 5, bio: \"\"\"a \"bob\" \\\"\"\" b\"\"\") { name } }", "{ u(id: ?, bio: \"\"\"?\"\"\") { name } }", NULL},
        {"{\"query\": \"{ u(id: 5) }\", \"variables\": {\"n\": \"Bob\"}}", "{\"query\": \"?\", \"variables\": {\"n\": \"?\"}}", NULL},
        {"mutation { a(x: \"cut", "mutation { a(x: \"?", NULL},
        {"{ a(x: \"\"\"cut", "{ a(x: \"\"\"?", NULL},
        {"{ a(x: \"\"\"b\\\"\"\" bob \"\"\") }", "{ a(x: \"\"\"?\"\"\") }", NULL},
        {"{ a(x: \"\"\"b\\\"\"\"\" bob \"\"\") }", "{ a(x: \"\"\"?\"\"\") }", NULL},
        {"{ a(x: \"line\n y: \"bob\") }", "(undecidable)", NULL}, /* a quote of another line would open here */
        {"{ a(x: 'bob') }", "(undecidable)", NULL},
        {NULL, NULL, NULL},
    };

    scanning_rows("graphql", "graphql.document", rows);
    scanning_random("graphql", "graphql.document", rows, "{}()\"\\#:$@ a1-.e\n");
    scanning_linear("graphql", "graphql.document", "{ a(x: ", "\"");
    scanning_linear("graphql", "graphql.document", "", "\"\"\"");
    scanning_linear("graphql", "graphql.document", "", "#\n");
}
END_TEST

/* ---- the dispatcher ---- */

START_TEST(db_goes_by_system_then_by_shape)
{
    static const struct {
        const char *system, *text, *expected, *key;
    } rows[] = {
        {"redis", "SET k v", "SET k ?", NULL},
        {"valkey", "MGET a b", "MGET a b", NULL},
        {"memcached", "get a\r\nx", "get a\r\n?", NULL},
        {"mongodb", "{\"a\": \"b\"}", "{\"a\": \"?\"}", NULL},
        {"elasticsearch", "GET /i/_doc/7", "GET /i/_doc/?", NULL},
        {"opensearch", "{\"a\": 5}", "{\"a\": ?}", NULL},
        {"postgresql", "SELECT \"a b\" FROM t WHERE x = 5", "SELECT \"a b\" FROM t WHERE x = ?", NULL},
        {"cassandra", "SELECT a FROM t WHERE x = 5 // note", "SELECT a FROM t WHERE x = ? /*?*/", NULL},
        {"neo4j", "MATCH (p:Person {name: \"Bob\", age: 5}) RETURN p // note", "MATCH (p:Person {name: ?, age: ?}) RETURN p /*?*/", NULL},
        {"influxdb", "SELECT * FROM \"cpu\" WHERE \"host\" =~ /web.*/ AND time > now() - 5m",
            "SELECT * FROM \"cpu\" WHERE \"host\" =~ ? AND time > now() - ?", NULL},
        {"influxdb", "from(bucket: \"x\") |> range(start: -5m)", "from(bucket: ?) |> range(start: ?)", NULL},
        {"aws.dynamodb", "SELECT * FROM \"t\" WHERE id = 'x'", "SELECT * FROM \"t\" WHERE id = ?", NULL},
        {"aws.dynamodb", "{\"a\": 5}", "{\"a\": ?}", NULL},
        {"", "SET user:1 secret", "SET user:1 ?", NULL},
        {"", "SET search_path TO app", "SET search_path TO app", NULL},
        {"", "SET @a = 5", "SET @a = ?", NULL},
        {"", "  {\"a\": 5}", "  {\"a\": ?}", NULL},
        {"", "db.users.find({a: 5})", "db.users.find({a: ?})", NULL},
        {"", "POST /i/_search {\"a\": 5}", "POST /i/_search {\"a\": ?}", NULL},
        {"", "HGET k f", "HGET k f", NULL},
        {"", "SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = ?", NULL},
        {"", "words and 17", "words and ?", NULL},
        {"", "Bob Smith", "?", "db.query.parameter.name"},
        {"mysql", "17", "?", "db.operation.parameter.0"},
        {"mysql", "?", "?", "db.query.parameter.name"},
        {"", "GET /users/17", "GET /users/17", "span.name"},
        {"", "Update user 17", "Update user 17", "span.name"},
        {"", "UPDATE users SET a = 17", "UPDATE users SET a = ?", "span.name"},
        {"mysql", "SELECT 17", "SELECT ?", "span.name"},
        {"mysql", "shop.orders 2020", "shop.orders 2020", "span.name"},
        {"redis", "pipeline 5", "pipeline 5", "span.name"},
        {"redis", "SET k v", "SET k ?", "span.name"},
        {"mongodb", "find shop.users", "find shop.users", "span.name"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scanning_row one[2] = {{rows[i].text, rows[i].expected, rows[i].key}, {NULL, NULL, NULL}};

        scanning_under(rows[i].system);
        scanning_rows("db", KEY, one);
    }
    scanning_under("");
}
END_TEST

START_TEST(db_changes_nothing_when_it_comes_again)
{
    static const char *const texts[] = {"SELECT 'a', 5 -- x", "SET k v", "{\"a\": [1, \"b\"]}", "db.c.find({a: /x/})", "GET /i/_doc/7?a=b"};
    struct gate_small g;

    small_open(&g, POLICY("p") "  rules:\n    - {id: s, use: scanners}\n");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char once[256];

        snprintf(once, sizeof(once), "%s", small_text(&g, "db.statement", texts[i]));
        ck_assert_str_ne(once, texts[i]);
        ck_assert_str_eq(small_text(&g, "db.statement", once), once);
        ck_assert_uint_eq(g.findings.count, 0);
    }
    small_close(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &redis_keeps_commands_keys_and_options},
    {"malformed", &redis_takes_everything_behind_an_unknown_command},
    {"normal", &memcached_keeps_the_first_line},
    {"normal", &documents_keep_keys},
    {"malformed", &documents_leave_no_planted_value},
    {"normal", &graphql_keeps_names_enumerations_and_variables},
    {"normal", &db_goes_by_system_then_by_shape},
    {"normal", &db_changes_nothing_when_it_comes_again},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_db", cases);
}
