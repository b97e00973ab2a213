#include "residency_model_int.h"

void
residency_route(const struct program *prog, const struct batch *b, uint32_t resource, const struct sender *sender, struct route *r)
{
    residency_decide(program_residency(prog), b, resource, BATCH_NONE, sender, r);
}

void
residency_route_span(const struct program *prog, const struct batch *b, uint32_t span, const struct sender *sender, struct route *r)
{
    residency_decide(program_residency(prog), b, b->scopes[b->spans[span].scope].resource, span, sender, r);
}

enum rc
residency_join_traces(const struct program *prog, const struct batch *b, uint32_t *masks, struct arena *ar)
{
    return residency_join(program_residency(prog), b, masks, ar);
}

uint32_t
residency_mask_of_claims(const struct program *prog, struct str claims, uint64_t now_s)
{
    return residency_mask(program_residency(prog), claims, now_s);
}

bool
residency_needs_spans(const struct program *prog)
{
    const struct residency *re = program_residency(prog);

    for (unsigned i = 0; re && i < re->policy_count; i++) {
        const struct residency_policy *p = &re->policies[i];

        for (unsigned o = 0; p->mode == RULE_ENFORCE && o < p->origin_count; o++)
            if (p->origins[o].from == ORIGIN_SPAN)
                return true;
    }
    return false;
}

uint32_t
residency_reached(const struct program *prog, uint64_t now_s)
{
    const struct residency *re = program_residency(prog);
    uint32_t all = 0;
    bool enforced = false;

    for (unsigned i = 0; re && i < re->policy_count; i++) {
        const struct residency_policy *p = &re->policies[i];
        uint32_t to = 0;

        if (p->mode != RULE_ENFORCE)
            continue;
        for (unsigned k = 0; k < p->rule_count; k++)
            if (!p->rules[k].deny && p->rules[k].until_s > now_s)
                to |= p->rules[k].to;
        all = enforced ? all & to : to;
        enforced = true;
    }
    return all;
}

enum unroutable
residency_on_unroutable(const struct program *prog)
{
    const struct residency *re = program_residency(prog);
    bool drop = false;

    for (unsigned i = 0; re && i < re->policy_count; i++) {
        if (re->policies[i].mode != RULE_ENFORCE)
            continue;
        if (re->policies[i].on_unroutable == UNROUTABLE_REFUSE)
            return UNROUTABLE_REFUSE;
        drop = true;
    }
    return drop ? UNROUTABLE_DROP : UNROUTABLE_REFUSE;
}
