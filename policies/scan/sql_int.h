/**
 * The SQL lexer. One walk over the text; what is a value is reported, everything else is passed over. Never a parser: a text that is cut off, of a
 * dialect that nobody named, or wrong, is read as far as it goes, and where two readings are possible the one that reports more is taken.
 *
 *   sql.c        dialects; which reading of '\' a text asks for
 *   sql_lex.c    tokens
 *   sql_quote.c  what stands between quotes
 *   sql_word.c   words, and what they say of what comes next
 */
#ifndef SCAN_SQL_INT_H
#define SCAN_SQL_INT_H

#include "policies/scanner.h"

/* What a dialect does. Where a trait and its opposite are missing, the dialect is not known and the text decides. */
enum {
    SQL_KNOWN = 1 << 0,        /* the dialect was named */
    SQL_ESCAPES = 1 << 1,      /* '\' escapes in strings */
    SQL_DQ_STRING = 1 << 2,    /* "..." is a string */
    SQL_DQ_NAME = 1 << 3,      /* "..." is an identifier, always */
    SQL_BACKTICK = 1 << 4,     /* `...` is an identifier */
    SQL_BRACKET = 1 << 5,      /* [...] is an identifier */
    SQL_HASH = 1 << 6,         /* # starts a comment */
    SQL_SLASHES = 1 << 7,      /* // starts a comment */
    SQL_NEST = 1 << 8,         /* comments nest */
    SQL_DASH_SPACE = 1 << 9,   /* -- is a comment before white space only */
    SQL_BANG = 1 << 10,        /* code stands in comments of the form !NNNNN */
    SQL_TRIPLE = 1 << 11,      /* three quotes make a quote */
    SQL_MONEY = 1 << 12,       /* $12 is a number */
    SQL_ORACLE_QUOTE = 1 << 13 /* q'[...]' */
};

/* Words that matter for what comes next. */
enum sql_word {
    W_NONE,
    W_CODE,       /* a keyword after which an expression starts: no quoted name can be meant as an alias, a sign is one of a number */
    W_VALUE_NEXT, /* LIKE, THEN, ...: what is quoted next is a value */
    W_NAME_NEXT,  /* FROM, AS, ...: what is quoted next is a name */
    W_AS,
    W_DO,
    W_SELECT,
    W_VALUES,
    W_IN,
    W_EXTRACT,
    W_IDENTIFIED,
    W_BY,
    W_SET,
    W_NULL,
    W_BOOL,
    W_INSERT,
    W_FORMAT,
    W_COPY,
    W_STDIN,
    W_ESCAPE,
    W_LANGUAGE,
    W_CLAUSE /* ends a list of values */
};

enum sql_token { T_START, T_WORD, T_NAME, T_VALUE, T_OPERATOR, T_OPEN, T_CLOSE, T_COMMA, T_DOT };

#define SQL_PARENS 32 /* beyond, everything in brackets counts as a list of values */
#define SQL_LIMITS 4  /* texts of their own inside: hints, bodies of functions */

struct sql {
    struct str text;
    size_t at, end;       /* end of the innermost text that is being read */
    struct scan_out *out; /* NULL: a trial */
    unsigned traits;
    bool escapes; /* this reading */
    enum rc rc;
    /* of a trial */
    unsigned wrong; /* quotes that do not stand where a quote can stand */
    bool open;      /* the text ends inside of quotes */
    uint64_t sum;   /* of what was reported */
    /* what came before */
    enum sql_token prev;
    enum sql_word word;   /* the last word, when prev is T_WORD */
    enum sql_word before; /* the word before that, when it came right before */
    enum sql_word first;  /* of the statement */
    bool secret;          /* IDENTIFIED BY: what comes next, whatever it is */
    bool told;            /* a secret was there: IDENTIFIED BY new REPLACE old */
    bool copy;            /* COPY FROM STDIN: data come after the semicolon */
    bool extract;         /* EXTRACT( : a field comes next */
    /* brackets */
    unsigned depth;
    bool list[SQL_PARENS];   /* a list of values */
    bool values[SQL_PARENS]; /* VALUES stands at this level: what comes in brackets is a list of values */
    bool call[SQL_PARENS];   /* arguments of a function */
    /* texts inside */
    struct sql_limit {
        size_t end, resume;
    } limits[SQL_LIMITS];
    unsigned limit_count;
    /* asked once of the whole text; 0 = not yet, 1 = no, 2 = yes */
    char foreign, ansi;
    bool unclosed; /* a $tag$ without an end was seen */
    bool unquoted; /* a q'[ without an end was seen */
    bool unnested; /* a comment that does not nest was seen */
};

/* Read to the end. With out NULL nothing is reported and wrong, open and sum are made. */
void sql_lex(struct sql *lx);

/* For the parts. */
void sql_value(struct sql *lx, size_t start, size_t end);
void sql_comment(struct sql *lx, size_t start, size_t end);
void sql_quoted(struct sql *lx, size_t start);              /* lx->at is at ', which start may stand before */
void sql_double(struct sql *lx);                            /* at " */
void sql_backtick(struct sql *lx);                          /* at ` */
void sql_bracket(struct sql *lx);                           /* at [ */
void sql_dollar(struct sql *lx);                            /* at $ */
void sql_smart(struct sql *lx);                             /* at a typographic quote */
void sql_words(struct sql *lx);                             /* at a letter */
void sql_number(struct sql *lx, size_t start);              /* lx->at is at a digit or '.', which start may stand before */
void sql_block(struct sql *lx);                             /* at a comment's start */
bool sql_within(struct sql *lx, size_t end, size_t resume); /* read to end, then go on at resume; false when that is nested too deep */
bool sql_starts_number(const struct sql *lx, size_t at);

/* Where a word of letters, digits, '_' and what is outside of ASCII ends. */
size_t sql_word_end(const struct sql *lx, size_t at);
static inline bool
sql_is_word(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c == '_' || (unsigned char)c >= 0x80;
}
enum sql_word sql_word_of(struct str s);
/* 3: a typographic quote; 2, 3: a currency sign or a space outside of ASCII; 0: neither. */
enum sql_special { SPECIAL_NONE, SPECIAL_QUOTE, SPECIAL_SIGN };
enum sql_special sql_special(const struct sql *lx, size_t at, size_t *len);

static inline char
sql_peek(const struct sql *lx, size_t at)
{
    return at < lx->end ? lx->text.ptr[at] : '\0';
}

/* A token that is none of words has been read. */
static inline void
sql_took(struct sql *lx, enum sql_token t)
{
    lx->prev = t;
    lx->word = lx->before = W_NONE;
    lx->secret = lx->extract = false;
}

#endif
