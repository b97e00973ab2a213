#include "audit/index.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/entry.h"
#include "audit/source.h"
#include "base/buf.h"
#include "tally_int.h"

#define INDEX_VERSION 1
#define ADDED_MAX 200000 /* entries of one transaction */

/* Texts stand once, in names; id 0 is the empty text. */
static const char schema[] = "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
                             "CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT UNIQUE);"
                             "CREATE TABLE entries(leaf INTEGER PRIMARY KEY, us INTEGER, type INTEGER, outcome INTEGER, reason INTEGER,"
                             " identity INTEGER, service INTEGER, destination INTEGER, spans INTEGER, findings INTEGER);"
                             "CREATE TABLE findings(rule INTEGER, entity INTEGER, leaf INTEGER, count INTEGER,"
                             " PRIMARY KEY(rule, entity, leaf)) WITHOUT ROWID;"
                             "CREATE TABLE routes(destination INTEGER, leaf INTEGER, PRIMARY KEY(destination, leaf)) WITHOUT ROWID;"
                             "CREATE INDEX entries_us ON entries(us);"
                             "CREATE INDEX entries_type ON entries(type, leaf);"
                             "CREATE INDEX entries_identity ON entries(identity, leaf);"
                             "CREATE INDEX findings_entity ON findings(entity, leaf);";

enum statement { ST_NAME, ST_FIND, ST_ENTRY, ST_FINDING, ST_ROUTE, ST_META, ST_COUNT_ };
static const char *const statements[ST_COUNT_] = {
    "INSERT OR IGNORE INTO names(id, text) VALUES((SELECT count(*) FROM names), ?1)",
    "SELECT id FROM names WHERE text = ?1",
    "INSERT INTO entries VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    "INSERT INTO findings VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + excluded.count",
    "INSERT OR IGNORE INTO routes VALUES(?1, ?2)",
    "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
};

struct index {
    sqlite3 *db;
    sqlite3_stmt *st[ST_COUNT_];
    struct entry_scanner *scanner;
    struct names cache; /* text -> number; ids[number] is its id */
    int64_t *ids;       /* [NAMES_MAX], -1 = not known yet */
    uint64_t next;
    unsigned added;
    bool open; /* a transaction is */
    char problem[256];
};

static enum rc
failed(struct index *ix, int code)
{
    snprintf(ix->problem, sizeof(ix->problem), "%.200s", ix->db ? sqlite3_errmsg(ix->db) : sqlite3_errstr(code));
    return code == SQLITE_NOMEM ? RC_NOMEM : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? RC_INTEGRITY : code == SQLITE_FULL ? RC_FULL : RC_IO;
}

const char *
index_problem(const struct index *ix)
{
    return ix->problem;
}

static enum rc
run(struct index *ix, const char *sql)
{
    int code = sqlite3_exec(ix->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? RC_OK : failed(ix, code);
}

static bool
bind_text(sqlite3_stmt *st, int at, struct str s)
{
    return sqlite3_bind_text64(st, at, s.len ? s.ptr : "", s.len, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
}

static enum rc
step(struct index *ix, sqlite3_stmt *st)
{
    int code = sqlite3_step(st);

    sqlite3_reset(st);
    return code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : failed(ix, code);
}

/* -- opening ---------------------------------------------------------------------------------------------------------------------- */

static enum rc
meta_set(struct index *ix, const char *key, struct str value)
{
    if (!bind_text(ix->st[ST_META], 1, str_of(key)) || !bind_text(ix->st[ST_META], 2, value))
        return RC_NOMEM;
    return step(ix, ix->st[ST_META]);
}

static bool
meta_is(struct index *ix, const char *key, const char *wanted)
{
    sqlite3_stmt *st = NULL;
    bool is = sqlite3_prepare_v2(ix->db, "SELECT 1 FROM meta WHERE key = ?1 AND value = ?2", -1, &st, NULL) == SQLITE_OK &&
              bind_text(st, 1, str_of(key)) && bind_text(st, 2, str_of(wanted)) && sqlite3_step(st) == SQLITE_ROW;

    sqlite3_finalize(st);
    return is;
}

static enum rc
prepare(struct index *ix)
{
    for (unsigned i = 0; i < ST_COUNT_; i++) {
        int code = sqlite3_prepare_v2(ix->db, statements[i], -1, &ix->st[i], NULL);

        if (code != SQLITE_OK)
            return failed(ix, code);
    }
    return RC_OK;
}

static enum rc
make(struct index *ix, const char *origin)
{
    char version[16];

    snprintf(version, sizeof(version), "%d", INDEX_VERSION);
    /* What a crash leaves is rebuilt: the first filling need not be written twice. */
    enum rc rc = run(ix, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");

    if (rc == RC_OK)
        rc = run(ix, schema);
    if (rc == RC_OK)
        rc = prepare(ix);
    if (rc == RC_OK)
        rc = meta_set(ix, "version", str_of(version));
    if (rc == RC_OK)
        rc = meta_set(ix, "origin", str_of(origin));
    if (rc == RC_OK && bind_text(ix->st[ST_NAME], 1, STR("")))
        rc = step(ix, ix->st[ST_NAME]);
    return rc == RC_OK ? run(ix, "COMMIT") : rc;
}

static enum rc
take(struct index *ix, const char *origin)
{
    sqlite3_stmt *st = NULL;
    char version[16];

    snprintf(version, sizeof(version), "%d", INDEX_VERSION);
    if (!meta_is(ix, "version", version) || !meta_is(ix, "origin", origin)) {
        snprintf(ix->problem, sizeof(ix->problem), "it is of another log or version, or no index: rebuild it");
        return RC_INTEGRITY;
    }
    enum rc rc = prepare(ix);

    if (rc == RC_OK && sqlite3_prepare_v2(ix->db, "SELECT coalesce(max(leaf) + 1, 0) FROM entries", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        ix->next = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return rc;
}

static enum rc
open_file(struct index *ix, const char *path, const char *origin, enum index_mode mode)
{
    bool there = access(path, F_OK) == 0;
    int flags = mode == INDEX_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

    if (mode == INDEX_READ && !there) {
        snprintf(ix->problem, sizeof(ix->problem), "there is no index: spangate audit index makes it");
        return RC_NOT_FOUND;
    }
    if (mode == INDEX_REBUILD && there && unlink(path) != 0) {
        snprintf(ix->problem, sizeof(ix->problem), "the old one cannot be removed");
        return RC_IO;
    }
    int code = sqlite3_open_v2(path, &ix->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (code != SQLITE_OK)
        return failed(ix, code);
    sqlite3_busy_timeout(ix->db, 10000);
    return mode == INDEX_REBUILD || !there ? make(ix, origin) : take(ix, origin);
}

enum rc
index_open(const char *path, const char *origin, enum index_mode mode, struct index **out, struct errs *es)
{
    struct index *ix = calloc(1, sizeof(*ix));

    if (!ix)
        return RC_NOMEM;
    ix->scanner = entry_scanner_new();
    ix->ids = malloc(NAMES_MAX * sizeof(*ix->ids));
    enum rc rc = ix->scanner && ix->ids ? names_init(&ix->cache) : RC_NOMEM;

    for (size_t i = 0; rc == RC_OK && i < NAMES_MAX; i++)
        ix->ids[i] = -1;
    if (rc == RC_OK)
        rc = open_file(ix, path, origin, mode);
    if (rc != RC_OK) {
        errs_add(es, ERR_ERROR, rc, 0, (struct err_pos){0}, "%.150s: %s", path, *ix->problem ? ix->problem : rc_text(rc));
        index_close(ix);
        return rc;
    }
    *out = ix;
    return RC_OK;
}

void
index_close(struct index *ix)
{
    if (!ix)
        return;
    for (unsigned i = 0; i < ST_COUNT_; i++)
        sqlite3_finalize(ix->st[i]);
    sqlite3_close(ix->db);
    names_fini(&ix->cache);
    entry_scanner_free(ix->scanner);
    free(ix->ids);
    free(ix);
}

uint64_t
index_next(const struct index *ix)
{
    return ix->next;
}

/* -- adding ----------------------------------------------------------------------------------------------------------------------- */

static enum rc
name_id(struct index *ix, struct str s, int64_t *id)
{
    enum rc rc = RC_OK;
    uint32_t number = s.len ? names_add(&ix->cache, s, &rc) : 0;

    if (s.len == 0 || (number && ix->ids[number] >= 0)) {
        *id = s.len ? ix->ids[number] : 0;
        return rc;
    }
    if (!bind_text(ix->st[ST_NAME], 1, s) || !bind_text(ix->st[ST_FIND], 1, s))
        return RC_NOMEM;
    if (rc == RC_OK)
        rc = step(ix, ix->st[ST_NAME]);
    if (rc == RC_OK) {
        int code = sqlite3_step(ix->st[ST_FIND]);

        *id = sqlite3_column_int64(ix->st[ST_FIND], 0);
        sqlite3_reset(ix->st[ST_FIND]);
        rc = code == SQLITE_ROW ? RC_OK : failed(ix, code);
    }
    if (rc == RC_OK && number)
        ix->ids[number] = *id;
    return rc;
}

static enum rc
add_findings(struct index *ix, const struct entry *e)
{
    sqlite3_stmt *st = ix->st[ST_FINDING];
    enum rc rc = RC_OK;
    int64_t rule, entity;

    for (uint32_t i = 0; i < e->rule_count && rc == RC_OK; i++) {
        rc = name_id(ix, e->rules[i].id, &rule);
        if (rc == RC_OK)
            rc = name_id(ix, e->rules[i].entity, &entity);
        if (rc != RC_OK)
            break;
        sqlite3_bind_int64(st, 1, rule);
        sqlite3_bind_int64(st, 2, entity);
        sqlite3_bind_int64(st, 3, (int64_t)e->seq);
        sqlite3_bind_int64(st, 4, (int64_t)e->rules[i].count);
        rc = step(ix, st);
    }
    return rc;
}

static enum rc
add_routes(struct index *ix, const struct entry *e)
{
    sqlite3_stmt *st = ix->st[ST_ROUTE];
    enum rc rc = RC_OK;
    int64_t destination;

    for (uint32_t i = 0; i < e->route_count && rc == RC_OK; i++) {
        rc = name_id(ix, e->routes[i].destination, &destination);
        if (rc != RC_OK)
            break;
        sqlite3_bind_int64(st, 1, destination);
        sqlite3_bind_int64(st, 2, (int64_t)e->seq);
        rc = step(ix, st);
    }
    return rc;
}

static enum rc
add_entry(struct index *ix, const struct entry *e)
{
    struct str destination = e->delivery.destination.len ? e->delivery.destination : e->loss.destination;
    const struct str texts[] = {e->type, e->outcome, e->reason, e->conn.identity, e->conn.service, destination};
    sqlite3_stmt *st = ix->st[ST_ENTRY];
    uint64_t spans = e->req.spans_in ? e->req.spans_in : e->loss.spans ? e->loss.spans : e->delivery.accepted + e->delivery.rejected, findings = 0;
    enum rc rc = RC_OK;
    int64_t id;

    for (uint32_t i = 0; i < e->rule_count; i++)
        findings += e->rules[i].count;
    sqlite3_bind_int64(st, 1, (int64_t)e->seq);
    sqlite3_bind_int64(st, 2, (int64_t)e->ts_us);
    for (int i = 0; i < 6 && rc == RC_OK; i++) {
        rc = name_id(ix, texts[i], &id);
        if (rc == RC_OK)
            sqlite3_bind_int64(st, 3 + i, id);
    }
    sqlite3_bind_int64(st, 9, (int64_t)spans);
    sqlite3_bind_int64(st, 10, (int64_t)findings);
    if (rc == RC_OK)
        rc = step(ix, st);
    if (rc == RC_OK)
        rc = add_findings(ix, e);
    return rc == RC_OK ? add_routes(ix, e) : rc;
}

enum rc
index_add(struct index *ix, uint64_t leaf, struct str bytes)
{
    struct entry unreadable = {.type = STR("unreadable"), .seq = leaf};
    const struct entry *e = NULL;
    enum rc rc = entry_scan(ix->scanner, bytes, &e);

    if (rc == RC_NOMEM)
        return rc;
    if (rc != RC_OK || (leaf != SOURCE_NO_INDEX && e->seq != leaf))
        e = &unreadable;
    if (e->seq == SOURCE_NO_INDEX || e->seq < ix->next)
        return RC_OK;
    rc = ix->open ? RC_OK : run(ix, "BEGIN");
    ix->open = true;
    if (rc == RC_OK)
        rc = add_entry(ix, e);
    if (rc == RC_OK)
        ix->next = e->seq + 1;
    if (rc == RC_OK && ++ix->added >= ADDED_MAX)
        rc = index_commit(ix);
    return rc;
}

enum rc
index_commit(struct index *ix)
{
    bool open = ix->open;

    ix->open = false;
    ix->added = 0;
    return open ? run(ix, "COMMIT") : RC_OK;
}

/* -- asking ----------------------------------------------------------------------------------------------------------------------- */

/* Fixed fragments; what the user gave is bound, never part of the text. */
static const struct {
    size_t at;
    const char *sql;
} conditions[] = {
    /* the first one, because its parameter stands twice */
    {offsetof(struct index_filter, destination),
        " AND (e.destination IN (SELECT id FROM names WHERE text GLOB ?4) OR"
        " e.leaf IN (SELECT leaf FROM routes WHERE destination IN (SELECT id FROM names WHERE text GLOB ?4)))"},
    {offsetof(struct index_filter, service), " AND e.service IN (SELECT id FROM names WHERE text GLOB ?)"},
    {offsetof(struct index_filter, identity), " AND e.identity IN (SELECT id FROM names WHERE text GLOB ?)"},
    {offsetof(struct index_filter, outcome), " AND e.outcome IN (SELECT id FROM names WHERE text GLOB ?)"},
    {offsetof(struct index_filter, type), " AND e.type IN (SELECT id FROM names WHERE text GLOB ?)"},
    {offsetof(struct index_filter, reason), " AND e.reason IN (SELECT id FROM names WHERE text GLOB ?)"},
    {offsetof(struct index_filter, rule), " AND e.leaf IN (SELECT leaf FROM findings WHERE rule IN (SELECT id FROM names WHERE text GLOB ?))"},
    {offsetof(struct index_filter, entity), " AND e.leaf IN (SELECT leaf FROM findings WHERE entity IN (SELECT id FROM names WHERE text GLOB ?))"},
};

/* NULL: not asked for; "": what has none. */
static const char *
condition_value(const struct index_filter *f, size_t i)
{
    return *(const char *const *)(const void *)((const char *)f + conditions[i].at);
}

/* Only * is special to our users; to SQLite's GLOB ? and [ are too. */
static bool
bind_glob(sqlite3_stmt *st, int at, const char *pattern)
{
    struct buf glob = BUF_INIT((size_t)1 << 20);
    enum rc rc = RC_OK;

    for (const char *p = pattern; *p && rc == RC_OK; p++)
        rc = *p == '?' || *p == '[' ? buf_printf(&glob, "[%c]", *p) : buf_append_byte(&glob, *p);
    bool ok = rc == RC_OK && sqlite3_bind_text64(st, at, glob.len ? glob.ptr : "", glob.len, SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK;

    buf_free(&glob);
    return ok;
}

/* Parameters: times, limit (asked for at once, so that the numbers of the others follow), then one for each condition. */
static enum rc
print_query(const struct index_filter *f, struct buf *sql)
{
    enum rc rc = buf_append(sql, STR("SELECT e.leaf, e.us, e.spans, e.findings, t.text, o.text, r.text, i.text, s.text, d.text FROM entries e"
                                     " JOIN names t ON t.id = e.type JOIN names o ON o.id = e.outcome JOIN names r ON r.id = e.reason"
                                     " JOIN names i ON i.id = e.identity JOIN names s ON s.id = e.service JOIN names d ON d.id = e.destination"
                                     " WHERE e.us >= ?1 AND e.us < ?2 AND ?3 >= 0"));

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]) && rc == RC_OK; i++)
        if (condition_value(f, i))
            rc = buf_append(sql, str_of(conditions[i].sql));
    if (rc == RC_OK)
        rc = buf_append(sql, f->newest_first ? STR(" ORDER BY e.leaf DESC LIMIT ?3") : STR(" ORDER BY e.leaf LIMIT ?3"));
    return rc == RC_OK ? buf_append_byte(sql, '\0') : rc;
}

static bool
bind_query(sqlite3_stmt *st, const struct index_filter *f)
{
    int at = 4;
    bool ok = sqlite3_bind_int64(st, 1, (int64_t)f->from_us) == SQLITE_OK &&
              sqlite3_bind_int64(st, 2, f->to_us ? (int64_t)f->to_us : INT64_MAX) == SQLITE_OK &&
              sqlite3_bind_int64(st, 3, f->limit > INT64_MAX ? INT64_MAX : (int64_t)f->limit) == SQLITE_OK;

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]) && ok; i++)
        if (condition_value(f, i))
            ok = bind_glob(st, at++, condition_value(f, i));
    return ok;
}

static struct str
column_text(sqlite3_stmt *st, int i)
{
    return (struct str){(const char *)sqlite3_column_text(st, i), (size_t)sqlite3_column_bytes(st, i)};
}

enum rc
index_query(struct index *ix, const struct index_filter *f, bool (*fn)(void *arg, const struct index_row *row), void *arg)
{
    struct buf sql = BUF_INIT(8192);
    sqlite3_stmt *st = NULL;
    enum rc rc = print_query(f, &sql);
    int code = rc == RC_OK ? sqlite3_prepare_v2(ix->db, sql.ptr, -1, &st, NULL) : SQLITE_NOMEM;

    buf_free(&sql);
    if (code != SQLITE_OK || !bind_query(st, f)) {
        sqlite3_finalize(st);
        return failed(ix, code == SQLITE_OK ? SQLITE_NOMEM : code);
    }
    while ((code = sqlite3_step(st)) == SQLITE_ROW) {
        const struct index_row row = {(uint64_t)sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
            (uint64_t)sqlite3_column_int64(st, 2), (uint64_t)sqlite3_column_int64(st, 3), column_text(st, 4), column_text(st, 5), column_text(st, 6),
            column_text(st, 7), column_text(st, 8), column_text(st, 9)};

        if (!fn(arg, &row)) {
            code = SQLITE_DONE;
            break;
        }
    }
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? RC_OK : failed(ix, code);
}
