/* From an exporter's options to what each request needs: where it goes, whom it must meet, what its header says. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "exporter_int.h"

#define HTTP_PATH "/v1/traces"
#define HEADER_MAX 8192u

struct endpoint {
    CURLU *url;
    char *scheme, *host, *port, *path;
};

static enum rc
complain(struct errs *es, const struct exporter_options *o, const char *what)
{
    errs_add(es, ERR_ERROR, RC_CONFIG, 0, o->tls.pos, "exporter %s: %s", o->name, what);
    return RC_CONFIG;
}

/* -- endpoint --------------------------------------------------------------------------------------------------------------------- */

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
    if (o->protocol == EXPORTER_HTTP && strcmp(ep->path, "/") == 0)
        curl_url_set(ep->url, CURLUPART_PATH, HTTP_PATH, 0);
    return curl_url_get(ep->url, CURLUPART_PORT, &ep->port, CURLU_DEFAULT_PORT) == CURLUE_OK ? RC_OK : complain(es, o, "the endpoint has no port");
}

/* The address of an IPv6 endpoint without its brackets. */
static char *
bare_host(const char *host)
{
    size_t n = strlen(host);

    return host[0] == '[' && n > 2 ? strndup(host + 1, n - 2) : strdup(host);
}

/* The certificate is checked against, and the request addressed to, server_name; the connection goes to the endpoint. */
static enum rc
use_endpoint(struct exporter *e, struct endpoint *ep, const char *server_name)
{
    const char *name = server_name ? server_name : ep->host;
    struct buf line = BUF_INIT(4096);
    char *url = NULL;
    enum rc rc = buf_printf(&line, "%s:%s:%s:%s%c", name, ep->port, ep->host, ep->port, '\0');

    if (rc == RC_OK && server_name)
        e->connect_to = curl_slist_append(NULL, line.ptr);
    if (rc == RC_OK && (asprintf(&e->authority, "%s:%s", name, ep->port) < 0 || asprintf(&e->connect_url, "http://%s:%s", ep->host, ep->port) < 0))
        rc = RC_NOMEM;
    e->host = bare_host(name);
    if (server_name && (!e->connect_to || curl_url_set(ep->url, CURLUPART_HOST, server_name, 0) != CURLUE_OK))
        rc = RC_NOMEM;
    if (rc == RC_OK && curl_url_get(ep->url, CURLUPART_URL, &url, 0) == CURLUE_OK)
        e->url = strdup(url);
    curl_free(url);
    buf_free(&line);
    return rc == RC_OK && e->url && e->host ? RC_OK : RC_NOMEM;
}

/* -- headers ---------------------------------------------------------------------------------------------------------------------- */

struct header
setup_header(const struct exporter_options *o, size_t n)
{
    struct str line = str_of(o->headers[n]);
    size_t colon = str_find(line, STR(":"));

    return (struct header){str_sub(line, 0, colon), str_trim(str_sub(line, colon + 1, line.len))};
}

static bool
is_reserved(struct str name)
{
    static const char *const ours[] = {"content-type", "content-encoding", "content-length", "transfer-encoding", "te", "connection", "expect",
        "host", "upgrade", "keep-alive", "proxy-connection", "user-agent", "accept", "accept-encoding"};

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

/* Its text is a secret: no message shows it. */
static enum rc
header_check(const struct exporter_options *o, size_t n, struct errs *es)
{
    struct str line = str_of(o->headers[n]);

    if (line.len > HEADER_MAX)
        return complain(es, o, "a header is longer than 8 KiB");
    if (str_find(line, STR(":")) == SIZE_MAX)
        return complain(es, o, "a header must be \"name: value\"");
    struct header h = setup_header(o, n);

    if (!is_token(h.name) || h.value.len == 0)
        return complain(es, o, "a header must be \"name: value\"");
    if (is_reserved(h.name))
        return complain(es, o, "a header that the exporter sets itself cannot be configured");
    for (size_t i = 0; i < h.value.len; i++)
        if ((unsigned char)h.value.ptr[i] < 0x20 || h.value.ptr[i] == 0x7f)
            return complain(es, o, "a header value has a control character");
    return RC_OK;
}

/* -- TLS -------------------------------------------------------------------------------------------------------------------------- */

static bool
keep(const char **mine, const char *theirs)
{
    *mine = theirs ? strdup(theirs) : NULL;
    return !theirs || *mine;
}

static enum rc
keep_tls(struct exporter *e, const struct exporter_options *o, struct errs *es)
{
    struct tls_options *mine = &e->tls;

    mine->min_version = o->tls.min_version;
    if (e->plaintext)
        return RC_OK;
    if (!keep(&mine->ca_file, o->tls.ca_file) || !keep(&mine->cert_file, o->tls.cert_file) || !keep(&mine->key_file, o->tls.key_file) ||
        !keep(&mine->crl_file, o->tls.crl_file))
        return RC_NOMEM;
    return tls_client_check(&o->tls, es);
}

enum rc
setup_exporter(struct exporter *e, const struct exporter_options *o, struct errs *es)
{
    struct endpoint ep = {0};
    enum rc rc = endpoint_parse(&ep, o, es);

    for (size_t i = 0; rc == RC_OK && o->headers && o->headers[i]; i++)
        rc = header_check(o, i, es);
    if (rc == RC_OK) {
        e->protocol = o->protocol;
        e->timeout_ms = o->timeout_ms;
        e->plaintext = strcmp(ep.scheme, "http") == 0;
        rc = use_endpoint(e, &ep, e->plaintext ? NULL : o->tls.server_name);
    }
    if (rc == RC_OK)
        rc = keep_tls(e, o, es);
    if (rc == RC_OK)
        rc = e->protocol == EXPORTER_GRPC ? grpc_setup(e, o) : http_setup(e, o);
    for (unsigned i = 0; rc == RC_OK && i < e->in_flight; i++)
        rc = attempt_init(&e->attempts[i], o);
    endpoint_fini(&ep);
    return rc;
}

static void
drop(const char *mine)
{
    free((char *)(uintptr_t)mine);
}

void
setup_fini(struct exporter *e)
{
    http_close(e);
    grpc_close(e);
    curl_slist_free_all(e->connect_to);
    drop(e->tls.ca_file);
    drop(e->tls.cert_file);
    drop(e->tls.key_file);
    drop(e->tls.crl_file);
    free(e->host);
    free(e->authority);
    free(e->connect_url);
    free(e->url);
}
