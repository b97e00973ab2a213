/* One look at each entry: what it adds to the tables, to the evidence and to the events. */
#include <stdlib.h>

#include "report_int.h"

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

    if (e->count && e->last == leaf)
        return;
    if (e->count < EVIDENCE_LEAVES)
        e->leaf[e->count] = leaf;
    e->last = leaf;
    e->count++;
}

/* -- short hands ------------------------------------------------------------------------------------------------------------------ */

static uint32_t
name(struct report *r, struct str s)
{
    return names_add(&r->names, s, &r->rc);
}

static uint32_t
name_or(struct report *r, struct str s, struct str otherwise)
{
    return name(r, s.len ? s : otherwise);
}

/* The counters of a key, marked as seen in this entry. Never NULL: without memory they go nowhere. */
static uint64_t *
at(struct report *r, enum tally_id id, const uint32_t *key, const struct entry *e)
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
#define AT(r, id, e, ...) at(r, id, (const uint32_t[TALLY_KEYS]){__VA_ARGS__}, e)

static void
event_add(struct report *r, enum event_id id, const struct entry *e, uint64_t number, const struct str *texts, unsigned count)
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
        ev->text[i] = name(r, texts[i]);
}

static bool
is_word(struct str s, const char *w)
{
    return str_eq(s, str_of(w));
}

/* -- places in the world ---------------------------------------------------------------------------------------------------------- */

static bool
code_in(struct str code, const char *list)
{
    size_t found = code.len == 2 ? str_find(str_of(list), code) : SIZE_MAX;

    return found != SIZE_MAX && found % 3 == 0;
}

/* 28 CFR 202.601(a): China with Hong Kong and Macau, Cuba, Iran, North Korea, Russia, Venezuela. */
static bool
of_concern(struct str country)
{
    return code_in(country, "CN HK MO CU IR KP RU VE");
}

static bool
in_eea(struct str country)
{
    return code_in(country, "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK");
}

/* -- requests --------------------------------------------------------------------------------------------------------------------- */

static struct str
sender_of(const struct entry *e)
{
    return e->conn.service.len ? e->conn.service : e->conn.identity.len ? e->conn.identity : STR("(no certificate)");
}

static void
judge_finding(struct report *r, const struct entry *e, const struct entry_rule *n, enum category c)
{
    bool enforce = is_word(n->mode, "enforce"), card = is_word(n->entity, "CREDIT_CARD");

    evidence_add(r, enforce ? EV_REDACTED : EV_SHADOW, e->seq);
    if (enforce && (is_word(n->action, "hash") || is_word(n->action, "tokenize") || is_word(n->action, "pseudonymize")))
        evidence_add(r, EV_PSEUDONYM, e->seq);
    if (card)
        evidence_add(r, enforce ? EV_CARD : EV_CARD_SHADOW, e->seq);
    if (is_word(n->entity, "CARD_CVV") || is_word(n->entity, "CARD_TRACK"))
        evidence_add(r, enforce ? EV_SAD : EV_CARD_SHADOW, e->seq);
    if (enforce && c == CATEGORY_HEALTH)
        evidence_add(r, EV_HEALTH, e->seq);
    if (enforce && c == CATEGORY_SECRET)
        evidence_add(r, EV_SECRET, e->seq);
}

static void
count_places(struct report *r, const struct entry *e, const struct entry_rule *n, uint32_t entity)
{
    struct str rest = n->paths, path;

    while (entry_path_next(&rest, &path))
        AT(r, TALLY_PLACE, e, name(r, path), entity)[0]++;
}

/* Findings of one request by category: [CATEGORY_COUNT_], enforced ones only. Returns: their sum */
static uint64_t
count_rules(struct report *r, const struct entry *e, uint32_t step, uint64_t *by_category)
{
    uint32_t sender = name(r, sender_of(e));
    uint64_t findings = 0;

    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct entry_rule *n = &e->rules[i];
        uint32_t entity = name_or(r, n->entity, STR("(not named)"));
        enum category c = report_category(r, entity);
        uint64_t *v = AT(r, TALLY_RULE, e, name(r, n->id), entity, name(r, n->action), name(r, n->mode));

        v[0] += n->count;
        v[1]++;
        judge_finding(r, e, n, c);
        count_places(r, e, n, entity);
        if (!is_word(n->mode, "enforce")) {
            r->t.shadow_findings += n->count;
            continue;
        }
        AT(r, TALLY_CATEGORY_TIME, e, step + 1, (uint32_t)c + 1)[0] += n->count;
        AT(r, TALLY_ENTITY_SENDER, e, entity, sender)[0] += n->count;
        by_category[c] += n->count;
        findings += n->count;
    }
    return findings;
}

static struct str
origin_of(const struct entry *e, const struct entry_route *n)
{
    struct str country = n->origin.ptr ? n->origin : e->origin_count == 1 ? e->origins[0].country : STR("several");

    return country.len ? country : STR("unknown");
}

static void
judge_transfer(struct report *r, const struct entry *e, const struct entry_route *n, struct str origin)
{
    bool same = str_eq(origin, n->country) || (in_eea(origin) && in_eea(n->country));
    uint64_t until;

    evidence_add(r, EV_TRANSFER, e->seq);
    if (of_concern(n->country) || of_concern(n->jurisdiction))
        evidence_add(r, EV_CONCERN, e->seq);
    if (n->expires.len && time_parse(n->expires, &until) && until <= e->ts_us)
        evidence_add(r, EV_EXPIRED, e->seq);
    if (same)
        return;
    evidence_add(r, EV_THIRD_COUNTRY, e->seq);
    if (n->mechanism.len == 0)
        evidence_add(r, EV_NO_MECHANISM, e->seq);
}

static void
count_allowed(struct report *r, const struct entry *e, const struct entry_route *n, const uint64_t *by_category)
{
    struct str origin = origin_of(e, n);
    uint32_t from = name(r, origin), country = name_or(r, n->country, STR("not stated"));
    uint64_t *v = AT(r, TALLY_TRANSFER, e, from, country, name(r, n->jurisdiction), name(r, n->destination), name_or(r, n->mechanism, STR("none")),
        name(r, n->reference), name(r, n->expires));

    v[0]++;
    v[1] += n->spans;
    v[2] += n->bytes;
    r->t.allowed_spans += n->spans;
    v = AT(r, TALLY_TRANSFER_CLASS, e, from, country);
    for (unsigned c = 0; c < CATEGORY_COUNT_; c++)
        v[c] += by_category[c];
    judge_transfer(r, e, n, origin);
}

static void
count_routes(struct report *r, const struct entry *e, const uint64_t *by_category)
{
    for (uint32_t i = 0; i < e->route_count; i++) {
        const struct entry_route *n = &e->routes[i];

        if (is_word(n->decision, "allowed")) {
            count_allowed(r, e, n, by_category);
            continue;
        }
        uint64_t *v = AT(r, TALLY_DENIED, e, name(r, origin_of(e, n)), name_or(r, n->country, STR("not stated")), name(r, n->jurisdiction),
            name(r, n->destination), name(r, n->rule));

        v[0]++;
        v[1] += n->spans;
        evidence_add(r, EV_DENIED, e->seq);
        if (of_concern(n->country) || of_concern(n->jurisdiction))
            evidence_add(r, EV_CONCERN_DENIED, e->seq);
    }
}

static void
count_sender(struct report *r, const struct entry *e, uint64_t findings)
{
    bool plain = e->conn.tls.len == 0 || is_word(e->conn.tls, "none");
    uint32_t identity = name_or(r, e->conn.identity, STR("(no certificate)"));
    uint64_t *v = AT(r, TALLY_SENDER, e, identity, name(r, e->conn.service));

    v[0]++;
    v[1] += is_word(e->outcome, "refused");
    v[2] += e->req.spans_in;
    v[3] += e->req.spans_out;
    v[4] += findings;
    v[5] += e->policy.undecidable;
    v[6] += e->policy.unknown_fields;
    if (e->conn.cert.len)
        AT(r, TALLY_CERTIFICATE, e, identity, name(r, e->conn.cert), name(r, e->conn.serial), name(r, e->conn.issuer), name(r, e->conn.not_after),
            name(r, e->conn.tls))
    [0]++;
    evidence_add(r, plain ? EV_CLIENT_PLAIN : EV_CLIENT_TLS, e->seq);
    if (e->conn.identity.len)
        evidence_add(r, EV_CLIENT_IDENTITY, e->seq);
    v = AT(r, TALLY_PROTOCOL, e, name(r, e->req.protocol), name(r, e->req.encoding), name(r, e->conn.tls));
    v[0]++;
    v[1] += e->req.spans_in;
    v[2] += e->req.bytes_wire;
}

static void
count_outcome(struct report *r, const struct entry *e, uint64_t *time)
{
    bool refused = is_word(e->outcome, "refused"), accepted = is_word(e->outcome, "accepted");

    time[accepted ? 1 : refused ? 3 : 2]++;
    if (refused) {
        uint64_t *v = AT(r, TALLY_REFUSED, e, name(r, e->reason), name(r, e->req.protocol), name(r, sender_of(e)));

        v[0]++;
        v[1] += e->req.spans_in;
        v[2] += e->req.bytes_wire;
    }
    evidence_add(r, EV_REQUEST, e->seq);
    if (!accepted)
        evidence_add(r, refused ? EV_REFUSED : EV_UNROUTABLE, e->seq);
    if (e->policy.undecidable)
        evidence_add(r, EV_UNDECIDABLE, e->seq);
    if (e->policy.unknown_fields)
        evidence_add(r, EV_UNKNOWN_FIELDS, e->seq);
}

static void
count_request(struct report *r, const struct entry *e)
{
    uint64_t by_category[CATEGORY_COUNT_] = {0};
    uint32_t step = period_step(&r->o.period, e->ts_us);
    uint64_t findings = count_rules(r, e, step, by_category);
    uint64_t *time = AT(r, TALLY_TIME, e, step + 1);

    time[0]++;
    time[4] += e->req.spans_in;
    time[5] += e->req.spans_out;
    time[6] += findings;
    time[7] += e->policy.undecidable;
    time[8] += e->policy.unknown_fields;
    count_outcome(r, e, time);
    count_sender(r, e, findings);
    count_routes(r, e, by_category);
    if (e->policy.digest.len)
        AT(r, TALLY_DIGEST, e, name(r, e->policy.digest))[0]++;
    r->t.requests++;
    r->t.spans_in += e->req.spans_in;
    r->t.spans_out += e->req.spans_out;
    r->t.bytes_wire += e->req.bytes_wire;
    r->t.findings += findings;
    r->t.undecidable += e->policy.undecidable;
    r->t.unknown_fields += e->policy.unknown_fields;
    r->t.not_allowed += e->policy.not_allowed;
    r->t.added += e->policy.added;
    r->t.rules_left_out += e->policy.rules_left_out;
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
    uint32_t destination = name(r, e->delivery.destination);
    uint64_t *time = AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1);
    uint64_t *v = AT(r, TALLY_DELIVERY, e, destination, name(r, e->outcome), name(r, e->reason));

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
        AT(r, TALLY_PEER, e, destination, name(r, e->delivery.cert))[0]++;
    evidence_add(r, is_word(e->outcome, "delivered") ? EV_DELIVERED : EV_REJECTED, e->seq);
    if (is_word(e->outcome, "delivered"))
        evidence_add(r, e->delivery.cert.len ? EV_DELIVERY_TLS : EV_DELIVERY_PLAIN, e->seq);
    r->t.delivered_spans += e->delivery.accepted;
    r->t.rejected_spans += e->delivery.rejected;
}

static void
count_loss(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_LOSS, e, name(r, e->loss.destination), name(r, e->loss.reason));

    v[0]++;
    v[1] += e->loss.spans;
    AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1)[11] += e->loss.spans;
    evidence_add(r, EV_LOSS, e->seq);
    r->t.lost_spans += e->loss.spans;
}

static void
count_handshake(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_HANDSHAKE, e, name(r, e->reason), name(r, e->conn.cidr), name(r, e->conn.identity));

    v[0] += e->count ? e->count : 1;
    v[1]++;
    evidence_add(r, EV_HANDSHAKE, e->seq);
}

/* Turned away before the gate saw it: a request like others, of which no more is known. */
static void
count_refusal(struct report *r, const struct entry *e)
{
    uint64_t n = e->count ? e->count : 1;
    uint64_t *time = AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1);
    uint64_t *v = AT(r, TALLY_SENDER, e, name_or(r, e->conn.identity, STR("(no certificate)")), name(r, e->conn.service));

    time[0] += n;
    time[3] += n;
    v[0] += n;
    v[1] += n;
    AT(r, TALLY_REFUSED, e, name(r, e->reason), name(r, e->req.protocol), name(r, sender_of(e)))[0] += n;
    evidence_add(r, EV_REFUSED, e->seq);
    r->t.requests += n;
    r->t.unread += n;
}

static void
count_admin(struct report *r, const struct entry *e)
{
    const struct str texts[] = {e->admin.actor, e->admin.verb, e->admin.object, e->admin.digest, e->admin.result};

    event_add(r, EVENTS_ADMIN, e, 0, texts, 5);
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

    event_add(r, EVENTS_CHANGE, e, 0, texts, 6);
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

    event_add(r, EVENTS_CHANGE, e, 0, texts, 6);
    evidence_add(r, EV_CHANGE, e->seq);
    evidence_add(r, EV_CHANGE_KEY, e->seq);
}

static void
count_anchor(struct report *r, const struct entry *e)
{
    uint64_t *v = AT(r, TALLY_ANCHOR, e, name(r, e->anchor.kind), name(r, e->anchor.to));

    v[0] += e->anchor.ok;
    v[1] += e->anchor.failed;
    v[2] = e->anchor.size;
    v[3]++;
}

static void
count_retention(struct report *r, const struct entry *e)
{
    const struct str texts[] = {STR("local"), STR("retention"), e->retention.before, STR(""), e->outcome};

    event_add(r, EVENTS_ADMIN, e, 0, texts, 5);
    evidence_add(r, EV_ADMIN, e->seq);
}

static void
count_policies(struct report *r, const struct entry *e)
{
    char revision[24];

    evidence_add(r, EV_RULES, e->seq);
    for (uint32_t i = 0; i < e->policy_count; i++) {
        const struct entry_policy *p = &e->policies[i];
        struct buf text = BUF_INIT(sizeof(revision));

        if (buf_printf(&text, "%llu", (unsigned long long)p->revision) == RC_OK)
            AT(r, TALLY_POLICY, e, name(r, p->name), name(r, p->kind), name(r, p->mode), name(r, p->owner), name(r, p->controls),
                name(r, buf_str(&text)))
        [0]++;
        buf_free(&text);
    }
    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct entry_rule *n = &e->rules[i];

        AT(r, TALLY_IN_FORCE, e, name(r, n->id), name(r, n->entity), name(r, n->action), name(r, n->mode))[0]++;
    }
}

static void
count_closed(struct report *r, const struct entry *e)
{
    const struct str texts[] = {e->gate.closed, e->gate.opened, e->reason};

    event_add(r, EVENTS_CLOSED, e, e->gate.refused, texts, 3);
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
    {"rules", count_policies},
    {"gate", count_closed},
    {"key.rotate", count_key},
    {"checkpoint.anchor", count_anchor},
    {"retention", count_retention},
};

/* -- every entry ------------------------------------------------------------------------------------------------------------------ */

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
        event_add(r, EVENTS_CLOCK, e, r->t.before_us - e->ts_us, NULL, 0);
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

/* What is in force when the period begins is known from the entries before it. */
static void
count_before(struct report *r, const struct entry *e)
{
    if (is_word(e->change.what, "policy"))
        r->policy_before = name(r, e->change.new_digest);
    if (!is_word(e->type, "rules"))
        return;
    if (is_word(e->reason, "begin")) {
        tally_clear(&r->tally[TALLY_IN_FORCE]);
        tally_clear(&r->tally[TALLY_POLICY]);
        r->evidence[EV_RULES] = (struct evidence){0};
    }
    count_policies(r, e);
}

enum rc
report_add(struct report *r, uint64_t index, struct str bytes)
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
            count_before(r, e);
        return r->rc;
    }
    if (r->t.entries++ == 0) {
        r->t.first_us = e->ts_us;
        r->t.first_leaf = e->seq;
    }
    r->t.last_us = e->ts_us;
    r->t.last_leaf = e->seq;
    AT(r, TALLY_TYPE, e, name(r, e->type), name(r, e->outcome))[0]++;
    AT(r, TALLY_BUILD, e, name(r, e->node), name(r, e->build))[0]++;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (is_word(e->type, types[i].type))
            types[i].count(r, e);
    return r->rc;
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
