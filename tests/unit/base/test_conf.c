#include "base/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "base_nomem.h"
#include "base_suite.h"

static struct conf_doc *
load(struct str text)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    if (conf_load_text("t.yaml", text, true, &doc, &es) != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_ptr_nonnull(doc);
    errs_free(&es);
    return doc;
}

/* Loading must fail with exactly these codes (0 ends); the place is that of the first. */
static void
refuse(struct str text, unsigned line, unsigned col, const unsigned *codes)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    ck_assert_int_eq(conf_load_text("t.yaml", text, true, &doc, &es), RC_CONFIG);
    ck_assert_ptr_null(doc);
    for (size_t i = 0; codes[i]; i++) {
        ck_assert_uint_gt(es.count, i);
        ck_assert_uint_eq(es.list[i].code, codes[i]);
    }
    ck_assert_uint_eq(es.list[0].line, line);
    ck_assert_uint_eq(es.list[0].col, col);
    ck_assert_str_eq(es.list[0].file, "t.yaml");
    errs_free(&es);
}

#define ONE(code) ((const unsigned[]){code, 0})

static const struct str sample = {
    "# c\nversion: 1\nlist:\n  - &a {x: [1, \"two\"], y: ~}\n  - *a\nempty:\nquoted: \"null\"\nblock: |\n  l1\n  l2\n", 93};

START_TEST(conf_reads_nodes_with_places)
{
    struct conf_doc *doc = load((struct str){sample.ptr, strlen(sample.ptr)});
    const struct conf_node *root = conf_root(doc, 0), *list = conf_get(root, "list");

    ck_assert_uint_eq(conf_count(doc), 1);
    ck_assert_int_eq(root->kind, CONF_MAP);
    ck_assert_uint_eq(root->count, 5);
    ck_assert(str_eq(root->keys[1]->text, STR("list")));
    ck_assert_int_eq(list->kind, CONF_LIST);
    ck_assert_uint_eq(list->count, 2);
    ck_assert_ptr_eq(list->items[0], list->items[1]);
    const struct conf_node *two = conf_get(list->items[1], "x")->items[1];

    ck_assert(two->quoted && str_eq(two->text, STR("two")));
    ck_assert_uint_eq(two->line, 4);
    ck_assert_uint_eq(two->col, 16);
    ck_assert_uint_eq(conf_pos(doc, two).width, 5);
    ck_assert_int_eq(conf_get(list->items[0], "y")->kind, CONF_NULL);
    ck_assert_int_eq(conf_get(root, "empty")->kind, CONF_NULL);
    ck_assert_int_eq(conf_get(root, "quoted")->kind, CONF_SCALAR);
    ck_assert(str_eq(conf_get(root, "block")->text, STR("l1\nl2\n")));
    ck_assert_ptr_null(conf_get(root, "absent"));
    ck_assert_ptr_null(conf_get(NULL, "absent"));
    ck_assert_ptr_null(conf_get(list, "absent"));
    conf_free(doc);
}
END_TEST

START_TEST(conf_reads_several_documents_and_none)
{
    struct conf_doc *doc = load(STR("\xEF\xBB\xBF"
                                    "a: 1\n---\nb: &x 2\nc: *x\n"));

    ck_assert_uint_eq(conf_count(doc), 2);
    ck_assert(str_eq(conf_get(conf_root(doc, 1), "c")->text, STR("2")));
    ck_assert_ptr_null(conf_root(doc, 2));
    conf_free(doc);
    doc = load(STR("# nothing\n"));
    ck_assert_uint_eq(conf_count(doc), 0);
    conf_free(doc);
}
END_TEST

START_TEST(conf_scalars_stay_text)
{
    struct conf_doc *doc = load(STR("[NO, 0x10, 1e3, 2026-01-01, !!str ~, yes]"));
    const struct conf_node *n = conf_root(doc, 0);
    bool flag = true;
    struct errs es = {0};

    ck_assert(str_eq(n->items[0]->text, STR("NO")));
    ck_assert(str_eq(n->items[3]->text, STR("2026-01-01")));
    ck_assert_int_eq(n->items[4]->kind, CONF_SCALAR);
    ck_assert_int_eq(conf_bool(doc, n->items[5], &flag, &es), RC_CONFIG);
    ck_assert(flag);
    errs_free(&es);
    conf_free(doc);
}
END_TEST

START_TEST(conf_refuses_with_place)
{
    refuse(STR("a: 1\nb: 2\na: 3\nb: 4\n"), 3, 1, (const unsigned[]){3, 3, 0});
    refuse(STR("a: [1, 2\nb: 1\n"), 2, 2, ONE(2));
    refuse(STR("a: *nope\n"), 1, 4, ONE(2));
    refuse(STR("a: &a [*a]\n"), 1, 8, ONE(2));
    refuse(STR("a: &x 1\n---\nb: *x\n"), 3, 4, ONE(2));
    refuse(STR("a: !!binary aGk=\n"), 1, 4, ONE(2));
    refuse(STR("a: !x {b: 1}\n"), 1, 4, ONE(2));
    refuse(STR("{[a]: 1}\n"), 1, 2, ONE(2));
    refuse(STR("a: \"x\\0y\"\n"), 1, 4, ONE(2));
    refuse(STR("a: \xff\n"), 1, 4, ONE(2));
    refuse(STR("a: 1\n\xc3\xa9: \xc3(\n"), 2, 5, ONE(2));
}
END_TEST

/* The mistakes that people make most are told in their own words. */
START_TEST(conf_hints_at_what_was_meant)
{
    static const struct {
        const char *text, *hint;
    } rows[] = {{"a:\n\tb: 1\n", "YAML allows no tabs"}, {"a: [*password*]\n", "stands in quotes"}, {"a: {b: c: d}\n", "a colon and a blank"},
        {"a: b: c\n", "a colon and a blank"}, {"a: @x\n", "stands in quotes"}, {"a: \xff\n", "must be UTF-8"}, {"a: [1\n", ""}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf_doc *doc;
        struct errs es = {0};

        ck_assert_int_eq(conf_load_text("t.yaml", str_of(rows[i].text), false, &doc, &es), RC_CONFIG);
        ck_assert_msg(*rows[i].hint ? strstr(es.list[0].hint, rows[i].hint) != NULL : !es.list[0].hint[0], "row %zu: \"%s\"", i, es.list[0].hint);
        errs_free(&es);
    }
}
END_TEST

START_TEST(conf_refuses_what_is_over_its_limits)
{
    static char text[5u << 20];
    size_t len = 0;

    memset(text, '[', 65);
    refuse((struct str){text, 65}, 1, 65, ONE(5));
    memset(text, '#', sizeof(text));
    refuse((struct str){text, sizeof(text)}, 0, 0, ONE(5));
    for (int i = 0; i < 65; i++)
        len += (size_t)sprintf(text + len, "--- a\n");
    refuse((struct str){text, len}, 66, 1, ONE(5));
    len = (size_t)sprintf(text, "- &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (char c = 'b'; c < 'i'; c++) /* 10^8 values in 300 bytes */
        len += (size_t)sprintf(
            text + len, "- &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    refuse((struct str){text, len}, 6, 10, ONE(5));
    len = 0;
    for (int i = 0; i < 1001; i++)
        len += (size_t)sprintf(text + len, "- &n%d x\n", i);
    refuse((struct str){text, len}, 1001, 3, ONE(5));
    text[0] = '[';
    for (len = 1; len < 500000; len += 2)
        memcpy(text + len, "a,", 2);
    text[len++] = ']';
    refuse((struct str){text, len}, 1, 2 * 199999 + 2, ONE(5));
}
END_TEST

START_TEST(conf_survives_truncation_at_every_byte)
{
    for (size_t len = 0; len < strlen(sample.ptr); len++) {
        struct conf_doc *doc = NULL;
        struct errs es = {0};
        char *copy = malloc(len ? len : 1); /* exact: a read past the end is seen by the sanitizer */

        memcpy(copy, sample.ptr, len);
        enum rc rc = conf_load_text("t.yaml", (struct str){copy, len}, true, &doc, &es);

        ck_assert_int_eq(rc == RC_OK, es.errors == 0);
        ck_assert_int_eq(rc == RC_OK, doc != NULL);
        conf_free(doc);
        errs_free(&es);
        free(copy);
    }
}
END_TEST

START_TEST(conf_expands_environment_and_literals)
{
    setenv("CONF_TEST_A", "x: ${env:CONF_TEST_B} # y", 1);
    setenv("CONF_TEST_EMPTY", "", 1);
    unsetenv("CONF_TEST_NONE");
    struct conf_doc *doc = load(STR("a: ${env:CONF_TEST_A}\nb: 'pre ${env:CONF_TEST_NONE:-d:-e} post'\nc: ${env:CONF_TEST_EMPTY}\n"
                                    "d: ${env:CONF_TEST_EMPTY:-full}\ne: $${env:X} ${2} $ ${\nf: ${env:CONF_TEST_NONE:-}\n${env:K}: key\n"));
    static const char *const want[] = {"x: ${env:CONF_TEST_B} # y", "pre d:-e post", "", "full", "${env:X} ${2} $ ${", "", "key"};
    const struct conf_node *root = conf_root(doc, 0);

    for (unsigned i = 0; i < 7; i++) {
        ck_assert_int_eq(root->items[i]->kind, CONF_SCALAR);
        ck_assert_str_eq(root->items[i]->text.ptr, want[i]);
    }
    ck_assert(str_eq(root->keys[6]->text, STR("${env:K}")));
    conf_free(doc);
    refuse(STR("a: 1\nb: ${env:CONF_TEST_NONE}\n"), 2, 4, ONE(4));
    refuse(STR("b: ${evn:HOME}\n"), 1, 4, ONE(4));
    refuse(STR("b: ${env:HOME\n"), 1, 4, ONE(4));
    refuse(STR("b: ${env:}\n"), 1, 4, ONE(4));
    refuse(STR("b: ${env:1X}\n"), 1, 4, ONE(4));
    refuse(STR("b: ${file:}\n"), 1, 4, ONE(4));
    refuse(STR("b: ${file:/nonexistent/x}\n"), 1, 4, ONE(4));
    setenv("CONF_TEST_A", "\xff\xfe", 1);
    refuse(STR("b: ${env:CONF_TEST_A}\n"), 1, 4, ONE(4));
}
END_TEST

START_TEST(conf_leaves_references_alone_when_told)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    ck_assert_int_eq(conf_load_text("t", STR("a: ${env:NOPE}"), false, &doc, &es), RC_OK);
    ck_assert(str_eq(conf_get(conf_root(doc, 0), "a")->text, STR("${env:NOPE}")));
    conf_free(doc);
}
END_TEST

START_TEST(conf_reads_secrets_relative_to_its_file)
{
    char dir[] = "/tmp/conf-XXXXXX", path[64], key[64];
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    uint64_t number = 7;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/g.yaml", dir);
    snprintf(key, sizeof(key), "%s/key", dir);
    ck_assert_int_eq(file_write_atomic(key, STR("s3cret-value\r\n"), 0600), RC_OK);
    ck_assert_int_eq(file_write_atomic(path, STR("a: k=${file:key}\n"), 0600), RC_OK);
    ck_assert_int_eq(conf_load_file(path, &doc, &es), RC_OK);
    const struct conf_node *a = conf_get(conf_root(doc, 0), "a");

    ck_assert(a->secret);
    ck_assert_str_eq(a->text.ptr, "k=s3cret-value");
    ck_assert_int_eq(conf_u64(doc, a, 0, 9, &number, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 1);
    ck_assert_ptr_null(strstr(es.list[0].text, "s3cret"));
    ck_assert_str_eq(conf_file(doc), path);
    conf_free(doc);
    unlink(path);
    unlink(key);
    rmdir(dir);
    doc = NULL;
    ck_assert_int_eq(conf_load_file(path, &doc, &es), RC_CONFIG);
    ck_assert_ptr_null(doc);
    errs_free(&es);
}
END_TEST

START_TEST(conf_readers_take_values_in_range)
{
    struct conf_doc *doc = load(STR("{b: true, n: 7, d: 1m30s, d0: 0, d7: 7d, z: 16MiB, z1: 512, t: text, c: gzip, e: ''}"));
    const struct conf_node *root = conf_root(doc, 0);
    static const char *const choices[] = {"none", "gzip"};
    struct errs es = {0};
    bool flag = false;
    uint64_t v = 0;
    unsigned choice = 9;
    struct str text = STR("kept");

    ck_assert(conf_bool(doc, conf_get(root, "b"), &flag, &es) == RC_OK && flag);
    ck_assert(conf_u64(doc, conf_get(root, "n"), 7, 7, &v, &es) == RC_OK && v == 7);
    ck_assert(conf_duration_ms(doc, conf_get(root, "d"), 0, UINT64_MAX, &v, &es) == RC_OK && v == 90000);
    ck_assert(conf_duration_ms(doc, conf_get(root, "d0"), 0, UINT64_MAX, &v, &es) == RC_OK && v == 0);
    ck_assert(conf_duration_ms(doc, conf_get(root, "d7"), 0, UINT64_MAX, &v, &es) == RC_OK && v == 604800000u);
    ck_assert(conf_size(doc, conf_get(root, "z"), 0, UINT64_MAX, &v, &es) == RC_OK && v == 16u << 20);
    ck_assert(conf_size(doc, conf_get(root, "z1"), 0, UINT64_MAX, &v, &es) == RC_OK && v == 512);
    ck_assert(conf_text(doc, NULL, &text, &es) == RC_OK && str_eq(text, STR("kept")));
    ck_assert(conf_text(doc, conf_get(root, "t"), &text, &es) == RC_OK && str_eq(text, STR("text")));
    ck_assert(conf_text(doc, conf_get(root, "e"), &text, &es) == RC_OK && text.len == 0);
    ck_assert(conf_choice(doc, conf_get(root, "c"), choices, 2, &choice, &es) == RC_OK && choice == 1);
    ck_assert_uint_eq(es.count, 0);
    conf_free(doc);
}
END_TEST

START_TEST(conf_readers_refuse_and_leave_the_value)
{
    struct conf_doc *doc = load(
        STR("['7', -1, 18446744073709551616, 1.5, [], {}, ~, 5, 1x, 5s5, ms, 99999999999999999999s, 213503982335d, 1m 2s, 1s1s1s1s1s1s, gzpi]"));
    const struct conf_node *root = conf_root(doc, 0);
    static const char *const choices[] = {"none", "gzip"};
    struct errs es = {0};
    uint64_t v = 42;
    size_t wrong = 0;
    unsigned choice = 9;

    for (unsigned i = 0; i < root->count; i++) {
        if (i != 7) /* "5" is a good number */
            ck_assert_msg(conf_u64(doc, root->items[i], 0, UINT64_MAX, &v, &es) == RC_CONFIG, "number %u", i);
        ck_assert_msg(conf_duration_ms(doc, root->items[i], 0, UINT64_MAX, &v, &es) == RC_CONFIG, "duration %u", i);
        if (i != 0 && i != 7)
            ck_assert_msg(conf_size(doc, root->items[i], 0, UINT64_MAX, &v, &es) == RC_CONFIG, "size %u", i);
        wrong += 3;
    }
    ck_assert_uint_eq(es.errors, wrong - 3);
    ck_assert_int_eq(conf_u64(doc, root->items[7], 6, 10, &v, &es), RC_CONFIG);
    ck_assert_str_eq(es.list[es.count - 1].hint, "from 6 to 10");
    ck_assert_int_eq(conf_choice(doc, root->items[15], choices, 2, &choice, &es), RC_CONFIG);
    ck_assert_str_eq(es.list[es.count - 1].hint, "did you mean gzip?");
    ck_assert_uint_eq(choice, 9);
    ck_assert_uint_eq(v, 42);
    errs_free(&es);
    conf_free(doc);
}
END_TEST

START_TEST(conf_map_check_names_every_unknown_key)
{
    struct conf_doc *doc = load(STR("endpont: 1\ntls: 2\nheadres: 3\n"));
    static const char *const names[] = {"endpoint", "tls", "headers"};
    struct errs es = {0};

    ck_assert_int_eq(conf_map_check(doc, conf_root(doc, 0), names, 3, &es), RC_CONFIG);
    ck_assert_uint_eq(es.errors, 2);
    ck_assert_str_eq(es.list[0].hint, "did you mean endpoint?");
    ck_assert_uint_eq(es.list[1].line, 3);
    ck_assert_int_eq(conf_map_check(doc, NULL, names, 3, &es), RC_OK);
    ck_assert_int_eq(conf_map_check(doc, conf_get(conf_root(doc, 0), "tls"), names, 3, &es), RC_CONFIG);
    errs_free(&es);
    conf_free(doc);
}
END_TEST

START_TEST(conf_load_reports_when_memory_fails)
{
    setenv("CONF_TEST_A", "v", 1);
    for (long n = 1; nomem_round(n); n++) {
        struct conf_doc *doc = NULL;
        struct errs es = {0};
        enum rc rc = conf_load_text("t.yaml", STR("a: &x [1, '${env:CONF_TEST_A}']\nb: *x\nc: {d: 1, e: 2, f: 3, g: 4, h: 5}\n"), true, &doc, &es);
        bool failed = nomem_end();

        ck_assert(rc == RC_OK ? !es.errors && doc : es.errors && !doc);
        ck_assert_msg(failed || rc == RC_OK, "allocation %ld", n);
        conf_free(doc);
        errs_free(&es);
        if (!failed)
            break;
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &conf_reads_nodes_with_places},
    {"normal", &conf_reads_several_documents_and_none},
    {"normal", &conf_scalars_stay_text},
    {"malformed", &conf_refuses_with_place},
    {"malformed", &conf_hints_at_what_was_meant},
    {"limits", &conf_refuses_what_is_over_its_limits},
    {"malformed", &conf_survives_truncation_at_every_byte},
    {"normal", &conf_expands_environment_and_literals},
    {"normal", &conf_leaves_references_alone_when_told},
    {"normal", &conf_reads_secrets_relative_to_its_file},
    {"normal", &conf_readers_take_values_in_range},
    {"malformed", &conf_readers_refuse_and_leave_the_value},
    {"normal", &conf_map_check_names_every_unknown_key},
    {"nomem", &conf_load_reports_when_memory_fails},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("conf", cases);
}
