/* Scanner: SQL. */
#include "db_int.h"
#include "sql_int.h"

#define MYSQL (SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_HASH | SQL_DASH_SPACE | SQL_BANG)
#define STANDARD (SQL_DQ_NAME | SQL_NEST)

/* By part of the name, first match; semantic conventions 1.44.0 db.system.name, older db.system, and what instrumentations write. */
static const struct {
    const char *part;
    unsigned traits;
} dialects[] = {
    {"postgres", STANDARD},
    {"mysql", MYSQL},
    {"maria", MYSQL},
    {"tidb", MYSQL},
    {"singlestore", MYSQL},
    {"memsql", MYSQL},
    {"vitess", MYSQL},
    {"redshift", SQL_DQ_NAME | SQL_NEST | SQL_ESCAPES},
    {"cockroach", STANDARD},
    {"yugabyte", STANDARD},
    {"greenplum", STANDARD},
    {"edb", STANDARD},
    {"vertica", STANDARD},
    {"h2", STANDARD},
    {"hsqldb", SQL_DQ_NAME},
    {"derby", STANDARD},
    {"db2", STANDARD},
    {"trino", SQL_DQ_NAME},
    {"presto", SQL_DQ_NAME},
    {"athena", SQL_DQ_NAME | SQL_BACKTICK},
    {"teradata", SQL_DQ_NAME},
    {"hana", SQL_DQ_NAME},
    {"oracle", SQL_DQ_NAME | SQL_ORACLE_QUOTE},
    {"sql_server", SQL_BRACKET | SQL_NEST | SQL_MONEY},
    {"mssql", SQL_BRACKET | SQL_NEST | SQL_MONEY},
    {"sqlserver", SQL_BRACKET | SQL_NEST | SQL_MONEY},
    {"sybase", SQL_BRACKET | SQL_NEST | SQL_MONEY},
    {"sqlite", SQL_BACKTICK | SQL_BRACKET},
    {"snowflake", SQL_DQ_NAME | SQL_ESCAPES | SQL_SLASHES},
    {"bigquery", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_HASH | SQL_TRIPLE},
    {"spanner", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_HASH | SQL_TRIPLE},
    {"cassandra", SQL_DQ_NAME | SQL_SLASHES},
    {"scylla", SQL_DQ_NAME | SQL_SLASHES},
    {"clickhouse", SQL_ESCAPES | SQL_DQ_NAME | SQL_BACKTICK | SQL_HASH},
    {"spark", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_NEST},
    {"databricks", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_NEST},
    {"hive", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK},
    {"impala", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK},
    {"couchbase", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK},
    {"cosmos", SQL_ESCAPES | SQL_DQ_STRING},
    {"neo4j", SQL_ESCAPES | SQL_DQ_STRING | SQL_BACKTICK | SQL_SLASHES},
    {"influx", SQL_ESCAPES | SQL_DQ_NAME},
    {"dynamo", SQL_DQ_NAME},
};

static unsigned
traits_of(struct str system)
{
    if (system.len > 64)
        return 0;
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
        if (db_holds(system, dialects[i].part))
            return dialects[i].traits | SQL_KNOWN;
    return 0;
}

/* A reading without quotes in impossible places is better than one that ends inside of quotes, and that better than one with such quotes. */
static unsigned
trial(const struct sql *proto, bool escapes, uint64_t *sum)
{
    struct sql lx = *proto;

    lx.out = NULL;
    lx.escapes = escapes;
    sql_lex(&lx);
    *sum = lx.sum;
    return 2 * (lx.wrong < 1000 ? lx.wrong : 1000) + lx.open;
}

/*
 * Whether '\' escapes a quote: MySQL says yes, standard SQL no, and both can be told to do otherwise. Read wrongly, names become values and values names,
 * so that both readings are tried where it matters.
 */
static enum rc
choose_escapes(struct sql *lx)
{
    bool usual = lx->traits & SQL_ESCAPES;
    uint64_t sum_with, sum_without;

    lx->escapes = usual;
    if (!lx->text.len || !memchr(lx->text.ptr, '\\', lx->text.len))
        return RC_OK;
    unsigned with = trial(lx, true, &sum_with), without = trial(lx, false, &sum_without);

    if (sum_with == sum_without)
        return RC_OK;
    if (lx->traits & SQL_KNOWN) { /* what is declared holds unless it cannot be and the other can */
        if ((usual ? with : without) >= 2 && (usual ? without : with) == 0)
            lx->escapes = !usual;
        return RC_OK;
    }
    if (with == without)
        return RC_UNDECIDABLE;
    lx->escapes = with < without;
    return RC_OK;
}

static enum rc
scan_sql(const struct scan_in *in, struct scan_out *out)
{
    struct sql lx = {.text = in->text, .end = in->text.len, .out = out, .traits = traits_of(in->system), .rc = RC_OK};

    /* Flux is no SQL: its strings stand in double quotes. */
    if (db_holds(in->system, "influx") && str_find(in->text, STR("|>")) != SIZE_MAX)
        lx.traits = SQL_KNOWN | SQL_ESCAPES | SQL_DQ_STRING | SQL_SLASHES;
    enum rc rc = choose_escapes(&lx);

    if (rc != RC_OK)
        return rc;
    sql_lex(&lx);
    return lx.rc;
}

static const char *const keys[] = {"db.query.text", "db.statement", "db.query.summary", "sql.query", NULL};

const struct scanner scanner_sql = {
    .name = "sql",
    .title = "Literals and comments of SQL statements",
    .keys = keys,
    .kinds = SCAN_SET(SQL_LITERAL) | SCAN_SET(SQL_COMMENT),
    .wants_system = true,
    .part = true,
    .scan = scan_sql,
};
