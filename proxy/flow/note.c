/* What is noted beside the decisions about requests: deliveries and losses with the deletion of their payloads, acts, changes, rules. */
#include <stdlib.h>

#include "base/metrics.h"
#include "flow_int.h"

#define HELD_MS 1000 /* how often it is looked whether the journal can be written again */

static void
note_free(struct flow_note *n)
{
    *n->link = n->next;
    if (n->next)
        n->next->link = n->link;
    record_free(&n->record[0]);
    record_free(&n->record[1]);
    free(n);
}

/* Why a note is not on disk, and may be there later. */
static bool
is_to_be_held(const struct flow_note *n)
{
    return n->del && !n->f->draining && (n->tx.rc == RC_FULL || n->tx.rc == RC_IO || n->tx.rc == RC_NOMEM);
}

static void
post(struct flow_note *n)
{
    /* While more waits behind it, its commit is hurried. */
    n->tx.lazy = !n->job && !(n->lane && n->lane->count);
    journal_post(n->f->o.journal, &n->tx);
}

void
notes_post_held(struct flow *f)
{
    for (struct flow_note *n = f->first_note; n; n = n->next) {
        if (!n->held)
            continue;
        n->held = false;
        post(n);
    }
}

void
notes_on_timer(void *arg)
{
    struct flow *f = arg;

    if (journal_ready(f->o.journal) == RC_OK)
        notes_post_held(f);
    else
        timer_set(f->held, HELD_MS);
}

static void
on_noted(struct journal_tx *tx)
{
    struct flow_note *n = (struct flow_note *)((char *)tx - offsetof(struct flow_note, tx));
    struct flow *f = n->f;
    struct flow_job *job = n->job;
    struct lane *lane = n->lane;
    uint64_t rejected = n->rejected;
    enum rc rc = tx->rc;

    if (rc != RC_OK && tx->entry_count)
        metric_add(metric_get(M_AUDIT_ERRORS, NULL, 0), tx->entry_count);
    if (is_to_be_held(n)) { /* forgotten, it would stay in the journal until the next start, and be sent again */
        n->held = true;
        timer_set(f->held, HELD_MS);
        return;
    }
    if (n->on_recorded)
        n->on_recorded(n->arg, rc == RC_OK);

    note_free(n);
    f->notes--;
    if (job)
        flow_job_settle(job, rejected, rc);
    if (lane) {
        lane->unsettled--;
        lane_pump(lane);
    }
    flow_check_drained(f);
}

bool
flow_post_note(struct flow *f, const struct note_order *o)
{
    struct flow_note *n = calloc(1, sizeof(*n));

    if (!n) { /* the payload stays in the journal and is sent again: a duplicate, not a loss; or its sender comes back */
        for (unsigned i = 0; i < o->count; i++)
            record_free(&o->records[i]);
        metric_add(metric_get(M_AUDIT_ERRORS, NULL, 0), o->count);
        if (o->job)
            flow_job_settle(o->job, 0, RC_NOMEM);
        return false;
    }
    n->f = f;
    n->job = o->job;
    n->lane = o->del ? o->lane : NULL;
    n->rejected = o->rejected;
    n->next = f->first_note;
    n->link = &f->first_note;
    if (n->next)
        n->next->link = &n->next;
    f->first_note = n;
    n->del = o->del;
    n->tx = (struct journal_tx){.loop = f->o.loop, .entries = n->entry, .del = &n->del, .del_count = n->del != 0, .on_done = on_noted};
    for (unsigned i = 0; i < o->count; i++) {
        n->record[i] = o->records[i];
        n->entry[i] = (struct journal_entry){buf_str(&n->record[i].head), buf_str(&n->record[i].tail)};
    }
    n->tx.entry_count = o->count;
    f->notes++;
    if (n->lane)
        n->lane->unsettled++;
    post(n);
    return true;
}

bool
flow_note(struct flow *f, struct record *records, unsigned count, uint64_t del)
{
    return flow_post_note(f, &(struct note_order){.records = records, .count = count, .del = del});
}

bool
flow_note_one(struct flow *f, struct record *r, enum rc made)
{
    if (made == RC_OK)
        return flow_note(f, r, 1, 0);
    record_free(r);
    metric_add(metric_get(M_AUDIT_ERRORS, NULL, 0), 1);
    return false;
}

void
flow_record_act(struct flow *f, const struct flow_act *act)
{
    struct record r;
    bool noted = flow_note_one(f, &r, record_admin(&r, f->snap, act));

    if (act->on_recorded && !noted) {
        act->on_recorded(act->arg, false);
    } else if (act->on_recorded) {
        f->first_note->on_recorded = act->on_recorded;
        f->first_note->arg = act->arg;
    }
}

void
flow_record_admin(struct flow *f, const char *verb, const char *object, const char *result)
{
    flow_record_act(f, &(struct flow_act){.verb = verb, .object = object, .result = result});
}

void
flow_record_change(struct flow *f, const struct flow_change *c)
{
    struct record r;
    enum rc rc = record_change(&r, f->snap, c);

    (void)flow_note_one(f, &r, rc);
}

void
flow_record_rules(struct flow *f)
{
    size_t next = 0;

    do {
        struct record r;
        enum rc rc = record_rules(&r, f->snap, next, &next);

        (void)flow_note_one(f, &r, rc);
        if (rc != RC_OK)
            return;
    } while (next < program_rule_count(f->snap->program));
}

void
notes_free(struct flow *f)
{
    while (f->first_note)         /* each takes itself off its list, which the analyser does not see */
        note_free(f->first_note); /* NOLINT(clang-analyzer-unix.Malloc) */
}
