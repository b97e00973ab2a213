#include "policy_bench_int.h"

#include <stdlib.h>

#include "base/json.h"
#include "control/sample.h"

#define STRESS_LIMIT_NS 1000000u
#define BATCH_SPANS 256

struct row {
    const char *policy, *rule, *entity, *pattern;
    uint64_t candidates, matches, ns, stress_ns;
    bool undecidable, always, scanner;
};

struct bench {
    const struct policy_bench_options *o;
    struct tool t;
    struct inspector *in;
    struct row *rows;
    size_t row_count;
    uint64_t texts, bytes, finder_ns, examine_ns, spans;
};

/* ---- running ---- */

/* "span.attributes.user/email" -> "user/email"; the name itself at places without keys. */
static struct str
key_under(const struct batch *b, const struct batch_text *t)
{
    return t->attr == BATCH_NONE ? str_of(place_name((enum place)t->place)) : batch_attr_key(b, &b->attrs[t->attr]);
}

static enum rc
on_batch(void *to, struct trial *tr, const struct batch_source *from)
{
    struct bench *bn = to;
    struct findings f;
    uint64_t start = tool_now_ns();
    enum rc rc = examine_batch(bn->t.ex, &tr->b, tr->ar, &f); /* a second time: tables are warm now */

    (void)from;
    bn->examine_ns += tool_now_ns() - start;
    bn->spans += tr->b.span_count;
    for (uint32_t i = 0; i < tr->b.text_count && rc == RC_OK; i++) {
        const struct batch_text *t = &tr->b.texts[i];
        char number[BATCH_NUMBER_SIZE];
        struct str text = batch_text_bytes(&tr->b, t);

        if (t->kind != TEXT_STRING && t->kind != TEXT_BYTES)
            text = (struct str){number, batch_text_format(&tr->b, t, number)};
        inspector_text(bn->in, key_under(&tr->b, t), text, tool_now_ns);
    }
    return rc;
}

static enum rc
run_samples(struct bench *bn)
{
    struct sampler s;
    struct trial tr;
    const struct sender nobody = {.now_s = 1};
    struct buf body = BUF_INIT((size_t)64 << 20);
    enum rc rc = trial_init(&tr, &bn->t);

    sampler_init(&s, &(struct sample_options){.seed = 1, .spans = BATCH_SPANS, .personal_permille = 50});
    while (rc == RC_OK && bn->spans < bn->o->spans) {
        buf_clear(&body);
        rc = sampler_batch(&s, &body);
        if (rc == RC_OK)
            rc = trial_run(&tr, buf_str(&body), &nobody);
        if (rc == RC_OK)
            rc = on_batch(bn, &tr, NULL);
    }
    buf_free(&body);
    trial_fini(&tr);
    return rc;
}

/* ---- rows ---- */

static struct row
row_of(const struct bench *bn, uint16_t rule)
{
    struct rule_info r = program_rule(bn->t.prog, rule);

    return (struct row){.policy = r.policy, .rule = r.id, .entity = r.entity};
}

static int
by_cost(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->ns != y->ns)
        return x->ns < y->ns ? 1 : -1;
    return x->stress_ns < y->stress_ns ? 1 : x->stress_ns > y->stress_ns ? -1 : 0;
}

static enum rc
make_rows(struct bench *bn)
{
    size_t patterns = program_pattern_count(bn->t.prog), uses;
    const struct scanner_cost *scanners = inspector_scanners(bn->in, &uses);

    for (size_t i = 0; bn->o->stress && i < patterns; i++)
        if (program_pattern(bn->t.prog, i).rule_count)
            inspector_stress(bn->in, i, tool_now_ns);
    const struct pattern_cost *costs = inspector_costs(bn->in, &bn->texts, &bn->bytes, &bn->finder_ns);

    bn->rows = calloc(patterns + uses + 1, sizeof(*bn->rows));
    if (!bn->rows)
        return RC_NOMEM;
    for (size_t i = 0; i < patterns; i++) {
        struct pattern_info p = program_pattern(bn->t.prog, i);

        if (p.rule_count == 0)
            continue;
        struct row *r = &bn->rows[bn->row_count++];

        *r = row_of(bn, p.rules[0]);
        r->pattern = p.id;
        r->candidates = costs[i].candidates;
        r->matches = costs[i].matches;
        r->ns = costs[i].ns;
        r->stress_ns = costs[i].stress_ns;
        r->undecidable = costs[i].undecidable;
        r->always = p.always;
    }
    for (size_t i = 0; i < uses; i++) {
        struct row *r = &bn->rows[bn->row_count++];

        *r = row_of(bn, scanners[i].rule);
        r->entity = "(scanner)";
        r->pattern = scanners[i].scanner;
        r->candidates = scanners[i].texts;
        r->matches = scanners[i].values;
        r->ns = scanners[i].ns;
        r->scanner = true;
    }
    qsort(bn->rows, bn->row_count, sizeof(*bn->rows), by_cost);
    return RC_OK;
}

static bool
is_slow(const struct row *r)
{
    return r->undecidable || r->stress_ns > STRESS_LIMIT_NS;
}

/* ---- the report ---- */

static double
per(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static uint64_t
total_ns(const struct bench *bn)
{
    uint64_t ns = bn->finder_ns;

    for (size_t i = 0; i < bn->row_count; i++)
        ns += bn->rows[i].ns;
    return ns;
}

static enum rc
print_text(const struct bench *bn, struct buf *out)
{
    size_t shown = bn->o->top && bn->o->top < bn->row_count ? bn->o->top : bn->row_count, slow = 0;
    uint64_t all = total_ns(bn);
    enum rc rc = buf_printf(out,
        "%llu spans, %llu texts of %.0f bytes: examined in %.0f ns/span; finder %.0f ns/text (%.0f %%)\n"
        "%-24s %-28s %-28s %9s %6s %10s %9s %9s\n",
        (unsigned long long)bn->spans, (unsigned long long)bn->texts, per(bn->bytes, bn->texts), per(bn->examine_ns, bn->spans),
        per(bn->finder_ns, bn->texts), 100 * per(bn->finder_ns, all), "rule", "entity", "detector", "ns/text", "share", "candidates", "matches",
        "worst us");

    for (size_t i = 0; i < bn->row_count && rc == RC_OK; i++) {
        const struct row *r = &bn->rows[i];

        slow += is_slow(r);
        if (i >= shown && !is_slow(r))
            continue;
        rc = buf_printf(out, "%-24s %-28s %-28s %9.1f %5.1f%% %10llu %9llu %9.1f%s%s\n", r->rule, r->entity, r->pattern, per(r->ns, bn->texts),
            100 * per(r->ns, all), (unsigned long long)r->candidates, (unsigned long long)r->matches, (double)r->stress_ns / 1000,
            r->undecidable                   ? "  undecidable on a hostile text"
            : r->stress_ns > STRESS_LIMIT_NS ? "  slow on a hostile text"
                                             : "",
            r->always ? "  tried on every text" : "");
    }
    if (rc == RC_OK && shown < bn->row_count)
        rc = buf_printf(out, "%zu more rows, cheaper than these\n", bn->row_count - shown);
    return rc == RC_OK && slow ? buf_printf(out, "%zu patterns are slow or undecidable on texts of %d bytes\n", slow, INSPECT_STRESS_BYTES) : rc;
}

static enum rc
print_json(const struct bench *bn, struct buf *out)
{
    struct json j = json_begin(out);

    json_object(&j, NULL);
    json_u64(&j, "spans", bn->spans);
    json_u64(&j, "texts", bn->texts);
    json_u64(&j, "bytes", bn->bytes);
    json_u64(&j, "examine_ns", bn->examine_ns);
    json_u64(&j, "finder_ns", bn->finder_ns);
    json_array(&j, "rules");
    for (size_t i = 0; i < bn->row_count; i++) {
        const struct row *r = &bn->rows[i];

        json_object(&j, NULL);
        json_cstr(&j, "policy", r->policy);
        json_cstr(&j, "rule", r->rule);
        json_cstr(&j, "entity", r->entity);
        json_cstr(&j, r->scanner ? "scanner" : "detector", r->pattern);
        json_u64(&j, "ns", r->ns);
        json_u64(&j, "candidates", r->candidates);
        json_u64(&j, "matches", r->matches);
        json_u64(&j, "worst_ns", r->stress_ns);
        json_bool(&j, "undecidable", r->undecidable);
        json_bool(&j, "always", r->always);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    enum rc rc = json_finish(&j);

    return rc == RC_OK ? buf_append_byte(out, '\n') : rc;
}

static enum rc
run(struct bench *bn, struct buf *out)
{
    const struct batch_visitor v = {on_batch, bn};
    const struct sender nobody = {.now_s = 1};
    enum rc rc;

    bn->in = inspector_new(bn->t.prog);
    if (!bn->in)
        return RC_NOMEM;
    rc = bn->o->corpus_count ? trial_each(&bn->t, bn->o->corpus, bn->o->corpus_count, &nobody, &v) : run_samples(bn);
    if (rc == RC_OK)
        rc = make_rows(bn);
    if (rc == RC_OK)
        rc = bn->o->json ? print_json(bn, out) : print_text(bn, out);
    return rc;
}

int
policy_bench_main(const struct policy_bench_options *o, struct buf *out)
{
    struct bench bn = {.o = o};
    int code = tool_open(&o->tool, &bn.t);

    if (code == EXIT_DONE) {
        enum rc rc = run(&bn, out);

        code = rc == RC_MALFORMED || rc == RC_UTF8 || rc == RC_DUPLICATE ? EXIT_CONFIG : rc == RC_NOT_FOUND ? EXIT_UNAVAILABLE : exit_code_of(rc);
    }
    for (size_t i = 0; i < bn.row_count && code == EXIT_DONE; i++)
        if (is_slow(&bn.rows[i]))
            code = EXIT_NEGATIVE;
    inspector_free(bn.in);
    free(bn.rows);
    tool_report(&bn.t.es, code == EXIT_NEGATIVE ? EXIT_DONE : code);
    tool_close(&bn.t);
    return code;
}
