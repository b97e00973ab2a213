#include "loader_int.h"

/* A new pattern; NULL with an error when there are too many, or no memory. */
static struct pattern *
pattern_add(struct loader *ld)
{
    struct program *p = ld->prog;

    if (p->pattern_count == PROGRAM_PATTERNS_MAX) {
        policy_error(ld, NULL, SG_TOO_MANY, "more than %d detectors and regular expressions", PROGRAM_PATTERNS_MAX);
        return NULL;
    }
    if (p->pattern_count == ld->pattern_cap) {
        size_t cap = ld->pattern_cap ? ld->pattern_cap * 2 : 64;
        struct pattern *list = arena_grow(p->ar, p->patterns, p->pattern_count * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            ld->fatal = RC_NOMEM;
            return NULL;
        }
        p->patterns = list;
        ld->pattern_cap = cap;
    }
    struct pattern *pat = &p->patterns[p->pattern_count++];

    *pat = (struct pattern){0};
    return pat;
}

static void
pair_up(struct loader *ld, size_t pattern, size_t rule)
{
    if (ld->prog->rules[rule].mode == RULE_OFF)
        return;
    if (ld->pairing_count == ld->pairing_cap) {
        size_t cap = ld->pairing_cap ? ld->pairing_cap * 2 : 64;
        struct pairing *list = arena_grow(ld->prog->ar, ld->pairings, ld->pairing_count * sizeof(*list), cap * sizeof(*list));

        if (!list) {
            ld->fatal = RC_NOMEM;
            return;
        }
        ld->pairings = list;
        ld->pairing_cap = cap;
    }
    ld->pairings[ld->pairing_count++] = (struct pairing){(uint16_t)pattern, (uint16_t)rule};
}

/* The pattern made from the same source before; SIZE_MAX when there is none. */
static size_t
pattern_same(const struct loader *ld, const struct detector *d, const struct local_detector *local)
{
    for (size_t i = 0; i < ld->prog->pattern_count; i++)
        if (ld->prog->patterns[i].base == d && ld->prog->patterns[i].local == local)
            return i;
    return SIZE_MAX;
}

static void
compile(struct loader *ld, struct pattern *pat, bool caseless, struct err_pos pos)
{
    if (confirm_compile(pat->regex, caseless, pos, &pat->confirm, ld->es) == RC_NOMEM)
        ld->fatal = RC_NOMEM;
    else if (pat->confirm && !pat->base)
        confirm_bound(pat->confirm); /* those of detectors were tried on hostile texts */
}

/* Context words of the built-in detector and those that the policy adds. */
static const char *const *
join_words(struct loader *ld, const char *const *a, const char *const *b)
{
    size_t n = 0;

    if (!a || !b)
        return a ? a : b;
    for (const char *const *w = a; *w; w++)
        n++;
    for (const char *const *w = b; *w; w++)
        n++;
    const char **out = policy_alloc(ld, n + 1, sizeof(char *));

    if (!out)
        return a;
    n = 0;
    for (; *a; a++)
        out[n++] = *a;
    for (; *b; b++)
        out[n++] = *b;
    return (const char *const *)out;
}

void
pattern_of_detector(struct loader *ld, const struct detector *d, const struct local_detector *local, size_t rule)
{
    size_t at = pattern_same(ld, d, local);

    if (at == SIZE_MAX) {
        struct pattern *pat = pattern_add(ld);

        if (!pat)
            return;
        at = ld->prog->pattern_count - 1;
        pat->base = d;
        pat->local = local;
        pat->det = *d;
        if (local) {
            pat->det.context = join_words(ld, d->context, local->det.context);
            pat->det.need_context |= local->need_context;
            pat->det.severity = local->has_severity ? local->det.severity : d->severity;
        }
        detector_ready(&pat->det);
        pat->regex = str_of(d->pattern);
        compile(ld, pat, d->caseless, (struct err_pos){.file = d->id, .width = 1});
    }
    pair_up(ld, at, rule);
}

void
pattern_of_regex(struct loader *ld, const struct local_detector *local, size_t rule)
{
    size_t at = pattern_same(ld, NULL, local);

    if (at == SIZE_MAX) {
        struct pattern *pat = pattern_add(ld);

        if (!pat)
            return;
        at = ld->prog->pattern_count - 1;
        pat->local = local;
        pat->det = local->det;
        detector_ready(&pat->det);
        pat->regex = local->regex;
        compile(ld, pat, false, conf_pos(ld->doc, local->regex_node));
        if (pat->confirm)
            pat->value_group = confirm_group(pat->confirm, "value");
        if (pat->value_group > CONFIRM_GROUPS)
            policy_error(ld, local->regex_node, SG_REGEX, "the group `value` must be one of the first %d groups", CONFIRM_GROUPS);
    }
    pair_up(ld, at, rule);
}
