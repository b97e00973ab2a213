#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <openssl/ssl.h>

#include "base_suite.h"
#include "net_pki.h"

static const char *const all[] = {"spiffe_id", "dns_san", "subject_cn"};

static int
accept_all(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

/* What peer_identify says about a certificate that a client presents. */
static enum rc
identify(const struct pki_cert *c, const struct tls_options *o, struct peer *p, const char **reason)
{
    static const struct pki_spec own = {.cn = "server"};
    struct pki_cert server = pki_issue(&own, NULL);
    SSL_CTX *sctx = SSL_CTX_new(TLS_server_method()), *cctx = pki_client_context(c, NULL);

    SSL_CTX_set_security_level(sctx, 0);
    SSL_CTX_use_certificate(sctx, server.cert);
    SSL_CTX_use_PrivateKey(sctx, server.key);
    SSL_CTX_set_verify(sctx, SSL_VERIFY_PEER, accept_all);
    SSL *s = SSL_new(sctx), *cl = SSL_new(cctx);

    ck_assert(pki_handshake(s, cl));
    enum rc rc = peer_identify(s, o, p, reason);

    SSL_free(s);
    SSL_free(cl);
    SSL_CTX_free(sctx);
    SSL_CTX_free(cctx);
    pki_free(&server);
    return rc;
}

struct row {
    struct pki_spec spec;
    const char *identity; /* NULL: refused */
};

static void
check_rows(const struct row *rows, size_t count, const char *const *order)
{
    static const struct pki_spec ca_spec = {.cn = "CA", .ca = true};
    struct pki_cert ca = pki_issue(&ca_spec, NULL);

    for (size_t i = 0; i < count; i++) {
        struct tls_options o = {0};
        struct pki_cert c = pki_issue(&rows[i].spec, &ca);
        struct peer p = {0};
        const char *reason = NULL;

        for (size_t k = 0; k < 3 && order[k]; k++)
            o.identity[k] = order[k];
        enum rc rc = identify(&c, &o, &p, &reason);

        if (rows[i].identity) {
            ck_assert_msg(rc == RC_OK, "row %zu: %s", i, reason);
            ck_assert_str_eq(p.identity, rows[i].identity);
            ck_assert_str_eq(reason, "ok");
        } else {
            ck_assert_msg(rc == RC_UNAUTH, "row %zu: %s", i, p.identity);
            ck_assert_str_eq(reason, "bad_identity");
            ck_assert_str_eq(p.identity, "");
        }
        ck_assert_uint_eq(strlen(p.cert_sha256), 64);
        pki_free(&c);
    }
    pki_free(&ca);
}

#define LONG64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

START_TEST(peer_identify_takes_spiffe_then_dns_then_cn)
{
    static const struct row rows[] = {
        {{.cn = "x", .names = "URI:spiffe://example.org/ns/shop/sa/a-B_1.2"}, "spiffe://example.org/ns/shop/sa/a-B_1.2"},
        {{.cn = "x", .names = "DNS:one.example,URI:spiffe://example.org/a"}, "spiffe://example.org/a"},
        {{.cn = "x", .names = "URI:https://example.org/a,DNS:One.Example,DNS:two.example"}, "one.example"},
        {{.cn = "x", .names = "DNS:one.example"}, "one.example"},
        {{.cn = "x", .names = "email:a@example.org"}, "x"},
        {{.cn = "gr\xc3\xbcn"}, "gr\xc3\xbcn"},
        {{.cn = "no key usage at all", .key_usage = ""}, "no key usage at all"},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]), all);
}
END_TEST

START_TEST(peer_identify_refuses_names_that_are_not_one_plain_name)
{
    static const struct row rows[] = {
        {{.cn = "spiffe://example.org/ns/shop/sa/checkout"}, NULL}, /* a common name is not looked at as a SPIFFE id is */
        {{.cn = "SPIFFE://example.org/a"}, NULL},
        {{.cn = "x\xc2\x9b"
                "2J"},
            NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a,URI:spiffe://example.org/b"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a,URI:https://example.org/b"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org//a"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a/"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a/../b"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/."}, NULL},
        {{.cn = "x", .names = "URI:spiffe:///a"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://Example.org/a"}, NULL},
        {{.cn = "x", .names = "URI:SPIFFE://example.org/a"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org:443/a"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://user@example.org/a"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a%2fb"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a?b"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a#b"}, NULL},
        {{.cn = "x", .names = "URI:spiffe:example"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/" LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a", .key_usage = "critical,keyEncipherment"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a", .key_usage = ""}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a", .key_usage = "critical,digitalSignature,cRLSign"}, NULL},
        {{.cn = "x", .names = "DNS:*.example"}, NULL},
        {{.cn = "x", .names = "DNS:a b.example"}, NULL},
        {{.cn = "x", .names = "URI:spiffe://example.org/a", .ca = true}, NULL},
        {{.cn = "x", .extra_cn = true}, NULL},
        {{.cn = "a\nb"}, NULL},
        {{.cn = NULL}, NULL},
    };

    check_rows(rows, sizeof(rows) / sizeof(rows[0]), all);
}
END_TEST

/* Residency asks the certificate first: what is damaged there must not be as if it had said nothing. */
START_TEST(peer_identify_tells_a_damaged_country_from_none)
{
    static const struct pki_spec ca_spec = {.cn = "CA", .ca = true};
    static const struct {
        struct pki_spec spec;
        const char *country;
    } rows[] = {{{.cn = "x"}, ""}, {{.cn = "x", .country = "DE"}, "DE"}, {{.cn = "x", .country = "DE", .extra_country = true}, "?"}};
    const struct tls_options o = {.identity = {"subject_cn"}};
    struct pki_cert ca = pki_issue(&ca_spec, NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pki_cert c = pki_issue(&rows[i].spec, &ca);
        struct peer p = {0};
        const char *reason;

        ck_assert_int_eq(identify(&c, &o, &p, &reason), RC_OK);
        ck_assert_str_eq(p.country, rows[i].country);
        pki_free(&c);
    }
    pki_free(&ca);
}
END_TEST

START_TEST(peer_identify_obeys_the_configured_order)
{
    static const char *const only_cn[] = {"subject_cn", NULL, NULL};
    static const char *const only_spiffe[] = {"spiffe_id", NULL, NULL};
    static const struct row by_cn[] = {{{.cn = "x", .names = "DNS:one.example"}, "x"}};
    static const struct row by_spiffe[] = {{{.cn = "x", .names = "DNS:one.example"}, NULL}};

    check_rows(by_cn, 1, only_cn);
    check_rows(by_spiffe, 1, only_spiffe);
}
END_TEST

/* A NUL inside a name must not make "bank.example\0.evil.example" into "bank.example". */
START_TEST(peer_identify_refuses_a_name_with_nul)
{
    static const struct pki_spec ca_spec = {.cn = "CA", .ca = true}, spec = {.cn = "x"};
    static const unsigned char name[] = "bank.example\0.evil.example";
    struct pki_cert ca = pki_issue(&ca_spec, NULL), c = pki_issue(&spec, &ca);
    X509_NAME *subject = X509_NAME_new();
    struct tls_options o = {.identity = {"subject_cn"}};
    struct peer p = {0};
    const char *reason;

    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, sizeof(name) - 1, -1, 0);
    X509_set_subject_name(c.cert, subject);
    ck_assert_int_gt(X509_sign(c.cert, ca.key, EVP_sha256()), 0);
    ck_assert_int_eq(identify(&c, &o, &p, &reason), RC_UNAUTH);
    ck_assert_str_eq(reason, "bad_identity");
    X509_NAME_free(subject);
    pki_free(&c);
    pki_free(&ca);
}
END_TEST

START_TEST(peer_identify_asks_the_allow_list)
{
    static const struct pki_spec spec = {.cn = "x", .country = "DE", .names = "URI:spiffe://example.org/ns/shop/sa/pay"};
    const char *yes[] = {"spiffe://example.org/ns/bank/*", "spiffe://example.org/ns/shop/*", NULL}, *no[] = {"spiffe://example.org/ns/bank/*", NULL};
    struct pki_cert c = pki_issue(&spec, NULL);
    struct tls_options o = {.identity = {"spiffe_id"}, .allow = yes};
    struct peer p = {0};
    const char *reason;

    ck_assert_int_eq(identify(&c, &o, &p, &reason), RC_OK);
    ck_assert_str_eq(p.country, "DE");
    ck_assert_str_eq(p.tls_version, "TLSv1.3");
    ck_assert_str_eq(p.issuer, "CN=x,O=spangate tests,C=DE");
    ck_assert_uint_eq(strlen(p.not_after), 20);
    ck_assert_str_ne(p.serial, "");
    o.allow = no;
    ck_assert_int_eq(identify(&c, &o, &p, &reason), RC_DENIED);
    ck_assert_str_eq(reason, "not_allowed");
    ck_assert_str_ne(p.identity, ""); /* the record says who it was */
    ck_assert_int_eq(identify(NULL, &o, &p, &reason), RC_UNAUTH);
    ck_assert_str_eq(reason, "no_certificate");
    pki_free(&c);
}
END_TEST

START_TEST(peer_address_masks_what_the_audit_keeps)
{
    static const struct {
        const char *text, *address, *cidr;
    } rows[] = {
        {"192.0.2.77", "192.0.2.77", "192.0.2.0/24"},
        {"2001:db8:1:2:3::4", "2001:db8:1:2:3::4", "2001:db8:1::/48"},
        {"::ffff:198.51.100.9", "198.51.100.9", "198.51.100.0/24"},
        {"::1", "::1", "::/48"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool is4 = inet_pton(AF_INET, rows[i].text, &v4.sin_addr) == 1;
        struct peer p = {0};

        ck_assert(is4 || inet_pton(AF_INET6, rows[i].text, &v6.sin6_addr) == 1);
        peer_address(is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, &p);
        ck_assert_str_eq(p.address, rows[i].address);
        ck_assert_str_eq(p.cidr, rows[i].cidr);
    }
}
END_TEST

static const struct case_entry cases[] = {
    {"normal", &peer_identify_takes_spiffe_then_dns_then_cn},
    {"malformed", &peer_identify_tells_a_damaged_country_from_none},
    {"normal", &peer_identify_obeys_the_configured_order},
    {"normal", &peer_identify_asks_the_allow_list},
    {"normal", &peer_address_masks_what_the_audit_keeps},
    {"malformed", &peer_identify_refuses_names_that_are_not_one_plain_name},
    {"malformed", &peer_identify_refuses_a_name_with_nul},
    {NULL, NULL},
};

int
main(void)
{
    return suite_run("peer", cases);
}
