/*
 * Bodies of requests, responses and messages: forms (application/x-www-form-urlencoded), multipart (RFC 2046), and the choice between these, JSON and XML
 * by the first bytes. What is none of them goes whole.
 */
#include "forms_int.h"

/* ---- which ---- */

/* c2VjcmV0IQ==: the equals signs at the end of base64. */
static bool
is_padding(const struct form *f, size_t start, size_t equals, size_t end)
{
    if ((end - start) % 4 != 0 || end - equals > 2 || form_skip(f, equals, end, "=") != end)
        return false;
    while (start < equals && (byte_alnum(f->t.ptr[start]) || byte_in(f->t.ptr[start], "+-_")))
        start++;
    return start == equals;
}

/* a=b&c=d: a name without white space before the first equals sign, and none in values, where + or %20 stands for it. */
static bool
is_form(const struct form *f, size_t start, size_t end)
{
    size_t equals = form_find(f, start, end, "=");

    return equals < end && equals > start && !is_padding(f, start, equals, end) && form_find(f, start, equals, "<>{}/\\:") == equals &&
           form_find(f, start, end, " \t\r\n\"") == end;
}

static const struct scanner *
choose(const struct form *f, size_t start, size_t end, bool strict)
{
    if (str_starts(form_str(f, start, end), STR("\xEF\xBB\xBF")))
        start += 3;
    form_trim(f, &start, &end);
    if (start == end)
        return NULL;
    if (byte_in(f->t.ptr[start], "{[\"'-0123456789tfn") && !str_starts(form_str(f, start, end), STR("--"))) {
        const struct scanner *json = strict ? &scanner_json_strict : &scanner_json;

        if (byte_in(f->t.ptr[start], "{[") || form_lexes(f, json, start, end))
            return json;
    }
    if (f->t.ptr[start] == '<')
        return strict ? &scanner_xml_strict : &scanner_xml;
    if (str_starts(form_str(f, start, end), STR("--")))
        return strict ? &scanner_multipart_strict : &scanner_multipart;
    return is_form(f, start, end) ? (strict ? &scanner_form_strict : &scanner_form) : NULL;
}

/* A text alone (a field of a multipart body) may stay, if asked for. */
static enum rc
dispatch(const struct form *f, size_t start, size_t end, bool keep_text)
{
    const struct scanner *s = choose(f, start, end, f->strict);

    if (s)
        return form_inside(f, s, SCAN_BODY_VALUE, start, end);
    return keep_text && !f->strict ? RC_OK : form_add(f, SCAN_BODY_VALUE, start, end);
}

static enum rc
scan_body(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, false);

    return dispatch(&f, 0, in->text.len, false);
}

static enum rc
scan_body_strict(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, true);

    return dispatch(&f, 0, in->text.len, false);
}

/* ---- forms ---- */

static enum rc
scan_pairs(const struct scan_in *in, struct scan_out *out, bool strict)
{
    struct form f = form_of(in, out, strict);

    if (form_replaced(in->text))
        return RC_OK;
    if (in->text.len && !is_form(&f, 0, in->text.len) && form_find(&f, 0, in->text.len, "= \t\r\n\"<>{}") < in->text.len)
        return RC_UNDECIDABLE;
    return form_pairs(&f, 0, in->text.len, "&", PAIRS_BODY);
}

static enum rc
scan_form(const struct scan_in *in, struct scan_out *out)
{
    return scan_pairs(in, out, false);
}

static enum rc
scan_form_strict(const struct scan_in *in, struct scan_out *out)
{
    return scan_pairs(in, out, true);
}

/* ---- multipart ---- */

static size_t
line_end(const struct form *f, size_t at, size_t end)
{
    return form_find(f, at, end, "\n");
}

/* The boundary, and nothing behind it that could be a value: RFC 2046 section 5.1.1. */
static bool
is_delimiter(struct str rest, struct str boundary)
{
    if (!str_starts(rest, boundary))
        return false;
    size_t at = boundary.len + (str_starts(str_sub(rest, boundary.len, rest.len), STR("--")) ? 2 : 0);

    while (at < rest.len && byte_in(rest.ptr[at], " \t\r"))
        at++;
    return at == rest.len || rest.ptr[at] == '\n';
}

/* The start of the next line that is the boundary, from the line at ${at}. */
static size_t
next_boundary(const struct form *f, size_t at, size_t end, struct str boundary)
{
    while (at < end && !is_delimiter(form_str(f, at, end), boundary))
        at = line_end(f, at, end) + 1;
    return at < end ? at : end;
}

/* name="x" of a Content-Disposition within [start, end); ptr NULL when there is none. The range of the value too. */
static struct str
parameter(const struct form *f, size_t start, size_t end, struct str name, size_t *from)
{
    for (size_t at = form_find(f, start, end, "; \t"); at < end; at = form_find(f, at, end, "; \t")) {
        at = form_skip(f, at, end, "; \t");
        size_t value = at + name.len;

        if (value >= end || !str_eq_nocase(form_str(f, at, value), name))
            continue;
        bool quoted = f->t.ptr[value] == '"';
        size_t stop = form_find(f, value + quoted, end, quoted ? "\"\r\n" : "; \t\r\n");

        *from = value + quoted;
        return form_str(f, *from, stop);
    }
    return (struct str){NULL, 0};
}

/* Content-Type: and the like, perhaps cut off with the text. A YAML document, or a comment, begins with dashes too. */
static bool
is_part_header(const struct form *f, size_t start, size_t stop)
{
    struct str s = form_str(f, start, stop), content = STR("content-");
    size_t n = s.len < content.len && stop == f->t.len ? s.len : content.len;

    return str_eq_nocase(str_sub(s, 0, s.len < n ? s.len : n), str_sub(content, 0, n));
}

/* Headers up to an empty line, then a content. */
static enum rc
scan_part(const struct form *f, size_t start, size_t end)
{
    size_t at = start, from = 0, file = 0;
    struct str name = {NULL, 0}, filename = {NULL, 0};

    for (size_t stop; at < end; at = stop + 1) {
        size_t content = form_skip(f, at, end, "\r");

        stop = line_end(f, at, end);
        if (content == stop)
            break;
        if (!is_part_header(f, at, stop))
            return RC_UNDECIDABLE;
        if (name.ptr == NULL)
            name = parameter(f, at, stop, STR("name="), &from);
        if (filename.ptr == NULL)
            filename = parameter(f, at, stop, STR("filename="), &file);
        if (filename.ptr == NULL)
            filename = parameter(f, at, stop, STR("filename*="), &file);
    }
    at = at < end ? line_end(f, at, end) + 1 : end;
    at = at < end ? at : end;
    while (end > at && byte_in(f->t.ptr[end - 1], "\r\n"))
        end--;
    enum rc rc = filename.ptr ? form_add(f, SCAN_BODY_VALUE, file, file + filename.len) : RC_OK;

    if (rc != RC_OK)
        return rc;
    if (name.ptr && name_is_secret(name))
        return form_add(f, SCAN_BODY_SECRET, at, end);
    return filename.ptr ? form_add(f, SCAN_BODY_VALUE, at, end) : dispatch(f, at, end, name.ptr != NULL);
}

static enum rc
scan_parts(const struct scan_in *in, struct scan_out *out, bool strict)
{
    struct form f = form_of(in, out, strict);
    size_t end = in->text.len, at = form_skip(&f, 0, end, "\r\n"), first = line_end(&f, at, end);
    struct str boundary = form_str(&f, at, first);
    enum rc rc = RC_OK;

    if (form_replaced(in->text) || end == 0)
        return RC_OK;
    while (boundary.len && byte_in(boundary.ptr[boundary.len - 1], "\r \t"))
        boundary.len--;
    if (!str_starts(boundary, STR("--")) || boundary.len < 3 || boundary.len > 74) /* RFC 2046 section 5.1.1 */
        return RC_UNDECIDABLE;
    if (first + 1 >= end || str_find(boundary, STR(" ")) != SIZE_MAX) /* a text that begins with dashes */
        return RC_UNDECIDABLE;
    /* Dashes alone make no boundary: a part has a disposition or a type, or it comes to an end. */
    struct str header = form_str(&f, first + 1, end), content = str_sub(STR("content-"), 0, header.len < 8 ? header.len : 8);

    if (!str_eq_nocase(str_sub(header, 0, content.len), content) &&
        (!byte_in(header.ptr[0], "\r\n") || next_boundary(&f, first + 1, end, boundary) == end))
        return RC_UNDECIDABLE;
    for (at = first + 1; at < end && rc == RC_OK;) {
        size_t to = next_boundary(&f, at, end, boundary);

        rc = scan_part(&f, at, to);
        if (str_starts(form_str(&f, to, end), boundary) && str_starts(form_str(&f, to + boundary.len, end), STR("--")))
            return rc == RC_OK ? form_add(&f, SCAN_BODY_VALUE, line_end(&f, to, end) + 1 < end ? line_end(&f, to, end) + 1 : end, end) : rc;
        at = line_end(&f, to, end) + 1;
    }
    return rc;
}

static enum rc
scan_multipart(const struct scan_in *in, struct scan_out *out)
{
    return scan_parts(in, out, false);
}

static enum rc
scan_multipart_strict(const struct scan_in *in, struct scan_out *out)
{
    return scan_parts(in, out, true);
}

/* ---- entries ---- */

static const char *const http_keys[] = {"http.request.body.content", "http.response.body.content", "http.request.body", NULL};

static const char *const body_keys[] = {"http.request.body.content", "http.response.body.content", "http.request.body", "http.response.body",
    "http.request.body.text", "http.response.body.text", "rpc.request.body", "rpc.response.body", "messaging.message.body",
    "messaging.message.payload", "messaging.message.content", "messaging.payload", "messaging.body", "faas.event", "graphql.variables",
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result",
    "gen_ai.prompt", "gen_ai.completion", NULL};

#define PART(entry_, name_, title_, scan_)    \
    const struct scanner scanner_##entry_ = { \
        .name = name_, .title = title_, .keys = http_keys, .kinds = BODY_KINDS | URL_KINDS, .part = true, .scan = scan_}

PART(form, "form", "Forms: values of names that announce a secret or personal value", scan_form);
PART(form_strict, "form-strict", "Forms: every value", scan_form_strict);
PART(multipart, "multipart", "Multipart bodies: listed fields, and files", scan_multipart);
PART(multipart_strict, "multipart-strict", "Multipart bodies: every field", scan_multipart_strict);

const struct scanner scanner_body = {
    .name = "body",
    .title = "Bodies: JSON, XML, forms, multipart, as they look; anything else goes whole",
    .keys = body_keys,
    .kinds = BODY_KINDS | URL_KINDS,
    .scan = scan_body,
};

const struct scanner scanner_body_strict = {
    .name = "body-strict",
    .title = "Bodies: every value",
    .keys = body_keys,
    .kinds = BODY_KINDS | URL_KINDS,
    .part = true,
    .scan = scan_body_strict,
};
