/*
 * Scanner: JSON and what resembles it, as document databases take it: MongoDB's commands and shell, Elasticsearch's and OpenSearch's bodies with or without
 * the line of a request, several documents in a row. Keys and structure are kept, everything else is a value. Cut off anywhere.
 *
 *   db.users.find({name: "Bob", age: {$gt: 5}}).limit(10)
 *   ---- depth 0: words are kept ----  inside of brackets: only what stands before ':' or '('
 */
#include "db_int.h"

enum last { L_START, L_OPEN, L_COMMA, L_COLON, L_DONE };

struct document {
    struct str text;
    size_t at;
    unsigned depth;
    bool closed; /* a document has ended on this line: no command follows it */
    enum last last;
    struct str key;    /* the last one */
    struct db_run run; /* values with nothing but blanks between them are one */
};

static bool
in_list(struct str s, const char *const *list)
{
    for (; *list; list++)
        if (str_eq(s, str_of(*list)))
            return true;
    return false;
}

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

/* A name with dots and dashes that does not start with a digit; .name too. */
static bool
is_plain(struct str s)
{
    if (s.len && s.ptr[0] == '.')
        s = str_sub(s, 1, s.len);
    if (s.len == 0 || s.len > 128 || (s.ptr[0] >= '0' && s.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_name_char(s.ptr[i]) && s.ptr[i] != '.' && (s.ptr[i] != '-' || i == 0) && s.ptr[i] != '*')
            return false;
    return true;
}

static bool
one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static void
value(struct document *d, size_t start, size_t end)
{
    size_t from = d->run.start < d->run.end ? d->run.end : start;

    while (from < start && one_of(d->text.ptr[from], " \t"))
        from++;
    if (from != start)
        db_flush(&d->run);
    if (start < end)
        db_extend(&d->run, start, end);
    d->last = L_DONE;
}

static char
peek(const struct document *d, size_t at)
{
    return at < d->text.len ? d->text.ptr[at] : '\0';
}

static size_t
skip_blanks(const struct document *d, size_t at)
{
    while (at < d->text.len && db_is_space(d->text.ptr[at]))
        at++;
    return at;
}

/* ---- strings ---- */

/* Commands of MongoDB whose value is the name of a collection or database. */
static bool
names_collection(const struct document *d, struct str inside)
{
    static const char *const commands[] = {"find", "aggregate", "insert", "update", "delete", "count", "distinct", "findAndModify", "findandmodify",
        "collection", "$db", "create", "drop", "createIndexes", "listIndexes", "mapReduce", NULL};
    static const char *const anywhere[] = {"_index", "getCollection", "getSiblingDB", "db", NULL};

    if (!is_plain(inside) || (d->last != L_COLON && d->last != L_OPEN))
        return false;
    return (d->depth == 1 && d->last == L_COLON && in_list(d->key, commands)) || in_list(d->key, anywhere);
}

static void
string(struct document *d)
{
    size_t start = d->at, end = start + 1;
    char quote = d->text.ptr[start];

    while (end < d->text.len && d->text.ptr[end] != quote)
        end += d->text.ptr[end] == '\\' ? 2 : 1;
    if (end >= d->text.len) { /* cut off */
        d->at = d->text.len;
        value(d, start + 1, d->text.len);
        return;
    }
    struct str inside = str_sub(d->text, start + 1, end);
    size_t next = skip_blanks(d, end + 1);

    d->at = end + 1;
    if (peek(d, next) == ':' && (d->last == L_OPEN || d->last == L_COMMA) && d->depth > 0) {
        d->key = inside;
        d->at = next;
    } else if (names_collection(d, inside)) {
        d->last = L_DONE;
    } else {
        value(d, start + 1, end);
    }
}

/* ---- comments and regular expressions ---- */

static size_t
find_from(struct str text, size_t from, struct str what)
{
    size_t at = from <= text.len ? str_find(str_sub(text, from, text.len), what) : SIZE_MAX;

    return at == SIZE_MAX ? text.len : from + at;
}

/* The marks stay, so that what follows is read as before. */
static void
comment(struct document *d)
{
    enum last last = d->last;
    bool line = d->text.ptr[d->at + 1] == '/';
    size_t end = find_from(d->text, d->at + 2, line ? STR("\n") : STR("*/"));

    value(d, d->at + 2, end);
    d->at = line || end == d->text.len ? end : end + 2;
    d->last = last;
}

static void
slash(struct document *d)
{
    size_t start = d->at, end = start + 1;
    char next = peek(d, end);

    if (next == '/' || next == '*') {
        comment(d);
        return;
    }
    while (end < d->text.len && d->text.ptr[end] != '/' && d->text.ptr[end] != '\n')
        end += d->text.ptr[end] == '\\' ? 2 : 1;
    if (end < d->text.len && d->text.ptr[end] == '/')
        for (end++; is_name_char(peek(d, end));)
            end++;
    d->at = end < d->text.len ? end : d->text.len;
    value(d, start, d->at);
}

/* ---- words inside of brackets ---- */

static bool
starts_comment(const struct document *d, size_t at)
{
    return d->text.ptr[at] == '/' && one_of(peek(d, at + 1), "/*");
}

static void
bare(struct document *d)
{
    size_t start = d->at, end = start;

    while (end < d->text.len && !one_of(d->text.ptr[end], ",}])([{:\"'`\n\r") && !starts_comment(d, end))
        end++;
    size_t stop = end;

    while (stop > start && db_is_space(d->text.ptr[stop - 1]))
        stop--;
    struct str word = str_sub(d->text, start, stop);
    size_t next = skip_blanks(d, end);
    struct str last_word = word;

    if (str_starts(word, STR("new ")))
        last_word = str_trim(str_sub(word, 4, word.len));
    d->at = end;
    if (peek(d, next) == ':' && (d->last == L_OPEN || d->last == L_COMMA) && is_plain(word)) {
        d->key = word;
        d->at = next;
    } else if (peek(d, next) == '(' && is_plain(last_word)) {
        d->key = last_word;
        d->at = next;
    } else {
        value(d, start, stop);
    }
}

/* ---- the line before a body ---- */

/* /index/_doc/17?routing=bob: index, endpoints and names of parameters are kept. */
static size_t
path_segment(struct document *d, size_t start, unsigned *plain, struct str *endpoint)
{
    static const char *const views[] = {"_cat", "_cluster", "_nodes", "_tasks", NULL};
    size_t end = start;

    char next = peek(d, start + 1);
    /* What stands for a segment already. */
    bool replaced = peek(d, start) == '?' && (next == '?' || next == '/' || next == '{' || next == '\0' || db_is_space(next));

    while (end < d->text.len && d->text.ptr[end] != '/' && d->text.ptr[end] != '?' && d->text.ptr[end] != '{' && !db_is_space(d->text.ptr[end]))
        end++;
    end += replaced;
    struct str s = str_sub(d->text, start, end);

    if (s.len && s.ptr[0] == '_') {
        *endpoint = s;
        if (!is_plain(s))
            value(d, start, end);
        return end;
    }
    bool kept = endpoint->len ? in_list(*endpoint, views) && is_plain(s)
                              : ++*plain <= 2 && str_find(s, STR("@")) == SIZE_MAX && str_find(s, STR("%")) == SIZE_MAX;

    if (*plain == 2 && !endpoint->len && !is_plain(s))
        kept = false;
    if (!kept)
        value(d, start, end);
    return end;
}

static void
path(struct document *d)
{
    struct str endpoint = {NULL, 0};
    unsigned plain = 0;
    size_t at = d->at;

    while (peek(d, at) == '/')
        at = path_segment(d, at + 1, &plain, &endpoint);
    while (peek(d, at) == '?' || peek(d, at) == '&') {
        size_t name = at + 1, end;

        while (name < d->text.len && d->text.ptr[name] != '=' && d->text.ptr[name] != '&' && !db_is_space(d->text.ptr[name]))
            name++;
        end = name;
        while (end < d->text.len && d->text.ptr[end] != '&' && !db_is_space(d->text.ptr[end]))
            end++;
        if (peek(d, name) == '=')
            value(d, name + 1, end);
        else if (!is_plain(str_sub(d->text, at + 1, name)))
            value(d, at + 1, name);
        at = end;
    }
    d->at = at;
    d->last = L_DONE;
    db_flush(&d->run); /* a path ends at a blank, values do not */
}

/* Words of a command line are kept when they look like names. */
static void
outside(struct document *d)
{
    size_t start = d->at, end = start;

    while (end < d->text.len && !one_of(d->text.ptr[end], "({[\"'`") && !db_is_space(d->text.ptr[end]))
        end++;
    if (end == start)
        end++;
    struct str word = str_sub(d->text, start, end);
    size_t scheme = str_find(word, STR("://"));

    if (scheme != SIZE_MAX && is_plain(str_sub(word, 0, scheme)) && str_find(word, STR("@")) == SIZE_MAX) {
        for (d->at = start + scheme + 3; d->at < end && d->text.ptr[d->at] != '/';)
            d->at++;
        path(d);
        return;
    }
    bool dotted = word.ptr[0] == '.';

    d->at = end;
    while (word.len && one_of(word.ptr[0], ".,;")) {
        word = str_sub(word, 1, word.len);
        start++;
    }
    struct str name = word;

    while (name.len && one_of(name.ptr[name.len - 1], ",;:"))
        name.len--;
    if (name.len == 0 || (is_plain(name) && !(d->closed && !dotted)))
        d->key = name.len ? name : d->key;
    else
        value(d, start, start + word.len);
    if (d->text.ptr[end - 1] == ',' || d->text.ptr[end - 1] == ':')
        d->last = L_COMMA;
    /* .getCollection( : what is called comes last */
    for (size_t i = d->key.len; i > 0 && is_plain(name); i--) {
        if (d->key.ptr[i - 1] != '.')
            continue;
        d->key = str_sub(d->key, i, d->key.len);
        break;
    }
}

static enum rc
scan_documents(const struct scan_in *in, struct scan_out *out)
{
    struct document d = {.text = in->text, .last = L_START, .run = {.out = out, .kind = SCAN_QUERY_LITERAL, .rc = RC_OK}};

    while (d.at < d.text.len && d.run.rc == RC_OK) {
        char c = d.text.ptr[d.at];

        if (db_is_space(c)) {
            d.closed &= c != '\n';
            d.at++;
        } else if (c == '{' || c == '[' || c == '(') {
            d.depth++;
            d.last = L_OPEN;
            d.at++;
        } else if (c == '}' || c == ']' || c == ')') {
            d.depth -= d.depth > 0;
            d.closed = d.depth == 0;
            d.last = L_DONE;
            d.at++;
        } else if (c == ',') {
            d.last = L_COMMA;
            d.at++;
        } else if (c == ':' && d.depth) {
            d.last = L_COLON;
            d.at++;
        } else if (c == '"' || c == '\'' || c == '`') {
            string(&d);
        } else if (c == '/' && d.depth == 0 && peek(&d, d.at + 1) != '/' && peek(&d, d.at + 1) != '*') {
            path(&d);
        } else if (c == '/') {
            slash(&d);
        } else if (d.depth == 0) {
            outside(&d);
        } else {
            bare(&d);
        }
    }
    db_flush(&d.run);
    return d.run.rc;
}

static const char *const keys[] = {"mongodb.query", "db.mongodb.command", "elasticsearch.body", "elasticsearch.params", "graphql.variables", NULL};

const struct scanner scanner_documents = {
    .name = "documents",
    .title = "Values in the queries of document databases (MongoDB, Elasticsearch, OpenSearch)",
    .keys = keys,
    .kinds = SCAN_SET(QUERY_LITERAL),
    .part = true,
    .scan = scan_documents,
};
