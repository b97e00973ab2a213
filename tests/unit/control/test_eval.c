#include "proxy/control/eval_int.h"

#include "base/digest.h"
#include "base_suite.h"
#include "codec/compress.h"
#include "codec/otlp_json.h"
#include "control_tmp.h"

#define POLICY                                                                                                        \
    "apiVersion: spangate/v1\nkind: RedactionPolicy\nmetadata: {name: p, revision: 12}\nspec:\n"                      \
    "  match: {resource: {team: shop}}\n  scan: [span.attributes.*, span.name, spanevent.attributes.*]\n"             \
    "  hold_out: [{keys: [session.id], shape: uuid}]\n"                                                               \
    "  rules:\n"                                                                                                      \
    "    - {id: email, entity: EMAIL_ADDRESS, action: {hash: {key: k1, format: \"email_{hex16}\"}}}\n"                \
    "    - {id: card, entity: CREDIT_CARD, action: {mask: {keep_last: 4}}}\n"                                         \
    "    - {id: us-ip, entity: IP_ADDRESS, when: destination.jurisdiction != \"EU\", action: {replace: IP}}\n"        \
    "    - {id: loyalty, regex: 'LY-\\d{8}', mode: shadow, action: {replace: x}}\n"                                   \
    "    - {id: member, regex: 'M\\d{6}', keys: [member.*], action: {replace: m}}\n"                                  \
    "    - {id: uuid, regex: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', action: {replace: u}}\n" \
    "    - {id: gone, keys: [gone.*], action: drop}\n"                                                                \
    "---\napiVersion: spangate/v1\nkind: ResidencyPolicy\nmetadata: {name: stay, revision: 3}\nspec:\n"               \
    "  origin: [{country: resource.attributes.geo.country.iso_code}]\n  routes:\n"                                    \
    "    - {from: [EEA], to: [eu]}\n    - {from: [US], to: [us, eu]}\n"

static const char *const destinations[] = {"eu=EU/DE", "us=US"};

static struct eval_options
options(void)
{
    static const char *policies[1];

    policies[0] = tmp_write("p.policy.yaml", POLICY);
    return (struct eval_options){.tool = {.policies = policies, .policy_count = 1, .destinations = destinations, .destination_count = 2},
        .place = "span.attributes",
        .sender = {.now_s = 1795000000}};
}

static int
explain_value(const char *key, const char *value, struct buf *out)
{
    static const char *const resource[] = {"team=shop", "geo.country.iso_code=DE"};
    struct eval_options o = options();

    o.value = (struct eval_value){.key = key, .value = value, .resource = resource, .resource_count = 2};
    buf_clear(out);
    return explain_main(&o, out);
}

START_TEST(explain_tells_rule_score_bytes_action_and_route)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(explain_value("user.email", "alice@example.org", &out), EXIT_DONE);
    tmp_has(&out, "span.attributes.user.email  \"alice@example.org\"  -> \"email_");
    tmp_has(&out, "matched    email (p r12, enforce)  entity EMAIL_ADDRESS  score 1.00  bytes 0-17  detector contact.email\n");
    tmp_has(&out, "action     hash\n");
    tmp_has(&out, "route: origin DE (resource.attributes.geo.country.iso_code)  -> eu (stay/1) ; refused us (stay)");
    buf_free(&out);
}
END_TEST

START_TEST(explain_tells_why_a_value_was_nearly_found)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(explain_value("app.order_id", "2018678836144587", &out), EXIT_DONE);
    tmp_has(&out, "\"2018678836144587\"   kept");
    tmp_has(&out, "near miss  card: CREDIT_CARD shape, its check failed");
    ck_assert_int_eq(explain_value("session.id", "7d444840-9dc0-11d1-b245-5ffdce74fad2", &out), EXIT_DONE);
    tmp_has(&out, "near miss  uuid: uuid, kept by hold_out");
    ck_assert_int_eq(explain_value("other.id", "M123456", &out), EXIT_DONE);
    tmp_has(&out, "near miss  member: member, but the rule is limited to keys: member.*");
    ck_assert_int_eq(explain_value("card", "LY-12345678", &out), EXIT_DONE);
    tmp_has(&out, "shadow     loyalty");
    tmp_has(&out, "\"LY-12345678\"   kept");
    buf_free(&out);
}
END_TEST

#define RESOURCE(country)                                                                     \
    "{\"resource\":{\"attributes\":[{\"key\":\"team\",\"value\":{\"stringValue\":\"shop\"}}," \
    "{\"key\":\"geo.country.iso_code\",\"value\":{\"stringValue\":\"" country "\"}}]},\"scopeSpans\":[{\"spans\":[{\"name\":\"of " country "\"}]}]}"

/* One span that may go nowhere, and the policy says refuse: the gate takes none of them. */
START_TEST(eval_refuses_the_whole_request_as_the_gate_does)
{
    static const char *files[1], *policies[1];
    struct buf out = BUF_INIT(1u << 20);
    struct eval_options o = options();

    files[0] = tmp_write("mixed.json", "{\"resourceSpans\":[" RESOURCE("DE") "," RESOURCE("CN") "]}");
    o.files = files;
    o.file_count = 1;
    ck_assert_int_eq(eval_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "eu: 1 of 2 spans");
    policies[0] = tmp_write("refuse.policy.yaml", POLICY "  on_unroutable: refuse\n");
    o.tool.policies = policies;
    buf_clear(&out);
    ck_assert_int_eq(eval_main(&o, &out), EXIT_NEGATIVE);
    tmp_has(&out, "the request is refused: no destination is allowed");
    ck_assert_ptr_null(strstr(out.ptr, "1 of 2"));
    o.to = "eu"; /* as if it were routed there */
    buf_clear(&out);
    ck_assert_int_eq(eval_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "eu: 2 of 2 spans");
    buf_free(&out);
}
END_TEST

START_TEST(explain_tells_of_places_policies_and_destinations)
{
    static const char *const other[] = {"team=other"}, *const shop[] = {"team=shop"};
    struct buf out = BUF_INIT(1u << 20);
    struct eval_options o = options();

    o.value = (struct eval_value){.key = "k", .value = "alice@example.org", .resource = other, .resource_count = 1};
    ck_assert_int_eq(explain_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "near miss  email: EMAIL_ADDRESS, but the policy's `match` is not that of this resource");
    tmp_has(&out, "route: nowhere");
    buf_clear(&out);
    o.value.resource = shop;
    o.place = "span.status.message";
    ck_assert_int_eq(explain_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "near miss  email: EMAIL_ADDRESS, but the rule or its policy does not scan this place");
    buf_clear(&out);
    ck_assert_int_eq(explain_value("client.address", "203.0.113.7", &out), EXIT_DONE);
    tmp_has(&out, "kept (eu) ; -> \"IP\" (us)");
    tmp_has(&out, "only for us");
    buf_free(&out);
}
END_TEST

START_TEST(explain_writes_json)
{
    static const char *const resource[] = {"team=shop"};
    struct buf out = BUF_INIT(1u << 20);
    struct eval_options o = options();

    o.format = EVAL_JSON;
    o.value = (struct eval_value){.key = "gone.x", .value = "a \"b\" 4111 1111 1111 1111", .resource = resource, .resource_count = 1};
    ck_assert_int_eq(explain_main(&o, &out), EXIT_DONE);
    tmp_has(&out, "{\"destination\":\"eu\",\"outcome\":\"dropped\"}");
    tmp_has(&out, "\"rule\":\"gone\"");
    tmp_has(&out, "\"covered_by\":\"gone\"");
    tmp_has(&out, "\"routes\":[{\"span\":0,\"covered\":true");
    buf_free(&out);
}
END_TEST

#define SPAN_JSON                                                                                                 \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"team\",\"value\":{\"stringValue\":\"shop\"}}," \
    "{\"key\":\"geo.country.iso_code\",\"value\":{\"stringValue\":\"%s\"}}]},\"scopeSpans\":[{\"spans\":[{"       \
    "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\",\"name\":\"mail alice@example.org from 203.0.113.7\"}]}]}]}"

static const char *
span_json(const char *name, const char *country, const char *more)
{
    char text[2048];
    int n = snprintf(text, sizeof(text), SPAN_JSON, country);

    snprintf(text + n, sizeof(text) - (size_t)n, "%s", more);
    return tmp_write(name, text);
}

static int
eval_file(const char *path, const char *to, enum eval_format format, struct buf *out)
{
    struct eval_options o = options();

    o.files = &path;
    o.file_count = 1;
    o.to = to;
    o.format = format;
    buf_clear(out);
    return eval_main(&o, out);
}

START_TEST(eval_shows_what_each_destination_gets)
{
    struct buf out = BUF_INIT(1u << 20);

    ck_assert_int_eq(eval_file(span_json("s.json", "US", "\n"), NULL, EVAL_TEXT, &out), EXIT_DONE);
    tmp_has(&out, "eu: 1 of 1 spans\n");
    tmp_has(&out, " from 203.0.113.7\n");
    tmp_has(&out, "us: 1 of 1 spans\n");
    tmp_has(&out, " from IP\n");
    tmp_has_not(&out, "alice@");
    ck_assert_int_eq(eval_file(span_json("s.json", "DE", ""), NULL, EVAL_TEXT, &out), EXIT_DONE);
    tmp_has(&out, "us: 0 of 1 spans, nothing is sent\n");
    ck_assert_int_eq(eval_file(tmp_path("s.json"), "us", EVAL_PLAIN, &out), EXIT_DONE);
    ck_assert(str_starts(buf_str(&out), STR("{\"resourceSpans\":")));
    tmp_has(&out, "from IP");
    ck_assert_int_eq(eval_file(tmp_path("s.json"), NULL, EVAL_JSON, &out), EXIT_DONE);
    tmp_has(&out, "{\"destination\":\"us\",\"spans\":0,\"sent\":null}\n");
    buf_free(&out);
}
END_TEST

/* What spans hold is anybody's: a terminal must not obey it. */
START_TEST(eval_prints_no_control_character_of_a_span)
{
    struct buf out = BUF_INIT(1u << 20);
    const char *file = tmp_write("span.json",
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"team\",\"value\":{\"stringValue\":\"shop\"}},{\"key\":\"geo.country.iso_"
        "code\","
        "\"value\":{\"stringValue\":\"DE\"}}]},\"scopeSpans\":[{\"spans\":[{\"name\":\"a\\u001b[2J\\u009b1m\\nb\","
        "\"attributes\":[{\"key\":\"k\\u001b[2J\",\"value\":{\"stringValue\":\"\\u001b]0;x\\u0007\"}}]}]}]}]}");

    ck_assert_int_eq(eval_file(file, NULL, EVAL_TEXT, &out), EXIT_DONE);
    ck_assert_ptr_null(memchr(out.ptr, 0x1b, out.len));
    ck_assert_ptr_null(memmem(out.ptr, out.len, "\xc2\x9b", 2));
    tmp_has(&out, "a\\u001b[2J\\u009b1m\\u000ab");
    buf_free(&out);
}
END_TEST

START_TEST(eval_reads_every_form_of_file)
{
    struct buf out = BUF_INIT(1u << 20), body = BUF_INIT(1u << 20), packed = BUF_INIT(1u << 20);
    struct compressor *c = compressor_new();
    char json[2048];
    uint64_t unknown;
    int n = snprintf(json, sizeof(json), SPAN_JSON, "US");

    ck_assert_int_eq(otlp_json_decode((struct str){json, (size_t)n}, 64, &body, &unknown), RC_OK);
    ck_assert_int_eq(compressor_deflate(c, ENCODING_GZIP, buf_str(&body), &packed), RC_OK);
    const char length[4] = {0, 0, (char)(body.len >> 8), (char)body.len};
    struct buf many = BUF_INIT(1u << 20);

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(buf_append(&many, (struct str){length, 4}), RC_OK);
        ck_assert_int_eq(buf_append(&many, buf_str(&body)), RC_OK);
    }
    const char *const files[] = {tmp_write_bytes("a.pb", buf_str(&body)), tmp_write_bytes("a.pb.gz", buf_str(&packed)),
        tmp_write_bytes("a.many", buf_str(&many)),
        span_json("a.jsonl", "US",
            "\n\n"
            "{}\n"),
        tmp_write("a.yaml", "resource: {team: shop, geo.country.iso_code: US}\nspan: {name: mail alice@example.org from 203.0.113.7}\n")};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        ck_assert_msg(eval_file(files[i], NULL, EVAL_TEXT, &out) == EXIT_DONE && str_find(buf_str(&out), STR("1 of 1")) != SIZE_MAX, "%s", files[i]);
        tmp_has(&out, " from IP\n");
        tmp_has_not(&out, "alice@");
    }
    compressor_free(c);
    buf_free(&many);
    buf_free(&packed);
    buf_free(&body);
    buf_free(&out);
}
END_TEST

START_TEST(eval_refuses_what_cannot_be_read)
{
    struct buf out = BUF_INIT(1u << 20);
    struct eval_options o = options();
    static const char *const wrong[] = {"eu"}, *const nothing[] = {"no-such-pack"};

    (void)tmp_take_stderr();
    ck_assert_int_eq(eval_file(tmp_path("none.json"), NULL, EVAL_TEXT, &out), EXIT_UNAVAILABLE);
    ck_assert_int_eq(eval_file(tmp_write("bad.json", "{\"resourceSpans\":[{]}"), NULL, EVAL_TEXT, &out), EXIT_CONFIG);
    ck_assert_int_eq(eval_file(tmp_write("bad.bin", "\xff\xff\xff\xff"), NULL, EVAL_TEXT, &out), EXIT_CONFIG);
    ck_assert_int_eq(eval_file(tmp_write("bad.yaml", "spam: {name: x}\n"), NULL, EVAL_TEXT, &out), EXIT_CONFIG);
    ck_assert_int_eq(eval_file(span_json("s.json", "DE", ""), "asia", EVAL_TEXT, &out), EXIT_USAGE);
    o.tool.destinations = wrong;
    o.tool.destination_count = 1;
    ck_assert_int_eq(eval_main(&o, &out), EXIT_CONFIG);
    o = options();
    o.tool.policies = nothing;
    ck_assert_int_eq(eval_main(&o, &out), EXIT_CONFIG);
    o.tool.policy_count = 0;
    ck_assert_int_eq(eval_main(&o, &out), EXIT_CONFIG);
    buf_free(&out);
}
END_TEST

START_TEST(eval_survives_files_cut_anywhere)
{
    struct buf out = BUF_INIT(1u << 20);
    char json[2048];
    int n = snprintf(json, sizeof(json), SPAN_JSON, "US");

    (void)tmp_take_stderr();
    for (int len = 0; len < n; len += 7) {
        const char *path = tmp_write_bytes("cut.json", (struct str){json, (size_t)len});
        int code = eval_file(path, NULL, EVAL_JSON, &out);

        ck_assert_msg(code == EXIT_CONFIG || (len == 0 && code == EXIT_DONE), "%d bytes: %d", len, code);
        tmp_has_not(&out, "alice@");
    }
    buf_free(&out);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &explain_tells_rule_score_bytes_action_and_route},
    {"normal", &explain_tells_why_a_value_was_nearly_found},
    {"normal", &eval_refuses_the_whole_request_as_the_gate_does},
    {"normal", &explain_tells_of_places_policies_and_destinations},
    {"normal", &explain_writes_json},
    {"normal", &eval_shows_what_each_destination_gets},
    {"malformed", &eval_prints_no_control_character_of_a_span},
    {"normal", &eval_reads_every_form_of_file},
    {"malformed", &eval_refuses_what_cannot_be_read},
    {"malformed", &eval_survives_files_cut_anywhere},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("eval", cases);
}
