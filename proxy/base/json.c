#include "base/json.h"

struct json
json_begin(struct buf *out)
{
    return (struct json){.out = out};
}

struct json
json_begin_canonical(struct buf *out)
{
    return (struct json){.out = out, .canonical = true};
}

static void
put(struct json *j, struct str s)
{
    if (j->rc == RC_OK)
        j->rc = buf_append(j->out, s);
}

/* Length of the character at s, 0 when its bytes are not UTF-8. */
static size_t
utf8_length(struct str s)
{
    for (size_t n = 1; n <= 4 && n <= s.len; n++)
        if (str_utf8_valid(str_sub(s, 0, n)))
            return n;
    return 0;
}

static enum rc
escape_byte(struct buf *out, unsigned char c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; i < sizeof(names) - 1; i += 2)
        if ((unsigned char)names[i] == c)
            return buf_append(out, (struct str){(char[]){'\\', names[i + 1]}, 2});
    return buf_printf(out, "\\u%04x", c);
}

static bool
plain(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x20 && u < 0x7F && c != '"' && c != '\\';
}

enum rc
json_escape(struct buf *out, struct str s)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < s.len && rc == RC_OK;) {
        size_t run = i;

        while (run < s.len && plain(s.ptr[run]))
            run++;
        if (run > i) {
            rc = buf_append(out, str_sub(s, i, run));
            i = run;
        } else if ((unsigned char)s.ptr[i] < 0x80) {
            rc = s.ptr[i] == 0x7F ? buf_append_byte(out, s.ptr[i]) : escape_byte(out, (unsigned char)s.ptr[i]);
            i++;
        } else {
            size_t n = utf8_length(str_sub(s, i, s.len));

            rc = buf_append(out, n ? str_sub(s, i, i + n) : STR("\xEF\xBF\xBD"));
            i += n ? n : 1;
        }
    }
    return rc;
}

/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069: what follows is shown in another order or on another line (Unicode UAX #9 section 2). */
static bool
turns_text(struct str s)
{
    unsigned char b = (unsigned char)s.ptr[1], c = (unsigned char)s.ptr[2];

    if ((unsigned char)s.ptr[0] != 0xE2)
        return false;
    return (b == 0x80 && (c == 0x8E || c == 0x8F || (c >= 0xA8 && c <= 0xAE))) || (b == 0x81 && c >= 0xA6 && c <= 0xA9);
}

size_t
json_obeyed(struct str s)
{
    unsigned char c = s.len ? (unsigned char)s.ptr[0] : ' ';

    if (c < 0x20 || c == 0x7F)
        return 1;
    if (c == 0xC2 && s.len >= 2 && (unsigned char)s.ptr[1] >= 0x80 && (unsigned char)s.ptr[1] < 0xA0)
        return 2;
    return s.len >= 3 && turns_text(s) ? 3 : 0;
}

static unsigned
code_point(struct str s, size_t len)
{
    unsigned char a = (unsigned char)s.ptr[0], b = len > 1 ? (unsigned char)s.ptr[1] : 0, c = len > 2 ? (unsigned char)s.ptr[2] : 0;

    return len == 1 ? a : len == 2 ? (a & 0x1Fu) << 6 | (b & 0x3Fu) : (a & 0x0Fu) << 12 | (b & 0x3Fu) << 6 | (c & 0x3Fu);
}

enum rc
json_visible(struct buf *out, struct str s)
{
    enum rc rc = RC_OK;

    for (size_t i = 0, n; i < s.len && rc == RC_OK; i += n) {
        struct str rest = str_sub(s, i, s.len);

        n = json_obeyed(rest);
        if (n) {
            rc = buf_printf(out, "\\u%04x", code_point(rest, n));
            continue;
        }
        n = utf8_length(rest);
        rc = buf_append(out, n ? str_sub(s, i, i + n) : STR("\xEF\xBF\xBD"));
        n += n == 0;
    }
    return rc;
}

static bool
all_plain(struct str s)
{
    size_t i = 0;

    while (i < s.len && plain(s.ptr[i]))
        i++;
    return i == s.len;
}

static void
quoted(struct json *j, struct str s)
{
    if (j->rc == RC_OK && all_plain(s)) { /* nearly all: in one go */
        j->rc = buf_reserve(j->out, s.len + 2);
        if (j->rc != RC_OK)
            return;
        char *at = j->out->ptr + j->out->len;

        *at = '"';
        if (s.len)
            memcpy(at + 1, s.ptr, s.len);
        at[s.len + 1] = '"';
        j->out->len += s.len + 2;
        return;
    }
    put(j, STR("\""));
    if (j->rc == RC_OK)
        j->rc = json_escape(j->out, s);
    put(j, STR("\""));
}

static void
begin_value(struct json *j, const char *key)
{
    bool in_object = j->depth && (j->objects >> (j->depth - 1) & 1u);

    if (j->rc != RC_OK)
        return;
    if (in_object != (key != NULL) || (j->depth == 0 && j->comma)) {
        j->rc = RC_INTERNAL;
        return;
    }
    if (j->comma)
        put(j, STR(","));
    j->comma = true;
    if (!in_object)
        return;
    const char **last = &j->last[j->depth - 1];

    if (j->canonical && *last && strcmp(*last, key) >= 0)
        j->rc = RC_INTERNAL;
    *last = key;
    quoted(j, str_of(key));
    put(j, STR(":"));
}

static void
open_nest(struct json *j, const char *key, bool object)
{
    begin_value(j, key);
    if (j->rc == RC_OK && j->depth == JSON_DEPTH_MAX)
        j->rc = RC_INTERNAL;
    if (j->rc != RC_OK)
        return;
    put(j, object ? STR("{") : STR("["));
    j->objects = (j->objects & ~(1u << j->depth)) | (unsigned)object << j->depth;
    j->last[j->depth] = NULL;
    j->depth++;
    j->comma = false;
}

static void
close_nest(struct json *j, bool object)
{
    if (j->rc != RC_OK)
        return;
    if (j->depth == 0 || (j->objects >> (j->depth - 1) & 1u) != object) {
        j->rc = RC_INTERNAL;
        return;
    }
    j->depth--;
    j->comma = true;
    put(j, object ? STR("}") : STR("]"));
}

void
json_object(struct json *j, const char *key)
{
    open_nest(j, key, true);
}

void
json_array(struct json *j, const char *key)
{
    open_nest(j, key, false);
}

void
json_close_object(struct json *j)
{
    close_nest(j, true);
}

void
json_close_array(struct json *j)
{
    close_nest(j, false);
}

void
json_text(struct json *j, const char *key, struct str value)
{
    begin_value(j, key);
    quoted(j, value);
}

void
json_cstr(struct json *j, const char *key, const char *value)
{
    json_text(j, key, str_of(value));
}

void
json_u64(struct json *j, const char *key, uint64_t value)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t from = sizeof(digits);

    begin_value(j, key);
    do
        digits[--from] = (char)('0' + value % 10);
    while (value /= 10);
    put(j, (struct str){digits + from, sizeof(digits) - from});
}

void
json_i64(struct json *j, const char *key, int64_t value)
{
    if (value >= 0) {
        json_u64(j, key, (uint64_t)value);
        return;
    }
    begin_value(j, key);
    if (j->rc == RC_OK)
        j->rc = buf_printf(j->out, "%lld", (long long)value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
    begin_value(j, key);
    put(j, value ? STR("true") : STR("false"));
}

enum rc
json_finish(struct json *j)
{
    if (j->rc == RC_OK && (j->depth != 0 || !j->comma))
        j->rc = RC_INTERNAL;
    return j->rc;
}
