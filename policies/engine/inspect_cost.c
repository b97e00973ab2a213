#include <stdlib.h>

#include "policies/inspect.h"
#include "program_int.h"

#define SCRATCH_WORK ((uint64_t)64 << 20)

struct inspector {
    struct program *p;
    struct finder_tables *tables;
    struct confirm_scratch *scratch;
    struct pattern_cost *costs;
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
    if (in->tables && in->scratch && in->costs)
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
}

/* ---- hostile texts ---- */

static void
stress_one(struct inspector *in, size_t pattern, const char *text, uint64_t (*now_ns)(void))
{
    struct pattern_cost *c = &in->costs[pattern];
    uint64_t matches = 0, start = now_ns();
    enum rc rc = run(in, pattern, STR(""), (struct str){text, INSPECT_STRESS_BYTES}, &matches);
    uint64_t ns = now_ns() - start;

    if (rc == RC_UNDECIDABLE)
        c->undecidable = true;
    if (ns > c->stress_ns)
        c->stress_ns = ns;
}

/* unit over and over, a byte that ends no match at the end. */
static void
stress_run(struct inspector *in, size_t pattern, struct str unit, uint64_t (*now_ns)(void))
{
    char text[INSPECT_STRESS_BYTES];

    if (unit.len == 0)
        return;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = unit.ptr[i % unit.len];
    stress_one(in, pattern, text, now_ns);
    text[sizeof(text) - 1] = '\x01';
    stress_one(in, pattern, text, now_ns);
}

/* Runs of literals that the pattern itself is made of: "abc" of "abc[0-9]+\.x". */
static void
stress_literals(struct inspector *in, size_t pattern, uint64_t (*now_ns)(void))
{
    struct str re = in->p->patterns[pattern].regex;
    char unit[256];
    size_t n = 0;

    for (size_t i = 0; i < re.len && n < sizeof(unit); i++) {
        char c = re.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(" @:/=-_.,\"'", c)))
            unit[n++] = c;
        else if (c == '\\' && i + 1 < re.len)
            unit[n++] = re.ptr[++i] == 'd' ? '7' : re.ptr[i] == 'w' ? 'w' : re.ptr[i] == 's' ? ' ' : re.ptr[i];
    }
    stress_run(in, pattern, (struct str){unit, n}, now_ns);
}

void
inspector_stress(struct inspector *in, size_t pattern, uint64_t (*now_ns)(void))
{
    static const char *const units[] = {"a", "1", "0", "A", " ", "a ", "1 ", "1-", "1.", "a.", "a@", "a@a.", "/", "=", ":", "a=", "a:", "aA1", "%41",
        "http://", "-----BEGIN ", "\"", "'", "(", "1,", "\n", "a\n", "\xC3\xA9"};
    const struct pattern *p = &in->p->patterns[pattern];

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        stress_run(in, pattern, str_of(units[i]), now_ns);
    for (char c = '!'; c < 0x7F; c++)
        stress_run(in, pattern, (struct str){&c, 1}, now_ns);
    stress_literals(in, pattern, now_ns);
    for (const struct detector_example *e = p->det.examples; e && e->text; e++) {
        struct str s = str_of(e->text);

        stress_run(in, pattern, s, now_ns);
        if (s.len > 1)
            stress_run(in, pattern, str_sub(s, 0, s.len - 1), now_ns);
    }
}

const struct pattern_cost *
inspector_costs(const struct inspector *in, uint64_t *texts, uint64_t *bytes, uint64_t *finder_ns)
{
    *texts = in->texts;
    *bytes = in->bytes;
    *finder_ns = in->finder_ns;
    return in->costs;
}
