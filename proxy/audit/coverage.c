/* What the rules in force cover: a rule that was there for a part of the period only is not enough. */
#include "report_count_int.h"

static uint32_t
letter_bit(char letter)
{
    return 1u << (letter - 'A');
}

static uint32_t
covered_by(const struct report_entity *e)
{
    size_t count;
    const struct hipaa_identifier *h = hipaa_identifiers(&count);
    uint32_t bits = 0;

    for (size_t i = 0; i < count; i++)
        bits |= h[i].text && hipaa_covers(e, h[i].letter) ? letter_bit(h[i].letter) : 0;
    if (strcmp(e->entity, "CREDIT_CARD") == 0)
        bits |= RULE_COVERS_CARD;
    if (strcmp(e->entity, "CARD_CVV") == 0)
        bits |= RULE_COVERS_CVV;
    if (strcmp(e->entity, "CARD_TRACK") == 0)
        bits |= RULE_COVERS_TRACK;
    return bits;
}

void
coverage_add(struct report *r, const struct entry *e)
{
    if (!r->rules.any)
        r->rules = (struct rule_set){.any = true, .leaf = e->seq};
    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct report_entity *known = report_entity_find(r, e->rules[i].entity);

        if (known && is_word(e->rules[i].mode, "enforce"))
            r->rules.covers |= covered_by(known);
    }
}

void
coverage_close(struct report *r, bool in_period)
{
    const struct rule_set set = r->rules;
    size_t count;
    const struct hipaa_identifier *h = hipaa_identifiers(&count);
    uint32_t all = 0, sad = RULE_COVERS_CVV | RULE_COVERS_TRACK;

    r->rules.any = false;
    if (!set.any || !in_period)
        return;
    for (size_t i = 0; i < count; i++)
        all |= h[i].text ? letter_bit(h[i].letter) : 0;
    r->uncovered |= ~set.covers & (all | sad | RULE_COVERS_CARD);
    evidence_add(r, (set.covers & all) == all ? EV_HIPAA_COVERED : EV_HIPAA_GAP, set.leaf);
    evidence_add(r, set.covers & RULE_COVERS_CARD ? EV_CARD_COVERED : EV_CARD_GAP, set.leaf);
    evidence_add(r, (set.covers & sad) == sad ? EV_SAD_COVERED : EV_SAD_GAP, set.leaf);
}

bool
coverage_lacks(const struct report *r, char letter)
{
    return (r->uncovered & letter_bit(letter)) != 0;
}
