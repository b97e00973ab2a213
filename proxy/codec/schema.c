#include "schema_int.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace_service.pb-c.h"
#include "wire_int.h"

#define COMMON "opentelemetry.proto.common.v1."
#define TRACE "opentelemetry.proto.trace.v1."
#define RESOURCE "opentelemetry.proto.resource.v1."

static const struct {
    const char *name;
    uint8_t attribute_place;
} messages[MSG_COUNT_] = {
    [MSG_REQUEST] = {"opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest", PLACE_COUNT_},
    [MSG_RESOURCE_SPANS] = {TRACE "ResourceSpans", PLACE_COUNT_},
    [MSG_RESOURCE] = {RESOURCE "Resource", PLACE_RESOURCE_ATTRIBUTE},
    [MSG_ENTITY] = {COMMON "EntityRef", PLACE_COUNT_},
    [MSG_SCOPE_SPANS] = {TRACE "ScopeSpans", PLACE_COUNT_},
    [MSG_SCOPE] = {COMMON "InstrumentationScope", PLACE_SCOPE_ATTRIBUTE},
    [MSG_SPAN] = {TRACE "Span", PLACE_SPAN_ATTRIBUTE},
    [MSG_EVENT] = {TRACE "Span.Event", PLACE_EVENT_ATTRIBUTE},
    [MSG_LINK] = {TRACE "Span.Link", PLACE_LINK_ATTRIBUTE},
    [MSG_STATUS] = {TRACE "Status", PLACE_COUNT_},
    [MSG_KEY_VALUE] = {COMMON "KeyValue", PLACE_COUNT_},
    [MSG_ANY_VALUE] = {COMMON "AnyValue", PLACE_COUNT_},
    [MSG_ARRAY] = {COMMON "ArrayValue", PLACE_COUNT_},
    [MSG_KVLIST] = {COMMON "KeyValueList", PLACE_COUNT_},
};

/* Every field that is not a message has a row here; a new one in the .proto files stops the build's tests until it has. */
static const struct {
    uint8_t message;
    const char *field;
    uint8_t action, place;
} classes[] = {
    {MSG_RESOURCE_SPANS, "schema_url", ACT_TEXT, PLACE_RESOURCE_SCHEMA_URL},
    {MSG_RESOURCE, "dropped_attributes_count", ACT_NUMBER, 0},
    {MSG_ENTITY, "schema_url", ACT_TEXT, PLACE_ENTITY_SCHEMA_URL},
    {MSG_ENTITY, "type", ACT_TEXT, PLACE_ENTITY_TYPE},
    {MSG_ENTITY, "id_keys", ACT_TEXT, PLACE_ENTITY_ID_KEY},
    {MSG_ENTITY, "description_keys", ACT_TEXT, PLACE_ENTITY_DESCRIPTION_KEY},
    {MSG_SCOPE_SPANS, "schema_url", ACT_TEXT, PLACE_SCOPE_SCHEMA_URL},
    {MSG_SCOPE, "name", ACT_TEXT, PLACE_SCOPE_NAME},
    {MSG_SCOPE, "version", ACT_TEXT, PLACE_SCOPE_VERSION},
    {MSG_SCOPE, "dropped_attributes_count", ACT_NUMBER, 0},
    {MSG_SPAN, "trace_id", ACT_TRACE_ID, 0},
    {MSG_SPAN, "span_id", ACT_SPAN_ID, 0},
    {MSG_SPAN, "parent_span_id", ACT_PARENT_ID, 0},
    {MSG_SPAN, "trace_state", ACT_TEXT, PLACE_SPAN_TRACE_STATE},
    {MSG_SPAN, "name", ACT_TEXT, PLACE_SPAN_NAME},
    {MSG_SPAN, "flags", ACT_NUMBER, 0},
    {MSG_SPAN, "kind", ACT_ENUM, 0},
    {MSG_SPAN, "start_time_unix_nano", ACT_NUMBER, 0},
    {MSG_SPAN, "end_time_unix_nano", ACT_NUMBER, 0},
    {MSG_SPAN, "dropped_attributes_count", ACT_NUMBER, 0},
    {MSG_SPAN, "dropped_events_count", ACT_NUMBER, 0},
    {MSG_SPAN, "dropped_links_count", ACT_NUMBER, 0},
    {MSG_EVENT, "time_unix_nano", ACT_NUMBER, 0},
    {MSG_EVENT, "name", ACT_TEXT, PLACE_EVENT_NAME},
    {MSG_EVENT, "dropped_attributes_count", ACT_NUMBER, 0},
    {MSG_LINK, "trace_id", ACT_TRACE_ID, 0},
    {MSG_LINK, "span_id", ACT_PARENT_ID, 0},
    {MSG_LINK, "trace_state", ACT_TEXT, PLACE_LINK_TRACE_STATE},
    {MSG_LINK, "dropped_attributes_count", ACT_NUMBER, 0},
    {MSG_LINK, "flags", ACT_NUMBER, 0},
    {MSG_STATUS, "message", ACT_TEXT, PLACE_SPAN_STATUS_MESSAGE},
    {MSG_STATUS, "code", ACT_ENUM, 0},
    {MSG_KEY_VALUE, "key", ACT_KEY, 0},
    {MSG_ANY_VALUE, "string_value", ACT_VALUE_TEXT, 0},
    {MSG_ANY_VALUE, "bytes_value", ACT_VALUE_BYTES, 0},
    {MSG_ANY_VALUE, "int_value", ACT_VALUE_INT, 0},
    {MSG_ANY_VALUE, "double_value", ACT_VALUE_DOUBLE, 0},
    {MSG_ANY_VALUE, "bool_value", ACT_VALUE_BOOL, 0},
};

static int
message_number(const char *name)
{
    for (int m = 0; m < MSG_COUNT_; m++)
        if (strcmp(messages[m].name, name) == 0)
            return m;
    return -1;
}

static uint8_t
wire_of(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LEN;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return WIRE_VARINT;
    }
    return WIRE_VARINT;
}

/* Our classification of a leaf field; false when it has none. */
static bool
classify(uint8_t message, const ProtobufCFieldDescriptor *f, struct schema_field *out)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (classes[i].message != message || strcmp(classes[i].field, f->name) != 0)
            continue;
        out->action = classes[i].action;
        out->place = classes[i].place;
        if (f->type == PROTOBUF_C_TYPE_ENUM) {
            const ProtobufCEnumDescriptor *e = f->descriptor;

            out->enum_max = (uint8_t)e->values[e->n_values - 1].value;
        }
        return true;
    }
    return false;
}

static enum rc
compile_message(const ProtobufCMessageDescriptor *d, struct schema *s, uint32_t *seen, const char **missing)
{
    static _Thread_local char name[160];
    int m = message_number(d->name);

    if (m < 0) {
        *missing = d->name;
        return RC_INTERNAL;
    }
    if (*seen & 1u << m)
        return RC_OK;
    *seen |= 1u << m;
    s->attribute_place[m] = messages[m].attribute_place;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        struct schema_field out = {.wire = wire_of(f)};
        bool oneof = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;

        snprintf(name, sizeof(name), "%s.%s", d->short_name, f->name);
        if (f->id >= SCHEMA_FIELDS) {
            *missing = name;
            return RC_INTERNAL;
        }
        out.single = f->label == PROTOBUF_C_LABEL_REPEATED ? 0 : oneof ? 1u : 1u << f->id;
        if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            const ProtobufCMessageDescriptor *sub = f->descriptor;
            enum rc rc = compile_message(sub, s, seen, missing);

            if (rc != RC_OK)
                return rc;
            out.action = ACT_MESSAGE;
            out.message = (uint8_t)message_number(sub->name);
        } else if (!classify((uint8_t)m, f, &out)) {
            *missing = name;
            return RC_INTERNAL;
        }
        s->field[m][f->id] = out;
    }
    return RC_OK;
}

/* Tags of attributes, whose usual shape the walker reads in one go. Fields below 16 have tags of one byte. */
static void
compile_tags(struct schema *s)
{
    for (unsigned n = 1; n < 16; n++) {
        const struct schema_field *kv = &s->field[MSG_KEY_VALUE][n], *any = &s->field[MSG_ANY_VALUE][n];

        if (kv->action == ACT_KEY)
            s->tag_key = (uint8_t)(n << 3 | kv->wire);
        else if (kv->action == ACT_MESSAGE && kv->message == MSG_ANY_VALUE)
            s->tag_value = (uint8_t)(n << 3 | kv->wire);
        if (any->action >= ACT_VALUE_TEXT && any->action <= ACT_VALUE_BOOL)
            s->value_tag[n << 3 | any->wire] = (uint8_t)(1 + TEXT_STRING + any->action - ACT_VALUE_TEXT);
    }
}

enum rc
schema_compile(const ProtobufCMessageDescriptor *root, struct schema *s, const char **missing)
{
    uint32_t seen = 0;

    memset(s, 0, sizeof(*s));
    *missing = NULL;
    enum rc rc = compile_message(root, s, &seen, missing);

    if (rc == RC_OK)
        compile_tags(s);
    return rc;
}

static struct schema tables;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
compile_once(void)
{
    const char *missing;

    /* Cannot fail with the descriptors this file was built with (test_schema proves it); without tables nothing may be read. */
    if (schema_compile(&opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor, &tables, &missing) != RC_OK)
        abort();
}

const struct schema *
schema_get(void)
{
    pthread_once(&once, compile_once);
    return &tables;
}

static const struct {
    const char *name;
    bool attribute;
} places[] = {
#define PLACE(id, name, attribute) [id] = {name, attribute},
#include "codec/places.def"
#undef PLACE
};

const char *
place_name(enum place p)
{
    return places[p].name;
}

bool
place_is_attribute(enum place p)
{
    return places[p].attribute;
}
