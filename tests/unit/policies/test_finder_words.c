/* Context words in the finder: what they ask for, and that a word that counts is found. */
#include <stdio.h>
#include <stdlib.h>

#include "base_suite.h"
#include "policies/engine/program_int.h"
#include "policies_program.h"

/* Numbers of the patterns: one that needs no words, three that want some, then their words. */
START_TEST(finder_words_ask_for_the_automaton_of_those_that_want_them)
{
    static const struct finder_pattern list[] = {{STR("[0-9]{3}-[0-9]{2}"), false, FINDER_PLAIN, 0}, {STR("[0-9]{5}"), false, FINDER_WANTS_WORDS, 0},
        {STR("[A-Z]{4}-[0-9]+"), false, FINDER_WANTS_WORDS, 0}, {STR("[a-z]*"), false, FINDER_WANTS_WORDS, 0},
        {STR("postcode|plz"), true, FINDER_WORDS_NEEDED, 1}, {STR("ticket"), true, FINDER_WORDS_NEEDED, 2},
        {STR("slug"), true, FINDER_WORDS_NEEDED, 3}, {STR("card"), true, FINDER_WORDS, 0}};
    static const struct {
        const char *text;
        bool first, second;
    } given[] = {{"the plz", true, false}, {"Ticket", false, true}, {"plz, ticket", true, true}, {"slug", false, false}, {"card", false, false},
        {"12345", false, false}};
    struct finder *f = NULL;

    ck_assert_int_eq(finder_compile(list, sizeof(list) / sizeof(list[0]), &f), RC_OK);
    struct finder_tables *t = finder_tables_new(f);

    ck_assert_ptr_nonnull(t);
    ck_assert(finder_asked_by(f, 4) & FINDER_SET_WANTS && finder_asked_by(f, 5) & FINDER_SET_WANTS);
    ck_assert_uint_eq(finder_asked_by(f, 6), 0); /* its pattern is tried on every text */
    ck_assert_uint_eq(finder_asked_by(f, 7), 0);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        struct str text = str_of(given[i].text);

        finder_begin(t);
        ck_assert_int_eq(finder_walk(t, text, finder_open(t, sieve_text(text)) & FINDER_SET_WORDS), RC_OK);
        ck_assert_uint_eq(finder_asked(t), (given[i].first ? finder_asked_by(f, 4) : 0) | (given[i].second ? finder_asked_by(f, 5) : 0));
    }
    finder_tables_free(t);
    finder_free(f);
}
END_TEST

/* What stands around a word: letters, digits and marks, and an s before those behind it. */
static void
check_word(struct finder_tables *t, const struct pattern *p, const char *word, size_t *stand)
{
    static const char *const before[] = {" ", "x", "7"};
    static const char behind[] = "abcdefghijklmnopqrstuvwxyzASZ09 _-=.\xc3";
    char text[256];

    for (size_t b = 0; b < sizeof(before) / sizeof(before[0]); b++) {
        for (size_t c = 0; c <= 2 * strlen(behind); c++) { /* at last: nothing */
            int len = snprintf(text, sizeof(text), "%s%s%s%c", before[b], word, c % 2 ? "s" : "", behind[c / 2]);
            struct str s = {text, (size_t)len - (behind[c / 2] == '\0')};

            if (!detector_context(&p->det, STR(""), s, s.len))
                continue;
            finder_begin(t);
            ck_assert_int_eq(finder_walk(t, s, finder_open(t, sieve_text(s)) & FINDER_SET_WORDS), RC_OK);
            ck_assert_msg(finder_found(t, p->words), "%s: \"%s\" in \"%.*s\"", p->det.id, word, len, text);
            ++*stand;
        }
    }
}

START_TEST(finder_finds_every_context_word_that_counts)
{
    char yaml[65536];
    size_t stand = 0;

    snprintf(yaml, sizeof(yaml), "%s  mode: enforce\n  rules:\n    - {id: all, use: [%s], action: drop}\n", POLICY("all"), program_names());
    struct program *prog = program_of(yaml);
    struct finder_tables *t = finder_tables_new(prog->finder);

    ck_assert_ptr_nonnull(t);
    for (size_t i = 0; i < prog->finder_count; i++) {
        const struct pattern *p = &prog->patterns[prog->finder_patterns[i]];

        for (const char *const *w = p->det.context; p->words != NO_WORDS && *w; w++) {
            char form[64];
            size_t len = strlen(*w);

            ck_assert_uint_lt(len, sizeof(form));
            for (unsigned upper = 0; upper < 3; upper++) { /* small, Capital, all capitals */
                for (size_t k = 0; k <= len; k++)
                    form[k] = (*w)[k] >= 'a' && (*w)[k] <= 'z' && (upper == 2 || (upper == 1 && k == 0)) ? (char)((*w)[k] - 32) : (*w)[k];
                finder_budget(t);
                check_word(t, p, form, &stand);
            }
        }
    }
    ck_assert_uint_gt(stand, 10000);
    finder_tables_free(t);
    program_unref(prog);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &finder_words_ask_for_the_automaton_of_those_that_want_them},
    {"normal", &finder_finds_every_context_word_that_counts},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("finder_words", cases);
}
