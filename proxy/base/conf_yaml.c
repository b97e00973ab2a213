/*
 * libyaml's events become nodes. Its document API is not used: it has no limits, and libyaml's time is quadratic in the
 * nesting, so depth, nodes and aliases are bounded event by event.
 *
 *   stack:  [document list] [map] [list] ...      the newest frame takes the next node
 */
#include "conf_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/secret.h"

struct frame {
    struct conf_node *node;
    unsigned cap;          /* of items (and keys) */
    struct conf_node *key; /* map: key whose value comes next */
    struct str anchor;
    unsigned weight; /* nodes below, those of aliases counted each time */
};

struct anchor {
    struct str name;
    struct conf_node *node;
    unsigned weight;
    struct anchor *next;
};

struct reader {
    struct conf_doc *doc;
    struct errs *es;
    bool expand, failed;
    struct frame stack[CONF_DEPTH_MAX];
    unsigned depth, nodes;
    /* of the current document: */
    struct conf_node *root;
    struct anchor *anchors;
    unsigned anchor_count;
};

static struct err *
complain(struct reader *r, unsigned code, yaml_mark_t at, const char *text)
{
    struct err_pos pos = {r->doc->file, (unsigned)at.line + 1, (unsigned)at.column + 1, 1};

    r->failed = true;
    return errs_add(r->es, ERR_ERROR, RC_CONFIG, code, pos, "%s", text);
}

static struct conf_node *
node_new(struct reader *r, enum conf_kind kind, yaml_mark_t at)
{
    struct conf_node *n = arena_calloc(r->doc->ar, 1, sizeof(*n));

    if (!n) {
        complain(r, CONF_E_LIMIT, at, "out of memory");
        return NULL;
    }
    n->kind = kind;
    n->line = (unsigned)at.line + 1;
    n->col = (unsigned)at.column + 1;
    return n;
}

static struct str
text_copy(struct reader *r, struct str s)
{
    char *p = arena_alloc(r->doc->ar, s.len + 1);

    if (!p)
        return (struct str){NULL, 0};
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return (struct str){p, s.len};
}

/* Room for one more element: the arrays double, in the arena. */
static bool
frame_reserve(struct reader *r, struct frame *f)
{
    struct conf_node *n = f->node;

    if (n->count < f->cap)
        return true;
    unsigned cap = f->cap ? f->cap * 2 : 4;
    struct conf_node **items = arena_grow(r->doc->ar, n->items, f->cap * sizeof(*items), cap * sizeof(*items));
    struct conf_node **keys = n->kind == CONF_MAP ? arena_grow(r->doc->ar, n->keys, f->cap * sizeof(*keys), cap * sizeof(*keys)) : n->keys;

    if (!items || (n->kind == CONF_MAP && !keys))
        return false;
    n->items = items;
    n->keys = keys;
    f->cap = cap;
    return true;
}

/* Give a finished node to the frame that waits for it. */
static void
node_place(struct reader *r, struct conf_node *n, unsigned weight, yaml_mark_t at)
{
    if (r->depth == 0) {
        r->root = n;
        return;
    }
    struct frame *f = &r->stack[r->depth - 1];

    f->weight += weight;
    if (f->weight > CONF_NODES_MAX) {
        complain(r, CONF_E_LIMIT, at, "more than 200,000 values, those of aliases counted each time");
    } else if (f->node->kind == CONF_MAP && !f->key) {
        if (n->kind != CONF_SCALAR && n->kind != CONF_NULL)
            complain(r, CONF_E_SYNTAX, at, "the key of a map must be a plain word");
        else
            f->key = n;
    } else if (!frame_reserve(r, f)) {
        complain(r, CONF_E_LIMIT, at, "out of memory");
    } else {
        if (f->node->kind == CONF_MAP)
            f->node->keys[f->node->count] = f->key;
        f->node->items[f->node->count++] = n;
        f->key = NULL;
    }
}

static void
anchor_add(struct reader *r, struct str name, struct conf_node *n, unsigned weight, yaml_mark_t at)
{
    struct anchor *a = name.len ? arena_alloc(r->doc->ar, sizeof(*a)) : NULL;

    if (name.len == 0)
        return;
    if (!a || ++r->anchor_count > CONF_ANCHORS_MAX) {
        complain(r, CONF_E_LIMIT, at, a ? "more than 1,000 anchors" : "out of memory");
        return;
    }
    *a = (struct anchor){name, n, weight, r->anchors}; /* in front: a later definition hides an earlier one */
    r->anchors = a;
}

static bool
text_is_null(struct str s)
{
    return s.len == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) || str_eq(s, STR("NULL"));
}

static bool
expecting_key(const struct reader *r)
{
    return r->depth && r->stack[r->depth - 1].node->kind == CONF_MAP && !r->stack[r->depth - 1].key;
}

/* The text of a scalar into n, references expanded unless it is a key. */
static bool
scalar_text(struct reader *r, struct conf_node *n, struct str raw, yaml_mark_t at)
{
    char why[160];
    bool refers = r->expand && !expecting_key(r) && str_find(raw, STR("${")) != SIZE_MAX;
    enum rc rc = RC_OK;

    if (refers)
        rc = conf_expand(r->doc, raw, &n->text, &n->secret, why);
    else
        n->text = text_copy(r, raw);
    if (rc == RC_CONFIG)
        complain(r, CONF_E_EXPAND, at, why);
    else if (rc != RC_OK || !n->text.ptr)
        complain(r, CONF_E_LIMIT, at, "out of memory");
    else if (memchr(n->text.ptr, '\0', n->text.len))
        complain(r, CONF_E_SYNTAX, at, "a value must not hold a NUL byte");
    else if (!str_utf8_valid(n->text)) /* of a variable or a file; libyaml has checked the rest */
        complain(r, CONF_E_EXPAND, at, "a value must be valid UTF-8");
    else
        n->kind = !n->quoted && !refers && text_is_null(raw) ? CONF_NULL : CONF_SCALAR;
    return !r->failed;
}

static void
on_scalar(struct reader *r, const yaml_event_t *ev)
{
    struct str raw = {(const char *)ev->data.scalar.value, ev->data.scalar.length};
    const char *tag = (const char *)ev->data.scalar.tag;
    struct conf_node *n = node_new(r, CONF_SCALAR, ev->start_mark);
    struct str anchor = {NULL, 0};

    if (!n)
        return;
    if (raw.len > CONF_SCALAR_MAX) {
        complain(r, CONF_E_LIMIT, ev->start_mark, "a value is longer than 1 MiB");
        return;
    }
    if (tag && strcmp(tag, "!") != 0 && strcmp(tag, YAML_STR_TAG) != 0) {
        complain(r, CONF_E_SYNTAX, ev->start_mark, "tags are not supported");
        return;
    }
    n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || tag;
    if (!scalar_text(r, n, raw, ev->start_mark))
        return;
    if (ev->data.scalar.anchor)
        anchor = text_copy(r, str_of((const char *)ev->data.scalar.anchor));
    anchor_add(r, anchor, n, 1, ev->start_mark);
    if (!r->failed)
        node_place(r, n, 1, ev->start_mark);
}

static void
on_open(struct reader *r, enum conf_kind kind, const unsigned char *anchor, const unsigned char *tag, yaml_mark_t at)
{
    if (r->depth == CONF_DEPTH_MAX) {
        complain(r, CONF_E_LIMIT, at, "nested deeper than 64 levels");
        return;
    }
    if (tag) {
        complain(r, CONF_E_SYNTAX, at, "tags are not supported");
        return;
    }
    if (expecting_key(r)) {
        complain(r, CONF_E_SYNTAX, at, "the key of a map must be a plain word");
        return;
    }
    struct conf_node *n = node_new(r, kind, at);

    if (!n)
        return;
    r->stack[r->depth++] = (struct frame){.node = n, .anchor = anchor ? text_copy(r, str_of((const char *)anchor)) : STR(""), .weight = 1};
}

static int
compare_keys(const void *a, const void *b)
{
    const struct conf_node *x = *(const struct conf_node *const *)a, *y = *(const struct conf_node *const *)b;
    int order = str_cmp(x->text, y->text);

    if (order != 0)
        return order;
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : (x->col > y->col) - (x->col < y->col);
}

static void
refuse_duplicates(struct reader *r, const struct conf_node *map)
{
    struct conf_node **sorted = map->count > 1 ? malloc(map->count * sizeof(struct conf_node *)) : NULL;

    if (map->count < 2)
        return;
    if (!sorted) {
        complain(r, CONF_E_LIMIT, (yaml_mark_t){0, map->line - 1, map->col - 1}, "out of memory");
        return;
    }
    for (unsigned i = 0; i < map->count; i++)
        sorted[i] = map->keys[i];
    qsort(sorted, map->count, sizeof(sorted[0]), compare_keys);
    for (unsigned i = 1; i < map->count; i++) {
        if (!str_eq(sorted[i - 1]->text, sorted[i]->text))
            continue;
        struct err *e = complain(r, CONF_E_DUPLICATE, (yaml_mark_t){0, sorted[i]->line - 1, sorted[i]->col - 1}, "the key stands twice in this map");

        err_hint(e, "it is first set on line %u", sorted[i - 1]->line);
    }
    free(sorted);
}

static void
on_close(struct reader *r, yaml_mark_t at)
{
    struct frame f = r->stack[--r->depth];

    assert(f.node); /* libyaml closes only what it has opened */
    if (f.node->kind == CONF_MAP)
        refuse_duplicates(r, f.node);
    anchor_add(r, f.anchor, f.node, f.weight, at);
    if (!r->failed)
        node_place(r, f.node, f.weight, at);
}

static void
on_alias(struct reader *r, const yaml_event_t *ev)
{
    struct str name = str_of((const char *)ev->data.alias.anchor);
    const struct anchor *a = r->anchors;

    while (a && !str_eq(a->name, name))
        a = a->next;
    if (!a) /* also one inside its own anchor: anchors count from their end */
        complain(r, CONF_E_SYNTAX, ev->start_mark, "the alias refers to an anchor that is not defined before it");
    else
        node_place(r, a->node, a->weight, ev->start_mark);
}

static void
on_document_end(struct reader *r, yaml_mark_t at)
{
    if (r->doc->count == CONF_DOCUMENTS_MAX) {
        complain(r, CONF_E_LIMIT, at, "more than 64 documents in one file");
        return;
    }
    r->doc->roots[r->doc->count++] = r->root;
    r->root = NULL;
    r->anchors = NULL;
    r->anchor_count = 0;
}

static void
on_event(struct reader *r, const yaml_event_t *ev)
{
    if (ev->type != YAML_NO_EVENT && ++r->nodes > 3 * CONF_NODES_MAX) {
        complain(r, CONF_E_LIMIT, ev->start_mark, "more than 200,000 values");
        return;
    }
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(r, ev);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_open(r, CONF_LIST, ev->data.sequence_start.anchor, ev->data.sequence_start.tag, ev->start_mark);
        break;
    case YAML_MAPPING_START_EVENT:
        on_open(r, CONF_MAP, ev->data.mapping_start.anchor, ev->data.mapping_start.tag, ev->start_mark);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(r, ev->start_mark);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(r, ev);
        break;
    case YAML_DOCUMENT_END_EVENT:
        on_document_end(r, ev->start_mark);
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
        break;
    }
}

/* The line and column of byte offset at. */
static yaml_mark_t
mark_of(struct str text, size_t at)
{
    yaml_mark_t m = {.index = at};

    for (size_t i = 0; i < at && i < text.len; i++) {
        m.column = text.ptr[i] == '\n' ? 0 : m.column + (((unsigned char)text.ptr[i] & 0xC0) != 0x80);
        m.line += text.ptr[i] == '\n';
    }
    return m;
}

/* What people mean by the mistakes that are made most. */
static const char *
syntax_hint(struct str text, const char *problem, yaml_mark_t at)
{
    char c = '\0';

    for (size_t i = 0, line = 0, column = 0; i < text.len && line <= at.line; i++) {
        if (line == at.line && column == at.column)
            c = text.ptr[i];
        column = text.ptr[i] == '\n' ? 0 : column + (((unsigned char)text.ptr[i] & 0xC0) != 0x80);
        line += text.ptr[i] == '\n';
    }
    if (c == '\t')
        return "indent with blanks: YAML allows no tabs there";
    if (strstr(problem, "alphabetic or numeric"))
        return "a value that begins with * or & stands in quotes: \"*password*\"";
    if (strstr(problem, "mapping values are not allowed") || c == ':')
        return "a value that holds a colon and a blank stands in quotes";
    if (c == '%' || c == '@' || c == '`')
        return "a value that begins with this character stands in quotes";
    return NULL;
}

/* libyaml has given up: where, and why. */
static void
complain_syntax(struct reader *r, const yaml_parser_t *parser, struct str text)
{
    const char *problem = parser->problem ? parser->problem : "out of memory";
    yaml_mark_t at = parser->error == YAML_READER_ERROR ? mark_of(text, parser->problem_offset) : parser->problem_mark;
    const char *hint = syntax_hint(text, problem, at);
    struct err *e = complain(r, CONF_E_SYNTAX, at, problem);

    if (hint)
        err_hint(e, "%s", hint);
    else if (parser->error == YAML_READER_ERROR)
        err_hint(e, "the file must be UTF-8");
}

static void
read_events(struct reader *r, struct str text)
{
    yaml_parser_t parser;
    yaml_event_t ev;
    bool end = false;

    if (!yaml_parser_initialize(&parser)) {
        complain(r, CONF_E_LIMIT, (yaml_mark_t){0}, "out of memory");
        return;
    }
    if (!text.ptr)
        text = STR("");
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        text = str_sub(text, 3, text.len);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    while (!end && !r->failed) {
        if (!yaml_parser_parse(&parser, &ev)) {
            complain_syntax(r, &parser, text);
            break;
        }
        end = ev.type == YAML_STREAM_END_EVENT;
        on_event(r, &ev);
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&parser);
}

enum rc
conf_load_text(const char *name, struct str text, bool expand, struct conf_doc **doc, struct errs *es)
{
    struct err_pos pos = {.file = name};
    struct arena *ar = arena_new(CONF_ARENA_MAX);
    struct conf_doc *d = ar ? arena_calloc(ar, 1, sizeof(*d)) : NULL;
    char *file = d ? arena_alloc(ar, strlen(name) + 1) : NULL;
    struct reader *r = file ? arena_calloc(ar, 1, sizeof(*r)) : NULL;

    if (!r) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_LIMIT, pos, "out of memory");
        goto fail;
    }
    memcpy(file, name, strlen(name) + 1);
    *d = (struct conf_doc){.ar = ar, .file = file};
    *r = (struct reader){.doc = d, .es = es, .expand = expand};
    if (text.len > CONF_FILE_MAX) {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_LIMIT, pos, "larger than 4 MiB");
        goto fail;
    }
    read_events(r, text);
    if (r->failed)
        goto fail;
    *doc = d;
    return RC_OK;

fail:
    arena_free(ar);
    return RC_CONFIG;
}

enum rc
conf_load_file(const char *path, struct conf_doc **doc, struct errs *es)
{
    struct buf text = BUF_INIT(CONF_FILE_MAX);
    enum rc rc = file_read(path, CONF_FILE_MAX, &text);

    if (rc == RC_OK) {
        rc = conf_load_text(path, buf_str(&text), true, doc, es);
    } else {
        errs_add(es, ERR_ERROR, RC_CONFIG, CONF_E_READ, (struct err_pos){.file = path}, "the file cannot be read: %s", file_problem(rc));
        rc = RC_CONFIG;
    }
    buf_free_wipe(&text);
    return rc;
}

void
conf_free(struct conf_doc *doc)
{
    if (doc)
        arena_free(doc->ar);
}
