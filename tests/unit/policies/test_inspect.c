#include "policies/inspect.h"

#include "base_suite.h"
#include "policies/detector.h"
#include "policies_program.h"

static uint64_t fake_ns;

static uint64_t
now_ns(void)
{
    return fake_ns += 1000;
}

static struct program *
pack(const char *name)
{
    const char *files[] = {name};
    const struct program_source src = program_source_of(files, 1);
    struct errs es = {0};
    struct program *p = NULL;

    ck_assert_int_eq(program_compile(&src, &p, &es), RC_OK);
    errs_free(&es);
    return p;
}

static bool
overlaps(const struct finding *f, const struct sighting *s)
{
    return f->on == FINDING_TEXT && f->rule == s->rule && f->start < s->end && s->start < f->end;
}

/* The engine with its finder, and every pattern run by itself, say the same of each example of the catalogue. */
START_TEST(inspect_agrees_with_the_engine)
{
    struct program *p = pack("pack:personal-data");
    struct examiner *ex = examiner_new(p);
    struct arena *ar = arena_new((size_t)64 << 20);
    size_t count, texts = 0;
    const struct detector *const *all = detectors_all(&count);

    ck_assert(ex && ar);
    for (size_t i = 0; i < count; i++) {
        for (const struct detector_example *e = all[i]->examples; e && e->text; e++, texts++) {
            struct str key = str_of(e->key ? e->key : "value");
            struct findings f;
            struct sightings s;

            ck_assert_int_eq(examine_text(ex, PLACE_SPAN_ATTRIBUTE, key, str_of(e->text), ar, &f), RC_OK);
            ck_assert_int_eq(
                inspect_text(
                    p, &(struct inspect_in){.policies = UINT64_MAX, .place = PLACE_SPAN_ATTRIBUTE, .key = key, .text = str_of(e->text)}, ar, &s),
                RC_OK);
            for (uint32_t k = 0; k < f.count; k++) {
                bool seen = f.list[k].on != FINDING_TEXT || f.list[k].rule == RULE_UNDECIDABLE;

                for (uint32_t m = 0; m < s.count && !seen; m++)
                    seen = s.list[m].why == SEEN_FOUND && overlaps(&f.list[k], &s.list[m]);
                ck_assert_msg(seen, "%s: %s was found, not seen", all[i]->id, e->text);
            }
            for (uint32_t m = 0; m < s.count; m++) {
                bool found = s.list[m].why != SEEN_FOUND || s.list[m].undecidable;

                for (uint32_t k = 0; k < f.count && !found; k++)
                    found = f.list[k].rule == RULE_UNDECIDABLE || overlaps(&f.list[k], &s.list[m]);
                ck_assert_msg(found, "%s: %s was seen by %s, not found", all[i]->id, e->text, program_pattern(p, s.list[m].pattern).id);
            }
            arena_reset(ar, SIZE_MAX);
        }
    }
    ck_assert_uint_gt(texts, 1000);
    arena_free(ar);
    examiner_free(ex);
    program_unref(p);
}
END_TEST

START_TEST(inspect_tells_of_patterns_and_rules)
{
    struct program *p = program_of(
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n  rules:\n"
        "    - {id: a, entity: IBAN, places: [span.name], severity: 1, action: drop}\n    - {id: b, regex: 'x\\d+', keys: [K], action: drop}\n");
    struct rule_scope a = program_rule_scope(p, 0), b = program_rule_scope(p, 1);

    ck_assert_uint_eq(a.places, 1u << PLACE_SPAN_NAME);
    ck_assert(a.severity == 1 && !a.by_key && a.key_count == 0 && b.key_count == 1);
    ck_assert(str_eq(b.keys[0], STR("k")));
    bool custom = false;

    for (size_t i = 0; i < program_pattern_count(p); i++) {
        struct pattern_info info = program_pattern(p, i);

        ck_assert_uint_eq(info.rule_count, 1);
        ck_assert(!info.always);
        custom |= info.custom && str_eq(info.regex, STR("x\\d+"));
    }
    ck_assert(custom);
    program_unref(p);
}
END_TEST

START_TEST(inspect_bounds_what_it_tells)
{
    struct program *p = program_of(
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n  rules: [{id: a, regex: 'a', action: drop}]\n");
    struct arena *ar = arena_new((size_t)4 << 20);
    struct sightings s;
    char text[4096];

    memset(text, 'a', sizeof(text));
    ck_assert_int_eq(
        inspect_text(p, &(struct inspect_in){.policies = 1, .place = PLACE_SPAN_NAME, .key = STR(""), .text = {text, sizeof(text)}}, ar, &s), RC_OK);
    ck_assert(s.count > 0 && s.count <= SIGHTINGS_MAX);
    arena_free(ar);
    program_unref(p);
}
END_TEST

START_TEST(inspect_counts_what_patterns_cost)
{
    struct program *p = program_of(
        "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p}\nspec:\n  rules: [{id: a, regex: 'ab\\d', action: drop}]\n");
    struct inspector *in = inspector_new(p);
    uint64_t texts, bytes, ns;

    ck_assert_ptr_nonnull(in);
    inspector_text(in, STR("k"), STR("nothing"), now_ns);
    inspector_text(in, STR("k"), STR("ab1 and ab2"), now_ns);
    inspector_stress(in, 0, now_ns);
    const struct pattern_cost *c = inspector_costs(in, &texts, &bytes, &ns);

    ck_assert(texts == 2 && bytes == 18 && ns == 2000);
    ck_assert(c[0].texts == 2 && c[0].candidates == 1 && c[0].matches == 2 && c[0].ns == 1000);
    ck_assert(c[0].stress_ns == 1000 && !c[0].undecidable);
    inspector_free(in);
    program_unref(p);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &inspect_agrees_with_the_engine},
    {"normal", &inspect_tells_of_patterns_and_rules},
    {"limits", &inspect_bounds_what_it_tells},
    {"normal", &inspect_counts_what_patterns_cost},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("inspect", cases);
}
