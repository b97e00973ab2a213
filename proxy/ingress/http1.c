#include "http1.h"

#define EXT_MAX 1024u /* of all chunk extensions of a body; they are read over */
#define CHUNK_DIGITS_MAX 8u

enum rc
http1_head_end(struct str s, size_t *scanned, size_t *len)
{
    size_t i = *scanned;

    for (; i < s.len; i++) {
        char c = s.ptr[i];

        if (c != '\n' && c != '\r')
            continue;
        if (c == '\r' ? i + 1 < s.len && s.ptr[i + 1] != '\n' : i == 0 || s.ptr[i - 1] != '\r')
            return RC_MALFORMED;
        if (c == '\n' && i >= 3 && s.ptr[i - 2] == '\n') {
            *len = i + 1;
            return RC_OK;
        }
    }
    /* A CR at the end is seen again when its LF has come. */
    *scanned = s.len && s.ptr[s.len - 1] == '\r' ? s.len - 1 : s.len;
    return RC_AGAIN;
}

/* RFC 9110 section 5.6.2 */
static bool
token_char(char c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr(marks, c);
}

static bool
token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!token_char(s.ptr[i]))
            return false;
    return s.len > 0;
}

/* RFC 9110 section 5.5: visible, space, tab, bytes above 127. */
static bool
value_valid(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* Off the front of rest, without its CRLF. */
static struct str
line_take(struct str *rest)
{
    size_t end = str_find(*rest, STR("\r\n"));
    struct str line = end == SIZE_MAX ? *rest : str_sub(*rest, 0, end);

    *rest = end == SIZE_MAX ? STR("") : str_sub(*rest, end + 2, rest->len);
    return line;
}

static int
version_check(struct str v, struct http1_head *h)
{
    if (v.len != 8 || !str_starts(v, STR("HTTP/")) || v.ptr[6] != '.')
        return 400;
    if (str_eq(v, STR("HTTP/1.1")))
        h->keep_alive = true;
    else if (!str_eq(v, STR("HTTP/1.0")))
        return 505;
    return 200;
}

static int
target_check(struct str target, struct http1_head *h)
{
    size_t query;

    if (target.len > HTTP1_TARGET_MAX)
        return 414;
    /* Origin form only: the others are for proxies, and for guessing games between them. */
    if (target.len == 0 || target.ptr[0] != '/')
        return 400;
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.ptr[i] <= 0x20 || (unsigned char)target.ptr[i] >= 0x7f)
            return 400;
    query = str_find(target, STR("?"));
    h->path = query == SIZE_MAX ? target : str_sub(target, 0, query);
    return 200;
}

static int
request_line(struct str line, struct http1_head *h)
{
    size_t first = str_find(line, STR(" ")), last = line.len;
    int status;

    while (last > 0 && line.ptr[last - 1] != ' ')
        last--;
    if (first == SIZE_MAX || last < first + 2)
        return 400;
    h->method = str_sub(line, 0, first);
    if (!token(h->method))
        return 400;
    status = target_check(str_sub(line, first + 1, last - 1), h);
    return status == 200 ? version_check(str_sub(line, last, line.len), h) : status;
}

static enum http1_media
media_of(struct str value)
{
    size_t semicolon = str_find(value, STR(";"));
    struct str type = str_trim(semicolon == SIZE_MAX ? value : str_sub(value, 0, semicolon));

    if (str_eq_nocase(type, STR("application/x-protobuf")))
        return MEDIA_PROTOBUF;
    return str_eq_nocase(type, STR("application/json")) ? MEDIA_JSON : MEDIA_OTHER;
}

static void
connection_options(struct str value, struct http1_head *h)
{
    while (value.len) {
        size_t comma = str_find(value, STR(","));
        struct str option = str_trim(comma == SIZE_MAX ? value : str_sub(value, 0, comma));

        if (str_eq_nocase(option, STR("close")))
            h->keep_alive = false;
        value = comma == SIZE_MAX ? STR("") : str_sub(value, comma + 1, value.len);
    }
}

enum field { F_HOST, F_LENGTH, F_TRANSFER, F_TYPE, F_ENCODING, F_CONNECTION, F_EXPECT, F_OTHER };

static enum field
field_of(struct str name)
{
    static const char *const names[] = {"host", "content-length", "transfer-encoding", "content-type", "content-encoding", "connection", "expect"};

    for (unsigned i = 0; i < F_OTHER; i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return (enum field)i;
    return F_OTHER;
}

static int
field_take(enum field f, struct str value, struct http1_head *h)
{
    switch (f) {
    case F_LENGTH:
        h->has_length = str_to_u64(value, &h->length);
        return h->has_length ? 200 : 400;
    case F_TRANSFER:
        h->chunked = str_eq_nocase(value, STR("chunked"));
        return h->chunked ? 200 : 501; /* RFC 9112 section 6.1 */
    case F_TYPE:
        h->media = media_of(value);
        return 200;
    case F_ENCODING:
        h->encoding = value;
        return 200;
    case F_CONNECTION:
        connection_options(value, h);
        return 200;
    case F_EXPECT:
        h->expect_continue = str_eq_nocase(value, STR("100-continue"));
        return h->expect_continue ? 200 : 417;
    case F_HOST:
    case F_OTHER:
        return 200;
    }
    return 400;
}

/* seen: which of the fields that may come once have come. */
static int
field_line(struct str line, struct http1_head *h, unsigned *seen)
{
    size_t colon = str_find(line, STR(":"));
    struct str name, value;
    enum field f;

    /* A line that begins with a blank continues the one before (obsolete, RFC 9112 section 5.2); its name is no token. */
    if (colon == SIZE_MAX)
        return 400;
    name = str_sub(line, 0, colon);
    value = str_trim(str_sub(line, colon + 1, line.len));
    if (!token(name) || !value_valid(value))
        return 400;
    if (++h->fields > HTTP1_FIELDS_MAX)
        return 431;
    f = field_of(name);
    if (f != F_OTHER && f != F_CONNECTION && *seen & 1u << f)
        return 400;
    *seen |= 1u << f;
    return field_take(f, value, h);
}

/* RFC 9112 section 6.3 lets a server process Transfer-Encoding with Content-Length; it is how requests are smuggled. */
static int
framing_check(const struct http1_head *h, unsigned seen, bool version_1_0)
{
    if (h->chunked && (h->has_length || version_1_0))
        return 400;
    return version_1_0 || seen & 1u << F_HOST ? 200 : 400;
}

int
http1_head_parse(struct str head, struct http1_head *h)
{
    struct str rest = head, line = line_take(&rest);
    unsigned seen = 0;
    int status;
    bool version_1_0;

    *h = (struct http1_head){.encoding = STR("")};
    status = request_line(line, h);
    version_1_0 = str_ends(line, STR("HTTP/1.0"));
    while (status == 200 && (line = line_take(&rest)).len)
        status = field_line(line, h, &seen);
    return status == 200 ? framing_check(h, seen, version_1_0) : status;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum rc
size_char(struct http1_chunks *c, char in)
{
    int digit = hex_digit(in);

    if (digit >= 0) {
        c->left = c->left << 4 | (unsigned)digit;
        return ++c->digits <= CHUNK_DIGITS_MAX ? RC_AGAIN : RC_MALFORMED;
    }
    if (c->digits == 0 || (in != '\r' && in != ';'))
        return RC_MALFORMED;
    c->state = in == '\r' ? CHUNK_SIZE_LF : CHUNK_EXT;
    return RC_AGAIN;
}

static enum rc
ext_char(struct http1_chunks *c, char in)
{
    if (in == '\r') {
        c->state = CHUNK_SIZE_LF;
        return RC_AGAIN;
    }
    return value_valid((struct str){&in, 1}) && ++c->ext <= EXT_MAX ? RC_AGAIN : RC_MALFORMED;
}

/* The states that want one certain byte. */
static enum rc
mark_char(struct http1_chunks *c, char in)
{
    bool cr = c->state == CHUNK_DATA_CR || c->state == CHUNK_LAST_CR;

    if (in != (cr ? '\r' : '\n'))
        return RC_MALFORMED;
    switch (c->state) {
    case CHUNK_SIZE_LF:
        c->state = c->left ? CHUNK_DATA : CHUNK_LAST_CR;
        break;
    case CHUNK_DATA_CR:
        c->state = CHUNK_DATA_LF;
        break;
    case CHUNK_DATA_LF:
        c->state = CHUNK_SIZE;
        c->digits = 0;
        break;
    case CHUNK_LAST_CR:
        c->state = CHUNK_LAST_LF;
        break;
    case CHUNK_LAST_LF:
        c->state = CHUNK_DONE;
        break;
    case CHUNK_SIZE:
    case CHUNK_EXT:
    case CHUNK_DATA:
    case CHUNK_DONE:
        return RC_INTERNAL;
    }
    return RC_AGAIN;
}

enum rc
http1_chunks_read(struct http1_chunks *c, struct str *in, struct str *data)
{
    enum rc rc = RC_AGAIN;

    while (rc == RC_AGAIN && in->len && c->state != CHUNK_DONE) {
        char byte = in->ptr[0];

        if (c->state == CHUNK_DATA) {
            size_t n = in->len < c->left ? in->len : (size_t)c->left;

            *data = str_sub(*in, 0, n);
            *in = str_sub(*in, n, in->len);
            c->left -= n;
            c->state = c->left ? CHUNK_DATA : CHUNK_DATA_CR;
            return RC_OK;
        }
        *in = str_sub(*in, 1, in->len);
        if (c->state == CHUNK_SIZE)
            rc = size_char(c, byte);
        else if (c->state == CHUNK_EXT)
            rc = ext_char(c, byte);
        else
            rc = mark_char(c, byte);
    }
    return rc;
}
