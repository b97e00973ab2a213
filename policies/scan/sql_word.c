/* Words: keywords that say what comes next, numbers, identifiers. */
#include "sql_int.h"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Currency signs (money literals of SQL Server) and typographic quotes are no part of names, although they are outside of ASCII. */
enum sql_special
sql_special(const struct sql *lx, size_t at, size_t *len)
{
    unsigned char a = (unsigned char)sql_peek(lx, at), b = (unsigned char)sql_peek(lx, at + 1), c = (unsigned char)sql_peek(lx, at + 2);

    *len = a == 0xC2 ? 2 : 3;
    if (a == 0xC2)
        return b == 0xA0 || (b >= 0xA2 && b <= 0xA5) ? SPECIAL_SIGN : SPECIAL_NONE;
    if (a == 0xE2 && b == 0x80 && c >= 0x98 && c <= 0x9F) /* U+2018..U+201F */
        return SPECIAL_QUOTE;
    if (a == 0xEF && b == 0xBC && (c == 0x87 || c == 0x82)) /* U+FF07, U+FF02: some drivers fold them to ASCII */
        return SPECIAL_QUOTE;
    if (a == 0xE2 && b == 0x82 && c >= 0xA0) /* U+20A0.. */
        return SPECIAL_SIGN;
    return a == 0xE2 && b == 0x80 && c >= 0x80 && c <= 0x8B ? SPECIAL_SIGN : SPECIAL_NONE; /* spaces */
}

size_t
sql_word_end(const struct sql *lx, size_t at)
{
    size_t len;

    while (at < lx->end && (sql_is_word(lx->text.ptr[at]) || lx->text.ptr[at] == '$')) {
        if ((unsigned char)lx->text.ptr[at] >= 0xC2 && sql_special(lx, at, &len) != SPECIAL_NONE)
            break;
        at++;
    }
    return at;
}

/* ---- keywords ---- */

#define PACK(a, b, c, d, e, f, g, h)                                                                                              \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | \
        (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define W2(a, b) PACK(a, b, 0, 0, 0, 0, 0, 0)
#define W3(a, b, c) PACK(a, b, c, 0, 0, 0, 0, 0)
#define W4(a, b, c, d) PACK(a, b, c, d, 0, 0, 0, 0)
#define W5(a, b, c, d, e) PACK(a, b, c, d, e, 0, 0, 0)
#define W6(a, b, c, d, e, f) PACK(a, b, c, d, e, f, 0, 0)
#define W7(a, b, c, d, e, f, g) PACK(a, b, c, d, e, f, g, 0)

static uint32_t
four(const char *p)
{
    return (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 | (uint32_t)(unsigned char)p[2] << 16 |
           (uint32_t)(unsigned char)p[3] << 24;
}

/* 2 to 7 letters in lower case; two loads that overlap. */
static uint64_t
packed(struct str s)
{
    uint64_t lower = (uint64_t)0x2020202020202020u >> (64 - 8 * s.len);

    if (s.len < 4)
        return lower | (unsigned char)s.ptr[0] | (uint64_t)(unsigned char)s.ptr[1] << 8 |
               (uint64_t)(unsigned char)s.ptr[s.len - 1] << (8 * s.len - 8);
    return lower | four(s.ptr) | (uint64_t)four(s.ptr + s.len - 4) << (8 * s.len - 32);
}

static enum sql_word
short_word(uint64_t v)
{
    switch (v) {
    case W2('a', 's'):
        return W_AS;
    case W2('d', 'o'):
        return W_DO;
    case W2('i', 'n'):
        return W_IN;
    case W2('b', 'y'):
        return W_BY;
    case W2('o', 'r'):
    case W2('o', 'n'):
    case W2('i', 's'):
    case W2('i', 'f'):
    case W3('a', 'n', 'd'):
    case W3('n', 'o', 't'):
    case W3('e', 'n', 'd'):
    case W3('a', 'l', 'l'):
    case W4('c', 'a', 's', 'e'):
    case W4('w', 'h', 'e', 'n'):
    case W4('t', 'o', 'p', 0):
        return W_CODE;
    case W3('s', 'e', 't'):
        return W_SET;
    case W4('t', 'h', 'e', 'n'):
    case W4('e', 'l', 's', 'e'):
    case W4('l', 'i', 'k', 'e'):
    case W4('g', 'l', 'o', 'b'):
        return W_VALUE_NEXT;
    case W4('n', 'u', 'l', 'l'):
        return W_NULL;
    case W4('t', 'r', 'u', 'e'):
        return W_BOOL;
    case W4('c', 'o', 'p', 'y'):
        return W_COPY;
    case W4('f', 'r', 'o', 'm'):
    case W4('j', 'o', 'i', 'n'):
    case W4('i', 'n', 't', 'o'):
    case W4('v', 'i', 'e', 'w'):
        return W_NAME_NEXT;
    default:
        return W_NONE;
    }
}

static enum sql_word
middle_word(uint64_t v)
{
    switch (v) {
    case W5('f', 'a', 'l', 's', 'e'):
        return W_BOOL;
    case W5('v', 'a', 'l', 'u', 'e'):
    case W6('v', 'a', 'l', 'u', 'e', 's'):
        return W_VALUES;
    case W5('s', 't', 'd', 'i', 'n'):
        return W_STDIN;
    case W5('w', 'h', 'e', 'r', 'e'):
    case W5('u', 'n', 'i', 'o', 'n'):
    case W5('g', 'r', 'o', 'u', 'p'):
    case W5('o', 'r', 'd', 'e', 'r'):
        return W_CLAUSE;
    case W5('l', 'i', 'm', 'i', 't'):
    case W6('o', 'f', 'f', 's', 'e', 't'):
    case W6('h', 'a', 'v', 'i', 'n', 'g'):
        return W_CODE;
    case W5('i', 'l', 'i', 'k', 'e'):
    case W5('r', 'l', 'i', 'k', 'e'):
    case W5('m', 'a', 't', 'c', 'h'):
    case W6('r', 'e', 'g', 'e', 'x', 'p'):
    case W6('r', 'e', 't', 'u', 'r', 'n'):
    case W7('b', 'e', 't', 'w', 'e', 'e', 'n'):
    case W7('a', 'g', 'a', 'i', 'n', 's', 't'):
    case W7('d', 'e', 'f', 'a', 'u', 'l', 't'):
    case W7('c', 'o', 'm', 'm', 'e', 'n', 't'):
        return W_VALUE_NEXT;
    case W5('t', 'a', 'b', 'l', 'e'):
    case W5('i', 'n', 'd', 'e', 'x'):
    case W6('u', 'p', 'd', 'a', 't', 'e'):
        return W_NAME_NEXT;
    case W6('s', 'e', 'l', 'e', 'c', 't'):
        return W_SELECT;
    case W6('i', 'n', 's', 'e', 'r', 't'):
        return W_INSERT;
    case W6('f', 'o', 'r', 'm', 'a', 't'):
        return W_FORMAT;
    case W6('e', 's', 'c', 'a', 'p', 'e'):
        return W_ESCAPE;
    case W7('e', 'x', 't', 'r', 'a', 'c', 't'):
        return W_EXTRACT;
    default:
        return W_NONE;
    }
}

enum sql_word
sql_word_of(struct str s)
{
    if (s.len < 2 || s.len > 10)
        return W_NONE;
    if (s.len <= 7)
        return s.len <= 4 ? short_word(packed(s)) : middle_word(packed(s));
    if (str_eq_nocase(s, STR("identified")))
        return W_IDENTIFIED;
    return str_eq_nocase(s, STR("language"))                                         ? W_LANGUAGE
           : str_eq_nocase(s, STR("returning")) || str_eq_nocase(s, STR("conflict")) ? W_CLAUSE
                                                                                     : W_NONE;
}

/* ---- numbers ---- */

bool
sql_starts_number(const struct sql *lx, size_t at)
{
    return is_digit(sql_peek(lx, at)) || (sql_peek(lx, at) == '.' && is_digit(sql_peek(lx, at + 1)));
}

/* Keywords that may stand right behind a number: "WHERE a=1AND b=2". */
static bool
is_glued(struct str s)
{
    static const char *const words[] = {"and", "or", "from", "where", "then", "else", "end", "as", "union", "order", "group", "limit", "in", "is",
        "between", "like", "on", "when", "having", "offset", "returning", NULL};

    for (const char *const *w = words; *w; w++)
        if (str_eq_nocase(s, str_of(*w)))
            return true;
    return false;
}

/* 8-4-4-4-12 hexadecimal digits, which Cassandra writes without quotes; cut off only where the text is. Returns its end, 0 when it is none. */
static size_t
uuid_end(const struct sql *lx, size_t at)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (at + i == lx->end)
            return i > 9 ? lx->end : 0;
        if (dash ? lx->text.ptr[at + i] != '-' : !is_hex(lx->text.ptr[at + i]))
            return 0;
    }
    return at + 36;
}

/* Decimal digits with point and exponent. */
static size_t
decimal_end(const struct sql *lx, size_t at)
{
    while (is_digit(sql_peek(lx, at)) || sql_peek(lx, at) == '.' || (sql_peek(lx, at) == '_' && is_digit(sql_peek(lx, at + 1))))
        at++;
    if ((sql_peek(lx, at) | 0x20) == 'e') {
        size_t digits = at + 1 + (sql_peek(lx, at + 1) == '+' || sql_peek(lx, at + 1) == '-');

        if (is_digit(sql_peek(lx, digits)))
            for (at = digits; is_digit(sql_peek(lx, at));)
                at++;
    }
    return at;
}

void
sql_number(struct sql *lx, size_t start)
{
    size_t at = lx->at, end = uuid_end(lx, at);

    if (end == 0) {
        end = decimal_end(lx, at);
        size_t word = sql_word_end(lx, end);
        bool names = lx->word == W_NAME_NEXT || lx->prev == T_DOT;

        /* MySQL: names may start with digits, but not be of digits alone. */
        if (names && word > end && start == at && sql_peek(lx, at) != '.') {
            lx->at = word;
            sql_took(lx, T_NAME);
            return;
        }
        if (word > end && !is_glued(str_sub(lx->text, end, word)))
            end = word;
    }
    sql_value(lx, start, end);
    lx->at = end;
}

/* ---- words ---- */

/* b'..', N'..', U&'..', q'[..]', r".." and the like: the prefix is part of the literal. */
static bool
is_prefix(const struct sql *lx, struct str s, char next)
{
    char a = (char)(s.ptr[0] | 0x20), b = s.len > 1 ? (char)(s.ptr[1] | 0x20) : '\0';

    if (next == '"')
        return (lx->traits & SQL_DQ_STRING) && (s.len == 1 ? a == 'r' || a == 'b' : s.len == 2 && ((a == 'r' && b == 'b') || (a == 'b' && b == 'r')));
    if (next != '\'')
        return false;
    if (s.len == 1)
        return a == 'n' || a == 'e' || a == 'x' || a == 'b' || a == 'q' || a == 'r' || a == 'd' || a == 't' || a == 'h' || a == 'c' || a == 'u';
    return s.len == 2 && ((a == 'n' && b == 'q') || (a == 'r' && b == 'b') || (a == 'b' && b == 'r') || (a == 'u' && b == 's'));
}

/* NULL as a value, not in IS NULL, NOT NULL, SET NULL. */
static bool
null_is_value(const struct sql *lx)
{
    return lx->prev == T_OPEN || lx->prev == T_COMMA || lx->prev == T_OPERATOR || lx->word == W_VALUE_NEXT || lx->word == W_SELECT;
}

/* Lists of values begin and end with some words. */
static void
note_word(struct sql *lx, enum sql_word w)
{
    bool deep = lx->depth >= SQL_PARENS;

    if (lx->first == W_NONE && w != W_NONE)
        lx->first = w;
    if (deep)
        return;
    if (w == W_SELECT || w == W_CLAUSE || w == W_NAME_NEXT || w == W_SET)
        lx->values[lx->depth] = false;
    if (w == W_SELECT)
        lx->list[lx->depth] = lx->call[lx->depth] = false;
    if (w == W_VALUES)
        lx->values[lx->depth] = true;
}

/* Data, not language, to the end of the text: INSERT .. FORMAT CSV (ClickHouse). */
static void
take_rest(struct sql *lx)
{
    size_t at = lx->at;

    while (at < lx->end && (lx->text.ptr[at] == ' ' || lx->text.ptr[at] == '\n' || lx->text.ptr[at] == '\r' || lx->text.ptr[at] == '\t'))
        at++;
    if (at < lx->end && lx->text.ptr[at] != ';')
        sql_value(lx, at, lx->end);
    lx->at = lx->end;
}

/* The field of EXTRACT(field FROM ..): servers that normalise statements replace it, quoted or not. */
static bool
is_field(const struct sql *lx, size_t end)
{
    while (sql_peek(lx, end) == ' ')
        end++;
    return sql_word_end(lx, end) - end == 4 && str_eq_nocase(str_sub(lx->text, end, end + 4), STR("from"));
}

static void
take_word(struct sql *lx, size_t start, size_t end)
{
    enum sql_word w = lx->prev == T_DOT || sql_peek(lx, end) == '.' ? W_NONE : sql_word_of(str_sub(lx->text, start, end));
    bool extract = lx->extract;
    enum sql_word before = lx->prev == T_WORD ? lx->word : W_NONE;

    lx->at = end;
    lx->extract = false;
    if ((w == W_NULL && null_is_value(lx)) || w == W_BOOL || (extract && is_field(lx, end))) {
        sql_value(lx, start, end);
        return;
    }
    note_word(lx, w);
    lx->secret = (w == W_BY && before == W_IDENTIFIED) || (lx->told && str_eq_nocase(str_sub(lx->text, start, end), STR("replace")));
    if (w == W_STDIN && (lx->first == W_COPY))
        lx->copy = true;
    bool data = before == W_FORMAT && lx->first == W_INSERT;

    lx->before = before;
    lx->prev = T_WORD;
    lx->word = w;
    if (data)
        take_rest(lx);
}

/* A UUID or digest without quotes or dashes, which happens to start with a letter. */
static bool
is_hex_id(struct str s)
{
    bool digit = false;

    for (size_t i = 0; i < s.len; i++) {
        if (!is_hex(s.ptr[i]))
            return false;
        digit |= is_digit(s.ptr[i]);
    }
    return digit;
}

void
sql_words(struct sql *lx)
{
    size_t start = lx->at, len;

    if ((unsigned char)lx->text.ptr[start] >= 0xC2 && sql_special(lx, start, &len) != SPECIAL_NONE) {
        if (sql_special(lx, start, &len) == SPECIAL_QUOTE) {
            sql_smart(lx);
            return;
        }
        lx->at += len;
        sql_took(lx, T_OPERATOR);
        return;
    }
    size_t end = sql_word_end(lx, start);
    char next = sql_peek(lx, end);

    if (end == start + 8 && next == '-' && uuid_end(lx, start)) {
        sql_number(lx, start);
        return;
    }
    if (end == start + 32 && is_hex_id(str_sub(lx->text, start, end))) {
        lx->at = end;
        sql_value(lx, start, end);
        return;
    }
    if (next == '&' && end == start + 1 && (lx->text.ptr[start] | 0x20) == 'u' && sql_peek(lx, end + 1) == '\'') {
        lx->at = end + 1;
        sql_quoted(lx, start);
    } else if (is_prefix(lx, str_sub(lx->text, start, end), next)) {
        lx->at = end;
        if (next == '"')
            sql_double(lx);
        else
            sql_quoted(lx, start);
    } else if (lx->secret) {
        lx->secret = str_eq_nocase(str_sub(lx->text, start, end), STR("values")) || str_eq_nocase(str_sub(lx->text, start, end), STR("password"));
        lx->at = end;
        if (!lx->secret)
            sql_value(lx, start, end);
        lx->told = true;
    } else {
        take_word(lx, start, end);
    }
}
