/*
 * W3C Trace Context, tracestate: key=value members, at most 32. Values are opaque, so they go; those of the specification of OpenTelemetry (ot=th:...;rv:...)
 * and a sample rate of Elastic (es=s:...) are known to hold nothing but sampling. What remains is a valid tracestate: a member that breaks the syntax
 * goes together with the value before it.
 */
#include "forms_int.h"

#define MEMBERS_MAX 32 /* W3C Trace Context section 3.3.1.1 */

static bool
key_valid(struct str s)
{
    bool valid = s.len > 0 && s.len <= 256;

    for (size_t i = 0; i < s.len && valid; i++) {
        char c = s.ptr[i];

        valid = (c >= 'a' && c <= 'z') || ascii_digit(c) || (i > 0 && byte_in(c, "_-*/@"));
    }
    return valid;
}

static bool
value_valid(struct str s)
{
    bool valid = s.len > 0;

    for (size_t i = 0; i < s.len && valid; i++)
        valid = s.ptr[i] >= 0x20 && s.ptr[i] < 0x7F && s.ptr[i] != ',' && s.ptr[i] != '=';
    return valid;
}

/* th:8;rv:0123456789abcd, s:0.5: one field after the other, of known names and of few digits. */
static bool
only_sampling(struct str key, struct str value)
{
    static const char *const ot[] = {"th", "rv", "p", "r", NULL}, *const es[] = {"s", NULL};
    const char *const *names = str_eq(key, STR("ot")) ? ot : str_eq(key, STR("es")) ? es : NULL;

    for (size_t at = 0; names && at <= value.len;) {
        struct str rest = str_sub(value, at, value.len);
        size_t end = str_find(rest, STR(";")), colon = str_find(rest, STR(":"));

        end = end == SIZE_MAX ? rest.len : end;
        if (colon >= end || !str_in_list(str_sub(rest, 0, colon), names) || end - colon > 15)
            return false;
        for (size_t i = colon + 1; i < end; i++)
            if (hex_value(rest.ptr[i]) < 0 && rest.ptr[i] != '.')
                return false;
        at += end + 1;
    }
    return names != NULL && value.len > 0;
}

struct members {
    const struct form *f;
    size_t start, end; /* of the last value, which is not reported yet; SIZE_MAX: there was none */
    bool keep;
    size_t count;
};

static enum rc
flush(struct members *m)
{
    return m->start == SIZE_MAX || m->keep ? RC_OK : form_add(m->f, SCAN_TRACESTATE_VALUE, m->start, m->end);
}

/* A list-member; false: it breaks the syntax, or is one too many. */
static bool
member_valid(const struct members *m, size_t start, size_t end, size_t *equals)
{
    *equals = form_find(m->f, start, end, "=");
    return *equals < end && m->count < MEMBERS_MAX && key_valid(form_str(m->f, start, *equals)) && value_valid(form_str(m->f, *equals + 1, end));
}

static enum rc
scan_member(struct members *m, size_t start, size_t end)
{
    size_t equals;

    form_trim(m->f, &start, &end);
    if (start == end)
        return RC_OK; /* members may be empty */
    if (!member_valid(m, start, end, &equals)) {
        if (m->start == SIZE_MAX)
            return RC_UNDECIDABLE;
        m->end = end;
        m->keep = false;
        return RC_OK;
    }
    enum rc rc = flush(m);

    m->start = equals + 1;
    m->end = end;
    m->keep = only_sampling(form_str(m->f, start, equals), form_str(m->f, m->start, end));
    m->count++;
    return rc;
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, false);
    struct members m = {.f = &f, .start = SIZE_MAX};
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    for (size_t at = 0; at < in->text.len && rc == RC_OK;) {
        size_t to = form_find(&f, at, in->text.len, ",");

        rc = scan_member(&m, at, to);
        at = to + 1;
    }
    return rc == RC_OK ? flush(&m) : rc;
}

const struct scanner scanner_tracestate = {
    .name = "tracestate",
    .title = "W3C tracestate: values of vendors go, sampling of OpenTelemetry and Elastic stays",
    .keys = (const char *const[]){"span.trace_state", "spanlink.trace_state", "http.request.header.tracestate", "http.response.header.tracestate",
        "rpc.request.metadata.tracestate", "messaging.header.tracestate", NULL},
    .kinds = SCAN_SET(TRACESTATE_VALUE),
    .scan = scan,
};
