/**
 * One text with its findings -> the text as it leaves. Overlapping findings are resolved as redact.h says.
 *
 *   text      ....[----card-----]......[--email--]....
 *                     [--phone--..]                         one cluster: the card wins, its action stands in place of the union
 */
#ifndef ENGINE_RESOLVE_INT_H
#define ENGINE_RESOLVE_INT_H

#include "policies/redact.h"
#include "program_int.h"

struct redaction {
    const struct program *prog;
    unsigned class;
    struct arena *ar;
    struct redact_report *report; /* counts and places are there */
    const struct batch *b;        /* with resource: whose text it is; NULL: not known */
    uint32_t resource;
    bool number; /* the text is the decimal form of a number */
};

static inline bool
rule_acts(const struct redaction *rd, const struct rule *r)
{
    return r->mode == RULE_ENFORCE && (r->classes >> rd->class & 1);
}

/* Count n findings of a rule at a place. */
void redaction_count(const struct redaction *rd, uint16_t rule, unsigned place);

/* Whether a comes before b in the order of redact.h. */
bool redaction_better(const struct redaction *rd, const struct finding *a, const struct finding *b);

/**
 * resolve_text(rd, text, place, list, count, out):
 * In:      list  findings on this text by start; FINDING_ATTRIBUTE in it means a key rule on the whole text, which is counted elsewhere
 * Out:     out   what stands there instead; text itself when nothing acts
 * Returns: RC_OK; RC_NOMEM, RC_UNDECIDABLE
 */
enum rc resolve_text(const struct redaction *rd, struct str text, unsigned place, const struct finding *list, size_t count, struct str *out) MUST_USE;

#endif
