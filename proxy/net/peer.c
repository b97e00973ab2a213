#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/digest.h"
#include "peer_int.h"

#define TRUST_DOMAIN_MAX 255 /* SPIFFE-ID section 2.1 */

/* What one kind of name has to say: NAMED, there is none of this kind, or the certificate is refused for it. */
enum naming { NAME_FOUND, NAME_ABSENT, NAME_BAD };

static bool
text_put(struct str s, char *out, size_t size)
{
    if (s.len == 0 || s.len >= size)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f || (s.ptr[i] == '\xc2' && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xa0))
            return false; /* U+0080 to U+009F control terminals too */
    memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}

static bool
lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
trust_domain_valid(struct str s)
{
    if (s.len == 0 || s.len > TRUST_DOMAIN_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!lower_alnum(s.ptr[i]) && s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != '_')
            return false;
    return true;
}

/* SPIFFE-ID section 2.2: letters, digits, dot, dash, underscore; neither empty nor "." nor "..". */
static bool
segment_valid(struct str s)
{
    if (s.len == 0 || str_eq(s, STR(".")) || str_eq(s, STR("..")))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (!lower_alnum(c) && !(c >= 'A' && c <= 'Z') && c != '.' && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool
spiffe_valid(struct str uri)
{
    struct str scheme = STR("spiffe://"), rest;
    size_t slash;

    if (!str_starts(uri, scheme))
        return false;
    rest = str_sub(uri, scheme.len, uri.len);
    slash = str_find(rest, STR("/"));
    if (slash == SIZE_MAX || !trust_domain_valid(str_sub(rest, 0, slash)))
        return false;
    while (slash < rest.len) {
        struct str path = str_sub(rest, slash + 1, rest.len);
        size_t end = str_find(path, STR("/"));
        struct str segment = end == SIZE_MAX ? path : str_sub(path, 0, end);

        if (!segment_valid(segment))
            return false;
        slash += 1 + segment.len;
    }
    return true;
}

static struct str
name_text(const ASN1_STRING *s)
{
    return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

/* X509-SVID sections 2, 4.3 and 5.2. */
static enum naming
name_spiffe(X509 *cert, const GENERAL_NAMES *names, struct peer *p)
{
    struct str uri = {0};
    unsigned count = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type != GEN_URI)
            continue;
        uri = name_text(n->d.uniformResourceIdentifier);
        count++;
    }
    if (count == 0)
        return NAME_ABSENT;
    if (count > 1)
        return NAME_BAD;
    if (uri.len < 7 || !str_eq_nocase(str_sub(uri, 0, 7), STR("spiffe:")))
        return NAME_ABSENT;
    if (!spiffe_valid(uri) || !(X509_get_extension_flags(cert) & EXFLAG_KUSAGE) || !(X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE))
        return NAME_BAD;
    return text_put(uri, p->identity, sizeof(p->identity)) ? NAME_FOUND : NAME_BAD;
}

/* The first one names the client. A name with a wildcard names nobody. */
static enum naming
name_dns(X509 *cert, const GENERAL_NAMES *names, struct peer *p)
{
    (void)cert;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type != GEN_DNS)
            continue;
        struct str s = name_text(n->d.dNSName);
        char low[256];

        if (s.len >= sizeof(low))
            return NAME_BAD;
        for (size_t k = 0; k < s.len; k++)
            low[k] = (char)(s.ptr[k] >= 'A' && s.ptr[k] <= 'Z' ? s.ptr[k] + 32 : s.ptr[k]);
        s.ptr = low;
        return trust_domain_valid(s) && text_put(s, p->identity, sizeof(p->identity)) ? NAME_FOUND : NAME_BAD;
    }
    return NAME_ABSENT;
}

/* The only attribute of this kind in the subject, as UTF-8. */
static enum naming
subject_text(X509 *cert, int nid, char *out, size_t size)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    unsigned char *utf8 = NULL;

    if (at < 0)
        return NAME_ABSENT;
    if (X509_NAME_get_index_by_NID(subject, nid, at) >= 0)
        return NAME_BAD;
    int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

    if (len < 0)
        return NAME_BAD;
    struct str s = {(const char *)utf8, (size_t)len};
    bool good = str_utf8_valid(s) && text_put(s, out, size);

    OPENSSL_free(utf8);
    return good ? NAME_FOUND : NAME_BAD;
}

static enum naming
name_subject(X509 *cert, const GENERAL_NAMES *names, struct peer *p)
{
    enum naming found = subject_text(cert, NID_commonName, p->identity, sizeof(p->identity));

    (void)names;
    /* A common name is free text, which an authority may not look at as it looks at SPIFFE ids: it cannot pass for one. */
    return found == NAME_FOUND && strncasecmp(p->identity, "spiffe:", 7) == 0 ? NAME_BAD : found;
}

static const struct {
    const char *name;
    enum naming (*find)(X509 *cert, const GENERAL_NAMES *names, struct peer *p);
} sources[] = {{"spiffe_id", name_spiffe}, {"dns_san", name_dns}, {"subject_cn", name_subject}};

static enum naming
name_by(const char *source, X509 *cert, const GENERAL_NAMES *names, struct peer *p)
{
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        if (strcmp(source, sources[i].name) == 0)
            return sources[i].find(cert, names, p);
    return NAME_BAD;
}

/* No authority speaks for itself: RFC 5280 section 4.2.1.9, X509-SVID section 4.1. */
static bool
is_leaf(X509 *cert)
{
    uint32_t flags = X509_get_extension_flags(cert), usage = X509_get_key_usage(cert);

    if (flags & (EXFLAG_INVALID | EXFLAG_PROXY) || X509_check_ca(cert) != 0)
        return false;
    return !(flags & EXFLAG_KUSAGE) || !(usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
}

static enum naming
name_find(X509 *cert, const struct tls_options *o, struct peer *p)
{
    enum naming found = NAME_ABSENT;
    int critical;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);

    if (!names && critical != -1) /* there, but twice or damaged */
        return NAME_BAD;
    for (size_t i = 0; i < 3 && o->identity[i] && found == NAME_ABSENT; i++)
        found = name_by(o->identity[i], cert, names, p);
    GENERAL_NAMES_free(names);
    return found;
}

static bool
allowed(const struct tls_options *o, const struct peer *p)
{
    if (!o->allow)
        return true;
    for (size_t i = 0; o->allow[i]; i++)
        if (str_glob(str_of(o->allow[i]), str_of(p->identity)))
            return true;
    return false;
}

static void
describe_serial(X509 *cert, struct peer *p)
{
    BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = bn ? BN_bn2hex(bn) : NULL;

    if (hex)
        snprintf(p->serial, sizeof(p->serial), "%s", hex);
    OPENSSL_free(hex);
    BN_free(bn);
}

static void
describe_issuer(X509 *cert, struct peer *p)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *text;

    /* RFC 2253 form: control characters and bytes above 126 are escaped. */
    if (out && X509_NAME_print_ex(out, X509_get_issuer_name(cert), 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(out, &text);

        snprintf(p->issuer, sizeof(p->issuer), "%.*s", (int)len, text);
    }
    BIO_free(out);
}

static void
describe_validity(X509 *cert, struct peer *p)
{
    struct tm tm;
    char text[CLOCK_RFC3339_SIZE];

    if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1)
        return;
    time_t at = timegm(&tm);

    if (at < 0)
        return;
    p->expires_s = (uint64_t)at;
    clock_rfc3339((uint64_t)at * 1000000, text);
    /* Certificates count whole seconds: without the fraction. */
    snprintf(p->not_after, sizeof(p->not_after), "%.19sZ", text);
}

void
peer_describe(X509 *cert, struct peer *p)
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (X509_digest(cert, EVP_sha256(), md, &len) == 1 && len == SHA256_SIZE) {
        digest_hex((struct str){(const char *)md, len}, p->cert_sha256);
        p->cert_sha256[2 * SHA256_SIZE] = '\0';
    }
    enum naming country = subject_text(cert, NID_countryName, p->country, sizeof(p->country));

    if (country != NAME_FOUND) /* one that is stated, but is none, is no silence that an attribute could fill */
        snprintf(p->country, sizeof(p->country), "%s", country == NAME_BAD ? "?" : "");
    describe_serial(cert, p);
    describe_issuer(cert, p);
    describe_validity(cert, p);
    ERR_clear_error();
}

enum rc
peer_identify(SSL *ssl, const struct tls_options *o, struct peer *p, const char **reason)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);

    *reason = "no_certificate";
    if (!cert)
        return RC_UNAUTH;
    snprintf(p->tls_version, sizeof(p->tls_version), "%s", SSL_get_version(ssl));
    peer_describe(cert, p);
    *reason = "bad_identity";
    bool named = is_leaf(cert) && name_find(cert, o, p) == NAME_FOUND;

    ERR_clear_error();
    if (!named) {
        p->identity[0] = '\0';
        return RC_UNAUTH;
    }
    if (!allowed(o, p)) {
        *reason = "not_allowed";
        return RC_DENIED;
    }
    *reason = "ok";
    return RC_OK;
}

static void
address_v4(struct in_addr a, struct peer *p)
{
    struct in_addr net = {a.s_addr & htonl(0xffffff00u)};
    char text[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &a, p->address, sizeof(p->address));
    inet_ntop(AF_INET, &net, text, sizeof(text));
    snprintf(p->cidr, sizeof(p->cidr), "%s/24", text);
}

static void
address_v6(const struct in6_addr *a, struct peer *p)
{
    struct in6_addr net = {0};
    char text[INET6_ADDRSTRLEN];

    memcpy(&net, a, 6);
    inet_ntop(AF_INET6, a, p->address, sizeof(p->address));
    inet_ntop(AF_INET6, &net, text, sizeof(text));
    snprintf(p->cidr, sizeof(p->cidr), "%s/48", text);
}

void
peer_address(const struct sockaddr *sa, struct peer *p)
{
    if (sa->sa_family == AF_INET) {
        address_v4(((const struct sockaddr_in *)sa)->sin_addr, p);
    } else if (sa->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)sa)->sin6_addr;
        struct in_addr v4;

        memcpy(&v4, &a->s6_addr[12], 4);
        if (IN6_IS_ADDR_V4MAPPED(a))
            address_v4(v4, p);
        else
            address_v6(a, p);
    }
}
