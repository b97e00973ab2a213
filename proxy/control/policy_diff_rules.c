#include "policy_diff_int.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define WHAT_MAX 4096

/* A policy document; docs of one side are kept until the comparison ends. */
struct side {
    struct conf_doc *docs[TOOL_FILES_MAX];
    size_t count;
};

static enum rc
side_read(const struct tool *t, struct side *s)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < t->file_count && rc == RC_OK; i++) {
        struct buf text = BUF_INIT(FILE_BYTES_MAX);
        struct errs es = {0};

        rc = tool_text_read(t, i, &text);
        if (rc == RC_OK)
            rc = conf_load_text(t->files[i], buf_str(&text), false, &s->docs[s->count], &es);
        s->count += rc == RC_OK;
        errs_free(&es);
        buf_free(&text);
    }
    return rc;
}

static void
side_free(struct side *s)
{
    for (size_t i = 0; i < s->count; i++)
        conf_free(s->docs[i]);
}

static struct str
name_of(const struct conf_node *policy)
{
    const struct conf_node *n = conf_get(conf_get(policy, "metadata"), "name");

    return n ? n->text : STR("");
}

static bool
is_policy(const struct conf_node *n)
{
    const struct conf_node *kind = conf_get(n, "kind");

    return kind && (str_eq(kind->text, STR("RedactionPolicy")) || str_eq(kind->text, STR("ResidencyPolicy")));
}

static const struct conf_node *
policy_find(const struct side *s, struct str name)
{
    for (size_t i = 0; i < s->count; i++)
        for (unsigned k = 0; k < conf_count(s->docs[i]); k++)
            if (is_policy(conf_root(s->docs[i], k)) && str_eq(name_of(conf_root(s->docs[i], k)), name))
                return conf_root(s->docs[i], k);
    return NULL;
}

static const struct conf_node *
rule_find(const struct conf_node *policy, struct str id)
{
    const struct conf_node *rules = conf_get(conf_get(policy, "spec"), "rules");

    for (unsigned i = 0; rules && rules->kind == CONF_LIST && i < rules->count; i++) {
        const struct conf_node *n = conf_get(rules->items[i], "id");

        if (n && str_eq(n->text, id))
            return rules->items[i];
    }
    return NULL;
}

static bool
same(const struct conf_node *a, const struct conf_node *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->count != b->count || (a->kind == CONF_SCALAR && !str_eq(a->text, b->text)))
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct conf_node *other = a->kind == CONF_MAP ? conf_get(b, a->keys[i]->text.ptr) : b->items[i];

        if (!other || !same(a->items[i], other))
            return false;
    }
    return true;
}

/* A node in one line, as YAML's flow style has it. */
static enum rc
put_node(struct buf *out, const struct conf_node *n)
{
    enum rc rc = RC_OK;

    if (!n || n->kind == CONF_NULL)
        return buf_append(out, STR("none"));
    if (n->kind == CONF_SCALAR)
        return buf_printf(out, n->quoted ? "\"%.*s\"" : "%.*s", (int)n->text.len, n->text.ptr);
    rc = buf_append_byte(out, n->kind == CONF_LIST ? '[' : '{');
    for (unsigned i = 0; i < n->count && rc == RC_OK; i++) {
        rc = i ? buf_append(out, STR(", ")) : RC_OK;
        if (rc == RC_OK && n->kind == CONF_MAP)
            rc = buf_printf(out, "%.*s: ", (int)n->keys[i]->text.len, n->keys[i]->text.ptr);
        if (rc == RC_OK)
            rc = put_node(out, n->items[i]);
    }
    return rc == RC_OK ? buf_append_byte(out, n->kind == CONF_LIST ? ']' : '}') : rc;
}

static enum rc
add(struct rule_changes *c, enum change_kind kind, struct str policy, struct str rule, struct str what)
{
    struct rule_change *r = arena_calloc(c->ar, 1, sizeof(*r));

    if (!r)
        return RC_NOMEM;
    *r = (struct rule_change){.kind = kind, .policy = tool_copy(c->ar, policy), .rule = tool_copy(c->ar, rule), .what = tool_copy(c->ar, what)};
    *c->last = r;
    c->last = &r->next;
    c->count[kind]++;
    return r->policy && r->rule && r->what ? RC_OK : RC_NOMEM;
}

/* A long text ends where the buffer does: it is for people. */
static enum rc
add_node(struct rule_changes *c, enum change_kind kind, struct str policy, struct str rule, const struct conf_node *n)
{
    struct buf what = BUF_INIT(WHAT_MAX);
    enum rc rc = put_node(&what, n);

    if (rc == RC_OK || rc == RC_TOO_LARGE)
        rc = add(c, kind, policy, rule, buf_str(&what));
    buf_free(&what);
    return rc;
}

static enum rc
put_change(struct buf *what, struct str key, const struct conf_node *old, const struct conf_node *now)
{
    enum rc rc = buf_printf(what, "%s%.*s: ", what->len ? "; " : "", (int)key.len, key.ptr);

    if (rc == RC_OK)
        rc = put_node(what, old);
    if (rc == RC_OK)
        rc = buf_append(what, STR(" -> "));
    return rc == RC_OK ? put_node(what, now) : rc;
}

/* Keys of two maps whose values differ; but is left out. */
static enum rc
compare_maps(struct rule_changes *c, const char *const names[2], const struct conf_node *old, const struct conf_node *now, const char *but)
{
    struct buf what = BUF_INIT(WHAT_MAX);
    enum rc rc = RC_OK;

    for (unsigned i = 0; old && i < old->count && rc == RC_OK; i++) {
        const struct conf_node *other = conf_get(now, old->keys[i]->text.ptr);

        if (strcmp(old->keys[i]->text.ptr, but) != 0 && !same(old->items[i], other))
            rc = put_change(&what, old->keys[i]->text, old->items[i], other);
    }
    for (unsigned i = 0; now && i < now->count && rc == RC_OK; i++)
        if (strcmp(now->keys[i]->text.ptr, but) != 0 && !conf_get(old, now->keys[i]->text.ptr))
            rc = put_change(&what, now->keys[i]->text, NULL, now->items[i]);
    if ((rc == RC_OK || rc == RC_TOO_LARGE) && what.len)
        rc = add(c, CHANGE_CHANGED, str_of(names[0]), str_of(names[1]), buf_str(&what));
    buf_free(&what);
    return rc;
}

static enum rc
compare_policies(struct rule_changes *c, const struct conf_node *old, const struct conf_node *now)
{
    struct str policy = name_of(old);
    const struct conf_node *rules = conf_get(conf_get(old, "spec"), "rules"), *others = conf_get(conf_get(now, "spec"), "rules");
    enum rc rc = compare_maps(c, (const char *const[]){policy.ptr, ""}, conf_get(old, "metadata"), conf_get(now, "metadata"), "");

    if (rc == RC_OK)
        rc = compare_maps(c, (const char *const[]){policy.ptr, ""}, conf_get(old, "spec"), conf_get(now, "spec"), "rules");
    for (unsigned i = 0; rules && rules->kind == CONF_LIST && i < rules->count && rc == RC_OK; i++) {
        const struct conf_node *id = conf_get(rules->items[i], "id"), *other = id ? rule_find(now, id->text) : NULL;

        if (id && !other)
            rc = add_node(c, CHANGE_REMOVED, policy, id->text, rules->items[i]);
        else if (id)
            rc = compare_maps(c, (const char *const[]){policy.ptr, id->text.ptr}, rules->items[i], other, "");
    }
    for (unsigned i = 0; others && others->kind == CONF_LIST && i < others->count && rc == RC_OK; i++) {
        const struct conf_node *id = conf_get(others->items[i], "id");

        if (id && !rule_find(old, id->text))
            rc = add_node(c, CHANGE_ADDED, policy, id->text, others->items[i]);
    }
    return rc;
}

static enum rc
compare_sides(struct rule_changes *c, const struct side *old, const struct side *now)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < old->count; i++)
        for (unsigned k = 0; k < conf_count(old->docs[i]) && rc == RC_OK; k++) {
            const struct conf_node *p = conf_root(old->docs[i], k), *other = is_policy(p) ? policy_find(now, name_of(p)) : NULL;

            if (is_policy(p))
                rc = other ? compare_policies(c, p, other) : add(c, CHANGE_REMOVED, name_of(p), STR(""), STR("the whole policy"));
        }
    for (size_t i = 0; i < now->count; i++)
        for (unsigned k = 0; k < conf_count(now->docs[i]) && rc == RC_OK; k++) {
            const struct conf_node *p = conf_root(now->docs[i], k);

            if (is_policy(p) && !policy_find(old, name_of(p)))
                rc = add(c, CHANGE_ADDED, name_of(p), STR(""), STR("the whole policy"));
        }
    return rc;
}

enum rc
rule_changes_find(const struct tool *old, const struct tool *now, struct rule_changes *c)
{
    struct side a = {.count = 0}, b = {.count = 0};
    enum rc rc = side_read(old, &a);

    if (rc == RC_OK)
        rc = side_read(now, &b);
    if (rc == RC_OK)
        rc = compare_sides(c, &a, &b);
    side_free(&a);
    side_free(&b);
    return rc;
}
