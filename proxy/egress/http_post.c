#include "egress/http_post.h"

#include <curl/curl.h>
#include <stdio.h>

static size_t
on_body(char *bytes, size_t one, size_t count, void *to)
{
    return buf_append(to, (struct str){bytes, one * count}) == RC_OK ? one * count : 0;
}

static enum rc
rc_of(CURLcode e)
{
    switch ((int)e) {
    case CURLE_OK:
        return RC_OK;
    case CURLE_WRITE_ERROR:
        return RC_TOO_LARGE;
    case CURLE_OPERATION_TIMEDOUT:
        return RC_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return RC_NOMEM;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return RC_TLS;
    default:
        return RC_IO;
    }
}

static bool
set_up(CURL *c, const struct http_post *q, struct curl_slist *headers, struct buf *body)
{
    return curl_easy_setopt(c, CURLOPT_URL, q->url) == CURLE_OK && curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK && curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.ptr) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) == CURLE_OK && curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK && /* none of the environment */
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK && curl_easy_setopt(c, CURLOPT_WRITEDATA, body) == CURLE_OK;
}

enum rc
http_post(const struct http_post *q, struct http_reply *r)
{
    struct http_reply out = {.body = BUF_INIT(HTTP_POST_REPLY_MAX)};
    char type[128];
    CURL *c = curl_easy_init();
    enum rc rc = RC_NOMEM;

    snprintf(type, sizeof(type), "Content-Type: %s", q->content_type);
    struct curl_slist *headers = curl_slist_append(NULL, type);

    if (c && headers && set_up(c, q, headers, &out.body))
        rc = rc_of(curl_easy_perform(c));
    if (rc == RC_OK)
        (void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out.status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    if (rc == RC_OK)
        *r = out;
    else
        buf_free(&out.body);
    return rc;
}
