#include "policies_program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/otlp_json.h"
#include "policies/detector.h"

static const struct destination_info destinations[] = {
    {{"otlp_grpc/eu", 12}, {"EU", 2}, {"DE", 2}},
    {{"otlp_http/us", 12}, {"US", 2}, {"US", 2}},
};

void
temporary_file(char *path, const char *text)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
}

/* Secrets outlive programs: made once, kept until the process ends. */
static const struct program_key *
keys(size_t *count)
{
    static const char *const ids[] = {"pseudonym-2026", "other-key", "short-key"};
    static const char *const bytes[] = {"0123456789abcdef0123456789abcdef", "another key of thirty-two bytes.", "too short"};
    static struct program_key list[3];

    for (size_t i = 0; i < 3 && !list[i].secret; i++) {
        char path[] = TEMPORARY;
        struct errs es = {0};
        struct secret *s = NULL;

        temporary_file(path, bytes[i]);
        ck_assert_int_eq(secret_load(path, (struct err_pos){0}, &s, &es), RC_OK);
        unlink(path);
        errs_free(&es);
        list[i] = (struct program_key){.id = str_of(ids[i]), .secret = s};
    }
    *count = 3;
    return list;
}

struct program_source
program_source_of(const char *const *files, size_t count)
{
    struct program_source src = {.files = files, .file_count = count, .destinations = destinations, .destination_count = 2};

    src.keys = keys(&src.key_count);
    return src;
}

enum rc
program_try(const char *yaml, struct program **p, struct errs *es)
{
    char path[] = TEMPORARY;
    const char *files[] = {path};
    struct program_source src = program_source_of(files, 1);

    temporary_file(path, yaml);
    enum rc rc = program_compile(&src, p, es);

    unlink(path);
    return rc;
}

struct program *
program_of(const char *yaml)
{
    struct errs es = {0};
    struct program *p = NULL;
    enum rc rc = program_try(yaml, &p, &es);

    if (rc != RC_OK)
        errs_print(&es, stderr, false);
    ck_assert_int_eq(rc, RC_OK);
    errs_free(&es);
    return p;
}

uint16_t
rule_of(const struct program *p, const char *id, const char *entity)
{
    for (size_t i = 0; i < program_rule_count(p); i++) {
        struct rule_info r = program_rule(p, i);

        if (strcmp(r.id, id) == 0 && (!entity || strcmp(r.entity, entity) == 0))
            return (uint16_t)i;
    }
    ck_abort_msg("no rule %s", id);
    return 0;
}

void
small_open(struct gate_small *g, const char *yaml)
{
    *g = (struct gate_small){.prog = program_of(yaml), .json = BUF_INIT(64u << 20)};
    g->ar = arena_new((size_t)256 << 20);
    g->ex = examiner_new(g->prog);
    ck_assert_ptr_nonnull(g->ar);
    ck_assert_ptr_nonnull(g->ex);
}

void
small_close(struct gate_small *g)
{
    examiner_free(g->ex);
    program_unref(g->prog);
    arena_free(g->ar);
    buf_free(&g->json);
}

static enum rc
pass(struct gate_small *g, unsigned destination, struct buf *body, struct buf *out)
{
    struct batch b;
    struct edits own, unknown, merged;
    enum rc rc = batch_index(buf_str(body), &batch_limits_default, g->ar, &b);

    edits_init(&own, g->ar);
    edits_init(&unknown, g->ar);
    if (rc == RC_OK)
        rc = examine_batch(g->ex, &b, g->ar, &g->findings);
    if (rc == RC_OK)
        rc = redact_edits(g->prog, &b, &g->findings, program_class(g->prog, destination), &own, &g->report);
    if (rc == RC_OK)
        rc = edits_remove_unknown(&unknown, &b);
    if (rc == RC_OK)
        rc = edits_merge(&own, &unknown, g->ar, &merged);
    if (rc == RC_OK) /* nothing that redaction made may lie inside something else */
        ck_assert_uint_eq(merged.count, own.count + unknown.count);
    if (rc == RC_OK)
        rc = emit_batch(&b, &merged, out);
    if (rc == RC_OK) /* what leaves must be accepted by the next gate */
        ck_assert_int_eq(batch_index(buf_str(out), &batch_limits_default, g->ar, &b), RC_OK);
    return rc;
}

const char *
small_pass(struct gate_small *g, unsigned destination, const char *json)
{
    struct buf body = BUF_INIT(64u << 20), out = BUF_INIT(64u << 20);
    uint64_t unknown;

    arena_reset(g->ar, SIZE_MAX);
    buf_clear(&g->json);
    ck_assert_msg(otlp_json_decode(str_of(json), 64, &body, &unknown) == RC_OK, "bad test input %s", json);
    ck_assert_uint_eq(unknown, 0);
    g->rc = pass(g, destination, &body, &out);
    if (g->rc == RC_OK)
        ck_assert_int_eq(otlp_json_encode(buf_str(&out), &g->json), RC_OK);
    ck_assert_int_eq(buf_append_byte(&g->json, '\0'), RC_OK);
    buf_free(&body);
    buf_free(&out);
    return g->json.ptr;
}

const char *
small_text(struct gate_small *g, const char *key, const char *value)
{
    struct str out;

    arena_reset(g->ar, SIZE_MAX);
    buf_clear(&g->json);
    enum place place = key ? PLACE_SPAN_ATTRIBUTE : PLACE_SPAN_NAME;

    g->rc = examine_text(g->ex, place, str_of(key), str_of(value), g->ar, &g->findings);
    if (g->rc == RC_OK)
        g->rc = redact_text(g->prog, &g->findings, program_class(g->prog, 0), str_of(value), g->ar, &out);
    ck_assert_int_eq(g->rc, RC_OK);
    ck_assert_int_eq(buf_append(&g->json, out.ptr ? out : STR("<dropped>")), RC_OK);
    ck_assert_int_eq(buf_append_byte(&g->json, '\0'), RC_OK);
    return g->json.ptr;
}

static bool
has_name(const char *names, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = names; (at = strstr(at, name)); at += len)
        if ((at == names || at[-1] == ' ') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

const char *
program_names(void)
{
    static char names[16384];
    size_t count;
    const struct detector *const *all = detectors_all(&count);

    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *name = all[i]->tier == TIER_C ? all[i]->id : all[i]->category;

        if (has_name(names, name)) /* wholly: health is not health.mrn */
            continue;
        ck_assert_uint_lt(strlen(names) + strlen(name) + 3, sizeof(names));
        if (names[0])
            strcat(names, ", ");
        strcat(names, name);
    }
    return names;
}
