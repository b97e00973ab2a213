#include <stdio.h>

#include "conf_int.h"

unsigned
conf_count(const struct conf_doc *doc)
{
    return doc->count;
}

const struct conf_node *
conf_root(const struct conf_doc *doc, unsigned i)
{
    return i < doc->count ? doc->roots[i] : NULL;
}

const char *
conf_file(const struct conf_doc *doc)
{
    return doc->file;
}

struct err_pos
conf_pos(const struct conf_doc *doc, const struct conf_node *n)
{
    struct err_pos pos = {.file = doc->file, .width = 1};

    if (!n)
        return pos;
    pos.line = n->line;
    pos.col = n->col;
    if (n->kind == CONF_SCALAR && !n->secret && n->text.len)
        pos.width = (unsigned)n->text.len + (n->quoted ? 2 : 0);
    return pos;
}

const struct conf_node *
conf_get(const struct conf_node *n, const char *key)
{
    struct str name = str_of(key);

    for (unsigned i = 0; n && n->kind == CONF_MAP && i < n->count; i++)
        if (str_eq(n->keys[i]->text, name))
            return n->items[i];
    return NULL;
}

/* What a person wrote, for a message: never the value of a secret, never all of a long text. */
static struct str
shown(const struct conf_node *n)
{
    if (n->secret)
        return STR("(secret)");
    return (struct str){n->text.ptr, n->text.len < 60 ? n->text.len : 60};
}

static enum rc
refuse_type(const struct conf_doc *doc, const struct conf_node *n, const char *wanted, struct errs *es)
{
    static const char *const kinds[] = {[CONF_NULL] = "nothing", [CONF_SCALAR] = "text", [CONF_LIST] = "a list", [CONF_MAP] = "a map"};

    if (n->kind == CONF_SCALAR)
        errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_TYPE, conf_pos(doc, n), "%s is wanted, not \"%.*s\"", wanted, (int)shown(n).len, shown(n).ptr);
    else
        errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_TYPE, conf_pos(doc, n), "%s is wanted, not %s", wanted, kinds[n->kind]);
    return RC_CONFIG;
}

enum rc
conf_map_check(const struct conf_doc *doc, const struct conf_node *n, const char *const *names, size_t count, struct errs *es)
{
    enum rc rc = RC_OK;

    if (!n)
        return RC_OK;
    if (n->kind != CONF_MAP)
        return refuse_type(doc, n, "a map", es);
    for (unsigned i = 0; i < n->count; i++) {
        struct str key = n->keys[i]->text;
        size_t k = 0;

        while (k < count && !str_eq(key, str_of(names[k])))
            k++;
        if (k < count)
            continue;
        struct err *e = errs_add(
            es, ERR_ERROR, RC_CONFIG, CONF_E_UNKNOWN_KEY, conf_pos(doc, n->keys[i]), "unknown key \"%.*s\"", (int)shown(n->keys[i]).len, key.ptr);

        if (str_eq(key, STR("<<")))
            err_hint(e, "maps are not merged; an alias stands for a whole value: tls: *mtls");
        else
            err_hint_nearest(e, key, names, count);
        rc = RC_CONFIG;
    }
    return rc;
}

static bool
plain_scalar(const struct conf_node *n)
{
    return n->kind == CONF_SCALAR && !n->quoted;
}

enum rc
conf_bool(const struct conf_doc *doc, const struct conf_node *n, bool *value, struct errs *es)
{
    if (!n)
        return RC_OK;
    bool yes = plain_scalar(n) && str_eq(n->text, STR("true"));

    if (!yes && !(plain_scalar(n) && str_eq(n->text, STR("false"))))
        return refuse_type(doc, n, "true or false", es);
    *value = yes;
    return RC_OK;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {{"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"B", 1}, {NULL, 0}};
static const struct unit no_units[] = {{NULL, 0}};

/* One number and its unit from the front of s. A number without a unit is good where bare says so, or when it is 0. */
static bool
take_part(struct str *s, const struct unit *units, bool bare, uint64_t *value)
{
    size_t digits = 0, end;
    uint64_t v;

    while (digits < s->len && s->ptr[digits] >= '0' && s->ptr[digits] <= '9')
        digits++;
    for (end = digits; end < s->len && !(s->ptr[end] >= '0' && s->ptr[end] <= '9');)
        end++;
    if (!str_to_u64(str_sub(*s, 0, digits), &v))
        return false;
    struct str name = str_sub(*s, digits, end);

    if (name.len == 0) {
        *value = v;
        *s = str_sub(*s, end, s->len);
        return bare || v == 0;
    }
    while (units->name && !str_eq(name, str_of(units->name)))
        units++;
    if (!units->name || __builtin_mul_overflow(v, units->factor, value))
        return false;
    *s = str_sub(*s, end, s->len);
    return true;
}

static bool
take_sum(struct str s, const struct unit *units, bool bare, unsigned parts, uint64_t *value)
{
    uint64_t sum = 0, part;

    if (s.len == 0)
        return false;
    for (unsigned i = 0; s.len; i++)
        if (i == parts || !take_part(&s, units, bare, &part) || __builtin_add_overflow(sum, part, &sum))
            return false;
    *value = sum;
    return true;
}

bool
conf_parse_duration_ms(struct str s, uint64_t *value)
{
    return take_sum(s, durations, false, 5, value);
}

bool
conf_parse_size(struct str s, uint64_t *value)
{
    return take_sum(s, sizes, true, 1, value);
}

struct range {
    uint64_t min, max;
    const char *unit;
};

static enum rc
check_range(const struct conf_doc *doc, const struct conf_node *n, uint64_t v, struct range range, struct errs *es)
{
    if (v >= range.min && v <= range.max)
        return RC_OK;
    struct err *e = errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_RANGE, conf_pos(doc, n), "%.*s is out of range", (int)shown(n).len, shown(n).ptr);

    if (range.max == UINT64_MAX)
        err_hint(e, "at least %llu%s", (unsigned long long)range.min, range.unit);
    else
        err_hint(e, "from %llu%s to %llu%s", (unsigned long long)range.min, range.unit, (unsigned long long)range.max, range.unit);
    return RC_CONFIG;
}

enum rc
conf_u64(const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es)
{
    uint64_t v;

    if (!n)
        return RC_OK;
    if (!plain_scalar(n) || !take_sum(n->text, no_units, true, 1, &v))
        return refuse_type(doc, n, "a whole number", es);
    enum rc rc = check_range(doc, n, v, (struct range){min, max, ""}, es);

    if (rc == RC_OK)
        *value = v;
    return rc;
}

enum rc
conf_duration_ms(const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es)
{
    uint64_t v;

    if (!n)
        return RC_OK;
    if (n->kind != CONF_SCALAR || !conf_parse_duration_ms(n->text, &v))
        return refuse_type(doc, n, "a duration such as 200ms, 5s or 1m30s", es);
    enum rc rc = check_range(doc, n, v, (struct range){min, max, "ms"}, es);

    if (rc == RC_OK)
        *value = v;
    return rc;
}

enum rc
conf_size(const struct conf_doc *doc, const struct conf_node *n, uint64_t min, uint64_t max, uint64_t *value, struct errs *es)
{
    uint64_t v;

    if (!n)
        return RC_OK;
    if (n->kind != CONF_SCALAR || !conf_parse_size(n->text, &v))
        return refuse_type(doc, n, "a size such as 16MiB, 64KiB or 512", es);
    enum rc rc = check_range(doc, n, v, (struct range){min, max, ""}, es);

    if (rc == RC_OK)
        *value = v;
    return rc;
}

enum rc
conf_text(const struct conf_doc *doc, const struct conf_node *n, struct str *value, struct errs *es)
{
    if (!n)
        return RC_OK;
    if (n->kind != CONF_SCALAR)
        return refuse_type(doc, n, "text", es);
    *value = n->text;
    return RC_OK;
}

enum rc
conf_choice(const struct conf_doc *doc, const struct conf_node *n, const char *const *names, size_t count, unsigned *value, struct errs *es)
{
    if (!n)
        return RC_OK;
    if (n->kind != CONF_SCALAR)
        return refuse_type(doc, n, "one word", es);
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(n->text, str_of(names[i])))
            continue;
        *value = (unsigned)i;
        return RC_OK;
    }
    struct err *e = errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_CHOICE, conf_pos(doc, n), "unknown value \"%.*s\"", (int)shown(n).len, shown(n).ptr);

    err_hint_nearest(e, n->text, names, count);
    return RC_CONFIG;
}
