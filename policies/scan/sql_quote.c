/* What stands between quotes: strings, quoted names, and the two told apart. */
#include "sql_int.h"

#define NAME_MAX_BYTES 128 /* PostgreSQL 63, SQL Server 128, Oracle 128, MySQL 64 characters; what is longer is no name */

/* A quote right behind a word, or a word right behind a quote, does not happen where quotes are read rightly. */
static void
judge_quote(struct sql *lx, size_t start, size_t end, bool closed)
{
    lx->open |= !closed;
    if (closed && end < lx->end && sql_is_word(lx->text.ptr[end]))
        lx->wrong++;
    if (start > 0 && sql_is_word(lx->text.ptr[start - 1]))
        lx->wrong++;
}

/* The end of a string whose first quote stands at ${at}; *closed: behind its last quote. */
static size_t
string_end(struct sql *lx, size_t at, bool *closed)
{
    char quote = lx->text.ptr[at];

    *closed = true;
    for (at++; at < lx->end; at++) {
        char c = lx->text.ptr[at];

        if (c == '\\')
            at += lx->escapes;
        else if (c == quote) {
            if (sql_peek(lx, at + 1) != quote)
                return at + 1;
            at++;
        }
    }
    *closed = false;
    return lx->end;
}

/* Three quotes and what is between them: BigQuery. */
static size_t
triple_end(const struct sql *lx, size_t at)
{
    char quote = lx->text.ptr[at];

    for (at += 3; at < lx->end; at++) {
        if (lx->text.ptr[at] == '\\')
            at++;
        else if (lx->text.ptr[at] == quote && sql_peek(lx, at + 1) == quote && sql_peek(lx, at + 2) == quote)
            return at + 3;
    }
    return lx->end;
}

static bool
is_triple(const struct sql *lx, size_t at)
{
    return (lx->traits & SQL_TRIPLE) && sql_peek(lx, at + 1) == lx->text.ptr[at] && sql_peek(lx, at + 2) == lx->text.ptr[at];
}

/* Oracle: q'[it's]'. Returns 0 when it is none, or not closed. */
static size_t
oracle_end(struct sql *lx, size_t at)
{
    char open = sql_peek(lx, at + 1), close = open == '[' ? ']' : open == '(' ? ')' : open == '{' ? '}' : open == '<' ? '>' : open;

    if ((lx->traits & SQL_KNOWN) && !(lx->traits & SQL_ORACLE_QUOTE))
        return 0;
    if (lx->unquoted || open == ' ' || open == '\t' || open == '\n' || open == '\r' || open == '\'' || at + 1 >= lx->end)
        return 0;
    for (size_t i = at + 2; i + 1 < lx->end; i++)
        if (lx->text.ptr[i] == close && lx->text.ptr[i + 1] == '\'')
            return i + 2;
    lx->unquoted = true;
    return (lx->traits & SQL_KNOWN) ? lx->end : 0;
}

void
sql_quoted(struct sql *lx, size_t start)
{
    size_t at = lx->at, end = 0;
    char prefix = start < at ? (char)(lx->text.ptr[at - 1] | 0x20) : '\0';
    bool oracle = prefix == 'q', closed = true, escapes = lx->escapes;

    if (oracle)
        end = oracle_end(lx, at);
    if (end == 0 && is_triple(lx, at))
        end = triple_end(lx, at);
    /* LIKE '..' ESCAPE '\': one character, whatever the dialect. */
    if (end == 0 && lx->word == W_ESCAPE && sql_peek(lx, at + 1) == '\\' && sql_peek(lx, at + 2) == '\'' && sql_peek(lx, at + 3) != '\'')
        end = at + 3;
    if (end == 0) {
        lx->escapes |= prefix == 'e'; /* E'..' of PostgreSQL always has them */
        end = string_end(lx, at, &closed);
        lx->escapes = escapes;
    }
    judge_quote(lx, start, end, closed);
    sql_value(lx, start, end);
    lx->at = end;
}

void
sql_smart(struct sql *lx)
{
    size_t start = lx->at, at = start + 3, len;

    while (at < lx->end && !((unsigned char)lx->text.ptr[at] >= 0xE2 && sql_special(lx, at, &len) == SPECIAL_QUOTE))
        at++;
    lx->at = at < lx->end ? at + 3 : lx->end;
    sql_value(lx, start, lx->at);
}

/* ---- "..." ---- */

static bool
is_plain_name(struct str s)
{
    if (s.len == 0 || s.len > NAME_MAX_BYTES || (s.ptr[0] >= '0' && s.ptr[0] <= '9'))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!sql_is_word(s.ptr[i]) && s.ptr[i] != '$')
            return false;
    return true;
}

/* Whether the text quotes names in the way of the standard: dots between quotes, or a quoted name where only a name can stand. */
static bool
quotes_names(struct sql *lx)
{
    static const char *const signs[] = {
        "\".\"", "FROM \"", "from \"", "JOIN \"", "join \"", "INTO \"", "into \"", "UPDATE \"", "update \"", "TABLE \""};

    if (!lx->ansi) {
        lx->ansi = 1;
        for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]) && lx->ansi == 1; i++)
            lx->ansi = str_find(lx->text, str_of(signs[i])) != SIZE_MAX ? 2 : 1;
        if (str_find(lx->text, STR("`")) != SIZE_MAX)
            lx->ansi = 1;
    }
    return lx->ansi == 2;
}

static bool
in_list(const struct sql *lx)
{
    return lx->depth >= SQL_PARENS || lx->list[lx->depth] || lx->values[lx->depth];
}

/* No dialect was named, or one that takes "..." for a string when no name fits: the place decides. */
static bool
place_wants_value(struct sql *lx, struct str inside, size_t end)
{
    bool unknown = !(lx->traits & SQL_KNOWN);

    if (lx->prev == T_DOT || sql_peek(lx, end) == '.' || lx->word == W_AS || lx->word == W_NAME_NEXT)
        return false;
    if (lx->prev == T_OPERATOR || lx->word == W_VALUE_NEXT || lx->word == W_IN || in_list(lx))
        return true;
    if (!unknown || quotes_names(lx))
        return false;
    return !is_plain_name(inside) || (lx->depth < SQL_PARENS && lx->call[lx->depth]);
}

static bool
is_value(struct sql *lx, struct str inside, size_t end)
{
    bool name_place = lx->prev == T_DOT || sql_peek(lx, end) == '.' || lx->word == W_AS || lx->word == W_NAME_NEXT;

    if (lx->secret || inside.len > NAME_MAX_BYTES || inside.len == 0)
        return true;
    if (lx->traits & SQL_DQ_NAME)
        return false;
    if (lx->traits & SQL_DQ_STRING)
        return !name_place;
    return place_wants_value(lx, inside, end);
}

void
sql_double(struct sql *lx)
{
    size_t at = lx->at, end;
    bool closed = true, escapes = lx->escapes;

    if (is_triple(lx, at)) {
        lx->at = triple_end(lx, at);
        sql_value(lx, at, lx->at);
        return;
    }
    if (lx->traits & SQL_DQ_NAME)
        lx->escapes = false; /* names have none */
    end = string_end(lx, at, &closed);
    lx->escapes = escapes;
    judge_quote(lx, at, end, closed);
    if (!closed || is_value(lx, str_sub(lx->text, at + 1, end - 1), end))
        sql_value(lx, at, end);
    else
        sql_took(lx, T_NAME);
    lx->at = end;
}

/* ---- `...` and [...] ---- */

/* Strings, or what stands for them: no name. */
static bool
holds_values(struct str s)
{
    size_t quotes = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '?')
            return true;
        quotes += s.ptr[i] == '\'';
    }
    return quotes > 0 && quotes % 2 == 0;
}

/* A quote that closes nothing is passed over, so that what follows is read as if it were not there. */
void
sql_backtick(struct sql *lx)
{
    size_t start = lx->at, end = start + 1, most = start + 2 * NAME_MAX_BYTES;

    while (end < lx->end && end < most && !(lx->text.ptr[end] == '`' && sql_peek(lx, end + 1) != '`'))
        end += lx->text.ptr[end] == '`' ? 2 : 1;
    bool known = lx->traits & SQL_KNOWN, closed = end < lx->end && end < most;

    lx->at = start + 1;
    if (closed && known && !(lx->traits & SQL_BACKTICK))
        closed = false;
    if (closed && !known && holds_values(str_sub(lx->text, start, end)))
        closed = false;
    if (closed)
        lx->at = end + 1;
    sql_took(lx, closed ? T_NAME : T_OPERATOR);
}

/* Digits in brackets are columns that PIVOT makes of values. */
static bool
is_number_like(struct str s)
{
    bool digit = false;

    for (size_t i = 0; i < s.len; i++) {
        bool d = s.ptr[i] >= '0' && s.ptr[i] <= '9';

        if (!d && s.ptr[i] != '-' && s.ptr[i] != '.' && s.ptr[i] != '/' && s.ptr[i] != ':' && s.ptr[i] != ' ')
            return false;
        digit |= d;
    }
    return digit;
}

static bool
is_bracket_name(const struct sql *lx, struct str inside, size_t start)
{
    if (lx->traits & SQL_KNOWN)
        return lx->traits & SQL_BRACKET;
    if (start > 0 && (sql_is_word(lx->text.ptr[start - 1]) || lx->text.ptr[start - 1] == ')' || lx->text.ptr[start - 1] == ']'))
        return false;
    for (size_t i = 0; i < inside.len; i++)
        if (!sql_is_word(inside.ptr[i]) && !strchr(" .$#@-", inside.ptr[i]))
            return false;
    return inside.len > 0 && !(inside.ptr[0] >= '0' && inside.ptr[0] <= '9');
}

void
sql_bracket(struct sql *lx)
{
    size_t start = lx->at, end = start + 1, most = start + 1 + NAME_MAX_BYTES * 2;

    while (end < lx->end && end < most && lx->text.ptr[end] != ']')
        end++;
    while (end < most && sql_peek(lx, end + 1) == ']' && (lx->traits & SQL_BRACKET)) /* ]] stands for ] */
        for (end += 2; end < lx->end && end < most && lx->text.ptr[end] != ']';)
            end++;
    bool closed = end < lx->end && end < most;
    struct str inside = str_sub(lx->text, start + 1, end);

    lx->at = start + 1;
    if (!closed || !is_bracket_name(lx, inside, start)) {
        sql_took(lx, T_OPERATOR);
        return;
    }
    if (is_number_like(inside))
        sql_value(lx, start + 1, end);
    lx->at = end + 1;
    sql_took(lx, T_NAME);
}

/* ---- $ ---- */

/* LANGUAGE plpython3u, javascript: a body in which SQL's rules say nothing. */
static bool
foreign_body(struct sql *lx)
{
    const struct str word = STR("language ");

    for (size_t i = 0; !lx->foreign && i + word.len < lx->text.len; i++) {
        if ((lx->text.ptr[i] | 0x20) != 'l' || !str_eq_nocase(str_sub(lx->text, i, i + word.len), word))
            continue;
        struct str name = str_sub(lx->text, i + word.len, lx->text.len);

        if (!(name.len >= 3 && str_eq_nocase(str_sub(name, 0, 3), STR("sql"))) &&
            !(name.len >= 7 && str_eq_nocase(str_sub(name, 0, 7), STR("plpgsql"))))
            lx->foreign = 2;
    }
    if (!lx->foreign)
        lx->foreign = 1;
    return lx->foreign == 2;
}

/* $tag$...$tag$: the body of a function after AS or DO, else a string. at is behind the opening tag. */
static void
dollar_quote(struct sql *lx, struct str tag)
{
    size_t start = lx->at, inside = start + tag.len;
    size_t found = lx->unclosed ? SIZE_MAX : str_find(str_sub(lx->text, inside, lx->end), tag);
    bool body = (lx->word == W_AS || lx->word == W_DO) && !foreign_body(lx);

    if (found == SIZE_MAX) {
        bool first = !lx->unclosed;

        lx->unclosed = true;
        lx->open = true;
        lx->at = body && first ? inside : lx->end;
        if (!(body && first))
            sql_value(lx, start, lx->end);
        return;
    }
    if (body && sql_within(lx, inside + found, inside + found + tag.len)) {
        lx->at = inside;
        sql_took(lx, T_START);
        return;
    }
    lx->at = inside + found + tag.len;
    sql_value(lx, start, lx->at);
}

void
sql_dollar(struct sql *lx)
{
    size_t start = lx->at, end = start + 1;

    while (sql_is_word(sql_peek(lx, end)) && end < lx->end)
        end++;
    char first = sql_peek(lx, start + 1);
    bool digit = first >= '0' && first <= '9',
         money = digit && ((lx->traits & SQL_MONEY) || (sql_peek(lx, end) == '.' && end - start > 1) || end - start > 6);

    if (!digit && sql_peek(lx, end) == '$' && end < lx->end) {
        dollar_quote(lx, str_sub(lx->text, start, end + 1));
    } else if (money) {
        lx->at = start + 1;
        sql_number(lx, start);
    } else {
        lx->at = end; /* a placeholder, $1 or $name */
        sql_took(lx, T_NAME);
    }
}
