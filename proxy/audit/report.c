/* A report while entries are added: what is true of the log as such, and which of them are of its period. */
#include <stdlib.h>

#include "report_count_int.h"

static const unsigned tally_keys[TALLY_COUNT_] = {
    [TALLY_TIME] = 1,
    [TALLY_SENDER] = 2,
    [TALLY_CERTIFICATE] = 6,
    [TALLY_RULE] = 4,
    [TALLY_IN_FORCE] = 4,
    [TALLY_POLICY] = 6,
    [TALLY_DIGEST] = 1,
    [TALLY_PLACE] = 2,
    [TALLY_CATEGORY_TIME] = 2,
    [TALLY_ENTITY_SENDER] = 2,
    [TALLY_SENDER_TIME] = 2,
    [TALLY_TRANSFER] = 7,
    [TALLY_TRANSFER_CLASS] = 2,
    [TALLY_DENIED] = 5,
    [TALLY_REFUSED] = 3,
    [TALLY_HANDSHAKE] = 3,
    [TALLY_DELIVERY] = 3,
    [TALLY_LATENCY] = 2,
    [TALLY_PEER] = 2,
    [TALLY_LOSS] = 2,
    [TALLY_BUILD] = 2,
    [TALLY_TYPE] = 2,
    [TALLY_ANCHOR] = 2,
    [TALLY_PROTOCOL] = 3,
};

static const char *const category_names[CATEGORY_COUNT_] = {"contact", "financial", "government", "health", "network", "secret", "other"};

const char *
category_name(enum category c)
{
    return category_names[c];
}

const struct report_entity *
report_entity_find(const struct report *r, struct str entity)
{
    for (size_t i = 0; i < r->o.entity_count; i++)
        if (str_eq(str_of(r->o.entities[i].entity), entity))
            return &r->o.entities[i];
    return NULL;
}

enum category
report_category(struct report *r, uint32_t entity)
{
    if (r->category_of[entity] == 0) {
        const struct report_entity *known = report_entity_find(r, names_text(&r->names, entity));
        unsigned c = 0;

        while (c < CATEGORY_OTHER && (!known || strcmp(known->category, category_names[c]) != 0))
            c++;
        r->category_of[entity] = (uint8_t)(c + 1);
    }
    return (enum category)(r->category_of[entity] - 1);
}

void
evidence_add(struct report *r, enum evidence_id id, uint64_t leaf)
{
    struct evidence *e = &r->evidence[id];

    if (id < EV_WHOLE)
        r->seen.now |= UINT64_C(1) << id;
    if (e->count && e->last == leaf)
        return;
    if (e->count < EVIDENCE_LEAVES)
        e->leaf[e->count] = leaf;
    e->last = leaf;
    e->count++;
}

static bool
in_period(const struct report *r, uint64_t us)
{
    return us >= r->o.period.from_us && us < r->o.period.to_us;
}

/* What is true of the log as such, no leaf is missing; and of the period: time does not go back, a start follows a stop. */
static void
watch_order(struct report *r, const struct entry *e)
{
    bool start = is_word(e->type, "admin") && is_word(e->admin.verb, "start");

    if (r->t.any && e->seq != r->t.next_leaf) {
        evidence_add(r, EV_GAP, e->seq);
        r->t.gap_leaves += e->seq > r->t.next_leaf ? e->seq - r->t.next_leaf : 1;
    }
    if (r->t.any && e->ts_us + 1000000 < r->t.before_us && /* a second: workers write side by side */
        (in_period(r, e->ts_us) || in_period(r, r->t.before_us))) {
        evidence_add(r, EV_CLOCK, e->seq);
        count_event(r, EVENTS_CLOCK, e, r->t.before_us - e->ts_us, NULL, 0);
    }
    if (start && r->t.running && in_period(r, e->ts_us))
        evidence_add(r, EV_UNCLEAN, e->seq);
    if (is_word(e->type, "admin") && is_word(e->admin.verb, "stop"))
        r->t.running = false;
    else if (start || !r->t.any) /* after a stop, what was under way still comes to its end */
        r->t.running = true;
    if (!r->t.any)
        r->t.oldest_us = e->ts_us;
    r->t.any = true;
    r->t.next_leaf = e->seq + 1;
    r->t.before_us = e->ts_us;
}

static enum rc
count_entry(struct report *r, uint64_t index, struct str bytes)
{
    const struct entry *e = NULL;
    enum rc rc = entry_scan(r->scanner, bytes, &e);

    if (rc == RC_NOMEM)
        return rc;
    if (rc != RC_OK || (index != SOURCE_NO_INDEX && e->seq != index)) {
        evidence_add(r, EV_UNREADABLE, index);
        r->t.next_leaf = index == SOURCE_NO_INDEX ? r->t.next_leaf + 1 : index + 1;
        return RC_OK;
    }
    watch_order(r, e);
    if (is_word(e->type, "retention"))
        (void)!time_parse(e->retention.before, &r->t.removed_us);
    if (!in_period(r, e->ts_us)) {
        r->t.outside++;
        if (e->ts_us < r->o.period.from_us)
            report_count_before(r, e);
        return r->rc;
    }
    if (r->t.entries++ == 0) {
        r->t.first_us = e->ts_us;
        r->t.first_leaf = e->seq;
    }
    r->t.last_us = e->ts_us;
    r->t.last_leaf = e->seq;
    AT(r, TALLY_TYPE, e, count_name(r, e->type), count_name(r, e->outcome))[0]++;
    AT(r, TALLY_BUILD, e, count_name(r, e->node), count_name(r, e->build))[0]++;
    report_count(r, e);
    return r->rc;
}

enum rc
report_add(struct report *r, uint64_t index, struct str bytes)
{
    r->seen.now = 0;
    enum rc rc = count_entry(r, index, bytes);

    controls_count_entry(r);
    return rc;
}

enum rc
report_new(const struct report_options *o, struct report **out)
{
    struct report *r = calloc(1, sizeof(*r));

    if (!r)
        return RC_NOMEM;
    r->o = *o;
    r->scanner = entry_scanner_new();
    r->category_of = calloc(NAMES_MAX, 1);
    r->doc = doc_new();
    if (!r->scanner || !r->category_of || !r->doc || names_init(&r->names) != RC_OK) {
        report_free(r);
        return RC_NOMEM;
    }
    for (unsigned i = 0; i < TALLY_COUNT_; i++)
        tally_init(&r->tally[i], tally_keys[i], i == TALLY_ENTITY_SENDER || i == TALLY_CERTIFICATE ? TALLY_ROWS_MAX : 20000);
    *out = r;
    return RC_OK;
}

void
report_free(struct report *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < r->sample_count; i++)
        buf_free(&r->samples[i].proof);
    for (unsigned i = 0; i < EVENTS_COUNT_; i++)
        free(r->events[i].items);
    for (unsigned i = 0; i < TALLY_COUNT_; i++)
        tally_fini(&r->tally[i]);
    names_fini(&r->names);
    free(r->category_of);
    entry_scanner_free(r->scanner);
    doc_free(r->doc);
    free(r);
}

uint64_t
report_entries(const struct report *r)
{
    return r->t.entries;
}

unsigned
report_failed_controls(const struct report *r)
{
    return r->failed_controls;
}
