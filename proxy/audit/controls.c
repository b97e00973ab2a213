#include "report_int.h"

#define EV(...)     \
    {               \
        __VA_ARGS__ \
    }
#define CONTROL(profile, clause, id, title, good, bad, satisfied, failed, none) {profile, clause, id, title, good, bad, satisfied, failed, none},
static const struct control controls[] = {
#include "controls.def"
};
#undef CONTROL
_Static_assert(sizeof(controls) / sizeof(controls[0]) <= CONTROLS_MAX, "counters for each control");

static const struct {
    const char *name, *title;
} profiles[PROFILE_COUNT_] = {
    [PROFILE_GDPR] = {"gdpr", "GDPR, Regulation (EU) 2016/679"},
    [PROFILE_HIPAA] = {"hipaa", "HIPAA Security and Privacy Rules, 45 CFR part 164"},
    [PROFILE_PCI] = {"pci", "PCI DSS 4.0.1"},
    [PROFILE_SOC2] = {"soc2", "SOC 2, Trust Services Criteria 2017 (2022)"},
    [PROFILE_ISO27001] = {"iso27001", "ISO/IEC 27001:2022, annex A"},
    [PROFILE_DPDP] = {"dpdp", "India, DPDP Rules 2025"},
    [PROFILE_US_28CFR202] = {"us-28cfr202", "US Department of Justice, 28 CFR part 202"},
};

const char *
profile_name(enum report_profile p)
{
    return profiles[p].name;
}

const char *
profile_title(enum report_profile p)
{
    return profiles[p].title;
}

unsigned
profile_mask(struct str name)
{
    if (str_eq(name, STR("all")))
        return (1u << PROFILE_COUNT_) - 1;
    for (unsigned i = 0; i < PROFILE_COUNT_; i++)
        if (str_eq(name, str_of(profiles[i].name)))
            return 1u << i;
    return 0;
}

const struct control *
controls_all(size_t *count)
{
    *count = sizeof(controls) / sizeof(controls[0]);
    return controls;
}

const char *
control_status_text(enum control_status s)
{
    static const char *const names[] = {"satisfied", "not satisfied", "not applicable"};

    return names[s];
}

/* -- entries ---------------------------------------------------------------------------------------------------------------------- */

static uint64_t
bits_of(const enum evidence_id *ids)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 4 && ids[i] != EV_NOTHING; i++)
        bits |= ids[i] < EV_WHOLE ? UINT64_C(1) << ids[i] : 0;
    return bits;
}

static void
flush(struct seen *s, unsigned slot)
{
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        s->good[i] += s->slot[slot].what & bits_of(controls[i].good) ? s->slot[slot].entries : 0;
        s->bad[i] += s->slot[slot].what & bits_of(controls[i].bad) ? s->slot[slot].entries : 0;
    }
    s->slot[slot].entries = 0;
}

void
controls_count_entry(struct report *r)
{
    struct seen *s = &r->seen;
    unsigned slot = (unsigned)(s->now * UINT64_C(0x9E3779B97F4A7C15) >> 58); /* 64 slots */

    if (s->now == 0)
        return;
    if (s->slot[slot].what != s->now) {
        flush(s, slot);
        s->slot[slot].what = s->now;
    }
    s->slot[slot].entries++;
}

/* -- evidence of all entries together --------------------------------------------------------------------------------------------- */

static const struct hipaa_identifier identifiers[] = {
    {'A', "Names", true},
    {'B', "Geographic subdivisions smaller than a state", true},
    {'C', "Dates other than the year; ages over 89", true},
    {'D', "Telephone numbers", true},
    {'E', "Fax numbers", true},
    {'F', "E-mail addresses", true},
    {'G', "Social security numbers", true},
    {'H', "Medical record numbers", true},
    {'I', "Health plan beneficiary numbers", true},
    {'J', "Account numbers", true},
    {'K', "Certificate and licence numbers", true},
    {'L', "Vehicle identifiers and plates", true},
    {'M', "Device identifiers and serial numbers", true},
    {'N', "URLs", true},
    {'O', "IP addresses", true},
    {'P', "Biometric identifiers", false},
    {'Q', "Full-face photographs", false},
    {'R', "Any other unique identifying number or code", true},
};

const struct hipaa_identifier *
hipaa_identifiers(size_t *count)
{
    *count = sizeof(identifiers) / sizeof(identifiers[0]);
    return identifiers;
}

bool
hipaa_covers(const struct report_entity *e, char letter)
{
    char wanted[] = "HIPAA-A";
    struct str all = str_of(e->controls);
    size_t at;

    if (letter == 'E') /* a fax number is written as a telephone number is */
        letter = 'D';
    if (letter == 'N') /* what identifies in a URL is found in its parts */
        return str_starts(str_of(e->entity), STR("URL_"));
    wanted[6] = letter;
    at = str_find(all, str_of(wanted));
    return at != SIZE_MAX && (at + 7 == all.len || all.ptr[at + 7] == ' ');
}

/* Was each policy digest that decided put on record, by a start or a reload of the whole log as it was read? */
static void
prepare_digests(struct report *r)
{
    const struct tally *used = &r->tally[TALLY_DIGEST];
    const struct events *changes = &r->events[EVENTS_CHANGE];

    for (uint32_t i = 0; i < used->count && changes->left_out == 0; i++) {
        bool known = used->rows[i].key[0] == r->policy_before;

        for (uint32_t k = 0; k < changes->count && !known; k++)
            known = changes->items[k].text[3] == used->rows[i].key[0];
        if (known)
            continue;
        evidence_add(r, EV_UNKNOWN_POLICY, used->rows[i].value[V_FIRST_LEAF]);
        r->evidence[EV_UNKNOWN_POLICY].count += used->rows[i].value[0] - 1; /* requests */
    }
}

void
controls_prepare(struct report *r)
{
    uint64_t last = r->t.entries ? r->t.last_leaf : LEAF_NONE;

    for (unsigned slot = 0; slot < SEEN_SLOTS; slot++)
        flush(&r->seen, slot);
    if (r->log.verified && !r->log.problem && r->log.verifier && *r->log.verifier) /* hashes alone prove nothing: anybody can make them */
        evidence_add(r, EV_VERIFIED, last);
    if (r->log.problem)
        evidence_add(r, EV_BROKEN, r->log.bad_leaf);
    /* Removed entries are older than what is kept, and than the day that the log says. */
    bool older = r->t.any && r->t.oldest_us < r->o.period.from_us, before = r->t.removed_us && r->t.removed_us <= r->o.period.from_us;

    if (r->log.first && !older && !before)
        evidence_add(r, EV_PRUNED, r->log.first);
    coverage_close(r, true);
    prepare_digests(r);
}

/* -- judging ---------------------------------------------------------------------------------------------------------------------- */

static void
leaf_add(struct verdict *v, uint64_t leaf)
{
    unsigned at = v->leaves;

    for (unsigned i = 0; i < v->leaves; i++)
        if (v->leaf[i] == leaf)
            return;
    if (leaf == LEAF_NONE || v->leaves == sizeof(v->leaf) / sizeof(v->leaf[0]))
        return;
    for (; at && v->leaf[at - 1] > leaf; at--)
        v->leaf[at] = v->leaf[at - 1];
    v->leaf[at] = leaf;
    v->leaves++;
}

/* The leaves of these kinds of evidence; whether there are any. entries: in which one kind or several are. */
static bool
collect(const struct report *r, const enum evidence_id *ids, uint64_t entries, struct verdict *v)
{
    v->entries = entries;
    for (unsigned i = 0; i < 4 && ids[i] != EV_NOTHING; i++) {
        const struct evidence *e = &r->evidence[ids[i]];

        if (ids[i] >= EV_WHOLE)
            v->entries += e->count;
        else if (ids[i] == EV_RULES)
            v->entries += r->rules_before;
        for (uint64_t k = 0; k < e->count && k < 2; k++)
            leaf_add(v, e->leaf[k]);
        if (e->count)
            leaf_add(v, e->last);
    }
    return v->entries > 0;
}

void
control_judge(const struct report *r, const struct control *c, struct verdict *v)
{
    *v = (struct verdict){.status = CONTROL_NOT_SATISFIED, .because = c->failed};
    if (collect(r, c->bad, r->seen.bad[c - controls], v))
        return;
    *v = (struct verdict){.status = CONTROL_SATISFIED, .because = c->satisfied};
    if (collect(r, c->good, r->seen.good[c - controls], v))
        return;
    v->status = c->no_occasion ? CONTROL_NOT_APPLICABLE : CONTROL_NOT_SATISFIED;
    v->because = c->no_occasion ? c->no_occasion : "Nothing on record shows it; the log was not verified while this report was made";
}
