#include "policies/engine/confirm_int.h"

#include "base_guard.h"
#include "base_suite.h"
#include "policies/detector.h"

static const struct err_pos at = {"p.yaml", 3, 11, 1};

static struct confirm *
compiled(const char *regex, bool caseless)
{
    struct confirm *c = NULL;
    struct errs es = {0};
    enum rc rc = confirm_compile(str_of(regex), caseless, at, &c, &es);

    ck_assert_msg(rc == RC_OK && es.count == 0 && c != NULL, "%s: %s", regex, es.count ? es.list[0].text : "");
    errs_free(&es);
    return c;
}

/* The first match as "start-end", "none" or "undecidable". */
static const char *
first_bound(const char *regex, bool bound, struct str text, bool caseless)
{
    static char out[64];
    struct confirm *c = compiled(regex, caseless);
    struct confirm_scratch *s = confirm_scratch_new();
    struct confirm_match m = {.start = 77, .end = 77};

    ck_assert_ptr_nonnull(s);
    if (bound)
        confirm_bound(c);
    enum rc rc = confirm_next(c, s, text, 0, &m);

    if (rc == RC_OK)
        snprintf(out, sizeof(out), "%zu-%zu", m.start, m.end);
    else
        snprintf(out, sizeof(out), "%s", rc == RC_NOT_FOUND ? "none" : rc == RC_UNDECIDABLE ? "undecidable" : "other");
    if (rc != RC_OK)
        ck_assert_uint_eq(m.start, 77);
    confirm_scratch_free(s);
    confirm_free(c);
    return out;
}

static const char *
first(const char *regex, bool caseless, struct str text)
{
    return first_bound(regex, false, text, caseless);
}

START_TEST(confirm_finds_the_first_match)
{
    ck_assert_str_eq(first("[a-z]+@[a-z]+", false, STR("to: joe@here and ann@there")), "4-12");
    ck_assert_str_eq(first("[a-z]+@[a-z]+", false, STR("nobody")), "none");
    ck_assert_str_eq(first("ab", false, STR("xAB")), "none");
    ck_assert_str_eq(first("ab", true, STR("xAB")), "1-3");
    ck_assert_str_eq(first("b\\z", false, STR("a\0b")), "2-3");
    ck_assert_str_eq(first("a", false, STR("")), "none");
    ck_assert_str_eq(first("a", false, (struct str){NULL, 0}), "none");
}
END_TEST

START_TEST(confirm_works_on_bytes)
{
    ck_assert_str_eq(first("\\w+", false, STR("\xc3\xa9 z")), "3-4");
    ck_assert_str_eq(first(".", false, STR("\xff")), "0-1");
    ck_assert_str_eq(first("\xc3\xa9", true, STR("\xc3\x89")), "none");
    ck_assert_str_eq(first("a.b", false, STR("a\nb a\rb")), "4-7");
}
END_TEST

START_TEST(confirm_next_goes_on_from_an_offset)
{
    struct confirm *c = compiled("\\bk=(?<v>[0-9]+)(x)?", false);
    struct confirm_scratch *s = confirm_scratch_new();
    struct str text = STR("k=1 kk=2 k=33x");
    struct confirm_match m;

    ck_assert_uint_eq(confirm_next(c, s, text, 0, &m), RC_OK);
    ck_assert_uint_eq(m.group[0], 2);
    ck_assert_uint_eq(m.group[1], 3);
    ck_assert_uint_eq(m.group[2], SIZE_MAX);
    ck_assert_uint_eq(m.group[7], SIZE_MAX);
    /* What stands before the offset still counts: the k of "kk" is not at a word boundary. */
    ck_assert_uint_eq(confirm_next(c, s, text, 5, &m), RC_OK);
    ck_assert_uint_eq(m.start, 9);
    ck_assert_uint_eq(m.group[1], 13);
    ck_assert_uint_eq(m.group[3], 14);
    ck_assert_uint_eq(confirm_next(c, s, text, m.end, &m), RC_NOT_FOUND);
    ck_assert_uint_eq(confirm_next(c, s, text, 99, &m), RC_NOT_FOUND);
    ck_assert_uint_eq(confirm_group(c, "v"), 1);
    ck_assert_uint_eq(confirm_group(c, "w"), 0);
    confirm_scratch_free(s);
    confirm_free(c);
}
END_TEST

START_TEST(confirm_sets_groups_when_there_are_more_than_it_keeps)
{
    struct confirm *c = compiled("(a)(b)(c)(d)(e)(f)", false);
    struct confirm_scratch *s = confirm_scratch_new();
    struct confirm_match m;

    ck_assert_uint_eq(confirm_next(c, s, STR("-abcdef"), 0, &m), RC_OK);
    ck_assert_uint_eq(m.end, 7);
    for (size_t g = 0; g < CONFIRM_GROUPS; g++)
        ck_assert_uint_eq(m.group[2 * g], g + 1);
    confirm_scratch_free(s);
    confirm_free(c);
}
END_TEST

START_TEST(confirm_reads_nothing_past_the_text)
{
    static const char *const regexes[] = {"\\d{4,}", "[a-z]+\\b", "k=.*$", "(?<=a)b(?=c|$)", "x(?!y)"};
    struct confirm_scratch *s = confirm_scratch_new();

    for (size_t r = 0; r < sizeof(regexes) / sizeof(regexes[0]); r++) {
        struct confirm *c = compiled(regexes[r], false);
        struct str whole = STR("k=ab abc 0123456789 x");

        for (size_t n = 1; n <= whole.len; n++) {
            struct guard g;
            struct confirm_match m;
            struct str text = guard_copy(&g, str_sub(whole, 0, n));
            enum rc rc = confirm_next(c, s, text, 0, &m);

            ck_assert(rc == RC_NOT_FOUND || (rc == RC_OK && m.end <= n));
            guard_free(&g);
        }
        confirm_free(c);
    }
    confirm_scratch_free(s);
}
END_TEST

START_TEST(confirm_compile_refuses_with_a_place)
{
    static const struct {
        const char *regex;
        unsigned code, col;
    } rows[] = {
        {"a(b", 440, 14},
        {"[z-a]", 440, 14},
        {"(*UTF)a", 440, 0},
        {"(*UCP)a", 440, 0},
        {"\\C", 440, 0},
        {"a*", 441, 11},
        {"(?=a)", 441, 11},
        {"x|", 441, 11},
        {"(*ACCEPT)b", 441, 11},
        {"ab\\Kc", 442, 13},
        {"a(?C1)b", 442, 0},
        {"a(?R)?", 442, 0},
        {"(a)(?1)", 442, 0},
        {"(?<n>a)(?&n)", 442, 0},
        {"(?<n>a)(?P>n)", 442, 0},
        {"(a)\\g<1>", 442, 14},
        {"(a)\\g'1'", 442, 14},
        {"(a)(?-1)", 442, 0},
        {"[]\\Q]\\E[:alpha:]]\\K", 442, 0},
        {"(?#[)\\Ka", 442, 16},
        {"\\Q[\\E\\Ka", 442, 16},
        {"\\\\\\Ka", 442, 13},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct confirm *c = NULL;
        struct errs es = {0};

        ck_assert_msg(confirm_compile(str_of(rows[i].regex), false, at, &c, &es) == RC_CONFIG, "%s", rows[i].regex);
        ck_assert_ptr_null(c);
        ck_assert_uint_eq(es.count, 1);
        ck_assert_msg(es.list[0].code == rows[i].code, "%s: SG%04u %s", rows[i].regex, es.list[0].code, es.list[0].text);
        ck_assert_str_eq(es.list[0].file, "p.yaml");
        ck_assert_msg(!rows[i].col || es.list[0].col == rows[i].col, "%s: column %u", rows[i].regex, es.list[0].col);
        errs_free(&es);
    }
}
END_TEST

START_TEST(confirm_compile_allows_what_only_looks_refused)
{
    static const char *const rows[] = {
        "[\\\\K]K", "\\\\K", "\\Q\\K\\E", "[(?R)]", "\\(?R", "a(?#(?R)", "(?-i)a", "(?<k>a)\\k<k>", "(a)\\g1", "[\\Q]\\K\\E]", "[[:alpha:](?R)]"};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        confirm_free(compiled(rows[i], false));
}
END_TEST

START_TEST(confirm_compile_limits_the_length)
{
    static char regex[4098];
    struct confirm *c = NULL;
    struct errs es = {0};

    memset(regex, 'a', sizeof(regex));
    ck_assert_uint_eq(confirm_compile((struct str){regex, 4097}, false, at, &c, &es), RC_CONFIG);
    ck_assert_uint_eq(es.list[0].code, 443);
    ck_assert_uint_eq(confirm_compile((struct str){regex, 4096}, false, at, &c, &es), RC_OK);
    ck_assert(confirm_jit(c));
    confirm_free(c);
    errs_free(&es);
}
END_TEST

START_TEST(confirm_is_undecidable_beyond_the_limit)
{
    static char text[4096];
    struct str s = {text, sizeof(text)};

    memset(text, 'a', sizeof(text));
    ck_assert_str_eq(first("(a|aa)+[xy]", false, s), "undecidable");
    ck_assert_str_eq(first("(?:[ab]+)*[cd]", false, s), "undecidable");
    ck_assert_str_eq(first("a+[xy]", false, s), "none");
}
END_TEST

/* Each place where a match may begin costs less than the limit, but there are thousands: no more than so many steps altogether, whatever the pattern. */
START_TEST(confirm_is_undecidable_when_all_places_together_cost_too_much)
{
    static char text[4096];

    memset(text, 'a', sizeof(text));
    ck_assert_str_eq(first_bound("(?:[a-z]|\\d)*[0x]", true, (struct str){text, sizeof(text)}, false), "undecidable");
    ck_assert_str_eq(first_bound("(?:[a-z]|\\d)*[0x]", true, (struct str){text, 50}, false), "none");
    ck_assert_str_eq(first_bound("[a-z]*+[0x]", true, (struct str){text, sizeof(text)}, false), "none");
    ck_assert_str_eq(first("(?:[a-z]|\\d)*[0x]", false, (struct str){text, sizeof(text)}), "none");
}
END_TEST

/* A counter that is undone step by step is no attack. */
START_TEST(confirm_decides_usual_patterns_in_long_texts)
{
    static char text[4096];
    size_t count;
    const struct detector *const *all = detectors_all(&count);
    struct confirm_scratch *s = confirm_scratch_new();

    ck_assert_ptr_nonnull(s);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "GET /api/v1/orders/4711?page=2 200 3f2504e0-4f89 10.1.2.3 user cart-service, SELECT id FROM t; "[i % 94];
    for (size_t i = 0; i < count; i++) {
        struct confirm *c = compiled(all[i]->pattern, all[i]->caseless);
        struct confirm_match m;
        size_t from = 0;
        enum rc rc;

        confirm_bound(c);
        while ((rc = confirm_next(c, s, (struct str){text, sizeof(text)}, from, &m)) == RC_OK)
            from = m.end;
        ck_assert_msg(rc == RC_NOT_FOUND, "%s is undecidable", all[i]->id);
        confirm_free(c);
    }
    confirm_scratch_free(s);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &confirm_finds_the_first_match},
    {"normal", &confirm_works_on_bytes},
    {"normal", &confirm_next_goes_on_from_an_offset},
    {"normal", &confirm_sets_groups_when_there_are_more_than_it_keeps},
    {"malformed", &confirm_reads_nothing_past_the_text},
    {"malformed", &confirm_compile_refuses_with_a_place},
    {"malformed", &confirm_compile_allows_what_only_looks_refused},
    {"limits", &confirm_compile_limits_the_length},
    {"limits", &confirm_is_undecidable_beyond_the_limit},
    {"limits", &confirm_is_undecidable_when_all_places_together_cost_too_much},
    {"limits", &confirm_decides_usual_patterns_in_long_texts},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("confirm", cases);
}
