#include "http_answer.h"

#include <stdio.h>
#include <time.h>

#define BODY_MAX (4u << 20) /* OTLP 1.11: the recommended limit of a response */

/* RFC 9110 section 15 */
static const char *
phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {{200, "OK"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
        {408, "Request Timeout"}, {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
        {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Error";
}

static enum rc
body_text(const struct http_answer *a, struct buf *body)
{
    struct str said = a->reply ? a->reply->message : (struct str){NULL, 0};

    if (said.len == 0)
        said = str_of(phrase(a->status));
    enum rc rc = buf_append(body, said);

    return rc == RC_OK ? buf_append_byte(body, '\n') : rc;
}

static enum rc
body_make(const struct http_answer *a, struct buf *body)
{
    if (a->text || !a->reply)
        return body_text(a, body);
    if (a->reply->rc == RC_OK)
        return otlp_reply_encode(a->reply, a->json, body);
    return otlp_status_encode(a->reply, a->json, body);
}

static enum rc
head_make(const struct http_answer *a, uint64_t wall_us, size_t body_len, struct buf *out)
{
    const char *media = a->text || !a->reply ? "text/plain; charset=utf-8" : a->json ? "application/json" : "application/x-protobuf";
    time_t now = (time_t)(wall_us / 1000000);
    char date[40] = "", retry[40] = "";
    struct tm tm;

    /* RFC 9110 section 5.6.7; the process never leaves the C locale. */
    if (gmtime_r(&now, &tm))
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (a->reply && a->reply->retry_after_ms)
        snprintf(retry, sizeof(retry), "Retry-After: %u\r\n", (a->reply->retry_after_ms + 999) / 1000);
    return buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s%s\r\n", a->status, phrase(a->status), date,
        media, body_len, retry, a->status == 405 ? "Allow: POST\r\n" : "", a->close ? "Connection: close\r\n" : "");
}

enum rc
http_answer_write(const struct http_answer *a, uint64_t wall_us, struct buf *out)
{
    struct buf body = BUF_INIT(BODY_MAX);
    enum rc rc = body_make(a, &body);

    if (rc == RC_OK)
        rc = head_make(a, wall_us, body.len, out);
    if (rc == RC_OK && !a->head_only)
        rc = buf_append(out, buf_str(&body));
    buf_free(&body);
    return rc;
}
