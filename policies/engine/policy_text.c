#include <stdarg.h>
#include <stdio.h>

#include "loader_int.h"

static struct err *add(struct loader *ld, enum err_level level, const struct conf_node *n, enum policy_code code, const char *fmt, va_list ap)
    PRINTF_LIKE(5, 0);

static struct err *
add(struct loader *ld, enum err_level level, const struct conf_node *n, enum policy_code code, const char *fmt, va_list ap)
{
    struct err_pos pos = n ? conf_pos(ld->doc, n) : (struct err_pos){.file = conf_file(ld->doc)};
    char text[300];

    vsnprintf(text, sizeof(text), fmt, ap);
    return errs_add(ld->es, level, RC_CONFIG, (unsigned)code, pos, "%s", text);
}

struct err *
policy_error(struct loader *ld, const struct conf_node *n, enum policy_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    struct err *e = add(ld, ERR_ERROR, n, code, fmt, ap);

    va_end(ap);
    return e;
}

struct err *
policy_warning(struct loader *ld, const struct conf_node *n, enum policy_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    struct err *e = add(ld, ERR_WARNING, n, code, fmt, ap);

    va_end(ap);
    return e;
}

bool
policy_map_check(struct loader *ld, const struct conf_node *n, const struct conf_shape *shape)
{
    return conf_shape_check(ld->doc, n, shape, ld->es) == RC_OK;
}

void *
policy_alloc(struct loader *ld, size_t count, size_t size)
{
    void *p = arena_calloc(ld->prog->ar, count ? count : 1, size);

    if (!p)
        ld->fatal = RC_NOMEM;
    return p;
}

struct str
policy_dup(struct loader *ld, struct str s)
{
    char *p = policy_alloc(ld, s.len + 1, 1);

    if (!p)
        return STR("");
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return (struct str){p, s.len};
}

struct str
policy_dup_lower(struct loader *ld, struct str s)
{
    char *p = policy_alloc(ld, s.len + 1, 1);

    if (!p)
        return STR("");
    for (size_t i = 0; i < s.len; i++)
        p[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
    return (struct str){p, s.len};
}

struct str
policy_name(struct loader *ld, const struct conf_node *n, const char *what)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
    struct str s = STR("");

    if (conf_text(ld->doc, n, &s, ld->es) != RC_OK || !n)
        return STR("");
    bool ok = s.len >= 1 && s.len <= 64;

    for (size_t i = 0; i < s.len; i++)
        ok &= s.ptr[i] != '\0' && strchr(good, s.ptr[i]) != NULL;
    if (!ok) {
        policy_error(ld, n, SG_NAME, "%s must be 1 to 64 letters, digits, '.', '_', '/' or '-'", what);
        return STR("");
    }
    return policy_dup(ld, s);
}

size_t
policy_texts(struct loader *ld, const struct conf_node *n, const char *what, struct str **list)
{
    size_t count = 0;

    if (!n)
        return 0;
    if (n->kind != CONF_SCALAR && (n->kind != CONF_LIST || n->count == 0)) {
        policy_error(ld, n, SG_MISSING, "%s must be one text or a list of at least one", what);
        return 0;
    }
    size_t given = n->kind == CONF_LIST ? n->count : 1;
    struct str *got = policy_alloc(ld, given, sizeof(*got));

    if (!got)
        return 0;
    for (size_t i = 0; i < given; i++) {
        const struct conf_node *item = n->kind == CONF_LIST ? n->items[i] : n;
        struct str s;

        if (conf_text(ld->doc, item, &s, ld->es) != RC_OK)
            continue;
        got[count++] = policy_dup(ld, s);
    }
    *list = got;
    return count;
}

/* What would silently match nothing. */
static void
check_glob(struct loader *ld, const struct conf_node *n, struct str glob)
{
    for (unsigned p = 0; p < PLACE_COUNT_; p++) {
        struct str place = str_of(place_name((enum place)p));

        if (!place_is_attribute((enum place)p) || !str_starts(glob, place) || glob.len <= place.len || glob.ptr[place.len] != '.')
            continue;
        struct str key = str_sub(glob, place.len + 1, glob.len);

        err_hint(policy_error(ld, n, SG_GLOB_PLACE, "keys are written without their place: no key begins with %.*s", (int)place.len + 1, glob.ptr),
            "write %.*s, and `places: [%.*s.*]` for that place alone", (int)key.len, key.ptr, (int)place.len, place.ptr);
        return;
    }
    for (size_t i = 0; i < glob.len; i++) {
        if (glob.ptr[i] == '\0' || !strchr("?[{", glob.ptr[i]))
            continue;
        policy_warning(ld, n, SG_GLOB_LITERAL, "%c stands for itself: only * is a wildcard", glob.ptr[i]);
        return;
    }
    if (glob.len && (glob.ptr[0] == ' ' || glob.ptr[glob.len - 1] == ' '))
        policy_warning(ld, n, SG_GLOB_LITERAL, "a space at the end of a key pattern stands for itself");
}

struct globs
policy_globs(struct loader *ld, const struct conf_node *n, const char *what, bool lower)
{
    struct globs g = {0};

    g.count = policy_texts(ld, n, what, &g.list);
    for (size_t i = 0; i < g.count; i++) {
        const struct conf_node *at = n->kind == CONF_LIST ? n->items[i] : n;

        if (g.list[i].len == 0 || g.list[i].len > 256)
            policy_error(ld, at, SG_GLOB, "a pattern of %s has 1 to 256 bytes", what);
        check_glob(ld, at, g.list[i]);
        if (lower)
            g.list[i] = policy_dup_lower(ld, g.list[i]);
    }
    return g;
}

enum rule_mode
policy_mode(struct loader *ld, const struct conf_node *n, enum rule_mode otherwise)
{
    static const char *const names[] = {"enforce", "shadow", "off"};
    unsigned value = (unsigned)otherwise;

    if (conf_choice(ld->doc, n, names, 3, &value, ld->es) != RC_OK)
        return otherwise;
    return (enum rule_mode)value;
}

void
policy_since(struct loader *ld, const struct conf_node *n)
{
    struct str s = STR("");
    uint64_t day;

    if (!n || conf_text(ld->doc, n, &s, ld->es) != RC_OK)
        return;
    if (!str_to_day(s, &day))
        policy_error(ld, n, SG_SINCE, "since is a day, YYYY-MM-DD");
}

#define PLACE_NAME_MAX 64

/* "span.attributes.*", "span.name": a place as policies write it. */
static struct str
place_written(enum place p, char out[PLACE_NAME_MAX])
{
    int n = snprintf(out, PLACE_NAME_MAX, "%s%s", place_name(p), place_is_attribute(p) ? ".*" : "");

    return (struct str){out, (size_t)n};
}

static uint32_t
places_of(struct loader *ld, const struct conf_node *n, struct str pattern)
{
    char written[PLACE_COUNT_][PLACE_NAME_MAX];
    const char *names[PLACE_COUNT_];
    uint32_t set = 0;

    for (unsigned p = 0; p < PLACE_COUNT_; p++) {
        struct str name = place_written((enum place)p, written[p]);

        names[p] = written[p];
        if (str_eq(pattern, name) || str_eq(pattern, str_of(place_name((enum place)p))) || (str_ends(pattern, STR("*")) && str_glob(pattern, name)))
            set |= 1u << p;
    }
    if (set == 0) {
        struct err *e = policy_error(ld, n, SG_PLACE, "unknown place %.*s", (int)pattern.len, pattern.ptr);

        for (unsigned p = 0; p < PLACE_COUNT_; p++) {
            struct str name = str_of(place_name((enum place)p));

            if (place_is_attribute((enum place)p) && str_starts(pattern, name) && pattern.len > name.len && pattern.ptr[name.len] == '.') {
                err_hint(e, "write %s, and name the key in `keys`", names[p]);
                return 0;
            }
        }
        err_hint_nearest(e, pattern, names, PLACE_COUNT_);
    }
    return set;
}

uint32_t
policy_places(struct loader *ld, const struct conf_node *n, uint32_t otherwise)
{
    struct str *list = NULL;
    size_t count = policy_texts(ld, n, "places", &list);
    uint32_t set = 0;

    if (!n)
        return otherwise;
    for (size_t i = 0; i < count; i++)
        set |= places_of(ld, n->kind == CONF_LIST ? n->items[i] : n, list[i]);
    return set;
}
