/*
 * JSON (RFC 8259) in a string: objects, newline-delimited records (NDJSON), sequences (RFC 7464), cut off anywhere. No tree is built: one byte of flags for
 * each open bracket. Strings, numbers and booleans are values; the range of a string is what stands between its quotes, so that the result parses again;
 * that of a number is the whole of it, and its kind, BODY_NUMBER, is one for which another number is put.
 *
 * A string may hold JSON again, escaped. It is read in place, through as many layers of escapes as strings stand around it, so that ranges are always of
 * the outermost text: level 0 reads bytes, level n reads characters of level n-1 with their escapes resolved.
 */
#include "forms_int.h"

#define LEVELS 3     /* of JSON inside of JSON */
#define BRACKETS 256 /* open ones; deeper is undecidable */
#define END (-1)     /* of the text */
#define OTHER 0x80   /* a character outside of ASCII */

#define OBJECT 1 /* besides FORM_HIDDEN and so on */

struct json {
    const struct form *f;
    size_t end;
    unsigned level;
    bool dry; /* only whether it lexes */
    unsigned depth;
    uint8_t open[BRACKETS];
    uint8_t root; /* flags of values outside of any bracket */
};

/* ---- characters ---- */

static int json_char(const struct json *j, unsigned level, size_t at, size_t *next);

static int
unicode_char(const struct json *j, unsigned level, size_t at, size_t *next)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int c = json_char(j, level, at, &at), digit = c > 0 && c < OTHER ? hex_value((char)c) : -1;

        if (digit < 0)
            return c == END ? END : OTHER;
        v = v << 4 | digit;
    }
    *next = at;
    return v < OTHER ? v : OTHER;
}

/* The character at ${at}, at most LEVELS + 1 layers of escapes down. *next is untouched at the end. */
static int
json_char(const struct json *j, unsigned level, size_t at, size_t *next)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t''";
    size_t behind = at + 1;

    if (level == 0) {
        if (at >= j->end)
            return END;
        *next = behind;
        return (unsigned char)j->f->t.ptr[at] < OTHER ? j->f->t.ptr[at] : OTHER;
    }
    int c = json_char(j, level - 1, at, &behind);

    if (c == '\\')
        c = json_char(j, level - 1, behind, &behind);
    else {
        if (c != END)
            *next = behind;
        return c;
    }
    if (c == END)
        return END;
    *next = behind;
    if (c == 'u')
        return unicode_char(j, level - 1, behind, next);
    for (const char *e = escapes; *e; e += 2)
        if (c == *e)
            return e[1];
    return c;
}

static int
peek(const struct json *j, size_t at)
{
    size_t next;

    return json_char(j, j->level, at, &next);
}

static bool
is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x1E;
}

static size_t
skip_space(const struct json *j, size_t at)
{
    size_t next = at;

    for (int c = json_char(j, j->level, at, &next); c != END && (is_space(c) || c == ','); c = json_char(j, j->level, at, &next))
        at = next;
    return at;
}

/* From behind the opening quote to the closing one; *next is behind that. The end of the text ends a string too. */
static size_t
string_end(const struct json *j, size_t at, int quote, size_t *next)
{
    for (;;) {
        size_t behind = at;
        int c = json_char(j, j->level, at, &behind);

        if (c == END || c == quote) {
            *next = c == END ? j->end : behind;
            return c == END ? j->end : at;
        }
        if (c == '\\' && json_char(j, j->level, behind, &behind) == END) {
            *next = j->end;
            return j->end;
        }
        at = behind;
    }
}

/* The first characters of a string, escapes resolved. */
static struct str
decode(const struct json *j, size_t start, size_t end, char buf[NAME_BYTES])
{
    struct json within = {.f = j->f, .end = end};
    size_t n = 0;

    while (n < NAME_BYTES) {
        int c = json_char(&within, j->level + 1, start, &start);

        if (c == END)
            break;
        buf[n++] = (char)c;
    }
    return (struct str){buf, n};
}

/* ---- values ---- */

static enum rc run(struct json *j, size_t start);

/* Whether the string holds JSON. When every value goes, it must be whole, unless it is cut off with the text: "{abc" is a word that begins with a bracket. */
static bool
lexes_inside(const struct json *j, size_t start, size_t end)
{
    struct json inner = {.f = j->f, .end = end, .level = j->level + 1, .dry = true};

    return run(&inner, start) == RC_OK && (inner.depth == 0 || !j->f->strict || end == j->f->t.len);
}

static bool
holds_json(const struct json *j, size_t start, size_t end)
{
    struct json inner = {.f = j->f, .end = end, .level = j->level + 1};
    int c = peek(&inner, skip_space(&inner, start));

    return c == '{' || c == '[' || (c == '"' && end - start > 4);
}

static enum rc
string_value(const struct json *j, size_t start, size_t end, uint8_t flags)
{
    if (j->dry || start >= end)
        return RC_OK;
    if (flags & FORM_HIDDEN)
        return form_add(j->f, SCAN_BODY_SECRET, start, end);
    if (holds_json(j, start, end)) {
        if (j->level == LEVELS)
            return form_add(j->f, SCAN_BODY_VALUE, start, end);
        struct json inner = {.f = j->f, .end = end, .level = j->level + 1, .root = flags};

        if (lexes_inside(j, start, end))
            return run(&inner, start);
    }
    return j->f->strict ? form_add(j->f, SCAN_BODY_VALUE, start, end) : RC_OK;
}

/* Where the gate's, or an SDK's, limit has cut the text: "..." and the like. */
static bool
cut_off(const struct json *j, size_t at)
{
    static const char *const marks[] = {"...", "\xE2\x80\xA6", "[truncated", "(truncated", "<truncated", NULL};

    for (const char *const *m = marks; j->end - at <= 40 && *m; m++)
        if (str_starts(form_str(j->f, at, j->end), str_of(*m)))
            return true;
    return false;
}

static bool
begins_word(struct str s, const char *const *list)
{
    for (; *list; list++)
        if (s.len <= strlen(*list) && str_eq_nocase(s, str_sub(str_of(*list), 0, s.len)))
            return true;
    return false;
}

static size_t
digits(struct str s, size_t at, bool hex)
{
    while (at < s.len && ((hex ? hex_value(s.ptr[at]) >= 0 : ascii_digit(s.ptr[at])) || s.ptr[at] == '_'))
        at++;
    return at;
}

/* 1, -1.5e+3, 1_000, 0xff, 12n, 2L: what an id that begins with a digit is not. */
static bool
is_number(struct str s)
{
    size_t at = s.len > 0 && byte_in(s.ptr[0], "+-"), from = at;

    if (s.len > at + 1 && s.ptr[at] == '0' && byte_in(s.ptr[at + 1], "xX"))
        return digits(s, at + 2, true) == s.len;
    at = digits(s, at, false);
    if (at < s.len && s.ptr[at] == '.')
        at = digits(s, at + 1, false);
    if (at > from && at < s.len && byte_in(s.ptr[at], "eE")) {
        at++;
        at = digits(s, at + (at < s.len && byte_in(s.ptr[at], "+-")), false);
    }
    return at > from && at + (at < s.len && byte_in(s.ptr[at], "nNjJlLfFdD")) == s.len;
}

/* A number, true or false, in the notations of JSON, JavaScript and Python; *next is behind it. */
static enum rc
bare_value(const struct json *j, size_t start, uint8_t flags, size_t *next)
{
    static const char *const nothing[] = {"null", "none", "undefined", "nil", "0", NULL};
    static const char *const words[] = {"true", "false", "nan", "infinity", "-infinity", "+infinity", NULL};
    char buf[NAME_BYTES];
    size_t at = start, behind = start, n = 0;
    int c;

    while ((c = json_char(j, j->level, at, &behind)) != END && c < OTHER && c > ' ' && !(c == '.' && cut_off(j, at)) &&
           (ascii_alnum((char)c) || byte_in((char)c, "+-._"))) {
        if (n < NAME_BYTES)
            buf[n++] = (char)c;
        at = behind;
    }
    struct str s = {buf, n};
    bool cut = n > 0 && (c == END || cut_off(j, at)) && (begins_word(s, words) || begins_word(s, nothing)); /* nul, fal: cut off */

    *next = at;
    if (n == 0 || n == NAME_BYTES || !(cut || word_in(s, words) || word_in(s, nothing) || is_number(s)))
        return RC_UNDECIDABLE;
    if (j->dry || word_in(s, nothing) || !(j->f->strict || (flags & FORM_HIDDEN)))
        return RC_OK;
    return scan_add(j->f->out, SCAN_BODY_NUMBER, start, at);
}

/* ---- structure ---- */

/* {"name": "password", ...}: what is called value in this object is hidden. */
static bool
names_secret(const struct json *j, struct str key, size_t start, size_t end)
{
    char buf[NAME_BYTES];

    return end - start < NAME_BYTES && name_introduces(key) && name_is_secret(decode(j, start, end, buf));
}

/* An opening or a closing bracket. */
static bool
bracket(struct json *j, int c, uint8_t flags)
{
    if (c == '{' || c == '[') {
        if (j->depth == BRACKETS)
            return false;
        j->open[j->depth++] = (uint8_t)((flags & ~(OBJECT | FORM_NAMED)) | (c == '{' ? OBJECT : 0));
        return true;
    }
    if (j->depth == 0 || !(j->open[j->depth - 1] & OBJECT) != (c == ']'))
        return false;
    j->depth--;
    return true;
}

/* A value with the flags that its key gave it; *at moves behind it, or behind its opening bracket. */
static enum rc
value(struct json *j, size_t *at, uint8_t flags, struct str key)
{
    size_t behind = *at, start = *at;
    int c = json_char(j, j->level, *at, &behind);

    if (c == '{' || c == '[') {
        *at = behind;
        return bracket(j, c, flags) ? RC_OK : RC_UNDECIDABLE;
    }
    if (c == '"' || c == '\'') {
        size_t end = string_end(j, behind, c, at);

        if (key.len && j->depth && !j->dry && names_secret(j, key, behind, end)) {
            j->open[j->depth - 1] |= FORM_NAMED;
            flags &= (uint8_t)(j->f->strict ? ~0 : ~FORM_HIDDEN);
        }
        return string_value(j, behind, end, flags);
    }
    return bare_value(j, start, flags, at);
}

/* "key": or, at the outermost, key: of an object, and the value behind it. */
static enum rc
member(struct json *j, size_t *at)
{
    char buf[NAME_BYTES];
    size_t behind = *at, start, end;
    int c = json_char(j, j->level, *at, &behind);

    if (c == '"' || c == '\'') {
        start = behind;
        end = string_end(j, start, c, at);
    } else {
        start = end = *at;
        for (; j->level == 0 && c != END && c < OTHER && (ascii_alnum((char)c) || byte_in((char)c, "_$-.")); c = json_char(j, j->level, end, &behind))
            end = behind > end ? behind : end;
        *at = end;
    }
    *at = skip_space(j, *at);
    c = json_char(j, j->level, *at, &behind);
    if (c == END)
        return RC_OK;
    if (c != ':')
        return RC_UNDECIDABLE;
    *at = skip_space(j, behind);
    if (peek(j, *at) == END || cut_off(j, *at))
        return RC_OK;
    struct str key = j->dry ? (struct str){"", 0} : decode(j, start, end, buf);

    return value(j, at, j->dry ? 0 : form_flags(j->open[j->depth - 1], key), key);
}

/* Read to the end. */
static enum rc
run(struct json *j, size_t start)
{
    size_t at = skip_space(j, start);
    enum rc rc = RC_OK;

    while (rc == RC_OK) {
        size_t behind = at;
        int c = json_char(j, j->level, at, &behind);
        uint8_t frame = j->depth ? j->open[j->depth - 1] : j->root;

        if (c == END || cut_off(j, at))
            return RC_OK;
        if (c == '}' || c == ']') {
            rc = bracket(j, c, 0) ? RC_OK : RC_UNDECIDABLE;
            at = behind;
        } else if (frame & OBJECT) {
            rc = member(j, &at);
        } else {
            rc = value(j, &at, (uint8_t)(frame & ~OBJECT), (struct str){"", 0});
        }
        at = skip_space(j, at);
    }
    return rc;
}

static enum rc
scan_text(const struct scan_in *in, struct scan_out *out, bool strict)
{
    struct form f = form_of(in, out, strict);
    struct json j = {.f = &f, .end = in->text.len, .root = FORM_SOMEBODY};
    size_t start = str_starts(in->text, STR("\xEF\xBB\xBF")) ? 3 : 0;

    return form_replaced(in->text) ? RC_OK : run(&j, start);
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    return scan_text(in, out, false);
}

static enum rc
scan_strict(const struct scan_in *in, struct scan_out *out)
{
    return scan_text(in, out, true);
}

static const char *const keys[] = {"http.request.body.content", "http.response.body.content", "rpc.request.body", "rpc.response.body",
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result",
    "gen_ai.tool.definitions", "graphql.variables", NULL};

const struct scanner scanner_json = {
    .name = "json",
    .title = "JSON: values of keys that announce a secret or personal value",
    .keys = keys,
    .kinds = BODY_KINDS,
    .part = true,
    .scan = scan,
};

const struct scanner scanner_json_strict = {
    .name = "json-strict",
    .title = "JSON: every value",
    .keys = keys,
    .kinds = BODY_KINDS,
    .part = true,
    .scan = scan_strict,
};
