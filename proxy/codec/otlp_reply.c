#include "codec/otlp_reply.h"

#include <stdlib.h>

#include "json_int.h"
#include "rpc.pb-c.h"
#include "trace_service.pb-c.h"

#define REPLY_MAX (4u * 1024 * 1024) /* OTLP 1.11: response limit recommended for clients */
#define REPLY_DEPTH_MAX 8
#define UNPACK_MAX (32u * 1024 * 1024)
#define RETRY_AFTER_MAX_MS 300000
#define GRPC_INVALID_ARGUMENT 3
#define TYPE_URL "type.googleapis.com/"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse response_message;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess partial_message;
#define RESPONSE_DESCRIPTOR opentelemetry__proto__collector__trace__v1__export_trace_service_response__descriptor

/* struct str to a C string in a bounded place: messages are sentences of our own. */
static char *
sentence(struct str s, const char *fallback, char *out, size_t size)
{
    if (s.len == 0)
        s = str_of(fallback);
    size_t n = s.len < size ? s.len : size - 1;

    while (n < s.len && n > 0 && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a character */
    memcpy(out, s.ptr, n);
    out[n] = '\0';
    return out;
}

static enum rc
pack(const ProtobufCMessage *m, bool json, struct buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(m);
    struct buf packed = BUF_INIT(size + 1);
    struct buf *to = json ? &packed : out;
    enum rc rc = buf_reserve(to, size + 1);

    if (rc != RC_OK)
        return rc;
    to->len += protobuf_c_message_pack(m, (uint8_t *)to->ptr + to->len);
    if (json)
        rc = wire_to_json(buf_str(&packed), m->descriptor, out);
    buf_free(&packed);
    return rc;
}

enum rc
otlp_reply_encode(const struct reply *r, bool json, struct buf *out)
{
    response_message m = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_SERVICE_RESPONSE__INIT;
    partial_message partial = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_PARTIAL_SUCCESS__INIT;
    char text[1024];

    if (r->rejected || r->message.len) {
        partial.rejected_spans = r->rejected > INT64_MAX ? INT64_MAX : (int64_t)r->rejected;
        partial.error_message = sentence(r->message, "", text, sizeof(text));
        m.partial_success = &partial;
    }
    return pack(&m.base, json, out);
}

/* Put a packed message into an Any; size bytes at out are enough for the small messages used here. */
static bool
any_set(Google__Rpc__Any *any, char *type_url, const ProtobufCMessage *m, uint8_t *out, size_t size)
{
    if (protobuf_c_message_get_packed_size(m) > size)
        return false;
    any->type_url = type_url;
    any->value.data = out;
    any->value.len = protobuf_c_message_pack(m, out);
    return true;
}

enum rc
otlp_status_encode(const struct reply *r, bool json, struct buf *out)
{
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Rpc__Any detail[2] = {GOOGLE__RPC__ANY__INIT, GOOGLE__RPC__ANY__INIT};
    Google__Rpc__Any *details[2] = {&detail[0], &detail[1]};
    char text[1024], bad_request_url[] = TYPE_URL "google.rpc.BadRequest", retry_info_url[] = TYPE_URL "google.rpc.RetryInfo", field[] = "";
    uint8_t bad_request_bytes[1200], retry_info_bytes[64];
    bool fits = true;

    status.code = rc_grpc_status(r->rc);
    status.message = sentence(r->message, rc_text(r->rc), text, sizeof(text));
    status.details = details;
    if (status.code == GRPC_INVALID_ARGUMENT) {
        Google__Rpc__BadRequest bad = GOOGLE__RPC__BAD_REQUEST__INIT;
        Google__Rpc__BadRequest__FieldViolation violation = GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
        Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};

        violation.field = field;
        violation.description = status.message;
        bad.field_violations = violations;
        bad.n_field_violations = 1;
        fits = any_set(&detail[status.n_details++], bad_request_url, &bad.base, bad_request_bytes, sizeof(bad_request_bytes));
    }
    if (r->retry_after_ms && rc_retryable(r->rc)) {
        Google__Rpc__RetryInfo retry = GOOGLE__RPC__RETRY_INFO__INIT;
        Google__Rpc__Duration delay = GOOGLE__RPC__DURATION__INIT;

        delay.seconds = r->retry_after_ms / 1000;
        delay.nanos = (int32_t)(r->retry_after_ms % 1000 * 1000000);
        retry.retry_delay = &delay;
        fits = any_set(&detail[status.n_details++], retry_info_url, &retry.base, retry_info_bytes, sizeof(retry_info_bytes)) && fits;
    }
    return fits ? pack(&status.base, json, out) : RC_INTERNAL;
}

/* protobuf-c makes an object of every two bytes of a hostile message: what it may take is counted. */
struct budget {
    size_t left;
};

static void *
budget_alloc(void *arg, size_t size)
{
    struct budget *b = arg;

    if (size > b->left)
        return NULL;
    b->left -= size;
    return malloc(size);
}

static void
budget_free(void *arg, void *p)
{
    (void)arg;
    free(p);
}

/* RC_MALFORMED stands for a message over its budget too: nobody answers with that much. */
static enum rc
unpack(struct str body, bool json, const ProtobufCMessageDescriptor *m, ProtobufCAllocator *allocator, ProtobufCMessage **message)
{
    struct buf wire = BUF_INIT(REPLY_MAX);
    uint64_t unknown;
    enum rc rc = RC_OK;

    if (body.len > REPLY_MAX)
        return RC_TOO_LARGE;
    if (json && body.len) { /* OTLP: an empty body is as good as an empty message */
        rc = json_to_wire(body, m, REPLY_DEPTH_MAX, &wire, &unknown);
        body = buf_str(&wire);
    }
    if (rc == RC_OK) {
        *message = protobuf_c_message_unpack(m, allocator, body.len, body.len ? (const uint8_t *)body.ptr : (const uint8_t *)"");
        rc = *message ? RC_OK : RC_MALFORMED;
    }
    buf_free(&wire);
    return rc == RC_OK || rc == RC_NOMEM || rc == RC_TOO_LARGE ? rc : RC_MALFORMED;
}

enum rc
otlp_reply_decode(struct str body, bool json, struct upstream_reply *r)
{
    struct budget budget = {UNPACK_MAX};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    ProtobufCMessage *message;
    enum rc rc = unpack(body, json, &RESPONSE_DESCRIPTOR, &allocator, &message);

    if (rc != RC_OK)
        return rc;
    const partial_message *partial = ((response_message *)message)->partial_success;

    *r = (struct upstream_reply){.rejected = partial && partial->rejected_spans > 0 ? (uint64_t)partial->rejected_spans : 0};
    protobuf_c_message_free_unpacked(message, &allocator);
    return RC_OK;
}

/* Rounded up; what is negative is no delay, what is too long is cut. */
static uint32_t
delay_ms(const Google__Rpc__Duration *d)
{
    if (!d || d->seconds < 0 || d->nanos < 0)
        return 0;
    if (d->seconds >= RETRY_AFTER_MAX_MS / 1000)
        return RETRY_AFTER_MAX_MS;
    uint64_t ms = (uint64_t)d->seconds * 1000 + ((uint64_t)d->nanos + 999999) / 1000000;

    return ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : (uint32_t)ms;
}

static void
read_detail(const Google__Rpc__Any *any, ProtobufCAllocator *allocator, struct upstream_reply *r)
{
    if (json_any_type(str_of(any->type_url)) != &google__rpc__retry_info__descriptor)
        return;
    Google__Rpc__RetryInfo *info = google__rpc__retry_info__unpack(allocator, any->value.len, any->value.data);

    if (!info)
        return; /* a detail that cannot be read says nothing */
    r->has_retry_info = true;
    r->retry_after_ms = delay_ms(info->retry_delay);
    google__rpc__retry_info__free_unpacked(info, allocator);
}

enum rc
otlp_status_decode(struct str body, bool json, struct upstream_reply *r)
{
    struct budget budget = {UNPACK_MAX};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
    ProtobufCMessage *message;
    enum rc rc = unpack(body, json, &google__rpc__status__descriptor, &allocator, &message);

    if (rc != RC_OK)
        return rc;
    const Google__Rpc__Status *status = (Google__Rpc__Status *)message;

    *r = (struct upstream_reply){.status_code = status->code};
    for (size_t i = 0; i < status->n_details; i++)
        read_detail(status->details[i], &allocator, r);
    protobuf_c_message_free_unpacked(message, &allocator);
    return RC_OK;
}
