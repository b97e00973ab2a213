/*
 * The pure path as a filter: an OTLP/JSON request a line goes in; two lines come out, the request as it would leave (or {"refused": why}) and what
 * was found in it. eval.py makes the requests and judges what came out.
 * Usage: filter POLICY.yaml...  < requests  > results;  filter --detectors prints id, entity, tier and category of each
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "codec/otlp_json.h"
#include "policies/detector.h"
#include "policies/inspect.h"
#include "policies/redact.h"

#define LINE_MAX_BYTES ((size_t)64 << 20)
#define ARENA_BYTES ((size_t)512 << 20)

struct filter {
    struct program *prog;
    struct examiner *ex;
    struct arena *ar;
    struct buf body, out, json;
    struct batch batch;
    struct findings findings;
};

static void
must(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "filter: %s: %s\n", what, rc_text(rc));
    exit(70);
}

static void
filter_open(struct filter *f, const char *const *files, size_t count)
{
    static const struct destination_info there[] = {{STR("otlp_grpc/us"), STR("US"), STR("US")}};
    struct program_source src = {.files = files, .file_count = count, .destinations = there, .destination_count = 1};
    struct errs es = {0};

    if (program_compile(&src, &f->prog, &es) != RC_OK) {
        errs_print(&es, stderr, false);
        exit(3);
    }
    errs_free(&es);
    f->ex = examiner_new(f->prog);
    f->ar = arena_new(ARENA_BYTES);
    f->body.max = f->out.max = f->json.max = LINE_MAX_BYTES;
    if (!f->ex || !f->ar)
        must(RC_NOMEM, "start");
}

static enum rc
filter_pass(struct filter *f)
{
    struct edits own, unknown, merged;
    struct redact_report report;

    edits_init(&own, f->ar);
    edits_init(&unknown, f->ar);
    enum rc rc = batch_index(buf_str(&f->body), &batch_limits_default, f->ar, &f->batch);

    if (rc == RC_OK)
        rc = examine_batch(f->ex, &f->batch, f->ar, &f->findings);
    if (rc == RC_OK)
        rc = redact_edits(f->prog, &f->batch, &f->findings, program_class(f->prog, 0), &own, &report);
    if (rc == RC_OK)
        rc = edits_remove_unknown(&unknown, &f->batch);
    if (rc == RC_OK)
        rc = edits_merge(&own, &unknown, f->ar, &merged);
    if (rc == RC_OK)
        rc = emit_batch(&f->batch, &merged, &f->out);
    return rc;
}

static uint32_t
resource_of(const struct batch *b, const struct finding *f)
{
    uint32_t i = 0;

    while (i + 1 < b->resource_count && f->index >= (f->on == FINDING_TEXT ? b->resources[i].text_end : b->resources[i].attr_end))
        i++;
    return i;
}

/* r: which resource; e: entity; v: view; s, n: where in t, the text or key. Findings of key rules and of scanners, which take every value, have no t. */
static void
print_finding(struct json *j, const struct filter *f, const struct finding *x)
{
    const struct batch *b = &f->batch;
    char number[BATCH_NUMBER_SIZE];
    struct str text = {NULL, 0};
    bool structure = x->rule != RULE_UNDECIDABLE && program_rule_scope(f->prog, x->rule).structure;

    if (structure) {
        text = (struct str){NULL, 0};
    } else if (x->on == FINDING_KEY) {
        text = batch_attr_key(b, &b->attrs[x->index]);
    } else if (x->on == FINDING_TEXT) {
        const struct batch_text *t = &b->texts[x->index];

        text = batch_text_bytes(b, t);
        if (t->kind != TEXT_STRING && t->kind != TEXT_BYTES)
            text = (struct str){number, batch_text_format(b, t, number)};
    }
    json_object(j, NULL);
    json_u64(j, "r", resource_of(b, x));
    json_cstr(j, "e", x->rule == RULE_UNDECIDABLE ? "UNDECIDABLE" : program_rule(f->prog, x->rule).entity);
    json_cstr(j, "rule", x->rule == RULE_UNDECIDABLE ? "" : program_rule(f->prog, x->rule).id);
    json_u64(j, "v", x->view);
    json_u64(j, "s", x->start);
    json_u64(j, "n", x->end);
    if (text.ptr)
        json_text(j, "t", text);
    json_close_object(j);
}

static void
print_findings(struct filter *f)
{
    struct json j = json_begin(&f->json);

    json_array(&j, NULL);
    for (uint32_t i = 0; i < f->findings.count; i++)
        print_finding(&j, f, &f->findings.list[i]);
    json_close_array(&j);
    must(json_finish(&j), "findings");
}

static void
filter_line(struct filter *f, struct str line)
{
    uint64_t unknown = 0;

    arena_reset(f->ar, SIZE_MAX);
    buf_clear(&f->body);
    buf_clear(&f->out);
    buf_clear(&f->json);
    f->findings = (struct findings){0};
    enum rc rc = otlp_json_decode(line, 64, &f->body, &unknown);

    if (rc == RC_OK && unknown)
        rc = RC_MALFORMED;
    if (rc == RC_OK)
        rc = filter_pass(f);
    if (rc == RC_OK)
        must(otlp_json_encode(buf_str(&f->out), &f->json), "encode");
    else
        must(buf_printf(&f->json, "{\"refused\": \"%s\"}", rc_text(rc)), "encode");
    must(buf_append_byte(&f->json, '\n'), "encode");
    print_findings(f);
    must(buf_append_byte(&f->json, '\n'), "encode");
    fwrite(f->json.ptr, 1, f->json.len, stdout);
    fflush(stdout);
}

static int
list_detectors(void)
{
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    for (size_t i = 0; i < count; i++)
        printf("%s %s %c %s\n", all[i]->id, all[i]->entity, 'A' + (int)all[i]->tier, all[i]->category);
    return 0;
}

int
main(int argc, char **argv)
{
    static struct filter f;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    if (argc < 2) {
        fprintf(stderr, "usage: filter POLICY.yaml...\n");
        return 2;
    }
    if (str_eq(str_of(argv[1]), STR("--detectors")))
        return list_detectors();
    filter_open(&f, (const char *const *)(argv + 1), (size_t)argc - 1);
    while ((len = getline(&line, &cap, stdin)) > 0)
        filter_line(&f, (struct str){line, (size_t)len});
    free(line);
    examiner_free(f.ex);
    program_unref(f.prog);
    arena_free(f.ar);
    buf_free(&f.body);
    buf_free(&f.out);
    buf_free(&f.json);
    return 0;
}
