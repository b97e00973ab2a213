#include "codec/otlp_reply.h"

#include "base/digest.h"
#include "base_guard.h"
#include "base_nomem.h"
#include "base_suite.h"
#include "codec/put.h"

static struct str
unhex(const char *hex, uint8_t *bytes)
{
    struct str s = str_of(hex);

    ck_assert(digest_unhex(s, bytes));
    return (struct str){(char *)bytes, s.len / 2};
}

static void
expect_hex(const struct buf *out, const char *hex)
{
    uint8_t bytes[1000];

    ck_assert(str_eq(buf_str(out), unhex(hex, bytes)));
}

/* OTLP 1.11, "Partial Success": the message is not set when all is well. */
START_TEST(otlp_reply_is_empty_when_all_was_taken)
{
    struct buf out = BUF_INIT(1000);
    struct reply r = {.rc = RC_OK};

    ck_assert_int_eq(otlp_reply_encode(&r, false, &out), RC_OK);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(otlp_reply_encode(&r, true, &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("{}")));
    buf_free(&out);
}
END_TEST

START_TEST(otlp_reply_says_what_was_rejected)
{
    struct buf out = BUF_INIT(1000);
    struct reply r = {.rc = RC_OK, .rejected = 3, .message = STR("denied")};
    struct upstream_reply u;

    ck_assert_int_eq(otlp_reply_encode(&r, false, &out), RC_OK);
    expect_hex(&out, "0a0a0803120664656e696564");
    ck_assert_int_eq(otlp_reply_decode(buf_str(&out), false, &u), RC_OK);
    ck_assert_uint_eq(u.rejected, 3);
    buf_clear(&out);
    ck_assert_int_eq(otlp_reply_encode(&r, true, &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"denied\"}}")));
    ck_assert_int_eq(otlp_reply_decode(buf_str(&out), true, &u), RC_OK);
    ck_assert_uint_eq(u.rejected, 3);
    buf_clear(&out);
    r = (struct reply){.rc = RC_OK, .message = STR("a warning")};
    ck_assert_int_eq(otlp_reply_encode(&r, true, &out), RC_OK);
    ck_assert(str_eq(buf_str(&out), STR("{\"partialSuccess\":{\"errorMessage\":\"a warning\"}}")));
    buf_free(&out);
}
END_TEST

START_TEST(otlp_reply_decode_takes_what_servers_send)
{
    static const struct {
        bool json;
        struct str body;
        uint64_t rejected;
    } rows[] = {{false, STR(""), 0}, {true, STR(""), 0}, {true, STR("{}"), 0}, {true, STR("{\"partialSuccess\":{}}"), 0},
        {true, STR("{\"partialSuccess\":null}"), 0}, {true, STR("{\"partial_success\":{\"rejected_spans\":5}}"), 5},
        {true, STR("{\"partialSuccess\":{\"rejectedSpans\":\"5\",\"more\":[]}}"), 5}, {false, STR("\x0a\x00"), 0},
        {false, STR("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0}, /* -1 */
        {false, STR("\x0a\x02\x08\x05\x12\x03new"), 5}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct upstream_reply u = {.rejected = 77};

        ck_assert_msg(otlp_reply_decode(rows[i].body, rows[i].json, &u) == RC_OK, "row %zu", i);
        ck_assert_msg(u.rejected == rows[i].rejected, "row %zu", i);
    }
}
END_TEST

START_TEST(otlp_status_holds_retry_info_when_it_may_be_retried)
{
    struct buf out = BUF_INIT(1000), text = BUF_INIT(1000);
    struct reply r = {.rc = RC_BUSY, .retry_after_ms = 5000, .message = STR("overloaded")};
    struct upstream_reply u;

    ck_assert_int_eq(otlp_status_encode(&r, false, &out), RC_OK);
    expect_hex(
        &out, "080e120a6f7665726c6f616465641a300a28747970652e676f6f676c65617069732e636f6d2f676f6f676c652e7270632e5265747279496e666f12040a020805");
    ck_assert_int_eq(digest_base64(buf_str(&out), &text), RC_OK);
    ck_assert(str_starts(buf_str(&text), STR("CA4SCm92ZXJsb2FkZWQaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIBQ")));
    ck_assert_int_eq(otlp_status_decode(buf_str(&out), false, &u), RC_OK);
    ck_assert_int_eq(u.status_code, 14);
    ck_assert(u.has_retry_info);
    ck_assert_uint_eq(u.retry_after_ms, 5000);
    buf_clear(&out);
    r.retry_after_ms = 1500;
    ck_assert_int_eq(otlp_status_encode(&r, true, &out), RC_OK);
    ck_assert(
        str_eq(buf_str(&out), STR("{\"code\":14,\"message\":\"overloaded\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
                                  "\"retryDelay\":\"1.500s\"}]}")));
    ck_assert_int_eq(otlp_status_decode(buf_str(&out), true, &u), RC_OK);
    ck_assert_int_eq(u.status_code, 14);
    ck_assert_uint_eq(u.retry_after_ms, 1500);
    buf_free(&out);
    buf_free(&text);
}
END_TEST

START_TEST(otlp_status_never_asks_to_retry_what_is_final)
{
    struct buf out = BUF_INIT(1000);
    struct reply r = {.rc = RC_TOO_LARGE, .retry_after_ms = 5000};
    struct upstream_reply u;

    ck_assert_int_eq(otlp_status_encode(&r, false, &out), RC_OK);
    ck_assert_int_eq(otlp_status_decode(buf_str(&out), false, &u), RC_OK);
    ck_assert_int_eq(u.status_code, 8);
    ck_assert(!u.has_retry_info);
    ck_assert_uint_ne(str_find(buf_str(&out), str_of(rc_text(RC_TOO_LARGE))), SIZE_MAX);
    buf_free(&out);
}
END_TEST

/* OTLP 1.11 "Failures": bad data is answered with google.rpc.BadRequest. */
START_TEST(otlp_status_holds_bad_request_when_the_data_is_bad)
{
    struct buf out = BUF_INIT(1000);
    struct reply r = {.rc = RC_MALFORMED, .message = STR("no \"batch\"")};

    ck_assert_int_eq(otlp_status_encode(&r, true, &out), RC_OK);
    ck_assert(
        str_eq(buf_str(&out), STR("{\"code\":3,\"message\":\"no \\\"batch\\\"\",\"details\":[{\"@type\":"
                                  "\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"description\":\"no \\\"batch\\\"\"}]}]}")));
    buf_free(&out);
}
END_TEST

START_TEST(otlp_status_has_both_encodings_for_every_code)
{
    for (int rc = 1; rc < RC_COUNT_; rc++) {
        struct reply r = {.rc = (enum rc)rc, .retry_after_ms = 1, .message = STR("")};
        struct upstream_reply u[2];

        for (int json = 0; json < 2; json++) {
            struct buf out = BUF_INIT(4000);

            ck_assert_int_eq(otlp_status_encode(&r, json, &out), RC_OK);
            ck_assert_int_eq(otlp_status_decode(buf_str(&out), json, &u[json]), RC_OK);
            ck_assert_int_eq(u[json].status_code, rc_grpc_status(r.rc));
            ck_assert_int_eq(u[json].has_retry_info, rc_retryable(r.rc));
            ck_assert_uint_eq(u[json].retry_after_ms, rc_retryable(r.rc) ? 1 : 0);
            buf_free(&out);
        }
    }
}
END_TEST

START_TEST(otlp_status_decode_reads_delays)
{
    static const struct {
        const char *delay;
        uint32_t ms;
    } rows[] = {{"0s", 0}, {"0.000000001s", 1}, {"1.1s", 1100}, {"299.9999s", 300000}, {"300s", 300000}, {"1000000000s", 300000}, {"-5s", 0},
        {"9223372036854775807s", 300000}, {"2.5s", 2500}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf json = BUF_INIT(1000);
        struct upstream_reply u;

        ck_assert_int_eq(buf_printf(&json,
                             "{\"code\":8,\"details\":[{\"@type\":\"x\",\"odd\":1},{\"@type\":"
                             "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"%s\"}]}",
                             rows[i].delay),
            RC_OK);
        ck_assert_int_eq(otlp_status_decode(buf_str(&json), true, &u), RC_OK);
        ck_assert(u.has_retry_info);
        ck_assert_msg(u.retry_after_ms == rows[i].ms, "%s: %u", rows[i].delay, u.retry_after_ms);
        buf_free(&json);
    }
}
END_TEST

START_TEST(otlp_status_decode_ignores_what_it_does_not_know)
{
    struct upstream_reply u;
    struct buf out = BUF_INIT(1000);
    struct put p = {.out = &out};

    put_varint(&p, 1, 14);
    for (int i = 0; i < 2; i++) {
        struct put_mark any = put_open(&p, 3);

        put_bytes(&p, 1, i ? STR("type.googleapis.com/google.rpc.RetryInfo") : STR("type.googleapis.com/google.rpc.DebugInfo"));
        put_bytes(&p, 2, STR("\xff\xff garbage"));
        put_close(&p, any);
    }
    ck_assert_int_eq(p.rc, RC_OK);
    ck_assert_int_eq(otlp_status_decode(buf_str(&out), false, &u), RC_OK);
    ck_assert_int_eq(u.status_code, 14);
    ck_assert(!u.has_retry_info);
    buf_free(&out);
}
END_TEST

START_TEST(otlp_reply_decode_refuses_garbage)
{
    static const struct {
        bool json;
        struct str body;
    } rows[] = {{true, STR("<html>502</html>")}, {true, STR("[]")}, {true, STR("{\"partialSuccess\":1,\"details\":1}")},
        {false, STR("<html>502</html>")}, {false, STR("\x0a\x05")}, {false, STR("\x0a")},
        {false, STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guard g;
        struct str body = guard_copy(&g, rows[i].body);
        struct upstream_reply u = {.rejected = 77, .status_code = 78};

        ck_assert_int_eq(otlp_reply_decode(body, rows[i].json, &u), RC_MALFORMED);
        ck_assert_int_eq(otlp_status_decode(body, rows[i].json, &u), RC_MALFORMED);
        ck_assert_uint_eq(u.rejected, 77);
        ck_assert_int_eq(u.status_code, 78);
        guard_free(&g);
    }
}
END_TEST

START_TEST(otlp_reply_decode_bounds_what_a_backend_sends)
{
    size_t len = 4u * 1024 * 1024;
    char *bytes = malloc(len + 1);
    struct upstream_reply u;

    /* millions of empty details: small on the wire, large as objects */
    for (size_t i = 0; i < len; i += 2)
        memcpy(bytes + i, "\x1a\x00", 2);
    ck_assert_int_eq(otlp_status_decode((struct str){bytes, len}, false, &u), RC_MALFORMED);
    ck_assert_int_eq(otlp_reply_decode((struct str){bytes, len + 1}, false, &u), RC_TOO_LARGE);
    ck_assert_int_eq(otlp_reply_decode((struct str){bytes, len + 1}, true, &u), RC_TOO_LARGE);
    free(bytes);
}
END_TEST

START_TEST(otlp_status_encode_cuts_a_long_message_between_characters)
{
    char text[3000];
    struct buf out = BUF_INIT(10000);
    struct upstream_reply u;

    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    struct reply r = {.rc = RC_MALFORMED, .message = {text, sizeof(text)}};

    ck_assert_int_eq(otlp_status_encode(&r, true, &out), RC_OK);
    ck_assert(str_utf8_valid(buf_str(&out)));
    ck_assert_uint_eq(str_find(buf_str(&out), STR("\xef\xbf\xbd")), SIZE_MAX);
    ck_assert_int_eq(otlp_status_decode(buf_str(&out), true, &u), RC_OK);
    buf_free(&out);
}
END_TEST

START_TEST(otlp_reply_says_when_memory_ends)
{
    struct reply r = {.rc = RC_BUSY, .retry_after_ms = 5000, .message = STR("overloaded")};
    long n;

    for (n = 1; nomem_round(n); n++) {
        struct buf out = BUF_INIT(1000);
        struct upstream_reply u;
        enum rc rc = otlp_status_encode(&r, true, &out);

        if (rc == RC_OK)
            rc = otlp_status_decode(buf_str(&out), true, &u);
        bool failed = nomem_end();

        /* protobuf-c does not say why it refuses */
        ck_assert_msg(failed ? rc == RC_NOMEM || rc == RC_MALFORMED || (rc == RC_OK && !u.has_retry_info) : rc == RC_OK, "allocation %ld", n);
        buf_free(&out);
        if (!failed)
            break;
    }
    ck_assert(n > 10 || !nomem_round(1));
    (void)nomem_end();
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &otlp_reply_is_empty_when_all_was_taken},
    {"normal", &otlp_reply_says_what_was_rejected},
    {"normal", &otlp_reply_decode_takes_what_servers_send},
    {"normal", &otlp_status_holds_retry_info_when_it_may_be_retried},
    {"normal", &otlp_status_never_asks_to_retry_what_is_final},
    {"normal", &otlp_status_holds_bad_request_when_the_data_is_bad},
    {"normal", &otlp_status_has_both_encodings_for_every_code},
    {"normal", &otlp_status_decode_reads_delays},
    {"malformed", &otlp_status_decode_ignores_what_it_does_not_know},
    {"malformed", &otlp_reply_decode_refuses_garbage},
    {"limits", &otlp_reply_decode_bounds_what_a_backend_sends},
    {"limits", &otlp_status_encode_cuts_a_long_message_between_characters},
    {"nomem", &otlp_reply_says_when_memory_ends},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("otlp_reply", cases);
}
