/*
 * User agents (RFC 9110 section 10.1.5): the names of products and systems stay with the number before the first dot; what tells one device from
 * another (model, build, serial number, language, minor versions) goes.
 */
#include "forms_int.h"

/* What a comment may say of a system without telling a device. */
static const char *const systems[] = {"linux", "x11", "u", "i", "n", "wv", "compatible", "mobile", "tablet", "tv", "macintosh", "iphone", "ipad",
    "ipod", "ipod touch", "khtml", "khtml, like gecko", "like gecko", "gecko", "linux x86_64", "linux i686", "linux aarch64", "linux armv7l",
    "linux armv8l", "linux armv81", "x86_64", "x64", "x86", "win64", "wow64", "arm64", "aarch64", "amd64", "i686", "arm", "armv7l", "android",
    "windows", "ubuntu", "fedora", "debian", "cros x86_64", "darwin", "win32", "macos", "ios", "windows phone", "freebsd", "openbsd", "tizen",
    "kaios", "ppc mac os x", "intel mac os x", "no_tls", "bot", "java", "node", "python", "go", "arch", "kde", "x86-64", "mingw64", "cygwin",
    "kubernetes", "amazon", NULL};

/* Names in front of a version: what follows them up to the first dot stays. */
static const char *const versioned[] = {"android", "windows nt", "intel mac os x", "mac os x", "cpu iphone os", "cpu os", "rv:", "msie", "trident/",
    "windows phone", "windows", "macos", "ios", "ipados", "tizen", "harmonyos", "openharmony", "cros x86_64", "linux", "darwin", "darwin/", "java",
    "ubuntu", "watchos", "tvos", NULL};

/* The end of the number before the first dot: 112 of 112.0.0.0, 10 of 10_15_7. */
static size_t
major_end(const struct form *f, size_t at, size_t end)
{
    return form_skip(f, at, end, "0123456789");
}

static bool
words_only(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_alpha(s.ptr[i]) && !byte_in(s.ptr[i], "-_. +"))
            return false;
    return true;
}

/* What follows a number that stays: "." and the rest of the version goes. */
static enum rc
add_minor(const struct form *f, size_t at, size_t end)
{
    size_t from = at < end && byte_in(f->t.ptr[at], "._") ? at + 1 : at;

    return form_add(f, SCAN_USER_AGENT_DETAIL, from, end);
}

/* One part of a comment, between semicolons. */
static enum rc
scan_detail(const struct form *f, size_t start, size_t end)
{
    form_trim(f, &start, &end);
    struct str s = form_str(f, start, end);

    if (s.len == 0 || word_in(s, systems) || str_starts(s, STR("+http")))
        return RC_OK;
    for (const char *const *v = versioned; *v; v++) {
        struct str name = str_of(*v);
        size_t number = start + name.len;

        if (s.len <= name.len || !str_eq_nocase(str_sub(s, 0, name.len), name))
            continue;
        number = form_skip(f, number, end, " ");
        size_t after = major_end(f, number, end);

        if (after == number || after - number > 3)
            continue;
        /* CPU iPhone OS 16_3 like Mac OS X */
        struct str rest = form_str(f, after, end);
        size_t like = str_find(rest, STR(" like Mac OS X")), stop = like == SIZE_MAX ? end : after + like;

        return add_minor(f, after, stop);
    }
    return form_add(f, SCAN_USER_AGENT_DETAIL, start, end);
}

/* From "(" to its ")", which is *at; comments may be nested. */
static enum rc
scan_comment(const struct form *f, size_t *at, size_t end)
{
    size_t from = *at + 1, i = from;
    unsigned depth = 1;
    enum rc rc = RC_OK;

    for (; i < end && rc == RC_OK; i++) {
        char c = f->t.ptr[i];

        depth += c == '(';
        depth -= c == ')';
        if (depth == 0)
            break;
        if (c == ';' && depth == 1) {
            rc = scan_detail(f, from, i);
            from = i + 1;
        }
    }
    *at = i < end ? i + 1 : end;
    return rc == RC_OK ? scan_detail(f, from, i) : rc;
}

/* name/version, or a word. */
static enum rc
scan_product(const struct form *f, size_t start, size_t end)
{
    size_t slash = form_find(f, start, end, "/");
    struct str name = form_str(f, start, slash);

    if (!words_only(name) && !(name.len <= 32 && name.len && ascii_alpha(name.ptr[0]) && !segment_identifies(name, STR(""))))
        return form_add(f, SCAN_USER_AGENT_DETAIL, start, end);
    if (slash == end)
        return RC_OK;
    size_t number = slash + 1 + (slash + 1 < end && byte_in(f->t.ptr[slash + 1], "vV")), after = major_end(f, number, end);

    /* Four digits are a year; more are a build or an id (Gecko/20100101). */
    if (after - number > 4)
        return form_add(f, SCAN_USER_AGENT_DETAIL, number, end);
    return add_minor(f, after, end);
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, false);
    size_t end = in->text.len, at = 0;
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    while (at < end && rc == RC_OK) {
        char c = in->text.ptr[at];

        if (c == '(') {
            rc = scan_comment(&f, &at, end);
        } else if (c == '[') { /* [FBAN/FBIOS;FBDV/...]: a list of details */
            size_t close = form_find(&f, at, end, "]");

            rc = form_add(&f, SCAN_USER_AGENT_DETAIL, at + 1, close);
            at = close < end ? close + 1 : end;
        } else if (byte_in(c, " \t\r\n,;)]")) {
            at++;
        } else {
            size_t to = form_find(&f, at, end, " \t\r\n([;");

            rc = scan_product(&f, at, to);
            at = to;
        }
    }
    return rc;
}

const struct scanner scanner_user_agent = {
    .name = "user-agent",
    .title = "User agents: products and main versions stay; model, build and serial number go",
    .keys = (const char *const[]){"user_agent.original", "http.user_agent", "http.request.header.user-agent", "http.request.header.user_agent",
        "rpc.request.metadata.user-agent", "browser.user_agent", NULL},
    .kinds = SCAN_SET(USER_AGENT_DETAIL),
    .scan = scan,
};
