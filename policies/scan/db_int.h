/**
 * The languages of databases besides SQL. db.c looks at the system, then at the shape of the text, and hands it to one of them.
 */
#ifndef SCAN_DB_INT_H
#define SCAN_DB_INT_H

#include "policies/scanner.h"

extern const struct scanner scanner_sql, scanner_redis, scanner_memcached, scanner_documents;

/* Whether a text starts with a command of Redis that is none of SQL's. */
bool redis_command(struct str text);

/* Consecutive values become one range: report what is pending when something else comes. */
struct db_run {
    struct scan_out *out;
    enum scan_kind kind;
    size_t start, end; /* pending when start < end */
    enum rc rc;
};
void db_flush(struct db_run *run);
void db_extend(struct db_run *run, size_t start, size_t end);

static inline bool
db_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether s holds part, which is in lower case, regardless of the case of letters. Not for long texts. */
bool db_holds(struct str s, const char *part);

#endif
