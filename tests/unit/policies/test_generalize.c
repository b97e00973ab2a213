#include "policies/action/action.h"

#include <stdio.h>

#include "base_suite.h"
#include "policies_program.h"

static struct arena *ar;

static enum rc
read_action(const char *yaml, struct action *a)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};
    struct program_source src = program_source_of(NULL, 0);

    ck_assert_int_eq(conf_load_text("action", str_of(yaml), false, &doc, &es), RC_OK);
    struct action_env env = {.src = &src, .doc = doc, .es = &es, .ar = ar, .at = conf_root(doc, 0), .rule = STR("r"), .entity = STR("X")};
    enum rc rc = action_read(&env, conf_root(doc, 0), a);

    ck_assert_int_eq(es.errors > 0, rc != RC_OK);
    errs_free(&es);
    conf_free(doc);
    return rc;
}

static const char *
apply(const struct action *a, const char *value)
{
    struct str out;

    ck_assert_int_eq(a->type->apply(a, &(struct action_in){.value = str_of(value)}, ar, &out), RC_OK);
    char *p = arena_calloc(ar, out.len + 1, 1);

    memcpy(p, out.ptr, out.len);
    return p;
}

struct row {
    const char *action, *value, *out;
};

/* Each value, and the second time nothing. */
static void
check_rows(const struct row *rows, size_t count)
{
    ar = arena_new((size_t)64 << 20);
    for (size_t i = 0; i < count; i++) {
        struct action a;

        ck_assert_int_eq(read_action(rows[i].action, &a), RC_OK);
        const char *once = apply(&a, rows[i].value);

        ck_assert_msg(strcmp(once, rows[i].out) == 0, "%s of '%s' is '%s', not '%s'", rows[i].action, rows[i].value, once, rows[i].out);
        if (strcmp(once, ACTION_UNDECIDABLE) != 0)
            ck_assert_msg(strcmp(apply(&a, once), once) == 0, "%s of '%s': '%s' changes", rows[i].action, rows[i].value, once);
    }
    arena_free(ar);
}

#define YEAR "{generalize: {date: year}}"
#define MONTH "{generalize: {date: month}}"
#define DAY "{generalize: {date: day}}"

START_TEST(generalize_dates_of_many_layouts)
{
    static const struct row rows[] = {
        {YEAR, "1987-03-14", "1987"},
        {MONTH, "1987-03-14", "1987-03"},
        {DAY, "1987-03-14", "1987-03-14"},
        {DAY, "1987-03-14T10:20:30.5Z", "1987-03-14"},
        {DAY, "1987-03-14 10:20:30+02:00", "1987-03-14"},
        {DAY, "19870314", "1987-03-14"},
        {DAY, "1987/3/4", "1987-03-04"},
        {DAY, "14.03.1987", "1987-03-14"},
        {DAY, "4.3.1987", "1987-03-04"},
        {DAY, "14/03/1987", "1987-03-14"},
        {DAY, "03/14/1987", "1987-03-14"},
        {MONTH, "3/14/87", "1987-03"},
        {DAY, "03/04/1987", "1987"}, /* the day of which month? */
        {DAY, "4/4/1987", "1987-04-04"},
        {DAY, "14 March 1987", "1987-03-14"},
        {DAY, "March 14, 1987", "1987-03-14"},
        {DAY, "14th of Mar 1987", "1987-03-14"},
        {DAY, "14-MAR-1987", "1987-03-14"},
        {MONTH, "March 1987", "1987-03"},
        {YEAR, "Mar 14 1987", "1987"},
        {YEAR, " 1987 ", "1987"},
        {MONTH, "1987", "1987"},
        {YEAR, "1/1/29", "2029"},
        {YEAR, "1/1/30", "1930"},
        {"{generalize: {date: year, not_before: 1936}}", "1935-12-31", "before 1936"},
        {"{generalize: {date: year, not_before: 1936}}", "1936-01-01", "1936"},
        {YEAR, "1987-13-14", ACTION_UNDECIDABLE},
        {YEAR, "1987-03-32", ACTION_UNDECIDABLE},
        {YEAR, "yesterday", ACTION_UNDECIDABLE},
        {YEAR, "1987-03-14 born in Bonn", ACTION_UNDECIDABLE},
        {YEAR, "", ACTION_UNDECIDABLE},
        {YEAR, "alice@example.org", ACTION_UNDECIDABLE},
        {YEAR, "12345", ACTION_UNDECIDABLE},
        {YEAR, "1.2.3.4", ACTION_UNDECIDABLE},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(generalize_ages_to_bands)
{
    static const struct row rows[] = {
        {"{generalize: {age: 5}}", "34", "30-34"},
        {"{generalize: {age: 5}}", "89", "85-89"},
        {"{generalize: {age: 5}}", "90", "90+"},
        {"{generalize: {age: 5}}", "104", "90+"},
        {"{generalize: {age: 10}}", "0", "0-9"},
        {"{generalize: {age: 10, top: 80}}", "85 years old", "80+"},
        {"{generalize: {age: 10}}", "42-year-old", "40-49"},
        {"{generalize: {age: 1}}", "42", "42"},
        {"{generalize: {age: 1}}", "93", "90+"},
        {"{generalize: {age: 5}}", "-3", ACTION_UNDECIDABLE},
        {"{generalize: {age: 5}}", "151", ACTION_UNDECIDABLE},
        {"{generalize: {age: 5}}", "31-35", ACTION_UNDECIDABLE},
        {"{generalize: {age: 5}}", "old", ACTION_UNDECIDABLE},
        {"{generalize: {age: 5}}", "", ACTION_UNDECIDABLE},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(generalize_numbers_and_coordinates)
{
    static const struct row rows[] = {
        {"{generalize: {number: 100}}", "1234", "1200"},
        {"{generalize: {number: 100}}", "-1", "-100"},
        {"{generalize: {number: 100}}", "-100", "-100"},
        {"{generalize: {number: 100}}", "-100.5", "-200"},
        {"{generalize: {number: 10}}", "19.99", "10"},
        {"{generalize: {number: 10}}", "9007199254740993", ACTION_UNDECIDABLE},
        {"{generalize: {number: 10}}", "1e5", ACTION_UNDECIDABLE},
        {"{generalize: {number: 10}}", "ten", ACTION_UNDECIDABLE},
        {"{generalize: {buckets: [0, 18, 65]}}", "17", "0"},
        {"{generalize: {buckets: [0, 18, 65]}}", "18", "18"},
        {"{generalize: {buckets: [0, 18, 65]}}", "1000", "65"},
        {"{generalize: {buckets: [0, 18, 65]}}", "-4", "0"},
        {"{generalize: {buckets: [-10, 0]}}", "-4", "-10"},
        {"{generalize: {digits: 2}}", "1234", "1200"},
        {"{generalize: {digits: 2}}", "0.012345", "0.012"},
        {"{generalize: {digits: 2}}", "-98765.4321", "-98000"},
        {"{generalize: {digits: 1}}", "0", "0"},
        {"{generalize: {digits: 3}}", "1.5", "1.5"},
        {"{generalize: {coordinates: 2}}", "52.520008", "52.52"},
        {"{generalize: {coordinates: 2}}", "-0.129", "-0.12"},
        {"{generalize: {coordinates: 2}}", "52.520008, 13.404954", "52.52,13.40"},
        {"{generalize: {coordinates: 0}}", "52.520008,-13.404954", "52,-13"},
        {"{generalize: {coordinates: 2}}", "52", "52"},
        {"{generalize: {coordinates: 2}}", "181.5", ACTION_UNDECIDABLE},
        {"{generalize: {coordinates: 2}}", "52 31 N", ACTION_UNDECIDABLE},
        {"{generalize: {coordinates: 2}}", "", ACTION_UNDECIDABLE},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(generalize_postal_codes_to_areas)
{
    static const struct row rows[] = {
        {"{generalize: {postal: 3}}", "94105", "941"},
        {"{generalize: {postal: 3}}", "94105-1234", "941"},
        {"{generalize: {postal: 3}}", "03601", "000"},
        {"{generalize: {postal: 3}}", "89312", "000"},
        {"{generalize: {postal: 2}}", "94105", "94"},
        {"{generalize: {postal: 3}}", "K1A 0B1", "K1A"},
        {"{generalize: {postal: 3}}", "k1a0b1", "K1A"},
        {"{generalize: {postal: 3}}", "SW1A 1AA", "SW1A"},
        {"{generalize: {postal: 3}}", "EC1A1BB", "EC1A"},
        {"{generalize: {postal: 3}}", "m1 1ae", "M1"},
        {"{generalize: {postal: 3}}", "1234", ACTION_UNDECIDABLE},
        {"{generalize: {postal: 3}}", "somewhere", ACTION_UNDECIDABLE},
        {"{generalize: {postal: 3}}", "", ACTION_UNDECIDABLE},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(mask_has_a_fixed_width_and_may_hide_separators)
{
    static const struct row rows[] = {
        {"{mask: {width: 6}}", "alice@example.org", "******"},
        {"{mask: {width: 6}}", "a", "******"},
        {"{mask: {keep_first: 2, keep_last: 2, width: 3}}", "4111 1111", "41***11"},
        {"{mask: {keep_last: 4, width: 4}}", "1234", "****"},
        {"{mask: {keep_last: 4, separators: mask}}", "4111 1111 1111 1234", "***************1234"},
        {"{mask: {width: 2}}", "gr\xc3\xbc\xc3\x9f", "**"},
    };

    ar = arena_new((size_t)64 << 20);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct action a;

        ck_assert_int_eq(read_action(rows[i].action, &a), RC_OK);
        ck_assert_str_eq(apply(&a, rows[i].value), rows[i].out);
    }
    arena_free(ar);
}
END_TEST

START_TEST(actions_refuse_arguments_that_contradict)
{
    static const char *const wrong[] = {"{generalize: {date: year, age: 5}}", "{generalize: {not_before: 1936}}", "{generalize: {date: week}}",
        "{generalize: {age: 7}}", "{generalize: {top: 90}}", "{generalize: {number: 0}}", "{generalize: {number: 5, digits: 2}}",
        "{generalize: {buckets: [5, 5]}}", "{generalize: {buckets: [x]}}", "{generalize: {buckets: []}}", "{generalize: {postal: 5}}",
        "{generalize: {coordinates: 9}}", "{mask: {width: 0}}", "{mask: {separators: no}}", "encrypt", "{encrypt: {key: pseudonym-2026, x: 1}}",
        "{encrypt: {key: short-key}}", "{encrypt: {key: nobody}}", "fpe", "{fpe: {key: other-key, radix: 16}}",
        "{fpe: {key: other-key, keep_first: 99}}", "{hash: {key: other-key, tenant: \"\"}}", "{hash: {key: other-key, tenant: resource.attributes.}}",
        "{encryp: {key: other-key}}"};

    ar = arena_new((size_t)64 << 20);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct action a;

        ck_assert_msg(read_action(wrong[i], &a) == RC_CONFIG, "%s", wrong[i]);
    }
    arena_free(ar);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &generalize_dates_of_many_layouts},
    {"normal", &generalize_ages_to_bands},
    {"normal", &generalize_numbers_and_coordinates},
    {"normal", &generalize_postal_codes_to_areas},
    {"normal", &mask_has_a_fixed_width_and_may_hide_separators},
    {"malformed", &actions_refuse_arguments_that_contradict},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("generalize", cases);
}
