/**
 * A JSON writer for small documents of our own making: audit entries, logs, command output. Keys are written in the order of the calls;
 * for canonical JSON the caller writes them sorted, and json_begin_canonical holds it to that. No white space, UTF-8, integers only.
 * The first error sticks; json_finish reports it: RC_TOO_LARGE or RC_NOMEM of the buffer; RC_INTERNAL for wrong use (a key missing, given
 * in an array, out of order; something closed that is not open; nested deeper than JSON_DEPTH_MAX).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#define JSON_DEPTH_MAX 16

struct json {
    struct buf *out;
    enum rc rc;
    unsigned depth;
    unsigned objects; /* bit d: what is open at depth d + 1 is an object */
    bool comma;       /* the next element needs one */
    bool canonical;
    const char *last[JSON_DEPTH_MAX]; /* newest key of each open object; borrowed until it closes */
};

struct json json_begin(struct buf *out);
/* Keys of an object must rise strictly, by bytes. */
struct json json_begin_canonical(struct buf *out);
/* Each value in an object takes its key; NULL key inside arrays and at the top. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_close_array(struct json *j);
void json_text(struct json *j, const char *key, struct str value); /* bytes that are not UTF-8 become U+FFFD */
void json_cstr(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* RC_OK when everything was written and closed. */
enum rc json_finish(struct json *j) MUST_USE;

/* Append s as the inside of a JSON string, without quotes. */
enum rc json_escape(struct buf *out, struct str s) MUST_USE;

/* Length of the character at the start of s that a screen obeys instead of showing it: control characters and those that turn the direction of text. 0: none. */
size_t json_obeyed(struct str s);

/* For a terminal, not JSON: control characters as \uxxxx (U+0080 to U+009F among them, which terminals obey too, and those that turn the direction of text), bytes that
   are no UTF-8 as U+FFFD. */
enum rc json_visible(struct buf *out, struct str s) MUST_USE;

#endif
