#include "exporter_int.h"

#include <arpa/inet.h>

struct attempt *
attempt_of(CURL *easy)
{
    char *a = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &a);
    return (struct attempt *)(void *)a;
}

static size_t
copy_some(char *out, size_t room, const void *from, size_t size, size_t offset)
{
    size_t n = size - offset < room ? size - offset : room;

    memcpy(out, (const char *)from + offset, n);
    return n;
}

/* The body is copied once, from the parcel into libcurl's buffer, with the gRPC prefix in front: what CURLOPT_POSTFIELDS costs too. */
static size_t
on_read(char *out, size_t size, size_t count, void *arg)
{
    struct attempt *a = arg;
    struct str body = a->parcel->body;
    size_t room = size * count, n = 0;

    if (a->sent < a->prefix_len)
        n = copy_some(out, room, a->prefix, a->prefix_len, a->sent);
    a->sent += n;
    if (a->sent < a->prefix_len)
        return n;
    size_t m = copy_some(out + n, room - n, body.ptr, body.len, a->sent - a->prefix_len);

    a->sent += m;
    return n + m;
}

/* libcurl begins again when a connection that it used again turns out to be dead. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
    struct attempt *a = arg;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > a->prefix_len + a->parcel->body.len)
        return CURL_SEEKFUNC_FAIL;
    a->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* A stream that is answered, but not yet sent whole, may stay as it is until the timeout: libcurl 7.88 waits for a reset that few servers send. */
static void
look_for_early_answer(struct attempt *a)
{
    bool decided = a->answer.grpc_status >= 0 || a->answer.http_status >= 300;

    if (a->e->protocol == EXPORTER_GRPC && decided && a->sent < a->prefix_len + a->parcel->body.len)
        set_end_early(a->e->set, a);
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
    struct attempt *a = arg;

    if (answer_header(&a->answer, (struct str){line, size * count}) == RC_OK) {
        look_for_early_answer(a);
        return size * count;
    }
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

    a->peer_cert_sha256[0] = '\0';
    if (a->e->plaintext)
        return is_loopback(ip) ? NULL : "plaintext";
    if (curl_easy_getinfo(a->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls || tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals)
        return "tls";
    if (a->e->protocol == EXPORTER_GRPC && !client_tls_speaks_h2(tls->internals))
        return "alpn";
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

enum rc
attempt_init(struct attempt *a)
{
    CURL *c = a->easy;
    bool bad = false;

#define SET(option, value) bad |= curl_easy_setopt(c, option, value) != CURLE_OK
    SET(CURLOPT_PRIVATE, a);
    SET(CURLOPT_POST, 1L);
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
    if (!a->e->plaintext) {
        SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
        SET(CURLOPT_SSL_CTX_DATA, a);
    }
#undef SET
    return bad ? RC_NOMEM : RC_OK;
}

void
attempt_fini(struct attempt *a)
{
    if (a->easy)
        curl_easy_cleanup(a->easy);
    answer_free(&a->answer);
}

enum rc
attempt_start(struct attempt *a, struct parcel *p)
{
    bool grpc = a->e->protocol == EXPORTER_GRPC;
    unsigned encoding = p->encoding < ENCODINGS ? p->encoding : ENCODING_IDENTITY;

    a->parcel = p;
    a->sent = 0;
    a->refusal = NULL;
    a->prefix_len = grpc ? GRPC_PREFIX : 0;
    a->start_us = clock_mono_us(a->e->clock);
    if (grpc)
        grpc_prefix_write(a->prefix, encoding != ENCODING_IDENTITY, (uint32_t)p->body.len);
    answer_reset(&a->answer);
    a->peer_cert_sha256[0] = '\0';
    if (curl_easy_setopt(a->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(a->prefix_len + p->body.len)) == CURLE_OK &&
        curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->e->headers[encoding]) == CURLE_OK &&
        curl_multi_add_handle(set_multi(a->e->set), a->easy) == CURLM_OK)
        return RC_OK;
    a->parcel = NULL;
    return RC_NOMEM;
}

/* Words for what happened below HTTP. */
static const char *
transport_word(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *word;
    } words[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "dns"},
        {CURLE_COULDNT_CONNECT, "connect"},
        {CURLE_OPERATION_TIMEDOUT, "timeout"},
        {CURLE_SSL_CONNECT_ERROR, "tls"},
        {CURLE_PEER_FAILED_VERIFICATION, "certificate"},
        {CURLE_SSL_ISSUER_ERROR, "certificate"},
        {CURLE_SSL_CERTPROBLEM, "tls_files"},
        {CURLE_SSL_CACERT_BADFILE, "tls_files"},
        {CURLE_SSL_CRL_BADFILE, "tls_files"},
        {CURLE_SSL_CIPHER, "tls"},
        {CURLE_OUT_OF_MEMORY, "memory"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].code == code)
            return words[i].word;
    return "reset";
}

static bool
is_verdict_on_parcel(const char *reason)
{
    return strcmp(reason, "reset") == 0 || strcmp(reason, "timeout") == 0;
}

static void
attempt_withdraw(struct attempt *a)
{
    set_forget_early(a->e->set, a);
    curl_multi_remove_handle(set_multi(a->e->set), a->easy);
}

struct verdict
attempt_finish(struct attempt *a, CURLcode code)
{
    struct verdict v;

    attempt_withdraw(a);
    if (a->refusal && strcmp(a->refusal, "too_large") == 0)
        return (struct verdict){.kind = VERDICT_REJECTED, .reason = a->refusal};
    v = answer_judge(&a->answer, a->e->protocol == EXPORTER_GRPC, code == CURLE_OK, clock_wall_us(a->e->clock));
    if (v.kind == VERDICT_RETRY && strcmp(v.reason, "reset") == 0 && code != CURLE_OK) {
        v.reason = a->refusal ? a->refusal : transport_word(code);
        v.suspect = a->sent > 0 && is_verdict_on_parcel(v.reason);
    }
    return v;
}

void
attempt_abandon(struct attempt *a)
{
    attempt_withdraw(a);
    a->parcel = NULL;
}
