/* Cookie and Set-Cookie (RFC 6265 section 4): names stay, values go, attributes that browsers need stay. */
#include "forms_int.h"

static const char *const attributes[] = {"path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "partitioned", "priority",
    "version", "$version", "$path", "$domain", NULL};

/* Where a pair ends: at a semicolon or a new line that is not in quotes. */
static size_t
pair_end(const struct form *f, size_t start, size_t end)
{
    size_t equals = form_find(f, start, end, "=;\r\n"), quote;

    if (equals + 1 < end && f->t.ptr[equals] == '=' && f->t.ptr[equals + 1] == '"') {
        quote = form_find(f, equals + 2, end, "\"\r\n");
        size_t after = form_skip(f, quote < end ? quote + 1 : end, end, " \t");

        if (quote < end && f->t.ptr[quote] == '"' && (after == end || byte_in(f->t.ptr[after], ";,\r\n")))
            return form_find(f, after, end, ";\r\n");
    }
    return form_find(f, start, end, ";\r\n");
}

/* Set-Cookie headers that were joined: where ", name=" begins in a pair, or its end. */
static size_t
joined(const struct form *f, size_t start, size_t end)
{
    for (size_t comma = form_find(f, start, end, ","); comma < end; comma = form_find(f, comma + 1, end, ",")) {
        size_t name = form_skip(f, comma + 1, end, " \t"), i = name;

        while (i < end && (ascii_alnum(f->t.ptr[i]) || byte_in(f->t.ptr[i], "!#$%&'*+-.^_`|~")))
            i++;
        if (i > name && i < end && f->t.ptr[i] == '=')
            return comma;
        comma = i > comma + 1 ? i - 1 : comma;
    }
    return end;
}

static enum rc
scan_pair(const struct form *f, size_t start, size_t end, bool attribute)
{
    form_trim(f, &start, &end);
    size_t equals = form_find(f, start, end, "="), value = equals < end ? equals + 1 : start, name_end = equals;

    if (equals == end && attribute && word_in(form_str(f, start, end), attributes))
        return RC_OK;
    form_trim(f, &value, &end);
    while (equals < end && name_end > start && byte_in(f->t.ptr[name_end - 1], " \t"))
        name_end--;
    if (attribute && equals < end && word_in(form_str(f, start, name_end), attributes))
        return RC_OK;
    if (end > value + 1 && f->t.ptr[value] == '"' && f->t.ptr[end - 1] == '"') {
        value++;
        end--;
    }
    return form_add(f, SCAN_COOKIE_VALUE, value, end);
}

static bool
holds(struct str s, const char *word)
{
    return str_find_nocase(s, str_of(word)) != SIZE_MAX;
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, false);
    bool set = holds(in->key, "set-cookie") || holds(in->key, "set_cookie") || holds(in->key, "response");
    size_t at = 0, end = 0;
    bool first = true;
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    if (str_eq_nocase(str_sub(in->text, 0, in->text.len < 11 ? 0 : 11), STR("set-cookie:"))) {
        set = true;
        at = 11;
    } else if (str_eq_nocase(str_sub(in->text, 0, in->text.len < 7 ? 0 : 7), STR("cookie:"))) {
        at = 7;
    }
    end = at;
    while (at < in->text.len && rc == RC_OK) {
        if (at >= end)
            end = pair_end(&f, at, in->text.len);
        size_t stop = set ? joined(&f, at, end) : end;

        rc = scan_pair(&f, at, stop, set && !first);
        first = stop < end || (end < in->text.len && in->text.ptr[end] != ';');
        at = stop + 1;
    }
    return rc;
}

const struct scanner scanner_cookies = {
    .name = "cookies",
    .title = "Cookies: names and attributes stay, values go",
    .keys = (const char *const[]){"http.request.header.cookie", "http.response.header.set-cookie", "http.response.header.set_cookie",
        "rpc.request.metadata.cookie", "rpc.response.metadata.set-cookie", "http.request.cookies", "http.request.cookie.*", "http.cookies", NULL},
    .kinds = SCAN_SET(COOKIE_VALUE),
    .part = true,
    .scan = scan,
};
