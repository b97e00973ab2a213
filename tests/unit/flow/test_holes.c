/*
 * Ways in which data has gone to the wrong place, or into the gate's own words, elsewhere. One case for each, through the whole gate.
 */
#include <stdlib.h>

#include "base_suite.h"
#include "codec/emit.h"
#include "flow_gate.h"

#define MAIL "jane.roe@example.org"

static const char policy[] = "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: all, revision: 1}\nspec:\n  mode: enforce\n  rules:\n"
                             "    - {id: email, entity: EMAIL_ADDRESS, action: {replace: '[email]'}}\n"
                             "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stays, revision: 1}\nspec:\n  mode: enforce\n"
                             "  origin: [{cloud_region: resource.attributes.cloud.region}]\n"
                             "  routes:\n    - {from: [DE], to: [otlp_grpc/eu]}\n    - {from: [US], to: [otlp_http/us]}\n";

static void
put(struct buf *out, uint32_t field, struct buf *inner)
{
    if (emit_len_field(out, field, buf_str(inner)) != RC_OK)
        abort();
    buf_free(inner);
}

/* A resource in this region (NULL: it does not say) with one span of this name. */
static void
resource(struct buf *out, const char *region, const char *name)
{
    struct buf rs = BUF_INIT(4096), res = BUF_INIT(4096), ss = BUF_INIT(4096), span = BUF_INIT(4096);

    if (region && emit_key_value(&res, 1, STR("cloud.region"), str_of(region)) != RC_OK)
        abort();
    put(&rs, 1, &res);
    if (emit_len_field(&span, 5, str_of(name)) != RC_OK || emit_key_value(&span, 9, STR("note"), STR("to " MAIL)) != RC_OK)
        abort();
    put(&ss, 2, &span);
    put(&rs, 2, &ss);
    put(out, 1, &rs);
}

static bool
holds(struct str s, const char *what)
{
    return str_find(s, str_of(what)) != SIZE_MAX;
}

START_TEST(holes_mixed_region_batch)
{
    struct buf body = BUF_INIT(1u << 16);
    struct test_gate g;
    struct gate_outcome out;

    resource(&body, "eu-central-1", "german");
    resource(&body, "us-east-1", "american");
    test_gate_init(&g, policy);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "DE", &out);
    ck_assert_int_eq(out.rc, RC_OK);
    ck_assert(holds(test_gate_payload(&out, 0), "german") && !holds(test_gate_payload(&out, 0), "american"));
    ck_assert(holds(test_gate_payload(&out, 1), "american") && !holds(test_gate_payload(&out, 1), "german"));
    ck_assert(!holds(test_gate_payload(&out, 0), MAIL) && !holds(test_gate_payload(&out, 1), MAIL));
    gate_outcome_free(&out);
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

/* There is no default route: what cannot be told goes nowhere, and takes nothing else along. */
START_TEST(holes_region_that_cannot_be_told)
{
    static const char *const regions[] = {NULL, "", "mars-north-1", "eu-central-0", "us-east-1,eu-central-1", "eu-central-1 us-east-1"};

    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        struct buf body = BUF_INIT(1u << 16);
        struct test_gate g;
        struct gate_outcome out;

        resource(&body, regions[i], "lost");
        resource(&body, "eu-central-1", "german");
        test_gate_init(&g, policy);
        test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "", &out);
        ck_assert_int_eq(out.rc, RC_OK);
        ck_assert_msg(!holds(test_gate_payload(&out, 0), "lost") && !holds(test_gate_payload(&out, 1), "lost"), "region %s is sent",
            regions[i] ? regions[i] : "none");
        ck_assert(holds(test_gate_payload(&out, 0), "german"));
        ck_assert_uint_eq(out.reply.rejected, 1);
        gate_outcome_free(&out);
        test_gate_fini(&g);
        buf_free(&body);
    }
}
END_TEST

/* Where a backend is down its data waits: no payload is ever made for another one. */
START_TEST(holes_no_spill_to_another_region)
{
    struct buf body = BUF_INIT(1u << 16);
    struct test_gate g;
    struct gate_outcome out;

    resource(&body, "eu-central-1", "german");
    test_gate_init(&g, policy);
    test_gate_process(&g, TRANSPORT_GRPC, ENCODING_IDENTITY, buf_str(&body), "US", &out);
    ck_assert_int_eq(out.rc, RC_OK);
    ck_assert_uint_eq(out.payload_count, 1);
    ck_assert_uint_eq(out.payload[0].destination, 0);
    gate_outcome_free(&out);
    test_gate_fini(&g);
    buf_free(&body);
}
END_TEST

/* What is refused is not quoted, neither to the sender nor in the record. */
START_TEST(holes_own_record_of_a_failing_span)
{
    static const char *const bodies[] = {"\x0a\x7f" MAIL, "{\"resourceSpans\": [{\"" MAIL "\": ", MAIL};
    static const enum transport transports[] = {TRANSPORT_GRPC, TRANSPORT_HTTP_PROTOBUF};
    struct test_gate g;

    test_gate_init(&g, policy);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        for (size_t t = 0; t < sizeof(transports) / sizeof(transports[0]); t++) {
            struct gate_outcome out;

            test_gate_process(&g, transports[t], ENCODING_IDENTITY, str_of(bodies[i]), "DE", &out);
            ck_assert_int_ne(out.rc, RC_OK);
            ck_assert_uint_eq(out.payload_count, 0);
            ck_assert(!holds(out.reply.message, "jane") && !holds(buf_str(&out.head), "jane") && !holds(buf_str(&out.tail), "jane"));
            gate_outcome_free(&out);
        }
    }
    test_gate_fini(&g);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &holes_mixed_region_batch},
    {"malformed", &holes_region_that_cannot_be_told},
    {"normal", &holes_no_spill_to_another_region},
    {"malformed", &holes_own_record_of_a_failing_span},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("holes", cases);
}
