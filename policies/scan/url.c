/*
 * URLs and references (RFC 3986), read tolerantly: whole, relative, without a scheme, several in one text, with broken escapes. What a component may
 * not hold does not end it: a reference goes to the next "scheme://" behind white space or a quote, or to the end of the text.
 */
#include "forms_int.h"

#define SEPARATORS " \t\r\n\"'`<>()[]{}|,"

/* Redacted by default by the semantic conventions (http spans, url.query): the case counts. */
static const char *const conventional[] = {
    "AWSAccessKeyId", "Signature", "sig", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", NULL};

/* Besides what name_classify knows: case is ignored. */
static const char *const ours[] = {"x-goog-credential", "code", "state", "key", "nonce", "ticket", "samlresponse", "samlrequest", "relaystate",
    "assertion", "hash", "hmac", "magic", "invite", "otp", "user", "uid", "code_verifier", "code_challenge", "login_hint", "id_token_hint", "q_email",
    "tel", "ip", "lat", "lon", "lng", NULL};

/* ---- pairs ---- */

static bool
conventional_name(struct str name)
{
    for (const char *const *n = conventional; *n; n++)
        if (str_eq(name, str_of(*n)))
            return true;
    return false;
}

static bool
secret_name(struct str raw, enum pair_kinds kinds)
{
    char buf[NAME_BYTES];
    struct str name = form_decode(raw, buf);

    if (name_is_secret(name))
        return true;
    return kinds == PAIRS_URL && (conventional_name(name) || word_in(name, ours));
}

/* One character through up to two rounds of percent escapes; *next is behind it. */
static char
escaped_char(struct str s, size_t at, size_t *next)
{
    size_t i = at;

    *next = at + 1;
    if (s.ptr[i] != '%')
        return s.ptr[i];
    while (i + 4 < s.len && s.ptr[i + 1] == '2' && s.ptr[i + 2] == '5')
        i += 2; /* encoded again: %252F */
    int high = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1, low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;

    if (low < 0)
        return '%';
    *next = i + 3;
    return (char)(high << 4 | low);
}

/* Whether an encoded text (a URL in a parameter) holds a pair with a secret name, or user and password. */
static bool
hides_secret(struct str s)
{
    size_t word = 0, next;
    unsigned slashes = 0; /* 3: behind "://", in an authority */
    bool encoded = false;

    for (size_t i = 0; i < s.len; i = next) {
        char c = escaped_char(s, i, &next);
        bool escape = next > i + 1;

        encoded |= escape;
        if ((c == '@' && slashes == 3 && encoded) || (c == '=' && escape && secret_name(str_sub(s, word, i), PAIRS_URL)))
            return true;
        slashes = c == ':' ? (slashes == 3 ? 3 : 1) : c == '/' ? (slashes == 3 ? 0 : slashes ? slashes + 1 : 0) : slashes == 3 ? 3 : 0;
        if (!ascii_alnum(c) && !byte_in(c, "._-[]%"))
            word = next;
    }
    return false;
}

static enum rc scan_reference(struct form *f, size_t start, size_t end);

static bool
mail_address(struct str s)
{
    char buf[NAME_BYTES];

    return str_find(form_decode(s, buf), STR("@")) != SIZE_MAX;
}

/* The value of a name that says nothing of it. */
static enum rc
plain_value(struct form *f, size_t start, size_t end, enum scan_kind kind)
{
    struct str v = form_str(f, start, end);
    size_t plain = 0;

    while (plain < v.len && (byte_alnum(v.ptr[plain]) || byte_in(v.ptr[plain], "-_.")))
        plain++;
    if (plain == v.len) /* nothing that could hold something else */
        return f->strict ? form_add(f, kind, start, end) : RC_OK;
    bool url = str_find(v, STR("://")) != SIZE_MAX || str_starts(v, STR("/"));

    if (f->strict || (url && f->depth + 1 >= FORM_DEPTH) || hides_secret(v))
        return form_add(f, kind, start, end);
    if (v.len && (byte_in(v.ptr[0], "{[<") || str_starts(v, STR("%7B")) || str_starts(v, STR("%7b")) || str_starts(v, STR("%5B%"))))
        return form_add(f, kind, start, end); /* a body, escaped: not read further */
    if (kind == SCAN_URL_QUERY_VALUE && mail_address(v) && !url)
        return form_add(f, kind, start, end);
    if (!url)
        return RC_OK;
    f->depth++;
    enum rc rc = scan_reference(f, start, end);

    f->depth--;
    return rc;
}

static enum rc
scan_pair(struct form *f, size_t start, size_t end, enum pair_kinds kinds)
{
    enum scan_kind plain = kinds == PAIRS_URL ? SCAN_URL_QUERY_VALUE : SCAN_BODY_VALUE;
    enum scan_kind secret = kinds == PAIRS_URL ? SCAN_URL_QUERY_SECRET : SCAN_BODY_SECRET;
    struct str pair = form_str(f, start, end);
    size_t equals = str_find(pair, STR("=")), value = equals + 1;

    if (equals == SIZE_MAX) { /* token%3Dabc, or a token alone */
        equals = str_find_nocase(pair, STR("%3d"));
        value = equals + 3;
    }
    if (equals == SIZE_MAX)
        return segment_identifies(pair, STR("")) ? form_add(f, plain, start, end) : RC_OK;
    if (secret_name(str_sub(pair, 0, equals), kinds))
        return form_add(f, secret, start + value, end);
    return plain_value(f, start + value, end, plain);
}

enum rc
form_pairs(struct form *f, size_t start, size_t end, const char *separators, enum pair_kinds kinds)
{
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        size_t to = form_find(f, at, end, separators);

        rc = scan_pair(f, at, to, kinds);
        at = to + 1;
    }
    return rc;
}

/* ---- paths ---- */

/* host, host:8080: how a reference without a scheme may begin. */
static bool
is_host(struct str s)
{
    size_t colon = str_find(s, STR(":")), end = colon == SIZE_MAX ? s.len : colon;
    bool dot = false;
    uint64_t port;

    if (colon != SIZE_MAX && (!str_to_u64(str_sub(s, colon + 1, s.len), &port) || port > 65535))
        return false;
    for (size_t i = 0; i < end; i++) {
        if (!ascii_alnum(s.ptr[i]) && !byte_in(s.ptr[i], ".-_"))
            return false;
        dot |= s.ptr[i] == '.' && i > 0 && i + 1 < end;
    }
    return end > 0 && (dot || colon != SIZE_MAX);
}

/* ;jsessionid=x of a segment. */
static enum rc
scan_parameters(struct form *f, size_t start, size_t end)
{
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK;) {
        size_t to = form_find(f, at, end, ";");
        size_t equals = form_find(f, at, to, "=");

        if (equals < to)
            rc = form_add(f, SCAN_URL_PARAMETER, equals + 1, to);
        else if (segment_identifies(form_str(f, at, to), STR("")))
            rc = form_add(f, SCAN_URL_PARAMETER, at, to);
        at = to + 1;
    }
    return rc;
}

/* One segment without its parameters. dt=2024-01-01 is a value with a name. */
static enum rc
scan_segment(struct form *f, size_t start, size_t end, struct str before)
{
    struct str s = form_str(f, start, end);
    size_t equals = str_find(s, STR("="));

    if (equals != SIZE_MAX && equals > 0 && equals < 40 && form_skip(f, start + equals, end, "=") < end) {
        bool secret = secret_name(str_sub(s, 0, equals), PAIRS_URL);

        if (secret || segment_identifies(str_sub(s, equals + 1, s.len), STR("")))
            return form_add(f, SCAN_URL_PATH_ID, start + equals + 1, end);
        return RC_OK;
    }
    return segment_identifies(s, before) ? form_add(f, SCAN_URL_PATH_ID, start, end) : RC_OK;
}

static bool
home_folder(struct str before, struct str s)
{
    static const char *const shared[] = {"shared", "public", "runner", "app", "default", "ubuntu", "node", "vscode", "circleci", "ec2-user", NULL};

    return (str_eq(before, STR("home")) || str_eq(before, STR("Users"))) && !word_in(s, shared);
}

static size_t
word_end(const struct form *f, size_t at, size_t end)
{
    while (at < end && ((unsigned char)(f->t.ptr[at] - 'a') < 26 || f->t.ptr[at] == '-' || f->t.ptr[at] == '_'))
        at++;
    return at;
}

static enum rc
scan_path(struct form *f, size_t start, size_t end, bool file)
{
    struct str before = {"", 0};
    enum rc rc = RC_OK;

    for (size_t at = start; at <= end && rc == RC_OK;) {
        size_t word = word_end(f, at, end);

        /* Most segments are short words. */
        if (!file && word - at < 16 && (word == end || f->t.ptr[word] == '/')) {
            before = form_str(f, at, word);
            at = word + 1;
            continue;
        }
        size_t to = form_find(f, word, end, "/"), semi = form_find(f, at, to, ";");
        size_t from = form_skip(f, at, semi, SEPARATORS);
        size_t stop = semi;

        while (stop > from && byte_in(f->t.ptr[stop - 1], SEPARATORS) && !byte_in(f->t.ptr[stop - 1], "}])>"))
            stop--;
        struct str s = form_str(f, from, stop);

        /* {id} and <int:id> begin with what separates references in prose. */
        bool kind = s.len == 0 || form_masked(form_str(f, at, semi));

        if (!kind && file && home_folder(before, s))
            rc = form_add(f, SCAN_URL_PATH_ID, from, stop);
        else if (!kind)
            rc = scan_segment(f, from, stop, before);
        if (rc == RC_OK && semi < to)
            rc = scan_parameters(f, semi + 1, to);
        before = s;
        at = to + 1;
    }
    return rc;
}

/* ---- references ---- */

static size_t
last_sign(const struct form *f, size_t from, size_t end)
{
    size_t at = from;

    for (size_t i = from; i < end; i++)
        if (f->t.ptr[i] == '@')
            at = i;
    return at;
}

#define QUOTES_AND_SPACE " \t\r\n\"'`<>"

/*
 * Where the user information of an authority ends (at its last @); ${from} when there is none. In the DSN of a database, and where no port could stand,
 * a password is taken to hold / ? # or a space that somebody forgot to encode.
 */
static size_t
userinfo_end(const struct form *f, size_t from, size_t end, bool web)
{
    if (form_find(f, from, end, "@") == end)
        return from;
    size_t stop = form_find(f, from, end, "/?#\\" QUOTES_AND_SPACE);
    size_t sign = last_sign(f, from, stop), colon = form_find(f, from, form_find(f, from, stop, "@"), ":");

    if (colon == stop || (sign > from && (web || colon > sign)) || f->t.ptr[colon] != ':' || f->t.ptr[from] == '[')
        return sign;
    if (sign == from && form_skip(f, colon + 1, stop, "0123456789,") == stop)
        return from;
    size_t wide = last_sign(f, from, form_find(f, from, end, QUOTES_AND_SPACE));

    return wide > from ? wide : last_sign(f, from, end);
}

/* Behind "//": user information and host. *at is left where the path, the query, or a list of properties begins. */
static enum rc
scan_authority(struct form *f, size_t *at, size_t end, bool web)
{
    size_t from = *at, to = userinfo_end(f, from, end, web);
    enum rc rc = RC_OK;

    if (to > from && !str_eq(form_str(f, from, to), STR("git")))
        rc = form_add(f, SCAN_URL_USERINFO, from, to);
    to = to > from ? to + 1 : from;
    *at = form_find(f, to, end, "/?#;" QUOTES_AND_SPACE);
    return rc;
}

/* Properties behind the host (jdbc:sqlserver://h;user=x;password=y). */
static enum rc
scan_properties(struct form *f, size_t *at, size_t end)
{
    size_t from = *at;

    if (from == end || f->t.ptr[from] != ';')
        return RC_OK;
    *at = end; /* a password may hold / ? # here too */
    return form_pairs(f, from + 1, end, ";", PAIRS_URL);
}

static bool
opaque_scheme(struct str s)
{
    static const char *const schemes[] = {
        "mailto", "tel", "sms", "smsto", "data", "callto", "sip", "sips", "xmpp", "im", "javascript", "facetime", NULL};

    return word_in(s, schemes);
}

static bool
web_scheme(struct str s)
{
    static const char *const schemes[] = {"", "http:", "https:", "ws:", "wss:", "file:", "s3:", "gs:", "grpc:", "git:", "ssh:", "git+ssh:", NULL};

    return word_in(s, schemes);
}

/* The length of "scheme:" or of several (jdbc:mysql:) at ${at}; 0 when none is there. */
static size_t
scheme_end(const struct form *f, size_t at, size_t end)
{
    size_t i = at;

    if (i == end || !ascii_alpha(f->t.ptr[i]))
        return at;
    while (i < end && i - at < 64 && (byte_alnum(f->t.ptr[i]) || byte_in(f->t.ptr[i], "+.-:_")))
        i++;
    while (i > at && f->t.ptr[i - 1] != ':')
        i--;
    return i;
}

static bool
ahead(const struct form *f, size_t at, size_t end, const char *word)
{
    return str_starts(form_str(f, at, end), str_of(word));
}

/* jdbc:oracle:thin:user/password@//host:1521/service */
static enum rc
scan_oracle(struct form *f, size_t at, size_t end, size_t *rest)
{
    size_t sign = form_find(f, at, end, "@ \t\r\n");

    *rest = end;
    return sign < end && f->t.ptr[sign] == '@' ? form_add(f, SCAN_URL_USERINFO, at, sign) : RC_OK;
}

static enum rc
scan_fragment(struct form *f, size_t start, size_t end)
{
    size_t query;

    if (start < end && byte_in(f->t.ptr[start], "/!")) { /* the route of a page that routes by itself */
        query = form_find(f, start, end, "?");
        enum rc rc = scan_path(f, start, query, false);

        return rc == RC_OK && query < end ? form_pairs(f, query + 1, end, "&;", PAIRS_URL) : rc;
    }
    if (form_find(f, start, end, "=") < end || str_find_nocase(form_str(f, start, end), STR("%3d")) != SIZE_MAX)
        return form_pairs(f, start, end, "&;?", PAIRS_URL);
    return segment_identifies(form_str(f, start, end), STR("")) ? form_add(f, SCAN_URL_PATH_ID, start, end) : RC_OK;
}

/* Path, query and fragment. */
static enum rc
scan_rest(struct form *f, size_t start, size_t end, bool file)
{
    size_t query = form_find(f, start, end, "?#");
    size_t fragment = form_find(f, query, end, "#");
    enum rc rc = scan_path(f, start, query, file);

    if (rc == RC_OK && query < fragment)
        rc = form_pairs(f, query + 1, fragment, "&;?", PAIRS_URL);
    if (rc == RC_OK && fragment < end)
        rc = scan_fragment(f, fragment + 1, end);
    return rc;
}

/* Skip what stands before a reference: "GET " of a span name, brackets and quotes. */
static size_t
skip_method(const struct form *f, size_t at, size_t end)
{
    size_t i = at;

    while (i < end && i - at < 12 && f->t.ptr[i] >= 'A' && f->t.ptr[i] <= 'Z')
        i++;
    return i > at + 2 && i < end && f->t.ptr[i] == ' ' ? form_skip(f, i, end, " ") : at;
}

static enum rc
scan_reference(struct form *f, size_t start, size_t end)
{
    size_t at = skip_method(f, form_skip(f, start, end, " \t\r\n\"'`<(["), end), after = scheme_end(f, at, end), first, begin = at;
    bool file = ahead(f, at, end, "file:");
    enum rc rc = RC_OK;

    if (after > at && ahead(f, at, after, "jdbc:oracle:thin:")) {
        rc = scan_oracle(f, after, end, &at);
    } else if (after > at && opaque_scheme(form_str(f, at, after - 1))) {
        size_t query = form_find(f, after, end, "?");

        rc = form_add(f, SCAN_URL_PATH_ID, after, query);
        at = query;
    } else if (ahead(f, after, end, "//")) {
        at = after + 2;
        rc = scan_authority(f, &at, end, web_scheme(form_str(f, begin, after)));
        if (rc == RC_OK)
            rc = scan_properties(f, &at, end);
    } else if ((first = form_find(f, at, end, "/?#")) > at && is_host(form_str(f, at, first))) {
        at = first;
    }
    return rc == RC_OK ? scan_rest(f, at, end, file) : rc;
}

/* ---- texts ---- */

/* Where the next "scheme://" behind a separator begins, after ${at}; ${end} when there is none. */
static size_t
next_reference(const struct form *f, size_t at, size_t end)
{
    for (size_t from = at, sign; (sign = form_find(f, from, end, ":")) < end;) {
        size_t begin = sign;

        from = sign + 1;
        if (!starts_word(form_str(f, from, end), "//"))
            continue;

        while (begin > at && begin + 64 > sign && (byte_alnum(f->t.ptr[begin - 1]) || byte_in(f->t.ptr[begin - 1], "+.-:_")))
            begin--;
        if (begin > at && begin < sign && byte_in(f->t.ptr[begin - 1], SEPARATORS))
            return begin;
    }
    return end;
}

static enum rc
scan_references(struct form *f)
{
    enum rc rc = RC_OK;

    for (size_t at = 0; at < f->t.len && rc == RC_OK;) {
        size_t end = next_reference(f, at, f->t.len), to = end;

        while (to > at && byte_in(f->t.ptr[to - 1], " \t\r\n\"'`<>),|"))
            to--;
        rc = scan_reference(f, at, to);
        at = end;
    }
    return rc;
}

static bool
has_control(struct str s)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    unsigned found = 0;
    size_t from = 0;

    /* Eight at a time as long as none is below space, or 0x7F. */
    for (uint64_t v; from + 8 <= s.len; from += 8) {
        memcpy(&v, s.ptr + from, 8);
        uint64_t del = v ^ ones * 0x7F;

        if (((v - ones * 0x20) & ~v & high) || ((del - ones) & ~del & high))
            break;
    }
    for (size_t i = from; i < s.len; i++) {
        unsigned c = (unsigned char)s.ptr[i];

        found |= (unsigned)(c < 0x20) & (unsigned)(c != '\t') & (unsigned)(c != '\r') & (unsigned)(c != '\n');
        found |= (unsigned)(c == 0x7F);
    }
    return found != 0;
}

/* The name of a span is one only when a path stands in it. */
static bool
no_reference(const struct scan_in *in)
{
    return str_eq(in->key, STR("span.name")) && form_find(&(struct form){.t = in->text}, 0, in->text.len, "/") == in->text.len;
}

static enum rc
scan_text(const struct scan_in *in, struct scan_out *out, bool strict)
{
    struct form f = form_of(in, out, strict);
    size_t from = in->text.len && byte_in(in->text.ptr[0], "?#");

    if (form_replaced(in->text) || no_reference(in))
        return RC_OK;
    if (has_control(in->text))
        return RC_UNDECIDABLE;
    if (str_ends(in->key, STR("query")))
        return form_pairs(&f, from, in->text.len, "&;?", PAIRS_URL);
    if (str_ends(in->key, STR("fragment")))
        return scan_fragment(&f, from, in->text.len);
    return scan_references(&f);
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

static const char *const keys[] = {"url.full", "url.original", "url.path", "url.query", "url.fragment", "http.url", "http.target", "http.route",
    "http.request.header.referer", "http.request.header.origin", "http.response.header.location", "http.request.header.location",
    "http.response.header.content-location", "http.response.header.content_location", "span.name", NULL};

const struct scanner scanner_url = {
    .name = "url",
    .title = "URLs: user and password, values of listed parameters, ids in paths, fragments",
    .keys = keys,
    .kinds = URL_KINDS,
    .scan = scan,
};

const struct scanner scanner_url_strict = {
    .name = "url-strict",
    .title = "URLs: every value of a query as well",
    .keys = keys,
    .kinds = URL_KINDS,
    .part = true,
    .scan = scan_strict,
};
