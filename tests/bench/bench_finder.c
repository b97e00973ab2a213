/*
 * Speed of the candidate finder by number of patterns: ns a text on sample traffic, shares of texts and patterns named, states, bytes, beside PCRE2 one
 * by one. --hostile: ns a byte over alphabets that drive many patterns. --confirm: what PCRE2 takes at most for texts of 4 KiB and 100 kB, for
 * each pattern that takes long. --worst: patterns often named in vain. Usage: bench_finder [--rounds N] [--hostile] [--confirm] [--worst]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/batch.h"
#include "control/sample.h"
#include "policies/detector.h"
#include "policies/engine/confirm_int.h"
#include "policies/engine/finder_int.h"
#include "policies_patterns.h"
#include "policies_walk.h"

#define BATCHES 8
#define PATTERNS_MAX 400
#define ROUNDS_MAX 51
#define REQUEST 6700 /* texts of one request of 512 spans */

static struct str *texts;
static size_t text_count, text_bytes;
static struct finder_pattern patterns[PATTERNS_MAX];
static const char *names[PATTERNS_MAX];
static struct confirm *confirms[PATTERNS_MAX];
static struct confirm_scratch *scratch;
static size_t pattern_count;

static void
must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_finder: %s\n", what);
    exit(70);
}

static double
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void
make_texts(void)
{
    static struct buf body[BATCHES];
    struct arena *ar = arena_new((size_t)1 << 30);
    struct sampler s;

    texts = calloc(1000000, sizeof(*texts));
    must(ar && texts, "memory");
    sampler_init(&s, &(struct sample_options){.seed = 2026, .spans = 512, .personal_permille = 50, .region = "eu-central-1"});
    for (unsigned i = 0; i < BATCHES; i++) {
        struct batch b;

        body[i] = BUF_INIT((size_t)64 << 20);
        must(sampler_batch(&s, &body[i]) == RC_OK && batch_index(buf_str(&body[i]), &batch_limits_default, ar, &b) == RC_OK, "sample");
        for (uint32_t t = 0; t < b.text_count; t++) {
            if (b.texts[t].kind != TEXT_STRING)
                continue;
            texts[text_count] = batch_text_bytes(&b, &b.texts[t]);
            text_bytes += texts[text_count++].len;
        }
    }
}

static void
add_pattern(const char *name, const char *regex, bool caseless, enum finder_kind kind)
{
    struct errs es = {0};

    for (size_t i = 0; i < pattern_count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    must(
        pattern_count < PATTERNS_MAX && confirm_compile(str_of(regex), caseless, (struct err_pos){0}, &confirms[pattern_count], &es) == RC_OK, regex);
    names[pattern_count] = name;
    patterns[pattern_count++] = (struct finder_pattern){.regex = str_of(regex), .caseless = caseless, .kind = kind};
}

/* The detectors that a first policy would have, then the rest, then the patterns of the tests. */
static void
make_patterns(void)
{
    static const char *const leading[] = {"contact.email", "fin.pan", "net.ipv4", "sec.jwt", "us.ssn"};
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    for (size_t l = 0; l < sizeof(leading) / sizeof(leading[0]); l++)
        for (size_t i = 0; i < count; i++)
            if (strcmp(all[i]->id, leading[l]) == 0)
                add_pattern(all[i]->id, all[i]->pattern, all[i]->caseless, all[i]->need_context ? FINDER_WANTS_WORDS : FINDER_PLAIN);
    for (size_t i = 0; i < count; i++)
        if (!all[i]->key_only)
            add_pattern(all[i]->id, all[i]->pattern, all[i]->caseless, all[i]->need_context ? FINDER_WANTS_WORDS : FINDER_PLAIN);
    for (size_t i = 0; i < data_pattern_count && pattern_count < 100; i++)
        add_pattern(data_patterns[i].regex, data_patterns[i].regex, data_patterns[i].caseless, FINDER_PLAIN);
}

struct tally {
    uint64_t named, candidates, matches, limits;
    uint64_t in_vain[PATTERNS_MAX];
};

/* One pass over the texts, with PCRE2 behind the finder or without. Returns: ns a text */
static double
pass(struct finder_tables *t, struct tally *tally, bool with_pcre2)
{
    struct confirm_match m;
    double start = now_ns();

    *tally = (struct tally){0};
    for (size_t i = 0; i < text_count; i++) {
        const uint16_t *ids;
        size_t count = 0;

        if (i % REQUEST == 0)
            finder_budget(t);
        if (finder_scan(t, texts[i], &ids, &count) != RC_OK)
            tally->limits++;
        tally->named += count > 0;
        tally->candidates += count;
        for (size_t k = 0; with_pcre2 && k < count; k++) {
            bool hit = confirm_next(confirms[ids[k]], scratch, texts[i], 0, &m) == RC_OK;

            tally->matches += hit;
            tally->in_vain[ids[k]] += !hit;
        }
    }
    return (now_ns() - start) / (double)text_count;
}

static double
pcre2_alone(size_t n)
{
    struct confirm_match m;
    double start = now_ns();
    size_t done = 0;

    for (size_t i = 0; i < text_count; i += 8, done++)
        for (size_t k = 0; k < n; k++)
            (void)(confirm_next(confirms[k], scratch, texts[i], 0, &m) == RC_OK);
    return (now_ns() - start) / (double)done;
}

static double
percent(uint64_t n)
{
    return 100.0 * (double)n / (double)text_count;
}

static void
bench_texts(size_t n, unsigned rounds, bool worst)
{
    static struct tally tally;
    struct finder *f;
    double alone[ROUNDS_MAX], both[ROUNDS_MAX], start = now_ns();

    must(n <= pattern_count && finder_compile(patterns, n, &f) == RC_OK, "compile");
    double compiled = now_ns();
    struct finder_tables *t = finder_tables_new(f);

    must(t != NULL, "memory");
    double warmed = now_ns();
    size_t warm = finder_stats(t).states;
    double first = pass(t, &tally, false);
    uint64_t limits = tally.limits;

    for (unsigned r = 0; r < rounds; r++) {
        alone[r] = pass(t, &tally, false);
        both[r] = pass(t, &tally, true);
    }
    qsort(alone, rounds, sizeof(alone[0]), by_value);
    qsort(both, rounds, sizeof(both[0]), by_value);
    struct finder_stats s = finder_stats(t);

    printf("%3zu patterns: %5.1f ns/text [%5.1f ..], %.2f ns/B; with PCRE2 %5.1f, PCRE2 alone %5.0f; first pass %5.1f, limits %llu\n", n,
        alone[rounds / 2], alone[0], alone[rounds / 2] * (double)text_count / (double)text_bytes, both[rounds / 2], pcre2_alone(n), first,
        (unsigned long long)limits);
    printf("     texts named %.2f %%, candidates %.2f %% (true %.2f %%); states %zu (warmed up: %zu), %zu KiB, flushes %zu, always %zu; compile %.0f "
           "ms, warm-up %.1f ms\n",
        percent(tally.named), percent(tally.candidates), percent(tally.matches), s.states, warm, s.bytes / 1024, s.flushes, s.always,
        (compiled - start) / 1e6, (warmed - compiled) / 1e6);
    for (size_t k = 0; worst && k < n; k++)
        if (tally.in_vain[k] > text_count / 500)
            printf("     named in vain in %.2f %%: %s\n", percent(tally.in_vain[k]), names[k]);
    finder_tables_free(t);
    finder_free(f);
}

static const struct {
    const char *name, *bytes;
    const char *words; /* space-separated */
} alphabets[] = {
    {"digits space dash", "0123456789 -", NULL},
    {"digits -.:+", "0123456789-.:+", NULL},
    {"digits and separators", "0123456789 -./()+", NULL},
    {"hex", "0123456789abcdef", NULL},
    {"hex : - .", "0123456789abcdef:-.", NULL},
    {"base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", NULL},
    {"capitals and digits", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -", NULL},
    {"letters @ . -", "abcdefgh@.-_ ", NULL},
    {"keywords", NULL,
        "password passwd pwd secret token api_key apikey client_secret access_key bearer basic authorization eyJ ghp_ glpat- xoxb- sk_live_ AKIA "
        "AIza :// = : \" ' @ user . - 1 a &code= ?sig= 23 "
        "-----BEGIN PRIVATE KEY----- account iban ssn"},
    {"any byte", NULL, NULL},
};

static size_t
hostile(struct rng *r, size_t which, char *out, size_t len)
{
    const char *bytes = alphabets[which].bytes, *words = alphabets[which].words;

    for (size_t n = 0; n < len;) {
        if (bytes) {
            out[n++] = bytes[rng_below(r, (uint32_t)strlen(bytes))];
        } else if (!words) {
            out[n++] = (char)rng_below(r, 256);
        } else {
            const char *w = words + rng_below(r, (uint32_t)strlen(words));

            while (w > words && w[-1] != ' ')
                w--;
            while (*w && *w != ' ' && n < len)
                out[n++] = *w++;
            if (rng_below(r, 4) == 0 && n < len)
                out[n++] = ' ';
        }
    }
    return len;
}

static void
bench_hostile(size_t n, size_t len, size_t count)
{
    struct finder *f;
    char *text = malloc(len);

    must(text && finder_compile(patterns, n, &f) == RC_OK, "compile");
    for (size_t a = 0; a < sizeof(alphabets) / sizeof(alphabets[0]); a++) {
        struct finder_tables *t = finder_tables_new(f);
        struct rng r = {a};
        double spent[2] = {0};
        uint64_t limits = 0;
        size_t warm = finder_stats(t).states, named = 0;

        for (size_t pass = 0; pass < 2; pass++) {
            for (size_t i = 0; i < count; i++) {
                const uint16_t *ids;
                size_t found = 0;
                struct str s = {text, hostile(&r, a, text, len)};

                if (i % 64 == 0 || len > 10000)
                    finder_budget(t);
                double start = now_ns();

                limits += finder_scan(t, s, &ids, &found) != RC_OK;
                spent[pass] += now_ns() - start;
                named += found;
            }
        }
        struct finder_stats s = finder_stats(t);

        printf("%3zu patterns, %zu texts of %6zu B  %-22s %7.2f then %6.2f ns/B  states %zu -> %zu  %zu KiB  flushes %zu  limits %llu  named %.1f\n",
            n, count, len, alphabets[a].name, spent[0] / (double)(len * count), spent[1] / (double)(len * count), warm, s.states, s.bytes / 1024,
            s.flushes, (unsigned long long)limits, (double)named / (double)(2 * count));
        finder_tables_free(t);
    }
    finder_free(f);
    free(text);
}

/* The dearest text of a length that repetitions of walks through a pattern, and of parts of them, make for PCRE2. */
static void
bench_confirm(size_t len_all, unsigned tries, double shown_ns)
{
    static char text[100000], unit[WALK_MAX];
    struct rng r = {7};
    double worst_of_all = 0;
    const char *worst_name = "";

    must(len_all <= sizeof(text), "length");

    for (size_t k = 0; k < pattern_count; k++) {
        double worst = 0;
        unsigned undecidable = 0;
        size_t worst_unit = 0;
        static char worst_text[WALK_MAX];

        for (unsigned n = 0; n < tries; n++) {
            size_t len = walk_pattern(&r, patterns[k].regex, patterns[k].caseless, unit);
            size_t from = len ? rng_below(&r, (uint32_t)len) : 0, to = len ? from + 1 + rng_below(&r, (uint32_t)(len - from)) : 0;
            struct confirm_match m;

            if (n % 4 == 0)
                from = 0;
            if (n % 8 == 1)
                to = from + 1;
            if (to <= from || to > len)
                continue;
            for (size_t i = 0; i < len_all; i++)
                text[i] = unit[from + i % (to - from)];
            if (n % 3)
                text[len_all - 1] = n % 3 == 1 ? '!' : ' ';
            double start = now_ns();
            size_t at = 0;
            enum rc rc;

            while ((rc = confirm_next(confirms[k], scratch, (struct str){text, len_all}, at, &m)) == RC_OK)
                at = m.end;
            double took = now_ns() - start;

            undecidable += rc == RC_UNDECIDABLE;
            if (took <= worst)
                continue;
            worst = took;
            worst_unit = to - from < 60 ? to - from : 60;
            memcpy(worst_text, unit + from, worst_unit);
        }
        if (worst > worst_of_all)
            worst_name = names[k];
        worst_of_all = worst > worst_of_all ? worst : worst_of_all;
        if (worst > shown_ns || undecidable)
            printf("%8.0f us  undecidable %3u/%u  %-28.60s  repeated \"%.*s\"\n", worst / 1e3, undecidable, tries, names[k], (int)worst_unit,
                worst_text);
    }
    printf("hostile texts of %zu bytes: the dearest pattern is %s with %.2f ms\n", len_all, worst_name, worst_of_all / 1e6);
}

int
main(int argc, char **argv)
{
    unsigned rounds = 9;
    static const size_t counts[] = {5, 20, 50, 100, 200};
    bool do_hostile = false, do_confirm = false, worst = false;

    for (int i = 1; i < argc; i++) {
        do_hostile |= strcmp(argv[i], "--hostile") == 0;
        worst |= strcmp(argv[i], "--worst") == 0;
        do_confirm |= strcmp(argv[i], "--confirm") == 0;
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = (unsigned)strtoul(argv[++i], NULL, 10);
    }
    must(rounds >= 1 && rounds <= ROUNDS_MAX, "rounds");
    scratch = confirm_scratch_new();
    must(scratch, "memory");
    make_texts();
    make_patterns();
    printf("%zu texts of %.1f bytes, %zu patterns\n", text_count, (double)text_bytes / (double)text_count, pattern_count);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        bench_texts(counts[i], rounds, worst);
    if (do_hostile) {
        bench_hostile(50, 200, 2000);
        bench_hostile(100, 200, 2000);
        bench_hostile(50, 100000, 4);
    }
    if (do_confirm) {
        bench_confirm(4096, 400, 200e3);
        bench_confirm(100000, 24, 20e6);
    }
    return 0;
}
