/* Scanner: what spans of database clients say of their queries. By system; by the shape of the text where none is named. */
#include "db_int.h"

void
db_flush(struct db_run *run)
{
    if (run->start < run->end && run->rc == RC_OK)
        run->rc = scan_add(run->out, run->kind, run->start, run->end);
    run->start = run->end = 0;
}

void
db_extend(struct db_run *run, size_t start, size_t end)
{
    if (run->start == run->end)
        run->start = start;
    run->end = end;
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool
db_holds(struct str s, const char *part)
{
    for (size_t i = 0; i < s.len; i++) {
        size_t n = 0;

        while (part[n] && i + n < s.len && lower(s.ptr[i + n]) == part[n])
            n++;
        if (!part[n])
            return true;
    }
    return false;
}

/* ---- systems ---- */

static const struct system {
    const char *part;
    const struct scanner *scanner;
} systems[] = {
    {"redis", &scanner_redis},
    {"valkey", &scanner_redis},
    {"keydb", &scanner_redis},
    {"dragonfly", &scanner_redis},
    {"memcache", &scanner_memcached},
    {"mongo", &scanner_documents},
    {"documentdb", &scanner_documents},
    {"elastic", &scanner_documents},
    {"opensearch", &scanner_documents},
    {"couchdb", &scanner_documents},
    {"solr", &scanner_documents},
    {"meilisearch", &scanner_documents},
    {"qdrant", &scanner_documents},
    {"weaviate", &scanner_documents},
    {"firestore", &scanner_documents},
    {"arangodb", &scanner_sql},
};

static const struct scanner *
by_system(struct str system)
{
    /* The usual ones, first letters first. */
    if (str_starts(system, STR("postgres")) || str_starts(system, STR("mysql")))
        return &scanner_sql;
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
        if (db_holds(system, systems[i].part))
            return systems[i].scanner;
    return NULL;
}

/* ---- shapes ---- */

static struct str
first_word(struct str s)
{
    size_t end = 0;

    while (end < s.len && !db_is_space(s.ptr[end]) && s.ptr[end] != '(' && s.ptr[end] != '{' && s.ptr[end] != ';')
        end++;
    return str_sub(s, 0, end);
}

/* list in lower case */
static bool
is_word(struct str s, const char *const *list)
{
    for (; *list; list++) {
        size_t n = 0;

        while (n < s.len && lower(s.ptr[n]) == (*list)[n] && (*list)[n])
            n++;
        if (n == s.len && !(*list)[n])
            return true;
    }
    return false;
}

static struct str
rest_after(struct str s, struct str word)
{
    size_t at = word.len;

    while (at < s.len && db_is_space(s.ptr[at]))
        at++;
    return str_sub(s, at, s.len);
}

/* SET a = 5, SET NAMES utf8: of SQL; SET key value: of Redis. */
static bool
is_sql_set(struct str text)
{
    static const char *const scopes[] = {"global", "session", "local", "names", "transaction", "time", "role", "character", "password", "constraints",
        "identity_insert", "nocount", "quoted_identifier", "ansi_nulls", "xact_abort", "search_path", "datestyle", "statement_timeout", NULL};
    struct str second = first_word(rest_after(text, first_word(text)));
    struct str after = rest_after(rest_after(text, first_word(text)), second);

    return is_word(second, scopes) || str_find(second, STR("=")) != SIZE_MAX || (second.len && second.ptr[0] == '@') ||
           (after.len && (after.ptr[0] == '=' || after.ptr[0] == ':')) || str_eq_nocase(first_word(after), STR("to"));
}

static const struct scanner *
by_shape(struct str text)
{
    static const char *const methods[] = {"get", "post", "put", "delete", "head", NULL};
    struct str word = first_word(text), next = rest_after(text, word);

    if (text.len && (text.ptr[0] == '{' || text.ptr[0] == '['))
        return &scanner_documents;
    if (is_word(word, methods) && next.len && (next.ptr[0] == '/' || str_starts(next, STR("http"))))
        return &scanner_documents;
    if (str_starts(text, STR("db.")) && str_find(text, STR("(")) != SIZE_MAX)
        return &scanner_documents;
    if (str_eq_nocase(word, STR("set")))
        return is_sql_set(text) ? &scanner_sql : &scanner_redis;
    return redis_command(text) ? &scanner_redis : &scanner_sql;
}

/* ---- names of spans ---- */

/* Names of spans are mostly no queries: only what has the form of a statement is read as one. */
static const struct scanner *
by_span_name(const struct scan_in *in, const struct scanner *named)
{
    static const char *const verbs[] = {
        "select", "insert", "update", "delete", "merge", "replace", "with", "call", "exec", "execute", "create", "alter", "drop", "truncate", NULL};
    struct str text = in->text, word = first_word(text);
    bool sql = is_word(word, verbs) && word.len < text.len;

    if (in->system.len && named == &scanner_redis)
        return redis_command(text) ? named : NULL;
    if (in->system.len)
        return named == &scanner_sql && !sql ? NULL : named;
    if (!sql)
        return NULL;
    return db_holds(text, " from ") || db_holds(text, " into ") || db_holds(text, " set ") || db_holds(text, " where ") ? &scanner_sql : NULL;
}

/* ---- entry ---- */

static bool
is_parameter(struct str key)
{
    static const char *const before[] = {
        "db.query.parameter", "db.operation.parameter", "db.sql.parameters", "db.statement.parameters", "db.parameters", NULL};

    if (key.len < 13)
        return false;
    for (const char *const *b = before; *b; b++)
        if ((key.ptr[3] | 0x20) == (*b)[3] && key.len >= strlen(*b) && str_eq_nocase(str_sub(key, 0, strlen(*b)), str_of(*b)))
            return true;
    return false;
}

static enum rc
scan_db(const struct scan_in *in, struct scan_out *out)
{
    bool name = str_eq(in->key, STR("span.name"));
    const struct scanner *s = NULL;
    size_t blank = 0;

    if (is_parameter(in->key))
        return scan_add(out, SCAN_QUERY_LITERAL, 0, in->text.len);
    while (blank < in->text.len && db_is_space(in->text.ptr[blank]))
        blank++;
    struct str text = str_sub(in->text, blank, in->text.len);

    if (in->system.len)
        s = by_system(in->system);
    if (!s && !name)
        s = in->system.len && !(text.len && text.ptr[0] == '{') ? &scanner_sql : by_shape(text);
    if (name)
        s = by_span_name(in, s ? s : &scanner_sql);
    return s ? s->scan(in, out) : RC_OK;
}

static const char *const keys[] = {"db.query.text", "db.statement", "db.query.summary", "db.query.parameter.*", "db.query.parameter/*",
    "db.operation.parameter.*", "db.operation.parameter/*", "db.sql.parameters*", "db.statement.parameters*", "db.parameters*", "sql.query",
    "redis.raw_command", "redis.command", "memcached.command", "mongodb.query", "db.mongodb.command", "elasticsearch.body", "elasticsearch.params",
    "graphql.variables", "span.name", NULL};

const struct scanner scanner_db = {
    .name = "db",
    .title = "Values in database queries and commands, by system or by shape",
    .keys = keys,
    .kinds = SCAN_SET(SQL_LITERAL) | SCAN_SET(SQL_COMMENT) | SCAN_SET(COMMAND_ARGUMENT) | SCAN_SET(QUERY_LITERAL),
    .wants_system = true,
    .scan = scan_db,
};
