#include "policies/engine/finder_int.h"

#include <stdio.h>

#include "base_guard.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "policies/detector.h"
#include "policies/engine/confirm_int.h"
#include "policies/engine/finder_piece_int.h"
#include "policies/engine/fold_int.h"
#include "policies_patterns.h"
#include "policies_walk.h"

#define RIG_MAX 500

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
    g->pattern[g->count++] = (struct finder_pattern){.regex = str_of(regex), .caseless = caseless};
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

START_TEST(finder_never_misses_what_detectors_look_for)
{
    static struct rig g;
    struct rng r = {5};
    size_t count, examples = 0;
    const struct detector *const *all = detectors_all(&count);
    char text[WALK_MAX];

    g = (struct rig){0};
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(rig_add(&g, all[i]->pattern, all[i]->caseless), "%s", all[i]->id);
    rig_start(&g);
    for (size_t i = 0; i < count; i++) {
        rig_try(&g, &r, i, rng_rounds(8));
        for (const struct detector_example *e = all[i]->examples; e && e->text; e++, examples++) {
            struct str example = str_of(e->text);

            rig_check(&g, example);
            for (unsigned n = 0; n < 8 && example.len < WALK_MAX / 2; n++) {
                memcpy(text, example.ptr, example.len);
                rig_check(&g, (struct str){text, walk_mutate(&r, text, example.len)});
            }
        }
    }
    ck_assert_uint_gt(examples, count);
    ck_assert_uint_gt(g.matches, examples / 2);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_never_misses_patterns_longer_than_it_follows)
{
    static char regex[3][2000];
    static struct rig g;
    static char text[2000];

    g = (struct rig){0};
    for (int i = 0; i < 300; i++) {
        strcat(regex[0], "\\w");
        strcat(regex[1], i % 2 ? "b" : "[ab]");
        strcat(regex[2], i < 200 ? "(?:a|bc)" : "a?b");
    }
    for (size_t i = 0; i < 3; i++)
        ck_assert(rig_add(&g, regex[i], false));
    rig_start(&g);
    for (size_t len = 290; len < 700; len += len < 310 ? 1 : 97) {
        memset(text, 'b', len);
        rig_check(&g, (struct str){text, len});
        memset(text, 'a', len < 205 ? len : 205);
        rig_check(&g, (struct str){text, len});
        text[len / 2] = ' ';
        rig_check(&g, (struct str){text, len});
    }
    ck_assert_uint_gt(g.matches, 50);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_piece_ends_a_match_where_it_stops_measuring)
{
    char regex[300];
    struct ast t;
    struct piece p;
    struct arena *ar = arena_new((size_t)1 << 24);

    memset(regex, 'a', sizeof(regex));
    for (size_t len = PIECE_DEPTH_MAX - 1; len <= sizeof(regex); len++) {
        ck_assert_uint_eq(ast_parse((struct str){regex, len}, false, &t), RC_OK);
        ck_assert_uint_eq(piece_build(&t, ar, &p), RC_OK);
        ck_assert_msg(
            p.end_depth == (len < PIECE_DEPTH_MAX ? 0 : PIECE_DEPTH_MAX) || (len == PIECE_DEPTH_MAX && p.last.count == 1), "length %zu", len);
        ast_free(&t);
    }
    arena_free(ar);
}
END_TEST

/* Every byte, alone and between others: sets of bytes, boundaries and case are those of PCRE2. */
START_TEST(finder_never_misses_a_single_byte)
{
    static struct rig g;

    g = (struct rig){0};
    for (size_t i = 0; i < syntax_pattern_count; i++)
        rig_add(&g, syntax_patterns[i].regex, syntax_patterns[i].caseless);
    rig_start(&g);
    for (unsigned a = 0; a < 256; a++) {
        char one[] = {(char)a}, two[] = {(char)a, 'a'}, three[] = {'a', (char)a, 'b'}, four[] = {'a', 'b', (char)a};

        rig_check(&g, (struct str){one, 1});
        rig_check(&g, (struct str){two, 2});
        rig_check(&g, (struct str){three, 3});
        rig_check(&g, (struct str){four, 3});
    }
    rig_check(&g, (struct str){NULL, 0});
    rig_stop(&g);
}
END_TEST

static void
rig_add_data(struct rig *g)
{
    *g = (struct rig){0};
    for (size_t i = 0; i < data_pattern_count; i++)
        ck_assert(rig_add(g, data_patterns[i].regex, data_patterns[i].caseless));
    rig_start(g);
}

static struct str
hostile(struct rng *r, char *text, size_t len)
{
    static const char *const alphabets[] = {"0123456789 -", "0123456789-.:+/ ()", "0123456789abcdef:-.", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -"};
    const char *alphabet = alphabets[rng_below(r, 4)];

    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[rng_below(r, (uint32_t)strlen(alphabet))];
    return (struct str){text, len};
}

START_TEST(finder_names_few_of_usual_texts)
{
    static const char *const texts[] = {"GET", "checkout-service", "/api/v1/orders/{id}", "SELECT id, name FROM orders WHERE id = ?",
        "application/json; charset=utf-8", "eu-central-1", "shop.cart.v2.CartService/AddItem", "java.lang.IllegalStateException: cart is closed",
        "2026-11-22T08:12:44.103Z", "node-17.internal"};
    static struct rig g;
    const uint16_t *ids;
    size_t count, named = 0;

    rig_add_data(&g);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_uint_eq(finder_scan(g.tables, str_of(texts[i]), &ids, &count), RC_OK);
        named += count;
    }
    ck_assert_uint_le(named, 1);
    rig_stop(&g);
}
END_TEST

/* Lookahead says nothing to the automata, but what it asks for must be in the text; so must what a pattern asks for by itself. */
START_TEST(finder_leaves_out_what_a_text_cannot_hold)
{
    static const struct {
        const char *text;
        size_t count;
    } texts[] = {{"abcd", 0}, {"abc4", 1}, {"ABCD efgh 5", 1}, {"abcd-ef-gh-ij-kl-mn-op5", 1}, {"abcdefghijklmnopqrstuv", 0},
        {"abcdEfgh4jklmnopqrstuv", 2}, {"abcdEfgh 4 jklmn opqrs tuv", 1}};
    static struct rig g;
    const uint16_t *ids;
    size_t count;

    g = (struct rig){0};
    ck_assert(rig_add(&g, "[a-z]{3}(?=[^0-9]*[0-9])", false));
    ck_assert(rig_add(&g, "(?<![a-zA-Z0-9])(?=[a-z0-9]*+[A-Z])(?=[A-Za-z]*+[0-9])[a-zA-Z0-9]{20,}", false));
    rig_start(&g);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rig_check(&g, str_of(texts[i].text));
        ck_assert_uint_eq(finder_scan(g.tables, str_of(texts[i].text), &ids, &count), RC_OK);
        ck_assert_msg(count == texts[i].count, "%zu in %s", count, texts[i].text);
    }
    rig_stop(&g);
}
END_TEST

START_TEST(finder_names_what_it_does_not_understand_always)
{
    static const char *const unknown[] = {"a(*SKIP)b|c", "x{,3}y", "(a)(?(1)b|c)", "a(*pla:b)", "(?xx)a", "(a)\\10", "[\\Qa\\E]", "(?n)(a)b"};
    static struct rig g;
    const uint16_t *ids;
    size_t count;

    g = (struct rig){0};
    ck_assert(rig_add(&g, "abc", false));
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        rig_add(&g, unknown[i], false);
    rig_start(&g);
    ck_assert_uint_gt(g.count, 5);
    ck_assert(!finder_always(g.finder, 0));
    for (size_t i = 1; i < g.count; i++)
        ck_assert_msg(finder_always(g.finder, i), "%.*s", (int)g.pattern[i].regex.len, g.pattern[i].regex.ptr);
    ck_assert_uint_eq(finder_scan(g.tables, STR("-"), &ids, &count), RC_OK);
    ck_assert_uint_eq(count, g.count - 1);
    ck_assert_uint_eq(ids[0], 1);
    ck_assert_uint_eq(finder_scan(g.tables, STR("abc"), &ids, &count), RC_OK);
    ck_assert_uint_eq(count, g.count);
    ck_assert_uint_eq(finder_stats(g.tables).always, g.count - 1);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_works_without_patterns)
{
    static struct rig g;
    const uint16_t *ids;
    size_t count = 7;

    g = (struct rig){0};
    rig_start(&g);
    ck_assert_uint_eq(finder_scan(g.tables, STR("a text"), &ids, &count), RC_OK);
    ck_assert_uint_eq(count, 0);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_reads_nothing_past_the_text)
{
    static struct rig g;
    struct str whole = STR("mail jane.doe@example.com, 4111 1111 1111 1111, 192.168.0.1");

    rig_add_data(&g);
    for (size_t n = 0; n <= whole.len; n++) {
        struct guard page;
        struct str text = guard_copy(&page, str_sub(whole, 0, n));

        rig_check(&g, text);
        guard_free(&page);
    }
    rig_stop(&g);
}
END_TEST

/* Every pattern there is: more states than tables hold. */
static void
rig_add_all(struct rig *g)
{
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    *g = (struct rig){0};
    for (size_t i = 0; i < count; i++)
        ck_assert(rig_add(g, all[i]->pattern, all[i]->caseless));
    for (size_t i = 0; i < data_pattern_count; i++)
        ck_assert(rig_add(g, data_patterns[i].regex, data_patterns[i].caseless));
    rig_start(g);
}

START_TEST(finder_never_misses_when_tables_are_flushed)
{
    static struct rig g;
    struct rng r = {6};
    char text[256];

    rig_add_all(&g);
    for (unsigned n = 0; n < 20000 && finder_stats(g.tables).flushes < 2; n++) {
        const uint16_t *ids;
        size_t count;

        finder_budget(g.tables);
        ck_assert_uint_eq(finder_scan(g.tables, hostile(&r, text, sizeof(text)), &ids, &count), RC_OK);
        if (n % 64 == 0)
            rig_check(&g, (struct str){text, sizeof(text)});
    }
    ck_assert_uint_ge(finder_stats(g.tables).flushes, 2);
    for (size_t i = 0; i < g.count; i++)
        rig_try(&g, &r, i, 4);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_tables_stay_within_their_cap)
{
    static struct rig g;
    struct rng r = {7};
    char text[256];
    size_t most = 0;

    rig_add_all(&g);
    for (unsigned n = 0; n < 4000; n++) {
        const uint16_t *ids;
        size_t count;

        finder_budget(g.tables);
        ck_assert_uint_eq(finder_scan(g.tables, hostile(&r, text, sizeof(text)), &ids, &count), RC_OK);
        most = finder_stats(g.tables).bytes > most ? finder_stats(g.tables).bytes : most;
    }
    ck_assert_uint_lt(most, 16u << 20);
    rig_stop(&g);
}
END_TEST

START_TEST(finder_says_when_the_budget_is_used_up)
{
    static struct rig g;
    struct rng r = {8};
    char text[256];
    const uint16_t *ids;
    size_t count;
    unsigned n = 0;

    rig_add_all(&g);
    while (n < 60000 && finder_scan(g.tables, hostile(&r, text, sizeof(text)), &ids, &count) == RC_OK)
        n++;
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_lt(n, 60000);
    /* What is known already needs no budget; the text that did not fit is found after a refill. */
    ck_assert_uint_eq(finder_scan(g.tables, STR(""), &ids, &count), RC_OK);
    ck_assert_uint_eq(finder_scan(g.tables, (struct str){text, sizeof(text)}, &ids, &count), RC_LIMIT);
    finder_budget(g.tables);
    ck_assert_uint_eq(finder_scan(g.tables, (struct str){text, sizeof(text)}, &ids, &count), RC_OK);
    rig_check(&g, (struct str){text, sizeof(text)});
    rig_stop(&g);
}
END_TEST

START_TEST(finder_compile_takes_as_many_patterns_as_a_program)
{
    static char regex[1024][32];
    static struct finder_pattern patterns[1024];
    struct finder *f = NULL;
    const uint16_t *ids;
    size_t count;

    for (size_t i = 0; i < 1024; i++) {
        snprintf(regex[i], sizeof(regex[i]), "\\bkey%04zu=[0-9]{4}", i);
        patterns[i] = (struct finder_pattern){.regex = str_of(regex[i]), .caseless = i % 2 == 0};
    }
    ck_assert_uint_eq(finder_compile(patterns, 1024, &f), RC_OK);
    struct finder_tables *t = finder_tables_new(f);

    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(finder_scan(t, STR("key0007=1234 KEY1000=1234"), &ids, &count), RC_OK);
    ck_assert(named(ids, count, 7) && named(ids, count, 1000) && !named(ids, count, 700));
    finder_tables_free(t);
    finder_free(f);
}
END_TEST

START_TEST(finder_fails_cleanly_when_memory_ends)
{
    static const struct finder_pattern patterns[] = {{.regex = STR("[a-z]+@(?:[a-z]+\\.)+[a-z]{2,}")}, {.regex = STR("\\b(?:\\d[ -]?){12,18}\\d\\b")},
        {.regex = STR("(a|b)\\1(?=c)"), .caseless = true}};
    bool failed = true;

    for (long n = 1; failed && nomem_round(n); n++) {
        struct finder *f = NULL;
        enum rc rc = finder_compile(patterns, 3, &f);

        failed = nomem_end();
        ck_assert_msg(rc == (failed ? RC_NOMEM : RC_OK) && (f != NULL) == (rc == RC_OK), "allocation %ld: %s", n, rc_label(rc));
        finder_free(f);
    }
    struct finder *f = NULL;

    ck_assert_uint_eq(finder_compile(patterns, 3, &f), RC_OK);
    failed = true;
    for (long n = 1; failed && nomem_round(n); n++) {
        struct finder_tables *t = finder_tables_new(f);

        failed = nomem_end();
        ck_assert((t == NULL) == failed);
        finder_tables_free(t);
    }
    finder_free(f);
}
END_TEST

/* ---- the sieve ---- */

/* A text that mixes what patterns look for: runs of one alphabet after another. */
static size_t
mixed(struct rng *r, char *out, size_t len)
{
    static const char *const alphabets[] = {
        "0123456789", "0123456789 -./", "abcdefghijklmnopqrstuvwxyz", "ABCDEFXYZ", "@:-.=_/+ %&\\|<>[]{}`~", "0123456789abcdef"};

    for (size_t n = 0; n < len;) {
        size_t kind = rng_below(r, 8), run = 1 + rng_below(r, 24);

        for (; run && n < len; run--)
            out[n++] = kind < 6 ? alphabets[kind][rng_below(r, (uint32_t)strlen(alphabets[kind]))] : (char)rng_below(r, kind == 6 ? 128 : 256);
    }
    return len;
}

START_TEST(sieve_shows_the_same_with_and_without_vectors)
{
    struct guard g;
    struct rng r = {11};
    char text[SIEVE_TEXT_MAX + 4];

    for (uint64_t n = 0; n < rng_rounds(8000); n++) {
        size_t len = mixed(&r, text, n % 3 ? rng_below(&r, 40) : rng_below(&r, n % 32 ? 300 : sizeof(text)));
        struct str s = guard_copy(&g, (struct str){text, len});
        uint64_t a = sieve_text(s), b = sieve_text_plain(s);

        ck_assert_msg(a == b, "\"%s\": %lx, %lx", shown((struct str){text, len}), a, b);
        guard_free(&g);
    }
}
END_TEST

/* What runs of a kind are worth, counted one by one. */
struct counted_run {
    size_t now, most, mixed;
    bool digit;
};

static void
count_run(struct counted_run *c, bool is, bool digit)
{
    c->now = is ? c->now + 1 : 0;
    c->digit = is && (c->digit || digit);
    c->most = c->now > c->most ? c->now : c->most;
    c->mixed = c->digit && c->now > c->mixed ? c->now : c->mixed;
}

static uint64_t
runs_there(const char *text, size_t len)
{
    struct counted_run base64 = {0}, word = {0}, hex = {0};
    uint64_t there = 0;

    for (size_t i = 0; i < len; i++) {
        struct sieve_sign s = sieve_sign((unsigned char)text[i]), before = sieve_sign(i ? (unsigned char)text[i - 1] : 0);

        count_run(&base64, s.base64, s.digit);
        count_run(&word, s.word, s.digit);
        count_run(&hex, s.hex, false);
        there |= s.word && before.word && s.digit != before.digit ? SIEVE_BIT(SIEVE_BESIDE) : 0;
    }
    there |= (uint64_t)(word.mixed >= 7) << SIEVE_MIXED_7 | (uint64_t)(word.mixed >= 9) << SIEVE_MIXED_9;
    there |= (uint64_t)(word.mixed >= 14) << SIEVE_MIXED_14 | (uint64_t)(base64.mixed >= 20) << SIEVE_MIXED_20;
    there |= sieve_steps(&sieve_base64, SIEVE_BASE64, base64.most) | sieve_steps(&sieve_word, SIEVE_WORD, word.most);
    return there | (uint64_t)(hex.most >= 12) << SIEVE_HEX_12;
}

/* Counted one by one. More may be shown, never less. */
START_TEST(sieve_shows_at_least_what_is_there)
{
    struct rng r = {12};
    char text[SIEVE_TEXT_MAX + 4], out[SIEVE_TEXT_MAX + 4];

    for (uint64_t n = 0; n < rng_rounds(20000); n++) {
        size_t len = mixed(&r, text, n % 3 ? rng_below(&r, 40) : rng_below(&r, n % 32 ? 300 : sizeof(text)));
        size_t digits = 0, upper = 0, joined = 0, most = 0;
        uint64_t there = runs_there(text, len), now = sieve_text((struct str){text, len});
        struct decode_run run;
        size_t decoded;

        for (size_t i = 0; i < len; i++) {
            struct sieve_sign s = sieve_sign((unsigned char)text[i]);

            there |= s.bits;
            digits += s.digit;
            upper += s.upper;
            joined = s.join ? joined + s.digit : 0;
            most = joined > most ? joined : most;
        }
        there |= sieve_steps(&sieve_digits, SIEVE_DIGITS, digits) | sieve_steps(&sieve_length, SIEVE_LENGTH, len);
        there |= sieve_steps(&sieve_joined, SIEVE_JOINED, most) | (uint64_t)(upper >= 1) << SIEVE_UPPER | (uint64_t)(upper >= 4) << SIEVE_UPPER_4;
        ck_assert_msg((there & ~now) == 0, "\"%s\": %lx lacks of %lx", shown((struct str){text, len}), now, there);
        if (len <= SIEVE_TEXT_MAX)
            ck_assert_msg(now == there, "\"%s\" shows more: %lx, %lx", shown((struct str){text, len}), now, there);
        ck_assert(now & SIEVE_BIT(SIEVE_FOLDS) || !fold_wanted((struct str){text, len}));
        ck_assert(now & SIEVE_BIT(SIEVE_BASE64) || !decode_next((struct str){text, len}, 0, &run, out, &decoded));
    }
}
END_TEST

START_TEST(sieve_shows_integers_as_texts)
{
    char text[32];

    for (int64_t n = 1; n > 0; n = n > INT64_MAX / 10 ? 0 : n * 10) {
        for (int sign = -1; sign <= 1; sign += 2) {
            size_t len = (size_t)snprintf(text, sizeof(text), "%lld", (long long)(sign * (n + n / 3)));

            ck_assert((sieve_text((struct str){text, len}) & ~sieve_integer(len)) == 0);
        }
    }
    ck_assert((sieve_text(STR("-9223372036854775808")) & ~sieve_integer(20)) == 0);
}
END_TEST

START_TEST(sieve_bytes_are_what_they_look_like)
{
    for (unsigned c = 0; c < 256; c++) {
        struct sieve_sign s = sieve_sign((unsigned char)c);
        char text[2] = {(char)c};

        ck_assert_int_eq(s.digit, c >= '0' && c <= '9');
        ck_assert_int_eq(s.hex, c && strchr("0123456789abcdefABCDEF-.:", (int)c) != NULL);
        ck_assert_int_eq(s.upper, c >= 'A' && c <= 'Z');
        ck_assert_int_eq(s.word, s.digit || (c < 128 && ((c | 32) >= 'a' && (c | 32) <= 'z')));
        ck_assert_int_eq(s.base64, s.word || (c && strchr("+-/;=?[]_", (int)c) != NULL));
        ck_assert_int_eq(s.join, s.digit || (c && strchr(" ()*+,-./", (int)c) != NULL));
        ck_assert_int_eq(!!(s.bits & SIEVE_BIT(SIEVE_HIGH)), c >= 128);
        ck_assert_int_eq(!!(s.bits & SIEVE_BIT(SIEVE_LETTER)), s.word && !s.digit);
        ck_assert_int_eq(!!(s.bits & SIEVE_BIT(SIEVE_AT)), c == '@');
        ck_assert_int_eq(!!(s.bits & SIEVE_BIT(SIEVE_LOW)), c == '_');
        ck_assert_int_eq(!!(s.bits & SIEVE_BIT(SIEVE_CONTROL)), c < ' ');
        ck_assert(s.bits & SIEVE_BIT(SIEVE_FOLDS) || !fold_wanted((struct str){text, 1}));
        if (c >= 32 && c < 64 && !(SIEVE_NO_MARKS >> (c - 32) & 1))
            ck_assert_uint_eq(s.bits & 0xFFFFFFFF, (uint64_t)1 << (c - 32));
        else
            ck_assert_uint_eq(s.bits & 0xFFFFFFFF, 0);
    }
}
END_TEST

START_TEST(finder_leaves_out_only_what_wants_context_when_told_so)
{
    static struct rig g;
    struct rng r = {13};
    size_t count, left_out = 0;
    const struct detector *const *all = detectors_all(&count);
    char text[WALK_MAX];

    g = (struct rig){0};
    for (size_t i = 0; i < count; i++) {
        ck_assert(rig_add(&g, all[i]->pattern, all[i]->caseless));
        g.pattern[g.count - 1].kind = all[i]->need_context ? FINDER_WANTS_WORDS : FINDER_PLAIN;
    }
    rig_start(&g);
    for (size_t i = 0; i < count; i++) {
        for (uint64_t n = 0; n < rng_rounds(6); n++) {
            struct str s = {text, walk_pattern(&r, g.pattern[i].regex, g.pattern[i].caseless, text)};
            uint64_t now = sieve_text(s);
            const uint16_t *ids;
            uint16_t with[RIG_MAX];
            size_t found, without, kept = 0;

            rig_check(&g, s);
            unsigned open = finder_open(g.tables, now);

            ck_assert_int_eq(finder_scan(g.tables, s, &ids, &found), RC_OK);
            memcpy(with, ids, found * sizeof(*ids));
            finder_begin(g.tables);
            ck_assert_int_eq(finder_walk(g.tables, s, open & FINDER_SET_PLAIN), RC_OK);
            finder_hits(g.tables, g.count, &ids, &without);
            for (size_t k = 0; k < found; k++) {
                bool wants = g.pattern[with[k]].kind == FINDER_WANTS_WORDS, kept_now = named(ids, without, with[k]);

                ck_assert(wants || kept_now);
                ck_assert(kept_now || open & FINDER_SET_WANTS);
                kept += kept_now;
            }
            ck_assert_uint_eq(kept, without);
            left_out += found - without;
        }
    }
    ck_assert_uint_gt(left_out, 100);
    rig_stop(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &finder_never_misses_data},
    {"normal", &finder_never_misses_any_syntax},
    {"normal", &finder_never_misses_invented_patterns},
    {"normal", &finder_walks_match_their_pattern},
    {"normal", &finder_leaves_out_only_what_wants_context_when_told_so},
    {"normal", &sieve_shows_the_same_with_and_without_vectors},
    {"normal", &sieve_shows_at_least_what_is_there},
    {"normal", &sieve_shows_integers_as_texts},
    {"normal", &sieve_bytes_are_what_they_look_like},
    {"normal", &finder_never_misses_what_detectors_look_for},
    {"normal", &finder_never_misses_a_single_byte},
    {"normal", &finder_names_few_of_usual_texts},
    {"normal", &finder_leaves_out_what_a_text_cannot_hold},
    {"normal", &finder_names_what_it_does_not_understand_always},
    {"normal", &finder_works_without_patterns},
    {"malformed", &finder_reads_nothing_past_the_text},
    {"limits", &finder_piece_ends_a_match_where_it_stops_measuring},
    {"limits", &finder_never_misses_patterns_longer_than_it_follows},
    {"limits", &finder_never_misses_when_tables_are_flushed},
    {"limits", &finder_tables_stay_within_their_cap},
    {"limits", &finder_says_when_the_budget_is_used_up},
    {"limits", &finder_compile_takes_as_many_patterns_as_a_program},
    {"nomem", &finder_fails_cleanly_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("finder", cases);
}
