/*
 * JSON out. A message is gone through twice: once to see which fields it has, once for each of these to write it, so that repeated fields that stand apart on the
 * wire come together in one array.
 */
#include "codec/otlp_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/json.h"
#include "json_int.h"
#include "rpc.pb-c.h"
#include "trace_service.pb-c.h"
#include "wire_int.h"

#define DEPTH_MAX 100

struct encoder {
    struct buf *out;
    enum rc rc; /* the first error sticks */
    unsigned depth;
};

/* One field as it stands on the wire. */
struct field {
    const ProtobufCFieldDescriptor *desc; /* NULL: not in the schema */
    enum wire_type type;
    uint64_t number;
    struct str bytes;
};

static void encode_message(struct encoder *e, struct str body, const ProtobufCMessageDescriptor *m);

static void
put(struct encoder *e, struct str s)
{
    if (e->rc == RC_OK)
        e->rc = buf_append(e->out, s);
}

static void
put_text(struct encoder *e, struct str s)
{
    put(e, STR("\""));
    if (e->rc == RC_OK)
        e->rc = json_escape(e->out, s);
    put(e, STR("\""));
}

static void
put_name(struct encoder *e, const char *name, bool *comma)
{
    char camel[64];
    size_t n = 0;

    for (const char *p = name; *p && n < sizeof(camel); p++) {
        if (*p == '_' && p[1] >= 'a' && p[1] <= 'z')
            camel[n++] = (char)(*++p - 32);
        else
            camel[n++] = *p;
    }
    if (*comma)
        put(e, STR(","));
    *comma = true;
    put_text(e, (struct str){camel, n});
    put(e, STR(":"));
}

static uint64_t
little_endian(const uint8_t *p, size_t size)
{
    uint64_t v = 0;

    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Take the next field off body; false at its end, or with e->rc set. */
static bool
next_field(struct encoder *e, struct str *body, const ProtobufCMessageDescriptor *m, struct field *f)
{
    if (e->rc != RC_OK || body->len == 0)
        return false;
    const uint8_t *p = (const uint8_t *)body->ptr, *end = p + body->len;
    uint32_t number, len = 0;

    *f = (struct field){0};
    p = wire_tag(p, end, &number, &f->type);
    const uint8_t *contents = p;

    if (p)
        p = wire_skip(p, end, f->type);
    if (!p) {
        e->rc = RC_MALFORMED;
        return false;
    }
    f->desc = protobuf_c_message_descriptor_get_field(m, number);
    switch (f->type) {
    case WIRE_VARINT:
        (void)wire_varint(contents, end, &f->number);
        break;
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        f->number = little_endian(contents, f->type == WIRE_FIXED64 ? 8 : 4);
        break;
    case WIRE_LEN:
        contents = wire_len(contents, end, &len);
        f->bytes = (struct str){(const char *)contents, len};
        break;
    }
    *body = (struct str){(const char *)p, (size_t)(end - p)};
    return true;
}

static enum wire_type
expected_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LEN;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
        break;
    }
    return WIRE_VARINT;
}

/* The shortest of 15 to 17 digits that reads back the same. */
static void
put_double(struct encoder *e, uint64_t bits)
{
    char text[40];
    double d;

    memcpy(&d, &bits, sizeof(d));
    if (isnan(d)) {
        put(e, STR("\"NaN\""));
        return;
    }
    if (isinf(d)) {
        put(e, d > 0 ? STR("\"Infinity\"") : STR("\"-Infinity\""));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    put(e, str_of(text));
}

static void
put_bytes(struct encoder *e, const struct field *f)
{
    put(e, STR("\""));
    if (e->rc != RC_OK)
        return;
    if (!json_bytes_is_id(f->desc)) {
        e->rc = digest_base64(f->bytes, e->out);
    } else {
        e->rc = buf_reserve(e->out, 2 * f->bytes.len);
        if (e->rc == RC_OK) {
            digest_hex(f->bytes, e->out->ptr + e->out->len);
            e->out->len += 2 * f->bytes.len;
        }
    }
    put(e, STR("\""));
}

/* The numbers of a Duration's two fields; what is absent is 0. */
static void
put_duration(struct encoder *e, struct str body)
{
    int64_t part[2] = {0, 0};
    struct field f;
    char text[64];

    while (next_field(e, &body, &google__rpc__duration__descriptor, &f))
        if (f.desc && f.type == WIRE_VARINT)
            part[f.desc->id - 1] = (int64_t)f.number;
    if (e->rc == RC_OK && (part[1] < -999999999 || part[1] > 999999999))
        e->rc = RC_MALFORMED;
    uint64_t seconds = part[0] < 0 ? 0 - (uint64_t)part[0] : (uint64_t)part[0];
    unsigned nanos = (unsigned)(part[1] < 0 ? -part[1] : part[1]);
    const char *sign = part[0] < 0 || part[1] < 0 ? "-" : "";

    if (nanos == 0)
        snprintf(text, sizeof(text), "\"%s%llus\"", sign, (unsigned long long)seconds);
    else if (nanos % 1000000 == 0)
        snprintf(text, sizeof(text), "\"%s%llu.%03us\"", sign, (unsigned long long)seconds, nanos / 1000000);
    else
        snprintf(text, sizeof(text), "\"%s%llu.%09us\"", sign, (unsigned long long)seconds, nanos);
    put(e, str_of(text));
}

static void
encode_nested(struct encoder *e, const struct field *f)
{
    if (f->desc->descriptor == &google__rpc__duration__descriptor)
        put_duration(e, f->bytes);
    else
        encode_message(e, f->bytes, f->desc->descriptor);
}

static void
encode_value(struct encoder *e, const struct field *f)
{
    if (f->type != expected_type(f->desc->type)) {
        e->rc = RC_MALFORMED;
        return;
    }
    switch (f->desc->type) {
    case PROTOBUF_C_TYPE_STRING:
        put_text(e, f->bytes);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        put_bytes(e, f);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        encode_nested(e, f);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        put(e, f->number ? STR("true") : STR("false"));
        return;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
        e->rc = buf_printf(e->out, "%d", (int32_t)(uint32_t)f->number);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        e->rc = buf_printf(e->out, "%u", (uint32_t)f->number);
        return;
    case PROTOBUF_C_TYPE_INT64:
        e->rc = buf_printf(e->out, "\"%lld\"", (long long)f->number);
        return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        e->rc = buf_printf(e->out, "\"%llu\"", (unsigned long long)f->number);
        return;
    case PROTOBUF_C_TYPE_DOUBLE:
        put_double(e, f->number);
        return;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
        break;
    }
    e->rc = RC_INTERNAL; /* no schema of OTLP has these */
}

static void
encode_field(struct encoder *e, struct str body, const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *desc)
{
    bool repeated = desc->label == PROTOBUF_C_LABEL_REPEATED;
    unsigned count = 0;
    struct field f;

    if (repeated)
        put(e, STR("["));
    while (next_field(e, &body, m, &f)) {
        if (f.desc != desc)
            continue;
        if (count++ > 0) {
            put(e, STR(","));
            if (!repeated)
                e->rc = RC_MALFORMED; /* sent twice: batch_index has refused it */
        }
        if (e->rc == RC_OK)
            encode_value(e, &f);
    }
    if (repeated)
        put(e, STR("]"));
}

static void
encode_members(struct encoder *e, struct str body, const ProtobufCMessageDescriptor *m, bool *comma)
{
    uint64_t present = 0;
    struct str rest = body;
    struct field f;

    while (next_field(e, &rest, m, &f))
        if (f.desc)
            present |= UINT64_C(1) << (f.desc - m->fields);
    for (unsigned i = 0; i < m->n_fields && e->rc == RC_OK; i++) {
        if (!(present >> i & 1))
            continue;
        put_name(e, m->fields[i].name, comma);
        encode_field(e, body, m, &m->fields[i]);
    }
}

/* {"@type": url, members}; what is not known is written as it was packed. */
static void
encode_any(struct encoder *e, struct str body)
{
    struct str part[2] = {STR(""), STR("")}, rest = body;
    struct field f;
    bool comma = false;

    while (next_field(e, &rest, &google__rpc__any__descriptor, &f))
        if (f.desc && f.type == WIRE_LEN)
            part[f.desc->id - 1] = f.bytes;
    const ProtobufCMessageDescriptor *m = json_any_type(part[0]);

    put_name(e, "@type", &comma);
    put_text(e, part[0]);
    if (m) {
        encode_members(e, part[1], m, &comma);
    } else {
        put_name(e, "value", &comma);
        put(e, STR("\""));
        if (e->rc == RC_OK)
            e->rc = digest_base64(part[1], e->out);
        put(e, STR("\""));
    }
}

static void
encode_message(struct encoder *e, struct str body, const ProtobufCMessageDescriptor *m)
{
    bool comma = false;

    if (e->rc == RC_OK && m->n_fields > 64)
        e->rc = RC_INTERNAL;
    if (e->rc == RC_OK && e->depth == DEPTH_MAX)
        e->rc = RC_DEPTH;
    if (e->rc != RC_OK)
        return;
    e->depth++;
    put(e, STR("{"));
    if (m == &google__rpc__any__descriptor)
        encode_any(e, body);
    else
        encode_members(e, body, m, &comma);
    put(e, STR("}"));
    e->depth--;
}

enum rc
wire_to_json(struct str body, const ProtobufCMessageDescriptor *m, struct buf *out)
{
    struct encoder e = {.out = out};
    size_t start = out->len;

    encode_message(&e, body, m);
    if (e.rc != RC_OK)
        out->len = start;
    return e.rc;
}

enum rc
otlp_json_encode(struct str body, struct buf *out)
{
    return wire_to_json(body, &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor, out);
}
