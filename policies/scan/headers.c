/*
 * Headers of HTTP and metadata of RPC and messages: the header's name, from the attribute key or from a "Name: value" line, says how its value is read.
 * Addresses of clients are values like any other: each member of a list goes. Headers of which nothing is known are left to detectors.
 */
#include "forms_int.h"

enum reading { KEEP, SECRET, SCHEME, COOKIES, URL, LINK, AGENT, LIST, FORWARDED, CHALLENGE, BAGGAGE, TRACESTATE, DISPOSITION, UNKNOWN };

static const struct {
    const char *name;
    enum reading reading;
} headers[] = {
    {"accept", KEEP},
    {"accept-encoding", KEEP},
    {"cache-control", KEEP},
    {"connection", KEEP},
    {"content-encoding", KEEP},
    {"content-length", KEEP},
    {"content-type", KEEP},
    {"date", KEEP},
    {"etag", KEEP},
    {"host", KEEP},
    {"server", KEEP},
    {"te", KEEP},
    {"traceparent", KEEP},
    {"x-correlation-id", KEEP},
    {"x-request-id", KEEP},
    {"authorization", SCHEME},
    {"proxy-authorization", SCHEME},
    {"x-forwarded-authorization", SCHEME},
    {"x-original-authorization", SCHEME},
    {"x-amzn-remapped-authorization", SCHEME},
    {"x-serverless-authorization", SCHEME},
    {"cookie", COOKIES},
    {"cookie2", COOKIES},
    {"set-cookie", COOKIES},
    {"set-cookie2", COOKIES},
    {"x-api-key", SECRET},
    {"x-auth-token", SECRET},
    {"x-csrf-token", SECRET},
    {"x-xsrf-token", SECRET},
    {"x-amz-security-token", SECRET},
    {"x-goog-iap-jwt-assertion", SECRET},
    {"x-vault-token", SECRET},
    {"private-token", SECRET},
    {"apikey", SECRET},
    {"api-key", SECRET},
    {"x-client-cert", SECRET},
    {"x-forwarded-client-cert", SECRET},
    {"x-ssl-client-cert", SECRET},
    {"ssl-client-cert", SECRET},
    {"from", SECRET},
    {"reply-to", SECRET},
    {"x-hub-signature", SECRET},
    {"x-hub-signature-256", SECRET},
    {"stripe-signature", SECRET},
    {"dpop", SECRET},
    {"x-amzn-oidc-data", SECRET},
    {"x-amzn-oidc-identity", SECRET},
    {"x-remote-user", SECRET},
    {"remote-user", SECRET},
    {"x-geoip-city", SECRET},
    {"sec-ch-ua-model", SECRET},
    {"www-authenticate", CHALLENGE},
    {"proxy-authenticate", CHALLENGE},
    {"authentication-info", CHALLENGE},
    {"x-forwarded-for", LIST},
    {"x-real-ip", LIST},
    {"true-client-ip", LIST},
    {"cf-connecting-ip", LIST},
    {"cf-connecting-ipv6", LIST},
    {"cf-pseudo-ipv4", LIST},
    {"fastly-client-ip", LIST},
    {"fly-client-ip", LIST},
    {"x-client-ip", LIST},
    {"client-ip", LIST},
    {"x-cluster-client-ip", LIST},
    {"x-original-forwarded-for", LIST},
    {"x-forwarded", LIST},
    {"forwarded-for", LIST},
    {"x-envoy-external-address", LIST},
    {"x-appengine-user-ip", LIST},
    {"x-azure-clientip", LIST},
    {"x-azure-socketip", LIST},
    {"x-remote-ip", LIST},
    {"x-remote-addr", LIST},
    {"remote-addr", LIST},
    {"x-originating-ip", LIST},
    {"x-host-ip", LIST},
    {"x-nf-client-connection-ip", LIST},
    {"forwarded", FORWARDED},
    {"referer", URL},
    {"referrer", URL},
    {"origin", URL},
    {"location", URL},
    {"content-location", URL},
    {"refresh", URL},
    {"link", LINK},
    {"x-original-url", URL},
    {"x-rewrite-url", URL},
    {"x-original-uri", URL},
    {"x-forwarded-uri", URL},
    {"x-forwarded-url", URL},
    {"x-envoy-original-path", URL},
    {"x-replaced-path", URL},
    {"-path", URL},
    {"path", URL},
    {"destination", URL},
    {"user-agent", AGENT},
    {"x-user-agent", AGENT},
    {"x-original-user-agent", AGENT},
    {"x-device-user-agent", AGENT},
    {"baggage", BAGGAGE},
    {"tracestate", TRACESTATE},
    {"content-disposition", DISPOSITION},
    {"sec-websocket-key", KEEP},
    {"sec-websocket-accept", KEEP},
    {"idempotency-key", KEEP},
    {"x-idempotency-key", KEEP},
    {"surrogate-key", KEEP},
    {"cache-key", KEEP},
    {"x-cache-key", KEEP},
    {"content-security-policy", KEEP},
    {"authority", KEEP},
    {"-authority", KEEP},
    {"partition-key", KEEP},
    {"routing-key", KEEP},
    {"signature-input", KEEP},
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

/* What of an attribute key names a header: behind header. or metadata., or the last part of a nested key; empty when the text has lines of its own. */
static struct str
name_in_key(struct str key)
{
    static const char *const before[] = {"header.", "metadata.", "headers.", "header/", "headers/", "metadata/", NULL};

    for (const char *const *b = before; *b; b++) {
        size_t at = str_find_nocase(key, str_of(*b));

        if (at != SIZE_MAX)
            return str_sub(key, at + strlen(*b), key.len);
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
        if (is_word(name, headers[i].name))
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
        bool pair = equals + 1 < end && f->t.ptr[equals] == '=' && f->t.ptr[equals + 1] != '=';

        stop = pair ? value_end(f, equals + 1, end, separators) : form_find(f, equals, end, separators);
        if (pair && word_in(form_str(f, from, equals), names)) {
            size_t value = equals + 1, to = stop;

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
        if (open < end)
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
        size_t to = form_find(f, at, f->t.len, "\r\n");

        rc = scan_line(f, at, to);
        at = to + 1;
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
        return scan_array(&f, name, (size_t)(t.ptr - in->text.ptr), in->text.len);
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
