#include "policies/examine.h"

#include <stdlib.h>

#include "base/digest.h"
#include "examine_int.h"
#include "examine_seen_int.h"

/*
 * What PCRE2 may look at in one request. The finder leaves few candidates, so that this only ends for hostile input: at 2 to 6 ns for a
 * pattern and byte it is 20 to 60 ms.
 */
#define WORK_BYTES ((uint64_t)8 << 20)
#define WORK_TEXT 512 /* bytes more for each text, as far as so many texts: short identifiers are candidates of many patterns */
#define WORK_TEXTS 65536
#define WARM_BYTES ((size_t)8 << 20)

/* ---- life ---- */

static bool
make_lists(struct examiner *ex)
{
    const struct program *p = ex->prog;

    ex->all = calloc(p->finder_count + 1, sizeof(*ex->all));
    if (!ex->all)
        return false;
    for (size_t i = 0; i < p->finder_count; i++)
        ex->all[i] = (uint16_t)i;
    for (unsigned place = 0; place < PLACE_COUNT_; place++) {
        struct verdict *v = &ex->place_verdicts[place];
        struct str name = str_of(place_name((enum place)place));
        uint16_t *lists = calloc(2 * p->pattern_count + p->use_count + 1, sizeof(*lists));

        if (!lists)
            return false;
        uint16_t *uses = lists + 2 * p->pattern_count;

        ex->place_lists[place] = lists;
        examine_key_words(p, name, lists, lists + p->pattern_count, v);
        for (size_t i = 0; i < p->use_count; i++)
            if (globs_match(&p->uses[i].keys, name))
                uses[v->use_count++] = (uint16_t)i;
        v->uses = uses;
        ex->place_keys[place] = (struct key){name, name.len};
    }
    return true;
}

/* Walk the automata through what traces are made of, so that the first requests find them built. */
static bool
warm_up(struct examiner *ex)
{
    static const char *const usual[] = {"GET /api/v1/orders/123?page=2&sort=asc", "https://shop.example.org/cart/items?id=42#top", "10.1.2.3:8080",
        "SELECT id, name FROM users WHERE id = $1 AND created_at > '2026-01-01T00:00:00Z'", "4bf92f3577b34da6a3ce929d0e0e4736",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "java.lang.IllegalStateException: failed at com.example.Main.run(Main.java:42)\n\tat x",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0", "application/json; charset=utf-8", "1724236800000",
        "0.5309136012499991", "checkout-7d9f8b6c5-x2x7k", "eu-central-1a", "HTTP/1.1 500 Internal Server Error", "{\"user\": {\"id\": 17}}", "200",
        "true"};
    struct arena *ar = arena_new(WARM_BYTES);
    size_t count;
    const struct detector *const *all = detectors_all(&count);
    struct findings found;
    enum rc rc = ar ? RC_OK : RC_NOMEM;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && rc == RC_OK; i++) {
        rc = examine_text(ex, PLACE_SPAN_ATTRIBUTE, STR("warm.up"), str_of(usual[i]), ar, &found);
        arena_reset(ar, WARM_BYTES);
    }
    for (size_t i = 0; i < count && rc == RC_OK; i++) {
        for (const struct detector_example *e = all[i]->examples; e && e->text && rc == RC_OK; e++) {
            rc = examine_text(ex, PLACE_SPAN_ATTRIBUTE, STR("warm.up"), str_of(e->text), ar, &found);
            arena_reset(ar, WARM_BYTES);
        }
    }
    arena_free(ar);
    return rc == RC_OK;
}

/* Most integers are counts, ports and states: the sieve lets none of their length through. */
static void
find_quiet(struct examiner *ex)
{
    bool always = false;

    for (size_t i = 0; i < ex->prog->finder_count; i++)
        always |= finder_always(ex->prog->finder, i);
    for (size_t len = 1; len < BATCH_NUMBER_SIZE && !always; len++)
        ex->quiet[len] = !(finder_open(ex->tables, sieve_integer(len)) & (FINDER_SET_PLAIN | FINDER_SET_WANTS));
}

struct examiner *
examiner_new(struct program *prog)
{
    struct examiner *ex = calloc(1, sizeof(*ex));

    if (!ex)
        return NULL;
    ex->prog = program_ref(prog);
    ex->tables = finder_tables_new(prog->finder);
    ex->scratch = confirm_scratch_new();
    ex->keys = keytable_new();
    if (!ex->tables || !ex->scratch || !ex->keys || digest_random(&ex->rested_seed, sizeof(ex->rested_seed)) != RC_OK || !make_lists(ex) ||
        !warm_up(ex)) {
        examiner_free(ex);
        return NULL;
    }
    find_quiet(ex);
    return ex;
}

void
examiner_free(struct examiner *ex)
{
    if (!ex)
        return;
    for (size_t i = 0; i < sizeof(ex->fold) / sizeof(ex->fold[0]); i++)
        fold_free(&ex->fold[i]);
    for (size_t i = 0; i <= DECODE_DEPTH; i++)
        buf_free_wipe(&ex->decoded[i]);
    for (unsigned place = 0; place < PLACE_COUNT_; place++)
        free(ex->place_lists[place]);
    free(ex->all);
    keytable_free(ex->keys);
    confirm_scratch_free(ex->scratch);
    finder_tables_free(ex->tables);
    program_unref(ex->prog);
    free(ex);
}

/* ---- attributes ---- */

static uint32_t
places_scanned(const struct program *prog, uint64_t policies)
{
    uint32_t set = 0;

    for (size_t i = 0; i < prog->policy_count; i++)
        if (policies >> i & 1)
            set |= prog->policies[i].places;
    return set;
}

/* Whether the policy behind a key finding acts, so that an undecidable key is not changed for shadow policies alone. */
static bool
enforced(const struct program *prog, uint64_t policies)
{
    for (size_t i = 0; i < prog->policy_count; i++)
        if ((policies >> i & 1) && prog->policies[i].mode == RULE_ENFORCE)
            return true;
    return false;
}

static enum rc
add_closing(struct examiner *ex, const struct verdict *v, uint64_t policies, unsigned place, struct finding f)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < ex->prog->policy_count && rc == RC_OK; i++) {
        const struct policy *p = &ex->prog->policies[i];

        if (!(v->not_allowed & policies & (uint64_t)1 << i) || !(p->places >> place & 1))
            continue;
        f.rule = p->closing_rule;
        rc = examine_add(ex, &f);
    }
    return rc;
}

/* Apply a verdict to one attribute with this key. */
static enum rc
add_verdict(struct examiner *ex, const struct verdict *v, uint64_t policies, unsigned place, uint32_t index, size_t key_len)
{
    const struct rule *rules = ex->prog->rules;
    enum rc rc = RC_OK;

    for (uint16_t i = 0; i < v->rule_count && rc == RC_OK; i++) {
        struct finding f = {.index = index, .on = FINDING_ATTRIBUTE, .rule = v->rules[i], .whole = true};

        if (rule_in_force(&rules[v->rules[i]], policies, place))
            rc = examine_add(ex, &f);
    }
    if (rc == RC_OK && v->not_allowed & policies)
        rc = add_closing(ex, v, policies, place, (struct finding){.index = index, .on = FINDING_ATTRIBUTE, .whole = true});
    if (rc == RC_OK && v->undecidable && enforced(ex->prog, policies)) {
        struct finding f = {.index = index, .on = FINDING_KEY, .end = (uint32_t)key_len, .rule = RULE_UNDECIDABLE, .whole = true};

        ex->sink->undecidable++;
        rc = examine_add(ex, &f);
    }
    for (uint16_t i = 0; i < v->own_count && rc == RC_OK; i++) {
        const struct key_finding *k = &v->own[i];
        struct finding f = {.index = index, .on = FINDING_KEY, .start = k->start, .end = k->end, .rule = k->rule, .view = k->view};

        if (rule_in_force(&rules[k->rule], policies, place))
            rc = examine_add(ex, &f);
    }
    return rc;
}

/* One batch. verdicts[i] is that on the key of attribute i, as long as the key table is of this generation; NULL: to be asked again. */
struct call {
    const struct batch *b;
    uint64_t *policies; /* of each resource */
    const struct verdict **verdicts;
    uint32_t generation;
    uint32_t now; /* generation of the key table */
    struct seen seen;
};

static enum rc
examine_attrs(struct examiner *ex, const struct call *c, uint32_t resource)
{
    const struct batch_resource *r = &c->b->resources[resource];
    uint32_t places = places_scanned(ex->prog, c->policies[resource]);
    struct verdict scratch;
    enum rc rc = RC_OK;

    for (uint32_t i = r->attr_first; i < r->attr_end && rc == RC_OK; i++) {
        const struct batch_attr *a = &c->b->attrs[i];

        if (!(places >> a->place & 1))
            continue;
        struct key key = examine_key_of(ex, c->b, i);
        const struct verdict *v = key.path.ptr ? examine_key(ex, &key, &scratch) : NULL;

        if (!v)
            return RC_NOMEM;
        c->verdicts[i] = v == &scratch ? NULL : v;
        ex->sink->bytes_examined += key.leaf_len;
        if (!v->plain)
            rc = add_verdict(ex, v, c->policies[resource], a->place, i, key.leaf_len);
    }
    return rc;
}

/* ---- texts ---- */

static const struct verdict *
verdict_of(struct examiner *ex, struct call *c, uint32_t attr, struct verdict *scratch)
{
    if (c->verdicts[attr] && c->generation == c->now)
        return c->verdicts[attr];
    struct key key = examine_key_of(ex, c->b, attr);
    const struct verdict *v = key.path.ptr ? examine_key(ex, &key, scratch) : NULL;

    c->now = keytable_generation(ex->keys);
    return v;
}

static enum rc
scan_one(struct examiner *ex, const struct call *c, const struct batch_text *t, struct query *q)
{
    char number[BATCH_NUMBER_SIZE];
    struct str text = batch_text_bytes(c->b, t);

    q->number = t->kind != TEXT_STRING && t->kind != TEXT_BYTES;
    q->integer = t->kind == TEXT_INT;
    q->opaque = t->kind == TEXT_BYTES;
    if (q->number)
        text = (struct str){number, batch_text_format(c->b, t, number)};
    return examine_scan(ex, q, text);
}

/*
 * Whether an equal text is worth looking for. What scanners say depends on more than text and key: the system, and in a list the text before it.
 */
static bool
may_repeat(struct examiner *ex, struct call *c, const struct query *q, struct str *system)
{
    if (q->verdict->use_count) {
        if (q->index > 0 && q->attr != BATCH_NONE && c->b->texts[q->index - 1].attr == q->attr)
            return false;
        *system = examine_system(ex, q);
    }
    if (!seen_is_for(&c->seen, q->policies, c->now))
        seen_begin(&c->seen, q->policies, c->now);
    return true;
}

static size_t
decimal_length(int64_t v)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    size_t len = v < 0 ? 2 : 1;

    for (; u >= 10; u /= 10)
        len++;
    return len;
}

static bool
is_quiet(const struct examiner *ex, const struct batch *b, const struct batch_text *t, const struct verdict *v)
{
    return t->kind == TEXT_INT && v->pattern_count == 0 && ex->quiet[decimal_length(batch_text_int(b, t))];
}

/* q holds what is the same for all texts of a resource. */
static enum rc
examine_one(struct examiner *ex, struct call *c, uint32_t index, struct query *q)
{
    const struct batch_text *t = &c->b->texts[index];
    struct seen_text *slot = NULL;
    bool known = false;
    struct str system = {NULL, 0};
    uint32_t first = ex->sink->count;
    struct verdict scratch;

    q->index = index;
    q->place = t->place;
    q->attr = t->attr;
    q->key_known = t->attr == BATCH_NONE;
    if (q->key_known) {
        q->key = ex->place_keys[t->place];
        q->verdict = &ex->place_verdicts[t->place];
    } else {
        q->verdict = verdict_of(ex, c, t->attr, &scratch);
    }
    if (!q->verdict)
        return RC_NOMEM;
    if (is_quiet(ex, c->b, t, q->verdict)) {
        ex->sink->bytes_examined += t->len;
        return RC_OK;
    }
    if (q->verdict != &scratch && may_repeat(ex, c, q, &system))
        slot = seen_slot(&c->seen, t, q->verdict, system, &known);
    if (known) {
        ex->sink->bytes_examined += t->len;
        return slot->count ? seen_repeat(ex, slot, index) : RC_OK;
    }
    enum rc rc = scan_one(ex, c, t, q);

    if (slot && rc == RC_OK)
        seen_keep(&c->seen, slot, q, system, (struct seen_range){first, ex->sink->count});
    return rc;
}

static enum rc
examine_texts(struct examiner *ex, struct call *c, uint32_t resource)
{
    const struct batch_resource *r = &c->b->resources[resource];
    uint32_t places = places_scanned(ex->prog, c->policies[resource]);
    struct query q = {.policies = c->policies[resource], .on = FINDING_TEXT, .b = c->b};
    enum rc rc = RC_OK;

    for (uint32_t i = r->text_first; i < r->text_end && rc == RC_OK; i++)
        if (places >> c->b->texts[i].place & 1)
            rc = examine_one(ex, c, i, &q);
    return rc;
}

static void
begin(struct examiner *ex, struct arena *ar, struct findings *out)
{
    *out = (struct findings){.by = ex};
    ex->ar = ar;
    ex->sink = out;
    ex->work = WORK_BYTES;
    ex->system_span = BATCH_NONE;
    finder_budget(ex->tables);
}

enum rc
examine_batch(struct examiner *ex, const struct batch *b, struct arena *ar, struct findings *out)
{
    struct findings found;
    struct call c = {.b = b, .generation = keytable_generation(ex->keys)};
    enum rc rc = RC_OK;

    c.policies = arena_calloc(ar, b->resource_count + 1, sizeof(*c.policies));
    c.verdicts = arena_calloc(ar, b->attr_count + 1, sizeof(*c.verdicts));
    if (!c.policies || !c.verdicts)
        return RC_NOMEM;
    seen_init(&c.seen, b, ar);
    begin(ex, ar, &found);
    ex->work += b->body.len + WORK_TEXT * (uint64_t)(b->text_count < WORK_TEXTS ? b->text_count : WORK_TEXTS);
    finder_budget_add(ex->tables, b->text_count);
    for (uint32_t i = 0; i < b->resource_count && rc == RC_OK; i++) {
        c.policies[i] = program_policies_of(ex->prog, b, i);
        if (c.policies[i])
            rc = examine_attrs(ex, &c, i);
    }
    found.attr_count = found.count;
    c.now = keytable_generation(ex->keys);
    for (uint32_t i = 0; i < b->resource_count && rc == RC_OK; i++)
        if (c.policies[i])
            rc = examine_texts(ex, &c, i);
    examine_trim(ex);
    ex->sink = NULL;
    ex->ar = NULL;
    if (rc == RC_OK)
        *out = found;
    return rc;
}

enum rc
examine_text(struct examiner *ex, enum place place, struct str key, struct str text, struct arena *ar, struct findings *out)
{
    struct findings found;
    struct verdict scratch;
    uint64_t policies = 0;
    enum rc rc = RC_OK;

    for (size_t i = 0; i < ex->prog->policy_count; i++)
        if (ex->prog->policies[i].redacts && ex->prog->policies[i].mode != RULE_OFF && (ex->prog->policies[i].places >> place & 1))
            policies |= (uint64_t)1 << i;
    begin(ex, ar, &found);
    found.place = place;
    found.key = key;
    struct query q = {.policies = policies, .on = FINDING_TEXT, .place = (uint8_t)place, .opaque = true, .attr = BATCH_NONE, .key_known = true};

    q.verdict = &ex->place_verdicts[place];
    q.key = ex->place_keys[place];
    if (place_is_attribute(place)) {
        q.key = (struct key){key.ptr ? key : STR(""), key.len};
        q.verdict = examine_key(ex, &q.key, &scratch);
        if (!q.verdict)
            return RC_NOMEM;
        rc = add_verdict(ex, q.verdict, policies, (unsigned)place, 0, key.len);
    }
    found.attr_count = found.count;
    if (rc == RC_OK && policies)
        rc = examine_scan(ex, &q, text);
    examine_trim(ex);
    ex->sink = NULL;
    ex->ar = NULL;
    if (rc == RC_OK)
        *out = found;
    return rc;
}
