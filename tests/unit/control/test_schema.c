#include "base/conf.h"
#include "base_suite.h"
#include "control/schema.h"
#include "policies/enrich.h"
#include "policies/shapes.h"

static struct conf_doc *
schema(enum schema_kind kind, struct buf *out)
{
    struct conf_doc *doc = NULL;
    struct errs es = {0};

    ck_assert_int_eq(schema_print(kind, out), RC_OK);
    ck_assert_msg(conf_load_text("schema", buf_str(out), false, &doc, &es) == RC_OK, "%s", es.count ? es.list[0].text : "");
    return doc;
}

/* Each key that the loader knows stands in the schema, and the other way around. */
START_TEST(schema_has_the_keys_of_the_reader)
{
    static const struct conf_shape *const shapes[] = {&shape_redaction, &shape_residency, &shape_metadata, &shape_redaction_spec, &shape_match,
        &shape_hold_out, &shape_detector, &shape_rule, &shape_keys, &shape_residency_spec, &shape_origin, &shape_route};
    struct buf out = BUF_INIT(4u << 20);
    struct conf_doc *doc = schema(SCHEMA_POLICY, &out);

    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct conf_node *d = conf_get(conf_get(conf_root(doc, 0), "definitions"), shapes[i]->name), *properties = conf_get(d, "properties");
        unsigned count = 0;

        ck_assert_msg(d != NULL, "%s", shapes[i]->name);
        ck_assert_str_eq(conf_get(d, "additionalProperties")->text.ptr, "false");
        for (const struct conf_field *f = shapes[i]->fields; f->name; f++, count++)
            ck_assert_msg(conf_get(properties, f->name) != NULL, "%s.%s", shapes[i]->name, f->name);
        ck_assert_uint_eq(properties->count, count);
    }
    conf_free(doc);
    buf_free(&out);
}
END_TEST

/* An editor marks what the loader would refuse in the argument of an action, too. */
START_TEST(schema_knows_the_arguments_of_actions)
{
    struct buf out = BUF_INIT(4u << 20);
    struct conf_doc *doc = schema(SCHEMA_POLICY, &out);
    const struct conf_node *definitions = conf_get(conf_root(doc, 0), "definitions");
    const struct conf_node *forms = conf_get(conf_get(definitions, "action"), "anyOf"), *bare = conf_get(forms->items[0], "enum");
    unsigned with_map = 0;

    for (const char *const *a = shape_actions(); *a; a++) {
        const struct shape_argument argument = shape_action_argument(*a);
        bool alone = false;

        for (unsigned i = 0; i < bare->count; i++)
            alone |= strcmp(bare->items[i]->text.ptr, *a) == 0;
        ck_assert_msg(alone == !argument.required, "%s", *a);
        if (!argument.of)
            continue;
        with_map++;
        const struct conf_node *properties = conf_get(conf_get(definitions, argument.of->name), "properties");

        for (const struct conf_field *f = argument.of->fields; f->name; f++)
            ck_assert_msg(conf_get(properties, f->name) != NULL, "%s.%s", *a, f->name);
    }
    ck_assert_uint_eq(with_map, 6);
    conf_free(doc);
    buf_free(&out);
}
END_TEST

START_TEST(schema_of_the_gateway_follows_its_sections)
{
    struct buf out = BUF_INIT(4u << 20);
    struct conf_doc *doc = schema(SCHEMA_GATEWAY, &out);
    const struct conf_node *root = conf_root(doc, 0), *exporters = conf_get(conf_get(root, "definitions"), "exporters");

    ck_assert_ptr_nonnull(conf_get(conf_get(root, "properties"), "receivers"));
    ck_assert_ptr_nonnull(conf_get(conf_get(exporters, "properties"), "jurisdiction"));
    /* Each type of source, with the keys that it may have. */
    const struct conf_node *enrichment = conf_get(conf_get(conf_get(root, "properties"), "enrichment"), "anyOf")->items[0];
    const struct conf_node *source = conf_get(conf_get(conf_get(enrichment, "properties"), "sources"), "anyOf")->items[1];
    const struct conf_node *types = conf_get(conf_get(source, "additionalProperties"), "allOf");
    const char *const *keys;
    size_t type_count = 0;

    while (enrich_type(type_count, &keys))
        type_count++;
    ck_assert_uint_eq(types->count, type_count);
    for (size_t i = 0; i < type_count; i++) {
        const char *type = enrich_type(i, &keys);
        const struct conf_node *given = conf_get(conf_get(conf_get(types->items[i], "if"), "properties"), "type");
        unsigned count = 2; /* type, on_conflict */

        for (; *keys; keys++)
            count++;
        ck_assert_str_eq(conf_get(given, "const")->text.ptr, type);
        ck_assert_uint_eq(conf_get(conf_get(conf_get(types->items[i], "then"), "propertyNames"), "enum")->count, count);
    }
    ck_assert_uint_ge(conf_get(exporters, "required")->count, 2);
    ck_assert_str_eq(conf_get(conf_get(conf_get(root, "properties"), "version"), "const")->text.ptr, "1");
    /* A key with nothing behind it is one that is left out, unless it is required. */
    ck_assert_ptr_nonnull(conf_get(conf_get(conf_get(exporters, "properties"), "timeout"), "anyOf"));
    ck_assert_ptr_null(conf_get(conf_get(conf_get(exporters, "properties"), "jurisdiction"), "anyOf"));
    conf_free(doc);
    buf_free(&out);
}
END_TEST

START_TEST(schema_fails_when_the_buffer_is_full)
{
    for (size_t max = 0; max < 12000; max += 997) {
        for (unsigned kind = SCHEMA_GATEWAY; kind <= SCHEMA_TEST; kind++) {
            struct buf out = BUF_INIT(max);

            ck_assert_int_eq(schema_print((enum schema_kind)kind, &out), RC_TOO_LARGE);
            buf_free(&out);
        }
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &schema_has_the_keys_of_the_reader},
    {"normal", &schema_knows_the_arguments_of_actions},
    {"normal", &schema_of_the_gateway_follows_its_sections},
    {"limits", &schema_fails_when_the_buffer_is_full},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("schema", cases);
}
