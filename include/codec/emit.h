/**
 * Edits, and the bytes that come out of them.
 *
 * An edit replaces one whole field: the range [off, end) of the body, from the first byte of its tag to its last byte, by
 * other encoded fields (or by nothing). An insertion has off == end and stands at the first byte of a message's contents, which
 * makes it plain to which message it belongs. The lengths of all enclosing messages are corrected by emit.
 *
 * A list is in ascending order of off; when one edit contains another, the outer one wins.
 */
#ifndef CODEC_EMIT_H
#define CODEC_EMIT_H

#include "base/buf.h"
#include "codec/batch.h"

struct edit {
    uint32_t off, end;
    struct str bytes; /* borrowed until emit has run */
};

struct edits {
    struct arena *ar;
    struct edit *list;
    uint32_t count, cap;
    bool unsorted; /* an edit was added before its predecessor's place */
};

void edits_init(struct edits *es, struct arena *ar);

/* Add one edit. bytes are borrowed (usually from the same arena). RC_NOMEM, RC_INTERNAL when off > end. */
enum rc edits_add(struct edits *es, uint32_t off, uint32_t end, struct str bytes) MUST_USE;

/* Remove an unknown field, a span, an attribute, ... : edits_add with nothing to put there. */
enum rc edits_remove(struct edits *es, uint32_t off, uint32_t end) MUST_USE;

/* Remove every field that the schema does not know. */
enum rc edits_remove_unknown(struct edits *es, const struct batch *b) MUST_USE;

/**
 * edits_set_text(es, b, text, value):
 * Replace the value of a text: a string or bytes field keeps its field; a number or boolean becomes a string_value.
 * value is borrowed until emit has run. RC_NOMEM.
 */
enum rc edits_set_text(struct edits *es, const struct batch *b, uint32_t text, struct str value) MUST_USE;

/* The same for a number, when value is one of its kind in the usual form. RC_NOMEM; RC_MALFORMED it is not: nothing was added. */
enum rc edits_set_number(struct edits *es, const struct batch *b, uint32_t text, struct str value) MUST_USE;

/* Replace the key of an attribute. */
enum rc edits_set_key(struct edits *es, const struct batch *b, uint32_t attr, struct str key) MUST_USE;

/**
 * edits_merge(a, b, ar, out):
 * One list from two: in order, contained edits dropped. Insertions at the same place are all kept, those of ${a} first.
 */
enum rc edits_merge(struct edits *a, struct edits *b, struct arena *ar, struct edits *out) MUST_USE;

/**
 * Writers of fields, for insertions: they append "tag length contents" of one field.
 * attr_append writes a KeyValue with a string value as field number `field` (1 in Resource and EntityRef's owner, 9 in Span, ...).
 */
enum rc emit_key_value(struct buf *out, uint32_t field, struct str key, struct str value) MUST_USE;
enum rc emit_len_field(struct buf *out, uint32_t field, struct str contents) MUST_USE;

/**
 * The body with edits applied.
 * emit_batch(b, edits, out):
 * In:      edits  complete, merged
 * Out:     out    appended; what was appended is cut off again on failure
 * Returns: RC_OK; RC_TOO_LARGE, RC_NOMEM; RC_INTERNAL when an edit does not stand on field boundaries: nothing may be sent
 * Promise: what was appended is a valid message whose fields are the unedited classified fields of b and the edits' bytes
 */
enum rc emit_batch(const struct batch *b, struct edits *edits, struct buf *out) MUST_USE;

#endif
