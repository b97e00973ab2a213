#include "policies_scanning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define KEY "db.query.text"
#define ALPHABET "'\"`[]()$-/*#@:?.,;\\ \nabeqxNUWHERE19_=<>"

static const struct scanning_row unknown[] = {
    {"SELECT id, name FROM users WHERE id = 42 AND name = 'O''Brien'", "SELECT id, name FROM users WHERE id = ? AND name = ?", NULL},
    {"INSERT INTO t (a, b) VALUES (1, 'x'), (-2.5e-3, NULL)", "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)", NULL},
    {"SELECT * FROM t WHERE id = $1 AND a = ? AND b = :name AND c = @p1 AND d = :2", NULL, NULL},
    {"SELECT 0x1F, .5, 1., 1_000, 10L, b'01', X'1F', N'x', E'it\\'s', U&'d\\0061t', _utf8'x'", "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, _utf8?", NULL},
    {"SELECT q'[it's]', Q'{x}', nq'!a'b!' FROM dual", "SELECT ?, ?, ? FROM dual", NULL},
    {"SELECT $$it's$$, $a$ x $b$ y $a$", "SELECT ?, ?", NULL},
    {"DO $$ BEGIN INSERT INTO t VALUES ('x', 5); END $$", "DO $$ BEGIN INSERT INTO t VALUES (?, ?); END $$", NULL},
    {"CREATE FUNCTION f() RETURNS int AS $f$ SELECT 5 $f$ LANGUAGE sql", "CREATE FUNCTION f() RETURNS int AS $f$ SELECT ? $f$ LANGUAGE sql", NULL},
    {"CREATE FUNCTION f() AS $$ return \"secret\" $$ LANGUAGE plpython3u", "CREATE FUNCTION f() AS ? LANGUAGE plpython3u", NULL},
    {"SELECT a FROM t WHERE x IS NULL AND y = NULL AND z IS NOT NULL AND b = TRUE AND c IS false",
        "SELECT a FROM t WHERE x IS NULL AND y = ? AND z IS NOT NULL AND b = ? AND c IS ?", NULL},
    {"SELECT 1 -- it's\nFROM t /* don't */ WHERE x = 'y' # tail", "SELECT ? /*?*/\nFROM t /*?*/ WHERE x = ? /*?*/", NULL},
    {"/* a /* b */ c */ SELECT 1", "/*?*/ SELECT ?", NULL},
    {"/* a /* b */ SELECT 'x'", "/*?*/ SELECT ?", NULL},
    {"SELECT /*+ INDEX(t i1) it's */ a FROM t WHERE x = 'y'", "SELECT /*+ INDEX(t i1) it?*/ a FROM t WHERE x = ?", NULL},
    {"SELECT /*!50000 STRAIGHT_JOIN */ a FROM t WHERE x = 5", "SELECT /*!50000 STRAIGHT_JOIN */ a FROM t WHERE x = ?", NULL},
    {"SELECT \"a\".\"b\" AS \"the b\" FROM \"t\" WHERE \"t\".\"x\" = \"y\"", "SELECT \"a\".\"b\" AS \"the b\" FROM \"t\" WHERE \"t\".\"x\" = ?",
        NULL},
    {"SELECT `a 1` FROM `t` WHERE x = \"bob\" AND f(\"carl\") AND c IN (\"d\", LOWER(\"e\"))",
        "SELECT `a 1` FROM `t` WHERE x = ? AND f(?) AND c IN (?, LOWER(?))", NULL},
    {"INSERT INTO t (\"a\") VALUES (\"x y\"), (\"z\")", "INSERT INTO t (\"a\") VALUES (?), (?)", NULL},
    {"SELECT [a], [Order 2020] FROM [dbo].[t] WHERE x IN ([1], [2]) AND arr[3] = 5",
        "SELECT [a], [Order 2020] FROM [dbo].[t] WHERE x IN ([?], [?]) AND arr[?] = ?", NULL},
    {"SELECT users_2020.a1, b2b FROM db.2020_x JOIN 2fa_codes", NULL, NULL},
    {"SELECT a FROM t WHERE a=1AND b=2OR c=3", "SELECT a FROM t WHERE a=?AND b=?OR c=?", NULL},
    {"SELECT x->>'y', data #> '{a}', '{}'::jsonb, a[1:2], x::int FROM t", "SELECT x->>?, data #> ?, ?::jsonb, a[?:?], x::int FROM t", NULL},
    {"SELECT EXTRACT(epoch FROM at), EXTRACT('year' FROM b), year FROM t", "SELECT EXTRACT(? FROM at), EXTRACT(? FROM b), year FROM t", NULL},
    {"CREATE USER bob IDENTIFIED BY s3cret REPLACE \"old one\"", "CREATE USER bob IDENTIFIED BY ? REPLACE ?", NULL},
    {"SELECT * FROM t WHERE id = 123e4567-e89b-12d3-a456-426614174000 OR id = abcdefab-e89b-12d3-a456-426614174000",
        "SELECT * FROM t WHERE id = ? OR id = ?", NULL},
    {"SELECT a WHERE b = a1b2c3d4001122334455667788990011", "SELECT a WHERE b = ?", NULL},
    {"COPY t (a) FROM STDIN;\nbob\n\\.\nSELECT 1", "COPY t (a) FROM STDIN;\n?\n\\.\nSELECT ?", NULL},
    {"INSERT INTO t FORMAT CSV 1,bob", "INSERT INTO t FORMAT CSV ?", NULL},
    {"SELECT $19.95, \xC2\xA3"
     "20.00, $123456789012",
        "SELECT ?, \xC2\xA3?, ?", NULL},
    {"SELECT \xE2\x80\x98"
     "Bob Smith\xE2\x80\x99 AS x",
        "SELECT ? AS x", NULL},
    {"SELECT a FROM t WHERE ip = 10.1.2.3 AND d > 2024-01-02", "SELECT a FROM t WHERE ip = ? AND d > ?-?-?", NULL},
    {"SELECT 'a' FROM \xC3\xBC"
     "bung WHERE n\xC3\xA4me = 'z'",
        "SELECT ? FROM \xC3\xBC"
        "bung WHERE n\xC3\xA4me = ?",
        NULL},
    {"SELECT 'truncated", "SELECT ?", NULL},
    {"SELECT \"truncated", "SELECT ?", NULL},
    {"SELECT 1 /* truncated", "SELECT ? /*?*/", NULL},
    {"SELECT a, $tag$ truncated", "SELECT a, ?", NULL},
    {"SELECT a ` 'secret'", "SELECT a ` ?", NULL},
    {"SELECT a [ 'secret'", "SELECT a [ ?", NULL},
    {NULL, NULL, NULL},
};

/* Rows of NULL stay as they are. */
static void
check(const char *system, const struct scanning_row *rows)
{
    scanning_under(system);
    for (; rows->text; rows++) {
        struct scanning_row one[2] = {*rows, {NULL, NULL, NULL}};

        if (!one[0].expected)
            one[0].expected = one[0].text;
        scanning_rows("sql", KEY, one);
    }
    scanning_under("");
}

START_TEST(sql_finds_values_of_any_dialect)
{
    check("", unknown);
}
END_TEST

START_TEST(sql_knows_mysql)
{
    static const struct scanning_row rows[] = {
        {"SELECT 5--3, `x y`.b FROM t -- it's\n WHERE a = \"it's\" AND b = 'it\\'s' AND c = \"a\\\"b\"",
            "SELECT ?-?, `x y`.b FROM t /*?*/\n WHERE a = ? AND b = ? AND c = ?", NULL},
        {"SELECT a #it's\n, \"b\" AS \"the b\" FROM \"t\"", "SELECT a /*?*/\n, ? AS \"the b\" FROM \"t\"", NULL},
        {"SELECT /*!40001 SQL_NO_CACHE */ 'x*/' /*! , 5 */", "SELECT /*!40001 SQL_NO_CACHE */ ? /*! , ? */", NULL},
        {"SELECT 'C:\\dir\\' AS a, 'b' AS c", "SELECT ? AS a, ? AS c", NULL}, /* NO_BACKSLASH_ESCAPES */
        {"UPDATE t SET p = 'it\\'s Bob Smith", "UPDATE t SET p = ?", NULL},
        {NULL, NULL, NULL},
    };

    check("mysql", rows);
    check("mariadb", rows);
}
END_TEST

START_TEST(sql_knows_standard_names)
{
    static const struct scanning_row rows[] = {
        {"UPDATE \"t\" SET \"count\" = \"count\" + 1 WHERE \"a-b c\" = 'C:\\' AND \"it's\" = 'x'",
            "UPDATE \"t\" SET \"count\" = \"count\" + ? WHERE \"a-b c\" = ? AND \"it's\" = ?", NULL},
        {"SELECT a # b, '\\' FROM t", "SELECT a # b, ? FROM t", NULL},
        {"SELECT a ` 'secret' `", "SELECT a ` ? `", NULL},
        {NULL, NULL, NULL},
    };

    check("postgresql", rows);
}
END_TEST

START_TEST(sql_knows_sql_server_and_others)
{
    static const struct scanning_row mssql[] = {
        {"SELECT [it's], [a]]b] FROM #temp WHERE a LIKE 'x\\%' ESCAPE '\\' AND b = $5 AND c = \"Smith\"",
            "SELECT [it's], [a]]b] FROM #temp WHERE a LIKE ? ESCAPE ? AND b = ? AND c = ?", NULL},
        {NULL, NULL, NULL},
    };
    static const struct scanning_row bigquery[] = {
        {"SELECT '''it's''', \"\"\"a \"b\" c\"\"\", r'\\d', rb\"x\" FROM `p.d.t` # it's", "SELECT ?, ?, ?, rb? FROM `p.d.t` /*?*/", NULL},
        {NULL, NULL, NULL},
    };
    static const struct scanning_row snowflake[] = {
        {"SELECT a:b::string, 'it\\'s' FROM t // it's\nWHERE \"x y\" = $1", "SELECT a:b::string, ? FROM t /*?*/\nWHERE \"x y\" = $1", NULL},
        {NULL, NULL, NULL},
    };

    check("microsoft.sql_server", mssql);
    check("gcp.bigquery", bigquery);
    check("snowflake", snowflake);
}
END_TEST

/* What '\' means is decided by the reading in which quotes stand where quotes can stand. */
START_TEST(sql_reads_backslashes_both_ways)
{
    static const struct scanning_row rows[] = {
        {"SELECT 'it\\'s' AS a, 'x' AS b", "SELECT ? AS a, ? AS b", NULL},
        {"SELECT 'C:\\dir\\' AS a, 'x' AS b", "SELECT ? AS a, ? AS b", NULL},
        {"SELECT a WHERE b LIKE 'x\\_' ESCAPE '\\' AND n = 'bob'", "SELECT a WHERE b LIKE ? ESCAPE ? AND n = ?", NULL},
        {"SELECT 'it\\'s Bob Smith", "SELECT ?", NULL},
        {"SELECT '\\', '\\'", "SELECT ?, ?", NULL},
        {NULL, NULL, NULL},
    };

    check("", rows);
}
END_TEST

/* ---- a property: no planted literal survives, in whatever statement ---- */

struct planted {
    struct buf text;
    char values[32][24];
    unsigned count;
};

static void
put(struct planted *p, const char *s)
{
    ck_assert_int_eq(buf_append(&p->text, str_of(s)), RC_OK);
}

/* One literal of a random kind, with a value that stands nowhere else. */
static void
plant(struct rng *r, struct planted *p)
{
    static const char *const open[] = {"'", "N'", "E'", "'", "'it''s ", "x'", "$$", "$q$it's ", "'a -- ", "'a /* ", "'\"", "'`[", "q'["};
    static const char *const close[] = {"'", "'", "'", "''x'", "'", "'", "$$", " $q$", "'", "'", "'", "'", "]'"};
    char *value = p->values[p->count++];
    uint32_t n = 100000 + rng_below(r, 899999), kind = rng_below(r, sizeof(open) / sizeof(open[0]) + 3);

    if (kind >= sizeof(open) / sizeof(open[0])) {
        static const char *const before[] = {"", "-", "0x"}, *const after[] = {"", ".5", ""};

        snprintf(value, sizeof(p->values[0]), "%u", n);
        put(p, before[kind % 3]);
        put(p, value);
        put(p, after[kind % 3]);
        return;
    }
    snprintf(value, sizeof(p->values[0]), "Zq%uv", n);
    put(p, open[kind]);
    put(p, value);
    put(p, close[kind]);
}

static void
generate(struct rng *r, struct planted *p)
{
    static const char *const glue[] = {" AND c_1 = ", " OR t.d >= ", " AND f(e, ", ") + ", ", ", " IN (",
        " /* note */ = ", "\n-- note\n = ", " BETWEEN ", " || ", " LIKE ", " -> ", " THEN ", " = - ", "::text, "};

    buf_clear(&p->text);
    p->count = 0;
    put(p, rng_below(r, 2) ? "SELECT a, \"b\", `c`, [d] FROM tab_1 x WHERE x.id = " : "INSERT INTO tab_1 (a, b) VALUES (");
    for (uint32_t i = 1 + rng_below(r, 12); i > 0; i--) {
        plant(r, p);
        put(p, glue[rng_below(r, sizeof(glue) / sizeof(glue[0]))]);
    }
    put(p, " tail_1");
}

START_TEST(sql_leaves_no_planted_literal_and_loses_no_name)
{
    static const char *const systems[] = {"", "mysql", "postgresql", "oracle.db", "microsoft.sql_server", "sqlite", "other_sql"};
    struct planted p = {.text = BUF_INIT(1u << 20)};
    struct rng r = {20261122};

    for (uint64_t round = 0; round < rng_rounds(20000); round++) {
        const char *system = systems[rng_below(&r, sizeof(systems) / sizeof(systems[0]))];

        scanning_under(system);
        generate(&r, &p);
        const char *out = scanning_replace("sql", KEY, buf_str(&p.text), (struct str){NULL, 0});

        ck_assert_msg(strstr(out, "tab_1") && strstr(out, "tail_1"), "%s: a name is lost\n %.*s\n-> %s", system, (int)p.text.len, p.text.ptr, out);
        for (unsigned i = 0; i < p.count; i++)
            ck_assert_msg(!strstr(out, p.values[i]), "%s: %s survives\n %.*s\n-> %s", system, p.values[i], (int)p.text.len, p.text.ptr, out);
    }
    scanning_under("");
    buf_free(&p.text);
}
END_TEST

START_TEST(sql_keeps_to_its_contract_on_random_bytes)
{
    static const char *const systems[] = {"", "mysql", "postgresql", "oracle.db", "microsoft.sql_server", "bigquery"};

    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
        scanning_under(systems[i]);
        scanning_random("sql", KEY, unknown, ALPHABET);
    }
    scanning_under("");
}
END_TEST

START_TEST(sql_takes_linear_time)
{
    static const char *const units[] = {"'", "\"", "`", "``", "[", "$a$", "AS $a$", "AS $a", "/*", "/* */", "--", "q'(", "q'(' ", "'\\'", "(", "((1",
        "1,", "'a',", "EXTRACT(", "language ", "AS $$ language ", "/*+", "/*!", "$", "@", ":", "#", "12345678-", "abcdefab-", "\xE2\x80\x98", "\\'\"",
        "copy stdin;", "\"a\""};
    static const char *const systems[] = {"", "mysql", "postgresql", "oracle.db", "microsoft.sql_server", "bigquery"};

    for (size_t s = 0; s < sizeof(systems) / sizeof(systems[0]); s++) {
        scanning_under(systems[s]);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
            scanning_linear("sql", KEY, "SELECT ", units[i]);
    }
    scanning_under("");
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &sql_finds_values_of_any_dialect},
    {"normal", &sql_knows_mysql},
    {"normal", &sql_knows_standard_names},
    {"normal", &sql_knows_sql_server_and_others},
    {"malformed", &sql_reads_backslashes_both_ways},
    {"malformed", &sql_leaves_no_planted_literal_and_loses_no_name},
    {"malformed", &sql_keeps_to_its_contract_on_random_bytes},
    {"limits", &sql_takes_linear_time},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("scan_sql", cases);
}
