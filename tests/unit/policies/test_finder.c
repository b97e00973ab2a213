#include "policies/engine/finder_int.h"

#include <stdio.h>

#include "base_guard.h"
#include "base_suite.h"
#include "policies/engine/confirm_int.h"
#include "policies_patterns.h"
#include "policies_walk.h"

#define RIG_MAX 400

/* Patterns in the finder and in PCRE2: what PCRE2 matches the finder must have named. */
struct rig {
    struct finder_pattern pattern[RIG_MAX];
    struct confirm *confirm[RIG_MAX];
    size_t count;
    struct finder *finder;
    struct finder_tables *tables;
    struct confirm_scratch *scratch;
    uint64_t pairs, matches, candidates;
};

static bool
rig_add(struct rig *g, const char *regex, bool caseless)
{
    struct errs es = {0};
    enum rc rc = confirm_compile(str_of(regex), caseless, (struct err_pos){0}, &g->confirm[g->count], &es);

    errs_free(&es);
    if (rc != RC_OK)
        return false;
    ck_assert_uint_lt(g->count, RIG_MAX);
    g->pattern[g->count++] = (struct finder_pattern){str_of(regex), caseless};
    return true;
}

static void
rig_start(struct rig *g)
{
    ck_assert_uint_eq(finder_compile(g->pattern, g->count, &g->finder), RC_OK);
    g->tables = finder_tables_new(g->finder);
    g->scratch = confirm_scratch_new();
    ck_assert(g->tables && g->scratch);
}

static void
rig_stop(struct rig *g)
{
    finder_tables_free(g->tables);
    finder_free(g->finder);
    confirm_scratch_free(g->scratch);
    for (size_t i = 0; i < g->count; i++)
        confirm_free(g->confirm[i]);
    *g = (struct rig){.pairs = g->pairs, .matches = g->matches, .candidates = g->candidates};
}

static const char *
shown(struct str text)
{
    static char out[4 * WALK_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < text.len && i < WALK_MAX; i++)
        n += (size_t)snprintf(out + n, 5, text.ptr[i] > 32 && text.ptr[i] < 127 ? "%c" : "\\x%02x", (unsigned char)text.ptr[i]);
    out[n] = '\0';
    return out;
}

static bool
named(const uint16_t *ids, size_t count, size_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void
rig_check(struct rig *g, struct str text)
{
    const uint16_t *ids = NULL;
    size_t count = 0;
    struct confirm_match m;

    finder_budget(g->tables);
    enum rc found = finder_scan(g->tables, text, &ids, &count);

    ck_assert(found == RC_OK || found == RC_LIMIT);
    for (size_t i = 0; found == RC_OK && i < count; i++)
        ck_assert_msg(ids[i] < g->count && (i == 0 || ids[i] > ids[i - 1]), "ids not ascending");
    for (size_t i = 0; i < g->count; i++) {
        enum rc rc = confirm_next(g->confirm[i], g->scratch, text, 0, &m);

        ck_assert_msg(rc != RC_OK || found == RC_LIMIT || named(ids, count, i), "missed by the finder: /%.*s/%s in \"%s\"",
            (int)g->pattern[i].regex.len, g->pattern[i].regex.ptr, g->pattern[i].caseless ? "i" : "", shown(text));
        g->matches += rc == RC_OK;
    }
    g->pairs += g->count;
    g->candidates += count;
}

/* Texts made from one pattern, shown to all patterns of the rig. Returns: how many of its walks matched it */
static unsigned
rig_try(struct rig *g, struct rng *r, size_t of, uint64_t texts)
{
    char text[WALK_MAX];
    struct confirm_match m;
    unsigned hits = 0;

    for (uint64_t n = 0; n < texts; n++) {
        size_t len = n % 4 == 3 ? walk_alphabet(r, g->pattern[of].regex, text) : walk_pattern(r, g->pattern[of].regex, g->pattern[of].caseless, text);

        if (n % 4 == 0)
            hits += confirm_next(g->confirm[of], g->scratch, (struct str){text, len}, 0, &m) == RC_OK;
        else
            len = walk_mutate(r, text, len);
        rig_check(g, (struct str){text, len});
    }
    return hits;
}

static void
try_list(const struct sample_pattern *list, size_t count, uint64_t seed, unsigned joined_texts)
{
    static struct rig g, all;
    struct rng r = {seed};
    uint64_t texts = rng_rounds(400);

    all = (struct rig){0};
    for (size_t i = 0; i < count; i++) {
        g = (struct rig){.pairs = g.pairs};
        ck_assert_msg(rig_add(&g, list[i].regex, list[i].caseless), "PCRE2 refuses /%s/", list[i].regex);
        ck_assert(rig_add(&all, list[i].regex, list[i].caseless));
        rig_start(&g);
        rig_try(&g, &r, 0, texts);
        rig_stop(&g);
    }
    rig_start(&all);
    for (size_t i = 0; i < count; i++)
        rig_try(&all, &r, i, rng_rounds(joined_texts));
    ck_assert_uint_gt(g.pairs + all.pairs, 100000);
    ck_assert_uint_gt(all.matches, 1000);
    rig_stop(&all);
}

START_TEST(finder_never_misses_data)
{
    try_list(data_patterns, data_pattern_count, 1, 40);
}
END_TEST

START_TEST(finder_never_misses_any_syntax)
{
    try_list(syntax_patterns, syntax_pattern_count, 2, 20);
}
END_TEST

START_TEST(finder_never_misses_invented_patterns)
{
    static char regex[8][WALK_MAX];
    static struct rig g;
    struct rng r = {3};
    uint64_t pairs = 0, matches = 0;

    for (uint64_t n = 0; n < rng_rounds(1500); n++) {
        g = (struct rig){0};
        for (size_t i = 0; i < 8 && g.count < 1 + n % 5; i++) {
            walk_invent(&r, regex[i]);
            rig_add(&g, regex[i], rng_below(&r, 4) == 0);
        }
        if (g.count == 0)
            continue;
        rig_start(&g);
        for (size_t i = 0; i < g.count; i++)
            rig_try(&g, &r, i, 24);
        rig_stop(&g);
        pairs += g.pairs;
        matches += g.matches;
    }
    ck_assert_uint_gt(pairs, 150000);
    ck_assert_uint_gt(matches, pairs / 20);
}
END_TEST

/* If the walks did not match, the tests above would prove nothing. */
START_TEST(finder_walks_match_their_pattern)
{
    static struct rig g;
    struct rng r = {4};

    for (size_t i = 0; i < data_pattern_count; i++) {
        g = (struct rig){0};
        ck_assert(rig_add(&g, data_patterns[i].regex, data_patterns[i].caseless));
        rig_start(&g);
        unsigned hits = rig_try(&g, &r, 0, 400);

        ck_assert_msg(hits >= 2, "/%s/: %u of 100 walks match", data_patterns[i].regex, hits);
        rig_stop(&g);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &finder_never_misses_data},
    {"normal", &finder_never_misses_any_syntax},
    {"normal", &finder_never_misses_invented_patterns},
    {"normal", &finder_walks_match_their_pattern},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("finder", cases);
}
