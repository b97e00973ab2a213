/* What came out against what is expected. All three sides are trees of nodes; before and after are OTLP/JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy_test_int.h"

#define PATH_SIZE 320

void
compare_say(struct comparison *c, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    c->differs = true;
    if (n < 0 || buf_append(c->why, str_of(line)) != RC_OK || buf_append_byte(c->why, '\n') != RC_OK)
        c->s->t->nomem = true;
}

/* A keyword of the test language; quoted, it is the text itself. */
static bool
is_word(const struct conf_node *n, const char *word)
{
    return n->kind == CONF_SCALAR && !n->quoted && str_eq(n->text, str_of(word));
}

/* The scalar in an AnyValue of OTLP/JSON, {"stringValue": "x"}, or a plain text field; NULL when it is neither. */
static const struct conf_node *
scalar_of(const struct conf_node *n)
{
    if (!n || n->kind == CONF_SCALAR)
        return n;
    return n->kind == CONF_MAP && n->count == 1 && n->items[0]->kind == CONF_SCALAR ? n->items[0] : NULL;
}

static bool
same(const struct conf_node *a, const struct conf_node *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->count != b->count || (a->kind == CONF_SCALAR && !str_eq(a->text, b->text)))
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if ((a->kind == CONF_MAP && !str_eq(a->keys[i]->text, b->keys[i]->text)) || !same(a->items[i], b->items[i]))
            return false;
    return true;
}

/* A value as people read it: text in quotes, everything else by its kind. */
static const char *
shown(const struct conf_node *n, char out[256])
{
    const struct conf_node *scalar = scalar_of(n);

    if (!n)
        return "nothing";
    if (!scalar)
        return n->kind == CONF_MAP && n->count == 1 ? n->keys[0]->text.ptr : "a value without content";
    snprintf(out, 256, "\"%.*s\"", (int)scalar->text.len, scalar->text.ptr);
    return out;
}

static void
say_got(struct comparison *c, const char *path, const char *expected, const struct conf_node *after)
{
    char got[256];

    compare_say(c, "%s: expected %s, got %s", path, expected, shown(after, got));
}

static void
compare_regex(struct comparison *c, const char *path, const struct conf_node *pattern, const struct conf_node *after)
{
    const struct conf_node *scalar = scalar_of(after);
    char expected[256];
    regex_t re;

    if (pattern->kind != CONF_SCALAR || regcomp(&re, pattern->text.ptr, REG_EXTENDED | REG_NOSUB) != 0) {
        test_error(c->s, pattern, SG_TEST_EXPECT, "not an extended regular expression (POSIX)");
        return;
    }
    snprintf(expected, sizeof(expected), "a match of /%s/", pattern->text.ptr);
    if (!scalar || regexec(&re, scalar->text.ptr, 0, NULL, 0) != 0)
        say_got(c, path, expected, after);
    regfree(&re);
}

static void compare_value(
    struct comparison *c, const char *path, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after);

static const struct conf_node *
element(const struct conf_node *list, unsigned i)
{
    return list && list->kind == CONF_LIST && i < list->count ? list->items[i] : NULL;
}

static void
compare_array(struct comparison *c, const char *path, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    const struct conf_node *was = conf_get(conf_get(before, "arrayValue"), "values"), *is = conf_get(conf_get(after, "arrayValue"), "values");
    unsigned have = is && is->kind == CONF_LIST ? is->count : 0;

    if (have != expect->count || !conf_get(after, "arrayValue")) {
        say_got(c, path, "a list of as many values", after);
        return;
    }
    for (unsigned i = 0; i < expect->count; i++) {
        char below[PATH_SIZE];

        snprintf(below, sizeof(below), "%s/%u", path, i);
        compare_value(c, below, expect->items[i], element(was, i), element(is, i));
    }
}

/* [{"key": k, "value": v}]: the value of a key. */
static const struct conf_node *
attr_of(const struct conf_node *list, struct str key)
{
    for (unsigned i = 0; list && list->kind == CONF_LIST && i < list->count; i++) {
        const struct conf_node *name = conf_get(list->items[i], "key");

        if (name ? str_eq(name->text, key) : key.len == 0)
            return conf_get(list->items[i], "value");
    }
    return NULL;
}

static void
compare_attrs(struct comparison *c, const char *path, const char *dot, const struct conf_node *expect, const struct conf_node *before,
    const struct conf_node *after)
{
    if (expect && expect->kind != CONF_MAP) {
        test_error(c->s, expect, SG_TEST_EXPECT, "a map of keys to expectations is needed");
        return;
    }
    for (unsigned i = 0; expect && i < expect->count; i++) {
        struct str key = expect->keys[i]->text;
        char below[PATH_SIZE];

        snprintf(below, sizeof(below), "%s%s%.*s", path, dot, (int)key.len, key.ptr);
        compare_value(c, below, expect->items[i], attr_of(before, key), attr_of(after, key));
    }
}

/* {regex: ..}, {int: 7} and its like, or keys and values. */
static void
compare_map(struct comparison *c, const char *path, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    static const struct {
        const char *word, *member;
    } types[] = {{"int", "intValue"}, {"double", "doubleValue"}, {"bool", "boolValue"}, {"string", "stringValue"}};
    const struct conf_node *only = expect->count == 1 ? expect->items[0] : NULL;

    if (only && conf_get(expect, "regex")) {
        compare_regex(c, path, only, after);
        return;
    }
    for (size_t i = 0; only && i < sizeof(types) / sizeof(types[0]); i++) {
        const struct conf_node *is = conf_get(after, types[i].member);
        char expected[256];

        if (!conf_get(expect, types[i].word))
            continue;
        snprintf(expected, sizeof(expected), "%s %.*s", types[i].word, (int)only->text.len, only->text.ptr);
        if (!is || !str_eq(is->text, only->text))
            say_got(c, path, expected, after);
        return;
    }
    if (!conf_get(after, "kvlistValue"))
        say_got(c, path, "a map", after);
    else
        compare_attrs(c, path, "/", expect, conf_get(conf_get(before, "kvlistValue"), "values"), conf_get(conf_get(after, "kvlistValue"), "values"));
}

static void
compare_value(struct comparison *c, const char *path, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    char expected[300], was[256];

    if (is_word(expect, "absent")) {
        if (after) {
            say_got(c, path, "nothing", after);
            test_update_add(c->s, expect, after);
        }
    } else if (is_word(expect, "unchanged")) {
        snprintf(expected, sizeof(expected), "%s, unchanged", shown(before, was));
        if (!before)
            compare_say(c, "%s: expected unchanged, but it was not given", path);
        else if (!same(before, after)) {
            say_got(c, path, expected, after);
            test_update_add(c->s, expect, after);
        }
    } else if (expect->kind == CONF_LIST) {
        compare_array(c, path, expect, before, after);
    } else if (expect->kind == CONF_MAP) {
        compare_map(c, path, expect, before, after);
    } else if (!scalar_of(after) || !str_eq(scalar_of(after)->text, expect->text)) {
        snprintf(expected, sizeof(expected), "\"%.*s\"", (int)expect->text.len, expect->kind == CONF_SCALAR ? expect->text.ptr : "");
        say_got(c, path, expected, after);
        if (expect->kind == CONF_SCALAR)
            test_update_add(c->s, expect, after);
    }
}

/* A text field under its JSON name; fields that are empty are not written there. */
static void
compare_text(struct comparison *c, const char *path, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    if (expect && !(expect->kind == CONF_SCALAR && expect->text.len == 0 && !after))
        compare_value(c, path, expect, before, after);
}

static bool
names_checked(struct comparison *c, const struct conf_node *n, const struct conf_shape *shape)
{
    return n && conf_shape_check(c->s->doc, n, shape, &c->s->t->es) == RC_OK;
}

static void
compare_event(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    if (!names_checked(c, expect, &shape_test_event))
        return;
    compare_text(c, "spanevent.name", conf_get(expect, "name"), conf_get(before, "name"), conf_get(after, "name"));
    compare_attrs(c, "spanevent.attributes", ".", conf_get(expect, "attributes"), conf_get(before, "attributes"), conf_get(after, "attributes"));
}

static void
compare_link(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    if (!names_checked(c, expect, &shape_test_link))
        return;
    compare_text(c, "spanlink.trace_state", conf_get(expect, "trace_state"), conf_get(before, "traceState"), conf_get(after, "traceState"));
    compare_attrs(c, "spanlink.attributes", ".", conf_get(expect, "attributes"), conf_get(before, "attributes"), conf_get(after, "attributes"));
}

/* Element by element; what stands behind the last expectation is not looked at. */
static void
compare_list(struct comparison *c, const char *what, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after,
    void (*compare)(struct comparison *, const struct conf_node *, const struct conf_node *, const struct conf_node *))
{
    if (expect && expect->kind != CONF_LIST) {
        test_error(c->s, expect, SG_TEST_EXPECT, "%ss are a list", what);
        return;
    }
    for (unsigned i = 0; expect && i < expect->count; i++) {
        if (!element(after, i))
            compare_say(c, "%s %u: there is none", what, i + 1);
        else
            compare(c, expect->items[i], element(before, i), element(after, i));
    }
}

void
compare_span(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    const struct conf_node *status = conf_get(expect, "status");

    if (is_word(expect, "absent")) {
        if (after)
            compare_say(c, "span: expected none, but it is sent");
        return;
    }
    if (!names_checked(c, expect, &shape_test_span))
        return;
    if (!after) {
        compare_say(c, "span: it is not sent");
        return;
    }
    compare_text(c, "span.name", conf_get(expect, "name"), conf_get(before, "name"), conf_get(after, "name"));
    compare_text(c, "span.trace_state", conf_get(expect, "trace_state"), conf_get(before, "traceState"), conf_get(after, "traceState"));
    compare_attrs(c, "span.attributes", ".", conf_get(expect, "attributes"), conf_get(before, "attributes"), conf_get(after, "attributes"));
    compare_list(c, "event", conf_get(expect, "events"), conf_get(before, "events"), conf_get(after, "events"), compare_event);
    compare_list(c, "link", conf_get(expect, "links"), conf_get(before, "links"), conf_get(after, "links"), compare_link);
    if (names_checked(c, status, &shape_test_status))
        compare_text(c, "span.status.message", conf_get(status, "message"), conf_get(conf_get(before, "status"), "message"),
            conf_get(conf_get(after, "status"), "message"));
}

void
compare_resource(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    compare_attrs(c, "resource.attributes", ".", expect, conf_get(before, "attributes"), conf_get(after, "attributes"));
}

void
compare_scope(struct comparison *c, const struct conf_node *expect, const struct conf_node *before, const struct conf_node *after)
{
    if (!names_checked(c, expect, &shape_test_scope))
        return;
    compare_text(c, "scope.name", conf_get(expect, "name"), conf_get(before, "name"), conf_get(after, "name"));
    compare_text(c, "scope.version", conf_get(expect, "version"), conf_get(before, "version"), conf_get(after, "version"));
    compare_attrs(c, "scope.attributes", ".", conf_get(expect, "attributes"), conf_get(before, "attributes"), conf_get(after, "attributes"));
}
