/*
 * Speeds of what decides about data, without a network: index+emit, examination by number of rules, the whole gate as a function. Medians over
 * interleaved rounds, because the machine is noisy. Usage: bench [--rounds N] [--json] [--only PART_OF_A_NAME] [--policy RULES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../support/codec_tree.h"
#include "base/secret.h"
#include "control/sample.h"
#include "flow/gate.h"
#include "policies/detector.h"
#include "policies/redact.h"

#define BATCHES 32
#define SPANS 512
#define ROUNDS_MAX 51

static struct buf corpus[BATCHES], packed[BATCHES];
static struct arena *ar;

static void
die(const char *what, enum rc rc)
{
    fprintf(stderr, "bench: %s: %s\n", what, rc_text(rc));
    exit(70);
}

static void
must(enum rc rc, const char *what)
{
    if (rc != RC_OK)
        die(what, rc);
}

static double
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* -- what is measured ------------------------------------------------------------------------------------------------------------- */

struct bench {
    const char *name;
    double target; /* ns a span; 0 = none */
    void (*run)(struct bench *b, unsigned batch);
    unsigned rules;
    bool scanners; /* and a rule that uses all of them */
    enum encoding encoding;
    struct program *prog;
    struct examiner *ex;
    struct gate_worker *gate;
    struct snapshot *snap;
    double samples[ROUNDS_MAX];
    uint64_t findings, texts;
};

static void
run_copy(struct bench *b, unsigned i)
{
    static struct buf copy;

    (void)b;
    copy.max = (size_t)1 << 30;
    buf_clear(&copy);
    must(buf_append(&copy, buf_str(&corpus[i])), "copy");
}

static void
run_protobuf_c(struct bench *b, unsigned i)
{
    static struct buf out;
    tree_request *t = tree_unpack(buf_str(&corpus[i]));

    (void)b;
    out.max = (size_t)1 << 30;
    buf_clear(&out);
    tree_pack(t, &out);
    tree_free(t);
}

static void
run_index(struct bench *b, unsigned i)
{
    struct batch batch;

    arena_reset(ar, (size_t)16 << 20);
    must(batch_index(buf_str(&corpus[i]), &batch_limits_default, ar, &batch), "index");
    b->texts += batch.text_count;
}

/* One text in twenty replaced, one attribute added to each span, every length put right. */
static void
run_index_emit(struct bench *b, unsigned i)
{
    static struct buf out, attr;
    struct batch batch;
    struct edits added, texts, merged;

    out.max = attr.max = (size_t)1 << 30;
    buf_clear(&out);
    buf_clear(&attr);
    arena_reset(ar, (size_t)16 << 20);
    must(batch_index(buf_str(&corpus[i]), &batch_limits_default, ar, &batch), "index");
    must(emit_key_value(&attr, 9, STR("deployment.id"), STR("blue-2026-11")), "attribute");
    edits_init(&added, ar);
    edits_init(&texts, ar);
    for (uint32_t s = 0; s < batch.span_count; s++)
        must(edits_add(&added, batch.spans[s].body, batch.spans[s].body, buf_str(&attr)), "insert");
    for (uint32_t t = i % 20; t < batch.text_count; t += 20)
        must(edits_set_text(&texts, &batch, t, STR("[EMAIL_ADDRESS]")), "replace");
    must(edits_merge(&added, &texts, ar, &merged), "merge");
    must(emit_batch(&batch, &merged, &out), "emit");
    b->texts += batch.text_count;
}

static double
timed_examine(struct bench *b, unsigned i)
{
    struct batch batch;
    struct findings f;

    arena_reset(ar, (size_t)16 << 20);
    must(batch_index(buf_str(&corpus[i]), &batch_limits_default, ar, &batch), "index");
    memset(&f, 0, sizeof(f));
    double start = now_ns();

    must(examine_batch(b->ex, &batch, ar, &f), "examine");
    double took = now_ns() - start;

    b->findings += f.count;
    b->texts += batch.text_count;
    return took;
}

static void
run_gate(struct bench *b, unsigned i)
{
    struct gate_outcome out;
    const struct gate_input in = {
        .transport = TRANSPORT_GRPC,
        .encoding = b->encoding,
        .body = buf_str(b->encoding == ENCODING_IDENTITY ? &corpus[i] : &packed[i]),
        .request_id = 1,
        .now_us = 1800000000000000u,
    };

    gate_process(b->gate, &in, &out);
    if (out.rc != RC_OK || out.payload_count != 1 || out.payload[0].spans != SPANS)
        die("gate", out.rc == RC_OK ? RC_INTERNAL : out.rc);
    gate_outcome_free(&out);
}

/* -- programs --------------------------------------------------------------------------------------------------------------------- */

/* The detectors a first policy would have come first, the rest in the order of the catalogue. */
static const char *const leading[] = {"contact.email", "fin.pan", "net.ipv4", "sec.jwt", "us.ssn"};

static bool
is_leading(const char *id)
{
    for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]); i++)
        if (strcmp(leading[i], id) == 0)
            return true;
    return false;
}

static void
write_policy(FILE *f, unsigned rules, bool scanners)
{
    size_t count;
    const struct detector *const *all = detectors_all(&count);
    unsigned n = 0;

    fprintf(f, "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: bench, revision: 1}\nspec:\n  mode: enforce\n  rules:\n");
    for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]) && n < rules; i++, n++)
        fprintf(f, "    - {id: r%u, entity: %s, action: {replace: \"[%s]\"}}\n", n, leading[i], leading[i]);
    for (size_t i = 0; i < count && n < rules; i++) {
        if (is_leading(all[i]->id))
            continue;
        fprintf(f, "    - {id: r%u, entity: %s, action: {replace: \"[%s]\"}}\n", n, all[i]->id, all[i]->id);
        n++;
    }
    if (scanners)
        fprintf(f, "    - {id: structure, use: scanners}\n");
    if (n < rules)
        fprintf(stderr, "bench: the catalogue has %u detectors, %u were asked for\n", n, rules);
    fprintf(f, "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: home, revision: 1}\nspec:\n  mode: enforce\n"
               "  origin: [{cloud_region: resource.attributes.cloud.region}]\n  unknown_origin: {treat_as: DE}\n"
               "  routes: [{from: [DE], to: [otlp_grpc/eu]}]\n");
}

static struct program *
compile(unsigned rules, bool scanners)
{
    char path[] = "/tmp/spangate-bench-XXXXXX";
    const char *files[] = {path};
    const struct destination_info eu = {STR("otlp_grpc/eu"), STR("EU"), STR("DE")};
    const struct program_source src = {.files = files, .file_count = 1, .destinations = &eu, .destination_count = 1};
    struct program *prog = NULL;
    struct errs es = {0};
    FILE *f = fdopen(mkstemp(path), "w");

    if (!f)
        die("temporary file", RC_IO);
    write_policy(f, rules, scanners);
    fclose(f);
    if (program_compile(&src, &prog, &es) != RC_OK) {
        errs_print(&es, stderr, false);
        exit(70);
    }
    errs_free(&es);
    unlink(path);
    return prog;
}

static void
prepare(struct bench *b)
{
    if (b->rules == 0)
        return;
    b->prog = compile(b->rules, b->scanners);
    if (!b->run) {
        b->ex = examiner_new(b->prog);
        if (!b->ex)
            die("examiner", RC_NOMEM);
        return;
    }
    struct snapshot *s = calloc(1, sizeof(*s));
    struct errs es = {0};

    if (!s)
        die("snapshot", RC_NOMEM);
    s->program = program_ref(b->prog);
    must(enricher_load(NULL, NULL, &s->enricher, &es), "enricher");
    s->limits = batch_limits_default;
    s->max_body_bytes = (size_t)16 << 20;
    s->compression[0] = b->encoding;
    s->jurisdiction[0] = "EU";
    s->country[0] = "DE";
    s->node = "bench";
    s->build = "0";
    s->refs = 1;
    b->snap = s;
    b->gate = gate_worker_new(s);
    if (!b->gate)
        die("gate", RC_NOMEM);
}

/* -- report ----------------------------------------------------------------------------------------------------------------------- */

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void
measure(struct bench *b, unsigned round)
{
    double took = 0;

    for (unsigned i = 0; i < BATCHES; i++) {
        if (!b->run) {
            took += timed_examine(b, i);
            continue;
        }
        double start = now_ns();

        b->run(b, i);
        took += now_ns() - start;
    }
    b->samples[round] = took / (BATCHES * SPANS);
}

static void
report(struct bench *b, unsigned rounds, bool json)
{
    qsort(b->samples, rounds, sizeof(b->samples[0]), by_value);
    double median = b->samples[rounds / 2], low = b->samples[0], high = b->samples[rounds - 1];

    if (json) {
        printf("{\"name\":\"%s\",\"ns_per_span\":%.0f,\"min\":%.0f,\"max\":%.0f,\"target\":%.0f}\n", b->name, median, low, high, b->target);
        return;
    }
    printf("%-34s %7.0f ns/span  [%5.0f .. %5.0f]", b->name, median, low, high);
    if (b->target > 0)
        printf("  target %5.0f  %s", b->target, median <= b->target ? "reached" : "MISSED");
    if (b->findings)
        printf("  %.2f findings/span", (double)b->findings / ((double)rounds + 1) / (BATCHES * SPANS));
    printf("\n");
}

static struct bench benches[] = {
    {.name = "copy of the request", .run = run_copy},
    {.name = "protobuf-c unpack+pack", .run = run_protobuf_c},
    {.name = "index", .run = run_index},
    {.name = "index+emit, 5 % edited", .run = run_index_emit, .target = 800},
    {.name = "examine, 5 rules", .rules = 5},
    {.name = "examine, 20 rules", .rules = 20},
    {.name = "examine, 50 rules", .rules = 50, .target = 2000},
    {.name = "examine, 50 rules and scanners", .rules = 50, .scanners = true},
    {.name = "examine, 100 rules", .rules = 100},
    {.name = "examine, 200 rules", .rules = 200},
    {.name = "gate as a function, 50 rules", .run = run_gate, .rules = 50, .encoding = ENCODING_IDENTITY},
    {.name = "gate as a function, 50, gzip", .run = run_gate, .rules = 50, .encoding = ENCODING_GZIP},
};
#define BENCHES (sizeof(benches) / sizeof(benches[0]))

/* What scanners cost: with them, less without; and what many rules cost of few. Round by round: what the machine does otherwise, it does to both. */
static struct bench difference = {.name = "scanners alone", .target = 1000};
static double ratios[ROUNDS_MAX];
#define RATIO_TARGET 1.3

static void
compare(unsigned round)
{
    double with = 0, without = 0, many = 0;

    for (size_t i = 0; i < BENCHES; i++) {
        if (benches[i].run || benches[i].rules == 0)
            continue;
        if (benches[i].rules == 200)
            many = benches[i].samples[round];
        else if (benches[i].rules == 50)
            *(benches[i].scanners ? &with : &without) = benches[i].samples[round];
    }
    difference.samples[round] = with - without;
    ratios[round] = many / without;
}

static void
report_ratio(unsigned rounds, bool json)
{
    qsort(ratios, rounds, sizeof(ratios[0]), by_value);
    double median = ratios[rounds / 2];

    if (json)
        printf("{\"name\":\"200 rules of 50\",\"ratio\":%.3f,\"min\":%.3f,\"max\":%.3f,\"target\":%.1f}\n", median, ratios[0], ratios[rounds - 1],
            RATIO_TARGET);
    else
        printf("%-34s %7.3f times    [%5.3f .. %5.3f]  target %5.1f  %s\n", "examine, 200 rules of 50", median, ratios[0], ratios[rounds - 1],
            RATIO_TARGET, median <= RATIO_TARGET ? "reached" : "MISSED");
}

/* A whole name asks for that line alone, a part of one for all that have it. */
static bool
wanted(const struct bench *b, const char *only)
{
    for (size_t i = 0; i < BENCHES; i++)
        if (strcmp(benches[i].name, only) == 0)
            return b == &benches[i];
    return strstr(b->name, only);
}

int
main(int argc, char **argv)
{
    unsigned rounds = 9;
    bool json = false;
    const char *only = "";
    struct sampler s;
    struct compressor *c = compressor_new();
    size_t bytes = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc) { /* the policy of this many rules, for gate.py */
            write_policy(stdout, (unsigned)strtoul(argv[++i], NULL, 10), false);
            return 0;
        }
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || !c)
        return 2;
    ar = arena_new((size_t)1 << 30);
    sampler_init(&s, &(struct sample_options){.seed = 2026, .spans = SPANS, .personal_permille = 50, .region = "eu-central-1"});
    for (unsigned i = 0; i < BATCHES; i++) {
        corpus[i] = packed[i] = BUF_INIT((size_t)64 << 20);
        must(sampler_batch(&s, &corpus[i]), "sample");
        must(compressor_deflate(c, ENCODING_GZIP, buf_str(&corpus[i]), &packed[i]), "gzip");
        bytes += corpus[i].len;
    }
    for (size_t i = 0; i < BENCHES; i++)
        if (wanted(&benches[i], only))
            prepare(&benches[i]);
    if (!json)
        printf("corpus: %d batches of %d spans, %.0f bytes a span, %.1f %% of values personal; median of %u rounds, processor time\n", BATCHES, SPANS,
            (double)bytes / (BATCHES * SPANS), 100.0 * (double)s.personal / (double)s.values, rounds);
    for (unsigned r = 0; r <= rounds; r++) /* the first warms up */
        for (size_t i = 0; i < BENCHES; i++)
            if (wanted(&benches[i], only))
                measure(&benches[i], r ? r - 1 : 0);
    for (unsigned r = 0; r < rounds; r++)
        compare(r);
    for (size_t i = 0; i < BENCHES; i++)
        if (wanted(&benches[i], only))
            report(&benches[i], rounds, json);
    if (!*only) {
        report(&difference, rounds, json);
        report_ratio(rounds, json);
    }
    return 0;
}
