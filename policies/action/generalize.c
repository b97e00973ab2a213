#include "generalize_int.h"

#include <arpa/inet.h>

#include "canonical_int.h"

#define YEAR_MAX 9999
#define WIDTH_MAX ((uint64_t)1 << 53) /* whole numbers that a double tells apart */

/* ---- reading ---- */

static const char *const dates[] = {[DATE_YEAR] = "year", [DATE_MONTH] = "month", [DATE_DAY] = "day", NULL};

static enum rc
read_ip(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t v4 = 24, v6 = 48;
    enum rc rc4 = conf_u64(env->doc, conf_get(arg, "ipv4_prefix"), 0, 31, &v4, env->es);
    enum rc rc6 = conf_u64(env->doc, conf_get(arg, "ipv6_prefix"), 0, 127, &v6, env->es);

    a->generalize.ipv4_prefix = (uint8_t)v4;
    a->generalize.ipv6_prefix = (uint8_t)v6;
    return rc4 != RC_OK || rc6 != RC_OK ? RC_CONFIG : RC_OK;
}

static enum rc
read_date(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    unsigned choice = 0;
    uint64_t year = 0;
    enum rc rc_to = conf_choice(env->doc, conf_get(arg, "date"), dates, 3, &choice, env->es);
    enum rc rc_year = conf_u64(env->doc, conf_get(arg, "not_before"), 1, YEAR_MAX, &year, env->es);

    a->generalize.date = (uint8_t)choice;
    a->generalize.not_before = (uint32_t)year;
    return rc_to != RC_OK || rc_year != RC_OK ? RC_CONFIG : RC_OK;
}

static enum rc
read_age(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t width = 5, top = 90; /* 45 CFR 164.514(b)(2)(i)(C): ages over 89 are one category */
    enum rc rc_width = conf_u64(env->doc, conf_get(arg, "age"), 1, 90, &width, env->es);
    enum rc rc_top = conf_u64(env->doc, conf_get(arg, "top"), 1, 90, &top, env->es);

    if (rc_width != RC_OK || rc_top != RC_OK)
        return RC_CONFIG;
    if (top % width)
        return action_refuse(env, conf_get(arg, "age"), "bands of ages must end where the top group begins: %d is no multiple", (int)top);
    a->generalize.width = width;
    a->generalize.top = (uint32_t)top;
    return RC_OK;
}

static bool
read_i64(struct str s, int64_t *value)
{
    bool minus = str_starts(s, STR("-"));
    uint64_t v;

    if (!str_to_u64(minus ? str_sub(s, 1, s.len) : s, &v) || v > WIDTH_MAX)
        return false;
    *value = minus ? -(int64_t)v : (int64_t)v;
    return true;
}

static enum rc
read_buckets(const struct action_env *env, const struct conf_node *n, struct action *a)
{
    if (n->kind != CONF_LIST || n->count == 0 || n->count > GENERAL_BUCKETS_MAX)
        return action_refuse(env, n, "buckets is a list of 1 to %d lower bounds", GENERAL_BUCKETS_MAX);
    int64_t *list = arena_calloc(env->ar, n->count, sizeof(*list));

    if (!list)
        return RC_NOMEM;
    for (unsigned i = 0; i < n->count; i++)
        if (n->items[i]->kind != CONF_SCALAR || !read_i64(n->items[i]->text, &list[i]) || (i && list[i] <= list[i - 1]))
            return action_refuse(env, n->items[i], "buckets are whole numbers in ascending order");
    a->generalize.buckets = list;
    a->generalize.bucket_count = n->count;
    return RC_OK;
}

static enum rc
read_number(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    const struct conf_node *number = conf_get(arg, "number"), *buckets = conf_get(arg, "buckets"), *digits = conf_get(arg, "digits");
    uint64_t width = 0, significant = 0;

    if ((number != NULL) + (buckets != NULL) + (digits != NULL) != 1)
        return action_refuse(env, arg, "number, buckets and digits exclude each other");
    enum rc rc_width = conf_u64(env->doc, number, 1, WIDTH_MAX, &width, env->es);
    enum rc rc_digits = conf_u64(env->doc, digits, 1, 9, &significant, env->es);

    a->generalize.width = width;
    a->generalize.digits = (uint8_t)significant;
    if (rc_width != RC_OK || rc_digits != RC_OK)
        return RC_CONFIG;
    return buckets ? read_buckets(env, buckets, a) : RC_OK;
}

static enum rc
read_coordinates(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t decimals = 2;
    enum rc rc = conf_u64(env->doc, conf_get(arg, "coordinates"), 0, 6, &decimals, env->es);

    a->generalize.digits = (uint8_t)decimals;
    return rc;
}

static enum rc
read_postal(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    uint64_t digits = 3;
    enum rc rc = conf_u64(env->doc, conf_get(arg, "postal"), 1, 3, &digits, env->es);

    a->generalize.postal = (uint8_t)digits;
    return rc;
}

static const struct kind {
    enum general what;
    const char *const names[4];
    size_t count;
    enum rc (*read)(const struct action_env *env, const struct conf_node *arg, struct action *a);
} kinds[] = {
    {GENERAL_IP, {"ipv4_prefix", "ipv6_prefix"}, 2, read_ip},
    {GENERAL_DATE, {"date", "not_before"}, 2, read_date},
    {GENERAL_AGE, {"age", "top"}, 2, read_age},
    {GENERAL_COORDINATES, {"coordinates"}, 1, read_coordinates},
    {GENERAL_NUMBER, {"number", "buckets", "digits"}, 3, read_number},
    {GENERAL_POSTAL, {"postal"}, 1, read_postal},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct conf_field generalize_fields[] = {
    {"ipv4_prefix", CONF_NUMBER, .min = 0, .max = 31, .doc = "Bits of an IPv4 address that stay"},
    {"ipv6_prefix", CONF_NUMBER, .min = 0, .max = 127, .doc = "Bits of an IPv6 address that stay"},
    {"date", CONF_WORD, .words = dates, .doc = "What stays of a date"},
    {"not_before", CONF_NUMBER, .min = 1, .max = YEAR_MAX, .doc = "With date: earlier years are one"},
    {"age", CONF_NUMBER, .min = 1, .max = 90, .doc = "Years of a band of ages"},
    {"top", CONF_NUMBER, .min = 1, .max = 90, .doc = "With age: from this age on there is one group"},
    {"coordinates", CONF_NUMBER, .min = 0, .max = 6, .doc = "Decimals that stay"},
    {"number", CONF_NUMBER, .min = 1, .max = WIDTH_MAX, .doc = "Width of a bucket"},
    {"buckets", CONF_ITEMS, .doc = "Lower bounds of buckets, whole numbers in ascending order"},
    {"digits", CONF_NUMBER, .min = 1, .max = 9, .doc = "Significant digits that stay"},
    {"postal", CONF_NUMBER, .min = 1, .max = 3, .doc = "Digits of a ZIP code that stay"},
    {0},
};
static const struct conf_shape generalize_shape = {"action_generalize", generalize_fields};

static enum rc
generalize_read(const struct action_env *env, const struct conf_node *arg, struct action *a)
{
    const struct kind *kind = NULL;

    if (arg && conf_shape_check(env->doc, arg, &generalize_shape, env->es) != RC_OK)
        return RC_CONFIG;
    for (size_t k = 0; k < KIND_COUNT; k++)
        for (size_t i = 0; i < kinds[k].count; i++) {
            if (!conf_get(arg, kinds[k].names[i]))
                continue;
            if (kind && kind != &kinds[k])
                return action_refuse(env, arg, "generalize is of one kind of value: %s and %s exclude each other", kind->names[0], kinds[k].names[0]);
            kind = &kinds[k];
        }
    kind = kind ? kind : &kinds[0];
    if (kind->what != GENERAL_IP && kind->what != GENERAL_NUMBER && !conf_get(arg, kind->names[0]))
        return action_refuse(env, arg, "%s belongs to %s", kind->names[1], kind->names[0]);
    a->generalize.what = (uint8_t)kind->what;
    return kind->read(env, arg, a);
}

/* ---- addresses ---- */

static void
clear_after(uint8_t *address, size_t size, unsigned prefix)
{
    for (size_t i = 0; i < size; i++) {
        unsigned bits = prefix > i * 8 ? prefix - (unsigned)i * 8 : 0;

        address[i] &= bits >= 8 ? 0xFF : (uint8_t)(0xFF00u >> bits);
    }
}

size_t
general_ip(const struct action *a, struct str value, char out[GENERAL_OUT_MAX])
{
    uint8_t address[16];
    size_t size = address_parse(value, address);

    if (size == 0)
        return 0;
    clear_after(address, size, size == 4 ? a->generalize.ipv4_prefix : a->generalize.ipv6_prefix);
    return inet_ntop(size == 4 ? AF_INET : AF_INET6, address, out, GENERAL_OUT_MAX) ? strlen(out) : 0;
}

static size_t
general(const struct action *a, struct str value, bool number, char text[GENERAL_OUT_MAX])
{
    size_t len = 0;

    switch ((enum general)a->generalize.what) {
    case GENERAL_IP:
        len = general_ip(a, value, text);
        break;
    case GENERAL_DATE:
        len = general_date(a, value, text);
        break;
    case GENERAL_AGE:
        len = general_age(a, value, number, text);
        break;
    case GENERAL_COORDINATES:
        len = general_coordinates(a, value, text);
        break;
    case GENERAL_NUMBER:
        len = general_number(a, value, text);
        break;
    case GENERAL_POSTAL:
        len = general_postal(a, value, text);
        break;
    }
    return len;
}

static enum rc
generalize_apply(const struct action *a, const struct action_in *in, struct arena *ar, struct str *out)
{
    char text[GENERAL_OUT_MAX];
    struct str value = in->value;
    size_t len = general(a, value, in->number, text);

    /* A match may have taken a bracket or a quotation mark with it; it stays. */
    while (len == 0 && value.len && value.ptr[value.len - 1] != '\0' && strchr(">\"')]},;.", value.ptr[value.len - 1])) {
        value.len--;
        len = general(a, value, in->number, text);
    }
    if (len == 0) {
        *out = STR(ACTION_UNDECIDABLE);
        return RC_OK;
    }
    char *p = arena_alloc(ar, len + in->value.len - value.len);

    if (!p)
        return RC_NOMEM;
    memcpy(p, text, len);
    memcpy(p + len, in->value.ptr + value.len, in->value.len - value.len);
    *out = (struct str){p, len + in->value.len - value.len};
    return RC_OK;
}

const struct action_type action_generalize = {
    .name = "generalize",
    .doc =
        "Put something coarser in place of the value: the network of an address, the year of a date, a band of ages, fewer decimals, the area of a "
        "postal code; what is no such value is redacted whole.",
    .argument = "{ipv4_prefix: 24, ipv6_prefix: 48} or {date: year, not_before: 1936} or {age: 5, top: 90} or {coordinates: 2} or {number: 100} or "
                "{buckets: [0, 18, 65]} or {digits: 2} or {postal: 3}",
    .shape = &generalize_shape,
    .partial = true,
    .read = generalize_read,
    .apply = generalize_apply,
};
