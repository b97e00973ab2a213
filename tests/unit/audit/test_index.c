#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/index.h"
#include "audit/source.h"
#include "base/secret.h"
#include "base_suite.h"

static char path[64];
static uint64_t leaves[64];
static unsigned found;

static void
add_line(struct index *ix, unsigned seq, const char *service, const char *entity)
{
    char line[1024];

    snprintf(line, sizeof(line),
        "{\"build\":\"1\",\"conn\":{\"identity\":\"spiffe://example.org/"
        "%s\",\"service\":\"%s\"},\"outcome\":\"accepted\",\"policy\":{\"rules\":[{\"action\":\"mask\","
        "\"count\":2,\"entity\":\"%s\",\"id\":\"p/"
        "%s\",\"mode\":\"enforce\",\"paths\":[]}]},\"reason\":\"ok\",\"req\":{\"spans_in\":4},\"route\":[{\"decision\":"
        "\"allowed\",\"destination\":\"otlp_grpc/"
        "eu\",\"spans\":4}],\"seq\":%u,\"ts\":\"2026-07-01T00:00:%02u.000000Z\",\"type\":\"request\",\"v\":1}",
        service, service, entity, entity, seq, seq);
    ck_assert_int_eq(index_add(ix, seq, str_of(line)), RC_OK);
}

static struct index *
open_index(const char *origin, enum index_mode mode, enum rc wanted)
{
    struct index *ix = NULL;
    struct errs es = {0};

    ck_assert_int_eq(index_open(path, origin, mode, &ix, &es), wanted);
    errs_free(&es);
    return ix;
}

static void
fill(void)
{
    strcpy(path, "/tmp/spangate-index-XXXXXX");
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    struct index *ix = open_index("log", INDEX_REBUILD, RC_OK);

    for (unsigned i = 0; i < 20; i++)
        add_line(ix, i, i % 2 ? "shop" : "mail", i % 5 ? "EMAIL_ADDRESS" : "IBAN");
    ck_assert_int_eq(index_commit(ix), RC_OK);
    ck_assert_uint_eq(index_next(ix), 20);
    index_close(ix);
}

static bool
on_row(void *arg, const struct index_row *row)
{
    (void)arg;
    ck_assert_uint_lt(found, 64);
    leaves[found++] = row->leaf;
    return true;
}

static unsigned
ask(struct index_filter f)
{
    struct index *ix = open_index("log", INDEX_READ, RC_OK);

    f.limit = f.limit ? f.limit : 100;
    found = 0;
    ck_assert_int_eq(index_query(ix, &f, on_row, NULL), RC_OK);
    index_close(ix);
    return found;
}

START_TEST(index_query_joins_conditions)
{
    fill();
    ck_assert_uint_eq(ask((struct index_filter){0}), 20);
    ck_assert_uint_eq(ask((struct index_filter){.service = "shop"}), 10);
    ck_assert_uint_eq(ask((struct index_filter){.entity = "IBAN"}), 4);
    ck_assert_uint_eq(ask((struct index_filter){.entity = "IBAN", .identity = "*/shop"}), 2);
    ck_assert_uint_eq(leaves[0], 5);
    ck_assert_uint_eq(leaves[1], 15);
    ck_assert_uint_eq(ask((struct index_filter){.rule = "p/EMAIL*", .destination = "otlp_*"}), 16);
    ck_assert_uint_eq(ask((struct index_filter){.destination = "otlp_http/*"}), 0);
    ck_assert_uint_eq(ask((struct index_filter){.from_us = 1782864003000000u, .to_us = 1782864006000000u}), 3);
    ck_assert_uint_eq(ask((struct index_filter){.limit = 2, .newest_first = true, .type = "request", .outcome = "accepted", .reason = "ok"}), 2);
    ck_assert_uint_eq(leaves[0], 19);
    unlink(path);
}
END_TEST

START_TEST(index_query_takes_values_for_values)
{
    fill();
    ck_assert_uint_eq(ask((struct index_filter){.service = "x' OR '1'='1"}), 0);
    ck_assert_uint_eq(ask((struct index_filter){.service = "shop'; DROP TABLE entries; --"}), 0);
    ck_assert_uint_eq(ask((struct index_filter){.service = "shop"}), 10);
    unlink(path);
}
END_TEST

/* Only * stands for anything; an empty condition asks for what has none. */
START_TEST(index_query_reads_globs_as_told)
{
    fill();
    struct index *ix = open_index("log", INDEX_UPDATE, RC_OK);

    add_line(ix, 20, "s[h]op?", "IBAN");
    add_line(ix, 21, "", "");
    ck_assert_int_eq(index_commit(ix), RC_OK);
    index_close(ix);
    ck_assert_uint_eq(ask((struct index_filter){.service = "s[h]op"}), 0);
    ck_assert_uint_eq(ask((struct index_filter){.service = "sho?"}), 0);
    ck_assert_uint_eq(ask((struct index_filter){.service = "s[h]op?"}), 1);
    ck_assert_uint_eq(leaves[0], 20);
    ck_assert_uint_eq(ask((struct index_filter){.service = "*[h]*"}), 1);
    ck_assert_uint_eq(ask((struct index_filter){.service = ""}), 1);
    ck_assert_uint_eq(leaves[0], 21);
    ck_assert_uint_eq(ask((struct index_filter){.entity = "", .service = ""}), 1);
    unlink(path);
}
END_TEST

START_TEST(index_goes_on_where_it_ended)
{
    fill();
    struct index *ix = open_index("log", INDEX_UPDATE, RC_OK);

    for (unsigned i = 10; i < 25; i++) /* the first ten are there */
        add_line(ix, i, "late", "IBAN");
    ck_assert_int_eq(index_add(ix, 25, STR("no entry")), RC_OK);
    ck_assert_int_eq(index_commit(ix), RC_OK);
    ck_assert_uint_eq(index_next(ix), 26);
    index_close(ix);
    ck_assert_uint_eq(ask((struct index_filter){.service = "late"}), 5);
    ck_assert_uint_eq(ask((struct index_filter){.type = "unreadable"}), 1);
    unlink(path);
}
END_TEST

START_TEST(index_open_refuses_what_is_not_this_logs)
{
    fill();
    (void)open_index("another", INDEX_UPDATE, RC_INTEGRITY);
    ck_assert_int_eq(file_write_atomic(path, STR("this is no database, but it is long enough to be looked at as one"), 0600), RC_OK);
    (void)open_index("log", INDEX_READ, RC_INTEGRITY);
    index_close(open_index("log", INDEX_REBUILD, RC_OK));
    unlink(path);
    (void)open_index("log", INDEX_READ, RC_NOT_FOUND);
}
END_TEST

/* A file that was named by mistake must not look like a log in which nothing happened. */
START_TEST(source_open_refuses_a_file_that_holds_no_entries)
{
    static const struct {
        const char *text;
        enum rc rc;
    } rows[] = {{"Dear auditor,\n", RC_MALFORMED}, {"\x1f\x8b", RC_MALFORMED}, {"{\"seq\":0}\n", RC_OK}, {"", RC_OK}};

    fill();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct entry_source *src = NULL;
        struct errs es = {0};

        ck_assert_int_eq(file_write_atomic(path, str_of(rows[i].text), 0600), RC_OK);
        ck_assert_msg(source_open(path, &src, &es) == rows[i].rc, "row %zu", i);
        ck_assert_uint_eq(es.errors, rows[i].rc != RC_OK);
        if (rows[i].rc == RC_OK)
            source_close(src);
        errs_free(&es);
    }
    unlink(path);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &index_query_joins_conditions},
    {"malformed", &index_query_takes_values_for_values},
    {"normal", &index_query_reads_globs_as_told},
    {"normal", &index_goes_on_where_it_ended},
    {"malformed", &index_open_refuses_what_is_not_this_logs},
    {"malformed", &source_open_refuses_a_file_that_holds_no_entries},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("index", cases);
}
