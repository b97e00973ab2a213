/* The sections about the gate itself, the controls, and what the report does not say. */
#include "sections_int.h"

/* -- changes ---------------------------------------------------------------------------------------------------------------------- */

static void
events_left_out(struct report *r, enum event_id id)
{
    if (r->events[id].left_out)
        doc_note(r->doc, "The first %d are listed; %llu more are in the log.", EVENTS_MAX, (unsigned long long)r->events[id].left_out);
}

static void
table_changes(struct report *r, bool in_force)
{
    static const struct column columns[] = {{"at", "Time", CELL_TIME}, {"what", "What", CELL_WORD}, {"name", "Which", CELL_NAME},
        {"outcome", "Outcome", CELL_WORD}, {"old", "Digest before", CELL_DIGEST}, {"new", "Digest after", CELL_DIGEST}, {"leaf", "Leaf", CELL_LEAF},
        {0}};
    struct doc *d = r->doc;

    if (in_force)
        doc_table(d, "in-force", "What was in force at each start", "No start in the period.", columns)->wide = true;
    else
        doc_table(d, "changes", "Changes while running", "Nothing was changed by a reload in the period.", columns)->whole = true;
    EVENTS_EACH(r, EVENTS_CHANGE, ev)
    {
        if (str_eq(names_text(&r->names, ev->text[4]), STR("in_force")) != in_force)
            continue;
        doc_number(d, ev->us);
        cell_name(r, ev->text[0]);
        cell_name(r, ev->text[1]);
        cell_name(r, ev->text[4]);
        cell_name(r, ev->text[2]);
        cell_name(r, ev->text[3]);
        doc_number(d, ev->leaf);
    }
}

void
section_changes(struct report *r)
{
    static const struct column acts[] = {{"at", "Time", CELL_TIME}, {"actor", "Actor", CELL_NAME}, {"verb", "Act", CELL_TEXT},
        {"object", "Object", CELL_NAME}, {"digest", "SHA-256", CELL_DIGEST}, {"result", "Result", CELL_TEXT}, {"leaf", "Leaf", CELL_LEAF}, {0}};
    static const struct column policies[] = {{"name", "Policy", CELL_NAME}, {"kind", "Kind", CELL_WORD}, {"mode", "Mode", CELL_WORD},
        {"owner", "Owner", CELL_NAME}, {"controls", "Controls it serves", CELL_NAME}, {"revision", "Revision", CELL_WORD},
        {"first", "First on record", CELL_DAY}, {"leaf", "Leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;

    doc_section(d, "changes", "Changes");
    doc_text(d, "Policies, configuration, certificates, keys and the program itself, by SHA-256 before and after. Keys are told apart by an HMAC "
                "that says nothing about them.");
    table_changes(r, false);
    table_changes(r, true);
    events_left_out(r, EVENTS_CHANGE);
    tally_sort(&r->tally[TALLY_POLICY], &r->names, TALLY_VALUES);
    doc_table(d, "policies", "Policies on record", "No policy was put on record up to the end of the period.", policies);
    TALLY_EACH(r, TALLY_POLICY, row)
    {
        cells_names(r, row, 6);
        doc_number(d, row->value[V_FIRST_US]);
        doc_number(d, row->value[V_FIRST_LEAF]);
    }
    doc_table(d, "acts", "Administrative acts", "No administrative act in the period.", acts)->whole = true;
    EVENTS_EACH(r, EVENTS_ADMIN, ev)
    {
        doc_number(d, ev->us);
        for (unsigned i = 0; i < 5; i++)
            cell_name(r, ev->text[i]);
        doc_number(d, ev->leaf);
    }
    events_left_out(r, EVENTS_ADMIN);
}

/* -- availability ----------------------------------------------------------------------------------------------------------------- */

static void
table_volume(struct report *r)
{
    static const struct column columns[] = {{"from", "From", CELL_TEXT}, {"requests", "Requests", CELL_NUMBER}, {"accepted", "accepted", CELL_NUMBER},
        {"part", "in part or unroutable", CELL_NUMBER}, {"refused", "refused", CELL_NUMBER}, {"spans_in", "Spans in", CELL_NUMBER},
        {"spans_out", "Spans out", CELL_NUMBER}, {"findings", "Findings", CELL_NUMBER}, {"undecidable", "Undecidable", CELL_NUMBER},
        {"unknown", "Unknown fields", CELL_NUMBER}, {"delivered", "Delivered", CELL_NUMBER}, {"rejected", "Rejected", CELL_NUMBER},
        {"lost", "Lost", CELL_NUMBER}, {0}};
    uint32_t steps = period_steps(&r->o.period);
    struct tally *t = &r->tally[TALLY_TIME];
    char label[24];

    tally_sort(t, NULL, TALLY_VALUES);
    doc_table(r->doc, "volume", "Requests and spans over time", "Nothing happened in the period.", columns)->wide = true;
    doc_chart(r->doc, &(struct chart){CHART_TIME, "Requests over time, by outcome",
                          "Columns over the period: requests accepted, accepted in part or unroutable, refused.", 0, 0, {2, 3, 4}, 3});
    for (uint32_t s = 0, i = 0; s < steps && t->count; s++) {
        static const uint64_t none[TALLY_VALUES] = {0};
        const uint64_t *v = none;

        while (i < t->count && t->rows[i].key[0] < s + 1)
            i++;
        if (i < t->count && t->rows[i].key[0] == s + 1)
            v = t->rows[i].value;
        period_step_label(&r->o.period, s, label);
        doc_cstr(r->doc, label);
        for (unsigned k = 0; k < TALLY_VALUES; k++)
            doc_number(r->doc, v[k]);
    }
}

/* The smallest power of two of microseconds that this share of deliveries did not exceed. */
static uint64_t
latency_bound(const struct report *r, uint32_t destination, uint64_t percent)
{
    uint64_t count[66] = {0}, all = 0, seen = 0;

    TALLY_EACH(r, TALLY_LATENCY, row)
    if (row->key[0] == destination && row->key[1] < 66) {
        count[row->key[1]] += row->value[0];
        all += row->value[0];
    }
    for (unsigned p = 0; p < 66; p++) {
        seen += count[p];
        if (all && seen * 100 >= all * percent)
            return p <= 1 ? 0 : UINT64_C(1) << (p - 1);
    }
    return 0;
}

static void
table_deliveries(struct report *r)
{
    static const struct column columns[] = {{"destination", "Destination", CELL_NAME}, {"outcome", "Outcome", CELL_WORD},
        {"reason", "Reason", CELL_WORD}, {"payloads", "Payloads", CELL_NUMBER}, {"accepted", "Spans accepted", CELL_NUMBER},
        {"rejected", "Spans rejected", CELL_NUMBER}, {"repeated", "After a repeat", CELL_NUMBER}, {"mean", "Mean latency", CELL_DURATION},
        {"p50", "Half below", CELL_DURATION}, {"p99", "99 % below", CELL_DURATION}, {"max", "Longest", CELL_DURATION},
        {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    struct doc *d = r->doc;

    tally_sort(&r->tally[TALLY_DELIVERY], &r->names, 0);
    doc_table(d, "deliveries", "Deliveries", "Nothing was delivered in the period.", columns);
    TALLY_EACH(r, TALLY_DELIVERY, row)
    {
        cells_names(r, row, 3);
        for (unsigned v = 0; v < 3; v++)
            doc_number(d, row->value[v]);
        doc_number(d, row->value[5]);
        doc_number(d, row->value[0] ? row->value[3] / row->value[0] : 0);
        doc_number(d, latency_bound(r, row->key[0], 50));
        doc_number(d, latency_bound(r, row->key[0], 99));
        doc_number(d, row->value[4]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
}

void
section_availability(struct report *r)
{
    static const struct column losses[] = {{"destination", "Destination", CELL_NAME}, {"reason", "Reason", CELL_WORD},
        {"spans", "Spans", CELL_NUMBER}, {"payloads", "Payloads", CELL_NUMBER}, {"first_leaf", "First leaf", CELL_LEAF},
        {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    static const struct column closed[] = {{"closed", "Closed", CELL_TEXT}, {"opened", "Opened", CELL_TEXT}, {"reason", "Reason", CELL_WORD},
        {"refused", "Requests turned away", CELL_NUMBER}, {"leaf", "Leaf", CELL_LEAF}, {0}};
    static const struct column peers[] = {{"destination", "Destination", CELL_NAME}, {"sha256", "SHA-256 of its certificate", CELL_DIGEST},
        {"deliveries", "Deliveries", CELL_NUMBER}, {"first", "First seen", CELL_DAY}, {"last", "Last seen", CELL_DAY}, {0}};
    struct doc *d = r->doc;
    char n[4][NUMBER_SIZE];

    doc_section(d, "availability", "Availability and losses");
    doc_text(d,
        "Of %s spans that were allowed to a destination, %s were acknowledged and %s refused by it for good, and %s are recorded as lost. A "
        "difference waits in the journal, or was "
        "delivered outside of the period.",
        number_text(r->t.allowed_spans, n[0]), number_text(r->t.delivered_spans, n[1]), number_text(r->t.rejected_spans, n[2]),
        number_text(r->t.lost_spans, n[3]));
    table_volume(r);
    table_deliveries(r);
    tally_sort(&r->tally[TALLY_LOSS], &r->names, 1);
    doc_table(d, "losses", "Losses", "Nothing was lost in the period.", losses);
    TALLY_EACH(r, TALLY_LOSS, row)
    {
        cells_names(r, row, 2);
        doc_number(d, row->value[1]);
        doc_number(d, row->value[0]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
    doc_table(d, "closed", "Times when the gate was closed", "The gate was not closed in the period.", closed);
    EVENTS_EACH(r, EVENTS_CLOSED, ev)
    {
        for (unsigned i = 0; i < 3; i++)
            cell_name(r, ev->text[i]);
        doc_number(d, ev->number);
        doc_number(d, ev->leaf);
    }
    tally_sort(&r->tally[TALLY_PEER], &r->names, TALLY_VALUES);
    doc_table(d, "peers", "Certificates of destinations", "No destination showed a certificate in the period.", peers);
    TALLY_EACH(r, TALLY_PEER, row)
    {
        cells_names(r, row, 2);
        doc_number(d, row->value[0]);
        cells_times(r, row);
    }
}

/* -- controls --------------------------------------------------------------------------------------------------------------------- */

static void
cell_leaves(struct report *r, const struct verdict *v)
{
    struct buf text = BUF_INIT(512);
    enum rc rc = RC_OK;

    for (unsigned i = 0; i < v->leaves && rc == RC_OK; i++)
        rc = buf_printf(&text, "%s%llu", i ? ", " : "", (unsigned long long)v->leaf[i]);
    doc_str(r->doc, buf_str(&text));
    buf_free(&text);
}

static void
table_summary(struct report *r)
{
    static const struct column columns[] = {{"framework", "Framework", CELL_TEXT}, {"satisfied", "Satisfied", CELL_NUMBER},
        {"failed", "Not satisfied", CELL_NUMBER}, {"none", "Not applicable", CELL_NUMBER}, {0}};
    size_t count;
    const struct control *all = controls_all(&count);

    doc_table(r->doc, "controls", "All frameworks", "", columns);
    for (unsigned p = 0; p < PROFILE_COUNT_; p++) {
        uint64_t sums[3] = {0};

        if (!(r->o.profiles >> p & 1))
            continue;
        for (size_t i = 0; i < count; i++) {
            struct verdict v;

            control_judge(r, &all[i], &v);
            sums[v.status] += all[i].profile == (enum report_profile)p;
        }
        doc_cstr(r->doc, profile_title((enum report_profile)p));
        for (unsigned k = 0; k < 3; k++)
            doc_number(r->doc, sums[k]);
    }
}

void
section_controls(struct report *r)
{
    static const struct column columns[] = {{"clause", "Clause", CELL_WORD}, {"control", "Control", CELL_TEXT}, {"status", "Status", CELL_STATUS},
        {"because", "Because", CELL_TEXT}, {"evidence", "Entries", CELL_NUMBER}, {"leaves", "Evidence, by leaf", CELL_NAME}, {0}};
    static const char *const ids[PROFILE_COUNT_] = {
        "controls-gdpr", "controls-hipaa", "controls-pci", "controls-soc2", "controls-iso27001", "controls-dpdp", "controls-us-28cfr202"};
    size_t count;
    const struct control *all = controls_all(&count);

    doc_section(r->doc, "controls", "Controls");
    doc_text(r->doc, "Each control is judged by entries of the log alone. \"Not applicable\" means that there was no occasion in the period. Leaves "
                     "are the first ones and the last one "
                     "of each kind of evidence; spangate audit prove makes a proof for any of them. What the log cannot show, such as contracts or "
                     "training, is not judged here.");
    table_summary(r);
    for (unsigned p = 0; p < PROFILE_COUNT_; p++) {
        if (!(r->o.profiles >> p & 1))
            continue;
        doc_table(r->doc, ids[p], profile_title((enum report_profile)p), "", columns);
        for (size_t i = 0; i < count; i++) {
            struct verdict v;

            if (all[i].profile != (enum report_profile)p)
                continue;
            control_judge(r, &all[i], &v);
            doc_cstr(r->doc, all[i].clause);
            doc_cstr(r->doc, all[i].title);
            doc_cstr(r->doc, control_status_text(v.status));
            doc_cstr(r->doc, v.because);
            doc_number(r->doc, v.entries);
            cell_leaves(r, &v);
        }
    }
}

/* -- exceptions ------------------------------------------------------------------------------------------------------------------- */

void
section_exceptions(struct report *r)
{
    static const struct column columns[] = {
        {"exception", "Exception", CELL_TEXT}, {"count", "Entries", CELL_NUMBER}, {"leaf", "First leaf", CELL_LEAF}, {0}};
    static const struct {
        enum evidence_id id;
        const char *text;
    } exceptions[] = {{EV_SHADOW, "Findings of rules in shadow mode were let through"},
        {EV_UNDECIDABLE, "Texts could not be decided and were redacted whole"}, {EV_UNKNOWN_FIELDS, "Fields outside of the schema were removed"},
        {EV_NO_MECHANISM, "Transfers to another country without a mechanism in the policy"}, {EV_EXPIRED, "Transfers with an expired mechanism"},
        {EV_CONCERN, "Transfers to countries of concern (28 CFR 202.601)"}, {EV_CLIENT_PLAIN, "Requests without a client certificate"},
        {EV_DELIVERY_PLAIN, "Deliveries without a certificate of the destination"},
        {EV_UNKNOWN_POLICY, "Requests decided by a policy that was never put on record"}, {EV_LOSS, "Losses"},
        {EV_CLOSED, "Times when the gate was closed"}, {EV_UNCLEAN, "Starts without a stop before them"}, {EV_CLOCK, "Clock steps"},
        {EV_GAP, "Gaps in the log"}, {EV_UNREADABLE, "Unreadable entries"}, {EV_BROKEN, "The log does not verify"},
        {EV_PRUNED, "Entries that may be of the period were removed after the time of retention"}, {EV_REVEAL, "Pseudonyms were revealed"}};
    struct doc *d = r->doc;

    doc_section(d, "exceptions", "Exceptions and residual risk");
    doc_table(d, "exceptions", "Exceptions", "None.", columns);
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        const struct evidence *e = &r->evidence[exceptions[i].id];

        if (e->count == 0)
            continue;
        doc_cstr(d, exceptions[i].text);
        doc_number(d, e->count);
        doc_number(d, e->leaf[0]);
    }
    doc_text(d, "Detectors recognise forms, keys and context, not meaning. A name or an address without context, a number of unknown form, or "
                "personal data that is encrypted or encoded in a "
                "way the gate does not decode, can pass a rule that looks for it. What a policy does not ask for is not looked for; the tables of "
                "rules in force and of identifiers say what was.");
    doc_text(d, "The gate decides about what passes through it. Data that leaves on another way, and what destinations do with data, are outside of "
                "this record.");
    if (r->names.left_out || r->tally[TALLY_CERTIFICATE].left_out || r->tally[TALLY_ENTITY_SENDER].left_out)
        doc_note(d, "There were more different names than this report keeps; they are counted together as \"(others)\".");
}

/* -- appendix --------------------------------------------------------------------------------------------------------------------- */

void
section_appendix(struct report *r)
{
    static const struct column types[] = {{"type", "Type", CELL_WORD}, {"outcome", "Outcome", CELL_WORD}, {"entries", "Entries", CELL_NUMBER},
        {"first_leaf", "First leaf", CELL_LEAF}, {"last_leaf", "Last leaf", CELL_LEAF}, {0}};
    static const struct column samples[] = {{"leaf", "Leaf", CELL_LEAF}, {"file", "Proof file", CELL_NAME}, {0}};
    static const struct column words[] = {{"word", "Word", CELL_TEXT}, {"meaning", "Meaning", CELL_TEXT}, {0}};
    static const char *const glossary[][2] = {{"checkpoint", "The number of entries and the root hash of the log at one time, signed by the gate"},
        {"delivery", "A destination acknowledged a payload, or refused it for good"},
        {"destination", "A backend that the configuration names as an exporter"},
        {"entity", "A kind of personal data or secret that a detector recognises"},
        {"finding", "One place in a text that a rule matched and acted on"},
        {"inclusion proof", "Hashes that show that one entry is in the log with a given checkpoint"},
        {"leaf", "One entry of the log; its index is its number, from 0, and is the entry's seq"},
        {"mechanism", "The legal ground for a transfer that the residency policy names: adequacy, standard contractual clauses, and so on; intra: it "
                      "stays in its country or in the EEA"},
        {"origin", "The country that data comes from, by certificate, configuration or attributes, as the policy says"},
        {"shadow mode", "A rule that is tried out: it is counted, and changes nothing"},
        {"span", "One operation of a trace, the unit of what the gate lets through"},
        {"undecidable", "A text about which a rule could not come to an end; it is redacted whole"},
        {"unroutable", "A span that no destination may have; it does not leave"}};
    struct doc *d = r->doc;

    doc_section(d, "appendix", "Appendix");
    tally_sort(&r->tally[TALLY_TYPE], &r->names, TALLY_VALUES);
    doc_table(d, "types", "Entries by type", "No entry in the period.", types);
    TALLY_EACH(r, TALLY_TYPE, row)
    {
        cells_names(r, row, 2);
        doc_number(d, row->value[0]);
        doc_number(d, row->value[V_FIRST_LEAF]);
        doc_number(d, row->value[V_LAST_LEAF]);
    }
    doc_text(d, "Proofs of leaves that the root of the log chooses, so that nobody could choose them: each shows that the entry is in the log with "
                "the checkpoint above.");
    doc_table(d, "samples", "Sampled inclusion proofs",
        "No proofs: the report was not made from a log directory, or there is no entry in the period.", samples);
    for (unsigned i = 0; i < r->sample_count; i++) {
        doc_number(d, r->samples[i].leaf);
        doc_fmt(d, "leaf-%llu.tlog-proof", (unsigned long long)r->samples[i].leaf);
    }
    for (unsigned i = 0; i < r->sample_count && i < 1; i++)
        doc_code(d, buf_str(&r->samples[i].proof));
    doc_table(d, "glossary", "Glossary", "", words);
    for (size_t i = 0; i < sizeof(glossary) / sizeof(glossary[0]); i++) {
        doc_cstr(d, glossary[i][0]);
        doc_cstr(d, glossary[i][1]);
    }
}
