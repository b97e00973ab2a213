/**
 * The trace schema as dense tables, compiled once from the descriptors that protoc-c generated. What each field is (a text, a number,
 * an id, a message) and which place it makes is a classification of our own, by name; a field of the descriptors without one is an error.
 */
#ifndef CODEC_SCHEMA_INT_H
#define CODEC_SCHEMA_INT_H

#include <protobuf-c/protobuf-c.h>

#include "codec/batch.h"

enum schema_message {
    MSG_REQUEST,
    MSG_RESOURCE_SPANS,
    MSG_RESOURCE,
    MSG_ENTITY,
    MSG_SCOPE_SPANS,
    MSG_SCOPE,
    MSG_SPAN,
    MSG_EVENT,
    MSG_LINK,
    MSG_STATUS,
    MSG_KEY_VALUE,
    MSG_ANY_VALUE,
    MSG_ARRAY,
    MSG_KVLIST,
    MSG_COUNT_
};

enum schema_action {
    ACT_UNKNOWN, /* not in the schema: never emitted */
    ACT_NUMBER,  /* time, count, flags: cannot hold text */
    ACT_ENUM,    /* a number that must be one of the schema's; others are treated as unknown */
    ACT_TRACE_ID,
    ACT_SPAN_ID,
    ACT_PARENT_ID, /* 16 or 8 bytes, or empty: an identifier by its shape */
    ACT_TEXT,      /* a string at the field's place */
    ACT_KEY,       /* KeyValue.key */
    ACT_VALUE_TEXT,
    ACT_VALUE_BYTES,
    ACT_VALUE_INT,
    ACT_VALUE_DOUBLE,
    ACT_VALUE_BOOL, /* members of AnyValue, at the place of the attribute */
    ACT_MESSAGE
};

#define SCHEMA_FIELDS 17 /* field numbers 1 .. 16 */

struct schema_field {
    uint8_t action;   /* enum schema_action */
    uint8_t wire;     /* enum wire_type */
    uint8_t message;  /* enum schema_message, for ACT_MESSAGE */
    uint8_t place;    /* enum place, for ACT_TEXT */
    uint8_t enum_max; /* for ACT_ENUM */
    uint32_t single;  /* bit that marks "seen" of a singular field; members of a oneof share one; 0 = repeated */
};

struct schema {
    struct schema_field field[MSG_COUNT_][SCHEMA_FIELDS];
    uint8_t attribute_place[MSG_COUNT_]; /* enum place of attributes directly in this message; PLACE_COUNT_ = inherited */
    uint8_t tag_key, tag_value;          /* the tags of KeyValue's fields: one byte each */
    uint8_t value_tag[256];              /* by tag byte: 1 + enum text_kind of a member of AnyValue that is a text, else 0 */
};

/* The compiled tables; made at the first call, then constant. Thread: any. */
const struct schema *schema_get(void);

/**
 * schema_compile(root, s, missing):
 * Compile tables from a descriptor of ExportTraceServiceRequest.
 * Out:     missing  name of the first field or message that is not classified ("message.field"), NULL when all are
 * Returns: RC_OK; RC_INTERNAL with missing set
 */
enum rc schema_compile(const ProtobufCMessageDescriptor *root, struct schema *s, const char **missing) MUST_USE;

#endif
