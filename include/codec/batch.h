/**
 * A batch: one ExportTraceServiceRequest, seen as an index over its wire bytes.
 *
 * The story. The body of a request is never turned into a tree of objects. batch_index() walks the bytes once, with budgets, checks everything a
 * parser would check (wire types, lengths, UTF-8, depth, singular fields sent twice), and writes down where things stand: resources,
 * scopes, spans, attributes, texts. Everything in the index is an offset into the body. Whoever decides (examiner, enricher,
 * router) reads the index and answers with edits; emit.h writes the bytes for one destination from body + edits. Fields that
 * the schema does not know are edits too: they are removed, and counted.
 *
 *   body:   [ResourceSpans [Resource [KeyValue..]..] [ScopeSpans [Scope..] [Span [KeyValue [key][AnyValue [..]]]..]..]..]
 *   index:  resources[] -> scopes [first,end) -> spans [first,end);  each of them -> texts [first,end), attrs [first,end)
 *           attrs[] in wire order of their start, nested ones after their parent;  texts[] in wire order
 *
 * A text is a value that a policy looks at: string, bytes, number, boolean. An attribute's key is not in texts[]: it stands in
 * attrs[] and is examined from there. Source: ARCHITECTURE.md "How a batch is represented".
 */
#ifndef CODEC_BATCH_H
#define CODEC_BATCH_H

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"

/* Where a text can stand. places.def holds PLACE(constant, "span.name", is_attribute_value). */
enum place {
#define PLACE(id, name, attribute) id,
#include "codec/places.def"
#undef PLACE
    PLACE_COUNT_
};
const char *place_name(enum place p);
bool place_is_attribute(enum place p);

enum text_kind { TEXT_STRING, TEXT_BYTES, TEXT_INT, TEXT_DOUBLE, TEXT_BOOL };

#define BATCH_NONE UINT32_MAX

struct batch_text {
    uint32_t off, len;     /* the value's bytes (for numbers and booleans: the encoded number) */
    uint32_t field;        /* start of the field's tag; the whole field is [field, off + len) */
    uint32_t attr;         /* innermost attribute that holds it, BATCH_NONE at places that are no attribute */
    uint8_t place;         /* enum place */
    uint8_t kind;          /* enum text_kind */
    uint16_t field_number; /* of the field in its message, to write another value in its place */
};

struct batch_attr {
    uint32_t field, end;           /* the whole KeyValue field, its tag included */
    uint32_t key_off, key_len;     /* the key; key_len 0 and key_field BATCH_NONE when it was not sent */
    uint32_t key_field;            /* start of the key's tag */
    uint32_t value, value_end;     /* the AnyValue field's contents; BATCH_NONE when it was not sent */
    uint32_t parent;               /* enclosing attribute of a nested one, else BATCH_NONE */
    uint32_t text_first, text_end; /* texts of its value, nested ones included */
    uint8_t place;
};

struct batch_span {
    uint32_t field, body, end;     /* whole field from its tag; contents [body, end) */
    uint32_t text_first, text_end; /* every text of the span: name, attributes, events, links, status */
    uint32_t attr_first, attr_end; /* every attribute of it, events' and links' and nested ones included */
    uint32_t trace_id, span_id;    /* offsets of 16 and 8 bytes, BATCH_NONE when absent */
    uint32_t scope;
};

struct batch_scope {
    uint32_t field, body, end;
    uint32_t inner, inner_end; /* contents of InstrumentationScope, BATCH_NONE when absent */
    uint32_t span_first, span_end;
    uint32_t resource;
};

struct batch_resource {
    uint32_t field, body, end;     /* the ResourceSpans */
    uint32_t inner, inner_end;     /* contents of Resource, BATCH_NONE when absent */
    uint32_t attr_first, attr_end; /* all attributes below this ResourceSpans (select by place PLACE_RESOURCE_ATTRIBUTE) */
    uint32_t text_first, text_end; /* all texts below it */
    uint32_t scope_first, scope_end;
    uint32_t span_first, span_end;
};

struct batch_unknown {
    uint32_t field, end;
};

struct batch {
    struct str body; /* borrowed; outlives the index */
    struct batch_resource *resources;
    struct batch_scope *scopes;
    struct batch_span *spans;
    struct batch_attr *attrs;
    struct batch_text *texts;
    struct batch_unknown *unknown; /* fields outside the schema, in wire order */
    uint32_t resource_count, scope_count, span_count, attr_count, text_count, unknown_count;
};

struct batch_limits {
    uint32_t depth;       /* messages inside messages, the request is 1; at most 64 */
    uint32_t value_depth; /* AnyValue inside AnyValue, at most 32 */
    uint32_t resources;
    uint32_t spans;
    uint32_t
        attrs_per_owner; /* attributes directly in one resource, scope, span, event, link or kvlist; entities and their keys count for the resource */
    uint32_t attrs;      /* attributes in all */
    uint32_t texts;      /* texts in all */
};
extern const struct batch_limits batch_limits_default;

/**
 * batch_index(body, limits, ar, b):
 * Walk ${body} once and index it.
 * In:      body    wire bytes of ExportTraceServiceRequest, at most 2^31 - 1 of them; borrowed as long as the index is used
 * Out:     b       arrays in ${ar}; untouched on failure
 * Returns: RC_OK; RC_MALFORMED (bad wire format, an id of wrong length), RC_UTF8, RC_DUPLICATE, RC_DEPTH, RC_LIMIT: refuse the request;
 *          RC_NOMEM: the arena is full
 * Promise: every byte of body is, after RC_OK, part of a classified field, of a text or key in the index, or of an unknown field in the index
 * Thread:  any; pure
 */
enum rc batch_index(struct str body, const struct batch_limits *limits, struct arena *ar, struct batch *b) MUST_USE;

static inline struct str
batch_text_bytes(const struct batch *b, const struct batch_text *t)
{
    return (struct str){b->body.ptr + t->off, t->len};
}

static inline struct str
batch_attr_key(const struct batch *b, const struct batch_attr *a)
{
    return (struct str){b->body.ptr + (a->key_len ? a->key_off : 0), a->key_len};
}

/* The number in a TEXT_INT or TEXT_BOOL (readers take every number but 0 for true), or in a TEXT_DOUBLE. */
int64_t batch_text_int(const struct batch *b, const struct batch_text *t);
double batch_text_double(const struct batch *b, const struct batch_text *t);

/**
 * batch_text_format(b, t, out):
 * The number as people write it: decimal; shortest form that reads back the same; "true" or "false".
 * Returns: length written, at most BATCH_NUMBER_SIZE
 */
#define BATCH_NUMBER_SIZE 32
size_t batch_text_format(const struct batch *b, const struct batch_text *t, char out[BATCH_NUMBER_SIZE]);

/**
 * batch_find_attr(b, first, end, place, key):
 * The first not nested attribute in [first, end) with this place and key.
 * Returns: its index, BATCH_NONE when there is none
 */
uint32_t batch_find_attr(const struct batch *b, uint32_t first, uint32_t end, enum place place, struct str key);

/* The string value of an attribute when it is a single string, else an empty slice. */
struct str batch_attr_string(const struct batch *b, uint32_t attr);

#endif
