#include <stdlib.h>

#include "base_suite.h"
#include "codec/grpc.h"
#include "codec/otlp_reply.h"
#include "ingress_grpc.h"

static const struct rig_options secure = {true, true, 0, 0}, plain = {true, false, 0, 0};

/* Prefix and message; the caller frees. */
static struct buf
framed(unsigned char flag, uint32_t announced, size_t len)
{
    struct buf b = BUF_INIT(64u << 20);
    uint8_t prefix[GRPC_PREFIX];

    grpc_prefix_write(prefix, false, announced);
    prefix[0] = flag;
    ck_assert_int_eq(buf_append(&b, (struct str){(char *)prefix, sizeof(prefix)}), RC_OK);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(buf_append_byte(&b, (char)(i * 7 >> 3)), RC_OK);
    return b;
}

#define HELLO STR("\0\0\0\0\x05hello")

START_TEST(server_grpc_takes_a_call)
{
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct rig r;
        struct grpc_client g;

        rig_open(&r, &secure);
        grpc_client_open(&r, &g);
        g.net.chunk = chunk;
        unsigned k = grpc_client_call(&g, HELLO, NULL, false);

        grpc_client_settle(&r, &g);
        ck_assert_uint_eq(r.requests, 1);
        ck_assert(str_eq(buf_str(&r.body), STR("hello")));
        ck_assert_int_eq(r.transport, TRANSPORT_GRPC);
        ck_assert_int_eq(r.encoding, ENCODING_IDENTITY);
        ck_assert_uint_eq(r.deadline_us, 0);
        ck_assert_str_eq(r.identity, PKI_CLIENT_ID);
        ck_assert_int_eq(g.result[k].http, 200);
        ck_assert_int_eq(g.result[k].status, 0);
        ck_assert(str_eq(buf_str(&g.result[k].data), STR("\0\0\0\0\0")));
        ck_assert(g.result[k].closed && g.result[k].code == NGHTTP2_NO_ERROR && !g.result[k].headers_only);
        grpc_client_close(&g);
        rig_close(&r);
    }
}
END_TEST

START_TEST(server_grpc_takes_many_large_calls_at_once)
{
    struct buf body = framed(0, 1000000, 1000000);
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &secure);
    grpc_client_open(&r, &g);
    for (unsigned i = 0; i < 10; i++)
        grpc_client_call(&g, buf_str(&body), NULL, false);
    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(r.requests, 10);
    ck_assert(str_eq(buf_str(&r.body), str_sub(buf_str(&body), GRPC_PREFIX, body.len)));
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(g.result[i].status, 0);
    grpc_client_close(&g);
    rig_close(&r);
    buf_free(&body);
}
END_TEST

START_TEST(server_grpc_reads_the_head)
{
    static const struct {
        struct grpc_field fields[3];
        struct str body;
        int http, status;
        const char *said;
        enum encoding encoding;
        uint64_t timeout_us;
        const char *reason; /* told when it is refused */
    } rows[] = {
        {{{"content-type", "application/grpc+proto"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{"content-type", "application/grpc; charset=x"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{"grpc-encoding", "gzip"}}, STR("\1\0\0\0\2zz"), 200, 0, "", ENCODING_GZIP, 0, ""},
        {{{"grpc-encoding", "zstd"}}, STR("\1\0\0\0\2zz"), 200, 0, "", ENCODING_ZSTD, 0, ""},
        {{{"grpc-encoding", "gzip"}}, STR("\0\0\0\0\2zz"), 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{"grpc-encoding", "identity"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{"grpc-timeout", "10S"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 10000000, ""},
        {{{"grpc-timeout", "99999999H"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, UINT64_C(99999999) * 3600 * 1000000, ""},
        {{{"te", NULL}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{"x-tenant-bin", "AAA"}}, HELLO, 200, 0, "", ENCODING_IDENTITY, 0, ""},
        {{{":path", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"}}, HELLO, 200, 12, "traces only", 0, 0, "other_signal"},
        {{{":path", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"}}, HELLO, 200, 12, "traces only", 0, 0, "other_signal"},
        {{{":path", "/x/y"}}, HELLO, 200, 12, "unknown service", 0, 0, "unimplemented"},
        {{{":path", GRPC_TRACES_PATH "/"}}, HELLO, 200, 12, "unknown service", 0, 0, "unimplemented"},
        {{{":path", GRPC_TRACES_PATH "?x"}}, HELLO, 200, 12, "unknown service", 0, 0, "unimplemented"},
        {{{"content-type", "application/grpc+json"}}, HELLO, 200, 12, "only proto", 0, 0, "unimplemented"},
        {{{"grpc-encoding", "br"}}, HELLO, 200, 12, "grpc-encoding", 0, 0, "encoding"},
        {{{"grpc-encoding", "gzip,gzip"}}, HELLO, 200, 12, "grpc-encoding", 0, 0, "encoding"},
        {{{"grpc-timeout", "10"}}, HELLO, 200, 3, "grpc-timeout", 0, 0, "malformed"},
        {{{"grpc-timeout", "-1S"}}, HELLO, 200, 3, "grpc-timeout", 0, 0, "malformed"},
        {{{"grpc-timeout", "123456789S"}}, HELLO, 200, 3, "grpc-timeout", 0, 0, "malformed"},
        {{{"content-type", "application/json"}}, HELLO, 415, -1, "", 0, 0, "media_type"},
        {{{"content-type", "application/grpc-web"}}, HELLO, 415, -1, "", 0, 0, "media_type"},
        {{{"content-type", NULL}}, HELLO, 415, -1, "", 0, 0, "media_type"},
        {{{":method", "PUT"}}, HELLO, 405, -1, "", 0, 0, "method"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        struct grpc_client g;
        bool wanted = rows[i].status == 0;

        rig_open(&r, &plain);
        grpc_client_open(&r, &g);
        unsigned k = grpc_client_call(&g, rows[i].body, rows[i].fields, false);

        grpc_client_settle(&r, &g);
        ck_assert_msg(g.result[k].http == rows[i].http && g.result[k].status == rows[i].status, "row %zu: %d %d %s", i, g.result[k].http,
            g.result[k].status, g.result[k].message);
        ck_assert_msg(strstr(g.result[k].message, rows[i].said), "row %zu: %s", i, g.result[k].message);
        ck_assert_msg(g.result[k].closed && g.result[k].code == NGHTTP2_NO_ERROR, "row %zu: code %u", i, g.result[k].code);
        ck_assert_uint_eq(r.requests, wanted);
        ck_assert_uint_eq(r.told, !wanted);
        ck_assert_msg(wanted || strcmp(r.told_reason, rows[i].reason) == 0, "row %zu: %s", i, r.told_reason);
        ck_assert_uint_eq(g.result[k].headers_only, !wanted);
        ck_assert_str_eq(g.result[k].accept_encoding, strcmp(rows[i].fields[0].name, "grpc-encoding") == 0 && !wanted ? "identity,gzip,zstd" : "");
        if (wanted) {
            ck_assert_int_eq(r.encoding, rows[i].encoding);
            ck_assert_uint_eq(r.deadline_us, rows[i].timeout_us ? r.clock.fake_mono_us + rows[i].timeout_us : 0);
        }
        /* The connection is good for the next call. */
        k = grpc_client_call(&g, HELLO, NULL, false);
        grpc_client_settle(&r, &g);
        ck_assert_msg(g.result[k].status == 0, "row %zu", i);
        grpc_client_close(&g);
        rig_close(&r);
    }
}
END_TEST

/* faults.md row 24 */
START_TEST(server_grpc_refuses_malformed_framing)
{
    static const struct {
        struct str body;
        int status;
    } rows[] = {
        {STR(""), 12},                                                                                    /* no message */
        {STR("\0\0\0"), 13},                                                                              /* ends within the prefix */
        {STR("\0\0\0\0\x05hell"), 13},                                                                    /* ends within the message */
        {STR("\0\0\0\0\x05helloX"), 12},                                                                  /* more than the message */
        {STR("\0\0\0\0\x05hello\0\0\0\0\x05hello"), 12},                                                  /* two messages */
        {STR("\0\0\0\0\0\0\0\0\0\0"), 12},                                                                /* two empty ones */
        {STR("\2\0\0\0\x05hello"), 13}, {STR("\xff\0\0\0\x05hello"), 13}, {STR("\1\0\0\0\x05hello"), 13}, /* compressed, with what? */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t chunk = 0; chunk < 2; chunk++) {
            struct rig r;
            struct grpc_client g;

            rig_open(&r, &plain);
            grpc_client_open(&r, &g);
            g.net.chunk = chunk;
            unsigned k = grpc_client_call(&g, rows[i].body, NULL, false);

            grpc_client_settle(&r, &g);
            ck_assert_msg(g.result[k].status == rows[i].status, "row %zu: %d", i, g.result[k].status);
            ck_assert_uint_eq(r.requests, 0);
            ck_assert_uint_eq(r.told, 1);
            ck_assert_str_eq(r.told_reason, rows[i].status == 13 ? "malformed" : "unimplemented");
            k = grpc_client_call(&g, HELLO, NULL, false);
            grpc_client_settle(&r, &g);
            ck_assert_msg(g.result[k].status == 0, "row %zu", i);
            grpc_client_close(&g);
            rig_close(&r);
        }
    }
}
END_TEST

/* faults.md row 25: five bytes are enough to refuse; the sender is not read to its end. */
START_TEST(server_grpc_refuses_oversize_on_the_prefix)
{
    static const uint32_t sizes[] = {(1u << 20) + 1, 0xffffffffu};

    for (size_t i = 0; i < 2; i++) {
        struct buf body = framed(0, sizes[i], 10);
        struct rig r;
        struct grpc_client g;

        rig_open(&r, &plain);
        grpc_client_open(&r, &g);
        unsigned k = grpc_client_call(&g, buf_str(&body), NULL, true);

        grpc_client_settle(&r, &g);
        ck_assert_int_eq(g.result[k].status, 8);
        ck_assert_str_eq(g.result[k].details, ""); /* no RetryInfo: not to be tried again */
        ck_assert(g.result[k].closed && g.result[k].code == NGHTTP2_NO_ERROR);
        ck_assert_uint_eq(r.requests, 0);
        grpc_client_close(&g);
        rig_close(&r);
        buf_free(&body);
    }
}
END_TEST

START_TEST(server_grpc_passes_replies_on)
{
    static const struct {
        struct reply reply;
        int status;
        const char *message, *details;
    } rows[] = {
        {{.rc = RC_STOPPING, .retry_after_ms = 5000, .message = STR("overloaded")}, 14, "overloaded",
            "CA4SCm92ZXJsb2FkZWQaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIBQ"},
        {{.rc = RC_FULL}, 8, "", "?"},
        {{.rc = RC_MALFORMED,
             .message = STR("100% b\xc3\xa4"
                            "d")},
            3, "100%25 b%C3%A4d", "?"},
        {{.rc = RC_TOO_LARGE}, 8, "", ""},
        {{.rc = RC_DENIED, .retry_after_ms = 9}, 7, "", ""},
        {{.rc = RC_UNDECIDABLE}, 13, "", ""},
    };
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &secure);
    grpc_client_open(&r, &g);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r.answer = rows[i].reply;
        unsigned k = grpc_client_call(&g, HELLO, NULL, false);

        grpc_client_settle(&r, &g);
        ck_assert_int_eq(g.result[k].status, rows[i].status);
        ck_assert_str_eq(g.result[k].message, rows[i].message);
        if (strcmp(rows[i].details, "?") == 0)
            ck_assert_str_ne(g.result[k].details, "");
        else
            ck_assert_str_eq(g.result[k].details, rows[i].details);
    }
    r.answer = (struct reply){.rc = RC_OK, .rejected = 3, .message = STR("denied")};
    unsigned k = grpc_client_call(&g, HELLO, NULL, false);

    grpc_client_settle(&r, &g);
    ck_assert(str_eq(buf_str(&g.result[k].data), STR("\0\0\0\0\x0c\x0a\x0a\x08\x03\x12\x06"
                                                     "denied")));
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_answers_in_any_order)
{
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &secure);
    r.hold = true;
    grpc_client_open(&r, &g);
    for (unsigned i = 0; i < 3; i++)
        grpc_client_call(&g, HELLO, NULL, false);
    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(r.held_count, 3);
    struct request *first = r.held[0];

    r.held[0] = r.held[2];
    r.held[2] = first;
    rig_release(&r);
    grpc_client_settle(&r, &g);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(g.result[i].status, 0);
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_cancels_at_the_deadline_and_tells_the_sink)
{
    static const struct grpc_field timeout[] = {{"grpc-timeout", "5S"}, {NULL, NULL}};
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &secure);
    r.hold = true;
    grpc_client_open(&r, &g);
    unsigned late = grpc_client_call(&g, HELLO, timeout, false), cancelled = grpc_client_call(&g, HELLO, NULL, false);

    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(r.held_count, 2);
    r.clock.fake_mono_us += 5500000;
    grpc_client_settle(&r, &g);
    r.clock.fake_mono_us += 1000000;
    nghttp2_submit_rst_stream(g.h2, NGHTTP2_FLAG_NONE, (int32_t)(2 * cancelled + 1), NGHTTP2_CANCEL);
    grpc_client_settle(&r, &g);
    ck_assert(g.result[late].closed && g.result[late].code == NGHTTP2_CANCEL);
    ck_assert(r.held[0]->gone && r.held[1]->gone);
    ck_assert(str_eq(r.held[0]->body, STR("hello")));
    rig_release(&r); /* answers nobody */
    unsigned k = grpc_client_call(&g, HELLO, NULL, false);

    r.hold = false;
    grpc_client_settle(&r, &g);
    ck_assert_int_eq(g.result[k].status, 0);
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_drains_without_losing_a_call)
{
    struct rig r;
    struct grpc_client g, idle;

    rig_open(&r, &secure);
    r.hold = true;
    grpc_client_open(&r, &g);
    grpc_client_open(&r, &idle);
    grpc_client_settle(&r, &idle);
    grpc_client_call(&g, HELLO, NULL, false);
    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(server_connections(r.server), 2);
    rig_drain(&r);
    unsigned crossing = grpc_client_call(&g, HELLO, NULL, false); /* on its way when the announcement comes */

    grpc_client_settle(&r, &g);
    ck_assert(g.goaway && g.goaway_code == NGHTTP2_NO_ERROR);
    ck_assert_int_eq(g.goaway_last, 3); /* the second GOAWAY: both calls are served */
    ck_assert_uint_eq(r.held_count, 2);
    ck_assert_uint_eq(r.drained, 0);
    rig_release(&r);
    grpc_client_settle(&r, &g);
    ck_assert_int_eq(g.result[crossing].status, 0);
    ck_assert(g.net.closed);
    ck_assert_uint_eq(server_connections(r.server), 1);
    r.clock.fake_mono_us += 1100000; /* the idle client does not even answer the ping */
    rig_settle(&r, NULL);
    ck_assert_uint_eq(r.drained, 1);
    ck_assert_uint_eq(server_connections(r.server), 0);
    grpc_client_close(&g);
    grpc_client_close(&idle);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_ends_slow_and_idle_connections)
{
    struct buf body = framed(0, 100000, 100);
    struct rig r;
    struct grpc_client g;
    struct net_client silent;

    rig_open(&r, &plain);
    rig_connect(&r, &silent); /* says nothing after the handshake */
    rig_settle(&r, &silent);
    grpc_client_open(&r, &g);
    unsigned slow = grpc_client_call(&g, buf_str(&body), NULL, true);

    for (unsigned i = 0; i < 12; i++) {
        r.clock.fake_mono_us += 1000000;
        grpc_client_settle(&r, &g);
        rig_settle(&r, &silent);
    }
    ck_assert(silent.closed || silent.broken);
    ck_assert(g.result[slow].closed && g.result[slow].code == NGHTTP2_CANCEL);
    ck_assert(!g.net.closed);
    r.clock.fake_mono_us += UINT64_C(301000000);
    grpc_client_settle(&r, &g);
    ck_assert(g.goaway && g.goaway_code == NGHTTP2_NO_ERROR && g.net.closed);
    grpc_client_close(&g);
    net_client_close(&silent);
    rig_close(&r);
    buf_free(&body);
}
END_TEST

START_TEST(server_grpc_ends_a_connection_of_age)
{
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &plain);
    grpc_client_open(&r, &g);
    for (unsigned i = 0; i < 27 && !g.net.closed; i++) { /* busy all the time, or idleness would end it */
        unsigned k = grpc_client_call(&g, HELLO, NULL, false);

        grpc_client_settle(&r, &g);
        ck_assert_int_eq(g.result[k].status, 0);
        r.clock.fake_mono_us += UINT64_C(150000000);
    }
    r.clock.fake_mono_us += UINT64_C(100000000);
    grpc_client_settle(&r, &g);
    ck_assert(g.goaway && g.goaway_code == NGHTTP2_NO_ERROR && g.net.closed);
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

/* A client that opens no window for the answer: faults.md, "window-stall reap". */
START_TEST(server_grpc_ends_a_client_that_takes_no_answer)
{
    static const nghttp2_settings_entry closed[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}};
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &plain);
    grpc_client_open(&r, &g);
    nghttp2_submit_settings(g.h2, NGHTTP2_FLAG_NONE, closed, 1);
    unsigned k = grpc_client_call(&g, HELLO, NULL, false);

    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(r.requests, 1);
    ck_assert_int_eq(g.result[k].status, -1);
    for (unsigned i = 0; i < 31; i++) {
        r.clock.fake_mono_us += 1000000;
        grpc_client_settle(&r, &g);
    }
    ck_assert(g.goaway && g.goaway_code == NGHTTP2_ENHANCE_YOUR_CALM);
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

/* What the server said after raw bytes: the code of its GOAWAY, 0x100 when there is none. */
static uint32_t
raw(struct str preface, struct str unit, unsigned times, bool *closed)
{
    struct rig r;
    struct net_client c;
    uint32_t code = 0x100;

    rig_open(&r, &plain);
    rig_connect(&r, &c);
    net_client_send(&c, preface);
    for (unsigned i = 0; i < times; i++)
        net_client_send(&c, unit);
    rig_settle(&r, &c);
    for (size_t at = 0; at + 9 <= c.in.len;) {
        const uint8_t *f = (const uint8_t *)c.in.ptr + at;

        if (f[3] == NGHTTP2_GOAWAY)
            code = (uint32_t)f[13] << 24 | (uint32_t)f[14] << 16 | (uint32_t)f[15] << 8 | f[16];
        at += 9 + ((size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2]);
    }
    *closed = c.closed || c.broken;
    ck_assert_uint_eq(r.requests, 0);
    if (code != 0x100 && code != NGHTTP2_NO_ERROR) /* on record */
        ck_assert_msg(
            r.told >= 1 && strcmp(r.told_reason, code == NGHTTP2_ENHANCE_YOUR_CALM ? "flood" : "malformed") == 0, "%u %s", r.told, r.told_reason);
    net_client_close(&c);
    rig_close(&r);
    return code;
}

/* A request on stream 1 that does not end: ":method POST", ":scheme https", ":path /", all indexed, ":authority x". */
#define HEAD_1 "\0\0\6\1\4\0\0\0\1\x83\x87\x84\x41\1x"

/* faults.md row 32 */
START_TEST(server_grpc_calms_floods)
{
    static const struct {
        const char *what;
        struct str preface, unit;
        unsigned times, fine; /* so many end it; so many do not; 0: not asked */
    } rows[] = {
        {"PING", STR(PREFACE),
            STR("\0\0\x08\6\0\0\0\0\0"
                "12345678"),
            11, 10},
        {"PING ACK", STR(PREFACE),
            STR("\0\0\x08\6\1\0\0\0\0"
                "12345678"),
            11, 10},
        {"SETTINGS", STR(PREFACE), STR("\0\0\0\4\0\0\0\0\0"), 10, 9},
        {"WINDOW_UPDATE", STR(PREFACE), STR("\0\0\4\x08\0\0\0\0\0\0\0\0\1"), 101, 100},
        {"PRIORITY", STR(PREFACE), STR("\0\0\5\2\0\0\0\0\3\0\0\0\1\0"), 101, 100},
        {"unknown type", STR(PREFACE), STR("\0\0\0\x77\0\0\0\0\0"), 101, 100},
        {"empty DATA", STR(PREFACE HEAD_1), STR("\0\0\0\0\0\0\0\0\1"), 12, 0},
        {"RST of an idle stream", STR(PREFACE), STR("\0\0\4\3\0\0\0\0\1\0\0\0\x08"), 1, 0},
    };
    bool closed;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t code = raw(rows[i].preface, rows[i].unit, rows[i].times, &closed), want = i < 7 ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;

        ck_assert_msg(code == want && closed, "%s: %u", rows[i].what, code);
        if (rows[i].fine)
            ck_assert_msg(raw(rows[i].preface, rows[i].unit, rows[i].fine, &closed) == 0x100 && !closed, "%s", rows[i].what);
    }
}
END_TEST

START_TEST(server_grpc_calms_resets)
{
    struct buf b = BUF_INIT(1u << 20);
    bool closed;

    for (uint32_t id = 1; id < 2 * 300; id += 2) { /* rapid reset: RFC 9113 section 10.5, CVE-2023-44487 */
        const char frames[] = {0, 0, 6, 1, 4, 0, 0, (char)(id >> 8), (char)id, '\x83', '\x87', '\x84', '\x41', 1, 'x', 0, 0, 4, 3, 0, 0, 0,
            (char)(id >> 8), (char)id, 0, 0, 0, 8};

        ck_assert_int_eq(buf_append(&b, (struct str){frames, sizeof(frames)}), RC_OK);
    }
    ck_assert_uint_eq(raw(STR(PREFACE), buf_str(&b), 1, &closed), NGHTTP2_ENHANCE_YOUR_CALM);
    ck_assert(closed);
    buf_clear(&b);
    for (uint32_t id = 1; id < 2 * 300; id += 2) { /* MadeYouReset: we reset, for a window beyond 2^31-1 */
        const char frames[] = {0, 0, 6, 1, 4, 0, 0, (char)(id >> 8), (char)id, '\x83', '\x87', '\x84', '\x41', 1, 'x', 0, 0, 4, 8, 0, 0, 0,
            (char)(id >> 8), (char)id, 0x7f, '\xff', '\xff', '\xff'};

        ck_assert_int_eq(buf_append(&b, (struct str){frames, sizeof(frames)}), RC_OK);
    }
    ck_assert_uint_eq(raw(STR(PREFACE), buf_str(&b), 1, &closed), NGHTTP2_ENHANCE_YOUR_CALM);
    ck_assert(closed);
    buf_free(&b);
}
END_TEST

START_TEST(server_grpc_ends_heads_and_settings_without_end)
{
    struct buf b = BUF_INIT(1u << 20);
    bool closed;

    ck_assert_int_eq(buf_append(&b, STR("\0\0\3\1\0\0\0\0\1\x83\x87\x84")), RC_OK); /* no END_HEADERS: CVE-2024-28182 */
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(buf_append(&b, STR("\0\0\0\x09\0\0\0\0\1")), RC_OK);
    uint32_t code = raw(STR(PREFACE), buf_str(&b), 1, &closed);

    ck_assert_msg(closed && code != 0x100, "%u", code);
    buf_clear(&b);
    ck_assert_int_eq(buf_append(&b, STR("\0\0\xc6\4\0\0\0\0\0")), RC_OK); /* 33 settings */
    for (unsigned i = 0; i < 33; i++)
        ck_assert_int_eq(buf_append(&b, STR("\0\1\0\0\x10\0")), RC_OK);
    code = raw(STR(PREFACE), buf_str(&b), 1, &closed);
    ck_assert_msg(closed && code == NGHTTP2_ENHANCE_YOUR_CALM, "%u", code);
    buf_free(&b);
}
END_TEST

START_TEST(server_grpc_refuses_what_is_no_http2)
{
    static const struct str rows[] = {STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\6\0\0\0\0\0"),
        STR(PREFACE "\xff\xff\xff\0\0\0\0\0\1"), STR(PREFACE "\0\0\1\1\4\0\0\0\1\xff"), STR(PREFACE "\0\0\6\1\4\0\0\0\2\x83\x87\x84\x41\1x")};
    bool closed;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t code = raw(rows[i], STR(""), 0, &closed);

        ck_assert_msg(closed && code != 0x100 && code != NGHTTP2_NO_ERROR, "row %zu: %u", i, code);
    }
}
END_TEST

START_TEST(server_grpc_bounds_heads)
{
    static char large[9000];
    struct grpc_field many[110] = {{0}}, two[] = {{"x-a", large}, {"x-b", large}, {NULL, NULL}};
    static char names[110][8];
    struct rig r;
    struct grpc_client g;

    memset(large, 'a', sizeof(large) - 1);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(names[i], sizeof(names[i]), "x-%u", i);
        many[i] = (struct grpc_field){names[i], "y"};
    }
    rig_open(&r, &plain);
    grpc_client_open(&r, &g);
    unsigned a = grpc_client_call(&g, HELLO, many, false), b = grpc_client_call(&g, HELLO, two, false), k = grpc_client_call(&g, HELLO, NULL, false);

    grpc_client_settle(&r, &g);
    ck_assert_int_eq(g.result[a].http, 431);
    ck_assert_int_eq(g.result[b].http, 431);
    ck_assert_int_eq(g.result[k].status, 0);
    ck_assert_uint_eq(r.requests, 1);
    grpc_client_close(&g);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_refuses_bodies_beyond_its_memory)
{
    const struct rig_options small = {true, false, 1u << 20, 300000};
    struct buf body = framed(0, 200000, 200000);
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &small);
    r.hold = true;
    grpc_client_open(&r, &g);
    grpc_client_call(&g, buf_str(&body), NULL, false);
    grpc_client_settle(&r, &g);
    unsigned second = grpc_client_call(&g, buf_str(&body), NULL, false);

    grpc_client_settle(&r, &g);
    ck_assert_uint_eq(r.requests, 1);
    ck_assert_int_eq(g.result[second].status, 14);
    ck_assert_str_ne(g.result[second].details, ""); /* RetryInfo */
    rig_release(&r);
    unsigned third = grpc_client_call(&g, buf_str(&body), NULL, false);

    r.hold = false;
    grpc_client_settle(&r, &g);
    ck_assert_int_eq(g.result[third].status, 0);
    grpc_client_close(&g);
    rig_close(&r);
    buf_free(&body);
}
END_TEST

START_TEST(server_grpc_tells_when_the_sender_goes_away)
{
    struct rig r;
    struct grpc_client g;

    rig_open(&r, &secure);
    r.hold = true;
    grpc_client_open(&r, &g);
    grpc_client_call(&g, HELLO, NULL, false);
    grpc_client_settle(&r, &g);
    ck_assert(r.held_count == 1 && !r.held[0]->gone);
    grpc_client_close(&g);
    rig_settle(&r, NULL);
    ck_assert(r.held[0]->gone);
    ck_assert_str_eq(r.held[0]->peer->identity, PKI_CLIENT_ID);
    ck_assert_uint_eq(server_connections(r.server), 0);
    rig_close(&r);
}
END_TEST

START_TEST(server_grpc_refuses_handshakes_through_its_events)
{
    struct rig r;
    struct net_client c;

    rig_open(&r, &secure);
    SSL_CTX *none = pki_client_context(NULL, "\x02h2");

    net_client_open(&c, server_port(r.server), none);
    rig_settle(&r, &c);
    ck_assert_uint_eq(r.refused, 1);
    ck_assert_str_eq(r.reason, "no_certificate");
    ck_assert_uint_eq(server_connections(r.server), 0);
    net_client_close(&c);
    SSL_CTX_free(none);
    rig_close(&r);
}
END_TEST

/* One call, until it is answered or the connection has ended: never neither. */
static void
talk(struct rig *r)
{
    struct grpc_client g;

    grpc_client_open(r, &g);
    unsigned k = grpc_client_call(&g, HELLO, NULL, false);

    while (!g.result[k].closed && !g.net.closed && !g.net.broken)
        grpc_client_pump(&g);
    ck_assert(g.result[k].status != 0 || g.result[k].data.len == GRPC_PREFIX);
    grpc_client_close(&g);
}

static void
starve(const struct rig_options *o, long step)
{
    struct rig r;
    struct grpc_client g;
    bool hit = true;

    for (long n = 1; hit; n += step) {
        rig_open(&r, o);
        hit = rig_nomem(&r, n, talk);
        /* Whatever became of that one, the next is served. */
        rig_settle(&r, NULL);
        grpc_client_open(&r, &g);
        unsigned k = grpc_client_call(&g, HELLO, NULL, false);

        grpc_client_settle(&r, &g);
        ck_assert_msg(g.result[k].status == 0, "allocation %ld", n);
        grpc_client_close(&g);
        rig_close(&r);
    }
}

START_TEST(server_grpc_survives_each_failed_allocation)
{
    starve(&plain, 1);
    starve(&secure, 7);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &server_grpc_takes_a_call},
    {"normal", &server_grpc_takes_many_large_calls_at_once},
    {"normal", &server_grpc_reads_the_head},
    {"normal", &server_grpc_passes_replies_on},
    {"normal", &server_grpc_answers_in_any_order},
    {"normal", &server_grpc_cancels_at_the_deadline_and_tells_the_sink},
    {"normal", &server_grpc_drains_without_losing_a_call},
    {"normal", &server_grpc_tells_when_the_sender_goes_away},
    {"normal", &server_grpc_refuses_handshakes_through_its_events},
    {"malformed", &server_grpc_refuses_malformed_framing},
    {"malformed", &server_grpc_refuses_what_is_no_http2},
    {"limits", &server_grpc_refuses_oversize_on_the_prefix},
    {"limits", &server_grpc_ends_slow_and_idle_connections},
    {"limits", &server_grpc_ends_a_connection_of_age},
    {"limits", &server_grpc_ends_a_client_that_takes_no_answer},
    {"limits", &server_grpc_calms_floods},
    {"limits", &server_grpc_calms_resets},
    {"limits", &server_grpc_ends_heads_and_settings_without_end},
    {"limits", &server_grpc_bounds_heads},
    {"limits", &server_grpc_refuses_bodies_beyond_its_memory},
    {"nomem", &server_grpc_survives_each_failed_allocation},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("server_grpc", cases);
}
