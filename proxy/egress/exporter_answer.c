#include "exporter_answer_int.h"

#include <curl/curl.h>

#include "base/digest.h"
#include "codec/grpc.h"
#include "codec/otlp_reply.h"

#define DETAILS_MAX 8192u /* gRPC: servers are told to keep metadata below 8 KiB */

void
answer_reset(struct answer *a)
{
    struct buf details = a->details, body = a->body;

    buf_clear(&details);
    buf_clear(&body);
    details.max = DETAILS_MAX;
    body.max = ANSWER_MAX + GRPC_PREFIX;
    *a = (struct answer){.http_status = -1, .grpc_status = -1, .details = details, .body = body};
}

void
answer_free(struct answer *a)
{
    buf_free(&a->details);
    buf_free(&a->body);
}

/* An int of at most three digits; what is not one is UNKNOWN, as gRPC's clients take it. */
static int
grpc_code(struct str value)
{
    uint64_t code;

    return str_to_u64(value, &code) && code < 1000 ? (int)code : 2;
}

static enum rc
take_details(struct answer *a, struct str value)
{
    struct str first = value;
    size_t comma = str_find(value, STR(","));

    if (comma != SIZE_MAX)
        first = str_trim(str_sub(value, 0, comma));
    buf_clear(&a->details);
    enum rc rc = digest_unbase64(first, &a->details);

    a->has_details = rc == RC_OK;
    return rc == RC_NOMEM ? RC_NOMEM : RC_OK; /* unreadable details are as none */
}

enum rc
answer_field(struct answer *a, struct str name, struct str value)
{
    if (str_eq(name, STR(":status"))) { /* an informational response is followed by the real one */
        uint64_t status;

        answer_reset(a);
        a->http_status = value.len == 3 && str_to_u64(value, &status) ? (int)status : -1;
    } else if (str_eq_nocase(name, STR("grpc-status"))) {
        a->grpc_status = grpc_code(value);
    } else if (str_eq_nocase(name, STR("grpc-status-details-bin"))) {
        return take_details(a, value);
    } else if (str_eq_nocase(name, STR("retry-after")) && value.len < sizeof(a->retry_after)) {
        memcpy(a->retry_after, value.ptr, value.len);
        a->retry_after[value.len] = '\0';
    } else if (str_eq_nocase(name, STR("grpc-encoding")) || str_eq_nocase(name, STR("content-encoding"))) {
        a->unreadable = encoding_parse(value, &a->encoding) != RC_OK;
    } else if (str_eq_nocase(name, STR("content-type"))) {
        a->grpc_type = value.len >= 16 && str_eq_nocase(str_sub(value, 0, 16), STR("application/grpc"));
        a->json_type = value.len >= 16 && str_eq_nocase(str_sub(value, 0, 16), STR("application/json"));
    }
    return RC_OK;
}

/* "HTTP/1.1 200 OK" or "name: value". */
enum rc
answer_line(struct answer *a, struct str line)
{
    line = str_trim(line);
    size_t space = str_find(line, STR(" ")), colon = str_find(line, STR(":"));

    if (str_starts(line, STR("HTTP/")) && space != SIZE_MAX)
        return answer_field(a, STR(":status"), str_sub(line, space + 1, line.len < space + 4 ? line.len : space + 4));
    if (colon == SIZE_MAX || colon == 0)
        return RC_OK;
    return answer_field(a, str_sub(line, 0, colon), str_trim(str_sub(line, colon + 1, line.len)));
}

enum rc
answer_body(struct answer *a, struct str piece)
{
    return buf_append(&a->body, piece);
}

enum rc
answer_decode(struct answer *a, bool grpc, struct compressor **c)
{
    struct str coded = buf_str(&a->body);
    struct grpc_prefix prefix;
    static const char blank[GRPC_PREFIX];
    struct buf out = BUF_INIT(ANSWER_MAX + GRPC_PREFIX);
    enum rc rc = RC_OK;

    if (a->unreadable || a->encoding == ENCODING_IDENTITY || coded.len == 0)
        return RC_OK;
    if (grpc && (grpc_message(buf_str(&a->body), &prefix, &coded) != RC_OK || !prefix.compressed))
        return RC_OK;
    if (!*c && !(*c = compressor_new()))
        return RC_NOMEM;
    if (grpc)
        rc = buf_append(&out, (struct str){blank, sizeof(blank)}); /* its length is known below */
    if (rc == RC_OK)
        rc = compressor_inflate(*c, a->encoding, coded, ANSWER_MAX, &out);
    if (rc != RC_OK) {
        buf_free(&out);
        return rc;
    }
    if (grpc)
        grpc_prefix_write((uint8_t *)out.ptr, false, (uint32_t)(out.len - GRPC_PREFIX));
    buf_free(&a->body);
    a->body = out;
    a->encoding = ENCODING_IDENTITY;
    return RC_OK;
}

bool
retry_after_parse(const char *value, uint64_t wall_us, uint64_t *ms)
{
    uint64_t seconds;
    struct str s = str_of(value);

    if (s.len == 0)
        return false;
    if (strspn(value, "0123456789") == s.len) { /* more digits than a number holds are a long time too */
        bool fits = str_to_u64(s, &seconds);

        *ms = fits && seconds < RETRY_AFTER_MAX_MS / 1000 ? seconds * 1000 : RETRY_AFTER_MAX_MS;
        return true;
    }
    time_t date = curl_getdate(value, NULL); /* the three forms of RFC 9110 section 5.6.7, and more */

    /* A date has a colon; curl_getdate is content with "-5" or "2 Feb" too. */
    if (date < 0 || !strchr(value, ':'))
        return false;
    uint64_t now_ms = wall_us / 1000, at_ms = (uint64_t)date * 1000;

    *ms = at_ms <= now_ms ? 0 : at_ms - now_ms < RETRY_AFTER_MAX_MS ? at_ms - now_ms : RETRY_AFTER_MAX_MS;
    return true;
}

static struct verdict
retry(const char *reason, uint64_t after_ms, bool throttled)
{
    return (struct verdict){.kind = VERDICT_RETRY, .reason = reason, .retry_after_ms = after_ms, .suspect = !throttled};
}

static struct verdict
reject(const char *reason)
{
    return (struct verdict){.kind = VERDICT_REJECTED, .reason = reason};
}

/* The message of a success. An answer that cannot be read is not an acknowledgement; the status forbids to send again: it is a loss, and recorded as one. */
static struct verdict
accepted(struct str message, bool json)
{
    struct upstream_reply reply = {0};

    if (message.len && otlp_reply_decode(message, json, &reply) != RC_OK)
        return reject("garbage");
    return (struct verdict){.kind = VERDICT_DELIVERED, .reason = reply.rejected ? "partial" : "ok", .rejected = reply.rejected};
}

static bool
is_retryable_grpc(int code)
{
    return code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
}

static struct verdict
judge_grpc_status(const struct answer *a)
{
    struct upstream_reply reply = {0};
    bool info = a->has_details && otlp_status_decode(buf_str(&a->details), false, &reply) == RC_OK && reply.has_retry_info;
    uint64_t after = info ? reply.retry_after_ms : 0;

    if (after > RETRY_AFTER_MAX_MS)
        after = RETRY_AFTER_MAX_MS;
    if (a->grpc_status == 8) /* RESOURCE_EXHAUSTED: only a server that says when can recover */
        return info ? retry("throttled", after, true) : reject("status");
    if (!is_retryable_grpc(a->grpc_status))
        return reject("status");
    return info ? retry("throttled", after, true) : retry("unavailable", 0, false);
}

/* The one message of a response; empty when there is none. One that is still compressed could not be read. */
static bool
grpc_response(const struct answer *a, struct str *message)
{
    struct grpc_prefix prefix;

    *message = (struct str){NULL, 0};
    if (a->body.len == 0)
        return true;
    return grpc_message(buf_str(&a->body), &prefix, message) == RC_OK && !prefix.compressed;
}

static bool
is_retryable_http(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static struct verdict
judge_http_failure(const struct answer *a, uint64_t wall_us)
{
    uint64_t after = 0;

    if (!is_retryable_http(a->http_status))
        return reject("status");
    if (retry_after_parse(a->retry_after, wall_us, &after))
        return retry("throttled", after, true);
    return retry(a->http_status == 429 ? "throttled" : "unavailable", 0, a->http_status == 429);
}

/*
 * A response that has come to its end without a status, as behind a proxy that drops trailers. A server sends the message of a unary call only when the
 * call has succeeded: a whole one acknowledges.
 */
static struct verdict
judge_grpc_without_status(const struct answer *a)
{
    struct str message;

    return a->grpc_type && a->body.len && grpc_response(a, &message) ? accepted(message, false) : reject("no_status");
}

static struct verdict
judge_grpc(const struct answer *a, bool whole, uint64_t wall_us)
{
    struct str message;

    if (a->grpc_status == 0 && a->http_status == 200)
        return a->grpc_type && grpc_response(a, &message) ? accepted(message, false) : reject("garbage");
    if (a->grpc_status > 0)
        return judge_grpc_status(a);
    if (a->http_status >= 300) /* not from a gRPC server (gRPC, "HTTP to gRPC Status Code Mapping") */
        return judge_http_failure(a, wall_us);
    return whole ? judge_grpc_without_status(a) : retry("reset", 0, false);
}

struct verdict
answer_judge(const struct answer *a, bool grpc, bool whole, uint64_t wall_us)
{
    if (grpc)
        return judge_grpc(a, whole, wall_us);
    if (a->http_status >= 300)
        return judge_http_failure(a, wall_us);
    if (!whole || a->http_status < 200)
        return retry("reset", 0, false);
    return accepted(buf_str(&a->body), a->json_type);
}
