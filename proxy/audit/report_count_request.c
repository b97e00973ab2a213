/* What requests add: findings, routes, transfers, senders. */
#include "report_count_int.h"

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
        AT(r, TALLY_PLACE, e, count_name(r, path), entity)[0]++;
}

/* Findings of one request by category: [CATEGORY_COUNT_], enforced ones only. Returns: their sum */
static uint64_t
count_rules(struct report *r, const struct entry *e, uint32_t step, uint64_t *by_category)
{
    uint32_t sender = count_name(r, sender_of(e));
    uint64_t findings = 0;

    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct entry_rule *n = &e->rules[i];
        uint32_t entity = count_name_or(r, n->entity, STR("(not named)"));
        enum category c = report_category(r, entity);
        uint64_t *v = AT(r, TALLY_RULE, e, count_name(r, n->id), entity, count_name(r, n->action), count_name(r, n->mode));

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
        AT(r, TALLY_SENDER_TIME, e, step + 1, sender)[0] += n->count;
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
    uint32_t from = count_name(r, origin), country = count_name_or(r, n->country, STR("not stated"));
    uint64_t *v = AT(r, TALLY_TRANSFER, e, from, country, count_name(r, n->jurisdiction), count_name(r, n->destination),
        count_name_or(r, n->mechanism, STR("none")), count_name(r, n->reference), count_name(r, n->expires));

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
        uint64_t *v = AT(r, TALLY_DENIED, e, count_name(r, origin_of(e, n)), count_name_or(r, n->country, STR("not stated")),
            count_name(r, n->jurisdiction), count_name(r, n->destination), count_name(r, n->rule));

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
    uint32_t identity = count_name_or(r, e->conn.identity, STR("(no certificate)"));
    uint64_t *v = AT(r, TALLY_SENDER, e, identity, count_name(r, e->conn.service));

    v[0]++;
    v[1] += is_word(e->outcome, "refused");
    v[2] += e->req.spans_in;
    v[3] += e->req.spans_out;
    v[4] += findings;
    v[5] += e->policy.undecidable;
    v[6] += e->policy.unknown_fields;
    if (e->conn.cert.len)
        AT(r, TALLY_CERTIFICATE, e, identity, count_name(r, e->conn.cert), count_name(r, e->conn.serial), count_name(r, e->conn.issuer),
            count_name(r, e->conn.not_after), count_name(r, e->conn.tls))
    [0]++;
    evidence_add(r, plain ? EV_CLIENT_PLAIN : EV_CLIENT_TLS, e->seq);
    if (e->conn.identity.len)
        evidence_add(r, EV_CLIENT_IDENTITY, e->seq);
    v = AT(r, TALLY_PROTOCOL, e, count_name(r, e->req.protocol), count_name(r, e->req.encoding), count_name(r, e->conn.tls));
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
        uint64_t *v = AT(r, TALLY_REFUSED, e, count_name(r, e->reason), count_name(r, e->req.protocol), count_name(r, sender_of(e)));

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

void
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
        AT(r, TALLY_DIGEST, e, count_name(r, e->policy.digest))[0]++;
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

void
count_refusal(struct report *r, const struct entry *e)
{
    uint64_t n = e->count ? e->count : 1;
    uint64_t *time = AT(r, TALLY_TIME, e, period_step(&r->o.period, e->ts_us) + 1);
    uint64_t *v = AT(r, TALLY_SENDER, e, count_name_or(r, e->conn.identity, STR("(no certificate)")), count_name(r, e->conn.service));

    time[0] += n;
    time[3] += n;
    v[0] += n;
    v[1] += n;
    AT(r, TALLY_REFUSED, e, count_name(r, e->reason), count_name(r, e->req.protocol), count_name(r, sender_of(e)))[0] += n;
    evidence_add(r, EV_REFUSED, e->seq);
    r->t.requests += n;
    r->t.unread += n;
}
