/* What a reader wants to know first: six questions, each with its answer, why, and the section that tells more. The numbers are those of the sections. */
#include <stdio.h>

#include "sections_int.h"

#define BECAUSE_MAX 512

/* What speaks against, as far as there is any: "3 of this; 4 of that". */
struct against {
    char text[BECAUSE_MAX];
    size_t len;
};

static void
against_say(struct against *a, const char *before, const char *what)
{
    int put = snprintf(a->text + a->len, sizeof(a->text) - a->len, "%s%s%s", a->len ? "; " : "", before, what);

    if (put > 0 && (size_t)put < sizeof(a->text) - a->len)
        a->len += (size_t)put;
}

static void
against_add(struct against *a, uint64_t n, const char *what)
{
    char number[NUMBER_SIZE];

    if (n)
        against_say(a, number_text(n, number), what);
}

/* any: there was an occasion at all. */
static void
row(struct report *r, const char *question, bool any, const struct against *a, const char *good, const char *section)
{
    doc_cstr(r->doc, question);
    doc_cstr(r->doc, a->len ? "no" : any ? "yes" : "not known");
    doc_cstr(r->doc, a->len ? a->text : good);
    doc_cstr(r->doc, section);
}

static void
row_record(struct report *r)
{
    const struct report_log *log = &r->log;
    struct against a = {.len = 0};
    char good[BECAUSE_MAX] = "the log was not verified, or no public key was given to check its signature with", n[NUMBER_SIZE];
    bool verified = log->origin && log->verified && log->verifier && *log->verifier;

    if (log->problem)
        against_say(&a, "it does not verify: ", log->problem);
    if (r->evidence[EV_PRUNED].count)
        against_say(&a, "", "entries that may be of the period were removed after the time of retention");
    against_add(&a, r->t.gap_leaves, " entries are missing");
    against_add(&a, r->evidence[EV_UNREADABLE].count, " entries cannot be read");
    if (verified)
        snprintf(
            good, sizeof(good), "all %s entries were read and hashed, and the root is signed by %.300s", number_text(log->size, n), log->verifier);
    row(r, "Is the record complete and unaltered?", verified, &a, good, "integrity");
}

static void
row_transfers(struct report *r)
{
    const struct evidence *e = r->evidence;
    struct against a = {.len = 0};
    char good[BECAUSE_MAX] = "nothing was allowed to leave", n[NUMBER_SIZE];

    against_add(&a, e[EV_NO_MECHANISM].count, " requests went to another country with no legal mechanism in the policy");
    against_add(&a, e[EV_EXPIRED].count, " requests under a mechanism that had expired");
    against_add(&a, e[EV_CONCERN].count, " requests to countries of concern");
    if (e[EV_TRANSFER].count)
        snprintf(good, sizeof(good), "%s requests, each to destinations that the policy allows, by a mechanism that had not expired",
            number_text(e[EV_TRANSFER].count, n));
    row(r, "Did data go only where it may?", e[EV_TRANSFER].count > 0, &a, good, "transfers");
}

static void
row_redaction(struct report *r)
{
    struct against a = {.len = 0};
    char good[BECAUSE_MAX] = "no rule found anything", n[NUMBER_SIZE];

    against_add(&a, r->t.shadow_findings, " findings of rules in shadow mode were let through");
    against_add(&a, r->evidence[EV_UNKNOWN_POLICY].count, " requests were decided by a policy that is not on record");
    if (r->t.findings)
        snprintf(good, sizeof(good), "%s findings were removed or replaced", number_text(r->t.findings, n));
    row(r, "Was all that the rules found removed?", r->t.findings > 0, &a, good, "redaction");
}

static void
row_losses(struct report *r)
{
    struct against a = {.len = 0};

    against_add(&a, r->t.lost_spans, " spans that were accepted are lost");
    row(r, "Did everything that was accepted arrive?", r->t.allowed_spans > 0, &a,
        r->t.allowed_spans ? "no loss is on record" : "nothing was allowed to leave", "availability");
}

static void
row_closed(struct report *r)
{
    struct against a = {.len = 0};

    against_add(&a, r->evidence[EV_CLOSED].count, " times when a worker took no requests");
    against_add(&a, r->evidence[EV_UNCLEAN].count, " starts without a stop before them");
    row(r, "Was the gate available?", r->t.entries > 0, &a,
        r->t.entries ? "it was never closed, and never stopped unasked" : "no entry in the period", "availability");
}

static void
row_controls(struct report *r)
{
    struct against a = {.len = 0};
    size_t count, judged = 0, satisfied = 0;
    const struct control *all = controls_all(&count);
    char of[BECAUSE_MAX];

    for (size_t i = 0; i < count; i++) {
        struct verdict v;

        if (!(r->o.profiles >> all[i].profile & 1))
            continue;
        control_judge(r, &all[i], &v);
        judged++;
        satisfied += v.status == CONTROL_SATISFIED;
    }
    snprintf(of, sizeof(of), " of %zu controls are not satisfied", judged);
    against_add(&a, r->failed_controls, of);
    snprintf(of, sizeof(of), "%zu of %zu controls are satisfied; for the others there was no occasion", satisfied, judged);
    row(r, "Are the controls satisfied?", satisfied > 0, &a, of, "controls");
}

void
table_verdict(struct report *r)
{
    static const struct column columns[] = {{"question", "Question", CELL_TEXT}, {"answer", "Answer", CELL_STATUS}, {"because", "Because", CELL_TEXT},
        {"section", "Section", CELL_WORD}, {0}};

    doc_table(r->doc, TABLE_VERDICT, "Verdict", "", columns);
    row_record(r);
    row_transfers(r);
    row_redaction(r);
    row_losses(r);
    row_closed(r);
    row_controls(r);
}
