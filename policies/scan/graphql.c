/*
 * Scanner: GraphQL documents (specification of October 2021, section 2.1). Strings, block strings, numbers and comments are values; names, enumerations, variables and
 * punctuation are structure. A request as JSON ({"query": ..., "variables": ...}) is a document like others.
 */
#include "db_int.h"

static bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
block_end(struct str text, size_t at)
{
    for (; at + 2 < text.len; at++) {
        if (at + 3 < text.len && memcmp(text.ptr + at, "\\\"\"\"", 4) == 0)
            at += 3;
        else if (memcmp(text.ptr + at, "\"\"\"", 3) == 0)
            return at;
    }
    return text.len;
}

/* [*start, *end): what stands between the quotes; returns where to go on, SIZE_MAX: the line ends before the string does, section 2.9.4. */
static size_t
string_end(struct str text, size_t at, size_t *start, size_t *end)
{
    if (text.len - at >= 3 && memcmp(text.ptr + at, "\"\"\"", 3) == 0) {
        *start = at + 3;
        *end = block_end(text, at + 3);
        return *end < text.len ? *end + 3 : text.len;
    }
    for (*start = ++at; at < text.len && text.ptr[at] != '"'; at++) {
        if (text.ptr[at] == '\n' || text.ptr[at] == '\r')
            return SIZE_MAX;
        if (text.ptr[at] == '\\')
            at++;
    }
    *end = at < text.len ? at : text.len;
    return *end < text.len ? *end + 1 : text.len;
}

/* A JSON object and no selection set: the first thing in it is a string. */
static bool
is_json(struct str text)
{
    size_t at = 0;

    while (at < text.len && db_is_space(text.ptr[at]))
        at++;
    if (at == text.len || (text.ptr[at] != '{' && text.ptr[at] != '['))
        return false;
    for (at++; at < text.len && (db_is_space(text.ptr[at]) || text.ptr[at] == '{'); at++)
        ;
    return at < text.len && text.ptr[at] == '"';
}

static enum rc
scan_graphql(const struct scan_in *in, struct scan_out *out)
{
    struct str t = in->text;
    enum rc rc = RC_OK;

    if (is_json(t))
        return scanner_documents.scan(in, out);
    for (size_t at = 0, start, end, next; at < t.len && rc == RC_OK; at = next) {
        char c = t.ptr[at];

        start = end = next = at + 1;
        /* No token begins with these: a string of another language stands here. */
        if (c == '\'' || c == '`' || c == '\\')
            return RC_UNDECIDABLE;
        if (c == '"') {
            next = string_end(t, at, &start, &end);
            if (next == SIZE_MAX)
                return RC_UNDECIDABLE;
        } else if (c == '#') {
            const char *stop = memchr(t.ptr + at, '\n', t.len - at);

            next = end = stop ? (size_t)(stop - t.ptr) : t.len;
            while (end > start && db_is_space(t.ptr[end - 1]))
                end--;
        } else if (is_digit(c) || (c == '-' && next < t.len && is_digit(t.ptr[next]))) {
            start = at;
            while (end < t.len &&
                   (is_name(t.ptr[end]) || t.ptr[end] == '.' || ((t.ptr[end] == '-' || t.ptr[end] == '+') && (t.ptr[end - 1] | 0x20) == 'e')))
                end++;
            next = end;
        } else if (is_name(c) || c == '$' || c == '@') {
            while (next < t.len && is_name(t.ptr[next]))
                next++;
            start = end = next;
        }
        rc = scan_add(out, c == '#' ? SCAN_QUERY_COMMENT : SCAN_QUERY_LITERAL, start, end);
    }
    return rc;
}

static const char *const keys[] = {"graphql.document", "graphql.source", "graphql.query", NULL};

const struct scanner scanner_graphql = {
    .name = "graphql",
    .title = "Literals and comments of GraphQL documents",
    .keys = keys,
    .kinds = SCAN_SET(QUERY_LITERAL) | SCAN_SET(QUERY_COMMENT),
    .scan = scan_graphql,
};
