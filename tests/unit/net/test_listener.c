#include "net/listener.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base_suite.h"
#include "net_client.h"
#include "net_pki.h"

#define H2 "\x02h2"
#define SEATS 8

/* One connection as its server sees it. */
struct seat {
    struct stream_user user; /* first */
    struct stream *stream;
    struct buf in;
    bool echo, hold; /* send back; be paused after the first bytes */
    char end[32];
};

struct house {
    struct listener_user user; /* first */
    struct clock clock;
    struct loop *loop;
    struct listener *listener;
    struct pki_basic pki;
    struct tls *tls;
    SSL_CTX *client;
    struct seat seats[SEATS];
    unsigned count, refused;
    char reason[32];
    struct peer who; /* refused, or seated last */
    bool echo, hold;
};

static void
on_bytes(struct stream_user *u, struct str bytes)
{
    struct seat *s = (struct seat *)u;

    ck_assert_int_eq(buf_append(&s->in, bytes), RC_OK);
    if (s->hold)
        stream_pause(s->stream, true);
    if (!s->echo)
        return;
    ck_assert_int_eq(stream_write(s->stream, bytes), RC_OK);
    stream_flush(s->stream);
    if (stream_pending(s->stream) > 200000)
        stream_pause(s->stream, true);
}

static void
on_flushed(struct stream_user *u)
{
    struct seat *s = (struct seat *)u;

    stream_pause(s->stream, false);
}

static void
on_end(struct stream_user *u, const char *why)
{
    struct seat *s = (struct seat *)u;

    s->stream = NULL;
    snprintf(s->end, sizeof(s->end), "%s", why);
}

static void
on_connection(struct listener_user *u, struct stream *stream, const struct peer *p)
{
    struct house *h = (struct house *)u;
    struct seat *s = &h->seats[h->count++];

    ck_assert_uint_le(h->count, SEATS);
    *s = (struct seat){{on_bytes, on_flushed, on_end}, stream, BUF_INIT(64u << 20), h->echo, h->hold, ""};
    h->who = *p;
    stream_set_user(stream, &s->user);
}

static void
on_refused(struct listener_user *u, const struct peer *p, const char *reason)
{
    struct house *h = (struct house *)u;

    h->refused++;
    h->who = *p;
    snprintf(h->reason, sizeof(h->reason), "%s", reason);
}

static struct tls *
context(const struct pki_basic *b, const char **allow)
{
    struct tls_options o = {
        .cert_file = b->server_file, .key_file = b->server_key, .client_ca_file = b->ca_file, .min_version = 0x0304, .allow = allow};
    struct errs es = {0};
    struct tls *t = NULL;

    o.identity[0] = "spiffe_id";
    ck_assert_int_eq(tls_server_new(&o, TLS_ALPN_H2, &t, &es), RC_OK);
    return t;
}

static void
house_open(struct house *h, bool tls, uint32_t max_connections)
{
    memset(h, 0, sizeof(*h));
    h->user = (struct listener_user){on_connection, on_refused};
    h->clock = clock_fake(1000000, 0);
    h->loop = loop_new(&h->clock);
    if (tls) {
        pki_basic_make(&h->pki);
        h->tls = context(&h->pki, NULL);
        h->client = pki_client_context(&h->pki.client, H2);
    }
    struct listener_options o = {"127.0.0.1", 0, h->tls, max_connections};

    ck_assert_int_eq(listener_open(h->loop, &o, &h->user, &h->listener), RC_OK);
    ck_assert_uint_gt(listener_port(h->listener), 0);
}

static void
house_close(struct house *h)
{
    for (unsigned i = 0; i < h->count; i++) {
        if (h->seats[i].stream)
            stream_abort(h->seats[i].stream);
        buf_free(&h->seats[i].in);
    }
    listener_free(h->listener);
    loop_free(h->loop);
    if (h->tls) {
        tls_unref(h->tls);
        SSL_CTX_free(h->client);
        pki_basic_free(&h->pki);
    }
}

/* Both sides do what they can until nothing has moved for a while: loopback delivers at once. */
static void
settle(struct house *h, struct net_client *c)
{
    for (unsigned idle = 0; idle < 20; idle++) {
        loop_step(h->loop);
        if (c && net_client_pump(c))
            idle = 0;
    }
}

static char *
noise(size_t len)
{
    char *p = malloc(len);

    for (size_t i = 0; i < len; i++)
        p[i] = (char)(i * 2654435761u >> 13);
    return p;
}

static void
check_echo(bool tls, size_t len, size_t chunk)
{
    struct house h;
    struct net_client c;
    char *bytes = noise(len);

    house_open(&h, tls, 10);
    h.echo = true;
    net_client_open(&c, listener_port(h.listener), h.client);
    c.chunk = chunk;
    net_client_send(&c, (struct str){bytes, len});
    settle(&h, &c);
    ck_assert_uint_eq(h.seats[0].in.len, len);
    ck_assert_int_eq(memcmp(h.seats[0].in.ptr, bytes, len), 0);
    ck_assert_uint_eq(c.in.len, len);
    ck_assert_int_eq(memcmp(c.in.ptr, bytes, len), 0);
    ck_assert_str_eq(h.who.identity, tls ? PKI_CLIENT_ID : "");
    ck_assert_str_eq(h.who.address, "127.0.0.1");
    net_client_close(&c);
    settle(&h, NULL);
    ck_assert(strcmp(h.seats[0].end, "closed") == 0 || strcmp(h.seats[0].end, "reset") == 0);
    house_close(&h);
    free(bytes);
}

START_TEST(stream_carries_bytes_unchanged_both_ways)
{
    check_echo(true, 5000000, 0);
    check_echo(true, 1500, 1);
    check_echo(false, 5000000, 0);
    check_echo(false, 1500, 1);
}
END_TEST

START_TEST(stream_pause_keeps_what_was_received_for_later)
{
    struct house h;
    struct net_client c;
    char *bytes = noise(300000);

    house_open(&h, true, 10);
    h.hold = true;
    net_client_open(&c, listener_port(h.listener), h.client);
    net_client_send(&c, (struct str){bytes, 300000});
    settle(&h, &c);
    ck_assert_uint_gt(h.seats[0].in.len, 0);
    ck_assert_uint_lt(h.seats[0].in.len, 20000); /* one record */
    for (unsigned i = 0; i < 100 && h.seats[0].in.len < 300000; i++) {
        stream_pause(h.seats[0].stream, false);
        settle(&h, &c);
    }
    ck_assert_uint_eq(h.seats[0].in.len, 300000);
    ck_assert_int_eq(memcmp(h.seats[0].in.ptr, bytes, 300000), 0);
    net_client_close(&c);
    house_close(&h);
    free(bytes);
}
END_TEST

/* The client has sent what nobody reads; without lingering the kernel would reset the connection under our answer. */
START_TEST(stream_close_lets_the_answer_be_read)
{
    struct house h;
    struct net_client c;
    char *bytes = noise(400000);

    house_open(&h, false, 10);
    h.hold = true;
    net_client_open(&c, listener_port(h.listener), NULL);
    c.read_max = 1;
    net_client_send(&c, (struct str){bytes, 400000});
    settle(&h, &c);
    ck_assert_int_eq(stream_write(h.seats[0].stream, STR("the answer")), RC_OK);
    stream_close(h.seats[0].stream);
    h.seats[0].stream = NULL;
    settle(&h, &c);
    c.read_max = 0;
    settle(&h, &c);
    ck_assert(str_eq(buf_str(&c.in), STR("the answer")));
    ck_assert(c.closed && !c.broken);
    ck_assert_str_eq(h.seats[0].end, ""); /* the user hears nothing more */
    h.clock.fake_mono_us += 2000000;
    settle(&h, NULL);
    ck_assert_int_le(send(c.fd, "x", 1, MSG_NOSIGNAL), 1);
    net_client_close(&c);
    house_close(&h);
    free(bytes);
}
END_TEST

START_TEST(stream_ends_when_its_reader_stalls)
{
    struct house h;
    struct net_client c;
    char *bytes = noise(STREAM_OUT_MAX);

    house_open(&h, true, 10);
    net_client_open(&c, listener_port(h.listener), h.client);
    settle(&h, &c);
    struct seat *s = &h.seats[0];

    for (unsigned i = 0; i < 50 && stream_pending(s->stream) == 0; i++) {
        ck_assert_int_eq(stream_write(s->stream, (struct str){bytes, STREAM_OUT_MAX / 2}), RC_OK);
        stream_flush(s->stream);
    }
    ck_assert_uint_gt(stream_pending(s->stream), 0);
    ck_assert_int_eq(stream_write(s->stream, (struct str){bytes, STREAM_OUT_MAX}), RC_TOO_LARGE);
    h.clock.fake_mono_us += 29000000;
    settle(&h, NULL);
    ck_assert_str_eq(s->end, "");
    h.clock.fake_mono_us += 1000001;
    settle(&h, NULL);
    ck_assert_str_eq(s->end, "stalled");
    net_client_close(&c);
    house_close(&h);
    free(bytes);
}
END_TEST

START_TEST(listener_refuses_clients_and_says_why)
{
    static const struct pki_spec spec = {.cn = "x", .names = "URI:spiffe://a.example/1,URI:spiffe://a.example/2", .usage = "clientAuth"};
    struct house h;

    house_open(&h, true, 10);
    struct pki_cert two = pki_issue(&spec, &h.pki.ca);
    SSL_CTX *none = pki_client_context(NULL, H2), *names = pki_client_context(&two, H2), *no_alpn = pki_client_context(&h.pki.client, NULL);
    const struct {
        SSL_CTX *ctx;
        struct str raw;
        const char *reason;
    } rows[] = {
        {none, {0}, "no_certificate"},
        {names, {0}, "bad_identity"},
        {no_alpn, {0}, "alpn"},
        {NULL, STR("GET / HTTP/1.1\r\n\r\n"), "protocol"},
        {NULL, {0}, "timeout"},
        {NULL, STR("\x16\x03\x01\x01"), "timeout"},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_client c;

        net_client_open(&c, listener_port(h.listener), rows[i].ctx);
        net_client_send(&c, rows[i].ctx ? STR("early bytes") : rows[i].raw);
        settle(&h, &c);
        if (strcmp(rows[i].reason, "timeout") == 0) {
            ck_assert_uint_eq(h.refused, i);
            h.clock.fake_mono_us += 10000001;
            settle(&h, &c);
        }
        ck_assert_uint_eq(h.refused, i + 1);
        ck_assert_str_eq(h.reason, rows[i].reason);
        ck_assert_str_eq(h.who.cidr, "127.0.0.0/24");
        ck_assert(c.closed || c.broken);
        net_client_close(&c);
    }
    ck_assert_uint_eq(h.count, 0); /* nobody saw a byte of them */
    SSL_CTX_free(none);
    SSL_CTX_free(names);
    SSL_CTX_free(no_alpn);
    pki_free(&two);
    house_close(&h);
}
END_TEST

START_TEST(listener_records_the_certificate_it_refused)
{
    static const struct pki_spec old = {.cn = "old", .usage = "clientAuth", .from_days = -9, .to_days = -2};
    struct house h;
    struct net_client c;

    house_open(&h, true, 10);
    struct pki_cert cert = pki_issue(&old, &h.pki.ca);
    SSL_CTX *ctx = pki_client_context(&cert, H2);

    net_client_open(&c, listener_port(h.listener), ctx);
    settle(&h, &c);
    ck_assert_str_eq(h.reason, "expired");
    ck_assert_uint_eq(strlen(h.who.cert_sha256), 64);
    ck_assert_str_eq(h.who.issuer, "CN=Test CA,O=spangate tests");
    net_client_close(&c);
    SSL_CTX_free(ctx);
    pki_free(&cert);
    house_close(&h);
}
END_TEST

START_TEST(listener_asks_open_peers_again_when_the_context_changes)
{
    const char *others[] = {"spiffe://example.org/ns/bank/*", NULL}, *shop[] = {"spiffe://example.org/ns/shop/*", NULL};
    struct house h;
    struct net_client c;

    house_open(&h, true, 10);
    struct tls *same = context(&h.pki, shop), *narrow = context(&h.pki, others);

    net_client_open(&c, listener_port(h.listener), h.client);
    settle(&h, &c);
    listener_set_tls(h.listener, same);
    settle(&h, &c);
    ck_assert_uint_eq(h.refused, 0);
    ck_assert_str_eq(h.seats[0].end, "");
    listener_set_tls(h.listener, narrow);
    settle(&h, &c);
    ck_assert_str_eq(h.reason, "not_allowed");
    ck_assert_str_eq(h.seats[0].end, "refused");
    ck_assert(c.broken || c.closed);
    net_client_close(&c);
    tls_unref(same);
    tls_unref(narrow);
    house_close(&h);
}
END_TEST

START_TEST(listener_ends_a_connection_with_its_certificate)
{
    struct house h;
    struct net_client c;

    house_open(&h, true, 10);
    net_client_open(&c, listener_port(h.listener), h.client);
    settle(&h, &c);
    ck_assert_uint_gt(h.who.expires_s, 0);
    h.clock.fake_wall_us = h.who.expires_s * 1000000;
    h.clock.fake_mono_us += 6000000;
    settle(&h, &c);
    ck_assert_str_eq(h.seats[0].end, "");
    ck_assert_uint_eq(h.refused, 0);
    h.clock.fake_wall_us += 1000000;
    h.clock.fake_mono_us += 6000000;
    settle(&h, &c);
    ck_assert_str_eq(h.reason, "expired");
    ck_assert_str_eq(h.seats[0].end, "refused");
    ck_assert(c.broken || c.closed);
    net_client_close(&c);
    house_close(&h);
}
END_TEST

START_TEST(listener_open_refuses_plaintext_beyond_loopback)
{
    static const struct {
        const char *address;
        enum rc rc;
    } rows[] = {{"0.0.0.0", RC_CONFIG}, {"::", RC_CONFIG}, {"192.0.2.1", RC_CONFIG}, {"localhost", RC_CONFIG}, {"", RC_CONFIG}, {"127.0.0.9", RC_OK}};
    struct house h;

    house_open(&h, false, 10);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct listener_options o = {rows[i].address, 0, NULL, 1};
        struct listener *ln = NULL;

        ck_assert_msg(listener_open(h.loop, &o, &h.user, &ln) == rows[i].rc, "%s", rows[i].address);
        listener_free(ln);
    }
    house_close(&h);
}
END_TEST

START_TEST(listener_keeps_to_its_connections)
{
    struct house h;
    struct net_client c[3];

    house_open(&h, false, 2);
    for (unsigned i = 0; i < 3; i++) {
        net_client_open(&c[i], listener_port(h.listener), NULL);
        settle(&h, &c[i]);
    }
    ck_assert_uint_eq(h.count, 2);
    ck_assert_uint_eq(h.refused, 1);
    ck_assert_str_eq(h.reason, "connections");
    ck_assert(c[2].closed || c[2].broken);
    listener_stop(h.listener);
    net_client_send(&c[0], STR("still here"));
    settle(&h, &c[0]);
    ck_assert_uint_eq(h.seats[0].in.len, 10);
    for (unsigned i = 0; i < 3; i++)
        net_client_close(&c[i]);
    house_close(&h);
}
END_TEST

/* faults.md row 13. The limit leaves one descriptor for the client's end, none for the server's. */
START_TEST(listener_survives_the_end_of_descriptors)
{
    struct house h;
    struct net_client c, d;
    struct rlimit before, none;

    house_open(&h, false, 10);
    settle(&h, NULL);
    int next = dup(0);

    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)next + 1;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    net_client_open(&c, listener_port(h.listener), NULL);
    settle(&h, &c);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_uint_eq(h.count, 0);
    ck_assert_uint_eq(h.refused, 1); /* once: it rests, it does not spin */
    ck_assert_str_eq(h.reason, "descriptors");
    ck_assert(c.closed || c.broken);
    net_client_open(&d, listener_port(h.listener), NULL);
    settle(&h, &d);
    ck_assert_uint_eq(h.count, 0);
    h.clock.fake_mono_us += 100001;
    settle(&h, &d);
    ck_assert_uint_eq(h.count, 1);
    net_client_close(&c);
    net_client_close(&d);
    house_close(&h);
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &stream_carries_bytes_unchanged_both_ways},
    {"normal", &stream_pause_keeps_what_was_received_for_later},
    {"normal", &stream_close_lets_the_answer_be_read},
    {"normal", &listener_records_the_certificate_it_refused},
    {"normal", &listener_ends_a_connection_with_its_certificate},
    {"normal", &listener_asks_open_peers_again_when_the_context_changes},
    {"malformed", &listener_refuses_clients_and_says_why},
    {"malformed", &listener_open_refuses_plaintext_beyond_loopback},
    {"limits", &stream_ends_when_its_reader_stalls},
    {"limits", &listener_keeps_to_its_connections},
    {"limits", &listener_survives_the_end_of_descriptors},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("listener", cases);
}
