#include "../../../proxy/codec/schema_int.h"
#include "base_suite.h"
#include "trace_service.pb-c.h"

#define ROOT opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor

/* Walk the descriptors independently of the compiler and ask the tables about each string and bytes field. */
static unsigned
check_message(const ProtobufCMessageDescriptor *d, const struct schema *s, const ProtobufCMessageDescriptor **seen, unsigned *seen_count)
{
    unsigned texts = 0;

    for (unsigned i = 0; i < *seen_count; i++)
        if (seen[i] == d)
            return 0;
    seen[(*seen_count)++] = d;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (f->type == PROTOBUF_C_TYPE_MESSAGE)
            texts += check_message(f->descriptor, s, seen, seen_count);
        else if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_BYTES)
            texts++;
    }
    return texts;
}

START_TEST(schema_classifies_every_field_of_the_descriptors)
{
    const char *missing = "?";
    struct schema s;

    ck_assert_int_eq(schema_compile(&ROOT, &s, &missing), RC_OK);
    ck_assert_ptr_null(missing);

    const ProtobufCMessageDescriptor *seen[64];
    unsigned seen_count = 0, texts = 0, unknown = 0;

    ck_assert_uint_eq(check_message(&ROOT, &s, seen, &seen_count), 21);
    ck_assert_uint_eq(seen_count, MSG_COUNT_);
    for (unsigned m = 0; m < MSG_COUNT_; m++) {
        for (unsigned n = 1; n < SCHEMA_FIELDS; n++) {
            uint8_t a = s.field[m][n].action;

            texts += a == ACT_TEXT || a == ACT_KEY || a == ACT_VALUE_TEXT || a == ACT_VALUE_BYTES || a == ACT_TRACE_ID || a == ACT_SPAN_ID ||
                     a == ACT_PARENT_ID;
            unknown += a == ACT_UNKNOWN;
        }
    }
    ck_assert_uint_eq(texts, 21);
    ck_assert_uint_gt(unknown, 0);
}
END_TEST

/* A field that somebody adds to the .proto files must stop the build until it is classified. */
START_TEST(schema_refuses_when_a_field_is_not_classified)
{
    ProtobufCFieldDescriptor fields[1] = {ROOT.fields[0]};
    ProtobufCMessageDescriptor root = ROOT, sub = *(const ProtobufCMessageDescriptor *)ROOT.fields[0].descriptor;
    ProtobufCFieldDescriptor more[4];
    const char *missing;
    struct schema s;

    memcpy(more, sub.fields, 3 * sizeof(more[0]));
    more[3] = more[2]; /* a string */
    more[3].name = "note";
    more[3].id = 4;
    sub.fields = more;
    sub.n_fields = 4;
    fields[0].descriptor = &sub;
    root.fields = fields;
    ck_assert_int_eq(schema_compile(&root, &s, &missing), RC_INTERNAL);
    ck_assert_str_eq(missing, "ResourceSpans.note");
    more[3].id = 99;
    ck_assert_int_eq(schema_compile(&root, &s, &missing), RC_INTERNAL);
}
END_TEST

START_TEST(schema_names_every_place_once)
{
    for (unsigned i = 0; i < PLACE_COUNT_; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(place_name((enum place)i), place_name((enum place)j));
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &schema_classifies_every_field_of_the_descriptors},
    {"malformed", &schema_refuses_when_a_field_is_not_classified},
    {"normal", &schema_names_every_place_once},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("schema", cases);
}
