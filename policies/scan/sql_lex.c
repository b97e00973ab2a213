/* Tokens of SQL. */
#include "sql_int.h"

/* A trial remembers what it would have reported, to be compared. */
static void
report(struct sql *lx, enum scan_kind kind, size_t start, size_t end)
{
    if (lx->out && lx->rc == RC_OK)
        lx->rc = scan_add(lx->out, kind, start, end);
    lx->sum = (lx->sum ^ (start * 0x9E3779B97F4A7C15u + end)) * 0xD6E8FEB86659FD93u;
}

void
sql_value(struct sql *lx, size_t start, size_t end)
{
    sql_took(lx, T_VALUE);
    report(lx, SCAN_SQL_LITERAL, start, end);
}

/* What came before a comment is what comes before what follows it. */
void
sql_comment(struct sql *lx, size_t start, size_t end)
{
    report(lx, SCAN_SQL_COMMENT, start, end);
}

/* ---- texts inside of the text ---- */

bool
sql_within(struct sql *lx, size_t end, size_t resume)
{
    if (lx->limit_count == SQL_LIMITS)
        return false;
    lx->limits[lx->limit_count++] = (struct sql_limit){lx->end, resume};
    lx->end = end;
    return true;
}

/* At the end of an inner text. False when that was the whole text. */
static bool
leave(struct sql *lx)
{
    if (lx->limit_count == 0)
        return false;
    struct sql_limit l = lx->limits[--lx->limit_count];

    lx->end = l.end;
    lx->at = l.resume;
    sql_took(lx, T_VALUE);
    return true;
}

/* ---- comments ---- */

/* Behind the end of the block comment that starts at ${at}; *closed. */
static size_t
block_end(struct sql *lx, size_t at, bool *closed)
{
    bool nest = (lx->traits & SQL_NEST) || (!(lx->traits & SQL_KNOWN) && !lx->unnested);
    size_t depth = 1, first = SIZE_MAX;

    *closed = true;
    for (size_t i = at + 2; i + 1 < lx->end; i++) {
        if (lx->text.ptr[i] == '*' && lx->text.ptr[i + 1] == '/') {
            first = first == SIZE_MAX ? i + 2 : first;
            if (--depth == 0 || !nest)
                return i + 2;
            i++;
        } else if (nest && lx->text.ptr[i] == '/' && lx->text.ptr[i + 1] == '*') {
            depth++;
            i++;
        }
    }
    lx->unnested = true;
    if (first != SIZE_MAX && !(lx->traits & SQL_NEST))
        return first;
    *closed = false;
    return lx->end;
}

/* Hints (Oracle, MySQL, Spark) and what only MySQL executes are language; quotes in them end where they end. */
void
sql_block(struct sql *lx)
{
    size_t start = lx->at, code = start + 3, end;
    char mark = sql_peek(lx, start + 2);
    bool bang = mark == '!' || (mark == 'M' && sql_peek(lx, start + 3) == '!'), known = lx->traits & SQL_KNOWN, closed;

    if (bang && (lx->traits & SQL_BANG)) {
        for (code += mark == 'M'; sql_peek(lx, code) >= '0' && sql_peek(lx, code) <= '9' && code < start + 10;)
            code++;
        lx->at = code;
        return;
    }
    end = block_end(lx, start, &closed);
    if (closed && ((mark == '+' && end - start > 5) || (bang && !known))) {
        while (bang && sql_peek(lx, code) >= '0' && sql_peek(lx, code) <= '9' && code < start + 10)
            code++;
        if (sql_within(lx, end - 2, end)) {
            lx->at = code;
            return;
        }
    }
    lx->open |= !closed;
    sql_comment(lx, start, end);
    lx->at = end;
}

static void
line_comment(struct sql *lx)
{
    size_t start = lx->at;
    const char *stop = memchr(lx->text.ptr + start, '\n', lx->end - start);

    lx->at = stop ? (size_t)(stop - lx->text.ptr) : lx->end;
    size_t end = lx->at;

    while (end > start && lx->text.ptr[end - 1] == '\r')
        end--;
    sql_comment(lx, start, end);
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
at_line_start(const struct sql *lx)
{
    size_t i = lx->at;

    while (i > 0 && (lx->text.ptr[i - 1] == ' ' || lx->text.ptr[i - 1] == '\t') && lx->at - i < 64)
        i--;
    return i == 0 || lx->text.ptr[i - 1] == '\n' || lx->text.ptr[i - 1] == '\r';
}

/* A sign belongs to its number where no operator can stand. */
static bool
is_sign(const struct sql *lx)
{
    if (!sql_starts_number(lx, lx->at + 1))
        return false;
    switch (lx->prev) {
    case T_OPEN:
    case T_COMMA:
    case T_OPERATOR:
    case T_START:
        return true;
    case T_WORD:
        return lx->word != W_NONE;
    case T_NAME:
    case T_VALUE:
    case T_CLOSE:
    case T_DOT:
        break;
    }
    return false;
}

static void
operator(struct sql *lx, size_t len)
{
    lx->at += len;
    sql_took(lx, T_OPERATOR);
}

static void
dash(struct sql *lx)
{
    char next = sql_peek(lx, lx->at + 1), third = sql_peek(lx, lx->at + 2);
    size_t start = lx->at;

    if (next == '-' && (!(lx->traits & SQL_DASH_SPACE) || lx->at + 2 == lx->end || is_space(third) || third < ' ')) {
        line_comment(lx);
    } else if (is_sign(lx)) {
        lx->at++;
        sql_number(lx, start);
    } else {
        operator(lx, 1);
    }
}

static void
plus(struct sql *lx)
{
    size_t start = lx->at;

    if (is_sign(lx)) {
        lx->at++;
        sql_number(lx, start);
    } else {
        operator(lx, 1);
    }
}

/* A regular expression between slashes, behind =~ (InfluxQL): to the next slash of the line. */
static bool
regex(struct sql *lx)
{
    size_t start = lx->at, end = start + 1, back = start;

    while (back > 0 && lx->text.ptr[back - 1] == ' ' && start - back < 8)
        back--;
    if (back == 0 || lx->text.ptr[back - 1] != '~')
        return false;
    while (end < lx->end && lx->text.ptr[end] != '/' && lx->text.ptr[end] != '\n')
        end += lx->text.ptr[end] == '\\' ? 2 : 1;
    lx->at = end < lx->end ? end + (lx->text.ptr[end] == '/') : lx->end;
    sql_value(lx, start, lx->at);
    return true;
}

static void
slash(struct sql *lx)
{
    char next = sql_peek(lx, lx->at + 1);

    if (next != '*' && next != '/' && regex(lx))
        return;
    if (next == '*')
        sql_block(lx);
    else if (next == '/' && ((lx->traits & SQL_SLASHES) || (!(lx->traits & SQL_KNOWN) && (lx->at == 0 || is_space(lx->text.ptr[lx->at - 1])))))
        line_comment(lx);
    else
        operator(lx, 1);
}

/* A comment of MySQL; an operator of PostgreSQL (#>, #-, #); the name of a temporary table of SQL Server. */
static void
hash(struct sql *lx)
{
    char next = sql_peek(lx, lx->at + 1);
    bool known = lx->traits & SQL_KNOWN, names = lx->word == W_NAME_NEXT || lx->prev == T_DOT;

    if ((lx->traits & SQL_HASH) || (!known && !names && (at_line_start(lx) || next == ' ')))
        line_comment(lx);
    else
        operator(lx, 1);
}

/* ---- placeholders ---- */

static size_t
digits_end(const struct sql *lx, size_t at)
{
    while (sql_peek(lx, at) >= '0' && sql_peek(lx, at) <= '9')
        at++;
    return at;
}

/* @p1, @@version, @"name"; @ before a quote is an operator, the name of a host may follow. */
static void
at_sign(struct sql *lx)
{
    size_t end = lx->at;

    while (sql_peek(lx, end) == '@')
        end++;
    size_t word = sql_word_end(lx, end), digits = digits_end(lx, end);

    if (word == end || (digits == word && digits - end > 5)) {
        operator(lx, end - lx->at);
        return;
    }
    lx->at = word;
    sql_took(lx, T_NAME);
}

/* :name and :1 are placeholders, :: a cast, := an assignment. Behind a number or a bracket it is part of a slice or of a time of day. */
static void
colon(struct sql *lx)
{
    size_t at = lx->at, word = sql_word_end(lx, at + 1), digits = digits_end(lx, at + 1);
    char last = at ? lx->text.ptr[at - 1] : ' ';

    if (word == at + 1) {
        operator(lx, sql_peek(lx, at + 1) == ':' ? 2 : 1);
    } else if (digits > at + 1 &&
               (digits - at > 6 || digits != word || sql_is_word(last) || last == ']' || last == ')' || last == '\'' || last == '"')) {
        operator(lx, 1);
    } else {
        lx->at = word;
        sql_took(lx, T_NAME);
    }
}

static void
question(struct sql *lx)
{
    size_t digits = digits_end(lx, lx->at + 1);

    lx->at = digits - lx->at > 6 ? lx->at + 1 : digits;
    sql_took(lx, T_NAME);
}

/* ---- brackets ---- */

static void
open_bracket(struct sql *lx)
{
    bool list = lx->depth >= SQL_PARENS || lx->list[lx->depth] || lx->values[lx->depth] || (lx->prev == T_WORD && lx->word == W_IN);
    bool call = (lx->prev == T_WORD && lx->word == W_NONE) || (lx->depth < SQL_PARENS && lx->call[lx->depth]), extract = lx->word == W_EXTRACT;

    lx->at++;
    lx->depth++;
    if (lx->depth < SQL_PARENS) {
        lx->list[lx->depth] = list;
        /* INSERT INTO t ("a"), CREATE TABLE t ("a" ..): names. */
        lx->call[lx->depth] = call && lx->before != W_NAME_NEXT;
        lx->values[lx->depth] = false;
    }
    sql_took(lx, T_OPEN);
    lx->extract = extract;
}

static void
close_bracket(struct sql *lx)
{
    lx->at++;
    if (lx->depth)
        lx->depth--;
    sql_took(lx, T_CLOSE);
}

/* COPY .. FROM STDIN; data \. */
static void
semicolon(struct sql *lx)
{
    size_t at = ++lx->at;

    if (lx->copy) {
        while (at < lx->end && is_space(lx->text.ptr[at]))
            at++;
        size_t stop = str_find(str_sub(lx->text, at, lx->end), STR("\n\\."));
        char after = stop == SIZE_MAX ? '\0' : sql_peek(lx, at + stop + 3);

        lx->at = stop == SIZE_MAX || !(after == '\0' || is_space(after)) ? lx->end : at + stop;
        sql_value(lx, at, lx->at);
    }
    sql_took(lx, T_START);
    lx->first = W_NONE;
    lx->copy = lx->told = false;
    lx->depth = 0;
    lx->list[0] = lx->values[0] = lx->call[0] = false;
}

static void
dot(struct sql *lx)
{
    bool name = lx->prev == T_NAME || lx->prev == T_WORD || lx->prev == T_CLOSE;

    if (sql_starts_number(lx, lx->at) && !(name && lx->at > 0 && !is_space(lx->text.ptr[lx->at - 1]))) {
        sql_number(lx, lx->at);
        return;
    }
    lx->at++;
    sql_took(lx, T_DOT);
}

/* ---- the loop ---- */

static void
token(struct sql *lx)
{
    char c = lx->text.ptr[lx->at];

    switch (c) {
    case '\'':
        sql_quoted(lx, lx->at);
        return;
    case '"':
        sql_double(lx);
        return;
    case '`':
        sql_backtick(lx);
        return;
    case '[':
        sql_bracket(lx);
        return;
    case '$':
        sql_dollar(lx);
        return;
    case '-':
        dash(lx);
        return;
    case '+':
        plus(lx);
        return;
    case '/':
        slash(lx);
        return;
    case '#':
        hash(lx);
        return;
    case '@':
        at_sign(lx);
        return;
    case ':':
        colon(lx);
        return;
    case '?':
        question(lx);
        return;
    case '.':
        dot(lx);
        return;
    case '(':
        open_bracket(lx);
        return;
    case ')':
        close_bracket(lx);
        return;
    case ',':
        lx->at++;
        sql_took(lx, T_COMMA);
        return;
    case ';':
        semicolon(lx);
        return;
    case '\\': /* stands in quotes only */
        lx->wrong++;
        operator(lx, 1);
        return;
    default:
        operator(lx, 1);
        return;
    }
}

void
sql_lex(struct sql *lx)
{
    while (lx->rc == RC_OK) {
        if (lx->at >= lx->end) {
            if (!leave(lx))
                return;
            continue;
        }
        char c = lx->text.ptr[lx->at];

        if (c == ' ' || (c >= '\t' && c <= '\r'))
            lx->at++;
        else if (c >= '0' && c <= '9')
            sql_number(lx, lx->at);
        else if (sql_is_word(c))
            sql_words(lx);
        else
            token(lx);
    }
}
