/* What entries of each type add; requests are in report_count_request.c. */
#include "report_count_int.h"

#include <stdlib.h>

/* -- short hands ------------------------------------------------------------------------------------------------------------------ */

uint32_t
count_name(struct report *r, struct str s)
{
    return names_add(&r->names, s, &r->rc);
}

uint32_t
count_name_or(struct report *r, struct str s, struct str otherwise)
{
    return count_name(r, s.len ? s : otherwise);
}

uint64_t *
count_at(struct report *r, enum tally_id id, const uint32_t *key, const struct entry *e)
{
    static _Thread_local uint64_t nowhere[TALLY_VALUES];
    uint64_t *v = tally_at(&r->tally[id], key);

    if (!v) {
        r->rc = RC_NOMEM;
        return nowhere;
    }
    if (id == TALLY_TIME)
        return v;
    if (v[V_FIRST_US] == 0) {
        v[V_FIRST_US] = e->ts_us;
        v[V_FIRST_LEAF] = e->seq;
    }
    v[V_LAST_US] = e->ts_us;
    v[V_LAST_LEAF] = e->seq;
    return v;
}

void
count_event(struct report *r, enum event_id id, const struct entry *e, uint64_t number, const struct str *texts, unsigned count)
{
    struct events *list = &r->events[id];

    if (list->count == EVENTS_MAX) {
        list->left_out++;
        return;
    }
    if (list->count == list->cap) {
        uint32_t cap = list->cap ? 2 * list->cap : 64;
        struct event *more = realloc(list->items, cap * sizeof(*more));

        if (!more) {
            r->rc = RC_NOMEM;
            return;
        }
        list->items = more;
        list->cap = cap;
    }
    struct event *ev = &list->items[list->count++];

    *ev = (struct event){.leaf = e->seq, .us = e->ts_us, .number = number};
    for (unsigned i = 0; i < count; i++)
        ev->text[i] = count_name(r, texts[i]);
}

/* -- the other types -------------------------------------------------------------------------------------------------------------- */

static unsigned
power_of_two(uint64_t n)
{
    return n ? 64u - (unsigned)__builtin_clzll(n) : 0;
}

static void
count_delivery(struct report *r, const struct entry *e)
{
    uint32_t destination = count_name(r, e->delivery.destination);
    uint64_t *time = AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1);
    uint64_t *v = AT(r, TALLY_DELIVERY, e, destination, count_name(r, e->outcome), count_name(r, e->reason));

    v[0]++;
    v[1] += e->delivery.accepted;
    v[2] += e->delivery.rejected;
    v[3] += e->delivery.latency_us;
    v[4] = e->delivery.latency_us > v[4] ? e->delivery.latency_us : v[4];
    v[5] += e->delivery.attempt > 1;
    time[9] += e->delivery.accepted;
    time[10] += e->delivery.rejected;
    AT(r, TALLY_LATENCY, e, destination, power_of_two(e->delivery.latency_us) + 1)[0]++;
    if (e->delivery.cert.len)
        AT(r, TALLY_PEER, e, destination, count_name(r, e->delivery.cert))[0]++;
    evidence_add(r, is_word(e->outcome, "delivered") ? EV_DELIVERED : EV_REJECTED, e->seq);
    if (is_word(e->outcome, "delivered"))
        evidence_add(r, e->delivery.cert.len ? EV_DELIVERY_TLS : EV_DELIVERY_PLAIN, e->seq);
    r->t.delivered_spans += e->delivery.accepted;
    r->t.rejected_spans += e->delivery.rejected;
}

static void
count_loss(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_LOSS, e, count_name(r, e->loss.destination), count_name(r, e->loss.reason));

    v[0]++;
    v[1] += e->loss.spans;
    AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1)[11] += e->loss.spans;
    evidence_add(r, EV_LOSS, e->seq);
    r->t.lost_spans += e->loss.spans;
}

static void
count_handshake(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_HANDSHAKE, e, count_name(r, e->reason), count_name(r, e->conn.cidr), count_name(r, e->conn.identity));

    v[0] += e->count ? e->count : 1;
    v[1]++;
    evidence_add(r, EV_HANDSHAKE, e->seq);
}

static void
count_admin(struct report *r, const struct entry *e)
{
    const struct str texts[] = {e->admin.actor, e->admin.verb, e->admin.object, e->admin.digest, e->admin.result};

    count_event(r, EVENTS_ADMIN, e, 0, texts, 5);
    evidence_add(r, EV_ADMIN, e->seq);
    if (is_word(e->admin.verb, "start"))
        evidence_add(r, EV_START, e->seq);
    else if (is_word(e->admin.verb, "stop"))
        evidence_add(r, EV_STOP, e->seq);
    else if (is_word(e->admin.verb, "reload"))
        evidence_add(r, EV_RELOAD, e->seq);
    else if (is_word(e->admin.verb, "reveal"))
        evidence_add(r, EV_REVEAL, e->seq);
    else if (is_word(e->admin.verb, "report"))
        evidence_add(r, EV_REPORT, e->seq);
}

static void
count_change(struct report *r, const struct entry *e)
{
    const struct str texts[] = {e->change.what, e->change.name, e->change.old_digest, e->change.new_digest, e->outcome, e->reason};

    count_event(r, EVENTS_CHANGE, e, 0, texts, 6);
    if (is_word(e->outcome, "in_force")) {
        evidence_add(r, EV_IN_FORCE, e->seq);
        return;
    }
    evidence_add(r, EV_CHANGE, e->seq);
    if (is_word(e->change.what, "policy"))
        evidence_add(r, EV_CHANGE_POLICY, e->seq);
    else if (is_word(e->change.what, "key"))
        evidence_add(r, EV_CHANGE_KEY, e->seq);
    else if (is_word(e->change.what, "certificate"))
        evidence_add(r, EV_CHANGE_CERTIFICATE, e->seq);
}

static void
count_key(struct report *r, const struct entry *e)
{
    const struct str texts[] = {STR("key"), STR("of the log"), e->key.old_key, e->key.new_key, e->outcome, e->reason};

    count_event(r, EVENTS_CHANGE, e, 0, texts, 6);
    evidence_add(r, EV_CHANGE, e->seq);
    evidence_add(r, EV_CHANGE_KEY, e->seq);
}

static void
count_anchor(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_ANCHOR, e, count_name(r, e->anchor.kind), count_name(r, e->anchor.to));

    v[0] += e->anchor.ok;
    v[1] += e->anchor.failed;
    v[2] = e->anchor.size;
    v[3]++;
}

static void
count_retention(struct report *r, const struct entry *e)
{
    const struct str texts[] = {STR("local"), STR("retention"), e->retention.before, STR(""), e->outcome};

    count_event(r, EVENTS_ADMIN, e, 0, texts, 5);
    evidence_add(r, EV_ADMIN, e->seq);
}

static void
count_policies(struct report *r, const struct entry *e)
{
    char revision[24];

    evidence_add(r, EV_RULES, e->seq);
    coverage_add(r, e);
    for (uint32_t i = 0; i < e->policy_count; i++) {
        const struct entry_policy *p = &e->policies[i];
        struct buf text = BUF_INIT(sizeof(revision));

        if (buf_printf(&text, "%llu", (unsigned long long)p->revision) == RC_OK)
            AT(r, TALLY_POLICY, e, count_name(r, p->name), count_name(r, p->kind), count_name(r, p->mode), count_name(r, p->owner),
                count_name(r, p->controls), count_name(r, buf_str(&text)))
        [0]++;
        buf_free(&text);
    }
    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct entry_rule *n = &e->rules[i];

        AT(r, TALLY_IN_FORCE, e, count_name(r, n->id), count_name(r, n->entity), count_name(r, n->action), count_name(r, n->mode))[0]++;
    }
}

/* Other rules from now on: those before were in force in the period too. */
static void
count_rules_record(struct report *r, const struct entry *e)
{
    if (is_word(e->reason, "begin"))
        coverage_close(r, true);
    count_policies(r, e);
}

static void
count_closed(struct report *r, const struct entry *e)
{
    const struct str texts[] = {e->gate.closed, e->gate.opened, e->reason};

    count_event(r, EVENTS_CLOSED, e, e->gate.refused, texts, 3);
    evidence_add(r, EV_CLOSED, e->seq);
}

static const struct {
    const char *type;
    void (*count)(struct report *r, const struct entry *e);
} types[] = {
    {"request", count_request},
    {"delivery", count_delivery},
    {"loss", count_loss},
    {"handshake", count_handshake},
    {"refusal", count_refusal},
    {"admin", count_admin},
    {"change", count_change},
    {"rules", count_rules_record},
    {"gate", count_closed},
    {"key.rotate", count_key},
    {"checkpoint.anchor", count_anchor},
    {"retention", count_retention},
};

void
report_count(struct report *r, const struct entry *e)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (is_word(e->type, types[i].type))
            types[i].count(r, e);
}

void
report_count_before(struct report *r, const struct entry *e)
{
    if (is_word(e->change.what, "policy"))
        r->policy_before = count_name(r, e->change.new_digest);
    if (is_word(e->type, "admin") && is_word(e->admin.verb, "stop"))
        coverage_close(r, false);
    if (!is_word(e->type, "rules"))
        return;
    if (is_word(e->reason, "begin")) {
        coverage_close(r, false);
        r->rules_before = 0;
        tally_clear(&r->tally[TALLY_IN_FORCE]);
        tally_clear(&r->tally[TALLY_POLICY]);
        r->evidence[EV_RULES] = (struct evidence){0};
    }
    count_policies(r, e);
    r->rules_before++;
    r->seen.now &= ~(UINT64_C(1) << EV_RULES);
}
