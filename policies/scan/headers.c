/*
 * Headers of HTTP and metadata of RPC and messages: the header's name, from the attribute key or from a "Name: value" line, says how its value is read.
 * Addresses of clients are values like any other: each member of a list goes. Headers of which nothing is known are left to detectors.
 */
#include "forms_int.h"

enum reading { KEEP, SECRET, SCHEME, COOKIES, URL, LINK, AGENT, LIST, FORWARDED, CHALLENGE, BAGGAGE, TRACESTATE, DISPOSITION, UNKNOWN };

static const struct {
    struct str name;
    enum reading reading;
} headers[] = {
    {STR("accept"), KEEP},
    {STR("accept-encoding"), KEEP},
    {STR("cache-control"), KEEP},
    {STR("connection"), KEEP},
    {STR("content-encoding"), KEEP},
    {STR("content-length"), KEEP},
    {STR("content-type"), KEEP},
    {STR("date"), KEEP},
    {STR("etag"), KEEP},
    {STR("host"), KEEP},
    {STR("server"), KEEP},
    {STR("te"), KEEP},
    {STR("traceparent"), KEEP},
    {STR("x-correlation-id"), KEEP},
    {STR("x-request-id"), KEEP},
    {STR("authorization"), SCHEME},
    {STR("proxy-authorization"), SCHEME},
    {STR("x-forwarded-authorization"), SCHEME},
    {STR("x-original-authorization"), SCHEME},
    {STR("x-amzn-remapped-authorization"), SCHEME},
    {STR("x-serverless-authorization"), SCHEME},
    {STR("cookie"), COOKIES},
    {STR("cookie2"), COOKIES},
    {STR("set-cookie"), COOKIES},
    {STR("set-cookie2"), COOKIES},
    {STR("x-api-key"), SECRET},
    {STR("x-auth-token"), SECRET},
    {STR("x-csrf-token"), SECRET},
    {STR("x-xsrf-token"), SECRET},
    {STR("x-amz-security-token"), SECRET},
    {STR("x-goog-iap-jwt-assertion"), SECRET},
    {STR("x-vault-token"), SECRET},
    {STR("private-token"), SECRET},
    {STR("apikey"), SECRET},
    {STR("api-key"), SECRET},
    {STR("x-client-cert"), SECRET},
    {STR("x-forwarded-client-cert"), SECRET},
    {STR("x-ssl-client-cert"), SECRET},
    {STR("ssl-client-cert"), SECRET},
    {STR("from"), SECRET},
    {STR("reply-to"), SECRET},
    {STR("x-hub-signature"), SECRET},
    {STR("x-hub-signature-256"), SECRET},
    {STR("stripe-signature"), SECRET},
    {STR("dpop"), SECRET},
    {STR("x-amzn-oidc-data"), SECRET},
    {STR("x-amzn-oidc-identity"), SECRET},
    {STR("x-remote-user"), SECRET},
    {STR("remote-user"), SECRET},
    {STR("x-geoip-city"), SECRET},
    {STR("sec-ch-ua-model"), SECRET},
    {STR("www-authenticate"), CHALLENGE},
    {STR("proxy-authenticate"), CHALLENGE},
    {STR("authentication-info"), CHALLENGE},
    {STR("x-forwarded-for"), LIST},
    {STR("x-real-ip"), LIST},
    {STR("true-client-ip"), LIST},
    {STR("cf-connecting-ip"), LIST},
    {STR("cf-connecting-ipv6"), LIST},
    {STR("cf-pseudo-ipv4"), LIST},
    {STR("fastly-client-ip"), LIST},
    {STR("fly-client-ip"), LIST},
    {STR("x-client-ip"), LIST},
    {STR("client-ip"), LIST},
    {STR("x-cluster-client-ip"), LIST},
    {STR("x-original-forwarded-for"), LIST},
    {STR("x-forwarded"), LIST},
    {STR("forwarded-for"), LIST},
    {STR("x-envoy-external-address"), LIST},
    {STR("x-appengine-user-ip"), LIST},
    {STR("x-azure-clientip"), LIST},
    {STR("x-azure-socketip"), LIST},
    {STR("x-remote-ip"), LIST},
    {STR("x-remote-addr"), LIST},
    {STR("remote-addr"), LIST},
    {STR("x-originating-ip"), LIST},
    {STR("x-host-ip"), LIST},
    {STR("x-nf-client-connection-ip"), LIST},
    {STR("forwarded"), FORWARDED},
    {STR("referer"), URL},
    {STR("referrer"), URL},
    {STR("origin"), URL},
    {STR("location"), URL},
    {STR("content-location"), URL},
    {STR("refresh"), URL},
    {STR("link"), LINK},
    {STR("x-original-url"), URL},
    {STR("x-rewrite-url"), URL},
    {STR("x-original-uri"), URL},
    {STR("x-forwarded-uri"), URL},
    {STR("x-forwarded-url"), URL},
    {STR("x-envoy-original-path"), URL},
    {STR("x-replaced-path"), URL},
    {STR("-path"), URL},
    {STR("path"), URL},
    {STR("destination"), URL},
    {STR("user-agent"), AGENT},
    {STR("x-user-agent"), AGENT},
    {STR("x-original-user-agent"), AGENT},
    {STR("x-device-user-agent"), AGENT},
    {STR("baggage"), BAGGAGE},
    {STR("tracestate"), TRACESTATE},
    {STR("content-disposition"), DISPOSITION},
    {STR("sec-websocket-key"), KEEP},
    {STR("sec-websocket-accept"), KEEP},
    {STR("idempotency-key"), KEEP},
    {STR("x-idempotency-key"), KEEP},
    {STR("surrogate-key"), KEEP},
    {STR("cache-key"), KEEP},
    {STR("x-cache-key"), KEEP},
    {STR("content-security-policy"), KEEP},
    {STR("authority"), KEEP},
    {STR("-authority"), KEEP},
    {STR("partition-key"), KEEP},
    {STR("routing-key"), KEEP},
    {STR("signature-input"), KEEP},
};

#define HEADER_NAME_BYTES 64

/* Lower case, _ as -, of a pseudo header (:path) the colon too. */
static struct str
header_name(struct str raw, char buf[HEADER_NAME_BYTES])
{
    size_t from = raw.len > HEADER_NAME_BYTES ? raw.len - HEADER_NAME_BYTES : 0;

    for (size_t i = from; i < raw.len; i++)
        buf[i - from] = byte_in(raw.ptr[i], "_:.") ? '-' : ascii_lower(raw.ptr[i]);
    return (struct str){buf, raw.len - from};
}

/* header, headers or metadata and a separator at ${at}: the length of that; 0 when they do not stand there. */
static size_t
names_headers(struct str key, size_t at)
{
    struct str rest = str_sub(key, at, key.len);
    bool header = rest.len > 6 && str_eq_nocase(str_sub(rest, 0, 6), STR("header"));
    size_t len = header ? 6 : rest.len > 8 && str_eq_nocase(str_sub(rest, 0, 8), STR("metadata")) ? 8 : 0;

    if (len == 0)
        return 0;
    len += header && ascii_lower(rest.ptr[len]) == 's';
    return len < rest.len && (rest.ptr[len] == '.' || rest.ptr[len] == '/') ? len + 1 : 0;
}

/* What of an attribute key names a header: behind header. or metadata., or the last part of a nested key; empty when the text has lines of its own. */
static struct str
name_in_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = ascii_lower(key.ptr[i]);
        size_t len = c == 'h' || c == 'm' ? names_headers(key, i) : 0;

        if (len)
            return str_sub(key, i + len, key.len);
    }
    return (struct str){"", 0};
}

/* A name that no list has: what its words say. */
static enum reading
guess(struct str name)
{
    static const char *const words[] = {"auth", "signature", "session", "user-id", "userid", "account", "customer", "credential", "client-ip", "jwt",
        "assertion", "oidc", "saml", "remote-addr", "msisdn", "device-id", "x-ms-token", "username", "user-name", NULL};

    if (str_starts(name, STR("access-control-")) || str_find(name, STR("authority")) != SIZE_MAX || str_find(name, STR("author")) == 0)
        return KEEP;
    if (name_is_secret_flag(name))
        return SECRET;
    return holds_word(name, words) ? SECRET : UNKNOWN;
}

static enum reading
reading_of(struct str name)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        if (name.len == headers[i].name.len && str_eq(name, headers[i].name))
            return headers[i].reading;
    return guess(name);
}

/* ---- values ---- */

/* "Bearer abc": the word stays. */
static enum rc
scan_scheme(const struct form *f, size_t start, size_t end)
{
    static const char *const schemes[] = {"bearer", "basic", "digest", "negotiate", "ntlm", "token", "apikey", "api-key", "aws4-hmac-sha256",
        "aws4-ecdsa-p256-sha256", "aws", "hawk", "oauth", "hoba", "mutual", "scram-sha-1", "scram-sha-256", "dpop", "gnap", "privatetoken", "vapid",
        "signature", "jwt", "key", "sharedkey", "sharedkeylite", "sharedaccesssignature", "googlelogin", "kerberos", "snowflake", "discogs", "bot",
        "splunk", "genie", "genieKey", "sso-key", "webpush", "concealed", "goog4-rsa-sha256", NULL};
    size_t word = form_find(f, start, end, " \t");

    if (word_in(form_str(f, start, word), schemes))
        start = form_skip(f, word, end, " \t");
    return form_add(f, SCAN_HEADER_SECRET, start, end);
}

static enum rc
scan_list(const struct form *f, size_t start, size_t end)
{
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        size_t to = form_find(f, at, end, ","), from = at, stop = to;

        form_trim(f, &from, &stop);
        if (!str_eq_nocase(form_str(f, from, stop), STR("unknown")))
            rc = form_add(f, SCAN_HEADER_SECRET, from, stop);
        at = to + 1;
    }
    return rc;
}

/* The end of a value that may be quoted, from behind its equals sign. */
static size_t
value_end(const struct form *f, size_t at, size_t end, const char *separators)
{
    if (at < end && f->t.ptr[at] == '"') {
        size_t i = at + 1;

        while (i < end && f->t.ptr[i] != '"')
            i += f->t.ptr[i] == '\\' && i + 1 < end ? 2 : 1;
        return form_find(f, i, end, separators);
    }
    return form_find(f, at, end, separators);
}

/* The values of these parameters go; NULL: of none. What stands alone and is long (Negotiate abc...) goes too, if asked for. */
static enum rc
scan_parameters(const struct form *f, size_t start, size_t end, const char *separators, const char *const *names, bool tokens)
{
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        size_t from = form_skip(f, at, end, separators), equals = from, stop;

        while (equals < end && !byte_in(f->t.ptr[equals], "=") && !byte_in(f->t.ptr[equals], separators))
            equals++;
        /* RFC 7235 section 2.1: there may be white space around the sign. */
        size_t sign = form_skip(f, equals, end, " \t");
        bool pair = sign + 1 < end && f->t.ptr[sign] == '=' && f->t.ptr[sign + 1] != '=';
        size_t value = pair ? form_skip(f, sign + 1, end, " \t") : sign;

        stop = pair ? value_end(f, value, end, separators) : form_find(f, equals, end, separators);
        if (pair && word_in(form_str(f, from, equals), names)) {
            size_t to = stop;

            form_trim(f, &value, &to);
            if (to > value && f->t.ptr[value] == '"') {
                value++;
                to -= to > value && f->t.ptr[to - 1] == '"';
            }
            rc = form_add(f, SCAN_HEADER_SECRET, value, to);
        } else if (!pair && tokens && stop - from >= 16 && from > start) {
            rc = form_add(f, SCAN_HEADER_SECRET, from, stop);
        }
        at = stop + 1;
    }
    return rc;
}

/* <url>; rel="next", <url>; rel="prev" */
static enum rc
scan_links(const struct form *f, struct str name, size_t start, size_t end)
{
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        size_t open = form_find(f, at, end, "<"), close = form_find(f, open, end, ">");

        rc = form_inside_as(f, &scanner_url, name, SCAN_HEADER_SECRET, open < end ? open + 1 : end, close);
        at = close + 1;
    }
    return rc;
}

static enum rc
scan_value(const struct form *f, struct str name, size_t start, size_t end)
{
    static const char *const challenge[] = {"nonce", "opaque", "rspauth", "cnonce", "nextnonce", "token", "username", NULL};
    static const char *const forwarded[] = {"for", "by", NULL}, *const disposition[] = {"filename", "filename*", NULL};

    form_trim(f, &start, &end);
    switch (reading_of(name)) {
    case SECRET:
        return form_add(f, SCAN_HEADER_SECRET, start, end);
    case SCHEME:
        return scan_scheme(f, start, end);
    case COOKIES:
        return form_inside_as(f, &scanner_cookies, name, SCAN_HEADER_SECRET, start, end);
    case URL:
        return form_inside_as(f, &scanner_url, name, SCAN_HEADER_SECRET, start, end);
    case LINK:
        return scan_links(f, name, start, end);
    case AGENT:
        return form_inside_as(f, &scanner_user_agent, name, SCAN_HEADER_SECRET, start, end);
    case LIST:
        return scan_list(f, start, end);
    case FORWARDED:
        return scan_parameters(f, start, end, ";, \t", forwarded, false);
    case CHALLENGE:
        return scan_parameters(f, start, end, ", \t", challenge, true);
    case BAGGAGE:
        return form_inside_as(f, &scanner_baggage, name, SCAN_HEADER_SECRET, start, end);
    case TRACESTATE:
        return form_inside_as(f, &scanner_tracestate, name, SCAN_HEADER_SECRET, start, end);
    case DISPOSITION:
        return scan_parameters(f, start, end, "; \t", disposition, false);
    case UNKNOWN:
    case KEEP:
        return RC_OK;
    }
    return RC_UNDECIDABLE;
}

/* ["a", "b"]: an array that was written as one string. */
static enum rc
scan_array(const struct form *f, struct str name, size_t start, size_t end)
{
    enum rc rc = RC_OK;

    for (size_t at = start + 1; at < end && rc == RC_OK;) {
        size_t open = form_find(f, at, end, "\""), close = open + 1;

        while (close < end && f->t.ptr[close] != '"')
            close += f->t.ptr[close] == '\\' && close + 1 < end ? 2 : 1;
        close = close < end ? close : end;
        at = form_skip(f, at, open, ", \t");
        if (at < open) /* no string */
            rc = scan_value(f, name, at, open);
        if (open < end && rc == RC_OK)
            rc = scan_value(f, name, open + 1, close);
        at = open < end ? close + 1 : end;
    }
    return rc;
}

/* Lines "Name: value"; the line of a request has a URL. */
static enum rc
scan_line(const struct form *f, size_t start, size_t end)
{
    char buf[HEADER_NAME_BYTES] = {0};
    size_t name = start;

    form_trim(f, &name, &end);
    size_t colon = form_find(f, name + (name < end && f->t.ptr[name] == ':'), end, ": \t");

    if (colon == end || f->t.ptr[colon] != ':')
        return form_inside_as(f, &scanner_url, STR(""), SCAN_HEADER_SECRET, name, end);
    return scan_value(f, header_name(form_str(f, name, colon), buf), colon + 1, end);
}

static enum rc
scan_lines(const struct form *f)
{
    enum rc rc = RC_OK;

    for (size_t at = 0; at < f->t.len && rc == RC_OK;) {
        size_t to = form_find(f, at, f->t.len, "\r\n"), next = to + 1;

        /* A line that begins with white space goes on with the one before. */
        for (size_t n = to; to > at && (n = form_skip(f, n, f->t.len, "\r\n")) < f->t.len && byte_in(f->t.ptr[n], " \t");) {
            to = n = form_find(f, n, f->t.len, "\r\n");
            next = to + 1;
        }
        rc = scan_line(f, at, to);
        at = next;
    }
    return rc;
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    char buf[HEADER_NAME_BYTES] = {0};
    struct form f = form_of(in, out, false);
    struct str name = name_in_key(in->key), t = str_trim(in->text);

    if (form_replaced(in->text))
        return RC_OK;
    if (name.len == 0 && t.len && byte_in(t.ptr[0], "{["))
        return form_inside(&f, &scanner_json, SCAN_HEADER_SECRET, 0, in->text.len);
    if (name.len == 0)
        return scan_lines(&f);
    name = header_name(name, buf);
    if (t.len > 3 && str_starts(t, STR("[\"")) && t.ptr[t.len - 1] == ']')
        return scan_array(&f, name, (size_t)(t.ptr - in->text.ptr), (size_t)(t.ptr - in->text.ptr) + t.len - 1);
    return scan_value(&f, name, 0, in->text.len);
}

const struct scanner scanner_headers = {
    .name = "headers",
    .title = "Headers: credentials (the scheme stays), cookies, addresses of clients, URLs, user agents",
    .keys = (const char *const[]){"http.request.header.*", "http.response.header.*", "rpc.request.metadata.*", "rpc.response.metadata.*",
        "rpc.grpc.request.metadata.*", "rpc.grpc.response.metadata.*", "rpc.connect_rpc.request.metadata.*", "rpc.connect_rpc.response.metadata.*",
        "messaging.header.*", "messaging.headers.*", "http.request.headers*", "http.response.headers*", "http.headers*", NULL},
    .kinds = HEADER_KINDS | BODY_KINDS,
    .scan = scan,
};
