/*
 * XML and SOAP, and HTML as far as it looks like that: a lexer of tags, attributes, text, CDATA and comments, cut off anywhere. Elements are told by their
 * local names; one byte of flags for each open one. Comments go always: nobody needs them.
 */
#include "forms_int.h"

#define ELEMENTS 256 /* open ones; deeper is undecidable */
#define SPACE " \t\r\n"

struct xml {
    struct form f;
    size_t end;
    unsigned depth;
    uint8_t open[ELEMENTS];
    struct str element; /* that was opened last: whose text follows */
};

static struct str
local_name(struct str name)
{
    size_t colon = str_find(name, STR(":"));

    return colon == SIZE_MAX ? name : str_sub(name, colon + 1, name.len);
}

static uint8_t
flags_here(const struct xml *x)
{
    return x->depth ? x->open[x->depth - 1] : FORM_SOMEBODY;
}

/* Of elements and attributes, those of HTML's frameworks too (@click, [value], (input), #ref, *ngIf); what is none is text that stands in a wrong place. */
static bool
is_name(struct str s, const char *also)
{
    for (size_t i = 0; i < s.len; i++)
        if (!byte_alnum(s.ptr[i]) && (unsigned char)s.ptr[i] < 0x80 && !byte_in(s.ptr[i], "_-.:") && !byte_in(s.ptr[i], also))
            return false;
    return true;
}

/* The first ${word} from ${at}; the end when there is none. */
static size_t
find_word(const struct xml *x, size_t at, const char *word)
{
    size_t i = str_find(form_str(&x->f, at, x->end), str_of(word));

    return i == SIZE_MAX ? x->end : at + i;
}

static bool
ahead(const struct xml *x, size_t at, const char *word)
{
    return str_starts(form_str(&x->f, at, x->end), str_of(word));
}

static enum rc
add_value(const struct xml *x, uint8_t flags, size_t start, size_t end)
{
    if (flags & FORM_HIDDEN)
        return form_add(&x->f, SCAN_BODY_SECRET, start, end);
    return x->f.strict ? form_add(&x->f, SCAN_BODY_VALUE, start, end) : RC_OK;
}

/* Text, or CDATA, of the element that is open. */
static enum rc
text(struct xml *x, size_t start, size_t end, bool cdata)
{
    uint8_t flags = flags_here(x);

    form_trim(&x->f, &start, &end);
    struct str s = form_str(&x->f, start, end);

    if (s.len == 0)
        return RC_OK;
    if (x->depth > 1 && name_introduces(local_name(x->element)) && name_is_secret(s)) {
        x->open[x->depth - 2] |= FORM_NAMED;
        if (!x->f.strict)
            return RC_OK;
    }
    if ((flags & FORM_HIDDEN) || (!cdata && x->f.strict))
        return add_value(x, flags, start, end);
    if (cdata && s.ptr[0] == '<' && s.ptr[s.len - 1] != '>')
        return form_add(&x->f, SCAN_BODY_VALUE, start, end);
    if (s.ptr[0] == '{' || (cdata && (s.ptr[0] == '<' || s.ptr[0] == '[')))
        return form_inside(&x->f,
            s.ptr[0] == '<' ? (x->f.strict ? &scanner_xml_strict : &scanner_xml)
            : x->f.strict   ? &scanner_json_strict
                            : &scanner_json,
            SCAN_BODY_VALUE, start, end);
    if (!cdata && str_find(s, STR("&lt;")) != SIZE_MAX)
        return form_add(&x->f, SCAN_BODY_VALUE, start, end); /* markup, escaped: not read further */
    return add_value(x, flags, start, end);
}

/* ---- tags ---- */

struct attribute {
    size_t name, name_end, value, value_end;
};

/* The attribute at ${at}; false at the end of the tag. *next is behind it. */
static bool
next_attribute(const struct xml *x, size_t at, struct attribute *a, size_t *next)
{
    const struct form *f = &x->f;

    at = form_skip(f, at, x->end, SPACE "/");
    *next = at;
    if (at == x->end || byte_in(f->t.ptr[at], "<>?"))
        return false;
    a->name = at;
    a->name_end = form_find(f, at, x->end, SPACE "=/><");
    size_t equals = form_skip(f, a->name_end, x->end, SPACE);

    a->value = a->value_end = a->name_end;
    *next = a->name_end;
    if (equals == x->end || f->t.ptr[equals] != '=')
        return a->name_end > a->name;
    at = form_skip(f, equals + 1, x->end, SPACE);
    if (at < x->end && byte_in(f->t.ptr[at], "\"'")) {
        char quote[2] = {f->t.ptr[at], 0};

        a->value = at + 1;
        a->value_end = form_find(f, a->value, x->end, quote);
        *next = a->value_end < x->end ? a->value_end + 1 : x->end;
        return true;
    }
    a->value = at;
    a->value_end = *next = form_find(f, at, x->end, SPACE ">");
    return true;
}

static struct str
name_of(const struct xml *x, const struct attribute *a)
{
    return form_str(&x->f, a->name, a->name_end);
}

/* <property name="password" value="x"/>, <input type="password" value="x">: an attribute says what the value is. */
static uint8_t
flags_by_attributes(const struct xml *x, size_t at)
{
    struct attribute a;

    for (size_t next; next_attribute(x, at, &a, &next); at = next) {
        struct str name = local_name(name_of(x, &a));

        if ((name_introduces(name) || str_eq(name, STR("type"))) && name_is_secret(form_str(&x->f, a.value, a.value_end)))
            return FORM_NAMED;
    }
    return 0;
}

static bool
technical(struct str name)
{
    return str_starts(name, STR("xmlns")) || str_starts(name, STR("xsi:")) || str_starts(name, STR("xml:"));
}

/* Attributes from ${at} to the end of the tag, which is *next. */
static enum rc
attributes(struct xml *x, size_t at, uint8_t flags, size_t *next)
{
    struct attribute a;
    enum rc rc = RC_OK;

    for (; rc == RC_OK && next_attribute(x, at, &a, next); at = *next) {
        struct str name = name_of(x, &a);
        uint8_t own = form_flags(flags, local_name(name));

        if (!is_name(name, "@[]()#*$") || (*next < x->end && !byte_in(x->f.t.ptr[*next], SPACE "/>?")))
            return RC_UNDECIDABLE;

        if ((flags & FORM_NAMED) && name_introduces(local_name(name)) && name_is_secret(form_str(&x->f, a.value, a.value_end)))
            own = 0;
        if (!technical(name))
            rc = add_value(x, own, a.value, a.value_end);
    }
    return rc;
}

static bool
is_void(struct str name)
{
    static const char *const voids[] = {
        "br", "img", "input", "meta", "link", "hr", "area", "base", "col", "embed", "source", "track", "wbr", "param", NULL};

    return word_in(name, voids);
}

/* <script> and <style> hold no markup. */
static enum rc
raw_text(struct xml *x, struct str name, size_t *at)
{
    size_t close = find_word(x, *at, "</");

    while (close < x->end && !str_eq_nocase(form_str(&x->f, close + 2, x->end - close - 2 < name.len ? close + 2 : close + 2 + name.len), name))
        close = find_word(x, close + 2, "</");
    size_t start = *at, end = close;

    form_trim(&x->f, &start, &end);
    *at = close;
    return add_value(x, flags_here(x), start, end);
}

static enum rc
open_tag(struct xml *x, size_t at, size_t *next)
{
    size_t end = form_find(&x->f, at, x->end, SPACE "/><");
    struct str name = form_str(&x->f, at, end), local = local_name(name);
    uint8_t flags = form_flags(flags_here(x), local);
    uint8_t named = flags_by_attributes(x, end);
    enum rc rc = is_name(name, "") ? attributes(x, end, flags | named, next) : RC_UNDECIDABLE;

    if (rc != RC_OK || *next == x->end)
        return rc;
    if (x->f.t.ptr[*next] != '>')
        return RC_UNDECIDABLE;
    bool closed = x->f.t.ptr[*next - 1] == '/';

    ++*next;
    if (closed || is_void(name))
        return RC_OK;
    if (x->depth == ELEMENTS)
        return RC_UNDECIDABLE;
    x->element = name;
    /* <property name="password">x</property> */
    x->open[x->depth++] = named ? FORM_HIDDEN : flags;
    return str_eq_nocase(name, STR("script")) || str_eq_nocase(name, STR("style")) ? raw_text(x, name, next) : RC_OK;
}

/* ---- markup ---- */

/* Behind the name of the root element: public and system identifiers, which may be long and of anybody; of a declaration that is cut off all. */
static size_t
doctype_rest(const struct xml *x, size_t at, size_t end)
{
    size_t name = form_skip(&x->f, at + 9 < end ? at + 9 : end, end, SPACE), behind = form_find(&x->f, name, end, SPACE);
    size_t rest = form_skip(&x->f, behind, end, SPACE);

    return is_name(form_str(&x->f, name, behind), "") && end < x->end ? rest : name;
}

/* From <! or <?. */
static enum rc
declaration(struct xml *x, size_t at, size_t *next)
{
    size_t end;

    if (ahead(x, at, "<!--")) {
        end = find_word(x, at + 4, "-->");
        *next = end < x->end ? end + 3 : end;
        return form_add(&x->f, SCAN_BODY_VALUE, at + 4, end);
    }
    if (ahead(x, at, "<![CDATA[")) {
        end = find_word(x, at + 9, "]]>");
        *next = end < x->end ? end + 3 : end;
        return text(x, at + 9, end, true);
    }
    if (ahead(x, at, "<?")) {
        end = find_word(x, at + 2, "?>");
        *next = end < x->end ? end + 2 : end;
        return ahead(x, at, "<?xml ") ? RC_OK : form_add(&x->f, SCAN_BODY_VALUE, at + 2, end);
    }
    if (x->end - at >= 10 && !str_eq_nocase(form_str(&x->f, at, at + 10), STR("<!doctype ")))
        return RC_UNDECIDABLE;
    end = form_find(&x->f, at, x->end, ">[");
    *next = end + 1;
    /* Entities that a document declares could hold anything. */
    if (end < x->end && x->f.t.ptr[end] == '[')
        return RC_UNDECIDABLE;
    return x->f.strict ? form_add(&x->f, SCAN_BODY_VALUE, doctype_rest(x, at, end), end) : RC_OK;
}

static enum rc
markup(struct xml *x, size_t at, size_t *next)
{
    char c = at + 1 < x->end ? x->f.t.ptr[at + 1] : 0;

    *next = x->end;
    if (at + 1 == x->end)
        return RC_OK;
    if (c == '!' || c == '?')
        return declaration(x, at, next);
    if (c == '/') {
        size_t end = form_find(&x->f, at, x->end, ">"), from = at + 2, to = end;

        form_trim(&x->f, &from, &to);
        x->depth -= x->depth > 0;
        x->element = (struct str){"", 0};
        *next = end + 1;
        return is_name(form_str(&x->f, from, to), "") ? RC_OK : RC_UNDECIDABLE;
    }
    if (!ascii_alpha(c) && c != '_' && c != ':' && (unsigned char)c < 0x80)
        return RC_UNDECIDABLE;
    return open_tag(x, at + 1, next);
}

static enum rc
scan_text(const struct scan_in *in, struct scan_out *out, bool strict)
{
    struct xml x = {.f = form_of(in, out, strict), .end = in->text.len};
    size_t at = str_starts(in->text, STR("\xEF\xBB\xBF")) ? 3 : 0;
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    at = form_skip(&x.f, at, x.end, SPACE);
    if (at < x.end && in->text.ptr[at] != '<')
        return RC_UNDECIDABLE;
    while (at < x.end && rc == RC_OK) {
        size_t tag = form_find(&x.f, at, x.end, "<");

        rc = text(&x, at, tag, false);
        at = tag;
        if (rc == RC_OK && at < x.end)
            rc = markup(&x, tag, &at);
    }
    return rc;
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

static const char *const keys[] = {"http.request.body.content", "http.response.body.content", "rpc.request.body", "rpc.response.body", NULL};

const struct scanner scanner_xml = {
    .name = "xml",
    .title = "XML and SOAP: values of elements and attributes that announce a secret or personal value",
    .keys = keys,
    .kinds = BODY_KINDS,
    .part = true,
    .scan = scan,
};

const struct scanner scanner_xml_strict = {
    .name = "xml-strict",
    .title = "XML and SOAP: every text and attribute",
    .keys = keys,
    .kinds = BODY_KINDS,
    .part = true,
    .scan = scan_strict,
};
