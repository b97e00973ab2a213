/*
 * What leaves one gate must leave the next as it is. A replacement changes how the text around it reads: lines are joined, a name has another value behind it,
 * what stood behind escapes stands there plainly. So a text that was changed is examined again, as the next gate would, until nothing more is found; one that
 * comes to no rest is replaced whole.
 */
#include "redact_again_int.h"

#define PASSES 6 /* each may bring the next to light; two are rare */

/* Key rules stay in force, whatever the text reads like now. */
static enum rc
join(const struct settling *s, const struct findings *found, struct arena *ar, struct finding **list, size_t *count)
{
    struct finding *all = arena_alloc(ar, (s->count + found->count + 1) * sizeof(*all));
    size_t n = 0;

    if (!all)
        return RC_NOMEM;
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].on == FINDING_ATTRIBUTE)
            all[n++] = s->list[i];
    if (found->count)
        memcpy(all + n, found->list, found->count * sizeof(*all));
    *list = all;
    *count = n + found->count;
    return RC_OK;
}

/* Findings of a pass that changes nothing are of what was put there: they are not counted. */
static enum rc
report_begin(struct redact_again *g, const struct redaction *rd, struct redact_report *report)
{
    size_t n = rd->prog->rule_count + 1;

    if (!g->counts)
        g->counts = arena_alloc(rd->ar, n * sizeof(*g->counts));
    if (!g->places)
        g->places = arena_alloc(rd->ar, n * sizeof(*g->places));
    if (!g->counts || !g->places)
        return RC_NOMEM;
    memset(g->counts, 0, n * sizeof(*g->counts));
    memset(g->places, 0, n * sizeof(*g->places));
    *report = (struct redact_report){.counts = g->counts, .places = g->places};
    return RC_OK;
}

static void
report_add(const struct redaction *rd, const struct redact_report *more)
{
    for (size_t i = 0; i <= rd->prog->rule_count; i++) {
        rd->report->counts[i] += more->counts[i];
        rd->report->places[i] |= more->places[i];
    }
    rd->report->undecidable += more->undecidable;
}

static bool
looks_like_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !strchr("+-.eE", s.ptr[i]))
            return str_eq(s, STR("true")) || str_eq(s, STR("false"));
    return s.len > 0;
}

static enum rc
resolve_again(struct redact_again *g, const struct redaction *rd, const struct settling *s, const struct findings *found, struct str *text)
{
    struct finding *list;
    struct redact_report report;
    struct redaction again = *rd;
    struct str next = *text;
    size_t count;
    enum rc rc = join(s, found, rd->ar, &list, &count);

    if (rc != RC_OK || count == 0)
        return rc;
    rc = report_begin(g, rd, &report);
    again.report = &report;
    again.number = s->at.number;
    if (rc == RC_OK)
        rc = resolve_text(&again, *text, s->at.place, list, count, &next);
    if (rc == RC_OK && !str_eq(*text, next))
        report_add(rd, &report);
    if (rc == RC_OK)
        *text = next;
    return rc;
}

static enum rc
one_pass(struct redact_again *g, const struct redaction *rd, const struct settling *s, struct str *text)
{
    struct again_found found;
    struct settling now = *s;
    struct str before = *text;

    now.at.number = s->at.number && looks_like_number(before);
    enum rc rc = examine_again(g->ex, &now.at, before, rd->class, &found);

    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_OK : rc;
    rc = resolve_again(g, rd, &now, &found.findings, text);
    if (rc == RC_OK && found.slot && str_eq(before, *text))
        *found.slot = found.mark;
    return rc;
}

static void
begin(struct redact_again *g, const struct redaction *rd, const struct batch *b)
{
    if (g->begun)
        return;
    examine_again_begin(g->ex, b, rd->ar);
    g->begun = true;
}

void
redact_again_end(struct redact_again *g)
{
    if (g->begun)
        examine_again_end(g->ex);
}

enum rc
redact_settle(struct redact_again *g, const struct redaction *rd, const struct settling *s, struct str *now)
{
    struct str before;

    if (!g->ex)
        return RC_OK;
    begin(g, rd, s->at.b);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        /* Nothing is found in what is wholly of our making. */
        if (now->len == 0 || own_holds(rd->prog->own, *now, 0, now->len))
            return RC_OK;
        before = *now;
        enum rc rc = one_pass(g, rd, s, now);

        if (rc != RC_OK || str_eq(before, *now))
            return rc;
    }
    *now = STR(ACTION_UNDECIDABLE);
    rd->report->undecidable++;
    return RC_OK;
}
