#include "examine_int.h"

struct key
examine_nested_key(struct examiner *ex, const struct batch *b, uint32_t attr)
{
    const struct batch_attr *a = &b->attrs[attr];
    struct str leaf = batch_attr_key(b, a);
    size_t len = leaf.len;

    for (uint32_t up = a->parent; up != BATCH_NONE; up = b->attrs[up].parent)
        len += 1 + b->attrs[up].key_len;
    char *p = len <= sizeof(ex->path) ? ex->path : arena_alloc(ex->ar, len);

    if (!p)
        return (struct key){{NULL, 0}, 0};
    size_t at = len;

    for (uint32_t up = attr; up != BATCH_NONE; up = b->attrs[up].parent) {
        struct str part = batch_attr_key(b, &b->attrs[up]);

        at -= part.len;
        if (part.len)
            memcpy(p + at, part.ptr, part.len);
        if (at)
            p[--at] = '/';
    }
    return (struct key){{p, len}, leaf.len};
}

static bool
nested(const struct key *k)
{
    return k->leaf_len < k->path.len;
}

/* Rules by key and scanners, regardless of case: a header is a header however it is written. */
static enum rc
ask_rules(struct examiner *ex, const struct key *k, struct verdict *v)
{
    char small[KEYTABLE_KEY_MAX], *p = k->path.len <= sizeof(small) ? small : arena_alloc(ex->ar, k->path.len);

    if (!p)
        return RC_NOMEM;
    for (size_t i = 0; i < k->path.len; i++)
        p[i] = k->path.ptr[i] >= 'A' && k->path.ptr[i] <= 'Z' ? (char)(k->path.ptr[i] | 0x20) : k->path.ptr[i];
    struct str path = {p, k->path.len}, leaf = str_sub(path, path.len - k->leaf_len, path.len);

    for (size_t i = 0; i < ex->prog->rule_count; i++) {
        const struct rule *r = &ex->prog->rules[i];

        if (r->by_key && r->keys.count && r->mode != RULE_OFF && (globs_match(&r->keys, path) || (nested(k) && globs_match(&r->keys, leaf))))
            ex->rules[v->rule_count++] = (uint16_t)i;
    }
    v->rules = ex->rules;
    for (size_t i = 0; i < ex->prog->use_count; i++)
        if (globs_match(&ex->prog->uses[i].keys, path) || (nested(k) && globs_match(&ex->prog->uses[i].keys, leaf)))
            ex->uses[v->use_count++] = (uint16_t)i;
    v->uses = ex->uses;
    return RC_OK;
}

/* An allow-list lets a key through with all that is nested under it. */
static void
ask_allow_lists(const struct program *prog, const struct key *k, struct verdict *v)
{
    for (size_t i = 0; i < prog->policy_count && !nested(k); i++)
        if (prog->policies[i].closed && prog->policies[i].mode != RULE_OFF && !globs_match(&prog->policies[i].allow, k->path))
            v->not_allowed |= (uint64_t)1 << i;
}

void
examine_key_words(const struct program *prog, struct str key, uint16_t *patterns, uint16_t *contexts, struct verdict *v)
{
    for (size_t i = 0; i < prog->pattern_count; i++) {
        const struct pattern *p = &prog->patterns[i];

        if (p->rule_count == 0 || !p->det.context || !detector_key_context(&p->det, key))
            continue;
        contexts[v->context_count++] = (uint16_t)i;
        if (p->words != NO_WORDS)
            v->asked |= finder_asked_by(prog->finder, p->words);
        if (p->det.key_only)
            patterns[v->pattern_count++] = (uint16_t)i;
    }
    v->patterns = patterns;
    v->contexts = contexts;
}

/* The key's own bytes are a text like others. */
static enum rc
ask_bytes(struct examiner *ex, const struct key *k, struct verdict *v)
{
    struct findings found = {0}, *sink = ex->sink;
    static const struct verdict nothing;
    struct query q = {.policies = UINT64_MAX, .on = FINDING_KEY, .any_place = true, .verdict = &nothing, .key = {STR(""), 0}, .key_known = true};

    ex->sink = &found;
    enum rc rc = examine_scan(ex, &q, str_sub(k->path, k->path.len - k->leaf_len, k->path.len));

    ex->sink = sink;
    if (rc != RC_OK)
        return rc;
    v->undecidable = found.undecidable > 0 || found.count > KEYTABLE_OWN_MAX;
    for (uint32_t i = 0; i < found.count && !v->undecidable; i++)
        ex->own[v->own_count++] = (struct key_finding){found.list[i].start, found.list[i].end, found.list[i].rule, found.list[i].view};
    v->own = ex->own;
    return RC_OK;
}

const struct verdict *
examine_key(struct examiner *ex, const struct key *k, struct verdict *scratch)
{
    const struct verdict *known = keytable_find(ex->keys, k);

    if (known)
        return known;
    *scratch = (struct verdict){0};
    if (ask_rules(ex, k, scratch) != RC_OK)
        return NULL;
    ask_allow_lists(ex->prog, k, scratch);
    examine_key_words(ex->prog, k->path, ex->patterns, ex->contexts, scratch);
    if (ask_bytes(ex, k, scratch) != RC_OK)
        return NULL;
    scratch->plain = !scratch->rule_count && !scratch->not_allowed && !scratch->pattern_count && !scratch->own_count && !scratch->undecidable;
    return scratch->undecidable ? scratch : keytable_add(ex->keys, k, scratch);
}
