/*
 * JSON in. The text is measured first (depth and number of values, without recursion or memory), then parsed by Jansson, then converted by the descriptors:
 * member after member, straight to wire bytes.
 */
#include "codec/otlp_json.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/digest.h"
#include "codec/put.h"
#include "json_int.h"
#include "rpc.pb-c.h"
#include "trace_service.pb-c.h"

/* Usual requests take ten times their size; strings are built by doubling. Whatever passes json_measure fits. */
#define MEMORY_BASE ((size_t)256 * 1024 * 1024)
#define MEMORY_PER_BYTE 4

struct decoder {
    struct put put;
    unsigned depth, max_depth;
    uint64_t unknown;
};

static enum rc decode_message(struct decoder *d, json_t *v, const ProtobufCMessageDescriptor *m);

/*
 * Jansson recurses once a level, and makes about 200 bytes of objects of a value that is two bytes long ("[]"): both are bounded
 * before it runs. Whether brackets match is Jansson's to say.
 */
static enum rc
json_measure(struct str s, unsigned max_depth)
{
    unsigned depth = 0;
    size_t values = 1;
    bool quoted = false;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == ',')
            values++;
        else if (c == '{' || c == '[') {
            values++;
            if (++depth > max_depth)
                return RC_DEPTH;
        } else if (c == '}' || c == ']') {
            if (depth-- == 0)
                return RC_MALFORMED;
        }
        if (values > JSON_VALUES_MAX)
            return RC_TOO_LARGE;
    }
    return RC_OK;
}

/*
 * Jansson's memory: an arena that lives as long as one conversion, so that freeing is one wipe. It also shows what Jansson does not say: 2.14
 * drops a character of a string, and goes on, when its buffer cannot grow. Outside of a conversion the functions are malloc and free.
 */
static _Thread_local struct arena *memory;
static _Thread_local bool starved;
static pthread_once_t memory_once = PTHREAD_ONCE_INIT;

static void *
memory_alloc(size_t size)
{
    if (!memory)
        return malloc(size);
    void *p = arena_alloc(memory, size);

    if (!p)
        starved = true;
    return p;
}

static void
memory_free(void *p)
{
    if (!memory)
        free(p);
}

static void
memory_setup(void)
{
    json_set_alloc_funcs(memory_alloc, memory_free);
}

static enum rc
parse(struct str s, unsigned max_depth, json_t **root)
{
    json_error_t error;
    /* A message takes at most two levels: its own braces, and the brackets of a repeated field. */
    enum rc rc = json_measure(s, 2 * max_depth);

    if (rc != RC_OK)
        return rc;
    *root = json_loadb(s.ptr ? s.ptr : "", s.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (starved)
        return RC_NOMEM;
    if (*root)
        return RC_OK;
    switch ((int)json_error_code(&error)) {
    case json_error_duplicate_key:
        return RC_DUPLICATE;
    case json_error_invalid_utf8:
        return RC_UTF8;
    case json_error_stack_overflow:
        return RC_DEPTH;
    case json_error_out_of_memory:
        return RC_NOMEM;
    default:
        return RC_MALFORMED;
    }
}

/* By lowerCamelCase or snake_case name, no mixture of both. */
static const ProtobufCFieldDescriptor *
field_find(const ProtobufCMessageDescriptor *m, const char *name)
{
    char snake[64];
    size_t n = 0;
    bool camel = false, underscore = false;

    for (const char *p = name; *p; p++) {
        bool upper = *p >= 'A' && *p <= 'Z';

        if (n + 3 > sizeof(snake))
            return NULL;
        if (upper)
            snake[n++] = '_';
        snake[n++] = (char)(upper ? *p + 32 : *p);
        camel = camel || upper;
        underscore = underscore || *p == '_';
    }
    snake[n] = '\0';
    return camel && underscore ? NULL : protobuf_c_message_descriptor_get_field_by_name(m, snake);
}

bool
json_bytes_is_id(const ProtobufCFieldDescriptor *f)
{
    return strcmp(f->name, "trace_id") == 0 || strcmp(f->name, "span_id") == 0 || strcmp(f->name, "parent_span_id") == 0;
}

static struct str
json_str(const json_t *v)
{
    return (struct str){json_string_value(v), json_string_length(v)};
}

/* A number in a string: JSON's grammar and nothing else (strtod would take spaces, hexadecimal, "inf"). */
static bool
text_number(const json_t *v, double *number)
{
    struct str s = json_str(v);
    char *end;

    if (s.len == 0 || s.len > 400 || strspn(s.ptr, "0123456789+-.eE") != s.len || s.ptr[0] == '+' || s.ptr[0] == '.')
        return false;
    *number = strtod(s.ptr, &end);
    return end == s.ptr + s.len && isfinite(*number);
}

struct integer {
    uint64_t magnitude;
    bool negative;
};

static bool
real_integer(double d, struct integer *n)
{
    if (!isfinite(d) || d != floor(d) || fabs(d) >= 18446744073709551616.0)
        return false;
    *n = (struct integer){(uint64_t)fabs(d), d < 0};
    return true;
}

/* 5, 5.0, 5e0, "5", "5.0": proto3 JSON takes them all for an integer. */
static bool
json_integer_of(const json_t *v, struct integer *n)
{
    double d;

    if (json_is_integer(v)) {
        int64_t i = json_integer_value(v);

        *n = (struct integer){i < 0 ? 0 - (uint64_t)i : (uint64_t)i, i < 0};
        return true;
    }
    if (json_is_real(v))
        return real_integer(json_real_value(v), n);
    if (!json_is_string(v))
        return false;
    struct str s = json_str(v);
    bool negative = s.len && s.ptr[0] == '-';
    struct integer plain = {0, negative};

    if (str_to_u64(str_sub(s, negative, s.len), &plain.magnitude)) {
        *n = plain;
        return true;
    }
    return text_number(v, &d) && real_integer(d, n);
}

static enum rc
integer_bits(const json_t *v, uint64_t max, bool is_signed, uint64_t *bits)
{
    struct integer n;

    if (!json_integer_of(v, &n))
        return RC_MALFORMED;
    if (!n.negative || n.magnitude == 0) {
        if (n.magnitude > max)
            return RC_MALFORMED;
        *bits = n.magnitude;
        return RC_OK;
    }
    if (!is_signed || n.magnitude > max + 1)
        return RC_MALFORMED;
    *bits = 0 - n.magnitude;
    return RC_OK;
}

/* OTLP wants numbers; names are taken too, as the Collector does. Open enums: any int32 stands. */
static enum rc
enum_bits(const json_t *v, const ProtobufCEnumDescriptor *e, uint64_t *bits)
{
    const ProtobufCEnumValue *value = json_is_string(v) ? protobuf_c_enum_descriptor_get_value_by_name(e, json_string_value(v)) : NULL;

    if (value) {
        *bits = (uint64_t)(int64_t)value->value;
        return RC_OK;
    }
    return integer_bits(v, INT32_MAX, true, bits);
}

static enum rc
double_of(const json_t *v, double *d)
{
    if (json_is_number(v)) {
        *d = json_number_value(v);
        return RC_OK;
    }
    if (!json_is_string(v))
        return RC_MALFORMED;
    struct str s = json_str(v);

    if (str_eq(s, STR("NaN")))
        *d = (double)NAN;
    else if (str_eq(s, STR("Infinity")))
        *d = (double)INFINITY;
    else if (str_eq(s, STR("-Infinity")))
        *d = -(double)INFINITY;
    else if (!text_number(v, d))
        return RC_MALFORMED;
    return RC_OK;
}

static enum rc
decode_bytes(struct decoder *d, const json_t *v, const ProtobufCFieldDescriptor *f)
{
    struct str s = json_str(v);
    enum rc rc = RC_OK;

    if (!json_is_string(v))
        return RC_MALFORMED;
    struct put_mark mark = put_open(&d->put, f->id);

    if (d->put.rc == RC_OK && json_bytes_is_id(f)) {
        rc = buf_reserve(d->put.out, s.len / 2);
        if (rc == RC_OK && s.len && !digest_unhex(s, (uint8_t *)d->put.out->ptr + d->put.out->len))
            rc = RC_MALFORMED;
        if (rc == RC_OK)
            d->put.out->len += s.len / 2;
    } else if (d->put.rc == RC_OK) {
        rc = digest_unbase64(s, d->put.out);
    }
    put_close(&d->put, mark);
    return rc;
}

/* "5s", "1.500s": the JSON form of google.protobuf.Duration. */
static enum rc
decode_duration(struct decoder *d, const json_t *v)
{
    struct str s = json_str(v);
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t seconds = 0, nanos = 0;

    if (!str_ends(s, STR("s")))
        return RC_MALFORMED;
    s = str_sub(s, negative, s.len - 1);
    size_t dot = str_find(s, STR("."));
    struct str fraction = dot == SIZE_MAX ? STR("0") : str_sub(s, dot + 1, s.len);

    if (!str_to_u64(dot == SIZE_MAX ? s : str_sub(s, 0, dot), &seconds) || seconds > INT64_MAX)
        return RC_MALFORMED;
    if (fraction.len > 9 || !str_to_u64(fraction, &nanos))
        return RC_MALFORMED;
    for (size_t i = fraction.len; i < 9; i++)
        nanos *= 10;
    put_varint(&d->put, 1, negative ? 0 - seconds : seconds);
    put_varint(&d->put, 2, negative ? 0 - nanos : nanos);
    return RC_OK;
}

const ProtobufCMessageDescriptor *
json_any_type(struct str type_url)
{
    static const ProtobufCMessageDescriptor *const known[] = {&google__rpc__retry_info__descriptor, &google__rpc__bad_request__descriptor};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct str name = str_of(known[i]->name);

        if (str_ends(type_url, name) && type_url.len > name.len && type_url.ptr[type_url.len - name.len - 1] == '/')
            return known[i];
    }
    return NULL;
}

/* {"@type": "type.googleapis.com/google.rpc.RetryInfo", members of RetryInfo}; of other types only the name is kept. */
static enum rc
decode_any(struct decoder *d, json_t *v)
{
    json_t *type = json_object_get(v, "@type");
    enum rc rc = RC_OK;

    if (!json_is_string(type))
        return RC_MALFORMED;
    const ProtobufCMessageDescriptor *m = json_any_type(json_str(type));

    put_bytes(&d->put, 1, json_str(type));
    if (m) {
        struct put_mark mark = put_open(&d->put, 2);

        rc = decode_message(d, v, m);
        put_close(&d->put, mark);
    }
    return rc;
}

static enum rc
decode_nested(struct decoder *d, json_t *v, const ProtobufCFieldDescriptor *f)
{
    struct put_mark mark = put_open(&d->put, f->id);
    enum rc rc;

    if (f->descriptor == &google__rpc__duration__descriptor && json_is_string(v))
        rc = decode_duration(d, v);
    else if (f->descriptor == &google__rpc__any__descriptor && json_is_object(v))
        rc = decode_any(d, v);
    else
        rc = decode_message(d, v, f->descriptor);
    put_close(&d->put, mark);
    return rc;
}

/* A field whose default is implied need not be sent; repeated ones and members of a oneof say something by being there. */
static bool
implied(const ProtobufCFieldDescriptor *f)
{
    return f->label != PROTOBUF_C_LABEL_REPEATED && !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
}

static enum rc
decode_varint(struct decoder *d, const json_t *v, const ProtobufCFieldDescriptor *f)
{
    uint64_t bits = 0;
    enum rc rc = RC_MALFORMED;

    if (f->type == PROTOBUF_C_TYPE_BOOL && json_is_boolean(v)) {
        bits = json_is_true(v);
        rc = RC_OK;
    } else if (f->type == PROTOBUF_C_TYPE_ENUM) {
        rc = enum_bits(v, f->descriptor, &bits);
    } else if (f->type == PROTOBUF_C_TYPE_INT32 || f->type == PROTOBUF_C_TYPE_INT64) {
        rc = integer_bits(v, f->type == PROTOBUF_C_TYPE_INT32 ? INT32_MAX : INT64_MAX, true, &bits);
    } else if (f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_UINT64) {
        rc = integer_bits(v, f->type == PROTOBUF_C_TYPE_UINT32 ? UINT32_MAX : UINT64_MAX, false, &bits);
    }
    if (rc == RC_OK && (bits != 0 || !implied(f)))
        put_varint(&d->put, f->id, bits);
    return rc;
}

static enum rc
decode_fixed(struct decoder *d, const json_t *v, const ProtobufCFieldDescriptor *f)
{
    uint64_t bits = 0;
    double number = 0;
    enum rc rc;

    if (f->type == PROTOBUF_C_TYPE_DOUBLE) {
        rc = double_of(v, &number);
        memcpy(&bits, &number, sizeof(bits));
    } else {
        rc = integer_bits(v, f->type == PROTOBUF_C_TYPE_FIXED32 ? UINT32_MAX : UINT64_MAX, false, &bits);
    }
    if (rc != RC_OK || (bits == 0 && implied(f)))
        return rc;
    if (f->type == PROTOBUF_C_TYPE_FIXED32)
        put_fixed32(&d->put, f->id, (uint32_t)bits);
    else
        put_fixed64(&d->put, f->id, bits);
    return RC_OK;
}

static enum rc
decode_value(struct decoder *d, json_t *v, const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(v))
            return RC_MALFORMED;
        if (json_string_length(v) || !implied(f))
            put_bytes(&d->put, f->id, json_str(v));
        return RC_OK;
    case PROTOBUF_C_TYPE_BYTES:
        return json_is_string(v) && json_string_length(v) == 0 && implied(f) ? RC_OK : decode_bytes(d, v, f);
    case PROTOBUF_C_TYPE_MESSAGE:
        return decode_nested(d, v, f);
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
        return decode_varint(d, v, f);
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return decode_fixed(d, v, f);
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
        break;
    }
    return RC_INTERNAL; /* no schema of OTLP has these */
}

static enum rc
decode_field(struct decoder *d, json_t *v, const ProtobufCFieldDescriptor *f)
{
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return decode_value(d, v, f);
    if (!json_is_array(v))
        return RC_MALFORMED;
    for (size_t i = 0; i < json_array_size(v); i++) {
        enum rc rc = decode_value(d, json_array_get(v, i), f);

        if (rc == RC_OK)
            rc = d->put.rc;
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

/* Fields of one message that were met: each may come once, under one name; of a oneof only one. */
struct seen {
    uint64_t fields;
    uint64_t oneofs; /* by the first field of each oneof */
};

static uint64_t
oneof_bit(const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *f)
{
    for (unsigned i = 0; i < m->n_fields; i++)
        if ((m->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && m->fields[i].quantifier_offset == f->quantifier_offset)
            return UINT64_C(1) << i;
    return 0;
}

static enum rc
seen_add(struct seen *seen, const ProtobufCMessageDescriptor *m, const ProtobufCFieldDescriptor *f, bool null)
{
    uint64_t bit = UINT64_C(1) << (f - m->fields);
    uint64_t oneof = !null && (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ? oneof_bit(m, f) : 0;

    if ((seen->fields & bit) || (seen->oneofs & oneof))
        return RC_DUPLICATE;
    seen->fields |= bit;
    seen->oneofs |= oneof;
    return RC_OK;
}

static enum rc
decode_members(struct decoder *d, json_t *v, const ProtobufCMessageDescriptor *m)
{
    struct seen seen = {0, 0};
    const char *name;
    json_t *member;

    json_object_foreach(v, name, member)
    {
        const ProtobufCFieldDescriptor *f = field_find(m, name);

        if (!f) {
            d->unknown++;
            continue;
        }
        enum rc rc = seen_add(&seen, m, f, json_is_null(member));

        if (rc == RC_OK && !json_is_null(member))
            rc = decode_field(d, member, f);
        if (rc == RC_OK)
            rc = d->put.rc;
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc
decode_message(struct decoder *d, json_t *v, const ProtobufCMessageDescriptor *m)
{
    if (!json_is_object(v))
        return RC_MALFORMED;
    if (m->n_fields > 64)
        return RC_INTERNAL;
    if (d->depth == d->max_depth)
        return RC_DEPTH;
    d->depth++;
    enum rc rc = decode_members(d, v, m);

    d->depth--;
    return rc;
}

enum rc
json_to_wire(struct str json, const ProtobufCMessageDescriptor *m, unsigned max_depth, struct buf *out, uint64_t *unknown)
{
    struct decoder d = {.put = {.out = out}, .max_depth = max_depth};
    size_t start = out->len;
    json_t *root;

    pthread_once(&memory_once, memory_setup);
    memory = arena_new(MEMORY_BASE + MEMORY_PER_BYTE * json.len);
    starved = false;
    if (!memory)
        return RC_NOMEM;
    enum rc rc = parse(json, max_depth, &root);

    if (rc == RC_OK)
        rc = decode_message(&d, root, m);
    arena_free(memory); /* and root with it */
    memory = NULL;
    if (rc == RC_OK)
        rc = d.put.rc;
    if (rc == RC_OK)
        *unknown = d.unknown;
    else
        out->len = start;
    return rc;
}

enum rc
otlp_json_decode(struct str json, unsigned max_depth, struct buf *out, uint64_t *unknown)
{
    return json_to_wire(json, &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor, max_depth, out, unknown);
}
