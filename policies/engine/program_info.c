/* What a program says of itself, and which policies a resource falls under. */
#include "program_int.h"
#include "policies/redact.h"
#include "../action/attr_path_int.h"

const char *
program_digest(const struct program *p)
{
    return p->digest;
}

size_t
program_rule_count(const struct program *p)
{
    return p->rule_count;
}

struct rule_info
program_rule(const struct program *p, size_t i)
{
    const struct rule *r = &p->rules[i];

    return (struct rule_info){p->policies[r->policy].name, r->id, r->entity, r->action.type->name, r->mode};
}

size_t
program_policy_count(const struct program *p)
{
    return p->policy_count;
}

struct policy_info
program_policy(const struct program *p, size_t i)
{
    const struct policy *po = &p->policies[i];

    return (struct policy_info){po->name, po->kind, po->owner, po->controls, po->revision, po->mode};
}

size_t
program_destination_count(const struct program *p)
{
    return p->destination_count;
}

struct str
program_destination(const struct program *p, size_t i)
{
    return p->destinations[i];
}

unsigned
program_class(const struct program *p, size_t destination)
{
    return destination < p->destination_count ? p->class_of[destination] : 0;
}

bool
program_jit(const struct program *p)
{
    for (size_t i = 0; i < p->pattern_count; i++)
        if (!confirm_jit(p->patterns[i].confirm))
            return false;
    return true;
}

unsigned
program_class_count(const struct program *p)
{
    return p->class_count;
}

const struct residency *
program_residency(const struct program *p)
{
    return p->residency;
}

bool
globs_match(const struct globs *g, struct str s)
{
    for (size_t i = 0; i < g->count; i++) {
        struct str pattern = g->list[i];

        /* Most patterns start with another letter: spare the call. */
        if (pattern.len && pattern.ptr[0] != '*' && (s.len == 0 || pattern.ptr[0] != s.ptr[0]))
            continue;
        if (str_glob(pattern, s))
            return true;
    }
    return false;
}

/* Any text of the attribute may have the value: of two doubtful readings the one that brings more rules is taken. */
static bool
value_matches(const struct batch *b, const struct batch_attr *a, const struct globs *values)
{
    char number[BATCH_NUMBER_SIZE];

    for (uint32_t i = a->text_first; i < a->text_end; i++) {
        const struct batch_text *t = &b->texts[i];
        struct str value = batch_text_bytes(b, t);

        if (t->kind != TEXT_STRING && t->kind != TEXT_BYTES) {
            value.len = batch_text_format(b, t, number);
            value.ptr = number;
        }
        if (globs_match(values, value))
            return true;
    }
    return false;
}

static bool
policy_applies(const struct policy *p, const struct batch *b, const struct batch_resource *r)
{
    uint32_t first = 0, end = 0;

    if (p->match_count)
        attr_resource_range(b, r, &first, &end);
    for (size_t m = 0; m < p->match_count; m++) {
        bool found = false;

        for (uint32_t i = first; i < end && !found; i++) {
            const struct batch_attr *a = &b->attrs[i];

            found = a->place == PLACE_RESOURCE_ATTRIBUTE && a->parent == BATCH_NONE && str_eq(batch_attr_key(b, a), p->match[m].key) &&
                    value_matches(b, a, &p->match[m].values);
        }
        if (!found)
            return false;
    }
    return true;
}

uint64_t
program_policies_of(const struct program *p, const struct batch *b, uint32_t resource)
{
    uint64_t set = 0;

    for (size_t i = 0; i < p->policy_count; i++)
        if (p->policies[i].redacts && p->policies[i].mode != RULE_OFF && policy_applies(&p->policies[i], b, &b->resources[resource]))
            set |= (uint64_t)1 << i;
    return set;
}

bool
program_covers(const struct program *prog, const struct batch *b, uint32_t resource)
{
    uint64_t set = program_policies_of(prog, b, resource);

    for (size_t i = 0; i < prog->policy_count; i++)
        if ((set >> i & 1) && prog->policies[i].mode == RULE_ENFORCE)
            return true;
    return false;
}
