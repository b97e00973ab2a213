/* What stands in place of a text, examined as the next gate would. */
#include "examine_again_int.h"

#include "base/digest.h"

#define WORK_BYTES ((uint64_t)8 << 20) /* that PCRE2 may look at, for all texts of one run */

void
examine_again_begin(struct examiner *ex, const struct batch *b, struct arena *ar)
{
    ex->ar = ar;
    ex->work = WORK_BYTES + (b ? b->body.len : 0);
    ex->system_span = BATCH_NONE;
    finder_budget(ex->tables);
    if (b)
        finder_budget_add(ex->tables, b->text_count);
}

/* The policies of examine_text: all that look at the place. */
static uint64_t
all_policies(const struct program *p, unsigned place)
{
    uint64_t set = 0;

    for (size_t i = 0; i < p->policy_count; i++)
        if (p->policies[i].redacts && p->policies[i].mode != RULE_OFF && (p->policies[i].places >> place & 1))
            set |= (uint64_t)1 << i;
    return set;
}

/* Fill in the key and what is known of it. */
static enum rc
know(struct examiner *ex, const struct again *a, struct query *q, struct verdict *scratch)
{
    static const struct verdict nothing;

    q->key_known = true;
    if (a->on == FINDING_KEY) {
        q->key = (struct key){STR(""), 0};
        q->verdict = &nothing;
        return RC_OK;
    }
    q->verdict = &ex->place_verdicts[a->place];
    q->key = ex->place_keys[a->place];
    if (a->b ? a->attr == BATCH_NONE : !place_is_attribute((enum place)a->place))
        return RC_OK;
    if (a->b && !a->key.ptr)
        q->key = examine_key_of(ex, a->b, a->attr);
    else
        q->key = (struct key){a->key.ptr ? a->key : STR(""), a->key.len};
    q->verdict = q->key.path.ptr ? examine_key(ex, &q->key, scratch) : NULL;
    return q->verdict ? RC_OK : RC_NOMEM;
}

void
examine_again_end(struct examiner *ex)
{
    examine_trim(ex);
    ex->ar = NULL;
}

/* In a list, what scanners say depends on the text before it. */
static bool
stands_in_list(const struct again *a)
{
    return a->b && a->attr != BATCH_NONE && a->index > 0 && a->b->texts[a->index - 1].attr == a->attr;
}

static void
look_up(struct examiner *ex, const struct again *a, const struct query *q, unsigned class, struct again_found *found)
{
    struct {
        uint64_t verdict, policies;
        uint32_t generation, class, flags;
        uint32_t unused;
    } where = {(uint64_t)(uintptr_t)q->verdict, q->policies, keytable_generation(ex->keys), class,
        (uint32_t)q->place << 2 | (uint32_t)q->number << 1 | (uint32_t)q->opaque, 0};
    uint64_t h = digest_table_hash((struct str){(const char *)&where, sizeof(where)}, ex->rested_seed);

    if (q->verdict->use_count && stands_in_list(a))
        return;
    if (q->verdict->use_count)
        h = digest_table_hash(examine_system(ex, q), h);
    h = digest_table_hash(q->text, h);
    found->mark = h ? h : 1;
    found->slot = &ex->rested[h % RESTED_SLOTS];
}

enum rc
examine_again(struct examiner *ex, const struct again *a, struct str text, unsigned class, struct again_found *out)
{
    struct again_found found = {0};
    struct verdict scratch;
    struct query q = {.policies = a->b ? a->policies : all_policies(ex->prog, a->place),
        .on = a->on,
        .index = a->index,
        .place = a->place,
        .number = a->number,
        .opaque = a->opaque,
        .text = text,
        .b = a->b,
        .attr = a->b ? a->attr : BATCH_NONE};
    enum rc rc = know(ex, a, &q, &scratch);

    if (rc == RC_OK && a->on == FINDING_TEXT && q.verdict != &scratch)
        look_up(ex, a, &q, class, &found);
    if (found.slot && *found.slot == found.mark)
        return RC_NOT_FOUND;
    ex->sink = &found.findings;
    if (rc == RC_OK && q.policies)
        rc = examine_scan(ex, &q, text);
    ex->sink = NULL;
    if (rc == RC_OK)
        *out = found;
    return rc;
}
