/* Equal texts of a request are examined once: what is found must be what each of them alone gives. */
#include <stdio.h>
#include <string.h>

#include "base_rng.h"
#include "base_suite.h"
#include "policies_program.h"
#include "policies_spans.h"

#define SPANS 60
#define ATTRS 9

static const char rules[] = POLICY("p") "  match: {resource: {service.name: [a, b]}}\n"
                                        "  rules:\n"
                                        "    - {id: mail, entity: EMAIL_ADDRESS, action: {replace: m}}\n"
                                        "    - {id: card, entity: CREDIT_CARD, action: {replace: c}}\n"
                                        "    - {id: phone, entity: PHONE_NUMBER, action: {replace: p}}\n"
                                        "    - {id: only, regex: 'x+y', keys: [note], action: {replace: x}}\n"
                                        "    - {id: whole, keys: [gone], action: {replace: g}}\n"
                                        "    - {id: scan, use: [db, url, shell]}\n"
                                        "---\n" POLICY("q") "  mode: shadow\n  match: {resource: {service.name: [b]}}\n"
                                                            "  rules:\n    - {id: shadow, entity: EMAIL_ADDRESS, action: {replace: s}}\n";

static const char *const keys[] = {
    "note", "phone", "gone", "app.x", "db.system", "db.statement", "url.full", "customer.phone", "process.command_args"};
static const char *const values[] = {"", "a", "bob@example.org", "555-0132 x", "2025550132", "4111 1111 1111 1111", "xxy and xxy", "mysql",
    "postgresql", "SELECT \"m n\" FROM t WHERE a = 'bob@example.org'", "https://h.example/a?token=abcdef123456", "--password", "bob%40example.org",
    "200", "a long text without anything in it that anybody would want to have taken out of it"};

struct drawn {
    struct kv attrs[ATTRS + 1];
    struct span_spec spec[2];
};

static struct batch
index_of(struct drawn *const *spans, size_t count, const struct kv *resource, struct buf *body, struct arena *ar)
{
    struct span_spec list[SPANS + 1] = {{0}};

    for (size_t i = 0; i < count; i++)
        list[i] = spans[i]->spec[0];
    spans_append(body, resource, list);
    return spans_index(body, ar);
}

static bool
same_finding(const struct finding *a, const struct finding *b)
{
    return a->rule == b->rule && a->start == b->start && a->end == b->end && a->view == b->view && a->whole == b->whole && a->on == b->on;
}

/* The findings of the texts [first, end), whose numbers begin at first. */
static size_t
texts_of(const struct findings *f, uint32_t first, uint32_t end, const struct finding **list)
{
    size_t n = 0;

    for (uint32_t i = f->attr_count; i < f->count; i++)
        if (f->list[i].index >= first && f->list[i].index < end)
            list[n++] = &f->list[i];
    return n;
}

static void
check_span(struct examiner *ex, const struct batch *all, const struct findings *found, uint32_t span, struct drawn *d, const struct kv *resource)
{
    static const struct finding *a[4096], *b[4096];
    struct arena *ar = arena_new((size_t)8 << 20);
    struct buf body = BUF_INIT((size_t)1 << 20);
    struct batch one = index_of(&d, 1, resource, &body, ar);
    struct findings alone;

    ck_assert_int_eq(examine_batch(ex, &one, ar, &alone), RC_OK);
    size_t n = texts_of(found, all->spans[span].text_first, all->spans[span].text_end, a);

    ck_assert_uint_eq(n, texts_of(&alone, one.spans[0].text_first, one.spans[0].text_end, b));
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(a[i]->index - all->spans[span].text_first, b[i]->index - one.spans[0].text_first);
        ck_assert(same_finding(a[i], b[i]));
    }
    buf_free(&body);
    arena_free(ar);
}

static void
check_request(struct examiner *ex, struct rng *r)
{
    static struct drawn drawn[SPANS];
    struct drawn *spans[SPANS];
    const struct kv resource[] = {{"service.name", rng_below(r, 2) ? "a" : "b"}, {NULL, NULL}};
    struct arena *ar = arena_new((size_t)32 << 20);
    struct buf body = BUF_INIT((size_t)4 << 20);
    struct findings found;

    memset(drawn, 0, sizeof(drawn));
    for (size_t i = 0; i < SPANS; i++) {
        for (size_t k = 0; k < ATTRS; k++)
            drawn[i].attrs[k] = (struct kv){
                keys[rng_below(r, sizeof(keys) / sizeof(keys[0]))], values[rng_below(r, sizeof(values) / sizeof(values[0]))]};
        drawn[i].spec[0] = (struct span_spec){.name = values[1 + rng_below(r, 6)], .attrs = drawn[i].attrs};
        spans[i] = &drawn[i];
    }
    struct batch all = index_of(spans, SPANS, resource, &body, ar);

    ck_assert_int_eq(examine_batch(ex, &all, ar, &found), RC_OK);
    ck_assert_uint_gt(found.count, SPANS);
    for (uint32_t i = 0; i < SPANS; i++)
        check_span(ex, &all, &found, i, &drawn[i], resource);
    buf_free(&body);
    arena_free(ar);
}

START_TEST(examine_finds_in_equal_texts_what_each_alone_gives)
{
    struct program *p = program_of(rules);
    struct examiner *ex = examiner_new(p);
    struct rng r = {7};

    ck_assert(ex != NULL);
    for (int i = 0; i < 25; i++)
        check_request(ex, &r);
    examiner_free(ex);
    program_unref(p);
}
END_TEST

/* Two resources of one request, each under its own policies. */
START_TEST(examine_forgets_what_it_saw_for_other_policies)
{
    static const struct kv attrs[] = {{"app.x", "bob@example.org"}, {NULL, NULL}}, a[] = {{"service.name", "a"}, {NULL, NULL}},
                           b[] = {{"service.name", "b"}, {NULL, NULL}}, none[] = {{"service.name", "c"}, {NULL, NULL}};
    static const struct span_spec spans[] = {{.name = "n", .attrs = attrs}, {.name = "n", .attrs = attrs}, {0}};
    struct program *p = program_of(rules);
    struct examiner *ex = examiner_new(p);
    struct arena *ar = arena_new((size_t)8 << 20);
    struct buf body = BUF_INIT((size_t)1 << 20);
    struct findings found;

    spans_append(&body, a, spans);
    spans_append(&body, b, spans);
    spans_append(&body, none, spans);
    spans_append(&body, a, spans);
    struct batch batch = spans_index(&body, ar);

    ck_assert_int_eq(examine_batch(ex, &batch, ar, &found), RC_OK);
    ck_assert_uint_eq(found.count - found.attr_count, 2 + 4 + 0 + 2);
    examiner_free(ex);
    program_unref(p);
    buf_free(&body);
    arena_free(ar);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &examine_finds_in_equal_texts_what_each_alone_gives},
    {"normal", &examine_forgets_what_it_saw_for_other_policies},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("examine_seen", cases);
}
