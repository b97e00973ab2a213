/* W3C Baggage: key=value;property=value,...: keys stay, values of members and of their properties go. One member may also stand under a key of its own. */
#include "forms_int.h"

/* ${start} to ${end} is "name=value", or a name alone, which a property may be and a member may not. */
static enum rc
scan_value(const struct form *f, size_t start, size_t end, bool member)
{
    size_t equals = form_find(f, start, end, "="), value = equals + 1;

    if (equals == end) {
        form_trim(f, &start, &end);
        return member || segment_identifies(form_str(f, start, end), STR("")) ? form_add(f, SCAN_BAGGAGE_VALUE, start, end) : RC_OK;
    }
    form_trim(f, &value, &end);
    return form_add(f, SCAN_BAGGAGE_VALUE, value, end);
}

static enum rc
scan_member(const struct form *f, size_t start, size_t end)
{
    bool member = true;
    enum rc rc = RC_OK;

    for (size_t at = start; at < end && rc == RC_OK; member = false) {
        size_t to = form_find(f, at, end, ";");

        rc = scan_value(f, at, to, member);
        at = to + 1;
    }
    return rc;
}

/* baggage.user_id holds a value; baggage, and the header, hold members. */
static bool
holds_one_value(struct str key)
{
    return str_starts(key, STR("baggage.")) || str_starts(key, STR("baggage/"));
}

static enum rc
scan(const struct scan_in *in, struct scan_out *out)
{
    struct form f = form_of(in, out, false);
    enum rc rc = RC_OK;

    if (form_replaced(in->text))
        return RC_OK;
    if (holds_one_value(in->key))
        return form_add(&f, SCAN_BAGGAGE_VALUE, 0, in->text.len);
    for (size_t at = 0; at < in->text.len && rc == RC_OK;) {
        size_t to = form_find(&f, at, in->text.len, ",\r\n");

        rc = scan_member(&f, at, to);
        at = to + 1;
    }
    return rc;
}

const struct scanner scanner_baggage = {
    .name = "baggage",
    .title = "W3C baggage: keys stay, values go",
    .keys = (const char *const[]){"baggage", "baggage.*", "http.request.header.baggage", "http.response.header.baggage",
        "rpc.request.metadata.baggage", "messaging.header.baggage", NULL},
    .kinds = SCAN_SET(BAGGAGE_VALUE),
    .scan = scan,
};
