#include "grpc_head.h"

#include "codec/grpc.h"
#include "server_int.h"

#define TRACES "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define LOGS "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
#define METRICS "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

static enum grpc_method
method_of(struct str path)
{
    if (str_eq(path, STR(TRACES)))
        return GRPC_TRACES;
    return str_eq(path, STR(LOGS)) || str_eq(path, STR(METRICS)) ? GRPC_OTHER_SIGNAL : GRPC_UNKNOWN;
}

/* "application/grpc" [("+proto" | "+json" | ...)] [";" ...]. grpc-web is another protocol that begins with the same letters. */
static void
content_type(struct grpc_head *h, struct str value)
{
    struct str type = STR("application/grpc");
    size_t semicolon = str_find(value, STR(";"));
    struct str media = str_trim(semicolon == SIZE_MAX ? value : str_sub(value, 0, semicolon)), format;

    if (media.len < type.len || !str_eq_nocase(str_sub(media, 0, type.len), type))
        return;
    format = str_sub(media, type.len, media.len);
    h->grpc = format.len == 0 || format.ptr[0] == '+';
    h->proto = format.len == 0 || str_eq_nocase(format, STR("+proto"));
}

void
grpc_head_field(struct grpc_head *h, struct str name, struct str value)
{
    h->bytes += name.len + value.len + 32;
    h->fields++;
    if (h->bytes > GRPC_HEAD_MAX || h->fields > GRPC_FIELDS_MAX)
        h->too_large = true;
    else if (str_eq(name, STR(":method")))
        h->post = str_eq(value, STR("POST"));
    else if (str_eq(name, STR(":path")))
        h->method = method_of(value);
    else if (str_eq(name, STR("content-type")))
        content_type(h, value);
    else if (str_eq(name, STR("grpc-timeout"))) {
        h->timeout_bad = h->timeout_bad || h->has_timeout || !grpc_timeout_parse(value, &h->timeout_ms);
        h->has_timeout = true;
    } else if (str_eq(name, STR("grpc-encoding"))) {
        h->encoding_known = !h->encoded && encoding_parse(value, &h->encoding) == RC_OK;
        h->encoded = !h->encoding_known || h->encoding != ENCODING_IDENTITY;
    }
}

static bool
refuse(struct reply *r, enum rc rc, struct str text)
{
    *r = reply_of(rc, text);
    return false;
}

bool
grpc_head_judge(const struct grpc_head *h, int *http_status, struct reply *r)
{
    *http_status = h->too_large ? 431 : !h->grpc ? 415 : !h->post ? 405 : 0;
    if (*http_status)
        return false;
    if (h->method == GRPC_OTHER_SIGNAL)
        return refuse(r, RC_UNIMPLEMENTED, STR("this gate takes traces only"));
    if (h->method != GRPC_TRACES)
        return refuse(r, RC_UNIMPLEMENTED, STR("unknown service or method"));
    if (!h->proto)
        return refuse(r, RC_UNIMPLEMENTED, STR("the message format is not supported, only proto is"));
    if (h->encoded && !h->encoding_known)
        return refuse(r, RC_ENCODING, STR("the grpc-encoding is not supported"));
    if (h->timeout_bad)
        return refuse(r, RC_MALFORMED, STR("grpc-timeout is malformed"));
    return true;
}
