/* From an exporter's options to easy handles: the endpoint, the headers, TLS, and everything of libcurl that must be off. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "exporter_int.h"

#define GRPC_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define HTTP_PATH "/v1/traces"
#define CONNECTION_AGE_S 3600L /* a connection is made anew after an hour: certificates and addresses are looked at again */

/*
 * libcurl reads the body by pieces of this size. 64 KiB .. 512 KiB made no difference that could be measured with bodies of 423 KB; above 128 KiB malloc
 * maps and unmaps it each time.
 */
#define UPLOAD_BUFFER (120L * 1024)

struct endpoint {
    CURLU *url;
    char *scheme, *host, *port, *path;
    bool has_port;
};

static enum rc
complain(struct errs *es, const struct exporter_options *o, const char *what)
{
    errs_add(es, ERR_ERROR, RC_CONFIG, 0, o->tls.pos, "exporter %s: %s", o->name, what);
    return RC_CONFIG;
}

static bool
is_loopback_name(const char *host)
{
    struct in_addr v4;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool
has_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    bool has = curl_url_get(url, part, &value, 0) == CURLUE_OK;

    curl_free(value);
    return has;
}

static void
endpoint_fini(struct endpoint *ep)
{
    curl_free(ep->scheme);
    curl_free(ep->host);
    curl_free(ep->port);
    curl_free(ep->path);
    curl_url_cleanup(ep->url);
}

static enum rc
endpoint_check(const struct endpoint *ep, const struct exporter_options *o, struct errs *es)
{
    bool http = strcmp(ep->scheme, "http") == 0;

    if (!http && strcmp(ep->scheme, "https") != 0)
        return complain(es, o, "the endpoint must be https:// or host:port");
    if (http && !is_loopback_name(ep->host))
        return complain(es, o, "an endpoint without TLS must be on loopback: localhost, 127.0.0.1 or [::1]");
    if (!http && o->tls.insecure)
        return complain(es, o, "the endpoint is https:// and tls says insecure");
    if (has_part(ep->url, CURLUPART_USER) || has_part(ep->url, CURLUPART_PASSWORD) || has_part(ep->url, CURLUPART_QUERY) ||
        has_part(ep->url, CURLUPART_FRAGMENT))
        return complain(es, o, "the endpoint must not have a user, a password, a query or a fragment");
    if (o->protocol == EXPORTER_GRPC && strcmp(ep->path, "/") != 0)
        return complain(es, o, "the endpoint of a gRPC exporter has no path");
    return RC_OK;
}

/* "host", "host:port" or a URL. */
static enum rc
endpoint_parse(struct endpoint *ep, const struct exporter_options *o, struct errs *es)
{
    bool plain_host = !strstr(o->endpoint, "://");
    struct buf text = BUF_INIT(4096);
    enum rc rc = buf_printf(&text, "%s%s%c", plain_host ? (o->tls.insecure ? "http://" : "https://") : "", o->endpoint, '\0');

    ep->url = curl_url();
    if (rc == RC_OK && ep->url && curl_url_set(ep->url, CURLUPART_URL, text.ptr, 0) == CURLUE_OK &&
        curl_url_get(ep->url, CURLUPART_SCHEME, &ep->scheme, 0) == CURLUE_OK && curl_url_get(ep->url, CURLUPART_HOST, &ep->host, 0) == CURLUE_OK &&
        curl_url_get(ep->url, CURLUPART_PATH, &ep->path, 0) == CURLUE_OK)
        rc = endpoint_check(ep, o, es);
    else
        rc = complain(es, o, "the endpoint cannot be read: host:port, or https://host[:port][/path]");
    buf_free(&text);
    if (rc != RC_OK)
        return rc;
    if (plain_host && !has_part(ep->url, CURLUPART_PORT)) /* the ports of OTLP */
        curl_url_set(ep->url, CURLUPART_PORT, o->protocol == EXPORTER_GRPC ? "4317" : "4318", 0);
    if (o->protocol == EXPORTER_GRPC)
        curl_url_set(ep->url, CURLUPART_PATH, GRPC_PATH, 0);
    else if (strcmp(ep->path, "/") == 0)
        curl_url_set(ep->url, CURLUPART_PATH, HTTP_PATH, 0);
    return curl_url_get(ep->url, CURLUPART_PORT, &ep->port, CURLU_DEFAULT_PORT) == CURLUE_OK ? RC_OK : complain(es, o, "the endpoint has no port");
}

/* The certificate is checked against, and the request addressed to, server_name; the connection goes to the endpoint. */
static enum rc
use_server_name(struct exporter *e, struct endpoint *ep, const char *name)
{
    char line[1024];
    int n = snprintf(line, sizeof(line), "%s:%s:%s:%s", name, ep->port, ep->host, ep->port);

    if (n < 0 || (size_t)n >= sizeof(line))
        return RC_CONFIG;
    e->connect_to = curl_slist_append(NULL, line);
    return e->connect_to && curl_url_set(ep->url, CURLUPART_HOST, name, 0) == CURLUE_OK ? RC_OK : RC_NOMEM;
}

static bool
is_reserved(struct str name)
{
    static const char *const ours[] = {"content-type", "content-encoding", "content-length", "transfer-encoding", "te", "connection", "expect",
        "host", "upgrade", "user-agent", "accept", "accept-encoding"};

    if (name.len >= 5 && str_eq_nocase(str_sub(name, 0, 5), STR("grpc-")))
        return true;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (str_eq_nocase(name, str_of(ours[i])))
            return true;
    return false;
}

/* RFC 9110 section 5.6.2 */
static bool
is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!alnum && !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

static enum rc
header_check(const char *line, const struct exporter_options *o, struct errs *es)
{
    struct str s = str_of(line);
    size_t colon = str_find(s, STR(":"));

    if (colon == SIZE_MAX || !is_token(str_sub(s, 0, colon)) || str_trim(str_sub(s, colon + 1, s.len)).len == 0)
        return complain(es, o, "a header must be \"name: value\"");
    if (is_reserved(str_sub(s, 0, colon)))
        return complain(es, o, "a header that the exporter sets itself cannot be configured");
    for (size_t i = colon + 1; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return complain(es, o, "a header value has a control character"); /* its text is a secret: not shown */
    return RC_OK;
}

static bool
append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool
append_encoding(struct curl_slist **list, bool grpc, enum encoding encoding)
{
    char line[64];

    if (encoding == ENCODING_IDENTITY)
        return true;
    snprintf(line, sizeof(line), "%s: %s", grpc ? "grpc-encoding" : "Content-Encoding", encoding_name(encoding));
    return append(list, line);
}

static enum rc
make_headers(struct exporter *e, const struct exporter_options *o, struct errs *es)
{
    static const char *const grpc_lines[] = {"Content-Type: application/grpc", "TE: trailers", "grpc-accept-encoding: identity", NULL};
    static const char *const http_lines[] = {"Content-Type: application/x-protobuf", NULL};
    static const char *const json_lines[] = {"Content-Type: application/json", NULL};
    const char *const *lines = o->protocol == EXPORTER_GRPC ? grpc_lines : o->json ? json_lines : http_lines;
    bool grpc = o->protocol == EXPORTER_GRPC, ok = true;
    char timeout[48];

    /* TimeoutValue has at most 8 digits (gRPC over HTTP2, "Requests"). */
    snprintf(timeout, sizeof(timeout), "grpc-timeout: %llum", (unsigned long long)(o->timeout_ms < 99999999 ? o->timeout_ms : 99999999));
    for (size_t i = 0; o->headers && o->headers[i]; i++)
        if (header_check(o->headers[i], o, es) != RC_OK)
            return RC_CONFIG;
    for (unsigned enc = 0; enc < ENCODINGS && ok; enc++) {
        struct curl_slist **list = &e->headers[enc];

        for (const char *const *line = lines; *line && ok; line++)
            ok = append(list, *line);
        ok = ok && (!grpc || append(list, timeout)) && append_encoding(list, grpc, (enum encoding)enc);
        ok = ok && append(list, "Accept:") && append(list, "Expect:"); /* none of them */
        for (size_t i = 0; ok && o->headers && o->headers[i]; i++)
            ok = append(list, o->headers[i]);
    }
    return ok ? RC_OK : RC_NOMEM;
}

#define SET(option, value) ok = ok && curl_easy_setopt(c, option, value) == CURLE_OK

static bool
set_tls(CURL *c, const struct exporter_options *o)
{
    bool ok = true;

    SET(CURLOPT_SSLVERSION, o->tls.min_version == 0x0303 ? (long)CURL_SSLVERSION_TLSv1_2 : (long)CURL_SSLVERSION_TLSv1_3);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    /* A resumed session is not verified again: a certificate revoked or expired meanwhile would pass. */
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 0L); /* else a replaced ca_file is seen a day later */
    if (o->tls.ca_file) {
        SET(CURLOPT_CAINFO, o->tls.ca_file);
        SET(CURLOPT_CAPATH, NULL); /* else the system's authorities are trusted beside it */
    }
    if (o->tls.cert_file) {
        SET(CURLOPT_SSLCERT, o->tls.cert_file);
        SET(CURLOPT_SSLKEY, o->tls.key_file);
    }
    return ok;
}

static bool
set_transport(CURL *c, const struct exporter *e, const struct exporter_options *o)
{
    bool ok = true, grpc = e->protocol == EXPORTER_GRPC;
    long version = !grpc ? CURL_HTTP_VERSION_1_1 : e->plaintext ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2TLS;

    SET(CURLOPT_HTTP_VERSION, version);
    SET(CURLOPT_PROTOCOLS_STR, e->plaintext ? "http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* also none of the environment */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->timeout_ms);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    SET(CURLOPT_USERAGENT, "spangate/" SPANGATE_VERSION);
    if (grpc && !e->plaintext)
        SET(CURLOPT_PIPEWAIT, 1L); /* streams of one connection instead of connections */
    if (grpc && e->plaintext)
        SET(CURLOPT_FORBID_REUSE, 1L); /* libcurl 7.88 stalls when it uses a connection with prior knowledge again */
    return ok;
}

static enum rc
make_easy(struct attempt *a, const struct exporter_options *o, const char *url)
{
    CURL *c = a->easy = curl_easy_init();
    bool ok = c != NULL;

    SET(CURLOPT_URL, url);
    if (a->e->connect_to)
        SET(CURLOPT_CONNECT_TO, a->e->connect_to);
    ok = ok && set_transport(c, a->e, o) && (a->e->plaintext || set_tls(c, o));
    return ok ? attempt_init(a) : RC_NOMEM;
}

#undef SET

/* The address of an IPv6 endpoint without its brackets. */
static char *
bare_host(const char *host)
{
    size_t n = strlen(host);

    return host[0] == '[' && n > 2 ? strndup(host + 1, n - 2) : strdup(host);
}

/* Of the TLS options only what is asked for at each handshake is kept; libcurl has copies of the rest. */
static enum rc
keep_tls(struct exporter *e, const struct exporter_options *o, const char *host, struct errs *es)
{
    e->tls = (struct tls_options){.min_version = o->tls.min_version};
    if (e->plaintext)
        return RC_OK;
    if (!(e->host = bare_host(o->tls.server_name ? o->tls.server_name : host)))
        return RC_NOMEM;
    if (o->tls.crl_file && !(e->tls.crl_file = strdup(o->tls.crl_file)))
        return RC_NOMEM;
    return tls_client_check(&o->tls, es);
}

enum rc
setup_exporter(struct exporter *e, const struct exporter_options *o, struct errs *es)
{
    struct endpoint ep = {0};
    char *url = NULL;
    enum rc rc = endpoint_parse(&ep, o, es);

    if (rc != RC_OK)
        goto out;
    e->protocol = o->protocol;
    e->plaintext = strcmp(ep.scheme, "http") == 0;
    rc = keep_tls(e, o, ep.host, es);
    if (rc == RC_OK && o->tls.server_name && !e->plaintext)
        rc = use_server_name(e, &ep, o->tls.server_name);
    if (rc == RC_OK)
        rc = make_headers(e, o, es);
    if (rc == RC_OK && curl_url_get(ep.url, CURLUPART_URL, &url, 0) != CURLUE_OK)
        rc = RC_NOMEM;
    for (unsigned i = 0; rc == RC_OK && i < e->in_flight; i++)
        rc = make_easy(&e->attempts[i], o, url);
out:
    curl_free(url);
    endpoint_fini(&ep);
    return rc;
}

void
setup_fini(struct exporter *e)
{
    for (unsigned i = 0; i < ENCODINGS; i++)
        curl_slist_free_all(e->headers[i]);
    curl_slist_free_all(e->connect_to);
    free(e->host);
    free((char *)(uintptr_t)e->tls.crl_file);
}
