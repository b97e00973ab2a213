/* gRPC over HTTP/2, "Responses", and otlp.md 1.2. */
#include <stdio.h>

#include "base/digest.h"
#include "grpc_int.h"

#define MESSAGE_MAX 4096u /* grpc-message, encoded */
#define DETAILS_MAX 8192u

static nghttp2_nv
field(const char *name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value.ptr, strlen(name), value.len, NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

enum rc
answer_http(struct call *k, int status)
{
    char text[8];
    nghttp2_nv nv[2];

    snprintf(text, sizeof(text), "%d", status);
    nv[0] = field(":status", str_of(text));
    nv[1] = field("content-length", STR("0"));
    return nghttp2_submit_response(k->conn->h2, k->id, nv, 2, NULL) == 0 ? RC_OK : RC_NOMEM;
}

static ssize_t
read_answer(nghttp2_session *h2, int32_t id, uint8_t *out, size_t size, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct call *k = source->ptr;
    size_t n = k->answer.len - k->answer_sent;
    nghttp2_nv status = field("grpc-status", STR("0"));

    (void)arg;
    n = n < size ? n : size;
    memcpy(out, k->answer.ptr + k->answer_sent, n);
    k->answer_sent += n;
    if (k->answer_sent == k->answer.len) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(h2, id, &status, 1) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)n;
}

static enum rc
answer_success(struct call *k, const struct reply *r)
{
    nghttp2_nv nv[] = {field(":status", STR("200")), field("content-type", STR("application/grpc"))};
    nghttp2_data_provider data = {{.ptr = k}, read_answer};
    enum rc rc = buf_append(&k->answer, (struct str){"\0\0\0\0", GRPC_PREFIX});

    if (rc == RC_OK)
        rc = otlp_reply_encode(r, false, &k->answer);
    if (rc != RC_OK)
        return rc;
    grpc_prefix_write((uint8_t *)k->answer.ptr, false, (uint32_t)(k->answer.len - GRPC_PREFIX));
    return nghttp2_submit_response(k->conn->h2, k->id, nv, 2, &data) == 0 ? RC_OK : RC_NOMEM;
}

/* grpc-status-details-bin: unpadded base64, as "-bin" fields are sent. */
static enum rc
details(const struct reply *r, struct buf *out)
{
    struct buf status = BUF_INIT(DETAILS_MAX);
    enum rc rc = otlp_status_encode(r, false, &status);

    if (rc == RC_OK)
        rc = digest_base64(buf_str(&status), out);
    while (rc == RC_OK && out->len && out->ptr[out->len - 1] == '=')
        out->len--;
    buf_free(&status);
    return rc;
}

/* Trailers-Only: one HEADERS frame says it all. */
static enum rc
answer_failure(struct call *k, const struct reply *r)
{
    struct buf message = BUF_INIT(MESSAGE_MAX), detail = BUF_INIT(DETAILS_MAX);
    int code = rc_grpc_status(r->rc);
    nghttp2_nv nv[6];
    size_t count = 3;
    char text[16];
    enum rc rc = grpc_message_encode(r->message, &message);

    if (rc == RC_OK && (code == 3 || r->retry_after_ms))
        rc = details(r, &detail);
    if (rc != RC_OK)
        goto out;
    snprintf(text, sizeof(text), "%d", code);
    nv[0] = field(":status", STR("200"));
    nv[1] = field("content-type", STR("application/grpc"));
    nv[2] = field("grpc-status", str_of(text));
    if (message.len)
        nv[count++] = field("grpc-message", buf_str(&message));
    if (detail.len)
        nv[count++] = field("grpc-status-details-bin", buf_str(&detail));
    if (r->rc == RC_ENCODING)
        nv[count++] = field("grpc-accept-encoding", STR("identity,gzip,zstd"));
    rc = nghttp2_submit_response(k->conn->h2, k->id, nv, count, NULL) == 0 ? RC_OK : RC_NOMEM;
out:
    buf_free(&message);
    buf_free(&detail);
    return rc;
}

enum rc
answer_grpc(struct call *k, const struct reply *r)
{
    return r->rc == RC_OK ? answer_success(k, r) : answer_failure(k, r);
}
