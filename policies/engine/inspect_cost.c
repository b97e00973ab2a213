#include <stdlib.h>

#include "policies/inspect.h"
#include "program_int.h"

#define SCRATCH_WORK ((uint64_t)64 << 20)
#define STRESS_SURE_NS 100000u

struct inspector {
    struct program *p;
    struct finder_tables *tables;
    struct confirm_scratch *scratch;
    struct pattern_cost *costs;
    struct scanner_cost *scanners;
    uint64_t texts, bytes, finder_ns;
};

struct inspector *
inspector_new(struct program *p)
{
    struct inspector *in = calloc(1, sizeof(*in));

    if (!in)
        return NULL;
    in->p = program_ref(p);
    in->tables = finder_tables_new(p->finder);
    in->scratch = confirm_scratch_new();
    in->costs = calloc(p->pattern_count + 1, sizeof(*in->costs));
    in->scanners = calloc(p->use_count + 1, sizeof(*in->scanners));
    for (size_t i = 0; in->scanners && i < p->use_count; i++)
        in->scanners[i] = (struct scanner_cost){.scanner = p->uses[i].scanner->name, .rule = p->uses[i].rule};
    if (in->tables && in->scratch && in->costs && in->scanners)
        return in;
    inspector_free(in);
    return NULL;
}

void
inspector_free(struct inspector *in)
{
    if (!in)
        return;
    free(in->costs);
    free(in->scanners);
    confirm_scratch_free(in->scratch);
    finder_tables_free(in->tables);
    program_unref(in->p);
    free(in);
}

/* Count the confirmed matches of a pattern in a text. */
static enum rc
run(struct inspector *in, size_t pattern, struct str key, struct str text, uint64_t *matches)
{
    const struct pattern *p = &in->p->patterns[pattern];
    uint64_t work = SCRATCH_WORK;
    struct pattern_text t = {.text = text, .key = key, .key_context = p->det.context && detector_key_context(&p->det, key), .work = &work};
    size_t from = 0;
    struct match m;
    enum rc rc;

    while ((rc = pattern_next(p, in->scratch, &t, from, &m)) == RC_OK) {
        ++*matches;
        from = m.end;
    }
    return rc;
}

static enum rc
on_value(void *to, enum scan_kind kind, size_t start, size_t end)
{
    struct scanner_cost *c = to;

    (void)kind, (void)start, (void)end;
    c->values++;
    return RC_OK;
}

static void
run_scanners(struct inspector *in, struct str key, struct str text, uint64_t (*now_ns)(void))
{
    for (size_t i = 0; i < in->p->use_count; i++) {
        const struct scan_use *u = &in->p->uses[i];
        struct scanner_cost *c = &in->scanners[i];
        struct scan_out out = {.add = on_value, .to = c};
        const struct scan_in what = {.text = text, .key = key};

        if (!globs_match(&u->keys, key))
            continue;
        uint64_t start = now_ns();

        (void)u->scanner->scan(&what, &out);
        c->ns += now_ns() - start;
        c->texts++;
    }
}

void
inspector_text(struct inspector *in, struct str key, struct str text, uint64_t (*now_ns)(void))
{
    const struct program *p = in->p;
    const uint16_t *ids;
    size_t count = 0;

    in->texts++;
    in->bytes += text.len;
    finder_budget(in->tables);
    uint64_t start = now_ns();
    enum rc rc = finder_scan(in->tables, text, &ids, &count);

    in->finder_ns += now_ns() - start;
    for (size_t i = 0; rc == RC_OK && i < count && ids[i] < p->finder_count; i++) {
        size_t pattern = p->finder_patterns[ids[i]];
        struct pattern_cost *c = &in->costs[pattern];

        c->candidates++;
        start = now_ns();
        (void)run(in, pattern, key, text, &c->matches);
        c->ns += now_ns() - start;
    }
    for (size_t i = 0; i < p->key_pattern_count; i++) {
        struct pattern_cost *c = &in->costs[p->key_patterns[i]];

        if (!detector_key_context(&p->patterns[p->key_patterns[i]].det, key))
            continue;
        c->candidates++;
        start = now_ns();
        (void)run(in, p->key_patterns[i], key, text, &c->matches);
        c->ns += now_ns() - start;
    }
    for (size_t i = 0; i < p->pattern_count; i++)
        in->costs[i].texts++;
    run_scanners(in, key, text, now_ns);
}

/* ---- hostile texts ---- */

/* A run that was interrupted says nothing: what looks slow is tried again, and the best of a few counts. */
static void
stress_one(struct inspector *in, size_t pattern, const char *text, uint64_t (*now_ns)(void))
{
    struct pattern_cost *c = &in->costs[pattern];
    uint64_t best = UINT64_MAX;
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < 5 && best > STRESS_SURE_NS && best > c->stress_ns; i++) {
        uint64_t matches = 0, start = now_ns();

        rc = run(in, pattern, STR(""), (struct str){text, INSPECT_STRESS_BYTES}, &matches);
        uint64_t ns = now_ns() - start;

        best = ns < best ? ns : best;
    }
    if (rc == RC_UNDECIDABLE)
        c->undecidable = true;
    if (best > c->stress_ns)
        c->stress_ns = best;
}

struct stress {
    struct inspector *in;
    size_t pattern;
    uint64_t (*now_ns)(void);
    char last; /* a byte that the pattern may ask for: PCRE2 gives up at once where it is not there */
};

/* unit over and over; then with a byte that ends no match at the end; then with the last literal behind that byte. */
static void
stress_run(const struct stress *s, struct str unit)
{
    char text[INSPECT_STRESS_BYTES];

    if (unit.len == 0)
        return;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = unit.ptr[i % unit.len];
    stress_one(s->in, s->pattern, text, s->now_ns);
    text[sizeof(text) - 1] = '\x01';
    stress_one(s->in, s->pattern, text, s->now_ns);
    text[sizeof(text) - 2] = '\x01';
    text[sizeof(text) - 1] = s->last;
    stress_one(s->in, s->pattern, text, s->now_ns);
}

/* What the pattern itself is made of: "abc7.x" of "abc\d+\.x". */
static size_t
literals_of(struct str re, char *unit, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < re.len && n < size; i++) {
        char c = re.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(" @:/=-_.,\"'", c)))
            unit[n++] = c;
        else if (c == '\\' && i + 1 < re.len)
            unit[n++] = re.ptr[++i] == 'd' ? '7' : re.ptr[i] == 'w' ? 'w' : re.ptr[i] == 's' ? ' ' : re.ptr[i];
    }
    return n;
}

void
inspector_stress(struct inspector *in, size_t pattern, uint64_t (*now_ns)(void))
{
    static const char *const units[] = {
        "a ", "1 ", "1-", "1.", "a.", "a@", "a@a.", "a=", "a:", "aA1", "%41", "http://", "-----BEGIN ", "1,", "a\n", "\xC3\xA9"};
    const struct pattern *p = &in->p->patterns[pattern];
    char unit[256];
    size_t n = literals_of(p->regex, unit, sizeof(unit));
    const struct stress s = {in, pattern, now_ns, n ? unit[n - 1] : '\x01'};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        stress_run(&s, str_of(units[i]));
    for (char c = ' '; c < 0x7F; c++)
        stress_run(&s, (struct str){&c, 1});
    stress_run(&s, (struct str){unit, n});
    for (const struct detector_example *e = p->det.examples; e && e->text; e++) {
        struct str text = str_of(e->text);

        stress_run(&s, text);
        if (text.len > 1)
            stress_run(&s, str_sub(text, 0, text.len - 1));
    }
}

const struct scanner_cost *
inspector_scanners(const struct inspector *in, size_t *count)
{
    *count = in->p->use_count;
    return in->scanners;
}

const struct pattern_cost *
inspector_costs(const struct inspector *in, uint64_t *texts, uint64_t *bytes, uint64_t *finder_ns)
{
    *texts = in->texts;
    *bytes = in->bytes;
    *finder_ns = in->finder_ns;
    return in->costs;
}
