#include "ingress_rig.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#include "base_suite.h"

#define PB "Content-Type: application/x-protobuf\r\n"
#define JS "Content-Type: application/json\r\n"
#define HOST "Host: x\r\n"
#define POST_TRACES "POST /v1/traces HTTP/1.1\r\n" HOST

static const struct rig_options plain = {false, false, 0, 0}, secure = {false, true, 0, 0};

static bool
holds(const struct net_client *c, const char *part)
{
    return str_find(buf_str(&c->in), str_of(part)) != SIZE_MAX;
}

static bool
begins(const struct net_client *c, const char *part)
{
    return str_starts(buf_str(&c->in), str_of(part));
}

/* Send, and see what comes; the connection stays open for the caller. */
static void
exchange(struct rig *r, struct net_client *c, struct str request)
{
    rig_connect(r, c);
    net_client_send(c, request);
    rig_settle(r, c);
}

START_TEST(server_http_takes_traces_in_each_form)
{
    static const struct {
        struct str request;
        const char *body;
        enum transport transport;
        enum encoding encoding;
        const char *answer;
    } rows[] = {
        {STR(POST_TRACES PB "Content-Length: 5\r\n\r\nhello"), "hello", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY, "Content-Length: 0\r\n\r\n"},
        {STR(POST_TRACES JS "Content-Length: 2\r\n\r\n{}"), "{}", TRANSPORT_HTTP_JSON, ENCODING_IDENTITY, "\r\n\r\n{}"},
        {STR(POST_TRACES "content-type:application/JSON;charset=utf-8\r\ncontent-length: 2\r\n\r\n{}"), "{}", TRANSPORT_HTTP_JSON, ENCODING_IDENTITY,
            "Content-Type: application/json\r\n"},
        {STR(POST_TRACES PB "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz"), "zz", TRANSPORT_HTTP_PROTOBUF, ENCODING_GZIP, "200 OK"},
        {STR(POST_TRACES PB "Content-Encoding: ZSTD\r\nContent-Length: 2\r\n\r\nzz"), "zz", TRANSPORT_HTTP_PROTOBUF, ENCODING_ZSTD, "200 OK"},
        {STR(POST_TRACES PB "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nzz"), "zz", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY, "200 OK"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n00000001\r\n!\r\n0\r\n\r\n"), "hello!", TRANSPORT_HTTP_PROTOBUF,
            ENCODING_IDENTITY, "200 OK"},
        {STR(POST_TRACES PB "Content-Length: 0\r\n\r\n"), "", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY, "200 OK"},
        {STR(POST_TRACES PB "\r\n"), "", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY, "200 OK"},
        {STR("POST /v1/traces?x=1 HTTP/1.1\r\n" HOST PB "\r\n"), "", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY, "200 OK"},
        {STR("POST /v1/traces HTTP/1.0\r\n" PB "Content-Length: 1\r\n\r\na"), "a", TRANSPORT_HTTP_PROTOBUF, ENCODING_IDENTITY,
            "Connection: close\r\n"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t chunk = 0; chunk < 2; chunk++) { /* at once, and byte by byte */
            struct rig r;
            struct net_client c;

            rig_open(&r, &plain);
            rig_connect(&r, &c);
            c.chunk = chunk;
            net_client_send(&c, rows[i].request);
            rig_settle(&r, &c);
            ck_assert_msg(r.requests == 1 && begins(&c, "HTTP/1.1 200 OK\r\n"), "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
            ck_assert_msg(holds(&c, rows[i].answer), "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
            ck_assert(str_eq(buf_str(&r.body), str_of(rows[i].body)));
            ck_assert_int_eq(r.transport, rows[i].transport);
            ck_assert_int_eq(r.encoding, rows[i].encoding);
            ck_assert(holds(&c, "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
            ck_assert_uint_eq(c.closed, holds(&c, "Connection: close"));
            net_client_close(&c);
            rig_close(&r);
        }
    }
}
END_TEST

START_TEST(server_http_answers_in_the_senders_encoding)
{
    static const struct {
        struct str request;
        const char *status, *said;
        bool closes;
    } rows[] = {
        {STR("POST /v1/logs HTTP/1.1\r\n" HOST JS "Content-Length: 2\r\n\r\n{}"), "404 Not Found", "Content-Type: application/json", false},
        {STR("POST /v1/metrics HTTP/1.1\r\n" HOST PB "Content-Length: 2\r\n\r\n{}"), "404 Not Found", "Content-Type: application/x-protobuf", false},
        {STR("POST /other HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), "404 Not Found", "Content-Type: text/plain", false},
        {STR("GET /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "405 Method Not Allowed", "Allow: POST\r\n", false},
        {STR("GET /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "405 Method Not Allowed", "Content-Type: text/plain", false},
        {STR(POST_TRACES "Content-Type: text/xml\r\nContent-Length: 1\r\n\r\nx"), "415 Unsupported Media Type", "Content-Type: text/plain", false},
        {STR(POST_TRACES "Content-Length: 1\r\n\r\nx"), "415 Unsupported Media Type", "Content-Type: text/plain", false},
        {STR(POST_TRACES JS "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"), "415 Unsupported Media Type", "Content-Type: application/json",
            false},
        {STR(POST_TRACES JS "Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx"), "415 Unsupported Media Type", "\"code\":12", false},
        {STR(POST_TRACES JS "Content-Length: 1048577\r\n\r\n"), "413 Content Too Large", "\"code\":8", true},
        {STR(POST_TRACES JS "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"), "413 Content Too Large", "Connection: close", true},
        {STR("POST /v1/logs HTTP/1.1\r\n" HOST JS "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n"), "404 Not Found", "Connection: close", true},
        {STR("GET /v1/traces HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "405 Method Not Allowed", "Connection: close", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        struct net_client c;

        rig_open(&r, &plain);
        exchange(&r, &c, rows[i].request);
        ck_assert_msg(str_find(buf_str(&c.in), str_of(rows[i].status)) == 9 && holds(&c, rows[i].said), "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
        ck_assert_msg(c.closed == rows[i].closes, "row %zu", i);
        ck_assert_uint_eq(r.requests, 0);
        ck_assert(!holds(&c, "Retry-After"));
        if (!rows[i].closes) { /* the connection is good for the next */
            net_client_send(&c, STR(POST_TRACES PB "Content-Length: 1\r\n\r\na"));
            rig_settle(&r, &c);
            ck_assert_msg(r.requests == 1, "row %zu", i);
        }
        net_client_close(&c);
        rig_close(&r);
    }
}
END_TEST

/* Whoever keeps the record hears of each, once, in words that are not the sender's. */
START_TEST(server_http_tells_of_requests_that_it_refuses)
{
    static const struct {
        struct str request;
        const char *protocol, *reason;
    } rows[] = {
        {STR("POST /v1/logs HTTP/1.1\r\n" HOST JS "Content-Length: 2\r\n\r\n{}"), "http/json", "other_signal"},
        {STR("POST /v1/metrics HTTP/1.1\r\n" HOST PB "Content-Length: 2\r\n\r\n{}"), "http/protobuf", "other_signal"},
        {STR("POST /other HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"), "http", "unimplemented"},
        {STR("GET /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "http", "method"},
        {STR(POST_TRACES "Content-Length: 1\r\n\r\nx"), "http", "media_type"},
        {STR(POST_TRACES JS "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx"), "http/json", "encoding"},
        {STR(POST_TRACES JS "Content-Length: 1048577\r\n\r\n"), "http/json", "too_large"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\nz\r\n"), "http", "malformed"},
        {STR("POST /v1/traces HTTP/3.1\r\n" HOST "\r\n"), "http", "http_version"},
        {STR("nonsense\r\n\r\n"), "http", "malformed"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        struct net_client c;

        rig_open(&r, &plain);
        exchange(&r, &c, rows[i].request);
        ck_assert_msg(r.told == 1, "row %zu: %u", i, r.told);
        ck_assert_msg(strcmp(r.told_protocol, rows[i].protocol) == 0 && strcmp(r.told_reason, rows[i].reason) == 0, "row %zu: %s %s", i,
            r.told_protocol, r.told_reason);
        net_client_close(&c);
        rig_close(&r);
    }
}
END_TEST

START_TEST(server_http_passes_replies_on)
{
    static const struct {
        struct reply reply;
        const char *status, *said, *not_said;
    } rows[] = {
        {{.rc = RC_OK, .rejected = 3, .message = STR("denied")}, "200 OK", "\"rejectedSpans\":\"3\"", "Retry-After"},
        {{.rc = RC_FULL, .retry_after_ms = 1500}, "429 Too Many Requests", "Retry-After: 2\r\n", "Connection: close"},
        {{.rc = RC_BUSY}, "503 Service Unavailable", "Retry-After: 1\r\n", "Connection: close"},
        {{.rc = RC_MALFORMED, .message = STR("bad bytes"), .retry_after_ms = 5000}, "400 Bad Request", "bad bytes", "Retry-After"},
        {{.rc = RC_TOO_LARGE}, "413 Content Too Large", "\"code\":8", "Retry-After"},
        {{.rc = RC_UNROUTABLE}, "403 Forbidden", "\"code\":7", "Retry-After"},
        {{.rc = RC_UNDECIDABLE}, "500 Internal Server Error", "\"code\":13", "Retry-After"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned hold = 0; hold < 2; hold++) {
            struct rig r;
            struct net_client c;

            rig_open(&r, &plain);
            r.answer = rows[i].reply;
            r.hold = hold;
            exchange(&r, &c, STR(POST_TRACES JS "Content-Length: 2\r\n\r\n{}"));
            if (hold) {
                ck_assert_uint_eq(c.in.len, 0);
                rig_release(&r);
                rig_settle(&r, &c);
            }
            ck_assert_msg(str_find(buf_str(&c.in), str_of(rows[i].status)) == 9, "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
            ck_assert_msg(holds(&c, rows[i].said) && !holds(&c, rows[i].not_said), "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
            ck_assert(!c.closed && !c.broken);
            net_client_close(&c);
            rig_close(&r);
        }
    }
}
END_TEST

/* faults.md row 33: what two readers could understand in two ways is refused, and the connection with it. */
START_TEST(server_http_refuses_ambiguous_requests)
{
    static const struct {
        struct str request;
        const char *status;
    } rows[] = {
        {STR(POST_TRACES PB "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: gzip, chunked\r\n\r\n"), "501"},
        {STR(POST_TRACES PB "Transfer-Encoding: identity\r\n\r\n"), "501"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: \x0b"
                            "chunked\r\n\r\n"),
            "400"},
        {STR("POST /v1/traces HTTP/1.0\r\n" HOST PB "Transfer-Encoding: chunked\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), "400"},
        {STR(POST_TRACES PB "Content-Length: 3, 3\r\n\r\nabc"), "400"},
        {STR(POST_TRACES PB "Content-Length: -1\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Content-Length: +1\r\n\r\na"), "400"},
        {STR(POST_TRACES PB "Content-Length: 0x1\r\n\r\na"), "400"},
        {STR(POST_TRACES PB "Content-Length: \r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Content-Length: 99999999999999999999\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Content-Length : 1\r\n\r\na"), "400"},
        {STR(POST_TRACES PB "X: a\r\n b\r\n\r\n"), "400"},
        {STR(POST_TRACES " X: a\r\n\r\n"), "400"},
        {STR(POST_TRACES "X\r\n\r\n"), "400"},
        {STR(POST_TRACES ": a\r\n\r\n"), "400"},
        {STR(POST_TRACES "X\0Y: a\r\n\r\n"), "400"},
        {STR(POST_TRACES "X: a\0b\r\n\r\n"), "400"},
        {STR(POST_TRACES "X: a\rb\r\n\r\n"), "400"},
        {STR("POST /v1/traces HTTP/1.1\nHost: x\n\n"), "400"},
        {STR(POST_TRACES PB "Content-Length: 1\n\na"), "400"},
        {STR("POST /v1/traces HTTP/1.1\r\n\r\n"), "400"},
        {STR(POST_TRACES HOST "\r\n"), "400"},
        {STR("POST http://x/v1/traces HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("POST  /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("POST /v1/traces  HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("POST /v1/tra\tces HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("POST /v1/traces\r\n\r\n"), "400"},
        {STR("\r\nPOST /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("PO(ST /v1/traces HTTP/1.1\r\n" HOST "\r\n"), "400"},
        {STR("POST /v1/traces HTTP/2.0\r\n" HOST "\r\n"), "505"},
        {STR("POST /v1/traces http/1.1\r\n" HOST "\r\n"), "400"},
        {STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Expect: something\r\n\r\n"), "417"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n-5\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n 5\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5 \r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n000000005\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5;x\ny\r\nhello"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5;x\rhello"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"), "400"},
        {STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: a\r\n\r\n"), "400"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig r;
        struct net_client c;

        rig_open(&r, &plain);
        exchange(&r, &c, rows[i].request);
        ck_assert_msg(str_find(buf_str(&c.in), str_of(rows[i].status)) == 9, "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
        ck_assert_msg(c.closed && holds(&c, "Connection: close"), "row %zu", i);
        ck_assert_msg(r.requests == 0, "row %zu", i);
        net_client_close(&c);
        rig_close(&r);
    }
}
END_TEST

static struct buf
filled(const char *head, size_t len, const char *tail)
{
    struct buf b = BUF_INIT(64u << 20);

    ck_assert_int_eq(buf_append(&b, str_of(head)), RC_OK);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(buf_append_byte(&b, (char)('a' + i % 26)), RC_OK);
    ck_assert_int_eq(buf_append(&b, str_of(tail)), RC_OK);
    return b;
}

START_TEST(server_http_keeps_to_its_limits)
{
    struct buf rows[] = {
        filled(POST_TRACES "X: ", 16000, "\r\n\r\n"), /* 404 at 16 KiB would be 431 */
        filled(POST_TRACES "X: ", 17000, "\r\n\r\n"),
        filled("POST /", 8192, " HTTP/1.1\r\n" HOST "\r\n"),
        filled(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n100001\r\n", (1 << 20) + 1, "\r\n0\r\n\r\n"),
        filled(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n1;", 1100, "\r\na\r\n0\r\n\r\n"),
        filled("POST /v1/logs HTTP/1.1\r\n" HOST PB "Transfer-Encoding: chunked\r\n\r\n200000\r\n", 1 << 21, "\r\n0\r\n\r\n"),
    };
    static const char *const status[] = {"415", "431", "414", "413", "400", "404"};
    struct buf many = BUF_INIT(65536);
    struct rig r;
    struct net_client c;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rig_open(&r, &plain);
        exchange(&r, &c, buf_str(&rows[i]));
        ck_assert_msg(str_find(buf_str(&c.in), str_of(status[i])) == 9, "row %zu: %.*s", i, (int)c.in.len, c.in.ptr);
        ck_assert_uint_eq(r.requests, 0);
        net_client_close(&c);
        rig_close(&r);
        buf_free(&rows[i]);
    }
    ck_assert_int_eq(buf_append(&many, STR(POST_TRACES)), RC_OK);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(buf_append(&many, STR("X: y\r\n")), RC_OK);
    ck_assert_int_eq(buf_append(&many, STR("\r\n")), RC_OK);
    rig_open(&r, &plain);
    exchange(&r, &c, buf_str(&many));
    ck_assert_uint_eq(str_find(buf_str(&c.in), STR("431")), 9);
    net_client_close(&c);
    rig_close(&r);
    buf_free(&many);
}
END_TEST

START_TEST(server_http_takes_pipelined_requests_one_after_the_other)
{
    struct rig r;
    struct net_client c;

    rig_open(&r, &secure);
    r.hold = true;
    exchange(&r, &c,
        STR(POST_TRACES PB "Content-Length: 1\r\n\r\na" POST_TRACES PB "Content-Length: 1\r\n\r\nb" POST_TRACES PB "Content-Length: 1\r\n\r\nc"));
    net_client_send(&c, STR(POST_TRACES PB "Content-Length: 1\r\n\r\nd"));
    for (unsigned i = 0; i < 4; i++) {
        rig_settle(&r, &c);
        ck_assert_uint_eq(r.requests, i + 1);
        ck_assert(str_eq(buf_str(&r.body), (struct str){&"abcd"[i], 1}));
        ck_assert_str_eq(r.identity, PKI_CLIENT_ID);
        rig_release(&r);
    }
    r.hold = false;
    net_client_send(&c, STR(POST_TRACES PB "Content-Length: 1\r\n\r\ne" POST_TRACES PB "Content-Length: 1\r\n\r\nf"));
    rig_settle(&r, &c);
    ck_assert_uint_eq(r.requests, 6);
    net_client_close(&c);
    rig_close(&r);
}
END_TEST

START_TEST(server_http_lets_a_sender_continue)
{
    struct rig r;
    struct net_client c;

    rig_open(&r, &plain);
    exchange(&r, &c, STR(POST_TRACES PB "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    ck_assert(str_eq(buf_str(&c.in), STR("HTTP/1.1 100 Continue\r\n\r\n")));
    net_client_send(&c, STR("hello"));
    rig_settle(&r, &c);
    ck_assert(holds(&c, "HTTP/1.1 200 OK"));
    ck_assert(str_eq(buf_str(&r.body), STR("hello")));
    net_client_close(&c);
    rig_close(&r);
}
END_TEST

static void
later(struct rig *r, struct net_client *c, uint64_t ms)
{
    r->clock.fake_mono_us += ms * 1000;
    rig_settle(r, c);
}

START_TEST(server_http_ends_slow_and_idle_connections)
{
    struct rig r;
    struct net_client c;

    rig_open(&r, &plain);
    exchange(&r, &c, STR("POST /v1/tra")); /* a head that does not come */
    later(&r, &c, 9999);
    ck_assert(!c.closed);
    net_client_send(&c, STR("c"));
    later(&r, &c, 2);
    ck_assert(c.closed && begins(&c, "HTTP/1.1 408"));
    net_client_close(&c);
    exchange(&r, &c, STR(POST_TRACES PB "Content-Length: 100000\r\n\r\n")); /* a body that trickles */
    for (unsigned i = 0; i < 12 && !c.closed; i++) {
        net_client_send(&c, STR("0123456789"));
        later(&r, &c, 1000);
    }
    ck_assert(c.closed && begins(&c, "HTTP/1.1 408"));
    net_client_close(&c);
    exchange(&r, &c, STR("")); /* nothing at all */
    later(&r, &c, 299000);
    ck_assert(!c.closed);
    later(&r, &c, 2000);
    ck_assert(c.closed && c.in.len == 0);
    net_client_close(&c);
    ck_assert_uint_eq(r.requests, 0);
    r.hold = true;
    exchange(&r, &c, STR(POST_TRACES PB "\r\n")); /* a decision that takes long is no fault of the sender */
    later(&r, &c, 400000);
    ck_assert(!c.closed && r.held_count == 1);
    rig_release(&r);
    rig_settle(&r, &c);
    ck_assert(begins(&c, "HTTP/1.1 200"));
    later(&r, &c, 3600000 * 11 / 10); /* the age of connections */
    ck_assert(c.closed);
    net_client_close(&c);
    rig_close(&r);
}
END_TEST

START_TEST(server_http_tells_when_the_sender_goes_away)
{
    struct rig r;
    struct net_client c;

    rig_open(&r, &secure);
    r.hold = true;
    exchange(&r, &c, STR(POST_TRACES PB "Content-Length: 1\r\n\r\na"));
    ck_assert_uint_eq(r.held_count, 1);
    ck_assert(!r.held[0]->gone);
    net_client_close(&c);
    rig_settle(&r, NULL);
    ck_assert(r.held[0]->gone);
    ck_assert(str_eq(r.held[0]->body, STR("a"))); /* still there */
    ck_assert_str_eq(r.held[0]->peer->identity, PKI_CLIENT_ID);
    ck_assert_uint_eq(server_connections(r.server), 0);
    rig_close(&r); /* replies after the server is gone */
}
END_TEST

START_TEST(server_http_refuses_bodies_beyond_its_memory)
{
    const struct rig_options small = {false, false, 1u << 20, 300000};
    struct buf body = filled(POST_TRACES JS "Content-Length: 200000\r\n\r\n", 200000, "");
    struct rig r;
    struct net_client a, b;

    rig_open(&r, &small);
    r.hold = true;
    exchange(&r, &a, buf_str(&body));
    ck_assert_uint_eq(r.requests, 1);
    exchange(&r, &b, buf_str(&body));
    ck_assert_uint_eq(r.requests, 1);
    ck_assert(begins(&b, "HTTP/1.1 503") && holds(&b, "Retry-After: 1\r\n"));
    net_client_close(&b);
    rig_release(&r);
    exchange(&r, &b, buf_str(&body));
    ck_assert_uint_eq(r.requests, 2);
    net_client_close(&a);
    net_client_close(&b);
    rig_close(&r);
    buf_free(&body);
}
END_TEST

START_TEST(server_http_drains)
{
    struct rig r;
    struct net_client idle, busy;

    rig_open(&r, &secure);
    r.hold = true;
    exchange(&r, &idle, STR(""));
    exchange(&r, &busy, STR(POST_TRACES PB "Content-Length: 1\r\n\r\na"));
    ck_assert_uint_eq(server_connections(r.server), 2);
    rig_drain(&r);
    rig_settle(&r, &idle);
    ck_assert(idle.closed);
    ck_assert_uint_eq(r.drained, 0);
    rig_release(&r);
    rig_settle(&r, &busy);
    ck_assert(begins(&busy, "HTTP/1.1 200") && holds(&busy, "Connection: close") && busy.closed);
    ck_assert_uint_eq(r.drained, 1);
    net_client_close(&idle);
    net_client_close(&busy);
    rig_close(&r);
}
END_TEST

struct post {
    const struct rig *rig;
    uint16_t port;
    struct str body;
    long status;
    int result;
    _Atomic bool done;
};

static size_t
ignore(char *p, size_t size, size_t n, void *arg)
{
    (void)p;
    (void)arg;
    return size * n;
}

static void *
post(void *arg)
{
    struct post *p = arg;
    CURL *curl = curl_easy_init();
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/x-protobuf");
    char url[64];

    snprintf(url, sizeof(url), "https://localhost:%u/v1/traces", p->port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(curl, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, p->body.ptr);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.len);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_CAINFO, p->rig->pki.ca_file);
    curl_easy_setopt(curl, CURLOPT_SSLCERT, p->rig->pki.client_file);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, p->rig->pki.client_key);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    p->result = (int)curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &p->status);
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    p->done = true;
    return NULL;
}

START_TEST(server_http_serves_libcurl)
{
    static const struct {
        size_t len;
        long status;
    } rows[] = {{0, 200}, {100, 200}, {1 << 20, 200}, {(1 << 20) + 1, 413}, {8 << 20, 413}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = filled("", rows[i].len, "");
        struct rig r;
        pthread_t tid;

        rig_open(&r, &secure);
        struct post p = {.rig = &r, .port = server_port(r.server), .body = {body.ptr ? body.ptr : "", rows[i].len}};

        ck_assert_int_eq(pthread_create(&tid, NULL, post, &p), 0);
        while (!p.done)
            loop_step(r.loop);
        pthread_join(tid, NULL);
        ck_assert_msg(p.result == 0 && p.status == rows[i].status, "row %zu: curl %d status %ld", i, p.result, p.status);
        if (rows[i].status == 200)
            ck_assert(str_eq(buf_str(&r.body), buf_str(&body)));
        rig_close(&r);
        buf_free(&body);
    }
}
END_TEST

static void
talk(struct rig *r)
{
    struct net_client c;

    rig_connect(r, &c);
    net_client_send(&c, STR(POST_TRACES PB "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    while (!c.closed && !c.broken && !holds(&c, "\r\n\r\n"))
        net_client_pump(&c);
    ck_assert(c.in.len == 0 || begins(&c, "HTTP/1.1 200") || begins(&c, "HTTP/1.1 503"));
    net_client_close(&c);
}

static void
starve(const struct rig_options *o, long step)
{
    bool hit = true;

    for (long n = 1; hit; n += step) {
        struct rig r;
        struct net_client c;

        rig_open(&r, o);
        hit = rig_nomem(&r, n, talk);
        rig_settle(&r, NULL);
        exchange(&r, &c, STR(POST_TRACES PB "\r\n"));
        ck_assert_msg(begins(&c, "HTTP/1.1 200"), "allocation %ld", n);
        net_client_close(&c);
        rig_close(&r);
    }
}

START_TEST(server_http_survives_each_failed_allocation)
{
    starve(&plain, 1);
    starve(&secure, 11);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &server_http_takes_traces_in_each_form},
    {"normal", &server_http_answers_in_the_senders_encoding},
    {"normal", &server_http_tells_of_requests_that_it_refuses},
    {"normal", &server_http_passes_replies_on},
    {"normal", &server_http_takes_pipelined_requests_one_after_the_other},
    {"normal", &server_http_lets_a_sender_continue},
    {"normal", &server_http_tells_when_the_sender_goes_away},
    {"normal", &server_http_drains},
    {"normal", &server_http_serves_libcurl},
    {"malformed", &server_http_refuses_ambiguous_requests},
    {"limits", &server_http_keeps_to_its_limits},
    {"limits", &server_http_ends_slow_and_idle_connections},
    {"limits", &server_http_refuses_bodies_beyond_its_memory},
    {"nomem", &server_http_survives_each_failed_allocation},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("server_http", cases);
}
