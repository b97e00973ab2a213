/* OTLP/HTTP: HTTP/1.1 by libcurl, one connection an attempt, used again. Everything else that libcurl can do is off. */
#include <arpa/inet.h>

#include "exporter_int.h"

/*
 * libcurl takes the body by pieces of this size; above 128 KiB malloc would map and unmap the buffer each time.
 */
#define UPLOAD_BUFFER (120L * 1024)

/* The body is copied once, from the parcel into libcurl's buffer. */
static size_t
on_read(char *out, size_t size, size_t count, void *arg)
{
    struct attempt *a = arg;
    size_t left = attempt_size(a) - a->sent, n = size * count < left ? size * count : left;

    if (n)
        memcpy(out, a->parcel->body.ptr + a->sent, n);
    a->sent += n;
    return n;
}

/* libcurl begins again when a connection that it uses again turns out to be dead. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
    struct attempt *a = arg;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > attempt_size(a))
        return CURL_SEEKFUNC_FAIL;
    a->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
    struct attempt *a = arg;
    struct str text = {line, size * count};

    if (str_trim(text).len == 0) /* the end of a head: of the answer's, or of an informational one before it */
        a->is_whole = a->answer.http_status >= 200;
    if (answer_line(&a->answer, text) == RC_OK)
        return size * count;
    a->refusal = "memory";
    return 0;
}

static size_t
on_body(char *piece, size_t size, size_t count, void *arg)
{
    struct attempt *a = arg;
    enum rc rc = answer_body(&a->answer, (struct str){piece, size * count});

    if (rc == RC_OK)
        return size * count;
    a->refusal = rc == RC_TOO_LARGE ? "too_large" : "memory";
    return 0;
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
    struct attempt *a = arg;

    (void)easy;
    if (client_tls_setup(a->e, ctx) == RC_OK)
        return CURLE_OK;
    a->refusal = "tls_files";
    return CURLE_SSL_CERTPROBLEM;
}

static bool
is_loopback(const char *ip)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, ip, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, ip, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static const char *
check_connection(struct attempt *a, const char *ip)
{
    struct curl_tlssessioninfo *tls = NULL;

    if (a->e->plaintext)
        return is_loopback(ip) ? NULL : "plaintext";
    if (curl_easy_getinfo(a->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls || tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals)
        return "tls";
    client_tls_peer_digest(tls->internals, a->peer_cert_sha256);
    return NULL;
}

/* Connected, also when the connection was used before; nothing of the request has been sent. */
static int
on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct attempt *a = arg;

    (void)local_ip;
    (void)port;
    (void)local_port;
    a->refusal = check_connection(a, ip);
    return a->refusal ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void
on_done(struct easy_owner *owner, CURLcode code)
{
    struct attempt *a = (struct attempt *)owner; /* its first member */

    curl_multi_remove_handle(set_multi(a->e->http), a->easy);
    /* libcurl 7.88 is content with a head that is cut short (RFC 9112 section 8: incomplete). */
    exporter_on_finished(a, code == CURLE_OK && a->is_whole, transport_word(code));
}

#define SET(option, value) ok = ok && curl_easy_setopt(c, option, value) == CURLE_OK

static bool
set_callbacks(struct attempt *a, CURL *c)
{
    bool ok = true;

    SET(CURLOPT_PRIVATE, &a->owner);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, a);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_SEEKDATA, a);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, a);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, a);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, a);
    return ok;
}

static bool
set_transport(CURL *c, const struct exporter *e)
{
    bool ok = true;

    SET(CURLOPT_URL, e->url);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, e->plaintext ? "http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* also none of the environment */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)e->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)e->timeout_ms);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_AGE_S);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    SET(CURLOPT_USERAGENT, "spangate/" SPANGATE_VERSION);
    if (e->connect_to)
        SET(CURLOPT_CONNECT_TO, e->connect_to);
    return ok;
}

static bool
set_tls(struct attempt *a, CURL *c)
{
    const struct tls_options *o = &a->e->tls;
    bool ok = true;

    SET(CURLOPT_SSLVERSION, o->min_version == 0x0303 ? (long)CURL_SSLVERSION_TLSv1_2 : (long)CURL_SSLVERSION_TLSv1_3);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    /* A resumed session is not verified again: a certificate revoked or expired meanwhile would pass. */
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 0L); /* else a replaced ca_file is seen a day later */
    if (o->ca_file) {
        SET(CURLOPT_CAINFO, o->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* else the system's authorities are trusted beside it */
    }
    if (o->cert_file) {
        SET(CURLOPT_SSLCERT, o->cert_file);
        SET(CURLOPT_SSLKEY, o->key_file);
    }
    SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    SET(CURLOPT_SSL_CTX_DATA, a);
    return ok;
}

#undef SET

enum rc
http_init(struct attempt *a, const struct exporter_options *o)
{
    (void)o;
    a->owner.on_done = on_done;
    a->easy = curl_easy_init();
    bool ok = a->easy && set_callbacks(a, a->easy) && set_transport(a->easy, a->e) && (a->e->plaintext || set_tls(a, a->easy));

    return ok ? RC_OK : RC_NOMEM;
}

void
http_fini(struct attempt *a)
{
    if (a->easy)
        curl_easy_cleanup(a->easy);
}

enum rc
http_start(struct attempt *a)
{
    a->is_whole = false;
    bool ok = curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)attempt_size(a)) == CURLE_OK &&
              curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->e->headers[a->parcel->encoding]) == CURLE_OK &&
              curl_multi_add_handle(set_multi(a->e->http), a->easy) == CURLM_OK;

    return ok ? RC_OK : RC_NOMEM;
}

void
http_abandon(struct attempt *a)
{
    curl_multi_remove_handle(set_multi(a->e->http), a->easy);
}

static bool
append(struct curl_slist **list, struct str name, const char *between, struct str value)
{
    char line[16 * 1024]; /* setup_exporter lets no longer header pass */

    snprintf(line, sizeof(line), "%.*s%s%.*s", (int)name.len, name.ptr, between, (int)value.len, value.ptr);
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

enum rc
http_setup(struct exporter *e, const struct exporter_options *o)
{
    static const struct str none = {"", 0};
    bool ok = true;

    e->http = exporter_set_new(set_loop(e->set));
    if (!e->http)
        return RC_NOMEM;
    for (unsigned enc = 0; enc < ENCODINGS && ok; enc++) {
        struct curl_slist **list = &e->headers[enc];

        ok = append(list, STR("Content-Type"), ": ", o->json ? STR("application/json") : STR("application/x-protobuf")) &&
             append(list, STR("Accept"), ":", none) && append(list, STR("Expect"), ":", none); /* the last two: not sent */
        if (enc != ENCODING_IDENTITY)
            ok = ok && append(list, STR("Content-Encoding"), ": ", str_of(encoding_name((enum encoding)enc)));
        for (size_t i = 0; ok && o->headers && o->headers[i]; i++) {
            struct header h = setup_header(o, i);

            ok = append(list, h.name, ": ", h.value);
        }
    }
    return ok ? RC_OK : RC_NOMEM;
}

void
http_close(struct exporter *e)
{
    for (unsigned i = 0; i < ENCODINGS; i++)
        curl_slist_free_all(e->headers[i]);
    exporter_set_free(e->http);
}
